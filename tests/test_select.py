"""What is shown: the whole paper or likely passages, never references."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import numpy
import pytest

from dsx.ask.query import Query, parameters_query, records_query
from dsx.ask.select import MAX_PIECE, MIN_ROOM, Selector, readable, room, show
from dsx.errors import DecodeError, UsageError
from dsx.schema import read
from dsx.types import Document, Page, Passage, Section, Shown, Table, TableCell


def document(*sections: tuple[str, str], titles: tuple[str, ...] = ()) -> Document:
    """A document of (kind, text) sections. titles: where they are not the kinds."""
    text, spans = "", []
    for (kind, body), title in zip_longest(sections, titles):
        spans.append(Section(title or kind.title(), kind, 1, len(text), len(text) + len(body) + 1))
        text += body + "\n"
    empty = numpy.full((len(text), 4), numpy.nan, dtype=numpy.float32)
    pages = (Page(1, 0, len(text), 600, 800),)
    return Document("id", "a", "text", text, pages, tuple(spans), (), {}, numpy.ones(len(text), numpy.int32), empty)


EXPERIMENTS = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}}
FILLER = " ".join(f"Sentence {number} speaks of many other things in the world." for number in range(300))
PAPER = document(
    ("abstract", "We study reaching. Ada Lovelace wrote it."),
    ("introduction", FILLER),
    ("methods", "Forty participants took part. They reached to eight targets. " + FILLER),
    ("references", "Smith (1999). Ninety participants in another study."),
    ("other", "An appendix after the references."),
)


def count(text: str) -> int:
    return len(text.split())


def query(words: str, opening: bool = False) -> Query:
    """For words that weigh alike."""
    return Query(((words, 1.0),), opening)


def test_references_are_never_shown() -> None:
    text = Selector(PAPER, count, 10**6, 100).select(query("participants")).text
    assert "Ninety" not in text
    assert "appendix" in text
    first, second = readable(PAPER)
    assert PAPER.text[first.start : first.start + 8] == "We study"
    assert PAPER.text[second.start : second.end] == "An appendix after the references."


def test_where_nothing_but_references_is_read_they_are_shown() -> None:
    only = document(("references", " Smith (1999). "))
    assert Selector(only, count, 100, 100).select(query("x")).text == "Smith (1999)."
    assert readable(document(("other", " \n "))) == []


def test_a_paper_that_fits_is_shown_whole_and_maps_back() -> None:
    selector = Selector(PAPER, count, 10**6, 100)
    shown = selector.select(query("anything"))
    assert shown.whole
    assert selector.whole
    for at in (0, 50, len(shown.text) - 1):
        assert shown.text[at] == PAPER.text[shown.to_document(at)]
    with pytest.raises(IndexError):
        shown.to_document(len(shown.text))


def test_it_is_whole_up_to_the_last_token() -> None:
    size = count(show(PAPER, readable(PAPER), whole=True).text)
    assert Selector(PAPER, count, size, 100).whole
    assert not Selector(PAPER, count, size - 1, 100).whole


def test_passages_fit_the_budget_and_hold_what_was_asked_for() -> None:
    selector = Selector(PAPER, count, 100, 60)
    shown = selector.select(query("number of participants, subjects"))
    assert not shown.whole
    assert 50 <= count(shown.text) <= 60
    assert "Forty participants took part." in shown.text
    start = shown.text.index("Forty")
    assert PAPER.text[shown.to_document(start) :].startswith("Forty participants")
    opening = selector.select(query("participants", opening=True))
    assert opening.text.startswith("We study reaching. Ada Lovelace wrote it.")
    assert "Forty participants took part." in opening.text


def test_neighbours_come_along_and_what_touches_is_one_passage() -> None:
    paper = document(("other", "Nine hens sat. Eggs lay there. Cocks crew. " + FILLER))
    shown = Selector(paper, count, 60, 20).select(query("eggs"))
    assert shown.text.startswith("Nine hens sat. Eggs lay there. Cocks crew.")
    assert shown.passages[0].start == 0
    assert shown.passages[0].end >= 42


def test_likely_sections_come_first() -> None:
    same = "The hens were nine."
    paper = document(("discussion", same), ("other", FILLER), ("participants", same), ("other", FILLER))
    shown = Selector(paper, count, 20, 4).select(query("hens"))
    assert shown.passages[0].start > 1000
    assert shown.text == same


def test_a_section_that_the_schema_names_comes_first() -> None:
    same = "The hens were nine."
    paper = document(("other", same), ("other", FILLER), ("results", same), ("other", FILLER))
    selector = Selector(paper, count, 20, 4)
    assert selector.select(query("hens")).passages[0].start == 0
    for where in ("abstract, results", "Results"):
        assert selector.select(Query((("hens", 1.0),), where=where)).passages[0].start > 1000
    assert selector.select(Query((("hens", 1.0),), where="result")).passages[0].start == 0


@pytest.mark.parametrize(("where", "title", "named"), [
    ("recruitment", "2.1 Recruitment of hens", True),  # words of a heading
    ("methods, drug dosing in the pen", "2.3 Drug dosing", True),  # its number counts for nothing
    ("r\u00e9sultats", "Re\u0301sultats", True),
    ("\u65b9\u6cd5", "3 \u65b9\u6cd5", True),
    ("other measures", "Coop", False),  # "other" names no section
    (", ,", "2.1", False),
    ("2.3", "2.3 Drug dosing", False),
])  # fmt: skip
def test_a_schema_may_name_words_of_a_heading(where: str, title: str, named: bool) -> None:
    same = "The hens were nine."
    paper = document(("results", same), ("results", FILLER), ("other", same), titles=("", "", title))
    chosen = Selector(paper, count, 20, 4).select(Query((("hens", 1.0),), where=where))
    assert (chosen.passages[0].start > 1000) == named


def test_each_record_that_a_paper_numbers_is_mentioned_in_what_is_shown() -> None:
    parts = [f"Experiment {number}\nIn Experiment {number} we studied hens. {FILLER}" for number in (1, 2, 3)]
    paper = document(
        ("other", f"Of experiment and experiment in Experiment 1. {FILLER}"), ("methods", "\n".join(parts))
    )
    kind = read({"type": "object", "properties": {"experiments": EXPERIMENTS}}, "test").root.children[0]
    shown = Selector(paper, count, 20, 60).select(records_query(kind))
    assert [number for number in (1, 2, 3) if f"Experiment {number}" in shown.text] == [1, 2, 3]


def test_more_is_shown_for_the_question_which_records_there_are() -> None:
    paper = document(("other", FILLER), ("methods", "One group ate straw."), ("results", f"A group had hay. {FILLER}"))
    kind = read({"type": "object", "properties": {"groups": EXPERIMENTS}}, "test").root.children[0]
    asked = records_query(kind)
    few, more = Selector(paper, count, 20, 4), Selector(paper, count, 20, 4, records_tokens=16)
    assert few.select_for_records(asked) == few.select(asked) == more.select(asked)
    assert count(more.select(asked).text) <= 4 < count(more.select_for_records(asked).text) <= 16
    assert Selector(paper, count, 20, 16, records_tokens=4).select_for_records(asked) == more.select_for_records(asked)
    assert Selector(paper, count, 10**6, 4, records_tokens=16).select_for_records(asked).whole
    assert not asked.opening, "first lines are authors and dates, and leave less room for what names records"


def test_words_that_number_nothing_are_no_mention_of_a_record() -> None:
    kind = read({"type": "object", "properties": {"experiments": EXPERIMENTS}}, "test").root.children[0]
    mentions = records_query(kind).mentions
    assert mentions is not None
    assert mentions.findall("We study a hen in Study A, EXPERIMENT 2b and trial IV.") == [
        "Study A",
        "EXPERIMENT 2b",
        "trial IV",
    ]


def test_a_row_of_a_table_is_shown_with_the_heads_of_its_columns() -> None:
    rows = ("Group   Hens   Age (weeks)", "Control   12   30.1", "Straw   14   31.2", "Sand   15   29.9")
    paper = document(("other", FILLER), ("results", "\n".join(rows)), ("other", FILLER))
    start = paper.text.index(rows[0])
    cells = []
    for at, row in enumerate(rows):
        for column, cell in enumerate(row.split("   ")):
            begin = start + row.index(cell)
            cells.append(TableCell(at, column, cell, "", (), begin, begin + len(cell)))
        start += len(row) + 1
    table = Table("", tuple(tuple(row.split("   ")) for row in rows), 1, None, cells[0].start, start, tuple(cells), 1)
    paper = replace(paper, tables=(table,))
    shown = Selector(paper, count, 20, 16).select(query("straw"))
    assert "Group   Hens   Age (weeks)" in shown.text
    assert "Straw   14   31.2" in shown.text
    assert "Straw   14   31.2" in Selector(paper, count, 20, 16).select(query("age of hens in straw")).text
    assert Selector(paper, count, 20, 5).select(query("straw")).text == "Straw   14   31.2"  # no room for heads


def test_a_discussion_comes_after_what_it_repeats() -> None:
    same = "The hens were nine."
    paper = document(("discussion", same), ("other", FILLER), ("results", same))
    assert Selector(paper, count, 20, 4).select(query("hens")).passages[0].start > 1000


@pytest.mark.parametrize(("name", "where", "opening"), [
    ("title", "", True),
    ("publication_year", "", True),
    ("authors", "", True),
    ("drug", "first page", True),
    ("drug", "abstract", False),
    ("recruitment", "methods", False),
    ("age", "", False),
])  # fmt: skip
def test_the_opening_is_for_what_names_the_paper(name: str, where: str, opening: bool) -> None:
    part = {"type": "string", "description": "x"} | ({"x-where": where} if where else {})
    schema = {"type": "object", "properties": {name: part}}
    parameter = read(schema, "test").root.parameters[0]
    assert parameters_query([parameter], None).opening == opening
    assert not parameters_query([parameter], "Experiment 1").opening


def test_passages_are_packed_on_past_what_does_not_fit() -> None:
    paper = document(("other", "\n".join(["Hens sat in straw in the pen.", f"Hens {'x' * 90}.", FILLER, "Few hens."])))
    shown = Selector(paper, len, 500, 60).select(query("hens straw pen"))
    assert shown.text == "Hens sat in straw in the pen.\n\nFew hens."


def test_a_long_line_hides_nothing() -> None:
    line = ", ".join(f"code {number} hens" for number in range(2000))
    paper = document(("other", line), ("methods", "In all, forty-two hens took part."), ("other", FILLER))
    shown = Selector(paper, count, 200, 150).select(query("how many hens took part", opening=True))
    assert "forty-two hens" in shown.text
    assert shown.text.startswith("code 0 hens, code 1 hens")
    assert 75 <= count(shown.text) <= 150
    words = set(line.replace(",", "").split())
    assert {word.strip(",") for word in shown.text.partition("\n")[0].split()} <= words  # cut between words


def test_a_line_without_blanks_is_cut_all_the_same() -> None:
    paper = document(("other", "长" * 5 * MAX_PIECE))
    shown = Selector(paper, len, 1000, 900).select(query("x"))
    assert 800 <= len(shown.text) <= 900


@pytest.mark.parametrize(
    ("filler", "sentence", "words"),
    [
        ("天气很好。", "共有四十二只蝾螈参加了实验。", "蝾螈"),
        ("天気がよい。", "42匹のイモリが参加した。", "イモリ 参加"),
        ("天气很好", "共有四十二只蝾螈参加了实验", "蝾螈"),
        ("อากาศดี", "นิวต์สี่สิบสองตัว", "นิวต์"),
        ("날씨가 좋다. ", "도롱뇽 42마리가 참여했다. ", "도롱뇽"),
        ("الطقس جميل اليوم. ", "شارك اثنان وأربعون سمندلا. ", "سمندلا"),
        ("Il pleut. ", "Des tritons e\u0301tudie\u0301s. ", "étudiés"),
    ],
)
def test_words_are_found_in_every_script(filler: str, sentence: str, words: str) -> None:
    paper = document(("other", filler * 1500 + sentence + filler * 1500))
    assert words.split()[0] in unicodedata.normalize("NFC", Selector(paper, len, 5000, 4000).select(query(words)).text)


def test_a_piece_that_is_too_long_alone_is_cut_to_fit_between_words() -> None:
    paper = document(("other", "Nine hens sat in the straw and did not move for days"), ("other", FILLER))
    shown = Selector(paper, len, 100, 25).select(query("straw"))
    assert 0 < len(shown.text) <= 25
    assert "Nine hens sat in the straw".startswith(shown.text)
    with pytest.raises(DecodeError, match="none of the paper's text fits into 0 tokens"):
        Selector(paper, len, 100, 0).select(query("straw"))


@pytest.mark.parametrize("text", ["\0" * 300, "\0 \0. \0", "... !!! ... " * 100, "- " * 300])
def test_texts_without_a_word_are_harmless(text: str) -> None:
    paper = document(("other", text), ("other", " "))
    shown = Selector(paper, len, 10, 50).select(query("hens", opening=True))
    assert 0 < len(shown.text) <= 50


def test_room_is_what_is_left_for_the_text() -> None:
    assert room(4096, 512, 1500) == 2084
    assert room(2000 + MIN_ROOM, 500, 1500) == MIN_ROOM
    with pytest.raises(
        UsageError, match="of the model's 2048 tokens, 512 are kept for the answer and 1500 for"
    ) as error:
        room(2048, 512, 1500)
    assert "--max-new-tokens" in str(error.value)


@pytest.mark.parametrize("kind", ["methods", "participants", "apparatus", "procedure", "experiment"])
def test_each_likely_section_goes_before_others(kind: str) -> None:
    same = "The hens were nine."
    paper = document(("discussion", same), ("other", FILLER), (kind, same), ("other", FILLER))
    assert Selector(paper, count, 20, 4).select(query("hens")).passages[0].start > 1000


@pytest.mark.parametrize(
    ("asked", "word"),
    [("hen", "hens"), ("mass", "mass"), ("gas", "gas"), ("blinding", "blinded"), ("adaptation", "adapted")],
)
def test_forms_of_a_word_are_one(asked: str, word: str) -> None:
    paper = document(("other", f"{FILLER} The {word} were there. {FILLER}"))
    assert f"The {word} were" in Selector(paper, count, 20, 12).select(query(asked)).text


def test_mass_and_ma_are_two_words() -> None:
    paper = document(("other", f"{FILLER} The mas were there. {FILLER} The mass was there. {FILLER}"))
    assert "The mass was" in Selector(paper, count, 20, 4).select(query("mass")).text
    assert "The mas were" in Selector(paper, count, 20, 4).select(query("mas")).text


def test_only_blanks_and_breaks_part_passages() -> None:
    paper = document(("other", "Nine hens sat.  Ten sat. \nSix hens ran. Many " + "words " * 60))
    shown = Selector(paper, len, 80, 50).select(query("hens sat ran"))
    assert shown.passages == (Passage(0, 24), Passage(26, 39))
    assert not shown.whole


# ---- several questions at once ----


def needs_of(*wanted: str, room: int = 60) -> tuple[Selector, list[Shown]]:
    """What is shown for each of these words, chosen together."""
    selector = Selector(BIRDS, count, 100, room)
    return selector, selector.select_shared([query(words) for words in wanted])


BIRDS = document(
    ("other", FILLER + " Nine hens sat. " + FILLER),
    ("methods", "Ten swans swam. " + FILLER + " Six geese flew."),
    ("other", FILLER + " Two owls hooted at night."),
)


def test_what_each_question_needs_is_in_what_it_is_shown() -> None:
    _, shown = needs_of("hens", "swans", "geese", "owls night")
    for text, sentence in zip(
        shown, ("Nine hens sat.", "Ten swans swam.", "Six geese flew.", "Two owls hooted"), strict=True
    ):
        assert sentence in text.text
        assert count(text.text) <= 60
        assert not text.whole


def test_questions_that_need_much_the_same_share_one_text() -> None:
    _, (first, second, third) = needs_of("hens", "how many hens", "hens sat")
    assert first is second is third


def test_questions_that_do_not_fit_together_are_shown_apart() -> None:
    birds = ("hens", "swans", "geese")
    lines = [f"All the {bird} of pen {at} were fed well." for bird in birds for at in range(12)]
    paper = document(("other", f"{FILLER} {' '.join(lines)} {FILLER}"))
    shown = Selector(paper, count, 200, 100).select_shared([query(bird) for bird in birds])
    assert len({text.text for text in shown}) == 2
    for text, bird in zip(shown, birds, strict=True):
        assert text.text.count(f"All the {bird}") >= 4
        assert count(text.text) <= 100


def test_questions_about_a_whole_paper_see_all_of_it() -> None:
    selector = Selector(BIRDS, count, 10**6, 60)
    first, second = selector.select_shared([query("hens"), query("swans")])
    assert first is second
    assert first.whole
    assert selector.select_shared([]) == []


def test_an_opening_and_a_need_keep_within_the_room_together() -> None:
    likely = "Forty hens " + "and more hens " * 10 + "sat."
    paper = document(("other", FILLER), ("methods", f"{likely} {FILLER}"))
    for room_ in (30, 60, 100, 150):
        assert count(Selector(paper, count, 200, room_).select(query("hens", opening=True)).text) <= room_


def test_a_factor_speaks_for_a_passage_beside_its_words() -> None:
    same = "The hens were nine."
    paper = document(("other", f"{same} {FILLER} {same} {FILLER}"))
    wanted = Query((("hens", 1.0),), factor=lambda passage: 2.0 if passage.start > 1000 else 1.0)
    assert Selector(paper, count, 20, 4).select(wanted).passages[0].start > 1000


def test_words_count_by_their_weight() -> None:
    paper = document(("other", f"{FILLER} Nine hens sat. {FILLER} Ten swans swam. {FILLER}"))
    selector = Selector(paper, count, 20, 4)
    assert selector.select(Query((("hens", 1.0), ("swans", 0.5)))).text == "Nine hens sat."
    assert selector.select(Query((("hens", 0.5), ("swans", 1.0)))).text == "Ten swans swam."


def test_ranking_imports_no_jax(tmp_path: Path) -> None:
    (tmp_path / "jax").mkdir()
    for name in ("__init__", "lax"):
        (tmp_path / "jax" / f"{name}.py").write_text("raise SystemExit('JAX would take the GPU')")
    code = "import sys; from dsx.ask.bm25 import BM25; BM25([['a', 'b'], ['b']]); assert 'jax' not in sys.modules"
    path = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    assert done.returncode == 0, done.stderr

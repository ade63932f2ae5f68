"""Plain text and Markdown, and what is neither: encodings, headings, tables, markup that is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsx.errors import LoadError
from dsx.load.markdown import front_matter
from dsx.load.plain import load_plain
from dsx.plugins import load_plugins
from dsx.types import Document


def load(path: Path, content: str | bytes) -> Document:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert load_plugins().find_loader(path) == "text"
    return load_plain(path)


def kinds(document: Document) -> list[tuple[str, str]]:
    return [(section.kind, section.title) for section in document.sections]


def test_bold_and_marked_headings_of_markdown(tmp_path: Path) -> None:
    source = "## **2. Methods**\n\nSeven cats came.\n\n**Procedure**\n\nThey ate.\n\n**Cats** ran.\n\n"
    source += "## _References_\n\n1. Cat. 2010.\n"
    document = load(tmp_path / "a.md", source)
    assert kinds(document) == [("methods", "2. Methods"), ("procedure", "Procedure"), ("references", "References")]
    assert "**Cats** ran." in document.text


@pytest.mark.parametrize(
    "rows",
    [
        "| Cat | n |\n|---|---|\n| A \\| B | 2 |",
        "Cat | n\n---|---\nA \\| B | 2",
        "<table><tr><th>Cat</th><th>n</th></tr>\n<tr><td>A | B</td><td>2</td></tr></table>",
    ],
)
def test_tables_of_markdown(tmp_path: Path, rows: str) -> None:
    (table,) = load(tmp_path / "a.md", f"# Cats\n\n{rows}\n").tables
    assert table.rows == (("Cat", "n"), ("A | B", "2"))
    assert [cell.column_heads for cell in table.cells if cell.text == "2"] == [("n",)]


def test_tags_entities_and_comments_of_markdown(tmp_path: Path) -> None:
    document = load(tmp_path / "a.md", "# Cats\n\n<!-- image -->\n\nAge 24<sup>5</sup>, p &lt; 0.05, H<sub>2</sub>O.\n")
    assert document.text == "Cats\nAge 24^5, p < 0.05, H2O.\n"


def test_plain_text_without_blank_lines_has_sections_and_whole_words(tmp_path: Path) -> None:
    source = "It began.\nMETHODS\nThe experi-\nment had cats.\nWe saw the results\nof it.\nResults\nThey purred.\n"
    document = load(tmp_path / "a.txt", source)
    assert kinds(document) == [("methods", "METHODS"), ("results", "Results")]
    assert "The experiment had cats. We saw the results of it.\n" in document.text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "mac_roman"])
def test_encodings_are_told(tmp_path: Path, encoding: str) -> None:
    told = "Seven cats – “café” – were 23 ± 4 months old, at 30°."
    assert load(tmp_path / "a.txt", told.encode(encoding)).text == f"{told}\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<?xml version='1.0'?><TEI xmlns='x'><text>Seven cats.</text></TEI>", "XML .<TEI>"),
        (
            b"<article article-type='x'><body><p>Seven cats.</p></body></article>",
            "JATS XML; install the plugin dsx-jats",
        ),
        (b'{"documents": [{"text": "Seven cats."}]}', "JSON"),
        (b'{"text": "Seven cats."}\n{"text": "Three."}\n', "JSON"),
        (b'[{"text": "Seven cats."', "JSON"),
        (b"{\\rtf1 Seven cats.}", "RTF"),
        (b"<?xml version='1.0'?><TEI><text><p>Seven ca", "XML .<TEI>"),
        (b"<TEI xmlns='x'>\n<text><p>Seven cats.</p>", "XML .<TEI>"),
        (b"<article xmlns='http://docbook.org/ns/docbook'><para>Seven.</para></article>", "XML .<article>"),
        (b"From: <Saved>\nMIME-Version: 1.0\n\n<html>Seven cats.</html>", "MHTML"),
        (b"%!PS-Adobe-3.0\n(Seven cats.) show\n", "PostScript"),
        (b"TY  - JOUR\nTI  - Seven cats\nER  - \n", "RIS"),
        (b"@article{cats,\n title={Seven cats}\n}\n", "BibTeX"),
        (b"% a comment\n\\documentclass{article}\nSeven cats.", "LaTeX source"),
        ("Семь кошек пришли (возраст 23,4 года).".encode("cp1251"), "save it as UTF-8"),
        ("Sieben Katzen für Ñandúes".encode("cp437") + b" \x81\x8d\x8f", "save it as UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(LoadError, match=rf"a\.txt: .*{reason}"):
        load_plain(tmp_path / "a.txt")


def test_capitals_with_accents_may_stand_alone_or_at_a_word_s_end(tmp_path: Path) -> None:
    told = "À Paris, en ÉTÉ, sept chats."
    assert load(tmp_path / "a.txt", told.encode("cp1252")).text == f"{told}\n"


def test_a_text_may_begin_with_a_bracket_or_a_sign(tmp_path: Path) -> None:
    assert load(tmp_path / "a.txt", "[1] Seven cats.").text == "[1] Seven cats.\n"
    assert load(tmp_path / "b.txt", "<b or more of them> came.").text == "<b or more of them> came.\n"


def test_a_capital_heading_needs_no_sentence_before_it(tmp_path: Path) -> None:
    document = load(tmp_path / "a.txt", "A paper about cats\nMETHODS\nParticipants\nTwenty-\nfour cats came.\n")
    assert kinds(document) == [("methods", "METHODS"), ("participants", "Participants")]
    assert "Twenty-four cats came." in document.text


def test_a_sentence_goes_on_over_a_page(tmp_path: Path) -> None:
    document = load(tmp_path / "a.txt", "Methods\n\nWe saw seven\n\fcats there.\n\nThey purred.\n\fThey slept.\n")
    assert document.text == "Methods\nWe saw seven cats there.\nThey purred.\nThey slept.\n"
    assert document.page_at(document.text.index("cats")) == 2


@pytest.mark.parametrize(
    "source",
    [
        "Cat     Age   Mass\nTom       7    3.5\nTib       9    4.1\n",
        "+-----+-----+------+\n| Cat | Age | Mass |\n+=====+=====+======+\n| Tom | 7   | 3.5  |\n+-----+-----+------+\n"
        "| Tib | 9   | 4.1  |\n+-----+-----+------+\n",
    ],
)
def test_tables_that_are_drawn_with_spaces_or_signs(tmp_path: Path, source: str) -> None:
    (table,) = load(tmp_path / "a.txt", f"Cats.\n\n{source}").tables
    assert table.rows == (("Cat", "Age", "Mass"), ("Tom", "7", "3.5"), ("Tib", "9", "4.1"))


def test_columns_of_text_are_no_table(tmp_path: Path) -> None:
    row = "Seven cats came to the house in 1999    and three of them stayed until 2001\n"
    assert not load(tmp_path / "a.txt", row * 4).tables


def test_what_pandoc_writes(tmp_path: Path) -> None:
    source = "---\ntitle: Cats\ndate: May\n---\n\nMethods\n===\n\n## Participants {#sec-p}\n\nTom weighs 24^3^ kg.\n"
    document = load(tmp_path / "a.md", source)
    assert document.text == "Cats\nMethods\nParticipants\nTom weighs 24^3 kg.\n"
    assert kinds(document) == [("methods", "Methods"), ("participants", "Participants")]


def test_columns_that_stand_side_by_side(tmp_path: Path) -> None:
    left = ("Methods", "Seven cats came to the house and sat", "in the garden for an hour. They were fed")
    left += ("twice on each of the days of the week,", "for a whole year.")
    right = ("Results", "All of them purred when they had been", "given milk. None of the cats that came")
    right += ("had purred before that, or so it was", "told by all of them.")
    lines = [f"{one:<45}{other}" for one, other in zip(left, right, strict=True)]
    document = load(tmp_path / "a.txt", "\n".join(lines))
    assert kinds(document) == [("methods", "Methods"), ("results", "Results")]
    assert "They were fed twice on each of the days of the week, for a whole year.\n" in document.text
    assert "None of the cats that came had purred before that, or so it was told by all of them.\n" in document.text


def test_heads_feet_and_numbers_of_pages_and_lines(tmp_path: Path) -> None:
    pages = ("Cats\n\nSeven cats came to the\n\n1\n", "Cats\n\nhouse and sat.\n\n2\n", "Cats\n\nThey purred.\n\n3\n")
    document = load(tmp_path / "a.txt", "\f".join(pages))
    assert document.text == "Cats\nSeven cats came to the house and sat.\nThey purred.\n"
    told = ("Methods", "Seven cats", "came to the", "house and", "sat in the", "garden for", "an hour of", "the day.")
    numbered = "\n".join(f"{at} {line}" for at, line in enumerate(told, 1))
    assert load(tmp_path / "b.txt", numbered).text.startswith("Methods\nSeven cats came to the house and sat")


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("Cat\tAge\tMass\nTom\t7\t3.5\nTib\t9\t4.1\n", ("Tib", "9", "4.1")),
        ("Cat   Age   Mass\nTom     7    3.5\nTim     8    3.9\nTib          4.1\n", ("Tib", "", "4.1")),
        ("Cat   Age   Mass\n---   ---   ----\nTom     7    3.5\nTib     9    4.1\n", ("Tib", "9", "4.1")),
    ],
)
def test_cells_that_spaces_part(tmp_path: Path, source: str, last: tuple[str, ...]) -> None:
    document = load(tmp_path / "a.txt", f"Table 1. The cats.\n\n{source}")
    (table,) = document.tables
    assert (table.caption, table.rows[0], table.rows[-1]) == ("Table 1. The cats.", ("Cat", "Age", "Mass"), last)


def test_lines_with_a_blank_one_between_and_other_ends_of_lines(tmp_path: Path) -> None:
    source = "Methods\n\nSeven cats came to the old\n\nhouse.\n\nThey purred.\n"
    assert "Seven cats came to the old house.\nThey" in load(tmp_path / "a.txt", source).text
    assert (
        load(tmp_path / "b.txt", "METHODS\u2028Seven ca\u00adts.\u2029Three\u200b.\n").text
        == "METHODS\nSeven cats.\nThree.\n"
    )


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("Age $23.4 \\pm 4.1$ years, $30^{\\circ}$, $5 or $10.", "Age 23.4 ± 4.1 years, 30°, $5 or $10."),
        ("At \\(n = 24\\), \\[1\\] \\(see there\\).", "At n = 24, [1] (see there)."),
        ("Of [24 cats](https://a.example/b) as before [\\[3\\]](#r3).[^1]", "Of 24 cats as before [3].^1"),
        ("p \\< 0.05, a\\_b, 3 \\* 4", "p < 0.05, a_b, 3 * 4"),
        ("> Seven cats\n> came.", "Seven cats came."),
        ("```\n# No heading\n```\n", "# No heading"),
        ("- - -\n\nSeven.", "Seven."),
        ("Age:\n\n$$\nx_{n+1} = \\bar{x} \\tag{2}\n$$\n", "Age:\nx_n+1 = x (2)"),
        ("$$\\begin{aligned} a &= 1 \\\\ b &= 2 \\end{aligned}$$", "a = 1 b = 2"),
        (
            "They ran 3\\ km, drank H~2~O, 12<sub>3</sub>, ~5 or ~6 of it.",
            "They ran 3 km, drank H2O, 12_3, ~5 or ~6 of it.",
        ),
        ("Cats.\n\n<details><summary>More</summary>\n\n<p align=center>Seven.</p></details>", "Cats.\nMore\nSeven."),
        ("![Seven cats.](cats.png){#fig:cats width=50%}", "Seven cats."),
        ("[^1]: One.\n[^b]: Two.\n", "^1: One.\n^b: Two."),
        ("# Cats {-}\n", "Cats"),
    ],
)
def test_marks_of_markdown(tmp_path: Path, source: str, shown: str) -> None:
    assert load(tmp_path / "a.md", source).text == f"{shown}\n"


def test_line_breaks_within_cells(tmp_path: Path) -> None:
    (table,) = load(tmp_path / "a.md", "| Age<br>(years) | n |\n|---|---|\n| 24<br/>25 | 3 |\n").tables
    assert table.rows == (("Age (years)", "n"), ("24 25", "3"))


@pytest.mark.parametrize(
    "source", ["{table}\n: The *cats*.\n", "Table: The *cats*.\n\n{table}", "{table}\nTable: The *cats*."]
)
def test_captions_as_pandoc_writes_them(tmp_path: Path, source: str) -> None:
    document = load(tmp_path / "a.md", source.format(table="| Cat | n |\n|---|---|\n| Tom | 2 |\n"))
    assert [table.caption for table in document.tables] == ["The *cats*."]
    assert document.text.splitlines() == ["The *cats*.", "Cat   n", "Tom   2"]


def test_run_in_headings_and_tables_close_to_text_in_markdown(tmp_path: Path) -> None:
    source = "## Methods\n\n**Participants.** Seven cats.\n\n**Cats** ran.\n\n## Results\n**Table 1.** Cats.\n"
    source += "| Cat | n |\n|--|--|\n| Tom | 2 |\nThat was it.\n"
    document = load(tmp_path / "a.md", source)
    assert kinds(document) == [("methods", "Methods"), ("participants", "Participants."), ("results", "Results")]
    (table,) = document.tables
    assert (table.caption, table.rows) == ("**Table 1.** Cats.", (("Cat", "n"), ("Tom", "2")))
    assert document.text.endswith("That was it.\n")


@pytest.mark.parametrize(
    ("matter", "metadata"),
    [
        ("title: >-\n  Moss and\n  rain\nauthor: |\n  R. Abara", {"title": "Moss and rain", "authors": "R. Abara"}),
        ("title: 'Moss\'\'s # rain' # old\ndoi: null\nauthor: ~", {"title": "Moss's # rain"}),
        ("author: # two\n- {name: R. Abara}\n  - - -\n- T. Roe # and", {"authors": "R. Abara, T. Roe"}),
        ("title: \"\nauthor: *them\ndoi: !!str", {}),
    ],
)  # fmt: skip
def test_front_matter_is_read_as_yaml_means_it(matter: str, metadata: dict[str, str]) -> None:
    assert front_matter(f"---\n{matter}\n---\n") == metadata

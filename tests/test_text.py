"""text.py: folding with the way back, and where a sentence ends. Sentences are made up."""

from __future__ import annotations

import time

import pytest

from dsx.text import fold, folded_text, folded_words, sentences


def split(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@pytest.mark.parametrize(
    "parts",
    [
        ["Plants grew tall.", "Nine were cut!", "Why?", "(Nobody knows.)", "“Done.”", "Then all left."],
        ["We show it in Fig. 2 and Figs. 3 and 4.", "See Eq. (4), e.g. Lane et al. (2011) or cf. Dr. Moss."],
        ["It was seen by Lane et al.", "Others missed it."],
        ["A. B. Moss and J.-P. Lane counted 3.5 leaves.", "12 died."],
        ["1. Seeds were sown.", "2. They were watered at 9 a.m. by No. 5."],
        ["The lamp burned for 40 ms.", "It stood in a 21.5-in. box."],
        ["Heading", "no stop here", "Another line."],
        ["Wait ... for it.", "Élan followed.", "Über alles.", "[12] agrees."],
        ["これは文です。", "次の文です！", "「終わり。」", "もう一つ"],
        ["هل نما النبات؟", "نعم نما."],
    ],
)
def test_sentences(parts: list[str]) -> None:
    blank = "" if "。" in parts[0] else " "
    text = blank.join(parts) if parts[0] != "Heading" else "\n".join(parts)
    assert split(text) == parts


def test_a_span_of_the_text_is_split_alone_and_trimmed() -> None:
    text = "One. Two trees. \n\n  Three.  "
    assert [text[start:end] for start, end in sentences(text, 5, 14)] == ["Two trees"]
    assert split(text) == ["One.", "Two trees.", "Three."]
    assert split(" \n ") == []


@pytest.mark.parametrize("unit", [".", " ", ". ", "a. ", "A.", "(", "\n", "。", '."'])
def test_sentences_take_time_in_proportion(unit: str) -> None:
    started = time.process_time()
    list(sentences(unit * 60_000))
    assert time.process_time() - started < 2


def test_what_is_no_end() -> None:
    assert split("It fell (p. 5). See (Moss et al. [3]) etc. (not all). By A. Fern.") == [
        "It fell (p. 5).",
        "See (Moss et al. [3]) etc. (not all).",
        "By A. Fern.",
    ]
    assert split("They sat. -- 5 days.") == ["They sat. -- 5 days."]
    assert split("They sat. (5 days.)") == ["They sat.", "(5 days.)"]
    assert split("One! two? 3.") == ["One! two?", "3."]
    assert split("Pen A. 12 hens sat.") == ["Pen A.", "12 hens sat."]
    assert split("Ending A. Next") == ["Ending A. Next"]
    assert split("5. Ferns grew. 6. Moss.") == ["5. Ferns grew.", "6. Moss."]


def test_folding_takes_no_notice_of_case_dashes_quotes_and_blanks() -> None:
    assert folded_words("  A ﬁne –\n“THING”\u00ad ") == 'a fine - "thing"'
    assert fold("\u2009") == fold("^") == fold("\u200b") == ""
    assert fold("µ") == fold("μ")
    assert folded_words("−‐‑–— ‘’‚‛′ʹ´ “”„″«» º˚∘° ∙⋅· × ^ \u00ad\ufeff") == "----- ''''''' \"\"\"\"\"\" °°°° ··· x"
    folded, offsets = folded_text("Aﬃ n")
    assert (folded, offsets) == ("affin", [0, 1, 1, 1, 3])

"""Plain text and Markdown, and what is neither: encodings, headings, tables, markup that is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsx.errors import LoadError
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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "cp1252", "mac_roman"])
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
        (b"% a comment\n\\documentclass{article}\nSeven cats.", "LaTeX source"),
        ("Sieben Katzen für Ñandúes".encode("cp437") + b" \x81\x8d\x8f", "save it as UTF-8"),
    ],
)
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(LoadError, match=rf"a\.txt: .*{reason}"):
        load_plain(tmp_path / "a.txt")


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
    source = "---\ntitle: Cats\n---\n\nMethods\n=======\n\n## Participants {#sec-p}\n\nTom weighs 24^3^ kg.\n"
    document = load(tmp_path / "a.md", source)
    assert document.text == "Methods\nParticipants\nTom weighs 24^3 kg.\n"
    assert kinds(document) == [("methods", "Methods"), ("participants", "Participants")]

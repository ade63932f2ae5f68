"""fill/front.py: title, authors and DOI by the first page's layout and the file's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy
import pytest

from dsx.fill.front import front_spans
from dsx.load.html import load_html
from dsx.load.plain import load_plain
from dsx.types import Document, Page, Parameter

PAGE = (
    ("JOURNAL OF IMAGINED PLANTS", 8),
    ("Light and the height of seedlings: a second look", 20),
    ("Rosa M. Lindqvist^1,*, Tom van der Abara^2 and Élise O’Neil^1,2", 11),
    ("1 Department of Botany, University of Westmarch", 9),
    ("Twelve seedlings were kept in the dark. https://doi.org/10.5555/plants.2024.07. They grew.", 10),
    ("The title is not a line of the usual print, however long that line may be.", 10),
)


def document(lines: tuple[tuple[str, int], ...] = PAGE, metadata: Mapping[str, str] | None = None) -> Document:
    """A first page of (line, height of its print), and a second page."""
    text = "\n".join(line for line, _ in lines) + "\n"
    boxes = numpy.full((len(text) + 30, 4), numpy.nan, dtype=numpy.float32)
    at = 0
    for number, (line, height) in enumerate(lines):
        boxes[at : at + len(line)] = (50, 100 * number, 60, 100 * number + height)
        at += len(line) + 1
    pages = (Page(1, 0, len(text), 600, 800), Page(2, len(text), len(text) + 30, 600, 800))
    whole = text + "10.1234/another.paper of page 2"[:30]
    return Document("id", "a.pdf", "pdf", whole, pages, (), (), metadata or {}, numpy.ones(len(whole)), boxes)


def read(paper: Document, name: str) -> list[str]:
    return [paper.text[start:end] for start, end in front_spans(paper, Parameter(name, {}))]


def test_the_title_is_the_line_of_the_largest_print() -> None:
    assert read(document(), "title") == ["Light and the height of seedlings: a second look"]


def test_the_metadata_s_title_is_taken_where_it_stands_on_the_page() -> None:
    flat = tuple((line, 10) for line, _ in PAGE)
    assert read(document(flat), "title") == []
    known = {"title": "Light and the Height of Seedlings: A Second Look"}
    assert read(document(flat, known), "title") == ["Light and the height of seedlings: a second look"]
    assert read(document(flat, {"title": "Microsoft Word - draft7.doc"}), "title") == []


def test_authors_are_the_names_under_the_title_without_marks() -> None:
    assert read(document(), "authors") == ["Rosa M. Lindqvist", "Tom van der Abara", "Élise O’Neil"]


@pytest.mark.parametrize("line", ["A study of light, soil and water", "Correspondence: rosa@example.org"])
def test_a_line_that_is_no_list_of_names_gives_no_authors(line: str) -> None:
    assert read(document((*PAGE[:2], (line, 11), *PAGE[3:])), "authors") == []


def test_the_doi_is_that_of_the_first_page_without_what_follows() -> None:
    assert read(document(), "doi") == ["10.5555/plants.2024.07"]
    assert read(document(PAGE[:4]), "doi") == []


def test_nothing_else_is_read_from_the_first_page() -> None:
    assert read(document(), "n_total") == []


HTML = """<!doctype html><html><head><title>Moss and rain | Journal of Bogs</title>
<meta name="citation_author" content="Lindqvist, Rosa"><meta name="citation_author" content="Abara, Tom">
{meta}</head><body><main><h1>Moss and rain</h1><ul><li>Rosa Lindqvist<li>Tom Abara</ul>
<table><caption>Table 1. Rain by week at all of the sites</caption><tr><th>week<th>mm<tr><td>1<td>30</table>
<h2>Methods</h2><p>As before (doi 10.5555/others.work.1).</p><p>Cite as https://doi.org/10.5555/moss.7</p></body></html>"""


def test_html_says_title_authors_and_doi_by_heading_and_metadata(tmp_path: Path) -> None:
    path = tmp_path / "moss.html"
    path.write_text(HTML.format(meta='<meta name="citation_doi" content="doi:10.5555/MOSS.7">'))
    paper = load_html(path)
    assert read(paper, "title") == ["Moss and rain"]
    assert read(paper, "authors") == ["Rosa Lindqvist", "Tom Abara"]
    assert read(paper, "doi") == ["10.5555/moss.7"]
    path.write_text(HTML.format(meta='<meta name="dc.identifier" content="issn 1234-5610.2">'
                                '<meta name="dc.identifier" content="doi:10.5555/MOSS.7">'))  # fmt: skip
    assert read(load_html(path), "doi") == ["10.5555/moss.7"]
    path.write_text(HTML.format(meta=""))
    assert read(load_html(path), "doi") == []  # which of the two, nobody says


def test_metadata_that_names_the_first_author_alone_hides_no_other(tmp_path: Path) -> None:
    path = tmp_path / "moss.html"
    path.write_text(
        '<!doctype html><meta name="author" content="Rosa Lindqvist"><h1>Moss and rain</h1>'
        "<p>Rosa Lindqvist, Tom Abara</p><h2>Methods</h2><p>We dug.</p>"
    )
    assert read(load_html(path), "authors") == ["Rosa Lindqvist", "Tom Abara"]


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("# Moss *and* rain\n\nRosa Lindqvist, Tom Abara\n\n## Methods\n\nWe dug.", ["Moss and rain"]),
        ("# Moss and rain\n\nRosa Lindqvist, Tom Abara\n\n# Methods\n\nWe dug.", ["Moss and rain"]),
        ("# Savanna\n\nIt is dry.\n\n# Steppe\n\nIt is cold.", []),
        ("# Methods\n\n## Moss and rain\n\nWe dug.", []),
        ("Moss and rain were measured for a year.", []),
        ("---\ntitle: 'Moss and rain'\nauthor:\n  - name: Rosa Lindqvist\n  - Tom Abara\n---\n# Methods\n\nDug.",
         ["Moss and rain"]),
    ],
)  # fmt: skip
def test_the_heading_over_all_others_is_markdown_s_title(tmp_path: Path, source: str, title: list[str]) -> None:
    path = tmp_path / "moss.md"
    path.write_text(source)
    paper = load_plain(path)
    assert read(paper, "title") == title
    assert read(paper, "authors") == (["Rosa Lindqvist", "Tom Abara"] if title else [])

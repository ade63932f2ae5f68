"""HTML: what is read of a page and what is left out; which files are HTML, and in which encoding."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsx.errors import LoadError
from dsx.load import DocumentReader
from dsx.load.html import decode
from dsx.load.markup import Cell, lay_out
from dsx.plugins import load_plugins
from dsx.types import Document

PAGE = """<!DOCTYPE html>
<html><head><title>Kettles | Invented Press</title><style>p { color: red }</style>
<meta name="citation_title" content="Kettles that listen">
<meta name="citation_author" content="Spout, A."><meta name="citation_author" content="Lid, B.">
<meta name="citation_publication_date" content="2031/04/02"><meta name="citation_doi" content="10.5555/kettle.4">
</head><body>
<header><h1>Invented Press</h1></header><nav><ul><li>Home</li></ul></nav>
<form action="/"><main><article>
<header><h1>Kettles that <em>listen</em></h1></header>
<script>alert("no")</script>
<h2>Abstract</h2><p>Twelve kettles<a href="#r1"><sup>3</sup></a>
 were&nbsp;boiled.
<h2>2. Methods</h2>
<div>Loose words <div>and a block</div> and more.</div>
<h3>2.1. Participants</h3><p>Eleven cooks took part<span hidden>, in secret</span>.</p>
<ul><li>tin</li><li><p>copper</p></li></ul>
<section><h3>Table 1.</h3><div class="caption"><p>Heat by kettle.</p></div>
<table><tr><th rowspan=2>Kettle<th colspan=2>Heat</tr><tr><th>low<th>high</tr>
<tr><td>A<td>10<sup>2</sup><td></tr></table></section>
<figure><table><tr><td>x<td>1</tr></table><figcaption>Table 2: Below.</figcaption></figure>
<table role="presentation"><tr><td><p>Laid out</p></td><td>by a table.</td></tr></table>
<figure><img src="k.png" alt="a kettle"><figcaption>Figure 1. A kettle.</figcaption></figure>
<p>Half is <math><mfrac><mn>1</mn><mn>2</mn></mfrac><annotation>\\frac12</annotation></math>.<button>Copy</button></p>
<pre>one
two</pre>
<h2>References</h2><ol><li>Pot, C. (1999).</li></ol>
</article></main></form><footer>Cookies</footer></body></html>
"""


def load(path: Path) -> Document:
    """As a run loads it: by the loader that takes it, in a subprocess."""
    plugins = load_plugins()
    document = DocumentReader(plugins.loader_of, plugins.loaders).read(path)
    assert document.loader == "html"
    return document


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Document:
    path = tmp_path_factory.mktemp("html") / "page.txt"
    path.write_text(PAGE, "utf-8")
    return load(path)


def test_the_text_is_what_a_person_would_read(page: Document) -> None:
    assert page.text.splitlines() == [
        "Kettles that listen",
        "Abstract",
        "Twelve kettles^3 were boiled.",
        "2. Methods",
        "Loose words",
        "and a block",
        "and more.",
        "2.1. Participants",
        "Eleven cooks took part.",
        "tin",
        "copper",
        "Table 1. Heat by kettle.",
        "Kettle   Heat",
        "–   low   high",
        "A   10^2",
        "Table 2: Below.",
        "x   1",
        "Laid out",
        "by a table.",
        "Figure 1. A kettle.",
        "Half is 1/2.",
        "one",
        "two",
        "References",
        "Pot, C. (1999).",
    ]


def test_headings_open_sections(page: Document) -> None:
    assert [(section.level, section.kind, section.title) for section in page.sections] == [
        (1, "other", "Kettles that listen"),
        (2, "abstract", "Abstract"),
        (2, "methods", "2. Methods"),
        (3, "participants", "2.1. Participants"),
        (2, "references", "References"),
    ]


def test_tables_have_their_captions_and_columns(page: Document) -> None:
    assert [(table.caption, table.rows) for table in page.tables] == [
        ("Table 1. Heat by kettle.", (("Kettle", "Heat", ""), ("", "low", "high"), ("A", "10^2", ""))),
        ("Table 2: Below.", (("x", "1"),)),
    ]
    kettle = page.tables[0]
    assert page.text[kettle.start : kettle.end].splitlines() == ["Kettle   Heat", "–   low   high", "A   10^2"]


def test_a_cell_knows_its_row_and_its_columns(page: Document) -> None:
    kettle, below = page.tables
    cell = next(cell for cell in kettle.cells if cell.text == "10^2")
    assert (cell.row, cell.column, cell.row_head, cell.column_heads) == (2, 1, "A", ("Heat", "low"))
    assert page.text[cell.start : cell.end] == "10^2"
    assert (kettle.head_rows, below.head_rows) == (2, 0)
    assert [cell.column_heads for cell in kettle.cells if cell.text in ("low", "high")] == [("Heat",), ("Heat",)]


def test_metadata_is_what_publishers_say(page: Document) -> None:
    assert page.metadata == {
        "title": "Kettles that listen",
        "authors": "A. Spout, B. Lid",
        "year": "2031",
        "doi": "10.5555/kettle.4",
    }


def test_what_stands_above_a_table_is_its_caption_only_where_it_names_it(tmp_path: Path) -> None:
    rows = "<table><tr><td>a<td>1</tr></table>"
    path = tmp_path / "page.html"
    path.write_text(f"<html><p>Table 1 shows it.</p>{rows}<p>Table 2.</p><h2>Results</h2>{rows}<p>Table 3.</p>{rows}")
    assert [table.caption for table in load(path).tables] == ["", "", "Table 3."]


@pytest.mark.parametrize("head", ["<!doctype HTML>", "\ufeff<?xml version='1.0'?>\n<!-- a > b --><html lang='en'>"])
def test_html_is_known_by_its_head(tmp_path: Path, head: str) -> None:
    path = tmp_path / "paper.txt"
    path.write_text(head + "<p>Ä.", "utf-8")
    assert load(path).text == "Ä.\n"


@pytest.mark.parametrize("text", ["# About <html>\n\n<!doctype html> opens a page.", "<note>Ä</note>", "<htmlx>"])
def test_other_text_is_not_html(tmp_path: Path, text: str) -> None:
    path = tmp_path / "paper.html"
    path.write_text(text, "utf-8")
    assert load_plugins().find_loader(path) == "text"


@pytest.mark.parametrize("content", ["<!doctype html>", "<html><script>1</script><nav>Home</nav></html>"])
def test_a_page_without_text_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(content)
    with pytest.raises(LoadError, match="holds no text"):
        load(path)


def test_a_page_nested_too_deeply_is_refused_not_cut(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html>" + "<div>" * 5000 + "deep" + "</div>" * 5000 + "<p>after")
    with pytest.raises(LoadError, match="nested too deeply"):
        load(path)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("é".encode(), "é"),
        (b"\xe9\x93", "é“"),
        (b'<meta charset="iso-8859-1">\xe9\x93', "é“"),
        (b'<meta http-equiv="x" content="text/html; charset=koi8-r">\xc1', "а"),
        (b'<meta charset="utf-16">ab', "ab"),
        (b'<meta charset="hex">\xe9', "é"),
        ("é".encode("utf-16"), "é"),
        (b'\xef\xbb\xbf<meta charset="koi8-r">' + "é".encode(), "é"),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert decode(data).rpartition(">")[2] == text


def test_a_cell_that_spans_leaves_the_others_empty() -> None:
    rows = [[Cell("a", columns=2, rows=2), Cell("b", rows=3)], [], [Cell("c"), Cell("d")], [Cell("e")]]
    assert lay_out(rows).rows == [("a", "", "b"), ("c", "d", ""), ("e",)]


@pytest.mark.parametrize(
    ("markup", "shown"),
    [
        ("<p>23.4 <img alt='±' src='a.gif'> 4.1<img alt='A cat on a mat' src='c.gif'></p>", "23.4 ± 4.1"),
        ("<p>Seen.</p><div style='display:none'>No.</div><p style='visibility: hidden'>No.</p>", "Seen."),
        ("<p>Seen.<span class='sr-only'>No.</span><span style='font-size:0'>No.</span></p>", "Seen."),
        ("<p style='font-size:0.9em'>Seen.</p>", "Seen."),
        ("<header><h1>Cats</h1><p>A. Doe</p></header><footer>Cookies</footer>", "Cats\nA. Doe"),
        ("<div role='tabpanel' hidden><p>Seven cats.</p></div><div hidden>No.</div>", "Seven cats."),
        ("<p>12<sub>3</sub>, H<sub>2</sub>O, 37<span class='sup'>2</span></p>", "12_3, H2O, 37^2"),
        ("<p>Seen.</p><p style='height:0;overflow:hidden'>No.</p><p style='clip-path: inset(50%)'>No.</p>", "Seen."),
        ("<p>By Pot,<a href='#bib1'>2012</a> and Lid.<a href='#bib2'>3</a></p>", "By Pot,2012 and Lid.^3"),
        ("<p>Of 24<a href='#b6'>6</a> cats, 12<a href='#results'>0</a> came.</p>", "Of 24^6 cats, 120 came."),
        ("<p><math><msqrt><mn>16</mn></msqrt></math></p>", "√16"),
        ("<p>1.2 × 10 <sup>3</sup></p>", "1.2 × 10^3"),
        ("<p>visuo&shy;motor adap&#8203;tation</p>", "visuomotor adaptation"),
        ("<p><del>20</del> <ins>24</ins> cats</p>", "24 cats"),
        ("<math><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac></math>", "(a+b)/2"),
        ("<math><msubsup><mi>s</mi><mi>i</mi><mn>2</mn></msubsup></math>", "si^2"),
        ("<p>Age <span class='mathjax-tex'>\\(23.4\\pm 4.1\\)</span></p>", "Age 23.4± 4.1"),
        (
            "<p>Of 24.<a href='#bib3'>3</a> They [<a href='#bib4'>4</a>,<a href='#bib5'>5</a>]</p>",
            "Of 24.^3 They [4,5]",
        ),
        ("<p>Of 24<sup>3</sup><sup>,</sup><sup>4</sup> at 30<sup>o</sup>.</p>", "Of 24^3,4 at 30°."),
        ("<button aria-expanded=false aria-controls=a>Open</button><div id=a hidden>Seven.</div>", "Seven."),
        ("<i hidden aria-expanded=false aria-controls=a>x</i><p>Six.</p><p id=a hidden>Seven.</p>", "Six."),
        ("<p hidden><i role=tab aria-controls=a>x</i></p><p>Six.</p><p id=a hidden>Seven.</p>", "Six."),
        (
            "<i role=tab aria-controls=a>x</i><p id=a hidden><i role=tab aria-controls=b>y</i></p>"
            "<p id=b hidden>Six.</p>",
            "x\ny\nSix.",
        ),
        ("<div role=tabpanel style='color: red; display: none'>Seven.</div><p hidden>Six.</p>", "Seven."),
        ("<p>Then $$x_{n+1} = \\frac{1}{2}$$ and \\[n = 3\\].</p>", "Then x_n+1 = 1/2 and n = 3."),
        ("<p>Seven<span role=tooltip>A number</span> cats<nobr aria-hidden=true>7</nobr>.</p>", "Seven cats."),
        ("<a href='#main'>Skip to the text</a><p>Seven.</p>", "Seven."),
        ("<p><math><mn>5</mn><mspace width='1em'/><mtext>ml</mtext></math></p>", "5 ml"),
        ("<p><m:math><m:msup><m:mn>10</m:mn><m:mn>3</m:mn></m:msup></m:math></p>", "10^3"),
    ],
)
def test_what_is_shown_of_a_page(tmp_path: Path, markup: str, shown: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<html><body>{markup}</body></html>")
    assert load(path).text == f"{shown}\n"


@pytest.mark.parametrize(
    "caption", ["<div class='table-caption'>Table 2 Cats</div>", "<p><strong>Table 2</strong> Cats</p>"]
)
def test_what_says_that_it_is_a_caption_needs_no_stop(tmp_path: Path, caption: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(f"<html><p>Table 1 shows dogs.</p>{caption}<table><tr><td>Tom</td><td>2</td></tr></table>")
    document = load(path)
    assert [table.caption for table in document.tables] == ["Table 2 Cats"]
    assert document.text.splitlines() == ["Table 1 shows dogs.", "Table 2 Cats", "Tom   2"]


def test_a_table_that_the_page_only_links_to_is_named(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    figure = "<figure><figcaption><b>Table 1</b> Cats</figcaption><a href=t1>Full size table</a></figure>"
    path.write_text(f"<html>{figure}<figure><figcaption>Fig. 1</figcaption></figure><p>Seven cats.</p>")
    assert load(path).metadata["tables_unread"] == "Table 1"


def test_a_sentence_that_begins_with_a_bold_label_is_no_caption(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<html><p><b>Table 1</b> shows seven cats.</p><p><b>Table 2</b> Cats</p><p>They purred.</p>")
    document = load(path)
    assert document.metadata["tables_unread"] == "Table 2"
    assert document.text.splitlines() == ["Table 1 shows seven cats.", "Table 2 Cats", "They purred."]


def test_the_methods_of_an_abstract_are_the_abstract_s(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    abstract = "<h2>Abstract</h2><h3>Methods</h3><p>Seven cats.</p><h3>Results</h3><p>They purred.</p>"
    path.write_text(f"<html>{abstract}<h2>Methods</h2><h3>Participants</h3><p>Seven cats came.</p>")
    found = [section.kind for section in load(path).sections]
    assert found == ["abstract", "abstract", "abstract", "methods", "participants"]
    path.write_text(f"<html>{abstract}<h3>References</h3><p>Cat. 2010.</p>")
    assert [section.kind for section in load(path).sections] == ["abstract", "methods", "results", "references"]


def test_a_table_made_by_roles(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    row = "<div role=row><span role=columnheader>Cat</span><span role=columnheader>n</span></div>"
    row += "<div role=row><span role=cell>Tom</span><span role=cell>2</span></div>"
    path.write_text(f"<html><p>Table 1. Cats.</p><div role=table>{row}</div>")
    (table,) = load(path).tables
    assert (table.caption, table.rows, table.head_rows) == ("Table 1. Cats.", (("Cat", "n"), ("Tom", "2")), 1)


def test_feet_of_tables_come_last_and_heads_in_the_middle_part_them(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    rows = "<tr><th>Boys</th><th>n</th></tr><tr><td>Tom</td><td>2</td></tr>"
    path.write_text(
        f"<html><table><tfoot><tr><td colspan=2>A note.</td></tr></tfoot>{rows}{rows.replace('Boys', 'Girls')}</table>"
    )
    first, second = load(path).tables
    assert (first.rows[0], second.rows) == (("Boys", "n"), (("Girls", "n"), ("Tom", "2"), ("A note.", "")))
    path.write_text(
        "<html><table><tr><th></th><th>n</th></tr><tr><th rowspan=0>Tom</th><td>2</td></tr><tr><td>3</td></tr></table>"
    )
    assert [cell.row_head for cell in load(path).tables[0].cells if cell.column] == ["", "Tom", "Tom"]


def test_a_part_of_a_page_is_html_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("<!-- saved from url=(0019)https://a.example/ --><div><p>Seven cats.</p></div>")
    assert load_plugins().find_loader(path) == "html"
    assert load(path).text == "Seven cats.\n"

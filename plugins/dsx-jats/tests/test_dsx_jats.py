"""JATS files of our own making: what is read, what is refused, and which files are taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from dsx.plugin_api import Document, LoadError
from dsx.plugin_api.testing import load_plugins, read_document

PAPER = Path(__file__).parent / "paper.xml"
JATS = '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Publishing DTD v1.3 20210610//EN" "J.dtd">'
BOMB = (
    '<!DOCTYPE article [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 11))
    + ']><article article-type="research-article"><body><p{}>{}</p></body></article>'
)


def load(path: Path) -> Document:
    """As a run loads it: by the loader that takes it, in a subprocess."""
    document = read_document(path)
    assert document.loader == "jats"
    return document


@pytest.fixture(scope="module")
def paper() -> Document:
    return load(PAPER)


def test_the_text_is_what_a_person_would_read(paper: Document) -> None:
    assert paper.text.splitlines() == [
        "Buckets learn the tide: an invented study",
        "Ada B. Quill, Otto Marsh, The Bucket Group",
        "Journal of Invented Tides (2031)",
        "doi:10.5555/tides.2031.7",
        "Forty buckets were filled.",
        "Conclusions",
        "They overflowed by half^2.",
        "Buckets are old^1. Some hold 10^3 ml of water.",
        "2. Materials and Methods",
        "2.1 Participants",
        "Sixteen keepers took part (Fig. 1); see Table 1. Before the list",
        "(a) fill it,",
        "(b) empty it;",
        "and after.",
        "Figure 1 A bucket.",
        "Table 1. Water in ml. Means only.",
        "Group   Tide",
        "–   low   high",
        "Tin   1.5   20",
        "Wood   –   31",
        "ml: millilitres.",
        "Filling",
        "The rate was 1/2=2^-1 each hour.",
        "What the water did",
        "It rose.",
        "Figure 2 Never cited.",
        "We thank the sea.",
        "No competing buckets.",
        "References",
        "1 Pail T, Cask U Old buckets J Tides 1999",
        "2 Keg, V. (2001). Casks. Nowhere Press.",
    ]


def test_sections_have_kinds_and_the_references_end_it(paper: Document) -> None:
    assert [(section.level, section.kind, section.title) for section in paper.sections] == [
        (1, "abstract", ""),
        (2, "abstract", "Conclusions"),
        (1, "introduction", ""),
        (1, "methods", "2. Materials and Methods"),
        (2, "participants", "2.1 Participants"),
        (2, "other", "Filling"),
        (1, "results", "What the water did"),
        (1, "acknowledgements", ""),
        (1, "acknowledgements", ""),
        (1, "references", "References"),
    ]
    assert paper.sections[-1].end == len(paper.text)


def test_tables_are_rows_in_their_columns(paper: Document) -> None:
    (table,) = paper.tables
    assert table.caption == "Table 1. Water in ml. Means only."
    assert table.rows == (("Group", "Tide", ""), ("", "low", "high"), ("Tin", "1.5", "20"), ("Wood", "", "31"))
    cell = next(cell for cell in table.cells if cell.text == "31")
    assert (cell.row_head, cell.column_heads) == ("Wood", ("Tide", "high"))
    assert paper.text[cell.start : cell.end] == "31"


def test_metadata(paper: Document) -> None:
    assert paper.metadata == {
        "title": "Buckets learn the tide: an invented study",
        "authors": "Ada B. Quill, Otto Marsh, The Bucket Group",
        "journal": "Journal of Invented Tides",
        "year": "2031",
        "doi": "10.5555/tides.2031.7",
    }


@pytest.mark.parametrize(("attribute", "text"), [("", "&a10;"), (' id="&a10;"', "x")])
def test_a_billion_laughs_are_refused(tmp_path: Path, attribute: str, text: str) -> None:
    path = tmp_path / "bomb.xml"
    path.write_text(BOMB.format(attribute, text))
    with pytest.raises(LoadError, match=r"bomb\.xml: (declares entities|not readable as XML)"):
        load(path)


def test_an_entity_reads_no_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden")
    path = tmp_path / "spy.xml"
    path.write_text(
        f'<!DOCTYPE article [<!ENTITY f SYSTEM "{tmp_path}/secret">]><article dtd-version="1.3">&f;</article>'
    )
    with pytest.raises(LoadError, match="declares entities"):
        load(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("<article><front></article>", "not readable as XML"),
        ("<article><front/></article>", "holds no text"),
        (f"{JATS.replace(' article ', ' pmc-articleset ')}<pmc-articleset/>", "0 articles under <pmc-articleset>"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "broken.xml"
    path.write_text(content)
    with pytest.raises(LoadError, match=reason):
        load(path)


def test_an_article_set_of_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "set.txt"
    path.write_text("<pmc-articleset><article><body><p>One.</p></body></article></pmc-articleset>")
    assert load(path).text == "One.\n"


@pytest.mark.parametrize(
    "content",
    [
        f"\ufeff<?xml version='1.0'?>\n<!-- no < matters -->{JATS}\n<article/>",
        "<article xmlns:xlink='http://www.w3.org/1999/xlink' dtd-version='1.3'>",
        "<?xml version='1.0'?><article>\n<front>",
    ],
)
def test_jats_is_taken_whatever_its_suffix(tmp_path: Path, content: str) -> None:
    path = tmp_path / "paper.txt"
    path.write_text(content, "utf-8")
    assert load_plugins().find_loader(path) == "jats"


@pytest.mark.parametrize(
    "content",
    [
        "<?xml version='1.0'?><note><article/></note>",
        "<article xmlns='http://docbook.org/ns/docbook' version='5.0'><title>DocBook</title></article>",
        '<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 2019//EN" "p.dtd"><PubmedArticleSet>',
        "<article><h1>A piece of HTML</h1></article>",
        f"How to write a {JATS} line.",
    ],
)
def test_other_xml_is_not_taken(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.xml"
    path.write_text(content)
    assert load_plugins().find_loader(path) != "jats"

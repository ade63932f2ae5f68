"""JATS files of our own making: what is read, what is refused, and which files are taken."""

from __future__ import annotations

from pathlib import Path

import dsx_jats
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


FRONT = "<front><article-meta><title-group><article-title>Tubs</article-title></title-group></article-meta></front>"
ROWS = "<table><thead><tr><th>Tub</th><th>n</th></tr></thead><tbody><tr><td>Tin</td><td>24</td></tr></tbody></table>"


def read(tmp_path: Path, body: str, after: str = "") -> Document:
    path = tmp_path / "tubs.xml"
    inside = f"{FRONT}<body><sec><title>Methods</title>{body}</sec></body>{after}"
    path.write_text(f'<article article-type="research-article">{inside}</article>')
    return dsx_jats.load_jats(path)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            "<p>Age 24<xref ref-type='bibr' rid='a'>5</xref>, <xref ref-type='bibr' rid='b'>6</xref>.</p>",
            "Age 24^5, 6.",
        ),
        ("<p>As in <xref ref-type='bibr' rid='a'>Vat 2001</xref>.</p>", "As in Vat 2001."),
        ("<p>Seven tubs<fn><p>Of tin.</p></fn> leaked.</p>", "Seven tubs leaked.\nOf tin."),
        (
            "<fig><label>Figure 1</label><caption><p>Tubs.</p></caption><p>Seven leaked.</p></fig>",
            "Figure 1 Tubs.\nSeven leaked.",
        ),
        ("<list><title>Why</title><list-item><p>Rust.</p></list-item></list>", "Why\nRust."),
        (
            "<supplementary-material><media><caption><p>More tubs.</p></caption></media></supplementary-material>",
            "More tubs.",
        ),
        ("<p><math><mfrac><mrow><mn>12</mn><mo>+</mo><mn>4</mn></mrow><mn>2</mn></mfrac></math></p>", "(12+4)/2"),
        ("<p><math><msqrt><mn>16</mn></msqrt></math></p>", "√16"),
        ("<p>At <tex-math>$30^{\\circ} \\pm 4$</tex-math>.</p>", "At 30° ± 4."),
        ("<p><math><mfenced><mn>1</mn><mn>2</mn></mfenced></math></p>", "(1, 2)"),
        ("<p><tex-math>\\frac{a + b}{2} = 10^{-3}\\,\\mathrm{m}</tex-math></p>", "(a + b)/2 = 10^-3 m"),
        ("<disp-formula><label>(1)</label><math><mn>7</mn></math></disp-formula>", "(1) 7"),
        ("<p>1.2 × 10 <sup>3</sup></p>", "1.2 × 10^3"),
        ("<boxed-text><caption><title>Box</title></caption><p>In it.</p></boxed-text>", "Box\nIn it."),
        (
            "<p>Of 12<xref ref-type='bibr' rid='a'><sup>4</sup></xref><sup>,</sup>"
            "<xref ref-type='bibr' rid='b'><sup>5</sup></xref> tubs.</p>",
            "Of 12^4,5 tubs.",
        ),
        (
            "<p>Of 12 [<xref ref-type='bibr' rid='a'>4</xref>,<xref ref-type='bibr' rid='b'>5</xref>].</p>",
            "Of 12 [4,5].",
        ),
        (
            "<p>By Pot,<xref ref-type='bibr' rid='a'>2012</xref> "
            "and Lid et al.<xref ref-type='bibr' rid='b'>2013b</xref></p>",
            "By Pot,2012 and Lid et al.2013b",
        ),
        (
            "<p>It held 12.<xref ref-type='bibr' rid='a'>4</xref> (All did.)<xref ref-type='bibr' rid='b'>5</xref></p>",
            "It held 12.^4 (All did.)^5",
        ),
        ("<p>C12<sub>3</sub>, t<sub>23</sub>, 30<sup>o</sup></p>", "C12_3, t23, 30°"),
        ("<p><math><msup><mn>30</mn><mo>∘</mo></msup></math></p>", "30°"),
        ("<p><math><mn>5</mn><mspace width='1em'/><mtext>ml</mtext></math></p>", "5 ml"),
        ("<p><math><mi>k</mi><mo>&#x2062;</mo><mn>3</mn></math></p>", "k3"),
    ],
)
def test_constructions(tmp_path: Path, body: str, shown: str) -> None:
    assert read(tmp_path, body).text == f"Tubs\nMethods\n{shown}\n"


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (ROWS, ""),
        (f"<fig><table-wrap>{ROWS}</table-wrap></fig>", ""),
        ("<p><xref rid='t'>Table 1</xref></p>", f"<floats-wrap><table-wrap id='t'>{ROWS}</table-wrap></floats-wrap>"),
        (
            "<table-wrap><table><tgroup><thead><row><entry>Tub</entry><entry>n</entry></row></thead><tbody><row>"
            "<entry>Tin</entry><entry>24</entry></row></tbody></tgroup></table></table-wrap>",
            "",
        ),
    ],
)
def test_tables_wherever_they_stand(tmp_path: Path, body: str, after: str) -> None:
    (table,) = read(tmp_path, body, after).tables
    assert table.rows == (("Tub", "n"), ("Tin", "24"))
    assert [cell.column_heads for cell in table.cells if cell.text == "24"] == [("n",)]


def test_a_table_that_is_a_picture_is_named(tmp_path: Path) -> None:
    document = read(tmp_path, "<table-wrap><label>Table 3</label><graphic/></table-wrap>")
    assert document.metadata["tables_unread"] == "Table 3"


def test_other_papers_words_are_left_out(tmp_path: Path) -> None:
    review = "<sub-article article-type='reviewer-report'><body><p>Well done.</p></body></sub-article>"
    part = "<sub-article article-type='research-article'><body><p>A second part.</p></body></sub-article>"
    text = read(tmp_path, "<p>A first part.</p>", review + part).text
    assert "A second part." in text
    assert "Well done" not in text


@pytest.mark.parametrize("wrapped", [False, True])
def test_namespaces(tmp_path: Path, wrapped: bool) -> None:
    path = tmp_path / "tubs.xml"
    article = f'<article xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/" article-type="x">{FRONT}'
    article += "<body><p>Leaks.</p></body></article>"
    around = '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><GetRecord>{}</GetRecord></OAI-PMH>'
    path.write_text(around.format(article) if wrapped else article)
    assert dsx_jats.find_loader(path) == "jats"
    assert dsx_jats.load_jats(path).text == "Tubs\nLeaks.\n"


@pytest.mark.parametrize("label", ["&#x2003;Male", "&#xa0;&#xa0;Male"])
def test_rows_that_are_set_in_know_what_they_stand_under(tmp_path: Path, label: str) -> None:
    rows = f"<tr><td>Sex</td><td/></tr><tr><td>{label}</td><td>12</td></tr><tr><td>Age</td><td>30</td></tr>"
    paper = read(tmp_path, f"<table><thead><tr><th>M</th><th>N</th></tr></thead><tbody>{rows}</tbody></table>")
    named = [(cell.row_groups, cell.row_head) for cell in paper.tables[0].cells if cell.row_head]
    assert named == [(("Sex",), "Male"), ((), "Age")]
    assert "Sex Male   12\nAge   30" in paper.text


def test_jats_in_utf_16_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "paper.xml"
    path.write_text('<?xml version="1.0" encoding="UTF-16"?><article><body><p>Tubs.</p></body></article>', "utf-16")
    assert load_plugins().find_loader(path) == "jats"
    assert dsx_jats.load_jats(path).text == "Tubs.\n"


def test_docbook_is_no_jats(tmp_path: Path) -> None:
    path = tmp_path / "book.xml"
    path.write_text("<article xmlns='http://docbook.org/ns/docbook'><para>Seven tubs.</para></article>")
    assert load_plugins().find_loader(path) == "text"
    with pytest.raises(LoadError, match="DocBook"):
        dsx_jats.load_jats(path)

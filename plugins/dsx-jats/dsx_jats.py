"""The loader "jats": full texts in JATS XML, as PubMed Central gives them.

The text is title, authors, journal and year, DOI, abstract, body, back matter and, at its end, the references. A
figure or table that stands apart (floats-group) comes after the paragraph that first cites it. Numbers set as
superscripts get a "^", fractions a "/". Reviews and translations bound into the file (sub-article) are left out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from dsx.plugin_api import Document, Loader, LoadError, hookimpl
from dsx.plugin_api.loaders import Cell, Writer, fold, heading_kind, raised, span

HEAD_BYTES = 4096
DOCTYPE = re.compile(rb"""<!DOCTYPE\s+(?:article|pmc-articleset)\s+PUBLIC\s+["']-//NLM//DTD (?!PubMed)""", re.I)
PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>)*", re.S)
ROOT = re.compile(
    rb"<(?:pmc-articleset\b|article\b[^>]*(?:article-type=|dtd-version=)"
    rb"|article\b[^>]*>(?:\s+|<!--.*?-->)*<(?:processing-meta|front|body)\b)",
    re.S,
)

Element = Any
"""An element of lxml's."""

BLOCKS = {"p", "sec", "app", "list", "def-list", "fig", "table-wrap", "ref-list", "ref", "speech", "disp-quote", "fn"}
"""What starts a new paragraph wherever it stands."""
SECTIONS = {"sec": "", "app": "supplement", "ack": "acknowledgements", "ref-list": "references", "notes": ""}
BACK = {"fn-group": "acknowledgements", "glossary": "other", "app-group": "supplement", "bio": "other"}
SILENT = {"graphic", "inline-graphic", "media", "object-id", "annotation", "annotation-xml", "contrib-group"}
SPACED = {"element-citation", "nlm-citation", "name", "ref", "date", "def-item", "caption", "table", "tr"}
"""Their parts stand apart, though no white space may be between them."""
PREFERRED = ("mixed-citation", "math", "textual-form", "tex-math", "string-name", "collab")
SEC_TYPES = {"intro": "introduction", "materials": "methods"}
"""Values of sec-type that are no heading's words; "materials|methods" counts by its first."""
DATES = ("ppub", "collection", "pub", "epub")


def load_jats(path: Path) -> Document:
    """One page, no boxes. Raises LoadError where it is no JATS article, or one that declares entities of its own."""
    article = _article(path)
    metadata = _metadata(article)
    reader = Reader(_floats(article))
    for line in (
        metadata["title"],
        metadata["authors"],
        _issue(metadata),
        metadata["doi"] and f"doi:{metadata['doi']}",
    ):
        reader.out.text(line)
    reader.within = "abstract"  # its Methods and Results are not the paper's
    for abstract in article.iterfind("front/article-meta/abstract"):
        reader.section(abstract, 1)
    reader.within = ""
    for body in article.iterfind("body"):
        reader.blocks(body, 1)
    reader.rest()
    back = [child for part in article.iterfind("back") for child in part]
    for child in sorted(back, key=lambda child: _name(child) == "ref-list"):
        if _name(child) in BACK:
            reader.section(child, 1, BACK[_name(child)])
        else:
            reader.block(child, 1)
    return reader.out.document(path, "jats", metadata)


def _article(path: Path) -> Element:
    """The root; nothing outside the file is read and no entity is expanded."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(path.read_bytes(), parser)
    except (etree.XMLSyntaxError, OSError) as problem:
        raise LoadError(f"{path.name}: not readable as XML ({problem}); fetch it again") from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise LoadError(f"{path.name}: declares entities, which are not expanded; fetch it from PubMed Central")
    articles = root.findall("article") if root.tag == "pmc-articleset" else [root]
    if len(articles) != 1 or articles[0].tag != "article":
        raise LoadError(f"{path.name}: {len(articles)} articles under <{root.tag}>; give it one JATS <article> a file")
    return articles[0]


class Reader:
    """Writes the parts of an article.

    floats: figures and tables by id, until they are cited. within: the kind of all sections, where it is not "".
    """

    def __init__(self, floats: dict[str, Element]) -> None:
        self.out = Writer()
        self.floats = floats
        self.within = ""

    def section(self, element: Element, level: int, kind: str = "") -> None:
        title = " ".join(_words(part) for part in element if _name(part) in ("label", "title"))
        type_ = element.get("sec-type", "").split("|")[0].replace("-", " ")
        said = SEC_TYPES.get(type_) or heading_kind(type_)
        found = heading_kind(title)
        kind = self.within or kind or (said if found == "other" else found)
        if title or kind != "other":
            self.out.heading(title, level, kind)
        self.blocks(element, level + 1)

    def blocks(self, element: Element, level: int) -> None:
        for child in element:
            if _name(child) not in ("label", "title", "sec-meta"):
                self.block(child, level)

    def block(self, element: Element, level: int, lead: str = "") -> None:
        """One part of a section. lead: the mark of a list's item, set before its text."""
        name = _name(element)
        if name in SECTIONS:
            self.section(element, level, SECTIONS[name])
        elif name == "fig":
            self.out.text(_caption(element), "caption")
        elif name == "table-wrap":
            self.table(element)
        elif name == "list":
            for item in element.iterfind("list-item"):
                self.item(item, level)
        elif name == "fn":
            self.item(element, level)
        elif name == "def-list":
            for item in element:
                self.out.text(_words(item))
        elif name == "ref":
            self.out.text(_words(element))
        else:
            self.flow(element, level, lead)

    def item(self, item: Element, level: int) -> None:
        """An item of a list, or a footnote: its mark (label) before its first paragraph."""
        lead = ""
        for child in item:
            if _name(child) == "label":
                lead = _words(child) + " "
            else:
                self.block(child, level, lead)
                lead = ""

    def flow(self, element: Element, level: int, lead: str = "") -> None:
        """Running text, with the lists, figures and tables that stand in it; then what it is the first to cite."""
        text = lead
        for piece in _pieces(element):
            if isinstance(piece, str):
                text += piece
            else:
                self.out.text(text)
                text = ""
                self.block(piece, level)
        self.out.text(text)
        for cited in element.iter("xref"):
            for name in cited.get("rid", "").split():
                if name in self.floats:
                    self.block(self.floats.pop(name), level)

    def table(self, element: Element) -> None:
        caption = _caption(element)
        for table in element.iter("table"):
            self.out.table(caption, ([_cell(cell) for cell in row] for row in table.iter("tr")))
            caption = ""
        self.out.text(caption, "caption")
        for foot in element.iterfind("table-wrap-foot"):
            for part in foot:
                self.out.text(_words(part), "footnote")

    def rest(self) -> None:
        """Figures and tables that nothing cites."""
        for element in self.floats.values():
            self.block(element, 1)
        self.floats = {}


def _name(element: Element) -> str:
    """The tag without its namespace; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _pieces(element: Element, before: str = "") -> Iterator[str | Element]:
    """The text within, in order, `before` it; what starts a new paragraph comes as an element."""
    name = _name(element)
    yield element.text or ""
    before = element.text or before
    for index, child in enumerate(element):
        for piece in _inline(child, before):
            before = piece if isinstance(piece, str) and piece else before
            yield piece
        if name in ("mfrac", "msup") and not index:
            yield "/" if name == "mfrac" else "^"
        elif name == "person-group" and index < len(element) - 1:
            yield ", "
        elif name in SPACED and index < len(element) - 1:
            yield " "
        yield child.tail or ""
        before = child.tail or before


def _inline(child: Element, before: str) -> Iterator[str | Element]:
    name = _name(child)
    if not name:  # an entity of the DTD, which is not read
        yield html.unescape(child.text or "")
    elif name in BLOCKS:
        yield child
    elif name == "sup":
        yield raised(_words(child), before)
    elif name == "tex-math":
        yield _tex(child.text or "")
    elif name in ("alternatives", "citation-alternatives", "name-alternatives"):
        found = (part for wanted in PREFERRED for part in child if _name(part) == wanted)
        yield from chain.from_iterable(_inline(part, before) for part in [*found][:1])
    elif name in ("break", "hr"):
        yield " "
    elif name not in SILENT:
        yield from _pieces(child, before)


def _words(element: Element) -> str:
    """All its text on one line."""
    pieces = (piece if isinstance(piece, str) else f" {_words(piece)} " for piece in _pieces(element))
    return fold("".join(pieces))


def _tex(source: str) -> str:
    """The formula of a LaTeX document made for it."""
    inside = re.search(r"\\begin\{document\}(.*?)\\end\{document\}", source, re.S)
    return (inside[1] if inside else source).strip().strip("$")


def _cell(cell: Element) -> Cell:
    head = _name(cell) == "th" or any(_name(parent) == "thead" for parent in cell.iterancestors())
    return Cell(_words(cell), span(cell.get("colspan")), span(cell.get("rowspan")), head)


def _caption(element: Element) -> str:
    return " ".join(_words(part) for part in element if _name(part) in ("label", "caption"))


def _floats(article: Element) -> dict[str, Element]:
    parts = [part for group in article.iterfind("floats-group") for part in group]
    return {part.get("id") or f"\0{index}": part for index, part in enumerate(parts)}


def _metadata(article: Element) -> dict[str, str]:
    """title, authors, journal, year, doi; "" for what is not there."""

    def first(path: str) -> str:
        return next((words for found in article.iterfind(f"front/{path}") if (words := _words(found))), "")

    authors = [
        _author(contributor)
        for contributor in article.iterfind("front/article-meta/contrib-group/contrib")
        if contributor.get("contrib-type", "author") == "author"
    ]
    dates = {
        date.get("pub-type") or date.get("date-type") or "": date
        for date in article.iterfind("front/article-meta/pub-date")
    }
    ranked = [dates[kind] for kind in (*DATES, *dates) if kind in dates]
    return {
        "title": first("article-meta/title-group/article-title"),
        "authors": ", ".join(author for author in authors if author),
        "journal": first("journal-meta//journal-title"),
        "year": next((_words(year) for date in ranked for year in date.iterfind("year")), ""),
        "doi": first("article-meta/article-id[@pub-id-type='doi']"),
    }


def _author(contributor: Element) -> str:
    """Given names, then the surname; a group's name as it is."""
    for name in chain(contributor.iterfind("name"), contributor.iterfind("name-alternatives/name")):
        parts = ("prefix", "given-names", "surname", "suffix")
        return " ".join(_words(found) for part in parts for found in name.iterfind(part))
    others = ("string-name", "collab", "name-alternatives", "collab-alternatives")
    return next((_words(found) for kind in others for found in contributor.iterfind(kind)), "")


def _issue(metadata: dict[str, str]) -> str:
    year = f"({metadata['year']})" if metadata["year"] else ""
    return f"{metadata['journal']} {year}"


@hookimpl
def register_loaders() -> dict[str, Loader]:
    return {"jats": Loader(load_jats, "2", "JATS XML, the full texts of PubMed Central")}


@hookimpl
def find_loader(path: Path) -> str | None:
    """By the doctype, or by the root element and what JATS puts on it or first into it."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError:
        return None
    prolog = PROLOG.match(head)
    start = prolog.end() if prolog else 0
    return "jats" if DOCTYPE.search(head[:start]) or ROOT.match(head, start) else None

"""The loader "jats": full texts in JATS XML, as PubMed Central gives them.

The text is title, authors, journal and year, DOI, abstract, body, back matter and, at its end, the references. A
figure or table that stands apart (floats-group) comes after the paragraph that first cites it. Numbers set as
superscripts or cited right after a number get a "^", fractions a "/". Reviews, replies and translations that are bound
into the file (sub-article) are left out, other sub-articles are read. Tables may be XHTML's or CALS (OASIS).
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
    rb"<(?:pmc-articleset\b|(?:\w+:)?article\b[^>]*(?:article-type=|dtd-version=|jats\.nlm\.nih\.gov)"
    rb"|article\b[^>]*>(?:\s+|<!--.*?-->)*<(?:processing-meta|front|body)\b"
    rb"|(?:\w+:)?OAI-PMH\b.*?<(?:\w+:)?article\b[^>]*(?:article-type=|jats\.nlm\.nih\.gov))",
    re.S,
)

Element = Any
"""An element of lxml's."""

GROUPS = {"fig-group", "table-wrap-group", "boxed-text", "supplementary-material", "media", "statement", "verse-group"}
"""Hold blocks below a label and a caption of their own."""
FLOATS = {"fn", "fig", "table-wrap", "supplementary-material", "fig-group", "table-wrap-group", "boxed-text", "table"}
"""Come after the paragraph in which they stand; its sentences are whole."""
BLOCKS = {"p", "sec", "app", "list", "def-list", "ref-list", "ref", "speech", "disp-quote"} | FLOATS | GROUPS
"""What starts a new paragraph wherever it stands."""
OTHERS_WORDS = re.compile(r"translation|review|report|decision|reply|response|comment|correction", re.I)
"""Types of sub-articles that are not the paper's own text."""
SECTIONS = {"sec": "", "app": "supplement", "ack": "acknowledgements", "ref-list": "references", "notes": ""}
BACK = {"fn-group": "acknowledgements", "glossary": "other", "app-group": "supplement", "bio": "other"}
SILENT = {
    "graphic",
    "object-id",
    "annotation",
    "annotation-xml",
    "contrib-group",
    "alt-text",
    "long-desc",
    "permissions",
}
ENTITIES = {"phis": "φ", "epsis": "ε", "thetas": "θ", "rgr": "ρ", "sgr": "σ", "thinsp": " ", "ndash": "–"}
"""Names of ISO's entity sets that HTML has not."""

SPACED = {
    "element-citation",
    "nlm-citation",
    "name",
    "ref",
    "date",
    "def-item",
    "caption",
    "table",
    "tr",
    "mtr",
    "mtable",
}
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
    for other in article.iterfind("sub-article"):
        if not OTHERS_WORDS.search(other.get("article-type", "")):
            reader.section(other, 1)
    if reader.unread:
        metadata["tables_unread"] = ", ".join(reader.unread)
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
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = _name(element)
    articles = [root] if root.tag == "article" else list(root.iter("article"))
    if len(articles) != 1:
        raise LoadError(f"{path.name}: {len(articles)} articles under <{root.tag}>; give it one JATS <article> a file")
    return articles[0]


class Reader:
    """Writes the parts of an article.

    floats: figures and tables by id, until they are cited. within: the kind of all sections, where it is not "".
    unread: labels of the tables that are pictures.
    """

    def __init__(self, floats: dict[str, Element]) -> None:
        self.out = Writer()
        self.floats = floats
        self.within = ""
        self.unread: list[str] = []

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
            self.parts(element, level)
        elif name == "table-wrap":
            self.table(element, level)
        elif name == "table":
            self.rows(element, "")
        elif name in GROUPS:
            self.out.text(" ".join(filter(None, (_caption(element), _title(element)))), "caption")
            self.parts(element, level)
        elif name in ("front", "front-stub", "back"):
            self.out.text(" ".join(_words(title) for title in element.iter("article-title")) if name != "back" else "")
            self.blocks([part for part in element if name == "back"], level)
        elif name == "body":
            self.blocks(element, level)
        elif name == "list":
            self.out.text(_title(element))
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
        text, later = lead, []
        for piece in _pieces(element):
            if isinstance(piece, str):
                text += piece
            elif _name(piece) in FLOATS:
                later.append(piece)
            else:
                self.out.text(text)
                text = ""
                self.block(piece, level)
        self.out.text(text)
        for piece in later:
            self.block(piece, level)
        for cited in element.iter("xref"):
            for name in cited.get("rid", "").split():
                if name in self.floats:
                    self.block(self.floats.pop(name), level)

    def parts(self, element: Element, level: int) -> None:
        """The blocks of a figure or group but its label and caption."""
        for child in element:
            if _name(child) not in SILENT | {"label", "caption", "title"}:
                self.block(child, level)

    def table(self, element: Element, level: int) -> None:
        caption = _caption(element)
        tables = [table for table in element.iter("table") if not any(True for _ in table.iterancestors("table"))]
        for table in tables:
            self.rows(table, caption)
            caption = ""
        self.out.text(caption, "caption")
        if not tables and any(True for _ in element.iter("graphic", "inline-graphic", "media")):
            self.unread.append(_words(element.find("label")) if element.find("label") is not None else "a table")
        for child in element:
            if _name(child) in ("p", "list", "disp-quote"):
                self.block(child, level)
        for foot in element.iterfind("table-wrap-foot"):
            for part in foot:
                self.out.text(_words(part), "footnote")

    def rows(self, table: Element, caption: str) -> None:
        """The rows of a table, XHTML's or CALS."""
        groups = list(table.iter("tgroup"))
        if not groups:
            rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
            self.out.table(caption, ([_cell(cell) for cell in row] for row in rows))
        for group in groups:
            columns = [column.get("colname", "") for column in group.iter("colspec")]
            self.out.table(caption, ([_entry(entry, columns) for entry in row] for row in group.iter("row")))
            caption = ""

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
        if name == "person-group" and index < len(element) - 1:
            yield ", "
        elif name in SPACED and index < len(element) - 1:
            yield " "
        yield child.tail or ""
        before = child.tail or before


def _math(element: Element) -> str:
    """A fraction, power or root on one line, its parts in brackets where they are more than one sign."""
    name = _name(element)
    parts = [_words(part) for part in element]

    def closed(text: str) -> str:
        return f"({text})" if re.search(r".[+\-−±×·/=\s]", text) else text

    if name == "msqrt":
        return "√" + closed("".join(parts))
    if name == "mroot" and len(parts) == 2:
        return f"{parts[1]}√{closed(parts[0])}"
    if name == "msubsup" and len(parts) == 3:
        return f"{parts[0]}{parts[1]}^{closed(parts[2])}"
    if len(parts) != 2:
        return "".join(parts)
    return f"{closed(parts[0])}/{closed(parts[1])}" if name == "mfrac" else f"{parts[0]}^{closed(parts[1])}"


def _inline(child: Element, before: str) -> Iterator[str | Element]:
    name = _name(child)
    if not name:  # an entity of the DTD, which is not read
        entity = (child.text or "").strip("&;")
        yield ENTITIES.get(entity) or html.unescape(child.text or "")
    elif name in BLOCKS:
        yield child
    elif name == "sup":
        yield raised(_words(child), before)
    elif name == "xref" and child.get("ref-type") in ("bibr", "fn", "table-fn", "aff"):
        yield raised(_words(child), before) if before[-1:].isalnum() else _words(child)
    elif name in ("mfrac", "msup", "msqrt", "mroot", "msubsup"):
        yield _math(child)
    elif name in ("inline-graphic", "inline-media"):
        yield " ".join(_words(alternative) for alternative in child.iter("alt-text"))
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


def _title(element: Element) -> str:
    return " ".join(_words(part) for part in element if _name(part) == "title")


def _entry(entry: Element, columns: list[str]) -> Cell:
    """A cell of a CALS table, which names the columns that it spans."""
    first, last = entry.get("namest"), entry.get("nameend")
    wide = columns.index(last) - columns.index(first) + 1 if first in columns and last in columns else 1
    head = any(_name(parent) == "thead" for parent in entry.iterancestors())
    return Cell(_words(entry), max(wide, 1), span(entry.get("morerows")) + bool(entry.get("morerows")), head)


def _cell(cell: Element) -> Cell:
    head = _name(cell) == "th" or any(_name(parent) == "thead" for parent in cell.iterancestors())
    return Cell(_words(cell), span(cell.get("colspan")), span(cell.get("rowspan")), head)


def _caption(element: Element) -> str:
    return " ".join(_words(part) for part in element if _name(part) in ("label", "caption"))


def _floats(article: Element) -> dict[str, Element]:
    parts = [part for name in ("floats-group", "floats-wrap") for group in article.iterfind(name) for part in group]
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
    return {"jats": Loader(load_jats, "3", "JATS XML, the full texts of PubMed Central")}


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

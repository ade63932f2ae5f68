"""HTML through lxml: headings open sections, tables become rows, and what is no part of the paper is left out.

Left out: scripts, styles, navigation, controls, and the page's own head and foot (header and footer that stand in no
article or main). What an attribute or the element's own style hides is kept apart as hidden text; what a stylesheet
hides is read, for it may be shown at a click. Numbers set as superscripts get a "^", fractions a "/". A heading that
names a table or figure ("Table 1.") is a caption; a table's caption comes before its rows wherever the markup has it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from dsx.errors import LoadError
from dsx.load.compose import Paragraph
from dsx.load.grid import Grid
from dsx.load.headings import heading_kind
from dsx.load.markup import FORMULAS, WIDEST, Cell, Writer, fold, formula, indent_of, raised, span, stands_close
from dsx.load.tex import OF_FORMULA, formula_text
from dsx.types import Document, HiddenText

Element = Any
"""An element of lxml's."""

_unread = """head script style del noscript template nav button select textarea input svg iframe object video audio
canvas dialog annotation annotation-xml rp rt"""
LEFT_OUT = frozenset(_unread.split())
ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "menu", "dialog", "tooltip"))
_apart = """html body main article section aside header footer div p ul ol li dl dt dd blockquote figure figcaption
caption table thead tbody tfoot tr td th address hr details summary form fieldset center pre"""
BLOCKS = frozenset(_apart.split())
"""What starts and ends a paragraph."""
HEADING = re.compile(r"h[1-6]")
NAMES_FLOAT = re.compile(r"(?:table|fig(?:ure|\.)?|box)\s*s?\d+[a-z]?\b", re.I)
SKIPS = re.compile(r"\s*+(?:skip|jump) to\b", re.I)
"""A link over the page's head."""
TABLE_LABEL = re.compile(r"table\s*s?(?:\d+[a-z]?|[ivx]+)\b", re.I)
NAMES_TABLE = re.compile(r"table\s*s?(?:\d+[a-z]?|[ivx]+)\s*(?:[.:|—–]|$)", re.I)
HIDDEN_STYLE = re.compile(
    r"display:none|visibility:(?:hidden|collapse)|font-size:(?:0?\.\d+|[01]|0\.0+)(?:px|pt)?(?:;|$)|font-size:0(?:r?em|%)"
    r"|opacity:0?(?:\.0\d*)?(?:;|$)|clip-path:(?:inset\((?:50|100)%|circle\(0)|(?:^|;)(?:max-)?height:0(?:px)?;.{0,200}overflow:hidden"
    r"|overflow:hidden;(?:.{0,200};)?(?:max-)?height:0(?:px)?(?:;|$)|(?:left|top|right|text-indent|margin-left):-\d{3,}|clip:rect\(0|scale\(0\)"
)
"""Of a style in small letters without blanks."""
SHUT = re.compile(r"display\s*+:\s*+none", re.I)
WHITE = re.compile(
    r"(?:^|;)(?:color|-webkit-text-fill-color):(?:white|#f[a-f]f[a-f]f[a-f]|#fff|rgb\(255,255,255\)|transparent)"
)
GROUND = re.compile(r"background(?:-color|-image)?:(?!white|#fff|transparent|none|inherit)")
HIDDEN_CLASSES = frozenset(("sr-only", "visually-hidden", "visuallyhidden", "screen-reader-only", "screenreader"))
RAISED_CLASSES = frozenset(("sup", "superscript"))
CELL_ROLES = frozenset(("cell", "gridcell", "columnheader", "rowheader"))
REFERENCE = re.compile(r"[^#]{0,300}#(?:b|r|bib|ref|cit|cr|fn|note|CR|B|R)[a-z_-]{0,20}\d", re.I)
LONGEST_SIGN = 3
"""Characters of a picture's text that stands for a sign in a sentence."""
TEX = re.compile(r"\\\((.{1,400}?)\\\)|\\\[(.{1,1000}?)\\\]|\$\$([^$]{1,1000})\$\$")
"""A formula that the page's own program would set."""
CHARSET = re.compile(rb"""<meta[^<>]*charset\s*=\s*["']?([\w.:-]+)""", re.I)
DOI = re.compile(r"10\.\d{4,9}/\S+")
HEAD_BYTES = 4096
PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<\?.*?>|<!--.*?-->)*+", re.S)
ROOT = re.compile(rb"<!doctype\s+html\b|<(?:html|head|body)\b", re.I)
PART = re.compile(rb"<(?:main|section|div|p|h[1-6]|table|ul|ol|center|header)\b", re.I)
SUFFIXES = (".html", ".htm", ".xhtml")
"""Of files that may be a part of a page."""


def is_html(head: bytes, suffix: str = "") -> bool:
    """Whether a file that starts with `head` is HTML: its doctype or root element comes before any text, or, where its
    suffix says that it is a page, an element of one."""
    prolog = PROLOG.match(head)
    start = prolog.end() if prolog else 0
    return ROOT.match(head, start) is not None or (suffix in SUFFIXES and PART.match(head, start) is not None)


def load_html(path: Path) -> Document:
    """One page, no boxes. Raises LoadError where it is binary or holds no text."""
    from lxml import etree

    data = path.read_bytes()
    # no limit on depth or length here, for past one the parser drops the rest without a word
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    text = decode(data)
    if "\0" in text:
        raise LoadError(f"{path.name}: binary, not HTML; name its loader with --loader")
    try:
        root = etree.fromstring(text.encode("utf-8"), parser) if text.strip() else None
    except etree.XMLSyntaxError as problem:
        raise LoadError(f"{path.name}: not readable as HTML ({problem}); fetch it again") from None
    for element in root.iter() if root is not None else ():
        if isinstance(element.tag, str):
            element.tag = element.tag.rpartition(":")[2]  # of XHTML, whose MathML has a prefix
    _open_panels(root)
    reader = Reader()
    if root is None:
        return reader.out.document(path, "html", {})
    reader.walk(root)
    reader.flush()
    metadata = _metadata(root)
    if unread := list(reader.unread()):
        metadata["tables_unread"] = ", ".join(unread)
    return replace(reader.out.document(path, "html", metadata), hidden=tuple(_hidden_texts(root)))


def _open_panels(root: Element) -> None:
    """Shows what the page shows at a click: panels of tabs, and what a button that says so unfolds.

    A button that nobody sees opens nothing; one in a panel does once that is open.
    """
    elements = list(root.iter()) if root is not None else []
    panels = {element.get("id"): element for element in elements}
    closed = [one for one in elements if one.get("aria-expanded") is not None or one.get("role") == "tab"]
    for element in elements:
        if element.get("role") == "tabpanel":
            _open(element)
    while closed:
        seen, unseen = list[Element](), list[Element]()
        for control in closed:
            hidden = is_hidden(control) or any(map(is_hidden, control.iterancestors()))
            (unseen if hidden else seen).append(control)
        for control in seen:
            for name in control.get("aria-controls", "").split():
                if name in panels:
                    _open(panels[name])
        closed = unseen if seen else []


def _open(panel: Element) -> None:
    panel.attrib.pop("hidden", None)
    panel.set("style", SHUT.sub("", panel.get("style", "")))


def _hidden_texts(root: Element) -> Iterator[HiddenText]:
    """What is hidden outermost, each with all in it."""
    from lxml import etree

    walker = etree.iterwalk(root, events=("start",))
    for _, element in walker:
        if is_unread(element):
            walker.skip_subtree()
        elif is_hidden(element):
            walker.skip_subtree()
            if text := fold("".join(element.itertext())):
                yield HiddenText(text, 1, None, "not displayed")


def decode(data: bytes) -> str:
    """By its byte order mark, else as UTF-8, else as it says, else as Windows-1252, as browsers do."""
    said = CHARSET.search(data[:HEAD_BYTES])
    names = [said[1].decode("ascii", "replace")] if said else []
    if not data.isascii():
        names.insert(0, "utf-8")  # whatever it says: other encodings hardly ever make it
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        names = ["utf-16"]
    for name in ["utf-8-sig"] if data.startswith(codecs.BOM_UTF8) else [*names, "utf-8"]:
        try:
            encoding = codecs.lookup(name).name
            if encoding.startswith(("utf-16", "utf-32")) and said:  # or what says so could not be read
                continue
            if encoding in ("iso8859-1", "ascii"):
                break
            return data.decode(encoding)
        except (LookupError, UnicodeError):
            continue
    return data.decode("cp1252", "replace")


class Reader:
    """Writes what a person would read of a page."""

    def __init__(self) -> None:
        self.out = Writer()
        self.line = ""

    def flush(self, kind: str = "body") -> None:
        self.out.text(TEX.sub(_formula, self.line), kind)
        self.line = ""

    def walk(self, element: Element, kind: str = "body") -> None:
        """One element and all in it. kind: of the paragraphs that it holds."""
        name = element.tag
        if left_out(element) or (name == "figcaption" and _tables(element.getparent())):
            return
        if HEADING.fullmatch(name):
            self.flush(kind)
            self.heading(_words(element), int(name[1]))
        elif name == "table" and is_data(element):
            self.flush(kind)
            self.table(element)
        elif element.get("role") in ("table", "grid") and name != "table":
            self.flush(kind)
            self.role_table(element)
        elif name == "pre":
            self.flush(kind)
            for line in "".join(element.itertext()).splitlines():
                self.out.text(line)
        elif name in BLOCKS:
            self.flush(kind)
            kind = "caption" if _is_caption(element) else kind
            self.inside(element, kind)
            self.flush(kind)
        else:
            self.inside(element, kind)

    def inside(self, element: Element, kind: str) -> None:
        """The text and the children of an element."""
        if element.tag == "br":
            self.line += " "
        elif element.tag == "img" and len(sign := fold(element.get("alt", ""))) <= LONGEST_SIGN:
            self.line += sign
        self.line += element.text or ""
        for child in element:
            raises = child.tag == "sup" or _classes(child) & RAISED_CLASSES or _cites(child, self.line)
            if raises and not left_out(child):
                self.line += raised(_words(child), self.line)
            elif child.tag == "sub" and self.line[-1:].isdigit() and not left_out(child):
                below = _words(child)
                self.line += f"_{below}" if below[:1].isdigit() else below
            elif child.tag == "mspace":
                self.line += " "
            elif child.tag in FORMULAS:
                self.line += formula(child.tag, [_words(part) for part in child])
            elif isinstance(child.tag, str):
                self.walk(child, kind)
            self.line += child.tail or ""

    def heading(self, title: str, level: int) -> None:
        if NAMES_FLOAT.match(title):
            self.out.text(title, "caption")
        elif title:
            self.out.heading(title, level, heading_kind(title))

    def table(self, element: Element) -> None:
        """Its caption is its own, or the figure's, or stands right above it: "Table 1.", and at most one line more."""
        figure = next(element.iterancestors("figure"), None)
        captions = list(element.iterfind("caption"))
        if figure is not None and _tables(figure)[0] is element:
            captions += figure.iterfind("figcaption")
        caption = " ".join(_words(found) for found in captions) or self.above()
        rows = sorted(element.iter("tr"), key=lambda row: row.getparent().tag == "tfoot")
        self.out.table(caption, ([_cell(cell) for cell in row if cell.tag in ("td", "th")] for row in rows))

    def role_table(self, element: Element) -> None:
        """A table that is made of other elements, which say by their roles what they are."""
        rows = [row for row in element.iterdescendants() if row.get("role") == "row"]
        cells = [[cell for cell in row.iterdescendants() if cell.get("role") in CELL_ROLES] for row in rows]
        self.out.table(self.above(), ([_cell(cell) for cell in row] for row in cells))

    def above(self) -> str:
        """Takes the caption of a table back from what was just written; "" where none was."""
        for count, paragraph in enumerate(reversed(self.out.paragraphs[-2:]), 1):
            if paragraph.level or paragraph.table is not None:
                break
            labelled = paragraph.kind == "caption" and TABLE_LABEL.match(paragraph.text)
            if labelled or NAMES_TABLE.match(paragraph.text):
                words = [found.text for found in self.out.paragraphs[-count:]]
                del self.out.paragraphs[-count:]
                return " ".join(words)
        return ""

    def unread(self) -> Iterator[str]:
        """Labels of captions that no table's rows follow: the page only links to it, or shows a picture."""
        for caption, after in zip_longest(self.out.paragraphs, self.out.paragraphs[1:], fillvalue=Paragraph()):
            label = TABLE_LABEL.match(caption.text) if caption.kind == "caption" else None
            if label and after.table is None:
                yield label[0]


def _formula(found: re.Match[str]) -> str:
    """The text of a formula in LaTeX; what is in square brackets may be none."""
    source = next(filter(None, found.groups()))
    return formula_text(source) if found[2] is None or OF_FORMULA.search(source) else found[0]


def grids_of(source: str) -> list[Grid]:
    """The tables of a piece of HTML that stands in another text."""
    from lxml import etree

    reader = Reader()
    reader.walk(etree.fromstring(source, etree.HTMLParser(no_network=True, remove_comments=True)))
    return reader.out.grids


def left_out(element: Element) -> bool:
    """Whether an element is no part of what a person would read as the paper."""
    return is_unread(element) or is_hidden(element)


def is_hidden(element: Element) -> bool:
    """Whether an element, by its own attributes, is not shown."""
    if element.get("hidden", "until-found") != "until-found":
        return True
    if element.tag in ("span", "i", "nobr") and element.get("aria-hidden") == "true":  # a formula again, an icon
        return True
    style = "".join(element.get("style", "").lower().split())
    if _classes(element) & HIDDEN_CLASSES or HIDDEN_STYLE.search(style):
        return True
    if not WHITE.search(style):
        return False
    around = [style, *("".join(other.get("style", "").lower().split()) for other in element.iterancestors())]
    return not any(GROUND.search(ground) for ground in around)


def is_unread(element: Element) -> bool:
    """Whether an element is shown, but no part of the paper, or holds no text."""
    name = element.tag
    if not isinstance(name, str) or name in LEFT_OUT or element.get("role", "") in ROLES:
        return True
    if name == "a" and element.get("href", "").startswith("#") and SKIPS.match("".join(element.itertext())):
        return True
    if name not in ("header", "footer") or next(element.iterancestors("article", "main"), None) is not None:
        return False
    own = name == "header" and any(True for _ in element.iter("h1"))  # of the paper, where the page marks no article
    return not own or any(True for _ in element.getroottree().getroot().iter("article", "main"))


def _is_caption(element: Element) -> bool:
    """Whether a block says that it is a caption, or begins with a table's label in bold."""
    if element.tag in ("figcaption", "caption") or any("caption" in name.lower() for name in _classes(element)):
        return True
    if element.tag != "p" or not len(element) or fold(element.text or "") or element[0].tag not in ("b", "strong"):
        return False
    words, after = fold("".join(element[0].itertext())), fold(element[0].tail or "")
    is_label = TABLE_LABEL.fullmatch(words) is not None
    return TABLE_LABEL.match(words) is not None and not (is_label and after[:1].islower())  # "Table 1 shows"


def _cites(element: Element, before: str) -> bool:
    """Whether a link to a reference is set close to a word or number, of which it is no part."""
    to_note = element.tag == "a" and REFERENCE.match(element.get("href") or "") is not None
    words = _words(element) if to_note else ""
    return stands_close(before, words) and words[:1].isdigit()


def _classes(element: Element) -> set[str]:
    return set(element.get("class", "").split()) if isinstance(element.tag, str) else set()


def is_data(table: Element) -> bool:
    """Whether a table is one: not there for the page's layout."""
    if table.get("role") in ("presentation", "none") or any(True for _ in table.iterdescendants("table", "h1", "h2")):
        return False
    return any(sum(cell.tag in ("td", "th") for cell in row) > 1 for row in table.iter("tr"))


def _tables(element: Element) -> list[Element]:
    """The tables of a figure."""
    return [table for table in element.iterdescendants("table") if is_data(table)] if element.tag == "figure" else []


def _words(element: Element) -> str:
    """All that is shown of it, on one line."""
    reader = Reader()
    reader.inside(element, "body")
    reader.flush()
    return " ".join(paragraph.text for paragraph in reader.out.paragraphs)


def _cell(cell: Element) -> Cell:
    head = cell.tag == "th" or cell.get("role") == "columnheader" or next(cell.iterancestors("thead"), None) is not None
    text = _words(cell)
    indent = indent_of("".join(cell.itertext()), cell.get("style", ""), cell.get("class", ""))
    bold = any(_words(part) == text for part in cell.iter("b", "strong"))
    rows = WIDEST if cell.get("rowspan") == "0" else span(cell.get("rowspan"))  # 0: down to the end
    return Cell(text, span(cell.get("colspan")), rows, head, indent, bold)


def _metadata(root: Element) -> dict[str, str]:
    """title, authors, journal, year, doi, as publishers give them to indexes; "" for what is not there."""

    def said(*names: str) -> Iterator[str]:
        for name in names:
            for meta in root.iter("meta"):
                if (meta.get("name") or "").lower() == name and fold(meta.get("content") or ""):
                    yield fold(meta.get("content"))

    title = next((fold(found.text or "") for found in root.iter("title")), "")
    date = next(said("citation_publication_date", "citation_date", "dc.date"), "")
    year = re.search(r"\b\d{4}\b", date)
    return {
        "title": next(said("citation_title", "dc.title"), title),
        "authors": ", ".join(map(_given_first, list(said("citation_author")) or list(said("dc.creator", "author")))),
        "journal": next(said("citation_journal_title"), ""),
        "year": year[0] if year else "",
        "doi": next((doi[0] for each in said("citation_doi", "dc.identifier") if (doi := DOI.search(each))), ""),
    }


def _given_first(author: str) -> str:
    """ "Doe, Jane" as a page prints it: "Jane Doe"."""
    surname, comma, given = author.partition(", ")
    return f"{given} {surname}" if comma and "," not in given else author

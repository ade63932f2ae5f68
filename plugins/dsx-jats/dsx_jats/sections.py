"""Sections, figures, tables, lists and notes of an article, written one after the other."""

from __future__ import annotations

from dsx.plugin_api.loaders import Writer, heading_kind
from dsx_jats.inline import (
    FLOATS,
    GROUPS,
    SILENT,
    Element,
    cell_of,
    entry_of,
    pieces_of,
    tag_of,
    words_in,
    words_of,
)

SECTIONS = {"sec": "", "app": "supplement", "ack": "acknowledgements", "ref-list": "references", "notes": ""}
CAPTION = ("label", "caption")
SEC_TYPES = {"intro": "introduction", "materials": "methods"}
"""Values of sec-type that are no heading's words; "materials|methods" counts by its first."""


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
        title = words_in(element, "label", "title")
        type_ = element.get("sec-type", "").split("|")[0].replace("-", " ")
        said = SEC_TYPES.get(type_) or heading_kind(type_)
        found = heading_kind(title)
        kind = self.within or kind or (said if found == "other" else found)
        if title or kind != "other":
            self.out.heading(title, level, kind)
        self.blocks(element, level + 1)

    def blocks(self, element: Element, level: int) -> None:
        for child in element:
            if tag_of(child) not in ("label", "title", "sec-meta"):
                self.block(child, level)

    def block(self, element: Element, level: int, lead: str = "") -> None:
        """One part of a section. lead: the mark of a list's item, set before its text."""
        name = tag_of(element)
        if name in SECTIONS:
            self.section(element, level, SECTIONS[name])
        elif name == "fig":
            self.out.text(words_in(element, *CAPTION), "caption")
            self.parts(element, level)
        elif name == "table-wrap":
            self.table(element, level)
        elif name == "table":
            self.rows(element, "")
        elif name in GROUPS:
            self.out.text(words_in(element, *CAPTION, "title"), "caption")
            self.parts(element, level)
        elif name in ("front", "front-stub", "back"):
            self.out.text(
                " ".join(words_of(title) for title in element.iter("article-title")) if name != "back" else ""
            )
            self.blocks([part for part in element if name == "back"], level)
        elif name == "body":
            self.blocks(element, level)
        elif name == "list":
            self.out.text(words_in(element, "title"))
            for item in element.iterfind("list-item"):
                self.item(item, level)
        elif name == "fn":
            self.item(element, level)
        elif name == "def-list":
            for item in element:
                self.out.text(words_of(item))
        elif name == "ref":
            self.out.text(words_of(element))
        else:
            self.flow(element, level, lead)

    def item(self, item: Element, level: int) -> None:
        """An item of a list, or a footnote: its mark (label) before its first paragraph."""
        lead = ""
        for child in item:
            if tag_of(child) == "label":
                lead = words_of(child) + " "
            else:
                self.block(child, level, lead)
                lead = ""

    def flow(self, element: Element, level: int, lead: str = "") -> None:
        """Running text, with the lists, figures and tables that stand in it; then what it is the first to cite."""
        text, later = lead, []
        for piece in pieces_of(element):
            if isinstance(piece, str):
                text += piece
            elif tag_of(piece) in FLOATS:
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
            if tag_of(child) not in SILENT | {*CAPTION, "title"}:
                self.block(child, level)

    def table(self, element: Element, level: int) -> None:
        caption = words_in(element, *CAPTION)
        tables = [table for table in element.iter("table") if not any(True for _ in table.iterancestors("table"))]
        for table in tables:
            self.rows(table, caption)
            caption = ""
        self.out.text(caption, "caption")
        if not tables and any(True for _ in element.iter("graphic", "inline-graphic", "media")):
            self.unread.append(words_of(element.find("label")) if element.find("label") is not None else "a table")
        for child in element:
            if tag_of(child) in ("p", "list", "disp-quote"):
                self.block(child, level)
        for foot in element.iterfind("table-wrap-foot"):
            for part in foot:
                self.out.text(words_of(part), "footnote")

    def rows(self, table: Element, caption: str) -> None:
        """The rows of a table, XHTML's or CALS."""
        groups = list(table.iter("tgroup"))
        if not groups:
            rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
            rows.sort(key=lambda row: tag_of(row.getparent()) == "tfoot")
            self.out.table(caption, ([cell_of(cell) for cell in row] for row in rows))
        for group in groups:
            columns = [column.get("colname", "") for column in group.iter("colspec")]
            self.out.table(caption, ([entry_of(entry, columns) for entry in row] for row in group.iter("row")))
            caption = ""

    def rest(self) -> None:
        """Figures and tables that nothing cites."""
        for element in self.floats.values():
            self.block(element, 1)
        self.floats = {}

"""The text within an element: superscripts, citations, formulas, entities, and the cells of tables."""

from __future__ import annotations

import html
from collections.abc import Iterator
from itertools import chain
from typing import Any

from dsx.plugin_api.loaders import FORMULAS, Cell, fold, formula, formula_text, indent_of, raised, span, stands_close

Element = Any
"""An element of lxml's."""

GROUPS = {"fig-group", "table-wrap-group", "boxed-text", "supplementary-material", "media", "statement", "verse-group"}
"""Hold blocks below a label and a caption of their own."""
FLOATS = {"fn", "fig", "table-wrap", "supplementary-material", "fig-group", "table-wrap-group", "boxed-text", "table"}
"""Come after the paragraph in which they stand; its sentences are whole."""
BLOCKS = {"p", "sec", "app", "list", "def-list", "ref-list", "ref", "speech", "disp-quote"} | FLOATS | GROUPS
"""What starts a new paragraph wherever it stands."""
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
    "disp-formula",
}
"""Their parts stand apart, though no white space may be between them."""
PREFERRED = ("mixed-citation", "math", "textual-form", "tex-math", "string-name", "collab")


LOOK_BACK = 60
"""Characters before a superscript or a citation that tell how it is to be set."""


def tag_of(element: Element) -> str:
    """The tag without its namespace; "" for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def pieces_of(element: Element, before: str = "") -> Iterator[str | Element]:
    """The text within, in order, `before` it; what starts a new paragraph comes as an element."""
    name = tag_of(element)
    yield element.text or ""
    before = (before + (element.text or ""))[-LOOK_BACK:]
    for index, child in enumerate(element):
        for piece in _inline(child, before):
            before = (before + piece)[-LOOK_BACK:] if isinstance(piece, str) else before
            yield piece
        if name == "person-group" and index < len(element) - 1:
            yield ", "
        elif name in SPACED and index < len(element) - 1:
            yield " "
        yield child.tail or ""
        before = (before + (child.tail or ""))[-LOOK_BACK:]


def _inline(child: Element, before: str) -> Iterator[str | Element]:
    name = tag_of(child)
    if not name:  # an entity of the DTD, which is not read
        entity = (child.text or "").strip("&;")
        yield ENTITIES.get(entity) or html.unescape(child.text or "")
    elif name in BLOCKS:
        yield child
    elif name == "sup":
        yield raised(words_of(child), before)
    elif name == "xref" and child.get("ref-type") in ("bibr", "fn", "table-fn", "aff"):
        words = words_of(child)
        yield raised(words, before) if stands_close(before, words) else words
    elif name == "sub" and before[-1:].isdigit():
        below = words_of(child)
        yield f"_{below}" if below[:1].isdigit() else below
    elif name in FORMULAS:
        yield formula(name, [words_of(part) for part in child])
    elif name in ("inline-graphic", "inline-media"):
        yield " ".join(words_of(alternative) for alternative in child.iter("alt-text"))
    elif name == "tex-math":
        yield formula_text(child.text or "")
    elif name in ("alternatives", "citation-alternatives", "name-alternatives"):
        found = (part for wanted in PREFERRED for part in child if tag_of(part) == wanted)
        yield from chain.from_iterable(_inline(part, before) for part in [*found][:1])
    elif name in ("break", "hr", "mspace"):
        yield " "
    elif name not in SILENT:
        yield from pieces_of(child, before)


def words_of(element: Element) -> str:
    """All its text on one line."""
    pieces = (piece if isinstance(piece, str) else f" {words_of(piece)} " for piece in pieces_of(element))
    return fold("".join(pieces))


def words_in(element: Element, *names: str) -> str:
    """The text of its own children of these names."""
    return " ".join(words_of(part) for part in element if tag_of(part) in names)


def _is_head(cell: Element) -> bool:
    return tag_of(cell) == "th" or any(tag_of(parent) == "thead" for parent in cell.iterancestors())


def entry_of(entry: Element, columns: list[str]) -> Cell:
    """A cell of a CALS table, which names the columns that it spans."""
    first, last = entry.get("namest"), entry.get("nameend")
    wide = columns.index(last) - columns.index(first) + 1 if first in columns and last in columns else 1
    rows = span(entry.get("morerows")) + bool(entry.get("morerows"))
    return Cell(words_of(entry), max(wide, 1), rows, _is_head(entry), *_look(entry))


def cell_of(cell: Element) -> Cell:
    return Cell(words_of(cell), span(cell.get("colspan")), span(cell.get("rowspan")), _is_head(cell), *_look(cell))


def _look(cell: Element) -> tuple[float, bool]:
    """How far a cell is set in, and whether all of it is bold."""
    indent = indent_of("".join(cell.itertext()), cell.get("style", ""), cell.get("content-type", ""))
    return indent, any(words_of(part) == words_of(cell) for part in cell.iter("bold"))

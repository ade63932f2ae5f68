"""Control characters of a document's text, which no print has: each becomes U+FFFD, so that offsets stay."""

from __future__ import annotations

from dataclasses import replace

from dsx.terminal import printable, printable_values
from dsx.types import Document


def cleaned(document: Document) -> Document:
    """The document whose text, titles, tables and metadata can be shown anywhere."""
    tables = tuple(
        replace(
            table,
            caption=printable(table.caption),
            rows=printable_values(table.rows),
            cells=tuple(
                replace(
                    cell,
                    text=printable(cell.text),
                    row_head=printable(cell.row_head),
                    column_heads=printable_values(cell.column_heads),
                    row_groups=printable_values(cell.row_groups),
                )
                for cell in table.cells
            ),
        )
        for table in document.tables
    )
    return replace(
        document,
        text=printable(document.text),
        sections=tuple(replace(section, title=printable(section.title)) for section in document.sections),
        tables=tables,
        metadata=printable_values(dict(document.metadata)),
        hidden=tuple(replace(piece, text=printable(piece.text)) for piece in document.hidden),
    )

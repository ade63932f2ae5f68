"""An XLSX workbook written row by row in little memory: text, numbers, booleans and links.

Written here and not with openpyxl, which takes 20 µs a cell: a minute for 10,000 records of the motor set. The format
is ECMA-376 Part 1, of which this is the least: cells with their text inside ("inlineStr"), one bold style for heads.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html import escape  # that of xml.sax.saxutils imports urllib, http.client and ssl
from typing import BinaryIO, NamedTuple

from dsx.errors import UsageError
from dsx.types import Json

MAX_ROWS, MAX_CHARACTERS = 1_048_576, 32_767
"""Of a sheet and of a cell, as Excel takes them."""
LONGEST_CACHED = 80
CUT = " … [cut: {length} characters]"
_unwritable = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
CONTENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
STYLES = (
    f'<styleSheet xmlns="{NAMESPACE}"><fonts count="3"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font>'
    '<font><u/><color rgb="FF0563C1"/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3">'
    '<xf/><xf fontId="1" applyFont="1"/><xf fontId="2" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Link(NamedTuple):
    """A cell that opens `target`. A formula, for a sheet takes only 65,530 links of the other kind."""

    target: str
    text: str


class Sheet:
    """A sheet that is being written, into a file without a name; several may be open at once."""

    def __init__(self, name: str, header: Sequence[str], widths: Sequence[int]) -> None:
        self.name, self.rows, self._width = name, 0, len(header)
        self.file = tempfile.TemporaryFile(prefix="dsx-")  # noqa: SIM115
        columns = "".join(f'<col min="{at}" max="{at}" width="{w}" customWidth="1"/>' for at, w in enumerate(widths, 1))
        self.file.write(
            f'{HEAD}<worksheet xmlns="{NAMESPACE}"><sheetViews><sheetView workbookViewId="0">'
            '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
            f"<cols>{columns}</cols><sheetData>".encode()
        )
        self._write("".join(_text(title, 1) for title in header))

    def append(self, row: Iterable[Json]) -> None:
        """UsageError where it has more rows than a sheet takes."""
        if self.rows == MAX_ROWS:
            raise UsageError(f"sheet {self.name!r}: more than {MAX_ROWS:,} rows; export to sqlite or parquet")
        self._write("".join(map(_cell, row)))

    def end(self) -> None:
        """No more rows come."""
        span = f"A1:{column_letters(self._width)}{self.rows}"
        self.file.write(f'</sheetData><autoFilter ref="{span}"/></worksheet>'.encode())

    def _write(self, cells: str) -> None:
        self.file.write(f"<row>{cells}</row>".encode())
        self.rows += 1


class Workbook:
    """A workbook and its sheets, whose first rows are bold and stay in view. A `with` block closes their files."""

    def __init__(self, creator: str) -> None:
        self._creator = creator
        self._sheets: list[Sheet] = []

    def __enter__(self) -> Workbook:
        return self

    def __exit__(self, *problem: object) -> None:
        for sheet in self._sheets:
            sheet.file.close()

    def sheet(self, name: str, header: Sequence[str], widths: Sequence[int]) -> Sheet:
        """A new sheet. widths: of the first columns, in characters."""
        self._sheets.append(Sheet(name, header, widths))
        return self._sheets[-1]

    def save(self, out: BinaryIO) -> None:
        """Writes the file; the sheets take no rows any more."""
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
            for number, sheet in enumerate(self._sheets, 1):
                sheet.end()
                sheet.file.seek(0)
                with package.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                    shutil.copyfileobj(sheet.file, part, 1 << 20)
            for name, xml in self._parts():
                with package.open(name, "w") as part:  # without the time: two exports of one run are equal
                    part.write((HEAD + xml).encode())

    def _parts(self) -> Iterator[tuple[str, str]]:
        """What holds the sheets together: (name in the package, XML)."""
        numbers = range(1, len(self._sheets) + 1)
        sheets = "".join(
            f'<sheet name="{escape(sheet.name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, sheet in enumerate(self._sheets, 1)
        )
        yield (
            "xl/workbook.xml",
            f'<workbook xmlns="{NAMESPACE}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></workbook>',
        )
        yield "xl/styles.xml", STYLES
        office = [(f"{OFFICE}/worksheet", f"worksheets/sheet{n}.xml") for n in numbers]
        yield "xl/_rels/workbook.xml.rels", _relations([*office, (f"{OFFICE}/styles", "styles.xml")])
        properties = f"{PACKAGE}/relationships/metadata/core-properties"
        document = (f"{OFFICE}/officeDocument", "xl/workbook.xml")
        yield "_rels/.rels", _relations([document, (properties, "docProps/core.xml")])
        yield (
            "docProps/core.xml",
            f'<cp:coreProperties xmlns:cp="{PACKAGE}/metadata/core-properties" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>{escape(self._creator, quote=False)}</dc:creator>'
            "</cp:coreProperties>",
        )
        kinds = [("/xl/workbook.xml", f"{CONTENT}.sheet.main+xml"), ("/xl/styles.xml", f"{CONTENT}.styles+xml")]
        kinds += [(f"/xl/worksheets/sheet{n}.xml", f"{CONTENT}.worksheet+xml") for n in numbers]
        kinds += [("/docProps/core.xml", "application/vnd.openxmlformats-package.core-properties+xml")]
        parts = "".join(f'<Override PartName="{part}" ContentType="{kind}"/>' for part, kind in kinds)
        relations = "application/vnd.openxmlformats-package.relationships+xml"
        yield (
            "[Content_Types].xml",
            f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType="{relations}"/>'
            f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>',
        )


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    parts = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{target}"/>' for n, (kind, target) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{parts}</Relationships>'


def column_letters(number: int) -> str:
    """1 → A, 27 → AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _cell(value: Json) -> str:
    if value is None:
        return "<c/>"
    if isinstance(value, str):
        return _text(value) if len(value) > LONGEST_CACHED else _cached_text(value)
    if isinstance(value, Link):
        return _link(value)
    return f'<c t="b"><v>{int(value)}</v></c>' if isinstance(value, bool) else f"<c><v>{value!r}</v></c>"


@lru_cache(maxsize=4096)
def _link(link: Link) -> str:
    formula = f'HYPERLINK("{_formula_text(link.target)}","{_formula_text(link.text)}")'
    return f'<c s="2" t="str"><f>{escape(formula, quote=False)}</f><v>{escape(link.text, quote=False)}</v></c>'


@lru_cache(maxsize=4096)
def _cached_text(text: str) -> str:
    """Names, labels and statuses come again in each row."""
    return _text(text)


def _text(text: str, style: int = 0) -> str:
    if len(text) > MAX_CHARACTERS:
        text = text[: MAX_CHARACTERS - 60] + CUT.format(length=len(text))
    if not text.isprintable():
        text = _unwritable.sub("�", text)
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(text, quote=False)}</t></is></c>'


def _formula_text(text: str) -> str:
    return _unwritable.sub("�", text).replace('"', '""')[:255]

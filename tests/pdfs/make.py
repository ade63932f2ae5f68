"""Synthetic PDFs with known truth: one function a kind of trouble, each writes a file and says what must be read in it.

python -m tests.pdfs.make FOLDER      writes them all, to be looked at
"""

from __future__ import annotations

import functools
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pymupdf

WIDTH, HEIGHT = 595.0, 842.0
BODY = 10.0
LEADING = 13.0
SENTENCES = (
    "Reaching movements were made with a light pen on a tablet.",
    "Every movement started from the same position in the middle.",
    "The cursor was turned about the start by a fixed angle.",
    "Feedback was shown at the end of the movement only.",
    "Rest breaks were given whenever somebody asked for one.",
    "The room was dark and the arm could not be seen.",
    "Trials that took longer than a second were repeated later.",
    "Angles are given with respect to the straight line.",
)


@dataclass(frozen=True)
class Truth:
    """What reading a file must give. has, lacks: literal pieces of the text; later_lack: what must not stand
    after the first page; kinds: sections, in order, among others; rows: of the first table."""

    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    later_lack: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    pages: int = 1


Maker = Callable[[Path], Truth]
MAKERS: dict[str, Maker] = {}


def kind(maker: Maker) -> Maker:
    MAKERS[maker.__name__.replace("_", "-")] = maker
    return maker


def words(count: int, seed: int) -> str:
    """A paragraph of so many sentences."""
    dice = random.Random(seed)
    return " ".join(dice.choice(SENTENCES) for _ in range(count))


def wrap(text: str, width: float, size: float = BODY, font: str = "helv") -> Iterator[str]:
    """Lines of at most `width` points."""
    line: list[str] = []
    used, space = 0.0, length(" ", font, size)
    for word in text.split():
        needed = length(word, font, size)
        if line and used + space + needed > width:
            yield " ".join(line)
            line, used = [], 0.0
        used += needed + (space if line else 0)
        line.append(word)
    yield " ".join(line)


@functools.cache
def length(word: str, font: str, size: float) -> float:
    """In points."""
    return float(pymupdf.get_text_length(word, font, size))


def column(
    page: pymupdf.Page, x: float, y: float, width: float, *blocks: str, size: float = BODY, leading: float = LEADING
) -> float:
    """Sets blocks of text below each other, "# " headings in bold; returns where the next one would stand."""
    for block in blocks:
        heading = block.startswith("# ")
        font, points = ("hebo", size + 2) if heading else ("helv", size)
        lines = list(wrap(block.removeprefix("# "), width, points, font))
        page.insert_text((x, y), lines, fontsize=points, fontname=font, lineheight=leading / points)
        y += leading * (len(lines) + 0.6)
    return y


def new() -> pymupdf.Document:
    return pymupdf.open()


def save(pdf: pymupdf.Document, path: Path, **options: object) -> None:
    pdf.save(path, garbage=3, deflate=True, no_new_id=True, **options)
    pdf.close()


@kind
def line_numbers(path: Path) -> Truth:
    """A manuscript whose lines are numbered through, beside sentences with numbers of their own."""
    pdf, number = new(), 0
    told = "We tested 42 people who were 23 years old."
    for sheet in range(4):
        page = pdf.new_page(width=WIDTH, height=HEIGHT)
        y = 80.0
        blocks = ["# Methods", told, words(9, 1)] if sheet == 1 else [words(12, sheet), words(8, sheet + 10)]
        blocks += ["# References", "Nobody, A. (1999). A paper about 37 people."] if sheet == 3 else []
        for block in blocks:
            bold = block.startswith("# ")
            for line in wrap(block.removeprefix("# "), 430):
                number += 1
                page.insert_text((44, y), str(number), fontsize=8)
                page.insert_text((80, y), line, fontsize=12 if bold else BODY, fontname="hebo" if bold else "helv")
                y += 26
    save(pdf, path)
    return Truth(has=(told, *SENTENCES), lacks=(" 12 ", " 33 ", " 61 "), kinds=("methods", "references"), pages=4)


@kind
def two_columns_with_floats(path: Path) -> Truth:
    """A figure's caption and a table stand between the two halves of a sentence; heads and page numbers run along."""
    pdf = new()
    first = "The rotation was switched on without warning in the first block and stayed for"
    last = "eighty trials before it was taken away again."
    for sheet in range(4):
        page = pdf.new_page(width=WIDTH, height=HEIGHT)
        page.insert_text((50, 36), "Journal of Invented Movement 12 (2024)", fontsize=8)
        page.insert_text((520, 36), "Author et al.", fontsize=8)
        page.insert_text((290, 815), str(411 + sheet), fontsize=8)
        left = ["# Introduction", words(14, 1)] if sheet == 0 else [words(15, sheet)]
        right = [words(14, sheet + 20)]
        if sheet == 1:
            left, right = ["# Methods", words(14, 2), first], [last, words(8, 3)]
        if sheet == 3:
            right = ["# References", "Somebody, B. (2001). Another paper. Journal, 3, 1-9."]
        column(page, 50, 80, 235, *left)
        if sheet == 1:
            page.draw_rect(pymupdf.Rect(310, 70, 545, 170))
            y = column(page, 310, 185, 235, "Figure 1. The apparatus, seen from above.", size=8, leading=10)
            column(page, 310, y + 10, 235, *right)
        else:
            column(page, 310, 80, 235, *right)
    save(pdf, path)
    return Truth(
        has=(f"{first} {last}", "Figure 1. The apparatus"),
        lacks=("412", "413"),
        later_lack=("Invented Movement", "Author et al."),
        kinds=("introduction", "methods", "references"),
        pages=4,
    )


@kind
def spaces_by_position(path: Path) -> Truth:
    """No space characters: words are parted by position alone."""
    pdf = new()
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    sentence, y = "Thirty people moved a cursor toward one of eight targets.", 80.0
    for line in wrap(f"{words(6, 1)} {sentence} {words(6, 2)}", 430):
        x = 80.0
        for word in line.split():
            page.insert_text((x, y), word, fontsize=BODY)
            x += pymupdf.get_text_length(word, "helv", BODY) + 2.6
        y += LEADING
    save(pdf, path)
    return Truth(has=(sentence, *SENTENCES[:2]))


@kind
def ligatures(path: Path) -> Truth:
    """Ligature glyphs and a soft hyphen."""
    pdf = new()
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    writer, font = pymupdf.TextWriter(page.rect), pymupdf.Font("tiro")
    writer.append(
        (80, 80), "The \ufb01rst \ufb02ash was di\ufb00erent; its e\ufb03ciency was 5\u00b0 \u2212 2\u00b0.", font, BODY
    )
    writer.write_text(page)
    save(pdf, path)
    return Truth(has=("The first flash was different; its efficiency was 5° − 2°.",), lacks=("\ufb01", "\ufb03"))


@kind
def hyphens(path: Path) -> Truth:
    """Words broken at line ends: one is a compound that the text writes with its hyphen elsewhere."""
    pdf = new()
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    lines = ("We study visuo-motor learning, and more of visuo-motor skill. The adap-", "tation was fast; the visuo-")
    for at, line in enumerate((*lines, "motor map was not.")):
        page.insert_text((80, 80 + at * LEADING), line, fontsize=BODY)
    save(pdf, path)
    return Truth(has=("The adaptation was fast; the visuo-motor map was not.",), lacks=("adap-", "visuomotor"))


@kind
def superscripts(path: Path) -> Truth:
    """The number of a citation behind a number, and a squared unit."""
    pdf = new()
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    column(page, 80, 80, 430, words(8, 4))
    page.insert_htmlbox(
        pymupdf.Rect(80, 200, 520, 300),
        '<p style="font-size:10pt;font-family:sans-serif">The angle was 45<sup>3</sup> in all groups of the study.</p>',
    )
    save(pdf, path)
    return Truth(has=("The angle was 45^3 in all groups",), lacks=("453",))


@kind
def rotated_table(path: Path) -> Truth:
    """A table on a page that is turned by 90 degrees."""
    pdf = new()
    column(pdf.new_page(width=WIDTH, height=HEIGHT), 80, 80, 430, "# Results", words(12, 5))
    page = pdf.new_page(width=HEIGHT, height=WIDTH)
    page.insert_text((80, 80), "Table 1. Means of the groups.", fontsize=9)
    rows = (("Group", "People", "Angle"), ("A", "12", "30.5"), ("B", "14", "28.1"), ("C", "13", "27.7"))
    for row, cells in enumerate(rows):
        for at, cell in enumerate(cells):
            page.insert_text((80 + 150 * at, 100 + 14 * row), cell, fontsize=9)
    page.set_rotation(90)
    save(pdf, path)
    return Truth(has=("Table 1. Means of the groups.",), kinds=("results",), rows=rows, pages=2)


@kind
def cover_sheet(path: Path) -> Truth:
    """A repository's sheet before the paper."""
    pdf = new()
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    column(
        page, 80, 120, 430, "This is a repository copy of a paper.", "Downloaded on 12 May 2023.", "Version: accepted"
    )
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    column(page, 80, 80, 430, "# Abstract", words(4, 6), "# Methods", words(9, 7), "# References", "Nobody, A. (1999).")
    save(pdf, path)
    return Truth(has=("This is a repository copy",), kinds=("abstract", "methods", "references"), pages=2)


@kind
def footnotes(path: Path) -> Truth:
    """A footnote stands at the foot of the page on which a sentence breaks off."""
    pdf = new()
    first, last = (
        "Half of the people were told about the rotation before the",
        "second session, and half were told nothing.",
    )
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    column(page, 80, 80, 430, "# Methods", words(14, 8), first)
    page.draw_line((80, 700), (200, 700))
    page.insert_text((80, 712), "1 Eleven of them had seen it before.", fontsize=7)
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    column(page, 80, 80, 430, last, words(14, 9))
    save(pdf, path)
    return Truth(has=(f"{first} {last}", "Eleven of them had seen it before."), kinds=("methods",), pages=2)


@kind
def three_hundred_pages(path: Path) -> Truth:
    """A thesis."""
    pdf = new()
    for sheet in range(300):
        page = pdf.new_page(width=WIDTH, height=HEIGHT)
        page.insert_text((80, 40), "A thesis about nothing", fontsize=8)
        page.insert_text((290, 815), str(sheet + 1), fontsize=8)
        column(page, 80, 80, 430, words(20, sheet), words(20, sheet + 1000), f"Sheet number {sheet} ends here.")
    save(pdf, path)
    return Truth(has=("Sheet number 0 ends", "Sheet number 299 ends"), later_lack=("thesis about nothing",), pages=300)


@kind
def right_to_left(path: Path) -> Truth:
    """Hebrew between English."""
    pdf = new()
    page = pdf.new_page(width=WIDTH, height=HEIGHT)
    column(page, 80, 80, 430, words(4, 10))
    page.insert_htmlbox(pymupdf.Rect(80, 200, 520, 260), '<p dir="rtl" style="font-size:11pt">שלום עולם</p>')
    save(pdf, path)
    return Truth(has=(SENTENCES[0][:20], "שלום"))


@kind
def empty_password(path: Path) -> Truth:
    """Encrypted, but anybody may open it."""
    pdf = new()
    column(pdf.new_page(width=WIDTH, height=HEIGHT), 80, 80, 430, "# Methods", words(8, 11))
    save(pdf, path, encryption=pymupdf.PDF_ENCRYPT_AES_256, owner_pw="owner", user_pw="")
    return Truth(has=(SENTENCES[1],), kinds=("methods",))


@kind
def scanned(path: Path) -> Truth:
    """A page as a picture: rendered, slightly turned, with specks."""
    source = new()
    page = source.new_page(width=WIDTH, height=HEIGHT)
    column(page, 80, 80, 430, "# Methods", "Twenty people reached for a target.", words(8, 12), size=11, leading=15)
    turned = pymupdf.Matrix(200 / 72, 200 / 72).prerotate(0.5)
    picture = page.get_pixmap(matrix=turned, colorspace="gray", alpha=False)
    grey, dice = bytearray(picture.samples), random.Random(1)
    for _ in range(len(grey) // 400):
        grey[dice.randrange(len(grey))] = dice.randrange(256)
    pdf = new()
    sheet = pdf.new_page(width=WIDTH, height=HEIGHT)
    noisy = pymupdf.Pixmap(pymupdf.csGRAY, picture.width, picture.height, bytes(grey), False)
    sheet.insert_image(sheet.rect, pixmap=noisy)
    save(pdf, path)
    return Truth(has=("Twenty people reached for a target.",), kinds=("methods",))


def bomb(path: Path, depth: int = 24) -> None:
    """Form XObjects, each of which draws the next one ten times: 10^24 lines of text. No truth: it must only end."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /X 6 0 R >>"
        " /Font << /F 5 0 R >> >> >>",
        _stream("", "/X Do"),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for level in range(depth):
        number = 6 + level
        resources = f"/Resources << /XObject << /X {number + 1} 0 R >> /Font << /F 5 0 R >> >>"
        drawn = "/X Do " * 10 if level + 1 < depth else "BT /F 12 Tf 72 720 Td (boom) Tj ET"
        objects.append(_stream(f"/Type /XObject /Subtype /Form /BBox [0 0 595 842] {resources}", drawn))
    _write(path, objects)


def nested(path: Path, depth: int = 200_000) -> None:
    """Arrays within arrays. No truth: it must only end."""
    deep = "[" * depth + "]" * depth
    _write(path, ["<< /Type /Catalog /Pages 2 0 R /Deep 3 0 R >>", "<< /Type /Pages /Kids [] /Count 0 >>", deep])


def _stream(entries: str, content: str) -> str:
    return f"<< {entries} /Length {len(content)} >>\nstream\n{content}\nendstream"


def _write(path: Path, objects: list[str]) -> None:
    body, offsets = "%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        offsets.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    start = len(body)
    body += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n"
    body += "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    body += f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    path.write_bytes(body.encode("latin-1"))


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, maker in MAKERS.items():
        maker(folder / f"{name}.pdf")
    bomb(folder / "bomb.pdf")
    nested(folder / "nested.pdf")

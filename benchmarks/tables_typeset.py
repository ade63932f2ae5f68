"""Tables whose truth is known, set by two typesetters (Typst, ReportLab) in the looks of ten publishers.

python benchmarks/tables_typeset.py FOLDER       writes the PDFs, to be looked at
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

Row = tuple[str, ...]
PROSE = (
    "Reaching movements were known with a light pen on a tablet that stood in front of the participant. "
    "Every movement started from the same position in the middle, and the cursor was turned about it. "
    "Feedback was shown at the end of the movement only, so that it came too late for a correction. "
    "Rest breaks were given whenever somebody asked for one, and the room was dark all the time. "
)


@dataclass(frozen=True)
class KnownTable:
    """A table. spans: heads over several columns, as (first, last, text); heads: one a column, the stub's first; rows:
    a row of one cell is a heading within the table; wide: it needs the page's width."""

    name: str
    heads: Row
    rows: tuple[Row, ...]
    spans: tuple[tuple[int, int, str], ...] = ()
    wide: bool = False
    widths: tuple[float, ...] = ()

    def truth(self) -> Iterator[tuple[str, dict[tuple[str, ...], str]]]:
        """(label, heads of the column → cell) of each row that has cells."""
        for row in self.rows:
            if len(row) > 1:
                yield row[0], {self.above(at): cell for at, cell in enumerate(row) if at and cell}

    def groups(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """(label, head of its group) of each row that has cells."""
        head: tuple[str, ...] = ()
        for row in self.rows:
            head = row if len(row) == 1 else head
            if len(row) > 1:
                yield row[0], head

    def above(self, column: int) -> tuple[str, ...]:
        over = [text for first, last, text in self.spans if first <= column <= last]
        return (*over, self.heads[column])


def tables(seed: int = 17) -> list[KnownTable]:
    dice = random.Random(seed)

    def mean(low: float, high: float) -> str:
        return f"{dice.uniform(low, high):.1f} ± {dice.uniform(0.5, 6):.1f}"

    def number(low: float, high: float, digits: int = 2) -> str:
        return f"{dice.uniform(low, high):.{digits}f}"

    groups = ("Abrupt", "Gradual", "Control")
    measures = ("Participants", "Women", "Age (years)", "Rotation (deg)", "Reaction time (ms)", "Handedness score")
    plain = tuple((name, *(mean(5, 90) for _ in groups)) for name in measures)
    counts = tuple(
        (name, *(f"{dice.randrange(2, 60)} ({dice.uniform(3, 60):.1f})" for _ in range(3))) for name in measures
    )
    six = ("n", "Mean", "SD", "n", "Mean", "SD")
    spans = ((1, 3, "Abrupt group"), (4, 6, "Gradual group"))
    doubled = tuple(
        (f"Block {at}", *(str(dice.randrange(10, 40)) if column % 3 == 0 else number(1, 50) for column in range(6)))
        for at in range(1, 8)
    )
    holes = tuple(
        (name, *("" if dice.random() < 0.35 else number(0, 40, 1) for _ in range(4)))
        for name in ("Left out", "Late starts", "Wrong target", "Too slow", "Lost signal", "Repeated")
    )
    holes = tuple(row if any(row[1:]) else (row[0], "3.4", "", "", "1.2") for row in holes)
    studies = tuple(
        (
            f"{who} ({dice.randrange(1991, 2024)})",
            str(dice.randrange(8, 80)),
            task,
            f"{dice.choice((15, 30, 45, 60))}°",
            told,
        )
        for who, task, told in (
            (
                "Ash and Birch",
                "Reaching with a rotated cursor to one of eight targets",
                "Aim was reported before every reach",
            ),
            ("Cedar", "Pointing under prism goggles", "None"),
            ("Elm et al.", "Walking on a belt whose two halves run at unequal speeds", "Told once, at the start"),
            ("Fir", "Throwing darts while a fan blows", "Not told"),
            ("Hazel and Larch", "Steering a cursor along a curved path", "Shown a picture of the task beforehand"),
        )
    )
    labels = tuple(
        (name, *(number(0, 9) for _ in range(3)))
        for name in (
            "Time from the signal to the first movement of the hand (s)",
            "Path length",
            "Share of reaches that ended outside of the target (%)",
            "Peak speed",
            "Angle between the line to the target and the hand at peak speed (deg)",
        )
    )
    sections: tuple[Row, ...] = ()
    for title in ("Experiment 1", "Experiment 2", "Experiment 3"):
        sections += ((title,), *((name, *(mean(2, 60) for _ in range(3))) for name in ("Early", "Late", "Washout")))
    matrix = tuple(
        (f"{at}. {name}", *(number(-0.8, 0.9) if column < at - 1 else "" for column in range(4)))
        for at, name in enumerate(("Aim", "Hand", "Speed", "Time", "Force"), 1)
        if at > 1
    )
    subjects = tuple((str(at), *(str(dice.randrange(1, 99)) for _ in range(5))) for at in range(1, 11))
    regression = tuple(
        (name, *(f"{number(-2, 2)} ({number(0, 1)})" for _ in range(3)))
        for name in ("Constant", "Dose", "Age", "Dose × age")
    )
    tests = tuple(
        (name, number(0.1, 30), f"1, {dice.randrange(18, 90)}", dice.choice(("< 0.001", "0.04", "0.31")), number(0, 1))
        for name in ("Group", "Block", "Target", "Group × block", "Group × target")
    )
    years = tuple(
        (name, *(str(dice.randrange(100, 9000)) for _ in range(3))) for name in ("Norway", "Chad", "Peru", "Fiji")
    )
    units = tuple((name, *(f"{dice.uniform(1, 90):.2f}{mark}" for mark in ("", "*", "†"))) for name in "ABCDEF")
    kinds = tuple(
        (name, *row)
        for name, row in zip(
            "ABC", (("Tin", "Wood", "Red"), ("Steel", "Horn", "Blue"), ("Brass", "None", "Green")), strict=True
        )
    )
    three = tuple((f"Kettle {at}", *(number(1, 9, 1) for _ in range(6))) for at in range(1, 6))
    thirds = ((1, 2, "First week"), (3, 4, "Second week"), (5, 6, "Third week"))
    return [
        KnownTable("plain", ("Measure", *groups), plain),
        KnownTable("counts", ("Characteristic", "Abrupt (n = 24)", "Gradual (n = 26)", "All"), counts),
        KnownTable("spans", ("Phase", *six), doubled, spans, wide=True),
        KnownTable("holes", ("Reason", "First", "Second", "Third", "Fourth"), holes),
        KnownTable(
            "studies", ("Study", "N", "Task", "Angle", "Instruction"), studies, wide=True, widths=(2, 0.7, 3, 0.9, 2.5)
        ),
        KnownTable("labels", ("Measure", *groups), labels, widths=(2.2, 1, 1, 1)),
        KnownTable("sections", ("Phase", "Hand (deg)", "Aim (deg)", "Implicit (deg)"), sections),
        KnownTable("matrix", ("Variable", "1", "2", "3", "4"), matrix),
        KnownTable("subjects", ("Subject", "Trials", "Age", "Score", "Errors", "Days"), subjects),
        KnownTable("regression", ("Term", "Model 1", "Model 2", "Model 3"), regression),
        KnownTable("tests", ("Effect", "F", "df", "p", "Partial η²"), tests),
        KnownTable("years", ("Country", "1990", "2000", "2010"), years),
        KnownTable("units", ("Kettle", "Mass (kg)", "Heat (°C)", "Time (min)"), units),
        KnownTable("words", ("Kettle", "Metal", "Handle", "Colour"), kinds),
        KnownTable("three", ("Kettle", *("Low", "High") * 3), three, thirds, wide=True),
        KnownTable(
            "long heads",
            ("Group", "Mean angle at the end of training (deg)", "Share of explicit learning (%)", "Number of trials"),
            tuple(
                (name, number(10, 40, 1), number(20, 80, 1), str(dice.randrange(40, 400))) for name in (*groups, "Sham")
            ),
        ),
    ]


@dataclass(frozen=True)
class Look:
    """How a publisher sets a table. rules: booktabs, head, grid, rows, none; align: of the columns after the stub."""

    name: str
    columns: int = 1
    label: str = "Table {}. "
    below: bool = False
    centred: bool = False
    rules: str = "booktabs"
    align: str = "center"
    size: float = 9
    gap: float = 6
    own_line: bool = False
    font: int = 0
    heads: tuple[str, ...] = field(default=())


LOOKS = (
    Look("two columns, booktabs", columns=2, size=8, gap=4),
    Look("wide margin, head rules", rules="head", align="left", label="Table {}  ", gap=8),
    Look("grid, caption below", rules="grid", below=True, label="Table {}: "),
    Look("centred caption", centred=True, label="TABLE {}. ", align="right", gap=9),
    Look("manuscript, label alone", own_line=True, rules="head", align="left", size=11, gap=10),
    Look("rules between rows", rules="rows", align="left", size=8, label="Table {} | "),
    Look("no rules", rules="none", align="left", gap=12),
    Look("small, two columns, left", columns=2, size=7, align="left", gap=5, font=1),
    Look("no rules, centred", rules="none", centred=True, align="center", gap=10, font=1),
    Look("caption below, booktabs", below=True, align="right", gap=8, font=1),
)


def caption_of(known: KnownTable, look: Look) -> tuple[str, str]:
    """Label and title."""
    return look.label.format(1), f"Values of the {known.name} table, by group of the study."


# ---- Typst ----


def escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "#*_`$<>@[]\\~=-+/" else letter for letter in text)


def typst_source(known: KnownTable, look: Look) -> str:
    width = len(known.heads)
    stroke = {"grid": "0.5pt", "rows": "(x, y) => (bottom: 0.4pt, top: if y == 0 { 0.8pt } else { 0pt })"}.get(
        look.rules, "none"
    )
    widths = ", ".join(f"{share}fr" for share in known.widths) if known.widths else ", ".join(["auto"] * width)
    cells: list[str] = []
    if look.rules in ("booktabs", "head"):
        cells.append("table.hline(stroke: 0.8pt)")
    if known.spans:
        at = 0
        for first, last, text in known.spans:
            cells += ["[]"] * (first - at)
            cells.append(f"table.cell(colspan: {last - first + 1}, align: center)[{escaped(text)}]")
            at = last + 1
        cells += ["[]"] * (width - at)
        if look.rules in ("booktabs", "head"):
            cells += [f"table.hline(start: {first}, end: {last + 1}, stroke: 0.4pt)" for first, last, _ in known.spans]
    cells += [f"[{'*' if look.font else ''}{escaped(head)}{'*' if look.font else ''}]" for head in known.heads]
    if look.rules in ("booktabs", "head"):
        cells.append("table.hline(stroke: 0.5pt)")
    for row in known.rows:
        if len(row) == 1:
            cells.append(f"table.cell(colspan: {width}, align: left)[_{escaped(row[0])}_]")
        else:
            cells += [f"[{escaped(cell)}]" for cell in row]
    if look.rules in ("booktabs", "head"):
        cells.append("table.hline(stroke: 0.8pt)")
    label, title = caption_of(known, look)
    head = f"#strong[{escaped(label)}]" + (" \\\n" if look.own_line else "") + escaped(title)
    aligned = f"align(center)[{head}]" if look.centred else f"[{head}]"
    caption = (
        f"#block(width: 100%, below: 0.6em, above: 0.6em)[#{aligned}]"
        if look.centred
        else f"#block(below: 0.6em, above: 0.6em)[{head}]"
    )
    table = (
        f"#table(columns: ({widths}), stroke: {stroke}, inset: (x: {look.gap / 2}pt, y: 2.5pt), "
        f"align: (x, y) => if x == 0 {{ left }} else {{ {look.align} }},\n  " + ",\n  ".join(cells) + ")"
    )
    body = f"{table}\n{caption}" if look.below else f"{caption}\n{table}"
    font = ("Libertinus Serif", "New Computer Modern")[look.font]
    text = escaped(PROSE * 2)
    block = f"#text(size: {look.size}pt)[\n{body}\n]"
    columns = ", columns: 2" if look.columns == 2 else ""
    setup = f'#set page(width: 595pt, height: 842pt, margin: 55pt{columns})\n#set text(font: "{font}", size: 10pt)\n'
    setup += "#set par(justify: true)\n"
    if look.columns == 2 and known.wide:
        float_ = f'#place(top, scope: "parent", float: true)[{block}]'
        return f"{setup}= Results\n{text}\n{float_}\n{text}\n\n{text}\n\n{text}\n= Discussion\n{text}"
    return f"{setup}= Results\n{text}\n\n{block}\n\n{text}\n\n{text}\n= Discussion\n{text}\n\n{text}"


def by_typst(known: KnownTable, look: Look, path: Path) -> None:
    import typst

    typst.compile(typst_source(known, look).encode(), output=str(path))


# ---- ReportLab ----


def by_reportlab(known: KnownTable, look: Look, path: Path) -> None:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import BaseDocTemplate, Frame, PageTemplate, Paragraph, Spacer, Table

    face = ("Times-Roman", "Helvetica")[look.font]
    bold = ("Times-Bold", "Helvetica-Bold")[look.font]
    body = ParagraphStyle("body", fontName=face, fontSize=10, leading=12, alignment=4)
    small = ParagraphStyle("small", fontName=face, fontSize=look.size, leading=look.size * 1.2)
    caption = ParagraphStyle("caption", parent=small, alignment=1 if look.centred else 0, spaceAfter=4, spaceBefore=6)
    label, title = caption_of(known, look)
    told = f"<font name='{bold}'>{label}</font>{'<br/>' if look.own_line else ''}{title}"
    one = (595 - 110 - 20) / 2 if look.columns == 2 else 485
    grid, styles = _reportlab_grid(
        known, look, one if not (known.wide and look.columns == 2) else 485, small, face, bold
    )
    table = Table(grid[0], colWidths=grid[1], style=styles, hAlign="CENTER" if look.centred else "LEFT")
    parts: list[Any] = [Paragraph(told, caption), table, Spacer(1, 8)]
    if look.below:
        parts = [table, Paragraph(told, caption), Spacer(1, 8)]
    heading = ParagraphStyle("heading", fontName=bold, fontSize=12, leading=16, spaceBefore=6)
    text = [Paragraph(PROSE * 2, body), Spacer(1, 6)]
    story = [Paragraph("Results", heading), *text, *parts, *text, *text, Paragraph("Discussion", heading), *text, *text]
    if look.columns == 2 and not known.wide:
        frames = [Frame(55 + at * (one + 20), 55, one, 732, 0, 0, 0, 0) for at in range(2)]
    else:
        frames = [Frame(55, 55, 485, 732, 0, 0, 0, 0)]
    document = BaseDocTemplate(str(path), pagesize=(595, 842))
    document.addPageTemplates([PageTemplate(frames=frames)])
    document.build(story)


def _reportlab_grid(
    known: KnownTable, look: Look, room: float, small: Any, face: str, bold: str
) -> tuple[Any, list[Any]]:
    from reportlab.pdfbase.pdfmetrics import stringWidth
    from reportlab.platypus import Paragraph

    pad = look.gap / 2
    rows: list[list[Any]] = []
    if known.spans:
        line = [""] * len(known.heads)
        for first, _, text in known.spans:
            line[first] = text
        rows.append(line)
    count = len(rows) + 1
    rows.append(list(known.heads))
    rows += [[*row, *[""] * (len(known.heads) - len(row))] for row in known.rows]
    widths = [
        max(
            stringWidth(row[at], bold if index < count else face, look.size)
            for index, row in enumerate(rows)
            if not (index == 0 and known.spans)
        )
        + 2 * pad
        + 1
        for at in range(len(known.heads))
    ]
    if known.widths:
        widths = [room * share / sum(known.widths) for share in known.widths]
    while sum(widths) > room:
        at = widths.index(max(widths))
        widths[at] *= 0.9
    for row in rows:
        for at, text in enumerate(row):
            if stringWidth(text, bold, look.size) > widths[at] - 2 * pad and not (row is rows[0] and known.spans):
                row[at] = Paragraph(text.replace("<", "&lt;"), small)
    styles: list[Any] = [
        ("FONT", (0, 0), (-1, -1), face, look.size, look.size * 1.2),
        ("FONT", (0, 0), (-1, count - 1), bold if look.font else face, look.size, look.size * 1.2),
        ("LEFTPADDING", (0, 0), (-1, -1), pad),
        ("RIGHTPADDING", (0, 0), (-1, -1), pad),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
        ("ALIGN", (1, 0), (-1, -1), look.align.upper()),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    styles += [
        command
        for first, last, _ in known.spans
        for command in (("SPAN", (first, 0), (last, 0)), ("ALIGN", (first, 0), (last, 0), "CENTER"))
    ]
    styles += [("SPAN", (0, at), (-1, at)) for at, row in enumerate(known.rows, count) if len(row) == 1]
    if look.rules == "grid":
        styles.append(("GRID", (0, 0), (-1, -1), 0.5, (0, 0, 0)))
    elif look.rules == "rows":
        styles += [("LINEBELOW", (0, 0), (-1, -1), 0.4, (0, 0, 0)), ("LINEABOVE", (0, 0), (-1, 0), 0.8, (0, 0, 0))]
    elif look.rules != "none":
        styles += [("LINEABOVE", (0, 0), (-1, 0), 0.8, (0, 0, 0)), ("LINEBELOW", (0, -1), (-1, -1), 0.8, (0, 0, 0))]
        styles += [("LINEBELOW", (0, count - 1), (-1, count - 1), 0.5, (0, 0, 0))]
        styles += [("LINEBELOW", (first, 0), (last, 0), 0.4, (0, 0, 0)) for first, last, _ in known.spans]
    return (rows, widths), styles


def random_looks(seed: int, count: int = 10) -> tuple[Look, ...]:
    """Looks that nobody chose: every choice of a publisher is drawn."""
    dice = random.Random(seed)
    labels = ("Table {}. ", "Table {}  ", "Table {}: ", "TABLE {}. ", "Table {} | ", "Table {} – ", "TABLE {}  ")
    return tuple(
        Look(
            f"look {at} of seed {seed}",
            columns=dice.choice((1, 1, 2)),
            label=dice.choice(labels),
            below=dice.random() < 0.25,
            centred=dice.random() < 0.4,
            rules=dice.choice(("booktabs", "head", "grid", "rows", "none")),
            align=dice.choice(("left", "center", "right")),
            size=dice.choice((7, 7.5, 8, 9, 10, 11)),
            gap=dice.choice((5, 6, 8, 10, 13)),
            own_line=dice.random() < 0.3,
            font=dice.randrange(2),
        )
        for at in range(count)
    )


def make_all(folder: Path, seed: int | None = None, every: int = 1) -> Iterator[tuple[Path, KnownTable]]:
    """Every table in every look, by each typesetter in turn: 160 files. seed: of other values and looks."""
    folder.mkdir(parents=True, exist_ok=True)
    looks = LOOKS if seed is None else random_looks(seed)
    known_tables = tables() if seed is None else tables(seed)
    for number, (known, look) in enumerate(product(known_tables, looks)):
        at, index = divmod(number, len(looks))
        if number % every:
            continue
        way = (by_typst, by_reportlab)[(at + index) % 2]
        prefix = "" if seed is None else f"{seed}-"
        path = folder / f"{prefix}{known.name.replace(' ', '_')}-{index}-{way.__name__[3:]}.pdf"
        if not path.exists():
            way(known, look, path)
        yield path, known


if __name__ == "__main__":
    print(sum(1 for _ in make_all(Path(sys.argv[1]))), "tables")

"""The evaluation for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TextIO

from dsx.evaluation.agreement import Agreement, as_rows
from dsx.evaluation.evaluate import Evaluation
from dsx.evaluation.page import confidence_line, headline, with_interval
from dsx.evaluation.score import ERRORS, Difference, Score
from dsx.terminal import console, printable_line

Table = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Column names and rows; the first column is text, the others figures."""


def show_evaluation(evaluation: Evaluation, out: TextIO) -> None:
    """Headline, a table of parameters, what may be accepted."""
    scores = evaluation.scores
    out.write(f"{headline(evaluation)}\n")
    for name in evaluation.missing:
        out.write(f"no results: {printable_line(name)}\n")
    rows = [_row(name, each) for name, each in scores.parameters.items() if each.judged]
    _print(
        ((("parameter", "right", *map(str, ERRORS), "P", "R", "F1 (95 %)")), [*rows, _row("all", scores.micro)]), out
    )
    out.write(f"{confidence_line(evaluation)}\n")
    if evaluation.reliability.count:
        accepted = [
            (
                f"{part.threshold:g}",
                *(str(part.count), f"{part.precision:.0%}", f"{part.coverage:.0%}"),
                *(f"{figure:.3f}" for figure in (kept.precision, kept.recall, kept.f1)),
            )
            for part in evaluation.reliability.accepted
            if (kept := evaluation.kept_from[part.threshold])
        ]
        _print((("confidence from", "values", "right", "of all values", "P", "R", "F1"), accepted), out)


def show_differences(differences: Mapping[str, Difference], out: TextIO) -> None:
    """All first, then the parameters that changed."""
    rows = [
        (
            name,
            f"{each.f1:+.3f}",
            "–" if each.interval is None else f"{each.interval[0]:+.3f} to {each.interval[1]:+.3f}",
            "–" if each.p_value is None else f"{each.p_value:.3f}",
        )
        for name, each in differences.items()
        if each.f1 or name in ("micro", "macro")
    ]
    _print((("F1", "difference", "95 % interval", "p"), rows), out)


def show_agreement(measured: Mapping[str, Agreement], out: TextIO) -> None:
    """All values, then parameters from the least agreement on."""
    rows = [
        (name, str(each.count), f"{each.share:.1%}" if each.count else "–", _figure(each.kappa), _figure(each.alpha))
        for name, each in as_rows(measured)
    ]
    _print((("parameter", "values", "equal", "kappa", "alpha"), rows), out)


def _row(name: str, score: Score) -> tuple[str, ...]:
    errors = (str((score.errors or {}).get(error, 0)) for error in ERRORS)
    return (name, str(score.right), *errors, f"{score.precision:.3f}", f"{score.recall:.3f}", with_interval(score))


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _print(content: Table, out: TextIO) -> None:
    from rich.box import SIMPLE
    from rich.table import Table as RichTable
    from rich.text import Text

    header, rows = content
    table = RichTable(box=SIMPLE, pad_edge=False)
    for at, name in enumerate(header):
        table.add_column(name, justify="right" if at else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable_line(cell)) for cell in row))
    console(out, width=140).print(table)

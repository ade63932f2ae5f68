"""The evaluation as one HTML file that takes nothing from elsewhere: tables, plots, every value that is not right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from dsx.evaluation.calibrate import Accepted
from dsx.evaluation.evaluate import Evaluation
from dsx.evaluation.judge import Judgement
from dsx.evaluation.score import ERRORS, Score
from dsx.evaluation.svg import f1_plot, reliability_plot
from dsx.report.cells import flat
from dsx.terminal import counted

LONGEST = 160
"""Characters of a value that a table shows."""
MARK = "<!doctype html>\n<!-- dsx eval -->"
"""How a report begins; only such files are overwritten."""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e6e8eb); --soft: light-dark(#5b6570, #9aa4ae);
  --line: light-dark(#d5dae0, #3a424b); --paper: light-dark(#fff, #15181c); --one: light-dark(#1f5fa8, #7db4f0);
  --two: light-dark(#a85a1f, #f0b27d); }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto;
  max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; }
.wide:not(.text) td { white-space: nowrap; }
.text td:nth-child(5), .text td:nth-child(6) { overflow-wrap: anywhere; min-width: 8rem; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th:first-child, td:first-child, .text td, .text th, caption { text-align: left; } caption { color: var(--soft); }
svg { max-width: 100%; height: auto; font: 11px system-ui, sans-serif; } svg text { fill: var(--ink); }
.middle { text-anchor: middle; } .end { text-anchor: end; } .frame { fill: none; stroke: var(--line); }
.ideal { stroke: var(--soft); stroke-dasharray: 4 4; } .interval { stroke: var(--ink); stroke-width: 1.5; }
.bar { fill: var(--one); opacity: .55; } polyline { fill: none; stroke-width: 1.5; }
polyline.part0 { stroke: var(--one); } circle.part0 { fill: var(--one); }
polyline.part1 { stroke: var(--two); } circle.part1 { fill: var(--two); }
"""


def to_html(evaluation: Evaluation) -> str:
    """The whole page."""
    scores = evaluation.scores
    used = [(name, each) for name, each in scores.parameters.items() if each.judged]
    body = [
        f"<h1>Evaluation of {escape(evaluation.run)}</h1>",
        f"<p>{escape(headline(evaluation))}</p>",
        "<h2>Parameters</h2>",
        f1_plot(used),
        _parameters(evaluation),
        "<h2>Confidence</h2>",
        f"<p>{escape(confidence_line(evaluation))}</p>",
        reliability_plot([("as stored", evaluation.reliability), ("calibrated", evaluation.calibrated)]),
        "<p>Blue: as stored. Orange: calibrated, each paper by the others.</p>",
        _accepted(evaluation),
        "<h2>What is not right</h2>",
        _errors(evaluation.all_judgements()),
    ]
    head = (
        f'{MARK}\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Evaluation of {escape(evaluation.run)}</title><style>{STYLE}</style></head><body>"
    )
    return head + "\n".join(body) + "</body></html>\n"


def is_report(path: Path) -> bool:
    """Whether it begins as our page does."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.read(len(MARK)) == MARK


def headline(evaluation: Evaluation) -> str:
    """The figures that come first, in one sentence each."""
    scores = evaluation.scores
    papers = f"{counted(len(evaluation.judgements), 'paper')} with gold"
    if evaluation.missing:
        papers += f", {len(evaluation.missing)} of them without results"
    quotes = scores.quotes
    known = quotes["right"] + quotes["elsewhere"]
    text = f"{papers}. Micro F1 {with_interval(scores.micro)}, macro F1 {scores.macro:.3f}."
    if known:
        text += f" Quotes of right values at the gold passage: {quotes['right'] / known:.0%} of {known}."
    return text


def confidence_line(evaluation: Evaluation) -> str:
    """Calibration in one sentence, and what may be accepted unseen."""
    stored, fitted = evaluation.reliability, evaluation.calibrated
    if not stored.count:
        return "No value has a confidence."
    accept = next(part for part in stored.accepted if part.threshold == 0.8)
    return (
        f"{counted(stored.count, 'value')} with a confidence: expected calibration error {stored.ece:.3f}, "
        f"{fitted.ece:.3f} once calibrated (each paper by curves of the others). "
        f"Accept from 0.8 on: {accept.precision:.0%} right, {accept.coverage:.0%} of values."
    )


def with_interval(score: Score) -> str:
    """F1, and its interval where it is known."""
    return f"{score.f1:.3f}" + (f" ({score.interval[0]:.3f} to {score.interval[1]:.3f})" if score.interval else "")


def _parameters(evaluation: Evaluation) -> str:
    header = ("parameter", "right", *map(str, ERRORS), "precision", "recall", "F1")
    rows = [_score_row(name, each) for name, each in evaluation.scores.parameters.items() if each.judged]
    return _table(header, [*rows, _score_row("all (micro)", evaluation.scores.micro)], "95 % intervals over papers")


def _score_row(name: str, score: Score) -> list[str]:
    errors = [str((score.errors or {}).get(error, 0)) for error in ERRORS]
    return [name, str(score.right), *errors, f"{score.precision:.3f}", f"{score.recall:.3f}", with_interval(score)]


def _accepted(evaluation: Evaluation) -> str:
    shares = ("values", "right", "share of values", "precision", "recall", "F1")
    header = ("confidence from", *shares, "calibrated: right", "share of values")
    rows = [
        [
            f"{stored.threshold:g}",
            str(stored.count),
            *_shares(stored),
            *_figures(evaluation.kept_from[stored.threshold]),
            *_shares(fitted),
        ]
        for stored, fitted in zip(evaluation.reliability.accepted, evaluation.calibrated.accepted, strict=True)
    ]
    return _table(header, rows, "What accepting all values from a confidence on gives, and leaving the others blank")


def _figures(score: Score) -> tuple[str, str, str]:
    return f"{score.precision:.3f}", f"{score.recall:.3f}", f"{score.f1:.3f}"


def _shares(accepted: Accepted) -> tuple[str, str]:
    return f"{accepted.precision:.1%}", f"{accepted.coverage:.1%}"


def _errors(judgements: Sequence[Judgement]) -> str:
    wrong = [each for each in judgements if each.verdict in ERRORS]
    header = ("paper", "record", "parameter", "verdict", "value", "gold", "confidence")
    rows = [
        [
            each.paper,
            each.record or each.gold_record or "",
            each.column,
            str(each.verdict),
            _short(flat(each.value)),
            _short(flat(each.gold)),
            "" if each.confidence is None or each.value is None else f"{each.confidence:.2f}",
        ]
        for each in wrong
    ]
    return _table(header, rows, counted(len(wrong), "value"), "text")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + " …"


def _table(header: Iterable[str], rows: Iterable[Sequence[str]], caption: str, kind: str = "") -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    table = f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide {kind}">{table}</div>'

"""Two plots as SVG, for a page that takes nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dsx.evaluation.calibrate import Reliability
from dsx.evaluation.score import Score
from dsx.terminal import counted

SIZE, MARGIN = 300, 36
BAR, GAP, NAMES, PLOT = 14, 8, 220, 360


def reliability_plot(parts: Sequence[tuple[str, Reliability]]) -> str:
    """Share right over confidence, a line for each part; the area of a dot is the number of values in its bin."""
    side = SIZE - 2 * MARGIN
    largest_bin = max((each.count for _, part in parts for each in part.bins), default=1)
    shapes = [
        f'<rect class="frame" x="{MARGIN}" y="{MARGIN}" width="{side}" height="{side}"/>',
        f'<line class="ideal" x1="{MARGIN}" y1="{MARGIN + side}" x2="{MARGIN + side}" y2="{MARGIN}"/>',
    ]
    for at in (0, 0.25, 0.5, 0.75, 1):
        shapes.append(f'<text class="middle" x="{MARGIN + side * at:.0f}" y="{SIZE - MARGIN + 16}">{at:g}</text>')
        shapes.append(f'<text class="end" x="{MARGIN - 6}" y="{MARGIN + side * (1 - at) + 4:.0f}">{at:g}</text>')
    for number, (_, part) in enumerate(parts):
        dots = [(MARGIN + side * each.confidence, MARGIN + side * (1 - each.accuracy), each) for each in part.bins]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in dots)
        shapes.append(f'<polyline class="part{number}" points="{way}"/>')
        for x, y, each in dots:
            title = f"{counted(each.count, 'value')}, confidence {each.confidence:.2f}, right {each.accuracy:.2f}"
            radius = 2 + 7 * (each.count / largest_bin) ** 0.5
            dot = f'<circle class="part{number}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            shapes.append(f"{dot}<title>{title}</title></circle>")
    shapes.append(f'<text class="middle" x="{SIZE / 2}" y="{SIZE - 4}">confidence</text>')
    shapes.append(
        f'<text class="middle" transform="rotate(-90 10 {SIZE / 2})" x="10" y="{SIZE / 2}">share right</text>'
    )
    return _svg(SIZE, SIZE, "Reliability diagram", shapes)


def f1_plot(parameters: Sequence[tuple[str, Score]]) -> str:
    """A bar of F1 for each parameter, with its interval."""
    height = len(parameters) * (BAR + GAP) + GAP
    shapes = []
    for at, (name, score) in enumerate(parameters):
        top = GAP + at * (BAR + GAP)
        middle = top + BAR / 2
        title = f"{name}: F1 {score.f1:.3f}, {score.right} right of {score.judged} judged"
        shapes.append(f'<text class="end" x="{NAMES - 6}" y="{top + BAR - 3}">{escape(name)}</text>')
        shapes.append(
            f'<rect class="bar" x="{NAMES}" y="{top}" width="{PLOT * score.f1:.1f}" height="{BAR}">'
            f"<title>{escape(title)}</title></rect>"
        )
        if score.interval is not None:
            low, high = (NAMES + PLOT * end for end in score.interval)
            shapes.append(f'<line class="interval" x1="{low:.1f}" y1="{middle}" x2="{high:.1f}" y2="{middle}"/>')
        shapes.append(f'<text x="{NAMES + PLOT + 6}" y="{top + BAR - 3}">{score.f1:.2f}</text>')
    return _svg(NAMES + PLOT + 44, height, "F1 of each parameter", shapes)


def _svg(width: float, height: float, title: str, shapes: Sequence[str]) -> str:
    head = f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" aria-label="{title}">'
    return head + "".join(shapes) + "</svg>"

"""What a person sees of a run: a bar on a terminal, a line a paper elsewhere, a summary at the end; all on stderr."""

from __future__ import annotations

import html
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from dsx.terminal import console, counted, printable_line, say
from dsx.types import PaperResult, Status, Usage

UPDATE_SECONDS = 0.2


class Progress(Protocol):
    """Told of a run as it goes."""

    def paper_begins(self, file: str) -> None:
        """A paper is being read."""

    def answered(self, usage: Usage) -> None:
        """A question was answered."""

    def paper_ends(self, file: str, outcome: str) -> None:
        """A paper is done, failed or passed over; outcome: a few words."""


class Silence:
    """Says nothing: another process does."""

    def paper_begins(self, file: str) -> None:
        """Nothing."""

    def answered(self, usage: Usage) -> None:
        """Nothing."""

    def paper_ends(self, file: str, outcome: str) -> None:
        """Nothing."""


class Lines:
    """A line a paper."""

    def __init__(self, papers: int) -> None:
        self.papers, self.ended = papers, 0

    def paper_begins(self, file: str) -> None:
        """Says nothing."""

    def answered(self, usage: Usage) -> None:
        """Says nothing."""

    def paper_ends(self, file: str, outcome: str) -> None:
        """One line."""
        self.ended += 1
        say(f"[{self.ended}/{self.papers}] {file}: {outcome}", err=True)


class Bar:
    """A bar of papers: those in flight, their questions, and tokens a second since there is any in flight."""

    def __init__(self, papers: int, bar: Any) -> None:
        self.bar = bar
        self.task = bar.add_task("", total=papers, note="")
        self.in_flight, self.questions, self.tokens, self.began = list[str](), 0, 0, 0.0

    def paper_begins(self, file: str) -> None:
        """Names it."""
        if not self.in_flight:
            self.questions, self.tokens, self.began = 0, 0, time.perf_counter()
        self.in_flight.append(file)
        self._show("")

    def answered(self, usage: Usage) -> None:
        """Counts, and shows it."""
        self.questions += 1
        self.tokens += usage.tokens_sampled + usage.tokens_forced
        rate = self.tokens / max(time.perf_counter() - self.began, 1e-9)
        self._show(f"{counted(self.questions, 'question')}, {rate:.0f} tokens/s")

    def paper_ends(self, file: str, outcome: str) -> None:
        """One line above the bar, and a step of it."""
        if file in self.in_flight:
            self.in_flight.remove(file)
        self.bar.print(printable_line(f"{file}: {outcome}"))
        self.bar.advance(self.task)

    def _show(self, note: str) -> None:
        others = f" and {len(self.in_flight) - 1} more" if len(self.in_flight) > 1 else ""
        self.bar.update(self.task, description=printable_line("".join(self.in_flight[:1]))[:40] + others, note=note)


class NotebookBar:
    """What `Bar` draws on in a notebook: HTML that is updated in place, at most every UPDATE_SECONDS."""

    def __init__(self) -> None:
        self._total, self._ended, self._text, self._outcome, self._drawn = 0, 0, "", "", 0.0
        self._handle: Any = None

    def add_task(self, description: str, total: int, note: str) -> int:
        """Shows the bar."""
        from IPython.display import HTML, display

        self._total = total
        self._handle = display(HTML(self._html()), display_id=True)
        return 0

    def update(self, task: int, description: str, note: str) -> None:
        """The paper in work, and how it goes."""
        self._text = f"{description} {note}".strip()
        if time.monotonic() - self._drawn > UPDATE_SECONDS:
            self._draw()

    def print(self, text: str) -> None:
        """What became of a paper."""
        self._outcome = text

    def advance(self, task: int) -> None:
        """A paper has ended."""
        self._ended += 1
        self._text = "" if self._ended == self._total else self._text
        self._draw()

    def _draw(self) -> None:
        from IPython.display import HTML

        self._handle.update(HTML(self._html()))
        self._drawn = time.monotonic()

    def _html(self) -> str:
        lines = "<br>".join(html.escape(line) for line in (self._text, self._outcome) if line)
        bar = f'<progress max="{self._total}" value="{self._ended}"></progress>'
        return f"{bar} {self._ended}/{self._total} papers<br>{lines}"


def _in_notebook() -> bool:
    """Whether a kernel of Jupyter runs this code."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


@contextmanager
def show_progress(papers: int) -> Iterator[Progress]:
    """A bar in a notebook and where stderr is a terminal, lines elsewhere."""
    if _in_notebook():
        yield Bar(papers, NotebookBar())
        return
    if not sys.stderr.isatty():
        yield Lines(papers)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    names, note = TextColumn("{task.description}", markup=False), TextColumn("{task.fields[note]}", markup=False)
    columns = (names, BarColumn(), MofNCompleteColumn(), note, TimeRemainingColumn())
    with RichProgress(*columns, console=console(sys.stderr)) as bar:
        yield Bar(papers, bar)


def tally(result: PaperResult) -> str:
    """A paper's result in a few words: records, values, not reported, failed."""
    values = [value for record in result.records for value in record.values.values()]
    absent = sum(value.status is Status.NOT_REPORTED for value in values)
    failed = sum(value.status is Status.FAILED for value in values)
    parts = [
        counted(max(len(result.records) - 1, 0), "record"),
        counted(len(values) - absent - failed, "value"),
        f"{absent} not reported",
    ]
    if failed:
        parts.append(f"{failed} failed")
    return ", ".join(parts)

"""What a person sees of a run: a bar on a terminal, a line a paper elsewhere, a summary at the end; all on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from dsx.types import Json, PaperResult, Status


class Progress(Protocol):
    """Told of a run as it goes."""

    def paper_begins(self, file: str) -> None:
        """A paper is being read."""

    def question(self, event: Mapping[str, Json]) -> None:
        """A question was answered; the event is the log's."""

    def paper_ends(self, file: str, outcome: str) -> None:
        """A paper is done, failed or passed over; outcome: a few words."""


class Lines:
    """A line a paper."""

    def __init__(self, papers: int) -> None:
        self.papers, self.ended, self.asked, self.tokens = papers, 0, 0, 0

    def paper_begins(self, file: str) -> None:
        """Says nothing."""
        self.asked = self.tokens = 0

    def question(self, event: Mapping[str, Json]) -> None:
        """Counts."""
        self.asked += 1
        self.tokens += int(event.get("tokens_sampled", 0)) + int(event.get("tokens_forced", 0))

    def paper_ends(self, file: str, outcome: str) -> None:
        """One line."""
        self.ended += 1
        print(f"[{self.ended}/{self.papers}] {file}: {outcome}", file=sys.stderr, flush=True)


class Bar(Lines):
    """A bar of papers, with the questions and tokens a second of the one in work."""

    def __init__(self, papers: int, bar: Any) -> None:
        super().__init__(papers)
        self.bar = bar
        self.task = bar.add_task("", total=papers, note="")
        self.began = time.perf_counter()

    def paper_begins(self, file: str) -> None:
        """Names the paper."""
        super().paper_begins(file)
        self.began = time.perf_counter()
        self.bar.update(self.task, description=file[:40], note="")

    def question(self, event: Mapping[str, Json]) -> None:
        """Counts, and shows it."""
        super().question(event)
        rate = self.tokens / max(time.perf_counter() - self.began, 1e-9)
        self.bar.update(self.task, note=f"{self.asked} questions, {rate:.0f} tokens/s")

    def paper_ends(self, file: str, outcome: str) -> None:
        """One line above the bar, and a step of it."""
        self.ended += 1
        self.bar.print(f"{file}: {outcome}", highlight=False)
        self.bar.advance(self.task)


@contextmanager
def show_progress(papers: int) -> Iterator[Progress]:
    """A bar where stderr is a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        yield Lines(papers)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[note]}"))
    with RichProgress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bar:
        yield Bar(papers, bar)


def tally(result: PaperResult) -> str:
    """A paper's result in a few words: records, values, not reported, failed."""
    values = [value for record in result.records for value in record.values.values()]
    absent = sum(value.status is Status.NOT_REPORTED for value in values)
    failed = sum(value.status is Status.FAILED for value in values)
    records = max(len(result.records) - 1, 0)
    parts = [
        f"{records} record{'s' * (records != 1)}",
        f"{len(values) - absent - failed} values",
        f"{absent} not reported",
    ]
    if failed:
        parts.append(f"{failed} failed")
    return ", ".join(parts)

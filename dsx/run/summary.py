"""What became of the papers of one call: the last lines printed, and the exit code."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dsx.errors import MAY_PASS, DsxError
from dsx.load import file_name
from dsx.terminal import counted, printable_line
from dsx.types import PaperResult, Status

INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


@dataclass(slots=True)
class RunSummary:
    """Counts of papers and values. failed, crashed: why; duplicates: of what; each by the name it is shown under.

    crashed: where dsx or a plugin fell over; nothing is stored of these. trouble: the machine's, that ended the run.
    elsewhere: papers that other processes are at; left_to_others: and it is theirs to end them.
    documents: the papers that could be read, by document. replaced: see `history.replaced`.
    failed_values: those without an answer; engine_failed: papers in which the engine failed on one.
    """

    done: int = 0
    resumed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    crashed: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    documents: dict[str, Path] = field(default_factory=dict)
    replaced: dict[str, Path] = field(default_factory=dict)
    left: int = 0
    elsewhere: int = 0
    left_to_others: bool = False
    stopped: str | None = None
    trouble: DsxError | None = None
    values: int = 0
    not_reported: int = 0
    truncated: int = 0
    failed_values: int = 0
    engine_failed: int = 0
    seconds: float = 0.0

    def count(self, result: PaperResult, seconds: float | None) -> None:
        """Adds a paper. seconds: None where it was done earlier."""
        values = [value for record in result.records for value in record.values.values()]
        self.failed_values += sum(value.status is Status.FAILED for value in values)
        self.engine_failed += any(flag.kind == "error" for value in values for flag in value.flags)
        if seconds is None:
            self.resumed += 1
            return
        self.done += 1
        self.values += len(values)
        self.not_reported += sum(value.status is Status.NOT_REPORTED for value in values)
        self.truncated += sum(flag.kind == "truncated" for value in values for flag in value.flags)
        self.seconds += seconds

    @property
    def ended(self) -> int:
        """Papers about which nothing more is to be done in this call."""
        return self.done + self.resumed + len(self.failed) + len(self.crashed) + len(self.duplicates)

    @property
    def exit_code(self) -> int:
        """0: all papers are done; 1: some failed, or the engine failed on values; 75: not all ended, run it again."""
        if self.trouble is not None:
            return self.trouble.exit_code
        if self.stopped == "SIGINT":
            return INTERRUPTED
        if self.left or (self.elsewhere and not self.left_to_others):
            return MAY_PASS
        return int(bool(self.failed or self.crashed or self.engine_failed))

    def lines(self) -> list[str]:
        """For a person."""
        counts = {"done": self.done, "done earlier": self.resumed, "failed": len(self.failed)}
        counts |= {"not done for an error in the program": len(self.crashed), "left": self.left}
        first = ", ".join(f"{count} {what}" for what, count in counts.items() if count or what == "done")
        if self.elsewhere:
            first += f", {self.elsewhere} in work in other processes"
        if self.stopped:
            first += f"; stopped by {self.stopped}, the same command goes on"
        lines = [first]
        if self.done:
            share = f"{self.not_reported / max(self.values, 1):.0%} of {counted(self.values, 'value')} not reported"
            lines.append(f"{share}, {self.truncated} truncated, {self.seconds / self.done:.1f} s a paper")
        if self.failed_values:
            papers = counted(self.engine_failed, "paper")
            by_engine = f", by the engine in {papers}: dsx runs retry --values RUN, then the same command"
            lines.append(f"{counted(self.failed_values, 'value')} failed{by_engine if self.engine_failed else ''}")
        lines += [f"{name}: the same content as {other}, done once" for name, other in self.duplicates.items()]
        lines += [
            f"{name} has changed: the result of what it was stays in the run and in exports; to leave it out delete "
            f"{stored}"
            for name, stored in self.replaced.items()
        ]
        lines += [f"failed: {name}: {reason}" for name, reason in self.failed.items()]
        lines += [f"error in the program at {name}: {reason}" for name, reason in self.crashed.items()]
        return [*map(printable_line, lines)]


def next_steps(summary: RunSummary, run: Path) -> list[str]:
    """What to type after a run, for a person."""
    name, table = (shlex.quote(printable_line(each)) for each in (str(run), f"{run.name}.xlsx"))
    steps = []
    if summary.elsewhere and not summary.left_to_others:
        papers = counted(summary.elsewhere, "paper is", "papers are")
        steps.append(f"{papers} not done: the same command, when the other processes have ended")
    if summary.stopped or summary.left:
        steps.append("to go on: the same command; papers that are done are not done again")
    if summary.done or summary.resumed:
        steps += [f"to check the values: dsx review {name}", f"to get the table: dsx export {name} -o {table}"]
    return steps


def shown_names(papers: Iterable[Path]) -> dict[Path, str]:
    """What each paper is called on a screen: its name, or its path where several have one name."""
    names = Counter(path.name for path in set(papers))
    return {path: file_name(path) if names[path.name] == 1 else printable_line(str(path)) for path in papers}

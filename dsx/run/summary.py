"""What became of the papers of one call: the last lines printed, and the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field

from dsx.run.signals import EXIT_CODE
from dsx.types import PaperResult, Status


@dataclass(slots=True)
class RunSummary:
    """Counts of papers and values; failed, duplicates: by file name, why and of what."""

    done: int = 0
    resumed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    duplicates: dict[str, str] = field(default_factory=dict)
    left: int = 0
    elsewhere: int = 0
    stopped: str | None = None
    values: int = 0
    not_reported: int = 0
    truncated: int = 0
    seconds: float = 0.0

    def count(self, result: PaperResult, seconds: float) -> None:
        """Adds a paper that was done just now."""
        values = [value for record in result.records for value in record.values.values()]
        self.done += 1
        self.values += len(values)
        self.not_reported += sum(value.status is Status.NOT_REPORTED for value in values)
        self.truncated += sum(flag.kind == "truncated" for value in values for flag in value.flags)
        self.seconds += seconds

    @property
    def exit_code(self) -> int:
        """0: all papers are done; 1: some failed; 75: a signal stopped the run and the same command goes on."""
        return EXIT_CODE if self.left else int(bool(self.failed))

    def lines(self) -> list[str]:
        """For a person."""
        counts = [f"{self.done} done", f"{self.resumed} done earlier" if self.resumed else ""]
        counts += [f"{len(self.failed)} failed" if self.failed else "", f"{self.left} left" if self.left else ""]
        lines = [", ".join(part for part in counts if part)]
        if self.elsewhere:
            lines[0] += f", {self.elsewhere} in work in other processes"
        if self.stopped:
            lines[0] += f"; stopped by {self.stopped}, the same command goes on"
        if self.done:
            share = f"{self.not_reported / max(self.values, 1):.0%} of {self.values} values not reported"
            lines.append(f"{share}, {self.truncated} truncated, {self.seconds / self.done:.1f} s a paper")
        lines += [f"{file}: the same content as {other}, done once" for file, other in self.duplicates.items()]
        return lines + [f"failed: {file}: {reason}" for file, reason in self.failed.items()]

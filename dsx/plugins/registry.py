"""Named things of one kind with their owners, and what is said of a plugin, whose code may do anything."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from dsx.errors import DsxError, PluginError, UnknownName, one_line

T = TypeVar("T")

log = logging.getLogger("dsx")


@dataclass(slots=True)
class PluginReport:
    """What one plugin is, gives and lacks. problems: one line each; empty for a sound plugin."""

    name: str
    distribution: str
    version: str
    hooks: list[str] = field(default_factory=list)
    provides: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def note(self, problem: str) -> None:
        """Adds a problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def reason(self) -> str:
        """One line: whose plugin is broken, and why."""
        return f"plugin {self.name} of {self.distribution} {self.version} is broken: {self.problems[0]}"


@contextmanager
def reported(report: PluginReport, doing: str) -> Iterator[None]:
    """For calls of a stranger's code: whatever it raises, or that it exits, becomes a problem of its report."""
    try:
        yield
    except (Exception, SystemExit) as problem:
        report.note(f"{doing}: {one_line(problem)}")
    except KeyboardInterrupt:  # by a key, or raised by the plugin: that cannot be told
        where = f"{doing}, plugin {report.name} of {report.distribution} {report.version}"
        log.warning("interrupted in %s; if nobody did so, keep it out with DSX_PLUGINS", where)
        raise


@dataclass(frozen=True, slots=True)
class Provided(Generic[T]):
    """A registered thing and the plugin that gave it."""

    value: T
    owner: str


class Registry(Mapping[str, T]):
    """Named things of one kind. A miss lists the names that exist; a name given twice is nobody's.

    reports: all plugins' reports; a miss also says which plugins are broken, for one of them may have had the name.
    """

    def __init__(self, kind: str, reports: Sequence[PluginReport] = ()) -> None:
        self.kind = kind
        self.reports = reports
        self._entries: dict[str, Provided[T]] = {}
        self._clashes: dict[str, list[str]] = {}

    def add(self, name: str, value: T, owner: str) -> None:
        """Where the name is taken nobody has it; `tell` says so when all have given theirs."""
        if name in self._entries:
            self._clashes[name] = [self._entries.pop(name).owner]
        if name in self._clashes:
            self._clashes[name].append(owner)
        else:
            self._entries[name] = Provided(value, owner)

    def tell(self) -> None:
        """Writes into the plugins' reports what each gives, and which names are nobody's."""
        for report in self.reports:
            report.provides += [f"{self.kind} {name}" for name in self if self.owner(name) == report.name]
            for name, owners in self._clashes.items():
                if report.name in owners:
                    report.note(self._clash(name))

    def __getitem__(self, name: str) -> T:
        if name in self._clashes:
            raise PluginError(self._clash(name))
        try:
            return self._entries[name].value
        except KeyError:
            broken = [report.reason() for report in self.reports if report.problems]
            raise UnknownName(self.kind, name, self._entries, broken) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def owner(self, name: str) -> str:
        """The plugin that gave `name`."""
        return self._entries[name].owner

    def owners(self, name: str) -> list[str]:
        """All plugins that gave `name`: more than one where it clashes."""
        return [self._entries[name].owner] if name in self._entries else self._clashes.get(name, [])

    @contextmanager
    def calling(self, name: str, but: type[Exception] = DsxError) -> Iterator[None]:
        """For calls of the thing: what it raises, or that it exits, is a PluginError. but: no fault of the plugin's."""
        try:
            yield
        except (DsxError, but):
            raise
        except (Exception, SystemExit) as problem:
            reason = f"{self.kind} {name!r} of the plugin {self.owner(name)} failed: {one_line(problem)}"
            raise PluginError(f"{reason} (dsx -v shows where)") from problem

    def _clash(self, name: str) -> str:
        owners = " and by ".join(self._clashes[name])
        return f"{self.kind} {name!r} is given by {owners}; uninstall one, or leave one out with DSX_PLUGINS"

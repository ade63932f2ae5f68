"""Which plugins there are, what each gives, and what is wrong with the broken ones.

A broken plugin stops only what needs it: it is reported by `dsx plugins list` and `dsx doctor`, and its names are
answered with the reason. Built-ins load through the same door.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pluggy

import dsx
from dsx import hookspecs
from dsx.errors import PluginError, UnknownName
from dsx.types import EngineFactory, Exporter, Loader, Normaliser, ParameterSet, Repair

ENTRY_POINT_GROUP = "dsx"
BUILT_INS = (
    "dsx.defaults.loaders",
    "dsx.defaults.engines",
    "dsx.defaults.repairs",
    "dsx.defaults.normalisers",
    "dsx.defaults.exporters",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Provided(Generic[T]):
    """A registered thing and the plugin that gave it."""

    value: T
    owner: str


class Registry(Mapping[str, T]):
    """Named things of one kind. A miss lists the names that exist; a name given twice is nobody's."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, Provided[T]] = {}
        self._clashes: dict[str, tuple[str, str]] = {}

    def add(self, name: str, value: T, owner: str) -> None:
        """Raises PluginError, naming both owners, where the name is taken; then neither has it."""
        if name in self._entries:
            self._clashes[name] = (self._entries[name].owner, owner)
            raise PluginError(
                f"{self.kind} {name!r} is given by {self._entries[name].owner} and by {owner}; "
                "remove one, or leave one out with DSX_PLUGINS"
            )
        self._entries[name] = Provided(value, owner)

    def __getitem__(self, name: str) -> T:
        if name in self._clashes:
            one, other = self._clashes[name]
            raise PluginError(f"{self.kind} {name!r} is given by {one} and by {other}; leave one out with DSX_PLUGINS")
        try:
            return self._entries[name].value
        except KeyError:
            raise UnknownName(self.kind, name, self._entries) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def owner(self, name: str) -> str:
        """The plugin that gave `name`."""
        return self._entries[name].owner


@dataclass(slots=True)
class PluginReport:
    """What one plugin is, gives and lacks. problems: one line each; empty for a sound plugin."""

    name: str
    distribution: str
    version: str
    provides: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Plugins:
    """All registries, filled once at the start; stages get plain callables from here, never the manager itself."""

    def __init__(self, manager: pluggy.PluginManager, reports: list[PluginReport]) -> None:
        self._manager = manager
        self.reports = reports
        self.parameter_sets: Registry[ParameterSet] = Registry("parameter set")
        self.loaders: Registry[Loader] = Registry("loader")
        self.engines: Registry[EngineFactory] = Registry("engine")
        self.repairs: Registry[Repair] = Registry("repair")
        self.normalisers: Registry[Normaliser] = Registry("normaliser")
        self.exporters: Registry[Exporter] = Registry("exporter")
        by_name = {report.name: report for report in reports}
        for registry, hook in (
            (self.parameter_sets, manager.hook.register_parameter_sets),
            (self.loaders, manager.hook.register_loaders),
            (self.engines, manager.hook.register_engines),
            (self.repairs, manager.hook.register_repairs),
            (self.normalisers, manager.hook.register_normalisers),
            (self.exporters, manager.hook.register_exporters),
        ):
            _collect(registry, hook, by_name)

    def find_loader(self, path: Path) -> str | None:
        """The name of the loader that takes this file, by content."""
        name: str | None = self._manager.hook.find_loader(path=path)
        return name

    def register_commands(self, group: Any) -> None:
        """Lets every plugin add its commands; one that fails is reported and adds none."""
        by_name = {report.name: report for report in self.reports}
        for implementation in self._manager.hook.register_commands.get_hookimpls():
            try:
                implementation.function(group=group)
            except Exception as problem:  # a stranger's code: anything may come
                by_name[implementation.plugin_name].problems.append(f"register_commands: {_one_line(problem)}")


def _collect(registry: Registry[Any], hook: Any, reports: Mapping[str, PluginReport]) -> None:
    for implementation in hook.get_hookimpls():
        report = reports[implementation.plugin_name]
        try:
            given = dict(implementation.function())
        except Exception as problem:  # a stranger's code: anything may come
            report.problems.append(f"{hook.name}: {_one_line(problem)}")
            continue
        for name, value in given.items():
            try:
                registry.add(name, value, report.name)
                report.provides.append(f"{registry.kind} {name}")
            except PluginError as clash:
                report.problems.append(str(clash))
                reports[registry.owner(name)].problems.append(str(clash))


def load_plugins(extra: Iterable[tuple[str, object]] = ()) -> Plugins:
    """Built-ins first, then the installed distributions' entry points, then `extra` (name, plugin) pairs.

    DSX_PLUGINS=none keeps the entry points out; DSX_PLUGINS=a,b takes only those.
    """
    manager = pluggy.PluginManager("dsx")
    manager.add_hookspecs(hookspecs)
    reports: list[PluginReport] = []
    for module in BUILT_INS:
        report = PluginReport(module.rpartition(".")[2], "dsx-extract", dsx.__version__)
        _register(manager, report, importlib.import_module(module))
        reports.append(report)
    for entry in _entry_points():
        distribution = entry.dist.name if entry.dist else "unknown"
        version = entry.dist.version if entry.dist else "?"
        report = PluginReport(entry.name, distribution, version)
        reports.append(report)
        try:
            plugin = entry.load()
        except Exception as problem:  # a stranger's import: anything may come
            report.problems.append(f"import of {entry.value}: {_one_line(problem)}")
            continue
        _register(manager, report, plugin)
    for name, plugin in extra:
        report = PluginReport(name, "extra", "")
        _register(manager, report, plugin)
        reports.append(report)
    return Plugins(manager, reports)


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    wanted = os.environ.get("DSX_PLUGINS", "all").strip()
    if wanted == "none":
        return []
    found = sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)
    if wanted == "all":
        return found
    names = {name.strip() for name in wanted.split(",")}
    return [entry for entry in found if entry.name in names]


def _register(manager: pluggy.PluginManager, report: PluginReport, plugin: object) -> None:
    try:
        manager.register(plugin, name=report.name)
        manager.check_pending()
    except Exception as problem:  # pluggy raises for a wrong signature, a misspelt hook, a name taken
        report.problems.append(_one_line(problem))
        if manager.has_plugin(report.name) and manager.get_plugin(report.name) is plugin:
            manager.unregister(name=report.name)


def _one_line(problem: BaseException) -> str:
    text = " ".join(str(problem).split()) or "no message"
    return f"{type(problem).__name__}: {text}"

"""Which plugins there are, what each gives, and what is wrong with the broken ones.

A broken plugin stops only what needs it: it is reported by `dsx plugins list` and `dsx doctor`, and its names are
answered with the reason. Built-ins load through the same door.
"""

from __future__ import annotations

import difflib
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
HOOKS = tuple(name for name, hook in vars(hookspecs).items() if hasattr(hook, "dsx_spec"))

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Provided(Generic[T]):
    """A registered thing and the plugin that gave it."""

    value: T
    owner: str


class Registry(Mapping[str, T]):
    """Named things of one kind. A miss lists the names that exist; a name given twice is nobody's.

    reports: all plugins' reports; a miss also says which plugins are broken, for one of them may have had the name.
    """

    def __init__(self, kind: str, reports: Iterable[PluginReport] = ()) -> None:
        self.kind = kind
        self.reports = reports
        self._entries: dict[str, Provided[T]] = {}
        self._clashes: dict[str, list[str]] = {}

    def add(self, name: str, value: T, owner: str) -> None:
        """Raises PluginError, naming all owners, where the name is taken; then nobody has it."""
        owners = self._clashes.get(name, [])
        if name in self._entries:
            owners = [self._entries.pop(name).owner]
        if owners:
            self._clashes[name] = [*owners, owner]
            raise PluginError(self._clash(name))
        self._entries[name] = Provided(value, owner)

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

    def _clash(self, name: str) -> str:
        owners = " and by ".join(self._clashes[name])
        return f"{self.kind} {name!r} is given by {owners}; uninstall one, or leave one out with DSX_PLUGINS"


@dataclass(slots=True)
class PluginReport:
    """What one plugin is, gives and lacks. problems: one line each; empty for a sound plugin."""

    name: str
    distribution: str
    version: str
    provides: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def reason(self) -> str:
        """One line: whose plugin is broken, and why."""
        return f"plugin {self.name} of {self.distribution} {self.version} is broken: {self.problems[0]}"


class Plugins:
    """All registries, filled once at the start; stages get plain callables from here, never the manager itself."""

    def __init__(self, manager: pluggy.PluginManager, reports: list[PluginReport]) -> None:
        self._manager = manager
        self.reports = reports
        self.parameter_sets: Registry[ParameterSet] = Registry("parameter set", reports)
        self.loaders: Registry[Loader] = Registry("loader", reports)
        self.engines: Registry[EngineFactory] = Registry("engine", reports)
        self.repairs: Registry[Repair] = Registry("repair", reports)
        self.normalisers: Registry[Normaliser] = Registry("normaliser", reports)
        self.exporters: Registry[Exporter] = Registry("exporter", reports)
        self._by_name = {report.name: report for report in reports}
        for registry, hook, kind in (
            (self.parameter_sets, manager.hook.register_parameter_sets, ParameterSet),
            (self.loaders, manager.hook.register_loaders, Loader),
            (self.engines, manager.hook.register_engines, None),
            (self.repairs, manager.hook.register_repairs, Repair),
            (self.normalisers, manager.hook.register_normalisers, Normaliser),
            (self.exporters, manager.hook.register_exporters, Exporter),
        ):
            _collect(registry, hook, kind, self._by_name)

    def find_loader(self, path: Path) -> str | None:
        """The name of the loader that takes this file, by content. A plugin that fails at it is reported, not asked."""
        for implementation in reversed(self._manager.hook.find_loader.get_hookimpls()):
            try:
                name: Any = implementation.function(path=path)
            except Exception as problem:  # a stranger's code: anything may come
                self._note(implementation.plugin_name, f"find_loader({path.name}): {one_line(problem)}")
                continue
            if name is not None:
                return str(name)
        return None

    def register_commands(self, group: Any) -> None:
        """Lets every plugin add its commands; one that fails is reported and adds none."""
        for implementation in self._manager.hook.register_commands.get_hookimpls():
            try:
                implementation.function(group=group)
            except Exception as problem:  # a stranger's code: anything may come
                self._note(implementation.plugin_name, f"register_commands: {one_line(problem)}")

    def _note(self, plugin: str, problem: str) -> None:
        if problem not in self._by_name[plugin].problems:
            self._by_name[plugin].problems.append(problem)


def _collect(registry: Registry[Any], hook: Any, kind: type | None, reports: Mapping[str, PluginReport]) -> None:
    for implementation in hook.get_hookimpls():
        report = reports[implementation.plugin_name]
        try:
            given = implementation.function()
        except Exception as problem:  # a stranger's code: anything may come
            report.problems.append(f"{hook.name}: {one_line(problem)}")
            continue
        if not isinstance(given, Mapping):
            report.problems.append(f"{hook.name} gives {type(given).__name__}, not a dict of name to {registry.kind}")
            continue
        for name, value in given.items():
            fits = isinstance(value, kind) if kind else callable(value)
            if not isinstance(name, str) or not fits:
                wanted = kind.__name__ if kind else "callable"
                report.problems.append(f"{registry.kind} {name!r} is {type(value).__name__}, not {wanted}")
                continue
            try:
                registry.add(name, value, report.name)
                report.provides.append(f"{registry.kind} {name}")
            except PluginError as clash:
                for owner in registry.owners(name):
                    reports[owner].problems.append(str(clash))
                    if f"{registry.kind} {name}" in reports[owner].provides:
                        reports[owner].provides.remove(f"{registry.kind} {name}")


def load_plugins(extra: Iterable[tuple[str, object]] = ()) -> Plugins:
    """Built-ins first, then the installed distributions' entry points, then `extra` (name, plugin) pairs.

    DSX_PLUGINS=none keeps the entry points out; DSX_PLUGINS=a,b takes only those (by the name of the entry point or of
    the distribution).
    """
    manager = pluggy.PluginManager("dsx")
    manager.add_hookspecs(hookspecs)
    reports: list[PluginReport] = []
    for module in BUILT_INS:
        report = PluginReport(module.rpartition(".")[2], "dsx-extract", dsx.__version__)
        _register(manager, report, importlib.import_module(module))
        reports.append(report)
    for entry in _entry_points():
        report = PluginReport(entry.name, _distribution(entry), entry.dist.version if entry.dist else "?")
        reports.append(report)
        try:
            plugin = entry.load()
        except (Exception, SystemExit) as problem:  # a stranger's import: anything may come
            report.problems.append(f"import of {entry.value}: {one_line(problem)}")
            continue
        _register(manager, report, plugin)
    for name, plugin in extra:
        report = PluginReport(name, "extra", "")
        _register(manager, report, plugin)
        reports.append(report)
    return Plugins(manager, reports)


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    wanted = os.environ.get("DSX_PLUGINS", "all").strip()
    if wanted in ("none", ""):
        return []
    found = sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)
    if wanted == "all":
        return found
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    known = {name for entry in found for name in (entry.name, _distribution(entry))}
    if names - known:
        raise PluginError(
            f"DSX_PLUGINS names {', '.join(sorted(names - known))}; installed: {', '.join(sorted(known))}"
        )
    return [entry for entry in found if names & {entry.name, _distribution(entry)}]


def _distribution(entry: importlib.metadata.EntryPoint) -> str:
    return entry.dist.name if entry.dist else "unknown"


def _register(manager: pluggy.PluginManager, report: PluginReport, plugin: object) -> None:
    report.problems += _unmarked(plugin)
    if manager.has_plugin(report.name):
        report.problems.append(f"the plugin name {report.name!r} is taken; rename the entry point")
        report.name = f"{report.name} ({report.distribution})"
        return
    try:
        manager.register(plugin, name=report.name)
        manager.check_pending()
    except Exception as problem:  # pluggy raises for a wrong signature and for a misspelt hook
        report.problems.append(_without_repr(problem, plugin, report.name))
        if manager.has_plugin(report.name):
            manager.unregister(name=report.name)


def _unmarked(plugin: object) -> list[str]:
    """Functions that look like hooks and are none, for pluggy passes them over without a word."""
    problems = []
    for name in dir(plugin):
        function = getattr(plugin, name, None)
        if not callable(function) or hasattr(function, "dsx_impl") or hasattr(function, "dsx_spec"):
            continue
        if getattr(function, "__module__", None) != getattr(plugin, "__name__", type(plugin).__module__):
            continue
        if name in HOOKS:
            problems.append(f"{name} is not marked: write @dsx.hookspecs.hookimpl above it")
        elif name.startswith("register_") and difflib.get_close_matches(name, HOOKS, 1, 0.85):
            near = difflib.get_close_matches(name, HOOKS, 1, 0.85)[0]
            problems.append(f"{name} is no hook; did you mean {near}? (with @dsx.hookspecs.hookimpl above it)")
    return problems


def _without_repr(problem: BaseException, plugin: object, name: str) -> str:
    """pluggy's message, with the plugin's name for its repr and what was probably meant."""
    text = one_line(problem).replace(repr(plugin), repr(name)).removeprefix("PluginValidationError: ")
    hook = text.split("unknown hook '")[-1].split("'")[0] if "unknown hook '" in text else ""
    near = difflib.get_close_matches(hook, HOOKS, 1) if hook else []
    return f"{text}; did you mean {near[0]}?" if near else text


def one_line(problem: BaseException) -> str:
    """The kind of an error and its message, on one line."""
    text = " ".join(str(problem).split()) or "no message"
    return f"{type(problem).__name__}: {text}"

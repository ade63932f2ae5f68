"""Which plugins there are, what each gives, and what is wrong with the broken ones.

A broken plugin stops only what needs it: it is reported by `dsx plugins list` and `dsx doctor`, and its names are
answered with the reason. Built-ins load through the same door.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import importlib.metadata
import logging
import os
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from dsx import __version__
from dsx.commands import COMMANDS
from dsx.errors import LoadError, PluginError
from dsx.plugins import hookspecs
from dsx.plugins.registry import PluginReport, Registry, reported
from dsx.types import (
    Document,
    EngineFactory,
    Exporter,
    Loader,
    NamedModel,
    Normaliser,
    ParameterSet,
    PromptSet,
    RecordType,
    Repair,
)

if TYPE_CHECKING:
    import click

__all__ = ["DISTRIBUTION", "HOOKS", "PluginReport", "Plugins", "Registry", "installed", "load_plugins"]

log = logging.getLogger("dsx")

ENTRY_POINT_GROUP = "dsx"
DISTRIBUTION = "dsx-extract"
"""Of dsx itself, whose plugins are the built-ins."""
HOOKS = tuple(name for name, hook in vars(hookspecs).items() if hasattr(hook, "dsx_spec"))
WORDS = ("none", "all")
"""What DSX_PLUGINS may say instead of names; no plugin can be called so."""

PARTS: dict[type, dict[str, Any]] = {
    ParameterSet: {"name": str, "description": str, "schema": Mapping, "root": RecordType},
    Loader: {"load": Callable, "version": str, "description": str},
    Repair: {"mend": Callable, "description": str},
    PromptSet: {"system": str, "strict": str, "parameters": str, "records": str, "examples": tuple, "description": str},
    NamedModel: {
        "folder": Callable,
        "prompt_set": str,
        "passage_tokens": int,
        "whole_papers": bool,
        "prior_weight": float,
        "null_bias": float,
        "choices": str,
        "readings": int,
        "calibration": Mapping,
        "is_default": bool,
        "description": str,
    },
    Normaliser: {"normalise": Callable, "description": str},
    Exporter: {"export": Callable, "description": str},
}
"""What the fields of a registered thing must be: whatever lists or calls all of a kind relies on it."""


class Plugins:
    """All registries, filled once at the start; stages get plain callables from here, never the manager itself."""

    def __init__(self, manager: pluggy.PluginManager, reports: list[PluginReport], installed_only: bool = True) -> None:
        self._manager = manager
        self._installed_only = installed_only
        self.reports = reports
        self.parameter_sets: Registry[ParameterSet] = Registry("parameter set", reports)
        self.loaders: Registry[Loader] = Registry("loader", reports)
        self.engines: Registry[EngineFactory] = Registry("engine", reports)
        self.prompt_sets: Registry[PromptSet] = Registry("prompt set", reports)
        self.models: Registry[NamedModel] = Registry("model", reports)
        self.repairs: Registry[Repair] = Registry("repair", reports)
        self.normalisers: Registry[Normaliser] = Registry("normaliser", reports)
        self.exporters: Registry[Exporter] = Registry("exporter", reports)
        self.commands: Registry[click.Command] = Registry("command", reports)
        self._asked_for_commands = False
        self._by_name = {report.name: report for report in reports}
        for registry, hook, kind in (
            (self.parameter_sets, manager.hook.register_parameter_sets, ParameterSet),
            (self.loaders, manager.hook.register_loaders, Loader),
            (self.engines, manager.hook.register_engines, None),
            (self.prompt_sets, manager.hook.register_prompt_sets, PromptSet),
            (self.models, manager.hook.register_models, NamedModel),
            (self.repairs, manager.hook.register_repairs, Repair),
            (self.normalisers, manager.hook.register_normalisers, Normaliser),
            (self.exporters, manager.hook.register_exporters, Exporter),
        ):
            _collect(registry, hook, kind, self._by_name)

    @property
    def default_model(self) -> str | None:
        """The model that is taken where none is named, if a plugin brings one."""
        return next((name for name, model in self.models.items() if model.is_default), None)

    def model_of(self, name: str | None) -> NamedModel | None:
        """The model that a plugin brings under this name. Raises PluginError where two do."""
        return self.models[name] if name is not None and self.models.owners(name) else None

    def model_folder(self, name: str | None) -> Path | None:
        """Where the model of this name is, if a plugin brings it; made there where it is not yet. Raises ModelError."""
        model = self.model_of(name)
        if model is None or name is None:
            return None
        with self.models.calling(name):
            return model.folder()

    def loader_of(self, path: Path) -> tuple[str, Loader]:
        """(name, loader) for a file of any kind. Its content is judged where the loader runs, in the subprocess; here
        only for plugins that are not installed, which no subprocess knows. Raises LoadError where none takes it."""
        if not self._installed_only:
            name = _taken(self.find_loader(path), path)
            return name, self.loaders[name]
        decisive = [f"{name} {loader.version}" for name, loader in sorted(self.loaders.items())]
        decisive += [f"{report.name} {report.version}" for report in self.reports if "find_loader" in report.hooks]
        version = hashlib.sha256("\n".join(decisive).encode()).hexdigest()[:16]
        return "by-content", Loader(load_by_content, version)

    def find_loader(self, path: Path, plugin: str | None = None) -> str | None:
        """The name of the loader that takes this file, by content; of those that `plugin` names, where it is given.

        A plugin that fails at it, or names what is no loader, is reported, and the others are asked.
        """
        for implementation in reversed(self._manager.hook.find_loader.get_hookimpls()):
            report = self._by_name[implementation.plugin_name]
            if plugin not in (None, report.name):
                continue
            asked = replace(report, problems=[])
            with reported(asked, f"find_loader({path.name})"):
                name = _call(implementation, path=path)
                if name is None:
                    continue
                if isinstance(name, str) and self.loaders.owners(name):
                    return name
                known = ", ".join(sorted(self.loaders))
                asked.note(f"find_loader({path.name}) gives {name!r}, which is no loader; there are: {known}")
            if not any(problem.startswith("find_loader(") for problem in report.problems):  # the first of a run will do
                report.note(asked.problems[0])
                log.warning("%s", asked.reason())
        return None

    def register_commands(self) -> None:
        """Fills `commands`, once. Each plugin gets a group of its own, so that none can replace another's or dsx's."""
        if self._asked_for_commands:
            return
        self._asked_for_commands = True
        import click

        for implementation in self._manager.hook.register_commands.get_hookimpls():
            report = self._by_name[implementation.plugin_name]
            group = click.Group("dsx")
            with reported(report, "register_commands"), contextlib.redirect_stdout(sys.stderr):
                _call(implementation, group=group)
                for name, command in group.commands.items():
                    if not isinstance(name, str) or not isinstance(command, click.Command):
                        report.note(f"command {name!r} is {type(command).__name__}, not a click.Command with a name")
                    elif name in COMMANDS:
                        report.note(f"command {name!r} is given by dsx and by {report.name}; dsx's stays, rename yours")
                    else:
                        self.commands.add(name, command, report.name)
        self.commands.tell()


def _call(implementation: pluggy.HookImpl, **given: object) -> Any:
    """As pluggy does: an implementation may leave out arguments that it does not need."""
    taken = (*implementation.argnames, *implementation.kwargnames)
    return implementation.function(**{name: value for name, value in given.items() if name in taken})


def _collect(registry: Registry[Any], hook: Any, kind: type | None, reports: Mapping[str, PluginReport]) -> None:
    for implementation in hook.get_hookimpls():
        report = reports[implementation.plugin_name]
        with reported(report, hook.name):
            given = _call(implementation)
            if not isinstance(given, Mapping):
                report.note(f"{hook.name} gives {type(given).__name__}, not a dict of name to {registry.kind}")
                continue
            for name, value in list(given.items()):
                problem = _misfit(registry.kind, kind, name, value)
                if problem:
                    report.note(problem)
                else:
                    registry.add(name, value, report.name)
    registry.tell()


def _misfit(about: str, kind: type | None, name: object, value: object) -> str | None:
    """Why this cannot be registered; None where it can. kind: None for an engine, which is any callable."""
    if not isinstance(name, str):
        return f"{about} {name!r}: the name is {type(name).__name__}, not str"
    if not (isinstance(value, kind) if kind else callable(value)):
        return f"{about} {name!r} is {type(value).__name__}, not {kind.__name__ if kind else 'callable'}"
    for part, wanted in PARTS[kind].items() if kind else ():
        given = getattr(value, part)
        if not isinstance(given, wanted | int if wanted is float else wanted):
            return f"{about} {name!r}: its {part} is {type(given).__name__}, not {wanted.__name__}"
    return None


def load_plugins(extra: Collection[tuple[str, object]] = ()) -> Plugins:
    """Built-ins first, then the installed distributions' entry points, then `extra` (name, plugin) pairs.

    DSX_PLUGINS=none keeps the entry points out; DSX_PLUGINS=a,b takes only those (by the name of the entry point or of
    the distribution); empty is as if it were not set. What plugins print goes to stderr: stdout is for results.
    """
    from dsx.plugins.builtin import engines, exporters, loaders, normalisers, prompts, repairs

    manager = pluggy.PluginManager("dsx")
    manager.add_hookspecs(hookspecs)
    reports: list[PluginReport] = []
    for module in (loaders, prompts, engines, repairs, normalisers, exporters):
        reports.append(PluginReport(module.__name__.rpartition(".")[2], DISTRIBUTION, __version__))
        _register(manager, reports[-1], module)
    with contextlib.redirect_stdout(sys.stderr):
        for entry in _entry_points():
            version = entry.dist.version if entry.dist else None
            reports.append(PluginReport(entry.name, _distribution(entry), version or "?"))
            with reported(reports[-1], f"import of {entry.value}"):
                if not entry.pattern.match(entry.value):
                    raise PluginError("it is not of the form module or module:object")
                plugin = entry.load()
                _register(manager, reports[-1], plugin)
        for name, plugin in extra:
            reports.append(PluginReport(name, "extra", ""))
            _register(manager, reports[-1], plugin)
        return Plugins(manager, reports, installed_only=not extra)


def load_by_content(path: Path) -> Document:
    """Loads a file with the loader that takes it, of the installed plugins'. Raises LoadError where there is none."""
    plugins = load_plugins()
    return plugins.loaders[_taken(plugins.find_loader(path), path)].load(path)


def _taken(name: str | None, path: Path) -> str:
    if name is None:
        kinds = "PDF, HTML, Markdown, text and, with dsx-jats, JATS"
        raise LoadError(
            f"{path.name}: no loader takes this kind of file; dsx reads {kinds}: save it as PDF (.docx too)"
        )
    return name


def installed() -> list[importlib.metadata.EntryPoint]:
    """The entry points of all installed plugins, by name, whatever DSX_PLUGINS says; none is loaded."""
    return sorted(importlib.metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)


def _entry_points() -> list[importlib.metadata.EntryPoint]:
    wanted = os.environ.get("DSX_PLUGINS", "").strip() or "all"
    found = installed()
    if wanted in WORDS:
        return found if wanted == "all" else []
    names = {name.strip() for name in wanted.split(",") if name.strip()}
    known = {name for entry in found for name in (entry.name, _distribution(entry))}
    if not names or names - known:
        unknown = ", ".join(sorted(names - known)) or f"nothing ({wanted!r})"
        there_are = ", ".join(sorted(known)) or "none"
        raise PluginError(f"DSX_PLUGINS names {unknown}; give all, none, or some of those installed: {there_are}")
    return [entry for entry in found if names & {entry.name, _distribution(entry)}]


def _distribution(entry: importlib.metadata.EntryPoint) -> str:
    return (entry.dist and entry.dist.name) or "unknown"


def _register(manager: pluggy.PluginManager, report: PluginReport, plugin: object) -> None:
    if manager.has_plugin(report.name) or report.name in WORDS:
        why = "is a word of DSX_PLUGINS" if report.name in WORDS else "is taken"
        report.note(f"the plugin name {report.name!r} {why}; rename the entry point")
        report.name = f"{report.name} ({report.distribution})"
        return
    sound = False
    with reported(report, "looking for its hooks"):
        report.problems += _unmarked(plugin)
        other = manager.get_name(plugin)
        if other is not None:
            report.note(f"it is the same object as the plugin {other}; take one of the two entry points out")
            return
        try:
            manager.register(plugin, name=report.name)
            manager.check_pending()
            sound = True
        except pluggy.PluginValidationError as problem:  # a wrong signature, a misspelt hook
            report.note(_without_repr(problem, plugin, report.name))
        report.hooks += [caller.name for caller in manager.get_hookcallers(plugin) or ()] if sound else []
        if sound and not report.hooks and not report.problems:
            report.note("it has no hook; write @dsx.hookimpl above each function that is one")
    if not sound and manager.has_plugin(report.name):
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
            problems.append(f"{name} is not marked: write @dsx.hookimpl above it")
        elif name.startswith("register_") and difflib.get_close_matches(name, HOOKS, 1, 0.85):
            near = difflib.get_close_matches(name, HOOKS, 1, 0.85)[0]
            problems.append(f"{name} is no hook; did you mean {near}? (with @dsx.hookimpl above it)")
    return problems


def _without_repr(problem: pluggy.PluginValidationError, plugin: object, name: str) -> str:
    """pluggy's message, with the plugin's name for its repr and what was probably meant."""
    text = " ".join(str(problem).replace(repr(plugin), repr(name)).split())
    hook = text.split("unknown hook '")[-1].split("'")[0] if "unknown hook '" in text else ""
    near = difflib.get_close_matches(hook, HOOKS, 1) if hook else []
    return f"{text}; did you mean {near[0]}?" if near else text

"""What any plugin must keep, as checks that run on the real thing: `dsx plugins check`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from dsx.conformance import kinds
from dsx.conformance.imports import check_imports
from dsx.conformance.outcome import Outcome, attempt
from dsx.plugins import Plugins
from dsx.plugins.registry import PluginReport, Registry

__all__ = ["Outcome", "check"]


def check(plugins: Plugins, report: PluginReport) -> Iterator[Outcome]:
    """All checks of one plugin: that it loads and clashes with none, that its imports are light, then each thing."""
    about = f"plugin {report.name}"
    plugins.register_commands()
    yield from (Outcome(about, "loads", False, problem) for problem in report.problems)
    if not report.problems:
        yield Outcome(about, "loads", True, ", ".join(report.provides))
        yield from check_imports(report)
    for registry, checks in _checks(plugins):
        for name in registry:
            if registry.owner(name) == report.name:
                yield from _named(f"{registry.kind} {name}", name, registry[name], checks)
    if "find_loader" in report.hooks:
        yield from attempt(about, "names a loader for a file, or none", lambda: kinds.finder(plugins, report))


def _checks(plugins: Plugins) -> list[tuple[Registry[Any], Callable[[str, Any], Iterator[Outcome]]]]:
    return [
        (plugins.parameter_sets, lambda about, given: kinds.parameter_set(about, given, plugins)),
        (plugins.loaders, kinds.loader),
        (plugins.engines, kinds.engine),
        (plugins.prompt_sets, kinds.prompt_set),
        (plugins.models, lambda about, given: kinds.model(about, given, plugins)),
        (plugins.repairs, kinds.repair),
        (plugins.normalisers, kinds.normaliser),
        (plugins.exporters, kinds.exporter),
        (plugins.commands, kinds.command),
    ]


def _named(about: str, name: str, value: Any, checks: Callable[[str, Any], Iterator[Outcome]]) -> Iterator[Outcome]:
    yield from attempt(about, "has a name that a command line takes", lambda: kinds.name(name))
    yield from checks(about, value)

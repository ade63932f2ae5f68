"""The hooks. A plugin implements any of them; its package names it in the entry-point group `dsx`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click

    from dsx.types import EngineFactory, Exporter, Loader, NamedModel, Normaliser, ParameterSet, PromptSet, Repair

hookspec = pluggy.HookspecMarker("dsx")
hookimpl = pluggy.HookimplMarker("dsx")


@hookspec
def register_parameter_sets() -> dict[str, ParameterSet]:  # type: ignore[empty-body]
    """Parameter sets by the name that `--schema` takes."""


@hookspec
def register_loaders() -> dict[str, Loader]:  # type: ignore[empty-body]
    """Loaders by the name that `--loader` takes."""


@hookspec(firstresult=True)
def find_loader(path: Path) -> str | None:
    """The name of a registered loader for this file, judged by its content; None if it is not this plugin's kind."""


@hookspec
def register_engines() -> dict[str, EngineFactory]:  # type: ignore[empty-body]
    """Engines by the name that `--engine` takes; a factory is called once a run and does the heavy imports.

    It makes an Engine of EngineSettings; what it cannot make is a UsageError, or a ModelError, from dsx.errors.
    """


@hookspec
def register_prompt_sets() -> dict[str, PromptSet]:  # type: ignore[empty-body]
    """Prompt sets by the name that `--prompt-set` takes; `dsx.plugin_api.default_prompts()` is one to start from."""


@hookspec
def register_models() -> dict[str, NamedModel]:  # type: ignore[empty-body]
    """Local models by the name that `--model` takes, each with the prompt set that it is best asked with."""


@hookspec
def register_repairs() -> dict[str, Repair]:  # type: ignore[empty-body]
    """Repairs by the name that `--repairs` takes."""


@hookspec
def register_normalisers() -> dict[str, Normaliser]:  # type: ignore[empty-body]
    """Normalisers by the name that a parameter's `x-normalise` takes."""


@hookspec
def register_exporters() -> dict[str, Exporter]:  # type: ignore[empty-body]
    """Exporters by the name that `dsx export --format` takes."""


@hookspec
def register_commands(group: click.Group) -> None:
    """Add commands of your own to `dsx`, under names that neither dsx nor another plugin gives: `@group.command()`."""

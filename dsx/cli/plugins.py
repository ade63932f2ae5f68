"""`dsx plugins`: list, check and make plugins."""

from __future__ import annotations

from pathlib import Path

import click

from dsx.terminal import say


@click.group("plugins")
def command() -> None:
    """List, check and make plugins."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a plugin.")
def list_command(as_json: bool) -> None:
    """List what is installed, what it gives, and what is wrong with it.

    DSX_PLUGINS=none leaves out all but the built-ins. DSX_PLUGINS=a,b takes only those, by the name of the plugin or of
    its distribution. Unset, empty or "all" takes every one.
    """
    import dataclasses
    import json

    from dsx.plugins import load_plugins

    plugins = load_plugins()
    plugins.register_commands()
    for report in plugins.reports:
        if as_json:
            click.echo(json.dumps(dataclasses.asdict(report), ensure_ascii=False))
            continue
        say(f"{report.name}  ({report.distribution} {report.version})")
        for name in report.provides:
            say(f"    {name}")
        for problem in report.problems:
            say(f"    broken: {problem}")


@command.command("check")
@click.argument("name", required=False)
def check_command(name: str | None) -> int:
    """Run the conformance suite on plugin NAME [default: all]. Exit code 1 where a promise is not kept."""
    from dsx.conformance import check
    from dsx.errors import UnknownName
    from dsx.plugins import load_plugins

    plugins = load_plugins()
    plugins.register_commands()
    chosen = [report for report in plugins.reports if name in (None, report.name, report.distribution)]
    if not chosen:
        raise UnknownName("plugin", str(name), [report.name for report in plugins.reports])
    failed = 0
    for report in chosen:
        for outcome in check(plugins, report):
            say(outcome.line())
            failed += outcome.passed is False
    say(f"{failed} failed" if failed else "all kept", err=True)
    return 1 if failed else 0


@command.command("new")
@click.argument("name")
@click.option(
    "--kind",
    required=True,
    type=click.Choice(["parameters", "loader", "prompt", "model", "engine", "repair", "normaliser", "exporter"]),
    help="What the plugin gives.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The new folder [default: the package's name].")
def new_command(name: str, kind: str, output: Path | None) -> None:
    """Make a package for plugin NAME.

    As it comes it installs, is listed, and passes its own test.
    """
    from dsx.templates import new_plugin

    folder = new_plugin(name, kind, output)
    say(f"made {folder}; next: pip install -e {folder} && dsx plugins check {name.removeprefix('dsx-')}")

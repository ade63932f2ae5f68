"""`dsx schema`: the parameter sets that there are, what they ask, and what is wrong with one."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from dsx.cli.complete import schemas
from dsx.terminal import counted, say


@click.group("schema")
def command() -> None:
    """List, show, check and export parameter sets."""


@command.command("list")
def list_sets() -> None:
    """List the parameter sets of plugins and of the folder schemas/."""
    from dsx.errors import SchemaError
    from dsx.plugins import load_plugins
    from dsx.schema import read_schema

    registry = load_plugins().parameter_sets
    for name in sorted(registry):
        say(name, counted(len(registry[name].root.all_parameters()), "parameter"), f"plugin {registry.owner(name)}")
    for file in sorted(Path("schemas").glob("*.json")):
        try:
            say(file, counted(len(read_schema(file).root.all_parameters()), "parameter"), "file")
        except SchemaError as problem:
            say(file, f"cannot be asked: {problem.problems[0]}", "file")


@command.command("show")
@click.argument("name", shell_complete=schemas)
@click.option(
    "--per-question", type=click.IntRange(1), default=1, show_default=True, help="Of values that are written."
)
@click.option("--max-new-tokens", type=click.IntRange(32), default=512, show_default=True, help="Cap of one answer.")
@click.option("--values", type=click.Choice(["placed", "written"]), default="placed", show_default=True)
@click.option("--choices", type=click.Choice(["each", "together"]), help="Lists of choices [default: each].")
def show_set(name: str, **options: Any) -> None:
    """Show what NAME (a name or a file) asks.

    Of each parameter: type, unit, choices, where it is looked for, tokens of the longest answer, questions.
    Questions are numbered as `dsx extract` with these options asks them.
    """
    from rich.console import Console

    from dsx.plugins import load_plugins
    from dsx.recipe import Recipe
    from dsx.report.parameter_table import tables
    from dsx.run.parameter_source import find_parameters

    recipe = Recipe.read(schema_name=name, **options).asked_like(None, None)
    parameters = find_parameters(name, load_plugins())
    drawn = io.StringIO()
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 160
    console = Console(file=drawn, width=width, markup=False, highlight=False)
    for part in tables(parameters, recipe):
        console.print(part)
    click.echo(drawn.getvalue(), nl=False)


@command.command("check")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--max-new-tokens", type=click.IntRange(32), default=512, show_default=True, help="Cap of one answer.")
def check_files(files: tuple[Path, ...], max_new_tokens: int) -> int:
    """Check schema FILES (or model.py:Class).

    Prints every problem with its JSON pointer, and exits 2 where there is one.
    Names each unit that no x-unit but the words of a parameter state.
    """
    from dsx.ask.plan import too_long
    from dsx.errors import SchemaError
    from dsx.plugins import load_plugins
    from dsx.run.parameter_source import find_parameters
    from dsx.run.plan import wrong_normalisers
    from dsx.schema import read_schema
    from dsx.schema.compiling import problems_of_grammar
    from dsx.schema.describing import describe_unit

    all_good = True
    for file in files:
        try:
            is_schema = file.suffix == ".json" or (file.is_file() and file.suffix != ".py")
            parameters = read_schema(file) if is_schema else find_parameters(str(file), load_plugins())
            problems = [*too_long(parameters, max_new_tokens), *problems_of_grammar(parameters)]
            problems += wrong_normalisers(parameters, load_plugins())
        except SchemaError as problem:
            problems = list(problem.problems)
        for line in problems:
            say(f"{file}: {line}")
        if not problems:
            say(f"{file}: good")
            for parameter in parameters.root.all_parameters():
                if parameter.unit_source:
                    say(f"{file}: {parameter.pointer}: unit: {describe_unit(parameter)}")
        all_good = all_good and not problems
    return 0 if all_good else 2


@command.command("export")
@click.argument("name", shell_complete=schemas)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
def export(name: str, output: Path | None) -> None:
    """Write the JSON Schema of a plugin's parameter set NAME."""
    from dsx.plugins import load_plugins
    from dsx.run.parameter_source import find_parameters

    text = json.dumps(find_parameters(name, load_plugins()).schema, indent=2, ensure_ascii=False) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")

"""`dsx recover`: one raw answer through the repairs."""

from __future__ import annotations

from typing import TextIO

import click

from dsx.cli.complete import schemas
from dsx.terminal import say


@click.command("recover")
@click.option(
    "--schema",
    required=True,
    help="A parameter set: a JSON Schema file, or a name (dsx schema list).",
    shell_complete=schemas,
)
@click.option("--repairs", help="The chain, names separated by commas [default: the recipe's].")
@click.option("--factor", type=click.FloatRange(0, 1, min_open=True), help="Confidence per repair [default: 0.8].")
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"), default="-")
def command(schema: str, repairs: str | None, factor: float | None, file: TextIO) -> int:
    """Put one malformed raw answer through the repairs; FILE is standard input by default.

    A raw answer is an object of parameter → value, or of parameter → {value, quote}. Where nothing in it validates, the
    reason is printed and the exit code is 1.
    """
    import json

    from dsx.ground.support import support
    from dsx.plugins import load_plugins
    from dsx.recipe import Recipe
    from dsx.recover.raw import Raw, recover_raw
    from dsx.run.parameter_source import find_parameters
    from dsx.schema import validates

    plugins = load_plugins()
    recipe = Recipe.read(schema_name=schema)
    names = recipe.repairs if repairs is None else [name.strip() for name in repairs.split(",") if name.strip()]
    chain = [(name, plugins.repairs[name]) for name in names]
    parameters = find_parameters(schema, plugins).root.all_parameters()
    raw = Raw(file.read(), getattr(file, "name", "<stdin>"), factor or recipe.repair_factor)
    outcome = recover_raw(raw, parameters, chain, validates, support)
    for problem in outcome.problems:
        say(f"dsx recover: {problem}", err=True)
    if not outcome.parameters:
        return 1
    click.echo(json.dumps({"parameters": outcome.parameters, "repairs": outcome.repairs}, ensure_ascii=False, indent=2))
    return 0

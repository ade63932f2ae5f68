"""`dsx recover`: one raw answer through the repairs."""

from __future__ import annotations

from typing import TextIO

import click


@click.command("recover")
@click.option("--schema", required=True, help="A parameter set: a JSON Schema file, or a name (dsx schema list).")
@click.option("--repairs", help="The chain, names parted by commas [default: the recipe's].")
@click.option(
    "--factor", type=click.FloatRange(0, 1, min_open=True), help="Confidence per repair [default: the recipe's]."
)
@click.argument("file", type=click.File(encoding="utf-8", errors="replace"), default="-")
def command(schema: str, repairs: str | None, factor: float | None, file: TextIO) -> int:
    """Put one malformed raw answer through the repairs; FILE is standard input by default.

    A raw answer is an object of parameter → value, or of parameter → {value, quote}. Exit code 1, with the reason,
    when nothing in it validates.
    """
    import json

    from dsx.recover.raw import recover_raw

    outcome = recover_raw(file.read(), schema, repairs.split(",") if repairs is not None else None, factor, file.name)
    for problem in outcome.problems:
        click.echo(problem, err=True)
    if not outcome.parameters:
        return 1
    click.echo(json.dumps({"parameters": outcome.parameters, "repairs": outcome.repairs}, ensure_ascii=False, indent=2))
    return 0

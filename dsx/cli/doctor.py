"""`dsx doctor`: one screen about this machine, or about a run that is to come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from dsx.terminal import say

if TYPE_CHECKING:
    from dsx.doctor import Finding

MARKS = {True: "ok", False: "BAD", None: "--"}


@click.command("doctor", epilog="dsx doctor --for-run --gpus 2 -- --schema schemas/motor.json --run runs/mine papers/")
@click.option("--model", help="Also look for this model.")
@click.option("--for-run", is_flag=True, help="Check what `dsx extract ARGUMENTS` would meet; nothing is loaded.")
@click.option("--gpus", type=click.IntRange(0), default=0, help="With --for-run: how many must be visible.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(model: str | None, for_run: bool, gpus: int, arguments: tuple[str, ...]) -> int:
    """Check Python, torch, GPUs, flash-attn, model, caches and plugins. Exits 1 where something is wrong.

    With --for-run: schema, papers, run folder, disk, model and GPUs. Exits 2 where the run would not work.
    """
    from dsx.doctor import examine
    from dsx.plugins import load_plugins

    if arguments and not for_run:
        raise click.UsageError("ARGUMENTS are those of a run to come; write --for-run before them")
    findings = list(_for_run(arguments, gpus) if for_run else examine(load_plugins(), model))
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        say(f"{MARKS[finding.ok]:>3}  {finding.what:<{width}}  {finding.text}")
    return any(finding.ok is False for finding in findings) * (2 if for_run else 1)


def _for_run(arguments: tuple[str, ...], gpus: int) -> Iterator[Finding]:
    from dsx.cli.extract import parse
    from dsx.plugins import load_plugins
    from dsx.run.preflight import check_run

    typed = parse(list(arguments))
    return check_run(typed.papers, typed.recipe, typed.run, load_plugins(), call=typed.call, gpus=gpus)

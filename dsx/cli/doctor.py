"""`dsx doctor`: one screen about this machine."""

from __future__ import annotations

import click

MARKS = {True: "ok", False: "BAD", None: "--"}


@click.command("doctor")
@click.option("--model", help="Also look for this model.")
def command(model: str | None) -> int:
    """Check Python, torch, GPUs, flash-attn, model, caches and plugins. Exits 1 where something is wrong."""
    from dsx.doctor import examine
    from dsx.plugins import load_plugins

    findings = list(examine(load_plugins(), model))
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        click.echo(f"{MARKS[finding.ok]:>3}  {finding.what:<{width}}  {finding.text}")
    return int(any(finding.ok is False for finding in findings))

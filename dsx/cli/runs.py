"""`dsx runs`: what became of runs."""

from __future__ import annotations

from pathlib import Path

import click

from dsx.cli.complete import run_folders
from dsx.terminal import counted, printable_line, say

RUN = click.Path(path_type=Path)


@click.group("runs")
def command() -> None:
    """List runs, show one, try its failures again, merge several."""


@command.command("list")
@click.argument("folder", type=RUN, required=False)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_runs(folder: Path | None, as_json: bool) -> int:
    """List the runs in FOLDER [default: runs], newest first.

    Of each: schema, model, papers done and failed, last change.
    """
    import dataclasses
    import json

    from dsx.errors import UsageError
    from dsx.run.history import listed
    from dsx.settings import read_settings

    if folder is not None and not folder.is_dir():
        raise UsageError(f"{folder} is no folder; name one that holds run folders")
    folder = folder or read_settings().runs
    runs = listed(folder)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(run) for run in runs], ensure_ascii=False))
        return 0
    rows = [(run.run, run.schema, run.model, f"{run.done} done", f"{run.failed} failed", run.changed) for run in runs]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (printable_line(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())
    if not runs:
        say(f"no run in {folder}", err=True)
    return 0


@command.command("show")
@click.argument("run", type=RUN, required=False, shell_complete=run_folders)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(run: Path | None, as_json: bool) -> int:
    """Show how far RUN is [default: the newest in runs/].

    How long the rest will take is told too.
    """
    import dataclasses
    import json

    from dsx.run.history import state
    from dsx.store import newest_run, read_run

    if run is None:
        run = newest_run()
        say(f"dsx runs show: of {run}", err=True)
    run_state = state(read_run(run))
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(run_state), ensure_ascii=False))
    else:
        for line in run_state.lines():
            say(line)
    return 0


@command.command("retry")
@click.argument("run", type=RUN, shell_complete=run_folders)
@click.option("--values", is_flag=True, help="Also papers in which the engine failed on a value; all of theirs go.")
def retry(run: Path, values: bool) -> int:
    """Forget RUN's failures, so that they are tried again.

    The command that made the run does those papers then.
    """
    from dsx.run import history
    from dsx.store import read_run

    folder = read_run(run)
    files = history.retry(folder, values)
    for file in files:
        say(file)
    if files:
        say(f"{counted(len(files), 'paper')} to be done again: run the command of {run} once more", err=True)
    else:
        say(f"no paper failed in {run}{'' if values else '; with --values: papers with failed values'}", err=True)
    return 0


@command.command("merge")
@click.argument("runs", nargs=-1, required=True, type=RUN, shell_complete=run_folders)
@click.option("-o", "--output", required=True, type=RUN, help="The folder to make.")
def merge(runs: tuple[Path, ...], output: Path) -> int:
    """Make one run of several, with what reviewers decided.

    All of them are of one recipe and parameter set.
    """
    from dsx.run import history

    for line in history.merge(runs, output).lines():
        say(line)
    return 0

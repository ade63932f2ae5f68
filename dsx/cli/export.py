"""`dsx export`: a run's results, for other programs and for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dsx.answers.limits import MIN_CONFIDENCE
from dsx.cli.complete import names_of, run_folders
from dsx.errors import UsageError
from dsx.terminal import is_lost, say

FILE = click.Path(path_type=Path)
STANDARD_OUTPUT = (None, Path("/dev/stdout"), Path("/dev/fd/1"), Path("/proc/self/fd/1"))
"""What -o says where the export itself goes there."""


@click.command("export")
@click.argument("run", type=FILE, required=False, shell_complete=run_folders)
@click.option(
    "--format",
    help="A format of `dsx plugins list`; by default what -o ends in, or jsonl.",
    shell_complete=names_of("exporters"),
)
@click.option("-o", "--output", type=FILE, help="Write to this file instead of stdout.")
@click.option("--long", is_flag=True, help="One row a value instead of one a record: csv, parquet.")
@click.option(
    "--with",
    "beside",
    type=click.Choice(["evidence"]),
    help="Status, confidence, quote and page behind each value: csv, xlsx, parquet.",
)
@click.option("--excel", is_flag=True, help="CSV that a spreadsheet opens as UTF-8.")
@click.option(
    "--decisions",
    type=FILE,
    multiple=True,
    help="A reviewer's decisions, or a folder of such files, applied; may be repeated.",
)
@click.option("--calibration", type=FILE, help="Probabilities for confidences, by curves of `dsx eval --calibration`.")
@click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    default=MIN_CONFIDENCE,
    show_default=True,
    metavar="0…1",
    help="Leave values blank that are less sure than this; `dsx eval` says what that gives.",
)
@click.option("--papers", type=FILE, help="Folder of the papers, for the links of an xlsx [default: its own folder].")
@click.option("--codebook", is_flag=True, help="Also write NAME.codebook.csv and dataset_description.json (Psych-DS).")
@click.option("--force", is_flag=True, help="Write over a file that is no export.")
def command(run: Path | None, output: Path | None, beside: str | None, **choices: Any) -> None:
    """Write the results of the run folder RUN [default: the newest in runs/].

    A value that the paper does not report, one without an answer (failed) and one that a row's list does not have are
    told apart; docs/exports.md says how, format by format.
    """
    import sys

    from dsx.plugins import load_plugins
    from dsx.run.export import ExportChoices, export_run
    from dsx.store import newest_run, read_run

    if output in STANDARD_OUTPUT and is_lost(sys.stdout):
        raise UsageError("standard output is closed; name a file with -o, or send it to a program")
    chosen = ExportChoices(evidence=beside == "evidence", **choices)
    if run is None:
        run = newest_run()
        say(f"dsx export: of {run}", err=True)
    for note in export_run(read_run(run), output, chosen, load_plugins().exporters, sys.stdout):
        say(f"dsx export: {note}", err=True)

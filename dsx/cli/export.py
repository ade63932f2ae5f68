"""`dsx export`: a run's results, for other programs and for people."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("export")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "name",
    default="jsonl",
    show_default=True,
    help="jsonl, json, csv, table, sqlite, parquet, or a plugin's.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to this file instead of stdout.")
def command(run: Path, name: str, output: Path | None) -> None:
    """Write the results of the run folder RUN."""
    from dsx.errors import UsageError
    from dsx.plugins import load_plugins
    from dsx.schema import read
    from dsx.store import read_run

    exporters = load_plugins().exporters
    exporter = exporters[name]
    folder = read_run(run)
    parameters = read(folder.manifest["schema"], folder.manifest["schema_name"])
    results = list(folder.results())
    if output is None and exporter.binary:
        raise UsageError(f"--format {name} writes a file; name it with -o FILE")
    if output is None:
        with exporters.calling(name, but=OSError):
            exporter.export(results, parameters, sys.stdout)
        return
    try:
        mode, encoding = ("wb", None) if exporter.binary else ("w", "utf-8")
        with output.open(mode, encoding=encoding) as out, exporters.calling(name, but=OSError):
            exporter.export(results, parameters, out)
    except OSError as problem:
        raise UsageError(f"{output}: {problem.strerror}") from None

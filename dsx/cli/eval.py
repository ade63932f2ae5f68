"""`dsx eval`: a run held against gold, two runs compared, two annotators' agreement."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dsx.answers.limits import MIN_CONFIDENCE
from dsx.cli.complete import run_folders, schemas

if TYPE_CHECKING:
    from dsx.types import ParameterSet

FILE = click.Path(path_type=Path)
GOLD = click.option("--gold", required=True, type=FILE, help="Folder of gold files, or one such file; or decisions.")
SCHEMA = click.option(
    "--schema",
    help="Parameter set, where RUN is an export instead of a run folder; as `dsx extract` takes it.",
    shell_complete=schemas,
)
RESAMPLES = click.option(
    "--resamples",
    type=click.IntRange(0),
    default=2000,
    show_default=True,
    help="Of papers, for the intervals; 0: none. One paper alone has none.",
)
MIN = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    metavar="0…1",
    help=f"Values less sure than this count as left blank [default: {MIN_CONFIDENCE} of a run, none of an export].",
)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


def _parameter_set(schema: str | None) -> ParameterSet | None:
    from dsx.plugins import load_plugins
    from dsx.run.parameter_source import find_parameters

    return None if schema is None else find_parameters(schema, load_plugins())


class RunOrCommand(click.Group):
    """`dsx eval RUN` is `dsx eval run RUN`: what is no command's name is a run."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


@click.group("eval", cls=RunOrCommand)
def command() -> None:
    """Precision, recall, F1 and calibration of a run, by gold: `dsx eval RUN --gold DIR`."""


@command.command("run")
@click.argument("run", type=FILE, shell_complete=run_folders)
@GOLD
@SCHEMA
@AS_JSON
@click.option("--html", type=FILE, help="Write a report with plots to this file.")
@click.option("--details", type=FILE, help="Write a CSV with one row a judged value.")
@click.option("--calibration", type=FILE, help="Write fitted curves, for --calibration of dsx extract and dsx export.")
@MIN
@click.option("--parameter", "parameters", multiple=True, help="Only this parameter; may be repeated.")
@RESAMPLES
def of_run(
    run: Path,
    gold: Path,
    schema: str | None,
    as_json: bool,
    html: Path | None,
    details: Path | None,
    calibration: Path | None,
    min_confidence: float | None,
    parameters: tuple[str, ...],
    resamples: int,
) -> None:
    """How right RUN is: a run folder, or an export of one."""
    import sys

    from dsx.evaluation import page, terminal
    from dsx.evaluation.evaluate import evaluate, is_curves, is_details, to_json, write_curves, write_details
    from dsx.report.writing import check_file, text_file

    for option, file, kind, is_own in (
        ("--html", html, "report of dsx eval", page.is_report),
        ("--details", details, "file of dsx eval --details", is_details),
        ("--calibration", calibration, "file of dsx eval --calibration", is_curves),
    ):
        if file is not None:
            check_file(file, option, kind, is_own)
    evaluation = evaluate(
        run,
        gold,
        parameter_set=_parameter_set(schema),
        resamples=resamples,
        parameters=parameters,
        min_confidence=min_confidence,
    )
    if html is not None:
        with text_file(html, "--html") as out:
            out.write(page.to_html(evaluation))
    if details is not None:
        with text_file(details, "--details") as out:
            write_details(evaluation, out)
    if calibration is not None:
        with text_file(calibration, "--calibration") as out:
            write_curves(evaluation, out)
    if as_json:
        click.echo(to_json(evaluation.as_json()))
    else:
        terminal.show_evaluation(evaluation, sys.stdout)


@command.command("compare")
@click.argument("first", type=FILE, shell_complete=run_folders)
@click.argument("second", type=FILE, shell_complete=run_folders)
@GOLD
@SCHEMA
@AS_JSON
@MIN
@RESAMPLES
def compare(
    first: Path,
    second: Path,
    gold: Path,
    schema: str | None,
    as_json: bool,
    min_confidence: float | None,
    resamples: int,
) -> None:
    """F1 of SECOND less that of FIRST.

    With intervals of the paired bootstrap over papers.
    """
    import dataclasses
    import sys

    from dsx.evaluation import score, terminal
    from dsx.evaluation.evaluate import evaluate, to_json

    asked = _parameter_set(schema)
    before, after = (
        evaluate(run, gold, parameter_set=asked, resamples=0, min_confidence=min_confidence).judgements
        for run in (first, second)
    )
    differences = score.compare(before, after, resamples)
    if as_json:
        click.echo(to_json({name: dataclasses.asdict(each) for name, each in differences.items()}))
    else:
        terminal.show_differences(differences, sys.stdout)


@command.command("agreement")
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
@click.option("--schema", required=True, help="Their parameter set.", shell_complete=schemas)
@AS_JSON
def of_annotators(first: Path, second: Path, schema: str, as_json: bool) -> None:
    """Cohen's kappa and Krippendorff's alpha of two folders of gold."""
    import dataclasses
    import sys

    from dsx.evaluation import terminal
    from dsx.evaluation.agreement import agreement
    from dsx.evaluation.evaluate import to_json
    from dsx.evaluation.gold import read_gold
    from dsx.plugins import load_plugins
    from dsx.run.parameter_source import find_parameters

    parameters = find_parameters(schema, load_plugins())
    measured = agreement(read_gold(first, parameters), read_gold(second, parameters), parameters)
    if as_json:
        click.echo(to_json({name: dataclasses.asdict(each) for name, each in measured.items()}))
    else:
        terminal.show_agreement(measured, sys.stdout)

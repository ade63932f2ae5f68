"""`dsx bench`: how long a run takes on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dsx.cli.extract import pairs
from dsx.terminal import say


@click.command("bench", epilog="dsx bench --shape qwen3-32b --random-weights --papers 18 --tokens 10000")
@click.option("--shape", help="A model's shape by name; its weights are made up.")
@click.option("--model", help="A real model instead, as `dsx extract` takes it.")
@click.option("--random-weights", is_flag=True, help="Also for --model: its folder needs no weights then.")
@click.option(
    "--work",
    type=click.Choice(["placed", "written"]),
    default="placed",
    show_default=True,
    help="24 parameters of each record, as `dsx extract` asks; or 3 long free texts of 384 tokens a paper.",
)
@click.option("--papers", type=click.IntRange(1), default=4, show_default=True, help="Made up by a seed.")
@click.option("--tokens", type=click.IntRange(200), default=10_000, show_default=True, help="Of each paper.")
@click.option("--records", type=click.FloatRange(1, 4), default=2.4, show_default=True, help="Of a paper, on average.")
@click.option("--papers-in-flight", type=click.IntRange(1), default=1, show_default=True, help="As of `dsx extract`.")
@click.option("--predict", type=click.IntRange(1), default=100, show_default=True, help="For a run of so many papers.")
@click.option("--engine", "engines", multiple=True, help="One that is installed [default: each].")
@click.option(
    "--attention",
    type=click.Choice(["auto", "flash_attention_4", "flash_attention_2", "sdpa", "eager"]),
    default="auto",
    show_default=True,
)
@click.option("--quantize", type=click.Choice(["none", "8bit", "4bit"]), default="none", show_default=True)
@click.option("--memory-budget", metavar="SIZE", help="As of `dsx extract`.")
@click.option("--set", "options", multiple=True, callback=pairs, metavar="KEY=VALUE", help="An option of the engine.")
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), help="Write papers, parameter set and shape here."
)
@click.option("--json", "as_json", is_flag=True, help="One line of JSON an engine.")
def command(as_json: bool, **options: Any) -> int:
    """Time the pipeline on this machine with a --shape or a --model: nothing is fetched, and a shape needs no weights.

    Random weights like no answer best. So answers are drawn among those that the grammar allows, and mean nothing: how
    long they are is printed beside what a trained model wrote. Half of the questions may not be answered by null, and
    which records a paper has is given. The tokenizer is the embedded model's, padded to the shape's vocabulary.
    """
    import json

    from dsx.bench.command import bench
    from dsx.bench.options import Options
    from dsx.bench.report import READER, prediction, speeds_line, table

    reports = bench(Options(**options))
    if as_json:
        for report in reports:
            click.echo(json.dumps(report))
        return 0
    plans = [f"memory planned: {plan}" for report in reports for plan in report["memory_plan"]]
    for line in (*table(reports), "", *plans, speeds_line(reports[0]), f"a trained model, a question: {READER}"):
        say(line)
    say("")
    say(prediction(reports))
    return 0

"""`dsx-reader`: train a model to read, measure one, and put a trained one into the package."""

from __future__ import annotations

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

import click

from dsx.plugin_api import DsxError, UsageError
from dsx_reader import sources
from dsx_reader.setting import EPOCHS, Setting

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
BIAS = 10
"""Of null, at most, as `dsx extract` has it."""


@click.group()
def cli() -> None:
    """Trains and measures models that read for dsx."""


@cli.command()
@click.option("--base", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of the base model.")
@click.option("--passages", type=click.Path(path_type=Path, exists=True), multiple=True, help="Files or folders.")
@click.option("--annotations", type=FILE, help="Annotated texts, .jsonl.gz.")
@click.option(
    "--statements",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="Sheets, files or folders; the folder statements beside the passages by default.",
)
@click.option(
    "--from-run",
    "runs",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="A run of dsx whose papers --gold has checked values of.",
)
@click.option(
    "--gold",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="Checked values as `dsx eval` takes them, such as RUN/reviews; one for each run, or one for all.",
)
@click.option(
    "--papers",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="Files or folders where the papers of --from-run are now.",
)
@click.option("--paper-variants", default=sources.PAPER_VARIANTS, show_default=True, help="Of each checked paper.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    help="Of checked papers among the examples: of the others so many are left out.",
)
@click.option("--leave-one-out", is_flag=True, help="Only measures: by models that have not learnt from a paper.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder; the same command goes on in it.")
@click.option("--without", type=click.Choice(sources.KINDS), multiple=True, help="A kind of data that is left out.")
@click.option("--variants", default=sources.VARIANTS, show_default=True, help="Documents of each passage, an epoch.")
@click.option("--compositions", default=sources.COMPOSITIONS, show_default=True, help="Of each sheet, an epoch.")
@click.option(
    "--annotation-share",
    type=click.FloatRange(0, 1),
    default=sources.ANNOTATION_SHARE,
    show_default=True,
    help="Of the annotations, an epoch.",
)
@click.option(
    "--labelled",
    type=FILE,
    multiple=True,
    help="What `dsx-reader label` wrote: answers of a larger model.",
)
@click.option(
    "--labelled-share",
    type=click.FloatRange(0, 1),
    default=1.0,
    show_default=True,
    help="Of the texts that are labelled, an epoch.",
)
@click.option("--epochs", default=EPOCHS, show_default=True, help="Each has examples of its own.")
@click.option("--minutes", default=60.0, show_default=True, help="It ends then, whatever the epochs.")
@click.option("--learning-rate", default=4e-4, show_default=True)
@click.option("--rank", default=0, show_default=True, help="Of a LoRA adapter; 0: all weights of a small model.")
@click.option("--tokens", default=40_000, show_default=True, help="Of a batch.")
@click.option("--limit", type=int, help="Passages, sheets, annotations and labelled texts at most, for a trial.")
@click.option("--processes", type=int, help="That make examples; as many as there are cores by default.")
@click.option("--compile/--no-compile", "compiled", default=True, show_default=True, help="The model, on a GPU.")
@click.option("--seed", default=0, show_default=True)
def train(
    base: Path,
    passages: tuple[Path, ...],
    annotations: Path | None,
    statements: tuple[Path, ...],
    runs: tuple[Path, ...],
    gold: tuple[Path, ...],
    papers: tuple[Path, ...],
    paper_variants: int,
    share: float | None,
    leave_one_out: bool,
    out: Path,
    without: tuple[str, ...],
    variants: int,
    compositions: int,
    annotation_share: float,
    labelled: tuple[Path, ...],
    labelled_share: float,
    epochs: float,
    minutes: float,
    learning_rate: float,
    rank: int,
    tokens: int,
    limit: int | None,
    processes: int | None,
    compiled: bool,
    seed: int,
) -> None:
    """Trains BASE on questions as dsx asks them, and measures it on fields that were kept out.

    With --leave-one-out it says instead what training brings for papers that it has not seen.
    """
    from dsx_reader.papers import read_papers
    from dsx_reader.train import train as train_model

    if bool(runs) is not bool(gold):
        raise UsageError("--from-run and --gold go together: a run, and what is right for its papers")
    sheets, checked = statements or sources.beside(passages), read_papers(runs, gold, papers) if runs else ()
    counts = (variants, compositions, limit, seed)
    of_papers, of_labels = (checked, paper_variants, share), (labelled, labelled_share)
    data = sources.Sources(passages, annotations, sheets, without, *counts, *of_papers, annotation_share, *of_labels)
    setting = Setting(base, out, data, epochs, minutes, learning_rate, tokens, rank, processes, seed, compiled)
    if leave_one_out:
        from dsx_reader import leave_one_out as leaving

        click.echo("\n".join(leaving.lines(leaving.leave_one_out(setting))))
        return
    folder = train_model(setting)
    click.echo(f"trained: {folder}")
    _measure(folder, passages, annotations, out / "evaluation.json")


def _options(context: click.Context, option: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE texts as a mapping."""
    if wrong := [text for text in texts if "=" not in text]:
        raise click.BadParameter(f"{wrong[0]!r} is not KEY=VALUE")
    return dict(text.split("=", 1) for text in texts)


def _shard(context: click.Context, option: click.Parameter, text: str) -> tuple[int, int]:
    """Number and count of "1/2"."""
    part, _, of = text.partition("/")
    if not (part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of)):
        raise click.BadParameter(f"{text!r} is not such as 1/2 and 2/2")
    return int(part), int(of)


def _bias(context: click.Context, parameter: click.Parameter, bias: float) -> float:
    if not -BIAS <= bias <= BIAS:  # NaN is neither
        raise click.BadParameter(f"{bias} is no number from -{BIAS} to {BIAS}")
    return bias


@cli.command()
@click.option("--model", type=click.Path(path_type=Path, exists=True), required=True, help="Of the larger model.")
@click.option("--annotations", type=FILE, required=True, help="Its texts are read.")
@click.option(
    "--passages", type=click.Path(path_type=Path, exists=True), multiple=True, required=True, help="Their questions."
)
@click.option("--statements", type=click.Path(path_type=Path, exists=True), multiple=True, help="As `train` has them.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .jsonl.gz file; again goes on in it.")
@click.option("--questions", type=click.IntRange(1), default=12, show_default=True, help="About each text.")
@click.option(
    "--passage-tokens", "shown", type=click.IntRange(1), multiple=True, help="Shown; a text draws one of several."
)
@click.option("--shard", default="1/1", callback=_shard, help="Of the texts, for several GPUs: 1/2 and 2/2.")
@click.option("--minutes", type=click.FloatRange(0), help="It ends then.")
@click.option("--limit", type=click.IntRange(0), help="Texts at most, for a trial.")
@click.option("--processes", type=click.IntRange(1), help="That make questions; as many as there are cores by default.")
@click.option("--set", "options", multiple=True, callback=_options, metavar="KEY=VALUE", help="Of the engine.")
@click.option("--null-bias", default=0.0, callback=_bias, show_default=True, help="As of `dsx extract`.")
@click.option("--seed", default=0, show_default=True)
def label(
    model: Path,
    annotations: Path,
    passages: tuple[Path, ...],
    statements: tuple[Path, ...],
    out: Path,
    questions: int,
    shown: tuple[int, ...],
    shard: tuple[int, int],
    minutes: float | None,
    limit: int | None,
    processes: int | None,
    options: dict[str, str],
    null_bias: float,
    seed: int,
) -> None:
    """MODEL answers questions about texts that nobody annotated; `train --labelled` learns from what it is sure of."""
    from dsx_reader import label as labelling

    sheets = statements or sources.beside(passages)
    data = sources.Sources(passages, annotations, sheets, seed=seed)
    tokens = shown or labelling.SHOWN
    setting = labelling.Labelling(
        model, data, out, questions, tokens, shard, minutes, limit, processes, options, null_bias
    )
    click.echo(f"{labelling.label(setting)} answers")


@cli.command()
@click.option("--model", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of a model.")
@click.option("--passages", type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
@click.option("--annotations", type=FILE, help="For texts around the passages.")
@click.option("--out", type=click.Path(path_type=Path), help="A JSON file for the figures.")
def evaluate(model: Path, passages: tuple[Path, ...], annotations: Path | None, out: Path | None) -> None:
    """Measures MODEL on the passages of the fields that no model is trained on."""
    _measure(model, passages, annotations, out)


@cli.command()
@click.option("--base", type=click.Path(path_type=Path, exists=True), required=True)
@click.option(
    "--model",
    "models",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    required=True,
    help="Trained from BASE; of several, the mean of their weights.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A .safetensors file.")
def compress(base: Path, models: tuple[Path, ...], out: Path) -> None:
    """Writes what MODEL differs in from BASE, in two bits a weight."""
    from dsx_reader.delta import save

    click.echo(f"{save(base, models, out) / 1e6:.1f} MB")


@cli.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True), required=True)
def check(files: tuple[Path, ...]) -> None:
    """Names what is wrong with passages and sheets of statements; files or folders."""
    from dsx_reader.checking import faults

    lines = [f"{each.id}: {fault}" for each in sources.passages(files) for fault in faults(each)]
    lines += [f"{each.name} {fault}" for each in sources.sheets(files) for fault in each.faults()]
    click.echo("\n".join(lines) or "no faults")
    sys.exit(bool(lines))


@cli.command()
@click.argument("evaluation", type=click.Path(path_type=Path, exists=True))
@click.option("--out", type=click.Path(path_type=Path), required=True)
def calibrate(evaluation: Path, out: Path) -> None:
    """Fits what confidences mean on the answers of EVALUATION, which `evaluate` wrote."""
    from dsx_reader.calibrate import write

    for kind, (slope, intercept) in write(evaluation, out).items():
        click.echo(f"{kind or 'others':10}{slope:8.3f}{intercept:8.3f}")


@cli.command()
@click.argument("others", nargs=-1, type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--passages", type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
@click.option("--statements", type=click.Path(path_type=Path, exists=True), multiple=True)
@click.option("--annotations", type=FILE)
def overlap(
    others: tuple[Path, ...], passages: tuple[Path, ...], statements: tuple[Path, ...], annotations: Path | None
) -> None:
    """Counts sequences of 8 words that the training data have in common with OTHERS, files that dsx reads."""
    from dsx import load_document
    from dsx_reader.examples import read_annotations

    texts = [each.text for each in sources.passages(passages)]
    texts += [
        each.text for sheet in sources.sheets(statements or sources.beside(passages)) for each in sheet.statements()
    ]
    texts += [row["text"] for row in read_annotations(annotations)] if annotations else []
    click.echo(sources.overlap(texts, (load_document(path).text for path in others)))


def _measure(model: Path, passages: tuple[Path, ...], annotations: Path | None, out: Path | None) -> None:
    from dsx_reader.dataset import tokenizer_in
    from dsx_reader.evaluate import evaluate as measure
    from dsx_reader.evaluate import examples_of, lines

    data = sources.Sources(passages, annotations)
    held_out = [each for each in sources.passages(passages) if each.field in sources.HELD_OUT]
    if not held_out:
        click.echo("no passages of the fields that are kept out: nothing is measured", err=True)
        return
    tokenizer = tokenizer_in(model)
    examples = examples_of(held_out, tokenizer, sources.material_of(data).fillers())
    scores, judged = measure(model, examples)
    for line in lines(scores):
        click.echo(line)
    if out is not None:
        content = {
            "scores": {kind: {**asdict(score), "f1": score.f1} for kind, score in scores.items()},
            "answers": [asdict(answer) for answer in judged],
        }
        out.write_text(json.dumps(content, indent=1), encoding="utf-8")


def main() -> None:
    """The command line; one line for what can be mended."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        cli()
    except DsxError as problem:
        click.echo(f"dsx-reader: {problem}", err=True)
        sys.exit(problem.exit_code if hasattr(problem, "exit_code") else 1)

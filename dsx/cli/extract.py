"""`dsx extract`: the main job."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from dsx.cli.complete import models, names_of, run_folders, schemas

if TYPE_CHECKING:
    from dsx.recipe import Recipe
    from dsx.run.plan import Call


def pairs(_: click.Context, __: click.Parameter, texts: tuple[str, ...]) -> dict[str, str]:
    """A callback: KEY=VALUE texts as a mapping. Raises BadParameter."""
    values = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE")
        values[key] = value
    return values


def _labels(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, ...]:
    return tuple(label.strip() for label in (text or "").split(",") if label.strip())


class Typed(NamedTuple):
    """What was typed after `dsx extract`. run: the folder that was named."""

    papers: tuple[Path, ...]
    recipe: Recipe
    run: Path | None
    call: Call


class _KeepsArguments(click.Command):
    """Keeps the words as they were typed, for the processes that are to do the same."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta["arguments"] = tuple(args)
        return super().parse_args(ctx, args)


@click.command("extract", cls=_KeepsArguments)
@click.argument("papers", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--schema",
    "schema_name",
    shell_complete=schemas,
    help="A parameter set: a JSON Schema file, model.py:Class, package.module:Class, or a name (dsx schema list).",
)
@click.option(
    "--fields", metavar="TEXT", help='A set for a first try: "n_total: int, age_mean: float [year], drug: str".'
)
@click.option(
    "--run",
    "run",
    type=click.Path(path_type=Path),
    help="The run folder [default: of the same call, or new in runs/].",
    shell_complete=run_folders,
)
@click.option("--force-new", is_flag=True, help="Where the run folder is another run's, take the next free name.")
@click.option(
    "--update", is_flag=True, help="Where the run has another parameter set, ask what has changed and keep the rest."
)
@click.option(
    "--shard", default="0/1", metavar="I/N", help="Take the papers whose hash falls to shard I (0-based) of N."
)
@click.option(
    "--papers-in-flight",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Papers whose questions are answered together, as one batch; meanwhile as many others are read.",
)
@click.option(
    "--claim/--no-claim",
    default=True,
    show_default=True,
    help="Take only papers that no other process of this run folder is at.",
)
@click.option(
    "--claim-expiry",
    type=click.FloatRange(1),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="A process that is silent so long loses its papers; one that died on this host loses it at once.",
)
@click.option(
    "--leave-to-others",
    is_flag=True,
    help="Exit code 0, not 75, where the papers left are in work in other processes, such as an array's tasks.",
)
@click.option(
    "--grace",
    type=click.FloatRange(0),
    default=120,
    show_default=True,
    metavar="SECONDS",
    help="Time that the papers in flight get to end after SIGUSR1, or SIGTERM (20 at most).",
)
@click.option(
    "--recursive/--no-recursive", default=True, show_default=True, help="Search the subfolders of folders for PDFs."
)
@click.option(
    "--threads",
    type=click.IntRange(1),
    metavar="N",
    help="To compute with [default: the processors given, shared with this run's other processes].",
)
@click.option(
    "--memory-budget",
    metavar="SIZE",
    help="Of each device, e.g. 60% or 40GB [default: 90% of a GPU's free memory, 25% of the processor's].",
)
@click.option(
    "--processes",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Share the papers over N processes, each with its share of the GPUs.",
)
@click.option("--worker", metavar="FOLDER", type=click.Path(path_type=Path), hidden=True)
@click.option("--load-seconds", type=click.FloatRange(1), default=120, show_default=True, help="To read one file.")
@click.option("--load-megabytes", type=click.IntRange(256), default=2048, show_default=True, help="To read one file.")
@click.option(
    "--load-characters", type=click.IntRange(1000), default=4_000_000, show_default=True, help="Most text of one file."
)
@click.option(
    "--engine",
    default="transformers",
    show_default=True,
    help="Who answers (dsx plugins list).",
    shell_complete=names_of("engines"),
)
@click.option(
    "--model", help="Hugging Face id, folder or GGUF file [default: the embedded reader].", shell_complete=models
)
@click.option("--max-new-tokens", default=512, show_default=True, help="Cap of one answer.")
@click.option(
    "--attention",
    type=click.Choice(["auto", "flash_attention_4", "flash_attention_2", "sdpa", "eager"]),
    default="auto",
    show_default=True,
    help="For prefill; auto takes the first that works.",
)
@click.option(
    "--quantize",
    type=click.Choice(["none", "8bit", "4bit"]),
    default="none",
    show_default=True,
    help="The weights of a model in this process.",
)
@click.option(
    "--per-question", default=1, show_default=True, help="Parameters asked at once, where values are written."
)
@click.option(
    "--order",
    type=click.Choice(["value-quote", "quote-value"]),
    default="value-quote",
    show_default=True,
    help="What an answer says first.",
)
@click.option(
    "--prompt-set",
    help="What the model is told (dsx plugins list) [default: the model's own].",
    shell_complete=names_of("prompt_sets"),
)
@click.option(
    "--values",
    type=click.Choice(["placed", "written"]),
    default="placed",
    show_default=True,
    help="Taken from places in the text, where the engine holds a grammar; or written, and then checked.",
)
@click.option(
    "--choices",
    type=click.Choice(["each", "together"]),
    help="Lists of choices: a question for each choice, or one for the list [default: the model's own].",
)
@click.option(
    "--prior-weight",
    type=click.FloatRange(0, 1),
    metavar="0…1",
    help="How much of what the model chooses without a text is taken out of its choices [default: the model's own].",
)
@click.option(
    "--null-bias",
    type=click.FloatRange(-10, 10),
    help="Added to the logit of null, where one parameter is asked: below 0 more values [default: the model's own].",
)
@click.option(
    "--whole/--passages",
    "whole_papers",
    default=None,
    help="What is shown of a paper that fits the context whole [default: the model's own].",
)
@click.option(
    "--passage-tokens",
    type=int,
    help="Shown for one question, where the paper is not shown whole; for which records there are, at least 1,000 "
    "[default: the model's own].",
)
@click.option(
    "--readings",
    type=click.IntRange(1, 10),
    help="Times that a parameter is asked, of further passages, until there is a value [default: the model's own].",
)
@click.option("--front/--no-front", default=True, help="Take title, authors and DOI from the first page or headings.")
@click.option("--records", callback=_labels, help='Labels of the records, e.g. "Experiment 1,Experiment 2".')
@click.option("--samples", default=1, show_default=True, help="Answers drawn for each parameter.")
@click.option("--alternatives", is_flag=True, help="Keep the whole distribution over a parameter's choices.")
@click.option(
    "--calibration",
    type=click.Path(path_type=Path),
    help="Store probabilities for confidences, by curves of `dsx eval --calibration`.",
)
@click.option(
    "--hidden-text",
    type=click.Choice(["hide", "show"]),
    default="hide",
    show_default=True,
    help="Text that no reader sees (white, tiny, covered …); where it is shown, values taken from it are flagged.",
)
@click.option(
    "--loader", help="Read every file with this loader [default: by content].", shell_complete=names_of("loaders")
)
@click.option("--set", "options", multiple=True, callback=pairs, metavar="KEY=VALUE", help="An option of the engine.")
@click.option("--base-url", help="Of the engine server: --set base_url=URL.")
@click.option("--repairs", help="For answers that no grammar holds: names in order, separated by commas.")
@click.option("--dry-run", is_flag=True, help="Show what would be asked, of which pages, in how many tokens.")
@click.pass_context
def command(context: click.Context, /, dry_run: bool, **_: Any) -> int:
    """Fill a parameter set from PAPERS (files, or folders of PDFs; of a file that lists papers: $(cat list.txt)).

    Folders are searched for PDFs alone; files of other kinds (HTML, Markdown, text, JATS) are named: papers/*.html.
    The same command again resumes: finished papers are not redone. Without --run, the newest run in runs/ with this
    schema's content and these settings goes on, if it is about one of these papers; else there is a new one.
    Many processes may share one run folder.
    """
    from dsx.run.job import extract
    from dsx.run.plan import plan_run
    from dsx.run.preview import preview
    from dsx.run.processes import extract_in_processes

    planned = plan_run(*_typed(context.params))
    if dry_run:
        return preview(planned)
    if context.params["processes"] > 1 and not planned.call.is_worker:
        return extract_in_processes(planned, context.meta["arguments"], context.params["processes"])
    return extract(planned)


def parse(arguments: list[str]) -> Typed:
    """What `dsx extract ARGUMENTS` would do; raises what it would raise."""
    return _typed(command.make_context("dsx extract", arguments).params)


def _typed(options: Mapping[str, Any]) -> Typed:
    from dsx.answers.calibration import read_curves
    from dsx.engines.budget import MemoryBudget
    from dsx.recipe import Recipe
    from dsx.run.papers import Shard
    from dsx.run.parameter_source import FIELDS
    from dsx.run.plan import Call

    if options["schema_name"] is None and options["fields"] is None:
        raise click.UsageError("name a parameter set with --schema, or write one with --fields")
    if options["schema_name"] is not None and options["fields"] is not None:
        raise click.UsageError("--schema and --fields both name a parameter set; leave out one of the two")
    if options["processes"] > 1 and not options["claim"]:
        raise click.UsageError("--processes shares the papers by claims; leave out --no-claim")
    if options["worker"] is not None:  # the process that started this one has chosen the folder
        options = {**options, "run": options["worker"], "force_new": False}
    recipe = {key: options[key] for key in Recipe.model_fields if options.get(key) is not None}
    if options["fields"] is not None:
        recipe["schema_name"] = FIELDS + options["fields"]
    if options["base_url"] is not None:
        recipe["options"] = {**recipe["options"], "base_url": options["base_url"]}
    if options["calibration"] is not None:
        recipe["calibration"] = read_curves(options["calibration"])
    if options["repairs"] is not None:
        recipe["repairs"] = tuple(name.strip() for name in options["repairs"].split(",") if name.strip())
    if options["memory_budget"] is not None:
        MemoryBudget.read(options["memory_budget"])
    call = {each.name: options[each.name] for each in dataclasses.fields(Call) if each.name in options}
    call |= {"shard": Shard.read(options["shard"]), "is_worker": options["worker"] is not None}
    return Typed(options["papers"], Recipe.read(**recipe), options["run"], Call(**call))

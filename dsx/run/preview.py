"""What a run would ask, without asking it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.job import make_engine, make_pipeline
from dsx.run.papers import collect
from dsx.run.plan import Call, check_recipe, plan_run, with_model
from dsx.run.threads import prepare
from dsx.terminal import printable_line


def preview(papers: Sequence[Path], recipe: Recipe, run: Path | None, call: Call) -> None:
    """Prints what the model would be told and asked of each paper, or what an update of a run would change."""
    if call.update:
        planned = plan_run(papers, recipe, run, call)
        click.echo(f"{planned.folder}: {planned.papers_left()} of {len(planned.papers)} papers have questions")
        for line in planned.changes():
            click.echo(line)
        return
    plugins = load_plugins()
    recipe = with_model(recipe, plugins)
    parameters = check_recipe(recipe, plugins)
    files = collect(papers, call.recursive)
    prepare(call.threads)
    with closing(make_engine(recipe, plugins, answers=False)) as engine:
        pipeline = make_pipeline(recipe, parameters, plugins, engine, None)
        click.echo(f"# before every question\n\n## system\n{pipeline.practice.wording.system}")
        for question_text, answer_text in pipeline.practice.wording.examples:
            click.echo(f"\n## example\n{question_text}\n\n## its answer\n{answer_text}")
        for path in files:
            document = pipeline.load(path)
            click.echo(f"\n# {printable_line(path.name)}")
            for question, tokens in pipeline.preview(path):
                pages = sorted({document.page_at(passage.start) for passage in question.shown.passages})
                where = "the whole paper" if question.shown.whole else f"pages {', '.join(map(str, pages))}"
                click.echo(f"\n## {question.id}: {tokens} tokens of {where}\n{question.prompt}")

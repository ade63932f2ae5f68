"""What a run would ask, without asking it."""

from __future__ import annotations

from contextlib import closing

import click

from dsx.errors import PaperError
from dsx.load import reason_of
from dsx.run.job import engine_of, make_pipeline
from dsx.run.plan import PlannedRun
from dsx.run.threads import prepare
from dsx.terminal import printable_line


def preview(planned: PlannedRun) -> int:
    """Prints what the model would be told and asked of each paper, or what an update of a run would change.

    Returns the exit code: 1 where a paper cannot be read.
    """
    exit_code = 0
    if planned.call.update:
        click.echo(f"{planned.folder}: papers with questions: {len(planned.papers_left())} of {len(planned.papers)}")
        for line in planned.changes():
            click.echo(line)
        return exit_code
    prepare(planned.call.threads)
    with closing(engine_of(planned, answers=False)) as engine:
        pipeline = make_pipeline(planned.recipe, planned.parameters, planned.plugins, engine, None)
        click.echo(f"# before every question\n\n## system\n{pipeline.run.wording.system}")
        for question_text, answer_text in pipeline.run.wording.examples:
            click.echo(f"\n## example\n{question_text}\n\n## its answer\n{answer_text}")
        for path in planned.papers:
            click.echo(f"\n# {printable_line(path.name)}")
            try:
                document = pipeline.load(path)
            except PaperError as problem:
                click.echo(f"\nfailed: {printable_line(reason_of(problem, path))}")
                exit_code = problem.exit_code
                continue
            for question, tokens in pipeline.preview(path):
                pages = sorted({document.page_at(passage.start) for passage in question.shown.passages})
                named = f"page{'s' * (len(pages) > 1)} {', '.join(map(str, pages))}"
                where = "the whole paper" if question.shown.whole else named
                click.echo(f"\n## {question.id}: {tokens} tokens of {where}\n{question.prompt}")
    return exit_code

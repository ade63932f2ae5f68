"""`dsx review`: a page on which a run's values are checked."""

from __future__ import annotations

import contextlib
import shlex
from pathlib import Path

import click

from dsx.cli.complete import run_folders
from dsx.terminal import counted, say


@click.command("review")
@click.argument("run", type=click.Path(path_type=Path), required=False, shell_complete=run_folders)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The page to write [default: RUN/review.html].")
@click.option(
    "--papers",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="A file or folder where papers are now, if the run read them elsewhere; may be repeated.",
)
@click.option("--serve", is_flag=True, help="Serve the page to this machine's browser; decisions go into RUN/reviews/.")
@click.option("--port", type=click.IntRange(0, 65535), metavar="N", help="With --serve [default: any that is free].")
@click.option("--reviewer", default="", help="Your name, as it stands in the decisions.")
def command(
    run: Path | None, output: Path | None, papers: tuple[Path, ...], serve: bool, port: int | None, reviewer: str
) -> int:
    """Make a page on which the values of RUN [default: the newest] are checked beside the marked pages.

    The page is one file that needs no network. Decisions stay in the browser until you save them as JSON.
    """
    from dsx.errors import UsageError
    from dsx.review import ReviewServer, check_page, open_review, review_page, write_page
    from dsx.store import newest_run, read_reviews, restate, review_path, stale_note

    if serve and output is not None:
        raise UsageError("--serve writes no page; leave out -o")
    if port is not None and not serve:
        raise UsageError("--port is for --serve; leave it out, or add --serve")
    run = run or newest_run()
    contents = open_review(run, papers)
    missing = len(contents.results) - len(contents.papers)
    if missing:
        total = len(contents.results)
        say(f"papers that are not where they were: {missing} of {total}, shown as text only (--papers)", err=True)
    if note := stale_note(restate(read_reviews(run), contents.parameters, contents.results.get)[1]):
        say(note, err=True)
    if serve:
        with ReviewServer(contents, reviewer, port or 0) as server:
            say(f"Review {run} at {server.url}", err=True)
            say(f"Ctrl-C ends it; decisions are in {run / 'reviews'}", err=True)
            with contextlib.suppress(KeyboardInterrupt):
                server.serve_forever()
        return 0
    if reviewer:
        review_path(run, reviewer)
    path = output or run / "review.html"
    check_page(path)  # before pages are drawn
    say(f"Drawing the cited pages of {counted(len(contents.papers), 'paper')}", err=True)
    write_page(path, review_page(contents, reviewer))
    click.echo(path)
    say(
        f"Open it in a browser; dsx export {shlex.quote(str(run))} -o FILE.xlsx --decisions SAVED.json makes the table",
        err=True,
    )
    return 0

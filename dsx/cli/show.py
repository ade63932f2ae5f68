"""`dsx show`: what dsx reads in a document."""

from __future__ import annotations

from pathlib import Path

import click

from dsx.cli.complete import names_of
from dsx.terminal import say


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--json", "as_json", is_flag=True, help="Everything, as one JSON object.")
@click.option("--page", type=int, help="The text of one page.")
@click.option("--section", help="The text of the sections of this kind, or with this in their title.")
@click.option(
    "--marked",
    type=click.Path(path_type=Path),
    help="Write a copy of the PDF with its sections marked; over another such copy only.",
)
@click.option("--loader", help="Read with this loader [default: by content].", shell_complete=names_of("loaders"))
def command(
    file: Path, as_json: bool, page: int | None, section: str | None, marked: Path | None, loader: str | None
) -> None:
    """Print what dsx reads in FILE: its outline, or the text of a page or section."""
    import json

    from dsx.api import load_document
    from dsx.report import document as show
    from dsx.report.writing import check_file

    if sum((as_json, page is not None, section is not None)) > 1:
        raise click.UsageError("--json, --page and --section each print something else; give one of them")
    if marked is not None:
        check_file(marked, "--marked", "marked copy", show.is_marked)
    document = load_document(file, loader=loader)
    if marked is not None:
        show.mark(document, file, marked)
    if as_json:
        click.echo(json.dumps(show.as_json(document), ensure_ascii=False))
    elif page is not None:
        click.echo(show.page_text(document, page), nl=False)
    elif section is not None:
        click.echo(show.section_text(document, section), nl=False)
    elif marked is None:
        for line in show.outline(document):
            say(line)

"""What a person sees: nothing in a paper, a name, a schema, a value or an error steers a terminal or passes for a line.

Every screen is printed with a text in all of its fields, and with that text made printable; both have as many lines.
"""

from __future__ import annotations

import ast
import io
import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import click
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dsx.cli import main
from dsx.errors import LoadError
from dsx.evaluation.agreement import Agreement
from dsx.evaluation.terminal import show_agreement
from dsx.load.compose import Paragraph, compose, unplaced
from dsx.plugins import PluginReport
from dsx.recipe import Recipe
from dsx.report.document import outline
from dsx.report.export import to_table
from dsx.report.parameter_table import tables
from dsx.run.history import state
from dsx.run.progress import Bar, Lines
from dsx.run.summary import RunSummary, next_steps
from dsx.schema import read
from dsx.store import open_run, read_run
from dsx.terminal import CleanStream, LineFormatter, console, printable, printable_line, say
from dsx.types import (
    Choice,
    Evidence,
    PaperResult,
    Parameter,
    ParameterSet,
    Record,
    RecordStep,
    RecordType,
    Status,
    Value,
)

pytestmark = pytest.mark.slow

STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MARKUP = "[red]x[/red]"
PIECES = [
    "\x1b[31m",
    "\x1b]0;t\x07",
    "\x9b2J",
    "\r",
    "\n",
    "\nfailed: all",
    "\x85",
    "\u2028",
    "\u202e",
    "\u2066",
    "\ud800",
]
TEXTS = st.lists(st.sampled_from([*PIECES, MARKUP, "[/]", "[link=x]", "\\", "\t", "a", "b "]), min_size=1, max_size=6)


class Screen(io.StringIO):
    """A terminal, or a file."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        """As a stream's."""
        return self.terminal


@contextmanager
def screen() -> Iterator[Screen]:
    """What is printed to a file. Standard error is cleaned whatever it is, standard output by what prints there."""
    out = Screen(terminal=False)
    handlers, level = logging.root.handlers[:], logging.getLogger("dsx").level
    with redirect_stdout(out), redirect_stderr(out):
        yield out
    logging.root.handlers[:] = handlers
    logging.getLogger("dsx").setLevel(level)


def command(*arguments: str) -> None:
    """`dsx ARGUMENTS` in this process."""
    with pytest.raises(SystemExit):
        main(arguments)


def result(text: str) -> PaperResult:
    """A paper of which everything is `text`, but for half characters, which cannot be stored."""
    text = text.replace("\ud800", "\ufffd")
    value = Value([text, {"key": text}], Status.STATED, 0.5, Evidence(text, 0, 1, 1, (), 1), text)
    return PaperResult("a" * 64, text, (Record(text, "list", {"n": value}, None, (RecordStep("list", text),)),))


def stored(folder: Path, text: str) -> Path:
    """A run folder with `text` in its schema, records and failures, as nobody checked them."""
    shutil.rmtree(folder, ignore_errors=True)
    schema = {"title": text, "description": text, "type": "object", "properties": {"n": {"type": "string"}}}
    run = open_run(folder / "run", {"dsx": "1", "schema": schema, "schema_name": text, "recipe": {"model": text}})
    run.save(result(text))
    run.fail("b" * 64, text, text)
    return run.path


def parameter_set(text: str) -> ParameterSet:
    """A parameter set of which everything is `text`, as a plugin may give it."""
    choices = (Choice(text, (text,)),)
    parameter = Parameter(text, {"enum": [text]}, text, unit=text, choices=choices, where=text)
    return ParameterSet(text, text, {}, RecordType(text, text, (parameter,)))


def runs(text: str, folder: Path) -> None:
    """`dsx runs list` and `show`."""
    run = stored(folder, text)
    command("runs", "list", str(folder))
    command("runs", "show", str(run))
    for line in state(read_run(run)).lines():
        say(line)
    command("runs", "retry", str(run))


def table(text: str, folder: Path) -> None:
    """`dsx export --format table`."""
    with redirect_stdout(Screen(terminal=False)) as out:
        schema = {"type": "object", "properties": {"list": {"type": "array", "items": {"type": "object"}}}}
        schema["properties"]["list"]["items"]["properties"] = {"n": {"type": "string"}}  # type: ignore[index]
        to_table([result(text)], read(schema, "test"), out)
    say(*out.getvalue().splitlines())


def other_tables(text: str, folder: Path) -> None:
    """`dsx schema show`, `dsx eval agreement`."""
    out = Screen(terminal=False)
    for part in tables(parameter_set(text), Recipe(schema_name="test")):
        console(out, width=160).print(part)
    show_agreement({name: Agreement(1, 1.0, None, None) for name in ("all", text)}, out)
    say(*out.getvalue().splitlines())


def progress(text: str, folder: Path) -> None:
    """While a run goes on and at its end."""
    from rich.progress import Progress

    Lines(2).paper_ends(text, text)
    out = Screen(terminal=False)
    with Progress(console=console(out, width=80), disable=True) as drawn:
        bar = Bar(2, drawn)
        bar.paper_begins(text)
        bar.paper_ends(text, text)
    print(out.getvalue())
    summary = RunSummary(done=1, failed={text: text}, crashed={text: text}, duplicates={text: text}, stopped="SIGTERM")
    print("\n".join([*summary.lines(), *next_steps(summary, Path("runs") / text.replace("/", "-"))]))


def errors(text: str, folder: Path) -> None:
    """Errors of commands, of a plugin, of a server; what is logged of them."""
    name = text.replace("\ud800", "").replace("/", "-")
    command("export", name)
    command(name)
    command("--" + name)
    report = PluginReport(text, text, text, provides=[text], problems=[text])
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(levelname)s %(message)s"))
    log = logging.Logger("screen")
    log.addHandler(handler)
    log.warning("%s", report.reason())
    log.warning("%s: %s", text, LoadError(text))
    say(report.name, report.problems[0])


def document(text: str, folder: Path) -> None:
    """`dsx show`."""
    heading = Paragraph([unplaced(text or "x")], level=1, heading="other")
    folder.mkdir(exist_ok=True)
    (folder / "paper.txt").touch()
    paper = compose(folder / "paper.txt", "text", [heading, Paragraph([unplaced(text)])], [(1.0, 1.0)])
    for line in outline(paper):
        say(line)


SCREENS = [runs, table, other_tables, progress, errors, document]


@pytest.mark.parametrize("show", SCREENS)
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=TEXTS)
@example(pieces=[*PIECES, "a"])
@example(pieces=["a\\", MARKUP, "\\"])
def test_no_text_steers_a_terminal_or_makes_a_line(
    show: Callable[[str, Path], None], pieces: list[str], tmp_path: Path
) -> None:
    text = "".join(pieces)
    with screen() as raw:
        show(text, tmp_path / "runs")
    with screen() as clean:
        show(printable_line(text), tmp_path / "runs")
    assert not STEERS.search(raw.getvalue())
    assert raw.getvalue().count("\n") == clean.getvalue().count("\n")
    assert raw.getvalue().strip()


def test_markup_is_text(tmp_path: Path) -> None:
    for show in SCREENS:
        with screen() as out:
            show(MARKUP + "\\", tmp_path / "runs")
        assert MARKUP in out.getvalue(), show


def test_a_table_is_drawn_on_the_terminal_below_a_clean_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Screen(terminal=True)
    to_table(
        [result("a\x1b[2J")], read({"type": "object", "properties": {"n": {"type": "string"}}}, "x"), CleanStream(out)
    )
    assert "\x1b[1m" in out.getvalue()
    assert "\ufffd[2J" in out.getvalue()
    assert "\x1b[2J" not in out.getvalue()


def test_what_is_written_to_a_clean_stream_is_printable() -> None:
    out = Screen(terminal=True)
    with redirect_stdout(CleanStream(out)):  # type: ignore[type-var]
        click.echo("a\x1b[2Jb\u202ec\rd\n")
    assert out.getvalue() == printable("a\x1b[2Jb\u202ec\rd\n") + "\n"


def test_commands_print_lines_through_one_function() -> None:
    """What else is printed is JSON, help, text of a document or a schema, or a path for another program."""
    printed = {}
    for path in sorted((Path(__file__).parents[1] / "dsx" / "cli").glob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        echoes = [call.args[0] for call in calls if ast.unparse(call.func) in ("click.echo", "print")]
        if texts := [text for text in map(ast.unparse, echoes) if "json" not in text]:
            printed[path.stem] = texts
    assert printed == {
        "__init__": ["problem.format_message()"],
        "models": ["str(load_plugins().model_folder(name) or fetch(name))"],
        "review": ["path"],
        "schema": ["drawn.getvalue()", "text"],
        "show": ["show.page_text(document, page)", "show.section_text(document, section)"],
        "slurm": ["job", "text"],
    }

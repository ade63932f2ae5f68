"""The command line: one command a file, each imported only when it is called, so that `dsx --help` is quick."""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
from collections.abc import Sequence
from typing import TextIO, cast

import click

import dsx
from dsx.commands import COMMANDS
from dsx.errors import MAY_PASS, ClosedPipe, DsxError, UnknownName, machine_error, one_line
from dsx.run.signals import Stopped
from dsx.terminal import CleanStream, LineFormatter, NoReader, Output, say

log = logging.getLogger("dsx")


class LazyGroup(click.Group):
    """Imports a command's module when it is called. `--help` prints the table of the built-ins and imports none.

    Plugins' commands are not in the table: to know them, every plugin must be imported, which takes too long.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in COMMANDS:
            module = importlib.import_module(f"dsx.cli.{cmd_name}")
            command: click.Command = module.command
            return command
        from dsx.plugins import load_plugins

        plugins = load_plugins()
        plugins.register_commands()
        if cmd_name in plugins.commands:
            return plugins.commands[cmd_name]
        if ctx.resilient_parsing or cmd_name.startswith("-"):
            return None
        if plugins.commands.owners(cmd_name):
            return plugins.commands[cmd_name]  # raises: two plugins give it
        broken = [report.reason() for report in plugins.reports if report.problems]
        raise UnknownName("command", cmd_name, [*COMMANDS, *plugins.commands], broken)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="Plugins may add commands; `dsx plugins list` names them.",
)
@click.version_option(dsx.__version__, prog_name="dsx")
@click.option("-v", "--verbose", is_flag=True, help="Log what is done, and tracebacks, to stderr.")
def cli(verbose: bool) -> None:
    """Fill parameter sets from scientific PDFs, every value with its quote, page and box.

    Exit codes: 0 all papers done; 1 some papers or values failed; 2 nothing was run; 75 not all papers done, run it
    again: stopped by a signal or by trouble of the machine, or other processes are at the rest; 130 interrupted.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")


def _own_streams() -> None:
    """What dsx prints steers no terminal; what goes to a file or a program stays as it is, in UTF-8."""
    stdout, stderr = cast("tuple[TextIO | None, ...]", (sys.stdout, sys.stderr))  # None: closed by who started dsx
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:  # so that no file of ours gets a closed one's number
        pass
    os.close(number)
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(encoding=None if stdout.isatty() else "utf-8", errors="replace")
    output = Output(stdout or _nowhere(), is_lost=stdout is None)
    sys.stdout = cast(TextIO, CleanStream(cast(TextIO, output)) if output.isatty() else output)
    sys.stderr = cast(TextIO, CleanStream(stderr or _nowhere(), lossy=True))


def _end_output() -> None:
    """What keeps it from being written has been said; Python would say it again."""
    try:
        sys.stdout.flush()
    except (OSError, NoReader):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point: every DsxError becomes one line on stderr and its exit code, here and nowhere else."""
    _own_streams()
    try:
        code = _run(arguments)
    finally:
        _end_output()
    if code == MAY_PASS:  # no waiting for an engine's threads: Slurm kills soon
        sys.stderr.flush()
        os._exit(MAY_PASS)
    sys.exit(code)


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = cli.main(args=arguments, prog_name="dsx", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except (NoReader, ClosedPipe):
        return 0
    except click.exceptions.Abort:
        say("dsx: interrupted", err=True)
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as problem:
        click.echo(problem.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as problem:
        command = problem.ctx.command_path if isinstance(problem, click.UsageError) and problem.ctx else "dsx"
        say(f"{command}: {problem.format_message()} (see {command} --help)", err=True)
        sys.exit(2)
    except DsxError as problem:
        log.debug("traceback", exc_info=problem)
        say(f"dsx: {' '.join(str(problem).split())}", err=True)
        sys.exit(problem.exit_code)
    except (OSError, MemoryError) as problem:
        log.debug("traceback", exc_info=problem)
        trouble = machine_error(problem)
        path = getattr(problem, "filename", None)
        reason = f"{path}: {getattr(problem, 'strerror', None) or problem}" if path else one_line(problem)
        say(f"dsx: {trouble or reason}", err=True)
        sys.exit(trouble.exit_code if trouble else 2)
    except Stopped as stopped:
        say(f"dsx: {stopped}", err=True)
        return MAY_PASS

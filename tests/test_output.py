"""Standard output of the real command: UTF-8 wherever it goes, a reader that has enough, a full disk, none at all."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.export_results import stored_run

ROOT = Path(__file__).parents[1]
NARROW = ({"PYTHONIOENCODING": "latin-1"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"})
"""Environments in which Python prints another encoding than UTF-8."""
COMMANDS = (
    ("export", "RUN"),
    ("export", "RUN", "--format", "table"),
    ("runs", "show", "RUN"),
    ("runs", "show", "RUN", "--json"),
    ("schema", "export", "schemas/motor.json"),
    ("schema", "show", "schemas/motor.json"),
    ("export", "RUN", "--format", "csv", "-o", "/dev/stdout"),
    ("--help",),
)
FORMATS = ("jsonl", "json", "csv", "table")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder."""
    return stored_run(tmp_path_factory.mktemp("output") / "run").path


def dsx(*arguments: object, run: Path, redirect: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The command as a shell runs it with a redirection."""
    command = [sys.executable, "-m", "dsx", *(str(run) if each == "RUN" else str(each) for each in arguments)]
    shell = ["bash", "-c", f'"$@" {redirect}', "bash", *command]
    return subprocess.run(shell, capture_output=True, cwd=ROOT, env={**os.environ, **environment})


@pytest.mark.parametrize("environment", NARROW)
@pytest.mark.parametrize("name", FORMATS)
def test_what_goes_to_a_program_is_utf_8_in_every_locale(run: Path, name: str, environment: dict[str, str]) -> None:
    narrow, wide = (
        dsx("export", "RUN", "--format", name, run=run, **each) for each in (environment, {"PYTHONIOENCODING": "utf-8"})
    )
    assert narrow.returncode == 0
    assert narrow.stdout == wide.stdout
    assert not narrow.stdout.isascii()


@pytest.mark.parametrize("environment", NARROW)
def test_json_of_other_commands_is_utf_8_in_every_locale(
    run: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    paper, schema = tmp_path / "paper.md", tmp_path / "schema.json"
    paper.write_text("# Übungen\n\nα is 5 °C.\n", "utf-8")
    schema.write_text('{"type": "object", "properties": {"t": {"type": "number", "title": "in °C"}}}', "utf-8")
    for arguments in (("show", paper, "--json"), ("show", paper, "--page", 1), ("schema", "export", schema)):
        assert "°C".encode() in dsx(*arguments, run=run, **environment).stdout, arguments


@pytest.mark.parametrize("environment", NARROW)
def test_a_terminal_keeps_its_encoding_and_is_not_steered(tmp_path: Path, environment: dict[str, str]) -> None:
    paper = tmp_path / "paper.md"
    paper.write_text("# Title\n\nA \u202e word.\n", "utf-8")
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "dsx", "show", str(paper), "--page", "1"]
    subprocess.run(command, stdout=theirs, cwd=ROOT, env={**os.environ, **environment}, check=True)
    os.close(theirs)
    assert os.read(ours, 4096) == b"Title\r\nA ? word.\r\n"
    os.close(ours)


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_reader_that_has_enough_is_no_failure(run: Path, arguments: tuple[str, ...]) -> None:
    done = dsx(*arguments, run=run, redirect='| true; exit "${PIPESTATUS[0]}"')
    assert (done.returncode, b"Error" in done.stderr, b"failed:" in done.stderr) == (0, False, False), done.stderr


@pytest.mark.parametrize("arguments", [each for each in COMMANDS if "-o" not in each])
def test_output_that_cannot_be_written_is_a_failure_of_standard_output(run: Path, arguments: tuple[str, ...]) -> None:
    full = dsx(*arguments, run=run, redirect="> /dev/full")
    assert full.returncode == 75
    assert b"dsx: standard output: No space left on device; make room and run the same command\n" in full.stderr
    assert b"Traceback" not in full.stderr


@pytest.mark.parametrize("arguments", [*COMMANDS, ("--version",), ("plugins", "list"), ("schema", "list")])
def test_a_closed_standard_output_loses_what_is_said_and_fails_an_export_alone(
    run: Path, arguments: tuple[str, ...]
) -> None:
    closed = dsx(*arguments, run=run, redirect=">&-")
    refusal = b"dsx: standard output is closed; name a file with -o, or send it to a program\n"
    assert (closed.returncode, closed.stderr) == ((2, refusal) if arguments[0] == "export" else (0, b""))


def test_a_command_that_writes_a_file_needs_no_standard_output(run: Path, tmp_path: Path) -> None:
    other = stored_run(tmp_path / "other").path
    commands: dict[str, tuple[object, ...]] = {
        "x.csv": ("export", "RUN"),
        "page.html": ("review", "RUN"),
        "both": ("runs", "merge", "RUN", other),
    }
    for name, arguments in commands.items():
        done = dsx(*arguments, "-o", tmp_path / name, run=run, redirect=">&-")
        assert (done.returncode, (tmp_path / name).exists()) == (0, True), done.stderr


def test_a_pipe_that_nobody_reads_is_a_usage_error_of_a_script(run: Path) -> None:
    export = f"dsx.open_run({str(run)!r}).export('/dev/stdout', 'csv')"
    script = f"import dsx\ntry: {export}\nexcept dsx.UsageError as problem: raise SystemExit(str(problem))"
    shell = ["bash", "-c", '"$@" | true; exit "${PIPESTATUS[0]}"', "bash", sys.executable, "-c", script]
    done = subprocess.run(shell, capture_output=True, cwd=ROOT, text=True)
    assert (done.returncode, done.stderr) == (1, "/dev/stdout: Broken pipe; choose another with -o\n")

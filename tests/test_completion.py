"""Shells complete names of runs, schemas, models and formats, in under half a second of processor time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from dsx.cli import cli


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a schema, two runs, a fetched model and a cache of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DSX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("DSX_PLUGINS", "none")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    for name in ("motor-2026-01-01", "trials"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "run.json").write_text("{}")
    (tmp_path / "runs" / "notes").mkdir()
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "motor.json").write_text("{}")
    (tmp_path / "hub" / "hub" / "models--Qwen--Qwen3-32B").mkdir(parents=True)
    return tmp_path


def completed(*words: str) -> list[str]:
    """What is offered for the last word."""
    shell = ShellComplete(cli, {}, "dsx", "_DSX_COMPLETE")
    items = shell.get_completions(list(words[:-1]), words[-1])
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in items]


def test_names_are_completed(place: Path) -> None:
    assert completed("export", "runs/") == ["runs/motor-2026-01-01", "runs/trials"]
    assert completed("runs", "show", "runs/t") == ["runs/trials"]
    assert completed("extract", "--run", "elsewhere/") == ["<file>"], "the shell goes on with names of files"
    assert completed("extract", "--schema", "") == ["schemas/motor.json"]
    assert completed("extract", "--schema", "my/") == ["<file>"]
    assert completed("extract", "--model", "Qw") == ["Qwen/Qwen3-32B"]
    assert completed("export", "--format", "x") == ["xlsx"]
    assert completed("export", "--format", "none") == []
    assert completed("extract", "--engine", "t") == ["transformers"]
    assert "extract" in completed("e")


def test_names_of_plugins_are_kept_until_something_is_installed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("export", "--format", "js") == ["json", "jsonl"]
    file = place / "cache" / "names.json"
    names = json.loads(file.read_text())
    file.write_text(json.dumps({**names, "exporters": ["js-from-the-cache"]}))
    assert completed("export", "--format", "js") == ["js-from-the-cache"]
    (place / "site-packages").mkdir()
    monkeypatch.syspath_prepend(place / "site-packages")
    assert completed("export", "--format", "js") == ["json", "jsonl"]
    file.write_text("[")
    assert completed("export", "--format", "js") == ["json", "jsonl"]
    (place / "dsx.toml").write_text("nonsense")
    assert completed("export", "runs/") == ["<file>"], "a broken setting costs no traceback"


def test_bash_completes_in_half_a_second(place: Path) -> None:
    script = (
        'eval "$(_DSX_COMPLETE=bash_source dsx)"; COMP_WORDS=(dsx export --format xl)\n'
        'COMP_CWORD=3; _dsx_completion dsx; echo "${COMPREPLY[@]}"'
    )
    assert completed("export", "--format", "xl") == ["xlsx"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=environment, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.stdout == "xlsx\n", done.stderr
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert spent < 2 * 0.5, "two calls, for the script and for the completion"

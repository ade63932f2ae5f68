"""The command line: quick help, one-line errors with the right exit code, and the main job end to end."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import pytest
from click import Option
from click.testing import CliRunner

from dsx.cli import COMMANDS, cli, models
from dsx.cli.extract import command, parse
from dsx.errors import DsxError, UsageError
from dsx.plugins import load_plugins
from dsx.plugins.hookspecs import hookimpl
from dsx.recipe import Recipe
from dsx.run.plan import Call
from dsx.types import NamedModel

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "examples" / "papers" / "sample.pdf"
MOTOR = ROOT / "schemas" / "motor.json"


def dsx(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the real command in the checkout."""
    command = [sys.executable, "-m", "dsx", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment})


def test_help_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, dsx.cli; print([m for m in ('torch', 'transformers', 'pymupdf', 'pydantic') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert loaded.stdout.strip() == "[]"
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        shown = dsx("--help")
        seconds.append(time.perf_counter() - started)
    assert shown.returncode == 0
    assert "extract" in shown.stdout
    assert statistics.median(seconds) < 3, (
        "0.3 s is measured by benchmarks/startup.py; this only catches a heavy import"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--schema", "nothere"], "no parameter set 'nothere'; there are:"),
        (["--schema", "schemas/nothere.json"], "schemas/motor.json"),
        (["--schema", "{tmp}/broken.json"], "not JSON"),
        (["--schema", "{tmp}/not.json"], "/properties/a/not"),
        (["--schema", "schemas/motor.json", "--engine", "nothere"], "no engine 'nothere'; there are:"),
        (["--schema", "schemas/motor.json", "--loader", "nothere"], "no loader 'nothere'; there are:"),
        (["--schema", "schemas/motor.json", "--set", "nothere=1"], "--set nothere is no option; there are: rows"),
        (["--schema", "schemas/motor.json", "--set", "rows"], "KEY=VALUE"),
        (["--schema", "schemas/motor.json", "--max-new-tokens", "100"], "the cap is 100"),
        (
            ["--schema", "schemas/motor.json", "--per-question", "0"],
            "--per-question takes a whole number of at least 1",
        ),
        (
            ["--schema", "schemas/motor.json", "--max-new-tokens", "99999999999999"],
            "--max-new-tokens takes a whole number from 32 to 1000000 (cap of one answer, tokens)",
        ),
        (
            ["--schema", "schemas/motor.json", "--passage-tokens", "1"],
            "at least 1,000 for which records there are; by default as the model likes it)",
        ),
        (["--schema", "schemas/motor.json", "--load-seconds", "inf"], "--load-seconds takes a number of more than 0"),
        (["--schema", "schemas/motor.json", "--grace", "inf"], "--grace takes a number of seconds"),
        (["--schema", "schemas/motor.json", "--claim-expiry", "nan"], "--claim-expiry takes a number of seconds"),
        (["--schema", "schemas/motor.json", "--model", "someone/not-here"], "dsx models fetch someone/not-here"),
        (["--schema", "schemas/motor.json", "--model", "/not/here"], "no model folder /not/here"),
        (["--schema", "schemas/motor.json", "--nothere"], "No such option"),
    ],
)
def test_what_cannot_be_run_is_said(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.json").write_text('{"type": ')
    (tmp_path / "not.json").write_text('{"type": "object", "properties": {"a": {"type": "string", "not": {}}}}')
    monkeypatch.chdir(ROOT)
    words = [argument.format(tmp=tmp_path) for argument in arguments]
    run = tmp_path / "run"
    result = CliRunner().invoke(command, [*words, "--run", str(run), str(SAMPLE)])
    error = result.exception
    code, text = (error.exit_code, str(error)) if isinstance(error, DsxError) else (result.exit_code, result.output)
    assert code == 2
    assert said in text
    assert not run.exists()


def test_no_refusal_speaks_of_python_s_none() -> None:
    for name in Recipe.model_fields.keys() - {"schema_name"}:
        with pytest.raises(UsageError) as refused:
            Recipe.read(schema_name="any", **{name: object()})
        assert "None" not in str(refused.value)


@pytest.mark.parametrize("schema", ["nothere", "schemas/motor.json --nothere"])
def test_a_refusal_is_one_line(schema: str) -> None:
    result = dsx("extract", "--schema", *schema.split(), SAMPLE)
    assert result.returncode == 2
    assert len([line for line in result.stderr.splitlines() if line.startswith("dsx")]) == 1
    assert "Traceback" not in result.stderr


def test_papers_and_run_folders_that_cannot_be_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    from dsx.cli.extract import command

    caplog.set_level("INFO")
    (tmp_path / "empty").mkdir()
    other = tmp_path / "other"
    other.mkdir()
    (other / "run.json").write_text(json.dumps({"dsx": "0", "schema": {}, "schema_name": "s", "recipe": {}}))
    (tmp_path / "file").write_text("")
    for papers, run, said in (
        (tmp_path / "empty", tmp_path / "run", "no PDFs in"),
        (tmp_path / "nothere", tmp_path / "run", "no such file or folder"),
        (SAMPLE, other, "was made with another dsx"),
        (SAMPLE, tmp_path / "file" / "run", "is a file"),
        (SAMPLE, Path("/proc/run"), "cannot be written"),
    ):
        result = CliRunner().invoke(command, ["--schema", str(MOTOR), "--run", str(run), str(papers)])
        assert isinstance(result.exception, DsxError), result.output
        assert result.exception.exit_code == 2
        assert said in str(result.exception)
    assert "Loading" not in caplog.text, "a model was loaded before the mistake was found"


@pytest.mark.slow
def test_the_main_job_end_to_end(tmp_path: Path, random_folder: str) -> None:
    """A model on a paper, beside files that are no papers: they fail by name, the others are done."""
    papers = tmp_path / "papers"
    papers.mkdir()
    (papers / "good.pdf").write_bytes(SAMPLE.read_bytes())
    (papers / "empty.pdf").write_bytes(b"")
    (papers / "truncated.pdf").write_bytes(SAMPLE.read_bytes()[:3000])
    (papers / "not.pdf").write_text("This is no PDF at all.")
    (papers / "encrypted.pdf").write_bytes(encrypted(SAMPLE))
    schema = tmp_path / "small.json"
    schema.write_text(json.dumps(SMALL))
    run, labels = tmp_path / "run", "Experiment 1,Experiment 2"
    command = ["extract", "--schema", schema, "--model", random_folder, "--records", labels, "--run", run, papers]
    twice = dsx("extract", "--schema", schema, "--records", "A,B,A", papers)
    assert (twice.returncode, "'A' is named 2 times" in twice.stderr) == (2, True)

    result = dsx(*command)

    assert result.returncode == 1, result.stderr
    assert "Using attention implementation: sdpa" in result.stderr
    *last, review, table = result.stderr.splitlines()[-6:]
    assert (f"dsx review {run}" in review, f"dsx export {run}" in table) == (True, True)
    for name, reason in (("empty", "empty"), ("truncated", ""), ("not", ""), ("encrypted", "encrypted")):
        assert any(f"failed: {name}.pdf: " in line and reason in line for line in last), (name, last)
    exported = [json.loads(line) for line in dsx("export", run).stdout.splitlines()]
    assert sum("failed" in line for line in exported) == 4
    lines = [line for line in exported if "failed" not in line]
    assert [line["record"] for line in lines] == ["Experiment 1", "Experiment 2"]
    for line in lines:
        assert set(line["parameters"]) == {"title", "targets", "schedule"}
        for cell in line["parameters"].values():
            assert cell["status"] in ("stated", "derived", "inferred", "unsupported", "not_reported")
            assert 0 <= cell["confidence"] <= 1
            if cell["value"] is not None:
                assert cell["page"] >= 1
                assert cell["boxes"]
    events = [json.loads(line) for log in run.glob("log*.jsonl") for line in log.read_text().splitlines()]
    asked = [event for event in events if event["event"] == "question"]
    cells = {(label, name) for label in labels.split(",") for name in ("targets", "schedule")}
    assert {(event["record"], event["parameters"][0]) for event in asked} == cells, (
        "the title is read off the first page"
    )
    assert all(event["tokens_sampled"] + event["tokens_forced"] > 0 for event in asked)

    again = dsx(*command)
    assert again.returncode == 1
    assert "1 done earlier" in again.stderr
    other = dsx(*command, "--order", "quote-value")
    assert other.returncode == 2
    assert "recipe order" in other.stderr.splitlines()[-1]


def test_a_group_of_commands_alone_shows_its_help() -> None:
    shown = dsx("runs")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("Usage: dsx runs [OPTIONS] COMMAND [ARGS]...\n\n  List runs")


@pytest.mark.slow
def test_dry_run_shows_the_questions(embedded_folder: str, tmp_path: Path) -> None:
    schema = tmp_path / "small.json"
    schema.write_text(json.dumps(SMALL))
    result = dsx("extract", "--schema", schema, "--dry-run", SAMPLE, PYTHONPROFILEIMPORTTIME="1")
    assert result.returncode == 0, result.stderr
    assert "tokens of pages 1" in result.stdout, "the embedded reader sees passages"
    assert "How many targets were trained" in result.stdout
    assert "Loading" not in result.stderr, "a tokenizer counts; no model is loaded"
    imported = set(re.findall(r"\| +(\S+)$", result.stderr, re.MULTILINE))
    assert {"torch", "transformers", "dsx.run.preview"} & imported == {"dsx.run.preview"}
    assert result.stdout.index("Answer null where the paper does not report it") < result.stdout.index("# sample.pdf")


@pytest.mark.slow
def test_doctor_fits_one_screen() -> None:
    result = dsx("doctor")
    assert result.returncode in (0, 1)
    for word in ("python", "torch", "gpu", "flash-attn", "model", "plugin motor"):
        assert word in result.stdout
    assert len(result.stdout.splitlines()) <= 24


def encrypted(path: Path) -> bytes:
    """The PDF behind a password."""
    import pymupdf

    with pymupdf.open(path) as document:
        made: bytes = document.tobytes(encryption=pymupdf.PDF_ENCRYPT_AES_256, user_pw="secret", owner_pw="secret")
    return made


SMALL = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 100, "description": "Title of the paper."},
        "experiments": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "targets": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 99,
                        "description": "How many targets were trained.",
                    },
                    "schedule": {"enum": ["abrupt", "gradual"], "description": "How the rotation came on."},
                },
            },
        },
    },
}


def test_no_command_is_told_of_in_half_a_sentence() -> None:
    for name in COMMANDS:
        shown = CliRunner().invoke(cli, [name, "--help"], standalone_mode=False).output
        assert not re.search(r"^  .*\w\.\.\.$", shown, re.MULTILINE), shown


def test_every_option_of_extract_says_what_it_is() -> None:
    shown = [each for each in command.params if isinstance(each, Option) and not each.hidden]
    assert [option.name for option in shown if not option.help] == []


def test_every_option_of_extract_is_a_part_of_the_recipe_or_of_the_call() -> None:
    parts = {*Recipe.model_fields, *(field.name for field in fields(Call))}
    rest = {"papers", "fields", "run", "dry_run", "base_url", "processes", "worker"}
    assert {option.name for option in command.params} - parts == rest


@pytest.mark.parametrize("option", ["--choices each", "--readings 2", "--prior-weight 0.5"])
def test_what_is_typed_and_does_nothing_for_written_values_is_refused(option: str) -> None:
    call = ["a.pdf", "--schema", "motor", *option.split()]
    with pytest.raises(UsageError, match=rf"^{option.split()[0]} is for --values placed; leave out one of the two$"):
        parse([*call, "--values", "written"])
    assert parse(call).recipe.values == "placed"


def test_how_a_model_is_asked_or_what_is_so_anyway_is_not_refused_for_written_values() -> None:
    typed = "a.pdf --schema motor --values written --choices together --readings 1 --prior-weight 0"
    assert parse(typed.split()).recipe.readings == 1
    own = NamedModel(Path(), choices="each", readings=2, prior_weight=0.5)
    asked = Recipe.read(schema_name="any", values="written").asked_like("own", own)
    assert Recipe.model_validate(asked.model_dump(mode="json")) == asked


def test_the_model_of_a_plugin_is_fetched_by_making_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made() -> Path:
        (tmp_path / "made").mkdir()
        return tmp_path / "made"

    class Own:
        @hookimpl
        def register_models(self) -> dict[str, NamedModel]:
            return {"own": NamedModel(made)}

    monkeypatch.setattr("dsx.plugins.load_plugins", lambda: load_plugins([("own", Own())]))
    done = CliRunner().invoke(models.command, ["fetch", "own"])
    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'made'}\n")
    assert (tmp_path / "made").is_dir()

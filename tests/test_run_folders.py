"""A run is found by what decides its answers; runs are listed; a run ends with what to do next."""

from __future__ import annotations

import datetime
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import dsx
from dsx.cli.export import command as export
from dsx.cli.runs import command as runs
from dsx.errors import RunError
from dsx.load import document_id
from dsx.plugins import load_plugins
from dsx.plugins.registry import PluginReport
from dsx.recipe import Recipe
from dsx.run.code import code_sha256
from dsx.run.folders import choose_folder, default_folder
from dsx.run.parameter_source import find_parameters
from dsx.run.plan import manifest_of
from dsx.run.summary import RunSummary, next_steps
from dsx.store import open_run, read_run
from dsx.types import NamedModel, PaperResult, Record, Status, Value
from tests.conftest import SMALL, Scripted

ROOT = Path(__file__).parents[1]
TODAY = datetime.date.today().isoformat()


def manifest(schema: Path | str, **recipe: Any) -> dict[str, Any]:
    """As a run of this schema has it, before the engine is known."""
    plugins = load_plugins()
    return manifest_of(Recipe.read(schema_name=str(schema), **recipe), find_parameters(str(schema), plugins), plugins)


def result(paper: Path) -> PaperResult:
    """One value of a paper."""
    return PaperResult(document_id(paper), paper.name, (Record(None, "", {"title": Value("A", Status.STATED)}),))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a schema and two papers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    for name in ("a", "b"):
        (tmp_path / f"{name}.pdf").write_text(name)
    return tmp_path


def test_a_run_goes_on_whatever_the_day_and_the_spelling(place: Path) -> None:
    known = manifest("./small.json")
    assert default_folder([Path("a.pdf")], known) == Path(f"runs/small-{TODAY}")
    begun = open_run(Path("runs/small-2020-01-01"), {**known, "engine": {"model": "m"}})
    assert default_folder([Path("a.pdf")], known) == begun.path, "begun, without a paper yet"
    begun.save(result(Path("a.pdf")))
    for schema in ("small.json", place / "small.json"):
        assert default_folder([Path("b.pdf"), Path("a.pdf")], manifest(schema)) == begun.path
    (place / "copy.json").write_text(json.dumps(SMALL, indent=4))
    assert default_folder([Path("a.pdf")], manifest("copy.json")) == begun.path
    (place / "model").mkdir()
    asked = open_run(Path("runs/with-model"), manifest("small.json", model="model"))
    assert default_folder([], manifest("small.json", model="./model/")) == asked.path


def test_other_papers_settings_and_schemas_get_a_folder_of_their_own(place: Path) -> None:
    known = manifest("small.json")
    open_run(Path(f"runs/small-{TODAY}"), known).save(result(Path("a.pdf")))
    new = Path(f"runs/small-{TODAY}-2")
    assert default_folder([Path("b.pdf"), Path("nothere.pdf")], known) == new
    assert default_folder([Path("a.pdf")], manifest("small.json", order="quote-value")) == new
    changed = {**SMALL, "title": "a/b  c", "description": "Another."}
    (place / "small.json").write_text(json.dumps(changed))
    assert default_folder([Path("a.pdf")], manifest("small.json")) == Path(f"runs/a-b-c-{TODAY}")


def test_runs_that_are_not_there_are_refused_with_those_that_are(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    begun = open_run(Path("runs/mine"), manifest("small.json"))
    assert choose_folder(begun.path, [], begun.manifest, update=True) == begun.path
    with pytest.raises(RunError, match=r"^--update: runs/mien is no run folder .*; name one, such as runs/mine; or"):
        choose_folder(Path("runs/mien"), [], begun.manifest, update=True)
    with pytest.raises(RunError, match=r"^mine is no run folder .*; name one, such as runs/mine$"):
        read_run(Path("mine"))
    (begun.path / "run.json").write_text("{}")
    with pytest.raises(RunError, match="name one, such as dsx extract makes"):
        read_run(Path("mine"))
    assert "runs/mine/run.json is damaged" in caplog.text
    assert not Path("runs/mien").exists()


def test_exporters_and_parameter_sets_that_are_installed_decide_no_run(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSX_PLUGINS", "none")
    plugins = load_plugins()
    plugins.reports.append(PluginReport("x", "dsx-x", "1", provides=["exporter x", "parameter set y"]))
    parameters = find_parameters("small.json", plugins)
    assert manifest_of(Recipe.read(schema_name="small.json"), parameters, plugins)["plugins"].keys() == {"dsx-extract"}


def test_only_plugins_that_a_run_uses_decide_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DSX_PLUGINS", "none")
    plugins = load_plugins()
    parameters = find_parameters("small.json", plugins)

    def packages(**recipe: Any) -> set[str]:
        decisive = manifest_of(Recipe.read(schema_name="small.json", **recipe), parameters, plugins)["plugins"]
        return set(decisive) - {"dsx-extract"}

    def install(name: str, *hooks: str) -> None:
        plugins.reports.append(PluginReport(name, f"dsx-{name}", "1", hooks=[*hooks]))

    for name in ("repair", "engine", "model", "wording", "loader"):
        install(name)
    plugins.repairs.add("mend", plugins.repairs["quotes"], "repair")
    plugins.engines.add("mine", plugins.engines["server"], "engine")
    plugins.models.add("large", NamedModel(Path), "model")
    plugins.prompt_sets.add("terse", plugins.prompt_sets["default"], "wording")
    plugins.loaders.add("docx", plugins.loaders["text"], "loader")
    assert packages() == set()
    assert packages(repairs=("mend",), engine="mine") == {"dsx-repair", "dsx-engine"}
    assert packages(model="large", prompt_set="terse", loader="docx") == {"dsx-model", "dsx-wording", "dsx-loader"}
    install("judge", "find_loader")
    assert packages() == {"dsx-judge", "dsx-loader"}, "it may take any paper, for any loader"
    assert packages(loader="text") == set()


def test_normalisers_that_a_parameter_names_decide_a_run(place: Path) -> None:
    plugins = load_plugins()
    plugins.reports.append(PluginReport("upper", "dsx-upper", "1"))
    plugins.normalisers.add("upper", plugins.normalisers["span"], "upper")
    for names, used in (["upper"], True), ([], False):
        schema = {"type": "object", "properties": {"drug": {"type": "string", "x-normalise": names}}}
        Path("drug.json").write_text(json.dumps(schema))
        parameters = find_parameters("drug.json", plugins)
        packages = manifest_of(Recipe.read(schema_name="drug.json"), parameters, plugins)["plugins"]
        assert ("dsx-upper" in packages) is used


def test_runs_are_listed_newest_first_and_the_newest_is_exported(place: Path) -> None:
    assert CliRunner().invoke(runs, ["list"]).output == "no run in runs\n"
    with pytest.raises(RunError, match="no run in runs/"):
        CliRunner().invoke(export, [], catch_exceptions=False)
    first, second = (open_run(Path("runs") / name, manifest("small.json", model="m")) for name in ("first", "second"))
    first.save(result(Path("a.pdf")))
    first.fail(document_id(Path("b.pdf")), "b.pdf", "encrypted")
    os.utime("runs/first/records", (1e9, 1e9))
    Path("runs/damaged").mkdir()
    Path("runs/damaged/run.json").write_text("{")
    shown = json.loads(CliRunner().invoke(runs, ["list", "--json"]).output)
    assert [(run["run"], run["schema"], run["model"], run["done"], run["failed"]) for run in shown] == [
        ("runs/second", "small", "m", 0, 0),
        ("runs/first", "small", "m", 1, 1),
    ]
    lines = CliRunner().invoke(runs, ["list"]).output.splitlines()
    assert re.split("  +", lines[1])[:5] == ["runs/first", "small", "m", "1 done", "1 failed"]
    second.save(result(Path("b.pdf")))
    done = CliRunner().invoke(export, [])
    assert (done.exit_code, json.loads(done.stdout)["file"]) == (0, "b.pdf")
    assert "of runs/second" in done.stderr


def test_the_last_lines_say_what_to_do_next() -> None:
    run = Path("runs/my run")
    assert next_steps(RunSummary(done=1), run) == [
        "to check the values: dsx review 'runs/my run'",
        "to get the table: dsx export 'runs/my run' -o 'my run.xlsx'",
    ]
    assert next_steps(RunSummary(failed={"a.pdf": "empty"}), run) == []
    stopped = next_steps(RunSummary(stopped="SIGINT", left=2), run)
    assert stopped == ["to go on: the same command; papers that are done are not done again"]


@pytest.mark.slow
def test_the_same_command_goes_on_without_a_named_folder(scripted: Scripted, tmp_path: Path) -> None:
    papers = scripted.papers(tmp_path / "papers", 2)

    def extract(*arguments: object) -> list[str]:
        environment = scripted.environment()
        environment["PYTHONPATH"] += os.pathsep + str(ROOT)
        words = scripted.extract(*arguments)
        done = subprocess.run(words, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stderr.splitlines()

    extract(papers / "p00.pdf")
    (tmp_path / "runs" / f"small-{TODAY}").rename(tmp_path / "runs" / "small-2020-01-01")
    *_, counts, share, review, table = extract(papers)
    assert "1 done, 1 done earlier" in counts, share
    assert review.endswith("dsx review runs/small-2020-01-01")
    assert table.endswith("dsx export runs/small-2020-01-01 -o small-2020-01-01.xlsx")
    extract(papers, "--order", "quote-value")
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["small-2020-01-01", f"small-{TODAY}"]
    assert len(read_run(tmp_path / "runs" / f"small-{TODAY}").documents()) == 2


def parts_used_by(*parts: str) -> set[str]:
    """The parts of dsx (folders and modules) that these import, and those import, wherever in a module."""
    package, left, used = Path(dsx.__file__).parent, list(parts), set[str]()
    while left:
        part = left.pop()
        if part in used:
            continue
        used.add(part)
        for path in [package / f"{part}.py"] if (package / f"{part}.py").is_file() else (package / part).rglob("*.py"):
            imports = re.findall(
                r"^ *(?:from|import) dsx(?:\.(\w+)| import (\w+))", path.read_text("utf-8"), re.MULTILINE
            )
            left += [name for pair in imports for name in pair if name]
    return used


def test_code_that_no_answer_depends_on_does_not_end_a_run() -> None:
    assert code_sha256().keys() <= parts_used_by("pipeline", "engines", "load", "fill", "plugins")

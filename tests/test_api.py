"""`import dsx` and `dsx.plugin_api`: exactly what they say, light, and enough for a notebook and for a plugin."""

from __future__ import annotations

import ast
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

import dsx
from dsx import plugin_api
from dsx.recipe import Recipe
from dsx.run.plan import Call, plan_run
from dsx.store import open_run
from tests.conftest import Scripted

ROOT = Path(__file__).resolve().parent.parent
PUBLIC = """
AnotherRun Confidence DecodeError Document DsxError Evidence LoadError LoadLimits ModelError Page Paper PaperError
Parameter ParameterSet PluginError Recipe Record RecordType Run RunError SchemaError Section Status Table UnknownName
UsageError Value __version__ evaluate extract hookimpl load_document open_run parameter_set
"""


def imported(tree: ast.AST) -> set[str]:
    """Names that `from … import …` binds."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_all_is_exactly_the_public_names() -> None:
    assert sorted(dsx.__all__) == PUBLIC.split()
    assert dir(dsx) == PUBLIC.split()
    for name in dsx.__all__:
        assert getattr(dsx, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'pipelines'"):
        dsx.pipelines  # noqa: B018


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((ROOT / "dsx" / "__init__.py").read_text("utf-8"))
    [block] = [node for node in tree.body if isinstance(node, ast.If)]
    assert imported(block) | {"__version__"} == set(PUBLIC.split())


def test_every_public_function_and_class_is_documented() -> None:
    for name in set(dsx.__all__) - {"__version__"}:
        assert getattr(dsx, name).__doc__, name
    for name in set(plugin_api.__all__) - {"Box", "EngineFactory", "Json", "hookimpl"}:
        assert getattr(plugin_api, name).__doc__, name


def test_importing_it_imports_nothing_that_takes_time() -> None:
    program = "import sys, dsx; print(*({'click', 'numpy', 'pluggy', 'pydantic', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("folder", ["plugins", "dsx/templates", "tests/plugins"])
def test_plugins_import_nothing_else_of_dsx(folder: str) -> None:
    modules = [path for path in (ROOT / folder).rglob("*.py") if path != ROOT / "dsx" / "templates" / "__init__.py"]
    assert modules
    for path in modules:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in named:
                if module.split(".")[0] == "dsx":
                    assert module == "dsx" or module.startswith("dsx.plugin_api"), f"{path}: {module}"


# ---- a notebook ----


class Experiment(BaseModel):
    targets: int | None = Field(None, ge=1, le=99, description="Number of targets")


class Study(BaseModel):
    title: str | None = Field(None, max_length=100)
    experiments: list[Experiment] = []


class Untitled(BaseModel):
    """Study without its title."""

    experiments: list[Experiment] = []


@pytest.fixture
def installed(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    """The scripted engine in this process."""
    monkeypatch.syspath_prepend(scripted.folder / "site")
    monkeypatch.setenv("DSX_PLUGINS", "scripted")
    monkeypatch.setenv("DSX_CACHE", str(scripted.folder / "cache"))
    return scripted


@pytest.mark.slow
def test_a_notebook(installed: Scripted, tmp_path: Path) -> None:
    papers = installed.papers(tmp_path / "papers", 3)
    run = dsx.extract(Study, papers, engine="scripted", run=tmp_path / "run")
    assert repr(run) == f"<Run {tmp_path / 'run'}: not begun>"
    first = next(iter(run))
    assert isinstance(first.values, Study)
    assert [record.label for record in first.records] == [None, "Experiment 1", "Experiment 2"]
    assert repr(run) == f"<Run {tmp_path / 'run'}: 1 paper done, 0 failed>"
    filled = list(run)
    assert [paper.file for paper in filled] == ["p00.pdf", "p01.pdf", "p02.pdf"]
    assert filled[0] == first
    document = dsx.load_document(papers / "p00.pdf")
    targets = [
        (experiment.targets, first.value("targets", record.label))
        for experiment, record in zip(first.values.experiments, first.records[1:], strict=True)
    ]
    assert all(number == value.value for number, value in targets)
    for paper in filled:
        for record in paper.records:
            for value in record.values.values():
                assert (value.evidence is None) == (value.status is dsx.Status.NOT_REPORTED)
                if value.evidence is not None and paper is filled[0]:
                    assert document.text[value.evidence.start : value.evidence.end] == value.evidence.quote
    again = dsx.open_run(tmp_path / "run", Study)
    assert list(again) == filled
    assert list(dsx.extract(Study, papers, engine="scripted", run=tmp_path / "run")) == filled
    run.export(tmp_path / "run.csv", "csv")
    assert (tmp_path / "run.csv").read_text().count("\n") == 7
    with pytest.raises(dsx.UsageError, match="no value 'colour' of the paper itself"):
        first.value("colour")


@pytest.mark.slow
def test_the_next_paper_is_read_while_a_result_is_looked_at(
    installed: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DSX_CACHE", str(tmp_path / "cache"))
    papers = installed.papers(tmp_path / "papers", 3)
    results = iter(dsx.extract(Study, papers, engine="scripted", run=tmp_path / "run"))
    next(results)
    end = time.monotonic() + 20
    while len(list(tmp_path.glob("cache/documents/*.npz"))) < 2 and time.monotonic() < end:
        time.sleep(0.02)
    assert len(list(tmp_path.glob("cache/documents/*.npz"))) == 2
    assert len(list((tmp_path / "run" / "records").iterdir())) == 1


@pytest.mark.slow
def test_a_paper_that_fails_is_named_and_the_others_go_on(installed: Scripted, tmp_path: Path) -> None:
    papers = installed.papers(tmp_path / "papers", 2)
    (papers / "a.pdf").write_bytes(b"%PDF-1.7\nnothing")
    run = dsx.extract(installed.schema(), [papers], engine="scripted", run=tmp_path / "run").finish()
    assert [paper.file for paper in run] == ["p00.pdf", "p01.pdf"]
    assert list(run.failures) == ["a.pdf"]
    assert next(iter(run)).values.model_dump().keys() == {"title", "experiments"}


@pytest.mark.slow
def test_a_paper_that_cannot_be_read_is_named_and_no_model_is_loaded_for_it(
    installed: Scripted, tmp_path: Path
) -> None:
    papers = installed.papers(tmp_path / "papers", 2)
    run = dsx.extract(installed.schema(), papers / "p00.pdf", engine="scripted", run=tmp_path / "run").finish()
    run = dsx.extract(installed.schema(), papers, engine="scripted", run=tmp_path / "run")
    (papers / "p01.pdf").unlink()
    logs = list((tmp_path / "run").glob("log*.jsonl"))
    assert [paper.file for paper in run] == ["p00.pdf"]
    assert "check that it is a file you may read" in run.failures["p01.pdf"]
    assert list((tmp_path / "run").glob("log*.jsonl")) == logs
    alone = dsx.extract(installed.schema(), papers / "p00.pdf", engine="scripted", run=tmp_path / "other")
    (papers / "p00.pdf").unlink()
    with pytest.raises(
        dsx.UsageError, match=r"none of these papers can be read; the first: .*p00\.pdf: .*check that it is"
    ):
        alone.finish()
    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_an_update_that_was_killed_goes_on_with_papers_that_need_no_question(
    installed: Scripted, tmp_path: Path
) -> None:
    papers, folder = installed.papers(tmp_path / "papers", 2), tmp_path / "run"
    recipe = Recipe.read(schema_name="Study", engine="scripted")
    after = dsx.parameter_set(Untitled)
    dsx.extract(Study, papers / "p00.pdf", engine="scripted", run=folder).finish()
    planned = plan_run([papers], recipe, folder, Call(update=True), after)
    open_run(folder, planned.manifest, update=True)  # and killed
    run = dsx.extract(Untitled, papers, engine="scripted", run=folder)
    assert [paper.file for paper in run] == ["p00.pdf", "p01.pdf"]
    assert run.failures == {}


def test_what_cannot_be_run_is_said_before_anything_is_loaded(tmp_path: Path) -> None:
    class Strict(BaseModel):
        title: str = Field(max_length=100)

    paper = Path(__file__)
    with pytest.raises(dsx.UsageError, match=r"Strict: title must allow None, .*; write `title: str \| None = None`"):
        dsx.extract(Strict, paper, run=tmp_path / "run")
    with pytest.raises(dsx.UnknownName, match="no engine 'none'"):
        dsx.extract(Study, paper, engine="none", run=tmp_path / "run")
    with pytest.raises(dsx.UsageError, match="--colour is no option; there are: schema_name, engine"):
        dsx.extract(Study, paper, colour="red", run=tmp_path / "run")
    with pytest.raises(dsx.UsageError, match="no such file"):
        dsx.extract(Study, tmp_path / "none.pdf", run=tmp_path / "run")
    with pytest.raises(dsx.RunError, match="no run folder"):
        dsx.open_run(tmp_path)
    assert not (tmp_path / "run").exists()


def test_parameter_sets_of_classes_schemas_and_names(installed: Scripted) -> None:
    of_class = dsx.parameter_set(Study)
    assert [parameter.name for parameter in of_class.root.all_parameters()] == ["title", "targets"]
    assert dsx.parameter_set(dict(of_class.schema)) == of_class
    assert dsx.parameter_set(installed.schema()).name == "small"
    with pytest.raises(dsx.UnknownName, match="no parameter set 'none'"):
        dsx.parameter_set("none")
    with pytest.raises(dsx.SchemaError, match="at least one property"):
        dsx.parameter_set({"type": "object"})


@pytest.mark.parametrize(
    ("asked", "papers", "message"),
    [
        (Study(), "a.pdf", r"^Study: .*an object of the class; give the class itself, Study$"),
        (None, "a.pdf", r"^None is no parameter set; give a Pydantic class, .*$"),
        (5, "a.pdf", r"^5 is no parameter set; give .*$"),
        (Study, None, r"^papers: None is no file or folder; give a path, or a list of paths$"),
        (Study, 5, r"^papers: 5 is no file or folder; give a path, or a list of paths$"),
        (Study, ["a.pdf", None], r"^papers: None is no file or folder; give a path, or a list of paths$"),
        (Study, [], r"^papers: the list is empty; give files, or folders of PDFs$"),
    ],
)
def test_what_is_no_parameter_set_or_no_paper_is_said_at_the_call(
    asked: object, papers: object, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.pdf").write_bytes(b"%PDF-1.4")
    with pytest.raises(dsx.UsageError, match=message):
        dsx.extract(asked, papers, run="run")  # type: ignore[call-overload]
    assert not Path("run").exists()

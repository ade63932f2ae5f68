"""`dsx eval`: what it prints and writes; it agrees with the scorers of the development sets where these are here."""

from __future__ import annotations

import csv
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
from errno import EACCES, ENOENT
from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner

from dsx.answers.calibration import fitted_curves, read_curves
from dsx.cli.eval import command
from dsx.cli.export import command as export_command
from dsx.errors import MachineError, RunError, UsageError
from dsx.evaluation.evaluate import evaluate
from dsx.evaluation.gold import gold_value, read_gold
from dsx.evaluation.possible import why_impossible
from dsx.schema import read, read_schema
from dsx.types import ParameterSet
from tests.export_results import TRIAL, stored_run

ROOT = Path(__file__).parent.parent
SHARED = Path(os.environ.get("DSX_SHARED", ROOT.parent / "shared"))
PREDICTIONS = ROOT / "benchmarks" / "quality" / "predictions"
SCHEMAS = {
    "motor": ROOT / "schemas" / "motor.json",
    "participants": SHARED / "data" / "participants-dev" / "schema.json",
    "trials": SHARED / "data" / "trials-dev" / "schema-all.json",
}
HOSTILE = "<script>alert(1)</script> javascript:alert(2)"


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """One paper's."""
    arm = {"label": "Arm 1", "list": "arms", "parameters": {"name": HOSTILE, "arms.n": 40, "dose": 3, "psqi": [8, 4.5]}}
    folder = tmp_path / "gold"
    folder.mkdir()
    (folder / "first.json").write_text(json.dumps({"pdf": "first.pdf", "experiments": [arm]}))
    (folder / "second.json").write_text(json.dumps({"pdf": "absent.pdf", "experiments": [arm]}))
    return folder


def run_command(*arguments: object) -> str:
    """Its output; it must succeed."""
    result = CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_table_has_the_figures_and_the_papers_without_results(tmp_path: Path, gold: Path) -> None:
    run = stored_run(tmp_path / "run").path
    text = run_command(run, "--gold", gold)
    assert "2 papers with gold, 1 of them without results." in text
    assert "no results: second" in text
    assert re.search(r"arms\.n +1 +0 +0 +0 +1 +1\.000 +0\.500", text)
    assert "Accept from 0.8 on:" in text
    assert run_command("run", run, "--gold", gold) == text
    only = json.loads(run_command(run, "--gold", gold, "--json", "--parameter", "dose", "--resamples", 0))
    assert list(only["parameters"]) == ["dose"]
    assert only["micro"]["interval"] is None


def test_files_are_written_beside(tmp_path: Path, gold: Path) -> None:
    run = stored_run(tmp_path / "run").path
    page, details, curves = tmp_path / "r.html", tmp_path / "d.csv", tmp_path / "c.json"
    run_command(run, "--gold", gold, "--html", page, "--details", details, "--calibration", curves)
    with details.open() as file:
        rows = list(csv.DictReader(file))
    assert {row["verdict"] for row in rows} >= {"right", "wrong", "missed"}
    html = page.read_text()
    assert "Reliability diagram" in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert not re.search(r"(src|href)=", html)
    assert "default-src 'none'" in html
    exported = CliRunner().invoke(export_command, [str(run), "--calibration", str(curves)])
    assert exported.exit_code == 0
    line = json.loads(exported.output.splitlines()[0])
    assert line["parameters"]["n"]["confidence"] != 0.9312


@pytest.mark.parametrize("option", ["--html", "--details", "--calibration"])
def test_a_file_that_cannot_be_there_is_refused_at_once(tmp_path: Path, gold: Path, option: str) -> None:
    run = stored_run(tmp_path / "run").path
    before = (run / "run.json").read_bytes()
    places = (
        (tmp_path / "none" / "x", "none is no folder; make it, or choose another with"),
        (run, "is a folder; name"),
    )
    for place, said in (*places, (run / "run.json", "is a part of the run"), (run / "records" / "x", "is a part of")):
        problem = CliRunner().invoke(command, [str(run), "--gold", str(gold), option, str(place)]).exception
        assert isinstance(problem, UsageError)
        assert said in str(problem)
        assert str(problem).endswith(f" with {option}")
    assert (run / "run.json").read_bytes() == before


@pytest.mark.parametrize("option", ["--html", "--details", "--calibration"])
@pytest.mark.parametrize(
    ("errno", "kind", "said"),
    [
        (ENOENT, UsageError, "{}: No such file or directory; choose another with {}"),
        (EACCES, MachineError, "{} cannot be written (Permission denied); choose another place"),
    ],
)
def test_what_keeps_a_file_from_being_written_is_said_of_the_file(
    tmp_path: Path,
    gold: Path,
    monkeypatch: pytest.MonkeyPatch,
    option: str,
    errno: int,
    kind: type[Exception],
    said: str,
) -> None:
    def refuses(**_: object) -> None:
        raise OSError(errno, os.strerror(errno), "/a/temporary/name")

    run, file = stored_run(tmp_path / "run").path, tmp_path / "file"
    monkeypatch.setattr(tempfile, "mkstemp", refuses)
    problem = CliRunner().invoke(command, [str(run), "--gold", str(gold), option, str(file)]).exception
    assert isinstance(problem, kind)
    assert str(problem) == said.format(file, option)


@pytest.mark.parametrize("option", ["--html", "--details", "--calibration"])
def test_only_files_of_their_kind_are_overwritten(tmp_path: Path, gold: Path, option: str) -> None:
    run, file = stored_run(tmp_path / "run").path, tmp_path / "file"
    for _ in range(2):
        run_command(run, "--gold", gold, option, file)
    other = "--html" if option != "--html" else "--details"
    of_model = fitted_curves({"": (1, 0)}, about="").model_dump_json()
    for content in ("my notes", json.dumps(TRIAL), "<!doctype html><title>mine</title>", of_model):
        file.write_text(content)
        problem = CliRunner().invoke(command, [str(run), "--gold", str(gold), option, str(file)]).exception
        assert isinstance(problem, UsageError)
        assert "is there and no " in str(problem)
        assert str(problem).endswith(f"; choose another with {option}")
        assert file.read_text() == content
    file.unlink()
    run_command(run, "--gold", gold, other, file)
    assert isinstance(
        CliRunner().invoke(command, [str(run), "--gold", str(gold), option, str(file)]).exception, UsageError
    )


def test_details_of_nothing_may_be_written_again(tmp_path: Path) -> None:
    (tmp_path / "values.jsonl").write_text("")
    (tmp_path / "gold.json").write_text('{"pdf": "a.pdf", "experiments": []}')
    (tmp_path / "set.json").write_text(json.dumps(TRIAL))
    given = (tmp_path / "values.jsonl", "--gold", tmp_path / "gold.json", "--schema", tmp_path / "set.json")
    for _ in range(2):
        run_command(*given, "--details", tmp_path / "details.csv")
    assert (tmp_path / "details.csv").read_text().startswith("paper,gold_record,record,parameter,")


def test_curves_never_count_twice_and_are_for_their_model(tmp_path: Path, gold: Path) -> None:
    curves = tmp_path / "c.json"

    def run_of(name: str, **recipe: Any) -> Path:
        return stored_run(tmp_path / name, recipe=recipe).path

    def refused(group: Command, *arguments: object) -> str:
        problem = CliRunner().invoke(group, list(map(str, arguments))).exception
        assert isinstance(problem, UsageError)
        return str(problem)

    run_command(run_of("small", model="small"), "--gold", gold, "--calibration", curves)
    fitted = read_curves(curves)
    assert (fitted.model, fitted.fitted_on) == ("small", "run")
    calibrated = run_of("calibrated", model="small", calibration=fitted.model_dump(mode="json"))
    assert "would count twice" in refused(export_command, calibrated, "--calibration", curves)
    assert "was extracted with --calibration" in refused(command, calibrated, "--gold", gold, "--calibration", curves)
    other = refused(export_command, run_of("other", model="large"), "--calibration", curves)
    assert other == "--calibration: its curves were fitted on answers of small, not of large"
    curves.write_text(fitted_curves({"": (1, 0)}, about="").model_dump_json())
    assert "dsx extract --calibration" in refused(export_command, tmp_path / "small", "--calibration", curves)


def test_two_runs_and_two_annotators_are_compared(tmp_path: Path, gold: Path) -> None:
    run = stored_run(tmp_path / "run").path
    differences = json.loads(run_command("compare", run, run, "--gold", gold, "--json"))
    assert differences["micro"]["f1"] == 0
    assert "micro" in run_command("compare", run, run, "--gold", gold)
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(json.loads((run / "run.json").read_text())["schema"]))
    measured = json.loads(run_command("agreement", gold, gold, "--schema", schema, "--json"))
    assert measured["all"]["share"] == 1
    assert "kappa" in run_command("agreement", gold, gold, "--schema", schema)


def test_an_export_is_judged_by_a_parameter_set_of_any_name(tmp_path: Path) -> None:
    """`--schema` takes what `dsx extract` takes."""
    paper = {"file": "a.pdf", "document": "d", "record": None, "path": "", "parameters": {"n": {"value": 40}}}
    (tmp_path / "values.jsonl").write_text(json.dumps(paper))
    gold = tmp_path / "gold"
    gold.mkdir()
    (gold / "a.json").write_text(json.dumps({"pdf": "a.pdf", "experiments": [{"parameters": {"n": 40}}]}))
    report = json.loads(run_command(tmp_path / "values.jsonl", "--gold", gold, "--schema", "fields:n: int", "--json"))
    assert report["micro"]["tp"] == 1


def test_a_run_is_judged_by_its_own_parameter_set(tmp_path: Path, gold: Path) -> None:
    run = stored_run(tmp_path / "run").path
    with pytest.raises(UsageError, match="another parameter set than --schema"):
        run_command(run, "--gold", gold, "--schema", "fields:n: int")
    (tmp_path / "own.json").write_text(json.dumps(TRIAL))
    assert run_command(run, "--gold", gold, "--schema", tmp_path / "own.json") == run_command(run, "--gold", gold)


def test_what_is_no_run_and_no_export_is_said(tmp_path: Path, gold: Path) -> None:
    with pytest.raises(RunError, match=r"nope is no run folder .*; name one"):
        evaluate(tmp_path / "nope", gold)
    (tmp_path / "x.csv").write_text("file\n")
    with pytest.raises(UsageError, match=r"x\.csv is no run folder; say with --schema"):
        evaluate(tmp_path / "x.csv", gold)


def test_gold_may_be_one_file(tmp_path: Path, gold: Path) -> None:
    parameters = read(TRIAL, "trial")
    first, second = read_gold(gold, parameters)
    assert read_gold(gold / "first.json", parameters) == [first]
    assert read_gold(gold / "second.json", parameters) == [second]
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(UsageError, match=r"broken\.json is no gold"):
        read_gold(tmp_path / "broken.json", parameters)


def test_names_in_gold_that_the_set_does_not_have_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    arms = {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}}
    parameters = read({"type": "object", "properties": {"arms": arms}}, "trial")
    values = {"arms.n": 40, "n_totl": 80}  # the column is called n, for no other list has one
    (tmp_path / "a.json").write_text(json.dumps({"experiments": [{"label": "Arm 1", "parameters": values}]}))
    (record,) = read_gold(tmp_path, parameters)[0].records["arms",]
    assert record.values["n"].value == 40
    assert caplog.messages == [f"{tmp_path} names 1 parameter that the set does not have: n_totl"]


def test_parameters_that_no_gold_names_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    parameters = read(
        {"type": "object", "properties": {name: {"type": "integer"} for name in ("n", "age", "dose")}}, "x"
    )
    for file, values in (("a", {"n": 40, "dose": {"value": None}}), ("b", {"n": None})):
        (tmp_path / f"{file}.json").write_text(json.dumps({"experiments": [{"parameters": values}]}))
    read_gold(tmp_path, parameters)
    assert caplog.messages == [f"{tmp_path} never names 1 parameter of the set, to be counted as not reported: age"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            {"experiments": [{"label": "A", "parameters": {"n": {"valeu": 40}}}]},
            "A, n: no key 'valeu'; 'value' is meant?",
        ),
        ({"experiments": [{"parameters": {"n": {"value": 40, "alternative": [41]}}}]}, "'alternatives' is meant?"),
        ({"experiments": [{"lable": "A", "parameters": {}}]}, "a record: no key 'lable'; 'label' is meant?"),
        ({"experiments": [{"list": "arm", "parameters": {"n": 40}}]}, "a record: no list 'arm'; 'arms' is meant?"),
        ({"experiment": []}, "the file: no key 'experiment'; 'experiments' is meant?"),
        ({"pdf": "a.pdf", "studies": []}, "it has no 'experiments', or 'records'"),
        ({"experiments": [{"parameters": {"n": {"quote": "40"}}}]}, "n: it has no 'value'"),
    ],
)
def test_a_misspelt_key_of_gold_is_refused(tmp_path: Path, content: Any, says: str) -> None:
    (tmp_path / "a.json").write_text(json.dumps(content))
    with pytest.raises(UsageError, match=re.escape(says)):
        read_gold(tmp_path, read(TRIAL, "trial"))


def test_of_what_is_no_json_it_is_said_what_gold_is(tmp_path: Path) -> None:
    (tmp_path / "gold.csv").write_text("file,n\na.pdf,40\n")
    with pytest.raises(UsageError, match=r"gold\.csv is no gold \(no JSON: .*\); gold is a folder of JSON files"):
        read_gold(tmp_path / "gold.csv", read(TRIAL, "trial"))


def test_the_label_may_stand_among_the_parameters_as_experiment(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for file, schema in (("sample", "motor"), ("clinical", "clinical")):
        read_gold(ROOT / "examples" / "gold" / f"{file}.json", read_schema(ROOT / "schemas" / f"{schema}.json"))
    assert caplog.messages == []
    other = {"label": "Arm 1", "list": "arms", "parameters": {"experiment": "Experiment 1"}}
    (tmp_path / "a.json").write_text(json.dumps({"experiments": [other]}))
    read_gold(tmp_path, read(TRIAL, "trial"))
    assert caplog.messages[0] == f"{tmp_path} names 1 parameter that the set does not have: experiment"


def test_gold_that_no_answer_can_equal_is_said_once_a_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    wrong = {"arms.n": "forty", "dose": {"value": 2, "unit": "s"}, "psqi": ["eight"], "open": "yes", "name": "n/a"}
    right = {"n": "40", "dose": {"value": 2, "unit": "g"}, "psqi": [8], "open": "True", "arms.n": None}
    either = {"arms.n": {"value": "forty", "alternatives": [40]}, "dose": {"value": "much", "doubtful": True}}
    arms = [{"label": f"Arm {n}", "list": "arms", "parameters": each} for n, each in enumerate((wrong, right, either))]
    kinds = [
        {"label": kind, "list": "outcomes", "parameters": {"kind": kind}} for kind in ("Primary", "primry", "other")
    ]
    (tmp_path / "a.json").write_text(json.dumps({"experiments": arms + kinds}))
    (tmp_path / "b.json").write_text(json.dumps({"experiments": [arms[1]]}))
    parameters = read(TRIAL, "trial")
    read_gold(tmp_path, parameters)
    first = 'the paper, open: "yes" (neither true nor false); Arm 0, arms.n: "forty" (no number)'
    assert [said for said in caplog.messages if "never names" not in said] == [
        f"{tmp_path / 'a.json'} has 5 values that no answer can equal, to be counted as errors: {first}; "
        'Arm 0, dose: "2 s" (no number in mg); and 2 more'
    ]


def of_lengths(folder: Path, golds: list[Any], values: list[Any]) -> None:
    """Evaluates the values of `x`, a number in km, a paper each."""
    (folder / "set.json").write_text(
        json.dumps({"properties": {"x": {"type": "number", "x-unit": "km"}}, "type": "object"})
    )
    (folder / "gold").mkdir(exist_ok=True)
    lines = [
        {"file": f"{at}.pdf", "document": f"{at}", "record": None, "path": "", "parameters": {"x": {"value": value}}}
        for at, value in enumerate(values)
    ]
    (folder / "values.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for at, gold in enumerate(golds):
        content = {"pdf": f"{at}.pdf", "experiments": [{"parameters": {"x": gold}}]}
        (folder / "gold" / f"{at}.json").write_text(json.dumps(content))
    run_command(folder / "values.jsonl", "--gold", folder / "gold", "--schema", folder / "set.json")


def test_gold_in_the_unit_of_before_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    of_lengths(tmp_path, [1500, 300, 2000, 0], [1.5, 0.3, 2, 0])
    assert caplog.messages == [
        "x: 3 of 3 gold numbers are 1000 times the run's, which are in km; if the gold is in another unit, "
        'write it beside each: "unit"'
    ]
    caplog.clear()
    written = [{"value": value, "unit": "m"} for value in (1500, 300, 2000)]
    for golds in (written, [1500, 1500, 1500], [1500, 0.3, 2], [1.5, 0.3, 2]):
        of_lengths(tmp_path, golds, [1.5, 0.3, 2] if golds[1] != 1500 else [1.5] * 3)
    assert caplog.messages == []


@pytest.mark.parametrize(
    "absent", [None, [], "not reported", {"value": "unknown"}, {"value": 1, "alternatives": ["n/a"]}]
)
def test_gold_that_says_that_there_is_no_value_has_none(absent: Any) -> None:
    gold = gold_value(absent)
    assert gold.value is None or gold.optional


def test_a_unit_of_gold_is_that_of_each_number() -> None:
    units = {"unit": "cm", "alternatives": [[4], "not reported"]}
    assert gold_value({"value": [3, 1.5], **units}).value == ["3 cm", "1.5 cm"]
    assert gold_value({"value": [3], **units}).alternatives == (["4 cm"], None)
    assert [gold_value({"value": value, "unit": "cm"}).value for value in ("3", [], True)] == ["3 cm", None, True]


@pytest.mark.parametrize(
    ("schema", "possible", "impossible"),
    [
        ({"enum": ["oral", "iv"]}, ["Oral", "iv"], ["by mouth", ["oral", "iv"], 2]),
        ({"enum": ["oral"], "x-compare": {"by": "choice", "synonyms": {"oral": ["by mouth"]}}}, ["By mouth"], ["iv"]),
        ({"anyOf": [{"enum": ["oral"]}, {"type": "string"}]}, ["by mouth"], []),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, [["a", "B"], "a"], [["a", "c"], "c"]),
        ({"type": "number", "x-unit": "mg"}, [2, "2 g", "~2", "1e-05 g"], ["2 s", "two", True, [2], 10**400, math.inf]),
        ({"type": "number", "x-unit": "km", "maximum": 50}, [50, 50.4, "900 m"], [51, "60 km"]),
        ({"type": "integer", "minimum": 1000}, [1000, 2020], [999]),
        ({"type": "number", "exclusiveMinimum": 0, "x-compare": {"within": 1}}, [0, -1], [-1.1]),
        ({"type": "number", "x-compare": "text"}, ["two"], []),
        ({"type": "string", "x-normalise": ["span"]}, ["18 to 40"], ["18", "none"]),
        ({"type": "array", "items": {"type": "number"}}, [[8], "8 and 9", []], [["eight"]]),
        ({"type": "array", "items": {"type": "number"}, "x-unit": "mg"}, [["8 g"], [8]], [["8 s", "9 s"]]),
    ],
)
def test_which_gold_an_answer_can_equal(schema: Any, possible: list[Any], impossible: list[Any]) -> None:
    (parameter,) = read({"type": "object", "properties": {"x": schema}}, "set").root.parameters
    assert [value for value in possible if why_impossible(parameter, value)] == []
    assert [value for value in impossible if not why_impossible(parameter, value)] == []


# ---- the development sets ----


def changed(gold: Path, rng: random.Random) -> list[dict[str, Any]]:
    """Predictions made of gold: some values of another record, some left out, some records without their label."""
    lines = []
    for file in sorted(gold.glob("*.json")):
        content = json.loads(file.read_bytes())
        records = content["experiments"]
        for record in records:
            parameters = {}
            for name, part in record["parameters"].items():
                source = rng.choice(records)["parameters"].get(name, part) if rng.random() < 0.3 else part
                parameters[name] = {
                    "value": None if rng.random() < 0.2 else source.get("value"),
                    "quote": part.get("quote"),
                }
            label = record["label"] if rng.random() < 0.6 else f"unlabelled {rng.random()}"
            if rng.random() < 0.9:
                lines.append({"file": content["pdf"], "record": label, "parameters": parameters})
    return lines


def with_close_years(schema: dict[str, Any]) -> ParameterSet:
    """Years count within 1 %, as the scorers take them; ours are exact where the set does not say so."""
    if "year" in schema["properties"]:
        schema["properties"]["year"]["x-compare"] = {"tolerance": 0.01}
    return read(schema, "test")


@pytest.mark.skipif(not (SHARED / "tools").is_dir(), reason="the development sets are not here: set DSX_SHARED")
@pytest.mark.parametrize("name", list(SCHEMAS))
@pytest.mark.parametrize("source", ["before", "taken", "changed"])
def test_scores_are_those_of_the_scorers(name: str, source: str, tmp_path: Path) -> None:
    gold, schema = SHARED / "data" / f"{name}-dev" / "gold", SCHEMAS[name]
    predictions = PREDICTIONS / f"{name}.{source}.jsonl"
    if source == "changed":
        predictions = tmp_path / "changed.jsonl"
        lines = changed(gold, random.Random(1))
        predictions.write_text("".join(json.dumps(line) + "\n" for line in lines))
    tool = "score.py" if name == "motor" else "score_set.py"
    arguments = [SHARED / "tools" / tool, gold, predictions, "--json", tmp_path / "theirs.json"]
    arguments += [] if name == "motor" else ["--schema", schema]
    subprocess.run([sys.executable, *map(str, arguments)], check=True, capture_output=True)
    theirs = json.loads((tmp_path / "theirs.json").read_text())["overall"]
    parameters = with_close_years(json.loads(schema.read_bytes()))
    micro = evaluate(predictions, gold, parameter_set=parameters, resamples=0).scores.micro
    for figure, value in (("p", micro.precision), ("r", micro.recall), ("f1", micro.f1)):
        assert abs(value - theirs[figure]) <= 0.00001, figure

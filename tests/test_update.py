"""A changed parameter set: what has changed is asked as in a run from scratch, all else stays as it is stored."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy
import pytest

import dsx
from dsx.answers.calibration import fitted_curves
from dsx.errors import AnotherRun, RunError, UsageError
from dsx.fill.earlier import EarlierAnswers, changes
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.batch import PaperInFlight, answer_round
from dsx.run.history import listed, state
from dsx.run.plan import Call
from dsx.run.update import join_run, what_changes
from dsx.schema import read
from dsx.store import open_run, read_run, schema_sha256, to_json
from dsx.types import (
    Completion,
    Confidence,
    Document,
    Flag,
    Page,
    PaperResult,
    Parameter,
    Question,
    Record,
    Status,
    Value,
)
from tests.conftest import SMALL, Scripted

PAPER = "A study of reaching\n\nIn Experiment 1, sixteen people (n = 16) reached for 3 weeks. They had 9 targets.\n"
EARLIER: dict[str, Any] = {
    "type": "object",
    "properties": {
        "tables": {"type": "integer", "minimum": 0, "maximum": 99},
        "posture": {"enum": ["seated", "lying"], "description": "how they sat"},
        "experiments": {
            "type": "array",
            "description": "Experiments with people of their own",
            "items": {
                "type": "object",
                "properties": {
                    "n": {"type": "integer", "minimum": 1, "maximum": 999},
                    "told": {"type": "boolean", "x-synonyms": ["instructed"]},
                },
            },
        },
    },
}


def changed() -> dict[str, Any]:
    """The set with one choice more, a parameter dropped, and two new ones."""
    schema = copy.deepcopy(EARLIER)
    del schema["properties"]["tables"]
    schema["properties"]["posture"]["enum"].append("standing")
    schema["properties"]["weeks"] = {"type": "number", "x-unit": "week"}
    schema["properties"]["experiments"]["items"]["properties"]["targets"] = {"type": "integer", "maximum": 99}
    schema["properties"]["experiments"]["items"]["properties"]["n"]["x-compare"] = "exact"  # no answer depends on it
    return schema


class Hashed:
    """Answers a question by all that stands in it, whatever was asked before; names two experiments."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 1_000_000

    def __init__(self) -> None:
        self.asked: list[Question] = []

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            self.asked.append(question)
            words = "\n".join((str(question.id), question.shown.text, question.prompt))
            drawn = int.from_bytes(hashlib.sha256(words.encode()).digest()[:4])
            sure = {each.name: Confidence(0.9, 0.8) for each in question.parameters}
            yield Completion(question.id, _answer(question, drawn), True, confidence=sure)

    def describe(self) -> dict[str, Any]:
        return {"model": "hashed"}

    def close(self) -> None:
        pass


def _answer(question: Question, drawn: int) -> str:
    if question.form != "parameters":
        labels = ["Experiment 1", "people"]
        quoted = [{"label": label, "quote": label} for label in labels]
        return json.dumps(labels if question.form == "labels" else quoted)
    if question.places is None:
        quote, asked = "They had 9 targets.", question.parameters
        answers = {each.name: {"value": _legal(each, drawn), "quote": quote} for each in asked}
        return json.dumps(answers if len(answers) > 1 else answers[asked[0].name])
    option = question.places.options[drawn % len(question.places.options)]
    if drawn % 5 == 0 or question.places.kind == "answer":
        return option if drawn % 5 else "null"
    return f'{{"value":{json.dumps(_legal(question.parameters[0], drawn))},"quote":{option}}}'


def _legal(parameter: Parameter, drawn: int) -> Any:
    if parameter.choices:
        return parameter.choices[drawn % len(parameter.choices)].value
    return drawn % 2 == 0 if parameter.schema["type"] == "boolean" else drawn % 90 + 1


def fill(
    schema: Any, document: Document, earlier: EarlierAnswers | None = None, **recipe: Any
) -> tuple[PaperResult, list[str]]:
    """The result, and what was asked."""
    engine = Hashed()
    chosen = Recipe.read(schema_name="any", **recipe)
    pipeline = Pipeline(chosen, read(schema, "any"), load_plugins(), engine, earlier=lambda document: earlier)
    paper = PaperInFlight(Path(document.file), document.id)
    paper.begin(lambda path: pipeline.fill(document))
    while not paper.ended:
        list(answer_round([paper], engine.answer))
    assert paper.result is not None, paper.problem
    return paper.result, sorted({"+".join(question.id.names) for question in engine.asked})


def answers(result: PaperResult, schema: Any, earlier_schema: Any = EARLIER) -> EarlierAnswers:
    return EarlierAnswers(result, read(earlier_schema, "any").root, read(schema, "any").root)


@pytest.fixture(scope="module")
def paper() -> Document:
    """Long enough for passages."""
    text = PAPER + "\n\n".join(f"Of {number} pears {number + 7} were green." for number in range(60))
    boxes = numpy.full((len(text), 4), numpy.nan, dtype=numpy.float32)
    page = Page(1, 0, len(text), 600, 800)
    return Document("a" * 64, "a.txt", "text", text, (page,), (), (), {}, numpy.ones(len(text), numpy.int32), boxes)


@pytest.mark.parametrize(
    ("recipe", "asked"),
    [
        ({}, ["posture", "targets", "weeks"]),
        ({"whole_papers": False, "passage_tokens": 200}, ["posture", "targets", "weeks"]),
        ({"values": "written", "per_question": 2}, ["posture+weeks", "targets"]),
    ],
)
def test_what_is_asked_anew_is_as_from_scratch_and_the_rest_as_stored(
    paper: Document, recipe: Any, asked: list[str]
) -> None:
    stored, _ = fill(EARLIER, paper, **recipe)
    scratch, _ = fill(changed(), paper, **recipe)
    updated, questions = fill(changed(), paper, answers(stored, changed()), **recipe)
    assert questions == asked
    assert [record.path for record in updated.records] == [record.path for record in scratch.records]
    for new, old, fresh in zip(updated.records, stored.records, scratch.records, strict=True):
        assert list(new.values) == list(fresh.values), "in the order of the set, without what was dropped"
        for name, value in new.values.items():
            anew = name in ("posture", "targets", "weeks")
            assert value == (fresh if anew else old).values[name]
    if not recipe:
        assert to_json(updated) == to_json(scratch), "the engine's answers depend on the question alone"


def test_what_is_stored_is_kept_as_it_is_but_the_engines_failures(paper: Document) -> None:
    stored, _ = fill(EARLIER, paper)
    odd = Value(77, Status.UNSUPPORTED, 0.123, flags=(Flag("quote-not-found"),))
    gone = Value(None, Status.FAILED, flags=(Flag("error", "timed out"),))
    root, first, second = stored.records
    stored = replace(
        stored, records=(root, replace(first, values={"n": odd, "told": gone}), replace(second, label="people"))
    )
    updated, asked = fill(changed(), paper, answers(stored, changed()))
    assert asked == ["posture", "targets", "told", "weeks"]
    assert updated.records[1].values["n"] == odd
    assert updated.records[1].values["told"].status is not Status.FAILED


def test_records_are_found_again_where_their_list_has_changed(paper: Document) -> None:
    stored, _ = fill(EARLIER, paper)
    schema = copy.deepcopy(EARLIER)
    schema["properties"]["experiments"]["description"] = "Experiments, not pilot studies"
    stored = replace(stored, records=stored.records[:2])  # the second record was not known
    updated, asked = fill(schema, paper, answers(stored, schema))
    assert asked == ["experiments", "n", "told"]
    assert len(updated.records) == 3
    assert updated.records[1].values == stored.records[1].values, "found again under its label: its values stay"


def test_another_first_list_changes_what_is_said_before_every_question(paper: Document) -> None:
    stored, _ = fill(EARLIER, paper)
    schema = copy.deepcopy(EARLIER)
    schema["properties"]["studies"] = schema["properties"].pop("experiments")
    updated, asked = fill(schema, paper, answers(stored, schema))
    assert asked == ["n", "posture", "studies", "tables", "told"]
    assert to_json(updated) == to_json(fill(schema, paper)[0])


def test_a_paper_without_new_questions_is_complete(paper: Document) -> None:
    stored, _ = fill(EARLIER, paper)
    schema = copy.deepcopy(EARLIER)
    del schema["properties"]["experiments"]["items"]["properties"]["told"]
    assert answers(stored, schema).complete() == fill(schema, paper)[0]
    assert answers(stored, changed()).complete() is None
    earlier, current = read(EARLIER, "any").root, read(changed(), "any").root
    assert list(changes([earlier], current)) == ["asked: posture, weeks, experiments.targets", "dropped: tables"]
    assert list(changes([earlier], earlier)) == []


# ---- a run ----


def manifest(schema: Any) -> dict[str, Any]:
    return {
        "dsx": "1",
        "schema_name": "small",
        "schema": schema,
        "schema_sha256": schema_sha256(schema),
        "recipe": {"schema_name": "small.json", "order": "value-quote"},
    }


def with_paper(**parameters: Any) -> dict[str, Any]:
    """The small set with parameters of the paper besides."""
    return {**SMALL, "properties": {**SMALL["properties"], **parameters}}  # type: ignore[dict-item]


def result(number: int, **values: Value) -> PaperResult:
    return PaperResult(f"{number:064x}", f"p{number}.pdf", (Record(None, "", values),))


def test_papers_of_an_earlier_set_are_known_as_such(tmp_path: Path) -> None:
    title = Value("A", Status.STATED)
    before = {"type": "object", "properties": {"title": {"type": "string"}}}
    after = {"type": "object", "properties": {"title": {"type": "string"}, "year": {"type": "integer"}}}
    run = open_run(tmp_path / "run", manifest(before))
    run.log({"event": "start", "papers": 3, "mine": 3})
    run.save(result(1, title=title))
    run.save(result(2, title=title))
    run.fail(result(3).document, "p3.pdf", "no question was answered")
    with pytest.raises(AnotherRun, match="another schema; to ask only what has changed: --update") as refused:
        open_run(tmp_path / "run", manifest(after))
    assert str(refused.value).endswith("or --force-new (Python: update=True, or another run=)")
    with pytest.raises(AnotherRun, match="recipe order") as refused:
        open_run(tmp_path / "run", {**manifest(after), "recipe": {"order": "quote-value"}}, update=True)
    assert "update" not in str(refused.value)
    assert str(refused.value).endswith("or --force-new (Python: another run=)")
    assert not read_run(tmp_path / "run").outdated()

    run = open_run(tmp_path / "run", manifest(after), update=True)
    assert run.manifest["schema"] == after
    assert [run.done(result(number).document) for number in (1, 2, 3)] == [False] * 3
    assert run.failed(result(3).document) is None, "another set may be answered"
    run.save(result(1, title=title, year=Value(2001, Status.STATED)))
    run.fail(result(2).document, "p2.pdf", "no list")
    assert [paper["file"] for paper in run.missing()] == ["p2.pdf"]
    assert [(each.done, each.failed) for each in listed(tmp_path)] == [(1, 1)]
    run.forget(result(2).document)
    assert run.earlier_result(result(2).document) == (result(2, title=title), {"name": "small", "schema": before})
    found = state(run)
    assert (found.done, found.left, found.outdated) == (1, 2, 1)
    assert dsx.open_run(run.path).failures == {
        "p2.pdf": "its answers are to an earlier parameter set; the run's command asks what has changed"
    }
    dsx.open_run(run.path).export(tmp_path / "table.csv")
    assert ",its answers are to an earlier parameter set" in (tmp_path / "table.csv").read_text()

    again = open_run(tmp_path / "run", manifest(before), update=True)
    assert again.done(result(2).document), "back to the set that it answers to"
    assert not again.done(result(1).document)


def test_an_update_says_what_each_of_its_papers_is_asked(tmp_path: Path) -> None:
    integer, title = {"type": "integer"}, Value("A", Status.STATED)
    sets = [with_paper(**dict.fromkeys(names, integer)) for names in (("a",), ("a", "b"), ("a", "b", "c"))]
    run = open_run(tmp_path / "run", manifest(sets[0]))
    failed = Value(None, Status.FAILED, flags=(Flag("error", "no memory"),))
    run.save(result(1, title=title, a=failed))
    assert what_changes(run.path, manifest(sets[0]), read(sets[0], "small")) == []
    run = open_run(run.path, manifest(sets[1]), update=True)  # and is killed before the paper is asked

    def asked(schema: Any) -> list[str]:
        return what_changes(run.path, manifest(schema), read(schema, "small"))

    again = "asked again, for the engine failed on them: a"
    assert asked(sets[1]) == ["asked: b", again], "it goes on with an update"
    assert asked(sets[2]) == ["asked: b, c", again]
    assert asked(sets[0]) == [], "back to the set that the paper answers to"
    run.save(result(2, title=title, a=title, b=title))
    assert asked(sets[2]) == ["asked: b, c", again], "b of the first paper alone"


def test_no_update_under_a_process_with_the_earlier_set(tmp_path: Path) -> None:
    run, before, after = tmp_path / "run", with_paper(year={"type": "integer"}), SMALL
    parameters = read(after, "small")
    with join_run(run, manifest(before), read(before, "small")):
        with pytest.raises(RunError, match=r"in use with another parameter set; end .*close the iterator"):
            join_run(run, manifest(after), parameters, update=True).__enter__()
        another = {**manifest(after), "recipe": {"order": "quote-value"}}
        with pytest.raises(AnotherRun, match="another schema, recipe order"):
            join_run(run, another, parameters, update=True).__enter__()
    with join_run(run, manifest(after), parameters, update=True) as (updated, claims):
        assert (updated.manifest["schema"], claims.others()) == (after, 0)
        with join_run(run, manifest(after), parameters, update=True):
            assert claims.others() == 1, "with the same set they share it"
    with pytest.raises(UsageError, match="--force-new"):
        Call(update=True, force_new=True)


def test_what_an_update_keeps_goes_through_the_curves_of_a_run_once(paper: Document) -> None:
    fitted = fitted_curves({"": (0.5, -1), "null": (0, 0)}, about="", stored=True)
    stored, _ = fill(EARLIER, paper, calibration=fitted)
    assert any(value.confidence for record in stored.records for value in record.values.values())
    updated, _ = fill(changed(), paper, answers(stored, changed()), calibration=fitted)
    assert to_json(updated) == to_json(fill(changed(), paper, calibration=fitted)[0])


@pytest.mark.slow
def test_the_command(scripted: Scripted, tmp_path: Path) -> None:
    papers, run, schema = scripted.papers(tmp_path / "papers", 3), tmp_path / "run", tmp_path / "small.json"

    def extract(properties: dict[str, Any], *arguments: object) -> subprocess.CompletedProcess[str]:
        schema.write_text(json.dumps(with_paper(**properties)))
        return scripted.run("--schema", schema, "--run", run, *arguments)

    earlier = {"year": {"type": "integer", "minimum": 1900}, "people": {"type": "integer", "maximum": 99}}
    assert extract(earlier, papers).returncode == 0
    stored = {path.name: path.read_bytes() for path in (run / "records").iterdir()}
    refused = extract({"people": earlier["people"]}, papers)
    assert (refused.returncode, "--update" in refused.stderr) == (2, True)
    assert stored == {path.name: path.read_bytes() for path in (run / "records").iterdir()}

    dropped = extract({"people": earlier["people"]}, "--update", papers)
    assert (dropped.returncode, "Update: dropped: year" in dropped.stderr) == (0, True)
    assert "Loading the scripted model" not in dropped.stderr, "nothing is to be asked"
    new = {"weeks": {"type": "number", "x-unit": "week"}}
    assert "asked: weeks" in extract(new, "--update", "--dry-run", papers).stdout
    assert "people" in read_run(run).manifest["schema"]["properties"], "a dry run changes nothing"
    first = extract(new, "--update", papers / "p00.pdf")  # the others are left, as a kill would leave them
    assert first.returncode == 0, first.stderr
    assert [paper["file"] for paper in read_run(run).outdated()] == ["p01.pdf", "p02.pdf"]
    assert extract(new, papers).returncode == 0, "the update goes on as any run"
    asked = [tuple(event["parameters"]) for event in read_run(run).logs() if event["event"] == "question"]
    assert asked.count(("targets",)) == 6, "two experiments of three papers, once"
    assert asked.count(("weeks",)) == 3

    scratch = tmp_path / "scratch"
    assert scripted.run("--schema", schema, "--run", scratch, papers).returncode == 0
    for path in (scratch / "records").iterdir():
        assert path.read_bytes() == (run / "records" / path.name).read_bytes()

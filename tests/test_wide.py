"""A wide parameter set: 400 leaves, lists of records three deep, a table of 40 rows; all of it asked, nothing cut."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsx.answers.grammar import lark
from dsx.ask.plan import too_long
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.report.export import to_objects
from dsx.schema import nullable, pydantic_model, read
from dsx.schema.compiling import problems_of_grammar
from dsx.schema.values import validator
from dsx.types import Completion, PaperResult, ParameterSet, Question, RecordPath
from tests.conftest import RandomEngine, allows, fill_alone

pytestmark = pytest.mark.slow

ROWS = 40
KINDS: list[dict[str, Any]] = [
    {"type": "integer", "minimum": 0, "maximum": 5000},
    {"type": "number", "minimum": 0, "maximum": 100, "x-unit": "mm"},
    {"type": "boolean"},
    {"enum": ["low", "middle", "high"]},
    {"type": "string", "maxLength": 30},
    {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 99}, "maxItems": 3},
    {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
    {"$ref": "#/$defs/share"},
]


def leaves(prefix: str, count: int) -> dict[str, Any]:
    """That many leaves, of all kinds in turn."""
    return {f"{prefix}_{at}": KINDS[at % len(KINDS)] for at in range(count)}


def listed(properties: dict[str, Any], most: int) -> dict[str, Any]:
    """A list of records."""
    return {"type": "array", "maxItems": most, "items": {"type": "object", "properties": properties}}


def wide_schema() -> dict[str, Any]:
    """400 leaves: of the paper, in an object in an object, in studies / arms / visits, in a table."""
    inner = {"type": "object", "properties": leaves("inner", 96)}
    visits = listed(leaves("visit", 24), 4)
    arms = listed({**leaves("arm", 36), "visits": visits}, 4)
    studies = listed({**leaves("study", 40), "arms": arms}, 4)
    table = listed(leaves("column", 4), ROWS)
    outer = {"type": "object", "properties": {**leaves("outer", 100), "inner": inner}}
    properties = {
        **leaves("paper", 100),
        "outer": outer,
        "studies": studies,
        "results": {"properties": {"rows": table}},
    }
    return {
        "type": "object",
        "properties": properties,
        "$defs": {"share": {"type": "number", "minimum": 0, "maximum": 1, "multipleOf": 0.01}},
    }


def wide_text() -> str:
    """A line for each leaf and each row."""
    names = [parameter.name for parameter in read(wide_schema(), "wide").root.all_parameters()]
    lines = [f"The {name.replace('_', ' ')} was {at * 37 % 101} mm." for at, name in enumerate(names)]
    rows = [f"Row {at} | {at * 3} | {at / 4} mm | yes | low" for at in range(1, ROWS + 1)]
    return "\n".join([*lines, "Studies 1 and 2 had arms 1 and 2, each with visits 1 and 2.", *rows])


class Listing(RandomEngine):
    """Lists what the text holds, page by page, each answer checked against its grammar; fills values at random."""

    labels: dict[str, list[str]]

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            if question.form == "parameters":
                yield from super().answer([question])
                continue
            self.asked.append(question)
            [kind], known = question.id.names, question.id.after or 0
            page = self.labels[kind][known : known + question.max_records]
            quote = " ".join(question.shown.text.split("\n")[0].split(" ")[:5])
            quotes = [{"label": label, "quote": quote} for label in page]
            text = json.dumps(quotes, separators=(",", ":"), ensure_ascii=False)
            assert allows(self.words, lark(question), text)
            yield Completion(question.id, text, True)


def exported(result: PaperResult, parameters: ParameterSet) -> dict[str, Any]:
    """What `--format json` writes of one paper."""
    out = io.StringIO()
    to_objects([result], parameters, out)
    [paper] = json.loads(out.getvalue())
    values: dict[str, Any] = paper["values"]
    return values


def fill(engine: Any, parameters: ParameterSet, folder: Path) -> PaperResult:
    """The whole way of one paper, several parameters a question so that the test is quick."""
    paper = folder / "wide.txt"
    paper.write_text(wide_text(), "utf-8")
    recipe = Recipe(schema_name="wide", engine="random", per_question=24, values="written")
    return fill_alone(Pipeline(recipe, parameters, load_plugins(), engine), paper)


def holds(result: PaperResult, parameters: ParameterSet, engine: RandomEngine) -> dict[str, Any]:
    """The export validates, nothing was cut, each record's every leaf was asked."""
    made = exported(result, parameters)
    assert list(validator(nullable(parameters.schema)).iter_errors(made)) == []
    pydantic_model(parameters).model_validate(made)
    flags = {flag for record in result.records for value in record.values.values() for flag in value.flags}
    assert not any(flag.kind == "truncated" for flag in flags)
    assert not {flag for flag in flags if flag.kind == "error" and not flag.detail.endswith("is no value")}  # ":", "-"
    asked: dict[RecordPath, set[str]] = {}
    for question in engine.asked:
        names = asked.setdefault(question.id.record, set())
        names.update(parameter.name for parameter in question.parameters)
    for record in result.records:
        assert asked[record.path] >= set(record.values)
    return made


@pytest.fixture(scope="module")
def wide() -> ParameterSet:
    """The set."""
    return read(wide_schema(), "wide")


def test_the_set_is_as_wide_as_it_says(wide: ParameterSet) -> None:
    assert len(wide.root.all_parameters()) == 400
    assert problems_of_grammar(wide) == too_long(wide, 512) == []


def test_every_row_of_every_list_is_asked(wide: ParameterSet, words: Any, tmp_path: Path) -> None:
    engine = Listing(words)
    engine.labels = {
        "results.rows": [f"Row {at}" for at in range(1, ROWS + 1)],
        **{kind: [f"{kind} 1", f"{kind} 2"] for kind in ("studies", "arms", "visits")},
    }
    made = holds(fill(engine, wide, tmp_path), wide, engine)
    assert len(made["results"]["rows"]) == ROWS
    assert [len(arm["visits"]) for study in made["studies"] for arm in study["arms"]] == [2, 2, 2, 2]
    asked = [parameter.name for question in engine.asked for parameter in question.parameters]
    counts = {name: asked.count(name) for name in ("paper_0", "outer.inner.inner_9", "study_1", "arm_1", "visit_1")}
    assert counts == {"paper_0": 1, "outer.inner.inner_9": 1, "study_1": 2, "arm_1": 4, "visit_1": 8}
    assert asked.count("column_3") == ROWS


def test_what_a_random_model_lists_is_filled_too(wide: ParameterSet, words: Any, tmp_path: Path) -> None:
    engine = RandomEngine(words)
    made = holds(fill(engine, wide, tmp_path), wide, engine)
    assert {"paper_0", "outer", "studies", "results"} < set(made)

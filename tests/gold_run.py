"""A run of the sample papers by an engine that answers from their gold, for what is done with a run afterwards.

python -m tests.gold_run FOLDER     makes it
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dsx.load import document_id
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.loop import run_papers
from dsx.run.papers import collect
from dsx.run.plan import manifest_of
from dsx.run.progress import Lines
from dsx.schema import read_schema
from dsx.store import RunFolder, open_run
from dsx.types import Completion, Confidence, Json, Parameter, Question

ROOT = Path(__file__).parents[1]
PAPERS, GOLD = ROOT / "examples" / "papers", ROOT / "examples" / "gold"


class GoldEngine:
    """Says what the gold says, as an engine without a grammar; how sure it is depends on the question alone."""

    grammar: Literal["lark", "json_schema", "none"] = "none"
    context_tokens = 200_000

    def __init__(self, gold: Mapping[str, Any]) -> None:
        self.gold = gold

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            records = self.gold[question.id.document]["experiments"]
            if question.form == "records":
                answer: Json = [{"label": each["label"], "quote": each["label"]} for each in records]
            else:
                record = next((each for each in records if each["label"] == question.record), records[0])
                answer = self._value(question, record["parameters"].get(question.parameters[0].name))
            sure = {parameter.name: _sure(question, parameter) for parameter in question.parameters}
            yield Completion(question.id, json.dumps(answer, ensure_ascii=False), False, confidence=sure)

    def describe(self) -> dict[str, Json]:
        return {"engine": "gold", "model": None}

    def close(self) -> None:
        pass

    def _value(self, question: Question, gold: Mapping[str, Any] | None) -> Json:
        if gold is None or gold["value"] is None:
            return None
        return {"value": gold["value"], "quote": gold.get("quote") or ""}


def _sure(question: Question, parameter: Parameter) -> Confidence:
    share = hashlib.sha256(f"{question.record} {parameter.name}".encode()).digest()[0] / 255
    sure = 1 - share**3 * 0.75
    if not parameter.choices or parameter.schema.get("type") == "array":
        return Confidence(0.99, sure, agreement=0.6 if share > 0.9 else None)
    rest = [choice.value for choice in parameter.choices]
    alternatives = tuple((value, round(sure * (1 - sure) ** place, 4)) for place, value in enumerate(rest))
    return Confidence(0.99, sure, alternatives)


def gold_run(folder: Path, papers: Path = PAPERS) -> RunFolder:
    """The run of the PDFs in `papers`, copies of those in examples/, in a folder."""
    by_id = {document_id(path): GOLD / f"{path.stem}.json" for path in PAPERS.glob("*.pdf")}
    engine = GoldEngine({document: json.loads(path.read_bytes()) for document, path in by_id.items()})
    parameters, plugins = read_schema(ROOT / "schemas" / "motor.json"), load_plugins()
    recipe = Recipe.read(schema_name="schemas/motor.json", engine="gold")
    run = open_run(folder, {**manifest_of(recipe, parameters, plugins), "engine": engine.describe()})
    pipeline = Pipeline(recipe, parameters, plugins, engine, run.log)
    files = collect([papers])
    summary = run_papers(files, pipeline.fill_file, engine.answer, run, Lines(len(files)))
    assert not summary.failed, summary.failed
    return run


if __name__ == "__main__":
    print(gold_run(Path(sys.argv[1])).path)

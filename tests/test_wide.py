"""A wide schema, end to end: 400 leaves, lists of objects nested three deep, a table of 80 rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import llguidance

from dsx.decode.grammar import lark, shortest
from dsx.parameters import nullable, read, to_object
from dsx.parameters.plan import every
from dsx.parameters.values import validator
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.types import Completion, Json, Question
from tests.conftest import random_answer

ROWS, SITES, ARMS, DOSES = 80, 3, 2, 2
LEAVES: tuple[dict[str, Any], ...] = (
    {"type": "integer", "minimum": 0, "maximum": 9999},
    {"type": "number", "minimum": -5, "maximum": 5},
    {"type": "string", "maxLength": 40},
    {"type": "boolean"},
    {"enum": ["low", "middle", "high"]},
    {"type": "array", "items": {"type": "integer"}, "maxItems": 4},
)


def leaves(name: str, count: int) -> dict[str, Any]:
    return {f"{name}_{at}": LEAVES[at % len(LEAVES)] for at in range(count)}


def thing(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def listed(properties: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "maxItems": most, "items": thing(properties)}


def schema() -> dict[str, Any]:
    """400 leaves: 37 objects of 10, 5 a row, and 25 in sites, their arms, and the arms' doses."""
    doses = listed(leaves("dose", 5), DOSES)
    arms = listed({**leaves("arm", 10), "doses": doses}, ARMS)
    sites = listed({**leaves("site", 10), "arms": arms}, SITES)
    objects = {f"part_{at}": thing(leaves("leaf", 10)) for at in range(37)}
    return thing({**objects, "rows": listed(leaves("cell", 5), ROWS), "sites": sites})


def text() -> str:
    """Holds all of it, a line a thing."""
    lines = [f"Part {part}, leaf {leaf}, was {part * leaf} units high." for part in range(37) for leaf in range(10)]
    lines += [f"Row {row}: {row} people of {row + 20} years were low on the first and high on the second day."
              for row in range(1, ROWS + 1)]  # fmt: skip
    for site in range(1, SITES + 1):
        lines.append(f"Site {site} had two arms.")
        for arm in range(1, ARMS + 1):
            lines += [
                f"Arm {arm} of site {site} got two doses.",
                f"There, dose 1 was {arm} mg, and dose 2 was {arm + site} mg.",
            ]
    return "\n\n".join(lines) + "\n"


class Chance:
    """An engine whose values come by chance, and which lists what there is; both as the grammar lets it."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 100_000
    there_are: ClassVar = {
        "rows": ("Row", ROWS),
        "sites": ("Site", SITES),
        "arms": ("Arm", ARMS),
        "doses": ("dose", DOSES),
    }

    def __init__(self, words: Any) -> None:
        self.words = words
        self.asked: Counter[str] = Counter()
        self.pages: Counter[str] = Counter()
        self.cut = 0

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in questions:
            held = lark(question, order="value-quote", quote=question.quote_characters)
            if question.form == "records":
                yield Completion(question.key, self._list(question, held), True)
                continue
            self.asked[question.key] += 1
            answer, ended = random_answer(self.words, held, seed=len(self.asked))
            self.cut += not ended
            yield Completion(question.key, answer if ended else shortest(question, answer), True, not ended)

    def _list(self, question: Question, held: str) -> str:
        """The labels after the one that the question names, as many as a page takes; the grammar must take them."""
        kind = question.key.split("/")[-2]
        self.pages[kind] += 1
        name, most = self.there_are[kind]
        after = re.search(rf'after "{name} (\d+)"', question.prompt)
        first = int(after.group(1)) + 1 if after else 1
        numbers = range(first, min(most + 1, first + question.max_records))
        written = [{"label": f"{name} {number}", "quote": ""} for number in numbers]
        for item in written:
            line = next(line for line in question.shown.text.split("\n") if re.search(rf"{item['label']}\b", line))
            item["quote"] = " ".join(line[line.index(item["label"]) :].split()[:4])
        answer = json.dumps(written, separators=(",", ":"), ensure_ascii=False)
        matcher = llguidance.LLMatcher(self.words, llguidance.LLMatcher.grammar_from_lark(held))
        assert matcher.consume_tokens(self.words.tokenize_str(answer)), matcher.get_error()
        assert matcher.is_accepting()
        return answer

    def describe(self) -> Mapping[str, Json]:
        return {"engine": "chance"}

    def close(self) -> None:
        pass


def test_every_row_is_asked_for_and_the_object_validates(tmp_path: Path, words: Any) -> None:
    path = tmp_path / "wide.txt"
    path.write_text(text())
    parameters = read(schema(), "wide")
    assert len(every(parameters.root)) == 400
    engine = Chance(words)
    recipe = Recipe.read(schema_name="wide")
    pipeline = Pipeline(recipe, parameters, load_plugins(), engine, lambda event: None, None)
    result = pipeline.fill(path)

    counts = Counter(record.path[-2] if record.path else "" for record in result.records)
    assert counts == {"": 1, "rows": ROWS, "sites": SITES, "arms": SITES * ARMS, "doses": SITES * ARMS * DOSES}
    assert engine.pages["rows"] > 1  # a page holds what the cap lets it hold
    for record in result.records:
        asked = next(kind for kind in kinds(parameters.root) if kind.name == (record.path[-2] if record.path else ""))
        assert set(record.values) == {parameter.name for parameter in asked.parameters}
    truncated = [value for record in result.records for value in record.values.values() if "truncated" in value.flags]
    assert not truncated
    made = to_object(result, parameters)
    assert validator(nullable(parameters.schema)).is_valid(made)
    assert len(made["rows"]) == ROWS
    assert len(made["sites"][2]["arms"][1]["doses"]) == DOSES


def kinds(root: Any) -> Iterator[Any]:
    yield root
    for child in root.children:
        yield from kinds(child)

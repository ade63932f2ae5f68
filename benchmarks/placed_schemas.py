"""Random schemas and hard texts, filled from places by a model that chooses at random: is all of it valid, and quoted?

    python benchmarks/placed_schemas.py TOKENIZER_FOLDER [--schemas 500] [--seed 6]

The whole way of a paper, from its document to its values, under the grammars that a run has. The schemas are drawn by
tests/hard_inputs.py; each comes with one of its texts: no numbers, one word, Chinese, right-to-left, numbers of 400
digits, 60,000 characters and others. Printed: values by status, what failed by its reason, and every breach. A breach
is an object that its schema does not allow; a value without a quote inside one line of the text; a number, or words,
that the text does not hold; a failure without a reason.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import llguidance
import llguidance.hf
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dsx.ask.plan import too_long
from dsx.errors import SchemaError
from dsx.ground.numbers import numbers_in
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.schema import kind_of, nullable, pydantic_model, read, to_object
from dsx.schema.compiling import problems_of_grammar
from dsx.schema.values import validator
from dsx.terminal import printable
from dsx.types import Order, PaperResult, Parameter, ParameterSet, RecordPath, RecordType, Status, Value
from tests.conftest import RandomEngine, document_of, fill_alone
from tests.hard_inputs import LONG, TEXTS, placed_schemas

CAP = 512
ALL_TEXTS = {name: printable(text) for name, text in {**TEXTS, "60,000 characters": LONG}.items()}
"""As a loader gives them."""
ORDERS: tuple[Order, ...] = ("value-quote", "quote-value")


class Tally:
    """What came of the schemas that were filled. filled: by text. breaches: lines for people."""

    def __init__(self) -> None:
        self.filled, self.statuses, self.failures = Counter[str](), Counter[str](), Counter[str]()
        self.breaches: list[str] = []

    def add(self, name: str, parameters: ParameterSet, result: PaperResult) -> None:
        """Counts the values of one paper; name: of its text."""
        self.filled[name] += 1
        self.breaches += [f"{name}: the object {problem}" for problem in problems_of_object(parameters, result)]
        for record in result.records:
            by_name = {parameter.name: parameter for parameter in type_at(parameters.root, record.path).parameters}
            for parameter_name, value in record.values.items():
                parameter = by_name[parameter_name]
                kind = kind_of(parameter)
                self.statuses[f"{kind} {value.status}"] += 1
                if value.status is Status.FAILED:
                    self.failures[f"{kind} {reason(value)}"] += 1
                for problem in problems_of_value(parameter, value, ALL_TEXTS[name]):
                    self.breaches.append(f"{name}: {parameter_name!r} {parameter.schema} {value}: {problem}")


def type_at(root: RecordType, path: RecordPath) -> RecordType:
    """The type of the record at a path."""
    kind = root
    for step in path:
        kind = next(child for child in kind.children if child.name == step.list)
    return kind


def reason(value: Value) -> str:
    """The last flag of a failure, and which rule of the schema it names."""
    if not value.flags:
        return "without a reason"
    flag = value.flags[-1]
    return f"{flag.kind} {flag.detail.split(' ')[0]}" if flag.kind == "invalid-after-normalising" else flag.kind


def problems_of_object(parameters: ParameterSet, result: PaperResult) -> Iterator[str]:
    """Where the paper's object is not what the schema says, by jsonschema and by Pydantic."""
    values = to_object(result, parameters)
    yield from (error.message for error in validator(nullable(parameters.schema)).iter_errors(values))
    try:
        pydantic_model(parameters).model_validate(values)
    except ValueError as problem:
        yield str(problem)


def problems_of_value(parameter: Parameter, value: Value, text: str) -> Iterator[str]:
    """What a value that is taken from places must not be."""
    if value.status is Status.FAILED and not any(flag.kind == "truncated" or flag.detail for flag in value.flags):
        yield "failed without a reason"
    if value.value is None:
        if value.status not in (Status.FAILED, Status.NOT_REPORTED):
            yield "no value, and not said so"
        return
    quote = value.evidence.quote if value.evidence else ""
    if quote and not any(quote in line for line in text.split("\n")):
        yield "its quote does not stand in a line of the text"
    kind = kind_of(parameter)
    if kind == "free":
        return
    if not quote:
        yield "no quote"
    written = value.raw if isinstance(value.raw, list) else [value.raw]
    if kind in ("number", "numbers"):
        operands = [float(part) for each in written for part in re.split(r"[*+]|(?<=\d)-", str(each))]
        held = {float(mention.value) for mention in numbers_in(quote if kind == "number" else text)}
        if not set(operands) <= held:
            yield "a number that does not stand there"
    elif kind in ("text", "texts") and not all(words in text for words in written):
        yield "words that do not stand there"


def fill_schemas(engine: RandomEngine, count: int, first_seed: int, texts: Sequence[str] = tuple(ALL_TEXTS)) -> Tally:
    """Fills `count` schemas that are not refused, each from one of the texts, which are named."""
    tally, plugins = Tally(), load_plugins()

    @seed(first_seed)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(placed_schemas(), st.sampled_from(texts), st.sampled_from(ORDERS))
    def fill(schema: dict[str, Any], name: str, order: Order) -> None:
        try:
            parameters = read(schema, "random")
            problems = problems_of_grammar(parameters) or too_long(parameters, CAP)
        except SchemaError as problem:
            problems = list(problem.problems)
        assume(not problems)
        recipe = Recipe.read(schema_name="random", order=order, max_new_tokens=CAP)
        result = fill_alone(Pipeline(recipe, parameters, plugins, engine), document_of(ALL_TEXTS[name]))
        tally.add(name, parameters, result)

    fill()
    return tally


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--schemas", type=int, default=500)
    parser.add_argument("--seed", type=int, default=6)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer)
    engine = RandomEngine(llguidance.hf.from_tokenizer(tokenizer, n_vocab=len(tokenizer)), CAP, nulls=4)
    started = time.process_time()
    tally = fill_schemas(engine, options.schemas, options.seed)
    print(f"vocabulary {len(tokenizer)}, llguidance {llguidance.__version__}, seed {options.seed}")
    print(
        f"{tally.filled.total()} schemas, {len(engine.asked)} questions, {tally.statuses.total()} values, "
        f"{time.process_time() - started:.0f} s of CPU"
    )
    for title, counts in ("texts", tally.filled), ("values", tally.statuses), ("failed", tally.failures):
        print(f"{title:<8}", ", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    print(f"breaches {len(tally.breaches)}")
    for breach in tally.breaches[:40]:
        print(" ", breach)
    return 1 if tally.breaches else 0


if __name__ == "__main__":
    sys.exit(main())

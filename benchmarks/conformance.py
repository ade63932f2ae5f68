"""Schemas that nobody here wrote: each is refused with a reason, or what is accepted agrees with jsonschema.

    pip download --no-deps --no-binary :all: jsonschema==4.26.0 && tar xf jsonschema-4.26.0.tar.gz
    python benchmarks/conformance.py jsonschema-4.26.0/json/tests/draft2020-12

The corpus is the JSON-Schema-Test-Suite that jsonschema's source package carries. A schema that is no object with
properties becomes the one property of such an object, its references with it. Of an accepted schema

- each of the suite's instances is judged by the compiled Pydantic model and by jsonschema (the schema with every leaf
  nullable and nothing required: a parameter may be absent from a paper; formats asserted; steps counted in decimals, as
  the suite asks). What the model lets through and jsonschema does not is wrong. What only jsonschema lets through is
  wrong, unless it is one of NARROWER;
- values that a random model writes under the grammar are judged by jsonschema; one that is not valid is wrong.
"""

from __future__ import annotations

import argparse
import collections
import copy
import json
import random
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import llguidance
import numpy

from dsx.ask.plan import too_long
from dsx.errors import SchemaError
from dsx.schema import nullable, pydantic_model, read
from dsx.schema.compiling import problems_of_grammar
from dsx.schema.grammatical import for_grammar
from dsx.schema.leaves import REFUSED
from dsx.schema.values import put, validates, validator
from dsx.types import Parameter, ParameterSet, RecordType

DRAWS, CAP = 8, 4000
BYTES = llguidance.LLTokenizer("byte")
KEYWORDS = {*REFUSED, "$ref", "type", "enum", "anyOf", "oneOf", "const", "required"}
NARROWER = {
    "unnamed": "a property that the schema does not name",
    "untyped": "a type that is not asked, where the schema names none",
    "empty": "an empty list (an answer that says nothing is null)",
    "bound": "over a default bound",
}


def wrapped(schema: Any) -> Any:
    """An object with properties: the schema itself, or one around it."""
    if isinstance(schema, Mapping) and "properties" in schema and schema.get("type", "object") == "object":
        return schema
    inner = moved(copy.deepcopy(schema), "#/properties/value")
    dialect = {"$schema": inner.pop("$schema")} if isinstance(inner, dict) and "$schema" in inner else {}
    return {**dialect, "type": "object", "properties": {"value": inner}}


def moved(part: Any, to: str) -> Any:
    """References to the file's parts, now below `to`."""
    if isinstance(part, list):
        return [moved(each, to) for each in part]
    if not isinstance(part, dict):
        return part
    made = {key: each if key in ("const", "enum") else moved(each, to) for key, each in part.items()}
    if isinstance(made.get("$ref"), str) and re.match(r"#(/|$)", made["$ref"]):
        made["$ref"] = to + made["$ref"][1:]
    return made


def judged(schema: Any, instances: list[Any]) -> tuple[str, collections.Counter[str], list[str]]:
    """(why it is refused or "", instances counted by verdict, what is wrong)."""
    try:
        parameters = read(schema, "set")
        refused = [*problems_of_grammar(parameters), *too_long(parameters, 512)]
    except SchemaError as problem:
        refused = list(problem.problems)
    if refused:
        return refused[0], collections.Counter(), []
    loose = validator(without_required(nullable(schema)))
    model = pydantic_model(parameters)
    counted: collections.Counter[str] = collections.Counter()
    wrong = []
    for instance in instances:
        accepted, valid = accepts(model, instance), loose.is_valid(instance)
        reasons = set() if accepted or not valid else set(narrower(parameters.root, instance, schema))
        if accepted == valid:
            counted["agree"] += 1
        elif accepted or not reasons or "?" in reasons:
            wrong.append(f"model {accepted}, jsonschema {valid}: {json.dumps(instance)[:100]}")
        else:
            counted[sorted(reasons)[0]] += 1
    for made in random_objects(parameters):
        counted["drawn"] += 1
        if not loose.is_valid(made):
            wrong.append(f"grammar: {json.dumps(made)[:100]}")
    return "", counted, wrong


def without_required(schema: Any) -> Any:
    """The schema with no property required, and no count of them."""
    if isinstance(schema, list):
        return [without_required(part) for part in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        key: part if key in ("enum", "const") else without_required(part)
        for key, part in schema.items()
        if not (key == "required" and isinstance(part, list))
    }


def accepts(model: Any, instance: Any) -> bool:
    try:
        model.model_validate(instance)
    except ValueError:
        return False
    return True


def narrower(kind: RecordType, instance: Any, schema: Any) -> Iterator[str]:
    """Why a valid instance is not taken; "?" where there is no good reason."""
    if not isinstance(instance, Mapping):
        yield "untyped" if schema_has_no_type(schema, "") else "?"
        return
    tree: dict[str, Any] = {}
    parts: tuple[Parameter | RecordType, ...] = (*kind.parameters, *kind.children)
    for part in parts:
        put(tree, part.name, part)
    yield from _narrower(tree, instance, schema)


def _narrower(tree: Mapping[str, Any], instance: Any, schema: Any) -> Iterator[str]:
    for name, value in instance.items():
        part = tree.get(name)
        if part is None:
            yield "unnamed"
        elif isinstance(part, dict):
            if isinstance(value, Mapping):
                yield from _narrower(part, value, schema)
            elif value is not None:
                yield "untyped" if schema_has_no_type(schema, name) else "?"
        elif isinstance(part, RecordType):
            if not isinstance(value, list):
                yield "untyped" if schema_has_no_type(schema, name) else "?"
                continue
            if len(value) > part.max_records:
                yield "bound"
            for each in value:
                yield from narrower(part, each, schema)
        elif value is not None and not validates(part, value):
            yield leaf_reason(part, value, schema)


def leaf_reason(part: Parameter, value: Any, schema: Any) -> str:
    if value == []:
        return "empty"
    asked = json.dumps(part.schema)
    if isinstance(value, str) and len(value) > 60 and "maxLength" in asked:
        return "bound"
    if isinstance(value, list) and len(value) > 8 and "maxItems" in asked:
        return "bound"
    if isinstance(value, (int, float)) and abs(value) > 10**15:
        return "bound"
    if schema_has_no_type(schema, part.pointer):
        return "untyped"
    return "?"


def schema_has_no_type(schema: Any, pointer: str) -> bool:
    """Whether somewhere in the schema a part that could name a type names none."""
    found = [schema]
    while found:
        part = found.pop()
        if isinstance(part, Mapping):
            if not ({"type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf"} & set(part)):
                return True
            named = [part.get("properties", {}), part.get("$defs", {}), part.get("definitions", {})]
            found += [below for group in named for below in group.values()]
            found += [part["items"]] if "items" in part else []
            found += [below for key in ("anyOf", "oneOf", "allOf", "prefixItems") for below in part.get(key, ())]
            if part.get("type") == "array" and "items" not in part:
                return True
        elif part is True:
            return True
    return False


def random_objects(parameters: ParameterSet) -> Iterator[dict[str, Any]]:
    """Objects with one leaf filled each, by a model that chooses at random."""
    for parameter in parameters.root.all_parameters():
        if "/items" in parameter.pointer:
            continue
        for at in range(DRAWS):
            value = drawn(parameter, at)
            if validates(parameter, value):  # uniqueItems is held to after decoding
                made: dict[str, Any] = {}
                node = made
                *parents, last = parameter.name.split(".")
                for parent in parents:
                    node = node.setdefault(parent, {})
                node[last] = value
                yield made


def drawn(parameter: Parameter, seed: int) -> Any:
    schema = {"x-guidance": {"whitespace_flexible": False}, **for_grammar(parameter.schema)}
    grammar = llguidance.LLMatcher.grammar_from_lark(f"%llguidance {{}}\nstart: %json {json.dumps(schema)}")
    matcher, draw, out = llguidance.LLMatcher(BYTES, grammar, log_level=0), random.Random(seed), list[int]()
    while not matcher.is_stopped() and len(out) < CAP:
        bits = numpy.unpackbits(numpy.frombuffer(matcher.compute_bitmask(), dtype=numpy.uint8), bitorder="little")
        legal = numpy.nonzero(bits[: BYTES.vocab_size])[0]
        assert len(legal), matcher.get_error()
        out.append(int(legal[draw.randrange(len(legal))]))
        assert matcher.consume_token(out[-1]), matcher.get_error()
    assert matcher.is_stopped(), f"{parameter.schema}: no end"
    return json.loads(
        b"".join(BYTES.decode_bytes([token]) for token in out if token != BYTES.eos_token).decode("utf-8")
    )


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="each refusal")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    accepted, refused, wrong = 0, collections.Counter[str](), list[str]()
    verdicts: collections.Counter[str] = collections.Counter()
    for file in sorted(given.folder.rglob("*.json")):
        for case in json.loads(file.read_text("utf-8")):
            schema = wrapped(case["schema"])
            data = [test["data"] for test in case["tests"]]
            reason, counted, mistakes = judged(
                schema, data if schema is case["schema"] else [{"value": each} for each in data]
            )
            if reason:
                refused[short(reason)] += 1
                if given.verbose:
                    print(f"{file.stem}: {case['description']}: {reason}")
            else:
                accepted += 1
            verdicts += counted
            wrong += [f"{file.stem}: {case['description']}: {mistake}" for mistake in mistakes]
    print(f"schemas             {accepted + refused.total():5}")
    print(f"accepted            {accepted:5}")
    print(f"  values drawn      {verdicts.pop('drawn', 0):5}   all valid for jsonschema unless listed as wrong")
    print(f"  instances agreed  {verdicts.pop('agree', 0):5}")
    for reason, count in verdicts.most_common():
        print(f"  not taken         {count:5}   {NARROWER[reason]}")
    print(f"refused             {refused.total():5}")
    for reason, count in refused.most_common():
        print(f"                    {count:5}   {reason}")
    print(f"wrong               {len(wrong):5}")
    for mistake in wrong:
        print(f"  {mistake}")
    return 1 if wrong else 0


def short(reason: str) -> str:
    """A refusal without its place and the names in it."""
    pointer, text = reason.split(": ", 1)
    keyword, said = pointer.rsplit("/", 1)[-1], re.sub(r"'[^']*'|\(.*?\)", "…", text)[:90]
    return f"{keyword}: {said}" if keyword in KEYWORDS else said


if __name__ == "__main__":
    sys.exit(main())

"""Decisions in today's terms: a unit that has changed since is converted, what means another thing now is left out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from dsx.schema import validates
from dsx.store.decisions import DecisionFile, accepts_any, parameters_at, same
from dsx.types import Asked, Decision, Json, PaperResult, Parameter, ParameterSet, Value, record_key, record_path
from dsx.units import convert, in_unit

MEANING = ("type", "enum", "const", "items", "prefixItems", "anyOf", "oneOf", "properties")
"""Keywords that say what a value is. Bounds only say which ones are legal."""
DIGITS = 16
KEPT_RESULTS = 16
"""Papers whose results are kept at hand."""


def asked_of(parameter: Parameter) -> Asked:
    """What a decision on the parameter carries."""
    choices = sorted([json.dumps(choice.value), choice.description] for choice in parameter.choices)
    meaning = json.dumps([_meaning(parameter.schema), choices], sort_keys=True)
    return Asked(parameter.unit, hashlib.sha256(meaning.encode()).hexdigest()[:DIGITS])


def _meaning(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_meaning(branch) for branch in schema]
    if not isinstance(schema, Mapping):
        return schema
    kept: dict[str, Any] = {key: schema[key] for key in MEANING if key in schema}
    for key in kept.keys() & {"items", "prefixItems", "anyOf", "oneOf"}:
        kept[key] = _meaning(kept[key])
    if "properties" in kept:
        kept["properties"] = {name: _meaning(part) for name, part in kept["properties"].items()}
    if "enum" in kept:
        kept["enum"] = sorted(map(json.dumps, kept["enum"]))
    if kept.get("type") == "integer":  # a whole number is a number
        kept["type"] = "number"
    return kept


def restate(
    files: Iterable[DecisionFile], parameters: ParameterSet, result_of: Callable[[str], PaperResult | None]
) -> tuple[list[DecisionFile], list[Decision]]:
    """Files of decisions in terms of `parameters`, and the decisions that are left out: they are about another thing.

    result_of: what the run that was decided on stored of a document. An `accept` that does not say what was asked is of
    what is stored there, or is left out. Decisions on values that are not there stay as they are.
    """
    current, stale, result_of = list[DecisionFile](), list[Decision](), lru_cache(KEPT_RESULTS)(result_of)
    for file in files:
        kept = list[Decision]()
        for decision in file.decisions:
            of_record = parameters_at(parameters.root, record_path(decision.record))
            parameter = next((each for each in of_record if each.name == decision.parameter), None)
            restated = decision if parameter is None else _restated(decision, parameter, result_of)
            if restated is None:
                stale.append(decision)
            else:
                kept.append(restated)
        current.append(dataclasses.replace(file, decisions=tuple(kept)))
    return current, stale


def _restated(
    decision: Decision, parameter: Parameter, result_of: Callable[[str], PaperResult | None]
) -> Decision | None:
    """None where the decision is about another thing, or of a value that is not legal any more."""
    if decision.action == "no_record":
        return decision
    asked, today = decision.asked, asked_of(parameter)
    if asked is None and decision.action == "accept":
        machine = _stored(decision, result_of(decision.document))
        if machine is not None and accepts_any(decision):
            decision = dataclasses.replace(decision, value=machine.value)
        elif machine is not None and not same(decision.value, machine.value):
            return None
    if asked is not None and asked != today:
        if asked.values != today.values or asked.unit is None or today.unit is None:
            return None
        try:
            convert(1.0, asked.unit, today.unit)  # null too is about one kind of quantity
            decision = dataclasses.replace(decision, value=in_unit(decision.value, asked.unit, today.unit), asked=today)
        except ValueError:
            return None
    checked = asked is not None or decision.action == "accept"
    has_value = decision.value is not None or decision.action == "correct"
    if checked and has_value and not validates(parameter, decision.value):
        return None
    return decision


def _stored(decision: Decision, result: PaperResult | None) -> Value | None:
    records = () if result is None else result.records
    return next(
        (each.values.get(decision.parameter) for each in records if record_key(each.path) == decision.record), None
    )


def stale_note(stale: Sequence[Decision]) -> str:
    """That decisions are left out, for a person; "" where none is."""
    if not stale:
        return ""
    where = " ".join(filter(None, (stale[0].paper, stale[0].label, stale[0].parameter)))
    why = 'unit, type, choices or bounds are other ones now, or the run does not say what was accepted without "asked"'
    return f"decisions left out: {len(stale)}, the first: {where} ({why}); decide on them again"

"""Decisions in today's terms: a unit that has changed since is converted, what means another thing now is left out."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dsx.schema import validates
from dsx.store.decisions import DecisionFile, parameters_at
from dsx.types import Asked, Decision, Json, Parameter, ParameterSet, record_path
from dsx.units import in_unit

MEANING = ("type", "enum", "const", "items", "prefixItems", "anyOf", "oneOf", "properties")
"""Keywords that say what a value is. Bounds only say which ones are legal."""
DIGITS = 16


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


def restate(files: Iterable[DecisionFile], parameters: ParameterSet) -> tuple[list[DecisionFile], list[Decision]]:
    """Files of decisions in terms of `parameters`, and the decisions that are left out: they are about another thing.

    Those on parameters that the set does not have stay as they are.
    """
    current, stale = list[DecisionFile](), list[Decision]()
    for file in files:
        kept = list[Decision]()
        for decision in file.decisions:
            of_record = parameters_at(parameters.root, record_path(decision.record))
            parameter = next((each for each in of_record if each.name == decision.parameter), None)
            restated = decision if parameter is None else _restated(decision, parameter)
            if restated is None:
                stale.append(decision)
            else:
                kept.append(restated)
        current.append(dataclasses.replace(file, decisions=tuple(kept)))
    return current, stale


def _restated(decision: Decision, parameter: Parameter) -> Decision | None:
    """None where the decision is about another thing, or accepts a value that is not legal any more."""
    asked, today = decision.asked, asked_of(parameter)
    if asked is not None and asked != today:
        if asked.values != today.values or asked.unit is None or today.unit is None:
            return None
        try:
            value = in_unit(decision.value, asked.unit, today.unit)
        except ValueError:
            return None
        if value is not None and not validates(parameter, value):
            return None
        return dataclasses.replace(decision, value=value, asked=today)
    if decision.action == "accept" and decision.value is not None and not validates(parameter, decision.value):
        return None
    return decision


def stale_note(stale: Sequence[Decision]) -> str:
    """That decisions are left out, for a person; "" where none is."""
    if not stale:
        return ""
    where = " ".join(filter(None, (stale[0].paper, stale[0].label, stale[0].parameter)))
    what = "decisions on parameters whose unit, type, choices or bounds are other ones now, left out"
    return f"{what}: {len(stale)}, the first: {where}; decide on them again"

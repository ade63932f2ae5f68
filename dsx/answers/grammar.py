"""The grammar of a question's answer, as llguidance's Lark: compact JSON in a fixed order, quotes verbatim.

    one parameter      null | {"value":…,"unit":…,"quote":…}     (null or not is the answer's first token)
    several            {"name":null | {…},"name":…}
    records            [{"label":…,"quote":…},…]
    options, one       one of some texts
    numbers            [80 mm,120 mm], of some texts
    text, texts        "…", ["…","…"], words of the text
    labels             null | ["…",…]

The quote is a run of whole words of the text that is shown, inside one of its lines: it can be found there to the
letter, after JSON's escapes are undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import llguidance

from dsx.answers.limits import LONGEST_LABEL, SHORTEST_QUOTE, longest_quote
from dsx.schema.grammatical import for_grammar
from dsx.schema.leaves import UNWRITABLE
from dsx.schema.values import without_step
from dsx.types import Order, Parameter, Question
from dsx.units import aliases

FUEL = 20_000_000
"""What the matcher may spend on a token, in its library's unit; its own limit ends in words of hundreds of letters."""
_SOLID = r"(?:[^\\\x00-\x20\x7f]|\\[^n])"
"""One character of JSON text inside a quote that is no blank; "\\n" would be a line break of the text."""
_ANY = r"(?:[^\\\x00-\x1f\x7f]|\\[^n])"
_VALUE_START, _VALUE_END = r"[\w±<>≥≤~$€£+−-]", r"[^\\\x00-\x20\x7f,;:(\[]"
_value_start = re.compile(_VALUE_START)
_character = re.compile(r"\\.|[^\\]")
_quotable = re.compile(f"{_ANY}+")
_solid = re.compile(_SOLID)


def lark(question: Question) -> str:
    """The grammar, in llguidance's Lark."""
    rules = ["%llguidance {}"]
    if question.form in _TAKEN:
        return "\n".join([*rules, *_TAKEN[question.form](question)]) + "\n"
    quoting = _quote_rules(question.shown.text, longest_quote(question))
    rules += quoting
    if question.form == "records":
        rules.append(
            rf'LABEL: "\"" /[^"\\\x00-\x20\x7f]([^"\\\x00-\x1f\x7f]{{0,{LONGEST_LABEL - 2}}}[^"\\\x00-\x20\x7f])?/ "\""'
        )
        rules.append(r'item: "{\"label\":" LABEL ",\"quote\":" QUOTE "}"')
        more = f' ("," item){{0,{question.max_records - 1}}}' if question.max_records > 1 else ""
        rules.append(f'start: "[" (item{more})? "]"' if quoting else 'start: "[]"')
    elif len(question.parameters) == 1:
        rules += _parameter(0, question.parameters[0], question.order, bool(quoting))
        rules.append("start: p0")
    else:
        pairs = []
        for at, parameter in enumerate(question.parameters):
            rules += _parameter(at, parameter, question.order, bool(quoting))
            pairs.append(f"{_literal(('{' if at == 0 else ',') + _text(parameter.name) + ':')} p{at}")
        rules.append(f'start: {" ".join(pairs)} "}}"')
    return "\n".join(rules) + "\n"


def _options(question: Question) -> list[str]:
    return [f"start: {_alternatives(question.options)}"]


def _some_options(question: Question) -> list[str]:
    more = f' ("," item){{0,{question.max_items - 1}}}' if question.max_items > 1 else ""
    return [f"item: {_alternatives(question.options)}", f'start: "[" item{more} "]"']


def _words_of_text(question: Question) -> list[str]:
    """Whole words of the text inside one of its lines; one text, a list of them, or labels of records."""
    rules = _value_rules(question.shown.text, question.max_characters)
    if not rules:
        return ['start: "null"' if question.form == "labels" else 'start: "\\"\\""']
    if question.form == "text":
        return [*rules, "start: QUOTE"]
    more = f' ("," QUOTE){{0,{question.max_items - 1}}}' if question.max_items > 1 else ""
    listed = f'"[" QUOTE{more} "]"'
    if question.form == "texts":
        return [*rules, f"start: {listed}"]
    return [*rules, f'start: "null" | {listed}' + (' | "[]"' if question.may_be_empty else "")]


def _alternatives(options: Sequence[str]) -> str:
    return " | ".join(map(_literal, options))


_TAKEN: Mapping[str, Callable[[Question], list[str]]] = {
    "options": _options,
    "one": _options,
    "numbers": _some_options,
    "text": _words_of_text,
    "texts": _words_of_text,
    "labels": _words_of_text,
}
"""Answers that are taken from the text, by their form."""


def matcher(words: llguidance.LLTokenizer, lark: str) -> llguidance.LLMatcher:
    """A matcher of this grammar; `is_error` where the library refuses it."""
    limits = llguidance.LLParserLimits(step_lexer_fuel=FUEL, initial_lexer_fuel=FUEL)
    return llguidance.LLMatcher(words, llguidance.LLMatcher.grammar_from_lark(lark), log_level=0, limits=limits)


def _parameter(at: int, parameter: Parameter, order: Order, quotable: bool) -> list[str]:
    """Rule p{at}: null or the object; only null where the text has nothing to quote."""
    if not quotable:
        return [f'p{at}: "null"']
    schema = {"x-guidance": {"whitespace_flexible": False}, **for_grammar(parameter.schema)}
    rules = [f"v{at}: %json {json.dumps(schema, ensure_ascii=False)}"]
    value = rf'"\"value\":" v{at}'
    if parameter.unit:
        rules.append(f"u{at}: " + " | ".join(_literal(_text(alias)) for alias in aliases(parameter.unit)))
        value += rf' ",\"unit\":" u{at}'
    cited = r'"\"quote\":" QUOTE'
    first, second = (value, cited) if order == "value-quote" else (cited, value)
    return [*rules, f'p{at}: "null" | "{{" {first} "," {second} "}}"']


@lru_cache(maxsize=8)
def _quote_rules(text: str, most: int, shortest: int = SHORTEST_QUOTE) -> list[str]:
    """SUB and QUOTE; none where the text has no line that can be quoted."""
    limit = max(most - shortest, 1)  # of a word, so that some words of each line make a quote
    found = _chunks(limit).findall(UNWRITABLE.sub("\n", text))
    written = {chunk: json.dumps(chunk, ensure_ascii=False)[1:-1] for chunk in set(found)}
    chunks = [written[chunk] for chunk in found]
    least = _least(chunks, most, shortest)
    if least == 0:
        return []
    span = f"{_SOLID}{_ANY}{{{max(least - 2, 0)},{most - 2}}}{_SOLID}" if least > 1 else _SOLID
    return [*_substrings(chunks), rf'QUOTE: "\"" (SUB & /{span}/) "\""']


@lru_cache(maxsize=8)
def _value_rules(text: str, most: int) -> list[str]:
    """SUB and QUOTE, for a value: it begins with a letter, digit or sign, and ends with no comma or opening bracket."""
    chunks = [
        json.dumps(chunk, ensure_ascii=False)[1:-1] for chunk in _chunks(most).findall(UNWRITABLE.sub("\n", text))
    ]
    if not any(_value_start.match(chunk) and _quotable.fullmatch(chunk) for chunk in chunks):
        return []
    longer = f"(?:{_ANY}{{0,{most - 2}}}{_VALUE_END})?" if most > 1 else ""
    return [*_substrings(chunks), rf'QUOTE: "\"" (SUB & /{_VALUE_START}{longer}/) "\""']


def _substrings(chunks: Sequence[str]) -> list[str]:
    return ["SUB: %regex " + json.dumps({"substring_chunks": chunks}, ensure_ascii=False)]


@lru_cache(maxsize=8)
def _chunks(limit: int) -> re.Pattern[str]:
    """Words of at most `limit` characters, blanks, line breaks, other characters."""
    return re.compile(rf"\w{{1,{limit}}}|[^\S\n]+|\n+|[^\w\s]")


def _least(chunks: Sequence[str], most: int, enough: int) -> int:
    """The length of the longest quote that the text allows, but `enough` where that will do; 0: none."""
    best = 0
    for start, first in enumerate(chunks):
        if not _solid.match(first):
            continue
        length = 0
        for at in range(start, len(chunks)):
            chunk = chunks[at]
            length += len(_character.findall(chunk))
            if length > most or not _quotable.fullmatch(chunk):
                break
            if chunk[-1] != " ":
                best = max(best, length)
        if best >= enough:
            return enough
    return best


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _literal(text: str) -> str:
    """A Lark literal of `text`."""
    return json.dumps(text, ensure_ascii=False)


def shortest(question: Question, partial: str) -> str:
    """What stands for an answer that met the cap: null for every parameter; of records, those that were complete."""
    if question.form == "records":
        whole = partial.rfind('"}')
        while whole > 0:
            try:
                json.loads(partial[: whole + 2] + "]")
                return partial[: whole + 2] + "]"
            except ValueError:
                whole = partial.rfind('"}', 0, whole)
        return "[]"
    if len(question.parameters) == 1:
        return "null"
    return json.dumps({parameter.name: None for parameter in question.parameters}, separators=(",", ":"))


def json_schema(question: Question) -> Mapping[str, Any]:
    """The same answer for servers that take a JSON Schema only: a quote is then any string, checked afterwards."""
    cited = {"type": "string", "minLength": 1, "maxLength": longest_quote(question)}
    if question.form == "records":
        properties: dict[str, Any] = {
            "label": {"type": "string", "minLength": 1, "maxLength": LONGEST_LABEL},
            "quote": cited,
        }
        return {"type": "array", "maxItems": question.max_records, "items": _object(properties)}
    answers = {}
    for parameter in question.parameters:
        properties = {"value": without_step(for_grammar(parameter.schema))}
        if parameter.unit:
            properties["unit"] = {"enum": list(aliases(parameter.unit))}
        answers[parameter.name] = {"anyOf": [{"type": "null"}, _object({**properties, "quote": cited})]}
    return answers[question.parameters[0].name] if len(answers) == 1 else _object(answers)


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }

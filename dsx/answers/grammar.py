"""The grammar of a question's answer, as llguidance's Lark: compact JSON in a fixed order, quotes verbatim.

    one parameter      null | {"value":…,"unit":…,"quote":…}     (null or not is the answer's first token)
    several            {"name":null | {…},"name":…}
    records            [{"label":…,"quote":…},…]
    labels             null | ["…",…], words of the text
    places             null | {"value":…} or {"value":…,"quote":…}, taken from places in the text (`types.Places`)

The quote is a run of whole words of the text that is shown, inside one of its lines: it can be found there to the
letter, after JSON's escapes are undone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from typing import Any

import llguidance

from dsx.answers.limits import LONGEST_LABEL, longest_quote
from dsx.answers.verbatim import quote_rules, value_rules
from dsx.schema.grammatical import differ_by_grammar, few_enough_to_differ, for_grammar
from dsx.schema.leaves import UNWRITABLE
from dsx.types import Order, Parameter, Places, Question
from dsx.units import aliases

FUEL = 20_000_000
"""What the matcher may spend on a token, in its library's unit; its own limit ends in words of hundreds of letters."""
_encoder = json.JSONEncoder(ensure_ascii=False)
_null = re.compile(r'^(start|p\d+): "null" \| ', re.MULTILINE)


def lark(question: Question) -> str:
    """The grammar, in llguidance's Lark."""
    grammar = _with_null(question)
    return grammar if question.may_be_null else _null.sub(r"\1: ", grammar)


def _with_null(question: Question) -> str:
    rules = ["%llguidance {}"]
    if question.form == "labels":
        return "\n".join([*rules, *_labels(question)]) + "\n"
    if question.places is not None:
        return "\n".join([*rules, *_PLACED[question.places.kind](question, question.places)]) + "\n"
    quoting = quote_rules(question.shown.text, longest_quote(question))
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
            pairs.append(f"{_literal(('{' if at == 0 else ',') + _json(parameter.name) + ':')} p{at}")
        rules.append(f'start: {" ".join(pairs)} "}}"')
    return "\n".join(rules) + "\n"


def _labels(question: Question) -> list[str]:
    rules = value_rules(question.shown.text, LONGEST_LABEL)
    if not rules:
        return ['start: "null"']
    empty = ' | "[]"' if question.may_be_empty else ""
    return [*rules, f'start: "null" | {_listed("QUOTE", question.max_records)}{empty}']


def _one_answer(question: Question, places: Places) -> list[str]:
    options = _writable(places.options)
    if not options:
        return ['start: "null"']
    return [f"ANSWER: {_alternatives(options)}", 'start: "null" | ANSWER']


def _chosen(question: Question, places: Places) -> list[str]:
    options = _writable(places.options)
    if not options:
        return ['start: "null"']
    legal = _legal("legal", question.parameters[0].schema)
    quotes = f"QUOTE: {_alternatives(options)}"
    first, second = r'"\"value\":" legal', r'"\"quote\":" QUOTE'
    if question.order == "quote-value":
        first, second = second, first
    return [*legal, quotes, f'start: "null" | "{{" {first} "," {second} "}}"']


def _numbers(question: Question, places: Places) -> list[str]:
    options = _writable(places.options)
    if len(options) < places.min_items:
        return ['start: "null"']
    listed = _all_different("list", options, places.min_items, places.max_items)
    if not listed:
        counted = _listed("NUMBER", places.max_items, places.min_items)
        listed = [f"NUMBER: {_alternatives(options)}", f"list: {counted}"]
    return [*listed, r'start: "null" | "{\"value\":" list "}"']


def _words_of_text(question: Question, places: Places) -> list[str]:
    """Whole words of the text inside one of its lines: one text, or a list of them."""
    if options := _writable(places.options):
        return [f"WORDS: {_alternatives(options)}", r'start: "null" | "{\"value\":" WORDS "}"']
    rules = value_rules(question.shown.text, places.max_characters, places.min_characters)
    if not rules:
        return ['start: "null"']
    value = "QUOTE" if places.kind == "text" else _listed("QUOTE", places.max_items, places.min_items)
    return [*rules, rf'start: "null" | "{{\"value\":" {value} "}}"']


@lru_cache(64)
def _writable(options: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(option for option in options if not UNWRITABLE.search(option))


def _listed(rule: str, max_items: int, min_items: int = 1) -> str:
    more = f' ("," {rule}){{{min_items - 1},{max_items - 1}}}' if max_items > 1 else ""
    return f'"[" {rule}{more} "]"'


def _all_different(name: str, items: Sequence[str], min_items: int, max_items: int) -> list[str]:
    """Rules of a list of these items in any order, none of them twice; none where they are too many.

    A rule stands for what may follow a set of items.
    """
    if not few_enough_to_differ(len(items), min_items, max_items):
        return []
    count, max_items = len(items), min(max_items, len(items))
    item = f"{name.upper()}_ITEM"
    rules = [f"{item}{at}: {_literal(text)}" for at, text in enumerate(items)]
    for size in range(max_items + 1):
        for before in combinations(range(count), size):
            comma = '"," ' if size else ""
            following = [
                f"{comma}{item}{at} {_after(name, [*before, at])}"
                for at in range(count)
                if size < max_items and at not in before
            ]
            end = ['"]"'] if size >= min_items else []
            rules.append(f"{_after(name, before)}: {' | '.join([*end, *following])}")
    return [*rules, f'{name}: "[" {_after(name, ())}']


def _after(name: str, items: Sequence[int]) -> str:
    """The rule for what follows these items of a list."""
    return "_".join([name, "after", *map(str, sorted(items))])


@lru_cache(64)
def _alternatives(texts: tuple[str, ...]) -> str:
    return " | ".join(map(_literal, texts))


def _legal(name: str, schema: Mapping[str, Any]) -> list[str]:
    """Rules of a value that the schema allows. Items that must differ do, where there are few choices for them."""
    if differ_by_grammar(schema):
        choices = [_json(choice) for choice in schema["items"]["enum"]]
        return _all_different(name, choices, schema["minItems"], schema["maxItems"])
    legal = {"x-guidance": {"whitespace_flexible": False}, **for_grammar(schema)}
    return [f"{name}: %json {json.dumps(legal, ensure_ascii=False)}"]


_PLACED: Mapping[str, Callable[[Question, Places], list[str]]] = {
    "answer": _one_answer,
    "chosen": _chosen,
    "numbers": _numbers,
    "text": _words_of_text,
    "texts": _words_of_text,
}


def matcher(tokenizer: llguidance.LLTokenizer, lark: str) -> llguidance.LLMatcher:
    """A matcher of this grammar; `is_error` where the library refuses it."""
    limits = llguidance.LLParserLimits(step_lexer_fuel=FUEL, initial_lexer_fuel=FUEL)
    return llguidance.LLMatcher(tokenizer, llguidance.LLMatcher.grammar_from_lark(lark), log_level=0, limits=limits)


def _parameter(at: int, parameter: Parameter, order: Order, quotable: bool) -> list[str]:
    """Rule p{at}: null or the object; only null where the text has nothing to quote."""
    if not quotable:
        return [f'p{at}: "null"']
    rules = _legal(f"v{at}", parameter.schema)
    value = rf'"\"value\":" v{at}'
    if parameter.unit:
        rules.append(f"u{at}: " + " | ".join(_literal(_json(alias)) for alias in aliases(parameter.unit)))
        value += rf' ",\"unit\":" u{at}'
    quote = r'"\"quote\":" QUOTE'
    first, second = (value, quote) if order == "value-quote" else (quote, value)
    return [*rules, f'p{at}: "null" | "{{" {first} "," {second} "}}"']


def _json(value: Any) -> str:
    return _encoder.encode(value)


def _literal(text: str) -> str:
    """A Lark literal of `text`. Lark takes no bare delete character."""
    return _encoder.encode(text).replace("\x7f", "\\u007f")


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
    if question.form == "labels" or len(question.parameters) == 1:
        return "null"
    return json.dumps({parameter.name: None for parameter in question.parameters}, separators=(",", ":"))

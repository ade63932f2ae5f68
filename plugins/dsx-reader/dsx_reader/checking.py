"""Whether passages are written as they should be: every value stands in its words, all words in the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from dsx.plugin_api.training import numbers_of
from dsx_reader.passages import TYPES, Ask, GoldAnswer, Passage, amount

KINDS = ("methods", "experiments", "table", "results", "front", "other_work", "apparatus")
MIN_QUESTIONS, MIN_WORDS, MAX_WORDS = 7, 120, 800
_derived = re.compile(r"(?=.*?\d *+[-+*])[\d.+*() -]*+")


def faults(passage: Passage) -> Iterator[str]:
    """One line for each fault."""
    if passage.kind not in KINDS:
        yield f"no kind {passage.kind!r}"
    words = len(passage.text.split())
    if not MIN_WORDS <= words <= MAX_WORDS:
        yield f"{words} words"
    if len(passage.asks) < MIN_QUESTIONS:
        yield f"{len(passage.asks)} questions"
    for name, times in Counter(ask.name for ask in passage.asks).items():
        if times > 1:
            yield f"{name} is asked {times} times"
    for ask in passage.asks:
        if ask.type not in TYPES:
            yield f"{ask.name}: no type {ask.type!r}"
            continue
        if set(ask.choices) - set(ask.options):
            yield f"{ask.name}: describes what is no choice"
        labels = set(ask.answers) - {""}
        if labels and labels != set(passage.labels):
            yield f"{ask.name}: its records are not those of the passage"
        for label, answer in ask.answers.items():
            for fault in _answer_faults(passage, ask, answer):
                yield f"{ask.name} {label}: {fault}".replace(" :", ":")


def _answer_faults(passage: Passage, ask: Ask, answer: GoldAnswer) -> Iterator[str]:
    for words in answer.words:
        if words not in passage.text:
            yield f"not in the text: {words!r}"
    if answer.value is None:
        return
    if ask.is_list != isinstance(answer.value, list):
        yield "a list has a list"
        return
    values = answer.value if ask.is_list else [answer.value]
    if ask.is_list and len(answer.words) not in (1, len(values)):
        yield "words for all together, or for each"
        return
    for at, value in enumerate(values):
        words = answer.words[at] if ask.is_list and len(answer.words) == len(values) else " ".join(answer.words)
        yield from _value_faults(passage, ask, value, words)


def _value_faults(passage: Passage, ask: Ask, value: Any, words: str) -> Iterator[str]:
    if ask.options:
        if value not in ask.options:
            yield f"{value!r} is no choice"
    elif ask.type == "boolean":
        if not isinstance(value, bool):
            yield f"{value!r} is neither true nor false"
    elif ask.item_type == "text":
        if not isinstance(value, str) or not re.search(rf"(?<!\w){re.escape(value)}(?!\w)", passage.text):
            yield f"no whole words of the text: {value!r}"
        elif value not in words and words not in value:
            yield f"{value!r} is not in {words!r}"
    elif isinstance(value, str) and _derived.fullmatch(value):
        missing = set(map(float, re.findall(r"\d+(?:\.\d+)?", value))) - numbers_of(words)
        if missing:
            yield f"{value} has numbers that are not in {words!r}"
    else:
        number = amount(value)[0]
        if isinstance(number, bool | str):
            yield f"{value!r} is no number"
        elif not any(abs(abs(number) - abs(each)) <= 1e-9 * max(1.0, abs(number)) for each in numbers_of(words)):
            yield f"{value} does not stand in {words!r}"

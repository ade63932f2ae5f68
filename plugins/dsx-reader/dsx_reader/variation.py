"""Variation of passages by code: other numbers, typography, names and wordings of questions. The truth goes along."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from dsx.plugin_api.training import numbers_of
from dsx_reader.documents import CELL
from dsx_reader.passages import Ask, GoldAnswer, Passage, amount

_whole = re.compile(r"(?<![\w.,/%–−±^-])[1-9]\d{0,3}(?![\w.,/%–−±^-]|\s?(?:%|±|–|−|-|to\b|[×x/]))")
_digits = re.compile(r"\d+")
MIN_CHANGED = 4
"""Smaller numbers count things that are named one by one in the text."""
TYPOGRAPHY = (
    ("−", "-"), ("–", "-"), ("±", "+/-"), ("µ", "μ"), ("’", "'"), ("×", "x"), ("\u2009", " "), ("≥", ">="), ("≤", "<="),
)  # fmt: skip
"""Signs, and what other typesetters and extractors make of them."""


def renumbered(passage: Passage, rng: random.Random) -> Passage:
    """Whole numbers changed throughout; those that are parts, sums or products of others of the passage stay."""
    counted = [int(match.group()) for match in _whole.finditer(passage.text)]
    everything = [int(digits) for digits in _digits.findall(passage.text) if len(digits) < 7]
    bound = _bound(set(everything))
    free = [
        number
        for number in dict.fromkeys(counted)
        if number >= MIN_CHANGED
        and not 1900 <= number <= 2100
        and number not in bound
        and everything.count(number) == counted.count(number)
    ]
    new: dict[int, int] = {}
    for number in free:
        other = max(MIN_CHANGED, round(number * rng.uniform(0.6, 1.7)))
        if rng.random() < 0.7 and other not in everything and other not in new.values():
            new[number] = other

    def change(text: str) -> str:
        return _whole.sub(lambda match: str(new.get(int(match.group()), int(match.group()))), text)

    changed = change(passage.text)
    asks = []
    for ask in passage.asks:
        answers = {}
        for label, answer in ask.answers.items():
            words = tuple(map(change, answer.words))
            value = _changed(answer.value, new) if ask.is_number else _text(answer.value, change)
            answers[label] = GoldAnswer(value, words)
        if all(word in changed for answer in answers.values() for word in answer.words):
            asks.append(replace(ask, answers=answers))
    labels = tuple(map(change, passage.labels))
    if labels != passage.labels or not _agree(asks, passage, new):
        return passage
    return replace(passage, text=changed, asks=tuple(asks))


def _bound(numbers: set[int]) -> set[int]:
    """Numbers that are a sum or product of two others, and those that they are made of."""
    bound: set[int] = set()
    for one, other in combinations(sorted(numbers), 2):
        for made in (one + other, one * other):
            if made in numbers and one > 1:
                bound |= {one, other, made}
    return bound | {number for number in numbers if 2 * number in numbers}


def _changed(value: Any, new: dict[int, int]) -> Any:
    if isinstance(value, list):
        return [_changed(item, new) for item in value]
    if isinstance(value, str):
        return _digits.sub(lambda match: str(new.get(int(match.group()), int(match.group()))), value)
    return new.get(value, value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_text(item, change) for item in value]
    return change(value) if isinstance(value, str) else value


def _agree(asks: list[Ask], passage: Passage, new: dict[int, int]) -> bool:
    """Whether each changed number that is a value was changed where it stands, too."""
    before = {(ask.name, label): answer for ask in passage.asks for label, answer in ask.answers.items()}
    for ask in asks:
        for label, answer in ask.answers.items():
            was = before[ask.name, label]
            if answer.value != was.value and answer.words == was.words:
                return False
            if isinstance(was.value, int) and was.value not in new and answer.words != was.words:
                continue
    return True


def retyped(passage: Passage, rng: random.Random) -> Passage:
    """Some signs set otherwise, in the text and in all that is asked about it."""
    pairs = [pair for pair in TYPOGRAPHY if rng.random() < 0.3]

    def change(text: str) -> str:
        for sign, other in pairs:
            text = text.replace(sign, other)
        return text

    asks = tuple(
        replace(
            ask,
            answers={
                change(label): GoldAnswer(
                    _text(answer.value, change) if ask.item_type == "text" else answer.value,
                    tuple(map(change, answer.words)),
                )
                for label, answer in ask.answers.items()
            },
        )
        for ask in passage.asks
    )
    return replace(passage, text=change(passage.text), labels=tuple(map(change, passage.labels)), asks=asks)


def reworded(ask: Ask, rng: random.Random) -> Ask:
    """A question under another name, in fewer words, with its choices in another order or under other names."""
    name = ask.name
    if rng.random() < 0.3:
        parts = name.split("_")
        name = rng.choice([
            "".join([parts[0], *(part.capitalize() for part in parts[1:])]),
            "_".join(part[:4] for part in parts),
            "_".join(reversed(parts)),
        ])  # fmt: skip
    description = ask.description
    first, _, rest = description.partition(". ")
    if rest and rng.random() < 0.15:
        description = first + "."
    if rng.random() < 0.15:
        description = description.rstrip(".")
    options = ask.options
    rng.shuffle(options)
    answers, choices = ask.answers, ask.choices
    if options and len(choices) == len(options) and rng.random() < 0.2:
        codes = {option: rng.choice("abcdefghkmprst") + str(number) for number, option in enumerate(options, 1)}
        choices = {codes[option]: choices[option] for option in options}
        options = [codes[option] for option in options]
        answers = {label: GoldAnswer(_coded(answer.value, codes), answer.words) for label, answer in answers.items()}
    return replace(
        ask,
        name=name,
        description=description,
        argument="/".join(options) or ask.argument,
        answers=answers,
        choices=choices,
    )


def _coded(value: Any, codes: dict[str, str]) -> Any:
    return [codes[item] for item in value] if isinstance(value, list) else codes.get(value)


# ---- evidence taken away ----

_ends = re.compile(
    r"(?<!\b[A-Z])(?<!\bal)(?<!\bca)(?<!\bcf)(?<!\be\.g)(?<!\bi\.e)(?<!\bFig)(?<!\bvs)(?<=[.!?])\s+(?=[A-Z0-9(\[])"
)
_word = re.compile(r"[a-z]{5,}")
STEM = 5
"""Letters that two forms of a word have in common."""
MIN_WORDS_LEFT = 60
"""Words of a passage that stay."""


def without_evidence(passage: Passage, rng: random.Random) -> Passage:
    """Without the sentences that hold the values of one to three questions, whose answers are then null.

    Only sentences of running text that nothing else rests on, and values that do not stand elsewhere too.
    """
    if passage.kind in ("table", "front"):
        return passage
    reported = [
        (ask, label)
        for ask in passage.asks
        for label, answer in ask.answers.items()
        if answer.value is not None and answer.words
    ]
    rng.shuffle(reported)
    wanted = rng.randint(1, 3)
    for ask, label in reported:
        thinner = _without(passage, ask.name, ask.answers[label])
        if thinner is not None:
            passage, wanted = thinner, wanted - 1
        if not wanted:
            break
    return passage


def _without(passage: Passage, name: str, answer: GoldAnswer) -> Passage | None:
    """The passage without what shows a value; None where that cannot be told to be all that shows it."""
    lost = _sentences_of(passage.text, answer.words)
    if lost is None or any(label in sentence for label in passage.labels for sentence in lost):
        return None
    text = passage.text
    for sentence in lost:
        text = text.replace(sentence, "", 1)
    text = "\n".join(line for line in re.sub(r"  +", " ", text).split("\n") if line.strip())
    if len(text.split()) < MIN_WORDS_LEFT:
        return None
    asks = []
    for ask in passage.asks:
        after = {}
        for label, other in ask.answers.items():
            left = tuple(words for words in other.words if words in text)
            if ask.name == name and other == answer:
                if _is_shown(ask, other, text):
                    return None
                after[label] = GoldAnswer(None, ())
            elif other.value is not None and len(left) < len(other.words):
                return None
            else:
                after[label] = GoldAnswer(other.value, left)
        asks.append(replace(ask, answers=after))
    return replace(passage, text=text, asks=tuple(asks))


def _sentences_of(text: str, words: Sequence[str]) -> list[str] | None:
    """The sentences that hold the words; None where one is a row of a table, or the words stand twice."""
    sentences = [sentence for line in text.split("\n") for sentence in _ends.split(line)]
    holding = []
    for each in words:
        found = [sentence for sentence in sentences if each in sentence]
        if text.count(each) != 1 or len(found) != 1 or CELL in found[0].strip() or text.count(found[0]) != 1:
            return None
        holding += found
    return list(dict.fromkeys(holding))


def _is_shown(ask: Ask, answer: GoldAnswer, text: str) -> bool:
    """Whether the text without its evidence may say the value still."""
    values = answer.value if isinstance(answer.value, list) else [answer.value]
    if ask.is_number:
        numbers = {amount(value)[0] for value in values}
        return any(isinstance(number, str) for number in numbers) or bool(numbers & numbers_of(text))
    lower = text.lower()
    if ask.item_type == "text":
        return any(value.lower() in lower for value in values)
    stems = {word[:STEM] for word in _word.findall(lower)}
    named = {word[:STEM] for value in values for word in _word.findall(str(value).lower())}
    shown = {word[:STEM] for words in answer.words for word in _word.findall(words.lower())}
    return bool(named & stems) or 2 * len(shown & stems) > len(shown)

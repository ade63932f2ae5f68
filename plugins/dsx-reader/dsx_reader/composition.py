"""Passages composed of statements: some questions of a sheet, each answered for one to three records.

Of each question every answer is as likely as the others, and the records of a passage mostly answer it differently:
what is right cannot be told without reading.
"""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dsx_reader.passages import Ask, GoldAnswer, Passage, plural
from dsx_reader.statements import BOOLEANS, Sheet, SheetAsk, Statement

QUESTIONS = {1: (8, 10), 2: (6, 9), 3: (6, 7)}
"""By number of records: how many questions a passage answers, at least and at most."""
RECORDS, UNNAMED = (1, 1, 2, 2, 2, 3), 0.7
"""How many records a passage has; how often a single one has no name."""
NULL_SHARE, DISTRACTED_NULLS, DISTRACTED_VALUES = 0.27, 0.5, 0.2
"""Share of answers that are null, and shares of nulls and of values with a distractor: a statement that tempts."""
DISTRACTED_TYPES = ("choice", "boolean", "integer", "number")
"""Types of which a distractor may stand beside a value: of lists and texts it may say that there is none."""
ASIDE, ASIDES = 0.5, (2, 6)
"""Share of passages with tempting statements in an introduction or a discussion, and how many, at least and at most."""
CONTRAST = 0.85
"""How often an answer that another record has is drawn again."""
PAPER_LEVEL, SHARED = 0.12, 0.12
"""Shares of questions about the paper, and of questions that have one answer for all records."""
SHORTEST, STEM = 4, 6
"""Letters of an option that counts as named where it stands, and of a word that count."""
STUDIES = ("experiment", "study", "trial", "survey")
NUMBERING = (("1", "2", "3"), ("1", "2", "3"), ("A", "B", "C"), ("1a", "1b", "1c"))
GENERAL = (
    "General methods\n",
    "General procedure\n",
    "Common to all {records}\n",
    "What follows holds for all {records}. ",
)
NAMED = ("{label}\n", "{label}\n", "{label}. ", "{label}: ", "Details of {label} follow. ")
WOVEN, FOLLOWS = 0.3, 0.3
"""How often statements of all records stand in turn, each with its name; else how often a record follows the first."""
FOLLOWING = (
    "Save for what follows, the methods of {first} were also those of {label}.",
    "All that was done in {first} and is not mentioned again holds for {label}.",
    "The procedure of {first} was repeated, with the changes named here, in {label}.",
)
RESULT = re.compile(
    r"effect|result|outcome|relation|increas|decreas|higher|lower|larger|smaller|better|worse|improve|impair|unchanged"
    r"|no_(?:change|difference|significant)"
)
"""Questions and options of findings, which a record does not share because its methods are those of another."""
INTRODUCED = "We report {records}: {labels}."
LOWERED = re.compile(
    r"(?:After|All|An?|Any|At|Before|Both|Each|Every|For|From|In|It|No|None|Of|On|One|Only|Over|The|Their|These|Three|To|Two"
    r"|Until|We|When|Whenever|Where|While|With|Within)\b"
)
"""First words of a sentence that are written small after words that come before it."""


@dataclass(slots=True)
class _DrawnStatement:
    """A statement as it stands in the passage. spans: of the words that show its value, in its text."""

    ask: str
    text: str
    spans: list[tuple[int, int]]

    def put_before(self, words: str) -> None:
        """Words and the statement are one sentence then."""
        text = self.text[0].lower() + self.text[1:] if LOWERED.match(self.text) else self.text
        if words[-1] == "," and text == self.text:
            words = words[:-1].removeprefix("In ") + ":"
        self.text = f"{words} {text}"
        self.spans = [(start + len(words) + 1, end + len(words) + 1) for start, end in self.spans]

    def put_last(self, words: str) -> None:
        """Words before the full stop."""
        self.text = f"{self.text.rstrip('.')} {words}."

    def words(self, text: str) -> tuple[str, ...]:
        """The words that show the value, each with so many around it that they stand once in the text."""
        return tuple(self._unique(text, start, end) for start, end in self.spans)

    def _unique(self, text: str, start: int, end: int) -> str:
        while text.count(self.text[start:end]) > 1 and (start, end) != (0, len(self.text)):
            start = max(0, self.text.rfind(" ", 0, max(0, start - 1)) + 1)
            end = (self.text.find(" ", end + 1) + 1 or len(self.text) + 1) - 1
        return self.text[start:end]


@dataclass(slots=True)
class _DrawnAnswer:
    """A value and where it is said; null and nowhere where the passage does not speak of it."""

    value: Any = None
    statements: list[_DrawnStatement] = field(default_factory=list)
    distractors: list[_DrawnStatement] = field(default_factory=list)

    def gold(self, text: str, options: Sequence[str]) -> GoldAnswer:
        """With the words of the whole text. Options come in the order of the text, each with words of its own."""
        words = [word for statement in self.statements for word in statement.words(text)]
        value = self.value
        if isinstance(value, dict):
            first = {option: text.find(statement.text) for option, statement in value.items()}
            value = sorted(first, key=lambda option: (first[option], options.index(option)))
            words = [self.value[option].words(text)[0] for option in value]
        return GoldAnswer(value, tuple(words))


class _Drawer:
    """Draws answers; each statement once."""

    def __init__(self, rng: random.Random) -> None:
        self._rng, self._used = rng, set[Statement]()

    def answers(self, ask: SheetAsk, number: int) -> list[_DrawnAnswer]:
        """Of so many records, which mostly differ."""
        drawn: list[_DrawnAnswer] = []
        while len(drawn) < number:
            for _ in range(8):
                statements = self._statements(ask)
                answer = self._answer(ask, statements)
                if all(_differ(answer, other) for other in drawn) or self._rng.random() > CONTRAST:
                    break
            self._used.update(statements)
            if ask.type in DISTRACTED_TYPES and answer.value is not None and self._rng.random() < DISTRACTED_VALUES:
                for distractor in self._rng.sample(free := self._free(ask, (None,)), min(1, len(free))):
                    self._used.add(distractor)
                    answer.distractors = self._answer(ask, [distractor]).statements
            drawn.append(answer)
        return drawn

    def asides(self, asks: Sequence[SheetAsk], number: int) -> list[_DrawnStatement]:
        """Statements that come near an answer and give none, of any of these questions."""
        tempting = [(ask, each) for ask in asks for each in self._free(ask, (None,))]
        chosen = self._rng.sample(tempting, min(number, len(tempting)))
        return [drawn for ask, each in chosen for drawn in self._answer(ask, [each]).statements]

    def _free(self, ask: SheetAsk, values: Collection[str | None]) -> list[Statement]:
        return [each for each in ask.statements if each not in self._used and each.value in values]

    def _statements(self, ask: SheetAsk) -> list[Statement]:
        """One for an answer, several for a list of choices, none for silence."""
        if self._rng.random() < NULL_SHARE:
            distractors = self._free(ask, (None,))
            return [self._rng.choice(distractors)] if distractors and self._rng.random() < DISTRACTED_NULLS else []
        values = {each.value for each in ask.statements if each.value is not None}
        if ask.type == "choices":
            return self._of_choices(ask)
        if ask.type in ("choice", "boolean"):
            options = list(ask.options) or list(BOOLEANS)
            values = {self._rng.choice(options)}
        telling = self._free(ask, values)
        return [self._rng.choice(telling)] if telling else []

    def _of_choices(self, ask: SheetAsk) -> list[Statement]:
        chosen: list[Statement] = []
        covered: set[str] = set()
        for _ in range(self._rng.choice((1, 1, 1, 2, 2, 3))):
            option = self._rng.choice(list(ask.options))
            telling = [
                each
                for each in ask.statements
                if each.value is not None
                and each not in self._used
                and option in each.parts
                and not covered & {*each.parts}
            ]
            if option not in covered and telling:
                chosen.append(self._rng.choice(telling))
                covered.update(chosen[-1].parts)
        return chosen

    def _answer(self, ask: SheetAsk, statements: Sequence[Statement]) -> _DrawnAnswer:
        answer = _DrawnAnswer()
        for statement in statements:
            text, spans, numbers = statement.draw(self._rng)
            drawn = _DrawnStatement(ask.name, text, spans)
            answer.statements.append(drawn)
            value = ask.value(statement, numbers)
            if ask.type == "choices" and value is not None:
                answer.value = (answer.value or {}) | dict.fromkeys(value, drawn)
            else:
                answer.value = value
        return answer


def _begins_word(text: str, words: str) -> bool:
    """Whether the words stand somewhere, not inside a word."""
    at = text.find(words)
    while at > 0 and text[at - 1].isalnum():
        at = text.find(words, at + 1)
    return at >= 0


def _is_disputed(ask: SheetAsk, answer: _DrawnAnswer, around: Sequence[_DrawnStatement]) -> bool:
    """Whether what is said of other matters may answer the question too, and otherwise."""
    values = list(answer.value) if isinstance(answer.value, dict) else [answer.value]
    others = [option.replace("_", " ").lower() for option in ask.options if option not in values]
    names = [name[:STEM] for name in ask.name.lower().split("_") if len(name) > 1]
    for statement in around:
        text = statement.text.lower()
        if statement.ask == ask.name:
            continue
        if any(len(option) >= SHORTEST and option != "none" and _begins_word(text, option) for option in others):
            return True
        if names and not answer.statements and all(name in text for name in names):
            return True
    return False


def _differ(answer: _DrawnAnswer, other: _DrawnAnswer) -> bool:
    first, second = (list(each.value) if isinstance(each.value, dict) else each.value for each in (answer, other))
    return bool(first != second)


def composed(sheet: Sheet, rng: random.Random) -> Passage:
    """A passage whose truth is known: a question that other statements may answer too is left out."""
    labels = _labels(sheet.record, rng)
    records = len(labels) or 1
    asks = rng.sample(sheet.asks, min(len(sheet.asks), rng.randint(*QUESTIONS[records])))
    drawer = _Drawer(rng)
    answers: dict[str, dict[str, _DrawnAnswer]] = {}
    regions: dict[str, list[_DrawnStatement]] = {label: [] for label in ("", *labels)}
    for ask in asks:
        scope = rng.random()
        if not labels or scope < PAPER_LEVEL:
            [drawn] = drawer.answers(ask, 1)
            answers[ask.name] = {"": drawn}
            regions["" if len(labels) != 1 else labels[0]] += [*drawn.statements, *drawn.distractors]
        elif len(labels) > 1 and scope < PAPER_LEVEL + SHARED:
            [drawn] = drawer.answers(ask, 1)
            answers[ask.name] = dict.fromkeys(labels, drawn)
            regions[""] += [*drawn.statements, *drawn.distractors]
        else:
            answers[ask.name] = dict(zip(labels, drawer.answers(ask, records), strict=True))
            for label, drawn in answers[ask.name].items():
                regions[label] += [*drawn.statements, *drawn.distractors]
    for statements in regions.values():
        rng.shuffle(statements)
    asides = drawer.asides(asks, rng.randint(*ASIDES)) if rng.random() < ASIDE else []
    given = [(ask, answer) for ask in asks for answer in answers[ask.name].values()]
    aside = " ".join(each.text for each in asides if not any(_is_disputed(*pair, [each]) for pair in given))
    woven = len(labels) > 1 and rng.random() < WOVEN
    for label in labels[1:] if not woven else ():
        if rng.random() < FOLLOWS:
            following = rng.choice(FOLLOWING).format(first=labels[0], label=label)
            regions[label].insert(0, _DrawnStatement("", following, []))
            for ask in asks:
                _follow(ask, answers[ask.name], labels[0], label)
    text = "\n".join(_written(sheet.record, regions, labels, woven, rng))
    questions = tuple(_ask(ask, answers[ask.name], regions, text) for ask in asks)
    kind = "experiments" if labels else "methods"
    name, description = (sheet.record, sheet.record_description) if labels else ("", "")
    asked = tuple(ask for ask in questions if ask.answers)
    return Passage(sheet.name, sheet.field, kind, text, name, description, labels, asked, aside)


def _ask(ask: SheetAsk, answers: dict[str, _DrawnAnswer], regions: dict[str, list[_DrawnStatement]], text: str) -> Ask:
    """With the answer for each record, but for what is disputed."""
    gold = {}
    for label, answer in answers.items():
        around = [*regions[""], *regions[label]] if label else list(itertools.chain.from_iterable(regions.values()))
        if not _is_disputed(ask, answer, around):
            gold[label] = answer.gold(text, list(ask.options))
    described = {option: words for option, words in ask.options.items() if words}
    return Ask(ask.name, ask.type, "/".join(ask.options) or ask.unit, ask.description, gold, described)


def _follow(ask: SheetAsk, answers: dict[str, _DrawnAnswer], first: str, label: str) -> None:
    """Gives a record what it shares with the first; what it may or may not share is not asked."""
    if label not in answers or answers[label].value is not None or answers[first].value is None:
        return
    is_method = ask.type.rstrip("s") not in ("integer", "number") and not RESULT.search(
        " ".join([ask.name, *ask.options])
    )
    if is_method and not answers[label].statements:
        answers[label] = answers[first]
    else:
        del answers[label]


def _labels(record: str, rng: random.Random) -> tuple[str, ...]:
    """Names of records; none where the only one has no name."""
    number = rng.choice(RECORDS)
    if number == 1 and rng.random() < UNNAMED:
        return ()
    if record not in STUDIES and rng.random() < 0.3:
        return tuple(f"{record[0].upper()}{suffix}" for suffix in NUMBERING[0][:number])
    return tuple(f"{record.capitalize()} {suffix}" for suffix in rng.choice(NUMBERING)[:number])


def _written(
    record: str, regions: dict[str, list[_DrawnStatement]], labels: tuple[str, ...], woven: bool, rng: random.Random
) -> Iterator[str]:
    """The lines of the passage: what is general first, then each record, or records in turn."""
    general, by_record = regions[""], [(label, regions[label]) for label in labels]
    records = plural(record)
    if len(labels) > 1 and rng.random() < 0.3:
        number = {2: "two", 3: "three"}[len(labels)]
        yield INTRODUCED.format(records=f"{number} {records}", labels=f"{', '.join(labels[:-1])} and {labels[-1]}")
    if general:
        lead = rng.choice(GENERAL).format(records=records) if labels else ""
        yield from (lead + "\n".join(_paragraphs(general, rng))).split("\n")
    if woven:
        for label, statements in by_record:
            for each in statements:
                _attribute(each, label, rng)
        mixed = [each for _, statements in by_record for each in statements]
        rng.shuffle(mixed)
        yield from _paragraphs(mixed, rng)
        return
    form = rng.choice(NAMED)
    for label, statements in by_record:
        lines = list(_paragraphs(statements, rng)) or [f"{label} is told elsewhere."]
        yield from (form.format(label=label) + "\n".join(lines)).split("\n")


def _attribute(statement: _DrawnStatement, label: str, rng: random.Random) -> None:
    """Puts the name of its record into a statement."""
    if rng.random() < 0.4 and statement.text.endswith(".") and ". " not in statement.text:
        statement.put_last(f"({label})")
    else:
        statement.put_before(f"In {label},")


def _paragraphs(statements: Sequence[_DrawnStatement], rng: random.Random) -> Iterator[str]:
    """Of two to four statements."""
    at = 0
    while at < len(statements):
        number = rng.randint(2, 4)
        yield " ".join(each.text for each in statements[at : at + number])
        at += number

"""By which words passages are looked for, and what else speaks for a passage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dsx.ask.prompt import words_of
from dsx.ask.singular import singular
from dsx.types import Parameter, Passage, RecordType

NAME_WEIGHT, PROSE_WEIGHT = 1.0, 0.5
"""Weights of words that name a thing, and of those that describe it (figures: benchmarks/selection.txt)."""
FRONT_MATTER = frozenset(["title", "author", "doi", "journal", "year", "citation", "publication", "pmid", "issn"])
"""Words in names of parameters whose value stands at the top of a paper."""
STUDIES = ("experiment", "study", "trial")
"""What papers number, whatever a schema calls its records."""
REPORTED = ("experiment", "study")
"""Those of them whose numbers are of the paper's own parts: "trial 1" may be the first of a session."""
SERIES = (("1", "2"), ("1a", "1b"), ("a", "b"), ("i", "ii"))
"""How series begin. Other numbers after a noun are amounts, citations or days."""
_NUMBER = r"(?:\d+[a-zA-Z]?|[A-H]|I{1,3}|IV|VI{0,3}|IX)"
ABBREVIATED = {"experiment": r"exp(?:t|er)?\."}
"""As papers write a noun before a number."""


def _neutral(passage: Passage) -> float:
    return 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """texts: (words, their weight). opening: the paper's first lines are wanted too. where: in which sections.

    mentions: for each thing that it finds in a paper, the shortest passage comes first.
    factor: what a passage's score is multiplied by, for what is known of it beside its words.
    """

    texts: tuple[tuple[str, float], ...]
    opening: bool = False
    where: str = ""
    mentions: re.Pattern[str] | None = None
    factor: Callable[[Passage], float] = _neutral


def parameters_query(
    asked: Sequence[Parameter], record: str | None, factor: Callable[[Passage], float] = _neutral
) -> Query:
    """For what answers a question about parameters of a record; record None: of the paper."""
    texts = [(record or "", NAME_WEIGHT)]
    for parameter in asked:
        texts += [
            (words_of(parameter.name), NAME_WEIGHT),
            (parameter.description, PROSE_WEIGHT),
            (parameter.where, NAME_WEIGHT),
        ]
        texts += [(synonym, NAME_WEIGHT) for synonym in parameter.synonyms]
        for choice in parameter.choices:
            texts += [(words_of(str(choice.value)), NAME_WEIGHT), (choice.description, PROSE_WEIGHT)]
    where = ", ".join(parameter.where for parameter in asked)
    return Query(tuple(texts), record is None and any(map(_stands_at_the_top, asked)), where, factor=factor)


def records_query(kind: RecordType) -> Query:
    """For what names the records of a list."""
    name = words_of(kind.name)
    single = singular(name)
    counted = f"{name} {single} {single} 1 {single} 2 {single} 3 first second two three"
    mentions = re.compile(rf"{_either([single, *STUDIES])}\s{_NUMBER}\b")  # "we study a" names nothing
    return Query(((counted, NAME_WEIGHT), (kind.description, PROSE_WEIGHT)), mentions=mentions)


def are_numbered(kind: RecordType, text: str, times: int = 1) -> bool:
    """Whether a text numbers the records of a list: it names the first two of a series, each so many times.

    "Experiment 1" and "Study 2" are of one series. A list of some studies, or of parts of them, needs all its name.
    """
    single = singular(words_of(kind.name)).lower().strip()
    last = single.split(" ")[-1]
    if not single:
        return False
    nouns = [single, *REPORTED] if single in STUDIES else [single] if last in STUDIES else [single, last]
    numbers = re.findall(rf"{_either(nouns)}[^\S\n\t]({_NUMBER})\b(?!\.\d)", text)
    count = Counter(number.lower() for number in numbers)
    return any(min(count[first], count[second]) >= times for first, second in SERIES)


def _either(nouns: Sequence[str]) -> str:
    written = [*map(re.escape, nouns), *(ABBREVIATED[noun] for noun in nouns if noun in ABBREVIATED)]
    return rf"\b(?i:{'|'.join(dict.fromkeys(written))})"


def _stands_at_the_top(parameter: Parameter) -> bool:
    """What names the paper itself, by the parameter's name, or by the place that the schema says."""
    where = parameter.where.lower()
    names = {singular(word) for word in words_of(parameter.name).lower().split()}
    return bool(names & FRONT_MATTER) or any(place in where for place in ("first page", "title page"))

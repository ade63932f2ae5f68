"""What to ask about a text that nobody annotated: questions in words like its own, and others at random."""

from __future__ import annotations

import heapq
import math
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace

from dsx_reader.passages import Ask, GoldAnswer, Passage
from dsx_reader.statements import Sheet

STEM = 6
"""Letters that two forms of a word have in common."""
COMMON = 0.05
"""Share of the questions from which on a stem tells nothing of what a question is about."""
SATURATION, LENGTH = 1.2, 0.6
"""BM25: how much a second mention of a stem counts, and how much less a stem of a long question does."""
ALIKE, RANKED = 5 / 6, 10
"""Share of a text's questions that are in words like its own, chosen among so many times as many of the best. Of other
questions nearly all are null, and nulls abound."""
JITTER = 0.2
"""Scores are raised or lowered by up to this share, so that texts alike are not asked the same."""
TOLD = 3
"""Words of a description from which on a question is understood beside another text than its own."""
SAME = 0.6
"""Share of the stems of two questions from which on they are near the same."""
PER_TYPE, CHOICE_LISTS = 1 / 4, 0.5
"""Share of a text's questions that may be of one type; share of texts with a list of choices, a question for each."""
EACH = "each"
"""In place of the label of a record: the question is asked about each."""
_word = re.compile(r"[a-z]{3,}")


class Questions:
    """An index of questions by the stems of their names and descriptions, and of words that answered them (BM25)."""

    def __init__(self, asks: Iterable[Ask]) -> None:
        told = (ask for ask in asks if len(ask.description.split()) >= TOLD)
        self._asks = list({(ask.name, ask.type, ask.description): ask for ask in told}.values())
        self._types = {ask.type for ask in self._asks}
        self._stems = [frozenset(_stems(f"{ask.name} {ask.description}")) for ask in self._asks]
        counts = [Counter(_stems(" ".join([ask.name, ask.description, *_evidence(ask)]))) for ask in self._asks]
        known_by = Counter(stem for each in counts for stem in each)
        self._rarity = {stem: math.log(1 + len(counts) / known) for stem, known in known_by.items()}
        mean = sum(map(Counter.total, counts)) / max(1, len(counts))
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, each in enumerate(counts):
            longer = SATURATION * (1 - LENGTH + LENGTH * each.total() / mean) if each else 0.0
            for stem, times in each.items():
                if known_by[stem] <= max(1, COMMON * len(counts)):
                    score = self._rarity[stem] * times * (SATURATION + 1) / (times + longer)
                    self._postings[stem].append((at, score))

    def __len__(self) -> int:
        return len(self._asks)

    def about(self, text: str, count: int, rng: random.Random) -> list[Ask]:
        """So many questions for a text, of several types, no two near the same; fewer where there are no more."""
        chosen, most = list[int](), max(1, math.ceil(count * PER_TYPE))
        limits = dict.fromkeys(self._types, most) | {"choices": int(rng.random() < CHOICE_LISTS)}
        self._add(chosen, self._ranked(text, count, rng), round(count * ALIKE), limits)
        self._add(chosen, rng.sample(range(len(self)), min(len(self), count * RANKED)), count, limits)
        rng.shuffle(chosen)
        return [self._asks[at] for at in chosen]

    def _ranked(self, text: str, count: int, rng: random.Random) -> Sequence[int]:
        """BM25 times the share of a question's own words that the text has: of "small casks" it must have the casks."""
        scores: dict[int, float] = defaultdict(float)
        words = set(_stems(text))
        for stem in sorted(words):
            for at, score in self._postings.get(stem, ()):
                scores[at] += score
        best = heapq.nlargest(count * RANKED * 4, scores.items(), key=lambda scored: scored[1])
        drawn = [(score * self._covered(at, words) * rng.uniform(1 - JITTER, 1 + JITTER), at) for at, score in best]
        return [at for _, at in heapq.nlargest(count * RANKED, drawn)]

    def _covered(self, at: int, words: Set[str]) -> float:
        whole = math.fsum(self._rarity[stem] for stem in self._stems[at])
        return math.fsum(self._rarity[stem] for stem in self._stems[at] & words) / whole if whole else 0.0

    def _add(self, chosen: list[int], candidates: Iterable[int], until: int, limits: dict[str, int]) -> None:
        """Adds candidates in their order until so many are chosen. limits: by type."""
        types = Counter(self._asks[at].type for at in chosen)
        for at in candidates:
            if len(chosen) >= until:
                return
            kind = self._asks[at].type
            if types[kind] < limits[kind] and not any(self._near_the_same(at, other) for other in chosen):
                chosen.append(at)
                types[kind] += 1

    def _near_the_same(self, one: int, other: int) -> bool:
        if _plain(self._asks[one].name) == _plain(self._asks[other].name):
            return True
        shared = len(self._stems[one] & self._stems[other])
        return shared >= SAME * max(1, min(len(self._stems[one]), len(self._stems[other])))


def open_questions(passages: Iterable[Passage], sheets: Iterable[Sheet]) -> Iterator[Ask]:
    """Their questions, about a whole paper or each of its records: without answers, with words that showed these."""
    for passage in passages:
        for ask in passage.asks:
            words = [word for answer in ask.answers.values() if answer.value is not None for word in answer.words]
            yield replace(ask, answers={"" if "" in ask.answers else EACH: GoldAnswer(None, tuple(words))})
    for sheet in sheets:
        for question in sheet.asks:
            described = {option: words for option, words in question.options.items() if words}
            argument = "/".join(question.options) or question.unit
            words = [word for each in question.statements if each.value is not None for word in each.shown]
            answers = {"": GoldAnswer(None, tuple(words))}
            yield Ask(question.name, question.type, argument, question.description, answers, described)


def lists_of_records(passages: Iterable[Passage]) -> Iterator[Ask]:
    """Their lists, as questions which records there are, with the labels that answered them."""
    labels: dict[tuple[str, str], list[str]] = defaultdict(list)
    for passage in passages:
        if passage.list:
            labels[passage.list, passage.list_description] += passage.labels
    for (name, description), known in labels.items():
        yield Ask(name, "records", "", description, {"": GoldAnswer(None, tuple(known))}, {})


def _evidence(ask: Ask) -> Iterator[str]:
    return (word for answer in ask.answers.values() for word in answer.words)


def _stems(words: str) -> list[str]:
    return [word[:STEM] for word in _word.findall(words.lower())]


def _plain(name: str) -> str:
    return "".join(sorted(_word.findall(name.lower()))) or name

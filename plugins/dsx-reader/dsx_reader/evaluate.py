"""How well a model answers questions whose answers are known: by kind of value, through dsx's engine."""

from __future__ import annotations

import itertools
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsx.plugin_api import Completion, Confidence, EngineSettings, Question, QuestionId
from dsx.plugin_api.training import Renderer, Verdict, confidence, kind_of, local_engine, taken
from dsx_reader import PASSAGE_TOKENS
from dsx_reader.examples import Builder, Example
from dsx_reader.passages import Passage

CACHE = "4"
"""Gigabytes of keys and values: a GPU may be training beside it."""


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one kind: values that should be there, values that were given, values that are right, right nulls."""

    true: int = 0
    given: int = 0
    right: int = 0
    nulls: int = 0
    right_nulls: int = 0

    @property
    def f1(self) -> float:
        """Of values that are there; a null that is right counts nothing."""
        return 2 * self.right / (self.true + self.given) if self.true + self.given else 0.0

    def __add__(self, other: Score) -> Score:
        return Score(
            self.true + other.true,
            self.given + other.given,
            self.right + other.right,
            self.nulls + other.nulls,
            self.right_nulls + other.right_nulls,
        )


@dataclass(frozen=True, slots=True)
class Judged:
    """One answer: its kind of value, whether it is right, and how sure the model was."""

    kind: str
    field: str
    is_right: bool
    confidence: float
    is_null: bool


def examples_of(passages: Sequence[Passage], tokenizer: Any, fillers: Sequence[str]) -> list[Example]:
    """One document for each passage, as it stands, among other texts."""
    builder = Builder(Renderer(tokenizer).count, fillers, varied=False, shown=(PASSAGE_TOKENS,))
    rng = random.Random(1)
    return [example for passage in passages for example in builder.of_passage(passage, rng)]


def evaluate(folder: Path, examples: Sequence[Example]) -> tuple[dict[str, Score], list[Judged]]:
    """Scores by kind of value, "all" among them, and each answer."""
    scores: dict[str, Score] = defaultdict(Score)
    judged = []
    for _, kind, score, answer in answered(folder, examples):
        scores[kind] += score
        scores["all"] += score
        judged.append(answer)
    return dict(scores), judged


def answered(folder: Path, examples: Sequence[Example]) -> Iterator[tuple[Example, str, Score, Judged]]:
    """Each question with its kind of value and what the model's answer is worth, as they are answered.

    A list that is asked choice by choice is judged as a whole, by the choices that are asked; it comes with its first.
    """
    engine = local_engine(EngineSettings(model=str(folder), options={"cache_gigabytes": CACHE}))
    groups = list(_grouped(examples))
    asked: dict[QuestionId, tuple[Question, int]] = {}
    for at, group in enumerate(groups):
        for question in (example.question for example in group):
            number = str(len(asked))
            identity = QuestionId(f"{len(asked) // 64}", (), (*question.id.names, number), 0, question.id.after)
            asked[identity] = (replace(question, id=identity), at)
    completions: list[dict[QuestionId, Completion]] = [{} for _ in groups]
    for completion in engine.answer([question for question, _ in asked.values()]):
        at = asked[completion.question_id][1]
        completions[at][completion.question_id] = completion
        if len(completions[at]) == len(groups[at]):
            in_order = sorted(completions[at].items(), key=lambda pair: int(pair[0].names[-1]))
            yield groups[at][0], *_judge(groups[at], [answer for _, answer in in_order])
    engine.close()


def _grouped(examples: Sequence[Example]) -> Iterator[list[Example]]:
    """Each example alone, but the questions about one list's choices together."""

    def group_of(numbered: tuple[int, Example]) -> tuple[QuestionId, int]:
        number, identity = numbered[0], numbered[1].question.id
        return replace(identity, choice=None), number if identity.choice is None else -1

    for _, group in itertools.groupby(enumerate(examples), key=group_of):
        yield [example for _, example in group]


def _judge(examples: Sequence[Example], completions: Sequence[Completion]) -> tuple[str, Score, Judged]:
    is_answered = all(completion.error is None and not completion.truncated for completion in completions)
    kind, given, truth, sure = _answer(examples, completions)
    is_right = is_answered and _same(given, truth)
    true, answered = int(truth is not None), int(given is not None)
    score = Score(true, answered, int(is_right and true), 1 - true, int(is_right and not true))
    chance = 0.5 if sure is None else (1 - sure.reported if given is None else sure.reported * sure.value)
    field = examples[0].source.partition(":")[0]
    return kind, score, Judged(kind, field, is_right, chance, given is None)


def _answer(examples: Sequence[Example], completions: Sequence[Completion]) -> tuple[str, Any, Any, Confidence | None]:
    """The kind of value, what was given, what is right, and how sure the model was."""
    question = examples[0].question
    nulls = [_means_null(each.question, completion) for each, completion in zip(examples, completions, strict=True)]
    given = [None if null else _value(each.text) for each, null in zip(completions, nulls, strict=True)]
    right = [_value(example.answer) for example in examples]
    sures = [
        completion.confidence.get(parameter.name)
        for example, completion in zip(examples, completions, strict=True)
        for parameter in example.question.parameters
    ]
    if question.id.choice is None:
        kind = "records" if question.form == "labels" else kind_of(question.parameters[0])
        sure = sures[0] if sures else None
        return kind, given[0], right[0], sure.of_null() if sure is not None and nulls[0] else sure
    choices = [json.loads(example.question.id.choice or "") for example in examples]
    verdicts = [Verdict(*each) for each in zip(choices, given, sures, strict=True)]
    chosen = taken(verdicts)
    truth = [choice for choice, is_true in zip(choices, right, strict=True) if is_true]
    return "choices", [each.choice for each in chosen] or None, truth or None, confidence(verdicts, chosen)


def _means_null(question: Question, completion: Completion) -> bool:
    """Whether a run reads the answer as null though it is none."""
    return question.places is not None and completion.text in question.places.meaning_null


def _value(answer: str) -> Any:
    read = json.loads(answer or "null")
    return read["value"] if isinstance(read, dict) else read


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return sorted(map(_folded, one)) == sorted(map(_folded, other))
    return _folded(one) == _folded(other)


def _folded(value: Any) -> str:
    return "".join(letter for letter in str(value).casefold() if letter.isalnum() or letter in ".-+*")


def lines(scores: dict[str, Score]) -> Iterator[str]:
    """A table."""
    yield f"{'kind':10}{'values':>8}{'given':>8}{'right':>8}{'F1':>7}{'nulls':>8}{'right':>8}"
    for kind, score in sorted(scores.items()):
        yield (
            f"{kind:10}{score.true:>8}{score.given:>8}{score.right:>8}{score.f1:>7.3f}"
            f"{score.nulls:>8}{score.right_nulls:>8}"
        )

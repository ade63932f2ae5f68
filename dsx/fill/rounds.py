"""Tasks that ask questions, side by side: the questions of all of them are one round for the engine."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

from dsx.types import Completion, Question, QuestionId

T = TypeVar("T")
Task = Generator[list[Question], list[Completion], T]
"""Yields questions, is sent their completions in the same order, and returns its result."""
Rounds = Generator[Sequence[Question], Completion, T]
"""Yields the questions of a round, then an empty list after each completion but the last of the round."""


def together(tasks: Sequence[Task[T]]) -> Rounds[list[T]]:
    """The results of the tasks, in their order. Completions come one at a time, in any order."""
    results: dict[int, T] = {}
    open_questions: dict[int, list[Question]] = {}
    for number, task in enumerate(tasks):
        _advance(number, task, None, open_questions, results)
    while open_questions:
        questions = [question for questions in open_questions.values() for question in questions]
        waiting = {question.id for question in questions}
        answered: dict[QuestionId, Completion] = {}
        while waiting:
            completion = yield questions
            questions = []
            answered[completion.question_id] = completion
            waiting.remove(completion.question_id)
        this_round, open_questions = open_questions, {}
        for number, of_task in this_round.items():
            completions = [answered[question.id] for question in of_task]
            _advance(number, tasks[number], completions, open_questions, results)
    return [results[number] for number in range(len(tasks))]


def _advance(
    number: int,
    task: Task[T],
    completions: list[Completion] | None,
    open_questions: dict[int, list[Question]],
    results: dict[int, T],
) -> None:
    """Runs a task up to its next questions, or to its end. One that asks nothing goes on at once."""
    try:
        questions = next(task) if completions is None else task.send(completions)
        while not questions:
            questions = task.send([])
        open_questions[number] = questions
    except StopIteration as end:
        results[number] = end.value

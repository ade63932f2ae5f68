"""Papers in flight: the questions of several papers, answered by one engine together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dsx.errors import UsageError, machine_error
from dsx.types import Completion, PaperResult, Question, QuestionId

if TYPE_CHECKING:
    from dsx.pipeline import Filling

AnswerQuestions = Callable[[Sequence[Question]], Iterable[Completion]]
"""As `Engine.answer`."""


@dataclass(slots=True, eq=False)
class PaperInFlight:
    """A paper that is being filled.

    questions: those of its round that have no completion yet. result, problem: how it ended.
    seconds: its share of the time in which it was in flight, so that the papers of a run add up to the run.
    """

    path: Path
    document: str
    filling: Filling | None = None
    questions: dict[QuestionId, Question] = field(default_factory=dict)
    result: PaperResult | None = None
    problem: Exception | None = None
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be asked."""
        return self.result is not None or self.problem is not None

    def begin(self, fill: Callable[[Path], Filling]) -> None:
        """Loads it; its first questions are there afterwards."""

        def first_round() -> Sequence[Question]:
            self.filling = fill(self.path)
            return next(self.filling)

        self._advance(first_round)

    def take(self, completion: Completion) -> None:
        """One answer; after the last of a round the questions of the next are there, or the end."""
        filling = self.filling
        if filling is not None and not self.ended:
            del self.questions[completion.question_id]
            self._advance(lambda: filling.send(completion))

    def _advance(self, step: Callable[[], Sequence[Question]]) -> None:
        try:
            self.questions |= {question.id: question for question in step()}
        except StopIteration as end:
            self.result = end.value
        except Exception as problem:  # whatever a paper brings about, the others go on
            _raise_if_no_papers(problem)
            self.problem = problem


def _raise_if_no_papers(problem: Exception) -> None:
    """Ends the run for what any other paper would meet too: the machine's trouble, a model or plugin that is broken."""
    if (trouble := machine_error(problem)) is not None:
        raise trouble from problem
    if isinstance(problem, UsageError):
        raise problem


def answer_round(papers: Sequence[PaperInFlight], answer: AnswerQuestions) -> Iterator[PaperInFlight]:
    """Asks each paper's questions, in one batch; gives the papers that have ended, at once.

    An engine that raises is asked about each paper alone, so that a paper that it cannot answer costs itself only.
    """
    unanswered = {question_id: paper for paper in papers for question_id in paper.questions}
    try:
        for completion in answer([question for paper in papers for question in paper.questions.values()]):
            paper = unanswered.pop(completion.question_id)
            if not paper.ended:
                paper.take(completion)
                if paper.ended:
                    yield paper
    except Exception as problem:
        _raise_if_no_papers(problem)
        left = [paper for paper in dict.fromkeys(unanswered.values()) if not paper.ended]
        if len(papers) == 1:
            papers[0].problem = problem
            yield papers[0]
        else:
            for paper in left:
                yield from answer_round([paper], answer)
        return
    for question_id, paper in unanswered.items():
        if not paper.ended:
            paper.take(Completion(question_id, "", False, error="the engine gave no answer"))
            if paper.ended:
                yield paper

"""Papers in flight: the questions of several papers, answered by one engine together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dsx.errors import UsageError, machine_error
from dsx.types import Completion, PaperResult, Question, QuestionGroups, QuestionId

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
    def begun(self) -> bool:
        """Whether it was loaded, or cannot be."""
        return self.filling is not None or self.ended

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


class _Round:
    """What is asked of some papers in one batch. unanswered: whose questions have no completion yet."""

    def __init__(self, papers: Sequence[PaperInFlight], begin: Callable[[PaperInFlight], None]) -> None:
        self._begin, self._unbegun = begin, deque(paper for paper in papers if not paper.begun)
        self._ready = [paper for paper in papers if paper.begun]
        self._ended_at_once = list[PaperInFlight]()
        self.unanswered = {question_id: paper for paper in self._ready for question_id in paper.questions}
        self.questions = QuestionGroups(self._groups())

    def _groups(self) -> Iterator[Sequence[Question]]:
        """The questions that are there, then those of each paper that is not begun: it is begun then."""
        yield [question for paper in self._ready for question in paper.questions.values()]
        while self._unbegun:
            paper = self._unbegun.popleft()
            self._begin(paper)
            self.unanswered |= dict.fromkeys(paper.questions, paper)
            self._ended_at_once += [paper] * paper.ended
            yield list(paper.questions.values())

    def take(self, completion: Completion) -> Iterator[PaperInFlight]:
        """One answer; gives the papers that have ended meanwhile."""
        paper = self.unanswered.pop(completion.question_id)
        yield from self.ended_at_once()
        if not paper.ended:
            paper.take(completion)
            if paper.ended:
                yield paper

    def ended_at_once(self) -> Iterator[PaperInFlight]:
        """The papers that had ended when they were begun; each is given once."""
        ended, self._ended_at_once = self._ended_at_once, []
        yield from ended

    def left(self) -> list[PaperInFlight]:
        """The papers that have unanswered questions, or are not begun."""
        unanswered = [*dict.fromkeys(self.unanswered.values()), *self._unbegun]
        return [paper for paper in unanswered if not paper.ended]


def answer_round(
    papers: Sequence[PaperInFlight],
    answer: AnswerQuestions,
    begin: Callable[[PaperInFlight], None] = lambda paper: None,
) -> Iterator[PaperInFlight]:
    """Asks each paper's questions, in one batch; gives the papers that have ended, at once.

    begin: begins a paper, when the engine comes to its questions: what it read before it may be answering meanwhile.
    An engine that raises is asked about each paper alone, so that a paper that it cannot answer costs itself only.
    """
    this_round = _Round(papers, begin)
    try:
        for completion in answer(this_round.questions):
            yield from this_round.take(completion)
        len(this_round.questions)  # those of papers that the engine did not come to
        yield from this_round.ended_at_once()
    except Exception as problem:
        _raise_if_no_papers(problem)
        yield from this_round.ended_at_once()
        if len(papers) == 1 and not papers[0].ended:
            papers[0].problem = problem
            yield papers[0]
        elif len(papers) > 1:
            for paper in this_round.left():
                yield from answer_round([paper], answer, begin)
        return
    for question_id, paper in this_round.unanswered.items():
        if not paper.ended:
            paper.take(Completion(question_id, "", False, error="the engine gave no answer"))
            if paper.ended:
                yield paper

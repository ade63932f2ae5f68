"""fill/readings.py: what the passages shown do not say is looked for in those that come next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dsx.ask.select import Selector
from dsx.fill import placed, readings
from dsx.fill.paper import PaperContext, RecordContext
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.schema import read
from dsx.types import Completion, Confidence, Parameter, Question, RecordStep, Shown, Status, Value
from tests.conftest import RandomEngine, fill_alone, paper_context, parameter

MASS = parameter({"type": "integer", "description": "Mass of an animal.", "x-unit": "kg"}, "mass")
AGE = parameter({"type": "integer", "description": "Age of an animal."}, "age")
TEXT = "\n".join(f"The mass of the animals of herd {number} was {number} kg on that day." for number in range(30))
PAPER = RecordContext()
HERD = RecordContext((RecordStep("herds", "A"),))
Reply = Callable[[Question], Completion]


def context(count: int, tokens: int = 60, text: str = TEXT) -> PaperContext:
    """A paper of which 60 words are shown for a question; a parameter is asked `count` times."""
    paper = paper_context(text, readings=count)
    paper.selector = Selector(paper.document, lambda words: len(words.split()), 0, tokens)
    paper.plan([(PAPER, MASS), (PAPER, AGE)])
    return paper


def filled(paper: PaperContext, asked: Parameter, reply: Reply) -> tuple[Value, list[Question]]:
    """The value, and the questions of which it was found."""
    task, posed = readings.fill(placed.fill, paper, PAPER, asked), list[Question]()
    completion: list[Completion] | None = None
    while True:
        try:
            (question,) = next(task) if completion is None else task.send(completion)
        except StopIteration as end:
            return end.value, posed
        posed.append(question)
        completion = [reply(question)]


def of_20(question: Question) -> Completion:
    """Where it stands in what is shown, else null, the surer the more is shown before."""
    assert question.places is not None
    answer = next((option for option in question.places.options if json.loads(option)["value"] == 20), "null")
    sure = Confidence(0.4 if answer == "null" else 0.9, 0.8)
    return Completion(question.id, answer, True, confidence=dict.fromkeys(question.id.names, sure))


def test_it_reads_on_until_there_is_a_value() -> None:
    value, posed = filled(context(10), MASS, of_20)
    assert value.value == 20
    assert value.evidence is not None
    assert "herd 20 was 20 kg" in value.evidence.quote
    assert 1 < len(posed) < 10
    seen = [passage for question in posed for passage in question.shown.passages]
    assert len({passage.start for passage in seen}) == len(seen)
    assert [question.id.attempt for question in posed] == list(range(len(posed)))


def test_a_plan_of_the_same_question_begins_with_what_comes_first() -> None:
    paper = context(10)
    first = paper.show([MASS], PAPER)
    assert paper.read_on(PAPER, MASS)
    paper.plan([(PAPER, MASS)])
    assert (paper.show([MASS], PAPER), paper.reading(PAPER, [MASS])) == (first, 0)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_it_asks_so_often_and_no_more(count: int) -> None:
    value, posed = filled(context(count), MASS, lambda asked: Completion(asked.id, "null", True))
    assert (value.status, len(posed)) == (Status.NOT_REPORTED, count)


def test_it_ends_where_all_was_shown() -> None:
    value, posed = filled(context(10, 5000), MASS, lambda asked: Completion(asked.id, "null", True))
    assert (value.status, len(posed)) == (Status.NOT_REPORTED, 1)


def test_a_null_is_as_sure_as_its_least_sure_reading() -> None:
    reported = iter([0.1, 0.3, 0.2])
    value, posed = filled(
        context(3),
        MASS,
        lambda asked: Completion(asked.id, "null", True, confidence={"mass": Confidence(next(reported), 1.0)}),
    )
    assert len(posed) == 3
    assert value.confidence == pytest.approx(0.7)


def test_a_failure_ends_it() -> None:
    value, posed = filled(context(10), MASS, lambda asked: Completion(asked.id, "", True, error="no memory"))
    assert (value.status, len(posed)) == (Status.FAILED, 1)


def test_what_is_shown_depends_on_no_other_answer() -> None:
    alone, beside = context(4), context(4)
    filled(beside, AGE, lambda asked: Completion(asked.id, "null", True))
    shown = [[question.shown for question in filled(paper, MASS, of_20)[1]] for paper in (alone, beside)]
    assert shown[0] == shown[1]


def test_what_a_record_is_shown_does_not_depend_on_how_far_its_paper_was_read() -> None:
    both = [f"Mass and age of an animal: {number} kg, {number} a." for number in range(20, 24)]
    rest = [f"The {of} was {number} as seen by us here at that time." for of in ("age", "mass") for number in range(12)]

    def shown(papers_own: Reply) -> tuple[Shown, list[Shown]]:
        paper = context(3, text="\n".join([*both, *rest]))
        first = paper.show([MASS], PAPER)
        for asked in (MASS, AGE):
            filled(paper, asked, papers_own)
        paper.plan([(HERD, MASS)])
        windows = [paper.show([MASS], HERD)]
        while paper.read_on(HERD, MASS):
            windows.append(paper.show([MASS], HERD))
        return first, windows

    first, windows = shown(lambda asked: Completion(asked.id, "null", True))
    assert first == windows[0], "the paper's own questions and the record's share a text"
    assert len(windows) > 2
    assert shown(lambda asked: Completion(asked.id, "", True, error="no memory")) == (first, windows)


def test_a_null_that_was_asked_for_is_not_said_to_have_no_candidate() -> None:
    words = "The mass of the animals and their age were taken on that day by all of us."
    paper = context(3, 40, "\n".join([*[words] * 6, *(f"Herd {number} was seen." for number in range(30))]))
    value, posed = filled(paper, MASS, lambda asked: Completion(asked.id, "null", True))
    assert [question.id.attempt for question in posed] == [1, 2], "nothing was asked of the first passages"
    assert (value.status, value.flags) == (Status.NOT_REPORTED, ())


# ---- in a run ----


class Silent(RandomEngine):
    """Says null to all, the last question first."""

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        self.asked += questions
        yield from (Completion(question.id, "null", True) for question in reversed(questions))


def test_a_run_reads_on_and_asks_each_choice_of_all_that_it_shows(words: Any, tmp_path: Path) -> None:
    (tmp_path / "paper.txt").write_text(
        "\n".join(f"Herd {number} of sheep weighed {number} kg on that day." for number in range(90))
    )
    kinds = {"type": "array", "description": "Herds.", "items": {"enum": ["goats", "sheep"]}}
    parameters = read({"type": "object", "properties": {"kinds": kinds, "mass": {"type": "integer"}}}, "herds")
    engine, events = Silent(words), list[Mapping[str, Any]]()
    recipe = Recipe.read(schema_name="herds", choices="each", readings=3, whole_papers=False, passage_tokens=200)
    pipeline = Pipeline(recipe, parameters, load_plugins(), engine, events.append)
    [record] = fill_alone(pipeline, tmp_path / "paper.txt").records
    assert {value.status for value in record.values.values()} == {Status.NOT_REPORTED}
    assert len({question.id for question in engine.asked}) == len(engine.asked) == len(events) == 9
    by_reading = [[question for question in engine.asked if question.id.attempt == number] for number in range(3)]
    assert [[question.id.choice for question in asked] for asked in by_reading] == [['"goats"', '"sheep"', None]] * 3
    assert all(asked[0].shown == asked[1].shown for asked in by_reading)
    starts = [passage.start for asked in by_reading for passage in asked[0].shown.passages]
    assert len(set(starts)) == len(starts) >= 3


def test_a_run_of_whole_papers_reads_each_once(words: Any, tmp_path: Path) -> None:
    (tmp_path / "paper.txt").write_text(TEXT)
    parameters = read({"type": "object", "properties": {"mass": {"type": "integer"}}}, "herds")
    engine = Silent(words)
    recipe = Recipe.read(schema_name="herds", readings=10, whole_papers=True)
    fill_alone(Pipeline(recipe, parameters, load_plugins(), engine), tmp_path / "paper.txt")
    assert [question.id.attempt for question in engine.asked] == [0]

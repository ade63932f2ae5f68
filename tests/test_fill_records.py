"""fill/records.py: labels are words of the text, one unnamed record or none; where each is described is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from dsx.answers.grammar import lark
from dsx.answers.limits import LONGEST_LABEL
from dsx.errors import DecodeError
from dsx.fill import records, written
from dsx.fill.paper import PaperContext, RecordContext
from dsx.fill.questions import records_question
from dsx.fill.records import ListedRecord
from dsx.types import Completion, RecordStep, RecordType, Section
from tests.conftest import allows, paper_context, random_answer

FIRST, SECOND = "Experiment 1\nTwelve people reached.\n", "Experiment 2: control\nSixteen people reached.\n"
INTRODUCTION = "We report Experiment 1 and Experiment 2 here.\n"
TEXT = INTRODUCTION + FIRST + SECOND
START, MIDDLE = len(INTRODUCTION), len(INTRODUCTION + FIRST)
KIND = RecordType("experiments", "An experiment has people of its own.", (), max_records=4)
PAPER = RecordContext()


def context() -> PaperContext:
    """Two experiments, each under its heading."""
    return paper_context(
        TEXT,
        Section("Experiment 1", "experiment", 1, START, MIDDLE),
        Section("Experiment 2: control", "experiment", 1, MIDDLE, len(TEXT)),
    )


def listed(*answers: str, kind: RecordType = KIND, **completion: Any) -> list[ListedRecord]:
    """The records where these are the answers, one after the other."""
    steps = records.list_records(context(), PAPER, kind)
    questions = next(steps)
    for answer in answers[:-1]:
        questions = steps.send([Completion(questions[0].id, answer, True)])
    with pytest.raises(StopIteration) as end:
        steps.send([Completion(questions[0].id, answers[-1], True, **completion)])
    return list(end.value.value)


@pytest.mark.parametrize(("least", "expected"), [(0, []), (1, [None])])
def test_a_written_list_may_be_empty_where_the_set_says_so(least: int, expected: list[str | None]) -> None:
    steps = written.list_records(context(), PAPER, RecordType("arms", "", (), min_records=least))
    (question,) = next(steps)
    assert ("[] if there is none" in question.prompt) == (least == 0)
    with pytest.raises(StopIteration) as end:
        steps.send([Completion(question.id, "[]", True)])
    assert labels(end.value.value) == expected


def labels(found: Sequence[ListedRecord]) -> list[str | None]:
    return [record.label for record in found]


def test_labels_are_quoted_from_their_headings() -> None:
    first, second = listed('["Experiment 1","Experiment 2","Experiment 1"]')
    assert (first.label, second.label) == ("Experiment 1", "Experiment 2")
    assert first.evidence is not None
    assert second.evidence is not None
    assert (first.evidence.quote, second.evidence.quote) == ("Experiment 1", "Experiment 2: control")


def test_a_paper_has_one_unnamed_record_or_none() -> None:
    assert labels(listed("null")) == [None]
    assert labels(listed("[]", kind=RecordType("arms", "", (), min_records=0))) == []
    assert labels(listed("null", truncated=True)) == [None]
    steps = records.list_records(context(), PAPER, KIND)
    failed = Completion(next(steps)[0].id, "", True, error="no memory")
    with pytest.raises(DecodeError, match="no memory"):
        steps.send([failed])


def test_a_full_page_is_asked_on_until_nothing_new_comes() -> None:
    four = '["Experiment 1","Experiment 2","Twelve","Sixteen"]'
    assert len(listed(four)) == 4
    many = RecordType("experiments", "", (), max_records=40)
    steps = records.list_records(context(), PAPER, many)
    (first,) = next(steps)
    page = json.dumps([f"label {at}" for at in range(first.max_records)])
    (second,) = steps.send([Completion(first.id, page, True)])
    assert f'after "label {first.max_records - 1}"' in second.prompt
    assert second.id.after == first.max_records


def test_a_label_is_words_of_the_text(words: Any) -> None:
    question = records_question(context(), PAPER, KIND, "labels", (), 3)
    grammar = lark(question)
    for seed in range(12):
        text, ended = random_answer(words, grammar, seed, answers=seed > 2)
        assert ended
        for label in json.loads(text) or []:
            assert 0 < len(label) <= LONGEST_LABEL
            assert label in TEXT
            assert "\n" not in label
    assert allows(words, grammar, records.answer_of(["Experiment 1", "Experiment 2"]))
    assert allows(words, grammar, records.answer_of([]))
    assert not allows(words, grammar, '["Experiment 3"]')
    assert not allows(words, grammar, "[]")
    may_be_none = records_question(context(), PAPER, RecordType("arms", "", (), min_records=0), "labels", (), 3)
    assert allows(words, lark(may_be_none), "[]")


OFTEN = "Experiment 1 was short. As in experiment 1, Experiment 2 was long, unlike Experiment 1.\n" * 3


def several(text: str, name: str = "experiments", known: Sequence[str] = (), parent: RecordContext = PAPER) -> bool:
    """Whether one unnamed record is no answer about this text."""
    question = records_question(paper_context(text), parent, RecordType(name, "", ()), "labels", known, 3)
    assert ('"null"' not in lark(question)) == (not question.may_be_null)
    return not question.may_be_null


@pytest.mark.parametrize(
    ("noun", "first", "second", "name"),
    [
        ("EXPERIMENT", "1", "2", "experiments"),
        ("Experiment", "1a", "1b", "experiments"),
        ("Study", "I", "II", "experiments"),
        ("Arm", "A", "B", "study_arms"),
        ("Trial", "1", "2", "trials"),
        ("Pilot study", "1", "2", "pilot_studies"),
        ("Experiment", "1A", "1B", "experiments"),
        ("Exp.", "1", "2", "experiments"),
        ("expt.", "1", "2", "studies"),
    ],
)
def test_of_records_that_are_numbered_one_unnamed_record_is_no_answer(
    noun: str, first: str, second: str, name: str
) -> None:
    text = OFTEN.replace("Experiment", noun).replace("experiment", noun)
    assert several(text.replace(" 1", f" {first}").replace(" 2", f" {second}"), name)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("Experiment 2", "another", "experiments"),
        ("xperiment 2", "xperiment 12", "experiments"),  # people, or a citation
        ("xperiment ", "xperiment 3.", "experiments"),  # sections
        ("xperiment 2", "xperiments 1 and 2", "experiments"),  # nothing there is a label of the second
        ("xperiment ", "xperiment\t", "experiments"),  # cells
        ("Experiment", "Trial", "experiments"),  # of a session
        ("", "", "groups"),
        ("", "", "pilot_studies"),
        ("", "", "groups_per_experiment"),
        ("", "", "_"),
        ("", "", "s"),
    ],
)
def test_one_unnamed_record_is_an_answer_of_others(old: str, new: str, name: str) -> None:
    assert not several(OFTEN.replace(old, new), name)


def test_one_unnamed_record_is_an_answer_where_numbers_are_rare_or_others() -> None:
    assert not several(TEXT)  # each is named twice: it may be another paper's
    assert not several(OFTEN, known=["Experiment 1"])
    assert not several(OFTEN, parent=RecordContext((RecordStep("sites", "North"),), "North"))
    start = len("Forty people came.\n")
    references = Section("References", "references", 1, start, start + len(OFTEN))
    cited = paper_context("Forty people came.\n" + OFTEN, references)
    assert records_question(cited, PAPER, KIND, "labels", (), 3).may_be_null
    hidden = paper_context("Forty people came, in two experiments and studies.\n" * 9 + OFTEN, tokens=10)
    assert records_question(hidden, PAPER, KIND, "labels", (), 3).may_be_null
    for kind in (RecordType("experiments", "", (), max_records=1), RecordType("experiments", "", (), min_records=0)):
        assert records_question(paper_context(OFTEN), PAPER, kind, "labels", (), 3).may_be_null


def test_each_record_knows_where_it_and_the_others_are_described() -> None:
    first, second = records.contexts(context(), PAPER, KIND, ["Experiment 1", "Experiment 2"])
    assert first.path == (RecordStep("experiments", "Experiment 1"),)
    assert first.spans == second.other_spans == ((START, MIDDLE),)
    assert [first.relevance(at) for at in (0, START, MIDDLE)] == [0, 1, -1]
    (unnamed,) = records.contexts(context(), PAPER, KIND, [None])
    assert (unnamed.label, unnamed.spans, unnamed.relevance(START)) == (None, (), 0)

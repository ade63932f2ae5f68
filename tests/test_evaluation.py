"""Evaluation against cases computed by hand: verdicts, matching, scores, intervals, comparisons of runs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from dsx.errors import SchemaError, UsageError
from dsx.evaluation.assignment import assign
from dsx.evaluation.compare import comparison, comparison_kind, is_absent
from dsx.evaluation.evaluate import evaluate
from dsx.evaluation.gold import read_gold
from dsx.evaluation.judge import Verdict, judge_all
from dsx.evaluation.match import match_labels
from dsx.evaluation.score import Score, compare, score
from dsx.schema import read
from dsx.schema.checking import COMPARISONS
from dsx.store import DecisionFile, write_decisions
from dsx.types import Decision, Json, PaperResult, Parameter, Quote
from tests.export_results import ABSENT, PARAMETERS, RESULTS, TWO_LISTS, record, stated, stored_run

NAMES = {"type": "array", "items": {"type": "string"}, "x-normalise": ["surname"]}
YEAR = {"type": "integer", "minimum": 1900, "maximum": 2100}

# ---- one value ----


@pytest.mark.parametrize(
    ("schema", "value", "gold", "right"),
    [
        ({"type": "number"}, 10.09, 10, True),
        ({"type": "number"}, 10.11, 10, False),
        ({"type": "number"}, True, 1, False),
        ({"type": "number", "x-compare": {"tolerance": 0.05}}, 10.4, 10, True),
        ({"type": "number", "x-compare": {"within": 2}}, 12, 10, True),
        ({"type": "number", "x-unit": "mg"}, 2, "0.002 g", True),
        ({"type": "number", "x-unit": "mg"}, 2, "2 cm", False),
        ({"type": "number", "x-unit": "mg"}, -1000, "−1,000 mg", True),
        ({"type": "array", "items": {"type": "number"}}, [30, 15], [15, 30], True),
        ({"type": "array", "items": {"type": "number"}}, [30, 15], [15], False),
        ({"type": "array", "items": {"type": "number"}, "x-unit": "mm"}, [30, 15], ["3 cm", "15 mm"], True),
        ({"type": "array", "items": {"type": "number"}, "x-unit": "mm"}, [30, 15], ["30 s", "15 s"], False),
        ({"type": "array", "items": {"type": "number"}, "x-unit": "mm"}, [30, 15], "30 and 15 of them", True),
        ({"type": "array", "items": {"type": "number"}}, [-30], [30], False),
        ({"type": "array", "items": {"type": "number"}, "x-normalise": ["unsigned"]}, [-30], [30], True),
        ({"enum": ["on target", "other"]}, "on_target", "on target", True),
        ({"enum": ["a", "b"]}, "a", "b", False),
        ({"enum": ["a", "b"], "x-compare": {"synonyms": {"b": ["bee"]}}}, "b", "Bee", True),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ["b", "a"], ["a", "b"], True),
        ({"type": "boolean"}, False, False, True),
        ({"type": "string"}, "the Wacom Intuos tablet", "Wacom Intuos", True),
        ({"type": "string"}, "red green blue grey", "red", False),
        ({"type": "string", "x-compare": {"token_f1": 0.9, "contains": False}}, "a b c d", "a b c", False),
        ({"type": "string", "x-compare": "exact"}, "Ada  LOVELACE", "ada lovelace", True),
        ({"type": "string", "x-compare": "exact"}, "ada lovelace jr", "ada lovelace", False),
        ({"type": "string", "x-normalise": ["span"]}, "18.1-22.8", "18 – 23 years", True),
        ({"type": "string", "x-normalise": ["doi"]}, "10.1000/X", "https://doi.org/10.1000/x.", True),
        (
            {"type": "array", "items": {"type": "string"}, "x-normalise": ["surname"]},
            ["Bóhm", "Li"],
            ["Bohm", "Li"],
            True,
        ),
        ({"type": "array", "items": {"type": "string"}, "x-normalise": ["surname"]}, ["Li"], ["Bohm", "Li"], False),
        ({"type": "array", "items": {"type": "string"}}, ["a saline drip", "b"], ["b", "saline drip"], True),
        ({"type": "array", "items": {"type": "string"}}, ["a saline drip", "b"], ["drip", "saline"], False),
        ({"type": "array", "items": {"type": "string"}}, ["a saline drip", "drip"], ["drip", "saline"], True),
        ({"type": "array", "items": {"type": "number"}, "x-compare": {"within": 2}}, [10, 20], [11, 8], False),
        (YEAR, 2014, 2001, False),
        (YEAR, "2001", 2001, True),
        ({"anyOf": [YEAR, {"type": "null"}]}, 2002, 2001, False),
        ({"type": "array", "items": YEAR}, [2001, 2014], [2014, 2001], True),
        ({"type": "array", "items": YEAR}, [2001, 2014], [2015, 2001], False),
        ({**YEAR, "x-compare": {"within": 1}}, 2002, 2001, True),
        ({**YEAR, "x-compare": {"within": 1}}, 2003, 2001, False),
        ({**YEAR, "x-compare": {"tolerance": 0.01}}, 2014, 2001, True),
        ({"type": "integer"}, 2014, 2001, True),
        ({"type": "number", "x-compare": {"tolerance": 0, "within": 0.01}}, 46.7, 46.5, False),
        (NAMES, ["Li", "Wang"], ["Li", "Li"], False),
        (NAMES, ["L. Li", "W. Li"], ["Li", "Li"], True),
        ({"type": "string", "x-compare": "names"}, "Li and Wang", ["Li", "Wang"], True),
        ({"type": "string", "x-compare": "names"}, "Li et al.", ["Li"], False),
    ],
)
def test_a_value_is_right_by_its_kind(schema: dict[str, Any], value: Json, gold: Json, right: bool) -> None:
    assert comparison(parameter(schema))(value, gold) is right


def parameter(schema: Mapping[str, Any]) -> Parameter:
    """A parameter set's only one."""
    return read({"type": "object", "properties": {"x": schema}}, "x").root.parameters[0]


@pytest.mark.parametrize("wrong", ["fuzzy", {"by": "fuzzy"}, {"tolerance": "1 %"}, {"tolerence": 0.1}, 3])
def test_an_unknown_comparison_is_a_schema_error(wrong: Json) -> None:
    with pytest.raises(SchemaError, match="x-compare"):
        parameter({"type": "number", "x-compare": wrong})


def test_every_comparison_that_a_schema_may_name_exists() -> None:
    for name in COMPARISONS:
        assert comparison(parameter({"type": "string", "x-compare": name}))("1-2", "1-2") in (True, False)


def test_words_that_say_that_nothing_is_reported_are_no_value() -> None:
    assert is_absent(["Not reported", None])
    assert not is_absent(0)
    assert not is_absent(False)
    assert comparison_kind({"anyOf": [{"type": "integer"}, {"type": "string"}]}) == "number"


# ---- records ----


def test_labels_match_as_words_and_then_by_the_number_of_the_experiment() -> None:
    gold = ["Experiment 1", "Exp. 2: aims", "Patients", "Exp 3a"]
    assert match_labels(gold, ["experiment two", "EXPERIMENT 1", "patients", "Experiment 3"]) == [
        (0, 1),
        (2, 2),
        (1, 0),
    ]
    assert match_labels(["Experiment 1, young", "Experiment 1, old"], ["Experiment 1"]) == []
    assert match_labels([None], [None]) == []


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_the_assignment_is_the_best_one(rows: int, width: int, data: st.DataObject) -> None:
    gains = data.draw(
        st.lists(st.lists(st.integers(-9, 9), min_size=width, max_size=width), min_size=rows, max_size=rows)
    )
    pairs = assign(gains)
    best_rows, best_columns = linear_sum_assignment(gains, maximize=True)
    assert len(pairs) == len({row for row, _ in pairs}) == len({column for _, column in pairs}) == min(rows, width)
    assert sum(gains[row][column] for row, column in pairs) == sum(
        gains[row][column] for row, column in zip(best_rows, best_columns, strict=True)
    )


# ---- verdicts ----


def gold_file(folder: Path, name: str, **arms: Mapping[str, Json]) -> Path:
    """A gold file of the paper NAME.pdf, one item a record of the list "arms"."""
    folder.mkdir(exist_ok=True)
    items = [{"label": label, "list": "arms", "parameters": values} for label, values in arms.items()]
    path = folder / f"{name}.json"
    path.write_text(json.dumps({"pdf": f"{name}.pdf", "name": name, "experiments": items}))
    return folder


def arms_paper(name: str, **arms: Mapping[str, Any]) -> PaperResult:
    """A paper's result: its arms with their values, None for what is not reported."""
    records = [record({})]
    for label, values in arms.items():
        filled = {key: ABSENT if value is None else stated(value) for key, value in values.items()}
        records.append(record(filled, "arms", label))
    return PaperResult(name * 64, f"{name}.pdf", tuple(records))


def verdicts(gold: Path, *results: PaperResult) -> dict[tuple[str | None, str], str]:
    """(record, column) → verdict of all that has a value or should have one."""
    judged = itertools.chain(*judge_all(read_gold(gold, PARAMETERS), results, PARAMETERS).values())
    return {
        (each.gold_record or each.record, each.column): str(each.verdict)
        for each in judged
        if each.verdict is not Verdict.ABSENT
    }


def test_errors_are_told_apart(tmp_path: Path) -> None:
    gold = gold_file(
        tmp_path / "gold",
        "p",
        one={"arms.n": {"value": 40}, "dose": {"value": 2.5}, "psqi": {"value": [3]}},
        two={"arms.n": {"value": 44}, "dose": {"value": None}, "psqi": {"value": [4], "doubtful": True}},
        three={"arms.n": {"value": 12, "alternatives": [None, 13]}, "dose": {"value": None, "alternatives": [7]}},
    )
    result = arms_paper(
        "p",
        one={"n": 44, "dose": None, "psqi": [3]},
        two={"n": 45, "dose": 9, "psqi": [1]},
        three={"n": 13, "dose": 7},
        more={"n": 5},
    )
    assert verdicts(gold, result) == {
        ("one", "arms.n"): "another record's",
        ("one", "dose"): "missed",
        ("one", "psqi"): "right",
        ("two", "arms.n"): "wrong",
        ("two", "dose"): "not in the paper",
        ("three", "arms.n"): "right",
        ("three", "dose"): "left open",
        ("more", "arms.n"): "not in the paper",
    }


def test_records_without_a_common_label_are_matched_by_their_values(tmp_path: Path) -> None:
    gold = gold_file(tmp_path / "gold", "p", low={"arms.n": 40, "dose": 1}, high={"arms.n": 44, "dose": 2})
    result = arms_paper("p", first={"n": 44, "dose": 2}, second={"n": 40, "dose": 3})
    assert verdicts(gold, result) == {
        ("low", "arms.n"): "right",
        ("low", "dose"): "wrong",
        ("high", "arms.n"): "right",
        ("high", "dose"): "right",
    }


@pytest.mark.parametrize("label", [None, "Arm"])
def test_records_of_one_label_or_of_none_are_records_of_their_own(tmp_path: Path, label: str | None) -> None:
    items = [{"label": label, "list": "arms", "parameters": {"n": 90, "arms.n": n}} for n in (40, 44)]
    (tmp_path / "p.json").write_text(json.dumps({"pdf": "p.pdf", "experiments": items}))
    judged = judge_all(read_gold(tmp_path, PARAMETERS), [arms_paper("p", a={"n": 44}, b={"n": 40})], PARAMETERS)["p"]
    arms = [(each.record, each.gold, str(each.verdict)) for each in judged if each.column == "arms.n"]
    assert arms == [("b", 40, "right"), ("a", 44, "right")]
    assert [each.gold for each in judged if each.column == "n"] == [90]


def test_papers_of_one_name_are_judged_each_for_itself(tmp_path: Path) -> None:
    for file in "pq":
        arm = {"label": "A", "list": "arms", "parameters": {"arms.n": 40}}
        (tmp_path / f"{file}.json").write_text(json.dumps({"pdf": f"{file}.pdf", "name": "Ada", "experiments": [arm]}))
    judged = judge_all(read_gold(tmp_path, PARAMETERS), [arms_paper("p", A={"n": 40})], PARAMETERS)
    said = {name: [str(each.verdict) for each in values if each.gold] for name, values in judged.items()}
    assert said == {"Ada": ["right"], "Ada (2)": ["missed"]}


def test_a_paper_without_results_has_missed_all(tmp_path: Path) -> None:
    gold = gold_file(tmp_path / "gold", "p", one={"arms.n": 40, "dose": None})
    assert verdicts(gold) == {("one", "arms.n"): "missed"}


def test_values_of_each_list_are_judged_at_their_place(tmp_path: Path) -> None:
    visit, outcome = {"n": 90, "arms.n": 40, "arms.visits.n": 39}, {"n": 90, "outcomes.name": "PSQI", "p": 0.05}
    items = [
        {"label": "Arm 1 / Week 4", "list": "arms/visits", "parameters": visit},
        {"label": "Primary", "list": "outcomes", "parameters": outcome},
    ]
    (tmp_path / "first.json").write_text(json.dumps({"pdf": "first.pdf", "experiments": items}))
    renamed = replace(
        TWO_LISTS,
        records=tuple(
            each if each.label != "Week 4 / 5" else record(dict(each.values), "arms", "Arm 1", "visits", "Week 4")
            for each in TWO_LISTS.records
        ),
    )
    judged = verdicts(tmp_path, renamed)
    assert (judged[None, "n"], judged["Arm 1", "arms.n"], judged["Arm 1 / Week 4", "arms.visits.n"]) == ("right",) * 3
    assert (judged["Primary", "outcomes.name"], judged["Primary", "p"]) == ("right", "wrong")


# ---- scores ----


def two_runs(folder: Path) -> tuple[Any, Any]:
    """Judgements of a worse and a better run over four papers."""
    gold = folder / "gold"
    for name in "abcd":
        gold_file(gold, name, one={"arms.n": 40, "dose": 2})
    worse = [arms_paper(name, one={"n": 40 if name in "ab" else 50, "dose": 2}) for name in "abcd"]
    better = [arms_paper(name, one={"n": 40, "dose": 2 if name != "d" else None}) for name in "abcd"]
    papers = read_gold(gold, PARAMETERS)
    return judge_all(papers, worse, PARAMETERS), judge_all(papers, better, PARAMETERS)


def test_counts_and_figures_are_those_by_hand(tmp_path: Path) -> None:
    worse, better = (score(run) for run in two_runs(tmp_path))
    n = worse.parameters["arms.n"]
    assert (n.right, n.false_positives, n.false_negatives, n.errors) == (2, 2, 2, {"wrong": 2})
    assert (n.precision, n.recall, n.f1) == (0.5, 0.5, 0.5)
    assert worse.micro.f1 == pytest.approx(6 / 8)
    assert worse.macro == pytest.approx((0.5 + 1) / 2)
    assert better.micro.precision == 1
    assert better.micro.recall == pytest.approx(7 / 8)
    assert worse.parameters["dose"].interval == (1, 1)
    assert n.interval is not None
    assert 0 <= n.interval[0] < n.f1 < n.interval[1] <= 1
    assert Score().f1 == Score().precision == Score().recall == 0


def test_two_runs_are_compared_on_the_same_papers(tmp_path: Path) -> None:
    worse, better = two_runs(tmp_path)
    differences = compare(worse, better)
    assert differences["micro"].f1 == pytest.approx(14 / 15 - 6 / 8)
    assert differences["arms.n"].f1 == 0.5
    assert differences["dose"].f1 == pytest.approx(6 / 7 - 1)
    n, micro = differences["arms.n"].interval, differences["micro"].interval
    assert n is not None
    assert micro is not None
    assert 0 <= n[0] < 0.5 < n[1] <= 1
    assert score(dict(list(worse.items())[:1])).micro.interval is None, "one paper says nothing of others"
    for few in (compare(*({"a": run[next(iter(run))]} for run in (worse, better))), compare(worse, better, 0)):
        assert (few["micro"].interval, few["micro"].p_value) == (None, None)
    same = compare(worse, worse)["micro"]
    assert (same.f1, same.interval, same.p_value) == (0, (0, 0), 1)
    back = compare(better, worse)["micro"]
    assert back.interval == pytest.approx(tuple(-end for end in reversed(micro)))


def test_quotes_of_right_values_are_at_the_gold_passage_or_elsewhere(tmp_path: Path) -> None:
    passage = "Forty participants took part in the first arm of this trial"
    gold = gold_file(
        tmp_path / "gold",
        "p",
        one={"arms.n": {"value": 40, "quote": passage}, "dose": {"value": 2, "quote": passage, "marked": "first arm"}},
        two={"arms.n": {"value": 41, "quote": passage}, "dose": 3},
    )
    values = {"n": stated(40, "forty  participants took"), "dose": stated(2, f"Here: {passage[:50]}, it says")}
    others = {"n": stated(41, "something else"), "dose": stated(3)}
    result = PaperResult("p", "p.pdf", (record({}), record(values, "arms", "one"), record(others, "arms", "two")))
    quotes = score(judge_all(read_gold(gold, PARAMETERS), [result], PARAMETERS), resamples=0).quotes
    assert quotes == {"right": 2, "elsewhere": 1, "not judged": 1}


def test_the_quote_of_one_of_a_list_s_items_may_be_at_the_gold_passage(tmp_path: Path) -> None:
    gold = read_gold(gold_file(tmp_path, "p", one={"psqi": {"value": [1, 2], "quote": "two was used"}}), PARAMETERS)
    items = (stated(1, "one was used"), stated(2, "two was used"))
    for its_items, is_right in (((), False), (items, True)):
        listed = stated([1, 2], "one was used", items=its_items)
        result = PaperResult("p", "p.pdf", (record({}), record({"psqi": listed}, "arms", "one")))
        [judged] = [each for each in judge_all(gold, [result], PARAMETERS)["p"] if each.column == "psqi"]
        assert judged.quote_right is is_right


# ---- gold ----


NUMBER = {"type": "number"}


def list_of(properties: dict[str, Any]) -> dict[str, Any]:
    """A schema of records."""
    return {"type": "array", "items": {"type": "object", "properties": properties}}


def decision(parameter: str, path: str, value: Json, action: Any = "correct", reviewer_at: str = "10") -> Decision:
    """A reviewer's."""
    quote = Quote("words", 1)
    return Decision(
        "first.pdf", TWO_LISTS.document, path, None, parameter, action, value, quote, "", f"2026-11-01T{reviewer_at}:00"
    )


def test_decisions_are_gold_and_what_nobody_decided_is_not_judged(tmp_path: Path) -> None:
    decisions = (
        decision("n", "arms/Arm 1", 40, "accept"),
        decision("dose", "arms/Arm 1", 5.0),
        decision("n", "", None, "not_reported"),
    )
    write_decisions(tmp_path / "ada.json", DecisionFile("run", "ada", decisions))
    expected = {("Arm 1", "arms.n"): "right", ("Arm 1", "dose"): "wrong", (None, "n"): "not in the paper"}
    judged = verdicts(tmp_path / "ada.json", *RESULTS)
    assert judged == expected, "of records without a decision nothing is"
    assert verdicts(tmp_path, *RESULTS) == judged
    other = DecisionFile("run", "ben", (decision("dose", "arms/Arm 1", 6.0, reviewer_at="11"),))
    write_decisions(tmp_path / "ben.json", other)
    assert ("Arm 1", "dose") not in verdicts(tmp_path, *RESULTS)


def test_what_reviewers_say_is_no_record_is_in_no_gold_record(tmp_path: Path) -> None:
    none = tuple(decision(name, "arms/Arm 2", None, "no_record") for name in ("n", "dose"))
    kept = decision("n", "arms/Arm 1", 40, "accept")
    write_decisions(tmp_path / "ada.json", DecisionFile("run", "ada", (*none, kept)))
    predicted = replace(
        arms_paper("first", **{"Arm 1": {"n": 40}, "Arm 2": {"n": 9}, "Arm 4": {"n": 9}}), document=TWO_LISTS.document
    )
    judged = judge_all(read_gold(tmp_path, PARAMETERS), [predicted], PARAMETERS)["first.pdf"]
    said = {(each.gold_record, each.record): str(each.verdict) for each in judged if each.column == "arms.n"}
    assert said == {("Arm 1", "Arm 1"): "right", (None, "Arm 2"): "not in the paper"}, "nobody decided on Arm 4"
    dispute = DecisionFile("run", "ben", (decision("n", "arms/Arm 2", 9, reviewer_at="11"),))
    write_decisions(tmp_path / "ben.json", dispute)
    assert [key for key in verdicts(tmp_path, predicted) if key[0] == "Arm 2"] == [], "reviewers differ on it"


def test_what_is_said_below_a_record_disputes_that_it_is_none(tmp_path: Path) -> None:
    parameters = read(
        {"type": "object", "properties": {"arms": list_of({"n": NUMBER, "doses": list_of({"mg": NUMBER})})}}, "x"
    )
    none = decision("n", "arms/A", None, "no_record"), decision("mg", "arms/A/doses/high", None, "no_record")
    for name, decisions in (("ada", none), ("ben", (decision("mg", "arms/A/doses/high", 9),))):
        write_decisions(tmp_path / f"{name}.json", DecisionFile("run", name, decisions))
    [disputed] = read_gold(tmp_path, parameters)
    assert [each.invented for records in disputed.records.values() for each in records] == [False, False]
    [agreed] = read_gold(tmp_path / "ada.json", parameters)
    assert [each.invented for records in agreed.records.values() for each in records] == [True, True]


def test_what_reviewers_added_was_missed_by_the_run(tmp_path: Path) -> None:
    made = (
        decision("n", "arms/Arm 1", 40, "accept"),
        decision("", "arms/Arm 3", None, "add_record"),
        decision("n", "arms/Arm 3", 9),
        decision("dose", "arms/Arm 3", None, "not_reported"),
    )
    write_decisions(tmp_path / "ada.json", DecisionFile("run", "ada", made))
    predicted = replace(arms_paper("first", **{"Arm 1": {"n": 40}, "Arm 2": {"n": 9}}), document=TWO_LISTS.document)
    expected = {("Arm 1", "arms.n"): "right", ("Arm 3", "arms.n"): "missed"}
    assert verdicts(tmp_path, predicted) == expected, "Arm 2, on which nobody decided, is not the added one"
    listed = replace(arms_paper("first", **{"Arm 1": {"n": 40}, "Arm 3": {"n": 8}}), document=TWO_LISTS.document)
    assert verdicts(tmp_path, listed) == {("Arm 1", "arms.n"): "right", ("Arm 3", "arms.n"): "wrong"}
    papers = read_gold(tmp_path, PARAMETERS, [predicted], tmp_path / "another run")
    [judged] = judge_all(
        papers, [replace(predicted, records=(*listed.records[:1], *predicted.records[2:]))], PARAMETERS
    ).values()
    said = {(each.gold_record, each.record): str(each.verdict) for each in judged if each.column == "arms.n"}
    assert said[("Arm 3", "Arm 2")] == "right", "another run may call it otherwise"


def test_an_added_record_that_another_reviewer_denies_is_not_judged(tmp_path: Path) -> None:
    added = decision("", "arms/Arm 3", None, "add_record"), decision("n", "arms/Arm 3", 9)
    denied = (decision(name, "arms/Arm 3", None, "no_record", "11") for name in ("", "n", "dose"))
    for name, decisions in (("ada", added), ("ben", tuple(denied))):
        write_decisions(tmp_path / f"{name}.json", DecisionFile("run", name, decisions))
    predicted = replace(arms_paper("first", **{"Arm 1": {"n": 40}}), document=TWO_LISTS.document)
    assert verdicts(tmp_path, predicted) == {}


def one_value(value: str, more: str = "") -> str:
    """The content of a gold file with one value."""
    return f'{{"experiments": [{{"label": "x", "parameters": {{"arms.n": {value}}}}}]{more}}}'


@pytest.mark.parametrize(
    "content",
    [
        "[]", "{}", '{"experiments": [{"label": "x"}]}', "{", one_value('{"value": 4, "alternatives": "44"}'),
        one_value('{"value": 4, "quote": 5}'), one_value("4", ', "pdf": 5'), one_value("4", ', "document": []'),
    ],
)  # fmt: skip
def test_a_file_that_is_no_gold_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UsageError, match=r"x\.json is no gold") as refused:
        read_gold(tmp_path, PARAMETERS)
    assert "Error" not in str(refused.value), "in words"
    assert "object has no" not in str(refused.value)
    with pytest.raises(UsageError, match="has no gold"):
        read_gold(tmp_path / "nothing", PARAMETERS)


# ---- a run and its exports ----


def test_a_run_and_each_of_its_exports_give_one_figure(tmp_path: Path) -> None:
    import dsx

    run = stored_run(tmp_path / "run")
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(run.manifest["schema"]))
    arms = {"Arm 1": {"arms.n": 40, "dose": -2.5}, "Arm 2": {"arms.n": 3, "psqi": [8]}}
    gold = gold_file(tmp_path / "gold", "first", **arms)  # type: ignore[arg-type]
    first = evaluate(run.path, gold)
    assert first.missing == ()
    assert first.unjudged == (RESULTS[1].file,)
    figures = first.as_json()
    for suffix, options in (("jsonl", {}), ("csv", {"long": True}), ("xlsx", {}), ("sqlite", {})):
        target = tmp_path / f"export.{suffix}"
        dsx.open_run(run.path).export(target, **options)
        again = dsx.evaluate(target, gold, schema=schema).as_json()
        assert {**again, "run": figures["run"]} == figures
    with pytest.raises(UsageError, match="--schema"):
        evaluate(tmp_path / "export.csv", gold)

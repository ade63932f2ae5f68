"""The corpus of malformed answers: how many come back right, and that none comes back wrong."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem + "_for_tests", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


bench = load(ROOT / "benchmarks" / "recover.py")
make = load(ROOT / "tests" / "corpus" / "make.py")


def test_the_corpus_is_what_its_code_makes() -> None:
    committed = (ROOT / "tests" / "corpus" / "malformed.jsonl").read_text("utf-8")
    assert [json.loads(line) for line in committed.splitlines()] == make.corpus(make.SEED)


def test_the_corpus_is_large_enough() -> None:
    models = [case["model"] for _, case, _ in bench.cases() if "model" in case]
    assert len(bench.cases()) - len(models) >= 400
    assert len(models) == 60


@pytest.mark.parametrize("cases", [bench.cases, bench.fresh_cases], ids=["committed", "fresh"])
def test_recovered_and_right_and_never_silently_wrong(cases: object) -> None:
    right = defaultdict(list)
    for group, case, parameters in cases():  # type: ignore[operator]
        outcome = bench.judge(case, parameters, bench.dsx_way)
        assert outcome.silent == 0, case
        right[group.removeprefix("fresh: ")].append(outcome.right)
    assert sum(right["one fault"]) >= 0.95 * len(right["one fault"])
    assert sum(right["two faults"]) >= 0.85 * len(right["two faults"])
    assert all(right["cut, doubled or contradicted"])


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=400), st.text("{}[]\":,'\\\n“”#/*−-.e0123 aNT", max_size=120)))
def test_any_text_ends_as_answers(text: str) -> None:
    answers = bench.dsx_way(text, bench.COUNT)
    assert [answer.parameter for answer in answers] == ["n_total"]
    assert answers[0].error is None or answers[0].value is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_cut_anywhere_nothing_is_made_up(data: st.DataObject) -> None:
    names, answer = data.draw(st.sampled_from(make.answers()))
    text = json.dumps(answer, ensure_ascii=False)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    case = {"parameters": names, "text": cut, "truth": make.truth_of(answer, names)}
    parameters = bench.parameters_of(case, make.PARAMETERS)
    assert bench.judge(case, parameters, bench.dsx_way).wrong == 0
    for found in bench.dsx_way(cut, parameters):
        assert found.error or bench.plain(found.quote) == bench.plain(case["truth"][found.parameter]["quote"])


def test_a_structural_edit_is_mended_or_refused() -> None:
    said = bench.recover_edits.run(3000, bench.dsx_way, bench.recover_edits.How(seed=77, show=True))
    assert said.endswith("silent 0"), said


@pytest.mark.parametrize("length", [300, 1200])
def test_no_run_of_one_piece_takes_long(length: int) -> None:
    times = [bench.timed(text, bench.COUNT) for text in bench.recover_runs.runs(length)]
    ms, text = max(times)
    assert ms < 500, text[:200]  # ten times what is promised, for machines that are busy
    assert sum(ms for ms, _ in times) / len(times) < 20


def test_runs_as_long_as_an_answer_may_be() -> None:
    for piece in ("\n", " ", ",", "}", '"', "'", "\\", "{", "[", "a: b, ", '"a":1,', "\n}", '", '):
        for before in ('{"value": 16, "quote": "Sixteen', "{n_total: ", '{"n_total": ["'):
            text = before + piece * ((bench.LONGEST - len(before)) // len(piece))
            assert bench.timed(text, bench.COUNT)[0] < 500, text[:60]

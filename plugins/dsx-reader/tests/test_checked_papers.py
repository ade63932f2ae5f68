"""dsx-reader: training on papers whose values a user has checked, and leaving one paper out."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dsx_reader import evaluate
from dsx_reader import leave_one_out as leaving
from dsx_reader.command import cli
from dsx_reader.epochs import Parts
from dsx_reader.evaluate import Score
from dsx_reader.examples import Example
from dsx_reader.papers import SOURCE, examples_of, read_papers, varied
from dsx_reader.setting import Setting
from dsx_reader.sources import Sources, jobs, material_of, with_share
from transformers import AutoTokenizer

import dsx
from dsx.plugin_api import Completion, Confidence, Question, UsageError
from dsx.plugin_api.checked import CheckedPaper, CheckedValue
from dsx.plugin_api.testing import read_document
from dsx.plugin_api.training import Known

SCHEMA = {
    "title": "kilns",
    "type": "object",
    "properties": {
        "experiments": {
            "type": "array",
            "items": {
                "type": "object",
                "description": "One firing.",
                "properties": {
                    "n_tiles": {"type": "integer", "minimum": 1, "description": "Tiles in the kiln. All of them."},
                    "cooling_rate": {
                        "enum": ["fast", "slow"],
                        "x-choices": {"fast": "opened at once", "slow": "left closed"},
                        "description": "How it cooled.",
                    },
                    "glazes": {"type": "array", "items": {"enum": ["ash", "salt"]}, "description": "Glazes."},
                    "broken": {"type": "integer", "minimum": 1, "description": "Tiles that broke."},
                },
            },
        }
    },
}
TEXT = "Firing tiles\n\nExperiment 1 had {} tiles with ash glaze. The kiln was left closed for a day.\n"
LABEL = "Experiment 1"


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> CheckedPaper:
    file = tmp_path_factory.mktemp("kilns") / "first.txt"
    file.write_text(TEXT.format(32), encoding="utf-8")
    parameters = dsx.parameter_set(SCHEMA)
    right = ((32,), ("slow",), (["ash"],), ())
    asked = parameters.root.children[0].parameters
    values = tuple(CheckedValue(LABEL, each, value) for each, value in zip(asked, right, strict=True))
    complete = frozenset(["experiments"])
    return CheckedPaper("first", read_document(file), parameters, {"experiments": (LABEL,)}, complete, values)


def count(text: str) -> int:
    return len(text.split())


def answers(examples: list[Example]) -> dict[str, Any]:
    return {str(each.question.id).removeprefix(f"experiments/{LABEL}/"): json.loads(each.answer) for each in examples}


def test_a_paper_is_asked_about_as_dsx_asks(paper: CheckedPaper) -> None:
    examples = list(examples_of(paper, count))
    assert {each.source for each in examples} == {SOURCE + "first"}
    assert answers(examples) == {
        "experiments/after 0": [LABEL],
        "n_tiles": {"value": 32, "quote": "Experiment 1 had 32 tiles with ash glaze."},
        "cooling_rate": {"value": "slow", "quote": "The kiln was left closed for a day."},
        'glazes/"ash"': {"value": True, "quote": "Experiment 1 had 32 tiles with ash glaze."},
        'glazes/"salt"': {"value": False, "quote": "Experiment 1 had 32 tiles with ash glaze."},
        "broken": None,
    }


def test_lists_that_are_not_complete_are_not_asked_for(paper: CheckedPaper) -> None:
    assert "experiments/after 0" not in answers(list(examples_of(replace(paper, complete=frozenset()), count)))


def test_variants_are_as_right_in_other_words(paper: CheckedPaper) -> None:
    names, orders, coded = set(), set(), 0
    for seed in range(40):
        for each in examples_of(paper, count, random.Random(seed)):
            if each.question.form == "labels":
                continue
            [parameter] = each.question.parameters
            names.add(parameter.name)
            answer = json.loads(each.answer)
            options = [choice.value for choice in parameter.choices]
            if len(options) == 2 and parameter.schema.get("type") != "array":
                orders.add(tuple(options))
                assert options == parameter.schema["enum"]
                chosen = next(choice for choice in parameter.choices if choice.value == answer["value"])
                assert chosen.description == "left closed"
                coded += chosen.value != "slow"
            elif parameter.schema.get("minimum") and answer is not None:
                assert answer["value"] == 32
    assert {"n_tiles", "nTiles", "tiles_n"} <= names
    assert {("fast", "slow"), ("slow", "fast")} <= orders
    assert coded


def test_names_that_would_be_one_stay_apart(paper: CheckedPaper) -> None:
    [kind] = paper.parameters.root.children
    first = kind.parameters[0]
    twins = tuple(replace(first, name=name, pointer=name) for name in ("tile_breadth", "tile_breakage"))
    root = replace(paper.parameters.root, children=(replace(kind, parameters=twins),))
    for seed in range(60):
        known = [Known(LABEL, each, None) for each in twins]
        changed, same = varied(replace(paper.parameters, root=root), known, random.Random(seed))
        assert len({each.name for each in changed.root.children[0].parameters}) == 2
        assert [each.parameter for each in same] == list(changed.root.children[0].parameters)


def test_checked_papers_are_a_source_beside_others(paper: CheckedPaper) -> None:
    data = Sources((), None, papers=(paper,), paper_variants=3)
    assert [(kind, origin.name) for kind, origin, _ in jobs(data, material_of(data))] == [("paper", "first")] * 3
    rows = [{"source": SOURCE + "first"}] * 30 + [{"source": "ponds:methods"}] * 200
    thinned = with_share(rows, 0.25, 0)
    assert len(thinned) == 120
    assert sum(row["source"].startswith(SOURCE) for row in thinned) == 30
    assert with_share(rows, 0.01, 0) == rows


def test_options_that_belong_together_are_asked_for_together(tmp_path: Path) -> None:
    command = ["train", "--base", str(tmp_path), "--out", str(tmp_path / "out"), "--from-run", str(tmp_path)]
    result = CliRunner().invoke(cli, command)
    assert isinstance(result.exception, UsageError)
    assert "--gold" in str(result.exception)
    with pytest.raises(UsageError, match="one for each"):
        read_papers([tmp_path], [tmp_path, tmp_path])


class Canned:
    """Answers with what is given for a parameter, else null."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self.said = said

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in reversed(questions):
            sure = {each.name: Confidence(0.9, 0.8) for each in question.parameters}
            text = self.said.get("".join(sure), "null")
            yield Completion(question.id, text, True, confidence=sure)

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("said", "is_right"),
    [
        ({}, False),
        ({"glazes: ash": '{"value":true}'}, True),
        (dict.fromkeys(["glazes: ash", "glazes: salt"], '{"value":true}'), False),
    ],
)
def test_a_list_of_choices_is_scored_as_a_whole(
    paper: CheckedPaper, said: Mapping[str, str], is_right: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "local_engine", lambda settings: Canned(said))
    examples = list(examples_of(paper, count))
    scores, judged = evaluate.evaluate(Path(), examples)
    assert scores["choices"] == Score(true=1, given=int(bool(said)), right=int(is_right))
    assert len(judged) == len(examples) - 1
    [listed] = [each for each in judged if each.kind == "choices"]
    assert listed.confidence == pytest.approx({0: 1 - 0.9, 1: 0.72 * (1 - 0.9), 2: 0.72 * 0.72}[len(said)])


# ---- leaving one out ----


def test_a_training_on_other_checked_values_is_another(paper: CheckedPaper, small: Path, tmp_path: Path) -> None:
    setting = Setting(small, tmp_path, Sources((), None, papers=(paper,)))
    corrected = replace(setting, sources=replace(setting.sources, papers=(replace(paper, values=paper.values[1:]),)))
    tokenizer = AutoTokenizer.from_pretrained(small)
    assert Parts(tokenizer, setting).digest == Parts(tokenizer, setting).digest != Parts(tokenizer, corrected).digest


def test_folds_hold_every_paper_once() -> None:
    for papers in (2, 9, 10, 23):
        names = [f"p{number}" for number in range(papers)]
        parts = leaving.folds(names, 0)
        assert sorted(name for part in parts for name in part) == sorted(names)
        assert len(parts) == min(papers, 10)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_gain_that_every_paper_has_has_an_interval_above_nothing() -> None:
    bad, good = Score(true=10, given=10, right=3), Score(true=10, given=10, right=7)
    names = [f"p{number}" for number in range(6)]
    base = {name: {"all": bad, "text": bad} if name == "p0" else {"all": bad} for name in names}
    trained = {name: {"all": good} for name in names}
    figures = leaving.compared(base, trained)
    assert figures["all"]["values"] == 60
    assert figures["all"]["gain"]["f1"] == pytest.approx(0.4)
    assert figures["all"]["gain"]["interval"] == pytest.approx([0.4, 0.4])
    assert figures["text"]["trained"]["f1"] == 0
    table = list(leaving.lines({"papers": 6, "kinds": figures}))
    assert "0.300 [0.300, 0.300]" in table[2]


def test_folds_go_on_only_with_all_that_decides_their_figures(
    paper: CheckedPaper, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changes nothing, or only how fast it goes, may differ."""
    monkeypatch.setattr(leaving, "_measured", lambda *of: {name: {"all": Score()} for name in ("first", "second")})
    papers = tuple(replace(paper, name=name) for name in ("first", "second"))
    sources = Sources((), None, papers=papers, paper_variants=2)
    setting = Setting(small, tmp_path / "out", sources, 1.0, processes=1)
    for number in (1, 2):
        (tmp_path / "out" / f"fold-{number}").mkdir(parents=True)
        (tmp_path / "out" / f"fold-{number}" / "trained").touch()
    leaving.leave_one_out(setting)
    leaving.leave_one_out(replace(setting, processes=2, compiled=False, save_minutes=1.0))
    shutil.copytree(small, tmp_path / "another")
    sheet = tmp_path / "sheet.txt"
    sheet.write_text("")
    others = [
        replace(setting, base=tmp_path / "another"),
        *(replace(setting, **{name: 2}) for name in ("epochs", "minutes", "learning_rate", "tokens", "rank", "seed")),
        *(replace(setting, sources=replace(sources, **other)) for other in ({"share": 0.5}, {"passages": (sheet,)})),
    ]
    for other in others:
        with pytest.raises(UsageError, match="name another --out"):
            leaving.leave_one_out(other)


@pytest.mark.slow
def test_each_paper_is_read_by_a_model_that_has_not_learnt_from_it(
    paper: CheckedPaper, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = tuple(replace(paper, name=name) for name in ("first", "second", "third"))
    setting = Setting(small, tmp_path / "out", Sources((), None, papers=papers, paper_variants=2), 1.0, processes=1)
    learnt: list[set[str]] = []
    read: Callable[..., Any] = Parts.rows

    def noted(parts: Parts, number: int) -> Any:
        rows = read(parts, number)
        learnt.append({row["source"].removeprefix(SOURCE) for row in rows})
        return rows

    monkeypatch.setattr(Parts, "rows", noted)
    figures = leaving.leave_one_out(setting)
    names = {each.name for each in papers}
    assert learnt == [names - set(part) for part in figures["folds"]]
    assert figures["kinds"]["all"]["values"] == 3 * 4
    assert not [*(tmp_path / "out").glob("fold-*/model"), *(tmp_path / "out").glob("examples*")]
    assert json.loads((tmp_path / "out" / "leave-one-out.json").read_text())["kinds"] == figures["kinds"]
    assert leaving.leave_one_out(setting) == figures  # nothing is trained again
    assert len(learnt) == 3
    with pytest.raises(UsageError, match="name another --out"):
        leaving.leave_one_out(replace(setting, sources=replace(setting.sources, papers=papers[:2])))
    first, *others = papers
    corrected = replace(first, values=first.values[1:])
    with pytest.raises(UsageError, match="other checked values"):
        leaving.leave_one_out(replace(setting, sources=replace(setting.sources, papers=(corrected, *others))))

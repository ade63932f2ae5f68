"""dsx-reader: passages, their variation, the questions made of them, training, and the weights that are shipped."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
import torch
from dsx_reader import delta, model, sources
from dsx_reader.calibrate import curves
from dsx_reader.checking import faults
from dsx_reader.evaluate import Judged
from dsx_reader.examples import Builder
from dsx_reader.passages import Passage, PassageError, amount, read_passages
from dsx_reader.variation import renumbered, retyped, reworded

DATA = Path(__file__).parents[1] / "data" / "passages"
TEXT = (Path(__file__).parent / "hens-1.txt").read_text("utf-8")


@pytest.fixture
def passage(tmp_path: Path) -> Passage:
    file = tmp_path / "hens-1.txt"
    file.write_text(TEXT, encoding="utf-8")
    [only] = read_passages(file)
    return only


def count(text: str) -> int:
    return len(text.split())


def test_a_passage_is_read_as_it_is_written(passage: Passage) -> None:
    assert (passage.field, passage.kind, passage.labels) == ("hens", "methods", ("Pen A", "Pen B"))
    assert [ask.type for ask in passage.asks][:2] == ["integer", "number"]
    assert amount("1.9 kg") == (1.9, "kg")
    assert amount(48) == (48, None)
    assert list(faults(passage)) == []


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        ('48,"Forty-eight hens"', '47,"Forty-eight hens"', "47 does not stand"),
        ('"Ovometer 2","scale', '"Ovometer","scale', None),
        ('"Ovometer 2","scale', '"vometer 2","scale', "no whole words"),
        ('true,"did not', '"yes","did not', "neither true nor false"),
        ('"always","water', '"never","water', "no choice"),
        ("Forty-eight hens", "Fifty hens", "not in the text"),
    ],
)
def test_what_is_wrong_with_a_passage_is_named(tmp_path: Path, good: str, bad: str, fault: str | None) -> None:
    file = tmp_path / "x.txt"
    head, _, asks = TEXT.partition("ASK\n")
    file.write_text(f"{head}ASK\n{asks.replace(good, bad)}", encoding="utf-8")
    [only] = read_passages(file)
    assert [fault] == [line and fault for line in faults(only) if fault and fault in line] or fault is None


def test_a_file_that_holds_no_passage_says_so(tmp_path: Path) -> None:
    file = tmp_path / "x.txt"
    file.write_text("=== x-1\nkind: methods\nnothing", encoding="utf-8")
    with pytest.raises(PassageError, match=r"x-1: no passage"):
        list(read_passages(file))


@pytest.mark.parametrize("seed", range(20))
def test_varied_passages_are_still_true(passage: Passage, seed: int) -> None:
    chance = random.Random(seed)
    varied = retyped(renumbered(passage, chance), chance)
    assert list(faults(varied)) == []
    for ask in (reworded(each, chance) for each in varied.asks):
        assert set(ask.told) == {"Pen A", "Pen B"} or set(ask.told) == {""}
    assert "48" not in varied.text  # 24 and 2 make 48, which stands in words: none of them may change
    assert "24 birds" in varied.text


def test_questions_have_right_answers_that_the_grammar_allows(passage: Passage) -> None:
    examples = list(
        Builder(count, ["A long discussion of other farms."], varied=False).of_passage(passage, random.Random(1))
    )
    answers = {(each.question.record, "".join(each.question.id.names)): each.answer for each in examples}
    assert json.loads(answers[None, "n_hens"])["value"] == 48
    assert json.loads(answers[None, "n_all"])["value"] in ("24*2", "2*24")
    assert json.loads(answers[None, "weight"]) == {
        "value": 1.9,
        "unit": "kg",
        "quote": json.loads(answers[None, "weight"])["quote"],
    }
    assert answers[None, "n_died"] == "null"
    assert json.loads(answers["Pen A", "light"])["value"] == 16
    assert json.loads(answers["Pen B", "light"])["value"] == 9
    assert json.loads(answers[None, "scale"]) == {"value": "Ovometer 2"}
    assert json.loads(answers[None, "water"])["quote"].endswith("water was always there.")
    assert answers[None, "pens"] == '["Pen A","Pen B"]'
    for example in examples:
        places = example.question.places
        if places is not None and places.kind == "answer" and example.answer != "null":
            assert example.answer in places.options


def test_the_difference_of_weights_comes_back_nearly_as_it_was() -> None:
    generator = torch.Generator().manual_seed(0)
    base = {"a": torch.randn(32, 128, generator=generator), "norm": torch.randn(32, generator=generator)}
    change = {name: torch.randn(value.shape, generator=generator) * 0.01 for name, value in base.items()}
    after = {name: base[name] + change[name] for name in base}
    merged = delta.expand(base, delta.compress(base, after))
    lost = (merged["a"] - after["a"]).pow(2).mean() / change["a"].pow(2).mean()
    assert lost < 0.14
    assert torch.allclose(merged["norm"], after["norm"], atol=1e-4)


def test_a_curve_makes_a_confidence_a_probability() -> None:
    chance = random.Random(0)
    judged = [
        Judged("number", "x", chance.random() < 0.5 + 0.3 * (at % 2), 0.6 + 0.39 * (at % 2), False)
        for at in range(2000)
    ]
    slope, intercept = curves(judged)["number"]
    sure, unsure = (1 / (1 + 2.718281828 ** -(slope * odds + intercept)) for odds in (4.595, 0.405))
    assert sure == pytest.approx(0.8, abs=0.04)
    assert unsure == pytest.approx(0.5, abs=0.04)


def test_overlap_counts_sequences_of_eight_words() -> None:
    assert (
        sources.overlap(
            ["one two three four five six seven eight nine"], ["x two three four five six seven eight nine"]
        )
        == 1
    )
    assert sources.overlap(["one two three"], ["one two three"]) == 0


def test_the_passages_that_are_committed_are_sound() -> None:
    passages = sources.passages([DATA])
    assert len(passages) >= 800
    assert len({each.field for each in passages}) >= 40
    assert len({each.id for each in passages}) == len(passages)
    assert set(sources.HELD_OUT) <= {each.field for each in passages}
    assert [f"{each.id}: {fault}" for each in passages for fault in faults(each)] == []


@pytest.mark.skipif(not model.WEIGHTS.is_file(), reason="no weights in the package")
def test_the_weights_are_small_and_named_in_the_card() -> None:
    assert model.WEIGHTS.stat().st_size <= 40e6
    assert set(model.calibration()) >= {"", "null"}

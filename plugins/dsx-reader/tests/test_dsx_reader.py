"""dsx-reader: passages, their variation, the questions made of them, training, and what its confidences mean."""

from __future__ import annotations

import json
import random
import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from dsx_reader import model, sources
from dsx_reader.calibrate import curves
from dsx_reader.checking import faults
from dsx_reader.command import cli
from dsx_reader.composition import composed
from dsx_reader.dataset import batches, rounded
from dsx_reader.evaluate import Judged
from dsx_reader.examples import Builder
from dsx_reader.passages import Passage, PassageError, amount, read_passages
from dsx_reader.setting import Setting
from dsx_reader.statements import Sheet, SheetError, read_sheet
from dsx_reader.train import Learner, save
from dsx_reader.variation import renumbered, retyped, reworded, without_evidence
from transformers import LlamaConfig, LlamaForCausalLM

DATA = Path(__file__).parents[1] / "data" / "passages"
STATEMENTS = DATA.with_name("statements")
PONDS = Path(__file__).parent / "ponds-1.txt"
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
        assert set(ask.answers) == {"Pen A", "Pen B"} or set(ask.answers) == {""}
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


@pytest.mark.parametrize("seed", range(10))
def test_a_value_whose_evidence_is_gone_is_not_reported(passage: Passage, seed: int) -> None:
    thinner = without_evidence(passage, random.Random(seed))
    assert [fault for fault in faults(thinner) if not fault.endswith(" words")] == []
    gone = 0
    for before, after in zip(passage.asks, thinner.asks, strict=True):
        for label, answer in after.answers.items():
            if answer.value is None and before.answers[label].value is not None:
                gone += 1
                assert before.answers[label].words[0] not in thinner.text
            else:
                assert answer.value == before.answers[label].value
    assert 1 <= gone <= 3
    values = {ask.name: ask.answers for ask in thinner.asks}
    assert values["n_hens"][""].value == 48  # other values stand in its sentence
    assert values["light"]["Pen A"].value == 16  # its sentence names the record


def test_a_value_that_stands_elsewhere_too_is_not_taken_away(passage: Passage) -> None:
    again = replace(passage, text=passage.text + "\nThe Ovometer 2 was a gift. Water was always at hand. Nobody knew.")
    for seed in range(10):
        values = {ask.name: ask.answers[""].value for ask in without_evidence(again, random.Random(seed)).asks[4:7]}
        assert (values["scale"], values["water"]) == ("Ovometer 2", "always")


# ---- statements ----


@pytest.fixture(scope="module")
def sheet() -> Sheet:
    return read_sheet(PONDS)


@pytest.mark.parametrize(
    ("good", "bad", "fault"),
    [
        ("- none | [Nothing was", "- nothing | [Nothing was", "nothing is no option"),
        ("- none | [Shade was kept off]", "- none | Shade was kept off", "no [words]"),
        ("was [{d:30.0..90.0} cm deep]", "was {d:30.0..90.0} cm [deep]", "outside the brackets"),
        ("- d | The level", "- e | The level", "e is no value"),
        ("{h:41..60} hectares", "{h:41-60} hectares", "braces"),
        ('- "Vell"', '- "vell"', "does not stand inside"),
        ("? site : text", "? site : words", "words is none of"),
        ("- null | [A remote place] was chosen.\n", "", "no null statement"),
        ("- false | [Birds", "- true | [Birds", "fewer than two statements for false"),
        ("The level stood at", "Water was [{d:30.0..90.0} cm deep].\n- d | Water was", None),
    ],
)
def test_what_is_wrong_with_a_sheet_is_named(tmp_path: Path, good: str, bad: str, fault: str | None) -> None:
    file = tmp_path / "x-1.txt"
    text = PONDS.read_text("utf-8")
    assert good in text
    file.write_text(text.replace(good, bad), encoding="utf-8")
    named = list(read_sheet(file).faults())
    assert [fault or "stands 2 times"] == [fault or "stands 2 times" for line in named if (fault or "stands 2") in line]
    result = CliRunner().invoke(cli, ["check", str(file)])
    assert (result.exit_code, fault or "stands 2 times" in result.output) == (1, fault or True)
    assert list(read_sheet(PONDS).faults()) == []


@pytest.mark.parametrize(
    "bad", ["RECORDS pond\n", "RECORDS pond | A pond.\n? depth : number", "RECORDS pond | A.\n? a : text : A\n= b"]
)
def test_what_is_no_sheet_says_where(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "x-1.txt"
    file.write_text(bad, encoding="utf-8")
    with pytest.raises(SheetError, match=r"x-1\.txt"):
        read_sheet(file)


def test_what_a_composed_passage_says_stands_where_its_record_is_told(sheet: Sheet) -> None:
    for seed in range(200):
        passage = composed(sheet, random.Random(seed))
        named = [
            fault
            for fault in faults(passage)
            if not re.search(r"\d+ (?:words|questions)$|for each$|records are not", fault)
        ]
        assert named == []
        sentences = re.split(r"(?<=[.:]) |\n", passage.text)
        assert len({each for each in sentences if each.endswith(".")}) == sum(each.endswith(".") for each in sentences)
        for ask in passage.asks:
            for label, answer in ask.answers.items():
                common = [other for other in ask.answers.values() if other == answer]
                for words in answer.words:
                    assert passage.text.count(words) == 1
                    if label and len(common) == 1:
                        assert label in _labels_around(passage, words)


def _labels_around(passage: Passage, words: str) -> set[str]:
    """The label that was named last before the words, and the one that their sentence ends with."""
    at = passage.text.find(words)
    mentions = re.compile("|".join(map(re.escape, passage.labels)))
    before = [match.group() for match in mentions.finditer(passage.text[: at + len(words)])]
    after = re.compile(rf"[^.\n]*\(({mentions.pattern})\)\.").match(passage.text, at + len(words))
    return {after[1]} if after else {before[-1]}


def test_every_answer_is_as_likely_as_the_others(sheet: Sheet) -> None:
    counts: dict[str, Counter[object]] = defaultdict(Counter)
    differing = []
    for seed in range(600):
        for ask in composed(sheet, random.Random(seed)).asks:
            values = [answer.value for answer in ask.answers.values()]
            counts[ask.name].update(tuple(value) if isinstance(value, list) else value for value in values)
            if len(values) == 2 and ask.name == "shading":
                differing.append(values[0] != values[1])
    shading = counts["shading"]
    reported = sum(shading.values()) - shading[None]
    assert all(shading[option] / reported == pytest.approx(1 / 3, abs=0.06) for option in ("abrupt", "gradual", "none"))
    assert counts["covered"][True] / counts["covered"][False] == pytest.approx(1, abs=0.25)
    assert all(0.17 < of[None] / sum(of.values()) < 0.4 for of in counts.values()), counts
    assert 0.6 < sum(differing) / len(differing) < 0.95
    animals = Counter(animal for found, times in counts["animals"].items() if found for animal in found * times)
    assert all(times / sum(animals.values()) == pytest.approx(1 / 3, abs=0.12) for times in animals.values())


def test_questions_about_composed_passages_have_answers(sheet: Sheet) -> None:
    builder = Builder(count, ["A long discussion of other farms."])
    answers = [example.answer for seed in range(4) for example in builder.of_sheet(sheet, random.Random(seed))]
    assert 0 < answers.count("null") < len(answers)
    assert {"Lower Hensby", "Crake Moor", "Vell"} >= {
        json.loads(answer)["value"] for answer in answers if answer.startswith('{"value":"') and "quote" not in answer
    }


def test_what_stands_aside_tempts_and_answers_nothing(sheet: Sheet) -> None:
    tempting = {each.draw(random.Random(0))[0] for ask in sheet.asks for each in ask.statements if each.value is None}
    aside = [passage for seed in range(60) if (passage := composed(sheet, random.Random(seed))).aside]
    assert 10 < len(aside) < 50
    for passage in aside:
        assert any(text in passage.aside for text in tempting)
        for ask in passage.asks:
            for answer in ask.answers.values():
                assert not any(words in passage.aside for words in answer.words)


def test_a_question_with_the_name_of_the_list_is_left_out(passage: Passage) -> None:
    assert (passage.list, passage.asks[0].name) == ("pen", "n_hens")
    named = replace(passage, asks=(replace(passage.asks[0], name="pens"), *passage.asks[1:]))
    examples = Builder(count, [], varied=False).of_passage(named, random.Random(1))
    asked = ["".join(each.question.id.names) for each in examples if each.question.form == "parameters"]
    assert "weight" in asked
    assert "pens" not in asked


def test_others_studies_of_the_same_field_stand_near(passage: Passage) -> None:
    told = "Others kept 31 hens for a year."
    near = Builder(count, [], around=(0,), shown=(400,), other_work={passage.field: [told]})
    far = Builder(count, [], around=(0,), shown=(400,), other_work={"geology": [told]})
    shown = [
        [
            any(told in each.question.shown.text for each in of.of_passage(passage, random.Random(seed)))
            for seed in range(20)
        ]
        for of in (near, far)
    ]
    assert 2 <= sum(shown[0]) <= 14
    assert not any(shown[1])


def test_statements_are_a_kind_of_data(tmp_path: Path) -> None:
    for folder, file in (("statements", PONDS), ("passages", PONDS.with_name("hens-1.txt"))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file.name).write_bytes(file.read_bytes())
    (tmp_path / "statements" / "dentistry-1.txt").write_bytes(PONDS.read_bytes())
    assert sources.beside([tmp_path / "passages"]) == (tmp_path / "statements",)
    data = sources.Sources((tmp_path / "passages",), None, (tmp_path / "statements",), variants=4, compositions=5)
    material = sources.material_of(data)  # none of dentistry
    assert Counter(kind for kind, _, _ in sources.jobs(data, material)) == {"passage": 4, "sheet": 5}
    assert {kind for kind, _, _ in sources.jobs(replace(data, without=("statements",)), material)} == {"passage"}


def test_the_statements_that_are_committed_are_sound() -> None:
    sheets = sources.sheets([STATEMENTS])
    assert len(sheets) >= 40
    assert [f"{each.name} {fault}" for each in sheets for fault in each.faults()] == []


# ---- training ----


def test_batches_hold_no_more_than_they_may_when_they_are_padded() -> None:
    rows = [{"prompt": [0] * length, "answer": [0]} for length in range(1, 400)]
    made = list(batches(rows, 2000, 0))
    assert sorted(index for batch in made for index in batch) == list(range(399))
    assert all(len(batch) * rounded(max(batch) + 2) <= 2000 for batch in made)


@pytest.mark.slow
def test_training_goes_on_where_the_model_cannot_be_compiled() -> None:
    def broken(*graph: object) -> object:
        raise RuntimeError("there is no compiler")

    config = LlamaConfig(vocab_size=20, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    learner = Learner(LlamaForCausalLM(config), "cpu", 1e-2)
    batch = [{"prompt": [1, 2, 3], "answer": [4, 5], "weights": [1.0, 1.0]}]
    try:
        with torch._dynamo.config.patch(suppress_errors=True):  # as it is once outlines is imported
            learner.compile(broken)
            losses = [learner.step(batch, 1.0) for _ in range(5)]
    finally:
        torch.compiler.set_stance("default")
    assert not learner.compiled
    assert losses[-1] < losses[0]


def test_a_trained_model_does_not_claim_the_shards_of_its_base(tmp_path: Path) -> None:
    base, setting = tmp_path / "base", Setting(tmp_path / "base", tmp_path / "out", sources.Sources((), None))
    base.mkdir()
    (base / "model.safetensors.index.json").write_text(
        '{"weight_map": {"lm_head.weight": "model-00001-of-2.safetensors"}}'
    )
    (base / "tokenizer.json").write_text("{}")
    config = LlamaConfig(vocab_size=20, hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1)
    folder = save(LlamaForCausalLM(config), setting)
    assert {"config.json", "model.safetensors", "tokenizer.json"} <= {file.name for file in folder.iterdir()}
    assert not (folder / "model.safetensors.index.json").exists()


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

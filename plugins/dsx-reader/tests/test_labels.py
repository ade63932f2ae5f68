"""dsx-reader: a larger model's answers about texts that nobody annotated, and training on them."""

from __future__ import annotations

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from dsx_reader import label as labelling
from dsx_reader import sources
from dsx_reader.asking import Questions, lists_of_records, open_questions
from dsx_reader.command import cli
from dsx_reader.evaluate import _judge
from dsx_reader.examples import Example
from dsx_reader.label import Asked, _label
from dsx_reader.labels import Label, drawn, example_of, learnt, read_labels, written
from dsx_reader.passages import Ask, read_passages
from dsx_reader.sources import Encoder, Sources
from dsx_reader.statements import read_sheet
from transformers import AutoTokenizer

from dsx import parameter_set
from dsx.plugin_api import Completion, Confidence, Parameter, Places, Question, QuestionId, Shown, UsageError
from dsx.plugin_api.training import QuestionGroups

HERE = Path(__file__).parent
VALUE = Label(0, "ponds", "Fill in.", "Nine newts swam.", "n (integer)", '{"value":9,"quote":"Nine newts"}', 0.9, 0.8)
NULL = replace(VALUE, answer="null", reported=0.1, value=1.0)
TEXTS = (
    "Nine newts lived in each pond. The cloth was drawn over the pond on one morning.",
    "Forty hens were kept in two pens of 3 kg of straw.",
    "Seeds were sown by hand on 12 plots in spring.",
)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    rows = [{"text": text, "source": f"of-{at}"} for at, text in enumerate(TEXTS)]
    file = tmp_path / "annotations.jsonl.gz"
    with gzip.open(file, "wt", encoding="utf-8") as lines:
        lines.writelines(json.dumps(row) + "\n" for row in (*rows, rows[0]))
    return file


def asked() -> list[Ask]:
    return list(open_questions(read_passages(HERE / "hens-1.txt"), [read_sheet(HERE / "ponds-1.txt")]))


def test_questions_are_in_a_texts_own_words() -> None:
    others = [
        Ask(name, kind, "", f"The {name} of the {letter * 5}.", {}, {})
        for name, kind in (("amount", "number"), ("count", "integer"), ("way", "text"))
        for letter in "klmnopqrst"
    ]
    terse = Ask("pond_light", "number", "", "Pond light.", {}, {})
    questions = Questions([*asked(), *others, terse])
    names = {ask.name for ask in questions.about("Shade over a pond: light fell at once.", 4, random.Random(0))}
    assert "shading" in names, "by the words of its statements"
    assert "pond_light" not in names, "what it means depends on its paper"


@pytest.mark.parametrize("seed", range(5))
def test_questions_are_of_several_types_and_not_near_the_same(seed: int) -> None:
    alike = [Ask(f"n_{word}_1", "integer", "", f"Number of {word} birds.", {}, {}) for word in ("brown", "brown", "b")]
    chosen = Questions([*asked(), *alike]).about("The number of brown birds in the pond", 8, random.Random(seed))
    assert len({ask.name for ask in chosen}) == len(chosen)
    assert sum("brown" in ask.name for ask in chosen) <= 1
    assert max(Counter(ask.type for ask in chosen).values()) <= 2


def test_lists_of_records_are_asked_for_where_their_labels_are_in_a_texts_words() -> None:
    (pens,) = lists_of_records(read_passages(HERE / "hens-1.txt"))
    assert (pens.name, pens.description, pens.answers[""].words) == ("pen", "One of the pens.", ("Pen A", "Pen B"))
    sites = replace(pens, name="site", description="One of the sites.", answers={})
    questions = Questions([sites, pens])
    assert {questions.about("Light fell on a pen.", 1, random.Random(seed))[0].name for seed in range(5)} == {"pen"}


def test_a_question_about_each_record_stays_one() -> None:
    each = {ask.name for ask in open_questions(read_passages(HERE / "hens-1.txt"), []) if "" not in ask.answers}
    assert each == {"light"}


def test_a_file_without_its_end_gives_what_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "labels.jsonl.gz"
    file.write_bytes(written([VALUE, NULL]) + written([VALUE] * 3)[:-20])
    assert list(read_labels(file))[:2] == [VALUE, NULL]
    file.write_bytes(gzip.compress(b'{"value": 3}'))
    with pytest.raises(UsageError, match="holds no labels"):
        list(read_labels(file))


def test_what_is_unsure_is_not_learnt(tmp_path: Path) -> None:
    unsure = [replace(VALUE, value=0.5), replace(VALUE, reported=0.5), replace(NULL, reported=0.4)]
    (tmp_path / "1.gz").write_bytes(written([VALUE, *unsure, replace(NULL, text=1)]))
    (tmp_path / "2.gz").write_bytes(written([NULL]))
    assert learnt([tmp_path / "1.gz", tmp_path / "2.gz"]) == [[VALUE], [replace(NULL, text=1)], [NULL]]


def test_an_epoch_has_no_more_nulls_than_values_of_labelled_texts() -> None:
    texts = [[VALUE, NULL, NULL], [VALUE], *([replace(NULL, text=at)] * 2 for at in range(50))]
    epochs = [drawn(texts, random.Random(seed)) for seed in (0, 0, 1)]
    assert [Counter(label.is_null for text in epoch for label in text) for epoch in epochs] == [{True: 2, False: 2}] * 3
    assert all(all(epoch) for epoch in epochs)
    assert epochs[0] == epochs[1] != epochs[2]
    assert drawn([[NULL]], random.Random(0)) == []


def test_labels_are_encoded_as_other_examples_are(small: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.gz").write_bytes(written([VALUE, NULL]))
    data = Sources((), None, labelled=(tmp_path / "labels.gz",))
    material = sources.material_of(data)
    (job,) = sources.jobs(data, material)
    tokenizer = AutoTokenizer.from_pretrained(small)
    rows = Encoder(tokenizer, data, material).encoded(job)
    assert [tokenizer.decode(row["answer"]) for row in rows] == [VALUE.answer, "null"]
    assert {row["source"] for row in rows} == {"labelled:ponds"}
    assert "Nine newts swam." in tokenizer.decode(rows[0]["prompt"])
    assert min(rows[0]["weights"]) < 1 == min(rows[1]["weights"])
    before = sources.drawing(data)
    (tmp_path / "labels.gz").write_bytes(written([VALUE]))
    assert sources.drawing(data) != before, "other labels are other data"
    assert example_of(VALUE).question.form == "parameters"


class Canned:
    """Answers later groups before it ends the earlier ones; "c" fails and "d" is cut."""

    def answer(self, questions: QuestionGroups) -> Iterator[Completion]:
        for question in reversed(list(questions)):
            name = question.parameters[0].name
            sure = {name: Confidence(0.75, 0.5)}
            error = "no memory" if name == "c" else None
            yield Completion(question.id, f'{{"value":"{name}"}}', True, name == "d", sure, error=error)


@pytest.mark.parametrize("gpu", [False, True])
def test_failed_answers_are_left_out_and_texts_come_whole(gpu: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: gpu)

    def text(number: int, names: str) -> labelling.Asked:
        ids = [QuestionId(str(number), (), (name,)) for name in names]
        parameters = [(Parameter(name, {"type": "string"}),) for name in names]
        pairs = zip(ids, parameters, strict=True)
        made = {one: Question(one, "Fill in.", Shown("Newts.", (), True), "?", "parameters", own) for one, own in pairs}
        return labelling.Asked(number, "ponds", made, waiting=len(made))

    groups = iter([[text(0, "abc")], [text(1, ""), text(2, "cd"), text(3, "b")]])
    engine: Any = Canned()
    got = {each.number: each.labels for each in labelling._answered(engine, groups)}
    assert list(got) == ([3, 2, 0] if gpu else [0, 3, 2])
    answers = {number: [label.answer for label in labels] for number, labels in got.items()}
    assert answers == {0: ['{"value":"b"}', '{"value":"a"}'], 2: [], 3: ['{"value":"b"}']}
    assert {(label.reported, label.value, label.text) for label in got[0]} == {(0.75, 0.5, 0)}


class Lister:
    """Makes a question which pens there are, then one about each."""

    def asked(self, job: labelling.Job) -> labelling.Asked:
        names = [None] if job.labels is None else list(job.labels or [""])
        form: Any = "labels" if job.labels is None else "parameters"
        made = {}
        for name in names:
            one = QuestionId(str(job.number), names=("pens",) if name is None else ("n", name))
            parameters = () if job.labels is None else (Parameter("n", {"type": "string"}),)
            made[one] = Question(one, "Fill in.", Shown("Hens.", (), True), "?", form, parameters, record=name)
        return labelling.Asked(job.number, "hens", made, waiting=len(made))


class Keeper:
    """Knows of two pens in the first text, of none in the second, and fails to list those of the third."""

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        for question in list(questions):
            if question.form == "parameters":
                text = f'{{"value":"{question.record}"}}'
                yield Completion(question.id, text, True, False, {"n": Confidence(0.9, 1.0)})
                continue
            text = {"0": '["Pen A","Pen B"]', "1": "null", "2": '["Pen'}[question.id.document]
            yield Completion(question.id, text, True, text.endswith("Pen"))


@pytest.mark.parametrize("at_a_time", [1, 2, 3])
def test_records_are_asked_for_and_then_asked_about(at_a_time: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labelling, "AT_A_TIME", at_a_time)
    monkeypatch.setattr(labelling, "_maker", Lister())
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    engine: Any = Keeper()
    with ThreadPoolExecutor(1) as pool:
        first = labelling._made(pool, [labelling.Job(number) for number in range(at_a_time)])
        texts = list(labelling._labelled(engine, pool, range(3), first))
    listed, unnamed, failed = ([(each.answer, each.is_sure) for each in text.labels] for text in texts)
    assert listed == [('["Pen A","Pen B"]', True), ('{"value":"Pen A"}', True), ('{"value":"Pen B"}', True)]
    assert unnamed == [("null", True), ('{"value":""}', True)]
    assert failed == [('{"value":""}', True)]
    assert all(text.waiting == 0 for text in texts)


@pytest.mark.slow
def test_a_model_labels_texts_and_goes_on(small: Path, texts: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(labelling, "GROUP", 1)
    monkeypatch.setattr(labelling, "CHUNK", 1)
    out = tmp_path / "labels.jsonl.gz"
    words = ["label", "--model", small, "--annotations", texts, "--out", out, "--questions", 3]
    words += ["--passages", HERE / "hens-1.txt", "--statements", HERE / "ponds-1.txt", "--processes", 1]
    words += ["--set", "cache_gigabytes=0.01", "--set", "dtype=float32"]

    def run(*more: object) -> list[Label]:
        done = CliRunner().invoke(cli, [str(word) for word in (*words, *more)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return list(read_labels(out))

    first = run("--shard", "1/2", "--limit", 1)
    assert len({each.text for each in first}) == 1
    whole = run("--shard", "1/2")
    assert whole[: len(first)] == first
    whole = run()
    assert {each.source for each in whole} == {"of-0", "of-1", "of-2"}
    lists = [each for each in whole if "pens" in each.prompt and each.value == 1 and not each.answer.startswith("{")]
    assert {each.text for each in lists} == {each.text for each in whole}, "each text is asked which pens it tells of"
    values = [json.loads(each.answer) for each in whole if each not in lists and each.answer != "null"]
    assert all(value["value"] is not None for value in values)
    assert all(0 <= each.reported <= 1 and 0 <= each.value <= 1 for each in whole)
    assert run() == whole


def test_a_number_that_a_run_reads_as_null_is_labelled_null() -> None:
    (n_men,) = parameter_set(
        {"type": "object", "properties": {"n_men": {"type": "integer", "description": "Number of men."}}}
    ).root.parameters
    girls, ten = '{"value":8,"quote":"Ten (8 girls) came."}', '{"value":10,"quote":"Ten (8 girls) came."}'
    places = Places("answer", (ten, girls), meaning_null=frozenset([girls]))
    shown = Shown("Ten (8 girls) came.", (), whole=True)
    question = Question(QuestionId("0"), "", shown, "", "parameters", parameters=(n_men,), places=places)
    text, sure = Asked(0, "of", {question.id: question}), {"n_men": Confidence(0.9, 0.6)}
    null, value = (_label(text, Completion(question.id, answer, True, confidence=sure)) for answer in (girls, ten))
    assert null is not None
    assert (null.answer, null.reported, null.value) == ("null", 0.36, 1.0)
    assert value is not None
    assert (value.answer, value.reported, value.value) == (ten, 0.9, 0.6)
    example = Example(question, "null", "of:a")
    kind, score, judged = _judge([example], [Completion(question.id, girls, True, confidence=sure)])
    assert (kind, score.right_nulls, score.given, judged.is_right) == ("number", 1, 0, True)
    assert judged.confidence == pytest.approx(0.64)

"""Options scored by the engine `transformers`: on a small random model, against the model's own forward passes."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from dsx.engines.local.engine import TransformersEngine
from dsx.types import AnswerForm, EngineSettings, Passage, Question, QuestionId, Shown

pytestmark = pytest.mark.slow

TEXT = "Twenty-four people took part. Each saw 80 mm and 128 mm targets.\nThe delay was 12 s in one group."


@pytest.fixture(scope="module")
def engine(random_folder: str) -> Iterator[TransformersEngine]:
    settings = EngineSettings(model=random_folder, options={"dtype": "float32", "device": "cpu"})
    loaded = TransformersEngine(settings)
    yield loaded
    loaded.close()


def question(name: str, form: AnswerForm, options: tuple[str, ...] = (), **more: Any) -> Question:
    shown = Shown(TEXT, (Passage(0, len(TEXT)),), True)
    return Question(QuestionId("d", (), (name,)), "Read.", shown, f"What is {name}?", form, options=options, **more)


def share(engine: TransformersEngine, asked: Question, option: str) -> float:
    """The option's share of what may follow, token by token, by forward passes of the whole prompt."""
    prompt = [*engine.renderer.prefix(asked), *engine.renderer.suffix(asked)]
    paths = [tuple(engine.renderer.encode_text(other)) for other in asked.options]
    path = tuple(engine.renderer.encode_text(option))
    with torch.inference_mode():
        logits = engine.model(input_ids=torch.tensor([[*prompt, *path]])).logits[0, len(prompt) - 1 :]
    chances = logits.float().softmax(-1)
    score = 0.0
    for at, token in enumerate(path):
        following = {other[at] for other in paths if other[:at] == path[:at] and len(other) > at}
        score += math.log(float(chances[at, token]) / sum(float(chances[at, each]) for each in following))
    return score


def test_choices_are_scored_by_the_model_s_own_probabilities(engine: TransformersEngine) -> None:
    choices = ('"abrupt"', '"gradual"', "null")
    asked = [question("b", "options", choices), question("c", "one", choices)]
    completions = {completion.question_id: completion for completion in engine.answer(asked)}
    scored = completions[asked[0].id]
    truth = {option: share(engine, asked[0], option) for option in choices}
    assert scored.text == max(truth, key=truth.__getitem__)
    assert scored.scores == pytest.approx(truth, abs=2e-3)
    assert completions[asked[1].id].text in choices


def test_null_and_numbers_add_up_to_one(engine: TransformersEngine) -> None:
    numbers = ("12", "128", "80 mm", "24", "null")
    (completion,) = engine.answer([question("a", "options", numbers)])
    assert sum(map(math.exp, completion.scores.values())) == pytest.approx(1, abs=1e-6)


def test_scores_do_not_depend_on_what_is_asked_beside_them(engine: TransformersEngine) -> None:
    options = ("12", "128", "80 mm", "24", "null")
    alone = next(iter(engine.answer([question("a", "options", options)])))
    others = [question(f"x{at}", "options", options[at % 3 :]) for at in range(6)]
    together = {each.question_id: each for each in engine.answer([*others, question("a", "options", options)])}
    assert together[alone.question_id].scores == pytest.approx(alone.scores, abs=1e-4)


def test_words_are_taken_from_the_text(engine: TransformersEngine) -> None:

    asked = [
        question("text", "text", max_characters=30),
        question("texts", "texts", max_characters=20, max_items=3),
        question("labels", "labels", max_characters=20, max_items=2, may_be_empty=True),
        question("numbers", "numbers", ("80 mm", "128 mm"), max_items=4),
    ]
    completions = {completion.question_id.names[0]: completion for completion in engine.answer(asked)}
    assert all(completion.error is None for completion in completions.values())
    text = json.loads(completions["text"].text)
    assert text in TEXT
    assert 0 < len(text) <= 30
    assert all(item in TEXT for item in json.loads(completions["texts"].text))
    assert all(label in TEXT for label in json.loads(completions["labels"].text) or [])
    listed = completions["numbers"].text
    assert listed[0] + listed[-1] == "[]"
    assert set(listed[1:-1].split(",")) <= {"80 mm", "128 mm"}


def test_an_option_sequence_that_outgrows_its_slots_goes_on(engine: TransformersEngine, tmp_path: Path) -> None:
    long = tuple(f'"{" ".join(["people"] * 90)} {at}"' for at in range(2))
    completion = next(iter(engine.answer([question("long", "options", (*long, "null"))])))
    assert completion.error is None
    assert completion.scores

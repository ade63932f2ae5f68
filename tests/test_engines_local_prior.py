"""What a model chooses without a text is taken out of its choices: held against the model's own probabilities."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy
import pytest
import torch

from dsx.engines.local.engine import TransformersEngine
from dsx.engines.local.prior import NO_QUOTE
from dsx.engines.local.sequence import Sequence as EngineSequence
from dsx.schema import read
from dsx.types import EngineSettings, Passage, Places, Question, QuestionId, Shown

TEXT = "Twelve adults moved a cursor with the left hand."
HANDS = ["right", "left", "both", "right or left"]


@pytest.fixture(scope="module")
def engines(random_folder: str) -> dict[float, TransformersEngine]:
    settings = EngineSettings(model=random_folder, max_new_tokens=64, options={"dtype": "float32", "device": "cpu"})
    return {weight: TransformersEngine(replace(settings, prior_weight=weight)) for weight in (0.0, 0.5, 1.0)}


def asked(prior_prompt: str | None, record: str = "Experiment 1") -> Question:
    schema = {"type": "object", "properties": {"hand": {"enum": HANDS, "description": "The hand that moved."}}}
    return Question(
        QuestionId("paper", names=(record,)),
        "Read the text.",
        Shown(TEXT, (Passage(0, len(TEXT)),), True),
        f"{record}: which hand?",
        "parameters",
        read(schema, "small").root.parameters,
        places=Places("chosen", (json.dumps(TEXT),)),
        prior_prompt=prior_prompt,
    )


def next_token(engine: TransformersEngine, question: Question, output: Sequence[int]) -> torch.Tensor:
    """Log-probabilities of what may come after these tokens of the answer, by a forward pass of the model itself."""
    sequence = engine.sequence(question)
    assert isinstance(sequence, EngineSequence)
    with torch.inference_mode():
        prompt = [*sequence.prefix_tokens, *sequence.suffix_tokens, *output]
        logits = engine.model(torch.tensor([prompt])).logits[0, -1, : engine.vocabulary].double()
    matcher = sequence.grammar.deep_copy()
    matcher.consume_tokens(list(output))
    bits = numpy.unpackbits(numpy.frombuffer(matcher.compute_bitmask(), numpy.uint8), bitorder="little")
    legal = torch.from_numpy(bits[: engine.vocabulary].copy()).bool()
    return logits.masked_fill(~legal, float("-inf")).log_softmax(-1)


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_each_token_is_weighed_by_what_it_is_without_a_text(
    engines: dict[float, TransformersEngine], weight: float
) -> None:
    engine = engines[weight]
    question = asked("Which hand?")
    bare = replace(question, shown=Shown("", (), True), prompt="Which hand?", places=NO_QUOTE)
    correction = engine.priors.correction(question)
    assert correction is not None
    [prior] = [prior for (_, prompt), prior in engine.priors.known.items() if prompt == "Which hand?"]
    assert prior is not None
    assert () not in prior.steps  # null or not is decided as it was
    assert len(prior.steps) >= 2
    for output, known in prior.steps.items():
        without = next_token(engine, bare, output)
        with_text = next_token(engine, question, output)
        for token, log_probability in known.items():
            assert log_probability == pytest.approx(float(without[token]), abs=1e-3)
            with_text[token] -= weight * log_probability
        sequence = engine.sequence(question)
        assert isinstance(sequence, EngineSequence)
        sequence = replace(sequence, suffix_tokens=[*sequence.suffix_tokens, *output], correction=None)
        sequence.grammar.consume_tokens(list(output))
        sequence.correction = lambda more, output=output: correction([*output, *more])  # type: ignore[misc]
        [done] = engine.loop.run([sequence])
        assert done.output_tokens[done.sampled[0].index] == int(with_text.argmax())
        expected = with_text.log_softmax(-1).max()
        assert done.sampled[0].log_probability == pytest.approx(float(expected), abs=1e-3)


def test_without_a_prior_prompt_or_weight_nothing_changes(engines: dict[float, TransformersEngine]) -> None:
    def answers(weight: float, prior_prompt: str | None) -> list[tuple[str, float]]:
        found = engines[weight].answer([asked(prior_prompt, f"Study {at}") for at in range(12)])
        return sorted((str(each.question_id), each.text, round(each.confidence["hand"].value, 4)) for each in found)

    assert answers(0.0, "Which hand?") == answers(1.0, None) == answers(0.0, None)
    assert answers(1.0, "Which hand?") != answers(0.0, None)


def test_a_prior_does_not_depend_on_what_else_is_asked(random_folder: str) -> None:
    settings = EngineSettings(model=random_folder, max_new_tokens=64, prior_weight=1.0, options={"device": "cpu"})
    alone, beside = TransformersEngine(settings), TransformersEngine(settings)
    list(alone.answer([asked("Which hand?")]))
    list(beside.answer([asked(words, words) for words in ("Whose hand?", "Which hand?", "Which paw?")]))
    [prior] = [prior for (_, prompt), prior in beside.priors.known.items() if prompt == "Which hand?"]
    assert [prior] == list(alone.priors.known.values())
    assert prior is not None


def test_a_bias_of_null_moves_the_log_odds_of_a_value_by_as_much(random_folder: str) -> None:
    options = {"dtype": "float32", "device": "cpu"}
    engine = TransformersEngine(
        EngineSettings(model=random_folder, max_new_tokens=64, prior_weight=1.0, options=options)
    )

    def answer(bias: float, prior_prompt: str | None = None) -> tuple[float, str]:
        engine.settings = replace(engine.settings, null_bias=bias)
        [completion] = engine.answer([asked(prior_prompt)])
        return completion.confidence["hand"].reported, completion.text

    plain, _ = answer(0.0)
    for bias in (-1.5, 2.0):
        for prior_prompt in (None, "Which hand?"):
            reported, _ = answer(bias, prior_prompt)
            assert math.log(reported / (1 - reported)) == pytest.approx(math.log(plain / (1 - plain)) - bias, abs=1e-3)
    assert answer(10.0)[1] == "null" != answer(-10.0)[1]

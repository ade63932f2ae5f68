"""Draws and the probabilities of all choices: held against the sum over every token path, and from the engine."""

from __future__ import annotations

import json
import math
from collections import abc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import llguidance
import numpy
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from dsx.answers.grammar import lark, matcher
from dsx.answers.reader import value_spans
from dsx.engines.local.attention.kv_cache import KVCache
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.choice_scores import choice_scores, choices
from dsx.engines.local.engine import TransformersEngine
from dsx.engines.local.generate import DecodeLoop
from dsx.engines.local.prefix_cache import PrefixCache, layer_shapes, prefill
from dsx.engines.local.self_consistency import SelfConsistency, agreement, draws
from dsx.engines.local.sequence import Sequence
from dsx.schema import read
from dsx.types import (
    Completion,
    Confidence,
    EngineSettings,
    Order,
    Parameter,
    Passage,
    Question,
    QuestionId,
    Shown,
    Usage,
)

pytestmark = pytest.mark.slow

TEXT = (
    "Twelve right-handed adults moved a cursor to one of 12 targets while it was rotated by 30 degrees. None was paid."
)
BEFORE = 'Text: Ten people. people? {"value":10,"quote":"Ten people"}\n' + TEXT
SCHEMAS: dict[str, dict[str, Any]] = {
    "hand": {"enum": ["right", "left", "mixed"]},
    "rotated": {"type": "boolean"},
    "targets": {"type": "integer", "minimum": 1, "maximum": 8},
    "people": {"type": "integer", "minimum": 1, "maximum": 9999},
}
CLOSED: dict[str, dict[str, Any]] = {
    "integer": {"type": "integer", "minimum": 1, "maximum": 20},
    "powers": {"enum": [1, 10, 100]},
    "n-words": {"enum": ["none", "no", "n/a", "yes"]},
    "beginnings": {"enum": ["left", "right", "right-handed"]},
    "boolean": {"type": "boolean"},
    "signed": {"type": "integer", "minimum": -2, "maximum": 3},
    "unit": {"enum": [3, 30, 300, 0.5], "x-unit": "degree"},
    "letters": {"enum": ["é", 'a"b', "a/b", "aé"]},
    "mixed": {"enum": ["1", 1, True, "true"]},
}


def asked(schemas: dict[str, dict[str, Any]], prompt: str = "") -> Question:
    properties = {name: {**schema, "description": f"the {name}"} for name, schema in schemas.items()}
    parameters = read({"type": "object", "properties": properties}, "small").root.parameters
    prompt = prompt or "Answer in JSON: " + ", ".join(parameter.name for parameter in parameters)
    shown, key = Shown(TEXT, (Passage(0, len(TEXT)),), True), QuestionId("text", names=(prompt,))
    return Question(key, "Read the text.", shown, prompt, "parameters", parameters)


# ---- exactly ----


@dataclass
class Bench:
    """A model and a loop around it. `exact` asks the model itself, one path at a time, without the loop."""

    model: Any
    tokenizer: Any
    words: Any

    @cached_property
    def loop(self) -> DecodeLoop:
        kv_cache = KVCache(layer_shapes(self.model), 4096)
        prefixes = PrefixCache(kv_cache, lambda tokens, start: prefill(self.model, kv_cache, tokens, start))
        return DecodeLoop(ModelRunner(self.model, kv_cache), len(self.tokenizer), [], prefixes.get, 16)

    def token_bytes(self, token: int) -> bytes:
        spelled: bytes = self.words.decode_bytes([token])
        return spelled

    def text(self, sequence: Sequence) -> str:
        return b"".join(map(self.token_bytes, sequence.output_tokens)).decode()

    def answer(self, question: Question, order: Order) -> Sequence:
        """The likeliest that is not null."""
        made = matcher(self.words, lark(replace(question, order=order, brief=True)))
        prefix, suffix = (self.tokenizer(one)["input_ids"] for one in (BEFORE, f"\n{question.prompt}\nJSON: "))
        several = len(question.parameters) > 1

        def likeliest(out: abc.Sequence[int], legal: Mapping[int, float]) -> int:
            written = b"".join(map(self.token_bytes, out)).decode("utf-8", "ignore")
            decides = written.endswith(":") if several else not written
            return max(
                legal, key=lambda token: legal[token] - 99 * (decides and self.token_bytes(token).startswith(b"n"))
            )

        sequence = Sequence("k", prefix, suffix, made, 200, policy=likeliest)
        assert [one.error for one in self.loop.run([sequence])] == [None]
        return sequence

    def exact(self, sequence: Sequence, stem: str, opening: str) -> dict[str, float]:
        """By the JSON of the value that follows `stem + opening`: its probability, given `stem` and no null."""
        length = len(stem.encode())
        sizes = numpy.cumsum([len(self.token_bytes(token)) for token in sequence.output_tokens])
        kept = sequence.output_tokens[: next(step.index for step in sequence.sampled if sizes[step.index] > length)]
        start = sequence.grammar.deep_copy()
        start.consume_tokens(kept)
        paths, found = [(1.0, list(kept), start)], dict[str, float]()
        while paths:
            chance, path, grammar = paths.pop()
            value = self._value(path, stem, opening)
            if value is not None:
                found[value] = found.get(value, 0.0) + chance
            elif forced := grammar.compute_ff_tokens():
                grammar.consume_tokens(forced)
                paths.append((chance, path + forced, grammar))
            elif chance > 1e-4:
                paths += self._further(sequence, chance, path, grammar)
        found.pop("null", None)
        return {value: chance / sum(found.values()) for value, chance in found.items()}

    def _value(self, path: abc.Sequence[int], stem: str, opening: str) -> str | None:
        """The JSON of the value, where it has ended; null where there is none."""
        written = b"".join(map(self.token_bytes, path)).decode("utf-8", "ignore")
        if written.startswith(stem + "n") and opening:
            return "null"
        if not written.startswith(stem + opening):
            return None
        try:
            value, end = json.JSONDecoder().raw_decode(written, len(stem + opening))
        except ValueError:
            return None
        ended = end < len(written) or written[-1] in '"el'
        return json.dumps(value, ensure_ascii=False) if ended else None

    def _further(
        self, sequence: Sequence, chance: float, path: list[int], grammar: Any
    ) -> Iterator[tuple[float, list[int], Any]]:
        with torch.inference_mode():
            logits = (
                self.model(torch.tensor([[*sequence.prefix_tokens, *sequence.suffix_tokens, *path]]))
                .logits[0, -1]
                .double()
            )
        bits = numpy.unpackbits(numpy.frombuffer(grammar.compute_bitmask(), numpy.uint8), bitorder="little")
        legal = torch.from_numpy(bits[: len(logits)].copy()).bool()
        probabilities = logits.masked_fill(~legal, float("-inf")).softmax(-1)
        for token in probabilities.nonzero()[:, 0].tolist():
            further: llguidance.LLMatcher = grammar.deep_copy()
            further.consume_token(token)
            yield chance * float(probabilities[token]), [*path, token], further


@pytest.fixture(scope="module")
def bench(request: pytest.FixtureRequest, embedded_folder: str, words: Any) -> Bench:
    tokenizer = AutoTokenizer.from_pretrained(embedded_folder)
    if getattr(request, "param", "random") == "embedded":
        return Bench(
            AutoModelForCausalLM.from_pretrained(embedded_folder, dtype=torch.float32).eval(), tokenizer, words
        )
    torch.manual_seed(1)
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(**sizes, num_key_value_heads=2, vocab_size=len(tokenizer), initializer_range=0.1)
    return Bench(LlamaForCausalLM(config).eval(), tokenizer, words)


def told(bench: Bench, question: Question, sequence: Sequence) -> dict[str, dict[str, float]]:
    """By parameter: the probability of each choice's JSON."""
    sure = {parameter.name: Confidence(1.0, 1.0) for parameter in question.parameters}
    bare = Completion(question.id, bench.text(sequence), True, confidence=sure)
    self_consistency = SelfConsistency(1, 0, True, bench.loop.run, bench.text, bench.token_bytes)
    [completion] = self_consistency.add([(question, sequence, bare)])
    return {
        name: {json.dumps(choice, ensure_ascii=False): chance for choice, chance in sure.alternatives}
        for name, sure in completion.confidence.items()
    }


def close(told: dict[str, float], exact: dict[str, float]) -> bool:
    assert set(exact) <= set(told)
    assert math.isclose(sum(told.values()), 1, abs_tol=1e-3)
    return all(abs(chance - exact.get(value, 0.0)) < 0.002 for value, chance in told.items())


ORDERS = ("value-quote", "quote-value")
CASES = [("random", name, order) for name in CLOSED for order in ORDERS]
CASES += [("embedded", "n-words", "value-quote")]


@pytest.mark.parametrize(("bench", "name", "order"), CASES, indirect=["bench"])
def test_alternatives_are_the_sums_over_all_token_paths(bench: Bench, name: str, order: Order) -> None:
    question = asked({name: CLOSED[name]})
    sequence = bench.answer(question, order)
    text = bench.text(sequence)
    first = value_spans([name], text)[0].first
    stem, opening = ("", text[:first]) if order == "value-quote" else (text[:first], "")
    assert close(told(bench, question, sequence)[name], bench.exact(sequence, stem, opening))


def test_alternatives_of_several_parameters_in_one_answer(bench: Bench) -> None:
    names = ["powers", "beginnings", "unit", "boolean"]
    question = asked({name: CLOSED[name] for name in names})
    sequence = bench.answer(question, "value-quote")
    text = bench.text(sequence)
    found = told(bench, question, sequence)
    for span in value_spans(names, text):
        assert close(found[span.name], bench.exact(sequence, text[: span.start], '{"value":'))


def test_a_few_rows_are_enough_and_are_counted(bench: Bench) -> None:
    question = asked({"integer": CLOSED["integer"]})
    sequence = bench.answer(question, "value-quote")
    more: list[Sequence] = []

    def run(sequences: abc.Sequence[Sequence]) -> Iterator[Sequence]:
        more.extend(sequences)
        return bench.loop.run(sequences)

    used = Usage(tokens_prompt=9, tokens_sampled=3, tokens_forced=2, forward_passes=1.5, ms_model=1.0, ms_grammar=1.0)
    bare = Completion(question.id, bench.text(sequence), True, confidence={"integer": Confidence(1.0, 1.0)}, usage=used)
    [completion] = SelfConsistency(2, 0, True, run, bench.text, bench.token_bytes).add([(question, sequence, bare)])
    usage = completion.usage
    assert 3 <= len(more) <= 10
    assert all(one.forward_passes > 0 for one in more)
    assert math.isclose(usage.forward_passes, 1.5 + sum(one.forward_passes for one in more))
    assert usage.tokens_sampled == 3 + sum(len(one.sampled) for one in more) > 3
    assert usage.tokens_forced == 2 + sum(one.num_forced_tokens for one in more) > 2
    assert min(usage.ms_model, usage.ms_grammar) > 1
    assert usage.tokens_prompt == 9


def test_what_cannot_be_measured_is_not_made_up(bench: Bench) -> None:
    question = asked({"integer": CLOSED["integer"]})
    sequence = bench.answer(question, "value-quote")
    [failing] = choice_scores(question, sequence, bench.text(sequence), bench.token_bytes)
    for one in failing.next_sequences():
        one.error = "out of memory"
    failing.collect()
    assert failing.probabilities() == ()
    assert failing.next_sequences() == []

    [halting] = choice_scores(question, sequence, bench.text(sequence), bench.token_bytes)
    list(bench.loop.run(halting.next_sequences()))
    halting.collect()
    for one in halting.next_sequences():
        one.error = "out of memory"
    halting.collect()
    assert 0 < sum(chance for _, chance in halting.probabilities()) < 0.99  # lower bounds


# ---- from the engine ----


@pytest.fixture(scope="module")
def answers(embedded_folder: str) -> dict[str, Completion]:
    """By parameter, with two draws and all alternatives: one parameter alone, and all in one question."""
    engine = TransformersEngine(
        EngineSettings(model=embedded_folder, samples=2, alternatives=True, options={"dtype": "float32"})
    )
    found = {}
    for schemas in ({"hand": SCHEMAS["hand"]}, SCHEMAS):
        [completion] = engine.answer([asked(schemas)])
        found |= {f"{name} of {len(schemas)}": completion for name in schemas}
    engine.close()
    return found


@pytest.mark.parametrize("name", ["hand of 1", "hand of 4", "rotated of 4", "targets of 4"])
def test_probabilities_of_all_choices(answers: dict[str, Completion], name: str) -> None:
    sure = answers[name].confidence[name.split()[0]]
    if sure.value == 1.0 and not sure.alternatives:
        pytest.skip("the model answered null")
    legal = choices(Parameter(name, SCHEMAS[name.split()[0]]))
    assert sorted(map(str, dict(sure.alternatives))) == sorted(map(str, legal))
    assert math.isclose(sum(chance for _, chance in sure.alternatives), 1, abs_tol=1e-3)
    assert sure.alternatives[0][1] > sure.value - 1e-3  # of which other token paths are a part


def test_what_has_many_values_has_no_alternatives(answers: dict[str, Completion]) -> None:
    assert answers["people of 4"].confidence["people"].alternatives == ()


def test_agreement_is_a_share_of_the_draws(answers: dict[str, Completion]) -> None:
    shares = [sure.agreement for one in answers.values() for sure in one.confidence.values()]
    assert all(share is not None and share in (0, 0.5, 1) for share in shares)
    assert any(share is not None and share > 0 for share in shares)


# ---- choices, agreement, seeds ----


@pytest.mark.parametrize("schema", [{"type": "string"}, {"type": "number"}, {"type": "integer", "minimum": 0}])
def test_no_choices_of_open_types(schema: dict[str, Any]) -> None:
    assert choices(Parameter("x", schema)) == []


def test_choices_are_legal_ones() -> None:
    assert choices(Parameter("x", {"type": "integer", "minimum": 0, "maximum": 60, "multipleOf": 20})) == [
        0,
        20,
        40,
        60,
    ]
    assert choices(Parameter("x", {"type": "integer", "exclusiveMinimum": 0, "exclusiveMaximum": 4})) == [1, 2, 3]


def said(value: object, unit: str | None = None) -> str:
    return json.dumps({"value": value} | ({"unit": unit} if unit else {}) | {"quote": "a"})


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        (said(80, "mm"), said(80, "cm"), False),
        (said(80, "mm"), said(8, "cm"), True),
        (said(80, "mm"), said(80, "millimeters"), True),
        (said(0.3, "m"), said(30, "cm"), True),
        (said([80, 90], "mm"), said([8, 9], "cm"), True),
        (said([80, 90], "mm"), said([8], "cm"), False),
        (said(80, "mm"), said(80, "furlongs of another kind"), False),
        (said(80, "mm"), "null", False),
        ("null", "null", True),
    ],
)
def test_agreement_minds_the_unit(one: str, other: str, agree: bool) -> None:
    question = asked({"length": {"type": "number", "x-unit": "cm"}})
    assert agreement(question, one, [other]) == {"length": float(agree)}


def test_agreement_without_a_unit() -> None:
    question = asked({"any": {"enum": [1, True, "1"]}})
    assert agreement(question, said(1), [said(1.0), said(True), said("1")]) == {"any": 1 / 3}


class Drawn:
    """Draws that end as they are told to: a text, or a reason why there is none."""

    def __init__(self, *ends: str) -> None:
        self.ends, self.texts = ends, dict[str, str]()

    def run(self, sequences: abc.Sequence[Sequence]) -> Iterator[Sequence]:
        for sequence, end in zip(sequences, self.ends, strict=True):
            sequence.error = "it failed" if end == "failed" else None
            sequence.truncated = end == "truncated"
            self.texts[sequence.key] = end
            yield sequence


@pytest.mark.parametrize(
    ("ends", "share"),
    [
        (("failed", "truncated", said(True), said(False)), 0.5),
        (("failed", "truncated", said(True), said(True)), 1.0),
        (("failed", "truncated", "failed", "truncated"), None),
    ],
)
def test_draws_without_an_answer_do_not_count(ends: tuple[str, ...], share: float | None, words: Any) -> None:
    question, drawn = asked({"rotated": SCHEMAS["rotated"]}), Drawn(*ends)
    sequence = Sequence(question.id, [1], [1], matcher(words, lark(question)), 9)
    bare = Completion(question.id, said(True), True, confidence={"rotated": Confidence(1.0, 1.0)})
    self_consistency = SelfConsistency(
        4, 0, False, drawn.run, lambda sequence: drawn.texts[sequence.key], lambda token: b""
    )
    [completion] = self_consistency.add([(question, sequence, bare)])
    assert completion.confidence["rotated"].agreement == share


def test_every_draw_has_a_seed_of_its_own_and_keeps_it(words: Any) -> None:
    grammar = matcher(words, lark(asked({"rotated": SCHEMAS["rotated"]})))

    def seeds(key: str, seed: int) -> list[int | None]:
        return [sequence.seed for sequence in draws(Sequence(key, [1], [1], grammar, 9), 8, seed)]

    assert len({*seeds("a", 0), *seeds("b", 0), *seeds("a", 1)}) == 24
    assert seeds("a", 0) == seeds("a", 0)
    assert seeds("a", 0)[0] == 7756895851570414870
    torch.Generator().manual_seed(max(seed for seed in seeds("a", 0) if seed is not None))

"""The engine of plugins/dsx-vllm on a GPU: loads a model into vLLM, asks twice, judges each answer.

    python benchmarks/gpu/vllm_answers.py MODEL [--real] [--eager]

MODEL: a folder; its weights are read with --real, else they are random. Answers must parse, their quotes stand in the
text, their confidences lie in 0…1, a prompt that is too long be a named error, and no token that the grammar forbids
have a probability. The last line says PASS or FAIL.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import dsx_vllm
import llguidance
import llguidance.hf
import llguidance.numpy
import torch

from dsx.answers.grammar import lark
from dsx.types import Completion, EngineSettings, Parameter, Question, Shown

TEXT = 'Sixteen people (n = 16) took part.\nThey were "seated"; mean age was 23.4 years.'
SYSTEM = "You fill in JSON from the text. Every value comes with a quote from the text, word for word."
LEAVES = {
    "How many people took part (n)?": Parameter("n", {"type": "integer", "minimum": 0, "maximum": 999}, "how many"),
    "What is their mean age?": Parameter("age", {"type": "number", "minimum": 0, "maximum": 120}, "age", unit="year"),
    "How were they: seated, standing?": Parameter("posture", {"enum": ["seated", "standing"]}, "how they sat"),
}
IMPOSSIBLE = -13.0
"""A log-probability below this is what masking leaves of a forbidden token."""


def questions() -> list[Question]:
    """One parameter each, all together, a list of records, and one about a text that is too long."""
    shown, leaves = Shown(TEXT, (), True), tuple(LEAVES.values())
    asked = [Question(leaf.name, SYSTEM, shown, text, "parameters", (leaf,)) for text, leaf in LEAVES.items()]
    asked.append(Question("all", SYSTEM, shown, "n, age, posture: JSON.", "parameters", leaves))
    asked.append(Question("records", SYSTEM, shown, "Which experiments are there?", "records", max_records=3))
    asked.append(Question("long", SYSTEM, Shown("word " * 3000, (), True), "?", "parameters", leaves[:1]))
    return asked


def problems(done: Completion) -> Iterator[str]:
    """What is wrong with one answer."""
    if done.question_id == "long":
        if "too many for a context of" not in (done.error or ""):
            yield f"error {done.error!r}"
        return
    if done.error is not None:
        yield done.error
        return
    said: Any = json.loads(done.text)
    inner = said if done.question_id == "records" else list(said.values()) if done.question_id == "all" else [said]
    yield from (f"not in the text: {one!r}" for one in inner if one is not None and one["quote"] not in TEXT)
    if not done.usage.tokens_sampled:
        yield "nothing sampled"
    expected = {leaf.name for leaf in LEAVES.values()} if done.question_id == "all" else {done.question_id}
    if not done.truncated and done.question_id != "records" and set(done.confidence) != expected:
        yield f"confidence of {sorted(done.confidence)}"
    for name, sure in done.confidence.items():
        if not (0 <= sure.reported <= 1 and 0 <= sure.value <= 1):
            yield f"confidence {name} {sure}"


def forbidden(engine: dsx_vllm.VllmEngine, asked: Sequence[Question], outputs: Sequence[Any]) -> tuple[int, list[str]]:
    """Positions looked at, and tokens that the grammar forbids there although vLLM gives them a probability."""
    vocabulary = llguidance.hf.from_tokenizer(engine.tokenizer)
    positions, found = 0, []
    for question, output in zip(asked, outputs, strict=True):
        grammar = lark(question)
        matcher = llguidance.LLMatcher(vocabulary, llguidance.LLMatcher.grammar_from_lark(grammar))
        written = output.outputs[0]
        for token, position in zip(written.token_ids, written.logprobs, strict=False):
            if matcher.is_stopped():
                break
            bits = llguidance.numpy.allocate_token_bitmask(1, vocabulary.vocab_size)
            llguidance.numpy.fill_next_token_bitmask(matcher, bits)
            positions += 1
            for other, given in position.items():
                if given.logprob > IMPOSSIBLE and not int(bits[0, other // 32]) >> (other % 32) & 1:
                    found.append(f"{question.id}: token {other}, log-probability {given.logprob:.2f}")
            if not matcher.consume_token(token):
                found.append(f"{question.id}: token {token} was written")
                break
    return positions, found


def main() -> int:
    """Prints each answer of both turns, then what was found."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("model")
    arguments.add_argument("--real", action="store_true")
    arguments.add_argument("--eager", action="store_true")
    given = arguments.parse_args()
    options = {
        "max_model_len": "1024", "dtype": "bfloat16", "gpu_memory_utilization": "0.3", "max_num_seqs": "16",
        "load_format": "safetensors" if given.real else "dummy", "enforce_eager": str(given.eager).lower(),
    }  # fmt: skip
    started = time.perf_counter()
    engine = dsx_vllm.VllmEngine(EngineSettings(model=given.model, max_new_tokens=200, options=options))
    seconds = {"load": round(time.perf_counter() - started, 1)}
    asked, kept, generate = questions(), list[tuple[list[Question], list[Any]]](), engine._generate

    def keeping(some: Sequence[tuple[Question, list[int]]]) -> list[Any]:
        outputs = generate(some)
        kept.append(([question for question, _ in some], outputs))
        return outputs

    engine._generate = keeping  # type: ignore[method-assign]
    wrong = []
    for turn in (1, 2):
        started = time.perf_counter()
        done = list(engine.answer(asked))
        seconds[f"turn {turn}"] = round(time.perf_counter() - started, 3)
        if sorted(each.question_id for each in done) != sorted(question.id for question in asked):
            wrong.append(f"turn {turn}: answered {[each.question_id for each in done]}")
        for each in done:
            print(json.dumps({"turn": turn, **dataclasses.asdict(each)}, ensure_ascii=False))
            wrong += [f"turn {turn}: {each.question_id}: {problem}" for problem in problems(each)]
    positions, found = forbidden(engine, *kept[0])
    facts = {"gpu": torch.cuda.get_device_name(0), "torch": torch.__version__, "seconds": seconds}
    print(json.dumps({**facts, "positions": positions, "engine": engine.describe()}))
    engine.close()
    for problem in [*wrong, *found]:
        print("wrong:", problem)
    print("FAIL" if wrong or found else "PASS")
    return bool(wrong or found)


if __name__ == "__main__":
    sys.exit(main())

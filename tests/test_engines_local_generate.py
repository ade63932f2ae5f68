"""The loop writes what `model.generate` writes, token for token, and a sequence that fails, fails alone."""

from __future__ import annotations

from collections import abc
from collections.abc import Callable
from typing import Any

import llguidance
import numpy
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    LogitsProcessor,
    LogitsProcessorList,
)

from dsx.answers.grammar import lark, matcher
from dsx.engines.local import sampler
from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, LayerShape, OutOfSlots, SlotRange
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.generate import DecodeLoop
from dsx.engines.local.prefix_cache import PrefixCache, layer_shapes, prefill
from dsx.engines.local.scheduler import LITTLE_MORE, Scheduler, out_of_memory
from dsx.engines.local.sequence import Sequence
from dsx.schema import read
from dsx.types import Passage, Question, Shown

pytestmark = pytest.mark.slow

TEXTS = (
    "Forty participants (18 to 22 years old) moved a cursor to one of eight targets, 80 mm from the start.",
    "In the second experiment sixteen older adults reached to four targets while the cursor was rotated by 45°.",
)
EXAMPLE = '{"value":12,"quote":"the start"}'
ASKED = {
    "How many participants?": {"type": "integer", "minimum": 1, "maximum": 9999},
    "How many targets?": {"type": "integer", "minimum": 1, "maximum": 99},
    "Who took part?": {"enum": ["young", "old", "patients"]},
    "Was the cursor rotated?": {"type": "boolean"},
    "What moved?": {"type": "string", "maxLength": 30},
}


@pytest.fixture(scope="module")
def real(embedded_folder: str, words: Any) -> tuple[Any, Any, Any]:
    """Embedded model in float32, tokenizer, llguidance's vocabulary."""
    model = AutoModelForCausalLM.from_pretrained(embedded_folder, dtype=torch.float32, attn_implementation="sdpa")
    return model.eval(), AutoTokenizer.from_pretrained(embedded_folder), words


@pytest.fixture(scope="module")
def parts(real: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    """The same with a model of two small layers and random weights: quick, and it likes odd answers."""
    torch.manual_seed(7)
    sizes = {"hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = LlamaConfig(**sizes, num_key_value_heads=2, vocab_size=real[0].config.vocab_size, initializer_range=0.2)
    return LlamaForCausalLM(config).eval(), real[1], real[2]


def make_sequences(parts: tuple[Any, Any, Any], cap: int = 96) -> list[Sequence]:
    """A sequence for each question about each text."""
    _, tokenizer, words = parts
    sequences = []
    for text in TEXTS:
        prefix = tokenizer(f"You fill a table from a paper.\n{text}\nHow long? {EXAMPLE}")["input_ids"]
        for prompt, schema in ASKED.items():
            parameter = read({"type": "object", "properties": {"v": schema}}, "t").root.parameters
            shown = Shown(text, (Passage(0, len(text)),), True)
            grammar = lark(Question("k", "s", shown, prompt, "parameters", parameter, brief=True))
            made = matcher(words, grammar)
            suffix = tokenizer(f"\n{prompt}\nAnswer: ")["input_ids"]
            sequences.append(Sequence(f"{len(sequences)}", prefix, suffix, made, cap))
    return sequences


def make_loop(
    parts: tuple[Any, Any, Any],
    model: Any = None,
    max_sequences: int = 4,
    places: int = 4096,
    keeps_texts: bool = False,
) -> DecodeLoop:
    """A loop over the model, with a KV cache and a prefix cache of its own."""
    plain, tokenizer, _ = parts
    kv_cache = KVCache(layer_shapes(plain), places)

    def fill(tokens: abc.Sequence[int], start: CachedPrefix | None) -> CachedPrefix:
        return prefill(plain, kv_cache, tokens, start, chunk_tokens=64)

    null_tokens = tokenizer("null")["input_ids"]
    return DecodeLoop(
        ModelRunner(model or plain, kv_cache),
        len(tokenizer),
        null_tokens,
        PrefixCache(kv_cache, fill).get,
        max_sequences,
        keeps_texts=keeps_texts,
    )


class Masked(LogitsProcessor):  # type: ignore[misc]
    """The grammar as a plain logits processor of one sequence."""

    def __init__(self, matcher: llguidance.LLMatcher) -> None:
        self.matcher = matcher
        self.first = True

    def __call__(self, ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        if not self.first:
            self.matcher.consume_token(int(ids[0, -1]))
        self.first = False
        bits = numpy.unpackbits(numpy.frombuffer(self.matcher.compute_bitmask(), numpy.uint8), bitorder="little")
        legal = torch.from_numpy(bits[: logits.shape[1]].copy()).bool()
        return logits.masked_fill(~legal, float("-inf"))


def generated(parts: tuple[Any, Any, Any], sequence: Sequence) -> list[int]:
    """What generate writes for the sequence, without the end token."""
    model, tokenizer, _ = parts
    ids = torch.tensor([[*sequence.prefix_tokens, *sequence.suffix_tokens]])
    processors = LogitsProcessorList([Masked(sequence.grammar.deep_copy())])
    out = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        logits_processor=processors,
        do_sample=False,
        max_new_tokens=sequence.max_tokens,
        pad_token_id=0,
    )
    tokens: list[int] = out[0, ids.shape[1] :].tolist()
    return tokens[:-1] if tokens and tokens[-1] == tokenizer.eos_token_id else tokens


@pytest.mark.parametrize("which", ["real", "parts"])
def test_same_tokens_as_generate_in_fewer_passes(which: str, request: pytest.FixtureRequest) -> None:
    parts = request.getfixturevalue(which)
    sequences = make_sequences(parts, cap=48)[:: 3 if which == "real" else 1]  # the embedded model is slow
    done = {sequence.key: sequence for sequence in make_loop(parts).run(sequences)}
    assert len(done) == len(sequences)
    for sequence in sequences:
        assert done[sequence.key].error is None
        assert done[sequence.key].output_tokens == generated(parts, sequence)
    answered = [sequence for sequence in done.values() if len(sequence.output_tokens) > 1]
    assert answered
    assert all(len(sequence.sampled) < len(sequence.output_tokens) for sequence in answered)


def test_a_cap_that_comes_first_is_marked(parts: tuple[Any, Any, Any]) -> None:
    done = list(make_loop(parts).run(make_sequences(parts, cap=5)))
    assert all(len(sequence.output_tokens) <= 5 + 12 for sequence in done)
    assert {sequence.truncated for sequence in done if len(sequence.output_tokens) >= 5} == {True}


def test_sampled_rows_draw_by_their_own_seed(parts: tuple[Any, Any, Any]) -> None:
    def draw(max_sequences: int) -> list[list[int]]:
        sequences = make_sequences(parts)[:4]
        for at, sequence in enumerate(sequences):
            sequence.seed = at
        return [
            sequence.output_tokens
            for sequence in sorted(
                make_loop(parts, max_sequences=max_sequences).run(sequences), key=lambda sequence: sequence.key
            )
        ]

    assert draw(4) == draw(4)


class Faulty:
    """The model, with a fault in some passes."""

    def __init__(self, model: Any, fault: Callable[[int, Any], Any]) -> None:
        self.model, self.fault, self.forward_passes = model, fault, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)

    def __call__(self, **given: Any) -> Any:
        self.forward_passes += 1
        return self.fault(self.forward_passes, self.model(**given))


def test_not_a_number_fails_its_row_and_no_other(parts: tuple[Any, Any, Any]) -> None:
    healthy = {sequence.key: sequence.output_tokens for sequence in make_loop(parts).run(make_sequences(parts))}

    def poison(number: int, output: Any) -> Any:
        if number == 2:
            output.logits[0, 1] = float("nan")
        return output

    done = {
        sequence.key: sequence for sequence in make_loop(parts, Faulty(parts[0], poison)).run(make_sequences(parts))
    }
    failed = [sequence for sequence in done.values() if sequence.error is not None]
    assert len(failed) == 1
    assert "not a number" in str(failed[0].error)
    for key, sequence in done.items():
        assert sequence is failed[0] or sequence.output_tokens == healthy[key]


def test_memory_that_runs_out_halves_the_batch_and_loses_nothing(parts: tuple[Any, Any, Any]) -> None:
    healthy = {sequence.key: sequence.output_tokens for sequence in make_loop(parts).run(make_sequences(parts))}

    def fail_once(number: int, output: Any) -> Any:
        if number == 2:
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        return output

    loop = make_loop(parts, Faulty(parts[0], fail_once), max_sequences=8)
    done = {sequence.key: sequence for sequence in loop.run(make_sequences(parts))}
    assert loop.max_running <= 4
    assert {key: sequence.output_tokens for key, sequence in done.items()} == healthy
    assert all(sequence.error is None for sequence in done.values())


def drawn(parts: tuple[Any, Any, Any]) -> list[Sequence]:
    """A sequence of 40 letters that are drawn."""
    sequence = make_sequences(parts)[0]
    sequence.seed = 7
    sequence.grammar = llguidance.LLMatcher(parts[2], llguidance.LLMatcher.grammar_from_lark("start: /[a-z]{40}/"))
    return [sequence]


def test_a_sequence_that_was_preempted_goes_on_where_it_was(parts: tuple[Any, Any, Any]) -> None:
    """What it has said is read again in one pass, not said again; a drawn answer goes on with the same numbers."""

    def fail_twice(number: int, output: Any) -> Any:
        if number in (3, 6):
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        return output

    (healthy,) = make_loop(parts).run(drawn(parts))
    (preempted,) = make_loop(parts, Faulty(parts[0], fail_twice)).run(drawn(parts))
    assert preempted.error is None
    assert preempted.output_tokens == healthy.output_tokens
    assert len(preempted.sampled) == len(healthy.sampled) > 6
    assert preempted.forward_passes == healthy.forward_passes


def test_memory_that_runs_out_in_the_sampler_changes_no_draw(
    parts: tuple[Any, Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its largest tensors are made after the numbers are drawn: these are drawn again."""
    (healthy,) = make_loop(parts).run(drawn(parts))
    calls, pick = list[int](), sampler._drawn

    def fail_late(*given: Any) -> torch.Tensor:
        tokens = pick(*given)
        calls.append(1)
        if len(calls) == 6:
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        return tokens

    monkeypatch.setattr(sampler, "_drawn", fail_late)
    (preempted,) = make_loop(parts).run(drawn(parts))
    assert preempted.output_tokens == healthy.output_tokens


def test_slots_grow_a_little_where_they_cannot_grow_much(parts: tuple[Any, Any, Any]) -> None:
    """An answer that outgrows 20 slots gets 42 where they are free, 37 where they are, and is preempted below that."""

    def extended(free: int) -> tuple[int | None, list[Sequence]]:
        kv_cache = KVCache([LayerShape(1, 1, 1, torch.float32, torch.device("cpu"))], 1 + 20 + free)
        scheduler = Scheduler([], kv_cache, lambda tokens: (CachedPrefix(0, SlotRange(0, 0)), 0), 2, print)
        sequence = make_sequences(parts, cap=80)[0]
        sequence.slots, sequence.num_computed_tokens, sequence.pending_tokens = kv_cache.allocate(20), 20, [1]
        scheduler.running.append(sequence)
        scheduler.extend()
        return sequence.slots.length if sequence.slots else None, [*scheduler.waiting]

    assert extended(50) == (42, [])
    assert extended(41) == (21 + LITTLE_MORE, [])
    slots, (waiting,) = extended(36)
    assert slots is None
    assert waiting.num_reserved_slots == 21 + LITTLE_MORE


@pytest.mark.parametrize(
    ("problem", "is_memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), True),
        (torch.AcceleratorError("CUDA error: out of memory"), True),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"), True),
        (OutOfSlots("no 64 slots in a row"), True),
        (torch.AcceleratorError("CUDA error: an illegal memory access was encountered"), False),
        (ValueError("not a number"), False),
    ],
)
def test_memory_that_runs_out_is_told_from_other_errors(problem: Exception, is_memory: bool) -> None:
    assert out_of_memory(problem) is is_memory


def test_memory_that_is_never_enough_is_a_named_failure(parts: tuple[Any, Any, Any]) -> None:
    def fail(number: int, output: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory (made up)")

    done = list(make_loop(parts, Faulty(parts[0], fail)).run(make_sequences(parts)))
    assert len(done) == len(TEXTS) * len(ASKED)
    assert all("out of memory" in str(sequence.error) for sequence in done)


def test_a_grammar_that_refuses_fails_its_row_and_no_other(parts: tuple[Any, Any, Any]) -> None:
    healthy = {sequence.key: sequence.output_tokens for sequence in make_loop(parts).run(make_sequences(parts))}
    sequences = make_sequences(parts)

    broken = sequences[2]
    spoiled = broken.grammar.deep_copy()
    spoiled.consume_token(0)  # an illegal token leaves a matcher in its error state
    broken.grammar = spoiled
    done = {sequence.key: sequence for sequence in make_loop(parts).run(sequences)}
    assert done["2"].error is not None
    assert {key: sequence.output_tokens for key, sequence in done.items() if key != "2"} == {
        k: v for k, v in healthy.items() if k != "2"
    }


def test_a_prefix_goes_on_from_the_longest_kept_one(parts: tuple[Any, Any, Any]) -> None:
    model = parts[0]
    started: list[int] = []

    def fill(tokens: abc.Sequence[int], start: CachedPrefix | None) -> CachedPrefix:
        started.append(start.length if start is not None else 0)
        return prefill(model, kv_cache, tokens, start, chunk_tokens=8)

    kv_cache = KVCache(layer_shapes(model), 200)
    cache = PrefixCache(kv_cache, fill)
    tokens = list(range(100, 140))
    cache.get(tokens[:10])
    long, reused = cache.get(tokens)
    assert (started, reused) == ([0, 10], 10)
    assert cache.get(tokens) == (long, 40)
    plain = prefill(model, kv_cache, tokens)
    for kept in (*kv_cache.keys, *kv_cache.values):
        assert (kept[long.slots.first(40)] - kept[plain.slots.first(40)]).abs().max() < 1e-4


def test_a_full_pool_forgets_the_oldest_prefix_that_no_row_attends_to(parts: tuple[Any, Any, Any]) -> None:
    kv_cache = KVCache(layer_shapes(parts[0]), 100)
    cache = PrefixCache(kv_cache, lambda tokens, start: prefill(parts[0], kv_cache, tokens, start))
    texts = [list(range(100 * at, 100 * at + 40)) for at in (1, 2, 3)]
    first, _ = cache.get(texts[0])
    first.ref_count = 1
    cache.get(texts[1])
    cache.get(texts[2])
    assert cache.get(texts[0]) == (first, 40)
    assert cache.get(texts[2])[1] == 40
    assert kv_cache.num_free_slots == 99 - 80
    with pytest.raises(OutOfSlots, match="120 tokens"):
        cache.get(list(range(120)))
    first.ref_count = 0
    cache.clear()
    assert kv_cache.num_free_slots == 99


def test_rows_wait_for_room_and_all_places_are_given_back(parts: tuple[Any, Any, Any]) -> None:
    wanted = {sequence.key: sequence.output_tokens for sequence in make_loop(parts).run(make_sequences(parts))}
    prefix = len(make_sequences(parts)[0].prefix_tokens)
    loop = make_loop(parts, max_sequences=10, places=2 * prefix + 260)  # for some sequences, not for ten
    done = {sequence.key: sequence for sequence in loop.run(make_sequences(parts))}
    assert {key: sequence.output_tokens for key, sequence in done.items()} == wanted
    assert all(sequence.error is None for sequence in done.values())
    begun = loop.run(make_sequences(parts))
    next(begun)
    begun.close()  # whoever asked has gone: nobody may keep slots
    while loop.runner.kv_cache.evict():
        pass
    assert loop.runner.kv_cache.num_free_slots == loop.runner.kv_cache.num_slots - 1


def test_answers_leave_room_for_the_texts_of_later_questions(parts: tuple[Any, Any, Any]) -> None:
    prefixes = {len(sequence.prefix_tokens) for sequence in make_sequences(parts)}
    loop = make_loop(
        parts, max_sequences=10, keeps_texts=True, places=sum(prefixes) + 300
    )  # for both texts, and answers on one of them
    first, second = (list(loop.run(make_sequences(parts))) for _ in range(2))
    assert sum(sequence.num_cached_tokens == 0 for sequence in first) == len(TEXTS)
    assert all(sequence.num_cached_tokens for sequence in second)


def test_answers_take_no_text_that_a_later_question_is_about(parts: tuple[Any, Any, Any]) -> None:
    """Texts that leave an eighth of the slots."""

    def long() -> list[Sequence]:
        sequences = make_sequences(parts)
        for sequence in sequences:
            sequence.prefix_tokens = [*sequence.prefix_tokens] * 12
        return sequences

    total = sum({len(sequence.prefix_tokens) for sequence in long()})
    loop = make_loop(parts, max_sequences=10, keeps_texts=True, places=total * 9 // 8)
    list(loop.run(long()))
    assert all(sequence.num_cached_tokens for sequence in loop.run(long())), "no text is read a second time"


def test_answers_take_slots_that_would_hold_no_other_text(parts: tuple[Any, Any, Any]) -> None:
    of_one_text = make_sequences(parts)[: len(ASKED)]
    places = 2 * len(of_one_text[0].prefix_tokens) + 100 * len(ASKED)
    loop = make_loop(parts, max_sequences=len(ASKED), places=places, keeps_texts=True)
    done = list(loop.run(of_one_text))
    passes = sum(sequence.forward_passes for sequence in done)
    assert passes == pytest.approx(max(len(sequence.sampled) for sequence in done)), "all were answered at once"


def test_a_text_that_does_not_fit_is_a_named_failure(parts: tuple[Any, Any, Any]) -> None:
    sequences = make_sequences(parts)
    sequences[3].prefix_tokens = [*sequences[3].prefix_tokens] * 9
    done = {sequence.key: sequence for sequence in make_loop(parts, places=500).run(sequences)}
    assert [key for key, sequence in done.items() if sequence.error is not None] == ["3"]
    assert "no room" in str(done["3"].error)


def test_spans_join_when_they_are_given_back() -> None:
    kv_cache = KVCache([LayerShape(1, 2, 2, torch.float32, torch.device("cpu"))], 101)
    low, high = [kv_cache.allocate(20) for _ in range(2)], [kv_cache.allocate(20, from_top=True) for _ in range(3)]
    assert [slots.start for slots in low + high] == [1, 21, 81, 61, 41]
    with pytest.raises(OutOfSlots):
        kv_cache.allocate(1)
    for slots in (low[1], high[2], low[0], high[0], high[1]):
        kv_cache.free(slots)
    assert kv_cache.allocate(100) == SlotRange(1, 100)


def test_a_grammar_that_gives_up_in_the_middle_fails_its_row_and_no_other(parts: tuple[Any, Any, Any]) -> None:
    """With little fuel the library stops inside a string; it would then let the end through, as if all were said."""
    healthy = {sequence.key: sequence.output_tokens for sequence in make_loop(parts).run(make_sequences(parts))}
    sequences = make_sequences(parts)
    limits = llguidance.LLParserLimits(step_lexer_fuel=300, initial_lexer_fuel=1_000_000)
    text = llguidance.LLMatcher.grammar_from_lark(
        'start: "{\\"value\\":\\"" /[a-z ]{20,400}(ab|bc|cd)+[a-z ]{10,400}/ "\\"}"'
    )
    sequences[4].grammar = llguidance.LLMatcher(parts[2], text, log_level=0, limits=limits)
    assert not sequences[4].grammar.is_error()
    done = {sequence.key: sequence for sequence in make_loop(parts, max_sequences=10).run(sequences)}
    assert done["4"].output_tokens, "it had begun"
    assert str(done["4"].error).startswith("grammar: ")
    assert {key: sequence.output_tokens for key, sequence in done.items() if key != "4"} == {
        k: v for k, v in healthy.items() if k != "4"
    }


def test_memory_that_runs_out_for_a_text_fails_the_rows_on_it_only(parts: tuple[Any, Any, Any]) -> None:
    healthy = {sequence.key: sequence.output_tokens for sequence in make_loop(parts).run(make_sequences(parts))}
    loop = make_loop(parts, max_sequences=8)
    sequences, get_prefix, tries = make_sequences(parts), loop.get_prefix, list[int]()

    def fail(tokens: abc.Sequence[int]) -> tuple[CachedPrefix, int]:
        if list(tokens) == list(sequences[-1].prefix_tokens):
            tries.append(len(tokens))
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        return get_prefix(tokens)

    loop.get_prefix = fail
    done = {sequence.key: sequence for sequence in loop.run(sequences)}
    assert {key for key, sequence in done.items() if sequence.error is not None} == {"5", "6", "7", "8", "9"}
    assert all("while its text was read" in str(done[key].error) for key in "56789")
    assert {key: done[key].output_tokens for key in "01234"} == {key: healthy[key] for key in "01234"}
    assert len(tries) <= 3, "its text is not tried again for every row"
    assert loop.max_running == 8


def test_a_lone_row_is_tried_again_and_a_later_run_has_more_rows(parts: tuple[Any, Any, Any]) -> None:
    def fail_first(number: int, output: Any) -> Any:
        if number == 1:
            raise torch.OutOfMemoryError("CUDA out of memory (made up)")
        return output

    loop = make_loop(parts, Faulty(parts[0], fail_first), max_sequences=8)
    (alone,) = loop.run(make_sequences(parts)[:1])
    assert (alone.error, loop.max_running) == (None, 8)
    loop = make_loop(parts, Faulty(parts[0], fail_first), max_sequences=8)
    done = list(loop.run(make_sequences(parts)))
    assert all(sequence.error is None for sequence in done)
    assert loop.max_running == 4
    list(loop.run(make_sequences(parts)))
    assert loop.max_running == 8


def talkative(parts: tuple[Any, Any, Any]) -> list[Sequence]:
    """Six sequences with answers of far more than 64 tokens."""
    sequences = make_sequences(parts, cap=700)[:6]
    for sequence in sequences:
        sequence.grammar = matcher(parts[2], '%llguidance {}\nstart: /[a-z ]{900,950}/ "."')
    return sequences


@pytest.mark.parametrize("spare_slots", [1100, 2000])
def test_rows_that_outgrow_their_places_begin_again_when_others_have_left(
    parts: tuple[Any, Any, Any], spare_slots: int
) -> None:
    healthy = {
        sequence.key: sequence.output_tokens for sequence in make_loop(parts, max_sequences=6).run(talkative(parts))
    }
    assert min(len(out) for out in healthy.values()) > 100
    prefixes = sum(len(tokens) for tokens in {tuple(sequence.prefix_tokens) for sequence in talkative(parts)})
    loop = make_loop(parts, max_sequences=6, places=prefixes + spare_slots)
    done = {sequence.key: sequence for sequence in loop.run(talkative(parts))}
    assert {sequence.error for sequence in done.values()} == {None}
    assert {key: sequence.output_tokens for key, sequence in done.items()} == healthy
    assert loop.max_running == 6, "no memory ran out"


def test_one_row_alone_that_outgrows_its_places_begins_again(parts: tuple[Any, Any, Any]) -> None:
    """There is room for its answer, but not for a longer place beside the one that it has."""
    sequences = talkative(parts)[:1]
    loop = make_loop(parts, places=len(sequences[0].prefix_tokens) + 200)
    [alone] = loop.run(sequences)
    assert (alone.error, alone.finished) == (None, True)


def test_the_model_is_its_own_while_a_caller_has_a_row(parts: tuple[Any, Any, Any]) -> None:
    """Prefills and other runs in between leave every answer as it is."""
    healthy = {sequence.key: sequence.output_tokens for sequence in make_loop(parts).run(make_sequences(parts))}
    loop, inner = make_loop(parts, max_sequences=2), dict[str, list[int]]()
    before = parts[0].config._attn_implementation
    outer = {}
    for sequence in loop.run(make_sequences(parts)[:5]):
        outer[sequence.key] = sequence.output_tokens
        assert parts[0].config._attn_implementation == before
        if not inner:
            inner = {each.key: each.output_tokens for each in loop.run(make_sequences(parts)[5:])}
    assert {**outer, **inner} == healthy


def test_a_text_is_read_without_the_kept_beginning_where_there_is_no_room_for_both(parts: tuple[Any, Any, Any]) -> None:
    kv_cache = KVCache(layer_shapes(parts[0]), 140)
    cache = PrefixCache(kv_cache, lambda tokens, start: prefill(parts[0], kv_cache, tokens, start))
    tokens = list(range(100, 200))
    cache.get(tokens[:60])
    prefix, reused = cache.get(tokens)
    assert (prefix.length, reused) == (100, 0)

"""The `transformers` engine: an Outlines model in front, the decode loop of this package inside.

`TransformersEngine.outlines` is a steerable Outlines model: `outlines.Generator(engine.outlines, SomePydanticModel)`
works on it. The model's own attention (--attention) is for prefill. Answers are generated with this package's.
"""

from __future__ import annotations

import functools
import gc
import logging
import re
import time
import zlib
from collections import abc
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Literal

import llguidance
import llguidance.hf
import outlines
import torch
import transformers
from pydantic import Field

from dsx.answers import grammar
from dsx.engines.chat import Renderer
from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache, OutOfSlots
from dsx.engines.local.attention.model_runner import ModelRunner
from dsx.engines.local.confidence import confidences
from dsx.engines.local.generate import DecodeLoop
from dsx.engines.local.load_model import context_tokens, device_of, dtype_of
from dsx.engines.local.load_rank import LoadJob
from dsx.engines.local.made_ahead import made_ahead
from dsx.engines.local.memory import allocate_kv_cache
from dsx.engines.local.model_files import find
from dsx.engines.local.null_bias import biased
from dsx.engines.local.parallel import Parallel, cards_for
from dsx.engines.local.prefix_cache import PrefixCache, prefill
from dsx.engines.local.prior import Priors
from dsx.engines.local.ranks import Ranks
from dsx.engines.local.round_trip import check_round_trip
from dsx.engines.local.scheduler import out_of_memory
from dsx.engines.local.self_consistency import SelfConsistency
from dsx.engines.local.sequence import Sequence, TokenCorrection
from dsx.engines.options import EngineOptions
from dsx.errors import UsageError
from dsx.types import Completion, Confidence, EngineSettings, Json, Question, Usage, groups_of

log = logging.getLogger("dsx.engines.local")
NULL = re.compile(r'(?:"?:)?n(?:u(?:l(?:l.*)?)?)?', re.DOTALL)
GRAMMAR_THREADS = 8
"""Grammars compiled at once."""
MADE_AHEAD = 128
"""Sequences that stand ready: more than a pass of whole questions takes."""
KEPT_GRAMMARS = 64
"""Compiled grammars that are kept for the same question about another record: one takes 10 to 300 ms for a text of
60,000 characters, a copy 0.06 ms."""
MIN_MASKED_SHARE = 0.2
"""A cached beginning that is less of a text is not gone on from where sdpa would need a mask for that, and take a
slower kernel. Measured on an H100, 20 layers of Qwen3-32B's shape: 8,192 tokens 0.362 s, the last 7,192 of them 0.401 s
(benchmarks/gpu/decode.py)."""
PREFIX_TOKENS = 64
"""Of the text for which CUDA graphs are captured. They serve any."""
MIN_CHUNK_TOKENS = 256


class TransformersOptions(EngineOptions):
    """What `--set` takes for this engine."""

    rows: int = Field(
        0, ge=0, description="answers decoded at once; 0: 256 on a GPU, the most for CUDA graphs; 32 on the CPU"
    )
    cache_gigabytes: float = Field(
        0,
        ge=0,
        allow_inf_nan=False,
        description="keys and values; 0: what --memory-budget leaves",
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, …")
    seed: int = Field(0, ge=0, description="of draw, and of the draws of --samples")
    weights: Literal["read", "random"] = Field("read", description="random: none are read, to measure a machine")
    fuse: Literal["auto", "no"] = Field(
        "auto", description="small operations fused by torch.compile, where there are a GPU and a compiler"
    )
    kernels: Literal["auto", "flash", "own"] = Field(
        "auto",
        description="that attend decode steps; own: this package's, which need a GPU, triton and a compiler; "
        "auto: own on Hopper GPUs (H100, H200), else flash",
    )
    parallel: Parallel = Field(
        "auto", description="several GPUs; tensor: each layer is split over all; layers: each is on one"
    )
    cards: int = Field(0, ge=0, description="GPUs that each layer is split over; 0: all")
    draw: bool = Field(False, description="answers are drawn, not the likeliest: random weights like none best")


class TransformersEngine:
    """Answers questions with a local model. Raises ModelError where the model, its memory or its device is missing."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.options = TransformersOptions.read("transformers", settings.options)
        random_weights = self.options.weights == "random"
        files = find(settings.model, settings.folder, weights=not random_weights)
        started = time.perf_counter()
        self.device = device_of(self.options.device)
        self.dtype = dtype_of(self.options.dtype, self.device)
        log.info("Loading %s from %s", files.name, files.folder)
        if random_weights:
            log.warning("The weights are random: what is answered means nothing")
        self.files = files
        self.cards = cards_for(self.options.parallel, self.options.cards, self.device, files, settings.quantize)
        devices = [
            f"cuda:{card}" if self.device == "cuda" and self.cards > 1 else self.device for card in range(self.cards)
        ]
        self.device = devices[0]
        fuse, rows, kernels = self.options.fuse == "auto", self.options.rows, self.options.kernels
        keeps_budget = not self.options.cache_gigabytes  # as `allocate_kv_cache` does here
        job = LoadJob(
            files, settings, self.dtype, random_weights, fuse, rows, self.cards, keeps_budget, kernels
        )  # fmt: skip
        self.ranks = Ranks(job, devices)
        try:
            self._load()
        except BaseException:
            if hasattr(self, "loop"):
                self.loop.runner.forget_graphs()  # before the group is left
            self.ranks.close()
            raise
        log.info("Loaded in %.1f s on %s, %s", time.perf_counter() - started, self.model.device, self.model.dtype)

    def _load(self) -> None:
        """The model and all that is made of it. Raises ModelError."""
        loaded, self.memory = self.ranks.load()
        self.model, self.tokenizer, self.attention = loaded.model, loaded.tokenizer, loaded.attention
        self.fused, self.own_kernels = loaded.unfused is None, loaded.own_kernels
        if loaded.unfused is not None and self.device != "cpu":
            log.info("Small operations are not fused: %s", loaded.unfused)
        self._outlines = outlines.from_transformers(self.model, self.tokenizer)
        self.renderer = Renderer(self.tokenizer)
        self.vocabulary = min(len(self.tokenizer), self.model.config.get_text_config().vocab_size)
        self.renderer.check()
        self.ll_tokenizer = llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.vocabulary)
        unknown = getattr(self.tokenizer, "unk_token_id", None)
        check_round_trip(self.renderer.encode_text, self.ll_tokenizer, unknown, self.files.name)
        self.context_tokens = context_tokens(self.model.config)
        self.passes, self.chunk_tokens = loaded.passes, loaded.passes.chunk_tokens
        token_texts = self.tokenizer.batch_decode([[token] for token in range(self.vocabulary)])
        self.null_tokens = [token for token, text in enumerate(token_texts) if NULL.fullmatch(text)]
        self.token_bytes = functools.cache(lambda token: self.ll_tokenizer.decode_bytes([token]))
        self._matcher = functools.lru_cache(KEPT_GRAMMARS)(functools.partial(grammar.matcher, self.ll_tokenizer))
        cache_bytes = self.options.cache_gigabytes * 1e9
        self.use_kv_cache(allocate_kv_cache(loaded.layers, self.memory, cache_bytes, self.cards))
        self.ranks.share(self.kv_cache)
        self._capture_graphs()

    def _capture_graphs(self) -> None:
        """Before there is a question: the first passes would take three times as long, each size anew.

        Where memory runs out the others are captured when they are needed, by all ranks alike.
        """
        runner, prefix, started = self.loop.runner, None, time.perf_counter()
        if not runner.has_graphs:
            return
        try:
            prefix = prefill(self.model, self.kv_cache, [1] * PREFIX_TOKENS)
            runner.capture_graphs(prefix)
        except (MemoryError, RuntimeError) as problem:
            if not out_of_memory(problem):
                raise
            log.info("Not all CUDA graphs are captured now: %s", str(problem).strip().splitlines()[0])
            torch.cuda.empty_cache()
        finally:
            if prefix is not None:
                self.kv_cache.free(prefix.slots)
        if graphs := runner.captured_graphs:
            log.info("Captured %d CUDA graphs in %.1f s", len(graphs), time.perf_counter() - started)

    @property
    def outlines(self) -> outlines.models.Transformers:
        """The Outlines model. Raises UsageError where other processes have parts of it."""
        if self.cards > 1:
            raise UsageError("Outlines needs the whole model in one process: --set parallel=layers")
        return self._outlines

    def use_kv_cache(self, kv_cache: KVCache) -> None:
        """From now on keys and values stand there. No prefix is cached yet."""
        masked = self.device != "cpu" and self.attention == "sdpa"
        self.kv_cache = kv_cache
        self.prefixes = PrefixCache(kv_cache, self._prefill, MIN_MASKED_SHARE if masked else 0.0)
        self.loop = DecodeLoop(
            ModelRunner(self.model, kv_cache, report=log.info),
            self.vocabulary,
            self.null_tokens,
            self.prefixes.get,
            self.passes.rows,
            self.passes.question_tokens,
            report=log.warning,
            keeps_texts=self.device != "cpu",  # there a paper is a batch of its own, which nothing cached may change
        )
        self.priors = Priors(self.settings.prior_weight, self._prior_sequence, self.loop.run, self.token_bytes)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without any that a template would add."""
        return self.renderer.count(text)

    def answer(self, questions: abc.Sequence[Question]) -> abc.Iterator[Completion]:
        """Completions as they end. Questions about one text share its prefill.

        On a GPU all are sequences of one batch. On the CPU a paper is a batch of its own: its questions fill the CPU,
        and the others in a batch change the last bits of its logits, so that answers would depend on the neighbours.
        """
        if self.device != "cpu" and not self.settings.prior_weight:  # a prior is measured while nothing else runs
            yield from self._answer_batch(groups_of(questions))
            return
        batches: dict[str, list[Question]] = {}
        for question in questions:
            batches.setdefault(question.id.document if self.device == "cpu" else "", []).append(question)
        for batch in batches.values():
            yield from self._answer_batch(iter([batch]))

    def _in_order(self, questions: abc.Sequence[Question]) -> list[Question]:
        """By their texts, of which those that are cached are used before they are evicted; what comes first is cached.

        Texts go on from it, where there is room.
        """
        texts = {(question.system, question.shown.text): question for question in questions}
        cached_first = sorted(texts, key=lambda text: (self.renderer.prefix(texts[text]) not in self.prefixes, text))
        place = {text: at for at, text in enumerate(cached_first)}
        for frame in dict.fromkeys(self.renderer.frame(question) for question in questions):
            with suppress(MemoryError, torch.OutOfMemoryError):
                self.prefixes.get(frame)
        return sorted(questions, key=lambda question: place[question.system, question.shown.text])

    def _answer_batch(self, groups: abc.Iterator[abc.Sequence[Question]]) -> abc.Iterator[Completion]:
        """The later groups are made while a GPU reads the texts of those before them."""
        by_key: dict[abc.Hashable, Question] = {}
        refused = list[Completion]()

        def prepared(pool: ThreadPoolExecutor, group: abc.Sequence[Question]) -> abc.Iterator[Sequence]:
            in_order = self._in_order(group)
            by_key.update((question.id, question) for question in group)
            corrections = {question.id: self._correction(question) for question in group}
            each_made = made_ahead(pool, self.sequence, in_order, MADE_AHEAD)
            for question, made in zip(in_order, each_made, strict=True):
                if isinstance(made, Completion):
                    refused.append(made)
                else:
                    made.correction = corrections[question.id]
                    yield made

        def sequences(pool: ThreadPoolExecutor) -> abc.Iterator[Sequence]:
            for group in groups:
                yield from prepared(pool, group)

        with ThreadPoolExecutor(GRAMMAR_THREADS) as pool, ExitStack() as stack:
            stack.callback(pool.shutdown, wait=False, cancel_futures=True)  # where it ends early nothing more is made
            finished = ((seq, self._completion(by_key[seq.key], seq)) for seq in self.loop.run(sequences(pool)))
            if self.settings.samples == 1 and not self.settings.alternatives:
                yield from (completion for _, completion in finished)
            else:
                self_consistency = SelfConsistency(
                    self.settings.samples,
                    self.options.seed,
                    self.settings.alternatives,
                    self.loop.run,
                    lambda seq: self.decode(seq.output_tokens)[0],
                    self.token_bytes,
                )
                yield from self_consistency.add([(by_key[seq.key], seq, completion) for seq, completion in finished])
        yield from refused

    def describe(self) -> dict[str, Json]:
        """Model, its fingerprint, attention, type, device and the versions that decide an answer."""
        return {
            "engine": "transformers",
            "model": self.files.name,
            "fingerprint": self.files.fingerprint(),
            "attention": self.attention,
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "device": str(self.model.device),
            **({"fused": True} if self.fused else {}),
            **({"kernels": "own"} if self.own_kernels else {}),
            **({"parallel": "tensor", "cards": self.cards} if self.cards > 1 else {}),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "llguidance": llguidance.__version__,
        }

    def close(self) -> None:
        """Forgets the prefixes and the model: their memory is free, whoever still has the engine."""
        self.prefixes.clear()
        self.loop.runner.forget_graphs()
        self.ranks.close()
        del self.model, self._outlines, self.loop, self.kv_cache, self.prefixes, self.priors
        gc.collect()  # what they are made of refers to itself
        if self.device != "cpu":
            torch.cuda.empty_cache()

    def sequence(self, question: Question) -> Sequence | Completion:
        """The sequence that answers the question, or the failure of one that is too long or has no grammar."""
        prefix, suffix = self.renderer.prefix(question), self.renderer.suffix(question)
        prompt_tokens, max_tokens = len(prefix) + len(suffix), self.settings.max_new_tokens
        if prompt_tokens + max_tokens > self.context_tokens:
            error = f"prompt of {prompt_tokens} tokens and {max_tokens} of answer pass the model's context"
            return Completion(question.id, "", True, error=f"{error} of {self.context_tokens}")
        started = time.perf_counter()
        matcher = self._matcher(grammar.lark(question))
        if matcher.is_error():
            return Completion(question.id, "", True, error=f"grammar: {matcher.get_error()}")
        ms_grammar = (time.perf_counter() - started) * 1e3
        seed = zlib.crc32(f"{self.options.seed} {question.id!r}".encode()) if self.options.draw else None
        return Sequence(question.id, prefix, suffix, matcher.deep_copy(), max_tokens, seed, ms_grammar=ms_grammar)

    def _correction(self, question: Question) -> TokenCorrection | None:
        prior, bias = self.priors.correction(question), self.settings.null_bias
        is_one = question.form == "parameters" and len(question.parameters) == 1
        return biased(prior, self.null_tokens, bias) if bias and is_one else prior

    def _prior_sequence(self, question: Question) -> Sequence | None:
        prepared = self.sequence(question)
        return prepared if isinstance(prepared, Sequence) else None

    def decode(self, tokens: abc.Sequence[int]) -> tuple[str, list[int]]:
        """The text of these tokens, and for each the count of characters up to its end."""
        data, ends = b"", []
        for token in tokens:
            data += self.ll_tokenizer.decode_bytes([token])
            ends.append(len(data.decode("utf-8", "ignore")))
        return data.decode("utf-8", "ignore"), ends

    def _prefill(self, tokens: abc.Sequence[int], start: CachedPrefix | None) -> CachedPrefix:
        """In chunks, which are halved for the rest of the run where memory runs out."""
        while True:
            try:
                prefix = prefill(self.model, self.kv_cache, tokens, start, self.chunk_tokens)
                break
            except (MemoryError, RuntimeError) as problem:
                if (
                    isinstance(problem, OutOfSlots)
                    or not out_of_memory(problem)
                    or self.chunk_tokens <= MIN_CHUNK_TOKENS
                ):
                    raise
            self.chunk_tokens //= 2
            log.warning("out of memory while a text was read; going on %d tokens at a time", self.chunk_tokens)
            if self.device != "cpu":
                torch.cuda.empty_cache()
        return prefix

    def _completion(self, question: Question, seq: Sequence) -> Completion:
        usage = Usage(
            tokens_prompt=len(seq.prefix_tokens) + len(seq.suffix_tokens),
            tokens_reused=seq.num_cached_tokens or 0,
            tokens_sampled=len(seq.sampled),
            tokens_forced=seq.num_forced_tokens,
            forward_passes=seq.forward_passes,
            ms_model=seq.ms_model,
            ms_grammar=seq.ms_grammar,
            ms_prefill=seq.ms_prefill,
        )
        if seq.error is not None:
            return Completion(question.id, "", True, usage=usage, error=seq.error)
        text, ends = self.decode(seq.output_tokens)
        if seq.truncated:
            text = grammar.shortest(question, text)
        confidence: dict[str, Confidence] = {}
        if question.form == "parameters" and not seq.truncated:
            confidence = confidences([parameter.name for parameter in question.parameters], text, ends, seq.sampled)
        return Completion(question.id, text, True, seq.truncated, confidence, usage)


def make(settings: EngineSettings) -> TransformersEngine:
    """The engine `transformers`. The library's progress bars and warnings are silenced: dsx shows its own."""
    transformers.utils.logging.disable_progress_bar()
    level = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()
    try:
        return TransformersEngine(settings)
    finally:
        transformers.utils.logging.set_verbosity(level)

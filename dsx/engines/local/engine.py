"""The `transformers` engine: an Outlines model in front, the decode loop of this package inside.

`TransformersEngine.outlines` is a steerable Outlines model: `outlines.Generator(engine.outlines, SomePydanticModel)`
works on it. Its rows' attention is the loop's own; the model's (--attention) is for prefill.
"""

from __future__ import annotations

import functools
import logging
import re
import time
from collections.abc import Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Literal

import llguidance
import llguidance.hf
import outlines
import torch
import transformers
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dsx.answers import grammar
from dsx.engines.chat import Renderer
from dsx.engines.local.attention.kv_cache import Prefix
from dsx.engines.local.attention.model_runner import Forward
from dsx.engines.local.confidence import confidences
from dsx.engines.local.generate import Loop
from dsx.engines.local.load_model import device_of, dtype_of, load, pool_for
from dsx.engines.local.model_files import RECOMMENDED, find
from dsx.engines.local.parity import try_out
from dsx.engines.local.prefix_cache import PrefixCache, prefill
from dsx.engines.local.self_consistency import Opinions
from dsx.engines.local.sequence import Row
from dsx.errors import UsageError
from dsx.types import Completion, Confidence, EngineSettings, Json, Question, Usage

log = logging.getLogger("dsx.engines.local")
NULL = re.compile(r'(?:"?:)?n(?:u(?:l(?:l.*)?)?)?', re.DOTALL)
COMPILERS = 8
"""Grammars made at once: one takes 50 ms for a text of 80,000 characters."""
MASKED = 0.2
"""A kept beginning that is less of a text is not gone on from where sdpa would need a mask for that, and take a slower
kernel. Measured on an H100, 20 layers of Qwen3-32B's shape: 8,192 tokens 0.362 s, the last 7,192 of them 0.401 s
(benchmarks/gpu_decode.py)."""
CHUNK, ON_GPU, EAGER = 2048, 8192, 1024
"""Tokens of a prefill at once: on the CPU, on a GPU, and there with eager attention, which writes out all scores. The
more, the fewer of them need a mask; the fewer, the less memory for activations."""


class Options(BaseModel):
    """What `--set` takes for this engine."""

    model_config = ConfigDict(extra="forbid")

    rows: int = Field(0, ge=0, description="answers decoded at once; 0: 256 on a GPU, 32 on the CPU")
    cache_gigabytes: float = Field(
        0,
        ge=0,
        allow_inf_nan=False,
        description="keys and values; 0: of what is free after loading, 60 % of a GPU's and a quarter else",
    )
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, …")
    seed: int = Field(0, ge=0, description="of the draws of --samples")

    @classmethod
    def read(cls, pairs: dict[str, str]) -> Options:
        """From text; UsageError names the option that is wrong and those there are."""
        try:
            return cls.model_validate(pairs)
        except ValidationError as problem:
            first = problem.errors()[0]
            there_are = ", ".join(cls.model_fields)
            raise UsageError(
                f"--set {'.'.join(map(str, first['loc']))}: {first['msg']}; there are: {there_are}"
            ) from None


class TransformersEngine:
    """Answers questions with a local model. Raises ModelError where the model, its memory or its device is missing."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"

    def __init__(self, settings: EngineSettings) -> None:
        self.settings = settings
        self.options = Options.read(dict(settings.options))
        if settings.model is None:
            log.info("No --model given: using the small embedded one. For real work: --model %s", RECOMMENDED)
        files = find(settings.model)
        started = time.perf_counter()
        self.device = device_of(self.options.device)
        self.dtype = dtype_of(self.options.dtype, self.device)
        log.info("Loading %s from %s", files.name, files.folder)
        self.model, self.tokenizer, self.attention = load(files, settings, self.device, self.dtype)
        self.files = files
        try_out(self.model, files.name)
        self.outlines = outlines.from_transformers(self.model, self.tokenizer)
        self.renderer = Renderer(self.tokenizer)
        self.vocabulary = min(len(self.tokenizer), self.model.config.get_text_config().vocab_size)
        self.words = llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=self.vocabulary)
        self.context_tokens = _context(self.model)
        masked = self.device != "cpu" and self.attention == "sdpa"
        self.pool = pool_for(self.model, self.options.cache_gigabytes * 1e9)
        self.prefixes = PrefixCache(self.pool, self._prefill, MASKED if masked else 0.0)
        self.loop = Loop(
            Forward(self.model, self.pool, report=log.info),
            self.vocabulary,
            _null_tokens(self.tokenizer, self.vocabulary),
            self.prefixes.get,
            self.options.rows or (32 if self.device == "cpu" else 256),
            report=log.warning,
        )
        log.info("Loaded in %.1f s on %s, %s", time.perf_counter() - started, self.model.device, self.model.dtype)

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without any that a template would add."""
        return self.renderer.count(text)

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """Completions as they end. Questions about one text share its prefill; all are rows of one batch."""
        asked: dict[Hashable, Question] = {question.id: question for question in questions}
        rows = []
        with ThreadPoolExecutor(COMPILERS) as pool:
            for row in pool.map(self._row, sorted(questions, key=lambda each: (each.system, each.shown.text))):
                if isinstance(row, Completion):
                    yield row
                else:
                    rows.append(row)
        for frame in dict.fromkeys(self.renderer.frame(question) for question in questions):
            with suppress(MemoryError, torch.OutOfMemoryError):  # kept for texts to go on from, where there is room
                self.prefixes.get(frame)
        finished = ((row, self._completion(asked[row.key], row)) for row in self.loop.run(rows))
        if self.settings.samples == 1 and not self.settings.alternatives:
            yield from (completion for _, completion in finished)
        else:
            opinions = Opinions(
                self.settings.samples,
                self.options.seed,
                self.settings.alternatives,
                self.loop.run,
                lambda row: self._text(row.out)[0],
                functools.cache(lambda token: self.words.decode_bytes([token])),
            )
            yield from opinions.add([(asked[row.key], row, completion) for row, completion in finished])

    def describe(self) -> dict[str, Json]:
        """Model, its fingerprint, attention, type, device and the versions that decide an answer."""
        return {
            "engine": "transformers",
            "model": self.files.name,
            "fingerprint": self.files.fingerprint(),
            "attention": self.attention,
            "dtype": str(self.model.dtype).removeprefix("torch."),
            "device": str(self.model.device),
            "torch": torch.__version__,
            "transformers": transformers.__version__,
            "llguidance": llguidance.__version__,
        }

    def close(self) -> None:
        """Forgets the prefixes and the model."""
        self.prefixes.clear()
        del self.model, self.outlines, self.loop, self.pool

    def _prefill(self, tokens: Sequence[int], start: Prefix | None) -> Prefix:
        chunk = CHUNK if self.device == "cpu" else EAGER if self.attention == "eager" else ON_GPU
        return prefill(self.model, self.pool, tokens, start, chunk)

    def _row(self, question: Question) -> Row | Completion:
        prefix = self.renderer.prefix(question)
        suffix = self.renderer.suffix(question)
        cap = self.settings.max_new_tokens
        if len(prefix) + len(suffix) + cap > self.context_tokens:
            error = f"prompt of {len(prefix) + len(suffix)} tokens and {cap} of answer pass the model's context"
            return Completion(question.id, "", True, error=f"{error} of {self.context_tokens}")
        started = time.perf_counter()
        lark = grammar.lark(question)
        matcher = grammar.matcher(self.words, lark)
        if matcher.is_error():
            return Completion(question.id, "", True, error=f"grammar: {matcher.get_error()}")
        return Row(question.id, prefix, suffix, matcher, cap, ms_grammar=(time.perf_counter() - started) * 1e3)

    def _completion(self, question: Question, row: Row) -> Completion:
        usage = Usage(
            tokens_prompt=len(row.prefix_tokens) + len(row.suffix),
            tokens_reused=row.reused or 0,
            tokens_sampled=len(row.sampled),
            tokens_forced=len(row.out) - len(row.sampled),
            forward_passes=row.passes,
            ms_model=row.ms_model,
            ms_grammar=row.ms_grammar,
            ms_prefill=row.ms_prefill,
        )
        if row.error is not None:
            return Completion(question.id, "", True, usage=usage, error=row.error)
        text, ends = self._text(row.out)
        if row.truncated:
            text = grammar.shortest(question, text)
        sure: dict[str, Confidence] = {}
        if question.form == "parameters" and not row.truncated:
            names = [parameter.name for parameter in question.parameters]
            sure = dict(confidences(names, text, ends, row.sampled))
        return Completion(question.id, text, True, row.truncated, sure, usage)

    def _text(self, tokens: Sequence[int]) -> tuple[str, list[int]]:
        """The answer's text, and for each token the count of characters up to its end."""
        data, ends = b"", []
        for token in tokens:
            data += self.words.decode_bytes([token])
            ends.append(len(data.decode("utf-8", "ignore")))
        return data.decode("utf-8", "ignore"), ends


def _context(model: Any) -> int:
    return int(getattr(model.config.get_text_config(), "max_position_embeddings", 4096))


def _null_tokens(tokenizer: Any, vocabulary: int) -> list[int]:
    """Tokens with which the word null can begin; among several parameters they may hold the colon before it, too."""
    texts = tokenizer.batch_decode([[token] for token in range(vocabulary)])
    return [token for token, text in enumerate(texts) if NULL.fullmatch(text)]


def make(settings: EngineSettings) -> TransformersEngine:
    """The engine `transformers`; the library's progress bars and warnings are silenced, dsx shows its own."""
    transformers.utils.logging.disable_progress_bar()
    level = transformers.utils.logging.get_verbosity()
    transformers.utils.logging.set_verbosity_error()
    try:
        return TransformersEngine(settings)
    finally:
        transformers.utils.logging.set_verbosity(level)

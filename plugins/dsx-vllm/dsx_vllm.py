"""The engine "vllm": vLLM's offline LLM on all visible GPUs, each answer held by the grammar with verbatim quotes.

All questions go in as one batch; those about one text share its prefill through vLLM's prefix cache. Log-probabilities
are taken after the grammar's mask, so a confidence is one among legal answers.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from dsx.plugin_api import (
    Completion,
    Confidence,
    EngineFactory,
    EngineSettings,
    Json,
    LocalEngine,
    ModelError,
    Question,
    Usage,
    UsageError,
    hookimpl,
)

if TYPE_CHECKING:
    from dsx.plugin_api.engines import Token

log = logging.getLogger("dsx.vllm")

QUANTIZATION = {"none": None, "8bit": "fp8", "4bit": "bitsandbytes"}
ATTENTION = {"auto": None, "flash_attention_2": "FLASH_ATTN"}
OFFLINE = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}
"""Nothing leaves the machine."""


def options_of(settings: EngineSettings) -> dict[str, Any]:
    """What `--set KEY=VALUE` says to vLLM's LLM; a UsageError for anything unknown or out of bounds."""
    from pydantic import Field

    from dsx.plugin_api.engines import EngineOptions

    class VllmOptions(EngineOptions):
        tensor_parallel: int = Field(0, ge=0, description="GPUs for one model; 0: all that are visible")
        gpu_memory_utilization: float = Field(0.9, gt=0, le=1)
        max_model_len: int | None = Field(None, ge=512, description="tokens; the model's own by default")
        max_num_seqs: int = Field(256, ge=1, description="answers written at once")
        dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
        load_format: Literal["auto", "safetensors", "dummy"] = Field("auto", description="dummy: random weights")
        enforce_eager: bool = Field(False, description="no CUDA graphs")
        draw: bool = Field(False, description="answers are drawn, not the likeliest: dummy weights like none best")
        seed: int = 0

    return VllmOptions.read("vllm", settings.options).model_dump()


def arguments(settings: EngineSettings, gpus: int) -> dict[str, Any]:
    """The arguments of vLLM's `LLM`. gpus: how many are visible."""
    options = options_of(settings)
    if settings.model is None:
        raise UsageError(
            "engine vllm: name a model with --model (a folder, or a Hugging Face id that is on this machine)"
        )
    if settings.attention not in ATTENTION:
        raise UsageError(f"engine vllm: --attention {settings.attention}; there are: {', '.join(ATTENTION)}")
    if settings.samples > 1 or settings.alternatives or settings.prior_weight or settings.null_bias:
        raise UsageError(
            "engine vllm: --samples, --alternatives, --prior-weight and --null-bias are of the engine transformers"
        )
    del options["draw"]
    if settings.memory_budget is not None:
        share = settings.memory_budget.strip().removesuffix("%")
        if share == settings.memory_budget.strip():
            raise UsageError(f"engine vllm: --memory-budget {settings.memory_budget}; it takes a share, e.g. 60%")
        options["gpu_memory_utilization"] = float(share) / 100
    given: dict[str, Any] = {
        "model": str(settings.folder or settings.model),
        "tensor_parallel_size": options.pop("tensor_parallel") or max(gpus, 1),
        "enable_prefix_caching": True,
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
        "quantization": QUANTIZATION[settings.quantize],
        "disable_log_stats": True,
        **options,
    }
    backend = ATTENTION[settings.attention]
    return given | ({"attention_config": {"backend": backend}} if backend else {})


class VllmEngine:
    """One LLM for the run."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"

    def __init__(self, settings: EngineSettings) -> None:
        self.draw = bool(options_of(settings)["draw"])  # what was typed wrong is said before anything is loaded
        for name, value in OFFLINE.items():
            os.environ.setdefault(name, value)
        try:
            import torch
            import vllm
        except ImportError as problem:
            raise ModelError(
                f"vLLM cannot be imported ({problem}); see environment.txt of the package dsx-vllm"
            ) from None
        self.settings = settings
        self.arguments = arguments(settings, torch.cuda.device_count())
        self.version = vllm.__version__
        started = time.perf_counter()
        try:
            self.llm = vllm.LLM(**self.arguments)
        except (ValueError, OSError, RuntimeError) as problem:
            raise ModelError(
                f"vLLM could not load {settings.model}: {' '.join(str(problem).split())[:300]}"
            ) from problem
        self._wrap()
        log.info("vLLM %s loaded %s in %.1f s", vllm.__version__, settings.model, time.perf_counter() - started)

    def _wrap(self) -> None:
        import outlines

        from dsx.plugin_api.engines import Renderer

        self.outlines = outlines.from_vllm_offline(self.llm)
        self.tokenizer = self.llm.get_tokenizer()
        self.renderer = Renderer(self.tokenizer)
        self.context_tokens: int = self.llm.llm_engine.model_config.max_model_len

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, without any that a template would add."""
        return self.renderer.count(text)

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """All at once. A question that does not fit, or whose grammar vLLM refuses, has its `error` set."""
        fitting = []
        for question in questions:
            prompt = self._prompt(question)
            room = self.context_tokens - len(prompt) - self.settings.max_new_tokens
            if room < 0:
                reason = f"the prompt has {len(prompt)} tokens, {-room} too many for a context of {self.context_tokens}"
                yield Completion(question.id, "", constrained=True, error=reason)
            else:
                fitting.append((question, prompt))
        if not fitting:
            return
        started = time.perf_counter()
        outputs = self._generate(fitting)
        ms = 1e3 * (time.perf_counter() - started) / len(fitting)
        for (question, _), output in zip(fitting, outputs, strict=True):
            if isinstance(output, str):
                yield Completion(question.id, "", constrained=True, error=output)
            else:
                yield self._completion(question, output, ms)

    def describe(self) -> dict[str, Json]:
        return {"engine": "vllm", "vllm": self.version, "context_tokens": self.context_tokens, **self.arguments}

    def close(self) -> None:
        """Lets go of the model; its processes end with it."""
        del self.llm, self.outlines

    def _prompt(self, question: Question) -> list[int]:
        return [*self.renderer.prefix(question), *self.renderer.suffix(question)]

    def _generate(self, asked: Sequence[tuple[Question, list[int]]]) -> list[Any]:
        """vLLM's outputs in order; where it refuses the batch, each question alone, or the reason for it."""
        prompts = [{"prompt_token_ids": prompt} for _, prompt in asked]
        try:
            return list(self.llm.generate(prompts, [self._sampling(question) for question, _ in asked], use_tqdm=False))
        except ValueError as problem:
            if len(asked) == 1:
                return [f"vLLM: {' '.join(str(problem).split())[:300]}"]
        return [output for one in asked for output in self._generate([one])]

    def _sampling(self, question: Question) -> Any:
        from outlines.types import CFG
        from vllm import SamplingParams
        from vllm.sampling_params import StructuredOutputsParams

        from dsx.plugin_api.engines import lark

        held = CFG(lark(question))
        return SamplingParams(
            temperature=float(self.draw),
            max_tokens=self.settings.max_new_tokens,
            logprobs=5,
            skip_special_tokens=True,
            structured_outputs=StructuredOutputsParams(**self.outlines.type_adapter.format_output_type(held)),
        )

    def _completion(self, question: Question, output: Any, ms: float) -> Completion:
        from dsx.plugin_api.engines import shortest

        written = output.outputs[0]
        sampled = len(written.token_ids)
        reused = output.num_cached_tokens or 0
        usage = Usage(len(output.prompt_token_ids), reused, sampled, 0, float(sampled), ms)
        if written.finish_reason == "length":
            return Completion(question.id, shortest(question, written.text), True, truncated=True, usage=usage)
        if written.finish_reason != "stop":
            reason = f"vLLM ended the answer: {written.finish_reason}"
            return Completion(question.id, "", True, usage=usage, error=reason)
        return Completion(question.id, written.text, True, False, self._confidence(question, written), usage)

    def _confidence(self, question: Question, written: Any) -> Mapping[str, Confidence]:
        from dsx.plugin_api.engines import confidences

        if question.form != "parameters" or not written.logprobs:
            return {}
        pairs = zip(written.token_ids, written.logprobs, strict=False)
        tokens = [_token(chosen, position) for chosen, position in pairs if position]
        while tokens and "".join(token.text for token in tokens) != written.text and len(tokens[-1].text) > 0:
            tokens = tokens[:-1]  # the token that ends the answer is no text
        names = [parameter.name for parameter in question.parameters]
        return confidences(names, written.text, tokens)


def _token(chosen: int, position: Mapping[int, Any]) -> Token:
    from dsx.plugin_api.engines import Token

    top = tuple((each.decoded_token or "", float(each.logprob)) for each in position.values())
    return Token(position[chosen].decoded_token or "", float(position[chosen].logprob), top)


@hookimpl
def register_engines() -> dict[str, EngineFactory]:
    """vllm."""

    return {"vllm": LocalEngine(VllmEngine, check=options_of)}

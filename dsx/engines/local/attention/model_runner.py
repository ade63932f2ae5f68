"""The forward pass of a model for packed sequences, on whatever devices it is; on one GPU by CUDA graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import torch
from transformers import PreTrainedModel

from dsx.engines.local.attention import flash_backend
from dsx.engines.local.attention.cuda_graphs import (
    BUCKET_TOKENS,
    CapturedGraph,
    CudaGraphs,
    passes_of_each_bucket,
)
from dsx.engines.local.attention.interface import ATTENTION, Batch, attending
from dsx.engines.local.attention.kv_cache import CachedPrefix, KVCache
from dsx.engines.local.attention.output_head import float32_output, head_of_16_bits
from dsx.engines.local.attention.packing import ForwardBatch, PrefixGroup


class PassThroughCache:
    """Stands where a model expects its cache. The keys are stored by `interface.attend`."""

    is_compileable = False
    layers: Iterable[Any] = ()

    def update(self, keys: torch.Tensor, values: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """The new keys and values, as they are."""
        return keys, values

    def get_seq_length(self, *_: Any, **__: Any) -> int:
        """0: positions are given, not counted here."""
        return 0

    def get_mask_sizes(self, *_: Any, **__: Any) -> tuple[int, int]:
        """No mask is computed."""
        return 1, 0


class ModelRunner:
    """Runs `model` for sequences whose keys and values stand in `kv_cache`.

    Inside `with runner` its attention is this package's, and its logits are float32.

    report: takes a line about what is not as fast as it could be.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        kv_cache: KVCache,
        report: Callable[[str], None] = lambda line: None,
        use_graphs: bool = True,
    ) -> None:
        self.model, self.kv_cache = model, kv_cache
        self._head = head_of_16_bits(model)
        self._entered: list[ExitStack] = []
        kinds = {(keys.device, keys.dtype) for keys in kv_cache.keys}
        reasons = [reason for kind in kinds if (reason := flash_backend.unavailable_reason(*kind)) is not None]
        self.use_flash = not reasons
        self._several_devices = len({device for device, _ in kinds}) > 1
        use_graphs = use_graphs and self.use_flash and not self._several_devices
        self._graphs = CudaGraphs(self._run, kv_cache, report) if use_graphs else None
        if reasons and self.model.device.type == "cuda":
            report(f"attention by torch's plain operations: {reasons[0]}")

    def __enter__(self) -> None:
        context = ExitStack()
        context.callback(self.model.set_attn_implementation, self.model.config._attn_implementation)
        self.model.set_attn_implementation(ATTENTION)
        if self._head is not None:
            context.enter_context(float32_output(self._head))
        self._entered.append(context)

    def __exit__(self, *_: object) -> None:
        self._entered.pop().close()

    def forward(
        self,
        tokens: Sequence[Sequence[int]],
        tail_starts: Sequence[int],
        num_computed_tokens: Sequence[int],
        prefix_groups: Sequence[PrefixGroup],
    ) -> torch.Tensor:
        """Logits after each sequence's last token, [R, vocabulary], float32 where the head allows, on the last device.

        tokens: new ones of each sequence. For the others see `ForwardBatch`.
        """
        input_ids, num_new_tokens = [token for new in tokens for token in new], [len(new) for new in tokens]
        batch = ForwardBatch(
            self.kv_cache, input_ids, tail_starts, num_computed_tokens, num_new_tokens, prefix_groups, self.use_flash
        )
        together = self.kv_cache.together("forward", tokens, tail_starts, num_computed_tokens, prefix_groups)
        with together, torch.inference_mode():
            return self._run(batch) if self._graphs is None else self._graphs.run(batch)

    @property
    def has_graphs(self) -> bool:
        """Whether there are CUDA graphs, or will be."""
        return self._graphs is not None and self._graphs.enabled

    def capture_graphs(self, prefix: CachedPrefix) -> None:
        """All CUDA graphs that there can be. prefix: a prefilled one. Raises OutOfSlots, and where memory runs out."""
        tail = self.kv_cache.allocate(BUCKET_TOKENS[-1], from_top=True)
        try:
            with self:
                for arguments in passes_of_each_bucket(prefix, tail):
                    if self.has_graphs:
                        self.forward(*arguments)
        finally:
            self.kv_cache.free(tail)

    def forget_graphs(self) -> None:
        """There are no CUDA graphs any more."""
        if self._graphs is not None:
            self._graphs.clear()

    @property
    def captured_graphs(self) -> list[CapturedGraph]:
        """The CUDA graphs that there are."""
        return [] if self._graphs is None else self._graphs.captured

    def _run(self, batch: Batch) -> torch.Tensor:
        metadata = batch.metadata(self.model.device)
        # on several devices an index is sent to the first one, which the last one, where the logits are, cannot use
        kept: Any = metadata.logits_indices
        if self._several_devices:
            kept = metadata.logits_indices.tolist()
        with attending(batch):
            logits: torch.Tensor = self.model(
                input_ids=metadata.input_ids[None],
                position_ids=metadata.positions[None],
                past_key_values=PassThroughCache(),
                use_cache=True,
                logits_to_keep=kept,
            ).logits
        return logits[0]

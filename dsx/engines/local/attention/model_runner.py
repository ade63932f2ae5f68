"""A model's forward pass for packed rows, on whatever devices it is; as a CUDA graph where such passes come again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from transformers import PreTrainedModel

from dsx.engines.local.attention import flash_backend as varlen
from dsx.engines.local.attention.cuda_graphs import Graph, Graphs
from dsx.engines.local.attention.interface import NAME, Step, attending
from dsx.engines.local.attention.kv_cache import Pool, Prefix
from dsx.engines.local.attention.packing import Layout, Pass


class PassThrough:
    """Stands where a model expects its cache; `attention` keeps the keys."""

    is_compileable = False
    layers: Iterable[Any] = ()

    def update(self, keys: torch.Tensor, values: torch.Tensor, *_: Any, **__: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """The new keys and values, as they are."""
        return keys, values

    def get_seq_length(self, *_: Any, **__: Any) -> int:
        """0: positions are given, not counted here."""
        return 0

    def get_mask_sizes(self, *_: Any, **__: Any) -> tuple[int, int]:
        """No mask is made."""
        return 1, 0


class Forward:
    """Runs `model` for rows whose keys and values stand in `pool`. Used as a context: inside, its attention is ours.

    report: takes a line about what is not as fast as it could be.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        pool: Pool,
        report: Callable[[str], None] = lambda line: None,
        use_graphs: bool = True,
    ) -> None:
        self.model, self.pool = model, pool
        self._before: list[str] = []
        places = {(keys.device, keys.dtype) for keys in pool.keys}
        reasons = [reason for place in places if (reason := varlen.why_not(*place)) is not None]
        self.fused = not reasons
        self._several = len({device for device, _ in places}) > 1
        self._graphs = Graphs(self._run, pool, model.device, report) if self.fused and use_graphs else None
        if reasons and self.model.device.type == "cuda":
            report(f"attention by torch's plain operations: {reasons[0]}")

    def __enter__(self) -> None:
        self._before.append(self.model.config._attn_implementation)
        self.model.set_attn_implementation(NAME)

    def __exit__(self, *_: object) -> None:
        self.model.set_attn_implementation(self._before.pop())

    def step(
        self,
        tokens: Sequence[Sequence[int]],
        starts: Sequence[int],
        seen: Sequence[int],
        groups: Sequence[tuple[Prefix, int, int]],
    ) -> torch.Tensor:
        """Logits after each row's last token, [R, vocabulary], on the model's last device.

        tokens: new ones of each row; starts: the first place of its tail; seen: tokens that the tail has already;
        groups: (prefix, first row, end row), in row order.
        """
        packed, counts = [token for row in tokens for token in row], [len(row) for row in tokens]
        step = Pass(self.pool, packed, starts, seen, counts, groups, self.fused)
        with torch.inference_mode():
            if self._graphs is None:
                return self._run(step)
            return self._graphs.run(step)

    @property
    def captured(self) -> list[Graph]:
        """The CUDA graphs that there are."""
        return [] if self._graphs is None else self._graphs.made

    def _run(self, step: Step) -> torch.Tensor:
        layout: Layout = step.layout(self.model.device)
        # on several cards an index is sent to the first one, which the last one, where the logits are, cannot use
        last: Any = layout.last
        if self._several:
            last = layout.last.tolist() if isinstance(step, Pass) else 0
        with attending(step):
            logits: torch.Tensor = self.model(
                input_ids=layout.ids[None],
                position_ids=layout.positions[None],
                past_key_values=PassThrough(),
                use_cache=True,
                logits_to_keep=last,
            ).logits
        return logits[0] if isinstance(last, torch.Tensor | list) else logits[0, layout.last]

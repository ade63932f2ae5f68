"""One rank's model: loaded, its small operations fused, checked, and its memory planned.

A model that is split over several GPUs has a rank on each. All ranks do this alike: their passes meet in NCCL.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from dsx.engines.budget import MemoryBudget
from dsx.engines.local.attention import flash4, flash_backend, triton_backend
from dsx.engines.local.attention.kv_cache import LayerShape
from dsx.engines.local.fused import fuse
from dsx.engines.local.load_model import load
from dsx.engines.local.memory import (
    MemoryPlan,
    Passes,
    free_memory,
    passes_on,
    plan_loaded,
    with_plans,
)
from dsx.engines.local.model_files import ModelFiles
from dsx.engines.local.parity import check_parity
from dsx.engines.local.prefix_cache import layer_shapes
from dsx.errors import MachineError, ModelError
from dsx.types import EngineSettings

log = logging.getLogger("dsx.engines.local")
GROUP_TIMEOUT = timedelta(hours=1)
"""For a collective. Ranks that load their parts from a slow disk are minutes apart."""
SETTLE_SECONDS = 20.0
"""For a GPU to do what it was given. After a pass that failed on one rank only, another's waits for it for ever."""


@dataclass(frozen=True, slots=True)
class LoadJob:
    """What each rank loads. rows: see `passes_on`. cards: how many ranks there are.

    keeps_budget: the allocator of each rank refuses more than its plan; not where the KV cache's size was given.
    kernels: decode steps are attended by `triton_backend` where it can (own), where that was measured to be quicker
    (auto), or not (flash).
    """

    files: ModelFiles
    settings: EngineSettings
    dtype: torch.dtype
    random_weights: bool
    fuse: bool
    rows: int
    cards: int = 1
    keeps_budget: bool = True
    kernels: Literal["auto", "flash", "own"] = "flash"


@dataclass(frozen=True, slots=True)
class LoadedRank:
    """unfused: why no small operations are fused; None: they are. layers: what this rank keeps of a token.

    own_kernels: decode steps are attended by `triton_backend`.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    attention: str
    unfused: str | None
    layers: list[LayerShape]
    passes: Passes
    plans: list[MemoryPlan]
    own_kernels: bool = False


def load_rank(job: LoadJob, device: str) -> LoadedRank:
    """On its device. Raises ModelError."""
    budget = None if job.settings.memory_budget is None else MemoryBudget.read(job.settings.memory_budget)
    free = free_memory(device)
    model, tokenizer, attention = load(job.files, job.settings, device, job.dtype, job.random_weights, job.cards)
    unfused = fuse(model, flash_backend.merge) if job.fuse else "--set fuse=no"
    triton_backend.choose(None)
    flash4.chosen.clear()
    check_parity(model, job.files.name, job.random_weights)
    layers = layer_shapes(model)
    if attention == flash4.NAME:
        _choose_flash4(layers)
    wanted = wants_own_kernels(job, [layer.device for layer in layers])
    if job.cards > 1:
        wanted = all_agree(wanted)  # which unlike GPUs may not: what follows they do together
    own_kernels = wanted and _choose_kernels(job, model, layers[0])
    passes, plans = with_plans(
        passes_on(device, attention, job.rows),
        lambda passes: plan_loaded(model, layers, free, budget, passes, job.cards),
        all_agree if job.cards > 1 else bool,
    )
    return LoadedRank(model, tokenizer, attention, unfused, layers, passes, plans, own_kernels)


def wants_own_kernels(job: LoadJob, devices: Sequence[torch.device]) -> bool:
    """Whether `triton_backend` is to be tried. By itself only where it was measured: on GPUs of its kind that have
    all layers, or a part of each. devices: of each layer of this rank.
    """
    if job.kernels != "auto":
        return job.kernels == "own"
    return len(set(devices)) == 1 and triton_backend.is_quicker(devices[0])


def _choose_kernels(job: LoadJob, model: PreTrainedModel, layer: LayerShape) -> bool:
    """Decode steps are attended by `triton_backend`, unless its kernels fail on a rank: then a line says why not."""
    heads = model.config.get_text_config().num_attention_heads // job.cards
    reason = flash_backend.unavailable_reason(layer.device, layer.dtype)
    reason = reason or triton_backend.enable(layer.device, layer.dtype, heads, layer.heads, layer.key_size)
    if reason is None or job.cards > 1:  # all ranks' passes meet
        try:
            check_parity(model, job.files.name, job.random_weights)
        except ModelError:  # it has passed without them
            reason = "with them the model gives other logits"
    if job.cards > 1 and not all_agree(reason is None):
        reason = reason or "they fail on another GPU"
    if reason is None:
        log.info("Decode steps are attended by this package's kernels")
        return True
    triton_backend.choose(None)
    log.info("Decode steps are not attended by this package's kernels: %s", reason)
    return False


def _choose_flash4(layers: Sequence[LayerShape]) -> None:
    """Whole questions are attended by FlashAttention 4 too, unless it fails there: then a line says why not."""
    layer, several = layers[0], len({layer.device for layer in layers}) > 1
    reason = "the layers are on several GPUs" if several else None
    reason = reason or flash_backend.problem_of(flash4.varlen, layer.device, layer.dtype, layer.key_size)
    if reason is None:
        flash4.chosen.append(True)
        log.info("Whole questions are attended by FlashAttention 4")
    else:
        log.info("Whole questions are not attended by FlashAttention 4: %s", reason)


def join_group(rank: int, cards: int, device: str, meeting: Path) -> None:
    """This process is one of a torch.distributed group of this machine. meeting: a file that all ranks can open."""
    on_gpu = device != "cpu"
    if on_gpu:
        torch.cuda.set_device(device)
    os.environ.setdefault("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0")  # `Ranks` sees to a lost rank itself
    os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    torch.distributed.init_process_group(
        "nccl" if on_gpu else "gloo",
        store=torch.distributed.FileStore(str(meeting), cards),  # type: ignore[attr-defined]
        rank=rank,
        world_size=cards,
        timeout=GROUP_TIMEOUT,
        device_id=torch.device(device) if on_gpu else None,
    )


@contextmanager
def local_rank(rank: int) -> Iterator[None]:
    """While this lasts transformers loads this rank's part of a model."""
    previous = os.environ.get("LOCAL_RANK")
    os.environ["LOCAL_RANK"] = str(rank)
    try:
        yield
    finally:
        del os.environ["LOCAL_RANK"]
        if previous is not None:
            os.environ["LOCAL_RANK"] = previous


def all_agree(agreed: bool) -> bool:
    """Whether all ranks say so. Each must ask at the same place. Raises MachineError where one does not."""
    device = "cuda" if torch.distributed.get_backend() == "nccl" else "cpu"
    votes = torch.tensor([int(agreed)], device=device)
    torch.distributed.all_reduce(votes, torch.distributed.ReduceOp.MIN)
    if not has_settled(device):
        raise MachineError("the GPUs' processes are not at the same pass; run the same command")
    return bool(votes)


def has_settled(device: str) -> bool:
    """Waits until the GPU has done what it was given. False where it has not after SETTLE_SECONDS."""
    if device == "cpu":
        return True
    done, until = torch.cuda.Event(), time.monotonic() + SETTLE_SECONDS
    done.record(torch.cuda.current_stream(device))
    while not done.query():
        if time.monotonic() > until:
            return False
        time.sleep(0.001)
    return True

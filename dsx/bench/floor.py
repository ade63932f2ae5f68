"""The floor: what a model's work must cost on this machine, whatever the program."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dsx.errors import MachineError

SECONDS = 0.5
"""Each of the two speeds is measured for so long."""


@dataclass(frozen=True, slots=True)
class Speeds:
    """bandwidth: bytes a second that are read from memory. flops: of a matrix product, a second. Both of one device."""

    bandwidth: float
    flops: float


@dataclass(frozen=True, slots=True)
class Weights:
    """layer_parameters: those that every token is multiplied with. step_bytes: read for one forward pass."""

    layer_parameters: int
    step_bytes: int

    def prefill_seconds(self, tokens: int, speeds: Speeds, devices: int = 1) -> float:
        """Two operations a parameter and token. Attention is left out."""
        return 2 * self.layer_parameters * tokens / (speeds.flops * devices)

    def decode_seconds(self, passes: float, tokens: int, speeds: Speeds, devices: int = 1) -> float:
        """The weights are read once a pass, or computed with, whichever takes longer. Keys and values are left out."""
        reading = passes * self.step_bytes / (speeds.bandwidth * devices)
        return max(reading, self.prefill_seconds(tokens, speeds, devices))


def weights_of(folder: Path, element_bytes: float) -> Weights:
    """Of a model's configuration. No weight is read. element_bytes: of one parameter."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder, local_files_only=True))
    embedding = model.get_input_embeddings().weight
    head = model.get_output_embeddings().weight
    tables = embedding.numel() + (0 if head is embedding else head.numel())
    layers = sum(weight.numel() for weight in model.parameters()) - tables
    return Weights(layers, int((layers + head.numel()) * element_bytes))


def speeds_here(dtype: str) -> Speeds:
    """Of the first GPU, or of the processor. dtype: of the model, "auto" as the engine `transformers` chooses it.

    In a process of its own, which leaves nothing on a GPU and does not start CUDA in this one.
    """
    measured = subprocess.run([sys.executable, "-m", "dsx.bench.floor", dtype], stdout=subprocess.PIPE, text=True)
    if measured.returncode:
        raise MachineError("the speed of this machine could not be measured; see above", passes=False)
    return Speeds(**json.loads(measured.stdout))


def measure_speeds(device: str, dtype: Any) -> Speeds:
    """In about a second."""
    import torch

    on_gpu = device != "cpu"
    words = torch.rand((4 << 30 if on_gpu else 256 << 20) // 4, dtype=torch.float32, device=device)
    side = 8192 if on_gpu else 1024
    square = torch.randn(side, side, dtype=dtype, device=device)  # constants are multiplied quicker
    with torch.inference_mode():
        bandwidth = words.nbytes * _times_a_second(lambda: words.sum(), device)
        flops = 2 * side**3 * _times_a_second(lambda: square @ square, device)
    return Speeds(bandwidth, flops)


def main() -> None:
    """Prints the speeds for a dtype, as JSON."""
    from dsx.engines.local.load_model import device_of, dtype_of

    device = device_of("auto")
    print(json.dumps(asdict(measure_speeds(device, dtype_of(sys.argv[1], device)))))


def _times_a_second(work: Callable[[], object], device: str) -> float:
    """Of the quickest of several turns."""
    import torch

    def turn(count: int) -> float:
        if device != "cpu":
            torch.cuda.synchronize(device)
        started = time.perf_counter()
        for _ in range(count):
            work()
        if device != "cpu":
            torch.cuda.synchronize(device)
        return (time.perf_counter() - started) / count

    turn(1)
    count = max(int(SECONDS / 4 / max(turn(1), 1e-6)), 1)
    return 1 / min(turn(count) for _ in range(4))


if __name__ == "__main__":
    main()

"""What is asked of the machine: its devices, and the memory that is in use there."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping


def processor_seconds() -> float:
    """Of this process, and of its children that have ended."""
    return sum(os.times()[:4])


class Machine:
    """Memory in use, beside what was in use before."""

    def __init__(self) -> None:
        self._before = self._in_use()

    def memory(self) -> Mapping[str, int]:
        """Bytes by device. A GPU's is what its allocators hold, which is the most that was needed at once; of this
        process and of others that began meanwhile. Without a GPU: the most that this process has had."""
        if not self._before:
            return {
                "cpu": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
            }
        return {name: used - self._before[name] for name, used in self._in_use().items()}

    def _in_use(self) -> dict[str, int]:
        import torch

        if not torch.cuda.is_available():
            return {}
        states = {f"cuda:{card}": torch.cuda.mem_get_info(card) for card in range(torch.cuda.device_count())}
        return {name: total - free for name, (free, total) in states.items()}

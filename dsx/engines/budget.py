"""How much memory an engine may take: a share of what is free, or bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from dsx.errors import UsageError

_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(%|[kmgt]i?b?)", re.IGNORECASE)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """Either a share of what is free before the model is loaded, on each device, or bytes of each device."""

    share: float | None = None
    nbytes: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """From "60%", "40GB" or "40GiB". Raises UsageError."""
        match = _WRITTEN.fullmatch(text.strip())
        if match is None or not float(match[1]):
            raise UsageError(f"--memory-budget {text}: write a share of what is free (60%) or an amount (40GB)")
        unit = match[2].lower()
        if unit == "%":
            if float(match[1]) > 100:
                raise UsageError(f"--memory-budget {text}: at most 100%")
            return cls(share=float(match[1]) / 100)
        return cls(nbytes=int(float(match[1]) * (1024 if "i" in unit else 1000) ** _POWERS[unit[0]]))

    def of(self, free: int) -> int:
        """Bytes, where so many are free."""
        return min(self.nbytes, free) if self.share is None else int(self.share * free)

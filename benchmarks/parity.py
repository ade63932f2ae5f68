"""How far rounding moves a model's logits, text by text: what the parity check has to tell from other attention.

    python benchmarks/parity.py MODEL [MODEL ...]

MODEL: a folder. In bf16, on the CPU, with the texts of the check and twenty more of their kind. Printed: the relative
difference of the logits of 25 texts, least first, and the medians of each five, of which the check takes the first.
"""

from __future__ import annotations

import sys
from statistics import median

import torch
from transformers import AutoModelForCausalLM

from dsx.engines.local import parity

TEXTS = 25


def main() -> int:
    """Two lines a model."""
    if not sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    for folder in sys.argv[1:]:
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="sdpa").eval()
        off = [
            parity._relative(parity._logits(model, text), parity._own_logits(model, text))
            for text in map(parity.text_of, range(TEXTS))
        ]
        print(folder, *(f"{each:.4f}" for each in sorted(off)))
        print("medians", *(f"{median(off[at : at + parity.TEXTS]):.4f}" for at in range(0, TEXTS, parity.TEXTS)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""What the host does in a run on GPUs: shares of a sampling profile of the thread that drives them.

    py-spy record --pid PID --rate 200 --duration 22 --threads --format raw --output FILE    # beside one_card.py work
    python benchmarks/gpu/host_profile.py FILE

Each sample counts for the first of PARTS in its stack. Then the shares of samples in which a function of LAYERS stands,
of those in which a text's layers are launched; these overlap.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TEXTS = "read_prefix ("
PARTS = {
    "texts: the model launched, layer by layer": TEXTS,
    "numbers of a paper found": "find_numbers (",
    "whole questions: the model launched without a CUDA graph": "ModelRunner._run (",
    "questions made: candidates, quotes": "prepare (dsx/fill/placed",
    "tokens that a grammar forces": "_append_forced (",
    "waiting for a GPU": "Event.synchronize (",
}
LAYERS = {
    "fused kernels, by way of torch.compile": "compile_wrapper (",
    "attention, through transformers": "flash_attention_forward (",
    "of it: whether sequences are packed": "_is_packed_sequence (",
    "linear layers": "Linear.forward (",
    "all-reduce": "all_reduce (",
}


def samples(file: Path) -> Iterator[tuple[str, int]]:
    """Stacks of the main thread, and how often each was seen."""
    for line in file.read_text("utf-8").splitlines():
        stack, _, count = line.rpartition(" ")
        if "MainThread" in stack:
            yield stack, int(count)


def main() -> None:
    """See the module's docstring."""
    counted = list(samples(Path(sys.argv[1])))
    parts, layers = Counter[str](), Counter[str]()
    for stack, count in counted:
        parts[next((part for part, name in PARTS.items() if name in stack), "all else")] += count
        if TEXTS in stack:
            layers.update({name: count for name, function in LAYERS.items() if function in stack})
    total = sum(count for _, count in counted)
    print(f"{total} samples")
    for name, count in parts.most_common():
        print(f"{count / total:6.1%}  {name}")
    print("of the texts':")
    texts = sum(count for stack, count in counted if TEXTS in stack)
    for name, count in layers.most_common():
        print(f"{count / texts:6.1%}  {name}")


if __name__ == "__main__":
    main()

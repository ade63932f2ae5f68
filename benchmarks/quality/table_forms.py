"""In which form a model reads rows of tables best: cells parted by three blanks, by bars, or each with its head.

    python benchmarks/quality/table_forms.py MODEL-FOLDER [--passages FOLDER] [--held-out]

The questions are those of dsx-reader's made-up passages whose answer stands in a table's row; --held-out takes only the
fields that no reader is trained on. A model that was trained on one form is no judge of the others. Printed for each
form: questions, F1 of values, right nulls, and for the second and third the difference to the first with its 95 %
interval over passages.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dsx_reader.evaluate import Score, answered, examples_of
from dsx_reader.passages import Ask, GoldAnswer, Passage, read_passages
from dsx_reader.sources import HELD_OUT
from transformers import AutoTokenizer

ROOT = Path(__file__).resolve().parents[2]
GAP = "   "
Form = Callable[[Sequence[str], Sequence[str]], str]
"""(heads, cells) of a row: its line."""


def with_heads(heads: Sequence[str], cells: Sequence[str]) -> str:
    """The row's label, then each cell with the head of its column."""
    named = [f"{head}: {cell}" for head, cell in zip(heads[1:], cells[1:], strict=False)]
    return "; ".join([cells[0], *named, *cells[len(heads) :]])


FORMS: dict[str, Form] = {
    "blanks": lambda heads, cells: GAP.join(cells),
    "bars": lambda heads, cells: " | ".join(cells),
    "heads": with_heads,
}


def lines_of(passage: Passage, form: Form) -> dict[str, str]:
    """By each line of a table, as the passage has it: the line in another form. The first row keeps its heads."""
    lines: dict[str, str] = {}
    heads: list[str] = []
    for line in passage.text.split("\n"):
        cells = line.split(GAP)
        if len(cells) < 2:
            heads = []
        elif not heads:
            heads = cells
            lines[line] = GAP.join(cells) if form is FORMS["heads"] else form(cells, cells)
        else:
            lines[line] = form(heads, cells)
    return lines


def in_form(passage: Passage, form: Form) -> Passage | None:
    """The passage with its tables in a form and only the questions about them; None where there is none."""
    lines = lines_of(passage, form)

    def moved(old: GoldAnswer) -> GoldAnswer | None:
        rows = [next((line for line in lines if words in line), None) for words in old.words]
        return None if None in rows else GoldAnswer(old.value, tuple(dict.fromkeys(lines[row] for row in rows if row)))

    asks = []
    for ask in passage.asks:
        new = {label: moved(old) for label, old in ask.answers.items()}
        kept = {label: each for label, each in new.items() if each is not None}
        if len(kept) == len(new):
            asks.append(Ask(ask.name, ask.type, ask.argument, ask.description, kept, ask.choices))
    text = "\n".join(lines.get(line, line) for line in passage.text.split("\n"))
    return replace(passage, text=text, asks=tuple(asks)) if asks else None


def scores_of(folder: Path, passages: Sequence[Passage]) -> dict[str, Score]:
    """By passage; what is asked beside the questions about tables (lists of records) counts nothing."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    examples, passage_of = [], {}
    for passage in passages:
        for example in examples_of([passage], tokenizer, ()):
            if example.question.form != "labels":
                examples.append(example)
                passage_of[id(example)] = passage.id
    scores: dict[str, Score] = defaultdict(Score)
    for example, _, score, _ in answered(folder, examples):
        scores[passage_of[id(example)]] += score
    return scores


def difference(scores: dict[str, Score], base: dict[str, Score]) -> tuple[float, float, float]:
    """Of F1: median and 95 % interval over passages."""
    drawn, ids, differences = random.Random(0), sorted(base), []
    for _ in range(1000):
        sample = drawn.choices(ids, k=len(ids))
        one, other = (sum((each[key] for key in sample), Score()).f1 for each in (scores, base))
        differences.append(one - other)
    differences.sort()
    return differences[500], differences[25], differences[975]


def main() -> int:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--passages", type=Path, default=ROOT / "plugins/dsx-reader/data/passages")
    parser.add_argument("--held-out", action="store_true")
    options = parser.parse_args()
    read = [each for file in sorted(options.passages.glob("*.txt")) for each in read_passages(file)]
    read = [each for each in read if re.search(GAP, each.text) and (each.field in HELD_OUT or not options.held_out)]
    results: dict[str, dict[str, Score]] = {}
    print(f"{'form':8}{'passages':>9}{'values':>8}{'F1':>8}{'nulls':>8}{'right':>7}{'F1 less that of blanks':>32}")
    for name, form in FORMS.items():
        passages = [new for each in read if (new := in_form(each, form)) is not None]
        results[name] = scores_of(options.model, passages)
        total = sum(results[name].values(), Score())
        middle, low, high = difference(results[name], results["blanks"])
        counts = f"{len(passages):>9}{total.true:>8}{total.f1:>8.3f}{total.nulls:>8}{total.right_nulls:>7}"
        print(f"{name:8}{counts}{middle:>16.3f} ({low:.3f} to {high:.3f})", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())

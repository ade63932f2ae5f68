"""Whether what is shown holds the answer: gold quotes inside what dsx selects, by tokens shown, and how many texts.

    python benchmarks/selection.py [--shared ../shared] [--tokens 500 700 1000 1500]

The sets lie in ../shared, beside the repository; without them the exit status is 2. Tokens are those of the embedded
model. A gold quote is one place of a value; others may say it too. Printed: share of gold quotes whose first 60 letters
stand in what is shown for their question, tokens of all texts shown for a paper, and what whole papers would take.
"""

from __future__ import annotations

import argparse
import functools
import json
import re
import sys
from collections import Counter
from pathlib import Path
from statistics import median

from dsx import load_document, parameter_set
from dsx.ask.query import parameters_query
from dsx.ask.select import Selector, readable, show
from dsx.engines.local.model_files import embedded
from dsx.fill.paper import RecordContext, factor_of, sections_of
from dsx.ground.numbers import find_numbers

ROOT = Path(__file__).resolve().parents[1]
SETS = {"motor": "pdf", "participants": "papers", "trials": "papers"}


def letters(text: str) -> str:
    """Letters and digits alone."""
    return re.sub(r"\W+", "", text.lower())


def schema_of(name: str, data: Path, paper: str) -> Path:
    """The parameter set that a paper is asked; each trial has its own."""
    if name == "motor":
        return ROOT / "schemas/motor.json"
    return data / "schemas" / f"{paper}.json" if name == "trials" else data / "schema.json"


def main() -> int:
    """The table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    parser.add_argument("--tokens", type=int, nargs="+", default=[500, 700, 1000, 1500])
    options = parser.parse_args()
    if not (options.shared / "data").is_dir():
        print(f"no dev sets in {options.shared}", file=sys.stderr)
        return 2
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(embedded().folder)
    count = functools.lru_cache(200_000)(lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"]))
    print(f"{'set':14}{'shown':>7}{'paper':>12}{'record':>12}{'texts':>7}{'tokens':>8}{'whole':>8}")
    for name, folder in SETS.items():
        data = options.shared / "data" / f"{name}-dev"
        rows: dict[int, Counter[str]] = {tokens: Counter() for tokens in options.tokens}
        texts: dict[int, list[int]] = {tokens: [] for tokens in options.tokens}
        wholes = []
        for file in sorted((data / "gold").glob("*.json")):
            gold = json.loads(file.read_text("utf-8"))
            root = parameter_set(schema_of(name, data, file.stem)).root
            own = {each.name: each for each in root.parameters}
            below = {each.name: each for kind in root.children for each in kind.parameters}
            document = load_document(data / folder / gold["pdf"])
            numbers = find_numbers(document)
            wholes.append(count(show(document, readable(document), whole=True).text))
            asked = {}
            sections = [sections_of(document, record["label"]) for record in gold["experiments"]]
            for record, spans in zip(gold["experiments"], sections, strict=True):
                context = RecordContext((), record["label"], tuple(spans))
                for parameter in own.values():
                    asked["", parameter.name] = (parameter, RecordContext())
                for parameter in below.values():
                    asked[record["label"], parameter.name] = (parameter, context)
            queries = [
                parameters_query([parameter], context.label, factor_of(numbers, [parameter], context))
                for parameter, context in asked.values()
            ]
            for tokens in options.tokens:
                shown = dict(zip(asked, Selector(document, count, 0, tokens).select_shared(queries), strict=True))
                texts[tokens].append(len({each.passages for each in shown.values()}))
                for record in gold["experiments"]:
                    for parameter, cell in record["parameters"].items():
                        if cell.get("value") is None or not cell.get("quote") or parameter not in {*own, *below}:
                            continue
                        level = "paper" if parameter in own else "record"
                        key = ("" if parameter in own else record["label"], parameter)
                        rows[tokens][level] += 1
                        rows[tokens][f"{level} held"] += letters(cell["quote"])[:60] in letters(shown[key].text)
        for tokens, row in rows.items():
            shares = "".join(
                f"{row[f'{level} held'] / (row[level] or 1):>8.2f}/{row[level]:<3}" for level in ("paper", "record")
            )
            shared = median(texts[tokens])
            print(f"{name:14}{tokens:>7}{shares}{shared:>7}{shared * tokens:>8.0f}{median(wholes):>8.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How often the likeliest choice is the right one, by how much of the model's prior is taken out of it.

    python benchmarks/quality/priors.py [--model FOLDER] [--sets motor participants trials sample] [--shared ../shared]

Each question is about one choice or boolean of one record, whose label is given; it is shown 400 tokens that dsx
selects. The choices are scored by plain forward passes of the model (no grammar, no engine): log p(choice | text) −
weight × log p(choice | no text). Sets with gold in
../shared; `sample` is the project's own paper. Without --model: dsx-reader.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from dsx_reader.model import folder as reader_folder
from dsx_reader.prompts import READER
from transformers import AutoModelForCausalLM, AutoTokenizer

from dsx import load_document, parameter_set
from dsx.ask.prompt import Prompts
from dsx.ask.select import Selector
from dsx.fill import placed
from dsx.fill.paper import PaperContext, RecordContext, RunContext, Wording
from dsx.fill.records import contexts
from dsx.plugin_api.training import Renderer, kind_of
from dsx.recipe import Recipe
from dsx.types import ParameterSet, Question, Shown

ROOT = Path(__file__).resolve().parents[2]
WEIGHTS = (0.0, 0.3, 0.5, 0.7, 0.85, 1.0)
PASSAGE_TOKENS = 400


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper with the values of its records. scorer: judges a value against its gold."""

    path: Path
    parameters: ParameterSet
    experiments: list[dict[str, Any]]
    scorer: ModuleType


def papers(name: str, shared: Path) -> Iterator[Paper]:
    """Those of a set."""
    motor = parameter_set(str(ROOT / "schemas" / "motor.json"))
    if name == "sample":
        gold = json.loads((ROOT / "examples" / "gold" / "sample.json").read_text("utf-8"))
        yield Paper(
            ROOT / "examples" / "papers" / "sample.pdf", motor, gold["experiments"], importlib.import_module("score")
        )
        return
    folder = shared / "data" / f"{name}-dev"
    scorer = importlib.import_module("score" if name == "motor" else "score_set")
    for file in sorted((folder / "gold").glob("*.json")):
        gold = json.loads(file.read_text("utf-8"))
        path = folder / ("pdf" if name == "motor" else "papers") / gold["pdf"]
        parameters = motor
        if name != "motor":
            schema = folder / ("schema.json" if name == "participants" else f"schemas/{path.stem}.json")
            parameters = parameter_set(str(schema))
            scorer.KIND.clear()
            scorer.PAPER.clear()
            scorer.read_schema(str(schema))
        yield Paper(path, parameters, gold["experiments"], scorer)


class Model:
    """Scores of texts after a prompt."""

    def __init__(self, folder: Path) -> None:
        self.renderer = Renderer(AutoTokenizer.from_pretrained(folder))
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()

    @torch.inference_mode()
    def scores(self, question: Question, choices: list[Any]) -> list[float]:
        """The log-probability of each choice's JSON as the answer's value."""
        prompt = [*self.renderer.prefix(question), *self.renderer.suffix(question)]
        read = self.model(torch.tensor([prompt]), logits_to_keep=1)
        totals = []
        for choice in choices:
            tokens = self.renderer.encode_text(f'{{"value":{json.dumps(choice, ensure_ascii=False)},"quote":"')
            further = self.model(torch.tensor([tokens]), past_key_values=read.past_key_values).logits[0]
            read.past_key_values.crop(-len(tokens))
            logits = torch.cat([read.logits[0], further[:-1]]).log_softmax(-1)
            totals.append(float(logits.gather(1, torch.tensor(tokens)[:, None]).sum()))
        return totals


def questions(model: Model, paper: Paper) -> Iterator[tuple[dict[str, Any], Question]]:
    """What is asked about one choice or boolean of one record, with the record's known values."""
    prompts = Prompts(READER, "value-quote", places=True)
    wording = Wording(prompts.system(paper.parameters.root, strict=False), prompts.examples)
    run = RunContext(Recipe.read(schema_name=""), True, wording, prompts, {}, (), lambda *logged: None)
    document = load_document(str(paper.path))
    selector = Selector(document, model.renderer.count, 0, PASSAGE_TOKENS)
    context = PaperContext(document, selector, run)
    asked = [(paper.experiments[0], RecordContext(), each) for each in paper.parameters.root.parameters]
    for kind in paper.parameters.root.children[:1]:
        records = contexts(context, RecordContext(), kind, [each["label"] for each in paper.experiments])
        pairs = zip(paper.experiments, records, strict=True)
        asked += [(values, record, each) for values, record in pairs for each in kind.parameters]
    asked = [each for each in asked if kind_of(each[2]) == "choice"]
    context.plan([(record, parameter) for _, record, parameter in asked])
    for values, record, parameter in asked:
        yield values["parameters"], placed.question(*placed.prepare(context, record, parameter)[:2])


def right_by_weight(model: Model, paper: Paper) -> Iterator[list[bool]]:
    """For each question whose value is known: whether the best choice is right, by weight."""
    for values, question in questions(model, paper):
        [parameter] = question.parameters
        gold = paper.scorer.Gold(values.get(parameter.name, {}))
        legal = [choice.value for choice in parameter.choices] or [True, False]
        accepted = [gold.value is not None and gold.accepts(parameter.name, value) for value in legal]
        if gold.doubtful or not any(accepted):
            continue
        with_text = model.scores(question, legal)
        without = model.scores(replace(question, shown=Shown("", (), True)), legal)
        gains = [[one - weight * other for one, other in zip(with_text, without, strict=True)] for weight in WEIGHTS]
        yield [accepted[max(range(len(legal)), key=each.__getitem__)] for each in gains]


def main() -> None:
    """Prints one line a set."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--model", type=Path, default=None)
    arguments.add_argument("--sets", nargs="+", default=["sample", "motor", "participants", "trials"])
    arguments.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    chosen = arguments.parse_args()
    sys.path.insert(0, str(chosen.shared / "tools"))
    model = Model(chosen.model or reader_folder())
    print("set           questions", *(f"{weight:>6}" for weight in WEIGHTS))
    for name in chosen.sets:
        rows = [row for paper in papers(name, chosen.shared) for row in right_by_weight(model, paper)]
        print(f"{name:13} {len(rows):9}", *(f"{sum(column):6}" for column in zip(*rows, strict=True)), flush=True)


if __name__ == "__main__":
    main()

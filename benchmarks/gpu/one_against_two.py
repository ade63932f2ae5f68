"""The same answers on one card and on two, each layer split over both: of a model, or of a shape's first layers.

    python benchmarks/gpu/one_against_two.py SHAPE_OR_FOLDER [--layers 6] [--dtype bfloat16] [--device cuda|cpu]

36 questions on six texts. Prints one line of JSON: equal texts, and the largest difference of their confidences. Each
engine has a process of its own. With --device cpu two processes meet through gloo. A shape gets random weights.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from dsx.engines.local.shapes import SHAPES, write_shape
from dsx.schema import read
from dsx.types import EngineSettings, Passage, Question, QuestionId, Shown

TEXT = "{} adults, {} of them women, moved a cursor with the left hand to one of {} targets in study {}."
CHOICES = {"hand": ["right", "left", "both"], "feedback": ["none", "endpoint", "continuous"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"enum": values} for name, values in CHOICES.items()},
        **{name: {"type": "integer", "minimum": 0, "maximum": 99} for name in ("adults", "women", "targets")},
        "cursor": {"type": "string", "maxLength": 60},
    },
}


def questions(texts: int = 6) -> list[Question]:
    """Six about each text."""
    asked = []
    for number in range(texts):
        text = TEXT.format(20 + number, 9 + number, 4 + number, number)
        shown = Shown(text, (Passage(0, len(text)),), True)
        for parameter in read(SCHEMA, "small").root.parameters:
            key = QuestionId(f"paper {number}", names=(parameter.name,))
            prompt = f"Which {parameter.name}?"
            asked.append(Question(key, "Read.", shown, prompt, "parameters", (parameter,), may_be_null=False))
    return asked


def answer(folder: str, options: dict[str, str]) -> dict[str, Any]:
    """Text and confidences of each answer, by question."""
    from dsx.engines.local.engine import make

    with closing(make(EngineSettings(model=folder, max_new_tokens=120, options=options))) as engine:
        return {
            repr(each.question_id): [each.text, {name: sure.value for name, sure in each.confidence.items()}]
            for each in engine.answer(questions())
        }


def answer_apart(folder: str, options: dict[str, str]) -> dict[str, Any]:
    """The same by a process of its own."""
    command = [sys.executable, __file__, folder, "--answer", json.dumps(options)]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answers: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answers


def write_layers(shape: str, layers: int, folder: Path) -> None:
    """The first layers of a shape, with random weights that are large enough for uneven probabilities."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    write_shape(shape, folder)
    config = AutoConfig.from_pretrained(folder)
    config.num_hidden_layers = layers
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[:layers]
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(2)
    model.save_pretrained(folder)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--answer", type=json.loads, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answer is not None:
        print(json.dumps(answer(given.model, given.answer)))
        return
    with tempfile.TemporaryDirectory() as folder:
        model = given.model
        if model in SHAPES:
            model = folder
            write_layers(given.model, given.layers, Path(folder))
        common = {"dtype": given.dtype, "cache_gigabytes": "0.5"}
        one_card = "cpu" if given.device == "cpu" else f"{given.device}:0"
        one = answer_apart(model, common | {"device": one_card})
        two = answer_apart(model, common | {"device": given.device, "parallel": "tensor", "cards": "2"})
    equal = [key for key, (text, _) in one.items() if two[key][0] == text]
    apart = [abs(sure - two[key][1][name]) for key in equal for name, sure in one[key][1].items()]
    figures = {"questions": len(one), "equal": len(equal), "confidence_apart": max(apart, default=None)}
    print(json.dumps({"model": given.model, "dtype": given.dtype, "device": given.device, **figures}))


if __name__ == "__main__":
    main()

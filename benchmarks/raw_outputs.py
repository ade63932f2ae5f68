"""Raw answers of small real models to prompts that ask for JSON, without a grammar: what tests/corpus/raw.jsonl holds.

    pip install llama-cpp-python
    python benchmarks/raw_outputs.py SMOLLM2.gguf QWEN2.5-CODER-0.5B.gguf > raw.jsonl

One line an answer: {"id", "model", "parameters", "prompt", "finish", "text"}. The passages are made up. `truth` is then
added by hand: what the text says of each parameter, read literally, right or wrong about the passage.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

PASSAGES = [
    "Sixteen volunteers (9 women; mean age 23.4 ± 3.1 years, range 19–31) took part. All were right-handed by their "
    "own account and gave consent; the session was called “the cursor game”. Each did 4 blocks of 60 trials, and the "
    "cursor was turned by −30° in every block but the first.",
    "We tested 24 adults (12 men and 12 women; aged 18–35 years). They sat in front of a 24-inch screen at a distance "
    "of 60 cm and held the robot's handle. Targets appeared 8 cm from the start, and feedback came after a delay of "
    '200 ms. The experimenter said "reach as straight as you can".',
    "In Experiment 2, 1,200 responses of thirty-two students were kept (mean age: 20.9 years). Half of them (group A) "
    "saw the cursor all the time; the others (group B) saw its end point only. The rotation grew by 1° a trial up to "
    "45°. Handedness was not asked.",
]
SINGLES = [
    ("n_total", "integer", "the number of participants"),
    ("age_mean", "number with its unit", "the mean age of the participants"),
    ("rotation", "number with its unit", "the size of the cursor's rotation"),
    ("handedness", "text", "which hand the participants prefer"),
    ("instruction", "text", "what the participants were told"),
]
STYLES = [
    'Answer with JSON only: {"value": ..., "unit": ..., "quote": ...}. The quote is copied from the text. '
    "Write null as the value if the text does not say it.",
    'Give your answer as a JSON object with the keys "value", "unit" and "quote" (the exact words of the text).',
]
GROUPS = [("n_total", "age_mean", "rotation"), ("n_total", "trials_total", "feedback", "handedness")]
GROUP_STYLES = [
    'Answer with one JSON object that has the keys {names}; each holds an object with "value" and "quote".',
    "Return JSON: an object from parameter name to value for the parameters {names}. Use null where nothing is said.",
]


def prompts() -> list[tuple[list[str], str]]:
    asked: list[tuple[list[str], str]] = []
    for number, passage in enumerate(PASSAGES):
        for at, (name, kind, what) in enumerate(SINGLES):
            style = STYLES[(number + at) % 2]
            asked.append(([name], f"Text:\n{passage}\n\nParameter {name} ({kind}): {what}.\n{style}"))
        for group in GROUPS:
            for style in GROUP_STYLES:
                asked.append((list(group), f"Text:\n{passage}\n\n{style.format(names=', '.join(group))}"))
    asked += asked[:3]
    return asked


def main() -> None:
    from llama_cpp import Llama

    for path in map(Path, sys.argv[1:]):
        model = Llama(str(path), n_ctx=2048, n_threads=1, verbose=False, seed=7)
        for number, (parameters, prompt) in enumerate(prompts()):
            reply = model.create_chat_completion(
                [{"role": "user", "content": prompt}], temperature=0.7, max_tokens=160 if len(parameters) == 1 else 220,
                seed=number,
            )["choices"][0]  # fmt: skip
            line = {
                "id": f"{path.stem}-{number:02d}", "model": path.stem, "parameters": parameters, "prompt": prompt,
                "finish": reply["finish_reason"], "text": reply["message"]["content"],
            }  # fmt: skip
            print(json.dumps(line, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()

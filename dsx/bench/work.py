"""What `dsx bench` has done: a parameter set of 24 parameters, and papers that a seed makes."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

LABEL = "Experiment {}"
MAX_RECORDS = 4
WORDS = """
    task hand arm trial block cursor target group learning movement feedback error session phase condition response
    delay practice adaptation strategy memory training control subject screen motion reach angle baseline retention
    schedule instruction signal pattern transfer performance direction variance estimate model analysis change effect
    reported observed measured increased decreased remained followed showed suggested compared assigned completed
    the of in and to was were with for that by on from during after before each between across without under
    slow fast early late small large stable gradual explicit implicit visual manual remembered similar different
"""
SENTENCES = (
    "In total, {n} participants took part in this experiment, of whom {m} were women.",
    "Their mean age was {a} years (SD = {s} years, range {m}-{b} years).",
    "Targets appeared at a distance of {n} cm from the start, at one of {k} locations.",
    "Feedback was shown {s} s after the end of the movement in {n} trials.",
    "The cursor was rotated by {b}° in the first block and by {m}° in the second.",
    "Each session had {k} blocks of {n} trials, {t} trials in all.",
    "The difference was {s} degrees (t({n}) = {a}, p = 0.0{k}).",
)
"""One of four sentences is of these, the others are words: some 30 numbers in 1,000 tokens."""


def _number(description: str, unit: str | None = None) -> dict[str, Any]:
    annotated = {"x-unit": unit} if unit else {}
    kind = "number" if unit else "integer"
    return {"type": [kind, "null"], "minimum": 0, "maximum": 100_000, "description": description, **annotated}


def _choice(description: str, *values: str) -> dict[str, Any]:
    return {"enum": [*values, None], "description": description}


def _text(description: str, most: int) -> dict[str, Any]:
    return {"type": ["string", "null"], "maxLength": most, "description": description}


def _texts(description: str, items: Mapping[str, Any], most: int) -> dict[str, Any]:
    return {"type": ["array", "null"], "maxItems": most, "items": items, "description": description}


def parameter_set() -> dict[str, Any]:
    """The JSON Schema: 4 parameters of the paper, 20 of each record, in the mixture of `schemas/motor.json`.

    One of the 20 is a list of 5 choices, each of which is asked where `Recipe.choices` says so.
    """
    of_record = {
        "participants": _number("Number of participants who took part."),
        "women": _number("Number of women among them."),
        "age_mean": _number("Mean age of the participants.", "year"),
        "age_sd": _number("Standard deviation of their age.", "year"),
        "distance": _number("Distance of the target from the start.", "cm"),
        "delay": _number("Delay of the feedback after the movement.", "s"),
        "targets": _number("Number of target locations."),
        "trials": _number("Number of trials of one participant, all blocks together."),
        "age_range": _text("Range of the participants' age, as written.", 20),
        "apparatus": _text("Apparatus with which movements were recorded.", 60),
        "angles": _texts("Angles of all rotations.", {"type": "number", "minimum": -360, "maximum": 360}, 4),
        "feedback": _texts(
            "Feedback that was given.", {"enum": ["continuous", "endpoint", "delayed", "clamped", "none"]}, 3
        ),
        "population": _choice("Who took part.", "young", "older", "patients", "mixed", "other"),
        "handedness": _choice("Handedness of the participants.", "right", "left", "mixed"),
        "effector": _choice("What was moved.", "arm", "hand", "finger", "wrist", "eye", "other"),
        "perturbation": _choice("What was changed.", "rotation", "gain", "force", "prism", "mirror", "clamp", "none"),
        "schedule": _choice("How it was brought in.", "abrupt", "gradual", "mixed", "other"),
        "criterion": _choice("What counted as a hit.", "passing", "stopping", "other"),
        "awareness": _choice("What participants were told.", "reported", "instructed", "uninstructed", "mixed"),
        "aftereffect": {"type": ["boolean", "null"], "description": "Whether an after-effect was measured."},
    }
    word = {"type": "string", "maxLength": 30}
    return {
        "title": "bench",
        "type": "object",
        "properties": {
            "place": _text("Institution at which the study was done.", 60),
            "topics": _texts("Main topics of the study.", word, 3),
            "software": _text("Software that was used for the analysis.", 40),
            "recorded": {"type": ["integer", "null"], "minimum": 1900, "maximum": 2100, "description": "Year of it."},
            "experiments": {
                "type": "array",
                "description": "The experiments that the paper reports.",
                "x-max-records": MAX_RECORDS,
                "items": {"type": "object", "properties": of_record},
            },
        },
    }


def record_counts(papers: int, mean: float) -> list[int]:
    """How many records each paper has: whole numbers whose mean is as near to `mean` as may be."""
    ends = [round(mean * count) for count in range(papers + 1)]
    return [max(after - before, 1) for before, after in itertools.pairwise(ends)]


def write_papers(
    folder: Path,
    papers: int,
    tokens: int,
    records: float,
    count_tokens: Callable[[str], int],
    name: str = "paper",
) -> dict[Path, int]:
    """Markdown files of about so many tokens each, always the same ones; and the records of each."""
    folder.mkdir(parents=True, exist_ok=True)
    written = {}
    for number, count in enumerate(record_counts(papers, records)):
        path = folder / f"{name}-{number:03}.md"
        path.write_text(paper_text(number, tokens, count, count_tokens), "utf-8")
        written[path] = count
    return written


def paper_text(seed: int, tokens: int, records: int, count_tokens: Callable[[str], int]) -> str:
    """A paper of a title and a section for each record, `tokens` long to within a paragraph."""
    draw = random.Random(seed)
    parts = [f"# Study {seed} of {' '.join(draw.choices(WORDS.split(), k=5))}", "The study was done in 2014."]
    paragraphs, share = _paragraphs(draw), tokens / records
    length = sum(map(count_tokens, parts))
    for record in range(1, records + 1):
        parts.append(f"## {LABEL.format(record)}")
        while length < share * record:
            parts.append(next(paragraphs))
            length += count_tokens(parts[-1]) + 1
    return "\n\n".join(parts) + "\n"


def _paragraphs(draw: random.Random) -> Iterator[str]:
    """Of some 100 tokens, without end."""
    words = WORDS.split()
    while True:
        sentences = []
        for _ in range(5):
            if draw.random() < 0.25:
                numbers: dict[str, float] = {
                    "n": draw.randint(8, 96),
                    "m": draw.randint(4, 20),
                    "k": draw.randint(2, 9),
                }
                numbers |= {"a": round(draw.uniform(18, 40), 1), "s": round(draw.uniform(0.2, 5), 2)}
                numbers |= {"b": draw.randint(30, 60), "t": draw.randint(100, 999)}
                sentences.append(draw.choice(SENTENCES).format(**numbers))
            else:
                sentences.append(f"{' '.join(draw.choices(words, k=draw.randint(8, 24))).capitalize()}.")
        yield " ".join(sentences)


def labels_answer(records: int) -> str:
    """The answer that names a paper's records."""
    return json.dumps([LABEL.format(record) for record in range(1, records + 1)], separators=(",", ":"))

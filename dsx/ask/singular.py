"""The singular of an English plural, for questions about a list: "studies" holds "Study 1"."""

from __future__ import annotations

import re

IRREGULAR = {
    "axes": "axis", "children": "child", "criteria": "criterion", "indices": "index", "lenses": "lens",
    "matrices": "matrix", "men": "man", "mice": "mouse", "people": "person", "phenomena": "phenomenon",
    "series": "series", "species": "species", "statuses": "status", "stimuli": "stimulus", "viruses": "virus",
    "women": "woman",
}  # fmt: skip
ENDINGS = (
    (r"(?<=aly|the|gno)ses$", "sis"),  # analyses, hypotheses, diagnoses
    (r"(?<=[a-z]{2})ies$", "y"),  # studies, categories; not ties
    (r"(?<=x)es$|(?<=ch|sh|ss)es$", ""),  # boxes, batches, dishes, classes
    (r"(?<![siu])s$", ""),  # experiments, phases; not class, basis, apparatus
)
"""The first that fits counts; each ends the last word."""


def singular(words: str) -> str:
    """Its last word in the singular; a word that is no plural stays."""
    *before, last = words.split(" ")
    if last.lower() in IRREGULAR:
        return " ".join([*before, IRREGULAR[last.lower()]])
    ending = next(((pattern, end) for pattern, end in ENDINGS if re.search(pattern, last)), None)
    return " ".join([*before, re.sub(*ending, last) if ending else last])

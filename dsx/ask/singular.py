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
    (re.compile(r"(?<=aly|the|gno)ses$"), "sis"),  # analyses, hypotheses, diagnoses
    (re.compile(r"(?<=[a-z]{2})ies$"), "y"),  # studies, categories; not ties
    (re.compile(r"(?<=x)es$|(?<=ch|sh|ss)es$"), ""),  # boxes, batches, dishes, classes
    (re.compile(r"(?<![siu])s$"), ""),  # experiments, phases; not class, basis, apparatus
)
"""The first that fits counts; each ends the last word."""


def singular(words: str) -> str:
    """Its last word in the singular; a word that is no plural stays."""
    *before, last = words.split(" ")
    if last.lower() in IRREGULAR:
        return " ".join([*before, IRREGULAR[last.lower()]])
    endings = (plural.sub(end, last) for plural, end in ENDINGS if plural.search(last))
    return " ".join([*before, next(endings, last)])

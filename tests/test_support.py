"""ground/support.py: what a quote says of a value. Sentences are made up."""

from __future__ import annotations

import pytest

from dsx.ground.support import support
from dsx.types import Choice, Parameter, Status

COUNT = Parameter("n_total", {"type": "integer"})
TEXT = Parameter("task", {"type": "string"})
ANGLE = Parameter("angle", {"type": "number"}, unit="deg")
LENGTH = Parameter("distance", {"type": "number"}, unit="mm")
TIME = Parameter("delay", {"type": "number"}, unit="ms")
DESIGN = Parameter(
    "design",
    {"type": "string", "enum": ["between", "within"]},
    choices=(Choice("between", "independent groups; between subjects"), Choice("within", "repeated measures")),
)
BLIND = Parameter("blinded", {"type": "boolean"}, synonyms=("double blind",))


CASES = [
    (16, None, "Sixteen volunteers took part.", COUNT, "stated"),
    (16, None, "Sixty volunteers took part.", COUNT, "unsupported"),
    (24, None, "twenty-four right-handed adults", COUNT, "stated"),
    (1200, None, "a total of 1,200 trials", COUNT, "stated"),
    (200, None, "a total of 1,200 trials", COUNT, "unsupported"),
    (453, None, "for 45 3 of them", COUNT, "unsupported"),
    (453, None, "for 45³ of them", COUNT, "unsupported"),
    (45, None, "for 45³ of them", COUNT, "stated"),
    (28, None, "12 men and 16 women", COUNT, "derived"),
    (240, None, "4 blocks of 60 trials", COUNT, "derived"),
    (7, None, "12 men and 16 women", COUNT, "unsupported"),
    (12.0, None, "12 men", COUNT, "stated"),
    (2, None, "The 24 people of Experiment 2 (Fig. 3) sat", COUNT, "unsupported"),
    (3, None, "The 24 people of Experiment 2 (Fig. 3) sat", COUNT, "unsupported"),
    (24, None, "The 24 people of Experiment 2 (Fig. 3) sat", COUNT, "stated"),
    (2, None, "In Experiment 2", Parameter("experiment", {"type": "integer"}), "stated"),
    (-30, "deg", "a −30° rotation", ANGLE, "stated"),
    (30, "°", "a −30° rotation", ANGLE, "stated"),
    (30, "degrees", "rotated by 30°", ANGLE, "stated"),
    (30, "mm", "rotated by 30°", ANGLE, "unsupported"),
    (8, "cm", "a target 8 cm away", LENGTH, "stated"),
    (80, "mm", "a target 8 cm away", LENGTH, "derived"),
    (80, None, "a target 8 cm away", LENGTH, "unsupported"),
    (8, None, "a target 8 cm away", LENGTH, "unsupported"),  # the unit was lost: 8 would be stored as 8 mm
    (8, None, "a target 8 mm away", LENGTH, "stated"),
    (8, None, "targets at 4, 8 and 12 cm", LENGTH, "unsupported"),
    (8, None, "the distance (8) was fixed", LENGTH, "stated"),
    (40, "ms", "after 40ms", TIME, "stated"),
    (0.04, "s", "after 40 ms", TIME, "derived"),
    ([0, 30], "deg", "at 0, 15 and 30 degrees", ANGLE, "stated"),
    ([0, 31], "deg", "at 0, 15 and 30 degrees", ANGLE, "unsupported"),
    ([], None, "no rotation", ANGLE, "inferred"),
    (0.25, None, "25% of all trials", COUNT, "derived"),
    ("18.1-22.8", None, "aged 18.1–22.8 years", TEXT, "stated"),
    ("18.1–22.8 years", None, "aged 18.1 to 22.8 years", TEXT, "stated"),
    ("18-30", None, "aged 18 (others up to 30)", TEXT, "derived"),
    ("18-31", None, "aged 18 to 30", TEXT, "unsupported"),
    ("reaching", None, "a Reaching task", TEXT, "stated"),
    ("visual feedback", None, "visual and auditory feedback", TEXT, "stated"),
    ("right-handed", None, "all were right handed", TEXT, "stated"),
    ("don’t move", None, "told 'don't move'", TEXT, "stated"),
    ("sitting", None, "they stood", TEXT, "unsupported"),
    ("12 blocks", None, "in 13 blocks", TEXT, "unsupported"),
    ("between", None, "a between-subjects design", DESIGN, "stated"),
    ("between", None, "two independent groups were tested", DESIGN, "stated"),
    ("within", None, "each did all conditions", DESIGN, "inferred"),
    (True, None, "the study was double-blind", BLIND, "stated"),
    (False, None, "the study was not blinded", BLIND, "stated"),
    (True, None, "the study was not blinded", BLIND, "inferred"),
    (True, None, "nobody knew the group", BLIND, "inferred"),
    (None, None, None, COUNT, "not_reported"),
    (5, None, None, COUNT, "unsupported"),
    (5, None, "  ", COUNT, "unsupported"),
]


@pytest.mark.parametrize(("value", "unit", "quote", "parameter", "expected"), CASES)
def test_support(value: object, unit: str | None, quote: str | None, parameter: Parameter, expected: str) -> None:
    assert support(value, unit, quote, parameter) == Status(expected)


def test_after_a_repair_a_choice_must_stand_in_its_quote() -> None:
    assert support("within", None, "each did all conditions", DESIGN, repaired=True) is Status.UNSUPPORTED
    assert support("between", None, "a between-subjects design", DESIGN, repaired=True) is Status.STATED


@pytest.mark.parametrize("unit", ["((", "mm)", "years:", "9**9**9**9", "m**9**9**9", "°:", "\0", "a(", "m" * 5000])
def test_a_unit_that_is_none_is_no_error(unit: str) -> None:
    assert support(8, unit, "a target 8 cm away", LENGTH) is Status.UNSUPPORTED

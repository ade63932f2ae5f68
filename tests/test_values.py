"""ground/support.py: what a quote says of a value, by the tables of tests/values/."""

from __future__ import annotations

import pytest

from dsx.ground.support import support
from dsx.types import Json, Parameter, Status
from tests.values.as_written import WRITTEN
from tests.values.in_words import IN_WORDS
from tests.values.matter import CHEMISTRY, MATERIALS
from tests.values.nature import ECOLOGY, FARMING, PHYSICS
from tests.values.people import MOVEMENT, NURSING, TRIALS
from tests.values.society import ECONOMICS, TEACHING

TABLES = (
    WRITTEN,
    IN_WORDS,
    MATERIALS,
    CHEMISTRY,
    ECOLOGY,
    FARMING,
    PHYSICS,
    MOVEMENT,
    TRIALS,
    NURSING,
    ECONOMICS,
    TEACHING,
)


@pytest.mark.parametrize(
    ("name", "unit", "value", "quote", "expected"),
    [(*key, *row) for table in TABLES for key, rows in table.items() for row in rows],
)
def test_what_a_quote_says_of_a_value(name: str, unit: str | None, value: Json, quote: str, expected: str) -> None:
    kind = "boolean" if isinstance(value, bool) else "integer" if name.startswith("n_") else "number"
    assert support(value, unit, quote, Parameter(name, {"type": kind}, unit=unit)) == Status(expected)

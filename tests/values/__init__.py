"""What quotes say of values, in tables for tests/test_values.py. The sentences are made up."""

from __future__ import annotations

from dsx.types import Json

STATED, DERIVED, INFERRED, UNSUPPORTED = "stated", "derived", "inferred", "unsupported"
Table = dict[tuple[str, str | None], list[tuple[Json, str, str]]]
"""Parameter's name and unit → value, quote, and the status that is right."""

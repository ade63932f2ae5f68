"""Units as papers write them.

names       pint's names, and what papers write for them
factors     where a unit ends in a text, and what it is made of
conversion  what it measures, and the way to the stored unit
"""

from dsx.units.conversion import Unit, aliases, convert, in_unit, known_units, read_unit, same_unit
from dsx.units.factors import LONGEST_UNIT, is_named, rate_end, unit_end
from dsx.units.names import ALIASES, COUNTED_KINDS

__all__ = [
    "ALIASES",
    "COUNTED_KINDS",
    "LONGEST_UNIT",
    "Unit",
    "aliases",
    "convert",
    "in_unit",
    "is_named",
    "known_units",
    "rate_end",
    "read_unit",
    "same_unit",
    "unit_end",
]

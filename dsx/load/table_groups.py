"""Groups of a table's rows: which stand under a head that is a row of its own, or under another row by their indent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LONGEST_HEAD = 90
"""Characters of a head of rows, at most; what is longer is a note."""
_number = re.compile(r"[\d.,()%±<>=\s–−-]+|[–−-]+")


@dataclass(frozen=True, slots=True)
class Stub:
    """How a row's label is set. indent: from the column's left edge; alone: no other cell of the row is filled; marked:
    it is bold, or runs over the columns, as a head does."""

    text: str
    indent: float
    alone: bool
    marked: bool = False


def group_rows(stubs: Sequence[Stub | None], step: float) -> list[tuple[int, ...]]:
    """For each row the rows that head its groups, the outermost first.

    None: a row without a label, which goes with the row before. step: the least indent, in the stubs' own unit.
    """
    labelled = [at for at, stub in enumerate(stubs) if stub is not None]
    alone = [at for at, stub in enumerate(stubs) if stub is not None and stub.alone]
    parted = len(alone) > 1 and alone[0] == labelled[0]
    opens = {
        at: how
        for at, later in pairwise(labelled)
        if later == at + 1 and (how := _opens(stubs[at], stubs[later], step, parted))
    }
    paths: list[tuple[int, ...]] = []
    above: list[int] = []
    for at, stub in enumerate(stubs):
        while stub is not None and above and not _is_under(stubs[above[-1]], stub, step, opens[above[-1]]):
            above.pop()
        paths.append(tuple(above))
        if at in opens:
            above.append(at)
    return paths


def _opens(stub: Stub | None, later: Stub | None, step: float, parted: bool) -> str:
    """How a row heads the next one: "indent", "row", or "" where it does not. parted: rows of one label part all."""
    if stub is None or later is None or len(stub.text) > LONGEST_HEAD or _number.fullmatch(stub.text):
        return ""
    if later.indent > stub.indent + step:
        return "indent"
    if not stub.alone or later.indent < stub.indent - step:
        return ""
    return "row" if (stub.marked and not later.marked) or (parted and not later.alone) else ""


def _is_under(head: Stub | None, stub: Stub, step: float, how: str) -> bool:
    """Whether a row belongs to the group that a row above it opened. how: as `_opens` says."""
    if head is None or how == "indent" or stub.indent > head.indent + step:
        return head is not None and stub.indent > head.indent + step
    if stub.indent < head.indent - step or (head.marked and stub.marked):
        return False
    return not stub.alone or head.marked

"""Built-in repairs, in the order in which a recipe tries them."""

from __future__ import annotations

from dsx.plugins.hookspecs import hookimpl
from dsx.types import Repair


@hookimpl
def register_repairs() -> dict[str, Repair]:
    from dsx.recover import mend

    mends = {
        "find-json": mend.find_json,
        "comments": mend.comments,
        "separators": mend.separators,
        "python-literals": mend.python_literals,
        "numbers": mend.numbers,
        "doubled-braces": mend.doubled_braces,
        "quotes": mend.quotes,
        "line-breaks": mend.line_breaks,
        "trailing-commas": mend.trailing_commas,
        "unfinished": mend.unfinished,
        "json-repair": mend.json_repair,
    }
    return {name: Repair(function, " ".join((function.__doc__ or "").split())) for name, function in mends.items()}

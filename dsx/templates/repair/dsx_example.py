"""A repair: takes out characters that cannot be seen, which some models write between the tokens of JSON."""

from __future__ import annotations

import re

from dsx.plugin_api import Repair, hookimpl

INVISIBLE = re.compile("[\ufeff\u200b\u200c\u200d\u2060\u00ad]")


def mend(text: str) -> str:
    """Returns the text unchanged where there is nothing to mend: then the repair is not recorded."""
    return INVISIBLE.sub("", text)


@hookimpl
def register_repairs() -> dict[str, Repair]:
    return {"example": Repair(mend, "takes out characters that cannot be seen")}

"""The built-in prompt set."""

from __future__ import annotations

from dsx.plugins.hookspecs import hookimpl
from dsx.types import PromptSet


@hookimpl
def register_prompt_sets() -> dict[str, PromptSet]:
    """default."""
    from dsx.ask.default_prompts import default_prompts

    return {"default": default_prompts()}

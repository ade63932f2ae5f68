"""The prompt set "default": the templates in `dsx/ask/prompts/`, and worked examples of another field."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from dsx.types import Choice, Parameter, PromptSet, RecordType, WorkedExample

TEMPLATES = Path(__file__).parent / "prompts"
SECOND_STUDY = (
    "Thirty-two seedlings were planted 80 mm apart in potting compost, watered twice a week, and half of them were "
    "turned each day."
)
EXAMPLE_PAPER = (
    "Light and the height of seedlings. Rosa Lindqvist and Tom Abara. Study 1. Twelve seedlings were kept in the dark. "
    f"Study 2. {SECOND_STUDY} Leaves were counted by two raters."
)
"""Made up, and of another field than any parameter set: what it shows is the form."""
EXAMPLES = (
    WorkedExample(
        Parameter("number_of_seedlings", {"type": "integer"}, "How many seedlings the study had."),
        {"value": 32, "quote": SECOND_STUDY},
        "Study 2",
    ),
    WorkedExample(
        Parameter("spacing", {"type": "number"}, "Distance between neighbouring seedlings.", unit="cm"),
        {"value": 80, "unit": "mm", "quote": SECOND_STUDY},
        "Study 2",
    ),
    WorkedExample(
        Parameter("room_temperature", {"type": "number"}, "Temperature of the room.", unit="°C"), None, "Study 2"
    ),
    WorkedExample(
        Parameter(
            "soil",
            {"enum": ["compost", "sand", "other"]},
            "What the seedlings grew in.",
            choices=(
                Choice("compost", "decayed plant matter"),
                Choice("sand", "sand of any kind"),
                Choice("other", "anything else"),
            ),
        ),
        {"value": "compost", "quote": SECOND_STUDY},
        "Study 2",
    ),
    WorkedExample(
        Parameter(
            "authors", {"type": "array", "items": {"type": "string"}}, "Family names of the authors of this paper."
        ),
        {"value": ["Lindqvist", "Abara"], "quote": "Rosa Lindqvist and Tom Abara"},
    ),
    WorkedExample(
        Parameter("turned", {"type": "boolean"}, "Whether seedlings were turned."),
        {"value": True, "quote": SECOND_STUDY},
        "Study 2",
    ),
    WorkedExample(
        RecordType("studies", "A study has seedlings of its own.", ()),
        [
            {"label": "Study 1", "quote": "Study 1. Twelve seedlings"},
            {"label": "Study 2", "quote": "Study 2. Thirty-two seedlings"},
        ],
    ),
)


@lru_cache(maxsize=1)
def default_prompts() -> PromptSet:
    """The set that a recipe names by default; `dataclasses.replace` makes another of it."""
    templates = {path.stem: path.read_text("utf-8") for path in TEMPLATES.glob("*.jinja")}
    description = "rules in short sentences, and seven worked examples"
    return PromptSet(**templates, example_paper=EXAMPLE_PAPER, examples=EXAMPLES, description=description)

"""The questions whose answers are taken from the text: what each asks, in words.

The worked examples show every form of answer once. They are made up, of another field than any parameter set.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

import jinja2

from dsx.ask.default_prompts import EXAMPLE_PAPER
from dsx.ask.singular import singular
from dsx.types import Choice, Json, Parameter, RecordType

FORMS = {
    "number": "the number as the paper gives it, with its unit if it has one",
    "numbers": "a list of the numbers as the paper gives them, in square brackets",
    "choice": "one of these",
    "text": "the words of the paper, in double quotes",
    "texts": "a JSON list of words of the paper",
}
"""By kind of parameter: how its answer is asked for."""
_SOIL = Parameter(
    "soil",
    {"enum": ["compost", "sand", "other"]},
    "What the seedlings grew in.",
    choices=(
        Choice("compost", "decayed plant matter"),
        Choice("sand", "sand of any kind"),
        Choice("other", "anything else"),
    ),
)
_SPACING = Parameter("spacing", {"type": "number"}, "Distance between neighbouring seedlings.", unit="cm")
_COUNT = Parameter("number_of_seedlings", {"type": "integer"}, "How many seedlings the study had.")
_CARE = Parameter("care", {"type": "array"}, "What was done to the seedlings.")


@lru_cache(maxsize=1)
def examples() -> tuple[tuple[str, str], ...]:
    """Turns that come before the text: a question about the made-up paper, and its answer."""
    second = "Study 2"
    turns = [
        (value(_COUNT, "number", second), "32"),
        (value(_SPACING, "number", second), "80 mm"),
        (value(Parameter("temperature", {}, "Temperature of the room.", unit="°C"), "number", second), "null"),
        (value(_SOIL, "choice", second), '"compost"'),
        (value(Parameter("raters", {}, "Who counted the leaves."), "text", None), '"two raters"'),
        (value(Parameter("authors", {}, "Authors of this paper."), "texts", None), '["Rosa Lindqvist","Tom Abara"]'),
        (each(_CARE, Choice("watered", "given water"), second), "yes"),
        (each(_CARE, Choice("pruned", "cut back"), second), "no"),
        (look(_SPACING, "80 mm", "planted 80 mm apart in potting compost", second), "yes"),
        (look(_COUNT, "12", "Twelve seedlings were kept in the dark.", second), "no"),
        (labels(RecordType("studies", "A study has seedlings of its own.", ()), None, None), '["Study 1","Study 2"]'),
    ]
    first_question, first_answer = turns[0]
    return ((f"{EXAMPLE_PAPER}\n\n{first_question}", first_answer), *turns[1:])


def system(root: RecordType) -> str:
    """The rules, for the whole run."""
    return _render("reader", records=_words(root.children[0].name if root.children else "studies"))


def value(
    parameter: Parameter, kind: str, record: str | None, place: str = "", choices: Sequence[Choice] | None = None
) -> str:
    """The question for a value. place: where its record is described. choices: in the order of the list."""
    listed = parameter.choices if choices is None else choices
    return _render("value", parameter=parameter, record=record, place=place, choices=listed, form=FORMS[kind])


def each(parameter: Parameter, choice: Choice, record: str | None, place: str = "") -> str:
    """Whether one choice is among those that hold."""
    return _render("each", parameter=parameter, choice=choice, record=record, place=place)


def look(parameter: Parameter, written: str, quote: str, record: str | None) -> str:
    """A second look at a value in the words in which it stands."""
    return _render("look", parameter=parameter, value=written, quote=quote, record=record)


def quote(parameter: Parameter, chosen: Json, record: str | None) -> str:
    """The question which words carry a value that was chosen."""
    written = json.dumps(chosen, ensure_ascii=False)
    return _render("quote", parameter=parameter, value=written, record=record)


def labels(kind: RecordType, record: str | None, after: str | None) -> str:
    """The question which records there are. after: the last label known so far."""
    name = _words(kind.name)
    return _render(
        "labels",
        name=name,
        description=kind.description,
        record=record,
        after=after,
        example=f"{singular(name).capitalize()} 1",
        none=kind.min_records == 0,
    )


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")


def _render(template: str, **values: object) -> str:
    return _templates().get_template(f"{template}.jinja").render(**values).strip()


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    return jinja2.Environment(loader=jinja2.PackageLoader("dsx.ask", "prompts/taken"), undefined=jinja2.StrictUndefined)

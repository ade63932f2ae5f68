"""Prompt: what the model is told and asked, rendered from the templates in `dsx/ask/prompts/`.

`dsx extract --dry-run` shows them filled in. The system prompt and the paper are the same for all questions of a run,
so that they are prefilled once; all that differs stands in the question.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

import jinja2

from dsx.types import Choice, Json, Parameter, RecordType


@lru_cache(maxsize=1)
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("dsx.ask", "prompts"), undefined=jinja2.StrictUndefined, keep_trailing_newline=False
    )


def system(root: RecordType, strict: bool) -> str:
    """The rules, for the whole run. strict: for engines that no grammar holds."""
    records = root.children[0].name if root.children else "studies"
    text = _templates().get_template("system.jinja").render(records=_words(records))
    return f"{text}\n\n{_templates().get_template('strict.jinja').render()}" if strict else text


EXAMPLE_PAPER = (
    "Light and the height of seedlings. Rosa Lindqvist and Tom Abara. Study 1. Twelve seedlings were kept in the dark. "
    "Study 2. Thirty-two seedlings were planted 80 mm apart in potting compost, watered twice a week, and half of them "
    "were turned each day. Leaves were counted by two raters."
)
"""Made up, and of another field than any parameter set: what it shows is the form."""
_EXAMPLES: tuple[tuple[Parameter, str | None, dict[str, Json] | None], ...] = (
    (
        Parameter("number_of_seedlings", {"type": "integer"}, "How many seedlings the study had."),
        "Study 2",
        {"value": 32, "quote": "Thirty-two seedlings were planted"},
    ),
    (
        Parameter("spacing", {"type": "number"}, "Distance between neighbouring seedlings.", unit="cm"),
        "Study 2",
        {"value": 80, "unit": "mm", "quote": "planted 80 mm apart"},
    ),
    (
        Parameter("room_temperature", {"type": "number"}, "Temperature of the room.", unit="°C"),
        "Study 2",
        None,
    ),
    (
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
        "Study 2",
        {"value": "compost", "quote": "in potting compost"},
    ),
    (
        Parameter("authors", {"type": "array"}, "Family names of the authors of this paper."),
        None,
        {"value": ["Lindqvist", "Abara"], "quote": "Rosa Lindqvist and Tom Abara"},
    ),
    (
        Parameter("turned", {"type": "boolean"}, "Whether seedlings were turned."),
        "Study 2",
        {"value": True, "quote": "half of them were turned each day"},
    ),
)


@lru_cache(maxsize=2)
def examples(order: str) -> tuple[tuple[str, str], ...]:
    """Turns that show the form of an answer: what is asked of the made-up paper, and the right answer."""
    turns: list[tuple[str, str]] = []
    for asked, record, answer in _EXAMPLES:
        before = "" if turns else f"{EXAMPLE_PAPER}\n\n"
        turns.append((before + parameters([asked], record, order), answer_text(answer, order)))
    listed = [
        {"label": "Study 1", "quote": "Study 1. Twelve seedlings"},
        {"label": "Study 2", "quote": "Study 2. Thirty-two seedlings"},
    ]
    kind = RecordType("studies", "A study has seedlings of its own.", ())
    turns.append((records(kind, None, None), _json(listed)))
    return tuple(turns)


def answer_text(answer: dict[str, Json] | None, order: str) -> str:
    """An answer as the grammar has it: compact, keys in the recipe's order."""
    if answer is None or order == "value-quote":
        return _json(answer)
    return _json({"quote": answer["quote"], **{key: value for key, value in answer.items() if key != "quote"}})


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def parameters(asked: Sequence[Parameter], record: str | None, order: str) -> str:
    """The question for one or several parameters of one record (None: of the paper)."""
    unit = ',"unit":…' if any(parameter.unit for parameter in asked) else ""
    shape = '{"value":…' + unit + ',"quote":…}' if order == "value-quote" else '{"quote":…,"value":…' + unit + "}"
    return _templates().get_template("parameters.jinja").render(parameters=asked, record=record, shape=shape)


def records(kind: RecordType, record: str | None, after: str | None) -> str:
    """The question which records there are; record: the one they belong to; after: the last label known so far."""
    name = _words(kind.name)
    example = f"{name.removesuffix('s').capitalize()} 1"
    return (
        _templates()
        .get_template("records.jinja")
        .render(name=name, description=kind.description, record=record, after=after, example=example)
    )


def query(asked: Sequence[Parameter], record: str | None) -> str:
    """The words by which passages are looked for."""
    words = [record or ""]
    for parameter in asked:
        words += [_words(parameter.name), parameter.description, *parameter.synonyms, parameter.where]
        words += [f"{_words(str(choice.value))} {choice.description}" for choice in parameter.choices]
    return " ".join(words)


def records_query(kind: RecordType) -> str:
    """The words by which passages that name records are looked for."""
    name = _words(kind.name)
    single = name.removesuffix("s")
    return f"{name} {single} {single} 1 {single} 2 {single} 3 first second two three {kind.description}"


def _words(name: str) -> str:
    return name.replace("_", " ").replace(".", " ")

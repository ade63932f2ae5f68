"""Prompt: what the model is told and asked, rendered from a prompt set.

`dsx extract --dry-run` shows it filled in. The system prompt and the paper are the same for all questions of a run, so
that they are prefilled once; all that differs stands in the question.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Sequence
from typing import Any

import jinja2

from dsx.answers.writing import answer_text
from dsx.ask.singular import singular
from dsx.schema import kind_of
from dsx.types import Json, Order, Parameter, PromptSet, RecordType, WorkedExample

UNQUOTED = ("numbers", "text", "texts")
"""Kinds of values whose places are known from the value alone."""


class Prompts:
    """A prompt set with its templates compiled. order: of the keys in an answer.

    places: answers are taken from places in the text, so that words of the text need no quote beside them.
    examples: turns that come before every text: what is asked of the made-up paper, and the right answer.
    """

    def __init__(self, prompt_set: PromptSet, order: Order, places: bool) -> None:
        self._system, self._strict = _template(prompt_set.system), _template(prompt_set.strict)
        self._parameters, self._records = _template(prompt_set.parameters), _template(prompt_set.records)
        self._order, self._places = order, places
        self.examples = tuple(self._examples(prompt_set))

    def system(self, root: RecordType, strict: bool) -> str:
        """The rules, for the whole run. strict: for engines that no grammar holds."""
        text = self._system.render(records=words_of(root.children[0].name if root.children else "studies"))
        return f"{text}\n\n{self._strict.render()}" if strict else text

    def parameters(self, parameters: Sequence[Parameter], record: str | None) -> str:
        """The question for one or several parameters of one record (None: of the paper)."""
        return self._parameters.render(parameters=parameters, record=record, shape=self._shape(parameters))

    def records(self, kind: RecordType, record: str | None, after: str | None) -> str:
        """The question which records there are; record: the one they belong to; after: the last label known so far."""
        name = words_of(kind.name)
        return self._records.render(
            name=name,
            description=kind.description,
            record=record,
            after=after,
            example=f"{singular(name).capitalize()} 1",
            quoted=not self._places,
            may_be_empty=kind.min_records == 0,
        )

    def _shape(self, parameters: Sequence[Parameter]) -> str:
        """Of an answer that is not null."""
        if self._places and len(parameters) == 1 and kind_of(parameters[0]) in UNQUOTED:
            return '{"value":…}'
        unit = ',"unit":…' if any(parameter.unit for parameter in parameters) else ""
        first, second = '"value":…' + unit, '"quote":…'
        if self._order == "quote-value":
            first, second = second, first
        return f"{{{first},{second}}}"

    def _examples(self, prompt_set: PromptSet) -> list[tuple[str, str]]:
        turns: list[tuple[str, str]] = []
        for example in prompt_set.examples:
            if isinstance(example.asked, RecordType):
                question = self.records(example.asked, example.record, None)
            else:
                question = self.parameters([example.asked], example.record)
            before = "" if turns or not prompt_set.example_paper else f"{prompt_set.example_paper}\n\n"
            turns.append((before + question, answer_text(self._bare(example), self._order)))
        return turns

    def _bare(self, example: WorkedExample) -> Json:
        """Its answer, without the quotes that are not asked for."""
        if not self._places or example.answer is None:
            return example.answer
        if isinstance(example.asked, RecordType):
            return [record["label"] for record in example.answer]
        return {"value": example.answer["value"]} if kind_of(example.asked) in UNQUOTED else example.answer


@functools.lru_cache(64)
def _template(source: str) -> jinja2.Template:
    return jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(source)


def prompt_sha256(prompt_set: PromptSet) -> str:
    """Over all that reaches the model: templates and examples, not the set's description."""
    parts: dict[str, Any] = dataclasses.asdict(dataclasses.replace(prompt_set, description=""))
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=dict).encode()).hexdigest()


def words_of(name: str) -> str:
    """A name as people say it."""
    return name.replace("_", " ").replace(".", " ")

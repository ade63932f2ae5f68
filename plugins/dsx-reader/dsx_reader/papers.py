"""Examples of whole papers with values that people checked: a user's own run and gold."""

from __future__ import annotations

import functools
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dsx.plugin_api import Choice, Normaliser, Parameter, ParameterSet, RecordType, UsageError
from dsx.plugin_api.checked import CheckedPaper, checked_papers
from dsx.plugin_api.training import Examiner, Known, normalisers
from dsx_reader import PASSAGE_TOKENS, prompts
from dsx_reader.examples import SHOWN, Example
from dsx_reader.passages import Ask, GoldAnswer
from dsx_reader.variation import reworded

SOURCE = "checked:"
"""How the source of an example of a checked paper begins; the paper's name follows."""
AS_IT_STANDS = 0.4
"""Share of variants with the user's own wording, which is what will be asked."""


def read_papers(runs: Sequence[Path], gold: Sequence[Path], places: Sequence[Path] = ()) -> tuple[CheckedPaper, ...]:
    """The checked papers of runs. gold: one for each run, or one for all; see `checked_papers`. Raises UsageError."""
    if len(gold) not in (1, len(runs)):
        raise UsageError(
            f"--gold: {len(gold)} for {len(runs)} of --from-run; one for each, in their order, or one for all"
        )
    pairs = zip(runs, itertools.cycle(gold), strict=False)
    papers = [paper for run, checked in pairs for paper in checked_papers(run, checked, places)]
    counts = Counter(paper.name for paper in papers)
    if repeated := [name for name, count in counts.items() if count > 1]:
        raise UsageError(f"--from-run: {', '.join(repeated)} in several runs; name a run with each paper once")
    return tuple(papers)


def examples_of(
    paper: CheckedPaper, count: Callable[[str], int], rng: random.Random | None = None
) -> Iterator[Example]:
    """The questions about a paper whose right answers are known and stand in what is shown.

    count: tokens of a text. rng: for other wordings and another length of what is shown; None: as in use.
    """
    tokens = PASSAGE_TOKENS if rng is None else rng.choice(SHOWN)
    chain = _installed()
    known = list(Examiner(paper.parameters, prompts.READER, count, tokens, chain).known(paper))
    parameters = paper.parameters
    if rng is not None and rng.random() >= AS_IT_STANDS:
        parameters, known = varied(parameters, known, rng)
    has_value = {(each.record, each.parameter.name) for each in known if each.value is not None}
    examiner = Examiner(parameters, prompts.READER, count, tokens, chain)
    for question, answer in examiner.questions(paper.document, paper.records, known):
        [name] = question.id.names
        if question.form == "labels" and name not in paper.complete:
            continue
        if question.form != "labels" and answer == "null" and (question.record, name) in has_value:
            continue  # in other words it was shown other passages
        yield Example(question, answer, SOURCE + paper.name)


@functools.cache
def _installed() -> Mapping[str, Normaliser]:
    """Once in a process: looking for plugins takes 0.1 s."""
    return normalisers()


def varied(parameters: ParameterSet, known: Sequence[Known], rng: random.Random) -> tuple[ParameterSet, list[Known]]:
    """The same questions in other words, and what is known in these words."""
    changed: dict[str, tuple[Parameter, Mapping[Any, Any]]] = {}

    def change(kind: RecordType) -> RecordType:
        pairs = [_varied(each, rng) for each in kind.parameters]
        names = Counter(new.name for new, _ in pairs)
        for old, (new, codes) in zip(kind.parameters, pairs, strict=True):
            is_clear = names[new.name] == 1
            changed[old.pointer] = (new if is_clear else replace(new, name=old.name), codes)
        own = tuple(changed[each.pointer][0] for each in kind.parameters)
        return replace(kind, parameters=own, children=tuple(map(change, kind.children)))

    root = change(parameters.root)

    def reworded_value(each: Known) -> Known:
        parameter, codes = changed[each.parameter.pointer]
        value = each.value
        if codes and value is not None:
            value = [codes[item] for item in value] if isinstance(value, list) else codes[value]
        return replace(each, parameter=parameter, value=value)

    return replace(parameters, root=root), [reworded_value(each) for each in known]


def _varied(parameter: Parameter, rng: random.Random) -> tuple[Parameter, Mapping[Any, Any]]:
    """The parameter in other words, and its new legal values by the old ones; empty where they are the same."""
    items = parameter.schema.get("items")
    inner = items if isinstance(items, Mapping) else parameter.schema
    options = list(inner.get("enum", ()))
    if parameter.normalisers or any(not isinstance(each, str) or "/" in each or not each for each in options):
        options = []
    described = {each.value: each.description for each in parameter.choices if options and each.description}
    above, dot, last = parameter.name.rpartition(".")
    answers = {option: GoldAnswer(option, ()) for option in options}
    ask = Ask(last, "choice" if options else "text", "/".join(options), parameter.description, answers, described)
    new = reworded(ask, rng)
    changed = replace(parameter, name=above + dot + new.name, description=new.description)
    if not options:
        return changed, {}
    codes = {option: answer.value for option, answer in new.answers.items()}
    schema = {**inner, "enum": new.options}
    description_of = {each.value: each.description for each in parameter.choices}
    choices = tuple(Choice(code, description_of.get(old, "")) for old, code in codes.items())
    ordered = tuple(sorted(choices, key=lambda choice: new.options.index(choice.value))) if parameter.choices else ()
    whole = schema if inner is parameter.schema else {**parameter.schema, "items": schema}
    return replace(changed, schema=whole, choices=ordered), codes

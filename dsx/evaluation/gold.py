"""Gold: what people found in the papers, as a folder of JSON files or as reviewers' decisions.

    {"pdf": "smith2020.pdf", "name": "Smith 2020", "experiments": [{"label": "Experiment 1", "list": "arms"?,
     "parameters": {"n": {"value": 40, "alternatives": [41, null]?, "doubtful": true?, "unit": "mg"?, "quote": …?,
     "marked": …?}}}]}

One item of "experiments" (or "records") is one record with the values of the records above it and of the paper. "list"
says which list it is of where a parameter set has several. alternatives: other values that are right as well; null
among them: leaving the value out is right too. A "doubtful" value is not judged. marked: the words of the quote that
matter.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dsx.errors import UsageError
from dsx.evaluation.compare import is_absent
from dsx.evaluation.possible import why_impossible
from dsx.report.columns import Key, Lists, columns, lists_of, names
from dsx.store import DecisionFile, agree, read_decisions, restate, settle, stale_note
from dsx.terminal import counted
from dsx.types import Decision, Json, PaperResult, ParameterSet, RecordPath, record_key, record_path

log = logging.getLogger("dsx.evaluation")

LABEL = "experiment"
"""Under this name a record's label may stand among its parameters too."""
MOST_SAID, LONGEST_SAID, MOST_NAMED = 3, 60, 10
"""Impossible values of a file that a warning names, the characters that it shows of one, and names in a list."""
_bare_number = re.compile(r"\s*[-−+]?[\d.,]*\d\s*")
SEPARATOR = " / "
"""Between the labels of a record and of those above it."""
FILE_KEYS = ("pdf", "name", "document", "experiments", "records")
RECORD_KEYS = ("label", "list", "parameters")
VALUE_KEYS = ("value", "alternatives", "doubtful", "unit", "quote", "page", "marked")
"""Keys of gold. People keep others beside them; what is nearly one of these is a misspelling."""
NEARLY = 0.75
WHAT_IT_IS = "gold is a folder of JSON files, one a paper, or decisions of dsx review; docs/evaluation.md says how"


@dataclass(frozen=True, slots=True)
class GoldValue:
    """What is right for one value. Without any part: the paper does not report it."""

    value: Json = None
    alternatives: tuple[Json, ...] = ()
    doubtful: bool = False
    quote: str | None = None
    marked: str | None = None

    @property
    def optional(self) -> bool:
        """Whether leaving the value out is right too."""
        return self.value is not None and None in self.alternatives


@dataclass(frozen=True, slots=True)
class GoldRecord:
    """One record of a list with its own values by name. label: after those of the records above it.

    invented: reviewers say of the predicted record of this label that it is none. added: they say that the run has
    none that is this one, so it is matched by its label alone.
    """

    label: str | None
    values: Mapping[str, GoldValue]
    invented: bool = False
    added: bool = False


@dataclass(frozen=True, slots=True)
class GoldPaper:
    """One paper's records by their lists; () holds one record, the paper's own values.

    complete: a record that it does not have is not in the paper; else nobody decided on it.
    """

    file: str
    name: str
    records: Mapping[Lists, tuple[GoldRecord, ...]]
    document: str | None = None
    complete: bool = True


def read_gold(
    path: Path, parameters: ParameterSet, results: Iterable[PaperResult] = (), run: Path | None = None
) -> list[GoldPaper]:
    """The gold papers of a folder, or of one file: a paper, or decisions. UsageError names the file that is wrong.

    results: of the run that is judged. What was accepted in it is gold only where it is known to what; by its name
    decisions on it are told from those on other runs.
    """
    files = [path] if path.is_file() else sorted(path.glob("*.json"))
    if not files:
        raise UsageError(f"{path} has no gold: name a folder of JSON files, or one such file (docs/evaluation.md)")
    papers, unknown = [], set[str]()
    for file in files:
        try:
            content = json.loads(file.read_bytes())
            if content.get("format", "").startswith("dsx-decisions/"):
                decided = _decided(files, parameters, results, "" if run is None else run.resolve().name)
                return list(_named_apart(decided))
            papers.append(_paper(content, file, parameters, unknown))
        except (json.JSONDecodeError, UnicodeDecodeError) as problem:
            raise UsageError(f"{file} is no gold (no JSON: {problem}); {WHAT_IT_IS}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as problem:
            why = f"it has no {problem}" if isinstance(problem, KeyError) else problem
            why = "its JSON is of another form" if isinstance(problem, TypeError | AttributeError) else why
            raise UsageError(f"{file} is no gold ({why}); docs/evaluation.md says how it is written") from None
    if unknown:
        count = counted(len(unknown), "parameter")
        log.warning("%s names %s that the set does not have: %s", path, count, _first(sorted(unknown)))
    if unnamed := _unnamed(papers, parameters):
        count = counted(len(unnamed), "parameter")
        log.warning("%s never names %s of the set, to be counted as not reported: %s", path, count, _first(unnamed))
    return list(_named_apart(papers))


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")


def _unnamed(papers: Sequence[GoldPaper], parameters: ParameterSet) -> list[str]:
    """Columns that no record of the gold names; none where it has no records."""
    records = [(lists, record) for paper in papers for lists, of_list in paper.records.items() for record in of_list]
    named = {(lists, name) for lists, record in records for name in record.values}
    return [
        column.name for column in columns(parameters) if records and (column.lists, column.parameter.name) not in named
    ]


def _named_apart(papers: Iterable[GoldPaper]) -> Iterator[GoldPaper]:
    """A second paper of a name is called NAME (2): what is judged is kept by name."""
    taken = set[str]()
    for paper in papers:
        numbered = (f"{paper.name} ({number})" for number in itertools.count(2))
        name = next(each for each in itertools.chain([paper.name], numbered) if each not in taken)
        taken.add(name)
        yield replace(paper, name=name)


def _paper(content: Mapping[str, Any], file: Path, parameters: ParameterSet, unknown: set[str]) -> GoldPaper:
    tree = _Tree(parameters, unknown)
    _check_keys(content, FILE_KEYS, "the file: no key")
    if "experiments" not in content and "records" not in content:
        raise ValueError("it has no 'experiments', or 'records'")
    for item in content["experiments"] if "experiments" in content else content["records"]:
        _check_keys(item, RECORD_KEYS, "a record: no key")
        tree.add(item)
    name = _text(content, "name") or file.stem
    records = tree.records()
    if wrong := list(_impossible(records, parameters)):
        more = f"; and {len(wrong) - MOST_SAID} more" if len(wrong) > MOST_SAID else ""
        said, count = "; ".join(wrong[:MOST_SAID]) + more, counted(len(wrong), "value")
        log.warning("%s has %s that no answer can equal, to be counted as errors: %s", file, count, said)
    return GoldPaper(_text(content, "pdf") or name, name, records, _text(content, "document"))


def _check_keys(part: Json, known: Sequence[str], what: str) -> None:
    """Raises ValueError where a key, or a list's name, is nearly one of `known`."""
    for key in part if isinstance(part, Mapping) else ():
        if key not in known and (near := get_close_matches(key, known, 1, NEARLY)):
            raise ValueError(f"{what} {key!r}; {near[0]!r} is meant?")


def _impossible(records: Mapping[Lists, Sequence[GoldRecord]], parameters: ParameterSet) -> Iterator[str]:
    """Values that count against any run, each with its record and parameter, and why."""
    known = {(column.lists, column.parameter.name): column for column in columns(parameters)}
    for lists, of_list in records.items():
        for record, (name, gold) in ((every, each) for every in of_list for each in every.values.items()):
            if gold.value is None or gold.doubtful:
                continue
            column = known[lists, name]
            accepted = (each for each in (gold.value, *gold.alternatives) if each is not None)
            reasons = [why_impossible(column.parameter, each) for each in accepted]
            if all(reasons):
                value = textwrap.shorten(json.dumps(gold.value, ensure_ascii=False), LONGEST_SAID, placeholder="…")
                yield f"{record.label or 'the paper'}, {column.name}: {value} ({reasons[0]})"


@dataclass(slots=True)
class _Tree:
    """Flat gold items taken apart into lists. Of a value that stands in several items the first that is sure counts.

    unknown: names that the parameter set does not have are added to it.
    values: of a list's records by label, and by how many items of this list and label came before.
    """

    parameters: ParameterSet
    unknown: set[str]
    values: dict[Lists, dict[tuple[str | None, int], dict[str, GoldValue]]] = field(default_factory=dict)
    items: Counter[tuple[Lists, str]] = field(default_factory=Counter)

    def add(self, item: Mapping[str, Any]) -> None:
        """One item of the gold."""
        named = names(columns(self.parameters))
        places = {".".join((*lists, name)): (lists, name) for lists, name in named}
        places |= {name: key for key, name in named.items()}
        of_item = self._lists(item, places)
        labels = str(item.get("label") or "").split(SEPARATOR)
        if len(labels) != len(of_item):
            labels = [str(item.get("label") or "")]
        before = self.items[of_item, SEPARATOR.join(labels)]
        self.items[of_item, SEPARATOR.join(labels)] += 1

        def values_in(lists: Lists) -> dict[str, GoldValue]:
            label = SEPARATOR.join(labels[: len(lists)]) if lists else None
            number = before if lists and lists == of_item else 0
            return self.values.setdefault(lists, {}).setdefault((label, number), {})

        for depth in range(len(of_item) + 1):
            values_in(of_item[:depth])
        for column, part in item["parameters"].items():
            where = ", ".join(filter(None, (labels[-1], column)))
            _check_keys(part, VALUE_KEYS, f"{where}: no key")
            if isinstance(part, Mapping) and not part.keys() & {"value", "alternatives", "doubtful"}:
                raise ValueError(f"{where}: it has no 'value'")
            place = _place(column, of_item, places)
            if place is None:
                if column != LABEL or gold_value(part).value != item.get("label"):
                    self.unknown.add(column)
                continue
            lists, name = place
            record = values_in(lists)
            if name not in record or record[name].doubtful:
                record[name] = gold_value(part)

    def records(self) -> dict[Lists, tuple[GoldRecord, ...]]:
        """What was added, list by list."""
        return {
            lists: tuple(GoldRecord(label, values) for (label, _), values in labelled.items())
            for lists, labelled in self.values.items()
        }

    def _lists(self, item: Mapping[str, Any], places: Mapping[str, Key]) -> Lists:
        """The lists that an item's record stands in: those it names, else the deepest that one of its values has."""
        if "list" in item:
            named = tuple(filter(None, str(item["list"]).split("/")))
            known = {"/".join(lists[:depth]) for lists, _ in places.values() for depth in range(1, len(lists) + 1)}
            _check_keys({"/".join(named): None}, sorted(known), "a record: no list")
            return named
        deepest = max((lists for lists, _ in places.values()), key=len, default=())
        inside = [places[column][0] for column in item["parameters"] if column in places]
        return max(inside, key=len, default=deepest)


def _place(column: str, lists: Lists, places: Mapping[str, Key]) -> Key | None:
    """Where an item's value belongs: by its column's name, or by its own name in the item's record or above."""
    if column in places:
        return places[column]
    for depth in range(len(lists), -1, -1):
        if (lists[:depth], column) in places.values():
            return lists[:depth], column
    return None


def gold_value(part: Json) -> GoldValue:
    """A gold value as a file has it: an object with "value", or the value itself."""
    if not isinstance(part, Mapping):
        return GoldValue(_reported(part))
    unit, alternatives = _text(part, "unit"), part.get("alternatives") or []
    if not isinstance(alternatives, list):
        raise TypeError("alternatives are a list")

    def with_unit(value: Json) -> Json:
        if isinstance(value, list):
            return _reported(list(map(with_unit, value)))
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        is_number = is_number or (isinstance(value, str) and bool(_bare_number.fullmatch(value)))
        return f"{value} {unit}" if unit and is_number else _reported(value)

    return GoldValue(
        with_unit(part.get("value")),
        tuple(map(with_unit, alternatives)),
        bool(part.get("doubtful")),
        _text(part, "quote"),
        _text(part, "marked"),
    )


def _reported(value: Json) -> Json:
    """None for what says that there is no value, as of an answer: [], "not reported"."""
    return None if is_absent(value) else value


def _text(part: Mapping[str, Any], key: str) -> str | None:
    """None where it is not there. Raises TypeError where it is no text."""
    text = part.get(key)
    if text is not None and not isinstance(text, str):
        raise TypeError(f"{key} is a text")
    return text


def _decided(
    files: Iterable[Path], parameters: ParameterSet, results: Iterable[PaperResult], run: str
) -> Iterator[GoldPaper]:
    """Reviewed papers; what nobody decided on as it is asked today, or on which reviewers differ, is doubtful."""
    papers: dict[str, dict[RecordPath, dict[str, tuple[Decision, ...]]]] = {}
    file_names: dict[str, str] = {}
    by_document = {result.document: result for result in results}
    current, stale = list[DecisionFile](), list[Decision]()
    added = set[tuple[str, str]]()
    for decided in map(read_decisions, files):
        restated, left_out = restate([decided], parameters, (by_document if decided.run == run else {}).get)
        current += restated
        stale += left_out
        if run in ("", decided.run):
            added |= {(each.document, each.record) for each in decided.decisions if each.action == "add_record"}
    if stale:
        log.warning("%s", stale_note(stale))
    for decisions in settle(current).values():
        last = decisions[-1]
        file_names[last.document] = last.paper
        records = papers.setdefault(last.document, {})
        records.setdefault(record_path(last.record), {})[last.parameter] = decisions
    for document, by_path in papers.items():
        tree: dict[Lists, list[GoldRecord]] = {}
        kept = {
            path[:depth]
            for path, values in by_path.items()
            if any(each.action != "no_record" for decisions in values.values() for each in decisions)
            for depth in range(len(path) + 1)
        }
        for path, values in by_path.items():
            lists = lists_of(path)
            names_of_list = [column.parameter.name for column in columns(parameters) if column.lists == lists]
            invented = bool(path) and path not in kept
            unsaid = GoldValue(doubtful=not invented)
            complete = {name: _settled(values[name], invented) if name in values else unsaid for name in names_of_list}
            is_added = (document, record_key(path)) in added and not invented
            tree.setdefault(lists, []).append(GoldRecord(_label(path), complete, invented, is_added))
        file = file_names[document]
        yield GoldPaper(file, file, {lists: tuple(records) for lists, records in tree.items()}, document, False)


def _label(path: RecordPath) -> str | None:
    return SEPARATOR.join(step.label for step in path) if path else None


def _settled(decisions: Sequence[Decision], invented: bool) -> GoldValue:
    """Doubtful where reviewers differ, on whether there is such a record too."""
    last = decisions[-1]
    disputed = not invented and any(decision.action == "no_record" for decision in decisions)
    quote = None if last.quote is None else last.quote.text
    return GoldValue(_reported(last.value), doubtful=disputed or not agree(decisions), quote=quote)

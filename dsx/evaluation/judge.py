"""Each value held against the gold: right, wrong, missed, not in the paper, or another record's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from dsx.evaluation.assignment import Pair
from dsx.evaluation.compare import Comparison, comparison, is_absent
from dsx.evaluation.gold import SEPARATOR, GoldPaper, GoldRecord, GoldValue
from dsx.evaluation.match import match
from dsx.evaluation.papers import finder
from dsx.report.columns import Column, Key, Lists, columns, lists_of
from dsx.types import Json, PaperResult, ParameterSet, Value

NO_GOLD = GoldValue()
Predicted = tuple[str | None, Mapping[str, Value]]
"""The label of a predicted record, after those of the records above it, and its values by name."""
COMMON_CHARACTERS = 24
"""A quote that holds the marked words is at the gold passage where it also shares so many characters with its quote."""


class Verdict(StrEnum):
    """What became of one value."""

    RIGHT = "right"
    WRONG = "wrong"  # another value than the gold
    OTHER_RECORD = "another record's"  # wrong, and right for another record of the paper
    NOT_IN_PAPER = "not in the paper"  # a value where the gold has none
    MISSED = "missed"  # no value where the gold has one
    ABSENT = "rightly absent"  # no value, and the gold has none
    OPEN = "left open"  # the gold leaves both open


@dataclass(frozen=True, slots=True)
class Judgement:
    """One value's verdict. record, gold_record: labels; both None for the paper's own values.

    column: the parameter's name in tables. extra: of a record that no gold record is. cost: whether a wrong value also
    counts as a missed one. quote_right: whether the quote of a right value, or one of its items', is at the gold
    passage; None: not known.
    """

    paper: str
    column: str
    gold_record: str | None
    record: str | None
    gold: Json
    value: Json
    verdict: Verdict
    confidence: float | None = None
    status: str | None = None
    extra: bool = False
    cost: bool = True
    quote_right: bool | None = None

    @property
    def counts(self) -> tuple[int, int, int]:
        """True positives, false positives and false negatives. A wrong value is one of each of the latter."""
        if self.verdict is Verdict.RIGHT:
            return 1, 0, 0
        if self.verdict is Verdict.MISSED:
            return 0, 0, 1
        if self.verdict in (Verdict.ABSENT, Verdict.OPEN):
            return 0, 0, 0
        return 0, 1, int(self.cost)


@dataclass(frozen=True, slots=True)
class Judge:
    """Holds papers against their gold by the rules of a parameter set."""

    columns: Mapping[Key, Column]
    comparisons: Mapping[Key, Comparison]

    @classmethod
    def of(cls, parameters: ParameterSet) -> Judge:
        """With the comparison of each parameter."""
        table = {(column.lists, column.parameter.name): column for column in columns(parameters)}
        return cls(table, {key: comparison(column.parameter) for key, column in table.items()})

    def paper(self, gold: GoldPaper, result: PaperResult | None) -> list[Judgement]:
        """All values of one paper; without a result, all that the gold has are missed."""
        predicted = by_lists(result)
        judged: list[Judgement] = []
        for lists in dict.fromkeys(chain(gold.records, predicted)):
            gold_records, records = gold.records.get(lists, ()), predicted.get(lists, [])
            found = self._list(gold.name, lists, gold_records, records)
            judged += (each for each in found if gold.complete or not each.extra)
        return judged

    def pairs(self, lists: Lists, gold: Sequence[GoldRecord], records: Sequence[Predicted]) -> list[Pair]:
        """Which gold record of a list is which predicted one; by place."""

        def agreement(row: int, column: int) -> float:
            pairs = (self._verdict(key, gold[row], records[column][1]) for key in self._keys(lists))
            return sum((verdict is Verdict.RIGHT) - (verdict is Verdict.WRONG) for verdict in pairs)

        if not lists:
            return [(0, 0)] if gold and records else []
        at = {label: column for column, (label, _) in enumerate(records)}
        by_label = [row for row, each in enumerate(gold) if each.invented or each.added]
        pairs = [(row, at[gold[row].label]) for row in by_label if gold[row].label in at]
        rows = [row for row in range(len(gold)) if row not in by_label]
        taken = {column for _, column in pairs}
        columns = [column for column in range(len(records)) if column not in taken]
        labels = [gold[row].label for row in rows], [records[column][0] for column in columns]
        found = match(*labels, lambda row, column: agreement(rows[row], columns[column]))
        return sorted([*pairs, *((rows[row], columns[column]) for row, column in found)])

    def _list(
        self, paper: str, lists: Lists, gold: Sequence[GoldRecord], records: Sequence[Predicted]
    ) -> Iterator[Judgement]:
        pairs = self.pairs(lists, gold, records)
        for at, column in pairs:
            yield from self._record(paper, lists, gold[at], records[column], gold)
        matched_gold, matched = {at for at, _ in pairs}, {column for _, column in pairs}
        for at, record in enumerate(gold):
            if at not in matched_gold:
                yield from self._record(paper, lists, record, (None, {}), gold)
        for column, predicted in enumerate(records):
            if column not in matched:
                yield from self._record(paper, lists, None, predicted, gold)

    def _record(
        self,
        paper: str,
        lists: Lists,
        gold: GoldRecord | None,
        record: Predicted,
        others: Sequence[GoldRecord],
    ) -> Iterator[Judgement]:
        label, values = record
        for key in self._keys(lists):
            right = gold.values.get(key[1], NO_GOLD) if gold is not None else NO_GOLD
            if right.doubtful:
                continue
            value = values.get(key[1])
            content = None if value is None or is_absent(value.value) else value.value
            verdict = self._verdict(key, gold, values)
            if verdict in (Verdict.WRONG, Verdict.NOT_IN_PAPER) and self._of_another(key, content, gold, others):
                verdict = Verdict.OTHER_RECORD
            quotes = [each.quote for each in value.quotes] if value is not None else []
            yield Judgement(
                paper,
                self.columns[key].name,
                gold.label if gold is not None and not gold.invented else None,
                label,
                right.value,
                content,
                verdict,
                value.confidence if value is not None else None,
                str(value.status) if value is not None else None,
                extra=gold is None,
                cost=right.value is not None and not right.optional,
                quote_right=at_gold_passage(right, quotes) if verdict is Verdict.RIGHT else None,
            )

    def _verdict(self, key: Key, gold: GoldRecord | None, values: Mapping[str, Value]) -> Verdict:
        right = gold.values.get(key[1], NO_GOLD) if gold is not None else NO_GOLD
        value = values[key[1]].value if key[1] in values else None
        if is_absent(value):
            if right.value is None:
                return Verdict.ABSENT
            return Verdict.OPEN if right.optional else Verdict.MISSED
        accepted = self.accepts(key, right, value)
        if right.value is None:
            return Verdict.OPEN if accepted else Verdict.NOT_IN_PAPER
        return Verdict.RIGHT if accepted else Verdict.WRONG

    def accepts(self, key: Key, gold: GoldValue, value: Json) -> bool:
        """Whether a value is the gold one, or one of its alternatives."""
        equal = self.comparisons[key]
        return any(right is not None and equal(value, right) for right in (gold.value, *gold.alternatives))

    def _of_another(self, key: Key, value: Json, gold: GoldRecord | None, others: Sequence[GoldRecord]) -> bool:
        rest = (other.values.get(key[1], NO_GOLD) for other in others if other is not gold)
        return any(other.value is not None and self.accepts(key, other, value) for other in rest)

    def _keys(self, lists: Lists) -> list[Key]:
        return [key for key in self.columns if key[0] == lists]


def judge_all(
    gold: Sequence[GoldPaper], results: Sequence[PaperResult], parameters: ParameterSet
) -> dict[str, list[Judgement]]:
    """Judgements by gold paper. A paper is found by its document, else by its file's name."""
    judge, result_of = Judge.of(parameters), results_of(gold, results)
    return {paper.name: judge.paper(paper, result_of.get(paper.name)) for paper in gold}


def results_of(gold: Sequence[GoldPaper], results: Sequence[PaperResult]) -> dict[str, PaperResult]:
    """The results of gold papers by the gold's name, of those that have one. Raises as `finder` does."""
    find = finder(results)
    return {paper.name: result for paper in gold if (result := find(paper)) is not None}


def by_lists(result: PaperResult | None) -> dict[Lists, list[Predicted]]:
    """A paper's records by their lists, with the labels of the records above them."""
    records: dict[Lists, list[Predicted]] = {}
    for record in result.records if result is not None else ():
        label = SEPARATOR.join(step.label for step in record.path) if record.path else None
        records.setdefault(lists_of(record.path), []).append((label, record.values))
    return records


def at_gold_passage(gold: GoldValue, quotes: Sequence[str]) -> bool | None:
    """Whether one of the quotes is the gold's, holds it, is a part of it, or holds the marked words and much of it."""
    if not any(quotes) or not gold.quote:
        return None
    return any(_is_at(gold, gold.quote, quote) for quote in quotes if quote)


def _is_at(gold: GoldValue, passage: str, quote: str) -> bool:
    text, right = _squeezed(quote), _squeezed(passage)
    if text in right or right in text:
        return True
    if not gold.marked or _squeezed(gold.marked) not in text:
        return False
    starts = range(0, max(1, len(right) - COMMON_CHARACTERS), 8)
    return any(right[at : at + COMMON_CHARACTERS] in text for at in starts)


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()

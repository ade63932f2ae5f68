"""How far two annotators agree: Cohen's kappa and Krippendorff's alpha, by parameter and over all.

Records are matched as in an evaluation, those of two files of decisions by their labels alone, and those that both
annotators added also by the numbers in their labels. A record that one annotator alone has is a disagreement about
each of its values; of decisions only what both decided on counts. Two values are the same where the parameter's
comparison says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from dsx.evaluation.assignment import Pair
from dsx.evaluation.compare import Comparison, is_absent
from dsx.evaluation.gold import GoldPaper, GoldRecord
from dsx.evaluation.judge import Judge
from dsx.evaluation.match import match, match_labels
from dsx.evaluation.papers import finder
from dsx.report.columns import Key, Lists
from dsx.types import Json, ParameterSet

ABSENT = "not reported"
NO_RECORD = {"no": "record"}
"""The value that decisions give to what they say is no record."""
Ratings = tuple[Hashable, Hashable]


@dataclass(frozen=True, slots=True)
class Agreement:
    """share: of equal values. kappa and alpha: None where all values are one, for then chance explains everything."""

    count: int
    share: float
    kappa: float | None
    alpha: float | None


def agreement(
    first: Sequence[GoldPaper], second: Sequence[GoldPaper], parameters: ParameterSet
) -> dict[str, Agreement]:
    """By column, then "all" (categories of different parameters are different)."""
    judge = Judge.of(parameters)
    rated: dict[str, list[Ratings]] = {}
    find = finder(second)
    for paper in first:
        other = find(paper)
        if other is None:
            continue
        for lists in dict.fromkeys((*paper.records, *other.records)):
            for key, values in _pairs(judge, lists, paper, other):
                rated.setdefault(judge.columns[key].name, []).append(values)
    equals = {column.name: judge.comparisons[key] for key, column in judge.columns.items()}
    categories = {name: _categories(pairs, equals[name]) for name, pairs in rated.items()}
    together = [((name, a), (name, b)) for name, pairs in categories.items() for a, b in pairs]
    return {name: measure(pairs) for name, pairs in categories.items()} | {"all": measure(together)}


def measure(pairs: Sequence[Ratings]) -> Agreement:
    """Of two annotators' categories of the same items."""
    share = sum(a == b for a, b in pairs) / max(len(pairs), 1)
    return Agreement(len(pairs), share, cohen_kappa(pairs), krippendorff_alpha(pairs))


def cohen_kappa(pairs: Sequence[Ratings]) -> float | None:
    """(observed − expected agreement) / (1 − expected), each annotator with categories as often as they used them."""
    if not pairs:
        return None
    first, second = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    observed = sum(a == b for a, b in pairs) / len(pairs)
    expected = sum(first[category] * second[category] for category in first) / len(pairs) ** 2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def krippendorff_alpha(items: Iterable[Sequence[Hashable | None]]) -> float | None:
    """1 − observed / expected disagreement, for any number of annotators; None: an annotator did not rate the item.

    Nominal: two categories are the same or not. Krippendorff 2011, "Computing Krippendorff's alpha-reliability".
    """
    units = [present for item in items if len(present := [rating for rating in item if rating is not None]) > 1]
    totals = Counter(rating for unit in units for rating in unit)
    count = totals.total()
    expected = sum(totals[a] * totals[b] * (a != b) for a in totals for b in totals)
    if not expected:
        return None
    observed = sum(sum(a != b for a in unit for b in unit) / (len(unit) - 1) for unit in units)
    return 1 - (count - 1) * observed / expected


def _pairs(judge: Judge, lists: Lists, one: GoldPaper, two: GoldPaper) -> Iterable[tuple[Key, Ratings]]:
    """The values of a list's records that both annotators rated."""
    first = [each for each in one.records.get(lists, ()) if not (each.invented and two.complete)]
    second = [each for each in two.records.get(lists, ()) if not (each.invented and one.complete)]
    keys = [key for key in judge.columns if key[0] == lists]

    def rated(row: int, column: int) -> list[tuple[Key, tuple[Json, Json]]]:
        both = (key for key in keys if _is_rated(one, first[row], key) and _is_rated(two, second[column], key))
        return [(key, (_value(first[row], key), _value(second[column], key))) for key in both]

    def equal_values(row: int, column: int) -> float:
        return sum(_same(values, judge.comparisons[key]) for key, values in rated(row, column))

    if not lists:
        pairs = [(0, 0)] if first and second else []
    elif one.complete or two.complete:
        pairs = match([each.label for each in first], [each.label for each in second], equal_values)
    else:
        columns = {each.label: column for column, each in enumerate(second)}
        pairs = [(row, columns[each.label]) for row, each in enumerate(first) if each.label in columns]
        pairs += _both_added(first, second, pairs)
    for row, column in pairs:
        yield from rated(row, column)
    if two.complete:
        alone = (record for at, record in enumerate(first) if all(at != row for row, _ in pairs))
        yield from ((key, (value, None)) for record in alone for key, value in _values(one, record, keys))
    if one.complete:
        alone = (record for at, record in enumerate(second) if all(at != column for _, column in pairs))
        yield from ((key, (None, value)) for record in alone for key, value in _values(two, record, keys))


def _both_added(one: Sequence[GoldRecord], two: Sequence[GoldRecord], pairs: Sequence[Pair]) -> list[Pair]:
    """Records that both annotators added, under labels of their own: "Exp. 3" is "Experiment 3"."""
    rows = [at for at, each in enumerate(one) if each.added and all(at != row for row, _ in pairs)]
    columns = [at for at, each in enumerate(two) if each.added and all(at != column for _, column in pairs)]
    found = match_labels([one[at].label for at in rows], [two[at].label for at in columns])
    return [(rows[row], columns[column]) for row, column in found]


def _values(paper: GoldPaper, record: GoldRecord, keys: Iterable[Key]) -> Iterable[tuple[Key, Json]]:
    rated = ((key, _value(record, key)) for key in keys if _is_rated(paper, record, key))
    return ((key, value) for key, value in rated if value is not None)


def _is_rated(paper: GoldPaper, record: GoldRecord, key: Key) -> bool:
    """Whether the annotator rated a value: a gold file rates all, decisions those that reviewers came to."""
    return paper.complete or not record.values[key[1]].doubtful


def _value(record: GoldRecord, key: Key) -> Json:
    if record.invented:
        return NO_RECORD
    gold = record.values.get(key[1])
    return None if gold is None or is_absent(gold.value) else gold.value


def _same(values: tuple[Json, Json], equal: Comparison) -> bool:
    if any(value is None or value is NO_RECORD for value in values):
        return values[0] is values[1]
    return equal(values[0], values[1])


def _categories(pairs: Sequence[tuple[Json, Json]], equal: Comparison) -> list[Ratings]:
    """Values as numbers of categories: a value is of the first category whose first value it equals."""
    heads: list[Json] = []

    def category(value: Json) -> Hashable:
        if value is None or value is NO_RECORD:
            return ABSENT if value is None else "no record"
        for at, head in enumerate(heads):
            if equal(value, head):
                return at
        heads.append(value)
        return len(heads) - 1

    return [(category(a), category(b)) for a, b in pairs]


def as_rows(measured: Mapping[str, Agreement]) -> list[tuple[str, Agreement]]:
    """All values first, then the parameters on which annotators agree least."""
    rest = sorted((item for item in measured.items() if item[0] != "all"), key=lambda item: item[1].share)
    return [("all", measured["all"]), *rest]

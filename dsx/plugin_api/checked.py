"""The papers of a run with the values that people checked, as what a model may be trained on."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsx.errors import UsageError
from dsx.evaluation.gold import GoldPaper, GoldRecord, GoldValue, read_gold
from dsx.evaluation.judge import Judge, Predicted, by_lists, results_of
from dsx.evaluation.match import match_labels
from dsx.fill.paper import Span
from dsx.ground.locate import locate
from dsx.report.columns import Key, Lists
from dsx.review import ReviewContents, open_review
from dsx.review.sources import PaperSource
from dsx.types import Document, Evidence, Json, PaperResult, Parameter, ParameterSet, Value

__all__ = ["CheckedPaper", "CheckedValue", "checked_papers"]

log = logging.getLogger("dsx.training")


@dataclass(frozen=True, slots=True)
class CheckedValue:
    """What is right for one value. record: a label, or None of the paper.

    values: the right one and its alternatives, in stored form; none where the paper does not report it.
    optional: leaving it out is right too. around: spans that a person, or a run that had it right, took it from.
    written: how that run took it from the text.
    """

    record: str | None
    parameter: Parameter
    values: tuple[Json, ...]
    optional: bool = False
    around: tuple[Span, ...] = ()
    written: Json = None


@dataclass(frozen=True, slots=True)
class CheckedPaper:
    """A paper with its checked values. records: labels by list, none of one unnamed record.

    complete: the lists of which `records` has every record.
    """

    name: str
    document: Document
    parameters: ParameterSet
    records: Mapping[str, tuple[str, ...]]
    complete: frozenset[str]
    values: tuple[CheckedValue, ...]


def checked_papers(run: Path, gold: Path, places: Sequence[Path] = ()) -> list[CheckedPaper]:
    """The papers of a run that gold is there for; lists inside lists are left out.

    gold: as `dsx eval` takes it. places: files or folders where the papers are now; else they are where the run read
    them. A parameter that the gold never names was not checked. UsageError names papers that are not there.
    """
    review = open_review(run, places)
    stored = list(review.results.values())
    papers = read_gold(gold, review.parameters, stored, run)
    results = results_of(papers, stored)
    if not results:
        raise UsageError(f"{gold} has gold of no paper of {run}")
    if others := [paper.name for paper in papers if paper.name not in results]:
        log.warning("%s has no results of: %s", run, ", ".join(others))
    documents = _documents(review, results.values())
    named = {
        (lists, name) for paper in papers for lists, records in paper.records.items() for each in records
        for name in each.values
    }  # fmt: skip
    judge = Judge.of(review.parameters)
    return [
        _Checked(paper, results[paper.name], documents[results[paper.name].document], judge, named).paper(
            review.parameters
        )
        for paper in papers
        if paper.name in results
    ]


def _documents(review: ReviewContents, results: Collection[PaperResult]) -> dict[str, Document]:
    documents, missing = {}, []
    for result in results:
        path = review.papers.get(result.document)
        document = PaperSource.open(path, result.document, review.reader, review.recipe).document
        if document is None:
            missing.append(result.file)
        else:
            documents[result.document] = document
    if missing:
        raise UsageError(
            f"{review.run.path}: not where the run read them, or changed since: {', '.join(sorted(missing))}; "
            "say where these papers are"
        )
    return documents


class _Checked:
    """One paper's gold beside what the run found. named: the parameters that were checked in some paper."""

    def __init__(
        self, gold: GoldPaper, result: PaperResult, document: Document, judge: Judge, named: Collection[Key]
    ) -> None:
        self.gold, self.document, self.judge, self.named = gold, document, judge, named
        self.predicted = by_lists(result)

    def paper(self, parameters: ParameterSet) -> CheckedPaper:
        records: dict[str, tuple[str, ...]] = {}
        complete, values = set(), list[CheckedValue]()
        for lists, of_list in self.gold.records.items():
            invented = {each.label for each in of_list if each.invented}
            gold = [each for each in of_list if not each.invented]
            predicted = [each for each in self.predicted.get(lists, []) if each[0] not in invented or not lists]
            pairs = dict(self.judge.pairs(lists, gold, predicted))
            if not lists:
                values += self._values(lists, None, gold[0], predicted[pairs[0]][1] if 0 in pairs else {})
            if len(lists) != 1 or not gold:
                continue
            known = {label for labels in records.values() for label in labels}
            labels = self._labels(gold, predicted, pairs)
            labels = [None if label in known else label for label in labels]
            is_alone = labels == [None]
            records[lists[0]] = tuple(label for label in labels if label is not None)
            # reviewers decide on values: a record that none of them decided on may be one all the same
            if (None not in labels or is_alone) and (not self.gold.document or len(pairs) == len(predicted)):
                complete.add(lists[0])
            for at, (record, label) in enumerate(zip(gold, labels, strict=True)):
                if label is not None or is_alone:
                    values += self._values(lists, label, record, predicted[pairs[at]][1] if at in pairs else {})
                else:
                    log.warning("%s: no words of the text name the record %s; left out", self.gold.name, record.label)
        return CheckedPaper(self.gold.name, self.document, parameters, records, frozenset(complete), tuple(values))

    def _labels(
        self, gold: Sequence[GoldRecord], predicted: Sequence[Predicted], pairs: Mapping[int, int]
    ) -> list[str | None]:
        """What a model should call each record, in words of the text; None where no such words are known.

        The run's label where it names the same record; one that was matched by its values alone may be a wrong one.
        """
        matched = match_labels([each.label for each in gold], [label for label, _ in predicted])
        same = dict(pair for pair in matched if not gold[pair[0]].added)
        labels: list[str | None] = []
        for at, record in enumerate(gold):
            by_values = predicted[pairs[at]][0] if at in pairs else None
            candidates = [predicted[same[at]][0] if at in same else None, record.label, by_values]
            if len(gold) == 1 and at in pairs and by_values is None:
                candidates = []
            found = (each for each in candidates if each and each in self.document.text and each not in labels)
            labels.append(next(found, None))
        return labels

    def _values(
        self, lists: Lists, label: str | None, gold: GoldRecord, found: Mapping[str, Value]
    ) -> Iterator[CheckedValue]:
        for key, column in self.judge.columns.items():
            right = gold.values.get(key[1], GoldValue())
            if key[0] != lists or key not in self.named or right.doubtful:
                continue
            value = found.get(key[1])
            around, written = self._spans(right.quote), None
            if value is not None and self.judge.accepts(key, right, value.value):
                around = around or self._spans(value.evidence)
                written = value.raw
            values = () if right.value is None else (right.value, *right.alternatives)
            values = tuple(each for each in values if each is not None)
            yield CheckedValue(label, column.parameter, values, right.optional, around, written)

    def _spans(self, quote: Evidence | str | None) -> tuple[Span, ...]:
        """Where a quote stands; () where there is none, or it does not stand in the text."""
        if isinstance(quote, Evidence):
            if quote.quote == self.document.text[quote.start : quote.end]:
                return ((quote.start, quote.end),)
            quote = quote.quote
        evidence = locate(quote, self.document) if quote and quote.strip() else None
        return () if evidence is None else ((evidence.start, evidence.end),)

"""A run as the review page's data: what is asked, what was answered, what asks for a person's eyes."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsx.load import DocumentReader, open_cache
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.review.attention import Reason, reasons
from dsx.review.held import held_values
from dsx.review.sources import PaperSource, find_papers
from dsx.review.words import Span
from dsx.schema import read
from dsx.schema.values import without_step
from dsx.store import RunFolder, asked_of, flag_text, read_run
from dsx.types import Evidence, Json, PaperResult, Parameter, ParameterSet, Record, RecordType, Value, record_key

NEEDS_EYES = 2
"""Weight of the lightest reason for which a value is pointed out."""
UNLIKELY = 0.005
"""Probability below which a candidate is not shown; the form for corrections has all choices."""


@dataclass(frozen=True, slots=True)
class ReviewContents:
    """A run that is looked at.

    results: document → what the run stored of it, by file name. papers: document → file, of those whose file is there.
    """

    run: RunFolder
    parameters: ParameterSet
    results: dict[str, PaperResult]
    papers: dict[str, Path]
    reader: DocumentReader
    recipe: Recipe

    def data(self) -> dict[str, Json]:
        """What the page shows, but for the pages of papers."""
        asked = list(_asked(self.parameters.root))
        places = {(kind.name, parameter.name): at for at, (kind, parameter) in enumerate(asked)}
        papers = [
            *({**failure, "records": []} for failure in self.run.missing()),
            *(_paper(result, places, asked) for result in self.results.values()),
        ]
        identity = json.dumps([self.run.manifest["schema"], sorted(self.results)], sort_keys=True)
        return {
            "format": "dsx-review/1",
            "run": self.run.path.resolve().name,
            "id": hashlib.sha256(identity.encode()).hexdigest()[:16],
            "set": self.parameters.name,
            "parameters": [_parameter(kind, parameter) for kind, parameter in asked],
            "lists": list(_lists(self.parameters.root, places)),
            "papers": papers,
        }

    def by_attention(self) -> list[str]:
        """Documents in the order of the page's list: by the value of each that needs eyes most."""

        def highest(document: str) -> float:
            records = self.results[document].records
            return max((_rank(reasons(value)) for record in records for value in record.values.values()), default=0)

        return sorted(self.results, key=highest, reverse=True)

    def pages(self, document: str, numbers: Sequence[int] | None = None) -> Iterator[dict[str, Json]]:
        """Pages of one paper. numbers: None for those that quotes stand on."""
        quotes = _quotes(self.results[document])
        source = PaperSource.open(self.papers.get(document), document, self.reader, self.recipe)
        try:
            for number in sorted(quotes) if numbers is None else numbers:
                page = source.page(number, quotes.get(number, ()))
                if page is not None:
                    yield page
        finally:
            source.close()


def open_review(run: Path, places: Sequence[Path] = ()) -> ReviewContents:
    """A run to be reviewed. places: files or folders where its papers are now. Raises RunError for no run folder."""
    folder = read_run(run)
    parameters = read(folder.manifest["schema"], folder.manifest["schema_name"])
    recipe = _recipe(folder)
    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders, recipe.load_limits(), open_cache())
    results = {result.document: result for result in folder.results()}
    papers = find_papers(folder, {document: result.file for document, result in results.items()}, places)
    return ReviewContents(folder, parameters, results, papers, reader, recipe)


def _recipe(run: RunFolder) -> Recipe:
    """How the run read papers; the usual way where its recipe is of another version."""
    from pydantic import ValidationError

    try:
        return Recipe.model_validate(run.manifest.get("recipe"))
    except ValidationError:
        return Recipe.read(schema_name=run.manifest["schema_name"])


def _asked(kind: RecordType) -> Iterator[tuple[RecordType, Parameter]]:
    for parameter in kind.parameters:
        yield kind, parameter
    for child in kind.children:
        yield from _asked(child)


def _lists(
    kind: RecordType, places: dict[tuple[str, str], int], above: Sequence[str] = ()
) -> Iterator[dict[str, Json]]:
    """The lists of records below a record, each with the places of its parameters: where records can be added."""
    for child in kind.children:
        path = [*above, child.name]
        at = [places[child.name, parameter.name] for parameter in child.parameters]
        yield {"path": path, "description": child.description, "parameters": at}
        yield from _lists(child, places, path)


def _parameter(kind: RecordType, parameter: Parameter) -> dict[str, Json]:
    return {
        "name": parameter.name,
        "list": kind.name,
        "description": parameter.description,
        "unit": parameter.unit,
        "schema": without_step(parameter.schema),
        "choices": [[choice.value, choice.description] for choice in parameter.choices],
        "asked": dataclasses.asdict(asked_of(parameter)),
    }


def _paper(
    result: PaperResult, places: dict[tuple[str, str], int], asked: Sequence[tuple[RecordType, Parameter]]
) -> dict[str, Json]:
    records = [_record(record, places, asked) for record in result.records]
    return {"file": result.file, "document": result.document, "notes": list(result.notes), "records": records}


def _record(
    record: Record, places: dict[tuple[str, str], int], asked: Sequence[tuple[RecordType, Parameter]]
) -> dict[str, Json]:
    placed = ((places.get((record.type, name)), value) for name, value in record.values.items())
    values = [{"parameter": at, **_value(value, asked[at][1])} for at, value in placed if at is not None]
    return {
        "key": record_key(record.path),
        "label": record.label,
        "title": " / ".join(step.label for step in record.path) or record.type or "The paper",
        "values": values,
    }


def _value(value: Value, parameter: Parameter) -> dict[str, Json]:
    why = reasons(value)
    shown: dict[str, Json] = {
        "value": value.value,
        "status": str(value.status),
        "flags": [flag_text(flag) for flag in value.flags],
        "reasons": [[reason.kind, reason.text] for reason in why],
        "rank": _rank(why),
        "check": bool(why) and why[0].weight >= NEEDS_EYES,
    }
    if value.confidence is not None:
        shown["confidence"] = round(value.confidence, 4)
    if value.evidence is not None:
        shown["quote"] = _quote(value.evidence)
        shown["held"] = held_values(value.evidence.quote, parameter)
    if len(value.items) > 1:  # the quote of the only one is the list's
        shown["items"] = [_item(item) for item in value.items]
    if value.raw is not None and value.raw != value.value:
        shown |= {"raw": value.raw, "unit": value.unit}
    if value.sure is not None and value.sure.alternatives:
        likely = sorted(value.sure.alternatives, key=lambda pair: -pair[1])
        shown["candidates"] = [[choice, round(chance, 4)] for choice, chance in likely[:9] if chance >= UNLIKELY]
    return shown


def _item(item: Value) -> dict[str, Json]:
    shown: dict[str, Json] = {"value": item.value, "status": str(item.status)}
    if item.confidence is not None:
        shown["confidence"] = round(item.confidence, 4)
    if item.evidence is not None:
        shown["quote"] = _quote(item.evidence)
    return shown


def _quote(evidence: Evidence) -> dict[str, Json]:
    boxes = [[round(edge, 1) for edge in box] for box in evidence.boxes]
    return {"text": evidence.quote, "page": evidence.page, "boxes": boxes}


def _rank(why: Sequence[Reason]) -> float:
    """How soon a value is to be looked at, the larger the sooner: by its heaviest reason, then by the next."""
    return sum(reason.weight * 10.0**-place for place, reason in enumerate(why))


def _quotes(result: PaperResult) -> dict[int, list[Span]]:
    """Page → the spans of the document's text that are quoted from it."""
    quotes: dict[int, list[Span]] = {}
    for record in result.records:
        of_values = (evidence for value in record.values.values() for evidence in value.quotes)
        for evidence in (*([] if record.evidence is None else [record.evidence]), *of_values):
            quotes.setdefault(evidence.page, []).append((evidence.start, evidence.end))
    return quotes

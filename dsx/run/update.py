"""A run that goes on with a changed parameter set: what has changed is asked, what is the same is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from dsx.errors import RunError
from dsx.fill.earlier import EarlierAnswers, changes
from dsx.schema import read
from dsx.store import EXPIRY_SECONDS, Claims, RunFolder, compare, is_run, open_run, read_run, updated
from dsx.types import Json, ParameterSet, RecordType


def as_updated(folder: Path, manifest: Mapping[str, Json], update: bool) -> RunFolder | None:
    """The run in `folder` as it will be; nothing is written. None where there is none yet."""
    if not is_run(folder):
        return None
    run = read_run(folder)
    return RunFolder(folder, updated(run.manifest, manifest)) if update and compare(run.manifest, manifest) else run


@contextmanager
def join_run(
    folder: Path,
    manifest: Mapping[str, Json],
    parameters: ParameterSet,
    *,
    update: bool = False,
    claim_expiry: float = EXPIRY_SECONDS,
) -> Iterator[tuple[RunFolder, Claims]]:
    """`open_run`, and this process's claims: while the block runs, no other process gives the run another set.

    Results of an earlier parameter set to which nothing is to be asked are stored as results of the current one.
    update: the run may have another parameter set; its papers are then to be updated. Raises RunError where other
    processes are at it with that set.
    """
    others = bool(update and is_run(folder) and Claims(folder).others())
    if others and _differs_in_schema(read_run(folder), manifest):  # read after they were counted: they are of that set
        advice = "end the process that is at it first (in Python: go through its run to the end, or close the iterator)"
        raise RunError(f"{folder} is in use with another parameter set; {advice}")
    run = open_run(folder, manifest, update=update)
    with Claims(run.path, claim_expiry) as claims:
        for paper in run.outdated():
            answers = earlier_answers(run, parameters, paper["document"])
            result = answers.complete() if answers else None
            if result is not None:
                run.save(result)
        yield run, claims


def _differs_in_schema(run: RunFolder, manifest: Mapping[str, Json]) -> bool:
    """In that alone: what else differs `open_run` names."""
    return bool(compare(run.manifest, manifest)) and not compare(run.manifest, manifest, schema=False)


def earlier_answers(run: RunFolder, parameters: ParameterSet, document: str) -> EarlierAnswers | None:
    """What a paper answered to an earlier parameter set of the run."""
    stored = run.earlier_result(document)
    if stored is None:
        return None
    result, earlier = stored
    return EarlierAnswers(result, _root(json.dumps(earlier["schema"]), earlier["name"]), parameters.root)


@lru_cache(maxsize=8)
def _root(schema: str, name: str) -> RecordType:
    return read(json.loads(schema), name).root


def is_left(run: RunFolder | None, parameters: ParameterSet, document: str) -> bool:
    """Whether anything is to be asked of a paper."""
    if run is None:
        return True
    if run.done(document) or run.failed(document) is not None:
        return False
    answers = earlier_answers(run, parameters, document)
    return answers is None or answers.complete() is None


def what_changes(folder: Path, manifest: Mapping[str, Json], parameters: ParameterSet) -> list[str]:
    """What an update of a run asks of the papers that have answers to other sets, for a person."""
    run = as_updated(folder, manifest, update=True)
    documents = () if run is None else (paper["document"] for paper in run.outdated())
    answers = [each for document in documents if run and (each := earlier_answers(run, parameters, document))]
    lines = list(changes({id(each.earlier): each.earlier for each in answers}.values(), parameters.root))
    if failed := list(dict.fromkeys(name for each in answers for name in each.failed())):
        lines.append(f"asked again, for the engine failed on them: {', '.join(failed)}")
    return lines

"""A run from outside: what is done and left, failures to be tried again, several runs as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from statistics import fmean

from dsx.errors import AnotherRun, RunError
from dsx.run.summary import shown_names
from dsx.store import (
    RunFolder,
    atomic,
    compare,
    joined,
    open_run,
    read_reviews,
    read_run,
    review_path,
    runs_in,
    write_decisions,
)
from dsx.terminal import counted, printable_line
from dsx.types import Json, PaperResult, Status


@dataclass(frozen=True, slots=True)
class State:
    """Where a run stands. left: None where the papers that it was started with are unknown."""

    done: int
    failed: dict[str, str]
    left: int | None
    seconds: float | None
    processes: int
    """How many processes had a part in it."""
    failed_values: int = 0
    outdated: int = 0
    """Of those that are left, papers with answers to an earlier parameter set."""

    def lines(self) -> list[str]:
        """For a person."""
        left = "" if self.left is None else f", {self.left} left"
        processes = counted(self.processes, "process", "processes")
        lines = [f"{self.done} done, {len(self.failed)} failed{left}; {processes} so far"]
        if self.outdated:
            lines.append(f"{self.outdated} with answers to an earlier parameter set; the run's command updates them")
        if self.seconds is not None:
            line = f"{self.seconds:.1f} s a paper"
            if self.left:
                line += f"; {_duration(self.left * self.seconds)} of one process's work left"
            lines.append(line)
        if self.failed_values:
            failed = counted(self.failed_values, "value")
            lines.append(f"{failed} failed; dsx runs retry --values does those of the engine again")
        return lines + [printable_line(f"failed: {file}: {reason}") for file, reason in self.failed.items()]


def _duration(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def replaced(run: RunFolder, papers: Mapping[str, Path]) -> dict[str, Path]:
    """Papers whose file has changed since, as a screen names them → the stored result of what it was.

    papers: by document, the files as they are. Only a run that has other results has its logs read.
    """
    others, names = set(run.stored("records")) - papers.keys(), shown_names(papers.values())
    here = {str(path.absolute()): name for path, name in names.items()}
    return {
        here[str(event["path"])]: run.record(event["document"])
        for event in (run.logs() if others else ())
        if event.get("document") in others and str(event.get("path")) in here
    }


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in a list of runs. done, failed: papers; changed: when a result was last stored, in local time."""

    run: str
    schema: str
    model: str
    done: int
    failed: int
    changed: str


def listed(folder: Path) -> list[ListedRun]:
    """The runs below `folder`, newest first. Results are counted; those of an updated run are read."""
    return [_listed(run) for run in runs_in(folder)]


def _listed(run: RunFolder) -> ListedRun:
    changed = datetime.fromtimestamp((run.path / "records").stat().st_mtime).isoformat(" ", "minutes")
    stored = run.stored("records")
    failed = {failure["document"] for failure in run.failures()}  # of an updated paper there may be both
    engine, recipe = (run.manifest.get(key) or {} for key in ("engine", "recipe"))
    done = len(set(stored) - failed) - len(run.outdated())
    model = str(engine.get("model") or recipe.get("model") or engine.get("engine") or "")
    return ListedRun(str(run.path), run.manifest["schema_name"], model, done, len(failed), changed)


def state(run: RunFolder) -> State:
    """Read from the folder's records, failures and logs."""
    done, failed_values = set[str](), 0
    for result in run.results():
        done.add(result.document)
        values = (value for record in result.records for value in record.values.values())
        failed_values += sum(value.status is Status.FAILED for value in values)
    failed = reasons(run.failures())
    ended = len(done) + len(failed)
    seconds, papers, duplicates = list[float](), 0, set[tuple[str, str]]()
    for event in run.logs():
        if event.get("event") == "paper" and event.get("document") in done:
            seconds += [float(event["seconds"])] if isinstance(event.get("seconds"), int | float) else []
        elif event.get("event") == "start" and isinstance(event.get("papers"), int):
            papers = max(papers, event["papers"])
        elif event.get("event") == "duplicate":
            duplicates.add((str(event.get("document")), str(event.get("file"))))
    left = max(papers - ended - len(duplicates), 0) if papers else None
    processes = len(list(run.path.glob("log*.jsonl")))
    mean = fmean(seconds) if seconds else None
    return State(len(done), failed, left, mean, processes, failed_values, len(run.outdated()))


def reasons(failures: Sequence[Mapping[str, Json]]) -> dict[str, str]:
    """Why papers failed, by file name; of several with one name, by name and beginning of the document's id."""
    names = Counter(failure["file"] for failure in failures)
    return {
        failure["file"] if names[failure["file"]] == 1 else f"{failure['file']} ({failure['document'][:8]})": failure[
            "reason"
        ]
        for failure in failures
    }


def retry(run: RunFolder, values: bool = False) -> list[str]:
    """Forgets the failures, so that the same command does those papers again; the names of their files.

    values: forgets also the papers in which the engine failed on a value, with all that was found in them.
    """
    again = {failure["document"]: str(failure["file"]) for failure in run.failures()}
    if values:
        again |= {result.document: result.file for result in run.results() if _engine_failed(result)}
    for document in again:
        run.forget(document)
    return list(again.values())


def _engine_failed(result: PaperResult) -> bool:
    values = (value for record in result.records for value in record.values.values())
    return any(flag.kind == "error" for value in values for flag in value.flags)


def merge(runs: Sequence[Path], into: Path) -> State:
    """Puts the records, failures, logs and reviewers' decisions of several runs of the same recipe into one folder.

    A paper that several runs have done must have the same answers in all. Of a reviewer's decisions on one value the
    latest is taken. Raises AnotherRun or RunError, naming what differs, before anything is written.
    """
    parts = [read_run(path) for path in runs]
    _refuse_folders(parts, into)
    for part in parts:
        if differences := compare(parts[0].manifest, part.manifest):
            what, advice = ", ".join(differences), "merge runs of one recipe and the same plugins"
            raise AnotherRun(f"{part.path} and {parts[0].path} differ in {what}; {advice}")
        if outdated := part.outdated():
            raise RunError(f"{part.path}: {outdated[0]['file']}: {outdated[0]['reason']}; run it before you merge")
    _refuse_contradictions(parts)
    reviews = {
        review_path(into, file.reviewer): file
        for file in joined(each for part in parts for each in read_reviews(part.path))
    }
    merged = open_run(into, parts[0].manifest)
    for part in parts:
        stored = [(part.path / "records", part.documents())]
        stored += [(part.path / "failures", {failure["document"] for failure in part.failures()})]
        for folder, documents in stored:
            for document in sorted(documents):
                _take(folder / f"{document}.json", into / folder.name / f"{document}.json")
        for path in sorted(part.path.glob("log*.jsonl")):
            _take(path, into / path.name)
    for path, file in reviews.items():
        write_decisions(path, replace(file, run=into.resolve().name))
    return state(merged)


def _refuse_folders(parts: Sequence[RunFolder], into: Path) -> None:
    if into.exists():
        raise RunError(f"{into} is there already; name another folder with -o")
    folders = [part.path.resolve() for part in parts]
    if twice := [part.path for at, part in enumerate(parts) if folders[at] in folders[:at]]:
        raise RunError(f"{twice[0]} is named twice; name each run once")
    if around := [
        part.path for part, folder in zip(parts, folders, strict=True) if into.resolve().is_relative_to(folder)
    ]:
        raise RunError(f"{into} is inside {around[0]}; name a folder outside the runs with -o")


def _take(path: Path, target: Path) -> None:
    try:
        content = path.read_bytes()
        if not atomic.create(target, content) and target.suffix == ".jsonl":  # two hosts of one name
            atomic.write(target, target.read_bytes() + content)
    except OSError as problem:
        raise RunError(f"{target} cannot be written ({problem.strerror}); remove its run and merge again") from None


def _refuse_contradictions(parts: Sequence[RunFolder]) -> None:
    first_of: dict[str, RunFolder] = {}
    for part in parts:
        for document in part.documents():
            first = first_of.setdefault(document, part)
            if first is not part and _answers(first, document) != _answers(part, document):
                paths = [run.path / "records" / f"{document}.json" for run in (part, first)]
                raise RunError(f"{paths[0]} and {paths[1]} have different answers for one paper; remove one")


def _answers(run: RunFolder, document: str) -> object:
    result = run.result(document)
    return result and result.records

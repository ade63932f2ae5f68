"""The run folder: `run.json`, `records/<id>.json`, `failures/<id>.json`, `log-<host>-<process>.jsonl`.

Many processes, on many hosts, may write into one folder: each has its own log, and a paper's file is put in place by
one rename.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import re
import socket
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from dsx.errors import PASSING, AnotherRun, MachineError, RunError, machine_error
from dsx.settings import read_settings
from dsx.store import atomic
from dsx.store.apart import told_apart
from dsx.store.manifest import EARLIER, PLUGINS, compare, damage, schema_sha256, updated
from dsx.store.results import StoredResults, result_of
from dsx.store.serial import SCHEMA, seal, to_json, unseal
from dsx.terminal import printable
from dsx.types import Json, PaperResult

T = TypeVar("T")

log = logging.getLogger("dsx.store")

MANIFEST = "run.json"
OUTDATED = "its answers are to an earlier parameter set; the run's command asks what has changed"
DOCUMENT_ID = re.compile(r"[0-9a-f]{64}")
MAX_NAMED = 10
"""Runs that a message names."""
SYNC_SECONDS = 5.0
"""A power cut (no kill) may undo the results of so many seconds before it; their papers are done again."""


class RunFolder:
    """A run on disk. Raises MachineError where the folder cannot be read or written (full, read-only).

    What lies in it is not trusted: a file that is empty, cut, changed or another paper's is named once, and its paper
    counts as not done. So does a paper whose result or failure is of an earlier parameter set of the run.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Json]) -> None:
        self.path = path
        self.manifest = manifest
        self._schema = schema_sha256(manifest["schema"])
        self._log: int | None = None
        self._synced = 0.0
        self._sound: set[str] = set()
        self._damaged: set[Path] = set()

    def done(self, document: str) -> bool:
        """Whether the paper's result is stored, and whole."""
        return document in self._sound or self.result(document) is not None

    def failed(self, document: str) -> dict[str, Json] | None:
        """The paper's failure, if it has one and no result."""
        failure = None if self.done(document) else self._read(self._failure(document), _failure_of)
        return failure if failure and self._is_current(failure.pop(SCHEMA)) else None

    def save(self, result: PaperResult) -> None:
        """Stores a paper's result; an earlier failure of it is gone."""
        self._write(self.record(result.document), to_json(result, self._schema))
        self._remove(self._failure(result.document))

    def fail(self, document: str, file: str, reason: str, traceback: str = "", path: str = "") -> None:
        """Stores why a paper failed; the traceback and where it was read from go to the log."""
        failure = {"document": document, "file": file, "reason": reason}
        content = printable(json.dumps({**failure, SCHEMA: self._schema}, ensure_ascii=False, indent=1))
        self._write(self._failure(document), seal(content.encode()))
        where = {"path": path} if path else {}
        self.log({"event": "failure", **failure, **where, "traceback": traceback})

    def forget(self, document: str) -> None:
        """The paper may be tried again: its failure is gone, or else its result."""
        failed = self.failed(document) is not None
        self._sound.discard(document)
        self._remove(self._failure(document) if failed else self.record(document))

    def log(self, event: Mapping[str, Json]) -> None:
        """One line in this process's log."""
        text = json.dumps({"time": round(time.time(), 3), **event}, ensure_ascii=False)
        line = (printable(text) + "\n").encode()
        try:
            if self._log is None:
                name = f"log-{socket.gethostname()}-{os.getpid()}.jsonl"
                self._log = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
                weakref.finalize(self, os.close, self._log)
            if os.write(self._log, line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as problem:
            raise self._trouble(problem) from None

    def result(self, document: str) -> PaperResult | None:
        """The paper's result, where it is stored."""
        stored = self._read(self.record(document), result_of)
        if stored is None or not self._is_current(stored[1]):
            return None
        self._sound.add(document)
        return stored[0]

    def earlier_result(self, document: str) -> tuple[PaperResult, Mapping[str, Json]] | None:
        """The paper's answers to an earlier parameter set of the run, and that set: {"name", "schema"}."""
        stored = self._read(self.record(document), result_of) if self.manifest.get(EARLIER) else None
        if stored is None or self._is_current(stored[1]) or stored[1] not in self.manifest[EARLIER]:
            return None
        return stored[0], self.manifest[EARLIER][stored[1]]

    def outdated(self) -> list[dict[str, Json]]:
        """The papers that have answers to an earlier parameter set only, as `failures` names them."""
        papers = []
        for document in self.stored("records") if self.manifest.get(EARLIER) else ():
            earlier = self.earlier_result(document)
            if earlier is not None and self.failed(document) is None:
                papers.append({"document": document, "file": earlier[0].file, "reason": OUTDATED})
        return sorted(papers, key=lambda paper: (paper["file"], paper["document"]))

    def missing(self) -> list[dict[str, Json]]:
        """Papers without a result to the run's parameter set, each with the reason: failed, or outdated."""
        papers = [*self.failures(), *self.outdated()]
        names = self._told_apart(self.results().files) if papers else {}
        return [{**paper, "file": names.get(paper["document"], paper["file"])} for paper in papers]

    def _is_current(self, schema: str) -> bool:
        return schema == self._schema

    def results(self, change: Callable[[PaperResult], PaperResult] | None = None) -> StoredResults:
        """All stored results, by file name; those that are damaged are named in the log and left out.

        Where files of several papers have one name, `file` has folders before it. change: what each becomes on its way.
        """
        return StoredResults(self.path / "records", self._is_current, change, self._told_apart)

    def _told_apart(self, files: Mapping[str, str]) -> dict[str, str]:
        """Document → what it is called, of those whose file's name another paper's of the run has too."""
        others = {paper["document"]: paper["file"] for paper in (*self.failures(), *self.outdated())}
        return told_apart({**others, **files}, self._read_at)

    def _read_at(self) -> dict[str, str]:
        """Document → the path that it was read from last."""
        return {str(event.get("document")): str(event["path"]) for event in self.logs() if event.get("path")}

    def documents(self) -> set[str]:
        """The ids of all papers whose results are stored, and whole."""
        return {document for document in self.stored("records") if self.done(document)}

    def failures(self) -> list[dict[str, Json]]:
        """All failures of papers that have no result, by file name."""
        failures = (self.failed(document) for document in self.stored("failures"))
        return sorted(filter(None, failures), key=lambda failure: (failure["file"], failure["document"]))

    def logs(self) -> Iterator[dict[str, Any]]:
        """All events of all processes; a line that was cut by a kill, or is no event, is passed over."""
        for path in sorted(self.path.glob("log*.jsonl")):
            try:
                with path.open(encoding="utf-8", errors="replace") as lines:
                    yield from (event for line in lines if (event := _event_of(line)) is not None)
            except OSError as problem:
                self._name_damaged(path, problem.strerror or str(problem))

    def record(self, document: str) -> Path:
        """The file of a document's result, whether it is there or not."""
        return self.path / "records" / f"{document}.json"

    def _failure(self, document: str) -> Path:
        return self.path / "failures" / f"{document}.json"

    def stored(self, part: Literal["records", "failures"]) -> list[str]:
        """Ids of documents by the names of files alone, which may hold anything."""
        return [path.stem for path in (self.path / part).glob("*.json") if DOCUMENT_ID.fullmatch(path.stem)]

    def _read(self, path: Path, parse: Callable[[bytes, str], T]) -> T | None:
        try:
            return parse(path.read_bytes(), path.stem)
        except FileNotFoundError:
            return None
        except OSError as problem:
            raise self._trouble(problem, path) from None
        except ValueError as problem:
            self._name_damaged(path, str(problem))
            return None

    def _name_damaged(self, path: Path, reason: str) -> None:
        if path not in self._damaged:
            self._damaged.add(path)
            log.warning("%s is damaged (%s); its paper is done again by the run's command", path, reason)

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as problem:
            raise self._trouble(problem) from None

    def _trouble(self, problem: OSError, path: Path | None = None) -> MachineError:
        where = f"run folder {path or self.path}"
        return machine_error(problem, where) or MachineError(f"{where}: {problem.strerror}; see to it", passes=False)

    def _write(self, path: Path, content: bytes) -> None:
        try:
            atomic.write(path, content)
            if time.monotonic() - self._synced > SYNC_SECONDS:
                atomic.sync_folder(path.parent)
                self._synced = time.monotonic()
        except OSError as problem:
            raise self._trouble(problem) from None


def _failure_of(content: bytes, document: str) -> dict[str, Json]:
    failure = json.loads(unseal(content))
    if failure["document"] != document:
        raise ValueError("it is another paper's")
    if "reason" not in failure:
        raise ValueError("it is no failure")
    return {name: failure[name] for name in ("document", "file", "reason", SCHEMA)}


def _event_of(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) else None


def probe(folder: Path, known: Mapping[str, Json], *, update: bool = False) -> None:
    """Raises RunError where a run could not go on in `folder`, MachineError where it cannot be written, before anything
    is loaded. Leaves no file behind. update: the run may have another parameter set."""
    stored = _manifest(folder)
    if stored is not None:
        _refuse_another(folder, stored, known, update)
    try:
        existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
        if not existing.is_dir():
            raise RunError(f"run folder {folder}: {existing} is a file; choose another with --run")
        if stored is None and existing == folder and any(folder.iterdir()) and not (folder / "records").is_dir():
            raise RunError(f"run folder {folder} holds other files; choose another with --run")
        trial = existing / f"{atomic.TEMPORARY}probe-{os.getpid()}"
        trial.write_bytes(b"")
        trial.unlink()
    except OSError as problem:
        raise _not_writable(folder, problem) from None


def free(folder: Path, known: Mapping[str, Json]) -> Path:
    """`folder`, or the first of `folder-2`, `folder-3`, … that is not another run's; RunError as `probe` raises."""
    for name in (folder, *(folder.with_name(f"{folder.name}-{number}") for number in range(2, 10_000))):
        try:
            probe(name, known)
        except AnotherRun:
            continue
        return name
    raise RunError(f"run folders {folder} to {name} are all other runs'; choose another with --run")


def open_run(folder: Path, manifest: Mapping[str, Json], *, update: bool = False) -> RunFolder:
    """The run in `folder`, made if it is not there. Raises RunError, naming what differs, for another run's folder.

    update: a run with another parameter set gets this one: from the one write of its manifest on, its papers have
    answers to an earlier set.
    """
    try:
        for part in ("records", "failures"):
            (folder / part).mkdir(parents=True, exist_ok=True)
            atomic.sweep(folder / part)
        atomic.sweep(folder)
        created = not (folder / MANIFEST).is_file() and atomic.create(folder / MANIFEST, _written(manifest))
        stored = _manifest(folder)
        if update and stored and compare(stored, manifest) and not compare(stored, manifest, schema=False):
            atomic.write(folder / MANIFEST, _written(updated(stored, manifest)))
            atomic.sync_folder(folder)
            stored = _manifest(folder)
    except OSError as problem:
        raise _not_writable(folder, problem) from None
    if stored is None:
        raise RunError(f"{folder / MANIFEST} went away while it was read; run the same command again")
    if not created:
        _refuse_another(folder, stored, manifest)
    return RunFolder(folder, stored)


def _written(manifest: Mapping[str, Json]) -> bytes:
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    return text.encode("utf-8", "backslashreplace")  # half a character is written as JSON escapes it


def _not_writable(folder: Path, problem: OSError) -> MachineError:
    passes = problem.errno in PASSING
    what = "make room and run the same command" if passes else "choose another with --run"
    return MachineError(f"run folder {folder} cannot be written ({problem.strerror}); {what}", passes)


def is_run(folder: Path) -> bool:
    """Whether a run was made in `folder`."""
    return (folder / MANIFEST).is_file()


def read_run(folder: Path) -> RunFolder:
    """A run that is there; RunError where `folder` is none."""
    stored = _manifest(folder)
    if stored is None:
        raise RunError(no_run(folder))
    return RunFolder(folder, stored)


def no_run(folder: Path) -> str:
    """That `folder` is no run's, with the runs that there are beside it, else in the folder of runs."""
    runs = runs_in(folder.parent) or runs_in(read_settings().runs)
    names = ", ".join(str(run.path) for run in runs[:MAX_NAMED])
    return f"{folder} is no run folder (it has no {MANIFEST}); name one, such as {names or 'dsx extract makes'}"


def runs_in(folder: Path) -> list[RunFolder]:
    """The runs below `folder`, those first whose results changed last; the log names those with a damaged manifest."""
    runs = []
    for manifest in folder.glob(f"*/{MANIFEST}"):
        try:
            changed = (manifest.parent / "records").stat().st_mtime
            runs.append((changed, manifest.parent.name, read_run(manifest.parent)))
        except RunError as problem:
            log.warning("%s", problem)
        except OSError:  # another program's
            continue
    return [run for _, _, run in sorted(runs, key=lambda dated: dated[:2], reverse=True)]


def newest_run() -> Path:
    """The run in the folder of runs whose results changed last. RunError where there is none."""
    folder = read_settings().runs
    runs = runs_in(folder)
    if not runs:
        raise RunError(f"no run in {folder}/; name a run folder")
    return runs[0].path


def _manifest(folder: Path) -> dict[str, Json] | None:
    try:
        content = (folder / MANIFEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as problem:
        raise RunError(f"{folder / MANIFEST}: {problem.strerror}") from None
    try:
        manifest = json.loads(content)
    except (ValueError, RecursionError):
        manifest = None
    if reason := damage(manifest):
        advice = "put back a copy of it, or extract into another folder (dsx extract --run)"
        raise RunError(f"{folder / MANIFEST} is damaged ({reason}); {advice}")
    return dict(manifest)


def _refuse_another(
    folder: Path, stored: Mapping[str, Json], current: Mapping[str, Json], update: bool = False
) -> None:
    if differences := compare(stored, current, schema=not update):
        advice, in_python = "choose another with --run, or --force-new", "another run="
        if not compare(stored, current, schema=False):
            advice, in_python = f"to ask only what has changed: --update; or {advice}", f"update=True, or {in_python}"
        if any(each.startswith(PLUGINS) for each in differences):
            advice = f"install the packages as they were, keep new ones out with DSX_PLUGINS, or {advice}"
        what = ", ".join(differences)
        raise AnotherRun(f"run folder {folder} was made with another {what}; {advice} (Python: {in_python})")

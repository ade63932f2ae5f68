"""A run exported as a person asked: the format found, decisions applied, the file put in place whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from dsx.answers.calibration import Calibration, calibrated, check_model, read_curves
from dsx.answers.limits import MIN_CONFIDENCE
from dsx.errors import UsageError
from dsx.plugins.registry import Registry
from dsx.report.codebook import write_codebook
from dsx.report.unsure import check_least, left_blank, without_unsure
from dsx.report.writing import export_to, unwritten
from dsx.run.garbage import set_aside
from dsx.schema import read
from dsx.store import RunFolder, StoredResults, apply_decisions, read_decisions, restate, settle, stale_note
from dsx.terminal import counted
from dsx.types import Decision, Exporter, ExportOptions, Failure, PaperResult, ParameterSet, Slot, Value

if TYPE_CHECKING:
    import pandas

Change = Callable[[PaperResult], PaperResult]
FLAGS = {"long": "--long", "evidence": "--with evidence", "excel": "--excel", "papers": "--papers"}
"""What is typed for the options that not every format heeds."""


@dataclass(frozen=True, slots=True)
class ExportChoices:
    """The options of `dsx export`. format: None: what the file's name ends in. papers: the folder of links.

    min_confidence: values that are less sure are left blank, by the probabilities of `calibration` where it is given.
    """

    format: str | None = None
    long: bool = False
    evidence: bool = False
    excel: bool = False
    decisions: tuple[Path, ...] = ()
    calibration: Path | None = None
    min_confidence: float = MIN_CONFIDENCE
    papers: Path | None = None
    codebook: bool = False
    force: bool = False


def export_run(
    run: RunFolder,
    output: Path | None,
    choices: ExportChoices,
    exporters: Registry[Exporter],
    stdout: TextIO,
    change: Change = lambda result: result,
) -> list[str]:
    """Writes to `output`, or to `stdout`. Returns what the person should know: failed papers, decisions left over.

    change: what each result becomes, when decisions are applied.
    UsageError where the format is unknown, does not take an option, or the file may not be written.
    """
    name = _format(output, choices, exporters)
    exporter = exporters[name]
    if output is None and (exporter.binary or choices.codebook):
        wanted = "--codebook" if choices.codebook else f"--format {name}"
        raise UsageError(f"{wanted} writes a file; name it with -o FILE")
    results, parameters, options, about_decisions, blank = _chosen(run, choices, output, change)
    for field, flag in FLAGS.items():
        if getattr(choices, field) and field not in exporter.options:
            takers = ", ".join(other for other in exporters if field in exporters[other].options)
            raise UsageError(f"{flag} is not for --format {name}, but for {takers}")
    about_file = list[str]()
    with exporters.calling(name, but=OSError), set_aside():
        if output is None:
            exporter.write(results, parameters, stdout, options)
        else:
            about_file = _to_file(output, exporter, results, parameters, options, choices)
    return [*about_file, *_notes(options, name, exporters), *about_decisions, *_of_blank(blank, choices)]


def frame_of(run: RunFolder, choices: ExportChoices, change: Change) -> pandas.DataFrame:
    """The run as a data frame, as `export_run`. UsageError where pandas is not installed."""
    from dsx.report.frame import to_frame

    results, parameters, options, *_ = _chosen(run, choices, None, change)
    return to_frame(results, parameters, options)


def _chosen(
    run: RunFolder, choices: ExportChoices, output: Path | None, change: Change
) -> tuple[StoredResults, ParameterSet, ExportOptions, list[str], Collection[Slot]]:
    """What is to be exported and how, what the person should know of decisions that are not applied, and what is blank.

    Which values are left blank for their confidence is known once the results were read.
    """
    check_least(choices.min_confidence)
    parameters = read(run.manifest["schema"], run.manifest["schema_name"])
    blank = set[Slot]()
    results, machine, notes = _reviewed(run, choices, parameters, change, blank)
    options = ExportOptions(
        evidence=choices.evidence,
        long=choices.long,
        excel=choices.excel,
        failures=tuple(Failure(each["document"], each["file"], each["reason"]) for each in run.missing()),
        machine=machine,
        papers=_link_folder(choices.papers, output),
    )
    return results, parameters, options, notes, blank


def _format(output: Path | None, choices: ExportChoices, exporters: Registry[Exporter]) -> str:
    if choices.format is not None:
        return choices.format
    if output is None:
        return "jsonl"
    suffix = output.suffix.lower()
    for name, exporter in exporters.items():
        if suffix in exporter.suffixes:
            return name
    known = ", ".join(suffix for exporter in exporters.values() for suffix in exporter.suffixes)
    raise UsageError(f"-o {output}: no format is written to {suffix or 'such'} files; use {known}, or give --format")


def _to_file(
    output: Path,
    exporter: Exporter,
    results: Sequence[PaperResult],
    parameters: ParameterSet,
    options: ExportOptions,
    choices: ExportChoices,
) -> list[str]:
    """What the person should know of the file."""
    try:
        export_to(output, exporter, results, parameters, options, choices.force)
        note = write_codebook(parameters, options, output) if choices.codebook else None
    except OSError as problem:
        raise unwritten(problem, output) from None
    return [note] if note else []


def _reviewed(
    run: RunFolder, choices: ExportChoices, parameters: ParameterSet, change: Change, blank: set[Slot]
) -> tuple[StoredResults, dict[Slot, Value], list[str]]:
    """Results with decisions applied, what the run stored in their places, and notes on decisions that are not.

    blank: is given the places of the values that are left blank.
    """
    files, stale = restate(map(read_decisions, _files(choices.decisions)), parameters, run.result)
    settled = settle(files)
    machine: dict[Slot, Value] = {}
    unmatched: list[Decision] = []
    for document in {slot[0]: None for slot in settled}:
        result = run.result(document)
        if result is None:
            unmatched += [decisions[-1] for slot, decisions in settled.items() if slot[0] == document]
        else:
            applied = apply_decisions(result, settled, parameters)
            machine |= applied.machine
            unmatched += applied.unmatched
    calibration = None if choices.calibration is None else _calibration(run, choices.calibration)

    def reviewed(result: PaperResult) -> PaperResult:
        if settled:
            result = apply_decisions(result, settled, parameters).result
        result = change(result)
        if calibration is not None:
            result = calibrated(result, calibration, parameters)
        result = without_unsure(result, choices.min_confidence, parameters)
        blank.update(left_blank(result))
        return result

    return run.results(reviewed), machine, _left_over(unmatched, stale)


def _calibration(run: RunFolder, path: Path) -> Calibration:
    """UsageError where the curves are not for the confidences that the run stores."""
    recipe, fitted = run.manifest.get("recipe") or {}, read_curves(path)
    if recipe.get("calibration"):
        raise UsageError(f"--calibration: {run.path} was extracted with one, which would count twice; leave it out")
    if fitted.fitted_on == "model":
        raise UsageError(f"{path} is for confidences as the model gives them; give it to dsx extract --calibration")
    check_model(fitted, recipe.get("model"))
    return Calibration.of(fitted)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    """Files of decisions, those of a folder by name."""
    for path in paths:
        yield from sorted(path.glob("*.json")) if path.is_dir() else [path]


def _link_folder(papers: Path | None, output: Path | None) -> str:
    """The papers' folder as links of the file name it, which go from the file's own folder."""
    if papers is not None and not papers.is_dir():
        raise UsageError(f"--papers {papers}: there is no such folder")
    if papers is None or output is None:
        return ""
    relative = os.path.relpath(papers.absolute(), output.absolute().parent)
    return "" if relative == "." else f"{Path(relative).as_posix()}/"


def _notes(options: ExportOptions, name: str, exporters: Registry[Exporter]) -> list[str]:
    if not options.failures or "failures" in exporters[name].options:
        return []
    takers = ", ".join(other for other, each in exporters.items() if "failures" in each.options)
    failed = counted(len(options.failures), "paper")
    return [f"{failed} failed and --format {name} does not say so; these do: {takers}"]


def _left_over(unmatched: Sequence[Decision], stale: Sequence[Decision]) -> list[str]:
    """Notes on decisions that are not applied."""
    notes = []
    if unmatched:
        first = unmatched[0]
        where = " ".join(filter(None, (first.paper, first.label, first.parameter)))
        notes.append(f"decisions about values that the run does not have: {len(unmatched)}, the first: {where}")
    return [*notes, stale_note(stale)] if stale else notes


def _of_blank(blank: Collection[Slot], choices: ExportChoices) -> list[str]:
    if not blank:
        return []
    least = f"{choices.min_confidence:g}"
    return [f"{counted(len(blank), 'value')} less sure than {least} left blank; --min-confidence 0 writes all"]

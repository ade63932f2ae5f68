"""A run, or an export of one, held against gold: everything that the reports show."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dsx.answers.calibration import Line, fitted_curves, read_curves
from dsx.answers.limits import MIN_CONFIDENCE
from dsx.errors import UsageError
from dsx.evaluation import calibrate
from dsx.evaluation.gold import GoldPaper, read_gold
from dsx.evaluation.judge import Judgement, judge_all, results_of
from dsx.evaluation.other_unit import unit_notes
from dsx.evaluation.score import RESAMPLES, Judgements, Score, Scores, score
from dsx.report.reading import read_export
from dsx.report.unsure import check_least, without_unsure
from dsx.schema import read
from dsx.store import read_run, schema_sha256
from dsx.terminal import counted
from dsx.types import Json, PaperResult, ParameterSet

log = logging.getLogger("dsx.evaluation")
DETAILS = (
    *("paper", "gold_record", "record", "parameter"),
    *("gold", "value", "verdict", "confidence", "status", "quote_right"),
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an evaluation found. missing: gold papers without results. unjudged: papers without gold.

    kept_from: by confidence, the score where values that are less sure are left blank.
    calibrated: the reliability of fitted confidences, each by curves of the other papers. curves: of all papers.
    recipe: how the run was made; empty for an export.
    """

    run: str
    judgements: Judgements
    scores: Scores
    reliability: calibrate.Reliability
    calibrated: calibrate.Reliability
    curves: Mapping[str, Line]
    missing: tuple[str, ...]
    unjudged: tuple[str, ...]
    kept_from: Mapping[float, Score]
    recipe: Mapping[str, Json]

    def as_json(self) -> dict[str, Json]:
        """All figures; `details` has one entry for each value with something to judge."""
        scores = self.scores
        return {
            "run": self.run,
            "papers": len(self.judgements),
            "missing": list(self.missing),
            "unjudged": list(self.unjudged),
            "micro": _figures(scores.micro),
            "macro": {"f1": scores.macro, "interval": scores.macro_interval},
            "parameters": {name: _figures(each) for name, each in scores.parameters.items()},
            "quotes": dict(scores.quotes),
            "kept_from": {f"{least:g}": _figures(each) for least, each in self.kept_from.items()},
            "reliability": asdict(self.reliability),
            "calibrated": asdict(self.calibrated),
            "curves": {kind: {"slope": line[0], "intercept": line[1]} for kind, line in self.curves.items()},
            "details": self.details(),
        }

    def details(self) -> list[dict[str, Json]]:
        """Every value that counts or is left open, with its verdict."""
        judged = [each for each in self.all_judgements() if any(each.counts) or each.value is not None]
        return [dict(zip(DETAILS, _detail(each), strict=True)) for each in judged]

    def all_judgements(self) -> list[Judgement]:
        """Of all papers."""
        return [each for judged in self.judgements.values() for each in judged]


def evaluate(
    run: Path | str,
    gold: Path | str,
    *,
    parameter_set: ParameterSet | None = None,
    resamples: int = RESAMPLES,
    parameters: Sequence[str] = (),
    min_confidence: float | None = None,
) -> Evaluation:
    """How right a run is, by gold that people made.

    run: a run folder, or an export that can be read back. parameter_set: of an export; a run folder has its own.
    gold: a folder of gold files, or decisions of reviewers. parameters: only these columns; all by default.
    min_confidence: values that are less sure are judged as left blank; None: those that an export of the run leaves
    blank; of an export what it has counts. Whether confidences are right is asked of all.
    Raises UsageError where one of them is not what it should be.
    """
    if min_confidence is not None:
        check_least(min_confidence)
    parameter_set, results, recipe = _read_results(Path(run), parameter_set)
    papers = read_gold(Path(gold), parameter_set, results, Path(run))
    if min_confidence is None:
        min_confidence = 0.0 if Path(run).is_file() else MIN_CONFIDENCE

    def judged_from(least: float) -> Judgements:
        kept = [without_unsure(result, least, parameter_set) for result in results]
        return _only(judge_all(papers, kept, parameter_set), parameters)

    judgements = judged_from(min_confidence)
    for note in unit_notes((each for judged in judgements.values() for each in judged), parameter_set):
        log.warning("%s", note)
    values = calibrate.judged_values(judged_from(0.0), calibrate.kinds_of(parameter_set))
    missing, unjudged = _unmatched(papers, results)
    return Evaluation(
        str(run),
        judgements,
        score(judgements, resamples),
        calibrate.reliability(values),
        calibrate.reliability(calibrate.left_out(values)),
        calibrate.fit(values),
        missing,
        unjudged,
        {least: score(judged_from(least), resamples=0).micro for least in calibrate.THRESHOLDS},
        recipe,
    )


def _read_results(
    run: Path, parameters: ParameterSet | None
) -> tuple[ParameterSet, list[PaperResult], Mapping[str, Json]]:
    """A run folder's results, or those of an export, with their parameter set and the run's recipe."""
    if not run.is_file():
        folder = read_run(run)
        own = read(folder.manifest["schema"], folder.manifest["schema_name"])
        if parameters is not None and schema_sha256(parameters.schema) != schema_sha256(own.schema):
            raise UsageError(
                f"{run} is a run of another parameter set than --schema, which is for exports; leave it out"
            )
        return own, list(folder.results()), folder.manifest.get("recipe") or {}
    if parameters is None:
        raise UsageError(f"{run} is no run folder; say with --schema of which parameter set the export is")
    return parameters, read_export(run, parameters), {}


def write_curves(evaluation: Evaluation, out: Any) -> None:
    """The file for `--calibration`. UsageError where the run's confidences went through such a file already."""
    if evaluation.recipe.get("calibration"):
        raise UsageError(
            f"{evaluation.run} was extracted with --calibration; fit curves on a run that was extracted without it"
        )
    values, papers = counted(evaluation.reliability.count, "value"), counted(len(evaluation.judgements), "paper")
    about = f"{values} of {papers} of {evaluation.run}"
    fitted = fitted_curves(evaluation.curves, about=about, model=evaluation.recipe.get("model"), stored=True)
    out.write(fitted.model_dump_json(indent=1) + "\n")


def write_details(evaluation: Evaluation, out: Any) -> None:
    """One CSV row a judged value; values that are no text are JSON."""
    import csv

    from dsx.report.cells import flat, neutral

    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(DETAILS)
    for row in evaluation.details():
        writer.writerow([neutral(flat(part)) if not isinstance(part, float) else part for part in row.values()])


def is_curves(path: Path) -> bool:
    """Whether `write_curves` wrote it: curves that a plugin fitted for a model are other ones."""
    try:
        return read_curves(path).fitted_on == "run"
    except UsageError:
        return False


def is_details(path: Path) -> bool:
    """Whether its first line is that of `write_details`."""
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline(200).rstrip("\n") == ",".join(DETAILS)


def to_json(content: Json) -> str:
    """Indented, in UTF-8."""
    return json.dumps(content, ensure_ascii=False, indent=1)


def _detail(each: Judgement) -> tuple[Json, ...]:
    found = (each.gold, each.value, str(each.verdict), each.confidence, each.status, each.quote_right)
    return (each.paper, each.gold_record, each.record, each.column, *found)


def _figures(score: Score) -> dict[str, Json]:
    return {
        "tp": score.right,
        "fp": score.false_positives,
        "fn": score.false_negatives,
        "precision": score.precision,
        "recall": score.recall,
        "f1": score.f1,
        "interval": score.interval,
        "errors": dict(score.errors or {}),
    }


def _only(judgements: dict[str, list[Judgement]], wanted: Sequence[str]) -> dict[str, list[Judgement]]:
    if not wanted:
        return judgements
    known = {each.column for judged in judgements.values() for each in judged}
    if unknown := [name for name in wanted if name not in known]:
        raise UsageError(f"no parameter {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    return {paper: [each for each in judged if each.column in wanted] for paper, judged in judgements.items()}


def _unmatched(gold: Sequence[GoldPaper], results: Sequence[PaperResult]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = results_of(gold, results)
    judged = {result.document for result in found.values()}
    missing = tuple(paper.name for paper in gold if paper.name not in found)
    return missing, tuple(each.file for each in results if each.document not in judged)

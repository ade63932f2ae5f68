"""Where a run is kept whose folder nobody named: it is found by what decides its answers, not by date or spelling."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from dsx.errors import RunError
from dsx.run.papers import readable_id
from dsx.settings import read_settings
from dsx.store import RunFolder, compare, free, is_run, no_run, probe, runs_in
from dsx.types import Json


def choose_folder(
    named: Path | None,
    papers: Sequence[Path],
    manifest: Mapping[str, Json],
    *,
    update: bool = False,
    force_new: bool = False,
) -> Path:
    """The run folder that was named, else `default_folder`. Raises RunError or MachineError where it cannot be used.

    force_new: where it is another run's, the next free name. update: a folder that was named must be a run's.
    """
    if update and named is not None and not is_run(named):
        raise RunError(f"--update: {no_run(named)}; or begin a run without --update (Python: update=)")
    folder = named or default_folder(papers, manifest, update=update)
    if force_new:
        return free(folder, manifest)
    probe(folder, manifest, update=update)
    return folder


def default_folder(papers: Sequence[Path], manifest: Mapping[str, Json], *, update: bool = False) -> Path:
    """The newest run in the folder of runs with this schema and recipe that is about one of these papers, or about
    none yet.

    Where there is none: <schema>-<date>, or the first of <schema>-<date>-2, … that does not exist.
    update: where there is none, the newest such run of the same name whose schema is another; RunError where there is
    none either.
    """
    runs = read_settings().runs
    about_these = [run for run in runs_in(runs) if _shares_papers(run, papers)]
    for run in about_these:
        if not compare(run.manifest, manifest):
            return run.path
    if update:
        return _run_to_update(about_these, manifest, runs)
    name = re.sub(r"[^\w.-]+", "-", manifest["schema_name"]).strip("-.") or "run"
    first = runs / f"{name}-{datetime.date.today().isoformat()}"
    names = (first, *(first.with_name(f"{first.name}-{number}") for number in range(2, 10_000)))
    return next((folder for folder in names if not folder.exists()), first)


def _run_to_update(about_these: Sequence[RunFolder], manifest: Mapping[str, Json], runs: Path) -> Path:
    named = [run for run in about_these if run.manifest["schema_name"] == manifest["schema_name"]]
    for run in named:
        if not compare(run.manifest, manifest, schema=False):
            return run.path
    also = f": {named[0].path} has another {', '.join(compare(named[0].manifest, manifest))}" if named else ""
    raise RunError(
        f"--update: no run of these papers in {runs}/ differs from this in the parameter set "
        f"{manifest['schema_name']!r} alone{also}; name one with --run, or leave out --update (Python: run=, update=)"
    )


def _shares_papers(run: RunFolder, papers: Sequence[Path]) -> bool:
    ended = {*run.stored("records"), *run.stored("failures")}
    return not ended or any(readable_id(paper) in ended for paper in papers)

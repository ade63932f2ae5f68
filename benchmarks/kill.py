"""Kills runs at random instants and resumes them: the records must be those of a run that nobody killed.

python benchmarks/kill.py [--runs 60] [--seed 0] [--papers-in-flight 1] [--power-cuts] [--update]
(needs tests/plugins/dsx-scripted installed)

12 papers, the scripted engine. Each run is killed by SIGKILL once at least, up to four times, until a start lives to
its end. The instant is drawn over the time that a whole run takes, so that kills hit the start, questions, writing and
the end. The processes are forks of this one, which has imported everything: most kills hit work. In every other run a
second process is at the same folder, and is not killed. With --power-cuts, some of the run folder's files are cut to
any length after each kill, as a power cut may leave them. With --update, each run is one of an earlier parameter set
that is done, and what is killed is its update; the records must be those of a run from scratch.
Prints one line of JSON; exit code 1 where a run's records differ.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pymupdf

import dsx.pipeline  # noqa: F401  so that the forks need not import it
from dsx.errors import MAY_PASS, DsxError
from dsx.load import DocumentReader, open_cache
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.job import extract
from dsx.run.plan import Call, plan_run
from dsx.store import from_json
from dsx.store.atomic import TEMPORARY

SCHEMA = {
    "title": "small",
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 100},
        "experiments": {
            "type": "array",
            "items": {"type": "object", "properties": {"targets": {"type": "integer", "minimum": 1, "maximum": 99}}},
        },
    },
}
EARLIER = {
    "title": "small",
    "type": "object",
    "properties": {
        "title": {"type": "string", "maxLength": 100},
        "year": {"type": "integer", "minimum": 1900},
        "experiments": {
            "type": "array",
            "items": {"type": "object", "properties": {"people": {"type": "integer", "minimum": 1, "maximum": 99}}},
        },
    },
}
PAPERS = 12
MAX_KILLS = 4
"""Kills of one run."""
DELAY = "0.0005"
"""Seconds of an answer."""


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--papers-in-flight", type=int, default=1)
    parser.add_argument("--power-cuts", action="store_true")
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    call = Call(papers_in_flight=options.papers_in_flight, update=options.update)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.update(DSX_CACHE=os.environ.get("DSX_CACHE", str(folder / "cache")), SCRIPTED_DELAY=DELAY)
        papers = make_papers(folder / "papers")
        if options.update:
            (folder / "small.json").write_text(json.dumps(EARLIER))
            start(folder, folder / "earlier", papers, Call(), None)
        (folder / "small.json").write_text(json.dumps(SCHEMA))
        started = time.perf_counter()
        start(folder, folder / "whole", papers, Call(), None)
        whole, seconds = read(folder / "whole"), time.perf_counter() - started
        began, equal, kills, hit = time.perf_counter(), 0, 0, Counter[str]()
        for number in range(options.runs):
            run = folder / f"run{number}"
            cuts = draw if options.power_cuts else None
            second = bool(number % 2)
            begin(folder, run)
            hits = killed_and_resumed(folder, run, papers, call, lambda: draw.uniform(0, seconds), second, cuts)
            kills += len(hits)
            hit.update(hits)
            equal += read(run) == whole and len(whole) == PAPERS
        print(
            json.dumps(
                {
                    "runs": options.runs,
                    "equal": equal,
                    "kills": kills,
                    "kills_while": dict(sorted(hit.items())),
                    "seconds_of_a_whole_run": round(seconds, 3),
                    "seconds": round(time.perf_counter() - began, 1),
                }
            )
        )
    return int(equal != options.runs)


def make_papers(folder: Path) -> list[Path]:
    """Small PDFs, put into the cache of documents so that a kill never waits for a loader."""
    folder.mkdir()
    plugins = load_plugins()
    reader = DocumentReader(plugins.loader_of, plugins.loaders, cache=open_cache())
    paths = []
    for number in range(PAPERS):
        with pymupdf.open() as document:
            text = f"Paper {number}.\nIn Experiment 1, {number + 8} people reached to 8 targets.\nExperiment 2 had 16."
            document.new_page().insert_text((72, 72), text)
            paths.append(folder / f"p{number:02}.pdf")
            document.save(paths[-1], no_new_id=True)  # the same document each time
        reader.read(paths[-1])
    return paths


def start(folder: Path, run: Path, papers: list[Path], call: Call, kill_after: float | None) -> bool:
    """One process that runs `dsx extract`'s job; False: it was killed. Raises where it ended by itself and badly.

    MAY_PASS is no bad end: the last papers were in work in the second process.
    """
    child = fork(folder, run, papers, call)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.WEXITSTATUS(status) not in (0, MAY_PASS):
        sys.exit(f"a run ended with exit code {os.WEXITSTATUS(status)}")
    return True


def fork(folder: Path, run: Path, papers: list[Path], call: Call) -> int:
    """A process that runs `dsx extract`'s job; its number."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            recipe = Recipe(schema_name=str(folder / "small.json"), engine="scripted")
            code = extract(plan_run(papers, recipe, run, call))
        except DsxError as problem:
            print(f"{type(problem).__name__}: {problem}", flush=True)
        finally:
            os._exit(code)
    return child


def killed_and_resumed(
    folder: Path,
    run: Path,
    papers: list[Path],
    call: Call,
    instant: Callable[[], float],
    second: bool,
    cuts: random.Random | None,
) -> list[str]:
    """What the kills hit, 1 to MAX_KILLS; a first start that comes to its end before the kill does not count."""
    hits: list[str] = []
    while True:
        beside = fork(folder, run, papers, call) if second and not cuts else None
        lived = start(folder, run, papers, call, instant() if len(hits) < MAX_KILLS else None)
        if beside is not None:
            os.waitpid(beside, 0)
        if not lived:
            hits.append(where(run))
            if cuts:
                cut_files(run, cuts)
        elif hits:
            return hits
        else:
            begin(folder, run)


def begin(folder: Path, run: Path) -> None:
    """The run folder as it was before the first kill: absent, or with answers to the earlier parameter set."""
    shutil.rmtree(run, ignore_errors=True)
    if (folder / "earlier").is_dir():
        shutil.copytree(folder / "earlier", run)


def cut_files(run: Path, draw: random.Random) -> None:
    """Cuts some files to any length; the manifest is either whole or not there, for it is synced before work begins."""
    for path in sorted(run.rglob("*")):
        if path.is_file() and path.name != "run.json" and draw.random() < 0.3:
            os.truncate(path, draw.randrange(path.stat().st_size + 1))


def where(run: Path) -> str:
    """What a kill hit, as far as the folder shows."""
    if not (run / "run.json").exists():
        return "starting"
    if any(run.rglob(f"{TEMPORARY}*")):
        return "writing a file (now or in an earlier kill)"
    records = len(list((run / "records").iterdir()))
    return "between the first and the last paper" if 0 < records < PAPERS else f"{records} papers stored"


def read(run: Path) -> dict[str, bytes]:
    """The records' bytes; every file must be a whole result under its document's name."""
    stored: dict[str, bytes] = {}
    for path in (run / "records").glob("*.json"):
        stored[path.name] = path.read_bytes()
        assert path.stem == from_json(stored[path.name]).document, path
    assert not list((run / "failures").glob("*.json"))
    return stored


if __name__ == "__main__":
    sys.exit(main())

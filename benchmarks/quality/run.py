"""How right the answers are: `dsx extract` over the dev sets, scored against their gold.

    python benchmarks/quality/run.py --model MODEL --out FOLDER [--sets motor participants trials] [--papers N]
        [--jobs N] [--checkout FOLDER] [--shared ../shared] [--min-confidence C] [-- OPTIONS OF dsx extract]

The sets and the scorers lie in ../shared, beside the repository; without them the exit status is 2. The same command
again goes on where it was stopped. Under FOLDER: runs/ (dsx's run folders), SET.jsonl (what is scored),
SET.published.jsonl (the same without the paper's text: text values are their SHA-256), SET.details.csv,
summary.json. A plugin for JATS (plugins/dsx-jats) must be installed for the set trials.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

from verdicts import judged_values, read_lines

from dsx.evaluation.calibrate import Reliability, reliability

ROOT = Path(__file__).resolve().parents[2]
SETS = {"motor": ("pdf", "*.pdf"), "participants": ("papers", "*.md"), "trials": ("papers", "*.nxml")}
"""Folder of the papers and their names, inside data/SET-dev."""
SURE = 0.8
KEPT = ("value", "status", "confidence", "page", "flags", "agreement")
"""Parts of an exported cell that are scored or published. Its unit is that of the raw value: the value is converted."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `dsx extract`."""

    set_name: str
    schema: Path
    papers: tuple[Path, ...]
    run: Path


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured, and where things lie. limit: only so many papers of a set. least: of `dsx export`."""

    checkout: Path
    shared: Path
    out: Path
    options: tuple[str, ...]
    limit: int | None
    least: str | None = None

    def data(self, set_name: str) -> Path:
        """The folder of a dev set."""
        return self.shared / "data" / f"{set_name}-dev"

    def schema(self, set_name: str) -> Path:
        """The parameter set that the scorer reads."""
        if set_name == "motor":
            return self.checkout / "schemas" / "motor.json"
        return self.data(set_name) / ("schema.json" if set_name == "participants" else "schema-all.json")

    def papers(self, set_name: str) -> tuple[Path, ...]:
        """The papers of a set by name, the first `limit` of them."""
        folder, pattern = SETS[set_name]
        return tuple(sorted((self.data(set_name) / folder).glob(pattern))[: self.limit])


def jobs_of(setting: Setting, set_name: str) -> list[Job]:
    """One run a set; one a paper where each has a schema of its own."""
    papers, runs = setting.papers(set_name), setting.out / "runs"
    if set_name != "trials":
        return [Job(set_name, setting.schema(set_name), papers, runs / set_name)]
    schemas = setting.data(set_name) / "schemas"
    return [Job(set_name, schemas / f"{paper.stem}.json", (paper,), runs / f"trials-{paper.stem}") for paper in papers]


def dsx(setting: Setting, arguments: Sequence[str | Path], log: Path) -> subprocess.CompletedProcess[str]:
    """`dsx ARGUMENTS` with the code of the checkout; its stderr is appended to `log`."""
    folders = [setting.checkout, *sorted((setting.checkout / "plugins").glob("*/"))]
    path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    command = [sys.executable, "-m", "dsx", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": path}
    with log.open("a", encoding="utf-8") as errors:
        return subprocess.run(
            command, cwd=setting.checkout, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )


def extract(setting: Setting, job: Job) -> int:
    """The exit status: 0, or 1 where papers failed. SystemExit where nothing could be done."""
    log = job.run.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments: list[str | Path] = ["extract", *job.papers, "--schema", job.schema, "--run", job.run, *setting.options]
    status = dsx(setting, arguments, log).returncode
    if status not in (0, 1) or not (job.run / "run.json").is_file():
        raise SystemExit(f"dsx extract ended with {status}; see {log}")
    print(f"{job.run.name}: {len(job.papers)} papers, exit status {status}", flush=True)
    return status


def export(setting: Setting, job: Job) -> list[dict[str, Any]]:
    """The run's records without quotes, boxes and raw values. A flag is its name, without what it cites."""
    least = [] if setting.least is None else ["--min-confidence", setting.least]
    done = dsx(setting, ["export", job.run, "--format", "jsonl", *least], job.run.with_suffix(".log"))
    if done.returncode:
        raise SystemExit(f"dsx export of {job.run} ended with {done.returncode}; see its log")
    lines = []
    for text in done.stdout.splitlines():
        line = json.loads(text)
        cells = {name: {key: cell[key] for key in KEPT if key in cell} for name, cell in line["parameters"].items()}
        for cell in cells.values():
            cell["flags"] = [flag.partition(":")[0] for flag in cell.get("flags", ())]
        lines.append({"file": line["file"], "record": line["record"], "parameters": cells})
    return lines


def published(line: Mapping[str, Any], texts: frozenset[str]) -> dict[str, Any]:
    """A record with the values of the parameters `texts` as the first 16 digits of their SHA-256."""

    def hashed(value: object) -> object:
        if isinstance(value, list):
            return [hashed(item) for item in value]
        return hashlib.sha256(value.encode()).hexdigest()[:16] if isinstance(value, str) else value

    cells = {
        name: {**cell, "value": hashed(cell["value"])} if name in texts else cell
        for name, cell in line["parameters"].items()
    }
    return {**line, "parameters": cells}


def text_parameters(schema: Mapping[str, Any]) -> frozenset[str]:
    """Names of the properties whose values are free text, at any depth."""
    definitions = schema.get("$defs", {})

    def is_text(node: Mapping[str, Any]) -> bool:
        node = definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        if "anyOf" in node:
            return any(map(is_text, node["anyOf"]))
        kinds = node.get("type", ())
        if "array" in kinds:
            return is_text(node["items"])
        return "string" in kinds and "enum" not in node

    def names(node: object) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(names, node))
        if not isinstance(node, dict):
            return set()
        own = {name for name, child in node.get("properties", {}).items() if isinstance(child, dict) and is_text(child)}
        return own.union(*map(names, node.values()))

    return frozenset(names(schema))


def costs(jobs: Sequence[Job]) -> dict[str, Any]:
    """What the questions of these runs cost, from their logs."""
    events = [event for job in jobs for log in sorted(job.run.glob("log*.jsonl")) for event in read_lines(log)]
    asked = [event for event in events if event.get("event") == "question"]
    seconds = [event["seconds"] for event in events if event.get("event") == "paper"]
    count = max(len(asked), 1)
    per_question = {
        f"{name}_a_question": round(sum(event.get(name, 0) for event in asked) / count, 3)
        for name in ("tokens_sampled", "tokens_forced", "forward_passes", "ms_model", "ms_grammar")
    }
    return {
        "questions": len(asked),
        **per_question,
        "truncated": sum(bool(event.get("truncated")) for event in asked),
        "seconds_a_paper": round(fmean(seconds), 2) if seconds else None,
        "seconds_a_paper_median": round(median(seconds), 2) if seconds else None,
        "failures": sum(len(list((job.run / "failures").glob("*.json"))) for job in jobs),
    }


def score(setting: Setting, set_name: str, predictions: Path, params: str | None) -> dict[str, Any]:
    """The scorer's figures over all parameters, or over the `informative`; its table is kept beside the predictions."""
    stem = predictions.with_suffix("")
    name = f"{stem.name}.{params or 'all'}"
    script = "score.py" if set_name == "motor" else "score_set.py"
    command: list[str | Path] = [sys.executable, setting.shared / "tools" / script]
    command += [setting.data(set_name) / "gold", predictions, "--bootstrap", "1000"]
    command += ["--json", stem.with_name(f"{name}.json"), "--details", stem.with_name(f"{name}.details.csv")]
    command += [] if set_name == "motor" else ["--schema", setting.schema(set_name)]
    command += ["--params", params] if params else []
    if setting.limit:
        names = gold_names(setting, set_name)
        command += ["--papers", ",".join(names[path.stem] for path in setting.papers(set_name))]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{script}: {done.stderr}")
    stem.with_name(f"{name}.txt").write_text(done.stdout, encoding="utf-8")
    overall: dict[str, Any] = json.loads(stem.with_name(f"{name}.json").read_text(encoding="utf-8"))["overall"]
    return overall


def gold_names(setting: Setting, set_name: str) -> dict[str, str]:
    """The scorer's name of each paper, by the stem of its file."""
    golds = [json.loads(path.read_text("utf-8")) for path in sorted((setting.data(set_name) / "gold").glob("*.json"))]
    return {Path(gold["pdf"]).stem: gold["name"] for gold in golds}


def measure(setting: Setting, set_name: str) -> dict[str, Any]:
    """Exports, scores and publishes a set that was extracted."""
    jobs = [job for job in jobs_of(setting, set_name) if (job.run / "run.json").is_file()]
    lines = [line for job in jobs for line in export(setting, job)]
    predictions = setting.out / f"{set_name}.jsonl"
    write_lines(predictions, lines)
    texts = text_parameters(json.loads(setting.schema(set_name).read_text("utf-8")))
    write_lines(setting.out / f"{set_name}.published.jsonl", [published(line, texts) for line in lines])
    overall = {params or "all": score(setting, set_name, predictions, params) for params in (None, "informative")}
    paper_of = gold_names(setting, set_name)
    by_file = {line["file"]: paper_of[Path(line["file"]).stem] for line in lines}
    judged = judged_values(setting.out / f"{set_name}.all.details.csv", lines, by_file, {})
    statuses = Counter(cell["status"] for line in lines for cell in line["parameters"].values())
    engines = [json.loads((job.run / "run.json").read_text("utf-8"))["engine"] for job in jobs]
    return {
        "engine": engines[0] if engines else None,
        "scores": overall,
        "costs": costs(jobs),
        "statuses": dict(statuses.most_common()),
        "reliability": trust(reliability(judged)),
    }


def trust(measured: Reliability) -> dict[str, Any]:
    """The figures, and the precision and coverage of what is at least 0.8 sure."""
    sure = next(part for part in measured.accepted if part.threshold == SURE)
    return {**asdict(measured), "precision_sure": sure.precision, "coverage_sure": sure.coverage}


def write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """JSON Lines."""
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def show(results: Mapping[str, Mapping[str, Any]]) -> None:
    """The table: one row a set."""
    print(f"{'set':13}{'P':>6}{'R':>6}{'F1':>6}{'95%':>12}{'informative':>12}{'95%':>12}{'records':>9}", end="")
    print(f"{'sampled/q':>10}{'s/paper':>8}{'unsupp.':>8}{'ECE':>6}{'P(>=.8)':>8}{'cover':>6}")
    for set_name, result in results.items():
        overall, informative = result["scores"]["all"], result["scores"]["informative"]
        spans = ["{:.2f}-{:.2f}".format(*scores["f1_95"]) for scores in (overall, informative)]
        records = f"{overall['aligned']}/{overall['gold_experiments']}"
        print(f"{set_name:13}{overall['p']:6.3f}{overall['r']:6.3f}{overall['f1']:6.3f}{spans[0]:>12}", end="")
        print(f"{informative['f1']:12.3f}{spans[1]:>12}{records:>9}", end="")
        spent, trusted = result["costs"], result["reliability"]
        print(f"{spent['tokens_sampled_a_question']:10.1f}{spent['seconds_a_paper'] or 0:8.1f}", end="")
        print(f"{result['statuses'].get('unsupported', 0):8d}{trusted['ece']:6.3f}", end="")
        print(f"{trusted['precision_sure']:8.3f}{trusted['coverage_sure']:6.2f}")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """All after `--` goes to `dsx extract`."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a folder, GGUF file or id; default: the embedded one")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--papers", type=int, metavar="N", help="only the first N papers of each set")
    parser.add_argument("--jobs", type=int, default=1, help="calls of dsx at once; all then share the machine")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="the code that is measured, and its motor.json")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="with data/ and tools/")
    parser.add_argument("--min-confidence", metavar="C", help="as of dsx export; 0: all values, for thresholds.py")
    parser.add_argument("--score-only", action="store_true", help="score what the run folders hold")
    chosen = parser.parse_args(arguments[:at])
    chosen.options = tuple(arguments[at + 1 :])
    return chosen


def model_option(model: str | None) -> list[str]:
    """`--model MODEL`, absolute where it is a path: dsx runs in the folder of the checkout."""
    if model is None:
        return []
    return ["--model", str(Path(model).resolve()) if Path(model).exists() else model]


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0; 1 where papers failed; 2 where the sets are not here."""
    chosen = parse(arguments)
    shared = chosen.shared.resolve()
    needed = ["tools", *(f"data/{name}-dev" for name in chosen.sets)]
    absent = [folder for folder in needed if not (shared / folder).is_dir()]
    if absent:
        print(f"no {', '.join(absent)} in {shared}: the dev sets are not part of the repository", file=sys.stderr)
        return 2
    options = (*model_option(chosen.model), *chosen.options)
    out = chosen.out.resolve()
    setting = Setting(chosen.checkout.resolve(), shared, out, options, chosen.papers, chosen.min_confidence)
    setting.out.mkdir(parents=True, exist_ok=True)
    started, failed = time.perf_counter(), False
    if not chosen.score_only:
        with ThreadPoolExecutor(chosen.jobs) as pool:
            jobs = [job for set_name in chosen.sets for job in jobs_of(setting, set_name)]
            failed = any(list(pool.map(lambda job: extract(setting, job), jobs)))
    seconds = round(time.perf_counter() - started, 1)
    results = {set_name: measure(setting, set_name) for set_name in chosen.sets}
    summary = {"options": options, "papers": chosen.papers, "jobs": chosen.jobs, "seconds": seconds, "sets": results}
    (setting.out / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    show(results)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What training on checked papers brings: each is read by a model that was trained without it, and by the base."""

from __future__ import annotations

import hashlib
import json
import logging
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dsx.plugin_api import UsageError
from dsx.plugin_api.training import Renderer
from dsx_reader.dataset import tokenizer_in
from dsx_reader.evaluate import Score, answered
from dsx_reader.examples import Example
from dsx_reader.papers import SOURCE, examples_of
from dsx_reader.setting import Setting
from dsx_reader.sources import checked_digest, drawing
from dsx_reader.train import train

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray


log = logging.getLogger("dsx.reader")
MAX_FOLDS = 10
DECIDING = ("epochs", "minutes", "learning_rate", "tokens", "rank", "seed")
"""Fields of a setting that decide what a model learns, beside its base and its data."""
RESAMPLES, LEVEL = 2000, 0.95
PaperScores = Mapping[str, Mapping[str, Score]]
"""By name of the paper and kind of value, "all" among them."""


def leave_one_out(setting: Setting) -> dict[str, Any]:
    """F1 by kind of value of the base and of models trained without the paper, with intervals over papers.

    Of many papers each of ten folds is left out in turn. The folder keeps what was measured, so that the same call goes
    on where it was stopped, and the figures as leave-one-out.json; the models of folds are not kept.
    Raises UsageError for fewer than two papers, or a folder with figures of other papers, data or settings.
    """
    names = [paper.name for paper in setting.sources.papers]
    if len(names) < 2:
        raise UsageError("--leave-one-out needs two papers or more; name them with --from-run and --gold")
    parts = folds(names, setting.seed)
    setting.out.mkdir(parents=True, exist_ok=True)
    _check_same(setting.out / "folds.json", {"folds": parts, **_deciding(setting)})
    tokenizer = tokenizer_in(setting.base)
    setting = replace(setting, examples=setting.examples or setting.out)  # all folds learn from the same
    count = Renderer(tokenizer).count
    asked = {paper.name: list(examples_of(paper, count)) for paper in setting.sources.papers}
    base = _measured(setting.base, asked, setting.out / "base.json")
    trained: dict[str, Mapping[str, Score]] = {}
    for number, part in enumerate(parts, 1):
        log.info("Fold %d of %d: without %s", number, len(parts), ", ".join(part))
        folder = setting.out / f"fold-{number}"
        trained |= _fold(replace(setting, out=folder, left_out=tuple(part)), {name: asked[name] for name in part})
    figures = {"papers": len(names), "folds": parts, "kinds": compared(base, trained)}
    for file in setting.out.glob("examples-*.jsonl"):
        file.unlink()
    by_paper = {name: {"base": _plain(base[name]), "trained": _plain(trained[name])} for name in names}
    _write(setting.out / "leave-one-out.json", {**figures, "by_paper": by_paper})
    return figures


def folds(names: Sequence[str], seed: int) -> list[list[str]]:
    """Papers in parts of like size, as many as there are papers, ten at the most."""
    order = sorted(names)
    random.Random(seed).shuffle(order)
    return [order[at::MAX_FOLDS] for at in range(min(MAX_FOLDS, len(order)))]


def _fold(setting: Setting, asked: Mapping[str, Sequence[Example]]) -> PaperScores:
    """The scores of the papers that are left out, by a model that is trained without them."""
    scores, is_trained = setting.out / "scores.json", setting.out / "trained"
    if not scores.is_file() and not is_trained.is_file():
        train(setting)
        is_trained.touch()
    measured = _measured(setting.out / "model", asked, scores)
    for part in ("model", "adapter"):
        shutil.rmtree(setting.out / part, ignore_errors=True)
    return measured


def _measured(model: Path, asked: Mapping[str, Sequence[Example]], kept: Path) -> PaperScores:
    """Scores of a model on questions about papers, from the file where they are kept once they were measured."""
    if not kept.is_file():
        scores: dict[str, dict[str, Score]] = {name: defaultdict(Score) for name in asked}
        for example, kind, score, _ in answered(model, [each for examples in asked.values() for each in examples]):
            of_paper = scores[example.source.removeprefix(SOURCE)]
            of_paper[kind] += score
            of_paper["all"] += score
        _write(kept, {name: _plain(of_paper) for name, of_paper in scores.items()})
    content = json.loads(kept.read_bytes())
    return {name: {kind: Score(**counts) for kind, counts in kinds.items()} for name, kinds in content.items()}


def _plain(scores: Mapping[str, Score]) -> dict[str, dict[str, int]]:
    return {kind: asdict(score) for kind, score in scores.items()}


def _deciding(setting: Setting) -> dict[str, Any]:
    """All that decides the figures of the folds, by what a person calls it."""
    return {
        "base": str(setting.base.resolve()),
        "checked values": checked_digest(setting.sources.papers),
        "data": hashlib.sha256(repr(drawing(setting.sources)).encode()).hexdigest(),
        **{name.replace("_", " "): getattr(setting, name) for name in DECIDING},
    }


def _check_same(file: Path, content: Mapping[str, Any]) -> None:
    kept = json.loads(file.read_bytes()) if file.is_file() else content
    if other := [name for name in content if kept.get(name) != content[name]]:
        raise UsageError(f"{file.parent} holds figures of other {', other '.join(other)}; name another --out")
    _write(file, content)


def _write(file: Path, content: Any) -> None:
    making = file.with_suffix(".making")
    making.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    making.rename(file)


# ---- figures ----


def compared(base: PaperScores, trained: PaperScores) -> dict[str, dict[str, Any]]:
    """By kind of value: how many there are, F1 of the base and of the trained models, and the gain, with intervals.

    An interval holds 95 % of the figure where papers are drawn again with replacement.
    """
    import numpy

    names = sorted(base)
    drawn = numpy.random.default_rng(0).multinomial(len(names), [1 / len(names)] * len(names), size=RESAMPLES)
    weights = numpy.concatenate([numpy.ones((1, len(names))), drawn])  # the first row: the papers as they are
    figures = {}
    for kind in sorted({kind for scores in base.values() for kind in scores}):
        before, after = (_f1(weights, [of[name].get(kind, Score()) for name in names]) for of in (base, trained))
        values = sum(base[name].get(kind, Score()).true for name in names)
        rows = {"base": before, "trained": after, "gain": after - before}
        figures[kind] = {"values": values} | {name: _with_interval(row) for name, row in rows.items()}
    return figures


def _f1(weights: NDArray[numpy.float64], scores: Sequence[Score]) -> NDArray[numpy.float64]:
    """F1 for each row of weights of papers; 0 where there are no values."""
    import numpy

    counts = weights @ numpy.array([[2 * each.right, each.true + each.given] for each in scores])  # [rows, 2]
    f1: NDArray[numpy.float64] = counts[:, 0] / numpy.maximum(counts[:, 1], 1)
    return f1


def _with_interval(figures: NDArray[numpy.float64]) -> dict[str, Any]:
    """The first is the figure, the others are of papers drawn again."""
    import numpy

    low, high = numpy.quantile(figures[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"f1": float(figures[0]), "interval": [float(low), float(high)]}


def lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """A table for people."""
    yield f"{figures['papers']} papers, each read by a model trained without it; F1, 95 % interval over papers"
    yield f"{'kind':10}{'values':>8}" + "".join(f"{name:>22}" for name in ("base", "trained", "gain"))
    for kind, row in figures["kinds"].items():
        parts = (row[name] for name in ("base", "trained", "gain"))
        cells = (f"{part['f1']:.3f} [{part['interval'][0]:.3f}, {part['interval'][1]:.3f}]" for part in parts)
        yield f"{kind:10}{row['values']:>8}" + "".join(f"{cell:>22}" for cell in cells)

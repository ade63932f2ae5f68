"""Where training examples come from, which fields are kept out, and what must not be among them."""

from __future__ import annotations

import functools
import hashlib
import itertools
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from dsx.plugin_api import UsageError
from dsx.plugin_api.checked import CheckedPaper
from dsx_reader.examples import AROUND, Builder, Example, read_annotations
from dsx_reader.labels import Label, drawn, example_of, learnt
from dsx_reader.papers import SOURCE, examples_of
from dsx_reader.passages import Passage, read_passages
from dsx_reader.statements import Sheet, is_sheet, read_sheet

HELD_OUT = ("dentistry", "fisheries", "linguistics-experiments", "semiconductor-devices", "astronomy-instruments")
"""Fields that no model is trained on: their passages are for measuring."""
KINDS = ("passages", "statements", "variation", "annotations", "surroundings")
"""Kinds of data, each of which can be left out."""
NGRAM = 8
VARIANTS, COMPOSITIONS = 1, 4
"""Documents made of each passage and each sheet in an epoch, by default: a third of the examples are of sheets."""
ANNOTATION_SHARE = 0.5
"""Of the annotations, in an epoch, by default: another half each time, for code varies them little."""
PAPER_VARIANTS = 8
"""Times that a checked paper is asked about in an epoch, in other words and with other choices, by default."""
QUOTE_START, QUOTE_TAIL = 6, 0.05
"""Tokens of a quote that count in full, and what the others count: the grammar forces nearly all of them."""
KNOWN_TEXTS = 100_000
"""Sentences whose tokens are counted once in a process: those of what stands around recur."""
_quote = re.compile(r'"quote":"')


@dataclass(frozen=True, slots=True)
class Sources:
    """passages, statements: files or folders. annotations: a file of `examples.read_annotations`.

    without: kinds that are left out. limit: passages, sheets and annotations at most, for a trial.
    Of an epoch: variants: documents made of each passage. compositions: documents made of each sheet of statements.
    annotation_share: of the annotations. seed: of the first; each has another.
    labelled: files of `labels.read_labels`. labelled_share: of their texts, in an epoch.
    papers: with values that people checked. paper_variants: times that each is asked about. share: of the examples that
    are of such papers, by leaving others out; None: as it comes.
    """

    passages: tuple[Path, ...]
    annotations: Path | None
    statements: tuple[Path, ...] = ()
    without: tuple[str, ...] = ()
    variants: int = VARIANTS
    compositions: int = COMPOSITIONS
    limit: int | None = None
    seed: int = 0
    papers: tuple[CheckedPaper, ...] = ()
    paper_variants: int = PAPER_VARIANTS
    share: float | None = None
    annotation_share: float = ANNOTATION_SHARE
    labelled: tuple[Path, ...] = ()
    labelled_share: float = 1.0


def checked_digest(papers: Sequence[CheckedPaper]) -> str:
    """Of what is right in these papers: what was made or measured before a correction is not that of after it."""
    return hashlib.sha256(repr([(paper.name, paper.values) for paper in papers]).encode()).hexdigest()


def files_digest(sources: Sources) -> str:
    """Of the names of the sources' files and all that is in them, checked papers aside."""
    annotations = [sources.annotations] if sources.annotations else []
    digest = hashlib.sha256()
    for file in [*_files(sources.passages), *_files(sources.statements), *annotations, *sources.labelled]:
        digest.update(file.name.encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def drawing(sources: Sources) -> tuple[Sources, str, str]:
    """All that decides which examples are drawn: of what the data say, not of where they lie."""
    settings = replace(sources, passages=(), statements=(), annotations=None, papers=(), labelled=())
    return settings, files_digest(sources), checked_digest(sources.papers)


def passages(paths: Sequence[Path]) -> list[Passage]:
    """All passages of files and folders. Raises UsageError of one that has none, nor sheets of statements."""
    found = list[Passage]()
    for path in paths:
        files = list(_files([path]))
        own = [passage for file in files for passage in read_passages(file)]
        if not own and not any(map(is_sheet, files)):
            raise UsageError(f"{path} holds no passages; data/passages shows how they are written")
        found += own
    return found


def sheets(paths: Sequence[Path]) -> list[Sheet]:
    """The sheets of statements among files and folders."""
    return [read_sheet(file) for file in _files(paths) if is_sheet(file)]


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    return itertools.chain.from_iterable(sorted(path.glob("*.txt")) if path.is_dir() else [path] for path in paths)


def beside(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Folders of statements that stand beside folders of passages."""
    folders = dict.fromkeys(path.with_name("statements") for path in paths if path.is_dir())
    return tuple(folder for folder in folders if folder.is_dir())


class Job(NamedTuple):
    """Examples to make. origin: a passage, a sheet, a row of annotations, a paper or labels, as `kind` says."""

    kind: str
    origin: Any
    seed: int


class Encoder:
    """Makes the examples of jobs and encodes them; one for each process."""

    def __init__(self, tokenizer: Any, sources: Sources, material: Material) -> None:
        from dsx.plugin_api.training import Renderer

        self.renderer = Renderer(tokenizer)
        self._count = functools.lru_cache(KNOWN_TEXTS)(self.renderer.count)
        varied = "variation" not in sources.without
        alone = "surroundings" in sources.without
        around, others = ((0,), None) if alone else (AROUND, material.other_work())
        self._builder = Builder(self._count, material.fillers(), varied, around, other_work=others)

    def examples(self, job: Job) -> list[Example]:
        """The questions about its origin, with their right answers."""
        makers: dict[str, Callable[..., Iterator[Example]]] = {
            "passage": self._builder.of_passage,
            "sheet": self._builder.of_sheet,
            "annotation": self._builder.of_annotation,
            "paper": lambda paper, rng: examples_of(paper, self._count, rng),
            "labelled": lambda labels, _: map(example_of, labels),
        }
        return list(makers[job.kind](job.origin, random.Random(job.seed)))

    def encoded(self, job: Job) -> list[dict[str, Any]]:
        """Examples as tokens of prompt and answer, and the weight of each token of the answer."""
        return [encode(self.renderer, example) for example in self.examples(job)]


def encode(renderer: Any, example: Example) -> dict[str, Any]:
    """Token ids of prompt and answer, with weights of the answer's."""
    question, answer = example.question, example.answer
    prompt = [*renderer.prefix(question), *renderer.suffix(question)]
    match = _quote.search(answer)
    head = answer if match is None else answer[: match.end()]
    tail = "" if match is None else answer[match.end() :]
    first, rest = renderer.encode_text(head), renderer.encode_text(tail) if tail else []
    weights = [1.0] * (len(first) + min(QUOTE_START, len(rest))) + [QUOTE_TAIL] * max(0, len(rest) - QUOTE_START)
    return {"prompt": prompt, "answer": [*first, *rest], "weights": weights, "source": example.source}


class Material(NamedTuple):
    """What examples are made of, but checked papers: what the files of some sources hold."""

    passages: list[Passage]
    sheets: list[Sheet]
    annotations: list[dict[str, Any]]
    labelled: list[list[Label]]

    def other_work(self) -> dict[str, list[str]]:
        """By field, the passages that tell of others' studies."""
        texts: dict[str, list[str]] = {}
        for each in self.passages:
            if each.kind == "other_work":
                texts.setdefault(each.field, []).append(each.text)
        return texts

    def fillers(self) -> list[str]:
        """What stands around a passage: of annotations that say little of who took part, else of others' studies."""
        texts = [row["text"] for row in self.annotations if row["source"] in ("MeasEval", "XQuAD-en")]
        return texts or list(itertools.chain.from_iterable(self.other_work().values()))


def material_of(sources: Sources) -> Material:
    """Without the fields that are kept out."""
    return Material(
        [each for each in passages(sources.passages) if each.field not in HELD_OUT],
        [each for each in sheets(sources.statements) if each.field not in HELD_OUT],
        read_annotations(sources.annotations) if sources.annotations else [],
        learnt(sources.labelled),
    )


def jobs(sources: Sources, material: Material) -> list[Job]:
    """What is to be made for one epoch, in an order that the seed decides."""
    rng = random.Random(sources.seed)
    limit, without = sources.limit, sources.without
    rows = material.annotations[:limit]
    variants = 1 if "variation" in without else sources.variants
    planned: list[Job] = []

    def plan(kind: str, origins: Sequence[Any], times: int = 1) -> None:
        planned.extend(Job(kind, each, rng.getrandbits(32)) for each in origins for _ in range(times))

    if "passages" not in without:
        plan("passage", material.passages[:limit], variants)
    if "statements" not in without:
        plan("sheet", material.sheets[:limit], sources.compositions)
    if "annotations" not in without:
        plan("annotation", rng.sample(rows, math.ceil(len(rows) * sources.annotation_share)))
    plan("paper", sources.papers, sources.paper_variants)
    texts = material.labelled[:limit]
    plan("labelled", drawn(rng.sample(texts, math.ceil(len(texts) * sources.labelled_share)), rng))
    rng.shuffle(planned)
    return planned


def with_share(rows: Sequence[dict[str, Any]], share: float, seed: int) -> list[dict[str, Any]]:
    """Encoded examples, of which so many of others are left out that this share is of checked papers."""
    others = [at for at, row in enumerate(rows) if not row["source"].startswith(SOURCE)]
    most = round((len(rows) - len(others)) * (1 - share) / share)
    dropped = set(random.Random(seed).sample(others, max(0, len(others) - most)))
    return [row for at, row in enumerate(rows) if at not in dropped]


def overlap(texts: Iterable[str], others: Iterable[str]) -> int:
    """How many sequences of 8 words of `others` stand in `texts`."""
    grams = set(itertools.chain.from_iterable(map(_grams, texts)))
    return len(grams & set(itertools.chain.from_iterable(map(_grams, others))))


def _grams(text: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return zip(*(words[at:] for at in range(NGRAM)), strict=False)

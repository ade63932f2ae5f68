"""What the host does where a model takes no time: papers prepared, questions made, grammars compiled, answers stored.

    python benchmarks/host.py [--papers 18] [--papers-in-flight 18] [--tokens 10000] [--no-grammars] [--not-frozen]
        [--profile FILE]

The papers and the parameter set are those of `dsx bench`. An engine with a shape's tokenizer makes of each question
what the local engine makes of it (tokens, a compiled grammar) and answers at once, half of the questions with a value,
by a hash of each. Prints one line of JSON: processor seconds of this process, which other programs on the machine
hardly change, and digests of what was asked and stored. before_first: until all questions of the first round are made,
while a GPU reads texts; between: from then until those of the second are, when it has none; collecting: of the garbage
collector's whole rounds.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import hashlib
import json
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from functools import lru_cache, partial
from pathlib import Path
from typing import Literal

import llguidance.hf

from dsx.answers import grammar
from dsx.answers.writing import answer_text
from dsx.bench import work
from dsx.bench.command import recipe_of
from dsx.bench.options import Options
from dsx.engines.chat import Renderer
from dsx.load import document_id
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.run.garbage import set_aside
from dsx.run.loop import run_papers
from dsx.run.plan import check_recipe
from dsx.run.progress import Silence
from dsx.store import open_run
from dsx.types import Completion, Json, Question

MANIFEST = {"dsx": "1", "schema": {}, "schema_name": "s", "recipe": {}}
KEPT_GRAMMARS = 64


class Instant:
    """An engine that takes no time but the host's. records: of each document."""

    grammar: Literal["lark", "json_schema", "none"] = "lark"
    context_tokens = 40960

    def __init__(self, model: Path, compiles: bool) -> None:
        import transformers

        tokenizer = transformers.AutoTokenizer.from_pretrained(model)
        self.renderer, self.compiles = Renderer(tokenizer), compiles
        self._matcher = lru_cache(KEPT_GRAMMARS)(partial(grammar.matcher, llguidance.hf.from_tokenizer(tokenizer)))
        self.records: dict[str, int] = {}
        self.asked = hashlib.sha256()
        self.began, self.first, self.between, self.making, self.questions, self.rounds = 0.0, 0.0, 0.0, 0.0, 0, 0

    def count_tokens(self, text: str) -> int:
        """As the local engine."""
        return self.renderer.count(text)

    def answer(self, questions: Sequence[Question]) -> Iterator[Completion]:
        """At once, in the order in which they come, when all are there."""
        self.rounds += 1
        questions = list(questions)
        now = time.process_time() - self.began
        self.first = self.first or now
        self.between = self.between or now - self.first
        for question in questions:
            before = time.process_time()
            self._make(question)
            self.making += time.process_time() - before
            self.questions += 1
            yield Completion(question.id, self._text(question), True)

    def _make(self, question: Question) -> None:
        """What `TransformersEngine.sequence` does."""
        self.renderer.prefix(question), self.renderer.suffix(question)
        lark = grammar.lark(question)
        self.asked.update(question.prompt.encode() + lark.encode())
        if self.compiles:
            matcher = self._matcher(lark)
            if matcher.is_error():
                raise SystemExit(matcher.get_error())
            matcher.deep_copy()

    def _text(self, question: Question) -> str:
        if question.form == "labels":
            return work.labels_answer(self.records[question.id.document])
        places, number = question.places, zlib.crc32(repr(question.id).encode())
        if places is None or number % 2:
            return "null"
        option = places.options[number // 2 % len(places.options)] if places.options else ""
        if places.kind == "answer":
            return option
        if places.kind == "chosen":
            schema = question.parameters[0].schema
            value: Json = next(iter(schema.get("enum", [True])))
            value = [schema["items"]["enum"][0]] if schema.get("type") == "array" else value
            return answer_text({"value": value, "quote": json.loads(option)}, question.order)
        return f'{{"value":[{option}]}}' if places.kind == "numbers" else "null"


class Collecting:
    """Processor seconds of the garbage collector's whole rounds from now on."""

    def __init__(self) -> None:
        self.seconds, self._began = 0.0, 0.0
        gc.callbacks.append(self._take)

    def _take(self, phase: str, about: dict[str, int]) -> None:
        if about["generation"] == 2:
            now = time.process_time()
            self.seconds += now - self._began if phase == "stop" else 0
            self._began = now


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=18)
    parser.add_argument("--papers-in-flight", type=int, default=18)
    parser.add_argument("--tokens", type=int, default=10_000)
    parser.add_argument("--shape", default="qwen3-32b")
    parser.add_argument("--no-grammars", action="store_true", help="they are written, and not compiled")
    parser.add_argument("--not-frozen", action="store_true", help="the garbage collector looks at all that is loaded")
    parser.add_argument("--profile", type=Path, help="where cProfile's statistics are written")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "set.json").write_text(json.dumps(work.parameter_set()), "utf-8")
        plugins, recipe = load_plugins(), recipe_of("transformers", Options(shape=options.shape), folder)
        engine = Instant(folder / "model", not options.no_grammars)
        counts = work.write_papers(folder / "papers", options.papers, options.tokens, 2.4, engine.count_tokens)
        engine.records = {document_id(path): count for path, count in counts.items()}
        pipeline = Pipeline(recipe, check_recipe(recipe, plugins), plugins, engine)
        run = open_run(folder / "run", MANIFEST)
        collecting = Collecting()
        kept = nullcontext() if options.not_frozen else set_aside()  # as a run does
        profiled = cProfile.Profile(time.process_time) if options.profile else nullcontext()
        with kept, closing(pipeline), profiled as profile:
            wall, engine.began = time.perf_counter(), time.process_time()
            summary = run_papers(
                list(counts),
                pipeline.fill_file,
                engine.answer,
                run,
                Silence(),
                in_flight=options.papers_in_flight,
                read_ahead=pipeline.read_ahead,
            )
            wall, seconds = time.perf_counter() - wall, time.process_time() - engine.began
        if summary.done != options.papers:
            raise SystemExit("\n".join(summary.lines()))
        if profile:
            profile.dump_stats(options.profile)
        stored = hashlib.sha256("".join(sorted(repr(run.result(document)) for document in engine.records)).encode())
        figures = {"seconds": seconds, "before_first": engine.first, "between": engine.between}
        figures |= {"in_engine": engine.making, "collecting": collecting.seconds, "wall": wall}
        digests = {"asked": engine.asked.hexdigest()[:12], "stored": stored.hexdigest()[:12]}
        counted = {"papers": options.papers, "questions": engine.questions, "rounds": engine.rounds}
        print(json.dumps({**counted, **{key: round(value, 2) for key, value in figures.items()}, **digests}))


if __name__ == "__main__":
    main()

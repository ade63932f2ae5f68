"""The decode loop against `generate`, on the CPU.

python benchmarks/decode.py speed MODEL PAPER [TOKENS]
    the motor set on the paper's first TOKENS (4000) tokens: dsx, and Outlines' Generator(...)(prompt) a question
python benchmarks/decode.py same MODEL TOKENS PAPER…
    50 questions, spread over the papers: token for token what `generate` with the grammar as a plain logits processor
    writes?
python benchmarks/decode.py memory MODEL
    peak memory of 1 and of 16 sequences on one prefix of 10,000 tokens
python benchmarks/decode.py passes RUN
    forward passes and the grammar's share of decoding (prefill aside) by parameter, from a run's log; "chosen a token"
    is what a sequence alone would need: a pass for each token that is not forced

MODEL: a folder or a GGUF file. All in float32, so that both ways can be compared. Exit code 1 where a target is missed:
4 times as fast, 50 of 50, 1.3 times the memory, 0.6 passes a token, 5 % in the grammar.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections import abc, defaultdict
from pathlib import Path

import llguidance
import numpy
import outlines
import torch
from outlines.types import CFG
from transformers import LogitsProcessor, LogitsProcessorList

from dsx.answers import grammar
from dsx.engines.local.engine import TransformersEngine
from dsx.engines.local.sequence import Sequence
from dsx.load.pdf import load_pdf
from dsx.pipeline import Pipeline
from dsx.plugins import load_plugins
from dsx.recipe import Recipe
from dsx.run.parameter_source import find_parameters
from dsx.store import read_run
from dsx.types import EngineSettings, Passage, Question, QuestionId, Shown

SCHEMA = Path(__file__).parents[1] / "schemas" / "motor.json"
CAP = 512
PAIRS = 50


def engine(model: str, sequences: int = 32) -> TransformersEngine:
    return TransformersEngine(
        EngineSettings(model=model, max_new_tokens=CAP, options={"dtype": "float32", "rows": str(sequences)})
    )


def questions(one: TransformersEngine, paper: Path, tokens: int) -> list[Question]:
    """The paper's own and those about one record, all about the paper's first `tokens` tokens."""
    text = load_pdf(paper).text
    text = text[: next((at for at in range(0, len(text), 500) if one.count_tokens(text[:at]) > tokens), len(text))]
    text = text[: text.rindex(".") + 1]  # whole words: both ways then make the same tokens of it
    shown = Shown(text, (Passage(0, len(text)),), True)
    plugins = load_plugins()
    recipe = Recipe.read(schema_name=str(SCHEMA), values="written")  # the text is cut: its places are others
    pipeline = Pipeline(recipe, find_parameters(str(SCHEMA), plugins), plugins, one)
    asked = [question for question, _ in pipeline.preview(paper) if question.form == "parameters"]
    return [
        Question(q.id, q.system, shown, q.prompt, q.form, q.parameters, q.record, examples=q.examples) for q in asked
    ]


def speed(model: str, paper: Path, length: int = 4000) -> None:
    one = engine(model)
    asked = questions(one, paper, length)
    runs = []
    for _ in range(3):
        one.prefixes.clear()
        started = time.perf_counter()
        ours = {completion.question_id: completion.text for completion in one.answer(asked)}
        runs.append(time.perf_counter() - started)
    seconds = statistics.median(runs)
    print(f"dsx: {seconds:.1f} s, median of {', '.join(f'{run:.1f}' for run in sorted(runs))}", flush=True)
    times, same = [], 0
    for question in asked:
        started = time.perf_counter()
        held = CFG(grammar.lark(question))
        prompt = outlines.inputs.Chat(question.messages())
        text = outlines.Generator(one.outlines, held, backend="llguidance")(prompt, max_new_tokens=CAP, do_sample=False)
        times.append(time.perf_counter() - started)
        same += text == ours[question.id]
        print(f"{question.id}: {times[-1]:.1f} s, {'same' if text == ours[question.id] else 'different'}", flush=True)
        if text != ours[question.id]:
            print(f"  {ours[question.id]!r}\n  {text!r}")
    print(f"{len(asked)} questions about {length} tokens of {paper.name}; {same} answers are the same text")
    print(f"dsx {seconds:.1f} s; generate {sum(times):.1f} s ({statistics.median(times):.2f} s a question, median)")
    print(f"generate / dsx = {sum(times) / seconds:.2f}")
    target(sum(times) >= 4 * seconds and same == len(asked))


class Masked(LogitsProcessor):  # type: ignore[misc]
    """The grammar as a plain logits processor of one sequence."""

    def __init__(self, matcher: llguidance.LLMatcher) -> None:
        self.matcher, self.first = matcher, True

    def __call__(self, ids: torch.Tensor, logits: torch.Tensor) -> torch.Tensor:
        if not self.first:
            self.matcher.consume_token(int(ids[0, -1]))
        self.first = False
        bits = numpy.unpackbits(numpy.frombuffer(self.matcher.compute_bitmask(), numpy.uint8), bitorder="little")
        legal = torch.zeros(logits.shape[1], dtype=torch.bool)
        legal[: len(bits)] = torch.from_numpy(bits[: logits.shape[1]].copy()).bool()
        return logits.masked_fill(~legal, float("-inf"))


def same(model: str, tokens: int, papers: abc.Sequence[Path]) -> None:
    one = engine(model)
    each = -(-PAIRS // len(papers))
    pairs = [(paper, question) for paper in papers for question in several(questions(one, paper, tokens), each)][:PAIRS]
    equal = 0
    for paper, question in pairs:
        sequence = one.sequence(question)
        assert isinstance(sequence, Sequence)
        (done,) = one.loop.run([sequence])
        ids = torch.tensor([[*sequence.prefix_tokens, *sequence.suffix_tokens]])
        out = one.model.generate(
            ids,
            attention_mask=torch.ones_like(ids),
            logits_processor=LogitsProcessorList([Masked(sequence.grammar.deep_copy())]),
            do_sample=False,
            max_new_tokens=CAP,
            pad_token_id=0,
        )
        wanted: list[int] = out[0, ids.shape[1] :].tolist()
        ended = wanted[:-1] if wanted and wanted[-1] == one.tokenizer.eos_token_id else wanted
        equal += done.output_tokens == ended
        if done.output_tokens != ended:
            print(f"{paper.name}: {question.id}: {one.decode(done.output_tokens)[0]!r} and {one.decode(ended)[0]!r}")
    print(f"the same tokens in {equal} of {len(pairs)} questions about {len(papers)} papers of {tokens} tokens")
    target(equal == len(pairs))


def several(asked: abc.Sequence[Question], count: int) -> list[Question]:
    """`count` of them, evenly spread."""
    return [asked[at * len(asked) // count] for at in range(min(count, len(asked)))]


def memory(model: str) -> None:
    """Each count in a process of its own."""
    peaks = {}
    for sequences in (1, 16):
        ran = subprocess.run(
            [sys.executable, __file__, "peak", model, str(sequences)], capture_output=True, text=True, check=True
        )
        peaks[sequences] = int(ran.stdout.split()[-1])
        print(f"{sequences} rows: peak {peaks[sequences] / 1024:.0f} MB")
    print(f"16 rows / 1 row = {peaks[16] / peaks[1]:.3f}")
    target(peaks[16] <= 1.3 * peaks[1])


def peak(model: str, sequences: int) -> None:
    """Prints this process's peak resident kilobytes after `sequences` sequences on a prefix of 10,000 tokens."""
    one = engine(model, sequences=sequences)
    prefix = [token % 1000 + 100 for token in range(10_000)]
    text = "Forty people reached for eight targets, and the cursor was turned by thirty degrees for all of them."
    text = text[: text.rindex(".") + 1]  # whole words: both ways then make the same tokens of it
    shown = Shown(text, (Passage(0, len(text)),), True)
    plugins = load_plugins()
    parameters = find_parameters(str(SCHEMA), plugins).root.parameters
    made = []
    for at in range(sequences):
        question = Question(QuestionId(str(at)), "", shown, "", "parameters", (parameters[at % len(parameters)],))
        lark = grammar.lark(question)
        matcher = grammar.matcher(one.ll_tokenizer, lark)
        made.append(Sequence(question.id, prefix, [50 + at, 60, 70], matcher, 96))
    assert all(sequence.error is None for sequence in one.loop.run(made))
    print(int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]))


def passes(run: Path) -> None:
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * 6)
    for event in read_run(run).logs():
        if event.get("event") == "question" and "error" not in event:
            name = ", ".join(event["parameters"])
            for into in (sums[name], sums["all"]):
                given = (1, event["tokens_sampled"], event["tokens_forced"], event["forward_passes"])
                decoding = event["ms_model"] - event["ms_prefill"]
                for at, value in enumerate((*given, decoding, event["ms_grammar"])):
                    into[at] += value
    print("| asked | questions | answer tokens | forced | chosen a token | passes | passes a token | grammar's share |")
    print("|---|---|---|---|---|---|---|---|")
    for name, (count, sampled, forced, done, model, held) in sums.items():
        tokens, grammar = max(sampled + forced, 1), held / max(model + held, 1e-9)
        shares = f"{sampled / tokens:.3f} | {done:.0f} | {done / tokens:.3f} | {grammar:.3f}"
        print(f"| {name} | {count:.0f} | {tokens:.0f} | {forced:.0f} | {shares} |")
    _, sampled, forced, done, model, held = sums["all"]
    target(done <= 0.6 * (sampled + forced) and held <= 0.05 * (model + held))


def target(met: bool) -> None:
    """Ends the program where it is not met."""
    if not met:
        sys.exit("target missed")


if __name__ == "__main__":
    torch.manual_seed(0)
    match sys.argv[1:]:
        case ["speed", model, paper, *rest]:
            speed(model, Path(paper), *map(int, rest))
        case ["same", model, tokens, *papers]:
            same(model, int(tokens), list(map(Path, papers)))
        case ["memory", model]:
            memory(model)
        case ["peak", model, sequences]:
            peak(model, int(sequences))
        case ["passes", run]:
            passes(Path(run))
        case _:
            sys.exit(__doc__)

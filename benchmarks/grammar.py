"""What a grammar costs: compiling it for a 60,000-character text, and a mask for each token.

    python benchmarks/grammar.py TOKENIZER_FOLDER [--schema schemas/motor.json] [--repeat 20]

The group is the schema's largest: of all record types, the parameters that one question holds with --per-question
unlimited and --max-new-tokens 8192, most tokens of the longest answer. The text is made of words, numbers, signs and
quotes drawn with a seed. Then one question of each kind of places: all numbers or sentences of the text, or its
words. A mask is what `LLMatcher.compute_bitmask` takes for one token of an answer that a random model writes; forced
tokens take none. All times are CPU times of the one thread that does the work.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import llguidance
import llguidance.hf
import numpy
from transformers import AutoTokenizer

from dsx.answers import grammar, verbatim
from dsx.answers.limits import LONGEST_QUOTE
from dsx.ask.plan import answer_tokens, groups
from dsx.ground.numbers import numbers_in
from dsx.schema import read_schema
from dsx.types import Parameter, Passage, Places, Question, QuestionId, RecordType, Shown

CHARACTERS, CAP = 60_000, 8192
WORDS = ("participants", "reached", "targets", "cursor", "rotated", "trials", "error", "degrees", "hand", "feedback")


def text(seed: int = 1) -> str:
    """A text like a paper's: paragraphs of words, with numbers, signs and quotes among them."""
    draw, words, length = random.Random(seed), list[str](), 0
    while length < CHARACTERS:
        kind = draw.randrange(12)
        word = draw.choice(WORDS) if kind > 2 else f"{draw.randrange(10_000) / 10}" if kind else '"30° ± 2"'
        if kind > 9:
            word = "".join(draw.choice("abcdefghijklmnoprstuvw") for _ in range(draw.randrange(2, 11)))
        words.append(word + ("\n" if draw.randrange(150) == 0 else ". " if draw.randrange(18) == 0 else " "))
        length += len(words[-1])
    return "".join(words)[:CHARACTERS]


def largest(kind: RecordType) -> tuple[Parameter, ...]:
    """The group whose longest answer takes most tokens."""
    asked_together = [*groups(kind, 10_000, CAP), *(largest(child) for child in kind.children)]
    return max(asked_together, key=lambda group: sum(map(answer_tokens, group)))


def places_of(shown: str) -> list[Places]:
    """What a question of each kind may take from the text."""
    quotes = {mention: shown[slice(*mention.sentence)][:LONGEST_QUOTE] for mention in numbers_in(shown)}
    numbers = list(dict.fromkeys(float(mention.value) for mention in quotes))
    answers = [json.dumps({"value": float(mention.value), "quote": quote}) for mention, quote in quotes.items()]
    sentences = [json.dumps(quote) for quote in dict.fromkeys(quotes.values())]
    return [
        Places("answer", tuple(dict.fromkeys(answers))),
        Places("chosen", tuple(sentences)),
        Places("numbers", tuple(map(str, numbers)), max_items=8),
        Places("text", max_characters=200),
        Places("texts", max_items=8, max_characters=60),
    ]


def measured(words: llguidance.LLTokenizer, lark: str, seed: int) -> tuple[float, list[float], int]:
    """(CPU seconds to compile, those of each mask, tokens of the answer)."""
    draw, masks, tokens = random.Random(seed), list[float](), 0
    started = time.thread_time()
    matcher = grammar.matcher(words, lark)
    compiled = time.thread_time() - started
    assert not matcher.is_error(), matcher.get_error()
    while not matcher.is_stopped() and tokens < CAP:
        forced = matcher.compute_ff_tokens()
        matcher.consume_tokens(forced)
        tokens += len(forced)
        if matcher.is_stopped():
            break
        started = time.thread_time()
        mask = matcher.compute_bitmask()
        masks.append(time.thread_time() - started)
        bits = numpy.unpackbits(numpy.frombuffer(mask, dtype=numpy.uint8), bitorder="little")
        legal = numpy.nonzero(bits[: words.vocab_size])[0]
        matcher.consume_token(int(legal[draw.randrange(len(legal))]))
        tokens += 1
    return compiled, masks, tokens


def main() -> int:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=Path)
    parser.add_argument("--schema", type=Path, default=Path("schemas/motor.json"))
    parser.add_argument("--repeat", type=int, default=20)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer)
    words = llguidance.hf.from_tokenizer(tokenizer, n_vocab=len(tokenizer))
    group, shown = largest(read_schema(options.schema).root), text()
    print(f"llguidance {llguidance.__version__}, vocabulary {len(tokenizer)}, text {len(shown)} characters")
    print(f"group              {len(group)} parameters, {sum(map(answer_tokens, group))} tokens at most")
    question = Question(QuestionId(""), "", Shown(shown, (Passage(0, len(shown)),), True), "", "parameters", group)
    report(words, question, options.repeat)
    choice = Parameter("kind", {"enum": ["abrupt", "gradual", "mixed", "other"]})
    any_of_seven = {"items": {"enum": list("abcdefg")}, "minItems": 1, "maxItems": 7, "uniqueItems": True}
    several = Parameter("kinds", {"type": "array", **any_of_seven})
    for places in places_of(shown):
        for parameter in (choice, several) if places.kind == "chosen" else (choice,):
            different = ", any of seven choices" * (parameter is several)
            print(f"\nplaces: {places.kind}, {len(places.options)} options{different}")
            report(words, replace(question, parameters=(parameter,), places=places), options.repeat)
    return 0


def report(words: llguidance.LLTokenizer, question: Question, repeat: int) -> None:
    """Prints the times of one question's grammar."""
    built, compiles, masks, tokens = list[float](), list[float](), list[float](), 0
    for seed in range(repeat):
        verbatim.quote_rules.cache_clear()
        verbatim.value_rules.cache_clear()
        started = time.thread_time()
        lark = grammar.lark(question)
        built.append(time.thread_time() - started)
        compiled, of_answer, count = measured(words, lark, seed)
        compiles.append(compiled)
        masks += of_answer
        tokens += count
    print(f"grammar written    {ms(statistics.median(built))} median, {ms(max(built))} most")
    print(f"grammar compiled   {ms(statistics.median(compiles))} median, {ms(max(compiles))} most of {repeat}")
    ordered = sorted(masks)
    print(f"masks              {len(masks)} for {tokens} tokens")
    print(
        f"mask               {ms(statistics.fmean(masks))} mean, {ms(ordered[len(masks) * 99 // 100])} 99 %, ", end=""
    )
    print(f"{ms(ordered[-1])} most")


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.2f} ms"


if __name__ == "__main__":
    sys.exit(main())

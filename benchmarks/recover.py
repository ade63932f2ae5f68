"""How many malformed answers come back right, and whether any comes back wrong: dsx, json_repair alone, the regex way.

    python benchmarks/recover.py [--misses] > benchmarks/recover.txt
    python benchmarks/recover.py --fuzz 100000 > benchmarks/recover_fuzz.txt
    python benchmarks/recover.py --edits 50000 [--seed 1] [--at-once 2] [--styled] [--show]     (see recover_edits.py)
    python benchmarks/recover.py --seeds 1000 1031     draws of the corpus with these seeds: silently wrong, rates

A case is right when every parameter has the value, unit and quote that the text says, and what the text does not say is
refused. Wrong counts values (or nulls) that the text does not say; silent, those of them that are neither refused nor
marked `unsupported` by their quote. The other two ways mark nothing, so all that is wrong there is silent.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from dsx.answers.reader import Unreadable, parse
from dsx.answers.scan import scan
from dsx.ground.support import support
from dsx.plugins.builtin.repairs import register_repairs
from dsx.recipe import DEFAULT_REPAIRS
from dsx.recover import recover
from dsx.recover.mend import LONGEST
from dsx.recover.read import read
from dsx.types import Answer, Choice, Completion, Json, Parameter, Question, Shown, Status

CORPUS = Path(__file__).resolve().parent.parent / "tests" / "corpus"
sys.path[:0] = [str(CORPUS), str(Path(__file__).resolve().parent)]
import make  # noqa: E402
import recover_edits  # noqa: E402
import recover_runs  # noqa: E402

FRESH_SEEDS = (101, 102, 103)
COUNT = (Parameter("n_total", {"type": "integer"}),)
CHAIN = [(name, register_repairs()[name]) for name in DEFAULT_REPAIRS]


def parameters_of(case: dict[str, Any], specs: dict[str, dict[str, Any]]) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(
            name, specs[name]["schema"], unit=specs[name].get("unit"),
            choices=tuple(Choice(value) for value in specs[name].get("choices", ())),
        )
        for name in case["parameters"]
    )  # fmt: skip


def validates(parameter: Parameter, value: Json) -> bool:
    return jsonschema.Draft202012Validator(parameter.schema).is_valid(value)


def dsx_way(text: str, parameters: tuple[Parameter, ...]) -> list[Answer]:
    question = Question("key", "", Shown("", (), True), "", "parameters", parameters)
    return recover(Completion("key", text, False), question, CHAIN, validates)


def library_way(text: str, parameters: tuple[Parameter, ...]) -> list[Answer]:
    import json_repair

    return plainly(lambda: json_repair.loads(text), parameters)


def regex_way(text: str, parameters: tuple[Parameter, ...]) -> list[Answer]:
    """Find {.*}, join lines, drop trailing commas, turn \\" into ": as scripts do it."""

    def load() -> Json:
        found = re.search(r"\{.*\}", text, re.DOTALL)
        if not found:
            raise ValueError("no object")
        try:
            return json.loads(found.group())
        except ValueError:
            joined = found.group().replace("\n", " ")
            return json.loads(re.sub(r",\s*([}\]])", r"\1", joined).replace('\\"', '"'))

    return plainly(load, parameters)


def plainly(load: Callable[[], Json], parameters: tuple[Parameter, ...]) -> list[Answer]:
    try:
        reading = read(parse(json.dumps(load())), parameters, validates)
    except (Unreadable, ValueError, RecursionError) as problem:
        return [Answer(parameter.name, None, error=str(problem)) for parameter in parameters]
    return [
        Answer(parameter.name, found.value, found.unit, found.quote)
        if (found := reading.answers.get(parameter.name))
        else Answer(parameter.name, None, error=reading.errors[parameter.name])
        for parameter in parameters
    ]


@dataclass(frozen=True)
class Outcome:
    right: bool
    wrong: int
    silent: int
    ms: float


def judge(case: dict[str, Any], parameters: tuple[Parameter, ...], way: Callable[..., list[Answer]]) -> Outcome:
    start = time.perf_counter()
    answers = way(case["text"], parameters)
    ms = 1e3 * (time.perf_counter() - start)
    right, wrong, silent = True, 0, 0
    for answer, parameter in zip(answers, parameters, strict=True):
        truth = case["truth"].get(answer.parameter)
        if answer.error is not None:
            right &= truth is None
            continue
        same = truth is not None and same_value(answer, truth)
        right &= same and plain(answer.quote) == plain(truth["quote"])
        if not same:
            wrong += 1
            marked = support(answer.value, answer.unit, answer.quote, parameter, bool(answer.repairs))
            silent += not (way is dsx_way and marked is Status.UNSUPPORTED)
    return Outcome(right, wrong, silent, ms)


def same_value(answer: Answer, truth: dict[str, Any]) -> bool:
    if isinstance(answer.value, str) and isinstance(truth["value"], str):
        equal = plain(answer.value) == plain(truth["value"])
    else:
        equal = answer.value == truth["value"] and isinstance(answer.value, bool) == isinstance(truth["value"], bool)
    return equal and (answer.value is None or (answer.unit or None) == (truth["unit"] or None))


def plain(text: str | None) -> str | None:
    return " ".join(text.split()) or None if text else None


Case = tuple[str, dict[str, Any], tuple[Parameter, ...]]


def cases() -> list[Case]:
    """The committed corpus."""
    made = map(json.loads, (CORPUS / "malformed.jsonl").read_text("utf-8").splitlines())
    specs = json.loads((CORPUS / "raw_parameters.json").read_text("utf-8"))
    raw = map(json.loads, (CORPUS / "raw.jsonl").read_text("utf-8").splitlines())
    written = [(f"written by {case['model']}", case, parameters_of(case, specs)) for case in raw]
    return [(group_of(case), case, parameters_of(case, make.PARAMETERS)) for case in made] + written


def fresh_cases() -> list[Case]:
    """Draws that the repairs were not written against."""
    drawn = [case for seed in FRESH_SEEDS for case in make.corpus(seed)]
    return [(f"fresh: {group_of(case)}", case, parameters_of(case, make.PARAMETERS)) for case in drawn]


def group_of(case: dict[str, Any]) -> str:
    if not case["truth"] or case["faults"][0].startswith("cut"):
        return "cut, doubled or contradicted"
    return ("one fault", "two faults")[len(case["faults"]) - 1]


WAYS = {"dsx": dsx_way, "json_repair": library_way, "regex": regex_way}


def fuzz(count: int) -> None:
    """Random bytes and answers with random edits: nothing but answers and reasons may come out, and soon."""
    draw = random.Random(3)
    seeds = [case for _, case, _ in cases()]
    times: list[tuple[float, str]] = []
    for number in range(count):
        case = draw.choice(seeds)
        text = mutated(case["text"], draw) if number % 2 else draw.randbytes(draw.randint(0, 2000)).decode("latin-1")
        parameters = parameters_of(case, make.PARAMETERS) if set(case["parameters"]) <= set(make.PARAMETERS) else COUNT
        times.append(timed(text, parameters))
    say_times(f"{count} texts", times)
    for length in (100, 1000, 4000, LONGEST):
        times = [timed(text, COUNT) for text in recover_runs.runs(length)]
        say_times(f"{len(times)} runs of {length} characters", times)
        times = [timed(text, COUNT) for text in recover_runs.mixes(2000, length, draw)]
        say_times(f"{len(times)} mixes of up to {length} characters", times)


def timed(text: str, parameters: tuple[Parameter, ...], times: int = 1) -> tuple[float, str]:
    """CPU milliseconds of one text; of three runs the fastest where it seems slow, for others use the machine too."""
    scan.cache_clear()
    start = time.process_time()
    answers = dsx_way(text, parameters)
    ms = 1e3 * (time.process_time() - start)
    assert [answer.parameter for answer in answers] == [parameter.name for parameter in parameters]
    return (ms, text) if ms < 25 or times == 3 else min((ms, text), timed(text, parameters, times + 1))


def say_times(what: str, times: list[tuple[float, str]]) -> None:
    mean, slowest = sum(ms for ms, _ in times) / len(times), max(times)
    print(f"{what}: no exception; CPU time {mean:.2f} ms on average, {slowest[0]:.1f} ms the slowest")
    for ms, text in sorted(times)[-3:]:
        if ms > 50:
            print(f"{ms:.0f} ms: {text[:300]!r} … {text[-80:]!r}", file=sys.stderr)


def mutated(text: str, draw: random.Random) -> str:
    for _ in range(draw.randint(1, 12)):
        at, to = sorted(draw.randint(0, len(text)) for _ in range(2))
        to = min(to, at + draw.choice((1, 1, 1, 3, 20, 200)))
        piece = draw.choice(
            ("", "", text[at:to] * 2, "".join(draw.choices("\"'{}[]:,\\\n“”#/*e-−. 5a", k=draw.randint(1, 6))))
        )
        text = text[:at] + piece + text[to:]
    return text


def main() -> None:
    dsx_way('{"n_total": 1 "b": 2}', COUNT)  # loads json_repair
    if "--fuzz" in sys.argv:
        fuzz(option("--fuzz"))
        return
    if "--edits" in sys.argv:
        flags = ("--styled" in sys.argv, "--show" in sys.argv)
        how = recover_edits.How(option("--seed", 1), option("--at-once", 1), *flags)
        print(recover_edits.run(option("--edits"), dsx_way, how))
        return
    if "--seeds" in sys.argv:
        draws(range(option("--seeds"), int(sys.argv[sys.argv.index("--seeds") + 2])))
        return
    outcomes: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    faults: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    for group, case, parameters in [*cases(), *fresh_cases()]:
        for name, way in WAYS.items():
            outcome = judge(case, parameters, way)
            outcomes[group, name].append(outcome)
            for fault in case.get("faults", ()):
                faults[fault, name].append(outcome)
            if "--misses" in sys.argv and name == "dsx" and (not outcome.right or outcome.wrong):
                miss = {"wrong": outcome.wrong, "silent": outcome.silent, **case}
                print(json.dumps(miss, ensure_ascii=False), file=sys.stderr)
    print(f"right / cases (wrong values, silently wrong); fresh: seeds {FRESH_SEEDS}\n")
    table("kind of case", outcomes)
    print()
    table("fault (alone or with another)", faults)
    times = sorted(outcome.ms for (_, name), each in outcomes.items() if name == "dsx" for outcome in each)
    print(f"\ndsx: {times[len(times) // 2]:.2f} ms an answer (median), {times[-1]:.1f} ms the slowest")


def option(name: str, default: int = 0) -> int:
    return int(sys.argv[sys.argv.index(name) + 1]) if name in sys.argv else default


def draws(seeds: range) -> None:
    """The generator with other seeds: the rates, and each value that is silently wrong."""
    right: dict[str, list[bool]] = defaultdict(list)
    silent = 0
    for case in (case for seed in seeds for case in make.corpus(seed)):
        outcome = judge(case, parameters_of(case, make.PARAMETERS), dsx_way)
        right[group_of(case)].append(outcome.right)
        silent += outcome.silent
        if outcome.silent:
            print(json.dumps(case, ensure_ascii=False), file=sys.stderr)
    rates = ", ".join(
        f"{group} {sum(all_)}/{len(all_)} = {100 * sum(all_) / len(all_):.1f} %" for group, all_ in right.items()
    )
    print(
        f"seeds {seeds.start}-{seeds.stop - 1}, {sum(map(len, right.values()))} cases: {rates}; silently wrong {silent}"
    )


def table(title: str, outcomes: dict[tuple[str, str], list[Outcome]]) -> None:
    print(f"| {title} | " + " | ".join(WAYS) + " |\n|---|" + "---|" * len(WAYS))
    for row in dict.fromkeys(row for row, _ in outcomes):
        shown = []
        for name in WAYS:
            each = outcomes[row, name]
            right, wrong, silent = (sum(getattr(one, what) for one in each) for what in ("right", "wrong", "silent"))
            shown.append(f"{right}/{len(each)} = {100 * right / len(each):.0f} % ({wrong}, {silent})")
        print(f"| {row} | " + " | ".join(shown) + " |")


if __name__ == "__main__":
    main()

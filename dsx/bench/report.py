"""The figures of `dsx bench`: one JSON object an engine, and the table of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from dsx.bench.floor import Speeds, Weights
from dsx.bench.measure import Measurement
from dsx.types import Json

READER = "4.1 tokens with a choice and 19.7 forced"
"""What dsx-reader, a trained model, wrote for a question of the motor set about the paper in examples/papers."""
ROWS = (
    ("load, and what else is done once, s", "load_seconds", "{:.1f}"),
    ("papers, s", "seconds", "{:.1f}"),
    ("  before the first question", "start_seconds", "{:.1f}"),
    ("  processor time, s", "processor_seconds", "{:.1f}"),
    ("  prefill of the papers", "prefill_seconds", "{:.1f}"),
    ("  decode", "decode_seconds", "{:.1f}"),
    ("  masks, sampling, grammars", "grammar_seconds", "{:.1f}"),
    ("  the rest: reading, asking, storing", "host_seconds", "{:.1f}"),
    ("a step, ms", "step_ms", "{:.1f}"),
    ("steps", "steps", "{:.0f}"),
    ("questions", "questions", "{}"),
    ("  of them null", "null_share", "{:.0%}"),
    ("  tokens with a choice, a question", "sampled", "{:.1f}"),
    ("  forced tokens, a question", "forced", "{:.1f}"),
    ("prefill, tokens/s", "prefill_rate", "{:.0f}"),
    ("answers, tokens/s of decode", "answer_rate", "{:.1f}"),
    ("floor, s", "floor_seconds", "{:.1f}"),
    ("papers / floor", "ratio", "{:.2f}"),
)


def figures(measured: Measurement, weights: Weights, speeds: Speeds, predict: int) -> dict[str, Json]:
    """All that is printed. None: the engine does not tell prefill, decode and steps apart."""
    counts, devices = measured.counts, max(len(measured.memory), 1)
    apart = counts.prefill_seconds > 0
    decode = counts.model_seconds - counts.prefill_seconds
    rest = measured.seconds - counts.model_seconds - counts.grammar_seconds
    answered = counts.sampled + counts.forced
    floor = weights.prefill_seconds(counts.prefilled, speeds, devices)
    floor += weights.decode_seconds(counts.passes if apart else 0, counts.computed, speeds, devices)
    return {
        "engine": dict(measured.engine),
        "papers": measured.papers,
        "load_seconds": measured.load_seconds,
        "seconds": measured.seconds,
        "start_seconds": measured.start_seconds,
        "processor_seconds": measured.processor_seconds,
        "prefill_seconds": counts.prefill_seconds if apart else None,
        "decode_seconds": decode if apart else None,
        "grammar_seconds": counts.grammar_seconds if apart else None,
        "host_seconds": max(rest, 0.0) if apart else None,
        "step_ms": 1e3 * decode / counts.passes if apart else None,
        "steps": counts.passes if apart else None,
        "questions": counts.questions,
        "failed": counts.failed,
        "null_share": counts.nulls / max(counts.questions, 1),
        "sampled": counts.sampled / max(counts.questions, 1),
        "forced": counts.forced / max(counts.questions, 1),
        "tokens_prefilled": counts.prefilled,
        "prefill_rate": counts.prefilled / counts.prefill_seconds if apart else None,
        "answer_rate": answered / decode if apart and decode > 0 else None,
        "memory": dict(measured.memory),
        "memory_plan": list(measured.plan),
        "speeds": asdict(speeds),
        "floor_seconds": floor,
        "ratio": measured.seconds / floor,
        "predicted": dict(
            zip(("papers", "seconds", "processor_seconds"), (predict, *measured.predicted(predict)), strict=True)
        ),
    }


def table(reports: Sequence[Mapping[str, Json]]) -> list[str]:
    """A column an engine."""
    columns = [[str(_of(report, "engine", "engine")) for report in reports]]
    names = [""]
    for name, key, form in ROWS:
        names.append(name)
        columns.append(["–" if report[key] is None else form.format(report[key]) for report in reports])
    memory = [report["memory"] for report in reports]
    for device in dict.fromkeys(device for used in memory if isinstance(used, dict) for device in used):
        names.append(f"memory, {device}, GiB")
        columns.append([f"{float(str(_of(report, 'memory', device))) / 2**30:.2f}" for report in reports])
    width = max(map(len, names))
    return [
        f"{name:<{width}}" + "".join(f"{cell:>16}" for cell in row) for name, row in zip(names, columns, strict=True)
    ]


def prediction(reports: Sequence[Mapping[str, Json]]) -> str:
    """What the command is for, in words."""
    papers = _of(reports[0], "predicted", "papers")
    times = [duration(float(str(_of(report, "predicted", "seconds")))) for report in reports]
    engines = [f" with {_of(report, 'engine', 'engine')}" if len(reports) > 1 else "" for report in reports]
    takes = ", ".join(f"{time}{engine}" for time, engine in zip(times, engines, strict=True))
    return f"A run of {papers} such papers takes about {takes} on this machine."


def speeds_line(report: Mapping[str, Json]) -> str:
    """The machine's speeds, that the floor is made of."""
    bandwidth, flops = (float(str(_of(report, "speeds", key))) for key in ("bandwidth", "flops"))
    return (
        f"floor: {bandwidth / 1e9:.1f} GB/s of memory, {flops / 1e12:.3f} TFLOP/s, both measured now: weights read "
        "once a step, two operations a weight and token; attention left out"
    )


def duration(seconds: float) -> str:
    """For a person."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _of(report: Mapping[str, Json], *keys: str) -> Json:
    value: Json = dict(report)
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value

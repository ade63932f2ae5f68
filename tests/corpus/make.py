"""Malformed answers with known truth, rendered from valid ones with one or two faults each.

    python tests/corpus/make.py > tests/corpus/malformed.jsonl       # another seed as argument: another draw

One line a case: {"id", "faults", "parameters", "text", "truth"}. `truth` maps a parameter to {"value", "unit",
"quote"}; a parameter that is not in it has no answer in the text (cut off, contradicted, said twice) and must be
refused. All sentences are made up.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

SEED = 20

PARAMETERS: dict[str, dict[str, Any]] = {
    "n_total": {"schema": {"type": "integer", "minimum": 1}},
    "age_mean": {"schema": {"type": "number"}, "unit": "year"},
    "rotation": {"schema": {"type": "number"}, "unit": "deg"},
    "posture": {"schema": {"type": "string", "maxLength": 80}},
    "design": {"schema": {"type": "string", "enum": ["between", "within"]}, "choices": ["between", "within"]},
    "delays": {"schema": {"type": "array", "items": {"type": "number"}}, "unit": "ms"},
    "conditions": {"schema": {"type": "array", "items": {"type": "string", "maxLength": 40}}},
    "blinded": {"schema": {"type": "boolean"}},
    "instruction": {"schema": {"type": "string", "maxLength": 120}},
}


def cell(value: Any, quote: str, unit: str | None = None) -> dict[str, Any]:
    return {"value": value, "unit": unit, "quote": quote} if unit else {"value": value, "quote": quote}


ONE: list[tuple[str, dict[str, Any]]] = [
    ("n_total", cell(16, "Sixteen volunteers took part, nine of them women.")),
    ("n_total", cell(24, 'The 24 "experts", as we call them, had played for years.')),
    ("n_total", cell(1200, "In all, 1,200 people answered: none was left out.")),
    ("n_total", cell(32, "We tested thirty-two of the university's students' friends.")),
    ("age_mean", cell(20.5, "mean age: 20.5 years, {range} 18–31", "years")),
    ("age_mean", cell(23, "They were 23 years old (SD = 2.1), all told", "years")),
    ("rotation", cell(-30, "turned by −30° in every block", "°")),
    ("rotation", cell(-4.5, "a shift of −4.5 deg, // as it were", "deg")),
    ("rotation", cell(45, "up to 45°; see https://example.org/a,b for the rest", "°")),
    ("posture", cell("seated", "They were seated, with the chin on a rest.")),
    ("posture", cell('lying "supine"', 'lying "supine", then sitting')),
    ("posture", cell("standing, feet apart", "None of them sat: standing, feet apart, they reached")),
    ("design", cell("between", "two groups, each seeing one condition only")),
    ("design", cell("within", 'each did "all" of it, # 1 to # 4')),
    ("delays", cell([0, 100, 200], "delays of 0, 100, or 200 ms,", "ms")),
    ("blinded", cell(True, "double-blind: True for all groups")),
    ("blinded", cell(False, "The experimenter knew the group, e.g. {A}, [B], or {C}.")),
    ("instruction", cell("Don't look at the cursor", "told: “Don't look at the cursor”, then started")),
    ("instruction", cell("reach as straight as you can", 'The words were "reach as straight as you can".')),
    ("conditions", cell(["left", "right"], "targets stood to the left and to the right")),
    ("conditions", cell(["slow", "no cue", "fast hand"], "three kinds of trials: slow, no cue, and fast hand.")),
    ("posture", {"value": None, "quote": None}),
    ("age_mean", {"value": None, "unit": None, "quote": None}),
]

MANY: list[dict[str, Any]] = [
    {
        "n_total": cell(16, "Sixteen volunteers took part"),
        "age_mean": cell(23.4, "mean age 23.4 ± 3.1 years", "years"),
        "rotation": cell(-30, "turned by −30°", "°"),
    },
    {
        "posture": cell("seated", "They were seated; the robot's arm held theirs."),
        "design": cell("within", "everyone did everything, twice"),
        "blinded": cell(None, ""),
    },
    {
        "instruction": cell('say "go"', 'We asked them to say "go", loudly'),
        "n_total": cell(8, "eight (8) of them, {left} over"),
    },
    {"n_total": 40, "age_mean": 21.7, "posture": "lying on the side", "rotation": -15},
    {"n_total": 12, "design": "between", "blinded": None, "instruction": "keep the subject's hand still"},
    {
        "conditions": cell(["visual", "bimodal"], "cues were visual or bimodal (eye, {hand})"),
        "n_total": cell(21, "21 adults took part"),
    },
    {"n_total": 9, "posture": None, "delays": [50, 75], "blinded": True},
]


@dataclass
class Rendering:
    """Writes an answer with faults; notes in `done` which of them really came to be."""

    faults: frozenset[str]
    random: random.Random
    done: set[str] = field(default_factory=set)
    strings: int = 0
    target: int = 0

    def wants(self, fault: str) -> bool:
        return fault in self.faults

    def mark(self, fault: str, text: str) -> str:
        self.done.add(fault)
        return text

    def write(self, value: Any, depth: int = 0) -> str:
        if isinstance(value, dict):
            return self.members(value, depth)
        if isinstance(value, list):
            return self.items(value, depth)
        if value is None or isinstance(value, bool):
            if self.wants("python-literals"):
                return self.mark("python-literals", str(value))
            return json.dumps(value)
        if isinstance(value, str):
            return self.string(value, key=False)
        if value < 0 and self.wants("minus"):
            return self.mark("minus", "−" + json.dumps(-value))
        if value >= 1000 and self.wants("minus"):
            return self.mark("minus", f"{value:,}")
        return json.dumps(value)

    def items(self, value: list[Any], depth: int) -> str:
        parts = [self.write(each, depth + 1) for each in value]
        commas = [", "] * (len(parts) - 1) + [""]
        if self.wants("missing-item-comma") and len(parts) > 1 and isinstance(value[0], str):
            commas[self.random.randrange(len(parts) - 1)] = self.mark("missing-item-comma", " ")
        if self.wants("doubled-comma") and len(parts) > 1:
            commas[self.random.randrange(len(parts) - 1)] = self.mark("doubled-comma", ",, ")
        if self.wants("trailing-commas") and value:
            commas[-1] = self.mark("trailing-commas", ",")
        return "[" + "".join(part + comma for part, comma in zip(parts, commas, strict=True)) + "]"

    def members(self, value: dict[str, Any], depth: int) -> str:
        parts = [f"{self.string(key, key=True)}: {self.write(inner, depth + 1)}" for key, inner in value.items()]
        pad = "\n" + "  " * (depth + 1)
        lines = [part + ("," if at < len(parts) - 1 else "") for at, part in enumerate(parts)]
        if self.wants("trailing-commas"):
            lines[-1] = self.mark("trailing-commas", lines[-1] + ",")
        if self.wants("missing-comma") and len(lines) > 1:
            at = self.random.randrange(len(lines) - 1)
            lines[at] = self.mark("missing-comma", lines[at].removesuffix(","))
        if self.wants("doubled-comma") and "doubled-comma" not in self.done and lines[0].endswith(","):
            lines[0] = self.mark("doubled-comma", lines[0] + ",")
        if self.wants("comments"):
            at = self.random.randrange(len(lines))
            remark = self.random.choice([" // as the text says", " # from the methods", " /* sure, {quite} */"])
            lines[at] = self.mark("comments", lines[at] + remark)
        left, right = "{", "}"
        if self.wants("doubled-braces"):
            left, right = self.mark("doubled-braces", "{{"), "}}"
        return left + pad + pad.join(lines) + "\n" + "  " * depth + right

    def string(self, text: str, key: bool) -> str:
        if key:
            return self.key(text)
        self.strings += 1
        chosen = self.strings == self.target
        if self.wants("line-breaks") and " " in text and (chosen or self.target > self.strings):
            at = self.random.choice([at for at, character in enumerate(text) if character == " "])
            text = text[:at] + self.mark("line-breaks", self.random.choice(["\x00", "\x00\x01"])) + text[at + 1 :]
        content = json.dumps(text, ensure_ascii=False)[1:-1].replace("\\u0000", "\n").replace("\\u0001", "  ")
        if self.wants("single-quotes"):
            return self.mark("single-quotes", "'" + content.replace('\\"', '"') + "'")
        if self.wants("curly-quotes"):
            return self.mark("curly-quotes", "“" + content.replace('\\"', '"') + "”")
        if self.wants("inner-quotes") and '\\"' in content:
            content = self.mark("inner-quotes", content.replace('\\"', '"'))
        if chosen and self.wants("missing-close") and '"' not in content:
            return self.mark("missing-close", f'"{content}')
        if chosen and self.wants("missing-open") and '"' not in content:
            return self.mark("missing-open", f'{content}"')
        if chosen and self.wants("wrong-close") and "'" not in content and '"' not in content:
            return self.mark("wrong-close", f"\"{content}'")
        return f'"{content}"'

    def key(self, text: str) -> str:
        if self.wants("unquoted-keys"):
            return self.mark("unquoted-keys", text)
        if self.wants("single-quotes"):
            return f"'{text}'"
        if self.wants("curly-quotes"):
            return f"“{text}”"
        return f'"{text}"'


def prose(text: str, draw: random.Random) -> str:
    before = draw.choice(["Sure! Here is the answer: ", "Based on the text (see {methods}):\n\n", "JSON:\n"])
    after = draw.choice(["", "\n\nLet me know if you need {more}.", '\nThe quote says "it" all.', "\nNote: n = 3."])
    return before + text + after


def fence(text: str, draw: random.Random) -> str:
    return draw.choice(["```json\n", "```\n", "Here it is:\n```json\n"]) + text + draw.choice(["\n```", "\n```\nDone."])


def several(text: str, draw: random.Random) -> str:
    other = draw.choice(
        [
            '{"type": "object", "properties": {"x": {"type": "number"}}}',
            '{"value": ..., "unit": ..., "quote": ...}',
            "{the value} and {the quote}",
        ]
    )
    return draw.choice([f"The form is {other}.\n\n{text}", f"{text}\n\nas asked in {other}"])


def twice(text: str, draw: random.Random) -> str:
    return f"{text}\n\nTo repeat:\n\n{text}"


def escaped(text: str, draw: random.Random) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def no_last_brace(text: str, draw: random.Random) -> str:
    return text.rstrip()[:-1].rstrip()


AROUND: dict[str, Callable[[str, random.Random], str]] = {
    "no-last-brace": no_last_brace, "escaped-quotes": escaped, "prose": prose, "fence": fence, "several": several,
    "twice": twice,
}  # fmt: skip
INSIDE = (
    "trailing-commas", "single-quotes", "curly-quotes", "inner-quotes", "unquoted-keys", "missing-close",
    "missing-open", "line-breaks", "python-literals", "comments", "doubled-braces", "minus", "missing-comma",
    "missing-item-comma", "doubled-comma", "wrong-close",
)  # fmt: skip
APART = [
    {"single-quotes", "curly-quotes"}, {"single-quotes", "inner-quotes"}, {"curly-quotes", "inner-quotes"},
    {"missing-close", "missing-open"}, {"single-quotes", "missing-close"}, {"single-quotes", "missing-open"},
    {"curly-quotes", "missing-close"}, {"curly-quotes", "missing-open"}, {"single-quotes", "unquoted-keys"},
    {"curly-quotes", "unquoted-keys"}, {"several", "twice"}, {"no-last-brace", "doubled-braces"},
    {"no-last-brace", "twice"}, {"no-last-brace", "several"}, {"no-last-brace", "prose"},
    {"no-last-brace", "comments"}, {"escaped-quotes", "prose"}, {"escaped-quotes", "fence"},
    {"missing-close", "wrong-close"}, {"missing-open", "wrong-close"}, {"single-quotes", "wrong-close"},
    {"curly-quotes", "wrong-close"}, {"missing-item-comma", "doubled-comma"},
    {"escaped-quotes", "several"}, {"escaped-quotes", "twice"}, {"escaped-quotes", "no-last-brace"},
]  # fmt: skip
"""Pairs that name the same token twice, or that make another fault than the two names say."""


def render(answer: Any, faults: frozenset[str], draw: random.Random) -> str | None:
    """None where the faults do not fit this answer (no literal to spell wrong, no quotes inside …)."""
    inside = faults & set(INSIDE)
    count = json.dumps(answer).count('"') // 2
    for _ in range(8):
        rendering = Rendering(inside, draw, target=draw.randint(1, count))
        text = rendering.write(answer)
        if rendering.done == inside:
            break
    else:
        return None
    if draw.random() < 0.4 and "comments" not in faults and "line-breaks" not in faults:
        text = text.replace("\n", " ")
    for name, change in AROUND.items():
        if name in faults:
            text = change(text, draw)
    return text


def truth_of(answer: dict[str, Any], names: list[str]) -> dict[str, dict[str, Any]]:
    inner = {names[0]: answer} if "value" in answer else answer
    truth: dict[str, dict[str, Any]] = {}
    for name, given in inner.items():
        member = given if isinstance(given, dict) else {"value": given}
        truth[name] = {key: member.get(key) or None for key in ("unit", "quote")}
        truth[name] = {"value": member["value"], **truth[name]}
    return truth


def answers() -> list[tuple[list[str], dict[str, Any]]]:
    return [([name], answer) for name, answer in ONE] + [(list(answer), answer) for answer in MANY]


def mended_cases(size: int, per_set: int, draw: random.Random) -> list[dict[str, Any]]:
    cases = []
    for faults in combinations([*INSIDE, *AROUND], size):
        if any(pair <= set(faults) for pair in APART):
            continue
        rendered = []
        for names, answer in draw.sample(answers(), len(answers())):
            text = render(answer, frozenset(faults), draw)
            if text is not None:
                truth = truth_of(answer, names)
                if text.rstrip()[-1].isdigit():  # without its brace the last number may have gone on
                    truth.pop(names[-1])
                rendered.append({"faults": list(faults), "parameters": names, "text": text, "truth": truth})
        cases += rendered[:per_set]
    return cases


def refused_cases(draw: random.Random) -> list[dict[str, Any]]:
    """Cut off, said twice, contradicted: what a repair must not make up."""
    cases = []

    def add(fault: str, names: list[str], text: str, truth: dict[str, Any]) -> None:
        cases.append({"faults": [fault], "parameters": names, "text": text, "truth": truth})

    for names, answer in answers():
        text, truth = json.dumps(answer, ensure_ascii=False), truth_of(answer, names)
        if len(names) == 1:
            if answer["value"] is None:
                continue
            end = text.index(', "unit"' if "unit" in answer else ', "quote"')
            add("cut-value", names, text[: end - (1 if isinstance(answer["value"], str) else 0)], {})
            add("cut-thought", names, f"<think>The text has {text}? Let me see", {})
            add("cut-list", names, f"[{text}, {text[: draw.randint(1, len(text) - 1)]}", {})
            if "}" in answer["quote"]:
                add("cut-brace", names, text[: text.index("}") + 1], {})
            add("cut-quote", names, text[: draw.randint(text.index('"quote": "') + 11, len(text) - 3)], {})
            other = {**answer, "value": {"int": 7, "float": 7.5, "str": "other"}.get(type(answer["value"]).__name__)}
            if other["value"] is not None and names != ["design"]:
                add("duplicate-keys", names, text[:-1] + ", " + json.dumps(other, ensure_ascii=False)[1:], {})
                add("contradiction", names, f"{text}\nor perhaps\n{json.dumps(other, ensure_ascii=False)}", {})
        else:
            keys = list(answer)
            kept = draw.randint(1, len(keys) - 1)
            upto = json.dumps({key: answer[key] for key in keys[:kept]}, ensure_ascii=False)[:-1]
            rest = json.dumps({key: answer[key] for key in keys[kept : kept + 1]}, ensure_ascii=False)[1:-1]
            cut = upto + ", " + rest[: draw.randint(len(keys[kept]) + 5, len(rest) - 2)]
            add("cut-member", names, cut, {key: truth[key] for key in keys[:kept]})
            add("merged-records", names, text[:-1] + ", " + text[1:].replace("16", "18"), {})
    return cases


def corpus(seed: int) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    cases = [*mended_cases(1, 11, draw), *mended_cases(2, 2, draw), *refused_cases(draw)]
    return [{"id": f"m{number:03d}", **case} for number, case in enumerate(cases)]


def main() -> None:
    for case in corpus(int(sys.argv[1]) if len(sys.argv) > 1 else SEED):
        print(json.dumps(case, ensure_ascii=False))


if __name__ == "__main__":
    main()

"""Long runs of one piece, where a scanner that starts anew at each of its characters takes minutes.

`python benchmarks/recover.py --fuzz N` puts them all through the chain after its N random texts.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

PIECES = (
    *"{}[]:,\"'\\“”‘’`/#*-−.0a \n\t\r",
    "\n ", " \n", "  ,", ",\n", "\\n", '\\"', "\\'", "\\\\", "''", '""', '" ', '"\n', '",', '", ', '"}', '"}\n',
    "\n}", " }", "}\n", "} ,", "},", "{}", "[]", "[{", "{[", '{"a":', '{"a":{', '{"a":"', "{a:", "[[{", '[{"a":1},',
    "[1,", "{{", "}}", '"a":1,', '"a": "b", ', '"a" "b" ', '"a", "b", ', "a: b, ", "a:b,", "a b ", "a, b: ",
    "'a': 'b', ", "“a”: “b”, ", '"a”, ', "“a", "'a' ", "it's ", '"a": ', 'a": "', '":"', '": ', "//", "// a\n", "/*",
    "/* */", "# ", "# a\n", "a # b ", '"x" ', 'x" ', 'a b", ', "1, ", "1 ", "-1", "1,000,", "null, ", "None ",
    "True,", '"a", ', "'a', ", '{"n_total": 1} ', '{"n_total": 1}\n', '{n_total:"', '{"value": 1, "quote": "a"},',
    "</think>", "<think>", "```", "```json\n{", "é", "\u3000", "\x00", "\x1f ", "\u2028", "😀", "\\u0041", "\\ud83d",
    "(a) ", '"(', '"a" b, ', "a\n", "a:\n", '"a\n', "},{", '}"',
)  # fmt: skip
FRAMES = (
    ("{}", ""), ('{{"n_total": {}', "}}"), ('{{"n_total": {}', ""), ('{{"n_total": "{}', '"}}'),
    ('{{"n_total": "{}', ""), ('{{"n_total": ["{}', '"]}}'), ('{{"n_total": [{}', "]}}"), ("{{{}", "}}"),
    ('{}{{"n_total": 3,', "}}"), ('{{"value": 16, "quote": "Sixteen{}', ""), ('{{"value": 16{}', ",}}"),
    ('{{"value": 16, {}', '"quote": "q"}}'), ("{{'n_total': '{}", "'}}"), ("{{n_total: {}", "}}"),
    ('{{"n_total": 16,}}{}', ""), ('{{\\"n_total\\": \\"{}', '\\"}}'), ('[{{"n_total": "{}', '"}}]'),
    ("{{“n_total”: “{}", "”}}"), ('{{"a": {{"b": {{"c": "{}', ""), ('{{"n_total{}', ": 1}}"),
)  # fmt: skip


def runs(length: int) -> Iterator[str]:
    """Each piece, repeated to `length` characters, in each place of an answer."""
    for piece in PIECES:
        for before, after in FRAMES:
            frame = before.format(""), after.format()
            yield frame[0] + piece * ((length - len("".join(frame))) // len(piece)) + frame[1]


def mixes(count: int, length: int, draw: random.Random) -> Iterator[str]:
    """Two to four pieces in random order, up to `length` characters, in a random place of an answer."""
    for _ in range(count):
        before, after = draw.choice(FRAMES)
        pieces = draw.sample(PIECES, draw.randint(2, 4))
        inside = "".join(draw.choices(pieces, k=length // min(map(len, pieces))))[: draw.randint(100, length)]
        yield (before.format(inside) + after.format())[:length]

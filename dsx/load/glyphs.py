"""Characters that a PDF gives no Unicode for, told by the name of their glyph in the font's own encoding.

Older journals set their signs in the Mathematical Pi fonts, which have no Unicode: "2.98 ± 6.36" came as "2.98 ? 6.36".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

UNKNOWN = "\N{REPLACEMENT CHARACTER}"
GREEK = "αβγδεζηθικλμνξοπρσςτυφχψω"
PI_FONTS: dict[str, str] = {
    **{f"H{9251 + index}": letter for index, letter in enumerate(GREEK)},
    "H9004": "Δ",
    "H11001": "+",
    "H11002": "−",
    "H11003": "×",
    "H11005": "=",
    "H11006": "±",
    "H11011": "∼",
    "H11021": "<",
    "H11022": ">",
    "H11349": "≤",
    "H11350": "≥",
    "H20849": "(",
    "H20850": ")",
    "H20875": "[",
    "H20876": "]",
}
"""Glyph names of Mathematical Pi and of the fonts derived from it → what they show."""

_differences = re.compile(r"/Differences\s*+\[([^\[\]]*+)\]")


class Glyphs:
    """The fonts of one PDF. Made once a document; `on(page)` once a page."""

    def __init__(self, pdf: Any) -> None:
        self._pdf = pdf
        self._encodings: dict[int, Mapping[int, str]] = {}

    def on(self, page: Any) -> dict[str, dict[int, str]]:
        """Font name (without its subset tag) → code → character; codes on which two subsets differ are left out."""
        found: dict[str, dict[int, str]] = {}
        for xref, _, _, name, *_ in page.get_fonts():
            if xref not in self._encodings:
                self._encodings[xref] = self._encoding(xref)
            there = found.setdefault(name.split("+")[-1], {})
            for code, letter in self._encodings[xref].items():
                there[code] = letter if there.get(code, letter) == letter else UNKNOWN
        return found

    def _encoding(self, xref: int) -> Mapping[int, str]:
        import pymupdf

        kind, value = self._pdf.xref_get_key(xref, "Encoding")
        text = self._pdf.xref_object(int(value.split()[0])) if kind == "xref" else value
        differences = _differences.search(text)
        codes: dict[int, str] = {}
        code = 0
        for token in re.findall(r"/[^\s/\[\]]+|\d+", differences.group(1)) if differences else ():
            if not token.startswith("/"):
                code = int(token)
                continue
            name = token[1:]
            known = PI_FONTS.get(name) or chr(pymupdf.glyph_name_to_unicode(name))
            if known not in (UNKNOWN, "\0"):
                codes[code] = known
            code += 1
        return codes


def mend(blocks: list[dict[str, Any]], page: Any, glyphs: Glyphs) -> None:
    """Replaces U+FFFD in a page's blocks (of "rawdict") by what the glyph's name says; the others stay."""
    import pymupdf

    unknown = [span for span in _spans(blocks) if UNKNOWN in [one["c"] for one in span["chars"]]]
    if not unknown:
        return
    fonts, used = glyphs.on(page), {span["font"] for span in unknown}
    coded = page.get_text("rawdict", flags=pymupdf.TEXT_CID_FOR_UNKNOWN_UNICODE)["blocks"]
    spans = [span for span in _spans(coded) if span["font"] in used]
    codes = {(span["font"], one["origin"]): ord(one["c"]) for span in spans for one in span["chars"]}
    for span in unknown:
        known = next((there for name, there in fonts.items() if name.startswith(span["font"])), {})
        for one in span["chars"]:
            if one["c"] == UNKNOWN:
                one["c"] = known.get(codes.get((span["font"], one["origin"]), 0), UNKNOWN)


def _spans(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [span for block in blocks for line in block.get("lines", ()) for span in line["spans"]]

"""Every number of a document: its value, the unit that belongs to it, what it is (value or label), where it stands."""

from __future__ import annotations

import bisect
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from dsx.ground.dates import calendar_spans
from dsx.ground.labels import label_noun, label_spans
from dsx.ground.numerals import Numeral, numerals
from dsx.text import sentences
from dsx.types import Document, Table
from dsx.units import read_unit, unit_end

Span = tuple[int, int]
Role = Literal["plain", "range_low", "range_high", "mean", "spread", "percent"]


@dataclass(frozen=True, slots=True)
class NumberMention:
    """A number as it stands at `Document.text[start:end]`, its sign included.

    unit: as written; its own, or that of the list, range, table column or heading that it belongs to.
    kind: a label names a thing (Experiment 2, [12], P300) and counts nothing.
    noun: the thing; also of a value that is a day, a year or a time of day.
    comparator: the sign before it, one of < > ≤ ≥ = ±, or "".
    exact: written as a number, not in words such as "a dozen" or "a third".
    sentence: (start, end) of its sentence; of a table, its row.
    """

    value: Decimal
    text: str
    start: int
    end: int
    unit: str | None = None
    kind: Literal["value", "label"] = "value"
    role: Role = "plain"
    comparator: str = ""
    noun: str = ""
    exact: bool = True
    sentence: Span = (0, 0)


_MINUS = "-−–‐‑"
_sign = re.compile(rf"(?:(?P<plusminus>±|\+/-|\+/−)|(?P<minus>[{_MINUS}]|(?<![\w/])minus)|(?P<plus>\+))\s?$")
_part = re.compile(r"[\w%°)′″\"’]$")
_operator = re.compile(r"(?:[=<>≤≥≈~(\[,:;/×]|\b(?:at|of|to|from|below|between))$")
_comparator = re.compile(r"(?P<sign><=|>=|[<>≤≥=⩽⩾])\s?$")
_COMPARATORS = {"<=": "≤", ">=": "≥", "⩽": "≤", "⩾": "≥"}
_sexes = re.compile(r"\d\s?[fF]\b[^\w]{1,3}\d+\s?[mM]\b|\d\s?[mM]\b[^\w]{1,3}\d+\s?[fF]\b")
_in_brackets = re.compile(r"[(\[]\s?(?P<unit>[^()\[\]\n\d]{1,20}\d?)[)\]][^\d\n]{0,24}$")
_in_word = re.compile(r"\s?inch|in(?=[.,;)]|\s+(?:wide|tall|long|high|deep|diameter|monitor|screen|display)|$)")
_range = re.compile(r"-?\s?(?:[-−–‐‑—]|to|through|up\s+to|and|\.\.\.?|…)\s?", re.IGNORECASE)
_listed = re.compile(r"[)\]]?\s?(?:[,;/×x&]|,?\s(?:and|or|vs\.?|by)|,\s?(?:and|or))\s?[(\[]?", re.IGNORECASE)
_deviation = r"(?:SDs?|s\.d\.|S\.D\.|SE|SEM|sd|st\.?dev\.?|standard\s+(?:deviation|error))"
_spread = re.compile(rf"\s?(?:±|\+/-|\+/−)\s?|\s?\(±\s?|[\s,;(]{{1,3}}{_deviation}\s?[=:]?\s?")
_mean = re.compile(r"(?:\bM|\b[Mm]eans?|\b[Aa]verage|\bx̄|\bAvg\.?)\b[^.\d\n]{0,25}$")
_spread_word = re.compile(rf"\b{_deviation}(?:\s(?:of|was|is))?[\s=:]{{0,3}}$")
_figures = re.compile(r"[(\[](?:[\d.,;\s±+/–−-]|and|or|to){1,30}$")
_bracket = re.compile(r"\s?[(\[]")
_half, _half_of = re.compile(r"\b(?:half|quarter)$"), re.compile(r"\s(?:of\s)?an?\s")
_between = re.compile(r"\b(?:between|from)\s+$", re.IGNORECASE)
_EITHER = "in m M bar Eq A C T word words cell cells frame frames"
_AMBIGUOUS = frozenset([*_EITHER.split(), '"'])
"""Units that may be words, letters for a sex, quotation marks or things that are counted."""
CONTEXT = 48
"""Characters looked at on either side of a number."""


def find_numbers(document: Document) -> tuple[NumberMention, ...]:
    """All numbers of the document, in its order. Numbers in its list of references are labels."""
    rows = sorted(span for table in document.tables for span in _rows(document.text, table))
    mentions = _with_heads(document, _mentions(document.text, rows))
    references = [(section.start, section.end) for section in document.sections if section.kind == "references"]
    return tuple(replace(each, kind="label") if _around(each.start, references) else each for each in mentions)


def numbers_in(text: str) -> tuple[NumberMention, ...]:
    """All numbers of a text without tables and sections."""
    return tuple(_mentions(text, []))


def _mentions(text: str, rows: Sequence[Span]) -> list[NumberMention]:
    spans, sentence_spans = sorted(label_spans(text)), list(sentences(text))
    calendar = {(start, end): noun for start, end, noun in calendar_spans(text) if end > start}
    dates = sorted(calendar)
    mentions: list[NumberMention] = []
    unit_stop = 0  # the 1 of "s−1" is no number of its own
    for numeral in numerals(text):
        if numeral.start >= unit_stop:
            sentence = _around(numeral.start, rows) or _around(numeral.start, sentence_spans)
            mention = _mention(text, numeral, spans, sentence or (numeral.start, numeral.end))
            date = None if mention.noun or mention.unit else _around(numeral.start, dates)
            mentions.append(replace(mention, noun=calendar[date]) if date else mention)
            if mention.unit:
                unit_stop = text.find(mention.unit, numeral.end) + len(mention.unit)
    return _linked(text, mentions)


def _around(offset: int, spans: Sequence[Span]) -> Span | None:
    """The span, of some that follow each other, in which the offset is."""
    at = bisect.bisect_right(spans, (offset, sys.maxsize)) - 1
    return spans[at] if at >= 0 and spans[at][0] <= offset < spans[at][1] else None


# ---- one number: sign, comparator, own unit, label ----


def _mention(text: str, numeral: Numeral, spans: Sequence[Span], sentence: Span) -> NumberMention:
    start, end = numeral.start, numeral.end
    before = text[max(0, start - 7) : start]
    value, comparator = numeral.value, ""
    signed = _sign.search(before)
    if signed and signed["plusminus"]:
        start, comparator = start - len(signed.group()), "±"
    elif signed and signed["minus"] and _negative(text, start - len(signed.group()), signed.group()):
        start, value = start - len(signed.group()), -value
    if not comparator and (match := _comparator.search(text[max(0, start - 4) : start])):
        comparator = _COMPARATORS.get(match["sign"], match["sign"])
    noun = label_noun(text, numeral.start, end)
    if not noun and (numeral.version or _around(numeral.start, spans)):
        noun = ""
    unit = _own_unit(text, end)
    if noun is None and unit is None and _glued(text, end):
        noun = ""
    return NumberMention(
        value,
        text[start:end],
        start,
        end,
        unit=unit,
        kind="value" if noun is None else "label",
        role="percent" if unit in ("%", "percent", "per cent") else "plain",
        comparator=comparator,
        noun=noun or "",
        exact=numeral.exact,
        sentence=sentence,
    )


def _negative(text: str, start: int, written: str) -> bool:
    """Whether the dash at `start` is a sign: nothing that it could join or part stands before it."""
    before = text[max(0, start - 9) : start]
    if written.startswith("minus"):
        return not re.search(r"(?:\bor|plus|\d)\s?$", before)
    if written[-1].isspace():  # "= − 3" and "at − 3", but not "a – 3"
        return bool(_operator.search(before.rstrip()))
    return not _part.search(before)


def _glued(text: str, end: int) -> bool:
    """Whether a letter that is no unit follows at once; "10F", "24m", "3x" and "3x4" are numbers still."""
    rest = text[end : end + 3]
    if (
        not rest[:1].isalpha()
        or not rest[0].isascii()
        or text[end - 1].isalpha()
        or (rest[0] in "xX" and rest[1:2].isdigit())
    ):
        return False
    return not (rest[0] in "fFmMxX" and not rest[1:2].isalnum())


def _own_unit(text: str, end: int) -> str | None:
    window = text[end : end + CONTEXT]
    gap = 1 if window[:1] in " -‐‑–\u00a0\u2009\u202f\n" else 0
    if window[:1] in (")", "]") and _figures.search(text, max(0, end - 32), end):  # "(18–22) years"
        gap = 2 if window[1:2].isspace() else 1
    elif half := _half_of.match(window) if _half.search(text, max(0, end - 7), end) else None:  # "half an hour"
        gap = half.end()
    stop = unit_end(window, gap)
    if stop == gap or (gap == 0 and text[end - 1].isalpha()):  # "two dozens"
        return None
    unit = window[gap:stop]
    return unit if unit not in _AMBIGUOUS or _is_unit(text, end, gap, unit) else None


def _is_unit(text: str, end: int, gap: int, unit: str) -> bool:
    """Whether what could be a word, a letter for a sex or a quotation mark is a unit."""
    after = text[end + gap + len(unit) : end + gap + len(unit) + 12]
    if unit == "in":
        return text[end : end + 1] in "-‐‑" or bool(_in_word.match(f"in{after}"))
    if unit == '"':
        return text.rfind('"', max(0, end - 60), end) < 0
    if unit in ("m", "M"):
        return not _sexes.search(text[max(0, end - 16) : end + 16])
    if unit in ("Eq", "A"):
        return not re.match(r"[.\s]*\(|\s[a-z]", after)
    if unit.startswith(("word", "cell", "frame")):
        return False
    if unit == "T":
        return not re.match(r"\s(?:cells?|lymph|wave)", after)
    return not re.match(r"\s(?:charts?|graphs?|plots?|codes?)", after)


# ---- neighbours: lists, ranges, means with their spread ----


def _linked(text: str, mentions: list[NumberMention]) -> list[NumberMention]:
    """Units, labels and roles given on along lists and ranges."""
    linked = list(mentions)
    for at in range(len(linked)):
        linked[at] = _from_left(text, linked[at - 1] if at else None, linked[at])
    for at in range(len(linked) - 2, -1, -1):
        linked[at] = _from_right(text, linked[at], linked[at + 1])
    return linked


def _link(text: str, left: NumberMention, right: NumberMention) -> str:
    """How two numbers that follow each other are joined: "spread", "range", "list" or ""."""
    start = left.end
    if left.unit is not None and (found := text.find(left.unit, left.end, left.end + len(left.unit) + 2)) >= 0:
        start = found + len(left.unit)
    if right.start - start > 24:
        return ""
    between = text[start : right.start]
    if right.comparator == "±" or _spread.fullmatch(between):
        return "spread" if _spread.fullmatch(text[start : right.end - len(_bare(right))]) else ""
    if left.comparator and "," in between:
        return ""
    if _range.fullmatch(between) and not (
        between.strip().lower() == "and" and not _between.search(text[max(0, left.start - 9) : left.start])
    ):
        return "range"
    if not between and right.text[:1] in _MINUS:
        return "range"
    if _bracket.fullmatch(between) and text[right.end : right.end + 1] in ")]":  # "23.4 (3.1) years"
        return "bracket"
    return "list" if _listed.fullmatch(between) else ""


def _from_left(text: str, left: NumberMention | None, right: NumberMention) -> NumberMention:
    if right.kind == "label":
        return right
    before = text[max(0, right.start - CONTEXT) : right.start]
    link = _link(text, left, right) if left else ""
    if left and left.kind == "label" and link and _goes_on(text, left, right, link):
        return replace(right, kind="label", noun=left.noun)
    role = right.role
    if link == "spread" or _spread_word.search(before):
        role = "spread"
    elif link == "range" and left and left.kind == "value":
        role = "range_high"
    elif _mean.search(before) and role == "plain":
        role = "mean"
    unit = right.unit
    if unit is None and link == "spread" and left:
        unit = left.unit
    if unit is None and (match := _in_brackets.search(before)) and _whole_unit(match["unit"].strip()):
        unit = match["unit"].strip()
    if link == "spread":
        bare = _bare(right)
        right = replace(right, text=bare, start=right.end - len(bare), value=abs(right.value), comparator="")
    return right if (role, unit) == (right.role, right.unit) else replace(right, role=role, unit=unit)


def _bare(mention: NumberMention) -> str:
    """Its text without signs."""
    return re.sub(r"^[±+/\-−\s]+", "", mention.text)


def _goes_on(text: str, left: NumberMention, right: NumberMention, link: str) -> bool:
    """Whether a label's noun counts for the next number too: "Experiments 1 and 2", "Table 1–3"."""
    if right.unit or not right.text.isdecimal() or left.noun == "year":
        return False
    ended = " and " in text[max(0, left.start - 6) : left.start]
    return bool(left.noun) and (link == "range" or (left.noun.endswith("s") and not ended))


def _from_right(text: str, left: NumberMention, right: NumberMention) -> NumberMention:
    if left.kind == "label" or right.kind == "label" or left.noun:
        return left
    link = _link(text, left, right)
    role = left.role
    if right.role == "spread" and link == "spread" and role == "plain":
        role = "mean"
    elif right.role == "range_high" and link == "range" and role in ("plain", "percent"):
        role = "range_low"
    year = "," in text[left.end : right.start] and len(left.text) == 4 and 1900 <= left.value <= 2099
    if link == "range" and left.unit == "°" and right.unit in ("°C", "°F"):
        return replace(left, unit=right.unit, role=role)
    times = re.search(r"[×x]", text[left.end : right.start]) and not _is_extent(right.unit)  # "2 × 125 mg"
    if left.unit is None and right.unit is not None and link and not year and not times:
        return replace(left, unit=right.unit, role="percent" if right.role == "percent" and role == "plain" else role)
    return left if role == left.role else replace(left, role=role)


def _is_extent(unit: str | None) -> bool:
    """Whether it measures sides: of "10 × 20 cm" both have it."""
    kind = read_unit(unit) if unit else None
    return kind is not None and kind.kind in [{(name, 1)} for name in ("[length]", "angle", "pixel")]


def _whole_unit(written: str) -> bool:
    return bool(written) and unit_end(written, 0) == len(written)


# ---- tables ----


def _rows(text: str, table: Table) -> list[Span]:
    """The lines of the table in the text."""
    spans, start = [], table.start
    for line in text[table.start : table.end].split("\n"):
        if line.strip():
            spans.append((start, start + len(line)))
        start += len(line) + 1
    return spans


def _with_heads(document: Document, mentions: list[NumberMention]) -> list[NumberMention]:
    """Numbers of tables without a unit of their own get that of their row's head, else that of their column's."""
    starts = [mention.start for mention in mentions]
    for cell in (cell for table in document.tables for cell in table.cells):
        heads = (cell.row_head, *reversed(cell.row_groups), *reversed(cell.column_heads))
        unit = next((unit for head in heads if (unit := _bracketed(head))), None)
        for at in range(bisect.bisect_left(starts, cell.start), bisect.bisect_left(starts, cell.end)) if unit else ():
            if mentions[at].unit is None and mentions[at].kind == "value":
                mentions[at] = replace(mentions[at], unit=unit)
    return mentions


def _bracketed(cell: str) -> str | None:
    """The unit of a head: "Age (years)", "Speed, cm/s", "[ms]"."""
    match = re.search(r"[(\[]([^()\[\]]{1,20})[)\]]|,\s([^,]{1,12})$", cell)
    written = ((match[1] or match[2]) if match else "").strip()
    return written if _whole_unit(written) else None

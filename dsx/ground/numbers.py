"""Every number of a document: its value, the unit that belongs to it, what it is (value or label), where it stands."""

from __future__ import annotations

import bisect
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Literal

from dsx.ground.amounts import Amount, amounts
from dsx.ground.counted import counted_by, is_year
from dsx.ground.dates import calendar_spans
from dsx.ground.labels import label_noun, label_spans
from dsx.ground.mentions import MINUS, NumberMention, Span
from dsx.ground.neighbours import linked, merged, whole_unit
from dsx.ground.numerals import Numeral, numerals
from dsx.ground.opposites import described_by
from dsx.text import HALF_WIDTH, sentences
from dsx.types import Document, Table
from dsx.units import LONGEST_UNIT, rate_end, unit_end

_sign = re.compile(rf"(?:(?P<plusminus>±|\+/-|\+/−)|(?P<minus>[{MINUS}]|(?<![\w/])minus)|(?P<plus>\+))\s?$")
_part = re.compile(r"[\w%°)′″\"’]$")
_operator = re.compile(r"(?:[=<>≤≥≈~(\[,:;/×]|\b(?:at|of|to|from|below|between))$")
_comparator = re.compile(r"(?P<sign><=|>=|[<>≤≥=⩽⩾])\s?$")
_COMPARATORS = {"<=": "≤", ">=": "≥", "⩽": "≤", "⩾": "≥"}
_sexes = re.compile(r"\d\s?[fF]\b[^\w]{1,3}\d+\s?[mM]\b|\d\s?[mM]\b[^\w]{1,3}\d+\s?[fF]\b")
_in_word = re.compile(r"\s?inch|in(?=[.,;)]|\s+(?:wide|tall|long|high|deep|diameter|monitor|screen|display)|$)")
_figures = re.compile(r"[(\[](?:[\d.,;\s±+/–−=-]|and|or|to|SDs?|SEM?){1,30}$")
_half, _half_of = re.compile(r"\b(?:half|quarter)$", re.IGNORECASE), re.compile(r"\s(?:of\s)?an?\s")
_unitless = re.compile(r"(?:\b[nN]\s?=|\bpH(?:\s(?:of|was|is))?\s?[=~≈]?|\bp\s?[<>≤≥=]|\bP\s?[<>≤≥])\s?$")
_divided = re.compile(r"\s?/")
_per = re.compile(
    r"\s?(/\s?(?:s|sec|min|h|hr|hour|d|day|week|wk|month|yr?|year|[mµμ]?[Ll]|dL|[mc]?m[²³]|[mck]?m[23]|ha)(?!\w))(?!\s?[-/·]|\s[a-zµ]{1,3}[-−⁻])"
)
"""What a bare number may be divided by, "72/min"; "35/M" and "6/group" are of no unit."""
_of_symbol = re.compile(
    r"[-‐‑\s](?:atoms?|ions?|vacanc(?:y|ies)|terminus|terminal|termini|bonds?)\b|[-‐‑](?:shaped|level|type)\b"
)
"""What stands behind the letter of an element or a shape: "5 C atoms", "two S-shaped curves"."""
_may_go_on = re.compile(
    r"\s(?:[A-Za-z][\w.]*\s){0,5}?(?:(?:an?|each|every|once|q\.?d|hourly|daily|weekly|monthly|yearly|annually|per)\b|[A-Za-z][\w.]*\s?/)"
)
_EITHER = "in m M bar Eq A C T word words cell cells frame frames second"
_AMBIGUOUS = frozenset([*_EITHER.split(), '"'])
"""Units that may be words, letters for a sex, quotation marks or things that are counted."""

_people = re.compile(r"\s(?:(?:in|out)?patients|controls|participants|subjects|volunteers|adults|children|women|men)\b")
"""After an illness in capitals that could be a unit: "40 MS patients"."""


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
    plain = text.translate(HALF_WIDTH)
    mentions = linked(plain, merged(plain, _apart(plain, rows)))
    if plain == text:
        return mentions
    return [replace(each, text=text[each.start : each.end]) for each in mentions]


def _apart(text: str, rows: Sequence[Span]) -> Iterator[NumberMention]:
    """Each by itself, before what its neighbours give it."""
    spans, sentence_spans = sorted(label_spans(text)), list(sentences(text))
    calendar = {(start, end): noun for start, end, noun in calendar_spans(text) if end > start}
    dates, in_several = sorted(calendar), deque(amounts(text))
    start, stop = 0, 0  # the 1 of "s−1" and the 30 of "7h30" are no numbers of their own
    for numeral in numerals(text):
        if start <= numeral.start < stop:
            continue
        sentence = (
            _around(numeral.start, rows) or _around(numeral.start, sentence_spans) or (numeral.start, numeral.end)
        )
        while in_several and in_several[0].end <= numeral.start:
            in_several.popleft()
        if in_several and in_several[0].start <= numeral.start:
            amount = in_several.popleft()
            yield _in_several(text, amount, spans, sentence)
            start, stop = amount.start, amount.end
            continue
        mention = _mention(text, numeral, spans, sentence)
        date = None if mention.noun or mention.unit else _around(numeral.start, dates)
        yield replace(mention, noun=calendar[date]) if date else mention
        if mention.unit:
            start = text.find(mention.unit, numeral.unit_at or numeral.end)
            stop = start + len(mention.unit)


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
    unit = _own_unit(text, numeral.unit_at or end)
    if noun is None and unit is None and _glued(text, end):
        noun = ""
    return NumberMention(
        value,
        text[start:end],
        start,
        end,
        unit=unit,
        kind="value" if noun is None else "label",
        role="spread" if numeral.spread else "percent" if unit in ("%", "percent", "per cent") else "plain",
        comparator=comparator,
        noun=noun or "",
        exact=numeral.exact,
        unitless=_unitless.search(text, max(0, numeral.start - 12), numeral.start) is not None
        or is_year(text, numeral.start, end),
        counted=counted_by(text, numeral),
        described=described_by(text, numeral.start, end),
        sentence=sentence,
        rate=_rate(text, numeral.unit_at or end, unit),
    )


def _in_several(text: str, amount: Amount, spans: Sequence[Span], sentence: Span) -> NumberMention:
    mention = _mention(text, Numeral(amount.value, amount.start, amount.end, exact=False), spans, sentence)
    kind: Literal["value", "label"] = "label" if _around(amount.start, spans) else "value"
    return replace(mention, unit=amount.unit, kind=kind, noun=amount.noun, parts=amount.parts)


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
    if not rest[:1].isalpha() or text[end - 1].isalpha() or (rest[0] in "xX" and rest[1:2].isdigit()):
        return False
    if not rest[0].isascii():  # "2θ"
        return rest[0] in "αβγδεθλπφψω"
    if rest[0] in "abcde" and not rest[1:2].isalnum() and re.search(r"\d[.,]\d+$", text[max(0, end - 12) : end]):
        return False  # "14,820a": a letter of a table's note
    isotope = rest[1:2] in ("-", "‐", "‑") and rest[2:].isalpha()  # "18F-FDG"
    return isotope or rest[0] not in "fFmMxX" or rest[1:2].isalnum()


def _own_unit(text: str, end: int) -> str | None:
    window = text[end : end + LONGEST_UNIT + 2]
    if _divided.match(window):
        divisor = _per.match(window)
        return divisor[1] if divisor else None
    gap = 1 if window[:1] in " -‐‑–\u00a0\u2009\u202f\n" else 0
    if window[:1] in (")", "]") and _figures.search(text, max(0, end - 32), end):  # "(18–22) years"
        gap = 2 if window[1:2].isspace() else 1
    elif half := _half_of.match(window) if _half.search(text, max(0, end - 7), end) else None:  # "half an hour"
        gap = half.end()
    if window[:1] == "\n" and not window[1:2].islower():  # the next row of a table: "23.0\nS2", "549\n% girls"
        return None
    if window[:1] == "+" and text[end - 1].isdigit():  # "65+ years"
        gap = 2
    stop = unit_end(window, gap)
    if stop == gap or (gap == 0 and text[end - 1].isalpha()):  # "two dozens"
        return None
    unit = window[gap:stop]
    if len(unit) == 1 and _of_symbol.match(text, end + stop):
        return None
    if len(unit) > 1 and unit.isalpha() and unit.isupper() and _people.match(text, end + stop):
        return None
    return unit if unit not in _AMBIGUOUS or _is_unit(text, end, gap, unit) else None


def _rate(text: str, end: int, unit: str | None) -> str:
    """The unit that stands behind `end` with how often it was given, "" where nothing says so."""
    if unit is None or (start := text.find(unit, end, end + len(unit) + 2)) < 0:
        return ""
    stop = start + len(unit)
    if not _may_go_on.match(text, stop) or (rate := rate_end(text, start)) <= stop:
        return ""
    return text[start:rate]


def _is_unit(text: str, end: int, gap: int, unit: str) -> bool:
    """Whether what could be a word, a letter for a sex or a quotation mark is a unit."""
    after = text[end + gap + len(unit) : end + gap + len(unit) + 12]
    if unit == "in":
        return text[end : end + 1] in "-‐‑" or bool(_in_word.match(f"in{after}"))
    if unit == "second":  # "44 second-year pupils", but "a 30-second-long rest"
        return after[:1] not in ("-", "‐", "‑") or (gap == 1 and text[end] in "-‐‑")
    if unit == '"':
        return text.rfind('"', max(0, end - 60), end) < 0
    if unit in ("m", "M"):
        return not _sexes.search(text[max(0, end - 16) : end + 16])
    if unit in ("Eq", "A"):
        return not re.match(r"[.\s]*\(|\s[a-z]", after)
    if unit.startswith(("word", "cell", "frame")):
        return re.match(r"\s(?:an?|each|every)\s(?:sec|min|hou|day)", after) is not None
    if unit == "T":
        return not re.match(r"\s(?:cells?|lymph|wave)", after)
    return not re.match(r"\s(?:charts?|graphs?|plots?|codes?)", after)


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
    return written if whole_unit(written) else None

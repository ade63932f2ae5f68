"""Numbers as they are written: digits with separators and exponents, number words, fractions, Chinese numerals."""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
ONES = {word: value for value, word in enumerate(_ONES.split())}
TENS = {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)} | {"fourty": 40}
SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT_SCALES = {"k": 1000, "bn": 10**9}
_money_scale = re.compile(
    r"(?:(?P<scale>[kKmMbB]|MM)|\s?(?P<short>mn|mln|m|bn|tn))(?![\w/^$−–⁻²³-]|\s?\\|[^$\n]{0,24}\$(?!\s?\d))"
)
_money_before = re.compile(r"[$€£¥₹]\s?(?:\d[\d.,]{0,6}+\s?[-–]\s?)?$")
_MONEY_SCALES = {"k": 1000, "m": 10**6, "mn": 10**6, "mln": 10**6, "mm": 10**6, "b": 10**9, "bn": 10**9, "tn": 10**12}
"""Behind a sum of money: "$3.5m"."""
_FRACTIONS = {"half": 2, "halve": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8}
_FRACTIONS["tenth"] = 10
MAX_EXPONENT = 400
MOST_IN_ONE_POWER = 10
"""The upper end over the lower one where a power of ten behind both is that of both."""
LONGEST = 400
"""Digits of a number; longer runs are no numbers of anything."""

_word = "|".join(sorted([*ONES, *TENS, *SCALES], key=len, reverse=True))
_between, _and = re.compile(r"\bbetween\s$", re.IGNORECASE), re.compile(r"\s{1,3}and\b")
_range_join = re.compile(r"\s?[-–−]\s?(?:US)?[$€£]?|\sto\s[$€£]?|(?P<and>\sand\s[$€£]?)")
_each_word = re.compile(f"{_word}|and")
_small = "|".join([*ONES][1:10])
_gap = r"(?:\s*[-‐‑–\u00ad]\s*|\s+)"
_fraction = (
    rf"(?:(?:(?P<whole>{_word})[\s-]and[\s-])?(?:(?P<parts>{_small}|an?){_gap})?(?P<nth>{'|'.join(_FRACTIONS)})s?)\b"
)
_MEASURES = "in|inch|inches|feet|miles?|hours?|years?|months?|weeks?|days?|mm|cm|m|h|kg|lb"
"""What "3 1/2" and "1/4" may be measured in; "1/4 mice" is one of four."""
_TIMES = r"(?:[×x*·∗∙⋅✕⨯]|\\times)"
_SUPERSCRIPT = "[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
_power = rf"(?:\$?(?:\^|\*\*)\s?[{{(]?(?P<caret>[-−+]?\d{{1,4}})[}})]?\$?|(?P<raised>{_SUPERSCRIPT})"


_after_mean = "|".join(
    rf"(?<={of} age{said})" for of in ("mean", "average", "median") for said in (": ", " ", " of ", " was ", " = ")
)
"""Before one number, whose comma parts no two."""


def _pattern(decimal: str, groups: str) -> re.Pattern[str]:
    """Numbers whose decimals follow `decimal` and whose thousands are parted by one of `groups`."""
    decimals = rf"[{decimal}](?!10[\^⁻⁺⁰¹²³⁴-⁹])\d++"
    if "," in decimal:  # "3,5,7" are three; "0.03" is none of thousands
        decimals = rf"{decimals}(?!,\d)|(?<!\.\d\d\d)\.(?:\d{{1,2}}|\d{{4,12}}|(?<=\b0\.)\d{{3}})(?!\d|\.\d)"
    thousands = rf"(?!0)\d{{1,3}}(?P<sep>[{groups}'’\u2009\u202f\u00a0]|(?<!\d\s\d)(?<!\d\s\d\d)(?<!\d\s\d\d\d)[^\S\n])"
    return re.compile(
        rf"(?<![\d/.,])(?P<slash>(?:\d\d?\s)?(?:[1357]/[248]|[12]/3))(?=[\s-](?:{_MEASURES})\b)"
        r"|(?<![\d.])(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?P<dated>(?:19|20)\d\d)(?!\.?\d)"
        r"|(?P<local>(?<![\d.,])\d{1,3},\d{1,2}(?=\s?(?:±|\+/[-−])\s?\d{1,3}[,.]\d)"
        rf"|(?:(?<=±)|(?<=±\s)|{_after_mean})\d{{1,3}},\d{{1,2}}(?![\d,]|\.\d|\s(?:and|or)\s\d))"
        rf"|(?P<version>(?!\d{{1,3}}(?:[{groups}]\d{{3}}){{2,}}(?![\d{groups}]))\d+(?:\.\d+){{2,}})"
        r"|(?:(?<=[<>=≤≥≈~×x])\s?10(?P<alone10>[-−–]\d{1,2})(?!\d)|(?<![\d.,−–-])10(?P<falling10>−[1-9])(?![\d%°]|[.,]\d))"
        rf"|(?P<number>(?:{thousands}\d{{3}}(?:(?P=sep)\d{{3}})*(?![^\S\n]?\d)(?![,.]\d{{3}}(?!\d))|\d+)(?:{decimals})?"
        rf"|(?<!\w)[{decimal}]\d+)"
        rf"(?P<power>\s?{_TIMES}\s?10\s?{_power}|(?P<flat>[-−–]\d{{1,3}})(?!\d))|[eE](?P<e>[-−+]?\d{{1,4}})(?![\w.]))?"
        rf"(?P<ten>(?<=(?<!\d)10){_power.replace('caret', 'caret10').replace('raised', 'raised10')}))?"
        r"(?P<vulgar>\s?[¼-¾⅐-⅞])?"
        r"(?P<scale>\s(?:dozen|hundred|thousand|million|billion|trillion|bn)s?\b|(?-i:k|bn)(?!\w))?"
        r"|(?P<alone>[¼-¾⅐-⅞])"
        rf"|\b{_fraction}"
        rf"|\b(?P<words>(?:an?\s+(?={'|'.join(SCALES)}))?(?:{_word})(?:(?:\s+and)?{_gap}(?:{_word})){{0,11}})s?\b"
        r"|(?P<chinese>(?<![〇零一二两三四五六七八九十百千万])[〇零一二两三四五六七八九十百千万]{1,9}+)(?=[\s]?[名人个例次组位岁年天周秒%]|[個種回歳])",
        re.IGNORECASE,
    )


_plain, _comma = _pattern(r".·\u066b", ",\u066c"), _pattern(",\u066b", ".\u066c")  # Arabic separators in both
_begins_word = "|".join(sorted({word[:2] for word in (*ONES, *TENS, *SCALES, *_FRACTIONS)}))
_start = re.compile(
    r"[\d¼-¾⅐-⅞〇零一二两三四五六七八九十百千万]|[.·,\u066b](?=\d)|(?<=[<>=≤≥≈~×x])\s(?=10)"
    rf"|\b(?:an?\b|{_begins_word})",
    re.IGNORECASE,
)
"""How what either pattern takes begins. To try a pattern there alone takes a quarter of the time."""
_decimal_comma = re.compile(
    r"(?<![\w,.])(?<![A-Z]\()(?:(?:\d{1,3}(?:\.\d{3})++|\d+),\d{1,2}(?![\d,])(?!\.\d|-[a-z])|0,\d{3,}(?![\d,]))"
)
_scaled = re.compile(rf"\([^()\n]{{1,40}}\)(?P<tail>\s?{_TIMES}\s?10\s?{_power}|(?P<flat>[-−–]\d{{1,2}})))")
_uncertain = re.compile(
    rf"\.(?P<decimals>\d{{1,12}})\((?P<digits>\d{{1,3}})\)(?P<tail>\s?{_TIMES}\s?10\s?{_power}|(?P<flat>[-−–]\d{{1,2}})))?"
)
_decimal_point = re.compile(r"(?<![\d,.])\d+[.·](?!\d{3}(?!\d))\d+(?![\d.])")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number without sign at `text[start:end]`. exact: written as a number, not as "a dozen" or "a third".

    spread: the uncertainty of a number's last digits, 0.005 for the 5 of "1.234(5)".
    times: what is written behind its digits, 1000 of "2.4 × 10³" and "3 thousand".
    unit_at: where its unit would begin; behind the power of ten of "(2.4 ± 0.3) × 10³"; 0: at its end.
    """

    value: Decimal
    start: int
    end: int
    exact: bool = True
    version: bool = False
    spread: bool = False
    unit_at: int = 0
    times: Decimal = Decimal(1)


def numerals(text: str) -> Iterator[Numeral]:
    """In the order of the text; those of "(2.4 ± 0.3) × 10³" and "2–3 × 10³" with their power of ten."""
    lower: Numeral | None = None
    for numeral in _single(text):
        if lower:
            yield replace(lower, value=lower.value * numeral.times) if _shares(text, lower, numeral) else lower
        lower = numeral
    if lower:
        yield lower


def _shares(text: str, lower: Numeral, upper: Numeral) -> bool:
    """Whether the power of ten, or the "million", behind a range is that of its lower end too."""
    if upper.times == 1 or lower.times != 1 or not lower.value < upper.value / upper.times:
        return False
    if not text[upper.end - 1].isalpha() and lower.value * MOST_IN_ONE_POWER < upper.value / upper.times:
        return False  # "0.1 to 2 × 10³"
    join = _range_join.fullmatch(text, lower.end, upper.start)
    before = text[max(0, lower.start - 10) : lower.start].rstrip("$€£")
    return join is not None and (join["and"] is None or _between.search(before) is not None)


def _single(text: str) -> Iterator[Numeral]:
    uncertain = {
        at: match for match in _uncertain.finditer(text) for at in (match.end("decimals"), match.start("digits"))
    }
    brackets = deque(_scaled.finditer(text))
    for numeral in _written(text):
        while brackets and brackets[0].end() <= numeral.start:
            brackets.popleft()
        if match := uncertain.get(numeral.end) or uncertain.get(numeral.start):
            yield _with_uncertainty(numeral, match)
        elif not brackets or numeral.start < brackets[0].start() or numeral.version:
            yield numeral
        elif numeral.start < brackets[0].start("tail"):
            value = numeral.value.scaleb(_exponent(brackets[0]))
            yield replace(numeral, value=value, unit_at=brackets[0].end())


def _with_uncertainty(numeral: Numeral, match: re.Match[str]) -> Numeral:
    """One of the two numbers of "1.989(2) × 10³⁰". In "63.4(11)" the brackets' number has too many digits for that."""
    exponent = _exponent(match)
    unit_at = match.end() if match["tail"] else 0
    if len(match["digits"]) > len(match["decimals"]):
        return numeral
    if numeral.start == match.start("digits"):
        value = numeral.value.scaleb(exponent - len(match["decimals"]))
        return replace(numeral, value=value, exact=False, spread=True, unit_at=unit_at)
    return replace(numeral, value=numeral.value.scaleb(exponent), unit_at=unit_at)


def _written(text: str) -> Iterator[Numeral]:
    """As they stand. Decimals are read with a comma where the text writes most of its decimals so."""
    comma = len(_decimal_comma.findall(text)) > len(_decimal_point.findall(text))
    for match in _matches(_comma if comma else _plain, text):
        if match["slash"]:
            whole, _, part = match["slash"].rpartition(" ")
            yield Numeral(Decimal(whole or 0) + Decimal(part[0]) / Decimal(part[2]), *match.span())
        elif match["words"]:
            yield from _words(match)
        elif match["nth"]:
            yield from _named_fraction(match)
        elif match["chinese"]:
            yield Numeral(Decimal(_chinese(match["chinese"])), *match.span())
        elif power := match["alone10"] or match["falling10"]:
            yield Numeral(Decimal(1).scaleb(_integer(power)), match.end() - len(power) - 2, match.end())
        elif match["local"]:
            yield Numeral(Decimal(match["local"].replace(",", ".")), *match.span())
        elif match["dated"]:
            yield Numeral(Decimal(match["dated"]), *match.span("dated"))
        elif match["alone"]:
            yield Numeral(_vulgar(match["alone"]), *match.span())
        elif match["version"] or len(match["number"]) > LONGEST:
            yield Numeral(Decimal(0), *match.span(), version=True)
        else:
            yield _digits(match)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """As `pattern.finditer`."""
    at = 0
    for start in _start.finditer(text):
        if start.start() >= at and (match := pattern.match(text, start.start())):
            at = match.end()
            yield match


def _digits(match: re.Match[str]) -> Numeral:
    written = match["number"]
    if match["sep"]:
        written = written.replace(match["sep"], "")
    value = Decimal(re.sub(r"[,·\u066b]", ".", written))
    value = value.scaleb(_exponent(match))
    raised = match["caret10"] or match["raised10"]
    if raised and abs(_integer(raised)) <= MAX_EXPONENT:
        value = Decimal(1).scaleb(_integer(raised))
    if match["vulgar"]:
        value += _vulgar(match["vulgar"].strip())
    if match["scale"]:
        times = Decimal((SCALES | _SHORT_SCALES)[match["scale"].strip().lower().rstrip("s")])
        return Numeral(value * times, match.start(), match.end(), times=times)
    if _is_money(match) and (scale := _money_scale.match(match.string, match.end())):
        times = Decimal(_MONEY_SCALES[(scale["scale"] or scale["short"]).lower()])
        return Numeral(value * times, match.start(), scale.end(), times=times)
    return Numeral(value, match.start(), match.end(), times=Decimal(1).scaleb(_exponent(match)))


def _is_money(match: re.Match[str]) -> bool:
    return _money_before.search(match.string, max(0, match.start() - 12), match.start()) is not None


def _exponent(match: re.Match[str]) -> int:
    """Of ten, in "× 10³" or "e3"; 0 where there is none, or one that no quantity has."""
    groups = match.groupdict()
    exponent = _integer(next((groups[name] for name in ("caret", "raised", "flat", "e") if groups.get(name)), "0"))
    return exponent if abs(exponent) <= MAX_EXPONENT else 0


def _integer(written: str) -> int:
    return int(re.sub("[−–]", "-", unicodedata.normalize("NFKC", written)))


def _vulgar(letter: str) -> Decimal:
    above, _, below = unicodedata.normalize("NFKC", letter).partition("⁄")
    return (Decimal(above) / Decimal(below)).quantize(Decimal("1e-12")).normalize()


def _named_fraction(match: re.Match[str]) -> Iterator[Numeral]:
    """ "two thirds", "one and a half", "a quarter of"; a bare "third" or "quarter" counts nothing."""
    parts, nth = match["parts"], match["nth"].lower()
    following = match.string[match.end() : match.end() + 4].lower()
    if parts is None and not (nth == "half" and re.match(r"\s+(?:of|the|an?)\b|-", following + " ")):
        return
    if parts and parts.lower() in ("a", "an") and nth not in ("half", "quarter") and " of" not in following:
        return
    count = ONES.get((parts or "one").lower(), 1)
    value = Decimal(count) / _FRACTIONS[nth]
    if match["whole"]:
        value += words_value([match["whole"].lower()]) or 0
    yield Numeral(value, match.start(), match.end(), exact=False)


def _words(match: re.Match[str]) -> Iterator[Numeral]:
    """The longest numbers that the words make: 22 and 30 for "twenty-two thirty". None ends before a "hundred"."""
    start = match.start("words")
    for words in _of_each_end(match, list(_each_word.finditer(match["words"].lower()))):
        yield from _in_words(words, start)


def _of_each_end(match: re.Match[str], words: list[re.Match[str]]) -> list[list[re.Match[str]]]:
    """The words, parted at the "and" of "between one hundred and two thousand"."""
    joints = [at for at, word in enumerate(words) if word.group() == "and"]
    text, start, end = match.string, match.start("words"), match.end()
    if len(joints) != 1 or not _between.search(text, max(0, start - 9), start) or _and.match(text, end):
        return [words]
    return [words[: joints[0]], words[joints[0] + 1 :]]


def _in_words(words: list[re.Match[str]], start: int) -> Iterator[Numeral]:
    """start: where the text begins in which the words stand."""
    while words:
        whole = (at for at in range(len(words), 1, -1) if at == len(words) or words[at].group() not in SCALES)
        length = next((at for at in whole if _value(words[:at]) is not None), 1)
        value = _value(words[:length])
        if value is not None:
            dozen = any(word.group() == "dozen" for word in words[:length])
            span = (start + (words[0].start() if words[0].start() > 3 else 0), start + words[length - 1].end())
            yield Numeral(Decimal(value), *span, exact=not dozen)
        words = words[length:]


def _value(words: list[re.Match[str]]) -> int | None:
    return words_value([word.group() for word in words])


def words_value(words: list[str]) -> int | None:
    """120 for one, hundred, and, twenty. None where the words are not one number: two, hundred, and, three, hundred."""
    total = current = 0
    last: int | None = None
    least = max(SCALES.values()) + 1
    for at, word in enumerate(words):
        if word == "and":
            if at == 0 or words[at - 1] not in SCALES or at + 1 == len(words):
                return None
            continue
        if word in SCALES:
            scale, multiplies = SCALES[word], at > 0 and words[at - 1] in SCALES
            if not multiplies and (scale <= 100 <= current or scale >= least):
                return None
            if scale <= 100:
                current = max(current, 1) * scale
            elif scale >= least:
                total, least = total * scale, scale
            else:
                total, current, least = total + max(current, 1) * scale, 0, scale
            last = None
            continue
        value = ONES.get(word, TENS.get(word, 0))
        if last is not None and not (last >= 20 and last % 10 == 0 and 0 < value < 10):
            return None
        current += value
        last = value
    return total + current


def _chinese(written: str) -> int:
    """四十 → 40, 一百二十 → 120, 二〇 → 20."""
    digits = {letter: value for value, letter in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
    scales = {"十": 10, "百": 100, "千": 1000, "万": 10000}
    if not any(letter in scales for letter in written):
        return int("".join(str(digits[letter]) for letter in written))
    total = section = current = 0
    for letter in written:
        if letter == "万":
            total, section, current = (total + section + current) * 10000, 0, 0
        elif letter in scales:
            section, current = section + max(current, 1) * scales[letter], 0
        else:
            current = digits[letter]
    return total + section + current


def as_decimal(value: object) -> Decimal | None:
    """The exact decimal of an int, a float as it prints, or a text that is one number."""
    try:
        number = Decimal(str(value).replace("−", "-").strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None

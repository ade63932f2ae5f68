"""What stands between the parts of a unit: of what it is, "kg of nitrogen per hectare", and how often, "and year"."""

from __future__ import annotations

import re
from collections.abc import Sequence

Parts = Sequence[tuple[str, float]]
_PERIODS = ("second", "minute", "hour", "day", "week", "month", "year")
_ADVERBS = {"daily": "day", "annually": "year"} | {f"{name}ly": name for name in ("hour", "week", "month", "year")}
_SHORT = {"qd": "day", "q.d.": "day"}
_period = f"(?:{'|'.join(_PERIODS)})"
_time = r"(?:s|sec|seconds?|min|minutes?|h|hr|hours?|d|days?|wk|weeks?|months?|y|yr|years?|annum)(?![\w-])"
_ends = (
    r"(?![\w/-]|\s(?:\d|old|before|after|later|earlier|ago|apart|prior|following|preceding|until|into|onwards?|or\stwo"
    r"|and\sa\shalf)\b)"
)
"""Not "day 3", "a day-old chick", "a year later"."""
_no_noun = (
    r"(?=\s?(?:$|[.,;:()\]])|\s(?:(?:and(?!\snights?\b)|or|but|in|at|on|for|from|with|by|as|was|were|is|are|had|has|we"
    r"|the|than|then|when|where|which|while|that|during|over|under|after|before|until|since|between|both|respectively|only"
    r"|via|using|into|onto|per)\b|[a-z]{3,}ed\b))"
)
"""Not "and day length", "and minute amounts"."""
_and_period = re.compile(rf"\sand\s(?:per\s)?(?!second,)(?:{_period}|annum|sec|min|hr?|yr?|d){_ends}{_no_noun}")
_often = (
    rf"\s(?:(?:an?|each|every)\s{_period}|qd|q\.d\."
    rf"|(?:once\s)?(?:{'|'.join(_ADVERBS)})(?!\s(?:dose|[a-z]+(?:s|ion)\b))){_ends}"
)
_how_often = re.compile(_often)
_no_substance = (
    r"(?!(?:and|or|to|in|at|on|with|was|were|by|from|for|per|is|are|the|than|then|an?|each|every|of|as|if|but|that|which|when"
    r"|within|over|during|after|before|into|via|only|once|twice|thrice|times|daily|bags?|tablets?|capsules?|bottles?|pots?"
    r"|doses?|samples?|portions?|aliquots?|pellets?|pills?|cans?)\b)"
)
_word = rf"{_no_substance}(?:[a-z]\.[a-z]\.|[A-Za-z][\w+]{{0,15}}(?:-[A-Za-z]{{1,10}})?)"
_words = rf"{_word}(?:\s{_word}){{0,2}}"
_formula = r"[A-Z]\w{0,7}(?:-[A-Za-z]{1,5})?(?:\s(?:equivalents?|eq\b\.?))?"
_lower = rf"{_no_substance}[a-z]{{3,15}}"
_substance = rf"\s(?:of\s{_words}|{_formula}|{_lower}(?:\s{_lower})?)(?=(?:\sper\s|\s?/\s?)"
_amount = (
    r"(?:kg|g|mg|kilograms?|grams?|L|l|lit(?:er|re)s?|mL|ml|dL|ha|hectares?|acres?|tonnes?|t|[kMGT]?Wh|[MG]?J|mol|[ck]?m[23]"
    r"|(?:square|cubic)\s(?:kilo|centi)?met(?:er|re)s?)(?![\w-])"
)
_below_one = r"\s(?:kg|g|mg|ha|k?m|cm|nm|L|l|mL|kWh|MJ|mol|K|V|eV|k?Pa|t|s|min|h|d|yr?|a|day|year)-[1-3](?!\d)"
_of_what = re.compile(
    rf"{_substance}(?:10{{1,3}}\s?)?{_amount}|{_below_one})|{_substance}{_time}(?:\sper\s|\s?/\s?){_amount})"
    rf"|\s(?:of\s{_words}|(?:dry|fresh)\s(?:matter|weight|mass))(?=\sper\s(?:plant|animal|person|cow|tree|leaf|shoot|pot)\b)"
)
"""kg N ha−1, µmol photons m−2 s−1, g of protein per kg, mg of protein per day per kg, g of dry matter per plant."""
_of_what_a_time = re.compile(rf"{_substance}{_time})|\sof\s{_words}(?={_often})")
_per_what = (
    rf"\s(?:of\s{_words}|(?:[a-z]{{4,9}}\s)?(?:body|live|dry|fresh)[-\s]?(?:weight|wt|mass|matter)|b\.?w\.?|[A-Z]{{2,3}}|feed|soil"
    r"|tissue|protein)(?!\w)"
)
_per_what_and_time = re.compile(
    rf"{_per_what}(?=(?:\sper\s|\s?/\s?){_time}|\s(?:s|min|h|d|day|y|yr|year|a)-1(?!\d)|\sand\s(?:per\s)?{_period}{_ends}{_no_noun})"
)
"""mg per kg body weight per day."""
_per_what_and_often = re.compile(rf"{_per_what}(?={_often})")
_extent = re.compile(rf".*meter|inch|foot|.*second|{_period}")
"""Names of units that are of no substance: "3 mm soil cores"."""


def period_after(window: str, at: int, parts: Parts, rates: bool) -> tuple[int, str] | None:
    """Where the period ends by which the unit is counted, and its name: "per kg and day"; of rates "mg daily" too."""
    if any(name in _PERIODS for name, _ in parts):
        return None
    match = _and_period.match(window, at) if parts[-1][1] < 0 else None
    match = match or (_how_often.match(window, at) if rates else None)
    if match is None:
        return None
    word = match.group().split()[-1]
    return match.end(), (_ADVERBS | _SHORT).get(word, word)


def substance_end(window: str, at: int, parts: Parts, rates: bool) -> int:
    """Where the words end that say of what the unit is, where it goes on behind them; else `at`."""
    if parts[-1][1] < 0:
        patterns = (_per_what_and_time, _per_what_and_often)
    elif len(parts) == 1 and parts[0][1] == 1 and _extent.fullmatch(parts[0][0]):
        return at
    else:
        patterns = (_of_what, _of_what_a_time)
    match = patterns[0].match(window, at) or (patterns[1].match(window, at) if rates else None)
    return match.end() if match else at

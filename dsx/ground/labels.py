"""Which numbers of a text are the value of nothing: of figures and sections, citations, identifiers, ordinals."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NOUNS = (
    "experiment|exp|expt|study|studies|table|tab|figure|fig|equation|eq|section|sec|appendix|appendices|chapter|reference|ref|page|pp|p|"
    "scheme|box|panel|supplement|suppl|note|footnote|line|item|hypothesis|aim|theorem|lemma|algorithm|chart|plate|map|"
    "video|movie|audio|file|step|volume|vol|issue|no|nr|grant|version|part"
)
"""Words before a number that is their label, in either case."""
_COUNTABLE = (
    "phase|day|week|month|year|session|visit|block|group|condition|level|trial|participant|"
    "subject|patient|case|model|task|sample|site|area|layer|cluster|wave|cohort|arm|run|round|cycle|batch|series|"
    "question|rat|mouse|plot|tooth|residue|codon|position|unit|quadrant|lesson|sector|station|zone|region|factor|component|"
    "era|season|stratum|electrode|channel|room|lane|well"
)
"""Such words that are also counted: "day 2" is a label, "each day 20 plants" is not."""
_CLASS = "type|grade|stage|class|category|tier|chromosome|exon|intron"
"""Words whose number is always their label: "a type 2 error", "grade three tumours"."""
_before = re.compile(
    rf"(?:^|[^\w])(?P<noun>{_NOUNS})(?P<plural>s|es|ies)?(?P<dot>\.)?[ \u00a0]?(?:no\.?\s?|#\s?|nos\.?\s?)?[(\[]?$",
    re.IGNORECASE,
)
_before_class = re.compile(
    rf"(?<!each\s)(?<!every\s)(?<!per\s)\b(?P<noun>{_CLASS})(?P<plural>s|es)?[ \u00a0-]?$", re.IGNORECASE
)
_before_countable = re.compile(rf"(?:^|[^\w])(?P<noun>{_COUNTABLE})(?P<plural>s)?[ \u00a0]?(?:#\s?)?$", re.IGNORECASE)
_determiner = re.compile(
    r"\b(?:this|that|each|every|the|our|an?|per|one|first|second|third|present|current|main|last|takes?|took|taking)\s$",
    re.I,
)
_determined = re.compile(
    r"\b(?:this|that|each|every|the|our|an?)\s"
    r"(?:(?!(?:of|in|from|for|to|and|with|on|at|see|by|as|or|than)\b)[A-Za-z-]{1,30}\s){1,2}"
    r"(?:group|trial|arm|cohort|site|sample|subject|participant|patient|rat|plot|case)s?\s?$"
)
"""A noun with its adjectives is no name: "in the parent group 18 of them"."""
_number_before = re.compile(r"(?:\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve))\s$", re.I)
_counted = re.compile(r"\s+(?:[a-z-]+\s+)?[a-z]{2,}s\b")
_ends = re.compile(r"\s?(?:$|[,.;:)])")
_closes = re.compile(r"[a-zA-Z]?\s?(?:[)\],;–-]|and|or|to|$)")
_product = re.compile(
    r"\b(?:Python|MATLAB|Matlab|SPSS|R|version|Version|ver\.|Windows|Release|SAS|Stata|DSM|ICD|GPT|Statistics|Prism|"
    r"Excel|Office|ImageJ|Ubuntu|Android|iOS|macOS|CUDA|Tween|Polysorbate|PEG|Span|NGC|HD|HIP|UGC|KIC|TIC|KOI|TOI|GJ|"
    r"PSR|Abell|BAY)-?\s?$|(?<!\w)v\.?$|[A-Z][\w)]{0,20},?\s\(?v\.?\s?$|[A-Z]{2}/$|(?<!\w)C/$"
)
_citation = re.compile(r"(?:\bal\.?|[A-Z][\w'’.-]{1,60})(?:,\s?|\s?\(|,\s\()$")
_year_list = re.compile(r"(?:\bal\.?|[A-Z][\w'’.-]{1,60}),?\s\(?(?:1[89]|20)\d\d[a-z]?[,;]\s?$")
_compound = re.compile(
    r"[-‐‑–]?\s?(?:(?:ways?|tailed|sided|tail|dimensional|photon|AFC|alternative|back(?!-cross))\b|sample\s+t|"
    r"factor\s+analysis|(?-i:D)\b|to[-‐‑]one|another|or the other|st\b|nd\b|rd\b|th\b)|"
    r"['’′]-?\s?(?:end|UTR|terminus|terminal|flank|overhang)",
    re.IGNORECASE,
)
_ordinal = re.compile(r"[-‐‑]\s?(?:first|third|fourth|fifth|sixth|seventh|eighth|ninth)\b")
_dimension = re.compile(r"[-‐‑]?d\b(?=\s+[a-z])")
_pronoun = re.compile(
    r"\b(?:no|any|every|some|each|the|this|that|which|another|other|first|second|third|last|next)[\s-]+$", re.IGNORECASE
)
_decade = re.compile(r"\b(?:the|their|his|her|mid|early|late)[\s-](?:early\s|mid[\s-]|late\s)?$")
_statistic = re.compile(r"(?:^|[^\w])(?:[FtTrQHX]|χ|ICC)[²2]?\s?\((?:\d{1,4}(?:\.\d{1,3})?,\s?)?$")
_statistic_end = re.compile(r"[\d.,\snN=]{0,16}\)\s?[=<>≤≥]")

_spans = re.compile(
    r"(?:https?://|www\.|doi:?\s?(?=10\.))[^\s<>\"]{1,400}|\b10\.\d{4,9}/[^\s<>\"]{1,200}|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}"
    r"|\barXiv:\s?[\d.]+(?:v\d+)?|\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b|\b(?:ISSN|ISBN|PMID|PMCID|ORCID|RRID|NCT)[:\s]*[\w-]{4,20}"
    r"|\b(?:[Tt]el|[Ff]ax|[Pp]hone|TEL|FAX)\w{0,6}[.:]{0,2}\s*\+?[\d()\s./-]{6,30}"
    r"|\b(?:ISO|DIN|ASTM|IEC|IEEE)(?:/[A-Z]{2,5})?[ -](?:EN\s)?[A-Z]?\d[\d:–-]{0,20}"
    r"|\b(?:[Aa]pproval|[Pp]ermit|[Ll]icen[cs]e|[Pp]rotocol|[Ll]ot|LOT|[Cc]at\.?|[Cc]atalog(?:ue)?|[Aa]ccession|[Rr]egistration)"
    r"(?:\s(?:[Nn]umber|[Nn]os?\.?|[Nn]r\.?|[Cc]ode|ID))?:?\s[#(]?[\w./-]{0,12}\d{3}[\w./-]{0,12}"
    r"|(?<![\w.,])\d{1,2}(?:,\d{1,2}){1,4}-(?=[a-z]{4})|(?<=-)\d{1,2}(?:,\d{1,2}){1,4}-(?=[a-z]{4})"
    r"|\bC?[12]\d:\d\s?(?:n|ω|Δ)[-‐–−]?\d{1,2}\b|\b(?:[A-Z][a-z]?){1,4}\([0-4]{3}\)"
    r"|\[\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,20}\](?![\d°%])"
)
"""Identifiers, standards, places of atoms, planes of crystals, references in brackets (not "CI [12, 25]")."""
_year_end = re.compile(r"[a-z]?\s?(?:[)\],;–-]|$)|\s(?:to|and)\s(?:19|20)")
_head_factor = re.compile(r"[(\[,]\s?(?P<times>[×x]\s?)?$")
_per_volume = re.compile(r"\s?/\s?(?:[mµμ]?[lL]|mm3)(?!\w)")
_flat_power = re.compile(r"10(?:[3-9]|1[0-2])")
"""A power whose superscript was lost, "103/µL"; "100/mL" is an amount."""
_interval = re.compile(r"(?:[=∈:]|\bCI|[Rr]ange|[Ii]nterval|IQR|\b(?:of|in|to|from))\s?$")
_heading = re.compile(r"(?:^|\n)(?P<number>\d{1,2}(?:\.\d{1,2}){0,3}\.?)[ \t]+(?=[A-Z][A-Za-z]{2}[^\n]{0,80}\n)")
_enumerator = re.compile(r"(?:^|\n|[:;,.]\s)(?P<number>\(\d{1,2}\)|\d{1,2}\))(?=\s+[a-zA-Z])")
_unit_before = re.compile(r"\d\s?[a-zµμ]{1,4}.$")
ENUMERATED = 80
"""Characters before "2)" in which a bracket may be open that it closes."""
LONGEST_SHORT = 4
"""Letters of an abbreviation: a full stop after "Exp" ends no sentence, one after "study" does."""
WINDOW = 40
"""Characters before a number that tell whether it is a label."""


def label_spans(text: str) -> Iterator[tuple[int, int]]:
    """Stretches whose numbers are labels: addresses, identifiers, citations in brackets, numbers of headings."""
    for match in _spans.finditer(text):
        if match.group()[0] != "[" or not _interval.search(text[max(0, match.start() - 12) : match.start()]):
            yield match.span()
    for pattern in (_heading, _enumerator):
        for match in pattern.finditer(text):
            line_end = text.find("\n", match.end())
            line = text[match.end() : line_end if line_end >= 0 else len(text)]
            before = text[max(0, match.start() - ENUMERATED) : match.start()]
            if match["number"][0] != "(" and before.count("(") > before.count(")"):
                continue  # "(deep, 13)"
            if pattern is _enumerator or not line.rstrip().endswith((".", "。")) or "." in match["number"].rstrip("."):
                yield match.span("number")


def label_noun(text: str, start: int, end: int) -> str | None:
    """The word whose label the number at [start, end) is ("experiment" for "Exp. 2"), "" for a label of none.

    None where it may be a value.
    """
    before, after = text[max(0, start - WINDOW) : start], text[end : end + 30]
    last = before[-1:]
    if before.endswith("pH") or (last in "xX" and before[-2:-1].isdigit()):  # "pH7.4", "4x4"
        return None
    if (last.isalpha() and (last.isascii() or "Α" <= last <= "ω")) or last in ("_", "^"):  # "Table S4", "P300", "β2"
        noun = _before.search(before[:-1]) if before[-2:-1].isspace() else None
        return _noun(noun) if noun else ""
    if last == "#" or before.endswith("π/") or (last == "*" and before[-2:-1].isalpha()):  # "#25", "π/4", "HLA-A*02"
        return ""
    if text.startswith("10", start) and _is_of_head(before, text[start:end], after):
        return ""
    if last in ("-", "‐", "‑") and before[-2:-1].isalpha() and not _unit_before.search(before):
        return ""
    digits = text[start:end].isdecimal() or not text[start:end].strip("IVX")
    if match := _before_class.search(before):
        return _noun(match)
    written = text[start:end]
    is_year = len(written) == len("1999") and written.isdigit() and "1700" <= written <= "2099"
    match = _before.search(before) or _before_countable.search(before)
    if match and is_year and last in ("(", "[") and _year_end.match(after):
        return "year"  # "an experiment (2011)"
    if match and _names(match, after, digits):
        return _noun(match)
    if _statistic.search(before) and _statistic_end.match(after):
        return "df"
    if _product.search(before) or _compound.match(after) or (text[start:end] in "23" and _dimension.match(after)):
        return ""
    if _ordinal.match(after) and text[start:end].isalpha():
        return ""  # "twenty-first"
    if text[start:end].lower() == "one" and (_pronoun.search(before) or after.startswith(("'s", "’s"))):
        return ""
    if is_year:
        if _citation.search(before) and not re.search(r"(?:=|\bn)\s?\(?$", before):
            return "year"
        if _year_list.search(before):
            return "year"
    decade = after[:1] == "s" and not after[1:2].isalpha() and written.isdigit() and written[-1] == "0"
    return "year" if decade and (len(written) == 4 or _decade.search(before)) else None


def _is_of_head(before: str, written: str, after: str) -> bool:
    """Whether a power of ten is the factor of a column's head: "Cells (× 10⁹/L)"."""
    factor = _head_factor.search(before)
    is_power = not written.isdigit() or _flat_power.fullmatch(written)
    return bool(factor and (factor["times"] or (is_power and _per_volume.match(after))))


def _names(match: re.Match[str], after: str, digits: bool) -> bool:
    """Whether the number names the noun before it: in "this study 20 people", "each day 20 plants" it does not."""
    capital, plural = match["noun"][0].isupper(), match["plural"]
    if after.lstrip()[:1] == "%" or (plural and _number_before.search(match.string, 0, match.start("noun"))):
        return False
    if match.re is _before and match["dot"] and len(match["noun"].lower().removesuffix("l")) > LONGEST_SHORT:
        return False
    if match.group()[-1] in "([" and not _closes.match(after):
        return False  # "in these studies (15 women)"
    if not _ends.match(after) and _determined.search(match.string):
        return False
    if not digits and (plural or _counted.match(after) or not (capital or _ends.match(after))):
        return False
    if match["noun"].lower() != "phase" and _determiner.search(match.string, 0, match.start("noun")):
        return False
    return match.re is _before or not _counted.match(after) or (capital and not plural)


def _noun(match: re.Match[str]) -> str:
    """In small letters; with an s where several numbers may follow."""
    noun = match["noun"].lower()
    return f"{noun[:-3]}ys" if noun.endswith("ies") else noun + ("s" if match["plural"] else "")

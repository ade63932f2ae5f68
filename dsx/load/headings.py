"""Which section a heading opens, judged by its words."""

from __future__ import annotations

import re

NUMBERING = re.compile(r"^\s*(?:(?:\d{1,2}|[IVX]{1,4}|[A-H])(?:\.\d{1,2})*[.):]?\s+(?:\|\s+)?|§\s*)?", re.ASCII)
ANY_CAPTION = re.compile(
    r"\s*(?:Supplement\w*\s+|Extended Data\s+|Appendix\s+|e)?(?:Fig(?:ure|\.)?|FIG\w*\.?|Table|TABLE|Box)\s*S?\d+\w?"
    r"(?:\s*[|.:]?\s|$)"
)
"""Of a figure, a table or a box."""
SPACED = re.compile(r"[^\W\d_](?: [^\W\d_]){3,40}(?=$|\W)")
"""A word whose letters are set apart: "a b s t r a c t"."""
EXPERIMENT = re.compile(
    r"\b(?:experiments?|study|studies)\s*(?:\d{1,2}|[IVX]{1,4}|[A-E]|one|two|three|four|five)\b", re.I
)

EXPERIMENT_HEADING = re.compile(
    rf"(?:.{{0,30}}\b(?:of|for|in|:) )?{EXPERIMENT.pattern}"
    r"(?:[.:–—(-].*|\s(?!.*,)(?!.*\b(?:we|was|were|did|is|are|in the)\b).*)?",
    re.I,
)
_people = (
    r"(?:participants?|subjects?|volunteers?|observers?|students?|adults?|patients?|children|individuals|people|persons|men"
    r"|women|players|controls)\b"
)
_count = (
    r"(?:\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|[a-z]+teen|twenty|thirty|forty|fifty|sixty"
    r"|seventy|eighty|ninety|hundred)"
)
PEOPLE = re.compile(rf"\b{_count}(?:[\s-]++\w[\w-]{{0,40}}+){{0,4}}?\s+{_people}", re.I)
ENROLLED = re.compile(
    r"\b(?:recruited|consent|took part|participated|enrol+ed|right-handed|vision|were paid|ethics|volunteered|aged?|"
    r"course credit|years)\b",
    re.I,
)

TAIL = r"(?:,? (?:and|&) .{1,40})*"
KINDS: dict[str, tuple[str, ...]] = {
    "abstract": (r"(?:graphical |structured )?abstract|summary|significance(?: statement)?",),
    "introduction": (r"(?:general )?introduction|background",),
    "methods": (
        r"(?:(?:general|experimental|online|star|supplementary|supplemental) )*(?:★ ?)?"
        r"(?:materials?,? (?:and|&|/) methods?|methods? (?:and|&|/) materials?|methods?|methodology"
        r"|experimental procedures?|materials? (?:and|&) procedures?)(?: summary| section)?",
        r"(?:(?:patients?|subjects?|participants?|animals?|samples?|data|people|populations?|materials?|study design"
        r"|design),? ?(?:and|&|/|,) ?)+(?:(?:study|research|clinical|experimental) )?(?:methods?|methodology)",
        r"methods? ?(?:and|&|/|,) ?(?:study )?(?:design|analys[ie]s|procedures?|participants|patients|subjects)",
        r"(?:research|study) (?:designs? (?:and|&) )?(?:methods?|methodology)(?: (?:and|&) procedures?)?",
        r"(?:design|methods?) of the study|experimental(?: section| methods?| part)?|experimental and methods?",
    ),
    "participants": (
        r"(?:(?:human|study|experimental) )*"
        r"(?:participants?|subjects?|observers?|volunteers?|patients?|animals?|sample)"
        rf"(?:{TAIL}| (?:details?|characteristics|information|demographics|and recruitment))",
        r".{1,40} (?:and|&) (?:participants|subjects)|study population|demographics",
    ),
    "apparatus": (
        rf"(?:experimental )?(?:apparatus|set-?up|equipment|materials?|stimuli|devices?){TAIL}",
        r".{1,30} (?:and|&) (?:apparatus|set-?up|equipment)",
    ),
    "procedure": (
        r"(?:(?:general|experimental|task|trial|testing|training) )*"
        rf"(?:procedures?|protocols?|tasks?|paradigms?|design|schedule|conditions){TAIL}",
        r".{1,30} (?:and|&) (?:procedures?|protocol|task|design)|study design",
        r"experimental (?:task|design|paradigm|procedure).{0,30}",
    ),
    "analysis": (
        r"(?:(?:statistical|data|kinematic|behaviou?ral|movement|model) )*(?:data )?"
        rf"(?:analys[ie]s|statistics|processing|statistical tests)(?:{TAIL}| (?:of|for) .{{1,40}})",
        r"statistical analys[ie]s.{0,40}|computational model(?:l?ing)?",
    ),
    "results": (r"(?:general |experimental )?results?(?: (?:and|&) discussion)?|findings",),
    "discussion": (
        r"(?:general |interim |overall )?discussions?(?: (?:and|&) conclusions?)?",
        r"conclusions?|concluding remarks|limitations",
    ),
    "references": (r"references?(?: cited| (?:and|&) notes)?|bibliography|literature(?: cited)?|works cited",),
    "acknowledgements": (
        r"acknowledge?ments?|funding(?: (?:information|sources?|statement))?|grants?|disclosures?",
        r"author(?:s|[’']s|s[’'])? contributions?(?: statement)?|author notes?|endnotes?",
        r"ethics(?: statement)?|credit .{0,40}",
        r"(?:conflicts? of|competing|declaration of(?: competing)?) (?:financial )?interests?"
        r"(?: (?:statement|declaration|disclosure))?",
        r"data (?:and code |and materials )?(?:availability|accessibility)(?: statement)?|code availability",
        r"additional information|synthesis",
    ),
    "supplement": (
        r"(?:supplement(?:ary|al)?|supporting)(?: (?:information|materials?|data|methods|results|figures))?",
        r"appendi(?:x|ces).{0,40}",
    ),
}
PATTERNS = tuple((kind, re.compile(rf"(?:{'|'.join(parts)})[.:]?", re.I)) for kind, parts in KINDS.items())

MAIN = ("abstract", "introduction", "methods", "results", "discussion", "references", "acknowledgements", "supplement")
"""Kinds that are the main sections of a paper."""


def heading_kind(title: str) -> str:
    """The kind of section that `title` opens, its numbering set aside; "other" where the words tell nothing."""
    title = " ".join(title.split())
    words = title if SPACED.match(title) else NUMBERING.sub("", title, count=1)
    letters = re.sub(r"(?<=\b[^\W\d_]) (?=[^\W\d_]\b)", "", words)
    for kind, pattern in PATTERNS:
        if pattern.fullmatch(words) or pattern.fullmatch(letters):
            return kind
    return "experiment" if EXPERIMENT_HEADING.fullmatch(words) else "other"


def counts_people(paragraph: str) -> bool:
    """Whether a paragraph says how many people took part, and how they came to."""
    start = paragraph[:600]
    return PEOPLE.search(start) is not None and ENROLLED.search(start) is not None

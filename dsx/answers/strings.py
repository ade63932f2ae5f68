"""The inside of a string: whether it shows where the string ends, or that it was read past its end."""

from __future__ import annotations

import re

from dsx.answers.patterns import SWALLOWED

ESCAPE = re.compile(r"\\.", re.DOTALL)
DOUBLE = re.compile(r'["“”]')
NEIGHBOURS = re.compile(r"['‘’][^\w'‘’]*+['‘’]")
EDGE = re.compile(r"^\s*+['‘’]|['‘’][\s,:;]*+$|,\s++$")
HOLLOW = re.compile(r"\{\s*+\}\s*+$")
COMMA_BY_APOSTROPHE = re.compile(r"['‘’]\s*+,|,\s*+[^\w\s]?['‘’]")
COMMA_AT_LINE_END = re.compile(r",[^\S\n]*+\n")
BRACES_AFTER_BLANKS = re.compile(r"(?<!\s)(\s++)\}[\s}]*+")
PARTNER = {'"': '"', "“": "”"}
BEFORE_OPENING = " \t\r\n([-–—/"
PAIRS = {"}": "{", "]": "["}
ODD_ENDS = ",:;'’‘`´{[(<\\/#=|\"“"
"""What no sentence ends in: at the end of a string without its closing quote it stands for that quote, or for more."""


def is_ambiguous(inner: str, opener: str, closer: str, ends_text: bool, truncated: bool) -> bool:
    """Unescaped quotes inside that do not pair, or an end that looks like something else: no way to know the string.

    ends_text: nothing follows the string. truncated: the text ends inside it.
    """
    bare = ESCAPE.sub("", inner)
    last = bare.rstrip()[-1:]
    if not closer and (
        last == "," or (not truncated and (last in ODD_ENDS or HOLLOW.search(bare) or not brackets_balance(bare)))
    ):
        return True
    if opener[-1] in "'‘’":
        if EDGE.search(bare) or NEIGHBOURS.search(bare):
            return True
        return ("'" in bare or '"' in bare) and SWALLOWED.search(bare) is not None
    if not DOUBLE.search(bare):
        return False
    return not closer or ends_text or not quotes_pair(bare) or SWALLOWED.search(bare) is not None


def may_be_several(inner: str, opener: str) -> bool:
    """An item of a list that might be two of them."""
    bare = ESCAPE.sub("", inner)
    if opener[-1] in "'‘’" and COMMA_BY_APOSTROPHE.search(bare):
        return True
    return ("," in bare and DOUBLE.search(bare) is not None) or COMMA_AT_LINE_END.search(bare) is not None


def quotes_pair(bare: str) -> bool:
    """The double quotes inside open before a word and close after one, in turn."""
    opened = ""
    for match in DOUBLE.finditer(bare):
        before, after = bare[max(match.start() - 1, 0) : match.start()], bare[match.end() : match.end() + 1]
        if opened:
            right = match.group() == PARTNER[opened] and not before.isspace() and not after.isalnum()
        else:
            right = match.group() in PARTNER and before.strip(BEFORE_OPENING) == "" and after.strip() != ""
        if not right:
            return False
        opened = "" if opened else match.group()
    return not opened


def closes_otherwise(inner: str) -> bool:
    """The last character is a quote of another make than the string's opening one, and can be nothing else.

    An apostrophe is something else after an s or a digit, and where words inside stand between apostrophes.
    """
    if inner[-1] in "“”":
        return True
    apostrophe = inner[-1] in "'’" and (inner[-2:-1].isalpha() or inner[-2] in ".!?)%°") and inner[-2] not in "sS"
    return apostrophe and not re.search(r"(?<!\w)['‘’]", inner[:-1])


def brackets_balance(bare: str) -> bool:
    """Its brackets pair, round ones aside."""
    stack: list[str] = []
    for character in re.findall(r"[{}\[\]]", bare):
        if character in "{[":
            stack.append(character)
        elif not stack or stack.pop() != PAIRS[character]:
            return False
    return not stack


def closing_braces(text: str, content: int, wanted: int) -> int | None:
    """Where the string that begins at `content` ends, if the text's last `wanted` braces close what is open around it.

    A brace that balances one inside the string is its own: "{so}" cut off closes nothing.
    """
    end = len(text)
    for _ in range(wanted):
        end = len(text[content:end].rstrip()) + content
        if end == content or text[end - 1] != "}":
            return None
        end -= 1
    inner = text[content:end].rstrip()
    return content + len(inner) if brackets_balance(inner) else None


def lost_close(text: str, content: int, before: int) -> int | None:
    """Where a string ended whose closing quote is missing: before the braces and the comma that stand at `before`."""
    inner = text[content:before].rstrip()
    if not inner.endswith(","):
        return None
    inner = inner[:-1].rstrip()
    body = inner.rstrip("}")
    closing = max(body.count("{") - body.count("}"), 0)  # braces that balance those inside
    inner = inner[: len(body) + closing]
    return content + len(inner.rstrip())


def braces_on_a_line(text: str, content: int, before: int, wanted: int) -> int | None:
    """Where `wanted` brackets, that close all that is open, begin on a line of their own."""
    for braces in BRACES_AFTER_BLANKS.finditer(text, content, before):
        if "\n" in braces.group(1):
            return braces.start() if braces.group().count("}") == wanted else None
    return None

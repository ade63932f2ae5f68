"""Marks of Markdown in a line: links, escaped signs, formulas; and the blocks of code that are no Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dsx.load.tex import OF_FORMULA, formula_text

LINK = re.compile(
    r"!?\[((?:[^\[\]\\\n]|\\.|\[[^\[\]\n]{0,200}\]){0,300}+)\]\([^()\s]{0,400}+(?:\s+\"[^\"\n]{0,200}\")?\)"
    r"(?:\{[#.:][^{}\n]{0,200}\})?"
)
NOTE = re.compile(r"\[\^([\w-]{1,20})\]")
TIE = re.compile(r"(?<=\S)\\ (?=\S)")
ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
BELOW = re.compile(r"(?<=[^\s~])~([^\s~]{1,12})~(?!~)")
"""What Pandoc sets as a subscript: H~2~O."""
FORMULA = re.compile(r"\$\$([^$]{1,1000})\$\$|\$(?=\S)([^$\n]{1,300}+)(?<!\s)\$(?!\d)")
SET_APART = re.compile(r"\\([(\[])([^\n]{1,300}?)\\[)\]]")
"""A formula in LaTeX's own brackets, or brackets that are no Markdown."""
BREAK = re.compile(r"([*_-])(?:[ \t]*\1){2,}")
FENCE = re.compile(r"[ \t]*(```|~~~)")
RUN_IN = re.compile(r"(\*{1,3}|_{1,2})(?=\S)([^*_]{2,60}+)\1([.:]?)\s+(?=[A-Z\d])")
"""A run-in heading: "**Participants.** Forty …"."""


CAPTION_MARK = re.compile(r"(?:[Tt]able)?:[ \t]++(?=\S)")
"""What Pandoc sets before the caption of a table, which it writes below the table."""
NOTE_MARK = re.compile(r"\[\^[\w-]{1,20}\]:[ \t]")


def inline(text: str) -> str:
    """Text whose links are their words and whose formulas are text; emphasis stays as it is printed."""
    text = SET_APART.sub(lambda found: formula_text(found[2]) if OF_FORMULA.search(found[2]) else found[0], text)
    if "$" in text:
        text = FORMULA.sub(lambda found: formula_text(found[1] or found[2]), text)
    if "~" in text:
        text = BELOW.sub(r"\1", text)
    if "[" in text:
        text = NOTE.sub(r"^\1", LINK.sub(r"\1", text))
    return ESCAPE.sub(r"\1", TIE.sub(" ", text)) if "\\" in text else text


def whole_tables(text: str) -> str:
    """Text in which no blank line stands within a <table>."""
    pieces, at = [], 0
    while (start := text.find("<table", at)) >= 0 and (end := text.find("</table>", start)) >= 0:
        pieces += [text[at:start], *filter(str.strip, text[start:end].splitlines(keepends=True))]
        at = end
    return "".join(pieces) + text[at:]


def parts(text: str) -> Iterator[tuple[bool, str]]:
    """Whether it is code, and the text, of each part that fences (```) make; without the fences."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        found = FENCE.match(line)
        if found and (not fence or found[1] == fence):
            yield bool(fence), "\n".join(lines)
            lines, fence = [], "" if fence else found[1]
        else:
            lines.append(line)
    yield False, "\n".join(lines)  # one that is never closed is none


FIELD = re.compile(r"([A-Za-z_][\w-]*):[ \t]*(.*)")
ITEM = re.compile(r"^[ \t]*-[ \t]++(?:\{?[ \t]*name:[ \t]*)?(?![-\w]+:[ \t])([^\s-].*)")
GOES_ON = re.compile(r"^[ \t]+([^\s-].*)")
REMARK = re.compile(r"(?:^|(?<![ \t])[ \t]+)#.*")
FRONT_NAMES = {"title": "title", "author": "authors", "authors": "authors", "doi": "doi"}
FOLDED = frozenset(("|", "|-", "|+", ">", ">-", ">+"))
"""Their value is the indented lines that follow."""


def front_matter(matter: str) -> dict[str, str]:
    """title, authors and doi of the lines between "---" that Pandoc and others read; only what is said."""
    found: dict[str, list[str]] = {}
    name, folded = "", False
    for line in matter.splitlines():
        if field := FIELD.fullmatch(line):
            name, folded = FRONT_NAMES.get(field[1].lower(), ""), field[2].strip() in FOLDED
            value = "" if folded else field[2]
        else:
            said = (GOES_ON if folded else ITEM).fullmatch(line)
            value = said[1] if said else ""
        if name and (value := _scalar(value)):
            found.setdefault(name, []).append(value)
            if folded and name == "title":
                found[name] = [" ".join(found[name])]
    return {name: ", ".join(values) for name, values in found.items()}


def _scalar(value: str) -> str:
    """The text of a value of YAML on one line; "" for null, and for what only names another value."""
    value = value.strip()
    if value[:1] in ("'", '"'):
        end = value.rfind(value[0])
        return value[1:end].replace("''", "'") if end else value[1:]
    value = REMARK.sub("", value).strip("[]{} \t")
    return "" if value in ("~", "null", "Null", "NULL") or value[:1] in ("&", "*", "!") else value.strip("\"'")

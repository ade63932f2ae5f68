"""Finds the tokens of JSON that is not quite JSON: knows where strings begin and end whatever their quotes.

Valid JSON is scanned exactly as JSON. Elsewhere a string ends at the first quote after which the object can go on
(a brace, or a comma and the next key), so an apostrophe or an unescaped quote inside it does not end it. What can be
read in two ways is marked `torn`, and no repair touches it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Kind = Literal["open", "close", "colon", "comma", "string", "bare", "comment"]

QUOTE = r"""(?:\\?["'“”„‘’])"""
NAME = r"""[^"'“”‘’:,{}\[\]\n\\]{1,80}"""
QUOTED_KEY = rf"{QUOTE}{NAME}{QUOTE}\s*:"
# Without quotes a key is one word, and a value must begin after the colon.
WORD_KEY = rf"""[A-Za-z_][\w.-]{{0,60}}["'”’]?\s*:\s*(?:{QUOTE}|[{{\[\d−+.-]|[A-Za-z])"""
SURE_WORD_KEY = rf"[A-Za-z_][\w.-]{{0,60}}\s*:\s*(?:{QUOTE}|[{{\[])"
CUT_KEY = rf"{QUOTE}[\w. -]*{QUOTE}?\s*$"  # the text ends inside a key, or before its colon
KEY = rf"(?:{QUOTED_KEY}|{WORD_KEY}|{CUT_KEY})"
COMMENT = r"(?://|/\*|\#)"
COMMA_LOST = rf"[ \t]*\n\s*{KEY}|\s*{QUOTED_KEY}|\s+{SURE_WORD_KEY}"
GOES_ON = rf",\s*(?:{KEY}|\}}|{COMMENT}|$)|{COMMENT}|$"
AFTER_MEMBER = re.compile(rf"\s*(?:\}}\s*(?:[,}}\]]|$|{COMMENT}|```|{KEY})|\]|{GOES_ON})|{COMMA_LOST}")
AFTER_LAST_MEMBER = re.compile(rf"\s*(?:\}}|{GOES_ON})|{COMMA_LOST}")
AFTER_ITEM = re.compile(
    rf"\s*(?:\]|,\s*(?:{QUOTE}|[\d{{\[\]−+.-]|null|true|false|None|True|False|{COMMENT}|$)|{COMMENT}|$)"
)
SWALLOWED = re.compile(rf"(?:[{{,\n]\s*{WORD_KEY}|\s{SURE_WORD_KEY}|{QUOTED_KEY})")
LOOSE_KEY = re.compile(rf"({QUOTE}?)({NAME}?)({QUOTE}?)\s*(?=:)")
STRICT_KEY = re.compile(r'"((?:[^"\\\n]|\\.)*)"(?=\s*:)')
CUT = re.compile(rf"{CUT_KEY}|\w+\s*$")
TWO_COMMAS = re.compile(r",\s*,")
NEXT_KEY = re.compile(KEY)
NEW_LINE = re.compile(rf"\s*(?:{KEY}|[}}\]]|$)")
OPENER = re.compile(QUOTE)
SPACE = re.compile(r"\s*")
COLON = re.compile(r"\s*:")
COMMENT_TOKEN = re.compile(r"//[^\n]*|/\*.*?(?:\*/|$)|\#[^\n]*", re.DOTALL)
BARE_END = re.compile(rf"[,}}\]\n]|//|/\*|\s\#|\s(?=\s*{QUOTED_KEY})|\s(?={SURE_WORD_KEY})")
STRAY = re.compile(r"[^\s,:{}\[\]\"]+|.")
WHOLE_WORDS = ("null", "true", "false", "None", "True", "False")
# Closing quotes by opening quote; a backslash takes the next character with it.
CLOSERS = {
    '"': re.compile(r'\\.|"', re.DOTALL),
    "'": re.compile(r"\\.|'", re.DOTALL),
    '\\"': re.compile(r'\\\\\\"|\\\\.|\\"|\\.', re.DOTALL),
    "\\'": re.compile(r"\\\\\\'|\\\\.|\\'|\\.", re.DOTALL),
}
DOUBLE_CURLY = re.compile(r'\\.|[“”"]', re.DOTALL)
SINGLE_CURLY = re.compile(r"\\.|[‘’']", re.DOTALL)
KEY_BEFORE_COLON = re.compile(NAME)
MISSING_CLOSE = re.compile(r"\s*(\}*)\s*,\s*$")
TRAILING_BRACES = re.compile(r"[\s}]*\}[\s}]*$")
BRACES_ON_A_LINE = re.compile(r"\s*\n\s*\}[\s}]*")


@dataclass(frozen=True, slots=True)
class Token:
    """`text[start:end]`. A string's content is `text[inner[0]:inner[1]]`; opener or closer is "" where it is missing.

    role: what stands here in the structure. wide: a brace that is doubled.
    """

    kind: Kind
    start: int
    end: int
    role: Literal["key", "value", "none"] = "none"
    opener: str = ""
    closer: str = ""
    inner: tuple[int, int] = (0, 0)
    wide: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """tokens of one value from `start` to `end`.

    closed: its last bracket is there. torn: somewhere it can be read in two ways. clipped: the text ends inside the
    last token, or right after one that more characters might have gone on.
    """

    tokens: tuple[Token, ...]
    start: int
    end: int
    closed: bool
    torn: bool
    clipped: bool


@dataclass(slots=True)
class _Frame:
    bracket: str
    wide: bool
    expect: Literal["key", "colon", "value", "after"]


ROOT = re.compile(r"\{|\[\s*(?=[{\]])")


DEEPEST = 24
"""Brackets inside brackets; an answer needs four."""


@lru_cache(maxsize=64)
def scan(text: str, start: int = 0) -> Scan | None:
    """Scans the first object (or list of objects) at or after `start`; None where there is none."""
    root = ROOT.search(text, start)
    return _Scanner(text, root.start()).run() if root else None


class _Scanner:
    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start
        self.at = start
        self.tokens: list[Token] = []
        self.frames: list[_Frame] = []
        self.torn = False
        self.clipped = False

    def run(self) -> Scan:
        text, length = self.text, len(self.text)
        while True:
            self.at = SPACE.match(text, self.at).end()  # type: ignore[union-attr]
            if self.at >= length:
                break
            self.step(text[self.at])
            if len(self.frames) > DEEPEST:
                self.torn = True
                break
            if not self.frames:
                return Scan(tuple(self.tokens), self.start, self.at, True, self.torn, False)
        return Scan(tuple(self.tokens), self.start, length, False, self.torn, self.clipped)

    def step(self, character: str) -> None:
        comment = COMMENT_TOKEN.match(self.text, self.at) if character in "/#" else None
        if comment:
            self.torn |= bool(re.search(QUOTED_KEY, comment.group()))
            self.put("comment", comment.end())
        elif character in "{[":
            self.open(character)
        elif character in "}]":
            self.close(character)
        elif character == ":":
            self.put("colon", self.at + 1)
            self.frames[-1].expect = "value"
        elif character == ",":
            self.put("comma", self.at + 1)
            self.frames[-1].expect = "key" if self.frames[-1].bracket == "{" else "value"
        elif self.frames[-1].expect == "key":
            self.key()
        elif self.frames[-1].expect == "value":
            opener = OPENER.match(self.text, self.at)
            self.string(opener.group()) if opener else self.bare()
        else:
            self.after()

    def put(self, kind: Kind, end: int, **more: object) -> None:
        self.tokens.append(Token(kind, self.at, end, depth=len(self.frames), **more))  # type: ignore[arg-type]
        self.at = end

    def open(self, bracket: str) -> None:
        frame = self.frames[-1] if self.frames else None
        last = self.tokens[-1] if self.tokens else None
        if (
            bracket == "{" and frame and frame.expect == "key" and frame.bracket == "{"
            and last and last.kind == "open" and last.end == self.at and not frame.wide
        ):  # fmt: skip
            frame.wide = True
            self.tokens[-1] = Token("open", last.start, self.at + 1, wide=True, depth=last.depth)
            self.at += 1
            return
        if frame:
            frame.expect = "after"
        self.put("open", self.at + 1)
        self.frames.append(_Frame(bracket, False, "key" if bracket == "{" else "value"))

    def close(self, bracket: str) -> None:
        frame = self.frames[-1]
        wide = bracket == "}" and frame.wide and self.text.startswith("}}", self.at)
        self.torn |= (frame.bracket == "{") != (bracket == "}")
        self.frames.pop()
        self.put("close", self.at + (2 if wide else 1), wide=wide)

    def key(self) -> None:
        strict = STRICT_KEY.match(self.text, self.at)
        if strict:
            self.put("string", strict.end(), role="key", opener='"', closer='"', inner=strict.span(1))
        else:
            loose = LOOSE_KEY.match(self.text, self.at)
            if not loose:
                self.no_key()
                return
            opener, closer = loose.group(1), loose.group(3)
            kind: Kind = "string" if opener or closer else "bare"
            self.put(kind, loose.end(3), role="key", opener=opener, closer=closer, inner=loose.span(2))
        self.frames[-1].expect = "colon"

    def no_key(self) -> None:
        """The text ends inside a key, or a key is expected and something else comes."""
        if CUT.match(self.text, self.at):
            self.clipped = True
            self.put("bare", len(self.text))
        else:
            self.after()

    def after(self) -> None:
        """Something where nothing can stand: a comma may be missing before a key, else it is torn."""
        frame = self.frames[-1]
        if frame.expect == "after" and frame.bracket == "{" and NEXT_KEY.match(self.text, self.at):
            frame.expect = "key"
            self.key()
            return
        if frame.expect == "colon" or (frame.expect == "after" and frame.bracket == "["):
            opener = OPENER.match(self.text, self.at)
            self.string(opener.group()) if opener else self.bare()
            return
        self.torn = True
        self.put("bare", STRAY.match(self.text, self.at).end())  # type: ignore[union-attr]

    def bare(self) -> None:
        """A number, a word, or a string without its opening quote."""
        text, frame = self.text, self.frames[-1]
        if self.opening_lost():
            return
        end = len(text)
        for match in BARE_END.finditer(text, self.at):
            if self.bare_ends(match, frame.bracket):
                end = match.start()
                break
        cut = end == len(text)
        end = self.at + len(text[self.at : end].rstrip())
        inner_end, closer = end, ""
        if end > self.at + 1 and text[end - 1] in "\"'”’":
            closer, inner_end = text[end - 1], end - 1
            inner_end -= text[inner_end - 1] == "\\"
        if end == self.at:  # nothing stands here
            self.torn = True
            end = inner_end = self.at + 1
        self.torn |= any(quote in text[self.at : inner_end] for quote in '"“”')
        self.clipped = cut and end == len(text) and not closer and text[self.at : end] not in WHOLE_WORDS
        frame.expect = "after"
        kind: Kind = "string" if closer else "bare"
        self.put(kind, end, role="value", closer=closer, inner=(self.at, inner_end))

    def opening_lost(self) -> bool:
        """Words up to a quote after which the object goes on: a string whose opening quote is missing."""
        end = re.compile(r"[\"'”]").search(self.text, self.at)
        words = self.text[self.at : end.start()] if end else ""
        if not end or not words[0].isalpha() or "\n" in words or SWALLOWED.search(words) or words in WHOLE_WORDS:
            return False
        if not self.follows().match(self.text, end.end()):
            return False
        self.frames[-1].expect = "after"
        stop = end.start() - words.endswith("\\")
        self.put("string", end.end(), role="value", closer=end.group(), inner=(self.at, stop))
        return True

    def follows(self) -> re.Pattern[str]:
        """What comes after a value here."""
        if self.frames[-1].bracket == "[":
            return AFTER_ITEM
        return AFTER_LAST_MEMBER if len(self.frames) == 1 else AFTER_MEMBER

    def bare_ends(self, match: re.Match[str], bracket: str) -> bool:
        if match.group() == "\n":
            return bool(NEW_LINE.match(self.text, match.start()))
        if match.group().isspace() or bracket == "[" or match.group() != ",":
            return True
        return bool(AFTER_MEMBER.match(self.text, match.start()) or TWO_COMMAS.match(self.text, match.start()))

    def string(self, opener: str) -> None:
        """A value in quotes: tries its own closing quote first, then a closing quote of another make."""
        content = self.at + len(opener)
        for closers in self.closers(opener):
            found = self.find_close(content, closers)
            if found:
                inner_end, end, closer = found
                break
        else:
            inner_end, end, closer = self.unclosed(content)
        inner = self.text[content:inner_end]
        self.torn |= self.doubtful(inner, opener, closer, end)
        self.frames[-1].expect = "after"
        self.put("string", end, role="value", opener=opener, closer=closer, inner=(content, inner_end))

    def doubtful(self, inner: str, opener: str, closer: str, end: int) -> bool:
        """Unescaped quotes inside, and no way to know which of them ends the string."""
        bare = re.sub(r"\\.", "", inner, flags=re.DOTALL)
        if not closer and bare.rstrip().endswith(","):
            return True
        if opener[-1] in "'‘’":
            at_edge = re.search(r"^\s*['‘’]|['‘’][\s,:;]*$|,\s+$", bare) is not None
            return at_edge or (("'" in bare or '"' in bare) and SWALLOWED.search(bare) is not None)
        if not re.search(r'["“”]', bare):
            return False
        unpaired = bare.count("“") != bare.count("”") or (closer != "”" and bare.count('"') % 2 == 1)
        return unpaired or not closer or '""' in bare or not self.text[end:].strip() or bool(SWALLOWED.search(bare))

    def closers(self, opener: str) -> tuple[re.Pattern[str], ...]:
        if opener in CLOSERS:
            return (CLOSERS[opener], DOUBLE_CURLY) if opener == '"' else (CLOSERS[opener],)
        return (DOUBLE_CURLY,) if opener[-1] in "“”„" else (SINGLE_CURLY,)

    def find_close(self, content: int, closers: re.Pattern[str]) -> tuple[int, int, str] | None:
        """(end of the content, end of the token, closing quote) of the string that begins at `content`."""
        follows = self.follows()
        before: list[tuple[int, int]] = []
        for match in closers.finditer(self.text, content):
            if match.group()[0] == "\\" and not self.escaped_closer(match.group(), closers):
                continue
            if follows.match(self.text, match.end()):
                return match.start(), match.end(), match.group()
            if before and COLON.match(self.text, match.end()):
                swallowed = self.swallowed(content, before, match.start())
                if swallowed or self.torn:
                    return swallowed
            before.append(match.span())
        return None

    @staticmethod
    def escaped_closer(found: str, closers: re.Pattern[str]) -> bool:
        return found in ('\\"', "\\'") and (closers is CLOSERS['\\"'] or closers is CLOSERS["\\'"])

    def swallowed(self, content: int, before: list[tuple[int, int]], colon_quote: int) -> tuple[int, int, str] | None:
        """Where this value ended, if the quote at `colon_quote` closes the key after it."""
        key_start, key_inner = before[-1]
        if not KEY_BEFORE_COLON.fullmatch(self.text, key_inner, colon_quote):
            return None
        if len(before) > 1 and not self.text[before[-2][1] : key_start].strip():
            return before[-2][0], before[-2][1], self.text[before[-2][0] : before[-2][1]]  # the comma is missing
        lost = self.braces_on_a_line(content, key_start) or MISSING_CLOSE.search(self.text, content, key_start)
        if not lost:
            self.torn = True
            return None
        if self.text[lost.start() - 1] in "“”" and lost.start() - 1 > content:  # "…” closes with another make
            return lost.start() - 1, lost.start(), self.text[lost.start() - 1]
        return lost.start(), lost.start(), ""

    def braces_on_a_line(self, content: int, before: int) -> re.Match[str] | None:
        """The brackets that close all that is open, on a line of their own."""
        wanted = sum(1 + frame.wide for frame in self.frames)
        found = BRACES_ON_A_LINE.search(self.text, content, before)
        return found if found and found.group().count("}") == wanted else None

    def unclosed(self, content: int) -> tuple[int, int, str]:
        """The text ends inside the string; unless it ends in brackets, then only the quote is missing."""
        most = sum(1 + frame.wide for frame in self.frames)
        braces = TRAILING_BRACES.search(self.text, content) or self.braces_on_a_line(content, len(self.text))
        if braces and braces.group().count("}") <= most:
            return braces.start(), braces.start(), ""
        self.clipped = True
        return len(self.text), len(self.text), ""

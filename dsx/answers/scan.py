"""Finds the lexemes of JSON that is not quite JSON: knows where strings begin and end whatever their quotes.

Valid JSON is scanned exactly as JSON. Elsewhere a string ends at the first quote after which the object can go on
(a brace, or a comma and the next key), so an apostrophe or an unescaped quote inside it does not end it. What can be
read in two ways is marked `ambiguous`, and no repair touches it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from dsx.answers import patterns, strings
from dsx.answers.patterns import ROOT, WHOLE_WORDS

LexemeKind = Literal["open", "close", "colon", "comma", "string", "bare", "comment"]


class Lexeme(NamedTuple):
    """`text[start:end]`. A string's content is `text[inner[0]:inner[1]]`; opener or closer is "" where it is missing.

    role: what stands here in the structure. doubled: a brace that is doubled.
    """

    kind: LexemeKind
    start: int
    end: int
    role: Literal["key", "value", "none"] = "none"
    opener: str = ""
    closer: str = ""
    inner: tuple[int, int] = (0, 0)
    doubled: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Scan:
    """The lexemes of one value from `start` to `end`.

    closed: its last bracket is there. ambiguous: somewhere it can be read in two ways. truncated: the text ends inside
    the last lexeme, or right after one that more characters might have gone on. work: see MAX_WORK.
    """

    lexemes: tuple[Lexeme, ...]
    start: int
    end: int
    closed: bool
    ambiguous: bool
    truncated: bool
    work: int


@dataclass(slots=True)
class _Frame:
    bracket: str
    doubled: bool
    expect: Literal["key", "colon", "value", "after"]


MAX_DEPTH = 24
"""Brackets inside brackets; an answer needs four."""
MAX_WORK = 1500
"""Lexemes, quotes looked at, each 64 characters of strings. An answer of 512 tokens needs some 500; what needs more
counts as ambiguous."""


@lru_cache(maxsize=128)
def scan(text: str, start: int = 0) -> Scan | None:
    """Scans the first object (or list of objects) at or after `start`; None where there is none."""
    root = ROOT.search(text, start)
    return _Scanner(text, root.start()).run() if root else None


class _Scanner:
    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.start = start
        self.at = start
        self.lexemes: list[Lexeme] = []
        self.frames: list[_Frame] = []
        self.ambiguous = False
        self.truncated = False
        self.work = 0

    def run(self) -> Scan:
        text, length = self.text, len(self.text)
        while True:
            self.at = patterns.SPACE.match(text, self.at).end()  # type: ignore[union-attr]
            if self.at >= length:
                break
            self.step(text[self.at])
            if len(self.frames) > MAX_DEPTH or self.work > MAX_WORK:
                self.ambiguous = True
                break
            if not self.frames:
                return Scan(tuple(self.lexemes), self.start, self.at, True, self.ambiguous, False, self.work)
        return Scan(tuple(self.lexemes), self.start, length, False, self.ambiguous, self.truncated, self.work)

    def step(self, character: str) -> None:
        comment = patterns.COMMENT_TOKEN.match(self.text, self.at) if character in "/#" else None
        if comment:
            self.ambiguous |= bool(patterns.HIDDEN_KEY.search(comment.group()))
            self.put("comment", comment.end())
        elif character in "{[":
            self.open(character)
        elif character in "}]":
            self.close(character)
        elif character == ":":
            self.put("colon", self.at + 1)
            self.frames[-1].expect = "value"
        elif character == ",":
            self.ambiguous |= self.lexemes[-1].kind in ("open", "colon")  # something is missing
            self.put("comma", self.at + 1)
            self.frames[-1].expect = "key" if self.frames[-1].bracket == "{" else "value"
        elif self.frames[-1].expect == "key":
            self.key()
        elif self.frames[-1].expect == "value":
            opener = patterns.OPENER.match(self.text, self.at)
            self.string(opener.group()) if opener else self.bare()
        else:
            self.after()

    def put(self, kind: LexemeKind, end: int, **more: object) -> None:
        self.lexemes.append(Lexeme(kind, self.at, end, depth=len(self.frames), **more))  # type: ignore[arg-type]
        self.work += 1 + 2 * self.ambiguous + (end - self.at) // 64
        self.at = end

    def open(self, bracket: str) -> None:
        frame = self.frames[-1] if self.frames else None
        last = self.lexemes[-1] if self.lexemes else None
        if (
            bracket == "{" and frame and frame.expect == "key" and frame.bracket == "{"
            and last and last.kind == "open" and last.end == self.at and not frame.doubled
        ):  # fmt: skip
            frame.doubled = True
            self.lexemes[-1] = Lexeme("open", last.start, self.at + 1, doubled=True, depth=last.depth)
            self.at += 1
            return
        if frame:
            self.ambiguous |= frame.bracket == "{" and frame.expect != "value"
            frame.expect = "after"
        self.put("open", self.at + 1)
        self.frames.append(_Frame(bracket, False, "key" if bracket == "{" else "value"))

    def close(self, bracket: str) -> None:
        frame = self.frames[-1]
        doubled = bracket == "}" and frame.doubled and self.text.startswith("}}", self.at)
        self.ambiguous |= (frame.bracket == "{") != (bracket == "}")
        self.frames.pop()
        self.put("close", self.at + (2 if doubled else 1), doubled=doubled)

    def key(self) -> None:
        strict = patterns.STRICT_KEY.match(self.text, self.at)
        if strict:
            self.put("string", strict.end(), role="key", opener='"', closer='"', inner=strict.span(1))
        else:
            loose = patterns.LOOSE_KEY.match(self.text, self.at)
            if not loose:
                self.no_key()
                return
            opener, closer = loose.group(1), loose.group(3)
            kind: LexemeKind = "string" if opener or closer else "bare"
            self.put(kind, loose.end(3), role="key", opener=opener, closer=closer, inner=loose.span(2))
        self.frames[-1].expect = "colon"

    def no_key(self) -> None:
        """The text ends inside a key, or a key is expected and something else comes."""
        if patterns.CUT.match(self.text, self.at):
            self.truncated = True
            self.put("bare", len(self.text))
        else:
            self.after()

    def after(self) -> None:
        """Something where nothing can stand: a comma may be missing before a key, else it is ambiguous."""
        frame = self.frames[-1]
        if frame.expect == "after" and frame.bracket == "{" and patterns.NEXT_KEY.match(self.text, self.at):
            frame.expect = "key"
            self.key()
            return
        if frame.expect == "colon" or (frame.expect == "after" and frame.bracket == "["):
            opener = patterns.OPENER.match(self.text, self.at)
            self.string(opener.group()) if opener else self.bare()
            return
        self.ambiguous = True
        self.put("bare", patterns.STRAY.match(self.text, self.at).end())  # type: ignore[union-attr]

    def bare(self) -> None:
        """A number, a word, or a string without its opening quote."""
        text, frame = self.text, self.frames[-1]
        if self.opening_lost():
            return
        end = len(text)
        for match in patterns.BARE_END.finditer(text, self.at):
            self.work += 1
            if self.bare_ends(match, frame.bracket):
                end = match.start()
                break
        end = self.at + len(text[self.at : end].rstrip())
        inner_end, closer = end, ""
        if end > self.at + 1 and text[end - 1] in "\"'”’":
            closer, inner_end = text[end - 1], end - 1
            inner_end -= text[inner_end - 1] == "\\"
        if end == self.at:  # nothing stands here
            self.ambiguous = True
            end = inner_end = self.at + 1
        raw = text[self.at : inner_end]
        sure = raw in WHOLE_WORDS or patterns.PLAIN_NUMBER.fullmatch(raw) is not None
        self.ambiguous |= not sure and (patterns.INNER_END if closer else patterns.INNER_KEY).search(raw) is not None
        self.ambiguous |= closer != "" and not (raw[:1].isalnum() or raw[:1] in "°%−-+.")
        self.ambiguous |= not sure and (any(quote in raw for quote in '"“”') or not strings.brackets_balance(raw))
        self.ambiguous |= frame.bracket == "[" and (not sure or closer != "")  # one item, or a part of one?
        rest = patterns.SPACE.match(text, end).end()  # type: ignore[union-attr]
        self.ambiguous |= (
            not sure and (not closer or rest == end) and patterns.COMMENT_TOKEN.match(text, rest) is not None
        )
        cut = rest == len(text) and not closer and raw not in WHOLE_WORDS
        self.truncated = cut and (end == len(text) or not sure)
        frame.expect = "after"
        kind: LexemeKind = "string" if closer else "bare"
        self.put(kind, end, role="value", closer=closer, inner=(self.at, inner_end))

    def opening_lost(self) -> bool:
        """Words up to a quote after which the object goes on: a string whose opening quote is missing."""
        end = patterns.LOST_OPENING.match(self.text, self.at) if self.text[self.at].isalpha() else None
        words = end.group()[:-1] if end else ""
        if not end or words in WHOLE_WORDS or not self.follows(end.end()):
            return False
        if patterns.SWALLOWED.search(words):
            return False
        self.ambiguous |= self.frames[-1].bracket == "[" and "," in words
        self.ambiguous |= self.text[end.end() : end.end() + 1] in ("#", "/")
        self.frames[-1].expect = "after"
        stop = end.end() - 1 - words.endswith("\\")
        self.put("string", end.end(), role="value", closer=end.group()[-1], inner=(self.at, stop))
        return True

    def follows(self, at: int) -> bool:
        """Whether there stands what comes after a value here."""
        if self.frames[-1].bracket == "[":
            return bool(patterns.AFTER_ITEM.match(self.text, at))
        if len(self.frames) == 1:
            return bool(patterns.AFTER_LAST_MEMBER.match(self.text, at))
        return bool(patterns.AFTER_MEMBER.match(self.text, at))

    def bare_ends(self, match: re.Match[str], bracket: str) -> bool:
        if match.group()[0] not in ",}]/":  # blanks
            ends = "\n" in match.group() and patterns.NEW_LINE.match(self.text, match.end())
            return bool(ends or patterns.AFTER_BLANKS.match(self.text, match.end()))
        if bracket == "[" or match.group() != ",":
            return True
        start = match.start()
        return bool(patterns.AFTER_MEMBER.match(self.text, start) or patterns.TWO_COMMAS.match(self.text, start))

    def string(self, opener: str) -> None:
        """A value in quotes: tries its own closing quote first, then a closing quote of another make."""
        content = self.at + len(opener)
        for closers in self.closers(opener):
            closing = self.find_close(content, closers)
            if closing:
                inner_end, end, closer = closing
                break
        else:
            inner_end, end, closer = self.unclosed(content)
        inner = self.text[content:inner_end]
        if closer and inner.rstrip().endswith(","):  # with no comma behind it, that one may have stood there
            self.ambiguous |= not patterns.GOES_ON_PLAINLY.match(self.text, end)
        self.ambiguous |= self.text[end : end + 1] in ("#", "/")  # a comment, or what was in the string?
        ended = patterns.ENDED_EARLIER.search(inner)
        self.ambiguous |= ended is not None and closer in ("", ended[1])
        self.ambiguous |= self.frames[-1].bracket == "[" and strings.may_be_several(inner, opener)
        self.ambiguous |= strings.is_ambiguous(
            inner, opener, closer, not self.text[end : end + 200].strip(), self.truncated
        )
        self.frames[-1].expect = "after"
        self.put("string", end, role="value", opener=opener, closer=closer, inner=(content, inner_end))

    def closers(self, opener: str) -> tuple[re.Pattern[str], ...]:
        if opener in patterns.CLOSERS:
            return (patterns.CLOSERS[opener], patterns.DOUBLE_CURLY) if opener == '"' else (patterns.CLOSERS[opener],)
        return (patterns.DOUBLE_CURLY,) if opener[-1] in "“”„" else (patterns.SINGLE_CURLY,)

    def find_close(self, content: int, closers: re.Pattern[str]) -> tuple[int, int, str] | None:
        """(end of the content, end of the lexeme, closing quote) of the string that begins at `content`."""
        before: list[tuple[int, int]] = []
        for match in closers.finditer(self.text, content):
            self.work += 1
            if self.work > MAX_WORK:
                break
            if match.group()[0] == "\\" and not self.escaped_closer(match.group(), closers):
                continue
            if self.follows(match.end()):
                return match.start(), match.end(), match.group()
            in_list = self.frames[-1].bracket == "[" and match.group() == self.text[content - 1] == '"'
            if in_list and patterns.NEXT_ITEM.match(self.text, match.end()):
                return match.start(), match.end(), match.group()
            if before and patterns.COLON.match(self.text, match.end()):
                swallowed = self.swallowed(content, before, match.start())
                if swallowed or self.ambiguous:
                    return swallowed
            before.append(match.span())
        self.work += (len(self.text) - content) // 64
        return None

    @staticmethod
    def escaped_closer(quote: str, closers: re.Pattern[str]) -> bool:
        return quote in ('\\"', "\\'") and (closers is patterns.CLOSERS['\\"'] or closers is patterns.CLOSERS["\\'"])

    def swallowed(self, content: int, before: list[tuple[int, int]], colon_quote: int) -> tuple[int, int, str] | None:
        """Where this value ended, if the quote at `colon_quote` closes the key after it."""
        key_start, key_inner = before[-1]
        if not patterns.KEY_BEFORE_COLON.fullmatch(self.text, key_inner, colon_quote):
            return None
        if len(before) > 1 and not self.text[before[-2][1] : key_start].strip():
            return before[-2][0], before[-2][1], self.text[before[-2][0] : before[-2][1]]  # the comma is missing
        lost = strings.braces_on_a_line(self.text, content, key_start, self.braces_open())
        if lost is None:
            lost = strings.lost_close(self.text, content, key_start)
        if lost is None:
            self.ambiguous = True
            return None
        return self.without_close(content, lost)

    def without_close(self, content: int, lost: int) -> tuple[int, int, str]:
        """The string ends at `lost` without its quote, or with one of another make."""
        if lost - 1 > content and strings.closes_otherwise(self.text[content:lost]):
            return lost - 1, lost, self.text[lost - 1]
        return lost, lost, ""

    def braces_open(self) -> int:
        return sum(1 + frame.doubled for frame in self.frames)

    def unclosed(self, content: int) -> tuple[int, int, str]:
        """The text ends inside the string; unless it ends in brackets, then only the quote is missing."""
        lost = strings.closing_braces(self.text, content, self.braces_open())
        if lost is None:
            lost = strings.braces_on_a_line(self.text, content, len(self.text), self.braces_open())
        if lost is not None:
            return self.without_close(content, lost)
        self.truncated = True
        return len(self.text), len(self.text), ""

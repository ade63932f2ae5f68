"""What stands where in JSON that is not quite JSON: the patterns of `scan`.

Each takes time linear in what it looks at: repeats are possessive, names and keys have a longest length, and no two
blanks-eating parts touch. A run of any character must not make a search start anew at each of its characters.
"""

from __future__ import annotations

import re

QUOTE = r"""(?:\\?["'“”„‘’])"""
NAME_CHARACTER = r"""[^"'“”‘’:,{}\[\]\n\\]"""
NAME = rf"{NAME_CHARACTER}{{1,80}}+"
QUOTED_KEY = rf"{QUOTE}{NAME}{QUOTE}\s*+:"
# Without quotes a key is one word, and a value must begin after the colon.
WORD_KEY = rf"""[A-Za-z_][\w.-]{{0,60}}+["'”’]?\s*+:\s*+(?:{QUOTE}|[{{\[\d−+.-]|[A-Za-z])"""
SURE_WORD_KEY = rf"[A-Za-z_][\w.-]{{0,60}}+\s*+:\s*+(?:{QUOTE}|[{{\[])"
CUT_KEY = rf"{QUOTE}[\w. -]{{0,80}}+{QUOTE}?\s*+$"  # the text ends inside a key, or before its colon
KEY = rf"(?:{QUOTED_KEY}|{WORD_KEY}|{CUT_KEY})"
COMMENT = r"(?://|/\*|\#)"
COMMA_LOST = rf"[ \t]*+\n\s*+{KEY}|\s*+{QUOTED_KEY}|\s++{SURE_WORD_KEY}"
GOES_ON = rf",\s*+(?:,\s*+)?(?:{KEY}|\}}|{COMMENT}|$)|{COMMENT}|$"
AFTER_MEMBER = re.compile(rf"\s*+(?:\}}\s*+(?:[,}}\]]|$|{COMMENT}|```|{KEY})|\]|{GOES_ON})|{COMMA_LOST}")
AFTER_LAST_MEMBER = re.compile(rf"\s*+(?:\}}|{GOES_ON})|{COMMA_LOST}")
AFTER_ITEM = re.compile(
    rf"\s*+(?:\]|,\s*+(?:,\s*+)?(?:{QUOTE}|[\d{{\[\]−+.-]|null|true|false|None|True|False|{COMMENT}|$)"
    rf"|{COMMENT}|$)"
)
GOES_ON_PLAINLY = re.compile(r"\s*+(?:[,}\]]|$)")
# After an item in double quotes: the comma is missing, or the next item's opening quote.
NEXT_ITEM = re.compile(r"""\s++"\w|,\s*+[A-Za-z][^"'“”,{}\[\]\n]{0,60}+"\s*+[,\]]""")
SWALLOWED = re.compile(rf"(?:[{{,]\s*+{WORD_KEY}|\n[^\S\n]*+{WORD_KEY}|\s{SURE_WORD_KEY}|{QUOTED_KEY})")
LOOSE_KEY = re.compile(rf"({QUOTE}?)({NAME_CHARACTER}{{1,80}}?)({QUOTE}?)\s{{0,20}}+(?=:)")
STRICT_KEY = re.compile(r'"((?:[^"\\\n]|\\.){0,120}+)"(?=\s*+:)')
CUT = re.compile(rf"{CUT_KEY}|\w++\s*+$")
TWO_COMMAS = re.compile(r",\s*+,")
NEXT_KEY = re.compile(KEY)
NEW_LINE = re.compile(rf"(?:{KEY}|[}}\]]|$)")
OPENER = re.compile(QUOTE)
SPACE = re.compile(r"\s*+")
COLON = re.compile(r"\s*+:")
COMMENT_TOKEN = re.compile(r"//[^\n]*+|/\*.*?(?:\*/|$)|\#[^\n]*+", re.DOTALL)
HIDDEN_KEY = re.compile(QUOTED_KEY)
BARE_END = re.compile(r"[,}\]]|//|/\*|(?<!\s)\s++")
AFTER_BLANKS = re.compile(rf"\#|{QUOTED_KEY}|{SURE_WORD_KEY}")
STRAY = re.compile(r"[^\s,:{}\[\]\"]++|.")
INNER_KEY = re.compile(r"\s[A-Za-z_][\w.-]{0,60}+\s*+:")
INNER_END = re.compile(r"[\"'”’]\s*+[:,]")
# A string that goes on after its own quote, to an ellipsis between members: the value ended at the quote.
ENDED_EARLIER = re.compile(r"(?<!\\)([\"'”’])\s*+(?:[,;]\s*+)?(?:\.{3,6}+|…)\s*+\Z")
LOST_OPENING = re.compile(r"[^\"'”\n]{1,400}+[\"'”]")
WHOLE_WORDS = ("null", "true", "false", "None", "True", "False")
PLAIN_NUMBER = re.compile(r"[-+−–]?[\d.,]++(?:[eE][-+]?\d++)?")
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
ROOT = re.compile(r"\{|\[\s*+(?=[{\]])")
THOUGHT_BEGINS = re.compile(r"<(?:think|thinking|thought|reasoning)>")
THOUGHT_ENDS = re.compile(r".*</(?:think|thinking|thought|reasoning)>", re.DOTALL)
LITERALS = {
    "None": "null", "NULL": "null", "Null": "null", "nil": "null", "undefined": "null",
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
}  # fmt: skip
"""Words for JSON's null, true and false."""

"""In which encoding a text is written."""

from __future__ import annotations

import codecs

from dsx.errors import LoadError

SIGNS = set("±°µ×–—‘’“”…§·²³½¼¾©®™•†‡€£«»÷¹ºª−≤≥≠∞√∑πΩ∆ ")
"""Signs that papers use; a byte that a wrong encoding makes another letter of is not among them."""
MOST_ACCENTED = 0.25
"""Of the letters of a text in Windows-1252 or Mac Roman: those beyond ASCII."""
MOSTLY = 0.7
"""Of the high bytes of a text in UTF-16: those that are zero."""
HEAD_BYTES = 4096


def decode(data: bytes, name: str) -> str:
    """By its byte order mark or the zeros of UTF-16, else as UTF-8, else as Windows-1252 or Mac Roman where that gives
    words and signs of a language that is written in Latin letters."""
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return data.decode("utf-32", "replace")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    if order := byte_order(data):
        return data.decode(order, "replace")
    if b"\0" in data:
        raise LoadError(f"{name}: binary, not text; name its loader with --loader, or save it as UTF-8")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    for encoding in ("cp1252", "mac_roman"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        accented = sum(letter.isalpha() for letter in text if ord(letter) > 127)
        if accented > MOST_ACCENTED * sum(map(str.isalpha, text)):
            continue  # Cyrillic, Greek, …
        if all(_is_usual(text, at) for at, letter in enumerate(text) if ord(letter) > 127):
            return text
    raise LoadError(f"{name}: neither UTF-8 nor Windows-1252; save it as UTF-8")


def byte_order(data: bytes) -> str:
    """The codec where every other byte is mostly zero, as in UTF-16 without its mark; else ""."""
    head = data[:HEAD_BYTES]
    for order, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if high and high.count(0) > MOSTLY * len(high):
            text = head[: len(head) // 2 * 2].decode(order, "replace")
            return order if all(letter.isprintable() or letter.isspace() for letter in text) else ""
    return ""


def _is_usual(text: str, at: int) -> bool:
    """Whether a letter beyond ASCII is a sign, or stands in a word as its like does: no capital after a small one."""
    letter, before, after = text[at], text[at - 1 : at], text[at + 1 : at + 2]
    alone = letter == "À" and not before.isalpha() and after.isspace()
    return (
        letter in SIGNS
        or alone
        or (
            letter.isalpha()
            and not (letter.isupper() and (before.islower() or not (after.isalpha() or before.isupper())))
        )
    )

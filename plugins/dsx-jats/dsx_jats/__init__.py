"""The loader "jats": full texts in JATS XML, as PubMed Central gives them.

The text is title, authors, journal and year, DOI, abstract, body, back matter and, at its end, the references. A
figure or table that stands apart (floats-group) comes after the paragraph that first cites it. Numbers set as
superscripts or cited right after a number get a "^", fractions a "/". Reviews, replies and translations that are bound
into the file (sub-article) are left out, other sub-articles are read. Tables may be XHTML's or CALS (OASIS).
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from dsx.plugin_api import Loader, hookimpl
from dsx_jats.article import load_jats

__all__ = ["find_loader", "load_jats", "register_loaders"]

HEAD_BYTES = 4096
DOCTYPE = re.compile(rb"""<!DOCTYPE\s+(?:article|pmc-articleset)\s+PUBLIC\s+["']-//NLM//DTD (?!PubMed)""", re.I)
PROLOG = re.compile(rb"(?:\xef\xbb\xbf)?(?:\s++|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[[^\]]*\]\s*)?>)*+", re.S)
ROOT = re.compile(
    rb"<(?:pmc-articleset\b|(?:\w+:)?article\b[^<>]*(?:article-type=|dtd-version=|jats\.nlm\.nih\.gov)"
    rb"|article\b[^<>]*+>(?:\s++|<!--.*?-->)*+<(?:processing-meta|front|body)\b"
    rb"|(?:\w+:)?OAI-PMH\b.*?<(?:\w+:)?article\b[^<>]*(?:article-type=|jats\.nlm\.nih\.gov))",
    re.S,
)


@hookimpl
def register_loaders() -> dict[str, Loader]:
    return {"jats": Loader(load_jats, "7", "JATS XML, the full texts of PubMed Central")}


@hookimpl
def find_loader(path: Path) -> str | None:
    """By the doctype, or by the root element and what JATS puts on it or first into it."""
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                head = head[: len(head) // 2 * 2].decode("utf-16", "replace").encode()
    except OSError:
        return None
    prolog = PROLOG.match(head)
    start = prolog.end() if prolog else 0
    return "jats" if DOCTYPE.search(head[:start]) or ROOT.match(head, start) else None

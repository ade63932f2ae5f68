"""One file → the article in it, its metadata, and its parts in the order in which they are read."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

from dsx.plugin_api import Document, LoadError
from dsx_jats.inline import Element, tag_of, words_of
from dsx_jats.sections import Reader

OTHERS_WORDS = re.compile(r"translation|review|report|decision|reply|response|comment|correction", re.I)
"""Types of sub-articles that are not the paper's own text."""
BACK = {"fn-group": "acknowledgements", "glossary": "other", "app-group": "supplement", "bio": "other"}
DATES = ("ppub", "collection", "pub", "epub")


def load_jats(path: Path) -> Document:
    """One page, no boxes. Raises LoadError where it is no JATS article, or one that declares entities of its own."""
    article = _article(path)
    metadata = _metadata(article)
    reader = Reader(_floats(article))
    for line in (
        metadata["title"],
        metadata["authors"],
        _issue(metadata),
        metadata["doi"] and f"doi:{metadata['doi']}",
    ):
        reader.out.text(line)
    reader.within = "abstract"  # its Methods and Results are not the paper's
    for abstract in article.iterfind("front/article-meta/abstract"):
        reader.section(abstract, 1)
    reader.within = ""
    for body in article.iterfind("body"):
        reader.blocks(body, 1)
    reader.rest()
    back = [child for part in article.iterfind("back") for child in part]
    for child in sorted(back, key=lambda child: tag_of(child) == "ref-list"):
        if tag_of(child) in BACK:
            reader.section(child, 1, BACK[tag_of(child)])
        else:
            reader.block(child, 1)
    for other in article.iterfind("sub-article"):
        if not OTHERS_WORDS.search(other.get("article-type", "")):
            reader.section(other, 1)
    if reader.unread:
        metadata["tables_unread"] = ", ".join(reader.unread)
    return reader.out.document(path, "jats", metadata)


def _article(path: Path) -> Element:
    """The root; nothing outside the file is read and no entity is expanded."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(path.read_bytes(), parser)
    except (etree.XMLSyntaxError, OSError) as problem:
        raise LoadError(f"{path.name}: not readable as XML ({problem}); fetch it again") from None
    declared = root.getroottree().docinfo.internalDTD
    if declared is not None and any(True for _ in declared.iterentities()):
        raise LoadError(f"{path.name}: declares entities, which are not expanded; fetch it from PubMed Central")
    for element in root.iter():
        if isinstance(element.tag, str):
            element.tag = tag_of(element)
    if root.tag == "article" and all(root.find(name) is None for name in ("front", "body")):
        raise LoadError(
            f"{path.name}: an <article> without JATS's <front> and <body> (DocBook?); fetch JATS, PDF or HTML"
        )
    articles = [root] if root.tag == "article" else list(root.iter("article"))
    if len(articles) != 1:
        raise LoadError(f"{path.name}: {len(articles)} articles under <{root.tag}>; give it one JATS <article> a file")
    return articles[0]


def _floats(article: Element) -> dict[str, Element]:
    parts = [part for name in ("floats-group", "floats-wrap") for group in article.iterfind(name) for part in group]
    return {part.get("id") or f"\0{index}": part for index, part in enumerate(parts)}


def _metadata(article: Element) -> dict[str, str]:
    """title, authors, journal, year, doi; "" for what is not there."""

    def first(path: str) -> str:
        return next((words for found in article.iterfind(f"front/{path}") if (words := words_of(found))), "")

    authors = [
        _author(contributor)
        for contributor in article.iterfind("front/article-meta/contrib-group/contrib")
        if contributor.get("contrib-type", "author") == "author"
    ]
    dates = {
        date.get("pub-type") or date.get("date-type") or "": date
        for date in article.iterfind("front/article-meta/pub-date")
    }
    ranked = [dates[kind] for kind in (*DATES, *dates) if kind in dates]
    return {
        "title": ": ".join(
            filter(None, (first("article-meta/title-group/article-title"), first("article-meta/title-group/subtitle")))
        ),
        "authors": ", ".join(author for author in authors if author),
        "journal": first("journal-meta//journal-title"),
        "year": next((words_of(year) for date in ranked for year in date.iterfind("year")), ""),
        "doi": first("article-meta/article-id[@pub-id-type='doi']"),
    }


def _author(contributor: Element) -> str:
    """Given names, then the surname; a group's name as it is."""
    for name in chain(contributor.iterfind("name"), contributor.iterfind("name-alternatives/name")):
        parts = ("prefix", "given-names", "surname", "suffix")
        return " ".join(words_of(found) for part in parts for found in name.iterfind(part))
    others = ("string-name", "collab", "name-alternatives", "collab-alternatives")
    return next((words_of(found) for kind in others for found in contributor.iterfind(kind)), "")


def _issue(metadata: dict[str, str]) -> str:
    year = f"({metadata['year']})" if metadata["year"] else ""
    return f"{metadata['journal']} {year}"

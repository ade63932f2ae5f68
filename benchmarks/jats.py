"""JATS files whose truth is known: how much of their text and which of their tables are read.

python benchmarks/jats.py [COUNT]         writes COUNT (400) articles of all constructions, and reads them

Every construction of the tag set that carries text or tables is put into some article, in random places. A sentence is
whole where it stands in the document's text as it is, a table where all its rows do.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from dsx_jats import load_jats

_words = """reach cursor target angle hand start circle screen tablet session block trial child group score error speed
time path light tone delay force robot handle wrist elbow shoulder chair table room day week year order list note"""
WORDS = _words.split()
COUNT = 400

Rows = tuple[tuple[str, ...], ...]


@dataclass
class Truth:
    """What must be read of one article. sentences: by the construction that they stand in."""

    sentences: list[tuple[str, str]] = field(default_factory=list)
    tables: list[tuple[str, Rows]] = field(default_factory=list)


class Author:
    """Writes one article of random constructions, and notes what it wrote."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.truth = Truth()
        self.floats: list[str] = []
        self.ids = 0

    def sentence(self, kind: str) -> str:
        picked = [self.dice.choice(WORDS) for _ in range(self.dice.randrange(6, 14))]
        text = f"{picked[0].capitalize()} {self.dice.randrange(2, 999)} {' '.join(picked[1:])}."
        self.truth.sentences.append((kind, text))
        return text

    def name(self) -> str:
        self.ids += 1
        return f"id{self.ids}"

    def rows(self, kind: str) -> Rows:
        height, width = self.dice.randrange(2, 6), self.dice.randrange(2, 5)
        head = tuple(f"{self.dice.choice(WORDS)} {at}" for at in range(width))
        body = [
            (f"{self.dice.choice(WORDS)} {at}", *(f"{self.dice.uniform(0, 99):.1f}" for _ in head[1:]))
            for at in range(height)
        ]
        rows = (head, *body)
        self.truth.tables.append((kind, rows))
        return rows

    def xhtml(self, kind: str) -> str:
        head, *body = self.rows(kind)
        told = "".join(f"<th>{cell}</th>" for cell in head)
        lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in body)
        return f"<table><thead><tr>{told}</tr></thead><tbody>{lines}</tbody></table>"

    def cals(self, kind: str) -> str:
        head, *body = self.rows(kind)
        columns = "".join(f'<colspec colname="c{at}"/>' for at in range(len(head)))
        lines = ["".join(f"<entry>{cell}</entry>" for cell in row) for row in (head, *body)]
        told = "".join(f"<row>{line}</row>" for line in lines[1:])
        return f"<table><tgroup>{columns}<thead><row>{lines[0]}</row></thead><tbody>{told}</tbody></tgroup></table>"

    def block(self) -> str:
        return self.dice.choice(BLOCKS)(self)

    def article(self, blocks: int) -> str:
        titles = ("Introduction", "Methods", "Participants", "Results", "Discussion")
        body = ""
        for title in titles:
            inside = "".join(self.block() for _ in range(blocks))
            body += f"<sec><title>{title}</title><p>{self.sentence('p')}</p>{inside}</sec>"
        back = f"<ack><p>{self.sentence('ack')}</p></ack>"
        back += f"<app-group><app><title>Appendix</title>{self.block()}</app></app-group>"
        group = self.dice.choice(("floats-group", "floats-wrap"))
        floats = f"<{group}>{''.join(self.floats)}</{group}>" if self.floats else ""
        front = (
            f"<front><article-meta><title-group><article-title>{self.sentence('title')}</article-title></title-group>"
        )
        front += f"<abstract><p>{self.sentence('abstract')}</p></abstract></article-meta></front>"
        return (
            f'<article article-type="research-article">{front}<body>{body}</body><back>{back}</back>{floats}</article>'
        )


def cited(author: Author) -> str:
    """A citation in the middle of a sentence, right after a number."""
    number, rest = author.dice.randrange(10, 99), author.dice.choice(WORDS)
    author.truth.sentences.append(("xref", f"The age was {number}^5 for each {rest}."))
    return f"<p>The age was {number}<xref ref-type='bibr' rid='b5'>5</xref> for each {rest}.</p>"


def noted(author: Author) -> str:
    sentence, note = author.sentence("sentence with fn"), author.sentence("fn")
    at = sentence.index(" ", len(sentence) // 2)
    return f"<p>{sentence[:at]}<fn id='{author.name()}'><p>{note}</p></fn>{sentence[at:]}</p>"


def powered(author: Author) -> str:
    number = author.dice.randrange(2, 9)
    author.truth.sentences.append(("sup", f"It took 10^{number} steps and (1+{number})/2 turns."))
    part = f"<mml:mrow><mml:mn>1</mml:mn><mml:mo>+</mml:mo><mml:mn>{number}</mml:mn></mml:mrow>"
    math = f"<mml:math xmlns:mml='http://www.w3.org/1998/Math/MathML'><mml:mfrac>{part}<mml:mn>2</mml:mn></mml:mfrac></mml:math>"
    return f"<p>It took 10<sup>{number}</sup> steps and <inline-formula>{math}</inline-formula> turns.</p>"


def floating(author: Author) -> str:
    name = author.name()
    author.floats.append(
        f"<table-wrap id='{name}'><label>Table</label><caption><p>{author.sentence('caption')}</p></caption>"
        f"{author.xhtml('floats')}</table-wrap>"
    )
    return f"<p>{author.sentence('p')} <xref ref-type='table' rid='{name}'>Table</xref></p>"


def wrapped(tag: str, inner: str = "<p>{}</p>") -> Callable[[Author], str]:
    return lambda author: f"<{tag}>{inner.format(author.sentence(tag))}</{tag.split()[0]}>"


BLOCKS: tuple[Callable[[Author], str], ...] = (
    cited,
    noted,
    powered,
    floating,
    wrapped("disp-quote"),
    wrapped("boxed-text"),
    wrapped("boxed-text", "<sec><title>Box</title><p>{}</p></sec>"),
    wrapped("speech", "<speaker>A</speaker><p>{}</p>"),
    wrapped("statement"),
    wrapped("verse-group", "<verse-line>{}</verse-line>"),
    wrapped("list", "<list-item><p>{}</p></list-item>"),
    wrapped("list", "<title>{}</title><list-item><p>Some.</p></list-item>"),
    wrapped("list", "<list-item><label>1</label><p>One.</p><list><list-item><p>{}</p></list-item></list></list-item>"),
    wrapped("def-list", "<def-item><term>n</term><def><p>{}</p></def></def-item>"),
    wrapped("fig", "<label>Figure</label><caption><p>{}</p></caption><graphic/>"),
    wrapped("fig", "<label>Figure</label><graphic/><p>{}</p>"),
    wrapped("fig-group", "<caption><p>{}</p></caption><fig><label>Figure</label></fig>"),
    wrapped("fig-group", "<fig><label>Figure</label><caption><p>{}</p></caption></fig>"),
    wrapped("supplementary-material", "<media><caption><p>{}</p></caption></media>"),
    wrapped("sec", "<title>More</title><sec><title>Deep</title><p>{}</p></sec>"),
    wrapped("p", "<italic>{}</italic>"),
    wrapped("p", "<named-content content-type='x'>{}</named-content>"),
    wrapped("p", "<styled-content>{}</styled-content>"),
    wrapped("p", "<ext-link>{}</ext-link>"),
    wrapped("p", "<inline-supplementary-material>{}</inline-supplementary-material>"),
    wrapped("p", "<disp-quote><p>{}</p></disp-quote>"),
    wrapped("preformat", "{}"),
    wrapped("fn-group", "<fn><label>a</label><p>{}</p></fn>"),
    wrapped("array", "<tbody><tr><td>{}</td></tr></tbody>"),
    wrapped("table-wrap", "<label>Table</label><caption><p>{}</p></caption><graphic/>"),
    wrapped("question-wrap", "<question><p>{}</p></question>"),
    wrapped("code", "{}"),
    lambda author: author.xhtml("bare table"),
    lambda author: f"<table-wrap><label>T</label>{author.xhtml('table-wrap')}</table-wrap>",
    lambda author: f"<table-wrap>{author.cals('CALS')}</table-wrap>",
    lambda author: f"<fig><table-wrap>{author.xhtml('table in fig')}</table-wrap></fig>",
    lambda author: f"<p>{author.sentence('p around table')}<table-wrap>{author.xhtml('table in p')}</table-wrap></p>",
    lambda author: f"<table-wrap-group><table-wrap>{author.xhtml('group')}</table-wrap></table-wrap-group>",
    lambda author: f"<table-wrap><alternatives><graphic/>{author.xhtml('alternatives')}</alternatives></table-wrap>",
    lambda author: (
        f"<table-wrap>{author.xhtml('foot')}<table-wrap-foot><fn><p>{author.sentence('foot')}</p></fn></table-wrap-foot></table-wrap>"
    ),
)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    missed: Counter[str] = Counter()
    words = kept = sentences = whole = tables = read = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(count):
            author = Author(seed)
            path = Path(folder) / f"{seed}.xml"
            path.write_text(author.article(4), encoding="utf-8")
            document = load_jats(path)
            there = Counter(document.text.split())
            truth = Counter(word for _, sentence in author.truth.sentences for word in sentence.split())
            words, kept = words + truth.total(), kept + (truth & there).total()
            for kind, sentence in author.truth.sentences:
                sentences, whole = sentences + 1, whole + (sentence in document.text)
                missed[kind] += sentence not in document.text
            for kind, rows in author.truth.tables:
                good = any(table.rows == rows for table in document.tables)
                tables, read = tables + 1, read + good
                missed[kind] += not good
    print(
        f"{count} articles, {len(BLOCKS)} constructions: words kept {kept / words:.2%} of {words}, sentences whole "
        f"{whole / sentences:.2%} of {sentences}, tables {read} of {tables}"
    )
    for kind, times in missed.most_common():
        if times:
            print(f"missed in {kind}: {times}")


if __name__ == "__main__":
    main()

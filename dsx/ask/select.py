"""Select: the whole paper where it fits (measured best), else the passages that a question is likely to need.

Reference lists are never shown: they name other people's methods.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from dsx.ask.bm25 import BM25, WORD, stems
from dsx.ask.query import Query
from dsx.errors import DecodeError, UsageError
from dsx.text import sentences
from dsx.types import PASSAGE_BREAK, Document, Passage, Shown

HIDDEN_SECTIONS = ("references",)
SECTION_FACTORS = {"participants": 2.0, "procedure": 2.0, "apparatus": 1.5, "abstract": 1.3, "discussion": 0.6}
"""On a sentence's score, by the kinds of the sections in which it stands; all others count 1."""
NAMED_FACTOR = 1.5
"""In sections that the schema names as the place (`x-where`)."""
NEIGHBOUR_SHARE = 0.3
"""Of the scores of the sentences before and after, added to a sentence's."""
LENGTH_POWER, LENGTH_UNIT = 0.3, 100
"""A sentence of 100 characters counts as it is, a longer one less: several short ones take no more room."""
NEED_SHARE = 0.4
"""Of the room, for what one question needs most, where several share what they are shown."""
HEADS_SHARE = 0.25
"""Of the room, at most, for the heads of a table's columns, which are shown with each of its rows."""
MIN_COST = 8
"""Tokens; where less is left, nothing more is looked for."""
OPENING_SHARE = 2 / 3
"""Of the room, at most, for the paper's first lines where they are wanted."""
MAX_PIECE, MIN_PIECE = 800, 40
"""Characters of a sentence or line that are chosen together; longer ones are cut between words."""
RECORDS_TOKENS = 1000
"""Of text, at least, for the question which records there are: they are named in many places, and it is asked once."""
MIN_ROOM = 128
"""Tokens of text, some five sentences, without which no question is asked."""


def room(context_tokens: int, answer_tokens: int, question_tokens: int) -> int:
    """Tokens of the context that are left for a paper's text. Raises UsageError where that is next to nothing.

    answer_tokens: the answer's cap. question_tokens: all that is said beside the text.
    """
    left = context_tokens - answer_tokens - question_tokens
    if left < MIN_ROOM:
        raise UsageError(
            f"no room for the paper's text: of the model's {context_tokens} tokens, {answer_tokens} are kept for "
            f"the answer and {question_tokens} for the question; lower --max-new-tokens or take a model with a longer "
            "context"
        )
    return left


def readable(document: Document) -> list[Passage]:
    """The document without the sections that are never shown; all of it where there is nothing else."""
    passages, at = [], 0
    for section in sorted(document.sections, key=lambda section: section.start):
        if section.kind in HIDDEN_SECTIONS and section.start >= at:
            passages.append(Passage(at, section.start))
            at = section.end
    passages.append(Passage(at, len(document.text)))
    shown = [trimmed for passage in passages if (trimmed := _trim(document.text, passage)).start < trimmed.end]
    everything = _trim(document.text, Passage(0, len(document.text)))
    return shown or ([everything] if everything.start < everything.end else [])


def show(document: Document, passages: list[Passage], whole: bool) -> Shown:
    """The passages as one text."""
    text = PASSAGE_BREAK.join(document.text[passage.start : passage.end] for passage in passages)
    return Shown(text, tuple(passages), whole)


class Selector:
    """Chooses what to show of one document.

    count: tokens of a text. whole_tokens: the paper goes in whole up to this many. passage_tokens: else this many a
    question. records_tokens: else this many for the question which records there are, if they are more.
    """

    def __init__(
        self,
        document: Document,
        count: Callable[[str], int],
        whole_tokens: int,
        passage_tokens: int,
        records_tokens: int = 0,
    ) -> None:
        self.document, self.count, self.passage_tokens = document, count, passage_tokens
        self._records_tokens = max(passage_tokens, records_tokens)
        everything = show(document, readable(document), whole=True)
        self._whole = everything if count(everything.text) <= whole_tokens else None
        if self._whole is None:
            self._divide(everything)

    def _divide(self, everything: Shown) -> None:
        """Cuts the paper into pieces that can be chosen, and ranks them by their words."""
        text = self.document.text
        longest = min(MAX_PIECE, max(self.passage_tokens, MIN_PIECE))  # a token has a character at least
        self._pieces = [
            Passage(*piece)
            for passage in everything.passages
            for span in sentences(text, passage.start, passage.end)
            for piece in _pieces(text, *span, longest)
        ]
        self._costs: dict[int, int] = {}
        self._sections = [_sections_at(self.document, piece.start) for piece in self._pieces]
        self._heads = self._heads_of_rows()
        words = [stems(text[piece.start : piece.end]) for piece in self._pieces]
        heads = [[word for head in self._heads.get(at, ()) for word in words[head]] for at in range(len(words))]
        self._ranker = BM25([[*in_piece, *in_heads] for in_piece, in_heads in zip(words, heads, strict=True)])

    def _heads_of_rows(self) -> dict[int, tuple[int, ...]]:
        """By index of a piece in a table's row: the pieces that hold the heads of its columns."""
        starts = [piece.start for piece in self._pieces]
        heads: dict[int, tuple[int, ...]] = {}
        for table in self.document.tables:
            cells = [(cell.row, bisect.bisect_right(starts, cell.start) - 1) for cell in table.cells]
            above = tuple(dict.fromkeys(at for row, at in cells if row < table.head_rows and at >= 0))
            if above and self._total(above) <= self.passage_tokens * HEADS_SHARE:
                heads |= {at: above for _, at in cells if at >= 0 and at not in above}
        return heads

    @property
    def whole(self) -> bool:
        """Whether every question sees the whole paper."""
        return self._whole is not None

    def select(self, query: Query) -> Shown:
        """What to show for a question."""
        return self.select_shared([query])[0]

    def select_for_records(self, query: Query) -> Shown:
        """What to show for the question which records there are."""
        return self._select([query], (), self._records_tokens)[0]

    def select_shared(self, queries: Sequence[Query], seen: Sequence[Shown] = ()) -> list[Shown]:
        """What to show for each of several questions; those that need much the same are shown the same.

        Each question's likeliest pieces are in what it is shown, up to `NEED_SHARE` of the room; a text that several
        share is prefilled once. seen: what they were shown before, without which it goes on; empty where all was seen.
        """
        return self._select(queries, seen, self.passage_tokens)

    def _select(self, queries: Sequence[Query], seen: Sequence[Shown], room: int) -> list[Shown]:
        if self._whole is not None:
            return [] if seen else [self._whole] * len(queries)
        unseen = self._unseen(seen)
        if not unseen:
            return []
        rankings = [[at for at in self._ranked(query) if at in unseen] for query in queries]
        needs = [
            self._first(ranked, query.opening and not seen, room)
            for ranked, query in zip(rankings, queries, strict=True)
        ]
        shown: list[Shown | None] = [None] * len(queries)
        for members in self._groups(needs, room):
            text = self._shown_to([rankings[at] for at in members], set().union(*(needs[at] for at in members)), room)
            for at in members:
                shown[at] = text
        return [text for text in shown if text is not None]

    def _unseen(self, seen: Sequence[Shown]) -> set[int]:
        passages = [passage for shown in seen for passage in shown.passages]
        return {
            at
            for at, piece in enumerate(self._pieces)
            if not any(passage.start <= piece.start < passage.end for passage in passages)
        }

    def _first(self, ranked: Sequence[int], opening: bool, room: int) -> set[int]:
        """The pieces that a question needs most; one at least."""
        chosen = set(self._opening(room)) if opening else set()
        left = min(room * NEED_SHARE, room - self._total(chosen))
        for index in ranked:
            added = self._added(index, chosen)
            if added and self._total(added) <= left:
                chosen |= added
                left -= self._total(added)
        return chosen or {ranked[0]}

    def _added(self, index: int, chosen: set[int]) -> set[int]:
        """What is shown with a piece beside what is chosen: itself, and the heads where it is a row of a table."""
        return set() if index in chosen else {index, *self._heads.get(index, ())} - chosen

    def _groups(self, needs: Sequence[set[int]], room: int) -> list[list[int]]:
        """Indices of needs that fit together, each put where it adds least."""
        groups: list[tuple[list[int], set[int]]] = []
        for at, need in enumerate(needs):
            added = [(self._total(need - union), number) for number, (_, union) in enumerate(groups)]
            for _, number in sorted(added):
                members, union = groups[number]
                if self._total(union | need) <= room:
                    members.append(at)
                    union |= need
                    break
            else:
                groups.append(([at], set(need)))
        return [members for members, _ in groups]

    def _shown_to(self, rankings: Sequence[Sequence[int]], chosen: set[int], room: int) -> Shown:
        """What is needed, and then the next best of each question in turn."""
        if len(chosen) == 1 and self._total(chosen) > room:
            return self._cut_to_fit(self._pieces[next(iter(chosen))], room)
        left = room - self._total(chosen)
        for index in itertools.chain.from_iterable(zip(*rankings, strict=True)):
            if left < MIN_COST:
                break
            added = self._added(index, chosen)
            if added and self._total(added) <= left:
                chosen |= added
                left -= self._total(added)
        return self._shown(chosen)

    def _total(self, indices: Collection[int]) -> int:
        return sum(map(self._cost, indices))

    def _cost(self, index: int) -> int:
        """Tokens of a piece and of the break after it."""
        if index not in self._costs:
            self._costs[index] = self.count(self._text(index) + PASSAGE_BREAK)
        return self._costs[index]

    def _cut_to_fit(self, piece: Passage, room: int) -> Shown:
        """The beginning of a piece that is too long alone. Raises DecodeError where not even a word fits."""
        text, end = self.document.text, piece.end
        while end > piece.start:
            shown = show(self.document, [Passage(piece.start, end)], whole=False)
            if self.count(shown.text) <= room:
                return shown
            end = _cut(text, piece.start, (piece.start + end) // 2)
        raise DecodeError(f"none of the paper's text fits into {room} tokens")

    def _opening(self, room: int) -> Iterator[int]:
        spent = 0
        for index in range(len(self._pieces)):
            spent += self._cost(index)
            if spent > room * OPENING_SHARE:
                return
            yield index

    def _ranked(self, query: Query) -> list[int]:
        """Indices of pieces, best first: BM25 of the piece and a share of its neighbours', by section and length."""
        scores = self._ranker.scores(query.texts)
        around = [0.0, *scores, 0.0]
        where = [_phrase(place) for place in re.split("[,;]", query.where)]
        weighted = [
            (around[at + 1] + NEIGHBOUR_SHARE * (around[at] + around[at + 2]))
            * self._sections[at].factor(where)
            * query.factor(piece)
            / (max(piece.end - piece.start, MIN_PIECE) / LENGTH_UNIT) ** LENGTH_POWER
            for at, piece in enumerate(self._pieces)
        ]
        ranked = sorted(range(len(weighted)), key=lambda index: (-weighted[index], index))
        return ranked if query.mentions is None else self._varied(ranked, query.mentions)

    def _varied(self, ranked: Sequence[int], mentions: re.Pattern[str]) -> list[int]:
        """First the shortest piece for each thing that is mentioned."""
        shortest: dict[str, int] = {}
        for index in ranked:
            for mention in mentions.findall(self._text(index)):
                best = shortest.setdefault(mention.lower(), index)
                if self._cost(index) < self._cost(best):
                    shortest[mention.lower()] = index
        return list(dict.fromkeys([*shortest.values(), *ranked]))

    def _text(self, index: int) -> str:
        return self.document.text[self._pieces[index].start : self._pieces[index].end]

    def _shown(self, chosen: set[int]) -> Shown:
        passages: list[Passage] = []
        for index in sorted(chosen):
            sentence = self._pieces[index]
            if passages and self.document.text[passages[-1].end : sentence.start].strip(" ") == "":
                passages[-1] = Passage(passages[-1].start, sentence.end)
            else:
                passages.append(sentence)
        return show(self.document, passages, whole=False)


@dataclass(frozen=True, slots=True)
class _Sections:
    """Kinds of the sections in which a piece stands, and their names: kinds and titles, as `_phrase` has them."""

    kinds: frozenset[str]
    names: frozenset[str]

    def factor(self, where: Sequence[str]) -> float:
        """The product over the kinds, and of sections that a phrase of `where` names, or has words of."""
        named = NAMED_FACTOR if any(name in place or place in name for name in self.names for place in where) else 1.0
        return math.prod((SECTION_FACTORS.get(kind, 1.0) for kind in sorted(self.kinds)), start=named)


def _sections_at(document: Document, offset: int) -> _Sections:
    sections = [section for section in document.sections if section.start <= offset < section.end]
    kinds = frozenset(section.kind for section in sections)
    names = frozenset(map(_phrase, [*(kinds - {"other"}), *(section.title for section in sections)]))
    return _Sections(kinds, names - {_phrase("")})


def _phrase(words: str) -> str:
    """Words in lower case between blanks; the numbers before them (2.3) are left out."""
    parts = [match.group() for match in WORD.finditer(unicodedata.normalize("NFC", words).lower())]
    return f" {' '.join(itertools.dropwhile(str.isdecimal, parts))} "


def _pieces(text: str, start: int, end: int, longest: int) -> Iterator[tuple[int, int]]:
    """A sentence, in parts of `longest` characters at most."""
    while end - start > longest:
        stop = _cut(text, start, start + longest)
        yield start, stop
        start = stop
        while start < end and text[start].isspace():
            start += 1
    if start < end:
        yield start, end


def _cut(text: str, start: int, end: int) -> int:
    """The last blank before `end`; `end` itself where one word goes on for long."""
    blank = text.rfind(" ", start + 1, end)
    return blank if blank > start + (end - start) // 2 else end


def _trim(text: str, passage: Passage) -> Passage:
    start, end = passage.start, passage.end
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return Passage(start, end)

"""Questions that are made as they are come to."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from dsx.types.question import Question


class QuestionGroups(Sequence[Question]):
    """Questions in groups, of which each is made when it is come to: an engine may answer the first ones meanwhile.

    Of the papers in flight: those that are there already, then those of one paper each, which is loaded then. Whoever
    asks for the length or for an index has all of them made.
    """

    def __init__(self, groups: Iterable[Sequence[Question]]) -> None:
        self._later, self._made = iter(groups), list[Sequence[Question]]()

    def groups(self) -> Iterator[Sequence[Question]]:
        """The groups, some of them empty."""
        for at in itertools.count():
            if at == len(self._made):
                following = next(self._later, None)
                if following is None:
                    return
                self._made.append(following)
            yield self._made[at]

    def __iter__(self) -> Iterator[Question]:
        return itertools.chain.from_iterable(self.groups())

    def __len__(self) -> int:
        return sum(map(len, self.groups()))

    @overload
    def __getitem__(self, index: int) -> Question: ...

    @overload
    def __getitem__(self, index: slice) -> list[Question]: ...

    def __getitem__(self, index: int | slice) -> Question | list[Question]:
        return list(iter(self))[index]


def groups_of(questions: Sequence[Question]) -> Iterator[Sequence[Question]]:
    """The groups of questions; all of them, where they are not in groups."""
    return questions.groups() if isinstance(questions, QuestionGroups) else iter([questions])

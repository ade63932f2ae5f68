"""Questions made into sequences by threads: a few before they are taken, not all at once.

Threads that have much to make hold Python's interpreter, and the thread that launches a pass waits for it at each
operation.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def made_ahead(pool: Executor, make: Callable[[Item], Made], items: Iterable[Item], count: int) -> Iterator[Made]:
    """What is made of each item, in order, at most `count` of them before they are taken. Raises what `make` raises."""
    rest = iter(items)
    waiting: deque[Future[Made]] = deque(pool.submit(make, item) for item in islice(rest, count))
    while waiting:
        made = waiting.popleft().result()
        waiting.extend(pool.submit(make, item) for item in islice(rest, 1))
        yield made

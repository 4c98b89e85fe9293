"""Questions that many ask, answered together: several times as fast as one after the other, where each is small."""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")
Answering = Callable[[Sequence[Any]], Sequence[Any]]
"""What gives the answers to questions of one kind, all at once and in their order."""

Talk = Generator[tuple[Answering, Any], Any, T]
"""Work that yields what it asks, goes on with the answer, and returns what it found."""

AT_ONCE = 64
"""Talks that are held at a time: what they keep meanwhile does not grow with their number."""


def together(talks: Iterable[Talk[T]]) -> Iterator[T]:
    """What the talks find, in their order."""
    waiting = iter(talks)
    while here := list(islice(waiting, AT_ONCE)):
        yield from _answered(here)


def _answered(talks: Sequence[Talk[T]]) -> list[T]:
    found: dict[int, T] = {}
    answers: dict[int, Any] = dict.fromkeys(range(len(talks)))
    while answers:
        asked: dict[Answering, list[tuple[int, Any]]] = {}
        for i, answer in answers.items():
            try:
                answering, question = talks[i].send(answer)
            except StopIteration as end:
                found[i] = end.value
            else:
                asked.setdefault(answering, []).append((i, question))
        answers = {}
        for answering, several in asked.items():
            places, questions = zip(*several, strict=True)
            answers.update(zip(places, answering(questions), strict=True))
    return [found[i] for i in range(len(talks))]


def alike(questions: Sequence[T], key: Callable[[T], Hashable]) -> Iterator[list[int]]:
    """Places of the questions of each key."""
    groups: dict[Hashable, list[int]] = {}
    for i, question in enumerate(questions):
        groups.setdefault(key(question), []).append(i)
    yield from groups.values()

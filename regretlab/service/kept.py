"""Feedback that is kept, and copies of the policy on some of the arms, which are taught it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from regretlab.service.learners import Learner

Row = tuple[int, float, Any]
"""The number of an arm, the reward that it gave, and what was observed before."""

MASKS = 64
"""Sets of arms offered for which a copy of the policy is kept, those asked for last."""


class Kept:
    """The last feedbacks, the oldest first.

    Attributes:
        memory: the last so many are kept at least, and at most twice as many; 0 for none.
        rows: those kept.
        dropped: how many are not any more.
    """

    def __init__(self, memory: int) -> None:
        self.memory = memory
        self.rows: list[Row] = []
        self.dropped = 0

    def add(self, row: Row) -> None:
        """Keep one more."""
        if self.memory:
            self.rows.append(row)
            if len(self.rows) >= 2 * self.memory:
                self.dropped += len(self.rows) - self.memory
                del self.rows[: -self.memory]

    def only(self, numbers: Collection[int]) -> Kept:
        """Those of some arms."""
        kept = Kept(self.memory)
        kept.rows = [row for row in self.rows if row[0] in numbers]
        return kept


def teach(asked: Learner, rows: Iterable[Row], places: Mapping[int, int]) -> None:
    """Have a policy learn the feedback of the arms that it has, by their numbers."""
    for number, reward, observation in rows:
        if number in places:
            asked.learn(0, observation, places[number], reward)


class Masks:
    """Copies of a policy on some of the arms.

    Attributes:
        copies: for each set of arms, the policy, and how many feedbacks it has been taught.
    """

    def __init__(self) -> None:
        self.copies: dict[tuple[int, ...], tuple[Learner, int]] = {}

    def asked(
        self, numbers: tuple[int, ...], kept: Kept, keep: bool, began: Callable[[tuple[int, ...]], Learner]
    ) -> Learner:
        """The copy on some arms, taught all that is kept.

        Args:
            numbers: of the arms.
            kept: the feedback.
            keep: whether a new copy is kept for the next time.
            began: gives a new one, not taught yet.
        """
        asked, learned = self.copies.get(numbers, (None, 0))
        if asked is None:
            asked = began(numbers)
        news = kept.rows[max(learned - kept.dropped, 0) :]
        teach(asked, news, {number: place for place, number in enumerate(numbers)})
        if keep:
            self.copies.pop(numbers, None)
        if keep or numbers in self.copies:
            self.copies[numbers] = asked, kept.dropped + len(kept.rows)
        if len(self.copies) > MASKS:
            del self.copies[next(iter(self.copies))]
        return asked

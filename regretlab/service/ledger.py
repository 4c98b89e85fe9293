"""Decisions that wait for feedback, under identities that no other process or restored state gives."""

from __future__ import annotations

import os
import secrets
from collections import OrderedDict
from typing import Any, NamedTuple

from bandits.arguments import shown


class Due(NamedTuple):
    """A decision whose feedback is outstanding: the arm's number, the policy's ticket, what was observed, when."""

    arm: int
    ticket: int
    observation: Any
    time: float


class Ledger:
    """Decisions made, and those that are outstanding.

    An identity is that of a life and a number. A life is of one process, from its first decision or from the state that
    it goes on from; of ended ones is known which numbers they gave.

    Attributes:
        due: outstanding decisions, the oldest first.
        decisions: how many were made.
        lives: for each life the first number, and the one after the last, None in the present one.
    """

    def __init__(self) -> None:
        self.due: OrderedDict[str, Due] = OrderedDict()  # the oldest is found at once, however many went before
        self.decisions = 0
        self.lives: dict[str, tuple[int, int | None]] = {}
        self.begin()

    def begin(self) -> None:
        """Begin a life."""
        ended = ((life, first, self.decisions if last is None else last) for life, (first, last) in self.lives.items())
        self.lives = {life: (first, last) for life, first, last in ended if first < last}
        self._life, self._process = secrets.token_hex(6), os.getpid()
        self.lives[self._life] = self.decisions, None

    def add(self, due: Due) -> str:
        """Give a decision its identity."""
        if self._process != os.getpid():  # a copy of the process has identities of its own
            self.begin()
        identity = f"{self._life}-{self.decisions}"
        self.decisions += 1
        self.due[identity] = due
        return identity

    def outstanding(self, identity: Any) -> Due:
        """The decision of an identity.

        Raises:
            ValueError: none of it is outstanding; the message says why.
        """
        due = self.due.get(identity) if isinstance(identity, str) else None
        if due is not None:
            return due
        life, _, number = identity.rpartition("-") if isinstance(identity, str) else ("", "", "")
        first, last = self.lives.get(life, (0, 0))
        end = self.decisions if last is None else last
        if number.isdecimal() and first <= int(number) < end:
            why = "which has its feedback already, or was forgotten"
        else:
            why = "which was never made here, or after the state was saved that this service goes on from"
        raise ValueError(f"id must be that of a decision whose feedback is outstanding, got {shown(identity)}, {why}")

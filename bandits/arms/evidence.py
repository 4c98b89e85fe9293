"""The evidence against each arm: its plays times how far its rewards are from having the best mean seen.

With ``n_i`` plays of mean ``m_i`` and ``m* = max m_i`` that is ``n_i D_i``, where ``D_i`` is one of

* ``d(m_i, m*)`` of Bernoulli rewards, for rewards in a finite range, mapped to [0, 1];
* ``d(m_i, m*)`` of another family of one parameter (``bandits.arms.families``), for rewards in their own units;
* ``K_inf(F_i, m*)`` of the rewards seen (``bandits.arms.kinf``), for rewards in a finite range, mapped to [0, 1]. It is
  at least Bernoulli's divergence, and costs a time proportional to the number of distinct rewards of the arm, all of
  which are kept: memory grows with that number, and so with the horizon where rewards are continuous. Where Bernoulli's
  divergence decides already, it is not worked out.

A mean outside the range or the family, of rewards that the problem does not declare, counts as the nearest one inside.

How it is not worked out in every round: as long as the arm with the best mean is played, nothing of the others changes,
and the evidence against them falls with the best mean alone. So it is worked out for a floor somewhat below that mean,
above all others, and bounds what it is until the mean falls below the floor. Where such bounds decide, no other arm is
looked at; where they do not, all are. No decision changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import flag
from bandits.arms.divergence import entropy
from bandits.arms.families import BERNOULLI, check_family, clipped, divergence, scale_of, taken_by
from bandits.arms.kinf import kinf
from bandits.arms.orders import asymptotic_order, bounded_rate, family_rate
from bandits.arms.problem import FAMILIES, BanditProblem
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, ScanPolicy
from bandits.arms.theory import BERNOULLI as IS_BERNOULLI
from bandits.contract import Array, Bound, Instance
from bandits.earlier import set_state
from bandits.kernels import inlined

MEAN, ENTROPY, LOG, SIZE = range(MORE, MORE + 4)
"""Columns: mean m, of mapped rewards; ``entropy(m)``; ln(n); number of distinct rewards."""

EMPIRICAL = len(FAMILIES)
"""In place of a family: ``K_inf`` of the rewards seen."""

NEVER = 746.0
"""``exp`` of minus that is 0 in floating point: evidence of which no more is asked."""
FEW = 3.0
"""Rounds that a floor lasts at least, where rewards are in [0, 1], or none is set: it costs as much as a round."""

LEADER, FLOOR, BOUND, THEN, WAIT = range(5)
"""Of what is kept [5]: an arm, the mean above which bounds hold as long as no other is played, two of these, and how
many plays of the arm the next floor waits for."""

Own = tuple[int, float, Array, Array, Array]
"""Number of the family or ``EMPIRICAL``, sigma; distinct mapped rewards [n_arms, room], and how often each was seen;
what is kept of the arm with the best mean."""


def nothing() -> Array:
    """What is kept at first."""
    return np.array([0.0, math.inf, 0.0, 0.0, 0.0])


@inlined
def leading(rows: Array) -> tuple[float, float, int]:
    """The best mean, the least ln(n) of the arms that have it, and the lowest arm not played yet, or -1."""
    best, log = -math.inf, math.inf
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return best, log, i
        if rows[i, MEAN] > best:
            best, log = rows[i, MEAN], rows[i, LOG]
        elif rows[i, MEAN] == best:
            log = min(log, rows[i, LOG])
    return best, log, -1


@inlined
def logs(best: float, own: Own) -> tuple[float, float]:
    """(ln(best), ln(1 - best)) where a divergence of Bernoulli rewards asks for them."""
    if (own[0] == BERNOULLI or own[0] == EMPIRICAL) and 0.0 < best < 1.0:
        return math.log(best), math.log(1.0 - best)
    return 0.0, 0.0


@inlined
def evidence(rows: Array, i: int, best: float, logs: tuple[float, float], own: Own, enough: float) -> float:
    """The evidence against an arm >= 0; or, where it exceeds ``enough``, some number between."""
    n, p = float(rows[i, COUNT]), float(rows[i, MEAN])
    if p == best:
        return 0.0
    if own[0] != BERNOULLI and own[0] != EMPIRICAL:
        return n * divergence(own[0], own[1], p, best)
    if best >= 1.0:
        return math.inf
    least = n * max(0.0, float(rows[i, ENTROPY]) - p * logs[0] - (1.0 - p) * logs[1])
    if own[0] == BERNOULLI or least > enough:
        return least
    size = int(rows[i, SIZE])
    return n * kinf(own[2][i, :size], own[3][i, :size], best)


@inlined
def lasts(rows: Array, lead: int, own: Own) -> bool:
    """Whether to set a floor for the arm just chosen: if it was chosen before, too, and not soon after none lasted."""
    kept = own[4]
    again = lead == int(kept[LEADER])
    if not again:
        kept[LEADER], kept[WAIT] = lead, 0.0
    kept[FLOOR] = math.inf
    return again and bool(rows[lead, COUNT] >= kept[WAIT])


@inlined
def lower(rows: Array, lead: int, own: Own) -> float:
    """Set a floor below the mean of an arm, which is the best, and write into the scores the evidence at the floor.

    The scores of the others say before which share of the evidence against them may be lost, about.

    Returns:
        The floor; inf where none lasts.
    """
    best, step = float(rows[lead, MEAN]), math.inf
    for i in range(rows.shape[0]):
        if i != lead:
            share = rows[i, SCORE] if rows[i, SCORE] < 1.0 else 1.0
            step = min(step, 0.5 * share * (best - rows[i, MEAN]))  # half, as evidence is about a square
    if not step * rows[lead, COUNT] >= FEW:
        own[4][WAIT] = rows[lead, COUNT] * (1.0 + 1.0 / 64.0)
        return math.inf
    floor = best - step
    terms = logs(floor, own)
    for i in range(rows.shape[0]):
        if i != lead:
            rows[i, SCORE] = evidence(rows, i, floor, terms, own, NEVER)
    return floor


@inlined
def note(rows: Array, arm: int, reward: float, own: Own) -> None:
    """Take in a mapped reward."""
    family = own[0]
    if arm != int(own[4][LEADER]):
        own[4][FLOOR] = math.inf
    if family == EMPIRICAL:
        family = BERNOULLI
        reward = min(max(reward, 0.0), 1.0)
        k, size = 0, int(rows[arm, SIZE])
        while k < size and own[2][arm, k] != reward:
            k += 1
        if k == size:
            own[2][arm, k], own[3][arm, k] = reward, 0.0
            rows[arm, SIZE] += 1.0
        own[3][arm, k] += 1.0
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    mean = clipped(family, rows[arm, SUM] / rows[arm, COUNT])
    rows[arm, MEAN], rows[arm, LOG] = mean, math.log(rows[arm, COUNT])
    if family == BERNOULLI:
        rows[arm, ENTROPY] = entropy(mean)


class EvidencePolicy(ScanPolicy):
    """A policy that goes by the evidence against each arm.

    Args:
        family: family of the rewards: "bernoulli", "gaussian" (with the declared noise as standard deviation),
            "poisson" or "exponential". None takes rewards in a finite range for Bernoulli's.
        bounded: whether to go by ``K_inf`` of the rewards seen, in place of a family.

    Raises:
        ValueError: no such family, or one together with ``bounded``.
    """

    columns = MORE + 4

    def __init__(self, family: str | None = None, bounded: bool = False) -> None:
        self.family, self.bounded = check_family(family), flag("bounded", bounded)
        if bounded and family is not None:
            raise ValueError(f"family must be absent where bounded is true, got {family!r}")
        self.longest = 2**8 if bounded else 2**14

    @property
    def _takes(self) -> tuple[float, float]:
        return taken_by(self.family)

    def scale(self, problem: BanditProblem) -> tuple[float, float]:
        return scale_of(type(self).__name__, self.family, problem)[2:]

    def constants(self, problem: BanditProblem) -> Own:
        family, sigma, _, _ = scale_of(type(self).__name__, self.family, problem)
        room = (problem.n_actions if self.bounded else 0, 1)
        return EMPIRICAL if self.bounded else family, sigma, np.zeros(room), np.zeros(room), nothing()

    def __setstate__(self, state: Any) -> None:
        """Earlier ones kept nothing of the arm with the best mean."""
        kept = set_state(self, state)
        if "_own" in kept:
            self._own = *kept["_own"][:4], *(kept["_own"][4:] or (nothing(),))

    def make_room(self, n_rounds: int) -> None:
        if not self.bounded:
            return
        family, sigma, values, counts, kept = self._own
        needed = int(self._rows[:, SIZE].max()) + n_rounds
        if needed > values.shape[1]:
            more = ((0, 0), (0, 2 * needed - values.shape[1]))
            self._own = family, sigma, np.pad(values, more), np.pad(counts, more), kept

    def rates(self, name: str, source: str, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate ``sum gap_i / D_i ln(t)``, with the divergences that the policy goes by."""
        if self.bounded:
            return bounded_rate(name, instance, source)
        if self.family in (None, "bernoulli"):
            return asymptotic_order(name, problem, instance, source, key=IS_BERNOULLI)
        return family_rate(name, str(self.family), problem, instance, source)

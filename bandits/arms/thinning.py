"""Which of many independent samples is the largest, without drawing those that cannot be: exact in law.

Thompson sampling draws ``theta_i`` from the posterior of every arm and plays the largest. Only samples above some
``level``, a number fixed before the round, matter as long as there is one. An arm that often exceeds the level has its
sample drawn in every round. Of every other one an envelope of mass ``q >= P(theta > level)`` above the level is known,
and with a probability ``p >= q``, independently of all others, it is visited: it then makes one trial of rejection
sampling from the envelope, accepted with a chance ``q / p`` less than usual. Accepted, the trial is its sample, which
exceeds the level; otherwise its sample does not, and nothing else about it is drawn.

For ``p`` there are a few values alone, so that arms are in classes. Lay their rates ``-ln(1 - p)`` end to end on a
line, class by class: an arm is to be visited exactly if a Poisson process has a point in its stretch. Within a class
all stretches are as long, so the next arm takes one exponential variable and a division; arms that are not visited cost
nothing, and one that learns goes to the next class by exchange with an arm at the border. The process is that of all
rounds: the next one goes on along it. If no sample exceeds the level, those that were not drawn are, given that they
do not exceed it.

A low level has many arms visited, a high one is often exceeded by none. So among many arms there are two, with classes
and a process each. Where no sample exceeds the first, the others are looked for above the second, given that they do
not exceed the first: one that does is not taken, and whether its arm is visited is decided once more. Arms that were
drawn are not drawn again. Only where none exceeds the second either does a round look at all arms.

The levels decide what a round costs, and nothing else. Every so often, when visits have cost as much as that, every
posterior is sampled once for each level, and these samples, which no decision sees, set the levels of the rounds that
follow.

What a posterior is, a policy says in kernels, which it hands to those of this file:

* ``sample(posteriors, arm, ahead)``: draws from it;
* ``reach(posteriors, arm, deviations)``: its mean less a number of its standard deviations;
* ``mass(posteriors, arm, level)``: ``ln q`` of an arm, at most ``ln(1 / 2)``, or inf if it often exceeds the level; and
  ``trial(posteriors, arm, level, exponential)``: a trial from a standard exponential variable, and its price: accepted
  if another one is at least the price (``tails.py``).

Normal and exponential variables are drawn ahead in Python, since handing a generator to a kernel takes longer than a
round. A round that runs out of them is undone, and played once there are more.

Reference: P. A. W. Lewis, G. S. Shedler, *Simulation of Nonhomogeneous Poisson Processes by Thinning*, Naval Research
Logistics Quarterly 26, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import inlined, kernel

PATIENCE = 32
"""Visits an arm and level after which the levels are set anew."""
TWO_LEVELS = 64
"""Arms from which on there are two levels."""
ALL = 4
"""Visits that a look at an arm counts for where no sample exceeds the lowest level, times the number of levels squared:
more than it costs, as the levels were too high."""
LEVEL, POINT, BEFORE, LENGTH, VISITS, LARGEST = 0, 1, 2, 3, 4, 5
"""Of ``Thinning.control``, the last two in its first row alone."""
ARM, PLACE = 0, 1
"""Of ``Thinning.order``."""
CLASSES = 64
"""Class 0 is that of arms that are drawn in every round; class c >= 1 has p = 2^-((c + 1) / 2), just rounded up."""
HALF_BITS = 2.0 / math.log(2.0)
RATES = (
    np.concatenate([[0.0], np.ceil(-(2.0**40) * np.log1p(-(2.0 ** (-np.arange(2, CLASSES + 1) / 2)))) + 1.0]) / 2.0**40
)
"""Of an arm of each class, as multiples of 2^-40: their sums are exact, and ``LENGTH`` does not drift."""
INVERSES = np.divide(1.0, RATES, where=RATES > 0.0, out=np.zeros(CLASSES))
LOGS = np.log(-np.expm1(-RATES), where=RATES > 0.0, out=np.zeros(CLASSES))
"""``ln p`` of each class."""
NORMAL, EXPONENTIAL, NEXT = 0, 1, 2
"""Of ``Ahead.used``, the first two of ``Ahead.variables``."""


class Ahead(NamedTuple):
    """Variables that were drawn ahead.

    Attributes:
        variables: [2, n], standard normal ones and standard exponential ones.
        used: [3], how many of each are used up, and how many of each are drawn next.
    """

    variables: Array
    used: NDArray[np.int64]

    def undrawn(self) -> Ahead:
        """The same room, all used up."""
        return ahead(self.variables.shape[1])


class Thinning(NamedTuple):
    """What decides which arms a round visits; levels from the highest to the lowest.

    Attributes:
        control: [n_levels, 5 + n_largest], of each level: itself; how far ahead the next point of its process is; the
            same before the round; the sum of all rates; and in the first row how many arms were visited since the
            levels were set, and the largest of the samples that set them, the largest first.
        masses: [n_levels, n_arms], what ``mass`` says of each arm at each level.
        order: [n_levels, 2, n_arms], all arms, class by class, and where each arm is among them.
        first: [n_levels, CLASSES + 1], the place of the first arm of each class, and behind them ``n_arms``.
    """

    control: Array
    masses: Array
    order: NDArray[np.int64]
    first: NDArray[np.int64]

    def undrawn(self) -> Thinning:
        """The same with levels that have to be set anew, and with them the next points of the processes to be drawn."""
        control = self.control.copy()
        control[0, VISITS] = math.inf
        return self._replace(control=control)

    def up_to_date(self) -> Thinning:
        """The same; one of an earlier version has one level, and other places for what is said of it."""
        if self.control.ndim == 2:
            return self
        level, visits, point, length, _, *largest = self.control
        control = np.array([[level, point, point, length, visits, *largest]])
        return Thinning(control, self.masses[np.newaxis], self.order[np.newaxis], self.first[np.newaxis])


Sample = Callable[[Array, int, Ahead], float]
Reach = Callable[[Array, int, float], float]
Mass = Callable[[Array, int, float], float]
Trial = Callable[[Array, int, float, float], tuple[float, float]]


def thinning(n_arms: int) -> Thinning:
    """No level yet: the first round sets them."""
    control, masses, order, first = _new(n_arms)
    return Thinning(control.copy(), masses.copy(), order.copy(), first.copy())


@lru_cache(maxsize=16)
def _new(n_arms: int) -> Thinning:
    levels = 1 if n_arms < TWO_LEVELS else 2
    control = np.full((levels, LARGEST + levels * min(n_arms, max(2, n_arms.bit_length() - 2))), -math.inf)
    control[:, [LEVEL, POINT, BEFORE, LENGTH, VISITS]] = math.inf, math.inf, math.inf, 0.0, math.inf
    order, first = np.empty((levels, 2, n_arms), dtype=np.int64), np.full((levels, CLASSES + 1), n_arms)
    order[:], first[:, 0] = np.arange(n_arms), 0
    return Thinning(control, np.full((levels, n_arms), math.inf), order, first)


def ahead(size: int) -> Ahead:
    """Room for ``size`` variables of each kind, all used up; an eighth of them is drawn at first."""
    return Ahead(np.ones((2, size)), np.array([size, size, 1 + size // 8]))


@kernel
def _draw(rng: np.random.Generator, old: Array, new: Array, used: NDArray[np.int64]) -> None:
    """Fill ``new``, which may be ``old``. Numpy's own loops draw the same variables, normal ones half as fast."""
    size, more = old.shape[1], used[NEXT]
    for kind in range(2):
        left = max(size - used[kind], 0)
        start = max(new.shape[1] - left - more, 0)
        for i in range(left):
            new[kind, start + i] = old[kind, size - left + i]
        for i in range(start + left, new.shape[1]):
            new[kind, i] = rng.standard_normal() if kind == NORMAL else rng.standard_exponential()
        used[kind] = start
    used[NEXT] = min(2 * more, new.shape[1])


def drawn(ahead: Ahead, rng: np.random.Generator) -> Ahead:
    """What is left, and new variables behind it, twice as many from time to time; more room if none of all was used."""
    old, used = ahead
    new = old if used[NORMAL] or used[EXPONENTIAL] else np.zeros((2, 2 * old.shape[1]))
    _draw(rng, old, new, used)
    return Ahead(new, used)


@inlined
def following(ahead: Ahead, kind: int) -> float:
    """The next variable of a kind; past the last of them, any."""
    ahead.used[kind] += 1
    variable: float = ahead.variables[kind, min(ahead.used[kind], ahead.variables.shape[1]) - 1]
    return variable


@inlined
def ran_out(ahead: Ahead) -> bool:
    """Whether more variables were used than there are, or all."""
    used: int = max(ahead.used[NORMAL], ahead.used[EXPONENTIAL])
    size: int = ahead.variables.shape[1]
    return used >= size


@inlined
def _class(mass: float) -> int:
    """That of an arm: the smallest p >= q."""
    return 0 if mass == math.inf else max(1, int(min(-mass * HALF_BITS, float(CLASSES))) - 1)


@inlined
def _move(thinning: Thinning, rung: int, arm: int, mass: float) -> None:
    """Change the mass of one arm above one level."""
    arms, places, first = thinning.order[rung, ARM], thinning.order[rung, PLACE], thinning.first[rung]
    place, now, then = places[arm], _class(thinning.masses[rung, arm]), _class(mass)
    thinning.masses[rung, arm] = mass
    if now == then:
        return
    thinning.control[rung, LENGTH] += RATES[then] - RATES[now]
    while now != then:  # past the border to the next class
        if now < then:
            border = first[now + 1] - 1
            first[now + 1] -= 1
            now += 1
        else:
            border = first[now]
            first[now] += 1
            now -= 1
        other = arms[border]
        arms[place], places[other] = other, place
        arms[border], place = arm, border
    places[arm] = place


@inlined
def put(mass: Mass, posteriors: Array, thinning: Thinning, arm: int) -> None:
    """Put an arm whose posterior has changed, or levels, into its classes.

    One that is drawn in every round above a level is so above those below it, which rounding must not change.
    """
    above = mass(posteriors, arm, thinning.control[0, LEVEL])
    _move(thinning, 0, arm, above)
    for rung in range(1, len(thinning.control)):
        above = math.inf if above == math.inf else mass(posteriors, arm, thinning.control[rung, LEVEL])
        _move(thinning, rung, arm, above)


@inlined
def _note(largest: Array, sample: float) -> None:
    i = largest.size - 1
    if sample > largest[i]:
        while i > 0 and sample > largest[i - 1]:
            largest[i] = largest[i - 1]
            i -= 1
        largest[i] = sample


@inlined
def _set_levels(sample: Sample, reach: Reach, mass: Mass, posteriors: Array, thinning: Thinning, ahead: Ahead) -> None:
    """Of two levels that some sample exceeds nearly always the larger one: below one arm, or below several together.

    That is the lowest; several are about ``log2(n_arms)`` a round, and two for a level above it.
    """
    control, n_arms, reached = thinning.control, len(posteriors), -math.inf
    largest, levels = control[0, LARGEST:], len(control)
    control[0, VISITS] = 0.0
    for rung in range(levels):
        control[rung, POINT] = following(ahead, EXPONENTIAL)
    for i in range(largest.size):
        largest[i] = -math.inf
    deviations = math.sqrt(2.0 * math.log(n_arms))
    for arm in range(n_arms):
        reached = max(reached, reach(posteriors, arm, deviations))
        for _ in range(levels):
            _note(largest, sample(posteriors, arm, ahead))
    for rung in range(levels):
        several = largest.size if rung == levels - 1 else 2 * levels
        control[rung, LEVEL] = max(reached, largest[several - 1])
    for arm in range(n_arms):
        put(mass, posteriors, thinning, arm)


@inlined
def _up_to(most: float, sample: Sample, posteriors: Array, arm: int, ahead: Ahead) -> float:
    """A sample given that it does not exceed ``most``."""
    theta = sample(posteriors, arm, ahead)
    while theta > most and not ran_out(ahead):
        theta = sample(posteriors, arm, ahead)
    return theta


@inlined
def _largest(sample: Sample, trial: Trial, posteriors: Array, thinning: Thinning, ahead: Ahead) -> int:
    """The arm with the largest sample; ``most`` is a level that none exceeds."""
    control, n_arms, best, arm, most = thinning.control, len(posteriors), -math.inf, 0, math.inf
    for rung in range(len(control)):
        arms, masses, first = thinning.order[rung, ARM], thinning.masses[rung], thinning.first[rung]
        level, length = control[rung, LEVEL], control[rung, LENGTH]
        for place in range(first[1]):
            i = arms[place]
            if rung == 0:
                theta = sample(posteriors, i, ahead)
            elif thinning.masses[rung - 1, i] == math.inf:
                continue
            else:
                theta = _up_to(most, sample, posteriors, i, ahead)
            if theta > best or (theta == best and i < arm):
                best, arm = theta, i
        control[0, VISITS] += first[1]
        point, group, start, last = control[rung, POINT], 1, 0.0, -1
        while point < length and not ran_out(ahead):
            end = start + (first[group + 1] - first[group]) * RATES[group]
            while point >= end and group < CLASSES - 1:
                group += 1
                start, end = end, end + (first[group + 1] - first[group]) * RATES[group]
            i = arms[min(first[group] + int((point - start) * INVERSES[group]), first[group + 1] - 1)]
            visited = i != last
            while visited:
                visited = False
                theta, price = trial(posteriors, i, level, following(ahead, EXPONENTIAL))
                price += LOGS[group] - masses[i]
                if theta >= best and following(ahead, EXPONENTIAL) >= price:
                    if theta > most:
                        visited = following(ahead, EXPONENTIAL) < RATES[group] and not ran_out(ahead)
                    elif theta > best or i < arm:
                        best, arm = theta, i
            point, last = point + following(ahead, EXPONENTIAL), i
            control[0, VISITS] += 1.0
        control[rung, POINT] = point - length
        if best > level:
            return arm
        most = level
    control[0, VISITS] += ALL * len(control) ** 2 * n_arms
    lowest = len(control) - 1
    for place in range(thinning.first[lowest, 1], n_arms):
        i = thinning.order[lowest, ARM, place]
        theta = _up_to(most, sample, posteriors, i, ahead)
        if theta > best or (theta == best and i < arm):
            best, arm = theta, i
    return arm


@inlined
def choose(
    sample: Sample, reach: Reach, mass: Mass, trial: Trial, posteriors: Array, thinning: Thinning, ahead: Ahead
) -> int:
    """The arm of a round, or -1 if more variables are needed; then nothing is used up."""
    control, normals, exponentials = thinning.control, ahead.used[NORMAL], ahead.used[EXPONENTIAL]
    visits = control[0, VISITS]
    for rung in range(len(control)):
        control[rung, BEFORE] = control[rung, POINT]
    if visits >= PATIENCE * len(control) * len(posteriors):
        _set_levels(sample, reach, mass, posteriors, thinning, ahead)
    arm = _largest(sample, trial, posteriors, thinning, ahead)
    if ran_out(ahead):
        ahead.used[NORMAL], ahead.used[EXPONENTIAL] = normals, exponentials
        control[0, VISITS] = visits
        for rung in range(len(control)):
            control[rung, POINT] = control[rung, BEFORE]
        return -1
    return arm

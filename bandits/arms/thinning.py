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
do not exceed it: the only case in which a round looks at all arms.

The level decides what a round costs, and nothing else. Every so often, when visits have cost as much as that, every
posterior is sampled once, and these samples, which no decision sees, set the level of the rounds that follow.

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
"""Visits an arm after which the level is set anew."""
ALL = 4
"""Visits that a look at an arm counts for where no sample exceeds the level: more than it costs, as it was too high."""
LEVEL, VISITS, POINT, LENGTH, REACHED, LARGEST = 0, 1, 2, 3, 4, 5
"""Of ``Thinning.control``."""
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
    """What decides which arms a round visits.

    Attributes:
        control: the level; how many arms were visited since it was set; how far ahead the next point of the process is;
            the sum of all rates; and of the samples that set the level a level that one arm exceeds nearly always, and
            the largest ones, about ``log2(n_arms)``, the largest first.
        masses: [n_arms], what ``mass`` says of each arm at the level.
        order: [2, n_arms], all arms, class by class, and where each arm is among them.
        first: [CLASSES + 1], the place of the first arm of each class, and behind them ``n_arms``.
    """

    control: Array
    masses: Array
    order: NDArray[np.int64]
    first: NDArray[np.int64]

    def undrawn(self) -> Thinning:
        """The same with a level that has to be set anew, and with it the next point of the process to be drawn."""
        control = self.control.copy()
        control[VISITS] = math.inf
        return self._replace(control=control)


Sample = Callable[[Array, int, Ahead], float]
Reach = Callable[[Array, int, float], float]
Mass = Callable[[Array, int, float], float]
Trial = Callable[[Array, int, float, float], tuple[float, float]]


def thinning(n_arms: int) -> Thinning:
    """No level yet: the first round sets it."""
    control, masses, order, first = _new(n_arms)
    return Thinning(control.copy(), masses.copy(), order.copy(), first.copy())


@lru_cache(maxsize=16)
def _new(n_arms: int) -> Thinning:
    control = np.full(LARGEST + min(n_arms, max(2, n_arms.bit_length() - 2)), -math.inf)
    control[[LEVEL, VISITS, POINT, LENGTH]] = math.inf, PATIENCE * n_arms, math.inf, 0.0
    order, first = np.empty((2, n_arms), dtype=np.int64), np.full(CLASSES + 1, n_arms)
    order[:], first[0] = np.arange(n_arms), 0
    return Thinning(control, np.full(n_arms, math.inf), order, first)


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
def put(thinning: Thinning, arm: int, mass: float) -> None:
    """Change the mass of one arm."""
    order, first = thinning.order, thinning.first
    place, now, then = order[PLACE, arm], _class(thinning.masses[arm]), _class(mass)
    thinning.masses[arm] = mass
    if now == then:
        return
    thinning.control[LENGTH] += RATES[then] - RATES[now]
    while now != then:  # past the border to the next class
        if now < then:
            border = first[now + 1] - 1
            first[now + 1] -= 1
            now += 1
        else:
            border = first[now]
            first[now] += 1
            now -= 1
        other = order[ARM, border]
        order[ARM, place], order[PLACE, other] = other, place
        order[ARM, border], place = arm, border
    order[PLACE, arm] = place


@inlined
def _note(control: Array, sample: float) -> None:
    i = control.size - 1
    if sample > control[i]:
        while i > LARGEST and sample > control[i - 1]:
            control[i] = control[i - 1]
            i -= 1
        control[i] = sample


@inlined
def _set_level(sample: Sample, reach: Reach, mass: Mass, posteriors: Array, thinning: Thinning, ahead: Ahead) -> None:
    """Of two levels that some sample exceeds nearly always the larger one: below one arm, or below several together."""
    control, n_arms = thinning.control, len(posteriors)
    control[VISITS], control[POINT] = 0.0, following(ahead, EXPONENTIAL)
    for i in range(REACHED, control.size):
        control[i] = -math.inf
    deviations = math.sqrt(2.0 * math.log(n_arms))
    for arm in range(n_arms):
        control[REACHED] = max(control[REACHED], reach(posteriors, arm, deviations))
        _note(control, sample(posteriors, arm, ahead))
    control[LEVEL] = max(control[REACHED], control[control.size - 1])
    for arm in range(n_arms):
        put(thinning, arm, mass(posteriors, arm, control[LEVEL]))


@inlined
def _largest(sample: Sample, trial: Trial, posteriors: Array, thinning: Thinning, ahead: Ahead) -> int:
    """The arm with the largest sample."""
    control, arms, first = thinning.control, thinning.order[ARM], thinning.first
    level, best, arm = control[LEVEL], -math.inf, 0
    for place in range(first[1]):
        i = arms[place]
        theta = sample(posteriors, i, ahead)
        if theta > best or (theta == best and i < arm):
            best, arm = theta, i
    control[VISITS] += first[1]
    point, group, start, last = control[POINT], 1, 0.0, -1
    while point < control[LENGTH] and not ran_out(ahead):
        end = start + (first[group + 1] - first[group]) * RATES[group]
        while point >= end and group < CLASSES - 1:
            group += 1
            start, end = end, end + (first[group + 1] - first[group]) * RATES[group]
        i = arms[min(first[group] + int((point - start) * INVERSES[group]), first[group + 1] - 1)]
        if i != last:
            theta, price = trial(posteriors, i, level, following(ahead, EXPONENTIAL))
            price += LOGS[group] - thinning.masses[i]
            if theta >= best and following(ahead, EXPONENTIAL) >= price and (theta > best or i < arm):
                best, arm = theta, i
        point, last = point + following(ahead, EXPONENTIAL), i
        control[VISITS] += 1.0
    control[POINT] = point - control[LENGTH]
    if best > level:
        return arm
    control[VISITS] += ALL * len(posteriors)
    for place in range(first[1], len(posteriors)):
        i = arms[place]
        theta = sample(posteriors, i, ahead)
        while theta > level and not ran_out(ahead):
            theta = sample(posteriors, i, ahead)
        if theta > best or (theta == best and i < arm):
            best, arm = theta, i
    return arm


@inlined
def choose(
    sample: Sample, reach: Reach, mass: Mass, trial: Trial, posteriors: Array, thinning: Thinning, ahead: Ahead
) -> int:
    """The arm of a round, or -1 if more variables are needed; then nothing is used up."""
    normals, exponentials = ahead.used[NORMAL], ahead.used[EXPONENTIAL]
    visits, point = thinning.control[VISITS], thinning.control[POINT]
    if visits >= PATIENCE * len(posteriors):
        _set_level(sample, reach, mass, posteriors, thinning, ahead)
    arm = _largest(sample, trial, posteriors, thinning, ahead)
    if ran_out(ahead):
        ahead.used[NORMAL], ahead.used[EXPONENTIAL] = normals, exponentials
        thinning.control[VISITS], thinning.control[POINT] = visits, point
        return -1
    return arm

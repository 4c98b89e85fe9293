"""Which of many independent samples is the largest, without drawing those that cannot be: exact in law.

Thompson sampling draws ``theta_i`` from the posterior of every arm and plays the largest. Only samples above some
``level``, a number fixed before the round, matter as long as there is one. So every arm has a rate:

* inf for an arm that often exceeds the level: its sample is drawn in every round;
* else ``-ln(1 - q)`` with ``q >= P(theta > level)``: with probability ``q``, independently of all others, the arm is
  visited, and then makes one trial of rejection sampling from an envelope of mass ``q`` above the level. Accepted, the
  trial is its sample, which exceeds the level; otherwise its sample does not, and nothing else about it is drawn.

Lay the finite rates end to end on a line: an arm is to be visited exactly if a Poisson process has a point in its
stretch. So the next arm takes one exponential variable and, in a tree of sums, ``log2`` of the number of arms steps;
arms that are not visited cost nothing. If no sample exceeds the level, those that were not drawn are, given that they
do not exceed it: the only case in which a round looks at all arms.

The level decides what a round costs, and nothing else. Every so often, when visits have cost as much as that, every
posterior is sampled once, and these samples, which no decision sees, set the level of the rounds that follow.

What a posterior is, a policy says in kernels, which it hands to those of this file:

* ``sample(posteriors, arm, ahead)``: draws from it;
* ``reach(posteriors, arm, deviations)``: its mean less a number of its standard deviations;
* ``rate(posteriors, arm, level)``: the rate of an arm, and ``trial(posteriors, arm, level, exponential)``: a trial
  from a standard exponential variable, and its price: accepted if another one is at least the price (``tails.py``).

Normal and exponential variables are drawn ahead in Python, since handing a generator to a kernel takes longer than a
round. A round that runs out of them is undone, and played once there are more.

Reference: P. A. W. Lewis, G. S. Shedler, *Simulation of Nonhomogeneous Poisson Processes by Thinning*, Naval Research
Logistics Quarterly 26, 1979.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import inlined

PATIENCE = 32
"""Visits an arm after which the level is set anew."""
LEVEL, VISITS, REACHED, LARGEST = 0, 1, 2, 3
"""Of ``Thinning.control``."""
NORMAL, EXPONENTIAL = 0, 1
"""Kinds of variables."""


class Ahead(NamedTuple):
    """Variables that were drawn ahead.

    Attributes:
        variables: [2, n], standard normal ones and standard exponential ones.
        used: [2], how many of each are used up.
    """

    variables: Array
    used: NDArray[np.int64]


class Thinning(NamedTuple):
    """What decides which arms a round visits.

    Attributes:
        control: the level; how many arms were visited since it was set; and of the samples that set it a level that one
            arm exceeds nearly always, and the largest ones, about ``log2(n_arms)``, the largest first.
        rates: [2 * leaves], ``leaves`` the smallest power of two that is at least the number of arms: a tree of sums,
            whose leaf ``leaves + i`` holds the rate of arm ``i``, or 0 where that is inf or there is no such arm.
        often: [n_arms + 1, 2]: in the first column the number of arms whose rate is inf, and then these; in the second
            for each arm, behind the first entry, its row in the first column, or 0.
    """

    control: Array
    rates: Array
    often: NDArray[np.int64]


Sample = Callable[[Array, int, Ahead], float]
Reach = Callable[[Array, int, float], float]
Rate = Callable[[Array, int, float], float]
Trial = Callable[[Array, int, float, float], tuple[float, float]]
Learn = Callable[[Array, int, float, Ahead, Any], None]


def thinning(n_arms: int) -> Thinning:
    """No level yet: the first round sets it."""
    control = np.full(LARGEST + min(n_arms, max(2, n_arms.bit_length() - 2)), -math.inf)
    control[LEVEL], control[VISITS] = math.inf, PATIENCE * n_arms
    return Thinning(control, np.zeros(2 << (n_arms - 1).bit_length()), np.zeros((n_arms + 1, 2), dtype=np.int64))


def ahead(size: int) -> Ahead:
    """Room for ``size`` variables of each kind, all used up."""
    return Ahead(np.ones((2, size)), np.full(2, size))


def drawn(old: Ahead, rng: np.random.Generator) -> Ahead:
    """What is left, and new variables behind it, twice as many if none was used."""
    size = old.variables.shape[1] * (1 if old.used.any() else 2)
    new = Ahead(np.empty((2, size)), np.zeros(2, dtype=np.int64))
    for kind, source in enumerate((rng.standard_normal, rng.standard_exponential)):
        left = old.variables[kind, old.used[kind] :]
        new.variables[kind, : left.size], new.variables[kind, left.size :] = left, source(size - left.size)
    return new


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
def put(thinning: Thinning, arm: int, rate: float) -> None:
    """Change the rate of one arm."""
    often, tree = thinning.often, thinning.rates
    place = often[1 + arm, 1]
    if rate == math.inf:
        if place > 0:
            return
        often[0, 0] += 1
        often[often[0, 0], 0], often[1 + arm, 1], rate = arm, often[0, 0], 0.0
    elif place > 0:
        last = often[often[0, 0], 0]
        often[place, 0], often[1 + last, 1], often[1 + arm, 1] = last, place, 0
        often[0, 0] -= 1
    node = tree.size // 2 + arm
    tree[node] = rate
    while node > 1:
        rate += tree[node ^ 1]
        node >>= 1
        tree[node] = rate


@inlined
def _at(tree: Array, point: float) -> int:
    """The arm whose stretch has a point below ``tree[1]``."""
    node, leaves = 1, tree.size // 2
    while node < leaves:
        left, right = tree[2 * node], tree[2 * node + 1]
        beyond = (point >= left) & (right > 0.0)  # rounding may leave a point that no stretch has
        point -= left if beyond else 0.0
        node = 2 * node + beyond
    return node - leaves


@inlined
def _note(control: Array, sample: float) -> None:
    i = control.size - 1
    if sample > control[i]:
        while i > LARGEST and sample > control[i - 1]:
            control[i] = control[i - 1]
            i -= 1
        control[i] = sample


@inlined
def _set_level(sample: Sample, reach: Reach, rate: Rate, posteriors: Array, thinning: Thinning, ahead: Ahead) -> None:
    """Of two levels that some sample exceeds nearly always the larger one: below one arm, or below several together."""
    control, n_arms = thinning.control, len(posteriors)
    for i in range(VISITS, control.size):
        control[i] = 0.0 if i == VISITS else -math.inf
    deviations = math.sqrt(2.0 * math.log(n_arms))
    for arm in range(n_arms):
        control[REACHED] = max(control[REACHED], reach(posteriors, arm, deviations))
        _note(control, sample(posteriors, arm, ahead))
    control[LEVEL] = max(control[REACHED], control[control.size - 1])
    for arm in range(n_arms):
        put(thinning, arm, rate(posteriors, arm, control[LEVEL]))


@inlined
def _largest(sample: Sample, trial: Trial, posteriors: Array, thinning: Thinning, ahead: Ahead) -> int:
    """The arm with the largest sample."""
    control, rates, often = thinning.control, thinning.rates, thinning.often
    level, best, arm = control[LEVEL], -math.inf, 0
    for j in range(often[0, 0]):
        i = often[1 + j, 0]
        theta = sample(posteriors, i, ahead)
        if theta > best or (theta == best and i < arm):
            best, arm = theta, i
    control[VISITS] += often[0, 0]
    point, last = following(ahead, EXPONENTIAL), -1
    while point < rates[1] and not ran_out(ahead):
        i = _at(rates, point)
        if i != last:
            theta, price = trial(posteriors, i, level, following(ahead, EXPONENTIAL))
            if theta >= best and following(ahead, EXPONENTIAL) >= price and (theta > best or i < arm):
                best, arm = theta, i
        point, last = point + following(ahead, EXPONENTIAL), i
        control[VISITS] += 1.0
    if best > level:
        return arm
    control[VISITS] += len(posteriors)
    for i in range(len(posteriors)):
        if often[1 + i, 1] == 0:
            theta = sample(posteriors, i, ahead)
            while theta > level and not ran_out(ahead):
                theta = sample(posteriors, i, ahead)
            if theta > best or (theta == best and i < arm):
                best, arm = theta, i
    return arm


@inlined
def choose(
    sample: Sample, reach: Reach, rate: Rate, trial: Trial, posteriors: Array, thinning: Thinning, ahead: Ahead
) -> int:
    """The arm of a round, or -1 if more variables are needed; then nothing is used up."""
    normals, exponentials, visits = ahead.used[NORMAL], ahead.used[EXPONENTIAL], thinning.control[VISITS]
    if visits >= PATIENCE * len(posteriors):
        _set_level(sample, reach, rate, posteriors, thinning, ahead)
    arm = _largest(sample, trial, posteriors, thinning, ahead)
    if ran_out(ahead):
        ahead.used[NORMAL], ahead.used[EXPONENTIAL], thinning.control[VISITS] = normals, exponentials, visits
        return -1
    return arm

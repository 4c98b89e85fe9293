"""Policies on Bernoulli arms as one would write them for this alone: numba loops that look at all arms in every round.

Each is named like its policy and plays ``uniforms.size`` rounds: ``ucb1(means, uniforms, rng)`` returns the
pseudo-regret after each. Arm ``i`` pays 1 in round ``t`` if ``uniforms[t] < means[i]``, else 0, as in
``BernoulliArms``; ``rng`` is a ``numpy.random.Generator`` for what the policy itself draws.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numba
import numpy as np


def plain(name: str, means: np.ndarray, rounds: int) -> Callable[[], object]:
    """A game of ``rounds`` rounds by the loop called ``name``, its random numbers included."""
    play = globals()[name]

    def game() -> object:
        rng = np.random.default_rng(1)
        return play(means, rng.random(rounds), rng)

    return game


@numba.njit
def ucb1(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    counts, sums = np.zeros(n_arms), np.zeros(n_arms)
    for t in range(uniforms.size):
        arm = t
        if t >= n_arms:
            log, best = 2.0 * math.log(t + 1.0), -math.inf
            for i in range(n_arms):
                index = sums[i] / counts[i] + math.sqrt(log / counts[i])
                if index > best:
                    best, arm = index, i
        counts[arm] += 1.0
        if uniforms[t] < means[arm]:
            sums[arm] += 1.0
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def ucb_v(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    counts, sums, squares = np.zeros(n_arms), np.zeros(n_arms), np.zeros(n_arms)
    for t in range(uniforms.size):
        arm = t
        if t >= n_arms:
            log, best = 1.2 * math.log(t + 1.0), -math.inf
            for i in range(n_arms):
                mean = sums[i] / counts[i]
                variance = max(squares[i] / counts[i] - mean * mean, 0.0)
                index = mean + math.sqrt(2.0 * variance * log / counts[i]) + 3.0 * log / counts[i]
                if index > best:
                    best, arm = index, i
        counts[arm] += 1.0
        if uniforms[t] < means[arm]:
            sums[arm] += 1.0
            squares[arm] += 1.0
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def moss(means, uniforms, rng):
    n_arms, rounds, top = means.size, uniforms.size, means.max()
    regret, total = np.empty(rounds), 0.0
    counts, sums, indices = np.zeros(n_arms), np.zeros(n_arms), np.full(n_arms, math.inf)
    for t in range(rounds):
        arm = 0
        for i in range(1, n_arms):
            if indices[i] > indices[arm]:
                arm = i
        counts[arm] += 1.0
        if uniforms[t] < means[arm]:
            sums[arm] += 1.0
        log = max(0.0, math.log(rounds / (n_arms * counts[arm])))
        indices[arm] = sums[arm] / counts[arm] + math.sqrt(log / counts[arm])
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def anytime_moss(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    counts, sums, logs = np.zeros(n_arms), np.zeros(n_arms), np.zeros(n_arms)
    for t in range(uniforms.size):
        arm = t
        if t >= n_arms:
            log, best = math.log((t + 1.0) / n_arms), -math.inf
            for i in range(n_arms):
                width = math.sqrt(1.175 * max(0.0, log - logs[i]) / counts[i])
                index = sums[i] / counts[i] + width
                if index > best:
                    best, arm = index, i
        counts[arm] += 1.0
        logs[arm] = math.log(counts[arm])
        if uniforms[t] < means[arm]:
            sums[arm] += 1.0
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def discounted_ucb(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    counts, sums, weight = np.zeros(n_arms), np.zeros(n_arms), 0.0
    discount = 1.0 - math.sqrt(1.0 / uniforms.size) / 4.0
    for t in range(uniforms.size):
        arm = t
        if t >= n_arms:
            log, best = 2.4 * math.log(weight), -math.inf
            for i in range(n_arms):
                index = sums[i] / counts[i] + math.sqrt(log / counts[i])
                if index > best:
                    best, arm = index, i
        weight = discount * weight + 1.0
        for i in range(n_arms):
            counts[i] *= discount
            sums[i] *= discount
        counts[arm] += 1.0
        if uniforms[t] < means[arm]:
            sums[arm] += 1.0
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def sliding_window_ucb(means, uniforms, rng):
    n_arms, rounds, top = means.size, uniforms.size, means.max()
    regret, total = np.empty(rounds), 0.0
    counts, sums = np.zeros(n_arms), np.zeros(n_arms)
    window = math.ceil(2.0 * math.sqrt(rounds * math.log(rounds)))
    arms, rewards = np.zeros(window, np.int64), np.zeros(window)
    for t in range(rounds):
        arm, log, best = 0, 0.6 * math.log(min(t + 1.0, window)), -math.inf
        for i in range(n_arms):
            if counts[i] == 0.0:
                arm = i
                break
            index = sums[i] / counts[i] + math.sqrt(log / counts[i])
            if index > best:
                best, arm = index, i
        place = t % window
        if t >= window:
            counts[arms[place]] -= 1.0
            sums[arms[place]] -= rewards[place]
        arms[place] = arm
        rewards[place] = 1.0 if uniforms[t] < means[arm] else 0.0
        counts[arm] += 1.0
        sums[arm] += rewards[place]
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def kl_ucb(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    counts, sums = np.zeros(n_arms), np.zeros(n_arms)
    for t in range(uniforms.size):
        arm = t
        if t >= n_arms:
            log, best = math.log1p((t + 1.0) * math.log(t + 1.0) ** 2), -math.inf
            for i in range(n_arms):
                index = kl_upper(sums[i] / counts[i], log / counts[i])
                if index > best:
                    best, arm = index, i
        counts[arm] += 1.0
        if uniforms[t] < means[arm]:
            sums[arm] += 1.0
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def kl_upper(p, level):
    """Largest q with d(p, q) <= level, by Newton's method from an upper bound."""
    if p == 0.0:
        return -math.expm1(-level)
    if p == 1.0:
        return 1.0
    entropy = p * math.log(p) + (1.0 - p) * math.log(1.0 - p)
    q = min(p + math.sqrt(level / 2.0), 1.0 - (1.0 - p) * math.exp((p * math.log(p) - level) / (1.0 - p)))
    for _ in range(50):
        if q >= 1.0:
            return 1.0
        excess = entropy - p * math.log(q) - (1.0 - p) * math.log(1.0 - q) - level
        step = excess * q * (1.0 - q) / (q - p)
        q -= step
        if step <= 1e-12:
            break
    return q


@numba.njit
def exp3(means, uniforms, rng):
    n_arms, rounds, top = means.size, uniforms.size, means.max()
    regret, total = np.empty(rounds), 0.0
    gamma = min(1.0, math.sqrt(n_arms * math.log(n_arms) / ((math.e - 1.0) * rounds)))
    weights = np.ones(n_arms)
    for t in range(rounds):
        whole, rest, arm, probability = weights.sum(), rng.random(), -1, 1.0
        while rest >= 0.0 and arm < n_arms - 1:
            arm += 1
            probability = (1.0 - gamma) * weights[arm] / whole + gamma / n_arms
            rest -= probability
        if uniforms[t] < means[arm]:
            weights[arm] *= math.exp(gamma / n_arms / probability)
            if weights[arm] > 1e100:
                weights *= 1e-100
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def exp3_ix(means, uniforms, rng):
    n_arms, rounds, top = means.size, uniforms.size, means.max()
    regret, total = np.empty(rounds), 0.0
    eta = math.sqrt(2.0 * math.log(n_arms) / (n_arms * rounds))
    losses, weights = np.zeros(n_arms), np.zeros(n_arms)
    for t in range(rounds):
        least, whole = losses.min(), 0.0
        for i in range(n_arms):
            weights[i] = math.exp(eta * (least - losses[i]))
            whole += weights[i]
        rest, arm = rng.random() * whole - weights[0], 0
        while rest >= 0.0 and arm < n_arms - 1:
            arm += 1
            rest -= weights[arm]
        if not uniforms[t] < means[arm]:
            losses[arm] += 1.0 / (weights[arm] / whole + eta / 2.0)
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def tsallis_inf(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    sums, weights, root = np.zeros(n_arms), np.zeros(n_arms), math.sqrt(n_arms)
    for t in range(uniforms.size):
        least, factor, whole = sums.min(), 1.0 / math.sqrt(t + 1.0), math.inf
        while abs(whole - 1.0) > 1e-12:  # a Newton step from the last round's root, until they sum to 1
            whole = slope = 0.0
            for i in range(n_arms):
                inverse = 1.0 / (factor * (sums[i] - least) + root)
                weights[i] = inverse * inverse
                whole += weights[i]
                slope += 2.0 * weights[i] * inverse
            root = max(1.0, root + (whole - 1.0) / slope)
        rest, arm = rng.random() * whole - weights[0], 0
        while rest >= 0.0 and arm < n_arms - 1:
            arm += 1
            rest -= weights[arm]
        if not uniforms[t] < means[arm]:
            sums[arm] += whole / weights[arm]
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def beta_thompson(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    successes, failures = np.ones(n_arms), np.ones(n_arms)
    for t in range(uniforms.size):
        arm, best = 0, -1.0
        for i in range(n_arms):
            theta = rng.beta(successes[i], failures[i])
            if theta > best:
                best, arm = theta, i
        if uniforms[t] < means[arm]:
            successes[arm] += 1.0
        else:
            failures[arm] += 1.0
        total += top - means[arm]
        regret[t] = total
    return regret


@numba.njit
def gaussian_thompson(means, uniforms, rng):
    n_arms, top = means.size, means.max()
    regret, total = np.empty(uniforms.size), 0.0
    counts, averages, deviations = np.zeros(n_arms), np.zeros(n_arms), np.zeros(n_arms)
    for t in range(uniforms.size):
        arm, best = t, -math.inf
        if t >= n_arms:
            for i in range(n_arms):
                theta = averages[i] + deviations[i] * rng.standard_normal()
                if theta > best:
                    best, arm = theta, i
        counts[arm] += 1.0
        averages[arm] += ((uniforms[t] < means[arm]) - averages[arm]) / counts[arm]
        deviations[arm] = 0.5 / math.sqrt(counts[arm])
        total += top - means[arm]
        regret[t] = total
    return regret

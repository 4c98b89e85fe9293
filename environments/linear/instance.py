"""What the analysis may know of actions with features, and what it says of every policy."""

from __future__ import annotations

import numpy as np

from bandits.contract import Array, Bound
from bandits.linear.theory import LinearInstance, LinearModel

__all__ = ["LinearInstance", "LinearModel", "asymptotic_bound", "minimax_rate", "needle_bound", "vertices_bound"]


def asymptotic_bound(instance: LinearInstance, drawn: bool) -> Bound | None:
    """``c* ln t`` for every consistent policy, see ``bandits.linear.asymptotic``.

    None where theta is drawn, noise is not Gaussian, rewards are not linear, the best action is tied, or c* could not
    be worked out.
    """
    if drawn or not instance.linear or not instance.noise_is_gaussian:
        return None
    constant = instance.asymptotic_constant
    if not constant:
        return None
    return Bound(
        "asymptotic rate",
        "lower",
        lambda t: constant * np.log(t),
        "fixed",
        "Lattimore and Szepesvári 2017 [recall] (for every consistent policy, the limit inferior of regret / ln t is "
        "at least this slope; at a finite t nothing is claimed); the slope is computed and certified by this project",
        "recalled",
        time="asymptotic",
    )


def minimax_rate(dimension: int, sigma: float) -> Bound:
    """``sigma sqrt((d - 1) T) / 27`` on unit vectors: for every policy some theta in [0, 1]^d has it, not this one."""
    return Bound(
        "minimax rate",
        "lower",
        lambda t: sigma * np.sqrt((dimension - 1) * t) / 27.0,
        "fixed",
        "Lattimore and Szepesvári 2020, Theorem 15.2 [recall] (for every policy there is a theta with at least this "
        "regret at the horizon; nothing is claimed of a given one)",
        "recalled",
        time="asymptotic",
    )


def vertices_bound(dimension: int, scale: float, delta: float, sigma: float) -> Bound:
    """A lower bound on the mean regret over random vertices, on the hypercube with Gaussian noise (derived).

    For each coordinate, two values of theta that differ there alone have distributions of t rewards at a divergence of
    at most ``t (2 scale delta)^2 / (2 sigma^2)``. By Bretagnolle and Huber the wrong sign is played in half of the
    rounds with probability at least ``exp(-divergence) / 4`` in the mean of both, and costs ``2 scale delta`` each:

        d scale delta t exp(-2 t (scale delta / sigma)^2) / 4

    in the sum, which with ``delta = sigma / (scale sqrt T)`` is ``(e^-2 / 4) sigma d sqrt T`` at T.
    """
    return Bound(
        "vertices",
        "lower",
        lambda t: dimension * scale * delta * t * np.exp(-2.0 * t * (scale * delta / sigma) ** 2) / 4.0,
        "fixed",
        "derived from Bretagnolle and Huber's inequality (for every policy, in the mean over the vertices)",
        "derived",
        time="at the horizon",
    )


def needle_bound(n_actions: int, reward: float) -> Bound:
    """``c sum_{s <= t} (1 - s / K)_+``, which every policy's mean regret is at least (derived).

    Until the needle is played all rewards are 0, or noise: whatever is played in s rounds hits it with probability at
    most ``s / K``. Without noise, search without replacement attains it.
    """

    def curve(t: Array) -> Array:
        rounds = np.minimum(t, float(n_actions))
        return np.asarray(reward * (rounds - rounds * (rounds + 1.0) / (2.0 * n_actions)))

    return Bound(
        "needle",
        "lower",
        curve,
        "fixed",
        "derived: of s different actions one is the needle with probability s / K, whatever their features say",
        "derived",
    )

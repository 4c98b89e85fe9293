"""Lower bounds at finite times, for arms with given means.

**Minimax.** For every policy some instance of a class has at least this regret at the horizon. An instance at hand may
have less, and no play of it contradicts the theorem; where its instances are drawn, see ``hardest.py``.

**Small horizons**, derived from an idea of Garivier, Ménard and Stoltz (2019). For two instances that differ in arm a
alone, ``E n_a KL >= kl(E n_a / T, E' n_a / T)``. Let the other one raise arm a to the best mean. If on every instance a
best arm is played at least ``T / K`` times in the mean, then with ``c = T K_inf(a)`` and ``u = K E n_a / T <= 1``:
``kl(u / K, 1 / K) >= (1 - u)^2 / (2 K)``, so ``(1 - u)^2 <= 2 c u``, and

    E n_a >= (T / K) (1 + c - sqrt(c^2 + 2 c)).

**Consistent at a rate**, derived likewise. If ``E n_b <= psi ln T / gap_b^2`` for every worse arm b of every instance,
raise arm a by e above the best mean: with ``B = psi (K - 1) ln T / e^2 < T``, ``E n_a`` is at least the smallest n with
``n d(mean_a, mean* + e) >= kl(n / T, 1 - B / T)``, for every e. It shows from when on the rate of Lai and
Robbins speaks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from bandits.arms.theory import gaps_of
from bandits.contract import Array, Assumption, Bound, Evidence
from environments.arms.instance import StochasticInstance

LOWER: Final = ("lai_robbins", "minimax", "small_horizon", "consistent")
"""Names of lower bounds of arms."""

ASSUMED: Final = ("small_horizon", "consistent")
"""Those that rest on an assumption about the policy."""

PSI = 8.0
"""Of the rate ``psi ln T / gap^2``: that of UCB1, up to constants."""


def hardest_gap(n_arms: int, horizon: int, sd: float | None = None) -> tuple[float, float]:
    """The gap D of the hardest instances and the regret at the horizon that no policy is below on all of them.

    Means ``(m + D, m, .., m)``, and those with a worse arm at ``m + 2 D``. By Bretagnolle and Huber, the regrets on the
    first and on the one that raises arm i sum up to ``(T D / 4) exp(-E n_i kl)`` at least, where ``kl`` is the
    divergence of means m and m + 2 D. In the mean over i the exponent is at most ``T kl / (K - 1)`` (Jensen): with the
    first one drawn with probability 1/2 and the others alike, the mean regret is at least

        (T D / 8) exp(-T kl / (K - 1)),

    which is largest for Bernoulli arms, m = 1/2, ``kl = -ln(1 - 16 D^2) / 2``, at
    ``D = 1 / (4 sqrt(1 + T / (K - 1)))``, and for Gaussian ones, ``kl = 2 D^2 / sd^2``, at
    ``D = sd sqrt((K - 1) / (4 T))``.

    Args:
        n_arms: K >= 2.
        horizon: T >= 1.
        sd: of Gaussian rewards; None for Bernoulli ones.
    """
    ratio = horizon / (n_arms - 1)
    if sd is not None:
        gap = sd / math.sqrt(4.0 * ratio)
        return gap, horizon * gap / 8.0 * math.exp(-0.5)
    gap = 0.25 / math.sqrt(1.0 + ratio)
    return gap, horizon * gap / 8.0 * math.exp(0.5 * ratio * math.log1p(-16.0 * gap * gap))


def minimax_bounds(n_arms: int, horizon: int, sd: float | None, drawn: bool) -> Sequence[Bound]:
    """Minimax bounds at the horizon, of Bernoulli arms or of Gaussian ones of a standard deviation.

    Args:
        n_arms: K; there is none for one arm.
        horizon: T.
        sd: of Gaussian rewards, whose means have a range of 1 at least; None for Bernoulli ones.
        drawn: whether means are drawn from the hardest instances, in whose mean the derived bound holds.
    """
    if n_arms == 1:
        return ()
    root = math.sqrt((n_arms - 1) * horizon)
    worst = Assumption("of the worst instance for each policy, which the one at hand need not be", False)
    _, value = hardest_gap(n_arms, horizon, sd)
    here = "derived in this project: the constant that the proof of Lattimore and Szepesvári, Theorem 15.2, gives"
    found = [_at("minimax bound", value, here, "derived", () if drawn else (worst,), drawn)]
    if sd is not None and horizon >= n_arms - 1:
        book = "Lattimore and Szepesvári, Bandit Algorithms, Theorem 15.2"
        found.append(
            _at("minimax bound of the book", sd * root / 27.0, book, "exact", () if drawn else (worst,), False)
        )
    if sd is None:
        drawing = Assumption("means are drawn from the instances of the source", False)
        old = "Auer, Cesa-Bianchi, Freund, Schapire 2002 (from memory)"
        value = min(math.sqrt(n_arms * horizon), horizon) / 20.0
        found.append(_at("minimax bound of Auer et al.", value, old, "recalled", (drawing,), False))
    return found


def _at(
    name: str, value: float, source: str, evidence: Evidence, assumptions: tuple[Assumption, ...], judged: bool
) -> Bound:
    """A lower bound on the regret at the horizon."""
    return Bound(
        name,
        "lower",
        lambda t: np.full(np.shape(t), value),
        "fixed",
        source,
        evidence,
        assumptions,
        "at the horizon",
        judged=judged,
    )


def small_horizon_bound(instance: StochasticInstance, assumed: bool) -> Bound:
    """That of policies which on every instance play a best arm no less than uniform play does."""
    gaps, slopes = gaps_of(instance), instance.kinf
    assert gaps is not None
    assert slopes is not None

    def curve(t: Array) -> Array:
        c = np.multiply.outer(np.asarray(t, dtype=np.float64), slopes[gaps > 0])
        share = 1.0 / (1.0 + c + np.sqrt(c * c + 2.0 * c))  # = 1 + c - sqrt(c^2 + 2 c)
        return np.asarray(t * (share @ gaps[gaps > 0]) / len(gaps))

    text = "on every instance a best arm is played at least t / K times in the mean"
    source = "derived in this project, after an idea of Garivier, Ménard, Stoltz 2019"
    return Bound(
        "small-horizon bound", "lower", curve, "fixed", source, "derived", (Assumption(text, assumed),), "no rate"
    )


def consistent_bound(instance: StochasticInstance, assumed: bool) -> Bound:
    """That of policies which on every instance play a worse arm ``PSI ln t / gap^2`` times at most; Bernoulli arms."""
    assert instance.means is not None
    means = tuple(instance.means.tolist())

    def curve(t: Array) -> Array:
        return np.array([_consistent(means, float(now)) for now in t])

    text = f"on every instance an arm of that gap is played at most {PSI:g} ln t / gap^2 times in the mean"
    source = "derived in this project, after an idea of Garivier, Ménard, Stoltz 2019"
    return Bound(
        "consistent-rate bound", "lower", curve, "fixed", source, "derived", (Assumption(text, assumed),), "no rate"
    )


@lru_cache(maxsize=4096)
def _consistent(means: tuple[float, ...], t: float) -> float:
    """The regret by round t of the plays that consistency at a rate asks for."""
    best, total = max(means), 0.0
    if best >= 1.0 or t <= 1.0:  # ln 1 = 0 plays are no assumption that can hold
        return 0.0
    raised = np.linspace(1e-4, 0.95 * (1.0 - best), 400)
    spent = PSI * (len(means) - 1) * math.log(t) / raised**2 / t
    raised, spent = raised[spent < 1.0], spent[spent < 1.0]
    if len(raised) == 0:
        return 0.0
    for mean in means:
        if mean < best:
            price = t * kl_bernoulli(np.full(len(raised), mean), best + raised)
            low, high = np.zeros(len(raised)), 1.0 - spent
            for _ in range(60):
                middle = 0.5 * (low + high)
                enough = middle * price >= kl_bernoulli(middle, 1.0 - spent)
                low, high = np.where(enough, low, middle), np.where(enough, middle, high)
            total += (best - mean) * t * float(np.max(low))
    return total


def kl_bernoulli(p: Array, q: Array | float) -> Array:
    """Divergences [n] of Bernoulli variables with means p from those with q, in [0, 1]; infinite where q bars p."""
    from scipy.special import rel_entr

    return np.asarray(rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q))

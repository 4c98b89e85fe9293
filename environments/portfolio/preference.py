"""Which of two strategies is to be preferred in the long run, and when one has overtaken others.

The margin of wealth W over that of strategy j is ``(ln W_t - ln W_t^j) / t``. In the limit, W is preferred weakly to j
if the margin is at least 0 in the end, strictly if it is also above 0 time and again, and the two are indifferent if it
tends to 0. What a run can certify: a learner whose regret to the best mix is at most ``B(t)`` has

    margin_j(t) >= (M_t - ln W_t^j - B(t)) / t >= -B(t) / t,

with ``M_t`` the logarithm of the best mix's wealth. So it is weakly preferred to every component in every market where
``B(t) / t`` tends to 0, and it has overtaken all of them for certain once ``M_t - max_j ln W_t^j > B(t)``.

The criterion is after D. K. Lam, *Ensembling Portfolio Strategies for Long-Term Investments*, 2024 (arXiv 2406.03652),
as others summarise it; its form here is derived in this project.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import floats, shown
from bandits.contract import Array


class Overtaking(NamedTuple):
    """When a learner overtook the best component: the first of the times given, or None.

    Attributes:
        first: at which it is ahead.
        for_good: from which on it is ahead at all times given.
        certified: at which the theorem says that it is ahead.
        certified_for_good: from which on the theorem says so at all times given.
    """

    first: int | None
    for_good: int | None
    certified: int | None
    certified_for_good: int | None


def margins(times: ArrayLike, wealth: ArrayLike, others: ArrayLike) -> Array:
    """How much faster wealth has grown than that of others, a round.

    Args:
        times: [n_times] rounds, >= 1, increasing.
        wealth: [n_times] logarithms of the learner's wealth, its cumulative rewards.
        others: [n_times] or [n_times, n_others] those of others.

    Returns:
        The margins, of the shape of ``others``.

    Raises:
        ValueError: shapes that do not go together, or times that are none.

    Example:
        >>> margins([10, 20], [1.0, 3.0], [[0.5, 2.0], [1.0, 3.0]])
        array([[ 0.05, -0.1 ],
               [ 0.1 ,  0.  ]])
    """
    at, own = _times(times), floats("wealth must be numbers", wealth)
    theirs = floats("others must be numbers", others)
    if own.shape != at.shape or theirs.shape[:1] != at.shape or theirs.ndim > 2:
        raise ValueError(
            f"wealth and others must have a row for each of {at.size} times, got {own.shape}, {theirs.shape}"
        )
    wide = (slice(None),) + (None,) * (theirs.ndim - 1)
    return np.asarray((own[wide] - theirs) / at[wide])


def overtaking(times: ArrayLike, component: ArrayLike, mix: ArrayLike, bound: ArrayLike) -> Overtaking:
    """When a learner overtook the best component, as seen and as certified by a bound on its regret.

    Args:
        times: [n_times] rounds, >= 1, increasing; what happens between them is not seen.
        component: [n_times] regret of a run to the best component (or asset), the definition "component".
        mix: [n_times] regret of the same run to the best mix, the definition "mix".
        bound: [n_times] a bound on the regret to the best mix.

    Raises:
        ValueError: shapes that do not go together, or times that are none.

    Example:
        >>> overtaking([1, 2, 3], component=[0.1, -0.1, -0.4], mix=[0.2, 0.2, 1.0], bound=[0.7, 1.1, 1.3])
        Overtaking(first=2, for_good=2, certified=3, certified_for_good=3)
    """
    at = _times(times)
    named = {"component": component, "mix": mix, "bound": bound}
    curves = {name: floats(f"{name} must be numbers", values) for name, values in named.items()}
    for name, curve in curves.items():
        if curve.shape != at.shape:
            raise ValueError(f"{name} must have a value for each of {at.size} times, got shape {curve.shape}")
    certain = curves["mix"] - curves["component"] > curves["bound"]  # the best mix is ahead by more than the bound
    return Overtaking(*_since(at, curves["component"] < 0.0), *_since(at, certain))


def _times(times: ArrayLike) -> NDArray[np.int64]:
    at = np.asarray(times)
    if at.ndim != 1 or at.size == 0 or at.dtype.kind not in "iu" or at[0] < 1 or (np.diff(at) <= 0).any():
        raise ValueError(f"times must be whole numbers >= 1, increasing, got {shown(times)}")
    return at.astype(np.int64)


def _since(times: NDArray[np.int64], ahead: NDArray[np.bool_]) -> tuple[int | None, int | None]:
    """The first time at which it is ahead, and the one from which on it always is."""
    if not ahead.any():
        return None, None
    last = int(np.flatnonzero(np.append(True, ~ahead))[-1])  # the last time at which it is not, counted from 1
    return int(times[ahead.argmax()]), int(times[last]) if last < len(times) else None

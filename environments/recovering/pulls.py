"""Pulls of recovering arms: which ones are legal, what they pay, and how the noise enters.

A block of pulls is an array ``rows`` [n, plays] of arms, -1 after the last of a period.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.recovering.schedule import Rows

NOISES = {"none": 0, "gaussian": 0, "bernoulli": 1, "uniform": 2, "beta": 3}
"""How the kernel makes a reward: 0 mean plus noise, 1 Bernoulli, 2 uniform, 3 mean (beta noise comes afterwards)."""


def row_of(action: Any, n_arms: int, plays: int) -> Rows:
    """An action as a block [1, plays].

    Raises:
        ValueError: not at most ``plays`` different arms.
    """
    arms = list(action) if isinstance(action, Sequence | np.ndarray) and not isinstance(action, str) else None
    legal = arms is not None and all(isinstance(i, int | np.integer) and 0 <= i < n_arms for i in arms)
    if arms is None or not legal or len(set(arms)) < len(arms) or len(arms) > plays:
        raise ValueError(f"action must be at most {plays} different arms in 0..{n_arms - 1}, got {action!r}")
    row = np.full((1, plays), -1)
    row[0, : len(arms)] = arms
    return row


def check_rows(rows: Rows, n_arms: int) -> None:
    """Raise ValueError where a row is no set of arms with -1 after them."""
    if (bad := _bad_row(rows, n_arms)) >= 0:
        raise ValueError(f"rows must be different arms in 0..{n_arms - 1}, got {rows[bad].tolist()}")


@kernel
def _bad_row(rows: Rows, n_arms: int) -> int:
    """The first row that is no set of arms with -1 after them, or -1."""
    seen = np.full(n_arms, -1)
    for t in range(rows.shape[0]):
        ended = False
        for arm in rows[t]:
            if arm == -1:
                ended = True
            elif arm < 0 or arm >= n_arms or ended or seen[arm] == t:
                return t
            else:
                seen[arm] = t
    return -1


@kernel
def carry(
    rows: Rows, curves: Array, noise: Array, kind: int, clock: int, last: NDArray[np.int64], out: Array, totals: Array
) -> None:
    """Write rewards into ``out`` [n, plays], move on ``last`` [n_arms] and ``totals``: of rewards and of means.

    Args:
        rows: pulls [n, plays].
        curves: [n_arms, longest] mean rewards by idle time.
        noise: [n, plays] what is added, or uniform numbers.
        kind: how the noise enters, see ``NOISES``.
        clock: periods before the first.
        last: [n_arms] period of each arm's last pull.
        out: where the rewards go; 0 stays where no arm is pulled.
        totals: [2] sums so far.
    """
    longest = curves.shape[1]
    for t in range(rows.shape[0]):
        for s in range(rows.shape[1]):
            arm = rows[t, s]
            if arm < 0:
                break
            mean, u = curves[arm, min(clock + t - last[arm], longest) - 1], noise[t, s]
            last[arm] = clock + t
            if kind == 1:
                reward = 1.0 if u < mean else 0.0
            elif kind == 2:
                reward = mean + (2.0 * u - 1.0) * min(mean, 1.0 - mean, 0.5)
            elif kind == 3:
                reward = mean
            else:
                reward = mean + u
            out[t, s] = reward
            totals[0] += reward
            totals[1] += mean

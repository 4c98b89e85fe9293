"""Pulls of recovering arms: which ones are legal, what they pay, and how the noise enters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.recovering.problem import Schedule

NOISES = {"none": 0, "gaussian": 0, "bernoulli": 1, "uniform": 2, "beta": 3}
"""The kind of ``Outcomes``; of kind 3, the kernel gives the mean, and beta noise comes afterwards."""


def check_schedule(schedule: Schedule, n_arms: int, plays: int) -> None:
    """Raise ``ValueError`` where a period's pulls are no set of at most ``plays`` arms with -1 after them."""
    if schedule.ndim != 2 or schedule.shape[1] != plays or schedule.dtype.kind != "i":
        raise ValueError(f"schedule must be whole numbers [n, {plays}], got {schedule.dtype} {schedule.shape}")
    if (bad := _bad(schedule, n_arms)) >= 0:
        raise ValueError(f"pulls of a period must be different arms in 0..{n_arms - 1}, got {schedule[bad].tolist()}")


@kernel
def _bad(schedule: Schedule, n_arms: int) -> int:
    """The first period whose pulls are no set of arms with -1 after them, or -1."""
    seen = np.full(n_arms, -1)
    for t in range(schedule.shape[0]):
        ended = False
        for arm in schedule[t]:
            if arm == -1:
                ended = True
            elif arm < 0 or arm >= n_arms or ended or seen[arm] == t:
                return t
            else:
                seen[arm] = t
    return -1


@kernel
def account(
    schedule: Schedule,
    curves: Array,
    noise: Array,
    kind: int,
    clock: int,
    last: NDArray[np.int64],
    out: Array,
    before: Array,
    totals: Array,
) -> None:
    """Write rewards into ``out`` [n, plays] and sums of rewards and of means into ``totals``; move on ``last``.

    Args:
        schedule: pulls [n, plays].
        curves: [n_arms, longest] mean rewards by idle time.
        noise: [n, plays] what is added, or uniform numbers.
        kind: how the noise enters, see ``NOISES``.
        clock: periods before the first.
        last: [n_arms] period of each arm's last pull.
        out: where the rewards go; 0 stays where no arm is pulled.
        before: [2] sums before the first period.
        totals: [n, 2] where the sums after each period go.
    """
    longest = curves.shape[1]
    earned, expected = before[0], before[1]
    for t in range(schedule.shape[0]):
        for s in range(schedule.shape[1]):
            arm = schedule[t, s]
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
            earned += reward
            expected += mean
        totals[t, 0], totals[t, 1] = earned, expected

"""An arm that is sampled several times on end, while the answer lies between it and one rival.

Where rewards are 0 or 1, a mean moves so little in a sample that the lead cannot change for a while: all samples of it
are counted at once.
"""

from __future__ import annotations

import math

from bandits.identification.divergence import reward_of
from bandits.identification.policy import ahead
from bandits.identification.problem import Ints, Outcomes
from bandits.kernels import inlined

SHORT = 128
"""Samples on end that are quicker taken one by one than looked at for what can be counted at once."""

FEW = 8
"""Samples, among more, that are quicker taken one by one."""


@inlined
def _lasts(total: float, count: int, rival: float, most: int) -> int:
    """For how many samples, up to ``most``, an arm whose rewards are 0 or 1 keeps the lead or lags; 0 for few or none.

    The means in between are those of the worst or the best that can come, or better or worse; so are their roundings.
    """
    mean = total / count
    if mean > rival:
        far = total / rival - count if rival > 0.0 else math.inf
    else:
        far = (rival * count - total) / (1.0 - rival) if rival < 1.0 else math.inf
    if not far >= FEW:
        return 0
    n = most if far >= most else int(far)
    lasts = total / (count + n - 1) > rival if mean > rival else (total + (n - 1)) / (count + n - 1) < rival
    return n if lasts else 0


@inlined
def repeat(
    outcomes: Outcomes,
    arm: int,
    count: int,
    total: float,
    part: float,
    other: int,
    rival: float,
    s: int,
    end: int,
    codes: Ints,
) -> tuple[float, float]:
    """Sample an arm with the noise at ``s..end-1``, and tell the arm that leads before each sample.

    Args:
        outcomes: of the coming samples.
        arm: that is sampled.
        count: of its samples before.
        total: of their rewards.
        part: of some of them, to which those that come belong, too.
        other: its rival, -1 for none.
        rival: the mean of that, inf where it is the answer in any case, -inf where there is none.
        s: place of the first sample.
        end: place after the last.
        codes: [n] where the answers go.

    Returns:
        Both sums after.
    """
    family, level = outcomes.family, outcomes.means[arm]
    mean = total / count if count > 0 else -math.inf
    if family == 1 and end - s <= SHORT:
        for i in range(s, end):
            codes[i] = ahead(arm, mean, other, rival)
            reward = outcomes.noise[i] < level
            total += reward
            part += reward
            count += 1
            mean = total / count
        return total, part
    counted = family == 1 and 0.0 <= total <= count and total == math.floor(total) and part == math.floor(part)  # exact
    while s < end:
        n = _lasts(total, count, rival, end - s) if counted and count > 0 else 0
        if n > 0:
            ones, some = 0, outcomes.noise[s : s + n]
            for i in range(n):
                ones += some[i] < level
            codes[s : s + n] = arm if mean > rival else other
            total += ones
            part += ones
        else:
            n = min(FEW, end - s)
            for i in range(s, s + n):
                codes[i] = ahead(arm, mean, other, rival)
                reward = reward_of(family, level, outcomes.noise[i])
                total += reward
                part += reward
                mean = total / (count + i + 1 - s)
        count += n
        mean, s = total / count, s + n
    return total, part

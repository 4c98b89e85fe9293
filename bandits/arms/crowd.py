"""How many plays all arms have, as far as they count for one of them: what "optimally confident" indices rest on.

For an arm with ``n_i`` plays an arm with fewer counts ``n_j^rho n_i^(1 - rho)`` plays and an arm with more ``n_i``:

    N_i = sum_j min(n_i, n_j^rho n_i^(1 - rho)) = n_i^(1 - rho) sum_j min(n_i^rho, n_j^rho).

A play of arm ``j`` changes ``N_i`` of the arms with more plays, and its own. These are summed up anew, so that nothing
drifts and arms with equal counts have equal ``N``: in the long run, where the arm played has the most plays, that is
one sum a round.
"""

from __future__ import annotations

import math

from bandits.arms.scan import COUNT, MORE, SUM
from bandits.contract import Array
from bandits.kernels import inlined

POWER, CROWD, FREE = MORE, MORE + 1, MORE + 2
"""Columns of the rows [n_arms, ...]: n^rho and N; those of a policy's own begin at ``FREE``."""


@inlined
def gather(rows: Array, arm: int) -> None:
    """Sum up ``N`` of an arm."""
    power, total = rows[arm, POWER], 0.0
    for j in range(rows.shape[0]):
        total += min(power, rows[j, POWER])
    rows[arm, CROWD] = rows[arm, COUNT] / power * total


@inlined
def join(rows: Array, arm: int, reward: float, rho: float) -> float:
    """Count a play; returns n^rho before. ``N`` of the arms for which that is larger, and of this one, is old."""
    before: float = rows[arm, POWER]
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    n = rows[arm, COUNT]
    rows[arm, POWER] = math.sqrt(n) if rho == 0.5 else n**rho
    return before

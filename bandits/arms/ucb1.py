"""UCB1: optimism with Hoeffding's confidence width.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + 1 / sqrt(n_i) * width sqrt(exploration * ln(t)),

where ``n_i`` counts the plays of arm ``i`` among the ``t - 1`` before and ``exploration = 2``. Ties go to the lowest
index. It is computed in this order: the last factor is the same for all arms, so that the indices are lines over a
clock, and few of them need be computed in a round (``kinetic.py``).

Reference: P. Auer, N. Cesa-Bianchi, P. Fischer, *Finite-time Analysis of the Multiarmed Bandit Problem*, Machine
Learning 47, 2002, Figure 1 and Theorem 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.kinetic import Arms, follow, line, line_stands, play, tournament
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel


@inlined
def _clock(t: int, scale: float) -> float:
    return math.sqrt(scale * math.log(t))


@inlined
def _learn(rows: Array, arm: int, reward: float, scale: float) -> None:
    row = rows[arm]
    row[2] += 1.0
    row[3] += reward
    row[0], row[1] = row[3] / row[2], 1.0 / math.sqrt(row[2])


@kernel
def _follow(arm: int, reward: float, t: int, rows: Array, winners: Arms, until: Array, scale: float) -> int:
    return follow(line, line_stands, _clock, _learn, arm, reward, t, rows, winners, until, scale)


@kernel
def _play(block: Block, actions: Actions, t: int, rows: Array, winners: Arms, until: Array, scale: float) -> int:
    return play(line, line_stands, _clock, _learn, block, actions, t, rows, winners, until, scale)


class UCB1(BanditPolicy):
    """UCB1 of Auer, Cesa-Bianchi and Fischer (2002).

    Args:
        exploration: factor of ``ln t / n`` under the root, > 0. The theorem is about 2. Rewards are measured in units
            of ``problem.width``, so that it also serves sub-Gaussian rewards and any range.

    Example:
        >>> import numpy as np
        >>> from bandits import UCB1
        >>> from environments import BernoulliArms
        >>> environment, policy = BernoulliArms([0.2, 0.8], horizon=1000), UCB1()
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> policy.reset(environment.problem, np.random.default_rng(1))
        >>> policy.advance(environment, 1000)
        >>> environment.metrics(np.array([10, 1000]))["reward"]
        array([  8., 791.])
    """

    decided = True
    by_arm = True

    def __init__(self, exploration: float = 2.0) -> None:
        self.exploration = positive("exploration", exploration)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._t, self._arm = 1, 0
        self._rows = np.zeros((problem.n_actions, 4))  # mean, width, number of plays, sum of rewards
        self._rows[:, 0] = math.inf
        self._winners, self._until = tournament(problem.n_actions)
        self._scale = self.exploration * problem.width**2

    def choose(self, observation: Any) -> int:
        return self._arm

    def learn(self, action: int, reward: float) -> None:
        self._t += 1
        self._arm = _follow(action, reward, self._t, self._rows, self._winners, self._until, self._scale)

    def play(self, block: Block, actions: Actions) -> None:
        self._arm = _play(block, actions, self._t, self._rows, self._winners, self._until, self._scale)
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 1: sum over suboptimal arms of ``8 width^2 ln(t) / gap + (1 + pi^2 / 3) gap``, at any time.

        The theorem is about rewards in a range; its proof rests on Hoeffding's inequality alone, and so holds for
        sub-Gaussian rewards [derived].
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        gaps = gaps_of(instance)
        if gaps is None or self.exploration != 2.0:
            return ()
        gaps = gaps[gaps > 0]
        slope, constant = 8.0 * problem.width**2 * np.sum(1.0 / gaps), (1.0 + math.pi**2 / 3.0) * np.sum(gaps)
        return (
            Bound(
                "UCB1 bound",
                "upper",
                lambda t: slope * np.log(t) + constant,
                "fixed",
                "Auer, Cesa-Bianchi, Fischer 2002, Theorem 1",
                "exact" if problem.bounded and problem.noise is None else "derived",
                holds(instance, STATIONARY, problem=problem),
            ),
        )

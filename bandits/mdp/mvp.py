"""MVP: optimistic value iteration with a bonus that is monotone in the values, on the last batch of each pair.

The visits of a state and an action fall into batches that end when their number reaches 1, 2, 4, 8, ...; what is known
of the pair is its last full batch, of ``n`` visits, with the empirical law ``P`` of its next state. After an episode in
which a batch was full, backwards over the stages of the coming one, with ``l = ln(200 S A H^2 K^2 / delta)``,

    Q_h = min(H - h, r + P V_{h+1} + (460/9) sqrt(l Var_P V_{h+1} / n) + (544/9) H l / n),    V_h = max Q_h,

and ``H - h`` where there is no batch yet. There is no minimum with the episode before.

At the sizes of small studies the constants of theory exceed ``H`` after any number of visits that fits into them: the
first action is played for ever. ``bonus_scale`` below 1 learns, and is not the theorem's.

Reference: Z. Zhang, X. Ji, S. Du, *Is Reinforcement Learning More Difficult Than Bandits?*, COLT 2021, and Z. Zhang,
Y. Chen, J. Lee, S. Du, *Settling the Sample Complexity of Online Reinforcement Learning*, 2023. The constants are those
of a public implementation, the order of the regret is recalled. Rewards have to be told: a term for unknown ones is
left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import probability, real
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.counts import insert, widened
from bandits.mdp.model import Ints
from bandits.mdp.policy import EpisodicPolicy, known_horizon, told_rewards
from bandits.mdp.problem import EpisodesProblem, EpisodicProblem, Trajectory
from bandits.mdp.theory import EpisodicInstance


class MVP(EpisodicPolicy):
    """Optimistic value iteration on batches that double.

    Args:
        bonus_scale: multiplies the bonus, >= 0; 1 is theory's.
        delta: probability with which the bound may fail, in (0, 1).
    """

    def __init__(self, bonus_scale: float = 1.0, delta: float = 0.05) -> None:
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")
        self.delta = probability("delta", delta)

    def start(self, problem: EpisodesProblem) -> None:
        H, S, A = problem.n_stages, problem.n_states, problem.n_actions
        K, told = known_horizon(self, problem), told_rewards(problem)
        if told is None:
            raise ValueError("rewards must be told: MVP has no bonus for unknown ones, got None")
        self._log = math.log(200.0 * S * A * H**2 * float(K) ** 2) - math.log(self.delta)
        self._told = told
        self._own = H if problem.own_stages else 1
        rows = self._own * S * A
        self._visits, self._sizes, self._batch, self._known = np.zeros((4, rows), dtype=np.int64)
        self._states, self._times, self._known_states, self._known_times = (
            np.zeros((rows, min(4, S)), dtype=np.int64) for _ in range(4)
        )
        self._plans = 0

    @property
    def plans(self) -> int:
        """How often the run was planned anew."""
        return self._plans

    def plan(self) -> Ints:
        self._plans += 1
        actions = np.zeros((self._problem.n_stages, self._problem.n_states), dtype=np.int64)
        _plan(
            self._own, self._batch, self._known, self._known_states, self._known_times,
            read_only(self._told), self._log, self.bonus_scale, actions,
        )  # fmt: skip
        return actions

    def learn(self, trajectory: Trajectory) -> bool:
        seen, did, h, full = read_only(trajectory.states), read_only(trajectory.actions), 0, False
        while True:
            h, some = _add(
                h, self._own, seen, did, self._problem.n_states, self._problem.n_actions,
                self._visits, self._sizes, self._states, self._times,
                self._batch, self._known, self._known_states, self._known_times,
            )  # fmt: skip
            full = full or bool(some)
            if h == len(did):
                return full
            self._states, self._times = widened(self._states), widened(self._times)
            self._known_states, self._known_times = widened(self._known_states), widened(self._known_times)

    def regret_bounds(self, problem: EpisodesProblem, instance: Instance) -> Sequence[Bound]:
        if not isinstance(problem, EpisodicProblem) or not isinstance(instance, EpisodicInstance):
            return ()
        size, H = problem.n_states * problem.n_actions, problem.n_stages
        return (
            Bound(
                "MVP rate",
                "order",
                lambda t: np.sqrt(size * H**3 * t),
                "fixed",
                "Zhang, Chen, Lee, Du 2023 [recall]; the constant is a convention",
                "convention",
                (
                    Assumption("each stage has a table of its own", instance.own_stages),
                    Assumption("the bonus is theory's", self.bonus_scale == 1.0),
                ),
            ),
        )


@kernel
def _add(
    first: int,
    own: int,
    seen: Ints,
    did: Ints,
    n_states: int,
    n_actions: int,
    visits: Ints,
    sizes: Ints,
    states: Ints,
    times: Ints,
    batch: Ints,
    known: Ints,
    known_states: Ints,
    known_times: Ints,
) -> tuple[int, bool]:
    """Count steps from ``first`` on; the step that finds no room, or their number, and whether a batch was full."""
    full = False
    for h in range(first, did.size):
        row = ((h if own > 1 else 0) * n_states + seen[h]) * n_actions + did[h]
        size = insert(states[row], times[row], sizes[row], seen[h + 1])
        if size < 0:
            return h, full
        sizes[row] = size
        visits[row] += 1
        if visits[row] & (visits[row] - 1) == 0:  # 1, 2, 4, 8, ...
            full = True
            batch[row] = (visits[row] + 1) // 2
            known[row], sizes[row] = size, 0
            for i in range(size):
                known_states[row, i], known_times[row, i] = states[row, i], times[row, i]
    return int(did.size), full


@kernel
def _plan(
    own: int,
    batch: Ints,
    known: Ints,
    states: Ints,
    times: Ints,
    rewards: Array,
    log: float,
    scale: float,
    actions: Ints,
) -> None:
    """Fill in the first best actions of one backward pass."""
    H, S = actions.shape
    A = rewards.shape[2]
    ahead, here = np.zeros(S), np.empty(S)
    for h in range(H - 1, -1, -1):
        paid = rewards[h if rewards.shape[0] > 1 else 0]
        for s in range(S):
            for a in range(A):
                row = ((h if own > 1 else 0) * S + s) * A + a
                n, q = batch[row], float(H - h)
                if n > 0:
                    mean = square = 0.0
                    for i in range(known[row]):
                        p, v = times[row, i] / n, ahead[states[row, i]]
                        mean += p * v
                        square += p * v * v
                    variance = max(0.0, square - mean * mean)
                    bonus = (460.0 / 9.0) * math.sqrt(variance * log / n) + (544.0 / 9.0) * H * log / n
                    q = min(q, paid[s, a] + mean + scale * bonus)
                if a == 0 or q > here[s]:
                    here[s], actions[h, s] = q, a
        ahead, here = here, ahead

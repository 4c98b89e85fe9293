"""What policies share that look at every arm in every round: mapped rewards, ties, and the loop over rounds.

Rewards in a finite range are mapped to [0, 1]; unbounded ones are measured in units of the problem's width, where a
noise is declared. An arm has a row of numbers, which changes only when it is played, and a score, worked out anew in
every round. The arm with the largest score is played; scores within ``TIE`` of it count as equal to it, and of these
the lowest arm is played, so that the rounding of rewards in another range or unit decides nothing. An arm that was
never played scores inf.

What a policy does, it says in two inlined kernels, which it hands to ``rounds``:

* ``pick(rows, t, own, luck, s)``: the arm of round ``t``, from 1; row ``s`` of ``luck`` holds the round's random
  numbers. ``leader(rows)`` is the arm with the largest score, once the scores of all are written.
* ``note(rows, arm, reward, own)``: takes a mapped reward into the row of its arm.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from bandits.arguments import shown
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.contract import Array
from bandits.defaults import default
from bandits.kernels import inlined

SCORE, COUNT, SUM, MORE = range(4)
"""Columns of the rows [n_arms, ...]: score, plays, sum of mapped rewards; those of a policy's own begin at ``MORE``."""

TIE = 1e-12
"""Scores that differ by at most this count as equal."""

Pick = Callable[[Array, int, Any, Any, int], int]
Note = Callable[[Array, int, float, Any], None]


@inlined
def leader(rows: Array) -> int:
    """The lowest of the arms whose scores are the largest, up to ``TIE``."""
    best = -math.inf
    for i in range(rows.shape[0]):
        best = max(best, rows[i, SCORE])
    arm = 0
    while arm < rows.shape[0] - 1 and not rows[arm, SCORE] >= best - TIE:
        arm += 1
    return arm


@inlined
def count(rows: Array, arm: int, reward: float, own: Any) -> None:
    """Count a play and add up its reward: what ``note`` does where nothing else is kept."""
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward


@inlined
def rounds(
    pick: Pick,
    note: Note,
    block: Block,
    actions: Actions,
    t: int,
    rows: Array,
    own: Any,
    luck: Any,
    low: float,
    span: float,
) -> None:
    """Play a block.

    Args:
        pick: see above.
        note: see above.
        block: the rounds.
        actions: [n_rounds], filled in.
        t: number of the first of these rounds, from 1.
        rows: [n_arms, n_columns].
        own: what ``pick`` and ``note`` have to know of the policy.
        luck: [n_rounds, n_draws] random numbers, or a generator.
        low: the reward that is mapped to 0.
        span: the difference of rewards that is mapped to 1.
    """
    for s in range(actions.size):
        arm = pick(rows, t + s, own, luck, s)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        note(rows, arm, (reward - low) / span, own)
        actions[s] = arm


class ScanPolicy(BanditPolicy):
    """A policy that scores every arm in every round.

    Attributes:
        columns: number of columns of the rows.
        begin_with: what columns of arms that were never played hold, where that is not 0.
        uniforms: numbers of a round that are drawn uniformly, where ``luck`` is not another.
        numbers_an_arm: random numbers of a round for each arm, or room for what it leaves: with many arms, fewer rounds
            are played at once.
        longest: rounds that are played at once at the most.
        pick: kernel of the decision.
        note: kernel that takes in a reward.
        rounds: kernel ``(block, actions, t, rows, own, luck, low, span)`` that plays a block.
        binary: whether rewards have to be the ends of their range; see ``need_ends``.
    """

    columns: ClassVar[int] = MORE
    begin_with: ClassVar[Mapping[int, float]] = {}
    uniforms: ClassVar[int] = 0
    numbers_an_arm: ClassVar[int] = 0
    longest: int = 2**14
    pick: ClassVar[Callable[..., int]]
    note: ClassVar[Callable[..., None]]
    rounds: ClassVar[Callable[..., None]]
    binary: ClassVar[bool] = False

    @abstractmethod
    def constants(self, problem: BanditProblem) -> tuple[Any, ...]:
        """What the kernels have to know of the run: numbers, and new arrays of what is kept beside the rows.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @default
    def rows(self, problem: BanditProblem) -> Array:
        """The rows [n_arms, n_columns] of arms that were never played. Here: zeros, but for ``begin_with``."""
        rows = np.zeros((problem.n_actions, self.columns))
        for column, number in self.begin_with.items():
            rows[:, column] = number
        return rows

    @default
    def luck(self, n_rounds: int) -> Any:
        """The random numbers [n_rounds, n_draws] of the next rounds. Here: ``uniforms``.

        Where their number is not known before, the generator itself: to hand it to a kernel takes some 10 us, which a
        block pays once and ``choose`` every time.
        """
        return self._rng.random((n_rounds, self.uniforms)) if self.uniforms else np.empty((n_rounds, 0))

    @default
    def make_room(self, n_rounds: int) -> None:
        """Make room for what the next rounds leave, where a policy keeps something of each. Here: nothing is kept."""
        return

    @default
    def scale(self, problem: BanditProblem) -> tuple[float, float]:
        """Which reward is mapped to 0, and which difference of rewards to 1. Here: as ``units`` says."""
        return units(problem)

    @property
    def at_once(self) -> int:
        """Rounds at a time whose random numbers are drawn and for which room is made; fewer where there are many."""
        return min(self.longest, max(1, 2**19 // (1 + self.numbers_an_arm * self._n_arms)))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        if self.binary:
            need_ends(type(self).__name__, problem)
        self._rng, self._t = rng, 1
        self._own = self.constants(problem)
        self._low, self._span = self.scale(problem)
        self._rows = self.rows(problem)

    def choose(self, observation: Any) -> int:
        return int(self.pick(self._rows, self._t, self._own, self.luck(1), 0))

    def learn(self, action: int, reward: float) -> None:
        share = (reward - self._low) / self._span
        if self.binary and share not in (0.0, 1.0):
            ends = f"{self._low:g} or {self._low + self._span:g}"
            raise ValueError(
                f"{type(self).__name__} needs rewards that are {ends}, got {shown(reward)}; BetaThompson takes any "
                "in a finite range"
            )
        self.make_room(1)
        self.note(self._rows, action, share, self._own)
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        if self.binary and not (block.binary and self._low == 0.0 and self._span == 1.0):
            for s in range(actions.size):  # each reward is looked at
                actions[s] = arm = self.choose(None)
                reward = block.levels[s * block.stride, arm] + block.noise[s]
                self.learn(arm, float(reward > 0.0 if block.binary else reward))
            return
        for start in range(0, actions.size, self.at_once):
            now = actions[start : start + self.at_once]
            part = block.since(start)
            self.make_room(now.size)
            self.rounds(part, now, self._t, self._rows, self._own, self.luck(now.size), self._low, self._span)
            self._t += now.size


def units(problem: BanditProblem) -> tuple[float, float]:
    """Which reward is mapped to 0, and which difference of rewards to 1: the range, or where it is infinite the width.

    Rewards stay as they are where it is infinite and no noise is declared, or one of 0.
    """
    if problem.bounded:
        return float(problem.low), float(problem.high - problem.low)
    return 0.0, (problem.width if problem.noise else 1.0)


def width_of(problem: BanditProblem) -> float:
    """Twice the sub-Gaussian parameter of mapped rewards: 1 for rewards of which the range alone is known.

    Raises:
        ValueError: rewards are unbounded and no ``noise`` is declared.
    """
    if not problem.sub_gaussian:
        raise ValueError(
            f"rewards are unbounded, in [{problem.low}, {problem.high}], and the problem declares no noise: confidence "
            "widths are undefined; declare one, or play kl_ucb or imed with the family of the rewards"
        )
    return problem.width / units(problem)[1]


def need_range(name: str, problem: BanditProblem, way_out: str) -> None:
    """See that rewards lie in a finite range.

    Raises:
        ValueError: they do not; the message ends with the way out.
    """
    if not problem.bounded:
        raise ValueError(f"{name} needs rewards in a finite range, got [{problem.low}, {problem.high}]; {way_out}")


def need_ends(name: str, problem: BanditProblem) -> None:
    """See that rewards can be the ends of their range and nothing else, as far as the problem says.

    Raises:
        ValueError: the range is infinite, or there are rewards inside it; of problems of other families than arms,
            which show more than a reward, it is not taken for granted that there are none.
    """
    need_range(name, problem, "GaussianThompson takes unbounded ones of declared noise")
    inside = type(problem) is not BanditProblem if problem.binary is None else not problem.binary
    if inside:
        raise ValueError(
            f"{name} needs rewards that are {problem.low:g} or {problem.high:g}, got a problem with binary="
            f"{problem.binary}; BetaThompson takes any in a finite range"
        )


def horizon_of(name: str, given: int | None, problem: BanditProblem, way_out: str) -> int:
    """The horizon in a policy's formula: that of its parameter, or where it is None the problem's.

    Raises:
        ValueError: there is none; the message ends with the way out.
    """
    horizon = problem.horizon if given is None else given
    if horizon is None:
        raise ValueError(f"{name} needs a horizon: the problem has horizon=None and none was given; {way_out}")
    return horizon

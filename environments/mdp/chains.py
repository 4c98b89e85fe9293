"""Chains and stars in which the reward in the long run lies behind a way that pays less: river swims and arms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandits.arguments import affordable, flag, integer, one_of, real
from bandits.contract import Array
from bandits.mdp.model import Model
from environments.mdp.models import MDP, Tables, first_state

LEFT, RIGHT = 0, 1
MOST_STATES = 3000
"""Of a chain all of whose states lead to all."""

VARIANTS: dict[str, tuple[tuple[float, float], tuple[float, float, float], tuple[float, float]]] = {
    "osband": ((0.4, 0.6), (0.05, 0.6, 0.35), (0.4, 0.6)),
    "soft": ((0.65, 0.35), (0.05, 0.6, 0.35), (0.4, 0.6)),
    "strehl": ((0.7, 0.3), (0.1, 0.6, 0.3), (0.7, 0.3)),
}
"""What swimming right does: stay and up in the first state; down, stay and up between; down and stay in the last."""


def _swim(n: int, variant: str) -> Model:
    first, middle, last = VARIANTS[variant]
    states, shares = np.empty((n, 2, 3), dtype=np.int64), np.zeros((n, 2, 3))
    states[:] = np.clip(np.arange(n)[:, None, None] + np.array([-1, 0, 1]), 0, n - 1)
    shares[:, LEFT, 0] = 1.0
    shares[:, RIGHT] = middle
    shares[0, RIGHT], shares[-1, RIGHT] = (0.0, *first), (*last, 0.0)
    return Model.sparse(np.arange(2 * n + 1) * 3, states.ravel(), shares.ravel(), n, 2)


def _paid(n: int, left: float) -> Array:
    rewards = np.zeros((n, 2))
    rewards[0, LEFT], rewards[n - 1, RIGHT] = left, 1.0
    return rewards


@dataclass(frozen=True)
class RiverSwim(MDP):
    """A river: action 0 goes left surely, action 1 swims right, against the stream.

    Rewards: ``left`` for going left in state 0, 1 for swimming in the last state.

    Args:
        n: number of states, >= 2.
        variant: what swimming does at the ends and between, of which three versions circulate: "osband" (I. Osband's
            TabulaRL and R. Fruit's UCRL), "soft", "strehl" (C.-Y. Wei's programs, without their jumps).
        left: in [0, 1].

    Raises:
        ValueError: a parameter out of its domain.
    """

    n: int = 6
    variant: str = "osband"
    left: float = 0.005

    def __post_init__(self) -> None:
        n = integer("n", self.n, 2)
        affordable("n", f"a river of {n} states", 12 * n)
        one_of("variant", self.variant, VARIANTS)
        real("left", self.left, 0.0, 1.0, closed="both")

    def tables(self) -> Tables:
        return Tables(_swim(self.n, self.variant), _paid(self.n, self.left), first_state(self.n))


@dataclass(frozen=True)
class JumpRiverSwim(MDP):
    """A river in which one is carried anywhere now and then, as in the programs of C.-Y. Wei and others.

    As ``RiverSwim`` of the variant "strehl"; each action gives every state but the one that it aims at (left: one
    lower, right: one higher, as far as there is one) ``jump / n`` more and takes that from the one that it aims at.

    Args:
        n: number of states, >= 2.
        left: reward of going left in state 0, in [0, 1]; theirs, turned from a cost.
        jump: in [0, 0.3): what is taken from the state aimed at must be there.

    Raises:
        ValueError: a parameter out of its domain.
    """

    n: int = 6
    left: float = 0.2
    jump: float = 0.01

    def __post_init__(self) -> None:
        integer("n", self.n, 2, MOST_STATES)
        real("left", self.left, 0.0, 1.0, closed="both")
        real("jump", self.jump, 0.0, 0.3, closed="low")

    def tables(self) -> Tables:
        n, each, s = self.n, self.jump / self.n, np.arange(self.n)
        table = _swim(n, "strehl").dense()[0] + each
        table[s, LEFT, np.maximum(s - 1, 0)] -= n * each
        table[s, RIGHT, np.minimum(s + 1, n - 1)] -= n * each
        return Tables(Model(table), _paid(n, self.left), first_state(n))


@dataclass(frozen=True)
class JAO(MDP):
    """Two states of which one pays, and one action that leads there a little sooner (Jaksch, Ortner, Auer 2010).

    State 0 leads to state 1 with probability ``delta``, by action ``best`` with ``delta + eps``; state 1 back with
    probability ``delta``; each step in state 1 pays 1.

    Args:
        delta: in (0, 1].
        eps: in [0, 1 - delta].
        A: number of actions, >= 1.
        best: the better action, 0..A-1.
        hard: whether ``eps`` is of the order ``sqrt(A delta / T)`` at which the proof of the lower bound works, so that
            the bound may be drawn with its constant; said by whoever sets both.

    Raises:
        ValueError: a parameter out of its domain.
    """

    delta: float = 0.05
    eps: float = 0.02
    A: int = 3
    best: int = 1
    hard: bool = False

    def __post_init__(self) -> None:
        real("eps", self.eps, 0.0, 1.0 - real("delta", self.delta, 0.0, 1.0, closed="high"), closed="both")
        n_actions = integer("A", self.A)
        affordable("A", f"a table of {n_actions} actions", 8 * n_actions)
        integer("best", self.best, 0, n_actions - 1)
        flag("hard", self.hard)

    def tables(self) -> Tables:
        up = np.full(self.A, self.delta)
        up[self.best] += self.eps
        down = np.full(self.A, self.delta)
        table = np.array([[1.0 - up, up], [down, 1.0 - down]]).transpose(0, 2, 1)
        rewards = np.array([np.zeros(self.A), np.ones(self.A)])
        return Tables(Model(table), rewards, first_state(2), hard=self.hard)


ENTERED = (1.0, 0.15, 0.1, 0.05, 0.03, 0.01)
STAYING = (4, 5, 3, 2, 1, 0)
PAYING = (50.0, 133.0, 300.0, 800.0, 1660.0, 6000.0)


@dataclass(frozen=True)
class SixArms(MDP):
    """A star of six arms of which the best is hardest to enter (Strehl, Littman 2008).

    From state 0 action ``a`` enters arm ``a``, state ``a + 1``, with probability (1, .15, .1, .05, .03, .01), else
    stays. In arm ``a`` the action (4, 5, 3, 2, 1, 0) stays and pays (50, 133, 300, 800, 1660, 6000) / 6000, all others
    go home. Numbers from memory; which action stays was chosen in this project.
    """

    def tables(self) -> Tables:
        table, rewards = np.zeros((7, 6, 7)), np.zeros((7, 6))
        table[:, :, 0] = 1.0
        for arm, (entered, staying, paying) in enumerate(zip(ENTERED, STAYING, PAYING, strict=True)):
            table[0, arm, 0], table[0, arm, arm + 1] = 1.0 - entered, entered
            table[arm + 1, staying, 0], table[arm + 1, staying, arm + 1] = 0.0, 1.0
            rewards[arm + 1, staying] = paying / 6000.0
        return Tables(Model(table), rewards, first_state(7))

"""Checks of the policy contract, for our policies and for those of plug-in authors.

``check_policy(MyPolicy, world)`` raises ``AssertionError`` naming the first promise that is broken. ``TableWorld`` is
a small world of arms to check against; other families pass a world of their own.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from bandits.arms.policy import Actions, Block
from bandits.contract import Array, Policy, Problem, World, check_accepts


class CheckedWorld(World[Any, Any, Any], Protocol):
    """A world at the start of a run, that records what was played."""

    problem: Problem
    history: list[Any]


class TableWorld:
    """Arms with a given table of rewards; records every action.

    Args:
        rewards: [n_rounds, n_arms] rewards.
        family: "arms", or "contextual" with a constant context.
        feedback: "bandit" or "full".
        low: declared lowest reward.
        high: declared highest reward.
        stepwise: hide the block interface, so that compiled policies play round by round.
    """

    def __init__(
        self,
        rewards: Array,
        family: str = "arms",
        feedback: str = "bandit",
        low: float = 0.0,
        high: float = 1.0,
        stepwise: bool = False,
    ) -> None:
        self.rewards = np.ascontiguousarray(rewards, dtype=np.float64)
        contexts = ((0.0, 1.0),) if family == "contextual" else ()
        horizon, n_arms = self.rewards.shape
        self.problem = Problem(family, feedback, n_arms, horizon, low, high, contexts=contexts)
        self.clock = 0
        self.history: list[Any] = []
        if not stepwise:
            self.block, self.absorb = self._block, self._absorb

    def observe(self) -> Any:
        """The constant observation."""
        return np.array([0.5]) if self.problem.contexts else 0

    def transition(self, action: int) -> tuple[float, Any]:
        """Play one arm."""
        row = self.rewards[self.clock]
        self._absorb(np.array([action]))
        return float(row[action]), row.copy() if self.problem.feedback == "full" else float(row[action])

    def _block(self, rounds: int) -> Block:
        rows = self.rewards[self.clock : self.clock + rounds]
        return Block(rows, 1, np.zeros(len(rows)), False)

    def _absorb(self, actions: Actions) -> None:
        self.history += actions.tolist()
        self.clock += len(actions)


def check_policy(
    make: Callable[[], Policy[Any, Any, Any]], world: Callable[[bool], CheckedWorld], seed: int = 20240229
) -> None:
    """Check that a policy keeps the contract in a world.

    Args:
        make: builds the policy.
        world: builds the world at the start of a run, always of the same run; its argument says whether the policy
            must play round by round. The history of what was played must be comparable with ``==``.
        seed: seed of the policy's generator.

    Raises:
        AssertionError: a promise is broken; the message says which.

    Example:
        >>> import numpy as np
        >>> from bandits import UCB1
        >>> from bandits.checks import TableWorld, check_policy
        >>> rewards = np.random.default_rng(0).random((50, 3))
        >>> check_policy(UCB1, lambda stepwise: TableWorld(rewards, stepwise=stepwise))
    """
    _check_constructor(make())
    problem = world(True).problem
    assert problem.horizon is not None, "check_policy needs a world with a horizon"
    check_accepts(make(), problem)
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    policy = make()
    if policy.clairvoyant:
        first = _run(policy, world(True), seed, [problem.horizon])
        assert first == _run(policy, world(True), seed, [problem.horizon]), "a second run after reset differs"
        return
    first = _run(policy, world(True), seed, [problem.horizon])
    assert len(first) > 0, "nothing was played"
    assert _run(policy, world(True), seed, [problem.horizon]) == first, (
        "a second run after reset differs from the first"
    )
    assert _run(make(), world(True), seed, [problem.horizon]) == first, "a new object plays another run"
    cuts = _cuts(problem.horizon, seed)
    for name, blocks in (("whole", [problem.horizon]), ("cut into blocks", cuts)):
        played = _run(make(), world(False), seed, blocks)
        assert played == first, f"advance, {name}, differs from choose and update {_where(first, played)}"
    for stepwise in (True, False):
        played = _run(make(), world(stepwise), seed, cuts, pickled=True)
        assert played == first, f"a run that was pickled on the way differs {_where(first, played)}"
    assert pickle.dumps(np.random.get_state()) == before, "the global random generator was used"  # noqa: NPY002


def _check_constructor(policy: Policy[Any, Any, Any]) -> None:
    assert policy.accepts or policy.clairvoyant, "accepts is empty"
    try:
        text = repr(policy)
    except AttributeError as error:
        raise AssertionError(f"a hyper-parameter is not kept under its own name: {error}") from error
    assert text.startswith(type(policy).__name__), f"repr is {text}"
    pickle.loads(pickle.dumps(policy))


def _run(
    policy: Policy[Any, Any, Any], world: CheckedWorld, seed: int, blocks: list[int], pickled: bool = False
) -> list[Any]:
    policy.reset(world.problem, np.random.default_rng(seed))
    for rounds in blocks:
        policy.advance(world, rounds)
        if pickled:
            policy = pickle.loads(pickle.dumps(policy))
    assert world.clock == world.problem.horizon, f"advance stopped at {world.clock} of {world.problem.horizon}"
    return world.history


def _cuts(horizon: int, seed: int) -> list[int]:
    rng = np.random.default_rng(seed)
    blocks: list[int] = []
    while (left := horizon - sum(blocks)) > 0:
        blocks.append(int(rng.integers(1, max(2, left // 2 + 1))))
    return blocks


def _where(first: list[Any], other: list[Any]) -> str:
    step = next((i for i, (a, b) in enumerate(zip(first, other, strict=False)) if a != b), min(len(first), len(other)))
    return f"at step {step}"

"""Policies in simulators that ask by ``startGame``, ``choice`` and ``getReward``: the protocol of SMPyBandits."""

from __future__ import annotations

import copy
from typing import Any

from bandits import BanditProblem, Policy
from bandits.arguments import real, shown
from bandits.contract import check_plays
from bandits.seeds import stream


class GamePolicy:
    """A policy on arms behind the three calls of SMPyBandits, which names of arguments are kept of.

    SMPyBandits 0.9.7, its last release, does not import beside a current scipy; the protocol lives on in simulators of
    one's own. Each game is a run of its own: the n-th one, counted from 0, draws from ``bandits.seeds.stream(seed,
    of=f"policy in game {n}")``, so that repetitions have luck of their own and can all be had again.

    Args:
        policy: a policy on arms; it is copied, never changed.
        nbArms: number of arms, >= 1.
        lower: smallest reward.
        amplitude: largest reward less the smallest one, > 0. Rewards are given as they are, not scaled.
        horizon: rounds of a game, for policies that must know it, or None.
        seed: of all games, >= 0.

    Attributes:
        policy: the copy that plays.
        problem: what it is told.
        games: games begun.

    Raises:
        ValueError: a policy that does not play arms without contexts, or a parameter out of its domain.

    Example:
        >>> from bandits import UCB1
        >>> from regretlab.adapters.games import GamePolicy
        >>> player = GamePolicy(UCB1(), nbArms=2)
        >>> player.startGame()
        >>> for _ in range(10):
        ...     arm = player.choice()
        ...     player.getReward(arm, (0.1, 0.9)[arm])
        ...
        >>> player.choice()
        1
    """

    def __init__(
        self,
        policy: Policy[Any, Any, Any, Any],
        nbArms: int,
        lower: float = 0.0,
        amplitude: float = 1.0,
        horizon: int | None = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(policy, Policy):
            raise ValueError(f"policy must be an object of a class of policies, got {shown(policy)}")
        low = real("lower", lower)
        self.problem = BanditProblem(
            n_actions=nbArms, low=low, high=low + real("amplitude", amplitude, 0.0), horizon=horizon
        )
        check_plays(policy, self.problem, "a game", "policy")
        self.policy, self.nbArms, self.seed, self.games = copy.deepcopy(policy), nbArms, seed, 0
        self.policy.reset(self.problem, stream(seed, of="policy in game 0"))

    def startGame(self) -> None:  # noqa: N802
        """Forget everything: a new game."""
        self.policy.reset(self.problem, stream(self.seed, of=f"policy in game {self.games}"))
        self.games += 1

    def choice(self) -> int:
        """The arm that is played now."""
        return int(self.policy.choose(None))

    def getReward(self, arm: int, reward: float) -> None:  # noqa: N802
        """Learn from the reward of an arm.

        Raises:
            ValueError: no such arm, or a reward that is not finite; nothing has changed then.
        """
        self.policy.update(None, arm, reward)

    def __repr__(self) -> str:
        return f"GamePolicy({self.policy!r})"

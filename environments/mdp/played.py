"""Episodes of somebody else's gymnasium environment, for our learners: a policy for an episode in, a trajectory out."""

from __future__ import annotations

import math
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike

from bandits.arguments import check_seed, integer, real, shown
from bandits.frozen import read_only
from bandits.mdp.model import law_sums
from bandits.mdp.problem import EpisodicProblem, Trajectory, checked_policy
from bandits.mdp.tables import checked_table
from bandits.seeds import stream
from environments.mdp.environment import first_of


class PlayedEpisodes:
    """A gymnasium environment with states and actions that are numbered, episode by episode.

    Episodes have one length here: where one terminates before, the rest is spent in one more state, the last one, in
    which nothing is paid. Nothing is told of transitions.

    Args:
        environment: its spaces are ``Discrete`` (from 0 on).
        n_stages: steps of an episode, >= 1; None for the time limit with which it is registered.
        low: smallest reward of a step; learners see rewards as shares of the way from ``low`` to ``high``.
        high: largest reward of a step.
        rewards: mean rewards [n_states + 1, n_actions] as such shares, to be told; None not to tell them.
        horizon: number of episodes that learners are told; None not to tell. More can be played.
        seed: of the first episode, and of actions that a policy leaves to chance.

    Attributes:
        problem: what a learner is told.
        clock: episodes played.
        earned: sum of the rewards of the last episode, as the environment gave them.

    Raises:
        ValueError: other spaces, no time limit, or ``low`` not below ``high``.

    Example:
        >>> import gymnasium, numpy as np
        >>> from bandits.mdp.ucbvi import UCBVI
        >>> lake = PlayedEpisodes(gymnasium.make("FrozenLake-v1", is_slippery=False), n_stages=8, horizon=200)
        >>> learner = UCBVI("bernstein", bonus_scale=1e-4)
        >>> learner.reset(lake.problem, np.random.default_rng(0))
        >>> learner.advance(lake, 200)
        >>> lake.earned, lake.play(learner.choose(lake.observe())).states[[0, -1]].tolist()
        (1.0, [0, 16])
    """

    def __init__(
        self,
        environment: gymnasium.Env[Any, Any],
        n_stages: int | None = None,
        low: float = 0.0,
        high: float = 1.0,
        rewards: ArrayLike | None = None,
        horizon: int | None = None,
        seed: int = 0,
    ) -> None:
        if not isinstance(environment, gymnasium.Env):
            raise ValueError(f"environment must be one of gymnasium, got {shown(environment)}")
        seen, done = environment.observation_space, environment.action_space
        if not all(isinstance(space, spaces.Discrete) and space.start == 0 for space in (seen, done)):
            raise ValueError(f"environment must have spaces that are Discrete, from 0 on, got {seen} and {done}")
        assert isinstance(seen, spaces.Discrete)
        assert isinstance(done, spaces.Discrete)
        limit = environment.spec.max_episode_steps if environment.spec is not None else None
        if n_stages is None and limit is None:
            raise ValueError("n_stages must be given where the environment has no time limit, got None")
        if not real("low", low) < real("high", high):
            raise ValueError(f"low must be below high, got [{low}, {high}]")
        H = integer("n_stages", limit if n_stages is None else n_stages)  # type: ignore[arg-type]
        self.problem = EpisodicProblem(
            horizon=horizon,
            high=float(H),
            n_states=int(seen.n) + 1,
            n_actions=int(done.n),
            n_stages=H,
            rewards=None if rewards is None else checked_table("rewards", rewards),
        )
        self.environment, self.low, self.high = environment, low, high
        self.clock, self.earned = 0, 0.0
        self._rng = stream(check_seed("seed", seed), of="PlayedEpisodes")
        self._state: int | None = None
        self._seed: int | None = seed

    def observe(self) -> int:
        """The first state of the coming episode."""
        if self._state is None:
            self._state = int(self.environment.reset(seed=self._seed)[0])
            self._seed = None
        return self._state

    def play(self, policy: Any) -> Trajectory:
        """Play an episode.

        Args:
            policy: actions [n_stages, n_states], or probabilities [n_stages, n_states, n_actions].

        Raises:
            ValueError: no policy, or a reward outside ``low..high``.
            RuntimeError: the environment truncates an episode before ``n_stages`` steps.
        """
        problem, table = self.problem, checked_policy(policy, self.problem)
        H, end = problem.n_stages, problem.n_states - 1
        states, actions = np.full(H + 1, end, dtype=np.int64), np.zeros(H, dtype=np.int64)
        given, states[0] = np.zeros(H), self.observe()
        self._state, over = None, False
        for h in range(H):
            row = table[h, states[h]]
            actions[h] = row if table.ndim == 2 else first_of(law_sums(row), self._rng.random())
            if not over:
                seen, reward, over, truncated, _ = self.environment.step(int(actions[h]))
                given[h] = reward
                states[h + 1] = end if over else seen
                if truncated and not over and h + 1 < H:
                    raise RuntimeError(f"the environment ends an episode after {h + 1} steps: n_stages must be that")
        if not (given >= self.low).all() or not (given <= self.high).all():
            raise ValueError(f"rewards must lie in {self.low}..{self.high}, got {given.min()}..{given.max()}")
        self.clock, self.earned = self.clock + 1, math.fsum(given)
        shares = (given - self.low) / (self.high - self.low)
        return Trajectory(read_only(states), read_only(actions), read_only(shares))

    def transition(self, action: Any) -> tuple[float, Trajectory]:
        """Play an episode, for ``Policy.advance``; returns the sum of what the learner sees, and the trajectory."""
        trajectory = self.play(action)
        return math.fsum(trajectory.rewards), trajectory

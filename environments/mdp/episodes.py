"""Environments whose rounds are episodes: the streams, the walk through an episode, its value, and what was earned."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.defaults import default
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.model import Ints, Model, law_sums, next_state
from bandits.mdp.planning import policy_values
from bandits.mdp.problem import EpisodesProblem, Trajectory, checked_policy
from environments.mdp.environment import MDPEnvironment, first_of
from environments.mdp.tape import BLOCK, Stream, Tape
from environments.record import Record

TABLES = 8
"""Reward tables for which the value of the present policy is kept."""


class Streams(NamedTuple):
    """The streams of uniform numbers of a run; see ``environments.mdp.tape``."""

    transition: Stream
    action: Stream
    reward: Stream
    start: Stream
    context: Stream
    loss: Stream


class EpisodesEnvironment(MDPEnvironment[Trajectory]):
    """A round is an episode of ``n_stages`` steps; the observation is its first state, the feedback a ``Trajectory``.

    A subclass says how an episode begins (``_open``) and how an action is carried out (``_play``). Metrics: ``reward``,
    the rewards earned, and ``value``, what the actions played earn in expectation, given the first states.
    """

    problem: EpisodesProblem

    def __init__(self, problem: EpisodesProblem, action_space: spaces.Space[Any]) -> None:
        self.problem, self.action_space = problem, action_space
        self.observation_space = spaces.Discrete(problem.n_states)

    @abstractmethod
    def _open(self) -> int:
        """The first state of the coming episode; called once an episode, with ``_streams`` and ``clock`` set."""

    @abstractmethod
    def _play(self, action: Any) -> tuple[Trajectory, float]:
        """The episode that begins in ``_state``, and the value of ``action`` there.

        Raises:
            ValueError: no such action; nothing has changed.
        """

    @property
    def horizon(self) -> int:
        """Number of episodes of a run."""
        assert self.problem.horizon is not None
        return self.problem.horizon

    @default
    def _forget(self) -> None:
        """Forget what was worked out in the run before. Here: nothing was."""

    def begin(self, tape: Tape) -> None:
        self._forget()
        self.tape, self.clock = tape, 0
        self._streams = Streams(*(Stream(rng) for rng in tape))
        self._record = Record(("reward", "value"))
        self._earned = self._worth = 0.0
        self._state = self._open()

    def observe(self) -> Any:
        return np.int64(self._state)

    def transition(self, action: Any) -> tuple[float, Trajectory]:
        """Play one episode; returns the sum of its rewards and the trajectory."""
        self.check_running()
        trajectory, value = self._play(action)
        reward = math.fsum(trajectory.rewards)
        self._earned += reward
        self._worth += value
        self.clock += 1
        self._record.step(self.clock, (self._earned, self._worth))
        if self.clock < self.horizon:
            self._state = self._open()
        return reward, trajectory

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._record.at(times)

    def info_of(self, feedback: Trajectory) -> dict[str, Any]:
        """The feedback, and what it holds under its own names, so that vectors put arrays together."""
        return {"feedback": feedback, **{k: v for k, v in feedback._asdict().items() if v is not None}}


class TabularEpisodes(EpisodesEnvironment):
    """Episodes in one model, whose action is a policy: actions [n_stages, n_states], or probabilities of actions.

    A subclass gives the table of mean rewards of the present episode. Each episode uses up ``n_stages`` numbers of the
    transition and of the action stream, and one of the start stream, whatever is played; so many of the reward stream,
    where rewards are random.

    Args:
        problem: what a learner is told.
        model: transitions, of 1 or ``n_stages`` stages.
        noisy: whether a reward is 1 with its mean as probability, and else 0.
        from_law: whether the value of an action is its mean over the law of the first state, not that in the state met.
    """

    def __init__(self, problem: EpisodesProblem, model: Model, noisy: bool = False, from_law: bool = False) -> None:
        H, S, A = problem.n_stages, problem.n_states, problem.n_actions
        super().__init__(problem, spaces.MultiDiscrete(np.full((H, S), A, dtype=np.int64)))
        self._model, self._noisy, self._from_law = model, noisy, from_law
        self._entry = law_sums(problem.start_law)

    @abstractmethod
    def _table(self) -> tuple[int, Array]:
        """Mean rewards [1 or n_stages, n_states, n_actions] of the present episode, C-contiguous, and their number.

        Equal numbers mean equal tables, throughout a run.
        """

    @default
    def _revealed(self, trajectory: Trajectory) -> Trajectory:
        """What a learner sees of an episode. Here: the trajectory."""
        return trajectory

    def _forget(self) -> None:
        self._key, self._known = b"", dict[int, Array]()

    def _open(self) -> int:
        return first_of(self._entry, self._streams.start.one())

    def _play(self, action: Any) -> tuple[Trajectory, float]:
        policy = checked_policy(action, self.problem)
        number, table = self._table()
        value = self._value(policy, number, table)
        H, streams = self.problem.n_stages, self._streams
        moves, choices = streams.transition.take(H), streams.action.take(H)
        luck = streams.reward.take(H) if self._noisy else moves[:0]
        states, actions, rewards = np.empty(H + 1, dtype=np.int64), np.empty(H, dtype=np.int64), np.empty(H)
        states[0] = self._state
        walk = _walk_actions if policy.ndim == 2 else _walk_laws
        m, table, policy = self._model, read_only(np.ascontiguousarray(table)), read_only(policy)
        walk(
            m.n_stages, m.starts, m.states, m.cumulative, table, policy, moves, choices, luck, states, actions, rewards
        )
        return self._revealed(Trajectory(read_only(states), read_only(actions), read_only(rewards))), value

    def _value(self, policy: NDArray[Any], number: int, table: Array) -> float:
        """Of the policy at the start: worked out anew where policy or table are others than before."""
        if (key := policy.tobytes()) != self._key:
            self._key, self._known = key, {}
        if number not in self._known:
            if len(self._known) == TABLES:
                self._known.clear()
            self._known[number] = policy_values(self._model, table, policy)[0]
        values = self._known[number]
        return float(self.problem.start_law @ values if self._from_law else values[self._state])

    def _sum_over_starts(self, times: NDArray[np.int64], values: Array) -> Array:
        """Sums [n_times] of ``values`` [n_states] over the first states of the episodes up to each time."""
        first = np.flatnonzero(self.problem.start_law)
        if len(first) == 1:
            return np.asarray(times * values[first[0]])
        stream, done, total = Stream(self.tape.start), 0, 0.0
        sums = np.empty(len(times))
        for i, time in enumerate(times.tolist()):
            while done < time:
                n = min(time - done, BLOCK)
                states = np.searchsorted(self._entry, stream.take(n), side="right")
                total = float(np.cumsum(np.append(total, values[states]))[-1])
                done += n
            sums[i] = total
        return sums


@kernel
def _walk_actions(
    own: int,
    starts: Ints,
    following: Ints,
    cumulative: Array,
    table: Array,
    policy: Ints,
    moves: Array,
    choices: Array,
    luck: Array,
    states: Ints,
    actions: Ints,
    rewards: Array,
) -> None:
    n_stages, n_states, n_actions = policy.shape[0], policy.shape[1], table.shape[2]
    for h in range(n_stages):
        s = states[h]
        actions[h] = a = policy[h, s]
        mean = table[h if table.shape[0] > 1 else 0, s, a]
        rewards[h] = mean if luck.size == 0 else (1.0 if luck[h] < mean else 0.0)
        row = ((h if own > 1 else 0) * n_states + s) * n_actions + a
        states[h + 1] = next_state(starts, following, cumulative, row, moves[h])


@kernel
def _walk_laws(
    own: int,
    starts: Ints,
    following: Ints,
    cumulative: Array,
    table: Array,
    policy: Array,
    moves: Array,
    choices: Array,
    luck: Array,
    states: Ints,
    actions: Ints,
    rewards: Array,
) -> None:
    n_stages, n_states, n_actions = policy.shape
    for h in range(n_stages):
        s, a, below = states[h], 0, 0.0
        for other in range(n_actions):
            if policy[h, s, other] > 0.0:
                a = other  # the last one that can be, where rounding leaves the sum below the number
                below += policy[h, s, other]
                if choices[h] < below:
                    break
        actions[h] = a
        mean = table[h if table.shape[0] > 1 else 0, s, a]
        rewards[h] = mean if luck.size == 0 else (1.0 if luck[h] < mean else 0.0)
        row = ((h if own > 1 else 0) * n_states + s) * n_actions + a
        states[h + 1] = next_state(starts, following, cumulative, row, moves[h])

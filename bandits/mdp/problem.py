"""What the learner is told in a finite Markov decision process: four modes, their actions and their feedback.

* average reward (``AverageRewardProblem``): one life of ``horizon`` steps without resets. A round is a step; the
  observation is the state, the action an action, the feedback a ``Step``.
* episodes (``EpisodicProblem``): a round is an episode of ``n_stages`` steps, the observation its first state, the
  action a policy for the whole episode (``checked_policy``), the feedback a ``Trajectory``.
* adversarial losses (``BanditLossProblem``, ``FullLossProblem``): as episodes, with known transitions and with losses
  in [0, 1] that change from episode to episode; rewards are minus the losses. Full feedback has the losses of all
  states and actions.
* hidden contexts (``LatentProblem``): as episodes, one of several models a round, which one is told when the episode
  is over. The action is a policy over histories, see ``HistoryTree``.

Why an episode is one action: with the policy in hand its value is known exactly, so regret has no sampling noise, and
a table over stages, states and actions cannot change what it does within an episode that visits each stage once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import check_reward, floats, integer, number, real, shown
from bandits.contract import Array, Problem
from bandits.mdp.model import SLACK, Ints, Model
from bandits.mdp.tables import Table, checked_law, checked_rewards, checked_table


@dataclass(frozen=True, kw_only=True)
class MDPProblem(Problem):
    """A finite Markov decision process. All actions can be taken in all states.

    Attributes:
        n_states: S, >= 1; states are 0..S-1.
        n_actions: A, >= 1; actions are 0..A-1.

    Raises:
        ValueError: a number out of its domain, or what ``Problem`` refuses.
    """

    n_states: int
    n_actions: int
    reveals_rewards = True

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("n_states", self.n_states)
        integer("n_actions", self.n_actions)


class Step(NamedTuple):
    """What one step reveals.

    Attributes:
        reward: earned by the action.
        state: the next one, which is observed next.
    """

    reward: float
    state: int


@dataclass(frozen=True, kw_only=True)
class AverageRewardProblem(MDPProblem):
    """One life without resets; observations and actions are whole numbers, the feedback is a ``Step``.

    Attributes:
        rewards: mean rewards [n_states, n_actions] in [0, 1], where the learner is told them, else None.
        span: largest difference of two values of the optimal bias, where the learner is told it, else None; > 0.

    Example:
        >>> problem = AverageRewardProblem(n_states=2, n_actions=2, rewards=[[0.1, 0], [1, 1]], horizon=100)
        >>> problem.rewards.array[1, 0], problem.span
        (np.float64(1.0), None)
    """

    rewards: Table | None = None
    span: float | None = None
    unit = (0.0, 1.0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rewards is not None:
            table = checked_rewards("rewards", self.rewards, ((self.n_states, self.n_actions),))
            object.__setattr__(self, "rewards", table)
        if self.span is not None:
            real("span", self.span, 0.0)

    def revealed(self, feedback: Step) -> tuple[float, float]:
        """The reward, twice."""
        reward = number("reward must be a number", feedback[0])
        return reward, reward

    def checked_observation(self, observation: Any) -> int:
        """The state.

        Raises:
            ValueError: no whole number in 0..n_states-1.
        """
        return checked_state("observation", observation, self.n_states)

    def checked_feedback(self, feedback: Any) -> Step:
        """The step, with a reward that is a finite number and a state.

        Raises:
            ValueError: no pair of those.
        """
        if not isinstance(feedback, tuple | list) or len(feedback) != 2:
            raise ValueError(f"feedback must be a pair of reward and next state, got {shown(feedback)}")
        return Step(check_reward(feedback[0]), checked_state("the next state", feedback[1], self.n_states))


def checked_state(name: str, state: Any, n_states: int) -> int:
    """A state as a whole number in 0..n_states-1; numpy's whole numbers are taken, too.

    Raises:
        ValueError: it is none.
    """
    integer(name, state, 0, n_states - 1)
    return int(state)


class Trajectory(NamedTuple):
    """What one episode reveals. Arrays are read-only.

    Attributes:
        states: [n_stages + 1] visited, the last one after the last action.
        actions: [n_stages] played.
        rewards: [n_stages] earned.
        losses: [n_stages, n_states, n_actions] of the episode with full feedback, else None.
        context: the one of the episode where contexts are hidden, else None.
    """

    states: Ints
    actions: Ints
    rewards: Array
    losses: Array | None = None
    context: int | None = None


@dataclass(frozen=True, kw_only=True)
class EpisodesProblem(MDPProblem):
    """Episodes of equal length; the feedback is a ``Trajectory``. What is told beside that, subtypes say.

    ``low`` and ``high`` are of the sum of an episode's rewards.

    Attributes:
        n_stages: H, number of steps of an episode, >= 1.
        start: law of the first state [n_states]; None for state 0.
        own_stages: whether each stage has transitions, and rewards, of its own.
    """

    n_stages: int
    start: Table | None = None
    own_stages: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("n_stages", self.n_stages)
        given = np.eye(1, self.n_states)[0] if self.start is None else self.start
        object.__setattr__(self, "start", checked_law("start", given, self.n_states))

    @property
    def start_law(self) -> Array:
        """Probabilities [n_states] of the first state."""
        assert self.start is not None  # set after construction
        return self.start.array

    def revealed(self, feedback: Trajectory) -> tuple[float, float]:
        """The sum of the episode's rewards, twice."""
        total = math.fsum(feedback[2])
        return total, total

    def checked_observation(self, observation: Any) -> int:
        """The first state of the coming episode.

        Raises:
            ValueError: no whole number in 0..n_states-1.
        """
        return checked_state("observation", observation, self.n_states)

    def checked_feedback(self, feedback: Any) -> Trajectory:
        """The trajectory, with states and actions that are there, and rewards below 1e300 in size, which can be added.

        Raises:
            ValueError: there is no such trajectory.
        """
        if not isinstance(feedback, tuple | list) or not 3 <= len(feedback) <= 5:
            raise ValueError(f"feedback must be a trajectory: states, actions, rewards, got {shown(feedback)}")
        states = _whole("states", feedback[0], self.n_stages + 1, self.n_states)
        actions = _whole("actions", feedback[1], self.n_stages, self.n_actions)
        rewards = floats("rewards of a trajectory must be finite numbers", feedback[2])
        if rewards.shape != (self.n_stages,) or not (np.abs(rewards) < 1e300).all():
            raise ValueError(
                f"rewards of a trajectory must be {self.n_stages} finite numbers, below 1e300 in size, got "
                f"{shown(rewards.tolist())}"
            )
        return Trajectory(states, actions, rewards, *feedback[3:])


def _whole(name: str, values: Any, size: int, n: int) -> Ints:
    found = _array(values)
    if found.shape != (size,) or found.dtype.kind not in "iu" or found.min() < 0 or found.max() >= n:
        raise ValueError(f"{name} of a trajectory must be {size} whole numbers in 0..{n - 1}, got {shown(values)}")
    return np.ascontiguousarray(found, dtype=np.int64)


def _array(values: Any) -> NDArray[Any]:
    """As an array; one without axes for what is none, such as rows of different lengths."""
    try:
        return np.asarray(values)
    except (TypeError, ValueError):
        return np.asarray(None)


def checked_policy(action: Any, problem: EpisodesProblem) -> NDArray[Any]:
    """A policy for an episode: int64 [n_stages, n_states], or float64 [n_stages, n_states, n_actions] of probabilities.

    Args:
        action: whole numbers in 0..n_actions-1, or rows of probabilities whose sums are 1 within 1e-9.
        problem: the problem of the run.

    Raises:
        ValueError: another shape, an action that is not there, or a row that is no law; where.
    """
    found, shape = _array(action), (problem.n_stages, problem.n_states)
    if found.shape == shape and found.dtype.kind in "iu":
        if found.min() < 0 or found.max() >= problem.n_actions:
            stage, state = np.argwhere((found < 0) | (found >= problem.n_actions))[0].tolist()
            raise ValueError(
                f"actions of a policy must lie in 0..{problem.n_actions - 1}, got {found[stage, state]} at "
                f"stage {stage}, state {state}"
            )
        return np.ascontiguousarray(found, dtype=np.int64)
    if found.shape != (*shape, problem.n_actions) or found.dtype.kind != "f":
        raise ValueError(
            f"action must be a policy: whole numbers {list(shape)}, or probabilities {[*shape, problem.n_actions]}, "
            f"got {f'{found.dtype} {list(found.shape)}' if found.ndim else shown(action)}"
        )
    laws = np.ascontiguousarray(found, dtype=np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        wrong = ~((laws >= 0.0).all(axis=2) & (np.abs(laws.sum(axis=2) - 1.0) <= SLACK))
    if wrong.any():
        stage, state = np.argwhere(wrong)[0].tolist()
        raise ValueError(
            f"probabilities of a policy must be >= 0 with the sum 1, got {shown(laws[stage, state].tolist())} at "
            f"stage {stage}, state {state}"
        )
    return laws


@dataclass(frozen=True, kw_only=True)
class EpisodicProblem(EpisodesProblem):
    """Episodes whose transitions, and rewards where they are not told, are the same in all of them.

    Attributes:
        rewards: mean rewards in [0, 1], [n_states, n_actions], or of each stage [n_stages, n_states, n_actions], where
            the learner is told them, else None.
    """

    rewards: Table | None = None

    @property
    def unit(self) -> tuple[float, float]:
        """Of the sum of an episode's rewards: each lies in [0, 1]."""
        return 0.0, float(self.n_stages)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rewards is not None:
            shared = (self.n_states, self.n_actions)
            table = checked_rewards("rewards", self.rewards, (shared, (self.n_stages, *shared)))
            object.__setattr__(self, "rewards", table)


@dataclass(frozen=True, kw_only=True)
class LossesProblem(EpisodesProblem):
    """Episodes with known transitions, and losses in [0, 1] that change; rewards are minus the losses.

    Attributes:
        model: the transitions.
        features: [n_states, n_actions, dimension], of Euclidean norms of at most 1; None for one coordinate for each
            state and action.
    """

    model: Model
    features: Table | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.model, Model):
            raise ValueError(f"model must be a bandits.mdp.model.Model, the transitions, got {shown(self.model)}")
        found = (self.model.n_states, self.model.n_actions)
        if found != (self.n_states, self.n_actions) or self.model.n_stages not in (1, self.n_stages):
            raise ValueError(
                f"model must have {self.n_states} states, {self.n_actions} actions, and 1 or {self.n_stages} stages, "
                f"got {self.model!r}"
            )
        if self.features is not None:
            table = checked_table("features", self.features)
            if table.array.ndim != 3 or table.array.shape[:2] != found or table.array.shape[2] == 0:
                raise ValueError(
                    f"features must have the shape [{self.n_states}, {self.n_actions}, dimension], got "
                    f"{list(table.array.shape)}"
                )
            norms = np.linalg.norm(table.array, axis=2)
            if norms.max() > 1.0 + SLACK:
                state, action = np.unravel_index(int(norms.argmax()), norms.shape)
                raise ValueError(
                    f"features must have norms of at most 1, got {float(norms.max())!r} in state {state}, action "
                    f"{action}: divide all of them by it"
                )
            object.__setattr__(self, "features", table)

    @property
    def dimension(self) -> int:
        """d: number of features."""
        return self.n_states * self.n_actions if self.features is None else int(self.features.array.shape[2])


@dataclass(frozen=True, kw_only=True)
class BanditLossProblem(LossesProblem):
    """Losses of what was visited are revealed: minus the rewards of the trajectory."""


@dataclass(frozen=True, kw_only=True)
class FullLossProblem(BanditLossProblem):
    """Losses [n_stages, n_states, n_actions] of the episode are revealed, too, in ``Trajectory.losses``."""

    def checked_feedback(self, feedback: Any) -> Trajectory:
        """The trajectory, with losses in [0, 1].

        Raises:
            ValueError: there is no such trajectory.
        """
        found, shape = super().checked_feedback(feedback), (self.n_stages, self.n_states, self.n_actions)
        losses = floats("losses of a trajectory must be finite numbers", found.losses)
        if losses.shape != shape or not np.isfinite(losses).all():
            raise ValueError(
                f"losses of a trajectory must be finite numbers {list(shape)}, got {shown(losses.tolist())}"
            )
        if (outside := (losses < -SLACK) | (losses > 1.0 + SLACK)).any():
            place = np.argwhere(outside)[0].tolist()
            raise ValueError(
                f"losses of a trajectory must lie in [0, 1], got {float(losses[tuple(place)])!r} at {place}"
            )
        return found._replace(losses=losses)


@dataclass(frozen=True, kw_only=True)
class LatentProblem(EpisodesProblem):
    """One of several models an episode, hidden until the episode is over; rewards are deterministic and told.

    Rewards within an episode are not seen before its end (the state shows what is to be seen), and an episode earns at
    most 1.

    Attributes:
        weights: probabilities [n_contexts] of the contexts, > 0.
        rewards: [n_contexts, n_states, n_actions], in [0, 1].
        starts: laws of the first state [n_contexts, n_states]; None for ``start`` in all contexts.
    """

    weights: Table
    rewards: Table
    starts: Table | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.own_stages:
            raise ValueError("own_stages must be false where contexts are hidden: all stages share one table, got true")
        weights = checked_law("weights", self.weights, checked_table("weights", self.weights).array.size)
        if not (weights.array > 0.0).all():
            raise ValueError(f"weights must be above 0, got {shown(weights.array.tolist())}: leave the context out")
        n = len(weights.array)
        rewards = checked_rewards("rewards", self.rewards, ((n, self.n_states, self.n_actions),))
        if self.starts is not None:
            rows = np.atleast_2d(checked_table("starts", self.starts).array)
            if len(rows) != n:
                raise ValueError(f"starts must have {n} rows, one a context, got {len(rows)}")
            laws = [checked_law(f"starts[{i}]", row, self.n_states).array for i, row in enumerate(rows)]
            object.__setattr__(self, "starts", Table(np.array(laws)))
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "rewards", rewards)

    @property
    def n_contexts(self) -> int:
        """M: number of contexts."""
        return len(self.weights.array)

    @property
    def start_laws(self) -> Array:
        """Laws [n_contexts, n_states] of the first state."""
        same = np.broadcast_to(self.start_law, (self.n_contexts, self.n_states))
        return same if self.starts is None else self.starts.array


class Steps(NamedTuple):
    """The coming steps of a life, for compiled policies.

    Action ``a`` in state ``s`` at the ``i``-th step of the block leads to ``next_state(starts, states, cumulative, s *
    n_actions + a, moves[i])`` (see ``bandits.mdp.model``); its reward is ``means[s, a]``, or, where ``noisy``, 1.0 if
    ``luck[i] < means[s, a]`` else 0.0.

    Attributes:
        starts: of the model's rows.
        states: of the model.
        cumulative: of the model.
        means: [n_states, n_actions] mean rewards.
        state: the present one.
        moves: [n] uniform numbers.
        noisy: whether rewards are Bernoulli.
        luck: [n] uniform numbers, where ``noisy``, else empty.
    """

    starts: Ints
    states: Ints
    cumulative: Array
    means: Array
    state: int
    moves: Array
    noisy: bool
    luck: Array


class StepBlocks(Protocol):
    """An environment that can hand out blocks of steps and account for the actions played in them."""

    clock: int

    def block(self, most: int) -> Steps:
        """The next steps, at least 1 and at most ``most`` of them."""

    def absorb(self, actions: Ints) -> None:
        """Account for ``actions`` [n], played in the first ``n`` steps of the last block."""

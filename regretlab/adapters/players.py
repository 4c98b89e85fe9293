"""Players of gymnasium's environments: copies of a policy, what they are told, and how they see and hear."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits import BanditProblem, ContextualProblem, Policy, Problem, can_play, check_plays
from bandits.arguments import check_seed, did_you_mean, flag, integer, number, shown
from bandits.contract import Array
from bandits.seeds import stream

AnyPolicy = Policy[Any, Any, Any, Any]
Feedback = str | Callable[[float, Mapping[str, Any]], Any] | None
"""None, a key of ``info``, or a function of the reward and ``info``."""


@dataclass(frozen=True, eq=False)
class Played:
    """What a policy played.

    Attributes:
        policy: the policy as it is now.
        problem: what it was told.
        actions: [n] its actions: whole numbers from 0 on, else an array of objects.
        rewards: [n] their rewards, as the environment gave them.
        episodes: [n] number of the episode, from 0 on.
        regrets: of environments of ours: for each regret definition that of each finished episode [n_finished].
    """

    policy: AnyPolicy
    problem: Problem
    actions: NDArray[Any]
    rewards: Array
    episodes: NDArray[np.int64]
    regrets: Mapping[str, Array]


def problem_of(policy: AnyPolicy, environment: Any, **declared: Any) -> BanditProblem:
    """What a policy is told of an environment of arms that is not ours.

    Where the policy looks at contexts, these are the observations, flattened as by ``gymnasium.spaces.flatten``:
    numbers of boxes in order, ``Discrete`` ones as 0s and a 1, parts of dictionaries by the order of their keys.

    Args:
        policy: the policy.
        environment: with actions that are ``Discrete``, alone or a vector.
        declared: fields of the problem. Where ``low`` or ``high`` is not declared rewards have no end there, and many
            policies ask for ``noise`` then; ``contexts`` (intervals) are those of the space where not declared.

    Raises:
        ValueError: actions that are not ``Discrete``; contexts that have no finite intervals and none declared.
    """
    actions, seen = spaces_of(environment)
    if not isinstance(actions, spaces.Discrete):
        raise ValueError(f"environment must have Discrete actions, or be one of ours, got {actions}")
    known = [field.name for field in dataclasses.fields(ContextualProblem)]
    for name in declared:
        if name not in known:
            raise ValueError(
                f"declared fields must be some of {', '.join(known)}, got {name}{did_you_mean(name, known)}"
            )
    fields = {"low": -np.inf, "high": np.inf, "n_actions": int(actions.n), **declared}
    if "contexts" not in fields and can_play(policy, BanditProblem(**fields)):
        return BanditProblem(**fields)
    if "contexts" not in fields:
        box = spaces.flatten_space(seen) if seen.is_np_flattenable else seen
        if not isinstance(box, spaces.Box) or not box.is_bounded():
            raise ValueError(
                f"contexts must be declared, an interval (low, high) for each number observed, as {seen} has none"
            )
        fields["contexts"] = tuple(zip(box.low.astype(float).tolist(), box.high.astype(float).tolist(), strict=True))
    return ContextualProblem(**fields)


class Game:
    """What is the same for all players of a vector: the problem, and how observation and feedback are read."""

    def __init__(
        self,
        environment: Any,
        ours: Any,
        policy: AnyPolicy,
        rounds: int | None,
        episodes: int | None,
        problem: Problem | None,
        feedback: Feedback,
        restart: bool | None,
        declared: Mapping[str, Any],
    ) -> None:
        self.ours = isinstance(ours, Problem)
        if not isinstance(policy, Policy) or policy.clairvoyant:
            raise ValueError(f"policy must be one that does not know the run in advance, got {shown(policy)}")
        self.rounds = None if rounds is None else integer("rounds", rounds)
        self.episodes = None if episodes is None else integer("episodes", episodes)
        if rounds is None and episodes is None:
            self.episodes = 1
        if declared and (problem is not None or self.ours):
            raise ValueError(f"declared fields must be those of the problem given, got {', '.join(declared)} besides")
        if problem is None:
            problem = ours if self.ours else problem_of(policy, environment, **{"horizon": rounds, **declared})
        check_plays(policy, problem)
        self.problem: Problem = problem
        if feedback is not None and not isinstance(feedback, str) and not callable(feedback):
            raise ValueError(f"feedback must be None, a key of info, or a function, got {shown(feedback)}")
        self.feedback: Feedback = "feedback" if feedback is None and self.ours else feedback
        self.restart = self.ours if restart is None else flag("restart", restart)
        self.actions, self.seen = spaces_of(environment)
        if (
            isinstance(self.actions, spaces.Discrete)
            and getattr(problem, "n_actions", self.actions.n) != self.actions.n
        ):
            raise ValueError(f"problem must have {self.actions.n} actions, as the environment, got {shown(problem)}")

    def look(self, observation: Any) -> Any:
        """An observation as the policy takes it, a copy of somebody else's."""
        if self.ours:
            return observation
        if isinstance(self.problem, ContextualProblem):
            return np.asarray(spaces.flatten(self.seen, observation), dtype=np.float64)
        return np.array(observation) if isinstance(observation, np.ndarray) else observation

    def hear(self, reward: float, info: Mapping[str, Any]) -> Any:
        """What the policy learns from a step."""
        if self.feedback is None:
            return reward
        if callable(self.feedback):
            return self.feedback(reward, info)
        if self.feedback not in info:
            raise ValueError(f"feedback must be a key of info, got {self.feedback!r}; it has {shown(list(info))}")
        return info[self.feedback]


class Player:
    """A copy of a policy in its run, and what it played."""

    def __init__(self, policy: AnyPolicy, game: Game, seed: int | None) -> None:
        self.seed = None if seed is None else check_seed("seed", seed)
        self.policy, self.game, self.finished = copy.deepcopy(policy), game, 0
        self.policy.reset(game.problem, stream(self.seed, of="policy"))
        self.actions: list[Any] = []
        self.rewards: list[float] = []
        self.episodes: list[int] = []
        self.regrets: list[Mapping[str, float]] = []

    @property
    def goes_on(self) -> bool:
        game = self.game
        more = game.episodes is None or self.finished < game.episodes
        return more and (game.rounds is None or len(self.actions) < game.rounds)

    def choose(self, observation: Any) -> Any:
        """The action in the form of the environment."""
        self.row = self.game.look(observation)
        self.action = self.policy.choose(self.row)
        if not isinstance(self.game.actions, spaces.Discrete) or not isinstance(self.action, Integral):
            return self.action
        return int(self.game.actions.start) + int(self.action)

    def learn(self, reward: Any, info: Mapping[str, Any], over: bool) -> None:
        """Take in what a step gave."""
        paid = number("the reward must be a number", reward)
        self.policy.update(self.row, self.action, self.game.hear(paid, info))
        self.actions.append(self.action)
        self.rewards.append(paid)
        self.episodes.append(self.finished)
        if over:
            self.finished += 1
            self.regrets += [info["regret"]] if "regret" in info and self.game.ours else []
            if self.game.restart and self.goes_on:
                again = stream(self.seed, of=f"policy in episode {self.finished}")
                self.policy.reset(self.game.problem, again)

    def played(self) -> Played:
        """What was played."""
        whole = all(isinstance(action, Integral) for action in self.actions)
        actions = np.empty(len(self.actions), dtype=np.int64 if whole else object)
        for i, action in enumerate(self.actions):  # numpy would look into tuples
            actions[i] = action
        regrets = {name: np.array([found[name] for found in self.regrets]) for name in next(iter(self.regrets), {})}
        episodes = np.array(self.episodes, dtype=np.int64)
        return Played(self.policy, self.game.problem, actions, np.array(self.rewards), episodes, regrets)


def spaces_of(environment: Any) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """Of actions and of observations, of one environment."""
    single = "single_" if isinstance(environment, gymnasium.vector.VectorEnv) else ""
    return getattr(environment, f"{single}action_space"), getattr(environment, f"{single}observation_space")

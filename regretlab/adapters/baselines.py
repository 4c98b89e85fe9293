"""Agents of stable-baselines3: training in our environments, and what they have learned as a policy beside ours.

``environment_for`` makes of an environment what their algorithms take. A trained agent is the policy ``FromBaselines``,
which learns nothing in a run: it plays what it learned in training, which cost it rounds that no regret counts. So
``regretlab.compare`` puts it next to policies that begin with nothing, and the two curves answer different questions.
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.wrappers import FlattenObservation, TransformObservation, TransformReward

from bandits import Policy, Problem
from bandits.arguments import check_action, flag, integer, one_of, real, shown
from bandits.contract import Array
from environments.contract import Environment

try:
    import stable_baselines3
except ImportError as error:
    raise ImportError(
        "regretlab.adapters.baselines needs stable-baselines3: pip install 'regretlab[agents]'"
    ) from error

PLAIN = (spaces.Discrete, spaces.Box, spaces.MultiBinary, spaces.MultiDiscrete)
"""The spaces that stable-baselines3 takes as they are. Kinds of ``Box`` with rules of their own (weights that sum to 1)
are none of them: its agents would leave them.
"""

ALGORITHMS = ("A2C", "DQN", "PPO")
"""Those for actions that are ``Discrete``."""


def environment_for(
    environment: gymnasium.Env[Any, Any], low: float | None = None, high: float | None = None
) -> gymnasium.Env[Any, Any]:
    """An environment in the form that agents of stable-baselines3 train in.

    Observations that are tuples, dictionaries or tables are flattened, as by ``gymnasium.spaces.flatten``, and all
    numbers with a fraction become float32. Rewards are scaled from ``low..high`` to 0..1; where an end is not finite,
    they are left as they are. What comes out takes their ``Monitor`` and vectors.

    Args:
        environment: an environment of ours, or any one of gymnasium.
        low: reward that becomes 0; None for the smallest one of the problem of an environment of ours.
        high: reward that becomes 1; None for the largest one of the problem.

    Raises:
        ValueError: spaces that agents cannot take, or ``low`` not below ``high``.

    Example:
        >>> from environments import BernoulliArms
        >>> from regretlab.adapters.baselines import environment_for
        >>> environment = environment_for(BernoulliArms([0.2, 0.8], horizon=100), low=-1.0)
        >>> _, reward, *_ = (environment.reset(seed=1), environment.step(0))[1]
        >>> reward in (0.5, 1.0)
        True
    """
    if not isinstance(environment, gymnasium.Env):
        raise ValueError(f"environment must be one of gymnasium, got {shown(environment)}")
    actions, seen = environment.action_space, environment.observation_space
    if type(actions) not in PLAIN:
        raise ValueError(f"environment must have actions that are {_kinds()}, got {actions}")
    if isinstance(environment.unwrapped, Environment):
        problem = environment.unwrapped.problem
        low, high = problem.low if low is None else low, problem.high if high is None else high
    if type(seen) not in PLAIN or len(seen.shape or ()) > 1:
        if not seen.is_np_flattenable:
            raise ValueError(f"environment must have observations that can be flattened, got {seen}")
        environment = FlattenObservation(environment)
    box = environment.observation_space
    if isinstance(box, spaces.Box) and np.issubdtype(box.dtype, np.floating):
        single = spaces.Box(np.float32(box.low), np.float32(box.high), dtype=np.float32)
        environment = TransformObservation(environment, np.float32, single)
    if low is None or high is None or not np.isfinite([low, high]).all():
        return environment
    start, width = real("low", low), real("high", high, low) - low
    return TransformReward(environment, partial(_scaled, start, width))


class FromBaselines(Policy[Problem, Any, int, Any]):
    """What an agent of stable-baselines3 has learned, as a policy that learns no more.

    It plays every problem with as many actions as the agent's, where what is observed fits the agent's observations:
    nothing (where it sees one state only), a state, an array, or a tuple of arrays, which are put together in order as
    ``environment_for`` flattens them.

    Args:
        model: the path of a saved model, with which the policy pickles and can be compared by ``regretlab.compare``;
            or the model itself, for a loop of one's own.
        algorithm: class of the saved model, one of "A2C", "DQN", "PPO".
        deterministic: whether it plays the most likely action, else it draws from its distribution (not "DQN", which
            has none).
        digest: SHA-256 of the saved model, so that results belong to this very model; empty to take that of the file.

    Raises:
        ValueError: no such file, one with another digest, or a parameter out of its domain.

    Example:
        >>> from stable_baselines3 import PPO
        >>> import regretlab as rl
        >>> from regretlab.adapters.baselines import FromBaselines, environment_for
        >>> arms = rl.BernoulliArms([0.2, 0.8], horizon=100)
        >>> model = PPO("MlpPolicy", environment_for(arms), n_steps=64, batch_size=64, seed=1, device="cpu")
        >>> model.learn(1000).save("agent.zip")  # doctest: +SKIP
        >>> rl.compare([FromBaselines("agent.zip"), rl.UCB1()], arms)  # doctest: +SKIP
    """

    plays = (Problem,)

    def __init__(self, model: Any, algorithm: str = "PPO", deterministic: bool = True, digest: str = "") -> None:
        self.algorithm = one_of("algorithm", algorithm, ALGORITHMS)
        self.deterministic = flag("deterministic", deterministic)
        self.model, self.digest = model, digest
        if isinstance(model, str | os.PathLike):
            self.model = os.fspath(model)
            if not Path(self.model).is_file():
                raise ValueError(f"model must be the path of a saved model, got {shown(model)}, where there is no file")
            found = hashlib.sha256(Path(self.model).read_bytes()).hexdigest()
            if digest not in ("", found):
                raise ValueError(f"digest must be that of the file {shown(model)}, {found}, got {shown(digest)}")
            self.digest = found
        elif not hasattr(model, "predict") or digest:
            raise ValueError(f"model must be a path, or a trained model without a digest, got {shown(model)}")
        elif not isinstance(model.action_space, spaces.Discrete):
            raise ValueError(f"model must have Discrete actions, got {model.action_space}")

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        """Forget everything and prepare for a run.

        Raises:
            ValueError: another number of actions than the agent's, or a distribution asked of an agent without one.
        """
        agent = self._agent()
        n = getattr(problem, "n_actions", None)
        if n is None or n != getattr(agent.action_space, "n", None):
            raise ValueError(f"problem must have the actions of the model, {agent.action_space}, got {shown(problem)}")
        if not self.deterministic and not hasattr(agent.policy, "get_distribution"):
            raise ValueError("deterministic must be true for a model without a distribution of actions, got false")
        self._n_actions, self._problem, self._rng = integer("n_actions", n), problem, rng

    def choose(self, observation: Any) -> int:
        """The agent's action.

        Raises:
            ValueError: an observation that does not fit the agent's.
        """
        if self.deterministic:
            return int(self._agent().predict(self._seen(observation), deterministic=True)[0])
        sums = np.cumsum(self.probabilities(observation))
        return min(int(np.searchsorted(sums, self._rng.random(), side="right")), self._n_actions - 1)

    def update(self, observation: Any, action: int, feedback: Any) -> None:
        """Nothing is learned; action and feedback are checked."""
        check_action("action", action, self._n_actions)
        self._problem.checked_feedback(feedback)

    def probabilities(self, observation: Any) -> Array:
        """The agent's distribution, in the precision of its network, or all on the action that it takes."""
        if self.deterministic:
            return np.asarray(np.arange(self._n_actions) == self.choose(observation), dtype=np.float64)
        policy = self._agent().policy
        tensor, _ = policy.obs_to_tensor(self._seen(observation))
        found = policy.get_distribution(tensor).distribution.probs.detach().cpu().numpy()[0].astype(np.float64)
        return np.asarray(found / found.sum())

    def _agent(self) -> Any:
        return _loaded(self.algorithm, self.model, self.digest) if isinstance(self.model, str) else self.model

    def _seen(self, observation: Any) -> Any:
        """An observation as the agent takes it."""
        space = self._agent().observation_space
        if isinstance(space, spaces.Discrete):
            state = 0 if space.n == 1 else observation
            check_action("the observation", state, int(space.n))
            return np.int64(state)
        parts = observation if isinstance(observation, tuple) else (observation,)
        try:
            found = np.concatenate([np.atleast_1d(np.asarray(part, dtype=space.dtype)).ravel() for part in parts])
        except (TypeError, ValueError, OverflowError):
            found = np.empty(0)
        single = len(parts) == 1 or all(np.ndim(part) > 0 for part in parts)
        if not single or found.size != np.prod(space.shape) or not np.isfinite(found).all():
            raise ValueError(f"the observation must fit {space}, which the model observes, got {shown(observation)}")
        return found.reshape(space.shape)


@lru_cache(maxsize=8)
def _loaded(algorithm: str, path: str, digest: str) -> Any:
    """A saved model, read once in a process; another file under the same path has another digest."""
    return getattr(stable_baselines3, algorithm).load(path, device="cpu")


def _scaled(low: float, width: float, reward: Any) -> float:
    return (float(reward) - low) / width


def _kinds() -> str:
    return " or ".join(kind.__name__ for kind in PLAIN)

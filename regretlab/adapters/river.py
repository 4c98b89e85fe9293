"""Policies in river's bandits, and river's policies on our problems.

For river 0.26. ``river.bandit.evaluate`` and ``evaluate_offline`` play ours as ``Policy`` or ``ContextualPolicy``, on
river's environments and on ours (``gymnasium.make("regretlab/BernoulliArms-v0", ...)``). ``FromRiver`` and
``ContextualFromRiver`` play theirs where ours play, such as in ``regretlab.compare`` and in studies.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

import bandits
from bandits import BanditProblem, ContextualProblem, check_plays
from bandits.arguments import check_action, check_reward, check_seed, integer, not_owed, shown, texts
from bandits.contract import Array, Problem
from bandits.family import resolve
from bandits.seeds import stream
from regretlab.adapters.seat import Names, Seat

try:
    from river import bandit, base
except ImportError as error:
    raise ImportError("regretlab.adapters.river needs river: pip install 'regretlab[simulators]'") from error


class _Ours:
    """What both kinds of policies of river's do with one of ours."""

    policy: bandits.Policy[Any, Any, Any, Any]
    problem: BanditProblem | None
    seed: int | None
    reward_scaler: Any
    _seat: Seat | None

    def _keep(self, policy: Any, problem: Any, seed: Any) -> None:
        if not isinstance(policy, bandits.Policy):
            raise ValueError(f"policy must be an object of a class of policies of bandits, got {shown(policy)}")
        if problem is not None:
            if not isinstance(problem, BanditProblem):
                raise ValueError(f"problem must be a BanditProblem: river tells one reward, got {shown(problem)}")
            check_plays(policy, problem, "the problem given")
        self.policy, self.problem, self._seat = policy, problem, None
        self.seed = None if seed is None else check_seed("seed", seed)

    def _seated(self, n: int) -> Seat:
        if self._seat is None:
            problem = BanditProblem(n_actions=n) if self.problem is None else self.problem
            seat = Seat(self.policy, problem, stream(self.seed, of="policy"))
            self._names, self._seat = Names(problem.n_actions), seat
        return self._seat

    def _play(self, arm_ids: Sequence[Any], seen: Any) -> Any:
        seat = self._seated(len(arm_ids))
        numbers = self._names.numbers(arm_ids)
        return arm_ids[numbers.index(seat.choose(seen))]

    def _due(self, arm_id: Any, rewards: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Seat, int, float]:
        """The policy, the number of an arm, and its reward, checked before anything changes."""
        if named or len(rewards) != 1:
            raise ValueError(f"the reward must be one number, got {shown(rewards or named)}")
        reward = check_reward(rewards[0])
        if self._seat is None and self.problem is None:
            raise ValueError("problem must be given where rewards come before the first pull, got None")
        return self._seated(0), self._names.number(arm_id), reward

    def _scaled(self, reward: float) -> float:
        """As river is about to scale it, which learns from it first; the policy may still refuse it."""
        if self.reward_scaler is None:
            return reward
        scaler = copy.deepcopy(self.reward_scaler)
        scaler._update(y=reward)
        return float(scaler.func(reward))


class Policy(_Ours, bandit.base.Policy):
    """A policy of ours as a policy of river's, for arms of any names.

    Arms are numbered in the order in which they are offered first; all must be offered in every round. ``clone``, by
    which river begins each episode, gives a policy that knows nothing, with the same seed. An arm of the burn-in, or
    another one that is not the policy's choice, is learned from as somebody else's play; the few policies that learn
    from their own draws alone, such as TsallisINF, refuse those.

    Args:
        policy: plays arms with the reward of one as feedback. It is not changed.
        problem: what the policy is told; None: that there are as many arms as are offered first.
        seed: of the policy's random choices; None for others each time.
        reward_obj: as of river's policies, for ``ranking`` and tables alone: the policy learns from the reward.
        reward_scaler: as of river's policies: the policy learns from the scaled reward, whose range the problem has.
        burn_in: as of river's policies: pulls of each arm before the policy chooses.

    Raises:
        ValueError: an argument out of its domain, or a policy of other problems.

    Example:
        >>> import gymnasium
        >>> from river import bandit
        >>> from bandits import UCB1
        >>> contest = gymnasium.make("river_bandits/CandyCaneContest-v0", max_episode_steps=100)
        >>> ours, theirs = Policy(UCB1()), bandit.UCB(delta=1, seed=1)
        >>> len(list(bandit.evaluate([ours, theirs], contest, n_episodes=2, seed=1)))
        400
    """

    def __init__(
        self,
        policy: bandits.Policy[Any, Any, Any, Any],
        problem: BanditProblem | None = None,
        seed: int | None = 0,
        reward_obj: Any = None,
        reward_scaler: Any = None,
        burn_in: int = 0,
    ) -> None:
        super().__init__(reward_obj, reward_scaler, integer("burn_in", burn_in, 0))
        self._keep(policy, problem, seed)

    def pull(self, arm_ids: Sequence[Any]) -> Any:
        """An arm, of the burn-in first."""
        self._seated(len(arm_ids))
        return super().pull(arm_ids)

    def _pull(self, arm_ids: Sequence[Any]) -> Any:
        return self._play(arm_ids, None)

    def update(self, arm_id: Any, *reward_args: Any, **reward_kwargs: Any) -> None:
        """Learn from the reward of an arm, one number.

        Raises:
            ValueError: no finite number, or an arm that is none of those offered; nothing has changed then.
        """
        seat, number, reward = self._due(arm_id, reward_args, reward_kwargs)
        seat.learn(None, number, self._scaled(reward))
        super().update(arm_id, reward)


class ContextualPolicy(_Ours, bandit.base.ContextualPolicy):
    """A policy of ours that observes contexts as one of river's, whose contexts are mappings from names to numbers.

    As ``Policy`` in all else. (Who compares with river's own ``LinUCBDisjoint(alpha, beta)``, of 0.26.1: its ``alpha``
    is the precision of the coefficients' prior, not how much it explores; that is always one standard deviation of the
    predicted reward, its noise, of precision ``beta``, included. ``evaluate`` of river's gives no contexts;
    ``evaluate_offline`` does.)

    Args:
        policy: observes contexts.
        problem: what it is told, with the interval of each coordinate.
        names: names of the coordinates, in the problem's order; None: those of the first context, in its order.
        seed: as of ``Policy``.
        reward_obj: as of ``Policy``.
        reward_scaler: as of ``Policy``.
        burn_in: as of ``Policy``.

    Raises:
        ValueError: an argument out of its domain, or a policy of other problems.
    """

    def __init__(
        self,
        policy: bandits.Policy[Any, Any, Any, Any],
        problem: ContextualProblem,
        names: Sequence[str] | None = None,
        seed: int | None = 0,
        reward_obj: Any = None,
        reward_scaler: Any = None,
        burn_in: int = 0,
    ) -> None:
        super().__init__(reward_obj, reward_scaler, integer("burn_in", burn_in, 0))
        if not isinstance(problem, ContextualProblem):
            raise ValueError(f"problem must be a ContextualProblem, got {shown(problem)}")
        self._keep(policy, problem, seed)
        self.names = None if names is None else texts("names", names)
        self._order: list[Any] | None = self.names

    def _seen(self, context: Any) -> Array:
        if not isinstance(context, Mapping):
            raise ValueError(f"context must be a mapping from names to numbers, got {shown(context)}")
        order = list(context) if self._order is None else self._order
        if context.keys() != set(order):
            raise ValueError(f"context must have a number for each of {shown(order)}, got {shown(dict(context))}")
        assert self.problem is not None
        seen: Array = self.problem.checked_observation([context[name] for name in order])
        self._order = order
        return seen

    def _pull(self, arm_ids: Sequence[Any], context: Any) -> Any:
        return self._play(arm_ids, self._seen(context))

    def update(self, arm_id: Any, context: Any, *reward_args: Any, **reward_kwargs: Any) -> None:
        """Learn from the reward of an arm in a context; errors as of ``Policy.update``."""
        seen, (seat, number, reward) = self._seen(context), self._due(arm_id, reward_args, reward_kwargs)
        seat.learn(seen, number, self._scaled(reward))
        super().update(arm_id, context, reward)


class FromRiver(bandits.Policy[BanditProblem, Any, int, float]):
    """A policy of river's on problems of ours, in ``regretlab.compare`` and in studies.

    Where it takes a seed, it gets one of the run's generator: replicates differ, and a run is the same again.

    Args:
        policy: of river's, which is not changed, nor its memory taken over: its class and parameters are kept, as
            ``{"name": "river.bandit:UCB", "parameters": {"delta": 1}}``, in which form a study gives it.

    Raises:
        ValueError: no such policy.
        ImportError: a description of what cannot be imported.

    Example:
        >>> from river import bandit
        >>> from bandits.checks import check_policy
        >>> from environments import BernoulliArms
        >>> theirs = bandit.EpsilonGreedy(epsilon=0.1)
        >>> check_policy(lambda: FromRiver(theirs), lambda: BernoulliArms([0.2, 0.7], horizon=50))
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (BanditProblem,)
    _observes: ClassVar[bool] = False

    def __init__(self, policy: Any) -> None:
        theirs = _built(policy, bandit.base.Policy) if isinstance(policy, Mapping) else policy
        observes = isinstance(theirs, bandit.base.ContextualPolicy)
        if not isinstance(theirs, bandit.base.Policy) or observes != self._observes:
            kind = f"a policy of river.bandit{' that observes contexts' * self._observes}"
            other = " (ContextualFromRiver takes it)" if observes else ""
            raise ValueError(f"policy must be {kind}, or its description, got {shown(policy)}{other}")
        self.policy = _described(theirs)
        self.policy["parameters"].pop("seed", None)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        cls, seeds = resolve(self.policy["name"]), {}
        if "seed" in inspect.signature(cls).parameters:
            seeds["seed"] = int(rng.integers(2**32))
        self._problem, self._numbers, self._awaits = problem, range(problem.n_actions), False
        self._theirs: Any = _built(self.policy, bandit.base.Policy, **seeds)

    def _context(self, observation: Any) -> tuple[Any, ...]:
        """What river is given besides."""
        return ()

    def choose(self, observation: Any) -> int:
        arm = int(self._theirs.pull(self._numbers, *self._context(observation)))
        self._awaits = True
        return arm

    def update(self, observation: Any, action: int, feedback: float) -> None:
        """Learn from the reward of an action.

        Raises:
            ValueError: no such action, or a reward that is not finite; nothing has changed then.
            RuntimeError: no action was chosen since the last update; likewise.
        """
        check_action("action", action, self._problem.n_actions)
        reward, context = check_reward(feedback), self._context(observation)
        if not self._awaits:
            raise not_owed()
        self._theirs.update(int(action), *context, reward)
        self._awaits = False


class ContextualFromRiver(FromRiver):
    """A policy of river's that observes contexts, on problems of ours: as ``FromRiver``.

    It is given a context [n_coordinates] as ``{"x0": ..., "x1": ..., ...}``. What ``alpha`` of ``LinUCBDisjoint``
    means, ``ContextualPolicy`` says.

    Args:
        policy: as of ``FromRiver``.
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (ContextualProblem,)
    _observes: ClassVar[bool] = True

    def _context(self, observation: Any) -> tuple[Any, ...]:
        context = self._problem.checked_observation(observation).tolist()
        return ({f"x{i}": value for i, value in enumerate(context)},)


def _described(theirs: Any) -> dict[str, Any]:
    """Name and parameters of an object of river's, and of those that it is made of."""
    parameters = {name: getattr(theirs, name) for name in inspect.signature(type(theirs)).parameters}
    plain = {name: _described(value) if isinstance(value, base.Base) else value for name, value in parameters.items()}
    return {"name": f"{type(theirs).__module__}:{type(theirs).__qualname__}", "parameters": plain}


def _built(description: Mapping[str, Any], of: type[Any], **more: Any) -> Any:
    """What ``_described`` describes; only classes of river's kind are constructed."""
    if not isinstance(name := description.get("name"), str) or ":" not in name:
        raise ValueError(f"a description must have a name such as 'river.bandit:UCB', got {shown(description)}")
    cls, given = resolve(name), dict(description.get("parameters") or {})
    if not (isinstance(cls, type) and issubclass(cls, of)):
        raise ValueError(f"{name} must be a class that derives from {of.__module__}.{of.__name__}, got {shown(cls)}")
    for key, value in given.items():
        if isinstance(value, Mapping) and set(value) == {"name", "parameters"}:
            given[key] = _built(value, base.Base)
    try:
        return cls(**given, **more)
    except TypeError as error:
        raise ValueError(f"{name} cannot be built with {shown(given)}: {error}") from None

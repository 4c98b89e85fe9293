"""Environments of ours as simulations of coba's, and coba's as ours."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from bandits import BanditProblem, ChangingLinearProblem, ContextualProblem, FullFeedbackProblem, LinearProblem
from bandits.arguments import check_seed, integer, interval, shown
from bandits.contract import Array
from bandits.seeds import stream
from environments import AdversarialArms, ContextTable, Environment, FeatureTable
from regretlab.adapters.coba_features import context_of, features_of, in_turn
from regretlab.adapters.seat import Names

try:
    import coba
    from coba.environments import Finalize, Unbatch
except ImportError as error:
    raise ImportError("regretlab.adapters.coba needs coba: pip install 'regretlab[simulators]'") from error

_BLOCK = 4096
"""Rounds at once."""


class Simulation(coba.Environment):
    """A run of an environment of ours as a simulation of coba's: the same each time it is read.

    Each interaction has the rewards of all actions, so that what is played makes no difference to them.

    Args:
        environment: hands out blocks of rounds, as those on arms, contexts and features do; it is not changed.
        seed: of the run.
        n: number of rounds; None for the environment's horizon.
        actions: what coba calls the actions; None for the features where the actions have some, else for 0, 1, ...

    Raises:
        ValueError: an argument out of its domain, or an environment whose rewards cannot be told in advance.

    Example:
        >>> from environments import BernoulliArms
        >>> simulation = Simulation(BernoulliArms([0.2, 0.7], horizon=3), seed=1)
        >>> [interaction["rewards"] for interaction in simulation.read()]
        [[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]
    """

    def __init__(
        self, environment: Environment[Any, Any, Any, Any], seed: int = 0, n: int | None = None, actions: Any = None
    ) -> None:
        rewarding = isinstance(getattr(environment, "problem", None), BanditProblem | FullFeedbackProblem)
        if not isinstance(environment, Environment) or not rewarding or not hasattr(environment, "block"):
            raise ValueError(
                "environment must be one that hands out the rewards of all actions in blocks of rounds, got "
                f"{shown(environment)}"
            )
        horizon = environment.problem.horizon
        self.environment, self.seed = environment, check_seed("seed", seed)
        self.n = integer("n", horizon if n is None else n, 1, horizon)  # type: ignore[arg-type]
        self.actions = None if actions is None else list(actions)
        n_actions = environment.problem.n_actions  # type: ignore[attr-defined]
        if self.actions is not None and len(self.actions) != n_actions:
            raise ValueError(f"actions must be {n_actions}, as many as the environment has, got {shown(actions)}")
        self._begun()

    def _begun(self) -> Any:
        environment: Any = copy.deepcopy(self.environment)
        environment.begin(environment.draw(stream(self.seed, of="environment")))
        instance = environment.instance()
        if not (getattr(instance, "oblivious", False) or getattr(instance, "oblivious_rewards", False)):
            raise ValueError(
                "environment must have rewards that do not depend on what is played, for coba asks for those of all "
                f"actions, got {shown(self.environment)}"
            )
        return environment

    @property
    def params(self) -> dict[str, Any]:
        """The environment's class and parameters, and the seed, for coba's tables."""
        kind = type(self.environment).__name__
        return {"env_type": kind, **parameters_of(self.environment, "env_type", "seed"), "seed": self.seed}

    def read(self) -> Iterator[Any]:
        """The interactions, of Python's numbers."""
        environment, left = self._begun(), self.n
        while left > 0:
            block = environment.block(min(left, _BLOCK))
            rounds = len(block.noise)
            levels = block.levels[:rounds] if block.stride else block.levels[:1]
            rewards = levels + block.noise[:, None]
            rewards = (rewards > 0.0).astype(np.float64) if block.binary else rewards
            seen = self._seen(environment, rounds)
            for (context, actions), paid in zip(seen, rewards.tolist(), strict=True):
                yield coba.SimulatedInteraction(context, actions, paid)
            environment.absorb(np.zeros(rounds, dtype=np.int64))
            left -= rounds

    def _seen(self, environment: Any, rounds: int) -> Iterator[tuple[Any, list[Any]]]:
        """Context and actions of the next rounds."""
        problem, named = environment.problem, self.actions
        if isinstance(problem, ChangingLinearProblem) and named is None:
            return ((None, [*map(tuple, rows)]) for rows in environment.features(rounds).tolist())
        if named is None:
            fixed = isinstance(problem, LinearProblem)
            named = [*map(tuple, problem.features.array.tolist())] if fixed else [*range(problem.n_actions)]
        if isinstance(problem, ContextualProblem):
            return ((tuple(context), named) for context in environment.contexts(rounds).tolist())
        return ((None, named) for _ in range(rounds))


def parameters_of(thing: Any, *taken: str) -> dict[str, Any]:
    """The constructor's parameters of a policy or an environment, as plain values for coba's tables.

    One that has a name which is ``taken`` for something else, such as the ``family`` of KL-UCB, is ``"its family"``.
    """
    names = [name for name in inspect.signature(type(thing)).parameters if hasattr(thing, name)]
    values = [getattr(thing, name) for name in names]
    plain = [v if v is None or isinstance(v, bool | int | float | str) else repr(v) for v in values]
    return {f"its {name}" if name in taken else name: value for name, value in zip(names, plain, strict=True)}


def environment_of(
    simulation: Any,
    n: int | None = None,
    low: float | None = None,
    high: float | None = None,
    box: tuple[float, float] | None = None,
    features: Sequence[str | float] | None = None,
) -> Environment[Any, Any, Any, Any]:
    """A simulation of coba's as an environment of ours: the table of all its rewards, read once.

    Comparators are exact, in hindsight: the best fixed arm, the best arm for each context where contexts repeat, and
    the best arm of each round. Every run is the same but for the policy's own random choices. (A comparison keeps the
    whole table in its study: take some 10^5 rounds at the most.)

    Args:
        simulation: of finitely many actions, with the rewards of all of them; not a batch.
        n: number of rounds to read; None for all, which must come to an end then.
        low: smallest reward that policies are told; None for 0 where all rewards lie in [0, 1], else the smallest.
        high: largest reward; likewise.
        box: the interval of every coordinate of a context that policies are told; None for the ends of each in the
            table.
        features: None: actions are arms with the same names in every round. Else what policies observe of the actions,
            as of ``Learner``; where fewer are offered in a round than in others, they are repeated in turn.

    Returns:
        An ``AdversarialArms`` without contexts, a ``ContextTable`` with them, a ``FeatureTable`` with features.

    Raises:
        ValueError: no interactions, some without all rewards, or actions that are not the same in every round.

    Example:
        >>> import coba
        >>> import regretlab as rl
        >>> simulation = coba.Environments.from_linear_synthetic(300, n_actions=3, n_action_features=0, seed=2)[0]
        >>> environment = environment_of(simulation)
        >>> policies = [rl.LinUCB(), rl.KLUCB()]
        >>> result = rl.compare(policies, environment, replicates=1, jobs=1, progress=False)
        >>> result.value("LinUCB", regret="dynamic") < result.value("KLUCB", regret="dynamic")
        True
    """
    if not hasattr(simulation, "read"):
        raise ValueError(f"simulation must be one environment of coba's (environments[0]), got {shown(simulation)}")
    rounds = list(islice(Finalize().filter(Unbatch().filter(simulation.read())), n))
    if not rounds:
        raise ValueError(f"simulation must have at least one interaction, got {shown(simulation)}")
    for one in rounds[:1]:
        if "rewards" not in one or not one.get("actions"):
            raise ValueError(
                "simulation must tell the rewards of all of finitely many actions (plays alone are for estimators), "
                f"got an interaction with {', '.join(one)}"
            )
    paid = [[float(one["rewards"](action)) for action in one["actions"]] for one in rounds]
    smallest, largest = min(map(min, paid)), max(map(max, paid))
    if smallest >= 0.0 and largest <= 1.0:
        smallest, largest = 0.0, 1.0
    ends = (smallest if low is None else low, largest if high is None else high)
    made: Environment[Any, Any, Any, Any]
    if features is not None:
        features = [features] if isinstance(features, str) else features
        size = max(map(len, paid))
        places = [in_turn(size, len(row)) for row in paid]
        seen = [
            features_of(features, one.get("context"), one["actions"])[its]
            for one, its in zip(rounds, places, strict=True)
        ]
        made = FeatureTable(
            [[row[i] for i in its] for row, its in zip(paid, places, strict=True)], np.stack(seen), *ends
        )
        return made
    names = Names(len(paid[0]))
    orders = [np.argsort(names.numbers(one["actions"])) for one in rounds]
    table = np.array([np.array(row)[order] for row, order in zip(paid, orders, strict=True)])
    if all(one.get("context") is None for one in rounds):
        made = AdversarialArms(table, low=ends[0], high=ends[1])
        return made
    contexts = np.stack([context_of(one["context"]) for one in rounds])
    made = ContextTable(table, contexts, *ends, box=_box_of(contexts) if box is None else interval("box", box))
    return made


def _box_of(contexts: Array) -> list[list[float]]:
    """The interval of each coordinate in the table; one that is always the same lies at the lower end of a unit."""
    lows, highs = contexts.min(axis=0), contexts.max(axis=0)
    return np.column_stack([lows, np.where(lows < highs, highs, lows + 1.0)]).tolist()  # type: ignore[no-any-return]

"""A world of arms whose feedback arrives after a delay, in rounds, that is drawn before the first action.

The feedback of round ``t`` (the first is 0) arrives at the end of round ``t + delay[t]``, or never if the run is over
by then. Each round reveals all that arrives at its end, see ``bandits.delayed.arrivals.Arrival``. Rewards are accounted
for in the round that earns them, so comparators, regret and lower bounds are those of the world without delays.

Reference: P. Joulani, A. György, C. Szepesvári, *Online Learning under Delayed Feedback*, ICML 2013, section 2.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound
from bandits.delayed.arrivals import PREFIX, Arrival, Arrivals
from environments.contract import Environment, Notion
from environments.delayed.delays import Constant, Ints, law_of
from environments.registry import ENVIRONMENTS


class DelayedFeedback(Environment[Any, Any, Arrivals, tuple[Any, Ints]]):
    """Another world, of which the feedback arrives late.

    The other world's tape is drawn first, so that worlds that differ in their delays alone meet the same luck. A
    constant delay is told to the learner.

    Args:
        environment: registered name, or ``module:Class``, of a world of arms, with or without contexts.
        delay: rounds by which the feedback of each round is late: a number >= 0; a list of them, one a round;
            ``{"law": "geometric", "mean": ...}``, or ``{"law": "uniform", "low": ..., "high": ...}``.
        parameters: arguments of the other world, but for its horizon.
        horizon: number of rounds, >= 1; None for the other world's own.

    Raises:
        ValueError: a parameter out of its domain, or a world that is not one of arms or has no horizon.

    Example:
        >>> world = DelayedFeedback("adversarial", 1, {"source": [[0.5], [0.25], [1.0]]})
        >>> world.begin(world.draw(np.random.default_rng(0)))
        >>> [world.transition(0)[1] for _ in range(2)]
        [(), (Arrival(time=0, action=0, feedback=0.5),)]
    """

    def __init__(
        self,
        environment: str = "bernoulli",
        delay: int | Sequence[int] | Mapping[str, Any] = 0,
        parameters: Mapping[str, Any] | None = None,
        horizon: int | None = None,
    ) -> None:
        self.environment, self.delay, self.parameters = environment, delay, parameters
        if not isinstance(environment, str):
            raise ValueError(f"environment must be the name of a world, got {environment!r}")
        if not isinstance(parameters, Mapping | None):
            raise ValueError(f"parameters must be a mapping, got {parameters!r}")
        self._law = law_of(delay)
        self._world = _build(environment, parameters or {}, horizon)
        inner = self._world.problem
        if inner.family not in ("arms", "contextual") or inner.feedback not in ("bandit", "full"):
            raise ValueError(
                f"environment must be a world of arms with bandit or full feedback, got {environment!r}, which is "
                f"{inner.family}/{inner.feedback}"
            )
        if inner.horizon is None:
            raise ValueError(
                f"environment must have a horizon, a whole number >= 1, got {environment!r}, whose problem tells None; "
                "name a world with a number of rounds of its own, or one that takes the parameter horizon"
            )
        self._horizon: int = inner.horizon
        told = self._law.rounds if isinstance(self._law, Constant) else None
        self.problem = replace(inner, feedback=f"{PREFIX}{inner.feedback}", delay=told)
        self.action_space, self.observation_space = self._world.action_space, self._world.observation_space
        self.clock = 0
        self._delays = self._law.draw(np.random.default_rng(0), self.horizon) if self._law.fixed else None
        self._most = None if self._delays is None else _most_outstanding(self._delays)
        self._told: dict[str, Any] | None = None
        self._inner: Mapping[str, Any] = {}

    @property
    def horizon(self) -> int:
        """Number of rounds of a run."""
        return self._horizon

    def draw(self, rng: np.random.Generator) -> tuple[Any, Ints]:
        """The other world's tape, and the delays [n_rounds]."""
        tape = self._world.draw(rng)
        return tape, self._law.draw(rng.spawn(1)[0], self.horizon) if self._delays is None else self._delays

    def begin(self, tape: tuple[Any, Ints]) -> None:
        self._world.begin(tape[0])
        self.clock = self._world.clock
        self._late: dict[int, list[Arrival]] = {}
        if not self._law.fixed:
            self._most, self._told = _most_outstanding(tape[1]), None
        self._due = (np.arange(self.horizon) + tape[1]).tolist()

    def observe(self) -> Any:
        return self._world.observe()

    def transition(self, action: Any) -> tuple[float, Arrivals]:
        reward, feedback = self._world.transition(action)
        now = self.clock
        self.clock = self._world.clock
        due = self._due[now]
        if due == now:  # as most are where there is no delay
            return reward, (*self._late.pop(now, ()), Arrival(now, int(action), feedback))
        if due < self.horizon:
            self._late.setdefault(due, []).append(Arrival(now, int(action), feedback))
        return reward, tuple(self._late.pop(now, ()))

    def ledger(self) -> Mapping[str, float]:
        return self._world.ledger()

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._world.comparators(checkpoints)

    def notions(self) -> Sequence[Notion]:
        return self._world.notions()

    def lower_bounds(self) -> Sequence[Bound]:
        """Those of the world without delays: who learns late can do no better."""
        return self._world.lower_bounds()

    def facts(self) -> Mapping[str, Any]:
        inner = self._world.facts()
        if self._told is None or self._inner is not inner:
            self._inner, self._told = inner, {**inner, "oblivious_delays": True}
            if self._most is not None:
                self._told["outstanding"] = self._most
        return self._told

    def clairvoyant(self, comparator: str) -> Any:
        return self._world.clairvoyant(comparator)


def _build(name: str, parameters: Mapping[str, Any], horizon: int | None) -> Environment[Any, Any, Any, Any]:
    cls = ENVIRONMENTS.load(name)
    arguments = {**parameters, **({} if horizon is None else {"horizon": horizon})}
    if "horizon" in parameters:
        raise ValueError("parameters must not hold the horizon: it is a parameter of the world with delays")
    try:
        inspect.signature(cls).bind(**arguments)
    except TypeError as error:
        raise ValueError(f"parameters of environment {name!r}: {error}") from error
    world: Environment[Any, Any, Any, Any] = cls(**arguments)
    return world


def _most_outstanding(delays: Ints) -> Ints:
    """[n] the largest number, so far, of feedbacks outstanding when the action of a round is chosen."""
    n = len(delays)
    change = np.zeros(n + 1, dtype=np.int64)
    sent = np.arange(n)
    change[1:] += 1  # the feedback of round s is outstanding from round s + 1 on,
    np.subtract.at(change, np.minimum(sent + delays + 1, n), 1)  # up to round s + delay
    return np.maximum.accumulate(np.cumsum(change[:n]))

"""An environment whose feedback arrives after a delay, in rounds, that is drawn before the first action.

The feedback of round ``t`` (the first is 0) arrives at the end of round ``t + delay[t]``, or never if the run is over
by then. Each round reveals all that arrives at its end, see ``bandits.delayed.problem.Arrival``. Rewards are accounted
for in the round that earns them, so comparators, regret and lower bounds are those of the environment without delays.

Reference: P. Joulani, A. György, C. Szepesvári, *Online Learning under Delayed Feedback*, ICML 2013, section 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import LARGEST, affordable, integer, is_list, shown, within
from bandits.arms.problem import ActionsProblem
from bandits.contract import Array, Bound
from bandits.delayed.problem import Arrival, Arrivals, Delayed
from bandits.registry import ENVIRONMENTS, Component
from environments.contract import Environment, Regret
from environments.delayed.delays import LAWS, Constant, Given, Ints, Law
from environments.delayed.instance import DelayedInstance, most_outstanding


class DelayedFeedback(Environment[Any, Any, Arrivals, tuple[Any, Ints]]):
    """Another environment, of which the feedback arrives late.

    The other environment's tape is drawn first, so that environments that differ in their delays alone meet the same
    luck. A constant delay is told to the learner.

    Args:
        environment: an environment of arms, with or without contexts: a registered name or ``module:Class``,
            ``{"name": ..., "parameters": {...}}``, or an object, which is copied.
        delay: rounds by which the feedback of each round is late: a number >= 0; a list of them, one a round; or a law,
            ``{"name": "geometric", "parameters": {"mean": ...}}`` or
            ``{"name": "uniform", "parameters": {"low": ..., "high": ...}}``.
        horizon: number of rounds, >= 1; None for the other environment's own. Only one that is given by its name,
            without the parameter ``horizon``, can be given another.

    Raises:
        ValueError: a parameter out of its domain, or an environment that is not one of arms or has no horizon.

    Example:
        >>> import numpy as np
        >>> from environments import DelayedFeedback
        >>> rewards = [[0.5], [0.25], [1.0]]
        >>> environment = DelayedFeedback({"name": "adversarial", "parameters": {"source": rewards}}, 1)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> [environment.transition(0)[1] for _ in range(2)]
        [(), (Arrival(time=0, action=0, feedback=0.5),)]
    """

    def __init__(
        self,
        environment: Component,
        delay: int | Sequence[int] | Component = 0,
        horizon: int | None = None,
    ) -> None:
        self.environment, self.delay = environment, delay
        if horizon is not None:
            integer("horizon", horizon)
        given: dict[str, Any] = {} if horizon is None or _own_horizon(environment) == horizon else {"horizon": horizon}
        self._inner: Environment[Any, Any, Any, Any]
        self._inner = ENVIRONMENTS.build(environment, "environment", of=Environment, **given)
        inner = self._inner.problem
        if not isinstance(inner, ActionsProblem):
            raise ValueError(
                f"environment must be one of arms, with an ActionsProblem, got {shown(environment)}, whose problem is "
                f"{type(inner).__name__}"
            )
        if inner.horizon is None:
            raise ValueError(
                f"environment must have a horizon, a whole number >= 1, got {shown(environment)}, whose problem has "
                "None; name an environment with a number of rounds of its own, or one that takes the parameter horizon"
            )
        if horizon not in (None, inner.horizon):
            raise ValueError(f"horizon must be None or the environment's own, {inner.horizon}, got {shown(horizon)}")
        self.horizon = inner.horizon
        affordable("horizon", f"the delays of {self.horizon} rounds", self.horizon)
        self._law = _law(delay)
        self.problem: Delayed = Delayed(inner, self._law.rounds if isinstance(self._law, Constant) else None)
        self.action_space, self.observation_space = self._inner.action_space, self._inner.observation_space
        self._delays = self._law.draw(np.random.default_rng(0), self.horizon) if self._law.fixed else None
        self._outstanding = None if self._delays is None else most_outstanding(self._delays)
        self._instance: DelayedInstance | None = None

    def draw(self, rng: np.random.Generator) -> tuple[Any, Ints]:
        """The other environment's tape, and the delays [n_rounds]."""
        tape = self._inner.draw(rng)
        return tape, self._law.draw(rng.spawn(1)[0], self.horizon) if self._delays is None else self._delays

    def check_tape(self, tape: tuple[Any, Ints]) -> None:
        self._inner.check_tape(tape[0])
        within("delays of tape", tape[1], 0, LARGEST - self.horizon)

    def begin(self, tape: tuple[Any, Ints]) -> None:
        self._inner.begin(tape[0])
        self.clock = self._inner.clock
        self._late: dict[int, list[Arrival]] = {}
        if not self._law.fixed:
            self._outstanding, self._instance = most_outstanding(tape[1]), None
        self._due = (np.arange(self.horizon) + tape[1]).tolist()

    def observe(self) -> Any:
        return self._inner.observe()

    def transition(self, action: Any) -> tuple[float, Arrivals]:
        reward, feedback = self._inner.transition(action)
        now = self.clock
        self.clock = self._inner.clock
        due = self._due[now]
        if due == now:  # as most are where there is no delay
            return reward, (*self._late.pop(now, ()), Arrival(now, int(action), feedback))
        if due < self.horizon:
            self._late.setdefault(due, []).append(Arrival(now, int(action), feedback))
        return reward, tuple(self._late.pop(now, ()))

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._inner.metrics(times)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._inner.comparators(times)

    def clocks(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._inner.clocks(times)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Those of the environment without delays."""
        return self._inner.limits(times)

    def regrets(self) -> Sequence[Regret]:
        return self._inner.regrets()

    def lower_bounds(self) -> Sequence[Bound]:
        """Those of the environment without delays: who learns late can do no better."""
        return self._inner.lower_bounds()

    def instance(self) -> DelayedInstance:
        inner = self._inner.instance()
        if self._instance is None or self._instance.inner is not inner:
            self._instance = DelayedInstance(inner=inner, outstanding=self._outstanding, oblivious_delays=True)
        return self._instance

    def clairvoyant(self, comparator: str) -> Any:
        return self._inner.clairvoyant(comparator)


def _own_horizon(environment: Component) -> Any:
    """The horizon that a description gives, as that of an object does; None where it gives none."""
    parameters = environment.get("parameters") if isinstance(environment, Mapping) else None
    return parameters.get("horizon") if isinstance(parameters, Mapping) else None


def _law(delay: int | Sequence[int] | Component) -> Law:
    """The law that the parameter ``delay`` describes."""
    if isinstance(delay, Mapping | str | Law):
        law: Law = LAWS.build(delay, "delay", of=Law)
        return law
    return Given(tuple(delay)) if is_list(delay) else Constant(delay)  # type: ignore[arg-type]  # it is checked there

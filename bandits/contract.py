"""The contract between policies and worlds: what a learner is told, what it must answer, what theory says of it."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Obs = TypeVar("Obs")
Act = TypeVar("Act")
Fbk = TypeVar("Fbk")
Obs_co = TypeVar("Obs_co", covariant=True)
Act_contra = TypeVar("Act_contra", contravariant=True)
Fbk_co = TypeVar("Fbk_co", covariant=True)
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """What a learner is told before round 1, and nothing else.

    Attributes:
        family: kind of decision problem: "arms", "contextual", ...
        feedback: what a round reveals: "bandit" (the reward of the action), "full" (of every action), ...
        n_actions: number of actions; 0 where actions are not a finite set (predictions, say).
        horizon: number of rounds, or None when the learner is not told.
        low: smallest possible reward of a round (-inf when unbounded).
        high: largest possible reward of a round (inf when unbounded).
        noise: sub-Gaussian parameter of a reward around its mean, in reward units. For bounded rewards it follows
            from the range (Hoeffding: (high - low) / 2) and need not be given.
        actions: the numbers that the actions stand for (a grid of relaxation parameters, say), or empty.
        contexts: the interval (low, high) of each coordinate of the observed context, or empty.
        items: number of things that requests can name (pages) or that stream by (arms), or None where there are none.
        memory: number of items that can be kept (cache slots, stored arms), or None where nothing is kept.
        prediction: the kind of prediction that comes with each observation, or empty.
        plays: number of actions that may be taken in one period.
        passes: number of times that a stream of arms goes by.
        groups: names of the groups that a round may belong to, or empty.
        dimension: length of the context vectors, or None where there are none.
        recovery: longest idle time after which an arm's reward no longer grows, or None where rewards do not recover.
        edges: pairs (tail, head) of the network whose paths are the actions, or empty.
        policies: [n_policies][n_contexts] the action of each policy of a class in each context, or empty.
        delay: number of rounds by which all feedback is late, or None where the learner is told of none.

    Example:
        >>> from bandits import Problem
        >>> problem = Problem("arms", "bandit", n_actions=3, horizon=1000, low=-1.0)
        >>> problem.width
        2.0
    """

    family: str
    feedback: str
    n_actions: int
    horizon: int | None = None
    low: float = 0.0
    high: float = 1.0
    noise: float | None = None
    actions: tuple[float, ...] = ()
    contexts: tuple[tuple[float, float], ...] = ()
    items: int | None = None
    memory: int | None = None
    prediction: str = ""
    plays: int = 1
    passes: int = 1
    groups: tuple[str, ...] = ()
    dimension: int | None = None
    recovery: int | None = None
    edges: tuple[tuple[int, int], ...] = ()
    policies: tuple[tuple[int, ...], ...] = ()
    delay: int | None = None

    def __post_init__(self) -> None:
        if self.n_actions < 0:
            raise ValueError(f"n_actions must be >= 0, got {self.n_actions}")
        if self.horizon is not None and self.horizon < 1:
            raise ValueError(f"horizon must be >= 1 or None, got {self.horizon}")
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got [{self.low}, {self.high}]")

    @property
    def bounded(self) -> bool:
        """Whether rewards lie in a finite range."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def width(self) -> float:
        """Twice the sub-Gaussian parameter, in reward units: the range of bounded rewards, 2 sigma of Gaussian ones.

        Theorems for rewards in [0, 1] that rest on Hoeffding's inequality hold with rewards divided by this number.

        Raises:
            ValueError: rewards are unbounded and no ``noise`` is declared.
        """
        if self.noise is not None:
            return 2.0 * self.noise
        if not self.bounded:
            raise ValueError("rewards are unbounded and the problem declares no noise: confidence widths are undefined")
        return self.high - self.low


@dataclass(frozen=True)
class Assumption:
    """One hypothesis of a theorem and whether it holds in the run at hand.

    Attributes:
        text: the hypothesis, in words.
        holds: whether it holds.
        largest: of what the hypothesis limits, the largest value in the run; named where the hypothesis fails.
    """

    text: str
    holds: bool
    largest: float | None = None


@dataclass(frozen=True)
class Bound:
    """A theorem as a drawable object.

    Attributes:
        name: short name for legends and verdicts.
        kind: "upper" or "lower" with explicit constants, or "order" when the constant is a convention (1).
        curve: maps times [n] (rounds, >= 1, float) to bounds on the cumulative regret [n], in reward units.
        against: kind of comparator that the theorem speaks of ("fixed", "dynamic", ...); see ``Notion.against``.
        source: where the theorem stands.
        assumptions: hypotheses, each with whether it holds here. A bound with one that fails is drawn greyed.
        anytime: False when the theorem speaks of the horizon only; then no curve is drawn.
        rate: False when the bound follows what happens in the run (an optimum, prediction errors) and so claims no rate
            of growth; then no exponent is compared.
        tuned: True when the curve is that of constants tuned to the horizon, used at every time: then its rate is in
            the horizon, and no exponent over the rounds of one run is compared.
        of_run: True when the curve is worked out from the policy's state in the run, beside one that is known before;
            it is drawn dotted.

    Example:
        >>> import numpy as np
        >>> from bandits import Bound
        >>> bound = Bound("mine", "upper", lambda t: 4.0 * np.sqrt(t), "fixed", "a lecture")
        >>> bound.curve(np.array([100.0, 10_000.0]))
        array([ 40., 400.])
    """

    name: str
    kind: Literal["upper", "lower", "order"]
    curve: Callable[[Array], Array]
    against: str
    source: str
    assumptions: tuple[Assumption, ...] = field(default=())
    anytime: bool = True
    rate: bool = True
    of_run: bool = False
    tuned: bool = False

    @property
    def holds(self) -> bool:
        """Whether every assumption holds in the run."""
        return all(a.holds for a in self.assumptions)


class World(Protocol[Obs_co, Act_contra, Fbk_co]):
    """What a policy sees of an environment when it plays by itself (``Policy.advance``)."""

    clock: int

    def observe(self) -> Obs_co:
        """The observation before the next decision."""

    def transition(self, action: Act_contra) -> tuple[float, Fbk_co]:
        """Carry out one action; returns (reward, feedback)."""


class Policy(ABC, Generic[Obs, Act, Fbk]):
    """A learner. Constructors take hyper-parameters only and keep them under their own names.

    The life of a policy: ``reset`` once per run, then ``choose`` and ``update`` in turn. ``reset`` forgets
    everything; with the same problem and an equal generator, the same run follows. A policy pickles in mid-run.

    Attributes:
        accepts: the pairs (family, feedback) that the policy can play.
        clairvoyant: True when the policy plays a comparator that knows the run in advance. Such a policy plays
            every world that tells the comparator's actions, through ``advance`` only.

    Example:
        >>> import numpy as np
        >>> from bandits import Policy, Problem
        >>> class Cycle(Policy):
        ...     accepts = frozenset({("arms", "bandit")})
        ...     def reset(self, problem, rng):
        ...         self._t, self._n = 0, problem.n_actions
        ...     def choose(self, observation):
        ...         return self._t % self._n
        ...     def update(self, observation, action, feedback):
        ...         self._t += 1
        ...
        >>> policy = Cycle()
        >>> policy.reset(Problem("arms", "bandit", 2), np.random.default_rng(0))
        >>> for _ in range(3):
        ...     arm = policy.choose(None)
        ...     policy.update(None, arm, 0.5)
        ...     print(arm)
        ...
        0
        1
        0
    """

    accepts: ClassVar[frozenset[tuple[str, str]]]
    clairvoyant: ClassVar[bool] = False

    @abstractmethod
    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        """Forget everything and prepare for a run.

        Args:
            problem: what the learner is told.
            rng: the only source of the policy's random choices; kept for the whole run.

        Raises:
            ValueError: the problem lacks something that the policy needs (a horizon, a finite range).
        """

    @abstractmethod
    def choose(self, observation: Obs) -> Act:
        """The action of this round."""

    @abstractmethod
    def update(self, observation: Obs, action: Act, feedback: Fbk) -> None:
        """Learn from the feedback to ``action``."""

    def advance(self, environment: World[Obs, Act, Fbk], rounds: int) -> None:
        """Play until the environment's clock has moved on by ``rounds``. Here: the plain loop.

        A policy with a compiled path replaces this by one that makes bit for bit the same decisions.
        """
        end = environment.clock + rounds
        while environment.clock < end:
            observation = environment.observe()
            action = self.choose(observation)
            _, feedback = environment.transition(action)
            self.update(observation, action, feedback)

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """Theorems about this policy on this problem, for figures and checks. Here: none.

        Args:
            problem: as in ``reset``.
            facts: what only the analysis may know (gaps, variances, ...), from ``Environment.facts``.
        """
        return ()

    def __repr__(self) -> str:
        names = inspect.signature(type(self)).parameters
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"


def check_accepts(policy: Policy[Any, Any, Any], problem: Problem, label: str = "the environment") -> None:
    """Raise ``ValueError`` naming both sides if ``policy`` cannot play ``problem``; a clairvoyant one plays any."""
    if not policy.clairvoyant and (problem.family, problem.feedback) not in policy.accepts:
        plays = ", ".join(f"{family}/{feedback}" for family, feedback in sorted(policy.accepts))
        raise ValueError(
            f"{type(policy).__name__} plays {plays}, but {label} is {problem.family}/{problem.feedback} feedback"
        )

"""The contract between policies and environments: what a learner is told, what it answers, what theory says of it."""

from __future__ import annotations

import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Generic, Protocol, TypeVar, final

import numpy as np

from bandits.arguments import integer, real, shown
from bandits.bound import Array as Array
from bandits.bound import Assumption as Assumption
from bandits.bound import Bound as Bound
from bandits.bound import Evidence as Evidence
from bandits.bound import TimeClaim as TimeClaim
from bandits.copies import Copies
from bandits.defaults import default
from bandits.guard import guard
from bandits.strays import Stray, Strays
from bandits.watch import Watch, watch_over

Obs = TypeVar("Obs")
Act = TypeVar("Act")
Fbk = TypeVar("Fbk")
Obs_co = TypeVar("Obs_co", covariant=True)
Act_contra = TypeVar("Act_contra", contravariant=True)
Fbk_co = TypeVar("Fbk_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a learner is told before round 1, and nothing else. Each family has a subclass with what it needs.

    Attributes:
        horizon: number of rounds, or None when the learner is not told.
        low: smallest possible reward of a round (-inf when unbounded).
        high: largest possible reward of a round (inf when unbounded).
        reveals_rewards: whether feedback is made of rewards, which ``revealed`` reads; policies then tell of one that
            is outside the range.
        declares_contexts: whether ``stray`` can find a context outside of what is declared; policies then tell of it.

    Raises:
        ValueError: a horizon that is no whole number >= 1, or ``low`` not below ``high``.
    """

    horizon: int | None = None
    low: float = 0.0
    high: float = 1.0
    reveals_rewards: ClassVar[bool] = False
    declares_contexts: ClassVar[bool] = False

    def revealed(self, feedback: Any) -> tuple[float, float] | None:
        """The smallest and the largest reward that a feedback reveals; None if it has none. See ``reveals_rewards``."""
        return float(np.min(feedback)), float(np.max(feedback))

    def checked_observation(self, observation: Any) -> Any:
        """An observation in the form that policies work with, for those that look at it. Here: as it is.

        Raises:
            ValueError: there is no such observation.
        """
        return observation

    @property
    def unit(self) -> tuple[float, float]:
        """The range of rewards that policies on such problems take for granted, however wide a declared one is.

        Here: none. Where no finite range is declared, it is that of mean rewards.
        """
        return -math.inf, math.inf

    def stray(self, contexts: Any) -> Stray | None:
        """What to tell of the first of checked contexts [..., n] outside what is declared of them. Here: nothing is.

        For problems whose policies can take such a context. They tell of it once; where none can, it is refused by
        ``checked_observation``.
        """
        return None

    def checked_feedback(self, feedback: Any) -> Any:
        """A feedback in the form that policies learn from. Here: as it is.

        Raises:
            ValueError: there is no such feedback.
        """
        return feedback

    def distribution_of(self, action: Any) -> Array:
        """What an action plays of the actions 0..n_actions-1, as probabilities [n_actions], for problems with so many.

        Here: all of a number; a distribution [n_actions] as it is.

        Raises:
            TypeError: actions are not finitely many with numbers.
        """
        n, found = getattr(self, "n_actions", None), np.asarray(action)
        if isinstance(n, int) and found.ndim == 0 and found.dtype.kind in "iu" and 0 <= found < n:
            return np.asarray(np.arange(n) == found, dtype=np.float64)
        if isinstance(n, int) and found.shape == (n,) and found.dtype.kind == "f":
            return np.array(found, dtype=np.float64)
        raise TypeError(f"actions of {type(self).__name__} are not finitely many with numbers, got {shown(action)}")

    def __post_init__(self) -> None:
        if self.horizon is not None:
            integer("horizon", self.horizon)
        for name in ("low", "high"):
            if not isinstance(value := getattr(self, name), Real) or isinstance(value, bool) or value != value:
                raise ValueError(f"{name} must be a number, -inf or inf, got {shown(value)}")
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got [{shown(self.low)}, {shown(self.high)}]")

    @property
    def bounded(self) -> bool:
        """Whether rewards lie in a finite range."""
        return math.isfinite(self.low) and math.isfinite(self.high)


@dataclass(frozen=True, kw_only=True)
class NoisyProblem(Problem):
    """Rewards that scatter around means.

    Attributes:
        noise: sub-Gaussian parameter of a reward around its mean, in reward units. For bounded rewards it follows
            from the range (Hoeffding: (high - low) / 2) and need not be given.
    """

    noise: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.noise is not None:
            real("noise", self.noise, 0.0, closed="low")

    @property
    def sub_gaussian(self) -> bool:
        """Whether a sub-Gaussian parameter of rewards is known: they lie in a finite range, or noise is declared."""
        return self.bounded or self.noise is not None

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


P = TypeVar("P", bound=Problem)


@dataclass(frozen=True, eq=False)
class Instance:
    """What only the analysis may know of a run: gaps, spectra, the optimum. Never handed to a policy's ``reset``.

    Families subclass it with what their theorems ask for. What is costly is a ``functools.cached_property``, worked out
    when a theorem asks.
    """

    def consequences(
        self, policy: Policy[Any, Any, Any, Any], problem: Any, bounds: Sequence[Bound]
    ) -> Sequence[Bound]:
        """Theorems of the family that follow from a policy's own, against another class of comparators. Here: none.

        Args:
            policy: the policy.
            problem: what it plays.
            bounds: what ``policy.regret_bounds`` gives here.
        """
        return ()


class Playable(Protocol[Obs_co, Act_contra, Fbk_co]):
    """What a policy sees of an environment when it plays by itself (``Policy.advance``)."""

    clock: int

    def observe(self) -> Obs_co:
        """The observation before the next decision."""

    def transition(self, action: Act_contra) -> tuple[float, Fbk_co]:
        """Carry out one action; returns (reward, feedback)."""


class NotResetError(RuntimeError):
    """A policy was asked to play before ``reset``; nothing has changed."""

    @classmethod
    def of(cls, policy: object) -> NotResetError:
        """The error of ``policy``."""
        return cls(f"{type(policy).__name__} was not reset: call reset(problem, rng) before choose and update")


class Policy(ABC, Generic[P, Obs, Act, Fbk]):
    """A learner. Constructors take hyper-parameters only and keep them under their own names.

    The life of a policy: ``reset`` once per run, then ``choose`` and ``update`` in turn. ``reset`` forgets
    everything; with the same problem and an equal generator, the same run follows. A policy pickles in mid-run. What a
    run needs is kept under names that begin with an underscore and is set by ``reset``: before that, ``choose`` and
    ``update`` raise ``NotResetError``.

    Attributes:
        plays: the types of problems that the policy can play, and with them all their subtypes.
        clairvoyant: True when the policy plays a comparator that knows the run in advance. Such a policy plays
            every environment that tells the comparator's actions, through ``advance`` only.
        decided: True when no random number enters the policy's choices: what it observed decides them, so that
            ``probabilities`` are those of one action.
        by_arm: True when what the policy does next follows from the rewards that each arm gave (with their contexts),
            whoever chose the arms and in whatever order they were played, so that feedback may come late, and a copy
            that is taught what some arms gave goes on from there on these arms alone (``regretlab.Service``).

    Example:
        >>> import numpy as np
        >>> from bandits import BanditProblem, Policy
        >>> class Cycle(Policy):
        ...     plays = (BanditProblem,)
        ...     def reset(self, problem, rng):
        ...         self._t, self._n = 0, problem.n_actions
        ...     def choose(self, observation):
        ...         return self._t % self._n
        ...     def update(self, observation, action, feedback):
        ...         self._t += 1
        ...
        >>> policy = Cycle()
        >>> policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
        >>> for _ in range(3):
        ...     arm = policy.choose(None)
        ...     policy.update(None, arm, 0.5)
        ...     print(arm)
        ...
        0
        1
        0
    """

    plays: ClassVar[tuple[type[Problem], ...]]
    clairvoyant: ClassVar[bool] = False
    decided: ClassVar[bool] = False
    by_arm: ClassVar[bool] = False
    _declared: Watch | None = None
    _strays: Strays | None = None
    _given: P

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        names = ("choose", "update", "leap", "probabilities")
        guard(cls, "reset", names, NotResetError.of, _begun, _check_reset, _told)

    @default
    def _sized_for(self, problem: P) -> None:
        """Keep sizes of the problem that a ``reset`` is given, before it begins. Here: none.

        One that calls the ``reset`` above it may hand on another problem, with other arms: there those count.
        """

    @abstractmethod
    def reset(self, problem: P, rng: np.random.Generator) -> None:
        """Forget everything and prepare for a run.

        Args:
            problem: what the learner is told.
            rng: the only source of the policy's random choices; kept for the whole run.

        Raises:
            ValueError: the problem lacks something that the policy needs (a horizon, a finite range).
        """

    @abstractmethod
    def choose(self, observation: Obs) -> Act:
        """The action of this round.

        Raises:
            NotResetError: before ``reset``.
        """

    @abstractmethod
    def update(self, observation: Obs, action: Act, feedback: Fbk) -> None:
        """Learn from the feedback to ``action``.

        Raises:
            NotResetError: before ``reset``.
            ValueError: an action or a feedback that cannot be; nothing has changed then.
            RuntimeError: feedback that is not owed; nothing has changed then.
        """

    @default
    def probabilities(self, observation: Obs) -> Array:
        """The probabilities [n_actions] with which ``choose(observation)`` plays each action now; changes nothing.

        They are exact up to rounding, or up to the error of a quadrature that the policy's own docstring states, given
        what the policy observed and chose so far. The sum is 1. A problem says what the entries are if not the actions
        0..n_actions-1 (``Problem.distribution_of``). Here: of policies that are ``decided``, 1 for what a copy chooses.

        Raises:
            NotResetError: before ``reset``.
            TypeError: the policy has none in closed form, or its actions are not finitely many.
            ValueError: an observation that ``choose`` refuses.
        """
        problem = self.problem_given()
        if self.decided:
            copies = Copies(self)
            copy, before = copies.one(), copies.states()
            found = problem.distribution_of(copy.choose(observation))
            if copies.states() == before:  # else a subclass draws after all
                return found
        raise no_closed_form(self)

    @final
    def problem_given(self) -> P:
        """The problem of the last ``reset``.

        Raises:
            NotResetError: before ``reset``.
        """
        try:
            return self._given
        except AttributeError:
            raise NotResetError.of(self) from None

    @default
    def leap(self, environment: Playable[Obs, Act, Fbk], most: int) -> int:
        """Play a compiled stretch of at most ``most`` units of time, with bit for bit the decisions of the plain loop.

        Args:
            environment: in a run, with time left.
            most: units of time, >= 1. A last action that takes more than are left may go beyond.

        Returns:
            How far the clock has moved on; 0 where the policy or the environment has no compiled path here.
        """
        return 0

    @final
    def advance(self, environment: Playable[Obs, Act, Fbk], rounds: int) -> None:
        """Play until the environment's clock has moved on by ``rounds``: leaps where it can, else round by round.

        Where ``leap`` refuses time and again it is asked again after 1, 2, 4, ... and at last every 64 rounds.

        Raises:
            RuntimeError: ``leap`` says that it played, but the clock has not moved.
        """
        end, refused, by_hand = environment.clock + rounds, 0, 0
        while (now := environment.clock) < end:
            if by_hand == 0:
                leapt = self.leap(environment, end - now)
                if environment.clock != now:
                    refused = 0
                    continue
                if leapt != 0:
                    raise RuntimeError(
                        f"{type(self).__name__}.leap must return how far the clock has moved on, got {leapt!r} where "
                        f"it stands still at {now}"
                    )
                by_hand, refused = 2 ** min(refused, 6), refused + 1  # asking costs as much as a quick round
            observation = environment.observe()
            action = self.choose(observation)
            _, feedback = environment.transition(action)
            self.update(observation, action, feedback)
            by_hand -= 1

    @default
    def regret_bounds(self, problem: P, instance: Instance) -> Sequence[Bound]:
        """Theorems about this policy on this problem, for figures and checks. Here: none.

        Args:
            problem: as in ``reset``.
            instance: what only the analysis may know (gaps, variances, ...), from ``Environment.instance``.
        """
        return ()

    def __repr__(self) -> str:
        names = inspect.signature(type(self)).parameters
        return f"{type(self).__name__}({', '.join(f'{n}={getattr(self, n)!r}' for n in names)})"


def no_closed_form(policy: object, when: str = "") -> TypeError:
    """What ``probabilities`` of a policy raises where it has none, in words ``when`` that is."""
    return TypeError(
        f"{type(policy).__name__} has no probabilities in closed form{when and f' {when}'}: "
        "bandits.propensities.sampled(policy, observation, draws=1000) estimates them on copies"
    )


def bounds_of(policy: Policy[Any, Any, Any, Any], problem: Problem, instance: Instance) -> list[Bound]:
    """All theorems about ``policy`` here: its own, and what follows from them in the family."""
    own = policy.regret_bounds(problem, instance)
    return [*own, *instance.consequences(policy, problem, own)]


def _told(policy: Any, problem: Any, rng: Any = None) -> None:
    """Part of each ``reset``, its own and those that it calls above, as it begins: a policy knows its problem."""
    policy._given = problem
    policy._sized_for(problem)


def _begun(policy: Any, problem: Any, rng: Any = None) -> None:
    """Part of ``reset``, when all is well: a policy knows its problem, and watches its range."""
    policy._given = problem
    watch_over(policy, problem, rng)


def _check_reset(policy: Any, problem: Any, rng: Any = None) -> None:
    """Refuse what a policy cannot be reset with, before it forgets anything; ``rng`` may be None."""
    plays = (Problem,) if policy.clairvoyant else getattr(policy, "plays", (Problem,))
    if not isinstance(problem, plays):
        kinds = ", ".join(kind.__name__ for kind in plays)
        raise ValueError(f"problem must be one that {type(policy).__name__} plays ({kinds}), got {shown(problem)}")
    if isinstance(rng, np.random.Generator) or rng is None:
        return
    if hasattr(rng, "seed") or not callable(getattr(rng, "random", None)):  # the former is of an older kind
        raise ValueError(f"rng must be a numpy.random.Generator, got {shown(rng)}")


def can_play(policy: Policy[Any, Any, Any, Any] | type[Policy[Any, Any, Any, Any]], problem: Problem) -> bool:
    """Whether ``policy`` can play ``problem``, by the problem's type; a clairvoyant one plays any."""
    return policy.clairvoyant or isinstance(problem, policy.plays)


def check_plays(
    policy: Policy[Any, Any, Any, Any], problem: Problem, label: str = "the environment", name: str = ""
) -> None:
    """Raise ``ValueError`` naming both sides if ``policy`` cannot play ``problem``.

    Args:
        policy: the policy.
        problem: what is to be played.
        label: whose problem it is, for the message.
        name: the parameter that gave the policy, if one did, for the message.
    """
    if not can_play(policy, problem):
        plays = ", ".join(kind.__name__ for kind in policy.plays)
        what = f"{type(policy).__name__} plays {plays}, but {label} is {type(problem).__name__}"
        raise ValueError(f"{name} must be a policy for it: {what}" if name else what)

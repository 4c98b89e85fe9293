"""The contract of an environment: tape, observation, transition, metrics, comparators."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar, final

import gymnasium
import numpy as np
from numpy.typing import NDArray

from bandits.arguments import check_seed, shown
from bandits.contract import Array, Bound, Instance, Problem
from bandits.defaults import default
from bandits.frozen import read_only as read_only
from bandits.guard import LOOKED_AT, around, guard
from bandits.seeds import stream
from environments.forms import check_form, common, form_of, has_form
from environments.streams import Source as Source
from environments.streams import Stream as Stream
from environments.streams import copy_of as copy_of
from environments.streams import streams as streams

Obs = TypeVar("Obs")
Act = TypeVar("Act")
Fbk = TypeVar("Fbk")
Tape = TypeVar("Tape")


@dataclass(frozen=True)
class Regret:
    """A regret definition: ``comparator(t) - series(t)``, both cumulative rewards up to time t, or values at time t.

    Attributes:
        name: key in results ("pseudo", "grid", ...).
        series: key of ``Environment.metrics``.
        comparator: key of ``Environment.comparators``.
        comparator_class: class of that comparator ("fixed", "dynamic", ...); a ``Bound`` applies where it agrees.
        label: for axes, naming regret and comparator.
        unit: unit of the regret ("reward", "iterations", ...).
        clock: key of ``Environment.clocks`` for a regret that moves in some rounds only (those of a group): the time by
            which its curve is drawn and its growth measured. Empty for rounds.
        worst: key of ``Environment.comparators``, where it is there: the worst play in the rounds that count, beyond
            whose regret a bound says nothing.
        cumulative: whether it is a sum over time. Of a value at a time (whether an answer is right, what it is worth),
            False, no growth is measured.
        censored: key of ``Environment.metrics``: 1 at a time where the value is cut off, as the time of a stop that a
            cap came before, else 0. Figures, tables and verdicts tell how many such runs there are: the mean is then
            no more than a lower end. Empty where no value is.
    """

    name: str
    series: str
    comparator: str
    comparator_class: str
    label: str
    unit: str = "reward"
    clock: str = ""
    worst: str = "worst"
    cumulative: bool = True
    censored: str = ""


def number_of(action: Any) -> Any:
    """An array without axes, as agents of other packages give, as the number in it; anything else as it is."""
    return action[()] if isinstance(action, np.ndarray) and action.ndim == 0 else action


class NotBegunError(RuntimeError):
    """An environment was asked to play before a run was begun; nothing has changed."""

    @classmethod
    def of(cls, environment: object) -> NotBegunError:
        """The error of ``environment``."""
        return cls(f"{type(environment).__name__}: no run was begun: call reset(), or begin(draw(rng))")


_IN_A_RUN = (
    "observe",
    "transition",
    "metrics",
    "comparators",
    "clocks",
    "limits",
    "lower_bounds",
    "instance",
    "clairvoyant",
    "block",
    "block_of",
    "block_of_arrivals",
    "absorb",
    "absorb_arrivals",
    "serve_by_recency",
)
"""Methods that make sense in a run only."""


class Environment(gymnasium.Env[Obs, Act], ABC, Generic[Obs, Act, Fbk, Tape]):
    """An environment with a known best. Constructors take parameters only, and keep them under their own names.

    A run: ``begin(draw(rng))``, then ``observe`` and ``transition`` in turn until ``clock`` reaches the horizon. All
    randomness is in the tape, drawn before any action; given the tape, transitions are deterministic. ``reset`` and
    ``step`` give the same run in gymnasium's form, with the feedback in ``info`` (see ``info_of``). What a run needs is
    kept in ``clock`` and under names that begin with an underscore and is set by ``begin``: before that, ``observe``
    and ``transition`` raise ``NotBegunError``.

    ``begin`` refuses tapes of another form than those that the environment draws, see ``environments.forms``, and what
    ``check_tape`` refuses, before anything changes.

    Attributes:
        problem: what a learner is told.
        clock: units of time used so far, 0 at the start of a run.
    """

    problem: Problem
    clock: int
    _form_of_tapes: Any = None

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        around(cls, "draw", _check_rng, _drawn)
        guard(cls, "begin", _IN_A_RUN, NotBegunError.of, check=_check_form, told=partial(_look_at, cls))

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Tape:
        """All randomness of one run.

        Raises:
            ValueError: ``rng`` is no generator.
        """

    @abstractmethod
    def begin(self, tape: Tape) -> None:
        """Start a run on ``tape``; the same tape and actions give the same run.

        Raises:
            ValueError: ``tape`` is none that ``draw`` could have given; nothing changes.
        """

    @default
    def check_tape(self, tape: Tape) -> None:
        """Refuse a tape of the right form with numbers that ``draw`` never gives. Here: none is.

        For environments whose tape holds positions in something of theirs, or numbers in a range. ``begin`` calls it;
        one that is implemented below it, whose tape may be another, does where it calls the ``begin`` above.

        Raises:
            ValueError: a number outside its domain.
        """

    @abstractmethod
    def observe(self) -> Obs:
        """What the learner sees before its next decision (after the last one: the last observation)."""

    @abstractmethod
    def transition(self, action: Act) -> tuple[float, Fbk]:
        """Carry out ``action``; returns (reward, feedback) and moves the clock.

        Raises:
            ValueError: an illegal action; nothing changes.
            RuntimeError: the run is over, or none was begun.
        """

    @abstractmethod
    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Cumulative series [n_times] at past times (increasing), from what was recorded of the run.

        The last million units of time are kept, see ``environments.record``. Values inside an action that takes several
        units of time are interpolated linearly.

        Raises:
            ValueError: a time that has not come yet, or lies further back than what is kept.
        """

    @abstractmethod
    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Exact cumulative reward [n_times] of each comparator at each time (rounds, increasing, >= 1)."""

    @abstractmethod
    def regrets(self) -> Sequence[Regret]:
        """The regret definitions that metrics and comparators give; the first is the default."""

    @default
    def clocks(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Clocks [n_times] that regret definitions name: units of time passed by each time. Here: none."""
        return {}

    @default
    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The least and the most regret [2, n_times] that play of any kind can have by each time, by regret definition.

        They hold for all actions that a learner may take, and for comparators that are played, in every run of this
        environment, and are the same in each, whatever its tape: what is known of the mean regret with certainty rests
        on them. Infinite where one side is not known; a definition is absent where neither is. Here: none.
        (``Regret.worst`` is a comparator, the worst play on the tape of the run at hand.)
        """
        return {}

    @default
    def lower_bounds(self) -> Sequence[Bound]:
        """Theorems about every policy in this environment. Here: none."""
        return ()

    @default
    def instance(self) -> Instance:
        """What only the analysis may know (gaps, spectra, phases). Never handed to a policy's ``reset``. Here: nothing.

        The same object is returned as long as the instance is the same, so that bounds need not be worked out again.
        """
        return _NOTHING

    @default
    def clairvoyant(self, comparator: str) -> Act:
        """The action that a comparator takes now, for playing it as a policy.

        Raises:
            ValueError: the comparator cannot be played here; the message names those that can.
        """
        raise ValueError(f"{type(self).__name__} has no comparator {comparator!r} that can be played")

    @default
    def ended(self) -> bool:
        """Whether a run whose clock has reached the horizon was brought there by a decision to stop. Here: never."""
        return False

    @default
    def info_of(self, feedback: Fbk) -> dict[str, Any]:
        """What ``step`` gives as ``info``: the feedback, by default as it is.

        Arrays must have one shape and type throughout: gymnasium's vectors put those of all environments into one. So
        an environment whose feedback varies in length pads it here, and says by a mask what is padding.
        """
        return {"feedback": feedback}

    @default
    def feedback_of(self, info: Mapping[str, Any]) -> Fbk:
        """What a learner of ours observes, from what ``step`` gave: the way back from ``info_of``."""
        feedback: Fbk = info["feedback"]
        return feedback

    @final
    def check_running(self) -> None:
        """See that a run was begun and is not over; for ``transition``, before anything changes.

        Raises:
            RuntimeError: the run is over, or none was begun.
        """
        horizon = self.problem.horizon
        if horizon is not None and self.clock >= horizon:
            raise RuntimeError(f"the run is over at time {horizon}, its horizon: call reset(), or begin(draw(rng))")

    @final
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Obs, dict[str, Any]]:
        """Gymnasium's reset: a new run with a tape drawn from ``np_random``.

        What a seed draws is independent of ``numpy.random.default_rng(seed)``: a policy may have the same one.

        Raises:
            ValueError: a seed that is no whole number >= 0, or options that are no mapping.
        """
        if options is not None and not isinstance(options, Mapping):
            raise ValueError(f"options must be a mapping or None, got {shown(options)}")
        super().reset(seed=None if seed is None else check_seed("seed", seed))
        if seed is not None:
            self._np_random = stream(seed, of="Environment")
        self.begin(self.draw(self.np_random))
        return self.observe(), {}

    @final
    def step(self, action: Act) -> tuple[Obs, float, bool, bool, dict[str, Any]]:
        """Gymnasium's step. At the horizon a run is ``terminated`` if it ``ended`` by itself, else ``truncated``."""
        reward, feedback = self.transition(number_of(action))
        over = self.problem.horizon is not None and self.clock >= self.problem.horizon
        ended = over and self.ended()
        return self.observe(), float(reward), ended, over and not ended, self.info_of(feedback)


_NOTHING = Instance()


def _check_rng(environment: Any, *given: Any, **named: Any) -> None:
    """Part of ``draw``: refuse what is no generator; a class may take more, or need none."""
    for rng in (*given, *named.values())[:1]:
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng must be a numpy.random.Generator, got {shown(rng)}")


def _drawn(environment: Any, tape: Any) -> None:
    """Part of ``draw``: an environment knows the form of its tapes."""
    form, known = form_of(tape), environment._form_of_tapes
    environment._form_of_tapes = form if known is None else common(known, form)


def _check_form(environment: Any, *given: Any, **named: Any) -> None:
    """Part of ``begin``: refuse a tape of another form than those drawn, which are looked for where it seems to be."""
    tape = next(iter((*given, *named.values())), None)
    form, found = environment._form_of_tapes, form_of(tape)
    for seed in range(_DRAWS):
        if form is not None and has_form(found, form):
            return
        try:
            drawn = form_of(copy.copy(environment).draw(np.random.default_rng(seed)))
        except Exception:  # it plays what others draw
            return
        form = environment._form_of_tapes = drawn if form is None else common(form, drawn)
    check_form(tape, form, type(environment).__name__)


_DRAWS = 9
"""Tapes that tell what all have in common."""


def _look_at(cls: type[Any], environment: Any, *given: Any, **named: Any) -> None:
    """Part of the ``begin`` of ``cls``: refuse a tape with numbers that cannot be."""
    kind: Any = type(environment)
    if cls is _begins_on(kind):
        kind.check_tape(environment, next(iter((*given, *named.values())), None))


@lru_cache(maxsize=1024)
def _begins_on(kind: type[Any]) -> type[Any] | None:
    """The class whose ``begin`` is given the tape that ``check_tape`` of ``kind`` speaks of."""
    looks = next(c for c in kind.__mro__ if "check_tape" in vars(c))
    begins = [c for c in kind.__mro__ if hasattr(vars(c).get("begin"), LOOKED_AT)]
    return next((c for c in begins if issubclass(looks, c)), begins[-1] if begins else None)

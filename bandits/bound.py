"""Theorems as objects: what a bound says, how far it can be trusted, and what it assumes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import real

Array = NDArray[np.float64]

TimeClaim = Literal["anytime", "horizon-tuned", "at the horizon", "no rate", "asymptotic"]
Evidence = Literal["exact", "derived", "recalled", "convention"]


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", bool(self.holds))  # of numpy, too
        object.__setattr__(self, "largest", None if self.largest is None else float(self.largest))

    def __str__(self) -> str:
        return self.text if self.holds or self.largest is None else f"{self.text} (largest: {self.largest:.4g})"


@dataclass(frozen=True)
class Bound:
    """A theorem as a drawable object, the same from the theorem to the figure.

    Attributes:
        name: short name for legends and verdicts.
        kind: "upper" or "lower" with explicit constants, or "order" when the constant is a convention (1).
        curve: maps times [n] (rounds, >= 1, float) to bounds on the cumulative regret [n], in reward units.
        comparator_class: class of comparator that the theorem speaks of ("fixed", "dynamic", ...); it is compared with
            the regret definitions of that class, and one that meets none is an error.
        source: where the theorem stands.
        evidence: how far the curve can be trusted. "exact": statement and constants as in the source; "derived": worked
            out here, in the docstring; "recalled": the source could not be read; "convention": known up to a constant.
        assumptions: hypotheses, each with whether it holds here. A bound with one that fails is drawn greyed.
        time: what the theorem claims about time. "anytime": at every round; "horizon-tuned": at every round, but with
            constants tuned to the horizon, so that its rate is in the horizon and no exponent over the rounds of one
            run is compared; "at the horizon": there only, and no curve is drawn; "no rate": at every round, but it
            follows what happens in the run (an optimum, prediction errors), so that no exponent is compared;
            "asymptotic": in the limit alone, so that it is drawn as a rate and nothing is compared.
        delta: None for a bound on the expected regret; else the theorem holds with probability at least 1 - delta.
        data_dependent: whether the curve is worked out from the policy's state in the run, beside one that is known
            before; it is worked out anew in every replicate, and drawn dotted.
        judged: of a lower bound: whether it holds for every policy in the mean over the runs of this very environment,
            so that a mean regret below it contradicts it. Others speak of the worst instance of a class, or of a limit,
            and are drawn only.

    Raises:
        ValueError: a word or a probability out of its domain.

    Example:
        >>> import numpy as np
        >>> from bandits import Bound
        >>> bound = Bound("mine", "upper", lambda t: 4.0 * np.sqrt(t), "fixed", "a lecture", "recalled")
        >>> bound.curve(np.array([100.0, 10_000.0]))
        array([ 40., 400.])
    """

    name: str
    kind: Literal["upper", "lower", "order"]
    curve: Callable[[Array], Array] = field(compare=False, repr=False)
    comparator_class: str
    source: str
    evidence: Evidence
    assumptions: tuple[Assumption, ...] = ()
    time: TimeClaim = "anytime"
    delta: float | None = None
    data_dependent: bool = False
    judged: bool = False

    def __post_init__(self) -> None:
        for name, allowed in (
            ("kind", ("upper", "lower", "order")),
            ("evidence", ("exact", "derived", "recalled", "convention")),
            ("time", ("anytime", "horizon-tuned", "at the horizon", "no rate", "asymptotic")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} of a bound must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        if not callable(self.curve) or not isinstance(self.comparator_class, str):
            raise ValueError(
                "a bound must have a function as curve and a word as comparator_class, got "
                f"{self.curve!r} and {self.comparator_class!r}"
            )
        if self.delta is not None:
            object.__setattr__(self, "delta", real("delta of a bound", float(self.delta), 0.0, 1.0))
        if not all(isinstance(assumption, Assumption) for assumption in self.assumptions):
            raise ValueError(f"assumptions of a bound must be of the class Assumption, got {self.assumptions!r}")
        object.__setattr__(self, "assumptions", tuple(self.assumptions))
        object.__setattr__(self, "data_dependent", bool(self.data_dependent))
        object.__setattr__(self, "judged", bool(self.judged))
        if self.judged and (self.kind != "lower" or self.delta is not None or self.data_dependent):
            raise ValueError(f"judged is for lower bounds on the mean regret, got the bound {self.name!r}")

    @property
    def holds(self) -> bool:
        """Whether every assumption holds in the run."""
        return all(a.holds for a in self.assumptions)

    @property
    def claim(self) -> str:
        """In what sense the theorem holds: in expectation, or with which probability."""
        return "in expectation" if self.delta is None else f"with probability >= {1.0 - self.delta:g}"

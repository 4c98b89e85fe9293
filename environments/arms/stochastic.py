"""What environments with fixed means share: the best arm as comparator, pseudo-regret, Lai and Robbins' lower bound."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, integer, shown
from bandits.arms.problem import ActionsProblem
from bandits.arms.theory import Law
from bandits.contract import Array, Bound, Evidence
from bandits.defaults import default
from environments.arms.drawn import DrawnArms
from environments.arms.instance import StochasticInstance
from environments.arms.priors import PRIORS, Prior
from environments.contract import Regret


def limits_of_means(
    times: NDArray[np.int64], least: float, best: tuple[float, float], n_arms: int, binary: bool
) -> dict[str, Array]:
    """Limits of the regrets "pseudo" and, with rewards 0 or 1, "realized".

    Args:
        times: [n_times].
        least: smallest mean that an arm can have.
        best: smallest and largest mean that the best arm can have.
        n_arms: number of arms.
        binary: whether rewards are 0 or 1.
    """
    found = {"pseudo": times * np.array([[0.0], [best[1] - least if n_arms > 1 else 0.0]])}
    if binary:
        found["realized"] = times * np.array([[best[0] - np.ceil(best[1])], [best[1] - np.floor(least)]])
    return found


class StochasticArms(DrawnArms):
    """Arms with independent rewards of one mean throughout a run, given or drawn from a prior.

    The tape is the generator of the means, if they are drawn, and of the rewards.
    """

    _prior: Prior | None = None
    _law: Law | None = None
    lower: Sequence[str] = ("lai_robbins",)

    def __init__(
        self,
        problem: Callable[[int], ActionsProblem],
        means: Mapping[str, Any] | str | Prior | Sequence[float],
        n: int | None,
    ) -> None:
        if isinstance(means, Mapping | str | Prior):
            self._prior = PRIORS.build(means, "means", of=Prior)
            if n is None:
                raise ValueError(
                    "n_arms must be given, a whole number >= 1, where means are drawn from a prior, got None"
                )
            affordable("n_arms", f"the means of {shown(n)} arms", integer("n_arms", n))
            self._law = self._prior.law(n)
            super().__init__(problem(n))
            return
        values = np.array(means)
        if n is not None and (not isinstance(n, int) or n != len(values)):
            raise ValueError(f"n_arms must be {len(values)}, the number of means, or absent, got {shown(n)}")
        super().__init__(problem(len(values)))
        self._means, self._instance = values, self._instance_of(values)

    @abstractmethod
    def _instance_of(self, means: Array) -> StochasticInstance:
        """What the analysis knows of arms with these means [n_arms]."""

    @default
    def _lower_bounds(self) -> Sequence[Bound]:
        """Lower bounds beside that of Lai and Robbins. Here: none."""
        return ()

    def _begin(self) -> None:
        if self._prior is not None:
            self._means = self._prior.draw(self._generator, self._n_arms)
            self._instance = replace(self._instance_of(self._means), prior=self._law)

    @default
    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self._means[None, :], 0, stop

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {"best_arm": times * np.max(self._means), "worst": times * np.min(self._means)}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """In expectation, the best arm and the worst in every round; realized, the most and the least that can be paid.

        A Bernoulli arm of mean 0 or 1 always pays that. Gaussian rewards have no limits. Of means that are drawn only
        the support of their prior is known.
        """
        if self._prior is not None:
            best = self._prior.support
            found = limits_of_means(times, best[0], best, self._n_arms, self.binary)
            return found if self._law is None else {"bayesian": found["pseudo"], **found}
        most = float(np.max(self._means))
        return limits_of_means(times, float(np.min(self._means)), (most, most), self._n_arms, self.binary)

    def regrets(self) -> Sequence[Regret]:
        """Of means that are drawn from a named prior, the first is "bayesian": that of "pseudo" in the mean over it.

        Its comparator class is another, so that theorems on that mean meet it and those on given means do not.
        """
        given = (
            Regret("pseudo", "expected_reward", "best_arm", "fixed", "pseudo-regret against the best arm"),
            Regret("realized", "reward", "best_arm", "fixed", "realized regret against the best arm's mean"),
        )
        label = "Bayesian regret: against the best arm, over the prior"
        drawn = Regret("bayesian", "expected_reward", "best_arm", "bayesian", label)
        return given if self._law is None else (drawn, *given)

    def clairvoyant(self, comparator: str) -> int:
        if comparator != "best_arm":
            raise ValueError(f"comparator must be best_arm, got {shown(comparator)}")
        return int(np.argmax(self._means))

    def instance(self) -> StochasticInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """What regret grows by with ``ln t`` at least, asymptotically, for every policy that is consistent on a class.

        Lai and Robbins (1985), ``sum gap_i / KL_i``, where all rewards are of one family. Of other laws on [0, 1],
        Burnetas and Katehakis (1996), ``sum gap_i / K_inf_i``, for policies consistent on all of these; beside it, for
        comparison, the rate of Bernoulli rewards with these means, below which policies that go by Bernoulli's
        divergence are not known to get.

        They speak of given means; there are none of means that are drawn, of whose slopes the mean is infinite.
        After them come those that an environment shows beside them.
        """
        others = self._lower_bounds()
        if self._prior is not None or "lai_robbins" not in self.lower:
            return others
        at_no_time = "at a finite t nothing is claimed)"
        first = _rate(
            "Lai-Robbins rate",
            self._instance.lai_robbins,
            "Lai and Robbins 1985, Theorem 2 (asymptotic: for every consistent policy, the limit inferior of "
            f"regret / ln t is at least this slope; {at_no_time}",
            "exact",
        )
        if self._instance.burnetas_katehakis is None or self._instance.bernoulli:
            return first, *others
        return (
            _rate(
                "Burnetas-Katehakis rate",
                self._instance.burnetas_katehakis,
                "Burnetas and Katehakis 1996 (asymptotic: for every policy that is consistent on all laws on [0, 1], "
                f"the limit inferior of regret / ln t is at least this slope; {at_no_time}",
                "recalled",
            ),
            replace(
                first,
                name="Lai-Robbins rate (Bernoulli)",
                kind="order",
                source="Lai and Robbins 1985, of Bernoulli rewards with these means (no lower bound here: policies "
                "that go by Bernoulli's divergence reach it, others do better)",
            ),
            *others,
        )


def _rate(name: str, slope: float, source: str, evidence: Evidence) -> Bound:
    return Bound(name, "lower", lambda t: slope * np.log(t), "fixed", source, evidence, time="asymptotic")

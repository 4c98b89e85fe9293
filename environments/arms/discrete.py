"""Arms with rewards of finitely many values in [0, 1], independent, with fixed laws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer, is_list, one_of, reals, shown
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.arms.theory import divergences
from bandits.contract import Array
from environments.arms.instance import StochasticInstance
from environments.arms.sampled import SampledArms


class DiscreteArms(SampledArms):
    """Arms that pay ``supports[i][j]`` with probability ``probabilities[i][j]``.

    One uniform a round decides the outcomes of all arms, so that policies compared on the same tape meet the same luck:
    the larger it is, the larger are all rewards.

    Args:
        supports: for each arm the values of its rewards, in [0, 1].
        probabilities: for each arm those of its values, which sum to 1 within 1e-9.
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".

    Example:
        >>> import numpy as np
        >>> from environments import DiscreteArms
        >>> environment = DiscreteArms([[0.0, 0.5, 1.0], [0.7]], [[0.2, 0.5, 0.3], [1.0]], horizon=100)
        >>> environment.instance().kinf
        array([0.09680396, 0.        ])
    """

    def __init__(
        self,
        supports: Sequence[Sequence[float]],
        probabilities: Sequence[Sequence[float]],
        horizon: int = 10_000,
        feedback: str = "bandit",
    ) -> None:
        for name, given in (("supports", supports), ("probabilities", probabilities)):
            if not is_list(given):
                raise ValueError(f"{name} must be a list with one list of numbers for each arm, got {shown(given)}")
        if len(supports) != len(probabilities):
            raise ValueError(
                f"probabilities must have a list for each of the {len(supports)} arms of supports, got "
                f"{len(probabilities)}"
            )
        self.supports = [reals(f"supports[{i}]", s, 0.0, 1.0, closed="both") for i, s in enumerate(supports)]
        self.probabilities = [
            reals(f"probabilities[{i}]", p, 0.0, 1.0, closed="both") for i, p in enumerate(probabilities)
        ]
        self._laws = tuple(_law(i, *law) for i, law in enumerate(zip(self.supports, self.probabilities, strict=True)))
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        rounds = integer("horizon", horizon)
        means = [round(float(values @ weights), 14) for values, weights in self._laws]  # equal ones are equal
        self._zero_one = all(np.all((values == 0.0) | (values == 1.0)) for values, _ in self._laws)
        about: Any = {"horizon": rounds, "binary": self._zero_one}
        super().__init__(lambda n: kind(n_actions=integer("number of supports", n), **about), means, None)
        self._sums = [np.cumsum(weights)[:-1] for _, weights in self._laws]

    def _instance_of(self, means: Array) -> StochasticInstance:
        squares = np.array([values**2 @ weights for values, weights in self._laws])
        return StochasticInstance(
            means=means,
            variances=np.maximum(squares - means**2, 0.0),
            bernoulli=self._zero_one,
            family="bernoulli" if self._zero_one else None,
            bounded=True,
            laws=self._laws,
            divergences=divergences("bernoulli", means, float(np.max(means))),
        )

    def _quantiles(self, uniforms: Array) -> Array:
        found = np.empty((len(uniforms), self._n_arms))
        for i, ((values, _), sums) in enumerate(zip(self._laws, self._sums, strict=True)):
            found[:, i] = values[np.searchsorted(sums, uniforms, side="right")]
        return found


def _law(arm: int, values: Sequence[float], weights: Sequence[float]) -> tuple[Array, Array]:
    """The values of an arm's rewards in increasing order, and their probabilities, without those of none."""
    if len(values) != len(weights) or len(values) == 0:
        raise ValueError(
            f"supports[{arm}] and probabilities[{arm}] must have as many numbers, at least one, got {len(values)} and "
            f"{len(weights)}"
        )
    if abs(sum(weights) - 1.0) > 1e-9:
        raise ValueError(f"probabilities[{arm}] must sum to 1 within 1e-9, got {sum(weights)}")
    order = np.argsort(values, kind="stable")
    some = np.array(weights)[order] > 0.0
    return np.array(values)[order][some], np.array(weights)[order][some] / sum(weights)

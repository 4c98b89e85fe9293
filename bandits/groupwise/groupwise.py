"""Groupwise regret from one external-regret learner a group, mixed by a sleeping-experts learner.

In a round with context ``x``, groups ``S`` and label ``y``:

1. the learner ``Z_g`` of every group in ``S`` predicts; learners of other groups are neither asked nor updated;
2. the meta learner gives a distribution ``p`` over ``S``; the prediction is drawn from it;
3. the losses of all predictions go to the meta learner, and ``(x, y)`` to every ``Z_g`` with ``g`` in ``S``.

For every group at once, ``Reg_g <= alpha_g(T_g) + sqrt(3 T_g (ln G + ln(5/2 + 3/2 ln(1 + t))))``, where ``alpha_g``
bounds the regret of ``Z_g`` on its own rows; the second term is multiplied by the range of the losses.

Reference: K. Acharya, E. R. Arunachaleswaran, S. Kannan, A. Roth, J. Ziani, *Oracle Efficient Algorithms for Groupwise
Regret*, ICLR 2024 (arXiv 2310.04652). The paper's form is ``alpha_g + O(sqrt(T_g log G))``; the constants are derived
from AdaNormalHedge. The paper's experiments use unclipped ridge with penalty 1 and report the expected loss.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits.contract import Array, Assumption, Bound, Problem
from bandits.arguments import one_of, positive
from bandits.groupwise.adanormalhedge import AdaNormalHedge
from bandits.groupwise.learners import Learner
from bandits.groupwise.ogd import OnlineGradientDescent
from bandits.groupwise.policy import Mask, columns_of
from bandits.groupwise.regression import Meta, RegressionPolicy
from bandits.groupwise.sleeping_hedge import SleepingHedge
from bandits.groupwise.theory import Hindsight, group_of, ridge_term, unit_labels

SOURCE = "Acharya et al. 2024, main theorem; constants derived from Luo and Schapire 2015"


def prior_of(prior: Sequence[float] | None, number: int) -> Array:
    """Prior weights [number] that sum to 1, uniform for None.

    Raises:
        ValueError: of another length, or not all positive.
    """
    weights = np.ones(number) if prior is None else np.asarray(prior, dtype=np.float64)
    if weights.shape != (number,) or not np.all((weights > 0.0) & np.isfinite(weights)):
        raise ValueError(f"prior must hold {number} positive weights, one for each expert group, got {prior!r}")
    return np.asarray(weights / weights.sum(), dtype=np.float64)


class Groupwise(RegressionPolicy):
    """The reduction of Acharya et al. (2024) for regression with squared loss.

    The block path and the path round by round agree to the bit: both make rank-one updates with the same compiled code.

    Args:
        base_learner: learner of each group: "oridge", "vaw", "ogd", or a function that makes an object with
            ``predict(x)`` and ``update(x, y)``.
        penalty: lambda of ridge and of the forward forecaster, > 0.
        clip: None, or the interval [low, high] that every learner's prediction is clipped to. The bound of ridge
            asks for [0, 1]; the paper's experiments do not clip.
        diameter: of the ball of gradient descent, > 0.
        norm: bound on the length of contexts for gradient descent, > 0; None for the one that the problem declares.
        meta: "adanormalhedge", or "hedge_sleeping" (exponential weights) for comparison.
        prior: positive weights of the expert groups; None for uniform.
        play: "expected" plays the lottery over predictions, "sample" draws one, "mixture" plays their average.
        loss_scale: losses are divided by it before the meta learner sees them, > 0.
        expert_groups: names of the groups that get a learner; None for all.
        fallback: prediction in rounds where no learner is awake.
        strict: raise on a learner's loss above ``loss_scale`` instead of greying the bound.

    Attributes:
        largest_loss: largest loss of a learner in this run, in units of the loss.
    """

    def __init__(
        self,
        base_learner: str | Callable[[], Learner] = "oridge",
        penalty: float = 1.0,
        clip: Sequence[float] | None = None,
        diameter: float = 2.0,
        norm: float | None = None,
        meta: str = "adanormalhedge",
        prior: Sequence[float] | None = None,
        play: str = "expected",
        loss_scale: float = 1.0,
        expert_groups: Sequence[str] | None = None,
        fallback: float = 0.0,
        strict: bool = False,
    ) -> None:
        super().__init__(base_learner, penalty, clip, diameter, norm, play, fallback)
        self.meta = one_of("meta", meta, ("adanormalhedge", "hedge_sleeping"))
        self.loss_scale = positive("loss_scale", loss_scale)
        self.prior = prior if prior is None else list(prior)
        self.expert_groups = expert_groups if expert_groups is None else list(expert_groups)
        self.strict = strict

    def _prepare(self, problem: Problem) -> tuple[int, Meta]:
        columns = columns_of(self.expert_groups, problem.groups)
        self._columns = columns
        self._names = [problem.groups[i] for i in columns]
        prior = prior_of(self.prior, len(columns))
        self.largest_loss, self._rounds = 0.0, 0
        meta = AdaNormalHedge(prior) if self.meta == "adanormalhedge" else SleepingHedge(prior, problem.horizon)
        return len(columns), meta

    def _awake(self, groups: Mask) -> Mask:
        return groups if self.expert_groups is None else np.take(groups, self._columns, axis=1)

    @property
    def _width(self) -> int:
        return len(self._names)

    def _watch(self, largest: float, losses: Array, awake: Mask) -> None:
        if self.strict and largest > 1.0:
            s, i = (int(k) for k in np.argwhere(losses * awake > 1.0)[0])
            raise ValueError(
                f"loss outside [0, {self.loss_scale:g}] in round {self._rounds + s + 1}: the learner of "
                f"{self._names[i]} lost {losses[s, i] * self.loss_scale:.6g}"
            )
        self.largest_loss = max(self.largest_loss, largest * self.loss_scale)
        self._rounds += len(losses)

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """For each expert group, the bound with and without the constants of the run; see the module's docstring.

        Without clipping to [0, 1] the squared errors are known only after the run, and so is whether the bound applies.
        """
        hindsight: Hindsight | None = facts.get("hindsight")
        if hindsight is None or callable(self.base_learner) or not isinstance(self._meta, AdaNormalHedge):
            return ()
        meta = self._meta

        def bound(expert: int, group: str, of_run: bool) -> Bound:
            def curve(times: Array) -> Array:
                mixing = meta.certificate(expert, hindsight.sizes(group, times), times, of_run)
                return self._alpha(hindsight, group, times, not of_run) + self.loss_scale * mixing

            return Bound(
                name=f"bound for {group}, this run" if of_run else f"bound for {group}",
                kind="upper",
                curve=curve,
                against=group_of(group, hindsight.kind),
                source=SOURCE,
                assumptions=self._assumptions(hindsight, facts, group),
                anytime=self.base_learner != "ogd" or hindsight.radius <= self.diameter / 2.0,
                rate=not of_run,
                of_run=of_run,
            )

        return [bound(i, group, of_run) for i, group in enumerate(self._names) for of_run in (False, True)]

    def _assumptions(self, hindsight: Hindsight, facts: Mapping[str, Any], group: str) -> tuple[Assumption, ...]:
        fits = self.largest_loss <= self.loss_scale or len(self._names) == 1
        mixable = Assumption(f"every learner's loss lies in [0, {self.loss_scale:g}]", fits, self.largest_loss)
        if not isinstance(self._learners, OnlineGradientDescent):
            return unit_labels(facts), mixable
        ball = hindsight.solution_norm(group) <= self.diameter / 2.0
        steep = hindsight.context_norm <= self._learners.norm * (1.0 + 1e-12)
        return (
            unit_labels(facts),
            mixable,
            Assumption("the best model's coefficients lie in the ball", ball),
            Assumption("no context is longer than declared", steep),
        )

    def _alpha(self, hindsight: Hindsight, group: str, times: Array, prior: bool) -> Array:
        if isinstance(self._learners, OnlineGradientDescent):
            value: Array = 1.5 * self.diameter * self._learners.slope * np.sqrt(hindsight.sizes(group, times))
            return value
        tame = self.base_learner == "vaw" or self.clip == [0.0, 1.0]
        return ridge_term(hindsight, group, times, self.penalty, 1.0 if tame else self.largest_loss, prior)

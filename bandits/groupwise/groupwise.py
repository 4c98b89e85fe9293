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

import copy
from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag, positive
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.groupwise.adanormalhedge import AdaNormalHedge
from bandits.groupwise.learners import BaseLearner
from bandits.groupwise.mixture import SOURCE, check_groups, check_prior, prior_of
from bandits.groupwise.ogd import OnlineGradientDescent
from bandits.groupwise.problem import Mask, RegressionProblem, columns_of
from bandits.groupwise.regression import Meta, RegressionPolicy
from bandits.groupwise.ridge import OnlineRidge
from bandits.groupwise.theory import RegressionInstance, group_bound, ridge_term, unit_labels
from bandits.registry import Component, Registry

METAS = Registry(
    "meta learner",
    {
        "adanormalhedge": "bandits.groupwise.adanormalhedge:AdaNormalHedge",
        "hedge_sleeping": "bandits.groupwise.sleeping_hedge:SleepingHedge",
    },
    base=Meta,
)


class Groupwise(RegressionPolicy):
    """The reduction of Acharya et al. (2024) for regression with squared loss.

    The block path and the path round by round agree to the bit: both make rank-one updates with the same compiled code.

    Args:
        base_learner: learner of each group: "oridge", "vaw" or "ogd", by its name or as ``{"name": ..., "parameters":
            {...}}``, or a function that makes an object with ``predict(x)`` and ``update(x, y)``.
        clip: None, or the interval [low, high] that every learner's prediction is clipped to. The bound of ridge
            asks for [0, 1]; the paper's experiments do not clip.
        meta: learner that mixes: "adanormalhedge", or "hedge_sleeping" (exponential weights) for comparison.
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
        base_learner: BaseLearner = "oridge",
        clip: Sequence[float] | None = None,
        meta: Component = "adanormalhedge",
        prior: Sequence[float] | None = None,
        play: str = "expected",
        loss_scale: float = 1.0,
        expert_groups: Sequence[str] | None = None,
        fallback: float = 0.0,
        strict: bool = False,
    ) -> None:
        super().__init__(base_learner, clip, play, fallback)
        self.meta = meta
        self._unstarted_meta: Meta = METAS.build(meta, "meta")
        self.loss_scale = positive("loss_scale", loss_scale)
        self.prior, self.expert_groups = check_prior(prior), check_groups(expert_groups)
        self.strict = flag("strict", strict)

    def _prepare(self, problem: RegressionProblem) -> tuple[int, Meta]:
        columns = columns_of(self.expert_groups, problem.groups)
        self._columns = columns
        self._names = [problem.groups[i] for i in columns]
        self.largest_loss, self._rounds = 0.0, 0
        meta = copy.copy(self._unstarted_meta)
        meta.start(prior_of(self.prior, len(columns)), problem.horizon)
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
        if largest * self.loss_scale > self.largest_loss:
            self.largest_loss = largest * self.loss_scale
        self._rounds += len(losses)

    def regret_bounds(self, problem: RegressionProblem, instance: Instance) -> Sequence[Bound]:
        """For each expert group, the bound with and without the constants of the run; see the module's docstring.

        Without clipping to [0, 1] the squared errors are known only after the run, and so is whether the bound applies.
        """
        if not isinstance(instance, RegressionInstance) or not isinstance(self._meta, AdaNormalHedge):
            return ()
        meta, learners = self._meta, self._learners
        if not isinstance(learners, OnlineRidge | OnlineGradientDescent):
            return ()
        at_end = isinstance(learners, OnlineGradientDescent) and instance.radius > learners.diameter / 2.0

        def bound(expert: int, group: str, data_dependent: bool) -> Bound:
            def curve(times: Array) -> Array:
                mixing = meta.certificate(expert, instance.sizes(group, times), times, data_dependent)
                own = self._alpha(learners, instance, group, times, not data_dependent)
                return own + self.loss_scale * mixing

            return group_bound(
                instance,
                group,
                curve,
                SOURCE,
                self._assumptions(learners, instance, group),
                "derived" if isinstance(learners, OnlineRidge) and not learners.forward else "recalled",
                data_dependent=data_dependent,
                time="at the horizon" if at_end else "anytime",
            )

        judged = [(i, group) for i, group in enumerate(self._names) if group in instance.groups]
        return [bound(i, group, data_dependent) for i, group in judged for data_dependent in (False, True)]

    def _assumptions(
        self, learners: OnlineRidge | OnlineGradientDescent, instance: RegressionInstance, group: str
    ) -> tuple[Assumption, ...]:
        fits = self.largest_loss <= self.loss_scale or len(self._names) == 1
        mixable = Assumption(f"every learner's loss lies in [0, {self.loss_scale:g}]", fits, self.largest_loss)
        if isinstance(learners, OnlineRidge):
            return unit_labels(instance), mixable
        ball = instance.solution_norm(group) <= learners.diameter / 2.0
        steep = instance.context_norm <= learners.longest * (1.0 + 1e-12)
        return (
            unit_labels(instance),
            mixable,
            Assumption("the best model's coefficients lie in the ball", ball),
            Assumption("no context is longer than declared", steep),
        )

    def _alpha(
        self,
        learners: OnlineRidge | OnlineGradientDescent,
        instance: RegressionInstance,
        group: str,
        times: Array,
        prior: bool,
    ) -> Array:
        if isinstance(learners, OnlineGradientDescent):
            value: Array = 1.5 * learners.diameter * learners.slope * np.sqrt(instance.sizes(group, times))
            return value
        tame = learners.forward or self.clip == [0.0, 1.0]
        return ridge_term(instance, group, times, learners.penalty, 1.0 if tame else self.largest_loss, prior)

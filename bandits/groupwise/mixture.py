"""One learner a group, mixed by AdaNormalHedge: who is awake, how many rounds each has had, and what theory adds up to.

A groupwise policy whose learners' regret on ``n`` rounds of their own is at most ``own(n)`` has regret in each group of
at most ``own(n)`` plus the mixture's (Acharya et al., main theorem).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bandits.arguments import integers, reals, shown, texts
from bandits.contract import Array, Assumption, Bound, Evidence, Instance
from bandits.groupwise.adanormalhedge import AdaNormalHedge
from bandits.groupwise.problem import GroupwiseProblem, Mask, columns_of
from bandits.groupwise.theory import GroupwiseInstance, group_bound, oblivious

SOURCE = "Acharya et al. 2024, main theorem; constants derived from Luo and Schapire 2015"


def check_prior(prior: Sequence[float] | None) -> list[float] | None:
    """Prior weights as a list, positive; None for None."""
    return None if prior is None else reals("prior", prior, 0.0)


def check_groups(names: Sequence[str] | None) -> list[str] | None:
    """Names of expert groups as a list; None for None."""
    return None if names is None else texts("expert_groups", names)


def prior_of(prior: Sequence[float] | None, number: int) -> Array:
    """Prior weights [number] that sum to 1, uniform for None.

    Raises:
        ValueError: of another length, or not all positive.
    """
    weights = np.ones(number) if prior is None else np.asarray(prior, dtype=np.float64)
    if weights.shape != (number,) or not np.all((weights > 0.0) & np.isfinite(weights)):
        raise ValueError(f"prior must hold {number} positive weights, one for each expert group, got {shown(prior)}")
    return np.asarray(weights / weights.sum(), dtype=np.float64)


class GroupMixture:
    """The mixture, and each learner's clock.

    Args:
        lengths: the number of rounds of each expert group, >= 1, where learners are tuned to it; None where to the
            rounds so far.
        prior: positive weights of the expert groups; None for uniform.
        expert_groups: names of the groups that get a learner; None for all.

    Attributes:
        now: [n_learners] 1 for each learner that is awake in the round, else 0.
        p: [n_learners] probabilities of the learners in the round; zeros where nobody is awake.

    Raises:
        ValueError: a length that is not a whole number >= 1.
    """

    now: Mask
    p: Array

    def __init__(
        self,
        lengths: Sequence[int] | None = None,
        prior: Sequence[float] | None = None,
        expert_groups: Sequence[str] | None = None,
    ) -> None:
        self.lengths = None if lengths is None else integers("lengths", lengths)
        self.prior, self.expert_groups = check_prior(prior), check_groups(expert_groups)

    def start(self, groups: Sequence[str]) -> int:
        """Forget everything; the number of learners in a problem with these groups.

        Raises:
            ValueError: expert groups, lengths or prior that do not fit the groups.
        """
        self._columns = columns_of(self.expert_groups, groups)
        self._names = [groups[i] for i in self._columns]
        number = len(self._names)
        if self.lengths is not None and len(self.lengths) != number:
            what = f"must hold {number} numbers of rounds, one for each expert group"
            raise ValueError(f"lengths {what}, got {self.lengths}")
        self._meta, self._counts = AdaNormalHedge(), np.zeros(number)
        self._meta.start(prior_of(self.prior, number))
        return number

    def rounds(self) -> Array:
        """[n_learners] the ``n`` that learners are tuned to in the coming round."""
        return self._counts + 1.0 if self.lengths is None else np.array(self.lengths, dtype=np.float64)

    def wake(self, groups: Mask) -> None:
        """Begin a round with ``groups`` [n_groups]: who is awake, and with which probability each is followed."""
        self.now = np.take(groups, self._columns)
        self.p = self._meta.distribution(self.now)

    def learn(self, losses: Array) -> None:
        """End the round with the learners' losses [n_learners] in [0, 1]; those of learners asleep do not count."""
        self._meta.update(self.now, losses, self.p)
        self._counts += self.now

    def bounds(
        self,
        problem: GroupwiseProblem,
        instance: Instance,
        own: Callable[[Array], Array],
        source: str = SOURCE,
        scale: float = 1.0,
        evidence: Evidence = "derived",
    ) -> list[Bound]:
        """For each expert group a bound on the regret in it, before the run and with the mixture's state in the run.

        Args:
            problem: that was played.
            instance: of the run; there are bounds for the groups that it judges.
            own: numbers of rounds [n_times] to the learner's bound [n_times], in the regret's unit.
            source: where the bound stands.
            scale: what losses were divided by.
            evidence: of the learner's bound; the mixture's is derived.
        """
        if not isinstance(instance, GroupwiseInstance):
            return []

        def bound(expert: int, group: str, data_dependent: bool) -> Bound:
            def curve(times: Array) -> Array:
                n = instance.sizes(group, times)
                return own(n) + scale * self._meta.certificate(expert, n, times, data_dependent)

            end = np.array([float(problem.horizon or 0)])
            right = self.lengths is None or bool(instance.sizes(group, end)[0] == self.lengths[expert])
            known = oblivious(instance), Assumption("the declared numbers of rounds are right", right)
            return group_bound(
                instance,
                group,
                curve,
                source,
                known,
                evidence,
                data_dependent=data_dependent,
                time="anytime" if self.lengths is None else "at the horizon",
            )

        kinds = (False, True) if len(self._names) > 1 else (False,)  # an only learner is not mixed: both are the same
        judged = [(i, group) for i, group in enumerate(self._names) if group in instance.groups]
        return [bound(i, group, data_dependent) for i, group in judged for data_dependent in kinds]

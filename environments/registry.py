"""Names of environments. To register one, add a line to the table; third parties use entry points."""

from __future__ import annotations

from bandits.registry import Registry

ENVIRONMENTS = Registry(
    "environment",
    {
        "bernoulli": "environments.arms.bernoulli:BernoulliArms",
        "gaussian": "environments.arms.gaussian:GaussianArms",
        "piecewise": "environments.arms.piecewise:PiecewiseArms",
        "adversarial": "environments.arms.adversarial:AdversarialArms",
        "sor": "environments.sor.sequence:SorSequence",
        "paging": "environments.paging.world:PagingWorld",
        "adaptive_paging": "environments.paging.adaptive:AdaptivePaging",
    },
    "regretlab.environments",
)

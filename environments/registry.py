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
        "heat": "environments.sor.heat:HeatEquation",
        "heat_simulation": "environments.sor.heat_simulation:HeatSimulation",
        "paging": "environments.paging.world:PagingWorld",
        "adaptive_paging": "environments.paging.adaptive:AdaptivePaging",
        "tallying": "environments.tallying.bandit:TallyingBandit",
        "needle": "environments.tallying.needle:Needle",
        "secret_word": "environments.tallying.secret_word:SecretWord",
        "stream": "environments.streaming.stream:Stream",
        "hard_stream": "environments.streaming.hard:HardStream",
        "synthetic_groups": "environments.groupwise.synthetic:SyntheticGroups",
        "medical_costs": "environments.groupwise.medical:MedicalCosts",
        "adult": "environments.groupwise.adult:AdultIncome",
        "adult_reconstruction": "environments.groupwise.adult:AdultReconstruction",
        "grouped_paths": "environments.groupwise.paths:GroupedPaths",
        "grouped_experts": "environments.groupwise.experts:GroupedExperts",
        "grouped_contexts": "environments.groupwise.contexts:GroupedContexts",
        "recovering": "environments.recovering.world:RecoveringRewards",
        "delayed": "environments.delayed.world:DelayedFeedback",
    },
    "regretlab.environments",
)

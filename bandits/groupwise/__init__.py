"""Groupwise regret: overlapping groups of rounds, each judged against its own best model in hindsight."""

from bandits.family import Family

FAMILY = Family(
    name="groupwise",
    title="Regret in overlapping groups of rounds",
    problem=(
        "bandits.groupwise.problem:GroupwiseProblem",
        "bandits.groupwise.problem:RegressionProblem",
        "bandits.groupwise.problem:ExpertsProblem",
        "bandits.groupwise.problem:PathsProblem",
        "bandits.groupwise.problem:PolicyClassProblem",
    ),
    examples="environments.groupwise.examples:examples",
    policies={
        "groupwise": "bandits.groupwise.groupwise:Groupwise",
        "global_learner": "bandits.groupwise.global_learner:GlobalLearner",
        "per_group": "bandits.groupwise.per_group:PerGroup",
        "group_cells": "bandits.groupwise.cells:GroupCells",
        "groupwise_hedge": "bandits.groupwise.groupwise_hedge:GroupwiseHedge",
        "groupwise_ftpl": "bandits.groupwise.ftpl:GroupwiseFTPL",
        "contextual_ftpl": "bandits.groupwise.contextual_ftpl:ContextualFTPL",
        "blum_lykouris": "bandits.groupwise.blum_lykouris:BlumLykouris",
        "blum_lykouris_mult": "bandits.groupwise.blum_lykouris_mult:BlumLykourisMult",
        "exp_pairs": "bandits.groupwise.exp_pairs:ExpPairs",
    },
    environments={
        "synthetic_groups": "environments.groupwise.synthetic:SyntheticGroups",
        "medical_costs": "environments.groupwise.medical:MedicalCosts",
        "adult": "environments.groupwise.adult:AdultIncome",
        "adult_reconstruction": "environments.groupwise.adult:AdultReconstruction",
        "grouped_paths": "environments.groupwise.paths:GroupedPaths",
        "grouped_experts": "environments.groupwise.experts:GroupedExperts",
        "grouped_contexts": "environments.groupwise.contexts:GroupedContexts",
    },
    components=(
        "bandits.groupwise.groupwise:METAS",
        "bandits.groupwise.learners:LEARNERS",
        "environments.groupwise.comparators:COMPARATORS",
    ),
    tools={
        "groupwise_predictor": "bandits.groupwise.predictor:GroupwisePredictor",
    },
    variants={
        "groupwise": (
            {},
            {"clip": [0.0, 1.0]},
            {"base_learner": {"name": "vaw", "parameters": {"penalty": 0.5}}, "play": "sample"},
            {"base_learner": "ogd", "clip": [0.0, 1.0], "play": "mixture", "loss_scale": 2.0},
            {"expert_groups": ["green", "circle"], "prior": [1.0, 3.0], "fallback": 0.4},
            {"meta": "hedge_sleeping"},
        ),
        "global_learner": ({}, {"clip": [0.0, 1.0]}, {"base_learner": "vaw"}),
        "per_group": ({"group": "red"}, {"group": "always_on", "fallback": 0.5}),
        "group_cells": ({}, {"base_learner": "ogd"}),
        "groupwise_hedge": (
            {},
            {"play": "sample", "prior": [1, 2, 3, 4, 5, 6]},
            {"lengths": [500, 300, 200, 600, 400, 1000]},
            {"lengths": [80, 80]},
            {"expert_groups": ["always_on"]},
        ),
        "groupwise_ftpl": (
            {},
            {"play": "sample", "prior": [1, 1, 2, 2, 3, 3]},
            {"lengths": [500, 300, 200, 600, 400, 1000]},
            {"lengths": [80, 80]},
            {"expert_groups": ["rain"]},
        ),
        "contextual_ftpl": (
            {},
            {"separator": [4, 1, 2], "play": "sample", "prior": [1, 1, 2, 2, 3, 3]},
            {"lengths": [500, 300, 200, 600, 400, 1000]},
            {"lengths": [80, 80]},
            {"separator": [1, 2, 4], "expert_groups": ["east"]},
        ),
        "blum_lykouris": ({}, {"play": "sample"}),
    },
)

"""Policies for arms whose losses depend on recent plays: they play each action in long runs.

Source of the setting: D. Malik, C. Igoe, Y. Li, A. Singh, *Weighted Tallying Bandits: Overcoming Intractability via
Repeated Exposure Optimality*, ICML 2023 (arXiv 2305.02955). Its abstract states the orders; algorithm and constants
here are a reconstruction, derived in this project.
"""

from bandits.family import Family

FAMILY = Family(
    name="tallying",
    title="Actions whose losses depend on weighted tallies of recent plays",
    problem=("bandits.tallying.problem:TallyingProblem",),
    examples="environments.tallying.examples:examples",
    policies={
        "repeated_exposure_elimination": "bandits.tallying.repeated_exposure:RepeatedExposureElimination",
        "batched_exp3": "bandits.tallying.batched_exp3:BatchedExp3",
        "burn_in_then_commit": "bandits.tallying.burn_in_commit:BurnInThenCommit",
    },
    environments={
        "tallying": "environments.tallying.bandit:TallyingBandit",
        "needle": "environments.tallying.needle:Needle",
        "secret_word": "environments.tallying.secret_word:SecretWord",
    },
    components=("environments.tallying.losses:LOSSES", "environments.tallying.weights:WEIGHTS"),
    variants={
        "repeated_exposure_elimination": (
            {"memory": 2},
            {"memory": 2, "growth": 2, "start_with_last": True},
        ),
        "batched_exp3": ({}, {"batch": 4, "memory": 2}),
        "burn_in_then_commit": ({"memory": 2}, {"memory": 3, "trials": 5}),
    },
)

"""Policies on logged data: what they would have earned, from what somebody else's decisions earned."""

from bandits.family import Family

FAMILY = Family(
    name="logged",
    title="Logs of somebody else's decisions",
    problem="bandits.logged.problem:LoggedProblem",
    examples="environments.logged.examples:examples",
    policies={
        "replay": "bandits.logged.replay:Replay",
        "off_policy": "bandits.logged.off_policy:OffPolicy",
        "fixed_target": "bandits.logged.fixed_target:FixedTarget",
        "linear_target": "bandits.logged.linear_target:LinearTarget",
    },
    environments={
        "logged": "environments.logged.rows:LoggedRows",
        "synthetic_log": "environments.logged.synthetic:SyntheticLog",
    },
    tools={"log": "environments.logged.log:Log"},
    variants={
        "replay": ({}, {"policy": "tsallis_inf"}, {"policy": "lin_ucb"}),
        "off_policy": ({}, {"policy": "exp3"}, {"policy": "beta_thompson", "exact": False}, {"policy": "lin_ts"}),
        "fixed_target": ({}, {"arm": 1}, {"weights": [0.5, 0.25, 0.25]}),
        "linear_target": (
            {"weights": [[1.0, 0.0], [0.0, 1.0], [0.5, 0.4]]},
            {"weights": [[1.0, 0.0], [0.0, 1.0], [0.5, 0.4]], "intercepts": [0.0, 0.1, 0.0], "temperature": 0.3},
        ),
    },
)

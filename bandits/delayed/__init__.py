"""Policies for feedback that arrives after a delay, built on policies that know of none."""

from bandits.family import Family

FAMILY = Family(
    name="delayed",
    title="Feedback that arrives late",
    problem=("bandits.delayed.problem:Delayed",),
    examples="environments.delayed.examples:examples",
    policies={
        "qpm_d": "bandits.delayed.qpm_d:QPMD",
        "bold": "bandits.delayed.bold:BOLD",
    },
    environments={
        "delayed": "environments.delayed.environment:DelayedFeedback",
    },
    components=("environments.delayed.delays:LAWS",),
    marks={"delayed": "environments.delayed.marks:delayed"},
    variants={
        "qpm_d": ({}, {"policy": {"name": "exp3", "parameters": {"gamma": 0.1}}}),
        "bold": ({}, {"policy": "ucb1"}, {"policy": "hedge"}),
    },
)

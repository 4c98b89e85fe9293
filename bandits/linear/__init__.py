"""Policies for actions with features, whose mean rewards share one unknown parameter: fixed, changing, adversarial.

Seed papers: J. Dong and L. F. Yang, *Does Sparsity Help in Learning Misspecified Linear Bandits?*, ICML 2023 (arXiv
2303.16998); Y. Dai, H. Luo, C.-Y. Wei, J. Zimmert, *Refined Regret for Adversarial MDPs with Linear Function
Approximation*, ICML 2023 (arXiv 2301.12942), here its bandit case. Their abstracts and opening pages were at hand,
their bodies were not: what is named after them is a reconstruction, and constants are derived in this project.

The families "contextual" and this one share the update of a ridge regression, not the model: there each action has a
parameter of its own and all see one context; here each action has features of its own and all share one parameter.
"""

from bandits.family import Family

FAMILY = Family(
    name="linear",
    title="Actions with features, whose mean rewards share one parameter",
    problem=(
        "bandits.linear.problem:LinearProblem",
        "bandits.linear.problem:ChangingLinearProblem",
        "bandits.linear.problem:FullFeedbackLinearProblem",
    ),
    examples="environments.linear.examples:examples",
    policies={
        "oful": "bandits.linear.oful:OFUL",
        "oful_rare": "bandits.linear.oful_rare:RarelySwitchingOFUL",
        "linear_ts": "bandits.linear.linear_ts:LinearTS",
        "linear_ids": "bandits.linear.linear_ids:LinearIDS",
        "sup_lin_ucb": "bandits.linear.sup_lin_ucb:SupLinUCB",
        "linear_elimination": "bandits.linear.linear_elimination:LinearElimination",
        "linear_explore_then_commit": "bandits.linear.linear_explore_then_commit:LinearExploreThenCommit",
        "net_elimination": "bandits.linear.net_elimination:NetElimination",
        "core_set_query": "bandits.linear.core_set_query:CoreSetQuery",
        "spanner_query": "bandits.linear.spanner_query:SpannerQuery",
        "allocation_oracle": "bandits.linear.allocation_oracle:AllocationOracle",
        "exp2": "bandits.linear.exp2:Exp2",
        "log_barrier_ftrl": "bandits.linear.log_barrier_ftrl:LogBarrierFTRL",
        "magnitude_reduced_exp": "bandits.linear.magnitude_reduced_exp:MagnitudeReducedExp",
        "linear_epsilon_greedy": "bandits.linear.linear_epsilon_greedy:LinearEpsilonGreedy",
    },
    environments={
        "linear": "environments.linear.linear:LinearBandit",
        "changing_linear": "environments.linear.changing:ChangingLinearBandit",
        "misspecified_linear": "environments.linear.misspecified:MisspecifiedLinearBandit",
        "adversarial_linear": "environments.linear.adversarial:AdversarialLinearBandit",
    },
    tools={"feature_table": "environments.linear.table:FeatureTable"},
    components=(
        "environments.linear.actions:ACTIONS",
        "environments.linear.parameters:PARAMETERS",
        "environments.linear.streams:STREAMS",
        "environments.linear.errors:ERRORS",
        "environments.linear.sequences:SEQUENCES",
    ),
    marks={"adversarial_linear": "environments.linear.marks:adversarial"},
    variants={
        "oful": ({}, {"width": 0.5}, {"delta": 0.1, "inflate": True}),
        "oful_rare": ({}, {"growth": 0.1}),
        "linear_ts": ({}, {"scale": 0.0}, {"inflated": True}),
        "linear_ids": ({}, {"gain": "directed"}),
        "sup_lin_ucb": ({}, {"unit": 0.2}),
        "linear_elimination": ({}, {"aware": True, "delta": 0.1}),
        "linear_explore_then_commit": ({}, {"rounds": 20}),
        "net_elimination": ({"sparsity": 1},),
        "core_set_query": ({}, {"answers": 3}),
        "spanner_query": ({}, {"largest": 1.0}),
        "allocation_oracle": ({"theta": [0.6, -0.5, 0.2]}, {"theta": [1.0, 0.0]}),
        "exp2": ({}, {"rate": 0.2, "mixing": 0.4}),
        "log_barrier_ftrl": ({}, {"rate": 0.5, "mixing": 0.1}),
        "magnitude_reduced_exp": ({}, {"rate": 0.4}),
        "linear_epsilon_greedy": ({}, {"share": 0.1}),
    },
)

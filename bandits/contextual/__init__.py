"""Policies that see a context, a point in known intervals, before they choose one of ``n_actions`` actions."""

from bandits.family import Family

FAMILY = Family(
    name="contextual",
    title="Arms with contexts",
    problem=("bandits.contextual.problem:ContextualProblem",),
    examples="environments.contextual.examples:examples",
    policies={
        "square_cb": "bandits.contextual.square_cb:SquareCB",
        "tsallis_inf_cb": "bandits.contextual.tsallis_inf_cb:TsallisINFCB",
        "cheb_cb": "bandits.contextual.cheb_cb:ChebCB",
        "lin_ucb": "bandits.contextual.lin_ucb:LinUCB",
        "lin_ts": "bandits.contextual.lin_ts:LinTS",
        "contextual_epsilon_greedy": "bandits.contextual.contextual_epsilon_greedy:ContextualEpsilonGreedy",
    },
    tools={"context_table": "environments.contextual.table:ContextTable"},
)

"""Policies for arms whose rewards drop when pulled and recover with idle time, up to ``K`` of ``N`` pulled a period.

Source: D. Simchi-Levi, Z. Zheng, F. Zhu, *Dynamic Planning and Learning under Recovering Rewards*, ICML 2021 (journal
title: *Offline Planning and Online Learning under Recovering Rewards*, arXiv 2106.14813). Its abstract states: purely
periodic policies, an offline ratio ``1 - O(1 / sqrt K)``, an online regret of about ``N sqrt T`` against the offline
benchmark. The body was not at hand: planners, schedules, algorithms and constants here are a reconstruction with these
guarantees, derived in this project.
"""

from bandits.family import Family

FAMILY = Family(
    name="recovering",
    title="Arms whose rewards recover while they rest",
    problem=("bandits.recovering.problem:RecoveringProblem",),
    examples="environments.recovering.examples:examples",
    policies={
        "ppp_ucb": "bandits.recovering.ppp_ucb:PPPUCB",
        "explore_then_plan": "bandits.recovering.explore_then_plan:ExploreThenPlan",
        "greedy_ucb": "bandits.recovering.greedy_ucb:GreedyUCB",
        "idle_blind_ucb": "bandits.recovering.idle_blind_ucb:IdleBlindUCB",
        "random_pulls": "bandits.recovering.random_pulls:RandomPulls",
        "foresight": "bandits.recovering.foresight:Foresight",
    },
    environments={
        "recovering": "environments.recovering.environment:RecoveringRewards",
    },
    components=("environments.recovering.curves:CURVES", "bandits.recovering.planners:PLANNERS"),
    variants={
        "ppp_ucb": (
            {},
            {"planner": "lp_round"},
            {"planner": "best_base", "phase": 50},
            {"planner": {"name": "single_base", "parameters": {"base": 3}}, "keep_if_unchanged": True},
        ),
        "explore_then_plan": ({}, {"trials": 2}),
        "foresight": (
            {},
            {"planner": "lp_round"},
            {"rule": "myopic"},
            {"rule": "lookahead", "window": 2},
            {"rule": "interleaved"},
            {"rule": "round_robin"},
        ),
    },
)

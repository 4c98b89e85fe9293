"""Policies for arms that stream by: pull, store, drop or let pass, with memory for a few arms only."""

from bandits.family import Family

FAMILY = Family(
    name="streaming",
    title="Arms that stream by, with few slots to store them",
    problem=("bandits.streaming.problem:StreamProblem",),
    examples="environments.streaming.examples:examples",
    policies={
        "uniform_exploration": "bandits.streaming.uniform_exploration:UniformExploration",
        "naive_log_k": "bandits.streaming.naive_log_k:NaiveLogK",
        "tuned_etc": "bandits.streaming.tuned_etc:TunedExploration",
        "eps_best_single": "bandits.streaming.eps_best_single:EpsBestSingle",
        "tower_log": "bandits.streaming.tower_log:TowerLog",
        "tower_loglog": "bandits.streaming.tower_loglog:TowerLogLog",
        "tower_logstar": "bandits.streaming.tower_logstar:TowerLogStar",
        "game_of_arms": "bandits.streaming.game_of_arms:GameOfArms",
        "memory_bounded_elimination": "bandits.streaming.memory_bounded_elimination:MemoryBoundedElimination",
        "commit_arm": "bandits.streaming.commit_arm:CommitArm",
        "offline_ucb2": "bandits.streaming.offline_ucb2:OfflineUCB2",
        "offline": "bandits.streaming.offline:OfflineAdapter",
    },
    environments={
        "stream": "environments.streaming.stream:Stream",
        "hard_stream": "environments.streaming.hard:HardStream",
    },
    components=("environments.streaming.means:MEANS",),
    variants={
        "eps_best_single": ({}, {"c": 0.3, "theta": 0.2, "g": 1.2, "kappa": 7.0, "delta": 0.05}),
        "tower_log": ({}, {"resample_champion": True}),
        "tower_loglog": ({}, {"final_batch": "log"}),
        "game_of_arms": ({"gap": 0.02},),
        "memory_bounded_elimination": (
            {},
            {"passes": 2, "words": 3, "mode": "instance", "c": 0.1},
            {"passes": 3, "words": 4},
        ),
        "commit_arm": ({}, {"which": "random"}),
        "offline_ucb2": ({}, {"first_m": True}),
        "offline": (
            {"policy": "ucb1"},
            {"policy": "gaussian_thompson"},
            {"policy": {"name": "ucb1", "parameters": {"exploration": 0.5}}, "first_m": True},
        ),
    },
)

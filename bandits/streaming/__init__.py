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
)

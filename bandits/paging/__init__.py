"""Policies for paging: which page to evict when a requested page is not in the cache."""

from bandits.family import Family

FAMILY = Family(
    name="paging",
    title="Paging with predictions",
    problem=("bandits.paging.problem:PagingProblem",),
    examples="environments.paging.examples:examples",
    policies={
        "lru": "bandits.paging.lru:LRU",
        "fifo": "bandits.paging.fifo:FIFO",
        "clock": "bandits.paging.clock:Clock",
        "flush_when_full": "bandits.paging.fwf:FlushWhenFull",
        "lfu": "bandits.paging.lfu:LFU",
        "random_eviction": "bandits.paging.random_eviction:RandomEviction",
        "marker": "bandits.paging.marker:Marker",
        "online_min": "bandits.paging.online_min:OnlineMin",
        "flush_when_all_zeros": "bandits.paging.flush_when_all_zeros:FlushWhenAllZeros",
        "mark0": "bandits.paging.mark0:Mark0",
        "mark_and_predict": "bandits.paging.mark_and_predict:MarkAndPredict",
        "follow_bits": "bandits.paging.follow_bits:FollowBits",
        "blind_oracle": "bandits.paging.blind_oracle:BlindOracle",
        "l_marker": "bandits.paging.l_marker:LMarker",
        "l_non_marker": "bandits.paging.l_non_marker:LNonMarker",
        "predictive_marker": "bandits.paging.predictive_marker:PredictiveMarker",
        "lazy": "bandits.paging.lazy:Lazy",
        "combine_deterministic": "bandits.paging.combine_deterministic:CombineDeterministic",
        "combine_randomised": "bandits.paging.combine_randomised:CombineRandomised",
        "robust_ftp": "bandits.paging.robust_ftp:RobustFtP",
    },
    environments={
        "paging": "environments.paging.environment:PagingEnvironment",
        "adaptive_paging": "environments.paging.adaptive:AdaptivePaging",
    },
    components=("environments.paging.sequences:SEQUENCES", "environments.paging.predictions.sources:PREDICTIONS"),
    marks={"paging": "environments.paging.marks:paging"},
    tools={
        "policy_cache": "bandits.paging.policy_cache:PolicyCache",
    },
    describes="environments.paging.traces.formats:describe_file",
    variants={
        "flush_when_all_zeros": ({}, {"flush": "lazy"}, {"force": True}),
        "mark0": ({}, {"fill": "lazy"}, {"force": True}),
        "mark_and_predict": ({}, {"tie": "lru"}, {"force": True}),
        "follow_bits": ({}, {"force": True}),
        "lazy": (
            {"policy": "lru"},
            {"policy": "mark0"},
            {"policy": {"name": "flush_when_all_zeros", "parameters": {"flush": "lazy"}}},
            {"policy": "mark_and_predict"},
            {"policy": "blind_oracle"},
        ),
        "combine_deterministic": (
            {"members": ["lru", "marker", {"name": "mark0", "parameters": {"force": True}}], "gamma": 0.5},
            {"members": ["lfu", "fifo"]},
        ),
        "combine_randomised": ({"members": ["mark0", "marker"]}, {"members": ["l_non_marker", "marker"]}),
    },
)

"""Names of policies. To register one, add a line to ``POLICIES``; third parties use entry points.

A name resolves, in this order: the table below, the entry-point group, and ``package.module:Class`` paths.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from bandits.domain import did_you_mean


class Registry:
    """A table from names to ``module:Class`` paths that loads a class when it is first asked for.

    Args:
        kind: what the names stand for, for messages ("policy").
        table: name to ``module:Class``.
        group: entry-point group in which other distributions register theirs.

    Example:
        >>> from bandits.registry import POLICIES
        >>> POLICIES.load("ucb1")
        <class 'bandits.arms.ucb1.UCB1'>
        >>> POLICIES.load("ucb2")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        ValueError: unknown policy 'ucb2' (did you mean 'ucb1'?); known: anyti...
    """

    def __init__(self, kind: str, table: Mapping[str, str], group: str) -> None:
        self.kind, self.table, self.group = kind, dict(table), group

    @cached_property
    def paths(self) -> Mapping[str, str]:
        """All registered names, ours before those of entry points."""
        from importlib.metadata import entry_points

        return {**{e.name: e.value for e in entry_points(group=self.group)}, **self.table}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.paths))

    def load(self, name: str) -> type[Any]:
        """The class of that name, or of the path ``package.module:Class``.

        Raises:
            ValueError: no such name; the message gives the nearest one.
            ImportError: the module or class of a path cannot be imported.
        """
        if name not in self.table and ":" not in name and name not in self.paths:
            raise ValueError(f"unknown {self.kind} {name!r}{did_you_mean(name, self)}; known: {', '.join(self)}")
        module, _, attribute = (self.table.get(name) or self.paths.get(name, name)).partition(":")
        try:
            loaded = getattr(importlib.import_module(module), attribute)
        except Exception as error:  # of somebody else's module, in whatever way it fails
            kind = "" if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: "
            raise ImportError(
                f"{self.kind} {name!r}: cannot import {attribute!r} from {module!r}: {kind}{error}"
            ) from error
        if not isinstance(loaded, type):
            raise ImportError(f"{self.kind} {name!r}: {module}:{attribute} is not a class")
        return loaded


POLICIES = Registry(
    "policy",
    {
        "uniform": "bandits.arms.uniform:Uniform",
        "fixed_action": "bandits.arms.fixed_action:FixedAction",
        "clairvoyant": "bandits.clairvoyant:Clairvoyant",
        "explore_then_commit": "bandits.arms.explore_then_commit:ExploreThenCommit",
        "epsilon_greedy": "bandits.arms.epsilon_greedy:EpsilonGreedy",
        "successive_elimination": "bandits.arms.successive_elimination:SuccessiveElimination",
        "ucb1": "bandits.arms.ucb1:UCB1",
        "ucb_v": "bandits.arms.ucb_v:UCBV",
        "moss": "bandits.arms.moss:MOSS",
        "anytime_moss": "bandits.arms.anytime_moss:AnytimeMOSS",
        "kl_ucb": "bandits.arms.kl_ucb:KLUCB",
        "discounted_ucb": "bandits.arms.discounted_ucb:DiscountedUCB",
        "sliding_window_ucb": "bandits.arms.sliding_window_ucb:SlidingWindowUCB",
        "beta_thompson": "bandits.arms.beta_thompson:BetaThompson",
        "gaussian_thompson": "bandits.arms.gaussian_thompson:GaussianThompson",
        "exp3": "bandits.arms.exp3:Exp3",
        "exp3_ix": "bandits.arms.exp3_ix:Exp3IX",
        "tsallis_inf": "bandits.arms.tsallis_inf:TsallisINF",
        "hedge": "bandits.arms.hedge:Hedge",
        "ftpl": "bandits.arms.ftpl:FTPL",
        "square_cb": "bandits.contextual.square_cb:SquareCB",
        "tsallis_inf_cb": "bandits.contextual.tsallis_inf_cb:TsallisINFCB",
        "cheb_cb": "bandits.contextual.cheb_cb:ChebCB",
        "lin_ucb": "bandits.contextual.lin_ucb:LinUCB",
        "lin_ts": "bandits.contextual.lin_ts:LinTS",
        "contextual_epsilon_greedy": "bandits.contextual.contextual_epsilon_greedy:ContextualEpsilonGreedy",
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
        "repeated_exposure_elimination": "bandits.tallying.repeated_exposure:RepeatedExposureElimination",
        "batched_exp3": "bandits.tallying.batched_exp3:BatchedExp3",
        "burn_in_then_commit": "bandits.tallying.burn_in_commit:BurnInThenCommit",
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
        "ppp_ucb": "bandits.recovering.ppp_ucb:PPPUCB",
        "explore_then_plan": "bandits.recovering.explore_then_plan:ExploreThenPlan",
        "greedy_ucb": "bandits.recovering.greedy_ucb:GreedyUCB",
        "idle_blind_ucb": "bandits.recovering.idle_blind_ucb:IdleBlindUCB",
        "random_pulls": "bandits.recovering.random_pulls:RandomPulls",
        "foresight": "bandits.recovering.foresight:Foresight",
        "qpm_d": "bandits.delayed.qpm_d:QPMD",
        "bold": "bandits.delayed.bold:BOLD",
    },
    "regretlab.policies",
)

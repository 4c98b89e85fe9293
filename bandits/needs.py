"""What a policy needs before it can play: found by resetting it without, so that nobody has to keep a list."""

from __future__ import annotations

import copy
import math
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from bandits.arguments import shown
from bandits.contract import Policy, Problem

OPEN = {"low": -math.inf, "high": math.inf}
WIDE = 1e6


def needs(policy: Policy[Any, Any, Any, Any], problem: Problem) -> tuple[str, ...]:
    """What ``policy`` refuses to play a problem like this one without, or tells of where it is not so.

    Args:
        policy: the policy; it is copied.
        problem: one that it plays. Whether it declares its range of rewards, noise or horizon does not count.

    Returns:
        Some of: "a horizon"; "a finite range of rewards", "a finite range of rewards, or noise", "a smallest reward",
        "a largest reward"; "rewards in [0, 1]", or in another range that it takes for granted, however wide a declared
        one is; "delta in the problem", or another of the fields that a problem may lack and this one has. Nothing of
        what the problem itself cannot be without.

    Raises:
        ValueError: the policy refuses the problem with all of this declared, too.

    Example:
        >>> from bandits import POLICIES, BanditProblem
        >>> needs(POLICIES.load("kl_ucb")(), BanditProblem(n_actions=3))
        ('a finite range of rewards',)
        >>> needs(POLICIES.load("moss")(), BanditProblem(n_actions=3))
        ('a horizon', 'a finite range of rewards, or noise')
        >>> needs(POLICIES.load("epsilon_greedy")(), BanditProblem(n_actions=3))
        ()
    """
    known = {field.name for field in fields(problem) if field.init}
    told: dict[str, Any] = {} if problem.bounded else {"low": -1.0, "high": 1.0}
    told |= {"horizon": problem.horizon or 1000, "noise": getattr(problem, "noise", None) or 1.0}
    told = {name: value for name, value in told.items() if name in known}
    copy.deepcopy(policy).reset(replace(problem, **told), np.random.default_rng(0))

    def lacks(**without: Any) -> bool:
        return _refuses(policy, problem, {**told, **{n: v for n, v in without.items() if n in known}})

    found = ["a horizon"] if lacks(horizon=None) else []
    if lacks(**OPEN, noise=None):
        if not lacks(high=math.inf, noise=None):
            found.append("a smallest reward")
        elif not lacks(low=-math.inf, noise=None):
            found.append("a largest reward")
        else:
            found.append("a finite range of rewards" + ("" if lacks(**OPEN) else ", or noise"))
    optional = [field.name for field in fields(problem) if field.init and field.default is None]
    found += [f"{name} in the problem" for name in optional if name not in told and lacks(**{name: None})]
    if problem.bounded and OPEN.keys() <= known and (unit := _unit(policy, replace(problem, **told))) is not None:
        found.append(f"rewards in [{unit[0]:g}, {unit[1]:g}]")
    return tuple(found)


def _unit(policy: Policy[Any, Any, Any, Any], problem: Problem) -> tuple[float, float] | None:
    """The range of rewards that a policy takes for granted; None where it takes the declared one."""
    wide: dict[str, Any] = {"low": problem.low - WIDE, "high": problem.high + WIDE}
    if _refuses(policy, problem, wide):
        return None
    there = replace(problem, **wide)
    if there.low != wide["low"]:  # the kind of problem says what the range is
        return None
    policy = copy.deepcopy(policy)
    policy.reset(there, np.random.default_rng(0))
    watch = policy._declared
    return None if watch is None or max(map(abs, watch.declared)) >= WIDE else watch.declared


def in_any_unit(policy: Policy[Any, Any, Any, Any], environment: Any, rounds: int = 300) -> bool | None:
    """Whether ``policy`` plays the same with rewards four times as large, where no range of them is declared.

    Such a policy learns the unit of rewards in the run, or has no use for it. Another one that can play without a range
    has the unit in its parameters, or in what its rule takes for granted.

    Args:
        policy: the policy; it is copied.
        environment: one that it plays, copied too.
        rounds: how many are compared, from the start, at most.

    Returns:
        None where it does not play without a declared range or noise, or feedback is no plain reward, or an array.
    """
    changes = {n: v for n, v in {**OPEN, "noise": None}.items() if hasattr(environment.problem, n)}
    problem = environment.problem
    if not problem.reveals_rewards or not getattr(problem, "feedback_is_reward", True):
        return None
    if _refuses(policy, problem, changes):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # of a unit that the policy takes for granted
            plain, larger = (_actions(policy, environment, replace(problem, **changes), x, rounds) for x in (1.0, 4.0))
    except (TypeError, ValueError):  # such a range cannot be declared, rewards are inside of something else
        return None
    return plain == larger


def _actions(policy: Any, environment: Any, problem: Problem, by: float, rounds: int) -> list[bytes]:
    """The actions of a run, pickled, of which the policy sees rewards ``by`` times as large; a power of 2 is exact."""
    policy, environment, found = copy.deepcopy(policy), copy.deepcopy(environment), []
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(problem, np.random.default_rng(1))
    while environment.clock < min(rounds, environment.problem.horizon or rounds):
        observation = environment.observe()
        action = policy.choose(observation)
        _, feedback = environment.transition(action)
        if not isinstance(feedback, float | np.ndarray):
            raise TypeError(f"feedback must be a reward or an array of them, got {shown(feedback)}")
        policy.update(observation, action, feedback * by)
        found.append(pickle.dumps(action))
    return found


def _refuses(policy: Policy[Any, Any, Any, Any], problem: Problem, changes: Mapping[str, Any]) -> bool:
    """Whether a policy cannot be reset with a problem; one that there cannot be is not refused."""
    try:
        there = replace(problem, **changes)
    except ValueError:
        return False
    try:
        copy.deepcopy(policy).reset(there, np.random.default_rng(0))
    except ValueError:
        return True
    return False

"""Checks of the environment contract, for our worlds and for those of plug-in authors.

``check_environment(lambda: MyWorld(...))`` raises ``AssertionError`` naming the first promise that is broken.
"""

from __future__ import annotations

import inspect
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import check_env

from environments.contract import Environment

Any_Environment = Environment[Any, Any, Any, Any]


def check_environment(make: Callable[[], Any_Environment], seed: int = 20240229) -> None:
    """Check that an environment keeps the contract.

    Args:
        make: builds the environment, with a horizon of a few hundred rounds at most.
        seed: seed of the tapes and of the actions tried.

    Raises:
        AssertionError: a promise is broken; the message says which.
    """
    environment = make()
    for name in inspect.signature(type(environment)).parameters:
        assert hasattr(environment, name), f"the parameter {name} is not kept under its own name"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(make(), skip_render_check=True)
    horizon = environment.problem.horizon
    assert horizon is not None, "the problem has no horizon"
    _check_unstarted(make())
    actions = _actions(environment, seed)
    tape = environment.draw(np.random.default_rng(seed))
    run = _play(environment, tape, actions)
    assert _same(run, _play(environment, tape, actions)), "the same tape and actions give another run"
    assert _same(run, _play(environment, tape, actions, pickled=True)), "a run pickled on the way differs"
    assert _same(run, _play(make(), make().draw(np.random.default_rng(seed)), actions)), "an equal tape differs"
    assert _same(run, _play(make(), pickle.loads(pickle.dumps(make().draw(np.random.default_rng(seed)))), actions)), (
        "a pickled tape differs"
    )
    assert _same(run, _play(environment, tape, actions)), "a later run on the same tape differs"
    _check_end(environment, actions[0])
    _check_curves(environment, horizon)
    _check_step(make(), actions, seed)


def _actions(environment: Any_Environment, seed: int) -> list[Any]:
    environment.action_space.seed(seed)
    return [environment.action_space.sample() for _ in range(environment.problem.horizon or 0)]


def _play(environment: Any_Environment, tape: Any, actions: list[Any], pickled: bool = False) -> list[Any]:
    environment.begin(tape)
    assert environment.clock == 0, "the clock does not start at 0"
    run: list[Any] = [dict(environment.ledger())]
    for action in actions:
        if environment.clock >= (environment.problem.horizon or 0):
            break
        if pickled and environment.clock % 7 == 3:
            environment = pickle.loads(pickle.dumps(environment))
        observation = environment.observe()
        assert environment.observation_space.contains(observation), f"{observation!r} is not in the observation space"
        reward, feedback = environment.transition(action)
        assert environment.problem.low - 1e-12 <= reward <= environment.problem.high + 1e-12, f"reward {reward}"
        run.append((observation, reward, feedback, dict(environment.ledger())))
    return run


def _check_unstarted(environment: Any_Environment) -> None:
    try:
        environment.transition(environment.action_space.sample())
    except RuntimeError:
        return
    raise AssertionError("transition before begin() does not raise RuntimeError")


def _check_end(environment: Any_Environment, action: Any) -> None:
    if environment.clock < (environment.problem.horizon or 0):
        return
    before = dict(environment.ledger())
    try:
        environment.transition(action)
    except RuntimeError:
        assert dict(environment.ledger()) == before, "an action after the end changed the ledger"
        assert environment.observation_space.contains(environment.observe()), "no valid observation after the end"
        return
    raise AssertionError("transition after the horizon does not raise RuntimeError")


def _check_curves(environment: Any_Environment, horizon: int) -> None:
    times = np.unique(np.round(np.geomspace(1, horizon, min(20, horizon))).astype(np.int64))
    curves, series = environment.comparators(times), environment.ledger()
    for name, values in curves.items():
        assert np.shape(values) == times.shape, f"comparator {name} has shape {np.shape(values)}, not {times.shape}"
        assert np.all(np.isfinite(values)), f"comparator {name} is not finite"
        few = environment.comparators(times[-2:])[name]
        assert np.allclose(few, values[-2:], rtol=1e-12, atol=1e-9), (
            f"comparator {name} depends on the checkpoints asked"
        )
    notions = environment.notions()
    assert notions, "no notion of regret"
    for notion in notions:
        assert notion.series in series, (
            f"notion {notion.name} names the series {notion.series}, which is not in the ledger"
        )
        assert notion.comparator in curves, f"notion {notion.name} names the comparator {notion.comparator}, not given"
    assert environment.facts() is environment.facts(), "facts() builds a new object on each call"
    for bound in environment.lower_bounds():
        values = bound.curve(times.astype(np.float64))
        assert np.shape(values) == times.shape, f"lower bound {bound.name} has shape {np.shape(values)}"


def _check_step(environment: Any_Environment, actions: list[Any], seed: int) -> None:
    environment.reset(seed=seed)
    total, over = 0.0, False
    for action in actions:
        _, reward, terminated, over, info = environment.step(action)
        assert {type(terminated), type(over)} == {bool}, "terminated and truncated must be bool"
        assert "feedback" in info, "info lacks the feedback"
        total += reward
        if over:
            break
    assert np.isclose(total, environment.ledger()["reward"]), "step's rewards do not add up to the ledger's reward"


def _same(first: Any, second: Any) -> bool:
    return pickle.dumps(_plain(first)) == pickle.dumps(_plain(second))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return [(k, _plain(v)) for k, v in sorted(value.items())]
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value

"""Checks of the environment contract, for our environments and families and for those of plug-in authors.

``check_environment(lambda: MyEnvironment(...))`` and ``check_family("mine")`` raise ``AssertionError`` naming the first
promise that is broken.
"""

from __future__ import annotations

import copy
import inspect
import math
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import SyncVectorEnv
from gymnasium.vector.utils import concatenate, create_empty_array, iterate
from numpy.typing import NDArray

from bandits.arguments import did_you_mean
from bandits.checks import check_policy, play
from bandits.contract import Array, Bound, Instance, Policy, Problem, bounds_of, can_play
from bandits.families import families
from bandits.family import Family, resolve
from environments.contract import Environment

AnyEnvironment = Environment[Any, Any, Any, Any]
AnyPolicy = Policy[Any, Any, Any, Any]

REPLICATES = 12
"""Runs over which the mean regret of a policy is held against its bounds."""


def check_environment(make: Callable[[], AnyEnvironment], seed: int = 20240229) -> None:
    """Check that an environment keeps the contract.

    Args:
        make: builds the environment, with a horizon of a few hundred rounds at most.
        seed: seed of the tapes and of the actions tried.

    Raises:
        AssertionError: a promise is broken; the message says which.

    Example:
        >>> from environments import BernoulliArms
        >>> from environments.checks import check_environment
        >>> check_environment(lambda: BernoulliArms([0.2, 0.7], horizon=60))
    """
    environment = make()
    for name in inspect.signature(type(environment)).parameters:
        assert hasattr(environment, name), f"the parameter {name} is not kept under its own name"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _kept("gymnasium's check_env", check_env, make(), skip_render_check=True)
    horizon = environment.problem.horizon
    assert horizon is not None, "the problem has no horizon"
    action = environment.action_space.sample()
    _refuses("transition before begin()", make().transition, action)
    _refuses("observe before begin()", make().observe)
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
    _check_blocks(environment, tape, actions)
    _check_end(environment, actions[0])
    _check_curves(environment)
    _check_step(make(), actions, seed)
    _kept("two in a vector", _check_vector, make, seed)


def check_family(family: str | Family, seed: int = 20240229, policies: Sequence[str] | None = None) -> None:
    """Check a family: its environments, and every registered policy on every example that it plays.

    Of each pair of them ``bandits.checks.check_policy`` holds, and ``check_bounds``.

    Args:
        family: its name, or the family itself.
        seed: of tapes and policies.
        policies: names of the policies to check; None for all that are registered, of any family.

    Raises:
        AssertionError: a promise is broken; the message says where and which.
        ValueError: no such family or policy.
    """
    found = {f.name: f for f in families()}
    if isinstance(family, str) and family not in found:
        raise ValueError(f"unknown family {family!r}; known: {', '.join(found)}")
    chosen = found[family] if isinstance(family, str) else family
    everyone = [chosen, *(other for other in found.values() if other.name != chosen.name)]
    named = [name for other in everyone for name in other.policies]
    if unknown := [name for name in policies or () if name not in named]:
        raise ValueError(
            f"policies must be names of registered ones, got {unknown[0]!r}{did_you_mean(unknown[0], named)}"
        )
    _kept(f"the problem types of {chosen.name}", _check_types, chosen)
    examples = chosen.example_environments()
    assert examples, f"the family {chosen.name} has no examples"
    played: set[str] = set()
    for i, example in enumerate(examples):
        where = f"example {i} of {chosen.name}, {type(example).__name__}"
        assert isinstance(example.problem, chosen.problems), f"{where}: its problem is {type(example.problem).__name__}"
        _kept(where, check_environment, partial(copy.deepcopy, example), seed)
        for label, policy in players(example, everyone, policies):
            played.add(label)
            _kept(f"{label} in {where}", _check_pair, policy, example, seed)
    own = [name for name in chosen.policies if policies is None or name in policies]
    kinds = {type(example.problem) for example in examples}
    for name in own:
        plays = resolve(chosen.policies[name]).plays
        might = any(issubclass(kind, plays) for kind in kinds)
        assert name in played or not might, f"{name} refuses every example of {chosen.name} that it is said to play"


def _check_types(family: Family) -> None:
    for kind in family.problems:
        assert isinstance(kind, type), f"{kind!r} is no class"
        assert issubclass(kind, Problem), f"{kind!r} is no subclass of Problem"


def players(
    environment: AnyEnvironment, among: Sequence[Family] | None = None, names: Sequence[str] | None = None
) -> Iterator[tuple[str, AnyPolicy]]:
    """The registered policies, in all their variants, that can play an environment; each with its name."""
    for family in families() if among is None else among:
        for name in family.policies if names is None else [n for n in names if n in family.policies]:
            if not can_play(resolve(family.policies[name]), environment.problem):
                continue
            for policy in _variants(family, name):
                try:
                    copy.deepcopy(policy).reset(environment.problem, np.random.default_rng(0))
                except ValueError:  # it lacks something here: a finite range, predictions, slots
                    continue
                yield name, policy


def _variants(family: Family, name: str) -> list[AnyPolicy]:
    try:
        return list(family.example_policies(name))
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{name} in the variants of {family.name} cannot be built: {error}") from error


def _check_pair(policy: AnyPolicy, environment: AnyEnvironment, seed: int) -> None:
    there = copy.deepcopy(environment)
    check_policy(partial(copy.deepcopy, policy), lambda: there, seed)
    check_bounds(policy, there, seed)


def check_bounds(policy: AnyPolicy, environment: AnyEnvironment, seed: int = 20240229) -> None:
    """Check the bounds of a policy in an environment: each can be drawn, and none that holds is violated.

    Args:
        policy: the policy; it is played ``REPLICATES`` times.
        environment: the environment, with a short horizon.
        seed: of the first replicate.

    Raises:
        AssertionError: a bound that has another shape than its times, is not finite, speaks of a comparator class that
            no regret definition has, or lies below the mean regret by more than four standard errors; one that may
            fail with probability ``delta``, below the regret of more runs than chance allows (at the level 1e-5).
    """
    horizon = environment.problem.horizon or 1
    times = np.unique(np.round(np.geomspace(1, horizon, min(30, horizon))).astype(np.int64))
    regrets: dict[int, list[Array]] = {}
    limits: dict[int, list[Array]] = {}
    bounds: Sequence[Bound] = ()
    for r in range(REPLICATES):
        metrics = play(policy, environment, seed + r)
        bounds = bounds_of(policy, environment.problem, environment.instance())
        if not bounds:
            return
        curves = environment.comparators(times)
        for i, bound in enumerate(bounds):
            regret = next((n for n in environment.regrets() if n.comparator_class == bound.comparator_class), None)
            known = ", ".join(dict.fromkeys(n.comparator_class for n in environment.regrets()))
            assert regret is not None, (
                f"{bound.name} speaks of the comparator class {bound.comparator_class!r}; there are regrets of {known}"
            )
            values = np.asarray(bound.curve(times.astype(np.float64)))
            assert values.shape == times.shape, f"{bound.name} has shape {values.shape}, not {times.shape}"
            assert np.all(np.isfinite(values)), f"{bound.name} is not finite"
            assert bound.source, f"{bound.name} names no source"
            if bound.holds and bound.kind == "upper":
                regrets.setdefault(i, []).append(curves[regret.comparator] - metrics[regret.series][times - 1])
                limits.setdefault(i, []).append(values)
    for i, runs in regrets.items():
        if len(runs) < 2:  # it holds in one run only: no error of the mean is known
            continue
        at = slice(-1, None) if bounds[i].time == "at the horizon" else slice(None)
        mean, limit = np.mean(runs, axis=0)[at], np.mean(limits[i], axis=0)[at]
        if bounds[i].delta is not None:
            above = np.asarray(runs)[:, at] > limit + 1e-9 * np.maximum(1.0, np.abs(limit))
            most = int(above.sum(axis=0).max())
            assert _chance(most, len(runs), bounds[i].delta or 0.0) > 1e-5, (
                f"{bounds[i].name} is violated in {most} of {len(runs)} runs, it may fail with delta={bounds[i].delta}"
            )
            continue
        error = np.std(runs, axis=0, ddof=1)[at] / np.sqrt(len(runs))
        over = mean - limit - 4.0 * error - 1e-9 * np.maximum(1.0, np.abs(limit))
        worst = int(np.argmax(over))
        assert over[worst] <= 0.0, (
            f"{bounds[i].name} is violated at time {times[at][worst]}: mean regret {mean[worst]:g}, "
            f"bound {limit[worst]:g}"
        )


def _chance(least: int, n: int, delta: float) -> float:
    """The probability of ``least`` failures or more among ``n`` runs that fail with probability ``delta`` each."""
    return math.fsum(math.comb(n, k) * delta**k * (1.0 - delta) ** (n - k) for k in range(least, n + 1))


def _kept(where: str, check: Callable[..., None], *arguments: Any, **options: Any) -> None:
    """Run a check; whatever it raises becomes an ``AssertionError`` that names the place."""
    try:
        check(*arguments, **options)
    except Exception as error:
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        raise AssertionError(f"{where}: {kind}{error}") from error


def _actions(environment: AnyEnvironment, seed: int) -> list[Any]:
    environment.action_space.seed(seed)
    return [environment.action_space.sample() for _ in range(environment.problem.horizon or 0)]


def _now(environment: AnyEnvironment) -> dict[str, Any]:
    return {name: values.tolist() for name, values in environment.metrics(np.array([environment.clock])).items()}


def _play(environment: AnyEnvironment, tape: Any, actions: list[Any], pickled: bool = False) -> list[Any]:
    environment.begin(tape)
    assert environment.clock == 0, "the clock does not start at 0"
    run: list[Any] = []
    reported: list[tuple[int, dict[str, Any]]] = []
    for action in actions:
        if environment.clock >= (environment.problem.horizon or 0):
            break
        if pickled and environment.clock % 7 == 3:
            environment = pickle.loads(pickle.dumps(environment))
        observation = environment.observe()
        assert environment.observation_space.contains(observation), f"{observation!r} is not in the observation space"
        before = environment.clock
        reward, feedback = environment.transition(action)
        assert np.isfinite(reward), f"reward {reward}"
        if environment.clock <= before + 1:
            low, high = environment.problem.low - 1e-12, environment.problem.high + 1e-12
            assert low <= reward <= high, f"reward {reward} outside [{environment.problem.low}, {high}]"
        assert environment.clock <= (environment.problem.horizon or 0), (
            f"an action took the clock to {environment.clock}, beyond the horizon"
        )
        run.append((observation, reward, feedback, _now(environment)))
        if environment.clock > before:
            reported.append((environment.clock, run[-1][-1]))
    if reported:
        later = environment.metrics(np.array([time for time, _ in reported]))
        for name, values in later.items():
            assert values.tolist() == [now[name][0] for _, now in reported], f"metrics {name!r} of past times change"
    return run


def _refuses(what: str, call: Callable[..., Any], *arguments: Any) -> None:
    try:
        call(*arguments)
    except RuntimeError:
        return
    except Exception as error:
        raise AssertionError(f"{what} must raise RuntimeError, raises {type(error).__name__}: {error}") from error
    raise AssertionError(f"{what} does not raise RuntimeError")


def _check_blocks(environment: AnyEnvironment, tape: Any, actions: list[Any]) -> None:
    """Writing to what is handed out to compiled policies changes nothing: it is read-only, or a copy."""
    if not hasattr(environment, "block"):
        return
    ends = []
    for spoilt in (False, True):
        other = copy.deepcopy(environment)
        other.begin(copy.deepcopy(tape))
        block = other.block(other.problem.horizon or 1)
        for array in block if isinstance(block, tuple) else (block,):
            if spoilt and isinstance(array, np.ndarray) and array.flags.writeable:
                array[...] = 0
        rewards = []
        for action in actions:
            if other.clock >= (other.problem.horizon or 0):
                break
            rewards.append(other.transition(action)[0])
        times = np.arange(1, other.clock + 1)
        ends.append((rewards, other.comparators(times) if len(times) else {}))
    assert _same(*ends), "writing to what block() hands out changes the run, or what is the best in it"


def _check_end(environment: AnyEnvironment, action: Any) -> None:
    if environment.clock < (environment.problem.horizon or 0):
        return
    before = _now(environment)
    _refuses("transition after the horizon", environment.transition, action)
    assert _now(environment) == before, "an action after the end changed the metrics"
    assert environment.observation_space.contains(environment.observe()), "no valid observation after the end"


def _check_curves(environment: AnyEnvironment) -> None:
    last = environment.clock  # 0 in a run whose random actions took no time
    horizon = environment.problem.horizon or 1
    times = np.unique(np.round(np.geomspace(1, horizon, min(20, horizon))).astype(np.int64))
    curves, series = environment.comparators(times), environment.metrics(np.array([last]))
    for name, values in curves.items():
        assert np.shape(values) == times.shape, f"comparator {name} has shape {np.shape(values)}, not {times.shape}"
        assert np.all(np.isfinite(values)), f"comparator {name} is not finite"
        few = environment.comparators(times[-2:])[name]
        assert np.allclose(few, values[-2:], rtol=1e-12, atol=1e-9), f"comparator {name} depends on the times asked"
    regrets = environment.regrets()
    assert regrets, "no regret definition"
    clocks = environment.clocks(times)
    for regret in regrets:
        for kind, key, among in (
            ("series", regret.series, series),
            ("comparator", regret.comparator, curves),
            ("clock", regret.clock, clocks),
        ):
            assert not key or key in among, f"regret {regret.name} names the {kind} {key}, which is not given"
    if last:
        _check_limits(environment, times[times <= last])
    assert isinstance(environment.instance(), Instance), f"instance() is {environment.instance()!r}, no Instance"
    assert environment.instance() is environment.instance(), "instance() builds a new object on each call"
    known = {regret.comparator_class for regret in regrets}
    for bound in environment.lower_bounds():
        values = bound.curve(times.astype(np.float64))
        assert np.shape(values) == times.shape, f"lower bound {bound.name} has shape {np.shape(values)}"
        assert not np.isnan(values).any(), f"lower bound {bound.name} is not a number"
        assert bound.kind != "upper", f"lower bound {bound.name} is of the kind 'upper'"
        assert bound.source, f"lower bound {bound.name} names no source"
        assert bound.comparator_class in known, (
            f"lower bound {bound.name} speaks of the comparator class {bound.comparator_class!r}, of which there is no "
            "regret definition"
        )


def _check_limits(environment: AnyEnvironment, times: NDArray[np.int64]) -> None:
    """Limits of the regret fit its definitions and the run so far, and are those of another run, too."""
    limits, regrets = environment.limits(times), {regret.name: regret for regret in environment.regrets()}
    if unknown := [name for name in limits if name not in regrets]:
        raise AssertionError(f"limits of {unknown[0]!r}, which is no regret definition; there are {', '.join(regrets)}")
    for name, ends in limits.items():
        shape, regret = (2, len(times)), regrets[name]
        assert np.shape(ends) == shape, f"the limits of {name} have shape {np.shape(ends)}, not {shape}"
        low, high = ends
        assert np.all(low <= high), f"the limits of {name} are not in order: {low} and {high}"
        found = environment.comparators(times)[regret.comparator]
        slack = 1e-9 * np.maximum(1.0, np.abs(found))
        found = found - environment.metrics(times)[regret.series]
        outside = ~((low - slack <= found) & (found <= high + slack))
        assert not outside.any(), (
            f"the regret {name} at time {times[outside][0]}, {found[outside][0]:g}, is not within its limits, "
            f"{low[outside][0]:g} to {high[outside][0]:g}"
        )
    other = copy.deepcopy(environment)
    other.begin(other.draw(np.random.default_rng(7)))
    assert _same(dict(other.limits(times)), dict(limits)), "limits differ from run to run: they must not know the tape"


def _check_step(environment: AnyEnvironment, actions: list[Any], seed: int) -> None:
    environment.reset(seed=seed)
    total, shapes = 0.0, dict[str, Any]()
    for action in actions:
        _, reward, terminated, truncated, info = environment.step(action)
        for key, shape in {k: (v.shape, v.dtype) for k, v in info.items() if isinstance(v, np.ndarray)}.items():
            assert shapes.setdefault(key, shape) == shape, (
                f"info[{key!r}] has shape and type {shape} after {shapes[key]}: vectors need one; info_of can pad it"
            )
        assert {type(terminated), type(truncated)} == {bool}, "terminated and truncated must be bool"
        assert not (terminated and truncated), "a run is terminated or truncated, not both"
        assert "feedback" in info, "info lacks the feedback"
        total += reward
        if terminated or truncated:
            break
    series = environment.metrics(np.array([environment.clock]))
    assert np.isclose(total, series["reward"][0]), "step's rewards do not add up to the metric 'reward'"


def _check_vector(make: Callable[[], AnyEnvironment], seed: int) -> None:
    """Two environments side by side, with actions of their own, are the single ones of their seeds."""
    singles = [make(), make()]
    vector = SyncVectorEnv([make, make])
    seen, _ = vector.reset(seed=seed)
    _check_seen(vector, seen, [single.reset(seed=seed + i)[0] for i, single in enumerate(singles)])
    space = singles[0].action_space
    for actions in zip(*(_actions(single, seed + i) for i, single in enumerate(singles)), strict=True):
        room: Any = create_empty_array(space, 2)
        seen, rewards, terminated, truncated, infos = vector.step(concatenate(space, actions, room))
        told = [single.step(action) for single, action in zip(singles, actions, strict=True)]
        _check_seen(vector, seen, [one[0] for one in told])
        assert rewards.tolist() == [one[1] for one in told], "the rewards of a vector differ"
        for key in told[0][4]:
            own = [one[4][key] for one in told]
            assert _plain(list(infos[key])) == _plain(own), (
                f"a vector gives info[{key!r}] as {infos[key]!r}, not as {own!r}"
            )
        if terminated.any() or truncated.any():
            break


def _check_seen(vector: SyncVectorEnv, seen: Any, own: list[Any]) -> None:
    parts = list(iterate(vector.observation_space, seen))
    assert _plain(parts) == _plain(own), f"a vector gives the observations {parts!r}, not {own!r}"


def _same(first: Any, second: Any) -> bool:
    return repr(_plain(first)) == repr(_plain(second))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, dict):
        return [(k, _plain(v)) for k, v in sorted(value.items())]
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value

"""Checks of the policy contract, for our policies and for those of plug-in authors.

``check_policy(MyPolicy, make_environment)`` raises ``AssertionError`` naming the first promise that is broken;
``environments.checks.check_family`` does so for all policies and small environments of a family.
"""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Playable, Policy, Problem, check_plays
from bandits.registry import POLICIES
from bandits.state import from_json, to_json

Series = dict[str, Array]


class Checkable(Playable[Any, Any, Any], Protocol):
    """What the checks need of an environment; ``environments.contract.Environment`` has it."""

    problem: Problem

    def draw(self, rng: np.random.Generator) -> Any:
        """All randomness of one run."""

    def begin(self, tape: Any) -> None:
        """Start a run."""

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Cumulative series at past times."""


def check_policy(
    make: Callable[[], Policy[Any, Any, Any, Any]], environment: Callable[[], Checkable], seed: int = 20240229
) -> None:
    """Check that a policy keeps the contract in an environment.

    Runs of one seed must agree in all metrics at all times: a second one, one of a new object, one in which ``leap`` is
    never called, ones cut into pieces, ones in which policy and environment are pickled on the way; registered policies
    go to JSON and back there, too.

    Where it promises probabilities (``Policy.probabilities``), they are looked at in a first round.

    Args:
        make: builds the policy.
        environment: builds the environment, with a horizon of a few hundred rounds at most.
        seed: seed of the tape and of the policy's generator.

    Raises:
        AssertionError: a promise is broken; the message says which.

    Example:
        >>> from bandits import UCB1
        >>> from bandits.checks import check_policy
        >>> from environments import BernoulliArms
        >>> check_policy(UCB1, lambda: BernoulliArms([0.2, 0.7], horizon=100))
    """
    _check_constructor(make())
    problem = environment().problem
    assert problem.horizon is not None, "check_policy needs an environment with a horizon"
    check_plays(make(), problem)
    before = pickle.dumps(np.random.get_state())  # noqa: NPY002
    policy = make()
    stepwise = not policy.clairvoyant
    first = _first_run(policy, environment(), seed, stepwise)
    assert pickle.dumps(np.random.get_state()) == before, (  # noqa: NPY002
        "the global random generator was used: draw from the rng that reset is given"
    )
    _agree(first, play(policy, environment(), seed, leaps=not stepwise), "a second run after reset differs")
    _agree(first, play(make(), environment(), seed, leaps=not stepwise), "a new object plays another run")
    for cuts, how in ((1, "whole"), (7, "cut into pieces")):
        found = play(make(), environment(), seed, cuts=cuts)
        _agree(first, found, f"advance, {how}, differs from choose and update")
    _agree(first, play(make(), environment(), seed, cuts=7, pickled=True), "advance, pickled on the way, differs")
    if stepwise:
        found = play(make(), environment(), seed, leaps=False, cuts=7, pickled=True)
        _agree(first, found, "choose and update, pickled on the way, differs")
        _check_unstarted(make())
        _check_probabilities(make(), environment())


def _first_run(policy: Policy[Any, Any, Any, Any], environment: Checkable, seed: int, stepwise: bool) -> Series:
    """The metrics of a run, after which the bounds are looked at."""
    try:
        found = play(policy, environment, seed, leaps=not stepwise)
    except (ValueError, TypeError, IndexError) as error:
        name, clock = type(policy).__name__, getattr(environment, "clock", 0)
        raise AssertionError(f"{name} cannot play a run, round {clock + 1}: {type(error).__name__}: {error}") from error
    if callable(instance := getattr(environment, "instance", None)):
        bounds = policy.regret_bounds(environment.problem, instance())
        assert isinstance(bounds, Sequence), f"regret_bounds must return a list or tuple of Bound, returns {bounds!r}"
        for bound in bounds:
            assert isinstance(bound, Bound), f"regret_bounds must return objects of the class Bound, returns {bound!r}"
            known = {regret.comparator_class for regret in getattr(environment, "regrets", tuple)()}
            assert not known or bound.comparator_class in known, (
                f"{bound.name!r} speaks of the comparator class {bound.comparator_class!r}, of which "
                f"{type(environment).__name__} has no regret definition; it has those of {', '.join(sorted(known))}"
            )
            values = np.asarray(bound.curve(np.array([1.0, float(environment.problem.horizon or 1)])))
            assert values.shape == (2,), f"the curve of {bound.name!r} must map times [n] to values [n], is {values!r}"
    return found


def play(
    policy: Policy[Any, Any, Any, Any],
    environment: Checkable,
    seed: int,
    leaps: bool = True,
    cuts: int = 1,
    pickled: bool = False,
    times: Sequence[int] | None = None,
) -> Series:
    """Play a run to the horizon; all metrics at times of it.

    Args:
        policy: the policy; it is reset.
        environment: the environment; a run is begun.
        seed: of the tape and of the policy's generator.
        leaps: whether by ``advance``, else round by round by ``choose`` and ``update``.
        cuts: number of pieces, of random lengths, that the run is cut into.
        pickled: whether policy and environment are pickled between the pieces; round by round, a registered policy goes
            to JSON and back once, too (``bandits.state``).
        times: of the metrics, increasing; None for all of 1..horizon.
    """
    horizon = environment.problem.horizon or 0
    environment.begin(environment.draw(np.random.default_rng([seed, 0])))
    policy.reset(environment.problem, np.random.default_rng([seed, 1]))
    ends = np.random.default_rng([seed, 2]).integers(1, horizon + 1, cuts - 1)
    for piece, end in enumerate([*np.unique(ends).tolist(), horizon]):
        if pickled:
            policy, environment = pickle.loads(pickle.dumps((policy, environment)))
            if piece == 1 and not leaps:
                policy = _through_json(policy)
        if environment.clock >= end:  # the last action of the piece before went so far
            continue
        if leaps:
            policy.advance(environment, end - environment.clock)
        else:
            while environment.clock < end:
                observation = environment.observe()
                action = policy.choose(observation)
                _, feedback = environment.transition(action)
                policy.update(observation, action, feedback)
    assert environment.clock == horizon, f"the run stopped at {environment.clock} of {horizon}"
    return dict(environment.metrics(np.arange(1, horizon + 1) if times is None else np.asarray(times, dtype=np.int64)))


def _through_json(policy: Policy[Any, Any, Any, Any]) -> Policy[Any, Any, Any, Any]:
    """A policy that has gone to JSON and back, if it is a registered one, whose class a state can name.

    One that was given a class or a function stays as it is: no state holds them.
    """
    given = [getattr(policy, name) for name in inspect.signature(type(policy)).parameters]
    if POLICIES.name_of(type(policy)) not in POLICIES.classes or any(map(callable, given)):
        return policy
    return from_json(json.loads(json.dumps(to_json(policy), allow_nan=False)))


def _agree(first: Series, other: Series, what: str) -> None:
    assert first.keys() == other.keys(), f"{what} in its series: {sorted(first)} and {sorted(other)}"
    for name, values in first.items():
        same = (values == other[name]) | (np.isnan(values) & np.isnan(other[name]))
        assert np.all(same), f"{what} in {name!r} from time {int(np.argmin(same)) + 1} on"


def _check_constructor(policy: Policy[Any, Any, Any, Any]) -> None:
    name = type(policy).__name__
    assert isinstance(policy, Policy), f"{name} must derive from bandits.Policy"
    plays: Any = getattr(policy, "plays", None)
    kinds = plays if isinstance(plays, tuple) else (None,)
    assert all(isinstance(kind, type) and issubclass(kind, Problem) for kind in kinds), (
        f"plays must be a tuple of problem types, such as plays = (BanditProblem,); that of {name} is {plays!r}"
    )
    assert policy.clairvoyant or plays, "plays is empty"
    try:
        text = repr(policy)
    except AttributeError as error:
        raise AssertionError(
            f"a hyper-parameter is not kept under its own name: {error}; have the constructor set it"
        ) from error
    assert text.startswith(type(policy).__name__), f"repr is {text}"
    pickle.loads(pickle.dumps(policy))


def _check_probabilities(policy: Policy[Any, Any, Any, Any], environment: Checkable) -> None:
    """Check what a policy that promises probabilities tells in the first round of a run, which is begun for that."""
    if not (policy.decided or type(policy).probabilities is not Policy.probabilities):
        return
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(1))
    observation, before = environment.observe(), pickle.dumps(policy)
    try:
        found = policy.probabilities(observation)
    except TypeError:  # it has none here
        return
    assert pickle.dumps(policy) == before, "probabilities changed the policy or its generator: work on bandits.copies"
    assert found.ndim == 1, f"probabilities must be [n_actions], have the shape {found.shape}"
    assert np.all(found >= 0.0), f"probabilities must not be negative, are {found!r}"
    assert abs(found.sum() - 1.0) < 1e-9, f"the sum of probabilities must be 1, is {found.sum()!r}"
    share = policy.problem_given().distribution_of(policy.choose(observation))
    assert np.all(found[share > 0.0] > 0.0), f"an action is chosen that has the probability 0: {found!r}"


def _check_unstarted(policy: Policy[Any, Any, Any, Any]) -> None:
    before = pickle.dumps(policy)
    try:
        policy.choose(None)
    except RuntimeError:
        assert pickle.dumps(policy) == before, "choose before reset changed the policy"
        return
    except Exception as error:
        raise AssertionError(f"choose before reset must raise RuntimeError, raises {error!r}") from error
    raise AssertionError(
        "choose before reset does not raise RuntimeError: keep what a run needs under names that begin with an "
        "underscore, and have reset, not the constructor, set them"
    )

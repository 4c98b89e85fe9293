"""In a loop of one's own: what no round can have told is an error that names it, and changes nothing.

Over all registered policies, each in the first example of every problem type that it plays. A policy that does not look
at what it is told need not complain, as long as that leaves no trace.
"""

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from over_pairs import SilentError, over

INF, NAN = float("inf"), float("nan")


def problems(family, environment):
    """What makes a problem another one: all types of problem are met once by each policy."""
    return type(environment.problem), type(getattr(environment.problem, "inner", None))


every_pair = over(lambda environment: (environment.problem.horizon or 0) > 20, problems)


def chosen(policy, observation):
    try:
        return policy.choose(observation)
    except RuntimeError as error:
        raise SilentError(f"chooses nothing here: {error}") from error


def in_a_run(policy, environment, actions=3):
    """Some actions into a run; what the next one sees, does and is told."""
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    for _ in range(actions):
        observation = environment.observe()
        action = chosen(policy, observation)
        policy.update(observation, action, environment.transition(action)[1])
    observation = environment.observe()
    action = chosen(policy, observation)
    return observation, action, environment.transition(action)[1]


def variations(value: Any, of: Any) -> Iterator[Any]:
    """``value`` with one of its numbers replaced, in turn, by each that ``of`` gives for it."""
    if isinstance(value, tuple):
        for i, part in enumerate(value):
            for other in variations(part, of):
                parts = [*value[:i], other, *value[i + 1 :]]
                yield type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
        for i in np.ndindex(value.shape):
            for other in of(value[i]):
                changed = value.astype(np.result_type(value.dtype, np.asarray(other).dtype))
                changed[i] = other
                yield changed
    else:
        yield from of(value)


def not_finite(number):
    return (NAN, INF, -INF, None, 10**400) if isinstance(number, float | np.floating) else ()


def no_share(number):
    return (NAN, None, 10**400) if isinstance(number, float | np.floating) else ()


def no_action(number):
    return [other for other in (-1, 10**6, 0.5, np.True_) if other != number] if type(number) in (int, np.int64) else ()


def refused(policy, told, *kinds):
    """Whether ``update`` refuses; it must say why, and leave no trace."""
    before, refusal = pickle.dumps(policy), None
    try:
        policy.update(*told)
    except kinds as error:
        refusal = error
    assert refusal is None or (str(refusal) and pickle.dumps(policy) == before), f"{refusal}, but something has changed"
    return refusal is not None


@every_pair
def test_before_reset(policy, environment):
    fresh = pickle.loads(pickle.dumps(policy))
    told, state = in_a_run(policy, environment), pickle.dumps(fresh)
    with pytest.raises(RuntimeError, match="was not reset"):
        fresh.choose(told[0])
    assert pickle.dumps(fresh) == state
    if not refused(fresh, told, RuntimeError):
        assert pickle.dumps(fresh) == state, "nothing is said of feedback before reset"


@pytest.mark.parametrize("wrong", ["reward", "action"])
@every_pair
def test_what_cannot_be(policy, environment, wrong):
    observation, action, feedback = in_a_run(policy, environment)
    state = pickle.dumps(policy)
    if wrong == "reward":
        bad = [(observation, action, other) for other in variations(feedback, not_finite)]
    else:
        bad = [(observation, other, feedback) for other in variations(action, no_action)]
    for told in bad:
        if not refused(policy, told, ValueError, RuntimeError):
            assert pickle.dumps(policy) == state, f"nothing is said of {wrong} {told[1:]}"
    policy.update(observation, action, feedback)  # the round can be ended all the same


@every_pair
def test_a_distribution_that_cannot_be(policy, environment):
    """It is refused, or not looked at: what was told of it counts."""
    observation, action, feedback = in_a_run(policy, environment)
    plain = pickle.loads(pickle.dumps(policy))
    plain.update(observation, action, feedback)
    for other in variations(action, no_share):
        twin = pickle.loads(pickle.dumps(policy))
        if not refused(twin, (observation, other, feedback), ValueError, RuntimeError):
            assert pickle.dumps(twin) == pickle.dumps(plain), f"{other!r} is taken for something else"


@every_pair
def test_what_is_not_owed(policy, environment):
    """A second feedback in a row is refused by every policy that refuses one without a choice, and by no other."""
    told = in_a_run(policy, environment)
    fresh = pickle.loads(pickle.dumps(policy))
    fresh.reset(environment.problem, np.random.default_rng(2))
    policy.update(*told)
    again, unasked = (refused(p, told, RuntimeError, ValueError) for p in (policy, fresh))
    assert again == unasked, f"twice in a row: refused is {again}; without a choice: {unasked}"


class Floating:
    """A number as torch has it."""

    def __init__(self, value):
        self.value = value

    def __float__(self):
        return self.value


def clothed(number):
    if type(number) is float:
        yield from (np.float64(number), np.array(number), np.array([number]), np.array([[number]]), Floating(number))
    elif type(number) is int:
        yield from (np.int64(number), np.int32(number))


@every_pair
def test_a_reward_or_an_action_in_other_clothes_is_the_same(policy, environment):
    """As gymnasium and torch hand it out."""
    observation, action, feedback = in_a_run(policy, environment)
    plain = pickle.loads(pickle.dumps(policy))
    plain.update(observation, action, feedback)
    same = [(action, other) for other in variations(feedback, clothed) if isinstance(feedback, float | tuple)]
    same += [(other, feedback) for other in variations(action, clothed) if type(action) is int]
    for told in same:
        twin = pickle.loads(pickle.dumps(policy))
        twin.update(observation, *told)
        assert pickle.dumps(twin) == pickle.dumps(plain), f"{told!r} is taken for something else"


NO_OBSERVATION = (None, "x", (), [], {}, object(), 1j, NAN, 10**400, np.array([]), np.full((2, 2, 2), 0.5), [None])


@every_pair
def test_an_observation_that_cannot_be(policy, environment):
    """It is refused before anything changes, the generator with it, or not looked at."""
    observation, action, feedback = in_a_run(policy, environment)
    policy.update(observation, action, feedback)
    observation = environment.observe()
    plain = pickle.loads(pickle.dumps(policy))
    right = plain.choose(observation)
    for wrong in NO_OBSERVATION:
        twin = pickle.loads(pickle.dumps(policy))
        before = pickle.dumps(twin)
        try:
            action = twin.choose(wrong)
        except ValueError:
            assert pickle.dumps(twin) == before, f"{wrong!r} is refused, but something has changed"
        else:
            assert (repr(action), pickle.dumps(twin)) == (repr(right), pickle.dumps(plain)), f"{wrong!r} is looked at"

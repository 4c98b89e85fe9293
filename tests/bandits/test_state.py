"""States of policies as JSON: a run goes on bit for bit, and what is no state is refused with a word of what is wrong.

That every registered policy goes to JSON and back in mid-run, ``bandits.checks.check_policy`` sees to.
"""

import json
from collections import deque

import numpy as np
import pytest

from bandits import POLICIES, UCB1, BanditProblem, BetaThompson, Delayed, EpsilonGreedy, Policy, can_play
from bandits.checks import play
from bandits.delayed.problem import Arrival
from bandits.delayed.qpm_d import QPMD
from bandits.registry import naming
from bandits.seeds import Seeds
from bandits.state import digest, from_json, to_json
from environments import BernoulliArms


def journey(policy):
    """To a text and back, by a program that knows neither order nor whole numbers from others."""
    return from_json(json.loads(json.dumps(to_json(policy), sort_keys=True, allow_nan=False)))


def halfway(policy, seed=3, rounds=50):
    policy.reset(BanditProblem(n_actions=4), np.random.default_rng(seed))
    luck = np.random.default_rng(seed + 1)
    for _ in range(rounds):
        policy.update(None, policy.choose(None), float(luck.random()))
    return policy


def goes_on(policy, seed=9, rounds=60):
    luck, actions = np.random.default_rng(seed), []
    for _ in range(rounds):
        actions.append(policy.choose(None))
        policy.update(None, actions[-1], float(luck.random()))
    return actions


class Bag(Policy):
    """Holds things of every kind."""

    plays = (BanditProblem,)

    def __init__(self, what=None):
        self.what = what

    def reset(self, problem, rng):
        self._rng = rng

    def choose(self, observation):
        return int(self._rng.integers(2))

    def update(self, observation, action, feedback):
        pass


class Mine(UCB1):
    """Somebody's own."""


@pytest.fixture
def bag():
    """A registered policy for as long as the test lasts."""
    with naming({"bag": Bag}):
        yield lambda what: journey(Bag(what)).what


def test_a_run_goes_on_bit_for_bit():
    policy = halfway(BetaThompson())
    other = journey(policy)
    assert type(other) is BetaThompson
    assert goes_on(other) == goes_on(policy)


def test_a_state_is_readable_where_it_can_be():
    state = to_json(halfway(UCB1(3)))
    assert (state["format"], state["policy"], state["parameters"]) == (1, "ucb1", {"exploration": {"float": "3.0"}})
    assert to_json(UCB1(2.5))["parameters"] == {"exploration": 2.5}  # not reset: hyper-parameters alone


@pytest.mark.parametrize(
    "value",
    [
        *(0.0, -0.0, 1.0, 0.1, 1e300, 5e-324, -1.7976931348623157e308, np.inf, -np.inf),
        *(2**53 + 1, -(2**200), 7, True, None, b"\x00\xff", "a", "\ud800", "\u2028"),
        *((1, 2.0, ()), [[1], []], {1: "a", (2, 3): [4]}, frozenset({3})),
    ],
)
def test_values_come_back_as_they_were(bag, value):
    found = bag(value)
    assert repr(found) == repr(value)
    assert type(found) is type(value)


def test_nan_sets_and_queues_come_back(bag):
    assert np.isnan(bag(float("nan")))
    assert bag({1, 5}) == {1, 5}
    found = bag(deque([1, 2], maxlen=3))
    assert (list(found), found.maxlen) == ([1, 2], 3)


@pytest.mark.parametrize(
    "array",
    [
        np.array([np.nan, np.inf, -0.0, 1e-310]),
        np.array(3),
        np.zeros((0, 4), dtype=np.int32),
        np.arange(6, dtype=">i2").reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.arange(12.0).reshape(3, 4)[:, ::2],
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["one", "\u00e9"]),
        np.array([(1.5, [2, 3])], dtype=[("a", "f8"), ("b", "i4", (2,))]),
    ],
)
def test_arrays_come_back_with_type_shape_and_bits(bag, array):
    found = bag(array)
    assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert found.flags.writeable
    assert found.flags.f_contiguous == array.flags.f_contiguous
    scalar = bag(array[0] if array.shape == (4,) else np.float32(0.1))
    assert isinstance(scalar, np.generic)


def test_read_only_arrays_stay_so(bag):
    array = np.arange(3.0)
    array.flags.writeable = False
    assert not bag(array).flags.writeable


def test_what_was_one_object_is_one_object(bag):
    array, rng, ring = np.zeros(2), np.random.default_rng(1), []
    ring.append(ring)
    rng.spawn(2)
    first, second, both, cycle, bits = bag([array, array, (rng, rng), ring, rng.bit_generator])
    assert first is second
    assert both[0] is both[1]
    assert both[0].bit_generator is bits
    assert cycle[0] is cycle
    assert both[0].spawn(1)[0].random() == rng.spawn(1)[0].random()


@pytest.mark.parametrize("bits", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
@pytest.mark.parametrize("seeds", [Seeds, np.random.SeedSequence])
def test_every_generator_goes_on(bag, bits, seeds):
    rng = np.random.Generator(getattr(np.random, bits)(seeds(5, spawn_key=(1, 2))))
    rng.random(3), rng.integers(5, dtype=np.int32)  # half a word is left
    found = bag(rng)
    drawn = [
        (r.integers(9, dtype=np.int32), r.random(), r.standard_normal(), r.spawn(1)[0].random()) for r in (rng, found)
    ]
    assert drawn[0] == drawn[1]


def test_a_policy_in_a_policy_draws_from_the_same_generator():
    policy = QPMD(EpsilonGreedy())
    policy.reset(Delayed(BanditProblem(n_actions=3)), np.random.default_rng(2))
    for t in range(20):
        arm = policy.choose(None)
        policy.update(None, arm, (Arrival(t, arm, 0.25 * arm),))
    other = journey(policy)
    assert type(other._base) is EpsilonGreedy
    assert other._base is not policy._base
    for t in range(20, 60):
        arm = policy.choose(None)
        assert other.choose(None) == arm
        for one in (policy, other):
            one.update(None, arm, (Arrival(t, arm, 0.5),))


def test_the_problem_keeps_its_type_and_arrays_nobody_can_change():
    from bandits.linear.oful import OFUL
    from environments.linear.examples import examples

    environment = next(e for e in examples() if type(e.problem).__name__ == "LinearProblem")
    policy = OFUL()
    play(policy, environment, 1, leaps=False)
    features = journey(policy)._problem.features
    assert features == policy._problem.features
    assert features is not policy._problem.features
    with pytest.raises(ValueError, match=r"read-only|WRITEABLE"):
        features.array.flags.writeable = True


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (lambda: 0, r"Bag.what must be a number, text, array, generator or an object of a class that stands in"),
        (print, r"Bag.what must be"),
        (dict, r"Bag.what must be"),
        ([1, {"a": object()}], r"Bag.what\[1\]\{\}\[1\] must be"),
        (np.array([None]), r"Bag.what must be an array of numbers or texts for a state, got dtype object"),
        (np.random.RandomState(1), r"Bag.what must be"),
    ],
)
def test_what_no_json_can_hold_is_refused_with_its_place(what, said):
    with naming({"bag": Bag}), pytest.raises(ValueError, match=said):
        to_json(Bag(what))


def test_a_policy_that_is_not_registered_is_told_how():
    with pytest.raises(ValueError, match=r"policy must be a registered policy for a state, got .*Bag: register it by"):
        to_json(Bag())
    with pytest.raises(ValueError, match=r"QPMD.policy must be a registered policy for a state, got .*:Mine: register"):
        to_json(QPMD(Mine()))
    with naming({"bag": Bag}):
        state = to_json(Bag())
    with pytest.raises(ValueError, match="policy of a state must be a registered name, got 'bag'"):
        from_json(state)
    with pytest.raises(ValueError, match="policy must be a policy, got 3"):
        to_json(3)


def changed(**how):
    """A state with something else in it, signed anew: only what is wrong itself can tell."""
    state = {**to_json(halfway(UCB1())), **how}
    return {**state, "digest": digest(state)}


def with_object(entry, place=1):
    objects = to_json(halfway(UCB1()))["objects"]
    return changed(objects=[*objects[:place], entry, *objects[place + 1 :]])


def an_array(**how):
    return {"array": {"dtype": "<f8", "shape": [1], "order": "C", "bytes": "AAAAAAAA8D8=", **how}, "read_only": False}


def with_bits(bits, seed=None, **places):
    """The state of a policy that draws from such bits, with other numbers in it, signed anew."""
    policy = UCB1()
    policy.reset(BanditProblem(n_actions=2), np.random.Generator(bits(0)))
    policy._bits = bits(0)
    state = to_json(policy)
    for entry in state["objects"]:
        if entry.keys() == {"seed"}:
            entry["seed"].update(seed or {})
        for pair in entry.get("dict", []):
            pair[1] = places.get(pair[0], pair[1])
    return {**state, "digest": digest(state)}


def with_nested_seed():
    """A seed of a list of a list."""
    objects = to_json(halfway(UCB1()))["objects"]
    seed = {"entropy": {"ref": len(objects)}, "spawn_key": {"ref": 2}, "pool_size": 4, "n_children_spawned": 0}
    return changed(objects=[objects[0], {"seed": seed}, *objects[2:], {"list": [{"ref": 2}]}])


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (with_bits(np.random.MT19937, pos=625), "the place in a bit generator must be a whole number in 0..624, got 6"),
        (with_bits(np.random.MT19937, pos=-1), "the place in a bit generator must be a whole number >= 0, got -1"),
        (with_bits(np.random.Philox, buffer_pos=5), "the place in a bit generator must be a whole number in 0..4, got"),
        (with_bits(np.random.PCG64, {"pool_size": 10**8}), "pool_size of a seed must be at most 1024 in a state, got"),
        (with_nested_seed(), "entropy of a seed must be whole numbers, none of them a list"),
        (None, "a state must be a dictionary, got None"),
        ({}, "a state must have the keys format, project, .*, got none named 'format'"),
        ({**changed(), "colour": 1}, "a state must have no other keys, got 'colour'"),
        (changed(format=2), "format of a state must be 1, got 2"),
        (changed(format=True), "format of a state must be 1, got True"),
        (changed(project="0.0.1"), "a state must be of version .* of regretlab, got '0.0.1'; same_version=False reads"),
        (changed(policy="ucb2"), "policy of a state must be a registered name, got 'ucb2'.*did you mean 'ucb1'"),
        (changed(policy="os:system"), "policy of a state must be a registered name, got 'os:system'"),
        (changed(policy="moss"), "object 0 of a state must be the policy 'moss', got"),
        (changed(parameters={}), "parameters of 'ucb1' must be exploration, got {}"),
        (changed(objects=[]), "objects of a state must be a list of at least one, got"),
        (with_object(an_array(shape=[2])), r"an array of shape \(2,\) and dtype float64 must have 16 bytes, got 8"),
        (with_object(an_array(shape=[-1])), r"object 1 of the state cannot be: .*shape\[0\] must be a whole number"),
        (with_object(an_array(shape=[2**40])), "must have 8796093022208 bytes, got 8"),
        (with_object(an_array(dtype="|O")), "an array must be one of numbers or texts, got dtype object"),
        (with_object(an_array(dtype="<U0", shape=[10**9], bytes="")), "must have entries with bytes, got dtype <U0"),
        (with_object(an_array(dtype="what")), "object 1 of the state cannot be: "),
        (with_object(an_array(bytes="!")), "object 1 of the state cannot be: "),
        (with_object({"list": [float("nan")]}), "a value of a state must be one of those that to_json writes, got nan"),
        (with_object({"list": [{"ref": 10**9}]}), r"ref must be a whole number in 0..\d+, got 1000000000"),
        (with_object({"tuple": [{"ref": 1}]}), "object 1 of the state must not be part of itself"),
        (with_object({"call": "print"}), "object 1 of the state must be one that to_json writes"),
        (with_object({"list": [{"float": "one"}]}), "a value of a state must be float in text, got 'one'"),
        *(
            (with_object({"class": name, "attributes": {}}), "class of an object must be a registered name, or module:")
            for name in (
                "os:system",
                "subprocess:Popen",
                "builtins:dict",
                "bandits.state:to_json",
                "bandits.state:json",
                "bandits.nowhere:Thing",
                "bandits.arms.ucb1:BanditPolicy",
                "bandits..arms:x",
                "numpy:ndarray",
                3,
            )
        ),
        (with_object({"class": "bandits.decoding:StateError", "attributes": {}}), "one that attributes make"),
        (with_object({"class": "bandits.contract:Policy", "attributes": {}}), "one that attributes make"),
        (with_object({"class": "bandits.contract:Problem", "items": []}), "must be a named tuple"),
        (with_object({"class": "bandits.contract:Problem", "attributes": {"low": 1}}), "lacks 'horizon'"),
        (with_object({"bits": "os", "seed": None, "state": None}), "bits must be one of PCG64"),
    ],
)
def test_what_is_no_state_is_refused(state, said):
    with pytest.raises(ValueError, match=said):
        from_json(state)


def rich():
    """States with objects of every kind: models, frozen arrays, named tuples, queues, policies in policies."""
    from environments.mdp.examples import examples as processes

    queued = QPMD(EpsilonGreedy())
    queued.reset(Delayed(BanditProblem(n_actions=3)), np.random.default_rng(np.random.MT19937(2)).spawn(1)[0])
    queued.choose(None)
    planned = POLICIES.load("follow_leader")()
    problem = next(e.problem for e in processes() if can_play(planned, e.problem))
    planned.reset(problem, np.random.default_rng(1))
    return [to_json(policy) for policy in (queued, planned, halfway(BetaThompson()))]


def inner(value, path=()):
    """The places of all values in a state."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in items:
        yield from inner(part, (*path, key))


def test_whatever_stands_in_a_state_it_is_read_or_refused():
    """Anything in any place, signed as if it were true: no other error, and nothing is called."""
    luck, refused = np.random.default_rng(23), 0
    things = [None, True, -1, 0, 3, 2**70, 1.5, "", "list", "0", [], {}, [0], {"ref": 0}, {"ref": 1}, {"ref": 2}]
    things += [{"float": "nan"}, {"int": "7"}, {"bytes": "AA=="}, "bandits.frozen:Frozen", "ucb1", [[1, 2]], {"a": 1}]
    for state in rich():
        places = list(inner(state))[1:]
        for place in luck.choice(len(places), 120):
            damaged = json.loads(json.dumps(state))
            target, path = damaged, places[place]
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = things[luck.integers(len(things))]
            try:
                from_json({**damaged, "digest": digest(damaged)})
            except ValueError:
                refused += 1
    assert refused > 100


def test_another_number_in_place_of_one_is_noticed():
    state = to_json(halfway(UCB1()))
    for entry in ("1", 0.5, None):
        damaged = {**state, "parameters": {"exploration": entry}}
        with pytest.raises(ValueError, match="a state must be as it was written: its digest says"):
            from_json(damaged)


def test_a_state_of_another_version_is_read_on_demand():
    state = changed(project="0.0.1")
    assert goes_on(from_json(state, same_version=False)) == goes_on(halfway(UCB1()))


def test_the_check_of_policies_goes_through_json(monkeypatch):
    """Else nothing would be tested where ``check_policy`` runs over all policies."""
    from bandits import checks

    seen = []
    monkeypatch.setattr(checks, "from_json", lambda state: seen.append(state["policy"]) or from_json(state))
    play(UCB1(), BernoulliArms([0.2, 0.7], 100), 4, leaps=False, cuts=7, pickled=True)
    assert seen == ["ucb1"]

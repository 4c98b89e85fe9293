"""Blocks of any length, growing and foreign input, members of wrappers; bad input is named."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from bandits import POLICIES
from bandits.paging import FAMILY
from bandits.paging.mark0 import Mark0
from bandits.paging.policy import PagingPolicy
from bandits.paging.problem import Eviction, PagingProblem, Request, Requests

NO_BITS, NO_REUSE = np.empty(0, np.uint8), np.empty(0)
EVERYONE = pytest.mark.parametrize(
    "policy", [policy for name in FAMILY.policies for policy in FAMILY.example_policies(name)], ids=str
)


def kind_of(policy):
    """The predictions that a policy plays with, its own or those that the members of a wrapper need."""
    for kind in (policy.prediction, "discard", "phase", "reuse"):
        try:
            policy.reset(problem(prediction=kind), np.random.default_rng(0))
        except ValueError:
            continue
        return kind or ""
    raise AssertionError(f"no predictions are to the liking of {policy}")


def requests(n, n_pages=30, seed=0):
    rng = np.random.default_rng(seed)
    pages = np.minimum(rng.geometric(0.15, n) - 1, n_pages - 1) * 7 % n_pages
    return pages, rng.integers(0, 2, n), np.arange(n) + rng.exponential(20.0, n)


@EVERYONE
def test_long_blocks_are_the_same_as_many_short_ones(paging, policy):
    n = 33_000
    pages, bits, reuse = requests(n, 300)
    kind = kind_of(policy)
    whole = paging.faults(policy, pages, 50, bits, reuse, kind, n_pages=300)
    environment = paging.Environment(pages, 50, bits, reuse, kind, n_pages=300)
    policy.reset(environment.problem, np.random.default_rng(0))
    for rounds in (1, 4000, 16_400, n - 20_401):
        policy.advance(environment, rounds)
    assert environment.history == whole.tolist()


@EVERYONE
def test_an_unknown_number_of_pages(paging, policy):
    pages, bits, reuse = requests(500, 200)
    kind = kind_of(policy)
    known = paging.faults(policy, pages, 7, bits, reuse, kind, n_pages=200)
    assert paging.faults(policy, pages, 7, bits, reuse, kind, n_pages=None).tolist() == known.tolist()
    environment = paging.Environment(pages, 7, bits, reuse, kind, n_pages=None, stepwise=True)
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 250)
    policy = pickle.loads(pickle.dumps(policy))
    policy.advance(environment, 250)
    assert environment.history == known.tolist()


@EVERYONE
def test_hashes_and_addresses_need_numbers(paging, policy):
    """Arrays hold a row a page: an id as large as a hash is refused before memory runs out."""
    for page in (2**40 + 7, 2**63 - 1):
        policy.reset(problem(prediction=kind_of(policy) or None, n_pages=None), np.random.default_rng(0))
        with pytest.raises(
            ValueError, match=f"where n_pages is not known, got {page}: number hashes and addresses 0, 1"
        ):
            policy.choose(Request(page, 0, np.inf, False, (), 0))


@EVERYONE
def test_views_and_other_integers_serve_as_well(paging, policy):
    pages, bits, reuse = requests(200)
    kind = kind_of(policy)
    wanted = paging.faults(policy, pages, 5, bits, reuse, kind, n_pages=30)
    arrays = [np.repeat(a, 2)[::2] for a in (pages.astype(np.int32), bits.astype(np.uint8), reuse)]
    for array in arrays:
        array.flags.writeable = False
    policy.reset(paging.Environment(pages, 5, bits, reuse, kind, n_pages=30).problem, np.random.default_rng(0))
    environment = paging.Environment(pages, 5, bits, reuse, kind, n_pages=30)
    environment.absorb(policy.play(Requests(*arrays)))
    assert environment.history == wanted.tolist()


@EVERYONE
def test_nothing_to_serve(paging, policy):
    kind = kind_of(policy)
    assert paging.faults(policy, [], 3, [], [], kind, n_pages=4).size == 0
    assert paging.faults(policy, [2, 2, 0], 3, [0, 0, 0], [1.0, 9.0, 9.0], kind, n_pages=4).tolist() == [
        True,
        False,
        True,
    ]


class Plain(PagingPolicy):
    """A policy of somebody else's: evicts the smallest page, and one more if it can; keeps no cache of its own."""

    def _empty(self, problem, rng):
        self.k = problem.cache_size

    def choose(self, observation):
        if observation.hit or len(observation.cache) < self.k:
            return Eviction()
        return Eviction(observation.cache[:2])

    def update(self, observation, action, feedback):
        assert feedback != observation.hit

    def play(self, block):
        raise NotImplementedError


class Careless(Plain):
    def choose(self, observation):
        return Eviction()


class Confused(Plain):
    def choose(self, observation):
        return Eviction((observation.page,))


def test_the_lazy_wrapper_takes_any_policy(paging):
    pages, *_ = requests(300, 12)
    for k in (1, 4):
        lazy = POLICIES.load("lazy")(Plain())
        environment = paging.Environment(pages, k, n_pages=12)
        lazy.reset(environment.problem, np.random.default_rng(0))
        lazy.advance(environment, 300)
        alone = paging.Environment(pages, k, n_pages=12, stepwise=True)
        plain = Plain()
        plain.reset(alone.problem, np.random.default_rng(0))
        plain.advance(alone, 300)
        assert lazy.costs.tolist() == [sum(alone.history)]
        assert sum(environment.history) < sum(alone.history) or k == 1
    with pytest.raises(RuntimeError, match="leaves no room for page"):
        paging.faults(POLICIES.load("lazy")(Careless()), pages, 4)
    with pytest.raises(RuntimeError, match="evicts page 0, which is requested or not in its cache"):
        paging.faults(POLICIES.load("lazy")(Confused()), [0], 4)


def test_a_policy_object_is_copied():
    inner = Mark0()
    lazy = POLICIES.load("lazy")(inner)
    lazy.reset(problem(n_pages=4, prediction="discard"), np.random.default_rng(0))
    assert not hasattr(inner, "_state")
    assert lazy.policy is inner


def test_members_have_streams_of_their_own(paging):
    pages, bits, reuse = requests(400)
    policy = POLICIES.load("combine_deterministic")(["marker", "marker"])
    paging.faults(policy, pages, 5, bits, reuse, "", seed=4)
    first = policy.costs.tolist()
    assert first[0] != first[1]
    other = POLICIES.load("combine_deterministic")(["marker", "random_eviction"])
    paging.faults(other, pages, 5, bits, reuse, "", seed=4)
    assert other.costs[0] == first[0]


def problem(**changes):
    return PagingProblem(**{"cache_size": 3, "n_pages": 5, **changes})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"cache_size": None}, ValueError, "cache_size must be a whole number >= 1, got None"),
        ({"cache_size": 0}, ValueError, "cache_size must be a whole number >= 1, got 0"),
        ({"cache_size": 2.0}, ValueError, r"cache_size must be a whole number >= 1, got 2\.0"),
        ({"cache_size": True}, ValueError, "cache_size must be a whole number >= 1, got True"),
        ({"n_pages": 0}, ValueError, "n_pages must be a whole number >= 1, got 0"),
        ({"cache_size": 10**9}, ValueError, r"cache_size must be a whole number in 1\.\.100000000, got 1000000000"),
        ({"bypass": 1}, ValueError, "bypass must be true or false, got 1"),
        ({"prediction": "bits"}, ValueError, "prediction must be one of discard, phase, reuse, got 'bits'"),
    ],
)
def test_problems_that_cannot_be(changes, error, message):
    with pytest.raises(error, match=message):
        problem(**changes)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("mark0", "phase", "Mark0 needs discard predictions, the environment gives phase ones"),
        ("mark_and_predict", "discard", "MarkAndPredict needs phase predictions, the environment gives discard ones"),
        ("flush_when_all_zeros", None, "FlushWhenAllZeros needs discard predictions, the environment gives none"),
        ("blind_oracle", "discard", "BlindOracle needs reuse predictions, the environment gives discard ones"),
        ("robust_ftp", None, "RobustFtP needs reuse predictions"),
    ],
)
def test_predictions_of_the_wrong_kind(name, given, message):
    with pytest.raises(ValueError, match=message):
        POLICIES.load(name)().reset(problem(prediction=given), np.random.default_rng(0))


def test_force_takes_bits_of_the_other_kind():
    for name, given in (("mark0", "phase"), ("mark_and_predict", "discard"), ("follow_bits", "phase")):
        POLICIES.load(name)(force=True).reset(problem(prediction=given), np.random.default_rng(0))
        with pytest.raises(ValueError, match="needs"):
            POLICIES.load(name)(force=True).reset(problem(prediction="reuse"), np.random.default_rng(0))
    with pytest.raises(ValueError, match="Mark0 needs discard predictions"):
        POLICIES.load("lazy")("mark0").reset(problem(prediction="phase"), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        (
            "flush_when_all_zeros",
            {"flush": "eagre"},
            r"flush must be one of eager, lazy, got 'eagre' \(did you mean 'eager'",
        ),
        ("mark0", {"fill": "full"}, "fill must be one of strict, lazy, got 'full'"),
        ("mark_and_predict", {"tie": "fifo"}, "tie must be one of random, lru, got 'fifo'"),
        ("lazy", {"policy": "lur"}, "unknown policy 'lur'"),
        ("lazy", {"policy": "ucb1"}, r"policy must be a paging policy, got UCB1"),
        ("lazy", {"policy": 3}, "policy must be a name, or .*, got 3"),
        ("lazy", {"policy": {"nam": "lru"}}, "policy must be a name, or"),
        (
            "lazy",
            {"policy": {"name": "mark0", "fill": "lazy"}},
            "policy must have no key but name and parameters",
        ),
        ("lazy", {"policy": {"name": "mark0", "parameters": {"fill": 1}}}, "fill must be one of strict, lazy, got 1"),
        (
            "lazy",
            {"policy": {"name": "lru", "parameters": {"fill": 1}}},
            "policy.parameters.fill: LRU has no parameter 'fill'",
        ),
        ("lazy", {"policy": {"name": "lru", "parameters": [1]}}, "policy.parameters must be a mapping"),
        ("combine_randomised", {"members": ["lru", "ucb1"]}, r"members\[1\] must be a paging policy, got UCB1"),
        ("combine_deterministic", {"members": ["lru"]}, "members must be two or more policies, got"),
        ("combine_deterministic", {"members": "lru"}, "members must be two or more policies, got 'lru'"),
        (
            "combine_deterministic",
            {"members": ["lru", "fifo"], "gamma": 0.0},
            r"gamma must be a finite number in \[1e-06",
        ),
        ("combine_randomised", {"members": ["lru", "fifo", "lfu"]}, "members must be two policies, got"),
        (
            "combine_randomised",
            {"members": ["lru", "fifo"], "epsilon": 0.0},
            r"epsilon must be .* in \(0, 1\], got 0.0",
        ),
        ("combine_randomised", {"members": ["lru", "fifo"], "epsilon": 1.5}, r"epsilon must be .* got 1.5"),
        ("robust_ftp", {"epsilon": float("nan")}, "epsilon must be a finite number"),
    ],
)
def test_hyper_parameters(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        POLICIES.load(name)(**parameters)


def block(pages, bits=NO_BITS, reuse=NO_REUSE):
    return Requests(np.asarray(pages), np.asarray(bits), np.asarray(reuse))


@pytest.mark.parametrize(
    ("name", "requests", "message"),
    [
        ("lru", block([0, 5]), r"page must be a whole number in 0\.\.4, got 5"),
        ("lru", block([0, -1]), r"page must be a whole number in 0\.\.4, got -1"),
        ("lru", block([0.0, 1.0]), "pages must be a one-dimensional array of integers, got float64"),
        ("lru", block([[0, 1]]), r"pages must be a one-dimensional array of integers, got int64 of shape \(1, 2\)"),
        ("mark0", block([0, 1]), "bits must be one per request, got 0 for 2 requests"),
        ("mark0", block([0, 1], [0, 2]), "bits must be 0 or 1, got 2"),
        ("mark0", block([0, 1], [-1, 0]), "bits must be 0 or 1, got -1"),
        ("mark0", block([0, 1], [0.0, np.nan]), "bits must be 0 or 1, got nan"),
        ("blind_oracle", block([0, 1], reuse=[1.0]), "reuse must be one time per request, got 1 for 2 requests"),
        ("blind_oracle", block([0, 1], reuse=[1.0, np.nan]), r"reuse must be times \(inf for never\), got nan"),
    ],
)
def test_requests(name, requests, message):
    policy = POLICIES.load(name)()
    policy.reset(problem(prediction=policy.prediction), np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        policy.serve(requests)
    with pytest.raises(ValueError, match=message):
        policy.play(requests)


@pytest.mark.parametrize(
    ("name", "page", "bit", "reuse", "message"),
    [
        ("lru", 5, -1, np.nan, r"page must be a whole number in 0\.\.4, got 5"),
        ("mark0", 0, -1, np.nan, "bit must be 0 or 1, got -1"),
        ("mark0", 0, 2, np.nan, "bit must be 0 or 1, got 2"),
        ("blind_oracle", 0, -1, np.nan, r"reuse must be a time \(inf for never\), got nan"),
    ],
)
def test_single_requests(name, page, bit, reuse, message):
    policy = POLICIES.load(name)()
    policy.reset(problem(prediction=policy.prediction), np.random.default_rng(0))
    with pytest.raises(ValueError, match=message):
        policy.choose(Request(page, bit, reuse, False, (), 0))


@EVERYONE
def test_a_world_whose_cache_is_another_is_found_out(paging, policy):
    """Before anything is served or drawn."""
    policy.reset(problem(prediction=kind_of(policy) or None), np.random.default_rng(0))
    for held in (False, True):
        before = pickle.dumps(policy)
        with pytest.raises(RuntimeError, match=f"hit is {not held} for page 1, but the policy's own cache .*hold"):
            policy.choose(Request(1, 0, 9.0, not held, (), 0))
        assert pickle.dumps(policy) == before
        policy.choose(Request(1, 0, 9.0, held, (), 0))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"page": 1.0}, "page must be a whole number >= 0, got 1.0"),
        ({"page": 10**30}, "page must be a whole number in 0..4, got 1"),
        ({"bit": "0"}, "bit must be a whole number in -1..1, got '0'"),
        ({"reuse": None}, r"reuse must be a time \(inf for never\), got None"),
        ({"hit": np.array([])}, "hit must be True or False, got array"),
    ],
)
@pytest.mark.parametrize("name", ["lru", "mark0", "lazy"])
def test_fields_of_another_type(name, wrong, message):
    parameters = {"policy": "mark0"} if name == "lazy" else {}
    policy = POLICIES.load(name)(**parameters)
    policy.reset(problem(prediction="discard"), np.random.default_rng(0))
    before = pickle.dumps(policy)
    with pytest.raises(ValueError, match=message):
        policy.choose(Request(0, 0, np.nan, False, (), 0)._replace(**wrong))
    with pytest.raises(ValueError, match=r"the observation must be a Request, got \(0, 0\)"):
        policy.choose((0, 0))
    assert pickle.dumps(policy) == before


@pytest.mark.parametrize("name", ["lazy", "combine_randomised", "combine_deterministic"])
def test_what_a_member_would_refuse_is_refused_before_any_member_serves(name):
    parameters = {"policy": "mark0"} if name == "lazy" else {"members": ["lru", "mark0"]}
    policy = POLICIES.load(name)(**parameters)
    policy.reset(problem(prediction="discard"), np.random.default_rng(0))
    before = pickle.dumps(policy)
    with pytest.raises(ValueError, match="bit must be 0 or 1, got -1"):
        policy.choose(Request(0, -1, np.nan, False, (), 0))
    with pytest.raises(ValueError, match="bits must be one per request, got 0 for 2 requests"):
        policy.serve(block([0, 1]))
    assert pickle.dumps(policy) == before


def test_importing_the_policies_loads_no_heavy_package():
    modules = sorted({place.partition(":")[0] for place in FAMILY.policies.values()})
    heavy = ["numba", "scipy", "gymnasium", "matplotlib", "pydantic"]
    code = f"import sys, {', '.join(modules)}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""A bare seed: whatever is given the same one draws numbers of its own."""

import ast
import functools
import itertools
import subprocess
import sys
from pathlib import Path

import gymnasium
import numba  # noqa: F401
import numpy as np
import pytest

import environments  # noqa: F401
from bandits import BanditProblem, Policy, PolicyCache
from bandits.paging.decorator import policy_cache
from bandits.seeds import Seeds, stream
from environments import BernoulliArms, PlayedEpisodes, RelaxationTuner
from experiments.run.jobs import policy_rng, tape_rng

ROOT = Path(__file__).parents[2]
WEIGHTS = 1 / np.arange(1, 101)


def key_of(rng):
    seeds = rng.bit_generator.seed_seq
    return seeds.entropy, tuple(seeds.spawn_key)


def test_a_seed_means_one_stream_for_each_use():
    assert key_of(stream(7, of="trace")) == (7, tuple(b"trace"))
    assert stream(7, of="trace").random(3).tolist() == stream(7, of="trace").random(3).tolist()
    rng = np.random.default_rng(1)
    assert stream(rng, of="trace") is rng
    assert stream(None, of="trace").random() != stream(None, of="trace").random()


@pytest.mark.parametrize("entropy", [0, 1, 2**32 - 1, 2**32, 2**127 + 5, [7], [3, 2**40], [2**31] * 9])
@pytest.mark.parametrize("key", [(), (0,), (5, 1, 2075640655, 525227234), (2**33, 0, 2**70)])
@pytest.mark.parametrize("dtype", [np.uint32, np.uint64])
@pytest.mark.parametrize("loaded", [True, False])
def test_seeds_are_those_of_numpy(entropy, key, dtype, loaded, monkeypatch):
    if not loaded:
        monkeypatch.delitem(sys.modules, "numba", raising=False)
    ours, theirs = Seeds(entropy, key), np.random.SeedSequence(entropy, spawn_key=key)
    for n in (1, 4, 9, 624):
        found = ours.generate_state(n, dtype)
        assert found.dtype == dtype
        assert found.tolist() == theirs.generate_state(n, dtype).tolist()
    for n in (1, 2, 0):
        for mine, their in zip(ours.spawn(n), theirs.spawn(n), strict=True):
            assert mine.spawn_key == their.spawn_key
            assert mine.generate_state(4).tolist() == their.generate_state(4).tolist()
    assert ours.n_children_spawned == theirs.n_children_spawned == 3


BEGUN = """
import sys, gymnasium, environments
environment = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.1, 0.9], horizon=3)
environment.reset(seed=3)
environment.step(1)
assert "numba" not in sys.modules
"""


def test_who_plays_step_by_step_does_not_wait_for_numba():
    """Its start takes as long as all else; without a cache on disk, each process would compile what hashes seeds."""
    subprocess.run([sys.executable, "-c", BEGUN], check=True)


@pytest.mark.parametrize("number", [np.int64(7), np.uint64(2**64 - 1), np.int32(0)])
def test_seeds_take_the_whole_numbers_of_numpy(number):
    for entropy in (number, [number]):
        ours, theirs = Seeds(entropy, [number]), np.random.SeedSequence(entropy, spawn_key=[number])
        assert ours.generate_state(5).tolist() == theirs.generate_state(5).tolist()


@pytest.mark.parametrize("number", [-1, np.int64(-1), 1.5, "1", None])
def test_seeds_refuse_what_numpy_refuses(number):
    for seeds in (Seeds(number), Seeds([3, number]), Seeds(3, (number,))):
        with pytest.raises((TypeError, ValueError), match=r"whole numbers >= 0|as an integer"):
            seeds.generate_state(4)
    with pytest.raises(ValueError, match="dtype must be uint32 or uint64"):
        Seeds(3).generate_state(4, np.int64)


@pytest.mark.parametrize("n", [-1, 1.5])
def test_spawning_fewer_than_none_changes_nothing(n):
    seeds = Seeds(3)
    seeds.spawn(2)
    with pytest.raises((TypeError, ValueError), match=r">= 0|as an integer"):
        seeds.spawn(n)
    assert [child.spawn_key for child in seeds.spawn(1)] == [(2,)]


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True, 2**128])
def test_what_is_no_seed(seed):
    with pytest.raises(ValueError, match="luck must be a whole number"):
        stream(seed, of="trace", name="luck")


class Told(Policy):
    """Keeps the generator that it is given where the test finds it."""

    plays = (BanditProblem,)
    given = None

    def reset(self, problem, rng):
        type(self).given = rng

    def choose(self, observation):
        return 0

    def update(self, observation, action, feedback):
        pass


def of_the_tuner(seed):
    RelaxationTuner(Told(), seed=seed)
    return Told.given


def of_an_environment(environment, seed):
    environment.reset(seed=seed)
    return environment.unwrapped.np_random


PLACES = {
    "PolicyCache": lambda seed: PolicyCache(2, "random_eviction", seed=seed)._rng,
    "policy_cache": lambda seed: policy_cache(maxsize=2, policy="marker", seed=seed)(abs).cache._rng,
    "RelaxationTuner": of_the_tuner,
    "PlayedEpisodes": lambda seed: PlayedEpisodes(gymnasium.make("FrozenLake-v1"), seed=seed)._rng,
    "reset of an environment": lambda seed: of_an_environment(BernoulliArms([0.4, 0.6], horizon=3), seed),
    "reset through gymnasium": lambda seed: of_an_environment(
        gymnasium.make("regretlab/BernoulliArms-v0", means=[0.4, 0.6], horizon=3), seed
    ),
    "reset of steps": lambda seed: of_an_environment(gymnasium.make("regretlab/DeepSea-v0"), seed),
    "tapes of a study": lambda seed: tape_rng(seed, 0),
    "policies of a study": lambda seed: policy_rng(seed, 0, (1, 2, 3, 4)),
}


@pytest.mark.parametrize("place", PLACES)
def test_what_takes_a_seed_draws_from_no_stream_that_people_make_of_it(place):
    """Neither ``default_rng(seed)`` nor what it spawns, which environments and policies draw from."""
    entropy, key = key_of(PLACES[place](11))
    assert entropy == 11
    assert len(key) > 1
    assert key_of(PLACES[place](11)) == (entropy, key)


def test_what_plays_together_shares_no_stream():
    keys = {place: key_of(make(11)) for place, make in PLACES.items()}
    alike = [{a, b} for a, b in itertools.combinations(keys, 2) if keys[a] == keys[b]]
    assert all(all("reset" in place for place in pair) or pair == {"PolicyCache", "policy_cache"} for pair in alike)


def draws_of(policy_of, environment_of):
    """What the two draw first, at equal seeds, in 200 runs: [200, 2]."""
    return np.array([[policy_of(seed).random(), environment_of(seed).random()] for seed in range(200)])


@pytest.mark.parametrize("place", PLACES)
def test_first_draws_do_not_go_together(place):
    """Correlation of 200 pairs with numpy's stream of the seed: at most 4 / sqrt(200); of a stream with itself 1."""
    found = draws_of(np.random.default_rng, functools.partial(PLACES[place]))
    assert abs(np.corrcoef(found.T)[0, 1]) < 4 / np.sqrt(200)
    same = draws_of(np.random.default_rng, np.random.default_rng)
    assert np.corrcoef(same.T)[0, 1] > 0.99


def misses(cache, pages):
    missed = 0
    for page in pages:
        if cache.get(page) is None:
            missed += 1
            cache[page] = page
    return missed / len(pages)


def by_function(seed, pages):
    cached = policy_cache(maxsize=10, policy="random_eviction", seed=seed)(int)
    for page in pages:
        cached(page)
    return cached.cache_info().misses / len(pages)


def by_cache(seed, pages):
    return misses(PolicyCache(10, "random_eviction", seed=seed), pages)


def by_simulator(seed, pages):
    pytest.importorskip("libcachesim")
    from regretlab.adapters import libcachesim

    return libcachesim.misses(libcachesim.plugin(10, "random_eviction", seed=seed), pages) / len(pages)


def by_numpy(seed, pages):
    rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    return misses(PolicyCache(10, "random_eviction", seed=rng), pages)


@pytest.mark.parametrize(
    ("by", "fair"), [(by_cache, True), (by_function, True), (by_simulator, True), (by_numpy, False)]
)
def test_a_trace_of_the_same_seed_brings_no_luck(by, fair):
    """RANDOM misses as often as with other seeds, within 4 standard errors of 8 pairs; with one stream for both a
    tenth of the requests fewer, at the least."""
    differences = []
    for seed in range(8):
        pages = np.random.default_rng(seed).choice(100, 600, p=WEIGHTS / WEIGHTS.sum()).tolist()
        differences.append(by(seed, pages) - by(10**6 + seed, pages))
    mean, error = np.mean(differences), np.std(differences, ddof=1) / np.sqrt(8)
    assert (abs(mean) < 4 * error) if fair else mean < -0.08


PROBLEMS = {
    "environments/contextual/examples.py",
    "environments/groupwise/attributes.py",
    "environments/groupwise/contexts.py",
    "environments/groupwise/synthetic.py",
    "environments/linear/actions.py",
    "environments/logged/examples.py",
    "environments/mdp/garnet.py",
    "environments/mdp/losses.py",
    "environments/recovering/curves.py",
    "environments/recovering/rules.py",
    "environments/sor/spectral.py",
}
"""Where a seed is part of a problem, and makes the same one everywhere: ``default_rng(seed)``, as it says."""
OTHERS = {
    "bandits/checks.py",  # of the checks, three streams
    "bandits/seeds.py",
    "environments/checks.py",
    "environments/contract.py",  # tapes that are looked at, and not played
    "environments/streaming/environment.py",  # seeds that are drawn
    "environments/streaming/rewards.py",
    "experiments/analysis/statistics.py",  # a constant
    "regretlab/service/service.py",  # by spawn keys
}


def makes_generators(path):
    """Whether a file makes a generator of anything but a number that it states."""
    text = path.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text))) if "default_rng" in text else []
    mentions = sum("default_rng" in (getattr(node, "attr", ""), getattr(node, "id", "")) for node in nodes)
    calls = [n for n in nodes if isinstance(n, ast.Call) and getattr(n.func, "attr", "") == "default_rng"]
    return mentions > sum(len(n.args) == 1 and isinstance(n.args[0], ast.Constant) for n in calls)


def test_no_other_file_makes_a_generator_of_a_bare_seed():
    """A new one takes ``bandits.seeds.stream``, or is listed above with what its seed is."""
    packages = ("bandits", "environments", "experiments", "regretlab")
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in files if makes_generators(path)}
    assert found <= PROBLEMS | OTHERS
    assert "bandits/checks.py" in found

"""The paging environment: metrics, comparators, instance, both drivers, what it refuses."""

import pickle

import numpy as np
import pytest

from bandits import POLICIES
from bandits.offers import offers
from bandits.paging.lru import LRU
from bandits.paging.problem import Departures, Eviction, RequestBlocks
from environments import ENVIRONMENTS
from environments.paging.environment import PagingEnvironment

S2 = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]


def component(name, **parameters):
    return {"name": name, "parameters": parameters}


CASES = {
    "plain": {"sequence": component("zipf", N=40)},
    "flipped": {"sequence": "uniform", "predictions": component("flip", kind="discard", p=0.1)},
    "phases": {"sequence": "loop_scan", "predictions": component("oracle", kind="phase"), "eta_counting": "all"},
    "reuse": {"sequence": "markov", "predictions": component("noisy_reuse", kind="reuse", sigma=3.0)},
    "bypass": {
        "sequence": component("working_set", N=30, w=8),
        "predictions": component("learned", kind="phase", first=20),
        "allow_bypass": True,
    },
    "no optimum": {"sequence": component("zipf", N=20), "optimum": False},
}


def case(name, horizon=300, cache_size=5):
    return PagingEnvironment(cache_size, horizon=horizon, **CASES[name])


def test_registered():
    assert ENVIRONMENTS.load("paging") is PagingEnvironment
    assert offers(begun(3, S2), RequestBlocks)


def begun(*args, seed=0, **parameters):
    made = PagingEnvironment(*args, **parameters)
    made.begin(made.draw(np.random.default_rng(seed)))
    return made


def play(made, choose):
    """Serve all requests; returns the running number of faults."""
    faults = []
    while made.clock < made.horizon:
        seen = made.observe()
        _, fault = made.transition(choose(seen))
        faults.append(fault)
        assert len(made.observe().cache) <= made.cache_size
    return np.cumsum(faults)


@pytest.mark.parametrize("name", ["plain", "flipped", "bypass"])
def test_no_play_beats_the_optimum_at_any_time(name):
    made = case(name)
    for seed in range(5):
        made.begin(made.draw(np.random.default_rng(seed)))
        rng = np.random.default_rng(seed)
        running = play(made, lambda seen, rng=rng: int(rng.integers(made.action_space.n)))
        best = getattr(made.instance(), "opt_bypass" if made.allow_bypass else "opt")
        assert np.all(running >= best)
        times = np.array([1, 7, 300])
        curves = made.comparators(times)
        assert curves["opt"].tolist() == (-made.instance().opt[times - 1]).tolist()
        assert curves["worst"].tolist() == [-1, -7, -300]


def test_the_optimum_can_be_played():
    made = begun(3, S2)
    running = play(made, lambda seen: made.clairvoyant("opt"))
    assert running.tolist() == made.instance().opt.tolist()
    assert running[-1] == 9
    made = begun(3, S2, allow_bypass=True)
    assert play(made, lambda seen: made.clairvoyant("opt_bypass"))[-1] == 8
    made = begun(3, S2)
    with pytest.raises(ValueError, match=r"comparator must be opt, .* got 'best_static'"):
        made.clairvoyant("best_static")


def test_what_is_observed():
    made = begun(3, S2, component("oracle", kind="discard"))
    seen = made.observe()
    assert seen == (7, 1, -1.0, False, (), 0)
    made.transition(Eviction())
    made.transition(Eviction())
    assert made.observe() == (1, 1, -1.0, False, (0, 7), 2)
    made = begun(3, S2, component("oracle", kind="reuse"))
    assert made.observe()[:3] == (7, -1, 17.0)
    assert begun(3, S2).observe()[:3] == (7, -1, -1.0)


@pytest.mark.parametrize("name", ["plain", "flipped", "reuse"])
def test_observations_are_those_of_the_tape(name, monkeypatch):
    monkeypatch.setattr("environments.paging.tape.STRETCH", 13)
    made = case(name, horizon=100)
    tape = made.draw(np.random.default_rng(2))
    made.begin(tape)
    seen = []
    play(made, lambda request: seen.append(request) or 0)
    assert [request.page for request in seen] == tape.requests.pages.tolist()
    assert [request.bit for request in seen] == (tape.bits.tolist() or [-1] * 100)
    assert [request.reuse for request in seen] == (tape.reuse.tolist() or [-1.0] * 100)
    assert [request.time for request in seen] == list(range(100))
    assert all(request.hit == (request.page in request.cache) for request in seen)


@pytest.mark.parametrize("name", ["flipped", "phases", "no optimum"])
def test_leaps_and_steps_mix(name, monkeypatch):
    monkeypatch.setattr("environments.paging.tape.STRETCH", 17)
    monkeypatch.setattr("environments.paging.environment.STRETCH", 17)
    steps, mixed = case(name), case(name)
    tape = steps.draw(np.random.default_rng(3))
    ours, theirs = LRU(), LRU()
    for environment, policy in ((steps, ours), (mixed, theirs)):
        environment.begin(tape)
        policy.reset(environment.problem, np.random.default_rng(0))
    for stop, leaps in ((1, True), (2, False), (50, True), (60, False), (299, True), (300, False)):
        while mixed.clock < stop:
            if leaps:
                block = mixed.block(stop - mixed.clock)
                n = len(block.pages)
                assert n <= 17
                assert block.pages.tolist() == tape.requests.pages[mixed.clock : mixed.clock + n].tolist()
                assert len(block.bits) == (n if tape.bits.size else 0)
                assert not any(part.flags.writeable for part in block)
                mixed.absorb(theirs.play(block))
            else:
                mixed.transition(theirs.choose(mixed.observe()))
        while steps.clock < stop:
            steps.transition(ours.choose(steps.observe()))
        assert steps.observe() == mixed.observe()
    times = np.arange(301)
    for series, values in steps.metrics(times).items():
        assert values.tolist() == mixed.metrics(times)[series].tolist(), series
    with pytest.raises(RuntimeError, match="the run is over"):
        mixed.block(1)
    with pytest.raises(RuntimeError, match="the run is over"):
        mixed.absorb(Departures(np.array([0]), np.array([1])))


@pytest.mark.parametrize(
    ("pages", "ends", "message"),
    [
        ([], [0, 0, 0], "request 2: no room for page 2: the cache of 2 is full and nothing is evicted"),
        ([5], [0, 0, 1], "request 2: page 5 is to be evicted but is not cached"),
        ([2, 0], [0, 0, 2], "request 2: page 2 is evicted before its request was served: use discard"),
        ([0, 0], [0, 0, 2], "request 2: page 0 is to be evicted twice"),
        ([2], [0, 0, 1], "request 2: no room for page 2"),
        ([0], [0, 0, 3], "request 2: ends of departures must not decrease, nor go beyond the pages"),
    ],
)
def test_a_compiled_policy_that_breaks_a_rule_is_named_with_its_request(pages, ends, message):
    made = begun(2, [0, 1, 2, 3, 0])
    with pytest.raises(RuntimeError, match=f"^{message}"):
        made.absorb(Departures(np.array(pages, dtype=np.int64), np.array(ends)))
    assert (made.clock, made.metrics(np.array([2]))["faults"]) == (2, [2])
    assert made.observe() == (2, -1, -1.0, False, (0, 1), 2)
    made.absorb(Departures(np.array([0, 1, 3]), np.array([1, 3])))  # the last page is discarded
    assert made.observe().cache == (2,)


def test_a_compiled_policy_is_believed_in_nothing():
    class Braggart(LRU):
        def _serve(self, requests, uniforms, faults, gone):
            super()._serve(requests, uniforms, faults, gone)
            faults[:] = 0

    made = case("plain")
    for policy in (LRU(), Braggart()):
        made.begin(made.draw(np.random.default_rng(1)))
        policy.reset(made.problem, np.random.default_rng(0))
        policy.advance(made, 300)
        assert made.metrics(np.array([300]))["faults"] > [100]


@pytest.mark.parametrize("n", [0, 4])
def test_departures_for_another_number_of_requests(n):
    made = begun(2, [0, 1, 2])
    with pytest.raises(ValueError, match=rf"departures must be for 1\.\.[13] requests, got {n}"):
        made.absorb(Departures(np.empty(0, np.int64), np.zeros(n, np.int64)))
    assert made.clock == 0


@pytest.mark.parametrize("name", ["lru", "mark0", "flush_when_all_zeros"])
def test_faults_are_those_of_a_set_of_pages(name):
    made, policy = case("flipped"), POLICIES.load(name)()
    made.begin(made.draw(np.random.default_rng(2)))
    policy.reset(made.problem, np.random.default_rng(3))
    held, faults, start = set(), [], 0
    block = made.block(300)
    departures = policy.play(block)
    for page, end in zip(block.pages.tolist(), departures.ends.tolist(), strict=True):
        faults.append(page not in held)
        held = (held | {page}) - set(departures.pages[start:end].tolist())
        start = end
    made.absorb(departures)
    assert made.metrics(np.arange(1, 301))["faults"].tolist() == np.cumsum(faults).tolist()
    assert made.observe().cache == tuple(sorted(held))


def test_the_metrics_count_wrong_bits_so_far():
    made = begun(3, S2, component("constant", kind="discard", value=0))
    for _ in S2:
        made.transition(made.clairvoyant("opt"))
    metrics = made.metrics(np.arange(21))
    assert (
        metrics["eta_0"].tolist()[1:]
        == made.instance().eta_0.tolist()
        == np.cumsum([int(b) for b in "10100011000100100000"]).tolist()
    )
    assert {name: (values[0], values[-1]) for name, values in metrics.items()} == {
        "reward": (0.0, -9.0),
        "faults": (0.0, 9.0),
        "eta_0": (0.0, 6.0),
        "eta_1": (0.0, 0.0),
    }


def test_instance():
    made = begun(3, S2, component("inverted", kind="phase"))
    instance = made.instance()
    assert instance.clean[-1] == 9
    assert (instance.eta_0[-1], instance.eta_1[-1]) == (6, 9)
    assert instance.oblivious is True
    assert not np.any(instance.eta_reuse)
    for key in ("opt", "opt_bypass", "clean", "eta_0", "eta_1", "eta_reuse"):
        values = getattr(instance, key)
        assert values.dtype == np.float64
        assert values.shape == (20,)
        assert np.all(np.diff(values) >= 0)
    assert begun(3, S2, allow_bypass=True).problem.bypass is True
    assert begun(3, S2, optimum=False).instance().opt is None


def test_requests_and_noise_come_from_separate_streams():
    def tape(p):
        flip = component("flip", kind="discard", p=p)
        made = PagingEnvironment(5, component("zipf", N=40), flip, horizon=200)
        return made.draw(np.random.default_rng(7))

    few, many = tape(0.1), tape(0.4)
    assert np.array_equal(few.requests.pages, many.requests.pages)
    truth = few.requests.truth("discard")
    assert np.all((many.bits != truth) >= (few.bits != truth))
    assert np.any(few.bits != many.bits)
    other = PagingEnvironment(5, "uniform", component("flip", kind="discard", p=0.1), horizon=200)
    drawn = other.draw(np.random.default_rng(7))
    assert np.array_equal(drawn.bits != drawn.requests.truth("discard"), few.bits != truth)


def test_fixed_requests_are_analysed_once():
    made = PagingEnvironment(3, S2, component("flip", kind="discard", p=0.5))
    first, second = (made.draw(np.random.default_rng(seed)) for seed in (0, 1))
    assert first.requests is second.requests
    assert not np.array_equal(first.bits, second.bits)


def test_regrets_and_lower_bounds():
    assert [n.name for n in case("plain").regrets()] == ["regret", "static"]
    assert case("plain").regrets()[0].comparator_class == "opt"
    assert [n.name for n in case("bypass").regrets()] == ["bypass", "regret", "static"]
    assert [n.name for n in case("no optimum").regrets()] == ["faults"]
    made = case("flipped")
    made.begin(made.draw(np.random.default_rng(0)))
    (bound,) = made.lower_bounds()
    assert bound.curve(np.array([1.0, 300.0])) == pytest.approx([1 / 6 - 1, 50 - made.instance().opt[-1]])
    made = case("phases")
    made.begin(made.draw(np.random.default_rng(0)))
    assert made.lower_bounds() == ()


def test_a_run_pickles_with_its_instance_looked_at():
    made = case("flipped")
    made.begin(made.draw(np.random.default_rng(0)))
    assert made.instance().opt.size == 300
    made.transition(0)
    copy = pickle.loads(pickle.dumps(made))
    assert play(copy, lambda seen: 0).tolist() == play(made, lambda seen: 0).tolist()
    assert repr(copy.metrics(np.arange(301))) == repr(made.metrics(np.arange(301)))


def test_broken_rules_stop_the_run():
    made = begun(2, [0, 1, 2, 3])
    for action in (0, 0):
        made.transition(action)
    for action, message in (
        (Eviction((5,)), "not cached"),
        (Eviction(), "no room"),
        (Eviction((2,)), "before its request"),
        (2, "slot must be in 0..1, got 2"),
    ):
        with pytest.raises(RuntimeError, match=message):
            made.transition(action)
    assert (made.clock, made.metrics(np.array([2]))["faults"]) == (2, [2])


def test_length_and_horizon():
    assert PagingEnvironment(3, S2).problem.horizon == 20
    assert PagingEnvironment(3, S2, horizon=5).problem.horizon == 5
    assert PagingEnvironment(3, "zipf").problem.horizon == 10_000
    assert PagingEnvironment(3, component("given", pages=S2, n_pages=9)).problem.n_pages == 9


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"cache_size": 0}, ValueError, "cache_size must be a whole number >= 1, got 0"),
        ({"cache_size": True}, ValueError, "cache_size must be a whole number >= 1, got True"),
        ({"cache_size": 2.0}, ValueError, "cache_size must be"),
        ({"horizon": 0}, ValueError, "horizon must be a whole number"),
        ({"horizon": 21}, ValueError, "horizon must be at most 20, the number of requests there are, got 21"),
        ({"horizon": 2**31}, ValueError, "horizon must be a whole number in 1..2147483647"),
        ({"sequence": []}, ValueError, "sequence: there is no request"),
        ({"sequence": [0.5]}, ValueError, "sequence: requests must be whole numbers"),
        ({"sequence": [-1]}, ValueError, "sequence: requests must be page ids >= 0"),
        ({"sequence": {}}, ValueError, "sequence must be a name, or"),
        ({"sequence": "zpif"}, ValueError, r"sequence: unknown request sequence 'zpif' \(did you mean 'zipf'\?\)"),
        ({"sequence": component("given", pages=[3], n_pages=3)}, ValueError, "sequence: .* below n_pages = 3, got 3"),
        ({"sequence": component("given", pages=[3], n_page=4)}, ValueError, r"'n_page' \(did you mean 'n_pages'"),
        ({"sequence": component("zipf", a=-1)}, ValueError, "sequence: a must be"),
        ({"sequence": component("trace", path="none.txt")}, FileNotFoundError, "no trace file none.txt"),
        ({"sequence": component("trace", path="none.txt", formt="csv")}, ValueError, r"did you mean 'format'\?"),
        ({"predictions": component("oracle", kind="bits")}, ValueError, "predictions: kind must be one of"),
        (
            {"predictions": component("given", kind="discard", values=[0])},
            ValueError,
            "predictions: values must be one for each of the 20 requests",
        ),
        (
            {"predictions": component("static", kind="discard", bits=[0])},
            ValueError,
            "predictions: bits must be one for each of the 8",
        ),
        (
            {"predictions": component("oracle", kind="discard"), "optimum": False},
            ValueError,
            "predictions must be None",
        ),
        ({"eta_counting": "last"}, ValueError, "eta_counting must be one of last_in_phase, all, got 'last'"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        PagingEnvironment(**{"cache_size": 3, "sequence": S2, **parameters})


@pytest.mark.parametrize(
    "ids",
    [
        [9990258823, 17, 9990258823, 2**40, 17],
        [2**64 - 1, 2**63, 2**64 - 1, 5, 2**63],
        [2**90, 3, 2**90, 2**64, 3],
        np.array([2**64 - 1, 2**63, 2**64 - 1, 5, 2**63], dtype=np.uint64),
        np.array([0x7FFE12345678, 0x400000, 0x7FFE12345678, 0x7FFE12345680, 0x400000]),
    ],
)
def test_hashes_and_addresses_are_numbered(ids):
    """In the order of first appearance, whatever their size: nothing is as large as an id."""
    environment = PagingEnvironment(2, ids)
    small = PagingEnvironment(2, [0, 1, 0, 2, 1])
    for made in (environment, small):
        made.begin(made.draw(np.random.default_rng(0)))
    assert environment.problem == small.problem
    assert environment.block(5).pages.tolist() == [0, 1, 0, 2, 1]
    assert (
        environment.comparators(np.arange(1, 6))["opt"].tolist() == small.comparators(np.arange(1, 6))["opt"].tolist()
    )


def test_page_ids_stay_as_they_are():
    environment = PagingEnvironment(2, [10**6, 3, 10**6])
    environment.begin(environment.draw(np.random.default_rng(0)))
    assert environment.block(3).pages.tolist() == [10**6, 3, 10**6]
    assert environment.problem.n_pages == 10**6 + 1


@pytest.mark.parametrize(
    ("sequence", "message"),
    [
        (
            {"name": "given", "parameters": {"pages": [2**40, 1], "n_pages": 5}},
            "ids below n_pages = 5, got 109951",
        ),
        (
            {"name": "given", "parameters": {"pages": [2**40, 1], "n_pages": 2**41}},
            "without it, ids of any size are",
        ),
        ([-(2**62), 5], r"page ids >= 0, got -4611686018427387904; hashes as signed numbers: .*view\(numpy.uint64\)"),
        ([2**90, 0.5], "requests must be whole numbers, got object"),
        ([True, False], "requests must be whole numbers, got bool"),
    ],
)
def test_ids_that_are_refused(sequence, message):
    with pytest.raises(ValueError, match=message):
        PagingEnvironment(2, sequence)

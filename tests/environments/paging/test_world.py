"""The paging world: contract, ledger, comparators, facts, both drivers."""

import pickle

import numpy as np
import pytest

from bandits.offers import offers
from bandits.paging.policy import Eviction, RequestBlocks
from environments import ENVIRONMENTS
from environments.checks import check_environment
from environments.paging.hindsight import KEYS
from environments.paging.world import PagingWorld

S2 = [7, 0, 1, 2, 0, 3, 0, 4, 2, 3, 0, 3, 2, 1, 2, 0, 1, 7, 0, 1]

WORLDS = {
    "plain": {"sequence": {"generator": "zipf", "N": 40}},
    "flipped": {
        "sequence": {"generator": "uniform"},
        "predictions": {"kind": "discard", "source": "flip", "p": 0.1},
    },
    "phases": {"sequence": {"generator": "loop_scan"}, "predictions": {"kind": "phase"}, "eta_counting": "all"},
    "reuse": {
        "sequence": {"generator": "markov"},
        "predictions": {"kind": "reuse", "source": "noisy_reuse", "sigma": 3.0},
    },
    "bypass": {
        "sequence": {"generator": "working_set", "N": 30, "w": 8},
        "predictions": {"kind": "phase", "source": "learned", "first": 20},
        "allow_bypass": True,
    },
    "no optimum": {"sequence": {"generator": "zipf", "N": 20}, "optimum": False},
}


def world(name, horizon=300, cache_size=5):
    return PagingWorld(cache_size, horizon=horizon, **WORLDS[name])


@pytest.mark.parametrize("name", WORLDS)
def test_contract(name):
    check_environment(lambda: world(name))


def test_registered():
    assert ENVIRONMENTS.load("paging") is PagingWorld
    assert offers(world("plain"), RequestBlocks)


def begun(*args, seed=0, **parameters):
    made = PagingWorld(*args, **parameters)
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
    made = world(name)
    for seed in range(5):
        made.begin(made.draw(np.random.default_rng(seed)))
        rng = np.random.default_rng(seed)
        running = play(made, lambda seen, rng=rng: int(rng.integers(made.action_space.n)))
        best = made.facts()["opt_bypass" if made.allow_bypass else "opt"]
        assert np.all(running >= best)
        times = np.array([1, 7, 300])
        curves = made.comparators(times)
        assert curves["opt"].tolist() == (-made.facts()["opt"][times - 1]).tolist()
        assert curves["worst"].tolist() == [-1, -7, -300]


def test_the_optimum_can_be_played():
    made = begun(3, S2)
    running = play(made, lambda seen: made.clairvoyant("opt"))
    assert running.tolist() == made.facts()["opt"].tolist()
    assert running[-1] == 9
    made = begun(3, S2, allow_bypass=True)
    assert play(made, lambda seen: made.clairvoyant("opt_bypass"))[-1] == 8
    made = begun(3, S2)
    with pytest.raises(ValueError, match=r"comparator must be opt, .* got 'best_static'"):
        made.clairvoyant("best_static")


def test_what_is_observed():
    made = begun(3, S2, {"kind": "discard"})
    seen = made.observe()
    assert seen == (7, 1, -1.0, False, (), 0)
    made.transition(Eviction())
    made.transition(Eviction())
    assert made.observe() == (1, 1, -1.0, False, (0, 7), 2)
    made = begun(3, S2, {"kind": "reuse"})
    assert made.observe()[:3] == (7, -1, 17.0)
    assert begun(3, S2).observe()[:3] == (7, -1, -1.0)


@pytest.mark.parametrize("name", ["plain", "flipped", "reuse"])
def test_observations_are_those_of_the_tape(name, monkeypatch):
    monkeypatch.setattr("environments.paging.sequence.CHUNK", 13)
    made = world(name, horizon=100)
    tape = made.draw(np.random.default_rng(2))
    made.begin(tape)
    seen = []
    play(made, lambda request: seen.append(request) or 0)
    assert [request.page for request in seen] == tape.requests.pages.tolist()
    assert [request.bit for request in seen] == (tape.bits.tolist() or [-1] * 100)
    assert [request.reuse for request in seen] == (tape.reuse.tolist() or [-1.0] * 100)
    assert [request.time for request in seen] == list(range(100))
    assert all(request.hit == (request.page in request.cache) for request in seen)


def lru(pages, k):
    cache, faults = [], []
    for page in pages:
        faults.append(page not in cache)
        if page in cache:
            cache.remove(page)
        cache = [*cache, page][-k:]
    return np.array(faults, dtype=np.uint8)


@pytest.mark.parametrize("name", ["flipped", "phases", "no optimum"])
def test_blocks_and_steps_give_the_same_ledger(name):
    steps, blocks = world(name), world(name)
    tape = steps.draw(np.random.default_rng(3))
    faults = lru(tape.requests.pages.tolist(), 5)
    steps.begin(tape)
    blocks.begin(tape)
    used = []

    def oldest(seen):
        victim = next((page for page in used if page in seen.cache), None)
        full = not seen.hit and len(seen.cache) == 5
        if seen.page in used:
            used.remove(seen.page)
        used.append(seen.page)
        return Eviction((victim,)) if full else Eviction()

    for stop in (1, 2, 50, 299, 300):
        while blocks.clock < stop:
            block = blocks.requests(min(stop - blocks.clock, 17))
            n = len(block.pages)
            assert block.pages.tolist() == tape.requests.pages[blocks.clock : blocks.clock + n].tolist()
            assert len(block.bits) == (n if tape.bits.size else 0)
            blocks.absorb(faults[blocks.clock : blocks.clock + n])
        while steps.clock < stop:
            steps.transition(oldest(steps.observe()))
        assert steps.ledger() == blocks.ledger()
    with pytest.raises(RuntimeError, match="the cache is not known"):
        blocks.observe()
    with pytest.raises(RuntimeError, match="the run is over"):
        blocks.requests(1)
    with pytest.raises(ValueError, match="faults must be at most 0 in number, got 1"):
        blocks.absorb(faults[:1])


def test_the_ledger_counts_wrong_bits_so_far():
    made = begun(3, S2, {"kind": "discard", "source": "constant", "value": 0})
    wrong = []
    for _ in S2:
        made.transition(made.clairvoyant("opt"))
        wrong.append(made.ledger()["eta_0"])
    assert wrong == made.facts()["eta_0"].tolist() == np.cumsum([int(b) for b in "10100011000100100000"]).tolist()
    assert made.ledger() == {"reward": -9.0, "faults": 9.0, "eta_0": 6.0, "eta_1": 0.0}


def test_facts():
    made = begun(3, S2, {"kind": "phase", "source": "inverted"})
    facts = made.facts()
    assert set(facts) == set(KEYS)
    assert len(facts) == len(KEYS)
    assert facts["clean"].tolist()[-1] == 9
    assert (facts["eta_0"][-1], facts["eta_1"][-1]) == (6, 9)
    assert (facts["cache_size"], facts["n_pages"], facts["prediction"]) == (3, 8, "phase")
    assert facts["oblivious"] is facts["no_bypass"] is True
    assert not np.any(facts["eta_reuse"])
    assert facts.get("gaps") is None
    for key in ("opt", "opt_bypass", "clean", "eta_0", "eta_1", "eta_reuse"):
        assert facts[key].dtype == np.float64
        assert facts[key].shape == (20,)
        assert np.all(np.diff(facts[key]) >= 0)
    assert begun(3, S2, allow_bypass=True).facts()["no_bypass"] is False


def test_requests_and_noise_come_from_separate_streams():
    def tape(p):
        made = PagingWorld(
            5, {"generator": "zipf", "N": 40}, {"kind": "discard", "source": "flip", "p": p}, horizon=200
        )
        return made.draw(np.random.default_rng(7))

    few, many = tape(0.1), tape(0.4)
    assert np.array_equal(few.requests.pages, many.requests.pages)
    truth = few.requests.truth("discard")
    assert np.all((many.bits != truth) >= (few.bits != truth))
    assert np.any(few.bits != many.bits)
    other = PagingWorld(5, {"generator": "uniform"}, {"kind": "discard", "source": "flip", "p": 0.1}, horizon=200)
    drawn = other.draw(np.random.default_rng(7))
    assert np.array_equal(drawn.bits != drawn.requests.truth("discard"), few.bits != truth)


def test_fixed_requests_are_analysed_once():
    made = PagingWorld(3, S2, {"kind": "discard", "source": "flip", "p": 0.5})
    first, second = (made.draw(np.random.default_rng(seed)) for seed in (0, 1))
    assert first.requests is second.requests
    assert not np.array_equal(first.bits, second.bits)


def test_notions_and_lower_bounds():
    assert [n.name for n in world("plain").notions()] == ["regret", "static"]
    assert world("plain").notions()[0].against == "opt"
    assert [n.name for n in world("bypass").notions()] == ["bypass", "regret", "static"]
    assert [n.name for n in world("no optimum").notions()] == ["faults"]
    made = world("flipped")
    made.begin(made.draw(np.random.default_rng(0)))
    (bound,) = made.lower_bounds()
    assert bound.curve(np.array([1.0, 300.0])) == pytest.approx([1 / 6 - 1, 50 - made.facts()["opt"][-1]])
    assert world("phases").lower_bounds() == ()


def test_a_run_pickles_with_facts_looked_at():
    made = world("flipped")
    made.begin(made.draw(np.random.default_rng(0)))
    made.facts()["opt"]
    made.transition(0)
    copy = pickle.loads(pickle.dumps(made))
    assert play(copy, lambda seen: 0).tolist() == play(made, lambda seen: 0).tolist()
    assert copy.ledger() == made.ledger()


def test_broken_rules_stop_the_run():
    made = begun(2, [0, 1, 2, 3])
    for action in (0, 0):
        made.transition(action)
    before = dict(made.ledger())
    for action, message in (
        (Eviction((5,)), "not cached"),
        (Eviction(), "no room"),
        (Eviction((2,)), "before its request"),
        (2, "slot must be in 0..1, got 2"),
    ):
        with pytest.raises(RuntimeError, match=message):
            made.transition(action)
    assert (made.clock, made.ledger()) == (2, before)


def test_length_and_horizon():
    assert PagingWorld(3, S2).problem.horizon == 20
    assert PagingWorld(3, S2, horizon=5).problem.horizon == 5
    assert PagingWorld(3, {"generator": "zipf"}).problem.horizon == 10_000
    assert PagingWorld(3, {"pages": S2, "n_pages": 9}).problem.items == 9


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"cache_size": 0}, ValueError, "cache_size must be a whole number >= 1, got 0"),
        ({"cache_size": True}, TypeError, "cache_size must be a whole number >= 1, got True"),
        ({"cache_size": 2.0}, TypeError, "cache_size must be"),
        ({"horizon": 0}, ValueError, "horizon must be a whole number"),
        ({"horizon": 21}, ValueError, "horizon must be at most 20, the number of requests there are, got 21"),
        ({"horizon": 2**31}, ValueError, "horizon must be a whole number in 1..2147483647"),
        ({"sequence": []}, ValueError, "sequence: there is no request"),
        ({"sequence": [0.5]}, ValueError, "sequence: requests must be whole numbers"),
        ({"sequence": [-1]}, ValueError, "sequence: requests must be page ids >= 0"),
        ({"sequence": {}}, ValueError, "sequence: give exactly one of pages, generator and trace, got nothing"),
        ({"sequence": {"generator": "zipf", "trace": "x"}}, ValueError, "exactly one of"),
        ({"sequence": {"pages": [3], "n_pages": 3}}, ValueError, "below n_pages = 3, got 3"),
        ({"sequence": {"pages": [3], "n_page": 4}}, ValueError, r"unknown key 'n_page' \(did you mean 'n_pages'"),
        ({"sequence": {"generator": "zipf", "a": -1}}, ValueError, "sequence: a must be"),
        ({"sequence": {"trace": "none.txt"}}, FileNotFoundError, "no trace file none.txt"),
        ({"sequence": {"trace": "none.txt", "formt": "csv"}}, ValueError, r"did you mean 'format'\?"),
        ({"predictions": {"kind": "bits"}}, ValueError, "predictions: kind must be one of"),
        (
            {"predictions": {"kind": "discard", "source": "given", "values": [0]}},
            ValueError,
            "predictions: bits must be one for each of the 20 requests",
        ),
        (
            {"predictions": {"kind": "discard", "source": "static", "bits": [0]}},
            ValueError,
            "predictions: bits must be one for each of the 8",
        ),
        ({"predictions": {"kind": "discard"}, "optimum": False}, ValueError, "predictions must be None"),
        ({"eta_counting": "last"}, ValueError, "eta_counting must be one of last_in_phase, all, got 'last'"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        PagingWorld(**{"cache_size": 3, "sequence": S2, **parameters})

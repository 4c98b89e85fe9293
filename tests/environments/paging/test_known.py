"""Requests that jobs share: what is kept decides no number, and is no more than it may be."""

import os
import pickle
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from bandits.checks import check_policy
from bandits.paging.fifo import FIFO
from bandits.paging.lru import LRU
from environments.checks import check_environment
from environments.paging import known as module
from environments.paging.environment import PagingEnvironment
from environments.paging.generators import Uniform, Zipf
from environments.paging.hindsight import FEW, KnownRequests, RequestSequence
from environments.paging.known import forget, known
from environments.paging.optimum import best_static, lfd
from environments.paging.recorded import Trace
from environments.paging.sequences import Generator
from environments.paging.stacks import faults_at, lru_distances
from environments.paging.walks import Markov, WorkingSet
from experiments.run.jobs import jobs_of, run_job
from experiments.study.config import parse_study

ZIPF = {"name": "zipf", "parameters": {"N": 60, "a": 0.9}}
T = 700
TIMES = np.unique(np.append(np.geomspace(1, T, 40).astype(np.int64), T))


@pytest.fixture(autouse=True)
def nothing_is_known():
    forget()
    yield
    forget()


@pytest.fixture
def others_played(monkeypatch):
    """As if LRU had played every sequence with another size before."""
    plain = KnownRequests.__init__

    def primed(self, *arguments):
        plain(self, *arguments)
        self.played.add(0)

    monkeypatch.setattr(KnownRequests, "__init__", primed)


def begun(k, sequence=ZIPF, seed=3, **options):
    made = PagingEnvironment(k, sequence, horizon=T, **options)
    made.begin(made.draw(np.random.default_rng(seed)))
    policy = LRU()
    policy.reset(made.problem, np.random.default_rng(0))
    return made, policy


def plain(k, **options):
    """A run in which no size was played before."""
    forget()
    made, policy = begun(k, **options)
    made.tape.requests.known.played.clear()
    while made.clock < T:
        policy.advance(made, T - made.clock)
    assert made._lag == 0
    forget()
    return made, policy


def order_of(policy):
    """The pages that an LRU holds, the one used last at the end."""
    s, pages = policy._state, []
    x = s.newer[s.page.size]
    while x != s.page.size:
        pages.append(int(s.page[x]))
        x = s.newer[x]
    return pages


@pytest.mark.parametrize("k", [1, 2, 7, 30, 59, 60, 200])
@pytest.mark.parametrize("stops", [[T], [1, T], [5, 6, 100, 350, T], [699, T]])
def test_lru_is_what_it_is_when_it_plays(others_played, k, stops):
    expected, alone = plain(k)
    made, policy = begun(k)
    for stop in stops:
        policy.advance(made, stop - made.clock)
        assert made.clock == stop == made._lag
        times = TIMES[: np.searchsorted(TIMES, stop, side="right")]
        for name, values in made.metrics(times).items():
            assert np.array_equal(values, expected.metrics(times)[name])
    assert order_of(policy) == order_of(alone)
    assert made._cache.faults == 0.0  # nobody has asked for it
    assert made.observe() == expected.observe()
    assert np.array_equal(made._cache._page, expected._cache._page)  # slot by slot
    assert made._cache.faults == expected._cache.faults
    for name, values in made.metrics(TIMES).items():
        assert np.array_equal(values, expected.metrics(TIMES)[name])


@pytest.mark.parametrize("k", [1, 7, 59, 80])
@pytest.mark.parametrize("cut", [0, 1, 6, 300])
def test_a_run_goes_on_after_steps_pickling_and_other_policies(others_played, k, cut):
    """Leaps and steps in turn, in every order, with the whole pickled in between: faults and slots are the same."""
    expected, _ = plain(k)
    for steps_first in (False, True):
        made, policy = begun(k)
        for i, until in enumerate((cut, cut + 50, 400, 450, T)):
            made, policy = pickle.loads(pickle.dumps((made, policy)))
            while made.clock < until:
                if (i % 2 == 0) is steps_first:
                    observation = made.observe()
                    action = policy.choose(observation)
                    policy.update(observation, action, made.transition(action)[1])
                else:
                    policy.advance(made, until - made.clock)
        for name, values in made.metrics(TIMES).items():
            assert np.array_equal(values, expected.metrics(TIMES)[name])
        made.observe()
        assert np.array_equal(made._cache._page, expected._cache._page)


def test_it_is_no_other_policys_cache(others_played):
    """After what another policy did, LRU plays."""
    made, policy = begun(7)
    first = FIFO()
    first.reset(made.problem, np.random.default_rng(0))
    first.advance(made, 200)
    assert made.clock == 200
    assert made.serve_by_recency(10) is None
    assert made.clock == 200
    made, policy = begun(7)
    policy.advance(made, 200)
    assert made._lag == 200
    made.transition(int(made.observe().hit))
    assert made.clock == 201
    assert made.serve_by_recency(10) is None


def test_metrics_of_the_future_are_refused(others_played):
    times = np.array([50, 100])
    expected = plain(7)[0].metrics(times)["faults"].tolist()
    made, policy = begun(7)
    policy.advance(made, 100)
    with pytest.raises(ValueError, match=r"times must lie in 0\.\.100"):
        made.metrics(np.array([50, 101]))
    assert made.metrics(times)["faults"].tolist() == expected


@pytest.mark.parametrize("bypass", [False, True])
def test_the_contract_holds(others_played, bypass):
    for k in (1, 5, 40):
        make = lambda k=k: PagingEnvironment(k, ZIPF, horizon=200, allow_bypass=bypass)  # noqa: E731
        check_policy(LRU, make)
        check_environment(make)


def test_the_second_size_is_counted():
    """One size is played, as it is quicker; of the second on, faults are counted."""
    lags = []
    for k in (5, 5, 9, 5, 40):
        made, policy = begun(k)
        policy.advance(made, T)
        lags.append(made._lag)
    assert lags == [0, 0, T, T, T]
    made, policy = begun(9, seed=4)
    policy.advance(made, T)
    assert made._lag == 0


STUDY = """
name: sizes
seed: 11
replicates: 2
checkpoints: 25
policies: [lru, fifo]
experiments:
  - name: zipf
    horizon: 900
    environment:
      name: paging
      parameters:
        cache_size: {sweep: [1, 2, 3, 5, 8, 13, 20, 30, 45, 60, 90, 150]}
        sequence: {name: zipf, parameters: {N: 120}}
  - name: scan
    horizon: 800
    environment:
      name: paging
      parameters:
        cache_size: {sweep: [1, 10, 30]}
        allow_bypass: true
        sequence: {name: loop_scan, parameters: {N: 40}}
  - name: bits
    horizon: 800
    environment:
      name: paging
      parameters:
        cache_size: {sweep: [2, 10, 30]}
        sequence: {name: working_set, parameters: {N: 80}}
        predictions: {name: flip, parameters: {kind: discard, p: 0.1}}
"""


def same(result, other):
    arrays, about = result
    assert about == other[1]
    assert arrays.keys() == other[0].keys()
    for name, values in arrays.items():
        assert np.array_equal(values, other[0][name], equal_nan=True), name


def test_results_are_bit_for_bit_what_each_job_gives_alone(monkeypatch):
    """In any order, whatever ran before; the optimum beyond the first sizes is counted."""
    jobs = jobs_of(parse_study(STUDY))
    alone = {}
    for job in jobs:
        forget()
        alone[job.key] = run_job(job)
    counted = []
    plain = faults_at
    monkeypatch.setattr("environments.paging.hindsight.faults_at", lambda *a: counted.append(a[1]) or plain(*a))
    for order in (jobs, jobs[::-1], jobs[::2] + jobs[1::2]):
        forget()
        counted.clear()
        for job in order:
            same(run_job(job), alone[job.key])
        assert len(set(counted)) >= 3  # sizes after the first five
    for job in jobs:  # once more, everything known
        same(run_job(job), alone[job.key])


def test_of_many_sizes_the_optimum_is_counted():
    pages = Zipf(90).draw(600, np.random.default_rng(1))
    shared = KnownRequests(pages, 90)
    times = np.array([600, 1, 17, 300, 17])
    for k in range(1, 95):
        sequence = shared.sequence(k)
        assert sequence is shared.sequence(k)
        assert sequence.opt_at(times).tolist() == np.cumsum(lfd(pages, k, 90).faults)[times - 1].tolist()
        assert ("optimal" in vars(sequence)) == (k <= FEW)
    assert shared.optima == set(range(1, FEW + 1))


def test_times_beyond_the_end_are_refused():
    distances = lru_distances([1, 2, 1])
    assert faults_at(distances, 1, np.array([3, 0, 2])).tolist() == [3.0, 0.0, 2.0]
    assert faults_at(distances, 2, np.array([3]), 1).tolist() == [1.0]
    with pytest.raises(IndexError, match="times must be at most 3, got 4"):
        faults_at(distances, 1, np.array([4]))


@pytest.mark.parametrize("seed", range(4))
def test_best_static_sets_against_the_largest_counts(seed):
    rng = np.random.default_rng(seed)
    pages = Zipf(50, float(seed) / 2).draw(400, rng)
    times = np.unique(rng.integers(1, 401, 30))
    for k in (1, 2, 10, 49, 50, 70):
        for t, cost in zip(times, best_static(pages, k, times, 50), strict=True):
            largest = np.sort(np.bincount(pages[:t]))[::-1][:k]
            assert cost == t - largest.sum() + np.count_nonzero(largest)


def test_what_is_the_same_sequence():
    """Equal sources with equal random numbers, and nothing else."""

    def drawn(sequence, seed=0, horizon=50, k=3):
        made = PagingEnvironment(k, sequence, horizon=horizon)
        return made.draw(np.random.default_rng(seed)).requests.known

    first = drawn(Zipf(40, 0.7))
    assert drawn({"name": "zipf", "parameters": {"N": 40, "a": 0.7}}, k=9) is first
    assert np.array_equal(first.pages, Zipf(40, 0.7).draw(50, np.random.default_rng(0).spawn(2)[0]))
    others = [
        drawn(Zipf(40, 0.7), seed=1),
        drawn(Zipf(40, 0.7), horizon=49),
        drawn(Zipf(41, 0.7)),
        drawn(Zipf(40, 0.8)),
    ]
    others += [drawn(Uniform(40)), drawn(WorkingSet(40, 9)), drawn(Markov(N=40)), drawn(Markov(N=40))]
    assert len({id(one) for one in (first, *others)}) == 9
    assert drawn("cyclic", k=3) is not drawn("cyclic", k=4)  # of one page more than the cache holds
    seven = {"name": "cyclic", "parameters": {"N": 7}}
    assert drawn(seven, k=3) is drawn(seven, k=4)


@dataclass(frozen=True)
class Mood(Generator):
    """Requests that depend on something else."""

    mood: ClassVar[int] = 0

    def draw(self, n, rng):
        return np.full(n, self.mood)

    def n_pages(self, n):
        return 2


def test_sources_of_others_are_drawn_each_time():
    made = PagingEnvironment(1, Mood(), horizon=4)
    assert made.draw(np.random.default_rng(0)).requests.pages.tolist() == [0] * 4
    Mood.mood = 1
    assert made.draw(np.random.default_rng(0)).requests.pages.tolist() == [1] * 4


def test_a_file_that_changed_is_read_again(tmp_path, monkeypatch):
    path = tmp_path / "trace"

    def requests(**options):
        return PagingEnvironment(2, Trace(path, **options)).draw(np.random.default_rng(0)).requests

    def written(text, age):
        path.write_text(text)
        at = os.stat(path).st_mtime_ns - int(age * 1e9)
        os.utime(path, ns=(at, at))

    written("1\n2\n1\n", 0)  # just now: it may be written again within the same tick
    assert requests().known is not requests().known
    written("1\n2\n1\n", 100)
    before = requests()
    assert requests() is before
    assert requests(format="text").known is not before.known
    written("1\n2\n2\n", 50)
    assert requests().pages.tolist() == [0, 1, 1]


def test_no_more_is_kept_than_may_be(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 100)

    def met(name, size):
        return known(name, lambda: (np.zeros(size, dtype=np.int64), 5))

    a, b = met("a", 40), met("b", 40)
    assert met("a", 40) is a
    assert met("c", 45) is met("c", 45)
    assert met("b", 40) is not b  # a was asked for later, and c is new
    assert met("large", 96) is not met("large", 96)
    assert not module._KNOWN
    assert known(None, lambda: (np.zeros(3, dtype=np.int64), 1)) is not known(None, lambda: (np.zeros(3, np.int64), 1))
    assert not module._KNOWN


def test_a_tape_pickles_as_its_requests():
    shared = KnownRequests(Zipf(50).draw(5000, np.random.default_rng(0)), 50)
    sequence = shared.sequence(7)
    bare = len(pickle.dumps(sequence))
    assert sequence.opt_at(np.array([5000])) > 0
    assert len(pickle.dumps(sequence)) == bare
    copied = pickle.loads(pickle.dumps(sequence))
    assert isinstance(copied, RequestSequence)
    assert (copied.n_pages, copied.cache_size) == (50, 7)
    assert np.array_equal(copied.opt, sequence.opt)

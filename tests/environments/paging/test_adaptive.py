"""The adversary of deterministic policies."""

import numpy as np
import pytest

from bandits.contract import Policy
from bandits.offers import offers
from bandits.paging.problem import Eviction, PagingProblem, RequestBlocks
from environments.paging.adaptive import AdaptivePaging, adaptive
from environments.paging.optimum import lfd
from environments.paging.predictions.times import Oracle


class Recency(Policy):
    """LRU, in the plainest way."""

    plays = (PagingProblem,)
    draws = False

    def reset(self, problem, rng):
        self.size, self.used = problem.cache_size, []
        if self.draws:
            rng.random()

    def choose(self, observation):
        if observation.hit or len(observation.cache) < self.size:
            return Eviction()
        return Eviction((next(page for page in self.used if page in observation.cache),))

    def update(self, observation, action, feedback):
        if observation.page in self.used:
            self.used.remove(observation.page)
        self.used.append(observation.page)


class Coins(Recency):
    """As if it were randomised."""

    draws = True


class Spawning(Recency):
    """Draws from a generator of its own."""

    def reset(self, problem, rng):
        super().reset(problem, rng.spawn(1)[0])


def test_it_is_served_request_by_request():
    environment = AdaptivePaging()
    environment.begin(None)
    assert not offers(environment, RequestBlocks)


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_every_request_is_a_fault_and_the_optimum_is_k_times_better(k):
    environment, policy = (
        AdaptivePaging(k, 400, {"name": "constant", "parameters": {"kind": "phase", "value": 0}}),
        Recency(),
    )
    environment.begin(None)
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 150)
    early = environment.instance()
    assert early is environment.instance()
    policy.advance(environment, 250)
    instance, metrics = environment.instance(), environment.metrics(np.arange(1, 401))
    assert early is not instance
    assert metrics["faults"].tolist() == list(range(1, 401))
    opt = lfd(environment.pages, k).faults.cumsum()
    assert instance.opt.tolist() == metrics["opt"].tolist() == opt.tolist()
    assert (metrics["gain"] - metrics["reward"]).tolist() == opt.tolist()
    assert instance.oblivious is False
    (bound,) = environment.lower_bounds()
    times = np.arange(1.0, 401.0)
    assert np.all(times - opt >= bound.curve(times))
    assert np.array_equal(environment.pages, adaptive(Recency(), k, 400))


def test_lru_is_driven_round_the_cycle():
    assert adaptive(Recency(), 3, 9).tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0]


@pytest.mark.parametrize("policy", [Coins, Spawning])
def test_randomised_policies_are_refused(policy):
    with pytest.raises(ValueError, match=r"policy must be deterministic, .* use the sequence 'uniform'"):
        adaptive(policy(), 3, 10)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"cache_size": 1.5}, ValueError, "cache_size"),
        ({"cache_size": 0}, ValueError, "cache_size"),
        ({"horizon": 0}, ValueError, "horizon"),
        (
            {"predictions": Oracle("discard")},
            ValueError,
            "predictions must be of the source 'constant'",
        ),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        AdaptivePaging(**parameters)

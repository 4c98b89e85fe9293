"""The adversary of deterministic policies."""

import numpy as np
import pytest

from bandits.contract import Policy
from bandits.offers import offers
from bandits.paging.policy import Eviction, RequestBlocks
from environments.checks import check_environment
from environments.paging.adaptive import AdaptivePaging, adaptive
from environments.paging.optimum import lfd


class Recency(Policy):
    """LRU, in the plainest way."""

    accepts = frozenset({("paging", "full")})
    draws = False

    def reset(self, problem, rng):
        self.size, self.used = problem.memory, []
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


def test_contract():
    check_environment(lambda: AdaptivePaging(4, 200))
    check_environment(lambda: AdaptivePaging(3, 50, {"kind": "discard", "source": "constant", "value": 1}))
    assert not offers(AdaptivePaging(), RequestBlocks)


@pytest.mark.parametrize("k", [1, 2, 5, 8])
def test_every_request_is_a_fault_and_the_optimum_is_k_times_better(k):
    world, policy = AdaptivePaging(k, 400, {"kind": "phase", "source": "constant", "value": 0}), Recency()
    world.begin(None)
    policy.reset(world.problem, np.random.default_rng(0))
    policy.advance(world, 150)
    early = world.facts()
    policy.advance(world, 250)
    facts, ledger = world.facts(), world.ledger()
    assert early is not facts
    assert facts is world.facts()
    assert ledger["faults"] == 400
    opt = lfd(world.pages, k).faults.cumsum()
    assert facts["opt"].tolist() == opt.tolist()
    assert ledger["opt"] == opt[-1] == -ledger["reward"] + ledger["gain"]
    assert facts["oblivious"] is False
    (bound,) = world.lower_bounds()
    times = np.arange(1.0, 401.0)
    assert np.all(times - opt >= bound.curve(times))
    assert np.array_equal(world.pages, adaptive(Recency(), k, 400))


def test_lru_is_driven_round_the_cycle():
    assert adaptive(Recency(), 3, 9).tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0]


@pytest.mark.parametrize("policy", [Coins, Spawning])
def test_randomised_policies_are_refused(policy):
    with pytest.raises(ValueError, match=r"policy must be deterministic, .* use the generator 'uniform'"):
        adaptive(policy(), 3, 10)


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"cache_size": 1.5}, TypeError, "cache_size"),
        ({"cache_size": 0}, ValueError, "cache_size"),
        ({"horizon": 0}, ValueError, "horizon"),
        ({"predictions": {"kind": "discard"}}, ValueError, "only the source 'constant' needs no future"),
    ],
)
def test_bad_parameters(parameters, error, message):
    with pytest.raises(error, match=message):
        AdaptivePaging(**parameters)

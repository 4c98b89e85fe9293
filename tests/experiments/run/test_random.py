"""A run is said to be without randomness only if it is: of every registered policy in every small environment."""

import warnings

import numpy as np
import pytest

from bandits import BanditProblem, Policy
from bandits.arms.ucb1 import UCB1
from bandits.families import families
from bandits.paging.lru import LRU
from bandits.paging.marker import Marker
from environments import BernoulliArms
from environments.checks import players
from environments.paging.environment import PagingEnvironment
from experiments.run.jobs import checkpoints, play


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_what_draws_nothing_is_the_same_with_other_seeds(family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rewards beyond the range that an example declares
        for environment in family.example_environments():
            times = checkpoints(5, environment.problem.horizon)
            for name, policy in players(environment):
                found, about = play(policy, environment, times, 1, range(1), (1,))
                if about["random"]:
                    continue
                for seed in (2, 3):
                    again, _ = play(policy, environment, times, seed, range(1), (seed,))
                    assert all(np.array_equal(found[key], again[key]) for key in found), (environment, name)


def test_randomness_of_the_tape_and_of_the_policy_is_noticed():
    class Still(BernoulliArms):
        """Draws the same outcomes whatever the generator."""

        def draw(self, rng):
            return np.random.default_rng(0)

    class Flips(Policy):
        plays = (BanditProblem,)

        def reset(self, problem, rng):
            self._rng = rng.spawn(1)[0]

        def choose(self, observation):
            return int(self._rng.integers(2))

        def update(self, observation, action, feedback):
            pass

    times = checkpoints(5, 50)
    for make, policy, random in ((BernoulliArms, UCB1(), True), (Still, UCB1(), False), (Still, Flips(), True)):
        _, about = play(policy, make([0.2, 0.8], horizon=50), times, 1, range(2))
        assert about["random"] is random


@pytest.mark.parametrize(
    ("policy", "sequence", "predictions", "random"),
    [
        (LRU(), [0, 1, 2, 0, 3, 1] * 5, None, False),
        (LRU(), [0, 1, 2, 0, 3, 1] * 5, {"name": "flip", "parameters": {"kind": "discard", "p": 0.5}}, True),
        (LRU(), {"name": "zipf", "parameters": {"N": 5}}, None, True),
        (Marker(), [0, 1, 2, 0, 3, 1] * 5, None, True),
    ],
)
def test_a_trace_of_ones_own_is_not_random(policy, sequence, predictions, random):
    environment = PagingEnvironment(2, sequence, predictions, horizon=30)
    _, about = play(policy, environment, checkpoints(5, 30), 1, range(2))
    assert about["random"] is random

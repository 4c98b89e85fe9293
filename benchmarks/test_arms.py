"""Speed of the arms family: ten Bernoulli arms, one core, metrics of every round recorded."""

import numpy as np
import pytest
from games import LOOP, MEANS, ROUNDS, bernoulli, loop, rounds_a_second
from timing import Pairs, measure, peak

from bandits import UCB1
from environments import BernoulliArms


@pytest.mark.parametrize(
    ("name", "target"), [("ucb1", 0.7 * 18e6), ("beta_thompson", 1e6), ("exp3", 5e6), ("tsallis_inf", 2e6)]
)
def test_a_round(record, name, target):
    pairs = measure(lambda: bernoulli(name, ROUNDS), loop, "round", (ROUNDS, ROUNDS))
    record(f"`{name}`", pairs, LOOP, rounds_a_second(target))


def test_the_stepwise_path(record):
    """Plain Python objects: at least 0.2 M rounds/s where the hand-written loop makes 18 M."""
    rounds = 100_000
    environment, policy = BernoulliArms(MEANS, rounds), UCB1()

    def play():
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        for _ in range(rounds):
            observation = environment.observe()
            arm = policy.choose(observation)
            policy.update(observation, arm, environment.transition(arm)[1])

    record(
        "`ucb1` by `choose` and `update`", measure(play, loop, "round", (rounds, ROUNDS)), LOOP, rounds_a_second(2e5)
    )


def test_memory_does_not_grow_with_the_horizon(record):
    peaks = [peak(f"import games; games.bernoulli('ucb1', {rounds})") for rounds in (100_000_000, 1_000_000)]
    pairs = Pairs((peaks[0],), (peaks[1],), "run", "B")
    record("peak memory of 10^8 rounds of `ucb1`", pairs, "of 10^6 rounds", 1.1)

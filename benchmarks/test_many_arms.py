"""Any number of arms: each policy against a loop of its own that looks at all of them in every round (``plain.py``).

Bernoulli arms with means spread over [.1, .9]; ours is a run from ``reset`` to its end through ``advance``, the
environment, its noise and what was earned in all included.
"""

import numpy as np
import pytest
from plain import plain
from timing import measure

from bandits import POLICIES
from environments import BernoulliArms

AT_MOST = {
    "ucb1": (0.35, 0.10, 0.06),
    "ucb_v": (0.35, 0.10, 0.06),
    "anytime_moss": (0.35, 0.10, 0.06),
    "moss": (0.6, 0.3, 0.1),
    "kl_ucb": (0.20, 0.08, 0.05),
    "discounted_ucb": (0.6, 0.2, 0.1),
    "sliding_window_ucb": (0.6, 0.2, 0.1),
    "exp3": (0.9, 0.35, 0.10),
    "exp3_ix": (0.9, 0.35, 0.10),
    "tsallis_inf": (0.8, 0.4, 0.25),
    "beta_thompson": (0.45, 0.15, 0.06),
    "gaussian_thompson": (0.8, 0.25, 0.10),
}
"""The ratio of ours to the loop's, with 10, 100 and 1000 arms."""
ROUNDS = {10: 1_000_000, 100: 1_000_000, 1000: 100_000}
CASES = [(name, arms, most) for name, row in AT_MOST.items() for arms, most in zip(ROUNDS, row, strict=True)]


def advance(name, means, rounds):
    """A game of ``rounds`` rounds by the policy called ``name``, and what it earned."""
    environment, policy = BernoulliArms(means.tolist(), rounds), POLICIES.build(name)
    tape = environment.draw(np.random.default_rng(1))

    def game():
        environment.begin(tape)
        policy.reset(environment.problem, np.random.default_rng(2))
        policy.advance(environment, rounds)
        environment.metrics(np.array([rounds]))

    return game


@pytest.mark.parametrize(("name", "arms", "most"), CASES)
def test_a_round_with_many_arms(record, name, arms, most):
    means, rounds = np.linspace(0.1, 0.9, arms), ROUNDS[arms]
    pairs = measure(advance(name, means, rounds), plain(name, means, rounds), "round", (rounds, rounds))
    record(f"`{name}`, {arms} arms", pairs, "loop over all arms", most)


def by_steps(name, arms, rounds):
    """A game of ``rounds`` rounds in plain Python."""
    environment, policy = BernoulliArms(np.linspace(0.1, 0.9, arms).tolist(), rounds), POLICIES.build(name)
    tape = environment.draw(np.random.default_rng(1))

    def game():
        environment.begin(tape)
        policy.reset(environment.problem, np.random.default_rng(2))
        for _ in range(rounds):
            arm = policy.choose(None)
            policy.update(None, arm, environment.transition(arm)[1])

    return game


def test_a_step_with_many_arms(record):
    pairs = measure(by_steps("ucb1", 1000, 50_000), by_steps("ucb1", 10, 50_000), "round", (50_000, 50_000))
    record("`ucb1` by `choose` and `update`, 1000 arms", pairs, "10 arms", 3)

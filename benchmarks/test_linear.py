"""Speed of policies on a shared parameter: a run from ``reset`` to its end, the environment and its noise included."""

import numba
import numpy as np
import pytest
from games import LOOP, ROUNDS, loop
from timing import growth, measure

from bandits import POLICIES
from environments import AdversarialLinearBandit, ChangingLinearBandit, LinearBandit
from environments.linear.actions import unit_rows


def fixed(actions, dimension, rounds):
    sphere = {"name": "sphere", "parameters": {"n_actions": actions, "dimension": dimension, "seed": 7}}
    return LinearBandit(sphere, horizon=rounds)


def changing(actions, dimension, rounds):
    sphere = {"name": "redrawn_sphere", "parameters": {"n_actions": actions, "dimension": dimension}}
    return ChangingLinearBandit(sphere, horizon=rounds)


def adversarial(actions, dimension, rounds):
    sphere = {"name": "sphere", "parameters": {"n_actions": actions, "dimension": dimension, "seed": 7}}
    return AdversarialLinearBandit(sphere, low=-0.9, high=0.9, horizon=rounds)


def run(make, name, actions, dimension, rounds):
    environment, policy = make(actions, dimension, rounds), POLICIES.build(name)

    def game():
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        policy.advance(environment, rounds)

    return game


@pytest.mark.parametrize(
    ("make", "name", "actions", "dimension", "rounds", "at_most"),
    [
        (fixed, "oful", 100, 10, 20_000, 30),
        (changing, "oful", 10, 5, 20_000, 45),
        (fixed, "linear_ts", 100, 10, 20_000, 45),
        (fixed, "linear_ids", 100, 10, 20_000, 60),
        (adversarial, "exp2", 30, 4, 20_000, 40),
        (adversarial, "log_barrier_ftrl", 30, 4, 20_000, 100),
        (adversarial, "magnitude_reduced_exp", 30, 4, 20_000, 120),
        (fixed, "oful", 100_000, 20, 200, 45_000),
    ],
)
def test_a_round(record, make, name, actions, dimension, rounds, at_most):
    pairs = measure(run(make, name, actions, dimension, rounds), loop, "round", (rounds, ROUNDS))
    record(f"`{name}`, {make.__name__}, K = {actions:,}, d = {dimension}", pairs, LOOP, at_most)


def test_a_round_on_given_features(record):
    environment, policy, rounds = changing(10, 5, 20_000), POLICIES.build("oful"), 20_000
    environment.begin(environment.draw(np.random.default_rng(1)))
    block, actions = environment.block(rounds), np.empty(rounds, dtype=np.int64)
    features = environment.features(rounds)
    assert len(block.noise) == rounds

    def game():
        policy.reset(environment.problem, np.random.default_rng(2))
        policy.play(block, features, actions)

    pairs = measure(game, loop, "round", (rounds, ROUNDS))
    record("`oful`, given features, K = 10, d = 5", pairs, LOOP, 15)


@numba.njit
def naive_oful(rows, theta, normals):
    """OFUL as one would write it: every width from the inverse, in every round."""
    k, d = rows.shape
    inverse, moment, log_det, total = np.eye(d), np.zeros(d), 0.0, 0.0
    gain = np.empty(d)
    for t in range(normals.size):
        beta = np.sqrt(2.0 * np.log(normals.size) + log_det) + 1.0
        top, arm = -np.inf, 0
        estimate = inverse @ moment
        for i in range(k):
            mean, square = 0.0, 0.0
            for j in range(d):
                mean += rows[i, j] * estimate[j]
                inner = 0.0
                for m in range(d):
                    inner += inverse[j, m] * rows[i, m]
                square += rows[i, j] * inner
            score = mean + beta * np.sqrt(square)
            if score > top:
                top, arm = score, i
        reward = normals[t]
        for j in range(d):
            reward += rows[arm, j] * theta[j]
        growth = 1.0
        for j in range(d):
            gain[j] = 0.0
            for m in range(d):
                gain[j] += inverse[j, m] * rows[arm, m]
            growth += gain[j] * rows[arm, j]
        for j in range(d):
            moment[j] += reward * rows[arm, j]
            for m in range(d):
                inverse[j, m] -= gain[j] * gain[m] / growth
        log_det += np.log(growth)
        total += reward
    return total


def test_against_a_plain_loop(record):
    rows, rounds = unit_rows(100, 10, 7), 20_000
    theta = np.eye(10)[0]

    def plain():
        naive_oful(rows, theta, np.random.default_rng(1).standard_normal(rounds))

    pairs = measure(run(fixed, "oful", 100, 10, rounds), plain, "round", (rounds, rounds))
    record("`oful`, fixed, K = 100, d = 10", pairs, "loop that works out all widths", 0.35)


def test_the_stepwise_path(record):
    environment, policy, rounds = fixed(100, 10, 5000), POLICIES.build("oful"), 5000

    def play():
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        for _ in range(rounds):
            observation = environment.observe()
            action = policy.choose(observation)
            policy.update(observation, action, environment.transition(action)[1])

    pairs = measure(play, loop, "round", (rounds, ROUNDS))
    record("`oful` by `choose` and `update`, K = 100, d = 10", pairs, LOOP, 250)


def test_a_round_grows_with_the_number_of_actions(record_growth):
    found = growth([1000, 3000, 10_000, 30_000, 100_000], lambda k: run(fixed, "oful", k, 10, 200))
    record_growth("linear", "oful, d = 10", "actions", found, 1.0)

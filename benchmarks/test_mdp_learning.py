"""Speed of learners in one life of a Markov decision process, beside loops that are written for one of them alone.

The loops walk the six-state river over uniform numbers drawn beforehand, rows of running sums in an array; ours meet
the environment: streams of numbers, any model, metrics of what was played, which is worked out anew from the actions.
``optimistic_q`` and ``differential_q`` are written as one would, with numpy's ``max``; the lean ones compare by hand.
"""

import numba
import numpy as np
import pytest
from timing import Pairs, measure, peak

from bandits.mdp.extended import extended_value_iteration
from bandits.registry import POLICIES
from environments.mdp.average import AverageMDP
from environments.mdp.models import tables_of

STEPS = 1_000_000
RIVER = tables_of("riverswim")
RUNNING, REWARDS = np.cumsum(RIVER.model.dense()[0], axis=2), RIVER.rewards
UNIFORMS = np.random.default_rng(0).random(STEPS)


@numba.njit
def bare(running, rewards, uniforms, right):
    """Walk with one action."""
    state, total = 0, 0.0
    for t in range(uniforms.size):
        following = 0
        while not uniforms[t] < running[state, right, following]:
            following += 1
        total += rewards[state, right]
        state = following
    return total


@numba.njit
def optimistic_q(running, rewards, uniforms, horizon, gamma, c):
    q, counts = np.full(rewards.shape, horizon), np.zeros(rewards.shape)
    upper, value = q.copy(), np.full(rewards.shape[0], horizon)
    state, total = 0, 0.0
    for t in range(uniforms.size):
        action = upper[state].argmax()
        following = 0
        while not uniforms[t] < running[state, action, following]:
            following += 1
        reward = rewards[state, action]
        counts[state, action] += 1.0
        alpha = (horizon + 1.0) / (horizon + counts[state, action])
        target = reward + gamma * value[following] + c * np.sqrt(horizon / counts[state, action])
        q[state, action] += alpha * (target - q[state, action])
        upper[state, action] = min(upper[state, action], q[state, action])
        value[state] = upper[state].max()
        total += reward
        state = following
    return total


@numba.njit
def differential_q(running, rewards, uniforms, others, epsilon):
    q, counts = np.zeros(rewards.shape), np.zeros(rewards.shape)
    state, total = 0, 0.0
    for t in range(uniforms.size):
        action = int(others[t] / epsilon * q.shape[1]) if others[t] < epsilon else q[state].argmax()
        following = 0
        while not uniforms[t] < running[state, action, following]:
            following += 1
        reward = rewards[state, action]
        counts[state, action] += 1.0
        error = reward + q[following].max() - q[0].max() - q[state, action]
        q[state, action] += error / counts[state, action]
        total += reward
        state = following
    return total


@numba.njit
def lean_optimistic_q(running, rewards, uniforms, horizon, gamma, c):
    n_states, n_actions = rewards.shape
    q, counts = np.full((n_states, n_actions), horizon), np.zeros((n_states, n_actions))
    upper, value = q.copy(), np.full(n_states, horizon)
    state, total = 0, 0.0
    for t in range(uniforms.size):
        action = 0
        for a in range(1, n_actions):
            if upper[state, a] > upper[state, action]:
                action = a
        following = 0
        while not uniforms[t] < running[state, action, following]:
            following += 1
        reward = rewards[state, action]
        counts[state, action] += 1.0
        alpha = (horizon + 1.0) / (horizon + counts[state, action])
        target = reward + gamma * value[following] + c * np.sqrt(horizon / counts[state, action])
        q[state, action] += alpha * (target - q[state, action])
        upper[state, action] = min(upper[state, action], q[state, action])
        value[state] = upper[state, 0]
        for a in range(1, n_actions):
            value[state] = max(value[state], upper[state, a])
        total += reward
        state = following
    return total


@numba.njit
def lean_differential_q(running, rewards, uniforms, others, epsilon):
    n_states, n_actions = rewards.shape
    q, counts = np.zeros((n_states, n_actions)), np.zeros((n_states, n_actions))
    state, total = 0, 0.0
    for t in range(uniforms.size):
        action = 0
        if others[t] < epsilon:
            action = int(others[t] / epsilon * n_actions)
        else:
            for a in range(1, n_actions):
                if q[state, a] > q[state, action]:
                    action = a
        following = 0
        while not uniforms[t] < running[state, action, following]:
            following += 1
        reward = rewards[state, action]
        counts[state, action] += 1.0
        value, level = q[following, 0], q[0, 0]
        for a in range(1, n_actions):
            value, level = max(value, q[following, a]), max(level, q[0, a])
        error = reward + value - level - q[state, action]
        q[state, action] += error / counts[state, action]
        total += reward
        state = following
    return total


def play(name, steps=STEPS, stepwise=False, model="riverswim", **parameters):
    environment = AverageMDP(model, horizon=steps)
    policy = POLICIES.build({"name": name, "parameters": parameters}, "policy")

    def game():
        environment.begin(environment.draw(np.random.default_rng(0)))
        policy.reset(environment.problem, np.random.default_rng(1))
        if not stepwise:
            policy.advance(environment, steps)
            return environment.metrics(np.array([steps]))
        while environment.clock < steps:
            state = environment.observe()
            action = policy.choose(state)
            _, step = environment.transition(action)
            policy.update(state, action, step)
        return None

    return game


def walk():
    return bare(RUNNING, REWARDS, UNIFORMS, 1)


def by_hand(loop):
    """The game of a loop; where it draws actions by chance, that is part of it."""
    if loop in (optimistic_q, lean_optimistic_q):
        return lambda: loop(RUNNING, REWARDS, UNIFORMS, 99.0, 0.99, 1.0)
    return lambda: loop(RUNNING, REWARDS, UNIFORMS, np.random.default_rng(1).random(STEPS), 0.03)


@pytest.mark.parametrize(
    ("name", "parameters", "loop", "lean"),
    [
        ("optimistic_q", {"preset": "authors"}, optimistic_q, lean_optimistic_q),
        ("differential_q", {}, differential_q, lean_differential_q),
    ],
)
def test_a_step(record, name, parameters, loop, lean):
    """At least half the speed of the loop, and a quarter of that of the lean one."""
    for reference, which, at_most in ((loop, "hand-written loop", 2.0), (lean, "lean hand-written loop", 4.0)):
        pairs = measure(play(name, **parameters), by_hand(reference), "step", (STEPS, STEPS))
        record(f"`{name}`", pairs, which, at_most)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("optimistic_q", {"preset": "authors"}),
        ("differential_q", {}),
        ("ucrl2", {}),
        ("loop", {}),
        ("psrl", {}),
        ("uniform_actions", {}),
    ],
)
def test_a_step_at_a_time(record, name, parameters):
    """100,000 steps a second, where the loop makes 3.4e7."""
    steps = 30_000
    pairs = measure(play(name, steps, stepwise=True, **parameters), by_hand(optimistic_q), "step", (steps, STEPS))
    record(f"`{name}`, a step at a time", pairs, "hand-written optimistic Q", 340)


@pytest.mark.parametrize("name", ["ucrl2", "ucrl2b", "kl_ucrl", "loop", "psrl"])
def test_a_million_steps(record, name):
    """Planning included: some 75 plans of UCRL2B, some 2000 of PSRL."""
    record(f"`{name}`", measure(play(name), walk, "step", (STEPS, STEPS)), "bare walk", 20)


def test_bookkeeping_of_loop(record):
    """It keeps the loss of every pair beside the counts: at most two steps of UCRL2 in all."""
    record("`loop`", measure(play("loop"), play("ucrl2"), "step", (STEPS, STEPS)), "`ucrl2`", 2)


@pytest.mark.parametrize(("ball", "width", "at_most"), [("l1", 0.3, 30), ("box", 0.001, 30), ("kl", 0.1, 3500)])
def test_a_sweep(record, ball, width, at_most):
    """300 states, 4 actions, all next states possible: at most 30 sweeps of plain value iteration, which has no sets.

    For balls of the divergence within the time of bisections of 80 halvings over all next states.
    """
    rng = np.random.default_rng(0)
    moves, rewards = rng.dirichlet(np.ones(300), (300, 4)), rng.random((300, 4))
    widths = np.full((300, 4, 300 if ball == "box" else 1), width)

    def plain():
        values = np.zeros(300)
        for _ in range(20):
            values = (rewards + np.einsum("sat,t->sa", moves, values)).max(axis=1)

    def ours():
        return extended_value_iteration(ball, rewards, moves, widths, 1e-3).sweeps

    record(f"sweep, {ball}, S = 300", measure(ours, plain, "sweep", (ours(), 20)), "numpy sweep, no sets", at_most)


def long_run(name, steps):
    """A run in stretches of a million steps."""
    environment = AverageMDP("riverswim", span=6.4, horizon=steps)
    policy = POLICIES.build(name, "policy")
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(1))
    while environment.clock < steps:
        policy.advance(environment, min(10**6, steps - environment.clock))
    environment.metrics(np.array([steps]))


@pytest.mark.parametrize("name", ["ucrl2b", "loop", "psrl", "optimistic_q"])
def test_memory_of_a_long_run(record, name):
    """Ten million steps take at most 20 MB more than a hundred thousand."""
    short, long = (peak(f"import test_mdp_learning as t\nt.long_run({name!r}, {n})") for n in (10**5, 10**7))
    record(f"`{name}`, peak of 10^7 steps", Pairs((long,), (short + 20e6,), "run", "B"), "of 10^5 steps, and 20 MB", 1)

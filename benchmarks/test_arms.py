"""Speed of the arms family: K = 10 Bernoulli arms, one core, curves recorded at checkpoints.

Each figure is a ratio to a hand-written loop that is measured in the same run; absolute numbers are printed beside.
Run with ``make bench``.
"""

import subprocess
import sys

import numba
import numpy as np
import pytest
from timing import ratio

from bandits.contract import Policy
from environments import BernoulliArms
from experiments.cells import Cell, run_cell
from experiments.study import Component, build_policy

MEANS = [0.1 + 0.8 * i / 9 for i in range(10)]
ROUNDS = 2_000_000


@numba.njit
def hand_written_ucb1(means, uniforms, regret, checkpoints):
    """UCB1 as one would write it for this alone, with the curve at checkpoints."""
    counts, sums = np.zeros(means.size), np.zeros(means.size)
    best, total, c = means.max(), 0.0, 0
    for t in range(uniforms.size):
        arm = t
        if t >= means.size:
            log, top = 2.0 * np.log(t + 1.0), -1.0
            for i in range(means.size):
                index = sums[i] / counts[i] + np.sqrt(log / counts[i])
                if index > top:
                    top, arm = index, i
        counts[arm] += 1.0
        if uniforms[t] < means[arm]:
            sums[arm] += 1.0
        total += best - means[arm]
        if t + 1 == checkpoints[c]:
            regret[c] = total
            c += 1
    return regret


def reference(rounds=ROUNDS):
    """The hand-written loop, its random numbers included."""
    checkpoints = np.unique(np.geomspace(1, rounds, 200).astype(np.int64))
    uniforms = np.random.default_rng(1).random(rounds)
    return hand_written_ucb1(np.array(MEANS), uniforms, np.empty(len(checkpoints)), checkpoints)


def cell(name, rounds=ROUNDS, **parameters):
    """What ``regretlab run`` does for one replicate."""
    environment = {"name": "bernoulli", "parameters": {"means": MEANS}}
    return run_cell(Cell("p", environment, {"name": name, "parameters": parameters}, name, rounds, 1, 0, 1, 200))


@pytest.mark.parametrize(
    ("name", "share"),
    [("ucb1", 0.7), ("beta_thompson", 1 / 18), ("exp3", 5 / 18), ("tsallis_inf", 2 / 18)],
)
def test_rounds_a_second_against_the_hand_written_loop(name, share):
    """``share``: the target in million rounds a second over the 18 of the hand-written UCB1 loop."""
    times, ours, theirs = ratio(lambda: cell(name), reference, pairs=5)
    speeds = f"{ROUNDS / ours / 1e6:.1f} M rounds/s, hand-written UCB1 {ROUNDS / theirs / 1e6:.1f} M"
    print(f"\n{name}: {speeds}, ratio {1 / times:.2f}")
    assert 1 / times >= share


def test_the_stepwise_path():
    """Plain Python objects: at least 0.2 M rounds/s where the hand-written loop makes 18 M."""
    environment = BernoulliArms(MEANS, 100_000)
    policy = build_policy(Component(name="ucb1"))

    def play():
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        Policy.advance(policy, environment, 100_000)

    times, ours, _ = ratio(play, reference, pairs=5)
    speed = 100_000 / ROUNDS / times
    print(f"\nstepwise UCB1: {0.1 / ours:.2f} M rounds/s, {speed:.4f} of the hand-written loop")
    assert speed >= 0.2 / 18


def test_memory_does_not_grow_with_the_horizon():
    """Peak memory of 10^8 rounds of UCB1, in a process of its own: under 300 MB."""
    code = (
        "import resource, test_arms\n"
        "test_arms.cell('ucb1', 100_000_000)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    folder = __file__.rsplit("/", 1)[0]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
    peak = float(done.stdout.strip())
    print(f"\nUCB1, 10^8 rounds: peak {peak:.0f} MB")
    assert peak < 300


@pytest.mark.parametrize(
    ("code", "target"), [("import bandits", 0.15), ("from experiments.cli import main; main(['--help'])", 0.5)]
)
def test_start_up(code, target):
    """Seconds of a whole process, less those of an empty interpreter's start (printed), median of pairs."""
    command = [sys.executable, "-c", code]
    _, ours, empty = ratio(
        lambda: subprocess.run(command, capture_output=True, check=True),
        lambda: subprocess.run([sys.executable, "-c", "pass"], capture_output=True, check=True),
    )
    print(f"\n{code!r}: {ours:.3f} s, of which the interpreter {empty:.3f} s")
    assert ours < target

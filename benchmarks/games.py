"""What several families are timed with: the loop that they are held against, and what ``regretlab run`` does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numba
import numpy as np

from experiments.run.jobs import Job, run_job

MEANS = [0.1 + 0.8 * i / 9 for i in range(10)]
ROUNDS = 2_000_000
"""Of a call of the loop."""
LOOP = "hand-written UCB1 loop"
SPEED = 18e6
"""Rounds a second of the loop where the targets were set: it carries them over to other machines."""


def rounds_a_second(target: float) -> float:
    """Cost of a round over that of the loop at ``target`` rounds a second."""
    return SPEED / target


def within(seconds: float) -> float:
    """A time limit over the time of a call of the loop."""
    return seconds * SPEED / ROUNDS


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


def loop() -> None:
    """The hand-written loop on ten Bernoulli arms, its random numbers included."""
    checkpoints = np.unique(np.geomspace(1, ROUNDS, 200).astype(np.int64))
    uniforms = np.random.default_rng(1).random(ROUNDS)
    hand_written_ucb1(np.array(MEANS), uniforms, np.empty(len(checkpoints)), checkpoints)


def replicates(
    environment: Mapping[str, Any], policy: str, horizon: int, count: int = 1, parameters: Mapping[str, Any] = {}
) -> None:
    """What ``regretlab run`` does for ``count`` replicates of a policy, curves at 200 checkpoints."""
    run_job(
        Job(
            experiment="e",
            environment=environment,
            policy={"name": policy, "parameters": dict(parameters)},
            label=policy,
            horizon=horizon,
            seed=1,
            first=0,
            count=count,
            checkpoints=200,
        )
    )


def bernoulli(policy: str, horizon: int, count: int = 1, means: list[float] = MEANS) -> None:
    """Replicates on Bernoulli arms, ten by default."""
    replicates({"name": "bernoulli", "parameters": {"means": means}}, policy, horizon, count)

"""What a study takes beside its kernels.

Two loops are held against `run` itself, with the files that it writes: the hand-written one and another framework's.
Everywhere else the share of the time spent outside kernels is measured (see ``outside`` for what counts as a kernel) of
a policy's job, at the horizon and with the batch of a shipped study, with warm caches, the tables of solves among them.
"""

import itertools

import numpy as np
import pytest
from games import LOOP, MEANS, ROUNDS, loop
from outside import share_outside
from timing import Pairs, measure

from experiments.run.jobs import jobs_of, run_job
from experiments.run.runner import run
from experiments.study.config import find, load_study, parse_study

STUDY = f"""
name: overhead
seed: 1
batch: 100
experiments:
  - name: arms
    environment: {{name: bernoulli, parameters: {{means: {MEANS}}}}}
    horizon: 10000
    replicates: 1000
    policies: [%s]
"""
PLAYED = 1000 * 10_000
"""Rounds of the study."""


def played(policy, folder):
    """A call runs the study anew."""
    study, number = parse_study(STUDY % policy), itertools.count()

    def play():
        assert not run(study, folder / str(next(number)), jobs=1).failed

    return play


def test_ucb1_and_a_loop_written_by_hand(record, tmp_path):
    """A thousand replicates, in batches of 100, at least 1.2 times as fast as the loop alone."""
    pairs = measure(played("ucb1", tmp_path), loop, "round", (PLAYED, ROUNDS))
    record("`run`, `ucb1`, 1,000 x 10^4 rounds", pairs, LOOP, 1.0 / 1.2)


def test_ucb1_and_another_framework(record, tmp_path):
    """The same study, and pymab's own runner with its compiled core, on fewer replicates."""
    pymab = pytest.importorskip("pymab", reason="needs pymab, of the extra bench")
    from pymab.distributions import BernoulliReward
    from pymab.policies import UCBPolicy

    def theirs():
        pymab.Experiment(
            environment=pymab.BanditEnvironment(means=np.array(MEANS), reward_model=BernoulliReward()),
            policies={"ucb": UCBPolicy(n_arms=len(MEANS))},
            config=pymab.ExperimentConfig(horizon=10_000, n_replicates=10, seed=1, backend="rust"),
        ).run()

    pairs = measure(played("ucb1", tmp_path), theirs, "round", (PLAYED, 10 * 10_000), repeats=3)
    record("`run`, `ucb1`, 1,000 x 10^4 rounds", pairs, "pymab", 1.0 / 120.0)


def outside(job):
    """The share of the time of a job outside kernels."""
    return Pairs((share_outside(lambda: run_job(job)),), (1.0,), "job's time")


@pytest.mark.parametrize("policy", ["exp3", "tsallis_inf", "kl_ucb", "beta_thompson", "gaussian_thompson"])
def test_policies_on_arms(record, policy):
    (job,) = (job for job in jobs_of(parse_study(STUDY % policy)) if job.policy and job.first == 100)
    record(f"`{policy}`, 100 x 10^4 rounds, outside kernels", outside(job), "all its time", 0.25)


QUICKEST = [
    ("recovering/small", "arms", "explore then plan"),
    ("tallying/step", "growth", "burn-in, then commit (M = 16)"),
    ("streaming/published", "mixed-50000-horizon=5000000000", "uniform exploration"),
    ("streaming/published", "mixed-500-horizon=500000", "uniform exploration"),
    ("paging/generated", "zipf", "FlushWhenAllZeros"),
    ("groupwise/synthetic", "shuffled", "one ridge a cell"),
    ("sor/easy", "easy", "anytime"),
    ("sor/contextual", "low_variance", "LinUCB"),
    ("arms/delayed", "constant-delay=1", "QPM-D over UCB1"),
]
"""Study, experiment and policy, the quickest of its family that learns.

Where more than the aim is outside: a run of tallying is over in 2 stretches, whose noise and account take 150 us; its
generators, tape, beginning and reset take 40 us more, the stretches and the metrics 30, and a job of 16 replicates is
built, and its first run looked at on the way, in as much as 2 replicates take; a stream of 500 arms is 14
stretches and 20 single actions, of which nothing but the sums of batches is drawn; and policies of delayed feedback
play round by round.
"""


@pytest.mark.parametrize(("study", "experiment", "policy"), QUICKEST)
def test_the_quickest_of_a_family(record, study, experiment, policy):
    jobs = jobs_of(load_study(find(study)))
    job = next(job for job in jobs if (job.experiment, job.label) == (experiment, policy))
    record(f"{study}, {experiment}, {policy}, outside kernels", outside(job), "all its time", 0.35)

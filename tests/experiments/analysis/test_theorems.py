"""No theorem is contradicted: every registered policy in every small environment that it can play, over replicates."""

import warnings

import numpy as np
import pytest

from bandits.contract import bounds_of
from bandits.families import families
from environments.checks import players
from experiments.analysis.prices import Price
from experiments.analysis.results import assemble
from experiments.analysis.verdicts import check_policy
from experiments.run.identity import arguments_of
from experiments.run.jobs import checkpoints, compare, play
from experiments.study.model import Component, Experiment

pytestmark = pytest.mark.slow

REPLICATES, CHECKPOINTS, SEED = 8, 30, 20240611
LONGER = 100
"""How many times longer a curve is watched that is too steep in a few hundred rounds, where it may only have begun."""


def verdicts_of(environment, policies):
    """Verdicts on policies by their labels, through jobs and results as in a study."""
    horizon, replicates = environment.problem.horizon, range(REPLICATES)
    times = checkpoints(CHECKPOINTS, horizon)
    batches = {"": [(0, *compare(environment, times, SEED, replicates))]}
    for label, policy in policies.items():
        batches[label] = [(0, *play(policy, environment, times, SEED, replicates, tuple(label.encode())))]
    experiment = Experiment(
        name=type(environment).__name__,
        environment=Component(name=type(environment).__name__),
        horizon=horizon,
        replicates=REPLICATES,
        policies=[Component(name=label) for label in policies],
    )
    result = assemble(experiment, times, batches, {label: label for label in policies}, dict.fromkeys(batches, Price()))
    assert result.replicates.tolist() == list(replicates)
    return [verdict for label in policies for verdict in check_policy(result, label, 0.95)]


def speaks(policy, environment):
    """Whether there is a theorem about a policy in an environment, or about every policy, once a run was begun."""
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(0))
    own = bounds_of(policy, environment.problem, environment.instance())
    return len(own) + len(environment.lower_bounds()) > 0


def longer(environment):
    """The same environment with a horizon that is ``LONGER`` times as long; None where there can be none."""
    arguments = arguments_of(environment)
    if "horizon" not in arguments:
        return None
    try:
        return type(environment)(**{**arguments, "horizon": LONGER * environment.problem.horizon})
    except ValueError as error:
        if not str(error).startswith(("horizon must be at most", "horizon must be a whole number in")):
            raise
        return None


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_no_theorem_is_contradicted(family):
    found, grown = [], []  # verdicts, and those of them on runs long enough to judge growth
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rewards beyond the range that an example declares
        for environment in family.example_environments():
            those = enumerate(players(environment))
            policies = {f"{name} {i}": policy for i, (name, policy) in those if speaks(policy, environment)}
            verdicts = verdicts_of(environment, policies) if policies else []
            steep = {v.policy for v in verdicts if "too steep" in (v.exponent, v.typical_exponent)}
            found += verdicts
            grown += [v for v in verdicts if v.policy not in steep]
            if steep and (more := longer(environment)) is not None:
                there = verdicts_of(more, {label: policies[label] for label in steep})
                found, grown = found + there, grown + there
    failed = [v for v in found if "violated" in (v.result, v.typical)]
    failed += [v for v in grown if "too steep" in (v.exponent, v.typical_exponent)]
    assert not failed, "\n".join(map(str, failed))
    assert any(v.typical == "holds" for v in found), "of some bound it can be said that it holds"

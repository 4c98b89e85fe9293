"""The contract, over every registered environment; and environments that break it are found out."""

import numpy as np
import pytest

from environments import ENVIRONMENTS
from environments.arms.bernoulli import BernoulliArms
from environments.arms.gaussian import GaussianArms
from environments.arms.piecewise import PiecewiseArms
from environments.checks import check_environment

EXAMPLES = {
    "bernoulli": [{"means": [0.2, 0.7]}, {"means": [0.2, 0.7, 0.7], "feedback": "full"}, {"means": [0.4]}],
    "gaussian": [{"means": [-1.0, 0.5], "sd": 2.0}],
    "piecewise": [{"segments": [{"start": 1, "means": [0.2, 0.7]}, {"start": 30, "means": [0.7, 0.2]}]}],
    "adversarial": [{"source": [[0.0, 1.0], [1.0, 0.0]] * 40}, {"source": "drifting", "n_arms": 3, "feedback": "full"}],
    "sor": [{"side": 4}, {"side": 3, "tau": 0.3, "reference_step": 0.3, "shifts": "high_variance"}],
}
"""Small worlds of every kind; environments of other families bring theirs in ``tests/environments/<family>``."""


def examples():
    return [
        pytest.param(name, parameters, id=f"{name}-{i}")
        for name, worlds in EXAMPLES.items()
        for i, parameters in enumerate(worlds)
    ]


@pytest.mark.parametrize(("name", "parameters"), examples())
def test_every_environment_keeps_the_contract(name, parameters):
    check_environment(lambda: ENVIRONMENTS.load(name)(**parameters, horizon=60))


class Leaky(BernoulliArms):
    """Goes on with the same random numbers in the next run."""

    def _start(self, tape):
        self._generator = tape


class Endless(BernoulliArms):
    """Does not stop at the horizon."""

    def _reserve(self):
        self.clock = min(self.clock, self.horizon - 1)
        super()._reserve()


class Rude(BernoulliArms):
    """Keeps a parameter under another name."""

    def __init__(self, probabilities=(0.2, 0.8), horizon=60):
        super().__init__(probabilities, horizon)


class Vague(BernoulliArms):
    """Names a comparator that it does not give."""

    def comparators(self, checkpoints):
        return {}


class Forgetful(BernoulliArms):
    """Builds its facts anew on every call."""

    def facts(self):
        return dict(super().facts())


class Shifty(BernoulliArms):
    """A comparator that depends on which checkpoints are asked for."""

    def comparators(self, checkpoints):
        return {"best_arm": checkpoints * 0.8 + len(checkpoints)}


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (lambda: Leaky([0.2, 0.8], 60), "the same tape and actions give another run|not deterministic|[Dd]eterminis"),
        (lambda: Endless([0.2, 0.8], 60), "after the horizon does not raise"),
        (lambda: Rude(), "the parameter probabilities is not kept"),
        (lambda: Vague([0.2, 0.8], 60), "names the comparator best_arm, not given"),
        (lambda: Forgetful([0.2, 0.8], 60), r"facts\(\) builds a new object"),
        (lambda: Shifty([0.2, 0.8], 60), "depends on the checkpoints asked"),
    ],
)
def test_a_broken_promise_is_found(broken, what):
    with pytest.raises(Exception, match=what):
        check_environment(broken)


def test_illegal_actions_change_nothing():
    world = BernoulliArms([0.2, 0.8], 60)
    world.begin(world.draw(np.random.default_rng(0)))
    world.transition(1)
    before = dict(world.ledger())
    for action in (-1, 2, 99):
        with pytest.raises(ValueError, match=r"action must be an arm in 0..1, got"):
            world.transition(action)
    assert dict(world.ledger()) == before
    assert world.clock == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: BernoulliArms([0.3, 0.6], 50),
        lambda: GaussianArms([0.3, 0.6], horizon=50),
        lambda: PiecewiseArms([{"start": 1, "means": [0.3, 0.6]}], horizon=50),
    ],
)
def test_gymnasium_resets_without_a_seed_are_different_runs(make):
    world, runs = make(), []
    world.reset(seed=3)
    for _ in range(3):
        runs.append([world.step(1)[1] for _ in range(50)])
        world.reset()
    assert runs[0] != runs[1] != runs[2] != runs[0]
    world.reset(seed=3)
    assert runs[0] == [world.step(1)[1] for _ in range(50)]

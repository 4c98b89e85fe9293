"""Small environments of arms that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.arms.adversarial import AdversarialArms
from environments.arms.bernoulli import BernoulliArms
from environments.arms.constrained import ConstrainedArms
from environments.arms.corrupted import CorruptedArms
from environments.arms.discrete import DiscreteArms
from environments.arms.environment import ArmsEnvironment
from environments.arms.exponential import ExponentialArms
from environments.arms.gaussian import GaussianArms
from environments.arms.hardest import HardestArms
from environments.arms.pareto import ParetoArms
from environments.arms.piecewise import PiecewiseArms
from environments.arms.poisson import PoissonArms
from environments.arms.student import StudentArms


def examples() -> Sequence[ArmsEnvironment[Any]]:
    """Both kinds of feedback, one arm, two rounds, equal and changing means, rewards in other ranges and unbounded."""
    made: list[ArmsEnvironment[Any]] = []
    for feedback in ("bandit", "full"):
        changing = [{"start": 1, "means": [0.2, 0.7]}, {"start": 30, "means": [0.7, 0.2]}]
        made += [
            BernoulliArms([0.2, 0.5, 0.5, 0.8], 300, feedback),
            BernoulliArms([0.4], 30, feedback),
            BernoulliArms([0.2, 0.4, 0.6], 2, feedback),
            BernoulliArms("beta", 150, feedback, 3),
            HardestArms(3, 120, feedback=feedback),
            GaussianArms([-1.0, 0.5], 2.0, 120, feedback),
            GaussianArms({"name": "normal", "parameters": {"deviation": 0.8}}, 1.0, 80, feedback, 3),
            PiecewiseArms(changing, horizon=90, feedback=feedback),
            PiecewiseArms(changing, "gaussian", 0.7, horizon=60, feedback=feedback),
            AdversarialArms({"name": "drifting"}, n_arms=3, low=-50.0, high=50.0, horizon=200, feedback=feedback),
        ]
    return [
        *made,
        PoissonArms([0.3, 2.0], 60),
        ExponentialArms([0.2, 1.0, 0.5], 60),
        DiscreteArms([[0.0, 0.5, 1.0], [0.7], [0.2, 0.9]], [[0.2, 0.5, 0.3], [1.0], [0.5, 0.5]], 80),
        ConstrainedArms([0.3, 0.0, 0.4], horizon=60),
        CorruptedArms([0.3, 0.8, 0.5], 20, horizon=60),
        CorruptedArms([0.3, 0.8, 0.5], 9, "flip_best", 60),
        StudentArms(3.0, [0.0, 1.5], 0.8, 0.8, horizon=50),
        ParetoArms(1.8, [0.5, -0.5], None, 0.5, horizon=40),
    ]

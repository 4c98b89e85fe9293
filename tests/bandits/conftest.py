"""Regrets of whole runs."""

import numpy as np
import pytest

from bandits.checks import play


@pytest.fixture(scope="session")
def regrets():
    """Regrets [runs, times] by an environment's first definition, one seed a run; without times [runs] at the end."""

    def of(policy, environment, runs, times=None, seed=0):
        regret, at, curves = environment.regrets()[0], times or [environment.problem.horizon], []
        for i in range(seed, seed + runs):
            earned = play(policy, environment, i, times=at)[regret.series]
            curves.append(environment.comparators(np.array(at))[regret.comparator] - earned)
        return np.array(curves) if times else np.array(curves)[:, 0]

    return of

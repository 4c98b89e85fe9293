"""Small sequences of systems that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.contract import Environment
from environments.sor.heat import HeatEquation
from environments.sor.heat_simulation import HeatSimulation
from environments.sor.sequence import SorSequence


def examples() -> Sequence[Environment[Any, Any, Any, Any]]:
    """Each solver and each region with what can be compared with, one parameter, and the heat equation both ways."""
    small: dict[str, Any] = {"side": 4, "grid": [1.0, 1.2, 1.4]}
    theorem = {"name": "theorem", "parameters": {"omega_max": 1.218817, "size": 4}}
    return [
        SorSequence(side=4, shifts="easy", grid=theorem, cost_bound=54.33, tau=0.3, reference_step=0.3, horizon=120),
        SorSequence(**small, spectral_points=2, horizon=40),
        SorSequence(**small, region="L", method="ssor", tolerance=1e-6, reference_step=0.3, horizon=20),
        SorSequence(**small, shifts="high_variance", method="ssor_cg", tau=0.9, horizon=20),
        SorSequence(side=3, grid=[1.3], horizon=2),
        HeatEquation(n_x=5, grid=[1.0, 1.5], tau=0.9, context="half", horizon=20),
        HeatSimulation(n_x=5, grid=[1.0, 1.5], horizon=30),
    ]

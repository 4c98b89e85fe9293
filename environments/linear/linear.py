"""A fixed set of actions whose mean rewards are linear in their features."""

from __future__ import annotations

from collections.abc import Sequence

from bandits.contract import Array
from bandits.registry import Component
from environments.linear.environment import SteadyLinearEnvironment


class LinearBandit(SteadyLinearEnvironment):
    """Actions that pay ``<a, theta>`` and noise, with one theta for all actions and rounds.

    Args:
        actions: the features: a name or ``{"name": ..., "parameters": {...}}`` of ``environments.linear.actions``
            ("sphere", "basis", "hypercube", "circle", "icosahedron", "polynomial", "end_of_optimism", "low_rank",
            "table"); or a table [n_actions, dimension].
        theta: the parameter: a list [dimension]; or a law of ``environments.linear.parameters`` ("sphere", "gaussian",
            "sparse", "vertices", ...), from which it is drawn anew in every run. None for the one that goes with the
            actions, most often uniform on the sphere.
        noise: "gaussian", "uniform" (on plus and minus sigma), "bernoulli" (rewards 0 or 1) or "none". One number a
            round serves all actions.
        sigma: sub-Gaussian parameter that learners are told, >= 0; the standard deviation of gaussian noise. None for
            1, with "none" for 0; must be None with "bernoulli".
        parameter_norm: S, as learners are told it; None for the norm of theta, or its law's.
        feature_norm: L, as learners are told it; None for the largest norm of an action's features.
        sparsity: number of coordinates of theta that are not 0, as learners are told it; None for that of the law
            "sparse", and else not to tell.
        horizon: number of rounds, >= 1.
        feedback: "bandit", or "full": the rewards of all actions.

    Raises:
        ValueError: a parameter out of its domain, or limits that do not hold.

    Example:
        >>> import numpy as np
        >>> from environments import LinearBandit
        >>> environment = LinearBandit("end_of_optimism", horizon=100)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> environment.problem.n_actions, environment.problem.dimension
        (3, 2)
        >>> environment.comparators(np.array([100]))["best_action"]
        array([100.])
    """

    def __init__(
        self,
        actions: Component | Sequence[Sequence[float]] | Array = "sphere",
        theta: Component | Sequence[float] | Array | None = None,
        noise: str = "gaussian",
        sigma: float | None = None,
        parameter_norm: float | None = None,
        feature_norm: float | None = None,
        sparsity: int | None = None,
        horizon: int = 10_000,
        feedback: str = "bandit",
    ) -> None:
        self.actions, self.theta, self.noise, self.sigma = actions, theta, noise, sigma
        self.parameter_norm, self.feature_norm, self.sparsity = parameter_norm, feature_norm, sparsity
        self.feedback = feedback
        super().__init__(
            actions, theta, "none", 0.0, noise, sigma, parameter_norm, feature_norm, sparsity, horizon, feedback
        )

"""What environments with features share: the tape, noise, and fixed sets with one parameter throughout a run."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import at_least_zero, integer, one_of, real, shown
from bandits.arms.problem import ActionsProblem
from bandits.contract import Array, Bound
from bandits.defaults import default
from bandits.kernels import kernel
from bandits.linear.problem import Features, FullFeedbackLinearProblem, LinearProblem
from bandits.linear.theory import LinearInstance
from bandits.normals import standard_normal
from bandits.registry import Component
from environments.arms.environment import ArmsEnvironment
from environments.contract import Regret, Source, copy_of, streams
from environments.linear.actions import ActionSet, Basis, Hypercube, Needle, action_set
from environments.linear.errors import Misspecification, NoError, OneNeedle, error_law
from environments.linear.instance import asymptotic_bound, minimax_rate, needle_bound, vertices_bound
from environments.linear.parameters import Parameter, Row, Vertices, checked_theta, parameter

S = TypeVar("S")

NOISES = ("gaussian", "uniform", "bernoulli", "none")


class Tape(NamedTuple, Generic[S]):
    """All randomness of a run, in the order in which its generators are spawned; or the generators of a run itself."""

    parameter: S
    features: S
    noise: S


@dataclass(frozen=True)
class Noise:
    """What is added to mean rewards.

    Args:
        kind: "gaussian"; "uniform" on plus and minus sigma; "bernoulli", rewards 0 or 1 with the mean rewards as
            probabilities; or "none".
        sigma: standard deviation of gaussian noise, largest uniform one, >= 0, and what learners are told as
            sub-Gaussian parameter. None for 1, with "none" for 0. None with bernoulli noise, whose parameter is 1/2.

    Raises:
        ValueError: no such noise, or a sigma out of its domain.
    """

    kind: str
    sigma: float | None

    def __post_init__(self) -> None:
        one_of("noise", self.kind, NOISES)
        if self.kind == "bernoulli":
            if self.sigma is not None:
                raise ValueError(
                    f"sigma must be absent with bernoulli noise, whose own is 1/2, got {shown(self.sigma)}"
                )
        elif self.sigma is not None:
            at_least_zero("sigma", self.sigma)

    @property
    def told(self) -> float:
        """The sub-Gaussian parameter that learners are told."""
        if self.kind == "bernoulli":
            return 0.5
        return float((0.0 if self.kind == "none" else 1.0) if self.sigma is None else self.sigma)

    @property
    def true(self) -> float:
        """The sub-Gaussian parameter."""
        return 0.0 if self.kind == "none" else self.told

    def ranges(self, reach: float) -> dict[str, Any]:
        """Range and noise of a problem whose mean rewards have absolute values of at most ``reach``."""
        if self.kind == "bernoulli":
            return {"low": 0.0, "high": 1.0, "noise": None}
        beyond = {"gaussian": math.inf, "uniform": self.told, "none": 0.0}[self.kind]
        end = (reach + beyond) or 1.0
        return {"low": -end, "high": end, "noise": self.told}

    @property
    def variance(self) -> float:
        """Of the noise; that of bernoulli rewards depends on their means, and is not asked for."""
        return self.true**2 / (3.0 if self.kind == "uniform" else 1.0)

    def limits(self, times: NDArray[np.int64], gap: float) -> dict[str, Array]:
        """Limits of the regrets "pseudo" and "realized" where mean rewards differ by ``gap`` at the most, or inf."""
        beyond = {"gaussian": math.inf, "uniform": self.told, "none": 0.0, "bernoulli": 1.0}[self.kind]
        least, most = np.zeros(len(times)), np.full(len(times), gap) * times
        found = {"pseudo": np.array([least, most])}
        if math.isfinite(beyond):
            found["realized"] = np.array([least - times * beyond, most + times * beyond])
        return found

    def draw(self, rng: np.random.Generator, n: int) -> Array:
        """Noise [n] of blocks of rounds: one number a round serves all actions."""
        if self.kind == "gaussian":
            return np.asarray(self.told * standard_normal(rng, np.empty(n)))
        if self.kind == "uniform":
            return np.asarray(self.told * (2.0 * rng.random(n) - 1.0))
        return -rng.random(n) if self.kind == "bernoulli" else np.zeros(n)


@kernel
def level_rows(features: Array, theta: Array, levels: Array) -> None:
    """Fill ``levels`` [n, n_actions] with inner products, summed in the order of coordinates.

    Args:
        features: [1 or n, n_actions, d].
        theta: [1 or n, d].
        levels: to be filled.
    """
    for t in range(levels.shape[0]):
        f, p = min(t, features.shape[0] - 1), min(t, theta.shape[0] - 1)
        for i in range(levels.shape[1]):
            level = 0.0
            for j in range(theta.shape[1]):
                level += features[f, i, j] * theta[p, j]
            levels[t, i] = level


class LinearEnvironment(ArmsEnvironment[Tape[Source]]):
    """Actions with features. Actions have no influence on features, parameters or noise."""

    def __init__(self, problem: ActionsProblem, noise: Noise) -> None:
        super().__init__(problem)
        self._kind, self.binary = noise, noise.kind == "bernoulli"

    def draw(self, rng: np.random.Generator) -> Tape[Source]:
        return Tape(*streams(rng, 3))

    def _noise(self, n: int) -> Array:
        return self._kind.draw(self._luck.noise, n)

    def _start(self, tape: Tape[Source]) -> None:
        self._luck = Tape(*map(copy_of, tape))
        self._begin()

    @default
    def _begin(self) -> None:
        """What a run begins with, the generators of ``_luck`` at hand. Here: nothing else."""

    def _check_probabilities(self, levels: Array) -> None:
        if self.binary and not (levels.min() >= -1e-12 and levels.max() <= 1.0 + 1e-12):
            raise ValueError(
                "noise must not be bernoulli where mean rewards leave [0, 1], got means from "
                f"{float(levels.min()):g} to {float(levels.max()):g}"
            )


class SteadyLinearEnvironment(LinearEnvironment):
    """A fixed set of actions with one parameter throughout a run: mean rewards ``<a, theta> + nu(a)``."""

    problem: LinearProblem | FullFeedbackLinearProblem

    counts_queries: ClassVar[bool] = False

    def __init__(
        self,
        actions: Component | Sequence[Sequence[float]] | Array,
        theta: Component | Sequence[float] | Array | None,
        error: Component | Sequence[float] | Array | None,
        misspecification: float | None,
        noise: str,
        sigma: float | None,
        parameter_norm: float | None,
        feature_norm: float | None,
        sparsity: int | None,
        horizon: int,
        feedback: str,
    ) -> None:
        chosen: ActionSet = action_set(actions)
        self._set, self._features = chosen, Features(chosen.table())
        d, norm = self._features.dimension, self._features.largest_norm
        self._law: Parameter = parameter(chosen.parameter if theta is None else theta, d)
        self._error: Misspecification = error_law(chosen.error if error is None else error)
        self._limit = self._error.limit(misspecification, self._features, self._law)
        told = self._law.told_norm(d, norm) if parameter_norm is None else parameter_norm
        told = real("parameter_norm", told, 0.0, closed="low")
        largest = self._law.largest_norm(d, norm)
        if math.isfinite(largest) and largest > told * (1.0 + 1e-9):
            raise ValueError(f"parameter_norm must be at least {largest!r}, the norm of theta, got {told!r}")
        feature_norm = norm if feature_norm is None else real("feature_norm", feature_norm, 0.0, closed="low")
        sparsity = self._law.sparsity if sparsity is None else sparsity
        reach = feature_norm * told + self._limit if math.isfinite(largest) else math.inf
        kind = Noise(noise, sigma)
        full = one_of("feedback", feedback, ("bandit", "full")) == "full"
        problem = FullFeedbackLinearProblem if full else LinearProblem
        super().__init__(
            problem(
                features=self._features,
                horizon=integer("horizon", horizon),
                parameter_norm=told,
                feature_norm=feature_norm,
                sparsity=sparsity,
                misspecification=self._limit,
                **kind.ranges(reach),
            ),
            kind,
        )
        self._random = self._law.random or self._error.random
        self._adopt(np.random.default_rng(0))  # what cannot be played is found before a run

    def _begin(self) -> None:
        if self._random:
            self._adopt(self._luck.parameter)
        self._forget()

    @default
    def _forget(self) -> None:
        """Forget what was noted of the run before. Here: nothing was."""

    @default
    def _more_comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Further comparators. Here: none."""
        return {}

    @default
    def _more_limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Limits of further regrets. Here: none."""
        return {}

    @default
    def _more_regrets(self) -> Sequence[Regret]:
        """Further regret definitions. Here: none."""
        return ()

    def _adopt(self, rng: np.random.Generator) -> None:
        """Draw the parameter of a run, and the errors."""
        features, problem = self._features, self.problem
        theta = self._law.draw(rng, features.dimension, features)
        if not self._law.random or self._law.sparsity is not None:
            checked_theta(theta, problem.parameter_norm, problem.sparsity)
        linear = np.empty((1, features.n_actions))
        level_rows(features.array[None], theta[None], linear)
        nu = self._error.draw(rng, features, theta, linear[0], self._limit)
        if nu.shape != linear[0].shape:
            raise ValueError(f"nu must have {features.n_actions} entries, one an action, got {nu.size}")
        if (worst := float(np.max(np.abs(nu)))) > self._limit * (1.0 + 1e-9) + 1e-15:
            raise ValueError(f"misspecification must be at least {worst!r}, the largest |nu|, got {self._limit!r}")
        self._linear, self._means = linear[0], linear[0] + nu
        self._check_probabilities(self._means)
        noise, best = self._kind, float(np.max(self._means))
        self._instance = LinearInstance(
            features=features,
            counts_queries=self.counts_queries,
            theta=theta,
            means=self._means,
            variances=self._means * (1.0 - self._means) if self.binary else np.full(nu.size, noise.variance),
            error=worst,
            parameter_norm=float(np.linalg.norm(theta)),
            feature_norm=features.largest_norm,
            sub_gaussian=noise.true,
            noise_is_gaussian=noise.kind == "gaussian",
            prior_deviation=self._law.prior,
            largest_gap=best - float(np.min(self._means)),
            steady=True,
            oblivious_rewards=True,
            stationary=True,
            oblivious=True,
            bernoulli=self.binary,
            bounded=self.problem.bounded,
            gaussian=noise.kind == "gaussian",
            changes=0,
        )

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self._means[None, :], 0, stop

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {
            "best_action": times * np.max(self._means),
            "best_linear": times * self._means[np.argmax(self._linear)],
            "worst": times * np.min(self._means),
            **self._more_comparators(times),
        }

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("pseudo", "expected_reward", "best_action", "fixed", "pseudo-regret against the best action"),
            Regret("realized", "reward", "best_action", "fixed", "realized regret against the best action's mean"),
            *self._more_regrets(),
        )

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """In expectation, the best action and the worst in every round; realized, also the most and the least noise.

        Of a parameter or errors that are drawn, only what norms and misspecification allow is known. Gaussian rewards
        have no limits, and bernoulli ones those of 0 and 1.
        """
        best, worst = float(np.max(self._means)), float(np.min(self._means))
        if self._random:
            largest = self._law.largest_norm(self._features.dimension, self._features.largest_norm)
            best = self._features.largest_norm * largest + self._limit
            worst = -best
        gap = 0.0 if self._features.n_actions == 1 else best - worst
        return {**self._kind.limits(times, gap), **self._more_limits(times)}

    def clairvoyant(self, comparator: str) -> int:
        if comparator == "best_action":
            return int(np.argmax(self._means))
        if comparator == "best_linear":
            return int(np.argmax(self._linear))
        raise ValueError(f"comparator must be best_action or best_linear, got {shown(comparator)}")

    def instance(self) -> LinearInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """Of a given theta, of unit vectors, of random vertices, and of a needle; where they hold."""
        asymptotic = asymptotic_bound(self._instance, self._random)
        found = (asymptotic, self._on_unit_vectors(), self._at_vertices(), self._of_a_needle())
        return tuple(bound for bound in found if bound is not None)

    def _on_unit_vectors(self) -> Bound | None:
        noise = self._kind
        if not isinstance(self._set, Basis) or noise.kind != "gaussian" or not isinstance(self._error, NoError):
            return None
        return minimax_rate(self._set.dimension, noise.true)

    def _at_vertices(self) -> Bound | None:
        scaled, law, kind = self._set, self._law, self._kind
        if not (isinstance(scaled, Hypercube) and isinstance(law, Vertices) and kind.kind == "gaussian"):
            return None
        if kind.true == 0.0 or not isinstance(self._error, NoError):
            return None
        return vertices_bound(scaled.dimension, scaled.scale, law.delta, kind.true)

    def _of_a_needle(self) -> Bound | None:
        if not (isinstance(self._set, Needle) and isinstance(self._error, OneNeedle) and isinstance(self._law, Row)):
            return None
        return needle_bound(self._features.n_actions, self._law.scale)

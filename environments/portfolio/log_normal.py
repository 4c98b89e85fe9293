"""Log-normal markets: of one law throughout, and of one that changes between regimes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, is_list, real, reals, shaped, shown, within
from bandits.contract import Array
from bandits.normals import standard_normal
from environments.portfolio.environment import Market

LARGEST = 20.0
"""Largest drift and deviation a round: relatives are then numbers, whatever is drawn."""


class LogNormalMarket(Market[Array]):
    """Relatives ``exp(mu_i - sigma_i^2 / 2 + sigma_i z_i)``, with normal z that are correlated between assets only.

    ``exp(mu_i)`` is the mean of a relative. The tape are the standard normals [horizon, n_assets].

    Args:
        mu: one for all assets, or [n_assets], in [-20, 20].
        sigma: one for all assets, or [n_assets], in [0, 20].
        correlation: of any two assets, in [-1, 1], or a matrix [n_assets][n_assets] with ones on the diagonal;
            positive semidefinite.
        n_assets: number of assets, at most 1000; None for as many as the lists have, or 2.
        horizon: number of rounds.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".
    """

    def __init__(
        self,
        mu: float | Sequence[float] = 0.0,
        sigma: float | Sequence[float] = 0.06,
        correlation: float | Sequence[Sequence[float]] = 0.0,
        n_assets: int | None = None,
        horizon: int = 1000,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.mu, self.sigma, self.correlation, self.n_assets = mu, sigma, correlation, n_assets
        lengths = [len(given) for given in (mu, sigma, correlation) if is_list(given)]
        k = integer("n_assets", max([*lengths, 0]) or 2 if n_assets is None else n_assets, 1, 1000)
        self._mu = _of_each("mu", mu, k, -LARGEST)
        self._sigma = _of_each("sigma", sigma, k, 0.0)
        self._root = _root(correlation, k)
        super().__init__(
            k, horizon, -math.inf, math.inf, math.inf if k > 1 else 1.0, False, False, trading_cost, cost_model, ruin
        )

    def draw(self, rng: np.random.Generator) -> Array:
        return standard_normal(rng, np.empty((self.horizon, self.problem.n_assets)))

    def begin(self, tape: Array) -> None:
        self._open(np.exp(self._mu - 0.5 * self._sigma**2 + self._sigma * (tape @ self._root)))


class Path(NamedTuple):
    """A run's tape.

    Attributes:
        regimes: [horizon] the regime of each round.
        normals: [horizon, n_assets].
    """

    regimes: NDArray[np.int64]
    normals: Array


class RegimesMarket(Market[Path]):
    """As ``LogNormalMarket`` without correlation, with drifts that change: those of the regime that a round is in.

    The first regime is uniform; after each round the next is the same with probability ``stay``, else uniform among the
    others.

    Args:
        drifts: [n_regimes][n_assets] the mu of each regime, in [-20, 20].
        sigmas: one for all assets, or [n_assets], in [0, 20].
        stay: in [0, 1].
        horizon: number of rounds.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".
    """

    def __init__(
        self,
        drifts: Sequence[Sequence[float]] = ((0.02, -0.015, 0.0), (-0.015, 0.02, 0.0)),
        sigmas: float | Sequence[float] = (0.03, 0.03, 0.0),
        stay: float = 0.98,
        horizon: int = 1000,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.drifts, self.sigmas = drifts, sigmas
        self.stay = real("stay", stay, 0.0, 1.0, closed="both")
        self._drifts = shaped("drifts", drifts, (None, None))
        if np.abs(self._drifts).max() > LARGEST:
            raise ValueError(f"drifts must be in [{-LARGEST:g}, {LARGEST:g}], got {shown(drifts)}")
        k = self._drifts.shape[1]
        self._sigmas = _of_each("sigmas", sigmas, k, 0.0)
        super().__init__(
            k, horizon, -math.inf, math.inf, math.inf if k > 1 else 1.0, False, False, trading_cost, cost_model, ruin
        )

    def draw(self, rng: np.random.Generator) -> Path:
        n = len(self._drifts)
        steps = np.where(rng.random(self.horizon) < self.stay, 0, rng.integers(1, max(n, 2), self.horizon))
        steps[0] = rng.integers(n)
        return Path(np.cumsum(steps) % n, standard_normal(rng, np.empty((self.horizon, self.problem.n_assets))))

    def check_tape(self, tape: Path) -> None:
        within("regimes of tape", tape.regimes, 0, len(self._drifts) - 1)

    def begin(self, tape: Path) -> None:
        self._open(np.exp(self._drifts[tape.regimes] - 0.5 * self._sigmas**2 + self._sigmas * tape.normals))


def _of_each(name: str, given: float | Sequence[float], n_assets: int, low: float) -> Array:
    """A number for each asset, [n_assets], in [low, LARGEST]."""
    if not is_list(given):
        return np.full(n_assets, real(name, given, low, LARGEST, closed="both"))  # type: ignore[arg-type]
    if len(given) != n_assets:
        raise ValueError(f"{name} must be a number, or {n_assets} of them, one an asset, got {shown(given)}")
    return np.array(reals(name, given, low, LARGEST, closed="both"))


def _root(given: float | Sequence[Sequence[float]], n_assets: int) -> Array:
    """A root [n_assets, n_assets] of the correlation matrix.

    Raises:
        ValueError: no correlation matrix.
    """
    if is_list(given):
        matrix = shaped("correlation", given, (n_assets, n_assets))
    else:
        matrix = np.full((n_assets, n_assets), real("correlation", given, -1.0, 1.0, closed="both"))  # type: ignore[arg-type]
        np.fill_diagonal(matrix, 1.0)
    domain = "correlation must be a number, or a symmetric matrix with ones on the diagonal"
    if not (np.allclose(matrix, matrix.T, rtol=0.0, atol=1e-12) and np.allclose(matrix.diagonal(), 1.0, rtol=0.0)):
        raise ValueError(f"{domain}, got {shown(given)}")
    values, vectors = np.linalg.eigh(matrix)
    if values[0] < -1e-9:
        raise ValueError(
            f"{domain}, positive semidefinite, got {shown(given)} for {n_assets} assets, with the eigenvalue "
            f"{float(values[0]):.4g}"
        )
    return np.asarray((np.sqrt(np.maximum(values, 0.0)) * vectors).T)

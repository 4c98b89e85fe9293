"""Points and weights for the mean over a Dirichlet prior on portfolios: exact, drawn, or on a lattice.

*Exact*: ``l_1 = u_1, l_2 = (1 - u_1) u_2, ...`` with independent ``u_i ~ Beta(a, (k - i) a)`` is Dirichlet(a, .., a).
The wealth of a constant mix after ``T`` rounds is a polynomial of degree at most ``T`` in each ``u_i``, so that Gauss
and Jacobi's rule with ``floor(T / 2) + 1`` nodes for each is exact for every portfolio up to round ``T``, and for the
wealth (derived in this project). No more than ``max(1024, 10 sqrt(T))`` nodes are taken: the integrand's peak is
``1 / sqrt(T)`` wide, and logarithms of wealth are then off by some 1e-11 at T = 10,000 and 1e-9 at a million.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bandits.arguments import affordable, integer, one_of, shown
from bandits.contract import Array

PRIORS = {"uniform": 1.0, "half": 0.5}
"""Words for priors and their ``a`` in Dirichlet(a, .., a)."""

METHODS = ("exact", "sampled")

LIMIT, USUAL = 10**6, 201**2
"""Most nodes that are taken at all, and that are taken where no method is asked for: three assets, 400 rounds."""


@dataclass(frozen=True)
class Quadrature:
    """How the mean over Dirichlet(a, .., a) is taken.

    Args:
        prior: "uniform" (a = 1) or "half" (a = 1/2).
        method: "exact", "sampled", or None for exact where at most 40,401 nodes do it and the horizon is known.
        samples: number of portfolios drawn, >= 1.

    Raises:
        ValueError: another word, or number.
    """

    prior: str
    method: str | None
    samples: int

    def __post_init__(self) -> None:
        one_of("prior", self.prior, PRIORS)
        if self.method is not None:
            one_of("method", self.method, METHODS)
        integer("samples", self.samples)

    @property
    def a(self) -> float:
        """The prior's parameter."""
        return PRIORS[self.prior]

    def exact(self, k: int, horizon: int | None, kappa: float = 1.0) -> bool:
        """Whether means over portfolios of ``k`` assets are exact; see ``nodes`` for the other arguments."""
        if self.method is None:
            return horizon is not None and nodes(k, horizon, kappa) ** (k - 1) <= USUAL
        return self.method == "exact"

    def points(self, k: int, horizon: int | None, rng: np.random.Generator, kappa: float = 1.0) -> tuple[Array, Array]:
        """Portfolios [n, k] and their weights [n], which sum to 1.

        Raises:
            ValueError: exact without a horizon, or by more than ``LIMIT`` nodes; samples that do not fit into memory.
        """
        if not self.exact(k, horizon, kappa):
            affordable("samples and the number of assets", f"a table of {self.samples} x {k}", self.samples * k)
            return rng.dirichlet(np.full(k, self.a), self.samples), np.full(self.samples, 1.0 / self.samples)
        if horizon is None:
            raise ValueError("method must be sampled where the problem declares no horizon, got 'exact'")
        n = nodes(k, horizon, kappa)
        if n ** (k - 1) > LIMIT:
            size = f"{k} assets and {horizon} rounds take {n}^{k - 1} nodes, more than {LIMIT}"
            raise ValueError(f"method must be sampled here, as {size}; got 'exact'")
        return sticks(k, self.a, n)


def nodes(k: int, horizon: int, kappa: float = 1.0) -> int:
    """Number of nodes for each of the ``k - 1`` sticks.

    Args:
        k: number of assets.
        horizon: number of rounds.
        kappa: power of wealth that is integrated. Where it is no whole number, this is no polynomial and nothing is
            exact; some 10,000 nodes are taken then at least, or 1024 for each stick.
    """
    degree = kappa * horizon
    n = math.floor(degree / 2.0) + 1
    if kappa != int(kappa) and k > 1:
        n = max(n, int(10_000 ** (1.0 / (k - 1)) + 1e-9))
    return min(n, max(1024, math.ceil(10.0 * math.sqrt(degree))))


@functools.lru_cache(maxsize=16)
def beta_rule(a: float, b: float, n: int) -> tuple[Array, Array, Array]:
    """Nodes ``u`` [n], ``1 - u`` and weights [n] for means under Beta(a, b), exact up to degree ``2 n - 1``."""
    if a == b == 0.5:
        angles = (2.0 * np.arange(1, n + 1) - 1.0) * math.pi / (4.0 * n)
        return np.cos(angles) ** 2, np.sin(angles) ** 2, np.full(n, 1.0 / n)
    from scipy.special import roots_jacobi

    alpha, beta = b - 1.0, a - 1.0
    x = roots_jacobi(n, alpha, beta)[0]
    # its weights are off by 1e-8 of themselves and more for thousands of nodes: Christoffel's are 1 / sum_j p_j(x)^2,
    # of orthonormal polynomials p_j by their recurrence, with p_0 = 1
    j = np.arange(1.0, n)
    s = 2.0 * j + alpha + beta
    middle = np.append((beta - alpha) / (alpha + beta + 2.0), (beta - alpha) * (beta + alpha) / (s * (s + 2.0)))
    side = np.sqrt(4.0 * j * (j + alpha) * (j + beta) / (s * s * (s + 1.0)))
    side[1:] *= np.sqrt((j + alpha + beta) / (s - 1.0))[1:]  # 1 for j = 1, where it may be 0 / 0
    last, p, squares = np.zeros(n), np.ones(n), np.ones(n)
    for i in range(n - 1):
        last, p = p, ((x - middle[i]) * p - (side[i - 1] if i else 0.0) * last) / side[i]
        squares += p * p
    return (1.0 + x) / 2.0, (1.0 - x) / 2.0, 1.0 / squares / (1.0 / squares).sum()


def sticks(k: int, a: float, n: int) -> tuple[Array, Array]:
    """Portfolios [n^(k-1), k] and weights for Dirichlet(a, .., a), by ``n`` nodes for each stick."""
    shares: list[Array] = []
    rest = weights = np.ones(1)
    for i in range(1, k):
        u, left, w = beta_rule(a, (k - i) * a, n)
        shares = [np.repeat(share, n) for share in shares]
        shares.append(np.outer(rest, u).ravel())
        rest, weights = np.outer(rest, left).ravel(), np.outer(weights, w).ravel()
    return np.column_stack([*shares, rest]), weights


def lattice_points(k: int, g: int) -> Array:
    """All portfolios [n, k] of ``k`` assets whose shares are whole multiples of ``1 / g``.

    Raises:
        ValueError: there are more than ``LIMIT``.
    """
    if (size := math.comb(g + k - 1, k - 1)) > LIMIT:
        raise ValueError(
            f"lattice must have at most {LIMIT} points, got {g}, which has {shown(size)} of {k} assets; lower it"
        )
    bars = np.array(list(combinations(range(g + k - 1), k - 1)), dtype=np.int64).reshape(size, k - 1)
    ends = np.column_stack([np.full(size, -1), bars, np.full(size, g + k - 1)])
    return (np.diff(ends, axis=1) - 1) / g

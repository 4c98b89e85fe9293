"""The linear systems of the paper's experiments: shifted Laplacians with random right-hand sides."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from bandits.arguments import integer, positive, real
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.registry import Registry

CANDIDATES = 4096
"""Candidates drawn at once for right-hand sides. Part of what decides the numbers of a run."""


def grid_laplacian(m: int) -> Any:
    """The 5-point Laplacian (4 on the diagonal, -1 for neighbours, no scaling) on an ``m`` by ``m`` interior grid.

    Returns:
        [m * m, m * m] CSR array, unknowns row by row. MATLAB's ``delsq(numgrid('S', m + 2))`` [code].
    """
    integer("m", m)
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(m, m))
    eye = sp.eye_array(m)
    matrix = sp.csr_array(sp.kron(eye, line) + sp.kron(line, eye))
    matrix.eliminate_zeros()
    matrix.sort_indices()
    return matrix


def l_laplacian(side: int) -> Any:
    """The 5-point Laplacian on an L-shaped part of a ``side`` by ``side`` interior grid of the square (-1, 1)^2.

    Kept are the points with ``x > 0`` or ``y > 0``, numbered column by column (x ascending), each from the top (y
    descending).

    Returns:
        [n, n] CSR array. MATLAB's ``delsq(numgrid('L', side + 2))`` [recall]; n = 75 for side 10, 675 for side 30.
    """
    integer("side", side, 2)
    place = np.arange(1, side + 1) * 2 - (side + 1)  # a coordinate, in units of half a step
    kept = ((place[:, None] > 0) | (place[::-1][None, :] > 0)).ravel()
    return sp.csr_array(grid_laplacian(side)[kept][:, kept])


def truncated_normals(rng: np.random.Generator, count: int, n: int) -> Array:
    """Right-hand sides [count, n]: standard normal vectors conditioned on a norm of at most ``sqrt(n)``.

    Drawn by rejection; a little more than half of the candidates are kept. (The paper's appendix G says "norm at most
    n"; its section 3 and its code have ``sqrt(n)``.)
    """
    vectors = np.empty((count, n))
    filled = 0
    while filled < count:
        candidates = rng.standard_normal((min(CANDIDATES, 2 * (count - filled) + 16), n))
        filled = _fill(vectors, filled, candidates, np.einsum("ij,ij->i", candidates, candidates))
    return vectors


@kernel
def _fill(vectors: Array, filled: int, candidates: Array, squares: Array) -> int:
    """Put the candidates whose squared norms are at most their length behind the first ``filled`` vectors."""
    for i in range(squares.size):
        if filled < len(vectors) and squares[i] <= candidates.shape[1]:
            vectors[filled] = candidates[i]
            filled += 1
    return filled


class BetaShifts:
    """Shifts ``offset + width * Beta(a, b)``.

    Args:
        offset: smallest shift.
        width: length of the interval of shifts, > 0.
        a: first parameter of the beta distribution, > 0.
        b: second parameter of the beta distribution, > 0.
    """

    def __init__(self, offset: float, width: float, a: float, b: float) -> None:
        self.offset, self.width = real("offset", offset), positive("width", width)
        self.a, self.b = positive("a", a), positive("b", b)

    @property
    def high(self) -> float:
        """Largest shift."""
        return self.offset + self.width

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Independent shifts [count]."""
        return np.minimum(self.offset + self.width * rng.beta(self.a, self.b, count), self.high)


class LowVarianceShifts(BetaShifts):
    """The first distribution of the paper's Figures 2 and 5, with mean 0; arguments as ``BetaShifts``."""

    def __init__(self, offset: float = -0.15, width: float = 0.6, a: float = 2.0, b: float = 6.0) -> None:
        super().__init__(offset, width, a, b)


class HighVarianceShifts(BetaShifts):
    """The second distribution of the paper's Figures 2 and 5, with mean 0; arguments as ``BetaShifts``."""

    def __init__(self, offset: float = -0.15, width: float = 0.6, a: float = 0.5, b: float = 1.5) -> None:
        super().__init__(offset, width, a, b)


class EasyShifts(BetaShifts):
    """Far from singularity: a regime in which the paper's bounds are visible; arguments as ``BetaShifts``."""

    def __init__(self, offset: float = 1.0, width: float = 3.0, a: float = 0.5, b: float = 1.5) -> None:
        super().__init__(offset, width, a, b)


SHIFTS = Registry(
    "shifts",
    {
        "beta": BetaShifts,
        "low_variance": LowVarianceShifts,
        "high_variance": HighVarianceShifts,
        "easy": EasyShifts,
    },
)

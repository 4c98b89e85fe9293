"""The two regions of the paper's experiments, with what is known of their Laplacians under every shift.

Off the diagonal the 5-point Laplacian joins neighbours only, which lie on fields of different colours of a chessboard.
So the eigenvalues of ``4 I - A`` come in pairs of opposite sign, and with its largest, the ``radius``, those of ``A + c
I`` range from ``4 + c - radius`` to ``4 + c + radius`` and ``beta(c) = radius / (4 + c)`` [derived].
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from bandits.arguments import integer, shown
from bandits.contract import Array
from bandits.registry import Registry
from environments.sor.conjugate import triangle_excess
from environments.sor.instances import grid_laplacian, l_laplacian
from environments.sor.spectra import largest_modulus

LARGEST_SIDE = 5000
"""Most grid points to a side: the Laplacian takes 1.6 GB."""


class Region:
    """A part of a square with a 5-point Laplacian, zero on the boundary.

    Attributes:
        matrix: the Laplacian A, [n, n] CSR array.
        radius: spectral radius of ``4 I - A``.
    """

    def __init__(self, matrix: Any, radius: float) -> None:
        self.matrix, self.radius = matrix, radius
        self._excesses: dict[tuple[float, float], tuple[Array, Array]] = {}

    @property
    def n(self) -> int:
        """Number of unknowns."""
        return int(self.matrix.shape[0])

    def check_shift(self, shift: float, name: str) -> None:
        """Raise ``ValueError`` unless the shifted matrix is positive definite."""
        if not (np.isfinite(shift) and shift > self.radius - 4.0):
            raise ValueError(
                f"{name} must be a finite number above {self.radius - 4.0:.6g}, minus the smallest eigenvalue of the "
                f"Laplacian, got {shown(shift)}"
            )

    def beta(self, shifts: ArrayLike) -> Array:
        """Jacobi radius for each shift."""
        return np.asarray(self.radius / (4.0 + np.asarray(shifts)))

    def mu(self, shifts: ArrayLike) -> Array:
        """``lambda_max(D A^-1)`` for each shift."""
        c = np.asarray(shifts)
        return np.asarray((4.0 + c) / (4.0 + c - self.radius))

    def kappa(self, shifts: ArrayLike) -> Array:
        """Condition number for each shift."""
        c = np.asarray(shifts)
        return np.asarray((4.0 + c + self.radius) / (4.0 + c - self.radius))

    def nu(self, shifts: ArrayLike, low: float, high: float) -> Array:
        """``conjugate.triangle_excess`` for each shift in ``[low, high]``.

        Interpolated between 65 values of ``1 / (4 + c)``: the largest eigenvalue has kinks, but is otherwise smooth. It
        lies in [-1/4, 0] without a shift; shifts below 0 can take it above 0 [derived].
        """
        if (low, high) not in self._excesses:
            eye, ends = sp.eye_array(self.n), (1.0 / (4.0 + high), 1.0 / (4.0 + low))
            places = (ends[0] + ends[1]) / 2.0 - (ends[1] - ends[0]) / 2.0 * np.cos(np.linspace(0.0, np.pi, 65))
            values = [triangle_excess(self.matrix + (1.0 / s - 4.0) * eye) for s in places]
            self._excesses[low, high] = places, np.array(values)
        places, excesses = self._excesses[low, high]
        return np.asarray(np.interp(1.0 / (4.0 + np.asarray(shifts, dtype=np.float64)), places, excesses))


class Square(Region):
    """The square.

    Args:
        side: interior grid points to a side, >= 1; there are ``side^2`` unknowns, row by row.
    """

    def __init__(self, side: int) -> None:
        self.side = integer("side", side, most=LARGEST_SIDE)
        super().__init__(grid_laplacian(side), 4.0 * float(np.cos(np.pi / (side + 1))))


class LShape(Region):
    """The part of the square that is left without one quarter; see ``l_laplacian``.

    Args:
        side: interior grid points to a side of the square, >= 2.
    """

    def __init__(self, side: int) -> None:
        self.side = integer("side", side, 2, most=LARGEST_SIDE)
        super().__init__(l_laplacian(side), _l_radius(side))


@functools.cache
def _l_radius(side: int) -> float:
    matrix = l_laplacian(side)
    return largest_modulus(sp.csr_array(4.0 * sp.eye_array(matrix.shape[0]) - matrix))


REGIONS = Registry("region", {"square": Square, "L": LShape})

"""Which of independent samples is the largest, and with which probability: what posterior sampling plays.

With samples ``X_i`` of distribution functions ``F_i`` and densities ``f_i`` it is arm ``i`` with the probability

    integral of f_i(x) prod_{j != i} F_j(x) dx,

and where laws have atoms, each of them counts for the lowest arm that has one there. The integrals of all arms are
worked out together, in logarithms, by the rules of Gauss (7 points) and Kronrod (15) on panels that are halved until
both agree within ``AGREE``. Panels end where an arm's law begins, peaks or ends, on its own scale, so that no narrow
peak is missed. What lies outside the window, and arms that do not reach it, have less than 1e-17 in all.

Accuracy: 1e-10, as the sum of all probabilities is checked to be 1 within ``OFF``, and as tests compare with closed
forms. Time grows with the number of arms, and with how different their scales are: some ms for ten arms.
"""

from __future__ import annotations

import bisect
from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, no_closed_form

AGREE = 1e-11
"""How far both rules may be apart on a panel, all arms together; the finer one is far nearer to the integral."""
OFF = 1e-9
"""How far the sum of all probabilities may be from 1 before it is divided by."""
EQUAL = 1e-12
"""Atoms that are so near count as one place, as the samples there do for policies (``scan.TIE``)."""
TAIL = -43.0
"""Logarithm of the chance that a sample is outside the window, below or above."""
MOST = 2**21
"""Numbers that are worked out at a time."""


class Laws(ABC):
    """Laws of independent samples on a line, one an arm. Arguments ``x`` have shapes that go with [n_arms, 1].

    Attributes:
        centres: [n_arms] where each has its mass, about.
        scales: [n_arms] > 0, its spread, about.
        atoms: (arms [n], places [n], masses [n]): points that have mass.
        kinks: [n] further points at which a density is not smooth.
    """

    centres: Array
    scales: Array
    kinks: Array = np.zeros(0)
    atoms: tuple[NDArray[np.int64], Array, Array] = (np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))

    @abstractmethod
    def log_cdf(self, x: Array) -> Array:
        """Ln P(X_i <= x)."""

    @abstractmethod
    def log_sf(self, x: Array) -> Array:
        """Ln P(X_i > x)."""

    @abstractmethod
    def log_density(self, x: Array) -> Array:
        """The logarithm of the density beside atoms."""


class Gaussians(Laws):
    """Normal laws.

    Places are told from the ``origin``, the mean of the narrowest law that may be the largest: far from 0 a narrow law
    would have few floating-point numbers.

    Args:
        means: [n_arms].
        deviations: [n_arms] > 0.
    """

    def __init__(self, means: Array, deviations: Array) -> None:
        may = means + 9.0 * deviations >= np.max(means - 9.0 * deviations)
        self.origin = means[np.argmin(np.where(may, deviations, np.inf))]
        self.centres, self.scales = means - self.origin, deviations

    def _standard(self, x: Array) -> Array:
        return np.asarray((x - self.centres[:, None]) / self.scales[:, None])

    def log_cdf(self, x: Array) -> Array:
        from scipy.special import log_ndtr

        return np.asarray(log_ndtr(self._standard(x)))

    def log_sf(self, x: Array) -> Array:
        from scipy.special import log_ndtr

        return np.asarray(log_ndtr(-self._standard(x)))

    def log_density(self, x: Array) -> Array:
        return np.asarray(-0.5 * self._standard(x) ** 2 - np.log(self.scales[:, None] * np.sqrt(2.0 * np.pi)))


class Betas(Laws):
    """Laws Beta(a, b), in the log-odds ``ln(theta / (1 - theta))``, in which the density is smooth for all a, b > 0.

    Args:
        a: [n_arms] > 0.
        b: [n_arms] > 0.
    """

    def __init__(self, a: Array, b: Array) -> None:
        from scipy.special import polygamma, psi

        self._a, self._b = a[:, None], b[:, None]
        self._share, self._odds = self._a / (self._a + self._b), np.log(self._a) - np.log(self._b)
        rest = _stirling(a) + _stirling(b) - _stirling(a + b)
        self._log = (rest + 0.5 * (np.log(2.0 * np.pi) + np.log(a + b) - np.log(a) - np.log(b)))[:, None]
        self.centres, self.scales = psi(a) - psi(b), np.sqrt(polygamma(1, a) + polygamma(1, b))

    def log_cdf(self, x: Array) -> Array:
        return _log_beta(self._a, self._b, x)

    def log_sf(self, x: Array) -> Array:
        return _log_beta(self._b, self._a, -x)

    def log_density(self, x: Array) -> Array:
        from scipy.special import log_expit

        # a ln p + b ln q - ln B(a, b) loses (a + b) eps: told from p = a / (a + b), where B's main part cancels
        apart = x - self._odds
        near = np.clip(apart, -1.0, 1.0)
        p = np.where(
            near == apart, -np.log1p((1.0 - self._share) * np.expm1(-near)), log_expit(x) - log_expit(self._odds)
        )
        q = np.where(near == apart, -np.log1p(self._share * np.expm1(near)), log_expit(-x) - log_expit(-self._odds))
        return np.asarray(self._a * p + self._b * q - self._log)


def _stirling(z: Array) -> Array:
    """Ln Gamma(z) beyond Stirling's formula, ln Gamma(z) - (z - 1/2) ln z + z - ln(2 pi) / 2, for z > 0."""
    from scipy.special import gammaln

    far = np.maximum(z, 10.0)
    series = (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / 1680.0 / far**2) / far**2) / far**2) / far
    near = np.minimum(z, 10.0)
    exact = gammaln(near) - (near - 0.5) * np.log(near) + near - 0.5 * np.log(2.0 * np.pi)
    return np.asarray(np.where(z < 10.0, exact, series))


def _log_beta(a: Array, b: Array, x: Array) -> Array:
    """Ln P(log-odds <= x) of Beta(a, b)."""
    from scipy.special import betainc, expit

    below, above = betainc(a, b, expit(x)), betainc(b, a, expit(-x))
    with np.errstate(divide="ignore"):
        return np.where(below < 0.5, np.log(below), np.log1p(-above))


def largest(laws: Laws) -> Array:
    """The probabilities [n_arms] that the sample of an arm is the largest, by quadrature within 1e-10 (see above).

    Args:
        laws: of the samples.

    Raises:
        ArithmeticError: the quadrature has not found all probability.

    Example:
        >>> import numpy as np
        >>> from bandits.arms.largest import Betas, largest
        >>> largest(Betas(np.array([1.0, 2.0]), np.array([1.0, 1.0]))).round(9)
        array([0.33333333, 0.66666667])
    """
    n_arms, (holders, places, masses) = len(laws.centres), laws.atoms
    low = float(np.max(_reach(laws, laws.log_cdf, -1.0)))
    high = float(np.max(_reach(laws, laws.log_sf, 1.0)))
    found = np.zeros(n_arms)
    for arm, place, mass in zip(holders.tolist(), places.tolist(), masses.tolist(), strict=True):
        at, equal = np.exp(laws.log_cdf(np.full((1, 1), place + EQUAL))[:, 0]), np.abs(places - place) <= EQUAL
        equal &= holders < arm  # these go first where both are at this place
        at[holders[equal]] -= masses[equal]
        at[arm] = mass
        found[arm] += np.prod(np.maximum(at, 0.0))
    edges = np.array(_edges(laws, low, max(high, low)))
    panels = np.column_stack([edges[:-1], edges[1:]])
    at_once = max(1, MOST // (15 * n_arms))
    for _ in range(60):
        if not len(panels):
            break
        left = [panels[:0]]
        for start in range(0, len(panels), at_once):
            some = panels[start : start + at_once]
            fine, apart = _integrals(laws, some)
            done = apart <= AGREE
            found += fine[:, done].sum(axis=1)
            middle = some[~done].mean(axis=1)
            left += [np.column_stack([some[~done, 0], middle]), np.column_stack([middle, some[~done, 1]])]
        panels = np.concatenate(left)
    total = float(found.sum())
    if not abs(total - 1.0) <= OFF:
        raise ArithmeticError(f"the quadrature found a probability of {total!r} in all, which must be 1")
    return found / total


def leads(policy: object, laws: Laws) -> Array:
    """As ``largest``, for a policy that plays the largest of such samples.

    Raises:
        TypeError: the quadrature has not found all probability: the policy has none in closed form here.
    """
    try:
        return largest(laws)
    except ArithmeticError as error:
        raise no_closed_form(policy, f"here, as {error}") from error


def _reach(laws: Laws, tail: Callable[[Array], Array], sign: float) -> Array:
    """[n_arms] points, about, beyond which an arm's sample is with a probability of at most e^TAIL."""
    near, step = laws.centres, laws.scales.copy()
    for _ in range(60):  # twice as far until it is enough
        short = tail((near + sign * step)[:, None])[:, 0] > TAIL
        if not short.any():
            break
        step[short] *= 2.0
    for _ in range(8):  # and back to three quarters or so of the way, which saves panels
        closer = 0.8 * step
        step = np.where(tail((near + sign * closer)[:, None])[:, 0] > TAIL, step, closer)
    return np.asarray(near + sign * step)


def _edges(laws: Laws, low: float, high: float) -> list[float]:
    """Ends of panels from ``low`` to ``high``: those of arms of small scales first, others where none is near."""
    kept = sorted({low, high, *(x for x in (*laws.kinks.tolist(), *laws.atoms[1].tolist()) if low < x < high)})
    for arm in np.argsort(laws.scales).tolist():
        centre, scale = float(laws.centres[arm]), float(laws.scales[arm])
        for step in (-9.0, -6.0, -3.0, -1.0, 0.0, 1.0, 3.0, 6.0, 9.0):
            x = centre + step * scale
            if low < x < high:
                i = bisect.bisect(kept, x)
                if min(x - kept[i - 1], kept[i] - x) > 0.5 * scale:
                    kept.insert(i, x)
    return kept


def _integrals(laws: Laws, panels: Array) -> tuple[Array, Array]:
    """[n_arms, n_panels] by the finer rule, and [n_panels] how far the coarser one is from it in all."""
    half, middle = 0.5 * (panels[:, 1] - panels[:, 0]), panels.mean(axis=1)
    x = (middle[:, None] + half[:, None] * NODES).reshape(1, -1)
    logs = np.maximum(laws.log_cdf(x), -1e5)
    values = np.exp(np.minimum(laws.log_density(x) - logs + logs.sum(axis=0), 600.0)).reshape(len(logs), -1, 15)
    fine, coarse = values @ FINE * half, values @ COARSE * half
    return fine, np.abs(fine - coarse).sum(axis=0)


def _rule() -> tuple[Array, Array, Array]:
    """Nodes [15] on [-1, 1], Kronrod's weights, and those of Gauss, 0 where it has no node (QUADPACK's, 1983)."""
    nodes = [0.991455371120812639, 0.949107912342758525, 0.864864423359769073, 0.741531185599394440]
    nodes += [0.586087235467691130, 0.405845151377397167, 0.207784955007898468]
    fine = [0.022935322010529225, 0.063092092629978553, 0.104790010322250184, 0.140653259715525919]
    fine += [0.169004726639267903, 0.190350578064785410, 0.204432940075298892]
    coarse = [0.0, 0.129484966168869693, 0.0, 0.279705391489276668, 0.0, 0.381830050505118945, 0.0]
    return (
        np.array([*(-x for x in nodes), 0.0, *nodes[::-1]]),
        np.array([*fine, 0.209482141084727828, *fine[::-1]]),
        np.array([*coarse, 0.417959183673469388, *coarse[::-1]]),
    )


NODES, FINE, COARSE = _rule()

"""A sequence of linear systems, each solved with a relaxation parameter of the learner's choice.

Round ``t`` brings the system ``(A + c_t I) x = b_t``, ``A`` the 5-point Laplacian; the learner sees the shift ``c_t``,
picks a parameter from a grid, and observes how many iterations the solve took, and nothing else (paper, section 2.1).
The solver is SOR, SSOR or SSOR-preconditioned conjugate gradients. Every solve starts at zero, so the costs do not
depend on the learner: they are tabulated at the start of a run. ``environments.sor.instance`` says what the analysis
knows of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, one_of, positive, real, shown
from bandits.contract import Array
from bandits.registry import Component
from bandits.sor.problem import SolverProblem
from environments.sor.environment import Systems, TabulatedSolves
from environments.sor.grids import points_of
from environments.sor.instance import Solves
from environments.sor.instances import SHIFTS, BetaShifts, truncated_normals
from environments.sor.regions import LARGEST_SIDE, REGIONS, Region
from environments.sor.solve import check_tolerance
from environments.sor.spectral import products
from environments.sor.surrogates import surrogate
from environments.sor.table import MEMORY_LIMIT, check_memory


class SorSequence(TabulatedSolves):
    """Minus the iterations on shifted Laplacians with random right-hand sides, for each parameter of a grid.

    Args:
        side: interior grid points to a side, >= 1; the systems have ``side^2`` unknowns, or about 3/4 of it.
        shifts: the distribution of the shifts, ``offset + width * Beta(a, b)``: "low_variance", "high_variance",
            "easy", or "beta" with all four parameters, each also as ``{"name": ..., "parameters": {...}}``; ``offset``
            must leave the systems positive definite. See ``environments.sor.instances``.
        grid: relaxation parameters in (0, 2): a list, ascending; or "even", "theorem", "midpoint" or "anchored", also
            as ``{"name": ..., "parameters": {...}}``, see ``environments.sor.grids``. By default 20 from 1 to 1.95, as
            in the paper's experiments [code].
        tolerance: bound on the residual norm relative to the right-hand side's, in (0, 1); for "ssor" an absolute
            bound, > 0.
        max_iter: largest number of iterations of a solve, >= 2; the cost of a solve that needs more.
        cost_bound: K >= 1, the bound on (iterations - 1) that the learner is told. Larger costs are not cut off; they
            are counted in the instance. Default: ``max_iter - 1``.
        tau: slack of Assumption 2.1 in (0, 1), for the surrogate comparators and Theorem 2.1; for "ssor_cg" the factor
            of the surrogate in ``conjugate``. Default: no surrogates. There are none for "ssor".
        reference_step: step of the finer grid over [1, 1.99] for the comparator ``fine``. Default: no such comparator.
        horizon: number of systems, >= 1.
        memory_limit: bytes that the tables of a run may take.
        method: "sor"; "ssor", as the paper's analysis of random right-hand sides has it; or "ssor_cg".
        region: "square", or "L" for the part of the square that is left without one quarter; see
            ``environments.sor.regions``.
        spectral_points: number of shifts on which the comparator ``spectral`` estimates the spectrum, for "sor".
            Default: no such comparator.

    Raises:
        ValueError: a parameter out of its domain, or a run that would take more than ``memory_limit``.

    Example:
        >>> import numpy as np
        >>> from environments import SorSequence
        >>> environment = SorSequence(shifts="easy", horizon=20)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> environment.problem.n_actions
        20
        >>> reward, feedback = environment.transition(0)
        >>> reward == feedback
        True
    """

    def __init__(
        self,
        side: int = 10,
        shifts: Component = "low_variance",
        grid: Component | Sequence[float] = "even",
        tolerance: float = 1e-8,
        max_iter: int = 10_000,
        cost_bound: float | None = None,
        tau: float | None = None,
        reference_step: float | None = None,
        horizon: int = 5000,
        memory_limit: int = MEMORY_LIMIT,
        method: str = "sor",
        region: Component = "square",
        spectral_points: int | None = None,
    ) -> None:
        self.side, self.shifts, self.grid = integer("side", side, most=LARGEST_SIDE), shifts, grid
        self.method, self.region = one_of("method", method, ("sor", "ssor", "ssor_cg")), region
        self.tolerance = (
            check_tolerance(tolerance, "tolerance") if method != "ssor" else positive("tolerance", tolerance)
        )
        self.max_iter = integer("max_iter", max_iter, 2)
        self.cost_bound = None if cost_bound is None else real("cost_bound", cost_bound, 1.0, math.inf, closed="low")
        self.tau = None if tau is None else real("tau", tau, 0.0, 1.0)
        if method == "ssor" and tau is not None:
            raise ValueError(
                f"tau must not be given with method='ssor', for which there is no surrogate, got {shown(tau)}"
            )
        self.reference_step = (
            None if reference_step is None else real("reference_step", reference_step, 0.0, 0.99, closed="high")
        )
        self.memory_limit = integer("memory_limit", memory_limit)
        self.spectral_points = None if spectral_points is None else integer("spectral_points", spectral_points)
        if method != "sor" and spectral_points is not None:
            raise ValueError(
                f"spectral_points is for method='sor', whose omega* it estimates, got {shown(spectral_points)}"
            )
        self._shifts: BetaShifts = SHIFTS.build(shifts, "shifts", of=BetaShifts)
        points, place = points_of(grid), REGIONS.build(region, "region", of=Region, side=self.side)
        place.check_shift(self._shifts.offset, "the smallest shift, shifts.offset,")
        horizon = integer("horizon", horizon)
        check_memory(horizon, place.n, len(points), memory_limit)
        problem = SolverProblem(
            n_actions=len(points),
            horizon=horizon,
            low=-float(self.max_iter) if self.cost_bound is None else -(1.0 + self.cost_bound),
            high=-1.0,
            actions=tuple(points.tolist()),
            contexts=((self._shifts.offset, self._shifts.high),),
        )
        numbers = self.tolerance, self.max_iter, self.tau, self.reference_step, memory_limit
        how = Solves(method, points, *numbers, independent=True, spectral_points=self.spectral_points)
        super().__init__(problem, place, how)

    def draw(self, rng: np.random.Generator) -> Systems:
        shifts = self._shifts.draw(rng, self.horizon)
        return Systems(shifts, truncated_normals(rng, self.horizon, self._region.n))

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """A solve takes from 1 to ``max_iter`` iterations, of a play as of a comparator, whatever the system.

        Surrogates are at least 1; those of SOR are least, and their least sum is, below that of the grid's largest
        parameter at the smallest shift (derived: they rise with the spectral radius, and that falls with the shift).
        """
        most = times * (self.max_iter - 1.0)
        found = {regret.name: np.array([-most, most]) for regret in self.regrets()}
        if self.spectral_points is not None:
            found["spectral"] -= products(self._region.matrix, self.spectral_points)
        for name in found.keys() & {"surrogate", "instance_surrogate"}:
            found[name][0] = -np.inf
            if self.method == "sor" and self.tau is not None:
                radius = self._region.beta(self._shifts.offset)
                found[name][0] = times * (1.0 - surrogate(self._solves.grid[-1], radius, self.tau, self.tolerance))
        return found

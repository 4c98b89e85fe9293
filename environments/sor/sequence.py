"""A sequence of linear systems, each solved by SOR with a relaxation parameter of the learner's choice.

Round ``t`` brings the system ``(A + c_t I) x = b_t``, ``A`` the 5-point Laplacian; the learner sees the shift ``c_t``,
picks a parameter from a grid, and is told how many sweeps the solve took, and nothing else (paper, section 2.1). Every
solve starts at zero, so the costs do not depend on the learner: they are tabulated at the start of a run.

``environments.sor.facts`` says what the facts for the analysis are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.contract import Array, Problem
from bandits.domain import integer, real
from environments.arms.world import ArmsWorld
from environments.contract import Notion
from environments.sor.facts import cost_facts, theory_facts
from environments.sor.grids import grid_of, reference_grid
from environments.sor.instances import grid_laplacian, shifts_of, truncated_normals
from environments.sor.solve import check_shift, check_tolerance
from environments.sor.spectra import grid_jacobi_radius, omega_star
from environments.sor.surrogates import least_surrogates
from environments.sor.table import MEMORY_LIMIT, CostTable, check_memory, tabulate


@dataclass(frozen=True, eq=False)
class Systems:
    """All randomness of a run.

    Attributes:
        shifts: [horizon] multiples of the identity.
        rhs: [horizon, n] right-hand sides.
    """

    shifts: Array
    rhs: Array


class OffGrid(NamedTuple):
    """An action outside the grid, for comparators that are not bound to it: the relaxation parameter itself."""

    omega: float


class SorSequence(ArmsWorld[Systems]):
    """Minus the SOR sweeps of shifted Laplacians with random right-hand sides, for each parameter of a grid.

    Args:
        side: interior grid points to a side, >= 1; the systems have ``side^2`` unknowns.
        shifts: "low_variance", "high_variance" or "easy", or a mapping with ``offset``, ``width``, ``a`` and ``b`` for
            shifts ``offset + width * Beta(a, b)``; ``offset`` must leave the systems positive definite.
        grid: relaxation parameters in (0, 2), ascending; or a mapping with ``omega_max`` in (1, 2) and ``size`` for the
            grid of Theorem 2.1, ``1 + (omega_max - 1) i / size``, i = 1..size. Default: 20 from 1 to 1.95, as in the
            paper's experiments [code].
        tolerance: bound on the residual norm relative to the right-hand side's, in (0, 1).
        max_iter: largest number of sweeps of a solve, >= 2; the cost of a solve that needs more.
        cost_bound: K >= 1, the bound on (sweeps - 1) that the learner is told. Larger costs are not cut off; they are
            counted in the facts. Default: ``max_iter - 1``.
        tau: slack of Assumption 2.1 in (0, 1), for the surrogate comparator and Theorem 2.1. Default: neither.
        reference_step: step of the finer grid over [1, 1.99] for the comparator ``fine``. Default: no such comparator.
        horizon: number of systems, >= 1.
        memory_limit: bytes that the tables of a run may take.

    Raises:
        ValueError: a parameter out of its domain.
        MemoryError: a run would take more than ``memory_limit``.
    """

    def __init__(
        self,
        side: int = 10,
        shifts: str | Mapping[str, float] = "low_variance",
        grid: Sequence[float] | Mapping[str, float] | None = None,
        tolerance: float = 1e-8,
        max_iter: int = 10_000,
        cost_bound: float | None = None,
        tau: float | None = None,
        reference_step: float | None = None,
        horizon: int = 5000,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.side, self.shifts, self.grid = integer("side", side), shifts, grid
        self.tolerance, self.max_iter = check_tolerance(tolerance, "tolerance"), integer("max_iter", max_iter, 2)
        self.cost_bound = None if cost_bound is None else real("cost_bound", cost_bound, 1.0, math.inf, closed="low")
        self.tau = None if tau is None else real("tau", tau, 0.0, 1.0)
        self.reference_step = (
            None if reference_step is None else real("reference_step", reference_step, 0.0, 0.99, closed="high")
        )
        self.memory_limit = integer("memory_limit", memory_limit)
        self._shifts, self._grid = shifts_of(shifts), grid_of(grid)
        check_shift(self.side, self._shifts.offset, "the smallest shift, shifts.offset,")
        integer("horizon", horizon)
        check_memory(horizon, side * side, len(self._grid), memory_limit)
        self._matrix = grid_laplacian(side)
        self._tabulated: Systems | None = None
        self._facts: Mapping[str, Any] = {"oblivious": True, "stationary": False, "epsilon": self.tolerance}
        interval = (self._shifts.offset, self._shifts.high)
        super().__init__(
            Problem(
                "contextual",
                "bandit",
                len(self._grid),
                horizon,
                low=-float(self.max_iter) if self.cost_bound is None else -(1.0 + self.cost_bound),
                high=-1.0,
                actions=tuple(self._grid.tolist()),
                contexts=(interval,),
            )
        )
        self.observation_space = spaces.Box(*interval, shape=(1,), dtype=np.float64)

    def draw(self, rng: np.random.Generator) -> Systems:
        shifts = self._shifts.draw(rng, self.horizon)
        return Systems(shifts, truncated_normals(rng, self.horizon, self.side**2))

    def _start(self, tape: Systems) -> None:
        if self._tabulated is tape:
            return
        self._tabulated = tape
        table = self._tabulate(self._grid)
        self._costs, self._table_levels = table.costs, -table.costs.astype(np.float64)
        betas = grid_jacobi_radius(self.side, tape.shifts)
        self._stars = omega_star(betas)
        self._star_costs: NDArray[np.int32] | None = None
        bound = -self.problem.low - 1.0
        self._facts = {
            **cost_facts(table, self._grid, bound, self.tolerance),
            "shifts": tape.shifts,
            "beta": betas,
            **({} if self.tau is None else theory_facts(table, self._grid, betas, self.tau, self.tolerance)),
        }

    def _tabulate(self, omegas: Array) -> CostTable:
        return tabulate(
            self._matrix,
            self.tape.shifts,
            self.tape.rhs,
            omegas,
            tol=self.tolerance,
            max_iter=self.max_iter,
            memory_limit=self.memory_limit,
        )

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self._table_levels[start:stop], 1, stop

    def _noise(self, n: int) -> Array:
        return np.zeros(n)

    def observe(self) -> Array:
        return self.tape.shifts[[min(self.clock, self.horizon - 1)]]

    def transition(self, action: int | OffGrid) -> tuple[float, float]:
        if isinstance(action, OffGrid):
            return self._off_grid(action)
        return super().transition(action)

    def _off_grid(self, action: OffGrid) -> tuple[float, float]:
        omega = real("omega", action.omega, 0.0, 2.0)
        self._reserve()
        now = slice(self.clock, self.clock + 1)
        if omega == self._stars[self.clock]:
            cost = self._instance_costs()[self.clock]
        else:
            table = tabulate(
                self._matrix,
                self.tape.shifts[now],
                self.tape.rhs[now],
                np.array([omega]),
                tol=self.tolerance,
                max_iter=self.max_iter,
                cache=False,
            )
            cost = table.costs[0, 0]
        reward = -float(cost)
        self._reward += reward
        self._expected += reward
        self.clock += 1
        return reward, reward

    def _instance_costs(self) -> NDArray[np.int32]:
        if self._star_costs is None:
            self._star_costs = self._tabulate(self._stars[:, None]).costs[:, 0]
        return self._star_costs

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        """Minus cumulative sweeps of each comparator.

        ``best_fixed``: the grid's best for the rounds so far; ``instance``: ``omega*(c_t)`` in each round;
        ``instance_grid``: the grid's best in each round; ``worst``: its worst. Where asked for, ``fine``: the best for the rounds so far of
        the reference grid and ``omega*`` of A; ``surrogate``: the least sum of ``U_t``, see ``least_surrogates``.
        """
        result = {
            "best_fixed": -_prefix_sums(self._costs, checkpoints).min(axis=1),
            "instance": -_prefix_sums(self._instance_costs(), checkpoints),
            "instance_grid": -_prefix_sums(self._costs.min(axis=1), checkpoints),
            "worst": -_prefix_sums(self._costs.max(axis=1), checkpoints),
        }
        if self.reference_step is not None:
            reference = np.append(reference_grid(self.reference_step), omega_star(grid_jacobi_radius(self.side)))
            result["fine"] = -_prefix_sums(self._tabulate(reference).costs, checkpoints).min(axis=1)
        if self.tau is not None:
            betas, top = self._facts["beta"], float(self._grid[-1])
            result["surrogate"] = -least_surrogates(betas, self.tau, top, checkpoints, self.tolerance)
        return {name: np.asarray(sums, dtype=np.float64) for name, sums in result.items()}

    def notions(self) -> Sequence[Notion]:
        notions = [
            ("grid", "best_fixed", "fixed", "regret against the best fixed parameter of the grid"),
            ("instance", "instance", "instance", "regret against omega* of each system (asymptotic formula)"),
            ("instance_grid", "instance_grid", "dynamic", "regret against the grid's best parameter for each system"),
        ]
        if self.reference_step is not None:
            notions.append(("fine", "fine", "fine", f"regret against the best fixed of a {self.reference_step:g}-grid"))
        if self.tau is not None:
            notions.append(
                ("surrogate", "surrogate", "surrogate", "cost over the least surrogate cost (below 0 is usual)")
            )
        return tuple(Notion(n, "reward", c, against, label, "iterations") for n, c, against, label in notions)

    def clairvoyant(self, comparator: str) -> Any:
        """``best_fixed`` over the whole horizon, ``instance_grid``, or ``instance``, whose actions are ``OffGrid``."""
        now = min(self.clock, self.horizon - 1)
        if comparator == "best_fixed":
            return int(np.argmin(self._costs.sum(axis=0, dtype=np.int64)))
        if comparator == "instance_grid":
            return int(np.argmin(self._costs[now]))
        if comparator == "instance":
            return OffGrid(float(self._stars[now]))
        raise ValueError(f"comparator must be best_fixed, instance_grid or instance, got {comparator!r}")

    def facts(self) -> Mapping[str, Any]:
        return self._facts


def _prefix_sums(costs: NDArray[np.int32], checkpoints: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of the first ``t`` rows at each checkpoint ``t``."""
    starts = np.concatenate([[0], checkpoints[:-1]])
    sums = np.add.reduceat(costs[: checkpoints[-1]], starts, axis=0, dtype=np.int64)
    return np.asarray(np.cumsum(sums, axis=0))

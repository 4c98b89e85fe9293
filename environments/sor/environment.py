"""What the environments of solves share: iteration counts tabulated when a run starts, comparators and regrets."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import real, shown
from bandits.contract import Array
from bandits.sor.problem import SolverProblem
from environments.contextual.environment import ContextualEnvironment
from environments.contract import Regret
from environments.sor.conjugate import LOWEST
from environments.sor.grids import reference_grid
from environments.sor.instance import Solves, TabulatedInstance, instance_of
from environments.sor.optima import instance_optima
from environments.sor.regions import Region
from environments.sor.spectra import omega_star
from environments.sor.spectral import spectral_parameters
from environments.sor.surrogates import least_cg_surrogates, least_surrogates
from environments.sor.table import CostTable, tabulate


@dataclass(frozen=True, eq=False)
class Systems:
    """All randomness of a run: the systems ``(A + shifts[t] I) x = b_t``, A the Laplacian of the region.

    Attributes:
        shifts: [horizon] multiples of the identity.
        rhs: [horizon, n] right-hand sides, or residuals at the start.
        norms: [horizon] norms of the ``b_t`` where these are not the right-hand sides themselves.
        contexts: [horizon] what the learner sees; None: the shifts.
    """

    shifts: Array
    rhs: Array
    norms: Array | None = None
    contexts: Array | None = None


class OffGrid(NamedTuple):
    """An action outside the grid, for comparators that are not bound to it: the relaxation parameter itself."""

    omega: float


class TabulatedSolves(ContextualEnvironment[Systems]):
    """Minus the iterations of one solve a round, for each parameter of a grid.

    A solve whose start meets the tolerance counts as 1, so that losses (iterations - 1) are not negative.
    """

    problem: SolverProblem

    def __init__(self, problem: SolverProblem, region: Region, solves: Solves) -> None:
        super().__init__(problem)
        self._region, self._solves = region, solves
        self._tabulated: Systems | None = None

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Systems:
        """The systems of one run."""

    def _start(self, tape: Systems) -> None:
        if self._tabulated is tape:
            return
        self._tabulated = tape
        self._contexts = (tape.shifts if tape.contexts is None else tape.contexts)[:, None]
        self._best: tuple[Array, NDArray[np.int32]] | None = None
        self._known: TabulatedInstance | None = None
        self._table = self._tabulate(self._solves.grid)
        self._costs, self._rewards = self._table.costs, -self._table.costs.astype(np.float64)

    def _tabulate(self, omegas: Array, rounds: slice = slice(None), method: str | None = None) -> CostTable:
        how, tape = self._solves, self.tape
        table = tabulate(
            self._region.matrix,
            tape.shifts[rounds],
            tape.rhs[rounds],
            omegas,
            tol=how.tolerance,
            max_iter=how.max_iter,
            memory_limit=how.memory_limit,
            cache=rounds == slice(None),
            method=method or how.method,
            norms=None if tape.norms is None else tape.norms[rounds],
        )
        return CostTable(np.maximum(table.costs, 1), table.unfinished)

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self._rewards[start:stop], 1, stop

    def _beside(self, action: Any) -> tuple[float, float] | None:
        if not isinstance(action, OffGrid):
            return None
        omega = real("omega", action.omega, 0.0, 2.0)
        if self._best is not None and omega == self._best[0][self.clock]:
            cost = self._best[1][self.clock]
        else:
            cost = self._tabulate(np.array([omega]), slice(self.clock, self.clock + 1)).costs[0, 0]
        reward = -float(cost)
        self._pay(reward, reward)
        return reward, reward

    def _optima(self) -> tuple[Array, NDArray[np.int32]]:
        """The parameter of the comparator ``instance`` for each system [horizon], and what it costs [horizon]."""
        if self._best is None:
            tape, how = self.tape, self._solves
            if how.method == "sor":
                omegas = omega_star(self._region.beta(tape.shifts))
            else:
                norms = np.linalg.norm(tape.rhs, axis=1) if tape.norms is None else tape.norms
                omegas = instance_optima(
                    self._region.matrix,
                    tape.shifts,
                    tape.rhs,
                    how.tolerance * (norms if how.method == "ssor_cg" else np.ones_like(norms)),
                    LOWEST,
                    max(1.95, float(how.grid[-1])),
                    conjugate=how.method == "ssor_cg",
                    max_iter=how.max_iter,
                )
            self._best = omegas, self._tabulate(omegas[:, None]).costs[:, 0]
        return self._best

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Minus cumulative iterations of each comparator.

        ``best_fixed``: the grid's best for the rounds so far; ``instance``: in each round ``omega*(c_t)``, or what
        golden section on the counts finds where the solver is not SOR; ``instance_grid``: the grid's best in each
        round; ``worst``: its worst. Where asked for, ``fine``: the best for the rounds so far of the reference grid and
        ``omega*`` of A; ``spectral``: see there; ``surrogate``: the least sum of ``U_t``; ``instance_surrogate``: the
        sum of the least ``U_t``.
        """
        result = {
            "best_fixed": -prefix_sums(self._costs, times).min(axis=1),
            "instance": -prefix_sums(self._optima()[1], times),
            "instance_grid": -prefix_sums(self._costs.min(axis=1), times),
            "worst": -prefix_sums(self._costs.max(axis=1), times),
        }
        if self._solves.reference_step is not None:
            reference = np.append(reference_grid(self._solves.reference_step), omega_star(self._region.beta(0.0)))
            result["fine"] = -prefix_sums(self._tabulate(reference).costs, times).min(axis=1)
        if self._solves.spectral_points is not None:
            interval = self.problem.contexts[0]
            omegas, taken = spectral_parameters(
                self._region.matrix, self.tape.shifts, *interval, self._solves.spectral_points
            )
            result["spectral"] = -taken - prefix_sums(self._tabulate(omegas[:, None]).costs[:, 0], times)
        about, tau, tol = self.instance(), self._solves.tau, self._solves.tolerance
        if tau is not None and about.instance_surrogate is not None:
            if about.mu is not None and about.nu is not None and about.kappa is not None:
                least = least_cg_surrogates(about.mu, about.nu, about.kappa, tau, about.omega_max, times, tol)
            else:
                least = least_surrogates(about.beta, tau, about.omega_max, times, tol)
            result["surrogate"] = -least
            result["instance_surrogate"] = -np.cumsum(about.instance_surrogate)[times - 1]
        if self._solves.plain:
            result["cg"] = -prefix_sums(self._tabulate(np.zeros(1), method="cg").costs[:, 0], times)
        return {name: np.asarray(sums, dtype=np.float64) for name, sums in result.items()}

    def regrets(self) -> Sequence[Regret]:
        regrets = [
            ("grid", "best_fixed", "fixed", "regret against the best fixed parameter of the grid"),
            ("instance", "instance", "instance", f"regret against {self._optimum} of each system"),
            ("instance_grid", "instance_grid", "dynamic", "regret against the grid's best parameter for each system"),
        ]
        if self._solves.spectral_points is not None:
            text = "regret against omega* of estimated spectra, the estimates charged at the start"
            regrets.append(("spectral", "spectral", "spectral", text))
        step = self._solves.reference_step
        if step is not None:
            regrets.append(("fine", "fine", "fine", f"regret against the best fixed of a {step:g}-grid"))
        if self._solves.tau is not None:
            regrets.append(("surrogate", "surrogate", "surrogate", "cost over the least surrogate cost"))
            text = "cost over the surrogate at each optimum"
            regrets.append(("instance_surrogate", "instance_surrogate", "instance_surrogate", text))
        if self._solves.plain:
            regrets.append(("cg", "cg", "cg", "iterations beyond those of conjugate gradients"))
        return tuple(Regret(n, "reward", comparator, c, label, "iterations") for n, comparator, c, label in regrets)

    @property
    def _optimum(self) -> str:
        return "omega* (asymptotic formula)" if self._solves.method == "sor" else "the golden-section optimum"

    def clairvoyant(self, comparator: str) -> Any:
        """``best_fixed`` over the whole horizon, ``instance_grid``, or ``instance``, whose actions are ``OffGrid``."""
        now = min(self.clock, self.horizon - 1)
        if comparator == "best_fixed":
            return int(np.argmin(self._costs.sum(axis=0, dtype=np.int64)))
        if comparator == "instance_grid":
            return int(np.argmin(self._costs[now]))
        if comparator == "instance":
            return OffGrid(float(self._optima()[0][now]))
        raise ValueError(f"comparator must be best_fixed, instance_grid or instance, got {shown(comparator)}")

    def instance(self) -> TabulatedInstance:
        if self._known is None:
            shifts = self.tape.shifts
            interval = self.problem.contexts[0] if self.tape.contexts is None else (shifts.min(), shifts.max())
            bound = -self.problem.low - 1.0
            self._known = instance_of(self._solves, self._region, self._table, shifts, interval, bound)
        return self._known


def prefix_sums(costs: NDArray[np.int32], times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sums of the first ``t`` rows at each time ``t``."""
    starts = np.concatenate([[0], times[:-1]])
    sums = np.add.reduceat(costs[: times[-1]], starts, axis=0, dtype=np.int64)
    return np.asarray(np.cumsum(sums, axis=0))

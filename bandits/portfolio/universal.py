"""Cover's universal portfolio: money is split among all constant mixes by a prior, and left there.

``b_t = int l S_{t-1}(l) dpi(l) / int S_{t-1}(l) dpi(l)``, where ``S_t(l) = prod_{s <= t} <l, x_s>`` is the wealth of
the mix ``l`` and pi is Dirichlet(a, .., a), a = 1 or 1/2. Its wealth is the mean of all mixes', so that the order of
rounds does not matter to it in the end.

References: T. Cover, *Universal Portfolios*, Mathematical Finance 1991; T. Cover, E. Ordentlich, *Universal Portfolios
with Side Information*, IEEE Transactions on Information Theory 1996 (abstract read). With a = 1/2 the abstract has the
bound ``(k-1)/2 ln(t+1) + ln 2``; the sharper curves drawn here are from memory, and were checked over all types of
sequences of assets for small ``k`` and ``t``. They are met with equality where one asset alone pays.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag, integer
from bandits.contract import Array, Bound, Instance
from bandits.portfolio.mixture import Mixture, MixturePolicy
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.quadrature import Quadrature, lattice_points
from bandits.portfolio.theory import LATTICE, MIX, PortfolioInstance, free_of_costs


class Universal(MixturePolicy):
    """The universal portfolio.

    Args:
        prior: on mixes, "uniform" (Dirichlet(1, .., 1)) or "half" (Dirichlet(1/2, .., 1/2)).
        method: "exact" takes means over the prior by quadrature, for few assets and a known horizon; "sampled" over
            mixes drawn from it; None: exact where at most 40,401 nodes do it (2 assets; 3 and up to 401 rounds; 4 and
            up to 67), else sampled.
        samples: number of mixes drawn, >= 1.
        lattice: g >= 1, for all mixes with denominator g, of equal weights, in place of the prior; None for the prior.
        vertices: whether all assets and the uniform mix join the mixes drawn, of which none lies near an asset where
            there are many.

    Raises:
        ValueError: an argument out of its domain, ``lattice`` together with ``method``, or ``vertices`` with anything
            but samples.
    """

    def __init__(
        self,
        prior: str = "uniform",
        method: str | None = None,
        samples: int = 20_000,
        lattice: int | None = None,
        vertices: bool = False,
    ) -> None:
        self.prior, self.method, self.samples = prior, method, samples
        self.lattice = None if lattice is None else integer("lattice", lattice)
        self.vertices = flag("vertices", vertices)
        self._quadrature = Quadrature(prior, "sampled" if vertices and method is None else method, samples)
        if lattice is not None and method is not None:
            raise ValueError(f"method must be None where a lattice is given, got {method!r} with lattice={lattice}")
        if vertices and (lattice is not None or method == "exact"):
            given = "method='exact'" if lattice is None else f"lattice={lattice}"
            raise ValueError(f"vertices must be false but for sampled mixes, got True with {given}")

    def mixture(self, problem: PortfolioProblem) -> Mixture:
        """The mixture at the start of a run.

        Raises:
            ValueError: exact without a horizon, or too many nodes or mixes for what is played.
        """
        k = problem.n_assets
        if self.lattice is not None:
            mixes = lattice_points(k, self.lattice)
        else:
            mixes, weights = self._quadrature.points(k, problem.horizon, self._rng)
            if not self.vertices:
                return Mixture(mixes, weights)
            mixes = np.concatenate([mixes, np.eye(k), np.full((1, k), 1.0 / k)])
        return Mixture(mixes, np.full(len(mixes), 1.0 / len(mixes)))

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``ln [G(a) G(t + ka) / (G(ka) G(t + a))]``, G the gamma function: with a = 1, ``ln binom(t+k-1, k-1)``.

        Of samples it is but the order. With costs, ``(k-1) ln((1+c) t + 1)``, of Blum and Kalai's model of fees, which
        is another than here, is the order of the regret to the best mix net of its own costs.
        """
        if not isinstance(instance, PortfolioInstance) or self.lattice is not None:
            return ()
        k, c = problem.n_assets, problem.trading_cost
        exact = self._quadrature.exact(k, problem.horizon)
        found = [
            Bound(
                f"universal bound ({self.prior})",
                "upper" if exact else "order",
                lambda t: universal_regret(t, k, self._quadrature.a),
                MIX,
                "Cover 1991; Cover and Ordentlich 1996; sharp form from memory, checked over all types",
                "recalled" if exact else "convention",
                (free_of_costs(instance),),
            )
        ]
        if instance.lattice:
            source = "Blum and Kalai 1997, from memory, of another model of fees"
            found.append(
                Bound(
                    "order with costs",
                    "order",
                    lambda t: (k - 1) * np.log((1.0 + c) * t + 1.0),
                    LATTICE,
                    source,
                    "recalled",
                )
            )
        return found


def universal_regret(t: Array, k: int, a: float) -> Array:
    """The largest regret, in nats, of the universal portfolio of Dirichlet(a, .., a) after ``t`` rounds.

    Args:
        t: [n] numbers of rounds, >= 0; they need not be whole.
        k: number of assets.
        a: 1 or 1/2.
    """
    from scipy.special import gammaln

    ends = gammaln(a) - gammaln(k * a)
    return np.asarray(gammaln(t + k * a) - gammaln(t + a) + ends, dtype=np.float64)

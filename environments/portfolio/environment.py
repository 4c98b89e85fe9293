"""What every market shares: portfolios held in it, costs, ruin, metrics and comparators."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeVar, final

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import affordable, did_you_mean, floats, integer, one_of, real, shown
from bandits.contract import Array
from bandits.defaults import default
from bandits.portfolio.problem import FLOOR, SLACK, PortfolioProblem, checked_portfolio
from bandits.portfolio.theory import COMPONENT, LATTICE, MIX, UNIFORM
from environments.contract import Environment, Regret
from environments.portfolio.costs import COST_MODELS, account
from environments.portfolio.hindsight import MOST_ON_LATTICE, STEPS, Hindsight, hindsight
from environments.portfolio.instance import PortfolioInstance
from environments.portfolio.simplex import Simplex
from environments.record import Record

Tape = TypeVar("Tape")

BLOCK = 1 << 15
"""Relatives that are handed out at once: few enough for a fast cache."""

SERIES = ("reward", "turnover", "costs", "ruined")


class Market(Environment[Any, Any, Array, Tape]):
    """A market whose relatives are on the tape. ``begin`` of a subclass ends with ``self._open(relatives)``.

    Metrics: ``reward``, the logarithm of wealth; ``turnover``, the sum of ``|b - a|`` over what was traded; ``costs``,
    in logarithms of wealth; ``ruined``, the rounds in which all that was held paid nothing, or less than 1e-12 of the
    best asset: there the factor is floored at that share (``ruin="floor"``), or the play is refused (``"error"``).

    Comparators: ``best_mix`` of each time, free of costs; ``best_asset`` (or what ``thing`` is) held; ``uniform_mix``,
    net of its costs; with costs, ``best_lattice``, the best mix of a lattice of step 1/20, net of its own costs, for at
    most 4 assets; ``worst``, the worst asset of each round, where no relative can be 0 and trades are free.

    Args:
        n_assets: number of assets, >= 1.
        horizon: number of rounds.
        low: least logarithm of a relative that is possible, where relatives can be 0 of the largest one of a round;
            -inf where there is none.
        high: largest logarithm of a relative that is possible; inf where there is none.
        ratio: what no ratio of two relatives of a round exceeds, in any run; inf where relatives can be 0, or that is
            not known.
        zeros: whether relatives can be 0.
        deterministic: whether the relatives are the same in all runs.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact", or "linear" (``1 - c sum |b - a|`` is kept).
        ruin: "floor" or "error".

    Attributes:
        mix_gap: the largest certified gap, in nats, of a best mix that was asked for in this market.
    """

    problem: PortfolioProblem
    thing: ClassVar[str] = "asset"
    """What the assets are: "asset", or "component" where they are strategies."""

    def __init__(
        self,
        n_assets: int,
        horizon: int,
        low: float,
        high: float,
        ratio: float,
        zeros: bool,
        deterministic: bool,
        trading_cost: float,
        cost_model: str,
        ruin: str,
    ) -> None:
        self.horizon = integer("horizon", horizon)
        affordable("horizon", f"a tape of {shown(horizon)} rounds and {n_assets} assets", 4 * self.horizon * n_assets)
        self.trading_cost = real("trading_cost", trading_cost, 0.0, 1.0, closed="low")
        self.cost_model = one_of("cost_model", cost_model, COST_MODELS)
        self.ruin = one_of("ruin", ruin, ("floor", "error"))
        self._ratio, self._zeros, self._deterministic = float(ratio), zeros, deterministic
        self._dearest = _least_kept(self.trading_cost, self.cost_model)
        if zeros:
            low += math.log(FLOOR)
        if low == high:
            low, high = low - SLACK, high + SLACK
        self.problem = PortfolioProblem(
            n_assets=n_assets,
            horizon=self.horizon,
            low=low + self._dearest,
            high=high,
            trading_cost=self.trading_cost,
        )
        self.action_space = Simplex(n_assets)
        self.observation_space = spaces.Discrete(1)
        self._hindsight: Hindsight | None = None

    def _open(self, relatives: Array) -> None:
        """Start a run with ``relatives`` [horizon, n_assets], checked, C-contiguous and writable, never written to."""
        known = self._hindsight
        if known is None or known.relatives is not relatives:
            self._hindsight = known = hindsight(relatives, self.trading_cost, self.cost_model == "linear")
            self._known = PortfolioInstance(
                n_assets=self.problem.n_assets,
                ratio=known.ratio,
                zeros=not relatives.all(),
                trading_cost=self.trading_cost,
                deterministic=self._deterministic,
                lattice=self._on_lattice,
            )
        self._past = known
        self.clock = 0
        self._held, self._totals = np.zeros(self.problem.n_assets), np.zeros(5)
        self._record = Record(SERIES)

    @property
    def mix_gap(self) -> float:
        """The largest certified gap of a best mix that was asked for; 0 before a run."""
        return 0.0 if self._hindsight is None else self._hindsight.mix_gap

    @property
    def _on_lattice(self) -> bool:
        return self.trading_cost > 0.0 and self.problem.n_assets <= MOST_ON_LATTICE

    @default
    def observe(self) -> Any:
        return np.int64(0)

    def transition(self, action: Any) -> tuple[float, Array]:
        now = self.clock
        self.check_running()
        self.absorb(floats("a portfolio must be numbers", action)[None])
        return float(self._totals[4]), self._past.relatives[now].copy()

    def block(self, most: int) -> Array:
        """Relatives [n, n_assets] of the next rounds, at least 1 and at most ``most``: a copy."""
        self.check_running()
        rounds = min(most, max(1, BLOCK // self.problem.n_assets))
        return np.array(self._past.relatives[self.clock : self.clock + rounds])

    def absorb(self, portfolios: Array) -> None:
        """Account for the portfolios [n, n_assets] held in the next ``n`` rounds.

        Raises:
            ValueError: more rows than rounds are left, a row that is no portfolio, or ruin where it is an error.
                Nothing changes.
            RuntimeError: the run is over.
        """
        self.check_running()
        n_assets, left, start = self.problem.n_assets, self.horizon - self.clock, self.clock
        rows = np.array(portfolios, dtype=np.float64, order="C")
        if rows.ndim != 2 or rows.shape[1] != n_assets or not 1 <= len(rows) <= left:
            raise ValueError(f"portfolios must be 1 to {left} rows of {n_assets} weights, got shape {rows.shape}")
        past, held, stop = self._past, self._held.copy(), start + len(rows)
        totals = np.empty((len(rows) + 1, 5))
        totals[0] = self._totals
        linear = self.cost_model == "linear"
        done = account(
            past.rows[start:stop], past.scales[start:stop], rows, held, start, self.trading_cost, linear, totals
        )
        if done < len(rows):
            checked_portfolio(f"the portfolio of round {start + done}", rows[done], n_assets)
            raise ValueError(f"the portfolio of round {start + done} must have the sum 1, got {shown(rows[done])}")
        if self.ruin == "error" and totals[-1, 3] > totals[0, 3]:
            first = int(np.argmax(totals[1:, 3] > totals[0, 3]))
            raise ValueError(
                f"the portfolio of round {start + first} must hold an asset that pays, got {shown(rows[first])}: "
                'ruin; with ruin="floor" the run goes on'
            )
        self._held, self._totals, self.clock = held, totals[-1].copy(), stop
        if len(rows) == 1:
            self._record.step(stop, tuple(totals[1, :4].tolist()))
        else:
            self._record.stretch(start, totals[1:, :4], copy=False)

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._record.at(times)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        times, past = np.asarray(times, dtype=np.int64), self._past
        found = {
            "best_mix": past.best_mix(times),
            f"best_{self.thing}": past.best_asset(times),
            "uniform_mix": past.uniform_mix(times),
        }
        if self._on_lattice:
            found["best_lattice"] = past.best_on_lattice(times)
        if not self._zeros and self.trading_cost == 0.0:
            found["worst"] = past.worst(times)
        return found

    def regrets(self) -> Sequence[Regret]:
        free = "" if self.trading_cost == 0.0 else ", free of costs"
        found = [
            Regret("mix", "reward", "best_mix", MIX, f"regret against the best constant mix{free}", "nats"),
            Regret(
                "component", "reward", f"best_{self.thing}", COMPONENT, f"regret against the best {self.thing}", "nats"
            ),
            Regret("uniform", "reward", "uniform_mix", UNIFORM, "regret against the uniform mix", "nats"),
        ]
        if self._on_lattice:
            label = f"regret against the best mix of step 1/{STEPS}, net of costs"
            found.append(Regret("lattice", "reward", "best_lattice", LATTICE, label, "nats"))
        return found

    def clairvoyant(self, comparator: str) -> Array:
        """The constant portfolio of ``best_mix`` or ``best_asset`` (of the whole run), or ``uniform_mix``."""
        n, past = self.problem.n_assets, self._past
        if comparator == "best_mix":
            return np.array(past.mix(self.horizon).weights)
        if comparator == f"best_{self.thing}":
            return np.asarray(np.eye(n)[past.held[-1].argmax()])
        if comparator == "uniform_mix":
            return np.full(n, 1.0 / n)
        if comparator == "best_lattice" and self._on_lattice:
            wealth = past.net(past.lattice, np.array([self.horizon]))[:, 0]
            return np.array(past.lattice[wealth.argmax()])
        known = ["best_mix", f"best_{self.thing}", "uniform_mix", *["best_lattice"] * self._on_lattice]
        more = ""
        if comparator == "best_lattice":
            more = f" (it needs costs and at most {MOST_ON_LATTICE} {self.thing}s, got {n})"
        near = did_you_mean(comparator, known)
        raise ValueError(f"comparator must be one of {', '.join(known)}, got {shown(comparator)}{near}{more}")

    def instance(self) -> PortfolioInstance:
        return self._known

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """From the largest ratio of relatives in a round, from ruin being floored, and from what costs can be.

        A play earns at most the best asset's relative in a round, of which it is short by no more than the ratio, or
        the floor. The best mix is no worse than the uniform one, which has a k-th of that, so that a play is ahead by
        at most ln k a round; and so on. With one asset all is equal.
        """
        k, fees = self.problem.n_assets, -self._dearest
        spread = min(math.log(self._ratio), -math.log(FLOOR)) if k > 1 else 0.0
        ahead = {
            "mix": min(spread, math.log(k)),
            "component": math.log(self._ratio) if k > 1 else 0.0,
            "uniform": min(spread, math.log(k)) + fees,
        }
        if self._on_lattice:
            ahead["lattice"] = min(spread, math.log(STEPS / (STEPS // k))) + fees
        most = times * (spread + (fees if k > 1 else 0.0))
        return {name: np.array([-times * (least if k > 1 else 0.0), most]) for name, least in ahead.items()}


class GivenMarket(Market[None]):
    """A market whose relatives are the same in every run. A subclass keeps them in ``_relatives``."""

    _relatives: Array

    @final
    def draw(self, rng: np.random.Generator) -> None:
        return None

    @final
    def begin(self, tape: None) -> None:
        self._open(self._relatives)


def rounds_of(horizon: int | None, there: int) -> int:
    """``horizon``, of a table with ``there`` rounds; None for all of them.

    Raises:
        ValueError: no whole number in 1..there.
    """
    if horizon is not None and integer("horizon", horizon) > there:
        raise ValueError(f"horizon must be at most {there}, the rounds that are there, got {horizon}")
    return there if horizon is None else horizon


def extent(relatives: Array) -> tuple[float, float, float, bool]:
    """``low``, ``high``, ``ratio`` and ``zeros`` of a market whose rounds are rows of ``relatives`` [n, n_assets]."""
    zeros, least, most = not relatives.all(), relatives.min(axis=1), relatives.max(axis=1)
    low = math.log(float((most if zeros else least).min()))
    with np.errstate(over="ignore"):  # a ratio beyond doubles is as good as infinite
        ratio = math.inf if zeros else float((most / least).max())
    return low, math.log(float(most.max())), ratio, zeros


def _least_kept(cost: float, model: str) -> float:
    """The logarithm of the least that costs leave of wealth in a round.

    Of ``N + c sum |N b - a| = 1`` it is ``(1 - c) / (1 + c)``, all being sold and something else bought; of the linear
    model ``1 - 2 c``, floored where that is nothing.
    """
    return math.log((1.0 - cost) / (1.0 + cost) if model == "exact" else max(1.0 - 2.0 * cost, FLOOR))

"""Prices of one's own: one run on what a file or a table holds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer, one_of
from environments.portfolio.environment import GivenMarket, extent, rounds_of
from environments.portfolio.readings import VALUES, read
from environments.tables import plain


class Prices(GivenMarket):
    """A market of recorded prices; all runs are the same. Whatever comes of it is in sample.

    Args:
        source: a file, CSV (``.csv``, ``.csv.gz``) or Parquet (``.parquet``), with names of columns, looked for in the
            working folder and in ``prices/`` of the folder that the environment variable REGRETLAB_DATA names; or a
            table in Python (pandas, polars, pyarrow, or a mapping of names to lists), kept as a mapping.
        columns: names of the assets, in this order; None for all columns but the one of dates.
        values: what the numbers are: "prices", whose relatives begin with the second row; "relatives"; or
            "cumulative", products of relatives without the row of ones before them, whose first row is the first
            round's relatives (such are the files of the package universal-portfolios: as prices they lose a day).
        date_column: name of the column of dates; None for the first one that is called ``date``, ``day``, ``time`` or
            the like, or a table's index, if there is one. Dates have to increase, and are written as ``YYYY-MM-DD``,
            ``YYYY-MM``, ``YYYY`` or numbers.
        start: first date that counts, as ``YYYY-MM-DD``; None for all.
        end: last date that counts; None for all.
        most_days: largest number of days from row to row that is no gap; None for any.
        horizon: number of rounds, at most those there are; None for all.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".

    Attributes:
        assets: names of the assets.
        dates: [n_rounds] of the ends of the rounds, as texts; numbers of rows where there are none.

    Raises:
        FileNotFoundError: there is no such file; the message says where it was looked for.
        ValueError: no such table or column, or a number that is missing, not finite or not above 0 in a column that
            counts, with its row, date and column. Nothing is filled in.

    Example:
        >>> from environments import Prices
        >>> market = Prices({"date": ["2020-01-01", "2020-01-02"], "A": [10.0, 11.0], "B": [4.0, 3.0]})
        >>> market.assets, market.dates
        (('A', 'B'), ('2020-01-02',))
    """

    def __init__(
        self,
        source: Any,
        columns: Sequence[str] | None = None,
        values: str = "prices",
        date_column: str | None = None,
        start: str | None = None,
        end: str | None = None,
        most_days: int | None = None,
        horizon: int | None = None,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.source: str | Mapping[str, Any]
        self.source = os.fspath(source) if isinstance(source, str | os.PathLike) else plain(source)
        self.columns, self.values, self.date_column = columns, one_of("values", values, VALUES), date_column
        self.start, self.end = start, end
        self.most_days = None if most_days is None else integer("most_days", most_days)
        found = read(self.source, columns, values, date_column, start, end, self.most_days)
        rounds = rounds_of(horizon, len(found.dates))
        self.assets, self.dates = found.names, found.dates[:rounds]
        self._relatives = relatives = np.array(found.relatives[:rounds])
        super().__init__(len(self.assets), rounds, *extent(relatives), True, trading_cost, cost_model, ruin)

"""The paper's synthetic data: a linear model for each group, labels combined where groups meet.

Features are uniform on [0, 1]. Attributes (shape and colour) each put a row into one of their groups; every group has a
linear model with uniform coefficients and its own noisy label of every row. The label is the mean, the minimum or the
maximum of the active groups' labels, or the label of the first active group in a random order of dominance ("dperm").
It is scaled to [0, 1] over the rows. Contexts hold the features and the groups' indicators.

Source: published code of K. Acharya et al., *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024. With ``rng:
legacy`` the rows equal those of that code to the bit (100,000 rows, seed 21 in the paper).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, flag, integer, interval, one_of, real
from bandits.contract import Array
from bandits.registry import Component
from environments.groupwise.attributes import check_attributes, group_names
from environments.groupwise.data import GroupedData, grouped_data, scale_label
from environments.groupwise.regression import GroupedRegression

ATTRIBUTES = {"shape": {"circle": 0.5, "square": 0.3, "triangle": 0.2}, "colour": {"green": 0.6, "red": 0.4}}
LABELS = ("mean", "min", "max", "dperm")


def _labels(own: Array, groups: NDArray[np.bool_], label: str, dominance: NDArray[np.int64]) -> Array:
    """Combine the groups' own labels [n, n_groups] where the groups are active."""
    if label == "mean":
        mean: Array = np.where(groups, own, 0.0).sum(axis=1) / groups.sum(axis=1)
        return mean
    if label == "min":
        least: Array = np.where(groups, own, np.inf).min(axis=1)
        return least
    if label == "max":
        most: Array = np.where(groups, own, -np.inf).max(axis=1)
        return most
    first = dominance[np.argmax(groups[:, dominance], axis=1)]
    leading: Array = own[np.arange(len(own)), first]
    return leading


class SyntheticGroups(GroupedRegression):
    """The paper's synthetic data in one of its orders.

    Args:
        label: how the groups' labels combine: "mean", "min", "max" or "dperm".
        rows: number of rows made, and over which labels are scaled; None for the horizon.
        features: number of features besides the groups' indicators.
        attributes: for each attribute, the probability of each of its values, which are the groups' names.
        noise: standard deviation of the groups' labels, >= 0.
        coefficients: (low, high), low <= high, of the linear models' uniform coefficients.
        quadratic: (low, high) of uniform coefficients of a quadratic part, or None.
        data_seed: seed of the table, in 0..2^32 - 1.
        rng: "modern", or "legacy" for the streams of the published code.
        order: "shuffled", "given", "ascending" or "descending".
        sort_by: the group whose indicator rows are sorted by, for the last two (the paper: "green", ascending).
        horizon: number of rounds; None for all rows.
        report_groups: names of the groups whose regret is reported; None for all.
        regret_alignment: "exact" or "published".
        comparator: "least_squares", "ridge" or "bounded_ols", by name or as ``{"name": ..., "parameters": {...}}``.
        always_on: whether all rows together are a group too.

    Attributes:
        dominance: [n_groups] the groups by falling dominance.

    Example:
        >>> from environments import SyntheticGroups
        >>> environment = SyntheticGroups(label="min", horizon=200)
        >>> environment.problem.groups
        ('circle', 'square', 'triangle', 'green', 'red', 'always_on')
        >>> [regret.name for regret in environment.regrets()][:2]
        ['always_on', 'circle']
    """

    def __init__(
        self,
        label: str = "mean",
        rows: int | None = None,
        features: int = 20,
        attributes: Mapping[str, Mapping[str, float]] = ATTRIBUTES,
        noise: float = 0.16,
        coefficients: Sequence[float] = (0.0, 1.0),
        quadratic: Sequence[float] | None = None,
        data_seed: int = 21,
        rng: str = "modern",
        order: str = "shuffled",
        sort_by: str | None = None,
        horizon: int | None = 10_000,
        report_groups: Sequence[str] | None = None,
        regret_alignment: str = "exact",
        comparator: Component = "least_squares",
        always_on: bool = True,
    ) -> None:
        self.label = one_of("label", label, LABELS)
        self.rows = rows if rows is None else integer("rows", rows)
        self._number = self.rows or (10_000 if horizon is None else integer("horizon", horizon))
        if self._number < 2:
            raise ValueError(f"rows, or horizon without it, must be at least 2, to scale labels, got {self._number}")
        self.features = integer("features", features)
        self.attributes = check_attributes(attributes)
        self.noise = real("noise", noise, 0.0, closed="low")
        self.coefficients = interval("coefficients", coefficients)
        self.quadratic = None if quadratic is None else interval("quadratic", quadratic)
        self.data_seed = integer("data_seed", data_seed, 0, 2**32 - 1)
        width = self.features + 2 * len(group_names(self.attributes))
        cells = self._number * (width if self.quadratic is None else width + self.features * self.features)
        affordable("rows, horizon or features", f"a table of {self._number} rows of {self.features} features", cells)
        self.rng = one_of("rng", rng, ("modern", "legacy"))
        self.always_on = flag("always_on", always_on)
        super().__init__(self._make(), order, sort_by, horizon, report_groups, regret_alignment, comparator)

    def _make(self) -> GroupedData:
        n, d = self._number, self.features
        names = group_names(self.attributes)
        G = len(names)
        # The legacy streams: features, attributes (Python's own generator), coefficients, noise, dominance, in order.
        legacy = np.random.RandomState(self.data_seed)
        plain, modern = random.Random(self.data_seed), np.random.default_rng(self.data_seed)
        uniform = legacy.uniform if self.rng == "legacy" else modern.uniform
        normal = legacy.normal if self.rng == "legacy" else modern.normal
        X = uniform(0.0, 1.0, (n, d))
        parts = []
        for chances in self.attributes.values():
            weights = list(chances.values())
            if self.rng == "legacy":
                drawn = np.array(plain.choices(range(len(weights)), weights=weights, k=n))
            else:
                drawn = modern.choice(len(weights), size=n, p=weights)
            parts.append(np.eye(len(weights), dtype=bool)[drawn])
        groups = np.concatenate(parts, axis=1)
        W = uniform(self.coefficients[0], self.coefficients[1], (d, G))
        own = X @ W
        if self.quadratic is not None:
            S = uniform(self.quadratic[0], self.quadratic[1], (G, d, d))
            own = own + np.einsum("ni,gij,nj->ng", X, S, X, optimize=True)
        own = own + normal(0.0, self.noise, (n, G))
        self.dominance = (legacy if self.rng == "legacy" else modern).permutation(G)
        labels = _labels(own, groups, self.label, self.dominance)
        contexts = np.concatenate([X, groups.astype(np.float64)], axis=1)
        return grouped_data(contexts, scale_label(labels, "label"), groups, names, always_on=self.always_on)

"""A finite class of policies on finitely many contexts, its offline oracle and its separators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, integers, is_list, shown
from bandits.contract import Array
from bandits.kernels import kernel

Ints = NDArray[np.int64]


@kernel
def _minimise(costs: Array, table: Ints, out: Ints) -> None:
    for i in range(costs.shape[0]):
        best = np.inf
        for f in range(table.shape[0]):
            total = 0.0
            for x in range(table.shape[1]):
                total += costs[i, x, table[f, x]]
            if total < best:
                best = total
                out[i] = f


MOST_ACTIONS = 10**6
"""Most actions of a class of policies: every round has a cost of each."""


def table_of(policies: Sequence[Sequence[int]]) -> list[list[int]]:
    """The actions [n_policies][n_contexts] of a class of policies as lists, each row checked on its own.

    Raises:
        ValueError: no table of whole numbers in 0..999,999, or fewer than two policies.
    """
    if not is_list(policies) or len(policies) < 2:
        raise ValueError(f"policies must be a list of at least two policies, got {shown(policies)}")
    return [integers(f"policies[{f}]", row, 0, most=MOST_ACTIONS - 1) for f, row in enumerate(policies)]


class PolicyClass:
    """A finite class of policies on finitely many contexts, and its offline oracle, by enumeration.

    Args:
        table: [n_policies][n_contexts] the action >= 0 of each policy in each context; at least two policies.

    Attributes:
        table: the same, as an array.

    Raises:
        ValueError: fewer than two policies, rows of different lengths, or an action that is no whole number >= 0.
    """

    def __init__(self, table: Sequence[Sequence[int]]) -> None:
        table = table_of(table)
        for f, row in enumerate(table):
            if len(row) != len(table[0]) or len(row) == 0:
                raise ValueError(
                    f"policies must give an action for each context, as policy 0 does for {len(table[0])}, got "
                    f"{len(row)} from policy {f}"
                )
        self.table: Ints = np.array(table, dtype=np.int64)

    def minimise(self, costs: Array) -> Ints:
        """For each of the costs [n, n_contexts, n_actions] a policy [n] of least ``sum_x costs[x, f(x)]``.

        Ties go to the policy that comes first.
        """
        out = np.empty(len(costs), dtype=np.int64)
        _minimise(costs, self.table, out)
        return out

    def check_separator(self, separator: Sequence[int]) -> Ints:
        """The separator as an array.

        Raises:
            ValueError: a context that is not known or comes twice, or two policies that agree on all of them.
        """
        contexts = [integer(f"separator[{i}]", x, 0, self.table.shape[1] - 1) for i, x in enumerate(separator)]
        if len(set(contexts)) < len(contexts):
            raise ValueError(f"separator must name no context twice, got {contexts}")
        found: dict[tuple[int, ...], int] = {}
        for f, row in enumerate(self.table):
            other = found.setdefault(tuple(row[contexts].tolist()), f)
            if other != f:
                apart = np.flatnonzero(self.table[other] != row)
                way = f"add context {apart[0]}" if len(apart) else "they are the same policy; give it once"
                raise ValueError(
                    f"separator must hold, for every two policies, a context in which they differ; policies {other} "
                    f"and {f} agree on all of {contexts}: {way}"
                )
        return np.array(contexts, dtype=np.int64)

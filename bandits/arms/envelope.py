"""The arm with the largest ``mean + width * root``, kept up to date while one arm changes a round and ``root`` grows.

A kinetic tournament: in a binary tree with the arms as leaves, each inner node holds the better of the winners below
its two children, and until which root nothing below it can change. Two lines cross once at most, so that of two arms
it is known how long the better one stays ahead. A round costs the way from the arm that changed to the top, ``log2`` of
the number of arms, and what has expired.

The winner is bit for bit that of the plain rule: the arm whose index ``mean + width * root``, rounded after the product
and after the sum, is the largest, ties to the lowest arm. As rounding moves an index by ``2^-53 (|mean| + 2 width
root)`` at most, an arm counts as ahead for longer only while it leads by several times that; until then the rounded
indices decide anew whenever the root has grown. Equal lines are tied for ever.

Reference: J. Basch, L. J. Guibas, J. Hershberger, *Data Structures for Mobile Data*, Journal of Algorithms 31, 1999.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel

_SLACK = 2.0**-50


def envelope_of(n_arms: int) -> Array:
    """A tree of arms whose index is infinity: none has been played.

    Returns:
        [8 * n_arms], from ``4 node`` on mean, width, ``until`` and arm of the winner at a node. Node 1 is the top, ``2
        j`` and ``2 j + 1`` are below ``j``, arm ``i`` is node ``n_arms + i``. ``until`` is about all that is below.
    """
    tree = np.zeros((2 * n_arms, 4))
    tree[:, 0] = tree[:, 2] = math.inf
    tree[n_arms:, 3] = np.arange(n_arms)
    for node in range(n_arms - 1, 0, -1):
        tree[node, 3] = min(tree[2 * node, 3], tree[2 * node + 1, 3])
    return tree.ravel()


@kernel
def winner(tree: Array) -> int:
    """The arm with the largest index at the root of the last ``put``; before the first, arm 0."""
    return int(tree[7])


@kernel
def mean_of(tree: Array, arm: int) -> float:
    """The mean of an arm, as it was put."""
    return float(tree[tree.size // 2 + 4 * arm])


@kernel
def _climb(tree: Array, node: int, root: float) -> None:
    """Settle all nodes above ``node``."""
    at = 4 * node
    mean, width, until, arm = tree[at], tree[at + 1], tree[at + 2], tree[at + 3]
    index = mean + width * root
    while node > 1:
        at = 4 * (node ^ 1)
        its_mean, its_width, its_until, its_arm = tree[at], tree[at + 1], tree[at + 2], tree[at + 3]
        its_index = its_mean + its_width * root
        wins = (index > its_index) | ((index == its_index) & (arm < its_arm))  # no branches: none could be foreseen
        best, wide = mean if wins else its_mean, width if wins else its_width
        lead, slope = best - (its_mean if wins else mean), (its_width if wins else width) - wide
        equal = (lead == 0.0) & (slope == 0.0)
        lead -= _SLACK * (abs(mean) + abs(its_mean)) + 1e-300
        slope += _SLACK * (width + its_width)
        ahead = slope * root < lead
        crossing = lead / slope if slope != 0.0 else math.inf
        last = max(root, crossing) if ahead & (slope > 0.0) else math.inf
        last = last if ahead | equal | (best == math.inf) else root
        until = min(until, min(last, its_until))
        mean, width = best, wide
        index, arm = index if wins else its_index, arm if wins else its_arm
        node >>= 1
        at = 4 * node
        tree[at], tree[at + 1], tree[at + 2], tree[at + 3] = mean, width, until, arm


@kernel
def put(tree: Array, arm: int, mean: float, width: float, root: float) -> None:
    """Change the line of one arm, and find the winner at ``root``.

    Args:
        tree: of ``envelope_of``.
        arm: the arm.
        mean: infinity, with width 0, for an arm that goes before all others.
        width: at least 0.
        root: at least 0, and at least that of the call before.
    """
    n_arms = tree.size // 8
    at = 4 * (n_arms + arm)
    tree[at], tree[at + 1] = mean, width
    _climb(tree, n_arms + arm, root)
    while tree[6] < root:
        node = 1
        while True:  # down to a node that has expired itself
            if tree[8 * node + 2] < root:
                node = 2 * node
            elif tree[8 * node + 6] < root:
                node = 2 * node + 1
            else:
                break
        _climb(tree, 2 * node, root)


@kernel
def rescale(tree: Array, factor: float) -> None:
    """Take roots times ``factor``, a power of two, from now on: all indices stay the same bit for bit."""
    for at in range(4, tree.size, 4):
        tree[at + 1] /= factor
        tree[at + 2] *= factor

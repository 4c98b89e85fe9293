"""A tournament among arms by an upper bound on their index, so that a round looks at the arms near the top alone.

A tree [2 * leaves] of float64, ``leaves`` the smallest power of two that is at least the number of arms: leaf
``leaves + i`` holds the bound of arm ``i`` (-inf beyond the last arm), every inner node ``j`` the larger of ``2 j`` and
``2 j + 1``, so that ``tree[1]`` is the largest of all. A change of one bound costs ``log2(leaves)`` steps, as does
finding the next arm, in order of arms, whose bound reaches a level.

The arm with the largest index, ties to the lowest arm, is then found exactly, whatever the indices are, as long as none
exceeds its bound: begin with ``first(tree, tree[1])`` and its index as the best; go through ``first(tree, best)`` and
what ``after(tree, i, best)`` gives in turn, until it is -1; take over an arm whose index is larger, or equal and whose
number is lower.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import inlined, kernel


def tree_of(n_arms: int) -> Array:
    """A tree [2 * leaves] for ``n_arms``, whose bounds are all +inf: nothing is known of any."""
    leaves = 1 << (n_arms - 1).bit_length()
    tree = np.full(2 * leaves, -math.inf)
    tree[leaves : leaves + n_arms] = math.inf
    for node in range(leaves - 1, 0, -1):
        tree[node] = max(tree[2 * node], tree[2 * node + 1])
    return tree


@kernel
def build(tree: Array) -> None:
    """Make the inner nodes right once all leaves are."""
    for node in range(tree.size // 2 - 1, 0, -1):
        tree[node] = max(tree[2 * node], tree[2 * node + 1])


@kernel
def put(tree: Array, arm: int, bound: float) -> None:
    """Change the bound of one arm."""
    node = tree.size // 2 + arm
    tree[node] = bound
    while node > 1:
        bound = max(bound, tree[node ^ 1])
        node >>= 1
        if tree[node] == bound:
            return
        tree[node] = bound


@inlined
def rival(tree: Array, arm: int) -> float:
    """The largest bound of the other arms; -inf where there is none."""
    node, level = tree.size // 2 + arm, -math.inf
    while node > 1:
        level = max(level, tree[node ^ 1])
        node >>= 1
    return float(level)


@kernel
def first(tree: Array, level: float) -> int:
    """The lowest arm whose bound is at least ``level``, or -1."""
    if not tree[1] >= level:
        return -1
    node, leaves = 1, tree.size // 2
    while node < leaves:
        node *= 2
        if not tree[node] >= level:
            node += 1
    return node - leaves


@kernel
def after(tree: Array, arm: int, level: float) -> int:
    """The lowest arm above ``arm`` whose bound is at least ``level``, or -1."""
    leaves = tree.size // 2
    node = leaves + arm
    while True:
        while node & 1:  # up, as long as nothing lies to the right below the same parent
            node >>= 1
            if node <= 1:
                return -1
        node += 1
        if tree[node] >= level:
            break
    while node < leaves:
        node *= 2
        if not tree[node] >= level:
            node += 1
    return node - leaves

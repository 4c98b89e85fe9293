"""Weights of arms and their sums in a tree, so that a draw and the change of one arm look at a few nodes alone.

The weight of arm ``i`` is ``w_i = sum_j powers[j] a_ij``: a few coefficients of its own, and factors that all arms
share. So weights may all change from round to round, as long as what they have in common does. Where that is a number
``x`` that moves slowly, ``a_ij`` are the Taylor coefficients of ``w_i`` around the place where ``x`` was, and
``powers`` are ``1, x, ..., x^7``; a policy proves how far ``x`` may move until the remainder counts, and then expands
anew.

A tree [2 * leaves, n_coefficients], ``leaves`` the smallest power of two that is at least the number of arms: leaf
``leaves + i`` holds the coefficients of arm ``i`` (0 beyond the last arm), every inner node ``n`` the sums of those of
``2 n`` and ``2 n + 1``. A change of an arm adds them up anew from its leaf to the root, and never takes off what it
added before. So sums do not drift: they are off by at most ``log2(leaves)`` roundings, after any number of rounds. Row
0 is no node: a policy may keep there what its coefficients refer to.

A draw inverts the distribution function, arms in order: one uniform, and the arm that a search through all cumulative
sums would find, up to rounding.
"""

from __future__ import annotations

import numpy as np

from bandits.contract import Array
from bandits.kernels import inlined, kernel

Powers = tuple[float, ...]

TERMS = 8
"""Coefficients of a Taylor series: as many as a vector register holds."""


def tree_of(n_arms: int, n_coefficients: int = TERMS) -> Array:
    """A tree for ``n_arms`` whose coefficients are all 0."""
    return np.zeros((2 << (n_arms - 1).bit_length(), n_coefficients))


@inlined
def powers_of(x: float) -> Powers:
    """``x^j`` for j < TERMS."""
    square = x * x
    fourth = square * square
    return 1.0, x, square, square * x, fourth, fourth * x, fourth * square, fourth * square * x


@inlined
def weight(tree: Array, node: int, powers: Powers) -> float:
    """The weight of an arm, at its leaf, or the sum of those below an inner node; of all arms at node 1."""
    even = powers[0] * float(tree[node, 0])
    if len(powers) == 1:
        return even
    odd = powers[1] * float(tree[node, 1])
    for j in range(2, len(powers)):
        if j & 1:
            odd += powers[j] * tree[node, j]
        else:
            even += powers[j] * tree[node, j]
    return even + odd


@kernel
def build(tree: Array, powers: Powers) -> None:
    """Make the inner nodes right once all leaves are; of the powers, their number alone matters."""
    for node in range(tree.shape[0] // 2 - 1, 0, -1):
        for j in range(len(powers)):
            tree[node, j] = tree[2 * node, j] + tree[2 * node + 1, j]


@inlined
def settle(tree: Array, arm: int, changed: Powers) -> float:
    """Make the inner nodes right after the first ``len(changed)`` coefficients of a leaf have changed.

    Returns the sum of the last of them over all arms.
    """
    total = 0.0
    for j in range(len(changed)):
        node = tree.shape[0] // 2 + arm
        total = tree[node, j]
        while node > 1:
            total += tree[node ^ 1, j]
            node >>= 1
            tree[node, j] = total
    return total


@inlined
def draw(tree: Array, powers: Powers, rest: float) -> int:
    """The arm at which the cumulative sums of weights exceed ``rest``, which lies in [0, sum of all weights).

    It goes down two levels at a time, past those of four nodes that ``rest`` exceeds: fewer steps that wait for one
    another than one level at a time. Where rounding carries it past the last arm, that is the last of positive weight.
    """
    node, leaves = 1, int(tree.shape[0]) // 2
    while node < leaves:
        last = 2 * node + 1
        node *= 2
        if node < leaves:
            last = 2 * last + 1
            node *= 2
        while node < last:
            below = weight(tree, node, powers)
            if rest < below:
                break
            rest -= below
            node += 1
    while node > leaves and not (tree[node, 0] > 0.0 or weight(tree, node, powers) > 0.0):
        node -= 1
    return node - leaves

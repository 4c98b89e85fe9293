"""Estimates of Q-functions from one episode, where they are linear in known features and the model is known.

With q(h, s, a) the probabilities of being in s at stage h and taking a there, ``phi`` the features, and

    Sigma_h = sum q(h, s, a) phi phi^T,   g(x) = phi(x)^T (gamma I + Sigma_h)^-1 phi(s_h, a_h),

the losses L_h from stage h of an episode on give, for all x = (s, a) at once,

    standard:   g(x) L_h
    reduced:    g(x) L_h - (H - h) (g(x))_- + (H - h) sum_y q(h, y) (phi(x)^T (gamma I + Sigma_h)^-1 phi(y))_-

with ``(z)_- = min(z, 0)``. Both have the same mean; and since ``E |g| <= sqrt(E g^2) <= |phi(x)|``, in the norm of
``(gamma I + Sigma_h)^-1``, the reduced one is at least ``-(H - h) |phi(x)|``, the standard one only that times the
largest norm. With a coordinate for each state and action ``g >= 0``, and the two are the same.

Reference: Y. Dai, H. Luo, C.-Y. Wei, J. Zimmert, *Refined Regret for Adversarial MDPs with Linear Function
Approximation*, ICML 2023. Its abstract was at hand, its body was not: the estimator is recalled, the lower bounds are
derived in this project.
"""

from __future__ import annotations

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.linear.ridge import cholesky, invert
from bandits.mdp.flows import inner
from bandits.mdp.model import Ints


@kernel
def estimate(
    features: Array, visits: Array, gamma: float, played: Ints, losses: Array, reduced: bool, q: Array, norms: Array
) -> bool:
    """Fill in the estimates of an episode, and the squares of the norms of all features.

    Args:
        features: [n, d] of the n pairs of state and action; [0, 0] for one coordinate for each of them.
        visits: [H, n] probabilities q, or shares of simulated episodes.
        gamma: weight of the squared norm, >= 0.
        played: [H] the pair of each stage.
        losses: [H] of each stage, in [0, 1].
        reduced: whether the estimates are magnitude-reduced.
        q: [H, n] to be filled.
        norms: [H, n] to be filled with ``phi(x)^T (gamma I + Sigma_h)^-1 phi(x)``.

    Returns:
        Whether every ``gamma I + Sigma_h`` has an inverse, as far as rounding can tell; if not, nothing is finished.
    """
    n_stages, n = visits.shape
    to_go = 0.0
    for h in range(n_stages - 1, -1, -1):
        to_go += losses[h]
        if features.size == 0:
            for x in range(n):
                norms[h, x] = 1.0 / max(gamma + visits[h, x], 1e-150)  # visits may have vanished by underflow
                q[h, x] = 0.0
            if not visits[h, played[h]] + gamma > 0.0:
                return False
            q[h, played[h]] = to_go * norms[h, played[h]]
        elif not _estimate_stage(
            features, visits[h], gamma, played[h], to_go, float(n_stages - h) if reduced else 0.0, q[h], norms[h]
        ):
            return False
    return True


@kernel
def _estimate_stage(
    features: Array, visits: Array, gamma: float, played: int, to_go: float, reach: float, q: Array, norms: Array
) -> bool:
    """One stage; ``reach`` is H - h, or 0 for the standard estimate."""
    n, d = features.shape
    gram, lower, inverse = np.zeros((d, d)), np.zeros((d, d)), np.zeros((d, d))
    for i in range(d):
        for j in range(i + 1):
            gram[i, j] = gamma if i == j else 0.0
    for x in range(n):
        if visits[x] > 0.0:
            for i in range(d):
                weighted = visits[x] * features[x, i]
                for j in range(i + 1):
                    gram[i, j] += weighted * features[x, j]
    if not cholesky(gram, lower):
        return False
    invert(lower, inverse)
    solved = np.empty((n, d))  # (gamma I + Sigma)^-1 phi(x)
    for x in range(n):
        norms[x] = 0.0
        for i in range(d):
            total = 0.0
            for j in range(d):
                total += inverse[i, j] * features[x, j]
            solved[x, i] = total
            norms[x] += total * features[x, i]
    for x in range(n):
        q[x] = to_go * inner(features[x], solved[played])
        if reach > 0.0:
            shift = -min(inner(features[x], solved[played]), 0.0)
            for y in range(n):
                if visits[y] > 0.0:
                    shift += visits[y] * min(inner(features[x], solved[y]), 0.0)
            q[x] += reach * shift
    return True


@kernel
def dilated_bonus(
    own: int,
    starts: Ints,
    states: Ints,
    probabilities: Array,
    policy: Array,
    norms: Array,
    beta: float,
    bonus: Array,
) -> None:
    """Fill in the bonus [H, S, A] that pays for what the estimates at later stages cost (recalled).

    With ``b(h, s, a) = beta (|phi(s, a)|^2 + sum_a' pi(a' | s) |phi(s, a')|^2)``,

        B(h, s, a) = b(h, s, a) + (1 + 1 / H) sum_s' P(s' | s, a) sum_a' pi(a' | s') B(h + 1, s', a'),  B(H) = 0.

    Args:
        own: number of stages of the model, 1 or H.
        starts: of the model's rows.
        states: of the model.
        probabilities: of the model.
        policy: [H, S, A] pi of the episode.
        norms: [H, S, A] of ``estimate``.
        beta: >= 0.
        bonus: to be filled.

    Reference: H. Luo, C.-Y. Wei, C.-W. Lee, *Policy Optimization in Adversarial MDPs: Improved Exploration via Dilated
    Bonuses*, NeurIPS 2021 (from memory).
    """
    n_stages, n_states, n_actions = policy.shape
    following, mean = np.zeros(n_states), np.zeros(n_states)
    for h in range(n_stages - 1, -1, -1):
        first = (h if own > 1 else 0) * n_states * n_actions
        for s in range(n_states):
            local = 0.0
            for a in range(n_actions):
                local += policy[h, s, a] * norms[h, s, a]
            mean[s] = 0.0
            for a in range(n_actions):
                row, further = first + s * n_actions + a, 0.0
                for entry in range(starts[row], starts[row + 1]):
                    further += probabilities[entry] * following[states[entry]]
                bonus[h, s, a] = beta * (norms[h, s, a] + local) + (1.0 + 1.0 / n_stages) * further
                mean[s] += policy[h, s, a] * bonus[h, s, a]
        following[:] = mean

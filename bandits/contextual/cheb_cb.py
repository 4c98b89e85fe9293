"""ChebCB: inverse-gap weighting on Chebyshev models of the cost, one model for each action.

With ``d`` actions and the features ``f_0, f_1, ...`` of the context (see ``features``), the model of action ``i`` is
the least-squares fit of its scaled losses ``l / (K N)``, with ``l = high - reward`` (``k - 1`` for an iteration count),

    theta_i = argmin sum over its rounds of (<theta, f(c)> - l / (K N))^2
              subject to |theta_0| <= 1 / N,  |theta_j| <= 2 C L / (K N j);

the fit of least norm without the constraints if it keeps them, else with them [code]. An action never played has
``theta = 0``. With the scores ``s_i = <theta_i, f(c_t)>`` and the best action ``b`` (the lowest index on ties), draw
from ``p_i = 1 / (d + eta_t (s_i - s_b))`` for the others, and the rest of the probability on ``b``.

"practical" constants follow the authors' code: ``K`` is the largest ``k = l + 1`` so far, ``C L = K``, so that
``N = 2 + 4 (1 + log n)`` with ``n`` features, ``alpha = (pi + (2 / pi) log(2 n + 1)) / (2 N (n + 1))``, and after
round t

    eta_{t+1} = 2 t sqrt(d t / (R - residue + 2 alpha^2 t)),   R = sum_s (prediction_s - k_s / (K N))^2,

where predictions keep their old scale and ``residue`` is the sum of squares left by the last constrained fit of the
round; it is dropped where the bracket is not positive. ``eta_1 = 0``. "theory" takes K, L and T as known (Theorem C.4),
with ``m = n - 1``: ``N = 2 + (4 C L / K)(1 + log m)`` and ``eta = 2 sqrt(d T / (R_T + 2 alpha^2 T))``.

Reference: M. Khodak, E. Chow, M.-F. Balcan, A. Talwalkar, *Learning to Relax*, ICLR 2024, Algorithms 3 and 7, Theorems
3.2 and C.4. Only sums over the rounds are kept, so that a round takes ``O(d n^3)`` at most.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import one_of, positive, shown
from bandits.arms.problem import Actions, Block
from bandits.contextual.features import FeaturePolicy
from bandits.contextual.problem import ContextualProblem
from bandits.contract import Array
from bandits.copies import Copies
from bandits.kernels import kernel

CUTOFF = 1e-11
"""Eigenvalues of the Gram matrix below this times the largest count as zero (roots: singular values of the data)."""

STATE = np.dtype([(name, np.float64) for name in ("t", "eta", "K", "N", "alpha", "squares", "products", "counts")])
"""The round t, the constants of the module's docstring, and the sums of prediction^2, prediction * k, and k^2."""


class Models(NamedTuple):
    """All that is learned.

    Attributes:
        gram: [n_actions, n, n] ``sum f f^T`` over the rounds of an action.
        moments: [n_actions, n] ``sum f l``.
        squares: [n_actions] ``sum l^2``.
        theta: [n_actions, n] fits.
        scores: [n_actions] predictions in this round.
        probabilities: [n_actions] distribution that the last action was drawn from.
        box: [n] bounds on the coefficients.
        state: [1] record of ``STATE``.
    """

    gram: Array
    moments: Array
    squares: Array
    theta: Array
    scores: Array
    probabilities: Array
    box: Array
    state: NDArray[np.void]


@kernel
def _least_norm(gram: Array, moment: Array, solution: Array) -> None:
    """The least-norm minimizer of ``x^T gram x / 2 - moment x``."""
    n = moment.size
    values, vectors = np.linalg.eigh(gram)
    solution[:] = 0.0
    for k in range(n):
        if values[k] > CUTOFF * values[n - 1]:
            weight = 0.0
            for j in range(n):
                weight += vectors[j, k] * moment[j]
            weight /= values[k]
            for j in range(n):
                solution[j] += weight * vectors[j, k]


@kernel
def _in_box(gram: Array, moment: Array, box: Array, x: Array) -> None:
    """The minimizer of ``x^T gram x / 2 - moment x`` over ``|x_j| <= box_j``, from the start ``x`` (Stark and Parker).

    Active sets: step towards the minimizer over the free coefficients; a step that meets a bound ends there and fixes
    that coefficient; at a minimizer the bound that is pulled off most is freed, until none is.
    """
    n = moment.size
    free = np.zeros(n, np.bool_)
    for j in range(n):
        free[j] = -box[j] < x[j] < box[j]
        x[j] = min(max(x[j], -box[j]), box[j])
    size = 0.0
    for j in range(n):
        size = max(size, abs(moment[j]), gram[j, j] * box[j])
    for _ in range(20 * n):
        index = np.flatnonzero(free)
        reached = True
        if index.size > 0:
            part, pull, step = np.empty((index.size, index.size)), np.empty(index.size), np.empty(index.size)
            for a in range(index.size):
                pull[a] = moment[index[a]]
                for j in range(n):
                    pull[a] -= gram[index[a], j] * x[j]
                for b in range(index.size):
                    part[a, b] = gram[index[a], index[b]]
            _least_norm(part, pull, step)
            share, stop = 1.0, -1
            for a in range(index.size):
                j = index[a]
                room = (box[j] if step[a] > 0.0 else -box[j]) - x[j]
                if abs(step[a]) * share > abs(room):
                    share, stop = room / step[a], j
            for a in range(index.size):
                x[index[a]] += share * step[a]
            if stop >= 0:
                x[stop] = math.copysign(box[stop], x[stop])
                free[stop] = False
                reached = False
        if reached:
            worst, most = -1, 1e-12 * size
            for j in range(n):
                if not free[j]:
                    slope = moment[j]
                    for k in range(n):
                        slope -= gram[j, k] * x[k]
                    if -slope * math.copysign(1.0, x[j]) > most:
                        worst, most = j, -slope * math.copysign(1.0, x[j])
            if worst < 0:
                break
            free[worst] = True


@kernel
def _fit(models: Models, arm: int) -> float:
    """Fit one action; returns the sum of squares left by a constrained fit, or -1 where none was needed."""
    gram, moments, squares, theta, _, _, box, state = models
    unit = state[0]["K"] * state[0]["N"]
    moment = moments[arm] / unit
    x = theta[arm]
    _least_norm(gram[arm], moment, x)
    inside = True
    for j in range(box.size):
        if abs(x[j]) > box[j]:
            inside = False
    if inside:
        return -1.0
    _in_box(gram[arm], moment, box, x)
    left = squares[arm] / unit**2
    for j in range(box.size):
        left -= 2.0 * x[j] * moment[j]
        for k in range(box.size):
            left += x[j] * gram[arm, j, k] * x[k]
    return float(max(left, 0.0))


@kernel
def _choose(row: Array, uniform: float, models: Models) -> int:
    _, _, _, theta, scores, probabilities, _, state = models
    d, best, eta = scores.size, 0, state[0]["eta"]
    for i in range(d):
        scores[i] = 0.0
        for j in range(row.size):
            scores[i] += theta[i, j] * row[j]
        if scores[i] < scores[best]:
            best = i
    rest = 1.0
    for i in range(d):
        if i != best:
            probabilities[i] = 1.0 / (d + eta * (scores[i] - scores[best]))
            rest -= probabilities[i]
    probabilities[best] = rest
    arm = best
    for i in range(d):
        uniform -= probabilities[i]
        if uniform < 0.0:
            arm = i
            break
    return arm


@kernel
def _learn(row: Array, arm: int, loss: float, models: Models, practical: bool) -> None:
    gram, moments, squares, _, scores, _, _, records = models
    state = records[0]
    for j in range(row.size):
        moments[arm, j] += loss * row[j]
        for k in range(row.size):
            gram[arm, j, k] += row[j] * row[k]
    squares[arm] += loss * loss
    count, prediction, t = loss + 1.0, scores[arm], state["t"]
    state["t"] += 1.0
    if not practical:
        _fit(models, arm)
        return
    state["squares"] += prediction * prediction
    state["products"] += prediction * count
    state["counts"] += count * count
    residue = 0.0
    if count > state["K"]:
        state["K"] = count
        for i in range(scores.size):
            if gram[i, 0, 0] > 0.0:
                left = _fit(models, i)
                residue = left if left >= 0.0 else residue
    else:
        residue = max(_fit(models, arm), 0.0)
    unit = state["K"] * state["N"]
    errors = max(state["squares"] - 2.0 * state["products"] / unit + state["counts"] / unit**2, 0.0)
    slack = 2.0 * state["alpha"] ** 2 * t
    bracket = errors - residue + slack
    if bracket <= 0.0:
        bracket = errors + slack
    state["eta"] = 2.0 * t * math.sqrt(scores.size * t / bracket)


@kernel
def _play(
    block: Block, features: Array, actions: Actions, uniforms: Array, high: float, models: Models, practical: bool
) -> None:
    for s in range(actions.size):
        arm = _choose(features[s], uniforms[s], models)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(features[s], arm, max(high - reward, 0.0), models, practical)
        actions[s] = arm


class ChebCB(FeaturePolicy):
    """ChebCB of Khodak et al. (2024), for one coordinate of context.

    Args:
        n_features: number of features n, >= 1; the degrees 0 to n - 1. The authors' code has 6.
        constants: "practical" or "theory"; the latter needs a horizon and a finite range of rewards or ``scale``.
        lipschitz: L, the Lipschitz constant of the expected cost in the context, > 0, in reward units; for "theory".
        scale: K, a bound on the losses, > 0 in reward units; for "theory". Default: ``high - low``.
        interval: see ``ContextualPolicy``. The authors' experiments on shifts have [-0.15, 0.65] [code].

    Example:
        >>> import numpy as np
        >>> from bandits import ChebCB, ContextualProblem
        >>> policy, rng = ChebCB(), np.random.default_rng(0)
        >>> actions, contexts = (1.0, 1.4, 1.8), ((0.0, 1.0),)
        >>> problem = ContextualProblem(n_actions=3, low=-50.0, high=-1.0, actions=actions, contexts=contexts)
        >>> policy.reset(problem, rng)
        >>> for context in rng.random((500, 1)):
        ...     action = policy.choose(context)
        ...     cost = 5.0 + 20.0 * abs(actions[action] - 1.8 + 0.8 * context[0])
        ...     policy.update(context, action, -cost)
        ...
        >>> policy.choose(np.array([0.02])), policy.choose(np.array([0.98]))
        (2, 0)
    """

    def __init__(
        self,
        n_features: int = 6,
        constants: str = "practical",
        lipschitz: float | None = None,
        scale: float | None = None,
        interval: Sequence[float] | None = None,
    ) -> None:
        super().__init__(n_features, interval)
        self.constants = one_of("constants", constants, ("practical", "theory"))
        self.lipschitz = None if lipschitz is None else positive("lipschitz", lipschitz)
        self.scale = None if scale is None else positive("scale", scale)
        if (constants == "theory") != (lipschitz is not None):
            raise ValueError(
                f"lipschitz must be given with constants='theory' and only then, got constants={shown(constants)} and "
                f"lipschitz={shown(lipschitz)}"
            )
        if constants == "practical" and scale is not None:
            raise ValueError(f"scale is for constants='theory', where K is fixed in advance, got scale={shown(scale)}")

    def start(self, problem: ContextualProblem, n_features: int) -> None:
        if len(self._intervals) != 1:
            raise ValueError(f"ChebCB takes one coordinate of context, the problem has {len(self._intervals)}")
        d, n = problem.n_actions, n_features
        K, N, alpha, ratio, eta = self._constants(problem, n)
        box = np.array([1.0 / N] + [2.0 * ratio / (N * j) for j in range(1, n)])
        self._models = Models(
            np.zeros((d, n, n)),
            np.zeros((d, n)),
            np.zeros(d),
            np.zeros((d, n)),
            np.zeros(d),
            np.full(d, 1.0 / d),
            box,
            np.array([(1.0, eta, K, N, alpha, 0.0, 0.0, 0.0)], dtype=STATE),
        )
        self._practical = self.constants == "practical"

    def _constants(self, problem: ContextualProblem, n: int) -> tuple[float, float, float, float, float]:
        """K, N, alpha, C L / K and eta at the start."""
        if self.lipschitz is None:
            N = 2.0 + 4.0 * (1.0 + math.log(n))
            return 0.0, N, (math.pi + 2.0 / math.pi * math.log(2.0 * n + 1.0)) / (2.0 * N * (n + 1.0)), 1.0, 0.0
        if problem.horizon is None:
            raise ValueError("ChebCB with constants='theory' needs a horizon: the problem has horizon=None")
        if self.scale is None and not problem.bounded:
            raise ValueError("ChebCB with constants='theory' needs a finite range of rewards, or a scale")
        K, d, m, T = self.scale or problem.high - problem.low, problem.n_actions, n - 1, problem.horizon
        cl = float(self._intervals[0, 1] - self._intervals[0, 0]) * self.lipschitz
        N = 2.0 + 4.0 * cl / K * (1.0 + math.log(max(m, 1)))
        inner = T * math.sqrt(d * (m + 1) * (K**2 + 2.0 * cl**2 * math.pi**2 / 3.0)) / (K * N)
        errors = d * (m + 1) * (1.0 + math.log(inner))
        alpha = (math.pi + 2.0 / math.pi * math.log(2.0 * m + 1.0)) * cl / (2.0 * K * N * (m + 1))
        return K, N, alpha, cl / K, 2.0 * math.sqrt(d * T / (errors + 2.0 * alpha**2 * T))

    @property
    def drawn_from(self) -> Array:
        """[n_actions] distribution that the last action was drawn from."""
        return self._models.probabilities.copy()

    def probabilities(self, observation: Any) -> Array:
        copy: ChebCB = Copies(self).one()
        copy.choose(observation)
        return copy.drawn_from

    def pick(self, row: Array) -> int:
        return _choose(row, self._rng.random(), self._models)

    def take(self, row: Array, action: int, loss: float) -> None:
        _learn(row, action, loss, self._models, self._practical)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        uniforms = self._rng.random(actions.size)
        _play(block, features, actions, uniforms, self._high, self._models, self._practical)

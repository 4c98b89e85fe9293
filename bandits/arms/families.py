"""Families of laws with one parameter, the mean: the divergence of two of their laws, and its inverse.

    family         d(p, q)                                                     means
    bernoulli      p ln(p / q) + (1 - p) ln((1 - p) / (1 - q))                 [0, 1]
    gaussian       (p - q)^2 / (2 sigma^2)                                     all numbers
    poisson        q - p + p ln(p / q)                                         [0, inf)
    exponential    p / q - 1 - ln(p / q)                                       (0, inf)

``d(p, q)`` is the Kullback-Leibler divergence of the laws with means ``p`` and ``q``; ``upper`` is the largest ``q``
with ``d(p, q) <= level``. Sigma is the standard deviation, which all arms share: the noise that the problem declares.

For Poisson and exponential rewards Newton's method descends to ``upper`` from above, since ``d(p, .)``, in
``e = q - p`` and in ``x = ln(q / p)``, is convex and grows. It starts at bounds that are derived in this project:

* Poisson: ``d = int_p^q (y - p) / y dy >= e^2 / (2 (p + e))``, so that ``e <= level + sqrt(level^2 + 2 level p)``;
* exponential: ``d = x + exp(-x) - 1 >= max(x - 1, x^2 / (2 + x))``, since ``exp(-x) >= (2 - x) / (2 + x)``, so that
  ``x <= min(level + 1, (level + sqrt(level^2 + 8 level)) / 2)``.

Terms that nearly cancel are not taken from one another: ``ln(1 + y)`` and ``exp(y) - 1`` are those of small ``y``.
"""

from __future__ import annotations

import math

from bandits.arguments import one_of
from bandits.arms.divergence import divergence as bernoulli_divergence
from bandits.arms.divergence import entropy
from bandits.arms.divergence import upper as bernoulli_upper
from bandits.arms.problem import FAMILIES, BanditProblem
from bandits.kernels import kernel

BERNOULLI, GAUSSIAN, POISSON, EXPONENTIAL = range(len(FAMILIES))
"""Numbers of the families, for kernels."""


@kernel
def clipped(family: int, mean: float) -> float:
    """The mean that is nearest to a mean of rewards and in the family, or at its border."""
    if family != GAUSSIAN:
        mean = max(mean, 0.0)
    return min(mean, 1.0) if family == BERNOULLI else mean


@kernel
def divergence(family: int, sigma: float, p: float, q: float) -> float:
    """d(p, q) >= 0 for means of the family or at its border; infinite where no law of mean q has rewards as of p."""
    if p == q:
        return 0.0
    if family == BERNOULLI:
        return bernoulli_divergence(p, q)
    x = p - q
    if family == GAUSSIAN:
        return x * x / (2.0 * sigma * sigma)
    if q <= 0.0:
        return math.inf
    x /= q
    if family == POISSON:
        return q if p <= 0.0 else max(0.0, q * ((1.0 + x) * math.log1p(x) - x))
    if p <= 0.0:
        return math.inf
    return x - math.log(p / q) if x < -0.5 else max(0.0, x - math.log1p(x))


@kernel
def upper(family: int, sigma: float, p: float, level: float) -> float:
    """The largest q >= p with d(p, q) <= level, for level >= 0; p itself where no other has a finite divergence."""
    if family == BERNOULLI:
        return bernoulli_upper(p, entropy(p), level)
    if family == GAUSSIAN:
        return p + sigma * math.sqrt(2.0 * level)
    if family == POISSON and p <= 0.0:
        return level
    if p <= 0.0 or level <= 0.0:
        return p
    if family == POISSON:
        e = level + math.sqrt(level * (level + 2.0 * p))
        for _ in range(100):
            step = (e - p * math.log1p(e / p) - level) * (p + e) / e
            e -= step
            if step * step * p <= 1e-16 * (p + e) * e * (p + e):  # what is left is at most half the left side over e
                break
        return p + e
    x = min(level + 1.0, 0.5 * (level + math.sqrt(level * (level + 8.0))))
    for _ in range(100):
        step = (x + math.expm1(-x) - level) / -math.expm1(-x)
        x -= step
        if step * step <= 1e-16 * x * x:
            break
    return p * math.exp(x)


@kernel
def score(family: int, q: float) -> float:
    """What orders means as they do, its differences the same in all units of rewards: for exponential ones ln q."""
    if family != EXPONENTIAL:
        return q
    return math.log(q) if q > 0.0 else -math.inf


def check_family(family: str | None) -> str | None:
    """The name of a family as a policy's parameter; None stands for that of rewards in a range.

    Raises:
        ValueError: there is no such family.
    """
    return None if family is None else one_of("family", family, FAMILIES)


def taken_by(family: str | None) -> tuple[float, float]:
    """The range of rewards of a family, as far as the problem's own does not say it."""
    return (0.0 if family in ("poisson", "exponential") else -math.inf), math.inf


def scale_of(name: str, family: str | None, problem: BanditProblem) -> tuple[int, float, float, float]:
    """What a policy for a family has to know of a problem: (number of the family, sigma, low, span).

    The reward ``low`` is mapped to 0 and ``low + span`` to 1: the range for rewards that are taken for Bernoulli's.
    Gaussian ones are measured in units of the width, and the others stay as they are. ``sigma``, of mapped rewards, is
    nan except for Gaussian ones.

    Args:
        name: of the policy, for messages.
        family: a family, or None: rewards in a finite range, to which Bernoulli's divergence applies.
        problem: the problem.

    Raises:
        ValueError: the family is Bernoulli's or None and rewards are unbounded; or Gaussian and there is no noise.
    """
    if family in (None, "bernoulli"):
        if not problem.bounded:
            raise ValueError(
                f"{name} needs rewards in a finite range, got [{problem.low}, {problem.high}]; for others give their "
                "family: gaussian, poisson or exponential"
            )
        return BERNOULLI, math.nan, float(problem.low), float(problem.high - problem.low)
    number = FAMILIES.index(str(family))
    if family == "gaussian":
        span = problem.width or 1.0
        return number, problem.width / 2.0 / span, 0.0, span
    return number, math.nan, 0.0, 1.0

"""What the analysis may know of arms and a question, and what it says of every policy."""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array, Assumption, Bound
from bandits.identification.bounds import known
from bandits.identification.theory import IdentificationInstance, binary_divergence

__all__ = ["IdentificationInstance", "error_floor", "error_rate", "samples_floor"]


def samples_floor(instance: IdentificationInstance, delta: float) -> Bound | None:
    """``T* kl(delta, 1 - delta)``, of the mean number of samples of every policy that is delta-correct.

    None where T* is infinite, and with a tolerance around a threshold, which T* does not know of: arms that may be
    answered either way need no samples at all.
    """
    tolerant = instance.problem.question == "above" and instance.problem.epsilon > 0.0
    if tolerant or not math.isfinite(instance.time):
        return None
    least = instance.time * binary_divergence(delta)
    return Bound(
        "T* kl(delta, 1 - delta)",
        "lower",
        lambda t: np.minimum(t, least),
        "effort",
        "Garivier and Kaufmann, COLT 2016 (as remembered; of policies that are delta-correct, their answers at the cap "
        "included)",
        "recalled",
        time="at the horizon",
    )


def error_floor(instance: IdentificationInstance, shuffled: bool) -> Bound | None:
    """Of two Gaussian arms that are relabelled at random, ``Phi(-gap sqrt(n) / (2 sigma))`` after n samples.

    Each sample of either arm is worth the same to a test of one labelling against the other, so that the best test has
    this error, whatever it samples (derived); uniform sampling attains it for even n. None for other arms.
    """
    problem = instance.problem
    if problem.question != "best" or problem.n_actions != 2 or problem.family != "gaussian":
        return None
    scale = float(instance.gaps.min()) / (2.0 * problem.sigma)
    return Bound(
        "two Gaussian arms",
        "lower",
        lambda t: _normal(-scale * np.sqrt(known(t))),
        "answer",
        "derived in this project; that no exponent is better: Kaufmann, Cappe and Garivier, JMLR 2016 (as remembered)",
        "derived",
        (Assumption("arms are relabelled at random", shuffled),),
        "no rate",
    )


def error_rate(instance: IdentificationInstance) -> Bound | None:
    """``exp(-400 n / (ln K H1))`` after n samples, with a threshold ``exp(-3 n / (sigma^2 H))``; as remembered."""
    problem = instance.problem
    if not instance.sub_gaussian or problem.question == "top":
        return None
    if problem.question == "best":
        rate, source = 400.0 / (math.log(problem.n_actions) * instance.h1), "Carpentier and Locatelli, COLT 2016"
    else:
        rate = 3.0 / (problem.deviation**2 * instance.h1)
        source = "Locatelli, Gutzeit and Carpentier, ICML 2016"
    return Bound(
        "lower rate of the error",
        "order",
        lambda t: np.exp(-rate * known(t)),
        "answer",
        f"{source} (as remembered; of some instance as hard as this one)",
        "recalled",
        time="no rate",
    )


def _normal(x: Array) -> Array:
    """The normal distribution function."""
    return np.array([0.5 * math.erfc(-value / math.sqrt(2.0)) for value in x])

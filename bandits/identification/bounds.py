"""Theorems on identification as drawable bounds: on the error at a budget, and on the number of samples.

Bounds on the error are at most 1; ``s = 4 sigma^2`` below. The answer told by time t knows of t - 1 samples, that of
the verdict of all. Nothing is claimed about rates over the time of one run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from bandits.contract import Array, Assumption, Bound, Evidence, TimeClaim
from bandits.identification.divergence import FAMILIES, divergence_between
from bandits.identification.intervals import PAPER, RADIUS, Intervals
from bandits.identification.problem import IdentificationProblem
from bandits.identification.theory import IdentificationInstance, log_bar
from bandits.identification.thresholds import proved, radii, rule_of
from bandits.identification.times import characteristic, time_of

AB = "Audibert, Bubeck and Munos, COLT 2010"
VILLE = "derived in this project: Ville's inequality for mixtures"
LARGEST = 1 << 60


def _error(
    name: str,
    curve: Callable[[Array], Array],
    source: str,
    evidence: Evidence,
    problem: IdentificationProblem,
    instance: IdentificationInstance,
    *assumptions: Assumption,
    time: TimeClaim = "at the horizon",
) -> Bound:
    """A bound on the probability of error, given as a function of the samples that an answer knows of."""
    common = (
        Assumption("rewards are sub-Gaussian with the declared parameter", instance.sub_gaussian),
        Assumption("one answer is right", instance.unique),
        Assumption("means are the same in every run", not instance.drawn),
    )

    def capped(t: Array) -> Array:
        n = known(t)
        return np.where(n > 0.0, np.minimum(curve(np.maximum(n, 1.0)), 1.0), 1.0)

    return Bound(name, "upper", capped, "answer", source, evidence, (*common, *assumptions), time)


def known(t: Array) -> Array:
    """Samples that the answer told by each time knows of."""
    return np.maximum(np.asarray(t, dtype=np.float64) - 1.0, 0.0)


def _constant(value: float) -> Callable[[Array], Array]:
    return lambda t: np.full(len(t), value)


def _scale(problem: IdentificationProblem) -> float:
    return 4.0 * problem.deviation**2


def _single(problem: IdentificationProblem) -> bool:
    return problem.question == "best" and problem.family in ("gaussian", "bernoulli")


def uniform_error(problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
    """``sum_{i != b} exp(-floor(t / K) gap_i^2 / s)`` at every time (derived: Chernoff for the difference)."""
    if not _single(problem):
        return ()
    gaps = np.sort(instance.gaps)[1:]

    def curve(t: Array) -> Array:
        rounds = np.floor(np.asarray(t) / problem.n_actions)[:, None]
        return np.asarray(np.exp(-rounds * gaps**2 / _scale(problem)).sum(axis=1))

    name = "Chernoff's bound for uniform sampling"
    return (_error(name, curve, "derived in this project", "derived", problem, instance, time="no rate"),)


def rejects_error(
    lengths: Sequence[int], problem: IdentificationProblem, instance: IdentificationInstance
) -> Sequence[Bound]:
    """At the budget: ``sum_k sum_{i > K - k} exp(-n_k gap_(i)^2 / s)`` (derived), and Theorem 2 as remembered.

    If the best arm is dismissed in phase k, one of the k worst arms survives until then with a mean at least as large.
    """
    if not _single(problem):
        return ()
    n, gaps = problem.n_actions, np.sort(instance.gaps)
    total = math.fsum(
        math.exp(-lengths[k - 1] * gaps[i - 1] ** 2 / _scale(problem))
        for k in range(1, n)
        for i in range(n + 1 - k, n + 1)
    )
    exponent = (problem.budget - n) / (_scale(problem) * log_bar(n) * instance.h2)
    theorem = n * (n - 1) / 2.0 * math.exp(-exponent)
    return (
        _error(
            "successive rejects, phases",
            _constant(total),
            "derived in this project",
            "derived",
            problem,
            instance,
        ),
        _error("successive rejects, Theorem 2", _constant(theorem), f"{AB}, Theorem 2", "recalled", problem, instance),
    )


def halving_error(doubling: bool, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
    """``3 log2 K exp(-B / (8 s H2 log2 K))`` at the budget, with doubling of ``B / 4`` (as remembered)."""
    if not _single(problem):
        return ()
    samples, logarithm = problem.budget / (4.0 if doubling else 1.0), math.log2(problem.n_actions)
    value = 3.0 * logarithm * math.exp(-samples / (8.0 * _scale(problem) * instance.h2 * logarithm))
    source = "Karnin, Koren and Somekh, ICML 2013, Theorem 4.1"
    return (_error("sequential halving, Theorem 4.1", _constant(value), source, "recalled", problem, instance),)


def ucb_e_error(
    exploration: float, problem: IdentificationProblem, instance: IdentificationInstance
) -> Sequence[Bound]:
    """``2 B K exp(-2 a / 25)`` at the budget, where ``a <= (25 / 36) (B - K) / H1`` (as remembered)."""
    if not _single(problem):
        return ()
    limit = 25.0 / 36.0 * (problem.budget - problem.n_actions) / instance.h1
    allowed = Assumption("a is at most (25/36) (B - K) / H1", exploration <= limit * (1.0 + 1e-12), exploration)
    value = 2.0 * problem.budget * problem.n_actions * math.exp(-2.0 * exploration / 25.0)
    unit = Assumption("rewards lie in [0, 1]", problem.family == "bernoulli")
    return (
        _error("UCB-E, Theorem 1", _constant(value), f"{AB}, Theorem 1", "recalled", problem, instance, allowed, unit),
    )


def apt_error(same: bool, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
    """``exp(-t / (64 sigma^2 H) + 2 ln((ln t + 1) K))`` at every time (as remembered)."""
    if problem.family not in ("gaussian", "bernoulli"):
        return ()
    hardness = 64.0 * problem.deviation**2 * instance.h1
    curve = lambda t: np.exp(-t / hardness + 2.0 * np.log((np.log(t) + 1.0) * problem.n_actions))  # noqa: E731
    told = Assumption("the policy's epsilon is that of the question", same)
    source = "Locatelli, Gutzeit and Carpentier, ICML 2016, Theorem 2"
    return (_error("APT, Theorem 2", curve, source, "recalled", problem, instance, told, time="no rate"),)


def error_bound(threshold: str, problem: IdentificationProblem) -> Sequence[Bound]:
    """``delta``, of a wrong stop; greyed where the threshold is not proved (derived; kk as remembered)."""
    if problem.delta is None:
        return ()
    evidence: Evidence = "recalled" if rule_of(threshold, problem) == "kk" else "derived"
    source = "Kaufmann and Koolen, JMLR 2021" if evidence == "recalled" else VILLE
    return (_delta(problem.delta, source, evidence, proved(threshold, problem)),)


def interval_error(
    problem: IdentificationProblem, instance: IdentificationInstance, epsilon: float = 0.0, paper: bool = False
) -> Sequence[Bound]:
    """``delta``, of intervals that all hold with probability ``1 - delta`` (derived; of the paper's, as remembered).

    A stop with a tolerance of ``epsilon`` may leave out an arm that is better by so much.
    """
    if problem.delta is None:
        return ()
    clear = epsilon == 0.0 or epsilon < float(instance.gaps.min())
    tolerated = Assumption("epsilon is below every gap", clear, epsilon)
    source = "Kaufmann and Kalyanakrishnan, COLT 2013" if paper else VILLE
    return (_delta(problem.delta, source, "recalled" if paper else "derived", tolerated),)


def _delta(delta: float, source: str, evidence: Evidence, *assumptions: Assumption) -> Bound:
    """Of a wrong stop. A run that meets the cap answers without being sure, and no theorem is about its answer."""
    return Bound("delta", "upper", _constant(delta), "stop", source, evidence, assumptions, "no rate")


def _samples(
    name: str, value: float, source: str, evidence: Evidence, problem: IdentificationProblem, *assumptions: Assumption
) -> Bound:
    """With probability ``1 - delta``, the number of samples."""
    curve = lambda t: np.minimum(t, value)  # noqa: E731
    return Bound(name, "upper", curve, "effort", source, evidence, assumptions, "at the horizon", delta=problem.delta)


def _fixed(instance: IdentificationInstance) -> tuple[Assumption, ...]:
    return (
        Assumption("one answer is right", instance.unique),
        Assumption("means are the same in every run", not instance.drawn),
    )


def last_where(holds: Callable[[int], bool]) -> int:
    """The largest number from 1 on where something holds that holds up to a number and then no more; 0 for none."""
    if not holds(1):
        return 0
    low, high = 1, 2
    while holds(high):
        low, high = high, 2 * high
        if high > LARGEST:
            return LARGEST
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def elimination_samples(problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
    """``sum_{i != b} n_i + max n_i``, ``n_i`` the first N with ``4 rad(N, delta / K) < gap_i`` (derived).

    Where all intervals hold, an arm that is alive after round r has a gap of at most ``4 rad(r)``.
    """
    if problem.delta is None or not instance.sub_gaussian or not instance.unique:
        return ()
    variance, log_inverse = problem.deviation**2, math.log(problem.n_actions / problem.delta)
    gaps = np.sort(instance.gaps)[1:].tolist()
    needed = [last_where(lambda n, gap=gap: 4.0 * radii(variance, log_inverse, n) >= gap) + 1 for gap in gaps]  # type: ignore[misc]
    value = float(sum(needed) + max(needed))
    return (_samples("elimination bound", value, "derived in this project", "derived", problem, *_fixed(instance)),)


def lucb_samples(
    intervals: Intervals, problem: IdentificationProblem, instance: IdentificationInstance
) -> Sequence[Bound]:
    """``K + 2 sum_a n_a``, ``n_a`` the last N whose interval may reach the middle ``c`` (derived).

    Where all intervals hold and it does not stop, that of h or of l contains c, halfway between the m-th and the
    (m+1)-th mean; one of the two is sampled then.
    """
    if problem.delta is None or not instance.unique or intervals.kind == PAPER:
        return ()
    ordered = np.sort(instance.means)[::-1]
    c = 0.5 * float(ordered[problem.m - 1] + ordered[problem.m])
    total = 0
    for mean in instance.means.tolist():
        if intervals.kind == RADIUS:
            reaches = lambda n, mean=mean: 2.0 * radii(intervals.variance, intervals.log_inverse, n) >= abs(mean - c)  # noqa: E731
        else:
            information = chernoff(mean, c)
            reaches = lambda n, d=information: (  # noqa: E731
                n * d <= intervals.log_inverse + 0.5 * math.log(n) + math.log(2.0)
            )
        total += last_where(reaches)
    value = float(problem.n_actions + 2 * total)
    source = "derived in this project, after Kalyanakrishnan et al., ICML 2012"
    name = "LUCB bound" if intervals.kind == RADIUS else "KL-LUCB bound"
    return (_samples(name, value, source, "derived", problem, *_fixed(instance)),)


def chernoff(first: float, second: float) -> float:
    """Chernoff information of two Bernoulli means: ``d(x, first) = d(x, second)`` at the ``x`` between them."""
    low, high = min(first, second), max(first, second)
    a, b = low, high
    for _ in range(200):
        x = 0.5 * (a + b)
        if divergence_between(FAMILIES["bernoulli"], 1.0, x, low) < divergence_between(
            FAMILIES["bernoulli"], 1.0, x, high
        ):
            a = x
        else:
            b = x
    return float(divergence_between(FAMILIES["bernoulli"], 1.0, 0.5 * (a + b), low))


def _rate(
    name: str, time: float, source: str, evidence: Evidence, problem: IdentificationProblem, *assumptions: Assumption
) -> Sequence[Bound]:
    """``T ln(1 / delta)``, as delta goes to 0: drawn, compared with nothing."""
    if problem.delta is None or not math.isfinite(time):
        return ()
    value = time * math.log(1.0 / problem.delta)
    curve = lambda t: np.minimum(t, value)  # noqa: E731
    return (Bound(name, "order", curve, "effort", source, evidence, assumptions, "asymptotic"),)


def characteristic_rate(
    threshold: str, problem: IdentificationProblem, instance: IdentificationInstance
) -> Sequence[Bound]:
    """``T* ln(1 / delta)``, of the family whose statistic is compared."""
    source = "Garivier and Kaufmann, COLT 2016 (as remembered)"
    time = _time(threshold, problem, instance, None)
    return _rate("T* ln(1 / delta)", time, source, "recalled", problem, *_fixed(instance))


def half_rate(
    beta: float, threshold: str, problem: IdentificationProblem, instance: IdentificationInstance
) -> Sequence[Bound]:
    """``T_beta ln(1 / delta)``."""
    source = "Russo, COLT 2016; Qin, Klabjan and Russo, NeurIPS 2017 (as remembered)"
    time = _time(threshold, problem, instance, beta)
    return _rate(f"T_{beta:g} ln(1 / delta)", time, source, "recalled", problem, *_fixed(instance))


def _time(
    threshold: str, problem: IdentificationProblem, instance: IdentificationInstance, beta: float | None
) -> float:
    family, variance = _compared(threshold, problem)
    return characteristic(family, instance.means, variance, beta)[0]


def _compared(threshold: str, problem: IdentificationProblem) -> tuple[str, float]:
    """The family whose statistic is compared, and the variance of the Gaussian one."""
    if rule_of(threshold, problem) == "mixture":
        return "gaussian", problem.deviation**2
    return problem.family, problem.variance


def uniform_rate(threshold: str, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
    """``T_uniform ln(1 / delta)`` (derived), of the family whose statistic is compared."""
    n = problem.n_actions
    family, variance = _compared(threshold, problem)
    time = time_of(family, instance.means, np.full(n, 1.0 / n), variance)
    return _rate("T_uniform ln(1 / delta)", time, "derived in this project", "derived", problem, *_fixed(instance))


def racing_rate(threshold: str, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
    """``(sum_{i != b} c_i + max c_i) ln(1 / delta)``, ``1 / c_i`` being Z of the best arm and i at one sample each."""
    if not instance.unique:
        return ()
    family, variance = _compared(threshold, problem)
    means = np.sort(instance.means)[::-1]
    each = [time_of(family, np.array([means[0], mean]), np.ones(2), variance) for mean in means[1:]]
    name = "racing, asymptotically"
    return _rate(name, sum(each) + max(each), "derived in this project", "derived", problem, *_fixed(instance))


def lil_samples(theory: bool, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
    """``H1 ln(1 / delta) + sum gap^-2 ln ln gap^-2``, up to a constant (as remembered)."""
    if problem.delta is None or not instance.unique:
        return ()
    inverse = instance.gaps**-2.0
    doubled = np.log(np.maximum(np.log(np.maximum(inverse, math.e)), 1.0))
    value = float(instance.h1 * math.log(1.0 / problem.delta) + np.sum(inverse * doubled))
    curve = lambda t: np.minimum(t, value)  # noqa: E731
    constants = Assumption("the constants are those of the theory", theory)
    source = "Jamieson, Malloy, Nowak and Bubeck, COLT 2014 (as remembered)"
    return (
        Bound(
            "order of lil'UCB",
            "order",
            curve,
            "effort",
            source,
            "convention",
            (constants, *_fixed(instance)),
            "at the horizon",
            delta=problem.delta,
        ),
    )

"""Speed of identification: a run up to its stop, the environment and its noise included.

Each policy is held against the same algorithm written by hand, one compiled loop that keeps what it needs alone. The
targets are those of ``leap`` over a whole run: the generators are there on both sides, and ours has begun. Whole runs
are measured by the same targets, although they begin with the generators, ours with four and the other with one.
"""

import copy
import math

import numba
import numpy as np
import pytest
from games import LOOP, ROUNDS, loop, rounds_a_second
from timing import measure

from bandits import POLICIES
from bandits.identification.lucb import LUCB
from bandits.identification.thresholds import gaussian_constant
from bandits.seeds import Seeds
from environments.identification.environment import Identification

G4, RUNS = np.array([1.0, 0.6, 0.4, 0.0]), 40
SMALL, SHORT = G4 / 5.0, 400
HAND = "the same by hand"
BUDGETS = [(2_000, RUNS), (200_000, RUNS), (2_000_000, 5)]
"""Samples and runs.

What stands in the way where a whole run misses the target of its ``leap``. Short ones, of which one by hand takes 30
to 125 microseconds and ours up to 3.4 times that: ours has made its four generators, relabelled the arms, begun, reset,
judged its stop and given its metrics in 60 to 90; a generator that goes to a kernel, as that of t3c does, takes some 15
more. Budgets: 2,000 uniform numbers are drawn in 5 microseconds, and numpy makes one generator in 8, so that no run
with a generator of its own can meet it; with 200,000 samples these 60 to 90 are a seventh of what is drawn.
"""


def game(name, environment, runs, **parameters):
    """``runs`` whole replicates, their generators made as ``regretlab run`` does; and how many samples they take."""
    policy = POLICIES.build({"name": name, "parameters": parameters}, "policy")
    taken = np.zeros(1)

    def play():
        taken[0] = 0.0
        for i in range(runs):
            environment.begin(environment.draw(Seeds(i).generator()))
            policy.reset(environment.problem, Seeds(i).generator())
            policy.advance(environment, environment.problem.horizon)
            taken[0] -= environment.metrics(np.array([environment.problem.horizon]))["samples"][0]

    return play, taken


def leaps(name, environment, **parameters):
    """What begins ``RUNS`` runs, each of an environment and a policy of its own, and what plays them to their stop."""
    made = {"name": name, "parameters": parameters}
    cast = [(copy.deepcopy(environment), POLICIES.build(made, "policy")) for _ in range(RUNS)]

    def begin():
        for i, (arms, policy) in enumerate(cast):
            arms.begin(arms.draw(Seeds(i).generator()))
            policy.reset(arms.problem, Seeds(i).generator())

    def play():
        for arms, policy in cast:
            policy.advance(arms, arms.problem.horizon)

    return begin, play


@numba.njit
def radius(n, log_inverse):
    return math.sqrt(2.0 * (n + 1.0) / (n * n) * (log_inverse + 0.5 * math.log1p(n)))


@numba.njit
def lucb(means, delta, rng):
    k = means.size
    counts, sums = np.zeros(k), np.zeros(k)
    lower, upper = np.zeros(k), np.zeros(k)
    log_inverse, t = math.log(k / delta), 0
    while True:
        if t < k:
            first, second = t, -1
        else:
            first = np.argmax(sums / counts)
            second = -1
            for i in range(k):
                if i != first and (second < 0 or upper[i] > upper[second]):
                    second = i
            if upper[second] <= lower[first]:
                return t
        for arm in (first, second):
            if arm >= 0:
                counts[arm] += 1.0
                sums[arm] += means[arm] + rng.standard_normal()
                width = radius(counts[arm], log_inverse)
                lower[arm], upper[arm] = sums[arm] / counts[arm] - width, sums[arm] / counts[arm] + width
                t += 1


@numba.njit
def rounds(means, delta, racing, rng):
    """Racing or elimination."""
    k = means.size
    sums, alive = np.zeros(k), np.ones(k, dtype=np.bool_)
    left, r, t = k, 0, 0
    while left > 1:
        r += 1
        for i in range(k):
            if alive[i]:
                sums[i] += means[i] + rng.standard_normal()
                t += 1
        best = -math.inf
        for i in range(k):
            if alive[i]:
                best = max(best, sums[i])
        for i in range(k):
            if alive[i] and sums[i] < best:
                gap = (best - sums[i]) / r
                if racing:
                    drop = gap * gap * r / 4.0 > (1.0 + 1.0 / r) * (math.log((k - 1) / delta) + math.log1p(r))
                else:
                    drop = gap > 2.0 * radius(r, math.log(k / delta))
                if drop:
                    alive[i] = False
                    left -= 1
    return t


@numba.njit
def statistic(sums, counts, b, i):
    gap = sums[b] / counts[b] - sums[i] / counts[i]
    return gap * gap / (2.0 * (1.0 / counts[b] + 1.0 / counts[i])) if gap > 0.0 else 0.0


@numba.njit
def over(sums, counts, b, i, union):
    level = (1.0 + 1.0 / min(counts[b], counts[i])) * (union + 0.5 * (math.log1p(counts[b]) + math.log1p(counts[i])))
    return statistic(sums, counts, b, i) > level


@numba.njit
def top_two(means, confidence, rule, rng):
    """Rules: 0 for t3c, 1 for tt_ucb, 2 for eb_tc."""
    k = means.size
    counts, sums, led, own = np.zeros(k), np.zeros(k), np.zeros(k), np.zeros(k)
    t = 0
    while True:
        if t < k:
            arm = t
        else:
            b = np.argmax(sums / counts)
            done, level = True, confidence + 4.0 * math.log(4.0 + math.log(t / 2.0))
            for i in range(k):
                if i != b and not statistic(sums, counts, b, i) > level:
                    done = False
                    break
            if done:
                return t
            leader, most = b, -math.inf
            for i in range(k):
                if rule == 0:
                    index = sums[i] / counts[i] + rng.standard_normal() / math.sqrt(counts[i])
                elif rule == 1:
                    index = sums[i] / counts[i] + math.sqrt(5.28 * math.log(t) / counts[i])
                else:
                    break
                if index > most:
                    leader, most = i, index
            other, least = -1, math.inf
            for i in range(k):
                if i != leader:
                    z = statistic(sums, counts, leader, i)
                    if z < least:
                        other, least = i, z
            if rule == 0:
                arm = leader if rng.random() < 0.5 else other
            else:
                arm = leader if own[leader] <= 0.5 * led[leader] else other
                led[leader] += 1.0
                own[leader] += arm == leader
        counts[arm] += 1.0
        sums[arm] += means[arm] + rng.standard_normal()
        t += 1


@numba.njit
def track(means, delta, rng):
    """Track-and-stop, the shares found anew in each step by 45 bisections."""
    k = means.size
    counts, sums, weights = np.zeros(k), np.zeros(k), np.zeros(k)
    union, t = math.log((k - 1) / delta), 0
    while True:
        if t < k:
            arm = t
        else:
            m = sums / counts
            b = np.argmax(m)
            done = True
            for i in range(k):
                if i != b and not over(sums, counts, b, i, union):
                    done = False
                    break
            if done:
                return t
            arm = np.argmin(counts)
            if counts[arm] >= max(math.sqrt(t) - k / 2.0, 0.0):
                low, high = 0.0, math.inf
                for i in range(k):
                    if i != b:
                        high = min(high, (m[b] - m[i]) ** 2 / 2.0)
                for _ in range(45):
                    y = 0.5 * (low + high)
                    f = 0.0
                    for i in range(k):
                        if i != b:
                            x = y / ((m[b] - m[i]) ** 2 / 2.0 - y)
                            f += x * x
                    if f > 1.0:
                        high = y
                    else:
                        low = y
                total = 1.0
                for i in range(k):
                    weights[i] = 1.0
                    if i != b:
                        weights[i] = low / ((m[b] - m[i]) ** 2 / 2.0 - low)
                        total += weights[i]
                arm = np.argmax(t * weights / total - counts)
        counts[arm] += 1.0
        sums[arm] += means[arm] + rng.standard_normal()
        t += 1


def repeated(function, runs, *arguments):
    """``runs`` runs by hand, and how many samples they take."""
    taken = np.zeros(1)

    def play():
        taken[0] = 0.0
        for i in range(runs):
            taken[0] += function(*arguments, np.random.default_rng(i))

    return play, taken


LAST = {"delta": 0.01, "threshold": "kk"}
"""The strictest test: some 1,090 samples of ``G4``."""


CONFIDENT = [
    ("lucb", {}, lucb, (0.1,)),
    ("racing", {}, rounds, (0.1, True)),
    ("action_elimination", {}, rounds, (0.1, False)),
    ("top_two", {"rule": "t3c"}, top_two, (0,)),
    ("top_two", {"rule": "tt_ucb"}, top_two, (1,)),
    ("top_two", {"rule": "eb_tc"}, top_two, (2,)),
    ("track_and_stop", {}, track, (0.1,)),
]
"""Policy and parameters, and the loop by hand with its arguments, of which the first is ``delta``, but for top-two."""


def by_hand_of(name, parameters, arguments):
    """``delta``, parameters and arguments: top-two is played to the strictest test."""
    if name != "top_two":
        return arguments[0], parameters, arguments
    delta = LAST["delta"]
    confidence = 2.0 * gaussian_constant(math.log(3 / delta) / 2.0)
    return delta, {**parameters, "threshold": LAST["threshold"]}, (confidence, *arguments)


@pytest.mark.parametrize(("gaps", "runs"), [(G4, SHORT), (SMALL, RUNS)], ids=["short", "long"])
@pytest.mark.parametrize(("name", "parameters", "function", "arguments"), CONFIDENT)
def test_whole_replicates_of_fixed_confidence(record, name, parameters, function, arguments, gaps, runs):
    delta, parameters, arguments = by_hand_of(name, parameters, arguments)
    ours, taken = game(name, Identification(gaps, delta=delta, horizon=10**6 + 1), runs, **parameters)
    plain, by_hand = repeated(function, runs, gaps, *arguments)
    ours(), plain()
    assert abs(taken[0] / by_hand[0] - 1.0) < 0.35, "both must play the same algorithm"
    pairs = measure(ours, plain, "sample", (taken[0], by_hand[0]))
    what = f"`{name}`{''.join(f' {value}' for value in parameters.values())}"
    size = "long runs" if gaps is SMALL else "short runs"
    record(f"{what}, four Gaussian arms, {size}", pairs, HAND, 2.0)


class Hands:
    """``RUNS`` runs by hand, whose generators were made before."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def begin(self):
        self.generators = [np.random.default_rng(i) for i in range(RUNS)]

    def play(self):
        for generator in self.generators:
            self.function(*self.arguments, generator)


def measured(name, environment, function, *arguments, **parameters):
    """``leap`` against the same by hand."""
    (begin, play), hands = leaps(name, environment, **parameters), Hands(function, *arguments)
    return measure(play, hands.play, "run", (RUNS, RUNS), repeats=25, prepare=lambda: (begin(), hands.begin()))


@pytest.mark.parametrize(("name", "parameters", "function", "arguments"), CONFIDENT)
def test_leaps_of_fixed_confidence(record, name, parameters, function, arguments):
    delta, parameters, arguments = by_hand_of(name, parameters, arguments)
    pairs = measured(name, Identification(G4, delta=delta, horizon=10**6 + 1), function, G4, *arguments, **parameters)
    what = f"`{name}`{''.join(f' {value}' for value in parameters.values())}"
    record(f"{what}, four Gaussian arms, short runs, `leap`", pairs, HAND, 2.0)


def test_the_stepwise_path(record):
    """Plain Python objects: at least 0.2 M samples a second where the hand-written loop makes 18 M rounds."""
    samples = 20_000
    environment, policy = Identification(G4 / 100.0, delta=0.1, horizon=samples + 1), LUCB()

    def play():
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        for _ in range(samples):
            action = policy.choose(None)
            policy.update(None, action, environment.transition(action)[1])

    record(
        "`lucb` by `choose` and `update`", measure(play, loop, "sample", (samples, ROUNDS)), LOOP, rounds_a_second(2e5)
    )


@numba.njit
def uniforms(n, rng):
    total = 0.0
    for _ in range(n):
        total += rng.random()
    return total


@pytest.mark.parametrize("name", ["successive_rejects", "sequential_halving"])
def test_leaps_of_fixed_budgets(record, name):
    pairs = measured(name, Identification("ab1", horizon=2001), uniforms, 2000)
    record(f"`{name}`, twenty Bernoulli arms, 2,000 samples, `leap`", pairs, "loop that draws as many numbers", 1.5)


def draws(n, runs):
    """``n`` uniform numbers ``runs`` times, into the same memory, by a generator that is there already."""
    rng, room = np.random.default_rng(1), np.empty(n)

    def draw():
        for _ in range(runs):
            rng.random(out=room)

    return draw


@pytest.mark.parametrize(("budget", "runs"), BUDGETS)
@pytest.mark.parametrize("name", ["successive_rejects", "sequential_halving"])
def test_whole_replicates_of_fixed_budgets(record, name, budget, runs):
    ours, _ = game(name, Identification("ab1", horizon=budget + 1), runs)
    pairs = measure(ours, draws(budget, runs), "run", (runs, runs))
    record(f"`{name}`, twenty Bernoulli arms, {budget:,} samples", pairs, "draws of as many uniform numbers", 1.5)


@numba.njit
def ucb_e(means, budget, a, rng):
    k = means.size
    counts, sums = np.zeros(k), np.zeros(k)
    for t in range(budget):
        arm = t
        if t >= k:
            most = -math.inf
            for i in range(k):
                index = sums[i] / counts[i] + math.sqrt(a / counts[i])
                if index > most:
                    arm, most = i, index
        counts[arm] += 1.0
        sums[arm] += rng.random() < means[arm]
    return np.argmax(sums / counts)


def test_whole_replicates_of_ucb_e(record):
    ours, _ = game("ucb_e", Identification("ab1", horizon=2001), RUNS, h1=2000.0)
    plain, _ = repeated(ucb_e, RUNS, np.append(0.5, np.full(19, 0.4)), 2000, 2.0)
    record("`ucb_e`, twenty Bernoulli arms, 2,000 samples", measure(ours, plain, "run", (RUNS, RUNS)), HAND, 2.0)


def test_a_step_of_tracking_bernoulli_arms(record):
    ours, taken = game("track_and_stop", Identification("gk2", delta=0.1, horizon=10**5 + 1), 10)
    ours()
    rounds = int(taken[0])
    record("`track_and_stop`, five Bernoulli arms", measure(ours, loop, "sample", (rounds, ROUNDS)), LOOP, 120)

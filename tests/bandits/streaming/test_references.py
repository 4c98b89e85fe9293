"""Every streaming policy against its pseudo-code, written as a plain generator and played on the same tape."""

import math

import numpy as np
import pytest

from bandits import POLICIES
from bandits.streaming.problem import CURRENT, Advance, Drop, Pull, Store
from environments import Stream


def now(environment):
    """The metrics at the present time."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


def explore(k, t, n):
    n = max(1, min(n, t // k))
    best, kept = -1.0, False
    for i in range(k):
        if i:
            yield Advance()
        p = yield Pull(CURRENT, n)
        if not kept or p > best:
            yield Store(0)
            best, kept = p, True
    yield "commit", 0


def tower(k, t, batches, quotas, slots, resample=False, final=1):
    free = list(range(slots))[::-1]
    champion, estimate, count = [None] * len(batches), [None] * len(batches), [0] * len(batches)

    def compare(level, place, p):
        """Whether the challenger of a level wins."""
        if champion[level] is None:
            return True
        if resample:
            estimate[level] = yield Pull(champion[level], batches[level])
        return p > estimate[level]

    for i in range(k):
        if i:
            yield Advance()
        p = yield Pull(CURRENT, batches[0])
        if (yield from compare(0, CURRENT, p)):
            if champion[0] is None:
                champion[0] = free.pop()
            yield Store(champion[0])
            estimate[0] = p
        count[0] += 1
        level = 0
        while level < len(batches) - 1 and count[level] >= quotas[level]:
            p = yield Pull(champion[level], batches[level + 1])
            if (yield from compare(level + 1, champion[level], p)):
                if champion[level + 1] is not None:
                    yield Drop(champion[level + 1])
                    free.append(champion[level + 1])
                champion[level + 1], estimate[level + 1] = champion[level], p
            else:
                yield Drop(champion[level])
                free.append(champion[level])
            champion[level], count[level] = None, 0
            count[level + 1] += 1
            level += 1
    left = [c for c in champion[::-1] if c is not None]
    if len(left) > 1:
        n = batches[0] if final == 1 else batches[0] * math.ceil(math.log(2 * len(left)))
        means = []
        for slot in left:
            means.append((yield Pull(slot, n)))
        yield "commit", left[int(np.argmax(means))]
    yield "commit", left[0]


def threshold(k, t, c=1.0, theta=0.5, g=1.5, kappa=4.0, delta=None):
    a = 1.0 if delta is None else 1.0 + math.log(1.0 / delta)
    eps = (k * a / t) ** (1 / 3)

    def size(level):
        return math.ceil(c * a * g**level / eps**2)

    v, newcomers = 0.0, 0
    for i in range(k):
        if i == 0:
            v = yield Pull(CURRENT, size(0))
            yield Store(0)
            continue
        yield Advance()
        newcomers += 1
        top = 0
        while g**top < 1.0 + kappa * math.log(newcomers):
            top += 1
        for level in range(top + 1):
            p = yield Pull(CURRENT, size(level))
            if p < v + theta * eps:
                break
        else:
            yield Store(0)
            v, newcomers = p, 0
    yield "commit", 0


def king(k, t, rng, gap):
    u = (t / k) ** (2 / 3)
    eps = u**-0.5
    n_f, levels = math.ceil(u * math.log(k)), math.floor(10 * math.log(math.log(k)))
    full, est, budget = 0, eps / 2, 1.2 * u
    the_king = sampled = 0
    fbest = yield Pull(CURRENT, n_f)
    yield Store(0)
    for _ in range(1, k):
        yield Advance()
        place = CURRENT
        if full <= 10 * k * u:
            budget += u
            for level in range(levels):
                b = math.ceil(2**level * u)
                if budget < b:
                    n = math.ceil(1.2 * u)
                    p = yield Pull(CURRENT, n)
                    full += n
                    place = the_king if the_king != sampled else 1 - the_king
                    the_king = place
                    yield Store(place)
                    est, budget = min(max(p, est + gap / 2), 1.0), 1.2 * u
                    break
                p = yield Pull(CURRENT, b)
                full, budget = full + b, budget - b
                if est - eps / 5 >= p:
                    break
        if rng.random() < 1.5 / math.log(k):
            p = yield Pull(place, n_f)
            if p > fbest:
                fbest = p
                if place != CURRENT:
                    sampled = place
                else:
                    sampled = sampled if sampled != the_king else 1 - the_king
                    yield Store(sampled)
    yield "commit", the_king if full <= 10 * k * u else sampled


def ucb2(k, t, alpha):
    def tau(r):
        return math.ceil((1 + alpha) ** r)

    for i in range(k):
        yield Store(i)
        if i < k - 1:
            yield Advance()
    sums, counts, epochs, used = [0.0] * k, [0] * k, [0] * k, 0
    for i in range(k):
        sums[i] = yield Pull(i, 1)
        counts[i] = 1
        used += 1
    while True:
        index = [
            sums[i] / counts[i]
            + math.sqrt((1 + alpha) * math.log(math.e * used / tau(epochs[i])) / (2 * tau(epochs[i])))
            for i in range(k)
        ]
        i = int(np.argmax(index))
        n = min(max(1, tau(epochs[i] + 1) - tau(epochs[i])), t - used)
        sums[i] += n * (yield Pull(i, n))
        counts[i] += n
        used += n
        epochs[i] += 1


def history_of(plan, stream, seed):
    """Play a generator; pulls are clipped, and a commitment pulls until the end."""
    stream.begin(stream.draw(np.random.default_rng(seed)))
    answer = None
    while stream.clock < stream.horizon:
        action = plan.send(answer)
        left = stream.horizon - stream.clock
        if action[0:1] == ("commit",):
            action = Pull(action[1], left, False)
        elif isinstance(action, Pull):
            action = action._replace(n=min(action.n, left))
        _, feedback = stream.transition(action)
        answer = None if feedback is None else feedback[0] / feedback[1]
    return stream.history, now(stream)


def unit(k, t):
    return (t / k) ** (2 / 3)


def loglog(k, t):
    number = max(1, math.floor(math.log(math.log(k))) + 1)
    batches = [math.ceil(1.2**level * unit(k, t)) for level in range(number - 1)]
    return [*batches, math.ceil(unit(k, t) * math.log(k))]


def logs(k, t):
    return [math.ceil(1.2**level * unit(k, t)) for level in range(max(1, math.floor(math.log(k))))]


def stars(k, t):
    return [math.ceil(r * unit(k, t)) for r in (1, 4, 16, 65536)]


SHAPES = [
    ("uniform_exploration", {}, lambda k, t: explore(k, t, math.ceil(unit(k, t) * math.log(t) ** (1 / 3)))),
    ("naive_log_k", {}, lambda k, t: explore(k, t, math.ceil(unit(k, t) * math.log(k)))),
    ("tuned_etc", {}, lambda k, t: explore(k, t, math.ceil(unit(k, t) * (math.log(2 * k) / 2) ** (1 / 3)))),
    ("tower_log", {}, lambda k, t: tower(k, t, logs(k, t), [7] * 9, 9)),
    ("tower_loglog", {}, lambda k, t: tower(k, t, loglog(k, t), [11] * 9, 9)),
    ("tower_logstar", {}, lambda k, t: tower(k, t, stars(k, t), [5, 5, 4097], 9)),
    ("tower_log", {"resample_champion": True}, lambda k, t: tower(k, t, logs(k, t), [7] * 9, 9, resample=True)),
    ("tower_logstar", {"final_batch": "log"}, lambda k, t: tower(k, t, stars(k, t), [5, 5, 4097], 9, final=2)),
    ("eps_best_single", {}, threshold),
    (
        "eps_best_single",
        {"c": 0.3, "theta": 0.2, "g": 1.2, "kappa": 7.0, "delta": 0.05},
        lambda k, t: threshold(k, t, 0.3, 0.2, 1.2, 7.0, 0.05),
    ),
    ("game_of_arms", {"gap": 0.01}, lambda k, t: king(k, t, np.random.default_rng(1), 0.01)),
    ("offline_ucb2", {}, lambda k, t: ucb2(k, t, 0.25)),
    ("offline_ucb2", {"alpha": 1.5}, lambda k, t: ucb2(k, t, 1.5)),
]

STREAMS = [
    {"means": "mixed", "n_arms": 60, "horizon": 30_000},
    {"means": "clear_cut", "n_arms": 120, "horizon": 10**7},
    {"means": [0.5] * 40, "horizon": 200_000},
    {"means": "mixed", "n_arms": 30, "horizon": 40, "order": "ascending"},
    {"means": "mixed", "n_arms": 40, "horizon": 320},  # eps = 1/2 and batches of 4: means tie with thresholds
    {"means": "mixed", "n_arms": 150, "horizon": 10**9, "rewards": "gaussian", "sigma": 0.5},
]


def anonymous(history):
    """What happens to which arm when; the numbers of slots are the policy's own business."""
    return [(name, handle, 0 if name in ("store", "drop") else number, used) for name, handle, number, used in history]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("stream", range(len(STREAMS)))
@pytest.mark.parametrize(("name", "parameters", "reference"), SHAPES)
def test_policy_is_its_pseudo_code(name, parameters, reference, stream, seed):
    options = STREAMS[stream]
    arms = options.get("n_arms") or len(options["means"])
    memory = arms if name == "offline_ucb2" else 9
    theirs, totals = history_of(reference(arms, options["horizon"]), Stream(**options, memory=memory, debug=True), seed)
    for debug in (True, False):
        ours = Stream(**options, memory=memory, debug=debug)
        policy = POLICIES.load(name)(**parameters)
        ours.begin(ours.draw(np.random.default_rng(seed)))
        policy.reset(ours.problem, np.random.default_rng(1))
        policy.advance(ours, ours.horizon)
        if debug:
            assert anonymous(ours.history) == anonymous(theirs)
        assert now(ours) == totals

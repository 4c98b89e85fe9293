"""Every policy against its rule written with sets and lists: the same choices, with the same chances.

A rule says, for a request, all ways to serve it: sets of pages that leave, equally likely. The policy is asked with
uniforms spread over [0, 1) which of them it takes; then it plays on, and the rule is told what it did.
"""

import math
from collections import Counter, OrderedDict

import numpy as np
import pytest

from bandits import POLICIES
from bandits.paging.problem import Request


class Rule:
    """A rule with the cache, and when each page was requested last and with which bit and reuse time."""

    def __init__(self, k):
        self.k, self.cache, self.t = k, set(), 0
        self.last, self.bit, self.due = {}, {}, {}

    def options(self, p, b, h):
        """Sets of pages that may leave before p is loaded."""
        if p in self.cache or len(self.cache) < self.k:
            return [set()]
        return [{v} for v in self.victims(p, b, h)]

    def discards(self, b):
        return False

    def serve(self, p, b, h, left):
        self.cache = (self.cache - left) | {p}
        self.last[p], self.bit[p], self.due[p] = self.t, b, h
        self.t += 1

    def oldest(self, pages):
        return min(pages, key=self.last.get)

    def furthest(self, pages):
        return min(pages, key=lambda v: (-self.due[v], self.last[v]))


class LRU(Rule):
    def victims(self, p, b, h):
        return [self.oldest(self.cache)]


class FIFO(Rule):
    queue: OrderedDict

    def victims(self, p, b, h):
        return [next(iter(self.queue))]

    def serve(self, p, b, h, left):
        self.queue = getattr(self, "queue", OrderedDict())
        for v in left:
            del self.queue[v]
        self.queue.setdefault(p)
        super().serve(p, b, h, left)


class Clock(Rule):
    """A list that the hand walks along by rotation."""

    def __init__(self, k):
        super().__init__(k)
        self.ring, self.used = [], {}

    def victims(self, p, b, h):
        ring, used = list(self.ring), dict(self.used)
        while used[ring[0]]:
            used[ring[0]] = False
            ring.append(ring.pop(0))
        return [ring[0]]

    def serve(self, p, b, h, left):
        if left:
            while self.used[self.ring[0]]:
                self.used[self.ring[0]] = False
                self.ring.append(self.ring.pop(0))
            assert {self.ring.pop(0)} == left
        if p not in self.cache:
            self.ring.append(p)
        self.used[p] = True
        super().serve(p, b, h, left)


class FlushWhenFull(Rule):
    def options(self, p, b, h):
        return [set(self.cache) if p not in self.cache and len(self.cache) == self.k else set()]


class LFU(Rule):
    def __init__(self, k):
        super().__init__(k)
        self.count = Counter()

    def victims(self, p, b, h):
        return [min(self.cache, key=lambda v: (self.count[v], self.last[v]))]

    def serve(self, p, b, h, left):
        self.count[p] += 1
        super().serve(p, b, h, left)


class RandomEviction(Rule):
    def victims(self, p, b, h):
        return self.cache


class Marking(Rule):
    def __init__(self, k):
        super().__init__(k)
        self.marked, self.stale, self.chains = set(), set(), []

    def candidates(self):
        return self.cache - self.marked or set(self.cache)

    def is_stale(self, p):
        return p in (self.stale if self.cache - self.marked else self.cache)

    def serve(self, p, b, h, left):
        if left and not self.cache - self.marked:
            self.marked, self.stale, self.chains = set(), set(self.cache), []
        if left:
            self.evicted(p, *left)
        self.marked.add(p)
        super().serve(p, b, h, left)

    def evicted(self, p, v):
        pass


class Marker(Marking):
    def victims(self, p, b, h):
        return self.candidates()


class MarkAndPredict(Marking):
    def victims(self, p, b, h):
        return {v for v in self.candidates() if self.bit[v] == 1} or self.candidates()


class MarkAndPredictLRU(MarkAndPredict):
    def victims(self, p, b, h):
        return [self.oldest(super().victims(p, b, h))]


class LMarker(Marking):
    def victims(self, p, b, h):
        return self.candidates() if self.is_stale(p) else [self.furthest(self.candidates())]


class PredictiveMarker(Marking):
    def victims(self, p, b, h):
        length = 1
        if self.is_stale(p):
            length += next(chain for chain in self.chains if chain[-1] == p)[0]
        h_k = sum(1 / i for i in range(1, self.k + 1))
        return [self.furthest(self.candidates())] if length <= h_k else self.candidates()

    def evicted(self, p, v):
        if p in self.stale:
            chain = next(chain for chain in self.chains if chain[-1] == p)
            chain[0] += 1
            chain[-1] = v
        else:
            self.chains.append([1, v])


class LNonMarker(Rule):
    def __init__(self, k):
        super().__init__(k)
        self.seen, self.marked, self.stale, self.by = set(), set(), set(), {}

    def look(self, p):
        """(marked, stale, who evicted whom) at the time that p is requested."""
        if p not in self.seen and len(self.seen) == self.k:
            return set(), set(self.cache), {}
        return self.marked, self.stale, self.by

    def victims(self, p, b, h):
        marked, stale, by = self.look(p)
        if p not in stale:
            return [self.furthest(self.cache - marked)]
        return self.cache - marked if by[p] in stale else self.cache

    def serve(self, p, b, h, left):
        before = (self.marked, self.stale, self.by)
        self.marked, self.stale, self.by = self.look(p)
        if self.marked is not before[0]:
            self.seen = set()
        self.seen.add(p)
        self.by.update(dict.fromkeys(left, p))
        self.marked = (self.marked - left) | {p}
        super().serve(p, b, h, left)


class Flush(Rule):
    lazy = False

    def options(self, p, b, h):
        if p in self.cache or len(self.cache) < self.k:
            return [set()]
        ones = {v for v in self.cache if self.bit[v] == 1}
        if ones or self.lazy:
            return [{self.oldest(ones or self.cache)}]
        return [set(self.cache)]

    def serve(self, p, b, h, left):
        if left and not any(self.bit[v] for v in self.cache):
            self.bit.update(dict.fromkeys(self.cache, 1))
        super().serve(p, b, h, left)


class LazyFlush(Flush):
    lazy = True


class Mark0(Rule):
    lazy = False

    def __init__(self, k):
        super().__init__(k)
        self.s = set()

    def options(self, p, b, h):
        u, full = self.s & self.cache, len(self.cache) == self.k
        if p not in self.cache and p in self.s and u and (full or not self.lazy):
            return [{v} for v in u]
        if p not in self.cache and full:
            return [{v} for v in u or self.cache]
        return [set()]

    def discards(self, b):
        return b == 1

    def serve(self, p, b, h, left):
        if left and not self.s & self.cache:
            self.s = set(self.cache)
        self.s.discard(p)
        super().serve(p, b, h, left)
        if b == 1:
            self.cache.remove(p)


class LazyMark0(Mark0):
    lazy = True


class FollowBits(Rule):
    def victims(self, p, b, h):
        return {v for v in self.cache if self.bit[v] == 1} or self.cache


class BlindOracle(Rule):
    def victims(self, p, b, h):
        return [self.furthest(self.cache)]


RULES = [
    ("lru", {}, LRU),
    ("fifo", {}, FIFO),
    ("clock", {}, Clock),
    ("flush_when_full", {}, FlushWhenFull),
    ("lfu", {}, LFU),
    ("random_eviction", {}, RandomEviction),
    ("marker", {}, Marker),
    ("flush_when_all_zeros", {}, Flush),
    ("flush_when_all_zeros", {"flush": "lazy"}, LazyFlush),
    ("mark0", {}, Mark0),
    ("mark0", {"fill": "lazy"}, LazyMark0),
    ("mark_and_predict", {}, MarkAndPredict),
    ("mark_and_predict", {"tie": "lru"}, MarkAndPredictLRU),
    ("follow_bits", {}, FollowBits),
    ("blind_oracle", {}, BlindOracle),
    ("l_marker", {}, LMarker),
    ("predictive_marker", {}, PredictiveMarker),
    ("l_non_marker", {}, LNonMarker),
]


def requests(n, n_pages, seed):
    """Pages with locality, bits that are often right, and reuse times with errors and ties."""
    rng = np.random.default_rng(seed)
    pages = np.minimum(rng.geometric(2.5 / n_pages, n) - 1, n_pages - 1)
    moved = (pages + np.arange(n) // 40) % n_pages
    return moved, rng.integers(0, 2, n), np.round(np.arange(n) + rng.exponential(n_pages, n))


@pytest.mark.parametrize(("name", "parameters", "rule"), RULES, ids=[rule.__name__ for *_, rule in RULES])
@pytest.mark.parametrize(("k", "n_pages"), [(1, 4), (2, 3), (3, 11), (4, 9), (6, 4)])
def test_policies_follow_their_rules(paging, name, parameters, rule, k, n_pages):
    policy, slow = POLICIES.load(name)(**parameters), rule(k)
    pages, bits, due = requests(150, n_pages, seed=k)
    environment = paging.Environment(pages, k, bits, due, policy.prediction or "", n_pages=n_pages)
    policy.reset(environment.problem, None)
    rng = np.random.default_rng(7)
    for t, (p, b, h) in enumerate(zip(pages.tolist(), bits.tolist(), due.tolist(), strict=True)):
        request = Request(p, b, h, p in slow.cache, tuple(sorted(slow.cache)), t)
        options = [frozenset(option) for option in slow.options(p, b, h)]
        seen = paging.options(policy, request)
        ways = sum(seen.values())
        assert seen == {(option, slow.discards(b)): ways // len(options) for option in options}, f"at request {t}"
        policy._rng = rng
        action = policy.choose(request)
        slow.serve(p, b, h, set(action.pages))
        assert len(slow.cache) <= k


@pytest.mark.parametrize(("name", "parameters", "rule"), RULES, ids=[rule.__name__ for *_, rule in RULES])
def test_choices_from_a_larger_cache(paging, name, parameters, rule):
    k, n_pages = 19, 60
    policy, slow = POLICIES.load(name)(**parameters), rule(k)
    pages, bits, due = requests(700, n_pages, seed=1)
    environment = paging.Environment(pages, k, bits, due, policy.prediction or "", stepwise=True)
    policy.reset(environment.problem, np.random.default_rng(7))
    for p, b, h in zip(pages.tolist(), bits.tolist(), due.tolist(), strict=True):
        action = policy.choose(environment.observe())
        assert set(action.pages) in slow.options(p, b, h)
        assert action.discard == slow.discards(b)
        slow.serve(p, b, h, set(action.pages))
        environment.transition(action)
        assert environment.cache == slow.cache


def layers_and_cache(pages, k, priority):
    """Faults of OnlineMin and of the optimum, from the layers written as sets."""
    layers, cache, faults, opt = [], set(), [], []
    for p in pages:
        i = next((i for i, layer in enumerate(layers) if p in layer), None)
        opt.append(i is None)
        if len(layers) < k:
            layers = [layer for layer in layers if p not in layer]
        elif i is None:
            layers = [*layers[:-2], layers[-2] | layers[-1]] if k > 1 else []
        elif i == 0:
            layers = layers[1:]
        else:
            layers = [*layers[: i - 1], (layers[i - 1] | layers[i]) - {p}, *layers[i + 1 :]]
        layers = [*layers, {p}]
        faults.append(p not in cache)
        best = set()
        for j, layer in enumerate(layers, 1):
            best = set(sorted(best | layer, key=priority.get)[-j:])
        assert p in best
        assert len(cache - best) <= 1, "more than one page changes"
        cache = best
    return faults, opt


@pytest.mark.parametrize(("k", "n_pages"), [(1, 3), (2, 4), (3, 4), (4, 12), (9, 30), (5, 5)])
def test_online_min_holds_the_optimal_cache_of_highest_priority(paging, k, n_pages):
    for seed in range(8):
        pages, *_ = requests(200, n_pages, seed)
        uniforms = np.random.default_rng(seed).random(200)
        priority = {}
        for p, u in zip(pages.tolist(), uniforms, strict=True):
            priority.setdefault(p, u)
        faults, opt = layers_and_cache(pages.tolist(), k, priority)
        assert opt == paging.lfd(pages.tolist(), k)[0]
        policy = POLICIES.load("online_min")()
        assert paging.faults(policy, pages, k, seed=seed, n_pages=n_pages).tolist() == faults


def followed(policy, members, current, pages, k):
    """The lazy cache written with sets: faults, given the caches of the members after each request."""
    real, last, faults = set(), {}, []
    for t, p in enumerate(pages):
        faults.append(p not in real)
        if p not in real and len(real) == k:
            real.remove(min(real - members[current[t]][t], key=last.get))
        real.add(p)
        last[p] = t
    return faults


def caches(paging, policy, environment, rng):
    """(cache after each request, fault of each request) of a policy that plays by itself, request by request."""
    policy.reset(environment.problem, rng)
    after = []
    while environment.clock < len(environment.pages):
        request = environment.observe()
        environment.transition(policy.choose(request))
        after.append(set(environment.cache))
    return after, [int(f) for f in environment.history]


def alone(paging, specs, streams, pages, bits, due, k, kind):
    members, costs = [], []
    for (name, parameters), stream in zip(specs, streams, strict=True):
        environment = paging.Environment(pages, k, bits, due, kind, n_pages=20, stepwise=True)
        after, faults = caches(paging, POLICIES.load(name)(**parameters), environment, stream)
        members.append(after)
        costs.append(faults)
    return members, np.array(costs)


@pytest.mark.parametrize("inner", [("mark0", {}), ("flush_when_all_zeros", {}), ("lfu", {}), ("marker", {})])
@pytest.mark.parametrize("k", [1, 3, 6])
def test_the_lazy_wrapper(paging, inner, k):
    pages, bits, due = requests(400, 20, seed=k)
    policy = POLICIES.load("lazy")({"name": inner[0], "parameters": inner[1]})
    faults = paging.faults(policy, pages, k, bits, due, "discard", seed=3, n_pages=20)
    members, costs = alone(paging, [inner], np.random.default_rng(3).spawn(1), pages, bits, due, k, "discard")
    assert faults.tolist() == followed(policy, members, [0] * 400, pages.tolist(), k)
    assert policy.costs.tolist() == [costs.sum()]
    assert np.all(np.cumsum(faults) <= np.cumsum(costs))


@pytest.mark.parametrize("k", [1, 3, 6])
def test_the_deterministic_combination(paging, k):
    pages, bits, due = requests(600, 20, seed=k)
    specs = [("lfu", {}), ("marker", {}), ("blind_oracle", {})]
    policy = POLICIES.load("combine_deterministic")(["lfu", "marker", "blind_oracle"], gamma=0.3)
    faults = paging.faults(policy, pages, k, bits, due, "reuse", seed=5, n_pages=20)
    members, costs = alone(paging, specs, np.random.default_rng(5).spawn(3), pages, bits, due, k, "reuse")
    current, turn, bound = [], 0, 1.0
    for total in np.cumsum(costs, axis=1).T:
        while total[turn] > bound:
            turn, bound = (turn + 1) % 3, bound * (1 + 0.3 / 2)
        current.append(turn)
    assert len(set(current)) == 3
    assert faults.tolist() == followed(policy, members, current, pages.tolist(), k)


@pytest.mark.parametrize("k", [1, 3, 6])
def test_the_randomised_combination(paging, k):
    pages, bits, due = requests(600, 20, seed=k)
    policy = POLICIES.load("robust_ftp")(epsilon=0.7)
    faults = paging.faults(policy, pages, k, bits, due, "reuse", seed=11, n_pages=20)
    rng = np.random.default_rng(11)
    specs = [("marker", {}), ("blind_oracle", {})]
    members, costs = alone(paging, specs, rng.spawn(2), pages, bits, due, k, "reuse")
    turn = int(rng.random() >= 0.5)
    current, weights = [], np.ones(2)
    for loss, uniform in zip(costs.T, rng.random(600), strict=True):
        old = weights / weights.sum()
        weights = weights * (1 - 0.7 / 2) ** loss
        new = weights / weights.sum()
        if new[turn] < old[turn] and uniform < (old[turn] - new[turn]) / old[turn]:
            turn = 1 - turn
        current.append(turn)
    assert k == 1 or len(set(current)) == 2
    assert faults.tolist() == followed(policy, members, current, pages.tolist(), k)
    assert policy.costs.tolist() == costs.sum(axis=1).tolist()
    assert math.isclose(weights[0] / weights[1], (1 - 0.7 / 2) ** float(np.subtract(*costs.sum(axis=1))))

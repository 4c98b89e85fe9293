"""Contextual follow the perturbed leader: enumeration, a plain reference, the parts of the bound, the contract."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.groupwise.blum_lykouris import BlumLykouris
from bandits.groupwise.blum_lykouris_mult import BlumLykourisMult
from bandits.groupwise.contextual_ftpl import ContextualFTPL
from bandits.groupwise.exp_pairs import ExpPairs
from bandits.groupwise.groupwise_hedge import GroupwiseHedge
from bandits.groupwise.policy_class import PolicyClass
from bandits.groupwise.problem import ExpertsProblem, PolicyClassProblem, Round
from bandits.groupwise.theory import GroupwiseInstance
from environments.groupwise.contexts import GroupedContexts, disjunctions


def brute_force(table, costs):
    """The first policy of least total cost."""
    return min(range(len(table)), key=lambda f: sum(costs[x][a] for x, a in enumerate(table[f])))


def tables(rng, most=8):
    n_policies, n_contexts, K = (int(n) for n in rng.integers([2, 1, 1], [most, 6, 4]))
    return rng.integers(K, size=(n_policies, n_contexts)).tolist(), K


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=60)
def test_the_oracle_against_enumeration(seed):
    """With costs of either sign; whole numbers make ties."""
    rng = np.random.default_rng(seed)
    table, K = tables(rng)
    costs = rng.integers(-3, 4, size=(4, len(table[0]), K)).astype(float)
    assert PolicyClass(table).minimise(costs).tolist() == [brute_force(table, c) for c in costs]


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=100)
def test_separators_against_all_pairs(seed):
    rng = np.random.default_rng(seed)
    table, _ = tables(rng, most=5)
    contexts = [int(x) for x in np.flatnonzero(rng.random(len(table[0])) < 0.7)]
    alike = [(f, g) for f, g in combinations(range(len(table)), 2) if all(table[f][x] == table[g][x] for x in contexts)]
    if not alike:
        assert PolicyClass(table).check_separator(contexts).tolist() == contexts
        return
    with pytest.raises(ValueError, match="agree on all of") as error:
        PolicyClass(table).check_separator(contexts)
    assert any(f"policies {f} and {g} agree" in str(error.value) for f, g in alike)


def test_the_separator_of_disjunctions():
    """The contexts with a single feature tell all disjunctions apart, and none of them can be spared."""
    policies = PolicyClass(disjunctions(4))
    assert policies.check_separator([1, 2, 4, 8]).tolist() == [1, 2, 4, 8]
    with pytest.raises(ValueError, match=r"policies 0 and 4 agree on all of \[1, 2, 8\]: add context 4"):
        policies.check_separator([1, 2, 8])
    with pytest.raises(ValueError, match=r"separator\[1\] must be .* got 16"):
        policies.check_separator([1, 16])
    with pytest.raises(ValueError, match=r"no context twice, got \[1, 1\]"):
        policies.check_separator([1, 1])
    with pytest.raises(ValueError, match=r"policies 0 and 2 agree on all of \[0, 1\]: they are the same policy"):
        PolicyClass([[0, 1], [1, 1], [0, 1]]).check_separator([0, 1])


def phi(r, c):
    return math.exp(max(r, 0.0) ** 2 / (3.0 * c))


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("separator", [None, [2, 1, 4]])
def test_against_a_plain_loop(fixed, separator):
    """The same draws, the leader by enumeration, AdaNormalHedge as it is written down."""
    environment = GroupedContexts(3, horizon=120)
    tape = environment.draw(np.random.default_rng(2))
    L, K, table = 6, 2, disjunctions(3)
    lengths = [60, 35, 25, 50, 70, 120] if fixed else None
    policy = ContextualFTPL(separator, lengths=lengths)
    policy.reset(environment.problem, np.random.default_rng(3))
    rng, S = np.random.default_rng(3), [range(8), separator][separator is not None]
    M = 2 * math.sqrt(len(S) * math.log(8)) + math.log(8)
    w = 1 if separator is None else 3
    C, n, R, A = np.zeros((L, 8, K)), np.zeros(L), np.zeros(L), np.zeros(L)
    environment.begin(tape)
    for a, x, cost in zip(tape.groups, tape.contexts, tape.costs, strict=True):
        observation = environment.observe()
        action = policy.choose(observation)
        z = rng.laplace(size=(L, len(S), K))
        rng.random()
        on, played = np.flatnonzero(a), np.zeros(L, dtype=int)
        for g in on:
            eps = math.sqrt(M / (w * (lengths[g] if fixed else n[g] + 1)))
            perturbed = C[g].copy()
            for i, s in enumerate(S):
                perturbed[s] += z[g, i] / eps
            played[g] = table[brute_force(table, perturbed)][x]
        weights = np.array([phi(R[g] + 1, A[g] + 1) - phi(R[g] - 1, A[g] + 1) for g in on])
        p = weights / weights.sum() if weights.sum() > 0 else np.full(len(on), 1 / len(on))
        q = [p[played[on] == k].sum() for k in range(K)]
        assert action == pytest.approx(q, abs=1e-9)
        _, feedback = environment.transition(action)
        r = p @ cost[played[on]] - cost[played[on]]
        R[on] += r
        A[on] += np.abs(r)
        C[on, x] += cost
        n[on] += 1
        policy.update(observation, action, feedback)
    assert policy.oracle_calls == tape.groups.sum()


class Silent:
    """A generator without noise."""

    def laplace(self, size):
        return np.zeros(size)

    def random(self):
        return 0.5


def test_without_noise_it_follows_the_leader():
    environment = GroupedContexts(3, horizon=150)
    tape, table = environment.draw(np.random.default_rng(5)), disjunctions(3)
    policy = ContextualFTPL([1, 2, 4], expert_groups=["young"])
    policy.reset(environment.problem, Silent())
    environment.begin(tape)
    sums, young = np.zeros((8, 2)), environment.problem.groups.index("young")
    for t in range(150):
        observation = environment.observe()
        q = policy.choose(observation)
        if tape.groups[t, young]:
            assert q.tolist() == np.eye(2)[table[brute_force(table, sums)][tape.contexts[t]]].tolist()
            sums[tape.contexts[t]] += tape.costs[t]
        else:
            assert q.tolist() == [0.5, 0.5]
        policy.update(observation, q, environment.transition(q)[1])


def classes():
    """Classes with separators: disjunctions, and maps to three actions."""
    rng = np.random.default_rng(8)
    return [(disjunctions(3), [1, 2, 4], 2), (np.unique(rng.integers(3, size=(30, 5)), axis=0).tolist(), range(5), 3)]


@pytest.mark.parametrize(("table", "separator", "K"), classes())
@pytest.mark.parametrize("eps", [0.05, 0.4])
def test_the_next_leader_is_mostly_the_same(table, separator, K, eps):
    """The first part of the bound: any costs of a round change the leader with probability at most s eps, and its
    action in a context of the separator with probability at most eps."""
    rng, s, draws = np.random.default_rng(1), len(separator), 4000
    policies = PolicyClass(table)
    past = np.zeros((len(table[0]), K))
    past[:, 0] = 0.5 / eps * rng.random(len(past))  # leaders are close: a round matters
    z = rng.laplace(size=(draws, s, K)) / eps
    costs = np.repeat(past[None], draws, axis=0)
    costs[:, list(separator)] += z
    before = policies.minimise(costs)
    for x in range(len(past)):
        for k in range(K):
            costs[:, x] += np.arange(K) == k
            after = policies.minimise(costs)
            costs[:, x] -= np.arange(K) == k
            changed = before != after
            limit = s * eps
            assert changed.mean() <= limit + 4 * math.sqrt(limit / draws)
            if x in separator:
                acts = policies.table[before, x] != policies.table[after, x]
                assert acts.mean() <= eps + 4 * math.sqrt(eps / draws)


@pytest.mark.parametrize(("table", "separator", "K"), classes())
def test_the_largest_hallucinated_cost(table, separator, K):
    """The second part of the bound: the expected maximum over policies is at most M, and not far below."""
    rng, s, N = np.random.default_rng(2), len(separator), len(table)
    z = rng.laplace(size=(4000, s, K))
    at = np.array(table)[:, list(separator)]
    largest = z[:, np.arange(s), at].sum(axis=2).max(axis=1)
    M = 2 * math.sqrt(s * math.log(N)) + math.log(N)
    assert 0.2 * M < largest.mean() <= M + 4 * largest.std() / math.sqrt(4000)


def only(table, K, separator, horizon, **more):
    """A learner for the one group of all rounds, ready to play."""
    policy = ContextualFTPL(separator, **more)
    classed = tuple(map(tuple, table))
    problem = PolicyClassProblem(
        n_actions=K, horizon=horizon, groups=("always_on",), low=-1.0, high=0.0, policies=classed
    )
    policy.reset(problem, np.random.default_rng(0))
    return policy, problem


class Everything(GroupwiseInstance):
    """A single group of all rounds."""

    def sizes(self, group, times):
        return times

    def best(self, group, times):
        raise AssertionError("no bound asks for it")


def limit(table, K, separator, n, **more):
    policy, problem = only(table, K, separator, n, **more)
    (bound,) = policy.regret_bounds(problem, Everything(groups=("always_on",), oblivious=True))
    assert bound.kind == "upper"
    assert bound.holds
    return bound.curve(np.array([float(n)]))[0]


def test_bounds_in_numbers():
    """s = 5, N = 32: M = 2 sqrt(5 ln 32) + ln 32 = 11.791281; all 32 contexts: M = 24.527887."""
    assert limit(disjunctions(5), 2, [1, 2, 4, 8, 16], 100) == pytest.approx(30 * math.sqrt(5 * 11.791281), rel=1e-6)
    assert limit(disjunctions(5), 2, None, 100) == pytest.approx(30 * math.sqrt(24.527887), rel=1e-6)
    fixed = limit(disjunctions(5), 2, [1, 2, 4, 8, 16], 100, lengths=[100])
    assert fixed == pytest.approx(20 * math.sqrt(5 * 11.791281), rel=1e-6)


@pytest.mark.parametrize("features", [2, 3, 4, 5, 6])
def test_bounds_are_of_the_published_order(features):
    table, N = disjunctions(features), 2**features
    units = [2**i for i in range(features)]
    for n in (1, 400):
        order = math.sqrt(n * math.log(N))
        assert limit(table, 2, units, n) <= 3 * math.sqrt(3) * features**0.75 * order
        assert limit(table, 2, None, n) <= 3 * math.sqrt(3) * N**0.25 * order


@pytest.mark.parametrize(("separator", "lengths"), [([0], None), ([0], [2000]), (None, None)])
def test_costs_that_mislead_the_leader(separator, lengths):
    """Two actions that cost in turns: the leader is always wrong, the perturbed leader keeps to its bound."""
    table, n = [[0, 1], [1, 1]], 2000
    costs = np.array([[0.5, 0.0]] + [[0.0, 1.0], [1.0, 0.0]] * (n // 2))[:n]
    best = costs.sum(axis=0).min()
    observation = Round(np.zeros(1), np.ones(1, np.int8))
    regrets = []
    for seed in (None, 0, 1, 2, 3):
        policy, problem = only(table, 2, separator, n, lengths=lengths)
        policy.reset(problem, Silent() if seed is None else np.random.default_rng(seed))
        total = 0.0
        for cost in costs:
            q = policy.choose(observation)
            total += q @ cost
            policy.update(observation, q, -cost)
        regrets.append(total - best)
    assert regrets[0] > 0.4 * n
    assert np.mean(regrets[1:]) <= limit(table, 2, separator, n, lengths=lengths)


def test_every_group_is_better_off_than_under_uniform_play_and_under_one_leader():
    """The latter in a group whose target differs from most others': there one leader's regret is linear."""
    environment = GroupedContexts(5, horizon=12_000, instance_seed=1)
    tape, lost = environment.draw(np.random.default_rng(4)), {}
    for name, groups in (("all", None), ("one", ["always_on"])):
        policy = ContextualFTPL([1, 2, 4, 8, 16], expert_groups=groups)
        environment.begin(tape)
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 12_000)
        series = environment.metrics(np.array([12_000]))
        lost[name] = {g: -series[f"reward in {g}"][0] for g in environment.problem.groups}
    for i, g in enumerate(environment.problem.groups):
        assert lost["all"][g] < 0.9 * tape.costs[tape.groups[:, i] == 1].mean(axis=1).sum(), g
    best = -environment.comparators(np.array([12_000]))["best in south"][0]
    assert lost["all"]["south"] - best < 0.6 * (lost["one"]["south"] - best)


@pytest.mark.parametrize("make", [GroupwiseHedge, BlumLykouris, BlumLykourisMult, lambda: ExpPairs()])
def test_policies_of_a_finite_class_enumerate_the_policies(make):
    """On the losses of all policies, given outright, they play the same: a distribution over the policies' actions."""
    environment = GroupedContexts(3, horizon=80)
    tape, table, groups = (
        environment.draw(np.random.default_rng(1)),
        np.array(disjunctions(3)),
        environment.problem.groups,
    )
    ours, plain = make(), make()
    ours.reset(environment.problem, np.random.default_rng(0))
    experts = ExpertsProblem(n_actions=8, horizon=80, groups=groups, low=-1.0, high=0.0)
    plain.reset(experts, np.random.default_rng(0))
    environment.begin(tape)
    for a, x, cost in zip(tape.groups, tape.contexts, tape.costs, strict=True):
        observation = environment.observe()
        q, over = ours.choose(observation), plain.choose(Round(np.empty(0), a))
        assert q == pytest.approx([over[table[:, x] == k].sum() for k in range(2)], abs=1e-12)
        ours.update(observation, q, environment.transition(q)[1])
        plain.update(Round(np.empty(0), a), over, -cost[table[:, x]])
    for one, other in zip(
        ours.regret_bounds(environment.problem, environment.instance()),
        plain.regret_bounds(experts, environment.instance()),
        strict=True,
    ):
        assert one.curve(np.array([50.0])) == pytest.approx(other.curve(np.array([50.0])), rel=1e-12)


def test_sampling_follows_the_lottery():
    """Three learners of equal weight, each a leader without doubt: two for action 1, one for action 0."""
    groups = ("a", "b", "c")
    problem = PolicyClassProblem(n_actions=2, groups=groups, low=-1.0, high=0.0, policies=((0,), (1,)))
    policy, draws = ContextualFTPL(play="sample"), 3000
    policy.reset(problem, np.random.default_rng(9))
    policy._sums[:, 0] = [[1e6, 0], [1e6, 0], [0, 1e6]]
    observation = Round(np.zeros(1), np.ones(3, np.int8))
    ones = sum(policy.choose(observation) for _ in range(draws))
    assert abs(ones / draws - 2 / 3) <= 4 * math.sqrt(2 / 9 / draws)


def test_use_is_checked():
    with pytest.raises(ValueError, match="have no average, got 'mixture'"):
        ContextualFTPL(play="mixture")
    with pytest.raises(ValueError, match="play must be"):
        ContextualFTPL(play="always")
    with pytest.raises(ValueError, match=r"separator\[1\] must be a whole number >= 0, got -1"):
        ContextualFTPL([0, -1])
    problem = PolicyClassProblem(n_actions=2, groups=("a",), low=-1.0, high=0.0, policies=((0, 0), (0, 1)))
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"policies 0 and 1 agree on all of \[0\]: add context 1"):
        ContextualFTPL([0]).reset(problem, rng)
    with pytest.raises(ValueError, match="lengths must hold 1 numbers"):
        ContextualFTPL(lengths=[3, 4]).reset(problem, rng)
    with pytest.raises(ValueError, match=r"at least two policies, got \(\(0, 1\),\)"):
        ContextualFTPL().reset(PolicyClassProblem(n_actions=2, groups=("a",), policies=((0, 1),)), rng)
    for policies in ((), ((),), ((0, 1), (1,))):
        with pytest.raises(ValueError, match="policies must give an action for each context"):
            PolicyClassProblem(n_actions=2, groups=("a",), policies=policies)
    with pytest.raises(ValueError, match=r"an action must be a whole number in 0\.\.1, got 2"):
        PolicyClassProblem(n_actions=2, groups=("a",), policies=((0, 2),))
    with pytest.raises(ValueError, match=r"policies\[1\]\[0\] must be a whole number >= 0, got -2"):
        PolicyClass([[0], [-2]])
    with pytest.raises(ValueError, match="policy 0 does for 2, got 1 from policy 1"):
        PolicyClass([[0, 1], [1]])
    policy, observation = ContextualFTPL([1]), Round(np.zeros(1), np.ones(1, np.int8))
    policy.reset(problem, rng)
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose"):
        policy.update(observation, 0, np.zeros(2))
    policy.choose(observation)
    for feedback in (np.array([0.0, np.nan]), np.zeros(3), np.float64(0.0)):
        with pytest.raises(ValueError, match="feedback must be 2 finite rewards"):
            policy.update(observation, 0, feedback)
    for context in (np.array([2.0]), np.array([-1.0]), np.array([0.5]), np.array([np.nan]), np.zeros(2), np.zeros(0)):
        with pytest.raises(ValueError, match=r"the context must be \[a whole number in 0\.\.1\]"):
            policy.choose(Round(context, np.ones(1, np.int8)))

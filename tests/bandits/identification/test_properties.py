"""What must hold in every run: shifts and scales of rewards, tracking, shares of samples, a game solved twice."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bandits.identification.frank_wolfe import FrankWolfe, solve
from bandits.identification.identify import Identify
from bandits.identification.lucb import LUCB
from bandits.identification.problem import IdentificationProblem, Sample, Stop
from bandits.identification.successive_rejects import phases
from bandits.identification.top_two import TopTwo, log_improvement
from bandits.identification.track_and_stop import TrackAndStop
from bandits.kernels import kernel
from bandits.registry import POLICIES
from environments.identification.environment import Identification

CONFIDENT = [
    ("uniform_sampling", {}),
    ("action_elimination", {}),
    ("racing", {}),
    ("racing", {"threshold": "heuristic"}),
    ("lucb", {}),
    ("ugape", {}),
    ("lil_ucb", {"constants": "heuristic"}),
    ("track_and_stop", {}),
    ("track_and_stop", {"tracking": "C", "threshold": "kk"}),
    *(("top_two", {"rule": rule}) for rule in ("t3c", "ttts", "ttei", "eb_tc", "tt_ucb")),
]


def sampled(name, parameters, problem, rewards, seed=0):
    """The arms that a policy samples, given the rewards [n_arms, n] of each arm in turn, and its answer."""
    policy = POLICIES.build({"name": name, "parameters": parameters}, "policy")
    policy.reset(problem, np.random.default_rng(seed))
    counts, arms = [0] * problem.n_actions, []
    while True:
        decision = policy.choose(None)
        if isinstance(decision, Stop) or len(arms) == problem.budget:
            return arms, decision.answer
        arm = decision.arm
        policy.update(None, decision, float(rewards[arm, counts[arm]]))
        counts[arm] += 1
        arms.append(arm)


def rewards_of(seed, means, n=400):
    return np.random.default_rng(seed).normal(np.array(means)[:, None], 1.0, (len(means), n))


@pytest.mark.parametrize(("name", "parameters"), CONFIDENT)
@pytest.mark.parametrize("factor", [0.25, 8.0])
def test_scale(name, parameters, factor):
    """Rewards and sigma times a power of 2: the same run, bit for bit."""
    rewards = rewards_of(1, [1.0, 0.4, 0.2])
    one = IdentificationProblem(n_actions=3, delta=0.1, budget=300)
    other = IdentificationProblem(n_actions=3, delta=0.1, budget=300, sigma=factor)
    assert sampled(name, parameters, one, rewards) == sampled(name, parameters, other, factor * rewards)


@pytest.mark.parametrize(("name", "parameters"), CONFIDENT)
def test_location(name, parameters):
    """A constant is added to all rewards, exactly: the same run, but for rounding of sums."""
    rewards = np.round(rewards_of(2, [1.0, 0.4, 0.2]) * 2**20) / 2**20
    problem = IdentificationProblem(n_actions=3, delta=0.1, budget=200)
    first, answer = sampled(name, parameters, problem, rewards)
    second, other = sampled(name, parameters, problem, rewards + 8.0)
    assert answer == other
    assert sum(a != b for a, b in zip(first, second, strict=False)) <= 2
    assert abs(len(first) - len(second)) <= 2


@pytest.mark.parametrize("rule", ["t3c", "ttts", "ttei", "eb_tc", "tt_ucb"])
def test_sampling_of_top_two_does_not_depend_on_delta(rule):
    rewards = rewards_of(3, [1.0, 0.4, 0.2], 1500)
    found = [
        sampled("top_two", {"rule": rule}, IdentificationProblem(n_actions=3, delta=delta, budget=1400), rewards)[0]
        for delta in (0.2, 0.01)
    ]
    assert found[1][: len(found[0])] == found[0]
    assert len(found[0]) < len(found[1])


def test_tracking():
    for tracking in "DC":
        policy = TrackAndStop(tracking, "heuristic")
        policy.reset(IdentificationProblem(n_actions=5, delta=1e-12, budget=3000), np.random.default_rng(0))
        rng, means = np.random.default_rng(4), [0.5, 0.4, 0.4, 0.2, 0.0]
        for t in range(1, 1500):
            decision = policy.choose(None)
            policy.update(None, decision, rng.normal(means[decision.arm]))
            counts = policy._counts
            if tracking == "D":
                assert counts.min() >= math.sqrt(t) - 5 / 2 - 1
            elif t >= 5:
                assert np.abs(counts - policy._owed).max() <= 5
                assert policy._owed.sum() == pytest.approx(t, abs=1e-6)


def test_shares_of_frank_wolfe():
    policy = FrankWolfe()
    policy.reset(IdentificationProblem(n_actions=4, delta=1e-9, budget=5000), np.random.default_rng(0))
    rng, means = np.random.default_rng(5), [1.0, 0.6, 0.4, 0.0]
    for t in range(1, 4000):
        decision = policy.choose(None)
        if isinstance(decision, Stop):
            break
        policy.update(None, decision, rng.normal(means[decision.arm]))
        assert policy._x.sum() == pytest.approx(1.0, abs=1e-9)
        assert policy._x.min() >= 0.05 / math.sqrt(t)
    best = Identification("g4", delta=0.1).instance().weights
    assert policy._counts / policy._counts.sum() == pytest.approx(best, abs=0.08)


def test_frank_wolfe_stops_as_soon_as_track_and_stop():
    """Means of 200 runs of four arms, within four standard errors of the oracle of track-and-stop and 15 per cent."""
    environment, times = Identification("g4", delta=0.1, horizon=10**5 + 1), []
    policy = FrankWolfe()
    for i in range(200):
        environment.begin(environment.draw(np.random.default_rng(i)))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, environment.problem.horizon)
        metrics = environment.metrics(np.array([environment.problem.horizon]))
        times.append(-metrics["samples"][0])
        assert metrics["stopped"][0] == 1.0
    assert np.mean(times) == pytest.approx(492.7, abs=4.0 * 245 / math.sqrt(200) + 0.15 * 492.7)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 6), st.integers(1, 5), st.integers(0, 10**6))
def test_games(n_rows, n_columns, seed):
    """The best worst column of a matrix game, by the simplex method and by another solver."""
    n_columns = min(n_columns, n_rows)
    game = np.round(np.random.default_rng(seed).normal(size=(n_rows, n_columns)), 1)
    z = np.empty(n_rows)
    solve(np.ascontiguousarray(game), np.empty((n_rows + 1, 2 * n_rows + 1)), np.empty(n_rows, dtype=np.int64), z)
    assert (z >= 0.0).all()
    assert z.sum() == pytest.approx(1.0)
    other = linprog(
        np.append(np.zeros(n_rows), -1.0),
        A_ub=np.hstack([-game.T, np.ones((n_columns, 1))]),
        b_ub=np.zeros(n_columns),
        A_eq=[np.append(np.ones(n_rows), 0.0)],
        b_eq=[1.0],
        bounds=[(0, None)] * n_rows + [(None, None)],
    )
    assert (z @ game).min() == pytest.approx(-other.fun, abs=1e-9)


@kernel
def improvement(deviation: float, gain: float) -> float:
    return log_improvement(deviation, gain)


def test_expected_improvements():
    from scipy.special import log_ndtr
    from scipy.stats import norm

    for gain in (2.0, 0.0, -1.0, -5.0, -20.0, -29.9):
        exact = (
            math.log(0.5) + math.log(gain / 0.5 * norm.cdf(gain / 0.5) + norm.pdf(gain / 0.5)) if gain > -5 else None
        )
        if exact is not None:
            assert improvement(0.5, gain) == pytest.approx(exact, rel=1e-9)
    far = np.array([improvement(1.0, -x) for x in np.linspace(20.0, 400.0, 200)])
    assert np.isfinite(far).all()
    assert (np.diff(far) < 0.0).all()
    assert improvement(1.0, -30.5) == pytest.approx(log_ndtr(-30.5) - math.log(30.5), rel=1e-3)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 40), st.integers(0, 3000))
def test_successive_rejects_stay_within_the_budget(n_arms, more):
    budget = n_arms + more
    lengths = phases(n_arms, budget)
    assert list(lengths) == sorted(lengths)
    assert sum(lengths) + lengths[-1] <= budget
    assert (lengths[0] >= 1) == (more >= 1)


def test_all_but_one_is_one_of_the_negated():
    """LUCB for the K - 1 best arms stops when it does for the best one of the negated rewards."""
    rewards = rewards_of(6, [1.0, 0.8, 0.0], 1500)
    top = IdentificationProblem(n_actions=3, delta=0.1, budget=1400, question="top", m=2)
    arms, answer = sampled("lucb", {}, top, rewards)
    best, worst = sampled("lucb", {}, IdentificationProblem(n_actions=3, delta=0.1, budget=1400), -rewards)
    assert answer == {0, 1, 2} - {worst}
    assert len(arms) == len(best)


def test_a_policy_for_reward_is_asked():
    problem = IdentificationProblem(n_actions=3, budget=50, family="bernoulli")
    policy = Identify("ucb1", answer="most_pulled")
    policy.reset(problem, np.random.default_rng(0))
    assert policy.choose(None) == Sample(0, None)
    rng = np.random.default_rng(7)
    for _ in range(50):
        decision = policy.choose(None)
        policy.update(None, decision, float(rng.random() < (0.2, 0.9, 0.3)[decision.arm]))
    assert policy.choose(None) == Stop(int(np.argmax(policy._counts)))
    with pytest.raises(ValueError, match="policy"):
        Identify("hedge").reset(problem, np.random.default_rng(0))
    with pytest.raises(ValueError, match="rewards are unbounded"):
        Identify("ucb1").reset(
            IdentificationProblem(n_actions=3, budget=50, family="poisson"), np.random.default_rng(0)
        )


def test_refused_input_changes_nothing():
    import pickle

    policy = LUCB()
    policy.reset(IdentificationProblem(n_actions=3, delta=0.1, budget=100), np.random.default_rng(0))
    policy.update(None, policy.choose(None), 0.5)
    decision, before = policy.choose(None), pickle.dumps(policy)
    for action, feedback in (
        (decision, math.nan),
        (decision, "much"),
        (Sample(3, None), 0.5),
        (Sample(-1, None), 0.5),
        (Stop(0), 0.5),
        (0, 0.5),
    ):
        with pytest.raises(ValueError, match="must be"):
            policy.update(None, action, feedback)
        assert pickle.dumps(policy) == before
    policy.update(None, decision, np.array([0.5]))
    assert policy._taken == 2


def test_rewards_beyond_the_cap_are_refused():
    """Where it is not sure yet, it still names an arm there; nothing is to be drawn for it."""
    policy = TrackAndStop()
    policy.reset(IdentificationProblem(n_actions=2, delta=1e-6, budget=5), np.random.default_rng(0))
    for reward in (0.1, 0.2, 0.1, 0.2, 0.1):
        policy.update(None, policy.choose(None), reward)
    verdict = policy.choose(None)
    assert verdict == policy.choose(None)
    assert isinstance(verdict, Sample)
    with pytest.raises(RuntimeError, match="not owed: the budget of 5 samples is used up"):
        policy.update(None, verdict, 0.1)
    policy.update(None, verdict, None)


def test_a_question_that_it_does_not_answer():
    problem = IdentificationProblem(n_actions=3, delta=0.1, budget=100, question="above", threshold=0.0)
    with pytest.raises(ValueError, match="question must be best, which is what TrackAndStop answers, got above"):
        TrackAndStop().reset(problem, np.random.default_rng(0))
    with pytest.raises(ValueError, match="question must be best or top, which is what LUCB answers, got above"):
        LUCB().reset(problem, np.random.default_rng(0))


def test_a_top_two_of_bernoulli_arms_samples_beta_posteriors():
    """With two arms the leader of t3c is arm 0 as often as its posterior draw is the larger one."""
    policy, leads = TopTwo(beta=0.999999), 0
    problem = IdentificationProblem(n_actions=2, delta=0.01, budget=100, family="bernoulli")
    for seed in range(2000):
        policy.reset(problem, np.random.default_rng(seed))
        for arm, reward in ((0, 1.0), (1, 0.0), (0, 0.0), (1, 1.0), (0, 1.0)):
            policy.update(None, Sample(arm, None), reward)
        leads += policy.choose(None).arm == 0
    grid = np.random.default_rng(8)
    share = np.mean(grid.beta(3.0, 2.0, 10**6) > grid.beta(2.0, 2.0, 10**6))
    assert leads / 2000 == pytest.approx(share, abs=4.0 * math.sqrt(0.25 / 2000))


def direction(means, x, t):
    """The direction of Frank-Wolfe, slowly: gradients by hand, the game by another solver; None where it is uniform."""
    n, b = len(means), int(np.argmax(means))
    if math.isqrt(t // n) ** 2 == t // n:
        return None
    rates, gradients = {}, {}
    for j in range(n):
        if j != b:
            m = (x[b] * means[b] + x[j] * means[j]) / (x[b] + x[j])
            gradients[j] = np.zeros(n)
            gradients[j][[b, j]] = (means[b] - m) ** 2 / 2.0, (means[j] - m) ** 2 / 2.0
            rates[j] = float(gradients[j] @ x)
    near = [j for j in rates if rates[j] < min(rates.values()) + t**-0.9 / n]
    game = np.array([gradients[j] - rates[j] for j in near])
    found = linprog(
        np.append(np.zeros(n), -1.0),
        A_ub=np.hstack([-game, np.ones((len(near), 1))]),
        b_ub=np.zeros(len(near)),
        A_eq=[np.append(np.ones(n), 0.0)],
        b_eq=[1.0],
        bounds=[(0, None)] * n + [(None, None)],
    )
    return game, -found.fun, len(near)


def test_frank_wolfe_takes_the_best_direction():
    """Its direction is worth what another solver finds, and the arm is the one that the shares then want most."""
    policy, columns = FrankWolfe(), set()
    policy.reset(IdentificationProblem(n_actions=4, delta=1e-9, budget=500), np.random.default_rng(0))
    rng, means = np.random.default_rng(9), [1.0, 0.9, 0.85, 0.0]
    for t in range(400):
        before = policy._x.copy()
        decision = policy.choose(None)
        if t >= 4:
            z, found = policy._z, direction(policy._sums / policy._counts, before, t)
            if found is None:
                assert z.tolist() == [0.25] * 4
            else:
                game, value, n_near = found
                columns.add(n_near)
                assert (game @ z).min() == pytest.approx(value, abs=1e-10)
            moved = before + (z - before) / t
            assert decision.arm == int(np.argmax(moved / policy._counts))
        policy.update(None, decision, rng.normal(means[decision.arm]))
    assert {1, 2} <= columns


@pytest.mark.parametrize(
    ("name", "parameters"), [c for c in CONFIDENT if c[0] != "top_two" or c[1]["rule"] == "tt_ucb"]
)
def test_arms_by_other_names_play_the_same_run(name, parameters):
    """But for the first samples, which are in order, and for ties, the run is the same by other names."""
    rewards, order = rewards_of(10, [1.0, 0.3, 0.1, 0.6]), np.array([2, 0, 3, 1])
    problem = IdentificationProblem(n_actions=4, delta=0.1, budget=350)
    first, answer = sampled(name, parameters, problem, rewards)
    second, other = sampled(name, parameters, problem, rewards[order])
    assert order[other] == answer
    if name in ("lucb", "lil_ucb", "top_two"):
        assert order[second[4:]].tolist() == first[4:]
    else:  # which of two arms with as many samples comes first is a matter of their numbers
        assert np.bincount(order[second], minlength=4) == pytest.approx(np.bincount(first, minlength=4), abs=4)


def test_posteriors_of_rewards_beyond_0_and_1():
    policy = TopTwo(rule="ttts")
    problem = IdentificationProblem(n_actions=2, delta=0.01, budget=100, family="bernoulli")
    policy.reset(problem, np.random.default_rng(0))
    with pytest.warns(RuntimeWarning, match="outside the range"):
        policy.update(None, Sample(0, None), 5.0)
    policy.update(None, Sample(1, None), 5.0)
    assert policy.choose(None).arm in (0, 1)


@pytest.mark.parametrize("name", ["racing", "action_elimination"])
def test_rounds_in_which_nobody_is_owed_a_sample_are_passed_over(name):
    """The two that survive have more samples than the round in which the third is dropped."""
    policy = POLICIES.build(name, "policy")
    policy.reset(IdentificationProblem(n_actions=3, budget=10_000, delta=0.1), np.random.default_rng(0))
    for _ in range(50):
        for arm in (0, 1):
            policy.update(None, Sample(arm), 1.0 + 0.001 * arm)
    policy.update(None, Sample(2), -50.0)
    assert policy.choose(None) == Sample(0, 1)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("successive_rejects", {}), *(("sequential_halving", p) for p in ({}, {"reuse": True}, {"doubling": True}))],
)
@pytest.mark.parametrize("family", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("first", [None, 1.0, 0.3])
def test_samples_on_end_are_told_as_one_by_one(name, parameters, family, first):
    """Of long phases, where leads last; after a sample of another arm with another reward, too."""
    environment = Identification([0.3, 0.6, 0.55, 0.0], family=family, horizon=4001)
    found = []
    for leaps in (True, False):
        policy = POLICIES.build({"name": name, "parameters": parameters}, "policy")
        environment.begin(environment.draw(np.random.default_rng(4)))
        policy.reset(environment.problem, np.random.default_rng(5))
        if first is not None:
            environment.transition(Sample(1))
            policy.update(None, Sample(1), first)
        while environment.clock < 4001:
            if leaps:
                policy.advance(environment, 4001 - environment.clock)
            else:
                action = policy.choose(None)
                policy.update(None, action, environment.transition(action)[1])
        found.append({key: series.tolist() for key, series in environment.metrics(np.arange(1, 4002)).items()})
    assert found[0] == found[1]


@pytest.mark.parametrize(("name", "parameters"), CONFIDENT)
def test_a_sample_without_a_reward_is_refused_before_the_verdict(name, parameters):
    """Else the arm would be sampled again, and nobody would know why."""
    policy = POLICIES.build({"name": name, "parameters": parameters}, "policy")
    policy.reset(IdentificationProblem(n_actions=3, delta=0.1, budget=4), np.random.default_rng(0))
    for _ in range(4):
        decision = policy.choose(None)
        with pytest.raises(
            ValueError, match=f"feedback must be the reward of the sample of arm {decision.arm}, got None"
        ):
            policy.update(None, decision, None)
        policy.update(None, decision, 0.5)
    policy.update(None, Sample(0, 0), None)  # the verdict
    policy.update(None, Stop(0), None)

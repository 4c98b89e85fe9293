"""Policies for means that change: decisions of plain programs, bounds, what is refused."""

import math
import pickle

import numpy as np
import pytest
from arms_runs import sequence
from blocks import block

from bandits import BanditProblem
from bandits.arms.cusum_ucb import CUSUMUCB
from bandits.arms.exp3 import Exp3
from bandits.arms.exp3_s import Exp3S
from bandits.arms.glr_klucb import ABOVE, BEFORE, COUNT, GLRKLUCB, MEAN, SUM, USED, _add_point, _has_changed
from bandits.arms.m_ucb import MUCB
from bandits.arms.oracle_restart import OracleRestart
from bandits.arms.problem import FullFeedbackProblem
from bandits.arms.rexp3 import Rexp3
from bandits.arms.ucb1 import UCB1
from bandits.checks import play
from bandits.contextual.problem import ContextualProblem
from environments import BernoulliArms
from environments.arms.drift import DriftSine
from environments.arms.piecewise import PiecewiseArms
from environments.arms.switching_best import SwitchingBest

T = 10_000
GM = [
    {"start": 1, "means": [0.5, 0.3, 0.4]},
    {"start": 3001, "means": [0.5, 0.3, 0.9]},
    {"start": 5001, "means": [0.5, 0.3, 0.4]},
]
MADE = {"gm": lambda: PiecewiseArms(GM), "rot": SwitchingBest, "sine": DriftSine}


def tables():
    """Rewards [500, 4] of arms one of which changes twice: 0 or 1, or anything between."""
    rng = np.random.default_rng(7)
    means = np.tile([0.3, 0.45, 0.6, 0.2], (500, 1))
    means[150:300, 0] = 0.97
    means[300:, 2] = 0.05
    yield (rng.random(means.shape) < means).astype(float)
    yield np.clip(means + 0.2 * rng.standard_normal(means.shape), 0.0, 1.0)


def largest(scores):
    return min(i for i, score in enumerate(scores) if score >= max(scores) - 1e-12)


def draw(p, uniform):
    for i, share in enumerate(p):
        uniform -= share
        if uniform < 0.0:
            return i
    return len(p) - 1


def plain_exp3_s(x, gamma, alpha, luck):
    k, played = len(x[0]), []
    w = [1.0] * k
    for row in x:
        total = sum(w)
        p = [(1 - gamma) * weight / total + gamma / k for weight in w]
        arm = draw(p, luck.random())
        w = [
            weight * (math.exp(gamma * row[i] / (k * p[i])) if i == arm else 1.0) + math.e * alpha * total / k
            for i, weight in enumerate(w)
        ]
        played.append(arm)
    return played, 0


def plain_rexp3(x, batch, luck):
    k, played = len(x[0]), []
    gamma = min(1.0, math.sqrt(k * math.log(k) / ((math.e - 1) * batch)))
    for t, row in enumerate(x):
        if t % batch == 0:
            w = [1.0] * k
        p = [(1 - gamma) * weight / sum(w) + gamma / k for weight in w]
        arm = draw(p, luck.random())
        w[arm] *= math.exp(gamma * row[arm] / (k * p[arm]))
        played.append(arm)
    return played, 0


def plain_m_ucb(x, w, b, gamma, detects=True):
    k, played, tau, alarms = len(x[0]), [], 0, 0
    seen = [[] for _ in range(k)]
    for t, row in enumerate(x, 1):
        arm = (t - tau - 1) % math.ceil(k / gamma)
        if arm >= k:
            arm = largest([np.mean(s) + math.sqrt(2 * math.log(t - tau) / len(s)) if s else math.inf for s in seen])
        seen[arm].append(row[arm])
        last = seen[arm][-w:]
        if detects and len(last) == w and abs(sum(last[w // 2 :]) - sum(last[: w // 2])) > b + 1e-9:
            tau, alarms, seen = t, alarms + 1, [[] for _ in range(k)]
        played.append(arm)
    return played, alarms


def plain_cusum_ucb(x, alpha, first, eps, h, luck, detects=True):
    k, played, alarms = len(x[0]), [], 0
    seen = [[] for _ in range(k)]
    for row in x:
        coin = luck.random()
        if coin < alpha:
            arm = int(coin / alpha * k)
        else:
            log = math.log(max(1, sum(map(len, seen)))) / 2
            arm = largest([np.mean(s) + math.sqrt(log / len(s)) if s else math.inf for s in seen])
        seen[arm].append(row[arm])
        up = down = 0.0
        for reward in seen[arm][first:]:
            away = reward - np.mean(seen[arm][:first])
            up, down = max(0.0, up + away - eps), max(0.0, down - away - eps)
        if detects and len(seen[arm]) > first and max(up, down) >= h - 1e-9:
            seen[arm], alarms = [], alarms + 1
        played.append(arm)
    return played, alarms


def d(p, q):
    first = p * math.log(p / q) if p > 0 else 0.0
    return first + ((1 - p) * math.log((1 - p) / (1 - q)) if p < 1 else 0.0)


def up(p, level):
    low, high = p, 1.0
    for _ in range(60):
        q = (low + high) / 2
        low, high = (q, high) if q < 1 and d(p, q) <= level else (low, q)
    return low if p < 1 else 1.0


def statistic(x, ds=1):
    """The largest of all places to cut."""
    n, mean, found = len(x), float(np.mean(x)), [0.0]
    if mean in (0.0, 1.0):
        return 0.0
    for s in range(ds, n, ds):
        found.append(s * d(float(np.mean(x[:s])), mean) + (n - s) * d(float(np.mean(x[s:])), mean))
    return max(found)


def plain_glr_klucb(x, restart, alpha0, delta, every, ds, exact=False):
    k, played, alarms = len(x[0]), [], 0
    seen, born = [[] for _ in range(k)], [0] * k
    for t, row in enumerate(x, 1):
        arm = (t - 1) % max(k, math.floor(k / min(1.0, alpha0 * math.sqrt(1 + alarms))))
        if arm >= k:
            arm = largest(
                [up(float(np.mean(s)), math.log(t - r) / len(s)) if s else 2.0 for s, r in zip(seen, born, strict=True)]
            )
        seen[arm].append(row[arm])
        n = len(seen[arm])
        level = math.log(3 * n**1.5 / delta)
        if exact:
            level = level + 8 * math.log(1 + level / 2 + math.sqrt(level)) + 6 * math.log(1 + math.log(n))
        if n % every == 0 and statistic(seen[arm], ds) >= level:
            alarms += 1
            for i in range(k) if restart == "global" else [arm]:
                seen[i], born[i] = [], t
        played.append(arm)
    return played, alarms


CASES = {
    "exp3_s": (Exp3S(0.3, 0.01), lambda x, luck: plain_exp3_s(x, 0.3, 0.01, luck)),
    "rexp3": (Rexp3(batch=60), lambda x, luck: plain_rexp3(x, 60, luck)),
    "m_ucb": (MUCB(20, 3.5, 0.2), lambda x, luck: plain_m_ucb(x, 20, 3.5, 0.2)),
    "m_ucb in whole numbers": (MUCB(8, 2, 0.3), lambda x, luck: plain_m_ucb(x, 8, 2, 0.3)),
    "cusum_ucb": (CUSUMUCB(0.1, 20, 0.05, 2.5), lambda x, luck: plain_cusum_ucb(x, 0.1, 20, 0.05, 2.5, luck)),
    "glr_klucb local": (
        GLRKLUCB("local", 0.1, 0.5, 5, 3),
        lambda x, luck: plain_glr_klucb(x, "local", 0.1, 0.5, 5, 3),
    ),
    "glr_klucb global": (
        GLRKLUCB("global", 0.2, 0.5, 1, 1),
        lambda x, luck: plain_glr_klucb(x, "global", 0.2, 0.5, 1, 1),
    ),
    "glr_klucb exact": (
        GLRKLUCB("global", 0.1, 0.9, 1, 2, True),
        lambda x, luck: plain_glr_klucb(x, "global", 0.1, 0.9, 1, 2, True),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_decisions_are_those_of_a_plain_program(name):
    """Also where rewards are in another range."""
    policy, plain = CASES[name]
    for x in tables():
        expected, alarms = plain(x.tolist(), np.random.default_rng(0))
        assert sequence(policy, x) == "".join(map(str, expected))
        assert sequence(policy, 0.1 + 0.7 * x, 0.1, 0.8) == "".join(map(str, expected))
        assert getattr(policy, "alarms", 0) == alarms
        assert alarms > 0 or name in ("exp3_s", "rexp3")


def test_without_detection_they_are_their_indices_and_forced_exploration():
    x = next(tables())
    never = MUCB(20, 10.5, 0.2)  # b > w / 2
    expected, _ = plain_m_ucb(x.tolist(), 20, 10.5, 0.2, detects=False)
    assert sequence(never, x) == "".join(map(str, expected))
    assert never.alarms == 0
    for h in (0.01, 1e-12):
        never = CUSUMUCB(0.1, 5, 1.0, h)  # eps >= 1
        expected, _ = plain_cusum_ucb(x.tolist(), 0.1, 5, 1.0, h, np.random.default_rng(0), detects=False)
        assert sequence(never, x) == "".join(map(str, expected))
        assert never.alarms == 0


def test_exp3_s_that_shares_nothing_is_exp3():
    for x in tables():
        assert sequence(Exp3S(0.3, 0.0), x) == sequence(Exp3(0.3), x)


@pytest.mark.parametrize("factor", [1e90, 1e99, 1e120, 1e-120])
def test_exp3_s_takes_weights_of_any_size(factor):
    x, policy = next(tables()), Exp3S(0.3, 0.01)
    expected = sequence(policy, x)
    policy.reset(BanditProblem(n_actions=4, horizon=500), np.random.default_rng(0))
    policy._rows *= factor
    played = np.empty(500, dtype=np.int64)
    policy.play(block(x, 1, np.zeros(500), False), played)
    assert "".join(map(str, played)) == expected
    assert 1e-100 <= policy._rows.sum() <= 1e100


def has_changed(x, ds, threshold):
    """What the kernels say of the rewards of one arm."""
    rows, pool = np.zeros((1, 8)), np.empty((len(x), 4))
    for n, reward in enumerate(x, 1):
        rows[0, COUNT], rows[0, SUM] = n, rows[0, SUM] + reward
        if n % ds == 0 and n < len(x):
            _add_point(rows, 0, pool, n // ds - 1)
    rows[0, MEAN] = min(rows[0, SUM] / len(x), 1.0)
    return bool(_has_changed(rows, 0, pool, threshold))


def test_the_ratio_that_is_seldom_worked_out_is_the_ratio():
    """It is the same of rewards turned around, in value or in time."""
    rng = np.random.default_rng(11)
    for n in (*range(2, 30), 100, 400):
        p, q, cut = *rng.random(2), rng.integers(n)
        x = (rng.random(n) < np.where(np.arange(n) < cut, p, q)).astype(float)
        for given in (x, x * rng.random(n), np.ones(n), np.zeros(n)):
            for ds in (1, 3):
                largest_ratio = statistic(given, ds)
                assert largest_ratio >= 0.0
                for factor in (0.5, 1 - 1e-6, 1 + 1e-6, 2.0):
                    assert has_changed(given, ds, factor * largest_ratio + 1e-9) == (
                        factor < 1 and largest_ratio > 1e-5
                    )
            assert statistic(1.0 - given) == pytest.approx(statistic(given), abs=1e-9)
            assert statistic(given[::-1]) == pytest.approx(statistic(given), abs=1e-9)


def test_with_one_arm_local_and_global_are_the_same():
    x = np.repeat([[0.1], [0.9], [0.2]], 100, axis=0)
    alarms, rows = [], []
    for restart in ("local", "global"):
        policy = GLRKLUCB(restart, 0.1, 0.5, 1, 1)
        assert sequence(policy, x) == 300 * "0"
        alarms.append(policy.alarms)
        rows.append(policy._rows[:, : MEAN + 1])
    assert alarms[0] == alarms[1] > 1
    assert np.array_equal(*rows)


def test_points_are_kept_of_every_tenth_reward_alone_and_few_are_corners():
    policy = GLRKLUCB(delta=1e-9, alpha0=0.1)
    policy.reset(BanditProblem(n_actions=5), np.random.default_rng(0))
    small = len(pickle.dumps(policy))
    policy.play(block(np.full((1, 5), 0.5), 0, -np.random.default_rng(1).random(100_000), True), np.zeros(100_000, int))
    clock, pool = policy._own[:2]
    assert 10_000 - 5 <= clock[USED] <= 10_000
    assert len(pickle.dumps(policy)) - small < 32 * 100_000 / 10 * 2.5
    for arm in range(5):
        for chain in range(2):
            corners, point = 0, int(policy._rows[arm, ABOVE + chain])
            while point:
                corners, point = corners + 1, int(pool[point - 1, BEFORE + chain])
            assert 2 <= corners < 60


def test_where_nothing_changes_an_oracle_of_changes_is_the_policy_alone():
    for environment in (BernoulliArms([0.3, 0.6], 300), SwitchingBest(3, 4, 0.5, 0.5, 300)):
        alone, told = (play(policy, environment, 3)["reward"] for policy in (UCB1(), OracleRestart("ucb1")))
        assert np.array_equal(alone, told)


def test_an_oracle_of_changes_is_a_new_run_in_every_segment():
    means, starts = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]]), [0, 70, 71, 200]
    segments = [{"start": start + 1, "means": list(row)} for start, row in zip(starts, means, strict=False)]
    environment, inner = PiecewiseArms(segments, horizon=200), UCB1()
    environment.begin(environment.draw(np.random.default_rng(5)))
    whole = PiecewiseArms([{"start": 1, "means": [0.5, 0.5]}], horizon=200)
    whole.begin(whole.draw(np.random.default_rng(5)))
    noise, expected = whole.block(200).noise, []
    for start, end, row in zip(starts, starts[1:], means, strict=False):
        inner.reset(environment.problem, np.random.default_rng(0))
        actions = np.empty(end - start, dtype=np.int64)
        inner.play(block(row[None, :], 0, noise[start:end].copy(), True), actions)
        expected += row[actions].tolist()
    policy = OracleRestart("ucb1")
    policy.reset(environment.problem, np.random.default_rng(0))
    for rounds in (3, 67, 1, 100, 29):
        policy.advance(environment, rounds)
    assert np.array_equal(environment.metrics(np.arange(1, 201))["expected_reward"], np.cumsum(expected))


def test_an_oracle_of_changes_says_where_it_cannot_play():
    policy, problem = OracleRestart("ucb1"), BanditProblem(n_actions=2, horizon=10)
    assert policy.clairvoyant
    policy.reset(problem, np.random.default_rng(0))
    with pytest.raises(RuntimeError, match=r"OracleRestart\(policy='ucb1'\) knows the changes and cannot choose"):
        policy.choose(None)
    with pytest.raises(TypeError, match=r"object has no method change_rounds\(\)"):
        policy.leap(object(), 3)
    with pytest.raises(ValueError, match="OracleRestart plays BanditProblem and FullFeedbackProblem, got Contextual"):
        policy.reset(ContextualProblem(n_actions=2, contexts=((0.0, 1.0),)), np.random.default_rng(0))
    with pytest.raises(ValueError, match="policy must be a policy for it: UCB1 plays BanditProblem, but"):
        policy.reset(FullFeedbackProblem(n_actions=2), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"MOSS needs (the|a) horizon"):
        OracleRestart("moss").reset(BanditProblem(n_actions=2), np.random.default_rng(0))


def bound(policy, name, t=T):
    environment = MADE[name]()
    environment.begin(environment.draw(np.random.default_rng(0)))
    (found,) = policy.regret_bounds(environment.problem, environment.instance())
    assert found.comparator_class == "dynamic"
    return found, float(found.curve(np.array([float(t)]))[0])


@pytest.mark.parametrize(("name", "segments", "value"), [("gm", 3, 2633.8982), ("rot", 5, 4418.7762)])
def test_bound_of_exp3_s(name, segments, value):
    found, at_the_horizon = bound(Exp3S(segments=segments), name)
    assert at_the_horizon == pytest.approx(value, abs=1e-4)
    assert (found.evidence, found.time, found.holds) == ("recalled", "at the horizon", True)
    assert not bound(Exp3S(segments=segments - 1), name)[0].holds
    assert not bound(Exp3S(segments=segments), "sine")[0].holds


@pytest.mark.parametrize(
    ("name", "budget", "batch", "value"),
    [("gm", 1.0, 691, 3258.6805), ("rot", 1.6, 680, 5085.0087), ("sine", 2.9995288, 249, 3490.8131)],
)
def test_bound_of_rexp3(name, budget, batch, value):
    found, at_the_horizon = bound(Rexp3(budget), name)
    assert at_the_horizon == pytest.approx(value, abs=1e-3)
    assert bound(Rexp3(batch=batch), name)[1] == pytest.approx(at_the_horizon)
    assert (found.evidence, found.time, found.holds) == ("derived", "horizon-tuned", True)
    assert Rexp3(budget)._batch_of(MADE[name]().problem) == batch
    if name == "gm":  # the variation has come to 1/2 by round 4000
        k = 2 * math.sqrt((math.e - 1) * 691 * 3 * math.log(3))
        assert bound(Rexp3(), name, 4000)[1] == pytest.approx(k * 6 + 691)


@pytest.mark.parametrize(
    ("policy", "under_the_root"), [(MUCB(), 5 * 5), (CUSUMUCB(), 4), (GLRKLUCB(), 4**2)], ids=["m", "cusum", "glr"]
)
def test_orders(policy, under_the_root):
    found, at_the_horizon = bound(policy, "rot")
    assert at_the_horizon == pytest.approx(math.sqrt(under_the_root * T * math.log(T)))
    assert (found.kind, found.evidence, found.holds) == ("order", "convention", False)
    assert "not checked" in str(found.assumptions[-1])


@pytest.mark.parametrize("kind", [MUCB, CUSUMUCB])
def test_no_change_expected_is_tuned_as_one(kind):
    environment = MADE["gm"]()
    none, one = (play(kind(changes=changes), environment, 3)["reward"] for changes in (0, 1))
    assert np.array_equal(none, one)


def test_a_window_that_is_too_short_for_the_smallest_change_is_told():
    problem, rng = BanditProblem(n_actions=3, horizon=T), np.random.default_rng(0)
    with pytest.warns(
        RuntimeWarning, match=r"MUCB may miss changes of 0.5: a window of 200 with the threshold 44.96 is"
    ):
        MUCB(200, smallest_change=0.5).reset(problem, rng)
    MUCB(200, smallest_change=0.91).reset(problem, rng)
    policy = MUCB(smallest_change=0.5)
    policy.reset(problem, rng)
    w = 16 * (math.sqrt(math.log(6e8)) + math.sqrt(math.log(2e4))) ** 2
    assert w <= policy._own[1].shape[1] < w + 2
    assert policy._own[1].shape[1] % 2 == 0


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: MUCB(window=3), r"window must be an even number >= 2, got 3"),
        (lambda: MUCB(window=0), r"window must be a whole number in 2\.\.\d+, got 0"),
        (lambda: MUCB(threshold=0), r"threshold must be a finite number in \(0, inf\), got 0"),
        (lambda: MUCB(gamma=0), r"gamma must be a finite number in \(0, 1\], got 0"),
        (lambda: MUCB(smallest_change=2), r"smallest_change must be a finite number in \(0, 1\], got 2"),
        (lambda: MUCB(changes=-1), r"changes must be a whole number >= 0, got -1"),
        (lambda: CUSUMUCB(changes=-1), r"changes must be a whole number >= 0, got -1"),
        (lambda: CUSUMUCB(M0=0), r"M0 must be a whole number >= 1, got 0"),
        (lambda: CUSUMUCB(eps=-1), r"eps must be a finite number in \[0, inf\), got -1"),
        (lambda: CUSUMUCB(h=0), r"h must be a finite number in \(0, inf\), got 0"),
        (lambda: CUSUMUCB(alpha=2), r"alpha must be a finite number in \[0, 1\], got 2"),
        (lambda: GLRKLUCB("all"), r"restart must be one of local, global, got 'all'"),
        (lambda: GLRKLUCB(every=0), r"every must be a whole number >= 1, got 0"),
        (lambda: GLRKLUCB(ds=0), r"ds must be a whole number >= 1, got 0"),
        (lambda: GLRKLUCB(delta=1), r"delta must be a finite number in \(0, 1\), got 1"),
        (lambda: GLRKLUCB(alpha0=0), r"alpha0 must be a finite number in \(0, 1\], got 0"),
        (lambda: Rexp3(budget=0), r"budget must be a finite number in \(0, inf\), got 0"),
        (lambda: Rexp3(batch=0), r"batch must be a whole number >= 1, got 0"),
        (lambda: Exp3S(gamma=0), r"gamma must be a finite number in \(0, 1\], got 0"),
        (lambda: Exp3S(segments=0), r"segments must be a whole number >= 1, got 0"),
        (lambda: SwitchingBest(n_segments=11, horizon=10), r"n_segments must be a whole number in 1\.\.10, got 11"),
        (lambda: SwitchingBest(low=0.8), r"low must be a finite number in \[0, 0\.7\], got 0\.8"),
        (lambda: DriftSine(budget=0), r"budget must be a finite number in \(0, inf\), got 0"),
    ],
)
def test_bad_values_are_refused(make, what):
    with pytest.raises(ValueError, match=f"^{what}$"):
        make()


@pytest.mark.parametrize("policy", [Exp3S(), Rexp3(), MUCB(), CUSUMUCB(), GLRKLUCB()], ids=lambda p: type(p).__name__)
def test_what_a_problem_must_have(policy):
    name, rng = type(policy).__name__, np.random.default_rng(0)
    relative = "play (exp3_ix with eta: anytime|sliding_window_ucb with a window)$"
    with pytest.raises(ValueError, match=rf"^{name} needs a horizon: the problem has horizon=None .*{relative}"):
        policy.reset(BanditProblem(n_actions=3), rng)
    with pytest.raises(ValueError, match=rf"^{name} needs rewards in a finite range, got \[-inf, inf\]; .* noise"):
        policy.reset(BanditProblem(n_actions=3, horizon=9, low=-math.inf, high=math.inf, noise=1.0), rng)
    for arms, horizon in ((1, 1), (1, 50), (60, 20), (3, 1)):
        policy.reset(BanditProblem(n_actions=arms, horizon=horizon), rng)
        played = np.full(horizon, -1)
        policy.play(block(np.full((1, arms), 0.5), 0, -rng.random(horizon), True), played)
        assert set(played) <= set(range(arms))

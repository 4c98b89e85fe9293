"""Policies on logs: metrics against sums by hand, estimates against the truth, replay against a run of one's own."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import regretlab as rl
from bandits import UCB1, FixedTarget, LinearTarget, LinUCB, OffPolicy, Policy, Replay
from bandits.arms.problem import BanditProblem
from bandits.checks import play
from bandits.contextual.problem import ContextualProblem
from bandits.logged.problem import Decision, Logged, LoggedProblem, checked_table, over_offered
from environments import LoggedRows, SyntheticLog
from environments.logged.examples import WEIGHTS, small_log
from environments.logged.log import Log


def test_metrics_and_comparators_are_the_sums_that_they_are_called():
    log = small_log(40, uniform=False, contexts=True, some_offered=True)
    environment = LoggedRows(log, rows="order")
    environment.begin(environment.draw(np.random.default_rng(0)))
    rng, sums, seen = np.random.default_rng(1), np.zeros(6), []
    for t in range(40):
        decision = environment.observe()
        assert decision.offered.tolist() == log.offered[t].tolist()
        action = rng.dirichlet(np.ones(3))
        reward, feedback = environment.transition(action)
        there = [a for a in range(3) if log.offered[t, a]]
        shares = {a: action[a] / sum(action[b] for b in there) for a in there}
        a, p, r = int(log.actions[t]), float(log.probabilities[t]), float(log.rewards[t])
        w = shares[a] / p
        assert feedback == Logged(a, p, r)
        assert reward == pytest.approx(w * r)
        sums += [w * r, w, w * w, shares[a], shares[a] * r, r]
        seen.append(sums.copy())
    times = np.arange(1, 41)
    metrics, curves = environment.metrics(times), environment.comparators(times)
    names = ("reward", "weight", "squared_weight", "matched", "matched_reward", "logged_reward")
    for i, name in enumerate(names):
        assert np.allclose(metrics[name], np.array(seen)[:, i]), name
    parts = (log.actions, log.probabilities, log.rewards)
    earned = [[r / p * (a == arm) for a, p, r in zip(*parts, strict=True)] for arm in range(3)]
    assert np.allclose(curves["best_arm"], np.cumsum(earned, axis=1).max(axis=0))
    assert np.allclose(curves["logging_policy"], np.cumsum(log.rewards))


def test_the_truth_of_a_synthetic_log_by_hand():
    weights, beliefs = np.array(WEIGHTS), np.array([[0.5, 0.1], [0.1, 0.6], [0.4, 0.4]])
    environment = SyntheticLog(WEIGHTS, "softmax", temperature=0.5, beliefs=beliefs.tolist(), horizon=30)
    log = environment.draw(np.random.default_rng(2))
    policy = LinearTarget([[1.0, 0.0], [0.0, 1.0], [0.3, 0.3]])
    metrics = play(policy, environment, 2)
    environment.begin(log)
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 30)
    metrics, curves, t = environment.metrics(np.array([30])), environment.comparators(np.array([30])), np.arange(30)
    means = log.contexts @ weights.T
    chances = np.exp(log.contexts @ beliefs.T / 0.5)
    chances /= chances.sum(axis=1, keepdims=True)
    assert np.allclose(log.probabilities, chances[t, log.actions])
    assert environment.problem.floor <= log.probabilities.min()
    first = log.contexts[:, 0] > log.contexts[:, 1]
    assert metrics["expected_reward"][0] == pytest.approx(np.where(first, means[:, 0], means[:, 1]).sum())
    assert curves["best_policy"][0] == pytest.approx(means.max(axis=1).sum())
    assert curves["best_fixed_arm"][0] == pytest.approx(means[:, 0].sum())  # 0.5, of 0.5, 0.45, 0.5
    assert curves["logging_mean"][0] == pytest.approx((means * chances).sum())
    assert curves["worst"][0] == pytest.approx(means.min(axis=1).sum())


@pytest.mark.parametrize("logging", ["uniform", "softmax", "epsilon"])
def test_weights_estimate_what_policies_truly_earn(logging):
    """Of fixed ones and of one that learns; a mean of 40 logs, within five standard errors."""
    environment = SyntheticLog(WEIGHTS, logging, temperature=0.3, epsilon=0.5, beliefs=WEIGHTS[::-1], horizon=300)
    for policy in (FixedTarget(arm=0), OffPolicy(UCB1())):
        off = []
        for seed in range(40):
            metrics = play(policy, environment, seed, times=[300])
            off.append(metrics["reward"][0] - metrics["expected_reward"][0])
        assert abs(np.mean(off)) < 5 * np.std(off, ddof=1) / np.sqrt(40)
        assert np.std(off) > 1.0


def test_means_and_shares_of_a_synthetic_log():
    """Arms are drawn as they say; a fixed arm's value is the mean of its weights."""
    environment = SyntheticLog(WEIGHTS, "epsilon", epsilon=0.3, concentration=0.5, horizon=20_000)
    log = environment.draw(np.random.default_rng(3))
    assert np.allclose(environment.means(log).mean(axis=0), np.mean(WEIGHTS, axis=1), atol=0.01)
    assert set(np.round(log.probabilities, 6)) == {0.1, 0.8}
    best = environment.means(log).argmax(axis=1) == log.actions
    assert np.array_equal(best, log.probabilities > 0.5)
    assert abs(best.mean() - 0.8) < 5 * np.sqrt(0.16 / 20_000)


def test_bootstrapped_rows_spread_as_the_estimate_does():
    """The spread over replicates is the standard error of the mean of w r."""
    log = small_log(200, uniform=False, contexts=False, seed=8)
    environment = LoggedRows(log, rows="bootstrap")
    found = [play(FixedTarget(arm=1), environment, seed, times=[200])["reward"][0] / 200 for seed in range(200)]
    terms = np.where(log.actions == 1, log.rewards / log.probabilities, 0.0)
    error = terms.std() / np.sqrt(200)
    assert abs(np.std(found) / error - 1.0) < 5 / np.sqrt(400)
    assert abs(np.mean(found) - terms.mean()) < 5 * error / np.sqrt(200)
    shuffled = LoggedRows(log, rows="shuffled", horizon=50)
    assert sorted(shuffled.draw(np.random.default_rng(0)).tolist()) != list(range(50))
    assert LoggedRows(log, rows="order", horizon=5).draw(np.random.default_rng(0)).tolist() == list(range(5))


def test_replay_without_contexts_is_a_run_on_the_rows_that_match():
    """Row by row: the policy's choice stands until a row has that arm, which is the next round of its run."""
    log = small_log(300, uniform=True, contexts=False)
    environment = LoggedRows(log, rows="order")
    metrics = play(Replay(UCB1()), environment, 5)
    own, row, rounds, earned = UCB1(), 0, 0, 0.0
    own.reset(BanditProblem(n_actions=3, horizon=300, low=-1.0, high=1.0), np.random.default_rng(0))
    while True:
        arm = own.choose(None)
        while row < 300 and log.actions[row] != arm:
            row += 1
        if row == 300:
            break
        own.update(None, arm, float(log.rewards[row]))
        rounds, earned, row = rounds + 1, earned + log.rewards[row], row + 1
    assert metrics["matched"][-1] == rounds
    assert metrics["matched_reward"][-1] == pytest.approx(earned)


class Counts(Policy):
    """The arm of the context's sign; counts what it is asked and what it learns."""

    plays = (ContextualProblem,)

    def reset(self, problem, rng):
        self._asked, self._learnt = 0, []

    def choose(self, observation):
        self._asked += 1
        return int(observation[0] > 0.5)

    def update(self, observation, action, feedback):
        self._learnt.append((float(observation[0]), action, feedback))


def test_replayed_policies_on_contexts_forget_what_they_were_asked_in_vain():
    log = small_log(200, uniform=True, contexts=True)
    policy, environment = Replay(Counts()), LoggedRows(log, rows="order")
    metrics = play(policy, environment, 1)
    match = (log.contexts[:, 0] > 0.5).astype(int) == log.actions
    expected = [(x, a, r) for x, a, r, m in zip(log.contexts[:, 0], log.actions, log.rewards, match, strict=True) if m]
    assert policy._player._learnt == [(float(x), int(a), float(r)) for x, a, r in expected]
    assert policy._player._asked == match.sum() == metrics["matched"][-1]
    assert "_learnt" not in vars(policy.policy)  # what was handed in is not touched


def test_rows_are_thinned_to_even_ones_where_arms_are_not_evenly_likely():
    """A choice is kept with the probability of the floor, in each context and for each arm."""
    environment = SyntheticLog(WEIGHTS, "softmax", temperature=0.5, horizon=3000)
    floor = environment.problem.floor
    policy = Replay(Counts())
    play(policy, environment, 4, times=[3000])
    kept = np.array([arm for _, arm, _ in policy._player._learnt])
    assert abs(len(kept) / 3000 - floor) < 5 * np.sqrt(floor / 3000)
    for arm in (0, 1):  # each context has its arm with probability 1/2
        assert abs((kept == arm).mean() - 0.5) < 5 * 0.5 / np.sqrt(len(kept))
    wins = np.array([reward for _, arm, reward in policy._player._learnt])
    truth = np.mean(
        [0.2 + 0.5 * 0.75, 0.1 + 0.8 * 0.25]
    )  # of arm 1 where x[0] > 1/2: 0.2 x + 0.7 (1 - x); of arm 0 below
    truth = 0.5 * (0.9 * 0.25 + 0.1 * 0.75) + 0.5 * (0.2 * 0.75 + 0.7 * 0.25)
    assert abs(wins.mean() - truth) < 5 * 0.5 / np.sqrt(len(kept))


def test_logs_that_offer_some_arms_only():
    log = small_log(60, uniform=False, contexts=True, some_offered=True)
    with pytest.raises(ValueError, match=r"Replay needs a log in whose every row all arms are offered.*OffPolicy"):
        Replay().reset(LoggedRows(log).problem, np.random.default_rng(0))
    even = FixedTarget()
    even.reset(LoggedRows(log).problem, np.random.default_rng(0))
    assert even.choose(Decision(np.full(2, 0.5), np.array([1, 0, 1]))).tolist() == [0.5, 0.0, 0.5]
    one = np.array([[0.0, 1.0, 0.0], [0.2, 0.2, 0.6]])
    assert over_offered(one, np.array([[1, 0, 1], [1, 1, 0]])).tolist() == [[0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]
    with pytest.raises(ValueError, match=r"action must lie on an arm that is offered, one of \[0, 2\]"):
        checked_table(one[:1], np.array([[1, 0, 1]]))


def test_what_a_policy_plays_off_policy_is_what_it_would_play():
    """Its probabilities before each row, and afterwards the arm of the log is learnt."""
    environment = SyntheticLog(WEIGHTS, horizon=50)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy, own = OffPolicy(LinUCB()), LinUCB()
    policy.reset(environment.problem, np.random.default_rng(1))
    own.reset(environment.problem.played, np.random.default_rng(1))
    for _ in range(50):
        decision = environment.observe()
        action = policy.choose(decision)
        assert action.tolist() == np.eye(3)[own.choose(decision.context)].tolist()
        _, feedback = environment.transition(action)
        policy.update(decision, action, feedback)
        own.update(decision.context, feedback.action, feedback.reward)
    assert environment.problem.played.contexts == ((0.0, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda log: LoggedRows(log.take(slice(3)), rows="odd"), "rows must be one of order, shuffled, bootstrap"),
        (lambda log: LoggedRows(log, horizon=999), "horizon must be at most 20"),
        (lambda log: LoggedRows(log, rewards=(0.0, 0.1)), "rewards must be a range that holds those of the log"),
        (lambda log: LoggedRows(log, format="vw"), "format and options must be None where the source is no file"),
        (lambda log: LoggedRows(3), "source must be the path of a file, or a Log, got 3"),
        (lambda log: LoggedRows({"action": [1]}), "source: action: Log has no parameter 'action'"),
        (
            lambda log: LoggedRows(Log(actions=[0, 1], rewards=[0.0, 1.0], n_actions=2)),
            "probabilities must be 'uniform', where arms were drawn evenly .* got None",
        ),
        (lambda log: FixedTarget(arm=0, weights=[1.0]), "weights must be None where an arm is given"),
        (lambda log: FixedTarget(weights=[0.5, 0.6]), "weights must have the sum 1"),
        (
            lambda log: FixedTarget(arm=3).reset(LoggedRows(log).problem, None),
            "arm must be a whole number in 0..2, got 3",
        ),
        (lambda log: LinearTarget([[1.0]]).reset(LoggedRows(log).problem, None), "weights must be of 3 arms and 2"),
        (lambda log: OffPolicy("lin_ucb").reset(_plain(), None), "policy must be a policy for it: LinUCB plays"),
        (lambda log: OffPolicy("clairvoyant"), "policy"),
        (lambda log: SyntheticLog([[0.5, 1.5]]), r"weights must be in \[0, 1\]"),
        (lambda log: SyntheticLog(logging="greedy"), "logging must be one of uniform, softmax, epsilon"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make(small_log(20, uniform=False, contexts=True))


def _plain():
    return LoggedProblem(n_actions=2, floor=0.5)


def test_a_log_is_the_same_from_python_and_from_its_plain_form(tmp_path):
    log = small_log(20, uniform=False, contexts=True, some_offered=True)
    environment = LoggedRows(log)
    again = LoggedRows(environment.source)
    assert pickle.dumps(again.problem) == pickle.dumps(environment.problem)
    path = tmp_path / "log.csv"
    rows = zip(log.actions, log.rewards, log.probabilities, *log.contexts.T, *log.offered.T, strict=True)
    lines = [",".join(map(repr, map(float, row))) for row in rows]
    path.write_text("arm,reward,p,u,v,0,1,2\n" + "\n".join(lines) + "\n")
    options = {"action": "arm", "probability": "p", "contexts": ["u", "v"], "offered": ["0", "1", "2"]}
    read = LoggedRows(path, options=options, rewards=(-1.0, 1.0), rows="order")
    first = play(OffPolicy(LinUCB()), read, 1)
    for name, values in play(OffPolicy(LinUCB()), LoggedRows(log, rows="order"), 1).items():
        assert np.array_equal(values, first[name]), name
    assert LoggedRows(log, probabilities="uniform").log.uniform
    assert copy.deepcopy(read).log.n == 20


def test_what_is_played_where_the_log_has_nothing_is_told_once():
    log = Log(actions=[0, 1] * 10, rewards=[1.0, 0.0] * 10, probabilities=[0.5] * 20, names=("a", "b", "gone"))
    with pytest.warns(UserWarning, match="the log never plays .gone., and what is played there counts as") as told:
        assert rl.compare({"gone": FixedTarget(arm=2)}, LoggedRows(log, rows="order"), replicates=1, seed=1)
    assert len(told) == 1
    environment = LoggedRows(log)
    environment.begin(environment.draw(np.random.default_rng(1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        environment.transition(np.array([0.5, 0.5, 0.0]))
        with pytest.raises(RuntimeWarning, match="gone"):
            environment.transition(np.array([0.5, 0.4, 0.1]))
        environment.transition(np.array([0.5, 0.4, 0.1]))

"""Batched Exp3 and burn-in-then-commit, against slow references; the driver of runs."""

import dataclasses
import math
import pickle

import numpy as np
import pytest

from bandits import BanditProblem, Instance
from bandits.checks import check_policy
from bandits.tallying.batched_exp3 import BatchedExp3, batch_length
from bandits.tallying.burn_in_commit import BurnInThenCommit
from bandits.tallying.policy import RunPolicy
from bandits.tallying.repeated_exposure import RepeatedExposureElimination
from environments import AdversarialArms
from environments.tallying.bandit import TallyingBandit

TABLE = np.random.default_rng(9).random((700, 4)) * [0.9, 0.4, 0.6, 0.5]


@pytest.mark.parametrize(
    "make",
    [
        BatchedExp3,
        lambda: BatchedExp3(batch=7, memory=3),
        lambda: BatchedExp3(batch=1, memory=5),
        lambda: BurnInThenCommit(4),
        lambda: BurnInThenCommit(1, 20),
    ],
)
def test_contract_with_a_longer_memory_and_on_a_table(make, losses):
    check_policy(make, lambda: TallyingBandit(losses, 4, horizon=900))
    check_policy(make, lambda: AdversarialArms(TABLE))


@pytest.mark.parametrize(("horizon", "arms", "length"), [(1000, 2, 5), (10_000, 5, 6), (100_000, 10, 9), (500, 1, 1)])
def test_batch_length(horizon, arms, length):
    assert batch_length(horizon, arms) == length


@pytest.mark.parametrize(("batch", "memory"), [(6, 1), (6, 4), (6, 50), (1, 1)])
def test_batched_exp3_equals_its_definition(batch, memory):
    policy, rng = BatchedExp3(batch, memory), np.random.default_rng(4)
    policy.reset(BanditProblem(n_actions=4, horizon=700, low=-1.0, high=3.0), np.random.default_rng(4))
    eta = math.sqrt(2 * math.log(4) / (4 * 700 / batch))
    estimates, t = [0.0] * 4, 0
    while t < 700:
        weights = [math.exp(-eta * e) for e in estimates]
        chances = [w / sum(weights) for w in weights]
        u, arm = rng.random(), 0
        while arm < 3 and u >= sum(chances[: arm + 1]):
            arm += 1
        losses = []
        for _ in range(min(batch, 700 - t)):
            assert policy.choose(0) == arm
            reward = TABLE[t, arm] * 4 - 1
            losses.append((3 - reward) / 4)
            policy.update(0, arm, reward)
            t += 1
        used = losses[min(memory - 1, batch - 1) :]
        if len(losses) == batch:
            estimates[arm] += np.mean(used) / chances[arm]
    assert policy._losses[:3] == pytest.approx(estimates[:3])


def test_burn_in_then_commit_equals_its_definition():
    policy = BurnInThenCommit(5, 30)
    policy.reset(BanditProblem(n_actions=4, horizon=700), np.random.default_rng(4))
    played = []
    for t in range(700):
        played.append(policy.choose(0))
        policy.update(0, played[-1], TABLE[t, played[-1]])
    means = [np.mean(TABLE[34 * x + 4 : 34 * (x + 1), x]) for x in range(4)]
    assert played == [x for x in range(4) for _ in range(34)] + [int(np.argmax(means))] * (700 - 4 * 34)


@pytest.mark.parametrize(("horizon", "arms", "trials"), [(8000, 8, 100), (100, 10, 5), (64, 1, 16), (3, 3, 1)])
def test_default_number_of_trials(horizon, arms, trials):
    policy = BurnInThenCommit(3)
    policy.reset(BanditProblem(n_actions=arms, horizon=horizon), np.random.default_rng(4))
    assert policy._trials == trials


@pytest.mark.parametrize("weights", ["uniform", "linear"])
def test_all_that_is_intended_is_played_in_one_stretch(losses, weights):
    """Exploration is the first, and the rest, as far as noise is at hand, is the other."""
    environment, policy = TallyingBandit(losses, 4, weights, horizon=5000), BurnInThenCommit(4, 30)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(0))
    assert policy.leap(environment, 5000) == 33 * len(losses)
    assert policy.leap(environment, 5000 - environment.clock) == 5000 - 33 * len(losses)


@pytest.mark.parametrize("make", [RepeatedExposureElimination, BurnInThenCommit])
@pytest.mark.parametrize(
    "environment",
    [lambda losses: TallyingBandit(losses, 4, horizon=1500), lambda losses: AdversarialArms(np.tile(TABLE, (2, 1)))],
)
def test_stretches_where_no_horizon_is_told(make, environment, losses):
    """Those of guessed horizons end with them: the same plays as round by round, however a run is cut."""
    series = []
    for most in (0, 7, 1500):
        arms, policy = environment(losses), make(3, **({"trials": 20} if make is BurnInThenCommit else {}))
        horizon = arms.problem.horizon
        arms.begin(arms.draw(np.random.default_rng(0)))
        policy.reset(dataclasses.replace(arms.problem, horizon=None), np.random.default_rng(0))
        while arms.clock < horizon:
            if most:
                assert policy.leap(arms, min(most, horizon - arms.clock)) > 0
            else:
                action = policy.choose(arms.observe())
                policy.update(arms.observe(), action, arms.transition(action)[1])
        series.append(arms.metrics(np.arange(1, horizon + 1)))
    for found in series[1:]:
        assert all(np.array_equal(found[name], values) for name, values in series[0].items())


def test_ties_go_to_the_smaller_index():
    policy = BurnInThenCommit(1, 2)
    policy.reset(BanditProblem(n_actions=3, horizon=50), np.random.default_rng(4))
    for reward in (0.1, 0.2, 0.5, 0.5, 0.9, 0.1):
        policy.update(0, policy.choose(0), reward)
    assert policy.choose(0) == 1


def test_a_single_action():
    environment = TallyingBandit([{"name": "constant", "parameters": {"c": 0.5}}], 3, horizon=50)
    for policy in (BatchedExp3(), BurnInThenCommit(2)):
        environment.begin(environment.draw(np.random.default_rng(0)))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 50)
        assert environment.metrics(np.array([50]))["expected_reward"] == -25.0


def test_bound_of_batched_exp3():
    environment = TallyingBandit([{"name": "constant", "parameters": {"c": c}} for c in (0.5, 0.2)], 3, horizon=8000)
    (bound,) = BatchedExp3().regret_bounds(environment.problem, environment.instance())
    assert bound.holds
    assert (bound.time, bound.evidence) == ("at the horizon", "recalled")
    assert BatchedExp3().regret_bounds(environment.problem, Instance()) == ()
    assert bound.comparator_class == "constant"
    assert bound.curve(np.array([8000.0]))[0] == pytest.approx(4 * (14 * math.log(2)) ** (1 / 3) * 400)
    assert not BatchedExp3(3).regret_bounds(environment.problem, environment.instance())[0].holds
    assert BatchedExp3(memory=2).regret_bounds(environment.problem, environment.instance()) == ()


@pytest.mark.parametrize(
    "policy", [BatchedExp3(batch=4, memory=2), BurnInThenCommit(3), RepeatedExposureElimination(3)], ids=str
)
def test_only_what_was_chosen_is_owed(policy):
    policy.reset(BanditProblem(n_actions=3, horizon=100), np.random.default_rng(0))
    for _ in range(6):
        before = pickle.dumps(policy)
        with pytest.raises(RuntimeError, match=r"not owed: update takes the action chosen, once: got 1"):
            policy.update(None, 1, 0.5)
        assert pickle.dumps(policy) == before
        arm = policy.choose(None)
        assert policy.choose(None) == arm  # asked again, nothing new is drawn
        before = pickle.dumps(policy)
        with pytest.raises(RuntimeError, match=f"got {(arm + 1) % 3}, chosen was {arm}"):
            policy.update(None, (arm + 1) % 3, 0.5)
        assert pickle.dumps(policy) == before
        policy.update(None, arm, 0.5)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: BatchedExp3(0), "batch"),
        (lambda: BatchedExp3(memory=0), "memory"),
        (lambda: BurnInThenCommit(0), "memory"),
        (lambda: BurnInThenCommit(2, 0), "trials"),
        (lambda: BatchedExp3().reset(BanditProblem(n_actions=2), None), "needs a horizon"),
        (lambda: BurnInThenCommit(2).reset(BanditProblem(n_actions=2), None), "needs a horizon or trials"),
        (
            lambda: BatchedExp3().reset(
                BanditProblem(n_actions=2, horizon=9, low=-math.inf, high=math.inf, noise=1.0), None
            ),
            "finite range",
        ),
    ],
)
def test_bad_input(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_a_policy_of_the_form_before_is_told_what_to_yield(losses):
    class Earlier(RunPolicy):
        def intend(self):
            return 0, 5

        def learn(self, action, rewards):
            pass

    for environment in (TallyingBandit(losses, 4, horizon=20), AdversarialArms(TABLE)):
        policy = Earlier()
        environment.begin(environment.draw(np.random.default_rng(0)))
        policy.reset(environment.problem, np.random.default_rng(0))
        for play in (lambda p=policy: p.choose(0), lambda p=policy, e=environment: p.advance(e, 10)):
            with pytest.raises(TypeError, match=r"intend of Earlier must yield runs, \(action, rounds\) each, got"):
                play()

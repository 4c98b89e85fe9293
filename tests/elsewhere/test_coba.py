"""Our policies as learners of coba; environments of ours in coba, and of coba's among ours."""

import copy
import importlib
import pickle
import sys

import numpy as np
import pytest

from bandits import (
    KLUCB,
    OFUL,
    QPMD,
    UCB1,
    BanditProblem,
    BetaThompson,
    ChangingLinearProblem,
    ContextualProblem,
    Exp3,
    LinUCB,
    Policy,
    SuccessiveElimination,
    TsallisINF,
    Uniform,
)
from bandits.seeds import stream
from environments import AdversarialArms, BernoulliArms, ChangingLinearBandit, ContextTable, CorruptedArms, FeatureTable
from environments.checks import check_environment

coba = pytest.importorskip("coba")
from coba.environments import Batch  # noqa: E402

from regretlab.adapters.coba import Learner, Simulation, environment_of  # noqa: E402

BOUNDED = [UCB1, KLUCB, BetaThompson, SuccessiveElimination, TsallisINF, lambda: Exp3(gamma=0.1)]
MEANS = {"a": 0.2, "b": 0.5, "c": 0.8}


@pytest.fixture(autouse=True)
def strict(monkeypatch):
    """coba logs what a learner raises, and goes on without it: here it fails the test."""

    class Strict(coba.NullLogger):
        def log(self, message, *more):
            if isinstance(message, Exception):
                raise AssertionError(repr(message)) from message
            return super().log(message, *more)

    monkeypatch.setattr(coba.CobaContext, "_logger", Strict(), raising=False)


def lotteries(n=300, seed=3, names="abc"):
    """Arms that pay 0 or 1."""
    return coba.Environments.from_lambda(
        n, lambda i, r: None, lambda i, c, r: list(names), lambda i, c, a, r: float(r.random() < MEANS[a]), seed
    )


def evaluated(simulation, learner, **options):
    rows = list(coba.SequentialCB(record=["reward", "action", "probability"], **options).evaluate(simulation, learner))
    return [row["action"] for row in rows], [row["reward"] for row in rows], [row.get("probability") for row in rows]


def own(policy, problem, plays, rewards, seen=None, seed=0):
    """What the policy itself decides where it is paid the same for ``plays``."""
    policy.reset(problem, stream(seed, of="policy"))
    decided = []
    for t, (action, reward) in enumerate(zip(plays, rewards, strict=True)):
        observation = None if seen is None else seen[t]
        decided.append(policy.choose(observation))
        policy.update(observation, action, reward)
    return decided


@pytest.mark.parametrize("make", BOUNDED)
def test_decisions_are_the_policy_s_own(make):
    problem = BanditProblem(n_actions=3, horizon=300)
    names, rewards, _ = evaluated(lotteries()[0], Learner(make(), problem))
    plays = ["abc".index(name) for name in names]
    assert len(plays) == 300
    assert plays == own(make(), problem, plays, rewards)
    assert np.mean(rewards) > 0.5


def test_contexts():
    """As the policy's own decisions, and better than coba's random learner."""
    weights = np.random.default_rng(3).random((4, 2)) / 2
    simulation = coba.Environments.from_lambda(
        300,
        lambda i, r: tuple(r.randoms(2)),
        lambda i, c, r: [0, 1, 2, 3],
        lambda i, c, a, r: float(weights[a] @ np.array(c)),
        5,
    )[0]
    problem = ContextualProblem(n_actions=4, contexts=((0.0, 1.0),) * 2)
    seen = [np.array(one["context"]) for one in simulation.read()]
    plays, rewards, _ = evaluated(simulation, Learner(LinUCB(), box=(0.0, 1.0)))
    assert plays == own(LinUCB(), problem, [int(play) for play in plays], rewards, seen)
    best = np.mean([max(map(one["rewards"], range(4))) for one in simulation.read()])
    random = np.mean(evaluated(simulation, coba.RandomLearner())[1])
    assert np.mean(rewards) - random > 0.5 * (best - random)


def test_features_of_actions_and_contexts_are_those_of_coba_s_own_learners():
    luck = np.random.default_rng(4)
    table = luck.random((60, 3, 2)).tolist()
    weights = np.array([0.6, -0.3])
    simulation = coba.Environments.from_lambda(
        60,
        lambda i: [float(i % 2), 0.5],
        lambda i, c: [tuple(row) for row in table[i]],
        lambda i, c, a: float(weights @ np.array(a)),
    )[0]
    problem = ChangingLinearProblem(n_actions=3, dimension=7, feature_norm=3.0, low=-1.0, noise=0.1)
    actions, rewards, _ = evaluated(simulation, Learner(OFUL(), problem))
    rows = [np.array([[1.0, *a, *np.outer(a, [i % 2, 0.5]).ravel()] for a in table[i]]) for i in range(60)]
    plays = [table[i].index(list(action)) for i, action in enumerate(actions)]
    assert plays == own(OFUL(), problem, plays, rewards, rows)
    alone = ChangingLinearProblem(n_actions=3, dimension=2, feature_norm=2.0, low=-1.0, noise=0.1)
    actions, rewards, _ = evaluated(simulation, Learner(OFUL(), alone, features=("a",)))
    plays = [table[i].index(list(action)) for i, action in enumerate(actions)]
    assert plays == own(OFUL(), alone, plays, rewards, [np.array(rows) for rows in table])
    best = [max(weights @ row for row in np.array(rows)) for rows in table]
    assert np.mean(rewards) > 0.8 * np.mean(best)


ACTIONS = [
    [0, 1],
    [1, 0],
    [2, 1, 0],
    ["a", "b"],
    [(0, 1), (1, 0)],
    [(1, 0, 0), (0, 1, 0), (0, 0, 1)],
    [(0.5, 1.0), (0, 1.0), (1.0, 1.0)],
    [[1, 0], [0, 1]],
    [{"a": 1}, {"b": 1}],
    ["1", 1.5],
    [True, False, 7],
]


@pytest.mark.parametrize("actions", ACTIONS, ids=str)
def test_the_action_is_the_object_that_was_handed_in(actions):
    """coba hands 0 and 1 as floats, and would take (0, 1.0) for a distribution; what came is what goes."""
    problem = BanditProblem(n_actions=len(actions))
    learner = Learner(TsallisINF(), problem, propensities=True)
    safe, handed = coba.SafeLearner(learner), []
    predict = learner.predict
    learner.predict = lambda context, offered: (handed.append(offered), predict(context, offered))[1]
    plays = []
    for t in range(30):
        action, probability, more = safe.predict(None, actions)
        assert any(action is one for one in handed[-1])
        assert not more
        assert 0.0 < probability < 1.0
        safe.learn(None, action, t % 3 / 2, probability)
        plays.append(actions.index(action))
    assert plays == own(TsallisINF(), problem, plays, [t % 3 / 2 for t in range(30)])
    assert len(set(plays)) == len(actions)


def test_lists_may_come_in_any_order():
    orders = [list("abc"), list("cab"), list("bca")]
    simulation = coba.Environments.from_lambda(
        90, lambda i: None, lambda i, c: orders[i % 3], lambda i, c, a: MEANS[a]
    )[0]
    names, rewards, _ = evaluated(simulation, Learner(UCB1()))
    plays = ["abc".index(name) for name in names]
    assert plays == own(UCB1(), BanditProblem(n_actions=3), plays, rewards)


def rewards_of(result, learner, environment=0):
    rows = zip(*result.interactions[["learner_id", "environment_id", "reward"]], strict=True)
    return [reward for *whose, reward in rows if whose == [learner, environment]]


def test_one_object_serves_several_experiments():
    """coba trains the caller's own object where it is used once: each evaluation starts anew all the same."""
    learner = Learner(BetaThompson())
    fresh = [evaluated(lotteries(seed=seed)[0], Learner(BetaThompson()))[1] for seed in (3, 4)]
    for seed, expected in zip((3, 4, 3), (*fresh, fresh[0]), strict=True):
        result = coba.Experiment(lotteries(seed=seed), learner).run(quiet=True)
        assert rewards_of(result, 0) == expected
    both = lotteries(seed=3) + lotteries(seed=4)
    result = coba.Experiment(both, [learner, coba.RandomLearner()]).run(quiet=True)
    assert [rewards_of(result, 0, i) for i in (0, 1)] == fresh
    assert "BetaThompson" in list(result.learners["family"])


def test_several_processes():
    fresh = [evaluated(lotteries(60, seed=seed)[0], Learner(UCB1()))[1] for seed in (3, 4)]
    result = coba.Experiment(lotteries(60, seed=3) + lotteries(60, seed=4), [Learner(UCB1())]).run(
        quiet=True, processes=2
    )
    assert [rewards_of(result, 0, i) for i in (0, 1)] == fresh


def test_a_copy_in_mid_run_goes_on():
    learner = Learner(BetaThompson(), seed=5)
    for t in range(20):
        action = learner.predict(None, ["a", "b"])["action_prob"][0]
        learner.learn(None, action, t % 2, None)
    others = [copy.deepcopy(learner), pickle.loads(pickle.dumps(learner))]
    runs = []
    for one in (learner, *others):
        played = []
        for t in range(30):
            played.append(one.predict(None, ["a", "b"])["action_prob"][0])
            one.learn(None, played[-1], t % 2, None)
        runs.append(played)
    assert runs[0] == runs[1] == runs[2]
    learner.restart()
    assert learner._seat is None


class Skewed(Policy):
    """Draws action i with a probability in proportion to i + 1, and tells it."""

    plays = (BanditProblem,)

    def reset(self, problem, rng):
        self._p, self._rng = np.arange(1.0, problem.n_actions + 1), rng
        self._p /= self._p.sum()

    def choose(self, observation):
        return int(self._rng.choice(self._p.size, p=self._p))

    def update(self, observation, action, feedback):
        pass

    def probabilities(self, observation):
        return self._p.copy()


class Turns(Policy):
    """Plays in turn, by its plays and others'."""

    plays, decided = (BanditProblem,), True

    def reset(self, problem, rng):
        self._n, self._t = problem.n_actions, 0

    def choose(self, observation):
        return self._t % self._n

    def update(self, observation, action, feedback):
        self._t += action + 1


class Silent(Skewed):
    """Does not tell."""

    def probabilities(self, observation):
        raise TypeError("unknown")


def test_scores_and_probabilities():
    """Exact where the policy knows them, else estimated; asking changes no decision, and the order is coba's."""
    learner, alone = (
        Learner(Skewed(), propensities=True),
        own(Skewed(), BanditProblem(n_actions=3), [0] * 20, [0.0] * 20),
    )
    learner.predict(None, list("abc"))
    learner.restart()
    assert [learner.score(None, list("abc"), one) for one in "abc"] == pytest.approx([1 / 6, 2 / 6, 3 / 6])
    assert [learner.score(None, list("cab"), one) for one in "cab"] == pytest.approx([3 / 6, 1 / 6, 2 / 6])
    for choice in alone:
        action, probability = learner.predict(None, list("cba"))["action_prob"]
        assert action == "abc"[choice]
        assert probability == pytest.approx((choice + 1) / 6)
        learner.learn(None, action, 0.0, probability)
    silent = Learner(Silent(), propensities=True, draws=2000)
    assert silent.predict(None, list("abc"))["action_prob"][1] is None
    found = [silent.score(None, list("abc"), one) for one in "abc"]
    assert found == pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=5 * 0.5 / 2000**0.5)
    assert found != pytest.approx([1 / 6, 2 / 6, 3 / 6], abs=1e-6)
    assert Learner(Skewed()).predict(None, ["a"])["action_prob"][1] is None
    turns = Learner(Turns())
    assert [turns.score(None, list("abc"), one) for one in "abc"] == [1.0, 0.0, 0.0]
    assert turns.predict(None, list("abc")) == {"action_prob": ("a", 1.0)}
    with pytest.raises(ValueError, match="one of those offered"):
        turns.score(None, list("abc"), "d")


def test_estimates_of_coba_ask_for_scores():
    """By rejection, and by weights of what was logged: the probabilities, and the state, of the policy alone."""
    logged = lotteries(300).logged(coba.RandomLearner())[0]
    log = list(logged.read())
    rows = list(coba.RejectionCB(cpct=0.0, cinit=1 / 3, seed=1).evaluate(logged, Learner(Skewed())))
    assert np.mean([row["reward"] for row in rows]) == pytest.approx(np.dot([0.2, 0.5, 0.8], [1, 2, 3]) / 6, abs=0.15)
    evaluator = coba.SequentialCB(record=["reward"], learn="off", eval="ips")
    weighted = [row["reward"] for row in evaluator.evaluate(logged, Learner(Turns()))]
    clock, expected = 0, []
    for one in log:
        play = "abc".index(one["action"])
        expected.append(3.0 * one["reward"] * (play == clock % 3))
        clock += play + 1
    assert weighted == pytest.approx(expected)
    assert sum(expected) > 0.0


def test_logs_of_ours_hold_our_probabilities():
    log = list(lotteries(200).logged(Learner(Skewed(), propensities=True))[0].read())
    assert [one["probability"] for one in log] == pytest.approx([("abc".index(one["action"]) + 1) / 6 for one in log])


def test_a_log_alone_is_learned_from():
    """Somebody's plays, without lists of actions and without probabilities; then the policy plays."""
    luck = np.random.default_rng(6)
    plays, rewards = luck.integers(3, size=50).tolist(), luck.random(50).tolist()
    rows = [coba.LoggedInteraction(None, "abc"[play], reward) for play, reward in zip(plays, rewards, strict=True)]
    problem = BanditProblem(n_actions=3)
    learner = Learner(UCB1(), problem)
    learner.score(None, list("abc"), "a")
    for one in rows:
        learner.learn(one["context"], one["action"], one["reward"], None)
    decided = own(UCB1(), problem, [*plays, 0], [*rewards, 0.0])
    assert learner.predict(None, list("cba"))["action_prob"][0] == "abc"[decided[-1]]
    with pytest.raises(ValueError, match="problem must be given"):
        Learner(UCB1()).learn(None, "a", 0.5, None)


def test_fewer_actions_are_repeated_in_turn():
    problem = ChangingLinearProblem(n_actions=4, dimension=2, feature_norm=2.0)
    learner, luck = Learner(OFUL(), problem, features=("a",)), np.random.default_rng(7)
    plays, rewards, seen = [], [], []
    for t in range(40):
        offered = [tuple(row) for row in luck.random((2 + t % 3, 2)).tolist()]
        action = learner.predict(None, offered)["action_prob"][0]
        plays.append(offered.index(action))
        rewards.append(action[0])
        seen.append(np.array([offered[i % len(offered)] for i in range(4)]))
        learner.learn(None, action, action[0], 1.0)
    assert plays == own(OFUL(), problem, plays, rewards, seen)
    alone = (0.25, 0.5)  # without a list, the action played is the only one
    learner.learn(None, alone, 0.5, None)
    twin = OFUL()
    own(twin, problem, [*plays, 0], [*rewards, 0.5], [*seen, np.array([alone] * 4)])
    offered = [tuple(row) for row in luck.random((4, 2)).tolist()]
    assert learner.predict(None, offered)["action_prob"][0] == offered[twin.choose(np.array(offered))]
    assert [learner.score(None, offered[:2], one) for one in offered[:2]] in ([1.0, 0.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="at most 4"):
        learner.predict(None, [*offered, (0.1, 0.1)])


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_batch_is_chosen_before_it_is_learned(size):
    problem = BanditProblem(n_actions=2)
    simulation = lotteries(20, names="ab").batch(size)[0]
    names, rewards, _ = evaluated(simulation, Learner(UCB1()))
    policy, plays = UCB1(), []
    policy.reset(problem, stream(0, of="policy"))
    for start in range(0, 20, size):
        batch = ["ab".index(name) for name in names[start : start + size]]
        assert batch == [policy.choose(None) for _ in batch]
        for play, reward in zip(batch, rewards[start:], strict=False):
            policy.choose(None)
            policy.update(None, play, reward)
        plays += batch
    assert len(plays) == 20
    learner = Learner(Uniform(), problem)
    found = learner.score(Batch.List([None] * 2), Batch.List([["a", "b"]] * 2), Batch.List(["a", "b"]))
    assert len(found) == 2


class Told(OFUL):
    """Notes what it learns from."""

    heard: list = []

    def update(self, observation, action, feedback):
        Told.heard.append((observation.tolist(), action, feedback))
        super().update(observation, action, feedback)


def test_a_batch_is_learned_with_what_was_offered(monkeypatch):
    """coba gives the actions of a batch as a plain tuple, and tries a batch again play by play where that fails."""
    monkeypatch.setattr(Told, "heard", [])
    made = coba.Environments.from_linear_synthetic(12, n_actions=3, n_context_features=0, n_action_features=2, seed=1)
    problem = ChangingLinearProblem(n_actions=3, dimension=2, feature_norm=2.0, low=-2.0, high=2.0, noise=0.1)
    played, paid, _ = evaluated(made.batch(4)[0], Learner(Told(), problem, features=["a"]))
    rounds = list(made[0].read())
    assert [rows for rows, _, _ in Told.heard] == [[list(action) for action in one["actions"]] for one in rounds]
    assert [rows[action] for rows, action, _ in Told.heard] == [list(action) for action in played]
    assert [reward for _, _, reward in Told.heard] == paid
    logged = Learner(UCB1(), BanditProblem(n_actions=2))
    logged.learn(Batch.List([None] * 3), ("a", "b", "a"), Batch.List([1.0, 0.0, 1.0]), None)
    assert logged.predict(None, ["b", "a"])["action_prob"] == ("a", 1.0)


def test_a_reward_that_is_refused_leaves_no_name():
    learner = Learner(UCB1(), BanditProblem(n_actions=2))
    for wrong in (np.nan, "1", None, (1.0, 2.0)):
        with pytest.raises(ValueError, match="finite number"):
            learner.learn(None, f"of {wrong}", wrong, None)
    assert learner.predict(None, ["a", "b"])["action_prob"] == ("a", 1.0)


def test_parameters_do_not_stand_for_the_class():
    assert Learner(KLUCB(), seed=3).params["family"] == "KLUCB"
    assert {"its family", "seed"} <= set(Learner(KLUCB(), seed=3).params)
    assert Learner(KLUCB(), seed=3).params["seed"] == 3


def test_what_is_refused():
    with pytest.raises(ValueError, match="box must be"):
        Learner(LinUCB()).predict((0.5, 0.5), ["a", "b"])
    with pytest.raises(ValueError, match="problem must be given for"):
        Learner(QPMD(UCB1())).predict(None, ["a", "b"])
    for context in (None, "red", {"x": 1.0}, ("red", 1.0)):
        with pytest.raises(ValueError, match="must be made of numbers"):
            Learner(LinUCB(), box=(0.0, 1.0)).predict(context, ["a", "b"])
    with pytest.raises(ValueError, match="must be made of numbers"):
        Learner(OFUL()).predict(None, ["a", "b"])
    with pytest.raises(ValueError, match="finitely many"):
        Learner(UCB1()).predict(None, [])
    for wrong in (["a"], ["a", "a"], ["a", "b", "c"]):
        with pytest.raises(ValueError, match="actions offered"):
            Learner(UCB1(), BanditProblem(n_actions=2)).predict(None, wrong)
    learner = Learner(UCB1())
    learner.predict(None, ["a", "b"])
    with pytest.raises(ValueError, match="the same 2"):
        learner.predict(None, ["a", "c"])
    with pytest.raises(ValueError, match="finite number"):
        learner.learn(None, "a", np.nan, None)
    for arguments, says in (
        (("ucb1",), "policy must"),
        ((UCB1(), "three"), "problem must"),
        ((LinUCB(), BanditProblem(n_actions=2)), "plays"),
        ((UCB1(), None, -1), "seed"),
    ):
        with pytest.raises(ValueError, match=says):
            Learner(*arguments)


@pytest.mark.parametrize(
    "environment",
    [
        BernoulliArms([0.2, 0.7], horizon=40),
        AdversarialArms([[0.1, 0.9, 0.5], [0.2, 0.3, 0.4]]),
        ContextTable([[0.0, 1.0], [0.5, 0.0]], [[0.0], [0.5]]),
        ChangingLinearBandit({"name": "redrawn_sphere", "parameters": {"n_actions": 3, "dimension": 2}}, horizon=30),
        CorruptedArms([0.2, 0.8], budget=5, horizon=30),
    ],
    ids=lambda environment: type(environment).__name__,
)
def test_a_run_of_ours_in_coba(environment):
    """Each interaction has what every action would have been paid in the run, and what is observed."""
    simulation = Simulation(environment, seed=4)
    rounds = list(simulation.read())
    assert rounds == list(simulation.read())
    assert len(rounds) == environment.problem.horizon
    n = environment.problem.n_actions
    for action in range(n):
        run = copy.deepcopy(environment)
        run.begin(run.draw(stream(4, of="environment")))
        for one in rounds:
            seen = run.observe()
            if isinstance(environment, ChangingLinearBandit):
                assert one["actions"] == [tuple(row) for row in seen.tolist()]
            else:
                assert one["actions"] == list(range(n))
            assert one["context"] == (tuple(seen) if isinstance(environment, ContextTable) else None)
            assert one["rewards"][action] == run.transition(action)[0]
    assert simulation.params["env_type"] == type(environment).__name__
    named = Simulation(environment, 4, n=2, actions=list("abcd"[:n]))
    assert [one["actions"] for one in named.read()] == [list("abcd"[:n])] * 2


def test_ours_in_coba_with_ours_is_ours():
    simulation = Simulation(BernoulliArms([0.2, 0.7], horizon=100), seed=4)
    plays, rewards, _ = evaluated(simulation, Learner(UCB1()))
    run, policy = BernoulliArms([0.2, 0.7], horizon=100), UCB1()
    run.begin(run.draw(stream(4, of="environment")))
    policy.reset(run.problem, stream(0, of="policy"))
    policy.advance(run, 100)
    assert run.metrics(np.array([100]))["reward"][0] == sum(rewards)
    assert np.mean(plays) > 0.5


def test_what_is_no_simulation():
    with pytest.raises(ValueError, match="depend on what is played"):
        Simulation(CorruptedArms([0.2, 0.8], budget=5, mode="flip_best", horizon=30))
    for wrong in ("bernoulli", lotteries()[0]):
        with pytest.raises(ValueError, match="environment must"):
            Simulation(wrong)
    with pytest.raises(ValueError, match="n must"):
        Simulation(BernoulliArms([0.2, 0.7], horizon=40), n=41)
    with pytest.raises(ValueError, match="actions must be 2"):
        Simulation(BernoulliArms([0.2, 0.7], horizon=40), actions=["a"])


def brute(table, contexts):
    """The comparators at the end, by hand."""
    kinds = {}
    for row, context in zip(table, contexts, strict=True):
        kinds.setdefault(tuple(context), []).append(row)
    return {
        "best_fixed": max(table.sum(axis=0)),
        "best_each_round": table.max(axis=1).sum(),
        "best_by_context": sum(max(np.sum(rows, axis=0)) for rows in kinds.values()),
        "worst": table.min(axis=1).sum(),
    }


def test_coba_s_contexts_as_an_environment_of_ours():
    luck = np.random.default_rng(8)
    table, contexts = luck.random((60, 3)), luck.integers(0, 3, (60, 2)) * [1.0, 0.0]
    orders = [luck.permutation(3) for _ in range(60)]
    simulation = coba.Environments.from_lambda(
        60,
        lambda i: contexts[i].tolist(),
        lambda i, c: ["xyz"[k] for k in orders[i]],
        lambda i, c, a: float(table[i, "xyz".index(a)]),
    )[0]
    environment = environment_of(simulation)
    assert isinstance(environment, ContextTable)
    assert environment.problem.contexts == ((0.0, 2.0), (0.0, 1.0))
    columns = orders[0]  # arms are numbered as the first list has them
    assert environment.rewards.tolist() == table[:, columns].tolist()
    environment.begin(environment.draw(luck))
    for t in (1, 17, 60):
        found = environment.comparators(np.array([t]))
        assert {key: value[0] for key, value in found.items()} == pytest.approx(brute(table[:t], contexts[:t]))
    check_environment(lambda: environment_of(simulation, n=40))
    assert environment_of(simulation, box=(-1.0, 2.0)).problem.contexts == ((-1.0, 2.0),) * 2
    assert environment_of(simulation, n=7, low=-2.0).problem.low == -2.0
    with pytest.raises(ValueError, match="rewards must lie"):
        environment_of(simulation, low=0.5)


def test_arms_and_features_of_coba_s():
    arms = environment_of(coba.Environments.from_bandit_synthetic(20, n_actions=4, seed=3)[0])
    assert isinstance(arms, AdversarialArms)
    assert arms.problem.n_actions == 4
    simulation = coba.Environments.from_linear_synthetic(
        30, n_actions=3, n_context_features=0, n_action_features=2, seed=2
    )[0]
    environment = environment_of(simulation, features=("a",))
    assert isinstance(environment, FeatureTable)
    rounds = list(simulation.read())
    environment.begin(environment.draw(np.random.default_rng(0)))
    best = 0.0
    for one in rounds:
        assert environment.observe().tolist() == [list(action) for action in one["actions"]]
        paid = [one["rewards"](action) for action in one["actions"]]
        assert environment.transition(1)[0] == paid[1]
        best += max(paid)
    assert environment.comparators(np.array([30]))["best_each_round"][0] == pytest.approx(best)
    check_environment(lambda: environment_of(simulation, features=("a",)))
    with pytest.raises(ValueError, match="the same 3"):
        environment_of(simulation)


def test_tables_of_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"context": [[0.0], [1.0], [0.0]], "actions": [["a", "b"]] * 3, "rewards": [[0, 1], [1, 0], [0.5, 0]]}
    )
    environment = environment_of(coba.Environments.from_dataframe(frame)[0])
    assert environment.rewards.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.5, 0.0]]


def test_what_is_no_environment_of_ours():
    with pytest.raises(ValueError, match="for estimators"):
        environment_of(coba.Environments.from_custom(type("Log", (), {"read": lambda s: [LOGGED], "params": {}})())[0])
    with pytest.raises(ValueError, match="at least one interaction"):
        environment_of(lotteries()[0], n=0)
    with pytest.raises(ValueError, match="finitely many"):
        environment_of(coba.Environments.from_supervised([[1.0], [2.0]], [0.5, 1.5], "r")[0])
    with pytest.raises(ValueError, match=r"environments\[0\]"):
        environment_of(lotteries())


def test_without_coba_the_extra_is_named(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("regretlab.adapters.coba")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "coba", None)
    with pytest.raises(ImportError, match=r"pip install 'regretlab\[simulators\]'"):
        importlib.import_module("regretlab.adapters.coba")


LOGGED = {"context": None, "action": "a", "reward": 1.0}

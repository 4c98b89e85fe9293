"""Named arms, with ``fit`` and ``predict``: decisions are those of the policy in a loop of its own, bit for bit."""

import pickle
from functools import partial

import numpy as np
import pytest

from bandits import (
    UCB1,
    BanditProblem,
    BetaThompson,
    ContextualEpsilonGreedy,
    ContextualProblem,
    EpsilonGreedy,
    Exp3,
    Hedge,
    LinTS,
    LinUCB,
    SlidingWindowUCB,
    SquareCB,
    TsallisINF,
    TsallisINFCB,
)
from bandits.clairvoyant import Clairvoyant
from bandits.seeds import stream
from regretlab.adapters.arms import ArmsLearner

NAMES = ("b", 7, ("c", 1.5))
MEANS = dict(zip(NAMES, (0.2, 0.5, 0.8), strict=True))
ON_ARMS = {
    "ucb1": UCB1,
    "beta_thompson": BetaThompson,
    "epsilon_greedy": EpsilonGreedy,
    "exp3": partial(Exp3, gamma=0.2),
}
ON_CONTEXTS = {"lin_ucb": LinUCB, "epsilon_greedy": ContextualEpsilonGreedy, "lin_ts": LinTS}
BOX = ((0.0, 1.0),)
LUCK = np.random.default_rng(5)
LOG = [(NAMES[i], float(LUCK.random() < MEANS[NAMES[i]])) for i in LUCK.integers(3, size=60)]
SEEN = LUCK.random((60, 1))


def paid(t, name):
    return float(np.random.default_rng([t, 3]).random() < MEANS[name])


def own_run(policy, problem, log, contexts, rounds, seed):
    """What the policy decides in a plain loop, after it was given the decisions of a log."""
    policy.reset(problem, stream(seed, of="policy"))
    found = []
    for t in range(rounds):
        row = None if contexts is None else contexts[t]
        action = policy.choose(row)
        found.append(NAMES[action])
        name, reward = log[t] if t < len(log) else (found[-1], paid(t, found[-1]))
        policy.update(row, NAMES.index(name), reward)
    return found


@pytest.mark.parametrize("make", ON_ARMS.values(), ids=ON_ARMS)
@pytest.mark.parametrize("cold", [False, True])
def test_decisions_are_those_of_the_policy(make, cold):
    """From a log, and from nothing; pickled in the middle, which changes nothing."""
    log = [] if cold else LOG
    learner = ArmsLearner(make(), NAMES, seed=11).fit([name for name, _ in log], [reward for _, reward in log])
    found = [name for name, _ in log]
    for t in range(len(log), 160):
        name = learner.predict()
        learner.partial_fit([name], [paid(t, name)])
        found.append(name)
        if t == 100:
            learner = pickle.loads(pickle.dumps(learner))
    expected = own_run(make(), BanditProblem(n_actions=3), log, None, 160, 11)
    assert found[len(log) :] == expected[len(log) :]
    assert len(set(found[len(log) :])) > 1


@pytest.mark.parametrize("make", ON_CONTEXTS.values(), ids=ON_CONTEXTS)
def test_decisions_on_contexts_are_those_of_the_policy(make):
    learner = ArmsLearner(make(), NAMES, contexts=BOX, seed=3)
    learner.fit([name for name, _ in LOG[:30]], [reward for _, reward in LOG[:30]], SEEN[:30])
    found = []
    for t in range(30, 60):
        found.append(learner.predict(SEEN[t]))
        learner.partial_fit(found[-1:], [paid(t, found[-1])], SEEN[t : t + 1])
    problem = ContextualProblem(n_actions=3, contexts=BOX)
    assert found == own_run(make(), problem, LOG[:30], SEEN, 60, 3)[30:]


def test_a_choice_for_another_context_is_not_taken_for_this_one():
    """What is learned after several predictions is a round with a choice in the context of its own: one more draw."""
    learner = ArmsLearner(LinTS(), NAMES, contexts=BOX).fit(NAMES[:1], [1.0], [[0.1]])
    assert len(learner.predict([[0.1], [0.9], [0.9]])) == 3
    learner.partial_fit(NAMES[:2], [0.0, 1.0], [[0.1], [0.9]])
    policy = LinTS()
    policy.reset(ContextualProblem(n_actions=3, contexts=BOX), stream(0, of="policy"))
    plays = [(0.1, 0, 1.0), (0.1, None, None), (0.9, None, None), (0.9, None, None), (0.1, 0, 0.0), (0.9, 1, 1.0)]
    for context, action, reward in plays:
        policy.choose(context)
        if action is not None:
            policy.update(context, action, reward)
    asked = np.linspace(0.0, 1.0, 40)
    assert learner.predict(asked[:, None]) == [NAMES[policy.choose(context)] for context in asked]


@pytest.mark.parametrize("make", [TsallisINF, TsallisINFCB])
def test_a_policy_of_its_own_draws_plays_one_by_one_and_refuses_a_log(make):
    boxes = BOX if make is TsallisINFCB else None
    contexts = [None if boxes is None else SEEN[t : t + 1] for t in range(60)]
    learner = ArmsLearner(make(), NAMES, contexts=boxes).fit([], [])
    found = []
    for t in range(60):
        found += learner.predict(contexts[t]) if boxes else [learner.predict()]
        learner.partial_fit(found[-1:], [paid(t, found[-1])], contexts[t])
    problem = ContextualProblem(n_actions=3, contexts=BOX)
    assert found == own_run(make(), problem, [], SEEN, 60, 0)
    before = pickle.dumps(learner)
    with pytest.raises(RuntimeError, match="not owed"):
        learner.partial_fit(NAMES, [0.0, 0.0, 0.0], None if boxes is None else SEEN[:3])
    twin = pickle.loads(before)
    assert [learner.predict(contexts[0]) for _ in range(30)] == [twin.predict(contexts[0]) for _ in range(30)]
    if boxes:
        assert learner.expectations_ == "probabilities"
        for table, row in zip(learner.predict_expectations(SEEN[:4]), learner.predict_proba(SEEN[:4]), strict=True):
            assert list(table.values()) == row.tolist()
            assert sum(row) == pytest.approx(1.0)


def test_expectations_are_what_they_say():
    names, rewards = [n for n, _ in LOG], [r for _, r in LOG]
    means = {name: np.mean([r for n, r in LOG if n == name]) for name in NAMES}
    for policy in (UCB1(), SlidingWindowUCB(window=5)):
        learner = ArmsLearner(policy, (*NAMES, "cold")).fit(names, rewards)
        found = learner.predict_expectations()
        assert learner.expectations_ == "means"
        assert {n: found[n] for n in NAMES} == pytest.approx(means, abs=1e-12)
        assert np.isnan(found["cold"])


@pytest.mark.parametrize("make", [partial(LinUCB, n_features=2), partial(SquareCB, scale=1.0)])
def test_estimates_are_those_of_the_model(make):
    """Ridge regression of the losses ``high - reward`` on Chebyshev features, solved anew."""
    rewards = [2.0 * r - 1.0 for _, r in LOG]
    learner = ArmsLearner(make(), NAMES, low=-1.0, high=1.0, contexts=BOX).fit([n for n, _ in LOG], rewards, SEEN)
    degrees = 2 if make.func is LinUCB else 6
    features = np.polynomial.chebyshev.chebvander(2.0 * SEEN[:, 0] - 1.0, degrees - 1)
    found = learner.predict_expectations(SEEN[:3])
    assert learner.expectations_ == "estimates"
    for name in NAMES:
        own = np.array([n == name for n, _ in LOG])
        F, losses = features[own], 1.0 - np.array(rewards)[own]
        theta = np.linalg.solve(np.eye(degrees) + F.T @ F, F.T @ losses)
        assert [row[name] for row in found] == pytest.approx(1.0 - features[:3] @ theta, abs=1e-9)


def test_probabilities_are_in_the_order_of_the_arms():
    learner = ArmsLearner(EpsilonGreedy(), NAMES).fit([n for n, _ in LOG], [r for _, r in LOG])
    before = pickle.dumps(learner)
    found = learner.predict_proba()
    assert pickle.dumps(learner) == before
    drawn = [learner.predict() for _ in range(2000)]
    shares = np.array([drawn.count(name) / 2000 for name in learner.arms_])
    assert np.abs(shares - found).max() < 5 * np.sqrt(0.25 / 2000)
    assert found.argmax() == 2


@pytest.mark.parametrize("make", [UCB1, BetaThompson])
def test_arms_come_and_go_as_in_a_fit_on_all_rows(make):
    names, rewards = [n for n, _ in LOG], [r for _, r in LOG]
    changed = (
        ArmsLearner(make(), NAMES, remember=True).fit(names[:40], rewards[:40]).partial_fit(names[40:], rewards[40:])
    )
    changed.add_arm("new")
    assert changed.get_params()["arms"] == changed.arms_ == [*NAMES, "new"]
    anew = ArmsLearner(make(), [*NAMES, "new"]).fit(names, rewards)
    assert [changed.predict() for _ in range(20)] == [anew.predict() for _ in range(20)]
    changed.remove_arm(7)
    rest = [(n, r) for n, r in LOG if n != 7]
    anew = ArmsLearner(make(), [NAMES[0], NAMES[2], "new"]).fit([n for n, _ in rest], [r for _, r in rest])
    assert [changed.predict() for _ in range(20)] == [anew.predict() for _ in range(20)]
    with pytest.raises(ValueError, match=r"decisions\[0\] must be one of .*got 7"):
        changed.partial_fit([7], [1.0])


def test_arms_come_and_go_on_contexts_in_the_boxes_of_the_first_rows():
    learner = ArmsLearner(LinUCB(), NAMES, remember=True).fit([n for n, _ in LOG], [r for _, r in LOG], SEEN)
    low, high = SEEN.min(), SEEN.max()
    boxes = ((low - (high - low) / 2, high + (high - low) / 2),)
    anew = ArmsLearner(LinUCB(), [*NAMES, 0], contexts=boxes).fit([n for n, _ in LOG], [r for _, r in LOG], SEEN)
    learner.add_arm(0)
    assert learner.predict_expectations(SEEN[:2]) == anew.predict_expectations(SEEN[:2])
    constant = ArmsLearner(LinUCB(), NAMES).fit(NAMES[:2], [0.0, 1.0], [[4.0], [4.0]])
    same = ArmsLearner(LinUCB(), NAMES, contexts=((2.0, 6.0),)).fit(NAMES[:2], [0.0, 1.0], [[4.0], [4.0]])
    assert constant.predict_expectations([2.5]) == same.predict_expectations([2.5])


def test_arms_change_before_anything_is_learned_and_are_refused_where_nothing_is_remembered():
    learner = ArmsLearner(UCB1(), ["a"]).add_arm("b").remove_arm("a").add_arm("c")
    assert learner.fit([], []).add_arm("d").arms_ == ["b", "c", "d"]
    learner.partial_fit(["b"], [1.0])
    before = pickle.dumps(learner)
    with pytest.raises(ValueError, match=r"remember must be true from fit on for add_arm .* got false"):
        learner.add_arm("e")
    with pytest.raises(ValueError, match="remember must be true from fit on"):
        pickle.loads(before).set_params(remember=True).partial_fit(["c"], [1.0]).remove_arm("b")
    for arm, message in (("z", "arm must be one of"), (["b"], "arm must be one of")):
        with pytest.raises(ValueError, match=message):
            learner.remove_arm(arm)
    with pytest.raises(ValueError, match="different ones, got 'b'"):
        learner.add_arm("b")
    assert pickle.dumps(learner) == before


FITTED = ArmsLearner(EpsilonGreedy(), ["a", "b"]).fit(["a", "b"], [0.0, 1.0])
SEEING = ArmsLearner(LinUCB(), ["a", "b"], contexts=((0.0, 1.0), (0.0, 2.0))).fit(["a"], [1.0], [[0.5, 1.5]])
NAN = float("nan")


@pytest.mark.parametrize(
    ("learner", "given", "message"),
    [
        (FITTED, (["a", "B"], [0.0, 0.0]), r"decisions\[1\] must be one of \['a', 'b'\], got 'B' \(did you mean 'b'"),
        (FITTED, (["a", ["b"]], [0.0, 0.0]), r"decisions\[1\] must be one of"),
        (FITTED, (["a", None], [0.0, 0.0]), r"decisions\[1\] must be one of"),
        (FITTED, ("ab", [0.0, 0.0]), "decisions must be a list"),
        (FITTED, (np.array([["a", "b"]]), [0.0]), "decisions must be a list"),
        (FITTED, (["a", "b"], [0.0, NAN]), "rewards must be finite numbers, got nan in row 1"),
        (FITTED, (["a", "b"], [0.0, float("inf")]), "rewards must be finite numbers, got inf in row 1"),
        (FITTED, (["a", "b"], ["0", "1"]), "rewards must be finite numbers"),
        (FITTED, (["a", "b"], [0.0]), r"rewards must have shape \(2,\), one a decision, got \(1,\)"),
        (FITTED, (["a"], [[0.0]]), r"rewards must have shape \(1,\)"),
        (FITTED, (["a"], [0.0], [[1.0]]), "contexts must be None, as EpsilonGreedy looks at none"),
        (SEEING, (["a"], [0.0]), "contexts must be given, as LinUCB looks at them"),
        (SEEING, (["a", "b"], [0.0, 1.0], [[0.5, 0.5]]), r"contexts must have 2 row\(s\), one a decision, got 1"),
        (SEEING, (["a"], [0.0], [[0.5]]), r"contexts must have 2 column\(s\), got 1"),
        (SEEING, (["a"], [0.0], [[0.5, NAN]]), "contexts must be finite numbers, got nan in row 0, column 1"),
        (SEEING, (["a", "a"], [0.0, 1.0], [[0.5, 0.5], [1.5, 0.5]]), r"contexts, row 1: .*\[0, 1\], got 1.5"),
        (SEEING, (["a"], [0.0], [[["x"]]]), "contexts must be a table"),
    ],
)
def test_wrong_rows_are_refused_and_change_nothing(learner, given, message):
    before = pickle.dumps(learner)
    for learn in (learner.fit, learner.partial_fit):
        with pytest.raises(ValueError, match=message):
            learn(*given)
    assert pickle.dumps(learner) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"arms": []}, "arms must be at least one name"),
        ({"arms": "ab"}, "arms must be a list"),
        ({"arms": ["a", ["b"]]}, r"hashable, got \['b'\] at place 1"),
        ({"arms": ["a", None]}, "other than None"),
        ({"arms": ["a", NAN]}, "other than NaN"),
        ({"arms": [1, True]}, "different ones, got True at place 1"),
        ({"arms": iter("ab")}, "arms must be read more than once, as a list can be"),
        ({"policy": "ucb"}, "policy: unknown policy 'ucb'"),
        (
            {"policy": Hedge()},
            "policy must play BanditProblem or ContextualProblem, got Hedge, which plays FullFeedbackProblem",
        ),
        ({"policy": Clairvoyant("best_arm")}, "policy must not know the run"),
        ({"low": 2.0}, "low must be below high"),
        ({"low": -np.inf, "high": np.inf}, "rewards are unbounded"),
        ({"remember": 1}, "remember must be true or false"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"policy": LinUCB()}, "contexts must be given, as LinUCB"),
        ({"policy": LinUCB(), "contexts": 1.0}, "contexts must be intervals"),
        ({"policy": LinUCB(), "contexts": [(1.0, 0.0)]}, r"contexts\[0\] must be two numbers, ascending"),
    ],
)
def test_wrong_parameters_are_refused_in_fit(arguments, message):
    learner = ArmsLearner(**{"policy": UCB1(), "arms": ["a", "b"], **arguments})
    with pytest.raises(ValueError, match=message):
        learner.fit([], [])
    with pytest.raises(AttributeError, match="cannot predict before fit"):  # of whichever class there is
        learner.predict()


def test_no_rows_teach_nothing():
    for learner in (FITTED, SEEING):
        before = pickle.dumps(learner)
        learner.partial_fit([], [])
        assert pickle.dumps(learner) == before
    assert SEEING.predict(np.empty((0, 2))) == []
    assert SEEING.predict_proba(np.empty((0, 2))).shape == (0, 2)


def test_a_round_that_the_policy_refuses_leaves_the_ones_before_unlearned():
    """Of several rows at once: all of them, or none."""

    class Moody(UCB1):
        def learn(self, action, reward):
            if reward == 0.25:
                raise ValueError("not this one")
            super().learn(action, reward)

    learner = ArmsLearner(Moody(), ["a", "b"]).fit(["a"], [1.0])
    before = learner.predict_expectations()["a"], learner.predict()
    with pytest.raises(ValueError, match="not this one"):
        learner.partial_fit(["a", "b"], [0.0, 0.25])
    assert (learner.predict_expectations()["a"], learner.predict()) == before
    with pytest.raises(ValueError, match="not this one"):
        learner.fit(["a", "b"], [0.0, 0.25])
    assert (learner.predict_expectations()["a"], learner.predict()) == before


def test_parameters_are_kept_as_given():
    policy, arms = UCB1(), ["a", "b"]
    learner = ArmsLearner(policy, arms).fit(["a", "b", "a"], [0.0, 1.0, 0.0])
    assert learner.policy is policy
    assert learner.get_params()["arms"] is arms
    assert not hasattr(policy, "_arm")
    assert learner.set_params(seed=4, high=2.0).get_params()["high"] == 2.0
    with pytest.raises(ValueError, match="unknown parameter 'hi'"):
        learner.set_params(seed=5, hi=3.0)
    assert learner.seed == 4


def test_scikit_learn_clones_it_and_knows_its_errors():
    sklearn = pytest.importorskip("sklearn")
    from sklearn.base import clone
    from sklearn.exceptions import NotFittedError as Theirs
    from sklearn.utils.validation import check_is_fitted

    learner = ArmsLearner("ucb1", ["a", "b"], high=2.0)
    assert sklearn.__version__
    with pytest.raises(Theirs, match="cannot predict before fit"):
        learner.predict()
    with pytest.raises(Theirs):
        check_is_fitted(learner)
    learner.fit(["a"], [1.0])
    check_is_fitted(learner)
    copied = clone(learner)
    assert copied.get_params() == learner.get_params()
    with pytest.raises(Theirs, match="cannot predict_proba before fit"):
        copied.predict_proba()


def test_columns_of_tables_are_read_by_name():
    pandas = pytest.importorskip("pandas")
    names, rewards = [n for n, _ in LOG[:40]], [r for _, r in LOG[:40]]
    contexts = np.column_stack([SEEN[:40, 0], np.linspace(3.0, 9.0, 40)])
    plain = ArmsLearner(LinUCB(), NAMES).fit(names, rewards, contexts)
    table = pandas.DataFrame({"played": pandas.Series(names, dtype=object), "paid": rewards, "x": contexts[:, 0]})
    table["y"] = contexts[:, 1]
    named = ArmsLearner(LinUCB(), NAMES).fit(table["played"], table["paid"], table[["x", "y"]])
    assert named.feature_names_in_.tolist() == ["x", "y"]
    assert named.n_features_in_ == plain.n_features_in_ == 2
    expected = plain.predict_expectations(contexts[:5])
    assert named.predict_expectations(table[["y", "x"]].head()) == expected
    assert named.predict_expectations(contexts[:5]) == expected
    assert named.predict_expectations(table[["y", "x"]].iloc[2]) == expected[2]
    assert named.predict(table[["y", "x"]].head()) == plain.predict(contexts[:5])
    declared = ArmsLearner(LinUCB(), NAMES, contexts={"y": (3.0, 9.0), "x": (0.0, 1.0)})
    declared.fit(table["played"], table["paid"], table[["x", "y"]])
    assert declared.feature_names_in_.tolist() == ["y", "x"]
    ordered = ArmsLearner(LinUCB(), NAMES, contexts=((3.0, 9.0), (0.0, 1.0))).fit(names, rewards, contexts[:, ::-1])
    assert declared.predict_expectations(table[["x", "y"]].head()) == ordered.predict_expectations(contexts[:5, ::-1])
    with pytest.raises(ValueError, match="contexts must name x, y, in any order: it lacks y, it has z besides"):
        named.predict(table[["x", "y"]].rename(columns={"y": "z"}))
    with pytest.raises(ValueError, match="rewards must have its rows in the order of decisions"):
        named.partial_fit(table["played"], table["paid"].sample(frac=1.0, random_state=1), table[["x", "y"]])
    with pytest.raises(ValueError, match=r"decisions\[3\] must be one of"):
        named.partial_fit(table["played"].where(table.index != 3), table["paid"], table[["x", "y"]])


@pytest.mark.parametrize("dtype", ["category", "str", "int64"])
def test_names_of_any_column(dtype):
    pandas = pytest.importorskip("pandas")
    names = [3, 1, 2] if dtype == "int64" else ["c", "a", "b"]
    decisions = pandas.Series(names * 4).astype(dtype)
    rewards = [0.0, 1.0, 0.0] * 4
    for column in (decisions, decisions.to_numpy(), decisions.tolist()):
        learner = ArmsLearner(UCB1(), pandas.Series(names).unique()).fit(column, pandas.Series(rewards))
        assert learner.predict_expectations() == dict(zip(names, [0.0, 1.0, 0.0], strict=True))
        assert learner.predict() == names[1]
        assert type(learner.predict()) in (int, str)


def test_beside_mabwiser():
    """Their greedy policy's expectations are means, as ours; their UCB1 ignores an arm that was never played."""
    mabwiser = pytest.importorskip("mabwiser.mab")
    names, rewards = ["a", "b", "a", "b", "a"], [1, 0, 0, 0, 1]
    theirs = mabwiser.MAB(["a", "b", "cold"], mabwiser.LearningPolicy.EpsilonGreedy(epsilon=0.0), seed=1)
    theirs.fit(names, rewards)
    ours = ArmsLearner(UCB1(), ["a", "b", "cold"]).fit(names, rewards)
    found = theirs.predict_expectations()
    assert {n: found[n] for n in "ab"} == pytest.approx({n: ours.predict_expectations()[n] for n in "ab"})
    theirs = mabwiser.MAB(["a", "b", "cold"], mabwiser.LearningPolicy.UCB1(alpha=1.0), seed=1)
    theirs.fit(names, rewards)
    assert theirs.predict() == "a"
    assert ours.predict() == "cold"

"""The reduction and its baselines on regression: oracles, a plain reference, invariants, the contract."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.checks import check_policy
from bandits.groupwise.cells import GroupCells
from bandits.groupwise.global_learner import GlobalLearner
from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.per_group import PerGroup
from bandits.groupwise.problem import RegressionProblem, Round, Rows
from environments.groupwise.data import grouped_data
from environments.groupwise.regression import GroupedRegression
from environments.groupwise.synthetic import SyntheticGroups


def now(environment):
    """The metrics so far."""
    return {name: float(values[0]) for name, values in environment.metrics(np.array([environment.clock])).items()}


def ridge(penalty):
    return {"name": "oridge", "parameters": {"penalty": penalty}}


class Last:
    """A user's learner: the last label."""

    def __init__(self):
        self.last = 0.0

    def predict(self, x):
        return self.last

    def update(self, x, y):
        self.last = y


def test_a_learner_of_the_users_own_keeps_the_contract():
    check_policy(lambda: Groupwise(Last), lambda: SyntheticGroups(horizon=150, features=3))


STREAM = {
    "global": (GlobalLearner, (1.9516141645, 0.9897507104, 3.3634659854)),
    "expected": (Groupwise, (1.6534457853, 1.1905045193, 3.1954230057)),
    "mixture": (lambda: Groupwise(play="mixture"), (1.5701940334, 1.1489868992, 3.0852710660)),
    "vaw": (lambda: Groupwise("vaw"), (2.0681569733, 1.6491957573, 4.0431149832)),
    "global vaw": (lambda: GlobalLearner("vaw"), (2.0885286858, 1.3441797801, 3.9227724948)),
}


@pytest.mark.parametrize("name", STREAM)
def test_small_stream(name, stream, play):
    make, losses = STREAM[name]
    assert list(play(stream, make()).values()) == pytest.approx(losses, abs=1e-9)


def test_small_stream_states(stream, play):
    policy = Groupwise()
    play(stream, policy)
    assert policy._meta.regrets == pytest.approx([0.2844564845, -0.2685077784, -0.1680429797], abs=1e-9)
    best = [-v[0] for v in stream.comparators(np.array([60])).values()][:3]
    assert best == pytest.approx([0.6641958787, 0.6160240715, 2.6408380663], abs=1e-9)
    excess, determinant = stream.instance().ridge("always_on", np.array([60.0]), 1.0)
    assert determinant[0] == pytest.approx(8.277952845011, rel=1e-11)
    assert excess[0] + best[2] == pytest.approx(2.8705818543245, rel=1e-11)
    policy = GlobalLearner()
    policy.reset(stream.problem, np.random.default_rng(0))
    values, _ = policy.play_rows(Rows(stream._X[:4], stream._groups[:4], stream._y[:4]))
    assert values[:, 0] == pytest.approx([0.0, 0.046875, 0.1065263191, 0.3326661484], abs=1e-10)


def reference(data, clip, play, fallback=0.0):
    """Line by line from the paper, with a solve from scratch in every round; losses of each round."""
    X, y, groups = data.contexts, data.labels, data.groups
    G, d = groups.shape[1], X.shape[1]
    A, b = [np.eye(d) for _ in range(G)], [np.zeros(d) for _ in range(G)]
    R, C, losses = np.zeros(G), np.zeros(G), []

    def phi(r, c):
        return math.exp(max(r, 0.0) ** 2 / (3.0 * c))

    for t in range(len(y)):
        S = np.flatnonzero(groups[t])
        if len(S) == 0:
            losses.append((fallback - y[t]) ** 2)
            continue
        guess = np.array([X[t] @ np.linalg.solve(A[g], b[g]) for g in S])
        guess = np.clip(guess, *clip) if clip else guess
        w = np.array([phi(R[g] + 1, C[g] + 1) - phi(R[g] - 1, C[g] + 1) for g in S])
        p = w / w.sum() if w.sum() > 0 else np.full(len(S), 1 / len(S))
        loss = (guess - y[t]) ** 2
        losses.append(p @ loss if play == "expected" else (p @ guess - y[t]) ** 2)
        R[S] += p @ loss - loss
        C[S] += np.abs(p @ loss - loss)
        for g in S:
            A[g] += np.outer(X[t], X[t])
            b[g] += y[t] * X[t]
    return np.array(losses)


@pytest.mark.parametrize("clip", [None, [0.0, 1.0]])
@pytest.mark.parametrize("mode", ["expected", "mixture"])
def test_against_a_plain_loop(clip, mode, play):
    rng = np.random.default_rng(1)
    groups = rng.random((200, 3)) < 0.4
    assert not groups.any(axis=1).all()
    data = grouped_data(rng.random((200, 4)), rng.random(200), groups, ["a", "b", "c"], always_on=False)
    environment = GroupedRegression(data, "given")
    losses = reference(data, clip, mode, fallback=0.5)
    found = play(environment, Groupwise(clip=clip, play=mode, fallback=0.5))
    assert -now(environment)["reward"] == pytest.approx(losses.sum(), rel=1e-10)
    for i, g in enumerate("abc"):
        assert found[g] == pytest.approx(losses[groups[:, i]].sum(), rel=1e-10)


@pytest.mark.parametrize("copies", [1, 4])
def test_copies_of_one_group_play_like_one_learner(copies, play):
    rng = np.random.default_rng(2)
    names = [f"g{i}" for i in range(copies)]
    data = grouped_data(rng.random((80, 3)), rng.random(80), np.ones((80, copies)), names, always_on=False)
    environment = GroupedRegression(data)
    one, many = play(environment, GlobalLearner()), play(environment, Groupwise())
    assert list(many.values()) == pytest.approx(list(one.values()), rel=1e-12)


def test_disjoint_groups_play_their_own_learners(play):
    rng = np.random.default_rng(3)
    which = rng.integers(0, 3, 120)
    data = grouped_data(rng.random((120, 3)), rng.random(120), np.eye(3)[which], ["a", "b", "c"], always_on=False)
    environment = GroupedRegression(data)
    together = play(environment, Groupwise())
    for g in "abc":
        assert together[g] == play(environment, PerGroup(g))[g]
    cells = play(environment, GroupCells())
    assert cells == together


def test_order_of_groups_and_empty_groups_do_not_matter(play, random_data):
    data = random_data(4)
    plain = play(GroupedRegression(data), Groupwise())
    turned = grouped_data(data.contexts, data.labels, data.groups[:, [2, 0, 3, 1]], ["g2", "g0", "g3", "g1"])
    again = play(GroupedRegression(turned), Groupwise())
    assert all(again[g] == pytest.approx(plain[g], rel=1e-10) for g in plain)
    members = np.column_stack([np.zeros(150), data.groups])
    with pytest.warns(UserWarning, match="groups without any row"):
        more = grouped_data(data.contexts, data.labels, members, ["nobody", *data.names])
    found = play(GroupedRegression(more), Groupwise())
    assert all(found[g] == pytest.approx(plain[g], rel=1e-12) for g in plain)


def test_later_rounds_do_not_touch_earlier_ones(random_data):
    data = random_data(5)
    labels = data.labels.copy()
    labels[100:] = 1.0 - labels[100:]
    runs = []
    for y, n in ((data.labels, 150), (labels, 150), (data.labels, 100)):
        policy = Groupwise()
        policy.reset(GroupedRegression(data).problem, np.random.default_rng(0))
        runs.append(policy.play_rows(Rows(data.contexts[:n], data.groups[:n], y[:n])))
    for k in (0, 1):
        assert np.array_equal(runs[0][k][:101], runs[1][k][:101])
        assert np.array_equal(runs[0][k][:100], runs[2][k])


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, [0.0, 1.0]]))
@settings(deadline=None, max_examples=20)
def test_lotteries(random_data, seed, clip):
    """Weights are a distribution over the learners awake; the average costs no more than the lottery, round by
    round."""
    data = random_data(seed, n=60, share=0.3)
    environment = GroupedRegression(data)
    rows = Rows(data.contexts, data.groups, data.labels)
    plays = {}
    for play in ("expected", "mixture"):
        policy = Groupwise(clip=clip, play=play, expert_groups=["g0", "g1", "g2"])
        policy.reset(environment.problem, np.random.default_rng(0))
        values, weights = policy.play_rows(rows)
        plays[play] = np.sum(weights * (values - data.labels[:, None]) ** 2, axis=1)
        if play == "expected":
            assert np.all(weights >= 0)
            assert weights.sum(axis=1) == pytest.approx(np.ones(60))
            awake = data.groups[:, :3]
            assert not weights[:, :3][awake == 0].any()
            assert np.array_equal(weights[:, 3] == 1.0, ~awake.any(axis=1))
    assert np.all(plays["mixture"] <= plays["expected"] + 1e-12)


def test_sampling_averages_to_the_expected_loss(stream, play):
    expected = play(stream, Groupwise())["always_on"]
    losses = [play(stream, Groupwise(play="sample"), seed=s)["always_on"] for s in range(300)]
    error = np.std(losses) / math.sqrt(300)
    assert error > 0
    assert abs(np.mean(losses) - expected) <= 4 * error


def test_fallback(play, random_data):
    data = random_data(6)
    environment = GroupedRegression(data, "given")
    play(environment, PerGroup("g1", fallback=0.25))
    inside = data.groups[:, 1] == 1
    outside = np.sum((0.25 - data.labels[~inside]) ** 2)
    assert -now(environment)["reward"] - -now(environment)["reward in g1"] == pytest.approx(outside)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"base_learner": "ridge"}, r"base_learner: unknown base learner 'ridge' .*known: ogd, oridge, vaw"),
        ({"base_learner": ridge(0.0)}, "base_learner: penalty must be a finite number in"),
        ({"base_learner": ridge(float("nan"))}, "base_learner: penalty must be a finite number in"),
        ({"clip": [1.0, 1.0]}, "clip must have its low end below its high end"),
        ({"clip": [0.0]}, "clip must be None or"),
        ({"base_learner": {"name": "ogd", "parameters": {"diameter": -1.0}}}, "base_learner: diameter must be"),
        ({"base_learner": {"name": "ogd", "parameters": {"norm": 0.0}}}, "base_learner: norm must be"),
        ({"meta": "hedge"}, "meta: unknown meta learner 'hedge'.*known: adanormalhedge, hedge_sleeping"),
        ({"play": "averaged"}, "play must be one of expected, sample, mixture"),
        ({"loss_scale": 0.0}, "loss_scale must be"),
        ({"fallback": float("inf")}, "fallback must be"),
    ],
)
def test_parameters_are_checked(arguments, what):
    with pytest.raises(ValueError, match=what):
        Groupwise(**arguments)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (
            {"expert_groups": ["eve"]},
            r"expert_groups names the group 'eve' \(did you mean 'even'\?\); known: even, div3",
        ),
        ({"expert_groups": []}, "expert_groups must be at least one name"),
        ({"expert_groups": ["even", "even"]}, "none twice"),
        ({"prior": [1.0, 2.0]}, "prior must hold 3 positive weights"),
        ({"prior": [1.0, 0.0, 2.0]}, r"prior\[1\] must be a finite number in \(0, inf\), got 0"),
    ],
)
def test_the_problem_is_checked(arguments, what, stream):
    with pytest.raises(ValueError, match=what):
        Groupwise(**arguments).reset(stream.problem, np.random.default_rng(0))


def test_use_is_checked(stream):
    policy = Groupwise()
    with pytest.raises(ValueError, match="dimension must be a whole number >= 1, got 0"):
        RegressionProblem(groups=("a",), dimension=0)
    with pytest.raises(ValueError, match="contexts must hold 2 ranges or none, got 1"):
        RegressionProblem(groups=("a",), dimension=2, contexts=((0.0, 1.0),))
    with pytest.raises(ValueError, match="fixes its learning rate by the horizon"):
        Groupwise(meta="hedge_sleeping").reset(RegressionProblem(groups=("a",), dimension=2), np.random.default_rng(0))
    policy.reset(stream.problem, np.random.default_rng(0))
    on = np.ones(3, np.int8)
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose"):
        policy.update(Round(np.ones(3), on), None, 1.0)
    with pytest.raises(ValueError, match=r"the context must have shape \(3,\), got \(2,\)"):
        policy.choose(Round(np.ones(2), on))
    with pytest.raises(ValueError, match="the context must be finite, got nan in column 1"):
        policy.choose(Round(np.array([1.0, np.nan, 0.0]), on))
    with pytest.raises(ValueError, match="groups must be 3 numbers"):
        policy.choose(Round(np.ones(3), on[:2]))
    observation = Round(np.ones(3), on)
    action = policy.choose(observation)
    for label in (float("nan"), np.inf, np.zeros(3)):
        with pytest.raises(ValueError, match="the label must be a finite number"):
            policy.update(observation, action, label)
    policy.update(observation, action, 0.5)
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose"):
        policy.update(observation, action, 0.5)

"""The bounds of the reduction on regression: against curves, by hand, against their own comparators, an adversary."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from bandits.contract import Instance
from bandits.groupwise.cells import GroupCells
from bandits.groupwise.global_learner import GlobalLearner
from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.per_group import PerGroup
from bandits.groupwise.problem import RegressionProblem, Round
from environments.groupwise.data import grouped_data
from environments.groupwise.regression import GroupedRegression
from environments.groupwise.synthetic import SyntheticGroups


def descent(diameter):
    return {"name": "ogd", "parameters": {"diameter": diameter}}


def ridge(penalty):
    return {"name": "oridge", "parameters": {"penalty": penalty}}


@pytest.mark.parametrize("learner", ["oridge", "vaw", "ogd"])
@pytest.mark.parametrize("order", ["shuffled", "ascending"])
def test_every_bound_holds(learner, order, play):
    environment = SyntheticGroups(
        "dperm", horizon=2000, features=4, order=order, sort_by="green" if order != "shuffled" else None
    )
    policy = Groupwise(descent(6.0) if learner == "ogd" else learner, clip=[0.0, 1.0])
    times = np.unique(np.geomspace(1, 2000, 30).astype(np.int64))
    environment.begin(environment.draw(np.random.default_rng(7)))
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 2000)
    series, best = environment.metrics(times), environment.comparators(times)
    bounds = policy.regret_bounds(environment.problem, environment.instance())
    assert len(bounds) == 12
    for bound in bounds:
        g = bound.comparator_class.removeprefix("best in ")
        regret, limit = best[f"best in {g}"] - series[f"reward in {g}"], bound.curve(times.astype(float))
        assert bound.holds, bound.assumptions
        if bound.time != "at the horizon":
            assert np.all(regret <= limit + 1e-9), bound.name
        assert regret[-1] <= limit[-1], bound.name
        assert (bound.time == "at the horizon") == (learner == "ogd")
    for wide, narrow in zip(bounds[::2], bounds[1::2], strict=True):
        assert wide.curve(times.astype(float))[-1] >= narrow.curve(times.astype(float))[-1]


def test_the_a_priori_bound_by_hand(stream, play):
    policy = Groupwise(clip=[0.0, 1.0])
    play(stream, policy)
    bound = policy.regret_bounds(stream.problem, stream.instance())[0]
    X, y = stream.data.contexts[::2], stream.data.labels[::2]
    theta = np.linalg.solve(np.eye(3) + X.T @ X, X.T @ y)
    excess = theta @ theta + np.sum((y - X @ theta) ** 2) - 0.6641958787
    norm = np.max(np.sum(stream.data.contexts**2, axis=1))
    mixing = math.sqrt(3 * 30 * (math.log(3) + math.log(2.5 + 1.5 * math.log(61))))
    assert bound.curve(np.array([60.0]))[0] == pytest.approx(
        excess + 3 * math.log(1 + 30 * norm / 3) + mixing, rel=1e-8
    )


def hindsight_value(X, y, comparator):
    """What the comparator loses, by a general solver or a linear system."""
    if "penalty" in comparator:
        theta = np.linalg.solve(comparator["penalty"] * np.eye(X.shape[1]) + X.T @ X, X.T @ y)
        return comparator["penalty"] * theta @ theta + np.sum((y - X @ theta) ** 2)
    theta = np.linalg.lstsq(X, y, rcond=None)[0]
    if np.linalg.norm(theta) <= comparator["radius"]:
        return np.sum((y - X @ theta) ** 2)
    low, high = 0.0, 1e9
    for _ in range(200):
        middle = (low + high) / 2
        theta = np.linalg.solve(middle * np.eye(X.shape[1]) + X.T @ X, X.T @ y)
        low, high = (middle, high) if np.linalg.norm(theta) > comparator["radius"] else (low, middle)
    return np.sum((y - X @ theta) ** 2)


@pytest.mark.parametrize(("name", "comparator"), [("ridge", {"penalty": 1.0}), ("bounded_ols", {"radius": 0.4})])
def test_theorems_against_their_own_comparators(name, comparator, play, random_data):
    """Against ridge the bound of ridge is ld(n) alone; against a ball, lambda U^2 + ld(n), and that of descent."""
    described = {"name": name, "parameters": comparator}
    environment = GroupedRegression(random_data(3, n=300), "given", comparator=described)
    times = np.array([300.0])
    found = {}
    for name, policy in (
        ("ridge", Groupwise(clip=[0.0, 1.0])),
        ("ogd", Groupwise(descent(0.8), clip=[0.0, 1.0])),
        ("small ball", Groupwise(descent(0.1), clip=[0.0, 1.0])),
    ):
        losses, bounds = play(environment, policy), policy.regret_bounds(environment.problem, environment.instance())
        assert {b.comparator_class for b in bounds} == {n.comparator_class for n in environment.regrets()}
        found[name] = {(b.comparator_class, b.data_dependent): b for b in bounds}
        for definition in environment.regrets():
            regret = losses[definition.name] + environment.comparators(np.array([300]))[definition.comparator][0]
            for data_dependent in (False, True):
                bound = found[name][definition.comparator_class, data_dependent]
                assert regret <= bound.curve(times)[0] or not bound.holds
    X, y, on = environment.data.contexts, environment.data.labels, environment.data.groups[:, 1] == 1
    X, y, n = X[on], y[on], on.sum()
    judged = next(definition.comparator_class for definition in environment.regrets() if definition.name == "g1")
    mixing = math.sqrt(3 * n * (math.log(5) + math.log(2.5 + 1.5 * math.log(301))))
    norm = np.max(np.sum(environment.data.contexts**2, axis=1))
    cost = 0.0 if "penalty" in comparator else 0.16
    assert found["ridge"][judged, False].curve(times)[0] == pytest.approx(
        cost + 4 * math.log(1 + n * norm / 4) + mixing, rel=1e-9
    )
    A = np.eye(4) + X.T @ X
    b = X.T @ y
    excess = y @ y - b @ np.linalg.solve(A, b) - hindsight_value(X, y, comparator)
    own = found["ridge"][judged, True].curve(times)[0] - (excess + np.linalg.slogdet(A)[1])
    assert 0.0 < own < mixing
    assert environment.comparators(np.array([300]))["best in g1"][0] == pytest.approx(
        -hindsight_value(X, y, comparator)
    )
    inside = {a.text: a.holds for a in found["ogd"][judged, False].assumptions}
    assert inside["the best model's coefficients lie in the ball"] == (hindsight_norm(X, y, comparator) <= 0.4)
    assert (found["ogd"][judged, False].time == "anytime") == ("radius" in comparator)
    assert not found["small ball"][judged, False].holds


def hindsight_norm(X, y, comparator):
    if "radius" in comparator:
        return comparator["radius"]
    return np.linalg.norm(np.linalg.solve(comparator["penalty"] * np.eye(X.shape[1]) + X.T @ X, X.T @ y))


def test_the_bound_is_void_beyond_the_declared_losses(play, random_data):
    data = random_data(9)
    environment = GroupedRegression(
        grouped_data(50 * data.contexts - 25, data.labels, data.groups[:, :4], data.names[:4])
    )
    policy = Groupwise(ridge(1e-4))
    play(environment, policy)
    assert policy.largest_loss > 1.0
    for bound in policy.regret_bounds(environment.problem, environment.instance()):
        (broken,) = [a for a in bound.assumptions if not a.holds]
        assert (broken.text, broken.largest) == ("every learner's loss lies in [0, 1]", policy.largest_loss)
    wide = Groupwise(ridge(1e-4), loss_scale=2 * policy.largest_loss)
    play(environment, wide)
    assert all(b.holds for b in wide.regret_bounds(environment.problem, environment.instance()))
    for stepwise in (False, True):
        strict = Groupwise(ridge(1e-4), strict=True)
        environment.begin(environment.draw(np.random.default_rng(0)))
        strict.reset(environment.problem, np.random.default_rng(1))
        with pytest.raises(ValueError, match=r"loss outside \[0, 1\] in round \d+: the learner of \w+ lost"):
            step(strict, environment) if stepwise else strict.advance(environment, 150)


def step(policy, environment):
    for _ in range(environment.horizon):
        observation = environment.observe()
        action = policy.choose(observation)
        policy.update(observation, action, environment.transition(action)[1])


def test_no_bounds_without_knowledge(stream, play):
    own = lambda: SimpleNamespace(predict=lambda x: 0.5, update=lambda x, y: None)  # noqa: E731
    for policy in (Groupwise(own), Groupwise(meta="hedge_sleeping"), PerGroup("even"), GroupCells(), GlobalLearner()):
        play(stream, policy)
        assert tuple(policy.regret_bounds(stream.problem, stream.instance())) == ()
    policy = GlobalLearner(clip=[0.0, 1.0])
    found = play(stream, policy)
    (bound,) = policy.regret_bounds(stream.problem, stream.instance())
    assert found["always_on"] - 2.6408380663 <= bound.curve(np.array([60.0]))[0]
    assert policy.regret_bounds(stream.problem, Instance()) == ()


def test_an_adaptive_adversary():
    """The label is 1 where the average prediction is below 1/2, else 0: the bound holds for every group all the
    same."""
    rng = np.random.default_rng(12)
    T, d = 400, 3
    X, groups = rng.random((T, d)), np.column_stack([rng.random((T, 2)) < 0.5, np.ones(T)]).astype(np.int8)
    policy = Groupwise(clip=[0.0, 1.0])
    policy.reset(RegressionProblem(groups=("a", "b", "c"), dimension=d), rng)
    y, losses = np.empty(T), np.empty(T)
    for t in range(T):
        observation = Round(X[t], groups[t])
        lottery = policy.choose(observation)
        y[t] = float(lottery.weights @ lottery.values < 0.5)
        losses[t] = lottery.weights @ (lottery.values - y[t]) ** 2
        policy.update(observation, lottery, y[t])
        for g in range(3):
            on = groups[: t + 1, g] == 1
            A, b = np.eye(d) + X[: t + 1][on].T @ X[: t + 1][on], X[: t + 1][on].T @ y[: t + 1][on]
            penalised = np.sum(y[: t + 1][on] ** 2) - b @ np.linalg.solve(A, b)
            mixing = math.sqrt(3 * on.sum() * (math.log(3) + math.log(2.5 + 1.5 * math.log(t + 2))))
            assert losses[: t + 1][on].sum() <= penalised + np.linalg.slogdet(A)[1] + mixing + 1e-9

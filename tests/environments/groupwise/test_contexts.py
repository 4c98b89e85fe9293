"""Policies on contexts with groups: the costs' law, comparators by brute force, bad input."""

import numpy as np
import pytest

from environments.groupwise.contexts import GroupedContexts, disjunctions

THREE = [[0, 1, 2], [2, 1, 0], [1, 1, 1], [0, 0, 2]]
ENVIRONMENTS = {
    "disjunctions": lambda: GroupedContexts(3, horizon=90),
    "table": lambda: GroupedContexts(policies=THREE, noise=0.1, horizon=80, report_groups=["south", "always_on"]),
}


def now(environment):
    """The metrics so far."""
    return {name: float(values[0]) for name, values in environment.metrics(np.array([environment.clock])).items()}


def test_disjunctions():
    assert disjunctions(1) == [[0, 0], [0, 1]]
    assert disjunctions(2) == [[0, 0, 0, 0], [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 1]]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_metrics_and_comparators_by_brute_force(name):
    environment, rng = ENVIRONMENTS[name](), np.random.default_rng(0)
    tape = environment.draw(rng)
    table, T = environment.problem.policies, len(tape.contexts)
    environment.begin(tape)
    losses = []
    for t in range(T):
        observation = environment.observe()
        assert observation.context.tolist() == [tape.contexts[t]]
        q = rng.dirichlet(np.ones(environment.problem.n_actions))
        reward, rewards = environment.transition(q)
        losses.append(q @ tape.costs[t])
        assert reward == pytest.approx(-losses[-1])
        assert rewards.tolist() == (-tape.costs[t]).tolist()
    times = np.array([1, 2, 17, 40, T])
    found = environment.comparators(times)
    reported = {key.removeprefix("reward in ") for key in now(environment)} - {"reward"}
    for g in reported:
        on = tape.groups[:, environment.problem.groups.index(g)] == 1
        assert now(environment)[f"reward in {g}"] == pytest.approx(-np.array(losses)[on].sum())
        for k, t in enumerate(times):
            rounds = np.flatnonzero(on[:t])
            best = min(sum(tape.costs[s, f[tape.contexts[s]]] for s in rounds) for f in table)
            assert found[f"best in {g}"][k] == -best
            assert found[f"worst in {g}"][k] == -sum(tape.costs[s].max() for s in rounds)


def test_costs_follow_the_groups_targets():
    """Where groups meet, an action costs with the average of the groups' probabilities: each has its own policy."""
    attributes = {"u": {"a": 0.5, "b": 0.5}, "v": {"c": 0.4, "d": 0.6}}
    environment = GroupedContexts(policies=THREE, noise=0.1, attributes=attributes, horizon=60_000, instance_seed=3)
    tape = environment.draw(np.random.default_rng(0))
    means = {}
    for i, g in enumerate("abcd"):
        assert abs(tape.groups[:, i].mean() - {"a": 0.5, "b": 0.5, "c": 0.4, "d": 0.6}[g]) < 0.01
    for x in range(3):
        for i, j in ((0, 2), (0, 3), (1, 2), (1, 3)):
            on = (tape.contexts == x) & (tape.groups[:, i] == 1) & (tape.groups[:, j] == 1)
            means[x, i, j] = tape.costs[on].mean(axis=0), 4 * 0.5 / np.sqrt(on.sum())

    def fits(targets):
        for (x, i, j), (seen, tolerance) in means.items():
            right = [np.mean([0.1 if THREE[targets[g]][x] == k else 0.9 for g in (i, j)]) for k in range(3)]
            if np.any(np.abs(seen - right) > tolerance):
                return False
        return True

    assert [t for t in np.ndindex(4, 4, 4, 4) if fits(t)] != []


def test_without_noise_a_lone_group_is_served_by_its_target():
    environment = GroupedContexts(4, noise=0.0, attributes={"u": {"a": 1.0}}, horizon=200)
    for seed in range(3):
        tape = environment.draw(np.random.default_rng(seed))
        environment.begin(tape)
        assert environment.comparators(np.array([200]))["best in a"].tolist() == [0.0]
        assert tape.costs.sum(axis=1).tolist() == [1.0] * 200


def test_an_instance_keeps_its_targets():
    """The same costs' law in every run, other rounds."""
    environment = GroupedContexts(4, noise=0.0, attributes={"u": {"a": 1.0}}, horizon=400, instance_seed=2)
    first, second = (environment.draw(np.random.default_rng(seed)) for seed in (0, 1))
    assert first.contexts.tolist() != second.contexts.tolist()
    law = [
        dict(zip(tape.contexts.tolist(), tape.costs.argmin(axis=1).tolist(), strict=True)) for tape in (first, second)
    ]
    assert law[0] == law[1]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: GroupedContexts(9), "features must be a whole number"),
        (lambda: GroupedContexts(noise=0.6), "noise must be"),
        (lambda: GroupedContexts(policies=[[0, 1]]), r"at least two policies, got \[\[0, 1\]\]"),
        (lambda: GroupedContexts(policies=[[0, 1], [1]]), "policy 0 does for 2, got 1 from policy 1"),
        (lambda: GroupedContexts(policies=[[0], [0.5]]), r"policies\[1\]\[0\] must be a whole number >= 0, got 0.5"),
        (lambda: GroupedContexts(attributes={}), "at least one attribute"),
        (lambda: GroupedContexts(report_groups=["nort"]), "did you mean 'north'"),
    ],
)
def test_bad_parameters(make, what):
    with pytest.raises(ValueError, match=what):
        make()


def test_bad_actions():
    environment = GroupedContexts(2, horizon=5)
    with pytest.raises(RuntimeError, match="no run was begun"):
        environment.transition(0)
    environment.begin(environment.draw(np.random.default_rng(0)))
    for action, what in (
        (2, r"action must be a whole number in 0\.\.1, got 2"),
        (0.5, r"action must be a whole number in 0\.\.1, got 0.5"),
        (np.array([np.nan, 1.0]), "must hold 2 weights"),
        (np.ones(3) / 3, "must hold 2 weights"),
        (np.array([0.7, 0.7]), "must hold 2 weights"),
        (np.array([1.5, -0.5]), "must hold 2 weights"),
    ):
        with pytest.raises(ValueError, match=what):
            environment.transition(action)
    assert environment.clock == 0

"""Worlds of grouped rounds: the contract, ledgers and comparators by brute force, orders, the paper's streams."""

import numpy as np
import pytest
from scipy.optimize import minimize

from bandits.groupwise.global_learner import GlobalLearner
from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.policy import Lottery
from environments.checks import check_environment
from environments.groupwise.data import grouped_data
from environments.groupwise.experts import GroupedExperts
from environments.groupwise.paths import GroupedPaths
from environments.groupwise.regression import GroupedRegression, paper_permutation
from environments.groupwise.synthetic import SyntheticGroups

WORLDS = {
    "synthetic": lambda: SyntheticGroups(horizon=120),
    "by colour": lambda: SyntheticGroups("dperm", horizon=120, order="ascending", sort_by="green", features=2),
    "legacy": lambda: SyntheticGroups("min", rows=200, horizon=120, rng="legacy", quadratic=[0.0, 0.1]),
    "published": lambda: SyntheticGroups("max", horizon=90, regret_alignment="published", report_groups=["red"]),
    "paths": lambda: GroupedPaths(3, horizon=90),
    "network": lambda: GroupedPaths(edges=[(0, 1), (0, 1), (0, 2), (1, 2)], horizon=60),
    "experts": lambda: GroupedExperts(5, horizon=90),
}


@pytest.mark.parametrize("name", WORLDS)
def test_contract(name):
    check_environment(WORLDS[name])


def small(n=90, **more):
    rng = np.random.default_rng(7)
    X, groups = rng.random((n, 3)), rng.random((n, 2)) < [0.5, 0.1]
    return GroupedRegression(grouped_data(X, rng.random(n), groups, ["a", "b"], {"raw": X[:, 0]}), **more)


def test_ledger_and_comparators_by_brute_force():
    world, rng = small(), np.random.default_rng(0)
    tape = world.draw(rng)
    world.begin(tape)
    losses = []
    for t in range(90):
        values, weights = rng.normal(size=3), rng.dirichlet(np.ones(3))
        loss = weights @ (values - world.data.labels[tape[t]]) ** 2
        reward, label = world.transition(Lottery(values, weights))
        losses.append(loss)
        assert reward == pytest.approx(-loss)
        assert label == world.data.labels[tape[t]]
    losses = np.array(losses)
    times = np.array([1, 5, 40, 90])
    best = world.comparators(times)
    for i, g in enumerate(world.problem.groups):
        on = world.data.groups[tape, i] == 1
        assert world.ledger()[f"reward in {g}"] == pytest.approx(-losses[on].sum())
        for k, t in enumerate(times):
            rows = tape[:t][on[:t]]
            X, y = world.data.contexts[rows], world.data.labels[rows]
            exact = np.sum((y - X @ np.linalg.lstsq(X, y, rcond=1e-10)[0]) ** 2) if len(y) else 0.0
            assert best[f"best in {g}"][k] == pytest.approx(-exact, abs=1e-10)
        largest = np.maximum(world.data.labels[tape], 1 - world.data.labels[tape]) ** 2
        for k, t in enumerate(times):
            assert best[f"worst in {g}"][k] == pytest.approx(-largest[:t][on[:t]].sum())
    assert world.ledger()["reward"] == pytest.approx(-losses.sum())
    notions = {n.name: n for n in world.notions()}
    assert [notions[g].clock for g in ("always_on", "a", "b")] == ["", "rounds in a", "rounds in b"]
    assert {n.worst for n in notions.values()} | {n.comparator for n in notions.values()} == set(best)
    clocks = world.clocks(times)
    for g in ("a", "b"):
        member = world.data.groups[tape, world.problem.groups.index(g)]
        assert clocks[f"rounds in {g}"].tolist() == [member[:t].sum() for t in times]


def test_the_published_alignment_leaves_out_the_last_row():
    exact, published = small(order="given"), small(order="given", regret_alignment="published")
    for world in (exact, published):
        world.begin(world.draw(np.random.default_rng(0)))
    times = np.arange(1, 91)
    a, b = exact.comparators(times), published.comparators(times)
    assert np.array_equal(b["best in always_on"][1:], a["best in always_on"][:-1])
    assert b["best in always_on"][0] == 0.0
    at = np.flatnonzero(exact.data.groups[:, 1])
    assert np.array_equal(b["best in b"][at[1:]], a["best in b"][at[1:] - 1])
    assert {n.against for n in exact.notions()}.isdisjoint({n.against for n in published.notions()})


COMPARATORS = [
    ({"comparator": "ridge", "penalty": 0.5}, "ridge with penalty 0.5"),
    ({"comparator": "bounded_ols", "radius": 0.4}, "coefficients of length at most 0.4"),
    ({"comparator": "bounded_ols", "radius": 1e6}, "coefficients of length at most 1e+06"),
]


def penalised(X, y, penalty):
    """The objective of ridge at its optimum, by least squares on rows that stand for the penalty."""
    rows = np.concatenate([X, np.sqrt(penalty) * np.eye(X.shape[1])])
    theta = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(X.shape[1])]), rcond=None)[0]
    return penalty * theta @ theta + np.sum((y - X @ theta) ** 2)


@pytest.mark.parametrize("alignment", ["exact", "published"])
@pytest.mark.parametrize(("arguments", "kind"), COMPARATORS)
def test_comparators_by_brute_force(arguments, kind, alignment):
    world = small(**arguments, regret_alignment=alignment)
    tape = world.draw(np.random.default_rng(4))
    world.begin(tape)
    times = np.array([1, 2, 4, 9, 30, 90])
    found = world.comparators(times)
    for i, g in enumerate(world.problem.groups):
        on = world.data.groups[tape, i] == 1
        for k, t in enumerate(times):
            rows = tape[:t][on[:t]][: -1 if alignment == "published" else None]
            X, y = world.data.contexts[rows], world.data.labels[rows]
            if "penalty" in arguments:
                exact = penalised(X, y, arguments["penalty"])
            else:
                exact = shortest_fit(X, y, arguments["radius"])
            assert found[f"best in {g}"][k] == pytest.approx(-exact, abs=1e-7), (g, t)
    plain = small(regret_alignment=alignment)
    for notion, other in zip(world.notions(), plain.notions(), strict=True):
        assert notion.label == f"{other.label} ({kind})"
        assert notion.against not in {n.against for n in plain.notions()}


def shortest_fit(X, y, radius):
    """Least squares over a ball by a general solver, from several starts."""
    if len(y) == 0:
        return 0.0
    fits = []
    for start in np.random.default_rng(0).normal(size=(3, X.shape[1])) * 1e-3:
        fit = minimize(
            lambda w: np.sum((X @ w - y) ** 2),
            start,
            jac=lambda w: 2 * X.T @ (X @ w - y),
            constraints={"type": "ineq", "fun": lambda w: radius**2 - w @ w, "jac": lambda w: -2 * w},
            method="SLSQP",
            options={"ftol": 1e-13, "maxiter": 500},
        )
        fits.append(fit.fun)
    return min(fits)


def test_a_group_without_rows_is_not_reported():
    table = np.ones((5, 1)), np.ones(5), np.eye(5)[:, :1] * 0.0, ["nobody"]
    with pytest.warns(UserWarning, match="groups without any row, whose regret is not reported: nobody"):
        world = GroupedRegression(grouped_data(*table))
    world.begin(world.draw(np.random.default_rng(0)))
    assert [n.name for n in world.notions()] == ["always_on"]
    assert set(world.ledger()) == {"reward", "reward in always_on"}
    with pytest.raises(ValueError, match="report_groups must name a group that holds any row"):
        GroupedRegression(world.data, report_groups=["nobody"])
    with pytest.raises(ValueError, match="groups without any row: nobody"):
        grouped_data(*table, require_nonempty=True)


def test_all_rounds_come_first_among_the_notions():
    assert [n.name for n in small().notions()] == ["always_on", "a", "b"]
    assert [n.name for n in small(report_groups=["b", "a"]).notions()] == ["b", "a"]


@pytest.mark.parametrize(
    ("n", "first"),
    [(1338, [526, 908, 1051, 822, 1330, 1301, 1120, 601]), (2000, [937, 265, 533, 60, 223, 1800, 1563, 575])],
)
def test_the_papers_permutations(n, first):
    assert paper_permutation(n, 473)[:8].tolist() == first


def test_orders():
    shuffled = small().paper_tape(3)
    assert sorted(shuffled) == list(range(90))
    assert small(order="given").paper_tape(3).tolist() == list(range(90))
    raw = small().data.columns["raw"]
    rising = small(order="ascending", sort_by="raw").paper_tape(3)
    assert np.all(np.diff(raw[rising]) >= 0)
    assert small(order="descending", sort_by="raw").paper_tape(3).tolist() == rising[::-1].tolist()
    member = small().data.columns["a"]
    grouped = small(order="ascending", sort_by="a").paper_tape(3)
    assert grouped.tolist() == [*(i for i in shuffled if not member[i]), *(i for i in shuffled if member[i])]
    assert small(order="descending", sort_by="a").paper_tape(3).tolist() == grouped[::-1].tolist()
    assert (
        small(horizon=20).draw(np.random.default_rng(0)).tolist()
        == small().draw(np.random.default_rng(0))[:20].tolist()
    )


def test_the_comparator_at_the_end_does_not_depend_on_the_order():
    ends = []
    for order in ({}, {"order": "ascending", "sort_by": "raw"}, {"order": "descending", "sort_by": "raw"}):
        world = small(**order)
        world.begin(world.draw(np.random.default_rng(1)))
        ends.append({g: v[0] for g, v in world.comparators(np.array([90])).items()})
    for other in ends[1:]:
        assert other == pytest.approx(ends[0], abs=1e-10)


def test_the_papers_small_synthetic_run():
    world = SyntheticGroups("dperm", 2000, data_seed=3, rng="legacy", horizon=None)
    data = world.data
    assert world.dominance.tolist() == [3, 2, 0, 1, 4]
    assert data.groups.sum(axis=0).tolist() == [1012, 578, 410, 1204, 796, 2000]
    assert data.contexts[0, :3] == pytest.approx([0.5507979, 0.70814782, 0.29090474], abs=1e-8)
    assert data.groups[0].tolist() == [1, 0, 0, 1, 0, 1]
    first = {"mean": 0.28253113, "min": 0.24089656, "max": 0.36602755, "dperm": 0.41409237}
    for label, value in first.items():
        made = SyntheticGroups(label, 2000, data_seed=3, rng="legacy", horizon=None).data
        assert made.labels[0] == pytest.approx(value, abs=1e-8)
        assert np.array_equal(made.contexts, data.contexts)
    losses = {
        GlobalLearner: [5.24492121, 3.90576382, 3.28880740, 5.15545131, 7.28404112, 12.43949243],
        Groupwise: [3.21467485, 2.64812450, 1.85187682, 3.08627494, 4.62840123, 7.71467617],
    }
    for policy, values in losses.items():
        world.begin(world.paper_tape(473))
        played = policy()
        played.reset(world.problem, np.random.default_rng(0))
        played.advance(world, 2000)
        assert [-v for v in list(world.ledger().values())[1:]] == pytest.approx(values, abs=1e-8)
    best = [-v[0] for name, v in world.comparators(np.array([2000])).items() if name.startswith("best")]
    assert best == pytest.approx([3.92759060, 2.41981861, 2.29019193, 1.49040313, 3.02090538, 10.68936491], abs=1e-8)


@pytest.mark.parametrize("label", ["mean", "min", "max", "dperm"])
def test_modern_labels_by_hand(label):
    """Without noise the label is that combination of the linear models, scaled."""
    world = SyntheticGroups(label, 300, features=2, noise=0.0, data_seed=5, horizon=None)
    X, groups = world.data.contexts[:, :2], world.data.groups[:, :5] == 1
    rng = np.random.default_rng(5)
    rng.uniform(0, 1, (300, 2))
    for p in ([0.5, 0.3, 0.2], [0.6, 0.4]):
        rng.choice(len(p), size=300, p=p)
    own = X @ rng.uniform(0.0, 1.0, (2, 5))
    raw = np.empty(300)
    for i in range(300):
        on = np.flatnonzero(groups[i])
        rank = {g: list(world.dominance).index(g) for g in on}
        raw[i] = {"mean": own[i, on].mean(), "min": own[i, on].min(), "max": own[i, on].max(),
                  "dperm": own[i, min(on, key=rank.get)]}[label]  # fmt: skip
    assert world.data.labels == pytest.approx((raw - raw.min()) / (raw.max() - raw.min()), abs=1e-12)


def test_hindsight_of_finite_classes_and_paths():
    world = GroupedExperts(4, horizon=200)
    tape = world.draw(np.random.default_rng(3))
    world.begin(tape)
    times = np.array([1, 50, 200])
    for i, g in enumerate(world.problem.groups):
        sums = np.cumsum(tape.losses * tape.groups[:, i : i + 1], axis=0)[times - 1]
        assert world.comparators(times)[f"best in {g}"] == pytest.approx(-sums.min(axis=1))
        assert world.facts()["hindsight"].best(g, times.astype(float)) == pytest.approx(sums.min(axis=1))
        sizes = world.facts()["hindsight"].sizes(g, times.astype(float))
        assert sizes.tolist() == np.cumsum(tape.groups[:, i])[times - 1].tolist()
    paths = GroupedPaths(2, horizon=200)
    tape = paths.draw(np.random.default_rng(3))
    paths.begin(tape)
    for i, g in enumerate(paths.problem.groups):
        sums = np.cumsum(tape.costs * tape.groups[:, i : i + 1], axis=0)[times - 1]
        both = np.minimum(sums[:, 0] + sums[:, 2], sums[:, 1] + sums[:, 3])
        assert paths.comparators(times)[f"best in {g}"] == pytest.approx(-both)


def test_losses_of_both_kinds_of_actions():
    world = GroupedExperts(3, horizon=10)
    tape = world.draw(np.random.default_rng(0))
    world.begin(tape)
    assert world.transition(2)[0] == -tape.losses[0, 2]
    q = np.array([0.2, 0.3, 0.5])
    assert world.transition(q)[0] == pytest.approx(-q @ tape.losses[1])
    paths = GroupedPaths(2, horizon=10)
    tape = paths.draw(np.random.default_rng(0))
    paths.begin(tape)
    assert paths.transition(np.array([0, 0, 0]))[0] == -(tape.costs[0, 0] + tape.costs[0, 2])
    lottery = Lottery(np.array([[0, 0, 0], [1, 0, 0]]), np.array([0.25, 0.75]))
    assert paths.transition(lottery)[0] == pytest.approx(
        -0.25 * (tape.costs[1, 0] + tape.costs[1, 2]) - 0.75 * (tape.costs[1, 1] + tape.costs[1, 3])
    )


@pytest.mark.parametrize(
    ("make", "action", "what"),
    [
        (small, Lottery(np.ones(2), np.array([0.7, 0.7])), "weights >= 0 with sum 1"),
        (small, Lottery(np.ones(2), np.array([1.5, -0.5])), "weights >= 0 with sum 1"),
        (small, Lottery(np.array([np.nan]), np.ones(1)), "finite values"),
        (small, Lottery(np.ones(3), np.ones(2) / 2), "as many values as weights"),
        (small, np.ones(2), "a prediction must be one number"),
        (WORLDS["experts"], 5, r"action must be a hypothesis in 0\.\.4, got 5"),
        (WORLDS["experts"], np.ones(5), "a distribution must hold 5 weights"),
        (WORLDS["experts"], np.ones(4) / 4, "a distribution must hold 5 weights"),
        (WORLDS["paths"], np.full(8, 2), "an action must hold for each node an edge"),
        (WORLDS["paths"], np.zeros(3, int), "an action must hold for each node an edge"),
        (WORLDS["paths"], Lottery(np.zeros((1, 8), int), np.array([0.5])), "weights of a lottery"),
    ],
)
def test_illegal_actions(make, action, what):
    world = make()
    world.begin(world.draw(np.random.default_rng(0)))
    with pytest.raises(ValueError, match=what):
        world.transition(action)
    assert world.clock == 0
    assert world.ledger()["reward"] == 0.0


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: small(order="random"), "order must be one of shuffled, given"),
        (lambda: small(order="ascending"), "sort_by must name a column exactly when rows are sorted, got None"),
        (lambda: small(sort_by="a"), "sort_by must name a column exactly when rows are sorted, got 'a'"),
        (lambda: small(order="ascending", sort_by="rwa"), r"sort_by must be one of .*raw, got 'rwa' \(did you mean"),
        (lambda: small(horizon=91), r"horizon must be a whole number in 1\.\.90, got 91"),
        (lambda: small(regret_alignment="other"), "regret_alignment must be one of exact, published"),
        (lambda: small(report_groups=["c"]), "report_groups names the group 'c'; known: a, b, always_on"),
        (lambda: small(comparator="lasso"), "comparator must be one of least_squares, ridge, bounded_ols, got 'lasso'"),
        (lambda: small(comparator="ridge"), "penalty must be given exactly with comparator 'ridge', got None"),
        (lambda: small(penalty=1.0), "penalty must be given exactly with comparator 'ridge', got 1.0"),
        (lambda: small(comparator="ridge", penalty=0.0), "penalty must be"),
        (lambda: small(comparator="bounded_ols"), "radius must be given exactly with comparator 'bounded_ols'"),
        (lambda: small(comparator="bounded_ols", radius=float("nan")), "radius must be"),
        (lambda: SyntheticGroups("median"), "label must be one of mean, min, max, dperm"),
        (lambda: SyntheticGroups(rows=0), "rows must be a whole number >= 1"),
        (lambda: SyntheticGroups(features=0), "features must be a whole number >= 1"),
        (lambda: SyntheticGroups(noise=-0.1), "noise must be"),
        (lambda: SyntheticGroups(rng="old"), "rng must be one of modern, legacy"),
        (lambda: SyntheticGroups(attributes={"a": {"x": 0.5, "y": 0.4}}), "probabilities must sum to 1, got 0.9"),
        (lambda: GroupedPaths(attributes={"a": {"x": 1.5, "y": -0.5}}), r"attributes\.a\.x must be"),
        (lambda: GroupedExperts(attributes={}), "at least one attribute"),
        (lambda: GroupedExperts(attributes={"a": {"x": 1.0}, "b": {"x": 1.0}}), "distinct names"),
        (lambda: GroupedExperts(attributes={"a": {"always_on": 1.0}}), "none empty or always_on"),
        (lambda: GroupedExperts(0), "hypotheses must be a whole number >= 1"),
        (lambda: GroupedPaths(1), "size must be a whole number >= 2"),
        (lambda: GroupedPaths(edges=[(0, 2), (1, 2), (2, 1)]), "no cycles"),
    ],
)
def test_parameters_are_checked(make, what):
    with pytest.raises(ValueError, match=what):
        make()


def test_an_end_and_a_beginning():
    with pytest.raises(RuntimeError, match="no run was begun"):
        small().next_rows(3)
    world = small(horizon=5)
    world.begin(world.draw(np.random.default_rng(0)))
    assert len(world.next_rows(100).labels) == 5
    world.absorb(np.zeros((5, 1)), np.ones((5, 1)))
    with pytest.raises(RuntimeError, match="the run is over after 5 rounds"):
        world.next_rows(1)

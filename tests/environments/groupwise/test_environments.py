"""Environments of grouped rounds: metrics and comparators by brute force, orders, the paper's streams, bad input."""

import numpy as np
import pytest
from scipy.optimize import minimize

from bandits.contract import Instance
from bandits.groupwise.global_learner import GlobalLearner
from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.problem import Lotteries, Lottery
from bandits.groupwise.theory import RegressionInstance
from environments.groupwise.data import grouped_data
from environments.groupwise.experts import GroupedExperts
from environments.groupwise.paths import GroupedPaths
from environments.groupwise.regression import GroupedRegression, paper_permutation
from environments.groupwise.synthetic import SyntheticGroups


def now(environment):
    """The metrics so far."""
    return {name: float(values[0]) for name, values in environment.metrics(np.array([environment.clock])).items()}


def small(n=90, **more):
    rng = np.random.default_rng(7)
    X, groups = rng.random((n, 3)), rng.random((n, 2)) < [0.5, 0.1]
    return GroupedRegression(grouped_data(X, rng.random(n), groups, ["a", "b"], {"raw": X[:, 0]}), **more)


def test_metrics_and_comparators_by_brute_force():
    environment, rng = small(), np.random.default_rng(0)
    tape = environment.draw(rng)
    environment.begin(tape)
    losses = []
    for t in range(90):
        values, weights = rng.normal(size=3), rng.dirichlet(np.ones(3))
        loss = weights @ (values - environment.data.labels[tape[t]]) ** 2
        reward, label = environment.transition(Lottery(values, weights))
        losses.append(loss)
        assert reward == pytest.approx(-loss)
        assert label == environment.data.labels[tape[t]]
    losses = np.array(losses)
    times = np.array([1, 5, 40, 90])
    best = environment.comparators(times)
    for i, g in enumerate(environment.problem.groups):
        on = environment.data.groups[tape, i] == 1
        assert now(environment)[f"reward in {g}"] == pytest.approx(-losses[on].sum())
        for k, t in enumerate(times):
            rows = tape[:t][on[:t]]
            X, y = environment.data.contexts[rows], environment.data.labels[rows]
            exact = np.sum((y - X @ np.linalg.lstsq(X, y, rcond=1e-10)[0]) ** 2) if len(y) else 0.0
            assert best[f"best in {g}"][k] == pytest.approx(-exact, abs=1e-10)
        largest = np.maximum(environment.data.labels[tape], 1 - environment.data.labels[tape]) ** 2
        for k, t in enumerate(times):
            assert best[f"worst in {g}"][k] == pytest.approx(-largest[:t][on[:t]].sum())
    assert now(environment)["reward"] == pytest.approx(-losses.sum())
    definitions = {n.name: n for n in environment.regrets()}
    assert [definitions[g].clock for g in ("always_on", "a", "b")] == ["", "rounds in a", "rounds in b"]
    assert {n.worst for n in definitions.values()} | {n.comparator for n in definitions.values()} == set(best)
    clocks = environment.clocks(times)
    for g in ("a", "b"):
        member = environment.data.groups[tape, environment.problem.groups.index(g)]
        assert clocks[f"rounds in {g}"].tolist() == [member[:t].sum() for t in times]


def test_the_published_alignment_leaves_out_the_last_row():
    exact, published = small(order="given"), small(order="given", regret_alignment="published")
    for environment in (exact, published):
        environment.begin(environment.draw(np.random.default_rng(0)))
    times = np.arange(1, 91)
    a, b = exact.comparators(times), published.comparators(times)
    assert np.array_equal(b["best in always_on"][1:], a["best in always_on"][:-1])
    assert b["best in always_on"][0] == 0.0
    at = np.flatnonzero(exact.data.groups[:, 1])
    assert np.array_equal(b["best in b"][at[1:]], a["best in b"][at[1:] - 1])
    assert {n.comparator_class for n in exact.regrets()}.isdisjoint({n.comparator_class for n in published.regrets()})


def experts():
    return GroupedExperts(5, horizon=90)


def paths():
    return GroupedPaths(3, horizon=90)


def of(name, **parameters):
    return {"name": name, "parameters": parameters}


COMPARATORS = [
    ("ridge", {"penalty": 0.5}, "ridge with penalty 0.5"),
    ("bounded_ols", {"radius": 0.4}, "coefficients of length at most 0.4"),
    ("bounded_ols", {"radius": 1e6}, "coefficients of length at most 1e+06"),
]


def penalised(X, y, penalty):
    """The objective of ridge at its optimum, by least squares on rows that stand for the penalty."""
    rows = np.concatenate([X, np.sqrt(penalty) * np.eye(X.shape[1])])
    theta = np.linalg.lstsq(rows, np.concatenate([y, np.zeros(X.shape[1])]), rcond=None)[0]
    return penalty * theta @ theta + np.sum((y - X @ theta) ** 2)


@pytest.mark.parametrize("alignment", ["exact", "published"])
@pytest.mark.parametrize(("name", "arguments", "kind"), COMPARATORS)
def test_comparators_by_brute_force(name, arguments, kind, alignment):
    environment = small(comparator={"name": name, "parameters": arguments}, regret_alignment=alignment)
    tape = environment.draw(np.random.default_rng(4))
    environment.begin(tape)
    times = np.array([1, 2, 4, 9, 30, 90])
    found = environment.comparators(times)
    for i, g in enumerate(environment.problem.groups):
        on = environment.data.groups[tape, i] == 1
        for k, t in enumerate(times):
            rows = tape[:t][on[:t]][: -1 if alignment == "published" else None]
            X, y = environment.data.contexts[rows], environment.data.labels[rows]
            if "penalty" in arguments:
                exact = penalised(X, y, arguments["penalty"])
            else:
                exact = shortest_fit(X, y, arguments["radius"])
            assert found[f"best in {g}"][k] == pytest.approx(-exact, abs=1e-7), (g, t)
    plain = small(regret_alignment=alignment)
    for definition, other in zip(environment.regrets(), plain.regrets(), strict=True):
        assert definition.label == f"{other.label} ({kind})"
        assert definition.comparator_class not in {n.comparator_class for n in plain.regrets()}


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
        environment = GroupedRegression(grouped_data(*table))
    environment.begin(environment.draw(np.random.default_rng(0)))
    assert [n.name for n in environment.regrets()] == ["always_on"]
    assert set(now(environment)) == {"reward", "reward in always_on"}
    with pytest.raises(ValueError, match="report_groups must name a group that holds any row"):
        GroupedRegression(environment.data, report_groups=["nobody"])
    with pytest.raises(ValueError, match="groups without any row: nobody"):
        grouped_data(*table, require_nonempty=True)


def test_all_rounds_come_first_among_the_regrets():
    assert [n.name for n in small().regrets()] == ["always_on", "a", "b"]
    assert [n.name for n in small(report_groups=["b", "a"]).regrets()] == ["b", "a"]


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
        environment = small(**order)
        environment.begin(environment.draw(np.random.default_rng(1)))
        ends.append({g: v[0] for g, v in environment.comparators(np.array([90])).items()})
    for other in ends[1:]:
        assert other == pytest.approx(ends[0], abs=1e-10)


def test_the_papers_small_synthetic_run():
    environment = SyntheticGroups("dperm", 2000, data_seed=3, rng="legacy", horizon=None)
    data = environment.data
    assert environment.dominance.tolist() == [3, 2, 0, 1, 4]
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
        environment.begin(environment.paper_tape(473))
        played = policy()
        played.reset(environment.problem, np.random.default_rng(0))
        played.advance(environment, 2000)
        assert [-v for v in list(now(environment).values())[1:]] == pytest.approx(values, abs=1e-8)
    best = [-v[0] for name, v in environment.comparators(np.array([2000])).items() if name.startswith("best")]
    assert best == pytest.approx([3.92759060, 2.41981861, 2.29019193, 1.49040313, 3.02090538, 10.68936491], abs=1e-8)


@pytest.mark.parametrize("label", ["mean", "min", "max", "dperm"])
def test_modern_labels_by_hand(label):
    """Without noise the label is that combination of the linear models, scaled."""
    environment = SyntheticGroups(label, 300, features=2, noise=0.0, data_seed=5, horizon=None)
    X, groups = environment.data.contexts[:, :2], environment.data.groups[:, :5] == 1
    rng = np.random.default_rng(5)
    rng.uniform(0, 1, (300, 2))
    for p in ([0.5, 0.3, 0.2], [0.6, 0.4]):
        rng.choice(len(p), size=300, p=p)
    own = X @ rng.uniform(0.0, 1.0, (2, 5))
    raw = np.empty(300)
    for i in range(300):
        on = np.flatnonzero(groups[i])
        rank = {g: list(environment.dominance).index(g) for g in on}
        raw[i] = {"mean": own[i, on].mean(), "min": own[i, on].min(), "max": own[i, on].max(),
                  "dperm": own[i, min(on, key=rank.get)]}[label]  # fmt: skip
    assert environment.data.labels == pytest.approx((raw - raw.min()) / (raw.max() - raw.min()), abs=1e-12)


def test_hindsight_of_finite_classes_and_paths():
    environment = GroupedExperts(4, horizon=200)
    tape = environment.draw(np.random.default_rng(3))
    environment.begin(tape)
    times = np.array([1, 50, 200])
    for i, g in enumerate(environment.problem.groups):
        sums = np.cumsum(tape.losses * tape.groups[:, i : i + 1], axis=0)[times - 1]
        assert environment.comparators(times)[f"best in {g}"] == pytest.approx(-sums.min(axis=1))
        assert environment.instance().best(g, times.astype(float)) == pytest.approx(sums.min(axis=1))
        sizes = environment.instance().sizes(g, times.astype(float))
        assert sizes.tolist() == np.cumsum(tape.groups[:, i])[times - 1].tolist()
    grid = GroupedPaths(2, horizon=200)
    tape = grid.draw(np.random.default_rng(3))
    grid.begin(tape)
    for i, g in enumerate(grid.problem.groups):
        sums = np.cumsum(tape.costs * tape.groups[:, i : i + 1], axis=0)[times - 1]
        both = np.minimum(sums[:, 0] + sums[:, 2], sums[:, 1] + sums[:, 3])
        assert grid.comparators(times)[f"best in {g}"] == pytest.approx(-both)


def test_losses_of_both_kinds_of_actions():
    environment = GroupedExperts(3, horizon=10)
    tape = environment.draw(np.random.default_rng(0))
    environment.begin(tape)
    assert environment.transition(2)[0] == -tape.losses[0, 2]
    q = np.array([0.2, 0.3, 0.5])
    assert environment.transition(q)[0] == pytest.approx(-q @ tape.losses[1])
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
        (experts, 5, r"action must be a whole number in 0\.\.4, got 5"),
        (experts, np.ones(5), "a distribution must hold 5 weights"),
        (experts, np.ones(4) / 4, "a distribution must hold 5 weights"),
        (paths, np.full(8, 2), "an action must hold for each node an edge"),
        (paths, np.zeros(3, int), "an action must hold for each node an edge"),
        (paths, Lottery(np.zeros((1, 8), int), np.array([0.5])), "weights of a lottery"),
        (paths, Lottery(np.zeros((1, 8), int), np.array([np.nan])), "weights of a lottery"),
        (paths, Lottery(np.zeros((1, 8), int), np.float64(1.0)), "an action must hold for each node an edge"),
        (paths, np.full(8, np.nan), "an action must hold for each node an edge"),
        (paths, 0, "an action must hold for each node an edge"),
        (experts, 1.5, r"action must be a whole number in 0\.\.4, got 1.5"),
        (experts, np.array([np.nan, 1.0, 0.0, 0.0, 0.0]), "a distribution must hold 5 weights"),
        (small, Lottery(np.float64(1.0), np.float64(1.0)), "as many values as weights"),
    ],
)
def test_illegal_actions(make, action, what):
    environment = make()
    environment.begin(environment.draw(np.random.default_rng(0)))
    with pytest.raises(ValueError, match=what):
        environment.transition(action)
    assert environment.clock == 0
    assert now(environment)["reward"] == 0.0


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
        (
            lambda: small(comparator="lasso"),
            "comparator: unknown comparator 'lasso'.*known: bounded_ols, least_squares",
        ),
        (lambda: small(comparator="ridge"), "comparator: Ridge needs the parameter 'penalty'"),
        (lambda: small(comparator=of("least_squares", penalty=1.0)), "comparator.parameters.penalty: .*no parameter"),
        (lambda: small(comparator=of("ridge", penalty=0.0)), "comparator: penalty must be"),
        (lambda: small(comparator="bounded_ols"), "comparator: BoundedLeastSquares needs the parameter 'radius'"),
        (lambda: small(comparator=of("bounded_ols", radius=float("nan"))), "comparator: radius must be"),
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
        small().block(3)
    environment = small(horizon=5)
    environment.begin(environment.draw(np.random.default_rng(0)))
    assert [len(part) for part in environment.block(100)] == [5, 5, 5]
    assert not any(part.flags.writeable for part in environment.block(100))
    environment.absorb(Lotteries(np.zeros((5, 1)), np.ones((5, 1))))
    for late in (
        lambda: environment.block(1),
        lambda: environment.absorb(Lotteries(np.zeros((0, 1)), np.ones((0, 1)))),
    ):
        with pytest.raises(RuntimeError, match="the run is over at time 5"):
            late()


@pytest.mark.parametrize(
    ("values", "weights", "what"),
    [
        (np.zeros((6, 1)), np.ones((6, 1)), "at most 5 rounds"),
        (np.zeros((3, 2)), np.ones((3, 1)), "as many values as weights"),
        (np.zeros(3), np.ones(3), "as many values as weights"),
        (np.array([[0.0], [np.inf]]), np.ones((2, 1)), "finite values"),
        (np.zeros((2, 2)), np.array([[0.5, 0.5], [0.5, 0.6]]), "sum 1"),
    ],
)
def test_a_stretch_is_charged_by_what_was_played_or_not_at_all(values, weights, what):
    environment = small(horizon=5)
    environment.begin(environment.draw(np.random.default_rng(0)))
    with pytest.raises(ValueError, match=what):
        environment.absorb(Lotteries(values, weights))
    assert environment.clock == 0


def test_metrics_are_of_the_past_only():
    environment = experts()
    environment.begin(environment.draw(np.random.default_rng(0)))
    assert {v.tolist()[0] for v in environment.metrics(np.array([0])).values()} == {0.0}
    environment.transition(1)
    for times in ([2], [-1]):
        with pytest.raises(ValueError, match=r"times must lie in 0\.\.1"):
            environment.metrics(np.array(times))


def test_the_published_alignment_is_no_theorems_instance():
    """Its comparator class meets no theorem, so that none is handed out."""
    for alignment, kind in (("exact", RegressionInstance), ("published", Instance)):
        environment = small(regret_alignment=alignment)
        environment.begin(environment.draw(np.random.default_rng(0)))
        assert isinstance(environment.instance(), kind)
    assert not isinstance(environment.instance(), RegressionInstance)
    policy = Groupwise(clip=[0.0, 1.0])
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 90)
    assert tuple(policy.regret_bounds(environment.problem, environment.instance())) == ()

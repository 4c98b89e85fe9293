"""Limits of the regret hold for every play on every tape; where they are exact, some play attains them."""

from itertools import product

import numpy as np
import pytest
from gymnasium.spaces import Discrete

from bandits.families import families
from environments import AdversarialArms, BernoulliArms, DelayedFeedback, GaussianArms, PiecewiseArms
from environments.contextual.table import ContextTable
from environments.sor.heat import HeatEquation
from environments.sor.heat_simulation import HeatSimulation
from environments.sor.sequence import SorSequence
from environments.sor.surrogates import surrogate

EXAMPLES = [
    pytest.param(example, id=f"{family.name}-{i}-{type(example).__name__}")
    for family in families()
    for i, example in enumerate(family.example_environments())
]


def played(environment, tape, choose):
    """Regrets [n_times] by definition, of the run in which ``choose`` says each action, and its times."""
    environment.begin(tape)
    for _ in range(3 * environment.problem.horizon):
        if environment.clock >= environment.problem.horizon:
            break
        environment.transition(choose())
    times = np.arange(1, environment.clock + 1)
    curves, series = environment.comparators(times), environment.metrics(times)
    return times, {r.name: curves[r.comparator] - series[r.series] for r in environment.regrets()}, curves


def within(environment, tape, choose):
    times, regrets, curves = played(environment, tape, choose)
    if not len(times):
        return
    of = {r.name: r.comparator for r in environment.regrets()}
    for name, (low, high) in environment.limits(times).items():
        slack = 1e-9 * np.maximum(1.0, np.abs(curves[of[name]]))
        assert np.all(regrets[name] >= low - slack), f"{name} below its limit: {regrets[name]} < {low}"
        assert np.all(regrets[name] <= high + slack), f"{name} above its limit: {regrets[name]} > {high}"


def plays(environment, tape):
    """Random actions, the same one throughout, and every comparator that can be played."""
    space = environment.action_space
    for seed in range(2):
        space.seed(seed)
        yield space.sample
    known = isinstance(space, Discrete)
    for action in (0, space.n - 1, space.n // 2) if known else [space.sample() for _ in range(3)]:
        yield lambda action=action: action
    for comparator in environment.comparators(np.array([1])):
        environment.begin(tape)
        if playable(environment, comparator):
            yield lambda name=comparator: environment.clairvoyant(name)


def playable(environment, comparator):
    try:
        environment.clairvoyant(comparator)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("environment", EXAMPLES)
def test_no_play_on_any_tape_leaves_the_limits(environment):
    for seed in range(3):
        tape = environment.draw(np.random.default_rng(seed))
        environment.begin(tape)
        for choose in plays(environment, tape):
            within(environment, tape, choose)


def extremes(environment, tapes):
    """The least and the most regret [2, n_times] by definition, of all sequences of actions on the tapes."""
    ends = {}
    for tape in tapes:
        for actions in product(range(environment.action_space.n), repeat=environment.problem.horizon):
            _, regrets, _ = played(environment, tape, iter(actions).__next__)
            for name, values in regrets.items():
                low, high = ends.get(name, (values, values))
                ends[name] = np.minimum(low, values), np.maximum(high, values)
    return {name: np.array(pair) for name, pair in ends.items()}


def attained(environment, tapes=None, tolerance=1e-12, only=None):
    """The names of the limits, each of which some play attains on some tape, whatever the time."""
    environment.reset(seed=0)
    limits = environment.limits(np.arange(1, environment.problem.horizon + 1))
    if tapes is None:  # means and tables are the same on each tape, rewards are not
        tapes = [environment.draw(np.random.default_rng(seed)) for seed in range(120 if "realized" in limits else 1)]
    ends = extremes(environment, tapes)
    for name in limits if only is None else only:
        assert np.allclose(limits[name], ends[name], rtol=0.0, atol=tolerance), (name, limits[name], ends[name])
    return set(limits)


TABLE = np.array([[0.1, 0.9, 0.3], [0.8, 0.2, 0.2], [0.5, 0.6, 0.1], [1.0, 0.0, 0.7]])


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        (BernoulliArms([0.3, 0.6], 3), {"pseudo", "realized"}),
        (BernoulliArms([0.0, 0.6], 3), {"pseudo", "realized"}),
        (BernoulliArms([1.0, 0.6], 3), {"pseudo", "realized"}),
        (BernoulliArms([1.0, 1.0], 3), {"pseudo", "realized"}),
        (BernoulliArms([0.4], 3), {"pseudo", "realized"}),
        (GaussianArms([-1.0, 0.5, 2.0], 1.0, 3), {"pseudo"}),
        (
            PiecewiseArms([{"start": 1, "means": [0.2, 0.7]}, {"start": 3, "means": [1.0, 0.4]}], horizon=3),
            {"dynamic", "fixed", "realized"},
        ),
        (
            PiecewiseArms([{"start": 1, "means": [-2, 7]}, {"start": 2, "means": [5, 4]}], "gaussian", horizon=4),
            {"dynamic", "fixed"},
        ),
        (AdversarialArms(TABLE), {"dynamic", "fixed"}),
        (AdversarialArms(TABLE, losses=True), {"dynamic", "fixed"}),
        (ContextTable(TABLE, TABLE[:, :1]), {"dynamic", "fixed"}),
        (DelayedFeedback(AdversarialArms(TABLE), 2), {"dynamic", "fixed"}),
    ],
)
def test_limits_of_known_arms_are_attained(environment, names):
    assert attained(environment) == names


def test_limits_of_arms_whose_means_are_drawn():
    """By the support of the prior; means are drawn near its ends by a prior that has its weight there."""
    ends = {"name": "beta", "parameters": {"alpha": 1e-3, "beta": 1e-3}}
    binary = BernoulliArms(ends, 2, n_arms=2)
    tapes = [binary.draw(np.random.default_rng(seed)) for seed in range(20)]
    assert attained(binary, tapes, 1e-3, ["pseudo"]) == {"pseudo", "realized"}
    assert binary.limits(np.array([1, 3]))["realized"].tolist() == [[-1, -3], [1, 3]]
    assert attained(GaussianArms(ends, 1.0, 2, n_arms=2), tapes, 1e-3) == {"pseudo"}
    normal = GaussianArms("normal", 1.0, 3, n_arms=2)
    normal.reset(seed=1)
    assert normal.limits(np.array([1, 3]))["pseudo"].tolist() == [[0, 0], [np.inf, np.inf]]
    alone = GaussianArms("normal", 1.0, 3, n_arms=1)
    alone.reset(seed=1)
    assert alone.limits(np.array([1, 3]))["pseudo"].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(("arms", "rounds"), [(1, 3), (2, 4), (3, 4)])
def test_limits_of_generated_tables_are_attained_by_some_table(arms, rounds):
    """All tables with entries ``low`` and ``high`` are tried; inner entries do not lead further."""
    environment = AdversarialArms("uniform", low=-2.0, high=3.0, n_arms=arms, horizon=rounds)
    rows = np.array(list(product((-2.0, 3.0), repeat=arms))) if arms < 3 else 5.0 * np.eye(arms) - 2.0
    attained(environment, [np.array(table) for table in product(rows, repeat=rounds)])
    rng = np.random.default_rng(5)
    for _ in range(200):
        table = rng.choice([-2.0, 3.0, rng.uniform(-2.0, 3.0)], (rounds, arms))
        for actions in (table.argmax(axis=1), table.argmin(axis=1)):
            within(environment, table, iter(actions.tolist()).__next__)


def test_limits_of_solves():
    """Costs of 1 and of ``max_iter`` are met; the surrogates' limit is the largest of them on a fine grid of shifts."""
    environment = SorSequence(side=4, shifts="easy", grid=[1.0, 1.9], tau=0.3, spectral_points=2, max_iter=7, horizon=3)
    with pytest.warns(UserWarning, match="did not reach"):
        environment.reset(seed=1)
    limits = environment.limits(np.array([1, 3]))
    assert limits["grid"].tolist() == limits["instance_grid"].tolist() == [[-6, -18], [6, 18]]
    assert limits["spectral"].tolist() == [[-38, -50], [-26, -14]]
    beta = 4.0 * np.cos(np.pi / 5) / (4.0 + np.linspace(1.0, 4.0, 400))
    largest = surrogate(1.9, beta, 0.3).max()
    assert np.allclose(limits["surrogate"], [[1.0 - largest, 3.0 - 3.0 * largest], [6, 18]], rtol=1e-12, atol=0.0)
    assert largest > max(surrogate(w, beta, 0.3).max() for w in np.linspace(1.1, 1.89, 80))


@pytest.mark.parametrize("shifts", ["easy", "low_variance", "high_variance"])
@pytest.mark.parametrize("grid", [[0.5], [0.8, 1.0], [1.0, 1.1], [1.0, 1.5, 1.95]])
def test_surrogates_stay_within_the_limits(shifts, grid):
    environment = SorSequence(side=4, shifts=shifts, grid=grid, tau=0.2, horizon=30)
    environment.reset(seed=5)
    times = np.arange(1, 31)
    for name in ("surrogate", "instance_surrogate"):
        assert np.all(times + environment.comparators(times)[name] >= environment.limits(times)[name][0] - 1e-9)


def test_limits_of_the_heat_equation_are_attained():
    environment = HeatEquation(n_x=5, grid=[1.0, 1.5], horizon=5, dt=1e-2)
    environment.reset(seed=0)
    assert attained(environment, only=["instance_grid"]) == {"grid", "instance", "instance_grid", "cg"}


def test_limits_of_the_simulated_heat_equation_hold_for_every_play():
    environment = HeatSimulation(n_x=5, grid=[1.0, 1.9], horizon=4)
    ends, limits = extremes(environment, [0]), environment.limits(np.arange(1, 5))
    for name in ("grid", "cg"):
        assert np.all(limits[name][0] <= ends[name][0]), name
        assert np.all(limits[name][1] >= ends[name][1]), name

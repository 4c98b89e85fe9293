"""Limits of the regret hold for every play on every tape; where they are exact, some play attains them."""

from itertools import product

import numpy as np
import pytest
from gymnasium.spaces import Discrete

from bandits.families import families
from bandits.paging.problem import Eviction
from bandits.streaming.problem import CURRENT, Advance, Pull
from environments import (
    AdversarialArms,
    BernoulliArms,
    DelayedFeedback,
    GaussianArms,
    PagingEnvironment,
    PiecewiseArms,
    RecoveringRewards,
    Stream,
    SyntheticGroups,
    TallyingBandit,
)
from environments.contextual.table import ContextTable
from environments.groupwise.contexts import GroupedContexts
from environments.groupwise.experts import GroupedExperts
from environments.groupwise.paths import GroupedPaths
from environments.paging.adaptive import AdaptivePaging
from environments.paging.hindsight import RequestSequence
from environments.paging.tape import Tape
from environments.recovering.optimum import finite_optimum
from environments.sor.heat import HeatEquation
from environments.sor.heat_simulation import HeatSimulation
from environments.sor.sequence import SorSequence
from environments.sor.surrogates import surrogate
from environments.streaming.hard import HardStream
from environments.tallying.needle import Needle
from environments.tallying.secret_word import SecretWord

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


def extremes(environment, tapes, actions=None):
    """The least and the most regret [2, n_times] by definition, of all legal sequences of actions on the tapes."""
    ends, known = {}, range(environment.action_space.n) if actions is None else actions
    for tape in tapes:
        for sequence in product(known, repeat=environment.problem.horizon):
            try:
                _, regrets, _ = played(environment, tape, iter(sequence).__next__)
            except RuntimeError:  # a rule of the cache is broken
                continue
            for name, values in regrets.items():
                low, high = ends.get(name, (values, values))
                ends[name] = np.minimum(low, values), np.maximum(high, values)
    return {name: np.array(pair) for name, pair in ends.items()}


def attained(environment, tapes=None, tolerance=1e-12, only=None, actions=None):
    """The names of the limits, each of which some play attains on some tape, whatever the time."""
    environment.reset(seed=0)
    limits = environment.limits(np.arange(1, environment.problem.horizon + 1))
    if tapes is None:  # means and tables are the same on each tape, rewards are not
        tapes = [environment.draw(np.random.default_rng(seed)) for seed in range(120 if "realized" in limits else 1)]
    ends = extremes(environment, tapes, actions)
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
    assert attained(binary, tapes, 1e-3, ["bayesian", "pseudo"]) == {"bayesian", "pseudo", "realized"}
    assert binary.limits(np.array([1, 3]))["realized"].tolist() == [[-1, -3], [1, 3]]
    assert attained(GaussianArms(ends, 1.0, 2, n_arms=2), tapes, 1e-3) == {"bayesian", "pseudo"}
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


def test_limits_of_tallying_bandits():
    """Ordinary arms as tallying ones; a needle; words that are given or drawn, with both comparators."""
    constant = [{"name": "constant", "parameters": {"c": c}} for c in (0.2, 0.7)]
    names = {"complete", "policy", "steady", "realized"}
    assert attained(TallyingBandit(constant, 2, horizon=3)) == names
    assert attained(TallyingBandit(constant, 2, noise="none", horizon=3)) == names
    assert attained(TallyingBandit(constant, 2, noise="gaussian", sigma=1.0, horizon=3)) == names - {"realized"}
    step = [{"name": "step", "parameters": {"a": 0.9, "b": 0.2, "theta": 2}}, constant[1]]
    holds(TallyingBandit(step, 2, horizon=5), range(4))
    holds(Needle(2, 2, horizon=5), range(4))
    for drawn in (SecretWord(memory=2, horizon=5), SecretWord(memory=2, comparator="constant", horizon=5)):
        holds(drawn, range(12))
    assert attained(SecretWord([0, 1], horizon=5), only=["complete"]) == names
    long = SecretWord(memory=20, horizon=60)
    long.reset(seed=0)
    assert long.regrets()[0].comparator == "word"
    assert long.limits(np.array([19, 41]))["complete"].tolist() == [[-19, -39], [0, 2]]


def holds(environment, seeds, actions=None):
    """No sequence of actions leaves the limits on tapes of these seeds."""
    holds_on(environment, [environment.draw(np.random.default_rng(seed)) for seed in seeds], actions)


def holds_on(environment, tapes, actions):
    environment.reset(seed=0)
    limits = environment.limits(np.arange(1, environment.problem.horizon + 1))
    ends = extremes(environment, tapes, actions)
    for name, (low, high) in limits.items():
        assert np.all(low <= ends[name][0] + 1e-9), (name, low, ends[name][0])
        assert np.all(high >= ends[name][1] - 1e-9), (name, high, ends[name][1])


@pytest.mark.parametrize("start", ["cold", "recovered"])
def test_limits_of_recovering_arms(start):
    """Those of known schedules are attained; the fluid bound, where they are not known, is above the best of them."""
    curves = [[0.3, 1.0], [0.2, 0.4, 0.5]]
    environment = RecoveringRewards(curves, 1, start=start, noise="none", horizon=4)
    names = {"plan", "fluid", "gamma", "optimum", "best_schedule", "realized"}
    assert attained(environment, actions=[(), (0,), (1,)]) == names
    holds(RecoveringRewards(curves, 2, start=start, horizon=3), range(5), [(), (0,), (1,), (0, 1)])
    geometric = {"name": "geometric", "parameters": {"a": [0.9, 0.6, 0.8], "q": 0.8, "recovery": 40}}
    many = RecoveringRewards(geometric, 2, start=start, horizon=40)
    many.reset(seed=0)
    assert many.instance().best_schedule is None
    times = np.arange(1, 41)
    ahead = many.comparators(times)["plan"] - finite_optimum(many.instance().rows, 2, 40, start, force=True)
    assert np.all(many.limits(times)["plan"][0] <= ahead)


EVICTIONS = [Eviction(), Eviction((0,)), Eviction((1,)), Eviction((2,)), Eviction((), True)]


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("k", [1, 2])
def test_limits_of_paging(k, bypass):
    """All requests to three pages are tried with all evictions."""
    environment = PagingEnvironment(k, {"name": "uniform", "parameters": {"N": 3}}, horizon=4, allow_bypass=bypass)
    tapes = [
        Tape(RequestSequence(np.array([0, *rest]), 3, k), np.empty(0, np.uint8), np.empty(0))
        for rest in product(range(3), repeat=3)
    ]
    exact = {"bypass", "regret"} if bypass and k == 1 else {"bypass"} if bypass else {"regret"}
    names = attained(environment, tapes, only=exact, actions=EVICTIONS)
    assert names == {"regret", "static"} | ({"bypass"} if bypass else set())
    holds_on(environment, tapes, EVICTIONS)
    for pages in ([0, 1, 2, 0], [0, 0, 1, 1], [0, 1, 0, 1]):
        given = PagingEnvironment(k, pages, allow_bypass=bypass)
        assert attained(given, [given.draw(np.random.default_rng(0))], actions=EVICTIONS) == names
    streamed = PagingEnvironment(k, "uniform", horizon=4, optimum=False)
    streamed.reset(seed=0)
    assert streamed.limits(np.array([1, 4]))["faults"].tolist() == [[1, 1], [1, 4]]


@pytest.mark.parametrize("k", [1, 2])
def test_limits_of_the_adversary_of_paging(k):
    environment = AdaptivePaging(k, 6)
    assert attained(environment, [None], actions=EVICTIONS) == {"regret", "faults"}


def test_limits_of_streams():
    """All pulls of the worst arm, and of the best; of a law, by what it can draw."""
    stream = Stream([0.2, 0.9], horizon=4, memory=1, order="given")
    for moves, end in (([], 1), ([Advance()], 0)):
        tape = stream.draw(np.random.default_rng(0))
        _, regrets, _ = played(stream, tape, iter([*moves, *[Pull(CURRENT)] * 4]).__next__)
        assert np.allclose(stream.limits(np.arange(1, 5))["pseudo"][end], regrets["pseudo"], rtol=0.0, atol=1e-12)
    assert stream.limits(np.array([4]))["realized"].ravel().tolist() == pytest.approx([-0.4, 3.6])
    for environment, pseudo, realized in (
        (Stream("clear_cut", 5, horizon=9), 0.82, [-0.18, 0.82]),
        (Stream("mixed", 5, horizon=9), 1.0, [-1.0, 1.0]),
        (Stream("mixed", 1, horizon=9), 0.0, [-1.0, 1.0]),
        (Stream("mixed", 5, horizon=9, rewards="gaussian"), 1.0, None),
        (HardStream(8, horizon=64, lift=0.2), 0.25, [-0.5, 0.75]),
        (HardStream(8, horizon=64, lift=0.2, case="10"), 0.1, [-0.4, 0.6]),
        (HardStream(8, horizon=64, lift=0.2, case="00"), 0.0, [-0.5, 0.5]),
    ):
        environment.reset(seed=0)
        limits = environment.limits(np.array([1]))
        assert limits["pseudo"].ravel().tolist() == pytest.approx([0.0, pseudo])
        assert ("realized" in limits) == (realized is not None)
        if realized is not None:
            assert limits["realized"].ravel().tolist() == pytest.approx(realized)


WHOLE = {"kind": {"whole": 1.0}}


def tables(environment, rows, **fixed):
    """Tapes of the environment with all tables of these rows."""
    tape = environment.draw(np.random.default_rng(0))
    field = "losses" if hasattr(tape, "losses") else "costs"
    made = product(np.array(rows, dtype=float), repeat=environment.problem.horizon)
    return [tape._replace(**{field: np.array(table), **fixed}) for table in made]


BITS = [[0, 0], [0, 1], [1, 0], [1, 1]]


def test_limits_of_grouped_rounds():
    experts = GroupedExperts(2, WHOLE, horizon=3)
    assert attained(experts, tables(experts, BITS)) == {"whole", "always_on"}
    alone = GroupedExperts(1, WHOLE, horizon=3)
    assert attained(alone, tables(alone, [[0], [1]])) == {"whole", "always_on"}
    contexts = GroupedContexts(1, attributes=WHOLE, horizon=3)
    tapes = tables(contexts, BITS, contexts=np.zeros(3, dtype=np.int64))
    assert attained(contexts, tapes) == {"whole", "always_on"}
    fork = GroupedPaths(edges=[(0, 1), (0, 1)], attributes=WHOLE, horizon=3)
    attained(fork, tables(fork, BITS), actions=[[0], [1]])
    grid = GroupedPaths(2, attributes=WHOLE, horizon=3)
    rows = [[0, 1, 0, 1], [1, 0, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1]]
    assert grid.network.count == 2
    attained(grid, tables(grid, rows), actions=[[0, 0, 0], [1, 0, 0]])
    assert GroupedPaths(4, horizon=3).network.count == 20


@pytest.mark.parametrize("comparator", ["least_squares", {"name": "ridge", "parameters": {"penalty": 1.0}}])
@pytest.mark.parametrize("alignment", ["exact", "published"])
def test_limits_of_regressions(comparator, alignment):
    """Predictions without any error are ahead of the best model by all of its loss; no error is too large."""
    for order in ("given", "shuffled"):
        environment = SyntheticGroups(
            order=order, horizon=30, features=2, comparator=comparator, regret_alignment=alignment
        )
        for seed in range(3):
            tape = environment.draw(np.random.default_rng(seed))
            labels = environment.data.labels[tape].tolist()
            times, regrets, _ = played(environment, tape, iter(labels).__next__)
            for name, (low, high) in environment.limits(times).items():
                assert np.all(low <= regrets[name] + 1e-9), name
                assert order == "shuffled" or np.allclose(low, regrets[name], rtol=0.0, atol=1e-9), name
                assert alignment == "published" or low[-1] == pytest.approx(regrets[name][-1], abs=1e-9), name
                assert np.all(high == np.inf), name

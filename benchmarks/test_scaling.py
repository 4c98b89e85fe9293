"""Time against size, log-spaced: the exponent must not exceed the expected one by more than ``table.MARGIN``.

One curve alone: ``pytest benchmarks/test_scaling.py -k requests``.
"""

import itertools

import numpy as np
import pytest
from games import bernoulli
from test_many_arms import advance
from test_paging import optimum, play, predictions
from test_streaming import stream
from test_studies import tiny
from timing import growth

from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.problem import RegressionProblem, Rows
from bandits.recovering.planners import lp_round, pow2
from environments.paging.generators import Zipf
from environments.sor.instances import grid_laplacian
from environments.sor.kernels import solve_csr
from environments.sor.solve import split
from environments.sor.ssor_stencil import solve_ssor_stencil
from environments.sor.stencil import solve_stencil
from experiments.analysis.results import load
from experiments.run.runner import run


def spaced(start, stop, number):
    """Whole numbers, log-spaced."""
    return np.unique(np.geomspace(start, stop, number).round().astype(int)).tolist()


@pytest.mark.parametrize("name", ["ucb1", "exp3", "tsallis_inf", "beta_thompson"])
def test_rounds(record_growth, name):
    """Ten arms, one replicate."""
    measured = growth(spaced(10_000, 3_000_000, 6), lambda rounds: lambda: bernoulli(name, rounds))
    record_growth("arms", name, "rounds", measured, 1)


@pytest.mark.parametrize("name", ["ucb1", "exp3"])
def test_replicates(record_growth, name):
    """Of a job with a thousand rounds."""
    measured = growth(spaced(1, 300, 6), lambda count: lambda: bernoulli(name, 1000, count))
    record_growth("arms", name, "replicates", measured, 1)


@pytest.mark.parametrize(
    ("name", "order"), [("ucb1", 0.1), ("kl_ucb", 0.1), ("beta_thompson", 0.1), ("exp3", 0.1), ("tsallis_inf", 0.3)]
)
def test_arms(record_growth, name, order):
    """A hundred thousand rounds; Tsallis-INF goes through all arms now and then, the more often the more there are."""
    sizes = spaced(10, 10_000, 7)
    measured = growth(sizes, lambda arms: advance(name, np.linspace(0.1, 0.9, arms), 100_000))
    record_growth("arms", name, "arms", measured, order)


@pytest.mark.parametrize(("name", "most"), [("uniform_exploration", 3e6), ("eps_best_single", 3e6), ("tower_log", 3e5)])
def test_arms_of_a_stream(record_growth, name, most):
    """A million pulls an arm."""
    measured = growth(spaced(1000, most, 6), lambda arms: lambda: stream(name, arms, 10**6 * arms))
    record_growth("streaming", name, "arms of a stream", measured, 1)


@pytest.mark.parametrize("kernel", ["SOR, stencil", "SOR, rows", "SSOR-CG, stencil"])
def test_unknowns(record_growth, kernel):
    """Time of thirty sweeps, or iterations; residuals do not reach zero in them."""

    def game(n):
        m = round(n**0.5)
        b = np.random.default_rng(0).standard_normal(m * m)
        if kernel == "SOR, rows":
            parts = split(grid_laplacian(m))
            return lambda: solve_csr(parts, 1.9, b, 0.0, 30, np.empty(0))
        if kernel == "SOR, stencil":
            return lambda: solve_stencil(m, 4.0, 1.9, b, 0.0, 30, np.empty(0))
        return lambda: solve_ssor_stencil(m, 4.0, 1.5, b, 0.0, 30, np.empty(0), True)

    sizes = [m * m for m in spaced(10, 1000, 7)]
    record_growth("sor", kernel, "unknowns", growth(sizes, game, repeats=5), 1)


@pytest.mark.parametrize(
    ("name", "kind"), [("lru", ""), ("mark0", "discard"), ("blind_oracle", "reuse"), ("offline optimum", "")]
)
def test_requests(record_growth, name, kind):
    """Zipf requests to 10^5 pages, a cache of 1000."""

    def game(requests):
        pages, n, k = Zipf(100_000, 1.0).draw(requests, np.random.default_rng(0)), 100_000, 1000
        if name == "offline optimum":
            return lambda: optimum(pages, n, k)
        given = predictions(kind, pages, n, k)
        return lambda: play(name, pages, n, k, **given)

    record_growth("paging", name, "requests", growth(spaced(10_000, 3_000_000, 6), game), 1)


def rows(n, groups, features):
    """Random rows, a problem that they belong to, and a function that plays them from the beginning."""
    rng = np.random.default_rng(1)
    data = Rows(rng.random((n, features)), (rng.random((n, groups)) < 0.1).astype(np.int8), rng.random(n))
    policy = Groupwise(clip=[0.0, 1.0])
    problem = RegressionProblem(groups=tuple(map(str, range(groups))), dimension=features)

    def run():
        policy.reset(problem, np.random.default_rng(0))
        policy.play_rows(data)

    return run


def test_groups(record_growth):
    """Three hundred rounds with eight features, a tenth of the groups awake."""
    measured = growth(spaced(10, 3000, 6), lambda groups: rows(300, groups, 8), repeats=7)
    record_growth("groupwise", "ridge", "groups", measured, 1)


def test_features(record_growth):
    """Three hundred rounds with ten groups, one of which is awake on average; a rank-one update is quadratic."""
    measured = growth(spaced(10, 600, 7), lambda features: rows(300, 10, features), repeats=5)
    record_growth("groupwise", "ridge", "features", measured, 2)


@pytest.mark.parametrize("planner", [pow2, lp_round])
def test_arms_to_plan_for(record_growth, planner):
    """Recovery times up to 64, twenty pulls a period."""

    def game(arms):
        rng = np.random.default_rng(1)
        curves = np.sort(rng.random((arms, 64)), axis=1) * rng.random((arms, 1))
        return lambda: planner(curves, 20)

    record_growth("recovering", planner.__name__, "arms to plan for", growth(spaced(100, 10_000, 6), game), 1)


@pytest.mark.parametrize("what", ["run", "load"])
def test_jobs(record_growth, tmp_path, what):
    """Of a study with tiny jobs, in one process."""
    number = itertools.count()

    def game(jobs):
        study, folder = tiny(jobs), tmp_path / str(jobs)
        if what == "run":
            return lambda: run(study, folder / str(next(number)), jobs=1)
        run(study, folder, jobs=1)
        return lambda: load(folder)

    record_growth("studies", what, "jobs", growth(spaced(4, 400, 5), game), 1)

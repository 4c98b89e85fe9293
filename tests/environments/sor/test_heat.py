"""The heat equation: numbers of independent implementations, the exact path, and the simulation beside the table."""

import math

import numpy as np
import pytest
import scipy.sparse as sp

from bandits import ChebCB, TsallisINF, TsallisINFCB
from environments.sor.heat import HeatEquation, bump, diffusivity, exact_steps, forcing, step_system
from environments.sor.heat_simulation import HeatSimulation
from environments.sor.instances import grid_laplacian


def begun(**parameters):
    environment = HeatEquation(**parameters)
    environment.begin(environment.draw(np.random.default_rng(0)))
    return environment


def earned(environment):
    return environment.metrics(np.array([environment.clock]))["reward"][0]


def test_first_steps():
    environment = begun(horizon=600)
    grid = np.array(environment.problem.actions)
    cg = -environment.comparators(np.array([200, 600]))["cg"]
    assert cg == pytest.approx([853, 4155], rel=0.005)
    for omega, expected in ((1.0, (395, 1743)), (1.5, (728, 2628)), (1.75, (775, 3180))):
        costs = environment._costs[:, np.isclose(grid, omega)].ravel()
        assert [costs[:200].sum(), costs.sum()] == pytest.approx(list(expected), rel=0.005)


def test_one_step_against_a_direct_solve_of_the_scheme():
    n_x, dt, k, a = 9, 1e-2, 33, 0.1
    u = np.random.default_rng(1).standard_normal(64)
    h = (k + 0.5) * dt
    L = -(n_x**2) * grid_laplacian(n_x - 1)
    S = 0.5 * max(a * math.sin(2 * math.pi * h), -10 * math.sin(2 * math.pi * h)) * dt * L
    b = u + S @ u + dt * forcing(n_x, h)
    new = np.linalg.solve((sp.eye_array(64) - S).toarray(), b)
    shift, residual, norm = step_system(n_x, a, dt, k, u)
    change = np.linalg.solve((grid_laplacian(n_x - 1) + shift * sp.eye_array(64)).toarray(), residual)
    np.testing.assert_allclose(u + change, new, atol=1e-12)
    assert norm / shift == pytest.approx(np.linalg.norm(b))


def test_the_exact_path_is_that_of_the_simulation():
    environment = HeatSimulation(n_x=12, horizon=60, tolerance=1e-12)
    environment.begin(0)
    systems = exact_steps(12, 0.1, 1e-3, 60, "start")
    for k in range(60):
        shift, residual, norm = step_system(12, 0.1, 1e-3, k, environment._state)
        assert shift == systems.shifts[k]
        assert norm == pytest.approx(systems.norms[k], rel=1e-9)
        np.testing.assert_allclose(residual, systems.rhs[k], atol=1e-7 * np.abs(residual).max())
        environment.transition(4)


def test_simulation_and_table_cost_the_same():
    table, simulation = begun(n_x=20, horizon=300), HeatSimulation(n_x=20, horizon=300)
    times = np.array([50, 300])
    for name in ("best_fixed", "worst", "cg"):
        assert simulation.comparators(times)[name] == pytest.approx(
            begun(n_x=20, horizon=300).comparators(times)[name] if name != "worst" else
            -np.array([table._costs[:t].sum(axis=0).max() for t in times]), rel=0.005)  # fmt: skip
    simulation.begin(0)
    rng = np.random.default_rng(3)
    for _ in range(300):
        assert simulation.observe() == table.observe()
        arm = int(rng.integers(20))
        simulation.transition(arm)
        table.transition(arm)
    assert earned(simulation) == pytest.approx(earned(table), rel=0.005)


def test_pieces():
    assert diffusivity([0.25, 0.75, 0.5], 0.1) == pytest.approx([0.1, 10.0, 0.0], abs=1e-12)
    assert diffusivity(0.25, 0.01) == pytest.approx(0.01)
    u = bump(8, 0.5, 0.5, 0.25).reshape(7, 7)
    assert u[3, 3] == 1.0
    assert u[1, 3] == u[3, 5] == 0.0
    assert u[2, 3] == pytest.approx(math.exp(1 - 1 / (1 - (1 / 8 / 0.25) ** 2)))
    f = forcing(100, 1 / 64).reshape(99, 99)  # angle pi / 4: off the middle by the same in x and y
    peak = np.unravel_index(f.argmax(), f.shape)
    assert peak[0] == peak[1]
    assert forcing(100, 1 / 32).reshape(99, 99).argmax() % 99 == 74  # angle pi / 2: y = 3/4
    assert f.max() <= 32.0


def test_contexts_are_the_diffusivity():
    for when, offset in (("start", 0.0), ("half", 0.5)):
        environment = begun(n_x=5, horizon=700, context=when)
        expected = diffusivity((np.arange(700) + offset) * 1e-3, 0.1)
        assert environment.contexts(700)[:, 0] == pytest.approx(expected)
        assert environment.problem.contexts[0] == (expected.min(), expected.max())
    assert begun(n_x=5, horizon=1).problem.contexts[0] == (0.0, 1.0)


def test_every_run_is_the_same_and_tables_are_reused():
    one, other = HeatEquation(n_x=6, horizon=20), HeatEquation(n_x=6, horizon=20)
    rng = np.random.default_rng(0)
    assert one.draw(rng) is other.draw(np.random.default_rng(5))


def test_regrets_name_what_they_compare_with():
    regrets = {n.name: n.comparator_class for n in HeatEquation(n_x=5, tau=0.9, reference_step=0.1).regrets()}
    assert regrets == {"grid": "fixed", "instance": "instance", "instance_grid": "dynamic", "fine": "fine",
                       "surrogate": "surrogate", "instance_surrogate": "instance_surrogate", "cg": "cg"}  # fmt: skip
    assert [n.name for n in HeatSimulation(n_x=5).regrets()] == ["grid", "cg"]


def test_simulation_refuses():
    environment = HeatSimulation(n_x=5, horizon=2)
    environment.begin(0)
    for arm in (-1, 20):
        with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.19"):
            environment.transition(arm)
    with pytest.raises(ValueError, match="best_fixed"):
        environment.clairvoyant("instance")
    assert environment.clairvoyant("best_fixed") in range(20)


@pytest.mark.parametrize("environment", [HeatEquation, HeatSimulation])
@pytest.mark.parametrize(
    ("change", "message"),
    [({"n_x": 1}, "n_x"), ({"n_x": 25.0}, "n_x"), ({"amplitude": 0.0}, "amplitude"), ({"dt": -1.0}, "dt"),
     ({"context": "end"}, "context must be one of start, half"), ({"grid": [1.2, 1.1]}, "ascending"),
     ({"tolerance": 1.0}, "tolerance"), ({"max_iter": 1}, "max_iter"), ({"horizon": 0}, "horizon")],
)  # fmt: skip
def test_bad_parameters(environment, change, message):
    with pytest.raises(ValueError, match=message):
        environment(**change)


def test_memory_is_judged_at_once():
    with pytest.raises(ValueError, match="memory_limit"):
        HeatEquation(n_x=400, horizon=5000)


TOTALS = {
    25: {"cg": 85_422, 1.0: 32_800, 1.5: 32_296, "best": (29_454, 1.40), "dynamic": 24_158},
    50: {"cg": 164_441, 1.0: 60_725, 1.5: 43_952, "best": (42_933, 1.60), "dynamic": 34_703},
}
LEARNERS = {25: (30_770, 29_650, 24_840), 50: (45_690, 44_010, 36_010)}


@pytest.mark.slow
@pytest.mark.parametrize("n_x", TOTALS)
def test_totals_at_5000(n_x):
    """Totals of the solvers to 0.5 %; those of the learners, from 3 runs each, to 4 standard errors of both means."""
    environment = begun(n_x=n_x, horizon=5000)
    grid, expected = np.array(environment.problem.actions), TOTALS[n_x]
    ends = environment.comparators(np.array([5000]))
    sums = environment._costs.sum(axis=0)
    assert -ends["cg"][0] == pytest.approx(expected["cg"], rel=0.005)
    for omega in (1.0, 1.5):
        assert sums[np.isclose(grid, omega)][0] == pytest.approx(expected[omega], rel=0.005)
    assert sums.min() == pytest.approx(expected["best"][0], rel=0.005)
    assert grid[sums.argmin()] == pytest.approx(expected["best"][1])
    assert -ends["instance_grid"][0] == pytest.approx(expected["dynamic"], rel=0.005)
    for make, reference in zip(
        (lambda: TsallisINF(scale="running_mean"), lambda: TsallisINFCB(bins=6), ChebCB), LEARNERS[n_x], strict=True
    ):
        totals = []
        for seed in range(8):
            environment.begin(environment.tape)
            policy = make()
            policy.reset(environment.problem, np.random.default_rng([seed, 9]))
            policy.advance(environment, 5000)
            totals.append(-earned(environment))
        error = np.std(totals, ddof=1) * math.sqrt(1 / 8 + 1 / 3)
        assert np.mean(totals) == pytest.approx(reference, abs=4 * error)

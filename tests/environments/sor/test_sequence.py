import numpy as np
import pytest
import scipy.sparse as sp

from bandits import SolverProblem
from environments.sor.environment import OffGrid
from environments.sor.instances import grid_laplacian, l_laplacian
from environments.sor.sequence import SorSequence
from environments.sor.solve import sor_laplacian
from environments.sor.spectra import grid_jacobi_radius, omega_star
from environments.sor.spectral import spectral_parameters
from environments.sor.surrogates import surrogate
from environments.sor.symmetric import ssor, ssor_cg

SMALL = {"side": 5, "horizon": 40, "grid": [1.0, 1.2, 1.4, 1.6]}
EASY = {
    "shifts": "easy",
    "grid": {"name": "theorem", "parameters": {"omega_max": 1.218817, "size": 20}},
    "tau": 0.30,
    "cost_bound": 54.33,
}


def begun(seed=3, **parameters):
    environment = SorSequence(**{**SMALL, **parameters})
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def earned(environment):
    return environment.metrics(np.array([environment.clock]))["reward"][0]


def online(environment):
    """Sweeps of every parameter on every system, solved one by one."""
    tape, side = environment.tape, environment.side
    pairs = zip(tape.shifts, tape.rhs, strict=True)
    grid = environment.problem.actions
    return np.array(
        [[sor_laplacian(side, b, w, c, tol=environment.tolerance).iterations for w in grid] for c, b in pairs]
    )


def test_problem_says_what_the_learner_may_know():
    problem = SorSequence().problem
    assert (type(problem), problem.n_actions, problem.horizon) == (SolverProblem, 20, 5000)
    assert (problem.low, problem.high) == (-10_000.0, -1.0)
    assert problem.actions == pytest.approx(1 + 0.05 * np.arange(20))
    assert problem.contexts[0] == pytest.approx((-0.15, 0.45))
    assert SorSequence(cost_bound=54.33).problem.low == pytest.approx(-55.33)


def test_rewards_are_minus_the_sweeps_of_online_solves():
    environment = begun()
    costs = online(environment)
    rng = np.random.default_rng(0)
    total = 0
    for t in range(40):
        context = environment.observe()
        assert context.shape == (1,)
        assert context[0] == environment.tape.shifts[t]
        assert environment.observation_space.contains(context)
        arm = int(rng.integers(4))
        reward, feedback = environment.transition(arm)
        assert reward == feedback == -costs[t, arm]
        total += costs[t, arm]
    assert {name: s.tolist() for name, s in environment.metrics(np.array([40])).items()} == {
        "reward": [-total],
        "expected_reward": [-total],
    }
    assert environment.observation_space.contains(environment.observe())
    with pytest.raises(RuntimeError, match="the run is over"):
        environment.transition(0)


def test_comparators_prefix_by_prefix():
    environment = begun(tau=0.3, reference_step=0.3)
    costs, tape = online(environment), environment.tape
    betas = grid_jacobi_radius(5, tape.shifts)
    stars = omega_star(betas)
    instance = [sor_laplacian(5, b, w, c).iterations for w, c, b in zip(stars, tape.shifts, tape.rhs, strict=True)]
    reference = [1.0, 1.3, 1.6, 1.9, float(omega_star(grid_jacobi_radius(5)))]
    fine = np.array(
        [[sor_laplacian(5, b, w, c).iterations for w in reference] for c, b in zip(tape.shifts, tape.rhs, strict=True)]
    )
    times = np.array([1, 2, 9, 40])
    found = environment.comparators(times)
    assert set(found) == {n.comparator for n in environment.regrets()} | {"worst"}
    for i, t in enumerate(times):
        assert found["best_fixed"][i] == -costs[:t].sum(axis=0).min()
        assert found["instance_grid"][i] == -costs[:t].min(axis=1).sum()
        assert found["worst"][i] == -costs[:t].max(axis=1).sum()
        assert found["instance"][i] == -sum(instance[:t])
        assert found["instance_surrogate"][i] == pytest.approx(-surrogate(stars, betas, 0.3)[:t].sum())
        assert found["fine"][i] == -fine[:t].sum(axis=0).min()
        candidates = np.union1d(np.linspace(0.001, 1.6, 1600), stars[stars <= 1.6])
        brute = min(surrogate(w, betas[:t], 0.3).sum() for w in candidates)
        assert found["surrogate"][i] == pytest.approx(-brute, rel=1e-3)
        assert -found["surrogate"][i] <= brute * (1 + 1e-12)


def test_regrets():
    assert [n.name for n in SorSequence(**SMALL).regrets()] == ["grid", "instance", "instance_grid"]
    regrets = {n.name: n for n in SorSequence(**SMALL, tau=0.3, reference_step=0.01).regrets()}
    assert {name: n.comparator_class for name, n in regrets.items()} == {
        "grid": "fixed",
        "instance": "instance",
        "instance_grid": "dynamic",
        "fine": "fine",
        "surrogate": "surrogate",
        "instance_surrogate": "instance_surrogate",
    }
    assert {n.unit for n in regrets.values()} == {"iterations"}
    assert {n.series for n in regrets.values()} <= set(begun().metrics(np.array([0])))


@pytest.mark.parametrize("comparator", ["best_fixed", "instance_grid", "instance"])
def test_clairvoyant_play_reaches_the_comparator(comparator):
    environment = begun()
    expected = environment.comparators(np.array([40]))[comparator][0]
    while environment.clock < 40:
        environment.transition(environment.clairvoyant(comparator))
    assert earned(environment) == expected


def test_off_grid_actions():
    environment = begun()
    tape = environment.tape
    reward, _ = environment.transition(OffGrid(1.23))
    assert reward == -sor_laplacian(5, tape.rhs[0], 1.23, tape.shifts[0]).iterations
    assert environment.clock == 1
    with pytest.raises(ValueError, match="omega"):
        environment.transition(OffGrid(2.0))
    for arm in (-1, 4):
        with pytest.raises(ValueError, match="action must"):
            environment.transition(arm)
    assert environment.clock == 1
    with pytest.raises(ValueError, match="best_fixed, instance_grid or instance"):
        environment.clairvoyant("best_arm")


def test_the_instance_for_the_theorems():
    environment = SorSequence(horizon=500, **EASY)
    environment.begin(environment.draw(np.random.default_rng(1)))
    instance = environment.instance()
    assert instance is environment.instance()
    assert (instance.oblivious, instance.stationary, instance.bounded) == (True, False, True)
    assert (instance.cost_bound, instance.n_exceed, instance.unfinished) == (pytest.approx(54.33), 0, 0)
    assert (instance.epsilon, instance.omega_max) == (1e-8, pytest.approx(1.218817))
    assert instance.theorem_grid is True
    assert instance.alpha.max() == pytest.approx(0.7124, abs=1e-4)
    assert instance.cost_ceiling == pytest.approx(54.33, abs=0.05)
    assert instance.alpha.shape == (500,)
    squares = np.log(instance.alpha) ** 2
    assert instance.gamma == pytest.approx((1 / squares).mean())
    assert instance.n_above_surrogate == 0
    assert not begun().instance().theorem_grid


def test_costs_above_the_bound_are_kept_and_counted():
    costs = online(begun())
    limit = int(np.sort(costs.ravel())[costs.size // 2])  # a cost that occurs, so that the limit itself is tried
    environment = begun(cost_bound=limit - 1.0)
    late = int((costs > limit).sum())
    assert late > 0
    assert environment.instance().n_exceed == late
    assert environment.instance().bounded is False
    rewards = [environment.transition(0)[0] for _ in range(40)]
    assert rewards == (-costs[:, 0]).tolist()
    assert min(rewards) < environment.problem.low


def test_solves_that_do_not_converge():
    environment = SorSequence(**SMALL, max_iter=25)
    tape = environment.draw(np.random.default_rng(3))
    with pytest.warns(UserWarning, match="of 160 solves did not reach the tolerance") as record:
        environment.begin(tape)
    assert len(record) == 1
    assert environment.instance().unfinished == int((online(begun()) > 25).sum())
    assert environment.instance().largest_loss == 24


def test_one_parameter_leaves_no_regret():
    environment = begun(grid=[1.3])
    for _ in range(40):
        environment.transition(0)
    assert earned(environment) == environment.comparators(np.array([40]))["best_fixed"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"side": 0}, "side"),
        ({"side": 20}, r"shifts.offset.* above -0\.044.*got -0\.15"),
        ({"shifts": "medium"}, "unknown shifts 'medium'"),
        ({"grid": []}, "grid"),
        ({"grid": [1.2, 1.1]}, "ascending"),
        ({"tolerance": 1.0}, "tolerance"),
        ({"max_iter": 1}, "max_iter"),
        ({"cost_bound": 0.5}, "cost_bound"),
        ({"tau": 1.0}, "tau"),
        ({"reference_step": 0.0}, "reference_step"),
        ({"horizon": 0}, "horizon"),
        ({"horizon": 10.0}, "horizon"),
    ],
)
def test_bad_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        SorSequence(**{**SMALL, **change})


def test_memory_and_tolerance_are_judged_at_once():
    with pytest.raises(ValueError, match="memory_limit"):
        SorSequence(horizon=10**8)
    with pytest.warns(UserWarning, match="tolerance = 1e-14"):
        SorSequence(**SMALL, tolerance=1e-14)


@pytest.mark.parametrize("region", ["square", "L"])
@pytest.mark.parametrize("method", ["ssor", "ssor_cg"])
def test_other_solvers_and_regions(method, region):
    environment = begun(method=method, region=region)
    A, tape = l_laplacian(5) if region == "L" else grid_laplacian(5), environment.tape
    solve = ssor if method == "ssor" else ssor_cg
    n = A.shape[0]
    costs = np.array(
        [
            [max(solve(A + c * sp.eye_array(n), b, w).iterations, 1) for w in environment.problem.actions]
            for c, b in zip(tape.shifts, tape.rhs, strict=True)
        ]
    )
    np.testing.assert_array_equal(environment._costs, costs)
    found = environment.comparators(np.array([9, 40]))
    assert found["best_fixed"].tolist() == [-costs[:t].sum(axis=0).min() for t in (9, 40)]
    fine = np.linspace(0.83, 1.95, 200)
    least = [min(solve(A + c * sp.eye_array(n), b, w).iterations for w in fine)
             for c, b in zip(tape.shifts[:9], tape.rhs[:9], strict=True)]  # fmt: skip
    assert sum(least) <= -found["instance"][0] <= 1.1 * sum(least)
    environment.transition(environment.clairvoyant("instance"))
    assert environment.instance().unknowns == n
    assert environment.instance().method == method


def test_surrogates_of_conjugate_gradients():
    environment = begun(method="ssor_cg", tau=0.9)
    instance, found = environment.instance(), environment.comparators(np.array([10, 40]))
    assert instance.n_above_surrogate == 0
    assert instance.mu.shape == instance.nu.shape == instance.kappa.shape == (40,)
    assert found["instance_surrogate"][1] == pytest.approx(-instance.instance_surrogate.sum())
    assert found["surrogate"][1] <= found["instance_surrogate"][1] <= -environment._costs.min(axis=1).sum()


def test_constants_of_theorem_2_2():
    environment = SorSequence(horizon=300, **EASY)
    environment.begin(environment.draw(np.random.default_rng(1)))
    instance, limits = environment.instance(), np.array([1.0, 4.0])
    beta = float(grid_jacobi_radius(10, 1.0))
    c = np.linspace(*limits, 4001)
    slopes = np.abs(np.diff(omega_star(grid_jacobi_radius(10, c))) / np.diff(c))
    assert instance.optimum_lipschitz >= slopes.max()
    assert instance.optimum_lipschitz == pytest.approx(6 * instance.cost_lipschitz * (omega_star(beta) - 1))
    assert instance.context_width == 3.0
    assert instance.covers_optimum is True


def test_spectral_baseline():
    environment = begun(spectral_points=5)
    found = environment.comparators(np.array([1, 40]))
    omegas, products = spectral_parameters(grid_laplacian(5), environment.tape.shifts, -0.15, 0.45, 5)
    costs = [sor_laplacian(5, b, w, c).iterations
             for c, b, w in zip(environment.tape.shifts, environment.tape.rhs, omegas, strict=True)]  # fmt: skip
    assert products == 5 * 20
    assert found["spectral"].tolist() == [-(100 + costs[0]), -(100 + sum(costs))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "jacobi"}, "method must be one of"),
        ({"region": "disc"}, "unknown region 'disc'"),
        ({"region": "L", "side": 20, "shifts": "low_variance"}, "shifts.offset"),
        ({"method": "ssor", "tau": 0.3}, "tau must not be given"),
        ({"method": "ssor", "tolerance": 0.0}, "tolerance"),
        ({"method": "ssor_cg", "spectral_points": 4}, "spectral_points is for method='sor'"),
        ({"spectral_points": 0}, "spectral_points"),
    ],
)
def test_more_bad_parameters(change, message):
    with pytest.raises(ValueError, match=message):
        SorSequence(**{**SMALL, **change})


def test_absolute_tolerance_may_be_large():
    assert begun(method="ssor", tolerance=50.0)._costs.max() == 1  # met by every start: counts as 1


def test_a_horizon_may_be_a_small_number_of_numpy():
    assert type(SorSequence(shifts="low_variance", side=4, horizon=np.int8(100), max_iter=100).problem.horizon) is int

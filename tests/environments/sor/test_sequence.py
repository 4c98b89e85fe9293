import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from gymnasium.utils.env_checker import check_env

from bandits import UCB1, ChebCB, LinUCB, TsallisINFCB
from environments import ENVIRONMENTS
from environments.checks import check_environment
from environments.sor.instances import grid_laplacian, l_laplacian
from environments.sor.sequence import OffGrid, SorSequence
from environments.sor.solve import sor_laplacian
from environments.sor.spectra import grid_jacobi_radius, omega_star
from environments.sor.spectral import spectral_parameters
from environments.sor.surrogates import surrogate
from environments.sor.symmetric import ssor, ssor_cg

SMALL = {"side": 5, "horizon": 40, "grid": [1.0, 1.2, 1.4, 1.6]}
EASY = {"shifts": "easy", "grid": {"omega_max": 1.218817, "size": 20}, "tau": 0.30, "cost_bound": 54.33}


def begun(seed=3, **parameters):
    world = SorSequence(**{**SMALL, **parameters})
    world.begin(world.draw(np.random.default_rng(seed)))
    return world


def online(world):
    """Sweeps of every parameter on every system, solved one by one."""
    tape, side = world.tape, world.side
    pairs = zip(tape.shifts, tape.rhs, strict=True)
    grid = world.problem.actions
    return np.array([[sor_laplacian(side, b, w, c, tol=world.tolerance).iterations for w in grid] for c, b in pairs])


def test_registered_and_passes_the_gymnasium_checker():
    assert ENVIRONMENTS.load("sor") is SorSequence
    check_env(SorSequence(**SMALL), skip_render_check=True)


def test_problem_says_what_the_learner_may_know():
    problem = SorSequence().problem
    assert (problem.family, problem.feedback, problem.n_actions, problem.horizon) == ("contextual", "bandit", 20, 5000)
    assert (problem.low, problem.high) == (-10_000.0, -1.0)
    assert problem.actions == pytest.approx(1 + 0.05 * np.arange(20))
    assert problem.contexts[0] == pytest.approx((-0.15, 0.45))
    assert SorSequence(cost_bound=54.33).problem.low == pytest.approx(-55.33)


def test_rewards_are_minus_the_sweeps_of_online_solves():
    world = begun()
    costs = online(world)
    rng = np.random.default_rng(0)
    total = 0
    for t in range(40):
        context = world.observe()
        assert context.shape == (1,)
        assert context[0] == world.tape.shifts[t]
        assert world.observation_space.contains(context)
        arm = int(rng.integers(4))
        reward, feedback = world.transition(arm)
        assert reward == feedback == -costs[t, arm]
        total += costs[t, arm]
    assert world.ledger() == {"reward": -total, "expected_reward": -total}
    assert world.observation_space.contains(world.observe())
    with pytest.raises(RuntimeError, match="the run is over"):
        world.transition(0)


def test_compiled_path_meets_the_same_costs():
    ledgers = []
    for compiled in (True, False):
        world, policy = begun(), UCB1()
        policy.reset(world.problem, np.random.default_rng(1))
        if compiled:
            policy.advance(world, 40)
        else:
            while world.clock < 40:
                action = policy.choose(world.observe())
                policy.update(None, action, world.transition(action)[1])
        ledgers.append(world.ledger())
    assert ledgers[0] == ledgers[1]


def test_comparators_prefix_by_prefix():
    world = begun(tau=0.3, reference_step=0.3)
    costs, tape = online(world), world.tape
    betas = grid_jacobi_radius(5, tape.shifts)
    stars = omega_star(betas)
    instance = [sor_laplacian(5, b, w, c).iterations for w, c, b in zip(stars, tape.shifts, tape.rhs, strict=True)]
    reference = [1.0, 1.3, 1.6, 1.9, float(omega_star(grid_jacobi_radius(5)))]
    fine = np.array(
        [[sor_laplacian(5, b, w, c).iterations for w in reference] for c, b in zip(tape.shifts, tape.rhs, strict=True)]
    )
    checkpoints = np.array([1, 2, 9, 40])
    found = world.comparators(checkpoints)
    assert set(found) == {n.comparator for n in world.notions()} | {"worst"}
    for i, t in enumerate(checkpoints):
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


def test_notions():
    assert [n.name for n in SorSequence(**SMALL).notions()] == ["grid", "instance", "instance_grid"]
    notions = {n.name: n for n in SorSequence(**SMALL, tau=0.3, reference_step=0.01).notions()}
    assert {name: n.against for name, n in notions.items()} == {
        "grid": "fixed",
        "instance": "instance",
        "instance_grid": "dynamic",
        "fine": "fine",
        "surrogate": "surrogate",
        "instance_surrogate": "instance_surrogate",
    }
    assert {n.unit for n in notions.values()} == {"iterations"}
    assert {n.series for n in notions.values()} <= set(begun().ledger())


@pytest.mark.parametrize("comparator", ["best_fixed", "instance_grid", "instance"])
def test_clairvoyant_play_reaches_the_comparator(comparator):
    world = begun()
    expected = world.comparators(np.array([40]))[comparator][0]
    while world.clock < 40:
        world.transition(world.clairvoyant(comparator))
    assert world.ledger()["reward"] == expected


def test_off_grid_actions():
    world = begun()
    tape = world.tape
    reward, _ = world.transition(OffGrid(1.23))
    assert reward == -sor_laplacian(5, tape.rhs[0], 1.23, tape.shifts[0]).iterations
    assert world.clock == 1
    with pytest.raises(ValueError, match="omega"):
        world.transition(OffGrid(2.0))
    for arm in (-1, 4):
        with pytest.raises(ValueError, match="arm"):
            world.transition(arm)
    assert world.clock == 1
    with pytest.raises(ValueError, match="best_fixed, instance_grid or instance"):
        world.clairvoyant("best_arm")


def test_run_repeats_and_survives_pickling():
    one, other = begun(seed=5), begun(seed=5)
    assert np.array_equal(one.tape.rhs, other.tape.rhs)
    for t in range(20):
        assert one.transition(t % 4) == other.transition(t % 4)
    other = pickle.loads(pickle.dumps(other))
    for t in range(20, 40):
        assert one.transition(t % 4) == other.transition(t % 4)
    assert one.ledger() == other.ledger()
    checkpoints = np.array([7, 40])
    assert {k: v.tolist() for k, v in one.comparators(checkpoints).items()} == {
        k: v.tolist() for k, v in other.comparators(checkpoints).items()
    }


def test_facts_for_the_theorems():
    world = SorSequence(horizon=500, **EASY)
    world.begin(world.draw(np.random.default_rng(1)))
    facts = world.facts()
    assert facts is world.facts()
    assert (facts["oblivious"], facts["stationary"], facts["bounded"]) == (True, False, True)
    assert (facts["cost_bound"], facts["n_exceed"], facts["unfinished"]) == (pytest.approx(54.33), 0, 0)
    assert (facts["epsilon"], facts["omega_max"]) == (1e-8, pytest.approx(1.218817))
    assert facts["theorem_grid"] is True
    assert facts["alpha_max"] == pytest.approx(0.7124, abs=1e-4)
    assert facts["cost_ceiling"] == pytest.approx(54.33, abs=0.05)
    assert facts["alpha"].shape == facts["surrogate_slack"].shape == (500,)
    squares = np.log(facts["alpha"]) ** 2
    np.testing.assert_allclose(facts["surrogate_slack"], np.log(1e8) / squares)
    assert facts["gamma"] == pytest.approx((1 / squares).mean())
    assert facts["n_above_surrogate"] == 0
    assert not SorSequence(**SMALL).facts().get("theorem_grid", False)


def test_costs_above_the_bound_are_kept_and_counted():
    costs = online(begun())
    limit = int(np.sort(costs.ravel())[costs.size // 2])  # a cost that occurs, so that the limit itself is tried
    world = begun(cost_bound=limit - 1.0)
    late = int((costs > limit).sum())
    assert late > 0
    assert world.facts()["n_exceed"] == late
    assert world.facts()["bounded"] is False
    rewards = [world.transition(0)[0] for _ in range(40)]
    assert rewards == (-costs[:, 0]).tolist()
    assert min(rewards) < world.problem.low


def test_solves_that_do_not_converge():
    world = SorSequence(**SMALL, max_iter=25)
    tape = world.draw(np.random.default_rng(3))
    with pytest.warns(UserWarning, match="of 160 solves did not reach the tolerance") as record:
        world.begin(tape)
    assert len(record) == 1
    assert world.facts()["unfinished"] == int((online(begun()) > 25).sum())
    assert world.facts()["max_cost"] == 25


def test_one_parameter_leaves_no_regret():
    world = begun(grid=[1.3])
    for _ in range(40):
        world.transition(0)
    assert world.ledger()["reward"] == world.comparators(np.array([40]))["best_fixed"][0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"side": 0}, "side"),
        ({"side": 20}, r"shifts.offset.* above -0\.044.*got -0\.15"),
        ({"shifts": "medium"}, "shifts must be one of"),
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
    with pytest.raises(MemoryError, match="memory_limit"):
        SorSequence(horizon=10**8)
    with pytest.warns(UserWarning, match="tolerance = 1e-14"):
        SorSequence(**SMALL, tolerance=1e-14)


def test_no_run_begun():
    with pytest.raises(RuntimeError, match="no run was begun"):
        SorSequence(**SMALL).transition(0)


def test_keeps_the_contract():
    check_environment(lambda: SorSequence(**SMALL))
    check_environment(lambda: SorSequence(**SMALL, tau=0.3, reference_step=0.3, cost_bound=300.0))


@pytest.mark.parametrize("region", ["square", "L"])
@pytest.mark.parametrize("method", ["ssor", "ssor_cg"])
def test_other_solvers_and_regions(method, region):
    world = begun(method=method, region=region)
    A, tape = l_laplacian(5) if region == "L" else grid_laplacian(5), world.tape
    solve = ssor if method == "ssor" else ssor_cg
    n = A.shape[0]
    costs = np.array(
        [
            [max(solve(A + c * sp.eye_array(n), b, w).iterations, 1) for w in world.problem.actions]
            for c, b in zip(tape.shifts, tape.rhs, strict=True)
        ]
    )
    np.testing.assert_array_equal(world._costs, costs)
    found = world.comparators(np.array([9, 40]))
    assert found["best_fixed"].tolist() == [-costs[:t].sum(axis=0).min() for t in (9, 40)]
    fine = np.linspace(0.83, 1.95, 200)
    least = [min(solve(A + c * sp.eye_array(n), b, w).iterations for w in fine)
             for c, b in zip(tape.shifts[:9], tape.rhs[:9], strict=True)]  # fmt: skip
    assert sum(least) <= -found["instance"][0] <= 1.1 * sum(least)
    world.transition(world.clairvoyant("instance"))
    assert world.facts()["unknowns"] == n
    assert world.facts()["method"] == method


def test_surrogates_of_conjugate_gradients():
    world = begun(method="ssor_cg", tau=0.9)
    facts, found = world.facts(), world.comparators(np.array([10, 40]))
    assert facts["n_above_surrogate"] == 0
    assert facts["mu"].shape == facts["nu"].shape == facts["kappa"].shape == (40,)
    assert found["instance_surrogate"][1] == pytest.approx(-facts["instance_surrogate"].sum())
    assert found["surrogate"][1] <= found["instance_surrogate"][1] <= -world._costs.min(axis=1).sum()


def test_constants_of_theorem_2_2():
    world = SorSequence(horizon=300, **EASY)
    world.begin(world.draw(np.random.default_rng(1)))
    facts, limits = world.facts(), np.array([1.0, 4.0])
    beta = float(grid_jacobi_radius(10, 1.0))
    c = np.linspace(*limits, 4001)
    slopes = np.abs(np.diff(omega_star(grid_jacobi_radius(10, c))) / np.diff(c))
    assert facts["optimum_lipschitz"] >= slopes.max()
    assert facts["optimum_lipschitz"] == pytest.approx(6 * facts["cost_lipschitz"] * (omega_star(beta) - 1))
    assert facts["context_width"] == 3.0
    assert facts["covers_optimum"] is True


def test_spectral_baseline():
    world = begun(spectral_points=5)
    found = world.comparators(np.array([1, 40]))
    omegas, products = spectral_parameters(grid_laplacian(5), world.tape.shifts, -0.15, 0.45, 5)
    costs = [sor_laplacian(5, b, w, c).iterations
             for c, b, w in zip(world.tape.shifts, world.tape.rhs, omegas, strict=True)]  # fmt: skip
    assert products == 5 * 20
    assert found["spectral"].tolist() == [-(100 + costs[0]), -(100 + sum(costs))]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "jacobi"}, "method must be one of"),
        ({"region": "disc"}, "region must be one of"),
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


@pytest.mark.parametrize("policy", [ChebCB(), LinUCB(), TsallisINFCB()])
def test_contextual_policies_in_blocks_and_step_by_step(policy):
    def play(compiled):
        world = begun(seed=8)
        policy.reset(world.problem, np.random.default_rng(1))
        if compiled:
            for rounds in (7, 1, 32):
                policy.advance(world, rounds)
        else:
            while world.clock < 40:
                context = world.observe()
                action = policy.choose(context)
                policy.update(context, action, world.transition(action)[1])
        return world.ledger()

    assert play(True) == play(False)


def test_keeps_the_contract_with_other_solvers():
    check_environment(lambda: SorSequence(**SMALL, method="ssor", region="L"))
    check_environment(lambda: SorSequence(**SMALL, method="ssor_cg", tau=0.9, reference_step=0.3))
    check_environment(lambda: SorSequence(**SMALL, spectral_points=3))

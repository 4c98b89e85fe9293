"""The tuner in somebody else's loop, and the compiled checks of its matrices."""

import math
import pickle

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import ChebCB, FixedAction, LinUCB, TsallisINF
from environments.sor.assembly import assemble, grid_coupling
from environments.sor.instances import grid_laplacian, l_laplacian
from environments.sor.solve import sor, split
from environments.sor.symmetric import ssor_cg
from environments.sor.tuner import RelaxationTuner

B = np.random.default_rng(0).standard_normal(100)


def system(c, m=10):
    return grid_laplacian(m) + c * sp.eye_array(m * m)


@pytest.mark.parametrize("form", [sp.csr_array, sp.csr_matrix, sp.csc_array, sp.coo_array, lambda A: A.toarray()])
def test_parts_are_those_of_the_plain_way(form):
    for A in (system(0.3), l_laplacian(6), sp.csr_array(np.diag([1.0, 2.0])), sp.csr_array([[3.0]])):
        found, expected = assemble(form(A)), split(sp.csr_array(A))
        np.testing.assert_array_equal(found.diagonal, expected.diagonal)
        n, below = len(expected.diagonal), len(expected.lower_val)
        np.testing.assert_array_equal(found.lower_ptr, expected.lower_ptr)
        np.testing.assert_array_equal(found.upper_ptr, expected.upper_ptr)
        for side in ("lower", "upper"):
            np.testing.assert_array_equal(getattr(found, f"{side}_idx")[:below], getattr(expected, f"{side}_idx"))
            np.testing.assert_array_equal(getattr(found, f"{side}_val")[:below], getattr(expected, f"{side}_val"))
        assert n == found.diagonal.size


@given(st.integers(0, 10_000), st.integers(1, 9), st.floats(0.1, 1.0))
@settings(max_examples=150, deadline=None)
def test_symmetry_is_seen_exactly(seed, n, density):
    rng = np.random.default_rng(seed)
    full = np.where(rng.random((n, n)) < density, rng.integers(-3, 4, (n, n)), 0).astype(float)
    np.fill_diagonal(full, 5.0)
    if rng.random() < 0.5:
        full = np.triu(full) + np.triu(full, 1).T
    if (full == full.T).all():
        assemble(sp.csr_array(full))
    else:
        with pytest.raises(ValueError, match="symmetric"):
            assemble(sp.csr_array(full))


def test_zeros_stored_on_one_side_do_not_matter():
    A = sp.coo_array(([2.0, 2.0, 2.0, 0.0, 0.0, 0.0, -1.0, -1.0], ([0, 1, 2, 0, 0, 1, 0, 1], [0, 1, 2, 1, 2, 2, 1, 0])))
    parts = assemble(A)
    assert parts.lower_ptr.tolist() == [0, 0, 1, 1]
    B = sp.csr_array(([2.0, 0.0, 0.0, 2.0, 0.0, 2.0], ([0, 0, 0, 1, 1, 2], [0, 1, 2, 1, 2, 2])))
    assert assemble(B).lower_ptr.tolist() == [0, 0, 0, 0]


def test_bad_matrices():
    for A, message in (
        (np.ones((2, 3)), "square"),
        (np.ones(3), "square"),
        ([[1.0, math.nan], [math.nan, 1.0]], "finite"),
        ([[1.0, 2.0], [2.0, -1.0]], r"diagonal must be positive, got -1.0 in row 1"),
        ([[1.0, 2.0], [0.0, 1.0]], "symmetric"),
        ([[1.0, 0.0], [2.0, 1.0]], "symmetric"),
        ([[1.0, 2.0], [2.1, 1.0]], "symmetric"),
    ):
        with pytest.raises(ValueError, match=message):
            assemble(A)


def test_grids_are_recognised():
    for m, g, c in ((2, 1.0, 0.0), (7, 3.7e-5, 2.0), (30, 1e6, 0.1)):
        assert grid_coupling(assemble(g * system(c, m))) == (m, pytest.approx(g))
    bent = system(0.0, 4).tolil()
    bent[5, 6] = bent[6, 5] = -1.1
    other = np.diag(np.full(9, 4.0)) - np.eye(9, k=1) - np.eye(9, k=-1)
    for A in (l_laplacian(6), bent, other, -1.0 * system(0.0, 4) + 8.0 * sp.eye_array(16), np.eye(4), [[2.0]],
              system(0.0, 4) + sp.diags_array(np.arange(16.0))):  # fmt: skip
        assert grid_coupling(assemble(A)) == (0, 0.0)


@pytest.mark.parametrize("structure", ["auto", "general"])
@pytest.mark.parametrize("method", ["sor", "ssor_cg"])
def test_solves_and_counts(method, structure):
    tuner = RelaxationTuner({"name": "fixed_action", "parameters": {"value": 1.5}}, method=method, structure=structure)
    for scale in (1.0, 1e-3, 1e5):
        A = scale * system(0.2)
        found = tuner.solve(A, B)
        expected = sor(A, B, 1.5) if method == "sor" else ssor_cg(A, B, 1.5)
        assert (found.iterations, found.omega, found.converged) == (expected.iterations, 1.5, True)
        assert np.linalg.norm(B - A @ found.x) <= 1.01e-8 * np.linalg.norm(B)
        assert found.seconds > 0.0
    again = tuner.solve(A, B, x0=found.x * (1 + 1e-5))
    assert 0 < again.iterations < found.iterations
    assert tuner.solve(A, B, x0=np.linalg.solve(A.toarray(), B)).iterations == 0
    assert tuner.solve(A, np.zeros(100)).x.tolist() == [0.0] * 100


@pytest.mark.parametrize("policy", [None, LinUCB(), TsallisINF(scale="running_mean")])
def test_learns_the_parameter(policy):
    rng = np.random.default_rng(5)
    if isinstance(policy, TsallisINF):
        tuner = RelaxationTuner(policy)
    else:
        tuner = RelaxationTuner(policy, contexts=(-0.15, 0.45))
    for _ in range(1500):
        c = float(-0.15 + 0.6 * rng.beta(2, 6))
        tuner.solve(system(c), rng.standard_normal(100), context=c if tuner.contexts else None)
    counts = np.array([k for _, k in tuner.history])
    assert counts[-300:].mean() < 0.8 * counts[:100].mean()
    if not isinstance(policy, TsallisINF):
        assert counts[-300:].mean() < 60
    assert len(tuner.history) == 1500


def test_a_restored_tuner_goes_on_as_if_nothing_had_happened():
    def play(tuner, start, stop):
        rng = np.random.default_rng(start)
        for _ in range(start, stop):
            c = float(rng.uniform(0, 1))
            tuner.solve(system(c, 5), rng.standard_normal(25), context=c)
        return tuner

    whole = play(play(RelaxationTuner(contexts=(0.0, 1.0), seed=3), 0, 40), 40, 80)
    half = pickle.loads(pickle.dumps(play(RelaxationTuner(contexts=(0.0, 1.0), seed=3), 0, 40)))
    assert play(half, 40, 80).history == whole.history
    assert isinstance(half.policy, ChebCB)


def test_wall_clock_as_cost():
    tuner = RelaxationTuner(cost="seconds", method="ssor_cg")
    assert isinstance(tuner.policy, TsallisINF)
    for _ in range(30):
        tuner.solve(system(0.1), B)
    assert len({omega for omega, _ in tuner.history}) > 3
    with pytest.raises(ValueError, match="finite range"):
        RelaxationTuner(TsallisINF(), cost="seconds")


def test_unfinished_solves_are_reported_once():
    tuner = RelaxationTuner(FixedAction(value=1.0), max_iter=5)
    with pytest.warns(UserWarning, match="did not reach the tolerance") as record:
        found = [tuner.solve(system(0.0), B) for _ in range(3)]
    assert len(record) == 1
    assert tuner.unfinished == 3
    assert [(f.iterations, f.converged) for f in found] == [(5, False)] * 3


def test_nothing_is_learned_from_bad_input():
    tuner = RelaxationTuner(contexts=(0.0, 1.0))
    for arguments, message in (
        ((system(0.0), B[:9], 0.5), "b must have shape"),
        ((system(0.0), np.full(100, math.nan), 0.5), "b must be finite"),
        ((-system(0.0), B, 0.5), "diagonal must be positive"),
        ((system(0.0), B, None), "context must be given"),
        ((system(0.0), B, 1.1), "context must lie in"),
        ((system(0.0), B, math.nan), "context must lie in"),
    ):
        with pytest.raises(ValueError, match=message):
            tuner.solve(arguments[0], arguments[1], context=arguments[2])
    with pytest.raises(ValueError, match="x0 must have shape"):
        tuner.solve(system(0.0), B, x0=[1.0], context=0.5)
    assert tuner.history == []
    tuner.solve(system(0.0), B, context=0.5)
    with pytest.raises(ValueError, match="context must be given where contexts are declared and only there"):
        RelaxationTuner().solve(system(0.0), B, context=0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"method": "jacobi"}, "method"), ({"grid": [2.5]}, "grid"), ({"contexts": (1.0, 0.0)}, "contexts"),
     ({"contexts": (0.0, math.inf)}, "contexts"), ({"tol": 0.0}, "tol"), ({"max_iter": 1}, "max_iter"),
     ({"cost": "money"}, "cost"), ({"policy": "cheb"}, "policy: unknown policy 'cheb'"), ({"policy": 3}, "policy must"),
      ({"structure": "none"}, "structure"), ({"horizon": 0}, "horizon"),
     ({"policy": ChebCB()}, "policy must .*ChebCB plays ContextualProblem, but the tuner's problem is BanditProblem")],
)  # fmt: skip
def test_bad_parameters(arguments, message):
    with pytest.raises(ValueError, match=message):
        RelaxationTuner(**arguments)

"""SOR kernels against plain C loops, compiled by gcc where there is one, and against the memory's speed."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numba
import numpy as np
import pytest
from games import LOOP, loop, within
from timing import measure

from bandits import ChebCB
from environments.sor.grids import EvenGrid
from environments.sor.instances import LowVarianceShifts, grid_laplacian, truncated_normals
from environments.sor.kernels import solve_csr
from environments.sor.lanes import count_lanes
from environments.sor.sequence import SorSequence
from environments.sor.solve import split
from environments.sor.stencil import solve_stencil

NOTHING = np.empty(0)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    if shutil.which("gcc") is None:
        pytest.skip("no gcc to compile the plain loops with")
    target = tmp_path_factory.mktemp("plain") / "sor.so"
    source = Path(__file__).with_name("sor.c")
    subprocess.run(["gcc", "-O3", "-shared", "-fPIC", "-o", str(target), str(source), "-lm"], check=True)
    return ctypes.CDLL(str(target))


def pointers(*arrays):
    return [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]


@pytest.mark.parametrize("m", [32, 100])
def test_csr_within_1_3_of_plain_c(record, plain, m):
    parts = split(grid_laplacian(m))
    n, omega = m * m, 2 / (1 + np.sin(np.pi / (m + 1)))
    b = np.random.default_rng(0).standard_normal(n)
    target = 1e-8 * float(np.linalg.norm(b))
    arguments = pointers(*parts)
    scratch = [np.empty(n), np.empty(n)]

    def in_c():
        return plain.sor_csr(
            n, *arguments, ctypes.c_double(omega), *pointers(b), ctypes.c_double(target), 10_000, *pointers(*scratch)
        )

    def ours():
        return solve_csr(parts, omega, b, target, 10_000, NOTHING)[0]

    sweeps = in_c()
    assert ours() == sweeps
    pairs = measure(ours, in_c, "update", (n * sweeps, n * sweeps), repeats=15)
    record(f"compressed rows, n = {n:,}", pairs, "plain C", 1.3)


@pytest.mark.parametrize("m", [64, 128, 512])
def test_stencil_three_times_as_fast_as_the_textbook_loop(record, plain, m):
    """The loop works out residuals for its stopping rule, as the kernel does."""
    n, omega, sweeps = m * m, 1.9, max(20, 2_000_000 // m**2)
    b = np.random.default_rng(0).standard_normal(n)
    x = np.zeros((m + 2) ** 2)

    def in_c():
        x[:] = 0.0
        numbers = ctypes.c_double(4.0), ctypes.c_double(omega), *pointers(b), ctypes.c_double(0.0)
        plain.sor_stencil(m, *numbers, sweeps, 1, *pointers(x))

    ours = lambda: solve_stencil(m, 4.0, omega, b, 0.0, sweeps, NOTHING)  # noqa: E731
    pairs = measure(ours, in_c, "update", (n * sweeps, n * sweeps), repeats=15)
    record(f"stencil, {m} x {m}", pairs, "plain C", 1 / 3)


@numba.njit
def triad(a, b, c):
    """``a = b + s c`` on arrays beyond every cache moves 24 bytes an entry."""
    for i in range(a.size):
        a[i] = b[i] + 3.0 * c[i]


def test_stencil_at_1024_reaches_a_third_of_the_memory_bound(record):
    """Read and write of one array, 16 bytes an update: at least 35 % of what the memory would allow."""
    m, sweeps = 1024, 100
    b = np.random.default_rng(0).standard_normal(m * m)
    arrays = np.zeros(20_000_000), np.ones(20_000_000), np.ones(20_000_000)
    ours = lambda: solve_stencil(m, 4.0, 1.9, b, 0.0, sweeps, NOTHING)  # noqa: E731
    pairs = measure(ours, lambda: triad(*arrays), "byte", (16 * m * m * sweeps, 24 * len(arrays[0])), repeats=9)
    record("stencil, 1024 x 1024, of memory traffic", pairs, "triad", 1 / 0.35)


def table(instances):
    """A function that counts the iterations of systems on a 10 x 10 grid under 20 parameters."""
    rng = np.random.default_rng(1)
    shifts, rhs = LowVarianceShifts().draw(rng, instances), truncated_normals(rng, instances, 100)
    counts, status = np.empty((instances, 20), np.int32), np.empty((instances, 20), np.int8)
    run = split(grid_laplacian(10)), shifts, rhs, EvenGrid().points[None], 1e-8, 10_000, counts, status
    return lambda: count_lanes(*run)


@pytest.mark.parametrize(("instances", "seconds"), [(20, 20 * 0.001), (5000, 5.0)])
def test_twenty_parameters_on_a_grid(record, instances, seconds):
    """A system within a millisecond on average, 5000 within five seconds."""
    pairs = measure(table(instances), loop, "table", repeats=3)
    record(f"{instances:,} systems under 20 parameters", pairs, LOOP, within(seconds))


def test_cheb_cb_for_5000_systems_with_solves_within_20_seconds(record):
    environment = SorSequence(shifts="low_variance")
    tape = environment.draw(np.random.default_rng(2))
    solve, policy = table(5000), ChebCB()

    def play():
        solve()
        environment.begin(tape)
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 5000)

    record("ChebCB for 5000 systems, with their table", measure(play, loop, "run", repeats=3), LOOP, within(20))

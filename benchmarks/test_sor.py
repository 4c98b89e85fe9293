"""SOR kernels against plain C loops, timed in turn in one process. Needs gcc; run with ``-s`` to see the ratios."""

import ctypes
import shutil
import subprocess
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from bandits import ChebCB
from environments.sor.grids import default_grid
from environments.sor.instances import grid_laplacian, shifts_of, truncated_normals
from environments.sor.kernels import solve_csr
from environments.sor.lanes import count_lanes
from environments.sor.sequence import SorSequence
from environments.sor.solve import split
from environments.sor.ssor_stencil import solve_ssor_stencil
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


def fastest(*functions, repeats=15):
    """Least time of each function, the functions taking turns."""
    for function in functions:
        function()
    times = np.empty((repeats, len(functions)))
    for row in times:
        for i, function in enumerate(functions):
            start = time.perf_counter()
            function()
            row[i] = time.perf_counter() - start
    return times.min(axis=0)


@pytest.mark.parametrize("m", [32, 100])
def test_csr_within_1_3_of_plain_c(plain, m):
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
    c, kernel = fastest(in_c, ours)
    print(f"\nCSR, n = {n}: {n * sweeps / kernel / 1e6:.0f} million updates/s, {kernel / c:.2f} of the time of plain C")
    assert kernel <= 1.3 * c


@pytest.mark.parametrize("m", [64, 128, 512])
def test_stencil_three_times_as_fast_as_the_textbook_loop(plain, m):
    n, omega, sweeps = m * m, 1.9, max(20, 2_000_000 // m**2)
    b = np.random.default_rng(0).standard_normal(n)
    x = np.zeros((m + 2) ** 2)

    def in_c(check):
        x[:] = 0.0
        zero = ctypes.c_double(0.0)
        plain.sor_stencil(
            m, ctypes.c_double(4.0), ctypes.c_double(omega), *pointers(b), zero, sweeps, check, *pointers(x)
        )

    sweep, solver, kernel = fastest(
        lambda: in_c(0), lambda: in_c(1), lambda: solve_stencil(m, 4.0, omega, b, 0.0, sweeps, NOTHING)
    )
    print(
        f"\nstencil, {m} x {m}: {n * sweeps / kernel / 1e9:.2f} billion updates/s, {sweep / kernel:.1f} times plain "
        f"C's sweeps, {solver / kernel:.1f} times its sweeps with residuals"
    )
    assert solver >= 3.0 * kernel


def draw(instances):
    rng = np.random.default_rng(1)
    return shifts_of("low_variance").draw(rng, instances), truncated_normals(rng, instances, 100)


def test_twenty_parameters_of_one_instance_within_a_millisecond():
    parts, grid, (shifts, rhs) = split(grid_laplacian(10)), default_grid()[None], draw(20)
    counts, status = np.empty((1, 20), np.int32), np.empty((1, 20), np.int8)
    times = []
    for t in range(20):
        run = (parts, shifts[t : t + 1], rhs[t : t + 1], grid, 1e-8, 10_000, counts, status)
        times.append(fastest(lambda run=run: count_lanes(*run), repeats=7)[0])
    print(
        f"\n20 parameters on a 10 x 10 grid: {1e3 * np.mean(times):.2f} ms on average, {1e3 * max(times):.2f} at most"
    )
    assert np.mean(times) <= 1e-3


def test_table_of_5000_instances_within_five_seconds():
    parts, grid, (shifts, rhs) = split(grid_laplacian(10)), default_grid()[None], draw(5000)
    counts, status = np.empty((5000, 20), np.int32), np.empty((5000, 20), np.int8)
    (seconds,) = fastest(lambda: count_lanes(parts, shifts, rhs, grid, 1e-8, 10_000, counts, status), repeats=3)
    print(f"\n5000 x 20 table: {seconds:.2f} s, {100 * counts.sum() / seconds / 1e9:.2f} billion updates/s")
    assert seconds <= 5.0


def triad(size=20_000_000):
    """Memory bandwidth in bytes a second: ``a = b + s c`` on arrays beyond every cache, 24 bytes an entry."""
    a, b, c = np.zeros(size), np.ones(size), np.ones(size)
    _triad(a, b, c, 1)
    (seconds,) = fastest(lambda: _triad(a, b, c, 1), repeats=8)
    return 24 * size / seconds


@numba.njit
def _triad(a, b, c, times):
    for _ in range(times):
        for i in range(a.size):
            a[i] = b[i] + 3.0 * c[i]


def test_stencil_at_1024_reaches_a_third_of_the_memory_bound():
    """Read and write of one array, 16 bytes an update: at least 35 % of what the memory would allow."""
    m, sweeps = 1024, 100
    b = np.random.default_rng(0).standard_normal(m * m)
    shares = []
    for _ in range(3):
        bandwidth = triad()
        (seconds,) = fastest(lambda: solve_stencil(m, 4.0, 1.9, b, 0.0, sweeps, NOTHING), repeats=5)
        shares.append(16 * m * m * sweeps / seconds / bandwidth)
    print(f"\nstencil, 1024 x 1024: {100 * max(shares):.0f} % of the bound at {bandwidth / 1e9:.1f} GB/s")
    assert max(shares) >= 0.35


def test_cost_of_a_sweep_grows_with_the_unknowns_only():
    """From 100 unknowns to a million: nanoseconds an update and sweep, until memory is the limit."""
    b = np.random.default_rng(0).standard_normal(1024 * 1024)
    rows = []
    for m in (10, 32, 100, 316, 1000):
        n, sweeps = m * m, min(2000, max(60, 5_000_000 // m**2))  # residuals must not underflow
        parts = split(grid_laplacian(m)) if m <= 316 else None
        side, row = b[:n].copy(), [n]
        runs = [lambda s=side, k=sweeps, m=m: solve_stencil(m, 4.0, 1.9, s, 0.0, k, NOTHING)]
        if parts is not None:
            runs.append(lambda s=side, k=sweeps, p=parts: solve_csr(p, 1.9, s, 0.0, k, NOTHING))
        runs.append(lambda s=side, k=sweeps, m=m: solve_ssor_stencil(m, 4.0, 1.5, s, 0.0, min(k, 50), NOTHING, True))
        for i, run in enumerate(runs):
            (seconds,) = fastest(run, repeats=7)
            row.append(1e9 * seconds / n / (sweeps if i < len(runs) - 1 else min(sweeps, 50)))
        rows.append(row)
    print("\nunknowns, then ns an unknown: SOR sweep on the stencil, [by CSR], SSOR-CG iteration on the stencil")
    for row in rows:
        print(f"{row[0]:9d} " + " ".join(f"{value:7.2f}" for value in row[1:]))
    stencil = [row[1] for row in rows]
    assert max(stencil[1:4]) <= 3.0 * min(stencil[1:4])  # in cache
    assert stencil[4] <= 8.0 * min(stencil)


def test_cheb_cb_for_5000_systems_with_solves_within_20_seconds():
    world = SorSequence(shifts="low_variance")
    rng = np.random.default_rng(2)
    tape = world.draw(rng)
    counts, status = np.empty((5000, 20), np.int32), np.empty((5000, 20), np.int8)
    parts = split(grid_laplacian(10))
    solve = (parts, tape.shifts, tape.rhs, default_grid()[None], 1e-8, 10_000, counts, status)
    (solving,) = fastest(lambda: count_lanes(*solve), repeats=1)
    world.begin(tape)

    def play():
        policy = ChebCB()
        world.begin(tape)
        policy.reset(world.problem, np.random.default_rng(0))
        policy.advance(world, 5000)

    (playing,) = fastest(play, repeats=3)
    print(f"\nChebCB, 5000 systems under 20 parameters: {solving:.2f} s of solves, {playing:.3f} s of ChebCB")
    assert solving + playing <= 20.0

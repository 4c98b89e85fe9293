"""SOR kernels against plain C loops, timed in turn in one process. Needs gcc; run with ``-s`` to see the ratios."""

import ctypes
import shutil
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from environments.sor.grids import default_grid
from environments.sor.instances import grid_laplacian, shifts_of, truncated_normals
from environments.sor.kernels import solve_csr
from environments.sor.lanes import count_lanes
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

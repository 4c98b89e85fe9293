import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from environments.sor import table
from environments.sor.instances import grid_laplacian, truncated_normals
from environments.sor.solve import sor_laplacian
from environments.sor.table import check_memory, tabulate


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("REGRETLAB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sor"


@pytest.fixture
def problem():
    rng = np.random.default_rng(21)
    return grid_laplacian(4), rng.uniform(0.0, 1.0, 30), truncated_normals(rng, 30, 16), np.array([1.0, 1.2, 1.5])


def files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def test_entries_are_counts_of_single_solves(problem):
    A, shifts, rhs, omegas = problem
    costs = tabulate(A, shifts, rhs, omegas).costs
    assert costs.dtype == np.int32
    expected = [[sor_laplacian(4, b, w, c).iterations for w in omegas] for c, b in zip(shifts, rhs, strict=True)]
    assert costs.tolist() == expected


def test_parameters_of_each_instance(problem):
    A, shifts, rhs, omegas = problem
    own = np.random.default_rng(1).permuted(np.tile(omegas, (30, 1)), axis=1)
    common = tabulate(A, shifts, rhs, omegas).costs
    columns = np.searchsorted(omegas, own)
    assert np.array_equal(tabulate(A, shifts, rhs, own).costs, np.take_along_axis(common, columns, axis=1))


def test_second_time_from_disk(problem, folder, monkeypatch):
    first = tabulate(*problem)
    assert len(files(folder)) == 1
    monkeypatch.setattr(table, "count_lanes", None)
    again = tabulate(*problem)
    assert np.array_equal(first.costs, again.costs)
    assert first.unfinished == again.unfinished == 0


def test_everything_that_decides_the_numbers_is_in_the_name(problem, folder):
    A, shifts, rhs, omegas = problem
    tabulate(A, shifts, rhs, omegas)
    tabulate(1.5 * A, shifts, rhs, omegas)
    tabulate(A, shifts + 1e-9, rhs, omegas)
    tabulate(A, shifts, rhs[::-1], omegas)
    tabulate(A, shifts, rhs, omegas + 1e-9)
    tabulate(A, shifts, rhs, omegas, tol=1e-7)
    tabulate(A, shifts, rhs, omegas, max_iter=9999)
    assert len(files(folder)) == 7
    tabulate(A.toarray(), shifts, rhs, omegas)
    assert len(files(folder)) == 7


def test_without_cache_nothing_is_written(problem, folder):
    without = tabulate(*problem, cache=False)
    assert files(folder) == []
    assert np.array_equal(without.costs, tabulate(*problem).costs)


@pytest.mark.parametrize("damage", ["emptied", "cut", "flipped", "foreign"])
def test_damaged_file_is_noticed_and_replaced(problem, folder, damage):
    good = tabulate(*problem).costs
    (path,) = files(folder)
    content = bytearray(path.read_bytes())
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    path.write_bytes({"emptied": b"", "cut": content[:-40], "flipped": flipped, "foreign": b"x" * 500}[damage])
    with pytest.warns(UserWarning, match=f"damaged.*{path.name}"):
        assert np.array_equal(tabulate(*problem).costs, good)
    assert path.read_bytes()[:32] == content[:32]
    assert np.array_equal(tabulate(*problem).costs, good)


def test_file_of_another_shape_is_noticed(problem, folder):
    A, shifts, rhs, omegas = problem
    good = tabulate(A, shifts, rhs, omegas).costs
    (path,) = files(folder)
    tabulate(A, shifts, rhs, omegas[:2])
    (other,) = set(files(folder)) - {path}
    path.write_bytes(other.read_bytes())
    with pytest.warns(UserWarning, match=r"damaged.*shape \(30, 2\)"):
        assert np.array_equal(tabulate(A, shifts, rhs, omegas).costs, good)


def test_unwritable_folder_warns_once(problem, monkeypatch, tmp_path):
    # A file where the folder should be: fails for the superuser too.
    (tmp_path / "taken").write_text("")
    monkeypatch.setenv("REGRETLAB_CACHE", str(tmp_path / "taken"))
    with pytest.warns(UserWarning, match="cannot be written to"):
        costs = tabulate(*problem).costs
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.array_equal(tabulate(*problem).costs, costs)


def test_failing_write_leaves_nothing_behind(problem, folder, monkeypatch):
    def fail(source, target):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.warns(UserWarning, match="no space left"):
        tabulate(*problem)
    assert files(folder) == []


def test_default_folder_is_the_users_cache(monkeypatch, tmp_path):
    monkeypatch.delenv("REGRETLAB_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform.startswith("linux"):
        assert table._folder() == tmp_path / "regretlab" / "sor"
    assert table._folder().parts[-1] == "sor"


PROGRAM = """
import sys, numpy as np
from environments.sor.instances import grid_laplacian
from environments.sor.table import tabulate
rng = np.random.default_rng(5)
for _ in range(15):
    rhs = rng.standard_normal((40, 25))
    print(tabulate(grid_laplacian(5), np.zeros(40), rhs, np.array([1.0, 1.3])).costs.sum())
"""


def test_processes_share_the_folder(folder):
    run = [sys.executable, "-W", "error", "-c", PROGRAM]
    processes = [subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    results = [process.communicate(timeout=120) for process in processes]
    assert [error for _, error in results] == [""] * 3
    assert len({output for output, _ in results}) == 1
    assert len(results[0][0].split()) == 15
    assert [path.suffix for path in files(folder)] == [".table"] * 15


def test_one_warning_for_all_solves_that_did_not_converge(problem):
    A, shifts, rhs, omegas = problem
    full = tabulate(A, shifts, rhs, omegas).costs
    late = int((full > 30).sum())
    assert 0 < late < full.size
    for _ in range(2):  # computed, then from disk
        with pytest.warns(UserWarning, match=f"{late} of 90 solves did not reach the tolerance") as record:
            found = tabulate(A, shifts, rhs, omegas, max_iter=30)
        assert len(record) == 1
        assert found.unfinished == late
        assert np.array_equal(found.costs, np.minimum(full, 30))


def test_scale_of_the_right_hand_side_does_not_matter(problem):
    A, shifts, rhs, omegas = problem
    expected = tabulate(A, shifts, rhs, omegas).costs
    assert np.array_equal(tabulate(A, shifts, 1e-200 * rhs, omegas).costs, expected)
    assert np.array_equal(tabulate(A, shifts, 1e200 * rhs, omegas).costs, expected)


def test_memory_is_refused_before_it_is_taken(problem):
    with pytest.raises(ValueError, match=r"1000000 instances of 1000000 unknowns .* 8000260 MB, more than"):
        check_memory(10**6, 10**6, 20)
    with pytest.raises(ValueError, match="memory_limit"):
        tabulate(*problem, memory_limit=1000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rhs": np.ones((30, 15))}, "rhs must have shape"),
        ({"rhs": np.ones(16)}, "rhs must have shape"),
        ({"rhs": np.full((30, 16), np.nan)}, "finite"),
        ({"shifts": np.ones(29)}, "shifts must have shape"),
        ({"shifts": np.full(30, np.inf)}, "finite"),
        ({"shifts": np.full(30, -4.0)}, "diagonal must be positive"),
        ({"omegas": np.array([])}, "omegas must have shape"),
        ({"omegas": np.ones((2, 3))}, "omegas must have shape"),
        ({"omegas": np.array([1.0, 2.0])}, "omegas must lie"),
        ({"omegas": np.array([np.nan])}, "omegas must lie"),
        ({"tol": 0.0}, "tol"),
        ({"max_iter": 0}, "max_iter"),
        ({"A": np.ones((2, 3))}, "A must be a square matrix"),
    ],
)
def test_bad_input(problem, change, message):
    arguments = dict(zip(("A", "shifts", "rhs", "omegas"), problem, strict=True)) | change
    with pytest.raises(ValueError, match=message):
        tabulate(**arguments)

"""Tables of iteration counts, computed once and kept on disk.

Every solve has a start that does not depend on earlier actions, so neither does its cost, and the counts of all
parameters on all instances can be tabulated. A table is kept under a hash of everything that decides its numbers: the
matrix, shifts, right-hand sides, parameters, tolerance, limit, and the source of the kernels. It is written to a
temporary name and renamed, and holds a checksum; so processes can share the folder, and a damaged file is noticed and
computed anew.

The folder is ``$REGRETLAB_CACHE`` where that is set, else the user's cache folder for ``regretlab``; in it, ``sor/``.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import math
import os
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, one_of, positive
from bandits.contract import Array
from bandits.kernels import kernel
from environments.sor.instances import grid_laplacian
from environments.sor.kernels import CONVERGED
from environments.sor.lanes import count_lanes
from environments.sor.settle import in_units
from environments.sor.solve import check_tolerance, is_symmetric, numbers, slack_of, split, square_matrix
from environments.sor.ssor import count_ssor
from environments.sor.ssor_stencil import count_ssor_stencil

METHODS = ("sor", "ssor", "ssor_cg", "cg")

MEMORY_LIMIT = 2 << 30
"""Bytes that a table may take unless the caller says otherwise."""


FACTOR, HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(32)
"""What words are multiplied by, an odd number, and by how many bits they are shifted, when arrays are told apart."""


@dataclass(frozen=True)
class CostTable:
    """Iteration counts of solves.

    Attributes:
        costs: [n_instances, n_columns] int32 iterations; ``max_iter`` where the tolerance was not met.
        unfinished: number of solves in which it was not met.
    """

    costs: NDArray[np.int32]
    unfinished: int


def check_memory(n_instances: int, n: int, n_columns: int, limit: int = MEMORY_LIMIT) -> None:
    """Raise ``ValueError`` with the estimate if the data of a table would take more than ``limit`` bytes.

    Counted are right-hand sides (8 bytes an entry) and, for each count, itself, its status and a double (13 bytes).
    """
    need = n_instances * (8 * n + 13 * n_columns)
    if need > limit:
        raise ValueError(
            f"the costs of {n_instances} instances of {n} unknowns under {n_columns} parameters need about "
            f"{need / 1e6:.0f} MB, more than the limit of {limit / 1e6:.0f} MB: lower horizon, side or "
            f"the grid's size, or raise memory_limit, got {limit}"
        )


def tabulate(
    A: Any,
    shifts: Array,
    rhs: Array,
    omegas: Array,
    *,
    tol: float = 1e-8,
    max_iter: int = 10_000,
    memory_limit: int = MEMORY_LIMIT,
    cache: bool = True,
    method: str = "sor",
    norms: Array | None = None,
) -> CostTable:
    """Iteration counts of ``(A + shifts[t] I) x = rhs[t]`` from zero, under every parameter.

    Args:
        A: [n, n] matrix with positive diagonal, sparse or dense; with the shifts, positive definite (as only counts are
            kept, the true residual is not looked at).
        shifts: [n_instances] multiples of the identity.
        rhs: [n_instances, n] right-hand sides.
        omegas: [n_columns] parameters for all instances, or [n_instances, n_columns] for each.
        tol: relative tolerance of the residual norm, in (0, 1); for "ssor" absolute, > 0.
        max_iter: largest number of iterations, >= 1.
        memory_limit: bytes, see ``check_memory``.
        cache: whether to look for the table on disk and to keep it there.
        method: "sor"; for symmetric A also "ssor", "ssor_cg" or "cg" (parameters: 0).
        norms: [n_instances] what the tolerance of "ssor_cg" and "cg" is relative to. Default: the norms of ``rhs``. (A
            solve of ``A x = b`` from the start ``x_0`` is one from zero with ``rhs = b - A x_0`` and ``norm = ||b||``.)
            Where it is 0 the solution is 0, which takes no iteration.

    Raises:
        ValueError: an argument out of its domain, of the wrong shape, or not finite; or a table larger than the limit.

    Warns:
        UserWarning: solves that did not meet the tolerance (their number), a damaged file (its name), or a folder that
            cannot be written to (once).
    """
    given = {"shifts": shifts, "rhs": rhs, "omegas": omegas}
    shifts, rhs, omegas = (np.ascontiguousarray(numbers(array, name)) for name, array in given.items())
    omegas = omegas[None, :] if omegas.ndim == 1 else omegas
    matrix = square_matrix(A)
    one_of("method", method, METHODS)
    _check(matrix, shifts, rhs, omegas, method, slack_of(A))
    if method == "ssor":
        positive("tol", tol)
    else:
        check_tolerance(tol)
    if norms is not None:
        norms = numbers(norms, "norms")
        right = norms.shape == (len(rhs),) and bool(np.all((norms >= 0.0) & (norms < np.inf)))
        if not right or method not in ("ssor_cg", "cg"):
            raise ValueError(
                f"norms must be {len(rhs)} finite numbers >= 0 and go with ssor_cg or cg, got method {method!r}"
            )
    integer("max_iter", max_iter)
    check_memory(rhs.shape[0], rhs.shape[1], omegas.shape[1], memory_limit)
    path = _folder() / f"{_key(matrix, shifts, rhs, omegas, norms, method, tol, max_iter)}.table" if cache else None
    shape = (len(rhs), omegas.shape[1])
    table = _read(path, shape) if path else None
    if table is None:
        costs, status = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int8)
        largest = np.max(np.abs(rhs), axis=1, keepdims=True, initial=0.0)
        exponents = -np.frexp(largest)[1]
        scaled = np.ldexp(rhs, exponents)  # exact, as in solve.py
        parts, unit = in_units(split(matrix))
        shifts = np.ldexp(shifts, -unit)
        if method == "sor":
            count_lanes(parts, shifts, scaled, omegas, float(tol), int(max_iter), costs, status)
        else:
            if norms is None:
                aims = np.ldexp(tol, exponents[:, 0]) if method == "ssor" else tol * np.linalg.norm(scaled, axis=1)
            else:
                aims = np.where(norms == 0.0, np.inf, np.ldexp(tol * norms, exponents[:, 0]))
            rest = (shifts, scaled, omegas, aims, int(max_iter), method != "ssor", costs, status)
            side = math.isqrt(matrix.shape[0])
            if side**2 == matrix.shape[0] and (matrix != grid_laplacian(side)).nnz == 0:
                count_ssor_stencil(side, *rest)
            else:
                count_ssor(parts, *rest)
        table = CostTable(costs, int(np.count_nonzero(status != CONVERGED)))
        if path:
            _write(path, table)
    if table.unfinished:
        warnings.warn(
            f"{table.unfinished} of {table.costs.size} solves did not reach the tolerance {tol:g} in {max_iter} sweeps "
            f"and count as {max_iter}",
            stacklevel=2,
        )
    return table


def _check(A: Any, shifts: Array, rhs: Array, omegas: Array, method: str, slack: float) -> None:
    if rhs.ndim != 2 or rhs.shape[1] != A.shape[0]:
        raise ValueError(f"rhs must have shape (n_instances, {A.shape[0]}), got {rhs.shape}")
    if shifts.shape != rhs.shape[:1]:
        raise ValueError(f"shifts must have shape ({len(rhs)},), got {shifts.shape}")
    if omegas.ndim != 2 or omegas.shape[0] not in (1, len(rhs)) or omegas.shape[1] < 1:
        raise ValueError(f"omegas must have shape (n_columns,) or ({len(rhs)}, n_columns), got {omegas.shape}")
    if not (np.all(np.isfinite(rhs)) and np.all(np.isfinite(shifts))):
        raise ValueError("rhs and shifts must be finite, got NaN or infinity among their entries")
    if method != "sor" and not is_symmetric(A, slack):
        raise ValueError(f"A must be symmetric (to a relative {slack:.2g}) for the method {method!r}")
    if method == "cg":
        if np.any(omegas != 0.0):
            raise ValueError(f"omegas must be 0 for the method 'cg', got values up to {np.max(omegas)}")
    elif not np.all((omegas > 0.0) & (omegas < 2.0)):
        raise ValueError(f"omegas must lie in (0, 2), got values from {np.min(omegas)} to {np.max(omegas)}")
    if len(shifts) and not np.min(A.diagonal()) + np.min(shifts) > 0.0:
        raise ValueError(f"the shifted diagonal must be positive, got the shift {np.min(shifts)}")


def _folder() -> Path:
    named = os.environ.get("REGRETLAB_CACHE")
    if named:
        return Path(named) / "sor"
    import pooch

    return Path(pooch.os_cache("regretlab")) / "sor"


@functools.cache
def _sources() -> bytes:
    here = Path(__file__).parent
    names = ("kernels.py", "lanes.py", "ssor.py", "ssor_stencil.py", "table.py")
    return b"".join((here / name).read_bytes() for name in names)


@kernel
def _mix(words: NDArray[np.uint64], lanes: NDArray[np.uint64]) -> None:
    """Mix words [n] into four lanes, every fourth into one: arrays that differ by no design agree in 2^-64 of cases."""
    for i in range(words.size):
        mixed = (lanes[i & 3] ^ words[i]) * FACTOR
        lanes[i & 3] = mixed ^ (mixed >> HALF)


def _key(
    A: Any, shifts: Array, rhs: Array, omegas: Array, norms: Array | None, method: str, tol: float, max_iter: int
) -> str:
    digest = hashlib.sha256(_sources())
    for array in (
        A.data,
        A.indices.astype(np.int64),
        A.indptr.astype(np.int64),
        shifts,
        rhs,
        omegas,
        np.zeros(0) if norms is None else norms,
    ):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        lanes = np.zeros(4, dtype=np.uint64)
        _mix(np.ascontiguousarray(array).reshape(-1).view(np.uint64), lanes)
        digest.update(lanes.data)
    digest.update(f"{method} {float(tol).hex()} {int(max_iter)}".encode())
    return digest.hexdigest()[:40]


def _read(path: Path, shape: tuple[int, int]) -> CostTable | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    try:
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            raise ValueError("the checksum does not fit")
        with np.load(io.BytesIO(content[32:]), allow_pickle=False) as stored:
            table = CostTable(stored["costs"], int(stored["unfinished"]))
        if table.costs.shape != shape or table.costs.dtype != np.int32:
            raise ValueError(f"it holds {table.costs.dtype} of shape {table.costs.shape}")
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        warnings.warn(f"damaged file in the cache, computing anew: {path}: {error}", stacklevel=3)
        return None
    return table


def _write(path: Path, table: CostTable) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, costs=table.costs, unfinished=np.int64(table.unfinished))
    content = buffer.getvalue()
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest() + content)
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            if temporary:
                os.unlink(temporary)
        if path.parent not in _unwritable:
            _unwritable.add(path.parent)
            warnings.warn(f"going on without a cache: {path.parent} cannot be written to: {error}", stacklevel=3)


_unwritable: set[Path] = set()

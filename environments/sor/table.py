"""Tables of sweep counts, computed once and kept on disk.

Every solve starts at zero, so costs do not depend on what was done before, and the counts of all parameters on all
instances can be tabulated. A table is kept under a hash of everything that decides its numbers: the matrix, shifts,
right-hand sides, parameters, tolerance, limit, and the source of the kernels. It is written to a temporary name and
renamed, and holds a checksum; so processes can share the folder, and a damaged file is noticed and computed anew.

The folder is ``$REGRETLAB_CACHE`` where that is set, else the user's cache folder for ``regretlab``; in it, ``sor/``.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import os
import tempfile
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.domain import integer
from environments.sor.kernels import CONVERGED
from environments.sor.lanes import count_lanes
from environments.sor.solve import check_tolerance, split, square_matrix

MEMORY_LIMIT = 2 << 30
"""Bytes that a table may take unless the caller says otherwise."""


@dataclass(frozen=True)
class CostTable:
    """Sweep counts of solves from zero.

    Attributes:
        costs: [n_instances, n_columns] int32 sweeps; ``max_iter`` where the tolerance was not met.
        unfinished: number of solves in which it was not met.
    """

    costs: NDArray[np.int32]
    unfinished: int


def check_memory(n_instances: int, n: int, n_columns: int, limit: int = MEMORY_LIMIT) -> None:
    """Raise ``MemoryError`` with the estimate if the data of a table would take more than ``limit`` bytes.

    Counted are right-hand sides (8 bytes an entry) and, for each count, itself, its status and a double (13 bytes).
    """
    need = n_instances * (8 * n + 13 * n_columns)
    if need > limit:
        raise MemoryError(
            f"the costs of {n_instances} instances of {n} unknowns under {n_columns} parameters need about "
            f"{need / 1e6:.0f} MB, more than the limit of {limit / 1e6:.0f} MB: take fewer or raise memory_limit"
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
) -> CostTable:
    """Sweep counts of ``(A + shifts[t] I) x = rhs[t]`` under every parameter.

    Args:
        A: [n, n] matrix with positive diagonal, sparse or dense.
        shifts: [n_instances] multiples of the identity.
        rhs: [n_instances, n] right-hand sides.
        omegas: [n_columns] parameters for all instances, or [n_instances, n_columns] for each.
        tol: relative tolerance of the residual norm, in (0, 1).
        max_iter: largest number of sweeps, >= 1.
        memory_limit: bytes, see ``check_memory``.
        cache: whether to look for the table on disk and to keep it there.

    Raises:
        MemoryError: the table would be larger than the limit.
        ValueError: an argument out of its domain, of the wrong shape, or not finite.

    Warns:
        UserWarning: solves that did not meet the tolerance (their number), a damaged file (its name), or a folder that
            cannot be written to (once).
    """
    shifts, rhs, omegas = (np.ascontiguousarray(array, dtype=np.float64) for array in (shifts, rhs, omegas))
    omegas = omegas[None, :] if omegas.ndim == 1 else omegas
    matrix = square_matrix(A)
    _check(matrix, shifts, rhs, omegas)
    check_tolerance(tol)
    integer("max_iter", max_iter)
    check_memory(rhs.shape[0], rhs.shape[1], omegas.shape[1], memory_limit)
    path = _folder() / f"{_key(matrix, shifts, rhs, omegas, tol, max_iter)}.table" if cache else None
    shape = (len(rhs), omegas.shape[1])
    table = _read(path, shape) if path else None
    if table is None:
        costs, status = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int8)
        largest = np.max(np.abs(rhs), axis=1, keepdims=True, initial=0.0)
        scaled = np.ldexp(rhs, -np.frexp(largest)[1])  # exact, as in solve.py
        count_lanes(split(matrix), shifts, scaled, omegas, float(tol), int(max_iter), costs, status)
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


def _check(A: Any, shifts: Array, rhs: Array, omegas: Array) -> None:
    if rhs.ndim != 2 or rhs.shape[1] != A.shape[0]:
        raise ValueError(f"rhs must have shape (n_instances, {A.shape[0]}), got {rhs.shape}")
    if shifts.shape != rhs.shape[:1]:
        raise ValueError(f"shifts must have shape ({len(rhs)},), got {shifts.shape}")
    if omegas.ndim != 2 or omegas.shape[0] not in (1, len(rhs)) or omegas.shape[1] < 1:
        raise ValueError(f"omegas must have shape (n_columns,) or ({len(rhs)}, n_columns), got {omegas.shape}")
    if not (np.all(np.isfinite(rhs)) and np.all(np.isfinite(shifts))):
        raise ValueError("rhs and shifts must be finite, got NaN or infinity among their entries")
    if not np.all((omegas > 0.0) & (omegas < 2.0)):
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
    return b"".join((here / name).read_bytes() for name in ("kernels.py", "lanes.py", "table.py"))


def _key(A: Any, shifts: Array, rhs: Array, omegas: Array, tol: float, max_iter: int) -> str:
    digest = hashlib.sha256(_sources())
    for array in (A.data, A.indices.astype(np.int64), A.indptr.astype(np.int64), shifts, rhs, omegas):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    digest.update(f"{float(tol).hex()} {int(max_iter)}".encode())
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

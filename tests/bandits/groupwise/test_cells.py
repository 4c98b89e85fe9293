"""Cells are numbered in the order in which they are first seen."""

import numpy as np
import pytest

from bandits.groupwise.cells import _distinct


@pytest.mark.parametrize(("n_rows", "n_groups"), [(0, 3), (1, 1), (1000, 1), (1000, 3), (3000, 9), (2000, 70)])
def test_distinct_rows(n_rows, n_groups):
    rows = np.random.default_rng(n_groups).integers(0, 2, (n_rows, n_groups)).astype(np.int8)
    seen = {}
    numbers = [seen.setdefault(row.tobytes(), len(seen)) for row in rows]
    first, which = np.empty(n_rows, dtype=np.int64), np.empty(n_rows, dtype=np.int64)
    count = _distinct(rows, first, which)
    assert count == len(seen)
    assert which.tolist() == numbers
    assert first[:count].tolist() == [numbers.index(k) for k in range(count)]

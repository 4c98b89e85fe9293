import numpy as np
import pytest

from environments.sor.grids import TheoremGrid, points_of, reference_grid
from environments.sor.instances import SHIFTS, BetaShifts, grid_laplacian, truncated_normals
from environments.sor.sequence import SorSequence


def test_laplacian_entry_by_entry():
    for m in (1, 2, 3, 6):
        A = grid_laplacian(m).toarray()
        for p in range(m * m):
            for q in range(m * m):
                distance = abs(p // m - q // m) + abs(p % m - q % m)
                assert A[p, q] == {0: 4.0, 1: -1.0}.get(distance, 0.0)
    with pytest.raises(ValueError, match="m must be"):
        grid_laplacian(0)


class Counting:
    """Passes candidates on and counts those up to the last one that is used."""

    def __init__(self, seed):
        self.rng, self.drawn = np.random.default_rng(seed), []

    def standard_normal(self, size):
        self.drawn.append(self.rng.standard_normal(size))
        return self.drawn[-1]


def test_truncated_normals():
    rng = Counting(8)
    b = truncated_normals(rng, 20_000, 100)
    assert b.shape == (20_000, 100)
    assert (np.linalg.norm(b, axis=1) <= 10.0).all()
    candidates = np.concatenate(rng.drawn)
    kept = (np.linalg.norm(candidates, axis=1) <= 10.0).mean()
    assert 0.50 < kept < 0.54
    # Coordinates stay centred, uncorrelated and exchangeable; their mean square falls a little below 1.
    assert abs(b.mean()) < 5 / np.sqrt(b.size)
    assert 0.85 < (b**2).mean() < 0.95


def test_truncated_normals_repeat():
    one, other = (truncated_normals(np.random.default_rng(9), 300, 7) for _ in range(2))
    assert np.array_equal(one, other)
    assert truncated_normals(np.random.default_rng(9), 0, 7).shape == (0, 7)


@pytest.mark.parametrize("name", ["low_variance", "high_variance", "easy"])
def test_presets(name):
    shifts = SHIFTS.build(name)
    c = shifts.draw(np.random.default_rng(10), 40_000)
    assert ((c >= shifts.offset) & (c <= shifts.high)).all()
    mean = shifts.offset + shifts.width * shifts.a / (shifts.a + shifts.b)
    assert c.mean() == pytest.approx(mean, abs=5 * c.std() / 200)
    if name != "easy":
        assert mean == pytest.approx(0.0, abs=1e-15)
        assert (shifts.offset, shifts.high) == pytest.approx((-0.15, 0.45))


def test_variances_of_the_presets_are_in_order():
    low, high = (
        SHIFTS.build(name).draw(np.random.default_rng(1), 5000).std() for name in ("low_variance", "high_variance")
    )
    assert low < 0.7 * high


def test_shifts_by_description():
    fields = {"offset": 0.5, "width": 1.0, "a": 1.0, "b": 2.0}
    drawn = [
        SorSequence(shifts=shifts, horizon=5).draw(np.random.default_rng(0)).shifts.tolist()
        for shifts in (
            {"name": "beta", "parameters": fields},
            {"name": "low_variance", "parameters": fields},
            BetaShifts(0.5, 1.0, 1.0, 2.0),
        )
    ]
    assert drawn[0] == drawn[1] == drawn[2]
    with pytest.raises(ValueError, match="did you mean 'low_variance'"):
        SorSequence(shifts="low_varience")
    for bad in ({"offset": 0.0}, {**fields, "c": 1}, 3):
        with pytest.raises(ValueError, match="shifts must be"):
            SorSequence(shifts=bad)
    for name in ("width", "a", "b"):
        with pytest.raises(ValueError, match=f"shifts: {name} must be"):
            SorSequence(shifts={"name": "beta", "parameters": {**fields, name: 0.0}})


def test_grids():
    np.testing.assert_allclose(points_of("even"), 1 + 0.05 * np.arange(20))
    theorem = {"name": "theorem", "parameters": {"omega_max": 1.5, "size": 2}}
    assert points_of(theorem).tolist() == [1.25, 1.5] == points_of(TheoremGrid(1.5, 2)).tolist()
    assert points_of([0.5, 1.5]).tolist() == [0.5, 1.5]
    assert points_of(np.array([0.5, 1.5])).tolist() == [0.5, 1.5]
    reference = reference_grid(0.01)
    assert len(reference) == 100
    assert reference[-1] == pytest.approx(1.99)


@pytest.mark.parametrize(
    "grid",
    [
        [],
        [1.5, 1.2],
        [1.2, 1.2],
        [0.0, 1.0],
        [1.0, 2.0],
        [1.0, float("nan")],
        ["1.0"],
        "1.0",
        1.5,
        {"omega_max": 1.5, "size": 3},
        {"name": "theorem", "parameters": {"omega_max": 1.5}},
        {"name": "theorem", "parameters": {"omega_max": 2.0, "size": 3}},
        {"name": "theorem", "parameters": {"omega_max": 1.0, "size": 3}},
        {"name": "theorem", "parameters": {"omega_max": 1.5, "size": 0}},
        {"name": "theorem", "parameters": {"omega_max": 1.5, "size": 2.5}},
        {"name": "even", "parameters": {"low": 1.5, "high": 1.2}},
        {"name": "even", "parameters": {"size": 1}},
    ],
)
def test_bad_grids(grid):
    with pytest.raises(ValueError, match="grid"):
        points_of(grid)

"""Numbers worked out by hand or by enumeration: batches, runs without randomness, exact expectations, memory."""

import itertools
import math

import numpy as np
import pytest

from bandits import POLICIES
from bandits.streaming.problem import StreamProblem
from bandits.streaming.tower_logstar import iterated_log2
from environments import HardStream, Stream


def now(environment):
    """The metrics at the present time."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


def problem(arms, horizon, memory=99):
    return StreamProblem(n_arms=arms, horizon=horizon, memory=memory)


@pytest.mark.parametrize(
    ("arms", "horizon", "unit", "uniform", "naive", "tuned"),
    [
        (2, 1000, 62.9961, 120, 44, 56),
        (10, 10**5, 464.1589, 1049, 1069, 532),
        (16, 10**6, 1574.9013, 3779, 4367, 1892),
        (100, 10**6, 464.1589, 1114, 2138, 643),
        (1000, 10**9, 10000, 27468, 69078, 15606),
        (50000, 125 * 10**15, 184201574.93, 626620277, 1993020201, 330125120),
    ],
)
def test_batches_of_explore_then_commit(arms, horizon, unit, uniform, naive, tuned):
    from bandits.streaming.theory import unit as ours

    assert ours(problem(arms, horizon)) == pytest.approx(unit, rel=1e-6)
    names = ("uniform_exploration", "naive_log_k", "tuned_etc")
    assert [POLICIES.load(n)().pulls(problem(arms, horizon)) for n in names] == [uniform, naive, tuned]


def test_the_batch_is_cut_to_the_horizon():
    assert POLICIES.load("naive_log_k")().pulls(problem(100, 250)) == 2
    with pytest.warns(UserWarning, match="read once"):
        stream = Stream("mixed", 100, horizon=60)
    stream.begin(stream.draw(np.random.default_rng(0)))
    policy = POLICIES.load("naive_log_k")()
    policy.reset(stream.problem, np.random.default_rng(0))
    policy.advance(stream, 60)
    assert (stream.clock, now(stream)["arrivals"]) == (60, 60)


def test_the_unit_of_a_whole_cube_is_exact():
    from bandits.streaming.theory import unit

    for root in range(1, 300):
        assert unit(problem(7, 7 * root**3)) == root**2


@pytest.mark.parametrize("arms", [3, 64, 1000])
def test_eight_times_the_horizon_is_four_times_the_unit(arms):
    from bandits.streaming.theory import natural_scale, unit

    for horizon in (10**5, 7 * 10**8):
        assert unit(problem(arms, 8 * horizon)) == 4.0 * unit(problem(arms, horizon))
        assert natural_scale(problem(arms, 8 * horizon)) == 4.0 * natural_scale(problem(arms, horizon))


@pytest.mark.parametrize(
    ("name", "regrets", "explored", "peak"),
    [
        ("uniform_exploration", (56685, 56685, 56685), (60464, 60464, 60464), 1),
        ("naive_log_k", (65505, 65505, 65505), (69872, 69872, 69872), 1),
        ("tuned_etc", (28380, 28380, 28380), (30272, 30272, 30272), 1),
        ("tower_log", (27090, 27090, 28980), (32130, 32130, 32130), 2),
        ("tower_loglog", (25200, 25200, 29567), (32717, 32717, 32717), 2),
        ("tower_logstar", (37800, 37800, 44100), (47250, 47250, 47250), 2),
        ("eps_best_single", (23625, 23625, 23625), (25200, 74296, 101205), 1),
    ],
)
def test_arms_without_randomness(name, regrets, explored, peak, zero_one, play):
    for place, regret, pulls in zip((0, 9, 15), regrets, explored, strict=True):
        _, stream = play(name, zero_one(place))
        assert now(stream)["shortfall"] == -regret
        assert now(stream)["peak_memory"] == peak
        assert stream.history[-1][3] == pulls
        assert now(stream)["reward"] == 10**6 - regret


@pytest.mark.parametrize(
    ("means", "swaps", "regret"),
    [((0.6, 0.4), 0.000691739, 24.105144), ((0.4, 0.6), 0.998924616, 24.163458)],
)
def test_uniform_exploration_of_two_arms(means, swaps, regret, play):
    """Exact binomial sums, and 4000 runs of the code."""
    from scipy.stats import binom

    n, t = 120, 1000
    first, second = (binom.pmf(np.arange(n + 1), n, m) for m in means)
    swap = float(np.sum(np.tril(np.outer(second, first), -1)))
    assert swap == pytest.approx(swaps, abs=1e-8)
    gaps = [max(means) - m for m in means]
    exact = n * sum(gaps) + (t - 2 * n) * (swap * gaps[1] + (1 - swap) * gaps[0])
    assert exact == pytest.approx(regret, abs=1e-6)
    stream = Stream(list(means), horizon=t, order="given")
    runs = [-now(play("uniform_exploration", stream, seed=s)[1])["shortfall"] for s in range(4000)]
    assert abs(np.mean(runs) - exact) < 4 * np.std(runs) / math.sqrt(len(runs)) + 1e-9


@pytest.mark.parametrize(
    ("means", "picks", "regret"),
    [
        ((0.2, 0.5, 0.8), (0.1328, 0.3552, 0.5120), 2.91744),
        ((0.8, 0.5, 0.2), (0.8768, 0.1092, 0.0140), 2.04696),
        ((0.5, 0.8, 0.2), (0.4292, 0.5568, 0.0140), 2.62296),
    ],
)
def test_explore_then_commit_of_three_arms(means, picks, regret, play):
    """27 outcomes of two pulls each; then the code with as many pulls (T = 12: n = ceil(2.52 * 0.96) cut to 2)."""
    chances = dict.fromkeys(range(3), 0.0)
    for heads in itertools.product(range(3), repeat=3):
        chance = math.prod(math.comb(2, h) * m**h * (1 - m) ** (2 - h) for h, m in zip(heads, means, strict=True))
        chances[int(np.argmax(heads))] += chance
    assert list(chances.values()) == pytest.approx(picks, abs=1e-12)
    gaps = np.array([max(means) - m for m in means])
    exact = 2 * gaps.sum() + 6 * float(np.array(picks) @ gaps)
    assert exact == pytest.approx(regret, abs=1e-9)
    policy = POLICIES.load("tuned_etc")()
    policy.pulls = lambda _: 2
    stream = Stream(list(means), horizon=12, order="given", debug=True)
    counts, runs = np.zeros(3), []
    for seed in range(4000):
        stream.begin(stream.draw(np.random.default_rng(seed)))
        policy.reset(stream.problem, np.random.default_rng(0))
        policy.advance(stream, 12)
        counts[stream.history[-1][1]] += 1
        runs.append(-now(stream)["shortfall"])
    assert np.all(np.abs(counts / 4000 - picks) < 4 * np.sqrt(np.array(picks) / 4000) + 1e-12)
    assert abs(np.mean(runs) - exact) < 4 * np.std(runs) / math.sqrt(len(runs))


def test_hard_family_with_a_late_arm_only(play):
    """Case 01 of explore-then-commit is exact: R = (K - 1) n / 4."""
    k, t = 64, 10**8
    n = math.ceil((t / k) ** (2 / 3) * math.log(t) ** (1 / 3))
    _, stream = play("uniform_exploration", HardStream(k, horizon=t, lift=1.0, case="01"))
    assert -now(stream)["shortfall"] == (k - 1) * n / 4
    assert -now(stream)["shortfall"] / (k ** (1 / 3) * t ** (2 / 3)) == pytest.approx(0.6499, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("tower_log", [(6, 1), (8, 2), (56, 2), (57, 3), (399, 3), (400, 4), (2800, 4), (2801, 5), (19608, 6)]),
        ("tower_loglog", [(2, 1), (11, 1), (15, 1), (16, 2), (1618, 2), (1619, 3), (50000, 3)]),
        ("tower_logstar", [(1, 1), (5, 1), (6, 2), (30, 2), (31, 3), (102455, 3), (102456, 4)]),
    ],
)
def test_peak_memory_of_towers(name, sizes, play):
    """Largest r with 1 + q_0 + q_0 q_1 + ... (r terms) <= K, capped at the number of levels; and it is reached."""
    for arms, slots in sizes:
        policy = POLICIES.load(name)()
        assert policy.slots_required(problem(arms, 1000 * arms)) == slots
        if 1 < arms < 3000:
            _, stream = play(name, Stream("mixed", arms, horizon=10**4 * arms, memory=slots))
            assert now(stream)["peak_memory"] == slots


def test_levels_of_the_code_presets():
    k, t = 50_000, 125 * 10**15
    u = (t / k) ** (2 / 3)

    def rounded(values):
        return pytest.approx([math.ceil(v) for v in values], abs=1)

    log = POLICIES.load("tower_log")().levels(problem(k, t))
    assert [level.batch for level in log] == rounded([1.2**i * u for i in range(10)])
    loglog = POLICIES.load("tower_loglog")().levels(problem(k, t))
    assert [level.batch for level in loglog] == rounded([u, 1.2 * u, u * math.log(k)])
    assert {level.quota for level in loglog} == {11}
    star = POLICIES.load("tower_logstar")().levels(problem(k, t))
    assert [level.batch for level in star] == rounded([u, 4 * u, 16 * u, 65536 * u])
    assert [level.quota for level in star][:3] == [5, 5, 4097]


def test_levels_of_the_theory_preset():
    """s_l = 4 (ln(1/delta) + 3 r_l) (10 * 2^(l-1))^2 u; quotas 16, 32768, ...; never beyond the stream."""
    assert [iterated_log2(k) for k in (1, 2, 3, 4, 5, 16, 17, 65536, 65537)] == [0, 1, 2, 2, 3, 3, 4, 4, 5]
    k, t, delta = 1000, 10**18, 0.1
    levels = POLICIES.load("tower_logstar")(preset="theory", delta=delta).levels(problem(k, t))
    u = (t / k) ** (2 / 3)
    assert [level.quota for level in levels] == [16, 32768]
    batches = [4 * 100 * 4**i * u * (math.log(1 / delta) + 3 * r) for i, r in ((0, 4), (1, 16))]
    assert [level.batch for level in levels] == pytest.approx(batches, rel=1e-12)
    huge = POLICIES.load("tower_logstar")(preset="theory").levels(problem(10**6, 10**18))
    assert len(huge) == 3
    assert huge[2].quota == 2**65536 // 4


def test_the_theory_preset_plays_where_it_fits(play):
    """Two pulls of 2 K s_1 must fit: here T / K = 2 * 10^15."""
    policy, stream = play("tower_logstar", Stream([0.2, 0.5, 0.9, 0.4], horizon=8 * 10**15, memory=2), preset="theory")
    first = policy.levels(stream.problem)[0].batch
    assert -now(stream)["shortfall"] <= 2 * 4 * first
    assert policy.resample_champion
    assert stream._stage.slots.count(-1) == 1


@pytest.mark.parametrize(
    ("horizon", "passes", "regret", "tolerance"),
    [
        (10**6, 1, 3600.0, 0),
        (10**6, 2, 25498.8, 0),
        (10**6, 3, 18_000, 0.1),
        (10**9, 1, 360_000.0, 0),
        pytest.param(10**8, 1, 77_562, 0.001, marks=pytest.mark.slow),
        pytest.param(10**8, 2, 37_200, 0.1, marks=pytest.mark.slow),
        pytest.param(10**9, 2, 33_500, 0.1, marks=pytest.mark.slow),
    ],
)
def test_elimination_in_several_passes(horizon, passes, regret, tolerance, play):
    """Nine means of 0.5 and a last one of 0.9, two words of memory."""
    stream = Stream([0.5] * 9 + [0.9], horizon=horizon, order="given", passes=passes)
    runs = [-now(play("memory_bounded_elimination", stream, seed=s, passes=passes)[1])["shortfall"] for s in range(3)]
    assert now(stream)["peak_memory"] == 1
    if tolerance == 0:
        assert runs == pytest.approx([regret] * 3, rel=1e-9)
    else:
        assert np.mean(runs) == pytest.approx(regret, rel=tolerance)


def test_caps_of_elimination():
    two = POLICIES.load("memory_bounded_elimination")(passes=2).caps(problem(10, 10**9))
    three = POLICIES.load("memory_bounded_elimination")(passes=3).caps(problem(10, 10**9))
    assert two == pytest.approx([6948, 2589738], rel=1e-3)
    assert three == pytest.approx([2104, 528298, 8372955], rel=1e-3)
    for b in (1, 2, 3):
        caps = POLICIES.load("memory_bounded_elimination")(passes=b).caps(problem(10, 10**9))
        closed = [1e9 ** (2 ** (b + 1) * (1 - 2.0**-i) / (2 ** (b + 1) - 1)) / (10 * b) for i in range(1, b + 1)]
        assert caps == pytest.approx(closed, rel=1e-12)
    gaps = POLICIES.load("memory_bounded_elimination")(passes=2, mode="instance").caps(problem(10, 10**9))
    assert gaps == pytest.approx([1e3, 1e6], rel=1e-9)

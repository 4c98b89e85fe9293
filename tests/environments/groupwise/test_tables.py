"""The published tables: synthetic data, Medical costs, and the free stand-in for Adult.

Values are regret at the end, mean and standard deviation over the paper's ten orders of the rows.
"""

import numpy as np
import pytest

from bandits.groupwise.global_learner import GlobalLearner
from bandits.groupwise.groupwise import Groupwise
from environments.groupwise.adult import AdultIncome
from environments.groupwise.medical import MedicalCosts
from environments.groupwise.synthetic import SyntheticGroups

SEEDS = (473, 503, 623, 550, 692, 989, 617, 458, 301, 205)
REGRETS = {"baseline": GlobalLearner, "algorithm": Groupwise, "mixture": lambda: Groupwise(play="mixture")}


def now(environment):
    """The metrics so far."""
    return {name: float(values[0]) for name, values in environment.metrics(np.array([environment.clock])).items()}


def losses(environment, policy, seed):
    environment.begin(environment.paper_tape(seed))
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, environment.horizon)
    return [-now(environment)[f"reward in {g}"] for g in environment.problem.groups]


def best(environment):
    at = environment.comparators(np.array([environment.horizon]))
    return [-at[f"best in {g}"][0] for g in environment.problem.groups]


def table(environment, policies, seeds=SEEDS):
    """For each policy its losses [n_seeds, n_groups], and the comparators' under None."""
    runs = {name: [] for name in (*policies, None)}
    for seed in seeds:
        for name, make in policies.items():
            runs[name].append(losses(environment, make(), seed))
        runs[None].append(best(environment))
    return {name: np.array(values) for name, values in runs.items()}


def regret(runs, name):
    values = runs[name] - runs[None]
    return values.mean(axis=0), values.std(axis=0)


# circle, square, triangle, green, red, always_on: baseline, its deviation, algorithm, its deviation, comparator's loss
SYNTHETIC = {
    "mean": (
        (15.2520, 15.4346, 12.1290, 10.0174, 14.7519, 0.7638),
        (0.2172, 0.1304, 0.1041, 0.1504, 0.1558, 0.0581),
        (0.7259, 0.6326, 0.7590, -14.1323, -1.7966, -39.9344),
        (0.0891, 0.0580, 0.0404, 0.1929, 0.1661, 0.0992),
        (23.5711, 14.1230, 9.4345, 38.8054, 26.3695, 89.1804),
    ),
    "min": (
        (21.6218, 64.2107, 12.4672, 14.5494, 21.6380, 1.0387),
        (0.2754, 0.3104, 0.1347, 0.1906, 0.2032, 0.0560),
        (0.8069, 0.9424, 0.5674, -43.1039, -16.6916, -94.9443),
        (0.0966, 0.0471, 0.0652, 0.2253, 0.2295, 0.0845),
        (63.4883, 15.1680, 26.3741, 97.4198, 69.7229, 202.2913),
    ),
    "max": (
        (22.7798, 17.8558, 29.5110, 8.6466, 12.4844, 0.8600),
        (0.3242, 0.1418, 0.2218, 0.2048, 0.2216, 0.0759),
        (0.9150, 0.5217, 0.8725, -23.2494, -23.4569, -66.9773),
        (0.0692, 0.0779, 0.0506, 0.2376, 0.2895, 0.1258),
        (32.4574, 36.9161, 9.4185, 65.3846, 62.4229, 148.0785),
    ),
    "dperm": (
        (28.8363, 92.1046, 12.0256, 75.8925, 112.4863, 1.2560),
        (0.4462, 0.6358, 0.1972, 0.8865, 0.8758, 0.0904),
        (-38.6279, -0.2786, -15.1536, 1.3086, 0.0435, -185.7706),
        (0.1713, 0.2721, 0.0859, 0.0701, 0.2600, 0.2477),
        (77.1410, 54.8654, 30.6726, 28.9500, 78.3167, 294.3894),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("label", SYNTHETIC)
def test_synthetic(label):
    environment = SyntheticGroups(label, 100_000, rng="legacy", horizon=None, regret_alignment="published")
    assert environment.dominance.tolist() == [3, 1, 4, 2, 0]
    assert environment.data.groups.sum(axis=0).tolist() == [49857, 30044, 20099, 59985, 40015, 100_000]
    runs = table(environment, {"baseline": GlobalLearner, "algorithm": Groupwise})
    base, base_sd, algorithm, algorithm_sd, hind = SYNTHETIC[label]
    exact, wide = 6e-5, 2e-3 if label == "dperm" else 6e-5
    assert regret(runs, "baseline")[0] == pytest.approx(base, abs=exact)
    assert regret(runs, "baseline")[1] == pytest.approx(base_sd, abs=exact)
    assert regret(runs, "algorithm")[0] == pytest.approx(algorithm, abs=wide)
    assert regret(runs, "algorithm")[1] == pytest.approx(algorithm_sd, abs=wide)
    assert runs[None].mean(axis=0) == pytest.approx(hind, abs=exact)


SORTED = {
    "mean": (
        (34.8664, 27.7672, 27.2537, 62.9098, 26.9776, 89.8874),
        (21.5036, 14.9734, 10.6138, 36.1798, 10.9110, 47.0908),
    ),
    "dperm": (
        (101.1869, 154.4557, 39.8259, 216.2719, 79.1967, 295.4686),
        (25.4172, 15.9601, 10.1839, 30.3658, 21.1955, 51.5613),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("label", SORTED)
def test_synthetic_sorted_by_colour(label):
    """Cumulative losses."""
    environment = SyntheticGroups(label, 100_000, rng="legacy", horizon=None, order="ascending", sort_by="green")
    for make, values in zip((GlobalLearner, Groupwise), SORTED[label], strict=True):
        found = np.mean([losses(environment, make(), seed) for seed in SEEDS], axis=0)
        assert found == pytest.approx(values, abs=6e-5)


MEDICAL = {  # group: rounds, baseline, deviation, algorithm, deviation, comparator, baseline exact, algorithm exact
    "young": (574, 0.5497, None, -1.5801, None, 5.4010, 0.5453, -1.5846),
    "middle": (408, 0.3759, 0.1484, -0.9721, 0.1614, 3.3359, 0.3636, -0.9844),
    "old": (356, 0.4386, None, -0.6416, None, 3.1295, 0.4241, -0.6561),
    "underweight": (20, 0.1566, 0.0189, 0.1119, 0.0163, 0.0270, 0.1514, 0.1068),
    "healthyweight": (225, 1.5882, 0.1450, 0.3644, 0.0651, 1.0043, 1.5880, 0.3642),
    "overweight": (386, 1.5472, 0.1706, 0.4315, 0.0653, 1.8367, 1.5469, 0.4311),
    "obese": (707, 3.4200, 0.3071, 1.2462, 0.1152, 3.6509, 3.4191, 1.2453),
    "smoker": (274, 5.0646, 0.1683, 1.4736, 0.0927, 0.9002, 5.0641, 1.4731),
    "non-smoker": (1064, 1.6993, 0.1549, 0.7322, 0.1299, 5.5667, 1.6984, 0.7314),
    "male": (676, 0.6480, None, -1.7485, None, 6.1113, 0.6383, -1.7583),
    "female": (662, 0.5927, 0.2405, -1.5687, 0.2418, 5.8787, 0.5842, -1.5772),
    "always_on": (1338, 1.1291, 0.0912, -3.4289, 0.1336, 12.1017, 1.1203, -3.4378),
}
MEDICAL_BEST = (5.405464, 3.348312, 3.144116, 0.032086, 1.004521, 1.836973, 3.651767, 0.900757, 5.567530, 6.121030,
                5.887202, 12.110518)  # fmt: skip


@pytest.mark.realdata
def test_medical(data_folder):
    published = MedicalCosts(regret_alignment="published")
    assert published.data.contexts.shape == (1338, 18)
    assert published.data.contexts[0, :3] == pytest.approx([0.02173913, 0.3212268, 0.0], abs=1e-7)
    assert published.data.labels[0] == pytest.approx(0.25161076, abs=1e-8)
    assert np.linalg.matrix_rank(published.data.contexts, 1e-8) == 14
    assert published.problem.groups == tuple(MEDICAL)
    rows = np.array([[np.nan if v is None else v for v in row] for row in MEDICAL.values()])
    assert published.data.groups.sum(axis=0).tolist() == rows[:, 0].tolist()
    runs, known = table(published, REGRETS), ~np.isnan(rows[:, 2])
    for name, column in (("baseline", 1), ("algorithm", 3)):
        mean, deviation = regret(runs, name)
        assert mean == pytest.approx(rows[:, column], abs=1.1e-4)
        assert deviation[known] == pytest.approx(rows[known, column + 1], abs=1e-4)
    assert runs[None].mean(axis=0) == pytest.approx(rows[:, 5], abs=1e-4)
    exact = MedicalCosts()
    runs = table(exact, REGRETS)
    assert regret(runs, "baseline")[0] == pytest.approx(rows[:, 6], abs=6e-5)
    assert regret(runs, "algorithm")[0] == pytest.approx(rows[:, 7], abs=6e-5)
    assert regret(runs, "mixture")[0][[7, 11]] == pytest.approx([1.0621, -4.0805], abs=6e-5)
    assert runs[None] == pytest.approx(np.tile(MEDICAL_BEST, (10, 1)), abs=1e-6)
    assert runs["algorithm"][:, :3].sum(axis=1) == pytest.approx(runs["algorithm"][:, -1])


@pytest.mark.realdata
def test_medical_of_one_seed(data_folder):
    environment = MedicalCosts()
    baseline = [6.02046493, 3.77492301, 3.62575861, 0.20501274, 2.51739508, 3.18930574, 7.50943299, 5.92964355,
                7.49150301, 6.77649920, 6.64464735, 13.42114656]  # fmt: skip
    algorithm = [3.90563743, 2.30737468, 2.75402820, 0.14654830, 1.48068411, 2.21675494, 5.12305296, 2.35889819,
                 6.60814212, 4.59120140, 4.37583891, 8.96704031]  # fmt: skip
    assert losses(environment, GlobalLearner(), 473) == pytest.approx(baseline, abs=1e-6)
    assert losses(environment, Groupwise(), 473) == pytest.approx(algorithm, abs=1e-6)


@pytest.mark.realdata
@pytest.mark.parametrize("rows", [1, 17, 60, 399, 1338])
def test_medical_prefixes_against_singular_values(data_folder, rows):
    """The one-hot design is rank deficient."""
    environment = MedicalCosts()
    tape = environment.paper_tape(473)
    environment.begin(tape)
    at = environment.comparators(np.array([rows]))
    for i, g in enumerate(environment.problem.groups):
        member = tape[:rows][environment.data.groups[tape[:rows], i] == 1]
        X, y = environment.data.contexts[member], environment.data.labels[member]
        exact = np.sum((y - X @ np.linalg.lstsq(X, y, rcond=1e-10)[0]) ** 2) if len(y) else 0.0
        assert -at[f"best in {g}"][0] == pytest.approx(exact, abs=1e-10)


ADULT = {  # rounds, comparator, then regret: baseline, algorithm, mixture, and the same clipped
    "young": (14925, 1060.185, 74.61, 30.52, 16.71, 9.12, -2.47, -7.79),
    "middle": (11176, 1636.905, 63.85, 48.83, 41.53, 41.84, 18.11, 11.67),
    "old": (6460, 933.821, 36.91, 27.45, 23.48, 18.08, 12.94, 9.28),
    "HighSchool&less": (14754, 1293.941, 88.51, 43.39, 32.84, 15.58, 7.88, 0.97),
    "College&more": (17807, 2344.839, 78.98, 55.53, 41.01, 45.59, 12.83, 4.32),
    "Male": (21790, 3010.391, 62.06, 23.13, 9.96, 4.82, -25.91, -36.96),
    "Female": (10771, 672.773, 61.04, 31.41, 19.51, 11.97, 2.24, -2.12),
    "White": (27816, 3339.204, 44.70, -11.87, -30.10, -38.96, -77.35, -88.51),
    "Asian-Pac-Islander": (1039, 126.608, 13.64, 12.15, 10.16, 8.71, 8.43, 7.21),
    "Amer-Indian-Eskimo": (311, 17.536, 11.13, 10.01, 9.09, 9.17, 9.82, 9.08),
    "Other": (271, 12.440, 8.81, 8.73, 7.51, 5.35, 5.99, 5.17),
    "Black": (3124, 217.305, 14.89, 5.59, 2.89, 2.59, -0.49, -1.97),
    "always_on": (32561, 3751.088, 55.18, -13.38, -38.45, -51.14, -91.60, -107.01),
}
ADULT_DEVIATIONS = {
    "baseline": (3.56, 3.80, 1.34, 4.47, 4.43, 4.90, 4.35, 2.64, 1.14, 0.52, 0.40, 1.31, 2.40),
    "algorithm": (3.79, 4.61, 2.61, 3.37, 1.79, 5.95, 5.00, 3.64, 1.60, 0.80, 0.90, 1.42, 4.26),
}


@pytest.mark.realdata
@pytest.mark.slow
def test_adult(data_folder):
    environment = AdultIncome()
    rows = np.array(list(ADULT.values()))
    assert environment.data.contexts.shape == (32561, 96)
    assert environment.problem.groups == tuple(ADULT)
    assert environment.data.groups.sum(axis=0).tolist() == rows[:, 0].tolist()
    assert environment.data.labels.mean() == pytest.approx(0.2408096, abs=1e-7)
    clipped = {
        "baseline clipped": lambda: GlobalLearner(clip=[0.0, 1.0]),
        "algorithm clipped": lambda: Groupwise(clip=[0.0, 1.0]),
        "mixture clipped": lambda: Groupwise(clip=[0.0, 1.0], play="mixture"),
    }
    runs = table(environment, REGRETS | clipped)
    assert runs[None].mean(axis=0) == pytest.approx(rows[:, 1], abs=6e-4)
    for column, name in enumerate((*REGRETS, *clipped), 2):
        assert regret(runs, name)[0] == pytest.approx(rows[:, column], abs=6e-3)
    for name, deviations in ADULT_DEVIATIONS.items():
        assert regret(runs, name)[1] == pytest.approx(deviations, abs=6e-3)


@pytest.mark.realdata
def test_adult_with_its_test_rows(data_folder):
    environment = AdultIncome(include_test=True)
    assert len(environment.data.labels) == 48842
    assert environment.data.labels.mean() == pytest.approx(0.2392818, abs=1e-7)
    assert environment.data.groups.sum(axis=0)[7:12].tolist() == [41762, 1519, 470, 406, 4685]
    assert AdultIncome(order="descending", sort_by="age").draw(np.random.default_rng(0)).shape == (32561,)

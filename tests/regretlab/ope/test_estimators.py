"""Estimators against enumeration of all logs of two rows, closed forms, obp's numbers and definitions by hand."""

from itertools import product

import numpy as np
import pytest

from environments.logged.log import Log
from regretlab.ope.estimate import estimate
from regretlab.ope.estimators import ESTIMATORS, as_estimator
from regretlab.ope.modelled import DR, DRos, SwitchDR
from regretlab.ope.models import MeanPerArm, Ridge, predictions
from regretlab.ope.weighting import IPS, ClippedIPS

PLACES = np.array([0.25, 0.75])
"""Probabilities of two contexts."""
LOGGING = np.array([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]])
TARGET = np.array([[0.1, 0.2, 0.7], [0.6, 0.3, 0.1]])
MEANS = np.array([[0.2, 0.5, 0.9], [0.75, 0.4, 0.1]])
MODEL = np.array([[0.3, 0.3, 0.6], [0.5, 0.5, 0.0]])
VALUE = float(np.sum(PLACES[:, None] * TARGET * MEANS))
ROWS = list(product(range(2), range(3), range(2)))
"""Context, arm and reward of all rows that there can be."""


def chance(row):
    x, a, r = row
    return PLACES[x] * LOGGING[x, a] * (MEANS[x, a] if r else 1 - MEANS[x, a])


def log_of(rows, **options):
    x, a, r = np.array(rows).T
    return Log(
        actions=a, rewards=r, probabilities=LOGGING[x, a], contexts=x[:, None], n_actions=3, low=0, high=1, **options
    )


def moments(method, n=2, **options):
    """Mean and variance of an estimate over all logs of n rows that there can be."""
    values, chances = [], []
    for rows in product(ROWS, repeat=n):
        x = np.array([row[0] for row in rows])
        model = MODEL[x] if as_estimator(method).needs_model else None
        found = estimate(log_of(rows), TARGET[x], method, interval="normal", model=model, overlap="ignore", **options)
        values.append(found.value)
        chances.append(np.prod([chance(row) for row in rows]))
    values, chances = np.array(values), np.array(chances)
    assert chances.sum() == pytest.approx(1.0)
    mean = float(values @ chances)
    return mean, float((values - mean) ** 2 @ chances)


@pytest.fixture(scope="module")
def enumerated():
    return {name: moments(name) for name in ("IPS", "DM", "DR")}


def test_ips_is_unbiased_and_has_the_variance_of_its_closed_form(enumerated):
    squares = np.sum(PLACES[:, None] * TARGET**2 / LOGGING * MEANS)  # of weights times rewards, which are 0 or 1
    assert enumerated["IPS"] == pytest.approx((VALUE, (squares - VALUE**2) / 2), abs=1e-13)


def test_dr_is_unbiased_for_a_wrong_model_and_has_the_variance_of_its_closed_form(enumerated):
    """Dudik, Langford, Li 2011, theorem 2: of contexts, of rewards by weights, and of the model's weighted error."""
    inner = np.sum(TARGET * MEANS, axis=1)
    of_contexts = PLACES @ inner**2 - VALUE**2
    of_rewards = np.sum(PLACES[:, None] * TARGET**2 / LOGGING * MEANS * (1 - MEANS))
    errors = TARGET / LOGGING * (MEANS - MODEL)
    means = np.sum(LOGGING * errors, axis=1)
    of_errors = PLACES @ (np.sum(LOGGING * errors**2, axis=1) - means**2)
    assert enumerated["DR"] == pytest.approx((VALUE, (of_contexts + of_rewards + of_errors) / 2), abs=1e-13)


def test_the_direct_method_is_as_right_as_its_model(enumerated):
    assert enumerated["DM"][0] == pytest.approx(np.sum(PLACES[:, None] * TARGET * MODEL), abs=1e-13)
    assert abs(enumerated["DM"][0] - VALUE) > 0.05


def test_thinning_leaves_rows_of_the_target_policy():
    rng = np.random.default_rng(5)
    rows = [ROWS[i] for i in rng.choice(len(ROWS), size=20_000, p=[chance(row) for row in ROWS])]
    x = np.array([row[0] for row in rows])
    found = estimate(log_of(rows), TARGET[x], "Replay", least=0.125, seed=3)
    assert found.certain
    assert found.value == pytest.approx(VALUE, abs=4 * found.error)
    assert found.error == pytest.approx(np.sqrt(VALUE * (1 - VALUE) / (20_000 / 8)), rel=0.1)  # an eighth is kept


def test_replay_of_a_uniform_log_is_the_mean_of_the_rows_that_match():
    arms, rewards = np.arange(60) % 3, np.arange(60) % 7 / 7
    log = Log(actions=arms, rewards=rewards, n_actions=3).with_uniform_probabilities()
    plays = np.arange(60) // 2 % 3
    found = estimate(log, np.eye(3)[plays], "Replay")
    assert found.value == pytest.approx(rewards[plays == arms].mean(), abs=1e-14)
    assert found.interval == "normal"
    assert not found.certain


def fixed_log():
    """Forty rows by integer arithmetic, a target policy and predictions: what obp was given, too."""
    i = np.arange(40)
    actions = (i * i + i // 3) % 3
    table = np.array([[2, 1, 1], [1, 1, 2], [1, 2, 1], [4, 2, 2]]) / np.array([[4], [4], [4], [8]])
    numbers = np.stack([(i * (a + 2) + a) % 5 for a in range(3)], axis=1) + (np.arange(3) == i[:, None] % 3)
    model = np.stack([(3 * i + 2 * a) % 8 / 8 for a in range(3)], axis=1)
    log = Log(
        actions=actions, rewards=7 * i % 5 / 4, probabilities=table[i % 4, actions], n_actions=3, low=0.0, high=1.0
    )
    return log, numbers / numbers.sum(axis=1, keepdims=True), model


OBP = {
    "IPS": (IPS(), 0.5978869047619048),
    "SNIPS": ("SNIPS", 0.5405790861632852),
    "InverseProbabilityWeighting(lambda_=1.5)": (ClippedIPS(1.5), 0.5308035714285714),
    "DM": ("DM", 0.43386160714285715),
    "DR": (DR(), 0.5885491071428571),
    "SNDR": ("SNDR", 0.5737222174437021),
    "SwitchDoublyRobust(lambda_=1.5)": (SwitchDR(1.5), 0.4639806547619047),
    "DoublyRobustWithShrinkage(lambda_=2)": (DRos(2.0), 0.5000922398081069),
}
"""``estimate_policy_value`` of obp 0.5.7 with numpy 1.26.4, of the same log and predictions."""


@pytest.mark.parametrize("name", OBP)
def test_estimates_are_those_of_obp(name):
    method, value = OBP[name]
    log, target, model = fixed_log()
    assert estimate(log, target, method, interval="normal", model=model).value == pytest.approx(value, abs=1e-12)


def by_hand(name, weight, reward, mean, played, n):
    """Term of one row, with the parameters that estimators have by themselves."""
    error = reward - played
    return {
        "IPS": weight * reward,
        "ClippedIPS": min(weight, n**0.5) * reward,
        "DM": mean,
        "DR": mean + weight * error,
        "SwitchDR": mean + (weight * error if weight <= n**0.5 else 0.0),
        "DRos": mean + n * weight / (weight**2 + n) * error,
    }[name]


def test_estimates_are_their_definitions():
    log, target, model = fixed_log()
    total = dict.fromkeys(("IPS", "ClippedIPS", "DM", "DR", "SwitchDR", "DRos"), 0.0)
    for i in range(log.n):
        a = log.actions[i]
        weight, mean = target[i, a] / log.probabilities[i], sum(target[i, b] * model[i, b] for b in range(3))
        for name in total:
            total[name] += by_hand(name, weight, log.rewards[i], mean, model[i, a], log.n) / log.n
    for name, value in total.items():
        assert estimate(log, target, name, interval="normal", model=model).value == pytest.approx(value, abs=1e-12)


def test_dr_on_a_log_of_a_policy_that_learned_is_unbiased_with_models_of_earlier_rows_alone():
    """All logs of three rows whose policy repeats what paid with probability 0.9."""
    means, value = np.array([0.3, 0.6]), dict.fromkeys(("forward", "crossed"), 0.0)
    for arms, rewards in product(product((0, 1), repeat=3), product((0, 1), repeat=3)):
        better = [0.5] + [0.9 if rewards[t] == (arms[t] == 1) else 0.1 for t in range(2)]
        chances = np.where(np.array(arms) == 1, better, 1.0 - np.array(better))
        luck = np.prod(chances * np.where(rewards, means[list(arms)], 1.0 - means[list(arms)]))
        log = Log(actions=arms, rewards=rewards, probabilities=chances, n_actions=2)
        for fit in value:
            found = estimate(log, [0.0, 1.0], "DR", fit=fit, folds=2, model=MeanPerArm(), overlap="ignore")
            value[fit] += luck * found.value
    assert value["forward"] == pytest.approx(0.6, abs=1e-12)
    assert abs(value["crossed"] - 0.6) > 1e-3


def test_a_classifier_predicts_mean_rewards_and_not_the_likeliest_one():
    class Shares:
        """Rewards are 1 with probability 0.3, and 0 is likelier."""

        def fit(self, x, y):
            self.classes_ = np.unique(y)

        def predict(self, x):
            return np.zeros(len(x))

        def predict_proba(self, x):
            return np.tile([0.7, 0.3], (len(x), 1))

    log = Log(actions=[0, 1] * 20, rewards=[0, 1, 1, 0] * 10, probabilities=[0.5] * 40, n_actions=2, low=0, high=1)
    assert estimate(log, [0.5, 0.5], "DM", model=Shares()).value == pytest.approx(0.3, abs=1e-12)


def test_what_changes_no_weight_is_dr():
    log, target, model = fixed_log()
    whole = estimate(log, target, "DR", model=model).value
    for method in (SwitchDR(np.inf), DRos(np.inf), SwitchDR(100.0)):
        found = estimate(log, target, method, model=model, least=0.01)
        assert found.value == pytest.approx(whole, abs=1e-14)
        assert not found.biased
    for method in (SwitchDR(100.0), ClippedIPS(100.0)):  # rows not in the log may have larger weights
        assert estimate(log, target, method, model=model).biased
        assert not estimate(log, target, method, model=model, least=0.01).biased
    assert estimate(log, target, SwitchDR(0.0), model=model).value == estimate(log, target, "DM", model=model).value


@pytest.mark.parametrize("fit", ["crossed", "forward"])
def test_dr_with_a_fitted_model_is_unbiased(fit):
    values = []
    for seed in range(250):
        rng = np.random.default_rng([17, seed])
        rows = [ROWS[i] for i in rng.choice(len(ROWS), size=24, p=[chance(row) for row in ROWS])]
        x = np.array([row[0] for row in rows])
        found = estimate(log_of(rows), TARGET[x], DR(), interval="normal", fit=fit, folds=3, overlap="ignore")
        values.append(found.value)
    assert abs(np.mean(values) - VALUE) < 4 * np.std(values) / np.sqrt(len(values))


def test_no_row_teaches_the_model_that_predicts_it():
    """A model that gives back the rewards it has seen predicts none of the rows by themselves."""

    class Seen:
        def fitted(self, log):
            seen = set(log.contexts[:, 0])
            return lambda rows: np.repeat([[float(c in seen)] for c in rows.contexts[:, 0]], 2, axis=1)

    n = 20
    log = Log(
        actions=[0, 1] * 10, rewards=[0.5] * n, probabilities=[0.5] * n, contexts=np.arange(n)[:, None], n_actions=2
    )
    for fit in ("crossed", "forward"):
        found, order = predictions(log, Seen(), 4, fit, np.random.default_rng(1))
        assert order == fit
        assert not found.any()


def test_forward_models_see_earlier_rows_alone():
    class Latest:
        def fitted(self, log):
            last = log.contexts[:, 0].max()
            return lambda rows: np.full((rows.n, 2), last)

    log = Log(actions=[0, 1] * 6, rewards=[0.5] * 12, contexts=np.arange(12)[:, None], n_actions=2)
    found, _ = predictions(log, Latest(), 4, "forward", np.random.default_rng(1))
    assert found[:, 0].tolist() == [0] * 3 + [2] * 3 + [5] * 3 + [8] * 3


def test_ridge_solves_its_normal_equations():
    rng = np.random.default_rng(2)
    x, y, arms = rng.normal(size=(50, 3)), rng.normal(size=50), np.arange(50) % 2
    log = Log(actions=arms, rewards=y, contexts=x, n_actions=3)
    found = Ridge(2.5).fitted(log)(log)
    for arm in range(2):
        rows = arms == arm
        wide = np.hstack([x[rows], np.ones((25, 1))])
        solved = np.linalg.solve(wide.T @ wide + np.diag([2.5, 2.5, 2.5, 0.0]), wide.T @ y[rows])
        np.testing.assert_allclose(found[:, arm], np.hstack([x, np.ones((50, 1))]) @ solved, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[:, 2], y.mean(), atol=1e-14)  # of what was never played nothing is known
    plain = MeanPerArm().fitted(log)(log)
    np.testing.assert_allclose(plain[0], [y[arms == 0].mean(), y[arms == 1].mean(), y.mean()], atol=1e-14)


def test_a_regressor_of_scikit_learn_is_a_model_and_is_not_changed():
    linear = pytest.importorskip("sklearn.linear_model")
    rng = np.random.default_rng(3)
    x, arms = rng.normal(size=(60, 2)), np.arange(60) % 3
    rewards = 0.5 + 0.1 * x[:, 0] - 0.05 * x[:, 1] + 0.1 * arms
    log = Log(actions=arms, rewards=rewards, contexts=x, n_actions=3)
    regressor = linear.LinearRegression()
    found, _ = predictions(log, regressor, 5, "crossed", rng)
    np.testing.assert_allclose(found, (rewards - 0.1 * arms)[:, None] + 0.1 * np.arange(3), atol=1e-12)
    assert not hasattr(regressor, "coef_")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"method": "IPW"}, "an estimator must be one of Replay, IPS"),
        ({"method": IPS}, "an estimator must be one of"),
        ({"model": "ridge", "method": "DM"}, "model must be None"),
        ({"model": [[0.5] * 3] * 39, "method": "DM"}, r"model must be .* of shape \(40, 3\)"),
        ({"folds": 1, "method": "DM"}, "folds must be a whole number >= 2, got 1"),
        ({"folds": 41, "method": "DM"}, "folds must be at most the number of rows, 40, got 41"),
        ({"fit": "given", "method": "DM"}, "fit must be one of forward, crossed"),
        ({"least": 0.3}, "least must be at most the log's smallest probability, 0.25, got 0.3"),
        ({"least": 0.0}, "least must be a finite number in"),
        ({"confidence": 1.0}, "confidence must be"),
        ({"interval": "wald"}, "interval must be one of auto, betting"),
        ({"overlap": "no"}, "overlap must be one of refuse, warn, ignore"),
        ({"seed": -1}, "seed must be"),
        ({"method": "Replay"}, "Replay needs a log whose probabilities are all"),
        ({"target": [0.5, 0.5]}, r"target must be probabilities of shape \(40, 3\)"),
        ({"target": [0.5, 0.6, 0.0]}, r"target\[0\] must be probabilities that sum to 1"),
        ({"target": [1.5, -0.5, 0.0]}, r"target\[0\] must be probabilities that sum to 1"),
        ({"target": [np.nan, 0.5, 0.5]}, r"target\[0\] must be probabilities that sum to 1"),
        ({"target": "best"}, "target must be probabilities"),
    ],
)
def test_arguments_that_cannot_be_are_told(options, text):
    log, target, _ = fixed_log()
    with pytest.raises(ValueError, match=text):
        estimate(log, options.pop("target", target), **options)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: ClippedIPS(0.0), "clip must be"),
        (lambda: SwitchDR(-1.0), "threshold must be"),
        (lambda: DRos(np.nan), "shrinkage must be"),
        (lambda: Ridge(-1.0), "penalty must be"),
    ],
)
def test_parameters_that_cannot_be_are_told(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_rows_without_any_weight_are_told():
    log = Log(actions=[0] * 9, rewards=[1.0] * 9, probabilities=[1 / 3] * 9, n_actions=3)
    for method in ("SNIPS", "SNDR", "Replay"):
        with pytest.raises(ValueError, match=f"{method} (has no weight in any|keeps none) of 9 rows"):
            estimate(log, [0.0, 0.5, 0.5], method, overlap="ignore")


def test_a_log_without_probabilities_says_how_to_come_by_them():
    with pytest.raises(ValueError, match="with_uniform_probabilities"):
        estimate(Log(actions=[0, 1], rewards=[0, 1], n_actions=2), [0.5, 0.5])


def test_arms_that_are_not_offered_have_no_probability():
    offered = [[True, False, True]] * 4
    log = Log(actions=[0, 2, 0, 2], rewards=[1, 0, 1, 0], probabilities=[0.5] * 4, offered=offered)
    with pytest.raises(ValueError, match=r"target\[0, 1\] must be 0 of an arm not offered in that row, got 0.25"):
        estimate(log, [0.5, 0.25, 0.25])
    assert estimate(log, [0.75, 0.0, 0.25]).value == pytest.approx(0.75)


def test_every_name_is_its_estimator():
    assert list(ESTIMATORS) == ["Replay", "IPS", "SNIPS", "ClippedIPS", "DM", "DR", "SNDR", "SwitchDR", "DRos"]
    assert all(as_estimator(name).name == name for name in ESTIMATORS)

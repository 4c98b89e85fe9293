"""Adversarial arms: given tables, generators, comparators in hindsight, bad input."""

import math

import numpy as np
import pytest

from bandits import Uniform
from environments import AdversarialArms

NAMES = ["uniform", "switching", "drifting", "bursts"]
TABLE = np.random.default_rng(1).random((60, 4))


def drawn(name, parameters=None, seed=2, **arguments):
    environment = AdversarialArms({"name": name, "parameters": parameters}, **arguments)
    return environment.draw(np.random.default_rng(seed))


@pytest.mark.parametrize("losses", [False, True])
def test_a_given_table_is_paid_out(losses):
    low, high = (0.0, 1.0) if not losses else (-1.0, 2.0)
    environment = AdversarialArms(TABLE.tolist(), losses=losses, low=low, high=high)
    assert (environment.problem.n_actions, environment.horizon) == (4, 60)
    paid = low + high - TABLE if losses else TABLE
    environment.begin(environment.draw(np.random.default_rng(0)))
    arms = np.random.default_rng(3).integers(4, size=60)
    assert [environment.transition(int(a))[0] for a in arms] == paid[np.arange(60), arms].tolist()
    # The loss that a learner forms, high - reward, is the table's, less its lowest possible value.
    assert environment.problem.high - paid == pytest.approx((TABLE - low) if losses else (1.0 - TABLE))


def test_full_feedback_is_the_row():
    environment = AdversarialArms(TABLE, feedback="full")
    environment.begin(environment.draw(np.random.default_rng(0)))
    for row in TABLE:
        assert environment.transition(1)[1].tolist() == row.tolist()


def test_the_callers_table_is_copied():
    mine = TABLE.copy()
    environment = AdversarialArms(mine)
    mine[:] = 0.0
    assert np.array_equal(environment.draw(np.random.default_rng(0)), TABLE)


def test_files(tmp_path):
    np.save(tmp_path / "t.npy", TABLE)
    np.savetxt(tmp_path / "t.csv", TABLE, delimiter=",")
    for path in (tmp_path / "t.npy", str(tmp_path / "t.csv")):
        environment = AdversarialArms(path, horizon=40)
        assert environment.draw(np.random.default_rng(0)) == pytest.approx(TABLE[:40])
    np.savetxt(tmp_path / "one.csv", TABLE[:1], delimiter=",")
    assert AdversarialArms(str(tmp_path / "one.csv")).draw(np.random.default_rng(0)).shape == (1, 4)


@pytest.mark.parametrize("name", NAMES)
def test_comparators_are_the_best_in_hindsight_of_every_prefix(name):
    environment = AdversarialArms(name, n_arms=5, horizon=300, low=-1.0, high=3.0)
    tape = environment.draw(np.random.default_rng(4))
    environment.begin(tape)
    curves = environment.comparators(np.arange(1, 301))
    for t in (1, 2, 50, 300):
        best = max(math.fsum(tape[:t, arm]) for arm in range(5))
        assert curves["best_fixed"][t - 1] == pytest.approx(best, rel=1e-12, abs=1e-12)
        every = math.fsum(max(row) for row in tape[:t])
        assert curves["best_each_round"][t - 1] == pytest.approx(every, rel=1e-12, abs=1e-12)
    assert [(n.comparator, n.comparator_class) for n in environment.regrets()] == [
        ("best_fixed", "fixed"),
        ("best_each_round", "dynamic"),
    ]
    policy = Uniform()
    policy.reset(environment.problem, np.random.default_rng(5))
    policy.advance(environment, 100)
    assert environment.clairvoyant("best_fixed") == np.argmax(tape.sum(axis=0))
    assert environment.clairvoyant("best_each_round") == np.argmax(tape[100])
    with pytest.raises(ValueError, match="best_fixed or best_each_round, got 'best'"):
        environment.clairvoyant("best")


@pytest.mark.parametrize("name", NAMES)
def test_tapes_are_random_and_in_range(name):
    first, other = drawn(name, low=-2.0, high=5.0), drawn(name, low=-2.0, high=5.0, seed=3)
    assert first.shape == (10_000, 10)
    assert first.flags.c_contiguous
    assert -2.0 <= first.min() < -1.0
    assert 4.0 < first.max() <= 5.0
    assert np.array_equal(first, drawn(name, low=-2.0, high=5.0))
    assert not np.array_equal(first, other)
    environment = AdversarialArms(name)
    rng = np.random.default_rng(6)
    assert not np.array_equal(environment.draw(rng), environment.draw(rng))


def test_uniform():
    t = drawn("uniform")
    assert np.all(np.abs(t.mean(axis=0) - 0.5) < 4 * math.sqrt(1 / 12 / len(t)))
    assert np.abs(np.corrcoef(t.T) - np.eye(10)).max() < 0.05


def test_switching_has_the_stated_best_arm():
    t, period, gap = drawn("switching", {"period": 2500, "gap": 0.3}, n_arms=3), 2500, 0.3
    assert set(t.ravel()) == {0.0, 1.0}
    for stretch in range(4):
        means = t[stretch * period : (stretch + 1) * period].mean(axis=0)
        expected = np.where(np.arange(3) == stretch % 3, (1 + gap) / 2, (1 - gap) / 2)
        assert np.all(np.abs(means - expected) < 4 * math.sqrt(0.25 / period))
    always = drawn("switching", {"period": 1, "gap": 1.0}, n_arms=3, horizon=9)
    assert np.array_equal(always, np.tile(np.eye(3), (3, 1)))


def test_drifting_is_a_reflected_walk():
    t = drawn("drifting", {"step": 0.01}, horizon=50_000)
    steps = np.diff(t, axis=0)
    inside = (t[:-1] > 0.06) & (t[:-1] < 0.94)  # no reflection within six standard deviations
    assert abs(steps[inside].std() - 0.01) < 4 * 0.01 / math.sqrt(2 * inside.sum())
    assert np.abs(steps).max() < 0.06
    assert np.all((t >= 0) & (t <= 1))
    low, high = t < 0.06, t > 0.94
    assert low.any()
    assert high.any()
    # A slow, literal reflection of the same steps.
    rng = np.random.default_rng(2)
    normals, position = 0.3 * rng.standard_normal((40, 2)), rng.random(2)
    quick = drawn("drifting", {"step": 0.3}, n_arms=2, horizon=40)
    assert quick[0] == pytest.approx(position)
    sign = np.ones(2)  # each reflection turns the walk round
    for t in range(1, 40):
        for arm in range(2):
            p = position[arm] + sign[arm] * normals[t, arm]
            while not 0 <= p <= 1:
                p, sign[arm] = (-p if p < 0 else 2 - p), -sign[arm]
            position[arm] = p
        assert quick[t] == pytest.approx(position)


def test_bursts_turn_the_rewards_round():
    t = drawn("bursts", {"period": 500, "length": 200, "gap": 0.6}, n_arms=4)
    assert set(t.ravel()) == {0.0, 1.0}
    burst = np.arange(len(t)) % 500 >= 300
    calm, turned = t[~burst].mean(axis=0), t[burst].mean(axis=0)
    best = int(np.argmax(calm))
    expected = np.where(np.arange(4) == best, 0.8, 0.2)
    assert np.all(np.abs(calm - expected) < 4 * math.sqrt(0.16 / 6000))
    assert np.all(np.abs(turned - (1 - expected)) < 4 * math.sqrt(0.16 / 4000))
    best_arms = {int(np.argmax(drawn("bursts", seed=s, n_arms=4, horizon=900).mean(axis=0))) for s in range(30)}
    assert best_arms == {0, 1, 2, 3}
    assert np.array_equal(
        drawn("bursts", {"period": 1, "length": 1}, horizon=50), 1 - drawn("bursts", {"length": 0}, horizon=50)
    )


def made(name, **parameters):
    return {"source": {"name": name, "parameters": parameters}}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"source": "swiching"}, r"unknown generator of a table 'swiching' \(did you mean 'switching'\?\)"),
        ({"source": "none/such.csv"}, "source must be a file that exists, got 'none/such.csv'"),
        ({"source": []}, "at least one round"),
        ({"source": [[]]}, r"source\[0\] must be a row of at least 1"),
        ({"source": [[0.1, 0.2], [0.3]]}, r"source\[1\] must be a row of 2 numbers"),
        ({"source": [0.1, 0.2]}, r"source\[0\] must be a row"),
        ({"source": [["a", "b"]]}, "table of numbers"),
        ({"source": 3}, "source must be a table"),
        ({"source": np.zeros(3)}, r"shape \(3,\)"),
        ({"source": [[0.1, math.nan]]}, r"source\[0\]\[1\] must be a number in \[0, 1\], got nan"),
        ({"source": [[0.1, 0.2], [1.1, 0.0]]}, r"source\[1\]\[0\] must be a number in \[0, 1\], got 1.1"),
        ({"source": [[0.1, 0.2]], "horizon": 2}, "horizon must be at most 1"),
        ({"source": [[0.1, 0.2]], "n_arms": 3}, "n_arms must be 2"),
        ({"source": {"name": "switching", "gap": 0.1}}, "arguments of 'switching' go into its parameters"),
        (made("switching", gab=0.1), r"source.parameters.gab: .*did you mean 'gap'\?\); it takes period, gap"),
        (made("uniform", gap=0.1), "Uniform has no parameter 'gap'; it takes none"),
        (made("switching", gap=1.1), "source: gap must be"),
        (made("switching", period=0), "source: period must be"),
        (made("bursts", length=2000), r"source: length must be .* 0\.\.1000"),
        (made("drifting", step=0.0), "source: step must be"),
        ({"low": 1.0}, "high must be"),
        ({"high": math.inf}, "high must be"),
        ({"n_arms": 0}, "n_arms must be"),
        ({"horizon": 0}, "horizon must be"),
        ({"losses": 1}, "losses must be true or false"),
        ({"feedback": "fuul"}, "did you mean 'full'"),
    ],
)
def test_what_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        AdversarialArms(**arguments)


def test_files_that_are_not_tables(tmp_path):
    (tmp_path / "head.csv").write_text("a,b\n1,2\n")
    (tmp_path / "ragged.csv").write_text("0.1,0.2\n0.3\n")
    (tmp_path / "text.npy").write_text("no array")
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object))
    for name in ("head.csv", "ragged.csv", "text.npy", "objects.npy"):
        with pytest.raises(ValueError, match=rf"{name}' cannot be read as a table of numbers"):
            AdversarialArms(str(tmp_path / name))


def test_a_table_that_does_not_fit_is_refused_with_an_estimate():
    with pytest.raises(ValueError, match=r"100000000 rounds and 10 arms takes 8\.0 GB, more than the 2\.0 GB"):
        AdversarialArms(horizon=100_000_000)

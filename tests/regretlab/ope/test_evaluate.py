"""Tables, figures and notes of an evaluation; policies that are taught first; overlap that fails."""

import warnings

import numpy as np
import pytest

import regretlab as rl
from environments.logged.log import Log
from regretlab.ope.terms import Terms
from regretlab.ope.weighting import IPS, ClippedIPS


def drawn(n=400, seed=1, contexts=False):
    rng = np.random.default_rng([31, seed])
    x = rng.uniform(-1.0, 1.0, size=(n, 2))
    arms = rng.choice(3, size=n, p=[0.5, 0.3, 0.2])
    means = 0.5 + 0.3 * np.stack([x[:, 0], -x[:, 0], x[:, 1]], axis=1)[np.arange(n), arms]
    return Log(
        actions=arms,
        rewards=(rng.random(n) < means).astype(float),
        probabilities=np.array([0.5, 0.3, 0.2])[arms],
        contexts=x if contexts else None,
        n_actions=3,
        names=("old", "new", "$ third"),
        low=0.0,
        high=1.0,
    )


POLICIES = {
    "even": [1 / 3] * 3,
    "$ third": np.array([0.0, 0.0, 1.0]),
    "by sign": lambda x: np.eye(3)[(x[:, 0] < 0) * 1],
}


@pytest.fixture(scope="module")
def found():
    return rl.evaluate(drawn(contexts=True), POLICIES, ["IPS", "DM", "DR"], seed=3)


def test_estimates_are_those_of_each_alone(found):
    log = drawn(contexts=True)
    for label, target in POLICIES.items():
        for method in ("IPS", "DM", "DR"):
            alone = rl.estimate(log, target, method, seed=3)
            there = found[label, method]
            assert isinstance(there, rl.Estimate)
            assert (there.value, there.low, there.high, there.interval) == (
                alone.value,
                alone.low,
                alone.high,
                alone.interval,
            )
    assert [e.interval for e in found][:3] == ["betting", "normal", "normal"]
    assert found.policies == tuple(POLICIES)
    assert found.estimators == ("IPS", "DM", "DR")


def test_the_same_seed_gives_the_same_numbers():
    log = drawn()
    first, again = (rl.evaluate(log, {"a": [0.2, 0.3, 0.5]}, ["DR", "SNIPS"], interval="bca", seed=5) for _ in range(2))
    other = rl.evaluate(log, {"b": [0.2, 0.3, 0.5]}, ["SNIPS"], interval="bca", seed=6)
    assert [(e.value, e.low, e.high) for e in first] == [(e.value, e.low, e.high) for e in again]
    assert first["a", "SNIPS"].low != other["b", "SNIPS"].low


def test_the_log_s_own_policy_is_worth_what_it_earned():
    log = drawn()
    found = rl.evaluate(log, {"same": [0.5, 0.3, 0.2]}, ["IPS", "SNIPS"])
    assert all(e.value == pytest.approx(log.rewards.mean(), abs=1e-12) for e in found)
    assert found.log_value == log.rewards.mean()
    overlap = found[0].overlap
    assert (overlap.effective, overlap.largest, overlap.mean) == pytest.approx((400, 1, 1), abs=1e-9)
    assert found.notes == ()


def test_tables_say_all_of_it(found):
    frame = found.to_frame()
    assert len(frame) == 9
    row = frame[(frame.policy == "even") & (frame.estimator == "DM")].iloc[0]
    assert row.value == found["even", "DM"].value
    assert row.biased
    assert row.interval == "normal"
    assert "biased" in row.notes
    text = repr(found)
    assert len(text.splitlines()) == 11
    assert "400 rows; the logging policy earned" in text
    assert "$ third" in found._repr_html_()
    rich = pytest.importorskip("rich.console").Console(width=200, force_terminal=False)
    with rich.capture() as captured:
        rich.print(found)
    assert "betting, certain" in captured.get()


def test_what_is_asked_for_by_name_is_found_or_told(found):
    with pytest.raises(KeyError, match="0 estimates of"):
        found["evn", "IPS"]
    with pytest.raises(KeyError, match="3 estimates of 'even'"):
        found["even"]
    assert rl.evaluate(drawn(), {"even": [1 / 3] * 3}, "IPS")["even"].estimator == "IPS"
    assert len(found[:2]) == 2


def test_the_figure_shows_every_estimate_and_what_the_log_earned(found):
    from matplotlib import pyplot

    ax = found.plot(title="All")
    try:
        drawn_at = [line.get_xdata()[0] for line in ax.lines if line.get_marker() not in ("None", "", None)]
        assert sorted(drawn_at) == sorted(e.value for e in found)
        spans = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
        assert {(e.low, e.high) for e in found} <= set(spans)
        assert (found.log_value, found.log_value) in spans
        assert [label.get_text() for label in ax.get_yticklabels()] == ["even", r"\$ third", "by sign"]
        assert len(ax.figure.legends[0].get_texts()) == 4
    finally:
        pyplot.close(ax.figure)


def test_the_figure_goes_into_axes_of_the_user_s():
    from matplotlib.figure import Figure

    ax = Figure().add_subplot()
    assert rl.evaluate(drawn(), {"even": [1 / 3] * 3}, "IPS").plot(ax) is ax
    assert ax.get_legend() is not None


class Softmax(rl.Policy):
    """Probabilities by mean rewards so far, or, where there are contexts, by sums of products with them."""

    plays = (rl.BanditProblem,)

    def reset(self, problem, rng):
        self._rng, self._sums = rng, np.zeros((problem.n_actions, len(getattr(problem, "contexts", "x"))))
        self.problem = problem

    def probabilities(self, observation):
        shares = np.exp(0.05 * self._sums @ (np.ones(1) if observation is None else np.asarray(observation)))
        return shares / shares.sum()

    def choose(self, observation):
        return int(self._rng.choice(len(self._sums), p=self.probabilities(observation)))

    def update(self, observation, action, feedback):
        self._sums[action] += (feedback - 0.5) * (np.ones(1) if observation is None else np.asarray(observation))


def test_policies_are_taught_the_first_rows_and_then_stand_still():
    log, policy = drawn(), Softmax()
    found = rl.evaluate(log, {"soft": policy, "old": [1.0, 0.0, 0.0]}, "IPS", train=0.5)
    assert found.n == 200
    sums = [(log.rewards[:200] - 0.5)[log.actions[:200] == arm].sum() for arm in range(3)]
    shares = np.exp(0.05 * np.array(sums))
    rest = log.take(slice(200, None))
    assert found["soft"].value == pytest.approx(rl.estimate(rest, shares / shares.sum(), "IPS").value, abs=1e-12)
    assert found["old"].value == rl.estimate(rest, [1.0, 0.0, 0.0], "IPS").value
    with pytest.raises(rl.NotResetError):
        rl.evaluate(log, policy, "IPS")  # the one given is as it was


def test_policies_on_contexts_are_taught_and_asked_row_by_row():
    log = drawn(120, contexts=True)
    table = np.repeat([[0.2, 0.3, 0.5]], 120, axis=0)
    policies = {"soft": Softmax(), "fixed": table, "off": rl.OffPolicy(Softmax()), "target": rl.FixedTarget(arm=1)}
    found = rl.evaluate(log, policies, "IPS", train=0.5)
    sums = np.zeros((3, 2))
    for t in range(60):
        sums[log.actions[t]] += (log.rewards[t] - 0.5) * log.contexts[t]
    shares, rest = np.exp(0.05 * log.contexts[60:] @ sums.T), log.take(slice(60, None))
    value = rl.estimate(rest, shares / shares.sum(axis=1, keepdims=True)).value
    assert [found[label].value for label in ("soft", "off")] == pytest.approx([value] * 2, abs=1e-12)
    assert found["fixed"].value == rl.estimate(rest, [0.2, 0.3, 0.5]).value
    assert found["target"].value == rl.estimate(rest, [0.0, 1.0, 0.0]).value
    pupil = log.taught(Softmax(), 60, np.random.default_rng(0))
    assert pupil.problem.contexts == tuple((float(c.min()), float(c.max())) for c in log.contexts.T)
    assert rl.estimate(rest, pupil).value == pytest.approx(value, abs=1e-12)


def test_policies_that_play_no_arms_are_refused():
    with pytest.raises(ValueError, match="Hedge plays FullFeedbackProblem"):
        rl.evaluate(drawn(), {"full": rl.Hedge()}, "IPS", train=0.5)


def test_arms_not_offered_are_left_out_of_what_a_policy_plays():
    offered = np.array([[True, True, False], [True, True, True]] * 10)
    log = Log(actions=[0, 1] * 10, rewards=[1, 0] * 10, probabilities=[1 / 2, 1 / 3] * 10, offered=offered)
    policy = Softmax()
    policy.reset(rl.BanditProblem(n_actions=3), np.random.default_rng(1))
    np.testing.assert_allclose(log.played_by(policy), offered / offered.sum(axis=1, keepdims=True))
    assert rl.estimate(log, policy, overlap="ignore").value == pytest.approx(0.5)


def test_overlap_that_fails_is_refused_or_told():
    log = Log(actions=[0, 1] * 50, rewards=[1, 0] * 50, probabilities=[0.5] * 100, names=("a", "b", "never"))
    with pytest.raises(
        ValueError, match=r"overlap fails for x: 40 % of its plays, in 100 of 100 rows, .*'never'.*least="
    ):
        rl.evaluate(log, {"x": [0.3, 0.3, 0.4]})
    with pytest.warns(RuntimeWarning, match="x: 40 % of its plays, in 100 of 100 rows, go to what the log never plays"):
        found = rl.evaluate(log, {"x": [0.3, 0.3, 0.4]}, "IPS", overlap="warn")
    assert found[0].overlap.unplayed == pytest.approx(0.4)
    assert "x: 40 %" in repr(found)
    with pytest.warns(RuntimeWarning, match="never plays"):  # by chance, so the declared probability says
        rl.evaluate(log, {"x": [0.3, 0.3, 0.4]}, "IPS", least=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rl.evaluate(log, {"x": [0.3, 0.3, 0.4]}, "IPS", overlap="ignore")


def test_plays_that_a_sure_logging_policy_leaves_no_chance_are_overlap_that_fails():
    """Each arm is in the log, but in rows where no other could have been: no weight tells what it earns there."""
    log = Log(actions=[0, 1] * 3, rewards=[1, 0] * 3, probabilities=[1.0] * 5 + [0.5], n_actions=2, low=0, high=1)
    with pytest.raises(ValueError, match=r"50 % of its plays, in 3 of 6 rows, .*'1'"):
        rl.estimate(log, np.eye(2)[[1, 1, 1, 1, 1, 1]])
    same = rl.estimate(log, np.eye(2)[log.actions])
    assert (same.overlap.rows, same.overlap.unplayed, same.overlap.names) == (0, 0.0, ())


def test_estimated_propensities_make_nothing_certain():
    log = drawn()
    bare = Log(actions=log.actions, rewards=log.rewards, n_actions=3, low=0, high=1).with_estimated_probabilities()
    found = rl.estimate(bare, [0.2, 0.3, 0.5])
    assert (found.interval, found.certain, found.biased) == ("betting", False, True)
    assert rl.estimate(log, [0.2, 0.3, 0.5]).certain
    with pytest.raises(ValueError, match="known propensities"):
        rl.confidence_sequence(bare, [0.2, 0.3, 0.5])


def test_a_class_is_no_policy_and_an_estimator_without_limits_has_a_normal_interval():
    with pytest.raises(ValueError, match="x must be a policy in a run, got its class UCB1"):
        rl.evaluate(drawn(), {"x": rl.UCB1})

    class Plain:
        name, needs_model = "Plain", False

        def terms(self, case):
            return Terms(np.zeros(case.log.n), case.weights * case.log.rewards)

    assert rl.estimate(drawn(), [0.2, 0.3, 0.5], Plain()).interval == "normal"
    with pytest.raises(ValueError, match="'betting' of Plain cannot be had: the estimator gives none"):
        rl.estimate(drawn(), [0.2, 0.3, 0.5], Plain(), interval="betting")


def test_a_policy_that_learns_by_its_own_draws_alone_cannot_be_taught():
    with pytest.raises(ValueError, match="policy must learn from arms that it did not choose, got TsallisINF"):
        rl.evaluate(drawn(), rl.TsallisINF(), train=0.5)


def test_limits_that_contradict_each_other_are_told_and_shown_as_no_interval():
    log = Log(actions=[0, 1] * 50, rewards=[0, 1] * 50, probabilities=[0.1] * 100, n_actions=2, low=0, high=1)
    with pytest.warns(RuntimeWarning) as told:
        found = rl.evaluate(log, {"x": [0.5, 0.5]}, "IPS")
    assert "x: no value agrees with IPS's limits: propensities" in str(told[-1].message)
    assert found[0].low > found[0].high
    assert "no value agrees  betting" in repr(found)
    assert found.notes[-1].startswith("x: no value agrees")
    ax = found.plot()
    assert all(len(line.get_xdata()) != 2 or line.get_xdata()[0] == line.get_xdata()[1] for line in ax.lines)


def test_the_rounding_of_single_precision_is_no_alarm():
    log = Log(actions=[0, 1, 2] * 10, rewards=[0, 1, 1] * 10, probabilities=[1 / 3] * 30, n_actions=3, low=0, high=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rl.estimate(log, np.full(3, 1 / 3, dtype=np.float32)).overlap.deviation == 0.0


def test_tables_of_a_target_have_the_arms_in_their_order():
    pandas = pytest.importorskip("pandas")
    log = drawn(5)
    table = pandas.DataFrame(np.tile([0.2, 0.3, 0.5], (5, 1)), columns=list(log.names))
    assert rl.estimate(log, table).value == rl.estimate(log, [0.2, 0.3, 0.5]).value
    with pytest.raises(
        ValueError, match=r"columns in the order of the log's names, .'old', 'new', '. third'., got .'. third'"
    ):
        rl.estimate(log, table[["$ third", "old", "new"]])


def test_wrong_propensities_are_told():
    log = drawn(2000)
    wrong = Log(actions=log.actions, rewards=log.rewards, probabilities=np.full(2000, 0.4), n_actions=3)
    with pytest.warns(RuntimeWarning, match=r"weights have mean .*: propensities are wrong, or rare large weights"):
        found = rl.estimate(wrong, [0.8, 0.1, 0.1])
    weights = np.array([0.8, 0.1, 0.1])[log.actions] / 0.4
    seen = found.overlap
    assert seen.mean == pytest.approx(weights.mean())
    assert seen.error == pytest.approx(weights.std(ddof=1) / np.sqrt(2000))
    assert seen.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert seen.largest == 2.0
    assert rl.estimate(log, [0.8, 0.1, 0.1]).overlap.deviation < 4.0


def test_few_rows_are_noted():
    found = rl.estimate(drawn(40), [0.0, 0.0, 1.0])
    assert found.overlap.unmatched > 0.5
    assert any("its weights are worth" in note for note in found.notes)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"policies": {}}, "policies must be at least one"),
        ({"policies": [0.5, 0.5]}, "policies must be a mapping from labels"),
        ({"policies": [rl.UCB1(), rl.UCB1(1.0)]}, "policies of one class need labels"),
        ({"estimators": []}, "estimators must be at least one"),
        ({"estimators": ["IPS", IPS()]}, "and none twice"),
        ({"interval": {"DR": "normal"}}, "interval must be of estimators asked for, IPS, got 'DR'"),
        ({"interval": {"IPS": "wald"}}, "interval must be one of"),
        ({"train": 1.0}, "train must be"),
        ({"train": 0.001}, "train must leave rows on both sides, got 0.001 of 400 rows"),
        ({"confidence": 0.0}, "confidence must be"),
    ],
)
def test_arguments_that_cannot_be_are_told(options, text):
    given = {"policies": {"even": [1 / 3] * 3}, "estimators": ["IPS"], **options}
    with pytest.raises(ValueError, match=text):
        rl.evaluate(drawn(), **given)


def test_each_estimator_may_have_its_own_interval():
    found = rl.evaluate(
        drawn(), {"even": [1 / 3] * 3}, ["IPS", ClippedIPS(2.0), "DM"], interval={"IPS": "bernstein"}, least=0.2
    )
    assert [e.interval for e in found] == ["bernstein", "betting", "normal"]


def test_asking_for_it_loads_no_figures():
    import subprocess
    import sys

    heavy = ["matplotlib", "numba", "gymnasium", "pandas"]
    code = f"import sys, regretlab as rl; rl.evaluate; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""Identification: runs by hand, answers and what they are worth, calibrated stops, bad input."""

import math
import pickle

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from identification_runs import runs
from scipy.stats import binom

from bandits.identification.problem import IdentificationProblem, Sample, Stop
from bandits.registry import POLICIES
from environments.identification.environment import Identification
from environments.identification.means import SETUPS


def begun(*arguments, seed=0, **named):
    environment = Identification(*arguments, **named)
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def test_a_run_by_hand():
    environment = begun([0.2, 0.8, 0.5], horizon=6, shuffled=False)
    assert environment.problem.horizon == 6
    for arm, answer in ((0, None), (1, 1), (2, 2)):
        reward, feedback = environment.transition(Sample(arm, answer))
        assert reward == 0.0
        assert isinstance(feedback, float)
    assert environment.transition(Stop(0)) == (0.0, None)
    assert environment.clock == 6
    with pytest.raises(RuntimeError, match="over"):
        environment.transition(Sample(0, 0))
    metrics = environment.metrics(np.arange(1, 7))
    assert metrics["samples"].tolist() == [-1, -2, -3, -3, -3, -3]
    assert metrics["correct"].tolist() == [0, 1, 0, 0, 0, 0]
    assert metrics["answer_value"].tolist() == pytest.approx([0.2, 0.8, 0.5, 0.2, 0.2, 0.2])
    assert metrics["stopped"].tolist() == [0, 0, 0, 1, 1, 1]
    assert [metrics[f"pulls_{i}"].tolist() for i in range(3)] == [
        [1, 1, 1, 1, 1, 1],
        [0, 1, 1, 1, 1, 1],
        [0, 0, 1, 1, 1, 1],
    ]


def test_the_verdict_draws_nothing():
    one, other = begun([0.0, 1.0], horizon=4), begun([0.0, 1.0], horizon=5)
    first = [one.transition(Sample(0, 0))[1] for _ in range(3)]
    assert one.transition(Sample(1, 1)) == (0.0, None)
    assert one.clock == 4
    assert one.metrics(np.array([4]))["stopped"][0] == 0.0
    assert one.metrics(np.array([4]))["pulls_1"][0] == 0.0
    assert [other.transition(Sample(0, 0))[1] for _ in range(3)] == first


def test_a_stop_at_once_is_judged():
    environment = begun([0.0, 1.0], horizon=4, shuffled=False)
    environment.transition(Stop(1))
    assert environment.metrics(np.array([1, 4]))["correct"].tolist() == [1.0, 1.0]
    assert environment.metrics(np.array([4]))["samples"][0] == 0.0


def test_answers_of_sets():
    environment = begun("g4", question="top", m=2, horizon=11, shuffled=False)
    environment.transition(Sample(0, {1, 0}))
    environment.transition(Sample(0, [0, 2]))
    metrics = environment.metrics(np.array([1, 2]))
    assert metrics["correct"].tolist() == [1.0, 0.0]
    assert metrics["answer_value"].tolist() == pytest.approx([0.8, 0.7])
    above = begun(
        [0.1, 0.45, 0.9], family="bernoulli", question="above", threshold=0.5, epsilon=0.1, horizon=10, shuffled=False
    )
    for answer in (set(), {2}, {1, 2}, {0, 1, 2}, {0}):
        above.transition(Sample(0, answer))
    metrics = above.metrics(np.arange(1, 6))
    assert metrics["correct"].tolist() == [0, 1, 1, 0, 0]
    assert metrics["answer_value"].tolist() == [-1, 0, 0, -1, -2]


def test_shuffled_arms_make_the_position_indifferent():
    means = list(SETUPS["ab4"][1])
    errors = []
    for order in (means, means[::-1]):
        environment = Identification(order, family="bernoulli", horizon=101)
        errors.append(runs("successive_rejects", environment, 1500)[:, 0].mean())
    assert errors[0] == pytest.approx(errors[1], abs=4.0 * math.sqrt(0.5 / 1500))


def test_rewards_follow_their_family():
    rng = np.random.default_rng(6)
    for family, means, variance in (
        ("gaussian", [1.0, -2.0], lambda m: 4.0),
        ("bernoulli", [0.3, 0.9], lambda m: m * (1.0 - m)),
        ("poisson", [0.5, 4.0], lambda m: m),
        ("exponential", [0.5, 4.0], lambda m: m * m),
    ):
        sigma = 2.0 if family == "gaussian" else 1.0
        environment = Identification(means, family=family, sigma=sigma, horizon=40_000 + 1, shuffled=False)
        environment.begin(environment.draw(rng))
        for arm, mean in enumerate(means):
            found = np.array([environment.transition(Sample(arm))[1] for _ in range(10_000)])
            v = variance(mean)
            assert found.mean() == pytest.approx(mean, abs=5.0 * math.sqrt(v / 1e4)), family
            assert found.var() == pytest.approx(v, rel=0.15), family


@pytest.mark.parametrize("named", [{}, {"question": "top", "m": 2}, {"question": "above", "threshold": 0.5}])
def test_gymnasium_takes_it(named):
    check_env(Identification("g4", horizon=51, **named), skip_render_check=True)


BAD = [
    ({"delta": 0.0}, "delta must"),
    ({"delta": math.nan}, "delta must"),
    ({"delta": 1.0}, "delta must"),
    ({"horizon": 1}, "horizon must"),
    ({"question": "worst"}, "question must"),
    ({"question": "top", "m": 0}, "m must"),
    ({"question": "top", "m": 4}, "m must"),
    ({"m": 2}, "m must be 1 where the question is best, got 2: top asks for more"),
    ({"m": 2, "question": "above", "threshold": 0.5}, "m must be 1 where the question is above, got 2"),
    ({"means": "g5"}, "means: unknown means 'g5'; known: .*sparse.*; or a setup: ab1, .*g4, l6"),
    ({"question": "above"}, "threshold must"),
    ({"question": "above", "threshold": math.inf}, "threshold must"),
    ({"threshold": 0.5}, "threshold must"),
    ({"question": "above", "threshold": 0.5, "epsilon": -0.1}, "epsilon must"),
    ({"epsilon": 0.1}, "epsilon must be 0 where the question is best, got 0.1"),
    ({"sigma": 0.0}, "sigma must"),
    ({"family": "cauchy"}, "family must"),
    ({"shuffled": 1}, "shuffled must"),
    ({"means": [0.5]}, "means must be those of two arms or more"),
    ({"means": []}, "means must"),
    ({"means": [0.5, math.nan]}, "values"),
    ({"means": [0.5, 1.5], "family": "bernoulli"}, r"means must be in \[0, 1\].*1.5 for arm 1"),
    ({"means": [0.5, 0.0], "family": "poisson"}, "means must be above 0"),
    ({"means": [0.5, 701.0], "family": "poisson"}, "means must be above 0 and at most 700.*701.0 for arm 1"),
    ({"means": [0.5, -1.0], "family": "exponential"}, "means must be above 0"),
    ({"means": "ab9"}, "ab9"),
]


@pytest.mark.parametrize(("named", "message"), BAD)
def test_bad_parameters(named, message):
    with pytest.raises(ValueError, match=message):
        Identification(**{"means": "g4", **named})


def test_legal_extremes():
    assert Identification([0.0, 1.0], family="bernoulli", delta=0.9).problem.delta == 0.9
    assert Identification([0.3], question="above", threshold=0.5).problem.n_actions == 1


@pytest.mark.parametrize(
    "action", [0, None, Sample(4, 0), Sample(-1, 0), Sample(0, 4), Sample(True, 0), Stop(None), Stop({0}), (0, 1)]
)
def test_bad_actions_change_nothing(action):
    environment = begun("g4", horizon=11)
    with pytest.raises(ValueError, match="must be"):
        environment.transition(action)
    assert environment.clock == 0


@pytest.mark.parametrize(
    ("named", "answer", "told"),
    [
        ({}, 2, 2),
        ({}, np.array(2), 2),
        ({}, np.int64(2), 2),
        ({}, 1.9, None),
        ({}, "1", None),
        ({}, None, None),
        ({}, 4, None),
        ({}, np.array([0, 1, 0, 0]), None),
        ({"question": "top", "m": 2}, [1, 1, 1, 0], {1, 2}),
        ({"question": "top", "m": 2}, np.array([0, 0, 0, 1], dtype=np.int8), {0, 3}),
        ({"question": "top", "m": 2}, [0, 0, 0, 0], {0, 1}),
        ({"question": "top", "m": 2}, [1, 0], None),
        ({"question": "top", "m": 2}, {2, 3}, None),
        ({"question": "above", "threshold": 0.5}, [1.0, 0.0, 0.0, 1.0], {0, 3}),
        ({"question": "above", "threshold": 0.5}, [0, 0, 0, 0, 1], None),
        ({"question": "above", "threshold": 0.5}, frozenset({2, 3}), None),
        ({"question": "above", "threshold": 0.5}, [2, 0, 0, 0], None),
        ({"question": "above", "threshold": 0.5}, [0.5, 0, 0, 0], None),
        ({"question": "above", "threshold": 0.5}, None, None),
    ],
)
def test_answers_of_a_space(named, answer, told):
    """Of a wrong size they are repaired; what is in no space is refused, and nothing changes."""
    environment = begun("g4", horizon=11, shuffled=False, **named)
    if told is not None:
        other = begun("g4", horizon=11, shuffled=False, **named)
        environment.transition({"arm": np.int64(4), "answer": answer})
        other.transition(Stop(told))
        one, two = environment.metrics(np.array([11])), other.metrics(np.array([11]))
        assert (one["answer_value"][0], one["stopped"][0]) == (two["answer_value"][0], 1.0)
        return
    with pytest.raises(ValueError, match=r"answer must be .* got"):
        environment.transition({"arm": 0, "answer": answer})
    assert environment.clock == 0


@pytest.mark.parametrize("arm", [1.7, math.nan, "1", True, None, np.array([1]), -1, 5])
def test_arms_that_are_in_no_space(arm):
    environment = begun("g4", horizon=11)
    with pytest.raises(ValueError, match=r"arm must be a whole number in 0\.\.3, got"):
        environment.transition({"arm": arm, "answer": 0})
    assert environment.clock == 0


def test_the_worst_labels_are_those_that_are_judged():
    """A mean at an end of what may be answered either way, where differences round otherwise than sums."""
    for mean, threshold, epsilon in (
        (0.6, 0.5, 0.1),
        (0.25, 0.5, 0.25),
        (0.75, 0.5, 0.25),
        (0.4, 0.5, 0.1),
        (0.5, 0.5, 0.0),
    ):
        environment = begun([mean], question="above", threshold=threshold, epsilon=epsilon, horizon=3)
        values = []
        for answer in (set(), {0}):
            environment.transition(Sample(0, answer))
            values.append(environment.metrics(np.array([environment.clock]))["answer_value"][0])
        assert environment.comparators(np.array([1]))["worst_value"][0] == min(values), mean


def test_problems_that_policies_refuse():
    rng, asked = np.random.default_rng(0), {"n_actions": 4, "budget": 100}
    for name, problem, message in (
        ("lucb", IdentificationProblem(**asked), "delta must be given"),
        ("top_two", IdentificationProblem(**asked, delta=0.1, question="top", m=2), "question must be best, which"),
        ("apt", IdentificationProblem(**asked), "question must be above, which"),
        ("successive_rejects", IdentificationProblem(n_actions=4, budget=3), "budget must be at least n_actions = 4"),
        ("sequential_halving", IdentificationProblem(n_actions=5, budget=14), "budget must be at least .* = 15"),
        ("racing", IdentificationProblem(**asked, delta=0.1, family="poisson"), "threshold must be heuristic"),
        ("kl_lucb", IdentificationProblem(**asked, delta=0.1), "family must be bernoulli"),
        ("lucb", IdentificationProblem(**asked, delta=0.1, family="exponential"), "family must be gaussian"),
    ):
        with pytest.raises(ValueError, match=message):
            POLICIES.build(name, "policy").reset(problem, rng)


def test_several_best_arms_stop_a_provable_policy_seldom():
    with pytest.warns(UserWarning, match="several answers are right"):
        environment = Identification([0.5, 0.5], delta=0.1, horizon=2001)
    found = runs("racing", environment, 200)
    assert found[:, 3].mean() <= 0.1
    assert (found[:, 0] == 0.0).all()
    assert found[found[:, 3] == 0.0][:, 2].tolist() == [2000.0] * int((found[:, 3] == 0.0).sum())


def test_an_answer_is_kept_until_the_next():
    """A sample without an answer leaves the last one told, one by one, in a stretch, and at the verdict."""
    environment = begun([0.2, 0.8, 0.5], horizon=8, shuffled=False)
    for answer in (None, 1, None):
        environment.transition(Sample(0, answer))
    block = environment.block(3)
    environment.absorb(np.zeros(3, dtype=np.int64), np.array([-1, 2, -1])[: len(block.noise)])
    environment.transition(Sample(0, None))
    environment.transition(Sample(0, None))
    metrics = environment.metrics(np.arange(1, 9))
    assert metrics["correct"].tolist() == [0, 1, 1, 1, 0, 0, 0, 0]
    assert metrics["answer_value"].tolist() == pytest.approx([0.2, 0.8, 0.8, 0.8, 0.5, 0.5, 0.5, 0.5])


@pytest.mark.parametrize(
    "codes", [np.array([0, 1, 3]), np.array([-2, 0, 0]), np.array([0, 0]), np.array([0, 0, 1 << 40])]
)
def test_answers_of_stretches_that_cannot_be_change_nothing(codes):
    environment = begun([0.2, 0.8, 0.5], horizon=8, shuffled=False)
    environment.block(3)
    with pytest.raises(ValueError, match=r"codes must|last block has"):
        environment.absorb(np.zeros(3, dtype=np.int64), codes)
    assert environment.clock == 0
    assert environment.metrics(np.array([0]))["samples"][0] == 0.0


@pytest.mark.parametrize(
    "named", [{}, {"question": "top", "m": 3}, {"question": "above", "threshold": 0.45, "epsilon": 0.06}]
)
def test_answers_of_stretches_are_judged_as_one_by_one(named):
    means, rng = [0.2, 0.8, 0.5, 0.4, 0.41, 0.9], np.random.default_rng(3)
    first, second = (begun(means, horizon=301, shuffled=False, **named) for _ in range(2))
    answers = [int(rng.integers(6)) if not named else frozenset(rng.permutation(6)[:3].tolist()) for _ in range(300)]
    arms = rng.integers(0, 6, 300)
    second.block(300)
    second.absorb(arms, np.array([second.problem.code_of(answer) for answer in answers]))
    for arm, answer in zip(arms.tolist(), answers, strict=True):
        first.transition(Sample(arm, answer))
    times = np.arange(1, 301)
    one, other = first.metrics(times), second.metrics(times)
    assert all(np.array_equal(one[key], other[key]) for key in one)
    best = sorted(means, reverse=True)
    for answer, right, value in zip(answers, one["correct"], one["answer_value"], strict=True):
        if not named:
            assert (right, value) == (answer == 5, means[answer])
        elif "m" in named:
            assert value == pytest.approx(np.mean([means[i] for i in answer]))
            assert right == (sum(means[i] for i in answer) > sum(best[:3]) - 1e-12)
        else:
            wrong = sum(m >= 0.51 for i, m in enumerate(means) if i not in answer)
            wrong += sum(means[i] < 0.39 for i in answer)
            assert (right, value) == (wrong == 0, -wrong)


def test_sets_of_very_many_arms():
    """More than a compiled stretch can tell: step by step, answers and all."""
    environment = Identification(np.linspace(-1.0, 1.0, 80), question="above", threshold=0.0, horizon=401)
    found = runs("apt", environment, 2)
    assert found[:, 2].tolist() == [400.0, 400.0]
    assert (found[:, 1] < 30.0).all()


def test_a_stop_terminates_and_a_verdict_truncates():
    environment = Identification([0.0, 1.0], horizon=4)
    environment.reset(seed=1)
    assert environment.step({"arm": 0, "answer": 1})[2:4] == (False, False)
    assert environment.step({"arm": 2, "answer": 1})[2:4] == (True, False)
    environment.reset(seed=1)
    ends = [environment.step({"arm": 0, "answer": 1})[2:4] for _ in range(4)]
    assert ends == [(False, False)] * 3 + [(False, True)]


def test_a_wrong_stop_is_a_mistake_and_an_unsure_answer_is_none():
    environment = begun([0.0, 1.0], delta=0.1, horizon=4, shuffled=False)
    environment.transition(Sample(0, 0))
    environment.transition(Stop(0))
    assert environment.metrics(np.array([1, 2, 4]))["mistake"].tolist() == [0.0, -1.0, -1.0]
    environment.begin(environment.draw(np.random.default_rng(0)))
    for _ in range(4):
        environment.transition(Sample(0, 0))
    metrics = environment.metrics(np.array([4]))
    assert (metrics["mistake"][0], metrics["correct"][0]) == (0.0, 0.0)


@pytest.mark.parametrize("gap", [0.3, 0.8])
@pytest.mark.parametrize("delta", [0.2, 0.01])
def test_stops_are_calibrated(gap, delta):
    """Of 150 runs no more stop at a wrong arm than the bound allows, and no more samples are taken than it says."""
    environment = Identification([gap, 0.0, 0.0], delta=delta, horizon=50_001)
    for name in ("action_elimination", "racing", "lucb", "ugape", "top_two", "track_and_stop", "frank_wolfe"):
        n = 150 if name != "frank_wolfe" else 40
        found = runs(name, environment, n)
        mistakes = found[:, 0] * found[:, 3]
        assert mistakes.sum() <= binom.ppf(0.999, n, delta), name
        policy = POLICIES.build(name, "policy")
        for bound in policy.regret_bounds(environment.problem, environment.instance()):
            if bound.kind == "upper" and bound.comparator_class == "effort":
                over = found[:, 2] > bound.curve(np.array([50_001.0]))[0]
                assert over.sum() <= binom.ppf(0.999, n, delta), name


def test_uniform_sampling_stops_by_the_best_arm_alone():
    problem = IdentificationProblem(n_actions=3, budget=50, delta=0.1, question="above", threshold=0.0)
    with pytest.raises(ValueError, match="delta must be None for above"):
        POLICIES.build("uniform_sampling", "policy").reset(problem, np.random.default_rng(0))


def test_sample_by_sample_little_noise_is_drawn_ahead():
    """Of a vector of environments each holds its own."""
    environment = Identification([0.2, 0.8], horizon=10**6)
    environment.begin(environment.draw(np.random.default_rng(0)))
    environment.transition(Sample(0))
    assert len(pickle.dumps(environment)) < 200_000


@pytest.mark.parametrize("family", ["gaussian", "bernoulli"])
def test_a_run_goes_on_from_a_pickle_that_holds_no_noise_that_is_used_up(family):
    environment = Identification([0.2, 0.8], family=family, horizon=10**6)
    policy, whole = POLICIES.build("successive_rejects", "policy"), np.array([400_001, 700_000, 10**6])
    metrics = []
    for cut in (None, 400_001):
        environment.begin(environment.draw(np.random.default_rng(0)))
        policy.reset(environment.problem, np.random.default_rng(1))
        if cut is not None:
            policy.advance(environment, cut)
            saved = pickle.dumps(environment)
            assert len(saved) < 2 * cut + 100_000, "2 bytes a sample are kept of what was sampled"
            environment = pickle.loads(saved)
        policy.advance(environment, 10**6 - environment.clock)
        metrics.append(environment.metrics(whole))
    for name, values in metrics[0].items():
        np.testing.assert_array_equal(values, metrics[1][name])

"""What policies on contexts refuse, their features, and their rates against playing at random."""

import math

import numpy as np
import pytest

from bandits import POLICIES, ContextualProblem, LinTS, LinUCB, SquareCB, TsallisINFCB
from bandits.contextual import FAMILY
from bandits.contextual.features import chebyshev_features
from environments.contextual.examples import valleys

NAMES = list(FAMILY.policies)
PROBLEM = ContextualProblem(n_actions=3, horizon=100, low=-50.0, high=-1.0, contexts=((0.0, 2.0),))


@pytest.mark.parametrize("name", ["cheb_cb", "tsallis_inf_cb"])
def test_one_coordinate_only(name):
    with pytest.raises(ValueError, match="one coordinate of context, the problem has 3"):
        POLICIES.load(name)().reset(valleys(5, 2, 3).problem, np.random.default_rng(0))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("context", [[-1e-9], [2.0 + 1e-9], [math.nan], [math.inf], [None], None, [1.0, 1.0], [], "a"])
def test_contexts_outside_are_refused(name, context):
    policy = POLICIES.load(name)()
    policy.reset(PROBLEM, np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=r"context must|could not convert|float\(\)"):
        policy.choose(np.array(context, dtype=object) if context == [None] else context)
    action = policy.choose([1.0])
    if isinstance(context, list) and context != [None]:
        with pytest.raises(ValueError, match="context must"):
            policy.update(context, action, -5.0)


@pytest.mark.parametrize("name", NAMES)
def test_contexts_outside_are_refused_in_blocks(name):
    environment = valleys(20, 3)
    environment._contexts[7] = 1.5
    environment.begin(0)
    policy = POLICIES.load(name)()
    policy.reset(environment.problem, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"context must lie in \[0, 1\], got 1.5"):
        policy.advance(environment, 20)


@pytest.mark.parametrize("name", NAMES)
def test_ends_of_the_interval_and_plain_numbers_are_contexts(name):
    policy = POLICIES.load(name)()
    policy.reset(PROBLEM, np.random.default_rng(0))
    for context in ([0.0], 2.0, np.array([1.0])):
        action = policy.choose(context)
        assert 0 <= action < PROBLEM.n_actions
        policy.update(context, action, -3.0)


@pytest.mark.parametrize("name", NAMES)
def test_each_reward_belongs_to_one_choice(name):
    policy = POLICIES.load(name)()
    policy.reset(PROBLEM, np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose once before each update"):
        policy.update([1.0], 0, -2.0)
    action = policy.choose([1.0])
    policy.update([1.0], action, -2.0)
    with pytest.raises(RuntimeError, match="feedback that is not owed: call choose once before each update"):
        policy.update([1.0], action, -2.0)


@pytest.mark.parametrize("name", NAMES)
def test_problems_that_cannot_be_played(name):
    endless = ContextualProblem(n_actions=3, high=math.inf, contexts=((0.0, 1.0),))
    with pytest.raises(ValueError, match="largest reward"):
        POLICIES.load(name)().reset(endless, np.random.default_rng(0))


@pytest.mark.parametrize(
    "contexts", [(), ((1.0, 0.0),), ((0.0, 0.0),), ((0.0, 1.0), (0.0, math.inf)), ((math.nan, 1.0),), ((0.0,),), (3.0,)]
)
def test_bad_intervals_of_contexts(contexts):
    with pytest.raises(ValueError, match="contexts"):
        ContextualProblem(n_actions=2, contexts=contexts)


@pytest.mark.parametrize("interval", [[1.0], [1.0, 0.0], [0.0, 0.0], [0.0, math.nan], "ab", 3.0, [0.0, 1.0, 2.0]])
def test_bad_intervals(interval):
    with pytest.raises(ValueError, match="interval"):
        TsallisINFCB(interval=interval)


def test_an_interval_must_contain_the_contexts():
    with pytest.raises(ValueError, match="interval must contain"):
        LinUCB(interval=[0.5, 2.0]).reset(PROBLEM, np.random.default_rng(0))
    policy = LinUCB(interval=[-1.0, 3.0])
    policy.reset(PROBLEM, np.random.default_rng(0))
    policy.choose([-0.5])


def test_features():
    interval = np.array([[2.0, 6.0]])
    found = chebyshev_features(np.array([[2.0], [4.0], [6.0]]), interval, 6)
    assert found.tolist() == [[1, -1, 1, -1, 1, -1], [1, 0, -1, 0, 1, 0], [1] * 6]
    contexts = np.linspace(2, 6, 57)[:, None]
    x = (contexts[:, 0] - 4) / 2
    expected = np.cos(np.arange(9) * np.arccos(x)[:, None])
    np.testing.assert_allclose(chebyshev_features(contexts, interval, 9), expected, atol=1e-12)
    assert chebyshev_features(np.array([[6.0 + 1e-12]]), interval, 4).tolist() == [[1, 1, 1, 1]]
    two = chebyshev_features(np.array([[3.0, 0.0]]), np.array([[2.0, 6.0], [0.0, 1.0]]), 3)
    assert two.tolist() == [[1, -0.5, -0.5, -1, 1]]


@pytest.mark.parametrize("name", NAMES)
def test_better_than_uniform_play(name):
    """At least a third of what uniform play loses to the best action of each context is saved."""
    saved = []
    for seed in range(3):
        environment = valleys(3000, 6, seed=seed)
        environment.begin(0)
        policy = POLICIES.load(name)()
        policy.reset(environment.problem, np.random.default_rng(100 + seed))
        policy.advance(environment, 3000)
        rewards = environment.rewards
        played = environment.metrics(np.array([3000]))["reward"][0]
        saved.append((played - rewards.mean(axis=1).sum()) / (rewards.max(axis=1).sum() - rewards.mean(axis=1).sum()))
    assert np.mean(saved) > 0.33


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda v: TsallisINFCB(bins=v), "bins"),
        (lambda v: POLICIES.load("cheb_cb")(n_features=v), "n_features"),
        (lambda v: LinUCB(n_features=v), "n_features"),
    ],
)
@pytest.mark.parametrize("value", [0, -1, 2.0, True, None])
def test_whole_numbers(make, name, value):
    with pytest.raises(ValueError, match=f"{name} must be a whole number"):
        make(value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LinUCB(exploration=-0.1), "exploration"),
        (lambda: LinUCB(ridge=0.0), "ridge"),
        (lambda: LinTS(deviation=math.nan), "deviation"),
        (lambda: LinTS(scale=0.0), "scale"),
        (lambda: SquareCB(eta=0.0), "eta"),
        (lambda: SquareCB(oracle=3), "oracle must be a name"),
        (lambda: SquareCB(oracle="rigde"), "unknown oracle 'rigde' .did you mean 'ridge'"),
        (lambda: SquareCB({"name": "ridge", "parameters": {"ridge": 0.0}}), "oracle: ridge must"),
        (lambda: TsallisINFCB(scale="mean"), "scale"),
        (lambda: TsallisINFCB(on_exceed="ignore"), "on_exceed"),
        (lambda: POLICIES.load("contextual_epsilon_greedy")(c=-1.0), "c must"),
        (lambda: POLICIES.load("cheb_cb")(constants="best"), "constants"),
        (lambda: POLICIES.load("cheb_cb")(constants="theory"), "lipschitz must be given"),
        (lambda: POLICIES.load("cheb_cb")(lipschitz=2.0), "lipschitz must be given"),
        (lambda: POLICIES.load("cheb_cb")(scale=2.0), "scale is for constants='theory'"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()

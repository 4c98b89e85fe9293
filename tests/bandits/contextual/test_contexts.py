"""The contract on contexts: what is refused, both drivers, and rates against playing at random."""

import math

import numpy as np
import pytest

from bandits import POLICIES, LinTS, LinUCB, Problem, SquareCB, TsallisINFCB
from bandits.checks import check_policy
from bandits.contextual.features import chebyshev_features

NAMES = ["square_cb", "tsallis_inf_cb", "cheb_cb", "lin_ucb", "lin_ts", "contextual_epsilon_greedy"]
MANY = ["square_cb", "lin_ucb", "lin_ts", "contextual_epsilon_greedy"]
PROBLEM = Problem("contextual", "bandit", 3, 100, -50.0, -1.0, contexts=((0.0, 2.0),))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("rounds", "actions"), [(300, 5), (1, 4), (40, 1)])
def test_both_drivers_agree(name, rounds, actions, context_world):
    check_policy(lambda: POLICIES.load(name)(), context_world(rounds, actions))


@pytest.mark.parametrize("name", MANY)
def test_several_coordinates(name, context_world):
    check_policy(lambda: POLICIES.load(name)(n_features=3) if name != "square_cb" else SquareCB(),
                 context_world(150, 4, coordinates=3))  # fmt: skip


@pytest.mark.parametrize("name", ["cheb_cb", "tsallis_inf_cb"])
def test_one_coordinate_only(name, context_world):
    with pytest.raises(ValueError, match="one coordinate of context, the problem has 3"):
        POLICIES.load(name)().reset(context_world(5, 2, 3)().problem, np.random.default_rng(0))


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
def test_contexts_outside_are_refused_in_blocks(name, context_world):
    world = context_world(20, 3)(False)
    world.rows = world.rows.copy()
    world.rows[7] = 1.5
    policy = POLICIES.load(name)()
    policy.reset(world.problem, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"context must lie in \[0, 1\], got 1.5"):
        policy.advance(world, 20)


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
    with pytest.raises(RuntimeError, match="update without a choice"):
        policy.update([1.0], 0, -2.0)
    action = policy.choose([1.0])
    policy.update([1.0], action, -2.0)
    with pytest.raises(RuntimeError, match="update without a choice"):
        policy.update([1.0], action, -2.0)


@pytest.mark.parametrize("name", NAMES)
def test_problems_that_cannot_be_played(name):
    policy = POLICIES.load(name)()
    with pytest.raises(ValueError, match="needs contexts"):
        policy.reset(Problem("contextual", "bandit", 3, 100), np.random.default_rng(0))
    endless = Problem("contextual", "bandit", 3, 100, 0.0, math.inf, contexts=((0.0, 1.0),))
    with pytest.raises(ValueError, match="largest reward"):
        policy.reset(endless, np.random.default_rng(0))


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
def test_better_than_uniform_play(name, context_world):
    """At least a third of what uniform play loses to the best action of each context is saved."""
    saved = []
    for seed in range(3):
        world = context_world(3000, 6, seed=seed)(False)
        policy = POLICIES.load(name)()
        policy.reset(world.problem, np.random.default_rng(100 + seed))
        policy.advance(world, 3000)
        rewards = world.rewards
        played = rewards[np.arange(3000), world.history].sum()
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
        (lambda: SquareCB(oracle=3), "oracle must be an Oracle"),
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

"""The contract, over every policy of the arms family; and policies that break it are found out.

Other families check theirs against worlds of their own in ``tests/bandits/<family>``.
"""

import numpy as np
import pytest

from bandits import POLICIES, Bound, Policy, Problem, check_accepts
from bandits.arms.ucb1 import UCB1
from bandits.checks import TableWorld, check_policy
from bandits.contract import Assumption

PARAMETERS = {"fixed_action": {"arm": 0}}
"""Arguments of policies that cannot be built without."""


def arms_policies():
    for name, path in POLICIES.table.items():
        if not path.startswith("bandits.arms."):
            continue
        cls = POLICIES.load(name)
        for family, feedback in sorted(cls.accepts):
            if family in ("arms", "contextual") and not cls.clairvoyant:
                yield pytest.param(name, family, feedback, id=f"{name}-{family}-{feedback}")


def table(n_rounds, n_arms, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.random((n_rounds, n_arms)) < np.linspace(0.2, 0.8, n_arms)).astype(float)


@pytest.mark.parametrize(("name", "family", "feedback"), list(arms_policies()))
@pytest.mark.parametrize(("rounds", "arms"), [(400, 4), (1, 3), (30, 1)])
def test_every_policy_keeps_the_contract(name, family, feedback, rounds, arms):
    rewards = table(rounds, arms)
    check_policy(
        lambda: POLICIES.load(name)(**PARAMETERS.get(name, {})),
        lambda stepwise: TableWorld(rewards, family, feedback, stepwise=stepwise),
    )


@pytest.mark.parametrize(("name", "family", "feedback"), list(arms_policies()))
def test_every_policy_keeps_the_contract_on_rewards_in_another_range(name, family, feedback):
    rewards = -50.0 + 100.0 * np.random.default_rng(3).random((200, 3))
    check_policy(
        lambda: POLICIES.load(name)(**PARAMETERS.get(name, {})),
        lambda stepwise: TableWorld(rewards, family, feedback, low=-50.0, high=50.0, stepwise=stepwise),
    )


@pytest.mark.parametrize(("name", "family", "feedback"), list(arms_policies()))
def test_bounds_are_drawable(name, family, feedback):
    """Every bound is finite, not negative and does not fall, from round 1 on."""
    policy = POLICIES.load(name)(**PARAMETERS.get(name, {}))
    means = np.array([0.1, 0.5, 0.5, 0.8])
    facts = {"means": means, "variances": means * (1 - means), "stationary": True, "oblivious": True,
             "bernoulli": True, "bounded": True, "changes": 0}  # fmt: skip
    problem = Problem(family, feedback, 4, 10_000, contexts=((0.0, 1.0),) if family == "contextual" else ())
    times = np.unique(np.geomspace(1, 10_000, 60).astype(np.int64)).astype(float)
    for bound in policy.regret_bounds(problem, facts):
        values = bound.curve(times)
        assert values.shape == times.shape, bound.name
        assert np.all(np.isfinite(values)), bound.name
        assert np.all(values >= 0.0), bound.name
        assert np.all(np.diff(values) >= -1e-9 * values[1:]), bound.name
        assert bound.source
        assert bound.against in ("fixed", "dynamic")


class Forgetful(UCB1):
    """Reset keeps what was learned."""

    def reset(self, problem, rng):
        if not hasattr(self, "_counts"):
            super().reset(problem, rng)


class Worldly(UCB1):
    """Draws from the global generator."""

    def choose(self, observation):
        np.random.random()  # noqa: NPY002
        return super().choose(observation)


class Eager(UCB1):
    """The compiled path has another index."""

    def play(self, block, actions):
        self._scale *= 1.5
        super().play(block, actions)


class Heavy(UCB1):
    """Does not pickle once a run has begun."""

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._helper = lambda x: x


class Renaming(UCB1):
    """Keeps a hyper-parameter under another name."""

    def __init__(self, boldness=2.0):
        super().__init__(boldness)


class Amnesiac(UCB1):
    """Loses its counts when pickled."""

    def __getstate__(self):
        return {**self.__dict__, "_counts": self.__dict__.get("_counts", np.zeros(1)) * 0.0}


@pytest.mark.parametrize(
    ("broken", "what"),
    [
        (Forgetful, "a second run after reset differs"),
        (Worldly, "the global random generator was used"),
        (Eager, "differs from choose and update at step"),
        (Heavy, "pickle"),
        (Renaming, "boldness"),
        (Amnesiac, "pickled on the way differs"),
    ],
)
def test_a_broken_promise_is_found(broken, what):
    rewards = table(200, 3)
    with pytest.raises(Exception, match=what):
        check_policy(broken, lambda stepwise: TableWorld(rewards, stepwise=stepwise))


def test_problems_are_checked():
    for arguments, what in (
        (("arms", "bandit", -1), "n_actions"),
        (("arms", "bandit", 2, 0), "horizon"),
        (("arms", "bandit", 2, 10, 1.0, 1.0), "low must be below high"),
    ):
        with pytest.raises(ValueError, match=what):
            Problem(*arguments)
    assert Problem("arms", "bandit", 2, low=-2.0, high=4.0).width == 6.0
    assert Problem("arms", "bandit", 2, low=-np.inf, high=np.inf, noise=1.5).width == 3.0
    with pytest.raises(ValueError, match="declares no noise"):
        _ = Problem("arms", "bandit", 2, low=-np.inf, high=np.inf).width


def test_a_mismatch_names_both_sides():
    with pytest.raises(ValueError, match=r"UCB1 plays arms/bandit, contextual/bandit, but Cache is paging/full"):
        check_accepts(UCB1(), Problem("paging", "full", 3), "Cache")


def test_bounds_know_whether_they_hold():
    yes, no = Assumption("a", True), Assumption("b", False)
    bound = Bound("b", "upper", np.sqrt, "fixed", "here", (yes, no))
    assert not bound.holds
    assert Bound("b", "upper", np.sqrt, "fixed", "here", (yes,)).holds


def test_a_policy_shows_its_parameters():
    assert repr(UCB1(3)) == "UCB1(exploration=3.0)"


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), True, "2", None])
def test_parameters_are_checked(value):
    with pytest.raises(ValueError, match=r"exploration must be a finite number in \(0, inf\), got"):
        UCB1(value)


def test_a_policy_in_a_plain_loop_of_somebody_else():
    """No environment of ours: rewards come from wherever."""
    policy: Policy = UCB1()
    policy.reset(Problem("arms", "bandit", n_actions=3), np.random.default_rng(0))
    plays = np.zeros(3)
    luck = np.random.default_rng(1)
    for _ in range(3000):
        arm = policy.choose(None)
        policy.update(None, arm, float(luck.random() < (0.2, 0.5, 0.8)[arm]))
        plays[arm] += 1
    assert plays.argmax() == 2
    assert plays[2] > 2400

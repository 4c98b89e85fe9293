"""Every policy's probabilities against what copies of it choose, over the whole registry."""

import pickle
from contextlib import suppress
from functools import cache
from unittest import mock

import numpy as np
import pytest

from bandits import BanditProblem, NotResetError, Policy
from bandits.arms.besa import BESA
from bandits.arms.beta_thompson import BetaThompson
from bandits.arms.ucb1 import UCB1
from bandits.checks import check_policy
from bandits.copies import Copies
from bandits.delayed.problem import Arrival, Delayed
from bandits.delayed.qpm_d import QPMD
from bandits.families import families
from bandits.family import resolve
from bandits.propensities import sampled
from bandits.recovering.problem import RecoveringProblem
from bandits.recovering.random_pulls import RandomPulls
from bandits.registry import POLICIES
from environments import BernoulliArms

MOMENTS = (1, 40)
"""Rounds after which a policy is looked at."""
DRAWS = 250


@cache
def examples():
    """Environments with two to six actions that have numbers, as those of all families, and long enough."""
    found = []
    for family in families():
        made = family.examples if not isinstance(family.examples, str) else resolve(family.examples)
        for environment in made() if callable(made) else made:
            problem = environment.problem
            n_actions = getattr(getattr(problem, "inner", problem), "n_actions", 0)
            if 2 <= n_actions <= 6 and problem.horizon > max(MOMENTS):
                found.append(environment)
    return found


def runs(name):
    """A run of each variant of a policy, in the first example that it takes: (policy, environment)."""
    cls = POLICIES.load(name)
    variants = {n: v for family in families() for n, v in family.variants.items()}
    for parameters in variants.get(name, ({},)):
        for environment in examples():
            if cls.clairvoyant or not isinstance(environment.problem, cls.plays):
                continue
            policy = cls(**parameters)
            try:
                policy.reset(environment.problem, np.random.default_rng(20))
            except ValueError:  # needs another problem
                continue
            environment.begin(environment.draw(np.random.default_rng(21)))
            yield policy, environment
            break


def play(policy, environment, rounds):
    end = environment.clock + rounds
    while environment.clock < end:
        observation = environment.observe()
        action = policy.choose(observation)
        policy.update(observation, action, environment.transition(action)[1])


def has_numbers(policy, observation):
    """Whether what the policy chooses here is one of finitely many actions with numbers."""
    try:
        sampled(policy, observation, 1)
    except TypeError:
        return False
    return True


class MoreLuckError(Exception):
    """More is drawn than one uniform."""


class Even:
    """A generator that gives one uniform, which it is told, and nothing else."""

    def __init__(self, uniform):
        self.uniform = uniform

    def random(self, size=None):
        if self.uniform is None or np.prod(size or 1) != 1:
            raise MoreLuckError
        uniform, self.uniform = self.uniform, None
        return uniform if size is None else np.full(size, uniform)

    def __getattr__(self, name):
        raise MoreLuckError


def evenly(policy, observation):
    """Shares of the choices of copies of which each draws one uniform, these being spread evenly over [0, 1].

    Raises:
        MoreLuckError: a choice takes more than one uniform.
    """
    copies, total = Copies(policy), 0.0
    for k in range(DRAWS):
        with mock.patch.dict("bandits.copies._MAKE", generator=lambda core, k=k: Even((k + 0.5) / DRAWS)):
            copy = copies.one()
        total += policy.problem_given().distribution_of(copy.choose(observation))
    return total / DRAWS


def agree(p, policy, observation):
    """Whether the probabilities are those of choices of copies.

    Where a uniform decides, an action is on one or two intervals of it, and its share of evenly spread ones is right
    within 2 / DRAWS. Else within five standard errors, or two draws if it is rare.
    """
    if np.any(p == 1.0):
        return np.array_equal(sampled(policy, observation, 5).probabilities, p)
    with suppress(MoreLuckError, TypeError):  # numba takes generators of numpy alone
        return np.all(np.abs(evenly(policy, observation) - p) <= 2.0001 / DRAWS * (p > 0.0))
    found = sampled(policy, observation, DRAWS, np.random.default_rng(22)).probabilities
    deviation = np.sqrt(p * (1.0 - p) / DRAWS)
    return np.all(np.abs(found - p) <= 5.0 * deviation + np.where(p > 0.0, 2.0 / DRAWS, 0.0))


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_probabilities_are_those_of_the_next_choice(name):
    cls, told, numbered = POLICIES.load(name), 0, False
    for policy, environment in runs(name):
        for moment in MOMENTS:
            play(policy, environment, moment - environment.clock)
            observation, before = environment.observe(), pickle.dumps(policy)
            if not has_numbers(policy, observation):
                with pytest.raises(TypeError, match=r"numbers|no probabilities in closed form"):
                    policy.probabilities(observation)
                break
            numbered = True
            try:
                p = policy.probabilities(observation)
            except TypeError as error:
                p, refused = None, str(error)
            assert pickle.dumps(policy) == before
            if p is None:
                assert "has no probabilities in closed form" in refused
                continue
            told += 1
            assert np.all(p >= 0.0)
            assert abs(p.sum() - 1.0) < 1e-9
            assert agree(p, policy, observation)
            p[:] = np.nan  # a table of one's own
            assert pickle.dumps(policy) == before
    promised = cls.decided or cls.probabilities is not Policy.probabilities
    assert bool(told) == (promised and numbered)


def probabilities_of(policy, problem, rewards=()):
    """The probabilities of a policy for arms after some plays: pairs of arm and reward."""
    policy.reset(problem, np.random.default_rng(3))
    for arm, reward in rewards:
        policy.choose(None)
        policy.update(None, arm, reward)
    return policy.probabilities(None)


def test_before_reset_there_are_none():
    for name in ("ucb1", "exp3", "besa", "linear_ts"):
        policy = POLICIES.load(name)()
        before = pickle.dumps(policy)
        with pytest.raises(NotResetError):
            policy.probabilities(None)
        with pytest.raises(NotResetError):
            sampled(policy, None, 1)
        assert pickle.dumps(policy) == before


def test_errors_name_the_way_out():
    policy = BESA()
    policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    with pytest.raises(
        TypeError, match=r"BESA has no .* bandits.propensities.sampled\(policy, observation, draws=1000\)"
    ):
        policy.probabilities(None)
    with pytest.raises(ValueError, match="draws must be"):
        sampled(policy, None, draws=0)


class Coin(UCB1):
    """Says that nothing is drawn, and draws; two generators, one of which is shared."""

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self._coins = [rng, rng, rng.spawn(1)[0]]

    def choose(self, observation):
        return int(self._coins[0].integers(2) ^ self._coins[1].integers(2) ^ self._coins[2].integers(2))


def test_who_says_that_nothing_is_drawn_and_draws_is_found_out():
    policy = Coin()
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    with pytest.raises(TypeError, match="Coin has no probabilities"):
        policy.probabilities(None)


def test_copies_share_streams_where_the_policy_does_and_leave_its_own_alone():
    policy = Coin()
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    copies = Copies(policy)
    one, other = (copies.make(np.random.SeedSequence(seed)) for seed in (1, 2))
    assert one._coins[0] is one._coins[1] is not one._coins[2]
    assert one._given is policy._given is other._given
    assert [one.choose(None) for _ in range(64)] != [other.choose(None) for _ in range(64)]
    before = pickle.dumps(policy)
    found = sampled(policy, None, 500, np.random.default_rng(5))
    assert pickle.dumps(policy) == before
    assert found.errors == pytest.approx(np.sqrt(found.probabilities * found.probabilities[::-1] / 500))
    assert abs(found.probabilities[0] - 0.5) < 5 * found.errors[0]
    again = sampled(policy, None, 500, np.random.default_rng(5))
    assert np.array_equal(found.probabilities, again.probabilities)


def test_what_was_drawn_ahead_is_drawn_anew_in_copies():
    """Thompson's policies keep blocks of variables: copies that had the same ones would all choose alike."""
    policy = BetaThompson()
    p = probabilities_of(policy, BanditProblem(n_actions=3), [(0, 1.0), (1, 0.0), (0, 1.0), (2, 1.0)])
    found = sampled(policy, None, 1000, np.random.default_rng(4))
    assert np.all(np.abs(found.probabilities - p) < 5 * found.errors)


class Dishonest(UCB1):
    """Plays the first arm, and tells of the second."""

    def probabilities(self, observation):
        return np.array([0.0, 1.0])


class Twisted(UCB1):
    """Its probabilities are wrong in some way, or change it."""

    way = "sum"

    def probabilities(self, observation):
        if self.way == "change":
            self._seen = True
        return {"sum": np.array([1.0, 1e-6]), "negative": np.array([1.5, -0.5])}.get(self.way, np.array([1.0, 0.0]))


@pytest.mark.parametrize(
    ("way", "message"), [("sum", "sum of probabilities"), ("negative", "negative"), ("change", "changed the policy")]
)
def test_check_policy_finds_out_wrong_probabilities(way, message, monkeypatch):
    monkeypatch.setattr(Twisted, "way", way)
    with pytest.raises(AssertionError, match=message):
        check_policy(Twisted, lambda: BernoulliArms([0.2, 0.7], horizon=20))


def test_check_policy_finds_out_probabilities_of_another_choice():
    with pytest.raises(AssertionError, match="has the probability 0"):
        check_policy(Dishonest, lambda: BernoulliArms([0.2, 0.7], horizon=20))


def test_a_prior_that_is_too_wide_for_the_quadrature_has_none():
    policy = BetaThompson(alpha=0.01)
    policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    with pytest.raises(TypeError, match=r"no probabilities in closed form here, as the quadrature found .*sampled"):
        policy.probabilities(None)


@pytest.mark.parametrize("base", ["ucb1", "exp3", "beta_thompson"])
def test_queued_feedback_is_learned_first(base):
    """QPM-D with feedback that comes in bursts: what it tells is what copies choose, or nothing."""
    policy, waiting, told = QPMD(base), [], 0
    policy.reset(Delayed(BanditProblem(n_actions=3, horizon=60)), np.random.default_rng(6))
    for t in range(30):
        try:
            p = policy.probabilities(None)
        except TypeError:
            p = None
        if p is not None:
            told += 1
            found = sampled(policy, None, 40, np.random.default_rng(t)).probabilities
            assert np.all(np.abs(found - p) <= 4.5 * np.sqrt(p * (1.0 - p) / 40) + (p > 0.0) * (p < 1.0) / 20)
        arm = policy.choose(None)
        assert policy.probabilities(None).tolist() == [float(i == arm) for i in range(3)]
        waiting.append(Arrival(t, arm, float((t * arm) % 3 == 1)))
        arrived = tuple(waiting) if t % 4 == 3 or t > 20 else ()
        policy.update(None, arm, arrived)
        waiting = [] if arrived else waiting
    assert told == 30 if base == "ucb1" else told > 15


def test_one_pull_a_period_drawn_far_ahead():
    """Pulls of later periods are drawn already, but nobody knows them."""
    policy, idle = RandomPulls(), np.ones(4, dtype=np.int64)
    policy.reset(RecoveringProblem(n_actions=4, plays=1, recovery=3, horizon=9), np.random.default_rng(5))
    for _ in range(2):
        before = pickle.dumps(policy)
        assert policy.probabilities(idle).tolist() == [0.25] * 4
        found = sampled(policy, idle, 400, np.random.default_rng(7))
        assert pickle.dumps(policy) == before
        assert np.all(np.abs(found.probabilities - 0.25) < 5 * found.errors)
        (arm,) = policy.choose(idle)
        assert policy.probabilities(idle).tolist() == [float(i == arm) for i in range(4)]
        assert sampled(policy, idle, 5).probabilities[arm] == 1.0
        policy.update(idle, (arm,), np.ones(1))
    policy.reset(RecoveringProblem(n_actions=4, plays=2, recovery=3, horizon=9), np.random.default_rng(5))
    with pytest.raises(TypeError, match="pulls have numbers where they are of one arm"):
        policy.probabilities(idle)

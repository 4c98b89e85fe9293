"""QPM-D and BOLD: the contract, slow references, the theorems, bad input."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import (
    BOLD,
    POLICIES,
    QPMD,
    UCB1,
    BanditProblem,
    Bound,
    Delayed,
    Exp3,
    FullFeedbackProblem,
    Instance,
    LinUCB,
    Problem,
    TsallisINF,
    can_play,
)
from bandits.arms.theory import ArmsInstance
from bandits.checks import check_policy
from bandits.contract import NotResetError
from bandits.delayed.problem import Arrival
from bandits.delayed.theory import DelayedInstance
from bandits.families import families
from environments import AdversarialArms, DelayedFeedback

PARAMETERS = {"fixed_action": {"arm": 0}}
HORIZON, SHORT = 300, 80
TABLE = np.random.default_rng(4).random((HORIZON, 3)) * [0.6, 0.8, 1.0]
LATE = {
    "constant": 7,
    "geometric": {"name": "geometric", "parameters": {"mean": 9}},
    "uniform": {"name": "uniform", "parameters": {"low": 3, "high": 20}},
    "list": [(37 * t) % 23 if t % 11 else 1000 for t in range(HORIZON)],
}


def late(delay, table=TABLE, feedback="bandit", seed=8):
    """A run with the rewards of the table."""
    arms = {"name": "adversarial", "parameters": {"source": table.tolist(), "feedback": feedback}}
    environment = DelayedFeedback(arms, delay[: len(table)] if isinstance(delay, list) else delay, len(table))
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return environment


def played(policy, environment, seed=5):
    """The actions of a whole run, and the feedback of each of its rounds."""
    policy.reset(environment.problem, np.random.default_rng(seed))
    actions, revealed = [], []
    while environment.clock < environment.horizon:
        seen = environment.observe()
        actions.append(policy.choose(seen))
        revealed.append(environment.transition(actions[-1])[1])
        policy.update(seen, actions[-1], revealed[-1])
    return actions, revealed


def wrapped(wrapper, base):
    return wrapper({"name": base, "parameters": PARAMETERS.get(base, {})})


def bases(feedback):
    """The policies on arms that can play without delays, but for those that know the run in advance."""
    problem = (FullFeedbackProblem if feedback == "full" else BanditProblem)(n_actions=3)
    (arms,) = (family for family in families() if family.name == "arms")
    known = {name: POLICIES.load(name) for name in arms.policies}
    return [name for name, policy in known.items() if can_play(policy, problem) and not policy.clairvoyant]


def rewards_for(base):
    """The table; for a policy that learns from rewards 0 and 1 alone, and slowly, few rounds of such rewards."""
    return (TABLE[:40, :2] > 0.4).astype(float) if getattr(POLICIES.load(base), "binary", False) else TABLE


WRAPPED = [
    pytest.param(wrapper, base, feedback, id=f"{wrapper.__name__}-{base}-{feedback}")
    for wrapper, feedback in ((QPMD, "bandit"), (BOLD, "bandit"), (BOLD, "full"))
    for base in bases(feedback)
]


@pytest.mark.parametrize(("wrapper", "base", "feedback"), WRAPPED)
def test_every_base_keeps_the_contract(wrapper, base, feedback):
    """Bases that refuse updates out of turn among them."""
    table = rewards_for(base)[:SHORT]
    for delay in LATE.values():
        check_policy(lambda: wrapped(wrapper, base), lambda delay=delay: late(delay, table, feedback))


@pytest.mark.parametrize(("wrapper", "base", "feedback"), WRAPPED)
def test_without_delay_the_base_plays(wrapper, base, feedback):
    plain = AdversarialArms(rewards_for(base), feedback=feedback)
    plain.begin(plain.draw(np.random.default_rng(8)))
    alone = POLICIES.build({"name": base, "parameters": PARAMETERS.get(base, {})})
    actions, revealed = played(wrapped(wrapper, base), late(0, rewards_for(base), feedback))
    expected, told = played(alone, plain)
    assert actions == expected
    assert [np.asarray(a.feedback).tolist() for (a,) in revealed] == [np.asarray(f).tolist() for f in told]


@pytest.mark.parametrize("base", [Exp3, TsallisINF, UCB1])
@pytest.mark.parametrize("delay", [1, 4, 49])
def test_bold_with_a_constant_delay_is_interleaved_runs(base, delay):
    """Copy j plays the rounds j, j + d + 1, ... and knows of no other."""
    copies, generator = delay + 1, np.random.default_rng(5)
    share = -(-HORIZON // copies)
    expected = np.empty(HORIZON, dtype=int)
    for j in range(copies):
        policy, rows = base(), TABLE[j::copies]
        policy.reset(BanditProblem(n_actions=3, horizon=share), generator if j == 0 else generator.spawn(1)[0])
        for s, row in enumerate(rows):
            arm = policy.choose(0)
            policy.update(0, arm, float(row[arm]))
            expected[j + s * copies] = arm
    assert played(BOLD(base()), late(delay))[0] == expected.tolist()


def test_bold_remembers_the_contexts():
    """Copies of LinUCB on a sequence of linear systems, each on every third context, as told when it chose."""
    environment = DelayedFeedback({"name": "sor", "parameters": {"side": 3}}, 2, 90)
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy = BOLD(LinUCB())
    policy.reset(environment.problem, np.random.default_rng(0))
    copies = [LinUCB() for _ in range(3)]
    for copy in copies:
        copy.reset(replace(environment.problem.inner, horizon=30), np.random.default_rng(0))
    for t in range(90):
        seen = environment.observe()
        arm = policy.choose(seen)
        assert arm == copies[t % 3].choose(seen)
        reward, arrivals = environment.transition(arm)
        copies[t % 3].update(seen, arm, reward)
        policy.update(seen, arm, arrivals)


@pytest.mark.parametrize("base", ["ucb1", "exp3", "beta_thompson", "successive_elimination"])
@pytest.mark.parametrize("delay", LATE.values(), ids=LATE)
def test_qpm_d_is_the_slow_reference(base, delay):
    """In every round the whole story is told anew to a new base policy, from what has arrived by then."""
    table = (TABLE[:120] > 0.4).astype(float)
    history, revealed = played(QPMD(base), late(delay[:120] if isinstance(delay, list) else delay, table))
    for t in range(120):
        known = [arrival for arrivals in revealed[:t] for arrival in arrivals]
        policy = POLICIES.load(base)()
        policy.reset(BanditProblem(n_actions=3, horizon=120), np.random.default_rng(5))
        while True:
            arm = policy.choose(0)
            first = next((a for a in known if a.action == arm), None)
            if first is None:
                break
            known.remove(first)
            policy.update(0, arm, first.feedback)
        assert history[t] == arm


delays = st.lists(st.integers(0, 60), min_size=60, max_size=60)


class Asked(UCB1):
    """Remembers what it asked for, an arm for each of its own rounds."""

    def reset(self, problem, rng):
        super().reset(problem, rng)
        self.asked = []

    def choose(self, observation):
        self.asked.append(super().choose(observation))
        return self.asked[-1]


@given(delays=delays, seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=40)
def test_what_the_theorem_of_qpm_d_rests_on(delays, seed):
    """Plays of an arm are at most those asked for, plus the most feedbacks of that arm outstanding at once."""
    table = np.random.default_rng(seed).random((60, 3))
    policy, environment = QPMD(Asked()), late(delays, table)
    policy.reset(environment.problem, np.random.default_rng(0))
    plays, most, out, asked = np.zeros(3, int), np.zeros(3, int), np.zeros(3, int), policy._base
    for t in range(60):
        arm = policy.choose(0)
        np.maximum(most, out, out=most)
        plays[arm] += 1
        assert len(asked.asked) <= t + 1
        assert np.all(plays <= np.bincount(asked.asked, minlength=3) + most)
        assert most.max() <= environment.instance().outstanding[t]
        _, arrivals = environment.transition(arm)
        policy.update(0, arm, arrivals)
        out[arm] += 1
        for arrival in arrivals:
            out[arrival.action] -= 1


@given(delays=delays)
@settings(deadline=None, max_examples=40)
def test_the_pool_is_as_large_as_the_most_outstanding_feedbacks(delays):
    policy, environment = BOLD(UCB1()), late(delays, TABLE[:60])
    policy.reset(environment.problem, np.random.default_rng(0))
    for t in range(60):
        policy.advance(environment, 1)
        assert len(policy._pool) == 1 + environment.instance().outstanding[t]


def test_the_first_made_of_the_free_copies_chooses():
    policy, environment = BOLD(UCB1()), late([2, 1, 50, 0, 0, *[50] * 55], TABLE[:60])
    policy.reset(environment.problem, np.random.default_rng(0))
    chosen = []
    for t in range(7):
        policy.choose(0)
        chosen.append(policy._waiting[t][0])
        policy.update(0, 1, environment.transition(1)[1])
    assert chosen == [0, 1, 2, 0, 0, 0, 1]


def test_bounds_in_closed_form():
    gaps, t = np.array([0.4, 0.2]), np.array([1.0, 5.0, 100.0, 2000.0])
    environment = DelayedFeedback({"name": "bernoulli", "parameters": {"means": [0.3, 0.5, 0.7]}}, 30, 2000)
    (queued,) = QPMD().regret_bounds(environment.problem, environment.instance())
    waiting = np.minimum(t - 1.0, 30.0)
    expected = 8 * np.log(t) * np.sum(1 / gaps) + (1 + np.pi**2 / 3) * gaps.sum() + gaps.sum() * waiting
    assert queued.curve(t) == pytest.approx(expected)
    assert queued.holds
    assert (queued.evidence, queued.time) == ("derived", "anytime")
    (pooled,) = BOLD("exp3").regret_bounds(environment.problem, environment.instance())
    gamma = np.sqrt(3 * np.log(3) / ((np.e - 1) * 65))  # a copy is told 65 rounds, 2000 / 31 rounded up
    expected = (np.e - 1) * gamma * t + (waiting + 1) * 3 * np.log(3) / gamma
    assert pooled.curve(t) == pytest.approx(expected)
    assert pooled.holds


@pytest.mark.parametrize("policy", [QPMD("beta_thompson"), BOLD("beta_thompson")])
def test_a_bound_over_a_prior_holds_with_delays(policy):
    arms, t = {"name": "bernoulli", "parameters": {"means": "beta", "n_arms": 3}}, np.array([1.0, 5.0, 100.0, 400.0])
    environment, room = DelayedFeedback(arms, 4, 400), []
    for seed in range(60):
        environment.begin(environment.draw(np.random.default_rng([seed, 0])))
        policy.reset(environment.problem, np.random.default_rng([seed, 1]))
        policy.advance(environment, 400)
        found = policy.regret_bounds(environment.problem, environment.instance())
        (bound,) = [b for b in found if b.comparator_class == environment.regrets()[0].comparator_class]
        assert bound.holds
        means, waiting = environment.instance().inner.means, np.minimum(t - 1.0, 4.0)
        price = waiting * np.sum(means.max() - means) if isinstance(policy, QPMD) else 0.0
        copies = 1.0 if isinstance(policy, QPMD) else 1.0 + waiting
        assert bound.curve(t) == pytest.approx(np.sqrt(3 * np.log(3) / 2 * copies * t) + price)
        gained = environment.metrics(np.array([400]))["expected_reward"][0]
        room.append(bound.curve(t)[-1] - (400 * means.max() - gained))
    assert np.mean(room) > 4 * standard_error(room)


def test_bounds_that_do_not_apply():
    table = late(3)
    assert QPMD().regret_bounds(table.problem, table.instance()) == ()
    for instance in (Instance(), DelayedInstance(inner=table.instance().inner)):  # nothing known of what is late
        assert QPMD().regret_bounds(table.problem, instance) == ()
        assert BOLD().regret_bounds(table.problem, instance) == ()
    inner = ArmsInstance(means=np.array([0.2, 0.5]), stationary=True, oblivious=True)
    instance = DelayedInstance(inner=inner, outstanding=np.arange(100))
    problem = Delayed(BanditProblem(n_actions=2, horizon=100))
    for policy in (QPMD(), BOLD()):
        (bound,) = policy.regret_bounds(problem, instance)
        assert "delays depend neither on the actions nor on the rewards" in [
            a.text for a in bound.assumptions if not a.holds
        ]

    class Claims(UCB1):
        """Claims a bound of some kind."""

        def __init__(self, **more):
            super().__init__()
            self.more = more

        def regret_bounds(self, problem, instance):
            return (Bound("mine", "upper", lambda t: t**2, "fixed", "nowhere", "recalled", **self.more),)

    instance = replace(instance, oblivious_delays=True)
    (bound,) = BOLD(Claims()).regret_bounds(problem, instance)
    assert [a.text for a in bound.assumptions if not a.holds] == ["the base policy's bound is concave in time"]
    assert bound.evidence == "recalled"
    for more in ({"delta": 0.1}, {"time": "at the horizon"}):  # nothing about the mean, about other times
        assert not BOLD(Claims(**more)).regret_bounds(problem, instance)
    assert not QPMD(Claims(delta=0.1)).regret_bounds(problem, instance)
    assert len(QPMD(Claims(time="at the horizon")).regret_bounds(problem, instance)) == 1


@pytest.mark.parametrize(
    ("policy", "delay"),
    [
        (QPMD("ucb1"), 100),
        (QPMD("ucb1"), LATE["geometric"]),
        (QPMD("kl_ucb"), LATE["uniform"]),
        (BOLD("tsallis_inf"), 20),
        (BOLD("exp3"), 5),
        (BOLD("tsallis_inf"), LATE["geometric"]),
    ],
    ids=str,
)
def test_mean_regret_is_below_its_bound(policy, delay):
    horizon, reached, bounds = 2000, [], []
    environment = DelayedFeedback({"name": "bernoulli", "parameters": {"means": [0.2, 0.5, 0.8]}}, delay, horizon)
    for seed in range(12):
        environment.begin(environment.draw(np.random.default_rng([seed, 0])))
        policy.reset(environment.problem, np.random.default_rng([seed, 1]))
        policy.advance(environment, horizon)
        reached.append(0.8 * horizon - environment.metrics(np.array([horizon]))["expected_reward"][0])
        (bound,) = [b for b in policy.regret_bounds(environment.problem, environment.instance()) if b.kind == "upper"][
            :1
        ]
        assert bound.holds
        bounds.append(bound.curve(np.array([float(horizon)]))[0])
    room = np.subtract(bounds, reached)
    assert np.mean(room) > 4 * standard_error(room)
    gained = 0.3 * horizon - np.array(reached)  # uniform play loses 0.3 a round
    assert np.mean(gained) - 0.4 * 0.3 * horizon > 4 * standard_error(gained)


def standard_error(values):
    return np.std(values, ddof=1) / np.sqrt(len(values))


def test_delay_costs_qpm_d_less_than_bold():
    """Additively against multiplicatively: the same base, delay and luck."""
    environment = DelayedFeedback({"name": "bernoulli", "parameters": {"means": [0.2, 0.8]}}, 50, 3000)
    lost = {QPMD: [], BOLD: []}
    for seed in range(10):
        for wrapper, regrets in lost.items():
            policy = wrapper("ucb1")
            environment.begin(environment.draw(np.random.default_rng([seed, 0])))
            policy.reset(environment.problem, np.random.default_rng([seed, 1]))
            policy.advance(environment, 3000)
            regrets.append(0.8 * 3000 - environment.metrics(np.array([3000]))["expected_reward"][0])
    more = np.array(lost[BOLD]) - 2 * np.array(lost[QPMD])
    assert np.mean(more) > 4 * standard_error(more)


@pytest.mark.parametrize("policy", [QPMD(UCB1()), BOLD(Exp3(gamma=0.1))], ids=str)
def test_in_a_loop_of_ones_own(policy):
    """A click comes whenever it comes; the loop knows its round and hands over what has come."""
    rates, plays = (0.1, 0.6), []
    for seed in range(10):
        luck = np.random.default_rng([seed, 0])
        policy.reset(Delayed(BanditProblem(n_actions=2)), np.random.default_rng([seed, 1]))
        due, better = {}, 0
        for t in range(2000):
            arm = policy.choose(None)
            better += arm
            when = t + int(luck.exponential(5))
            due.setdefault(when, []).append(Arrival(t, arm, float(luck.random() < rates[arm])))
            policy.update(None, arm, tuple(due.pop(t, ())))
        plays.append(better)
    more = np.array(plays) - 1300  # uniform play takes the better arm in 1000 of the rounds
    assert np.mean(more) > 4 * standard_error(more)


def test_turns_are_kept():
    problem = Delayed(BanditProblem(n_actions=2, horizon=10))
    pool, queues = BOLD("exp3"), QPMD("exp3")
    for policy in (pool, queues):
        policy.reset(problem, np.random.default_rng(0))
        for _ in range(2):
            with pytest.raises(RuntimeError, match="feedback that is not owed: call choose once"):
                policy.update(0, 0, ())
            policy.update(0, policy.choose(0), ())
    pool.choose(0)
    with pytest.raises(RuntimeError, match="choose must be followed by update"):
        pool.choose(0)
    assert queues.choose(0) == queues.choose(0)  # nothing new was learned


INF, NAN = float("inf"), float("nan")


@pytest.mark.parametrize("wrapper", [QPMD, BOLD])
@pytest.mark.parametrize(
    ("kind", "action", "feedback", "what"),
    [
        (ValueError, 2, (), r"action must be a whole number in 0\.\.1, got 2"),
        (ValueError, -1, (), r"action must be a whole number in 0\.\.1, got -1"),
        (ValueError, 0, 1.0, r"feedback must be a tuple of Arrival\(time, action, feedback\), .*, got 1\.0"),
        (ValueError, 0, [Arrival(2, 0, 1.0)], r"feedback must be a tuple of Arrival.*, got \[Arrival"),
        (ValueError, 0, ((2, 0, 1.0),), r"feedback must be a tuple of Arrival.*, got \(\(2, 0, 1\.0\),\)"),
        (ValueError, 0, (Arrival(3, 0, 1.0),), r"time of an arrival must be a whole number in 0\.\.2, got 3"),
        (ValueError, 0, (Arrival(-1, 0, 1.0),), r"time of an arrival must be a whole number in 0\.\.2, got -1"),
        (ValueError, 0, (Arrival([0], 0, 1.0),), r"time of an arrival must be a whole number in 0\.\.2, got \[0\]"),
        (ValueError, 0, (Arrival(2, 0, NAN),), "the reward must be a finite number, got nan"),
        (ValueError, 0, (Arrival(2, 0, 1.0), Arrival(1, 1, -INF)), "the reward must be a finite number, got -inf"),
        (RuntimeError, 0, (Arrival(1, 1, 0.0), Arrival(0, 0, 1.0)), "feedback of round 0 must arrive once, but it"),
        (RuntimeError, 0, (Arrival(1, 1, 0.0), Arrival(1, 1, 0.0)), "feedback of round 1 must arrive once, but it"),
        (RuntimeError, 0, (Arrival(1, 0, 1.0),), r"feedback of round 1 must be of its action 1, got Arrival\(time=1"),
        (RuntimeError, 0, (Arrival(2, 1, 1.0),), r"feedback of round 2 must be of its action 0, got Arrival\(time=2"),
    ],
    ids=str,
)
def test_feedback_that_cannot_be_or_is_not_owed_changes_nothing(wrapper, kind, action, feedback, what):
    policy = wrapper({"name": "exp3", "parameters": {"gamma": 0.1}})
    policy.reset(Delayed(BanditProblem(n_actions=2, horizon=10)), np.random.default_rng(0))
    for t in range(3):  # round 0 pays at once, round 1 not yet, round 2 is to be ended
        policy.choose(0)
        if t < 2:
            policy.update(0, t, (Arrival(0, 0, 1.0),) if t == 0 else ())
    before = pickle.dumps(policy)
    with pytest.raises(kind, match=what):
        policy.update(0, action, feedback)
    assert pickle.dumps(policy) == before
    policy.update(0, 0, (Arrival(2, 0, 1.0), Arrival(1, 1, 0.0)))


@pytest.mark.parametrize("rewards", [0.5, np.zeros(3), np.array([0.0, NAN])], ids=str)
def test_rows_of_rewards_that_cannot_be_change_nothing(rewards):
    policy = BOLD("hedge")
    policy.reset(Delayed(FullFeedbackProblem(n_actions=2, horizon=10)), np.random.default_rng(0))
    arm = policy.choose(0)
    before = pickle.dumps(policy)
    with pytest.raises(ValueError, match="feedback must be 2 finite rewards, one an action"):
        policy.update(0, arm, (Arrival(0, arm, rewards),))
    assert pickle.dumps(policy) == before
    policy.update(0, arm, (Arrival(0, arm, np.zeros(2)),))


def test_bad_input():
    for make, what in (
        (lambda: QPMD("ucb"), r"policy: unknown policy 'ucb' \(did you mean .*'ucb1'"),
        (lambda: BOLD({"name": "ucb1", "parameters": {"explore": 1}}), r"policy\.parameters\.explore: UCB1 has no"),
        (lambda: BOLD({"name": "ucb1", "exploration": 1}), "arguments of 'ucb1' go into its parameters"),
        (lambda: BOLD(3), "policy must be a name, or .*, got 3"),
        (lambda: QPMD("bandits.delayed.problem:Arrivals"), "is not a class"),
        (lambda: QPMD("clairvoyant"), "policy must choose from what it has seen, got 'clairvoyant'"),
    ):
        with pytest.raises((ValueError, ImportError), match=what):
            make()
    rng, problem = np.random.default_rng(0), BanditProblem(n_actions=2, horizon=10)
    for policy, inner, what in (
        (BOLD("hedge"), problem, "policy must be a policy for it: Hedge plays FullFeedbackProblem, but the problem "),
        (QPMD("lru"), problem, "policy must be a policy for it: LRU plays "),
        (QPMD(), FullFeedbackProblem(n_actions=2), "QPMD needs a BanditProblem with delays, got FullFeedbackProblem"),
        (QPMD(), Problem(), "QPMD needs a BanditProblem with delays, got Problem"),
        (BOLD(), Problem(), "BOLD needs an ActionsProblem with delays, got Problem"),
    ):
        with pytest.raises(ValueError, match=what):
            policy.reset(Delayed(inner), rng)
    mine = UCB1()
    assert QPMD(mine)._base is not mine


def test_the_problem_with_delays_tells_what_the_one_without_does():
    problem = Delayed(BanditProblem(n_actions=2, horizon=10, low=-1.0, high=3.0), 4)
    assert (problem.horizon, problem.low, problem.high, problem.delay) == (10, -1.0, 3.0, 4)
    assert replace(problem, delay=None) == Delayed(problem.inner)
    for arguments, what in (
        ((3,), "inner must be a Problem, got 3"),
        ((Problem(), -1), "delay must be a whole number"),
    ):
        with pytest.raises(ValueError, match=what):
            Delayed(*arguments)


@pytest.mark.parametrize("name", ["bold", "qpm_d"])
def test_arrived_rewards_are_taken_as_floats(name):
    """As gymnasium hands them out, whatever the base policy makes of them."""
    runs = []
    for form in (float, np.float32, np.array, lambda reward: np.array([reward])):
        policy = POLICIES.load(name)("ucb1")
        policy.reset(Delayed(BanditProblem(n_actions=2)), np.random.default_rng(0))
        arms = []
        for t in range(9):
            arms.append(policy.choose(None))
            policy.update(None, arms[-1], (Arrival(t, arms[-1], form(0.5 * arms[-1])),))
        runs.append(pickle.dumps((arms, policy)))
    assert len(set(runs)) == 1


@pytest.mark.parametrize("make", [lambda: QPMD("ucb1"), lambda: BOLD("beta_thompson")])
def test_feedback_between_rounds_is_that_of_the_round_before(make):
    """Whether it comes with a round's end or just after it."""
    at_end, between = make(), make()
    for one in (at_end, between):
        one.reset(Delayed(BanditProblem(n_actions=3)), np.random.default_rng(0))
    actions = []
    for t in range(40):
        actions.append(at_end.choose(None))
        assert between.choose(None) == actions[-1]
        due = (Arrival(t - 2, actions[-3], 0.25 * actions[-3]),) if t > 2 else ()
        at_end.update(None, actions[-1], due)
        between.update(None, actions[-1], ())
        for arrival in due:
            between.arrive(*arrival)


def test_a_copy_whose_feedback_never_comes_decides_again():
    pool = BOLD("beta_thompson")
    with pytest.raises(NotResetError):
        pool.forget(0)
    with pytest.raises(NotResetError):
        pool.arrive(0, 0, 1.0)
    pool.reset(Delayed(BanditProblem(n_actions=2)), np.random.default_rng(0))
    actions = []
    for _ in range(3):
        actions.append(pool.choose(None))
        pool.update(None, actions[-1], ())
    pool.forget(1)
    for ask in (lambda: pool.forget(1), lambda: pool.arrive(1, actions[1], 1.0), lambda: pool.arrive(3, 0, 1.0)):
        with pytest.raises((RuntimeError, ValueError), match=r"round 1|time of an arrival must be .* in 0\.\.2"):
            ask()
    assert pool.choose(None) in (0, 1)
    assert len(pool._pool) == 3

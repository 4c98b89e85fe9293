"""QPM-D and BOLD: the contract, slow references, the theorems, bad input."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import BOLD, POLICIES, QPMD, UCB1, Bound, Exp3, LinUCB, Problem, TsallisINF
from bandits.checks import TableWorld, check_policy
from bandits.delayed.arrivals import Arrival
from environments import DelayedFeedback

PARAMETERS = {"fixed_action": {"arm": 0}}
HORIZON = 300
TABLE = np.random.default_rng(4).random((HORIZON, 3)) * [0.6, 0.8, 1.0]
LATE = {
    "constant": 7,
    "geometric": {"law": "geometric", "mean": 9},
    "uniform": {"law": "uniform", "low": 3, "high": 20},
    "list": [(37 * t) % 23 if t % 11 else 1000 for t in range(HORIZON)],
}


class Recorded(DelayedFeedback):
    """Remembers what was played, and what arrived."""

    def begin(self, tape):
        super().begin(tape)
        self.history, self.arrived = [], []

    def transition(self, action):
        reward, feedback = super().transition(action)
        self.history.append(action)
        self.arrived.append(feedback)
        return reward, feedback


def world_of(delay, table=TABLE, feedback="bandit", seed=8):
    world = Recorded("adversarial", delay, {"source": table.tolist(), "feedback": feedback}, len(table))
    world.begin(world.draw(np.random.default_rng(seed)))
    return world


def played(policy, world, seed=5):
    policy.reset(world.problem, np.random.default_rng(seed))
    policy.advance(world, world.horizon)
    return world.history


def bases(feedback):
    for name, path in POLICIES.table.items():
        if path.startswith("bandits.arms.") and ("arms", feedback) in POLICIES.load(name).accepts:
            yield name


WRAPPED = [
    pytest.param(wrapper, base, feedback, id=f"{wrapper.__name__}-{base}-{feedback}")
    for wrapper, feedback in ((QPMD, "bandit"), (BOLD, "bandit"), (BOLD, "full"))
    for base in bases(feedback)
]


@pytest.mark.parametrize(("wrapper", "base", "feedback"), WRAPPED)
def test_every_base_keeps_the_contract(wrapper, base, feedback):
    """Bases that refuse updates out of turn among them."""
    for delay in LATE.values():
        check_policy(
            lambda: wrapper(base, PARAMETERS.get(base)),
            lambda stepwise, delay=delay: world_of(delay, TABLE, feedback),
        )


@pytest.mark.parametrize(("wrapper", "base", "feedback"), WRAPPED)
def test_without_delay_the_base_plays(wrapper, base, feedback):
    make, parameters = POLICIES.load(base), PARAMETERS.get(base, {})
    plain = TableWorld(TABLE, feedback=feedback)
    assert played(wrapper(base, parameters), world_of(0, TABLE, feedback)) == played_plain(make(**parameters), plain)


def played_plain(policy, world, seed=5):
    policy.reset(world.problem, np.random.default_rng(seed))
    policy.advance(world, world.problem.horizon)
    return world.history


@pytest.mark.parametrize("base", [Exp3, TsallisINF, UCB1])
@pytest.mark.parametrize("delay", [1, 4, 49])
def test_bold_with_a_constant_delay_is_interleaved_runs(base, delay):
    """Copy j plays the rounds j, j + d + 1, ... and knows of no other."""
    copies, generator = delay + 1, np.random.default_rng(5)
    share = -(-HORIZON // copies)
    expected = np.empty(HORIZON, dtype=int)
    for j in range(copies):
        policy, rows = base(), TABLE[j::copies]
        policy.reset(Problem("arms", "bandit", 3, share), generator if j == 0 else generator.spawn(1)[0])
        for s, row in enumerate(rows):
            arm = policy.choose(0)
            policy.update(0, arm, float(row[arm]))
            expected[j + s * copies] = arm
    assert played(BOLD(base()), world_of(delay)) == expected.tolist()


def test_bold_remembers_the_contexts():
    """Copies of LinUCB on a sequence of linear systems, each on every third context, as told when it chose."""
    world = DelayedFeedback("sor", 2, {"side": 3}, 90)
    world.begin(world.draw(np.random.default_rng(1)))
    policy = BOLD(LinUCB())
    policy.reset(world.problem, np.random.default_rng(0))
    copies = [LinUCB() for _ in range(3)]
    for copy in copies:
        copy.reset(Problem("contextual", "bandit", world.problem.n_actions, 30, world.problem.low, world.problem.high,
                           actions=world.problem.actions, contexts=world.problem.contexts),
                   np.random.default_rng(0))  # fmt: skip
    for t in range(90):
        seen = world.observe()
        arm = policy.choose(seen)
        assert arm == copies[t % 3].choose(seen)
        reward, arrivals = world.transition(arm)
        copies[t % 3].update(seen, arm, reward)
        policy.update(seen, arm, arrivals)


@pytest.mark.parametrize("base", ["ucb1", "exp3", "beta_thompson", "successive_elimination"])
@pytest.mark.parametrize("delay", LATE.values(), ids=LATE)
def test_qpm_d_is_the_slow_reference(base, delay):
    """In every round the whole story is told anew to a new base policy, from what has arrived by then."""
    table = (TABLE[:120] > 0.4).astype(float)
    world = world_of(delay[:120] if isinstance(delay, list) else delay, table)
    history = played(QPMD(base), world)
    for t in range(120):
        known = [arrival for arrivals in world.arrived[:t] for arrival in arrivals]
        policy = POLICIES.load(base)()
        policy.reset(Problem("arms", "bandit", 3, 120), np.random.default_rng(5))
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
    policy, world = QPMD(Asked()), world_of(delays, table)
    policy.reset(world.problem, np.random.default_rng(0))
    plays, most, out, asked = np.zeros(3, int), np.zeros(3, int), np.zeros(3, int), policy._base
    for t in range(60):
        arm = policy.choose(0)
        np.maximum(most, out, out=most)
        plays[arm] += 1
        assert len(asked.asked) <= t + 1
        assert np.all(plays <= np.bincount(asked.asked, minlength=3) + most)
        assert most.max() <= world.facts()["outstanding"][t]
        _, arrivals = world.transition(arm)
        policy.update(0, arm, arrivals)
        out[arm] += 1
        for arrival in arrivals:
            out[arrival.action] -= 1


@given(delays=delays)
@settings(deadline=None, max_examples=40)
def test_the_pool_is_as_large_as_the_most_outstanding_feedbacks(delays):
    policy, world = BOLD(UCB1()), world_of(delays, TABLE[:60])
    policy.reset(world.problem, np.random.default_rng(0))
    for t in range(60):
        policy.advance(world, 1)
        assert len(policy._pool) == 1 + world.facts()["outstanding"][t]


def test_the_first_made_of_the_free_copies_chooses():
    policy, world = BOLD(UCB1()), world_of([2, 1, 50, 0, 0, *[50] * 55], TABLE[:60])
    policy.reset(world.problem, np.random.default_rng(0))
    chosen = []
    for t in range(7):
        policy.choose(0)
        chosen.append(policy._waiting[t][0])
        policy.update(0, 1, world.transition(1)[1])
    assert chosen == [0, 1, 2, 0, 0, 0, 1]


def test_bounds_in_closed_form():
    gaps, t = np.array([0.4, 0.2]), np.array([1.0, 5.0, 100.0, 2000.0])
    world = DelayedFeedback("bernoulli", 30, {"means": [0.3, 0.5, 0.7]}, 2000)
    (queued,) = QPMD().regret_bounds(world.problem, world.facts())
    waiting = np.minimum(t - 1.0, 30.0)
    expected = 8 * np.log(t) * np.sum(1 / gaps) + (1 + np.pi**2 / 3) * gaps.sum() + gaps.sum() * waiting
    assert queued.curve(t) == pytest.approx(expected)
    assert queued.holds
    (pooled,) = BOLD("exp3").regret_bounds(world.problem, world.facts())
    gamma = np.sqrt(3 * np.log(3) / ((np.e - 1) * 65))  # a copy is told 65 rounds, 2000 / 31 rounded up
    expected = (np.e - 1) * gamma * t + (waiting + 1) * 3 * np.log(3) / gamma
    assert pooled.curve(t) == pytest.approx(expected)
    assert pooled.holds


def test_bounds_that_do_not_apply():
    table = world_of(3)
    assert QPMD().regret_bounds(table.problem, table.facts()) == ()
    known = {k: v for k, v in table.facts().items() if k != "outstanding"}
    assert BOLD().regret_bounds(table.problem, known) == ()
    means = {"means": np.array([0.2, 0.5]), "outstanding": np.arange(100), "stationary": True, "oblivious": True}
    problem = Problem("arms", "delayed-bandit", 2, 100)
    for policy in (QPMD(), BOLD()):
        (bound,) = policy.regret_bounds(problem, means)
        assert "delays depend neither on the actions nor on the rewards" in [
            a.text for a in bound.assumptions if not a.holds
        ]

    class Convex(UCB1):
        """Claims a bound that grows too fast to be shared out."""

        def regret_bounds(self, problem, facts):
            return (Bound("convex", "upper", lambda t: t**2, "fixed", "nowhere"),)

    (bound,) = BOLD(Convex()).regret_bounds(problem, {**means, "oblivious_delays": True})
    assert [a.text for a in bound.assumptions if not a.holds] == ["the base policy's bound is concave in time"]


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
    world = DelayedFeedback("bernoulli", delay, {"means": [0.2, 0.5, 0.8]}, horizon)
    for seed in range(12):
        world.begin(world.draw(np.random.default_rng([seed, 0])))
        policy.reset(world.problem, np.random.default_rng([seed, 1]))
        policy.advance(world, horizon)
        reached.append(0.8 * horizon - world.ledger()["expected_reward"])
        (bound,) = [b for b in policy.regret_bounds(world.problem, world.facts()) if b.kind == "upper"][:1]
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
    world = DelayedFeedback("bernoulli", 50, {"means": [0.2, 0.8]}, 3000)
    lost = {QPMD: [], BOLD: []}
    for seed in range(10):
        for wrapper, regrets in lost.items():
            policy = wrapper("ucb1")
            world.begin(world.draw(np.random.default_rng([seed, 0])))
            policy.reset(world.problem, np.random.default_rng([seed, 1]))
            policy.advance(world, 3000)
            regrets.append(0.8 * 3000 - world.ledger()["expected_reward"])
    more = np.array(lost[BOLD]) - 2 * np.array(lost[QPMD])
    assert np.mean(more) > 4 * standard_error(more)


@pytest.mark.parametrize("policy", [QPMD(UCB1()), BOLD(Exp3(gamma=0.1))], ids=str)
def test_in_a_loop_of_ones_own(policy):
    """A click comes whenever it comes; the loop knows its round and hands over what has come."""
    rates, plays = (0.1, 0.6), []
    for seed in range(10):
        luck = np.random.default_rng([seed, 0])
        policy.reset(Problem("arms", "delayed-bandit", n_actions=2), np.random.default_rng([seed, 1]))
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
    problem = Problem("arms", "delayed-bandit", 2, 10)
    pool, queues = BOLD("exp3"), QPMD("exp3")
    for policy in (pool, queues):
        policy.reset(problem, np.random.default_rng(0))
        for _ in range(2):
            with pytest.raises(RuntimeError, match="update must follow choose, once"):
                policy.update(0, 0, ())
            policy.update(0, policy.choose(0), ())
    pool.choose(0)
    with pytest.raises(RuntimeError, match="choose must be followed by update"):
        pool.choose(0)
    assert queues.choose(0) == queues.choose(0)  # nothing new was learned


@pytest.mark.parametrize("wrapper", [QPMD, BOLD])
@pytest.mark.parametrize(
    ("action", "feedback", "what"),
    [
        (2, (), r"action must be a whole number in 0\.\.1, got 2"),
        (-1, (), r"action must be a whole number in 0\.\.1, got -1"),
        (0, 1.0, r"feedback must be a tuple of Arrival\(time, action, feedback\), .*, got 1\.0"),
        (0, [Arrival(2, 0, 1.0)], r"feedback must be a tuple of Arrival.*, got \[Arrival"),
        (0, ((2, 0, 1.0),), r"feedback must be a tuple of Arrival.*, got \(\(2, 0, 1\.0\),\)"),
        (0, (Arrival(3, 0, 1.0),), r"time of an arrival must be a whole number in 0\.\.2, got 3"),
        (0, (Arrival(-1, 0, 1.0),), r"time of an arrival must be a whole number in 0\.\.2, got -1"),
        (0, (Arrival([0], 0, 1.0),), r"time of an arrival must be a whole number in 0\.\.2, got \[0\]"),
        (0, (Arrival(1, 1, 0.0), Arrival(0, 0, 1.0)), "feedback of round 0 must arrive once, but it arrives again"),
        (0, (Arrival(1, 1, 0.0), Arrival(1, 1, 0.0)), "feedback of round 1 must arrive once, but it arrives again"),
        (0, (Arrival(1, 0, 1.0),), r"feedback of round 1 must be of its action 1, got Arrival\(time=1, action=0"),
        (0, (Arrival(2, 1, 1.0),), r"feedback of round 2 must be of its action 0, got Arrival\(time=2, action=1"),
    ],
    ids=str,
)
def test_feedback_that_is_not_owed_changes_nothing(wrapper, action, feedback, what):
    policy = wrapper("exp3", {"gamma": 0.1})
    policy.reset(Problem("arms", "delayed-bandit", 2, 10), np.random.default_rng(0))
    for t in range(3):  # round 0 pays at once, round 1 not yet, round 2 is to be ended
        policy.choose(0)
        if t < 2:
            policy.update(0, t, (Arrival(0, 0, 1.0),) if t == 0 else ())
    before = pickle.dumps(policy)
    with pytest.raises(ValueError, match=what):
        policy.update(0, action, feedback)
    assert pickle.dumps(policy) == before
    policy.update(0, 0, (Arrival(2, 0, 1.0), Arrival(1, 1, 0.0)))


def test_bad_input():
    for make, what in (
        (lambda: QPMD("ucb"), r"unknown policy 'ucb' \(did you mean 'ucb1'\?\)"),
        (lambda: QPMD("hedge"), "policy must play arms/bandit, got 'hedge'"),
        (lambda: BOLD("lru"), "policy must play arms/bandit or arms/full or contextual/bandit .*, got 'lru'"),
        (lambda: BOLD("ucb1", {"explore": 1}), "parameters of policy 'ucb1': .*explore"),
        (lambda: BOLD(UCB1(), {"exploration": 1}), "parameters are for a policy given by name"),
        (lambda: BOLD(3), "policy must play .*, got 3"),
    ):
        with pytest.raises(ValueError, match=what):
            make()
    with pytest.raises(ValueError, match=r"Hedge plays arms/full.*the problem without delays is arms/bandit"):
        BOLD("hedge").reset(Problem("arms", "delayed-bandit", 2, 10), np.random.default_rng(0))
    mine = UCB1()
    assert QPMD(mine)._base is not mine

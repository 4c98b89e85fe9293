"""Learners of episodes: plain references, golden runs, oracles, optimism, mistakes of others, what is refused."""

import copy
import math
import pickle

import numpy as np
import pytest

from bandits import check_plays
from bandits.mdp.counts import Counts
from bandits.mdp.episodic_psrl import EpisodicPSRL, _best
from bandits.mdp.episodic_q import EpisodicQ
from bandits.mdp.model import Model
from bandits.mdp.mvp import MVP
from bandits.mdp.planning import best_policy, policy_values
from bandits.mdp.policy import logarithm
from bandits.mdp.problem import AverageRewardProblem, EpisodicProblem, Trajectory
from bandits.mdp.tables import Table
from bandits.mdp.ucb_h import UCBH
from bandits.mdp.ucbvi import UCBVI
from bandits.mdp.ucrl2 import UCRL2
from bandits.mdp.uniform_policy import UniformPolicy
from environments import AdversarialMDP, EpisodicMDP
from environments.mdp.models import Tables
from environments.mdp.tape import Tape

RIVER = {"name": "riverswim", "parameters": {"n": 6}}
DEEPSEA = {"name": "deepsea", "parameters": {"N": 6}}
LOCK = {"name": "lock", "parameters": {"H": 6, "A": 3, "code": [1, 2, 0, 0, 1, 2], "decoy": 0.1}}
GARNET = {"name": "garnet", "parameters": {"n_states": 5, "n_actions": 3, "branching": 5, "seed": 7}}
PLACES = {
    "river": (RIVER, 20, 4000),
    "deepsea": (DEEPSEA, 6, 4000),
    "lock": (LOCK, 6, 8000),
    "garnet": (GARNET, 6, 4000),
}


def regrets(policy, environment, tape, times, seed=0):
    """The value regret of a run at so many times, as far as the last."""
    environment.begin(tape)
    policy.reset(environment.problem, np.random.default_rng(seed))
    policy.advance(environment, int(times[-1]))
    return environment.comparators(times)["optimal"] - environment.metrics(times)["value"]


def test_optima_of_the_places():
    river, garnet = EpisodicMDP(RIVER, 20), EpisodicMDP(GARNET, 6)
    wanted = [3.3972639592, 4.0526506290, 5.3018679015, 6.6783668850, 8.0940002711, 9.5214445208]
    assert best_policy(river._model, river._rewards, 20)[0][0] == pytest.approx(wanted, abs=1e-10)
    for environment, laws, wanted in (
        (river, np.eye(2)[np.ones((20, 6), dtype=int)], 3.3966369762),
        (river, np.eye(2)[np.zeros((20, 6), dtype=int)], 0.1),
        (river, np.full((20, 6, 2), 0.5), 0.0437890231),
        (garnet, np.full((6, 5, 3), 1 / 3), 3.3340126332),
    ):
        found = policy_values(environment._model, environment._rewards, laws)[0, 0]
        assert found == pytest.approx(wanted, abs=1e-10)
    best = river.clairvoyant("optimal")
    assert (best[17].tolist(), best[19].tolist()) == ([0, 0, 0, 1, 1, 1], [0, 0, 0, 0, 0, 1])
    wanted = [4.5610100718, 4.5502952899, 4.6069279710, 4.0927029344, 4.1452444397]
    assert best_policy(garnet._model, garnet._rewards, 6)[0][0] == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        (UCBVI(bonus_scale=0.01), (32.9726395915, 167.8631979575)),
        (UCBVI("bernstein", bonus_scale=0.01), (33.8590667384, 80.6350074963)),
        (MVP(0.002), (33.2726395915, 168.5339835245)),
        (UCBH(0.05), (32.9726395915, 164.8631979575)),
    ],
    ids=["hoeffding", "bernstein", "mvp", "ucb_h"],
)
def test_golden_episodes(policy, wanted):
    """River swim on the uniform numbers ``default_rng(0).random((50, 20))``."""
    tape = Tape(*(np.random.default_rng(i) for i in range(6)))
    found = regrets(policy, EpisodicMDP(RIVER, 20, horizon=50), tape, np.array([10, 50]))
    assert found == pytest.approx(wanted, abs=1e-8)


FIRST = {"river": (3297.26, 13189.06), "deepsea": (990, 3960), "lock": (1800, 7200), "garnet": (2414.76, 9659.04)}
"""The first action for ever, which is what the constants of theory mean at these sizes."""

UNIFORM = {
    "river": (3353.47, 13413.90),
    "deepsea": (979.38, 3917.50),
    "lock": (1863.92, 7455.69),
    "garnet": (1227.00, 4907.99),
}

CERTAIN = [
    (UCBVI(), FIRST),
    (UCBVI(bonus_scale=0.01), {"deepsea": (968.68, 2988.15), "lock": (1476.6, 3109.9)}),
    (UCBVI("bernstein"), {"deepsea": (990.78, 3976.71), "lock": (1881.7, 7633.9)}),
    (UCBVI("bernstein", bonus_scale=0.01), {"deepsea": (209.03, 218.00), "lock": (148.2, 150.9)}),
    (MVP(), FIRST),
    (MVP(0.002), {"deepsea": (995.39, 2229.65), "lock": (1300.8, 1702.4)}),
    (UCBH(), {**FIRST, "lock": (1800, 7518.5)}),
    (UCBH(0.05), {"deepsea": (745.52, 1589.34), "lock": (788.5, 1197.1)}),
    (UniformPolicy(), UNIFORM),
]


@pytest.mark.parametrize(("policy", "place", "wanted"), [(p, k, v) for p, row in CERTAIN for k, v in row.items()])
def test_regret_without_luck(policy, place, wanted):
    """Where no luck is left, the regret is what it is, to the last digit that is known."""
    model, n_stages, horizon = PLACES[place]
    environment = EpisodicMDP(model, n_stages, horizon=horizon)
    tape = environment.draw(np.random.default_rng(20240405))
    found = regrets(policy, environment, tape, np.array([horizon // 4, horizon]))
    digits = 0.0051 if place != "lock" or type(policy) is UniformPolicy else 1e-6
    assert found == pytest.approx(wanted, abs=digits)


def test_regret_without_luck_is_that_of_any_seed():
    environment = EpisodicMDP(DEEPSEA, horizon=4000)
    times, policy = np.array([1000, 2000]), UCBVI("bernstein", bonus_scale=0.01)
    found = [regrets(policy, environment, environment.draw(np.random.default_rng(s)), times) for s in (1, 2)]
    assert found[0] == pytest.approx(found[1], abs=1e-6)


@pytest.mark.parametrize(
    ("policy", "place", "episodes", "wanted", "error"),
    [
        (UCBVI(bonus_scale=0.01), "river", 1000, 2842.0, 5.4),
        (UCBVI(bonus_scale=0.01), "garnet", 1000, 511.1, 2.4),
        (UCBVI("bernstein"), "river", 1000, 3366.05, 0.05),
        (UCBVI("bernstein"), "garnet", 1000, 2081.5, 5.6),
        (UCBVI("bernstein", bonus_scale=0.01), "river", 1000, 140.5, 2.3),
        (UCBVI("bernstein", bonus_scale=0.01), "garnet", 1000, 65.6, 1.0),
        (MVP(0.002), "river", 1000, 1309.2, 6.5),
        (MVP(0.002), "garnet", 1000, 522.0, 4.3),
        (UCBH(0.05), "river", 1000, 3358.5, 0.05),
        (UCBH(0.05), "garnet", 1000, 454.8, 2.7),
        (EpisodicPSRL(), "river", 1000, 74.0, 1.9),
        (EpisodicPSRL(), "garnet", 1000, 7.5, 0.7),
        (EpisodicPSRL(), "deepsea", 600, 151.2, 4.0),  # by then it has found the way
        (EpisodicPSRL(), "lock", 400, 44.2, 1.3),  # likewise
        (EpisodicQ(), "river", 1000, 3305.1, 0.05),
        (EpisodicQ(), "deepsea", 1000, 990.5, 0.05),
        (EpisodicQ(), "lock", 2000, 1806.7, 0.05),
        (EpisodicQ(), "garnet", 1000, 388.0, 16.0),
    ],
)
def test_mean_regret(policy, place, episodes, wanted, error):
    """Over 20 seeds, or over 4 where hardly any luck is left, within 4.5 standard errors of the difference."""
    model, n_stages, horizon = PLACES[place]
    environment, n = EpisodicMDP(model, n_stages, horizon=horizon), 4 if error == 0.05 else 20
    tapes = [environment.draw(np.random.default_rng([5, s])) for s in range(n)]
    runs = [regrets(policy, environment, tape, np.array([episodes]), s)[0] for s, tape in enumerate(tapes)]
    own = np.std(runs, ddof=1) / math.sqrt(n)
    assert abs(np.mean(runs) - wanted) < 4.5 * math.hypot(own, error)


def test_optimistic_q_learning_tracks_losses_that_change():
    """It follows the blocks of losses, and so is far below the best policy of all episodes."""
    environment, times = AdversarialMDP("switching", horizon=2000), np.array([500])
    runs = []
    for seed in range(20):
        policy, tape = UCBH(0.05), environment.draw(np.random.default_rng([3, seed]))
        environment.begin(tape)
        policy.reset(environment.problem, np.random.default_rng(seed))
        policy.advance(environment, 500)
        runs.append((environment.comparators(times)["fixed"] - environment.metrics(times)["value"])[0])
    assert abs(np.mean(runs) + 252.0) < 4.5 * math.hypot(np.std(runs, ddof=1) / math.sqrt(20), 2.9)


def drawn(seed, own, H=4, S=4, A=3):
    """A process with zeros among its probabilities."""
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(S, 0.3), (H if own else 1, S, A))
    rewards = rng.random((H, S, A) if own else (S, A))
    return Tables(Model(table if own else table[0]), rewards, rng.dirichlet(np.ones(S)), H)


class Plain:
    """UCBVI with dense tables and no shortcut."""

    def __init__(self, policy, problem):
        self.policy, self.problem = policy, problem
        H, S, A = self.shape = problem.n_stages, problem.n_states, problem.n_actions
        self.C, self.at, self.paid = np.zeros((H, S, A, S)), np.zeros((H, S)), np.zeros((H, S, A))
        caps = [H - h if policy.clip == "remaining" else H for h in range(H)]
        self.Q = np.array([np.full((S, A), float(cap)) for cap in caps])

    def plan(self):
        (H, S, A), problem, policy = self.shape, self.problem, self.policy
        C, paid = self.C, self.paid
        if not problem.own_stages:
            C, paid = np.broadcast_to(C.sum(axis=0), C.shape), np.broadcast_to(paid.sum(axis=0), paid.shape)
        V = np.zeros((H + 1, S))
        L = math.log(5 * S * A * problem.horizon * H / policy.delta)
        for h in reversed(range(H)):
            for s in range(S):
                for a in range(A):
                    n = C[h, s, a].sum()
                    if n == 0:
                        continue
                    p = C[h, s, a] / n
                    if problem.rewards is None:
                        r = paid[h, s, a] / n
                    else:
                        r = np.broadcast_to(problem.rewards.array, (H, S, A))[h, s, a]
                    if policy.bonus == "hoeffding":
                        b = 7 * H * L / math.sqrt(n)
                    else:
                        spread = p @ (V[h + 1] - p @ V[h + 1]) ** 2
                        b = math.sqrt(8 * L * spread / n) + 14 * H * L / (3 * n)
                        if h < H - 1:
                            seldom = [min(1e4 * H**3 * S**2 * A * L**2 / max(1, m), H**2) for m in self.at[h + 1]]
                            b += math.sqrt(8 / n * (p @ seldom))
                    b += math.sqrt(L / (2 * n)) if problem.rewards is None else 0.0
                    cap = H - h if policy.clip == "remaining" else H
                    self.Q[h, s, a] = min(self.Q[h, s, a], cap, r + p @ V[h + 1] + policy.bonus_scale * b)
            V[h] = self.Q[h].max(axis=1)
        return self.Q

    def learn(self, trajectory):
        for h in range(self.shape[0]):
            s, a, y = trajectory.states[h], trajectory.actions[h], trajectory.states[h + 1]
            self.C[h, s, a, y] += 1
            self.at[h, s] += 1
            self.paid[h, s, a] += trajectory.rewards[h]


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("clip", ["remaining", "horizon"])
@pytest.mark.parametrize("bonus", ["hoeffding", "bernstein"])
def test_ucbvi_is_the_plain_one(own, known, clip, bonus):
    """Counts that stages share are in the bonus of every stage at once; the variance is that of the next value."""
    environment = EpisodicMDP(drawn(2, own), noise="bernoulli", known_rewards=known, horizon=60)
    environment.reset(seed=1)
    policy = UCBVI(bonus, clip, 0.002)
    policy.reset(environment.problem, np.random.default_rng(0))
    plain, last = Plain(policy, environment.problem), np.inf
    for _ in range(60):
        actions, Q = policy.choose(None), plain.plan()
        assert policy._q == pytest.approx(Q, rel=1e-11)
        assert actions.tolist() == policy._q.argmax(axis=2).tolist()
        assert (policy._q <= last).all(), "a value has grown"
        assert (policy._q.max(axis=(1, 2)) <= ([4, 3, 2, 1] if clip == "remaining" else 4)).all()
        last = policy._q.copy()
        feedback = environment.transition(actions)[1]
        policy.update(None, actions, feedback)
        plain.learn(feedback)
    assert (policy._q < np.array([4, 3, 2, 1])[:, None, None]).mean() > 0.3, "the bonus hides everything"


def test_one_visit_changes_the_bonus_of_every_stage():
    """Mistake in public code: only the stage of the visit learnt of it, though counts were shared."""
    problem = EpisodicProblem(
        n_states=2, n_actions=2, n_stages=3, horizon=10, high=3.0, rewards=[[0.1, 0.2], [0.3, 0.4]]
    )
    policy = UCBVI(bonus_scale=1e-4)
    policy.reset(problem, np.random.default_rng(0))
    policy.choose(0)
    policy.update(0, None, Trajectory(np.array([0, 1, 1, 1]), np.array([1, 0, 0]), np.array([0.2, 0.3, 0.3])))
    policy.choose(0)
    assert (policy._q[:, 0, 1] < [3, 2, 1]).all()
    assert (policy._q[:, 0, 0] == [3, 2, 1]).all()


def test_the_steps_of_all_episodes_are_in_the_logarithm():
    """Mistake in public code: the number of the episode stood in place of the step's."""
    problem = EpisodicProblem(n_states=6, n_actions=2, n_stages=20, horizon=4000, high=20.0)
    assert logarithm(problem, 5.0, 4000, 0.05) == pytest.approx(math.log(5 * 6 * 2 * 4000 * 20 / 0.05))
    policy = UCBVI()
    policy.reset(problem, np.random.default_rng(0))
    assert 7 * 20 * policy._log == pytest.approx(2572, rel=0.01)  # the bonus of one visit, of values of at most 20


class PlainMVP:
    """Lists of what followed each pair, cut into batches."""

    def __init__(self, policy, problem):
        self.policy, self.problem, self.followed, self.known = policy, problem, {}, {}

    def learn(self, trajectory):
        for h in range(self.problem.n_stages):
            key = (h if self.problem.own_stages else 0, int(trajectory.states[h]), int(trajectory.actions[h]))
            seen = self.followed.setdefault(key, [])
            seen.append(int(trajectory.states[h + 1]))
            if len(seen) in (1, 2, 4, 8, 16, 32, 64, 128, 256):
                self.known[key] = seen[len(seen) // 2 :]

    def plan(self):
        H, S, A = self.problem.n_stages, self.problem.n_states, self.problem.n_actions
        r = np.broadcast_to(self.problem.rewards.array, (H, S, A))
        log = math.log(200 * S * A * H**2 * self.problem.horizon**2 / self.policy.delta)
        Q, V = np.zeros((H, S, A)), np.zeros((H + 1, S))
        for h in reversed(range(H)):
            for s in range(S):
                for a in range(A):
                    last = self.known.get((h if self.problem.own_stages else 0, s, a))
                    Q[h, s, a] = H - h
                    if last:
                        values, n = V[h + 1][last], len(last)
                        b = 460 / 9 * math.sqrt(values.var() * log / n) + 544 / 9 * H * log / n
                        Q[h, s, a] = min(H - h, r[h, s, a] + values.mean() + self.policy.bonus_scale * b)
            V[h] = Q[h].max(axis=1)
        return Q


@pytest.mark.parametrize("own", [False, True])
def test_mvp_is_the_plain_one(own):
    environment = EpisodicMDP(drawn(4, own), noise="bernoulli", horizon=150)
    environment.reset(seed=1)
    policy = MVP(0.0005)
    policy.reset(environment.problem, np.random.default_rng(0))
    plain, distinct = PlainMVP(policy, environment.problem), set()
    for _ in range(150):
        actions, Q = policy.choose(None), plain.plan()
        chosen = np.take_along_axis(Q, actions[..., None], 2)[..., 0]
        assert chosen == pytest.approx(Q.max(axis=2), abs=1e-12)
        distinct.add(actions.tobytes())
        feedback = environment.transition(actions)[1]
        policy.update(None, actions, feedback)
        plain.learn(feedback)
    assert 5 < len(distinct) <= policy.plans
    most = 4 * 3 * (math.log2(150 * 4) + 2) * (4 if own else 1)
    assert policy.plans <= most


def test_q_learning_is_the_plain_one():
    environment = EpisodicMDP(drawn(6, False), noise="bernoulli", known_rewards=False, horizon=80)
    environment.reset(seed=1)
    policy, H = UCBH(0.1), 4
    policy.reset(environment.problem, np.random.default_rng(0))
    Q, N = np.array([np.full((4, 3), H - h) for h in range(H)]) * 1.0, np.zeros((H, 4, 3))
    for _ in range(80):
        actions = policy.choose(None)
        assert actions.tolist() == Q.argmax(axis=2).tolist()
        feedback = environment.transition(actions)[1]
        policy.update(None, actions, feedback)
        V = np.array([np.minimum(H - h, Q[h].max(axis=1)) for h in range(H)] + [np.zeros(4)])
        for h in range(H):
            s, a, y = feedback.states[h], feedback.actions[h], feedback.states[h + 1]
            N[h, s, a] += 1
            rate, bonus = (
                (H + 1) / (H + N[h, s, a]),
                0.1 * math.sqrt(H**3 * math.log(4 * 3 * 80 * H / 0.05) / N[h, s, a]),
            )
            Q[h, s, a] += rate * (feedback.rewards[h] + V[h + 1, y] + bonus - Q[h, s, a])
    assert policy._table._q == pytest.approx(Q, rel=1e-11)


def test_told_means_are_used_where_rewards_are_random():
    environment = EpisodicMDP(GARNET, 3, "bernoulli", horizon=5)
    environment.reset(seed=1)
    policy, twin = UCBH(0.0), UCBH(0.0)
    for p in (policy, twin):
        p.reset(environment.problem, np.random.default_rng(0))
    feedback = environment.transition(policy.choose(0))[1]
    policy.update(0, None, feedback)
    twin.update(0, None, feedback._replace(rewards=1.0 - feedback.rewards))
    assert (policy._table._q == twin._table._q).all()


@pytest.mark.parametrize("own", [False, True])
def test_posterior_samples_are_planned_exactly(own):
    tables = drawn(8, own)
    policy = EpisodicPSRL()
    policy.reset(EpisodicMDP(tables).problem, np.random.default_rng(3))
    rows = np.random.default_rng(3).standard_gamma(np.ones((4 if own else 1, 4, 3, 4)))
    model = Model(rows / rows.sum(axis=-1, keepdims=True) if own else (rows / rows.sum(axis=-1, keepdims=True))[0])
    assert policy.plan().tolist() == best_policy(model, tables.rewards, 4)[1].tolist()
    actions = np.zeros((4, 4), dtype=np.int64)
    _best(2.0 * rows, tables.rewards if own else tables.rewards[None], actions)
    assert actions.tolist() == best_policy(model, tables.rewards, 4)[1].tolist()


def test_the_posterior_counts_what_was_seen():
    environment = EpisodicMDP(drawn(9, True), noise="bernoulli", known_rewards=False, horizon=200)
    environment.reset(seed=2)
    policy, alpha, paid = EpisodicPSRL(), np.ones((4, 4, 3, 4)), np.ones((2, 4, 4, 3))
    policy.reset(environment.problem, np.random.default_rng(0))
    for _ in range(200):
        actions = policy.choose(0)
        feedback = environment.transition(actions)[1]
        policy.update(0, actions, feedback)
        for h in range(4):
            s, a = feedback.states[h], feedback.actions[h]
            alpha[h, s, a, feedback.states[h + 1]] += 1
            paid[int(feedback.rewards[h] == 0.0), h, s, a] += 1
    assert (policy._alpha == alpha).all()
    assert (policy._paid == paid).all()
    times = np.array([100, 200])
    regret = environment.comparators(times)["optimal"] - environment.metrics(times)["value"]
    span = environment.comparators(times)["optimal"] - environment.comparators(times)["worst"]
    assert regret[1] - regret[0] < 0.1 * (span[1] - span[0])


def test_counts_hold_every_next_state_in_order():
    problem = EpisodicProblem(n_states=40, n_actions=2, n_stages=100, high=100.0)
    counts, dense, rng = Counts(problem), np.zeros((40 * 2, 40), dtype=int), np.random.default_rng(1)
    for _ in range(30):
        states, actions = rng.integers(0, 40, 101), rng.integers(0, 2, 100)
        counts.add(Trajectory(states, actions, np.zeros(100)), 2)
        np.add.at(dense, (states[:-1] * 2 + actions, states[1:]), 1)
    found = np.zeros_like(dense)
    for row in range(80):
        seen = counts.states[row, : counts.sizes[row]]
        assert (np.diff(seen) > 0).all()
        found[row, seen] = counts.times[row, : counts.sizes[row]]
    assert (found == dense).all()
    assert (counts.visits == dense.sum(axis=1)).all()


@pytest.mark.parametrize(
    "policy",
    [UCBVI(bonus_scale=0.001), UCBVI("bernstein", bonus_scale=0.01), MVP(0.00005), UCBH(0.02)],
    ids=["hoeffding", "bernstein", "mvp", "ucb_h"],
)
@pytest.mark.parametrize("own", [False, True])
def test_names_of_states_and_actions_do_not_matter(policy, own):
    """What is learnt from the same episodes under other names is the same under other names, up to ties."""
    tables, rng, twin = drawn(3, own), np.random.default_rng(5), copy.deepcopy(policy)
    state, action = rng.permutation(4), np.array([2, 0, 1])  # the new names
    back, again = np.argsort(state), np.argsort(action)
    P, r = tables.model.dense()[..., back, :, :][..., again, :][..., back], tables.rewards[..., back, :][..., again]
    environment = EpisodicMDP(tables, horizon=400)
    renamed = EpisodicMDP(Tables(Model(P if own else P[0]), r, tables.start[back], 4), horizon=400)
    environment.reset(seed=1)
    for learner, problem in ((policy, environment.problem), (twin, renamed.problem)):
        learner.reset(problem, np.random.default_rng(0))
    for k in range(400):
        seen = environment.transition(rng.integers(0, 3, (4, 4)))[1]
        policy.update(0, None, seen)
        twin.update(0, None, seen._replace(states=state[seen.states], actions=action[seen.actions]))
        if k % 50 == 49:  # UCBVI lowers its values by every plan
            found = policy.choose(0), twin.choose(0)
    assert np.array_equal(action[found[0]], found[1][:, state])
    assert all(len(set(row)) > 1 for row in found[0]), "actions are tied"


@pytest.mark.parametrize(("scale", "least"), [(1.0, 1.44), (0.01, 0.066)])
def test_ucbvi_is_optimistic(scale, least):
    """Bernstein on the garnet: the value that it hopes for is never below the best one."""
    environment = EpisodicMDP(GARNET, 6, horizon=1000)
    environment.reset(seed=4)
    policy, hopes = UCBVI("bernstein", bonus_scale=scale), []
    policy.reset(environment.problem, np.random.default_rng(0))
    for _ in range(1000):
        actions = policy.choose(0)
        hopes.append(policy._q[0, 0].max() - environment.instance().value)
        policy.update(0, actions, environment.transition(actions)[1])
    assert min(hopes) >= 0.0
    assert min(hopes) == pytest.approx(least, rel=0.1 if scale == 1.0 else 0.5)


@pytest.mark.parametrize(
    "make", [UCBVI, lambda: UCBVI("bernstein"), MVP, UCBH, EpisodicPSRL, EpisodicQ, UniformPolicy]
)  # fmt: skip
def test_one_action_leaves_no_regret(make):
    table = {"name": "table", "parameters": {"transitions": [[[0.3, 0.7]], [[0.5, 0.5]]], "rewards": [[0.2], [0.9]]}}
    environment = EpisodicMDP(table, 4, horizon=30)
    found = regrets(make(), environment, environment.draw(np.random.default_rng(3)), np.arange(1, 31))
    assert found == pytest.approx(np.zeros(30), abs=1e-12)


@pytest.mark.parametrize("make", [lambda: UCBVI("bernstein", bonus_scale=0.01), EpisodicPSRL, lambda: UCBH(0.02)])
def test_random_rewards_that_are_not_told_are_learnt(make):
    """A quarter of what uniform play loses in the second half is lost at most."""
    environment = EpisodicMDP(GARNET, 4, "bernoulli", known_rewards=False, horizon=1500)
    tape, times = environment.draw(np.random.default_rng(3)), np.array([750, 1500])
    found, uniform = (np.diff(regrets(p, environment, tape, times))[0] for p in (make(), UniformPolicy()))
    assert found < 0.25 * uniform


def test_bounds_are_those_of_the_theorems():
    river, lock = EpisodicMDP(RIVER, 20, horizon=1000), EpisodicMDP(LOCK, horizon=1000)
    (hoeffding,) = UCBVI().regret_bounds(river.problem, river.instance())
    assert hoeffding.curve(np.array([1000.0]))[0] == pytest.approx(2.1e9, rel=0.02)
    assert (hoeffding.holds, hoeffding.delta, hoeffding.evidence, hoeffding.kind) == (True, 0.05, "recalled", "upper")
    (bernstein,) = UCBVI("bernstein").regret_bounds(river.problem, river.instance())
    L = math.log(5 * 6 * 2 * 1000 * 20 / 0.05)
    wanted = 30 * 20 * L * math.sqrt(12 * 64) + 2500 * 400 * 36 * 2 * L**2 + 4 * 20**1.5 * math.sqrt(64 * L)
    assert bernstein.curve(np.array([64.0]))[0] == pytest.approx(wanted)
    for policy, at, holds in (
        (UCBVI(), lock, False),
        (UCBVI(bonus_scale=0.5), river, False),
        (UCBVI(), EpisodicMDP(RIVER, 20, known_rewards=False), False),
        (MVP(), lock, True),
        (MVP(), river, False),
        (UCBH(), river, True),
        (UCBH(0.05), river, False),
    ):
        assert [b.holds for b in policy.regret_bounds(at.problem, at.instance())] == [holds]
    assert MVP().regret_bounds(lock.problem, lock.instance())[0].curve(4.0) == math.sqrt(6 * 6**3 * 4)
    assert UCBH().regret_bounds(river.problem, river.instance())[0].curve(4.0) == math.sqrt(20**5 * 12 * 4)
    assert river.lower_bounds()[0].curve(3.0) == pytest.approx(math.sqrt(20 * 12 * 60))
    assert lock.lower_bounds()[0].curve(3.0) == pytest.approx(6 * math.sqrt(6 * 18))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: UCBVI("gauss"), "bonus must be one of hoeffding, bernstein, got 'gauss'"),
        (lambda: UCBVI(clip="never"), "clip must be one of remaining, horizon, got 'never'"),
        (lambda: UCBVI(bonus_scale=-1), r"bonus_scale must be a finite number in \[0, inf\), got -1"),
        (lambda: UCBVI(delta=0.0), "delta must be a finite number in"),
        (lambda: MVP(delta=1.0), "delta must be a finite number in"),
        (lambda: MVP(-0.1), "bonus_scale must be"),
        (lambda: UCBH(float("nan")), "bonus_scale must be"),
        (lambda: UCBH(delta=2), "delta must be"),
        (lambda: EpisodicQ(1.5), r"epsilon must be a finite number in \[0, 1\], got 1.5"),
        (lambda: EpisodicQ(-0.5), "epsilon must be"),
    ],
)
def test_parameters_are_checked(make, what):
    with pytest.raises(ValueError, match=what):
        make()


@pytest.mark.parametrize("policy", [UCBVI(), MVP(), UCBH()], ids=lambda p: type(p).__name__)
def test_those_tuned_to_the_horizon_must_know_it(policy):
    problem = EpisodicProblem(n_states=2, n_actions=2, n_stages=3, high=3.0, rewards=Table(np.zeros((2, 2))))
    with pytest.raises(ValueError, match=f"horizon must be told: {type(policy).__name__} is tuned to the number of"):
        policy.reset(problem, np.random.default_rng(0))


def test_mvp_must_know_the_rewards():
    with pytest.raises(ValueError, match=r"rewards must be told"):
        MVP().reset(EpisodicMDP("toggle", 3, known_rewards=False).problem, np.random.default_rng(0))


def test_learners_of_other_modes_are_refused():
    with pytest.raises(ValueError, match=r"UCRL2 plays AverageRewardProblem, but .* is EpisodicProblem"):
        check_plays(UCRL2(), EpisodicMDP("toggle", 3).problem)
    with pytest.raises(ValueError, match=r"UCBVI plays EpisodicProblem, but .* is AverageRewardProblem"):
        check_plays(UCBVI(), AverageRewardProblem(n_states=2, n_actions=2))


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        0.5,
        (np.zeros(4, dtype=int), np.zeros(3, dtype=int)),
        (np.array([0, 0, 0, 2]), np.zeros(3, dtype=int), np.zeros(3)),
        (np.array([0, 0, -1, 0]), np.zeros(3, dtype=int), np.zeros(3)),
        (np.zeros(4), np.zeros(3, dtype=int), np.zeros(3)),
        (np.zeros(4, dtype=int), np.array([0, 2, 0]), np.zeros(3)),
        (np.zeros(4, dtype=int), np.zeros(3, dtype=int), np.array([0.0, np.nan, 0.0])),
        (np.zeros(4, dtype=int), np.zeros(3, dtype=int), np.zeros(4)),
        (np.zeros(4, dtype=int), np.zeros(3, dtype=int), np.full(3, 1e308)),  # finite, but their sum is not
        ([0, [1], 0, 1], np.zeros(3, dtype=int), np.zeros(3)),
        (np.zeros(4, dtype=bool), np.zeros(3, dtype=int), np.zeros(3)),
    ],
)
@pytest.mark.parametrize("make", [UCBVI, MVP, UCBH, EpisodicPSRL, EpisodicQ, UniformPolicy])
def test_trajectories_that_are_none_change_nothing(make, wrong):
    policy = make()
    policy.reset(EpisodicMDP("toggle", 3).problem, np.random.default_rng(0))
    policy.update(0, None, Trajectory(np.array([0, 1, 0, 1]), np.array([1, 0, 1]), np.array([0.0, 1.0, 0.0])))
    before = pickle.dumps(policy)
    with pytest.raises(ValueError, match=r"(feedback|of a trajectory) must be"):
        policy.update(0, None, wrong)
    assert pickle.dumps(policy) == before


def test_what_is_handed_out_cannot_be_written_to():
    for policy in (UCBVI(), EpisodicQ(), UniformPolicy(), UCBH()):
        policy.reset(EpisodicMDP("toggle", 3).problem, np.random.default_rng(0))
        with pytest.raises(ValueError, match=r"read-only"):
            policy.choose(0)[0] = 1

"""Episodes: exact optima, the walk against a plain one, exact values, regret, and what is refused."""

import numpy as np
import pytest

from bandits.mdp.model import Model, law_sums
from bandits.mdp.planning import best_policy, occupancy, policy_values
from environments import EpisodicMDP
from environments.mdp.environment import first_of
from environments.mdp.models import Tables, first_state, tables_of

CODE = [1, 2, 0, 0, 1, 2]


def deepsea(N, **more):
    return {"name": "deepsea", "parameters": {"N": N, **more}}


LOCK = {"name": "lock", "parameters": {"H": 6, "A": 3, "code": CODE, "decoy": 0.1}}


def value(model, policy, n_stages=None):
    tables = tables_of(model)
    H = n_stages or tables.n_stages
    A = tables.model.n_actions
    shape = (H, tables.model.n_states)
    laws = np.full((*shape, A), 1.0 / A) if policy == "uniform" else np.full(shape, policy)
    return tables.start @ policy_values(tables.model, tables.rewards, laws)[0]


@pytest.mark.parametrize(
    ("model", "optimal", "uniform", "first"),
    [
        (deepsea(4), 1.0, 0.0675, 0.01),
        (deepsea(6), 1.0, 0.020625, 0.01),
        (deepsea(8), 1.0, 0.00890625, 0.01),
        (deepsea(6, slip=0.1), 0.5926806833, None, 0.01),
        (LOCK, 1.0, 0.0680384088, 0.1),
    ],
)
def test_optima_of_the_models(model, optimal, uniform, first):
    environment = EpisodicMDP(model, horizon=3)
    assert environment.instance().value == pytest.approx(optimal, abs=1e-10)
    assert value(model, 0) == pytest.approx(first, abs=1e-10)
    if uniform is not None:
        assert value(model, "uniform") == pytest.approx(uniform, abs=1e-10)


def test_nothing_is_paid_behind_a_wrong_action():
    tables = tables_of(LOCK)
    assert best_policy(tables.model, tables.rewards, 6)[0][0].tolist() == [1.0, 0.0]
    assert tables_of("lock").rewards[0].tolist() == [[0.1, 0.0, 0.1], [0.0] * 3]


def drawn(seed, H=4, S=5, A=3, own=False):
    rng = np.random.default_rng(seed)
    table = rng.dirichlet(np.full(S, 0.5), (H if own else 1, S, A))
    rewards = rng.random((H, S, A) if own else (S, A))
    return Tables(Model(table if own else table[0]), rewards, rng.dirichlet(np.ones(S)), H)


def first_above(row, u):
    """The first of positive probability whose running sum exceeds a number; the last one ends at 1."""
    total, last = 0.0, 0
    for i, p in enumerate(row):
        if p > 0.0:
            total, last = total + p, i
            if u < total:
                return i
    return last


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("noise", ["none", "bernoulli"])
@pytest.mark.parametrize("random", [False, True])
def test_the_walk_is_the_plain_one(own, noise, random):
    tables = drawn(3, own=own)
    environment = EpisodicMDP(tables, noise=noise, horizon=30)
    tape = environment.draw(np.random.default_rng(5))
    moves, choices, luck, starts = (stream.random(120) for stream in np.random.default_rng(5).spawn(6)[:4])
    environment.begin(tape)
    P, r = tables.model.dense(), tables.rewards if own else tables.rewards[None]
    rng, u, earned, worth = np.random.default_rng(9), 0, 0.0, 0.0
    for k in range(30):
        laws = rng.dirichlet(np.full(3, 0.3), (4, 5))
        policy = laws if random else rng.integers(0, 3, (4, 5))
        s = first_above(tables.start, starts[k])
        assert environment.observe() == s
        states, actions, rewards = [s], [], []
        for h in range(4):
            a = first_above(laws[h, s], choices[u]) if random else policy[h, s]
            mean = r[h if own else 0, s, a]
            actions.append(a)
            rewards.append(mean if noise == "none" else float(luck[u] < mean))
            s = first_above(P[h if own else 0, s, a], moves[u])
            states.append(s)
            u += 1
        reward, trajectory = environment.transition(policy)
        assert [x.tolist() for x in trajectory[:3]] == [states, actions, rewards]
        assert reward == pytest.approx(sum(rewards))
        earned += reward
        worth += policy_values(tables.model, tables.rewards, policy)[0, states[0]]
        found = environment.metrics(np.array([k + 1]))
        assert found["reward"][0] == pytest.approx(earned)
        assert found["value"][0] == pytest.approx(worth, abs=1e-10)
        assert not any(x.flags.writeable for x in trajectory[:3])


@pytest.mark.parametrize("own", [False, True])
def test_rewards_have_the_mean_that_is_said(own):
    """What a random policy earns under random rewards is its value, within 4.5 standard errors."""
    environment = EpisodicMDP(drawn(6, own=own), noise="bernoulli", horizon=4000)
    environment.reset(seed=8)
    laws = np.random.default_rng(2).dirichlet(np.full(3, 0.5), (4, 5))
    earned = [environment.transition(laws)[0] for _ in range(4000)]
    value = environment.metrics(np.array([4000]))["value"][0] / 4000
    assert abs(np.mean(earned) - value) < 4.5 * np.std(earned) / np.sqrt(4000)
    assert 0.5 < np.std(earned) < 1.5


LAST = 1.0 - 2.0**-53


@pytest.mark.parametrize(
    ("u", "state"), [(0.0, 0), (0.1999999999999999, 0), (0.2, 2), (0.4999, 2), (0.5, 3), (LAST, 3)]
)
def test_no_first_state_of_probability_0(u, state):
    assert first_of(law_sums(np.array([0.2, 0.0, 0.3, 0.5, 0.0])), u) == state
    ten = np.append(np.full(10, 0.1), 0.0)
    assert np.cumsum(ten)[-1] <= LAST, "sums of tenths end below 1"
    assert first_of(law_sums(ten), LAST) == 9


def test_no_action_of_probability_0():
    """Where rounding leaves the sum of a row below the uniform number, the last action that can be is taken."""
    A = 11
    table = Tables(Model(np.ones((1, A, 1))), np.zeros((1, A)), first_state(1), 1)
    environment = EpisodicMDP(table, horizon=3)
    environment.reset(seed=1)
    environment._streams.action._drawn = np.full(4096, LAST)
    environment._streams.action._used = 0
    law = np.append(np.full(10, 0.1), 0.0)
    assert environment.transition(law[None, None])[1].actions.tolist() == [9]


def test_policies_of_either_form_meet_the_same_luck():
    one, other = (EpisodicMDP("toggle", 5, horizon=50) for _ in range(2))
    for environment in (one, other):
        environment.begin(environment.draw(np.random.default_rng(1)))
    policy = np.array([[1, 0]] * 5)
    for k in range(50):
        played = policy if k % 2 else np.eye(2)[policy]
        states = one.transition(policy)[1].states, other.transition(played)[1].states
        assert states[0].tolist() == states[1].tolist()


def test_comparators_sum_over_the_first_states_of_the_run():
    tables = drawn(7)
    environment = EpisodicMDP(tables, horizon=9000)
    environment.begin(environment.draw(np.random.default_rng(2)))
    best = environment.clairvoyant("optimal")
    starts = []
    for _ in range(9000):
        starts.append(int(environment.observe()))
        environment.transition(best)
    times = np.array([1, 2, 4096, 4097, 9000])
    values = best_policy(tables.model, tables.rewards, 4)[0][0]
    found = environment.comparators(times)
    assert found["optimal"] == pytest.approx(np.cumsum(values[starts])[times - 1], rel=1e-12)
    assert found["optimal"] == pytest.approx(environment.metrics(times)["value"], rel=1e-12)
    worst = -best_policy(tables.model, -tables.rewards, 4)[0][0]
    assert found["worst"] == pytest.approx(np.cumsum(worst[starts])[times - 1], rel=1e-12)
    assert np.bincount(starts, minlength=5) / 9000 == pytest.approx(tables.start, abs=0.03)


def test_a_value_is_worked_out_once_for_a_policy(monkeypatch):
    import environments.mdp.episodes as module

    calls = []

    def counted(*arguments):
        calls.append(1)
        return policy_values(*arguments)

    monkeypatch.setattr(module, "policy_values", counted)
    environment = EpisodicMDP("toggle", 3, horizon=20)
    environment.reset(seed=1)
    policy = np.zeros((3, 2), dtype=int)
    for k in range(20):
        if k == 10:
            policy[0, 0] = 1  # in place
        environment.transition(policy)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("action", "what"),
    [
        (np.zeros((2, 2), dtype=int), r"action must be a policy: whole numbers \[3, 2\]"),
        (np.full((3, 2), 2), "actions of a policy must lie in 0..1, got 2 at stage 0, state 0"),
        ([[0, 1], [1, 0], [1, -1]], "actions of a policy must lie in 0..1, got -1 at stage 2, state 1"),
        (
            np.full((3, 2, 2), 0.4),
            r"probabilities of a policy must be >= 0 with the sum 1, got \[0.4, 0.4\] at stage 0",
        ),
        (np.full((3, 2, 2), np.nan), "probabilities of a policy must be >= 0"),
        (np.stack([np.full((3, 2), 1.5), np.full((3, 2), -0.5)], axis=2), "probabilities of a policy must be >= 0"),
        (np.full((3, 2, 2), [np.inf, -np.inf]), "probabilities of a policy must be >= 0"),
        (np.full((3, 2, 2), 1e308), "probabilities of a policy must be >= 0"),
        (np.full((3, 2, 2), [0.5, 0.5 + 1e-8]), "probabilities of a policy must be >= 0 with the sum 1"),
        (np.full((3, 2, 2), [0.1, 0.9], np.float32), "probabilities of a policy must be >= 0 with the sum 1"),
        (np.zeros((3, 2)), "action must be a policy"),
        (np.zeros((3, 2), dtype=bool), "action must be a policy"),
        ([[0, 1], [0]], r"action must be a policy: .*, got \[\[0, 1\], \[0\]\]"),
        (None, "action must be a policy: .*, got None"),
        (0, "action must be a policy"),
    ],
)
def test_a_policy_that_is_none_changes_nothing(action, what):
    environment = EpisodicMDP("toggle", 3, "bernoulli", horizon=20)
    environment.reset(seed=1)
    twin = EpisodicMDP("toggle", 3, "bernoulli", horizon=20)
    twin.reset(seed=1)
    policy = np.ones((3, 2), dtype=int)
    for k in range(20):
        if k == 7:
            with pytest.raises(ValueError, match=what):
                environment.transition(action)
        assert environment.transition(policy)[1].states.tolist() == twin.transition(policy)[1].states.tolist()
    assert environment.metrics(np.array([20]))["reward"] == twin.metrics(np.array([20]))["reward"]
    with pytest.raises(RuntimeError, match="the run is over at time 20"):
        environment.transition(policy)


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"model": "toggle"}, "n_stages must be given, as the model has no number of its own, got None"),
        ({"model": "toggle", "n_stages": 0}, "n_stages must be a whole number >= 1, got 0"),
        ({"model": "toggle", "n_stages": 2.0}, "n_stages must be a whole number >= 1, got 2.0"),
        ({"model": LOCK, "n_stages": 5}, "n_stages must be 6, for the model has a table for each stage, got 5"),
        ({"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        ({"noise": "gaussian"}, "noise must be one of none, bernoulli, got 'gaussian'"),
        ({"known_rewards": 1}, "known_rewards must be true or false, got 1"),
        ({"start": 36}, "start must be a whole number in 0..35, got 36"),
        ({"start": [0.5, 0.5]}, "start must be 36 probabilities"),
        ({"start": np.full(36, 0.03)}, "start must be 36 probabilities, >= 0, whose sum is 1"),
        ({"model": deepsea(0)}, "N must be a whole number >= 1, got 0"),
        ({"model": deepsea(3, slip=1.5)}, r"slip must be a finite number in \[0, 1\], got 1.5"),
        ({"model": deepsea(3, cost=-0.1)}, r"cost must be a finite number in \[0, 1\], got -0.1"),
        ({"model": {"name": "lock", "parameters": {"H": 2, "code": [1, 5]}}}, "code.1. must be a whole number in 0..2"),
        ({"model": {"name": "lock", "parameters": {"H": 2, "code": [1]}}}, "code must have H = 2 actions, got 1"),
        ({"model": "deapsea"}, "did you mean 'deepsea'"),
        ({"model": Tables(Model([[[1.0]]]), np.ones((1, 1)), first_state(1)), "n_stages": True}, "n_stages must be"),
    ],
)
def test_what_is_refused(arguments, what):
    with pytest.raises(ValueError, match=what):
        EpisodicMDP(**arguments)


@pytest.mark.parametrize(
    ("rewards", "what"),
    [
        ([[1.5], [0.0]], r"rewards must lie in \[0, 1\], got 1.5 at \[0, 0\]"),
        ([[0.5], [-0.1]], r"rewards must lie in \[0, 1\], got -0.1 at \[1, 0\].*shift and scale all rewards"),
        ([[0.5], [np.nan]], "got nan"),
        ([0.5, 0.5], "rewards must have the shape"),
    ],
)
def test_rewards_out_of_range_are_refused(rewards, what):
    table = {"name": "table", "parameters": {"transitions": [[[0.0, 1.0]], [[1.0, 0.0]]], "rewards": rewards}}
    with pytest.raises(ValueError, match=what):
        EpisodicMDP(table, 3)


def test_tables_of_rewards_for_each_stage_say_how_many_there_are():
    """Transitions may be shared all the same; and one stage is one table, whichever way it is given."""
    transitions, rewards = np.full((2, 3, 2), 0.5), np.random.default_rng(1).random((4, 2, 3))
    environment = EpisodicMDP({"name": "table", "parameters": {"transitions": transitions, "rewards": rewards}})
    assert (environment.problem.n_stages, environment.problem.own_stages) == (4, True)
    best = sum(rewards[h].max(axis=1).mean() for h in range(1, 4)) + rewards[0, 0].max()
    assert environment.instance().value == pytest.approx(best, abs=1e-12)
    with pytest.raises(ValueError, match="n_stages must be 4, for the model has a table for each stage, got 3"):
        EpisodicMDP({"name": "table", "parameters": {"transitions": transitions, "rewards": rewards}}, 3)
    own = {"transitions": np.full((4, 2, 3, 2), 0.5), "rewards": rewards, "n_stages": 5}
    with pytest.raises(ValueError, match="n_stages must be 4, as transitions have so many, got 5"):
        EpisodicMDP({"name": "table", "parameters": own})
    single = {"transitions": transitions[None], "rewards": rewards[:1]}
    for n_stages in (None, 1):
        environment = EpisodicMDP({"name": "table", "parameters": single}, n_stages)
        assert environment.instance().value == pytest.approx(rewards[0, 0].max(), abs=1e-12)


def test_one_action_leaves_no_regret():
    table = {"name": "table", "parameters": {"transitions": [[[0.3, 0.7]], [[0.5, 0.5]]], "rewards": [[0.2], [0.9]]}}
    environment = EpisodicMDP(table, 4, horizon=30)
    environment.reset(seed=3)
    for _ in range(30):
        environment.transition(np.zeros((4, 2), dtype=int))
    times = np.arange(1, 31)
    assert environment.comparators(times)["optimal"] == pytest.approx(environment.metrics(times)["value"], abs=1e-12)


def test_learners_are_told_what_they_may_know():
    told = EpisodicMDP(LOCK, known_rewards=True).problem
    assert told.rewards.array.shape == (6, 2, 3)
    assert (told.own_stages, told.high, told.n_stages) == (True, 6.0, 6)
    assert EpisodicMDP(LOCK, known_rewards=False).problem.rewards is None
    assert EpisodicMDP("toggle", 3, start=1).problem.start_law.tolist() == [0.0, 1.0]


def test_the_deep_sea_by_hand():
    P = tables_of(deepsea(3, slip=0.25)).model.dense()[0]
    assert P[0, 0].nonzero()[0].tolist() == [3]  # left at the wall
    assert P[0, 1, [3, 4]].tolist() == [0.25, 0.75]
    assert P[5, 1, [7, 8]].tolist() == [0.25, 0.75]  # right at the wall
    assert P[4, 0, 6] == 1.0
    assert (P[6:, :, 0] == 1.0).all()
    assert tables_of(deepsea(3)).rewards.tolist() == [[0.01 / 3, 0.0]] * 8 + [[0.01 / 3, 1.0]]


def optima(tables, H=4):
    environment = EpisodicMDP(tables, H)
    return environment.instance().value, float(environment._worst @ environment.problem.start_law)


@pytest.mark.parametrize("own", [False, True])
def test_what_changes_optima_and_what_does_not(own):
    tables = drawn(11, own=own)
    P, r, law = tables.model.dense(), tables.rewards, tables.start
    P = P if own else P[0]
    best, worst = optima(tables)
    assert best > worst + 0.1
    shifted = optima(Tables(Model(P), 0.5 * r + 0.25, law, 4))
    assert shifted == pytest.approx((0.5 * best + 1.0, 0.5 * worst + 1.0), abs=1e-12)
    order = np.random.default_rng(1).permutation(5)
    states = Tables(Model(P[..., order, :, :][..., order]), r[..., order, :], law[order], 4)
    assert optima(states) == pytest.approx((best, worst), abs=1e-12)
    actions = Tables(Model(P[..., [2, 0, 1], :]), r[..., [2, 0, 1]], law, 4)
    assert optima(actions) == pytest.approx((best, worst), abs=1e-12)
    twice = Tables(Model(P[..., [0, 1, 2, 1], :]), r[..., [0, 1, 2, 1]], law, 4)
    assert optima(twice) == pytest.approx((best, worst), abs=1e-12)
    raised = r.copy()
    raised[..., 2, 1] = 1.0
    higher = optima(Tables(Model(P), raised, law, 4))
    assert higher[0] >= best
    assert higher[1] >= worst


def test_states_that_are_never_entered_change_no_run():
    tables = drawn(12)
    P, r = np.zeros((7, 3, 7)), np.full((7, 3), 0.9)
    P[:5, :, :5], r[:5] = tables.model.dense()[0], tables.rewards
    P[5:, :, 2] = 1.0
    wider = EpisodicMDP(Tables(Model(P), r, np.append(tables.start, [0.0, 0.0]), 4), horizon=50)
    environment = EpisodicMDP(tables, horizon=50)
    for one in (wider, environment):
        one.begin(one.draw(np.random.default_rng(4)))
    assert wider.instance().value == pytest.approx(environment.instance().value, abs=1e-12)
    assert (wider.instance().unreachable, environment.instance().unreachable) == (2, 0)
    for _ in range(50):
        policy = np.random.default_rng(environment.clock).integers(0, 3, (4, 7))
        found = wider.transition(policy)[1], environment.transition(policy[:, :5])[1]
        assert all((a == b).all() for a, b in zip(found[0][:3], found[1][:3], strict=True))


@pytest.mark.parametrize("own", [False, True])
def test_states_that_no_episode_visits_are_counted(own):
    """As by the flow of uniform play, stage by stage; what is too far for so few steps is not visited, either."""
    rng = np.random.default_rng(17)
    for n_stages in (1, 2, 3, 6):
        P = np.zeros((n_stages if own else 1, 9, 2, 9))
        for row in P.reshape(-1, 9):
            row[rng.choice(9, 1)] = 1.0
        model, law = Model(P if own else P[0]), np.eye(9)[3]
        flow = occupancy(model, law, np.full((n_stages, 9, 2), 0.5))
        never = int(np.count_nonzero(flow.sum(axis=(0, 2)) == 0.0))
        environment = EpisodicMDP(Tables(model, np.zeros((9, 2)), law, n_stages), horizon=5)
        assert environment.instance().unreachable == never
    assert [EpisodicMDP("riverswim", n_stages=n, horizon=5).instance().unreachable for n in (1, 3, 6)] == [5, 3, 0]


def test_limits_are_those_of_the_luckiest_and_the_unluckiest_ways():
    """Of a bandit with one step: everything is known by hand."""
    table = {"transitions": [[[1.0], [1.0]]], "rewards": [[0.2, 0.7]]}
    for noise, wanted in (("none", [0.0, 0.5]), ("bernoulli", [-0.3, 0.7])):
        environment = EpisodicMDP({"name": "table", "parameters": table}, 1, noise, horizon=5)
        environment.reset(seed=1)
        limits = environment.limits(np.array([1, 5]))
        assert limits["value"] == pytest.approx(np.array([[0.0, 0.0], [0.5, 2.5]]))
        assert limits["realized"][:, 0] == pytest.approx(wanted)

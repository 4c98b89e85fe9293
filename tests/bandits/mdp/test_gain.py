"""Gain, bias, values of finitely many steps, classes and diameters, against programmes, enumeration and plain loops."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from bandits.mdp.classes import check_weakly_communicating, components, reachable, within
from bandits.mdp.diameter import diameter, hitting_times
from bandits.mdp.gain import action_values, best, bracket, gain_and_bias, values_ahead
from bandits.mdp.model import Model
from bandits.mdp.multichain import gain_from
from environments.mdp.models import tables_of

NAMED = {
    "osband": ("riverswim", {}),
    "soft": ("riverswim", {"variant": "soft"}),
    "strehl": ("riverswim", {"variant": "strehl"}),
    "river12": ("riverswim", {"n": 12}),
    "jump": ("jump_riverswim", {}),
    "toggle": ("toggle", {"p": 0.2, "q": 0.3, "ra": 0.1, "rb": 1.0, "slip": 0.0}),
    "jao": ("jao", {"delta": 0.05, "eps": 0.02, "A": 3, "best": 1}),
    "sixarms": ("sixarms", {}),
    "garnet10": ("garnet", {"n_states": 10, "n_actions": 3, "branching": 3, "seed": 0}),
    "garnet20": ("garnet", {"n_states": 20, "n_actions": 4, "branching": 5, "seed": 1}),
    "fourrooms": ("fourrooms", {"slip": 0.1}),
}


def check(model, *start):
    """From all states, or from those."""
    law = np.ones(model.n_states)
    if start:
        law = np.isin(np.arange(model.n_states), start) / len(start)
    check_weakly_communicating(model, law)


def tables(name):
    kind, parameters = NAMED[name]
    return tables_of({"name": kind, "parameters": parameters})


KNOWN = [
    ("osband", 0.428622433799, 6.3103243082, 14.7223379148, (0, 5), "111111"),
    ("soft", 0.428586000255, 6.9050108377, 16.1111441661, (0, 5), "111111"),
    ("strehl", 0.222935779817, 5.0183486239, 22.5102880658, (0, 5), "111111"),
    ("river12", 0.428571429005, 14.8809523964, 34.7222222232, (0, 11), "1" * 12),
    ("jump", 0.209602666667, 3.2147368421, 22.7892711772, None, "001111"),
    ("toggle", 0.4, 2.0, 5.0, None, "10"),
    ("jao", 7.0 / 12.0, 1.0 / 0.12, 20.0, (1, 0), "10"),
    ("sixarms", 1.0, 101.0, 101.0, (1, 6), "5000000"),
    ("garnet10", 0.787248144964, 0.4325174255, 5.1411213839, None, "0210011220"),
    ("garnet20", 0.824752851309, 0.6072031678, 9.9232969708, None, "32211301311031230101"),
    ("fourrooms", 0.041551645967, 0.9584483540, 23.1123347186, None, None),
]
"""Gain, span of the bias, diameter and where it is, best policy: computed by programs that are not ours."""


@pytest.mark.parametrize(("name", "gain", "span", "far", "arc", "policy"), KNOWN, ids=[row[0] for row in KNOWN])
def test_known_gains_spans_and_diameters(name, gain, span, far, arc, policy):
    given = tables(name)
    found = best(given.model, given.rewards)
    assert found.gain == pytest.approx(gain, abs=1e-8)
    assert np.ptp(found.bias) == pytest.approx(span, abs=1e-8)
    largest = diameter(given.model)
    assert largest.value == pytest.approx(far, abs=1e-8)
    assert arc is None or (largest.origin, largest.target) == arc
    assert policy is None or "".join(map(str, found.policy)) == policy


def test_known_gaps_biases_and_worst_gains():
    river, garnet = tables("osband"), tables("garnet10")
    found = best(river.model, river.rewards)
    known = [0.0, 0.7143707230, 2.0410592086, 3.4552216602, 4.8818803927, 6.3103243082]
    assert found.bias == pytest.approx(known, abs=1e-8)
    gaps = found.gain + found.bias[:, None] - action_values(river.model, river.rewards, found.bias)
    assert gaps[gaps > 1e-9].min() == pytest.approx(0.42362243, abs=1e-8)
    assert -best(garnet.model, -garnet.rewards).gain == pytest.approx(0.2314438612, abs=1e-8)
    rooms = tables("fourrooms")
    assert rooms.model.n_states == 104
    room = best(rooms.model, rooms.rewards)
    gaps = room.gain + room.bias[:, None] - action_values(rooms.model, rooms.rewards, room.bias)
    assert gaps[gaps > 1e-9].min() == pytest.approx(2.0e-6, abs=5e-8)


@pytest.mark.parametrize(("name", "policy", "gain"), [("soft", 0, 0.005), ("toggle", 0, 0.1), ("garnet10", None, None)])
def test_gains_of_policies(name, policy, gain):
    """One linear system against ten thousand steps of the chain's law."""
    given = tables(name)
    actions = np.random.default_rng(3).integers(0, given.model.n_actions, given.model.n_states)
    actions = actions if policy is None else np.full(given.model.n_states, policy)
    found, bias = gain_and_bias(given.model, given.rewards, actions)
    everyone = np.arange(given.model.n_states)
    chain, paid = given.model.dense()[0][everyone, actions], given.rewards[everyone, actions]
    lazy = 0.5 * (np.eye(len(chain)) + chain)
    assert np.linalg.matrix_power(lazy, 10_000) @ paid == pytest.approx(np.full(len(chain), found), abs=1e-9)
    assert bias[0] == 0.0
    assert found + bias == pytest.approx(paid + chain @ bias, abs=1e-10)
    assert gain is None or found == pytest.approx(gain, abs=1e-12)


def test_values_of_finitely_many_steps():
    given = tables("osband")
    times = np.array([10_000, 1, 10, 100, 1000, 10])
    found = values_ahead(given.model, given.rewards, given.start, times)
    known = [4280.8650412, 0.005, 0.3523839780, 37.5029466061, 423.2631370199, 0.3523839780]
    assert found == pytest.approx(known, rel=1e-9)
    long = values_ahead(given.model, given.rewards, given.start, np.array([0, 10**6]))
    assert long[0] == 0.0
    gain = best(given.model, given.rewards).gain
    assert long[1] - 10**6 * gain == pytest.approx(-5.35929678, abs=1e-6)


@pytest.mark.parametrize("name", ["toggle", "sixarms", "garnet10", "fourrooms", "strehl"])
def test_values_of_finitely_many_steps_against_a_plain_loop(name):
    """In exact fractions of doubles it would be the same: here in extended precision."""
    given = tables(name)
    table, rewards = given.model.dense()[0].astype(np.longdouble), given.rewards.astype(np.longdouble)
    law = np.full(given.model.n_states, 1.0 / given.model.n_states)
    values, plain = np.zeros(given.model.n_states, dtype=np.longdouble), []
    for _ in range(1500):
        values = (rewards + table @ values).max(axis=1)
        plain.append(float(law @ values))
    times = np.array([1, 2, 3, 17, 400, 1500])
    assert values_ahead(given.model, given.rewards, law, times) == pytest.approx(
        np.array(plain)[times - 1], rel=1e-12, abs=1e-12
    )


def random_model(seed, n_states=None, n_actions=None):
    """A communicating model: a cycle through all states is always possible."""
    g = np.random.default_rng(seed)
    S, A = n_states or int(g.integers(1, 6)), n_actions or int(g.integers(1, 4))
    table = g.random((S, A, S)) * (g.random((S, A, S)) < 0.5)
    table[np.arange(S), 0, (np.arange(S) + 1) % S] += 0.2
    table[:, :, 0] += 1e-3
    return Model(table / table.sum(axis=2, keepdims=True)), g.random((S, A))


def programme(model, rewards):
    """The gain by linear programming over occupations of states and actions."""
    S, A = rewards.shape
    flow = np.repeat(np.eye(S), A, axis=1) - model.dense()[0].reshape(S * A, S).T
    solved = linprog(
        -rewards.ravel(), A_eq=np.vstack([flow, np.ones(S * A)]), b_eq=np.append(np.zeros(S), 1.0), method="highs"
    )
    return -solved.fun


@pytest.mark.parametrize("name", [name for name in NAMED if name != "fourrooms"])
def test_programme_and_bracket_of_named_models(name):
    given = tables(name)
    found = best(given.model, given.rewards)
    assert programme(given.model, given.rewards) == pytest.approx(found.gain, abs=1e-8)
    ends = bracket(given.model, given.rewards)
    assert ends.high - ends.low <= 1e-12
    assert ends.low - 1e-12 <= found.gain <= ends.high + 1e-12
    assert ends.bias == pytest.approx(found.bias, abs=1e-8)


@pytest.mark.parametrize("seed", range(25))
def test_random_models(seed):
    """Policy iteration, bracket, programme and all stationary policies; the equation; the diameter; worst play."""
    model, rewards = random_model(seed)
    check(model)
    found = best(model, rewards)
    residual = (rewards + model.dense()[0] @ found.bias).max(axis=1) - found.gain - found.bias
    assert np.abs(residual).max() < 1e-10
    assert programme(model, rewards) == pytest.approx(found.gain, abs=1e-8)
    ends = bracket(model, rewards)
    assert ends.low - 1e-11 <= found.gain <= ends.high + 1e-11
    everyone = np.arange(model.n_states)
    gains = []
    for actions in product(range(model.n_actions), repeat=model.n_states):
        chain = model.dense()[0][everyone, actions]
        law = np.linalg.matrix_power(0.5 * (np.eye(len(chain)) + chain), 2**14)
        gains.append(law @ rewards[everyone, actions])
    assert np.max(gains) == pytest.approx(found.gain, abs=1e-9)
    assert np.min(gains) == pytest.approx(-best(model, -rewards).gain, abs=1e-9)
    if components(model).max() == 0:
        assert np.ptp(found.bias) <= diameter(model).value * np.ptp(rewards) + 1e-9
    times = np.array([1, 2, 5, 50])
    ahead = values_ahead(model, rewards, np.eye(model.n_states)[0], times)
    assert (np.abs(ahead - times * found.gain) <= np.ptp(found.bias) + 1e-9).all()
    top = np.eye(model.n_states)[int(found.bias.argmax())]
    many = values_ahead(model, rewards, top, np.arange(1, 41))
    assert (many - np.arange(1, 41) * found.gain >= -1e-9).all()  # superadditive from the best start


@pytest.mark.parametrize("seed", range(6))
def test_invariances(seed):
    model, rewards = random_model(seed, 5, 3)
    g = np.random.default_rng(seed)
    found, table = best(model, rewards), model.dense()[0]
    states, actions = g.permutation(5), g.permutation(3)
    moved = best(Model(table[np.ix_(states, actions, states)]), rewards[np.ix_(states, actions)])
    assert moved.gain == pytest.approx(found.gain, abs=1e-11)
    assert np.ptp(moved.bias) == pytest.approx(np.ptp(found.bias), abs=1e-10)
    assert actions[moved.policy].tolist() == found.policy[states].tolist()
    assert diameter(Model(table[np.ix_(states, actions, states)])).value == pytest.approx(diameter(model).value)
    half = best(model, 0.5 * rewards + 0.25)
    assert half.gain == pytest.approx(0.5 * found.gain + 0.25, abs=1e-12)
    assert half.bias == pytest.approx(0.5 * found.bias, abs=1e-10)
    twice = best(
        Model(np.concatenate([table, table[:, :1]], axis=1)), np.concatenate([rewards, rewards[:, :1]], axis=1)
    )
    assert twice.gain == pytest.approx(found.gain, abs=1e-12)
    assert twice.policy.tolist() == found.policy.tolist()
    raised = rewards.copy()
    raised[g.integers(5), g.integers(3)] += 0.3
    assert best(model, raised).gain >= found.gain - 1e-12
    law, times = np.full(5, 0.2), np.array([1, 10, 100])
    assert (values_ahead(model, raised, law, times) >= values_ahead(model, rewards, law, times) - 1e-12).all()


@pytest.mark.parametrize("seed", range(20))
def test_gains_of_processes_that_fall_into_parts(seed):
    """By a programme, against all stationary policies: the best from each first state, averaged over their law."""
    g = np.random.default_rng(seed)
    table = g.random((4, 2, 4)) * (g.random((4, 2, 4)) < 0.35)
    table[table.sum(axis=2) == 0.0, 0] = 1.0
    table /= table.sum(axis=2, keepdims=True)
    rewards, start = g.random((4, 2)), g.random(4) * (g.random(4) < 0.6)
    start[g.integers(4)] += 0.1
    start /= start.sum()
    gains = []
    for actions in product(range(2), repeat=4):
        law = np.linalg.matrix_power(0.5 * (np.eye(4) + table[np.arange(4), actions]), 2**20)
        gains.append(law @ rewards[np.arange(4), actions])
    assert gain_from(Model(table), rewards, start) == pytest.approx(start @ np.max(gains, axis=0), abs=1e-8)


def test_a_river_whose_states_are_renamed():
    """The known gain to the last bits."""
    given = tables("osband")
    order = np.random.default_rng(0).permutation(6)
    moved = Model(given.model.dense()[0][np.ix_(order, [0, 1], order)])
    assert best(moved, given.rewards[order]).gain == pytest.approx(0.4286224337994645, abs=1e-13)


def test_periodic_chains_have_a_gain():
    """Undamped iteration would go to and fro for ever."""
    model, rewards = Model([[[0.0, 1.0]], [[1.0, 0.0]]]), np.array([[0.25], [0.75]])
    assert best(model, rewards).gain == pytest.approx(0.5, abs=1e-14)
    ends = bracket(model, rewards)
    assert ends.sweeps < 200
    assert values_ahead(model, rewards, np.array([1.0, 0.0]), np.array([1, 2, 7, 8])).tolist() == [0.25, 1.0, 3.25, 4.0]


def test_a_policy_with_two_closed_classes_is_no_end():
    """In the six arms, to stay in two of them: its linear system has no solution, and is said to have none."""
    given = tables("sixarms")
    with pytest.raises(ArithmeticError, match="two closed classes"):
        gain_and_bias(given.model, given.rewards, np.array([5, 4, 5, 0, 0, 0, 0]))
    halves = Model(np.array([[[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]] * 4))
    with pytest.raises(ArithmeticError, match="two closed classes"):
        gain_and_bias(halves, np.ones((4, 2)), np.array([0, 0, 1, 1]))


@pytest.mark.parametrize("seed", range(10))
def test_diameters_against_value_iteration(seed):
    model, _ = random_model(seed, 6)
    table = model.dense()[0]
    largest = 0.0
    for target in range(6):
        times = np.zeros(6)
        for _ in range(4000):
            times = 1.0 + (table @ times).min(axis=1)
            times[target] = 0.0
        assert hitting_times(model, target) == pytest.approx(times, rel=1e-8)
        largest = max(largest, times.max())
    found = diameter(model)
    assert found.value == pytest.approx(largest, rel=1e-8)
    assert hitting_times(model, found.target)[found.origin] == found.value


def test_a_way_out_smaller_than_rounding_is_not_lost():
    """A state that is left with probability 1e-17, beside a probability of 1 to stay."""
    model = Model([[[1.0, 1e-17]], [[1.0, 0.0]]])
    assert diameter(model).value == pytest.approx(1e17)
    assert best(model, np.array([[0.25], [1.0]])).gain == pytest.approx(0.25)


@pytest.mark.parametrize("delta", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("eps", [0.0, 0.5, 100.0])
def test_biases_of_any_size(delta, eps):
    """Two states that are left once in a million million steps: closed forms, and no going round in circles."""
    given = tables_of({"name": "jao", "parameters": {"delta": delta, "eps": eps * delta}})
    found = best(given.model, given.rewards)
    assert found.gain == pytest.approx((1 + eps) / (2 + eps), rel=1e-12)
    assert np.ptp(found.bias) == pytest.approx(1 / (2 + eps) / delta, rel=1e-12)
    assert diameter(given.model).value == pytest.approx(1 / delta, rel=1e-12)


@pytest.mark.parametrize("entered", [1e-2, 1e-4, 1e-5, 1e-6, 1e-9, 1e-12])
def test_an_arm_that_is_hardly_ever_entered_is_still_the_best(entered):
    """Sweeps do not see it, so that policy iteration starts from staying in either of the others."""
    moves, rewards = np.zeros((4, 3, 4)), np.zeros((4, 3))
    moves[1:, :, 0] = 1.0
    for arm, (p, paid) in enumerate(((1.0, 0.3), (0.5, 0.6), (entered, 1.0))):
        moves[0, arm, [0, arm + 1]] = 1.0 - p, p
        moves[arm + 1, 0, [0, arm + 1]] = 0.0, 1.0
        rewards[arm + 1, 0] = paid
    found = best(Model(moves), rewards)
    assert found.gain == pytest.approx(1.0, abs=1e-12)
    assert found.policy.tolist() == [2, 1, 1, 0]
    assert np.ptp(found.bias) == pytest.approx(1.0 + 1.0 / entered, rel=1e-9)
    assert best(Model(moves), -rewards).gain == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("n", [60, 700])
def test_a_goal_that_is_far_from_where_one_may_stay(n):
    """Staying pays a little everywhere, going pays nothing and succeeds rarely, the goal pays 1: h(s) = s / p."""
    here, p = np.arange(n), 1e-3
    starts = np.concatenate([[0], np.cumsum(np.tile([1, 2, 2], n))])
    to = np.stack([here, here, np.minimum(here + 1, n - 1), here, np.maximum(here - 1, 0)], axis=1).ravel()
    model = Model.sparse(starts, to, np.tile([1.0, 1.0 - p, p, 1.0 - p, p], n), n, 3)
    rewards = np.zeros((n, 3))
    rewards[-1, 1], rewards[:, 0] = 1.0, np.random.default_rng(0).random(n) * 0.01
    found = best(model, rewards)
    assert found.gain == pytest.approx(1.0, abs=1e-12)
    assert found.bias == pytest.approx(here / p, rel=1e-9)
    assert found.policy.tolist() == [1] * n


def chain_of(*rows):
    """States with one action each, by their next states."""
    table = np.zeros((len(rows), 1, len(rows)))
    for state, row in enumerate(rows):
        table[state, 0, list(row)] = 1.0 / len(row)
    return Model(table)


def test_classes_and_what_can_be_reached():
    model = chain_of((1,), (2, 3), (1,), (3,))
    labels = components(model)
    assert labels[1] == labels[2]
    assert len(set(labels.tolist())) == 3
    assert reachable(model, np.array([0, 1, 0, 0])).tolist() == [False, True, True, True]
    assert reachable(model, np.array([0, 0, 0, 1.0])).tolist() == [False, False, False, True]
    check(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (chain_of((0,), (1,)), "states 0 and 1 cannot reach each other"),
        (chain_of((0, 1), (1,), (3,), (2,)), "states 1 and 2 cannot reach each other"),
        (
            Model([[[0.0, 1.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]),
            "state 1 cannot reach state 0, where a policy can",
        ),
        (
            Model([[[0, 1.0, 0], [0, 0.5, 0.5]], [[1.0, 0, 0], [0, 0, 1.0]], [[0, 0, 1.0], [0, 0, 1.0]]]),
            "state 2 cannot reach state 0, where a policy can stay",
        ),
    ],
)
def test_a_process_with_more_than_one_gain_is_refused(model, message):
    with pytest.raises(ValueError, match=message):
        check(model)


def test_what_cannot_be_reached_does_not_count():
    """Neither a closed class beside, nor a place to stay from which one only goes to where one begins."""
    aside = chain_of((0,), (1,))
    check(aside, 0)
    check(aside, 1)
    waiting = Model([[[1.0, 0, 0], [1.0, 0, 0]], [[0, 1.0, 0], [1.0, 0, 0]], [[0, 1.0, 0], [0, 1.0, 0]]])
    check(waiting, 0)
    with pytest.raises(ValueError, match="state 0 cannot reach state 1, where a policy can stay"):
        check(waiting, 2)
    part = within(waiting, np.array([True, True, False]))
    assert part.dense().tolist() == waiting.dense()[:, :2, :, :2].tolist()
    assert within(waiting, np.array([True, True, True])) == waiting


def test_a_state_that_every_action_leaves_now_and_then_is_no_trap():
    """Its way out is a loop of two states, of which one leaks."""
    leaky = [[[0, 1.0, 0], [0, 1.0, 0]], [[0.9, 0, 0.1], [0.5, 0, 0.5]], [[0, 0, 1.0]] * 2]
    assert best(Model(leaky), np.array([[1.0, 1.0], [1.0, 1.0], [0.5, 0.25]])).gain == pytest.approx(0.5, abs=1e-12)
    check(Model(leaky))
    tight = [leaky[0], [[1.0, 0, 0], [0.5, 0, 0.5]], leaky[2]]
    with pytest.raises(ValueError, match="must be weakly communicating"):
        check(Model(tight))


@pytest.mark.parametrize("seed", range(40))
def test_weak_communication_against_all_policies(seed):
    """Exactly then every policy's recurrent states reach one another, over all policies of three states."""
    g = np.random.default_rng(seed)
    table = (g.random((3, 2, 3)) < 0.4) * 1.0
    table[table.sum(axis=2) == 0.0, 0] = 1.0
    table /= table.sum(axis=2, keepdims=True)
    recurrent = set()
    for actions in product(range(2), repeat=3):
        law = np.linalg.matrix_power(0.5 * (np.eye(3) + table[np.arange(3), actions]), 2**14)
        recurrent |= set(np.flatnonzero(law.max(axis=0) > 1e-6).tolist())
    reach = np.linalg.matrix_power(np.eye(3) + table.sum(axis=1), 4) > 0.0
    fine = all(reach[s, t] for s in recurrent for t in recurrent)
    if fine:
        check(Model(table))
    else:
        with pytest.raises(ValueError, match="must be weakly communicating"):
            check(Model(table))


@pytest.mark.parametrize("kind", ["garnet", "riverswim"])
def test_many_states(kind):
    """A thousand and more, sparse: the equation holds, whichever way it was solved."""
    size = {"n_states": 2000, "n_actions": 4, "branching": 5} if kind == "garnet" else {"n": 1000}
    given = tables_of({"name": kind, "parameters": size})
    found = best(given.model, given.rewards)
    residual = action_values(given.model, given.rewards, found.bias).max(axis=1) - found.gain - found.bias
    assert np.abs(residual).max() < 1e-10 * (1.0 + np.ptp(found.bias))
    ends = bracket(given.model, given.rewards, found.bias, most=1)
    assert ends.high - ends.low < 1e-9

"""Hidden contexts: exact values of the mixtures, the walk against a plain one, regret, and what is refused."""

import numpy as np
import pytest

from bandits.mdp.histories import history_value
from bandits.mdp.planning import best_policy
from environments import EpisodicMDP, LatentMDP
from environments.checks import check_environment
from environments.mdp.mixtures import mixture_of
from environments.mdp.models import Tables


def of(name, **parameters):
    return {"name": name, "parameters": parameters}


def values(name, **parameters):
    instance = LatentMDP(of(name, **parameters)).instance()
    return instance.value, instance.memoryless, instance.known_context


@pytest.mark.parametrize("q", [0.7, 0.9, 0.5])
def test_the_signal(q):
    """The i-th signal's action is right as often as a majority of i signals, of which one and two are the same."""
    history, memoryless, known = values("signal", q=q)
    assert history == pytest.approx((2 * q + q**3 + 3 * q**2 * (1 - q)) / 3, abs=1e-9)
    assert (memoryless, known) == pytest.approx((q, 1.0), abs=1e-12)
    if q == 0.7:
        assert history == pytest.approx(0.728, abs=1e-9)


def test_the_treasure():
    """Three hints and a majority of them; who has no memory but the stage does with less."""
    assert values("treasure", q=0.7) == pytest.approx((0.784, 0.742, 1.0), abs=1e-9)
    assert values("treasure", q=0.6)[0] == pytest.approx(0.648, abs=1e-9)
    assert values("treasure", q=0.6, n_stages=5)[0] == pytest.approx(0.648, abs=1e-9)
    assert LatentMDP("treasure").instance().variance == pytest.approx(0.169344, abs=1e-12)
    assert values("treasure", q=0.5, weight=0.8)[0] == pytest.approx(0.8, abs=1e-12)
    assert values("treasure", n_stages=1)[0] == 0.5


def test_an_arm_that_is_hidden_or_shown():
    assert values("bandit_mixture") == pytest.approx((0.5, 0.5, 1.0), abs=1e-12)
    assert values("bandit_mixture", revealed=True)[0] == pytest.approx(0.9, abs=1e-12)
    assert values("bandit_mixture", n_stages=2, n_arms=4) == pytest.approx((0.25, 0.25, 1.0), abs=1e-12)


@pytest.mark.parametrize("name", ["signal", "treasure", "bandit_mixture"])
def test_no_episode_earns_more_than_one(name):
    for n_stages in (2, 3, 5):
        assert max(most for _, most in mixture_of(of(name, n_stages=n_stages)).totals) == pytest.approx(1.0)


def drawn(seed, n_contexts=3, n_states=3, n_actions=2, n_stages=3):
    rng = np.random.default_rng(seed)
    transitions = rng.dirichlet(np.full(n_states, 0.4), (n_contexts, n_states, n_actions))
    transitions[0, 0, 0] = np.eye(n_states)[-1]
    return of(
        "table",
        transitions=transitions,
        rewards=rng.random((n_contexts, n_states, n_actions)) / n_stages,
        n_stages=n_stages,
        weights=rng.dirichlet(np.ones(n_contexts)).tolist(),
        start=rng.dirichlet(np.ones(n_states), n_contexts),
    )


def first_above(row, u):
    total, last = 0.0, 0
    for i, p in enumerate(row):
        if p > 0.0:
            total, last = total + p, i
            if u < total:
                return i
    return last


@pytest.mark.parametrize("markov", [False, True])
def test_the_walk_is_the_plain_one(markov):
    mixture, K, H, S = drawn(4), 60, 3, 3
    tables, environment = mixture["parameters"], LatentMDP(mixture, horizon=K)
    tape = environment.draw(np.random.default_rng(5))
    streams = dict(zip(tape._fields, np.random.default_rng(5).spawn(6), strict=True))
    moves, starts, contexts = (streams[name].random(4096) for name in ("transition", "start", "context"))
    environment.begin(tape)
    rng, u, earned, worth, met = np.random.default_rng(9), 0, 0.0, 0.0, set()
    for k in range(K):
        policy = rng.integers(0, 2, (H, S) if markov else S + S**2 + S**3)
        m = first_above(tables["weights"], contexts[k])
        s = first_above(tables["start"][m], starts[k])
        assert environment.observe() == s
        states, actions, rewards, node = [s], [], [], s
        for h in range(H):
            a = policy[h, s] if markov else policy[node]
            actions.append(a)
            rewards.append(tables["rewards"][m, s, a])
            s = first_above(tables["transitions"][m, s, a], moves[u])
            states.append(s)
            node, u = S * (node + 1) + s, u + 1
        reward, trajectory = environment.transition(policy)
        assert [x.tolist() for x in trajectory[:3]] == [states, actions, rewards]
        assert (trajectory.context, trajectory.losses) == (m, None)
        assert not any(x.flags.writeable for x in trajectory[:3])
        met.add(m)
        earned += sum(rewards)
        worth += history_value(environment._tree.checked(policy), environment._contexts, H)[0]
        found = environment.metrics(np.array([k + 1]))
        assert reward == pytest.approx(sum(rewards))
        assert (found["reward"][0], found["value"][0]) == pytest.approx((earned, worth), abs=1e-10)
    assert met == {0, 1, 2}


def test_what_is_earned_has_the_mean_that_is_told():
    environment = LatentMDP(drawn(1), horizon=4000)
    environment.reset(seed=3)
    policy = np.random.default_rng(2).integers(0, 2, 39)
    rewards = [environment.transition(policy)[0] for _ in range(4000)]
    mean, variance = history_value(policy, environment._contexts, 3)
    assert np.mean(rewards) == pytest.approx(mean, abs=4.5 * np.sqrt(variance / 4000))
    assert np.var(rewards) == pytest.approx(variance, rel=0.1)


@pytest.mark.parametrize("equal", [False, True])
def test_one_context_or_equal_ones_are_episodes(equal):
    """The same optimum, and under equal luck the same run."""
    parameters = drawn(6, n_contexts=1)["parameters"]
    law = parameters["start"][0]
    plain = Tables(mixture_of(of("table", **parameters)).models[0], parameters["rewards"][0], law, 3)
    if equal:
        parameters = {**parameters, "weights": [0.2, 0.8], "start": law}
        parameters |= {name: np.repeat(parameters[name], 2, axis=0) for name in ("transitions", "rewards")}
    one, other = LatentMDP(of("table", **parameters), horizon=40), EpisodicMDP(plain, horizon=40)
    assert one.instance().value == pytest.approx(other.instance().value, abs=1e-12)
    assert one.instance().memoryless == pytest.approx(one.instance().value, abs=1e-12)
    assert one.instance().known_context == pytest.approx(one.instance().value, abs=1e-12)
    for environment in (one, other):
        environment.begin(environment.draw(np.random.default_rng(8)))
    rng = np.random.default_rng(9)
    for _ in range(40):
        policy = rng.integers(0, 2, (3, 3))
        found, told = one.transition(policy)[1], other.transition(policy)[1]
        assert found.states.tolist() == told.states.tolist()
        assert found.rewards.tolist() == told.rewards.tolist()


def test_contexts_can_change_places():
    mixture, order = drawn(2), [2, 0, 1]
    moved = {k: v if k == "n_stages" else np.asarray(v)[order] for k, v in mixture["parameters"].items()}
    one, other = LatentMDP(mixture).instance(), LatentMDP(of("table", **moved)).instance()
    for name in ("value", "memoryless", "known_context", "variance", "largest_total"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-12)


def test_comparators_can_be_played():
    environment = LatentMDP("treasure", horizon=20)
    times = np.arange(1, 21)
    for name in ("history", "memoryless"):
        environment.reset(seed=1)
        for _ in range(20):
            environment.transition(environment.clairvoyant(name))
        assert environment.metrics(times)["value"] == pytest.approx(environment.comparators(times)[name], rel=1e-12)
    with pytest.raises(ValueError, match="comparator must be history or memoryless, got 'context'"):
        environment.clairvoyant("context")


def test_the_worst_policy():
    """It finds the treasure never by looking for ever, and the signal by the wrong action."""
    for name, least in (("treasure", 0.0), ("signal", 1.0 - 0.728)):
        environment = LatentMDP(name)
        environment.reset(seed=0)
        assert environment.comparators(np.array([10]))["worst"] == pytest.approx([10 * least], abs=1e-9)


def test_without_all_policies_there_is_no_memoryless_comparator():
    mixture = drawn(3, n_contexts=2, n_states=4, n_actions=3, n_stages=4)
    environment = LatentMDP(mixture, horizon=20)
    check_environment(lambda: LatentMDP(mixture, horizon=20))
    assert environment.instance().memoryless is None
    assert [regret.name for regret in environment.regrets()] == ["history", "realized"]
    environment.reset(seed=0)
    assert set(environment.comparators(np.array([1]))) == {"history", "context", "worst"}
    with pytest.raises(
        ValueError, match=r"comparator must be history, got 'memoryless': .* 3\^16 policies, more than the 1000000"
    ):
        environment.clairvoyant("memoryless")


def test_a_value_is_worked_out_once_for_a_policy(monkeypatch):
    import environments.mdp.latent as module

    calls = []

    def counted(*arguments):
        calls.append(1)
        return history_value(*arguments)

    environment = LatentMDP("signal", horizon=20)
    environment.reset(seed=1)
    monkeypatch.setattr(module, "history_value", counted)
    policy = np.zeros(120, dtype=int)
    for k in range(20):
        if k == 10:
            policy[0] = 1  # in place
        environment.transition(policy)
    assert len(calls) == 2


@pytest.mark.parametrize(
    ("action", "what"),
    [
        (np.zeros(119, dtype=int), r"action must be a policy: 120 whole numbers, one a history, .* got int64 \[119\]"),
        (np.full(120, 2), r"actions of a policy must lie in 0\.\.1, got 2"),
        (np.full((4, 3), -1), r"actions of a policy must lie in 0\.\.1, got -1"),
        (np.zeros(120), r"got float64 \[120\]"),
        (None, "action must be a policy"),
    ],
)
def test_a_policy_that_is_none_changes_nothing(action, what):
    one, twin = LatentMDP("signal", horizon=20), LatentMDP("signal", horizon=20)
    one.reset(seed=1), twin.reset(seed=1)
    policy = np.ones(120, dtype=int)
    for k in range(20):
        if k == 7:
            with pytest.raises(ValueError, match=what):
                one.transition(action)
        assert one.transition(policy)[1].states.tolist() == twin.transition(policy)[1].states.tolist()
    assert one.metrics(np.array([20]))["reward"] == twin.metrics(np.array([20]))["reward"]
    with pytest.raises(RuntimeError, match="the run is over at time 20"):
        one.transition(policy)


HALF = [[[0.5, 0.5], [1.0, 0.0]]] * 2


def table(**given):
    parameters = {"transitions": [HALF, HALF], "rewards": np.full((2, 2, 2), 0.25), "n_stages": 2}
    return {"mixture": of("table", **{**parameters, **given})}


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        ({"forced": 1}, "forced must be true or false, got 1"),
        ({"mixture": "treasury"}, "did you mean 'treasure'"),
        ({"mixture": of("treasure", q=1.5)}, r"q must be a finite number in \[0, 1\], got 1.5"),
        ({"mixture": of("treasure", weight=0.0)}, r"weight must be a finite number in \(0, 1\), got 0.0"),
        ({"mixture": of("treasure", n_stages=0)}, "n_stages must be a whole number >= 1, got 0"),
        ({"mixture": of("treasure", n_stages=7)}, "n_stages must be lower, got 7.* more than the 200000 allowed, or"),
        ({"mixture": of("treasure", n_stages=10**9), "forced": True}, "more than the 5000000 allowed"),
        ({"mixture": of("signal", n_stages=1)}, "n_stages must be a whole number >= 2, got 1"),
        ({"mixture": of("bandit_mixture", n_arms=0)}, "n_arms must be a whole number in 1..100, got 0"),
        (table(weights=[0.5, 0.4]), r"weights must be 2 probabilities, >= 0, whose sum is 1, got \[0.5, 0.4\]"),
        (table(weights=[1.0, 0.0]), r"weights must be above 0, got \[1.0, 0.0\]: leave the context out"),
        (table(weights=[0.2, 0.3, 0.5]), "weights must be 2 probabilities"),
        (table(weights="x"), "weights: a table must hold finite numbers"),
        (table(transitions=[HALF, [[[0.5, 0.4], [1.0, 0.0]]] * 2]), "context 1: transitions must sum to 1.*state 0"),
        (table(transitions=[HALF, [[[1.0]]]]), r"transitions\[1\] must have 2 states, 2 actions and one stage"),
        (table(transitions=[]), "transitions must be one table a context, got"),
        (table(transitions=3), "transitions must be one table a context, got 3"),
        (table(rewards=np.full((2, 2, 2), 1.5)), r"rewards must lie in \[0, 1\], got 1.5 at \[0, 0, 0\]"),
        (table(rewards=np.full((2, 2), 0.1)), r"rewards must have the shape \[2, 2, 2\], got \[2, 2\]"),
        (table(rewards=np.full((2, 2, 2), np.nan)), "rewards: a table must hold finite numbers, got nan"),
        (
            table(rewards=[np.full((2, 2), 0.5), [[0.5, 0.5], [0.5, 0.6]]]),
            "at most 1 in an episode, got 1.1 in context 1",
        ),
        (table(n_stages=5), "rewards must sum to at most 1 in an episode, got 1.25 in context 0 over 5 stages"),
        (table(n_stages=0), "n_stages must be a whole number >= 1, got 0"),
        (table(start=2), r"start must be a whole number in 0\.\.1, got 2"),
        (table(start=[0.5, 0.4]), "start must be 2 probabilities"),
        (table(start=[[0.5, 0.5], [0.5, 0.4]]), r"start\[1\] must be 2 probabilities"),
        (table(start=[[0.5, 0.5]]), "start must be 2 laws, one a context, or one for all, got 1"),
    ],
)
def test_what_is_refused(arguments, what):
    with pytest.raises(ValueError, match=what):
        LatentMDP(**arguments)


def test_a_path_that_cannot_be_does_not_count():
    """An episode may not earn more than 1, on a path of positive probability."""
    apart = [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]]
    rich = [[[0.5, 0.2], [1.0, 1.0]]] * 2
    assert LatentMDP(**table(transitions=[apart, apart], rewards=rich)).instance().largest_total == 1.0
    with pytest.raises(ValueError, match=r"at most 1 in an episode, got 2\.0 in context 0"):
        LatentMDP(**table(transitions=[apart, apart], rewards=rich, start=1))


def test_larger_trees_where_forced():
    environment = LatentMDP(of("treasure", n_stages=6, q=0.6), forced=True)
    assert environment.instance().value == pytest.approx(0.68256, abs=1e-9)  # a majority of five
    with pytest.raises(ValueError, match="n_stages must be lower"):
        LatentMDP(of("treasure", n_stages=6, q=0.6))


def test_learners_are_told_what_they_may_know():
    told = LatentMDP(drawn(3)).problem
    assert (told.n_contexts, told.low, told.high, told.n_stages) == (3, 0.0, 1.0, 3)
    assert told.start_laws == pytest.approx(np.array(drawn(3)["parameters"]["start"]))
    assert told.start_law == pytest.approx(told.weights.array @ told.start_laws)
    assert LatentMDP("signal").problem.starts is None


def test_the_context_that_is_known():
    mixture = mixture_of(drawn(5))
    known = [best_policy(m, r, 3)[0][0] for m, r in zip(mixture.models, mixture.rewards, strict=True)]
    mean = sum(w * law @ v for w, law, v in zip(mixture.weights, mixture.starts, known, strict=True))
    assert LatentMDP(mixture).instance().known_context == pytest.approx(mean, abs=1e-12)

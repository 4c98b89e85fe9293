"""Speed of learners of episodes: a plan against a plain backward pass, an episode, its value, memory."""

import numpy as np
import pytest
from timing import Pairs, measure, peak

from bandits import POLICIES
from bandits.mdp.planning import best_policy, policy_values
from environments import EpisodicMDP
from environments.mdp.models import tables_of

PLANS = 50
GARNET = {"name": "garnet", "parameters": {"n_states": 100, "n_actions": 4, "branching": 5, "seed": 1}}


def experienced(name, **parameters):
    """A learner that has seen 2000 episodes of uniform play of 20 steps in a garnet of 100 states."""
    environment = EpisodicMDP(GARNET, 20, horizon=2000)
    environment.begin(environment.draw(np.random.default_rng(1)))
    learner, uniform = POLICIES.build({"name": name, "parameters": parameters}), POLICIES.build("uniform_policy")
    for policy in (learner, uniform):
        policy.reset(environment.problem, np.random.default_rng(2))
    for _ in range(2000):
        learner.update(0, None, environment.transition(uniform.choose(0))[1])
    return learner


def backward(n):
    """So many backward passes over the true model, compiled, without bonuses."""
    tables = tables_of(GARNET)

    def game():
        for _ in range(n):
            best_policy(tables.model, tables.rewards, 20)

    return game


@pytest.mark.parametrize(
    ("name", "parameters", "at_most"),
    [
        ("ucbvi", {"bonus_scale": 0.01}, 3),
        ("ucbvi", {"bonus": "bernstein", "bonus_scale": 0.01}, 4),
        ("mvp", {"bonus_scale": 0.002}, 3),
    ],
    ids=["hoeffding", "bernstein", "mvp"],
)
def test_a_plan(record, name, parameters, at_most):
    learner = experienced(name, **parameters)

    def game():
        for _ in range(PLANS):
            learner.plan()

    pairs = measure(game, backward(PLANS), "plan", (PLANS, PLANS))
    what = f"`{name}`{', bernstein' if 'bonus' in parameters else ''}: a plan, S = 100, A = 4, H = 20"
    record(what, pairs, "a compiled backward pass over the true model", at_most)


def test_an_episode_whose_policy_has_not_changed(record):
    """It is walked through, but not valued again."""
    environment, policy = EpisodicMDP(GARNET, 20, horizon=100_000), np.zeros((2, 20, 100), dtype=np.int64)
    policy[1, 0, 0] = 1

    def played(change):
        def game():
            environment.begin(environment.draw(np.random.default_rng(1)))
            for k in range(2000):
                environment.transition(policy[k % 2 if change else 0])

        return game

    pairs = measure(played(False), played(True), "episode", (2000, 2000))
    record("an episode of a policy that has not changed, S = 100, H = 20", pairs, "of one that has", 0.9)


def test_a_policy_is_valued_as_fast_as_memory_is_read(record):
    """S = 10,000 states, five next states each: linear in the entries of the rows that the policy takes."""
    model = {"name": "garnet", "parameters": {"n_states": 10_000, "n_actions": 4, "branching": 5, "seed": 1}}
    tables, policy = tables_of(model), np.random.default_rng(1).integers(0, 4, (10, 10_000))

    def rows():
        import scipy.sparse as sp

        m = tables.model
        matrix = sp.csr_array((m.probabilities, m.states, m.starts), shape=(m.n_rows, m.n_states))
        return [matrix[np.arange(10_000) * 4 + actions] for actions in policy]

    matrices, paid = rows(), [tables.rewards[np.arange(10_000), actions] for actions in policy]

    def reference():
        values = np.zeros(10_000)
        for h in range(9, -1, -1):
            values = paid[h] + matrices[h] @ values
        return values

    assert np.allclose(reference(), policy_values(tables.model, tables.rewards, policy)[0])
    pairs = measure(lambda: policy_values(tables.model, tables.rewards, policy), reference, "value")
    record("value of a policy, S = 10,000, five next states, H = 10", pairs, "`scipy.sparse`, rows picked before", 4)


@pytest.mark.parametrize("name", ["episodic_q", "ucb_h", "mvp", "ucbvi", "episodic_psrl"])
def test_an_episode_of_a_learner(record, name):
    """The whole cost of an episode of the river, plans included, beside uniform play."""

    def played(name):
        environment = EpisodicMDP({"name": "riverswim", "parameters": {"n": 6}}, 20, horizon=2000)
        policy = POLICIES.build(name)

        def game():
            environment.begin(environment.draw(np.random.default_rng(1)))
            policy.reset(environment.problem, np.random.default_rng(2))
            policy.advance(environment, 2000)

        return game

    pairs = measure(played(name), played("uniform_policy"), "episode", (2000, 2000))
    record(f"`{name}`: an episode, river, H = 20", pairs, "`uniform_policy`", 3)


def test_memory_does_not_grow_with_the_horizon(record):
    """In processes of their own; the first 65,536 episodes of a record are kept in a larger form."""
    code = (
        "import numpy as np\nfrom bandits import UCBVI\nfrom environments import EpisodicMDP\n"
        "environment, policy = EpisodicMDP('riverswim', 20, horizon={n}), UCBVI(bonus_scale=0.01)\n"
        "environment.begin(environment.draw(np.random.default_rng(1)))\n"
        "policy.reset(environment.problem, np.random.default_rng(2))\npolicy.advance(environment, {n})\n"
    )
    peaks = [peak(code.format(n=n)) for n in (200_000, 70_000)]
    record("peak memory of 200,000 episodes of `ucbvi`", Pairs((peaks[0],), (peaks[1],), "run", "B"), "of 70,000", 1.1)

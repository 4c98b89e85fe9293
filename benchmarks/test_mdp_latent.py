"""Speed of policies over histories where contexts are hidden: a plan, an episode, and plans of larger trees."""

import numpy as np
import pytest
from games import LOOP, ROUNDS, loop, within
from timing import Growth, Pairs, growth, measure, peak

from bandits import POLICIES
from bandits.mdp.histories import Bonus, Contexts, HistoryTree, best_history_policy
from environments import LatentMDP
from environments.mdp.mixtures import mixture_of

PLANS = 100


def planner(n_stages, plans):
    """So many plans of an optimist that has seen nothing, on a treasure of that many stages."""
    mixture = mixture_of({"name": "treasure", "parameters": {"n_stages": n_stages}})
    known = mixture.contexts
    contexts = Contexts(known.starts, np.full_like(known.transitions, 0.25), known.rewards)
    bonus = Bonus(np.full(known.rewards.shape, 0.3), np.full(known.rewards.shape, 0.1), 1.0)
    tree = HistoryTree(4, 3, n_stages, 1, forced=True)

    def game():
        for _ in range(plans):
            best_history_policy(tree, contexts, bonus)

    return game


def test_a_plan_of_the_treasure(record):
    """Under two milliseconds where the loop plays 18 million rounds a second."""
    pairs = measure(planner(4, PLANS), loop, "plan", (PLANS, 1))
    record("plan over histories, treasure, 1885 nodes", pairs, f"{ROUNDS:,} rounds of the {LOOP}", within(0.002))


def test_a_plan_grows_with_the_nodes(record_growth):
    """The number of nodes is 12 to the power of the stages."""
    sizes = [sum(HistoryTree(4, 3, n_stages, 1, forced=True).levels) for n_stages in range(3, 7)]
    games = dict(zip(sizes, range(3, 7), strict=True))
    found = growth(sizes, lambda size: planner(games[size], max(1, 20_000 // size)))
    per_plan = np.array([max(1, 20_000 // size) for size in sizes], dtype=float)
    record_growth("mdp_latent", "plan over histories", "nodes", Growth(found.sizes, found.seconds / per_plan), 1.0)


@pytest.mark.parametrize(("name", "at_most"), [("latent_greedy", 2000), ("latent_optimism", 2000)])
def test_an_episode(record, name, at_most):
    """Of a run of 2000 from ``reset`` to its end, plans included."""
    environment, policy, episodes = LatentMDP("treasure", horizon=2000), POLICIES.build(name), 2000

    def game():
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        policy.advance(environment, episodes)

    pairs = measure(game, loop, "episode", (episodes, ROUNDS))
    record(f"`{name}`, treasure, 2000 episodes", pairs, LOOP, at_most)


def test_memory_does_not_grow_with_the_horizon(record):
    """In processes of their own; the first 65,536 episodes of a record are kept in a larger form."""
    code = (
        "import numpy as np\nfrom bandits import LatentGreedy\nfrom environments import LatentMDP\n"
        "environment, policy = LatentMDP('signal', horizon={n}), LatentGreedy()\n"
        "environment.begin(environment.draw(np.random.default_rng(1)))\n"
        "policy.reset(environment.problem, np.random.default_rng(2))\npolicy.advance(environment, {n})\n"
    )
    peaks = [peak(code.format(n=n)) for n in (200_000, 70_000)]
    pairs = Pairs((peaks[0],), (peaks[1],), "run", "B")
    record("peak memory of 200,000 episodes of `latent_greedy`", pairs, "of 70,000 episodes", 1.1)

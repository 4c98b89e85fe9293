"""Speed of learners against losses that change: an episode, the step of mirror descent as states grow, memory."""

import numpy as np
import pytest
from games import ROUNDS, loop, within
from timing import Pairs, growth, measure, peak

from bandits import POLICIES
from bandits.mdp.flows import first_flow, nearest_flow
from environments import AdversarialMDP
from environments.mdp.models import tables_of

EPISODES = 1000


def run(name, source, feedback="bandit"):
    """A run from ``reset`` to its end."""
    environment, policy = AdversarialMDP(source, feedback, horizon=EPISODES), POLICIES.build(name)

    def game():
        environment.begin(environment.draw(np.random.default_rng(1)))
        policy.reset(environment.problem, np.random.default_rng(2))
        policy.advance(environment, EPISODES)

    return game


@pytest.mark.parametrize(
    ("name", "source", "feedback", "size", "seconds"),
    [
        ("o_reps", "switching", "full", "S = 5, A = 3, H = 4", 1e-3),
        ("o_reps", "switching", "bandit", "S = 5, A = 3, H = 4", 1e-3),
        ("reduced_po", "aggregated", "bandit", "S = 6, A = 4, H = 3, d = 3", 0.25e-3),
        ("log_barrier_po", "aggregated", "bandit", "S = 6, A = 4, H = 3, d = 3", 0.25e-3),
        ("uob_reps", "switching", "bandit", "S = 5, A = 3, H = 4", 5e-3),
    ],
)
def test_an_episode(record, name, source, feedback, size, seconds):
    """Environment and exact value included; limits are where the loop plays 18 million rounds a second."""
    pairs = measure(run(name, source, feedback), loop, "episode", (EPISODES, 1))
    record(f"`{name}`, {feedback}, {size}", pairs, f"{ROUNDS:,} rounds of the hand-written UCB1 loop", within(seconds))


def test_a_step_of_mirror_descent_grows_with_the_states(record_growth):
    """At most with the cube of the number of states: the Hessian's factor has a band of two stages."""
    sizes = [10, 20, 40, 80]

    def game(n_states):
        garnet = {"name": "garnet", "parameters": {"n_states": n_states, "n_actions": 3, "branching": 3, "seed": 1}}
        model, start = tables_of(garnet).model, np.full(n_states, 1.0 / n_states)
        flow, x = first_flow(model, start, 5), 0.1 * np.random.default_rng(0).random((5, n_states, 3))

        def step():
            for _ in range(max(1, 400 // n_states)):
                nearest_flow(model, start, flow, x)

        return step

    found = growth(sizes, game)
    per_step = type(found)(found.sizes, found.seconds / np.array([max(1, 400 // n) for n in sizes], dtype=float))
    record_growth("mdp_adversarial", "step of mirror descent, five stages", "states", per_step, 3.0)


def test_memory_does_not_grow_with_the_horizon(record):
    """Processes of their own, 2000 and 40,000 episodes; what the imports take is taken off."""
    code = (
        "import numpy as np\nfrom bandits import POLICIES\nfrom environments import AdversarialMDP\n"
        "environment, policy = AdversarialMDP('aggregated', horizon=40000), POLICIES.build('reduced_po')\n"
        "environment.begin(environment.draw(np.random.default_rng(1)))\n"
        "policy.reset(environment.problem, np.random.default_rng(2))\npolicy.advance(environment, {})\n"
    )
    short, long = peak(code.format(2000)), peak(code.format(40_000))
    pairs = Pairs((long - short + 1.0,), (20e6,), "run", "B")
    record("peak of 40,000 episodes over that of 2000, `reduced_po`", pairs, "20 MB", 1.0)

"""Speed of planning in Markov decision processes with many states, and of the environment of one life."""

import numpy as np
from games import LOOP, ROUNDS, loop, rounds_a_second, within
from scipy.sparse import csr_array
from timing import Pairs, growth, measure, peak

from bandits.mdp.diameter import diameter
from bandits.mdp.gain import best, bracket, values_ahead
from environments import AverageMDP
from environments.mdp.models import tables_of

STEPS = 1_000_000
SWEEPS = 200


def garnet(n_states):
    """Four actions, five next states each."""
    parameters = {"n_states": n_states, "n_actions": 4, "branching": 5}
    return tables_of({"name": "garnet", "parameters": parameters})


def test_a_sweep_of_value_iteration(record):
    """Ten thousand states: ours, damped and with its bracket, beside the plain one of scipy.sparse."""
    given = garnet(10_000)
    model = given.model
    rows = csr_array((model.probabilities, model.states, model.starts), shape=(model.n_rows, model.n_states))

    def theirs():
        values = np.zeros(model.n_states)
        for _ in range(SWEEPS):
            values = (given.rewards + (rows @ values).reshape(-1, 4)).max(axis=1)
            values -= values[0]

    pairs = measure(lambda: bracket(model, given.rewards, most=SWEEPS, width=-1.0), theirs, "sweep", (SWEEPS, SWEEPS))
    record("value iteration, 10,000 states, 4 actions, 5 next states", pairs, "`scipy.sparse`", 2)


def test_gain_and_bias_of_ten_thousand_states(record):
    """A process that mixes at once, and a river, in which what the end is worth takes long to get around."""
    for name, given, seconds in (
        ("garnet", garnet(10_000), 1.0),
        ("river", tables_of({"name": "riverswim", "parameters": {"n": 10_000}}), 60.0),
    ):
        pairs = measure(lambda given=given: best(given.model, given.rewards), loop, "solve", repeats=1)
        record(f"gain and bias, {name} of 10,000 states", pairs, LOOP, within(seconds))


def test_gains_grow_with_the_entries(record_growth):
    games = {n: garnet(n) for n in (1000, 3000, 10_000, 30_000)}
    found = growth(list(games), lambda n: lambda: best(games[n].model, games[n].rewards))
    record_growth("mdp_planning", "gain and bias", "states", found, 1.0)


def test_what_so_many_steps_can_earn(record):
    """The river of six states over a million steps, and four rooms over 200,000: each once for all replicates."""
    for name, steps, seconds in (("riverswim", 10**6, 0.5), ("fourrooms", 200_000, 5.0)):
        given = tables_of(name)
        times = np.array([steps])
        ahead = lambda given=given, times=times: values_ahead(given.model, given.rewards, given.start, times)  # noqa: E731
        record(f"best of {steps:,} steps, {name}", measure(ahead, loop, "solve", repeats=3), LOOP, within(seconds))


def test_a_diameter(record):
    given = garnet(300)
    pairs = measure(lambda: diameter(given.model), loop, "solve", repeats=1)
    record("diameter of 300 states", pairs, LOOP, within(30))


def test_a_step_one_by_one(record):
    """At least a hundred thousand a second, where the loop plays 18 million rounds a second."""
    environment, n = AverageMDP("riverswim", horizon=STEPS), 200_000

    def steps():
        environment.begin(environment.draw(np.random.default_rng(1)))
        for _ in range(n):
            environment.observe()
            environment.transition(1)

    record("a step of the environment", measure(steps, loop, "step", (n, ROUNDS)), LOOP, rounds_a_second(1e5))


def test_accounting_for_blocks(record):
    """Drawing the uniform numbers, walking over the states once more, and adding up at a hundred checkpoints."""
    environment = AverageMDP("riverswim", horizon=STEPS)

    def blocks():
        environment.begin(environment.draw(np.random.default_rng(1)))
        while environment.clock < STEPS:
            environment.absorb(np.ones(len(environment.block(STEPS).moves), dtype=np.int64))
        environment.metrics(np.linspace(1, STEPS, 100).astype(np.int64))

    record("blocks of steps, accounted for", measure(blocks, loop, "step", (STEPS, ROUNDS)), LOOP, 2)


def test_memory_does_not_grow_with_the_horizon(record):
    """In processes of their own; a record fills up in its first million steps."""
    code = (
        "import numpy as np\nfrom environments import AverageMDP\n"
        "environment = AverageMDP('riverswim', horizon={n})\n"
        "environment.begin(environment.draw(np.random.default_rng(1)))\n"
        "while environment.clock < {n}:\n"
        "    environment.absorb(np.ones(len(environment.block({n}).moves), dtype=np.int64))\n"
        "environment.metrics(np.array([{n}]))\n"
    )
    peaks = [peak(code.format(n=n)) for n in (10_000_000, 100_000)]
    record(
        "peak memory of 10,000,000 steps", Pairs((peaks[0] - peaks[1],), (20e6,), "run", "B"), "20 MB above 100,000", 1
    )

"""Multi-pass elimination and stored arms against plain references on the same tape."""

import math

import numpy as np
import pytest

from bandits import POLICIES, UCB1, BanditProblem, BetaThompson
from bandits.streaming.problem import CURRENT, Advance, Pull, StreamProblem
from environments import Stream


def now(environment):
    """The metrics at the present time."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


def eliminate(k, t, b_all, words, c, mode, reward, orders):
    """The paper's Algorithm 1 on plain lists: arms are played wherever they are; returns the arms played.

    ``reward(arm)`` pulls an arm; ``orders`` are the arms of each pass.
    """
    played, best, level, n_b = [], orders[0][0], 0.0, 1.0
    for b in range(b_all):
        if mode == "worst_case":
            n_b = t ** (2.0**b_all / (2.0 ** (b_all + 1) - 1.0)) * math.sqrt(n_b)
            cap = n_b / (k * b_all)
        else:
            n_b = t ** (1.0 / (b_all + 1)) * n_b
            cap = n_b
        waiting, active = list(orders[b]), [None] * (words - 1)
        while True:
            for j in range(words - 1):
                if active[j] is None and waiting:
                    active[j] = [waiting.pop(0), 0, 0.0]
            if not any(active):
                break
            j = min((j for j in range(words - 1) if active[j]), key=lambda j: active[j][1])
            if active[j][1] >= cap:
                active[j] = None
                continue
            if len(played) == t:
                return played, best
            arm = active[j][0]
            active[j][2] += reward(arm)
            active[j][1] += 1
            played.append(arm)

            def radius(entry):
                return math.sqrt(c * math.log2(t) / entry[1])

            seen = [(i, a) for i, a in enumerate(active) if a and a[1]]
            _, top = max(seen, key=lambda e: e[1][2] / e[1][1] - radius(e[1]))
            if top[2] / top[1] - radius(top) > level:
                level, best = top[2] / top[1] - radius(top), top[0]
            below = [i for i, a in seen if a[2] / a[1] + radius(a) < level]
            if below:
                active[below[0]] = None
    return played + [best] * (t - len(played)), best


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    ("passes", "words", "c", "mode"),
    [
        (1, 2, 5.0, "worst_case"),
        (1, 2, 0.05, "worst_case"),
        (2, 2, 0.05, "instance"),
        (2, 4, 0.02, "worst_case"),
        (3, 3, 0.3, "worst_case"),
        (2, 9, 0.05, "instance"),
        (1, 2, 9.0, "instance"),
    ],
)
def test_elimination_is_its_pseudo_code(passes, words, c, mode, seed):
    k, t = 7, 6400  # one pass, instance mode: a cap of 80, exactly
    stream = Stream("mixed", k, horizon=t, memory=words - 1, passes=passes, between="reshuffle", debug=True)
    tape = stream.draw(np.random.default_rng(seed))
    noise, at = np.random.default_rng(tape.seeds[2]).random(t), iter(range(t))
    shuffles = np.random.default_rng(tape.seeds[3])
    orders = [list(range(k)), *(shuffles.permutation(k).tolist() for _ in range(passes - 1))]

    def reward(arm):
        return 1.0 if tape.means[arm] - noise[next(at)] > 0.0 else 0.0

    expected, best = eliminate(k, t, passes, words, c, mode, reward, orders)
    stream.begin(tape)
    policy = POLICIES.load("memory_bounded_elimination")(passes, words, c, mode)
    policy.reset(stream.problem, np.random.default_rng(0))
    policy.advance(stream, t)
    played = [handle for action, handle, n, _ in stream.history if action == "pull" for _ in range(n)]
    assert played == expected
    assert now(stream)["peak_memory"] <= words - 1
    assert best in stream._stage.slots or stream._stage.current == best


def test_elimination_keeps_the_best_arm_of_an_early_pass():
    """A running maximum: the arm kept is not forgotten when the active set changes (the printed update forgets it)."""
    stream = Stream([0.95] + [0.5] * 9, horizon=10**6, order="given")
    for seed in range(5):
        stream.begin(stream.draw(np.random.default_rng(seed)))
        policy = POLICIES.load("memory_bounded_elimination")()
        policy.reset(stream.problem, np.random.default_rng(0))
        policy.advance(stream, 10**6)
        assert stream._stage.slots == [0]


@pytest.mark.parametrize(("name", "policy"), [("ucb1", UCB1()), ("beta_thompson", BetaThompson())])
@pytest.mark.parametrize("memory", [5, 8])
def test_stored_arms_are_an_ordinary_bandit(name, policy, memory):
    """The same rewards, given as a table to the policy itself: the same arms."""
    means = [0.2, 0.6, 0.5, 0.65, 0.1]
    stream = Stream(means, horizon=4000, memory=memory, order="given", debug=True)
    tape = stream.draw(np.random.default_rng(3))
    uniforms = np.random.default_rng(tape.seeds[2]).random(4000)
    table = (np.array(means)[None, :] - uniforms[:, None] > 0.0).astype(float)
    policy.reset(BanditProblem(n_actions=5, horizon=4000), np.random.default_rng(9))
    played = []
    for rewards in table.tolist():
        played.append(policy.choose(None))
        policy.update(None, played[-1], rewards[played[-1]])
    stream.begin(tape)
    adapter = POLICIES.load("offline")(policy=name)
    adapter.reset(stream.problem, np.random.default_rng(9))
    adapter.advance(stream, 4000)
    assert [handle for action, handle, _, _ in stream.history if action == "pull"] == played
    assert now(stream)["peak_memory"] == 5


def test_a_bare_environment_serves_too():
    """Nothing but ``observe`` and ``transition``: an environment of somebody else's."""

    class Bare:
        clock = 0

        def __init__(self):
            self.arm, self.problem = 0, StreamProblem(n_arms=3, memory=1, horizon=100)

        def observe(self):
            return None

        def transition(self, action):
            if action == Advance():
                self.arm += 1
            if not isinstance(action, Pull):
                return 0.0, None
            self.clock += action.n
            assert action.where in (0, CURRENT)
            return 0.0, (float(self.arm == 1) * action.n, action.n) if action.observe else None

    stream = Bare()
    policy = POLICIES.load("uniform_exploration")()
    policy.reset(stream.problem, np.random.default_rng(0))
    policy.advance(stream, 100)
    assert stream.clock == 100

"""The contract: one run however it is driven, on every kind of stream; bad parameters; what is registered."""

from pathlib import Path

import numpy as np
import pytest

from bandits import POLICIES, Policy, Problem, check_accepts
from bandits.checks import check_policy
from environments import ENVIRONMENTS, HardStream, Stream
from experiments.cells import Cell, run_cell
from experiments.study import checkpoints

CASES = [
    ("uniform_exploration", {}, {}),
    ("naive_log_k", {}, {}),
    ("tuned_etc", {}, {"rewards": "gaussian"}),
    ("tower_log", {}, {"memory": 5}),
    ("tower_log", {"resample_champion": True}, {"memory": 5}),
    ("tower_loglog", {"final_batch": "log"}, {"memory": 5}),
    ("tower_logstar", {}, {"memory": 5}),
    ("eps_best_single", {}, {}),
    ("eps_best_single", {"c": 8.0, "kappa": 2.0, "delta": 0.1}, {"passes": 2}),
    ("game_of_arms", {"gap": 0.02}, {"memory": 2}),
    ("commit_arm", {}, {}),
    ("commit_arm", {"which": "random"}, {}),
    ("memory_bounded_elimination", {}, {}),
    ("memory_bounded_elimination", {"passes": 3, "words": 4}, {"memory": 3, "passes": 3}),
    (
        "memory_bounded_elimination",
        {"passes": 2, "words": 3, "mode": "instance", "c": 0.1},
        {"memory": 4, "passes": 3, "between": "reshuffle", "rewards": "gaussian"},
    ),
    ("offline_ucb2", {}, {"memory": 40}),
    ("offline_ucb2", {"first_m": True}, {"memory": 4}),
    ("offline", {"policy": "ucb1"}, {"memory": 40, "horizon": 3000}),
    ("offline", {"policy": "beta_thompson"}, {"memory": 41, "horizon": 3000}),
    ("offline", {"policy": "gaussian_thompson"}, {"memory": 40, "horizon": 3000, "rewards": "gaussian"}),
    ("offline", {"policy": "ucb1", "parameters": {"exploration": 0.5}, "first_m": True}, {"horizon": 3000}),
]
CASE = pytest.mark.parametrize(("name", "parameters", "options"), CASES)


class Plain:
    """A stream without its blocks and stretches of arrivals."""

    def __init__(self, stream):
        self.stream, self.problem = stream, stream.problem
        self.observe, self.transition = stream.observe, stream.transition

    def __reduce__(self):
        return Plain, (self.stream,)

    @property
    def clock(self):
        return self.stream.clock

    @property
    def history(self):
        return self.stream.history


def stream(seed=3, debug=True, **options):
    world = Stream("mixed", 40, **({"horizon": 20_000} | options), debug=debug)
    world.begin(world.draw(np.random.default_rng(seed)))
    return world


@CASE
def test_contract(name, parameters, options):
    check_policy(
        lambda: POLICIES.load(name)(**parameters),
        lambda stepwise: Plain(stream(**options)) if stepwise else stream(**options),
    )


@CASE
def test_ledgers_agree_at_every_cut(name, parameters, options):
    """The plain loop and the policy's own driver: bit for bit, wherever the run is cut."""
    plain, fast = stream(debug=False, **options), stream(debug=False, **options)
    rng = np.random.default_rng(11)
    policies = [POLICIES.load(name)(**parameters) for _ in range(2)]
    for policy, world in zip(policies, (plain, fast), strict=True):
        policy.reset(world.problem, np.random.default_rng(7))
    while fast.clock < fast.horizon:
        rounds = min(int(rng.integers(1, 900)), fast.horizon - fast.clock)
        policies[1].advance(fast, rounds)
        while plain.clock < fast.clock:
            Policy.advance(policies[0], plain, 1)
        assert plain.ledger() == fast.ledger()
        assert plain.clock == fast.clock
    assert plain.ledger()["peak_memory"] <= plain.memory


@CASE
def test_more_memory_changes_nothing(name, parameters, options):
    if options.get("memory", 1) < 40 and not parameters.get("first_m"):
        histories = []
        for more in (0, 30):
            world = stream(**(options | {"memory": options.get("memory", 1) + more}))
            policy = POLICIES.load(name)(**parameters)
            policy.reset(world.problem, np.random.default_rng(7))
            policy.advance(world, world.horizon)
            histories.append((world.history, world.ledger()))
        assert histories[0] == histories[1]


@CASE
def test_no_arm_is_pulled_out_of_its_time(name, parameters, options):
    """No pull before arrival or after the discard; N adds up to T and the regret to the sum of N gap."""
    world = stream(**options)
    policy = POLICIES.load(name)(**parameters)
    policy.reset(world.problem, np.random.default_rng(7))
    policy.advance(world, world.horizon)
    buffer, slots, pulls = 0, {}, np.zeros(40)
    for action, handle, number, used in world.history:
        assert used == pulls.sum()
        if action == "pull":
            assert handle == buffer or handle in slots.values()
            pulls[handle] += number
        elif action == "store":
            assert handle == buffer
            slots[number], buffer = handle, None
        elif action == "drop":
            assert slots.pop(number) == handle
        else:
            buffer = handle
        assert len(slots) <= world.memory
    assert pulls.sum() == world.horizon
    gaps = world.facts()["means"].max() - world.facts()["means"]
    assert -world.ledger()["shortfall"] == pytest.approx(float(pulls @ gaps), rel=1e-9)


ALL = [(name, parameters) for name, parameters, _ in CASES]


@pytest.mark.parametrize(("name", "parameters"), ALL)
def test_equal_arms_cost_nothing(name, parameters, play):
    _, world = play(name, Stream([0.4] * 40, horizon=3000, memory=40, passes=3), **parameters)
    assert world.ledger()["shortfall"] == 0.0


@pytest.mark.parametrize(("name", "parameters"), [c for c in ALL if c[0] not in ("game_of_arms",)])
def test_a_single_arm_costs_nothing(name, parameters, play):
    _, world = play(name, Stream([0.4], horizon=500, memory=3, passes=3), **parameters)
    assert world.ledger()["shortfall"] == 0.0
    assert world.ledger()["peak_memory"] <= 1


@pytest.mark.parametrize(("name", "parameters"), ALL)
def test_curves_never_fall(name, parameters, play):
    world = Stream("mixed", 40, horizon=20_000, memory=40, passes=3)
    world.begin(world.draw(np.random.default_rng(0)))
    policy = POLICIES.load(name)(**parameters)
    policy.reset(world.problem, np.random.default_rng(1))
    curve, times = [0.0], [0]
    while world.clock < world.horizon:
        policy.advance(world, 1)
        curve.append(-world.ledger()["shortfall"])
        times.append(world.clock)
    gap = float(np.ptp(world.facts()["means"]))
    slopes = np.diff(curve) / np.diff(times)
    assert np.all(slopes >= -1e-9)
    assert np.all(slopes <= gap * (1 + 1e-9))


@pytest.mark.parametrize(
    ("name", "parameters", "named"),
    [
        ("eps_best_single", {"c": 0.0}, "c must"),
        ("eps_best_single", {"theta": -1.0}, "theta must"),
        ("eps_best_single", {"g": 1.0}, "g must"),
        ("eps_best_single", {"kappa": 0.0}, "kappa must"),
        ("eps_best_single", {"delta": 0.0}, "delta must"),
        ("eps_best_single", {"delta": 1.0}, "delta must"),
        ("eps_best_single", {"delta": float("nan")}, "delta must"),
        ("tower_logstar", {"preset": "thoery"}, "did you mean 'theory'"),
        ("tower_logstar", {"delta": 2.0}, "delta must"),
        ("tower_log", {"resample_champion": 1}, "resample_champion must"),
        ("tower_log", {"final_batch": "b1"}, "final_batch must"),
        ("game_of_arms", {"gap": 0.0}, "gap must"),
        ("game_of_arms", {"gap": 1.1}, "gap must"),
        ("commit_arm", {"which": "last"}, "which must"),
        ("memory_bounded_elimination", {"passes": 0}, "passes must"),
        ("memory_bounded_elimination", {"words": 1}, "words must"),
        ("memory_bounded_elimination", {"c": 0.0}, "c must"),
        ("memory_bounded_elimination", {"mode": "both"}, "mode must"),
        ("offline_ucb2", {"alpha": 0.0}, "alpha must"),
        ("offline_ucb2", {"first_m": "yes"}, "first_m must"),
        ("offline", {"policy": "ucb_1"}, "did you mean 'ucb1'"),
        ("offline", {"policy": "hedge"}, "bandit feedback"),
        ("offline", {"policy": "ucb1", "parameters": {"exploration": -1.0}}, "exploration must"),
    ],
)
def test_bad_parameters(name, parameters, named):
    with pytest.raises(ValueError, match=named):
        POLICIES.load(name)(**parameters)


def test_game_of_arms_needs_its_gap():
    with pytest.raises(TypeError, match="gap"):
        POLICIES.load("game_of_arms")()


@pytest.mark.parametrize(
    ("name", "parameters", "options", "named"),
    [
        ("tower_logstar", {}, {}, "stores 2 arms of 30, but the memory holds 1"),
        ("game_of_arms", {"gap": 0.1}, {}, "stores 2 arms"),
        ("game_of_arms", {"gap": 0.1}, {"n_arms": 15, "memory": 2}, "at least 16 arms"),
        ("offline_ucb2", {}, {"memory": 29}, "first_m"),
        ("offline", {"policy": "ucb1"}, {"memory": 29}, "first_m"),
        ("memory_bounded_elimination", {"passes": 2}, {}, r"passes=2.* 1 time"),
        ("memory_bounded_elimination", {"words": 3}, {}, "needs 2 slots"),
        ("tower_logstar", {"preset": "theory"}, {"horizon": 10**12, "memory": 5}, "preset 'theory' needs"),
    ],
)
def test_streams_that_do_not_fit(name, parameters, options, named):
    world = Stream("mixed", **({"n_arms": 30, "horizon": 10**5} | options))
    with pytest.raises(ValueError, match=named):
        POLICIES.load(name)(**parameters).reset(world.problem, np.random.default_rng(0))


def test_problems_that_are_not_streams():
    policy = POLICIES.load("tower_log")()
    with pytest.raises(ValueError, match="horizon"):
        policy.reset(Problem("streaming", "bandit", 5, items=10, memory=9), np.random.default_rng(0))
    with pytest.raises(ValueError, match="arms"):
        policy.reset(Problem("streaming", "bandit", 5, 100), np.random.default_rng(0))
    with pytest.raises(ValueError, match="plays streaming/bandit"):
        check_accepts(policy, Problem("arms", "bandit", 5, 100))


def test_everything_is_registered():
    assert {name for name, _, _ in CASES} <= set(POLICIES)
    assert ENVIRONMENTS.load("stream") is Stream
    assert ENVIRONMENTS.load("hard_stream") is HardStream


def test_curves_are_exact_within_batches():
    """Checkpoints inside a batch: the runner interpolates between the marks. Sixteen arms of mean 0, the last of 1."""
    environment = {"name": "stream", "parameters": {"means": [0.0] * 15 + [1.0], "order": "given"}}
    policy = {"name": "uniform_exploration", "parameters": {}}
    arrays, facts = run_cell(Cell("p", environment, policy, "uniform_exploration", 10**6, 1, 0, 2, 300))
    times = checkpoints(300, 10**6)
    expected = -np.minimum(times, 15 * 3779)
    assert np.allclose(arrays["series/shortfall"], expected, rtol=1e-13, atol=0.0)
    assert np.all(arrays["series/peak_memory"][:, times > 3779] == 1)
    assert np.all(arrays["series/peak_memory"][:, times <= 3779] == 0)
    assert [b["anytime"] for b in facts["bounds"]] == [False, False]


def test_the_documented_loop(capsys):
    """The block marked loop.py in docs/streaming.md, run as it stands."""
    text = (Path(__file__).parents[3] / "docs" / "streaming.md").read_text(encoding="utf-8")
    code = text.partition("<!-- loop.py -->\n```python\n")[2].partition("```")[0]
    exec(code, {})
    assert capsys.readouterr().out == "committed to arm 29 of mean 0.970; the best has 0.981\n"

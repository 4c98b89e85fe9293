"""A family of somebody else's, through an entry point alone: registry, study, figures, verdicts, report, gymnasium."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

PROBLEM = '''\
"""Guessing a bit: what a learner is told, and what theorems may know."""

from dataclasses import dataclass

from bandits import Family, Instance, Problem


@dataclass(frozen=True, kw_only=True)
class GuessProblem(Problem):
    """A bit is to be guessed in every round; the reward is 1 for a right guess, and the bit is told afterwards."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GuessInstance(Instance):
    """A biased coin.

    Attributes:
        bias: probability of a 1.
    """

    bias: float


FAMILY = Family(
    name="guessing",
    problem=GuessProblem,
    title="Guessing the next bit",
    policies={"majority": "guessing.policies:Majority", "stubborn": "guessing.policies:Stubborn"},
    environments={"coin": "guessing.coin:Coin"},
    gymnasium={"Sure": ("guessing.coin:Coin", {"bias": 1.0, "horizon": 3})},
    examples="guessing.coin:examples",
)
'''

POLICIES = '''\
"""Two ways to guess a bit."""

import numpy as np

from bandits import Assumption, Bound, Policy
from guessing import GuessInstance, GuessProblem


class Majority(Policy):
    """Guesses the bit that came more often.

    Follow the leader with two experts: a guess is wrong beyond the coin's noise with probability at most
    exp(-2 (t - 1) (p - 1/2)^2) in round t, by Hoeffding's inequality.
    """

    plays = (GuessProblem,)

    def reset(self, problem, rng):
        self._ones = self._rounds = 0

    def choose(self, observation):
        return int(2 * self._ones > self._rounds)

    def update(self, observation, action, feedback):
        self._ones += feedback
        self._rounds += 1

    def regret_bounds(self, problem, instance):
        if not isinstance(instance, GuessInstance):
            return ()
        gap = abs(2 * instance.bias - 1)
        rate = np.exp(-gap**2 / 2)
        sum_of_rates = gap / (1 - rate) if gap else 0.0
        return [
            Bound(
                name="Majority bound",
                kind="upper",
                curve=lambda t: np.full(len(t), sum_of_rates),
                comparator_class="fixed",
                source="Hoeffding 1963, summed over rounds",
                evidence="derived",
                assumptions=(Assumption("bits are independent", True),),
            ),
            Bound(
                name="Majority bound, high probability",
                kind="upper",
                curve=lambda t: np.full(len(t), 20 * sum_of_rates),
                comparator_class="fixed",
                source="Markov's inequality",
                evidence="derived",
                delta=0.05,
            ),
        ]


class Stubborn(Policy):
    """Guesses the same bit always.

    Args:
        bit: 0 or 1.
    """

    plays = (GuessProblem,)

    def __init__(self, bit=0):
        if bit not in (0, 1):
            raise ValueError(f"bit must be 0 or 1, got {bit!r}")
        self.bit = bit

    def reset(self, problem, rng):
        self._running = True

    def choose(self, observation):
        return self.bit if self._running else None

    def update(self, observation, action, feedback):
        assert self._running
'''

COIN = '''\
"""A biased coin, whose bits are to be guessed."""

import numpy as np
from gymnasium import spaces

from environments import Environment, Record, Regret
from guessing import GuessInstance, GuessProblem


class Coin(Environment):
    """A coin that shows 1 with probability ``bias``.

    Args:
        bias: in [0, 1].
        horizon: number of rounds.
    """

    def __init__(self, bias, horizon):
        if not 0.0 <= bias <= 1.0:
            raise ValueError(f"bias must be in [0, 1], got {bias!r}")
        self.bias, self.horizon = bias, horizon
        self.problem = GuessProblem(horizon=horizon)
        self.action_space = self.observation_space = spaces.Discrete(2)
        self._about = GuessInstance(bias=bias)

    def draw(self, rng):
        return (rng.random(self.horizon) < self.bias).astype(np.int64)

    def begin(self, tape):
        self.clock, self._bits, self._right, self._hoped = 0, tape, 0.0, 0.0
        self._record = Record(["reward", "expected_reward"])

    def observe(self):
        return np.int64(0)

    def transition(self, action):
        self.check_running()
        if action not in (0, 1):
            raise ValueError(f"action must be 0 or 1, got {action!r}")
        bit = int(self._bits[self.clock])
        self.clock += 1
        self._right += float(action == bit)
        self._hoped += self.bias if action == 1 else 1.0 - self.bias
        self._record.step(self.clock, (self._right, self._hoped))
        return float(action == bit), bit

    def metrics(self, times):
        return self._record.at(times)

    def comparators(self, times):
        return {"best_bit": max(self.bias, 1.0 - self.bias) * times, "worst": min(self.bias, 1.0 - self.bias) * times}

    def regrets(self):
        return (Regret("pseudo", "expected_reward", "best_bit", "fixed", "pseudo-regret to the likelier bit"),)

    def instance(self):
        return self._about


def examples():
    return [Coin(0.7, 200), Coin(0.5, 60), Coin(0.0, 40)]
'''

STUDY = """\
name: coins
title: Coins
seed: 5
batch: 20
replicates: 40
checkpoints: 20
experiments:
  - name: biased
    horizon: 400
    environment: {name: coin, parameters: {bias: 0.7}}
    policies: [majority, {name: stubborn, parameters: {bit: 1}}]
"""


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Runs Python with a distribution ``guessing`` on its path; returns what it prints."""
    folder = tmp_path_factory.mktemp("guessing")
    (folder / "guessing").mkdir()
    for name, text in (("__init__", PROBLEM), ("policies", POLICIES), ("coin", COIN)):
        (folder / f"guessing/{name}.py").write_text(text, encoding="utf-8")
    about = folder / "guessing-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: guessing\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[regretlab.families]\nguessing = guessing:FAMILY\n", encoding="utf-8")
    (folder / "coins.yaml").write_text(STUDY, encoding="utf-8")

    def call(code, *words, status=0):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True,
            text=True,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]),
            },
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    call.folder = folder
    return call


CLI = "from experiments.cli import main; main()"

SEVERAL = """
import json, sys
from click.testing import CliRunner
from experiments.cli import main
done = [CliRunner().invoke(main, line.split()) for line in sys.argv[1:]]
print(json.dumps([[one.exit_code, one.output] for one in done]))
"""
"""Commands one after another, in one process, as starting takes longer than any of them."""


@pytest.fixture(scope="module")
def ran(call):
    """What is printed of the study, in processes of its own."""
    return call(CLI, "run", "coins.yaml", "--jobs", "2")


@pytest.fixture(scope="module")
def printed(call):
    """Each command with its status and what it prints."""
    wrong = STUDY.replace("[majority,", "[majorty, ucb1,")
    (call.folder / "wrong.yaml").write_text(wrong, encoding="utf-8")
    commands = "list", "show Coin", "show MAJORITY", "run wrong.yaml"
    return dict(zip(commands, json.loads(call(SEVERAL, *commands)), strict=True))


def test_the_family_keeps_the_contract(call):
    call("from environments.checks import check_family; check_family('guessing')")


MADE = """
import gymnasium
from bandits.registry import POLICIES, ENVIRONMENTS

print(POLICIES.build({'name': 'stubborn', 'parameters': {'bit': 1}}), ENVIRONMENTS.load('coin').__name__)
try:
    POLICIES.build({'name': 'stubborn', 'parameters': {'bit': 7}})
except ValueError as error:
    print(error)
import environments

for name, arguments in (('Coin', {'bias': 1.0, 'horizon': 3}), ('Sure', {})):
    env = gymnasium.make(f'regretlab/{name}-v0', disable_env_checker=True, **arguments)
    env.reset(seed=1)
    print([env.step(1)[1:4] for _ in range(3)])
"""


def test_names_are_registered_and_refused_like_ours_and_gymnasium_makes_the_environment(call):
    *registered, first, second = call(MADE).splitlines()
    assert registered == ["Stubborn(bit=1) Coin", "policy: bit must be 0 or 1, got 7"]
    assert first == second == "[(1.0, False, False), (1.0, False, False), (1.0, False, True)]"


def test_list_and_show(printed):
    assert [printed[command][0] for command in ("list", "show Coin", "show MAJORITY")] == [0, 0, 0]
    assert re.search(
        r"^guessing: Guessing the next bit\n  environments\n    coin +A coin that shows 1 .*\n  policies\n"
        r"    majority +Guesses the bit that came more often\.\n    stubborn +Guesses the same bit always\.\n",
        printed["list"][1],
        re.MULTILINE,
    )
    assert "bias: in [0, 1]." in printed["show Coin"][1]
    shown = printed["show MAJORITY"][1]
    assert "Plays: GuessProblem (guessing)" in shown
    assert "Theorems in Coin with 200 rounds:" in shown
    assert "(upper, anytime, in expectation; derived): Hoeffding 1963, summed over rounds" in shown
    assert "(upper, anytime, with probability >= 0.95; derived): Markov's inequality" in shown
    assert "    bits are independent: holds" in shown


def test_a_study_from_the_file_to_the_report(call, ran):
    assert "6 computed, 0 kept, 0 failed" in ran
    folder = call.folder / "results/coins"
    assert (folder / "figures/coins.svg").is_file()
    page = (folder / "report.html").read_text(encoding="utf-8")
    for text in ("Majority bound", "with probability &gt;= 0.95", "derived", "bits are independent"):
        assert text in page
    (status, checked), (_, again) = json.loads(
        call(SEVERAL, "check results/coins --json", "run coins.yaml --jobs 1 --no-plot")
    )
    assert status == 0
    checked = json.loads(checked)
    (study,) = checked["studies"]
    assert not checked["failed"]
    assert [(v["bound"], v["result"], v["typical"], v["failed"]) for v in study["verdicts"]] == [
        ("Majority bound", "undecided", "holds", False),
        ("Majority bound, high probability", "undecided", "holds", False),
    ]
    assert [v["claim"] for v in study["verdicts"]] == ["in expectation", "with probability >= 0.95"]
    assert {v["evidence"] for v in study["verdicts"]} == {"derived"}
    assert "6 kept" in again


def test_their_code_is_in_the_name_of_the_results(call, ran):
    path = call.folder / "guessing/policies.py"
    before = path.read_text(encoding="utf-8")
    shutil.copytree(call.folder / "results", call.folder / "others")
    try:
        changed = before.replace("2 * self._ones > self._rounds", "2 * self._ones >= self._rounds")
        path.write_text(changed, encoding="utf-8")
        again = call(CLI, "run", "coins.yaml", "--out", "others", "--jobs", "1", "--no-plot")
    finally:
        path.write_text(before, encoding="utf-8")
    assert "4 computed, 2 kept" in again, "the comparators do not depend on the policies"


def test_mistakes_name_those_that_can_play(printed):
    status, told = printed["run wrong.yaml"]
    assert status == 1
    hint = (
        r"policies\[0\]\.name: unknown policy 'majorty' \(did you mean 'majority'\?\); policies that play Coin: (.*)\n"
    )
    able = re.search(hint, told)[1].split(", ")
    assert {"clairvoyant", "majority", "stubborn"} <= set(able)
    assert not {"ucb1", "lru", "groupwise"} & set(able)
    assert "policies[1]: UCB1 plays BanditProblem, but Coin is GuessProblem" in told

"""Classes of a script or of a function, which workers cannot import, go to them by value."""

import json
import subprocess
import sys
import threading

import numpy as np
import pytest

import experiments
from bandits import UCB1
from bandits.registry import naming
from experiments.run.runner import run
from experiments.study.config import parse_study

SCRIPT = '''
import sys

from bandits import UCB1
from bandits.registry import naming
from environments import BernoulliArms
from experiments.run.jobs import jobs_of
from experiments.run.runner import run
from experiments.study.config import parse_study

SHIFT = 1


def shifted(action):
    return (action + SHIFT) % 2


class Mine(UCB1):
    def choose(self, observation):
        return shifted(super().choose(observation))

    def leap(self, environment, most):
        return 0


class Coins(BernoulliArms):
    pass


def local(shift):
    class Inner(Mine):
        def choose(self, observation):
            return (super().choose(observation) + shift) % 2

    return Inner


STUDY = """
name: own
seed: 3
batch: 2
checkpoints: 10
experiments:
  - name: two
    horizon: 50
    replicates: 4
    environment:
      name: delayed
      parameters: {environment: {name: "__main__:Coins", parameters: {means: [0.2, 0.8]}}, delay: 1}
    policies:
      - {name: qpm_d, label: plain}
      - {name: qpm_d, label: mine, parameters: {policy: "__main__:Mine"}}
      - {name: qpm_d, label: inner, parameters: {policy: {name: "__main__:local.<locals>.Inner"}}}
"""

if __name__ == "__main__":
    classes = {f"__main__:{cls.__qualname__}": cls for cls in (Mine, Coins, local(1))}
    with naming(classes):
        study = parse_study(STUDY)
    where = {"one": {"jobs": 1}, "two": {"jobs": 2}, "dask": {"cluster": "local:1"}}
    for name in sys.argv[2:]:
        outcome = run(study, f"{sys.argv[1]}/{name}", classes=classes, **where[name])
        for done in outcome.failed:
            print(done.error)
        print(name, *sorted({done.status for done in outcome.done}))
'''


def call(folder, text, *where):
    (folder / "script.py").write_text(text, encoding="utf-8")
    command = [sys.executable, str(folder / "script.py"), str(folder), *where]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "jobs").iterdir()}


@pytest.mark.slow
def test_a_script_s_classes_go_everywhere_and_give_the_same_bytes(tmp_path):
    pytest.importorskip("distributed")
    lines = call(tmp_path, SCRIPT, "one", "two", "dask", "one")
    assert lines == ["one computed", "two computed", "dask computed", "one kept"], "no class has changed on the way"
    assert contents(tmp_path / "one") == contents(tmp_path / "two") == contents(tmp_path / "dask")
    result = experiments.load(tmp_path / "one").experiments["two"]
    assert not np.array_equal(result.regret("mine"), result.regret("plain"))
    remark = SCRIPT.replace("def shifted", "# a remark\n\n\ndef shifted").replace(
        "horizon: 50", "horizon: 50  # rounds"
    )
    assert call(tmp_path, remark, "one") == ["one kept"]
    assert call(tmp_path, SCRIPT.replace("SHIFT = 1", "SHIFT = 0"), "one") == ["one computed kept"]


@pytest.fixture
def own(text):
    """A study of a class of this function, with the classes by name."""
    lock = threading.Lock()

    class Free(UCB1):
        pass

    class Locked(UCB1):
        def choose(self, observation):
            with lock:
                return super().choose(observation)

    free, locked = (f"{__name__}:{cls.__qualname__}" for cls in (Free, Locked))
    with naming({free: Free, locked: Locked}):
        studies = {
            name: parse_study(text.replace("- ucb1", f"- {{name: {json.dumps(name)}, label: own}}"))
            for name in (free, locked)
        }
    return studies[free], {free: Free}, studies[locked], {locked: Locked}


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_class_of_a_function(own, jobs, tmp_path):
    study, classes, _, _ = own
    outcome = run(study, tmp_path, jobs=jobs, classes=classes)
    assert not outcome.failed, outcome.failed[0].error
    assert {done.status for done in run(study, tmp_path, jobs=jobs, classes=classes).done} == {"kept"}


def test_a_class_that_cannot_be_sent_is_an_error_before_work(own, tmp_path):
    _, _, study, classes = own
    with pytest.raises(ValueError, match=r"the class .*Locked cannot be sent to .*: .*lock.*; put it in a module"):
        run(study, tmp_path, jobs=2, classes=classes)
    assert not list((tmp_path / "jobs").iterdir())
    assert not run(study, tmp_path, jobs=1, classes=classes).failed


def test_without_the_class_the_job_fails_and_says_why(own, tmp_path):
    study, _, _, _ = own
    failed = run(study, tmp_path, jobs=1).failed
    assert {done.job.label for done in failed} == {"own"}
    assert "ImportError" in failed[0].error

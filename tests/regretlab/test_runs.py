"""``regretlab.run``, ``load`` and ``check``: studies from Python."""

import numpy as np
import pytest
from click.testing import CliRunner

import regretlab as rl
from experiments.cli import main
from experiments.study.config import parse_study

STUDY = """\
name: small
seed: 3
batch: 2
checkpoints: 20
experiments:
  - name: two
    horizon: 200
    replicates: 6
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    policies: [ucb1, kl_ucb]
"""


def run(study, **options):
    return rl.run(study, **{"jobs": 1, "progress": False, **options})


@pytest.fixture(scope="module")
def small():
    return run(parse_study(STUDY))


def test_all_ways_to_give_a_study_are_one(small, tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(STUDY, encoding="utf-8")
    data = {
        "name": "small",
        "seed": 3,
        "batch": 2,
        "checkpoints": 20,
        "experiments": [
            {
                "name": "two",
                "horizon": 200,
                "replicates": 6,
                "environment": {"name": "bernoulli", "parameters": {"means": [0.2, 0.8]}},
                "policies": ["ucb1", "kl_ucb"],
            }
        ],
    }
    for study in (file, str(file), data, STUDY, small.study()):
        found = run(study)
        assert found.study() == small.study()
        for policy in ("ucb1", "kl_ucb"):
            np.testing.assert_array_equal(found["two"].regret(policy), small["two"].regret(policy))


def test_a_shipped_study_with_changes():
    found = run("arms/bernoulli", changes=["experiments.*.horizon=60", "experiments.*.replicates=2"])
    assert found.stored.study.name == "arms/bernoulli"
    assert {result.times[-1] for result in found.values()} == {60}


def test_changes_of_a_study_object(small):
    found = run(parse_study(STUDY), changes=["experiments.two.horizon=50"])
    assert found["two"].times[-1] == 50


def test_what_the_command_left_is_read(small, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(STUDY, encoding="utf-8")
    assert CliRunner().invoke(main, ["run", "small.yaml", "--jobs", "1", "--no-plot"]).exit_code == 0
    found = rl.load("results/small")
    np.testing.assert_array_equal(found["two"].regret("ucb1"), small["two"].regret("ucb1"))
    assert repr(rl.check("results/small")) == repr(small.check())
    printed = CliRunner().invoke(main, ["check", "results/small"]).output
    assert printed == f"{small.check()!r}\n"


def test_mistakes_are_told_before_any_work(tmp_path):
    with pytest.raises(ValueError, match="did you mean 'ucb"):
        run({"name": "x", "seed": 1, "experiments": [{"name": "a", "environment": "bernoulli", "policies": ["ucb7"]}]})
    with pytest.raises(FileNotFoundError, match="did you mean 'quickstart'"):
        run("quikstart")
    with pytest.raises(ValueError, match="study must be a file, a shipped study's name, a mapping or a Study, got 3"):
        run(3)
    with pytest.raises(ValueError, match="changes must be a list of texts key=value"):
        run("quickstart", changes="horizon=3")
    with pytest.raises(ValueError, match="jobs must be -1 or a whole number >= 1, got 0"):
        run("quickstart", jobs=0)
    with pytest.raises(FileNotFoundError, match="holds no results"):
        rl.load(tmp_path)


def test_a_policy_beside_the_study_file(tmp_path):
    (tmp_path / "besides.py").write_text("import regretlab as rl\n\nclass Mine(rl.UCB1):\n    pass\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(STUDY.replace("kl_ucb", "besides:Mine"), encoding="utf-8")
    found = run(tmp_path / "study.yaml", jobs=2)
    assert found["two"].policies == ("ucb1", "besides:Mine")

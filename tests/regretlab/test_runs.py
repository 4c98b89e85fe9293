"""``regretlab.run``, ``load`` and ``check``: studies from Python."""

import numpy as np
import pytest
from click.testing import CliRunner

import regretlab as rl
from experiments.cli import main
from experiments.run.jobs import jobs_of
from experiments.study.config import find, load_study, parse_study
from experiments.study.model import Candidate, Component, Experiment, Figure, Search, Study, Swept
from regretlab import runs

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


def experiment(name="two", **rest):
    arms = Component(name="bernoulli", parameters={"means": [0.2, 0.8]})
    given = {"environment": arms, "horizon": 200, "replicates": 6, "policies": [UCB1, KL_UCB]}
    return Experiment(name=name, **{**given, **rest})


def by_hand(*experiments, **rest):
    return Study(**{"name": "small", "seed": 3, "batch": 2, "checkpoints": 20, "experiments": [*experiments], **rest})


UCB1, KL_UCB = Component(name="ucb1"), Component(name="kl_ucb")
TUNED = Component(name="ucb1", parameters={"exploration": {"sweep": [1, 2]}})
SWEPT = Swept(
    name="two",
    environment={"name": "bernoulli", "parameters": {"means": {"sweep": [[0.2, 0.8], [0.4, 0.6]]}}},
    horizon={"sweep": [50, 100]},
    replicates=2,
    policies=[{"name": "ucb1"}],
)


def test_a_study_made_by_hand(small):
    array = Component(name="bernoulli", parameters={"means": np.array([0.2, 0.8])})
    for study in (by_hand(experiment()), by_hand(experiment(environment=array))):
        found = run(study)
        assert found.study() == small.study()
        np.testing.assert_array_equal(found["two"].regret("ucb1"), small["two"].regret("ucb1"))


@pytest.mark.parametrize(
    "study",
    [
        by_hand(
            experiment(), experiment("2"), title="10", figures=[Figure(experiment="2", name="1e3", scale="loglog")]
        ),
        by_hand(experiment(policies=[UCB1, Component(name="ucb1", label="1.5")])),
        by_hand(experiment(policies=[TUNED]), figures=[Figure(experiment="two", over="exploration")]),
        by_hand(experiment(policies=[TUNED], search=Search(tuning=2))),
        by_hand(SWEPT, experiment("three"), figures=[Figure(experiment="two", over="horizon", quantity="ratio")]),
        by_hand(
            experiment(
                policies=[Candidate(name="ucb1", label="one", parameters={}, entry="ucb1", point={"exploration": 1})]
            )
        ),
        "quickstart",
        "recovering/trap",
    ],
)
def test_a_study_object_is_run_as_it_is(study, monkeypatch):
    seen, study = [], load_study(find(study)) if isinstance(study, str) else study
    monkeypatch.setattr(runs, "compute", lambda made, *rest: seen.append(made))
    run(study)
    assert [made.model_dump() for made in seen] == [study.model_dump()]
    assert jobs_of(seen[0]) == jobs_of(study)


@pytest.mark.parametrize(
    ("study", "text"),
    [
        (by_hand(experiment(policies=[UCB1, UCB1])), "a second policy labelled 'ucb1'"),
        (by_hand(experiment(), experiment()), "a second experiment or search named 'two'"),
        (by_hand(SWEPT, SWEPT), "a second experiment or search named 'two'"),
        (by_hand(experiment(policies=[Component(name="ucb7")])), "unknown policy 'ucb7' .did you mean"),
        (by_hand(experiment(environment=Component(name="bernouli"))), "unknown environment 'bernouli'"),
        (by_hand(experiment(policies=[Component(name="lru")])), "LRU plays"),
        (by_hand(experiment()).model_copy(update={"figures": [Figure(experiment="three")]}), "no experiment named"),
        (by_hand(experiment(), figures=[Figure(experiment="two", policies=["moss"])]), "no policy labelled 'moss'"),
        (by_hand(experiment(), figures=[Figure(experiment="two", regret="mine")]), "no regret definition 'mine'"),
        (by_hand(experiment(policies=[UCB1], search=Search(tuning=2))), "nothing to search"),
        (by_hand(experiment()).model_copy(update={"seed": -1}), "seed: "),
        (
            by_hand(experiment(policies=[Component(name="qpm_d", parameters={"policy": rl.UCB1()})])),
            "must be plain data, got the UCB1 .* regretlab.compare",
        ),
    ],
)
def test_a_study_object_is_checked_before_any_work(study, text, monkeypatch):
    monkeypatch.setattr(runs, "compute", lambda *arguments: pytest.fail("work was done"))
    for changes in ([], ["confidence=0.9"]):
        with pytest.raises(ValueError, match=text):
            run(study, changes=changes)


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

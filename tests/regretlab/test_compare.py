"""``regretlab.compare``: objects in, a result out, with the numbers of the same study as a file."""

import dataclasses
import tempfile
import warnings

import numpy as np
import pytest
from click.testing import CliRunner

import regretlab as rl
from bandits.families import families
from bandits.registry import ENVIRONMENTS, POLICIES
from environments.checks import players
from environments.contract import Environment
from experiments.cli import main
from regretlab import comparison

ARMS = rl.BernoulliArms([0.2, 0.8], horizon=200)


def compare(policies, environment=ARMS, **options):
    return rl.compare(
        policies, environment, **{"replicates": 6, "checkpoints": 20, "jobs": 1, "progress": False, **options}
    )


def regrets(result):
    return {policy: result.regret(policy) for policy in result.policies}


def same(first, second):
    assert list(first) == list(second)
    for policy, values in first.items():
        np.testing.assert_array_equal(values, second[policy])


class Half(rl.UCB1):
    """A policy of a module that other processes cannot import."""


class Raises(rl.UCB1):
    def __init__(self, arm=1):
        super().__init__()
        self.arm = arm

    def learn(self, action, reward):
        raise ZeroDivisionError("no such luck")

    def leap(self, environment, most):
        return 0


@pytest.fixture
def study_of(monkeypatch):
    """What ``compare`` would run."""

    def made(*arguments, **options):
        studies = []

        def compute(study, *rest):
            studies.append(study)
            return {"only": None}

        monkeypatch.setattr(comparison, "compute", compute)
        rl.compare(*arguments, **options)
        (study,) = studies
        return study

    return made


class Wide(rl.AdversarialArms):
    """Rewards in 0..50, of which it declares that they are in 0..1."""

    def __init__(self, horizon=60):
        super().__init__(np.arange(2.0 * horizon).reshape(-1, 2) % 50.0, high=50.0)
        self.problem = dataclasses.replace(self.problem, high=1.0)


def test_a_reward_outside_the_declared_range_is_told_once_a_policy():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compare([rl.KLUCB(), rl.Uniform()], Wide(), replicates=20, batch=4)
    told = [str(w.message).partition(" observed")[0] for w in caught if "outside the range [0, 1]" in str(w.message)]
    assert sorted(told) == ["KLUCB", "Uniform"]


def test_labels_are_classes_with_what_tells_them_apart(study_of):
    policies = [rl.UCB1(), rl.KLUCB(), rl.UCB1(exploration=0.5), rl.BOLD(rl.UCB1()), rl.BOLD(rl.UCB1(exploration=3))]
    (experiment,) = study_of(policies[:3], ARMS).experiments
    assert [policy.title for policy in experiment.policies] == ["UCB1 exploration=2", "KLUCB", "UCB1 exploration=0.5"]
    delayed = rl.DelayedFeedback(ARMS, 3)
    (experiment,) = study_of(policies[3:], delayed).experiments
    assert [policy.title for policy in experiment.policies] == [
        "BOLD policy=ucb1(exploration=2)",
        "BOLD policy=ucb1(exploration=3)",
    ]


def test_labels_of_a_mapping(study_of):
    (experiment,) = study_of({"cautious": rl.UCB1(), "bold": rl.UCB1(0.5), "again": rl.UCB1()}, ARMS).experiments
    assert [policy.title for policy in experiment.policies] == ["cautious", "bold", "again"]


def test_two_classes_of_one_name_are_told_apart(study_of):
    def other():
        class Half(rl.KLUCB):
            pass

        return Half()

    (experiment,) = study_of([Half(), other(), rl.UCB1()], ARMS).experiments
    first, second, third = [policy.title for policy in experiment.policies]
    assert first.endswith("test_compare.Half")
    assert second.endswith("other.<locals>.Half")
    assert third == "UCB1"


@pytest.mark.parametrize("family", [family.name for family in families()])
def test_every_policy_and_environment_can_be_given_as_an_object(family, study_of):
    """Whatever is registered has a plain form, of which an object is built that is described alike."""
    (family,) = [one for one in families() if one.name == family]
    for environment in family.example_environments():
        if type(environment) not in map(ENVIRONMENTS.load, ENVIRONMENTS):
            continue  # a table of the tests'
        able = [policy for _, policy in players(environment, [family])]
        if not able:
            continue
        study = study_of({str(i): policy for i, policy in enumerate(able)}, environment)
        (experiment,) = study.experiments
        assert experiment.horizon == environment.problem.horizon
        built = ENVIRONMENTS.build(
            experiment.environment.model_dump(include={"name", "parameters"}),
            of=Environment,
            horizon=experiment.horizon,
        )
        assert built.problem.horizon == environment.problem.horizon
        again = study_of(
            {p.title: POLICIES.build(p.model_dump(include={"name", "parameters"})) for p in experiment.policies}, built
        )
        assert again == study


def test_the_numbers_are_those_of_the_study_as_a_file(tmp_path, monkeypatch):
    result = compare([rl.UCB1(), rl.UCB1(exploration=8), rl.BetaThompson()], horizon=150, seed=3, batch=4)
    assert result.times[-1] == 150
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(result.study(), encoding="utf-8")
    done = CliRunner().invoke(main, ["run", "study.yaml", "--jobs", "1", "--no-plot"])
    assert done.exit_code == 0, done.output
    (again,) = rl.load("results/comparison").values()
    same(regrets(result), regrets(again))
    assert again.study() == result.study()


def test_numbers_do_not_depend_on_labels_order_or_company():
    first = compare([rl.UCB1(), rl.BetaThompson(), rl.Uniform()])
    other = compare({"u": rl.Uniform(), "t": rl.BetaThompson()})
    np.testing.assert_array_equal(first.regret("BetaThompson"), other.regret("t"))
    np.testing.assert_array_equal(first.regret("Uniform"), other.regret("u"))


def test_the_objects_given_are_not_touched():
    policy, environment = rl.UCB1(), rl.BernoulliArms([0.2, 0.8], horizon=200)
    before = dict(vars(policy)), environment.problem
    compare([policy], environment, horizon=50)
    assert (dict(vars(policy)), environment.problem) == before
    with pytest.raises(rl.NotResetError):
        policy.choose(None)


def local():
    class Local(rl.BetaThompson):
        pass

    return Local()


@pytest.mark.parametrize("means", [{"jobs": 2}, pytest.param({"cluster": "local:1"}, marks=pytest.mark.slow)])
def test_classes_that_workers_cannot_import_and_any_number_of_processes(means):
    if "cluster" in means:
        pytest.importorskip("distributed")
    policies = [Half(), local(), rl.UCB1()]
    here = compare(policies)
    same(regrets(here), regrets(compare(policies, **means)))


def test_without_out_nothing_is_left(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = compare([rl.UCB1()])
    assert list(tmp_path.iterdir()) == []
    assert result.regret("UCB1").shape == (6, len(result.times))
    assert "UCB1" in result.report(tmp_path / "page.html").read_text(encoding="utf-8")


def test_out_keeps_results_and_goes_on(tmp_path, capfd):
    result = compare([rl.UCB1()], out=tmp_path / "kept")
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "kept/jobs").iterdir()}
    more = compare([rl.UCB1(), rl.KLUCB()], out=tmp_path / "kept", progress=True)
    assert "comparison: 3/3" in capfd.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in files} == files
    np.testing.assert_array_equal(result.regret("UCB1"), more.regret("UCB1"))
    same(regrets(more), regrets(rl.load(tmp_path / "kept")["comparison"]))


def test_silence(capfd):
    compare([rl.UCB1()], jobs=2)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_a_job_is_raised(tmp_path, jobs):
    with pytest.raises(rl.JobError, match="no such luck") as caught:
        compare([rl.UCB1(), Raises()], out=tmp_path, jobs=jobs, batch=2)
    error = caught.value
    assert (error.experiment, error.policy) == ("comparison", "Raises")
    assert error.replicate in error.replicates
    assert "Traceback (most recent call last)" in error.traceback
    assert "in learn" in error.traceback
    assert str(error).startswith(f"comparison · Raises failed in replicate {error.replicate}:\n\nTraceback")
    assert isinstance(error, RuntimeError)


def test_what_was_finished_before_an_error_is_kept(tmp_path):
    with pytest.raises(rl.JobError):
        compare([rl.UCB1(), Raises()], out=tmp_path)
    assert len(list((tmp_path / "jobs").iterdir())) == 2  # the comparators and UCB1
    (found,) = rl.load(tmp_path).values()
    assert found.policies == ("UCB1",)
    assert found.check().failed
    assert "no such luck" in repr(found.check())


def test_an_interruption_is_passed_on_and_says_what_is_kept(tmp_path):
    class Stops(rl.UCB1):
        def reset(self, problem, rng):
            super().reset(problem, rng)
            if rng.random() >= 0.0 and hasattr(self, "_running"):
                raise KeyboardInterrupt
            self._running = True

    with pytest.raises(KeyboardInterrupt) as caught:
        compare([rl.UCB1(), Stops()], out=tmp_path / "kept")
    assert caught.value.__notes__ == [
        f"stopped; finished jobs are in {tmp_path / 'kept'}, the same call goes on from there"
    ]
    with pytest.raises(KeyboardInterrupt) as caught:
        compare([rl.UCB1(), Stops()])
    assert caught.value.__notes__ == ["stopped; nothing is kept, as no `out` was given"]


def test_warnings_of_jobs_are_passed_on():
    class Warns(rl.UCB1):
        def reset(self, problem, rng):
            super().reset(problem, rng)
            warnings.warn("mind the gap", stacklevel=1)

    with pytest.warns(UserWarning, match="mind the gap") as caught:
        compare([Warns()])
    assert [str(w.message) for w in caught if "mind the gap" in str(w.message)] != []


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="cannot write results to"):
        compare([rl.UCB1()], out=tmp_path / "file")


def test_another_comparison_in_the_folder_is_told_before_anything_is_replaced(tmp_path):
    compare([rl.UCB1()], out=tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    other = rl.GaussianArms([0.2, 0.8], horizon=200)
    for wrong in (
        lambda: compare([rl.UCB1()], other, out=tmp_path),
        lambda: compare([rl.UCB1()], out=tmp_path, name="x", seed=5),
    ):
        with pytest.raises(FileExistsError, match=r"holds another study named comparison \(.*replace=True"):
            wrong()
        assert (tmp_path / "manifest.json").read_bytes() == before
    assert compare([rl.UCB1()], other, out=tmp_path, replace=True).policies == ("UCB1",)
    assert compare([rl.UCB1()], out=tmp_path, replace=True).policies == ("UCB1",)


def test_a_comparison_goes_on_with_other_arguments(tmp_path):
    for policies, options in (
        ([rl.UCB1()], {}),
        ([rl.MOSS()], {}),
        ([rl.MOSS(), rl.UCB1(exploration=1.0)], {"seed": 7, "checkpoints": 10}),
        ([rl.UCB1()], {"environment": rl.BernoulliArms([0.5, 0.6], horizon=100)}),
    ):
        assert len(compare(policies, **options, out=tmp_path).policies) == len(policies)

"""Bounds between theorem and figure: means over replicates, tables, plain data, and what must not pass in silence."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import experiments
from bandits import Assumption, Bound, Instance
from bandits.arms.ucb1 import UCB1
from environments import BernoulliArms
from environments.contract import Regret
from experiments.run.jobs import checkpoints, compare, play
from experiments.run.runner import run
from experiments.run.store import DamagedError, job_file, read_job, write_job
from experiments.run.theory import Means, Table, Theory, as_json, from_json
from experiments.study.config import parse_study

TIMES = np.array([1.0, 2.0, 10.0])
REGRETS = (Regret("pseudo", "reward", "best", "fixed", "regret"), Regret("other", "reward", "best", "dynamic", "other"))


def bound(scale=1.0, name="theorem", holds=True, largest=None, **options):
    assumptions = (Assumption("bounded", holds, largest),)
    return Bound(name, "upper", lambda t: scale * t, "fixed", "a book", "recalled", assumptions, **options)


@given(arrays(np.float64, 3, elements=st.floats(allow_nan=False)))
def test_a_table_is_exact_where_it_is_known(values):
    assert np.array_equal(Table(TIMES, values)(TIMES), values)


def test_a_table_is_straight_between_and_ends():
    table = Table(TIMES, np.array([0.0, 4.0, 12.0]))
    assert table(np.array([1.5, 6.0, 10.0])).tolist() == [2.0, 8.0, 12.0]
    for outside in (0.5, 10.5):
        with pytest.raises(ValueError, match=r"times must lie in 1\.\.10"):
            table(np.array([2.0, outside]))


def test_plain_data_hold_every_field_but_the_curve():
    theorem = bound(2.0, largest=0.5, time="at the horizon", delta=0.05, data_dependent=True)
    plain = json.loads(json.dumps(as_json(theorem)))
    assert plain.keys() == {f.name for f in fields(Bound)} - {"curve"}
    back = from_json(plain, TIMES, theorem.curve(TIMES))
    assert back == theorem, "all but the curve"
    assert back.curve(TIMES).tolist() == [2.0, 4.0, 20.0]
    assert back.claim == "with probability >= 0.95"


def test_means_and_what_holds_everywhere():
    means = Means(TIMES)
    for scale, holds, largest, n in ((1.0, True, 0.5, 2), (4.0, False, 3.0, 1)):
        here = bound(scale, holds=holds, largest=largest)
        means.add([here], [here.curve(TIMES)], n)
    (mean,) = means.result()
    assert mean.curve(TIMES) == pytest.approx(2.0 * TIMES)
    assert not mean.holds
    assert [str(a) for a in mean.assumptions] == ["bounded (largest: 3)"]


@pytest.mark.parametrize("other", [[], [bound(name="x")], [bound(), bound()], [replace(bound(), assumptions=())]])
def test_bounds_that_differ_between_replicates_are_an_error(other):
    means = Means(TIMES)
    means.add([bound()], [TIMES], who="replicate 0")
    with pytest.raises(ValueError, match=r"differ between replicates: 'theorem' .* in replicate 0, .* in replicate 1"):
        means.add(other, [TIMES for _ in other], who="replicate 1")


@pytest.mark.parametrize(("follows", "same", "times"), [(False, True, 1), (False, False, 3), (True, True, 3)])
def test_when_bounds_are_worked_out_anew(follows, same, times):
    theory, instance, worked = Theory(TIMES, "Mine"), Instance(), []

    def work_out():
        worked.append(1)
        return [bound(), bound(float(len(worked)), "own", data_dependent=follows)]

    for replicate in range(3):
        theory.add(replicate, instance if same else Instance(), lambda: REGRETS, work_out)
    assert len(worked) == times
    assert np.mean(np.atleast_2d(theory.values()[1]), axis=0) == pytest.approx(np.mean(range(1, times + 1)) * TIMES)


def test_a_bound_that_meets_no_regret_definition_is_an_error():
    theory = Theory(TIMES, "Mine")
    with pytest.raises(
        ValueError, match=r"Mine: the bound 'theorem' .* class 'grid', .*there are those of fixed, dynamic"
    ):
        theory.add(0, Instance(), lambda: REGRETS, lambda: [replace(bound(), comparator_class="grid")])


def test_so_it_is_in_a_job_for_upper_and_lower_bounds():
    class Elsewhere(UCB1):
        def regret_bounds(self, problem, instance):
            return [replace(b, comparator_class="grid") for b in super().regret_bounds(problem, instance)]

    class Unknown(BernoulliArms):
        def lower_bounds(self):
            return [replace(b, comparator_class="grid") for b in super().lower_bounds()]

    times = checkpoints(10, 50)
    with pytest.raises(ValueError, match="Elsewhere: the bound 'UCB1 bound' speaks of the comparator class 'grid'"):
        play(Elsewhere(), BernoulliArms([0.2, 0.8], horizon=50), times, 0, range(1))
    with pytest.raises(ValueError, match="Unknown: the bound 'Lai-Robbins"):
        compare(Unknown([0.2, 0.8], horizon=50), times, 0, range(1))


def test_bounds_that_follow_the_data_are_never_those_of_another_replicate():
    class Own(UCB1):
        def regret_bounds(self, problem, instance):
            first = float(self._rows[0, 2])  # plays
            return [Bound("own", "upper", lambda t: first * t, "fixed", "here", "exact", data_dependent=True)]

    environment, times = BernoulliArms([0.2, 0.8], horizon=50), checkpoints(10, 50)
    both = []
    for replicates in (range(1), range(1, 2), range(2)):
        found, _ = play(Own(), environment, times, 3, replicates)
        both.append(found["bound/0"])
    assert not np.array_equal(both[0], both[1])
    assert np.array_equal(both[2], both[:2])


def test_batches_whose_bounds_differ_are_not_joined(text, tmp_path):
    run(parse_study(text), tmp_path, jobs=1)
    jobs = [job for job in experiments.load(tmp_path).manifest["jobs"] if job["policy"] == "ucb1"]
    arrays, about = read_job(tmp_path, jobs[1]["key"])
    about["bounds"][0]["name"] = "another"
    job_file(tmp_path, jobs[1]["key"]).unlink()
    write_job(tmp_path, jobs[1]["key"], arrays, about)
    with pytest.raises(DamagedError, match=r"ucb1: the bounds differ between .* 0\.\.1, 'another' .* 2\.\.3"):
        experiments.load(tmp_path)


def test_values_are_kept_once_where_all_replicates_have_the_same():
    theory = Theory(TIMES, "someone")
    for replicate in range(3):
        theory.add(replicate, Instance(), lambda: REGRETS, lambda r=replicate: [bound(2.0), bound(1.0 + r, "own")])
    same, own = theory.values()
    assert (same.shape, own.shape) == (TIMES.shape, (3, len(TIMES)))
    assert [row[0] for row in own] == [(1.0 + r) * (own[0, 0]) for r in range(3)]
    assert [b.curve(TIMES).tolist() for b in theory.bounds()] == [same.tolist(), own[0].tolist()]

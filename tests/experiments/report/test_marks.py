"""Marks of time: what families tell of known rounds is true, is drawn there, and is part of no job's key."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import experiments
from bandits.families import families, ours
from bandits.family import resolve
from bandits.marks import marks_of
from environments.arms.bernoulli import BernoulliArms
from environments.arms.tables import Switching
from environments.linear.sequences import Switching as SwitchingParameter
from environments.paging.environment import PagingEnvironment
from experiments.report.curves import draw_experiment
from experiments.report.marks import MOST
from experiments.run.runner import run
from experiments.run.sources import RUNS, Sources
from experiments.study.config import parse_study
from experiments.study.model import Component
from experiments.study.model import Figure as Look

SEGMENTS = [
    {"start": 1, "means": [0.2, 0.7]},
    {"start": 51, "means": [0.7, 0.2]},
    {"start": 101, "means": [0.7, 0.2]},
    {"start": 301, "means": [0.2, 0.7]},
]


def described(name, **parameters):
    return {"name": name, "parameters": parameters}


def test_changes_of_arms():
    assert marks_of(described("piecewise", segments=SEGMENTS), 400) == {"change": (51, 301)}
    source = described("switching", period=30, gap=1.0)
    table = Switching(30, 1.0).table(np.random.default_rng(0), 200, 3)  # 1 for the best arm, 0 for the others
    changed = np.flatnonzero(np.diff(table.argmax(axis=1))) + 2
    assert marks_of(described("adversarial", source=source), 200) == {"change": tuple(changed)}
    assert marks_of("adversarial", 2500) == {"change": (1001, 2001)}
    assert marks_of(described("adversarial", source="uniform"), 200) == {}
    assert marks_of(described("adversarial", source=[[0.1, 0.2]] * 9), 9) == {}
    assert marks_of(described("bernoulli", means=[0.1, 0.2]), 200) == {}


def test_changes_of_a_linear_parameter():
    table = SwitchingParameter(period=40).table(np.random.default_rng(0), 300, 2)
    changed = np.flatnonzero(np.any(np.diff(table, axis=0) != 0.0, axis=1)) + 2
    thetas = described("switching", period=40)
    assert marks_of(described("adversarial_linear", thetas=thetas), 300) == {"change": tuple(changed)}
    assert marks_of(described("adversarial_linear", thetas="trap"), 300) == {}
    assert marks_of(described("adversarial_linear", thetas=table.tolist()), 300) == {}


def test_changes_behind_delays():
    inner = described("piecewise", segments=SEGMENTS)
    assert marks_of(described("delayed", environment=inner, delay=3), 400) == {"change": (51, 301)}


@pytest.mark.parametrize("sequence", [[3, 1, 1, 2, 4, 2, 4, 2, 1, 3, 3, 5, 1], "cyclic", "loop_scan"])
def test_phases_of_requests(sequence):
    k, n = 3, 13
    environment = PagingEnvironment(k, sequence, horizon=n)
    pages = environment.draw(np.random.default_rng(0)).requests.pages.tolist()
    starts, seen = [], set()
    for t, page in enumerate(pages, 1):
        if page not in seen and len(seen) == k:
            starts.append(t)
            seen = set()
        seen.add(page)
    assert len(starts) >= 2
    assert marks_of(described("paging", cache_size=k, sequence=sequence), n) == {"phase": tuple(starts)}
    assert marks_of(described("paging", cache_size=k, sequence="zipf"), n) == {}
    assert marks_of(described("paging", cache_size=k, sequence=described("trace", path="not/there")), n) == {}


def test_families_mark_environments_of_theirs_and_no_key_knows():
    for family in families():
        assert set(family.marks) <= set(family.environments)
        assert all(callable(resolve(place)) for place in family.marks.values())
    for family in ours():
        modules = {str(place).partition(":")[0] for place in (*family.environments.values(), *family.policies.values())}
        reached = Sources().closure({*RUNS, *modules})
        assert modules <= set(reached)
        assert not [name for name in reached if name.rpartition(".")[2] == "marks"]


class Telling(BernoulliArms):
    """Somebody else's environment, which tells its rounds itself."""

    def marks(self):
        return {"visit": [0, 20, self.problem.horizon, 500]}


def test_an_environment_of_ones_own_tells_them_itself():
    telling = described(f"{__name__}:Telling", means=[0.1, 0.2])
    assert marks_of(telling, 100) == {"visit": (20, 100)}


STUDY = """
seed: 1
replicates: 3
horizon: 400
checkpoints: 40
experiments:
  - name: changing
    environment:
      name: piecewise
      parameters: {segments: [{start: 1, means: [0, 1]}, {start: 51, means: [1, 0]}, {start: 101, means: [0, 1]}]}
    policies: [ucb1]
  - name: groups
    environment: {name: synthetic_groups, parameters: {label: min}}
    policies: [groupwise]
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marked")
    assert not run(parse_study(STUDY), folder, jobs=1).failed
    return experiments.load(folder)


def drawn(result, **given):
    ax = Figure().subplots()
    draw_experiment(ax, result, **given)
    return ax


def marks_in(ax, kind="change"):
    return [float(line.get_xdata()[0]) for line in ax.get_lines() if line.get_label() == f"_{kind}"]


def said(ax):
    return [text.get_text() for text in ax.texts]


def test_changes_are_lines_with_a_name(results):
    ax = drawn(results.experiments["changing"])
    assert marks_in(ax) == [51.0, 101.0]
    assert "changes" in said(ax)
    bare = drawn(results.experiments["changing"], figure=Look(experiment="changing", labels="none"))
    assert bare.get_xlim() == (1.0, 400.0)
    legend = ax.get_legend()
    assert legend is None or "change" not in " ".join(text.get_text() for text in legend.get_texts())


def with_marks(result, **marks):
    """The same curves in an environment that tells these."""
    other = replace(result)
    other.once(("marks",), lambda: marks)
    return other


def test_one_is_named_alone_and_too_many_are_not_drawn(results):
    result = results.experiments["changing"]
    ax = drawn(with_marks(result, change=(200,), phase=tuple(range(10, 10 + MOST))))
    assert (marks_in(ax), len(marks_in(ax, "phase"))) == ([200.0], MOST)
    assert {"change", "phases"} <= set(said(ax))
    ax = drawn(with_marks(result, phase=tuple(range(10, 11 + MOST)), change=(1, 400)))
    assert not marks_in(ax, "phase") + marks_in(ax)
    assert not {"change", "phases"} & set(said(ax))


def test_the_clock_of_a_group_has_the_rounds_on_top(results):
    result = results.experiments["groups"]
    regret = next(definition for definition in result.regrets if definition.clock)
    ax = drawn(with_marks(result, change=(200,)), regret=regret.name)
    (top,) = ax.child_axes
    clock = result.time(regret.name)
    for x, label in zip(top.get_xticks(), top.get_xticklabels(), strict=True):
        assert x == pytest.approx(np.interp(float(label.get_text()), result.times, clock))
    assert float(top.get_xticklabels()[-1].get_text()) == 400.0
    assert top.get_xlabel() == "round"
    assert marks_in(ax) == pytest.approx([np.interp(200.0, result.times, clock)])
    assert not drawn(result, regret=next(d.name for d in result.regrets if not d.clock)).child_axes


class Failing(BernoulliArms):
    """One that cannot say."""

    def marks(self):
        raise ZeroDivisionError("no such luck")


def test_what_cannot_be_told_is_left_out(results):
    result = results.experiments["changing"]

    def elsewhere(name):
        environment = Component(name=name, parameters={"means": [0.1, 0.2]})
        return replace(result, experiment=result.experiment.model_copy(update={"environment": environment}))

    assert not marks_in(drawn(elsewhere("gone.module:Environment")))
    with pytest.warns(UserWarning, match="what changes in .*:Failing is not shown: ZeroDivisionError: no such luck"):
        ax = drawn(elsewhere(f"{__name__}:Failing"))
    assert not marks_in(ax)

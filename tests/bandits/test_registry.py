"""Names resolve to classes: ours, those of entry points, and paths; components are built in one way."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import bandits
import environments
from bandits import Family, Policy
from bandits.arms.ucb1 import UCB1
from bandits.families import _ours_and_theirs, ours
from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS, Registry, unfit
from environments.arms.tables import GENERATORS
from environments.tallying.losses import LOSSES, Loss


@pytest.mark.parametrize("registry", [POLICIES, ENVIRONMENTS, TOOLS], ids=["policies", "environments", "tools"])
def test_every_name_loads(registry):
    assert len(list(registry)) > 2
    for name in registry:
        cls = registry.load(name)
        assert cls.__doc__, name
        assert registry.table[name].endswith(f":{cls.__name__}")


@pytest.mark.parametrize("word", ["ucb", "UCB1", "UCB-1", "ucb_1"])
def test_unknown_names_get_a_hint_whatever_their_case(word):
    with pytest.raises(ValueError, match=rf"^unknown policy '{word}' \(did you mean .*'ucb1'.*\?\)$"):
        POLICIES.load(word)


def test_class_names_lead_to_the_registered_ones():
    with pytest.raises(ValueError, match=r"did you mean 'kl_ucb'"):
        POLICIES.load("KLUCB")


def test_a_word_like_no_other():
    with pytest.raises(ValueError, match=r"^unknown policy 'xyzzy'; `regretlab list` names all \d+$"):
        POLICIES.load("xyzzy")


def test_where_few_would_do_these_are_named():
    assert POLICIES.hint("ucb", ["ucb1", "moss"], "those that play here") == (
        " (did you mean 'ucb1'?); those that play here: moss, ucb1"
    )


def test_paths():
    assert POLICIES.load("bandits.arms.ucb1:UCB1") is UCB1
    for path, what in (
        ("bandits.arms.ucb1:UCB9", "cannot import 'UCB9' from 'bandits.arms.ucb1'"),
        ("no.module:Policy", "No module named 'no'"),
        ("bandits.arms.ucb1:math", "is not a class"),
    ):
        with pytest.raises(ImportError, match=what):
            POLICIES.load(path)


def test_entry_points_are_registered_and_do_not_shadow_ours(monkeypatch):
    found = [EntryPoint("theirs", "bandits.arms.ucb1:UCB1", "g"), EntryPoint("ucb1", "elsewhere:Other", "g")]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: found)
    registry = Registry("policy", {"ucb1": "bandits.arms.ucb1:UCB1"}, "g")
    assert list(registry) == ["theirs", "ucb1"]
    assert registry.load("theirs") is UCB1
    assert registry.load("ucb1") is UCB1


def test_classes_are_attributes_of_the_packages():
    assert bandits.UCB1 is UCB1
    assert "UCB1" in dir(bandits)
    assert "BernoulliArms" in dir(environments)
    for package in (bandits, environments):
        with pytest.raises(AttributeError, match="no attribute 'UCB9'"):
            _ = package.UCB9


class Shape:
    """Something to be built."""

    def __init__(self, sides, size=1.0, colour="red"):
        if sides < 3:
            raise ValueError(f"sides must be >= 3, got {sides}")
        self.sides, self.size, self.colour = sides, size, colour


class Blob:
    """Something without a side."""


SHAPES = Registry("shape", {"polygon": Shape, "blob": Blob})


def test_components_are_built_from_a_name_a_description_or_an_object():
    assert isinstance(SHAPES.build("blob"), Blob)
    made = SHAPES.build({"name": "polygon", "parameters": {"sides": 4}}, size=2.0)
    assert (made.sides, made.size) == (4, 2.0)
    copied = SHAPES.build(made, of=Shape)
    assert copied is not made
    assert copied.sides == 4
    assert isinstance(SHAPES.build({"name": "blob", "parameters": None}), Blob)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        (3, r"^form must be a name, or \{name: \.\.\., parameters: \{\.\.\.\}\}, got 3$"),
        ({"nome": "blob"}, r"^form must be a name, or"),
        ({"name": "blob", "sides": 3}, r"^form must have no key but name and parameters, got 'sides'; arguments"),
        ({"name": "blob", "parameters": [3]}, r"^form.parameters must be a mapping from names to values, got \[3\]$"),
        ("Polygon", r"^form: unknown shape 'Polygon' \(did you mean 'polygon'\?\); known: blob, polygon$"),
        ({"name": "polygon", "parameters": {"side": 3}}, r"^form.parameters.side: Shape has no parameter 'side'"),
        ("polygon", r"^form: Shape needs the parameter 'sides'$"),
        ({"name": "polygon", "parameters": {"sides": 2}}, r"^form: sides must be >= 3, got 2$"),
        ({"name": "polygon", "parameters": {"sides": 3, "colour": 1}}, r"^form.parameters.colour: 'colour' is"),
        ("blob", r"^form must be Shape, got 'blob', which is Blob$"),
    ],
)  # fmt: skip
def test_what_is_no_component_is_told_with_its_place(what, text):
    given = {} if what == "blob" else {"colour": "blue"}
    of = Shape if what == "blob" else None
    with pytest.raises(ValueError, match=text):
        SHAPES.build(what, "form", of=of, **({} if "Shape needs" in text else given))


def test_all_that_does_not_fit_is_found_at_once():
    assert [key for key, _ in unfit(Shape, {"side": 1, "hue": 2}, ["size"])] == ["side", "hue", ""]


def test_a_policy_as_a_component():
    made = POLICIES.build({"name": "ucb1", "parameters": {"exploration": 3}}, of=Policy)
    assert repr(made) == "UCB1(exploration=3.0)"


class FakeEntry:
    """An entry point, of no distribution."""

    dist = None

    def __init__(self, name, value):
        self.name, self.value = name, value


NOBODY = Family("ucbs", "bandits.arms.problem:BanditProblem", policies={"ucb1": "elsewhere:Mine"})
TWICE = Family("arms", "bandits.arms.problem:BanditProblem")


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("nowhere:FAMILY", "the family 'theirs' is left out: cannot import 'FAMILY' from 'nowhere'"),
        ("bandits.arms.ucb1:UCB1", "the family 'theirs' is left out: its entry point must name a Family, got"),
        (NOBODY, "the family 'theirs' is left out: the family 'arms' has policies named ucb1, too"),
        (TWICE, "the family 'theirs' is left out: the name 'arms' is that of another family"),
    ],
    ids=["no module", "no family", "a name of ours", "a second one"],
)
def test_a_family_that_cannot_be_is_left_out_and_told(monkeypatch, value, what):
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [FakeEntry("theirs", value)])
    with pytest.warns(RuntimeWarning, match=what):
        assert _ours_and_theirs() == ours()


def test_a_family_of_somebody_else(monkeypatch):
    theirs = Family("newsvendor", "bandits.arms.problem:BanditProblem", policies={"newsvendor_ucb": UCB1})
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [FakeEntry("theirs", theirs)])
    assert _ours_and_theirs() == (*ours(), theirs)


ONE_MODULE = """\
import bandits
from bandits import Family
from environments import Environment

assert "ucb1" in bandits.POLICIES.table and "mine" not in bandits.POLICIES.table
FAMILY = Family("toy", "bandits.arms.problem:BanditProblem", policies={"mine": bandits.UCB1})
"""


def test_a_family_in_a_module_that_imports_us(tmp_path):
    """Its entry point is looked up while the module is being imported."""
    (tmp_path / "toy.py").write_text(ONE_MODULE)
    info = tmp_path / "toy-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[regretlab.families]\ntoy = toy:FAMILY\n")
    code = "import toy, bandits; print(bandits.POLICIES.load('mine').__name__)"
    path = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.stdout.strip(), done.stderr) == ("UCB1", "")


MADE = []


class Remembers:
    """No policy; it says when it is constructed."""

    def __init__(self, full=1.0):
        MADE.append(full)


class OwnLoss(Loss):
    monotone = False

    def __init__(self, full):
        self.full = full

    def __call__(self, tally):
        return 0.5


@pytest.mark.parametrize(
    ("registry", "what", "said"),
    [
        (POLICIES, "Remembers", "policy must be Policy, got '.*Remembers', which is Remembers"),
        (ENVIRONMENTS, "Remembers", "environment must be Environment, got"),
        (POLICIES, {"name": "bold", "parameters": {"policy": "Remembers"}}, "policy must be Policy, got"),
        (POLICIES, {"name": "groupwise", "parameters": {"meta": "Remembers"}}, "meta must be Meta, got"),
        (POLICIES, {"name": "groupwise", "parameters": {"base_learner": "Remembers"}}, "base_learner must be Learners"),
        (ENVIRONMENTS, {"name": "adversarial", "parameters": {"source": "Remembers"}}, "source must be Generator, got"),
        (ENVIRONMENTS, {"name": "delayed", "parameters": {"environment": "Remembers"}}, "must be Environment, got"),
        (LOSSES, "Remembers", "loss must be Loss, got"),
        (Registry("thing", {"a": UCB1}), "Remembers", "thing must be a registered thing, got"),
        (POLICIES, "subprocess:Popen", "policy must be Policy, got 'subprocess:Popen', which is Popen"),
        (POLICIES, "builtins:dict", "policy must be Policy, got 'builtins:dict', which is dict"),
    ],
)
def test_no_class_is_constructed_that_is_none_of_what_is_asked_for(registry, what, said):
    def path(thing):
        if isinstance(thing, dict):
            return {key: path(value) for key, value in thing.items()}
        return f"{__name__}:Remembers" if thing == "Remembers" else thing

    MADE.clear()
    of = {POLICIES: Policy, ENVIRONMENTS: environments.Environment}.get(registry)
    with pytest.raises(ValueError, match=said):
        registry.build(path(what), of=of)
    assert not MADE


def test_classes_that_are_what_is_asked_for_are_constructed_wherever_they_are_from():
    assert isinstance(LOSSES.build(f"{__name__}:OwnLoss", full=1.0), OwnLoss)
    assert isinstance(GENERATORS.build("environments.arms.tables:Uniform"), environments.arms.tables.Uniform)
    assert isinstance(Registry("thing", {"a": UCB1}).build("bandits:UCB1"), UCB1)


def test_a_class_of_which_nobody_can_tell_what_it_takes():
    class Odd(UCB1):
        __signature__ = "no signature"

    ((parameter, text),) = unfit(Odd, {})
    assert (parameter, "nobody can tell what Odd takes" in text) == ("", True)


@pytest.mark.parametrize(("name", "key"), [("lucb", "delta"), ("ucb1", "horizon"), ("mark0", "cache_size")])
def test_what_the_environment_tells_a_policy_is_no_parameter_of_it(name, key):
    with pytest.raises(ValueError, match=rf"has no parameter '{key}'.*, and is told {key} by the environment$"):
        POLICIES.build({"name": name, "parameters": {key: 3}}, "policy")
    with pytest.raises(ValueError, match=r"it takes [a-z, ]+$"):
        POLICIES.build({"name": name, "parameters": {"nothing": 3}}, "policy")

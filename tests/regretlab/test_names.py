"""``import regretlab`` is cheap and has everything under its name."""

import subprocess
import sys

import pytest

import regretlab as rl
from bandits.families import families
from bandits.family import Family
from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS
from regretlab.names import places

HEAVY = ["numpy", "numba", "scipy", "gymnasium", "matplotlib", "pydantic", "joblib", "pandas", "rich", "click"]


def printed(code):
    """What a fresh interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_importing_it_loads_nothing_heavy():
    code = f"import sys, regretlab; print([name for name in {HEAVY} if name in sys.modules])"
    assert printed(code) == "[]"


def test_a_policy_loads_no_environment_and_no_figure():
    code = (
        "import sys, regretlab; regretlab.UCB1(); print([m for m in ('gymnasium', 'matplotlib') if m in sys.modules])"
    )
    assert printed(code) == "[]"


@pytest.mark.parametrize("registry", [POLICIES, ENVIRONMENTS, TOOLS], ids=lambda registry: registry.kind)
def test_every_registered_class_is_there_by_its_name(registry):
    for name in registry:
        cls = registry.load(name)
        assert getattr(rl, cls.__name__) is cls
        assert cls.__name__ in dir(rl)


def test_problem_types_are_there():
    for family in families():
        for kind in family.problems:
            assert getattr(rl, kind.__name__) is kind


def test_every_name_of_its_own_is_there():
    assert {"compare", "run", "load", "check", "Result", "JobError", "Policy", "check_policy"} <= set(rl.__all__)
    for name in dir(rl):
        assert getattr(rl, name).__name__ == name


def test_what_type_checkers_see_is_what_there_is():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(rl.__file__).read_text(encoding="utf-8"))
    (seen,) = [node for node in tree.body if isinstance(node, ast.If)]
    stated = {alias.asname: statement.module for statement in seen.body for alias in statement.names}
    assert stated == rl._MODULES
    assert (Path(rl.__file__).parent / "py.typed").is_file()


def test_no_two_classes_share_a_name():
    assert [name for name, found in places().items() if len(found) > 1 or name in rl.__all__] == []


def test_classes_that_share_a_name_are_told_with_their_modules(monkeypatch):
    monkeypatch.setattr(
        POLICIES, "_entry_points", {"their_ucb1": "theirs.arms:UCB1", "again": "bandits.arms.ucb1:UCB1"}
    )
    with pytest.raises(AttributeError, match="2 classes named 'UCB1'") as caught:
        rl.UCB1  # noqa: B018
    for module in ("bandits.arms.ucb1", "theirs.arms"):
        assert f"`from {module} import UCB1`" in str(caught.value)


def test_entry_points_and_their_families_are_there(monkeypatch):
    from bandits import BanditProblem, families
    from bandits.arms.ucb1 import UCB1

    class TheirPolicy(UCB1):
        pass

    class TheirProblem(BanditProblem):
        pass

    theirs = Family("theirs", TheirProblem, policies={"their_policy": TheirPolicy})
    monkeypatch.setitem(families._FOUND, "all", (*families.families(), theirs))
    assert rl.TheirPolicy is TheirPolicy
    assert rl.TheirProblem is TheirProblem
    assert {"TheirPolicy", "TheirProblem"} <= set(dir(rl))


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("UBC1", "UCB1"),
        ("ucb1", "UCB1"),
        ("BernouliArms", "BernoulliArms"),
        ("compair", "compare"),
        ("Polcy", "Policy"),
    ],
)
def test_an_unknown_name_gives_the_nearest(name, near):
    with pytest.raises(AttributeError, match=f"module 'regretlab' has no attribute '{name}' .did you mean '{near}'"):
        getattr(rl, name)


def test_an_entry_point_that_cannot_be_imported_says_so(monkeypatch):
    monkeypatch.setattr(POLICIES, "_entry_points", {"gone": "no.such.module:Gone"})
    with pytest.raises(ImportError, match=r"cannot import 'Gone' from 'no.such.module'"):
        rl.Gone  # noqa: B018

"""Names resolve to classes: ours, those of entry points, and paths."""

from importlib.metadata import EntryPoint

import pytest

import bandits
from bandits.arms.ucb1 import UCB1
from bandits.registry import POLICIES, Registry
from environments.registry import ENVIRONMENTS


@pytest.mark.parametrize("registry", [POLICIES, ENVIRONMENTS], ids=["policies", "environments"])
def test_every_name_loads(registry):
    for name in registry:
        cls = registry.load(name)
        assert cls.__doc__, name
        assert registry.table[name].endswith(f":{cls.__name__}")


def test_unknown_names_get_a_hint():
    with pytest.raises(ValueError, match=r"unknown policy 'ucb' \(did you mean 'ucb1'\?\); known: "):
        POLICIES.load("ucb")


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


def test_classes_are_attributes_of_the_package():
    assert bandits.UCB1 is UCB1
    assert "UCB1" in dir(bandits)
    with pytest.raises(AttributeError, match="no attribute 'UCB9'"):
        _ = bandits.UCB9

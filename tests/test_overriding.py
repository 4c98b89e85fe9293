"""Abstract or final: what a class implements is not implemented again below it, but for what it marks as a default."""

import inspect
import re
from functools import cached_property

import pytest

from bandits import Policy
from bandits.arms.policy import BanditPolicy
from bandits.defaults import default, is_default
from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS
from environments.contract import Environment

OURS = ("bandits", "environments", "regretlab")


def function(method):
    """What a method of any kind calls, unwrapped; None of an attribute."""
    inner = {property: "fget", cached_property: "func", staticmethod: "__func__", classmethod: "__func__"}
    for kind, attribute in inner.items():
        if isinstance(method, kind):
            method = getattr(method, attribute)
    return inspect.unwrap(method) if inspect.isfunction(method) else None


def breaches(cls, ours=OURS):
    """The methods of ``cls`` that are implemented twice among our classes, or that call the default they replace.

    Dunder methods are the language's: constructors go up by ``super().__init__``.
    """
    line = [c for c in cls.__mro__ if c.__module__.split(".")[0] in ours and not getattr(c, "_is_protocol", False)]
    for i, low in enumerate(line):
        for name, method in vars(low).items():
            below = None if name.startswith("__") else function(method)
            for high in line[i + 1 :] if below else ():
                above = vars(high).get(name)
                if above is None or getattr(above, "__isabstractmethod__", False):
                    continue
                where = f"{low.__name__}.{name} implements {high.__name__}.{name} again"
                if not is_default(above):
                    yield f"{where}, which is no default"
                elif re.search(rf"\bsuper\(\)\.{name}\b", inspect.getsource(below)):
                    yield f"{where}, and calls it"


@pytest.mark.parametrize("registry", [POLICIES, ENVIRONMENTS, TOOLS], ids=["policies", "environments", "tools"])
def test_no_registered_class_implements_anew_what_is_no_default(registry):
    classes = {registry.load(name) for name in registry}
    assert len(classes) > 2
    assert sorted({breach for cls in classes for breach in breaches(cls)}) == []


def test_what_is_implemented_anew_is_found():
    class Base(Policy):
        def reset(self, problem, rng):
            self._t = 0

        @property
        @default
        def width(self):
            return 1

        @default
        def look(self):
            return 1

        @staticmethod
        def size():
            return 1

    class Below(Base):
        def reset(self, problem, rng):
            super().reset(problem, rng)

        @property
        def width(self):
            return 2

        def look(self):
            return super().look()

        @staticmethod
        def size():
            return 2

        def regret_bounds(self, problem, instance):
            return ()

    assert sorted(breaches(Below, ("bandits", __name__.split(".")[0]))) == [
        "Below.look implements Base.look again, and calls it",
        "Below.reset implements Base.reset again, which is no default",
        "Below.size implements Base.size again, which is no default",
    ]


def test_what_the_contract_implements_is_a_default_or_final():
    for contract in (Policy, Environment):
        for name, method in vars(contract).items():
            if not name.startswith("_") and inspect.isfunction(method):
                marks = [is_default(method), getattr(method, "__final__", False), name in contract.__abstractmethods__]
                assert sum(marks) == 1, f"{contract.__name__}.{name}"


def test_other_peoples_policies_may_still_begin_with_the_reset_above():
    assert "reset" in BanditPolicy.__abstractmethods__
    assert Policy.reset(object(), None, None) is None

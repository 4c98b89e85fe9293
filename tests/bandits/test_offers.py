from typing import Any, Protocol, runtime_checkable

import pytest

from bandits.arms.problem import Blocks
from bandits.contract import Playable
from bandits.offers import offers
from environments import BernoulliArms


@runtime_checkable
class Named(Protocol):
    name: str

    def greet(self) -> str: ...


@runtime_checkable
class Aged(Named, Protocol):
    age: int


class Person:
    age = 3

    def __init__(self) -> None:
        self.name = "Ada"

    def greet(self) -> str:
        return self.name


class Silent:
    name, age = "Bob", 4


class Proxy:
    def __init__(self, inner: object) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize("thing", [Person(), Silent(), Proxy(Person()), Proxy(Silent()), object()])
@pytest.mark.parametrize("protocol", [Named, Aged])
def test_it_answers_as_isinstance_does(thing: object, protocol: Any) -> None:
    assert offers(thing, protocol) == isinstance(thing, protocol)


def test_one_class_may_offer_more_or_less_in_each_object() -> None:
    assert offers(Proxy(Person()), Aged)
    assert not offers(Proxy(Silent()), Aged)


def test_an_environment_that_hands_out_blocks() -> None:
    environment = BernoulliArms([0.2, 0.8], 10)
    environment.reset(seed=0)
    assert offers(environment, Blocks)

    class Plain:
        """The contract alone."""

        clock = 0
        observe, transition = environment.observe, environment.transition

    assert offers(Plain(), Playable)
    assert not offers(Plain(), Blocks)

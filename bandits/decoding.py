"""Values of a policy from JSON values; the words are explained in ``bandits.state``."""

from __future__ import annotations

import base64
import dataclasses
import math
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np
from numpy.lib.format import descr_to_dtype

from bandits.arguments import integer, integers, one_of, shown
from bandits.contract import Policy
from bandits.earlier import set_state
from bandits.encoding import BITS, Json, Trusted, overrides
from bandits.frozen import Frozen
from bandits.registry import POLICIES, parameters_of

FAULTS = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, MemoryError, RecursionError)
"""What values that cannot be lead to where numpy or a class takes them in."""

NUMBERS, PLACES = 624, 4
"""What MT19937 and Philox draw at once; numpy reads where the state says, within these or not."""

POOL = 1024
"""The most words in the pool of a seed, which numpy mixes in quadratic time; 4 by default."""

_OPEN = object()
"""Stands for an object of which a part is being read."""


class StateError(ValueError):
    """What is wrong with a state; the message says where."""


class Decoder:
    """Decodes values, each object once.

    Args:
        objects: the list of a state's objects.

    Raises:
        ValueError: it is none.
    """

    def __init__(self, objects: Json) -> None:
        if not isinstance(objects, list) or not objects:
            raise StateError(f"objects of a state must be a list of at least one, got {shown(objects)}")
        self._objects, self._trusted = objects, Trusted()
        self._made: dict[int, Any] = {}
        self._readers: dict[str, Callable[[int, dict[str, Json]], Any]] = {
            "array,read_only": self._array,
            "bits,seed,state": self._bits,
            "deque,most": self._deque,
            "dict": self._dict,
            "frozenset": lambda k, e: frozenset(self._values(e["frozenset"])),
            "generator": lambda k, e: np.random.Generator(self.value(e["generator"])),
            "list": lambda k, e: self._filled(k, [], lambda made: made.extend(self._values(e["list"]))),
            "seed": lambda k, e: _seed(**self._attributes(e["seed"])),
            "set": lambda k, e: self._filled(k, set(), lambda made: made.update(self._values(e["set"]))),
            "tuple": lambda k, e: tuple(self._values(e["tuple"])),
            "attributes,class": self._instance,
            "class,frozen,shape": self._frozen,
            "class,items": self._named_tuple,
            "class,state": self._restored,
        }

    def root(self, name: str, parameters: Json) -> Policy[Any, Any, Any, Any]:
        """The policy that is object 0, of that registered name and with those parameters.

        Raises:
            ValueError: something is wrong with its state.
        """
        cls, entry = self._class(name), self._objects[0]
        if not isinstance(entry, dict) or entry.get("class") != name or not isinstance(entry.get("attributes"), dict):
            raise StateError(f"object 0 of a state must be the policy {name!r}, got {shown(entry)}")
        names = sorted(parameters_of(cls))
        if not isinstance(parameters, dict) or sorted(parameters) != names:
            raise StateError(f"parameters of {name!r} must be {', '.join(names) or 'none'}, got {shown(parameters)}")
        self._objects = [{**entry, "attributes": {**parameters, **entry["attributes"]}}, *self._objects[1:]]
        policy = self.value({"ref": 0})
        if not isinstance(policy, Policy):
            raise StateError(f"policy of a state must be a policy, got {name!r}")
        return policy

    def value(self, value: Json) -> Any:
        """The value that a JSON value stands for.

        Raises:
            ValueError: it stands for none.
        """
        if value is None or isinstance(value, (bool, str, int)):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        if isinstance(value, dict) and len(value) == 1:
            ((kind, inner),) = value.items()
            if kind == "ref":
                return self._object(inner)
            if kind == "scalar" and isinstance(inner, dict):
                return _array_of(inner)[()]
            if kind in ("int", "float", "bytes") and isinstance(inner, str):
                try:
                    return _FROM_TEXT[kind](inner)
                except ValueError as error:
                    raise StateError(f"a value of a state must be {kind} in text, got {shown(inner)}") from error
        raise StateError(f"a value of a state must be one of those that to_json writes, got {shown(value)}")

    def _object(self, place: Json) -> Any:
        if type(place) is not int or not 0 <= place < len(self._objects):
            raise StateError(f"ref must be a whole number in 0..{len(self._objects) - 1}, got {shown(place)}")
        if place not in self._made:
            self._made[place] = _OPEN
            entry = self._objects[place]
            reader = self._readers.get(",".join(sorted(entry))) if isinstance(entry, dict) else None
            if reader is None:
                raise StateError(f"object {place} of the state must be one that to_json writes, got {shown(entry)}")
            try:
                self._made[place] = reader(place, entry)
            except StateError:
                raise
            except FAULTS as error:
                raise StateError(
                    f"object {place} of the state cannot be: {shown(str(error))}, in {shown(entry)}"
                ) from error
        if self._made[place] is _OPEN:
            raise StateError(f"object {place} of the state must not be part of itself")
        return self._made[place]

    def _values(self, values: Json) -> list[Any]:
        if not isinstance(values, list):
            raise StateError(f"items of an object must be a list, got {shown(values)}")
        return [self.value(value) for value in values]

    def _attributes(self, attributes: Json) -> dict[str, Any]:
        if not isinstance(attributes, dict):
            raise StateError(f"attributes of an object must be a dictionary, got {shown(attributes)}")
        return {str(name): self.value(value) for name, value in attributes.items()}

    def _filled(self, place: int, made: Any, fill: Callable[[Any], object]) -> Any:
        """An object that its own parts may refer to."""
        self._made[place] = made
        fill(made)
        return made

    def _dict(self, place: int, entry: dict[str, Json]) -> Any:
        return self._filled(place, {}, lambda made: made.update([self._values(item) for item in entry["dict"]]))

    def _deque(self, place: int, entry: dict[str, Json]) -> Any:
        made: deque[Any] = deque(maxlen=None if entry["most"] is None else integer("most", entry["most"], 0))
        return self._filled(place, made, lambda made: made.extend(self._values(entry["deque"])))

    def _array(self, place: int, entry: dict[str, Json]) -> Any:
        array = _array_of(entry["array"])
        array.flags.writeable = entry["read_only"] is not True
        return array

    def _bits(self, place: int, entry: dict[str, Json]) -> Any:
        bits = getattr(np.random, one_of("bits", entry["bits"], BITS))(self.value(entry["seed"]))
        state = self.value(entry["state"])
        _check_place(state.get("buffer_pos", 0), PLACES)
        _check_place(state["state"].get("pos", 0), NUMBERS)
        bits.state = state
        return bits

    def _instance(self, place: int, entry: dict[str, Json]) -> Any:
        cls = self._class(entry["class"])
        _check_plain(cls, entry["class"])
        fields = dataclasses.fields(cls) if dataclasses.is_dataclass(cls) else ()
        if missing := [field.name for field in fields if field.name not in entry["attributes"]]:
            raise StateError(
                f"object {place} of the state must have the attributes of {cls.__name__}, lacks {missing[0]!r}"
            )
        fill = getattr(cls, "__setstate__", set_state)
        return self._filled(place, object.__new__(cls), lambda made: fill(made, self._attributes(entry["attributes"])))

    def _restored(self, place: int, entry: dict[str, Json]) -> Any:
        cls = self._class(entry["class"])
        _check_plain(cls, entry["class"])
        return self._filled(place, object.__new__(cls), lambda made: made.__setstate__(self.value(entry["state"])))

    def _named_tuple(self, place: int, entry: dict[str, Json]) -> Any:
        cls = self._class(entry["class"])
        if not issubclass(cls, tuple) or not hasattr(cls, "_make"):
            raise StateError(f"class of an object with items must be a named tuple, got {shown(entry['class'])}")
        return cls._make(self._values(entry["items"]))

    def _frozen(self, place: int, entry: dict[str, Json]) -> Any:
        cls, data = self._class(entry["class"]), _bytes(entry["frozen"])
        shape = tuple(integers("shape", entry["shape"], 0))
        if not issubclass(cls, Frozen):
            raise StateError(f"class of a frozen array must be one, got {shown(entry['class'])}")
        if len(data) != 8 * math.prod(shape):
            raise StateError(f"a frozen array of shape {shape} must have {8 * math.prod(shape)} bytes, got {len(data)}")
        return cls._thawed(data, shape)

    def _class(self, name: Json) -> type[Any]:
        """The class of a registered name, or of ``module:Class`` in one of the packages that are trusted."""
        if isinstance(name, str) and name in self._trusted.names:
            try:
                return POLICIES.load(name)
            except ImportError as error:
                raise StateError(f"the policy {name!r} of the state cannot be imported: {error}") from error
        module, _, attribute = name.partition(":") if isinstance(name, str) else ("", "", "")
        package = module.partition(".")[0]
        found = None
        if package in self._trusted.packages and all(part.isidentifier() for part in (*module.split("."), attribute)):
            with suppress(ImportError):  # of other people's modules, those that a registered policy loads are there
                place = import_module(module) if package == "bandits" else sys.modules.get(module)
                found = getattr(place, attribute, None)
        if not isinstance(found, type) or (found.__module__, found.__qualname__) != (module, attribute):
            raise StateError(
                "class of an object must be a registered name, or module:Class of a class in the package of a "
                f"registered policy, got {shown(name)}"
            )
        return found


def _check_plain(cls: type[Any], name: str) -> None:
    """See that a class is one of objects that attributes make."""
    if overrides(cls, "__new__") or getattr(cls, "__abstractmethods__", None):
        raise StateError(f"class of an object must be one that attributes make, got {shown(name)}")


def _check_place(place: Any, most: int) -> None:
    """See that a bit generator goes on within the numbers that it has drawn."""
    if integer("the place in a bit generator", place, 0) > most:
        raise StateError(f"the place in a bit generator must be a whole number in 0..{most}, got {shown(place)}")


def _seed(entropy: Any, spawn_key: Any, pool_size: Any, n_children_spawned: Any) -> np.random.SeedSequence:
    """A seed, of numbers that are in no lists of lists: numpy takes those apart, however often one holds another."""
    for name, numbers in (("entropy", entropy), ("spawn_key", spawn_key)):
        if isinstance(numbers, (list, tuple)) and any(isinstance(number, (list, tuple, dict)) for number in numbers):
            raise StateError(f"{name} of a seed must be whole numbers, none of them a list")
    if integer("pool_size", pool_size) > POOL:
        raise StateError(f"pool_size of a seed must be at most {POOL} in a state, got {shown(pool_size)}")
    return np.random.SeedSequence(
        entropy, spawn_key=spawn_key, pool_size=pool_size, n_children_spawned=n_children_spawned
    )


def _bytes(text: Json) -> bytes:
    if not isinstance(text, str):
        raise StateError(f"bytes must be a text in base64, got {shown(text)}")
    return base64.b64decode(text, validate=True)


def _array_of(entry: Json) -> np.ndarray[Any, Any]:
    if not isinstance(entry, dict) or sorted(entry) != ["bytes", "dtype", "order", "shape"]:
        raise StateError(f"an array must have dtype, shape, order and bytes, got {shown(entry)}")
    described = entry["dtype"]
    if isinstance(described, list):
        described = [tuple(tuple(p) if isinstance(p, list) else p for p in field) for field in described]
    dtype, shape = descr_to_dtype(described), tuple(integers("shape", entry["shape"], 0))
    data, order = _bytes(entry["bytes"]), one_of("order", entry["order"], ("C", "F"))
    if dtype.hasobject:
        raise StateError(f"an array must be one of numbers or texts, got dtype {dtype}")
    if len(data) != dtype.itemsize * math.prod(shape):
        size = dtype.itemsize * math.prod(shape)
        raise StateError(f"an array of shape {shape} and dtype {dtype} must have {size} bytes, got {len(data)}")
    if not data and 0 not in shape:  # numpy makes some of something else
        raise StateError(f"an array of shape {shape} must have entries with bytes, got dtype {dtype}")
    if not data:
        return np.zeros(shape, dtype, order)
    return np.frombuffer(data, dtype).reshape(shape, order=order).copy(order)


_FROM_TEXT: dict[str, Callable[[str], Any]] = {"int": int, "float": float, "bytes": _bytes}

"""Values of a policy as JSON values, objects in a flat list; the words are explained in ``bandits.state``."""

from __future__ import annotations

import base64
import math
from collections import deque
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.format import dtype_to_descr

from bandits.arguments import shown
from bandits.contract import Policy
from bandits.frozen import Frozen
from bandits.registry import POLICIES, parameters_of
from bandits.seeds import Seeds

Json = Any
"""Nothing, a truth value, a text, a number, a list of such or a dictionary from texts to such."""

BITS = ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")
"""The bit generators of numpy that a state may hold."""

SEEDS = (np.random.SeedSequence, Seeds)
"""What may seed them: a state tells the one from the other no more than their streams do."""

EXACT = 2**53
"""Up to here whole numbers are the same in every program that reads JSON."""


class Trusted:
    """Where the classes of a state may come from, as of now.

    Attributes:
        names: those of policies that are registered.
        packages: this package, and those in which registered policies stand.
    """

    def __init__(self) -> None:
        places = POLICIES.classes
        modules = [p.partition(":")[0] if isinstance(p, str) else p.__module__ for p in places.values()]
        self.names, self.packages = places.keys(), {"bandits", *(module.partition(".")[0] for module in modules)}


class Encoder:
    """Encodes values, each object once.

    Attributes:
        objects: what was encoded, in the order of first meeting.
    """

    def __init__(self) -> None:
        self.objects: list[Json] = []
        self._places: dict[int, int] = {}
        self._kept: list[Any] = []  # what made up objects are: else an id may be that of another one
        self._trusted = Trusted()

    def root(self, policy: Policy[Any, Any, Any, Any]) -> tuple[str, dict[str, Json]]:
        """The registered name of a policy and its parameters; its attributes are object 0.

        Raises:
            ValueError: it is not registered, or holds what no JSON can.
        """
        name = POLICIES.name_of(type(policy))
        if name not in self._trusted.names:
            raise _not_registered("policy", name)
        self.value(policy, type(policy).__name__)
        entry = self.objects[0]
        named = parameters_of(type(policy))
        return name, {key: entry["attributes"].pop(key) for key in named if key in entry["attributes"]}

    def value(self, value: Any, place: str) -> Json:
        """A value as JSON.

        Args:
            value: the value.
            place: where it stands, for messages.

        Raises:
            ValueError: no JSON can hold it.
        """
        kind = type(value)
        if value is None or kind is bool or kind is str:
            return value
        if kind is int:
            return value if -EXACT <= value <= EXACT else {"int": str(value)}
        if kind is float:
            return value if math.isfinite(value) and value != int(value) else {"float": repr(value)}
        if kind is bytes:
            return {"bytes": _base64(value)}
        if isinstance(value, np.generic):
            return {"scalar": self._array(np.asarray(value), place)}
        if (known := self._places.get(id(value))) is None:
            known = self._places[id(value)] = len(self.objects)
            self.objects.append(None)
            self._kept.append(value)
            self.objects[known] = self._object(value, place)
        return {"ref": known}

    def _values(self, values: Any, place: str) -> list[Json]:
        return [self.value(item, f"{place}[{i}]") for i, item in enumerate(values)]

    def _object(self, value: Any, place: str) -> Json:
        kind = type(value)
        if kind in (list, tuple, set, frozenset):
            return {kind.__name__: self._values(value, place)}
        if kind is deque:
            return {"deque": self._values(value, place), "most": value.maxlen}
        if kind is dict:
            return {"dict": [self._values(item, f"{place}{{}}") for item in value.items()]}
        if kind is np.ndarray:
            return {"array": self._array(value, place), "read_only": not value.flags.writeable}
        if kind is np.random.Generator:
            return {"generator": self.value(value.bit_generator, f"{place}.bit_generator")}
        if isinstance(value, np.random.BitGenerator):
            return self._bits(value, place)
        if kind in SEEDS:
            seed = {
                "entropy": value.entropy,
                "spawn_key": value.spawn_key,
                "pool_size": value.pool_size,
                "n_children_spawned": value.n_children_spawned,
            }
            return {"seed": self._attributes(seed, place)}
        return self._instance(value, place)

    def _array(self, array: np.ndarray[Any, Any], place: str) -> Json:
        if array.dtype.hasobject:
            raise ValueError(f"{place} must be an array of numbers or texts for a state, got dtype {array.dtype}")
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        described = dtype_to_descr(array.dtype)
        return {
            "dtype": described if isinstance(described, str) else [list(field) for field in described],
            "shape": list(array.shape),
            "order": order,
            "bytes": _base64(array.tobytes("F" if order == "F" else "C")),
        }

    def _bits(self, bits: np.random.BitGenerator, place: str) -> Json:
        name, seed = type(bits).__name__, bits.seed_seq
        if type(bits) is not getattr(np.random, name, None) or name not in BITS:
            raise ValueError(f"{place} must be one of numpy's bit generators, {', '.join(BITS)}, got {shown(bits)}")
        if type(seed) not in SEEDS:
            raise ValueError(f"{place} must be seeded by a numpy.random.SeedSequence, got {shown(seed)}")
        entry = {"bits": name, "state": self.value(dict(bits.state), f"{place}.state")}
        return {**entry, "seed": self.value(seed, f"{place}.seed_seq")}

    def _instance(self, value: Any, place: str) -> Json:
        kind = type(value)
        name = self._class(kind, value, place)
        if isinstance(value, Frozen):
            _, (_, data, shape) = value.__reduce__()
            return {"class": name, "frozen": _base64(data), "shape": list(shape)}
        if isinstance(value, tuple) and hasattr(kind, "_fields"):
            return {"class": name, "items": self._values(value, place)}
        if overrides(kind, "__reduce__") or overrides(kind, "__reduce_ex__"):
            raise ValueError(f"{place} must be made of attributes for a state, got {shown(value)}")
        if overrides(kind, "__getstate__"):
            return {"class": name, "state": self.value(value.__getstate__(), place)}
        if not hasattr(value, "__dict__") or isinstance(value, (int, float, str, bytes, tuple, list, dict, set, deque)):
            raise ValueError(f"{place} must be made of attributes for a state, got {shown(value)}")
        kept = {k: v for k, v in vars(value).items() if not isinstance(getattr(kind, k, None), cached_property)}
        return {"class": name, "attributes": self._attributes(kept, place)}

    def _attributes(self, attributes: Mapping[str, Any], place: str) -> dict[str, Json]:
        return {key: self.value(item, f"{place}.{key}") for key, item in attributes.items()}

    def _class(self, kind: type[Any], value: Any, place: str) -> str:
        if issubclass(kind, Policy) and (name := POLICIES.name_of(kind)) in self._trusted.names:
            return name
        package, _, _ = kind.__module__.partition(".")
        if issubclass(kind, Policy) and package not in self._trusted.packages:
            raise _not_registered(place, f"{kind.__module__}:{kind.__qualname__}")
        if isinstance(value, type) or kind.__name__ != kind.__qualname__ or package not in self._trusted.packages:
            raise ValueError(
                f"{place} must be a number, text, array, generator or an object of a class that stands in the package "
                f"of a registered policy, for a state to hold it, got {shown(value)} of {kind.__module__}."
                f"{kind.__qualname__}"
            )
        return f"{kind.__module__}:{kind.__qualname__}"


def _not_registered(place: str, name: str) -> ValueError:
    return ValueError(
        f"{place} must be a registered policy for a state, got {name}: register it by an entry point "
        "regretlab.policies, or name it for as long as it takes (bandits.registry.naming), here and where it is read"
    )


def overrides(kind: type[Any], name: str) -> bool:
    """Whether a class has a method of its own in the place of one that every object has."""
    return getattr(kind, name) is not getattr(object, name)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")

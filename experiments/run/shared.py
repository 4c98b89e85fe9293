"""What belongs to a class and changes while a job is computed, so that numbers depend on which jobs share a process.

A class attribute is one for all objects of a process: what a policy counts there goes on from replicate to replicate
and from job to job, and starts anew in each process; with classes defined in a script, which travel to other processes
by value, at each batch of jobs. So the number of processes would decide numbers. It is told.
"""

from __future__ import annotations

import pickle
import sys
import types
import warnings
from typing import Any

from experiments.run.meaning import OURS

_METHODS = (types.FunctionType, types.BuiltinFunctionType, classmethod, staticmethod, property, type)
_KNOWN = {*OURS, *sys.stdlib_module_names, "builtins", "gymnasium", "numpy"} - {"__main__"}
"""Packages whose classes keep nothing of a run."""

State = dict[type[Any], dict[str, Any]]


def class_state(*objects: Any) -> State:
    """The attributes of the classes, other than our own, of these objects and of what they keep themselves."""
    parts = [part for thing in objects for part in vars(thing).values()]
    classes = {cls for thing in (*objects, *parts) for cls in type(thing).__mro__}
    return {cls: _attributes(cls) for cls in classes if cls.__module__.partition(".")[0] not in _KNOWN}


def tell_changes(before: State) -> None:
    """Warn of each attribute that is not what it was."""
    for cls, known in before.items():
        for name, content in _attributes(cls).items():
            if name not in known or known[name] != content:
                warnings.warn(
                    f"{cls.__name__}.{name}, an attribute of the class, changed in a run: all objects of a process "
                    "share it, so that numbers may depend on the number of processes; keep it in the object, set by "
                    "reset or begin",
                    RuntimeWarning,
                    stacklevel=2,
                )


def _attributes(cls: type[Any]) -> dict[str, Any]:
    named = ((name, value) for name, value in list(vars(cls).items()) if not name.startswith("__"))
    return {name: _content(value) for name, value in named if not isinstance(value, _METHODS)}


def _content(value: Any) -> Any:
    """Something that is equal as long as nothing in the value changes, as far as that can be seen."""
    try:
        return pickle.dumps(value)
    except Exception:  # of whatever kind it is: then it is told when another one takes its place
        return id(value)

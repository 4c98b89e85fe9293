"""The memory that a policy keeps.

What a worker process holds says little about a policy: its highest resident size never falls, so that whoever comes
first into a worker pays for compilers and imports; whoever comes later reuses pages that others have freed; and the
environment's tape, drawn piece by piece while the policy plays, outweighs many a policy. So what is counted is what the
policy itself keeps between rounds: every object that can be reached from it.

It leaves out working space within a call, classes, modules and compiled code.
"""

from __future__ import annotations

import gc
import sys
import types
from typing import Any

import numpy as np

SHARED = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, types.CodeType)
"""What belongs to the program, not to one object."""


def bytes_kept(thing: Any) -> int:
    """Bytes of all objects that can be reached from ``thing``, each counted once, with the data of arrays."""
    seen: dict[int, Any] = {}
    total, todo = 0, [thing]
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, SHARED) or type(one).__module__.partition(".")[0] == "numba":
            continue
        seen[id(one)] = one  # kept, so that no other object takes its id
        total += sys.getsizeof(one)
        todo += gc.get_referents(one)
        if isinstance(one, np.ndarray):
            if isinstance(one.base, np.ndarray):
                todo.append(one.base)
            elif one.base is not None:  # memory that a kernel made
                total += one.nbytes
            if one.dtype.hasobject:
                todo += one.ravel().tolist()
    return total

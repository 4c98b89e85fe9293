"""Functions compiled on first use, so that importing a policy does not import numba.

A function marked ``@kernel`` is compiled by ``numba.njit(cache=True, nogil=True)`` when it is first called, together
with every other kernel of its file. Write kernels as module-level functions on plain arrays. A kernel may call those of
its own file and those that the file imports by name; numba's on-disk cache notices a change in any file that a kernel's
leads to in this way. Where no cache can be written, they are compiled anew in every process, which is told once. So are
those whose source is no file: in a script that is piped in, and in a notebook, where the cache of a cell would not
notice a change in another.

What a call costs: numba counts the references to every array that is handed to a function which might raise, some 10 ns
an array. So division by zero gives inf or nan, as in numpy, and does not raise; and a kernel marked ``@inlined``
counts nothing and is compiled into those that call it.

What an inlined kernel calls is compiled as if it were inlined, too, unless it was compiled before, as it is where
Python called it first. So mark as inlined what loops and Python call: a loop is as quick then, whichever comes first.
"""

from __future__ import annotations

import contextlib
import functools
import os
import warnings
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


@functools.cache
def _warn_of_slow_starts() -> None:
    warnings.warn(
        "compiled functions are not kept on disk, so that every start is slow: NUMBA_CACHE_DIR names a folder for "
        "them; from a notebook or a script that is piped in, move the kernels into a module",
        RuntimeWarning,
        stacklevel=2,
    )


def _has_file(function: Callable[..., Any]) -> bool:
    """Whether a function's source is a file, or comes with an imported module."""
    imported = function.__globals__.get("__spec__") is not None
    return imported or os.path.isfile(function.__code__.co_filename)


def _if_there_is_room(save: Callable[..., None]) -> Callable[..., None]:
    """To write to the cache where the disk takes it: a function that is compiled works without.

    What is handed a kernel would never be found again, since that is another object in every process.
    """

    def saved(signature: Any, compiled: Any) -> None:
        if any(hasattr(kind, "dispatcher") for kind in getattr(signature, "args", signature)):
            return
        try:
            save(signature, compiled)
        except OSError:
            _warn_of_slow_starts()

    return saved


def _stamps(namespace: dict[str, Any]) -> list[tuple[str, float, int]]:
    """Names, times and sizes, sorted, of this file and of the others whose kernels a file imports, directly or not."""
    found: dict[int, dict[str, Any]] = {id(namespace): namespace, id(globals()): globals()}
    waiting = [namespace]
    while waiting:
        for value in list(waiting.pop().values()):
            function = value.function if isinstance(value, _Kernel) else getattr(value, "py_func", None)
            beyond = getattr(function, "__globals__", None)
            if beyond is not None and id(beyond) not in found:
                found[id(beyond)] = beyond
                waiting.append(beyond)
    del found[id(namespace)]
    status = [(str(other["__name__"]), os.stat(other["__file__"])) for other in found.values() if "__file__" in other]
    return sorted((name, stat.st_mtime, stat.st_size) for name, stat in status)


_LINKED: set[int] = set()
"""Files, by the ids of their namespaces, whose kernels are replaced by numba's dispatchers."""


class _Kernel:
    def __init__(self, function: Callable[..., Any], inline: bool = False) -> None:
        functools.update_wrapper(self, function)
        self.function, self.inline = function, inline

    @functools.cached_property
    def dispatcher(self) -> Callable[..., Any]:
        import numba

        compiled: Any = None
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
        if self.inline:
            options |= {"forceinline": True, "_nrt": False}
        if _has_file(self.function):
            with contextlib.suppress(RuntimeError):  # no folder for the cache can be written
                compiled = numba.njit(cache=True, **options)(self.function)
        if compiled is None:
            _warn_of_slow_starts()
            return cast(Callable[..., Any], numba.njit(**options)(self.function))
        if hasattr(compiled, "_cache"):  # not where compiling is switched off
            file = compiled._cache._cache_file
            file._source_stamp = (file._source_stamp, *_stamps(self.function.__globals__))
            compiled._cache.save_overload = _if_there_is_room(compiled._cache.save_overload)
            try:
                compiled._cache._cache_file._load_index()
            except OSError:  # compiling says so
                pass
            except Exception:  # it names a type of an older source, which numba looks for before it sees the stamp
                compiled._cache.flush()
        return cast(Callable[..., Any], compiled)

    @functools.cached_property
    def linked(self) -> Callable[..., Any]:
        """The dispatcher, once all kernels that the file defines or imports are replaced by theirs."""
        namespace = self.function.__globals__
        if id(namespace) not in _LINKED:
            _LINKED.add(id(namespace))
            for name, value in list(namespace.items()):
                if isinstance(value, _Kernel):
                    namespace[name] = value.dispatcher if value.function.__globals__ is namespace else value.linked
        return self.dispatcher

    def __call__(self, *args: Any) -> Any:
        return self.linked(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.function.__module__ == "__main__":  # of a script or a notebook: goes to workers with what uses it
            return _Kernel, (self.function, self.inline)
        return _lookup, (self.function.__module__, self.function.__qualname__)


def _lookup(module: str, name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(module), name)


def prepare() -> None:
    """Have numba ready to load kernels, which takes it longest, so that copies of this process find it so."""
    from numba.core.registry import cpu_target

    cpu_target.typing_context.refresh()
    cpu_target.target_context.refresh()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a module-level function to be compiled by numba when it is first called.

    Args:
        function: works on numbers and arrays only, and calls only kernels of its own file.

    Returns:
        The same function; the first call of one of its file replaces them all, in their module, by numba's dispatchers.
        One that is defined after that, in a notebook again, is a dispatcher from the start.
    """
    return _marked(function, False)


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a kernel for innermost loops: it is compiled into others that call it, at no cost.

    It makes no arrays, and calls nothing that does; what numba puts in the place of ``np.min`` of an array does, too.

    It may be handed kernels: one that is handed kernels, and is no part of its caller, has numba keep neither on disk.
    """
    return _marked(function, True)


def _marked(function: Callable[P, R], inline: bool) -> Callable[P, R]:
    made = _Kernel(function, inline)
    return cast(Callable[P, R], made.dispatcher if id(function.__globals__) in _LINKED else made)

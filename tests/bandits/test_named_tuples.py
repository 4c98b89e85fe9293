"""Named tuples of arrays differ in their names or fields: numba tells those of two classes apart by nothing else.

A kernel that is called with one of two that look alike is resolved in Python at every call, some 100 us, unless its
class was the first of them to be used in the process (``findings/numba_named_tuples_alike.sh``).
"""

import ast
import sys
from pathlib import Path

import numpy as np

import bandits
import environments
from bandits import PagingProblem
from bandits.paging import flush_when_all_zeros, fwf, lru, random_eviction

NUMBERS = {"int", "float", "bool", "str"}


def named_tuples():
    """Where each is, by its name and fields; not those of mere numbers, which no kernel is given."""
    found = {}
    for package in (bandits, environments):
        for path in sorted(Path(package.__file__).parent.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "NamedTuple" for base in node.bases):
                    lines = [line for line in node.body if isinstance(line, ast.AnnAssign)]
                    if not all(ast.unparse(line.annotation) in NUMBERS for line in lines):
                        fields = tuple(ast.unparse(line.target) for line in lines)
                        found.setdefault((node.name, fields), []).append(path.name)
    return found


def test_no_two_are_alike():
    found = named_tuples()
    assert len(found) > 80
    assert {which: paths for which, paths in found.items() if len(paths) > 1} == {}


PLAYED = [fwf.FlushWhenFull, random_eviction.RandomEviction, lru.LRU, flush_when_all_zeros.FlushWhenAllZeros]


def test_calls_are_resolved_by_numba_itself(monkeypatch):
    """Of policies whose states were alike once."""
    slow = []
    for policy_class in PLAYED:
        policy = policy_class()
        policy.reset(PagingProblem(cache_size=2, n_pages=5, prediction=policy.prediction), np.random.default_rng(1))
        policy.serve_one(3, 1)
        dispatcher = sys.modules[policy_class.__module__]._play
        original = dispatcher._compile_for_args

        def resolved(*args, of=policy_class, original=original):
            slow.append(of)
            return original(*args)

        monkeypatch.setattr(dispatcher, "_compile_for_args", resolved)
        policy.serve_one(4, 1)
    assert not slow

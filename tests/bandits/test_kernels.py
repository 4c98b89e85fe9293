"""Kernels are compiled on first use, and only with kernels of their own file."""

import pickle
import sys

import pytest

from bandits.kernels import kernel

MODULE = """\
from bandits.kernels import kernel
{imports}

@kernel
def square(x):
    return x * x


@kernel
def work(x):
    return square(x) + {call}
"""


def load(tmp_path, monkeypatch, name, imports="", call="1.0"):
    (tmp_path / f"{name}.py").write_text(MODULE.format(imports=imports, call=call), encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return __import__(name)


def test_the_first_call_compiles_all_kernels_of_the_file(tmp_path, monkeypatch):
    module = load(tmp_path, monkeypatch, "kernels_one")
    before = module.work
    assert before.__name__ == "work"
    assert before(3.0) == 10.0
    assert module.work is not before
    assert module.work(3.0) == 10.0
    assert before(3.0) == 10.0
    assert type(module.square).__module__.startswith("numba")


def test_a_kernel_of_another_file_is_refused(tmp_path, monkeypatch):
    load(tmp_path, monkeypatch, "kernels_two")
    module = load(tmp_path, monkeypatch, "kernels_three", "from kernels_two import work as other", "other(x)")
    with pytest.raises(TypeError, match="kernel other belongs to another file than kernels_three"):
        module.work(1.0)


def test_kernels_pickle_by_name(tmp_path, monkeypatch):
    module = load(tmp_path, monkeypatch, "kernels_four")
    assert pickle.loads(pickle.dumps(module.work))(2.0) == 5.0


def test_a_kernel_is_a_function():
    @kernel
    def documented(x):
        """What it does."""
        return x

    assert documented.__doc__ == "What it does."

"""Kernels are compiled on first use, with those that they call, wherever these stand."""

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from bandits.kernels import _warn_of_slow_starts, kernel

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


CHAIN = {
    "low": "\n\n@kernel\ndef low(x):\n    return x + {number}\n",
    "middle": "from low import low\n\n\n@kernel\ndef middle(x):\n    return low(x)\n",
    "high": "from middle import middle\n\n\n@kernel\ndef same(x):\n    return middle(x)\n\n\n"
    "@kernel\ndef high(x):\n    return same(x)\n\n\nprint(high(1.0), sum(high.stats.cache_hits.values()))\n",
}


def test_the_cache_notices_a_change_in_another_file(tmp_path):
    """Two imports away; where nothing has changed, it is used."""
    for number, seen in (("1.0", "2.0 0"), ("1.0", "2.0 1"), ("2.5", "3.5 0"), ("2.5", "3.5 1"), ("10.0", "11.0 0")):
        for name, text in CHAIN.items():
            file, code = tmp_path / f"{name}.py", f"from bandits.kernels import kernel\n{text.format(number=number)}"
            if not file.exists() or file.read_text() != code:
                file.write_text(code)
        done = run("import high", tmp_path)
        assert done.stdout.strip() == seen, done.stderr
        assert not done.stderr


def test_kernels_pickle_by_name(tmp_path, monkeypatch):
    module = load(tmp_path, monkeypatch, "kernels_four")
    assert pickle.loads(pickle.dumps(module.work))(2.0) == 5.0


def test_a_kernel_is_a_function():
    @kernel
    def documented(x):
        """What it does."""
        return x

    assert documented.__doc__ == "What it does."


RECORDS = """\
from typing import NamedTuple

from bandits.kernels import kernel


class {name}(NamedTuple):
    x: float


@kernel
def work(pair):
    return pair.x {more}


print(work({name}(3.0)))
"""


def run(code, folder, **environment):
    own = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    env = {**own, "PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[2]}", **environment}
    return subprocess.run([sys.executable, "-W", "always", "-c", code], capture_output=True, text=True, env=env)


def test_a_cache_of_an_older_source_is_no_obstacle(tmp_path):
    """Numba reads the names of old types before it sees that the source has changed."""
    for name, more, seen in (("Pair", "", "3.0"), ("Couple", "+ 1.0  # another length", "4.0")):
        (tmp_path / "records.py").write_text(RECORDS.format(name=name, more=more))
        done = run("import records", tmp_path)
        assert done.stdout.strip() == seen, done.stderr
        assert not done.stderr
    assert list((tmp_path / "__pycache__").glob("*.nbi"))


def test_without_a_place_for_a_cache_kernels_are_compiled_all_the_same(tmp_path):
    two = "from bandits.kernels import kernel\n" + "".join(
        f"\n@kernel\ndef f{i}(x):\n    return x + {i}.0\n\nprint(f{i}(1.0))\n" for i in (1, 2)
    )
    done = run(two, tmp_path)
    assert done.stdout.split() == ["2.0", "3.0"]
    assert done.stderr.count("compiled functions are not kept on disk, so that every start is slow: NUMBA_CACHE") == 1


PIPED = """\
from bandits.kernels import kernel


@kernel
def one(x):
    return x + 1


@kernel
def two(x):
    return one(one(x))


print(two(1))
"""
SLOW = "compiled functions are not kept on disk, so that every start is slow"


def test_kernels_of_a_script_that_is_piped_in(tmp_path):
    """They call each other, and nothing is kept, not even where a folder is named for it."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "NUMBA_CACHE_DIR": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run([sys.executable, "-"], input=PIPED, capture_output=True, text=True, env=env)
        assert done.stdout.strip() == "3", done.stderr
        assert done.stderr.count(SLOW) == 1
    assert not list(tmp_path.rglob("*.nbi"))


def test_kernels_of_a_notebook_notice_a_change_in_another_cell(tmp_path):
    """A cell that calls another's kernel must not be taken from a cache of an earlier session."""
    formats, client = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "IPYTHONDIR": str(tmp_path)}
    for more in (1, 10):
        cells = (
            "from bandits.kernels import kernel",
            f"@kernel\ndef one(x):\n    return x + {more}",
            "@kernel\ndef two(x):\n    return one(x)\n\nprint(two(2))",
        )
        notebook = formats.v4.new_notebook(cells=[formats.v4.new_code_cell(cell) for cell in cells])
        client.NotebookClient(notebook, kernel_name="python3").execute(env=env)
        told = {output["name"]: output["text"] for cell in notebook.cells for output in cell.outputs}
        assert told["stdout"].strip() == str(2 + more)
        assert SLOW in told["stderr"]


@pytest.mark.parametrize("named", [False, True], ids=["no home", "a named folder that cannot be written"])
def test_an_installation_and_a_home_that_cannot_be_written(tmp_path, named):
    """Plain files stand where folders for the cache would be, which no privilege can write into."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "mine.py").write_text(PIPED, encoding="utf-8")
    (package / "__pycache__").write_text("", encoding="utf-8")
    home = tmp_path / "home"
    home.write_text("", encoding="utf-8")
    env = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "LOCALAPPDATA": str(home)}
    if named:
        env["NUMBA_CACHE_DIR"] = str(home / "folder")
    done = run("import mine", package, **env)
    assert done.stdout.strip() == "3", done.stderr
    assert done.stderr.count(SLOW) == 1
    if not named:
        done = run("import mine", package, **env, NUMBA_CACHE_DIR=str(tmp_path / "folder"))
        assert (done.stdout.strip(), done.stderr) == ("3", "")
        assert list((tmp_path / "folder").rglob("*.nbi"))


def test_compiling_can_be_switched_off(tmp_path):
    (tmp_path / "records.py").write_text(RECORDS.format(name="Pair", more=""))
    done = run("import records", tmp_path, NUMBA_DISABLE_JIT="1")
    assert (done.stdout.strip(), done.stderr) == ("3.0", "")


CELLS = """\
from bandits.kernels import kernel

@kernel
def f(x):
    return x + 1.0

@kernel
def g(x):
    return f(x) * 2.0

print(g(1))

@kernel
def f(x):
    return x + 10.0

print(f(1), g(1.5))
"""


def test_a_kernel_that_is_defined_again_serves_those_that_call_it(tmp_path):
    """As in a notebook: what is compiled from then on calls the new one."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-"], input=CELLS, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.split() == ["4.0", "11.0", "23.0"], done.stderr


def test_a_full_disk_under_the_cache_is_told_and_kernels_work(tmp_path, monkeypatch):
    import numba.core.caching

    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(numba.core.caching.IndexDataCacheFile, "save", full)
    _warn_of_slow_starts.cache_clear()
    module = load(tmp_path, monkeypatch, "kernels_full")
    with pytest.warns(RuntimeWarning, match="are not kept on disk"):
        assert module.work(3.0) == 10.0


HANDED = """\
from bandits.kernels import inlined, kernel


@inlined
def twice(function, x):
    return function(function(x))


@inlined
def add(x):
    return x + {number}


@kernel
def work(x):
    return twice(add, x)


print(work(1.0), sum(work.stats.cache_hits.values()))
"""


def test_a_kernel_that_hands_on_kernels_is_kept_on_disk(tmp_path):
    """What is handed them is not: it would not be found again."""
    for number, seen in (("1.0", "3.0 0"), ("1.0", "3.0 1"), ("2.5", "6.0 0"), ("2.5", "6.0 1")):
        file, code = tmp_path / "handed.py", HANDED.format(number=number)
        if not file.exists() or file.read_text() != code:
            file.write_text(code)
        done = run("import handed", tmp_path)
        assert done.stdout.strip() == seen, done.stderr
        assert not done.stderr
    assert list(tmp_path.glob("__pycache__/handed.work*.nbc"))
    assert not list(tmp_path.glob("__pycache__/handed.twice*.nbc"))

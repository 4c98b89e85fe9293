"""The command, whatever stands in the working folder."""

import subprocess
import sys

import pytest

STUDY = """\
name: here
seed: 1
checkpoints: 10
experiments:
  - name: two
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    horizon: 50
    replicates: 4
    policies: [ucb1, "mine:Mine"]
"""

INSTALLED = "import sys; sys.path.remove(''); from regretlab.__main__ import main; main()"
WAYS = {"regretlab": ["-c", INSTALLED], "python -m regretlab": ["-m", "regretlab"]}


@pytest.fixture
def folder(tmp_path):
    """A user's folder, in which everything is called like our packages."""
    (tmp_path / "bandits.py").write_text("raise RuntimeError('theirs is imported')\n", encoding="utf-8")
    for name in ("environments", "experiments"):
        (tmp_path / name).mkdir()
    (tmp_path / "environments" / "__init__.py").write_text("raise RuntimeError('theirs is imported')\n")
    (tmp_path / "experiments" / "notes.txt").write_text("no code\n", encoding="utf-8")
    (tmp_path / "mine.py").write_text("from bandits import UCB1\n\nclass Mine(UCB1):\n    pass\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def call(folder, way, *words):
    return subprocess.run([sys.executable, *WAYS[way], *words], capture_output=True, text=True, cwd=folder)


@pytest.mark.parametrize("way", WAYS)
def test_the_users_files_are_not_taken_for_ours(folder, way):
    done = call(folder, way, "list", "policies")
    assert done.returncode == 0, done.stderr
    assert "ucb1" in done.stdout
    first, second = done.stderr.splitlines()  # a folder without code is no clash
    assert first.startswith("warning: bandits.py here is called like a package of regretlab")
    assert second.startswith("warning: environments here is called like a package of regretlab")


@pytest.mark.parametrize("way", WAYS)
def test_workers_find_ours_and_the_users_module(folder, way):
    done = call(folder, way, "run", "study.yaml", "--jobs", "2", "--no-plot")
    assert done.returncode == 0, done.stderr
    assert "3 computed, 0 kept, 0 failed" in done.stdout


def test_help_names_the_command(tmp_path):
    for way in WAYS:
        done = call(tmp_path, way, "--help")
        assert done.stdout.startswith("Usage: regretlab [OPTIONS] COMMAND")
        assert done.stderr == ""


def test_help_loads_no_numpy(tmp_path):
    """Nor does its end, which takes a look at what was loaded."""
    at_the_end = "import atexit, sys; atexit.register(lambda: print('numpy' in sys.modules)); "
    done = subprocess.run(
        [sys.executable, "-c", at_the_end + INSTALLED, "--help"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_the_module_of_the_command_line_is_not_silent(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "experiments.cli", "--help"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.startswith("Usage: python -m experiments.cli [OPTIONS] COMMAND")


LEFT = """
import atexit, gc, os
from bandits import UCB1

class Left:
    def __init__(self):
        self.me = self  # goes with a look for garbage alone
        self.write = os.write

    def __del__(self):
        self.write(1, b"cleared away\\n")

KEPT = Left()

class Mine(UCB1):
    pass
"""


def test_what_a_users_module_leaves_is_cleared_away(folder):
    (folder / "mine.py").write_text(LEFT, encoding="utf-8")
    done = call(folder, "regretlab", "run", "study.yaml", "--jobs", "1", "--no-plot")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("cleared away\n")


def test_the_end_of_a_command_takes_no_look_for_garbage(tmp_path):
    code = "import atexit, gc\natexit.register(lambda: print(gc.get_freeze_count() > 0))\n" + INSTALLED
    done = subprocess.run([sys.executable, "-c", code, "list"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("True\n")


STOPPED = """
import sys

class Stopping:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            sys.meta_path.remove(self)
            sys.modules["numpy"] = None  # as where a half of it was loaded
            raise KeyboardInterrupt

sys.meta_path.insert(0, Stopping())
"""


@pytest.mark.parametrize("words", [["list", "policies"], ["run", "quickstart"]])
def test_a_command_that_is_stopped_while_it_loads_says_no_more_than_that(tmp_path, words):
    done = subprocess.run(
        [sys.executable, "-c", STOPPED + INSTALLED.partition("; ")[2], *words],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "Aborted!"

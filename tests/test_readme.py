"""What the README shows works as shown."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (\S+) -->\n```\w+\n(.*?)```", README, flags=re.S))


@pytest.fixture
def folder(tmp_path):
    for name, text in BLOCKS.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_the_blocks_are_found():
    assert set(BLOCKS) == {"mine.py", "study.yaml", "loop.py"}


def test_the_policy_runs_in_a_study(folder):
    command = [sys.executable, "-c", "import sys; sys.path.remove(''); from experiments.cli import main; main()"]
    done = subprocess.run([*command, "run", "study.yaml"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (folder / "results/leader/figures/leader.png").is_file()


def test_the_policy_runs_in_a_plain_loop(folder):
    done = subprocess.run([sys.executable, "loop.py"], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_policy_keeps_the_contract(folder, monkeypatch):
    import numpy as np

    from bandits.checks import TableWorld, check_policy

    monkeypatch.syspath_prepend(str(folder))
    from mine import FollowTheLeader

    rewards = np.random.default_rng(0).random((100, 3))
    check_policy(FollowTheLeader, lambda stepwise: TableWorld(rewards, stepwise=stepwise))

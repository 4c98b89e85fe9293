"""A small study, and policies of somebody else's that misbehave."""

import os
import sys
import textwrap

import pytest

from experiments.study.config import parse_study

STUDY = """\
name: small
title: A small study
seed: 3
batch: 2
checkpoints: 20
experiments:
  - name: two
    horizon: 200
    replicates: 6
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    policies:
      - ucb1
      - {name: ucb1, label: bold, parameters: {exploration: 8}}
"""

PLUGIN = """\
import time

from bandits.arms.ucb1 import UCB1


class Raises(UCB1):
    '''Raises in one replicate: the one in which its generator starts with a certain number.'''

    def reset(self, problem, rng):
        super().reset(problem, rng)
        if rng.random() < 0.3:
            raise ZeroDivisionError("no such luck")


class Slow(UCB1):
    def reset(self, problem, rng):
        super().reset(problem, rng)
        time.sleep(0.4)
"""


@pytest.fixture(scope="module")
def small_study():
    return parse_study(STUDY)


@pytest.fixture
def text():
    return STUDY


@pytest.fixture
def study(text):
    return parse_study(text)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """A module ``plugin`` that this process and its children can import."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    (folder / "plugin.py").write_text(textwrap.dedent(PLUGIN), encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "plugin", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
    return folder / "plugin.py"

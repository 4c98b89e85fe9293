"""The picture of extra faults a wrong 0: its points are what the definition says, and lie under the theorems."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bandits.paging.flush_when_all_zeros import FlushWhenAllZeros
from environments.paging.environment import PagingEnvironment

SCRIPT = Path(__file__).parents[3] / "examples" / "paging_excess.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("paging_excess", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_points_and_files(script, tmp_path):
    sequence = {"name": "zipf", "parameters": {"N": 300}}
    means = script.draw(tmp_path / "excess.png", sequence, 4000, sizes=(4, 16), draws=3)
    for ending in ("png", "svg", "pdf"):
        assert (tmp_path / f"excess.{ending}").stat().st_size > 3000
    for i, k in enumerate((4, 16)):
        assert 0 < means["FlushWhenAllZeros"][i] <= k - 1
        assert 0 < means["Mark0"][i] <= 2 * script.harmonic(k) * 1.5


def test_one_point_by_hand(script):
    sequence, k = {"name": "zipf", "parameters": {"N": 300}}, 4
    predictions = {"name": "flip", "parameters": {"kind": "discard", "p01": 0.05, "p10": 0.0}}
    environment, policy = PagingEnvironment(k, sequence, predictions, horizon=2000), FlushWhenAllZeros()
    environment.begin(environment.draw(np.random.default_rng([k, 0])))
    policy.reset(environment.problem, np.random.default_rng(0))
    faults = 0
    for _ in range(2000):
        request = environment.observe()
        action = policy.choose(request)
        reward, fault = environment.transition(action)
        policy.update(request, action, fault)
        faults -= reward
    instance = environment.instance()
    assert instance.eta_1[-1] == 0
    expected = (faults - instance.opt[-1]) / instance.eta_0[-1]
    assert script.excess(sequence, 2000, k, FlushWhenAllZeros, draws=1, flip=0.05) == pytest.approx([expected])

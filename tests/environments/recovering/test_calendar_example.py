"""The example script that draws which arm is pulled when."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from bandits.recovering.planners import pow2
from bandits.recovering.random_pulls import RandomPulls
from bandits.recovering.schedule import offsets_of
from environments.recovering.environment import RecoveringRewards

PATH = Path(__file__).parents[3] / "examples" / "recovering_calendar.py"
CURVES = {
    "name": "geometric",
    "parameters": {"a": [1.0, 0.9, 0.7, 0.8, 0.5], "q": [0.6, 0.8, 0.4, 0.7, 0.2], "recovery": 8},
}


@pytest.fixture(scope="module")
def example():
    spec = importlib.util.spec_from_file_location("recovering_calendar", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("plays", [1, 2])
def test_the_raster_is_the_plan(example, plays):
    environment = RecoveringRewards(CURVES, plays, horizon=200)
    periods = pow2(environment.instance().curves, plays).periods
    offsets = offsets_of(periods, plays)
    expected = [[d > 0 and t % d == o for t in range(200)] for d, o in zip(periods, offsets, strict=True)]
    assert np.array_equal(example.raster(example.plan_pulls(environment, 200), 5), np.array(expected, dtype=float))


@pytest.mark.parametrize("start", ["cold", "recovered"])
def test_the_shades_are_the_rewards_of_the_run(example, start):
    environment = RecoveringRewards(CURVES, 2, start=start, horizon=200)
    pulls = example.learner_pulls(environment, RandomPulls(), 3)
    means = example.means_of(environment, pulls)
    assert np.nansum(means) == pytest.approx(environment.metrics(np.array([200]))["expected_reward"][0])
    assert np.array_equal(~np.isnan(means), example.raster(pulls, 5) > 0)


def test_it_writes_the_picture(example, tmp_path, capsys):
    example.main(["--periods", "20", "--horizon", "200", "--out", str(tmp_path)])
    assert capsys.readouterr().out.strip() == str(tmp_path / "calendar.png")
    assert all((tmp_path / f"calendar.{e}").stat().st_size > 5000 for e in ("png", "svg", "pdf"))


def test_more_periods_than_the_run_has_are_refused(example, tmp_path, capsys):
    with pytest.raises(SystemExit):
        example.main(["--periods", "300", "--horizon", "200", "--out", str(tmp_path)])
    assert "--periods must be in 1..200, got 300" in capsys.readouterr().err

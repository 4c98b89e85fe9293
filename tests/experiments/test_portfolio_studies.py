"""The shipped studies on portfolios run, at a small size, and no theorem fails in them."""

import numpy as np
import pytest

import regretlab as rl
from experiments.study.config import shipped

SMALL = ["experiments.*.replicates=2"]
CHANGES = {
    "headline": [f"experiments.*.policies.{i}.parameters.samples=200" for i in (0, 1)],
    "minimax": ["experiments.minimax.horizon.sweep=[10, 20, 40]"],
    "costs": ["experiments.costs.environment.parameters.trading_cost.sweep=[0, 0.01]"],
}


@pytest.mark.parametrize("study", sorted(path.stem for path in (shipped() / "portfolio").glob("*.yaml")))
def test_it_runs(study, tmp_path, monkeypatch):
    monkeypatch.setenv("REGRETLAB_DATA", str(tmp_path))
    (tmp_path / "prices").mkdir()
    prices = np.exp(np.random.default_rng(8).normal(0.0, 0.05, (40, 6)).cumsum(axis=0))
    np.savetxt(tmp_path / "prices/nyse_o.csv", prices, delimiter=",", header="T,W,F,Z,R,E", comments="")
    shorter = [] if study == "minimax" else ["experiments.*.horizon=40"]
    found = rl.run(f"portfolio/{study}", changes=[*SMALL, *shorter, *CHANGES.get(study, [])], jobs=1, progress=False)
    seen = found.check().found
    assert [v.text for v in (*seen.verdicts, *seen.sweeps) if v.result == "violated"] == []
    assert len(seen.verdicts) > 0
    assert all(np.isfinite(result.regret(label)).all() for result in found.values() for label in result.policies)

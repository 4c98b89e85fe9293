"""The examples in docstrings do what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("bandits", "environments", "experiments", "regretlab")
    for path in sorted((ROOT / package).rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
MAIN = {
    "bandits.contract",
    "bandits.checks",
    "bandits.family",
    "bandits.registry",
    "bandits.arms.ucb1",
    "bandits.contextual.cheb_cb",
    "bandits.paging.policy_cache",
    "bandits.groupwise.predictor",
    "bandits.streaming.tower_loglog",
    "bandits.tallying.repeated_exposure",
    "bandits.recovering.ppp_ucb",
    "bandits.mdp.histories",
    "bandits.mdp.ucrl2",
    "environments.arms.bernoulli",
    "environments.checks",
    "environments.record",
    "environments.sor.sequence",
    "environments.sor.tuner",
    "environments.paging.environment",
    "environments.groupwise.synthetic",
    "environments.streaming.stream",
    "environments.tallying.bandit",
    "environments.recovering.environment",
    "environments.mdp.average",
    "environments.mdp.adversarial",
    "environments.mdp.episodic",
    "environments.mdp.latent",
    "experiments.analysis.results",
    "experiments.analysis.statistics",
    "regretlab.comparison",
}
"""Modules of the entry points that most people meet first."""


def test_the_main_entry_points_have_examples():
    assert set(MODULES) >= MAIN


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    if name.startswith("regretlab.adapters."):  # whose packages are other people's
        pytest.importorskip(name, exc_type=ImportError)
    results = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert results.attempted
    assert not results.failed

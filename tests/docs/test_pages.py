"""What the guides show works as shown."""

import json
import re
import tomllib
from importlib import metadata

import numpy as np
import pytest

import experiments
from bandits.checks import TableWorld, check_policy
from bandits.registry import POLICIES, Registry
from environments.registry import ENVIRONMENTS


def install(page):
    """The page's ``pyproject.toml`` as an installed distribution: its metadata, beside its modules."""
    project = tomllib.loads(page.blocks["pyproject.toml"])["project"]
    info = page.folder / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8")
    groups = project["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in names.items()) for group, names in groups]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


def registered(kind, ours):
    """A registry that has not looked for entry points yet."""
    return Registry(kind, ours.table, ours.group)


def run_its_tests(page, name):
    page.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", name)


@pytest.mark.slow
def test_quick_start(page):
    quickstart = page("docs/quickstart.md")
    quickstart.run("regretlab", "run", "two_arms.yaml", "--jobs", "1", "--no-plot")
    quickstart.run("regretlab", "check", "results/two_arms")
    printed = quickstart.run("regretlab", "run", "two_arms.yaml", "--set", "panels.close.replicates=48", "--no-plot")
    assert re.search(r"\b[1-9]\d* kept", printed)
    printed = quickstart.run("python", "look.py")
    assert [line.split()[0] for line in printed.splitlines()[:3]] == ["ucb1", "kl_ucb", "beta_thompson"]


@pytest.mark.slow
def test_write_a_policy(importable):
    policy = importable("docs/policy.md")
    run_its_tests(policy, "test_mine.py")
    policy.run("regretlab", "run", "study.yaml", "--jobs", "1", "--no-plot")
    policy.run("regretlab", "check", "results/explore")
    assert "Lattimore" not in policy.run("regretlab", "show", "mine:ExploreFirst").splitlines()[0]
    panel = experiments.load(policy.folder / "results/explore").panels["four_arms"]
    assert all(b.holds for label in panel.series for b in panel.bounds[label])
    assert [b.name for b in panel.bounds["explore first, 20"]] == ["explore-first bound"]
    install(policy)
    assert registered("policy", POLICIES).load("explore_first").__name__ == "ExploreFirst"
    assert "explore_first" not in POLICIES.table


def test_the_compiled_policy_is_the_same(importable):
    importable("docs/policy.md")
    from fast import FastExploreFirst
    from mine import ExploreFirst

    rewards = np.random.default_rng(2).random((500, 5))
    check_policy(lambda: FastExploreFirst(20), lambda stepwise: TableWorld(rewards, stepwise=stepwise))
    played = []
    for make in (ExploreFirst, FastExploreFirst):
        world, policy = TableWorld(rewards), make(20)
        policy.reset(world.problem, np.random.default_rng(0))
        policy.advance(world, 500)
        played.append(world.history)
    assert played[0] == played[1]


@pytest.mark.slow
def test_write_an_environment(importable):
    shop = importable("docs/environment.md")
    run_its_tests(shop, "test_shop.py")
    shop.run("regretlab", "run", "study.yaml", "--jobs", "1", "--no-plot")
    shop.run("regretlab", "check", "results/shop")
    shop.run("python", "loop.py")
    panel = experiments.load(shop.folder / "results/shop").panels["prices"]
    assert [b.holds for b in panel.bounds["ucb1"]] == [True]
    assert panel.regret("ucb1")[:, -1].mean() < panel.regret("uniform")[:, -1].mean() * 0.6
    assert np.all(panel.regret("uniform", "hindsight").mean(axis=0)[-1] > 0)
    install(shop)
    assert registered("environment", ENVIRONMENTS).load("posted_prices").__name__ == "PostedPrices"
    assert "posted_prices" in {e.name for e in metadata.entry_points(group="regretlab.environments")}


@pytest.mark.slow
def test_shards_make_the_whole(page):
    cluster = page("docs/cluster.md")
    assert "the same to the bit" in cluster.run("sh", "-e", "shards.sh")
    manifest = json.loads((cluster.folder / "merged/manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["cells"]) == len(list((cluster.folder / "merged/cells").iterdir()))


def test_arms_in_a_loop(page):
    earned = float(page("docs/arms.md").run("python", "loop.py"))
    assert earned > 600  # 500 by uniform play; 700 by the best arm, give or take 15

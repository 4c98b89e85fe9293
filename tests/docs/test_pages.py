"""What the guides show works as shown."""

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import experiments
from bandits.checks import check_policy, play
from bandits.contract import bounds_of
from bandits.families import ours
from bandits.registry import ENVIRONMENTS, POLICIES, Registry
from environments import AdversarialArms, BernoulliArms
from environments.checks import players

ROOT = Path(__file__).parent.parent.parent


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


def result(page, study, experiment):
    """What the page's study has computed for one of its experiments."""
    return experiments.load(page.folder / "results" / study).experiments[experiment]


def run_its_tests(page, name):
    page.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", name)


@pytest.mark.slow
def test_quick_start(page):
    quickstart = page("docs/quickstart.md")
    quickstart.regretlab("run two_arms.yaml --jobs 1 --no-plot", "check results/two_arms")
    printed = quickstart.run(
        "regretlab", "run", "two_arms.yaml", "--set", "experiments.close.replicates=48", "--no-plot"
    )
    assert re.search(r"\b[1-9]\d* kept", printed)
    printed = quickstart.run("python", "look.py")
    assert [line.split()[0] for line in printed.splitlines()[:3]] == ["ucb1", "kl_ucb", "beta_thompson"]


@pytest.mark.slow
def test_write_a_policy(importable):
    policy = importable("docs/policy.md")
    run_its_tests(policy, "test_mine.py")
    policy.run("regretlab", "run", "study.yaml", "--jobs", "1", "--no-plot")
    _, shown = policy.regretlab("check results/explore", "show mine:ExploreFirst")
    assert "Lattimore" not in shown.splitlines()[0]
    four_arms = result(policy, "explore", "four_arms")
    assert all(b.holds for label in four_arms.series for b in four_arms.bounds[label])
    assert [b.name for b in four_arms.bounds["explore first, 20"]] == ["explore-first bound"]
    install(policy)
    assert registered("policy", POLICIES).load("explore_first").__name__ == "ExploreFirst"
    assert "explore_first" not in POLICIES.table


def test_the_compiled_policy_is_the_same(importable):
    importable("docs/policy.md")
    from fast import FastExploreFirst
    from mine import ExploreFirst

    table = np.random.default_rng(2).random((500, 5))
    check_policy(lambda: FastExploreFirst(20), lambda: AdversarialArms(table))
    slow, fast = (play(make(20), AdversarialArms(table), 0)["reward"] for make in (ExploreFirst, FastExploreFirst))
    assert slow.tolist() == fast.tolist()


@pytest.mark.slow
def test_write_an_environment(importable):
    shop = importable("docs/environment.md")
    run_its_tests(shop, "test_shop.py")
    shop.regretlab("run study.yaml --jobs 1 --no-plot", "check results/shop")
    shop.run("python", "loop.py")
    prices = result(shop, "shop", "prices")
    assert [b.holds for b in prices.bounds["ucb1"]] == [True]
    assert prices.regret("ucb1")[:, -1].mean() < prices.regret("uniform")[:, -1].mean() * 0.6
    assert np.all(prices.regret("uniform", "hindsight").mean(axis=0)[-1] > 0)
    install(shop)
    assert registered("environment", ENVIRONMENTS).load("posted_prices").__name__ == "PostedPrices"
    assert "posted_prices" in {e.name for e in metadata.entry_points(group="regretlab.environments")}


@pytest.mark.slow
def test_add_a_family(page):
    """In processes of its own, since the table of families is read once in each."""
    newsvendor = page("docs/family.md")
    install(newsvendor)
    run_its_tests(newsvendor, "test_newsvendor.py")
    (newsvendor.folder / "listed.py").write_text(LISTED, encoding="utf-8")
    newsvendor.run("python", "-W", "error", "listed.py")
    newsvendor.regretlab("run study.yaml --jobs 1", "check results/orders")
    assert (newsvendor.folder / "results/orders/figures/orders.png").is_file()
    shop = result(newsvendor, "orders", "shop")
    assert [(b.comparator_class, b.delta, b.holds) for b in shop.bounds["gradient_orders"]] == [
        ("fixed", None, True),
        ("fixed", 0.05, True),
        ("hindsight", None, True),
    ]
    assert [b.kind for b in shop.lower_bounds] == ["lower"]
    best = shop.regret("gradient_orders")[:, -1].mean()
    assert 0.0 < best < 0.3 * shop.regret("0.5 every day")[:, -1].mean()


def test_the_lower_bound_is_what_the_best_order_in_the_mean_pays(importable):
    importable("docs/family.md")
    from newsvendor.environment import UniformDemand

    days, runs = UniformDemand(0.1, 0.9, 2.0, 1.0, 30), 4000
    times, luck = np.array([1, 2, 3, 10, 30]), np.random.default_rng(4)
    best, regret = 0.1 + 0.8 / 3.0, []
    for _ in range(runs):
        demands = days.draw(luck)
        days.begin(demands)
        earned = -np.cumsum(days._cost(best, demands))[times - 1]
        regret.append(days.comparators(times)["best_in_hindsight"] - earned)
    (bound,) = days.lower_bounds()
    error = np.std(regret, axis=0) / np.sqrt(runs)
    assert np.all(np.abs(np.mean(regret, axis=0) - bound.curve(times.astype(float))) < 4.0 * error)


def test_the_compiled_orders_are_the_same(importable):
    run_its_tests(importable("docs/family.md"), "test_fast.py")
    from newsvendor.environment import UniformDemand
    from newsvendor.fast import DemandInBlocks, FastGradientOrders
    from newsvendor.policies import GradientOrders

    days, policy = DemandInBlocks(horizon=700), FastGradientOrders()
    days.begin(days.draw(np.random.default_rng(1)))
    policy.reset(days.problem, np.random.default_rng(2))
    assert [policy.leap(days, 300), policy.leap(days, 900), days.clock] == [300, 400, 700]
    days.begin(days.draw(np.random.default_rng(1)))
    days.absorb(np.full(699, 0.5))
    with pytest.raises(ValueError, match="at most 1 days, got 2"):
        days.absorb(np.array([0.5, 0.5]))
    assert days.clock == 699
    slow = play(GradientOrders(), UniformDemand(horizon=700), 0)
    for name, series in play(FastGradientOrders(), DemandInBlocks(horizon=700), 0).items():
        assert series.tolist() == slow[name].tolist()


LISTED = """
import gymnasium

import bandits
import environments
from bandits.families import families

assert families()[-1].name == "newsvendor"
assert {"gradient_orders", "fixed_order"} <= set(bandits.POLICIES)
assert gymnasium.make("regretlab/UniformDemand-v0", most=0.5).unwrapped.most == 0.5
"""


@pytest.mark.slow
def test_shards_make_the_whole(page):
    cluster = page("docs/cluster.md")
    assert "the same to the bit" in cluster.run("sh", "-e", "shards.sh")
    manifest = json.loads((cluster.folder / "merged/manifest.json").read_text(encoding="utf-8"))
    assert len(manifest["jobs"]) == len(list((cluster.folder / "merged/jobs").iterdir()))


def test_arms_in_a_loop(page):
    earned = float(page("docs/arms.md").run("python", "loop.py"))
    assert earned > 600  # 500 by uniform play; 700 by the best arm, give or take 15


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("groupwise", 0.0, 0.02),  # one linear model: 0.3 * 0.7 * mean of (2 x - 1)^2 = 0.07
        ("linear", 0.0, 0.1),  # 0.55 by uniform play
        ("logged", 0.6, 0.75),  # 0.7 by the best arm, 0.36 in the log
        ("mdp", 0.68, 0.76),  # 0.727 by the best policy, 0.2 without repairs
        ("paging", 5, 5),  # by hand
        ("portfolio", 1.509436, 1.509436),  # of Cover's mixture, by the specification; 1 by buying and holding
        ("recovering", 0.5, 0.58),  # (0.8 + 0.5 + 0.4) / 3 by turns
        ("sor", 0, 9_300),  # the best fixed parameter: 9,400
        ("tallying", 0.09, 0.25),
    ],
)
def test_a_loop_of_ones_own(page, name, least, most):
    printed = page(f"docs/{name}.md").run("python", "loop.py")
    assert least <= float(re.search(r"\d+(\.\d+)?", printed)[0]) <= most


def test_four_questions_in_a_loop(page):
    """Their answers are right, within the budget and after more than a sample an arm."""
    printed = page("docs/identification.md").run("python", "loop.py").splitlines()
    found = [re.fullmatch(r"(\w+) (.*) after (\d+) samples", line).groups() for line in printed]
    assert [(name, answer) for name, answer, _ in found] == [
        ("TrackAndStop", "3"),
        ("SuccessiveRejects", "3"),
        ("LUCB", "frozenset({2, 3})"),
        ("APT", "frozenset({2, 3})"),
    ]
    first, second, third, fourth = (int(samples) for *_, samples in found)
    assert 4 < first < third < 100_000
    assert second <= fourth == 500


@pytest.mark.slow
def test_a_study_of_answers(page):
    answers = page("docs/identification.md")
    answers.regretlab("run answers.yaml --jobs 1", "check results/answers")
    assert {path.stem for path in (answers.folder / "results/answers/figures").glob("*.png")} == {
        "answers",
        "budget",
        "sure",
    }
    printed = answers.run("python", "answers.py").splitlines()
    assert [line.split(":")[0] for line in printed[::2]] == ["TrackAndStop", "LUCB"]
    assert (answers.folder / "samples.png").is_file()


def test_a_lake_of_gymnasium(page):
    assert page("docs/mdp.md").run("python", "lake.py") == "0.7442\n"


def test_fixed_parameters_in_the_loop_of_solves(page):
    program = page("docs/sor.md").blocks["loop.py"].replace("import ChebCB,", "import FixedAction,")
    found = []
    for action in (0, 5, 9):
        given = {}
        exec(program.replace("ChebCB()", f"FixedAction({action})"), given)
        found.append(given["total"])
    assert np.allclose(found, [16_900, 9_400, 40_400], rtol=0.01)


def test_the_table_of_bounds_says_the_evidence():
    """Of each policy for arms, over all of the family's examples and two arms, of which alone some theorems speak."""
    pages = [(ROOT / f"docs/{page}.md").read_text(encoding="utf-8") for page in ("arms", "arms-modern")]
    text = "".join(page.partition("## Bounds")[2].partition("\n## ")[0] for page in pages)
    said = {}
    for names, last in re.findall(r"^\| (`.*?) \|.* \| (.*?) \|$", text, flags=re.M):
        said |= {name: set(re.findall("exact|derived|recalled|convention", last)) for name in names.split("`")[1::2]}
    found = {}
    (arms,) = (family for family in ours() if family.name == "arms")
    for environment in (*arms.example_environments(), BernoulliArms([0.4, 0.6], 100)):
        for name, policy in players(environment, [arms]):
            environment.begin(environment.draw(np.random.default_rng(0)))
            policy.reset(environment.problem, np.random.default_rng(0))
            bounds = bounds_of(policy, environment.problem, environment.instance())
            found.setdefault(name, set()).update(bound.evidence for bound in bounds)
    assert said == {name: evidence for name, evidence in found.items() if evidence}

"""What the README shows works as shown."""

import re
from pathlib import Path

import pytest

from bandits.checks import check_policy
from bandits.families import ours
from bandits.registry import POLICIES
from environments import BernoulliArms

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def readme(page):
    return page("README.md")


@pytest.mark.slow
def test_the_policy_runs_in_a_study(readme):
    assert set(readme.blocks) == {"compare.py", "mine.py", "study.yaml", "loop.py"}
    readme.run("regretlab", "run", "study.yaml")
    assert (readme.folder / "results/leader/figures/leader.png").is_file()


@pytest.mark.slow
def test_policies_are_compared_in_python(readme):
    assert readme.run("python", "compare.py").startswith("BernoulliArms. ")
    assert (readme.folder / "arms.png").read_bytes()[:4] == b"\x89PNG"


def test_the_policy_runs_in_a_plain_loop(readme):
    readme.run("python", "loop.py")


def test_the_policy_keeps_the_contract(importable):
    importable("README.md")
    from mine import FollowTheLeader

    check_policy(FollowTheLeader, lambda: BernoulliArms([0.2, 0.5, 0.7], horizon=100))


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    assert links or name != "README.md"
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("page", ["README.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))])
def test_rows_of_tables_have_all_cells_and_no_more(page):
    """A bar within a formula ends the cell; such bars are written as rVert."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, flags=re.M):
        assert len({row.replace(r"\|", "").count("|") for row in table.splitlines()}) == 1, table


ROWS = {"delayed": "arms", "contextual": "sor"}
"""Families that stand in another one's row."""


def test_the_table_counts_the_policies_of_each_family():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    counts = dict(re.findall(r"^\| \[.*?\]\(docs/(\w+)\.md\).*?\| \((\d+)\) ", text, flags=re.M))
    expected = dict.fromkeys(counts, 0)
    for family in ours():
        expected[ROWS.get(family.name, family.name)] += len(family.policies)
    expected["arms"] += len(POLICIES.table) - sum(expected.values())  # the clairvoyant, of no family
    assert {family: int(count) for family, count in counts.items()} == expected

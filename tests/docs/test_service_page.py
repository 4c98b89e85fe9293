"""The page on services: its program runs, and says what it says."""

from pathlib import Path

import pytest

from bandits.registry import POLICIES

PAGE = "docs/service.md"


@pytest.mark.slow
def test_a_shop(page):
    shown = page(PAGE)
    lines = shown.run("python", "shop.py").splitlines()
    assert lines[0] == (
        "Service(BetaThompson(alpha=1.0, beta=1.0), 3 arms: 500 decisions, 450 feedbacks, 50 outstanding)"
    )
    assert lines[1].split()[1] == "0.333"
    assert lines[2].endswith("which has its feedback already, or was forgotten")
    assert lines[3:] == ["True 0.0", "('summer', 'plain', 'autumn') True"]
    assert (shown.folder / "state.json").is_file()


def test_the_table_names_policies_that_learn_by_arm():
    text = (Path(__file__).parent.parent.parent / PAGE).read_text(encoding="utf-8")
    _, yes, no = next(line for line in text.splitlines() if line.startswith("| which |")).split("|")[1:4]
    for cell, expected in ((yes, True), (no, False)):
        names = [word for word in cell.split("`")[1::2] if word in POLICIES.paths]
        assert len(names) > 2
        assert all(POLICIES.load(name).by_arm is expected for name in names)

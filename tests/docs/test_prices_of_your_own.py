"""What the page on portfolios says of prices of one's own is so."""

import re


def test_from_python(page):
    portfolio = page("docs/portfolio.md")
    first, *regrets, refused = portfolio.run("python", "own.py").splitlines()
    assert first == "('steel', 'coal') 2024-01-03 2024-01-09 4"
    assert [line.split(":")[0] for line in regrets] == ["Universal", "BuyAndHold", "UniformMix"]
    assert all(0.0 <= float(re.search(r"-?\d+\.\d+", line)[0]) < 0.1 for line in regrets)
    assert refused.startswith("source must have a number in every cell, got None in row 2 (2024-01-03), column steel")
    assert (portfolio.folder / "wealth.png").stat().st_size > 3000


def test_in_a_study(page):
    portfolio = page("docs/portfolio.md")
    listed = portfolio.run("regretlab", "run", "own.yaml", "--dry-run")
    assert "mine: Prices of my own" in listed or "mine: prices, 4 rounds" in listed
    assert "not checked" not in listed
    assert "TW" not in listed

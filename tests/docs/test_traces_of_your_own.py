"""What the page on paging says about traces, and of a function that keeps its results, is so."""

import re
from pathlib import Path

from environments.paging.traces.binary import BINARY
from environments.paging.traces.formats import FORMATS


def test_what_is_understood(page):
    printed = page("docs/paging.md").run("python", "understood.py")
    assert printed.splitlines()[0] == "access.csv"
    facts = dict(re.split(r"\s{2,}", line.strip(), maxsplit=1) for line in printed.splitlines()[1:])
    assert facts["columns"] == "time, id, size"
    assert (facts["requests"], facts["pages"], facts["first requests"]) == ("3", "2", "17, 4, 17")


def test_all_cache_sizes(page):
    paging = page("docs/paging.md")
    lru, opt = paging.run("python", "sizes.py").splitlines()
    sizes = [int(re.search(r"with (\d+) pages", line)[1]) for line in (lru, opt)]
    assert lru.startswith("lru: at most 30 %")
    assert 1 < sizes[1] < sizes[0] < 2000
    assert (paging.folder / "miss_ratio.png").stat().st_size > 3000


def test_every_format_is_described():
    text = (Path(__file__).parents[2] / "docs" / "paging.md").read_text(encoding="utf-8")
    rows = text.partition("| `format` |")[2].partition("\n\n")[0].splitlines()[2:]
    named = [name for row in rows for name in re.findall(r"`([a-z-]+)`", row.split("|")[1])]
    assert sorted(named) == sorted([*FORMATS, *BINARY])


def test_a_function_that_keeps_its_results(page):
    """The 90th number of Fibonacci, for which each before it is worked out once."""
    printed = page("docs/paging.md").run("python", "decorated.py")
    assert printed.split(maxsplit=1) == [
        "2880067194370816120",
        "CacheInfo(hits=88, misses=91, maxsize=500, currsize=91)\n",
    ]

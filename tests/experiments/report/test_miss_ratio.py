"""The figure of a miss-ratio curve shows what the curve says, and the example tells it."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from environments.paging.curves import miss_ratio_curve
from experiments.report.labels import EndLabels
from experiments.report.miss_ratio import draw_miss_ratio, save_miss_ratios

PAGES = [1, 2, 3, 1, 2, 3, 1, 4, 2, 2]


def drawn(curve, title=""):
    ax = Figure().subplots()
    draw_miss_ratio(ax, curve, title)
    return ax


def test_lines_are_the_miss_ratios():
    curve = miss_ratio_curve(PAGES)
    ax = drawn(curve, "loop")
    lru, opt, first = ax.get_lines()
    for line, name in ((lru, "lru"), (opt, "opt")):
        assert line.get_xdata().tolist() == [1, 2, 3, 4]
        assert line.get_ydata().tolist() == curve.ratios[name].tolist()
        assert line.get_drawstyle() == "steps-post"
    assert set(first.get_ydata()) == {0.4}
    assert ax.get_xscale() == "log"
    assert ax.get_ylim()[0] == 0.0
    (labels,) = [artist for artist in ax.get_children() if isinstance(artist, EndLabels)]
    ends = [curve.ratios[name][-1] for name in ("lru", "opt")]
    assert [" ".join(text.get_text().split()) for text in labels.texts] == [
        f"LRU {ends[0]:.3g}",
        f"offline optimum (Belady) {ends[1]:.3g}",
        "first requests 0.4",
    ]
    assert ax.get_title(loc="left") == "loop"


def test_between_sizes_that_are_not_all_no_steps_are_shown():
    curve = miss_ratio_curve(PAGES, [4, 1])
    lru, opt, _ = drawn(curve).get_lines()
    assert lru.get_xdata().tolist() == [1, 4]
    assert lru.get_ydata().tolist() == curve.ratios["lru"][::-1].tolist()
    assert (opt.get_drawstyle(), opt.get_marker()) == ("default", "s"), "another mark than LRU's"


def test_files_are_the_same_every_time(tmp_path):
    curves = {"loop": miss_ratio_curve(PAGES), "one": miss_ratio_curve([5], [3])}
    contents = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        paths = [tmp_path / folder / f"curve.{ending}" for ending in ("png", "svg", "pdf")]
        save_miss_ratios(curves, *paths)
        contents.append([path.read_bytes() for path in paths])
    assert contents[0] == contents[1]
    assert all(len(content) > 3000 for content in contents[0])


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="curve must be of at least one request, got none"):
        drawn(miss_ratio_curve([]))
    with pytest.raises(ValueError, match="curves must be a mapping from titles to curves, got none"):
        save_miss_ratios({}, "curve.png")


def test_the_example(tmp_path, capsys):
    script = Path(__file__).parents[3] / "examples" / "paging_miss_ratio.py"
    spec = importlib.util.spec_from_file_location("paging_miss_ratio", script)
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    table = tmp_path / "access.csv"
    table.write_text("time,id\n" + "".join(f"{t},{page}\n" for t, page in enumerate(PAGES)))
    example.main([str(table), "column=id"], tmp_path / "curve.png")
    assert all((tmp_path / f"curve.{ending}").is_file() for ending in ("png", "svg", "pdf"))
    told = capsys.readouterr().out
    assert "10 requests to 4 pages" in told
    curve = miss_ratio_curve(PAGES)
    assert curve.ratios["lru"].tolist() == [0.9, 0.9, 0.5, 0.4]
    assert curve.ratios["opt"].tolist() == [0.9, 0.6, 0.4, 0.4]
    assert "miss ratio 0.5: LRU k = 3, offline optimum (Belady) k = 3" in told
    assert "miss ratio 0.7: LRU k = 3, offline optimum (Belady) k = 2" in told
    assert example.smallest(curve, "opt", 0.1) is None
    (title,) = example.curves([])
    assert np.isclose(example.curves([])[title].n_requests, 200_000)

"""The program of the page on logged data."""

import re
from pathlib import Path

from matplotlib import pyplot

PAGE = Path(__file__).parent.parent.parent.parent / "docs" / "logged.md"


def test_the_program_runs_and_its_intervals_hold_the_truth(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    programs = [
        part for part in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.S) if "rl.evaluate(" in part
    ]
    names = {}
    exec(compile(programs[0], str(PAGE), "exec"), names)
    pyplot.close("all")
    found, means = names["found"], names["environment"].means(names["log"].take(slice(2000, None)))
    assert found.n == 2000
    assert (tmp_path / "policies.pdf").stat().st_size > 5000
    plays = names["policies"]["by context"](names["log"].contexts[2000:])
    truth = {"arm 1": means[:, 1].mean(), "by context": (plays * means).sum(axis=1).mean()}
    for policy, value in truth.items():
        for estimator in ("IPS", "SNIPS", "DR"):
            assert found[policy, estimator].certain
            assert found[policy, estimator].low < value < found[policy, estimator].high
    assert truth["by context"] > found["arm 1", "DR"].high  # so that the log tells them apart

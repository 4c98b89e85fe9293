"""What the runner adds to the work itself, on a study of many tiny cells: sixteen replicates of a hundred rounds."""

import itertools

from timing import measure

from experiments.cells import cells_of, run_cell
from experiments.config import parse_study
from experiments.results import load
from experiments.runner import run

STUDY = """
name: tiny
seed: 1
panels:
  - name: arms
    environment: {name: bernoulli, parameters: {means: [0.4, 0.6]}}
    horizon: 100
    replicates: %d
    policies: [ucb1]
"""


def tiny(cells):
    """A study of so many cells, half of them the world's."""
    return parse_study(STUDY % (16 * cells // 2))


def test_a_cell(record, tmp_path):
    """Seeds, keys, files and progress cost no more than the rounds and curves of a tiny cell."""
    study, number = tiny(100), itertools.count()
    ours = lambda: run(study, tmp_path / str(next(number)), jobs=1)  # noqa: E731
    reference = lambda: [run_cell(cell) for cell in cells_of(study)]  # noqa: E731
    record("`run`", measure(ours, reference, "cell", (100, 100)), "the cells alone", 2.0)


def test_loading(record, tmp_path):
    """Reading a cell costs less than computing it."""
    study = tiny(100)
    assert not run(study, tmp_path, jobs=1).failed
    reference = lambda: [run_cell(cell) for cell in cells_of(study)]  # noqa: E731
    record("`load`", measure(lambda: load(tmp_path), reference, "cell", (100, 100)), "computing the cells", 1.0)

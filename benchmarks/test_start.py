"""Seconds until a process of its own is ready, its interpreter's start included."""

import pytest
from timing import WALL, measure, python


@pytest.mark.parametrize(
    ("what", "code", "target"),
    [
        ("`import regretlab`", "import regretlab", 1.3),
        ("`import bandits`", "import bandits", 2.0),
        (
            "`regretlab --help`",
            "import sys; sys.argv[1:] = ['--help']; from regretlab.__main__ import main; main()",
            1.0,
        ),
    ],
)
def test_start(record, what, code, target):
    """Policies need numpy and little else, the command line not even that before there is work."""
    pairs = measure(lambda: python(code), lambda: python("import numpy"), "process", repeats=9, clock=WALL)
    record(what, pairs, "`import numpy`", target)

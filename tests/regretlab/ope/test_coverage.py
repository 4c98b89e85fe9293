"""How often intervals cover the value that they are about, over many logs with skewed weights.

``python tests/regretlab/ope/test_coverage.py`` writes the tables of ``docs/logged.md``.
"""

import sys

import numpy as np
import pytest

from environments.logged.log import Log
from regretlab.ope.estimate import estimate
from regretlab.ope.sequence import confidence_sequence

LOGGING = np.array([0.90, 0.08, 0.02])
TARGET = np.array([0.1, 0.3, 0.6])
"""The largest weight is 30; it comes in one row of fifty."""
KINDS = {
    "clicks": np.array([0.05, 0.10, 0.15]),
    "even": np.array([0.30, 0.50, 0.60]),
    "high": np.array([0.8, 0.9, 0.95]),
}
"""Kind of rewards to the means of three arms whose rewards are 0 or 1."""


def drawn(kind, n, seed, logging=LOGGING):
    rng = np.random.default_rng([41, list(KINDS).index(kind), n, seed])
    arms = rng.choice(3, size=n, p=logging)
    rewards = (rng.random(n) < KINDS[kind][arms]).astype(np.float64)
    return Log(actions=arms, rewards=rewards, probabilities=logging[arms], n_actions=3, low=0.0, high=1.0)


def coverage(kind, n, logs, method, interval, logging=LOGGING, **options):
    """Share of the logs whose interval covers the value, and its mean width inside [0, 1]."""
    value, found, widths = float(TARGET @ KINDS[kind]), [], []
    for seed in range(logs):
        log = drawn(kind, n, seed, logging)
        seen = estimate(log, TARGET, method, interval=interval, overlap="ignore", **options)
        found.append(seen.low <= value <= seen.high)
        widths.append(max(0.0, min(seen.high, 1.0) - max(seen.low, 0.0)))
    return float(np.mean(found)), float(np.mean(widths))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [20, 200])
def test_certain_intervals_cover_and_typical_ones_do_not_at_few_rows(kind, n):
    logs = 60
    margin = 3.0 * np.sqrt(0.05 * 0.95 / logs)
    for method, options in (("IPS", {}), ("SNIPS", {"least": 0.02}), ("DR", {"least": 0.02, "fit": "forward"})):
        assert coverage(kind, n, logs, method, "betting", **options)[0] >= 0.95 - margin, method
    if n == 20:
        for method in ("IPS", "SNIPS"):
            assert coverage(kind, n, logs, method, "normal")[0] < 0.8


def test_limits_that_are_as_sharp_as_can_be_miss_no_more_than_they_may():
    """Replay of rewards that are 0 or 1: by betting, a coin's own interval nearly; one side misses in 2.5 % at most."""
    even = np.full(3, 1 / 3)
    share, width = coverage("even", 300, 200, "Replay", "betting", logging=even)
    assert share >= 0.95 - 3.0 * np.sqrt(0.05 * 0.95 / 200)
    assert width < 2.2 * 2 * 1.96 * np.sqrt(0.25 / 100)


def test_a_sequence_covers_after_all_rows_together():
    value, logs = float(TARGET @ KINDS["even"]), 80
    missed = 0
    for seed in range(logs):
        lower, upper = confidence_sequence(drawn("even", 150, seed), TARGET, confidence=0.8)
        missed += bool(np.any(lower > value) or np.any(upper < value))
    assert missed / logs <= 0.2 + 3.0 * np.sqrt(0.2 * 0.8 / logs)


ROWS = (
    ("IPS, betting", "IPS", "betting", {}),
    ("IPS, betting, `least`", "IPS", "betting", {"least": 0.02}),
    ("SNIPS, betting, `least`", "SNIPS", "betting", {"least": 0.02}),
    ("DR forward, betting, `least`", "DR", "betting", {"least": 0.02, "fit": "forward"}),
    ("IPS, empirical Bernstein, `least`", "IPS", "bernstein", {"least": 0.02}),
    ("IPS, normal", "IPS", "normal", {}),
    ("SNIPS, normal", "SNIPS", "normal", {}),
    ("DR crossed, normal", "DR", "normal", {}),
    ("IPS, percentile", "IPS", "percentile", {}),
    ("IPS, BCa", "IPS", "bca", {}),
    ("SNIPS, BCa", "SNIPS", "bca", {}),
)


def main(logs):
    sizes = (20, 50, 200, 2000)
    for kind in KINDS:
        print(f"\n{kind}: value {TARGET @ KINDS[kind]:.3g}\n\n| interval | {' | '.join(f'n = {n:,}' for n in sizes)} |")
        print(f"| --- |{' ---: |' * len(sizes)}")
        for name, method, interval, options in ROWS:
            cells = [coverage(kind, n, logs if n < 2000 else logs // 4, method, interval, **options) for n in sizes]
            print(
                f"| {name} | {' | '.join(f'{100 * share:.1f} ({width:.2f})' for share, width in cells)} |", flush=True
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)

"""A few of each of the attacks that ``make attack`` makes."""

import attacks
import bounds
import fuzz
import numpy as np
import pytest

SHARES = {"constructors": 0.0002, "service": 0.02}
"""Less of what ``test_constructors`` does with a value of each kind in every place: here the process is what counts. Of
the service, enough for two exchanges among 20,000 decisions."""


@pytest.mark.slow
@pytest.mark.parametrize("name", attacks.names())
def test_a_small_share_of_each_attack_does_no_harm(name):
    counts = attacks.run(name, SHARES.get(name, 0.005), 20240501, lambda what: None)
    assert sum(counts.values()) > 0
    assert not attacks.wrong(counts)


def test_what_takes_too_long_and_what_fails_is_seen(monkeypatch):
    monkeypatch.setattr(bounds, "LIMIT", 0.5)
    assert [status for status, _, _ in bounds.ended([["-c", "import time; time.sleep(60)"]])] == [None]
    monkeypatch.setattr(bounds, "LIMIT", 60.0)
    work = "import os, sys; print(os.environ['NUMBA_BOUNDSCHECK']); sys.exit(3)"
    assert list(bounds.ended([["-c", work], ["-c", "print('a\\nb')"]])) == [(3, ["1"], ""), (0, ["a", "b"], "")]


def test_other_parameters_of_a_policy_are_fuzzed_in_turn():
    """None of them alone has what there is of examples, and with another seed it is another's turn."""
    policies = [("one", "a"), ("two", "a"), ("two", "b"), ("two", "c")] * 9
    found = [fuzz.drawn(policies, 6, np.random.default_rng(seed)) for seed in range(9)]
    assert all(sorted(policies[k] for k in places) == [policies[0]] * 6 + sorted(policies[1:4] * 2) for places in found)
    assert len(set(map(tuple, found))) == 9
    alone = {policies[k] for seed in range(30) for k in fuzz.drawn(policies, 1, np.random.default_rng(seed))}
    assert alone == set(policies)

"""A few of each of the attacks that ``make attack`` makes."""

import attacks
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

"""Streams and runs of the streaming tests."""

import numpy as np
import pytest

from bandits import POLICIES
from environments import Stream


@pytest.fixture
def play():
    return _play


def _play(name, stream, seed=0, policy_seed=1, **parameters):
    """A whole run of a registered policy; returns (policy, stream)."""
    policy = POLICIES.load(name)(**parameters)
    stream.begin(stream.draw(np.random.default_rng(seed)))
    policy.reset(stream.problem, np.random.default_rng(policy_seed))
    policy.advance(stream, stream.horizon)
    assert stream.clock == stream.horizon
    return policy, stream


@pytest.fixture
def zero_one():
    """K = 16 arms of mean 0 with one of mean 1 at a place, T = 10^6: no randomness but the policy's."""

    def make(place, **options):
        means = [0.0] * 16
        means[place] = 1.0
        return Stream(means, **({"horizon": 10**6, "memory": 16, "order": "given", "debug": True} | options))

    return make

"""What the analysis may know of a stream: the means in order of arrival, and the kind of rewards."""

from __future__ import annotations

from bandits.contract import Array
from bandits.streaming.theory import StreamInstance


def stream_instance(means: Array, rewards: str) -> StreamInstance:
    """A run's stream.

    Args:
        means: [n_arms] in order of arrival, in reward units.
        rewards: "bernoulli" or "gaussian".
    """
    gaussian = rewards == "gaussian"
    return StreamInstance(means=means, gaussian=gaussian, bernoulli=not gaussian, bounded=not gaussian)

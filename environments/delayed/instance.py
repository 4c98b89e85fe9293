"""What the analysis may know of delays: how much feedback was outstanding at once."""

from __future__ import annotations

import numpy as np

from bandits.delayed.theory import DelayedInstance
from environments.delayed.delays import Ints

__all__ = ["DelayedInstance", "most_outstanding"]


def most_outstanding(delays: Ints) -> Ints:
    """[n] the largest number, so far, of feedbacks outstanding when the action of a round is chosen.

    Args:
        delays: [n] of the rounds, >= 0.
    """
    n = len(delays)
    change = np.zeros(n + 1, dtype=np.int64)
    sent = np.arange(n)
    change[1:] += 1  # the feedback of round s is outstanding from round s + 1 on,
    np.subtract.at(change, np.minimum(sent + delays + 1, n), 1)  # up to round s + delay
    return np.maximum.accumulate(np.cumsum(change[:n]))

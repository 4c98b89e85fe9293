"""The arms of a run, and the shares of samples that attain the characteristic time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from bandits.parts import Part
from environments.identification.environment import Identification


def arms(parameters: Mapping[str, Any], horizon: int) -> dict[str, Part]:
    """Each arm by its number and mean; none where labels or means differ between runs."""
    environment = Identification(**parameters, horizon=horizon)
    tape = environment.draw(np.random.default_rng(0))
    if tape.order is not None or tape.means is not None:
        return {}
    environment.begin(tape)
    known = environment.instance()
    best = known.weights.tolist() if math.isfinite(known.time) else [None] * len(known.means)
    return {
        f"arm {i}, mean {mean:.4g}": Part(f"pulls_{i}", share)
        for i, (mean, share) in enumerate(zip(known.means.tolist(), best, strict=True))
    }

"""Relatives of markets without luck, written apart from those that are tested."""

import numpy as np


def wave(assets, amplitude, horizon):
    """Relatives [horizon, assets] of sines."""
    i, t = np.arange(1, assets + 1), np.arange(1, horizon + 1)[:, None]
    return np.exp(amplitude * np.sin(0.7 * i * t + i * i) + 0.002 * (i - 1) * np.cos(0.01 * t * i))

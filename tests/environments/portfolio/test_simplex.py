"""The space of portfolios, alone and in vectors."""

import gymnasium
import numpy as np
from gymnasium.vector.utils import batch_space

from environments.portfolio.simplex import Simplex


def test_samples_are_portfolios_and_nothing_else_is():
    space = Simplex(3, seed=1)
    drawn = np.array([space.sample() for _ in range(400)])
    assert all(space.contains(b) for b in drawn)
    assert np.allclose(drawn.mean(axis=0), 1 / 3, atol=5 * 0.24 / 20)
    for other in ([1.0, 0.0, 0.0], np.array([1, 0, 0]), np.full(2, 0.5), np.full(3, 0.5), np.array([1.1, -0.1, 0.0])):
        assert not space.contains(other)
    assert space.contains(np.array([1.0 + 5e-10, -5e-10, 0.0]))
    space.seed(1)
    assert np.array_equal(space.sample(), drawn[0])
    assert space == Simplex(3)
    assert space != Simplex(4)
    assert space != gymnasium.spaces.Box(0.0, 1.0, (3,), np.float64)
    assert repr(space) == "Simplex(3)"


def test_a_vector_samples_portfolios_too():
    vector = gymnasium.make_vec("regretlab/WaveMarket-v0", num_envs=2, vectorization_mode="sync", horizon=5)
    vector.reset(seed=0)
    vector.action_space.seed(0)
    actions = vector.action_space.sample()
    assert actions.shape == (2, 3)
    assert vector.action_space.contains(actions)
    assert vector.action_space == batch_space(Simplex(3), 2) == Simplex(3, (2,))
    _, rewards, *_ = vector.step(actions)
    assert np.allclose(rewards, np.log(actions @ [1.0508330605, 0.9640244474, 0.9553004035]), atol=1e-9)

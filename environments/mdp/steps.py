"""A finite Markov decision process step by step, by gymnasium's own conventions for episodes.

``EpisodicMDP`` has a policy for an episode as one action, so that regret is exact. Here a step is a step, as agents of
other packages want it: the observation is the state, ``terminated`` says that the process has come to its end, after
which nothing is paid, ``truncated`` that it would go on, but time was up.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import check_action, check_seed, one_of, shown
from bandits.mdp.model import Model, law_sums
from bandits.mdp.tables import checked_law
from bandits.registry import Component
from bandits.seeds import stream
from environments.contract import number_of
from environments.mdp.environment import first_of
from environments.mdp.episodic import stages_of
from environments.mdp.models import Tables, start_law, tables_of


class MDPSteps(gymnasium.Env[np.int64, np.int64]):
    """Steps through a process: observations ``Discrete(n_states)``, actions ``Discrete(n_actions)``.

    An episode terminates after the model's own number of steps (``deepsea``, ``lock``), and before that in a state
    which no action leaves any more, and in which none is paid. It is truncated after another number ``n_stages`` of
    steps. ``info["stage"]`` is the number of steps so far.

    Args:
        model: a name or ``{"name": ..., "parameters": {...}}`` of ``environments.mdp.models.MODELS``.
        n_stages: H, steps of an episode, >= 1; None for the model's own number, or else for no end of time.
        noise: "none": rewards are their means; "bernoulli": they are 1 with their mean as probability, else 0.
        start: the first state, or a law [n_states]; None for the model's own.
        parameters: of a model that is given by its name.

    Raises:
        ValueError: a parameter out of its domain.

    Example:
        >>> import gymnasium, environments
        >>> sea = gymnasium.make("regretlab/DeepSea-v0", N=3)
        >>> sea.reset(seed=1)
        (np.int64(0), {'stage': 0})
        >>> [sea.step(1)[:4] for _ in range(3)][-1]
        (np.int64(0), 1.0, True, False)
    """

    def __init__(
        self,
        model: Component,
        n_stages: int | None = None,
        noise: str = "none",
        start: int | ArrayLike | None = None,
        **parameters: Any,
    ) -> None:
        if parameters and not isinstance(model, str):
            raise ValueError(f"parameters of the model must be part of it, got {shown(sorted(parameters))} beside it")
        tables = tables_of({"name": model, "parameters": parameters} if parameters else model)
        self._model: Model = tables.model
        self._rewards = tables.rewards if tables.rewards.ndim == 3 else tables.rewards[None]
        self.n_stages = None if n_stages is None and tables.n_stages is None else stages_of(tables, n_stages)
        self._closes = self.n_stages == tables.n_stages and not tables.limited
        self._noisy = one_of("noise", noise, ("none", "bernoulli")) == "bernoulli"
        S = tables.model.n_states
        law = tables.start if start is None else checked_law("start", start_law(S, start), S).array
        self._entry, self._ends = law_sums(law), ends(tables)
        self.observation_space: spaces.Space[np.int64] = spaces.Discrete(S)
        self.action_space: spaces.Space[np.int64] = spaces.Discrete(tables.model.n_actions)
        self._over = True

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.int64, dict[str, Any]]:
        """A new episode.

        Raises:
            ValueError: a seed that is no whole number >= 0.
        """
        super().reset(seed=None if seed is None else check_seed("seed", seed), options=options)
        if seed is not None:
            self._np_random = stream(seed, of="Environment")
        self._stage, self._over = 0, False
        self._state = first_of(self._entry, self.np_random.random())
        return np.int64(self._state), {"stage": 0}

    def step(self, action: np.int64) -> tuple[np.int64, float, bool, bool, dict[str, Any]]:
        """Take one step.

        Raises:
            ValueError: no such action; nothing has changed.
            RuntimeError: the episode is over.
        """
        action = number_of(action)
        check_action("action", action, self._model.n_actions)  # type: ignore[arg-type]
        if self._over:
            raise RuntimeError("the episode is over: call reset()")
        h, s, a, u = self._stage, self._state, int(action), self.np_random.random(2)
        mean = float(self._rewards[h if len(self._rewards) > 1 else 0, s, a])
        reward = mean if not self._noisy else float(u[1] < mean)
        states, probabilities = self._model.row(s, a, h)
        self._state, self._stage = int(states[first_of(law_sums(probabilities), u[0])]), h + 1
        late = self._stage == self.n_stages
        terminated = (late and self._closes) or bool(self._ends[min(self._stage, len(self._ends) - 1), self._state])
        truncated = late and not self._closes
        self._over = terminated or truncated
        return np.int64(self._state), reward, terminated, truncated, {"stage": self._stage}


def ends(tables: Tables) -> NDArray[np.bool_]:
    """Whether a state [1 or n_stages, n_states] is an end: from its stage on no action leaves it, and none is paid."""
    model, S, A = tables.model, tables.model.n_states, tables.model.n_actions
    alone = np.diff(model.starts) == 1
    loops = alone & (
        model.states[np.minimum(model.starts[:-1], len(model.states) - 1)]
        == np.tile(np.repeat(np.arange(S), A), model.n_stages)
    )
    here = loops.reshape(-1, S, A).all(axis=2) & (tables.rewards.reshape(-1, S, A) == 0.0).all(axis=2)
    return np.logical_and.accumulate(here[::-1])[::-1]

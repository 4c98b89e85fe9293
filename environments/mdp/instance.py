"""What the analysis may know of a finite Markov decision process, from its numbers."""

from __future__ import annotations

from bandits.contract import Array
from bandits.mdp.theory import AverageRewardInstance
from environments.mdp.models import Tables


def average_instance(tables: Tables, start: Array) -> AverageRewardInstance:
    """One life from a first state of the law ``start`` [n_states]."""
    model = tables.model
    return AverageRewardInstance(
        n_states=model.n_states,
        n_actions=model.n_actions,
        support=model.support,
        model=model,
        rewards=tables.rewards,
        start=start,
        hard=tables.hard,
    )

"""What the analysis may know of a finite Markov decision process, from its numbers."""

from __future__ import annotations

from bandits.contract import Array
from bandits.mdp.classes import check_weakly_communicating
from bandits.mdp.multichain import MOST_PAIRS
from bandits.mdp.theory import AverageRewardInstance, MultichainInstance
from environments.mdp.models import Tables


def average_instance(tables: Tables, start: Array) -> AverageRewardInstance | MultichainInstance:
    """One life from a first state of the law ``start`` [n_states].

    Raises:
        ValueError: the process is not weakly communicating, and not allowed to be otherwise, or too large for that.
    """
    model = tables.model
    try:
        check_weakly_communicating(model, start)
    except ValueError:
        if not tables.allow_multichain:
            raise
        if model.n_rows > MOST_PAIRS:
            raise ValueError(
                f"a model with allow_multichain must have at most {MOST_PAIRS} states times actions, for its gain is "
                f"that of a linear programme, got {model.n_rows}"
            ) from None
        return MultichainInstance(
            n_states=model.n_states,
            n_actions=model.n_actions,
            support=model.support,
            model=model,
            rewards=tables.rewards,
            start=start,
        )
    return AverageRewardInstance(
        n_states=model.n_states,
        n_actions=model.n_actions,
        support=model.support,
        model=model,
        rewards=tables.rewards,
        start=start,
        hard=tables.hard,
    )

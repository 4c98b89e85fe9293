"""Groups of rounds from attributes: each attribute puts a round into one of its groups, at random."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bandits.arguments import integer, real, shown
from bandits.contract import Array
from bandits.groupwise.problem import ALWAYS_ON, Mask


def check_attributes(attributes: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Attributes with the probabilities of their values, checked.

    Raises:
        ValueError: no attribute, a negative probability, probabilities of an attribute that do not sum to 1 (to 1e-9),
            or a group name that is empty or comes twice.
    """
    if not isinstance(attributes, Mapping) or not attributes:
        raise ValueError(
            f"attributes must map at least one attribute to the probabilities of its values, got {shown(attributes)}"
        )
    for attribute, chances in attributes.items():
        if not isinstance(chances, Mapping):
            raise ValueError(f"attributes.{attribute} must map values to probabilities, got {shown(chances)}")
        for value, chance in chances.items():
            real(f"attributes.{attribute}.{value}", chance, 0.0, 1.0, closed="both")
        if not chances or abs(sum(chances.values()) - 1.0) > 1e-9:
            total = sum(chances.values())
            raise ValueError(f"attributes.{attribute}: probabilities must sum to 1, got {total:.12g}")
    names = group_names(attributes)
    for name in names:
        if not isinstance(name, str) or not name or name == ALWAYS_ON or names.count(name) > 1:
            raise ValueError(
                f"attributes must give distinct names to groups, none empty or {ALWAYS_ON}, got {shown(name)}"
            )
    return {attribute: dict(chances) for attribute, chances in attributes.items()}


def group_names(attributes: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Names of the groups, attribute by attribute."""
    return [value for chances in attributes.values() for value in chances]


def draw_groups(rng: np.random.Generator, attributes: Mapping[str, Mapping[str, float]], rounds: int) -> Mask:
    """Groups [rounds, n_groups + 1] of independent attributes; the last column is the group of all rounds."""
    integer("rounds", rounds)
    parts = []
    for chances in attributes.values():
        weights = np.array(list(chances.values()))
        parts.append(np.eye(len(weights), dtype=np.int8)[rng.choice(len(weights), size=rounds, p=weights)])
    return np.concatenate([*parts, np.ones((rounds, 1), dtype=np.int8)], axis=1)


def draw_losses(rng: np.random.Generator, groups: Mask, number: int, instance_seed: int | None) -> Array:
    """Losses [rounds, number] in {0, 1} whose mean in a round is the average of its groups' means.

    Args:
        rng: of the run.
        groups: [rounds, n_groups], as ``draw_groups`` gives them.
        number: of losses a round.
        instance_seed: seed of the groups' mean losses; None to draw them, too, by ``rng``.
    """
    source = rng if instance_seed is None else np.random.default_rng(instance_seed)
    means = source.random((groups.shape[1] - 1, number))
    level = groups[:, :-1] @ means / groups[:, :-1].sum(axis=1, keepdims=True)
    losses: Array = (rng.random(level.shape) < level).astype(np.float64)
    return losses

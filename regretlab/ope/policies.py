"""Target policies as users give them, as probabilities on the rows of a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import shown
from bandits.contract import Array, Policy
from regretlab.ope.case import Rows, checked_target

Target = Array | Sequence[Any] | Callable[[Any], Any] | Policy[Any, Any, Any, Any]
"""Probabilities [n, n_actions] or [n_actions]; a function from contexts [n, d] to them; or a policy in a run."""


def probabilities_of(log: Rows, target: Any, name: str = "target") -> Array:
    """What a target policy plays on each row, [n, n_actions].

    A policy of ours must have been reset and, if it learns, have learned from other rows than these: it stands still
    here. On rows with fewer arms offered its probabilities are made to sum to 1 over those.

    Raises:
        ValueError: see ``checked_target``.
        NotResetError: a policy before ``reset``.
        TypeError: a policy that knows no probabilities; the message says what does.
    """
    if isinstance(target, Policy):
        return checked_target(log, _offered(log, _played(log, target), name), name)
    if callable(target):
        return checked_target(log, target(log.contexts), name)
    return checked_target(log, target, name)


def _played(log: Rows, policy: Policy[Any, Any, Any, Any]) -> Array:
    if log.contexts is None:
        return np.broadcast_to(policy.probabilities(None), (log.n, log.n_actions))
    return np.stack([policy.probabilities(context) for context in log.contexts])


def _offered(log: Rows, found: Array, name: str) -> Array:
    """The probabilities over the arms offered alone.

    Raises:
        ValueError: a row in which the policy plays none of those.
    """
    if log.offered is None or found.shape != log.offered.shape:
        return found
    inside = np.where(log.offered, found, 0.0)
    total = inside.sum(axis=1, keepdims=True)
    if not total.all():
        row = int(np.argmin(total))
        raise ValueError(f"{name} must play something that is offered, got probability 0 of all of it in row {row}")
    shares: Array = inside / total
    return shares


def labelled(policies: Any) -> dict[str, Any]:
    """The policies by label: a mapping as it is, a list of policies by the names of their classes.

    Raises:
        ValueError: neither, an empty one, or two of one class in a list.
    """
    if isinstance(policies, Mapping):
        found = {str(label): target for label, target in policies.items()}
    elif isinstance(policies, Policy):
        found = {type(policies).__name__: policies}
    elif isinstance(policies, Sequence) and all(isinstance(policy, Policy) for policy in policies):
        found = {type(policy).__name__: policy for policy in policies}
        if len(found) < len(policies):
            raise ValueError(f"policies of one class need labels: give a mapping of them, got {shown(policies)}")
    else:
        raise ValueError(f"policies must be a mapping from labels to target policies, got {shown(policies)}")
    if not found:
        raise ValueError("policies must be at least one, got none")
    return found

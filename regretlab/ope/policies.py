"""Target policies as users give them, as probabilities on the rows of a log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bandits.arguments import shown
from bandits.contract import Array, Policy
from regretlab.ope.case import Rows, checked_target

Target = Array | Sequence[Any] | Callable[[Any], Any] | Policy[Any, Any, Any, Any]
"""Probabilities [n, n_actions] or [n_actions]; a function from contexts [n, d] to them; or a policy in a run."""


def probabilities_of(log: Rows, target: Any, name: str = "target") -> Array:
    """What a target policy plays on each row, [n, n_actions].

    A policy of ours must have been reset and, if it learns, have learned from other rows than these: it stands still
    here. On rows with fewer arms offered what lies on the others is spread over those.

    Raises:
        ValueError: see ``checked_target``.
        NotResetError: a policy before ``reset``.
        TypeError: a policy that knows no probabilities; the message says what does.
    """
    if isinstance(target, type):
        raise ValueError(f"{name} must be a policy in a run, got its class {target.__name__}: make one")
    if isinstance(target, Policy):
        return checked_target(log, log.played_by(target), name)
    return checked_target(log, target(log.contexts) if callable(target) else target, name)


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

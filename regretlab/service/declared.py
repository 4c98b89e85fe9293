"""What a service declares of its rewards and contexts, and what it observes of a context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits import BanditProblem, ContextualProblem
from bandits.arguments import is_list, reals, shown
from bandits.contract import Problem


def declared(contexts: Sequence[tuple[float, float]] | None, **others: Any) -> dict[str, Any]:
    """Fields of the problem, but for the number of arms.

    Raises:
        ValueError: contexts that are no intervals.
    """
    if contexts is None:
        return others
    if not is_list(contexts):
        raise ValueError(f"contexts must be a list of intervals, one a coordinate, got {shown(contexts)}")
    return {**others, "contexts": tuple((*reals(f"contexts[{i}]", ends),) for i, ends in enumerate(contexts))}


def problem_of(declares: dict[str, Any], n_actions: int) -> Problem:
    """The problem on so many arms.

    Raises:
        ValueError: a field out of its domain.
    """
    kind: Any = ContextualProblem if "contexts" in declares else BanditProblem
    problem: Problem = kind(n_actions=n_actions, **declares)
    return problem


def observed(problem: Problem, context: Any) -> Any:
    """What a policy observes of a context, a copy; None where there are none.

    Raises:
        ValueError: a context that cannot be.
    """
    if isinstance(problem, ContextualProblem):
        return np.array(problem.checked_observation(context))
    if context is not None:
        raise ValueError(f"context must be None, as the service declares no contexts, got {shown(context)}")
    return None


def some_context(problem: Problem) -> list[float] | None:
    """A context that may come: in each interval the number nearest to 0."""
    if not isinstance(problem, ContextualProblem):
        return None
    return [min(max(0.0, low), high) for low, high in problem.contexts]

"""Probabilities of the next choice, by playing it on copies, for policies without ``Policy.probabilities``.

A copy is a policy as it is, with fresh random streams in the place of its generators, so that the policy and the stream
that it goes on with stay what they are. What it drew ahead of a choice is part of its state, and so of every copy: the
probabilities are those given all that the policy has drawn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bandits.arguments import integer
from bandits.contract import Array, Policy
from bandits.copies import Copies


class Propensities(NamedTuple):
    """Estimated probabilities of the next choice.

    Attributes:
        probabilities: [n_actions] shares of the draws, with sum 1.
        errors: [n_actions] standard errors, sqrt(p (1 - p) / draws); 0 where a share is 0 or 1, which proves nothing.
    """

    probabilities: Array
    errors: Array


def sampled(
    policy: Policy[Any, Any, Any, Any],
    observation: Any,
    draws: int = 1000,
    rng: np.random.Generator | None = None,
) -> Propensities:
    """The probabilities with which ``policy.choose(observation)`` plays each action, from choices of copies of it.

    Args:
        policy: in a run; it and its random stream are not touched. Its actions must be finitely many.
        observation: as for ``choose``.
        draws: number of copies, >= 1.
        rng: seeds the copies; None for one that nobody else has.

    Raises:
        ValueError: ``draws`` no whole number >= 1, or an observation that ``choose`` refuses.
        NotResetError: before ``reset``.
        TypeError: the actions are not finitely many with numbers.

    Example:
        >>> import numpy as np
        >>> from bandits import BanditProblem, EpsilonGreedy
        >>> from bandits.propensities import sampled
        >>> policy = EpsilonGreedy()
        >>> policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
        >>> found = sampled(policy, None, draws=400, rng=np.random.default_rng(1))
        >>> bool(np.all(np.abs(found.probabilities - 0.5) < 5 * found.errors))
        True
    """
    integer("draws", draws)
    problem, copies, total = policy.problem_given(), Copies(policy), np.zeros(0)
    seeds = np.random.SeedSequence() if rng is None else np.random.SeedSequence(rng.integers(2**32, size=4).tolist())
    for seed in seeds.spawn(draws):
        vector = problem.distribution_of(copies.make(seed).choose(observation))
        total = vector if total.size == 0 else total + vector
    shares = total / draws
    return Propensities(shares, np.sqrt(np.maximum(shares * (1.0 - shares), 0.0) / draws))

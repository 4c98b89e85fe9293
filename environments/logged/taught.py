"""Policies that learn from rows of a log, and what they then play on others while they stand still."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from bandits.contract import Array, Policy, check_plays
from bandits.logged.problem import Decision, Logged, LoggedProblem, over_offered
from environments.logged.environment import problem_of
from environments.logged.log import Log

AnyPolicy = Policy[Any, Any, Any, Any]


def taught(log: Log, policy: AnyPolicy, rows: int, rng: np.random.Generator) -> AnyPolicy:
    """A copy of a policy, reset, that has learned from the first rows of a log.

    One that plays logs takes them as a run; another one is told of each arm played and its reward, whether or not it
    would have played it. It is told the contexts' intervals of the whole log.

    Args:
        log: the log.
        policy: for logs, or for the arms of this one.
        rows: how many rows it learns from.
        rng: its stream.

    Raises:
        ValueError: it plays neither, or cannot learn from arms that it did not choose.
    """
    problem, pupil = problem_of(log, rows), copy.deepcopy(policy)
    if isinstance(problem, policy.plays):
        pupil.reset(problem, rng)
        for t in range(rows):
            seen = _decision(log, t)
            told = Logged(int(log.actions[t]), float(log.propensities("the run")[t]), float(log.rewards[t]))
            pupil.update(seen, pupil.choose(seen), told)
        return pupil
    check_plays(policy, problem.played, "what the log is about", name="policy")
    pupil.reset(problem.played, rng)
    for t in range(rows):
        context = _context(log, t)
        pupil.choose(context)  # some owe an update to a choice, whatever was played instead
        try:
            pupil.update(context, int(log.actions[t]), float(log.rewards[t]))
        except RuntimeError as error:  # by its own draws alone
            raise ValueError(
                f"policy must learn from arms that it did not choose, got {type(policy).__name__}: {error}; Replay "
                "plays such a policy on a log, as an environment"
            ) from error
    return pupil


def played_by(log: Log, policy: AnyPolicy) -> Array:
    """Probabilities [n, n_actions] with which a policy in a run plays in each row, while it stands still.

    What lies on arms that are not offered is spread over those that are, in proportion.

    Raises:
        NotResetError: before ``reset``.
        TypeError: the policy knows no probabilities; the message says what does.
    """
    given = policy.problem_given()
    if isinstance(given, LoggedProblem):
        return np.array([policy.probabilities(_decision(log, t)) for t in range(log.n)])
    if log.contexts is None:
        table = np.broadcast_to(policy.probabilities(None), (log.n, log.n_actions))
    else:
        table = np.array([policy.probabilities(context) for context in log.contexts])
    return table if log.offered is None else over_offered(table, log.offered.astype(np.int8))


def _context(log: Log, row: int) -> Any:
    return None if log.contexts is None else log.contexts[row]


def _decision(log: Log, row: int) -> Decision:
    offered = np.ones(log.n_actions, np.int8) if log.offered is None else log.offered[row].astype(np.int8)
    return Decision(np.empty(0) if log.contexts is None else log.contexts[row], offered)

"""A policy for arms that is after reward, asked which arm is best."""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.arguments import one_of
from bandits.contract import Array, Policy, check_plays
from bandits.identification.divergence import reward_from
from bandits.identification.policy import IdentificationPolicy
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.registry import POLICIES, Component
from bandits.watch import reset_within


class Identify(IdentificationPolicy):
    """Samples as a policy for arms plays, and answers the arm of the largest mean, or the one it played most.

    Args:
        policy: a policy that plays a ``BanditProblem``: a registered name or ``module:Class``,
            ``{"name": ..., "parameters": {...}}``, or an object, which is copied.
        answer: "best_mean" or "most_pulled".

    Raises:
        ValueError: no such policy or answer; from ``reset``, a problem that the policy does not play.

    Example:
        >>> policy = Identify("ucb1")
        >>> policy.reset(IdentificationProblem(n_actions=2, budget=10, family="bernoulli"), np.random.default_rng(0))
        >>> policy.choose(None)
        Sample(arm=0, answer=None)
    """

    def __init__(self, policy: Component = "ucb1", answer: str = "best_mean") -> None:
        self.policy, self.answer = policy, one_of("answer", answer, ("best_mean", "most_pulled"))
        self._base: Policy[Any, Any, int, float] = POLICIES.build(policy, "policy", of=Policy)

    def start(self, problem: IdentificationProblem) -> None:
        check_plays(self._base, problem.bandit, "the arms as a bandit problem", name="policy")
        reset_within(self._base, problem.bandit, self._rng)

    def pick(self) -> int:
        return int(self._base.choose(None))

    def learn(self, arm: int, reward: float) -> None:
        self._base.update(None, arm, reward)

    def probabilities(self, observation: Any) -> Array:
        """[n_actions + 1] those of the policy for arms, and of a stop, which the budget alone decides."""
        if self._taken == self._problem.budget and self._problem.delta is None:
            return self._problem.distribution_of(self._stop())
        return np.append(self._base.probabilities(None), 0.0)

    def respond(self) -> Answer | None:
        """The arm of the largest mean, or the one that was played most, the first of equal ones."""
        if self.answer == "best_mean" or not self._counts.any():
            return self.by_means()
        return int(np.argmax(self._counts))

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        for s in range(len(arms)):
            answer, arm = self.respond(), self.pick()
            reward = reward_from(outcomes.family, float(outcomes.means[arm]), float(outcomes.noise[s]))
            arms[s], codes[s] = arm, self._problem.code_of(answer)
            self._counts[arm] += 1
            self._sums[arm] += reward
            self.learn(arm, reward)
        return len(arms), False

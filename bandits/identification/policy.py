"""What the policies that identify arms share: sums of rewards, the verdict, and the driver of the compiled path."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, final

import numpy as np

from bandits.arguments import check_action, not_owed, shown
from bandits.contract import Array, Bound, Instance, Playable, Policy, Problem
from bandits.defaults import default
from bandits.identification.problem import (
    CODED,
    Answer,
    IdentificationProblem,
    Ints,
    Outcomes,
    Sample,
    SampleBlocks,
    Stop,
    whole,
)
from bandits.identification.theory import IdentificationInstance
from bandits.kernels import inlined, kernel
from bandits.offers import offers

STOP = -1
"""What ``pick`` gives in place of an arm."""


@inlined
def highest(counts: Ints, sums: Array) -> int:
    """The arm with the largest mean ``sums / counts`` of those sampled, the first of equal ones; -1 where none is."""
    best, most = -1, 0.0
    for i in range(counts.size):
        if counts[i] > 0:
            mean = sums[i] / counts[i]
            if best < 0 or mean > most:
                best, most = i, mean
    return best


class Question(NamedTuple):
    """What is asked, in numbers.

    Attributes:
        m: number of arms asked for, 0 where it is those above a threshold.
        threshold: where ``m`` is 0.
        single: whether the answer is an arm, not a set.
    """

    m: int
    threshold: float
    single: bool


@inlined
def answer_code(question: Question, counts: Ints, sums: Array) -> int:
    """The answer by the means of now, as ``IdentificationProblem.code_of`` gives it; -1 before any sample.

    Unsampled arms are last in order, and below every threshold. Of equal means the first arms are taken.
    """
    if question.single:
        return highest(counts, sums)
    code, n, any_sampled = 0, counts.size, False
    for i in range(n):
        any_sampled |= counts[i] > 0
    if not any_sampled:
        return -1
    if question.m == 0:
        for i in range(n):
            if counts[i] > 0 and sums[i] / counts[i] >= question.threshold:
                code |= 1 << i
        return code
    for _ in range(question.m):
        best, most = -1, -math.inf
        for i in range(n):
            if not code >> i & 1:
                mean = sums[i] / counts[i] if counts[i] > 0 else -math.inf
                if best < 0 or mean > most:
                    best, most = i, mean
        code |= 1 << best
    return code


@inlined
def ahead(arm: int, mean: float, other: int, rival: float) -> int:
    """The one of two arms that has the larger mean, the first of equal ones; -1 is none, whose mean is -inf."""
    return arm if mean > rival or (mean == rival and arm < other) else other


@inlined
def note(arm: int, reward: float, counts: Ints, sums: Array) -> None:
    """Take in a reward."""
    counts[arm] += 1
    sums[arm] += reward


class IdentificationPolicy(Policy[IdentificationProblem, Any, Sample | Stop, float | None]):
    """A policy that samples arms and answers a question about their means.

    Once the budget is used up it stops, unless there is a ``delta``: then it does so only if it is sure.

    Attributes:
        answers: the questions it can answer.
        needs: "delta" or "budget", the field of the problem that it needs, or "".
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (IdentificationProblem,)
    answers: ClassVar[tuple[str, ...]] = ("best",)
    needs: ClassVar[str] = ""

    @final
    def reset(self, problem: IdentificationProblem, rng: np.random.Generator) -> None:
        name = type(self).__name__
        if problem.question not in self.answers:
            known = " or ".join(self.answers)
            raise ValueError(f"question must be {known}, which is what {name} answers, got {problem.question}")
        if self.needs == "delta" and problem.delta is None:
            raise ValueError(f"{name} stops by itself: delta must be given, in (0, 1), got None")
        if problem.budget < problem.n_actions:
            raise ValueError(
                f"budget must be at least n_actions = {problem.n_actions}, for a sample of each arm, got "
                f"{problem.budget}"
            )
        self._problem, self._rng, self._n_arms = problem, rng, problem.n_actions
        self._counts = np.zeros(problem.n_actions, dtype=np.int64)
        self._sums = np.zeros(problem.n_actions)
        self._taken = 0
        above = problem.question == "above"
        self._asked = Question(0 if above else problem.m, problem.threshold or 0.0, problem.question == "best")
        self.start(problem)

    @abstractmethod
    def start(self, problem: IdentificationProblem) -> None:
        """Forget everything; ``_problem``, ``_rng``, ``_counts``, ``_sums`` and ``_taken`` are set.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def pick(self) -> int:
        """The arm to sample next, or ``STOP``."""

    @abstractmethod
    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        """Take up to ``len(arms)`` samples; returns how many, and whether the policy stops then.

        Decisions, answers and the state afterwards equal those of ``pick``, ``respond`` and ``learn`` bit for bit.

        Args:
            outcomes: of the coming samples.
            arms: [n] where the arms sampled go, of whole numbers that hold those of arms.
            codes: [n] where the answer told with each goes, as ``IdentificationProblem.code_of`` gives it.
        """

    @default
    def respond(self) -> Answer | None:
        """The answer that would be given now; None before there is one. Here: as ``by_means``."""
        return self.by_means()

    @final
    def by_means(self) -> Answer | None:
        """The arms of the largest means; None before any sample."""
        problem = self._problem
        best = highest_mean(self._counts, self._sums)
        if best < 0:
            return None
        if problem.question == "best":
            return best
        sampled = self._counts > 0
        means = np.where(sampled, self._sums / np.maximum(self._counts, 1), -np.inf)
        if problem.question == "above":
            return frozenset(np.flatnonzero(means >= self._asked.threshold).tolist())
        return frozenset(np.argsort(-means, kind="stable")[: problem.m].tolist())

    @default
    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The theorems about the policy here. Default: none."""
        return ()

    @final
    def regret_bounds(self, problem: IdentificationProblem, instance: Instance) -> Sequence[Bound]:
        """Those of ``theorems``; none where the means are not known to the analysis."""
        return self.theorems(problem, instance) if isinstance(instance, IdentificationInstance) else ()

    @default
    def learn(self, arm: int, reward: float) -> None:
        """Take in the reward of ``arm``, both checked. ``_counts``, ``_sums`` and ``_taken`` have them already."""

    @final
    def choose(self, observation: Any) -> Sample | Stop:
        problem = self._problem
        arm = STOP if self._taken == problem.budget and problem.delta is None else self.pick()
        return Sample(arm, self.respond()) if arm != STOP else self._stop()

    def _stop(self) -> Stop:
        """A stop with the answer of now; where there is nothing to go by, with the first arms."""
        answer, problem = self.respond(), self._problem
        if answer is None:
            answer = 0 if problem.question == "best" else frozenset(range(problem.m * (problem.question == "top")))
        return Stop(answer)

    @final
    def update(self, observation: Any, action: Sample | Stop, feedback: float | None) -> None:
        problem, taken = self._problem, self._taken
        reward = problem.checked_feedback(feedback)
        if reward is None:  # after a stop, or the verdict
            if isinstance(action, Sample) and taken < problem.budget:
                raise ValueError(f"feedback must be the reward of the sample of arm {shown(action.arm)}, got None")
            return
        if not isinstance(action, Sample):
            raise ValueError(f"action must be the Sample that was paid {reward}, got {shown(action)}")
        arm, answer = action
        check_action("arm", arm, self._n_arms)
        if answer is not None:
            problem.checked_answer(answer)
        if taken == problem.budget:
            raise not_owed(f"the budget of {taken} samples is used up, of a decision only the answer counts now")
        self._counts[arm] += 1
        self._sums[arm] += reward
        self._taken = taken + 1
        self.learn(arm, reward)

    @final
    def leap(self, environment: Playable[Any, Sample | Stop, float | None], most: int) -> int:
        problem = self._problem
        if not offers(environment, SampleBlocks) or self._taken == problem.budget:
            return 0
        if problem.question != "best" and problem.n_actions > CODED:
            return 0
        before = environment.clock
        outcomes = environment.block(most)
        n = len(outcomes.noise)
        arms = np.empty(n, whole(problem.n_actions))
        codes = np.empty(n, whole(problem.n_actions, problem.question == "best"))
        n, stops = self.play(outcomes, arms, codes)
        environment.absorb(arms[:n], codes[:n])
        self._taken += n
        if stops:
            environment.transition(self._stop())
        return environment.clock - before


@kernel
def highest_mean(counts: Ints, sums: Array) -> int:
    """As ``highest``, for callers that are not compiled."""
    return highest(counts, sums)

"""What the learner is told where the aim is an answer, not reward: how it samples, stops, and what it may answer.

An action is ``Sample(arm, answer)`` or ``Stop(answer)``; the answer of a sample is what the learner would say if it
were asked now. The feedback of a sample is a reward, of a stop None. A sample takes one unit of time; a stop takes
all that is left. The last unit of the ``budget + 1`` is the verdict: once ``budget`` samples are taken, only the
answer of an action counts, and nothing is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Integral
from typing import Any, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import check_reward, integer, number, one_of, positive, real, shown
from bandits.arms.problem import BanditProblem
from bandits.contract import Array, Problem
from bandits.identification.divergence import FAMILIES

Ints = NDArray[np.signedinteger[Any]]
Answer: TypeAlias = int | frozenset[int]
"""An arm where the question is "best", else a set of arms."""

QUESTIONS = ("best", "top", "above")
RANGES = {"gaussian": (-math.inf, math.inf), "bernoulli": (0.0, 1.0)}
CODED = 62
"""Arms up to which a set of them is one whole number, as compiled stretches tell it."""


def whole(n_actions: int, single: bool = True) -> type[Any]:
    """Of what numbers arms are kept, or codes of answers, which are ``single`` arms or sets: as short as they may be.

    Each that there is has a policy compiled anew.
    """
    return np.int8 if single and n_actions <= 128 else np.int64


class Sample(NamedTuple):
    """Sample an arm.

    Attributes:
        arm: in 0..n_actions-1.
        answer: what would be answered now; None for none yet.
    """

    arm: int
    answer: Answer | None = None


class Stop(NamedTuple):
    """Sample no more.

    Attributes:
        answer: to the question.
    """

    answer: Answer


@dataclass(frozen=True, kw_only=True)
class IdentificationProblem(Problem):
    """Arms, a question about their means, and how sure the answer must be, or how many samples may be taken.

    ``horizon`` is ``budget + 1``, and ``low`` and ``high`` are those of the family: neither is given.

    Attributes:
        n_actions: number of arms K, >= 2, or >= 1 where the question is "above".
        question: "best", which arm has the largest mean; "top", which ``m`` have; "above", which ones have means of at
            least ``threshold``.
        m: number of arms asked for, in 1..K-1, where the question is "top"; else 1.
        threshold: where the question is "above", else None.
        epsilon: where the question is "above", means within it of the threshold may be answered either way, >= 0;
            else 0.
        delta: allowed probability of a wrong answer, in (0, 1), or None where it is as small as the budget allows.
        budget: number of samples that may be taken, >= 1; with a ``delta`` the cap, which no run exceeds.
        family: "gaussian", "bernoulli", "poisson" or "exponential": known to the learner.
        sigma: standard deviation of Gaussian rewards, > 0. Of Bernoulli ones 1/2 is the sub-Gaussian parameter.

    Raises:
        ValueError: a number out of its domain.

    Example:
        >>> problem = IdentificationProblem(n_actions=3, delta=0.1, budget=1000)
        >>> problem.horizon, problem.family, problem.deviation
        (1001, 'gaussian', 1.0)
    """

    n_actions: int
    question: str = "best"
    m: int = 1
    threshold: float | None = None
    epsilon: float = 0.0
    delta: float | None = None
    budget: int
    family: str = "gaussian"
    sigma: float = 1.0
    reveals_rewards = True

    def __post_init__(self) -> None:
        one_of("question", self.question, QUESTIONS)
        one_of("family", self.family, FAMILIES)
        integer("budget", self.budget)
        low, high = RANGES.get(self.family, (0.0, math.inf))
        for name, value in (("horizon", self.budget + 1), ("low", low), ("high", high)):
            object.__setattr__(self, name, value)
        super().__post_init__()
        if self.question == "above":
            integer("n_actions", self.n_actions)
        elif integer("n_actions", self.n_actions) < 2:
            raise ValueError("n_actions must be at least 2, with one arm there is nothing to identify, got 1")
        if self.question == "top":
            integer("m", self.m, 1, self.n_actions - 1)
        elif integer("m", self.m) != 1:
            raise ValueError(f"m must be 1 where the question is {self.question}, got {self.m}: top asks for more")
        if self.question == "above":
            if self.threshold is None:
                raise ValueError("threshold must be given, a number, where the question is above, got None")
            object.__setattr__(self, "threshold", float(real("threshold", self.threshold)))
        elif self.threshold is not None:
            raise ValueError(
                f"threshold must be absent where the question is {self.question}, got {shown(self.threshold)}"
            )
        object.__setattr__(self, "epsilon", float(real("epsilon", self.epsilon, 0.0, closed="low")))
        if self.epsilon > 0.0 and self.question != "above":
            raise ValueError(
                f"epsilon must be 0 where the question is {self.question}, got {self.epsilon:g}: policies that "
                "tolerate arms a little worse than the best, such as lucb, have an epsilon of their own"
            )
        positive("sigma", self.sigma)
        if self.delta is not None:
            real("delta", self.delta, 0.0, 1.0)

    @property
    def variance(self) -> float:
        """Of Gaussian rewards."""
        return self.sigma * self.sigma

    @property
    def deviation(self) -> float:
        """Sub-Gaussian parameter of a reward around its mean.

        Raises:
            ValueError: rewards of the family have none.
        """
        if self.family not in RANGES:
            raise ValueError(f"family must be gaussian or bernoulli, for rewards to be sub-Gaussian, got {self.family}")
        return self.sigma if self.family == "gaussian" else 0.5

    @property
    def bandit(self) -> BanditProblem:
        """The same arms for a policy that is after reward: ``budget`` rounds.

        Raises:
            ValueError: rewards of the family are unbounded, with no sub-Gaussian parameter.
        """
        noise = self.deviation if self.family == "gaussian" else None
        return BanditProblem(n_actions=self.n_actions, horizon=self.budget, low=self.low, high=self.high, noise=noise)

    def revealed(self, feedback: float | None) -> tuple[float, float] | None:
        """The reward of a sample, twice; None after a stop."""
        if feedback is None:
            return None
        reward = number("the reward must be a finite number", feedback)
        return reward, reward

    def checked_observation(self, observation: Any) -> Any:
        """None: there is nothing to observe."""
        return None

    def checked_feedback(self, feedback: Any) -> float | None:
        """The reward of a sample, as ``check_reward`` takes it; None after a stop."""
        return None if feedback is None else check_reward(feedback)

    def distribution_of(self, action: Any) -> Array:
        """[n_actions + 1]: the arm that is sampled; the last entry stands for a stop. Answers do not count.

        Raises:
            TypeError: neither a sample nor a stop.
        """
        if not isinstance(action, Sample | Stop):
            raise TypeError(f"action must be Sample(arm, answer) or Stop(answer), got {shown(action)}")
        arm = self.n_actions if isinstance(action, Stop) else action.arm
        return np.asarray(np.arange(self.n_actions + 1) == arm, dtype=np.float64)

    def checked_answer(self, answer: Any) -> Answer:
        """An answer to the question, as a whole number or a frozenset of them.

        Args:
            answer: an arm, where the question is "best"; else a set, list, tuple or array of different arms, ``m`` of
                them where the question is "top".

        Raises:
            ValueError: there is no such answer.
        """
        n = self.n_actions
        if self.question == "best":
            if type(answer) is int and 0 <= answer < n:  # as nearly always
                return answer
            if not isinstance(answer, Integral) or isinstance(answer, bool) or not 0 <= int(answer) < n:
                raise ValueError(f"answer must be an arm, a whole number in 0..{n - 1}, got {shown(answer)}")
            return int(answer)
        given = answer.tolist() if isinstance(answer, np.ndarray) else answer
        legal = isinstance(given, Collection) and not isinstance(given, str | bytes | Mapping)
        arms = list(given) if legal else []
        legal &= all(isinstance(arm, Integral) and not isinstance(arm, bool) and 0 <= int(arm) < n for arm in arms)
        if not legal or len(set(arms)) != len(arms) or (self.question == "top" and len(arms) != self.m):
            how_many = f"{self.m} " if self.question == "top" else ""
            raise ValueError(f"answer must be a set of {how_many}different arms in 0..{n - 1}, got {shown(answer)}")
        return frozenset(int(arm) for arm in arms)

    def code_of(self, answer: Answer | None) -> int:
        """An answer as a whole number: the arm, or the sum of ``2^arm`` over a set; -1 for none."""
        if answer is None:
            return -1
        return answer if isinstance(answer, int) else sum(1 << arm for arm in answer)


def checked_action(action: Any, problem: IdentificationProblem) -> Sample | Stop:
    """A decision, checked.

    Args:
        action: ``Sample``, ``Stop``, or a mapping of gymnasium's with "arm" and "answer", where an arm of
            ``n_actions`` stops, and an answer that is a set is marked by 0 or 1 for each arm, and cut or filled up with
            the first arms where it is of a wrong size.
        problem: of the run.

    Raises:
        ValueError: there is no such decision.
    """
    if isinstance(action, Stop):
        return Stop(problem.checked_answer(action.answer))
    if not isinstance(action, Sample):
        if not isinstance(action, Mapping) or not {"arm", "answer"} <= set(action):
            raise ValueError(f"action must be Sample(arm, answer) or Stop(answer), got {shown(action)}")
        arm, answer = _number_of_a_space(action["arm"]), _answer_of_a_space(action["answer"], problem)
        return checked_action(Stop(answer) if arm == problem.n_actions else Sample(arm, answer), problem)
    n, arm = problem.n_actions, action.arm
    if type(arm) is not int or not 0 <= arm < n:
        if not isinstance(arm, Integral) or isinstance(arm, bool) or not 0 <= int(arm) < n:
            raise ValueError(f"arm must be a whole number in 0..{n - 1}, got {shown(arm)}")
        arm = int(arm)
    answer = None if action.answer is None else problem.checked_answer(action.answer)
    return action if arm is action.arm and answer is action.answer else Sample(arm, answer)


def _number_of_a_space(value: Any) -> Any:
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def _answer_of_a_space(answer: Any, problem: IdentificationProblem) -> Any:
    if problem.question == "best":
        if answer is None:
            raise ValueError(f"answer must be an arm, a whole number in 0..{problem.n_actions - 1}, got None")
        return _number_of_a_space(answer)
    marks, n = np.asarray(answer), problem.n_actions
    if marks.shape != (n,) or marks.dtype.kind not in "biuf" or not ((marks == 0) | (marks == 1)).all():
        raise ValueError(f"answer must be {n} numbers of 0 and 1, one for each arm, got {shown(answer)}")
    arms = np.flatnonzero(marks).tolist()
    if problem.question == "top":
        others = [arm for arm in range(n) if arm not in set(arms)]
        arms = arms[-problem.m :] if len(arms) > problem.m else arms + others[: problem.m - len(arms)]
    return arms


class Outcomes(NamedTuple):
    """What the tape holds of the coming samples, for compiled policies: see ``bandits.identification.divergence``.

    The reward of ``arm`` at the ``s``-th sample is ``reward_of(family, means[arm], noise[s])``.

    Attributes:
        family: number of the family.
        means: [n_actions].
        noise: [n], at least 1 unless the budget is used up.
    """

    family: int
    means: Array
    noise: Array


class SampleBlocks(Protocol):
    """An environment that can hand out blocks of samples and account for what was sampled and answered in them."""

    clock: int

    def transition(self, action: Sample | Stop) -> tuple[float, float | None]:
        """Carry out one decision."""

    def block(self, most: int) -> Outcomes:
        """The next samples, at most ``most`` of them."""

    def absorb(self, arms: Ints, codes: Ints) -> None:
        """Account for the arms [n] sampled first in the last block, and the answers [n] told with them.

        An answer is an arm or the sum of ``2^arm`` over a set, -1 for none yet; sets of more than ``CODED`` arms are
        not told so. The arrays are of any whole numbers, and remain the caller's.
        """

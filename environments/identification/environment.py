"""Arms that are sampled for an answer: which is best, which m are, which lie above a threshold.

Metrics are values at a time, not sums: whether the answer is right, what it is worth, how many samples were taken.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_action, flag, integer, shown, within
from bandits.contract import Array, Bound
from bandits.frozen import read_only
from bandits.identification.divergence import FAMILIES, reward_from
from bandits.identification.problem import (
    Answer,
    IdentificationProblem,
    Ints,
    Outcomes,
    Stop,
    checked_action,
)
from bandits.normals import standard_normal
from bandits.registry import Component
from environments.contract import Environment, Regret, Stream, copy_of, streams
from environments.identification.instance import (
    IdentificationInstance,
    error_floor,
    error_rate,
    samples_floor,
)
from environments.identification.means import Law, law_of
from environments.identification.samples import Judgement, Samples, Truth, worth

FIRST, MOST, BUDGETED = 1024, 1 << 13, 1 << 18
"""Numbers of noise drawn at once: of runs that may stop at any time at first and at the most, and of those whose budget
is known, but then no more than are asked for at once, or the most of the others. No number of a run depends on it."""

LARGEST_POISSON = 700.0
"""Mean up to which rewards are found by inversion: ``exp(-mean)`` must not vanish."""

DOMAINS = {
    "gaussian": ("finite", -math.inf, math.inf),
    "bernoulli": ("in [0, 1]", 0.0, 1.0),
    "poisson": (f"above 0 and at most {LARGEST_POISSON:g}", 5e-324, LARGEST_POISSON),
    "exponential": ("above 0 and finite", 5e-324, math.inf),
}
"""Of means: in words, and the least and the largest one."""


class Tape(NamedTuple):
    """All randomness of a run.

    Attributes:
        means: [n_actions] where they are drawn, else None.
        order: [n_actions] the arm that each label stands for, or None where labels are as given.
        noise: of the rewards.
    """

    means: Array | None
    order: Ints | None
    noise: Stream


class Identification(Environment[Any, Any, Any, Tape]):
    """Sample arms, stop, answer. The reward of every action is 0; feedback is the reward of the arm sampled.

    Metrics: ``samples`` taken, with a minus; ``correct``, 1 where the last answer told is right; ``answer_value``, the
    mean of the arm answered, of a set the mean of its means, or minus the number of wrong labels; ``stopped``, 1 from
    the stop on; ``capped``, 1 at the verdict of a run with a ``delta`` that was not stopped; ``mistake``, -1 from a
    stop with a wrong answer on; ``pulls_0``, ... for each arm. A wrong answer has a value below the best one; with a
    threshold it has a wrong label: an arm with a mean of at least ``threshold + epsilon`` left out, or below
    ``threshold - epsilon`` put in. Before any answer is told, it counts as wrong.

    A run with a ``delta`` that meets the cap answers without being sure. Where several answers are right, no policy may
    be sure of one with probability ``1 - delta``: this is told once, as a warning.

    Args:
        means: [n_actions] of the arms, or a component of ``environments.identification.means``.
        family: "gaussian", "bernoulli", "poisson" or "exponential"; None for that of the component, else "gaussian".
        sigma: standard deviation of Gaussian rewards, > 0.
        question: "best", "top" or "above".
        m: how many arms "top" asks for.
        threshold: of "above".
        epsilon: of "above", >= 0; else 0. The tolerance of a best arm is a parameter of LUCB and its relatives.
        delta: allowed probability of a wrong answer, in (0, 1); None for as small as the budget allows.
        shuffled: whether arms are relabelled at random in every run, so that ties do not favour the first.
        horizon: one more than the number of samples that may be taken, the budget, or with a ``delta`` the cap; >= 2.

    Raises:
        ValueError: a parameter out of its domain.

    Example:
        >>> import numpy as np
        >>> from bandits.identification.problem import Sample, Stop
        >>> from environments.identification.environment import Identification
        >>> environment = Identification([0.2, 0.8], shuffled=False, horizon=11)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> _ = environment.transition(Sample(1, answer=1)), environment.transition(Stop(0))
        >>> environment.clock, environment.metrics(np.array([1, 2, 11]))["correct"].tolist()
        (11, [1.0, 0.0, 0.0])
    """

    problem: IdentificationProblem

    def __init__(
        self,
        means: Component | Sequence[float] | Array,
        family: str | None = None,
        sigma: float = 1.0,
        question: str = "best",
        m: int = 1,
        threshold: float | None = None,
        epsilon: float = 0.0,
        delta: float | None = None,
        shuffled: bool = True,
        horizon: int = 10_001,
    ) -> None:
        self.means, self.family, self.sigma, self.question = means, family, sigma, question
        self.m, self.threshold, self.epsilon, self.delta = m, threshold, epsilon, delta
        self.shuffled, self.horizon = flag("shuffled", shuffled), integer("horizon", horizon, 2)
        self._budget = horizon - 1
        self._law: Law = law_of(means)
        if self._law.n_arms < 2 and question != "above":
            raise ValueError(
                f"means must be those of two arms or more, or there is nothing to identify, got {shown(means)}"
            )
        self.problem = IdentificationProblem(
            n_actions=self._law.n_arms,
            question=question,
            m=m,
            threshold=threshold,
            epsilon=epsilon,
            delta=delta,
            budget=self._budget,
            family=self._law.family if family is None else family,
            sigma=sigma,
        )
        n = self.problem.n_actions
        self._room = np.empty(0)  # for noise, used again and again
        self._adopt(self._law.draw(np.random.default_rng(0)))  # what cannot be played is found before a run
        if delta is not None and not self._law.random and not self._instance.unique:
            warnings.warn(
                f"several answers are right, so that T* is infinite: policies that are sure with probability 1 - delta "
                f"may sample up to the cap of {self._budget}",
                stacklevel=2,
            )
        self.observation_space = spaces.Discrete(1)
        answers = spaces.Discrete(n) if question == "best" else spaces.MultiBinary(n)
        self.action_space = spaces.Dict({"arm": spaces.Discrete(n + 1), "answer": answers})

    def draw(self, rng: np.random.Generator) -> Tape:
        arms, noise = streams(rng, 2)
        if not (self._law.random or self.shuffled):
            return Tape(None, None, noise)
        permutation = copy_of(arms)
        means = self._law.draw(permutation) if self._law.random else None
        return Tape(means, permutation.permutation(self.problem.n_actions) if self.shuffled else None, noise)

    def check_tape(self, tape: Tape) -> None:
        if tape.order is not None:
            within("order of tape", tape.order, 0, self.problem.n_actions - 1)

    def begin(self, tape: Tape) -> None:
        if tape.means is not None:
            self._adopt(tape.means)
        self._means = self._instance.means if tape.order is None else self._instance.means[tape.order]
        self._noise = copy_of(tape.noise)
        self.clock = 0
        self._drawn, self._first, self._size = self._room[:0], 0, BUDGETED if self.delta is None else FIRST
        self._told: tuple[Answer | None, Judgement] = None, self._untold
        self._samples = Samples(self._truth, self._means, self._untold, self.delta is not None)

    def _adopt(self, means: Array) -> None:
        """Take these means [n_actions], in the order of the law, for those that labels are given to."""
        problem = self.problem
        domain, least, largest = DOMAINS[problem.family]
        bad = ~((least <= means) & (means <= largest) & np.isfinite(means))
        if bad.any():
            raise ValueError(
                f"means must be {domain} for {problem.family} rewards, got {float(means[bad][0])} for arm "
                f"{int(np.argmax(bad))}"
            )
        values = np.ascontiguousarray(means, dtype=np.float64)
        self._instance = IdentificationInstance(problem=problem, means=values, drawn=self._law.random)
        m, best = 0 if problem.question == "above" else problem.m, self._instance.best_value
        self._truth = Truth(problem.question == "best", m, problem.threshold or 0.0, problem.epsilon, best)
        nothing = np.zeros(len(values), dtype=np.bool_)
        self._untold = Judgement(0.0, self._instance.worst_value if m > 0 else worth(self._truth, values, nothing)[1])

    def __getstate__(self) -> dict[str, Any]:
        """Without the noise that is used up."""
        kept = {**vars(self), "_room": np.empty(0)}
        if "_drawn" in kept:
            used = min(self.clock - self._first, len(self._drawn))
            kept |= {"_drawn": self._drawn[used:].copy(), "_first": self._first + used}
        return kept

    def observe(self) -> Any:
        return np.int64(0)

    def _ahead(self, most: int) -> Array:
        """Noise of the coming samples, at least one and at most ``most``."""
        at = self.clock - self._first
        if at == len(self._drawn):
            n = min(self._size, max(most, MOST), self._budget - self.clock)
            self._size = max(min(2 * self._size, MOST), self._size)
            if len(self._room) < n:
                self._room = np.empty(n)
            self._drawn = self._room[:n]
            if self.problem.family == "gaussian":
                standard_normal(self._noise, self._drawn)
                if self.sigma != 1.0:
                    self._drawn *= self.sigma
            else:
                self._noise.random(out=self._drawn)
            self._first, at = self.clock, 0
        return self._drawn[at : at + most]

    def block(self, most: int) -> Outcomes:
        """The next samples for a compiled policy, read-only: at most ``most``, none once the budget is used up."""
        self.check_running()
        noise = self._ahead(most) if self.clock < self._budget else self._room[:0]
        return Outcomes(FAMILIES[self.problem.family], read_only(self._means), read_only(noise))

    def absorb(self, arms: Ints, codes: Ints) -> None:
        """Account for the arms [n] sampled first in the last block, and the answers [n] told with them.

        Raises:
            ValueError: more samples than the block has, or an arm or an answer that is not there; nothing changes.
        """
        self.check_running()
        if arms.size == 0:
            return
        at = self.clock - self._first
        if arms.size > len(self._drawn) - at or arms.shape != codes.shape:
            raise ValueError(f"the last block has {len(self._drawn) - at} samples, got {arms.size} arms")
        if not self._samples.stretch(arms, codes):
            n = self.problem.n_actions
            check_action("arms", int(arms.min()), n)
            check_action("arms", int(arms.max()), n)
            least, most = int(codes.min()), int(codes.max())
            raise ValueError(f"codes must be of answers about {n} arms, got {least if least < -1 else most}")
        self.clock += arms.size

    def transition(self, action: Any) -> tuple[float, float | None]:
        self.check_running()
        decision = checked_action(action, self.problem)
        if decision.answer is not None and decision.answer != self._told[0]:
            self._told = decision.answer, self._judgement(decision.answer)
        answer = None if decision.answer is None else self._told[1]
        if isinstance(decision, Stop) or self.clock == self._budget:
            self._samples.end(answer, by_itself=isinstance(decision, Stop))
            self.clock = self.horizon
            return 0.0, None
        at = self.clock - self._first
        noise = self._drawn.item(at) if at < len(self._drawn) else self._ahead(1).item(0)
        reward = reward_from(FAMILIES[self.problem.family], float(self._means[decision.arm]), noise)
        self._samples.one(decision.arm, answer)
        self.clock += 1
        return 0.0, reward

    def info_of(self, feedback: float | None) -> dict[str, Any]:
        """The reward of the sample, 0 after a stop or the verdict; ``sampled`` says whether there was one."""
        return {"feedback": 0.0 if feedback is None else feedback, "sampled": feedback is not None}

    def feedback_of(self, info: Mapping[str, Any]) -> float | None:
        return float(info["feedback"]) if info["sampled"] else None

    def ended(self) -> bool:
        """Whether the run was stopped."""
        return self._samples.by_itself

    def _judgement(self, answer: Answer) -> Judgement:
        if isinstance(answer, int):
            value = float(self._means[answer])
            return Judgement(float(value >= self._truth.best), value)
        said = np.zeros(len(self._means), dtype=np.bool_)
        said[list(answer)] = True
        return Judgement(*worth(self._truth, self._means, said))

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._samples.at(times, self.horizon)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """``one``; ``best_value``, of a right answer; ``none``, 0; and the worst of each."""
        same, known = np.ones(len(times)), self._instance
        return {
            "one": same,
            "best_value": known.best_value * same,
            "none": 0.0 * same,
            "wrong": 0.0 * same,
            "mistaken": -same,
            "worst_value": known.worst_value * same,
            "all": -np.minimum(times, self._budget).astype(np.float64),
        }

    def regrets(self) -> Sequence[Regret]:
        """Error, simple regret, samples, and wrong stops; all are values at a time."""
        named = (
            Regret("error", "correct", "one", "answer", "probability of error", "probability", worst="wrong"),
            Regret("simple", "answer_value", "best_value", "value", "simple regret", worst="worst_value"),
            Regret("samples", "samples", "none", "effort", "samples used", "samples", worst="all", censored="capped"),
            Regret(
                "mistake", "mistake", "none", "stop", "probability of a wrong stop", "probability", worst="mistaken"
            ),
        )
        return tuple(replace(regret, cumulative=False) for regret in named)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """An error is 0 or 1, and no more than the budget is sampled; simple regret is that of the worst answer."""
        nothing, same = np.zeros(len(times)), np.ones(len(times))
        found = {
            "error": np.array([nothing, same]),
            "mistake": np.array([nothing, same]),
            "samples": np.array([nothing, np.minimum(times, self._budget).astype(np.float64)]),
        }
        if not self._law.random:
            found["simple"] = np.array([nothing, (self._instance.best_value - self._instance.worst_value) * same])
        return found

    def instance(self) -> IdentificationInstance:
        return self._instance

    def lower_bounds(self) -> Sequence[Bound]:
        """With a delta, of the mean samples of a policy that is delta-correct under the cap; else of the error."""
        if self._law.random or not self._instance.unique:
            return ()
        if self.delta is not None:
            found = samples_floor(self._instance, self.delta)
        else:
            exact = error_floor(self._instance, self.shuffled)
            found = error_rate(self._instance) if exact is None else exact
        return () if found is None else (found,)

    def clairvoyant(self, comparator: str) -> Any:
        """A stop with a right answer."""
        if comparator not in ("one", "best_value", "none"):
            raise ValueError(f"comparator must be one, best_value or none, got {comparator!r}")
        problem = self.problem
        if problem.question == "best":
            return Stop(int(np.argmax(self._means)))
        if problem.question == "top":
            return Stop(frozenset(np.argsort(-self._means, kind="stable")[: problem.m].tolist()))
        return Stop(frozenset(np.flatnonzero(self._means >= (problem.threshold or 0.0)).tolist()))

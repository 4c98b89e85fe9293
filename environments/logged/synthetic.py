"""A log that is drawn, its means and its logging policy known: what estimates say is held against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bandits.arguments import affordable, integer, one_of, positive, real, shaped, shown, within
from bandits.arms.theory import ArmsInstance
from bandits.contract import Array
from bandits.logged.problem import LoggedProblem
from environments.contract import Regret
from environments.logged.environment import LoggedEnvironment
from environments.logged.instance import LoggedInstance
from environments.logged.log import Log

LOGGING = ("uniform", "softmax", "epsilon")


class SyntheticLog(LoggedEnvironment[Log]):
    """Every run draws a log of its own: independent rows, rewards 0 or 1, contexts on the simplex.

    The mean reward of an arm is ``weights[arm] @ context``, with contexts of Dirichlet's distribution, all of whose
    parameters are ``concentration``: shares of a visitor among kinds of visitors, say. So the value of a fixed arm is
    the mean of its weights, and curves of different runs show how much a log's own luck moves an estimate.

    Beside the metrics of all logs there is ``expected_reward``, the sum of mean rewards of what is played, given the
    contexts: exact. So are the comparators ``best_policy``, the best arm for each context, ``best_fixed_arm``, the arm
    of the largest value, ``logging_mean``, what the logging policy earns in the mean, and ``worst``.

    Args:
        weights: [n_arms][n_coordinates] in [0, 1].
        logging: how arms were drawn: "uniform"; "softmax", in proportion to ``exp(score / temperature)``; "epsilon",
            the arm of the largest score (the first of equal ones), or with probability ``epsilon`` any arm, evenly.
        temperature: of the softmax, > 0.
        epsilon: share of even draws, in (0, 1].
        beliefs: [n_arms][n_coordinates], what the logging policy took for the weights: its scores are ``beliefs[arm] @
            context``; None for the weights themselves.
        concentration: of the contexts, > 0; 1 for uniform ones.
        horizon: number of rows, >= 1.

    Raises:
        ValueError: a parameter out of its domain.

    Example:
        >>> import numpy as np
        >>> from environments import SyntheticLog
        >>> SyntheticLog([[0.2, 0.4], [0.9, 0.1]], logging="epsilon", horizon=500).draw(np.random.default_rng(1))
        Log(n=500, n_actions=2, 2 coordinates of contexts, propensities from 0.05 to 0.95, rewards in [0, 1])
    """

    def __init__(
        self,
        weights: Sequence[Sequence[float]] = ((0.3, 0.5), (0.6, 0.2), (0.4, 0.4)),
        logging: str = "uniform",
        temperature: float = 0.2,
        epsilon: float = 0.1,
        beliefs: Sequence[Sequence[float]] | None = None,
        concentration: float = 1.0,
        horizon: int = 1000,
    ) -> None:
        self.weights, self.beliefs = weights, beliefs
        self.logging = one_of("logging", logging, LOGGING)
        self.temperature, self.epsilon = (
            real("temperature", temperature, 1e-3, 1e6, closed="both"),
            real("epsilon", epsilon, 1e-6, 1.0, closed="both"),
        )
        self.concentration = positive("concentration", concentration)
        self.horizon = integer("horizon", horizon)
        self._weights = shaped("weights", weights, (None, None))
        if (self._weights < 0.0).any() or (self._weights > 1.0).any():
            raise ValueError(f"weights must be in [0, 1], got {shown(weights)}")
        self._beliefs = self._weights if beliefs is None else shaped("beliefs", beliefs, self._weights.shape)
        n_arms, dimension = self._weights.shape
        affordable("horizon", f"a log of {self.horizon} rows", self.horizon * (4 * n_arms + dimension + 8))
        problem = LoggedProblem(
            horizon=self.horizon, n_actions=n_arms, contexts=((0.0, 1.0),) * dimension, floor=self._floor()
        )
        values = self._weights.mean(axis=1)
        self._best = int(values.argmax())
        zeros_and_ones = tuple((np.array([0.0, 1.0]), np.array([1.0 - p, p])) for p in values.tolist())
        arms = ArmsInstance(
            means=values,
            variances=values * (1.0 - values),
            stationary=True,
            oblivious=True,
            bernoulli=True,
            bounded=True,
            changes=0,
            family="bernoulli",
            laws=zeros_and_ones,
        )
        uniform = self.logging == "uniform"
        super().__init__(problem, LoggedInstance(uniform=uniform, independent=True, floor=True, arms=arms))

    def _floor(self) -> float:
        """The smallest probability that an arm may have: at a corner of the simplex, as scores are linear."""
        n_arms = len(self._weights)
        if self.logging == "uniform":
            return 1.0 / n_arms
        if self.logging == "epsilon":
            return self.epsilon / n_arms
        return float(max(self._chances(np.eye(self._weights.shape[1])).min(), 1e-300))

    def _chances(self, contexts: Array) -> Array:
        """The logging policy's probabilities [n, n_arms] in contexts [n, n_coordinates]."""
        n_arms, scores = len(self._weights), contexts @ self._beliefs.T
        if self.logging == "softmax":
            shares = np.exp((scores - scores.max(axis=1, keepdims=True)) / self.temperature)
            return np.asarray(shares / shares.sum(axis=1, keepdims=True))
        epsilon = 1.0 if self.logging == "uniform" else self.epsilon
        chances = np.full(scores.shape, epsilon / n_arms)
        chances[np.arange(len(scores)), scores.argmax(axis=1)] += 1.0 - epsilon
        return chances

    def draw(self, rng: np.random.Generator) -> Log:
        """A log."""
        n, (n_arms, dimension) = self.horizon, self._weights.shape
        gammas = np.maximum(rng.gamma(self.concentration, size=(n, dimension)), 1e-300)
        contexts = gammas / gammas.sum(axis=1, keepdims=True)
        chances = self._chances(contexts)
        below = np.cumsum(chances, axis=1)
        actions = np.minimum((below < rng.random((n, 1)) * below[:, -1:]).sum(axis=1), n_arms - 1)
        rows = np.arange(n)
        means = (contexts * self._weights[actions]).sum(axis=1)
        return Log(
            actions=actions,
            rewards=(rng.random(n) < means).astype(np.float64),
            probabilities=chances[rows, actions],
            contexts=contexts,
            n_actions=n_arms,
            low=0.0,
            high=1.0,
        )

    def check_tape(self, tape: Log) -> None:
        within("n_actions of tape", tape.n_actions, len(self._weights), len(self._weights))

    def begin(self, tape: Log) -> None:
        self._open(tape)
        assert tape.contexts is not None
        self._means = tape.contexts @ self._weights.T
        self._chance = self._chances(tape.contexts)
        self._expected = np.zeros(self.horizon)

    def means(self, log: Log) -> Array:
        """The mean rewards [n, n_arms] of all arms in the contexts of a log that was drawn here."""
        assert log.contexts is not None
        return np.asarray(log.contexts @ self._weights.T)

    def _note(self, rows: slice, table: Array) -> None:
        self._expected[rows] = (table * self._means[rows]).sum(axis=1)

    def _more(self, n: int) -> Mapping[str, Array]:
        return {"expected_reward": self._expected[:n]}

    def _more_comparators(self) -> Mapping[str, Array]:
        means = self._means
        return {
            "best_policy": means.max(axis=1),
            "best_fixed_arm": means[:, self._best],
            "logging_mean": (means * self._chance).sum(axis=1),
            "worst": means.min(axis=1),
        }

    def _more_regrets(self) -> Sequence[Regret]:
        return (
            Regret("pseudo", "expected_reward", "best_policy", "policy", "pseudo-regret against the best policy"),
            Regret("fixed", "expected_reward", "best_fixed_arm", "fixed", "pseudo-regret against the best arm"),
            Regret(
                "mean", "expected_reward", "logging_mean", "logging mean", "pseudo-regret against the logging policy"
            ),
        )

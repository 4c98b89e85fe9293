"""The secret word: without repeated exposure optimality, regret is linear until ``t`` is of order ``2^m`` (derived).

Two actions, weights ``2^{-s}``, so that a tally tells the whole window; the loss is 1, except 0 when the last ``m``
actions spell the word (rounds before the first count as the other action). A round tests at most one of the ``2^m``
words, so that for a word drawn uniformly every policy has ``E[regret] >= (1 - t / 2^m) floor(t / m)``. The paper's
abstract states that the setting is intractable without the assumption; the instance is this project's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, integer, integers, shown, within
from bandits.contract import Array, Bound
from environments.tallying.benchmarks import Known
from environments.tallying.environment import TallyingEnvironment, Tape
from environments.tallying.instance import WeightedInstance
from environments.tallying.losses import Constant, Exactly, Loss
from environments.tallying.tallies import Tallies

LONGEST = 20


class SecretWord(TallyingEnvironment):
    """A password of two letters.

    Args:
        word: the word, actions 0 and 1, oldest first; None draws one of length ``memory`` in every run.
        memory: length of a drawn word, in 1..20.
        noise: "none" or "bernoulli" (the same here: mean losses are 0 or 1).
        comparator: as in ``TallyingBandit``. Where the exact optimum is too large, regret is against repeating the
            word, which is a lower bound on the complete policy regret.
        horizon: number of rounds, >= 1.
    """

    def __init__(
        self,
        word: Sequence[int] | None = None,
        memory: int = 8,
        noise: str = "none",
        comparator: str = "auto",
        horizon: int = 5000,
    ) -> None:
        self.word = None if word is None else integers("word", word, 0, 1)
        self.memory = integer("memory", memory, 1, LONGEST)
        affordable("horizon", f"the costs of {shown(horizon)} rounds", 3 * integer("horizon", horizon))
        super().__init__(2, horizon, noise, None, comparator)
        if self.word is not None:
            integer("length of word", len(self.word), 1, LONGEST)
        self._adopt(self._spell(tuple(self.word or [1] * memory)))

    def draw(self, rng: np.random.Generator) -> Tape:
        word = rng.integers(0, 2, self.memory).tolist()
        return Tape(tuple(word if self.word is None else self.word), rng)

    def check_tape(self, tape: Tape) -> None:
        within("secret of tape", tape.secret, 0, 1)

    def _spell(self, word: tuple[int, ...]) -> WeightedInstance:
        self._word = word
        weights = 0.5 ** np.arange(len(word))
        last, full = word[-1], float(weights.sum())
        at = float(weights @ (np.array(word[::-1]) == last))
        losses: list[Loss] = [Constant(full, 1.0), Constant(full, 1.0)]
        losses[last] = Exactly(full, at)
        return WeightedInstance(Tallies(np.tile(weights, (2, 1)), tuple(losses)))

    def _instance_of(self, secret: Any) -> WeightedInstance:
        return self._instance if secret == self._word else self._spell(secret)

    def _next_of(self, comparator: str) -> int | None:
        return self._word[self.clock % len(self._word)] if comparator == "word" else None

    def _known(self) -> Known:
        """Repeating the word costs 1 in every round but each ``m``-th, and less if it overlaps."""
        rounds = np.arange(1.0, self.horizon + 1.0)
        costs = rounds - np.floor(rounds / len(self._word))
        return Known("word", "from below (repeating the secret word)", costs)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Those of a given word as in every tallying bandit; of a drawn one what holds for all words.

        Mean losses are 0 or 1, so that realized regret is the expected one.
        """
        if self.word is not None:
            return self._limits_of_one(times)
        found = {regret.name: np.array([-times, times], dtype=np.float64) for regret in self.regrets()}
        reference = self.regrets()[0].comparator
        if reference == "word":
            spelt = np.floor(times / len(self._word))
            found["complete"] = found["realized"] = np.array([spelt - times, spelt])
        elif reference == "best_sequence":
            found["complete"] = found["realized"] = np.array([0.0 * times, times])
        return found

    def lower_bounds(self) -> Sequence[Bound]:
        """``(1 - t / 2^m) floor(t / m)`` in the mean over words, for every policy; 0 where that is negative."""
        m = len(self._word)
        return (
            Bound(
                "lower bound without REO",
                "lower",
                lambda t: np.maximum(1.0 - t / 2.0**m, 0.0) * np.floor(t / m),
                "sequence",
                "this project, see environments.tallying.secret_word; claimed in Malik et al. 2023, abstract",
                "derived",
            ),
        )

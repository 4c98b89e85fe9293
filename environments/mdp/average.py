"""One life in a finite Markov decision process, without resets: the reward a step in the long run is what counts."""

from __future__ import annotations

import warnings
from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_action, flag, integer, one_of, real, shown
from bandits.contract import Array, Assumption, Bound
from bandits.frozen import read_only
from bandits.mdp.gain import values_ahead
from bandits.mdp.model import Ints, law_sums
from bandits.mdp.problem import AverageRewardProblem, Step, Steps
from bandits.mdp.tables import Table
from bandits.mdp.theory import AGAINST_GAIN, AGAINST_GAPS, AverageRewardInstance, MultichainInstance
from bandits.registry import Component
from environments.contract import Regret
from environments.mdp.environment import MDPEnvironment, first_of
from environments.mdp.instance import average_instance
from environments.mdp.models import first_state, tables_of
from environments.mdp.tape import Stream, Tape
from environments.mdp.visits import Visits, walk
from environments.record import Record

BLOCK = 1 << 16
"""Steps whose uniform numbers are at hand at once."""
MOST_WORK = 4_000_000_000
"""Largest number of steps times entries of the model for which what so many steps can earn is a comparator."""


class AverageMDP(MDPEnvironment[Step]):
    """One life in a finite Markov decision process.

    Observation: the state. Action: 0..n_actions-1. Feedback: the reward and the next state, a ``Step``.

    Metrics: ``reward``, ``expected_reward`` (of mean rewards) and ``minus_gaps``, minus the sum of the gaps ``J* + h(s)
    - r(s, a) - P h(s, a)`` of what was played, with the gain J* and the bias h of a best policy.

    Args:
        model: transitions and mean rewards, a component of ``environments.mdp.models.MODELS``, of one stage and weakly
            communicating: one closed class of states, outside of which no policy can stay, from the first state on.
            Another one only as a ``table`` with ``allow_multichain``: then the gain is that of the first state, there
            are no gaps, and no bound speaks of it.
        noise: "none" (rewards are their means) or "bernoulli".
        start: the first state; None for the model's own, which is drawn where it is a law.
        known_rewards: whether the learner is told the mean rewards.
        span: what the learner is told of the difference of the largest and the smallest bias, > 0; None for nothing.
        horizon: number of steps, >= 1; a warning tells of one that is too short to try all actions in all states.

    Raises:
        ValueError: a parameter out of its domain, or a model that is not weakly communicating: of which two states
            neither can be reached.

    Example:
        >>> import numpy as np
        >>> environment = AverageMDP({"name": "toggle", "parameters": {"p": 0.2, "q": 0.3}}, horizon=50)
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> reward, step = environment.transition(0)
        >>> reward, step.state
        (0.1, 0)
        >>> round(environment.instance().gain, 12), round(environment.instance().span, 12)
        (0.4, 2.0)
    """

    problem: AverageRewardProblem

    def __init__(
        self,
        model: Component,
        noise: str = "none",
        start: int | None = None,
        known_rewards: bool = True,
        span: float | None = None,
        horizon: int = 10_000,
    ) -> None:
        self.model, self.start, self.span = model, start, span
        self.noise = one_of("noise", noise, ("none", "bernoulli"))
        self.known_rewards = flag("known_rewards", known_rewards)
        self.horizon = integer("horizon", horizon)
        if span is not None:
            real("span", span, 0.0)
        tables = tables_of(model)
        if tables.own_stages:
            raise ValueError("model must be the same at all stages in one life, got one with tables of its own a stage")
        law = tables.start if start is None else first_state(tables.model.n_states, start)
        self._model = tables.model
        self._instance = average_instance(tables, law)
        self._means = np.ascontiguousarray(tables.rewards).reshape(-1)
        self.problem = AverageRewardProblem(
            n_states=self._model.n_states,
            n_actions=self._model.n_actions,
            rewards=Table(tables.rewards) if known_rewards else None,
            span=span,
            horizon=horizon,
        )
        self.observation_space = spaces.Discrete(self._model.n_states)
        self.action_space = spaces.Discrete(self._model.n_actions)
        self._ahead: tuple[bytes, Array] = b"", np.empty(0)
        if horizon < (pairs := self._model.n_rows):
            warnings.warn(
                f"horizon must be at least {pairs}, states times actions, to try all of them, got {horizon}",
                UserWarning,
                stacklevel=2,
            )

    def begin(self, tape: Tape) -> None:
        self._state = first_of(law_sums(self._instance.start), Stream(tape.start).one())
        self.clock = self._first = self._drawn = self._settled = 0
        self._moves, self._luck = Stream(tape.transition), Stream(tape.reward)
        self._coming = self._odds = np.empty(0)
        known = self._instance
        self._gaps = known.gaps.reshape(-1) if isinstance(known, AverageRewardInstance) else 0.0 * self._means
        self._played: list[int] = []
        self._record = Record(("reward", "expected_reward", "minus_gaps"))

    def observe(self) -> int:
        return self._state

    def _reserve(self) -> None:
        """Have the uniform numbers of the present step at hand."""
        self.check_running()
        if self.clock == self._drawn:
            self._settle()
            n = min(BLOCK, self.horizon - self.clock)
            self._first, self._drawn = self.clock, self.clock + n
            self._coming = self._moves.take(n)
            if self.noise == "bernoulli":
                self._odds = self._luck.take(n)

    def transition(self, action: int) -> tuple[float, Step]:
        if self.clock >= self._drawn:
            self._reserve()
        model = self._model
        if type(action) is not int or not 0 <= action < model.n_actions:
            check_action("action", action, model.n_actions)
        pair, i = self._state * model.n_actions + int(action), self.clock - self._first
        low, high = model.starts.item(pair), model.starts.item(pair + 1)
        self._state = model.states.item(bisect_right(model.cumulative, self._coming.item(i), low, high))
        reward = self._means.item(pair)
        if self.noise == "bernoulli":
            reward = 1.0 if self._odds.item(i) < reward else 0.0
        self._played.append(pair)
        self.clock += 1
        return reward, Step(reward, self._state)

    def block(self, most: int) -> Steps:
        """The next steps for a compiled policy, read-only: at least 1, at most ``most``."""
        self._reserve()
        model, noisy = self._model, self.noise == "bernoulli"
        now = slice(self.clock - self._first, min(self.clock + most, self._drawn) - self._first)
        return Steps(
            model.starts,
            model.states,
            model.cumulative,
            read_only(self._means.reshape(model.n_states, model.n_actions)),
            self._state,
            read_only(self._coming[now]),
            noisy,
            read_only(self._odds[now]),
        )

    def absorb(self, actions: Ints) -> None:
        """Account for the actions [n] played in the first steps of the last block.

        Raises:
            ValueError: more actions than the block has steps, or one that does not exist; nothing changes.
        """
        if actions.size == 0:
            return
        self._reserve()
        if actions.size > self._drawn - self.clock:
            raise ValueError(f"the last block has {self._drawn - self.clock} steps, got {actions.size} actions")
        model, pairs = self._model, np.empty(actions.size, dtype=np.int32)
        moves = self._coming[self.clock - self._first :]
        state = walk(model.starts, model.states, model.cumulative, model.n_actions, self._state, moves, actions, pairs)
        if state < 0:
            check_action("actions", int(actions.min()), model.n_actions)
            check_action("actions", int(actions.max()), model.n_actions)
        self._settle()
        self._state, self.clock = state, self.clock + actions.size
        self._account(pairs)

    def _settle(self) -> None:
        """Account for the steps made one by one since the last time."""
        if self._played:
            self._account(np.array(self._played, dtype=np.int32))
            self._played = []

    def _account(self, pairs: NDArray[np.int32]) -> None:
        """Account for pairs [n] from the first step that is not accounted for."""
        stop, won = self._settled + pairs.size, np.empty(0, dtype=np.bool_)
        if self.noise == "bernoulli":
            won = self._odds[self._settled - self._first : stop - self._first] < self._means[pairs]
        self._record.plays(self._settled, Visits(pairs, won, self._means, self._gaps))
        self._settled = stop

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        self._settle()
        found = self._record.at(times)
        return found if self._has_gaps else {name: found[name] for name in ("reward", "expected_reward")}

    @property
    def _has_gaps(self) -> bool:
        return isinstance(self._instance, AverageRewardInstance)

    @property
    def _finite(self) -> bool:
        return len(self._model.states) * self.horizon <= MOST_WORK

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Cumulative rewards.

        ``gain``: J* a step; ``zero``, what the gaps of best play add up to; ``finite``: the most that so many steps can
        earn in the mean, and ``worst_finite`` the least, where that can be worked out (``MOST_WORK``); ``worst``: the
        smallest gain a step, and ``worst_gaps``, minus its difference to J*.
        """
        t, known = times.astype(np.float64), self._instance
        least = known.least_gain
        curves = {"gain": t * known.gain, "worst": t * least}
        if self._has_gaps:
            curves |= {"zero": 0.0 * t, "worst_gaps": t * (least - known.gain)}
        if self._finite:
            asked, key = np.ascontiguousarray(times, dtype=np.int64), times.tobytes()
            if self._ahead[0] != key:
                both = [sign * values_ahead(self._model, sign * known.rewards, known.start, asked) for sign in (1, -1)]
                self._ahead = key, np.array(both)
            curves["finite"], curves["worst_finite"] = self._ahead[1].copy()
        return curves

    def regrets(self) -> Sequence[Regret]:
        """Regret against the gain, which may be negative; the sum of gaps, its mean up to the span; and two others."""
        definitions = [
            Regret("average", "expected_reward", "gain", AGAINST_GAIN, "regret against the optimal gain"),
            Regret("gaps", "minus_gaps", "zero", AGAINST_GAPS, "sum of the gaps of all plays", worst="worst_gaps"),
            Regret(
                "finite",
                "expected_reward",
                "finite",
                "finite",
                "regret against the most that so many steps earn",
                worst="worst_finite",
            ),
            Regret("realized", "reward", "gain", AGAINST_GAIN, "realized regret against the optimal gain"),
        ]
        there = {"finite": self._finite, "gaps": self._has_gaps}
        return [definition for definition in definitions if there.get(definition.name, True)]

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """By the smallest and the largest mean reward and gap; rewards of 0 and 1 where they are Bernoulli."""
        known, curves = self._instance, self.comparators(times)
        low, high = float(self._means.min()), float(self._means.max())
        found = {
            "average": curves["gain"] - times * np.array([[high], [low]]),
            "realized": curves["gain"] - times * np.array([[high], [low]]),
        }
        if isinstance(known, AverageRewardInstance):
            found["gaps"] = times * np.array([[0.0], [float(known.gaps.max())]])
        if self.noise == "bernoulli":
            found["realized"] = curves["gain"] - times * np.array([[float(high > 0.0)], [float(low >= 1.0)]])
        if self._finite:
            found["finite"] = curves["finite"] - times * np.array([[high], [low]])
        return found

    def instance(self) -> AverageRewardInstance | MultichainInstance:
        return self._instance

    def clairvoyant(self, comparator: str) -> int:
        """The action of a best stationary policy in the present state, for ``gain``."""
        known = self._instance
        if comparator != "gain":
            raise ValueError(f"comparator must be gain, got {shown(comparator)}")
        if not isinstance(known, AverageRewardInstance):
            raise ValueError("comparator gain cannot be played where the gain depends on the first state, got it there")
        return int(known.best.policy[self._state])

    def lower_bounds(self) -> Sequence[Bound]:
        """``.015 sqrt(D S A t)`` for the worst process of that size and diameter: here an order, but on a hard one."""
        known = self._instance
        if not isinstance(known, AverageRewardInstance):
            return ()
        largest = known.diameter
        if largest is None or not 0.0 < largest < np.inf:
            return ()
        S, A = known.n_states, known.n_actions
        large = S >= 10 and A >= 10 and largest >= 20.0 * np.log(S) / np.log(A)
        return (
            Bound(
                "worst case over MDPs" + ", not this instance" * (not known.hard),
                "lower" if known.hard else "order",
                lambda t: 0.015 * np.sqrt(largest * S * A * t),
                AGAINST_GAIN,
                "Jaksch, Ortner, Auer 2010, Theorem 5 (recalled, constants from memory)",
                "recalled",
                (
                    Assumption("at least 10 states and actions, and D >= 20 log_A S", large),
                    Assumption("as many steps as D S A", self.horizon >= largest * S * A),
                ),
                "at the horizon" if known.hard else "anytime",
            ),
        )

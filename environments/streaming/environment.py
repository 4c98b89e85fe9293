"""The environment of a stream of arms: the buffer, the slots, the four actions, and what they cost."""

from __future__ import annotations

import math
import warnings
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, flag, integer, one_of, positive, shown, within
from bandits.arms.problem import Actions, Block
from bandits.contract import Array
from bandits.defaults import default
from bandits.frozen import read_only
from bandits.seeds import Seeds
from bandits.streaming.problem import CURRENT, Action, Advance, Drop, Feedback, Pull, Store, StreamProblem, View
from bandits.streaming.theory import StreamInstance
from environments.arms.stochastic import limits_of_means
from environments.contract import Environment, Regret
from environments.streaming.account import Account
from environments.streaming.codes import action_space, decoded, view_space
from environments.streaming.instance import stream_instance
from environments.streaming.rewards import LARGEST, BernoulliRewards, Draws, GaussianRewards, Rewards
from environments.streaming.stage import NONE, RefusedError, Stage

HORIZON = 9 * 10**18
"""Longest horizon: times are int64."""
ACTIONS = frozenset((Pull, Store, Drop, Advance))


class ProtocolError(ValueError, RuntimeError):
    """An action that the protocol forbids; the state is as it was before."""


class Tape(NamedTuple):
    """All randomness of a run.

    Attributes:
        means: [n_arms] in the order of the first pass.
        seeds: of the generators of first batches, of other batches, of single pulls, and of later passes' orders.
    """

    means: Array
    seeds: tuple[int, ...]


class StreamEnvironment(Environment[View, Any, Feedback, Tape]):
    """A stream of arms; a family member says how the means of a run come about.

    The clock counts pulls. A pull is a batch: one action moves the clock by ``n``. Storing, dropping and advancing take
    no time, and there are never more than ``3 K + 1`` of them in a pass, so that a policy that never pulls comes to an
    end. After the last arm of a pass, ``Advance`` empties the buffer; one more begins the next pass, if there is one.
    Slots keep their arms. In a later pass a stored arm arrives again. ``environments.streaming.rewards`` says which
    draw decides which reward.

    Metrics: ``reward``; ``shortfall``, the expected reward of the pulls less that of the best arm, at most 0 and free
    of the rounding errors of a difference; ``peak_memory`` (most arms stored at once), ``peak_pullable`` (with the one
    in the buffer), ``arrivals``. At the end of a pull they are what the pull left: what is stored or let pass then,
    before the next pull, counts from the time after.

    Args:
        n_arms: length ``K`` of the stream.
        horizon: number of pulls, in 1..9 * 10^18.
        memory: number of slots ``m``, the buffer not counted.
        passes: how often the stream goes by.
        between: order of later passes, "fixed" or "reshuffle".
        rewards: "bernoulli" or "gaussian".
        sigma: standard deviation of Gaussian rewards, > 0.
        illegal: "error", or "ignore" for streams on which a forbidden action does nothing.
        batch: largest batch of an action in gymnasium's ``action_space``: ``Discrete(3 m + 2)`` for 1, else a tuple of
            the action's code and the batch. The run itself knows no such limit.
        debug: whether to record every action in ``history`` as (name, handle, batch or slot, pulls before); the
            handle of an advance is that of the arm that arrives, or -1.
    """

    problem: StreamProblem

    def __init__(
        self,
        n_arms: int,
        horizon: int,
        memory: int,
        passes: int,
        between: str,
        rewards: str,
        sigma: float,
        illegal: str,
        batch: int,
        debug: bool,
    ) -> None:
        self.n_arms = integer("n_arms", n_arms)
        affordable("n_arms", f"the means of {n_arms} arms", self.n_arms)
        self.horizon = integer("horizon", horizon, 1, HORIZON)
        self.memory = integer("memory", memory, 1)
        affordable("memory", f"a buffer of {memory} slots", 4 * self.memory)
        if horizon < n_arms:
            warnings.warn(f"{n_arms} arms, {horizon} pulls: the stream cannot be read once", stacklevel=3)
        self.passes = integer("passes", passes, most=HORIZON // self.n_arms)
        self.between = one_of("between", between, ("fixed", "reshuffle"))
        self.rewards = one_of("rewards", rewards, ("bernoulli", "gaussian"))
        self.sigma = positive("sigma", sigma)
        self.illegal = one_of("illegal", illegal, ("error", "ignore"))
        self.batch = integer("batch", batch, 1, LARGEST)
        self.debug = flag("debug", debug)
        gaussian = rewards == "gaussian"
        self._rewards: Rewards = GaussianRewards(self.sigma) if gaussian else BernoulliRewards()
        self.problem = StreamProblem(
            n_arms=self.n_arms,
            memory=self.memory,
            passes=self.passes,
            horizon=self.horizon,
            low=-np.inf if gaussian else 0.0,
            high=np.inf if gaussian else 1.0,
            noise=self.sigma if gaussian else None,
        )
        self.action_space = action_space(self.memory, self.batch)
        self.observation_space = view_space(self.n_arms, self.horizon, self.memory, self.passes)

    @abstractmethod
    def _means_of(self, rng: np.random.Generator) -> Array:
        """Means [n_arms] of a run, in order of arrival."""

    @default
    def _support(self) -> tuple[float, tuple[float, float]]:
        """The smallest mean that an arm of any run can have, and the smallest and largest that the best arm can.

        Here: any that there can be.
        """
        return self.problem.low, (self.problem.low, self.problem.high)

    def draw(self, rng: np.random.Generator) -> Tape:
        means = self._means_of(rng)
        return Tape(means, tuple(int(seed) for seed in rng.integers(0, 2**63, size=4)))

    def check_tape(self, tape: Tape) -> None:
        within("means of tape", tape.means, self.problem.low, self.problem.high)
        within("seeds of tape", tape.seeds, 0, 2**63)

    def begin(self, tape: Tape) -> None:
        if vars(self).get("_means") is not tape.means:
            self._means = tape.means
            self._instance = stream_instance(tape.means, self.rewards)
        orders = Seeds(tape.seeds[3]).generator() if self.between == "reshuffle" else None
        self._stage = Stage(self.n_arms, self.memory, self.passes, orders)
        self._draws = Draws(self._rewards, tape.seeds[:3])
        self._account = Account(float(np.max(tape.means)), self._stage)
        self.clock = self._asked = 0
        self.history: list[tuple[str, int, int, int]] = []

    def observe(self) -> View:
        stage, m = self._stage, self.memory
        slots = np.array(stage.slots, dtype=np.int64)
        mask = np.zeros(3 * m + 2, dtype=np.int8)
        if self.clock < self.horizon:
            mask[:m] = mask[2 * m + 2 :] = slots != NONE
            mask[m : 2 * m + 1] = stage.current != NONE
            mask[2 * m + 1] = stage.may_advance
        over, left = stage.position == self.n_arms, self.horizon - self.clock
        return View(self.clock, left, stage.pass_index, stage.arrivals, over, stage.current, slots, mask)

    def transition(self, action: Any) -> tuple[float, Feedback]:
        """Carry out an action, or a code of gymnasium's ``action_space``.

        Raises:
            ProtocolError: the protocol forbids it; nothing changes. With ``illegal="ignore"``, only after the end.
            RuntimeError: no run was begun.
        """
        if self.clock >= self.horizon:
            raise self._refusal(action, "the run is over: call reset()")
        try:
            if type(action) not in ACTIONS:
                action = decoded(action, self.memory)
            if type(action) is Pull:
                return self._pull(*action)
            self._move(action)
        except RefusedError as reason:
            if self.illegal == "error":
                raise self._refusal(action, reason) from None
        return 0.0, None

    def _move(self, action: Store | Drop | Advance) -> None:
        stage = self._stage
        if type(action) is Advance:
            stage.advance()
            if self.debug:
                self._note("advance", stage.current, 0)
        elif type(action) is Store:
            stage.store(action.slot)
            if self.debug:
                self._note("store", stage.slots[action.slot], action.slot)
        elif type(action) is Drop:
            handle = stage.at(action.slot)
            stage.drop(action.slot)
            if self.debug:
                self._note("drop", handle, action.slot)

    def _pull(self, where: int, n: int, observe: bool) -> tuple[float, Feedback]:
        stage = self._stage
        handle = stage.at(where)
        if type(n) is not int or n < 1:
            raise RefusedError("n must be a whole number >= 1")
        if n > self.horizon - self.clock:
            raise RefusedError(f"only {self.horizon - self.clock} pulls are left")
        if observe and n > LARGEST:
            raise RefusedError("an observed batch has at most 10^18 pulls")
        mean = self._means.item(handle)
        if where == CURRENT and stage.unpulled and observe and n > 1:
            total = self._draws.first(n, self._means, stage.order, stage.number).item(0)
        else:
            total = self._draws.batch(n, mean)
        if where == CURRENT:
            stage.unpulled = False
        if self.debug:
            self._note("pull", handle, n)
        self._account.batch(self.clock, n, mean, total)
        self.clock += n
        return total, (total, n) if observe else None

    def _note(self, name: str, handle: int, number: int) -> None:
        self.history.append((name, handle, number, self.clock))

    def _refusal(self, action: Any, why: object) -> ProtocolError:
        return ProtocolError(f"{action!r}: {why} ({self.clock} pulls used, {self._stage.arrivals} arrivals seen)")

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._account.at(times)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The best arm of the stream, seen or not; ``worst`` and ``best_arm`` are measured like ``shortfall``."""
        t, best = times.astype(np.float64), self._account.best
        spread = best - float(np.min(self._means))
        return {"best_arm": np.zeros(len(t)), "best_arm_reward": t * best, "worst": -t * spread}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """All pulls are of the best arm, or of the worst; no limits of realized regret under Gaussian rewards."""
        return limits_of_means(times, *self._support(), self.n_arms, self._rewards.binary)

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("pseudo", "shortfall", "best_arm", "fixed", "pseudo-regret against the best arm"),
            Regret("realized", "reward", "best_arm_reward", "realized", "realized regret against the best arm's mean"),
        )

    def instance(self) -> StreamInstance:
        """The stream of the run."""
        return self._instance

    def clairvoyant(self, comparator: str) -> Action:
        if comparator != "best_arm":
            raise ValueError(f"comparator must be best_arm, got {shown(comparator)}")
        left, best = self.horizon - self.clock, int(np.argmax(self._means))
        if best in self._stage.slots:
            return Pull(self._stage.slots.index(best), left, False)
        return Pull(CURRENT, left, False) if self._stage.current == best else Advance()

    def block_of_arrivals(self, n: int) -> Array:
        """Sums of the first ``n`` pulls of the arriving arm and of arms that follow it, or none; nothing is pulled."""
        sums = self._arriving(n)
        if len(sums):
            self._asked = n
        return read_only(sums)

    def _arriving(self, n: int) -> Array:
        stage = self._stage
        if stage.current == NONE or not stage.unpulled or not 1 < n <= LARGEST:
            return np.empty(0)
        return self._draws.first(n, self._means, stage.order, stage.number)

    def absorb_arrivals(self, count: int) -> None:
        """Pull each of the next ``count`` arms as often as ``block_of_arrivals`` was asked for, and let it pass.

        Raises:
            ProtocolError: so many batches were not handed out, or do not fit; nothing changes.
        """
        n, stage = self._asked, self._stage
        sums = self._arriving(n)[:count]
        if len(sums) < count or count < 1 or count * n > self.horizon - self.clock:
            raise self._refusal(Pull(CURRENT, n), f"{count} such batches do not fit")
        if self.debug:
            handles = stage.order[stage.position : stage.position + count]
            following = [*stage.order[stage.position + 1 :], NONE]
            for i, (handle, after) in enumerate(zip(handles.tolist(), following, strict=False)):
                time = self.clock + i * n
                self.history += [("pull", handle, n, time), ("advance", int(after), 0, time + n)]
        self._account.batches(self.clock, n, self._draws.coming(stage.number)[:count], sums)
        self.clock += count * n
        stage.advance(count)

    def block(self, most: int) -> Block:
        """The next single pulls; their actions are slots, or ``memory`` for the arriving arm."""
        self.check_running()
        handles = np.array([*self._stage.slots, self._stage.current])
        levels = np.where(handles == NONE, math.nan, self._means[handles])
        noise = self._draws.noise(min(most, self.horizon - self.clock))
        return Block(read_only(levels[None, :]), 0, read_only(noise), self._rewards.binary)

    def absorb(self, actions: Actions) -> None:
        """Account for single pulls [n] made in the last block.

        Raises:
            ProtocolError: there are more of them than the block has, or a place is empty or does not exist; nothing
                changes.
        """
        block = self.block(actions.size)
        if len(block.noise) != actions.size or not 0 <= actions.min() <= actions.max() <= self.memory:
            raise self._refusal(Pull(CURRENT), f"{actions.size} pulls do not fit, or name no place")
        if not self._account.singles(self.clock, block, actions):
            raise self._refusal(Pull(CURRENT), "an empty place was pulled")
        if self.debug:
            places = np.array([*self._stage.slots, self._stage.current])[actions]
            self.history += [("pull", handle, 1, self.clock + i) for i, handle in enumerate(places.tolist())]
        if self.memory in actions:
            self._stage.unpulled = False
        self._draws.use(actions.size)
        self.clock += actions.size

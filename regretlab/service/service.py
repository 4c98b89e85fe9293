"""A policy at work in a service: arms by name, decisions with identities, feedback that is late or never comes.

What can be asked of it rests on one property of its policy. Policies that learn ``by_arm`` (UCB1 and its kin, Thompson
sampling, epsilon-greedy, LinUCB, ...) go on from the rewards that each arm gave, whoever chose it and in whatever order
the arms were played. So feedback is learned when it comes; and a copy of the policy on other arms, taught the feedback
that these gave, decides where arms come and go, or where a decision is among some of them only. A choice among some is
thus that of the same policy on these arms alone, with all that is known of them. (For UCB1 that is the largest index
among those offered, with the number of their feedbacks as time; awake arms are played like this by R. Kleinberg,
A. Niculescu-Mizil, Y. Sharma, *Regret Bounds for Sleeping Experts and Bandits*, Machine Learning 80, 2010, from memory,
where the time counts all rounds.)

Other policies weigh a reward by the probability of the very choice, count phases, or look for changes. They learn
through a policy for delayed feedback: a pool of copies, each of which waits for its own (BOLD), or a queue an arm
(QPM-D). Their arms are fixed.
"""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

import numpy as np

from bandits.arguments import check_reward, integer, is_list, one_of, real, shown
from bandits.contract import Array, Policy, Problem, check_plays
from bandits.propensities import sampled
from bandits.registry import POLICIES, Component
from bandits.seeds import stream
from bandits.watch import watch_over
from regretlab.service.arms import names_of, number_of, rows_of
from regretlab.service.declared import declared, observed, problem_of, some_context
from regretlab.service.forks import waited_for
from regretlab.service.kept import Kept, Masks, teach
from regretlab.service.learners import Learner, Own, learner
from regretlab.service.ledger import Due, Ledger
from regretlab.service.state import from_state, read, to_state, write

MOST = {"own": 100_000, "queue": 100_000, "pool": 1_000}
"""Decisions that wait for feedback, by default; in a pool each of them is a copy of the policy."""


DRAWS = 200
"""Choices on copies, for sampled propensities."""


class Decision(NamedTuple):
    """What a service decided.

    Attributes:
        id: by which its feedback is told; no other decision has it, of no process and after no restoring.
        arm: the arm's name.
        probability: with which this arm was decided, given all that the service knew; None where nobody asked.
    """

    id: str
    arm: Hashable
    probability: float | None


class Service:
    """A policy at work: decides among named arms, and learns from feedback when it comes. Safe in threads.

    Without delays it decides as its policy does, bit for bit. A state that is saved goes on bit for bit, too, but for
    the identities of decisions: those that were handed out and lost, as the process was killed before it saved, are
    never handed out again.

    Args:
        policy: for arms, with contexts or without: a registered name, ``{"name": ..., "parameters": {...}}``, or a
            policy, which is copied.
        arms: their names, at least one, all different (``1 == True`` are the same): texts, numbers and tuples of such,
            or anything hashable where the state is not saved.
        low: smallest possible reward.
        high: largest possible reward.
        contexts: the interval (low, high) of each coordinate of the contexts; None where decisions have none.
        noise: sub-Gaussian parameter of the rewards, where the range is infinite.
        horizon: number of decisions, for policies that need it.
        seed: a whole number >= 0, a generator, or None for another run each time.
        propensities: how the ``probability`` of a decision is found: "exact", in closed form; "sampled", from 200
            choices on copies and the one that is taken, so that it is never 0; or None, not at all.
        late: how feedback is learned that comes late: "own", by the policy itself, "pool" or "queue", see above. None
            is "own" for policies that learn ``by_arm``, else "pool".
        outstanding: decisions that wait for feedback at most, >= 1; beyond, the oldest are forgotten. None is 100,000,
            in a pool 1,000.
        memory: feedbacks that are kept for ``add``, ``remove`` and choices among some arms, >= 0: at least the last so
            many and at most twice as many, where there are.

    Raises:
        ValueError: no such policy, one that refuses the problem or cannot do what is asked, or an argument outside its
            domain.
        TypeError: "exact" propensities of a policy that has none.

    Example:
        >>> from regretlab import Service
        >>> service = Service("ucb1", ["red", "blue"], low=0.0, high=1.0, seed=1)
        >>> first, second = service.decide(), service.decide(among=["blue"])
        >>> first.arm, second.arm, second.probability
        ('red', 'blue', 1.0)
        >>> service.feedback(second.id, 1.0)
        >>> service.feedback(first.id, 0.0)
        >>> service.decide().arm
        'blue'
        >>> service
        Service(UCB1(exploration=2.0), 2 arms: 3 decisions, 2 feedbacks, 1 outstanding)
    """

    _lock: Any
    _saving: Any
    _main: Learner
    _order: list[int]
    _places: dict[int, int]
    _numbers: dict[Hashable, int]
    _masks: Masks

    def __init__(
        self,
        policy: Component,
        arms: Iterable[Hashable],
        *,
        low: float,
        high: float,
        contexts: Sequence[tuple[float, float]] | None = None,
        noise: float | None = None,
        horizon: int | None = None,
        seed: int | np.random.Generator | None = None,
        propensities: str | None = "exact",
        late: str | None = None,
        outstanding: int | None = None,
        memory: int = 100_000,
    ) -> None:
        self._base: Policy[Any, Any, Any, Any] = POLICIES.build(policy, "policy", of=Policy)
        if self._base.clairvoyant:
            raise ValueError(
                f"policy must choose from what it has seen, got {policy!r}, which knows the run in advance"
            )
        self.propensities = None if propensities is None else one_of("propensities", propensities, ("exact", "sampled"))
        by_arm = self._base.by_arm
        self.late = ("own" if by_arm else "pool") if late is None else one_of("late", late, tuple(MOST))
        if self.late == "own" and not by_arm:
            raise ValueError(
                f"late must be 'pool' or 'queue' for {self._base!r}, which does not learn by_arm, got 'own'"
            )
        self.outstanding = MOST[self.late] if outstanding is None else integer("outstanding", outstanding)
        self.memory = integer("memory", memory, 0)
        self._declares = declared(contexts, low=low, high=high, noise=noise, horizon=horizon)
        self._rng = stream(seed, of="service")
        self._luck = self._rng.spawn(1)[0]  # what is drawn to find probabilities is not the policy's
        self._mask_seed = self._luck.integers(2**32, size=4).tolist()
        self._names = dict(enumerate(names_of(arms)))
        self._born = len(self._names)
        check_plays(self._base, self._problem(len(self._names)), "the service", name="policy")
        self._kept = Kept(self.memory if self.late == "own" else 0)
        self._ledger = Ledger()
        self._counts = dict.fromkeys(("feedbacks", "forgotten", "unlearned"), 0)
        self._guard()
        self._start(learner(self._base, self.late, self._problem(len(self._names)), self._rng))
        if self.propensities == "exact":
            self._vector(self._main, self._observed(some_context(self._main_problem)))

    @property
    def arms(self) -> tuple[Hashable, ...]:
        """The arms' names."""
        return tuple(self._names.values())

    def decide(self, context: Any = None, among: Iterable[Hashable] | None = None) -> Decision:
        """Decide for an arm.

        Args:
            context: what is observed, [n_coordinates]; nothing where there are no contexts.
            among: the arms that are offered, at least one; None for all. For policies that learn ``by_arm``.

        Raises:
            ValueError: a context that cannot be, or no such arms; nothing has changed then.
            TypeError: "exact" propensities of a policy that has none; likewise.
        """
        with self._lock:
            observation = self._observed(context)
            asked, numbers = (self._main, self._order) if among is None else self._restricted(among)
            probability: float | None = None if self.propensities is None else 1.0
            if asked is None:
                action, ticket = 0, 0
            elif self.propensities is None or asked.policy.decided:
                action, ticket = asked.decide(observation)
            else:
                found = self._vector(asked, observation)
                action, ticket = asked.decide(observation)
                probability = float(found[action])
                if self.propensities == "sampled":
                    probability = (probability * DRAWS + 1.0) / (DRAWS + 1.0)
            identity = self._ledger.add(Due(numbers[action], ticket, observation, time.time()))
            if len(self._ledger.due) > self.outstanding:
                self._forget(next(iter(self._ledger.due)))
            return Decision(identity, self._names[numbers[action]], probability)

    def feedback(self, id: str, reward: float) -> None:
        """Learn the reward of a decision, in whatever order rewards come.

        One of an arm that has been removed, or from before ``restart``, is counted and not learned.

        Args:
            id: of the decision.
            reward: a finite number.

        Raises:
            ValueError: no decision of that id is outstanding: it has its feedback, was forgotten or was never made; or
                a reward that is no number. Nothing has changed then.
        """
        with self._lock:
            due = self._ledger.outstanding(id)
            reward = check_reward(reward)
            told: Warning | None = None
            if due.arm in self._places:
                try:
                    self._main.learn(due.ticket, due.observation, self._places[due.arm], reward)
                except Warning as warning:  # where these are errors: the reward is learned all the same
                    told = warning
                self._kept.add((due.arm, reward, due.observation))
            else:
                self._counts["unlearned"] += 1
            del self._ledger.due[id]
            self._counts["feedbacks"] += 1
        if told is not None:
            raise told

    def forget(self, id: str) -> None:
        """Give up waiting for the feedback of a decision.

        Raises:
            ValueError: no decision of that id is outstanding.
        """
        with self._lock:
            self._ledger.outstanding(id)
            self._forget(id)

    def expire(self, before: float) -> int:
        """Give up waiting for the feedback of all decisions made before a time.

        Args:
            before: seconds since the epoch, as of ``time.time()``.

        Returns:
            How many were forgotten.
        """
        real("before", before)
        with self._lock:
            old = [identity for identity, due in self._ledger.due.items() if due.time < before]
            for identity in old:
                self._forget(identity)
            return len(old)

    def add(self, arm: Hashable) -> None:
        """Have one more arm, of which nothing is known yet. For policies that learn ``by_arm``.

        The policy begins anew on all arms, and is taught the feedback that is kept, oldest first.

        Raises:
            ValueError: there is an arm of that name, or the policy cannot; nothing has changed then.
        """
        with self._lock:
            self._check_by_arm("add")
            names_of([*self._names.values(), arm])
            self._have({**self._names, self._born: arm})
            self._born += 1

    def remove(self, arm: Hashable) -> None:
        """Have one arm less; what it gave is forgotten. For policies that learn ``by_arm``.

        The policy begins anew on the arms that stay, and is taught the feedback that is kept of them, oldest first.

        Raises:
            ValueError: no such arm, the last one, or the policy cannot; nothing has changed then.
        """
        with self._lock:
            self._check_by_arm("remove")
            number = number_of(arm, self._numbers)
            if len(self._names) == 1:
                raise ValueError(f"remove must leave one arm at least, got {shown(arm)}, the last one")
            self._have({n: name for n, name in self._names.items() if n != number})

    def restart(self, arms: Iterable[Hashable] | None = None) -> None:
        """Begin anew, on other arms or on the same, knowing nothing; any policy can.

        Args:
            arms: their names; None for the same.

        Raises:
            ValueError: no such names, or arms that the policy refuses; nothing has changed then.
        """
        with self._lock:
            names = self.arms if arms is None else names_of(arms)
            with self._undrawn():
                began = learner(self._base, self.late, self._problem(len(names)), self._rng)
            self._names = {self._born + i: name for i, name in enumerate(names)}
            self._born += len(names)
            self._kept = self._kept.only(())
            self._start(began)

    def warm_start(self, log: Any) -> int:
        """Learn from what others decided. For policies that learn ``by_arm``.

        Args:
            log: rows (arm, reward) or, with contexts, (arm, reward, context); or a ``regretlab.Log``, of whose names
                all that were played must be arms here.

        Returns:
            The number of rows.

        Raises:
            ValueError: a row that cannot be, or the policy cannot; nothing has changed then.
        """
        with self._lock:
            self._check_by_arm("warm_start")
            rows = [self._row(i, row) for i, row in enumerate(rows_of(log))]
            before = copy.deepcopy(self._main, {id(self._rng): self._rng})
            try:
                with self._undrawn():
                    teach(self._main, rows, self._places)
            except BaseException:  # the policy refuses a reward
                self._main = before
                raise
            for row in rows:
                self._kept.add(row)
            return len(rows)

    def probabilities(self, context: Any = None, among: Iterable[Hashable] | None = None) -> dict[Hashable, float]:
        """With which probability the next decision is for each arm; changes nothing.

        Args:
            context: as of ``decide``.
            among: as of ``decide``.

        Raises:
            ValueError: as of ``decide``.
            TypeError: the policy has none in closed form, and ``propensities`` is not "sampled".
        """
        with self._lock:
            observation = self._observed(context)
            asked, numbers = (self._main, self._order) if among is None else self._restricted(among, keep=False)
            found = [1.0] if asked is None else self._vector(asked, observation).tolist()
            return dict.fromkeys(self._names.values(), 0.0) | {
                self._names[number]: p for number, p in zip(numbers, found, strict=True)
            }

    def stats(self) -> dict[str, int]:
        """Counts: decisions, feedbacks (of these unlearned), decisions forgotten, outstanding; arms, feedbacks kept."""
        with self._lock:
            made = {"decisions": self._ledger.decisions, **self._counts, "outstanding": len(self._ledger.due)}
            return {**made, "arms": len(self._names), "kept": len(self._kept.rows)}

    def to_json(self, names: Callable[[Hashable], Any] | None = None) -> dict[str, Any]:
        """The whole state, as values that ``json.dumps`` takes: see ``bandits.state``.

        Args:
            names: gives for each arm's name one of texts, numbers and tuples, where they are of other kinds.

        Raises:
            ValueError: a name or a policy that no JSON can hold.
        """
        with self._lock:
            return to_state(self, names)

    @classmethod
    def from_json(
        cls, state: Any, names: Callable[[Any], Hashable] | None = None, *, same_version: bool = True
    ) -> Service:
        """The service of a state that ``to_json`` gave.

        Args:
            state: the dictionary.
            names: gives for each arm's name in the state the name itself, where ``to_json`` was given such a function.
            same_version: as of ``bandits.state.from_json``.

        Raises:
            ValueError: no such state; the message says what is wrong.
        """
        service = cls.__new__(cls)
        from_state(service, state, names, same_version)
        return service

    def save(self, path: str | os.PathLike[str], names: Callable[[Hashable], Any] | None = None) -> None:
        """Write the state into a file, whole or not at all.

        Args:
            path: of the file; what stood there before is replaced at once.
            names: as of ``to_json``.

        Raises:
            ValueError: as of ``to_json``.
            OSError: it cannot be written; what stood there before stands.
        """
        with self._saving:  # so that an older state never takes the place of a newer one
            write(Path(path), self.to_json(names))

    @classmethod
    def load(cls, path: str | os.PathLike[str], names: Callable[[Any], Hashable] | None = None) -> Service:
        """The service whose state a file holds.

        Args:
            path: of the file.
            names: as of ``from_json``.

        Raises:
            ValueError: it holds none; the message says what is wrong.
            OSError: it cannot be read.
        """
        return cls.from_json(read(Path(path)), names)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.to_json(),)

    def __repr__(self) -> str:
        counts = self.stats()
        return (
            f"Service({self._base!r}, {counts['arms']} arms: {counts['decisions']} decisions, "
            f"{counts['feedbacks']} feedbacks, {counts['outstanding']} outstanding)"
        )

    def _guard(self) -> None:
        """Have a lock for all that is asked, and one for files; a service that has locks keeps them."""
        self._lock, self._saving = getattr(self, "_lock", None) or RLock(), getattr(self, "_saving", None) or RLock()
        waited_for(self)

    def _start(self, began: Learner) -> None:
        """Put a learner of the arms to work."""
        self._main = began
        self._order = list(self._names)
        self._places = {number: place for place, number in enumerate(self._order)}
        self._numbers = {name: number for number, name in self._names.items()}
        self._masks = Masks()

    @contextmanager
    def _undrawn(self) -> Iterator[None]:
        """Where something is refused, no random number has been drawn for it."""
        state = self._rng.bit_generator.state
        try:
            yield
        except BaseException:
            self._rng.bit_generator.state = state
            raise

    def _have(self, names: dict[int, Hashable]) -> None:
        """Have other arms, and a policy that is taught what is kept of them."""
        kept = self._kept.only(names)
        with self._undrawn():
            began = learner(self._base, self.late, self._problem(len(names)), self._rng, silent=True)
            teach(began, kept.rows, {number: place for place, number in enumerate(names)})
        before = self._main.policy._declared
        watch_over(began.policy, began.policy.problem_given())
        if before is not None and began.policy._declared is not None:
            began.policy._declared.told = before.told
        self._names, self._kept = names, kept
        self._start(began)

    def _restricted(self, among: Iterable[Hashable], keep: bool = True) -> tuple[Learner | None, Sequence[int]]:
        """What decides among some arms, and their numbers; None where there is one only."""
        if isinstance(among, str | bytes) or not isinstance(among, Iterable):
            raise ValueError(f"among must be a list of arms, got {shown(among)}")
        numbers = tuple(sorted({number_of(arm, self._numbers) for arm in among}))
        if not numbers:
            raise ValueError("among must hold one arm at least, got none")
        if len(numbers) == len(self._order):
            return self._main, self._order
        self._check_by_arm("among")
        if len(numbers) == 1:
            return None, numbers
        return self._masks.asked(numbers, self._kept, keep, self._of_some), numbers

    def _of_some(self, numbers: tuple[int, ...]) -> Learner:
        """A policy on some arms, not taught yet. Its stream is its own: when it began changes nothing for others."""
        seed = np.random.SeedSequence(self._mask_seed, spawn_key=(self._ledger.decisions, *numbers))
        problem, rng = self._problem(len(numbers)), np.random.default_rng(seed)
        return learner(self._base, self.late, problem, rng, silent=True)

    def _vector(self, asked: Learner, observation: Any) -> Array:
        if self.propensities == "sampled":
            return sampled(asked.policy, observation, DRAWS, self._luck).probabilities
        try:
            return asked.policy.probabilities(observation)
        except TypeError as error:
            raise TypeError(f"{error}; a service does so with propensities='sampled', and None asks for none") from None

    def _forget(self, identity: str) -> None:
        due = self._ledger.due.pop(identity)
        if due.arm in self._places:
            self._main.forget(due.ticket)
        self._counts["forgotten"] += 1

    def _observed(self, context: Any) -> Any:
        return observed(self._main_problem, context)

    @property
    def _main_problem(self) -> Problem:
        given: Any = self._main.policy.problem_given()
        inner: Problem = given if isinstance(self._main, Own) else given.inner
        return inner

    def _problem(self, n_actions: int) -> Problem:
        return problem_of(self._declares, n_actions)

    def _check_by_arm(self, what: str) -> None:
        if self.late != "own":
            raise ValueError(
                f"{what} must be asked of a policy that learns by_arm and by itself (UCB1, BetaThompson, LinUCB, ...), "
                f"got {self._base!r} with late={self.late!r}; restart begins anew on any arms"
            )

    def _row(self, place: int, row: Any) -> tuple[int, float, Any]:
        size = 3 if "contexts" in self._declares else 2
        if not is_list(row) or len(row) != size:
            form = "(arm, reward, context)" if size == 3 else "(arm, reward)"
            raise ValueError(f"row {place} of a log must be {form}, got {shown(row)}")
        try:
            return number_of(row[0], self._numbers), check_reward(row[1]), self._observed(row[2] if size == 3 else None)
        except ValueError as error:
            raise ValueError(f"row {place} of a log: {error}") from None

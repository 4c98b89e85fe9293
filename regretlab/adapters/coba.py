"""Policies as learners of coba, and environments of ours as simulations of coba's.

For coba 8. Experiments of coba copy a learner only where they use it more than once, and an evaluator tells a learner
nothing of a new environment but a question: before the first interaction it asks whether there is a ``score`` by
``score(None, None, None)``. There a ``Learner`` starts anew, so that one object serves any number of environments and
experiments, one after the other. (Two evaluations that take turns need two objects.) In your own loop, ``restart``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from bandits import BanditProblem, ChangingLinearProblem, ContextualProblem, Policy, check_plays
from bandits.arguments import check_reward, check_seed, flag, integer, interval, shown
from bandits.contract import Array
from bandits.propensities import sampled
from bandits.seeds import stream
from regretlab.adapters.coba_features import FEATURES, context_of, features_of, in_turn
from regretlab.adapters.coba_simulations import Simulation, environment_of, parameters_of
from regretlab.adapters.seat import Names, Seat, key_of

try:
    import coba
except ImportError as error:
    raise ImportError("regretlab.adapters.coba needs coba: pip install 'regretlab[simulators]'") from error

__all__ = ["Learner", "Simulation", "environment_of"]


class _Round(NamedTuple):
    """A round as the policy sees it.

    Attributes:
        seen: what it observes.
        places: [n_actions] the place, in coba's list, of each of its actions.
    """

    seen: Any
    places: list[int]


class Learner(coba.Learner):
    """A policy as a learner of coba: on arms, on contexts, or on features of actions.

    Arms are numbered in the order in which coba first lists them (of a ``LinearProblem``, that of its features), and
    are known again by value: a round's list may come in any order. What is handed back is the very object of coba's
    list (which holds 0 and 1 as floats).

    A policy that plays changing features (``ChangingLinearProblem``) observes those that coba's own encoder makes of
    context and action. Where fewer actions are offered than the problem has, they are repeated in turn, and playing a
    repeated one is playing it; where coba does not tell what was offered (in learning from a log alone), the action
    played is taken for the only one.

    Logged plays are learned from as they are: an observation, somebody's action, its reward; logged probabilities are
    not used. Of a batch all actions are chosen before the first reward is learned. The few policies that learn from
    their own last draw alone, such as TsallisINF, refuse logged plays and batches.

    Args:
        policy: plays arms, contexts or changing features with the reward of one action as feedback. It is not changed.
        problem: what the policy is told. None: worked out in the first round, as far as it goes: the number of actions,
            the length of contexts or features, rewards in [0, 1], and nothing else.
        seed: of the policy's random choices.
        features: what a policy on changing features observes, in the words of ``coba.LinUCBLearner``: of "a" (the
            action) and "x" (the context), their products, and numbers. Those with "x" fall away without contexts.
        box: where ``problem`` is None and the policy observes contexts: the interval of every coordinate.
        propensities: whether ``predict`` tells the exact probability of its action where the policy knows it, for logs
            and estimates: in 0.01 to 1 ms a round. Else, of a policy that draws, coba is given None.
        draws: copies of the policy that ``score`` has choose, where the policy does not know its probabilities.

    Raises:
        ValueError: an argument out of its domain, or a policy of other problems.

    Example:
        >>> import coba
        >>> from bandits import UCB1
        >>> environments = coba.Environments.from_bandit_synthetic(100, n_actions=3, seed=2)
        >>> result = coba.Experiment(environments, [Learner(UCB1()), coba.RandomLearner()]).run(quiet=True)
        >>> len(result.interactions)
        200
    """

    def __init__(
        self,
        policy: Policy[Any, Any, Any, Any],
        problem: BanditProblem | None = None,
        seed: int = 0,
        features: Sequence[str | float] = FEATURES,
        box: tuple[float, float] | None = None,
        propensities: bool = False,
        draws: int = 1000,
    ) -> None:
        if not isinstance(policy, Policy):
            raise ValueError(f"policy must be an object of a class of policies, got {shown(policy)}")
        if problem is not None:
            if not isinstance(problem, BanditProblem):
                raise ValueError(f"problem must be a BanditProblem: coba tells one reward, got {shown(problem)}")
            check_plays(policy, problem, "the problem given")
        self.policy, self.problem = policy, problem
        self.features = (features,) if isinstance(features, str) else tuple(features)
        self.seed, self.draws = check_seed("seed", seed), integer("draws", draws)
        self.box = None if box is None else interval("box", box)
        self.propensities = flag("propensities", propensities)
        self.restart()

    def restart(self) -> None:
        """Forget all: the next call begins a new run."""
        self._seat: Seat | None = None
        self._offered: list[tuple[Any, Any]] = []

    @property
    def params(self) -> dict[str, Any]:
        """The policy's class and parameters, and the seed, for coba's tables."""
        return {"family": type(self.policy).__name__, **parameters_of(self.policy, "family", "seed"), "seed": self.seed}

    def predict(self, context: Any, actions: Any) -> Any:
        """The action, an object of ``actions``, and its probability where that is known; of a batch, all of them."""
        if coba.is_batch(actions):
            predicted = [self.predict(*one) for one in zip(context, actions, strict=True)]
            self._offered = list(zip(context, actions, strict=True))
            return predicted
        seat, (seen, places) = self._round(context, actions)
        policy, known = seat.policy, None
        if self.propensities and not policy.decided:
            try:
                known = policy.probabilities(seen)
            except TypeError:  # in no closed form
                known = None
        number = seat.choose(seen)
        probability = 1.0 if policy.decided else None if known is None else _of_place(known, places, places[number])
        return {"action_prob": (actions[places[number]], probability)}

    def score(self, context: Any, actions: Any, action: Any) -> Any:
        """The probability that ``predict`` plays the action now; of a batch, all of them. No run is changed.

        Exact where the policy knows it. Else the share of ``draws`` choices by copies of the policy, with a standard
        error of at most ``0.5 / sqrt(draws)``, in the time of so many choices.
        """
        if actions is None and action is None:  # an evaluator asks whether there is a score, before its first round
            self.restart()
            return 0.0
        if coba.is_batch(actions):
            scores = [self.score(*one) for one in zip(context, actions, action, strict=True)]
            self._offered = list(zip(context, actions, strict=True))
            return scores
        seat, (seen, places) = self._round(context, actions)
        try:
            known = seat.policy.probabilities(seen)
        except TypeError:
            known = sampled(seat.policy, seen, self.draws, self._luck).probabilities
        return _of_place(known, places, _place_of(action, actions))

    def learn(self, context: Any, action: Any, reward: Any, probability: Any = None) -> None:
        """Have the policy learn from the reward of an action, its own or a logged one; of a batch, from all."""
        if any(map(coba.is_batch, (context, action, reward))):  # coba 8.1 gives the actions of a batch as a plain tuple
            offered = self._offered
            for i, (seen, played, paid) in enumerate(zip(context, action, reward, strict=True)):
                self._offered = offered[i : i + 1]
                self.learn(seen, played, paid)
            return
        reward = check_reward(reward)
        offered = [actions for seen, actions in self._offered[:1] if seen is context or key_of(seen) == key_of(context)]
        self._offered = []
        seat = self._seated(context, *offered)
        if not isinstance(seat.problem, ChangingLinearProblem):
            seat.learn(self._seen(context), self._names.number(action), reward)
            return
        actions = offered[0] if offered else [action]
        seen, places = self._features(seat.problem, context, actions)
        seat.learn(seen, places.index(_place_of(action, actions)), reward)

    def _round(self, context: Any, actions: Any) -> tuple[Seat, _Round]:
        """The policy at play, and the round; a first round begins the run."""
        if actions is None or len(actions) == 0:
            raise ValueError("actions must be a list of at least one: policies choose among finitely many")
        seat = self._seated(context, actions)
        if isinstance(seat.problem, ChangingLinearProblem):
            found = self._features(seat.problem, context, actions)
        else:
            seen, numbers = self._seen(context), self._names.numbers(actions)
            found = _Round(seen, sorted(range(len(numbers)), key=numbers.__getitem__))
        self._offered = [(context, actions)]
        return seat, found

    def _seated(self, context: Any, *offered: Any) -> Seat:
        if self._seat is None:
            problem = self._worked_out(context, *offered) if self.problem is None else self.problem
            seat = Seat(self.policy, problem, stream(self.seed, of="policy"))
            self._names, self._luck = Names(problem.n_actions), stream(self.seed, of="scores of the policy")
            self._seat = seat
        return self._seat

    def _worked_out(self, context: Any, actions: Any = None) -> BanditProblem:
        """The problem, from the first round."""
        name, plays = type(self.policy).__name__, tuple(self.policy.plays)
        if actions is None:
            raise ValueError("problem must be given where the first round has no list of actions, got None")
        if issubclass(BanditProblem, plays):
            return BanditProblem(n_actions=len(actions))
        if issubclass(ChangingLinearProblem, plays):
            return ChangingLinearProblem(
                n_actions=len(actions), dimension=len(features_of(self.features, context, actions)[0])
            )
        if not issubclass(ContextualProblem, plays):
            kinds = ", ".join(kind.__name__ for kind in plays)
            raise ValueError(f"problem must be given for {name}, which plays {kinds}, got None")
        d = len(context_of(context))
        if self.box is None:
            raise ValueError(
                f"box must be the interval of each coordinate of a context, or problem be given, for {name}: such as "
                f"ContextualProblem(n_actions={len(actions)}, contexts=((0.0, 1.0),) * {d}), got None"
            )
        return ContextualProblem(n_actions=len(actions), contexts=((self.box[0], self.box[1]),) * d)

    def _seen(self, context: Any) -> Any:
        observes = self._seat is not None and isinstance(self._seat.problem, ContextualProblem)
        return context_of(context) if observes else None

    def _features(self, problem: ChangingLinearProblem, context: Any, actions: Any) -> _Round:
        places = in_turn(problem.n_actions, len(actions))
        return _Round(features_of(self.features, context, actions)[places], places)


def _of_place(known: Array, places: list[int], place: int) -> float:
    return float(sum(probability for probability, its in zip(known.tolist(), places, strict=True) if its == place))


def _place_of(action: Any, actions: Any) -> int:
    """The place of an action in a list: of that object, else of the first that is equal."""
    keys = [key_of(one) for one in actions]
    for place, one in enumerate(actions):
        if one is action:
            return place
    if (key := key_of(action)) not in keys:
        raise ValueError(f"the action must be one of those offered, {shown(list(actions))}, got {shown(action)}")
    return keys.index(key)

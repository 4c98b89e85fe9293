"""Contexts outside what a problem declares are told once, or refused where a policy works on the box itself."""

import copy
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
from over_pairs import SilentError, over

from bandits.checks import play
from bandits.contextual.problem import ContextualProblem
from bandits.delayed.problem import Delayed
from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.problem import RegressionProblem, Round
from bandits.linear.problem import ChangingLinearProblem
from bandits.logged.problem import LoggedProblem
from bandits.registry import POLICIES


def kinds(family, environment):
    return type(environment.problem), type(bare(environment.problem))


def bare(problem):
    return bare(problem.inner) if isinstance(problem, Delayed) else problem


def declares(environment):
    problem = bare(environment.problem)
    if isinstance(problem, RegressionProblem) and not problem.contexts:
        return False
    return isinstance(problem, ContextualProblem) or problem.declares_contexts


def outside(observation, problem):
    """The same observation far outside of what is declared."""
    if isinstance(problem, ContextualProblem):
        low, high = np.array(problem.contexts).T
        return high + 10.0 * (high - low)
    if isinstance(problem, LoggedProblem):
        low, high = np.array(problem.contexts).T
        return observation._replace(context=high + 2.0 * (high - low))
    if isinstance(problem, RegressionProblem):
        low, high = np.array(problem.contexts).T
        return Round(high + 2.0 * (high - low), observation.groups)
    return 1.5 * observation * problem.feature_norm / np.linalg.norm(observation, axis=-1).max()


def decisions(policy, environment, moved, rounds=12):
    """Actions of two runs, pickled, and what was told; ``moved`` whether contexts are moved outside."""
    found = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for seed in (1, 2):
            environment.begin(environment.draw(np.random.default_rng(seed)))
            policy.reset(environment.problem, np.random.default_rng(seed))
            while environment.clock < rounds:
                seen = environment.observe()
                seen = outside(seen, bare(environment.problem)) if moved and environment.clock % 2 else seen
                found.append(pickle.dumps(action := policy.choose(seen)))
                policy.update(seen, action, environment.transition(action)[1])
            policy = pickle.loads(pickle.dumps(policy))
    return found, [str(w.message) for w in caught if "outside" in str(w.message) or "above" in str(w.message)]


def refused(policy, environment):
    """Why a context outside is refused, where it is; nothing has changed then."""
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(1))
    before, seen = pickle.dumps(policy), outside(environment.observe(), bare(environment.problem))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            policy.choose(seen)
    except ValueError as error:
        return str(error) if pickle.dumps(policy) == before else "it has changed"
    return None


@over(declares, kinds)
def test_a_context_outside_is_told_once_or_refused(policy, environment):
    """Once in two runs; what is refused changes nothing; who is silent does not look at contexts."""
    if policy.clairvoyant:
        raise SilentError
    plain, told = decisions(copy.deepcopy(policy), copy.deepcopy(environment), False)
    assert told == []
    if (refusal := refused(copy.deepcopy(policy), copy.deepcopy(environment))) is not None:
        assert "the context must lie in" in refusal
        assert "declare the true one as the problem's contexts" in refusal
        return
    found, told = decisions(copy.deepcopy(policy), copy.deepcopy(environment), True)
    if not told:
        assert found == plain
        raise SilentError
    (words,) = told
    assert words.startswith(f"{type(policy).__name__} observed ")
    assert "that the problem declares (told once)" in words
    assert "; declare the true " in words


def narrowed(problem):
    """The same problem with a declaration that most contexts leave, and policies can take."""
    if isinstance(problem, RegressionProblem):
        return replace(problem, contexts=tuple((high - 0.01 * (high - low), high) for low, high in problem.contexts))
    return replace(problem, feature_norm=0.3 * problem.feature_norm)


def takes(environment):
    refused = ContextualProblem | LoggedProblem | Delayed
    return declares(environment) and not isinstance(bare(environment.problem), refused)


def tellings(policy, environment, leaps):
    policy, environment = copy.deepcopy((policy, environment))
    environment.problem = narrowed(environment.problem)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        play(policy, environment, 8, leaps, times=[1])
    return [str(w.message) for w in caught if "that the problem declares" in str(w.message)]


@over(takes, kinds)
def test_leaps_tell_what_steps_tell(policy, environment):
    if policy.clairvoyant:
        raise SilentError
    steps = tellings(policy, environment, False)
    assert len(steps) <= 1
    leaps = tellings(policy, environment, True)
    assert [words.partition(" of norm")[0] for words in leaps] == [words.partition(" of norm")[0] for words in steps]
    if not steps:
        raise SilentError


def test_it_is_told_anew_for_another_declaration():
    policy, told = Groupwise(), []
    for high in (1.0, 1.0, 2.0, 50.0):
        problem = RegressionProblem(groups=("all",), dimension=2, contexts=((0.0, 1.0), (0.0, high)))
        seen = Round(np.array([0.5, 7.5]), np.ones(1, dtype=np.int8))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            policy.reset(problem, np.random.default_rng(0))
            for _ in range(3):
                policy.update(seen, policy.choose(seen), 0.5)
        told.append([str(w.message) for w in caught])
    words = (
        "Groupwise observed a context with 7.5 as entry 1, outside the range [0, {}] that the problem declares (told "
        "once): what the policy assumes does not hold; declare the true ranges as the problem's contexts"
    )
    assert told == [[words.format(1)], [], [words.format(2)], []]


def test_rounding_is_not_told():
    problem = RegressionProblem(groups=("all",), dimension=1, contexts=((0.1, 0.3),))
    assert problem.stray(np.array([np.float32(0.3), 0.1 - 1e-9])[:1].astype(float)) is None
    assert problem.stray(np.array([0.1 - 1e-9])) is None
    assert problem.stray(np.array([0.0999])) is not None


def test_a_wrapper_tells_alone():
    """Of a pool of copies that all see such contexts."""
    inner = ChangingLinearProblem(n_actions=2, dimension=2, noise=1.0, low=-99.0, high=99.0)
    policy = POLICIES.load("bold")({"name": "oful", "parameters": {}})
    policy.reset(Delayed(inner, 3), np.random.default_rng(0))
    rows = np.array([[3.0, 0.0], [0.0, 1.0]])
    with pytest.warns(RuntimeWarning, match="BOLD observed features of norm 3, above the feature_norm 1 ") as told:
        [policy.update(rows, policy.choose(rows), ()) for _ in range(3)]
    assert len(told) == 1

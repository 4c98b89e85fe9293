"""What earlier versions pickled, or wrote as states, goes on as it did: here what is kept now, in the form of then."""

import copy
import json
import pickle

import numpy as np
import pytest

from bandits import (
    IMED,
    KLLUCB,
    LUCB,
    MED,
    ActionElimination,
    BetaThompson,
    Exp3PP,
    GaussianThompson,
    Racing,
    RepeatedExposureElimination,
    TopTwo,
)
from bandits.arms.thinning import Thinning
from bandits.identification.elimination import LEFT, NEXT
from bandits.identification.lucb import OTHER, SECOND
from bandits.identification.top_two import RULES
from bandits.state import from_json, to_json
from bandits.tallying.burn_in_commit import BurnInThenCommit
from environments import BernoulliArms, GaussianArms, Identification, TallyingBandit


def play(policy, environment, rounds):
    """What comes of that many rounds."""
    actions = []
    for _ in range(rounds):
        if environment.clock == environment.problem.horizon:
            break
        observation = environment.observe()
        actions.append(policy.choose(observation))
        policy.update(observation, actions[-1], environment.transition(actions[-1])[1])
    return actions


def with_one_level(policy):
    (level, point, _, length, visits, *largest), masses, order, first = (array[0] for array in policy._thinning)
    policy._thinning = Thinning(np.array([level, visits, point, length, 0.0, *largest]), masses, order, first)


def with_slopes(policy):
    with_one_level(policy)
    policy._posteriors = np.hstack((policy._posteriors, policy._posteriors[:, :1]))


def with_marks(policy):
    field = vars(policy).pop("_survivors")
    place, alive = field.place.copy(), field.alive[: field.place[LEFT]]
    place[NEXT] = alive[place[NEXT]]
    policy._field = field._replace(place=place, alive=np.isin(np.arange(field.alive.size), alive).astype(np.int64))


def without_means(policy):
    del policy._means


def with_pairs(policy):
    place = vars(policy).pop("_place")
    policy._second = place[[OTHER, SECOND]]


def without_bounds(policy):
    policy._own = policy._own[:-1]


def with_lists(policy):
    policy._sums = policy._sums.tolist()
    if isinstance(policy, BurnInThenCommit):
        del policy._counts
    else:
        policy._counts = policy._counts.tolist()


def read(policy, how):
    if how == "pickled":
        return pickle.loads(pickle.dumps(policy))
    return from_json(json.loads(json.dumps(to_json(policy))))


ARMS = [{"name": "practice", "parameters": {"a": 0.9, "b": b}} for b in (0.1, 0.2, 0.4)]
FOUR = [0.1, 0.5, 0.2, 0.4]
CASES = [
    (GaussianThompson(), lambda: GaussianArms(FOUR, horizon=4000), with_one_level),
    (GaussianThompson(1.0), lambda: GaussianArms(FOUR[:2], horizon=4000), with_slopes),
    (BetaThompson(), lambda: BernoulliArms(FOUR, horizon=4000), with_one_level),
    (Racing(), lambda: Identification([0.0, 0.9, 0.3, 0.8], delta=0.1), with_marks),
    (ActionElimination(), lambda: Identification([0.0, 0.9, 0.3, 0.8], delta=0.1), with_marks),
    (LUCB(), lambda: Identification([0.0, 0.9, 0.3, 0.8], delta=0.1), with_pairs),
    (KLLUCB(), lambda: Identification(FOUR, "bernoulli", question="top", m=2, delta=0.1), with_pairs),
    *((TopTwo(rule), lambda: Identification([0.0, 0.9, 0.3, 0.8], delta=0.1), without_means) for rule in RULES),
    *((kind(), lambda: BernoulliArms(FOUR, horizon=4000), without_bounds) for kind in (IMED, MED, Exp3PP)),
    (BurnInThenCommit(3), lambda: TallyingBandit(ARMS, 3, horizon=4000), with_lists),
    (RepeatedExposureElimination(3), lambda: TallyingBandit(ARMS, 3, horizon=4000), with_lists),
]


@pytest.mark.parametrize("how", ["pickled", "as a state"])
@pytest.mark.parametrize("rounds", [0, 2, 7, 150, 601])
@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case[0]))
def test_what_was_kept_in_another_form_goes_on(case, rounds, how):
    policy, environment, earlier = copy.deepcopy(case[0]), case[1](), case[2]
    environment.begin(environment.draw(np.random.default_rng(1)))
    policy.reset(environment.problem, np.random.default_rng(2))
    play(policy, environment, rounds)
    old = copy.deepcopy(policy)
    earlier(old)
    found, other = read(old, how), copy.deepcopy(environment)
    assert vars(found).keys() == vars(policy).keys()
    assert play(found, other, 400) == play(policy, environment, 400)


def test_a_policy_before_its_first_reset():
    for policy, *_ in CASES:
        assert vars(pickle.loads(pickle.dumps(policy))) == vars(policy)

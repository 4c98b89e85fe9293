"""A service: decides as its policy does, learns what comes late once, and goes on from its state bit for bit.

Threads and restoring under load are ``tests/attack/service.py``.
"""

import copy
import json
import math
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from enum import Enum

import numpy as np
import pytest

from bandits.copies import Copies
from bandits.families import families
from bandits.registry import POLICIES
from bandits.seeds import stream
from bandits.state import digest
from environments.logged.log import Log
from regretlab import UCB1, BanditProblem, ContextualProblem, Service

ANYTIME = {"name": "exp3_ix", "parameters": {"eta": "anytime"}}
ABC = ("a", "b", "c")


def journey(service):
    return Service.from_json(json.loads(json.dumps(service.to_json(), allow_nan=False)))


def unit(policy="ucb1", arms=ABC, **options):
    return Service(policy, arms, **{"low": 0.0, "high": 1.0, "seed": 4, **options})


def rewarded(arm):
    return {"a": 0.25, "b": 1.0, "c": 0.5}.get(arm, 0.75)


def told(service, rounds, delay=0, **options):
    """Decisions for so many rounds, each told after others."""
    made = []
    for t in range(rounds):
        made.append(service.decide(**options))
        if t >= delay:
            late = made[t - delay]
            service.feedback(late.id, rewarded(late.arm))
    return made


@pytest.mark.parametrize(
    ("policy", "late"),
    [("ucb1", None), ("beta_thompson", None), ("beta_thompson", "queue"), ("tsallis_inf", None), (ANYTIME, "pool")],
)
def test_without_delays_it_decides_as_its_policy_does(policy, late):
    service = unit(policy, late=late, propensities=None)
    alone = POLICIES.build(policy)
    alone.reset(BanditProblem(n_actions=3), stream(4, of="service"))
    for _ in range(80):
        decision = service.decide()
        action = alone.choose(None)
        assert ABC[action] == decision.arm
        alone.update(None, action, rewarded(decision.arm))
        service.feedback(decision.id, rewarded(decision.arm))


@pytest.mark.parametrize("policy", ["lin_ucb", "square_cb"])
def test_contexts_belong_to_decisions(policy):
    service = unit(policy, contexts=[(0.0, 1.0)], propensities=None)
    alone = POLICIES.build(policy)
    alone.reset(ContextualProblem(n_actions=3, contexts=((0.0, 1.0),)), stream(4, of="service"))
    luck = np.random.default_rng(1)
    for _ in range(40):
        context = luck.random(1)
        decision = service.decide(context)
        action = alone.choose(context)
        assert ABC[action] == decision.arm
        reward = float(luck.random())
        alone.update(context.copy(), action, reward)
        context[:] = 0.5  # the caller's array is the caller's
        service.feedback(decision.id, reward)


def test_a_policy_by_arm_learns_what_comes_when_it_comes():
    service, alone = unit(), UCB1()
    alone.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    decisions = [service.decide() for _ in range(3)] + [service.decide(among=["b"]), service.decide(among=["c"])]
    for decision in (decisions[4], decisions[0], decisions[3], decisions[1]):
        service.feedback(decision.id, rewarded(decision.arm))
        alone.update(None, ABC.index(decision.arm), rewarded(decision.arm))
    assert np.array_equal(service._main.policy._rows, alone._rows)
    assert ABC[alone.choose(None)] == service.decide().arm


def test_a_pool_weighs_each_reward_by_the_probability_of_its_decision():
    """Exp3: the exponent of the arm grows by gamma / K * reward / p, in the copy that decided."""
    service = unit({"name": "exp3", "parameters": {"gamma": 0.3}})
    early = told(service, 6)
    decisions = [service.decide() for _ in range(5)]
    assert decisions[0].probability != pytest.approx(1 / 3)
    before = [one._exponents.copy() for one in service._main.policy._pool]
    for i in (3, 0, 4, 1):
        service.feedback(decisions[i].id, 1.0)
    assert len(early) == 6
    for i, one in enumerate(service._main.policy._pool):
        step = np.zeros(3)
        if i != 2:
            step[ABC.index(decisions[i].arm)] = 0.1 / decisions[i].probability
        assert np.allclose(one._exponents, before[i] + step, rtol=1e-12)


def test_feedback_is_taken_once_and_for_what_was_decided():
    service = unit("beta_thompson")
    first, second, third = (service.decide() for _ in range(3))
    service.feedback(second.id, 1.0)
    with pytest.raises(ValueError, match=f"got '{second.id}', which has its feedback already, or was forgotten"):
        service.feedback(second.id, 1.0)
    service.forget(first.id)
    for ask in (lambda: service.feedback(first.id, 0.0), lambda: service.forget(first.id)):
        with pytest.raises(ValueError, match=f"got '{first.id}', which has its feedback already, or was forgotten"):
            ask()
    for wrong in ("nobody-0", f"{first.id}9", first.id.replace("-", ""), "", None, 7, first):
        with pytest.raises(ValueError, match=r"id must be that of a decision whose .* which was never made here"):
            service.feedback(wrong, 1.0)
    before = service.to_json()
    for reward in (math.nan, math.inf, "much", None, [1.0, 2.0]):
        with pytest.raises(ValueError, match="the reward must be a finite number, got"):
            service.feedback(third.id, reward)
    assert service.to_json() == before
    service.feedback(third.id, 0.0)
    assert service.stats() == {
        **{"decisions": 3, "feedbacks": 2, "forgotten": 1, "unlearned": 0, "outstanding": 0, "arms": 3, "kept": 2}
    }


@pytest.mark.parametrize("late", ["own", "queue", "pool"])
def test_what_is_never_answered_is_forgotten(late):
    service = unit("beta_thompson", outstanding=4, late=late, propensities=None)
    made = [service.decide() for _ in range(6)]
    assert (service.stats()["outstanding"], service.stats()["forgotten"]) == (4, 2)
    with pytest.raises(ValueError, match="or was forgotten"):
        service.feedback(made[1].id, 1.0)
    service.feedback(made[2].id, 1.0)
    assert service.expire(before=time.time() - 3600.0) == 0
    assert service.expire(before=time.time() + 1.0) == 3
    told(service, 10)
    assert service.stats()["outstanding"] == 0
    if late == "pool":
        assert len(service._main.policy._pool) == 5  # those that were forgotten decide again


def index(rows, arm, t):
    """UCB1's, from the rewards that an arm gave."""
    mine = [reward for name, reward in rows if name == arm]
    return math.inf if not mine else np.mean(mine) + math.sqrt(2.0 * math.log(t) / len(mine))


def test_a_choice_among_some_arms_is_that_of_the_policy_on_these():
    service, luck, rows = unit(arms=list("abcde")), np.random.default_rng(2), []
    for _ in range(120):
        offered = [arm for arm in "abcde" if luck.random() < 0.6] or ["d"]
        decision = service.decide(among=offered)
        known = [row for row in rows if row[0] in offered]
        indices = [index(known, arm, len(known) + 1) for arm in offered]
        assert decision.arm == offered[int(np.argmax(indices))]
        assert decision.probability == 1.0
        rows.append((decision.arm, float(luck.random())))
        service.feedback(decision.id, rows[-1][1])


def test_probabilities_among_some_arms_and_looking_changes_nothing():
    service = unit("beta_thompson")
    service.warm_start([("a", 0.25), ("b", 1.0), ("c", 0.5)] * 20)
    service.decide(among=["a", "c"])
    before = service.to_json()
    whole, some = service.probabilities(), service.probabilities(among=["c", "a"])
    rest = service.probabilities(among=["b", "c"])
    assert service.probabilities(among=["b"]) == {"a": 0.0, "b": 1.0, "c": 0.0}
    assert service.to_json() == before
    assert sum(whole.values()) == pytest.approx(1.0)
    assert (some["b"], rest["a"]) == (0.0, 0.0)
    assert some["c"] > some["a"] > 0.0
    assert some["a"] + some["c"] == pytest.approx(1.0)
    assert service.decide(among=["a", "c"]).probability in (some["a"], some["c"])
    assert service.decide(among=ABC).probability in whole.values()


def test_looking_at_probabilities_changes_no_later_decision():
    plain, watched = unit("beta_thompson"), unit("beta_thompson")
    for t in range(15):
        among = [["a", "b"], ["b", "c"], None][t % 3]
        watched.probabilities(among=["a", "c"])
        watched.probabilities(among=among)
        first, second = plain.decide(among=among), watched.decide(among=among)
        assert (first.arm, first.probability) == (second.arm, second.probability)
        for service, decision in ((plain, first), (watched, second)):
            service.feedback(decision.id, rewarded(decision.arm))


def test_arms_come_and_go():
    service = unit()
    told(service, 20)
    late = service.decide(among=["a"])
    service.add("d")
    assert service.arms == ("a", "b", "c", "d")
    assert [decision.arm for decision in told(service, 1)] == ["d"]
    service.remove("a")
    assert service.arms == ("b", "c", "d")
    service.feedback(late.id, 1.0)  # counted; there is nobody to learn it
    assert service.stats()["unlearned"] == 1
    fresh = unit(arms=["b", "c", "d"])
    fresh.warm_start([(service._names[number], reward) for number, reward, _ in service._kept.rows])
    assert np.array_equal(service._main.policy._rows, fresh._main.policy._rows)
    assert {decision.arm for decision in told(service, 30)} == {"b", "c", "d"}
    service.add("a")
    assert service.decide().arm == "a"  # what it gave before is forgotten
    service.restart(["x", "y"])
    assert (service.arms, service.decide().arm, service.stats()["kept"]) == (("x", "y"), "x", 0)


def test_what_is_kept_is_the_last_that_came():
    service = unit("epsilon_greedy", memory=10)
    told(service, 57)
    assert 10 <= service.stats()["kept"] < 20
    service.add("d")
    assert service._main.policy._counts.sum() == service.stats()["kept"]
    forgetful = unit(memory=0)
    told(forgetful, 9)
    forgetful.add("d")
    assert forgetful.stats()["kept"] == 0


def test_a_warm_start_is_what_others_played():
    service, other = unit(), unit()
    assert service.warm_start([("c", 1.0), ("a", 0), ("c", 0.5)]) == 3
    log = Log(actions=[2, 0, 2], rewards=[1.0, 0.0, 0.5], names=ABC)
    assert other.warm_start(log) == 3
    assert np.array_equal(service._main.policy._rows, other._main.policy._rows)
    assert service._main.policy._rows[:, 2].tolist() == [1.0, 0.0, 2.0]
    before = service.to_json()
    for rows, said in (
        ([("c", 1.0), ("z", 1.0)], "row 1 of a log: arm must be one of the 3 arms, got 'z'"),
        ([("c", math.nan)], "row 0 of a log: the reward must be a finite number"),
        ([("c", 1.0, 0.5)], r"row 0 of a log must be \(arm, reward\), got"),
        (["c"], r"row 0 of a log must be \(arm, reward\), got 'c'"),
    ):
        with pytest.raises(ValueError, match=said):
            service.warm_start(rows)
    assert service.to_json() == before
    contextual = unit("lin_ucb", contexts=[(0.0, 1.0), (0.0, 1.0)])
    assert contextual.warm_start([("a", 1.0, [0.5, 0.5])]) == 1


def test_a_row_that_the_policy_refuses_undoes_the_warm_start():
    service = unit()

    def refuse(observation, action, reward):
        if reward == 0.75:
            raise ValueError("not this one")

    told(service, 5)
    before = service.to_json()["objects"]
    service._main.policy.update = refuse
    with pytest.raises(ValueError, match="not this one"):
        service.warm_start([("a", 1.0), ("b", 0.75)])
    del service._main.policy.update
    assert service.to_json()["objects"] == before


@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_a_warm_start_that_is_undone_has_drawn_nothing():
    """A policy that is asked before each row draws random numbers for that."""
    service = unit("contextual_epsilon_greedy", contexts=[(0, 1)], propensities=None)
    before = service.to_json()["objects"]
    with pytest.raises(RuntimeWarning, match="observed a reward of 7"):
        service.warm_start([("a", 1.0, [0.5]), ("b", 7.0, [0.5])])
    assert service.to_json()["objects"] == before


@pytest.mark.parametrize("policy", ["exp3_s", "tsallis_inf", "sliding_window_ucb"])
def test_other_policies_say_what_they_cannot(policy):
    service = unit(policy, horizon=1000, propensities=None)
    for ask, what in (
        (lambda: service.add("d"), "add"),
        (lambda: service.remove("a"), "remove"),
        (lambda: service.decide(among=["a", "b"]), "among"),
        (lambda: service.warm_start([("a", 1.0)]), "warm_start"),
    ):
        with pytest.raises(ValueError, match=f"{what} must be asked of a policy that learns by_arm .*restart begins"):
            ask()
    assert service.decide(among=ABC).arm in ABC
    service.restart(["x", "y"])
    assert service.decide().arm in {"x", "y"}
    with pytest.raises(ValueError, match=r"late must be 'pool' or 'queue' for .*, which does not learn by_arm"):
        unit(policy, horizon=1000, late="own")


@pytest.mark.parametrize("name", [name for family in families() for name in family.policies])
def test_policies_that_learn_by_arm_do(name):
    """In whatever order arms are played they do the same next; without being asked, too, where nothing is drawn."""
    cls, luck = POLICIES.load(name), np.random.default_rng(3)
    if not cls.by_arm:
        assert not any(base.by_arm for base in cls.__mro__ if hasattr(base, "by_arm"))
        return
    contextual = not issubclass(BanditProblem, cls.plays)
    more = {"contexts": ((0.0, 1.0),)} if contextual else {}
    problem = (ContextualProblem if contextual else BanditProblem)(n_actions=3, horizon=500, **more)
    rows = [
        (int(luck.integers(3)), float(luck.random() < 0.4), luck.random(1) if contextual else None) for _ in range(30)
    ]
    mixed = sorted(rows, key=lambda row: row[0])
    policies = []
    for order, asks in ((rows, True), (mixed, contextual or not cls.decided)):
        policy = next(next(f for f in families() if name in f.policies).example_policies(name))
        policy.reset(problem, np.random.default_rng(1))
        for action, reward, context in order:
            if asks:
                policy.choose(context)
            policy.update(context, action, reward)
        policies.append(policy)
    here = np.array([0.3]) if contextual else None
    try:
        first, second = (policy.probabilities(here) for policy in policies)
        assert np.allclose(first, second, atol=1e-9)
    except TypeError:  # nothing closed: twelve choices
        copies = [Copies(policy) for policy in policies]
        for seed in range(12):
            first, second = (one.make(np.random.SeedSequence(seed)).choose(here) for one in copies)
            assert first == second


def test_a_state_goes_on_bit_for_bit(tmp_path):
    for policy, options in (
        ("beta_thompson", {}),
        ("lin_ts", {"contexts": [(0.0, 1.0)], "propensities": None}),
        ("besa", {"propensities": "sampled"}),
        ("tsallis_inf", {"propensities": None}),
        ("epsilon_greedy", {"late": "queue", "propensities": None}),
    ):
        service = unit(policy, **options)
        context = {"context": [0.25]} if "contexts" in options else {}
        masked = {"among": ["a", "c"]} if service.late == "own" else {}
        made = [*told(service, 12, delay=7, **context), service.decide(**context, **masked)]
        service.save(tmp_path / "state.json")
        other = Service.load(tmp_path / "state.json")
        for decision in reversed(made[-8:]):
            for one in (service, other):
                one.feedback(decision.id, rewarded(decision.arm))
        for t in range(6):
            some = masked if t % 3 == 0 else {}
            first, second = service.decide(**context, **some), other.decide(**context, **some)
            assert (first.arm, first.probability) == (second.arm, second.probability)
            assert first.id != second.id
            service.feedback(first.id, 0.5)
            other.feedback(second.id, 0.5)
        assert service.stats() == other.stats()
        with pytest.raises(ValueError, match="never made here, or after the state was saved"):
            other.feedback(first.id, 0.5)


def test_what_was_lost_with_a_state_is_never_taken_for_another_decision():
    service = unit()
    kept = service.decide()
    state = service.to_json()
    lost = service.decide()
    other = Service.from_json(state)
    new = [other.decide() for _ in range(5)]
    with pytest.raises(ValueError, match="after the state was saved"):
        other.feedback(lost.id, 1.0)
    other.feedback(kept.id, 1.0)
    with pytest.raises(ValueError, match="has its feedback already"):
        other.feedback(kept.id, 1.0)
    again = journey(other)
    again.feedback(new[0].id, 1.0)
    assert len({kept.id, lost.id, *(decision.id for decision in new), again.decide().id}) == 8


def test_names_are_told_apart_and_saved_as_they_are():
    names = [1, 2.5, "1", ("a", (2, None)), False]
    service = journey(unit(arms=names))
    assert [(type(name), name) for name in service.arms] == [(type(name), name) for name in names]
    assert service.decide(among=[("a", (2, None))]).arm == ("a", (2, None))
    colours = Enum("colours", "RED BLUE")
    special = unit(arms=list(colours))
    assert special.decide().arm is colours.RED
    with pytest.raises(ValueError, match="names of texts, numbers and tuples of such for a state, got <colours"):
        special.to_json()
    back = Service.from_json(special.to_json(lambda name: name.name), lambda text: colours[text])
    assert back.arms == tuple(colours)


@pytest.mark.parametrize("arms", [np.arange(3), np.array(["a", "b"]), np.array([0.1, 0.5], dtype=np.float32)])
def test_names_out_of_an_array_are_saved(arms):
    service = journey(unit(arms=arms))
    assert service.arms == tuple(arms)
    assert service.decide(among=arms[1:2]).arm == arms[1]
    with pytest.raises(ValueError, match=r"arms must have names of texts, numbers .*, got datetime"):
        unit(arms=[np.datetime64("2020-01-01")]).to_json()


def test_it_is_copied_by_its_state():
    service = unit("beta_thompson")
    told(service, 9)
    for other in (copy.deepcopy(service), pickle.loads(pickle.dumps(service))):
        assert other.arms == service.arms
        assert other.stats() == service.stats()


def test_a_state_that_is_damaged_is_refused(tmp_path):
    service = unit()
    told(service, 5)
    path = tmp_path / "state.json"
    service.save(path)
    text = path.read_text()
    for damaged, said in (
        (text[:-9], "state.json must hold the state of a service in JSON"),
        ("[]", r"a state must be a dictionary, got \[\]"),
        (text.replace('"format":1', '"format":7'), "format of a state must be 1, got 7"),
        (text.replace('"pool_size":4', '"pool_size":5'), "a state must be as it was written: its digest says"),
        (json.dumps(UCB1.__doc__), "a state must be a dictionary"),
    ):
        path.write_text(damaged)
        with pytest.raises(ValueError, match=said):
            Service.load(path)
    with pytest.raises(FileNotFoundError):
        Service.load(tmp_path / "none.json")
    from bandits.state import to_json

    with pytest.raises(ValueError, match=r"a state must have the keys .*, got none named 'service'"):
        Service.from_json(to_json(UCB1()))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"arms": []}, "arms must be at least one, none twice, got none"),
        ({"arms": ["a", "b", "a"]}, "arms must be at least one, none twice, got 'a'"),
        ({"arms": [1, True]}, "arms must be at least one, none twice, got True"),
        ({"arms": [["a"]]}, r"arms must have names that are hashable and equal to themselves, got \['a'\]"),
        ({"arms": [math.nan, 1]}, "arms must have names that are hashable and equal to themselves, got nan"),
        ({"arms": [np.float32(math.nan)]}, "arms must have names that are .* equal to themselves, got np.float32"),
        ({"arms": [("a", (math.nan,))]}, "arms must have names that are hashable and equal to themselves, got .'a', "),
        ({"arms": "ab"}, "arms must be a list of names, got 'ab'"),
        ({"policy": "ucb"}, "policy: unknown policy 'ucb'"),
        (
            {"policy": "lru"},
            "policy must be a policy for it: LRU plays PagingProblem, but the service",
        ),
        ({"policy": "clairvoyant"}, "policy must choose from what it has seen, got .clairvoyant., which knows the run"),
        ({"policy": "moss"}, "horizon"),
        ({"low": 1.0, "high": 0.0}, "low must be below high"),
        ({"contexts": 3}, "contexts must be a list of intervals, one a coordinate, got 3"),
        ({"contexts": []}, "contexts must hold the interval of at least one coordinate"),
        ({"propensities": "yes"}, "propensities must be one of exact, sampled, got 'yes'"),
        ({"late": "soon"}, "late must be one of own, queue, pool, got 'soon'"),
        ({"outstanding": 0}, "outstanding must be a whole number >= 1, got 0"),
        ({"memory": -1}, "memory must be a whole number >= 0, got -1"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_arguments_are_checked(options, said):
    with pytest.raises(ValueError, match=said):
        unit(**options)


def test_what_is_asked_in_a_run_is_checked():
    service = unit()
    for ask, said in (
        (lambda: service.decide(context=0.5), "context must be None, as the service declares no contexts, got 0.5"),
        (lambda: service.decide(among=[]), "among must hold one arm at least, got none"),
        (lambda: service.decide(among="ab"), "among must be a list of arms, got 'ab'"),
        (lambda: service.decide(among=["a", "z"]), "arm must be one of the 3 arms, got 'z'"),
        (lambda: service.decide(among=[["a"]]), r"arm must be one of the 3 arms, got \['a'\]"),
        (lambda: service.add("a"), "arms must be at least one, none twice, got 'a'"),
        (lambda: service.remove("z"), "arm must be one of the 3 arms, got 'z'"),
        (lambda: service.restart([]), "arms must be at least one"),
        (lambda: service.expire(math.nan), "before must be a finite number"),
        (lambda: unit(arms=["a"]).remove("a"), "remove must leave one arm at least, got 'a', the last one"),
        (lambda: unit("lin_ucb", contexts=[(0.0, 1.0)]).decide(), "the context must"),
        (lambda: unit("lin_ucb", contexts=[(0.0, 1.0)]).decide(1.5), r"the context must lie in \[0, 1\], got 1.5"),
    ):
        with pytest.raises(ValueError, match=said):
            ask()
    assert service.stats()["decisions"] == 0


def test_probabilities_are_exact_or_sampled_or_not_asked_for():
    with pytest.raises(TypeError, match="a service does so with propensities='sampled', and None asks for none"):
        unit("besa")
    with pytest.raises(TypeError, match="propensities='sampled'"):
        unit("besa", contexts=[(2, 3), (-5, -1)])
    service = unit("besa", propensities="sampled")
    plain = unit("besa", propensities=None)
    for _ in range(5):
        first, second = service.decide(), plain.decide()
        assert first.arm == second.arm  # what is drawn for probabilities is nobody else's
        assert 1 / 201 <= first.probability <= 1.0
        assert second.probability is None
        for one, decision in ((service, first), (plain, second)):
            one.feedback(decision.id, rewarded(decision.arm))


def test_rewards_outside_the_range_are_told_once():
    service = unit()
    first, second, third = (service.decide() for _ in range(3))
    with pytest.warns(RuntimeWarning, match=r"UCB1 observed a reward of 7, outside the range \[0, 1\]"):
        service.feedback(first.id, 7.0)
    service.feedback(second.id, 8.0)
    service.add("d")
    service.decide(among=["a", "d"])
    service.feedback(third.id, 9.0)


@pytest.mark.filterwarnings("error")
def test_a_reward_that_raises_a_warning_is_learned_once():
    service = unit()
    decision = service.decide()
    with pytest.raises(RuntimeWarning):
        service.feedback(decision.id, 7.0)
    with pytest.raises(ValueError, match="has its feedback already"):
        service.feedback(decision.id, 7.0)
    assert (service.stats()["feedbacks"], service._main.policy._rows[0, 2]) == (1, 1.0)


def test_forgetting_the_oldest_costs_the_same_however_many_went_before():
    service = unit(outstanding=30_000)
    costs = []
    for _ in range(4):
        began = time.process_time()
        for _ in range(30_000):
            service.decide()
        costs.append(time.process_time() - began)
    assert max(costs[1:]) < 5 * costs[0], costs


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_waits_for_threads_in_a_service():
    service, inside, over = unit(), threading.Event(), threading.Event()

    def at_work():
        with service._saving, service._lock:
            inside.set()
            time.sleep(0.2)
            service._ledger.decisions = 7
        with service._saving:
            inside.set()
            over.wait(10)

    worker = threading.Thread(target=at_work)
    worker.start()
    inside.wait()
    if not (child := os.fork()):
        free = service._lock.acquire(timeout=1) and service._saving.acquire(timeout=1)
        os._exit(0 if free and service.stats()["decisions"] == 7 else 1)
    over.set()
    worker.join()
    assert os.waitpid(child, 0)[1] == 0
    assert service.decide().id.endswith("-7")


class Shop(Service):
    """A service of somebody's own."""


def test_copies_of_a_subclass_are_of_it():
    assert type(copy.deepcopy(Shop("ucb1", ABC, low=0.0, high=1.0))) is Shop


def test_a_state_does_not_grow_by_being_restored():
    service = unit()
    told(service, 3)
    size = len(service.to_json()["objects"])
    for _ in range(5):
        service = journey(service)
    assert len(service.to_json()["objects"]) <= size + 1


def test_what_is_no_service_is_not_spelt_out():
    """A list of lists of lists ..., each of which holds the next one twice, has more entries than fit anywhere."""
    state = unit().to_json()
    first = len(state["objects"])
    state["objects"] += [{"list": [{"ref": first + i + 1}] * 2} for i in range(60)] + [{"list": []}]
    state["service"] = {"ref": first}
    state["digest"] = digest(state)
    with pytest.raises(ValueError, match=r"service of a state must be that of a service, got \{'ref': "):
        Service.from_json(state)


CHILD = """
import sys
from regretlab import Service
service = Service("beta_thompson", ["a", "b"], low=0, high=1, seed=3)
while True:
    for _ in range(20):
        decision = service.decide()
        service.feedback(decision.id, float(decision.arm == "b"))
    waiting = service.decide()
    service.save(sys.argv[1])
    print(waiting.id, service.stats()["feedbacks"], flush=True)
"""


def test_a_kill_loses_only_what_was_not_saved(tmp_path):
    path = tmp_path / "state.json"
    with subprocess.Popen([sys.executable, "-c", CHILD, path], stdout=subprocess.PIPE, text=True) as child:
        lines = [child.stdout.readline().split() for _ in range(8)]
        child.send_signal(signal.SIGKILL)
        lines += [line.split() for line in child.stdout.read().splitlines() if len(line.split()) == 2]
    service = Service.load(path)
    stats = service.stats()
    assert stats["feedbacks"] in (int(lines[-1][1]), int(lines[-1][1]) + 20)  # saved, and killed before it said so
    assert stats["outstanding"] == stats["decisions"] - stats["feedbacks"] == stats["feedbacks"] // 20
    learned = service._main.policy._posteriors.sum() - 4.0
    assert learned == stats["feedbacks"]
    for waiting, _ in lines:
        service.feedback(waiting, 1.0)
    assert len(list(tmp_path.iterdir())) <= 2  # the file, and at most the one that was being written

"""Our policies in river, river's on our problems."""

import copy
import importlib
import pickle
import sys

import numpy as np
import pytest

import regretlab as rl
from bandits import (
    KLUCB,
    UCB1,
    BanditProblem,
    BetaThompson,
    ContextualProblem,
    Exp3,
    LinUCB,
    SuccessiveElimination,
    TsallisINF,
    Uniform,
)
from bandits.checks import check_policy
from bandits.propensities import sampled
from bandits.registry import POLICIES
from bandits.seeds import stream
from environments import BernoulliArms
from experiments.run.identity import described as described_by

gymnasium = pytest.importorskip("gymnasium")
pytest.importorskip("river")
from river import bandit, preprocessing, proba, stats  # noqa: E402

from environments.contextual.examples import examples  # noqa: E402
from regretlab.adapters.river import ContextualFromRiver, ContextualPolicy, FromRiver, Policy  # noqa: E402

BOUNDED = [UCB1, KLUCB, BetaThompson, SuccessiveElimination, TsallisINF, lambda: Exp3(gamma=0.1)]


def own(policy, problem, arms, rewards, seen=None, seed=0):
    """What the policy itself decides where it is paid the same; it learns from the plays in ``arms``."""
    policy.reset(problem, stream(seed, of="policy"))
    decided = []
    for t, (arm, reward) in enumerate(zip(arms, rewards, strict=True)):
        context = None if seen is None else seen[t]
        decided.append(policy.choose(context))
        policy.update(context, arm, reward)
    return decided


def episodes(policies, environment, n=1, seed=1):
    """Arms and rewards by policy and episode."""
    steps = list(bandit.evaluate(policies, environment, n_episodes=n, seed=seed))
    of = {(s["policy_idx"], s["episode"]): ([], []) for s in steps}
    for s in steps:
        of[s["policy_idx"], s["episode"]][0].append(s["arm"])
        of[s["policy_idx"], s["episode"]][1].append(s["reward"])
    return of


@pytest.mark.parametrize("make", BOUNDED)
def test_every_episode_of_theirs_is_the_policy_s_own_run(make):
    contest = gymnasium.make("river_bandits/CandyCaneContest-v0", max_episode_steps=120)
    problem = BanditProblem(n_actions=100, horizon=120)
    policy = make()
    found = episodes([Policy(policy, problem), bandit.UCB(delta=1, seed=1)], contest, 2)
    for episode in (0, 1):
        arms, rewards = found[0, episode]
        assert len(arms) == 120
        assert arms == own(make(), problem, arms, rewards)
    assert found[0, 0][1] != found[0, 1][1]
    with pytest.raises(RuntimeError, match="not reset"):
        policy.choose(None)  # the caller's object is not the one that played


def test_theirs_and_ours_in_an_environment_of_ours():
    environment = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.2, 0.5, 0.8], horizon=600)
    found = episodes([Policy(UCB1()), bandit.EpsilonGreedy(epsilon=0.1, seed=1)], environment)
    for of in found.values():
        assert len(of[0]) == 600
        assert 0.8 * 600 - np.sum(of[1]) < 0.5 * 0.3 * 600  # uniform play loses 0.3 a round
    arms, rewards = found[0, 0]
    assert arms == own(UCB1(), BanditProblem(n_actions=3), arms, rewards)


def test_arms_have_any_names_in_any_order():
    luck, problem = np.random.default_rng(3), BanditProblem(n_actions=4)
    names = ["b", ("a", 1), 0, None]
    policy, played, rewards = Policy(TsallisINF(), problem, seed=7), [], []
    for _ in range(200):
        offered = names if not played else [names[i] for i in luck.permutation(4)]
        arm = policy.pull(offered)
        assert any(arm is one for one in offered)
        rewards.append(float(luck.random() < 0.3))
        played.append(names.index(arm))
        policy.update(arm, rewards[-1])
    assert played == own(TsallisINF(), problem, played, rewards, seed=7)
    assert policy._n == 200
    assert {policy.ranking.index(name) for name in names} == {0, 1, 2, 3}
    for wrong in (names[:3], [*names[:3], "c"], ["b", "b", 0, None]):
        with pytest.raises(ValueError, match="must be"):
            policy.pull(wrong)
    arm = policy.pull(names)
    policy.update(arm, 0.0)
    played, rewards = [*played, names.index(arm)], [*rewards, 0.0]
    assert played == own(TsallisINF(), problem, played, rewards, seed=7)


def test_replay_of_a_log_gives_the_run_of_the_rounds_that_are_kept():
    luck = np.random.default_rng(5)
    names = ["a", "b", "c"]
    history = [(names, None, names[luck.integers(3)], float(luck.random() < 0.4)) for _ in range(600)]
    total, n = bandit.evaluate_offline(policy := Policy(UCB1()), iter(history))
    twin, kept = UCB1(), []
    twin.reset(BanditProblem(n_actions=3), stream(0, of="policy"))
    for _, _, name, reward in history:
        if names[twin.choose(None)] == name:
            twin.update(None, names.index(name), reward)
            kept.append(reward)
    assert n == policy._n == len(kept)
    assert total.get() == sum(kept)
    assert 150 < n < 250


def test_contexts_are_mappings_in_a_log():
    luck = np.random.default_rng(6)
    problem = ContextualProblem(n_actions=2, contexts=((0.0, 1.0), (-1.0, 1.0)))
    contexts = np.column_stack([luck.random(300), luck.uniform(-1.0, 1.0, 300)])
    rows = [(["l", "r"], {"u": u, "v": v}, "lr"[luck.integers(2)], float(u)) for u, v in contexts.tolist()]
    total, n = bandit.evaluate_offline(ContextualPolicy(LinUCB(), problem), iter(rows))
    twin, kept = LinUCB(), []
    twin.reset(problem, stream(0, of="policy"))
    for (_, _, arm, reward), context in zip(rows, contexts, strict=True):
        if "lr"[twin.choose(context)] == arm:
            twin.update(context, "lr".index(arm), reward)
            kept.append(reward)
    assert (n, total.get()) == (len(kept), pytest.approx(sum(kept)))
    turned = ContextualPolicy(LinUCB(), problem, names=["v", "u"])
    with pytest.raises(ValueError, match="number for each of"):
        turned.pull(["l", "r"], {"u": 0.5})
    with pytest.raises(ValueError, match=r"must lie in \[0, 1\]"):
        turned.pull(["l", "r"], {"u": 0.5, "v": -0.5})
    with pytest.raises(ValueError, match="mapping"):
        turned.pull(["l", "r"], [0.5, 0.5])
    assert turned.clone().names == ["v", "u"]


def test_burn_in_and_scaled_rewards():
    """What the burn-in plays is learned from as somebody else's; rewards are those that river's scaler makes."""
    luck = np.random.default_rng(7)
    problem = BanditProblem(n_actions=3, low=-10.0, high=10.0)
    policy = Policy(KLUCB(), problem, burn_in=2, reward_scaler=preprocessing.TargetStandardScaler(None))
    scaler, arms, rewards, scaled = preprocessing.TargetStandardScaler(None), [], [], []
    for _ in range(100):
        arms.append(policy.pull([0, 1, 2]))
        rewards.append(100.0 * luck.random() * (arms[-1] + 1))
        scaler._update(rewards[-1])
        scaled.append(scaler.func(rewards[-1]))
        policy.update(arms[-1], rewards[-1])
    assert arms[:6] == [0, 0, 1, 1, 2, 2]
    assert arms[6:] == own(KLUCB(), problem, arms, scaled)[6:]
    assert policy._rewards[2].get() == pytest.approx(np.mean([s for s, a in zip(scaled, arms, strict=True) if a == 2]))


def test_copies_of_a_policy_in_mid_run_go_on_and_clones_begin():
    policy = Policy(TsallisINF(), seed=3)
    first = [policy.pull("abcd")]
    for arm in first:
        policy.update(arm, 1.0)
    others = [copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))]
    runs = [[(arm := one.pull("abcd"), one.update(arm, 0.5))[0] for _ in range(30)] for one in (policy, *others)]
    assert runs[0] == runs[1] == runs[2]
    clone = policy.clone()
    assert clone._n == 0
    assert clone.pull("abcd") == first[0]
    free = [Policy(Uniform(), seed=None) for _ in range(2)]
    assert [free[0].pull(range(1000)) for _ in range(4)] != [free[1].pull(range(1000)) for _ in range(4)]


def test_what_is_refused_changes_nothing():
    policy = Policy(UCB1(), BanditProblem(n_actions=2))
    policy.update("a", 1.0)
    for arguments in (("b", np.nan), ("b", "x"), ("b", 1.0, 0.0), ("b",)):
        with pytest.raises(ValueError, match="reward"):
            policy.update(*arguments)
    with pytest.raises(ValueError, match="reward"):
        policy.update("b", y_true=1.0, y_pred=0.0)
    policy.update("b", 1.0)
    with pytest.raises(ValueError, match="the same 2"):
        policy.update("c", 1.0)
    assert dict(policy._counts) == {"a": 1, "b": 1}
    own_draws = Policy(TsallisINF(), burn_in=1)  # learns from no play but its own
    own_draws.pull("ab")
    with pytest.raises(RuntimeError, match="not owed"):
        _ = [own_draws.update(arm, 1.0) for arm in "abab"]
    scaled = Policy(TsallisINF(), seed=0, reward_scaler=preprocessing.TargetStandardScaler(None))
    drawn = scaled.pull("ab")
    with pytest.raises(RuntimeError, match="not owed"):
        scaled.update("a" if drawn == "b" else "b", 0.5)
    assert (scaled._n, dict(scaled._counts), scaled.reward_scaler.var.mean.n) == (0, {}, 0)
    scaled.update(drawn, 0.5)
    assert (scaled._n, scaled.reward_scaler.var.mean.n) == (1, 1)
    with pytest.raises(ValueError, match="problem must be given"):
        Policy(UCB1()).update("a", 1.0)
    with pytest.raises(ValueError, match="plays"):
        Policy(LinUCB(), BanditProblem(n_actions=2))
    with pytest.raises(ValueError, match="policy must"):
        Policy("ucb1")
    with pytest.raises(ValueError, match="seed"):
        Policy(UCB1(), seed=-1)
    with pytest.raises(ValueError, match="ContextualProblem"):
        ContextualPolicy(LinUCB(), BanditProblem(n_actions=2))


THEIRS = [
    bandit.EpsilonGreedy(0.2, decay=0.01, burn_in=2, seed=9),
    bandit.UCB(1.0, reward_scaler=preprocessing.TargetStandardScaler(None)),
    bandit.ThompsonSampling(proba.Beta(2.0, 1.0)),
    bandit.BayesUCB(),
    bandit.Exp3(0.3),
]


@pytest.mark.parametrize("theirs", THEIRS, ids=lambda policy: type(policy).__name__)
def test_theirs_keep_our_contract(theirs):
    check_policy(lambda: FromRiver(theirs), lambda: BernoulliArms([0.2, 0.7], horizon=80))


def test_theirs_decide_as_they_do_alone():
    problem, luck = BanditProblem(n_actions=3), np.random.default_rng(8)
    policy = FromRiver(bandit.Exp3(0.3, seed=4))
    policy.reset(problem, np.random.default_rng(11))
    alone = bandit.Exp3(0.3, seed=int(np.random.default_rng(11).integers(2**32)))
    for _ in range(200):
        arm = policy.choose(None)
        assert arm == alone.pull(range(3))
        reward = float(luck.random() < 0.5)
        policy.update(None, arm, reward)
        alone.update(arm, reward)


def test_theirs_on_contexts():
    linear = examples()[-1]
    check_policy(lambda: ContextualFromRiver(bandit.LinUCBDisjoint(alpha=2.0)), lambda: examples()[-1])
    policy, alone = ContextualFromRiver(bandit.LinUCBDisjoint(beta=4.0)), bandit.LinUCBDisjoint(beta=4.0, seed=0)
    policy.reset(linear.problem, np.random.default_rng(1))
    alone._rng.seed(int(np.random.default_rng(1).integers(2**32)))
    linear.begin(linear.draw(np.random.default_rng(0)))
    for _ in range(100):
        seen = linear.observe()
        arm = policy.choose(seen)
        assert arm == alone.pull(range(3), {"x0": seen[0]})
        reward, _ = linear.transition(arm)
        policy.update(seen, arm, reward)
        alone.update(arm, {"x0": seen[0]}, reward)


def test_alpha_of_their_lin_ucb_is_the_precision_of_the_prior():
    """What the docstring says of 0.26.1: the width at a new context is that of a prior with variance 1 / alpha."""
    theirs = bandit.LinUCBDisjoint(alpha=4.0, beta=10.0)
    theirs.pull([0, 1], context={"x0": 3.0})
    theirs.update(0, {"x0": 3.0}, 0.0)
    found = theirs._bayes_lin_regs[0].predict_one({"x0": 3.0}, with_dist=True)
    assert found.sigma**2 == pytest.approx(1 / 10.0 + 3.0**2 / (4.0 + 10.0 * 3.0**2))


def test_theirs_in_a_comparison():
    """Given as an object or described; what they are made of is kept, their seed is not."""
    described = {"name": "river.bandit:EpsilonGreedy", "parameters": {"epsilon": 0.1}}
    given = FromRiver(bandit.EpsilonGreedy(0.1, seed=5))
    assert FromRiver(described).policy == given.policy
    in_a_study = {"name": "regretlab.adapters.river:FromRiver", "parameters": {"policy": described}}
    assert POLICIES.build(in_a_study, of=rl.Policy).policy == given.policy
    assert described_by(POLICIES, given) == described_by(POLICIES, FromRiver(given.policy))
    result = rl.compare(
        {"theirs": given, "uniform": Uniform()},
        BernoulliArms([0.2, 0.8], horizon=200),
        replicates=3,
        jobs=1,
        progress=False,
    )
    assert result.value("theirs") < 0.7 * result.value("uniform")


def test_probabilities_of_theirs_are_estimated_on_copies():
    policy = FromRiver(bandit.EpsilonGreedy(0.3))
    policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    for arm in range(3):
        policy.choose(None)
        policy.update(None, arm, arm / 2)
    found = sampled(policy, None, 600, np.random.default_rng(1))
    assert np.all(np.abs(found.probabilities - [0.1, 0.1, 0.8]) < 5 * found.errors)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (stats.Mean(), "policy must be a policy of river"),
        (bandit.LinUCBDisjoint(), "ContextualFromRiver"),
        ({"name": "river.stats:Mean"}, "must be a class that derives from"),
        ({"name": "os:getcwd", "parameters": {}}, "must be a class that derives from"),
        ({"name": "ucb"}, "such as"),
        ({"name": "river.bandit:UCB", "parameters": {"dleta": 1}}, "cannot be built"),
    ],
)
def test_what_is_no_policy_of_theirs(wrong, says):
    with pytest.raises(ValueError, match=says):
        FromRiver(wrong)
    with pytest.raises(ValueError, match="that observes contexts"):
        ContextualFromRiver(bandit.UCB(1.0))


def test_without_river_the_extra_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "regretlab.adapters.river")
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(ImportError, match=r"pip install 'regretlab\[simulators\]'"):
        importlib.import_module("regretlab.adapters.river")

"""Our policies in gymnasium's loop: alone as in ``advance``, in vectors as alone, bit for bit, in all ways to reset."""

import contextlib
import copy

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

import environments
from bandits import (
    POLICIES,
    UCB1,
    BanditProblem,
    ContextualProblem,
    EpsilonGreedy,
    FullFeedbackProblem,
    GaussianThompson,
    Hedge,
    LinTS,
    LinUCB,
)
from bandits.clairvoyant import Clairvoyant
from bandits.families import families
from bandits.seeds import stream
from experiments.run.identity import arguments_of
from regretlab.adapters.gymnasium import Told, play, play_vector, problem_of

MODES = list(AutoresetMode)
IDS = [mode.name for mode in MODES]


class Slots(gymnasium.Env):
    """Episodes of random lengths on three arms from 1 on; the first info of each is a whole number."""

    action_space = spaces.Discrete(3, start=1)

    def __init__(self, shown=None):
        self.observation_space = copy.deepcopy(shown) or spaces.Discrete(1)
        self.steps = 0

    def seen(self):
        return self.observation_space.sample()

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self.left, self.resets = int(self.np_random.integers(1, 9)), getattr(self, "resets", 0) + 1
        return self.seen(), {}

    def step(self, action):
        assert self.left > 0, "an episode that is over goes on"
        assert 1 <= action <= 3
        self.left, self.steps = self.left - 1, self.steps + 1
        reward = float(self.np_random.normal((0.2, 0.5, 0.9)[action - 1], 0.1))
        gain = 1 if self.steps == 1 else reward + 1.0
        info = {"gain": gain, "some": np.zeros(3 if self.steps == 1 else 1)}
        return self.seen(), reward, self.left == 0, False, info


RANGE = {"low": -np.inf, "high": np.inf, "noise": 0.1}


def the_same(one, other):
    assert one.actions.tolist() == other.actions.tolist()
    assert one.rewards.tolist() == other.rewards.tolist()
    assert one.episodes.tolist() == other.episodes.tolist()
    assert one.regrets.keys() == other.regrets.keys()
    assert all(one.regrets[name].tolist() == other.regrets[name].tolist() for name in one.regrets)


def able(family, example, names):
    """The first policy of some names that can play an example."""
    for name in names:
        policy = next(family.example_policies(name))
        with contextlib.suppress(ValueError):
            if not policy.clairvoyant:
                policy.reset(example.problem, np.random.default_rng(0))
                return pytest.param(example, policy, id=f"{type(example).__name__}-{name}")
    raise AssertionError(f"no policy plays {example}")


def ours():
    """Of each family with environments in gymnasium an example, with the first and the last policy that can play it."""
    for family in families():
        made = [e for e in family.example_environments() if f"regretlab/{type(e).__name__}-v0" in gymnasium.registry]
        if made and family.policies:
            names = list(family.policies)
            yield from (able(family, made[0], names), able(family, made[0], names[::-1]))


@pytest.mark.parametrize(("example", "policy"), list(ours()))
def test_ours_decide_as_in_advance(example, policy):
    """In the environment that gymnasium makes, from the same streams: all metrics at all times are the same."""
    made = gymnasium.make(f"regretlab/{type(example).__name__}-v0", disable_env_checker=True, **arguments_of(example))
    played = play(policy, made, seed=7)
    example.begin(example.draw(stream(7, of="Environment")))
    policy.reset(example.problem, stream(7, of="policy"))
    policy.advance(example, example.problem.horizon)
    times = np.arange(1, example.problem.horizon + 1)
    expected, found = example.metrics(times), made.unwrapped.metrics(times)
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    best = example.comparators(times[-1:])
    for regret in example.regrets():
        gap = best[regret.comparator][0] - expected[regret.series][-1]
        np.testing.assert_array_equal(played.regrets[regret.name], [gap])
    assert len(played.actions) == len(played.rewards) <= 2 * len(times)


def test_each_episode_of_ours_is_a_run_with_streams_of_its_own():
    made = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.3, 0.6, 0.5], horizon=60)
    played = play(EpsilonGreedy(), made, episodes=3, seed=4)
    assert played.episodes.tolist() == [0] * 60 + [1] * 60 + [2] * 60
    environment, rng = environments.BernoulliArms([0.3, 0.6, 0.5], horizon=60), stream(4, of="Environment")
    rewards = []
    for of in ("policy", "policy in episode 1", "policy in episode 2"):
        policy = EpsilonGreedy()
        policy.reset(environment.problem, stream(4, of=of))
        environment.begin(environment.draw(rng))
        policy.advance(environment, 60)
        rewards += np.diff(environment.metrics(np.arange(1, 61))["reward"], prepend=0.0).tolist()
    assert played.rewards.tolist() == rewards
    goes_on = play(EpsilonGreedy(), made, episodes=3, seed=4, restart=False)
    assert goes_on.rewards.tolist()[:60] == rewards[:60]
    assert goes_on.rewards.tolist()[60:] != rewards[60:]
    assert goes_on.policy.choose(None) in (0, 1, 2)


def test_policy_and_environment_of_one_seed_do_not_go_together():
    """A policy that played uniformly from the environment's own stream would be paid by it."""
    made = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.5] * 2, horizon=4000)
    from bandits import Uniform

    rewards = play(Uniform(), made, seed=3).rewards
    assert abs(rewards.mean() - 0.5) < 5 * 0.5 / np.sqrt(4000)


@pytest.mark.parametrize("rounds", [1, 50])
def test_anybodys_episodes_go_on(rounds):
    """The policy is that of a loop by hand, which learns every reward and nothing from a reset."""
    played = play(GaussianThompson(), Slots(), rounds, seed=2, **RANGE)
    slots, policy = Slots(), GaussianThompson()
    policy.reset(BanditProblem(n_actions=3, horizon=rounds, **RANGE), stream(2, of="policy"))
    slots.reset(seed=2)
    actions = []
    for _ in range(rounds):
        actions.append(policy.choose(None))
        _, reward, over, _, _ = slots.step(1 + actions[-1])
        policy.update(None, actions[-1], reward)
        if over:
            slots.reset()
    assert played.actions.tolist() == actions
    assert (played.episodes[-1] > 3) == (rounds == 50)
    assert played.regrets == {}


@pytest.mark.parametrize("mode", MODES, ids=IDS)
@pytest.mark.parametrize("much", [{"rounds": 40}, {"episodes": 5}, {"rounds": 30, "episodes": 5}], ids=str)
def test_a_vector_plays_what_each_plays_alone(mode, much):
    many = SyncVectorEnv([Slots] * 4, autoreset_mode=mode)
    found = play_vector(GaussianThompson(), many, seed=20, **much, **RANGE)
    for i, played in enumerate(found):
        the_same(played, play(GaussianThompson(), Slots(), seed=20 + i, **much, **RANGE))
    assert len({tuple(played.actions) for played in found}) > 1


@pytest.mark.parametrize("mode", MODES, ids=IDS)
def test_a_vector_of_ours_plays_what_each_plays_alone(mode):
    """With full feedback, which comes in ``info``; regrets of all episodes."""
    arguments = {"means": [0.3, 0.6, 0.5], "horizon": 30, "feedback": "full"}
    many = gymnasium.make_vec(
        "regretlab/BernoulliArms-v0", 3, wrappers=[Told], vector_kwargs={"autoreset_mode": mode}, **arguments
    )
    for i, played in enumerate(play_vector(Hedge(), many, episodes=3, seed=1)):
        alone = play(Hedge(), gymnasium.make("regretlab/BernoulliArms-v0", **arguments), episodes=3, seed=1 + i)
        the_same(played, alone)
        assert all(regret.shape == (3,) for regret in played.regrets.values())


def test_a_vector_in_processes_of_their_own():
    """What is told comes through pipes as it is."""
    arguments = {"means": [0.2, 0.7], "horizon": 12}
    many = gymnasium.make_vec("regretlab/GaussianArms-v0", 2, vectorization_mode="async", wrappers=[Told], **arguments)
    try:
        found = play_vector(GaussianThompson(), many, rounds=20, seed=5)
    finally:
        many.close()
    for i, played in enumerate(found):
        made = gymnasium.make("regretlab/GaussianArms-v0", **arguments)
        the_same(played, play(GaussianThompson(), made, rounds=20, seed=5 + i))


@pytest.mark.parametrize("mode", MODES, ids=IDS)
def test_feedback_in_info_is_what_each_environment_said(mode):
    """The first info is a whole number, which makes whole numbers of all in the vector's arrays; others grow."""

    class Growing(Slots):
        def step(self, action):
            *rest, info = super().step(action)
            return *rest, {**info, "more": np.zeros(self.steps)}

    if mode is AutoresetMode.NEXT_STEP:
        plain = SyncVectorEnv([Slots] * 2)
        plain.reset(seed=1)
        infos = plain.step(np.array([1, 1]))[-1]
        assert infos["gain"].dtype == np.int64
    many = SyncVectorEnv([lambda: Told(Growing())] * 3, autoreset_mode=mode)
    for i, played in enumerate(play_vector(GaussianThompson(), many, 40, seed=3, feedback="gain", **RANGE)):
        alone = play(GaussianThompson(), Slots(), 40, seed=3 + i, feedback="gain", **RANGE)
        the_same(played, alone)
        asked = play(GaussianThompson(), Slots(), 40, seed=3 + i, feedback=lambda reward, info: info["gain"], **RANGE)
        the_same(asked, alone)
    plain = SyncVectorEnv([Slots] * 3, autoreset_mode=mode)
    for refused in ({"feedback": "gain"}, {"feedback": lambda reward, info: reward}):
        with pytest.raises(ValueError, match=r"must be wrapped in Told where .* wrappers=\[regretlab"):
            play_vector(GaussianThompson(), plain, 40, **refused, **RANGE)


def test_several_keys_make_full_feedback():
    class Both(Slots):
        def step(self, action):
            *rest, _ = super().step(action)
            return *rest, {"first": rest[1], "second": 1.0 - rest[1], "third": 0.5}

    keys = ("first", "second", "third")
    problem = FullFeedbackProblem(n_actions=3, horizon=50, low=-1.0, high=2.0)
    together = {"problem": problem, "feedback": lambda reward, info: [info[key] for key in keys]}
    played = play(Hedge(), Both(), 50, **together)
    many = SyncVectorEnv([lambda: Told(Both())])
    the_same(play_vector(Hedge(), many, 50, **together)[0], played)


SHOWN = spaces.Dict({"kind": spaces.Discrete(2), "at": spaces.Box(-1.0, 3.0, (2, 2), np.float32)})


def test_observations_are_flattened_into_contexts():
    """Numbers by the order of the keys; the intervals are those of the space, or declared ones."""
    slots = Slots(SHOWN)
    problem = problem_of(LinUCB(), slots, high=2.0)
    assert problem == ContextualProblem(
        n_actions=3, low=-np.inf, high=2.0, contexts=((-1.0, 3.0),) * 4 + ((0.0, 1.0),) * 2
    )
    played = play(LinTS(n_features=2), slots, 60, seed=8, high=2.0)
    slots, policy = Slots(SHOWN), LinTS(n_features=2)
    policy.reset(played.problem, stream(8, of="policy"))
    shown, _ = slots.reset(seed=8)
    actions = []
    for _ in range(60):
        context = [*np.float64(shown["at"]).ravel(), shown["kind"] == 0, shown["kind"] == 1]
        actions.append(policy.choose(context))
        shown, reward, over, _, _ = slots.step(1 + actions[-1])
        policy.update(context, actions[-1], reward)
        if over:
            shown, _ = slots.reset()
    assert played.actions.tolist() == actions
    many = SyncVectorEnv([lambda: Slots(SHOWN)] * 2)
    vector = play_vector(LinTS(n_features=2), many, 60, seed=8, high=2.0)
    the_same(vector[0], played)
    assert problem_of(UCB1(), many) == BanditProblem(n_actions=3, low=-np.inf, high=np.inf)


def test_an_environment_that_writes_into_its_observation():
    class Written(Slots):
        def __init__(self):
            super().__init__(spaces.Box(0.0, 1.0, (2,), np.float64))
            self.board = np.zeros(2)

        def seen(self):
            self.board[:] = self.np_random.random(2)
            return self.board

    class Copied(Written):
        def seen(self):
            return super().seen().copy()

    runs = [play(LinUCB(), kind(), 50, seed=1, high=2.0) for kind in (Written, Copied)]
    the_same(*runs)
    many = SyncVectorEnv([Written] * 2, copy=False)
    the_same(play_vector(LinUCB(), many, 50, seed=1, high=2.0)[0], runs[0])


MADE = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.3, 0.6], horizon=10)
UNBOUNDED = spaces.Box(-np.inf, np.inf, (2,))


@pytest.mark.parametrize(
    ("policy", "environment", "arguments", "message"),
    [
        (UCB1(), None, {}, "environment must be one of gymnasium, got None"),
        ("ucb1", MADE, {}, "policy must be one that does not know the run"),
        (Clairvoyant("best_arm"), MADE, {}, "policy must be one that does not know the run"),
        (LinUCB(), MADE, {}, "LinUCB plays ContextualProblem, but the environment is BanditProblem"),
        (UCB1(), MADE, {"rounds": 0}, "rounds must be a whole number >= 1"),
        (UCB1(), MADE, {"episodes": 0}, "episodes must be a whole number >= 1"),
        (UCB1(), MADE, {"restart": 1}, "restart must be true or false"),
        (UCB1(), MADE, {"seed": -1}, "seed must be a whole number"),
        (UCB1(), MADE, {"high": 2.0}, "declared fields must be those of the problem given, got high besides"),
        (UCB1(), MADE, {"problem": BanditProblem(n_actions=3)}, "problem must have 2 actions"),
        (UCB1(), MADE, {"feedback": 1}, "feedback must be None, a key of info, or a function"),
        (UCB1(), MADE, {"feedback": "gain"}, "feedback must be a key of info, got 'gain'; it has"),
        (UCB1(), Slots(), {"hihg": 1.0}, r"declared fields must be some of .*got hihg \(did you mean 'high'\?\)"),
        (UCB1(), Slots(), {}, "rewards are unbounded and the problem declares no noise"),
        (UCB1(), gymnasium.make("Pendulum-v1"), {}, "environment must have Discrete actions, or be one of ours"),
        (LinUCB(), Slots(UNBOUNDED), {"high": 1.0}, "contexts must be declared"),
    ],
)
def test_wrong_arguments(policy, environment, arguments, message):
    with pytest.raises(ValueError, match=message):
        play(policy, environment, **arguments)


class Arrays(Slots):
    """Rewards are arrays of one number."""

    def step(self, action):
        seen, reward, *more = super().step(action)
        return seen, np.array([reward]), *more


@pytest.mark.parametrize("feedback", [None, "gain", lambda reward, info: reward])
def test_rewards_that_are_arrays_of_one(feedback):
    one, other = (play(UCB1(), kind(), 30, feedback=feedback, seed=2, **RANGE) for kind in (Slots, Arrays))
    the_same(one, other)


def test_wrong_vectors():
    with pytest.raises(ValueError, match="environments must be a vector of gymnasium"):
        play_vector(UCB1(), MADE)
    many = gymnasium.make_vec("regretlab/BernoulliArms-v0", 2, means=[0.3, 0.6], horizon=10)
    with pytest.raises(ValueError, match="must be wrapped in Told where they are ours"):
        play_vector(UCB1(), many)
    market = gymnasium.make_vec("regretlab/Alternation-v0", 2, wrappers=[Told], horizon=10)
    with pytest.raises(ValueError, match="must have Discrete actions, got Simplex"):
        play_vector(POLICIES.build("uniform_mix"), market)
    pages = {"cache_size": 2, "sequence": {"name": "given", "parameters": {"pages": [0, 1, 2, 0]}}, "horizon": 4}
    for name, policy, arguments in (
        ("PagingEnvironment", "lru", pages),
        ("GroupedContexts", "blum_lykouris", {"horizon": 10}),  # its weights would be rounded down
        ("Stream", "commit_arm", {"horizon": 10, "means": [0.2, 0.5, 0.8], "memory": 2}),
    ):
        many = gymnasium.make_vec(f"regretlab/{name}-v0", 2, wrappers=[Told], **arguments)
        with pytest.raises(ValueError, match=r"policy must choose whole numbers in a vector, got .* alone"):
            play_vector(POLICIES.build(policy), many)


def test_a_vector_that_is_one_object():
    """Of no single environments: it tells rewards, and that is what is learned."""
    policy = play_vector(GaussianThompson(), gymnasium.make_vec("CartPole-v1", 3), rounds=30, seed=1, **RANGE)[0].policy
    assert policy.choose(None) in (0, 1)

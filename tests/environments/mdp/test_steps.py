"""Processes in gymnasium's steps, an agent that knows gymnasium alone, and our learners in others' environments."""

import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordEpisodeStatistics

import environments  # noqa: F401
from bandits.mdp import STEPS
from bandits.mdp.episodic_psrl import EpisodicPSRL
from bandits.mdp.episodic_q import EpisodicQ
from bandits.mdp.model import Model
from bandits.mdp.planning import best_policy, policy_values
from bandits.mdp.ucbvi import UCBVI
from bandits.mdp.uniform_policy import UniformPolicy
from bandits.registry import unfit
from environments.mdp.models import MODELS, Tables, first_state, tables_of
from environments.mdp.played import PlayedEpisodes
from environments.mdp.steps import MDPSteps


@pytest.mark.parametrize("name", STEPS)
def test_gymnasium_checks_them(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        environment = gymnasium.make(f"regretlab/{name}-v0", noise="bernoulli")
        check_env(environment.unwrapped, skip_render_check=True)
        check_env(gymnasium.make(f"regretlab/{name}-v0").unwrapped, skip_render_check=True)
    tables = tables_of(STEPS[name][0])
    assert environment.observation_space.n == tables.model.n_states
    assert environment.action_space.n == tables.model.n_actions


def test_every_process_with_defaults_has_an_id():
    needs_no_arguments = {name for name in MODELS if not unfit(MODELS.load(name), {})}
    assert {model for model, _ in STEPS.values()} == needs_no_arguments


@pytest.mark.parametrize("mode", ["sync", pytest.param("async", marks=pytest.mark.slow)])
def test_many_at_once(mode):
    singles = [gymnasium.make("regretlab/Lock-v0", H=4) for _ in range(3)]
    options = {"context": "spawn"} if mode == "async" else {}
    several = gymnasium.make_vec("regretlab/Lock-v0", 3, vectorization_mode=mode, vector_kwargs=options, H=4)
    try:
        seen, infos = several.reset(seed=5)
        own = [single.reset(seed=5 + i) for i, single in enumerate(singles)]
        over = [False] * 3
        for t in range(40):
            assert seen.tolist() == [int(one[0]) for one in own]
            assert infos["stage"].tolist() == [one[-1]["stage"] for one in own]
            actions = np.array([(t + i) % 3 for i in range(3)])
            seen, rewards, terminated, truncated, infos = several.step(actions)
            own = [
                (*singles[i].reset()[:1], 0.0, False, False, {"stage": 0}) if over[i] else singles[i].step(a)
                for i, a in enumerate(actions)
            ]  # gymnasium resets in the step after the last one
            assert rewards.tolist() == [one[1] for one in own]
            assert terminated.tolist() == [one[2] for one in own]
            assert truncated.tolist() == [one[3] for one in own]
            over = [one[2] or one[3] for one in own]
    finally:
        several.close()


def test_an_episode_is_truncated_when_time_is_up():
    river = gymnasium.make("regretlab/RiverSwim-v0", n_stages=3)
    assert river.reset(seed=1)[0] == 0
    assert [river.step(0)[2:4] for _ in range(3)] == [(False, False), (False, False), (False, True)]
    with pytest.raises(RuntimeError, match=r"the episode is over: call reset\(\)"):
        river.unwrapped.step(0)
    assert river.reset()[1] == {"stage": 0}


def test_an_episode_terminates_where_nothing_can_be_earned_any_more():
    lock = gymnasium.make("regretlab/Lock-v0", H=3, code=[1, 1, 1], decoy=0.5)
    lock.reset(seed=1)
    assert lock.step(0) == (1, 0.5, True, False, {"stage": 1})
    lock.reset()
    assert [lock.step(1)[:4] for _ in range(3)] == [
        (0, 0.0, False, False),
        (0, 0.0, False, False),
        (0, 1.0, True, False),
    ]
    lock.reset()
    lock.step(1)
    lock.step(1)
    assert lock.step(0)[:4] == (1, 0.0, True, False)


@pytest.mark.parametrize(
    ("arguments", "steps", "ending"),
    [
        ({"model": "deepsea", "N": 4}, 4, (True, False)),
        ({"model": "deepsea", "N": 4, "n_stages": 4}, 4, (True, False)),
        ({"model": "deepsea", "N": 4, "n_stages": 3}, 3, (False, True)),
        ({"model": "deepsea", "N": 4, "n_stages": 9}, 9, (False, True)),
        ({"model": "garnet", "n_stages": 2}, 2, (False, True)),
        ({"model": "gymnasium", "id": "FrozenLake-v1", "arguments": {"max_episode_steps": 3}}, 3, (False, True)),
    ],
)
def test_the_process_ends_by_itself_or_is_cut_short(arguments, steps, ending):
    """A process that says how long an episode is terminates; a limit of time from outside truncates it."""
    environment = MDPSteps(**arguments)
    environment.reset(seed=1)
    assert [environment.step(0)[2:4] for _ in range(steps)] == [(False, False)] * (steps - 1) + [ending]


def test_a_state_that_pays_is_no_end():
    chain = Model([[[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]], [[0.0, 0.0, 1.0]]])
    for last, ends in ((0.0, True), (0.5, False)):
        environment = MDPSteps(Tables(chain, np.array([[0.0], [1.0], [last]]), first_state(3)))
        environment.reset(seed=0)
        assert environment.n_stages is None
        assert [environment.step(0)[2] for _ in range(2)] == [False, ends]


def test_steps_are_those_of_the_process():
    """Shares of next states and of rewards, within five standard errors."""
    environment = gymnasium.make("regretlab/Garnet-v0", noise="bernoulli", n_stages=1000, start=4).unwrapped
    tables, counts, paid = tables_of("garnet"), np.zeros((10, 3, 10)), np.zeros((10, 3))
    environment.action_space.seed(1)
    for episode in range(6):
        state, _ = environment.reset(seed=7 if episode == 0 else None)
        assert state == 4
        over = False
        while not over:
            action = environment.action_space.sample()
            seen, reward, _, over, _ = environment.step(action)
            counts[state, action, seen] += 1
            paid[state, action] += reward
            state = seen
    n, P = counts.sum(axis=2), tables.model.dense()[0]
    seen = n > 20
    assert seen.sum() > 20
    error = np.sqrt(P * (1 - P) / np.maximum(n, 1)[..., None])
    assert (np.abs(counts / np.maximum(n, 1)[..., None] - P)[seen] <= 5 * error[seen] + 1e-12).all()
    assert (np.abs(paid / np.maximum(n, 1) - tables.rewards)[seen] <= 2.5 / np.sqrt(n[seen])).all()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ({"n_stages": 0}, "n_stages must be a whole number >= 1, got 0"),
        ({"noise": "some"}, "noise must be one of none, bernoulli, got 'some'"),
        ({"start": 99}, "start must be a whole number in 0..5, got 99"),
        ({"start": []}, "start must be 6 probabilities, >= 0, whose sum is 1, got "),
        ({"start": [0.5] * 6}, "start must be 6 probabilities, >= 0, whose sum is 1, got "),
        ({"start": [1, 0, 0, 0, 0, -0.0, 0]}, "start must be 6 probabilities"),
        ({"start": [2, -1, 0, 0, 0, 0]}, "start must be 6 probabilities"),
        ({"length": 4}, "RiverSwim has no parameter 'length'"),
        ({"model": {"name": "toggle"}, "p": 0.1}, r"parameters of the model must be part of it, got \['p'\] beside it"),
    ],
)
def test_what_is_refused(arguments, what):
    with pytest.raises(ValueError, match=what):
        MDPSteps(**{"model": "riverswim", **arguments})


@pytest.mark.parametrize("action", [-1, 2, 0.5, None, True, np.array([1]), np.array(1.0), np.array(True), np.array(2)])
def test_actions_that_are_none_change_nothing(action):
    environment, twin = MDPSteps("riverswim", 20), MDPSteps("riverswim", 20)
    environment.reset(seed=3)
    twin.reset(seed=3)
    with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.1"):
        environment.step(action)
    assert [environment.step(np.array(1)) for _ in range(20)] == [twin.step(1) for _ in range(20)]
    with pytest.raises(ValueError, match="seed must be a whole number >= 0, got -1"):
        environment.reset(seed=-1)


class QAgent:
    """Q-learning that knows gymnasium's interface and nothing of this project."""

    def __init__(self, environment, rate=0.5, discount=1.0, first=1.0):
        self.environment, self.rate, self.discount = environment, rate, discount
        self.values = np.full((environment.observation_space.n, environment.action_space.n), first)

    def train(self, episodes, seed):
        for episode in range(episodes):
            state, _ = self.environment.reset(seed=seed if episode == 0 else None)
            over = False
            while not over:
                action = int(self.values[state].argmax())
                seen, reward, terminated, truncated, _ = self.environment.step(action)
                over = terminated or truncated
                ahead = 0.0 if over else self.discount * self.values[seen].max()
                self.values[state, action] += self.rate * (reward + ahead - self.values[state, action])
                state = seen


def test_an_agent_of_gymnasium_alone_finds_the_treasure():
    """Its greedy policy has the exact value of the best one: 1, against 0.0675 of uniform play."""
    environment = RecordEpisodeStatistics(gymnasium.make("regretlab/DeepSea-v0", N=5))
    agent = QAgent(environment)
    agent.train(400, seed=1)
    tables = tables_of({"name": "deepsea", "parameters": {"N": 5}})
    greedy = np.repeat(agent.values.argmax(axis=1)[None], 5, axis=0)
    best = best_policy(tables.model, tables.rewards, 5)[0][0, 0]
    assert best == 1.0
    assert policy_values(tables.model, tables.rewards, greedy)[0, 0] == pytest.approx(best, abs=1e-12)
    assert list(environment.return_queue)[-1] == pytest.approx(1.0)


def lake(**options):
    return gymnasium.make("FrozenLake-v1", **options)


def tables_of_lake(environment):
    """Transitions and rewards with one more state, in which episodes end."""
    P, n = environment.unwrapped.P, environment.observation_space.n
    table, rewards = np.zeros((n + 1, 4, n + 1)), np.zeros((n + 1, 4))
    table[n, :, n] = 1.0
    for s in range(n):
        for a in range(4):
            for probability, seen, reward, over in P[s][a]:
                table[s, a, n if over else seen] += probability
                rewards[s, a] += probability * reward
    return Model(table), rewards


@pytest.mark.parametrize(
    ("learner", "told", "share"), [(UCBVI("bernstein", bonus_scale=1e-4), False, 0.95), (EpisodicPSRL(), True, 0.8)]
)
def test_learners_of_ours_cross_the_frozen_lake(learner, told, share):
    """Within the time limit of 100 steps the best policy arrives with probability 0.7442."""
    environment = lake()
    model, rewards = tables_of_lake(environment)
    episodes = PlayedEpisodes(environment, rewards=rewards if told else None, horizon=500, seed=3)
    assert (episodes.problem.n_stages, episodes.problem.n_states, episodes.problem.n_actions) == (100, 17, 4)
    learner.reset(episodes.problem, np.random.default_rng(1))
    learner.advance(episodes, 500)
    assert episodes.clock == 500
    best = best_policy(model, rewards, 100)[0][0, 0]
    assert best == pytest.approx(0.7442, abs=5e-5)
    late = []
    for _ in range(10):
        policy = learner.choose(episodes.observe())
        late.append(policy_values(model, rewards, policy)[0, 0])
        learner.update(0, policy, episodes.play(policy))
    uniform = policy_values(model, rewards, np.full((100, 17, 4), 0.25))[0, 0]
    assert uniform < 0.02
    assert np.mean(late) > share * best


def test_trajectories_are_those_of_the_environment():
    episodes, twin = PlayedEpisodes(lake(is_slippery=False), 8, seed=1), lake(is_slippery=False)
    policy = np.ones((8, 17), dtype=np.int64)  # down, into the hole below the second row
    policy[0, 0] = 2
    trajectory = episodes.play(policy)
    twin.reset(seed=1)
    seen = [twin.step(a) for a in (2, 1)]
    assert [s[0] for s in seen] == [1, 5]
    assert seen[-1][2]
    assert trajectory.states.tolist() == [0, 1, 16, 16, 16, 16, 16, 16, 16]
    assert trajectory.actions.tolist() == [2, 1, 1, 1, 1, 1, 1, 1]
    assert trajectory.rewards.tolist() == [0.0] * 8


def test_rewards_are_shares_of_their_range():
    cliff = gymnasium.make("CliffWalking-v1", max_episode_steps=5)
    episodes = PlayedEpisodes(cliff, low=-100.0, high=0.0)
    assert episodes.problem.n_stages == 5
    trajectory = episodes.play(np.full((5, 49), 1))  # to the right, into the cliff
    assert trajectory.rewards == pytest.approx([0.0] * 5)
    assert episodes.earned == -500.0
    up = episodes.play(np.zeros((5, 49), dtype=int))
    assert up.rewards == pytest.approx([0.99] * 5)


def test_uniform_play_draws_its_actions():
    episodes = PlayedEpisodes(lake(), 20, seed=5)
    learner = UniformPolicy()
    learner.reset(episodes.problem, np.random.default_rng(0))
    actions = np.concatenate([episodes.play(learner.choose(0)).actions for _ in range(100)])
    assert np.bincount(actions, minlength=4) / 2000 == pytest.approx(np.full(4, 0.25), abs=0.05)
    greedy = EpisodicQ()
    greedy.reset(episodes.problem, np.random.default_rng(0))
    greedy.advance(episodes, 3)
    assert episodes.clock == 103


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (
            lambda: PlayedEpisodes(gymnasium.make("CartPole-v1")),
            "environment must have spaces that are Discrete, from 0 on, got Box",
        ),
        (lambda: PlayedEpisodes(lake().unwrapped.__class__()), "n_stages must be given where the environment has no"),
        (lambda: PlayedEpisodes(lake(), 0), "n_stages must be a whole number >= 1, got 0"),
        (lambda: PlayedEpisodes(lake(), low=1.0), r"low must be below high, got \[1.0, 1.0\]"),
        (lambda: PlayedEpisodes(lake(), seed=-1), "seed must be a whole number >= 0, got -1"),
        (lambda: PlayedEpisodes(lake()).play(np.zeros((100, 16), dtype=int)), "action must be a policy"),
        (
            lambda: PlayedEpisodes(gymnasium.make("CliffWalking-v1"), 5).play(np.ones((5, 49), dtype=int)),
            r"rewards must lie in 0\.0\.\.1\.0, got -100\.0",
        ),
    ],
)
def test_what_cannot_be_played(make, what):
    with pytest.raises(ValueError, match=what):
        make()


def test_a_time_limit_below_the_number_of_stages_is_told():
    episodes = PlayedEpisodes(gymnasium.make("FrozenLake-v1", is_slippery=False, max_episode_steps=3), 5)
    with pytest.raises(RuntimeError, match="the environment ends an episode after 3 steps: n_stages must be that"):
        episodes.play(np.zeros((5, 17), dtype=int))

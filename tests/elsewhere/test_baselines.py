"""Agents of stable-baselines3 train in our environments, and play beside our policies in ``compare``.

Stated margins: a trained agent loses less than a quarter of what UCB1 loses to arms that the agent knows by then, and
where contexts matter it recovers half of what uniform play loses.
"""

import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

import environments
import regretlab as rl
from bandits import BanditProblem, ContextualProblem
from bandits.seeds import stream
from environments.checks import check_environment

pytest.importorskip("stable_baselines3")
import torch
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.monitor import Monitor

from regretlab.adapters.baselines import FromBaselines, environment_for

torch.set_num_threads(1)
MEANS = [0.2, 0.5, 0.8]


def arms(horizon=200):
    return environments.BernoulliArms(MEANS, horizon=horizon)


@pytest.fixture(scope="module")
def model():
    environment = Monitor(environment_for(arms()))
    return PPO("MlpPolicy", environment, n_steps=256, batch_size=64, learning_rate=3e-3, seed=1, device="cpu").learn(
        2000
    )


@pytest.fixture(scope="module")
def path(model, tmp_path_factory):
    place = tmp_path_factory.mktemp("models") / "agent.zip"
    model.save(place)
    return str(place)


def test_an_agent_beside_ucb1(path):
    """In one comparison, on the same luck; the numbers are those of a loop of one's own."""
    result = rl.compare(
        {"agent": FromBaselines(path), "UCB1": rl.UCB1(), "uniform": rl.Uniform()},
        arms(300),
        replicates=4,
        jobs=1,
        progress=False,
    )
    assert result.value("agent") < result.value("UCB1") / 4
    assert result.value("UCB1") < result.value("uniform")


@pytest.mark.parametrize("deterministic", [True, False])
def test_it_plays_what_the_model_predicts(model, path, deterministic):
    """By path as by object, pickled on the way; its draws are those that its probabilities say."""
    problem, runs = BanditProblem(n_actions=3), []
    for given in (path, model):
        policy = FromBaselines(given, deterministic=deterministic)
        policy.reset(problem, np.random.default_rng(2))
        played = [policy.choose(None) for _ in range(200)]
        if given is path:
            policy = pickle.loads(pickle.dumps(policy))
        runs.append(played + [policy.choose(None) for _ in range(100)])
    assert runs[0] == runs[1]
    found = policy.probabilities(None)
    tensor, _ = model.policy.obs_to_tensor(np.int64(0))
    logits = model.policy.get_distribution(tensor).distribution.logits.detach().numpy()[0].astype(float)
    exact = np.exp(logits) / np.exp(logits).sum()
    assert found == pytest.approx(np.eye(3)[exact.argmax()] if deterministic else exact, abs=1e-6)
    shares = np.bincount(runs[0], minlength=3) / 300
    assert np.abs(shares - found).max() < 5 * np.sqrt(0.25 / 300)
    assert deterministic == (len(set(runs[0])) == 1)


def test_another_file_under_the_path_is_another_policy(model, tmp_path):
    place = tmp_path / "agent.zip"
    model.save(place)
    kept = FromBaselines(place)
    FromBaselines(place, digest=kept.digest)
    assert str(kept).startswith(f"FromBaselines(model={str(place)!r}, algorithm='PPO', deterministic=True, digest='")
    environment = environment_for(arms())
    PPO("MlpPolicy", environment, n_steps=64, batch_size=64, seed=5, device="cpu").save(place)
    with pytest.raises(ValueError, match="digest must be that of the file"):
        FromBaselines(place, digest=kept.digest)
    assert FromBaselines(place).digest != kept.digest


@pytest.mark.slow
def test_an_agent_on_contexts(tmp_path):
    """It observes what our policies observe, and is compared on the environment as it is."""
    sweeps = environments.SorSequence(side=4, horizon=200)
    trained = environment_for(sweeps, low=-300.0, high=0.0)
    assert trained.observation_space == spaces.Box(
        *np.float32(sweeps.problem.contexts[0]), shape=(1,), dtype=np.float32
    )
    model = PPO("MlpPolicy", trained, n_steps=256, batch_size=64, learning_rate=3e-3, seed=1, device="cpu").learn(4000)
    model.save(tmp_path / "agent.zip")
    policies = {"agent": FromBaselines(tmp_path / "agent.zip"), "uniform": rl.Uniform(), "lin_ucb": rl.LinUCB()}
    result = rl.compare(policies, sweeps, replicates=4, jobs=1, progress=False)
    assert result.value("agent") < result.value("uniform") / 2


NAMES = ("BernoulliArms", "SorSequence", "TallyingBandit", "AverageMDP", "ChangingLinearBandit", "GroupedContexts")


@pytest.mark.parametrize("name", NAMES)
def test_their_check_passes(name):
    """With warnings as errors, as everywhere in these tests."""
    from bandits.families import families

    made = next(e for f in families() for e in f.example_environments() if type(e).__name__ == name)
    check_env(environment_for(made), skip_render_check=True)
    environment = environment_for(made)
    seen, _ = environment.reset(seed=1)
    assert not isinstance(environment.observation_space, spaces.Box) or seen.dtype == np.float32


def test_rewards_are_scaled_and_observations_flattened():
    gaussian = environments.GaussianArms([0.0, 1.0], horizon=50)
    plain, scaled = environment_for(gaussian), environment_for(gaussian, low=-4.0, high=6.0)
    for environment, expected in ((plain, lambda r: r), (scaled, lambda r: (r + 4.0) / 10.0)):
        environment.reset(seed=1)
        gaussian.begin(gaussian.draw(stream(1, of="Environment")))
        earned = [gaussian.transition(1)[0] for _ in range(20)]
        environment.reset(seed=1)
        assert [environment.step(1)[1] for _ in range(20)] == [expected(r) for r in earned]
    groups = environment_for(gymnasium.make("regretlab/GroupedContexts-v0", horizon=20))
    seen, _ = groups.reset(seed=1)
    point, members = groups.unwrapped.observe()
    assert seen.tolist() == np.float32([*point, *members]).tolist()
    model = PPO("MlpPolicy", groups, n_steps=32, batch_size=32, seed=1, device="cpu")
    policy = FromBaselines(model)
    policy.reset(groups.unwrapped.problem, np.random.default_rng(0))
    assert policy.choose(groups.unwrapped.observe()) == model.predict(seen, deterministic=True)[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Alternation", "actions that are Discrete or Box or MultiBinary or MultiDiscrete, got Simplex"),
        ("Identification", "actions that are Discrete or .*, got Dict"),
        ("PagingEnvironment", "observations that can be flattened, got Tuple"),
    ],
)
def test_what_agents_cannot_take_is_refused(name, message):
    from bandits.families import families

    made = next(e for f in families() for e in f.example_environments() if type(e).__name__ == name)
    with pytest.raises(ValueError, match=message):
        environment_for(made)


def test_wrong_arguments(model, path, tmp_path):
    for arguments, message in (
        ({"model": str(tmp_path / "none.zip")}, "must be the path of a saved model, .* where there is no file"),
        ({"model": 3}, "must be a path, or a trained model without a digest, got 3"),
        ({"model": path, "algorithm": "SAC"}, "algorithm must be one of A2C, DQN, PPO, got 'SAC'"),
        ({"model": path, "deterministic": 1}, "deterministic must be true or false"),
        ({"model": PPO("MlpPolicy", "Pendulum-v1", device="cpu")}, "model must have Discrete actions, got Box"),
    ):
        with pytest.raises(ValueError, match=message):
            FromBaselines(**arguments)
    with pytest.raises(ValueError, match="environment must be one of gymnasium, got 3"):
        environment_for(3)
    with pytest.raises(ValueError, match="high must be a finite number"):
        environment_for(arms(), low=2.0)
    policy = FromBaselines(model)
    for problem in (BanditProblem(n_actions=2), rl.Problem()):
        with pytest.raises(ValueError, match=r"problem must have the actions of the model, Discrete\(3\)"):
            policy.reset(problem, np.random.default_rng(0))
    asked = DQN("MlpPolicy", environment_for(arms()), buffer_size=100, device="cpu")
    with pytest.raises(ValueError, match="deterministic must be true for a model without a distribution"):
        FromBaselines(asked, deterministic=False).reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    greedy = FromBaselines(asked)
    greedy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    assert greedy.probabilities(None).tolist() == np.eye(3)[greedy.choose(None)].tolist()
    for update in ((3, 0.0), (0, float("nan"))):
        with pytest.raises(ValueError, match="must be"):
            greedy.update(None, *update)
    contexts = environments.SorSequence(side=4, horizon=20)
    seeing = FromBaselines(PPO("MlpPolicy", environment_for(contexts), n_steps=32, batch_size=32, device="cpu"))
    seeing.reset(contexts.problem, np.random.default_rng(0))
    assert isinstance(contexts.problem, ContextualProblem)
    for wrong in (None, [0.5, 0.5], "x", (0, [0.5])):
        with pytest.raises(ValueError, match="the observation must fit Box"):
            seeing.choose(wrong)


def test_it_keeps_the_contract(path):
    from bandits.checks import check_policy

    check_policy(lambda: FromBaselines(path, deterministic=False), lambda: arms(20))
    check_environment(lambda: arms(20))

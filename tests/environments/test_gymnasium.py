"""Our environments in gymnasium's hands, and our policies in a loop over gymnasium."""

import os
import re
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.wrappers import FlattenObservation, RecordEpisodeStatistics, TimeLimit, TransformReward

import environments
from bandits import UCB1, BanditProblem

PAGE = Path(__file__).parents[2] / "docs" / "gymnasium.md"
NAMES = [path.partition(":")[2] for path in environments.ENVIRONMENTS.table.values()]


def rows():
    """Cells of the page's table of all environments."""
    text = PAGE.read_text(encoding="utf-8").partition("<!-- environments -->")[2]
    text = text.partition("<!-- end of environments -->")[0]
    lines = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in text.strip().splitlines()]
    return [[cell.strip("`") for cell in line] for line in lines[2:]]


def described(space):
    """A space in few letters."""
    if isinstance(space, spaces.Discrete):
        return f"Discrete({space.n})" if space.start == 0 else f"Discrete({space.n}, from {space.start})"
    if isinstance(space, spaces.Tuple):
        return f"Tuple({', '.join(map(described, space.spaces))})"
    if isinstance(space, spaces.Sequence):
        return f"Sequence({described(space.feature_space)})"
    if isinstance(space, spaces.MultiBinary):
        return f"MultiBinary({space.n})"
    return f"{type(space).__name__}{space.shape}" if space.shape is not None else type(space).__name__


KINDS = {float: "number", np.float64: "number", bool: "bool", tuple: "tuple", type(None): "None", np.ndarray: "array"}


def made(name, arguments, **more):
    """The environment of a row, or a skip where its data are not at hand."""
    try:
        return gymnasium.make(f"regretlab/{name}-v0", **eval(f"dict({arguments})"), horizon=100, **more)
    except Exception as error:
        if "needs the file" in str(error) and not os.environ.get("REGRETLAB_DATA"):
            pytest.skip("REGRETLAB_DATA names no folder with the real data")
        if "needs the file adult_reconstruction.csv" in str(error):
            pytest.skip("the file of adult_reconstruction is not published with ours")
        raise


def sampled(environment):
    """An action that is allowed now, or None on a stream that has gone by with no arm stored."""
    if type(environment.unwrapped).__name__ not in ("Stream", "HardStream"):
        return environment.action_space.sample()
    mask = environment.unwrapped.observe()[-1]
    return environment.action_space.sample(mask) if mask.any() else None


def steps(environment, seed, most):
    """What the steps of an episode with sampled actions return, at most so many."""
    environment.reset(seed=seed)
    environment.action_space.seed(seed)
    found, over = [], False
    while not over and len(found) < most and (action := sampled(environment)) is not None:
        found.append(environment.step(action))
        over = found[-1][2] or found[-1][3]
    return found


def kinds(environment):
    """What the feedback of the first 50 steps of two runs is."""
    feedback = [info["feedback"] for seed in (1, 2) for *_, info in steps(environment, seed, 50)]
    return " or ".join(sorted({KINDS[type(f)] for f in feedback}))


@pytest.mark.parametrize("name", environments.ENVIRONMENTS.table)
def test_every_environment_is_registered(name):
    cls = environments.ENVIRONMENTS.load(name)
    assert gymnasium.spec(f"regretlab/{cls.__name__}-v0").entry_point == environments.ENVIRONMENTS.table[name]


def test_the_page_names_every_environment():
    assert [row[0] for row in rows()] == NAMES


def params():
    return [pytest.param(*row, id=row[0]) for row in rows()]


@pytest.mark.parametrize(("name", "observations", "actions", "feedback", "arguments"), params())
def test_the_page_tells_the_truth(name, observations, actions, feedback, arguments):
    made_so = made(name, arguments)
    spaces_of = described(made_so.observation_space), described(made_so.action_space)
    found = [name, *spaces_of, kinds(made_so), arguments]
    line = "| " + " | ".join(f"`{cell}`" if cell else "" for cell in found) + " |"
    assert found == [name, observations, actions, feedback, arguments], f"docs/gymnasium.md should say\n{line}"


@pytest.mark.parametrize(("name", "arguments"), [p.values[::4] for p in params()], ids=[p.id for p in params()])
def test_wrappers_and_whole_episodes(name, arguments):
    """Statistics, a limit of time and scaled rewards around every environment; every sampled action is legal."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wrapped = made(name, arguments)
        flat = [part for part in getattr(wrapped.observation_space, "spaces", ()) if isinstance(part, spaces.Sequence)]
        if not flat:
            wrapped = FlattenObservation(wrapped)
        wrapped = RecordEpisodeStatistics(TransformReward(TimeLimit(wrapped, 5000), lambda reward: 2.0 * reward))
        inner = wrapped.unwrapped
        total = {}
        for seed in (1, 2, 1):
            played = steps(wrapped, seed, 5000)
            assert all(wrapped.observation_space.contains(observation) for observation, *_ in played)
            total.setdefault(seed, []).append(inner.metrics(np.array([inner.clock]))["reward"][0])
            if played[-1][3]:
                assert inner.clock == inner.problem.horizon
                assert played[-1][4]["episode"]["l"] == len(played)
                assert played[-1][4]["episode"]["r"] == pytest.approx(2.0 * total[seed][-1])
            else:
                assert "Stream" in name
                assert sampled(wrapped) is None
        assert total[1][0] == total[1][1]


def in_vectors():
    """All environments in one process, and three of different kinds in processes of their own."""
    for p in params():
        yield pytest.param(*p.values[::4], "sync", id=f"{p.id}-sync")
        if p.id in ("BernoulliArms", "SorSequence", "DelayedFeedback"):
            yield pytest.param(*p.values[::4], "async", id=f"{p.id}-async", marks=pytest.mark.slow)


@pytest.mark.parametrize(("name", "arguments", "mode"), list(in_vectors()))
def test_many_at_once(name, arguments, mode):
    """Each environment of a vector is the single one of its seed."""
    single = made(name, arguments)
    several = gymnasium.make_vec(
        f"regretlab/{name}-v0",
        num_envs=2,
        vectorization_mode=mode,
        vector_kwargs={} if mode == "sync" else {"context": "spawn"},
        **eval(f"dict({arguments})"),
        horizon=100,
    )
    try:
        several.reset(seed=7)
        single.reset(seed=8)
        single.action_space.seed(1)
        for _ in range(3):
            action = sampled(single)
            _, rewards, _, _, infos = several.step(batched(single.action_space, action))
            assert rewards[1] == single.step(action)[1]
            assert infos["_feedback"].tolist() == [True, True]
    finally:
        several.close()


def batched(space, action):
    """The same action for both."""
    return tuple([action] * 2) if isinstance(space, spaces.Tuple) else np.array([action] * 2)


def test_a_policy_of_ours_over_gymnasium_make():
    """A foreign loop that knows gymnasium's interface only."""
    environment = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.2, 0.5, 0.8], horizon=2000)
    policy = UCB1()
    policy.reset(BanditProblem(n_actions=int(environment.action_space.n)), np.random.default_rng(0))
    observation, _ = environment.reset(seed=5)
    total, over = 0.0, False
    while not over:
        arm = policy.choose(observation)
        observation, reward, terminated, truncated, info = environment.step(arm)
        policy.update(observation, arm, info["feedback"])
        total, over = total + reward, terminated or truncated
    assert total > 2000 * 0.8 - 200


def test_vector_environments():
    several = gymnasium.make_vec("regretlab/BernoulliArms-v0", num_envs=3, means=[0.0, 1.0], horizon=10)
    several.reset(seed=1)
    _, rewards, *_ = several.step(np.array([0, 1, 1]))
    assert rewards.tolist() == [0.0, 1.0, 1.0]
    several.close()


@pytest.mark.parametrize("name", ["make.py", "wrappers.py", "regret.py"])
def test_the_pages_programs_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(rf"<!-- {name} -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(compile(program, name, "exec"), names)
    if name == "regret.py":
        assert (tmp_path / "regret.png").stat().st_size > 5000
        assert 0 < names["regret"][-1] < 200
        assert len(names["axes"].get_lines()) == 2

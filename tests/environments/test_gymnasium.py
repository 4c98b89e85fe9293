"""Our environments in gymnasium's hands, and our policies in a loop over gymnasium."""

import multiprocessing
import os
import re
import warnings
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector.utils import concatenate, create_empty_array, iterate
from gymnasium.wrappers import FlattenObservation, RecordEpisodeStatistics, TimeLimit, TransformReward

import environments
from bandits import UCB1, BanditProblem
from bandits.recovering.greedy_ucb import GreedyUCB
from bandits.recovering.random_pulls import RandomPulls

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
    return " or ".join(sorted({type(f).__name__ if hasattr(f, "_fields") else KINDS[type(f)] for f in feedback}))


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
            if played[-1][2] or played[-1][3]:
                assert inner.clock == inner.problem.horizon
                assert played[-1][4]["episode"]["l"] == len(played)
                assert played[-1][4]["episode"]["r"] == pytest.approx(2.0 * total[seed][-1])
            else:
                assert "Stream" in name
                assert sampled(wrapped) is None
        assert total[1][0] == total[1][1]


NUMBERED = [p for p in params() if p.values[2].startswith("Discrete(")]


@pytest.mark.parametrize(("name", "arguments"), [p.values[::4] for p in NUMBERED], ids=[p.id for p in NUMBERED])
def test_an_array_without_axes_is_the_number_in_it(name, arguments):
    """So agents of other packages give actions, and ``Discrete`` spaces of gymnasium hold them."""
    one, other = (made(name, arguments).unwrapped for _ in range(2))
    for environment in (one, other):
        environment.reset(seed=1)
    one.action_space.seed(1)
    for _ in range(5):
        action = sampled(one)
        assert one.action_space.contains(np.array(action))
        one.step(action)
        other.step(np.array(action))
    times = np.array([one.clock])
    assert one.clock == other.clock
    assert one.metrics(times) == other.metrics(times)


UNSHARED = ("PagingEnvironment", "AdaptivePaging")
"""Their observations have parts of no fixed size, which gymnasium cannot put into shared memory."""


def in_vectors():
    """All environments in one process, and in processes of their own."""
    for p in params():
        yield pytest.param(*p.values[::4], "sync", id=f"{p.id}-sync")
        yield pytest.param(*p.values[::4], "async", id=f"{p.id}-async", marks=pytest.mark.slow)


def vector(name, arguments, mode, **options):
    if mode == "async":  # processes that everything goes to by pickling; but what is long to import comes once
        multiprocessing.get_context("forkserver").set_forkserver_preload(["environments", "numba", "scipy.stats"])
        options = {"context": "forkserver", "shared_memory": name not in UNSHARED, **options}
    return gymnasium.make_vec(
        f"regretlab/{name}-v0",
        num_envs=2,
        vectorization_mode=mode,
        vector_kwargs=options,
        **eval(f"dict({arguments})"),
        horizon=100,
    )


def plain(value):
    """Numbers and lists of them."""
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    return [plain(v) for v in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(("name", "arguments", "mode"), list(in_vectors()))
def test_many_at_once(name, arguments, mode):
    """Each environment of a vector, with actions of its own, is the single one of its seed: in all that it gives."""
    singles = [made(name, arguments), made(name, arguments)]
    space = singles[0].action_space
    several = vector(name, arguments, mode)
    try:
        seen, _ = several.reset(seed=7)
        first = [single.reset(seed=7 + i)[0] for i, single in enumerate(singles)]
        assert plain(list(iterate(several.observation_space, seen))) == plain(first)
        for i, single in enumerate(singles):
            single.action_space.seed(i)
        differ = 0
        for _ in range(20):
            actions = [sampled(single) for single in singles]
            if any(action is None for action in actions):
                break
            differ += plain(actions[0]) != plain(actions[1])
            batch = concatenate(space, actions, create_empty_array(space, 2))
            seen, rewards, terminated, truncated, infos = several.step(batch)
            own = [single.step(action) for single, action in zip(singles, actions, strict=True)]
            assert plain(list(iterate(several.observation_space, seen))) == plain([one[0] for one in own])
            assert rewards.tolist() == [one[1] for one in own]
            assert terminated.tolist() == [one[2] for one in own]
            assert not truncated.any()
            for key in own[0][4]:
                assert infos[f"_{key}"].tolist() == [True, True]
                assert plain(list(infos[key])) == plain([one[4][key] for one in own])
            if terminated.any():
                assert name == "Identification", "only there an action stops the run"
                break
        assert differ > 0
    finally:
        several.close()


@pytest.mark.parametrize("name", UNSHARED)
def test_gymnasium_names_the_way_out_where_memory_cannot_be_shared(name):
    arguments = next(p.values[4] for p in params() if p.id == name)
    with pytest.raises(ValueError, match="shared_memory=False"):
        vector(name, arguments, "async", shared_memory=True)


def test_rewards_of_recovering_arms_have_one_shape_and_a_mask():
    """Pulls of different numbers side by side, and a policy of ours that learns from what gymnasium gives."""
    arguments = {"curves": [[0.2], [0.4], [0.9]], "plays": 2, "noise": "none"}
    several = gymnasium.make_vec("regretlab/RecoveringRewards-v0", num_envs=3, horizon=10, **arguments)
    several.reset(seed=1)
    _, rewards, *_, infos = several.step(((0,), (1, 2), ()))
    assert rewards.tolist() == [0.2, 1.3, 0.0]
    assert infos["feedback"].tolist() == [[0.2, 0.0], [0.4, 0.9], [0.0, 0.0]]
    assert infos["pulled"].tolist() == [[True, False], [True, True], [False, False]]
    environment = gymnasium.make("regretlab/RecoveringRewards-v0", horizon=300, **arguments).unwrapped
    twin = gymnasium.make("regretlab/RecoveringRewards-v0", horizon=300, **arguments).unwrapped
    policies = [RandomPulls(), RandomPulls(), GreedyUCB(), GreedyUCB()]
    for one, other in (policies[:2], policies[2:]):
        for policy, played in ((one, environment), (other, twin)):
            played.reset(seed=1)
            policy.reset(played.problem, np.random.default_rng(2))
        for _ in range(300):
            idle = environment.observe()
            pulls = one.choose(idle)
            info = environment.step(pulls)[4]
            one.update(idle, pulls, info["feedback"])
            assert other.choose(twin.observe()) == pulls
            seen, reply = twin.observe(), twin.transition(pulls)[1]
            other.update(seen, pulls, reply)
            assert info["feedback"][info["pulled"]].tolist() == reply.tolist()
            assert len(reply) == len(pulls)


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


@pytest.mark.parametrize("name", ["make.py", "wrappers.py", "regret.py", "steps.py", "played.py"])
def test_the_pages_programs_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (program,) = re.findall(rf"<!-- {name} -->\n```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    names = {}
    exec(compile(program, name, "exec"), names)
    if name == "steps.py":
        assert names["total"] == 1.0
    if name == "played.py":
        assert 60 <= names["arrived"] <= 90
    if name == "regret.py":
        assert (tmp_path / "regret.png").stat().st_size > 5000
        assert 0 < names["regret"][-1] < 200
        assert len(names["axes"].get_lines()) == 2

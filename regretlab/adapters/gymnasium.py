"""Policies in the loop of gymnasium: any environment of arms, or of ours of any family, alone or many at once.

What stands where the policy learns is the same in all of gymnasium's ways to begin an episode anew: nothing is learned
from the step that only resets. In a vector each environment has a copy of the policy, with a stream of its own, and the
``i``-th plays exactly what ``play(..., seed=seed + i)`` plays alone.

Vectors put the ``info`` of all environments into arrays whose type and shape are those of the first one that says
something: an integer there makes integers of all others' floats, and shorter arrays are stretched. So what is learned
from ``info``, and what our environments show and say, is asked of each environment by itself: they must be wrapped in
``Told``, which keeps it (``gymnasium.make_vec(..., wrappers=[Told])``).
"""

from __future__ import annotations

from numbers import Integral
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import iterate

from bandits import Problem
from bandits.arguments import shown
from environments.contract import Environment
from regretlab.adapters.players import AnyPolicy, Feedback, Game, Played, Player
from regretlab.adapters.players import problem_of as problem_of

AnyEnvironment = gymnasium.Env[Any, Any]


class Told(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Keeps what an environment showed and said last, as it was. A vector's own ``infos`` are empty then.

    Attributes:
        told: the last observation, that of a reset too, and the ``info`` of the last step. In environments of ours
            ``"feedback"`` there is what a learner of ours observes, and at the end of an episode ``"regret"`` has the
            regret by each definition, as ``"episode"`` of gymnasium's ``RecordEpisodeStatistics`` has the rewards.

    Example:
        >>> import gymnasium, environments
        >>> from regretlab.adapters.gymnasium import Told
        >>> made = Told(gymnasium.make("regretlab/BernoulliArms-v0", means=[0.2, 0.7], horizon=1))
        >>> _, (_, reward, _, _, info) = made.reset(seed=1), made.step(0)
        >>> info, made.told[1]["feedback"] == reward, round(made.told[1]["regret"]["pseudo"], 9)
        ({}, True, 0.5)
    """

    def __init__(self, environment: AnyEnvironment) -> None:
        super().__init__(environment)
        self.told: tuple[Any, dict[str, Any]] = (None, {})

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """As of the environment, without ``info``."""
        observation, _ = self.env.reset(seed=seed, options=options)
        self.told = observation, self.told[1]
        return observation, {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """As of the environment, without ``info``."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        if isinstance(ours := self.unwrapped, Environment):
            info = {**info, "feedback": ours.feedback_of(info)}
            if terminated or truncated:
                info["regret"] = _regrets(ours)
        self.told = observation, info
        return observation, reward, bool(terminated), bool(truncated), {}


def play(
    policy: AnyPolicy,
    environment: AnyEnvironment,
    rounds: int | None = None,
    *,
    episodes: int | None = None,
    problem: Problem | None = None,
    feedback: Feedback = None,
    restart: bool | None = None,
    seed: int | None = 0,
    **declared: Any,
) -> Played:
    """Have a copy of a policy play an environment, one episode after the other.

    Args:
        policy: the policy; it is not changed.
        environment: of ours, of any family, or anybody's with actions that are ``Discrete``.
        rounds: number of steps, >= 1; None for as many as the episodes take.
        episodes: number of episodes, >= 1; None for as many as the steps take; one where both are None.
        problem: what the policy is told; None for what an environment of ours says of itself, and of others for
            ``problem_of(policy, environment, horizon=rounds, **declared)``.
        feedback: what the policy learns from: None for the reward, and in environments of ours for what they say the
            feedback is (``info["feedback"]``); a key of ``info``; or a function of the reward and ``info``.
        restart: whether the policy begins anew with each episode; None: in environments of ours, whose episodes are
            whole runs, but not in others, whose arms are what they were.
        seed: of the environment's first reset, and of the policy, which draws from ``bandits.seeds.stream(seed,
            of="policy")``, and after its n-th new start from ``of=f"policy in episode {n}"``. None: they differ each
            time.
        declared: fields of the problem of an environment that is not ours (``low``, ``high``, ``noise``, ``contexts``).

    Raises:
        ValueError: an environment whose actions are not ``Discrete``, a policy that cannot play it, no such feedback,
            or an argument out of its domain.

    Example:
        >>> import gymnasium, environments
        >>> from bandits import UCB1
        >>> from regretlab.adapters.gymnasium import play
        >>> made = gymnasium.make("regretlab/BernoulliArms-v0", means=[0.2, 0.8], horizon=1000)
        >>> played = play(UCB1(), made, episodes=2)
        >>> played.rewards.size, played.regrets["pseudo"].shape
        (2000, (2,))
    """
    if not isinstance(environment, gymnasium.Env):
        raise ValueError(f"environment must be one of gymnasium, got {shown(environment)}")
    told = Told(environment)
    ours = told.get_wrapper_attr("problem") if told.has_wrapper_attr("problem") else None
    game = Game(told, ours, policy, rounds, episodes, problem, feedback, restart, declared)
    player = Player(policy, game, seed)
    observation, _ = told.reset(seed=seed)
    while player.goes_on:
        action = player.choose(observation)
        observation, reward, terminated, truncated, _ = told.step(action)
        player.learn(reward, told.told[1], terminated or truncated)
        if (terminated or truncated) and player.goes_on:
            observation, _ = told.reset()
    return player.played()


def play_vector(
    policy: AnyPolicy,
    environments: gymnasium.vector.VectorEnv[Any, Any, Any],
    rounds: int | None = None,
    *,
    episodes: int | None = None,
    problem: Problem | None = None,
    feedback: Feedback = None,
    restart: bool | None = None,
    seed: int | None = 0,
    **declared: Any,
) -> list[Played]:
    """Have copies of a policy play the environments of a vector: in the i-th what ``play(..., seed=seed + i)`` plays.

    All go on until each has played its rounds or episodes; what those that are ready do meanwhile counts nowhere. All
    three ``autoreset_mode`` of gymnasium are served.

    Args:
        policy: the policy; it is not changed.
        environments: with actions that are ``Discrete``. Those of ours, and all where ``feedback`` is given, must be
            wrapped in ``Told``.
        rounds: as of ``play``, in each environment.
        episodes: as of ``play``, in each environment.
        problem: as of ``play``.
        feedback: as of ``play``.
        restart: as of ``play``.
        seed: as of ``play``, of the first environment; the i-th has ``seed + i``, as gymnasium counts.
        declared: as of ``play``.

    Raises:
        ValueError: as of ``play``, environments that are not wrapped in ``Told`` where they must be, or a policy whose
            actions are no whole numbers.

    Example:
        >>> import gymnasium, environments
        >>> from bandits import UCB1
        >>> from regretlab.adapters.gymnasium import Told, play_vector
        >>> arms = {"means": [0.2, 0.8], "horizon": 100}
        >>> many = gymnasium.make_vec("regretlab/BernoulliArms-v0", num_envs=3, wrappers=[Told], **arms)
        >>> [played.rewards.size for played in play_vector(UCB1(), many, episodes=2)]
        [200, 200, 200]
    """
    if not isinstance(environments, gymnasium.vector.VectorEnv):
        raise ValueError(f"environments must be a vector of gymnasium, got {shown(environments)}")
    singles = hasattr(environments.unwrapped, "call")  # else there is one object for all, which tells rewards alone
    has = {
        name: singles and all(environments.call("has_wrapper_attr", name))  # type: ignore[attr-defined]
        for name in ("problem", "told")
    }
    ours = environments.get_attr("problem")[0] if has["problem"] else None  # type: ignore[attr-defined]
    game = Game(environments, ours, policy, rounds, episodes, problem, feedback, restart, declared)
    if not isinstance(game.actions, spaces.Discrete):
        raise ValueError(f"environments of a vector must have Discrete actions, got {game.actions}: play each alone")
    if (game.ours or feedback is not None) and not has["told"]:
        raise ValueError(
            "environments must be wrapped in Told where they are ours or feedback is asked of info, which vectors "
            "change: gymnasium.make_vec(..., wrappers=[regretlab.adapters.gymnasium.Told])"
        )
    n, mode = environments.num_envs, environments.metadata.get("autoreset_mode")
    mode = getattr(mode, "name", "NEXT_STEP")
    players = [Player(policy, game, None if seed is None else seed + i) for i in range(n)]

    def seen(observations: Any) -> list[Any]:
        if has["told"]:
            return [told[0] for told in environments.get_attr("told")]  # type: ignore[attr-defined]
        return list(iterate(environments.observation_space, observations))

    shows, resets = seen(environments.reset(seed=seed)[0]), np.zeros(n, dtype=bool)
    idle = int(game.actions.start)
    while any(player.goes_on for player in players):
        plays = [player.goes_on and not reset for player, reset in zip(players, resets, strict=True)]
        actions = [
            player.choose(show) if now else idle for player, show, now in zip(players, shows, plays, strict=True)
        ]
        if not all(isinstance(action, Integral) for action in actions):  # numpy would make whole numbers of weights
            raise ValueError(
                f"policy must choose whole numbers in a vector, got {shown(players[0].action)} of "
                f"{type(policy).__name__}: play each environment alone"
            )
        observations, rewards, terminated, truncated, _ = environments.step(np.array(actions, game.actions.dtype))
        over = np.logical_or(terminated, truncated)
        infos = [told[1] for told in environments.get_attr("told")] if has["told"] else [{}] * n  # type: ignore[attr-defined]
        for i in np.flatnonzero(plays):
            players[i].learn(rewards[i], infos[i], bool(over[i]))
        resets = over if mode == "NEXT_STEP" else resets
        if mode == "DISABLED" and over.any():
            observations, _ = environments.reset(options={"reset_mask": over})
        shows = seen(observations)
    return [player.played() for player in players]


def _regrets(environment: Environment[Any, Any, Any, Any]) -> dict[str, float]:
    """The regret by now, by each definition."""
    now = np.array([environment.clock])
    best, played = environment.comparators(now), environment.metrics(now)
    return {r.name: float(best[r.comparator][0] - played[r.series][0]) for r in environment.regrets()}

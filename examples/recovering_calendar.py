"""Which arm is pulled in which period, for a plan that knows the recovery curves and for a learner.

    python examples/recovering_calendar.py                        the study recovering/calendar
    python examples/recovering_calendar.py --learner greedy_ucb --periods 60

Writes ``calendar.png``, ``.svg`` and ``.pdf`` to ``--out`` (default: ``results/recovering_calendar``): rows are arms,
columns periods, and the darker a pull, the larger its mean reward. The learner is shown at the start and at the end of
one run.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from bandits.contract import Array
from bandits.recovering.problem import Schedule
from bandits.registry import POLICIES
from environments.recovering.environment import RecoveringRewards
from experiments.report.colours import COLOURS
from experiments.report.figures import save
from experiments.report.style import FORMATS, WIDTH, style
from experiments.study.config import load_study

STUDY = Path(__file__).parents[1] / "configs" / "recovering" / "calendar.yaml"


def raster(pulls: Schedule, n_arms: int) -> Array:
    """[n_arms, n] 1 where an arm is pulled, from pulls [n, plays] with -1 after the last of a period."""
    pulled = np.zeros((n_arms, len(pulls)))
    for t, row in enumerate(pulls):
        pulled[row[row >= 0], t] = 1.0
    return pulled


def plan_pulls(environment: RecoveringRewards, periods: int) -> Schedule:
    """Pulls [periods, plays] of the environment's plan from the first period on."""
    environment.begin(environment.draw(np.random.default_rng(0)))
    return whole(environment, periods)


def whole(environment: RecoveringRewards, periods: int) -> Schedule:
    """Pulls [periods, plays] that the plan makes from now on; the environment moves on by as many."""
    parts: list[Schedule] = []
    while (done := sum(map(len, parts))) < periods:
        parts.append(environment.foresee("plan", periods - done, environment.instance().planner))
        environment.absorb(parts[-1])
    return np.concatenate(parts)


def learner_pulls(environment: RecoveringRewards, policy: Any, seed: int) -> Schedule:
    """Pulls [horizon, plays] of a policy in one run, the observed actions one by one."""
    environment.begin(environment.draw(np.random.default_rng([seed, 0])))
    policy.reset(environment.problem, np.random.default_rng([seed, 1]))
    pulls = np.full((environment.horizon, environment.plays), -1)
    for row in pulls:
        observation = environment.observe()
        action = policy.choose(observation)
        row[: len(action)] = action
        policy.update(observation, action, environment.transition(action)[1])
    return pulls


def means_of(environment: RecoveringRewards, pulls: Schedule) -> Array:
    """[n_arms, n] mean rewards of pulls [n, plays] that start at the first period, NaN where an arm is not pulled."""
    curves = environment.instance().curves
    pulled = raster(pulls, len(curves))
    means = np.full(pulled.shape, np.nan)
    for arm, line in enumerate(pulled):
        times = np.flatnonzero(line)
        first = curves.shape[1] if environment.start == "recovered" else 1
        idle = np.diff(times, prepend=-first)
        means[arm, times] = curves[arm, np.minimum(idle, curves.shape[1]) - 1]
    return means


def draw(ax: Axes, means: Array, first: int, title: str, colour: str) -> None:
    """One raster [n_arms, n] of mean rewards, whose first column is period ``first``."""
    shades = LinearSegmentedColormap.from_list("shades", ["#E9EDF2", colour])
    n_arms, n = means.shape
    edges = (np.arange(first, first + n + 1) - 0.5, np.arange(n_arms + 1) + 0.5)
    ax.pcolormesh(*edges, means, cmap=shades, vmin=0.0, vmax=1.0, edgecolors="white", linewidth=0.3)
    ax.set(yticks=range(1, n_arms + 1), ylim=(n_arms + 0.5, 0.5), ylabel="arm")
    ax.grid(False)
    rate = np.nansum(means) / n
    ax.set_title(f"{title}: {rate:.3f} a period", loc="left", fontweight="bold")


def calendar(environment: RecoveringRewards, policy: Any, label: str, periods: int, seed: int) -> Figure:
    """The plan's first periods, and the learner's first and last."""
    planned = means_of(environment, plan_pulls(environment, periods))
    learned = means_of(environment, learner_pulls(environment, policy, seed))
    canvas = Figure(figsize=(2.0 * WIDTH, 0.42 * len(planned) + 1.0), layout="constrained")
    shown = (
        (planned, 1, "plan that knows the curves", COLOURS[0]),
        (learned[:, :periods], 1, f"{label}, first periods", COLOURS[1]),
        (learned[:, -periods:], environment.horizon - periods + 1, f"{label}, last periods", COLOURS[1]),
    )
    for ax, (means, first, title, colour) in zip(canvas.subplots(3), shown, strict=True):
        draw(ax, means, first, title, colour)
    ax.set_xlabel("period (the darker, the larger the mean reward)")
    return canvas


def main(arguments: list[str] | None = None) -> None:
    """Draw the calendar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--study", type=Path, default=STUDY, help="study whose first environment is played")
    parser.add_argument("--learner", default="ppp_ucb", help="registered policy")
    parser.add_argument("--periods", type=int, default=96, help="periods shown")
    parser.add_argument("--horizon", type=int, help="periods played (default: the study's)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("results/recovering_calendar"))
    given = parser.parse_args(arguments)
    experiment = load_study(given.study).all_experiments()[0]
    horizon = given.horizon or experiment.horizon
    if not 1 <= given.periods <= horizon:
        parser.error(f"--periods must be in 1..{horizon}, got {given.periods}")
    environment = RecoveringRewards(**experiment.environment.parameters, horizon=horizon)
    policy = POLICIES.load(given.learner)()
    given.out.mkdir(parents=True, exist_ok=True)
    with style():
        canvas = calendar(environment, policy, given.learner, given.periods, given.seed)
        for ending in FORMATS:
            save(canvas, given.out / f"calendar.{ending}")
    print(given.out / "calendar.png")


if __name__ == "__main__":
    main()

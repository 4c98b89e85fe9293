"""Comparing policies in an environment, both given as objects."""

from __future__ import annotations

import copy
import inspect
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import numpy as np

from bandits.arguments import integer, real
from bandits.clairvoyant import Clairvoyant
from bandits.contract import Policy, can_play
from bandits.family import resolve
from bandits.registry import ENVIRONMENTS, POLICIES, Registry
from environments.contract import Environment
from experiments.run.identity import arguments_of, described
from experiments.run.jobs import AnyEnvironment, AnyPolicy
from experiments.study.model import FULL_NAME, Study
from experiments.study.texts import one_line, visible
from regretlab.results import Result
from regretlab.runs import Folder, check_means, compute

LONGEST = 10**18
"""The largest horizon of a study."""


def compare(
    policies: Iterable[AnyPolicy] | Mapping[str, AnyPolicy],
    environment: AnyEnvironment,
    *,
    replicates: int = 100,
    seed: int = 0,
    horizon: int | None = None,
    checkpoints: int = 200,
    confidence: float = 0.95,
    batch: int = 16,
    name: str = "comparison",
    out: Folder | None = None,
    jobs: int = -1,
    cluster: str | None = None,
    progress: bool = True,
    replace: bool = False,
) -> Result:
    """Play policies in an environment, many times over, and hold what they earn against its best and the theorems.

    In each replicate all policies meet the same luck. The objects given are not changed: the arguments of their
    constructors are read back, and new ones are built from them where they play. Numbers are those of the same study as
    a file, whatever the labels and the order of the policies; ``Result.study`` gives that file.

    Args:
        policies: objects, of classes of your own too, wherever they are defined; or a mapping from labels to objects.
            Without labels, each is called like its class, with the arguments that tell it from others of its class.
        environment: an object.
        replicates: independent runs, >= 1.
        seed: of all randomness, >= 0.
        horizon: number of rounds, >= 1; the environment's own where None.
        checkpoints: number of times at which curves are recorded, >= 2, log-spaced from 1 to the horizon.
        confidence: of bands, intervals and verdicts, in (0.5, 1).
        batch: replicates in a job, which are computed and kept at once, >= 1.
        name: of the study.
        out: folder that keeps the results: what stands there is not computed again. None: they are in memory alone.
        jobs: processes at once, -1 for one a core. No number depends on it.
        cluster: address of a dask scheduler (``tcp://host:port``), or ``local:N``, in place of ``jobs``.
        progress: whether to say on standard error, or in a notebook, how far it is.
        replace: take the place of another comparison, or study, in ``out``.

    Raises:
        ValueError: something is wrong with the arguments, all of it told; nothing was computed.
        FileExistsError: ``out`` holds another one: of another name, or in an environment of another class, or in one
            of other arguments and without a policy of the same class; nothing was replaced.
        OSError: ``out`` cannot be written or is being written by another run, or no cluster answers, and nothing was
            computed; or the disk is full, and finished jobs are in ``out``.
        JobError: a job failed; finished ones are in ``out``.
        KeyboardInterrupt: finished jobs are in ``out``.

    Example:
        >>> import regretlab as rl
        >>> environment = rl.BernoulliArms([0.2, 0.8], horizon=1000)
        >>> result = rl.compare([rl.UCB1(), rl.Uniform()], environment, replicates=20, jobs=1, progress=False)
        >>> result.policies
        ('UCB1', 'Uniform')
        >>> result.value("Uniform") > result.value("UCB1", at=500) > 0
        True
    """
    told = _Mistakes()
    numbers = {
        "replicates": told.taken(integer, "replicates", replicates),
        "seed": told.taken(integer, "seed", seed, 0),
        "checkpoints": told.taken(integer, "checkpoints", checkpoints, 2),
        "batch": told.taken(integer, "batch", batch),
        "confidence": told.taken(real, "confidence", confidence, 0.5, 1.0),
    }
    if not isinstance(name, str) or not re.fullmatch(FULL_NAME, name):
        told.append(f"name must be letters, digits and . _ - alone, the first no sign, with / between, got {name!r}")
    told.taken(check_means, out, jobs, cluster)
    entries = _entries(policies, told)
    described_policies = [told.taken(described, POLICIES, policy, at=at) for at, policy in entries.items()]
    played = _environment(environment, horizon, told)
    if played is not None:
        told += _misfits(entries, played)
        surroundings = told.taken(described, ENVIRONMENTS, played, at="environment")
    if not told:
        classes = _by_value([*entries.values(), played], told)
    if not told:
        labels = list(policies) if isinstance(policies, Mapping) else _labels(entries, described_policies, told)
    if told or played is None:
        raise ValueError("\n".join(told))
    surroundings["parameters"].pop("horizon")
    experiment = {
        "name": name.rpartition("/")[2],
        "title": type(played).__name__,
        "environment": surroundings,
        "horizon": played.problem.horizon,
        "replicates": numbers.pop("replicates"),
        "policies": [{**what, "label": label} for what, label in zip(described_policies, labels, strict=True)],
    }
    study = Study.model_validate({"name": name, **numbers, "experiments": [experiment]})
    (result,) = compute(study, out, jobs, cluster, progress, classes, replace).values()
    return result


class _Mistakes(list[str]):
    """What is wrong with the arguments, a line each."""

    def taken(self, check: Callable[..., Any], *arguments: Any, at: str = "", **options: Any) -> Any:
        """What a check of what stands ``at`` a place returns; None, and its message taken in, where it raises."""
        try:
            return check(*arguments, **options)
        except ValueError as error:
            self.append(f"{at}: {error}" if at else str(error))
            return None


def _entries(policies: Any, told: _Mistakes) -> dict[str, AnyPolicy]:
    """The policies by their place in the arguments; what is none is left out and told."""
    if isinstance(policies, Policy | str | type) or not isinstance(policies, Iterable):
        got = "a single one" if isinstance(policies, Policy) else repr(policies)
        told.append(f"policies must be a list of policies, or a mapping from labels to policies, got {got}")
        return {}
    if isinstance(policies, Mapping):
        wrong = [label for label in policies if not isinstance(label, str) or not label.strip()]
        told += [f"labels of policies must be texts that are not empty, got {label!r}" for label in wrong]
        for label in policies:
            if label not in wrong:
                told.taken(one_line, label, at="labels of policies")
        given = {f"policies[{label!r}]": policy for label, policy in policies.items()}
    else:
        given = {f"policies[{i}]": policy for i, policy in enumerate(policies)}
    if not given:
        told.append(f"policies must have at least one entry, got {policies!r}")
    texts = {place: _no_object(policy, Policy, POLICIES) for place, policy in given.items()}
    told += [f"{place} {text}" for place, text in texts.items() if text]
    return {place: policy for place, policy in given.items() if not texts[place]}


def _no_object(thing: Any, of: type[Any], registry: Registry) -> str:
    """What to say of ``thing`` that should be an object of a class; nothing if it is one."""
    if isinstance(thing, of):
        return ""
    what = f"must be an object of a class that derives from regretlab.{of.__name__}"
    if isinstance(thing, type):
        way = f": call it, {thing.__name__}(...)" if issubclass(thing, of) else ", which does not"
        return f"{what}, got the class {thing.__name__}{way}"
    if isinstance(thing, str):
        try:
            return f"{what}, got the name {thing!r}: write regretlab.{registry.load(thing).__name__}(...)"
        except (ValueError, ImportError):
            return f"{what}, got {thing!r}"
    way = ": give its `unwrapped`" if isinstance(getattr(thing, "unwrapped", None), of) else ""
    return f"{what}, got an object of {type(thing).__name__}, {thing!r}{way}"


def _environment(environment: Any, horizon: Any, told: _Mistakes) -> AnyEnvironment | None:
    """The environment with that horizon; None, and told, where there is none."""
    if text := _no_object(environment, Environment, ENVIRONMENTS):
        told.append(f"environment {text}")
        return None
    name, own = type(environment).__name__, environment.problem.horizon
    if horizon is None and own is None:
        told.append(f"horizon must be given, as {name} has none of its own")
        return None
    wanted = own if horizon is None else told.taken(integer, "horizon", horizon, 1, LONGEST)
    if wanted is None:
        return None
    if "horizon" not in inspect.signature(type(environment)).parameters:
        told.append(
            f"environment: the constructor of {name} must take a parameter 'horizon', to be built where it runs"
        )
        return None
    if wanted == own:
        return cast(AnyEnvironment, environment)
    try:
        return cast(AnyEnvironment, type(environment)(**{**arguments_of(environment), "horizon": wanted}))
    except ValueError as error:
        told.append(f"environment: {name} cannot have horizon {wanted}: {error}")
        return None


def _misfits(entries: Mapping[str, AnyPolicy], environment: AnyEnvironment) -> Iterator[str]:
    """What to say of the policies that cannot play the environment."""
    problem, stated = environment.problem, {p: hasattr(policy, "plays") for p, policy in entries.items()}
    able = [type(policy).__name__ for place, policy in entries.items() if stated[place] and can_play(policy, problem)]
    for place, policy in entries.items():
        name, kind = type(policy).__name__, type(problem).__name__
        if not stated[place]:
            yield f"{place}: {name} must state which problems it plays, such as plays = (regretlab.{kind},)"
        elif not can_play(policy, problem):
            kinds = policy.plays if isinstance(policy.plays, tuple) else (policy.plays,)
            plays = ", ".join(one.__name__ for one in kinds)
            others = f"of those given, {', '.join(able)} can" if able else "none of those given can"
            yield f"{place}: {name} plays {plays}, and {type(environment).__name__} poses {kind}; {others}"
        else:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # the job warns
                    copy.deepcopy(policy).reset(problem, np.random.default_rng(0))
                    if isinstance(policy, Clairvoyant):
                        begun = copy.deepcopy(environment)
                        begun.begin(begun.draw(np.random.default_rng(0)))
                        begun.clairvoyant(policy.comparator)
            except ValueError as error:
                yield f"{place}: {error}"
            except Exception:  # of somebody else's: the job that meets it says where
                continue


def _labels(
    entries: Mapping[str, AnyPolicy], described_policies: Sequence[Mapping[str, Any]], told: list[str]
) -> list[str]:
    """What to call the policies: by their classes, and by the arguments in which they differ."""
    classes = [type(policy) for policy in entries.values()]
    labels: list[str] = []
    for cls, what in zip(classes, described_policies, strict=True):
        parameters = what["parameters"]
        same = [other["parameters"] for c, other in zip(classes, described_policies, strict=True) if c is cls]
        apart = [key for key, value in parameters.items() if any(other.get(key) != value for other in same)]
        shared = any(c.__name__ == cls.__name__ and c is not cls for c in classes)
        name = f"{cls.__module__}.{cls.__qualname__}" if shared else cls.__name__
        labels.append(" ".join([name, *(f"{key}={_brief(parameters[key])}" for key in apart)]))
    places = list(entries)
    for i, label in enumerate(labels):
        if label in labels[:i]:
            first = places[labels.index(label)]
            told.append(
                f"{first} and {places[i]} are the same, {label}: give one alone, or a mapping from labels to them"
            )
    return labels


def _brief(value: Any) -> str:
    """An argument in a label: numbers as short as they are exact, what has a name by it and its arguments."""
    if isinstance(value, float) and float(f"{value:g}") == value:
        return f"{value:g}"
    if isinstance(value, Mapping) and set(value) == {"name", "parameters"}:
        inner = ", ".join(f"{key}={_brief(one)}" for key, one in value["parameters"].items())
        return f"{value['name']}({inner})"
    return visible(str(value))


def _by_value(things: Iterable[Any], told: list[str]) -> dict[str, type[Any]]:
    """The classes that no other process can import, by their paths, of objects and what these are made of."""
    found: dict[str, type[Any]] = {}
    for cls in _classes(things):
        path = f"{cls.__module__}:{cls.__qualname__}"
        if found.setdefault(path, cls) is not cls:
            told.append(f"there are two classes {path}: give one of them another name, or make its objects anew")
    return {path: cls for path, cls in found.items() if cls.__module__ == "__main__" or not _is_found(path, cls)}


def _classes(things: Iterable[Any]) -> Iterator[type[Any]]:
    """The classes of objects, and of the objects among their constructors' arguments."""
    for thing in things:
        if isinstance(thing, Mapping | list | tuple):
            yield from _classes(thing.values() if isinstance(thing, Mapping) else thing)
        elif type(thing).__module__ not in ("builtins", "numpy"):
            yield type(thing)
            yield from _classes(getattr(thing, name, None) for name in inspect.signature(type(thing)).parameters)


def _is_found(name: str, cls: type[Any]) -> bool:
    with suppress(ImportError):
        return resolve(name) is cls
    return False

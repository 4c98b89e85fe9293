"""Jobs: the units of work. A job is plain data; objects are built where it runs.

A policy's job plays a batch of replicates of one policy in one experiment. An environment's job works out, for the same
replicates, the comparators that all policies of the experiment share.
"""

from __future__ import annotations

import pickle
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from bandits.contract import Policy, bounds_of
from bandits.registry import ENVIRONMENTS, POLICIES, Registry
from bandits.seeds import Seeds
from environments.contract import Environment
from environments.record import KEPT
from experiments.run import FORMAT, KEY
from experiments.run.identity import Description, as_written, canonical, identity_of, json_of, stream_of
from experiments.run.shared import class_state, tell_changes
from experiments.run.sources import Sources, file_hashes
from experiments.run.theory import Theory, as_json

if TYPE_CHECKING:
    from experiments.study.model import Component, Experiment, Study

JobResult = tuple[dict[str, NDArray[Any]], dict[str, Any]]
AnyPolicy = Policy[Any, Any, Any, Any]
AnyEnvironment = Environment[Any, Any, Any, Any]
Watch = Callable[[AnyPolicy], None]

LOOKS = 10
"""Pieces that replicate 0 is cut into, for a look at the policy after each."""


@dataclass(frozen=True)
class Job:
    """One batch of replicates of one policy (``policy`` None: of the environment's comparators).

    Attributes:
        experiment: the experiment's name.
        environment: name and parameters.
        policy: name and parameters, or None.
        label: the policy's label; empty in an environment's job.
        horizon: rounds.
        seed: root of all randomness.
        first: first replicate of the batch.
        count: number of replicates.
        checkpoints: number of times asked for.
        key: hash of all that decides the job's numbers; neither the experiment nor the label is among it.
        packages: those that the classes are from which it is made of; none where they are not known.
        stream: words that tell the policy's randomness from that of others, see ``identity.stream_of``; none where it
            is worked out when the job runs. A job with classes of others works it out in any case.
    """

    experiment: str
    environment: Mapping[str, Any]
    policy: Mapping[str, Any] | None
    label: str
    horizon: int
    seed: int
    first: int
    count: int
    checkpoints: int
    key: str = ""
    packages: frozenset[str] = frozenset()
    stream: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """Experiment, label and replicates, for progress and errors."""
        batch = f"replicates {self.first}..{self.first + self.count - 1}"
        return f"{self.experiment} · {self.label or 'comparators'} · {batch}"


def jobs_of(study: Study) -> list[Job]:
    """All jobs of a study, an environment's first in each experiment. Those with equal keys are one piece of work."""
    hashes = _Hashes()
    return [job for experiment in study.all_experiments() for job in _experiment_jobs(study, experiment, hashes)]


def outline(experiments: Sequence[Experiment], batch: int) -> Iterator[tuple[str, str, int, int]]:
    """Experiment, label, first replicate and number of replicates of each job, in the order of ``jobs_of``."""
    for experiment in experiments:
        for label in ("", *(policy.title for policy in experiment.policies)):
            for first, count in _batches(experiment, batch):
                yield experiment.name, label, first, count


def _experiment_jobs(study: Study, experiment: Experiment, hashes: _Hashes) -> Iterator[Job]:
    environment = _description(experiment.environment)
    surroundings = hashes.of(ENVIRONMENTS, environment, Environment, horizon=experiment.horizon)
    policies: Sequence[Component | None] = (None, *experiment.policies)
    for entry in policies:
        policy = _description(entry) if entry else None
        learner = hashes.of(POLICIES, policy, Policy) if policy else _Known("", surroundings.packages, ())
        known = surroundings.packages and learner.packages
        for first, count in _batches(experiment, study.batch):
            numbers = [FORMAT, study.seed, first, count, study.checkpoints, experiment.horizon]
            yield Job(
                experiment=experiment.name,
                environment=environment,
                policy=policy,
                label=entry.title if entry else "",
                horizon=experiment.horizon,
                seed=study.seed,
                first=first,
                count=count,
                checkpoints=study.checkpoints,
                key=_hash([*numbers, surroundings.hash, learner.hash])[:KEY],
                packages=surroundings.packages | learner.packages if known else frozenset(),
                stream=learner.stream,
            )


def _description(component: Component) -> Description:
    return {"name": component.name, "parameters": component.parameters}


class _Known(NamedTuple):
    """Of a component: its hash, the packages of the classes that it is made of, and the words of its random stream.

    There are no packages and no words where its identity is not known.
    """

    hash: str
    packages: frozenset[str]
    stream: tuple[int, ...]


class _Hashes:
    """Hashes of what components are, with their code and the files that they name; each is worked out once."""

    def __init__(self) -> None:
        self._sources = Sources()
        self._known: dict[tuple[str, str], _Known] = {}

    def of(self, registry: Registry, what: Description, kind: type[Any], **given: Any) -> _Known:
        """What is known of a component; arguments as those of ``canonical``."""
        written = (registry.kind, json_of([what, given]))
        if written not in self._known:
            packages, stream = frozenset[str](), tuple[int, ...]()
            try:
                identity = identity_of(registry, what, kind, **given)
                packages = frozenset(cls.__module__.partition(".")[0] for cls in identity.classes)
                stream = stream_of(identity.form)
            except Exception:  # of whatever kind it is, the job says so
                identity = as_written(registry, what)
            code, files = self._sources.code_hash(identity.classes), file_hashes(identity.form)
            self._known[written] = _Known(_hash([identity.form, code, files]), packages, stream)
        return self._known[written]


def _hash(parts: Any) -> str:
    return sha256(json_of(parts).encode()).hexdigest()


def _batches(experiment: Experiment, size: int) -> Iterator[tuple[int, int]]:
    """First replicate and number of replicates of each batch; none holds tuning and held-out replicates of a search."""
    cut = experiment.search.tuning if experiment.search else 0
    for start, stop in ((0, cut), (cut, experiment.replicates)):
        for first in range(start, stop, size):
            yield first, min(size, stop - first)


def tape_rng(seed: int, replicate: int) -> Generator:
    """The generator of a replicate's tape, the same for every policy."""
    return Seeds(seed, (replicate, 0)).generator()


def policy_rng(seed: int, replicate: int, stream: Sequence[int]) -> Generator:
    """The generator of a policy's own choices in a replicate."""
    return Seeds(seed, (replicate, 1, *stream)).generator()


@lru_cache(maxsize=64)
def checkpoints(number: int, horizon: int) -> NDArray[np.int64]:
    """About ``number`` times from 1 to ``horizon``, log-spaced, increasing, the horizon among them; read-only."""
    times = np.unique(np.round(np.geomspace(1, horizon, min(number, horizon))).astype(np.int64))
    times[-1] = horizon
    times.flags.writeable = False
    return times


def run_job(job: Job, watch: Watch = lambda policy: None) -> JobResult:
    """The arrays of a job, each [count, n_checkpoints], and what JSON says about them; see ``play`` and ``compare``.

    ``about["job"]`` has its seed, first replicate, number of replicates, checkpoints and horizon.
    """
    environment: AnyEnvironment = ENVIRONMENTS.build(job.environment, of=Environment, horizon=job.horizon)
    times, replicates = checkpoints(job.checkpoints, job.horizon), range(job.first, job.first + job.count)
    if job.policy is None:
        before = class_state(environment)
        arrays, about = compare(environment, times, job.seed, replicates)
    else:
        policy: AnyPolicy = POLICIES.build(job.policy, of=Policy)
        before = class_state(environment, policy)
        known = job.stream if not before else ()  # classes of others are built again, which shows what that changes
        stream = known or stream_of(canonical(POLICIES, job.policy, of=Policy))
        arrays, about = play(policy, environment, times, job.seed, replicates, stream, watch)
    tell_changes(before)
    return arrays, {**about, "job": [job.seed, job.first, job.count, job.checkpoints, job.horizon]}


def play(
    policy: AnyPolicy,
    environment: AnyEnvironment,
    times: NDArray[np.int64],
    seed: int,
    replicates: range,
    stream: Sequence[int] = (),
    watch: Watch = lambda policy: None,
) -> JobResult:
    """Play some replicates.

    Args:
        policy: who plays.
        environment: what is played.
        times: [n_times] at which the metrics are asked for; the last one is the horizon.
        seed: root of all randomness.
        replicates: their numbers.
        stream: words of 32 bits that tell the policy's randomness from that of others; see ``identity.stream_of``.
        watch: is shown the policy at the end of the first replicate here, and of replicate 0 at about ten times.

    Returns:
        ``series/<name>`` [n_replicates, n_times] of the metrics, and ``bound/<i>``, which ``about["bounds"][i]``
        describes, [n_replicates, n_times], or [n_times] where it is the same in all replicates;
        ``about["clairvoyant"]``, and ``about["random"]``, whether anything of the first replicate was drawn.

    Raises:
        ValueError: of the bounds, as ``experiments.run.theory.Theory.add``.
    """
    moments = times.tolist()
    horizon = moments[-1]
    series: dict[str, NDArray[np.float64]] = {}
    theory = Theory(times.astype(np.float64), type(policy).__name__)
    random = False
    for row, replicate in enumerate(replicates):
        luck = tape_rng(seed, replicate), policy_rng(seed, replicate, stream)
        fresh = [] if row else [_state(rng) for rng in luck]
        try:
            tape = environment.draw(luck[0])
            environment.begin(tape)
            policy.reset(environment.problem, luck[1])
            stretch = min(KEPT, -(-horizon // LOOKS)) if replicate == 0 else KEPT
            known, now = 0, environment.clock
            while now < horizon:
                following = moments[known]  # no stop before it is of use
                policy.advance(environment, max(min(stretch, horizon - now), following - now))
                now = environment.clock
                passed = bisect_right(moments, now, known)
                if passed > known:
                    for name, values in environment.metrics(times[known:passed]).items():
                        if name not in series:
                            series[name] = np.full((len(replicates), len(times)), np.nan)
                        series[name][row, known:passed] = values
                known = passed
                if row == 0:
                    watch(policy)
        except Exception as error:
            error.add_note(f"in replicate {replicate}, round {getattr(environment, 'clock', 0)}")
            raise
        instance, problem = environment.instance(), environment.problem
        theory.add(replicate, instance, environment.regrets, partial(bounds_of, policy, problem, instance))
        if row == 0:
            random = [_state(rng) for rng in luck] != fresh or not _same(tape, environment.draw(tape_rng(seed + 1, 0)))
    named = {f"series/{name}": values for name, values in series.items()}
    return _with_bounds(named, theory, clairvoyant=bool(policy.clairvoyant), random=random)


def _state(rng: Generator) -> Any:
    """What changes of a generator when it, or a child that it spawns, is drawn from."""
    seeds = rng.bit_generator.seed_seq
    return rng.bit_generator.state, getattr(seeds, "n_children_spawned", 0)


def _same(tape: Any, other: Any) -> bool:
    """Whether two tapes are known to be the same, in which no generator waits to be drawn from."""
    try:
        return tape is other or pickle.dumps(tape) == pickle.dumps(other)
    except Exception:  # whatever a tape of others raises that does not pickle
        return False


def compare(environment: AnyEnvironment, times: NDArray[np.int64], seed: int, replicates: range) -> JobResult:
    """Work out what all policies of some replicates share; arguments and errors as ``play``.

    Returns:
        ``comparator/<name>`` and ``clock/<name>`` [n_replicates, n_times], ``limit/<regret>`` [2, n_times], the lower
        bounds as in ``play``, and ``about["regrets"]``, the regret definitions.
    """
    curves: dict[str, NDArray[np.float64]] = {}
    theory = Theory(times.astype(np.float64), type(environment).__name__)
    for row, replicate in enumerate(replicates):
        environment.begin(environment.draw(tape_rng(seed, replicate)))
        for kind, found in (("comparator", environment.comparators(times)), ("clock", environment.clocks(times))):
            for name, values in found.items():
                curves.setdefault(f"{kind}/{name}", np.empty((len(replicates), len(times))))[row] = values
        theory.add(replicate, environment.instance(), environment.regrets, environment.lower_bounds)
    curves |= {f"limit/{name}": np.array(ends, dtype=np.float64) for name, ends in environment.limits(times).items()}
    return _with_bounds(curves, theory, regrets=[asdict(regret) for regret in environment.regrets()])


def _with_bounds(curves: dict[str, NDArray[np.float64]], theory: Theory, **about: Any) -> JobResult:
    values = {f"bound/{i}": found for i, found in enumerate(theory.values())}
    return curves | values, {"bounds": [as_json(bound) for bound in theory.bounds()], **about}

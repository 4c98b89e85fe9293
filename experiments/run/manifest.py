"""The manifest of a folder of results: the study that they are of, and the jobs, each with its key."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from experiments.run import FORMAT, KEY
from experiments.run.jobs import Job, jobs_of, outline
from experiments.run.store import DamagedError, content_of, read_json, write_json
from experiments.study.axes import Model
from experiments.study.model import Experiment, Study

PACKAGES = ("regretlab", "numpy", "scipy", "numba", "gymnasium", "joblib")
AGAIN = "run the study again, results that are whole are kept"


class Entry(Model):
    """A job in a manifest; the policy of an environment's job is None."""

    key: str = Field(pattern=rf"^[0-9a-f]{{{KEY}}}$")
    experiment: str
    policy: str | None
    first: int
    count: int


class Layout(Model):
    """What a manifest is made of."""

    format: Literal[FORMAT]  # type: ignore[valid-type]
    study: Study
    jobs: list[Entry]
    seed: int
    versions: dict[str, str | None]
    machine: str


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was read.

    Attributes:
        data: all of it, as plain data.
        study: what was run.
        experiments: those of the study, as ``Study.all_experiments`` gives them.
    """

    data: Mapping[str, Any]
    study: Study
    experiments: Sequence[Experiment]


def manifest_file(folder: Path) -> Path:
    """Where the manifest of a folder of results stands."""
    return folder / "manifest.json"


def write_manifest(folder: Path, study: Study, jobs: Iterable[Job]) -> None:
    """Write the manifest of a study and its jobs.

    Raises:
        OSError: it cannot be written; what stood there stands.
    """
    manifest = {
        "format": FORMAT,
        "study": study.model_dump(),
        "jobs": [
            {
                "key": job.key,
                "experiment": job.experiment,
                "policy": job.label or None,
                "first": job.first,
                "count": job.count,
            }
            for job in jobs
        ],
        "seed": study.seed,
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}},
        "machine": f"{platform.system()} {platform.machine()}",
    }
    write_json(manifest_file(folder), manifest)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder of results.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: it cannot be read, is not whole or of another format, or its jobs are not those of its study.
    """
    path = manifest_file(folder)
    try:
        data = read_json(path)
        study = Layout.model_validate(data).study
        experiments = study.all_experiments()
    except FileNotFoundError:
        raise FileNotFoundError(f"{folder} holds no results (no manifest.json): run `regretlab run` first") from None
    except ValueError as error:
        if (written := other_format(folder)) is not None:
            what = f"{folder} holds results of format {written}, written by another version of regretlab"
            raise DamagedError(f"{what}; this one reads format {FORMAT}: run the study again") from None
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            what = f"{path} is damaged ({'.'.join(map(str, first['loc']))}: {first['msg']})"
        else:
            what = str(error) if isinstance(error, DamagedError) else f"{path} is damaged ({error})"
        raise DamagedError(f"{what}: {AGAIN}") from None
    listed = ((job["experiment"], job["policy"] or "", job["first"], job["count"]) for job in data["jobs"])
    for wanted, found in zip_longest(outline(experiments, study.batch), listed):
        if wanted != found:
            what = f"its jobs are not those of its study: {found} in place of {wanted}"
            raise DamagedError(f"{path} is damaged ({what}): {AGAIN}")
    return Manifest(data, study, experiments)


def other_format(folder: Path) -> Any:
    """The format of what stands in a folder, where it is not that of this version; None otherwise."""
    try:
        data = json.loads(content_of(manifest_file(folder)))
        found = data.get("format", 1 if "cells" in data else FORMAT)  # the first one had no number
    except (OSError, ValueError, RecursionError, AttributeError):
        return None
    return found if found != FORMAT else None


def note_unusable(folder: Path, note: Callable[[str], None]) -> None:
    """Say that what stands in the folder is damaged, or of another format, of which nothing is used."""
    if (found := other_format(folder)) is not None:
        note(f"{folder} holds results of format {found}; nothing of them is used, this version has format {FORMAT}")
        return
    try:
        read_json(manifest_file(folder))
    except FileNotFoundError:
        return
    except DamagedError as error:
        note(f"{error}; it is written anew, results that are whole are kept")


def check_same_study(folder: Path, study: Study) -> None:
    """See that a folder holds no other study than this one.

    What it holds is the same study, whatever was changed in it since, if the two have a job in common, or an
    experiment: of the same name, in an environment of the same name that has the same arguments or is played by a
    policy of the same name.

    Raises:
        FileExistsError: it holds another one; nothing was changed.
    """
    try:
        there = read_json(manifest_file(folder))
        same = _akin(there["study"], json.loads(json.dumps(study.model_dump())))
        same = same or not {job["key"] for job in there["jobs"]}.isdisjoint(job.key for job in jobs_of(study))
        names = ", ".join(entry["name"] for entry in there["study"]["experiments"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # nothing there, or nothing to be read
        return
    if not same:
        raise FileExistsError(
            f"{folder} holds another study named {there['study']['name']} (of {_brief(names)}), which has no "
            "experiment and no result in common with this one; nothing was replaced: choose another folder (--out, "
            "out=) or another name (name:, name=), or replace it (--replace, replace=True)"
        )


def _akin(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two studies, as plain data, have an experiment in common; see ``check_same_study``."""
    others = {entry["name"]: entry for entry in other["experiments"]}
    pairs = [(entry, others[entry["name"]]) for entry in one["experiments"] if entry["name"] in others]
    return any(
        _name(a["environment"]) == _name(b["environment"])
        and (a["environment"] == b["environment"] or {*map(_name, a["policies"])} & {*map(_name, b["policies"])})
        for a, b in pairs
    )


def _name(component: Any) -> str:
    """The name of a component, however it is written."""
    return json.dumps(component.get("name", component) if isinstance(component, Mapping) else component)


def _brief(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]} …"

"""The manifest: whole, of its study, and of no other one."""

import json

import numpy as np
import pytest

import experiments
from experiments.run.jobs import jobs_of, outline
from experiments.run.manifest import FORMAT, check_same_study, manifest_file, read_manifest
from experiments.run.merge import merge
from experiments.run.runner import run
from experiments.run.store import DamagedError, read_job, read_json, timing_file, write_job, write_json
from experiments.study.config import find, load_study, parse_study


@pytest.fixture
def folder(study, tmp_path):
    run(study, tmp_path / "results", jobs=1)
    return tmp_path / "results"


def test_whatever_byte_is_another_is_told_and_mended(study, folder):
    path = manifest_file(folder)
    good = path.read_bytes()
    for place in np.linspace(0, len(good) - 1, 200, dtype=int):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        path.write_bytes(bad)
        with pytest.raises(DamagedError, match="run the study again"):
            experiments.load(folder)
        with pytest.raises(DamagedError, match="run the study again"):
            merge([folder], folder.parent / "out")
    notes: list[str] = []
    outcome = run(study, folder, jobs=1, damaged=notes.append)
    assert {done.status for done in outcome.done} == {"kept"}
    assert len(notes) == 1
    assert "manifest.json is damaged" in notes[0]
    assert path.read_bytes() == good
    assert not (folder.parent / "out").exists()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda m: {**m, "jobs": None}, "jobs: Input should be a valid list"),
        (lambda m: {"jobs": m["jobs"]}, "format: Field required"),
        (lambda m: {**m, "jobs": [{**m["jobs"][0], "key": "../" * 8}]}, r"jobs\.0\.key: String should match"),
        (lambda m: {**m, "jobs": [{**m["jobs"][0], "key": "a" * 23}]}, r"jobs\.0\.key: String should match"),
        (lambda m: {**m, "jobs": [{**m["jobs"][0], "key": "a" * 24 + "\n"}]}, r"jobs\.0\.key: String should match"),
        (lambda m: {**m, "jobs": m["jobs"][1:]}, "its jobs are not those of its study"),
        (lambda m: {**m, "jobs": [*m["jobs"], m["jobs"][0]]}, "its jobs are not those of its study"),
        (lambda m: {**m, "jobs": [{**j, "policy": "bald"} for j in m["jobs"]]}, "its jobs are not those of its study"),
        (lambda m: {**m, "study": {**m["study"], "batch": 3}}, "its jobs are not those of its study"),
        (lambda m: {**m, "study": {**m["study"], "replicats": 1}}, r"study\.replicats: Extra inputs"),
        (lambda m: {**m, "study": {**m["study"], "batch": 0}}, r"study\.batch: Input should be"),
    ],
)
def test_a_manifest_that_is_not_what_a_run_writes(folder, damage, what):
    write_json(manifest_file(folder), damage(read_json(manifest_file(folder))))
    for read in (experiments.load, lambda folder: merge([folder], folder.parent / "out")):
        with pytest.raises(DamagedError, match=rf"manifest\.json is damaged \(.*{what}.*run the study again"):
            read(folder)
    assert not (folder.parent / "out").exists()


def test_results_of_another_format_are_named_and_not_read(study, folder):
    """Those of the first format had cells, and no number; none before the fourth had a checksum."""
    path = manifest_file(folder)
    manifest = read_json(path)
    assert manifest["format"] == FORMAT
    first = {"study": {}, "cells": [], "versions": {}, "machine": ""}
    for written, number in ((first, 1), ({**manifest, "format": 3}, 3), ({**manifest, "format": 99}, 99)):
        for write in (lambda value: path.write_text(json.dumps(value)), lambda value: write_json(path, value)):
            write(written)
            with pytest.raises(DamagedError, match=rf"results of format {number}, .*this one reads format {FORMAT}"):
                experiments.load(folder)
            notes: list[str] = []
            outcome = run(study, folder, jobs=1, damaged=notes.append)
            assert {done.status for done in outcome.done} == {"kept"}
            assert len(notes) == 1
            assert f"holds results of format {number}" in notes[0]
            experiments.load(folder)


@pytest.mark.parametrize("name", ["quickstart", "arms/exploration", "arms/noise"])
def test_the_outline_of_a_study_is_that_of_its_jobs(name):
    study = load_study(find(name))
    found = [(job.experiment, job.label, job.first, job.count) for job in jobs_of(study)]
    assert list(outline(study.all_experiments(), study.batch)) == found


@pytest.mark.parametrize("how", ["shape", "bound", "horizon"])
def test_a_result_that_is_not_of_its_job_is_missing(folder, how):
    entry = next(job for job in read_manifest(folder).data["jobs"] if job["policy"] == "ucb1")
    arrays, about = read_job(folder, entry["key"])
    if how == "horizon":
        about = {**about, "job": [*about["job"][:-1], 201]}
    else:
        name = "series/reward" if how == "shape" else "bound/0"
        arrays = {**arrays, name: arrays[name][..., 1:]}
    write_job(folder, entry["key"], arrays, about)
    found = experiments.load(folder).experiments["two"]
    assert len(found.missing) == 1
    assert "holds the result of another job: remove it" in found.missing[0]
    assert found.replicates.tolist() == [2, 3, 4, 5]


def test_a_damaged_timing_is_named_and_taken_away(study, folder):
    entry = next(job for job in read_manifest(folder).data["jobs"] if job["policy"] == "ucb1")
    path = timing_file(folder, entry["key"])
    good = path.read_text(encoding="utf-8")
    before = experiments.load(folder).experiments["two"]
    digit = next(i for i, c in enumerate(good) if c.isdigit() and i > good.index("seconds"))
    path.write_text(good[:digit] + str(9 - int(good[digit])) + good[digit + 1 :], encoding="utf-8")
    found = experiments.load(folder).experiments["two"]
    assert len(found.missing) == 1
    assert f"{path} is damaged" in found.missing[0]
    assert found.prices["ucb1"].total < before.prices["ucb1"].total
    notes: list[str] = []
    assert {done.status for done in run(study, folder, jobs=1, damaged=notes.append).done} == {"kept"}
    assert len(notes) == 1
    assert f"{path} is damaged" in notes[0]
    assert experiments.load(folder).experiments["two"].missing == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("seed: 3", "seed: 4"),
        ("seed: 3\nbatch: 2\ncheckpoints: 20", "seed: 4\nbatch: 3\ncheckpoints: 30"),
        ("horizon: 200", "horizon: 300"),
        ("means: [0.2, 0.8]", "means: [0.3, 0.8]"),
        ("name: two", "name: twain"),
        ("title: A small study", "title: Another one"),
        ("- ucb1", "- exp3"),
        ("      - ucb1\n      - {name: ucb1, label: bold, parameters: {exploration: 8}}", "      - moss"),
        ("{means: [0.2, 0.8]}", "{means: [{sweep: [0.2, 0.4]}, 0.8]}"),
    ],
)
def test_a_study_goes_on_whatever_is_changed_in_it(text, study, folder, old, new):
    changed = parse_study(text.replace(old, new))
    assert old in text
    check_same_study(folder, changed)
    run(changed, folder, jobs=1)
    check_same_study(folder, study)


@pytest.mark.parametrize(
    "changes",
    [
        {"name: two": "name: three", "seed: 3": "seed: 4"},
        {"{name: bernoulli, parameters: {means: [0.2, 0.8]}}": "{name: gaussian, parameters: {means: [0.2, 0.8]}}"},
        {"means: [0.2, 0.8]": "means: [0.1, 0.8]", "ucb1": "exp3", "exploration: 8": "gamma: 0.1"},
    ],
)
def test_another_study_of_the_same_name_is_told_before_anything_is_replaced(text, study, folder, changes):
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    other = parse_study(text)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(FileExistsError, match=r"holds another study named small \(of two\), .*--out.*--replace"):
        run(other, folder, jobs=1)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    run(other, folder, jobs=1, replace=True)
    assert read_manifest(folder).study == other
    assert {done.status for done in run(study, folder, jobs=1, replace=True).done} == {"kept"}

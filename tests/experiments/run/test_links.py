"""Folders of results as others left them: links are not followed, what cannot be read is computed again."""

import errno
import os

import pytest
from click.testing import CliRunner

import experiments
from experiments.cli import main
from experiments.run import store
from experiments.run.manifest import manifest_file, read_manifest
from experiments.run.merge import merge
from experiments.run.runner import run
from experiments.run.store import DamagedError, error_file, job_file, read_json, timing_file, write_json
from experiments.study.config import parse_study


@pytest.fixture
def folder(study, tmp_path):
    run(study, tmp_path / "results", jobs=1)
    return tmp_path / "results"


@pytest.fixture
def outside(tmp_path):
    """What is not ours: a file, and a folder with the results of somebody else."""
    place = tmp_path / "outside"
    place.mkdir()
    (place / "secret").write_text("secret", encoding="utf-8")
    return place


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def victim(folder):
    """The key of the first replicates of `bold`."""
    return next(job["key"] for job in read_manifest(folder).data["jobs"] if job["policy"] == "bold")


def unreadable(path, how, outside, monkeypatch):
    """Put something that cannot be read in the place of a file."""
    content = path.read_bytes()
    path.unlink()
    if how == "link":
        (outside / "copy").write_bytes(content)
        path.symlink_to(outside / "copy")
    elif how == "loop":
        path.symlink_to(path)
    elif how == "folder":
        path.mkdir()
    elif how == "pipe":
        os.mkfifo(path)
    else:
        path.write_bytes(content)
        usual = os.open

        def refuse(place, flags, *rest, **options):
            if os.fspath(place) == os.fspath(path) and not flags & os.O_WRONLY:
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return usual(place, flags, *rest, **options)

        monkeypatch.setattr(store.os, "open", refuse)


WAYS = {
    "link": "is a link, which is not followed",
    "loop": "is a link, which is not followed",
    "folder": "cannot be read (it is no file)",
    "pipe": "cannot be read (it is no file)",
    "denied": "cannot be read (Permission denied)",
}


@pytest.mark.parametrize("how", WAYS)
def test_a_result_that_cannot_be_read_is_named_and_computed_again(study, folder, outside, how, monkeypatch):
    good, path = contents(folder), job_file(folder, victim(folder))
    unreadable(path, how, outside, monkeypatch)
    there = contents(outside)
    (line,) = experiments.load(folder).experiments["two"].missing
    assert line == f"bold, replicates 0..1: {path} {WAYS[how]}"
    for words in (["plot"], ["check"], ["export", "--format", "csv"], ["report"]):
        done = CliRunner().invoke(main, [words[0], str(folder), *words[1:]])
        assert (done.exit_code, type(done.exception)) == ((1, SystemExit) if words == ["check"] else (0, type(None)))
        assert str(path) in done.output or "1 result is missing" in done.output
    (line,) = merge([folder], folder.parent / "out")
    assert line == f"two · bold · replicates 0..1: damaged in {path}"
    notes: list[str] = []
    outcome = run(study, folder, jobs=1, damaged=notes.append)
    assert notes == [f"{path} {WAYS[how]}; two · bold · replicates 0..1 is computed again"]
    assert [done.job.key for done in outcome.done if done.status != "kept"] == [path.stem]
    if how == "folder":
        assert [done.job.key for done in outcome.failed] == [path.stem]
        assert "directory" in outcome.failed[0].error
        path.rmdir()
        run(study, folder, jobs=1)
    monkeypatch.undo()
    assert contents(folder).items() >= {k: v for k, v in good.items() if k.startswith("jobs/")}.items()
    assert not path.is_symlink()
    assert contents(outside) == there


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("file", [timing_file, manifest_file, error_file])
def test_neither_are_links_of_other_files_followed(text, plugin, tmp_path, outside, file, how, monkeypatch):
    study = parse_study(text.replace("- ucb1", "- plugin:Raises").replace("seed: 3", "seed: 5"))
    folder = tmp_path / "results"
    failed = run(study, folder, jobs=1).failed
    key = failed[0].job.key if file is error_file else victim(folder)
    path = file(folder) if file is manifest_file else file(folder, key)
    unreadable(path, how, outside, monkeypatch)
    there = contents(outside)
    if file is manifest_file:
        for read in (experiments.load, lambda folder: merge([folder], tmp_path / "out")):
            with pytest.raises(DamagedError) as told:
                read(folder)
            assert f"{path} {WAYS[how]}: run the study again" in str(told.value)
        assert not (tmp_path / "out").exists()
    else:
        missing = experiments.load(folder).experiments["two"].missing
        assert sum(f"{path} {WAYS[how]}" in line for line in missing) == 1
        assert len(missing) == len(failed) + (file is timing_file)
        assert len(merge([folder], tmp_path / "out")) == len(failed)
        assert not os.path.lexists(file(tmp_path / "out", key))
        monkeypatch.undo()
        run(study, folder, jobs=1, damaged=lambda text: None)
    assert contents(outside) == there


@pytest.mark.parametrize("part", ["jobs", "timings", "errors"])
def test_a_folder_that_is_a_link_is_not_followed(study, folder, outside, part):
    (folder / "errors").mkdir(exist_ok=True)
    (folder / part).rename(outside / part)
    (folder / part).symlink_to(outside / part)
    there = contents(outside)
    missing = experiments.load(folder).experiments["two"].missing
    assert len(missing) == (0 if part == "errors" else 9)
    assert all(f"{folder / part} is a link, which is not followed" in line for line in missing)
    for write in (lambda: run(study, folder, jobs=1), lambda: merge([folder], folder)):
        with pytest.raises(OSError, match=f"cannot write results to .*: {part} in it is a link, which is not followed"):
            write()
    merge([folder], folder.parent / "out")
    assert len(contents(folder.parent / "out")) == {"jobs": 1, "timings": 10, "errors": 19}[part]
    assert contents(outside) == there


def test_the_folder_itself_may_be_a_link(study, folder, tmp_path):
    (tmp_path / "link").symlink_to(folder)
    assert experiments.load(tmp_path / "link").experiments["two"].missing == ()
    assert {done.status for done in run(study, tmp_path / "link", jobs=1).done} == {"kept"}
    assert merge([tmp_path / "link"], tmp_path / "out") == []


def test_merge_takes_no_way_out_of_its_output(folder, tmp_path):
    """A key of a manifest is part of names of files."""
    manifest = read_manifest(folder).data
    for key in ("../../outside/abcdefghijk", "/tmp/0123456789abcdef012", "A" * 24, "0" * 24 + "/"):
        write_json(manifest_file(folder), {**manifest, "jobs": [{**job, "key": key} for job in manifest["jobs"]]})
        with pytest.raises(DamagedError, match=r"jobs\.0\.key: String should match pattern"):
            merge([folder], tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results"]


def test_what_is_in_the_way_of_a_merge(folder, tmp_path):
    key, out = victim(folder), tmp_path / "out"
    job_file(out, key).mkdir(parents=True)
    (line,) = merge([folder], out)
    assert line == f"two · bold · replicates 0..1: {job_file(out, key)} is a folder"
    assert read_json(manifest_file(out)) == read_json(manifest_file(folder))


def test_shards_that_differ_in_how_they_look_are_merged(text, tmp_path):
    run(parse_study(text), tmp_path / "a", jobs=1, shard=(1, 2))
    other = text.replace("A small study", "Another title") + "figures: [{experiment: two, quantity: cost}]\n"
    run(parse_study(other), tmp_path / "b", jobs=1, shard=(2, 2))
    notes: list[str] = []
    assert merge([tmp_path / "a", tmp_path / "b"], tmp_path / "out", notes.append) == []
    assert notes == [f"{tmp_path / 'b'} has other figures, title than {tmp_path / 'a'}, whose are kept"]
    assert experiments.load(tmp_path / "out").study == parse_study(text)

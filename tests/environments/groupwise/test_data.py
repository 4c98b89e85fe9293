"""Tables and files: what is refused, where files are looked for, and what comes out of them."""

import hashlib

import numpy as np
import pytest

from environments.groupwise import sources
from environments.groupwise.adult import (
    FIELDS,
    RECONSTRUCTION,
    AdultIncome,
    AdultReconstruction,
    reconstruction_columns,
    uci_columns,
)
from environments.groupwise.data import grouped_data, min_max, one_hot, scale_label
from environments.groupwise.medical import MedicalCosts, medical_data
from environments.groupwise.sources import Source, read

X, Y, G = np.ones((4, 2)), np.arange(4.0), np.eye(4)[:, :2]


def changed(table, value, row, column):
    table = np.array(table, dtype=float)
    table[row, column] = value
    return table


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ((X[0], Y, G, ["a", "b"]), r"contexts must have shape \(n, dimension\) with n >= 1, got \(2,\)"),
        ((X[:0], Y[:0], G[:0], ["a", "b"]), "with n >= 1"),
        ((X, Y[:3], G, ["a", "b"]), r"labels must have shape \(4,\), got \(3,\)"),
        ((X, Y, G, ["a"]), r"groups must have shape \(4, 1\), got \(4, 2\)"),
        ((X, Y, changed(G, 2, 3, 1), ["a", "b"]), r"groups must hold 0 and 1, got 2.0 in row 3, column 1 \(b\)"),
        ((X, Y, changed(G, np.nan, 0, 0), ["a", "b"]), r"got nan in row 0, column 0 \(a\)"),
        ((changed(X, np.inf, 2, 1), Y, G, ["a", "b"]), "contexts must be finite, got inf in row 2, column 1"),
        ((X, np.where(Y == 2, np.nan, Y), G, ["a", "b"]), "labels must be finite, got nan in row 2"),
        ((X, Y, G, ["a", "a"]), "names of groups must be distinct and not empty, got 'a'"),
        ((X, Y, G, ["a", ""]), "distinct and not empty, got ''"),
        ((X, Y, G, ["a", "always_on"]), "the group 'always_on' must hold every row, row 0 is not in it"),
    ],
)
def test_tables_are_checked(arguments, what):
    with pytest.raises(ValueError, match=what):
        grouped_data(*arguments)


def test_the_group_of_all_rows():
    assert grouped_data(X, Y, G, ["a", "b"]).names == ("a", "b", "always_on")
    assert grouped_data(X, Y, G, ["a", "b"], always_on=False).names == ("a", "b")
    assert grouped_data(X, Y, np.ones((4, 1)), ["always_on"]).names == ("always_on",)
    assert grouped_data(X, Y, G == 1, ["a", "b"]).groups[:, 2].tolist() == [1] * 4


def test_scaling():
    assert min_max(np.array([2.0, 4.0, 3.0]), "x").tolist() == [0.0, 1.0, 0.5]
    with pytest.warns(UserWarning, match="the column x is constant"):
        assert not min_max(np.array([2.0, 2.0]), "x").any()
    with pytest.raises(ValueError, match="the label y is constant"):
        scale_label(np.array([2.0, 2.0]), "y")
    table, names = one_hot(["b", "?", "b"])
    assert names == ["?", "b"]
    assert table.tolist() == [[0, 1], [1, 0], [0, 1]]


CONTENT = b"a,b\r\n1,2\r\n"
THING = Source(
    key="thing",
    folder="things",
    file="thing.csv",
    url="https://example.org/thing.csv",
    terms="free",
    sha256=hashlib.sha256(b"a,b\n1,2").hexdigest(),
    text_sha256=hashlib.sha256(b"a,b\n1,2\n").hexdigest(),
)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The data folder, the cache, and a network that is down."""
    monkeypatch.setenv("REGRETLAB_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("REGRETLAB_CACHE", str(tmp_path / "cache"))
    folders = [tmp_path / "data" / "things", tmp_path / "cache" / "data" / "things"]
    for folder in folders:
        folder.mkdir(parents=True)
    calls = []

    def down(url, **_):
        calls.append(url)
        raise OSError("no network")

    monkeypatch.setattr("pooch.retrieve", down)
    return (*folders, calls)


def test_places_in_order(places, tmp_path):
    data, cache, calls = places
    with pytest.raises(FileNotFoundError) as caught:
        read(THING)
    text = str(caught.value)
    named = [THING.file, THING.url, THING.sha256, str(data), str(cache), "REGRETLAB_DATA", "no network", "free"]
    assert all(part in text for part in named)
    assert calls == [THING.url]
    (cache / "thing.csv").write_bytes(CONTENT.replace(b"1", b"3"))
    (data / "thing.csv").write_bytes(CONTENT)
    assert read(THING) == CONTENT.decode()
    (data / "thing.csv").unlink()
    with pytest.raises(
        ValueError, match=f"is not the file thing.csv of the data set thing: expected SHA-256 {THING.sha256}"
    ):
        read(THING)
    assert read(THING, verify=False).startswith("a,b")
    own = tmp_path / "mine.csv"
    own.write_bytes(b"a,b\n1,2")
    assert read(THING, str(own)) == "a,b\n1,2"
    with pytest.raises(FileNotFoundError, match="path: there is no file"):
        read(THING, str(tmp_path / "nothing"))


def test_downloads_land_in_the_cache(places, monkeypatch):
    _, cache, _ = places

    def up(url, known_hash, fname, path, downloader):
        assert known_hash == f"sha256:{THING.sha256}"
        (path / fname).write_bytes(b"a,b\n1,2")

    monkeypatch.setattr("pooch.retrieve", up)
    assert read(THING) == "a,b\n1,2"
    assert (cache / "thing.csv").is_file()


def test_without_a_data_folder_the_message_says_so(places, monkeypatch):
    monkeypatch.delenv("REGRETLAB_DATA")
    with pytest.raises(FileNotFoundError, match=r"names \(unset\)"):
        read(THING)


def test_git_blobs():
    content = b"hello\n"
    source = Source("x", "x", "x", "x", "x", blobs=("ce013625030ba8dba906f756967f9e9ca394464a",))
    assert source.fits(content)
    assert not source.fits(b"hello")


@pytest.mark.parametrize("make", [MedicalCosts, AdultIncome, AdultReconstruction])
def test_missing_files_are_named(make, places):
    with pytest.raises(FileNotFoundError, match="REGRETLAB_DATA"):
        make()


def test_the_reconstruction_is_never_downloaded(places):
    with pytest.raises(FileNotFoundError, match="its terms forbid that this package fetches it"):
        AdultReconstruction()
    assert places[2] == []
    assert not RECONSTRUCTION.sha256


RECONSTRUCTED = """hours-per-week,age,capital-gain,capital-loss,workclass,education,education-num,marital-status,\
relationship,race,gender,native-country,income,occupation
20,40,0,0,Private,HS-grad,9,Divorced,Wife,White,Female,?,50000,Sales
40,21,10,5,State-gov,Bachelors,13,Never-married,Husband,Black,Male,United-States,60000,?
30,70,0,5,Private,Bachelors,13,Never-married,Husband,Other,Male,United-States,52500,?
"""


def test_a_reconstruction_of_our_own(tmp_path):
    file = tmp_path / "adult_reconstruction.csv"
    file.write_text(RECONSTRUCTED)
    with pytest.raises(ValueError, match="expected git blob SHA-1 966f"):
        AdultReconstruction(path=str(file))
    with pytest.warns(UserWarning, match="groups without any row"):
        environment = AdultReconstruction(path=str(file), verify=False, order="ascending", sort_by="age")
    assert environment.data.labels.tolist() == [0.0, 1.0, 0.25]
    assert environment.data.contexts[:, 0].tolist() == [0.0, 1.0, 0.5]
    members = dict(zip(environment.problem.groups, environment.data.groups.T.tolist(), strict=True))
    assert members["middle"] == [1, 0, 0]
    assert members["HighSchool&less"] == [1, 0, 0]
    assert members["Male"] == [0, 1, 1]
    assert members["Asian-Pac-Islander"] == [0, 0, 0]
    assert environment.draw(np.random.default_rng(0)).tolist() == [1, 0, 2]
    with pytest.raises(ValueError, match=r"lacks the columns age; it has hours-per-week, alter"):
        reconstruction_columns(RECONSTRUCTED.replace("age,", "alter,", 1))


def test_lines_of_the_uci_file():
    line = ", ".join(["39"] * 14)
    columns = uci_columns(f"|1x3 Cross validator\n{line}, <=50K\n{line}, >50K.\n\n")
    assert list(columns) == list(FIELDS)
    assert columns["income"] == ["<=50K", ">50K"]
    with pytest.raises(ValueError, match="line 2 must have 15 fields, got 2"):
        uci_columns(f"{line}, <=50K\n1, 2\n")


def test_columns_of_the_medical_file():
    with pytest.raises(ValueError, match=r"insurance\.csv must have the columns age, sex"):
        medical_data("a,b\n1,2\n")


def test_no_data_come_with_the_package():
    from pathlib import Path

    root = Path(sources.__file__).parents[2]
    names = {path.name for folder in ("environments", "configs", "bandits") for path in (root / folder).rglob("*")}
    assert names.isdisjoint({"insurance.csv", "adult.data", "adult.test", "adult_reconstruction.csv"})


def test_a_table_of_groups_is_read_by_name():
    pandas = pytest.importorskip("pandas")
    X, y = np.eye(3), np.ones(3)
    members = pandas.DataFrame({"late": [0, 0, 1], "low": [1, 1, 0]})
    data = grouped_data(X, y, members, ["low", "late"])
    assert data.groups[:, :2].tolist() == [[1, 0], [1, 0], [0, 1]]
    with pytest.raises(ValueError, match=r"groups must name low, early, .*it lacks early, it has late"):
        grouped_data(X, y, members, ["low", "early"])
    with pytest.raises(ValueError, match="groups must have its rows in the order of labels"):
        grouped_data(X, pandas.Series(y), members[::-1], ["low", "late"])
    later, named = pandas.DataFrame(X, index=[1, 2, 3]), pandas.Series(y, ["a", "b", "c"])
    with pytest.raises(
        ValueError, match="labels must have its rows in the order of contexts, got other names beside 2 in"
    ):
        grouped_data(later, pandas.Series(y), members.to_numpy(), ["late", "low"])
    assert grouped_data(later, named, members.to_numpy(), ["late", "low"]).names[0] == "late"

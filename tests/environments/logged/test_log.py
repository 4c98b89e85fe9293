"""Logs: what they refuse and where, what they estimate, and how tables become logs."""

import copy
import pickle

import numpy as np
import pytest

from environments.logged.log import Log
from environments.logged.reading import log_of_plain, plain_log

THREE = {"actions": [0, 1, 1], "rewards": [1.0, 0.0, 0.5], "probabilities": [0.5, 0.5, 0.25], "n_actions": 2}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"actions": [0, 3, 1]}, r"actions\[1\] must be an arm, a whole number in 0..1, got 3"),
        ({"actions": [0, 0.5, 1]}, r"actions\[1\] must be an arm, .* got 0.5"),
        ({"actions": [0, 1]}, "actions must be of 3 rows"),
        ({"actions": ["a", "b", "a"]}, "actions must be a list of whole numbers"),
        ({"rewards": [1.0, np.nan, 0.0]}, r"rewards\[1\] must be a finite number, got nan"),
        ({"rewards": []}, "rewards must be of at least one row, got "),
        ({"probabilities": [0.5, 0.0, 0.5]}, r"probabilities\[1\] must be a probability in \(0, 1\], .* got 0.0"),
        ({"probabilities": [0.5, 0.5, 1.1]}, r"probabilities\[2\] must be a probability"),
        ({"contexts": [[1, 2], [3, np.inf], [5, 6]]}, r"contexts\[1, 1\] must be a finite number, got inf"),
        ({"contexts": [[1, 2], [3, 4]]}, r"contexts must be of shape \(3, d\)"),
        ({"offered": [[1, 1], [1, 0], [1, 1]]}, r"actions\[1\] must be an arm that was offered in that row, got 1"),
        ({"offered": [[1, 1], [0, 0], [1, 1]]}, r"offered\[1\] must be true of at least one arm"),
        ({"offered": [[1, 1], [1, 2], [1, 1]]}, r"offered\[1, 1\] must be true or false, got 2"),
        ({"names": ("a", "b", "c")}, "n_actions, names and offered must speak of one number of arms"),
        ({"names": ("a", "a")}, "names must be different, got 'a' twice"),
        ({"n_actions": 0}, "n_actions must be given where"),
        ({"low": 0.0}, "low and high must both be given"),
        ({"low": 0.0, "high": 0.7}, r"rewards\[0\] must be in the declared range \[0, 0.7\], got 1.0"),
    ],
)
def test_what_no_log_can_be_is_told_with_its_place(changed, message):
    with pytest.raises(ValueError, match=message):
        Log(**{**THREE, **changed})


def test_logs_are_read_only_and_keep_what_they_are():
    given = np.array([1.0, 0.0, 0.5])
    log = Log(**{**THREE, "rewards": given, "offered": [[1, 1], [0, 1], [1, 1]], "names": ("old", "new")})
    given[0] = 7.0
    for same in (log, pickle.loads(pickle.dumps(log)), copy.deepcopy(log), log_of_plain(plain_log(log))):
        assert same.rewards.tolist() == [1.0, 0.0, 0.5]
        assert not same.rewards.flags.writeable
        assert (same.names, same.n_offered.tolist()) == (("old", "new"), [2, 1, 2])
    with pytest.raises(ValueError, match="did you mean 'old'"):
        log.arm("odl")
    assert log.take([2, 2]).probabilities.tolist() == [0.25, 0.25]


def test_unknown_probabilities_are_asked_for_declared_or_estimated():
    log = Log(actions=[0, 1, 1, 1], rewards=[0.0] * 4, offered=[[1, 1], [1, 1], [1, 1], [0, 1]])
    with pytest.raises(ValueError, match=r"IPS needs .* log\.with_uniform_probabilities\(\)"):
        log.propensities("IPS")
    even = log.with_uniform_probabilities()
    assert (even.probabilities.tolist(), even.uniform, log.uniform) == ([0.5, 0.5, 0.5, 1.0], True, False)
    assert log.with_estimated_probabilities().probabilities.tolist() == [1 / 3, 2 / 3, 2 / 3, 1.0]


class Halves:
    """A classifier that has seen two of three arms."""

    def fit(self, contexts, actions):
        self.classes_ = np.unique(actions)

    def predict_proba(self, contexts):
        return np.tile([0.25, 0.75], (len(contexts), 1))


def test_a_model_of_the_probabilities():
    log = Log(actions=[0, 2, 2], rewards=[0.0] * 3, contexts=[[0.0]] * 3, offered=[[1, 1, 1], [1, 1, 1], [0, 1, 1]])
    assert log.with_estimated_probabilities(Halves()).probabilities.tolist() == [0.25, 0.75, 1.0]
    with pytest.raises(ValueError, match="model must be None where the log has no contexts"):
        Log(**THREE).with_estimated_probabilities(Halves())


TABLE = {
    "shown": ["red", "blue", "red"],
    "click": [1, 0, 1],
    "p": [0.5, 0.5, 1.0],
    "age": [20.0, 30.0, 40.0],
    "could": ["red|blue", "red|blue", "red"],
    "red": [1, 1, 1],
    "blue": [1, 1, 0],
}
COLUMNS = {"action": "shown", "reward": "click", "probability": "p", "contexts": ["age"], "low": 0.0, "high": 1.0}


def same(log, names=("blue", "red")):
    assert [log.names[arm] for arm in log.actions] == ["red", "blue", "red"]
    assert (log.names, log.rewards.tolist(), log.probabilities.tolist()) == (names, [1.0, 0.0, 1.0], [0.5, 0.5, 1.0])
    assert log.contexts.tolist() == [[20.0], [30.0], [40.0]]
    return log


def test_tables_of_every_kind(tmp_path):
    pandas, arrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    from pyarrow import parquet

    same(Log.from_frame(TABLE, **COLUMNS))
    same(Log.from_frame(pandas.DataFrame(TABLE), **COLUMNS))
    same(Log.from_frame(arrow.table(TABLE), **COLUMNS))
    pandas.DataFrame(TABLE).to_csv(tmp_path / "log.csv", index=False)
    parquet.write_table(arrow.table(TABLE), tmp_path / "log.parquet")
    for path in ("log.csv", "log.parquet"):
        same(Log.read(tmp_path / path, **COLUMNS))


def test_what_was_offered_is_listed_or_flagged():
    listed = same(Log.from_frame(TABLE, **COLUMNS, offered="could"))
    flagged = same(Log.from_frame(TABLE, **COLUMNS, offered=["red", "blue"]), ("red", "blue"))
    assert listed.offered.tolist() == [[True, True], [True, True], [False, True]]
    assert flagged.offered.tolist() == [[True, True], [True, True], [True, False]]
    more = Log.from_frame(TABLE, **COLUMNS, arms=["red", "blue", "green"])
    assert (more.n_actions, more.actions.tolist()) == (3, [0, 1, 0])
    costs = Log.from_frame(TABLE, **{**COLUMNS, "reward": None, "cost": "click", "low": -1.0, "high": 0.0})
    assert costs.rewards.tolist() == [-1.0, 0.0, -1.0]
    assert Log.from_frame({"action": [10, 9], "reward": [True, False]}, probability="uniform").names == ("9", "10")


@pytest.mark.parametrize(
    ("columns", "table", "message"),
    [
        ({"action": "show"}, {}, "action must be the name of a column, got 'show' .did you mean 'shown'"),
        ({}, {"click": [1, None, 0]}, "row 2, column 'click' must be a number, got None: nothing is filled in"),
        ({}, {"p": [0.5, 2.0, 0.5]}, r"row 2, column 'p' must be a probability in \(0, 1\]"),
        ({}, {"age": ["x", 1, 2]}, "row 1, column 'age' must be a number, got 'x'"),
        ({"high": 0.5}, {}, r"row 1, column 'click' must be in the declared range \[0, 0.5\], got 1.0"),
        ({"arms": ["red"]}, {}, "row 2, column shown must be one of the arms, .'red'., got 'blue'"),
        (
            {"offered": "could"},
            {"could": ["red", "red", "red"]},
            "row 2, column 'shown' must be an arm that was offered",
        ),
        ({"offered": "could"}, {"could": ["red", "", "red"]}, "row 2, column 'could' must list the arms offered"),
        ({"offered": ["red", "blue"]}, {"red": [1, 1, 1], "blue": [1, 2, 0]}, "row 2, column 'blue' must be 0 or 1"),
        *(
            ({}, {"shown": ["red", gap, "red"]}, f"row 2, column shown must be one of the arms, .'red'., got {gap!r}")
            for gap in ("", " ", "NA", None)
        ),
    ],
)
def test_cells_that_cannot_be_are_told_with_row_and_column(columns, table, message):
    with pytest.raises(ValueError, match=message):
        Log.from_frame({**TABLE, **table}, **{**COLUMNS, **columns})


def test_estimated_probabilities_are_marked_through_everything():
    log = Log(actions=[0, 1, 0, 1], rewards=[1, 0, 1, 0], n_actions=2, low=0, high=1)
    found = log.with_estimated_probabilities()
    assert found.estimated
    assert not found.uniform
    assert log.with_uniform_probabilities().uniform
    for same in (found.take([0, 1]), pickle.loads(pickle.dumps(found)), log_of_plain(plain_log(found))):
        assert same.estimated
    assert "estimated propensities" in repr(found)
    assert not found.with_uniform_probabilities().estimated


def test_identities_of_64_bits_are_different_arms():
    ids = [2**60 + 1, 2**60 + 2, 2**60 + 1]
    table = {"action": np.array(ids), "reward": [1, 0, 1]}
    assert Log.from_frame(table, probability="uniform").names == (str(ids[0]), str(ids[1]))


def test_lists_in_cells_are_lists_whatever_their_length_and_kind():
    many = [f"arm {i}" for i in range(60)]
    could = [np.array(many), many[:2], ("arm 1", "arm 0")]
    log = Log.from_frame({"action": many[:2] + many[:1], "reward": [1, 0, 1], "o": could}, "action", offered="o",
                         probability="uniform", arms=many)  # fmt: skip
    assert log.n_offered.tolist() == [60, 2, 2]
    assert log.offered[2].nonzero()[0].tolist() == [0, 1]


def test_tables_of_pandas_with_gaps_flags_and_an_index():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"action": ["a", "b", "a"], "reward": [1, 0, 1], "x": [0.1, 0.2, 0.3]}, index=[7, 2, 5])
    flags = table.assign(reward=pandas.array([True, False, True], dtype="boolean"))
    log = Log.from_frame(flags, probability="uniform", contexts=None)
    assert (log.contexts.tolist(), log.rewards.tolist()) == ([[0.1], [0.2], [0.3]], [1.0, 0.0, 1.0])
    for gaps in (
        pandas.array(["a", None, "b"], dtype="string"),
        pandas.array([0, None, 1], dtype="Int64"),
        pandas.to_datetime(["2020-01-01", None, "2020-01-02"]),
    ):
        with pytest.raises(ValueError, match=r"row 2, column action must be one of the arms, .*, got None"):
            Log.from_frame(table.assign(action=gaps), probability="uniform")


def test_an_index_that_pandas_wrote_to_a_file_is_no_context(tmp_path):
    (tmp_path / "log.csv").write_text(",action,reward,x\n0,a,1,0.5\n1,b,0,0.6\n")
    assert Log.read(tmp_path / "log.csv", probability="uniform", contexts=None).contexts.tolist() == [[0.5], [0.6]]


def test_files_and_formats_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*nowhere\.csv"):
        Log.read(tmp_path / "nowhere.csv")
    (tmp_path / "log.txt").write_text("x")
    with pytest.raises(ValueError, match="format must be one of table, dsjson, vw, open_bandit"):
        Log.read(tmp_path / "log.txt")
    with pytest.raises(ValueError, match=r"options of the format table: actoin: .*did you mean 'action'"):
        Log.read(tmp_path / "log.txt", "table", actoin="x")

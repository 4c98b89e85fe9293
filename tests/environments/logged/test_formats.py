"""Other people's formats: what vowpalwabbit 9.11.9 makes of them was looked at once and stands here as facts."""

import json

import numpy as np
import pytest

from environments.logged import dsjson, open_bandit, vw
from environments.logged.examples import small_log
from environments.logged.log import Log
from environments.logged.reading import read_log

LINE = {
    "_label_cost": -1.0,
    "_label_probability": 0.25,
    "_label_Action": 3,
    "_labelIndex": 1,
    "Version": "1",
    "EventId": "e1",
    "a": [2, 1, 3],
    "c": {
        "ctx": {"x": 0.5, "s": "hi"},
        "_multi": [{"arm": {"n": 1}}, {"arm": {"m": 1}}, {"_tag": "k", "arm": {"k": 1}}],
    },
    "p": [0.25, 0.5, 0.25],
}


def read(tmp_path, *lines, **options):
    path = tmp_path / "log.dsjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return dsjson.read(path, **options)


def test_the_label_index_alone_picks_the_arm_in_any_order_of_keys(tmp_path):
    """VW: the label is on the second entry of _multi, cost -1, probability 0.25, whatever _label_Action says."""
    turned = dict(reversed(LINE.items()))
    del turned["_label_Action"]
    log = read(tmp_path, LINE, turned)
    assert (log.actions.tolist(), log.rewards.tolist(), log.probabilities.tolist()) == (
        [1, 1],
        [1.0, 1.0],
        [0.25, 0.25],
    )
    assert log.contexts.tolist() == [[0.5, 1.0], [0.5, 1.0]]
    assert (log.n_actions, log.offered) == (3, None)
    unsaid = {key: value for key, value in LINE.items() if key != "_label_probability"}
    assert read(tmp_path, unsaid).probabilities.tolist() == [0.25]  # of p, by the place of arm 2 in a
    by_content = read(tmp_path, LINE, arms="content", contexts=["ctx.s=hi"])
    assert by_content.names == ('{"arm": {"n": 1}}', '{"arm": {"m": 1}}', "k")
    assert by_content.contexts.tolist() == [[1.0]]


def test_arms_that_change_from_line_to_line(tmp_path):
    fewer = {**LINE, "c": {"_multi": LINE["c"]["_multi"][1:]}, "a": [2, 1], "p": [0.25, 0.75]}
    log = read(tmp_path, LINE, {**LINE, "_skipLearn": True}, fewer, arms="content")
    assert [log.names[arm] for arm in log.actions] == ['{"arm": {"m": 1}}', "k"]
    assert log.offered.tolist() == [[True, True, True], [False, True, True]]
    assert log.contexts.tolist() == [[0.5, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"_labelIndex": None}, r"line 2: _labelIndex must be a place in _multi, 0..2, got None: VW learns nothing"),
        ({"_labelIndex": 3}, "line 2: _labelIndex must be a place in _multi"),
        ({"_label_probability": 0}, r"line 2: _label_probability must be in \(0, 1\], got 0"),
        ({"_label_probability": 0.3}, "line 2: _label_probability must be that of arm 2 in p, 0.25, got 0.3"),
        ({"_label_cost": "x"}, "line 2: _label_cost must be a number, got 'x'"),
        ({"pdrop": 0.5}, "line 2: pdrop must be 0, got 0.5"),
        ({"c": {"_multi": []}}, 'line 2 must have "c" with a list "_multi"'),
        ({"_label_cost": -2.0}, r"line 2: rewards must be in the declared range \[0, 1\], got 2.0"),
    ],
)
def test_lines_that_cannot_be(tmp_path, changed, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, LINE, {**LINE, **changed}, low=0.0, high=1.0)


@pytest.mark.parametrize("some_offered", [False, True])
def test_dsjson_there_and_back_in_the_order_of_keys_that_vw_reads(tmp_path, some_offered):
    log = small_log(30, uniform=False, contexts=True, some_offered=some_offered)
    dsjson.write(log, tmp_path / "log.json", contexts=["u", "v"])
    back = read_log(tmp_path / "log.json", arms="content", contexts=["context.u", "context.v"])
    assert [back.names[arm] for arm in back.actions] == [log.names[arm] for arm in log.actions]
    for name in ("rewards", "probabilities", "contexts"):
        assert np.array_equal(getattr(back, name), getattr(log, name)), name
    by_name = [back.names.index(name) for name in log.names]
    assert (back.offered is None) == (log.offered is None or bool(log.offered.all()))
    assert back.offered is None or np.array_equal(back.offered[:, by_name], log.offered)
    for line in (tmp_path / "log.json").read_text().splitlines():
        keys = list(json.loads(line))
        assert keys.index("_labelIndex") < keys.index("c")  # a label after "c" teaches VW nothing
        assert {"a", "p", "Version"} <= set(keys)  # without which it reads nothing
        taken = json.loads(line)
        assert taken["a"][0] == taken["_labelIndex"] + 1 == taken["_label_Action"]


def test_text_of_one_line_a_decision(tmp_path):
    path = tmp_path / "log.vw"
    path.write_text("2:0.5:0.25 'tag | a b:2\n\n1:-1:1 |user:2 age:1.5 | a\n", encoding="utf-8")
    log = read_log(path, n_arms=4)
    assert (log.actions.tolist(), log.rewards.tolist(), log.names) == ([1, 0], [-0.5, 1.0], ("1", "2", "3", "4"))
    assert log.contexts.tolist() == [[1.0, 2.0, 0.0], [1.0, 0.0, 3.0]]
    given = small_log(20, uniform=False, contexts=True)
    vw.write(given, path)
    back = vw.read(path)
    for name in ("actions", "rewards", "probabilities", "contexts"):
        assert np.array_equal(getattr(back, name), getattr(given, name)), name


def test_text_of_blocks(tmp_path):
    path = tmp_path / "log.vw"
    path.write_text("shared | x:3\n0:-1:0.5 | a\n| b\n\nshared | x:4\n| a\n| b\n0:0.25:0.2 | c\n", encoding="utf-8")
    log = read_log(path)
    assert (log.actions.tolist(), log.rewards.tolist(), log.probabilities.tolist()) == (
        [0, 2],
        [1.0, -0.25],
        [0.5, 0.2],
    )
    assert (log.contexts.tolist(), log.offered.tolist()) == ([[3.0], [4.0]], [[True, True, False], [True] * 3])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1:0:0.5 | a\n0:0:0.5 | a", "line 2: the action of a label must be 1 or more, got '0:0:0.5': VW accepts 0"),
        ("| a", "line 1 must have one label"),
        ("1:0:0.5 2:1:0.5 | a", "line 1 must have one label"),
        ("1:0:1.5 | a", r"line 1: a label must have a finite cost and a probability in \(0, 1\]"),
        ("1:0 | a", "line 1: a label must be action:cost:probability"),
        ("1:0:0.5 a", "line 1 must have a bar"),
        ("1:0:0.5 | a:x", "line 1: a feature must be name or name:number"),
        ("shared | x\n| a\n| b", "line 1: a block must have one line with one label, got 0"),
    ],
)
def test_text_that_cannot_be(tmp_path, text, message):
    path = tmp_path / "log.vw"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        vw.read(path)


ROWS = """,timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user-item_affinity_0,\
user-item_affinity_1
0,2019-11-24 00:00:02+00:00,1,3,0,0.5,a,x,0.0,1.0
1,2019-11-24 00:00:01+00:00,0,1,1,0.25,b,x,2.0,0.0
2,2019-11-24 00:00:03+00:00,1,1,0,0.75,c,y,0.0,0.0
"""


def test_open_bandit_columns(tmp_path):
    path = tmp_path / "all.csv"
    path.write_text(ROWS, encoding="utf-8")
    log = read_log(path, "open_bandit")
    assert (log.actions.tolist(), log.rewards.tolist(), log.probabilities.tolist()) == (
        [0, 1, 1],
        [1.0, 0.0, 0.0],
        [0.25, 0.5, 0.75],
    )
    assert log.contexts.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 1.0, 1.0]]
    first = open_bandit.read(path, position=0, contexts=("affinity", "position"), n_items=3)
    assert (first.actions.tolist(), first.n_actions, first.low, first.high) == ([0, 1], 3, 0.0, 1.0)
    assert first.contexts.tolist() == [[2.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0]]
    with pytest.raises(ValueError, match="position must be one that has rows, got 1"):
        open_bandit.read(path, position=1)
    path.write_text(ROWS.replace(",1,3,0,0.5", ",1,0,0,0.5"), encoding="utf-8")
    with pytest.raises(ValueError, match="row 1, column 'position' must be 1, 2 or 3, got '0'"):
        open_bandit.read(path)


def test_items_of_open_bandit(tmp_path):
    path = tmp_path / "item_context.csv"
    path.write_text(",item_id,item_feature_0,item_feature_1\n0,1,0.5,u\n1,0,-0.5,v\n", encoding="utf-8")
    features, names = open_bandit.read_items(path)
    assert (features.tolist(), names) == ([[-0.5, 1.0], [0.5, 0.0]], ("item_feature_0", "item_feature_1=v"))


def test_a_log_without_probabilities_is_not_written(tmp_path):
    log = Log(actions=[0, 1], rewards=[0.0, 1.0], n_actions=2)
    with pytest.raises(ValueError, match="dsjson needs the probability of each arm played"):
        dsjson.write(log, tmp_path / "log.json")
    with pytest.raises(ValueError, match="VW's text needs the probability"):
        vw.write(log, tmp_path / "log.vw")


def test_features_that_stand_twice_are_added_up_as_vw_does(tmp_path):
    (tmp_path / "log.vw").write_text("\ufeff1:1:0.5 | a a b:2\n2:0:0.5 |n:2 a:1 a:3\n", encoding="utf-8")
    assert vw.read(tmp_path / "log.vw").contexts.tolist() == [[2.0, 2.0, 0.0], [0.0, 0.0, 8.0]]
    twice = {**LINE, "c": {**LINE["c"], "ctx": {"f": [{"g": 1}, {"g": 5}]}}}
    assert read(tmp_path, twice).contexts.tolist() == [[6.0]]


@pytest.mark.parametrize(
    ("item", "affinity", "message"),
    [
        ("99999999999", "1", "item_id must be lower, got too much: a table of 1 rows and 100000000000 items"),
        ("inf", "1", "row 1, column item_id must be one of the arms, .'0'., got 'inf'"),
        ("0", "", "row 1, column 'user-item_affinity_0' must be a number, got ''"),
    ],
)
def test_cells_of_open_bandit_that_cannot_be_are_told(tmp_path, item, affinity, message):
    head = "timestamp,item_id,position,click,propensity_score,user-item_affinity_0"
    (tmp_path / "all.csv").write_text(f"{head}\n2019,{item},1,0,0.5,{affinity}\n", encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        open_bandit.read(tmp_path / "all.csv", contexts=("affinity",))

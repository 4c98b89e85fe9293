"""The text of a study file: plain data of YAML 1.2 within limits, everything else told with its place."""

import os
import socket

import pytest

from experiments.analysis.findings import findings
from experiments.analysis.results import load
from experiments.report.export import export
from experiments.report.figures import draw_study
from experiments.run.runner import run
from experiments.study import limits
from experiments.study.config import ConfigError, load_study, parse_study, study_of
from experiments.study.reading import tree

SMALL = """\
name: small
seed: 3
horizon: 50
experiments:
  - name: two
    replicates: 2
    environment: {name: bernoulli, parameters: {means: [0.1, 0.9]}}
    policies: [ucb1]
"""


def only(text, changes=()):
    with pytest.raises(ConfigError) as caught:
        parse_study(text, "s.yaml", changes)
    (mistake,) = caught.value.mistakes
    return str(mistake)


def read(text):
    return tree(text, "s.yaml").plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("x: {a: ~, b: null, c: , d: 'null'}", {"x": {"a": None, "b": None, "c": None, "d": "null"}}),
        ("x: [true, False, yes, 'true', \"1\"]", {"x": [True, False, "yes", "true", "1"]}),
        ("x: [10_000, 0o17, 0b11, -3, +4, 010]", {"x": [10000, 15, 3, -3, 4, 10]}),
        ("x: [1., 1.5e3, -.inf, 2001-01-01, 1.2.3]", {"x": [1.0, 1500.0, -float("inf"), "2001-01-01", "1.2.3"]}),
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}", {"a": {"x": 1, "y": 2}, "b": {"y": 3, "x": 1}}),
        ("a: &a {x: 1}\nb: &b {x: 2, z: 3}\nc: {<<: [*a, *b]}\n", None),
        ("\ufeffx: 1", {"x": 1}),
    ],
)
def test_plain_data_are_read(text, value):
    if value is None and text:
        assert read(text)["c"] == {"x": 1, "z": 3}
    else:
        assert read(text.removeprefix("\ufeff")) == value


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x-a: !!int x", "1:6: the tag tag:yaml.org,2002:int cannot be read"),
        ("x-a: !!python/object/apply:os.system [x]", "1:6: the tag tag:yaml.org,2002:python/object/apply:os.system"),
        ("x-a: !mine x", "1:6: the tag !mine cannot be read: write the value alone, in quotes if it is text"),
        ("x-a: [1, *b]", "1:10: there is no anchor &b above"),
        ("x-a: &b [1, *b]", "1:13: an anchor holds an alias of itself: &b"),
        ("x-a: &b {<<: *b}", "1:14: an anchor holds an alias of itself: &b"),
        ("x-a: {<<: 3}", "1:7: '<<' takes a mapping, an alias of one, or a list of them"),
        ("x-a: {1: 2}", "1:7: a key must be a text, got 1: write '1'"),
        ("? [a]\n: b", "1:3: a key must be a text, got a mapping or a list"),
        ("x-a: {b: 1, b: 2}", '1:13: found duplicate key "b"'),
        (f"x-a: {'9' * 5000}", "1:6: a number may have 250 characters, got 5000"),
        (f"x-a: 0x{'f' * 5000}", "1:6: a number may have 250 characters, got 5002"),
        ("x-a: 1e999", "1:6: 1e999 is beyond the largest number, 1.8e308; infinity is written .inf"),
        ('x-a: "\\ud800"', "1:6: must be text that UTF-8 can hold, got '\\ud800': leave out character 1"),
        ('x-a: "\\UFFFFFFFF"', "1:1: what follows is not YAML"),
        ("x-a: \0", "1:6: unacceptable character U+0000"),
        ("x-a:\n\t- 1", "2:1: found character '\\t' that cannot start any token"),
        (f"x-a: {'[' * 200}{']' * 200}", "1:56: mappings and lists may stand 50 deep inside one another"),
        ("x-a: " + "[" * 100_000, "1:56: mappings and lists may stand 50 deep inside one another"),
    ],
)
def test_what_cannot_be_read_is_told_where_it_stands(line, expected):
    assert expected in only(f"{line}\n{SMALL}")


def test_a_second_document_is_told():
    assert "s.yaml:9:1: a second document: a study is one" in only(f"{SMALL}---\n{SMALL}")


def test_aliases_and_merge_keys_do_not_grow_without_end():
    laughs = "x-0: &l0 [lol, lol]\n" + "".join(
        f"x-{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 30)
    )
    merges = "x-0: &m0 {a: b}\n" + "".join(
        f"x-{i}: &m{i} {{<<: *m{i - 1}, k{i}: *m{i - 1}, j{i}: *m{i - 1}}}\n" for i in range(1, 40)
    )
    for text in (laughs, merges):
        assert f"with all aliases followed there are more than {limits.VALUES} values" in only(text + SMALL)


def test_what_is_shared_counts_in_every_experiment():
    entries = "".join(f"  - {{name: e{i}}}\n" for i in range(2000))
    text = "seed: 1\nhorizon: 1\nreplicates: 1\npolicies: [ucb1]\n"
    text += f"environment: {{name: b, parameters: {{x: {[0] * 200}}}}}\n"
    assert "copied there are" in only(f"{text}experiments:\n{entries}")
    figures = "figures:\n" + "  - {quantity: cost}\n" * 2000
    assert "copied there are" in only(f"{text.replace(str([0] * 200), '1')}experiments:\n{entries}{figures}")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("replicates: 2", "replicates: 1000000000", "experiments[0]: the study has 125000000 jobs"),
        ("replicates: 2", "replicates: {sweep: [2, 1000000000]}", "experiments[0]: the study has 125000002 jobs"),
        ("seed: 3", "seed: 3\nbatch: 100000000", ""),
        ("seed: 3", "seed: 3\ncheckpoints: 1000000000", "checkpoints: must be less than or equal to 100000000"),
        (
            "seed: 3\nhorizon: 50",
            "seed: 3\nbatch: 100000000\nreplicates: 100000000\nhorizon: 1000",
            "",
        ),
        (
            "[ucb1]",
            "[{name: ucb1, parameters: &p {exploration: {sweep: {start: 1, stop: 99999, number: 9999}}}}, "
            "{name: moss}, {name: ucb1, label: b, parameters: *p}, {name: ucb1, label: c, parameters: *p}]",
            "experiments[0]: the study has 29998 policies, at all points up to here, at most 20000 are allowed",
        ),
        ("[0.1, 0.9]", "{sweep: {start: 0.1, stop: 0.9, number: 10000}}", "means must be"),
        ("name: two", f"name: {'n' * 201}", "experiments[0].name: must have at most 200 characters, got 201"),
        ("name: small", f"name: {'n' * 201}", "name: must have at most 200 characters, got 201"),
        (
            "policies: [ucb1]",
            f"policies: [ucb1]\nfigures: [{{experiment: two}}, {{experiment: two, regret: {'r' * 250}}}]",
            "characters, at most 200 are allowed: give it a 'name'",
        ),
    ],
)
def test_what_is_too_large_is_told_before_anything_is_made(old, new, expected):
    assert old in SMALL
    text = SMALL.replace(old, new, 1)
    if not expected:
        assert parse_study(text.replace("replicates: 100000000\n", "")).experiments
        return
    with pytest.raises(ConfigError) as caught:
        parse_study(text, "s.yaml")
    assert expected in str(caught.value)
    assert all(mistake.line >= 1 for mistake in caught.value.mistakes)


def test_the_files_of_a_long_name_can_be_written(tmp_path):
    sweep = (
        "environment: {name: bernoulli, parameters: {means: {sweep: [[0.1, 0.9], [0.2, 0.8]]}}}\n    policies: [ucb1]"
    )
    swept = SMALL.replace(SMALL[SMALL.index("environment") :], f"{sweep}\n").replace("horizon: 50", "horizon: 5")
    swept = swept.replace("replicates: 2", "replicates: 1\n    horizon: {sweep: [5, 6]}").replace(
        "name: two", f"name: {'n' * 100}"
    )
    text = f"{swept}figures:\n  - {{experiment: {'n' * 100}, name: {'f' * 110}}}\n".replace(
        "name: small", f"name: {'s' * 200}"
    )
    study = parse_study(text)
    folder = run(study, tmp_path / study.name, jobs=1).folder
    assert draw_study(findings(load(folder)), folder / "figures", ["png"])
    assert export(load(folder), folder / "export", "csv")
    told = only(text.replace("f" * 110, "f" * 111))
    assert "figures[0]: its files would be called" in told
    assert "of 111 characters, at most 110 are allowed: give it a 'name'" in told
    with pytest.raises(ConfigError, match=r"experiments\[0\]\.name: must have at most 100 characters, got 101"):
        parse_study(text.replace("n" * 100, "n" * 101))
    with pytest.raises(ConfigError, match=r"experiments\[0\]\.name: must be letters, digits and . _ - alone"):
        parse_study(text.replace("n" * 100, "n=1"))


def test_a_job_may_not_hold_too_many_numbers():
    text = SMALL.replace("replicates: 2", "replicates: 10000000").replace("seed: 3", "seed: 3\nbatch: 10000000")
    assert "s.yaml:6:5: experiments[0]: a batch of replicates times the checkpoints makes 500000000 numbers" in only(
        text
    )


def test_limits_hold_for_plain_data_and_for_changes():
    data = read(SMALL)
    deep = []
    for _ in range(60):
        deep = [deep]
    for value, expected in [
        (deep, "50 deep inside one another"),
        (10**4400, "a number may have 250 digits"),
        ("\ud800", "must be text that UTF-8 can hold"),
        ({1: 2}, "a key must be a text, got 1"),
    ]:
        with pytest.raises(ConfigError, match=expected):
            study_of({**data, "x": value})
    circle = []
    circle.append(circle)
    with pytest.raises(ConfigError, match="the data hold themselves"):
        study_of({**data, "x": circle})
    for change, expected in [
        ("horizon=" + "9" * 5000, "--set:1:9: horizon=9999"),
        ("horizon=!!int x", "the value cannot be read: the tag"),
        ("experiments.²=1", "no such place in the study: '²' names no entry"),
        ("experiments." + "9" * 5000 + "=1", "names no entry"),
        ("horizon=\udc80", "the value cannot be read: unacceptable character U+DC80"),
    ]:
        assert expected in only(SMALL, [change])


def test_a_study_is_a_regular_file_of_bounded_size(tmp_path):
    own = tmp_path / "own.yaml"
    with socket.socket(socket.AF_UNIX) as listening:
        os.mkfifo(tmp_path / "fifo")
        listening.bind(str(tmp_path / "socket"))
        for name in ("/dev/zero", "fifo", "socket"):
            own.write_text(f"extends: {name}\n", encoding="utf-8")
            with pytest.raises(ConfigError, match="must be a regular file"):
                load_study(own)
    own.write_text(SMALL + "#" * limits.FILE, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"own\.yaml:1:1: a study file may have 500000 bytes, and this one has more"):
        load_study(own)
    own.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_study(own).name == "small"
    for name in (tmp_path.name, "n" * 300, "'\0'", '"\\0"'):
        own.write_bytes(f"extends: {name}\n".encode())
        with pytest.raises(ConfigError, match=r"own\.yaml:1:\d+: "):
            load_study(own)


def test_a_long_chain_of_studies_is_told(tmp_path):
    for i in range(30):
        (tmp_path / f"s{i}.yaml").write_text(f"extends: s{i + 1}.yaml\n", encoding="utf-8")
    (tmp_path / "s30.yaml").write_text(SMALL, encoding="utf-8")
    assert load_study(tmp_path / "s15.yaml").seed == 3
    with pytest.raises(ConfigError, match=r"s19\.yaml:1:1: extends: at most 20 studies may extend one another"):
        load_study(tmp_path / "s0.yaml")

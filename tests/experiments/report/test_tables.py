"""Tables of final regrets: what is bold, which digits stand there, and whether LaTeX and CSV readers take them."""

import csv
import io
import re
import shutil
import subprocess
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

import experiments
from experiments.analysis.prices import Price
from experiments.report.tables import cell as csv_cell
from experiments.report.tables import csv_row, csv_text, joint_csv, joint_latex, joint_table, latex, table
from experiments.run.runner import run
from experiments.study.config import parse_study

TEXT = """\
name: arms/small
seed: 3
batch: 4
checkpoints: 20
policies: [ucb1, {name: clairvoyant, label: best in hindsight}]
experiments:
  - name: easy
    title: Easy arms
    horizon: 200
    replicates: 8
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
  - name: hard
    horizon: 300
    replicates: 6
    environment: {name: bernoulli, parameters: {means: [0.4, 0.6]}}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small")
    run(parse_study(TEXT), folder, jobs=1)
    return experiments.load(folder)


def played(result, finals, clairvoyant=()):
    """The experiment with other policies, of these regrets [n_replicates] at the horizon."""
    n = len(next(iter(finals.values())))
    definition = result.regrets[0]
    best = np.tile(result.comparators[definition.comparator][0], (n, 1))
    grown = (result.times / result.times[-1]) ** 0.5
    series = {label: {definition.series: best - np.outer(final, grown)} for label, final in finals.items()}
    return replace(
        result,
        replicates=np.arange(n),
        comparators={definition.comparator: best},
        regrets=(definition,),
        limits={},
        series=series,
        bounds=dict.fromkeys(finals, ()),
        prices=dict.fromkeys(["", *finals], Price()),
        clairvoyant=frozenset(clairvoyant),
    )


def spread(n=16, seed=5):
    """Numbers [n] with mean 0 and standard error 1."""
    values = np.random.default_rng(seed).normal(size=n)
    return (values - values.mean()) / values.std(ddof=1) * np.sqrt(n)


NUMBER = r"(\\bfseries )?-?\d+(\.\d+)?"
"""What siunitx takes in an S column: a sign, digits, a point, digits; and the weight before it."""


def read(text):
    """The cells of a table: policy to a list of texts, one a column of numbers; checks that LaTeX can set it."""
    notes, _, rest = text.partition(r"\begin{tabular}{l")
    assert all(line.startswith("% ") for line in notes.splitlines())
    lines = rest.splitlines()
    preamble = lines[0].removesuffix("}").replace(r"@{\,\(\pm\)\,}", "")
    formats = re.findall(r"S\[table-format=(-?)(\d+)\.(\d+)[a-z,=-]*\]", preamble)
    assert re.fullmatch(r"(S\[[^]]*\])+", preamble)
    assert lines[1] == r"\toprule"
    assert lines[-2:] == [r"\bottomrule", r"\end{tabular}"]
    head, *groups = "\n".join(lines[2:-2]).split("\\midrule\n")
    found = []
    for row in "\n".join([head, *groups]).splitlines():
        if not row:
            continue
        assert row.endswith(r" \\")
        label, *cells = re.split(r"(?<!\\) & ", row.removesuffix(r" \\"))
        place = 0
        for cell in cells:
            if across := re.fullmatch(r"\\multicolumn\{(\d)\}\{c\}\{(.*)\}", cell):
                place += int(across[1])
                continue
            sign, whole, decimals = formats[place]
            assert re.fullmatch(NUMBER, cell), cell
            digits = cell.removeprefix(r"\bfseries ")
            before, _, after = digits.lstrip("-").partition(".")
            assert len(before) <= int(whole), (cell, formats[place])
            assert len(after) <= int(decimals), (cell, formats[place])
            assert sign or not digits.startswith("-")
            place += 1
        assert place == len(formats), row
        found.append((label, cells))
    labels = [[row.partition(" & ")[0] for row in group.splitlines()] for group in groups]
    return dict(found[len(head.splitlines()) :]), labels


def bold(text):
    return {label for label, cells in read(text)[0].items() if cells[0].startswith(r"\bfseries ")}


def test_bold_are_the_best_learner_and_those_the_data_do_not_tell_from_it(results):
    base, luck = 20.0 + spread(seed=1), spread(seed=2)
    finals = {"a": base, "b": base + 0.1 + 0.3 * luck, "c": base + 5.0 + luck, "knows": base - 20.0}
    result = played(results.experiments["easy"], finals, {"knows"})
    assert bold(latex(result, 0.95)) == {"a", "b"}
    rows = {row["policy"]: row for row in table(result, 0.95)}
    assert {label: row["told_apart_from_best"] for label, row in rows.items()} == {
        **dict.fromkeys("abc", False),
        "knows": None,
    }, "sixteen replicates do not guarantee a difference of a tenth of the worst play's regret"
    assert {label: row["typically_apart_from_best"] for label, row in rows.items()} == {
        "knows": None,
        "a": False,
        "b": False,
        "c": True,
    }
    assert [label for label, row in rows.items() if row["hindsight"]] == ["knows"]
    joint = joint_latex(replace(results, experiments={"easy": result}))
    for text in (latex(result, 0.95), joint):
        assert read(text)[1] == [["a", "b", "c"], ["knows"]], "who knows the run in advance stands apart"
        assert bold(text) == {"a", "b"}


def test_of_policies_that_all_know_the_run_none_is_bold(results):
    result = played(results.experiments["easy"], {"a": 20.0 + spread(), "b": 30.0 + spread()}, {"a", "b"})
    assert bold(latex(result, 0.95)) == set()
    assert read(latex(result, 0.95))[1] == [["a", "b"]]


def test_who_is_told_apart_is_corrected_for_the_number_of_pairs(results):
    base, luck = 20.0 + spread(seed=1), spread(seed=2)
    finals = {"a": base, "b": base + 2.4 + luck, "c": base + 2.5 + 9.0 * spread(seed=3)}
    assert 0.02 < ttest_rel(finals["b"], finals["a"]).pvalue < 0.05
    assert bold(latex(played(results.experiments["easy"], finals), 0.95)) == {"a", "b", "c"}
    del finals["c"]
    assert bold(latex(played(results.experiments["easy"], finals), 0.95)) == {"a"}


def test_of_a_single_replicate_nothing_is_told_apart_and_no_error_stands_there(results):
    result = played(results.experiments["easy"], {"a": np.array([12.345678]), "b": np.array([2345.0])})
    text = latex(result, 0.95)
    rows, _ = read(text)
    assert rows["a"][0] == r"\bfseries 12.346"
    assert rows["b"][0] == r"\bfseries 2345"
    assert r"\pm" not in text
    assert "1 replicate." in text


@pytest.mark.parametrize("scale", [1e-4, 0.037, 1.0, 99.6, 1234.5, 1e7])
def test_an_error_has_two_digits_and_its_mean_the_same_place(results, scale):
    rng = np.random.default_rng(7)
    finals = {f"p{i}": scale * (rng.normal(0, 40) + 3.0**-i * rng.normal(size=12)) for i in range(8)}
    result = played(results.experiments["easy"], finals)
    rows, _ = read(latex(result, 0.95))
    for label, (mean, error, _) in rows.items():
        samples = result.regret(label)[:, -1]
        true = samples.std(ddof=1) / np.sqrt(12)
        assert Decimal(error) == Decimal(f"{true:.1e}")
        place = Decimal(f"{true:.1e}").as_tuple().exponent  # of the second digit
        shown = Decimal(mean.removeprefix(r"\bfseries "))
        assert shown % Decimal(1).scaleb(place) == 0
        assert abs(float(shown) - samples.mean()) <= 0.501 * 10.0**place
        assert max(0, -place) == len(mean.partition(".")[2]) == len(error.partition(".")[2])


def test_what_has_no_error_keeps_its_digits_and_rounding_is_nought(results):
    finals = {
        "whole": np.full(4, 1234567.0),
        "share": np.full(4, 0.25),
        "nought": np.full(4, -3e-13),
        "rough": np.array([900.0, 2100.0, 1500.0, 4004.0]),
    }
    rows, _ = read(latex(played(results.experiments["easy"], finals), 0.95).replace(r"\bfseries ", ""))
    assert rows["whole"][:2] == ["1234567", "0"]
    assert rows["share"][:2] == ["0.25", "0"]
    assert rows["nought"][:2] == ["0", "0"]
    assert rows["rough"][:2] == ["2130", "670"]


def test_no_sign_stands_before_zero(results):
    rows, _ = read(latex(played(results.experiments["easy"], {"a": -0.001 + 0.12 * spread()}), 0.95))
    assert rows["a"][:2] == [r"\bfseries 0.00", "0.12"]


HOSTILE = ["[a] & b_1", "* 50 % \\ {x}", "a^2 ~ <é> | $#", 'two\nlines "quoted"']


def hostile(results):
    finals = {label: 10.0 * i + spread(8, i) for i, label in enumerate(HOSTILE)}
    easy, hard = (played(result, finals) for result in results.experiments.values())
    title = "100 % of\n[A & B]"
    easy = replace(easy, experiment=easy.experiment.model_copy(update={"title": title}))
    return replace(results, experiments={"easy": easy, "hard": hard})


def test_labels_mean_nothing_to_latex(results):
    text = joint_latex(hostile(results))
    rows, _ = read(text)
    assert list(rows) == [
        r"{}[a] \& b\_1",
        r"{}* 50 \% \textbackslash{} \{x\}",
        r"a\textasciicircum{}2 \textasciitilde{} \textless{}é\textgreater{} \textbar{} \$\#",
        r"two lines \symbol{34}quoted\symbol{34}",
    ]
    dashes = played(results.experiments["easy"], {"a--b---''c`` ?` ,,": 20.0 + spread()})
    assert r"a-{}-b-{}-{}-{}'{}'c`{}` ?{}` ,{}, & " in latex(dashes, 0.95)
    assert r"\multicolumn{2}{c}{100 \% of [A \& B]}" in text
    assert "\n% 100 % of [A & B]: pseudo-regret against the best arm (pseudo), unit reward, horizon 200, 8" in text


def test_latex_sets_the_tables(results, tmp_path):
    """Where there is a LaTeX; the grammar of every table is checked by ``read``."""
    parts = hostile(results)
    bodies = [joint_latex(parts), joint_latex(results), *(latex(r, 0.9) for r in parts.experiments.values())]
    for body in bodies:
        read(body)
    document = "\n\n".join([r"\documentclass{article}\usepackage{booktabs,siunitx}\begin{document}", *bodies])
    (tmp_path / "all.tex").write_text(document + "\n\\end{document}\n", encoding="utf-8")
    if shutil.which("pdflatex"):
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
        assert done.returncode == 0, done.stdout[-2000:]


def test_policies_are_rows_and_experiments_columns(results):
    easy, hard = results.experiments.values()
    finals = {"a": 5.0 + spread(8, 1), "only easy": 50.0 + spread(8, 2), "both": 70.0 + spread(8, 3)}
    easy = played(easy, finals, {"both"})
    hard = played(hard, {"only hard": 5.0 + spread(8, 1), "both": 70.0 + spread(8, 2)})
    text = joint_latex(replace(results, experiments={"easy": easy, "hard": hard}))
    (_, *head), *_ = (line.removesuffix(r" \\").split(" & ") for line in text.splitlines() if line.startswith("policy"))
    assert head == [r"\multicolumn{2}{c}{Easy arms}", r"\multicolumn{2}{c}{hard}"]
    body = [
        line.removesuffix(r" \\").split(" & ") for line in text.partition(r"\midrule")[2].splitlines() if "&" in line
    ]
    dash = r"\multicolumn{2}{c}{--}"
    assert body == [
        ["a", r"\bfseries 5.0", "1.0", dash],
        ["only easy", "50.0", "1.0", dash],
        ["only hard", dash, r"\bfseries 5.0", "1.0"],
        ["both", dash, "70.0", "1.0"],
        ["both", "70.0", "1.0", dash],
    ], "a policy that knows the run in one experiment only has two rows"
    assert read(text)[1] == [["a", "only easy", "only hard", "both"], ["both"]]


def test_the_head_names_definitions_that_differ(results):
    assert "pseudo-regret" not in joint_latex(results).partition(r"\begin{tabular}")[2]
    easy, hard = results.experiments.values()
    mixed = replace(results, experiments={"easy": easy, "hard": replace(hard, regrets=hard.regrets[::-1])})
    text = joint_latex(mixed).partition(r"\begin{tabular}")[2]
    lines = [re.findall(r"\{c\}\{([^}]*)\}", line) for line in text.partition(r"\midrule")[0].splitlines()[2:]]
    assert [" ".join(filter(None, column)) for column in zip(*lines, strict=True)] == [
        "Easy arms pseudo-regret against the best arm",
        "hard realized regret against the best arm's mean",
    ]
    assert joint_latex(results, "realized") != joint_latex(results)
    with pytest.raises(ValueError, match=r"no regret definition 'realised' \(did you mean 'realized'\?\)"):
        joint_csv(results, "realised")


def test_the_note_says_what_is_bold_and_of_what_the_numbers_are(results):
    notes = joint_latex(results).partition(r"\begin")[0]
    assert "confidence 0.95" in notes
    assert "Holm" in notes
    assert "% Easy arms: pseudo-regret against the best arm (pseudo), unit reward, horizon 200, 8 replicates." in notes
    assert "% hard: pseudo-regret against the best arm (pseudo), unit reward, horizon 300, 6 replicates." in notes


def test_joint_csv_reads_back(results):
    rows = list(csv.DictReader(io.StringIO(joint_csv(results))))
    assert [(row["experiment"], row["policy"]) for row in rows] == [
        (name, label) for name in ("easy", "hard") for label in ("best in hindsight", "ucb1")
    ]
    for row in rows:
        result = results.experiments[row["experiment"]]
        final = result.regret(row["policy"])[:, -1]
        assert float(row["mean"]) == pytest.approx(final.mean(), rel=1e-9)
        assert float(row["error"]) == pytest.approx(final.std(ddof=1) / np.sqrt(len(final)), rel=1e-9, abs=1e-20)
        behind = (final - result.regret("ucb1")[:, -1]).mean()
        assert float(row["behind"]) == pytest.approx(behind, rel=1e-9)
        assert float(row["low"]) <= float(row["mean"]) <= float(row["high"])
        assert (row["definition"], row["horizon"]) == ("pseudo", str(result.times[-1]))
        assert row["replicates"] == str(len(final))
        told = {"ucb1": ("false", "false"), "best in hindsight": ("", "true")}
        assert (row["told_apart_from_best"], row["hindsight"]) == told[row["policy"]]


def test_csv_of_one_experiment_is_its_table(results):
    result = results.experiments["easy"]
    rows = list(csv.DictReader(io.StringIO(csv_text(result, 0.95))))
    for row, true in zip(rows, table(result, 0.95), strict=True):
        assert list(row) == list(true)
        assert row["policy"] == true["policy"]
        for name in ("regret", "error", "low", "high", "seconds"):
            assert float(row[name]) == pytest.approx(true[name], rel=1e-9)


def test_unfinished_experiments_have_no_place(results):
    easy, hard = results.experiments.values()
    partly = replace(results, experiments={"easy": easy, "hard": replace(hard, series={})})
    assert {row["experiment"] for row in joint_table(partly)} == {"easy"}
    assert "hard" not in joint_latex(partly)
    assert joint_csv(replace(results, experiments={"hard": replace(hard, series={})})) == ""


def test_equal_results_give_equal_text(results):
    again = experiments.load(results.folder)
    assert joint_latex(again) == joint_latex(results)
    assert joint_csv(again) == joint_csv(results)


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("=1+1", "'=1+1"),
        ("+a", "'+a"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        (" =1", "' =1"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("'", "''"),
        ("a=1", "a=1"),
    ],
)
def test_what_a_spreadsheet_would_run_has_an_apostrophe_in_front(text, stated):
    assert next(csv.reader([csv_cell(text)], strict=True), [""]) == [stated]
    assert (stated.removeprefix("'") if stated.startswith("'") else stated) == text


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=2))
def test_texts_read_back_in_any_country(texts):
    rows = list(csv.reader(io.StringIO(csv_row(texts), newline=""), strict=True))
    assert [[text.removeprefix("'") for text in row] for row in rows] == [texts]
    bare = re.sub(r'"(?:[^"]|"")*"', "", csv_row(texts))
    assert not re.search(r"[;\t]", bare), "a separator elsewhere, after which a formula might begin"


@given(st.floats(-1e300, 1e300))
def test_numbers_keep_ten_digits(value):
    assert float(csv_cell(value)) == pytest.approx(value, rel=5e-10, abs=0.0)


@given(st.integers(-(2**53), 2**53))
def test_whole_numbers_stay_whole(value):
    assert csv_cell(float(value)) == csv_cell(value) == str(value)

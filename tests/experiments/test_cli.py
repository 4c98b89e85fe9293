"""The command line as a user types it."""

import json
import os
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from bandits.families import families
from bandits.registry import POLICIES
from experiments.cli import main


@pytest.fixture
def invoke(tmp_path, monkeypatch, text):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(text, encoding="utf-8")

    def call(*words):
        return CliRunner().invoke(main, [str(w) for w in words])

    return call


def test_run_draws_and_reports_and_says_where(invoke, tmp_path):
    done = invoke("run", "small.yaml", "--jobs", 1)
    assert done.exit_code == 0, done.output
    for name in ("figures/small.png", "figures/small.svg", "figures/small.pdf", "report.html", "manifest.json"):
        assert (tmp_path / "results/small" / name).is_file()
    assert "results/small/figures/small.png" in done.output
    assert "results/small/report.html" in done.output
    assert "9 computed, 0 kept, 0 failed" in done.output
    assert "9/9" in done.output
    assert "0 computed, 9 kept" in invoke("run", "small.yaml", "--jobs", 1).output


def test_a_study_whose_name_has_folders(invoke, tmp_path, text):
    (tmp_path / "small.yaml").write_text(text.replace("name: small", "name: rooms/small"), encoding="utf-8")
    done = invoke("run", "small.yaml", "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert "results in results/rooms/small\n" in done.output
    assert "figures: results/rooms/small/figures/small.png (and .svg, .pdf)" in done.output
    assert (tmp_path / "results/rooms/small/report.html").is_file()
    assert invoke("check", "results/rooms/small").output.splitlines()[-1].startswith("rooms/small: 1 bounds, 0 fail; ")
    assert invoke("index").exit_code == 0
    assert '<a href="rooms/small/report.html">' in (tmp_path / "results/index.html").read_text(encoding="utf-8")


def test_the_name_of_a_shipped_study_is_that_of_its_results(invoke, tmp_path):
    small = ("--set", "experiments.*.horizon=50", "--set", "experiments.*.replicates=2")
    done = invoke("run", "arms/bernoulli", "--jobs", 1, "--no-plot", *small)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "results/arms/bernoulli/manifest.json").is_file()


def test_plot_report_and_check_read_what_run_wrote(invoke, tmp_path):
    invoke("run", "small.yaml", "--jobs", 1, "--no-plot", "--set", "experiments.two.replicates=20")
    folder = tmp_path / "results/small"
    assert not (folder / "figures").exists()
    assert invoke("plot", folder, "--format", "svg").output.strip().endswith("figures/small.svg")
    assert "no regret definition 'x'" in invoke("plot", folder, "--regret", "x").output
    assert invoke("report", folder).exit_code == 0
    done = invoke("check", folder)
    assert done.exit_code == 0, done.output
    assert "ok   two · ucb1 · UCB1 bound: holds" in done.output
    assert "pair two · " in done.output
    assert done.output.strip().splitlines()[-1].startswith("small: 1 bounds, 0 fail; ")


def test_check_as_json_of_several_folders(invoke, tmp_path):
    invoke("run", "small.yaml", "--jobs", 1, "--no-plot")
    folder = tmp_path / "results/small"
    found = json.loads(invoke("check", folder, "--json").stdout)
    assert found["failed"] is False
    (study,) = found["studies"]
    assert (study["study"], study["folder"], study["missing"]) == ("small", str(folder), [])
    (verdict,) = study["verdicts"]
    assert (verdict["experiment"], verdict["policy"], verdict["failed"]) == ("two", "ucb1", False)
    assert verdict["low"] <= verdict["mean"] <= verdict["high"] <= verdict["limit"]
    assert verdict["fitted"]["low"] <= verdict["fitted"]["value"] <= verdict["fitted"]["high"]
    assert all(a["holds"] and a["text"] for a in verdict["assumptions"])
    assert study["unbounded"] == [{"experiment": "two", "policy": "bold"}]
    (pair,) = study["comparisons"]
    assert {pair["better"], pair["worse"]} == {"ucb1", "bold"}
    assert pair["significant"] == (pair["guaranteed_p"] <= 0.05)
    assert pair["typical"] == (min(pair["p"], pair["guaranteed_p"]) <= 0.05)
    assert pair["guaranteed"]["low"] <= pair["difference"]["low"] <= pair["difference"]["value"]
    assert verdict["guaranteed_low"] <= verdict["mean"] <= verdict["guaranteed_high"]
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/manifest.json").write_text("{", encoding="utf-8")
    done = invoke("check", tmp_path / "broken", folder, tmp_path / "none", "--json")
    assert done.exit_code == 1
    first, good, none = json.loads(done.stdout)["studies"]
    assert "manifest.json is damaged" in first["error"]
    assert "holds no results" in none["error"]
    assert good == study
    assert "small: 1 bounds" in invoke("check", tmp_path / "none", folder).stdout


def test_check_fails_where_a_theorem_is_contradicted(invoke, tmp_path, monkeypatch):
    from bandits.arms.ucb1 import UCB1
    from bandits.contract import Bound

    low = Bound("too low", "upper", lambda t: 0.001 * t, "fixed", "nowhere", "exact", time="no rate")
    monkeypatch.setattr(UCB1, "regret_bounds", lambda *_: [low])
    invoke("run", "small.yaml", "--jobs", 1, "--no-plot")
    done = invoke("check", tmp_path / "results/small")
    assert done.exit_code == 1
    assert "FAIL two · ucb1 · too low: violated" in done.output
    assert "2 bounds, 2 fail" in done.output


def test_index(invoke, tmp_path):
    assert "results is no folder" in invoke("index").output
    invoke("run", "small.yaml", "--jobs", 1)
    done = invoke("index")
    assert (done.exit_code, done.stdout.strip()) == (0, "results/index.html")
    page = (tmp_path / "results/index.html").read_text(encoding="utf-8")
    assert '<a href="small/report.html">A small study</a>' in page
    assert page.count("<svg ") == 1
    assert "all at hand" in page
    invoke("index")
    assert page == (tmp_path / "results/index.html").read_text(encoding="utf-8")
    (tmp_path / "results/other/jobs").mkdir(parents=True)
    done = invoke("index", tmp_path / "results")
    assert done.exit_code == 1
    assert "cannot be read: other: it holds no results (no manifest.json)" in done.stderr
    assert "other: it holds no results" in (tmp_path / "results/index.html").read_text(encoding="utf-8")
    assert "holds results: run" in invoke("index", tmp_path / "results/small").output


def test_the_index_of_an_unfinished_study(invoke, plugin, text, tmp_path):
    bad = text.replace("- ucb1", "- plugin:Raises").replace("seed: 3", "seed: 5")
    (tmp_path / "small.yaml").write_text(bad, encoding="utf-8")
    invoke("run", "small.yaml", "--jobs", 1)
    invoke("index")
    page = (tmp_path / "results/index.html").read_text(encoding="utf-8")
    assert "missing, of which" in page
    assert "failed: ZeroDivisionError: no such luck" in page


def test_check_fails_where_results_are_missing(invoke, tmp_path):
    invoke("run", "small.yaml", "--jobs", 1, "--no-plot")
    next((tmp_path / "results/small/jobs").iterdir()).unlink()
    folder = tmp_path / "results/small"
    done = invoke("check", folder)
    assert done.exit_code == 1
    assert "MISSING" in done.output
    assert done.stderr == ""
    for words in (("plot",), ("report",), ("export", "--format", "csv")):
        done = invoke(words[0], folder, *words[1:])
        assert done.exit_code == 0, done.output
        assert done.stderr == (
            f"warning: 1 result is missing, the rest is used; `regretlab check {folder}` lists them\n"
        )


def test_a_failing_job_is_named_and_the_status_is_not_zero(invoke, plugin, text, tmp_path):
    (tmp_path / "bad.yaml").write_text(
        text.replace("name: small", "name: bad").replace("- ucb1", "- plugin:Raises").replace("seed: 3", "seed: 5"),
        encoding="utf-8",
    )
    done = invoke("run", "bad.yaml", "--jobs", 1)
    assert done.exit_code == 1
    assert "failed: two · plugin:Raises · replicates" in done.output
    assert "ZeroDivisionError: no such luck" in done.output
    assert (tmp_path / "results/bad/figures/bad.png").is_file()


def test_mistakes_of_all_files_are_shown_before_any_work(invoke, tmp_path, text):
    (tmp_path / "wrong.yaml").write_text(text.replace("ucb1", "ucb7"), encoding="utf-8")
    done = invoke("run", "small.yaml", "wrong.yaml", "quikstart")
    assert done.exit_code == 1
    assert (
        "wrong.yaml:12:9: experiments[0].policies[0].name: unknown policy 'ucb7' (did you mean 'ucb1' or "
        "'ucb_v'" in done.output
    )
    message = "no study file 'quikstart' (did you mean 'quickstart'?); `regretlab list` names those that are shipped"
    assert message in " ".join(done.output.split())
    assert not (tmp_path / "results").exists()


def test_dry_run_says_what_would_be_run(invoke, tmp_path):
    done = invoke("run", "small.yaml", "--dry-run", "--set", "experiments.two.replicates=4")
    assert done.exit_code == 0
    assert "small: 6 jobs" in done.output
    assert "bold: ucb1(exploration=8)" in done.output
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("jobs", [0, -2])
def test_jobs_must_make_sense(invoke, jobs):
    done = invoke("run", "small.yaml", "--jobs", jobs)
    assert done.exit_code == 2
    assert f"got {jobs}" in done.output


def test_an_unwritable_folder(invoke, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = invoke("run", "small.yaml", "--out", tmp_path / "file")
    assert done.exit_code == 1
    assert "cannot write results to" in done.output


def test_list_and_show(invoke, monkeypatch):
    listed = invoke("list").output
    for kind, name, about in (
        ("studies", "quickstart", "Tuning SOR over a sequence"),
        ("policies", "ucb1", "UCB1 of Auer, Cesa-Bianchi and Fischer (2002)."),
        ("environments", "bernoulli", "Arms that pay 1 with probability"),
    ):
        for text in (listed, invoke("list", kind).output):
            assert re.search(rf"^    {name} +{re.escape(about)}", text, re.MULTILINE)
    assert invoke("list", "tools").output.splitlines()[0].startswith("contextual: ")
    assert "ucb1" not in invoke("list", "studies").output
    headings = [line.partition(":")[0] for line in listed.splitlines() if line[0] != " "]
    assert headings == [*(family.name for family in families()), "others"]
    assert re.search(r"^arms: Arms .*\n  environments\n(    .*\n)+  policies\n(    .*\n)+  studies\n", listed)
    monkeypatch.setattr(POLICIES, "_entry_points", {"broken": "no.such.module:Policy"})
    assert "cannot be loaded: policy 'broken': cannot import 'Policy'" in invoke("list", "policies").output
    for name in ("ucb1", "UCB1", "ucb-1"):
        shown = invoke("show", name).output
        assert shown.startswith("ucb1: bandits.arms.ucb1.UCB1(exploration")
        assert "Plays: BanditProblem (bandits.arms.problem)" in shown
        assert "(upper, anytime, in expectation; exact): Auer, Cesa-Bianchi, Fischer 2002, Theorem 1" in shown
        assert "rewards of an arm are independent with one mean throughout: holds" in shown
    assert "No theorem speaks of it in BernoulliArms" in invoke("show", "uniform").output
    assert "Plays: whatever tells a comparator's actions" in invoke("show", "Clairvoyant").output
    assert "Plays: RecoveringProblem (" in invoke("show", "foresight").output
    assert invoke("show", "GroupwisePredictor").output.startswith("groupwise_predictor: ")
    assert "means: [n_arms]" in invoke("show", "bernoulli").output
    assert "experiments:" in invoke("show", "quickstart").output
    family = invoke("show", "Arms").output
    assert family.startswith("arms: Arms ")
    assert "\n  problems\n    ActionsProblem " in family
    assert "\n    ucb1 " in family
    assert "is no policy, environment or tool, but" in invoke("show", "builtins:int").output
    assert "\n  parts: model\n    deepsea " in invoke("show", "mdp").output
    model = invoke("show", "Jump-RiverSwim").output
    assert model.startswith("jump_riverswim (model, of mdp): environments.mdp.chains.JumpRiverSwim(n")
    assert "n: number of states" in model
    tables = invoke("show", "table").output
    assert all(f"\ntable ({kind}, of mdp): " in tables for kind in ("model", "source of losses", "mixture"))
    both = invoke("show", "LinearBandit").output
    assert both.startswith("linear: ")
    assert "\nlinear_bandit (source of losses, of mdp): " in both
    assert "did you mean 'deepsea'" in invoke("show", "deepse").output
    missing = invoke("show", "ucb11")
    assert missing.exit_code == 1
    assert "did you mean 'ucb1'?" in missing.output


def test_no_results(invoke, tmp_path):
    done = invoke("check", tmp_path)
    assert done.exit_code == 1
    assert "run `regretlab run` first" in done.output


def test_a_policy_in_a_file_of_this_folder(tmp_path, text):
    """As a user types it: a module beside the study, in processes of their own."""
    (tmp_path / "mine.py").write_text(
        "from bandits.arms.ucb1 import UCB1\n\nclass Mine(UCB1):\n    pass\n", encoding="utf-8"
    )
    (tmp_path / "study.yaml").write_text(text.replace("- ucb1", "- mine:Mine"), encoding="utf-8")
    command = [sys.executable, "-c", "import sys; sys.path.remove(''); from experiments.cli import main; main()"]
    done = subprocess.run(
        [*command, "run", "study.yaml", "--jobs", "2", "--no-plot"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert "9 computed" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["column=id", "delimiter=,"], "requests        2"),
        (["column=id", "delimiter=|"], "give the delimiter, ','?"),
        (["column=#id"], "no column '#id' among time, id, size"),
        (["column=*x"], "no column '*x' among time, id, size"),
        (["trace=b"], "must be OPTION=VALUE, got 'trace=b'"),
        (["column"], "must be OPTION=VALUE, got 'column'"),
    ],
)
def test_show_says_what_is_understood_of_a_trace(tmp_path, options, said):
    (tmp_path / "a.csv").write_text("time,id,size\n1,2,3\n4,5,6\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["show", str(tmp_path / "a.csv"), *options])
    assert said in done.output
    assert not isinstance(done.exception, TypeError)


def test_show_takes_tabs_and_refuses_options_of_what_is_no_trace(tmp_path):
    (tmp_path / "a.tsv").write_text("time\tid\n1\t2\n4\t5\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["show", str(tmp_path / "a.tsv"), "format=csv", "column=id", r"delimiter=\t"])
    assert "requests        2" in done.output
    assert "ucb1 is no trace, and takes no options" in CliRunner().invoke(main, ["show", "ucb1", "column=2"]).output
    assert "study or file named 'nope.txt'" in CliRunner().invoke(main, ["show", "nope.txt"]).output


@pytest.mark.parametrize(
    ("module", "body", "said"),
    [
        ("leaves_1", "import sys\nsys.exit(0)\n", "cannot import 'Mine' from 'leaves_1': SystemExit: 0"),
        (
            "leaves_2",
            "from bandits import UCB1\nclass Mine(UCB1):\n    def __init__(self):\n        exit(3)\n",
            "its constructor ends the process: SystemExit(3)",
        ),
        (
            "leaves_3",
            "from bandits import UCB1\nclass Mine(UCB1):\n    def reset(self, *given):\n        raise SystemExit\n",
            "leaves_3.py:4 ended this command by SystemExit(None)",
        ),
        ("forced_1", "import os\nos._exit(0)\n", "cannot import 'Mine' from 'forced_1': SystemExit: 0"),
        (
            "forced_2",
            "import os\nfrom bandits import UCB1\nclass Mine(UCB1):\n    def __init__(self):\n        os._exit(3)\n",
            "its constructor ends the process: SystemExit(3)",
        ),
        (
            "forced_3",
            "import os\nfrom bandits import UCB1\nclass Mine(UCB1):\n    def reset(self, *a):\n        os._exit(0)\n",
            "forced_3.py:5 ended this command by SystemExit(0)",
        ),
    ],
)
def test_code_of_a_study_that_exits_is_named(invoke, text, tmp_path, module, body, said):
    before = os._exit
    (tmp_path / f"{module}.py").write_text(body, encoding="utf-8")
    (tmp_path / "small.yaml").write_text(text.replace("- ucb1", f"- {module}:Mine"), encoding="utf-8")
    for words in (["--dry-run"], ["--jobs", 1]):
        done = invoke("run", "small.yaml", *words)
        assert done.exit_code == 1
        assert said in done.output
    assert os._exit is before


def test_another_study_of_the_same_name_is_told_before_any_is_run(invoke, tmp_path, text):
    assert invoke("run", "small.yaml", "--jobs", 1, "--no-plot").exit_code == 0
    manifest = tmp_path / "results/small/manifest.json"
    before = manifest.read_bytes()
    (tmp_path / "first.yaml").write_text(text.replace("name: small\n", ""), encoding="utf-8")
    other = text.replace("name: two", "name: three").replace("seed: 3", "seed: 4")
    (tmp_path / "other.yaml").write_text(other, encoding="utf-8")
    for words in (("--no-plot",), ("--dry-run",)):
        done = invoke("run", "first.yaml", "other.yaml", "--jobs", 1, *words)
        assert done.exit_code == 1
        assert "results/small holds another study named small (of two), which has no" in done.output
        assert "--replace" in done.output
    assert not (tmp_path / "results/first").exists()
    assert manifest.read_bytes() == before
    done = invoke("run", "other.yaml", "--jobs", 1, "--no-plot", "--replace")
    assert (done.exit_code, "9 computed" in done.output) == (0, True)
    done = invoke("run", "small.yaml", "--jobs", 1, "--no-plot", "--replace")
    assert (done.exit_code, "9 kept" in done.output) == (0, True)
    assert manifest.read_bytes() == before


def test_a_study_that_names_no_module_imports_nothing_from_its_folder(tmp_path, text):
    """A file that is called like something that other packages import where it is there, and one that a study names."""
    for name in ("tqdm", "xxhash", "colorama", "mine"):
        (tmp_path / f"{name}.py").write_text(f"print('{name} was run')\n", encoding="utf-8")
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "own.yaml").write_text(text.replace("- ucb1", "- mine:Mine"), encoding="utf-8")
    trace = "{name: paging, parameters: {cache_size: 2, sequence: {name: trace, parameters: {path: web07}}}}"
    change = ["--set", f"experiments.two.environment={trace}", "--set", "experiments.two.policies=[lru]"]
    command = [sys.executable, "-c", "import sys; sys.path.remove(''); from experiments.cli import main; main()"]
    folders = {**os.environ, "REGRETLAB_DATA": "", "REGRETLAB_CACHE": "", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for words, said in (
        (["run", "study.yaml", "--dry-run"], "9 jobs"),
        (["run", "study.yaml", "--dry-run", *change], "not checked: the trace web07 (a run downloads it from https"),
        (["show", "study.yaml"], "seed: 3"),
        (["run", "own.yaml", "--dry-run"], "cannot import 'Mine' from 'mine'"),
    ):
        done = subprocess.run([*command, *words], capture_output=True, text=True, cwd=tmp_path, env=folders)
        assert said in done.stdout + done.stderr, words
        assert ("was run" in done.stdout) == ("own.yaml" in words)
    assert not (tmp_path / "cache").exists()


def test_a_dry_run_says_which_data_are_not_at_hand_and_checks_the_rest(invoke, tmp_path, monkeypatch):
    monkeypatch.setenv("REGRETLAB_CACHE", str(tmp_path))
    monkeypatch.setenv("REGRETLAB_DATA", "")
    for study, said in (
        ("groupwise/adult", "not checked: the data set adult (a run downloads it from https"),
        ("groupwise/adult_reconstruction", "(its terms forbid that a run downloads it; get it from https"),
        ("portfolio/real", "not checked: the file of prices nyse_o.csv (no prices come with this package; 36 stocks"),
        ("paging/traces", "not checked: the trace web12 (a run downloads it from https"),
    ):
        done = invoke("run", study, "--dry-run")
        assert (done.exit_code, said in done.output) == (0, True), done.output
        wrong = invoke("run", study, "--dry-run", "--set", "experiments.0.policies.0=ucb9")
        assert "unknown policy 'ucb9'" in wrong.output


def test_what_is_no_study_is_not_shown(invoke, tmp_path):
    assert "must be a regular file" in invoke("show", "/dev/zero").output
    (tmp_path / "large.yaml").write_text("#" * 600_000, encoding="utf-8")
    for words in (["show", "large.yaml"], ["run", "large.yaml", "--dry-run"]):
        assert "a study file may have 500000 bytes" in invoke(*words).output


@pytest.mark.parametrize("shard", ["²/3", "9" * 5000 + "/" + "9" * 5000, "2/1", "0/0", "1", "/"])
def test_what_is_no_shard_is_told(invoke, shard):
    assert "must be I/N with 1 <= I <= N" in invoke("run", "small.yaml", "--shard", shard).output


@pytest.mark.filterwarnings("always:no installed font")
def test_what_the_figures_and_the_report_are_both_warned_of_is_told_once(invoke, tmp_path, text):
    known = "label: bold"
    assert known in text
    (tmp_path / "small.yaml").write_text(text.replace(known, "label: bold \u0378"), encoding="utf-8")  # no one's letter
    done = invoke("run", "small.yaml", "--jobs", 1)
    assert done.exit_code == 0, done.output
    assert done.output.count("no installed font has") == 1


@pytest.mark.filterwarnings("always:several answers")
def test_what_the_command_and_its_jobs_are_both_warned_of_is_told_once(invoke, tmp_path):
    experiment = "name: a, environment: {name: identification, parameters: {means: [1.0, 1.0], delta: 0.1}}"
    study = f"name: ties\nseed: 1\nhorizon: 50\nreplicates: 1\nexperiments:\n- {{{experiment}, policies: [lucb]}}\n"
    (tmp_path / "ties.yaml").write_text(study, encoding="utf-8")
    done = invoke("run", "ties.yaml", "--jobs", 1, "--no-plot")
    assert done.exit_code == 0, done.output
    assert done.output.count("several answers are right") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no such device")
@pytest.mark.parametrize("words", [["list"], ["run", "study.yaml", "--no-plot", "--jobs", "1"]])
def test_words_that_cannot_be_written_are_no_traceback(tmp_path, text, words):
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", "import sys; sys.path.remove(''); from experiments.cli import main; main()"]
    with open("/dev/full", "w") as full:
        done = subprocess.run([*command, *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "Error: what this command says cannot be written: No space left on device"
    assert "Traceback" not in done.stderr

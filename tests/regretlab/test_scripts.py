"""As a newcomer types it: in scripts, at a prompt, in a notebook."""

import subprocess
import sys

import pytest

PROGRAM = """\
import numpy as np

import regretlab as rl


class Leader(rl.Policy):
    plays = (rl.BanditProblem,)

    def __init__(self, trials=1):
        self.trials = trials

    def reset(self, problem, rng):
        self._counts, self._sums = np.zeros(problem.n_actions), np.zeros(problem.n_actions)

    def choose(self, observation):
        if self._counts.min() < self.trials:
            return int(self._counts.argmin())
        return int(np.argmax(self._sums / self._counts))

    def update(self, observation, action, feedback):
        self._counts[action] += 1
        self._sums[action] += feedback


result = rl.compare([rl.UCB1(), Leader()], rl.BernoulliArms([0.4, 0.6], horizon=200), replicates=32, jobs=2)
"""

AGAIN = """\
again = rl.run(result.study(), jobs=2, progress=False)["comparison"]
assert (again.regret("Leader") == result.regret("Leader")).all()
"""


def python(folder, *words):
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, cwd=folder)


@pytest.mark.slow
def test_a_script_without_a_guard(tmp_path):
    (tmp_path / "script.py").write_text(f"{PROGRAM}\nprint(result)\nprint('once')\n{AGAIN}", encoding="utf-8")
    done = python(tmp_path, "script.py")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("once") == 1
    assert done.stdout.startswith("BernoulliArms. ")
    assert "comparison: 6/6" in done.stderr
    assert "Warning" not in done.stderr


@pytest.mark.slow
def test_at_a_prompt(tmp_path):
    done = python(tmp_path, "-c", f"{PROGRAM}\nprint(result.policies)")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "('UCB1', 'Leader')"


@pytest.mark.slow
def test_a_notebook(tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("MPLBACKEND", raising=False)  # which the notebook chooses
    notebook = nbformat.v4.new_notebook()
    own = "import matplotlib.pyplot as plt; plt.plot([1, 2]);"
    sources = (PROGRAM, "result", "result.plot();", "result.plot();", own, "result.check()")
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    where = {"metadata": {"path": tmp_path}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
    work, shown, *drawn, checked = [cell["outputs"] for cell in notebook.cells]
    text = "".join(output.get("text", "") for output in work)
    assert "warning" not in text.lower()
    assert "Traceback" not in text
    (value,) = shown
    assert "<svg" in value["data"]["text/html"]
    assert "lowest for" in value["data"]["text/plain"]
    for figure in drawn:  # the second one, and one of the user's, too
        assert any("image/png" in output.get("data", {}) for output in figure)
    assert "comparison · UCB1" in checked[0]["data"]["text/plain"]


KERNELS = """\
import regretlab as rl
from bandits.kernels import kernel


@kernel
def half(t):
    return t // 2


@kernel
def pick(t, n):
    return half(t) % n


class Mine(rl.Policy):
    plays = (rl.BanditProblem,)

    def reset(self, problem, rng):
        self._t, self._n = 0, problem.n_actions

    def choose(self, observation):
        return int(pick(self._t, self._n))

    def update(self, observation, action, feedback):
        self._t += 1


for jobs in (2, 1):
    arms = rl.BernoulliArms([0.1, 0.9], 50)
    print(rl.compare([Mine()], arms, replicates=8, batch=4, jobs=jobs, progress=False).value("Mine"))
"""


@pytest.mark.slow
def test_kernels_of_a_script_go_to_workers(tmp_path):
    (tmp_path / "kernels.py").write_text(KERNELS, encoding="utf-8")
    done = python(tmp_path, "kernels.py")
    two, one = map(float, done.stdout.split())
    assert two == one == pytest.approx(20.8), done.stderr

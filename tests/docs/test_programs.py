"""The parts of programs and studies that pages show without a name run, given what they are part of."""

import re
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

from bandits import UCB1
from environments import BernoulliArms
from experiments.study.config import parse_study

DOCS = Path(__file__).parent.parent.parent / "docs"


def parts(page, language):
    """Fenced blocks of a page that have no name."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    return re.findall(rf"(?<!-->)\n```{language}\n(.*?)```", text, flags=re.S)


def run(page, **given):
    """Run the parts of a page's programs, one after another, on the names given; what they define."""
    for part in parts(page, "python"):
        exec(compile(part, page, "exec"), given)
    return given


def test_the_loop_of_the_contract():
    environment, policy = BernoulliArms([0.2, 0.7], horizon=50), UCB1()
    run(
        "contract",
        environment=environment,
        policy=policy,
        horizon=50,
        luck=np.random.default_rng(0),
        rng=np.random.default_rng(1),
    )
    played = environment.metrics(np.arange(1, 51))["reward"]
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(1))
    policy.advance(environment, 50)
    assert played.tolist() == environment.metrics(np.arange(1, 51))["reward"].tolist()


def test_a_predictor_for_groups():
    river = SimpleNamespace(linear_model=SimpleNamespace(LinearRegression=Mean))
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.integers(18, 80, 60), rng.random((60, 3)), rng.integers(0, 2, 60)])
    found = run("groupwise", X=X, y=rng.random(60), X_new=X[:2], river=river)
    assert found["model"].partial_fit(X, found["y"]).predict(X[:2]).shape == (2,)


def test_members_through_the_routing_of_scikit_learn():
    pytest.importorskip("sklearn", reason="needs the extra simulators")
    text = (DOCS / "groupwise.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"<!-- routing.py -->\n```python\n(.*?)```", text, flags=re.S)
    rng = np.random.default_rng(0)
    X, given = rng.random((60, 3)), {}
    given |= {"X": X, "y": X[:, 0], "members": X[:, :2] < 0.5}
    exec(compile(program, "groupwise", "exec"), given)
    assert given["scores"].shape == (5,)
    assert given["scores"].min() > 0.5


class Mean:
    """A regressor with river's methods, which predicts the mean label."""

    def __init__(self):
        self.n, self.sum = 0, 0.0

    def predict_one(self, x):
        return self.sum / max(self.n, 1)

    def learn_one(self, x, y):
        self.n, self.sum = self.n + 1, self.sum + y


def test_a_cache():
    text = (DOCS / "paging.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"<!-- cache.py -->\n```python\n(.*?)```", text, flags=re.S)
    given = {}
    exec(compile(program, "paging", "exec"), given)
    assert (given["cache"].hits, given["cache"].misses, sorted(given["cache"])) == (1, 2, ["a.html", "b.tmp"])


def test_a_tuner():
    identity = sp.identity(6, format="csr")
    found = run(
        "sor", steps=3, u=np.zeros(6), assemble=lambda step: ((step + 2.0) * identity, np.ones(6)), diffusivity=float
    )
    assert np.allclose(found["u"], 1.0 / 4.0)


def study(part, more=""):
    """A study with the part of an experiment that a page shows; a mistake in it is an error."""
    head = "name: part\nseed: 1\nhorizon: 20\nreplicates: 2\nexperiments:\n  - name: shown\n"
    return parse_study(head + textwrap.indent(part + more, "    "))


def test_delayed_feedback_in_a_study():
    (part,) = parts("delayed", "yaml")
    assert [policy.name for policy in study(part).experiments[0].policies] == ["qpm_d", "bold"]


def test_paging_in_a_study(data_folder):
    (part,) = parts("paging", "yaml")
    assert study(part, "policies: [mark0]\n").experiments[0].environment.name == "paging"

"""What a component is, however it is written: canonical forms, plain forms, streams of random numbers, keys of jobs."""

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import experiments
from bandits import BOLD, QPMD, UCB1, Policy
from bandits.families import families
from bandits.registry import ENVIRONMENTS, POLICIES, Registry, naming
from environments import BernoulliArms, Environment, PagingEnvironment
from experiments.run.identity import canonical, described, json_of, stream_of
from experiments.run.jobs import jobs_of, policy_rng, run_job
from experiments.run.runner import run
from experiments.study.config import parse_study, study_of

SHIPPED = [
    {"name": name, "parameters": dict(parameters)}
    for family in families()
    for name in family.policies
    for parameters in family.variants.get(name, ({},))
]
EXAMPLES = [(family.name, i) for family in families() for i in range(len(family.example_environments()))]


def example(family, i):
    return next(f for f in families() if f.name == family).example_environments()[i]


class Gain:
    def __init__(self, size=1, then=None):
        self.size, self.then = size, then
        GAINS.build(then, "then", of=Gain) if then is not None else None


class Foreign(Policy):
    """Builds its parts under other names than those of its parameters, as somebody else's code may."""

    plays = UCB1.plays

    def __init__(self, inner="ucb1", gains=(), rest=None, **options):
        self.inner, self.gains, self.rest, self.options = inner, gains, rest, options
        POLICIES.build(inner, of=Policy)
        for gain in gains:
            GAINS.build(gain, "gain", of=Gain)

    def reset(self, problem, rng): ...
    def choose(self, observation): ...
    def update(self, observation, action, feedback): ...


GAINS = Registry("gain", {"plain": Gain})
HERE = f"{__name__}:Foreign"


class Closed(Foreign):
    def __init__(self, rest=None):
        super().__init__(rest=rest)


def foreign(**parameters):
    return {"name": HERE, "parameters": parameters}


def of(registry, what):
    kind = Policy if registry is POLICIES else Environment
    return canonical(registry, what, of=kind)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ucb1", "bandits.arms.ucb1:UCB1"),
        ("ucb1", "bandits:UCB1"),
        ("ucb1", {"name": "ucb1", "parameters": None}),
        ("ucb1", {"name": "ucb1", "parameters": {"exploration": 2}}),
        ("ucb1", {"name": "ucb1", "parameters": {"exploration": np.float32(2.0)}}),
        ("ucb1", UCB1()),
        ({"name": "qpm_d"}, {"name": "qpm_d", "parameters": {"policy": "ucb1"}}),
        ("qpm_d", {"name": "qpm_d", "parameters": {"policy": {"name": "bandits:UCB1", "parameters": {}}}}),
        ("qpm_d", QPMD(UCB1(2))),
        ("qpm_d", {"name": "qpm_d", "parameters": {"policy": UCB1()}}),
        (
            {"name": "bold", "parameters": {"policy": {"name": "qpm_d"}}},
            {"name": "bold", "parameters": {"policy": {"name": "qpm_d", "parameters": {"policy": "ucb1"}}}},
        ),
        (
            foreign(inner="moss", gains=["plain", {"name": "plain", "parameters": {"then": "plain"}}]),
            foreign(
                gains=(
                    {"name": "plain", "parameters": {"size": 1.0}},
                    {"parameters": {"then": {"name": "plain", "parameters": {"size": 1}}}, "name": "plain"},
                ),
                inner={"name": "bandits:MOSS"},
            ),
        ),
        (foreign(rest={"b": [1, True], "a": None}), foreign(rest={"a": None, "b": (1.0, np.True_)})),
        (foreign(extra=3), foreign(extra=np.int64(3), inner={"name": "ucb1", "parameters": {}})),
    ],
)
def test_one_policy_in_many_words(one, other):
    assert of(POLICIES, one) == of(POLICIES, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ucb1", {"name": "ucb1", "parameters": {"exploration": 2.0000001}}),
        ("ucb1", "moss"),
        ("qpm_d", "bold"),
        ("qpm_d", {"name": "qpm_d", "parameters": {"policy": "moss"}}),
        (foreign(rest=True), foreign(rest=1)),
        (foreign(rest="1"), foreign(rest=1)),
        (foreign(gains=["plain"]), foreign(gains=["plain", "plain"])),
        (foreign(gains=["plain"]), foreign(gains=[{"name": "plain", "parameters": {"then": "plain"}}])),
    ],
)
def test_what_differs_is_told_apart(one, other):
    assert json_of(of(POLICIES, one)) != json_of(of(POLICIES, other))


def recovering(**parameters):
    return {"name": "recovering", "parameters": parameters}


def delayed(environment, **parameters):
    return {"name": "delayed", "parameters": {"environment": environment, **parameters}}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            recovering(curves={"name": "step", "parameters": {"a": 1, "recovery": 3}}, n_arms=2),
            recovering(curves={"name": "step", "parameters": {"recovery": 3, "a": 1.0}}, n_arms=2, planner="pow2"),
        ),
        (
            recovering(curves={"name": "random_monotone", "parameters": {"recovery": 3, "seed": [1, 2]}}),
            recovering(
                curves={"name": "random_monotone", "parameters": {"recovery": 3, "seed": np.array([1, 2]), "a": 1}},
                planner={"name": "pow2"},
            ),
        ),
        (
            delayed({"name": "bernoulli", "parameters": {"means": [0, 1]}}),
            delayed({"name": "environments:BernoulliArms", "parameters": {"means": (0.0, 1.0)}}, delay=0),
        ),
        (
            {"name": "paging", "parameters": {"cache_size": 2, "sequence": "zipf"}},
            {"name": "paging", "parameters": {"cache_size": 2, "sequence": {"name": "zipf"}, "predictions": None}},
        ),
    ],
)
def test_one_environment_in_many_words(one, other):
    forms = [canonical(ENVIRONMENTS, what, of=Environment, horizon=30) for what in (one, other)]
    assert forms[0] == forms[1]
    assert "horizon" not in forms[0]["parameters"]


@pytest.mark.parametrize("what", SHIPPED, ids=lambda what: f"{what['name']}{what['parameters'] or ''}")
def test_every_policy_has_a_canonical_and_a_plain_form(what):
    form = of(POLICIES, what)
    assert form["name"] == what["name"]
    assert of(POLICIES, form) == form, "it is a description itself"
    plain = json.loads(json.dumps(described(POLICIES, POLICIES.build(what))))
    assert of(POLICIES, plain) == form
    assert of(POLICIES, POLICIES.build(what)) == form


def test_no_two_policies_have_the_same_stream():
    forms = {json_of(of(POLICIES, what)): stream_of(of(POLICIES, what)) for what in SHIPPED}
    assert len(set(forms.values())) == len(forms) > 100


@pytest.mark.parametrize(("family", "i"), EXAMPLES)
def test_every_environment_has_a_plain_form(family, i):
    made = example(family, i)
    plain = json.loads(json.dumps(described(ENVIRONMENTS, made)))
    form = of(ENVIRONMENTS, plain)
    again = ENVIRONMENTS.build(plain, of=Environment)
    assert of(ENVIRONMENTS, described(ENVIRONMENTS, again)) == form
    times = np.array([1, made.problem.horizon])
    for one in (made, again):
        one.begin(one.draw(np.random.default_rng(1)))
    for name, values in made.comparators(times).items():
        assert np.array_equal(values, again.comparators(times)[name])


def test_the_plain_form_reads_as_one_would_write_it():
    plain = described(POLICIES, BOLD(QPMD(UCB1(exploration=1.5))))
    inner = {"name": "qpm_d", "parameters": {"policy": {"name": "ucb1", "parameters": {"exploration": 1.5}}}}
    assert plain == {"name": "bold", "parameters": {"policy": inner}}
    arms = described(ENVIRONMENTS, BernoulliArms(np.array([0.25, 0.5]), horizon=7))
    assert arms["name"] == "bernoulli"
    assert arms["parameters"]["means"] == [0.25, 0.5]
    assert arms["parameters"]["horizon"] == 7
    pages = described(ENVIRONMENTS, PagingEnvironment(2, np.array([1, 2, 3, 1])))
    assert pages["parameters"]["sequence"] == [1, 2, 3, 1]


def test_a_class_of_a_function_has_a_plain_form():
    class Mine(UCB1):
        pass

    name = f"{__name__}:{Mine.__qualname__}"
    assert described(POLICIES, Mine(3)) == {"name": name, "parameters": {"exploration": 3.0}}
    with pytest.raises(ImportError, match="Mine"):
        of(POLICIES, described(POLICIES, Mine(3)))
    with naming({name: Mine, "short": Mine}):
        assert of(POLICIES, described(POLICIES, Mine(3))) == {"name": name, "parameters": {"exploration": 3}}
        assert POLICIES.load("short") is Mine
    with pytest.raises(ValueError, match="unknown policy 'short'"):
        POLICIES.load("short")


def generator():
    yield 1


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (len, "builtin_function_or_method"),
        (generator(), "generator"),
        (sys.stdout, "TextIOWrapper|EncodedFile"),
        ({1: 2}, "a mapping with the key 1"),
        ([1, {"a": object()}], "builtins.object"),
        (np.array([None]), "an array of object"),
    ],
)
def test_what_has_no_plain_form_is_named(value, what):
    with pytest.raises(ValueError, match=rf"Closed: the parameter 'rest' has no plain form, got .*({what}).*: give"):
        described(POLICIES, Closed(rest=value))
    with pytest.raises(ValueError, match=rf"Foreign: the parameter 'rest' has no plain form, got .*({what})"):
        of(POLICIES, foreign(rest=value))


@dataclass
class Forgetful:
    kept: int

    def __init__(self, kept=1, lost=2):
        self.kept = kept


def test_a_parameter_that_is_not_kept_is_named():
    with pytest.raises(ValueError, match=r"Forgetful does not keep its parameter 'lost': .* set self\.lost"):
        described(POLICIES, Forgetful())


class Named(UCB1):
    def __init__(self, **options):
        super().__init__(**options)


class Listed(UCB1):
    def __init__(self, *numbers):
        super().__init__(*numbers)


class ByPosition(UCB1):
    def __init__(self, exploration=2, /):
        super().__init__(exploration)


class Doubled(UCB1):
    def __init__(self, exploration=2):
        super().__init__(2 * exploration)


class Inverted(UCB1):
    def __init__(self, exploration=2):
        super().__init__(exploration)
        if exploration > 4:
            raise ZeroDivisionError("too much")
        self.exploration = 2 * exploration


class Lengthened(UCB1):
    def __init__(self, arms=(1, 2), exploration=2):
        super().__init__(exploration)
        self.arms = [0, *arms]


@pytest.mark.parametrize(
    ("thing", "text"),
    [
        (Named(exploration=8), r"Named takes \*\*options, .* name its parameters one by one"),
        (Listed(8), r"Listed takes \*numbers, .* name its parameters one by one"),
        (ByPosition(8), r"ByPosition takes 'exploration' by position alone, .* without the '/'"),
        (
            Doubled(8),
            r"Doubled does not keep its parameter 'exploration' as .*exploration=16.0 has exploration=32.0, .* set "
            r"self\.exploration to what it is given",
        ),
        (Inverted(4), r"Inverted cannot be built .*Inverted\(exploration=8\): ZeroDivisionError: too much; have its"),
        (Lengthened([3]), r"'arms' as .* with arms=\[0, 3\] has arms=\[0, 0, 3\]"),
        (QPMD(Doubled(8)), r"^Doubled does not keep its parameter"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Policy) else "",
)
def test_an_object_of_which_another_one_would_be_built_is_refused(thing, text):
    with pytest.raises(ValueError, match=text):
        described(POLICIES, thing)
    with pytest.raises(ValueError, match=text):
        of(POLICIES, {"name": "qpm_d", "parameters": {"policy": thing}})


class Normalised(UCB1):
    def __init__(self, weights=(1.0, 2.0), exploration=2.0):
        super().__init__(exploration)
        self.weights = np.asarray(weights) / np.sum(weights)


@pytest.mark.parametrize("thing", [Normalised(0.1 * np.arange(1, 50)), UCB1(np.float32(0.1))])
def test_what_reads_back_the_same_but_for_rounding_is_taken(thing):
    parameters = described(POLICIES, thing)["parameters"]
    assert parameters["exploration"] == thing.exploration


def test_the_form_does_not_depend_on_what_is_imported(tmp_path):
    code = (
        "import json, sys\nfrom bandits.registry import POLICIES\n"
        "from experiments.run.identity import canonical, json_of\n"
        "for line in sys.stdin: print(json_of(canonical(POLICIES, json.loads(line))))"
    )
    lines = "\n".join(json.dumps(what) for what in reversed(SHIPPED))
    done = subprocess.run([sys.executable, "-c", code], input=lines, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [json_of(of(POLICIES, what)) for what in reversed(SHIPPED)]


def test_streams_are_those_of_all_versions():
    """Written down once and for all: with others every study would give other numbers."""
    assert json_of(of(POLICIES, "ucb1")) == '{"name":"ucb1","parameters":{"exploration":2}}'
    assert stream_of(of(POLICIES, "ucb1")) == STREAM
    words = np.random.SeedSequence(5, spawn_key=(7, 1, *STREAM))
    assert policy_rng(5, 7, STREAM).random() == np.random.default_rng(words).random()


def test_jobs_bring_the_streams_of_their_policies():
    """Worked out once a study; a job that somebody makes without works it out by itself, to the same numbers."""
    arms = {"name": "bernoulli", "parameters": {"means": [0.2, 0.8]}}
    policies = ["exp3", "exp3_ix", "bandits.arms.beta_thompson:BetaThompson"]
    experiment = {"name": "arms", "environment": arms, "horizon": 50, "replicates": 2, "policies": policies}
    _, *jobs = jobs_of(study_of({"seed": 1, "experiments": [experiment]}))
    for job in jobs:
        assert job.stream == stream_of(of(POLICIES, job.policy))
        (one, _), (other, _) = run_job(job), run_job(replace(job, stream=()))
        assert all(np.array_equal(other[name], values) for name, values in one.items())
    assert len({job.stream for job in jobs}) == 3


STREAM = (2075640655, 525227234, 1859332804, 2825973350)

RANDOM = """\
name: small
seed: 3
batch: 2
checkpoints: 20
experiments:
  - name: two
    horizon: 200
    replicates: 4
    environment: {name: bernoulli, parameters: {means: [0.2, 0.8]}}
    policies:
      - exp3
      - {name: beta_thompson, label: thompson}
"""


def contents(folder):
    return {p.name: p.read_bytes() for p in (folder / "jobs").iterdir()}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("label: thompson", "label: posterior"),
        ("- exp3", "- bandits.arms.exp3:Exp3"),
        ("- exp3\n", "- {name: exp3, label: exponential, parameters: {}}\n"),
        ("      - exp3\n      - {name: beta_thompson, label: thompson}", "      - beta_thompson\n      - exp3"),
        ("name: two", "name: another"),
        ("means: [0.2, 0.8]", "means: [0.2, 8.0e-1]"),
        ("{name: bernoulli,", "{name: environments:BernoulliArms, label: coins,"),
        ("experiments:", "title: T\nfigures:\n  - {name: f, experiment: two, scale: linear}\nexperiments:"),
        ("      - exp3\n", "      - exp3\n      - {name: exp3, label: again}\n"),
    ],
)
def test_how_it_is_written_computes_nothing_again(tmp_path, old, new):
    run(parse_study(RANDOM), tmp_path, jobs=1)
    before = contents(tmp_path)
    assert old in RANDOM
    outcome = run(parse_study(RANDOM.replace(old, new)), tmp_path, jobs=1)
    assert {done.status for done in outcome.done} == {"kept"}
    assert contents(tmp_path) == before
    assert experiments.load(tmp_path).study == parse_study(RANDOM.replace(old, new))


class Reads(UCB1):
    def __init__(self, path="data.txt", more=None, policy="ucb1"):
        super().__init__()
        self.path, self.more, self.policy = path, more, POLICIES.build(policy, of=Policy)


ARMS = {"name": "bernoulli", "parameters": {"means": [0.2, 0.8]}}


@pytest.fixture
def key_of(tmp_path, monkeypatch):
    """The key of a job of a policy, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)

    def key(policy):
        environment = delayed(ARMS) if policy["name"] == "qpm_d" else ARMS
        experiment = {"name": "e", "horizon": 9, "replicates": 1, "environment": environment, "policies": [policy]}
        (found,) = [job.key for job in jobs_of(study_of({"seed": 1, "experiments": [experiment]})) if job.policy]
        return found

    return key


def reads(**parameters):
    return {"name": f"{__name__}:Reads", "parameters": parameters}


@pytest.mark.parametrize(
    "policy",
    [
        reads(),
        reads(path="data.txt"),
        reads(path="other.txt", more={"deep": ["data.txt"]}),
        reads(more={"name": "data.txt"}),
        reads(more="./data.txt"),
        {"name": "qpm_d", "parameters": {"policy": reads()}},
    ],
)
def test_a_file_that_a_parameter_names_counts_with_what_it_holds(policy, key_of, tmp_path):
    keys = []
    for text in ("1", "2", "1"):
        (tmp_path / "data.txt").write_text(text, encoding="utf-8")
        keys.append(key_of(policy))
    assert keys[0] == keys[2] != keys[1]
    (tmp_path / "data.txt").unlink()
    assert key_of(policy) not in keys


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (reads(), reads(path="data.txt")),
        (reads(path="one.txt", more="data.txt"), reads(more="data.txt", path="one.txt")),
        (
            reads(more={"a": "data.txt", "b": ["one.txt"]}, policy="ucb1"),
            reads(
                policy={"name": "ucb1", "parameters": {"exploration": 2.0}}, more={"b": ["one.txt"], "a": "data.txt"}
            ),
        ),
        ({"name": "qpm_d"}, {"name": "qpm_d", "parameters": {"policy": {"name": "ucb1", "parameters": {}}}}),
    ],
)
@pytest.mark.parametrize("present", [(), ("ucb1", "data.txt", "one.txt")])
def test_files_do_not_tell_apart_what_is_written_in_many_words(one, other, present, key_of, tmp_path):
    for name in present:
        (tmp_path / name).write_text(name, encoding="utf-8")
    assert key_of(one) == key_of(other)


def test_names_of_components_are_not_files(key_of, tmp_path):
    before = key_of(reads()), key_of({"name": "ucb1"})
    (tmp_path / "ucb1").write_text("", encoding="utf-8")
    assert (key_of(reads()), key_of({"name": "ucb1"})) == before


def test_two_equal_entries_are_one_job_with_two_labels(tmp_path):
    text = RANDOM.replace("- exp3\n", "- exp3\n      - {name: bandits:Exp3, label: again}\n")
    outcome = run(parse_study(text), tmp_path, jobs=1)
    assert len(outcome.done) == 6
    jobs = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))["jobs"]
    assert len(jobs) == 8
    result = experiments.load(tmp_path).experiments["two"]
    assert list(result.series) == ["exp3", "again", "thompson"]
    assert np.array_equal(result.regret("exp3"), result.regret("again"))
    assert not np.array_equal(result.regret("exp3"), result.regret("thompson"))


def test_a_component_that_cannot_be_built_has_a_key_all_the_same(tmp_path, monkeypatch):
    study = parse_study(RANDOM)
    good = {job.label: job.key for job in jobs_of(study)}

    def refuse(self, *arguments, **named):
        raise RuntimeError("out of order")

    monkeypatch.setattr("bandits.arms.exp3.Exp3.__init__", refuse)
    bad = {job.label: job.key for job in jobs_of(study)}
    assert bad["thompson"] == good["thompson"]
    assert bad["exp3"] != good["exp3"]
    outcome = run(study, tmp_path, jobs=1)
    assert {done.job.label for done in outcome.failed} == {"exp3"}
    assert "out of order" in Path(next((tmp_path / "errors").iterdir())).read_text(encoding="utf-8")

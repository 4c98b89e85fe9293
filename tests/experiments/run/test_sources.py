"""What counts as the code of a job: what it imports, as far as it means something; neither more nor less."""

import ast
import json
import linecache
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from bandits import UCB1, Policy, can_play
from bandits.families import families
from bandits.registry import ENVIRONMENTS, POLICIES
from environments import Environment
from experiments.run import sources
from experiments.run.identity import described, identity_of
from experiments.run.jobs import jobs_of
from experiments.run.meaning import meaning
from experiments.run.sources import TABLES, Sources
from experiments.study.config import parse_study

FAMILIES = [family.name for family in families()]
ROOT = Path(sources.__file__).parents[2]


def code_of(*parts):
    return Sources().code_hash(
        [cls for registry, what, kind in parts for cls in identity_of(registry, what, kind).classes]
    )


def policy(what):
    return code_of((POLICIES, what, Policy))


@pytest.fixture
def edit(monkeypatch):
    """Has files read as if they were edited: ``edit(which, how)``, by their path from the root."""
    edits = []

    def read(path):
        source = genuine(path)
        if path.is_relative_to(ROOT):
            for which, how in edits:
                source = how(source) if which(str(path.relative_to(ROOT))) else source
        return source

    genuine = sources._read
    monkeypatch.setattr(sources, "_read", read)
    return lambda which, how: edits.append((which, how))


def idle(source):
    """Other comments, docstrings and layout, the same meaning."""
    text = source.decode()
    for node in ast.walk(tree := ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body[0].value.value = 'Says "otherwise"\n\nand more of it.'
    return ("# new\n\n" + ast.unparse(tree) + "\n\n'''A remark on a table.'''\n").encode()


def another_number(source):
    """The first number in the source is another one."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            node.value += 1
            return ast.unparse(tree).encode()
    raise AssertionError("a file without numbers")


def hashes():
    """The hash of the code of every registered policy and environment."""
    look = Sources()
    classes = {name: registry.load(name) for registry in (POLICIES, ENVIRONMENTS) for name in registry}
    return {name: look.code_hash([cls]) for name, cls in classes.items()}


def test_what_means_nothing_changes_nothing(edit):
    before = hashes()
    edit(lambda path: True, idle)
    assert hashes() == before


@pytest.mark.parametrize("name", [*POLICIES, *ENVIRONMENTS])
def test_a_number_in_the_file_of_a_class_does(name, edit):
    registry = POLICIES if name in POLICIES.paths else ENVIRONMENTS
    module = registry.load(name).__module__
    before = Sources().code_hash([registry.load(name)])
    edit(lambda path: path == f"{module.replace('.', '/')}.py", lambda source: source + b"\nNUMBER = 1\n")
    assert Sources().code_hash([registry.load(name)]) != before


def test_a_number_in_a_kernel_does(edit):
    others = {name: code for name, code in hashes().items() if name != "ucb1"}
    before = policy("ucb1")
    edit(lambda path: path == "bandits/arms/ucb1.py", another_number)
    assert policy("ucb1") != before
    assert policy("qpm_d") != before, "which is built on it"
    after = hashes()
    assert {name for name, code in others.items() if after[name] != code} == set(), "no other one imports it"


@pytest.mark.parametrize("path", ["experiments/run/jobs.py", "experiments/run/theory.py", "environments/record.py"])
def test_a_number_in_what_runs_jobs_does(path, edit):
    before = hashes()
    edit(lambda other: other == path, lambda source: source + b"\nNUMBER = 1\n")
    after = hashes()
    assert all(after[name] != code for name, code in before.items())


@pytest.mark.parametrize(
    "path",
    [
        "bandits/arms/__init__.py",
        "bandits/families.py",
        "bandits/__init__.py",
        "experiments/run/runner.py",
        "experiments/study/model.py",
        "experiments/report/page.py",
    ],
)
def test_tables_of_names_and_what_surrounds_jobs_do_not(path, edit):
    assert (ROOT / path).is_file()
    before = hashes()
    add = b"\nNUMBER = 1\n" if path != "bandits/arms/__init__.py" else b""
    edit(lambda other: other == path, lambda source: source.replace(b'"ucb1":', b'"ucb0":') + add)
    assert hashes() == before


OWN = """
class Family:
    def __init__(self, *arguments):
        self.arguments = arguments
"""


def differs(text, package=None):
    """Whether what the argument of the call is counts."""
    assert "SIZE" in text
    one, other = (meaning(text.replace("SIZE", size).encode(), package).digest for size in "12")
    return one != other


@pytest.mark.parametrize(
    "text",
    [
        "from bandits import Family\nFAMILY = Family('a', SIZE)",
        "from bandits.family import Family as Table\nONE = TWO = Table('a', SIZE)",
        "from regretlab import Family\nFAMILY: Family = Family('a', SIZE)",
        "from bandits import *\nFAMILY = Family('a', SIZE)",
        "import regretlab as rl\nFAMILY = rl.Family('a', SIZE)",
        "import bandits.family\nFAMILY = bandits.family.Family('a', SIZE)",
        "import bandits.family as f\nFAMILY = f.Family('a', SIZE)",
        "from bandits import family\nFAMILY = family.Family('a', SIZE)",
        "class Mine:\n    pass\n\nfrom bandits import Family\nFAMILY = Family('a', SIZE, {'mine': Mine})",
    ],
)
def test_tables_of_families_mean_nothing(text):
    assert not differs(text)


def test_a_table_in_a_package_of_families():
    assert not differs("from ..family import Family\nFAMILY = Family('a', SIZE)", "bandits.arms")
    assert differs("from ..family import Family\nFAMILY = Family('a', SIZE)", "others.arms")


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}\nFAMILY = Family('a', SIZE)",
        f"from bandits import Family\n{OWN}\nFAMILY = Family('a', SIZE)",
        "from mine import Family\nFAMILY = Family('a', SIZE)",
        "from bandits import Family\nfrom mine import Family\nFAMILY = Family('a', SIZE)",
        "from bandits import Family\nfrom mine import *\nFAMILY = Family('a', SIZE)",
        "import regretlab as rl\nimport mine as rl\nFAMILY = rl.Family('a', SIZE)",
        "import mine\nFAMILY = mine.Family('a', SIZE)",
        "import regretlab as rl\nFAMILY = rl.mine.Family('a', SIZE)",
        "import regretlab as rl\nFAMILY = rl.KLUCB('a', SIZE)",
        "from bandits import Family\nFamily = print\nFAMILY = Family('a', SIZE)",
        "from bandits import Family\ndef made():\n    family = Family('a', SIZE)\n    return family.name",
        "from bandits import Family\nclass Mine:\n    family = Family('a', SIZE)",
        "from bandits import Family\nFAMILY = Family('a', SIZE).name",
        "FAMILY = Family('a', SIZE)\nfrom bandits import Family",
    ],
)
def test_what_is_called_like_a_table_of_a_family_does(text):
    assert differs(text)


@pytest.mark.parametrize("room", [name for name in FAMILIES if name != "arms"])
def test_other_families_do_not(room, edit):
    paths = {**POLICIES.paths, **ENVIRONMENTS.paths}
    arms = {name: code for name, code in hashes().items() if ".arms." in str(paths[name])}
    assert len(arms) > 20
    edit(
        lambda path: path.startswith((f"bandits/{room}/", f"environments/{room}/")),
        lambda source: source + b"\nX = 1\n",
    )
    after = hashes()
    assert {name: after[name] for name in arms} == arms


def test_what_a_parameter_names_does(edit):
    wrapped = {"name": "qpm_d", "parameters": {"policy": "moss"}}
    before, plain = policy(wrapped), policy("qpm_d")
    edit(lambda path: path == "bandits/arms/moss.py", lambda source: source + b"\nNUMBER = 1\n")
    assert policy(wrapped) != before
    assert policy("qpm_d") == plain


JOBS = """
import json, os, sys
import gymnasium, numba, numpy, scipy.optimize, scipy.sparse.linalg, scipy.special, scipy.stats  # once, for all copies
for line in sys.stdin:
    room, environment, policy = json.loads(line)
    if os.fork():
        if os.wait()[1]:
            sys.exit(f"the job of {room} failed")
        continue
    from bandits.contract import Policy
    from environments.contract import Environment
    from bandits.registry import ENVIRONMENTS, POLICIES
    from experiments.run.jobs import checkpoints, compare, play
    environment, policy = ENVIRONMENTS.build(environment, of=Environment), POLICIES.build(policy, of=Policy)
    times = checkpoints(10, environment.problem.horizon)
    compare(environment, times, 0, range(1))
    play(policy, environment, times, 0, range(1))
    ours = ("bandits", "environments", "experiments", "regretlab")
    print(json.dumps([room, [name for name in sys.modules if name.partition(".")[0] in ours]]), flush=True)
    os._exit(0)
"""
"""Plays a job of each room in a process that had imported nothing of ours; prints what it has imported then."""


def players(family):
    """An environment and a policy of a family, or one that plays its environments, described."""
    for environment in family.example_environments():
        for name in (*family.policies, *POLICIES):
            cls = POLICIES.load(name)
            if not getattr(cls, "clairvoyant", False) and can_play(cls, environment.problem):
                for parameters in next((f.variants.get(name) for f in families() if name in f.variants), ({},)):
                    described_policy = {"name": name, "parameters": dict(parameters)}
                    POLICIES.build(described_policy).reset(environment.problem, np.random.default_rng(0))
                    yield described(ENVIRONMENTS, environment), described_policy
                    return


JOB_OF = {family.name: next(players(family)) for family in families()}


@pytest.fixture(scope="module")
def imports():
    """What a job of each room imports."""
    given = "".join(json.dumps([room, *job]) + "\n" for room, job in JOB_OF.items())
    done = subprocess.run([sys.executable, "-c", JOBS], input=given, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {room: set(names) for room, names in map(json.loads, done.stdout.splitlines())}


@pytest.mark.slow
@pytest.mark.parametrize("room", FAMILIES)
def test_the_closure_holds_what_is_imported_and_no_other_algorithms(room, imports):
    environment, played = JOB_OF[room]
    classes = [
        cls
        for registry, what, kind in ((ENVIRONMENTS, environment, Environment), (POLICIES, played, Policy))
        for cls in identity_of(registry, what, kind).classes
    ]
    imported = imports[room]
    closure = set(Sources().closure(["experiments.run.jobs", *(cls.__module__ for cls in classes)]))
    tables = {*TABLES, *(f"bandits.{name}" for name in FAMILIES)}
    assert imported - tables <= closure
    others = {str(place).partition(":")[0] for f in families() if f.name != room for place in f.policies.values()}
    assert others & closure <= imported
    assert len(closure) < 70


def test_it_costs_milliseconds(record_property):
    from time import process_time

    hashes()
    start = process_time()
    hashes()
    seconds = process_time() - start
    record_property("milliseconds", 1e3 * seconds)
    assert seconds < 1.0, "for all policies and environments, once their files were parsed"


def write(folder, files):
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_code_that_foreign_code_imports_and_wraps_is_followed(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    body = "from bandits import UCB1\nfrom followed_a import SIGN\n\n\nclass Mine(UCB1):\n    sign = SIGN\n"
    write(tmp_path, {"followed_a": "SIGN = 1\n", "followed_policy": body})
    for what in ("followed_policy:Mine", {"name": "qpm_d", "parameters": {"policy": "followed_policy:Mine"}}):
        before = policy(what)
        write(tmp_path, {"followed_a": "SIGN = 2\n"})
        assert policy(what) != before
        write(tmp_path, {"followed_a": "SIGN = 1  # as before\n"})
        assert policy(what) == before


@pytest.mark.parametrize(
    "line",
    [
        "from bandits import UCB1 as Base",
        "import bandits\nBase = bandits.UCB1",
        "import bandits as b\nBase = b.UCB1",
        "import regretlab as rl\nBase = rl.UCB1",
        "from bandits.arms.ucb1 import UCB1 as Base",
    ],
)
def test_what_our_packages_hand_out_is_followed(line, tmp_path, monkeypatch, edit):
    monkeypatch.syspath_prepend(tmp_path)
    name = f"handed_{abs(hash(line))}"
    write(tmp_path, {name: f"{line}\n\n\nclass Mine(Base):\n    pass\n"})
    before = policy(f"{name}:Mine")
    edit(lambda path: path.startswith("bandits/groupwise/"), lambda source: source + b"\nX = 1\n")
    assert policy(f"{name}:Mine") == before
    edit(lambda path: path == "bandits/arms/ucb1.py", lambda source: source + b"\nX = 1\n")
    assert policy(f"{name}:Mine") != before


def test_packages_of_all_kinds_are_followed(tmp_path, monkeypatch):
    """With and without ``__init__``, relative, late, for type checkers, and by a text ``module:Class``."""
    monkeypatch.syspath_prepend(tmp_path)
    policy_file = (
        "from typing import TYPE_CHECKING\nfrom bandits import UCB1\nfrom . import near\n"
        "if TYPE_CHECKING:\n    from kinds_b import types\n\nPARTS = {'x': 'kinds_b.named:X'}\n\n\n"
        "class Mine(UCB1):\n    def choose(self, observation):\n        import kinds_b.late\n        return 0\n"
    )
    write(tmp_path, {"kinds_a/policy": policy_file})
    matters = {"a/__init__": 1, "a/near": 1, "a/far": 0, "b/late": 1, "b/named": 1, "b/types": 0}
    write(tmp_path, {f"kinds_{name}": "X = 1\n" for name in matters})
    before = policy("kinds_a.policy:Mine")
    for name, changes in matters.items():
        write(tmp_path, {f"kinds_{name}": "X = 2\n"})
        assert (policy("kinds_a.policy:Mine") != before) == bool(changes), name
        write(tmp_path, {f"kinds_{name}": "X = 1\n"})
    assert policy("kinds_a.policy:Mine") == before


BY_VALUE = '''
import bandits
from bandits import UCB1

SIGN = 1
WEIGHTS = [1, 2]
UNUSED = 1


def index(value):
    """What it is worth."""
    return SIGN * value


class Base(UCB1):
    step = 3

    @property
    def worth(self):
        return 4


def make(gain=5):
    class Mine(Base):
        """Mine."""

        @staticmethod
        def shift(value):
            return value + gain

        def choose(self, observation):
            unused = WEIGHTS[0]
            return index(self.shift(super().choose(observation)))

    return Mine


class Other:
    number = 6
'''


def made(text, kind):
    """The class that the text makes in a module of a kind: a file, a notebook's cells, or without any source."""
    module = types.ModuleType("by_value")
    file = f"<cell {abs(hash(text))}>" if kind == "notebook" else f"<nothing {abs(hash(text))}>"
    if kind == "file":
        file = module.__file__ = str(Path(made.folder) / f"m{abs(hash(text))}.py")
        Path(file).write_text(text, encoding="utf-8")
    if kind == "notebook":
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    made.patch.setitem(sys.modules, "by_value", module)
    exec(compile(text, file, "exec"), vars(module))
    return module.make()


@pytest.fixture
def code_by_value(tmp_path, monkeypatch):
    made.folder, made.patch = tmp_path, monkeypatch
    return lambda text, kind: Sources().code_hash([made(text, kind)])


@pytest.mark.parametrize("kind", ["file", "notebook", "nothing"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SIGN = 1", "SIGN = 2"),
        ("WEIGHTS = [1, 2]", "WEIGHTS = [1, 3]"),
        ("SIGN * value", "SIGN + value"),
        ("step = 3", "step = 4"),
        ("return 4", "return 5"),
        ("gain=5", "gain=6"),
        ("value + gain", "value - gain"),
        ("WEIGHTS[0]", "WEIGHTS[1]"),
        ("class Base(UCB1)", "class Base(bandits.MOSS)"),
    ],
)
def test_what_a_class_of_a_function_reaches(old, new, kind, code_by_value):
    assert old in BY_VALUE
    assert code_by_value(BY_VALUE, kind) != code_by_value(BY_VALUE.replace(old, new), kind)


@pytest.mark.parametrize("kind", ["file", "notebook", "nothing"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("UNUSED = 1", "UNUSED = 2"),
        ("number = 6", "number = 7"),
        ("import bandits\n", "import bandits\n\n# a remark\n"),
        ("What it is worth.", "Its worth."),
        ('"""Mine."""', '"""Mine, and nobody else\'s."""'),
    ],
)
def test_what_it_does_not_reach(old, new, kind, code_by_value):
    if kind == "nothing" and '"""' not in old and "worth" in old:
        old, new = "UNUSED = 1", "UNUSED = 'more'"  # a docstring is a constant where there is no source
    assert old in BY_VALUE
    assert code_by_value(BY_VALUE, kind) == code_by_value(BY_VALUE.replace(old, new), kind)


HELPER = """
from functools import cached_property


class Box:
    def __init__(self, **kept):
        vars(self).update(kept)

    def __repr__(self):
        return "Box"

    @cached_property
    def costly(self):
        return len(vars(self))


class Slotted:
    __slots__ = ("size",)

    def __init__(self, size):
        self.size = size


def fast(value):
    return value


def slow(value):
    return value
"""

STATES = """
import random
import re
from collections import Counter, defaultdict, namedtuple
from functools import partial
from pathlib import Path
from random import random as chance
from threading import Lock

import numpy as np
import scipy.stats
from bandits import UCB1
from numpy.random import normal
from state_helper import Box, Slotted, fast as rule, slow

Point = namedtuple("Point", "x y")

PRIOR = scipy.stats.beta(2, 3)
RULE = rule
BOX = Box(size=[1, {"deep": Slotted(5)}], names={"a", "b", "c"}, table={"k": Box(x=1)})
LOCKED = Box(lock=Lock(), size=7)
KINDS = {("one", 1), ("two", 2), frozenset({"three", "four"})}
POINT = Point(3, 4)
COUNTS = Counter({"x": 11})
DEFAULTS = defaultdict(list, a=[12])
PART = partial(slow, 13)
METHOD = Slotted(14).__repr__
NOISE = np.random.default_rng(15)
MIXED = np.array([Box(x=16), "text"], dtype=object)
MASKED = np.ma.masked_array([1.0, 2.0], [False, True])
PATTERN, PATH = re.compile("ab+"), Path("some/where")
ONE, TWO, THREE = 1, 2, 1
FIRST, SECOND = (lambda x: x + 21), (lambda x: x + 22)
LOOP = Box(size=23)
LOOP.other = Box(loop=LOOP, size=24)


def make():
    class Mine(UCB1):
        def choose(self, observation):
            used = PRIOR, RULE, BOX, LOCKED, KINDS, POINT, COUNTS, DEFAULTS, PART, METHOD, NOISE, MIXED, MASKED
            return used, PATTERN, PATH, ONE, TWO, THREE, FIRST, SECOND, LOOP, chance, normal, random, Lock

    return Mine
"""


@pytest.fixture
def helper(tmp_path, monkeypatch):
    write(tmp_path, {"state_helper": HELPER})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "state_helper", raising=False)


@pytest.mark.parametrize("kind", ["file", "nothing"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("beta(2, 3)", "beta(3, 1)"),
        ("beta(2, 3)", "gamma(2, 3)"),
        ("fast as rule", "slow as rule"),
        ("Slotted(5)", "Slotted(6)"),
        ('"c"', '"d"'),
        ("Box(x=1)", "Box(y=1)"),
        ("size=7", "size=8"),
        ('("two", 2)', '("two", 3)'),
        ('"four"', '"five"'),
        ("Point(3, 4)", "Point(4, 3)"),
        ("11", "12"),
        ("a=[12]", "a=[13]"),
        ("slow, 13", "slow, 14"),
        ("Slotted(14)", "Slotted(15)"),
        ("default_rng(15)", "default_rng(16)"),
        ("Box(x=16)", "Box(x=17)"),
        ("[False, True]", "[True, False]"),
        ("ab+", "ab*"),
        ("some/where", "some/place"),
        ("ONE, TWO, THREE = 1, 2, 1", "ONE, TWO, THREE = 1, 2, 2"),
        ("size=24", "size=25"),
        (
            "FIRST, SECOND = (lambda x: x + 21), (lambda x: x + 22)",
            "FIRST, SECOND = (lambda x: x + 22), (lambda x: x + 21)",
        ),
    ],
)
def test_values_count_with_all_that_they_hold(old, new, kind, code_by_value, helper):
    assert old in STATES
    assert code_by_value(STATES, kind) != code_by_value(STATES.replace(old, new), kind)


def test_values_count_the_same_in_all_processes(tmp_path):
    write(tmp_path, {"state_helper": HELPER})
    more = """
if __name__ == "__main__":
    from experiments.run.sources import Sources
    before = Sources().code_hash([make()])
    PRIOR.rvs(3, random_state=1), PRIOR.ppf(0.3), BOX.costly, normal(), chance()
    print(before, Sources().code_hash([make()]))
"""
    (tmp_path / "states.py").write_text(STATES + more, encoding="utf-8")
    said = set()
    for seed in "12":
        environ = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "states.py"], cwd=tmp_path, env=environ, capture_output=True, text=True, check=True
        )
        said.update(done.stdout.split())
    assert len(said) == 1


def test_our_code_that_it_reaches(code_by_value, edit):
    before = code_by_value(BY_VALUE, "file")
    edit(lambda path: path == "bandits/arms/moss.py", lambda source: source + b"\nX = 1\n")
    assert code_by_value(BY_VALUE, "file") == before
    edit(lambda path: path == "bandits/arms/policy.py", lambda source: source + b"\nX = 1\n")
    assert code_by_value(BY_VALUE, "file") != before


def test_a_study_shows_it(text, edit):
    before = {job.label: job.key for job in jobs_of(parse_study(text))}
    edit(lambda path: path == "bandits/arms/ucb1.py", another_number)
    after = {job.label: job.key for job in jobs_of(parse_study(text))}
    assert {label for label, key in before.items() if after[label] != key} == {"ucb1", "bold"}
    assert UCB1.__module__ == "bandits.arms.ucb1"

"""The house stands: nothing imports upward or in a circle, the core knows no family, importing policies is cheap."""

import ast
import io
import re
import subprocess
import sys
import tokenize
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from bandits.families import ROOMS, families
from bandits.registry import POLICIES

ROOT = Path(__file__).parent.parent
FLOORS = {"bandits": 0, "environments": 1, "experiments": 2, "regretlab": 3}
STAIRS = {"study": 0, "run": 1, "analysis": 2, "report": 3}
"""The rooms of ``experiments``, one above the other; what stands beside them is above them all."""
FILES = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}


def imports(path):
    """Modules that a file imports, at once or later; of ``from a import b`` both ``a`` and, if it is one, ``a.b``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            modules = [name for name in inner if name in MODULES]
            yield from modules
            if len(modules) < len(inner):
                yield node.module


@pytest.mark.parametrize("floor", FLOORS)
def test_nothing_imports_upward(floor):
    for path in (ROOT / floor).rglob("*.py"):
        for module in imports(path):
            above = FLOORS.get(module.split(".")[0], -1)
            assert above <= FLOORS[floor], f"{path.relative_to(ROOT)} imports {module}"


def stair(module):
    return STAIRS.get(module.split(".")[1] if "." in module else "", len(STAIRS))


def test_no_room_of_experiments_imports_upward():
    rooms = {name: path for name, path in MODULES.items() if name.startswith("experiments.")}
    assert {name.split(".")[1] for name in rooms} == {*STAIRS, "cli"}
    for name, path in rooms.items():
        for module in imports(path):
            if module.split(".")[0] == "experiments":
                assert stair(module) <= stair(name), f"{name} imports {module}"


def test_the_analysis_draws_and_runs_nothing():
    rooms = [path for name, path in MODULES.items() if name.startswith("experiments.analysis")]
    assert len(rooms) > 5
    for path in rooms:
        for module in imports(path):
            assert module.split(".")[0] != "matplotlib", path
            assert module != "experiments.run.runner", path
    assert loaded("import experiments.analysis.findings", ["matplotlib"]) == "[]"


def test_nothing_imports_in_a_circle():
    graph = {name: {m for m in imports(path) if m in MODULES and m != name} for name, path in MODULES.items()}
    assert len(graph) > 200
    list(TopologicalSorter(graph).static_order())  # CycleError names the circle


def test_environments_import_no_algorithm():
    algorithms = {str(place).partition(":")[0] for place in POLICIES.table.values()}
    assert len(algorithms) > 70
    for path in (ROOT / "environments").rglob("*.py"):
        for module in imports(path):
            assert module not in algorithms, f"{path.relative_to(ROOT)} imports the algorithm {module}"


def core():
    """The files of no family, but for the table of families."""
    table = ROOT / "bandits" / "families.py"
    return [p for p in FILES if p != table and not any(p.is_relative_to(ROOT / f / r) for f in FLOORS for r in ROOMS)]


def code(path):
    """The tokens of a file that are neither comments nor docstrings nor names of other people."""
    text = path.read_text(encoding="utf-8")
    docs, theirs = set(), set()  # lines of docstrings; names of other people's packages
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] not in FLOORS:
            theirs |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            theirs |= {f"{alias.asname or alias.name}." for alias in node.names}
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                docs |= set(range(statement.lineno, statement.end_lineno + 1))
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        foreign = token.string in theirs or before in theirs  # ``delayed``, or ``joblib.delayed``
        if token.type != tokenize.COMMENT and token.start[0] not in docs and not foreign:
            yield token.start[0], token.string
        before = before + token.string if token.string == "." else token.string


SCALES = ("experiments/report/", "experiments/study/model.py", "experiments/study/axes.py", "regretlab/results.py")
"""Where the name of an axis' scale, or of a grid's, is that of a family."""


AT_WORK = [path for room in ("adapters", "service") for path in (ROOT / "regretlab" / room).glob("*.py")]
"""Where ``arms`` are a parameter of other people's interfaces. They import the core and the faces of the packages."""


def test_what_works_in_other_programs_imports_no_room():
    assert len(AT_WORK) > 5
    for path in AT_WORK:
        for module in imports(path):
            assert not set(module.split(".")[1:2]) & set(ROOMS) or module.split(".")[0] not in FLOORS, (path, module)


def test_no_file_of_the_core_names_a_family():
    name = re.compile(rf"(?<![A-Za-z])({'|'.join(family.name for family in families())})(?![A-Za-z])")
    assert len(core()) > 30
    for path in core():
        for line, token in code(path):
            if token == '"linear"' and str(path.relative_to(ROOT)).startswith(SCALES):
                continue
            if path in AT_WORK:
                token = re.sub(r"(?<![A-Za-z])arms(?![A-Za-z])", "", token)
            assert not name.search(token), f"{path.relative_to(ROOT)}:{line} names a family: {token}"


@pytest.mark.parametrize("room", ROOMS)
def test_every_family_is_a_room_like_the_others(room):
    assert (ROOT / "bandits" / room / "problem.py").is_file()
    places = [str(place).partition(":")[0] for place in next(f for f in families() if f.name == room).policies.values()]
    here = {path.stem for path in (ROOT / "bandits" / room).glob("*.py")}
    assert all(place.startswith(f"bandits.{room}.") for place in places)
    assert len(set(places)) == len(places), "one algorithm, one file"
    assert not places or "policy" in here
    upstairs = ROOT / "environments" / room
    if upstairs.is_dir() and next(f for f in families() if f.name == room).environments:
        for name in ("environment", "instance", "examples"):
            assert (upstairs / f"{name}.py").is_file(), f"environments/{room}/{name}.py"


def test_problems_hold_no_algorithm():
    """What a learner is told stands in ``problem.py``, which defines no policy."""
    for path in (ROOT / "bandits").glob("*/problem.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            bases = {ast.unparse(base).partition("[")[0] for base in getattr(node, "bases", ())}
            assert not any(base.endswith("Policy") for base in bases), f"{path.relative_to(ROOT)}: {node.name}"


HEAVY = ["numba", "scipy", "gymnasium", "matplotlib", "pydantic"]


def loaded(code, heavy):
    """Which heavy packages a fresh interpreter has loaded after ``code``."""
    code = f"import sys; {code}; print([m for m in {heavy} if m in sys.modules])"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_policies_import_no_heavy_package():
    everything = (
        "import bandits, bandits.checks; from bandits import *; [bandits.POLICIES.load(n) for n in bandits.POLICIES]"
    )
    assert loaded(everything, HEAVY) == "[]"


def test_the_command_line_imports_no_heavy_package():
    assert loaded("import experiments.cli", [*HEAVY, "numpy"]) == "[]"


def test_star_imports_bring_in_the_classes():
    for package, names in (("bandits", "UCB1 LRU Policy BanditProblem PolicyCache"), ("environments", "BernoulliArms")):
        code = f"from {package} import *; print(*(thing.__name__ for thing in ({', '.join(names.split())},)))"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == names

"""The house stands: nothing imports upward, and importing policies is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = {"bandits": 0, "environments": 1, "experiments": 2}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("floor", FLOORS)
def test_nothing_imports_upward(floor):
    for path in (ROOT / floor).rglob("*.py"):
        for module in imports(path):
            above = FLOORS.get(module.split(".")[0], -1)
            assert above <= FLOORS[floor], f"{path.relative_to(ROOT)} imports {module}"


def test_policies_import_no_heavy_package():
    heavy = ["numba", "scipy", "gymnasium", "matplotlib", "pydantic"]
    code = f"import sys, bandits, bandits.arms.ucb1; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_command_line_imports_no_heavy_package():
    heavy = ["numba", "scipy", "gymnasium", "matplotlib", "pydantic", "numpy"]
    code = f"import sys, experiments.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def kernels(tree):
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(getattr(d, "id", "") == "kernel" for d in node.decorator_list):
            yield node


def test_kernels_call_only_kernels_of_their_own_file():
    """Numba's cache on disk does not see a change in another file."""
    paths = [p for floor in FLOORS for p in (ROOT / floor).rglob("*.py")]
    trees = {p: ast.parse(p.read_text(encoding="utf-8")) for p in paths}
    known = {
        (".".join(p.relative_to(ROOT).with_suffix("").parts), node.name)
        for p, t in trees.items()
        for node in kernels(t)
    }
    assert len(known) > 20
    for path, tree in trees.items():
        foreign = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
            if (node.module, alias.name) in known
        }
        for node in kernels(tree):
            called = {n.func.id for n in ast.walk(node) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
            assert not called & foreign, f"{path.relative_to(ROOT)}: {node.name} calls {called & foreign}"

"""The notebooks run from top to bottom, hold no outputs, and are short."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent.parent / "docs" / "notebooks").glob("*.ipynb"))
FAMILIES = [
    "arms-modern",
    "arms",
    "groupwise",
    "identification",
    "linear",
    "logged",
    "mdp",
    "paging",
    "portfolio",
    "recovering",
    "sor",
    "streaming",
    "tallying",
]


def cells(path, kind):
    return [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == kind]


def test_every_family_has_one():
    assert [path.stem for path in NOTEBOOKS] == FAMILIES


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_stored_without_outputs(path):
    for cell in cells(path, "code"):
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
    assert 6 <= len(cells(path, "code")) + len(cells(path, "markdown")) <= 14


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_uses_public_names_only(path):
    code = "\n".join("".join(cell["source"]) for cell in cells(path, "code"))
    assert re.findall(r"(?<!\w)_[a-z]\w*", code) == []


@pytest.fixture(scope="module")
def execute(tmp_path_factory):
    """Executes notebooks in one process, which takes seconds to import everything, each without names of others."""
    nbclient, v4 = pytest.importorskip("nbclient"), pytest.importorskip("nbformat.v4")
    pytest.importorskip("ipykernel")
    folder = tmp_path_factory.mktemp("notebooks")
    where = {"metadata": {"path": folder}}
    client = nbclient.NotebookClient(v4.new_notebook(), timeout=120, kernel_name="python3", resources=where)

    def execute(notebook):
        for client.nb in (v4.new_notebook(cells=[v4.new_code_cell("%reset -f")]), notebook):
            client.execute(cleanup_kc=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        patch.delenv("REGRETLAB_DATA", raising=False)
        yield execute
        client.nb = v4.new_notebook()
        client.execute()  # and ends the process


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, execute):
    notebook = pytest.importorskip("nbformat").read(path, as_version=4)
    execute(notebook)
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("image/svg+xml" in output.get("data", {}) for output in shown), "no figure"
    assert [output["text"] for output in shown if output.get("name") == "stderr"] == []

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


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs(path, tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.delenv("REGRETLAB_DATA", raising=False)
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": tmp_path}}
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3", resources=where).execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert any("image/svg+xml" in output.get("data", {}) for output in shown), "no figure"
    assert [output["text"] for output in shown if output.get("name") == "stderr"] == []

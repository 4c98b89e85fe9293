"""The examples run, and what they print is true."""

import importlib.util
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[3] / "examples"


def load(name):
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_heat_tuning(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["heat_tuning.py", "--n", "8", "--steps", "30", "--only", "SSOR", "scipy"])
    load("heat_tuning").main()
    lines = [line for line in capsys.readouterr().out.splitlines() if "SSOR" in line or "scipy" in line]
    assert len(lines) == 9
    assert all(float(line.split()[-1]) <= 1.01e-8 for line in lines)  # relative residuals
    iterations = {line[:44].strip(): line[44:].split()[2] for line in lines}
    assert iterations["SSOR-CG, omega = 1.5"] == iterations["SSOR-CG, omega = 1.5, any sparse matrix"]
    assert iterations["SSOR-CG, tuned (ChebCB)"] == iterations["SSOR-CG, tuned (ChebCB), any sparse matrix"]
    assert int(iterations["scipy cg"]) > int(iterations["SSOR-CG, omega = 1"])


def test_a_figure(monkeypatch, tmp_path):
    figures = load("sor_figures")
    monkeypatch.setattr(sys, "argv", ["sor_figures.py", "degenerate", "--out", str(tmp_path)])
    figures.main()
    assert {path.name for path in tmp_path.iterdir()} == {f"degenerate.{ending}" for ending in ("png", "svg", "pdf")}
    monkeypatch.setattr(sys, "argv", ["sor_figures.py", "degenerated"])
    with pytest.raises(SystemExit):
        figures.main()

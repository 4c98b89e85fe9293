"""The charting library that reports carry: pinned to the byte, with its licence, in the package and in the page."""

import re
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

VENDOR = files("experiments.report") / "vendor"
PINNED = {
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""uPlot 1.6.32 as the npm registry has it."""
ROOT = Path(__file__).parents[3]


def test_the_library_is_the_pinned_one():
    assert {f.name: sha256(f.read_bytes()).hexdigest() for f in VENDOR.iterdir() if f.is_file()} == PINNED
    script = (VENDOR / "uPlot.iife.min.js").read_text(encoding="utf-8")
    assert "(v1.6.32)" in script[:100]
    assert not re.search(r"</script|\beval\(|new Function|https?:(?!//github.com/leeoniya/uPlot)", script)
    assert "MIT License" in (VENDOR / "LICENSE").read_text(encoding="utf-8")


def test_its_licence_is_named_where_ours_is():
    assert '"experiments/report/vendor/LICENSE"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert "uPlot 1.6.32" in (ROOT / "README.md").read_text(encoding="utf-8")

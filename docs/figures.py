"""Draws the figures that the pages show, from the studies that they name.

A page shows ``figures/<study>/<part>.png``: a shipped study, and one of its figures, or the last part of the study's
name for all of them side by side. Nothing else lists the figures. Results are kept in ``docs/_build/results``.

    python docs/figures.py [STUDY ...]
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
IMAGE = re.compile(r"[(\s](?:docs/)?figures/([\w/-]+)/([\w-]+)\.png")


def shown() -> dict[str, set[str]]:
    """The parts of each study that some page shows."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        for study, part in IMAGE.findall(page.read_text(encoding="utf-8")):
            found.setdefault(study, set()).add(part)
    return found


def draw(study: str, parts: set[str]) -> None:
    """Run a study, or take what stands, and draw these parts of it."""
    from PIL import Image

    import regretlab as rl

    results = rl.run(study, out=DOCS / "_build" / "results" / study)
    target = DOCS / "figures" / study
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as drawn:
        results.plot(drawn)
        for part in sorted(parts):
            drawing = Image.open(Path(drawn) / f"{part}.png").convert("RGB")
            drawing.quantize(256).save(target / f"{part}.png", optimize=True)  # a third of the size
            print(target / f"{part}.png")


if __name__ == "__main__":
    wanted = shown()
    for name in sys.argv[1:] or sorted(wanted):
        draw(name, wanted[name])

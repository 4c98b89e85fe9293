"""Draws the figures that the pages show, from the studies that they name.

A page shows ``figures/<study>/<part>.png``: a shipped study, and one of its figures, or the last part of the study's
name for all of them side by side. Nothing else lists these figures. The gallery shows, of each figure in ``GALLERY``,
``figures/gallery/<name>-<how>.png`` for each of ``HOW``. Results are kept in ``docs/_build/results``, and
``figures/made.json`` says of which code and which study a picture is; a test compares.

    python docs/figures.py [STUDY ...]
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
IMAGE = re.compile(r"[(\s](?:docs/)?figures/((?!gallery/)[\w/-]+)/([\w-]+)\.png")
MADE = DOCS / "figures" / "made.json"

GALLERY = {
    "arms": ("arms/bernoulli", "optimism"),
    "linear": ("linear/optimism", "optimism"),
    "delayed": ("arms/delayed", "constant"),
    "sor": ("sor/easy", "grid"),
    "paging": ("paging/sizes", "working_set"),
    "groupwise": ("groupwise/contexts", "south"),
    "streaming": ("streaming/memory", "random"),
    "tallying": ("tallying/step", "growth"),
    "recovering": ("recovering/trap", "plan"),
    "mdp": ("mdp/latent", "treasure"),
    "identification": ("identification/complexity", "complexity"),
    "portfolio": ("portfolio/headline", "ahead"),
    "change-points": ("arms/piecewise", "piecewise"),
}
"""Name, mostly a family's, to a shipped study and one of its figures."""
HOW = ("light", "dark", "grey", "column")
COLUMN = 85.0
"""Millimetres of a column of a journal."""


def shown() -> dict[str, set[str]]:
    """The parts of each study that some page shows, the gallery aside."""
    found: dict[str, set[str]] = {}
    for page in PAGES:
        for study, part in IMAGE.findall(page.read_text(encoding="utf-8")):
            found.setdefault(study, set()).add(part)
    return found


def wanted(study: str) -> dict[str, str]:
    """Pictures of a study, by their paths in ``figures``: the part that each shows."""
    paths = {f"{study}/{part}.png": part for part in sorted(shown().get(study, ()))}
    gallery = [(name, part) for name, (of, part) in GALLERY.items() if of == study]
    return paths | {f"gallery/{name}-{how}.png": part for name, part in gallery for how in HOW}


def studies() -> list[str]:
    """All studies of which there are pictures."""
    return sorted({*shown(), *(study for study, _ in GALLERY.values())})


def code() -> str:
    """What the code that draws means: nothing but its syntax trees, without comments and docstrings."""
    from experiments.run.sources import Sources

    found = Sources().closure({"experiments.report.figures"})
    drawing = sorted((name, m.digest) for name, m in found.items() if name.startswith("experiments.report."))
    return _digest(json.dumps(drawing).encode())


def configuration(study: str) -> str:
    """What a shipped study says."""
    from experiments.study.config import find, load_study

    said = load_study(find(study)).model_dump(mode="json", exclude_defaults=True)
    return _digest(json.dumps(said, sort_keys=True).encode())


def made(study: str) -> dict[str, Any]:
    """What ``figures/made.json`` must say of a study whose pictures stand there."""
    files = {path: _digest((DOCS / "figures" / path).read_bytes()) for path in wanted(study)}
    return {"code": code(), "study": configuration(study), "pictures": files}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def draw(study: str) -> None:
    """Run a study, or take what stands, draw all pictures of it, and note of what they are."""
    import regretlab as rl
    from experiments.analysis.findings import findings

    results = rl.run(study, out=DOCS / "_build" / "results" / study).stored
    paths = wanted(study)
    canvases = dict(_canvases(findings(results), set(paths.values())))
    columns = [name for name in paths if name.endswith("-column.png")]
    if columns:
        narrow = [f.model_copy(update={"width": COLUMN}) for f in results.study.all_figures()]
        slim = replace(results, study=results.study.model_copy(update={"figures": narrow}))
        slim_canvases = dict(_canvases(findings(slim), {paths[name] for name in columns}))
    for path, part in sorted(paths.items(), key=lambda item: item[0].endswith("-dark.png")):  # dark ones stay so
        _save(slim_canvases[part] if path in columns else canvases[part], DOCS / "figures" / path)
        print(path)
    known = json.loads(MADE.read_text(encoding="utf-8")) if MADE.exists() else {}
    kept = {name: known[name] for name in studies() if name in known} | {study: made(study)}
    MADE.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _canvases(found: Any, parts: set[str]) -> Iterator[tuple[str, Any]]:
    """The figures of these names."""
    from experiments.report.figures import canvases

    return ((name, canvas) for name, canvas in canvases(found) if name in parts)


def _save(canvas: Any, path: Path) -> None:
    """Write a figure as a PNG of few colours, a third of the size."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    from experiments.report.style import style

    if path.stem.endswith("-dark"):
        darken(canvas)
    stream = io.BytesIO()
    with style():
        FigureCanvasAgg(canvas).print_png(stream)
    drawing = Image.open(stream).convert("L" if path.stem.endswith("-grey") else "RGB").quantize(256)
    path.parent.mkdir(parents=True, exist_ok=True)
    drawing.save(path, optimize=True)


def darken(canvas: Any) -> None:
    """Give everything in a figure the colour that reports have for it on dark paper."""
    from matplotlib.collections import Collection
    from matplotlib.colors import to_hex, to_rgba
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    from experiments.report.palette import INK, dark
    from experiments.report.style import FIXED

    def changed(colour: Any) -> Any:
        if isinstance(colour, str) and colour in ("none", "auto"):
            return colour
        return (*to_rgba(dark(to_hex(colour)))[:3], to_rgba(colour)[3])

    faces = ("facecolor", "edgecolor")
    properties: dict[type[Any], tuple[str, ...]] = {
        Line2D: ("color", "markerfacecolor", "markeredgecolor"),
        Text: ("color",),
        Patch: faces,
        Collection: faces,
    }
    for artist in canvas.findobj(lambda artist: not str(artist.get_gid()).startswith(FIXED)):
        names = next((names for kind, names in properties.items() if isinstance(artist, kind)), ())
        colours = {name: getattr(artist, f"get_{name}")() for name in names}
        for name, colour in colours.items():
            several = isinstance(artist, Collection)
            getattr(artist, f"set_{name}")([changed(c) for c in colour] if several else changed(colour))
    for ax in canvas.axes:  # of ticks, those too that are made while the figure is drawn
        ax.tick_params(which="both", colors=INK, grid_color=dark("#e6e6e6"))


if __name__ == "__main__":
    for name in sys.argv[1:] or studies():
        draw(name)
    if not sys.argv[1:]:
        every = {DOCS / "figures" / path for study in studies() for path in wanted(study)}
        for stale in set((DOCS / "figures").rglob("*.png")) - every:
            stale.unlink()  # no page shows it any more
            print(f"removed {stale.relative_to(DOCS)}")

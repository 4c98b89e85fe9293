"""Miss ratios of LRU and of the offline optimum for all sizes of the cache, from one pass over a trace for each.

Run::

    python examples/paging_miss_ratio.py                         # on generated requests
    python examples/paging_miss_ratio.py web12 web07             # on published traces, where their files are at hand
    python examples/paging_miss_ratio.py access.csv column=id    # on one of your own; options as of ``regretlab show``

It says at which sizes the miss ratios come below some values, and draws ``paging_miss_ratio.png`` (and .svg, .pdf).
"""

import sys
from pathlib import Path

import numpy as np

from environments.paging.curves import miss_ratio_curve
from environments.paging.generators import Zipf
from environments.paging.recorded import Trace
from experiments.report.miss_ratio import NAMES, save_miss_ratios

LEVELS = (0.9, 0.7, 0.5, 0.3, 0.1)
PATH = Path("paging_miss_ratio.png")


def curves(arguments):
    """Titles to curves, of the traces and options on the command line."""
    traces = [text for text in arguments if "=" not in text]
    options = dict(text.split("=", 1) for text in arguments if "=" in text)
    if not traces:
        return {
            "Zipf, N = 10,000, a = 0.9": miss_ratio_curve(Zipf(10_000, 0.9).draw(200_000, np.random.default_rng(0)))
        }
    return {trace: miss_ratio_curve(Trace(trace, **options)) for trace in traces}


def smallest(curve, name, level):
    """The smallest size whose miss ratio is at most ``level``; None where there is none."""
    enough = curve.ratios[name] <= level
    return int(curve.sizes[np.argmax(enough)]) if enough.any() else None


def main(arguments, path=PATH):
    """Tell and draw."""
    found = curves(arguments)
    for title, curve in found.items():
        print(f"{title}: {curve.n_requests:,} requests to {curve.n_pages:,} pages")
        for level in LEVELS:
            sizes = {NAMES[name]: smallest(curve, name, level) for name in curve.ratios}
            if any(sizes.values()):
                print(f"  miss ratio {level}: " + ", ".join(f"{name} k = {k}" for name, k in sizes.items() if k))
    save_miss_ratios(found, *(path.with_suffix(ending) for ending in (".png", ".svg", ".pdf")))
    print(f"{path} (and .svg, .pdf)")


if __name__ == "__main__":
    main(sys.argv[1:])

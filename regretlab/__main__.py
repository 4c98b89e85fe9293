"""The command ``regretlab``, also as ``python -m regretlab``."""

from __future__ import annotations

import gc
import os
import sys

if sys.path[0] in ("", os.getcwd()):  # where ``python -m`` puts it: what stands there must not be taken for ours
    sys.path.append(sys.path.pop(0))


def main() -> None:
    """Run the command line."""
    from experiments.cli import main as command

    try:
        command(prog_name="regretlab")
    finally:
        if "numpy" in sys.modules and not _others():
            gc.freeze()  # all that is left ends with the process: looking for garbage in it takes half a second


def _others() -> bool:
    """Whether a module is loaded that is neither ours nor installed; what it left open may be closed as garbage."""
    try:
        from experiments.run.meaning import OURS
        from experiments.run.sources import Sources
    except ImportError:  # stopped while it began: what was loaded by half may not be loaded again
        return True
    sources, tops = Sources(), {name.partition(".")[0] for name in sys.modules}
    return not all(map(sources.is_installed, tops.difference(OURS, ("__main__", "__mp_main__"))))


if __name__ == "__main__":
    main()

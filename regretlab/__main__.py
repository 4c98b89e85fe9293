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
        gc.freeze()  # all that is left ends with the process: looking for garbage in it takes half a second


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# numba 0.68.1: a function compiled with cache=True cannot be called any more once a NamedTuple that an older version of
# its module passed to it has been renamed or removed. Numba does not compile it anew: it raises AttributeError.
#
# Why it surprises: the cache is documented to be invalidated when the source file changes. The index on disk holds the
# stamp of the source and the signatures in one pickle, and the signatures name the types of their arguments; so the old
# names must still resolve before the stamp, which would say that all of it is stale, is compared. An upgrade in place (a
# pull into an editable install, or a new version over __pycache__ folders that the installer does not own) meets that.
# The way out: remove the *.nbi and *.nbc files, or overwrite the index when it cannot be read.
#
# Output seen:
#   first version: 3.0
#   edited, the type kept: 4.0
#   edited, the type renamed: AttributeError: Can't get attribute 'Pair' on <module 'work' ...>
#   without the cache files: 5.0
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numba==0.68.1 numpy==2.4.6
unset NUMBA_CACHE_DIR
cd "$work"

version() { # the name of the type, and what is added to its field
    cat > work.py <<PYTHON
from typing import NamedTuple

import numba


class $1(NamedTuple):
    x: float


@numba.njit(cache=True)
def first(pair):
    return pair.x + $2


def main():
    try:
        return first($1(3.0))
    except AttributeError as error:
        return f"AttributeError: {str(error).split(' from ')[0]} ...>"
PYTHON
}

show() { printf '%s: %s\n' "$1" "$(venv/bin/python -c 'import work; print(work.main())')" | tee -a seen; }

version Pair 0.0 && show "first version"
version Pair 1.0 && show "edited, the type kept"
version Couple 2.0 && show "edited, the type renamed"
rm __pycache__/*.nb? && show "without the cache files"
diff seen - <<'SEEN'
first version: 3.0
edited, the type kept: 4.0
edited, the type renamed: AttributeError: Can't get attribute 'Pair' on <module 'work' ...>
without the cache files: 5.0
SEEN
echo "as described"

#!/usr/bin/env bash
# numba 0.68.1: of two NamedTuple classes of the same name and the same fields, in two modules, the one used second in a
# process makes every call of a compiled function some hundred times slower, for as long as the process lives. Nothing
# is compiled twice, and nothing is said.
#
# Why it surprises: each class has its own numba type, and a function compiled for it; calls give right results. But the
# dispatcher looks the arguments up by a fingerprint, and that of a named tuple is made of the class's name, its fields
# and their types, not of the class or its module. Both classes have one fingerprint, whose type is that of the first;
# the function compiled for the second is never found by it, so each call types its arguments anew in Python.
# The way out: another name or another field for one of them.
#
# Output seen:
#   fingerprints: the same
#   the first: fast
#   the second, alike: slow, 1 signature
#   the second, another field: fast
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numba==0.68.1 numpy==2.4.6
cd "$work"

module() { # name of the file, name of its second field
    cat > "$1.py" <<PYTHON
from typing import NamedTuple

import numba
import numpy as np


class State(NamedTuple):
    held: np.ndarray
    $2: np.ndarray


@numba.njit
def play(state):
    return state.$2[0]


state = State(np.zeros(3), np.ones(3))
PYTHON
}
module first page && module alike page && module other pages

cat > seen.py <<'PYTHON'
import timeit

import alike
import first
import other
from numba._dispatcher import compute_fingerprint


def speed(module):
    assert module.play(module.state) == 1.0
    once = min(timeit.repeat(lambda: module.play(module.state), number=200, repeat=20)) / 200
    return "fast" if once < 1e-5 else "slow"


same = compute_fingerprint(first.state) == compute_fingerprint(alike.state)
print("fingerprints:", "the same" if same else "different")
print("the first:", speed(first))
print(f"the second, alike: {speed(alike)}, {len(alike.play.signatures)} signature")
print("the second, another field:", speed(other))
PYTHON
venv/bin/python seen.py | tee seen
diff seen - <<'SEEN'
fingerprints: the same
the first: fast
the second, alike: slow, 1 signature
the second, another field: fast
SEEN
echo "as described"

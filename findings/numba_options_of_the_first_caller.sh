#!/usr/bin/env bash
# numba 0.68.1: what a compiled function does on division by zero depends on who called it first. A function under plain
# @njit takes over the options of the compiled caller that has it compiled, and keeps them for all later callers, Python
# among them; with cache=True in later processes, too.
#
# Why it surprises: error_model="python", the default, promises a ZeroDivisionError, error_model="numpy" an inf, and each
# is said at the function itself. But an option that a function does not set is inherited from the function whose
# compilation asks for it, and there is one compiled version for each types of arguments. So the same two functions give
# inf from both or an error from both, by the order of the first calls, in this process or in an earlier one. With
# fastmath, which goes the same way, numbers change.
# The way out: say error_model (and the like) at every compiled function, also where it is the default.
#
# Output seen:
#   the caller first: inf from the caller, inf from Python
#   the callee first: ZeroDivisionError from the caller, ZeroDivisionError from Python
#   said at both, the caller first: ZeroDivisionError from the caller, ZeroDivisionError from Python
#   kept on disk by the caller first, a new process: inf from Python
#   1e30 + 1 - 1e30 without fastmath, a caller with fastmath first: 1.0; itself first: 0.0
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numba==0.68.1 numpy==2.4.6
cd "$work"

cat > shares.py <<'PYTHON'
import sys

import numba

said = {"error_model": "python"} if "said" in sys.argv else {}
kept = "kept" in sys.argv


@numba.njit(cache=kept, **said)
def share(part, whole):
    return part / whole


@numba.njit(error_model="numpy")
def caller(part, whole):
    return share(part, whole)


def seen(function):
    try:
        return str(function(1.0, 0.0))
    except ZeroDivisionError:
        return "ZeroDivisionError"


if "callee" in sys.argv:
    share(1.0, 2.0)
if "later" not in sys.argv:
    print(f"{seen(caller)} from the caller, ", end="")
print(f"{seen(share)} from Python")
PYTHON

cat > sums.py <<'PYTHON'
import sys

import numba


@numba.njit
def there_and_back(large, small):
    return large + small - large


@numba.njit(fastmath=True)
def caller(large, small):
    return there_and_back(large, small)


if "callee" in sys.argv:
    there_and_back(1.0, 2.0)
caller(1.0, 2.0)
print(there_and_back(1e30, 1.0))
PYTHON

python="venv/bin/python"
{
    echo "the caller first: $($python shares.py)"
    echo "the callee first: $($python shares.py callee)"
    echo "said at both, the caller first: $($python shares.py said)"
    $python shares.py kept > /dev/null
    echo "kept on disk by the caller first, a new process: $($python shares.py kept later)"
    fast="a caller with fastmath first: $($python sums.py); itself first: $($python sums.py callee)"
    echo "1e30 + 1 - 1e30 without fastmath, $fast"
} | tee seen
diff seen - <<'SEEN'
the caller first: inf from the caller, inf from Python
the callee first: ZeroDivisionError from the caller, ZeroDivisionError from Python
said at both, the caller first: ZeroDivisionError from the caller, ZeroDivisionError from Python
kept on disk by the caller first, a new process: inf from Python
1e30 + 1 - 1e30 without fastmath, a caller with fastmath first: 1.0; itself first: 0.0
SEEN
echo "as described"

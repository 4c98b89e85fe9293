#!/usr/bin/env bash
# scipy 1.17.1 with numpy 2.4.6: `import scipy.special` loads numpy.f2py (its Fortran parser), numpy.testing and unittest.
#
# Why it surprises: numpy 2 loads these submodules on first use alone, so that `import numpy` does without them, and special
# functions need neither. But scipy._lib.array_api_compat clones the namespace of numpy with `from numpy import *`, which asks
# for each name of it, these submodules among them. `import scipy.linalg` and `import scipy.sparse` come by the same way. It is
# more than half of what `import scipy.special` takes where numpy is loaded (0.10 s of 0.18 s), and a program that asks whether
# unittest is loaded to tell whether it is tested is told that it is.
#
# Output seen:
#   import numpy: none of numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
#   import scipy: none of numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
#   import scipy.special: numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
#   import scipy.linalg: numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
#   import scipy.sparse: numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numpy==2.4.6 scipy==1.17.1
names="numpy.f2py numpy.f2py.crackfortran numpy.testing unittest"
for module in numpy scipy scipy.special scipy.linalg scipy.sparse; do
    "$work/venv/bin/python" -c "
import sys
import $module
there = [name for name in '$names'.split() if name in sys.modules]
print('import $module:', ', '.join(there) or 'none of ' + ', '.join('$names'.split()))
"
done | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
import numpy: none of numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
import scipy: none of numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
import scipy.special: numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
import scipy.linalg: numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
import scipy.sparse: numpy.f2py, numpy.f2py.crackfortran, numpy.testing, unittest
SEEN

#!/usr/bin/env bash
# numba 0.68.1: in a notebook, a function compiled with cache=True that calls a function of another cell goes on with the
# other cell's code of an earlier session. The number is wrong, and nothing is said.
#
# Why it surprises: the cache is documented not to notice changes of what is defined in another file. A notebook looks
# like one file, but the cache takes each cell for a file of its own, named by a hash of the cell's text; so a cell that
# was not edited is unchanged to it, although it calls one that was. In a module on disk the same edit is noticed. The
# way out: no cache=True for functions that are defined in a notebook.
#
# Output seen:
#   first session, x + 1: 3
#   second session, x + 10: 3
#   second session, x + 10, in a module: 12
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numba==0.68.1 numpy==2.4.6 ipykernel==7.4.0 nbclient nbformat
unset NUMBA_CACHE_DIR
export IPYTHONDIR="$work/ipython" HOME="$work" PATH="$work/venv/bin:$PATH"
cd "$work"
cat > session.py <<'PYTHON'
import sys

import nbclient
import nbformat

cells = (
    "import numba",
    f"@numba.njit(cache=True)\ndef one(x):\n    return x + {sys.argv[1]}",
    "@numba.njit(cache=True)\ndef two(x):\n    return one(x)\n\nprint(two(2))",
)
notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
nbclient.NotebookClient(notebook, kernel_name="python3").execute()
print(*(o["text"].strip() for cell in notebook.cells for o in cell.outputs if o.get("name") == "stdout"))
PYTHON
module() {
    printf 'import numba\n\n@numba.njit(cache=True)\ndef one(x):\n    return x + %s\n\n\n' "$1" > kernels.py
    printf '@numba.njit(cache=True)\ndef two(x):\n    return one(x)\n' >> kernels.py
    python -c "import kernels; print(kernels.two(2))"
}
{
    echo "first session, x + 1: $(python session.py 1 2>/dev/null)"
    echo "second session, x + 10: $(python session.py 10 2>/dev/null)"
    module 1 > /dev/null
    echo "second session, x + 10, in a module: $(module 10)"
} | tee seen
diff seen - <<'SEEN'
first session, x + 1: 3
second session, x + 10: 3
second session, x + 10, in a module: 12
SEEN
echo "as described"

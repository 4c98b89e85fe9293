#!/usr/bin/env bash
# coba 8.1.0: Environments.from_supervised(X, Y) can be read once. An experiment, which reads it to look whether there is
# anything and again to play it, ends without an error and without a single interaction.
#
# Why it surprises: X and Y are lists, every other kind of environment gives the same rows each time it is read, and
# experiments rely on that. The rows are kept as zip(X, Y), which is empty after it was gone through. With materialize(), or
# where a source is given in place of X and Y, all is there.
#
# Output seen:
#   read: 6 rows, again: 0 rows
#   an experiment of 1 learner: 0 interactions; with materialize(): 6
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q coba==8.1.0
cat > "$work/once.py" <<'PYTHON'
import coba
from coba.context import CobaContext, NullLogger

CobaContext.logger = NullLogger()
X, Y = [[0.0], [0.5], [1.0]] * 2, ["a", "b", "c"] * 2


def played(environments):
    return len(coba.Experiment(environments, [coba.RandomLearner()]).run(quiet=True).interactions)


one = coba.Environments.from_supervised(X, Y)[0]
print(f"read: {len(list(one.read()))} rows, again: {len(list(one.read()))} rows")
plain, kept = coba.Environments.from_supervised(X, Y), coba.Environments.from_supervised(X, Y).materialize()
print(f"an experiment of 1 learner: {played(plain)} interactions; with materialize(): {played(kept)}")
PYTHON
"$work/venv/bin/python" "$work/once.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
read: 6 rows, again: 0 rows
an experiment of 1 learner: 0 interactions; with materialize(): 6
SEEN
echo "as described"

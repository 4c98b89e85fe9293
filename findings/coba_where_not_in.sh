#!/usr/bin/env bash
# coba 8.1.0: "!in" as an operator in where(), as in where(action={"!in": [...]}), keeps every row; on a column of the index
# it raises a TypeError on comparing int with str.
#
# Why it surprises: it is in the documented list of operators, and the eight others work in this form. The dictionary itself
# is taken for the set of values to leave out, and no value is among its keys. where(comparison="!in", ...) of a table works.
#
# Output seen (3 environments of 3 rounds, 2 learners):
#   rows in all: 18
#   reward in two values: 3
#   reward not in them: 18 by comparison= 15
#   environment in [1]: 6
#   environment not in [1]: TypeError: '<' not supported between instances of 'int' and 'str'
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q coba==8.1.0
cat > "$work/outside.py" <<'PYTHON'
import coba
from coba.context import CobaContext, NullLogger

CobaContext.logger = NullLogger()
environments = coba.Environments.from_linear_synthetic(3, n_actions=2, seed=[1, 2, 3])
learners = [coba.RandomLearner(seed=1), coba.RandomLearner(seed=2)]
result = coba.Experiment(environments, learners).run(quiet=True)
table = result.interactions


def rows(**conditions):
    try:
        return len(result.where(**conditions).interactions)
    except TypeError as error:
        return f"TypeError: {error}"


some = sorted(set(table["reward"]))[:2]
print("rows in all:", len(table))
print("reward in two values:", rows(reward={"in": some}))
print("reward not in them:", rows(reward={"!in": some}), "by comparison=", len(table.where(comparison="!in", reward=some)))
print("environment in [1]:", rows(environment_id={"in": [1]}))
print("environment not in [1]:", rows(environment_id={"!in": [1]}))
PYTHON
"$work/venv/bin/python" "$work/outside.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
rows in all: 18
reward in two values: 3
reward not in them: 18 by comparison= 15
environment in [1]: 6
environment not in [1]: TypeError: '<' not supported between instances of 'int' and 'str'
SEEN
echo "as described"

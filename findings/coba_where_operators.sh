#!/usr/bin/env bash
# coba 8.1.0: in where() with several conditions an operator given for one column goes over to those after it: in
# where(index={"<=": 1}, environment_id=2) the second is read as environment_id <= 2. The same two in the other order give
# other rows.
#
# Why it surprises: keyword arguments have no order that one thinks of, and the documentation says that a plain value means
# "equal". (That several are joined by "or" is another matter, and documented for Result.where.)
#
# Output seen (4 environments of 3 rounds; rows with index <= 1 or environment 2 are 6):
#   index first:       10 rows: 0.1 0.2 0.3 1.1 1.2 1.3 2.1 2.2 2.3 3.1
#   environment first: 6 rows: 0.1 1.1 2.1 2.2 2.3 3.1
#   filter_int:        10 rows: 0.1 0.2 0.3 1.1 1.2 1.3 2.1 2.2 2.3 3.1
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q coba==8.1.0
cat > "$work/operators.py" <<'PYTHON'
import coba
from coba.context import CobaContext, NullLogger

CobaContext.logger = NullLogger()
environments = coba.Environments.from_linear_synthetic(3, n_actions=2, seed=[1, 2, 3, 4])
learners = [coba.RandomLearner(seed=1)]
result = coba.Experiment(environments, learners).run(quiet=True)
table = result.interactions


def rows(table):
    return f"{len(table)} rows: {' '.join(f'{e}.{i}' for e, i in zip(table['environment_id'], table['index']))}"


print("index first:      ", rows(table.where(index={"<=": 1}, environment_id=2)))
print("environment first:", rows(table.where(environment_id=2, index={"<=": 1})))
print("filter_int:       ", rows(result.filter_int(index={"<=": 1}, environment_id=2).interactions))
PYTHON
"$work/venv/bin/python" "$work/operators.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
index first:       10 rows: 0.1 0.2 0.3 1.1 1.2 1.3 2.1 2.2 2.3 3.1
environment first: 6 rows: 0.1 1.1 2.1 2.2 2.3 3.1
filter_int:        10 rows: 0.1 0.2 0.3 1.1 1.2 1.3 2.1 2.2 2.3 3.1
SEEN
echo "as described"

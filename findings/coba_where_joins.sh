#!/usr/bin/env bash
# coba 8.1.0: two conditions in one where() are joined by "or" if they fall in one table and by "and" if they do not, so that
# the same two conditions give other rows by Result.where than by Result.filter_int or by where() of its tables.
#
# Why it surprises: tables, data frames and SQL narrow with each condition, and the docstring of Table.where is silent on it.
# That of Result.where says that several are joined by "or", which is what it does not do for environment_id and learner_id:
# these lie in two tables of the result, but in one table of its rows. An average over what is taken for one learner in one
# environment is then over others too, without a word. One condition per call, chained, is safe.
#
# Output seen (3 environments of 3 rounds, 2 learners; environment 1, learner 0):
#   chained:      3 rows of [(1, 0)]
#   Result.where: 3 rows of [(1, 0)]
#   Table.where:  12 rows of [(0, 0), (1, 0), (1, 1), (2, 0)]
#   filter_int:   12 rows of [(0, 0), (1, 0), (1, 1), (2, 0)]
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q coba==8.1.0
cat > "$work/where.py" <<'PYTHON'
import coba
from coba.context import CobaContext, NullLogger

CobaContext.logger = NullLogger()
environments = coba.Environments.from_linear_synthetic(3, n_actions=2, seed=[1, 2, 3])
learners = [coba.RandomLearner(seed=1), coba.RandomLearner(seed=2)]
result = coba.Experiment(environments, learners).run(quiet=True)
table = result.interactions


def pairs(table):
    """The number of rows, and the (environment, learner) that they are of."""
    return f"{len(table)} rows of {sorted(set(zip(table['environment_id'], table['learner_id'])))}"


both = {"environment_id": 1, "learner_id": 0}
print("chained:     ", pairs(table.where(environment_id=1).where(learner_id=0)))
print("Result.where:", pairs(result.where(**both).interactions))
print("Table.where: ", pairs(table.where(**both)))
print("filter_int:  ", pairs(result.filter_int(**both).interactions))
PYTHON
"$work/venv/bin/python" "$work/where.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
chained:      3 rows of [(1, 0)]
Result.where: 3 rows of [(1, 0)]
Table.where:  12 rows of [(0, 0), (1, 0), (1, 1), (2, 0)]
filter_int:   12 rows of [(0, 0), (1, 0), (1, 1), (2, 0)]
SEEN
echo "as described"

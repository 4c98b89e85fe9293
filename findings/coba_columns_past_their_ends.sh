#!/usr/bin/env bash
# coba 8.1.0: a column of a filtered table reads past its ends. column[-1] is the row before the first that was kept and
# column[len(column)] the one after the last, rows of other learners or environments; column[-2:] begins before the first;
# column[:-1] is empty.
#
# Why it surprises: len() and iteration know only the rows kept, and so does column[-1] if these are not consecutive. So the
# usual "last reward of this environment" is right or wrong by how the rows lie, and the wrong one is a number like any
# other. list(column)[-1] is right.
#
# Output seen (3 environments of 3 rounds, 1 learner, environment 1; index runs from 1 to 3 in each):
#   environment 1, 3 rows: 1.1 1.2 1.3
#     [-1] 0.3; [-2:] 0.2 0.3 1.1 1.2 1.3; [:-1] nothing
#     [3] 2.1
#   rounds of index 1, 3 rows: 0.1 1.1 2.1
#     [-1] 2.1; [-2:] 1.1 2.1; [:-1] 0.1 1.1
#     [3] IndexError: list index out of range
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q coba==8.1.0
cat > "$work/ends.py" <<'PYTHON'
import coba
from coba.context import CobaContext, NullLogger

CobaContext.logger = NullLogger()
environments = coba.Environments.from_linear_synthetic(3, n_actions=2, seed=[1, 2, 3])
learners = [coba.RandomLearner(seed=1)]
result = coba.Experiment(environments, learners).run(quiet=True)
table = result.interactions
place = [f"{environment}.{index}" for environment, index in zip(table["environment_id"], table["index"])]
reward = list(table["reward"])
assert len(set(reward)) == len(reward)
where = dict(zip(reward, place))


def shown(values):
    return " ".join(where[value] for value in values) or "nothing"


for name, column in {
    "environment 1": table.where(environment_id=1)["reward"],
    "rounds of index 1": table.where(index=1)["reward"],
}.items():
    print(f"{name}, {len(column)} rows: {shown(column)}")
    print(f"  [-1] {where[column[-1]]}; [-2:] {shown(column[-2:])}; [:-1] {shown(column[:-1])}")
    try:
        print(f"  [{len(column)}] {where[column[len(column)]]}")
    except IndexError as error:
        print(f"  [{len(column)}] IndexError: {error}")
PYTHON
"$work/venv/bin/python" "$work/ends.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
environment 1, 3 rows: 1.1 1.2 1.3
  [-1] 0.3; [-2:] 0.2 0.3 1.1 1.2 1.3; [:-1] nothing
  [3] 2.1
rounds of index 1, 3 rows: 0.1 1.1 2.1
  [-1] 2.1; [-2:] 1.1 2.1; [:-1] 0.1 1.1
  [3] IndexError: list index out of range
SEEN
echo "as described"

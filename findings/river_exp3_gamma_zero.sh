#!/usr/bin/env bash
# river 0.26.1: bandit.Exp3(gamma=0) never learns: it plays uniformly for ever, just as gamma=1 does.
#
# Why it surprises: the class says of gamma that 0 gives "what is called the EXP3 policy" and that 1 gives uniform play, as
# if it were the share of exploration alone. It is the learning rate too, so that at 0 all weights stay 1. Nothing warns.
# Regret is least somewhere between; at both ends it is that of a coin.
#
# Output seen (arms that always give .1 and .9, 500 rounds, pulls of the better arm):
#   gamma 0: 254 of 500
#   gamma 0.1: 456 of 500
#   gamma 1: 254 of 500
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q river==0.26.1 numpy==2.4.6 scipy==1.17.1
cat > "$work/zero.py" <<'PYTHON'
from river import bandit

for gamma in (0, 0.1, 1):
    policy = bandit.Exp3(gamma=gamma, seed=1)
    better = 0
    for _ in range(500):
        arm = policy.pull([0, 1])
        policy.update(arm, (0.1, 0.9)[arm])
        better += arm
    print(f"gamma {gamma}: {better} of 500")
PYTHON
"$work/venv/bin/python" "$work/zero.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
gamma 0: 254 of 500
gamma 0.1: 456 of 500
gamma 1: 254 of 500
SEEN
echo "as described"

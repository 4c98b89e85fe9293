#!/usr/bin/env bash
# river 0.26.1: burn_in of bandit.BayesUCB and bandit.LinUCBDisjoint is taken for a reward scaler. There is no burn-in, and
# the first update() fails with an AttributeError about '_update' of an int.
#
# Why it surprises: both document burn_in, and the argument works in UCB, EpsilonGreedy and ThompsonSampling. The two hand
# it on by position to a base class whose second argument is the scaler; at the default, 0, this cannot be noticed.
#
# Output seen:
#   UCB: burn_in 3, reward_scaler None; pulls aaabbb
#   ThompsonSampling: burn_in 3, reward_scaler None; pulls aaabbb
#   BayesUCB: burn_in 0, reward_scaler 3; AttributeError: 'int' object has no attribute '_update'
#   LinUCBDisjoint: burn_in 0, reward_scaler 3; AttributeError: 'int' object has no attribute '_update'
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q river==0.26.1 numpy==2.4.6 scipy==1.17.1
cat > "$work/burn_in.py" <<'PYTHON'
from river import bandit, proba

policies = {
    "UCB": bandit.UCB(delta=1, burn_in=3, seed=1),
    "ThompsonSampling": bandit.ThompsonSampling(reward_obj=proba.Beta(), burn_in=3, seed=1),
    "BayesUCB": bandit.BayesUCB(burn_in=3, seed=1),
    "LinUCBDisjoint": bandit.LinUCBDisjoint(burn_in=3, seed=1),
}
for name, policy in policies.items():
    told = f"{name}: burn_in {policy.burn_in}, reward_scaler {policy.reward_scaler}"
    seen = ({"x": 1.0},) if name == "LinUCBDisjoint" else ()
    try:
        arms = []
        for _ in range(6):
            arms.append(policy.pull(["a", "b"], *seen))
            policy.update(arms[-1], *seen, 1.0)
        print(f"{told}; pulls {''.join(arms)}")
    except AttributeError as error:
        print(f"{told}; AttributeError: {error}")
PYTHON
"$work/venv/bin/python" "$work/burn_in.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
UCB: burn_in 3, reward_scaler None; pulls aaabbb
ThompsonSampling: burn_in 3, reward_scaler None; pulls aaabbb
BayesUCB: burn_in 0, reward_scaler 3; AttributeError: 'int' object has no attribute '_update'
LinUCBDisjoint: burn_in 0, reward_scaler 3; AttributeError: 'int' object has no attribute '_update'
SEEN
echo "as described"

#!/usr/bin/env bash
# river 0.26.1: bandit.Exp3 fails after some thousands of rounds of rewards in [0, 1]: its weights are products of
# exponentials that are never normalised, and the first to pass the largest float ends the run with a ValueError of
# random.choices.
#
# Why it surprises: river is made for streams without end, and the failure is certain rather than rare. The logarithm of a
# weight grows by gamma / K per round and unit of reward on average, so that it comes at about 710 K / (gamma mean) rounds,
# past what the examples play. The message does not name the policy. Smaller rewards only put it off.
#
# Output seen:
#   gamma 0.5, means (1.0, 1.0): 2811 rounds, expected 2840; ValueError: Total of weights must be finite
#   gamma 0.5, means (0.5, 0.9): 3135 rounds, expected 3156; ValueError: Total of weights must be finite
#   gamma 0.2, means (0.5, 0.5, 0.5, 0.9): 15750 rounds, expected 15778; ValueError: Total of weights must be finite
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q river==0.26.1 numpy==2.4.6 scipy==1.17.1
cat > "$work/overflow.py" <<'PYTHON'
import random

from river import bandit


def rounds(gamma, means, seed):
    """How many rounds pass before an error, at most 200,000, and the error."""
    rng, policy, arms = random.Random(100 + seed), bandit.Exp3(gamma=gamma, seed=seed), list(range(len(means)))
    for n in range(200_000):
        try:
            arm = policy.pull(arms)
            policy.update(arm, float(rng.random() < means[arm]))
        except (ValueError, OverflowError) as error:
            return n, f"{type(error).__name__}: {error}"
    return n + 1, "none"


for gamma, means in ((0.5, (1.0, 1.0)), (0.5, (0.5, 0.9)), (0.2, (0.5, 0.5, 0.5, 0.9))):
    n, error = rounds(gamma, means, seed=1)
    expected = 710 * len(means) / gamma / max(means)
    print(f"gamma {gamma}, means {means}: {n} rounds, expected {expected:.0f}; {error}")
PYTHON
"$work/venv/bin/python" "$work/overflow.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
gamma 0.5, means (1.0, 1.0): 2811 rounds, expected 2840; ValueError: Total of weights must be finite
gamma 0.5, means (0.5, 0.9): 3135 rounds, expected 3156; ValueError: Total of weights must be finite
gamma 0.2, means (0.5, 0.5, 0.5, 0.9): 15750 rounds, expected 15778; ValueError: Total of weights must be finite
SEEN
echo "as described"

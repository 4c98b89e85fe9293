#!/usr/bin/env bash
# river 0.26.1: bandit.BayesUCB counts every reward that is not exactly 0 as a success, negative ones too, and its
# reward_obj has no part in what it plays.
#
# Why it surprises: reward_obj is documented as what the posterior is updated with, and nothing in the class says that
# rewards must be 0 or 1. The posterior is always a Beta, which asks only whether the reward is true. With rewards of .1
# and .9 both arms have nothing but successes, the bound grows with the number of pulls, and the arm that was pulled first
# is pulled for ever. Who has rewards in [0, 1] has to toss a coin with that probability and hand on 0 or 1.
#
# Output seen:
#   rewards near .1 and .9, better arm of 2,000: [2000, 0, 0, 0, 0, 2000]
#   the same with reward_obj=proba.Gaussian(): [2000, 0, 0, 0, 0, 2000]
#   0 or 1 with these means: [1997, 1996, 1997, 1998, 1997, 1998]
#   bounds after ten rewards of -5 and of 5: 0.9956 0.9956
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q river==0.26.1 numpy==2.4.6 scipy==1.17.1
cat > "$work/posterior.py" <<'PYTHON'
import random

from river import bandit, proba


def better(draw, seed, **options):
    """How many of 2,000 pulls go to the arm of mean .9 rather than .1."""
    rng, policy = random.Random(100 + seed), bandit.BayesUCB(seed=seed, **options)
    count = 0
    for _ in range(2000):
        arm = policy.pull([0, 1])
        policy.update(arm, draw(rng, (0.1, 0.9)[arm]))
        count += arm
    return count


def near(rng, mean):
    return rng.uniform(mean - 0.05, mean + 0.05)


def coin(rng, mean):
    return int(rng.random() < mean)


print("rewards near .1 and .9, better arm of 2,000:", [better(near, seed) for seed in range(6)])
gaussian = [better(near, seed, reward_obj=proba.Gaussian()) for seed in range(6)]
print("the same with reward_obj=proba.Gaussian():", gaussian)
print("0 or 1 with these means:", [better(coin, seed) for seed in range(6)])
policy = bandit.BayesUCB(reward_obj=proba.Gaussian(), seed=0)
for _ in range(10):
    policy.update("loses", -5.0)
    policy.update("wins", 5.0)
print("bounds after ten rewards of -5 and of 5:", *(f"{policy.compute_index(arm):.4f}" for arm in ("loses", "wins")))
PYTHON
"$work/venv/bin/python" "$work/posterior.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
rewards near .1 and .9, better arm of 2,000: [2000, 0, 0, 0, 0, 2000]
the same with reward_obj=proba.Gaussian(): [2000, 0, 0, 0, 0, 2000]
0 or 1 with these means: [1997, 1996, 1997, 1998, 1997, 1998]
bounds after ten rewards of -5 and of 5: 0.9956 0.9956
SEEN
echo "as described"

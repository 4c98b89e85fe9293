#!/usr/bin/env bash
# gymnasium 1.4.0: the transition tables `P` of the toy-text environments do not always say what `step` does, and those
# that do have three different conventions.
#
# Why it surprises: planners and textbooks read `env.unwrapped.P[state][action]` as lists of (probability, next state,
# reward, terminated) and build the Markov decision process from the next states alone.
# 1. Taxi-v4 with fickle_passenger=True has the same table as without, while its steps leave the table: the passenger
#    changes the destination, to next states to which the table gives no probability.
# 2. After an end, FrozenLake's table stays there without reward; the tables of CliffWalking and Taxi go on from there as
#    if nothing had ended. A planner that does not read the flag `terminated` finds other values.
# 3. CliffWalkingSlippery lists one next state twice under one action, with different rewards: a dictionary keyed by the
#    next state loses probability or reward.
# 4. FrozenLake with success_rate=1.0 keeps its entries of probability 0: their next states look reachable.
#
# Output seen:
#   Taxi tables equal with and without a fickle passenger: True
#   steps outside the table, of 20000: 0 without, 10 with
#   FrozenLake-v1: 5 of 5 ends stay in themselves without reward
#   CliffWalking-v1: 0 of 1 ends stay in themselves without reward
#   Taxi-v4: 0 of 4 ends stay in themselves without reward
#   CliffWalkingSlippery-v1: a next state listed twice in 48 rows, with different rewards in 6
#   FrozenLake-v1, success_rate=1.0: 88 entries of probability 0
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q gymnasium==1.4.0 numpy==2.4.6
cat > "$work/tables.py" <<'PYTHON'
import gymnasium
import numpy as np


def outside(env, n=20_000):
    """Steps of random play whose next state has no probability in the table."""
    rng, found = np.random.default_rng(0), 0
    state, _ = env.reset(seed=0)
    for _ in range(n):
        action = int(rng.integers(env.action_space.n))
        told = {following for p, following, _, _ in env.unwrapped.P[state][action] if p > 0}
        state, _, terminated, truncated, _ = env.step(action)
        found += state not in told
        if terminated or truncated:
            state, _ = env.reset()
    return found


def rows(env):
    return [outcomes for actions in env.unwrapped.P.values() for outcomes in actions.values()]


plain, fickle = gymnasium.make("Taxi-v4"), gymnasium.make("Taxi-v4", fickle_passenger=True)
same = plain.unwrapped.P == fickle.unwrapped.P
print("Taxi tables equal with and without a fickle passenger:", same)
left = outside(plain), outside(fickle)
print(f"steps outside the table, of 20000: {left[0]} without, {left[1]} with")
stay = {}
for name in ("FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"):
    env = gymnasium.make(name)
    table = env.unwrapped.P
    ends = {following for outcomes in rows(env) for _, following, _, terminated in outcomes if terminated}
    loops = sum(all(f == e and r == 0 for a in table[e] for _, f, r, _ in table[e][a]) for e in ends)
    stay[name] = loops, len(ends)
    print(f"{name}: {loops} of {len(ends)} ends stay in themselves without reward")
slippery = rows(gymnasium.make("CliffWalkingSlippery-v1"))
twice = [o for o in slippery if len({following for _, following, _, _ in o}) < len(o)]
differ = [o for o in twice if len({(f, r) for _, f, r, _ in o}) > len({f for _, f, _, _ in o})]
print(f"CliffWalkingSlippery-v1: a next state listed twice in {len(twice)} rows, with different rewards in {len(differ)}")
never = sum(p == 0 for o in rows(gymnasium.make("FrozenLake-v1", success_rate=1.0)) for p, _, _, _ in o)
print(f"FrozenLake-v1, success_rate=1.0: {never} entries of probability 0")
assert same and left[0] == 0 and left[1] > 0
assert stay == {"FrozenLake-v1": (5, 5), "CliffWalking-v1": (0, 1), "Taxi-v4": (0, 4)}
assert (len(twice), len(differ), never) == (48, 6, 88)
PYTHON
"$work/venv/bin/python" "$work/tables.py"

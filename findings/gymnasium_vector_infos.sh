#!/usr/bin/env bash
# gymnasium 1.4.0: what vector environments hand on in `infos` takes shape and type of the first environment that sends
# a key. Values of the others are changed in silence: an array of one number fills a longer one, a fraction becomes a
# whole number. Only lengths that cannot be broadcast raise.
#
# Why it surprises: each environment alone passes check_env, and a vector of copies that all take the same action is
# right. Only a comment in the source says that arrays are assumed to be of one shape. The way out: one shape and type for
# each key of info, with a mask for what is padding.
#
# Output seen:
#   lengths 2 and 1: [[0.5, 0.25], [0.5, 0.5]]
#   a whole number, then a fraction: [1, 0]
#   lengths 1 and 2: ValueError: could not broadcast input array from shape (2,) into shape (1,)
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q gymnasium==1.4.0 numpy==2.4.6
cat > "$work/infos.py" <<'PYTHON'
import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.vector import SyncVectorEnv


class Telling(gymnasium.Env):
    """The action chooses what `info` holds."""

    observation_space, action_space = spaces.Discrete(1), spaces.Discrete(4)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return 0, {}

    def step(self, action):
        told = (np.array([0.5, 0.25]), np.array([0.5]), 1, 0.5)[action]
        return 0, 0.0, False, False, {"told": told}


for name, actions in {
    "lengths 2 and 1": [0, 1],
    "a whole number, then a fraction": [2, 3],
    "lengths 1 and 2": [1, 0],
}.items():
    vector = SyncVectorEnv([Telling, Telling])
    vector.reset(seed=1)
    try:
        print(f"{name}: {vector.step(np.array(actions))[4]['told'].tolist()}")
    except ValueError as error:
        print(f"{name}: ValueError: {error}")
PYTHON
"$work/venv/bin/python" "$work/infos.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
lengths 2 and 1: [[0.5, 0.25], [0.5, 0.5]]
a whole number, then a fraction: [1, 0]
lengths 1 and 2: ValueError: could not broadcast input array from shape (2,) into shape (1,)
SEEN
echo "as described"

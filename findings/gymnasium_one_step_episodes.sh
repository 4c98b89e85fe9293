#!/usr/bin/env bash
# gymnasium 1.4.0: check_env refuses an environment whose episodes are truncated after one step, and says that
# "something has gone very wrong"; the same environment passes when the step is called terminated instead.
#
# Why it surprises: a bandit is usually modelled as an episode of one step. Gymnasium's own documentation calls an end
# that the problem does not define (a time limit, here of one round) a truncation, and the wrapper TimeLimit reports it
# so; yet gymnasium.wrappers.TimeLimit(env, 1) around any environment can then not pass the checker. A horizon of one
# round is legal for a learner, so environments with a horizon must be checked at two rounds or more.
#
# Output seen:
#   terminated after one step: passes
#   truncated after one step: AssertionError: Environment truncates after 1 step, something has gone very wrong.
#   TimeLimit of one step: AssertionError: Environment truncates after 1 step, something has gone very wrong.
#   truncated after two steps: passes
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q gymnasium==1.4.0 numpy==2.4.6
cat > "$work/arm.py" <<'PYTHON'
import warnings

import gymnasium
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import TimeLimit

warnings.simplefilter("ignore")


class Arms(gymnasium.Env):
    """Two arms that pay their number; an episode is `rounds` pulls."""

    observation_space, action_space = spaces.Discrete(1), spaces.Discrete(2)

    def __init__(self, rounds, terminates):
        self.rounds, self.terminates = rounds, terminates

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.left = self.rounds
        return 0, {}

    def step(self, action):
        self.left -= 1
        over = self.left <= 0
        return 0, float(action), over and self.terminates, over and not self.terminates, {}


for name, env in {
    "terminated after one step": Arms(1, True),
    "truncated after one step": Arms(1, False),
    "TimeLimit of one step": TimeLimit(Arms(5, True), 1),
    "truncated after two steps": Arms(2, False),
}.items():
    try:
        check_env(env.unwrapped if not isinstance(env, TimeLimit) else env, skip_render_check=True)
        print(f"{name}: passes")
    except AssertionError as error:
        print(f"{name}: AssertionError: {error}")
PYTHON
"$work/venv/bin/python" "$work/arm.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
terminated after one step: passes
truncated after one step: AssertionError: Environment truncates after 1 step, something has gone very wrong.
TimeLimit of one step: AssertionError: Environment truncates after 1 step, something has gone very wrong.
truncated after two steps: passes
SEEN
echo "as described"

#!/usr/bin/env bash
# numpy 2.4.6: zeros at the end of a seed are lost, as long as all of it has at most four 32-bit words: default_rng([7, 0])
# and default_rng([7, 0, 0]) draw what default_rng(7) draws, while default_rng([7, 1]) draws something else.
#
# Why it surprises: a list [seed, number of the run] is the usual way to have a stream for each run. Run 0 then shares its
# stream with everything that is seeded by the bare seed: of two replicates that are meant to be independent, or of a trace
# and the policy that meets it, one repeats the other, and only for number 0. Longer lists keep their zeros, and so does a
# spawn key: SeedSequence(7, spawn_key=(0,)) is no SeedSequence(7).
#
# Output seen:
#   [7, 0]             as the bare seed: True
#   [7, 0, 0]          as the bare seed: True
#   [7, 1]             as the bare seed: False
#   [0, 7]             as the bare seed: False
#   [7, 0, 0, 0, 0]    as the bare seed: False
#   spawn_key=(0,)     as the bare seed: False
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q numpy==2.4.6
cat > "$work/zeros.py" <<'PYTHON'
import numpy as np

bare = np.random.default_rng(7).random(4).tolist()
seeds = {
    "[7, 0]": [7, 0],
    "[7, 0, 0]": [7, 0, 0],
    "[7, 1]": [7, 1],
    "[0, 7]": [0, 7],
    "[7, 0, 0, 0, 0]": [7, 0, 0, 0, 0],
    "spawn_key=(0,)": np.random.SeedSequence(7, spawn_key=(0,)),
}
same = {name: np.random.default_rng(seed).random(4).tolist() == bare for name, seed in seeds.items()}
for name, is_same in same.items():
    print(f"{name:<18} as the bare seed: {is_same}")
assert same == {name: name in ("[7, 0]", "[7, 0, 0]") for name in seeds}
PYTHON
"$work/venv/bin/python" "$work/zeros.py"

#!/usr/bin/env bash
# river 0.26.1: linear_model.BayesianLinearRegression has two priors unless alpha is 1. It starts its precision and its
# covariance both at 1 / alpha, and which of the two counts depends on how it is taught: learn_one works with the variance
# 1 / alpha, learn_many and any use of smoothing with the variance alpha.
#
# Why it surprises: the source says that a batch is the same as its rows one by one, and it is with the default alpha=1,
# which hides it. With alpha=4 the same single row gives .2 or .8, and a row of zeros, which tells nothing, moves the
# prediction from one to the other when it comes as a batch. In the book that the class refers to alpha is the precision,
# the variance 1 / alpha.
#
# Output seen (a row x = 1, y = 1; noise of variance 1):
#   alpha 1: learn_one 0.500, learn_many 0.500; learn_one, then a batch of zeros 0.500
#   alpha 1: variance after a row of zeros 1.000, with smoothing next to 1 1.000
#   alpha 4: learn_one 0.200, learn_many 0.800; learn_one, then a batch of zeros 0.800
#   alpha 4: variance after a row of zeros 0.250, with smoothing next to 1 4.000
set -euo pipefail
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q river==0.26.1 numpy==2.4.6 scipy==1.17.1 narwhals==2.29.0 pandas==2.3.3
cat > "$work/prior.py" <<'PYTHON'
import pandas as pd
from river.linear_model import BayesianLinearRegression

ONE, ZERO = pd.DataFrame({"x": [1.0]}), pd.DataFrame({"x": [0.0]})


def told(model):
    return f"{model.predict_one({'x': 1.0}):.3f}"


def variance(model):
    """Of the coefficient: that of the prediction at x = 1 less that of the noise."""
    return f"{model.predict_one({'x': 1.0}, with_dist=True).sigma ** 2 - 1.0:.3f}"


for alpha in (1, 4):
    single, batch = BayesianLinearRegression(alpha=alpha), BayesianLinearRegression(alpha=alpha)
    single.learn_one({"x": 1.0}, 1.0)
    batch.learn_many(ONE, pd.Series([1.0]))
    before = told(single)
    single.learn_many(ZERO, pd.Series([0.0]))
    print(f"alpha {alpha}: learn_one {before}, learn_many {told(batch)}; learn_one, then a batch of zeros {told(single)}")
    plain, smooth = BayesianLinearRegression(alpha=alpha), BayesianLinearRegression(alpha=alpha, smoothing=1.0 - 1e-12)
    for model in (plain, smooth):
        model.learn_one({"x": 0.0}, 0.0)
    print(f"alpha {alpha}: variance after a row of zeros {variance(plain)}, with smoothing next to 1 {variance(smooth)}")
PYTHON
"$work/venv/bin/python" "$work/prior.py" | tee "$work/seen"
diff "$work/seen" - <<'SEEN'
alpha 1: learn_one 0.500, learn_many 0.500; learn_one, then a batch of zeros 0.500
alpha 1: variance after a row of zeros 1.000, with smoothing next to 1 1.000
alpha 4: learn_one 0.200, learn_many 0.800; learn_one, then a batch of zeros 0.800
alpha 4: variance after a row of zeros 0.250, with smoothing next to 1 4.000
SEEN
echo "as described"

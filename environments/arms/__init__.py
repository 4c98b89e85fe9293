"""Arms whose rewards do not depend on the plays: stochastic, piecewise-stationary and adversarial."""

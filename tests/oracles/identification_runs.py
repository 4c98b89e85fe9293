"""What the tests of the environments of identification share: the ends of many runs."""

import numpy as np

from bandits.registry import POLICIES


def runs(name, environment, n, seed=1, **parameters):
    """Metrics [n, 4] at the end of ``n`` runs: error, simple regret, samples, stopped."""
    policy = POLICIES.build({"name": name, "parameters": parameters}, "policy")
    found, horizon = [], environment.problem.horizon
    for i in range(n):
        environment.begin(environment.draw(np.random.default_rng([seed, i])))
        policy.reset(environment.problem, np.random.default_rng([seed, i, 1]))
        policy.advance(environment, horizon)
        end = np.array([horizon])
        metrics, best = environment.metrics(end), environment.comparators(end)
        simple = best["best_value"][0] - metrics["answer_value"][0]
        found.append((1.0 - metrics["correct"][0], simple, -metrics["samples"][0], metrics["stopped"][0]))
    return np.array(found)

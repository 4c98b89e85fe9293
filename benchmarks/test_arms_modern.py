"""Modern policies on ten arms, each against the loop of UCB1 that works out every index in every round (``plain.py``).

Ours is a run from ``reset`` to its end through ``advance``, the environment and its noise included. What fails is a
round that takes more than twice its target.
"""

from collections.abc import Callable

import numpy as np
import pytest
from plain import plain
from timing import measure

from bandits import POLICIES
from environments import BernoulliArms

MEANS = np.linspace(0.1, 0.9, 10)
ROUNDS = 1_000_000


def bernoulli(policy, rounds):
    """A game of ``rounds`` rounds on Bernoulli arms by a policy, given as studies state it."""
    environment, player = BernoulliArms(MEANS.tolist(), rounds), POLICIES.build(policy)
    tape = environment.draw(np.random.default_rng(1))

    def game():
        environment.begin(tape)
        player.reset(environment.problem, np.random.default_rng(2))
        player.advance(environment, rounds)

    return game


def row(policy: str, target: float, game: Callable = bernoulli, rounds: int = ROUNDS, /, **parameters):
    """A row of ``TARGETS``: the policy, its target, what builds its game, and for how many rounds."""
    return {"name": policy, "parameters": parameters}, target, game, rounds


TARGETS = {
    "ucb_horizon": row("ucb_horizon", 0.5),
    "kl_ucb_h": row("kl_ucb_h", 0.5),
    "kl_ucb_pp": row("kl_ucb_pp", 0.5),
    "kl_ucb_switch": row("kl_ucb_switch", 0.5),
    "kl_ucb_switch, empirical": row("kl_ucb_switch", 0.5, empirical=True),
    "kl_ucb_plus": row("kl_ucb_plus", 2.0),
    "bayes_ucb": row("bayes_ucb", 20.0),
    "ucb_tuned": row("ucb_tuned", 1.2),
    "ocucb": row("ocucb", 1.0),
    "ocucb_anytime": row("ocucb_anytime", 3.0),
    "ada_ucb": row("ada_ucb", 3.0),
    "mots": row("mots", 2.0),
    "exp_ts": row("exp_ts", 8.0),
    "npts": row("npts", 2.0),
    "multinomial_ts, one level": row("multinomial_ts", 2.0, levels=1),
    "besa": row("besa", 6.0, bernoulli, ROUNDS // 4),
    "exp3_s": row("exp3_s", 2.0),
    "rexp3": row("rexp3", 2.0),
    "m_ucb": row("m_ucb", 1.2),
    "cusum_ucb": row("cusum_ucb", 1.2),
    "glr_klucb": row("glr_klucb", 25.0),
    "exp3_pp": row("exp3_pp", 2.0),
    "exp3_pp, gaps in use": row("exp3_pp", 2.0, beta=0.1),
    "truncated_ucb": row("truncated_ucb", 1.0),
    "mom_ucb": row("mom_ucb", 20.0),
    "glr_klucb, tested at every play": row("glr_klucb", 25.0, every=1, ds=1),
    "imed": row("imed", 1.0),
    "med": row("med", 1.0),
    "ids": row("ids", 500.0, bernoulli, 20_000),
}
"""By label: see ``row``. A target is a ratio to the loop's time."""


@pytest.mark.parametrize("label", TARGETS)
def test_a_round(record, label):
    policy, target, game, rounds = TARGETS[label]
    pairs = measure(game(policy, rounds), plain("ucb1", MEANS, ROUNDS), "round", (rounds, ROUNDS))
    record(f"{label}, target {target:g}", pairs, "loop over all arms by UCB1", 2.0 * target)

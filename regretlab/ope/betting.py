"""Limits of a mean by betting: hedged capital of Waudby-Smith and Ramdas (2024), for rows in the order of the log.

Who claims that the mean of ``x_t - d_t u`` is 0 at some u pays fair prices for bets that it is above. A share lambda_t
that rests on earlier rows alone turns the capital into ``prod_t (1 + lambda_t (x_t - d_t u))``, a martingale if the
claim is true, which ever exceeds ``1 / alpha`` with probability alpha at most (Ville). The factors stay positive for
``lambda_t < 1 / B`` where ``x_t - d_t u >= -B``: bets on values above need no limit from above, which is what heavy
weights need. Capital falls as u grows, so that the claims refuted are those below one number.

The shares are the paper's predictable plug-ins, ``sqrt(2 log(2 / alpha) / (V n))`` for n rows and
``sqrt(2 log(2 / alpha) / (V t log(1 + t)))`` where every t counts (equations recalled), at most ``1 / (2 B)``; V is the
variance of earlier rows with one made-up row, which is a convention of ours: any V is valid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from bandits.contract import Array
from regretlab.ope.terms import Side

SHARE = 0.5
"""Of what can be lost at most in one row: the paper's c."""
STEPS = 50
POINTS = 128
"""Steps of bisection, and claims that a sequence is followed at; each errs on the wide side."""


def limit(sides: Sequence[Side], span: tuple[float, float], alpha: float) -> float:
    """What the value, or minus the value, is above with probability ``1 - alpha``.

    Args:
        sides: bets, the capital shared evenly among them.
        span: the least and the most that the value (or minus it) can be.
        alpha: in (0, 1).
    """
    return _refuted(_bets(sides, span, alpha, len(sides[0].terms)), span, -math.log(alpha))


def sequence(sides: Sequence[Side], span: tuple[float, float], alpha: float) -> Array:
    """[m] limits after each row, which hold all together with probability ``1 - alpha``; see ``limit``."""
    capital, wanted = _bets(sides, span, alpha, None), -math.log(alpha)
    last = _refuted(capital, span, wanted)
    claims = last - (last - span[0]) * np.append(np.geomspace(1.0, 1e-4, POINTS - 1), 0.0)
    found = np.full(len(sides[0].terms), span[0])
    for claim in claims if last > span[0] else ():
        reached = capital(float(claim)) >= wanted
        if reached.any():
            found[int(np.argmax(reached)) :] = claim
    return found


def _refuted(capital: Callable[[float], Array], span: tuple[float, float], wanted: float) -> float:
    """The largest claim, but for rounding, against which the capital ever exceeds what is wanted."""
    low, high = span
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        if not low < middle < high:
            break
        low, high = (middle, high) if float(capital(middle).max()) >= wanted else (low, middle)
    return low


def _bets(sides: Sequence[Side], span: tuple[float, float], alpha: float, n: int | None) -> Callable[[float], Array]:
    """The logarithm of the capital [m] after each row, against the claim that the value is at most a number."""
    shares = [_shares(side, span, alpha, n) for side in sides]

    def capital(claim: float) -> Array:
        logs = []
        for side, share in zip(sides, shares, strict=True):
            u = claim - side.offset
            most = side.steepest * u - side.bottom  # what a row can lose for each unit of the share
            bets = np.minimum(share, SHARE / most) if most > 0.0 else share
            paid = side.terms - u if side.slopes is None else side.terms - side.slopes * u
            logs.append(np.cumsum(np.log1p(bets * paid)))
        found: Array = logs[0] if len(logs) == 1 else np.logaddexp.reduce(logs, axis=0) - math.log(len(logs))
        return found

    return capital


def _shares(side: Side, span: tuple[float, float], alpha: float, n: int | None) -> Array:
    """[m] shares, each from the rows before it."""
    width = span[1] - span[0]
    terms = side.terms / width  # so that squares of any unit are numbers
    slopes = np.ones_like(terms) if side.slopes is None else side.slopes
    t = np.arange(1.0, len(terms) + 1.0)
    middle = (0.5 * (span[0] + span[1]) - side.offset) / width
    means = (middle + np.cumsum(terms)) / (1.0 + np.cumsum(slopes))
    spread = 0.25 + np.cumsum((terms - slopes * means) ** 2)
    variances = np.append(0.25, spread[:-1] / t[1:])
    times = t * np.log1p(t) if n is None else float(n)
    found: Array = np.sqrt(-2.0 * math.log(alpha) / (variances * times)) / width
    return found

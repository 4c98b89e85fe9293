"""Verdicts: whether each curve stays under its theorem's bound and grows no faster than the theorem says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from experiments.results import BoundCurve, PanelResult, Results
from experiments.statistics import Array, Interval, growth_exponent, mean_band

SLACK = 0.05
"""How far above the theorem's exponent the lower end of a fitted one may lie."""

SLOWEST = 0.5
"""Exponent that a bound with slower growth (ln t) is tested against.

A logarithmic rate shows only after every gap is resolved; until then the curve grows like the square root of time, so
a fitted exponent below 1/2 contradicts no such theorem.
"""

REACH = 100.0
"""A steeper curve fails if, growing on like this, it meets its bound within so many horizons.

A learner that has not learned yet has linear regret far below any square-root bound; that contradicts nothing.
"""


@dataclass(frozen=True)
class Verdict:
    """What the data say about one bound on one curve.

    Attributes:
        panel: name of the panel.
        policy: label.
        bound: name of the bound.
        notion: kind of regret compared.
        result: "holds", "violated", "undecided" (the simultaneous band reaches over the bound, or there are too few
            replicates for one), or "not applicable" (an assumption fails, or only the order is known).
        exponent: "agrees"; "early", steeper than the theorem's rate but too far below the bound to meet it within
            ``REACH`` horizons; "too steep"; or "not tested".
        text: one sentence with the numbers.
    """

    panel: str
    policy: str
    bound: str
    notion: str
    result: str
    exponent: str
    text: str

    @property
    def failed(self) -> bool:
        """Whether the theorem, though its assumptions hold, does not describe the curve."""
        return self.result == "violated" or self.exponent == "too steep"


def check(results: Results) -> list[Verdict]:
    """Verdicts on every upper bound of every curve, with the study's confidence (simultaneous bands)."""
    return [
        verdict
        for panel in results.panels.values()
        for label in panel.series
        for verdict in _check_policy(panel, label, results.study.confidence)
    ]


def as_json(verdicts: list[Verdict]) -> list[dict[str, Any]]:
    """Plain data for JSON."""
    return [{**asdict(v), "failed": v.failed} for v in verdicts]


def bounds_for(panel: PanelResult, label: str, notion: str = "") -> list[BoundCurve]:
    """The policy's bounds that speak of this kind of regret."""
    against = panel.notion(notion).against
    return [b for b in panel.bounds[label] if b.against == against]


def vacuous(panel: PanelResult, bound: BoundCurve, notion: str = "") -> bool:
    """Whether the bound exceeds the regret of the worst possible play, at every checkpoint."""
    if "worst" not in panel.comparators:
        return False
    kind = panel.notion(notion)
    most = (panel.comparators[kind.comparator] - panel.comparators["worst"]).mean(axis=0)
    return bool(np.all(bound.values >= most))


def _check_policy(panel: PanelResult, label: str, confidence: float) -> list[Verdict]:
    if not panel.notions or len(panel.replicates) == 0:
        return []
    verdicts = []
    seen: set[str] = set()
    for notion in panel.notions:
        bounds = [b for b in panel.bounds[label] if b.against == notion.against and b.name not in seen]
        seen.update(b.name for b in bounds)
        if bounds:
            regret = panel.regret(label, notion.name)
            verdicts += [_verdict(panel, label, notion.name, bound, regret, confidence) for bound in bounds]
    return verdicts


def _verdict(
    panel: PanelResult, label: str, notion: str, bound: BoundCurve, regret: Array, confidence: float
) -> Verdict:
    broken = [text for text, holds in bound.assumptions if not holds]
    if broken or bound.kind != "upper":
        why = f"assumption fails: {'; '.join(broken)}" if broken else f"{bound.kind} only, constants are a convention"
        return Verdict(panel.panel.name, label, bound.name, notion, "not applicable", "not tested", why)
    at = slice(None) if bound.anytime else slice(-1, None)
    band, limit = mean_band(regret[:, at], confidence), bound.values[at]
    low, high = band.all_low, band.all_high
    slack = 1e-9 * np.maximum(1.0, np.abs(limit))
    inside = "holds" if np.all(high <= limit + slack) else "undecided"
    result = "violated" if np.any(low > limit + slack) else inside
    ratio = float(np.max(band.mean / np.maximum(limit, 1e-300)))
    text = f"mean regret {band.mean[-1]:.5g} of {limit[-1]:.5g} at round {panel.times[-1]}, at most {ratio:.3g} of it"
    if not bound.anytime:
        return Verdict(panel.panel.name, label, bound.name, notion, result, "not tested", f"{text} (horizon only)")
    reasons = [] if bound.rate else ["the bound claims no rate"]
    reasons += [] if panel.notion(notion).every_round else ["the regret moves in some rounds only"]
    if reasons:
        text = f"{text}; no exponent, {' and '.join(reasons)}"
        return Verdict(panel.panel.name, label, bound.name, notion, result, "not tested", text)
    fitted = growth_exponent(regret, panel.times, confidence)
    claimed = growth_exponent(bound.values[None, :], panel.times)
    exponent, more = _compare(fitted, claimed, float(band.mean[-1] / max(limit[-1], 1e-300)))
    return Verdict(panel.panel.name, label, bound.name, notion, result, exponent, f"{text}; {more}")


def _compare(fitted: Interval | None, claimed: Interval | None, share: float) -> tuple[str, str]:
    """The verdict on the exponent of a curve that has reached this share of its bound at the horizon."""
    if fitted is None or claimed is None:
        return "not tested", "regret is not positive over the last decade, no exponent"
    text = f"exponent {fitted.value:.3f} [{fitted.low:.3f}, {fitted.high:.3f}], bound's {claimed.value:.3f}"
    low = fitted.value if np.isnan(fitted.low) else fitted.low
    excess = low - max(claimed.value, SLOWEST)
    if excess <= SLACK:
        return "agrees", text
    return ("early" if share ** (-1.0 / excess) > REACH else "too steep"), text

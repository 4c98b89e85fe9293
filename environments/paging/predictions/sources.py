"""Predictions: bits, or predicted times of next use, one for each request.

Three kinds: "discard" (1: LFD evicts the page before its next request), "phase" (1: the page is not requested in the
following phase) and "reuse" (the time of the next request to the page, 0-based, large for "never"). In the first two 0
means keep and 1 may go; the bit that counts for a cached page is the one given at its latest request. A source draws
from its own generator only.

``predictions: {kind: discard, source: flip, p: 0.01}`` names a source of ``SOURCES`` and its parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import one_of
from environments.paging.domain import as_bits, build
from environments.paging.hindsight import Instance
from environments.paging.predictions.bits import Constant, Flip, Inverted, Learned, Static
from environments.paging.predictions.times import Given, NoisyReuse, Oracle, Pleco, Popularity

KINDS = ("discard", "phase", "reuse")


class Source(Protocol):
    """A source of predictions of the kinds it names."""

    kinds: ClassVar[frozenset[str]]

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> NDArray[Any]:
        """Bits [T] (uint8), or for kind "reuse" predicted times [T] (float64)."""


SOURCES: Mapping[str, type[Source]] = {
    "oracle": Oracle,
    "flip": Flip,
    "constant": Constant,
    "inverted": Inverted,
    "given": Given,
    "static": Static,
    "learned": Learned,
    "noisy_reuse": NoisyReuse,
    "popu": Popularity,
    "pleco": Pleco,
}


def prediction_source(predictions: Mapping[str, Any] | None) -> tuple[str, Source | None]:
    """(kind, source) that a mapping like ``{"kind": "discard", "source": "flip", "p": 0.1}`` names; None: ("", None).

    Raises:
        ValueError: unknown kind, source or parameter, a value outside its domain, or a source that does not give
            predictions of this kind.
    """
    if predictions is None:
        return "", None
    if not isinstance(predictions, Mapping):
        raise ValueError(f"predictions must be None or a mapping with 'kind' and 'source', got {predictions!r}")
    rest = dict(predictions)
    try:
        kind = one_of("kind", rest.pop("kind", None), KINDS)
        name = rest.pop("source", "oracle")
        source = build(SOURCES, name, rest, "source")
    except ValueError as error:
        raise ValueError(f"predictions: {error}") from error
    if kind not in source.kinds:
        able = ", ".join(s for s, cls in SOURCES.items() if kind in cls.kinds)
        raise ValueError(f"predictions: source {name!r} gives no {kind} predictions; these do: {able}")
    return kind, source


def check_source(source: Source, kind: str, n_requests: int, n_pages: int) -> None:
    """Check what the user gave against the numbers of requests and pages, before any run.

    Raises:
        ValueError: another number of bits or times, or values that are none.
    """
    try:
        if isinstance(source, Given):
            source.checked(kind, n_requests)
        elif isinstance(source, Static) and source.bits is not None:
            as_bits(source.bits, n_pages)
    except ValueError as error:
        raise ValueError(f"predictions: {error}") from error

"""Phases of requests that are the same in every run, for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bandits.arguments import is_list
from bandits.marks import Marks
from bandits.registry import named
from environments.paging.environment import PagingEnvironment
from environments.paging.hindsight import RequestSequence
from environments.paging.sequences import SEQUENCES, Generator


def paging(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """The first requests of the k-phases but the first, of requests that are given or made up without luck.

    Those of a trace are not asked for: it would be read anew, and has thousands.
    """
    sequence = parameters["sequence"]
    if not is_list(sequence):
        kind = SEQUENCES.load(named(sequence, "sequence")[0])
        if not issubclass(kind, Generator) or kind.random:
            return {}
    environment = PagingEnvironment(parameters["cache_size"], sequence, horizon=horizon)
    requests = environment.draw(np.random.default_rng(0)).requests
    assert isinstance(requests, RequestSequence)
    return {"phase": (np.flatnonzero(np.diff(requests.phases.number)) + 2).tolist()}

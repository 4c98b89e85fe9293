"""Simulate bandit and online-learning problems, and hold regret curves against theorems.

``import regretlab as rl`` is all that most programs need::

    result = rl.compare([rl.UCB1(), rl.KLUCB()], rl.BernoulliArms([0.4, 0.6], horizon=10_000), replicates=100, seed=1)
    result.plot()

Every registered policy, environment and tool, and every problem type, is here under the name of its class; ``dir``
lists them. Nothing is loaded before it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bandits.checks import check_policy as check_policy
    from bandits.contract import Assumption as Assumption
    from bandits.contract import Bound as Bound
    from bandits.contract import Instance as Instance
    from bandits.contract import NotResetError as NotResetError
    from bandits.contract import Policy as Policy
    from bandits.contract import Problem as Problem
    from bandits.family import Family as Family
    from environments.checks import check_environment as check_environment
    from environments.checks import check_family as check_family
    from environments.contract import Environment as Environment
    from environments.contract import Regret as Regret
    from environments.record import Record as Record
    from regretlab.comparison import compare as compare
    from regretlab.ope.estimate import Estimate as Estimate
    from regretlab.ope.estimate import estimate as estimate
    from regretlab.ope.evaluate import Evaluation as Evaluation
    from regretlab.ope.evaluate import evaluate as evaluate
    from regretlab.ope.sequence import confidence_sequence as confidence_sequence
    from regretlab.results import Check as Check
    from regretlab.results import Result as Result
    from regretlab.results import Results as Results
    from regretlab.results import check as check
    from regretlab.results import load as load
    from regretlab.runs import JobError as JobError
    from regretlab.runs import run as run
    from regretlab.service import Decision as Decision
    from regretlab.service import Service as Service

_PLACES = {
    "bandits.checks": ("check_policy",),
    "bandits.contract": ("Assumption", "Bound", "Instance", "NotResetError", "Policy", "Problem"),
    "bandits.family": ("Family",),
    "environments.checks": ("check_environment", "check_family"),
    "environments.contract": ("Environment", "Regret"),
    "environments.record": ("Record",),
    "regretlab.comparison": ("compare",),
    "regretlab.ope.estimate": ("Estimate", "estimate"),
    "regretlab.ope.evaluate": ("Evaluation", "evaluate"),
    "regretlab.ope.sequence": ("confidence_sequence",),
    "regretlab.results": ("Check", "Result", "Results", "check", "load"),
    "regretlab.runs": ("JobError", "run"),
    "regretlab.service": ("Decision", "Service"),
}
_MODULES = {name: module for module, names in _PLACES.items() for name in names}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    if name.startswith("_"):  # asked for by shells and inspectors: nothing is loaded to refuse it
        raise AttributeError(f"module 'regretlab' has no attribute {name!r}")
    from regretlab.names import find

    return find(name, __all__)


def __dir__() -> list[str]:
    from regretlab.names import places

    return sorted({*__all__, *places()})

"""What scikit-learn asks of every estimator, by hand: nothing of it is needed here, and nothing loads it."""

from __future__ import annotations

import inspect
import sys
from typing import Any, Self


class NotFittedError(ValueError, AttributeError):
    """A model was asked before it learned anything; where scikit-learn is loaded, its class of that name is raised."""


def not_fitted(model: object, asked: str = "predict") -> Exception:
    """The error of a ``model`` that has learned nothing yet, and what it was asked to do."""
    kind = getattr(sys.modules.get("sklearn.exceptions"), "NotFittedError", NotFittedError)
    error: Exception = kind(f"{type(model).__name__} cannot {asked} before fit: call fit or partial_fit first")
    return error


class Parameters:
    """Arguments of the constructor, kept as given under their own names, and checked when something is learned."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters; they count from the next ``fit`` on.

        Raises:
            ValueError: a parameter that there is not; none is set then.
        """
        known = self.get_params()
        for name in parameters:
            if name not in known:
                raise ValueError(f"unknown parameter {name!r}; known: {', '.join(known)}")
        vars(self).update(parameters)
        return self

    def __repr__(self) -> str:
        """The parameters that are not their defaults, as scikit-learn writes its estimators."""
        defaults = inspect.signature(type(self)).parameters
        told = [f"{k}={v!r}" for k, v in self.get_params().items() if repr(v) != repr(defaults[k].default)]
        return f"{type(self).__name__}({', '.join(told)})"

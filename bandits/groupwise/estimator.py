"""What scikit-learn asks of an estimator, by hand: nothing of it is needed here, and only its own calls load it."""

from __future__ import annotations

import sys
import warnings
from typing import Any, Self

from bandits.estimator import Parameters


def warn_of_column() -> None:
    """Tell that labels [n, 1] were taken as [n]; by scikit-learn's class of warnings where that is loaded."""
    kind = getattr(sys.modules.get("sklearn.exceptions"), "DataConversionWarning", UserWarning)
    what = "A column-vector y was passed when a 1d array was expected: it is taken as y[:, 0], of shape (n,)"
    warnings.warn(what, kind, stacklevel=5)


class Estimator(Parameters):
    """Parameters under their own names, and what searches, pipelines and routers of metadata ask for.

    The only metadata are ``groups``. As everywhere in scikit-learn they are routed to nobody who does not request them:
    with ``sklearn.set_config(enable_metadata_routing=True)``, after ``set_fit_request(groups=True)`` and its like for
    the other methods, ``cross_val_score(model, X, y, params={"groups": groups})`` cuts them with the rows.
    """

    _metadata_request: Any  # under this name ``sklearn.base.clone`` copies it

    def set_fit_request(self, *, groups: bool | str | None = True) -> Self:
        """Say what ``fit`` does with groups that are routed to it.

        Args:
            groups: whether it gets them, or the name that they are passed under; None to have such groups refused.

        Raises:
            ImportError: scikit-learn is not installed.
        """
        return self._request("fit", groups)

    def set_partial_fit_request(self, *, groups: bool | str | None = True) -> Self:
        """As ``set_fit_request``, for ``partial_fit``."""
        return self._request("partial_fit", groups)

    def set_predict_request(self, *, groups: bool | str | None = True) -> Self:
        """As ``set_fit_request``, for ``predict``."""
        return self._request("predict", groups)

    def set_score_request(self, *, groups: bool | str | None = True) -> Self:
        """As ``set_fit_request``, for ``score``."""
        return self._request("score", groups)

    def get_metadata_routing(self) -> Any:
        """Which methods request groups; scikit-learn calls this, and copies what it gets."""
        if not hasattr(self, "_metadata_request"):
            from sklearn.utils.metadata_routing import MetadataRequest

            request = MetadataRequest(owner=type(self).__name__)
            for method in ("fit", "partial_fit", "predict", "score"):
                getattr(request, method).add_request(param="groups", alias=None)
            request.score.add_request(param="sample_weight", alias=None)  # Pipeline.score names it, if only as None
            return request
        return self._metadata_request

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of an estimator about itself; only scikit-learn calls this."""
        from sklearn.base import BaseEstimator, RegressorMixin

        return type("Regressor", (RegressorMixin, BaseEstimator), {})().__sklearn_tags__()

    def _request(self, method: str, groups: bool | str | None) -> Self:
        request = self.get_metadata_routing()
        getattr(request, method).add_request(param="groups", alias=groups)
        self._metadata_request = request
        return self

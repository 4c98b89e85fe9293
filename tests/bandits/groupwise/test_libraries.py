"""Other people's libraries: scikit-learn's own checks of the predictor, and their regressors as base learners."""

import pickle
import warnings

import numpy as np
import pytest

from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.predictor import GroupwisePredictor


@pytest.mark.parametrize(
    ("arguments", "more"),
    [
        ({}, {}),
        ({"base_learner": "vaw"}, {}),
        (
            {"base_learner": {"name": "ogd", "parameters": {"norm": 20.0}}},
            {"check_regressors_train": "asks for a good fit of labels far beyond the unit interval"},
        ),
    ],
    ids=["oridge", "vaw", "ogd"],
)
def test_the_checks_of_scikit_learn(arguments, more):
    """All of them, on the one group of all rows: they pass no members, and functions of rows would fit one width only.

    The check of array-API input skips itself without an environment variable.
    """
    checks = pytest.importorskip("sklearn.utils.estimator_checks", reason="needs the extra simulators")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Estimator GroupwisePredictor does not inherit", UserWarning)
        found = checks.check_estimator(
            GroupwisePredictor({}, **arguments), expected_failed_checks=more, on_skip=None, on_fail=None
        )
    status = {}
    for result in found:
        status.setdefault(result["status"], set()).add(result["check_name"])
    assert status.get("failed", set()) == set(), [r["exception"] for r in found if r["status"] == "failed"]
    assert status.get("xfail", set()) == set(more)
    assert status.get("skipped", set()) <= {"check_array_api_input"}
    assert len(status["passed"]) >= 40


def test_model_selection_of_scikit_learn():
    """Members as functions: a grid search finds that the group's own slope needs little penalty."""
    selection = pytest.importorskip("sklearn.model_selection", reason="needs the extra simulators")
    rng = np.random.default_rng(0)
    X = rng.random((400, 2))
    y = np.where(X[:, 1] > 0.5, X[:, 0], 1.0 - X[:, 0])
    model = GroupwisePredictor({"high": high, "low": low}, always_on=False)
    tried = [{"name": "oridge", "parameters": {"penalty": penalty}} for penalty in (0.01, 100.0)]
    search = selection.GridSearchCV(model, {"base_learner": tried}, cv=3, error_score="raise").fit(X, y)
    assert search.best_params_ == {"base_learner": tried[0]}
    predicted = search.predict(X)
    expected = 1.0 - np.sum((y - predicted) ** 2) / np.sum((y - y.mean()) ** 2)
    assert search.score(X, y) == pytest.approx(expected)
    plain = GroupwisePredictor({}).fit(X, y)
    assert plain.score(X, y) < 0.1 < search.best_score_
    assert np.isnan(plain.score(X, np.ones(400)))


def test_groups_go_through_searches_and_pipelines_of_scikit_learn():
    """Members as a table are cut with the rows; each fold's score is that of a loop by hand."""
    sklearn = pytest.importorskip("sklearn", reason="needs the extra simulators")
    from sklearn import base, model_selection, pipeline, preprocessing
    from sklearn.utils.validation import check_is_fitted

    rng = np.random.default_rng(0)
    X = rng.random((120, 2))
    y = np.where(X[:, 1] > 0.5, X[:, 0], 1.0 - X[:, 0])
    members = np.stack([high(X), low(X)], axis=1)
    folds = model_selection.KFold(3)
    model = GroupwisePredictor(always_on=False)
    by_hand = [
        base.clone(model).fit(X[fit], y[fit], members[fit]).score(X[rest], y[rest], members[rest])
        for fit, rest in folds.split(X)
    ]
    with pytest.raises(sklearn.exceptions.NotFittedError):
        check_is_fitted(model)
    with pytest.raises(sklearn.exceptions.NotFittedError, match="call fit or partial_fit first"):
        model.predict(X, members)
    with sklearn.config_context(enable_metadata_routing=True):
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="groups"):
            model_selection.cross_val_score(model, X, y, params={"groups": members}, cv=folds)
        asked = model.set_fit_request(groups=True).set_score_request(groups=True)
        assert asked is model
        found = model_selection.cross_val_score(model, X, y, params={"groups": members}, cv=folds)
        assert found.tolist() == by_hand
        named = base.clone(model).set_fit_request(groups="members").set_score_request(groups="members")
        found = model_selection.cross_val_score(named, X, y, params={"members": members}, cv=folds)
        assert found.tolist() == by_hand
        model.set_predict_request(groups=True)
        steps = pipeline.make_pipeline(preprocessing.FunctionTransformer(), model)
        search = model_selection.GridSearchCV(steps, {"groupwisepredictor__fallback": [0.0, 1.0]}, cv=folds)
        search.fit(X, y, groups=members)
        assert search.best_score_ == pytest.approx(np.mean(by_hand))
        check_is_fitted(search.best_estimator_[-1])
        alone = GroupwisePredictor(always_on=False).fit(X, y, members)
        assert np.array_equal(search.best_estimator_.predict(X, groups=members), alone.predict(X, members))
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="sample_weight"):
            search.best_estimator_.score(X, y, sample_weight=np.ones(120), groups=members)
        assert pickle.loads(pickle.dumps(model)).get_metadata_routing().predict.requests == {"groups": True}


def high(X):
    return X[:, 1] > 0.5


def low(X):
    return X[:, 1] <= 0.5


RATE = 0.1


class Descent:
    """The reference: gradient steps on half the squared error, with an intercept."""

    def __init__(self):
        self.w, self.b = np.zeros(3), 0.0

    def predict(self, x):
        return float(self.w @ x + self.b)

    def update(self, x, y):
        step = RATE * (y - self.predict(x))
        self.w, self.b = self.w + step * x, self.b + step


class ScikitLearn:
    """SGDRegressor as a base learner; it predicts 0 before its first label."""

    def __init__(self):
        linear_model = pytest.importorskip("sklearn.linear_model", reason="needs the extra simulators")
        self.model = linear_model.SGDRegressor(penalty=None, learning_rate="constant", eta0=RATE)
        self.ready = False

    def predict(self, x):
        return self.model.predict(x[None, :])[0] if self.ready else 0.0

    def update(self, x, y):
        self.model.partial_fit(x[None, :], [y])
        self.ready = True


class River:
    """river's linear regression as a base learner; its gradient is of the whole squared error."""

    def __init__(self):
        river = pytest.importorskip("river", reason="needs the extra simulators")
        from river import linear_model, optim

        assert river.__version__
        self.model = linear_model.LinearRegression(optimizer=optim.SGD(RATE / 2), intercept_lr=RATE / 2)

    def predict(self, x):
        return self.model.predict_one(dict(enumerate(x)))

    def update(self, x, y):
        self.model.learn_one(dict(enumerate(x)), y)


@pytest.mark.parametrize("learner", [ScikitLearn, River])
def test_regressors_of_other_libraries_as_base_learners(learner, stream, play):
    """The same losses in every group as with the reference, in a run and in the predictor, in parts and pickled."""
    expected = play(stream, Groupwise(Descent))
    assert play(stream, Groupwise(learner)) == pytest.approx(expected, rel=1e-9)
    data = stream.data
    members = dict(zip(data.names, data.groups.T, strict=True))
    predictor = GroupwisePredictor(base_learner=learner)
    predictor.partial_fit(data.contexts[:25], data.labels[:25], {name: m[:25] for name, m in members.items()})
    predictor = pickle.loads(pickle.dumps(predictor))
    predictor.partial_fit(data.contexts[25:], data.labels[25:], {name: m[25:] for name, m in members.items()})
    assert predictor.group_losses_ == pytest.approx(expected, rel=1e-9)
    reference = GroupwisePredictor(base_learner=Descent).fit(data.contexts, data.labels, members)
    found = predictor.predict(data.contexts, members)
    assert found == pytest.approx(reference.predict(data.contexts, members), rel=1e-9)

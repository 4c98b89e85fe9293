"""The predictor outside of any simulation."""

import copy
import pickle

import numpy as np
import pytest

from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.predictor import GroupwisePredictor
from bandits.labels import column_names
from environments.groupwise.regression import GroupedRegression


def table(n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 3))
    return X, rng.random(n), {"low": X[:, 0] < 0.5, "late": X[:, 1] > 0.7}


def column(X, place):
    """A column of an array by its place, of a table by its name: numbered, or a letter."""
    names = column_names(X)
    at = (
        place if names is None else next(i for i, name in enumerate(names) if name in (place, "ab"[place], "pq"[place]))
    )
    return np.asarray(X)[:, at]


FUNCTIONS = {"low": lambda X: column(X, 0) < 0.5, "late": lambda X: column(X, 1) > 0.7}


def low(X):
    return X[:, 0] < 0.5


def test_losses_are_those_of_the_policy(stream, play):
    losses = play(stream, Groupwise())
    data = stream.data
    predictor = GroupwisePredictor().fit(data.contexts, data.labels, dict(zip(data.names, data.groups.T, strict=True)))
    assert predictor.group_losses_ == pytest.approx(losses)
    assert predictor.group_names_ == data.names
    assert predictor.n_features_in_ == 3
    assert predictor.bound_applicable_ == (predictor.largest_loss_ <= 1.0)


def test_groups_as_functions_as_a_table_and_as_columns():
    X, y, columns = table()
    by_function = GroupwisePredictor(FUNCTIONS).fit(X, y).predict(X)
    by_column = GroupwisePredictor().fit(X, y, columns).predict(X, columns)
    members = np.stack(list(columns.values()), axis=1)
    by_table = GroupwisePredictor().fit(X, y, members).predict(X, members)
    assert np.array_equal(by_function, by_column)
    assert np.array_equal(by_function, by_table)


def test_in_parts_and_predicting_on_the_way():
    X, y, _ = table()
    whole, parts = GroupwisePredictor(FUNCTIONS).fit(X, y), GroupwisePredictor(FUNCTIONS)
    for a, b in ((0, 1), (1, 90), (90, 90), (90, 200)):
        parts.partial_fit(X[a:b], y[a:b])
        assert np.array_equal(parts.predict(X[:5]), parts.predict(X[:5]))
    assert np.array_equal(whole.predict(X), parts.predict(X))
    assert whole.group_losses_ == pytest.approx(parts.group_losses_)
    assert not np.array_equal(whole.fit(X[:50], y[:50]).predict(X), parts.predict(X))


def test_predictions_are_the_mixture():
    X, y, columns = table()
    predictor = GroupwisePredictor(FUNCTIONS, clip=[0.0, 1.0]).fit(X, y)
    policy = Groupwise(clip=[0.0, 1.0], play="mixture")
    from environments.groupwise.data import grouped_data

    data = grouped_data(X, y, np.stack(list(columns.values()), axis=1), list(columns))
    environment = GroupedRegression(data, "given")
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 200)
    from bandits.groupwise.problem import Round

    expected = [policy.choose(Round(x, g)).values[0] for x, g in zip(X, data.groups, strict=True)]
    assert predictor.predict(X) == pytest.approx(expected, abs=1e-14)


class Mean:
    """A user's learner."""

    def __init__(self):
        self.total, self.n = 0.0, 0

    def predict(self, x):
        return self.total / self.n if self.n else 0.0

    def update(self, x, y):
        self.total, self.n = self.total + y, self.n + 1


def test_a_learner_of_the_users_own_finds_each_groups_mean():
    X, _, columns = table(2000)
    y = np.where(columns["low"], 0.2, 0.8)
    predictor = GroupwisePredictor({"low": low, "high": lambda X: X[:, 0] >= 0.5}, base_learner=Mean).fit(X, y)
    assert predictor.predict(X) == pytest.approx(y, abs=1e-6)


def test_parameters():
    predictor = GroupwisePredictor(fallback=3.0)
    assert GroupwisePredictor(**predictor.get_params()).get_params() == predictor.get_params()
    assert predictor.set_params(clip=[0.0, 1.0], fallback=2.0) is predictor
    assert (predictor.clip, predictor.fallback) == ([0.0, 1.0], 2.0)
    with pytest.raises(ValueError, match="unknown parameter 'lam'; known: groups, base_learner"):
        predictor.set_params(lam=1.0)
    with pytest.raises(ValueError, match="base_learner: penalty must be"):
        GroupwisePredictor(FUNCTIONS, {"name": "oridge", "parameters": {"penalty": -1.0}}).fit(*table()[:2])


def test_labels_are_scored_as_they_are_learned():
    """A column was taken for a row of labels against each prediction: -67 in place of .97."""
    rng = np.random.default_rng(0)
    X = rng.random((40, 2))
    y = X[:, 0]
    model = GroupwisePredictor({}).fit(X, y)
    with pytest.warns(UserWarning, match="column-vector"):
        assert model.score(X, y[:, None]) == model.score(X, y)
    for wrong, message in ((y[:-1], r"shape \(40,\), got \(39,\)"), (y[None], "shape"), (0.5, "shape")):
        with pytest.raises(ValueError, match=message):
            model.score(X, wrong)
    with pytest.raises(ValueError, match="y must be finite, got NaN in row 0"):
        model.score(X, np.full(40, np.nan))


def test_it_writes_what_is_not_its_default():
    assert repr(GroupwisePredictor()) == "GroupwisePredictor()"
    assert repr(GroupwisePredictor({}, clip=[0, 1])) == "GroupwisePredictor(groups={}, clip=[0, 1])"
    assert eval(repr(GroupwisePredictor({}, fallback=0.5))).get_params()["fallback"] == 0.5


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
@pytest.mark.parametrize("learner", ["oridge", "vaw", Mean])
def test_it_pickles_and_copies_in_mid_run(copied, learner):
    X, y, _ = table()
    predictor = GroupwisePredictor({"low": low}, learner).fit(X[:100], y[:100])
    twin = copied(predictor)
    before = twin.predict(X)
    predictor.partial_fit(X, y)
    assert np.array_equal(twin.predict(X), before)
    assert np.array_equal(predictor.predict(X), twin.partial_fit(X, y).predict(X))
    assert predictor.group_losses_ == twin.group_losses_


def test_what_is_refused_changes_nothing():
    X, y, columns = table()
    predictor = GroupwisePredictor().fit(X, y, columns)
    before = pickle.dumps(predictor)
    for arguments in ((X, y[:5], columns), (X, y, {"low": columns["low"] * 2}), (X[:0], y[:0], columns)):
        with pytest.raises(ValueError, match=r"y must|groups must|X must"):
            predictor.fit(*arguments)
    with pytest.raises(ValueError, match="unknown parameter 'lam'"):
        predictor.set_params(fallback=1.0, lam=1.0)
    assert pickle.dumps(predictor) == before


def test_labels_in_a_column_are_taken_with_a_warning():
    X, y, columns = table()
    with pytest.warns(UserWarning, match="A column-vector y was passed when a 1d array was expected"):
        predictor = GroupwisePredictor().fit(X, y[:, None], columns)
    assert predictor.group_losses_ == GroupwisePredictor().fit(X, y, columns).group_losses_


def test_functions_of_groups_get_the_table_that_came():
    """With its columns as they stand and its own types; of an array they get the array."""
    pandas = pytest.importorskip("pandas")
    X, y, _ = table()
    seen = []

    def early(rows):
        seen.append(rows)
        return rows["a"] < 0.5

    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    plain = GroupwisePredictor({"early": lambda X: X[:, 0] < 0.5}).fit(X, y)
    predictor = GroupwisePredictor({"early": early}).fit(frame, y)
    turned = frame[["c", "a", "b"]]
    assert np.array_equal(predictor.predict(turned), plain.predict(X))
    assert seen[0] is frame
    assert seen[1] is turned
    with pytest.raises(IndexError) as error:
        predictor.predict(X)
    assert error.value.__notes__ == [
        "in the function of the group 'early', which is given the rows as they came, a numpy.ndarray"
    ]
    sort = GroupwisePredictor({"early": lambda rows: rows["a"].sort_values() < 0.5})
    with pytest.raises(ValueError, match="the group early must have its rows in the order of X"):
        sort.fit(frame, y)
    missing = pandas.array([True, None] * 100, dtype="boolean")
    with pytest.raises(ValueError, match="groups must hold 0 and 1"):
        GroupwisePredictor().fit(X, y, {"some": missing})


def test_input_is_checked():
    X, y, columns = table()
    predictor = GroupwisePredictor()
    for ask in (lambda: predictor.predict(X, columns), lambda: predictor.score(X, y, columns)):
        with pytest.raises(ValueError, match="GroupwisePredictor cannot predict before fit") as refused:
            ask()
        assert isinstance(refused.value, AttributeError)
        assert type(refused.value).__name__ == "NotFittedError"
    with pytest.raises(ValueError, match="groups must be passed with the rows"):
        predictor.fit(X, y)
    predictor.fit(X, y, columns)
    bad = X.copy()
    bad[3, 1] = np.nan
    cases = (
        ((bad, y, columns), r"X must be finite, got NaN in row 3, column 1"),
        ((X[0], y, columns), r"X must have shape \(n, dimension\)"),
        ((X, y[:5], columns), r"y must have shape \(200,\), got \(5,\)"),
        ((X, np.where(np.arange(200) == 7, np.inf, y), columns), "y must be finite, got inf in row 7"),
        ((X, y, np.full((200, 1), 2)), "groups must hold 0 and 1, got 2 in row 0, column 0"),
        ((X, y, np.ones(200)), r"groups must have shape \(200, n_groups\)"),
        ((X, y, {"low": columns["low"]}), "groups must be low, late, always_on as before, got low, always_on"),
        ((X[:, :2], y, columns), "X has 2 features, but GroupwisePredictor is expecting 3 features"),
    )
    for arguments, what in cases:
        with pytest.raises(ValueError, match=what):
            predictor.partial_fit(*arguments)
    for words, kind, what in (("a", ValueError, "could not convert"), ({}, TypeError, "argument must be a string or")):
        with pytest.raises(kind, match=f"X must hold numbers alone: .*{what}"):
            predictor.predict([[0.5, 0.5, words]], {"low": [1], "late": [0]})
    with pytest.raises(ValueError, match="at least one group"):
        GroupwisePredictor({}, always_on=False).fit(X, y)


class Table:
    """A table with named columns as other libraries have it, without them."""

    def __init__(self, values, columns):
        self.values, self.columns = np.asarray(values), columns

    def __array__(self, dtype=None, copy=None):
        return self.values

    def __getitem__(self, names):
        return Table(self.values[:, [list(self.columns).index(n) for n in names]], list(names))


def of_pandas(values, columns):
    return pytest.importorskip("pandas").DataFrame(values, columns=columns)


def of_pyarrow(values, columns):
    arrow = pytest.importorskip("pyarrow")
    return arrow.table(dict(zip(columns, np.asarray(values).T, strict=True)))


def columns_of(table, names):
    return table.select(names) if hasattr(table, "select") else table[names]


@pytest.mark.parametrize("labelled", [Table, of_pandas, of_pyarrow])
def test_columns_are_read_by_name(labelled):
    X, y, _ = table()
    plain = GroupwisePredictor(FUNCTIONS).fit(X, y)
    named = labelled(X, ["a", "b", "c"])
    predictor = GroupwisePredictor(FUNCTIONS).fit(named, y)
    assert predictor.feature_names_in_.tolist() == ["a", "b", "c"]
    for order in (["a", "b", "c"], ["c", "a", "b"], ["b", "a", "c"]):
        turned = columns_of(named, order)
        assert np.array_equal(predictor.predict(turned), plain.predict(X))
        assert predictor.score(turned, y) == plain.score(X, y)
        both = GroupwisePredictor(FUNCTIONS).fit(named, y).partial_fit(turned, y)
        assert both.group_losses_ == GroupwisePredictor(FUNCTIONS).fit(X, y).partial_fit(X, y).group_losses_
    assert np.array_equal(predictor.predict(X), plain.predict(X))
    before = dict(predictor.group_losses_)
    for wrong, what in (
        (labelled(X, ["a", "b", "d"]), "X must name a, b, c, in any order: it lacks c, it has d"),
        (labelled(X[:, :2], ["a", "c"]), "it lacks b$"),
        (labelled(np.c_[X, y], ["a", "b", "c", "y"]), "it has y besides"),
    ):
        with pytest.raises(ValueError, match=what):
            predictor.predict(wrong)
        with pytest.raises(ValueError, match=what):
            predictor.partial_fit(wrong, y)
    assert predictor.group_losses_ == before
    assert predictor.fit(labelled(X, ["p", "q", "r"]), y).feature_names_in_.tolist() == ["p", "q", "r"]
    assert not hasattr(predictor.fit(X, y), "feature_names_in_")


@pytest.mark.parametrize("labelled", [Table, of_pandas, of_pyarrow])
def test_groups_are_read_by_name(labelled):
    X, y, columns = table()
    members = np.stack(list(columns.values()), axis=1)
    plain = GroupwisePredictor().fit(X, y, columns)
    predictor = GroupwisePredictor().fit(X, y, labelled(members, ["low", "late"]))
    assert predictor.group_names_ == ("low", "late", "always_on")
    assert predictor.group_losses_ == plain.group_losses_
    for groups in (
        labelled(members, ["low", "late"]),
        labelled(members[:, ::-1], ["late", "low"]),
        {"late": columns["late"], "low": columns["low"]},
        {"always_on": np.ones(len(X)), **columns},
    ):
        assert np.array_equal(predictor.predict(X, groups), plain.predict(X, columns))
        assert GroupwisePredictor().fit(X, y, columns).partial_fit(X, y, groups).group_losses_ == (
            GroupwisePredictor().fit(X, y, columns).partial_fit(X, y, columns).group_losses_
        )
    for groups in (members, labelled(members, ["low", "early"])):
        with pytest.raises(ValueError, match="groups must be low, late, always_on as before, got"):
            predictor.predict(X, groups)


@pytest.mark.parametrize("labelled", [Table, of_pandas])
def test_numbered_columns(labelled):
    """Numbers are names too; the default ones are none beside real names."""
    X, y, columns = table()
    plain = GroupwisePredictor(FUNCTIONS).fit(X, y)
    for first in (labelled(X, range(3)), X):
        predictor = GroupwisePredictor(FUNCTIONS).fit(first, y)
        assert not hasattr(predictor, "feature_names_in_")
        assert np.array_equal(predictor.predict(labelled(X, ["a", "b", "c"])), plain.predict(X))
    predictor = GroupwisePredictor(FUNCTIONS).fit(labelled(X, range(3)), y)
    assert np.array_equal(predictor.predict(labelled(X[:, ::-1], [2, 1, 0])), plain.predict(X))
    members = np.stack(list(columns.values()), axis=1)
    predictor = GroupwisePredictor().fit(X, y, members)
    turned = predictor.predict(X, labelled(members[:, ::-1], [1, 0]))
    assert np.array_equal(turned, predictor.predict(X, members))
    with pytest.raises(ValueError, match="each column once to be read by name, got 'a' more than once"):
        GroupwisePredictor(FUNCTIONS).fit(labelled(X, ["a", "a", "b"]), y).predict(labelled(X, ["a", "b", "a"]))


def test_names_of_the_first_labelled_rows_count():
    X, y, _ = table()
    predictor = GroupwisePredictor(FUNCTIONS).fit(X, y).partial_fit(Table(X, ["a", "b", "c"]), y)
    assert np.array_equal(predictor.predict(Table(X[:, ::-1], ["c", "b", "a"])), predictor.predict(X))


def test_rows_in_other_orders_are_refused():
    pandas = pytest.importorskip("pandas")
    X, y, columns = table()
    index = np.arange(200) * 3
    turned = index[::-1]
    frame, labels = pandas.DataFrame(X, index=index), pandas.Series(y, index=index)
    groups = pandas.DataFrame(columns, index=index)
    plain = GroupwisePredictor().fit(X, y, columns)
    predictor = GroupwisePredictor().fit(frame, labels, groups)
    assert predictor.group_losses_ == plain.group_losses_
    what = "must have its rows in the order of X, got the same names in another: row 0 is 0 in X and 597 in"
    cases = (
        (frame, labels.loc[turned], groups),
        (frame, labels, groups.loc[turned]),
        (frame, labels, {name: groups[name].loc[turned] for name in groups}),
    )
    for arguments in cases:
        with pytest.raises(ValueError, match=what):
            predictor.partial_fit(*arguments)
    with pytest.raises(ValueError, match="groups " + what):
        predictor.predict(frame, groups.loc[turned])
    with pytest.raises(ValueError, match="y " + what):
        predictor.score(frame, labels.loc[turned], groups)
    with pytest.raises(ValueError, match="the group late must have its rows in the order of the group low"):
        predictor.predict(X, {"low": groups["low"], "late": groups["late"].loc[turned]})
    with pytest.raises(ValueError, match="the group low must have its rows in the order of y"):
        predictor.partial_fit(X, labels, {"low": groups["low"].loc[turned], "late": columns["late"]})
    others = groups.set_index(-1 - np.arange(200))
    assert np.array_equal(predictor.predict(frame, others), plain.predict(X, columns))


def test_rows_that_have_some_names_in_common_are_refused():
    pandas = pytest.importorskip("pandas")
    X, y, columns = table()
    frame, labels, groups = pandas.DataFrame(X), pandas.Series(y), pandas.DataFrame(columns)
    what = "must have its rows in the order of X, got other names beside 198 in common: row 0 is 1 in X and 0"
    with pytest.raises(ValueError, match=f"y {what} in y"):  # yesterday's rows and today's labels
        GroupwisePredictor().fit(frame[1:], labels[:-1], groups[1:])
    predictor = GroupwisePredictor().fit(frame[1:], labels[:-1].to_numpy(), groups[1:])
    with pytest.raises(ValueError, match="groups must have its rows in the order of X"):
        predictor.predict(frame[1:], groups[:-1])
    with pytest.raises(ValueError, match="groups must have its rows in the order of y"):
        predictor.score(frame[1:].to_numpy(), labels[1:], groups[:-1])


def test_a_prior_by_name():
    X, y, columns = table()
    weights = {"late": 3.0, "always_on": 1.0, "low": 2.0}
    expected = GroupwisePredictor(prior=[2.0, 3.0, 1.0]).fit(X, y, columns).predict(X, columns)
    assert np.array_equal(GroupwisePredictor(prior=weights).fit(X, y, columns).predict(X, columns), expected)
    with pytest.raises(ValueError, match=r"prior must name low, late, always_on, in any order: it lacks always_on"):
        GroupwisePredictor(prior={"late": 3.0, "low": 2.0}).fit(X, y, columns)
    with pytest.raises(ValueError, match=r"prior\[1\] must be a finite number in \(0, inf\), got \[1.0\]"):
        GroupwisePredictor(prior={"always_on": 1.0, "late": [1.0], "low": 2.0}).fit(X, y, columns)
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(weights)
    assert np.array_equal(GroupwisePredictor(prior=series).fit(X, y, columns).predict(X, columns), expected)
    numbered = pandas.Series([2.0, 3.0, 1.0])
    assert np.array_equal(GroupwisePredictor(prior=numbered).fit(X, y, columns).predict(X, columns), expected)

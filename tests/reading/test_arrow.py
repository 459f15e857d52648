"""Tables of Arrow are read as those of pandas."""

import numpy as np
import pytest

from skrnn import GRURegressor

pa = pytest.importorskip("pyarrow")

PARAMS = {
    "rows": "steps", "sequence_id": "who", "hidden_size": 3, "max_iter": 2, "tol": None, "k1": 5,
    "random_state": 0, "learning_rate": "constant",
}  # fmt: skip


def table():
    rng = np.random.RandomState(0)
    return pa.table({
        "a": rng.normal(size=40), "who": np.repeat(["x", "y"], 20), "b": rng.normal(size=40),
    })  # fmt: skip


class Exported:
    """What exports a table of Arrow, as relations of DuckDB do."""

    def __init__(self, table):
        self.table, self.n = table, 0

    def __arrow_c_stream__(self, requested_schema=None):
        self.n += 1
        return self.table.__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize("convert", [lambda t: t, lambda t: t.to_batches()[0], Exported])
def test_as_of_pandas(convert):
    X = table()
    frame = X.to_pandas()
    expected = GRURegressor(**PARAMS).fit(frame, frame["a"])
    model = GRURegressor(**PARAMS).fit(convert(X), X["a"])
    assert model.feature_names_in_.tolist() == ["a", "who", "b"]
    np.testing.assert_array_equal(model.predict(convert(X)), expected.predict(frame))
    model.partial_fit(convert(X), X["a"])
    expected.partial_fit(frame, frame["a"])
    np.testing.assert_array_equal(model.predict(frame), expected.predict(frame))
    with pytest.raises(ValueError, match="feature names"):
        model.predict(convert(X.rename_columns(["b", "who", "a"])))


def test_what_exports_a_table_is_read_once():
    X = Exported(table())
    GRURegressor(**PARAMS).fit(X, X.table["a"])
    assert X.n == 1


def test_validation_data():
    X = table()
    model = GRURegressor(**PARAMS).fit(X, X["a"], X_val=X.slice(0, 10), y_val=X["a"].slice(0, 10))
    assert len(model.validation_scores_) == 2

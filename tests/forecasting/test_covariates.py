"""Columns of long tables as numbers."""

import numpy as np
import pytest

from skrnn._forecasting.covariates import Covariates, roles_of
from skrnn._forecasting.panel import read_panel

pandas = pytest.importorskip("pandas")
polars = pytest.importorskip("polars")

X = pandas.DataFrame(
    {
        "shop": ["b", "b", "a", "a"],
        "t": [0, 1, 0, 1],
        "price": [1.0, 3, 5, 7],
        "event": ["none", "sale", "none", "fair"],
        "open": [True, False, True, True],
        "region": pandas.Categorical(["n", "n", "s", "s"]),
    }
)


def learned(X, standardise=True):
    panel = read_panel(X, "shop", "t").check_regular()
    roles = roles_of(panel, ["price", "event"], "region")
    return Covariates.learn(panel, roles, standardise=standardise), panel


@pytest.mark.parametrize("convert", [lambda X: X, polars.from_pandas])
def test_numbers_and_categories(convert):
    covariates, panel = learned(convert(X))
    known = covariates.known_of(panel)
    assert covariates.n_known == 4
    assert known[:, :3].tolist() == [[0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]]  # fair, none, sale
    np.testing.assert_allclose(known[:, 3], (X["price"] - 4) / np.sqrt(5))
    assert covariates.past_of(panel).shape == (4, 1)
    # region n, s; shop a, b
    assert covariates.static_of(panel, [0, 1]).tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]


def test_numbers_are_left_as_they_are():
    covariates, panel = learned(X, standardise=False)
    assert covariates.known_of(panel)[:, 3].tolist() == [1, 3, 5, 7]


def test_values_that_were_not_seen_are_zeros():
    covariates, panel = learned(X)
    other = X.assign(event="party", shop="c", t=[0, 1, 2, 3], region="w")
    panel = read_panel(other, "shop", "t", like=panel.without_rows())
    assert (covariates.known_of(panel)[:, :3] == 0).all()
    assert (covariates.static_of(panel, [2]) == 0).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": [1, 2, None, 4]}, "Column 'price' of X is nan in row 2: give every row a value"),
        ({"event": ["a", "b", None, "c"]}, "Column 'event' of X is .* in row 2"),
        (
            {"region": ["n", "s", "s", "s"]},
            "'region' of X is named in static, .* of series 'b': 'n', and 's'",
        ),
        ({"event": pandas.Timestamp("2024-01-01")}, "Column 'event' of X holds .*calendar adds"),
    ],
)
def test_what_is_no_covariate(change, said):
    def learn_and_encode():
        covariates, panel = learned(X.assign(**change))
        covariates.static_of(panel, [0, 1])

    with pytest.raises(ValueError, match=said):
        learn_and_encode()


def test_many_ids_have_no_columns_of_their_own():
    panel = read_panel(np.stack([np.arange(40), np.zeros(40)], axis=1), 0, 1)
    covariates = Covariates.learn(panel, roles_of(panel, (), ()), standardise=True)
    assert covariates.static_of(panel, np.arange(40)).shape == (40, 0)

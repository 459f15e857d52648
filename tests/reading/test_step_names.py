"""Names that a step of a stream brings with it are those of fit, in their order, or it is an error."""

from collections import namedtuple

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.lib import recfunctions
from sklearn.preprocessing import FunctionTransformer

import skrnn
from skrnn.inspection import gradient_flow, state_trajectory

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_size": 3, "max_iter": 2, "random_state": 0}
RNG = np.random.RandomState(0)
FRAME = pd.DataFrame(RNG.normal(size=(30, 2)), columns=["speed", "load in kW"])
Y = FRAME["speed"].to_numpy()
SWAPPED = FRAME[["load in kW", "speed"]]
LIBRARIES = {"pandas": lambda frame: frame, "polars": pl.from_pandas}
library = pytest.mark.parametrize("make", LIBRARIES.values(), ids=list(LIBRARIES))


def of_rows(make, cls=skrnn.GRURegressor):
    return cls(**SMALL, rows="steps").fit(make(FRAME), Y if cls is skrnn.GRURegressor else Y > 0)


def of_series(make, cls=skrnn.GRURegressor):
    """Several series, told apart by a column in the middle."""
    frame = FRAME.copy()
    frame.insert(1, "id", np.repeat(["a", "b"], 15))
    model = cls(**SMALL, rows="steps", sequence_id="id")
    return model.fit(make(frame), Y if cls is skrnn.GRURegressor else Y > 0)


def of_lists(make, cls=skrnn.GRURegressor):
    X = [make(FRAME[:10]), make(FRAME[10:30])]
    return cls(**SMALL).fit(X, [0.0, 1.0] if cls is skrnn.GRURegressor else ["a", "b"])


MODELS = {"rows": of_rows, "series": of_series, "list": of_lists}
models = pytest.mark.parametrize("fitted", MODELS.values(), ids=list(MODELS))

# what one step can be, from a frame of one row
STEPS = {
    "pandas frame": lambda frame: frame,
    "polars frame": pl.from_pandas,
    "Series": lambda frame: frame.iloc[0],
    "Series of objects": lambda frame: frame.iloc[0].astype(object),
    "named tuple": lambda frame: next(frame.itertuples(index=False)),
}
steps = pytest.mark.parametrize("step", STEPS.values(), ids=list(STEPS))


@models
@library
@steps
@pytest.mark.parametrize("cls", [skrnn.GRURegressor, skrnn.LSTMClassifier], ids=["numbers", "labels"])
def test_another_order_raises_and_changes_nothing(fitted, make, step, cls, engine):
    stream = fitted(make, cls).stream()
    right = stream.step(step(FRAME[:1]), "hidden_states")
    x = FRAME.to_numpy()[0] if right.ndim == 1 else FRAME.to_numpy()[:1]
    np.testing.assert_array_equal(right, fitted(make, cls).stream().step(x, "hidden_states"))
    before = stream.state
    if step is STEPS["named tuple"]:  # whose second name is none
        wrong = namedtuple("Row", ["load", "speed"])(1.0, 2.0)
    else:
        wrong = step(SWAPPED[:1])
    with pytest.raises(ValueError, match=r"^x has the feature"):
        stream.step(wrong)
    for a, b in zip(stream.state, before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_of_several_streams():
    model = of_rows(LIBRARIES["pandas"])
    stream = model.stream(3)
    np.testing.assert_array_equal(stream.step(FRAME[:3]), model.stream(3).step(FRAME[:3].to_numpy()))
    with pytest.raises(ValueError, match="another order: feature 0 is 'load in kW', was 'speed'"):
        stream.step(SWAPPED[:3])


# rows of several streams, one below the other, from a frame of as many rows
ROWS = {
    "Series": lambda frame: [row for _, row in frame.iterrows()],
    "tuple of Series": lambda frame: tuple(row for _, row in frame.iterrows()),
    "named tuples": lambda frame: list(frame.itertuples(index=False)),
    "frames": lambda frame: [frame[k : k + 1] for k in range(len(frame))],
}


@models
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("n", [1, 3])
def test_rows_in_a_list(fitted, rows, n, engine):
    def make(frame):  # names that a named tuple can have
        return frame.rename(columns={"load in kW": "load"})

    model, right, swapped = fitted(make), make(FRAME)[:n], make(SWAPPED)[:n]
    stream = model.stream(n)
    before = stream.state
    with pytest.raises(
        ValueError, match=r"^x\[0\] has the features of fit in another order: feature 0 is 'load', was"
    ):
        stream.step(ROWS[rows](swapped))
    for a, b in zip(stream.state, before, strict=True):
        np.testing.assert_array_equal(a, b)
    if n > 1:
        mixed = [*ROWS[rows](right)[:-1], ROWS[rows](swapped)[-1]]
        with pytest.raises(ValueError, match=r"^x\[2\] has the features of fit in another order"):
            stream.step(mixed)
    if rows != "frames":
        expected = model.stream(n).step(right.to_numpy())
        np.testing.assert_array_equal(stream.step(ROWS[rows](right)), expected)


def test_forty_names():
    wide = pd.DataFrame(
        RNG.normal(size=(30, 400)), columns=[f"sensor {k} of the plant" for k in range(400)]
    )
    stream = skrnn.GRURegressor(**SMALL, rows="steps").fit(wide, Y).stream()
    with pytest.raises(ValueError, match="and 395 more") as error:
        stream.step(wide.add_suffix("!")[:1])
    assert len(str(error.value)) <= 600


WRONG = {
    "unseen": (FRAME[:1].rename(columns={"speed": "pace"}), "has the feature.s. 'pace', which the X"),
    "missing": (FRAME[["speed"]][:1], "lacks the feature.s. 'load in kW'"),
    "with its id": (FRAME[:1].assign(id="a"), "'id', which the X of fit has not"),
    "twice": (FRAME[:1].iloc[:, [0, 1, 1]], "has 3 names for 2 features"),
    "dict": (dict(FRAME.iloc[0]), "x is a dict, .* in the order of fit, 'speed', 'load in kW'"),
    "dicts": ([dict(FRAME.iloc[0])], r"^x\[0\] is a dict, .* in the order of fit, 'speed', 'load in kW'"),
    "record": (
        FRAME.to_records(index=False)[0],
        r"^x is a structured array with the fields 'speed', 'load in kW': .*to_unstructured\(x\)",
    ),
    "records": (FRAME.to_records(index=False)[:1], "^x is a structured array with the fields 'speed', "),
    "list of records": (list(FRAME.to_records(index=False)[:1]), r"^x\[0\] is a structured array"),
    "iterrows": (next(FRAME.iterrows()), r"^x is a tuple .* as of iterrows: pass the row only, x\[1\]"),
    "list of iterrows": (
        [next(FRAME.iterrows())],
        r"^x\[0\] is a tuple .*: pass the row only, x\[0\]\[1",
    ),
    "rows with their index": (
        list(FRAME[:1].itertuples()),
        r"^x\[0\] begins with 'Index', .*: use itert",
    ),
    "row with its index": (
        next(FRAME.itertuples()),
        r"^x begins with 'Index', .*: use itertuples\(index=False",
    ),
}


@pytest.mark.parametrize(("x", "message"), WRONG.values(), ids=list(WRONG))
def test_what_is_said(x, message):
    with pytest.raises(TypeError if "a dict" in message else ValueError, match=message):
        of_series(LIBRARIES["pandas"]).stream().step(x)


def test_what_was_said_of_records_and_iterrows_leads_to_a_step():
    stream = of_rows(LIBRARIES["pandas"]).stream()
    expected = of_rows(LIBRARIES["pandas"]).stream().step(FRAME.to_numpy()[0])
    record, row = FRAME.to_records(index=False)[0], next(FRAME.iterrows())
    for x in (recfunctions.structured_to_unstructured(record), row[1], [row[1]]):
        assert np.ravel(stream.step(x)) == expected
        stream.reset()


RIGHT = {
    "array": FRAME[:1].to_numpy(),
    "list": [[1.0, 2.0]],
    "tuple": [(1.0, 2.0)],
    "frame of an array": pd.DataFrame(np.ones((1, 2))),
    "polars row": pl.from_pandas(FRAME).row(0),
    "Series without names": pd.Series([1.0, 2.0]),
    "list of a Series without names": [pd.Series([1.0, 2.0])],
    "list of a list": [[1.0, 2.0]],
}


@pytest.mark.parametrize("x", RIGHT.values(), ids=list(RIGHT))
def test_what_has_no_names_is_in_the_order_of_fit(x):
    stream = of_rows(LIBRARIES["pandas"]).stream()
    expected = of_rows(LIBRARIES["pandas"]).stream().step(np.asarray(x))
    np.testing.assert_array_equal(stream.step(x), expected)


def test_names_that_fit_did_not_have_cannot_be_compared():
    by_array = skrnn.GRURegressor(**SMALL, rows="steps").fit(FRAME.to_numpy(), Y)
    assert by_array.stream().step(SWAPPED[:1]) == by_array.stream().step(SWAPPED[:1].to_numpy())
    # the columns of a row that is a sequence are not the features of a step
    rows = skrnn.GRURegressor(**SMALL).fit(FRAME, Y)
    rows.stream().step(pd.DataFrame({"speed": [1.0]}))


def test_tokens():
    words = pd.DataFrame({"word": RNG.randint(4, size=30)})
    model = skrnn.GRURegressor(**SMALL, rows="steps", embedding_size=2).fit(words, Y)
    with pytest.raises(ValueError, match="'id', which the X of fit has not"):
        model.stream().step(words[:1].rename(columns={"word": "id"}))
    # the index of a column has the names of streams
    by_stream = pd.Series([1, 2], index=["left", "right"])
    np.testing.assert_array_equal(model.stream(2).step(by_stream), model.stream(2).step([1, 2]))
    np.testing.assert_array_equal(model.stream().step(words[:1]), model.stream().step([words.iloc[0, 0]]))


# --- other methods that take X ------------------------------------------------------------------------

METHODS = {
    "predict": lambda model, X, y: model.predict(X),
    "hidden_states": lambda model, X, y: model.hidden_states(X),
    "score": lambda model, X, y: model.score(X, y),
    "partial_fit": lambda model, X, y: model.partial_fit(X, y),
    "warm start": lambda model, X, y: model.set_params(warm_start=True).fit(X, y),
    "forecast": lambda model, X, y: model.forecast(X, 2),
    "gradient_flow": lambda model, X, y: gradient_flow(model, X, y),
    "state_trajectory": lambda model, X, y: state_trajectory(model, X),
}


@library
@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_takes_a_table_of_steps(method, make):
    y = FRAME.to_numpy()
    model = skrnn.GRURegressor(**SMALL, rows="steps").fit(make(FRAME), y)
    METHODS[method](model, make(FRAME), y)
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        METHODS[method](model, make(SWAPPED), y)


@library
@pytest.mark.parametrize("method", METHODS)
def test_every_method_that_takes_a_list_of_frames(method, make):
    def lists(frame):
        return [make(frame[:20]), make(frame[20:])] if method != "state_trajectory" else make(frame)

    y = [FRAME[:20].to_numpy(), FRAME[20:].to_numpy()]
    model = skrnn.GRURegressor(**SMALL, return_sequences=True)
    model.fit([make(FRAME[:20]), make(FRAME[20:])], y)
    METHODS[method](model, lists(FRAME), y)
    with pytest.raises(
        ValueError,
        match="or in another order: 'load in kW', 'speed', not 'speed'",
    ):
        METHODS[method](model, lists(SWAPPED), y)


def test_a_row_of_a_table_of_sequences_keeps_its_names():
    model = skrnn.GRURegressor(**SMALL).fit(FRAME, Y)
    by_name = state_trajectory(model, FRAME.iloc[0]).layer0.h
    np.testing.assert_array_equal(by_name, state_trajectory(model, FRAME[:1]).layer0.h)
    with pytest.raises(ValueError, match="must be in the same order"):
        state_trajectory(model, SWAPPED.iloc[0])


@library
def test_time_distributed_around_what_does_not_look(make):
    scaled = skrnn.TimeDistributed(FunctionTransformer()).fit([make(FRAME)])
    np.testing.assert_array_equal(scaled.transform([make(FRAME)])[0], FRAME)
    with pytest.raises(ValueError, match="must be in the same order"):
        scaled.transform([make(SWAPPED)])


# --- rows with names in a list ------------------------------------------------------------------------

LISTS = {
    "Series": lambda frame: [row for _, row in frame.iterrows()],
    "named tuples": lambda frame: list(frame.itertuples(index=False)),
}
PLAIN = FRAME.rename(columns={"load in kW": "load"})  # names that a named tuple can have
lists = pytest.mark.parametrize("rows", LISTS.values(), ids=list(LISTS))
ORDER = r"^{} has the features of fit in another order: feature 0 is 'load', was 'speed'"


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@lists
@pytest.mark.parametrize("params", [{}, {"rows": "steps"}], ids=["sequences", "steps"])
def test_a_table_as_a_list_of_rows(rows, params):
    model = skrnn.GRURegressor(**SMALL, **params).fit(PLAIN, Y)
    right, wrong = rows(PLAIN), rows(PLAIN[["load", "speed"]])
    np.testing.assert_array_equal(model.predict(right), model.predict(PLAIN))
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, Y)):
        with pytest.raises(ValueError, match=ORDER.format(r"X\[0\]")):
            call(wrong)
        with pytest.raises(ValueError, match=ORDER.format(r"X\[29\]")):
            call([*right[:-1], wrong[-1]])


@lists
def test_sequences_as_lists_of_rows(rows):
    model = of_lists(lambda frame: frame.rename(columns={"load in kW": "load"}))
    right, wrong = rows(PLAIN), rows(PLAIN[["load", "speed"]])
    expected = model.predict([PLAIN[:10], PLAIN[10:]])
    np.testing.assert_array_equal(model.predict([right[:10], right[10:]]), expected)
    with pytest.raises(ValueError, match=ORDER.format(r"X\[1\]\[0\]")):
        model.predict([right[:10], wrong[10:]])


@lists
def test_steps_to_come_as_a_list_of_rows(rows):
    model = skrnn.GRURegressor(**SMALL, rows="steps").fit(PLAIN, Y)
    expected = model.forecast(PLAIN, 2, feedback="speed", X_future=PLAIN[:2])
    right, wrong = rows(PLAIN[:2]), rows(PLAIN[["load", "speed"]][:2])
    np.testing.assert_array_equal(model.forecast(PLAIN, 2, feedback="speed", X_future=right), expected)
    only = rows(PLAIN[["load"]][:2])
    np.testing.assert_array_equal(model.forecast(PLAIN, 2, feedback="speed", X_future=only), expected)
    with pytest.raises(ValueError, match=ORDER.format(r"X_future\[0\]")):
        model.forecast(PLAIN, 2, feedback="speed", X_future=wrong)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_rows_whose_names_are_not_those_of_columns():
    """A sequence as a Series has times in its index; they are no names of columns."""
    model = skrnn.GRURegressor(**SMALL).fit(FRAME, Y)
    expected = model.predict(FRAME.to_numpy()[:2])
    for index in (None, ["mon", "tue"], pd.date_range("2024", periods=2)):
        X = [pd.Series(row, index=index) for row in FRAME.to_numpy()[:2]]
        np.testing.assert_array_equal(model.predict(X), expected)


@library
def test_a_later_frame_of_a_list_that_begins_with_an_array(make):
    X, y = [FRAME.to_numpy(), make(FRAME), make(SWAPPED)], [0.0, 1.0, 2.0]
    model = skrnn.GRURegressor(**SMALL)
    match = "^Sequence 2 of X has other columns than an earlier one, or in another order: 'load in kW', "
    with pytest.raises(ValueError, match=match):
        model.fit(X, y)
    with pytest.raises(ValueError, match=match):
        skrnn.TimeDistributed(FunctionTransformer()).fit(X)
    model.fit(X[:2], y[:2])
    with pytest.raises(ValueError, match="or in another order: 'load in kW', 'speed', not 'speed'"):
        model.predict([X[0], X[2]])
    model.predict([X[0], X[1]])

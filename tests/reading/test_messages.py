"""What messages say: of what was passed first, then what to do, by name, in 600 characters at most.

One table for each kind of thing that is wrong; then whatever else one may pass by mistake, into
everything that reads sequences. ``assert_raises_in`` looks at the estimator, too: it stays as it was.
"""

import datetime
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MultiLabelBinarizer,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.utils.estimator_checks import check_param_validation
from support.arrays import object_array
from support.estimators import ESTIMATORS, name_of
from support.misuse import (
    EVERYWHERE,
    LONGEST,
    SMALL,
    TRAINING,
    F,
    N,
    T,
    about,
    assert_fails,
    assert_raises_in,
    good_X,
    good_y,
    state,
    table,
)
from support.processes import run_python

import skrnn
from skrnn import SlidingWindow, TimeDistributed, TokenEncoder

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore:The index of X:UserWarning",
    "ignore:Every sequence of X has one time step:UserWarning",
    "ignore:X has feature names, but:UserWarning",
)
STEPS = {**SMALL, "rows": "steps"}
TOKENS = {**SMALL, "embedding_size": 2}


def torch():
    return pytest.importorskip("torch")


def error_of(call, *errors):
    """What a call says that fails; it is short."""
    with pytest.raises(errors or (TypeError, ValueError, MemoryError)) as raised:
        call()
    assert len(str(raised.value)) <= LONGEST
    return str(raised.value)


def assert_says(match, call, *errors):
    assert re.search(match, error_of(call, *errors), re.DOTALL)


# --- what holds no sequences -------------------------------------------------------------------------


def groups():
    return pd.DataFrame({"id": [1, 1, 2, 2], "x": [1.0, 2.0, 3.0, 4.0]}).groupby("id")


def days_of_hours():
    hours = pd.date_range("2024", periods=48, freq="h")
    return pd.DataFrame({"x": np.arange(48.0)}, index=hours).resample("D")


def packed():
    rnn = torch().nn.utils.rnn
    return rnn.pack_sequence([torch().ones(T, F)] * N)


NESTED = "This is a nested table, as in sktime: pass a list of arrays"
NO_DATA = {
    "scalar": (lambda: 3.0, r"^X is 3\.0, a float, and holds no sequences\. Pass an array \(n_seq"),
    "text": (lambda: "x" * 5000, r"^X is 'xxx.*\.\.\.x*', a str, and holds no sequences\. Pass"),
    "function": (lambda: len, r"^X is <built-in function len>, a .* holds no sequences\. Pass"),
    "dict": (
        lambda: {k: np.arange(200) for k in range(300)},
        r"^X is a dict with the keys 0, 1, 2, 3, 4 and 295 more: pass list\(X\.values\(\)\) if",
    ),
    "generator": (lambda: (x for x in good_X()), r"^X is a generator, .* only once: pass list\(X\)"),
    "LazyFrame": (lambda: pl.LazyFrame({"a": [1.0]}), r"^X is a LazyFrame.*: pass X\.collect\(\)"),
    "groups": (groups, r"^X is a DataFrameGroupBy object\. Pass the table itself with rows=\"steps\""),
    "groups of polars": (
        lambda: pl.DataFrame({"a": [1, 2]}).group_by("a"),
        r"^X is a GroupBy object\. Pass the table",
    ),
    "parts of time": (
        days_of_hours,
        r"^X is a DatetimeIndexResampler object\..*or a list of the parts, \[part for _, part in X\]",
    ),
    "rolling": (
        lambda: pd.DataFrame({"a": np.ones(N)}).rolling(2),
        r"^X is an object of Rolling: pass what is computed .*X\.mean\(\)\. .* SlidingWindow",
    ),
    "expanding": (
        lambda: pd.DataFrame({"a": np.ones(N)}).expanding(),
        r"^X is an object of Expanding: pass what .*X\.mean\(\)",
    ),
    "ewm": (
        lambda: pd.DataFrame({"a": np.ones(N)}).ewm(2),
        "^X is an object of ExponentialMovingWindow: pass what",
    ),
    "list of groups": (
        lambda: list(groups()),
        r"^Sequence 0 of X is a tuple of an id and a table.*: pass the tables only",
    ),
    "PackedSequence": (packed, r"^X is a PackedSequence: pass the list of its sequences"),
    "tensor with a gradient": (
        lambda: torch().ones(N, T, F, requires_grad=True),
        r"^X is a tensor that NumPy cannot read: pass X\.detach\(\)\.cpu\(\)\.numpy\(\)",
    ),
    "tensors with a gradient": (
        lambda: [torch().ones(T, F, requires_grad=True)] * N,
        r"^X\[0\] is a tensor .*pass X\[0\]\.detach",
    ),
    "nested": (
        lambda: pd.DataFrame({"a": [pd.Series([1.0, 2.0])] * N, "b": [pd.Series([1.0, 2.0])] * N}),
        f"^X holds cells of the kind Series in column 'a'. {NESTED}",
    ),
    "nested lists": (
        lambda: pl.DataFrame({"a": np.ones(N), "b": [[1.0, 2.0]] * N}),
        f"^X holds cells of the kind .* in column 'b'. {NESTED}",
    ),
    "no rows": (lambda: np.empty((0, 3)), r"^Found X with 0 sample\(s\) \(shape=\(0, 3\)\) while a min"),
    "no columns": (lambda: np.empty((N, 0)), r"^Found X with 0 feature\(s\) \(shape=\(8, 0\)\) while"),
    "frame without columns": (lambda: pd.DataFrame(index=range(N)), r"^Found X with 0 feature\(s\)"),
    "complex": (lambda: good_X() * 1j, "^X holds complex numbers: Complex data not supported"),
    "structured": (
        lambda: np.zeros(N, dtype=[("a", float), ("b", int)]),
        "^X is a structured array with the fields 'a', 'b'. Pass a plain array",
    ),
    "dicts": (
        lambda: [{"a": 1.0}] * N,
        r"^X holds 8 things like {'a': 1\.0} \(dict\), .*pandas.DataFrame",
    ),
    "Nones": (lambda: [None] * N, r"^X holds 8 things like None \(NoneType\), which are no sequences"),
    "long strings": (lambda: ["x" * 20_000] * N, "^X holds strings, .* TokenEncoder"),
    "huge integers": (
        lambda: [[10**400] * 2] * N,
        r"^X holds an integer too large for a float in column 0 \(1000",
    ),
    "ragged steps": (
        lambda: [[[1.0, 2.0], [3.0]]] * N,
        r"^Sequence 0 of X is not an array \(n_timesteps, n_features\)",
    ),
    "same names": (
        lambda: pd.DataFrame(np.ones((N, 3)), columns=["a", "b", "a"]).astype({"b": object}),
        "^X has several columns of the name 'a'|^$",
    ),
}
OF_SKLEARN_1_9 = {"same names"}  # read by older ones, as by NumPy


@pytest.mark.parametrize("what", [name for name in NO_DATA if name not in OF_SKLEARN_1_9])
def test_no_sequences_at_all(cls, what):
    make, match = NO_DATA[what]
    match = match.replace("^X holds", "^(Sequence 0 of )?X holds")
    form = "frame" if what.startswith("nested") else "3-D"
    for call in EVERYWHERE:
        assert_raises_in([call], cls, match, X=make(), form=form)
    assert_raises_in(["fit"], cls, match, X=make(), form="list", per_step=True)


@pytest.mark.parametrize("what", ["scalar", "dict", "generator", "LazyFrame", "groups", "PackedSequence"])
def test_no_sequences_for_others_than_numbers(cls, what):
    make, match = NO_DATA[what]
    match = match.partition(" Pass an array")[0].partition(r"\. Pass an array")[0]
    y = good_y(cls)
    assert_says(match, lambda: cls(**STEPS).fit(make(), y))
    assert_says(match, lambda: cls(**STEPS, sequence_id=0).fit(make(), y))
    assert_says(match, lambda: cls(**TOKENS).fit(make(), y))
    fitted = cls(**TOKENS).fit(np.ones((N, T), dtype=int), y)
    assert_says(match, lambda: fitted.predict(make()))


@pytest.mark.parametrize("columns", [["a", "a"], ["a", "b", "a"]], ids=str)
def test_columns_of_one_name(regressor, columns):
    """An error since scikit-learn 1.9; it says which."""
    X = pd.DataFrame(np.ones((N, len(columns))), columns=columns)
    for call in (lambda: regressor(**SMALL).fit(X, good_y(regressor)), lambda: two_columns(regressor, X)):
        try:
            call()
        except ValueError as error:
            assert re.match("[Xy] has several columns of the name 'a': give each", str(error))  # noqa: PT017


def two_columns(regressor, y):
    return regressor(**SMALL).fit(good_X(), y)


@pytest.mark.parametrize("make", [np.array, list, pd.Series, pl.Series, lambda x: range(len(x))])
def test_one_series(cls, make):
    """What to do leads to one sequence, not to one step per sequence."""
    X, y = make(np.arange(900.0)), np.arange(900) % 3
    message = error_of(lambda: cls(**SMALL).fit(X, y))
    column = "X.reshape(-1, 1)" if isinstance(X, np.ndarray) else "numpy.asarray(X).reshape(-1, 1)"
    assert message.startswith(
        "X is a single series of 900 numbers (Expected 2D array, got 1D array instead)"
    )
    for advice in (
        f"pass [{column}] if it is one sequence",
        f'rows="steps" and pass {column}',
        "SlidingWindow",
    ):
        assert advice in message
    as_said = eval(column, {"X": X, "numpy": np})
    cls(**STEPS).fit(as_said, y)
    cls(**SMALL, return_sequences=True).fit([as_said], [y])
    cls(**SMALL).fit(SlidingWindow(3).fit_transform(as_said[:30]), y[:30])


def test_one_series_after_fit(cls):
    y = good_y(cls)
    assert_says(
        r"X\.reshape\(1, -1\) is one sequence", lambda: fitted(cls, table(good_X())).predict(np.ones(10))
    )
    sequences = fitted(cls, good_X())
    assert_says(r"\[X\.reshape\(-1, 2\)\] is one sequence", lambda: sequences.predict(np.ones(10)))
    assert_says(r"X\.reshape\(1, 1, -1\) is one sequence of one", lambda: sequences.predict(np.ones(F)))
    steps = cls(**STEPS).fit(table(good_X()), y)
    assert_says("X is 1-D.*Reshape your data", lambda: steps.predict(np.ones(10)))


def fitted(cls, X, **params):
    return cls(**{**SMALL, **params}).fit(X, good_y(cls))


@pytest.mark.parametrize("make", [np.array, list])
def test_one_sequence_of_tokens(cls, make):
    X, match = (
        make([1, 2, 0]),
        r"X is a single series of 3 numbers.*pass \[.*X\)?\] if it is one sequence of",
    )
    assert_says(match, lambda: cls(**TOKENS).fit(X, good_y(cls, 3)))
    model = fitted(cls, [np.arange(3)] * N, **TOKENS)
    for name in ("predict", "hidden_states"):
        assert_says(match, lambda name=name: getattr(model, name)(X))


def test_one_sequence_of_the_list_of_fit(cls):
    for form in (good_X(), list(good_X()), [pd.DataFrame(x) for x in good_X()]):
        model = fitted(cls, form)
        for call in (model.predict, model.hidden_states, lambda X, m=model: m.score(X, good_y(cls, T))):
            assert_says(r"X is now 2-D.*single sequence.*pass \[X\]", lambda call=call: call(good_X()[0]))
    other = np.ones((3, F + 1))  # no sequence of it
    assert "single sequence" not in error_of(lambda: model.predict(other))


def test_an_empty_sequence_in_predict(cls):
    for X, params in ((list(good_X()), {}), ([np.arange(T)] * N, TOKENS)):
        model = fitted(cls, X, **params)
        message = error_of(lambda X=X, m=model: m.predict([X[0], X[0][:0]]))
        assert re.match(
            r"Sequence 1 of X has no (time steps|tokens).*: remove it \(in fit, from y, too\)", message
        )


# --- columns -----------------------------------------------------------------------------------------

DAYS = [datetime.date(2020, 1, k + 1) for k in range(N)]
TIMES, ENCODE = "dates or times", "Encode it with OneHotEncoder, or with OrdinalEncoder"
# what stands in a column -> how to make it, in pandas and in polars, and what is said
COLUMNS = {
    "text": (["u"] * N, ["u"] * N, "text", ENCODE),
    "category": (
        pd.Categorical(["u", "v"] * 4),
        pl.Series(["u", "v"] * 4, dtype=pl.Categorical),
        "text",
        ENCODE,
    ),
    "date": (DAYS, DAYS, TIMES, "Make numbers"),
    "datetime": (
        pd.date_range("2020", periods=N),
        [datetime.datetime(2020, 1, k + 1) for k in range(N)],
        TIMES,
        "Make numbers",
    ),
    "datetime with zone": (
        pd.date_range("2020", periods=N, tz="UTC"),
        pl.Series(DAYS).cast(pl.Datetime("us", "UTC")),
        TIMES,
        "Make numbers",
    ),
    "duration": (
        pd.to_timedelta(np.arange(N), "D"),
        [datetime.timedelta(k) for k in range(N)],
        TIMES,
        "Make numbers",
    ),
    "time": ([datetime.time(k) for k in range(N)],) * 2 + (TIMES, "Make numbers"),
    "period": (pd.period_range("2020", periods=N), None, TIMES, "Make numbers"),
    "list": ([[1.0, 2.0]] * N, [[1.0, 2.0]] * N, "cells of the kind", NESTED),
    "array": (
        None,
        pl.Series([[1.0, 2.0]] * N, dtype=pl.Array(pl.Float64, 2)),
        "cells of the kind list",
        NESTED,
    ),
    "struct": (None, [{"p": 1.0}] * N, "structs", "Make columns of their fields: pass "),
}
LIBRARIES = ["pandas", "polars"]


def frame_of(library, column):
    """Ids, numbers, the column, numbers."""
    values = COLUMNS[column][LIBRARIES.index(library)]
    if values is None:
        pytest.skip(f"{library} has no such column")
    make = pd.DataFrame if library == "pandas" else pl.DataFrame
    return make({"id": ["p", "q"] * 4, "a": np.ones(N), "b": values, "c": np.ones(N)})


def ways_to_read(cls, frame, y):
    """Name -> a call that reads the columns of a frame."""
    without = frame.drop(columns="id") if hasattr(frame, "iloc") else frame.drop("id")
    good = pd.DataFrame(np.ones((N, 3)), columns=list("abc"))
    good = good if hasattr(frame, "iloc") else pl.DataFrame(good.to_numpy(), schema=list("abc"))
    table_model, list_model = fitted(cls, good), fitted(cls, [good] * N)
    steps = cls(**STEPS)
    return {
        "table": lambda: cls(**SMALL).fit(without, y),
        "table, predict": lambda: table_model.predict(without),
        "table, partial_fit": lambda: table_model.partial_fit(without, y),
        "table, score": lambda: table_model.score(without, y),
        "list": lambda: cls(**SMALL).fit([without] * N, y),
        "list, predict": lambda: list_model.predict([without]),
        "steps": lambda: steps.fit(without, y),
        "series": lambda: cls(**STEPS, sequence_id="id").fit(frame, y),
        "series, by position": lambda: cls(**STEPS, sequence_id=0).fit(frame, y),
        "windows": lambda: SlidingWindow(2).fit(without),
        "windows of series": lambda: SlidingWindow(2, sequence_id="id").fit(frame),
        "validation": lambda: cls(**SMALL, early_stopping=True).fit(good, y, X_val=without, y_val=y),
    }


@pytest.mark.every_combination  # some are skipped
@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("column", COLUMNS)
def test_a_column_that_is_not_of_numbers(cls, library, column):
    frame, (_, _, what, advice) = frame_of(library, column), COLUMNS[column]
    for name, call in ways_to_read(cls, frame, good_y(cls)).items():
        message = error_of(call)
        X = {"list": "Sequence 0 of X", "validation": "X_val"}.get(name.partition(",")[0], "X")
        where = "'b'" if name[:4] != "list" or hasattr(frame, "columns") else "2"
        assert re.match(f"{X} holds {what}.* in column {where}", message), (name, message)
        assert advice.partition("{")[0] in message, name
        assert "An array of numbers beside ids" not in message


@pytest.mark.parametrize("make", [np.array, list], ids=["array", "list"])
@pytest.mark.parametrize(
    ("value", "what"),
    [("u", "text"), (DAYS[0], TIMES), (np.datetime64("2020"), TIMES), (np.timedelta64(1, "D"), TIMES)],
)
def test_a_column_of_an_array_of_objects(cls, make, value, what):
    """NumPy makes numbers of its own dates among objects without a word."""
    X = np.empty((N, 4), dtype=object)
    X[:] = [["p", 1.0, value, 2.0]] * N
    y = good_y(cls)
    rows = make(X) if make is np.array else X.tolist()
    features = X[:, 1:] if make is np.array else X[:, 1:].tolist()
    for k, call in (
        (1, lambda: cls(**SMALL).fit(features, y)),
        (1, lambda: cls(**STEPS).fit(features, y)),
        (2, lambda: cls(**STEPS, sequence_id=0).fit(rows, y)),
        (2, lambda: SlidingWindow(2, sequence_id=0).fit(rows)),
    ):
        assert_says(f"^X holds {what} in column {k} ", call)
    assert_says(f"^X holds {what} in feature 1 ", lambda: cls(**SMALL).fit(X[None, :, 1:], y[:1]))


def test_what_was_said_of_structs_and_arrays_leads_to_a_fit():
    y = np.arange(float(N))
    X = pl.DataFrame({"a": np.ones(N), "b": [{"p": 1.0, "q": 2.0}] * N})
    for data, as_said in ((X, "X.unnest('b')"), ([X] * N, "X[0].unnest('b')")):
        message = error_of(lambda data=data: skrnn.GRURegressor(**SMALL).fit(data, y))
        assert message.endswith(f"pass {as_said}.")
    skrnn.GRURegressor(**SMALL).fit(X.unnest("b"), y)
    X = pl.DataFrame({"b": pl.Series([[1.0, 2.0]] * N, dtype=pl.Array(pl.Float64, 2))})
    message = error_of(lambda: skrnn.GRURegressor(**SMALL).fit(X, y))
    as_said = re.search(r"\[numpy.*\]", message)[0]
    skrnn.GRURegressor(**SMALL).fit(eval(as_said, {"numpy": np, "X": X}), y)


def test_parts_of_time_as_they_are_said_to_be_passed(cls):
    X = days_of_hours()
    cls(**SMALL).fit([part for _, part in X], [0, 1])
    cls(**SMALL).fit(X.mean(), [0, 1])


STORES = {
    "text": ["north", "north", "south", "south"],
    "date": [DAYS[0]] * 2 + [DAYS[1]] * 2,
    "two of three alike": ["u", "u", "v", "v", "u", "u"],
}


def parts_of(library, ids):
    """Tables of two rows each, with the column that tells them apart."""
    X = pd.DataFrame({"x": np.arange(float(len(ids))), "id": ids})
    X = X if library == "pandas" else pl.DataFrame({"x": X["x"].to_numpy(), "id": ids})
    return [X[k : k + 2] for k in range(0, len(ids), 2)]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("ids", STORES)
def test_ids_in_a_list_of_parts(cls, library, ids):
    """The column that says which part it is, as ``partition_by`` and ``groupby`` leave it there."""
    X = parts_of(library, STORES[ids])
    y = np.arange(len(X)) % 2
    drop = "drop(columns='id')" if library == "pandas" else "drop('id')"
    match = (
        r"^Sequence 0 of X holds (text|dates or times) in column 'id' \(.* in all its rows\), .*"
        rf"the id of the sequences, drop that column, \[x\.{re.escape(drop)} for x in X\], .*include_key"
    )
    model = cls(**SMALL)
    without = [x.drop(columns="id") if library == "pandas" else x.drop("id") for x in X]
    for form in (X, tuple(X), object_array(X)):
        assert_says(match, lambda form=form: model.fit(form, y))
    model.fit(without, y)
    assert_says(match.replace(" X", " X_val"), lambda: val(cls, without, y, X))
    assert_says(match, lambda: model.predict(X))


@pytest.mark.parametrize("library", LIBRARIES)
def test_long_names_of_what_is_wrong(cls, library):
    """``error_of`` looks at the length."""
    name, make = "name " * 90, pd.DataFrame if library == "pandas" else pl.DataFrame
    X = [make({name: [value * 300] * 2, "x": [1.0, 2.0]}) for value in "ab"]
    assert "drop that column" in error_of(lambda: cls(**SMALL).fit(X, [0, 1]))
    assert "drop that column" in error_of(lambda: val(cls, [x[["x"]] for x in X], [0, 1], X))
    assert "unexpected" in error_of(lambda: cls(**SMALL).fit(X, [0, 1], **{name: 3}))
    model = cls(**STEPS).fit(make({name: [1.0] * N, name + "b": [1.0] * N}), good_y(cls))
    step = make({name: ["t" * 900], name + "b": [1.0]})
    assert "holds text in column" in error_of(lambda: model.stream().step(step))
    swapped = pd.Series([1.0, 1.0], index=[name + "b", name])
    assert "in another order" in error_of(lambda: model.stream().step([swapped]))


def val(cls, X, y, X_val):
    return cls(**SMALL, early_stopping=True).fit(X, y, X_val=X_val, y_val=y)


@pytest.mark.parametrize("library", LIBRARIES)
def test_text_that_is_no_id_of_a_list_of_parts(cls, library):
    for ids in (["u", "v", "u", "v"], ["u"] * 4):
        message = error_of(lambda ids=ids: cls(**SMALL).fit(parts_of(library, ids), [0, 1]))
        assert "OneHotEncoder" in message
        assert "drop that column" not in message


def test_dates_of_polars_in_targets(regressor):
    y = pl.DataFrame({"a": np.ones(N), "b": DAYS})
    assert_says("^y holds dates or times in column 'b' ", lambda: regressor(**SMALL).fit(good_X(), y))
    per_step = [pl.DataFrame({"a": np.ones(T), "b": DAYS[:T]})] * N
    model = regressor(**SMALL, return_sequences=True)
    for form in (per_step, tuple(per_step), object_array(per_step)):
        match = r"^y\[0\] holds dates or times in column 'b' "
        assert_says(match, lambda form=form: model.fit(good_X(), form))
    table_of_steps = pl.DataFrame({"a": np.ones(2), "b": DAYS[:2]})
    assert_says("^y holds dates or times in column 'b' ", lambda: model.fit(good_X(2, 2), table_of_steps))
    match = "^y holds dates or times .* Make numbers of them, such as the days since a first one"
    for alone in (pl.Series(DAYS), pd.Series(DAYS), DAYS, np.array(DAYS, dtype="M8[D]")):
        assert_says(match, lambda y=alone: regressor(**SMALL).fit(good_X(), y))
    assert_says(
        "^sample_weight holds dates or times ",
        lambda: regressor(**SMALL).fit(good_X(), np.ones(N), sample_weight=pl.Series(DAYS)),
    )


OF_TIME = {
    "date": DAYS[0],
    "datetime": datetime.datetime(2024, 1, 1),
    "timedelta": datetime.timedelta(1),
    "time": datetime.time(1),
}
of_time = pytest.mark.parametrize("value", OF_TIME.values(), ids=list(OF_TIME))


@of_time
@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame])
def test_dates_in_a_step(cls, make, value):
    match = "^x holds dates or times in column 'w' .* Make numbers of what matters in them"
    model = cls(**STEPS).fit(make({"v": np.ones(N), "w": np.arange(N)}), good_y(cls))
    assert_says(match, lambda: model.stream().step(make({"v": [1.0], "w": [value]})))
    two = model.stream(2)
    assert_says(match, lambda: two.step(make({"v": [1.0] * 2, "w": [value] * 2})))
    two.step(make({"v": [1.0] * 2, "w": [1] * 2}))
    tokens = cls(**STEPS, embedding_size=2).fit(make({"w": [1, 2] * 4}), good_y(cls))
    assert_says(match, lambda: tokens.stream().step(make({"w": [value]})))


@of_time
def test_dates_in_a_later_frame_of_a_list(cls, regressor, value):
    """Where the first sequence is an array NumPy does the same with the others."""
    arrays, frame = [np.ones((T, 2))] * N, pl.DataFrame({"v": np.ones(T), "w": [value] * T})
    match = " holds dates or times in column 'w' "
    model = cls(**SMALL).fit(arrays, good_y(cls))
    assert_says(f"^Sequence 7 of X{match}", lambda: cls(**SMALL).fit([*arrays[1:], frame], good_y(cls)))
    assert_says(f"^Sequence 7 of X{match}", lambda: model.predict([*arrays[1:], frame]))
    steps, y = regressor(**SMALL, return_sequences=True), [np.ones((T, 1))] * (N - 1)
    assert_says(rf"^y\[7\]{match}", lambda: steps.fit(arrays, [*y, frame.select("w")]))
    assert_says(
        rf"^sample_weight\[7\]{match}",
        lambda: steps.fit(arrays, [np.ones(T)] * N, [*y, frame.select("w")]),
    )


TO_NUMBERS = {
    "scaler": StandardScaler(),
    "pipeline": make_pipeline(StandardScaler(), OneHotEncoder(sparse_output=False)),
}
OF_DATES = {
    "polars": lambda days: pl.DataFrame({"d": days}),
    "pandas": lambda days: pd.DataFrame({"d": pd.to_datetime(days)}),
    "array": lambda days: np.array(days, dtype="M8[D]")[:, None],
    "objects": lambda days: np.array(days, dtype=object)[:, None],
    "list": lambda days: [[np.datetime64(day)] for day in days],
}


@pytest.mark.parametrize("form", OF_DATES)
def test_dates_in_time_distributed(form):
    """A scaler would take them for numbers; what knows dates, or may know them, reads them."""
    frame = OF_DATES[form](DAYS)
    match = "^Sequence 1 of X holds dates or times in column ('d'|0) .* Make numbers of what"
    X = [np.ones((3, 1)), frame]
    for scaler in TO_NUMBERS.values():
        assert_says(match, lambda s=scaler: TimeDistributed(s).fit(X))
        assert_says(match, lambda s=scaler: TimeDistributed(s).fit_transform(X))
    assert_says(match, lambda: TimeDistributed(StandardScaler()).partial_fit(X))
    scaler = TimeDistributed(StandardScaler()).fit(X[:1])
    assert_says(match, lambda: scaler.transform(X))
    for other in (
        OneHotEncoder(sparse_output=False),
        make_pipeline(OneHotEncoder(sparse_output=False), StandardScaler()),
        ColumnTransformer([("d", OneHotEncoder(sparse_output=False), [0])]),
        FunctionTransformer(lambda X: np.ones((len(X), 1))),
    ):
        if form == "objects" and isinstance(other, ColumnTransformer):
            continue
        assert len(TimeDistributed(other).fit_transform([frame] * 2)) == 2


def test_dates_in_an_array_of_time_distributed():
    X = np.full((2, 3, 2), np.datetime64("2024-01-01"))
    match = "^X holds dates or times in feature 0 "
    assert_says(match, lambda: TimeDistributed(StandardScaler()).fit(X))


def test_dates_may_be_ids_and_labels():
    """What is not read as a number may be of any kind."""
    X = pl.DataFrame({"day": DAYS[:2] * 4, "x": np.arange(8.0)})
    model = skrnn.GRUClassifier(**STEPS, sequence_id="day").fit(X, np.array(DAYS[:2] * 4, dtype="M8[D]"))
    assert len(model.sequence_ids_) == len(model.classes_) == 2


@pytest.mark.parametrize("form", ["array", "objects", "list", "pandas", "polars"])
@pytest.mark.parametrize("position", [0, 1, 2])
def test_nan_behind_ids(cls, form, position):
    """The column is that of X, ids included."""
    X = np.ones((N, 3))
    X[:, position] = np.arange(N) // 4
    k = (position + 1) % 3
    X[5, k] = np.nan
    make = {
        "array": lambda: X,
        "objects": lambda: X.astype(object),
        "list": X.tolist,
        "pandas": lambda: pd.DataFrame(X, columns=list("abc")),
        "polars": lambda: pl.DataFrame(X, schema=list("abc")),
    }
    named = form in LIBRARIES
    where = f"column '{'abc'[k]}'" if named else f"position {k}"
    for sequence_id in (position, position - 3, *(["abc"[position]] if named else [])):
        call = cls(**STEPS, sequence_id=sequence_id).fit
        assert_says(
            rf"^Input X contains NaN: row 5, {where}\. .*SimpleImputer",
            lambda call=call: call(make[form](), good_y(cls)),
        )


@pytest.mark.parametrize("library", LIBRARIES)
def test_nan_in_a_named_column(cls, library):
    values = table(good_X())
    values[3, 5] = np.nan
    names = list("abcdefghij")
    X = pd.DataFrame(values, columns=names) if library == "pandas" else pl.DataFrame(values, schema=names)
    y = good_y(cls)
    match = "^Input X contains NaN: sequence 3, step 2, column 'f'"
    assert_says(match, lambda: cls(**SMALL, step_features=2).fit(X, y))
    assert_says("^Input X contains NaN: row 3, column 'f'", lambda: cls(**STEPS).fit(X, y))
    assert_says(
        "^Input X contains NaN: sequence 0, step 3, column 'f'", lambda: cls(**SMALL).fit([X] * N, y)
    )


@pytest.mark.parametrize("library", LIBRARIES)
def test_nan_in_a_named_column_of_targets(regressor, library):
    values = np.ones((N, 2))
    values[5, 1] = np.nan
    names = ["a", "b"]
    y = pd.DataFrame(values, columns=names) if library == "pandas" else pl.DataFrame(values, schema=names)
    match = r"^Input y contains NaN: sequence 5, column 'b'\. Replace it"
    assert_says(match, lambda: regressor(**SMALL).fit(good_X(), y))
    model = regressor(**SMALL, return_sequences=True)
    match = r"^Input y contains NaN: sequence 0, step 5, column 'b'\. Replace it"
    assert_says(match, lambda: model.fit(np.ones((2, N, F)), [y, y]))
    match = r"^Input y contains NaN: sequence 5, step 1, position 0\. Replace it"  # columns are steps
    assert_says(match, lambda: model.fit(np.ones((N, 2, F)), y))


def test_other_columns_of_long_names(cls):
    """scikit-learn's words, but not without end."""
    X = pd.DataFrame(np.ones((N, 6)), columns=[f"{'long ' * 60}{k}" for k in range(6)])
    model, other = fitted(cls, X), X.add_prefix("other ")
    match = "^The feature names should match those that were passed during fit"
    for call in (model.predict, model.hidden_states, lambda X: model.partial_fit(X, good_y(cls))):
        assert_says(match, lambda call=call: call(other))
    window = SlidingWindow(2).fit(X)
    assert_says(match, lambda: window.transform(other))


def test_text_beside_ids_in_an_array(cls):
    """Only there may numbers have become text."""
    X = np.column_stack([["p", "q"] * 4, np.ones(N).astype(str)])
    assert_says(
        "X holds text in column 1.*An array of numbers beside ids that are strings needs dtype=object",
        lambda: cls(**STEPS, sequence_id=0).fit(X, good_y(cls)),
    )


# --- the columns that parameters name ----------------------------------------------------------------


def levels(values=None):
    values = (
        np.column_stack([np.arange(N) // 4, np.arange(N)]).astype(float) if values is None else values
    )
    return pd.DataFrame(values, columns=pd.MultiIndex.from_tuples([("id", ""), ("v", "x")]))


ID_OF = {
    "unknown, one column": (
        lambda: pd.DataFrame({"b": np.ones(N)}),
        "q",
        "^sequence_id='q' is not a column",
    ),
    "the only column": (
        lambda: pd.DataFrame({"b": np.ones(N)}),
        "b",
        r"^X has 0 feature\(s\) besides .*: its only column is 'b'",
    ),
    "beyond one column": (
        lambda: np.ones((N, 1)),
        3,
        "^sequence_id=3 is not a column of X, which has 1 c",
    ),
    "a name at another position": (
        lambda: pd.DataFrame(np.ones((N, 3)), columns=[1, 2, 0]),
        0,
        "^sequence_id=0 is a position, but the column of X named 0 stands at position 2. Give .* strings",
    ),
    "a negative name": (
        lambda: pd.DataFrame(np.ones((N, 3)), columns=[-1, 0, 1]),
        -1,
        "^sequence_id=-1 is a position, but",
    ),
    "a part of a tuple": (levels, "id", r"^sequence_id='id' is not .* named by a tuple, as \('id', ''\)"),
    "another tuple": (
        levels,
        ("id", "z"),
        r"^sequence_id=\('id', 'z'\) is not a column of X. Its columns",
    ),
    "a tuple for an array": (
        lambda: np.ones((N, 2)),
        ("id", ""),
        "is the name of a column, but X is an array",
    ),
    "many columns": (
        lambda: pd.DataFrame(np.ones((N, 900)), columns=[f"c{k}" for k in range(900)]),
        "q",
        r"^sequence_id='q' is not a column of X. Its columns are 'c0', .* and 895 more",
    ),
    "long names": (
        lambda: pd.DataFrame(np.ones((N, 2)), columns=["a" * 900, "b" * 900]),
        "q" * 900,
        "^sequence_id='qqq",
    ),
}


@pytest.mark.parametrize("what", ID_OF)
def test_a_sequence_id_that_is_no_column(cls, what):
    make, sequence_id, match = ID_OF[what]
    assert_says(match, lambda: cls(**STEPS, sequence_id=sequence_id).fit(make(), good_y(cls)), ValueError)
    assert_says(match, lambda: SlidingWindow(2, sequence_id=sequence_id).fit(make()), ValueError)


@pytest.mark.parametrize("columns", [[0, 1, 2], [7, 8, 9], [True, False, "a"]], ids=str)
def test_integers_are_positions(cls, columns):
    X = np.column_stack([np.arange(N) // 4, np.ones(N), np.arange(N)])
    frame = pd.DataFrame(X, columns=pd.Index(columns, dtype=object))
    model = cls(**STEPS, sequence_id=0).fit(frame.rename(columns=str), good_y(cls))
    assert model.sequence_ids_.tolist() == [0, 1]
    if columns[0] is not True:  # scikit-learn wants names of one kind
        assert cls(**STEPS, sequence_id=0).fit(frame, good_y(cls)).sequence_ids_.tolist() == [0, 1]


def test_a_tuple_names_a_column(cls, assert_same_weights):
    X, y = levels(), good_y(cls)
    model = cls(**STEPS, sequence_id=("id", "")).fit(X, y)
    assert_same_weights(model, cls(**STEPS, sequence_id=0).fit(X.to_numpy(), y))
    np.testing.assert_array_equal(model.predict(X), cls(**STEPS, sequence_id=0).fit(X, y).predict(X))
    windows = SlidingWindow(2, sequence_id=("id", "")).fit_transform(X)
    np.testing.assert_array_equal(windows, SlidingWindow(2, sequence_id=0).fit_transform(X.to_numpy()))


def test_a_tuple_names_a_column_of_forecasts(regressor):
    X = levels()
    y = X[("v", "x")].to_numpy()
    model = regressor(**STEPS, sequence_id=("id", "")).fit(X, y)
    expected = regressor(**STEPS, sequence_id=0).fit(X.to_numpy(), y).forecast(X.to_numpy(), 3)
    for feedback in (("v", "x"), [("v", "x")], (("v", "x"),), 1, None):
        np.testing.assert_array_equal(model.forecast(X, 3, feedback=feedback), expected)
    match = r"^feedback: X has no column \('v', 'y'\)\. Its columns are \('id', ''\), \('v', 'x'\)"
    assert_says(match, lambda: model.forecast(X, 3, feedback=[("v", "y")]))
    numbered = pd.DataFrame(np.ones((N, 2)), columns=[1, 0])
    model = regressor(**STEPS).fit(numbered, np.ones((N, 2)))
    assert_says("^feedback=0 is a position, but", lambda: model.forecast(numbered, 2, feedback=[0, 1]))


# --- targets -----------------------------------------------------------------------------------------

BAD_Y = {
    "generator": (
        lambda: iter([1.0] * N),
        "^y is a list_iterator, which can be read only once: pass list",
    ),
    "dict": (lambda: {k: np.arange(300) for k in range(300)}, "^y must be array-like, .* got dict"),
    "LazyFrame": (lambda: pl.LazyFrame({"a": np.ones(N)}), r"^y is a LazyFrame.* pass y\.collect"),
    "tensor": (lambda: torch().ones(N, requires_grad=True), r"^y is a tensor .*: pass y\.detach"),
    "structured": (
        lambda: np.zeros(N, dtype=[("a", float)]),
        "^y is a structured array .*'a': pass one of",
    ),
    "complex": (lambda: np.ones(N) * 1j, "^y holds complex numbers: Complex data not supported"),
    "missing time": (
        lambda: np.array(["2020", "NaT"] * 4, dtype="M8[D]"),
        "^(Input y contains NaT|y holds dates or times)",
    ),
    "objects": (lambda: [object()] * N, "^y (has dtype object: pass y.astype|holds an object)"),
    "too few": (
        lambda: np.ones(N - 1),
        "^Found input variables with inconsistent numbers of samples: X has",
    ),
}


@pytest.mark.parametrize("what", BAD_Y)
def test_targets(cls, what):
    make, match = BAD_Y[what]
    error = TypeError if what == "objects" and not is_classifier(cls()) else ValueError
    for call in (*TRAINING, "X_val"):
        assert_raises_in([call], cls, match, y=make(), error=error)
    assert_says(
        match.partition("sequence")[0].rstrip(), lambda: cls(**STEPS).fit(table(good_X()), make())
    )


def test_long_text_as_targets(regressor):
    assert_says(
        "^y holds text .*For labels use a classifier", lambda: two_columns(regressor, ["x" * 20_000] * N)
    )
    assert_says("^y holds text in column 0", lambda: two_columns(regressor, [["x", 1.0]] * N))


def test_one_target_per_series(cls):
    X = np.column_stack([np.arange(N) // 4, np.arange(N)])
    match = '^Found.*y has 2. y has one target per series, but rows="steps" needs one for every row'
    model = cls(**STEPS, sequence_id=0)
    assert_says(match, lambda: model.fit(X, good_y(cls, 2)))
    assert "per series" not in error_of(lambda: model.fit(X, good_y(cls, 3)))


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame, lambda X: pl.DataFrame(X, schema=["a", "b"])])
def test_score_says_of_targets_what_fit_says(cls, make):
    X = make(np.column_stack([np.arange(N) // 4, np.arange(N)]).astype(float))
    model = cls(**STEPS, sequence_id=0).fit(X, good_y(cls))
    for y in (good_y(cls, 2), good_y(cls, 3), iter([0, 1]), {"a": 1}):
        match = "^" + re.escape(error_of(lambda y=y: model.fit(X, y)))
        assert_says(match, lambda y=y: model.score(X, y))
    match = '^Found.*: X has 8 rows, y has 2. y has one target per series, but rows="steps" needs one'
    assert_says(match, lambda: model.score(X, good_y(cls, 2)))
    assert np.isfinite(model.score(X, good_y(cls)))


def test_score_says_of_swapped_axes_what_fit_says(cls):
    model = fitted(cls, good_X())
    for y in (good_y(cls, T), None):
        match = (
            "^Found.* X has 8 sequences, y has 5. .*transpose" if y is not None else "^y must be array"
        )
        assert_says(match, lambda y=y: model.score(good_X(), y))
    weight = np.ones((N, T))
    for call in (model.fit, model.score):
        assert_says(
            "^Sample weights must be .*, got 2-D sample_weight. .* need return_sequences=True",
            lambda call=call: call(good_X(), good_y(cls), weight),
        )
    model.score(list(good_X()), good_y(cls), np.ones(N))
    model.score(good_X(), good_y(cls).tolist(), [1.0] * N)


WEIGHTS = {
    "per step": (
        np.ones((N, T)),
        r"Pass one weight for every sequence; those of .*return_sequences=True",
    ),
    "ragged": ([np.ones(2), np.ones(3)] * 4, "those of time steps need return_sequences=True"),
    "column": (np.ones((N, 1)), r"Pass numpy\.ravel\(sample_weight\)"),
    "frame": (pd.DataFrame(np.ones((N, 1))), r"Pass numpy\.ravel\(sample_weight\)"),
}


@pytest.mark.parametrize("form", WEIGHTS)
def test_weights_of_other_dimensions(cls, form):
    weight, as_said = WEIGHTS[form]
    match = f"^Sample weights must be 1D array or scalar, got .* sample_weight. .*{as_said}"
    assert_says(match, lambda: cls(**SMALL).fit(good_X(), good_y(cls), weight))
    if "ravel" in as_said:
        cls(**SMALL).fit(good_X(), good_y(cls), np.ravel(weight))
    of_rows = error_of(lambda: cls(**STEPS).fit(table(good_X()), good_y(cls), np.ones((N, T))))
    assert of_rows.endswith("Pass one weight for every row.")


LABELS = np.array(["no", "yes"] * 10)


def walks(n=20):
    return np.random.RandomState(0).normal(size=(n, T, F))


def held_out_at_random(model, y):
    """What fit says of y that cannot be split by its shares."""
    with pytest.warns(UserWarning, match="^early_stopping=True holds out .* at random") as caught:
        model.fit(walks(len(y)), y)
    (message,) = [str(one.message) for one in caught if "at random" in str(one.message)]
    assert len(message) <= 600
    assert message.endswith(", or pass X_val and y_val.")
    return message


def test_a_class_with_a_single_sequence(classifier):
    y = np.array(["yes"] + ["no"] * 19)
    message = held_out_at_random(classifier(**SMALL, early_stopping=True), y)
    assert "holds out 2 of 20 sequences" in message
    assert "'yes' has a single sequence, which cannot be in both parts" in message
    assert "Set validation_fraction" not in message  # cannot help
    y[:2] = ["yes", "may"]
    message = held_out_at_random(classifier(**SMALL, early_stopping=True), y)
    assert "'may', 'yes' have a single sequence each" in message


def test_a_part_that_is_too_small_for_all_classes(classifier):
    y = np.array(list("abcd") * 10)
    for fraction, n_out in ((0.05, 2), (0.95, 36)):  # at least one of each is left
        model = classifier(**SMALL, early_stopping=True, validation_fraction=fraction)
        message = held_out_at_random(model, y)
        assert f"holds out {n_out} of 40 sequences" in message
        assert "a part of 2 is smaller than the number of classes, 4." in message
        assert "Set validation_fraction between 0.1 and 0.9, or pass" in message
        assert model.predict_proba(walks()).shape[1] == 4
    classifier(**SMALL, early_stopping=True, validation_fraction=0.1).fit(walks(40), y)


@pytest.mark.parametrize("k", [5, 6])
def test_hardly_more_sequences_than_classes(classifier, k):
    match = f"^early_stopping=True cannot hold out enough of 6 sequences: one of each of the {k} classes"
    assert_says(match, lambda: classifier(**SMALL, early_stopping=True).fit(walks(6), np.arange(6) % k))


@pytest.mark.parametrize("n", [6, 9, 10, 11, 14, 23])
@pytest.mark.parametrize("k", [3, 4])
def test_shares_as_they_are_said_to_be_set(classifier, n, k):
    y = np.arange(max(n, 2 * k)) % k
    model = classifier(**SMALL, early_stopping=True, validation_fraction=1.5 / len(y))
    message = held_out_at_random(model, y)
    said = re.search(r"Set validation_fraction(=| between )([\d.]+)(?: and ([\d.]+))?, or", message)
    assert (said[1] == "=") == (len(y) == 2 * k)
    for share in filter(None, said.groups()[1:]):
        model.set_params(validation_fraction=float(share)).fit(walks(len(y)), y)


def test_labels_that_were_not_seen(classifier):
    y = np.array([f"a long label, number {k}" for k in range(20)])
    model = classifier(**SMALL).fit(walks(), y)
    match = "^`y` has classes not in `self.classes_`: 'new 0', 'new 1', 'new 10', 'new 11', 'new 12' and"
    assert_says(match, lambda: model.partial_fit(walks(), [f"new {k}" for k in range(20)]))
    for classes in (["x"] * 2000, np.arange(5000)):
        assert_says(
            "^`classes=.*` is not the same", lambda c=classes: model.partial_fit(walks(), y, classes=c)
        )


def test_labels_without_weight_may_be_new(classifier, assert_same_weights):
    """What has no weight does not count: not in validation, nor where training goes on."""
    X, other = walks(), LABELS.astype(object)
    other[3] = "new"
    weight = np.ones(20)
    weight[3] = 0
    model = classifier(**SMALL, early_stopping=True)
    model.fit(X, LABELS, X_val=X, y_val=other.astype(str), sample_weight_val=weight)
    expected = classifier(**SMALL, early_stopping=True)
    expected.fit(X, LABELS, X_val=X, y_val=LABELS, sample_weight_val=weight)
    assert_same_weights(model, expected)
    assert model.validation_scores_ == expected.validation_scores_
    again = classifier(**SMALL).fit(X, LABELS)
    assert_same_weights(
        again.partial_fit(X, other.astype(str), sample_weight=weight),
        classifier(**SMALL).fit(X, LABELS).partial_fit(X, LABELS, sample_weight=weight),
    )
    steps = np.array([["no", "yes", "new", "no", "no"]] * 20)
    model = classifier(**SMALL, return_sequences=True, early_stopping=True)
    y, keep = np.where(steps == "new", "no", steps), (steps != "new").astype(float)
    model.fit(X, y, X_val=X, y_val=steps, sample_weight_val=keep)
    assert_says("^`y_val` has classes not in .*'new'", lambda: model.fit(X, y, X_val=X, y_val=steps))


def test_texts_without_weight_may_have_new_tokens(assert_same_weights):
    X, y = ["ab", "ba", "aa"] * 4, ["x", "y", "xy"] * 4
    new, weight = [*y[:-1], "z"], [1.0] * 11 + [0.0]
    params = {**SMALL, "early_stopping": True}
    model = skrnn.GRUEncoderDecoder(**params).fit(X, y, X_val=X, y_val=new, sample_weight_val=weight)
    same = skrnn.GRUEncoderDecoder(**params).fit(X, y, X_val=X, y_val=y, sample_weight_val=weight)
    assert_same_weights(model, same)
    assert_says("^Sequence 11 of y_val has the token 'z'", lambda: model.fit(X, y, X_val=X, y_val=new))


def test_several_targets_of_several_classes(classifier):
    y = np.random.RandomState(0).randint(3, size=(20, T, 2))
    says = "^y has 2 columns but is not a multilabel indicator of 0 and 1. Multioutput .* not supported: "
    alone = classifier(**SMALL, return_sequences=True)
    message = error_of(lambda: alone.fit(walks(), y))
    assert re.match(says + r"fit an estimator for each of them, as for y\[\.\.\., 0\]", message)
    assert "MultiOutputClassifier" not in message
    alone.fit(walks(), y[..., 0])
    message = error_of(lambda: classifier(**STEPS).fit(walks()[:, 0], y[:, 0]))
    assert re.match(says + "use MultiOutputClassifier", message)
    assert "return_sequences" not in message
    assert_says(says + ".*return_sequences=True", lambda: classifier(**SMALL).fit(walks(), y[:, 0]))


def binarized(y):
    return MultiLabelBinarizer().fit_transform(y)


SETS, WORDS = [{"a", "b"}, {"a"}] * 4, [["a", "b"], ["a"], ["c"], []] * 2
SEVERAL = {
    "sets": (SETS, "^y holds sets of labels"),
    "frozen sets": (list(map(frozenset, SETS)), "^y holds sets of labels"),
    "Series of sets": (pd.Series(SETS), "^y holds sets of labels"),
    "lists": (WORDS, "^y has arrays of different lengths, "),
    "tuples": (list(map(tuple, WORDS)), "^y has arrays of different lengths, "),
    "numbers": ([[1, 2], [1], [], [3]] * 2, "^y has arrays of different lengths, "),
    "Series of lists": (pd.Series(WORDS), "^y has arrays of different lengths, "),
    "Series of polars": (pl.Series(WORDS), "^y has arrays of different lengths, "),
    "lists of two": ([["a", "b"], ["a", "c"]] * 4, "^y has 2 columns but is not a multilabel indicator"),
}


@pytest.mark.parametrize("params", [SMALL, STEPS], ids=["sequences", "steps"])
@pytest.mark.parametrize("form", SEVERAL)
def test_several_labels_that_are_no_indicator(classifier, form, params):
    y, match = SEVERAL[form]
    X = good_X() if params is SMALL else table(good_X())
    as_said = r"an indicator of 0 and 1, MultiLabelBinarizer\(\)\.fit_transform\(y\)"
    model = classifier(**params)
    assert_says(f"{match}.*{as_said}", lambda: model.fit(X, y))
    model.fit(X, binarized(y))
    if params is SMALL:
        again = classifier(**SMALL, early_stopping=True)
        match, as_said = match.replace("y", "y_val", 1), as_said.replace("y\\)", "y_val\\)")
        assert_says(f"{match}.*{as_said}", lambda: again.fit(X, binarized(y), X_val=X, y_val=y))


def test_several_labels_of_every_step(classifier):
    model, y = classifier(**SMALL, return_sequences=True), [[{"a", "b"}, {"a"}, set(), {"c"}, {"c"}]] * N
    match = r"^y holds sets of labels\. .* \[binarizer\.transform\(one\) for one in y\]"
    assert_says(match, lambda: model.fit(good_X(), y))
    binarizer = MultiLabelBinarizer().fit(y[0])
    model.fit(good_X(), [binarizer.transform(one) for one in y])


CELLS = {
    "structs": pl.DataFrame({"b": [{"p": 1.0, "q": 2.0}] * N}),
    "arrays": pl.DataFrame({"b": pl.Series([[1.0, 2.0]] * N, dtype=pl.Array(pl.Float64, 2))}),
    "lists of polars": pl.DataFrame({"b": [[1.0, 2.0]] * N}),
    "lists of pandas": pd.DataFrame({"b": [[1.0, 2.0]] * N}),
    "Series of lists": pl.Series([[1.0, 2.0]] * N),
}


@pytest.mark.parametrize("what", CELLS)
def test_cells_of_several_values_as_targets(cls, what):
    """They are not missing, and no nested table of sequences."""
    says = "which are no labels: pass one label for each. For several labels each pass an indicator"
    if not is_classifier(cls()):
        says = (
            r"Make columns of their fields: pass y\.unnest" if what == "structs" else "Give each of their"
        )
    assert_says(
        f"^y holds (cells of the kind|structs) .*{says}", lambda: cls(**SMALL).fit(good_X(), CELLS[what])
    )


@pytest.mark.parametrize("what", CELLS)
def test_cells_of_several_values_as_weights(cls, what):
    for weight in (CELLS[what], CELLS[what]["b"] if hasattr(CELLS[what], "columns") else CELLS[what]):
        match = (
            "^(Sample weights must be 1D array or scalar, got 2-D|sample_weight holds cells of the kind)"
        )
        assert_says(match, lambda w=weight: cls(**SMALL).fit(good_X(), good_y(cls), w))


def test_lists_of_the_lengths_of_the_sequences_are_targets_per_step(classifier):
    X = [np.ones((3, 1)), np.ones((2, 1))] * 4
    message = error_of(lambda: classifier(**SMALL).fit(X, [[0, 1, 1], [0, 1]] * 4))
    assert "Set return_sequences=True" in message
    assert "MultiLabelBinarizer" not in message


NOT_0_AND_1 = "^{} has 2 columns but is not a multilabel indicator of 0 and 1. "


@pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])
@pytest.mark.parametrize("numbers", [(1, 2), (-1, 1), (0, 2), (-1.0, 1.0), (3, 3)], ids=str)
def test_two_columns_of_two_numbers(classifier, numbers, per_step):
    """An indicator of other numbers than 0 and 1 would count as ones."""
    right = np.stack([np.arange(100), np.arange(100) // 2], axis=-1).reshape(20, T, 2) % 2
    right = right if per_step else right[:, 0]
    X, y, model = walks(), np.array(numbers)[right], classifier(**SMALL, return_sequences=per_step)
    as_said = rf"Pass y == {max(numbers)} if it is one of other numbers\. Multioutput"
    assert_says(NOT_0_AND_1.format("y") + as_said, lambda: model.fit(X, y))
    assert_says(NOT_0_AND_1.format("y"), lambda: clone(model).partial_fit(X, y, classes=[0, 1]))
    stopped = clone(model).set_params(early_stopping=True)
    assert_says(NOT_0_AND_1.format("y_val"), lambda: stopped.fit(X, right, X_val=X, y_val=y))
    if not per_step:
        of_steps = clone(model).set_params(rows="steps")
        assert_says(NOT_0_AND_1.format("y"), lambda: of_steps.fit(X[:, 0], y))
    assert not hasattr(model, "classes_")
    assert model.fit(X, y == max(numbers)).predict(X).shape == right.shape


@pytest.mark.parametrize("kind", [bool, float, np.uint8, list])
def test_every_kind_of_indicator(classifier, kind, assert_same_weights):
    y = np.stack([np.arange(20), np.arange(20) // 2], axis=-1) % 2
    as_passed = y.tolist() if kind is list else y.astype(kind)
    model = classifier(**SMALL).fit(walks(), as_passed)
    assert_same_weights(model, classifier(**SMALL).fit(walks(), y))
    assert np.unique(model.predict(walks())).tolist() in ([0], [1], [0, 1])


AS_ONE_OUTPUT = {
    "array": (np.asarray, r"y\[\.\.\., 0\], of shape \(n_sequences, n_timesteps\)"),
    "list": (list, r"\[one\[:, 0\] for one in y\], arrays of shape \(n_timesteps_i,\)"),
    "objects": (lambda y: object_array(list(y)), r"\[one\[:, 0\] for one in y\]"),
    "lists": (np.ndarray.tolist, r"\[numpy\.asarray\(one\)\[:, 0\] for one in y\]"),
}


@pytest.mark.parametrize("form", AS_ONE_OUTPUT)
def test_one_output_per_step_on_an_axis_of_its_own(cls, form, assert_same_weights):
    make, as_said = AS_ONE_OUTPUT[form]
    X, y = walks(), make((walks()[..., :1] > 0).astype(int))
    model = cls(**SMALL, return_sequences=True, early_stopping=True)
    with pytest.warns(DataConversionWarning, match=f"^y has one output per time step.* Pass {as_said}"):
        a = clone(model).fit(X, y)
    said = as_said.replace("y", "y_val", 1) if form == "array" else as_said.replace("in y", "in y_val")
    flat = y[..., 0] if form == "array" else [np.asarray(one)[:, 0] for one in y]
    with pytest.warns(DataConversionWarning, match=f"^y_val has one output .* Pass {said}"):
        clone(model).fit(X, flat, X_val=X, y_val=y)
    assert_same_weights(a, silently(clone(model).set_params(tol=None), X, flat))
    with pytest.warns(DataConversionWarning, match=r"ravel\(\)"):
        cls(**STEPS).fit(walks()[:, 0], np.arange(20)[:, None] % 2)


# --- calls and pipelines -----------------------------------------------------------------------------


def test_lengths(cls):
    """hmmlearn's way to pass sequences."""
    model, X, y = fitted(cls, good_X()), good_X(), good_y(cls)
    methods = (
        "fit",
        "partial_fit",
        "score",
        "predict",
        "predict_proba",
        "predict_log_proba",
        "hidden_states",
    )
    for name in methods:
        if hasattr(model, name):
            match = (
                rf"^{cls.__name__}.{name}\(\) has no lengths, .*numpy.split\(X, numpy.cumsum\(lengths\)"
            )
            targets = () if name.startswith(("pred", "hid")) else (y,)
            call = getattr(model, name)
            assert_fails(lambda c=call, t=targets: c(X, *t, lengths=[3, 5]), model, match, TypeError)
    assert_says(
        rf"^{cls.__name__}.fit\(\) got an unexpected keyword argument 'long'\.$",
        lambda: model.fit(X, y, long=3),
        TypeError,
    )
    pairs = skrnn.GRUEncoderDecoder(**SMALL).fit(["ab"] * N, ["b"] * N)
    for name in ("fit", "predict", "score"):
        call, args = getattr(pairs, name), [["ab"] * N] * (1 if name == "predict" else 2)
        assert_says(
            rf"^GRUEncoderDecoder.{name}\(\) has no lengths", lambda c=call, a=args: c(*a, lengths=[1])
        )


KEYWORDS = {
    "groups": 'Put the ids into X as a column of the table, and set rows="steps" and sequence_id to',
    "sequence_id": "Put the ids into X as a column of the table",
    "epochs": "Set max_iter, the number of epochs, when the estimator is made",
    "validation_data": "Pass X_val and y_val. They are recorded; to stop by them set early_stopping=True",
    "eval_set": "Pass X_val and y_val",
    "validation_split": "Set early_stopping=True and validation_fraction when",
    "callbacks": "Set callbacks by set_callbacks",
    "sample_weights": "Pass sample_weight",
    "batch_size": r"It is a parameter of the estimator: set it by {}\(batch_size=",
    "max_iter": r"It is a parameter of the estimator: set it by {}\(max_iter=",
}


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_keywords_of_others(cls, keyword):
    model, X, y = fitted(cls, good_X()), good_X(), good_y(cls)
    says = rf"^{{}}\(\) got an unexpected keyword argument '{keyword}'\. {KEYWORDS[keyword]}"
    calls = {
        "fit": (X, y),
        "partial_fit": (X, y),
        "score": (X, y),
        "predict": (X,),
        "hidden_states": (X,),
        "stream": (),
    }
    for name, args in calls.items():
        match = says.replace("{}", f"{cls.__name__}.{name}", 1).replace("{}", cls.__name__)
        call = getattr(model, name)
        assert_fails(lambda c=call, a=args: c(*a, **{keyword: [1]}), model, match, TypeError)
    pipeline = make_pipeline(model)
    match = says.replace("{}", f"{cls.__name__}.fit", 1).replace("{}", cls.__name__)
    assert_says(match, lambda: pipeline.fit(X, y, **{f"{cls.__name__.lower()}__{keyword}": 1}), TypeError)


def test_keywords_of_others_for_an_encoder_decoder():
    model = skrnn.GRUEncoderDecoder(**SMALL)
    for keyword, how in (("groups", "$"), ("epochs", " Set max_iter, the number of epochs")):
        assert_says(
            rf"^GRUEncoderDecoder.fit\(\) got an unexpected keyword argument '{keyword}'\.{how}",
            lambda k=keyword: model.fit(["ab"] * N, ["b"] * N, **{k: 3}),
            TypeError,
        )


def test_what_was_said_of_keywords_leads_to_a_fit(cls):
    X, y = good_X(), good_y(cls)
    with_ids = np.column_stack([np.arange(N) // 4, table(X)])
    cls(**STEPS, sequence_id=0).fit(with_ids, y)
    cls(**SMALL, early_stopping=True).fit(X, y, X_val=X, y_val=y)
    cls(**SMALL).fit(X, y, sample_weight=np.ones(N))


@pytest.mark.parametrize(
    "ids", [["id"], ["a", "b"], np.arange(900), pd.Series(np.arange(900)), 1.5], ids=type
)
def test_ids_in_place_of_their_column(cls, ids):
    X = pd.DataFrame({"id": np.arange(N) // 4, "x": np.ones(N)})
    for name, call in (
        (cls.__name__, lambda: cls(**STEPS, sequence_id=ids).fit(X, good_y(cls))),
        ("SlidingWindow", lambda: SlidingWindow(2, sequence_id=ids).fit(X)),
    ):
        match = (
            f"^The 'sequence_id' parameter of {name} must be .* Got .* instead\\. It is the name or the"
        )
        assert_says(f"{match} position of one column of X: put the ids into X as a column", call)


def test_sequences_behind_a_scaler_of_tables():
    """Where code of skrnn runs, it names TimeDistributed."""
    X = np.random.RandomState(0).normal(size=(60, 2))
    model = make_pipeline(StandardScaler(), SlidingWindow(3), skrnn.GRURegressor(**SMALL)).fit(X, X)
    match = (
        r"^StandardScaler reads tables, and X holds sequences: put TimeDistributed\(StandardScaler\(\)\)"
    )
    for sequences in (X[None], [X]):
        assert_says(match, lambda s=sequences: skrnn.forecast(model, s, 2))
    pipeline = make_pipeline(TimeDistributed(StandardScaler()), skrnn.GRURegressor(**SMALL))
    assert pipeline.fit(X.reshape(20, 3, 2), np.arange(20.0)).predict([X[:4]]).shape == (1,)


def test_tokens_in_time_distributed():
    words, y = ["ab", "ba", "aab", "bb"], np.arange(4.0)
    for X in (words, ["ab"] * 4):
        scaled = make_pipeline(
            TokenEncoder(), TimeDistributed(StandardScaler()), skrnn.GRURegressor(**SMALL)
        )
        assert_says(
            "^X is a list whose item 0 is 1-D and of integers, as TokenEncoder .* leave TimeDistributed "
            "out and set embedding_size",
            lambda X=X, m=scaled: m.fit(X, y),
        )
        make_pipeline(TokenEncoder(), skrnn.GRURegressor(**TOKENS)).fit(X, y)
    floats = error_of(lambda: TimeDistributed(StandardScaler()).fit([np.ones(3)]))
    assert "TokenEncoder" not in floats


IDS = np.random.RandomState(0).randint(4, size=(N, T))
ONE_HOT = np.eye(4)[IDS]
ALMOST_TOKENS = {
    "axis of its own": (IDS[:, :, None], "X[:, :, 0]"),
    "lists of it": (IDS[:, :, None].tolist(), "[numpy.asarray(x)[:, 0] for x in X]"),
    "list of arrays": (list(IDS[:, :, None]), "[x[:, 0] for x in X]"),
    "list of frames": (
        [pd.DataFrame({"a": one}) for one in IDS],
        "[numpy.asarray(x)[:, 0] for x in X]",
    ),
    "one-hot": (ONE_HOT, "X.argmax(-1)"),
    "list of one-hot": (list(ONE_HOT), "[x.argmax(-1) for x in X]"),
    "frames of one-hot": (list(map(pd.DataFrame, ONE_HOT)), "[numpy.asarray(x).argmax(-1) for x in X]"),
}


@pytest.mark.parametrize("form", ALMOST_TOKENS)
def test_tokens_in_a_form_of_numbers(cls, form, assert_same_weights):
    X, as_said = ALMOST_TOKENS[form]
    message, model = error_of(lambda: cls(**TOKENS).fit(X, good_y(cls))), cls(**TOKENS)
    assert f" {as_said}" in message
    model.fit(eval(as_said, {"numpy": np, "X": X}), good_y(cls))
    assert_same_weights(model, cls(**TOKENS).fit(IDS, good_y(cls)))
    assert f" {as_said}" in error_of(lambda: model.predict(X))


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame], ids=["array", "frame"])
def test_one_hot_tokens_in_steps(cls, make):
    X, model = make(ONE_HOT.reshape(-1, 4)), cls(**STEPS, embedding_size=2)
    as_said = error_of(lambda: model.fit(X, good_y(cls, N * T))).partition("tokens are ")[2].rstrip(".")
    assert as_said == ("X" if make is np.asarray else "numpy.asarray(X)") + ".argmax(-1).reshape(-1, 1)"
    model.fit(eval(as_said, {"numpy": np, "X": X}), good_y(cls, N * T))


def test_numbers_that_are_no_tokens(cls):
    for X in (good_X(), list(good_X()), np.ones((N, T, 2))):
        message = error_of(lambda X=X: cls(**TOKENS).fit(X, good_y(cls)))
        assert message.endswith("Numbers that are no tokens need embedding_size=None.")
        assert "argmax" not in message
        assert "Pass" not in message


def test_nested_tables_in_time_distributed():
    X = NO_DATA["nested"][0]()
    assert_says(
        f"^X holds cells of the kind Series in column 'a'. {NESTED}",
        lambda: TimeDistributed(StandardScaler()).fit(X),
    )


def named(columns="abc", library="pandas"):
    frame = pd.DataFrame(np.random.RandomState(0).normal(size=(20, 3)), columns=list(columns))
    frame["a"] = np.arange(20) // 10  # two series, if they are ids
    return frame if library == "pandas" else pl.DataFrame(frame.to_numpy(), schema=list(columns))


OTHER_COLUMNS = {
    "unseen": ("abz", r"has the column\(s\) 'z', which X has not"),
    "missing": ("ab", r"lacks the column\(s\) 'c' of X"),
    "another order": ("cba", "has the columns of X in another order: column 0 is 'c', in X 'a'"),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize(
    "params", [{}, {"rows": "steps"}, {"rows": "steps", "sequence_id": "a"}], ids=str
)
@pytest.mark.parametrize("what", OTHER_COLUMNS)
def test_other_columns_in_validation_data(cls, library, params, what):
    columns, match = OTHER_COLUMNS[what]
    X, y = named("abc", library), np.arange(20) % 2
    X_val = (named() if what != "unseen" else named(columns))[list(columns)]
    X_val = X_val if library == "pandas" else pl.DataFrame(X_val.to_numpy(), schema=list(columns))
    model = cls(**SMALL, **params, early_stopping=True)
    match = f"^X_val {match}. The feature names should match those of X, in the same order"
    assert_says(match, lambda: model.fit(X, y, X_val=X_val, y_val=y))
    wide = [f"{'long ' * 60}{k}" for k in range(30)]
    frames = [pd.DataFrame(np.ones((20, 30)), columns=names) for names in (wide, wide[::-1])]
    frames = frames if library == "pandas" else [pl.DataFrame(f.to_numpy(), list(f)) for f in frames]
    model.set_params(rows="sequences", **({"sequence_id": None} if "sequence_id" in params else {}))
    assert_says(
        "^X_val has the columns of X in an", lambda: model.fit(frames[0], y, X_val=frames[1], y_val=y)
    )


@pytest.mark.filterwarnings("error", "ignore::sklearn.exceptions.ConvergenceWarning")
def test_names_in_one_of_X_and_X_val_only(cls, assert_same_weights):
    """There is nothing to compare, as behind a scaler in a pipeline."""
    frame, y = named(), np.arange(20) % 2
    X = frame.to_numpy()
    model = cls(**SMALL, early_stopping=True)
    expected = clone(model).fit(X, y, X_val=X, y_val=y)
    for form in (frame, named(library="polars"), pd.DataFrame(X)):
        for one, other in ((form, X), (X, form), (form, form), (frame, form)):
            if {*map(type, (one, other))} != {np.ndarray}:
                assert_same_weights(clone(model).fit(one, y, X_val=other, y_val=y), expected)
    pipeline = make_pipeline(StandardScaler(), clone(model))
    step = pipeline.steps[-1][0]
    pipeline.fit(frame, y, **{f"{step}__X_val": frame, f"{step}__y_val": y})


@pytest.mark.parametrize("has_tokens", [False, True])
def test_text_as_validation_data(cls, has_tokens):
    X, text = (np.ones((N, T), dtype=int), TOKENS) if has_tokens else (good_X(), SMALL)
    model = cls(**text, early_stopping=True)
    match = r"^X_val holds strings.*TokenEncoder.*transform_input names it.*pipeline\[:-1\].transform"
    y = good_y(cls)
    assert_says(match, lambda: model.fit(X, y, X_val=["abc"] * N, y_val=y))
    frame = pd.DataFrame({"a": np.ones(N), "b": ["u"] * N})
    if not has_tokens:
        assert_says(
            r"^X_val holds text in column 'b'.*pipeline\[:-1\]",
            lambda: cls(**SMALL, early_stopping=True).fit(
                frame[["a"]].assign(b=1.0), y, X_val=frame, y_val=y
            ),
        )


def test_what_was_said_of_text_leads_to_a_fit():
    X, y = np.array(["abc", "cde"] * 8, dtype=object), np.arange(16) % 2
    encoder = TokenEncoder().fit(X)
    model = skrnn.GRUClassifier(**TOKENS, early_stopping=True)
    model.fit(encoder.transform(X), y, X_val=encoder.transform(X), y_val=y)


# --- parameters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [*ESTIMATORS, skrnn.GRUEncoderDecoder], ids=name_of)
def test_scikit_learn_s_check_of_parameters(cls):
    """It calls fit and partial_fit, without the classes."""
    check_param_validation(cls.__name__, cls())


def test_parameters_come_before_classes(classifier):
    for bad in ({"hidden_size": -1}, {"solver": "adamw"}, {"solver": []}, {"tol": "a"}):
        name = next(iter(bad))
        assert_says(
            f"^The '{name}' parameter", lambda bad=bad: classifier(**bad).partial_fit(walks(), LABELS)
        )
    assert_says("^classes must be passed", lambda: classifier().partial_fit(walks(), LABELS))


LARGE = {
    "token": ({"embedding_size": 2}, [[2**50]] * N, r"^The token 1125899906842624 in X .*TokenEncoder"),
    "largest token": ({"embedding_size": 2}, [[2**61]] * N, "^The token 2305843009213693952 in X"),
    "n_tokens": ({"embedding_size": 2, "n_tokens": 2**50}, [[1]] * N, "^n_tokens=1125.* Lower n_tokens"),
    "embedding_size": ({"embedding_size": 2**50}, [[1]] * N, "^embedding_size=11.* Lower embedding_size"),
    "hidden_size": ({"hidden_size": 2**50}, [[[1.0]]] * N, "^hidden_size=11.* Lower hidden_size"),
    "no number of this world": ({"embedding_size": 10**400}, [[1]] * N, "^embedding_size=1000"),
    "too large for the machine": (
        {"embedding_size": 10**10},
        [[1]] * N,
        r"^embedding_size=10{10} means \d+ weights",
    ),
}


@pytest.mark.parametrize("what", LARGE)
def test_what_makes_a_network_too_large(cls, what):
    params, X, match = LARGE[what]
    X = [np.array(x) for x in X]
    assert_says(match, lambda: cls(**{**SMALL, **params}).fit(X, good_y(cls)), MemoryError)


def test_what_makes_an_encoder_decoder_too_large():
    for params in ({"embedding_size": 2**50}, {"hidden_size": 2**50}):
        model = skrnn.GRUEncoderDecoder(**{**SMALL, **params})
        assert_says(
            f"^{next(iter(params))}=1125", lambda m=model: m.fit(["ab"] * 3, ["b"] * 3), MemoryError
        )


LONG = {
    "hidden_size": np.arange(-1000, 0),
    "activation": "x" * 5000,
    "quantile": list(range(2000)),
    "loss": np.arange(3000),
    "solver": {k: k for k in range(900)},
    "k2": "y" * 3000,
    "class_weight": {f"label {k}": 1.0 for k in range(500)},
    "n_tokens": 10**5000,
}


@pytest.mark.parametrize("name", LONG)
def test_long_values_of_parameters(name):
    owners = [c for c in (skrnn.RNNRegressor, skrnn.RNNClassifier) if name in c().get_params()]
    for cls in owners:
        X = np.ones((N, T), dtype=int)
        params = {**SMALL, "embedding_size": 2, name: LONG[name]}
        assert_says(name, lambda cls=cls, X=X, p=params: cls(**p).fit(X, good_y(cls)))


@pytest.mark.parametrize(
    "sizes", [[3, 2], np.array([3, 2]), (np.int64(3), 2), pd.Series([3, 2])], ids=type
)
def test_hidden_size_as_a_list_or_array(cls, sizes, assert_same_weights):
    X, y = good_X(), good_y(cls)
    model = cls(**{**SMALL, "hidden_size": sizes}).fit(X, y)
    assert_same_weights(model, cls(**{**SMALL, "hidden_size": (3, 2)}).fit(X, y))
    assert model.hidden_size is sizes
    model.partial_fit(X, y)


def test_tol_none_runs_all_epochs(cls):
    """Exactly max_iter, and nothing is said of it; with a tolerance it is."""
    X, y = good_X(), good_y(cls)
    for more in ({}, {"early_stopping": True, "validation_fraction": 0.5}, {"learning_rate": "cosine"}):
        params = {**SMALL, "max_iter": 12, "n_iter_no_change": 1, **more}
        model = cls(**params, tol=None, learning_rate_init=1e-9)
        if is_classifier(model) and more.get("early_stopping"):
            model.set_params(validation_fraction=0.4)
        assert silently(model, X, y).n_iter_ == 12
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached.*tol=None"):
        cls(**SMALL).fit(X, y)
    assert cls(**{**params, "tol": 1e9}).fit(X, y).n_iter_ < 12
    model = cls(**{**SMALL, "solver": "lbfgs", "tol": None, "max_iter": 3})
    assert silently(model, X, y).n_iter_ == 3
    bad = cls(**SMALL | {"learning_rate": "adaptive"}, tol=None)
    assert_says("^tol=None and learning_rate='adaptive' do not go together", lambda: bad.fit(X, y))
    cls(**SMALL, tol=None).partial_fit(X, y, **({"classes": [0, 1, 2]} if is_classifier(model) else {}))


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def silently(model, X, y):

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model.fit(X, y)


MODULES = (
    "callbacks",
    "cells",
    "classifiers",
    "datasets",
    "encoder_decoder",
    "forecasting",
    "inspection",
    "interop",
    "losses",
    "metrics",
    "preprocessing",
    "regressors",
    "solvers",
)


@pytest.mark.parametrize("module", MODULES)
def test_import_of_everything_brings_what_is_public(module):
    names = {}
    exec(f"from skrnn.{module} import *", names)
    del names["__builtins__"]
    assert names
    for name, value in names.items():
        of_skrnn = getattr(value, "__module__", f"skrnn.{module}").startswith("skrnn")
        assert of_skrnn, name
        assert not name.startswith("_"), name
        assert name not in ("np", "scipy", "math", "copy"), name


def test_array_api_dispatch():
    """Tensors are read as arrays, whatever scikit-learn was told of other namespaces."""
    torch()
    code = """
        import warnings
        warnings.simplefilter("ignore")
        import numpy as np, sklearn, torch
        from skrnn import GRUClassifier, GRURegressor, SlidingWindow
        rng = np.random.RandomState(0)
        X, y = torch.tensor(rng.normal(size=(12, 5, 2))), torch.arange(12) % 3
        with sklearn.config_context(array_api_dispatch=True):
            for cls in (GRURegressor, GRUClassifier):
                classes = {} if cls is GRURegressor else {"classes": torch.arange(3)}
                model = cls(hidden_size=3, max_iter=2, random_state=0)
                a = model.fit(X, y, torch.ones(12)).predict(X)
                b = model.fit(X.numpy(), y.numpy(), np.ones(12)).predict(X.numpy())
                assert isinstance(a, np.ndarray) and (a == b).all()
                assert np.isfinite(model.score(X, y)) and np.isfinite(model.score(X.numpy(), y.numpy()))
                cls(hidden_size=3).partial_fit(list(X), y, **classes)
                Z = X[:, 0]
                model.set_params(rows="steps", early_stopping=True).fit(Z, y, X_val=Z, y_val=y)
            SlidingWindow(2).fit_transform(X[:, 0])
        print("read")
    """
    assert run_python(code, SCIPY_ARRAY_API="1") == "read\n"


# --- anything at all ---------------------------------------------------------------------------------


class Empty:
    """Has nothing of a container."""


class NoLength:
    """Has a shape, and no values."""

    shape, ndim, dtype = (3, 2), 2, np.dtype(float)


RUBBISH = {
    **{name: make for name, (make, _) in NO_DATA.items() if name not in OF_SKLEARN_1_9},
    "one series": lambda: np.arange(900.0),
    "Series": lambda: pd.Series(np.arange(900.0)),
    "numbers": lambda: [1.0] * N,
    "True": lambda: True,
    "Ellipsis": lambda: ...,
    "bytes": lambda: b"abc" * 900,
    "set": lambda: set(range(900)),
    "class": lambda: Empty,
    "object": Empty,
    "shape only": NoLength,
    "array without dimensions": lambda: np.array(3.0),
    "object without dimensions": lambda: np.array(None),
    "empty list": list,
    "empty tuple": tuple,
    "empty dict": dict,
    "empty frame": pd.DataFrame,
    "empty frame of polars": pl.DataFrame,
    "empty array": lambda: np.empty(0),
    "empty steps": lambda: np.empty((N, 0, F)),
    "lists of nothing": lambda: [[]] * N,
    "four dimensions": lambda: np.ones((N, T, F, 2)),
    "lists of 3-D arrays": lambda: [good_X()] * N,
    "sparse": lambda: scipy.sparse.csr_array(np.eye(N)),
    "list of sparse": lambda: [scipy.sparse.csr_array(np.eye(N))] * N,
    "masked": lambda: np.ma.masked_array(good_X(), good_X() > 0),
    "matrix": lambda: np.matrix(np.ones((N, 2))),
    "times": lambda: np.full((N, 3), "NaT", dtype="M8[s]"),
    "durations": lambda: np.ones((N, 3)).astype("m8[s]"),
    "text in a table": lambda: np.full((N, 3), "y" * 900),
    "bytes in a table": lambda: np.full((N, 3), b"y" * 900),
    "dicts in a table": lambda: np.full((N, 3), dict.fromkeys(range(99), "z" * 99), dtype=object),
    "functions in a table": lambda: np.full((N, 3), len, dtype=object),
    "sets in a list": lambda: [{1, 2}] * N,
    "a list of a list and a number": lambda: [[1.0, 2.0], 3.0],
    "sequences and None": lambda: [*good_X()[:3], None],
    "other numbers of features": lambda: [np.ones((3, 2)), np.ones((3, 3))],
    "other numbers of dimensions": lambda: [np.ones((3, 2)), np.ones(3)],
    "other columns": lambda: [
        pd.DataFrame(np.ones((3, 90)), columns=[f"{a} {k}" * 9 for k in range(90)]) for a in "ab"
    ],
    "NaN": lambda: np.full((N, T, F), np.nan),
    "infinity": lambda: np.full((N, 3), np.inf),
    "NaN in a frame": lambda: pd.DataFrame({"n" * 900: [np.nan] * N}),
    "missing in a frame": lambda: pd.DataFrame({"a": pd.array([None] * N, dtype="Int64")}),
    "objects missing in a frame": lambda: pd.DataFrame({"a": [pd.NA, 1.0] * 4}, dtype=object),
    "text in a frame": lambda: pd.DataFrame({"n" * 900: ["t" * 900] * N}),
    "text in levels": lambda: levels(np.full((N, 2), "u", dtype=object)),
    "bool and text": lambda: pd.DataFrame({"a": [True, "x"] * 4}),
    "intervals": lambda: pd.DataFrame({"a": pd.interval_range(0, N)}),
    "struct of polars": lambda: pl.DataFrame({"a": [{"b": 1.0}] * N}),
    "binary of polars": lambda: pl.DataFrame({"a": [b"abc"] * N}),
    "objects of polars": lambda: pl.DataFrame({"a": pl.Series([Empty()] * N, dtype=pl.Object)}),
    "expression": lambda: pl.col("a"),
    "memory": lambda: memoryview(b"abcdefgh"),
    "array of arrays": lambda: object_array([object_array([np.ones(3), np.ones(2)])] * N),
    "bfloat16": lambda: torch().ones(N, T, F, dtype=torch().bfloat16),
    "sparse tensor": lambda: torch().ones(N, T).to_sparse(),
}


# Right uses of some readers.
CAN_BE_READ = {
    "encoder-decoder": {
        "long strings",
        "huge integers",
        "times",
        "durations",
        "text in a table",
        "bytes in a table",
        "functions in a table",
    },
    "TokenEncoder": {"long strings", "huge integers"},
    "SlidingWindow": {"infinity", "NaN in a frame", "missing in a frame"},
    "windows of series": {"infinity"},
    "TimeDistributed": {"NaN"},
}
# What a transformer of scikit-learn says inside TimeDistributed.
SAID_BY_OTHERS = {("TimeDistributed", "complex")}
READERS = {
    "regressor": lambda: skrnn.GRURegressor(**SMALL),
    "classifier": lambda: skrnn.LSTMClassifier(**SMALL),
    "per step": lambda: skrnn.GRURegressor(**SMALL, return_sequences=True),
    "steps": lambda: skrnn.GRURegressor(**STEPS),
    "series": lambda: skrnn.LSTMClassifier(**STEPS, sequence_id=0),
    "tokens": lambda: skrnn.LSTMClassifier(**TOKENS),
    "tokens in steps": lambda: skrnn.LSTMClassifier(**STEPS, embedding_size=2),
    "encoder-decoder": lambda: skrnn.GRUEncoderDecoder(**SMALL),
    "SlidingWindow": lambda: SlidingWindow(2),
    "windows of series": lambda: SlidingWindow(2, sequence_id=0),
    "TimeDistributed": lambda: TimeDistributed(StandardScaler()),
    "TokenEncoder": TokenEncoder,
}
ADVICE = ("Pass", "Use", "Set", "Reshape", "Make", "Lower", "Put", "Expected", "Convert", "Scale")


def assert_is_a_good_message(error, names=("X",)):
    """It is short, names what is wrong before it says what to do, and is of a kind that is meant."""
    message = str(error)
    assert isinstance(error, (TypeError, ValueError)), repr(error)
    assert len(message) <= LONGEST, message
    assert not message.startswith(ADVICE), message
    assert re.search(rf"\b({'|'.join(names)})\b", message[:100]), message
    assert "\n" not in message, message


def read_somehow(call, *args):
    """The error of a call; None if it can read what was passed."""
    try:
        call(*args)
    except Exception as error:
        return error
    return None


def fit_with(reader, X):
    """``fit`` with targets that its X would have."""
    model = READERS[reader]()
    if isinstance(model, (SlidingWindow, TimeDistributed, TokenEncoder)):
        return model, (lambda: model.fit(X))
    n = X.shape[0] if getattr(X, "shape", ()) else len(X) if isinstance(X, list) else N
    y = ["a"] * N if reader == "encoder-decoder" else np.arange(n) % 2
    return model, (lambda: model.fit(X, y))


@pytest.mark.parametrize("what", RUBBISH)
@pytest.mark.filterwarnings("ignore")  # of the libraries, about what they were passed
def test_anything_as_X(what):
    for reader in READERS:
        model, call = fit_with(reader, RUBBISH[what]())
        error = read_somehow(call)
        with about(reader):
            assert (error is None) == (what in CAN_BE_READ.get(reader, ())), repr(error)
            if error is not None:
                if (reader, what) not in SAID_BY_OTHERS:
                    assert_is_a_good_message(error)
                assert not [name for name in vars(model) if name.endswith("_")]


@pytest.fixture(scope="module")
def fitted_readers():
    """One of every estimator, and whether it takes tokens."""
    X, y = good_X(), np.arange(N) % 2
    tokens = np.ones((N, T), dtype=int)
    return {
        "regressor": READERS["regressor"]().fit(X, y),
        "classifier": READERS["classifier"]().fit(list(X), y),
        "table": READERS["regressor"]().fit(table(X), y),
        "per step": READERS["per step"]().fit(X, np.ones((N, T))),
        "steps": READERS["steps"]().fit(X[0], np.ones(T)),
        "series": READERS["series"]().fit(np.column_stack([y, table(X)]), y),
        "tokens": READERS["tokens"]().fit(tokens, y),
        "encoder-decoder": READERS["encoder-decoder"]().fit(["ab"] * N, ["b"] * N),
        "forecasts": READERS["per step"]().fit(X, X),
        "driven": READERS["steps"]().fit(table(X)[:, :2], table(X)[:, 0]),
        "language": skrnn.GRUClassifier(**TOKENS, return_sequences=True).fit(tokens, tokens),
    }


KINDS = ("steps", "series", "tokens", "encoder-decoder")


@pytest.mark.parametrize("what", RUBBISH)
@pytest.mark.filterwarnings("ignore")
def test_anything_in_predict(fitted_readers, what):
    for reader in ("table", "per step", "regressor", "classifier", *KINDS):
        model = fitted_readers[reader]
        before = state(model)
        error = read_somehow(model.predict, RUBBISH[what]())
        assert (error is None) == (what in CAN_BE_READ.get(reader, ())), (reader, error)
        if error is not None:
            assert_is_a_good_message(error)
        assert state(model) == before, reader


# Right as targets: numbers, or labels, which may be of many kinds.
TEXTS = CAN_BE_READ["encoder-decoder"] | {"no columns", "empty steps", "lists of nothing"}
RIGHT_Y = {
    "regressor": {"numbers", "memory"},
    "steps": {"numbers", "memory"},
    "classifier": {"numbers", "memory", "long strings", "text in a frame"},
    "encoder-decoder": TEXTS,  # that may be empty
}
RIGHT_WEIGHTS = {"scalar", "numbers", "True", "array without dimensions", "memory"}


@pytest.mark.parametrize("what", RUBBISH)
@pytest.mark.filterwarnings("ignore")
def test_anything_as_y(what):
    for reader in ("regressor", "classifier", "per step", "steps", "encoder-decoder"):
        X = {"steps": table(good_X()), "encoder-decoder": ["ab"] * N}.get(reader, good_X())
        model, y = READERS[reader](), RUBBISH[what]()
        error = read_somehow(model.fit, X, y)
        with about(reader):
            if error is None:
                assert what in RIGHT_Y.get(reader, ()), "was read"
            else:
                assert_is_a_good_message(error, ["X", "y"])
                assert not [name for name in vars(model) if name.endswith("_")]


@pytest.mark.parametrize("what", RUBBISH)
@pytest.mark.filterwarnings("ignore")
def test_anything_as_sample_weight(what):
    for reader in ("regressor", "per step", "steps", "encoder-decoder"):
        X = {"steps": table(good_X()), "encoder-decoder": ["ab"] * N}.get(reader, good_X())
        y = {"encoder-decoder": ["b"] * N, "per step": np.ones((N, T))}.get(reader, np.arange(N))
        model = READERS[reader]()
        error = read_somehow(model.fit, X, y, RUBBISH[what]())
        with about(reader):
            if error is None:
                assert what in RIGHT_WEIGHTS, "was read"
            else:
                assert_is_a_good_message(error, ["sample_weight", r"[Ss]ample weights"])
                assert not [name for name in vars(model) if name.endswith("_")]


# What steps that go on are passed to.
WAYS_ON = {
    "x": lambda fitted, made: fitted["regressor"].stream(N).step(made),
    "prompt": lambda fitted, made: fitted["language"].generate(made, 2, random_state=0),
    "X": lambda fitted, made: fitted["forecasts"].forecast(made, 2),
    "X_future": lambda fitted, made: fitted["driven"].forecast(
        table(good_X())[:, :2], 2, X_future=made, feedback=0
    ),
}
CAN_GO_ON = {"prompt": {"numbers", "matrix"}, "x": {"matrix"}}


@pytest.mark.parametrize("what", RUBBISH)
@pytest.mark.filterwarnings("ignore")
def test_anything_in_streams_prompts_and_forecasts(fitted_readers, what):
    for name, go_on in WAYS_ON.items():
        error = read_somehow(go_on, fitted_readers, RUBBISH[what]())
        if (name, what) == ("prompt", "struct of polars") and error is None:
            continue  # NumPy makes numbers of it in old versions
        with about(name):
            assert (error is None) == (what in CAN_GO_ON.get(name, ())), repr(error)
            if error is not None:
                assert_is_a_good_message(error, [name])

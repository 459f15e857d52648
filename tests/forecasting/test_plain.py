"""Files of forecasters hold plain data: the same forecasts, in tables of the same kind."""

import copy
import pickle
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

import skrnn
from skrnn._estimators.versions import DIGEST, STAMP, digest
from skrnn._forecasting.plain import KIND, from_plain, to_plain
from skrnn.interop import TRUSTED_TYPES

N = 40
SMALL = {"hidden_size": 3, "max_iter": 2, "tol": None, "random_state": 0}
Y = np.sin(np.arange(2 * N))


def table(times, **more):
    frame = pd.DataFrame({"shop": np.repeat(["a", "b"], N), "time": np.tile(times, 2), **more})
    frame["time"] = frame["time"].astype(times.dtype)
    return frame


def dates(freq, **more):
    return pd.Series(pd.date_range("2024-01-01", periods=N, freq=freq, **more))


def forecaster(**parameters):
    ids = {"sequence_id": "shop", "time": "time"}
    return skrnn.Forecaster(skrnn.GRURegressor(**SMALL), horizon=2, **{**ids, **parameters})


def polars_table(times):
    polars = pytest.importorskip("polars")
    return polars.from_pandas(table(times))


OF_ROWS = {"sequence_id": None, "time": None}
PROMOTED = {"promo": np.arange(2 * N) % 2, "kind": ["x", "y"] * N}
ZONE = ZoneInfo("Europe/Berlin")
CASES = {
    "days": lambda: (forecaster(calendar=("weekday", "month")), table(dates("D"))),
    "zones": lambda: (forecaster(calendar=("hour",)), table(dates("h", tz=ZONE))),
    "offsets": lambda: (forecaster(), table(dates("h", tz="+03:00"))),
    "months": lambda: (forecaster(), table(dates("MS"))),
    "business days": lambda: (forecaster(), table(dates("B"))),
    "periods": lambda: (forecaster(), table(pd.Series(pd.period_range("2024-01", periods=N, freq="M")))),
    "numbers": lambda: (forecaster(), table(pd.Series(np.arange(N)))),
    "covariates": lambda: (forecaster(known=("promo", "kind")), table(dates("D"), **PROMOTED)),
    "vectors": lambda: (
        forecaster(known=("promo", "kind"), embed={"kind": 2}), table(dates("D"), **PROMOTED)
    ),
    "direct": lambda: (forecaster(strategy="direct", difference=1), table(dates("D"))),
    "intervals": lambda: (forecaster(levels=(0.5,)), table(dates("D"))),
    "adaptive": lambda: (forecaster(levels=(0.5,), interval="adaptive"), table(dates("D"))),
    "sampled": lambda: (forecaster(levels=(0.5,), interval="sampled"), table(dates("D"))),
    "rows": lambda: (forecaster(**OF_ROWS), np.empty((2 * N, 0))),
    "arrays": lambda: (
        forecaster(sequence_id=0, time=1),
        np.stack([np.repeat([7, 8], N), np.tile(np.arange(N), 2)], axis=1),
    ),
    "polars": lambda: (forecaster(), polars_table(dates("D"))),
    "zones of polars": lambda: (forecaster(), polars_table(dates("h", tz="Europe/Berlin"))),
    "naive": lambda: (
        skrnn.NaiveForecaster(sequence_id="shop", time="time"), table(dates("D"))
    ),
}  # fmt: skip


@cache
def fitted(name):
    model, X = CASES[name]()
    return model.fit(X, Y)


def answers(model, name):
    """Forecasts, in a table; of a naive one predictions."""
    if name == "naive":
        later = table(pd.Series(pd.date_range("2024-02-10", periods=N)))
        return pd.DataFrame({"y": model.predict(later)})
    if model.known:
        later = pd.DataFrame(
            {"shop": ["a", "a", "b", "b"], "time": [*pd.date_range("2024-02-10", periods=2)] * 2}
        )
        return model.forecast(X_future=later.assign(promo=1, kind="x"))
    return model.forecast()


def assert_same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(ours, np.ndarray):
        assert ours.tolist() == theirs.tolist()
    elif isinstance(ours, pd.DataFrame):
        pd.testing.assert_frame_equal(ours, theirs, check_exact=True)
    else:
        assert ours.equals(theirs)


def modules_in(value):
    """The packages whose classes a state needs, but for estimators within."""
    if isinstance(value, dict):
        for one in (*value.keys(), *value.values()):
            yield from modules_in(one)
    elif isinstance(value, (list, tuple)):
        yield type(value).__module__
        for one in value:
            yield from modules_in(one)
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        yield from modules_in(value.ravel().tolist())
    elif not hasattr(value, "get_params"):
        yield type(value).__module__.partition(".")[0]


@pytest.mark.parametrize("name", CASES)
def test_files_of_forecasters(name):
    model = fitted(name)
    state = model.__getstate__()
    assert set(modules_in(state)) <= {"builtins", "numpy"}
    again = pickle.loads(pickle.dumps(model))
    assert again.__getstate__()[DIGEST] == state[DIGEST]
    assert_same(answers(again, name), answers(model, name))


@pytest.mark.parametrize("name", CASES)
def test_skops(name):
    skops = pytest.importorskip("skops.io")
    model = fitted(name)
    again = skops.loads(skops.dumps(model), trusted=TRUSTED_TYPES)
    assert_same(answers(again, name), answers(model, name))


def test_updates_go_on_from_a_file():
    model, again = copy.deepcopy(fitted("adaptive")), pickle.loads(pickle.dumps(fitted("adaptive")))
    later = table(pd.Series(pd.date_range("2024-02-10", periods=N)))
    for one in (model, again):
        one.update(later, Y)
    assert_same(again.forecast(), model.forecast())


def test_what_has_no_plain_form_stays_what_it_is():
    class Own:
        pass

    one = Own()
    assert to_plain([one])[0] is one
    assert from_plain([one])[0] is one
    frame = pd.DataFrame({"x": pd.Series([], dtype=pd.CategoricalDtype(["a", "b"]))})
    assert to_plain(frame) is frame
    assert KIND in to_plain(frame.astype(object))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda target: target.pop("unit"), "TypeError"),
        (lambda target: target.update({KIND: "x"}), "KeyError"),
    ],
)
def test_what_cannot_be_read(change, message):
    state = copy.deepcopy(fitted("days").__getstate__())
    change(state["_learned"]["target"])
    state[DIGEST] = digest({name: one for name, one in state.items() if name not in (STAMP, DIGEST)})
    with pytest.raises(ValueError, match=f"This Forecaster cannot be loaded: .*{message}"):
        object.__new__(skrnn.Forecaster).__setstate__(state)


def test_a_change_is_found():
    state = copy.deepcopy(fitted("days").__getstate__())
    state["_learned"]["target"]["unit"][0] += 1
    with pytest.raises(ValueError, match="This Forecaster is not what was saved"):
        object.__new__(skrnn.Forecaster).__setstate__(state)

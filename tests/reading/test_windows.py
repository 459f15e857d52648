"""Windows that know where they stand, and which of them are held out."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils import _safe_indexing

from skrnn import GRUClassifier, GRURegressor, SlidingWindow

QUICK = {"hidden_size": 2, "max_iter": 3, "tol": None, "early_stopping": True, "random_state": 0}
rng = np.random.RandomState(0)
X, Y = rng.normal(size=(60, 2)), rng.normal(size=60)


def rows_of(windows):
    """The first and the last row of every window."""
    series, last, span = windows.places
    return series, np.maximum(last - span + 1, 0), last


@pytest.mark.parametrize(
    "options", [{}, {"stride": 3}, {"sampling_step": 4}, {"stride": 2, "sampling_step": 3}]
)
def test_no_row_is_in_both_parts(options):
    table = pd.DataFrame({"x": X[:, 0], "who": np.where(np.arange(60) % 3 == 0, "a", "b")})
    windows = SlidingWindow(3, sequence_id="who", **options).fit_transform(table)
    training, held_out = windows.places.hold_out(0.2)
    for who, n in ((0, 20), (1, 40)):
        series, first, last = rows_of(windows)
        own = series == who
        later, before = (
            np.flatnonzero(own)[np.isin(np.flatnonzero(own), part)] for part in (held_out, training)
        )
        assert len(later) == round(0.2 * own.sum())
        assert last[later].max() == n - 1  # the last ones
        gap = first[later].min() - last[before].max()
        assert 0 < gap <= options.get("stride", 1)
        left_out = set(np.flatnonzero(own)) - {*later, *before}
        assert all(first[later].min() <= last[one] < last[later].min() for one in left_out)


@pytest.mark.parametrize("weighted", [False, True])
def test_the_last_windows_are_held_out_in_a_pipeline(weighted):
    """With labels, as numbers are standardised by the targets of all windows."""
    y, n = (Y > 0).astype(int), 10 * weighted  # so many have no weight
    weight = {"gruclassifier__sample_weight": (np.arange(60) >= n) * 1.0}
    model = make_pipeline(SlidingWindow(4), GRUClassifier(**QUICK)).fit(X, y, **weight)
    windows, held = np.array(SlidingWindow(4).fit_transform(X)), 5 if weighted else 6
    training = slice(n, 60 - held - 3)
    same = GRUClassifier(**QUICK)
    same.fit(windows[training], y[training], X_val=windows[-held:], y_val=y[-held:])
    np.testing.assert_allclose(model[-1].validation_loss_curve_, same.validation_loss_curve_)


def test_series_that_are_too_short_are_whole():
    table = np.column_stack([np.repeat([0, 1], [50, 4]), X[:54]])
    training, held_out = SlidingWindow(5, sequence_id=0).fit_transform(table).places.hold_out(0.1)
    assert held_out.tolist() == [45, 46, 47, 48, 49]
    assert training.tolist() == [*range(41), 50, 51, 52, 53]


def test_none_is_left():
    with pytest.raises(ValueError, match=r"none is left to train on\. Pass longer series"):
        make_pipeline(SlidingWindow(59), GRURegressor(**QUICK)).fit(X, Y)


def test_windows_are_arrays():
    windows = SlidingWindow(3).fit_transform(X)
    plain = np.array(windows)
    assert repr(windows) == repr(plain)
    assert isinstance(windows, np.ndarray)
    assert not windows.flags.writeable
    for part in (windows * 2, windows[:, ::2], windows[0], windows[..., 0], windows.mean(axis=0)):
        assert type(part) is np.ndarray
    assert type(windows.sum()) is np.float64
    assert (windows == plain).all()


@pytest.mark.parametrize("rows", [slice(3, 9), [4, 7], np.array([2, 1]), np.arange(60) < 5])
def test_selected_windows_and_copies_know_their_places(rows):
    windows = SlidingWindow(3).fit_transform(X)
    for part in (windows[rows], _safe_indexing(windows, rows), pickle.loads(pickle.dumps(windows))[rows]):
        assert part.places.last.tolist() == np.arange(60)[rows].tolist()
        np.testing.assert_array_equal(part, np.array(windows)[rows])


def test_a_pipeline_with_a_cache_learns_the_same(tmp_path):
    models = [
        make_pipeline(SlidingWindow(4), GRURegressor(**QUICK), memory=memory).fit(X, Y)
        for memory in (None, str(tmp_path), str(tmp_path))
    ]
    curves = [model[-1].validation_loss_curve_ for model in models]
    assert curves[0] == curves[1] == curves[2]


def test_in_cross_validation():
    model = make_pipeline(SlidingWindow(3), GRURegressor(**QUICK))
    scores = cross_val_score(model, X, Y, cv=TimeSeriesSplit(3))
    windows, split = SlidingWindow(3).fit_transform(X), (range(20), range(20, 25))
    of_windows = cross_val_score(GRURegressor(**QUICK), windows, Y, cv=[split])
    assert np.isfinite([*scores, *of_windows]).all()


OVERLAP = "windows that overlap"


@pytest.mark.parametrize("per_step", [False, True])
def test_overlapping_windows_made_by_hand_are_warned_at(per_step):
    windows = np.lib.stride_tricks.sliding_window_view(X[:, 0], 6)[:, :, None]
    y = windows[..., 0] + 1 if per_step else Y[5:]
    with pytest.warns(UserWarning, match=OVERLAP):
        GRURegressor(return_sequences=per_step, **QUICK).fit(windows, y)


@pytest.mark.parametrize(
    "made",
    [
        lambda: np.lib.stride_tricks.sliding_window_view(X[:, 0], 6)[::6, :, None],  # no row twice
        lambda: (rng.rand(50, 8, 20) < 0.02) * 1.0,  # mostly zeros
        lambda: np.ones((30, 5, 2)),
        lambda: np.repeat(rng.normal(size=(30, 1, 2)), 5, axis=1),
        lambda: rng.normal(size=(30, 5, 2)),
    ],
)
def test_sequences_that_do_not_overlap(made):
    sequences = made()
    GRURegressor(**{**QUICK, "validation_fraction": 0.4}).fit(sequences, rng.normal(size=len(sequences)))


def test_a_last_part_that_was_passed():
    windows = np.lib.stride_tricks.sliding_window_view(X[:, 0], 6)[:, :, None]
    GRURegressor(**QUICK).fit(windows[:40], Y[:40], X_val=windows[45:], y_val=Y[45:55])

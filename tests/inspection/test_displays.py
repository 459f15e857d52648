"""Displays show the numbers that they are given, where they are told to, and fail with a reason."""

import ast
import inspect
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import test_docstrings as docstrings
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch
from support.pages import text_of

import skrnn
from skrnn import inspection
from skrnn.inspection import (
    BacktestDisplay,
    ForecastDisplay,
    GateDisplay,
    GradientFlowDisplay,
    SaliencyDisplay,
    TrainingCurveDisplay,
    TruncationDisplay,
    saliency,
    state_trajectory,
)

plt = pytest.importorskip("matplotlib.pyplot")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DISPLAYS = [
    BacktestDisplay,
    ForecastDisplay,
    GateDisplay,
    GradientFlowDisplay,
    SaliencyDisplay,
    TrainingCurveDisplay,
    TruncationDisplay,
]
by_class = pytest.mark.parametrize("display", DISPLAYS, ids=[d.__name__ for d in DISPLAYS])

SMALL = {"hidden_size": 4, "max_iter": 3, "random_state": 0}
RNG = np.random.RandomState(0)
X = RNG.normal(size=(10, 6, 3))
Y = X[:, -2, 0]
LABELS = np.where(Y > 0, "up", "down")
RAGGED = [x[:T] for x, T in zip(X, [6, 2, 3, 4, 5, 6, 1, 2, 3, 4], strict=True)]
TEXTS = ["abc", "c", "ba", "cab", "bbb", "ac", "a", "bc", "b", "ca"]


@pytest.fixture(autouse=True)
def _figures_are_closed():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def model():
    return skrnn.LSTMRegressor(**SMALL).fit(X, Y)


@pytest.fixture(scope="module")
def reader():
    gru = skrnn.GRUClassifier(**SMALL, embedding_size=2)
    return make_pipeline(skrnn.TokenEncoder(), gru).fit(TEXTS, LABELS)


def labels(ax):
    return ax.get_xlabel(), ax.get_ylabel()


def handles(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def colorbars(figure):
    return [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]


# --- all displays ---------------------------------------------------------------------------------

GIVEN = {
    BacktestDisplay: {"steps": np.arange(1, 4), "errors": {"mine": np.ones(3), "last": np.full(3, 2.0)}},
    ForecastDisplay: {
        "series": [
            {
                "name": "a",
                "past_times": np.arange(5),
                "past": np.ones(5),
                "times": np.arange(5, 7),
                "forecast": np.ones(2),
                "bounds": None,
                "actual": None,
            }
        ]
    },
    GateDisplay: {
        "trajectory": Bunch(layer0=Bunch(h=np.zeros((3, 2)), r=np.ones((3, 2)))),
        "layer": "layer0",
    },
    GradientFlowDisplay: {
        "flow": Bunch(lags=np.arange(3), h=[0.1 ** np.arange(3)], c=None, bound=None, reach=[1])
    },
    SaliencyDisplay: {"saliency": [np.ones((4, 1))]},
    TrainingCurveDisplay: {"loss": [2.0, 1.0]},
    TruncationDisplay: {"k1": [1], "k2": [1, None], "scores": np.array([[0.5, np.nan]])},
}


@by_class
def test_drawing_in_axes_or_in_a_new_figure(display):
    new = display(**GIVEN[display])
    assert not hasattr(new, "ax_")
    assert new.plot() is new
    assert new.figure_ is new.ax_.figure
    assert new.figure_.get_layout_engine() is not None
    figure, (left, right) = plt.subplots(1, 2)
    assert new.plot(ax=right).figure_ is figure
    assert not left.has_data()
    figure.canvas.draw()


@by_class
def test_parameters_are_attributes(display):
    given = GIVEN[display]
    assert {name: getattr(display(**given), name) for name in given} == given


@by_class
def test_without_matplotlib_the_error_says_what_to_install(display, monkeypatch):
    for name in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    install = re.escape('pip install "skrnn[plot]"')
    with pytest.raises(ImportError, match=rf"{display.__name__}\.plot needs matplotlib.*{install}"):
        display(**GIVEN[display]).plot()
    needed = inspect.signature(display.from_estimator).parameters.values()
    n = sum(p.default is p.empty for p in needed)
    with pytest.raises(ImportError, match=rf"{display.__name__}\.from_estimator needs matplotlib"):
        display.from_estimator(*[None] * n)


def test_matplotlib_is_imported_only_to_draw():
    for path in Path(inspection.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf8")).body:
            assert "matplotlib" not in ast.dump(node) or isinstance(
                node, (ast.FunctionDef, ast.ClassDef, ast.Expr)
            )


@pytest.mark.parametrize("display", [GateDisplay, TrainingCurveDisplay], ids=["gates", "training"])
def test_several_panels_take_several_axes(display):
    given = {**GIVEN[display], "grad_norm": [1.0, 1.0]}
    if display is GateDisplay:
        given = GIVEN[display]
    _, axes = plt.subplots(3)
    drawn = display(**given).plot(ax=axes[1:])
    assert list(drawn.axes_) == list(axes[1:])
    assert not axes[0].has_data()
    with pytest.raises(ValueError, match="3 axes for 2 panels"):
        drawn.plot(ax=axes)
    figure = plt.figure()
    with pytest.raises(ValueError, match="cannot be divided"):
        drawn.plot(ax=figure.add_axes((0, 0, 1, 1)))


# --- training -------------------------------------------------------------------------------------


def test_training_curves():
    model = skrnn.GRUClassifier(**SMALL, early_stopping=True, clip_norm=0.5, validation_fraction=0.3)
    model.fit(X, LABELS)
    display = TrainingCurveDisplay.from_estimator(make_pipeline(StandardScaler(), model))
    for name, curve in {
        "loss": model.loss_curve_,
        "validation_loss": model.validation_loss_curve_,
        "validation_score": model.validation_scores_,
        "grad_norm": model.grad_norm_curve_,
        "clipped_fraction": model.clipped_fraction_curve_,
    }.items():
        np.testing.assert_array_equal(display.lines_[name].get_ydata(), curve)
        np.testing.assert_array_equal(display.lines_[name].get_xdata(), np.arange(1, 4))
    assert set(display.lines_["clip_norm"].get_ydata()) == {0.5}
    assert [ax.get_ylabel().replace("\n", " ") for ax in display.axes_] == [
        "loss",
        "validation accuracy",
        "gradient norm",
        "share of updates clipped",
    ]
    assert handles(display.ax_) == ["training", "validation"]
    assert display.axes_[-1].get_xlabel() == "epoch"
    assert display.ax_.get_title() == "GRUClassifier"


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_validation_that_was_only_recorded_is_drawn(solver):
    """From the call on that had validation data; the epochs before it leave a gap."""
    model = skrnn.GRURegressor(**SMALL, solver=solver, warm_start=True).fit(X, Y)
    n = len(model.loss_curve_)
    model.fit(X, Y, X_val=X[:5], y_val=Y[:5])
    display = TrainingCurveDisplay.from_estimator(model)
    for name, curve in (
        ("validation_loss", model.validation_loss_curve_),
        ("validation_score", model.validation_scores_),
    ):
        drawn = display.lines_[name].get_ydata()
        np.testing.assert_array_equal(drawn, curve)
        np.testing.assert_array_equal(np.isnan(drawn), np.arange(len(drawn)) < n)
        assert len(drawn) == len(model.loss_curve_) > n
    assert handles(display.ax_) == ["training", "validation"]


def test_panels_without_data_are_left_out():
    model = skrnn.RNNRegressor(**SMALL, clip_norm=None).fit(X, Y)
    assert set(TrainingCurveDisplay.from_estimator(model).lines_) == {"loss", "grad_norm"}
    model.set_params(solver="lbfgs", clip_norm=1.0).fit(X, Y)
    assert set(TrainingCurveDisplay.from_estimator(model).lines_) == {"loss", "grad_norm"}
    display = TrainingCurveDisplay(loss=[1.0], validation_loss=[], k2=[4, 7]).plot()
    assert set(display.lines_) == {"loss", "k2"}
    assert display.axes_[1].get_ylabel() == "k2\n(time steps)"
    assert display.lines_["loss"].get_marker() == "o"


def test_k2_is_drawn_where_it_was_chosen():
    params = SMALL | {"k1": 2, "return_sequences": True}
    y = X[:, :, 0]
    given = skrnn.GRURegressor(**params, k2=3).fit(X, y)
    assert "k2" not in TrainingCurveDisplay.from_estimator(given).lines_
    chosen = skrnn.GRURegressor(**params, k2="auto").fit(X, y)
    line = TrainingCurveDisplay.from_estimator(chosen).lines_["k2"]
    assert line.get_ydata().tolist() == chosen.k2_curve_


def test_training_curves_of_encoder_decoders():
    model = skrnn.GRUEncoderDecoder(hidden_size=3, embedding_size=2, max_iter=2).fit(TEXTS, TEXTS)
    assert len(TrainingCurveDisplay.from_estimator(model).lines_["loss"].get_ydata()) == 2


def test_a_loss_that_falls_far_is_on_a_logarithmic_axis():
    assert TrainingCurveDisplay(loss=[100.0, 1.0]).plot().ax_.get_yscale() == "log"
    assert TrainingCurveDisplay(loss=[100.0, -1.0]).plot().ax_.get_yscale() == "linear"
    assert TrainingCurveDisplay(loss=[2.0, np.nan, 1.0]).plot().ax_.get_yscale() == "linear"


# --- truncation -----------------------------------------------------------------------------------


def search(grid, cls=GridSearchCV, **options):
    pipe = make_pipeline(StandardScaler(), skrnn.GRURegressor(**SMALL, rows="steps"))
    grid = {f"gruregressor__{name}": values for name, values in grid.items()}
    table = RNG.normal(size=(40, 2))
    return cls(pipe, grid, cv=2, **options).fit(table, table[:, 0])


def test_scores_of_a_search_best_over_the_rest():
    found = search({"k1": [5, None, 2], "k2": [None, 4], "alpha": [0, 1.0]})
    display = TruncationDisplay.from_estimator(found)
    assert display.k1 == [2, 5, None]
    assert display.k2 == [4, None]
    assert labels(display.ax_)[0].startswith("k2")
    for (i, j), score in np.ndenumerate(display.scores):
        scores = [
            mean
            for params, mean in zip(
                found.cv_results_["params"], found.cv_results_["mean_test_score"], strict=True
            )
            if params["gruregressor__k1"] == display.k1[i] and params["gruregressor__k2"] == display.k2[j]
        ]
        assert len(scores) == 2
        assert score == max(scores)
        assert display.text_[i, j].get_text() == f"{score:.3g}"
    np.testing.assert_array_equal(display.image_.get_array(), display.scores)
    assert [t.get_text() for t in display.ax_.get_xticklabels()] == ["4", "None\n(= k1)"]
    again = TruncationDisplay.from_cv_results(pd.DataFrame(found.cv_results_), values_format=".1f")
    np.testing.assert_array_equal(again.scores, display.scores)
    assert again.text_[0, 0].get_text() == f"{display.scores[0, 0]:.1f}"


def test_only_one_of_them_and_several_metrics():
    found = search({"k2": [3, 1]}, scoring=["r2", "neg_mean_squared_error"], refit="r2")
    display = TruncationDisplay.from_estimator(found)
    assert display.scores.shape == (1, 2)
    assert display.k1 == ["not searched"]
    np.testing.assert_array_equal(display.scores[0], found.cv_results_["mean_test_r2"][::-1])
    other = TruncationDisplay.from_estimator(found, metric="neg_mean_squared_error")
    assert other.score_name == "neg mean squared error"
    assert (other.scores < 0).all()
    with pytest.raises(ValueError, match=r"metric=None: pass one of 'r2', 'neg_mean_squared_error'"):
        TruncationDisplay.from_cv_results(found.cv_results_)


def test_pairs_that_were_not_tried_are_grey():
    found = search({"k1": [1, 5], "k2": [2, 4]}, RandomizedSearchCV, n_iter=3, random_state=0)
    display = TruncationDisplay.from_estimator(found)
    assert np.isnan(display.scores).sum() == 1
    assert "\N{EN DASH}" in [text.get_text() for text in display.text_.ravel()]


def test_of_a_search_by_halving_the_last_round_counts():
    results = {
        "params": [{"k1": 1, "k2": 2}, {"k1": 1, "k2": 3}, {"k1": 1, "k2": 3}],
        "iter": [0, 0, 1],
        "mean_test_score": [0.5, 0.9, 0.6],
    }
    assert TruncationDisplay.from_cv_results(results).scores.tolist() == [[0.5, 0.6]]


def test_auto_stands_between_numbers_and_none():
    results = {"params": [{"k2": k2} for k2 in (None, 10, "auto", 9)], "mean_test_score": [1, 2, 3, 4]}
    display = TruncationDisplay.from_cv_results(results)
    assert display.k2 == [9, 10, "auto", None]
    assert display.scores.tolist() == [[4, 2, 3, 1]]


TRUNCATION_ERRORS = {
    "nothing": ([{"alpha": 1}], ValueError, "search over k1, k2 or both"),
    "two": ([{"a__k1": 1, "b__k1": 2}], ValueError, r"\['a__k1', 'b__k1'\]"),
}


@pytest.mark.parametrize(
    ("params", "error", "match"), TRUNCATION_ERRORS.values(), ids=list(TRUNCATION_ERRORS)
)
def test_truncation_errors(params, error, match):
    with pytest.raises(error, match=match):
        TruncationDisplay.from_cv_results({"params": params, "mean_test_score": [0.0]})


def test_truncation_needs_a_search(model):
    with pytest.raises(TypeError, match="cv_results_, got LSTMRegressor"):
        TruncationDisplay.from_estimator(model)


# --- saliency -------------------------------------------------------------------------------------


def test_saliency_of_one_sequence_has_signs(model):
    display = SaliencyDisplay.from_estimator(model, X[:1], feature_names=["u", "v", "w"])
    np.testing.assert_allclose(display.image_.get_array(), saliency(model, X[:1])[0].T)
    low, high = display.image_.get_clim()
    assert low == -high
    assert [t.get_text() for t in display.ax_.get_yticklabels()] == ["u", "v", "w"]
    assert display.ax_.get_xlabel() == "time step"
    assert colorbars(display.figure_)[0].get_ylabel() == "gradient of the output"


def test_saliency_of_several_is_their_mean_by_distance(model):
    display = SaliencyDisplay.from_estimator(model, RAGGED)
    S = saliency(model, RAGGED)
    for lag in range(6):
        expected = np.mean([np.abs(s[-1 - lag]) for s in S if len(s) > lag], axis=0)
        np.testing.assert_allclose(display.image_.get_array()[:, -1 - lag], expected)
    assert display.image_.get_extent()[:2] == [-5.5, 0.5]
    assert display.ax_.get_xlabel() == "time step, relative to that of the output"
    line = SaliencyDisplay.from_estimator(model, RAGGED, kind="line").line_
    assert line.get_xdata().tolist() == list(range(-5, 1))
    expected = np.sqrt((display.image_.get_array() ** 2).sum(axis=0))
    np.testing.assert_allclose(line.get_ydata(), expected)


def test_saliency_of_a_step_in_the_middle():
    model = skrnn.GRURegressor(**SMALL, return_sequences=True, bidirectional=True)
    model.fit(X[:, :, :1], X[:, :, 0])
    line = SaliencyDisplay.from_estimator(model, X[:, :, :1], step=2).line_
    assert line.get_xdata().tolist() == [-2, -1, 0, 1, 2, 3]
    expected = np.abs(saliency(model, X[:, :, :1], step=2)).mean(axis=0)[:, 0]
    np.testing.assert_allclose(line.get_ydata(), expected)
    signed = SaliencyDisplay.from_estimator(model, X[:1, :, :1], step=2).line_
    np.testing.assert_allclose(signed.get_ydata(), saliency(model, X[:1, :, :1], step=2)[0, :, 0])


def test_names_of_columns():
    frame = pd.DataFrame(X[0], columns=["u", "id", "w"]).assign(id=[1, 1, 2, 2, 1, 1])
    model = skrnn.GRURegressor(**SMALL, rows="steps", sequence_id="id").fit(frame, frame["w"])
    display = SaliencyDisplay.from_estimator(model, frame)
    assert display.feature_names == ["u", "w"]
    assert [len(S) for S in display.saliency] == [4, 2]


def test_text_is_coloured(reader):
    display = SaliencyDisplay.from_estimator(reader, TEXTS)
    assert [text.get_text() for text in display.text_] == list("".join(TEXTS))
    (boxes,) = display.ax_.collections
    expected = np.concatenate([S / np.abs(S).max() for S in saliency(reader, TEXTS)])
    np.testing.assert_allclose(boxes.get_array(), expected)
    names = [t.get_text() for t in display.ax_.get_yticklabels()]
    assert names == reader.predict(TEXTS).tolist()
    of_up = SaliencyDisplay.from_estimator(reader, TEXTS[:2], output="up")
    assert of_up.output_names == ["up", "up"]


def test_boxes_of_text_do_not_overlap_and_lines_are_broken():
    words = ["a", "longer", "word" * 10, "$x$", "\n"] * 4
    display = SaliencyDisplay(saliency=[np.ones((20, 1))] * 2, tokens=[words, words]).plot()
    (boxes,) = display.ax_.collections
    corners = np.array([path.get_extents().extents for path in boxes.get_paths()])
    assert len(corners) == 40
    assert corners[:, 2].max() <= 60
    for line in np.unique(corners[:, 1]):
        inside = corners[corners[:, 1] == line]
        assert (inside[1:, 0] >= inside[:-1, 2]).all()
    display.figure_.canvas.draw()


def test_tokens_without_an_encoder_are_numbers_or_what_the_user_says():
    ids = [np.array([1, 0, 2]), np.array([2, 1])]
    model = skrnn.GRURegressor(**SMALL, embedding_size=2).fit(ids, [0.0, 1.0])
    assert SaliencyDisplay.from_estimator(model, ids).tokens == [["1", "0", "2"], ["2", "1"]]
    named = SaliencyDisplay.from_estimator(model, ids[:1], tokens=[["u", "v", "w"]])
    assert [text.get_text() for text in named.text_] == ["u", "v", "w"]
    with pytest.raises(ValueError, match="one name for each time step"):
        SaliencyDisplay.from_estimator(model, ids[:1], tokens=[["u"]])
    with pytest.raises(ValueError, match="41 texts: pass 40 or fewer"):
        SaliencyDisplay.from_estimator(model, ids[:1] * 41)


def test_saliency_display_errors(model):
    with pytest.raises(ValueError, match=r"kind must be one of .*'dots'"):
        SaliencyDisplay.from_estimator(model, X, kind="dots")
    with pytest.raises(ValueError, match="needs tokens"):
        SaliencyDisplay.from_estimator(model, X, kind="text")
    with pytest.raises(ValueError, match="tokens is for models with embedding_size"):
        SaliencyDisplay.from_estimator(model, X, tokens=[["u"] * 6] * 10)
    with pytest.raises(ValueError, match="feature_names has 1 names, but X has 3 features"):
        SaliencyDisplay.from_estimator(model, X, feature_names=["u"])


# --- gates ----------------------------------------------------------------------------------------

PANELS = {
    skrnn.RNNRegressor: ["h"],
    skrnn.LSTMRegressor: ["i", "f", "o", "g", "c", "h"],
    skrnn.GRURegressor: ["r", "z", "n", "h"],
}


def test_gates(regressor):
    model = regressor(**SMALL | {"hidden_size": (3, 4)}, bidirectional=True).fit(X, Y)
    display = GateDisplay.from_estimator(model, X[0])
    trajectory = state_trajectory(model, X[0])
    assert list(display.images_) == PANELS[regressor]
    for name, image in display.images_.items():
        np.testing.assert_array_equal(image.get_array(), trajectory.layer1[name].T)
        low, high = image.get_clim()
        assert (low, high) == ((0, 1) if name in "ifrzo" else (-high, high))
    assert len(display.axes_) == len(PANELS[regressor])
    assert display.axes_[0].get_ylabel() == "unit"
    assert display.axes_[-1].get_xlabel() == "time step"
    for layer, name in ((0, "layer0"), ("layer0.reverse", "layer0.reverse"), (-2, "layer0")):
        assert GateDisplay.from_estimator(model, X[0], layer=layer).layer == name
    for layer in (2, "top"):
        with pytest.raises(ValueError, match=f"layer={layer!r} is none of .*'layer1.reverse'"):
            GateDisplay.from_estimator(model, X[0], layer=layer)


def test_steps_are_named_by_tokens(reader):
    display = GateDisplay.from_estimator(reader, "cab")
    assert [t.get_text() for t in display.axes_[-1].get_xticklabels()] == ["c", "a", "b"]
    display = GateDisplay.from_estimator(reader, ["cab"], step_names=["1", "2", "3"])
    assert display.step_names == ["1", "2", "3"]
    crowded = GateDisplay.from_estimator(reader, "abc" * 30)  # no room for so many letters
    assert len(crowded.axes_[-1].get_xticklabels()) < 45


# --- gradient flow --------------------------------------------------------------------------------

LAGS = np.arange(6)


def flow(h, **fields):
    return Bunch(**{"lags": LAGS, "h": h, "c": None, "bound": None, "reach": [np.inf] * len(h), **fields})


def test_gradient_flow_of_layers_and_memory():
    h, c = [0.5**LAGS, 0.1**LAGS], [2 * 0.5**LAGS, 2 * 0.1**LAGS]
    display = GradientFlowDisplay(flow=flow(h, c=c, reach=[np.inf, 2]), name="LSTM").plot()
    for lines, values in ((display.lines_, h), (display.memory_lines_, c)):
        for line, expected in zip(lines, values, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), expected)
    assert [line.get_linestyle() for line in display.lines_] == ["-", "-"]
    assert [line.get_linestyle() for line in display.memory_lines_] == ["--", "--"]
    assert len({line.get_color() for line in display.lines_}) == 2
    assert handles(display.ax_)[::2] == ["LSTM layer 0", "LSTM layer 1"]
    (mark,) = display.reach_marks_
    assert mark.get_xydata().tolist() == [[2, c[1][2]]]  # the later one to fall
    assert "c_{s-k}" in display.ax_.get_ylabel()
    assert display.ax_.get_yscale() == "log"


def test_networks_are_compared_in_one_picture():
    first = GradientFlowDisplay(flow=flow([0.5**LAGS], bound=[0.9**LAGS]), name="RNN").plot()
    second = GradientFlowDisplay(flow=flow([0.8**LAGS]), name="GRU").plot(first.ax_)
    assert first.lines_[0].get_color() != second.lines_[0].get_color()
    assert first.bound_lines_[0].get_linestyle() == ":"
    assert handles(first.ax_) == ["RNN", "RNN, bound", "GRU"]
    bare = GradientFlowDisplay(flow=first.flow).plot(show_bound=False)
    assert bare.bound_lines_ == []


def test_what_a_logarithm_cannot_show_is_left_out():
    h = np.array([1.0, 1e30, np.inf, 0.0, 1e-200, 1.0])
    display = GradientFlowDisplay(flow=flow([h], bound=[10.0 ** (50 * LAGS)], reach=[3])).plot()
    assert np.isnan(display.lines_[0].get_ydata()).tolist() == [False, False, True, True, False, False]
    assert display.reach_marks_ == []
    low, high = display.ax_.get_ylim()
    assert 1e30 < high < 1e32
    assert low > 1e17
    display.figure_.canvas.draw()


def test_a_single_lag_is_a_dot():
    display = GradientFlowDisplay(flow=flow([np.ones(1)], lags=np.arange(1))).plot()
    assert display.lines_[0].get_marker() == "o"
    assert all(tick == int(tick) for tick in display.ax_.get_xticks())


def test_the_legend_of_short_texts_has_room(reader):
    display = SaliencyDisplay.from_estimator(reader, ["a", "b"])
    display.figure_.canvas.draw()
    bar = display.figure_.axes[1]
    box, figure = bar.xaxis.label.get_window_extent(), display.figure_.bbox
    assert figure.x0 <= box.x0
    assert box.x1 <= figure.x1


def test_lags_at_which_nothing_is_left_are_not_shown():
    lags = np.arange(100.0)
    first = GradientFlowDisplay(flow=flow([0.1**lags], lags=lags)).plot()
    assert 12 < first.ax_.get_xlim()[1] < 14  # 1e-12 is the least that is shown
    both = GradientFlowDisplay(flow=flow([0.9**lags], lags=lags)).plot(first.ax_)
    assert 99 < both.ax_.get_xlim()[1] < 105


def test_gradient_flow_of_an_estimator(model):
    options = {"n_samples": 5, "random_state": 0, "max_lag": 4, "share": 0.5}
    display = GradientFlowDisplay.from_estimator(model, X, Y, **options, name="mine", color="red")
    expected = inspection.gradient_flow(model, X, Y, **options)
    np.testing.assert_array_equal(display.flow.h[0], expected.h[0])
    assert display.lines_[0].get_color() == "red"
    assert handles(display.ax_) == ["mine", "mine, memory c"]
    assert len(display.flow.lags) == 5


# --- what users read ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", inspection.__all__)
def test_docstrings_tell_parameters_results_and_errors(name):
    thing = getattr(inspection, name)
    doc = docstrings.parsed(thing)
    docstrings.assert_parameters_are_those(doc, inspect.signature(thing))
    assert ">>> " in "\n".join(doc["Examples"])
    assert doc["See Also"]
    callables = docstrings.own_methods(thing) if inspect.isclass(thing) else {name: thing}
    for one in callables.values():
        doc = docstrings.parsed(one)
        docstrings.assert_parameters_are_those(doc, inspect.signature(one))
        assert len(docstrings.entries(doc, "Returns")) == 1
        assert docstrings.documented_errors(doc)


def test_attributes_are_those_of_a_drawn_display(model, reader):
    for drawn in (
        GateDisplay.from_estimator(model, X[0]),
        GradientFlowDisplay.from_estimator(model, X, Y, n_samples=2),
        SaliencyDisplay.from_estimator(model, X),
        SaliencyDisplay.from_estimator(reader, TEXTS),
        TrainingCurveDisplay.from_estimator(model),
        TruncationDisplay(**GIVEN[TruncationDisplay]).plot(),
    ):
        documented = set(docstrings.entries(docstrings.parsed(type(drawn)), "Attributes"))
        assert {name for name in vars(drawn) if name.endswith("_")} == documented, type(drawn)


def test_the_reference_has_a_page_of_each():
    text = text_of("api.rst").split(".. currentmodule:: skrnn.inspection")[1]
    text = text.split(".. currentmodule::")[0]
    listed = re.findall(r"^   (\w+)$", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(inspection.__all__)
    template = text_of("_templates", "autosummary", "display.rst")
    on_page = set(re.findall(r"automethod:: (\w+)", template))
    assert {name for display in DISPLAYS for name in docstrings.own_methods(display)} == on_page

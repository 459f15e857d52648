"""Progress: a line per epoch, a live bar, and what they say."""

import builtins
import io
import re
import sys

import numpy as np
import pytest

import skrnn
from skrnn._engine.run import History
from skrnn._estimators import progress as _progress
from skrnn._estimators.progress import Bar, Clock, Report, duration, figures

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.RandomState(0).normal(size=(20, 5, 2))
y = (X[:, -1, 0] > 0).astype(int)
SMALL = {"hidden_size": 3, "random_state": 0, "max_iter": 3, "batch_size": 7}


def history_of(n, validation=False):
    history = History()
    for k in range(n):
        history.record(1 / (k + 1), 0.5, 0.25, 4, (0.125, 0.75) if validation else None)
    return history


def clock(monkeypatch, seconds):
    """Every look at the clock takes so many seconds."""
    times = iter(np.arange(100) * seconds)
    monkeypatch.setattr(_progress.Clock.__init__, "__defaults__", (lambda: next(times),))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"), (0.26, "0.3 s"), (9.94, "9.9 s"), (9.96, "10 s"), (41.4, "41 s"),
        (59.7, "1 min 00 s"),
        (200, "3 min 20 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min"), (360000, "100 h 00 min"),
    ],
)  # fmt: skip
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_the_line_of_an_epoch(monkeypatch, capsys):
    clock(monkeypatch, 2.0)
    report, history = Report(max_iter=30, n_steps=1000), history_of(3, validation=True)
    report.begin_epoch(2)
    report.end_epoch(history, 2)
    assert capsys.readouterr().out == (
        "Epoch 3/30, loss 0.333333, validation loss 0.125, validation score 0.7500, gradient norm 0.5, "
        "clipped 25%, 500 steps/s, 54 s left\n"
    )


def test_a_line_is_written_in_one_piece_and_at_once(monkeypatch):
    """So that threads do not mix them, and a log file can be followed."""
    calls = []

    class Log:
        def write(self, text):
            calls.append(text)

        def flush(self):
            calls.append("flush")

    monkeypatch.setattr(sys, "stdout", Log())
    report = Report(max_iter=2, n_steps=10)
    report.begin_epoch(0)
    report.end_epoch(history_of(1), 0)
    line, flush = [text for text in calls if text]
    assert line.endswith("left\n")
    assert flush == "flush"


def test_time_left_is_that_of_all_epochs_so_far():
    times = iter([0, 1, 10, 13])
    watch = Clock(max_iter=5, n_steps=6, now=lambda: next(times))
    texts = []
    for epoch in range(2):
        watch.begin_epoch()
        watch.end_epoch()
        texts.append(watch.texts(epoch))
    assert texts == [["6 steps/s", "4.0 s left"], ["2 steps/s", "6.0 s left"]]


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_1(early_stopping, solver, capsys):
    model = skrnn.GRUClassifier(**SMALL, verbose=1, solver=solver, early_stopping=early_stopping)
    model.fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_ == 3
    number = r"[\d.e+-]+"
    pattern = f"Epoch (.)/3, loss ({number})"
    if early_stopping and solver == "adam":
        pattern += f", validation loss ({number}), validation score ({number})"
    pattern += f", gradient norm ({number}), clipped ({number})%, [\\d,]+ steps/s, {number} s left"
    found = [re.fullmatch(pattern, line).groups() for line in lines]
    epochs, losses, *validation, norms, clipped = (
        [float(v) for v in values] for values in zip(*found, strict=True)
    )
    assert epochs == [1, 2, 3]
    np.testing.assert_allclose(losses, model.loss_curve_, rtol=1e-5)
    np.testing.assert_allclose(norms, model.grad_norm_curve_, rtol=1e-2)
    np.testing.assert_allclose(np.divide(clipped, 100), model.clipped_fraction_curve_, atol=0.006)
    if validation:
        np.testing.assert_allclose(validation[0], model.validation_loss_curve_, rtol=1e-5)
        np.testing.assert_allclose(validation[1], model.validation_scores_, atol=1e-4)


def test_steps_are_those_of_all_sequences(monkeypatch, capsys):
    clock(monkeypatch, 1.0)
    ragged = [x[: 1 + k % 5] for k, x in enumerate(X)]  # 60 steps
    skrnn.GRUClassifier(**SMALL, verbose=1).fit(ragged, y)
    assert "60 steps/s, 2.0 s left" in capsys.readouterr().out.splitlines()[0]


def test_partial_fit_prints_a_line(capsys):
    skrnn.GRUClassifier(**SMALL, verbose=1).partial_fit(X, y, classes=[0, 1])
    assert capsys.readouterr().out.startswith("Epoch 1/1, loss ")


def test_nothing_is_shown_without_verbose(monkeypatch, capsys):
    monkeypatch.delattr("skrnn._estimators.trainer.progress")  # nobody is asked
    skrnn.GRUClassifier(**SMALL).partial_fit(X, y, classes=[0, 1])
    assert capsys.readouterr().out == ""


# --- the bar --------------------------------------------------------------------------------------


@pytest.fixture
def screen(monkeypatch):
    """A terminal of 120 columns, as text."""
    console = pytest.importorskip("rich.console")
    text = io.StringIO()
    make = console.Console
    monkeypatch.setattr(
        "rich.progress.get_console", lambda: make(file=text, force_terminal=True, width=120)
    )
    return text


def plain(text):
    """Without the codes of colours and of moving about."""
    return re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", text.getvalue())


@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_2_is_a_bar(early_stopping, screen, capsys):
    model = skrnn.GRUClassifier(**SMALL, verbose=2, early_stopping=early_stopping).fit(X, y)
    last = plain(screen).strip().splitlines()[-1]
    assert re.match(rf"Epoch 3/3 \S+ loss {model.loss_:.6g}, ", last)
    assert ("validation score" in last) == early_stopping
    assert last.rstrip().endswith("steps/s")
    assert capsys.readouterr().out == ""


def test_the_bar_moves_within_an_epoch(screen):
    bar = Bar(max_iter=2, n_sequences=8, n_steps=80)
    try:
        bar.begin_epoch(1)
        bar.progress(6)
        assert bar.bar.tasks[0].completed == 1.75
        bar.end_epoch(history_of(2), 1)
        assert bar.bar.tasks[0].completed == 2
    finally:
        bar.close()
    assert bar.bar.finished


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_the_bar_ends_with_training(error, screen, monkeypatch):
    bars = []
    start = Bar.__init__
    monkeypatch.setattr(Bar, "__init__", lambda self, *args: (bars.append(self), start(self, *args))[1])

    def fail(self, n):
        raise error

    monkeypatch.setattr(Bar, "progress", fail)
    with (
        pytest.warns(UserWarning, match="interrupted")
        if error is KeyboardInterrupt
        else pytest.raises(error)
    ):
        skrnn.GRUClassifier(**SMALL, verbose=2).fit(X, y)
    assert not bars[0].bar.live.is_started


def test_within_another_display_lines_are_printed(monkeypatch, capsys):
    errors = pytest.importorskip("rich.errors")

    def taken(self):
        raise errors.LiveError("Only one live display may be active at once")

    monkeypatch.setattr("rich.progress.Progress.start", taken)
    skrnn.GRUClassifier(**SMALL, verbose=2).fit(X, y)
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_without_the_library_nothing_is_trained(monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "rich":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    model = skrnn.GRUClassifier(**SMALL, verbose=2)
    with pytest.raises(ImportError, match=r"verbose=2 .* rich.*verbose=1"):
        model.fit(X, y)
    with pytest.raises(ImportError, match=r"verbose=2 .* rich.*verbose=1"):
        model.partial_fit(X, y, classes=[0, 1])
    assert not hasattr(model, "loss_curve_")
    model.set_params(verbose=0).fit(X, y)


def test_figures():
    assert figures(history_of(1)) == ["loss 1", "gradient norm 0.5", "clipped 25%"]

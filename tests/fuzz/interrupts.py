"""Interruptions from the keyboard at random moments: ``python tests/fuzz/interrupts.py --times 500``.

Every kind of call is made in this process, and interrupted by a signal somewhere between its beginning
and its end. Then the estimator must be whole: what it was before, or fitted, finite, and able to answer,
to be pickled and to be trained on; the limits of BLAS, warning filters and files must be as before.
"""

import argparse
import collections
import os
import pickle
import random
import signal
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_info, threadpool_limits

import skrnn
from skrnn import _kernels
from skrnn.callbacks import Checkpoint

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 12, 2))
Y = X.sum(axis=(1, 2))
ROWS = np.column_stack([np.repeat(np.arange(4), 30), RNG.normal(size=(120, 2))])
Z, GRID, TEXTS = ROWS[:, 1], {"k1": [None, 3]}, (["abc", "cb"] * 8, ["cba", "bc"] * 8)
SMALL = {"hidden_size": 8, "max_iter": 8, "tol": None, "random_state": 0}
STEPS = {"rows": "steps", "sequence_id": 0, "initial_state": "last"}
FOLDER = Path(tempfile.mkdtemp())


def again(method, *data):
    """A call of a method of an estimator."""
    return lambda estimator: getattr(estimator, method)(*data)


def with_checkpoint(estimator):
    estimator.set_callbacks(Checkpoint(FOLDER / "checkpoint"))
    return estimator.fit(X, Y)


def in_parts(estimator):
    return skrnn.fit_stream(
        estimator, [lambda: (X[:20], Y[:20]), lambda: (X[20:], Y[20:])], 4, checkpoint=FOLDER / "parts"
    )


def learn(estimator):
    """A stream that learns; the estimator itself stays as it is."""
    stream = estimator.stream(2)
    for row, y in zip(ROWS[:60, 1:], ROWS[:60, 1], strict=True):
        stream.learn(np.array([row, row]), np.array([y, y]))
    return estimator


def fitted(make):
    return lambda: make().fit(ROWS[:60], ROWS[:60, 1])


KINDS = {
    "fit": (lambda: skrnn.GRURegressor(**SMALL), again("fit", X, Y)),
    "fit in float32": (lambda: skrnn.LSTMRegressor(**SMALL, dtype="float32"), again("fit", X, Y)),
    "fit of k1": (lambda: skrnn.RNNRegressor(**SMALL, k1=2, k2=4, **STEPS), again("fit", ROWS, Z)),
    "fit of lbfgs": (lambda: skrnn.GRURegressor(**SMALL, solver="lbfgs"), again("fit", X, Y)),
    "early stopping": (lambda: skrnn.GRUClassifier(**SMALL, early_stopping=True), again("fit", X, Y > 0)),
    "fit again": (lambda: skrnn.GRURegressor(**SMALL).fit(X[:, ::-1], Y), again("fit", X, Y)),
    "warm start": (lambda: skrnn.GRURegressor(**SMALL, warm_start=True).fit(X, Y), again("fit", X, Y)),
    "n_jobs": (lambda: skrnn.GRURegressor(**SMALL, n_jobs=2), again("fit", X, Y)),
    "partial_fit": (fitted(lambda: skrnn.GRURegressor(**SMALL, **STEPS)),
                    again("partial_fit", ROWS[60:], ROWS[60:, 1])),
    "online": (fitted(lambda: skrnn.GRURegressor(**SMALL, **STEPS, gradient="snap1")),
               again("partial_fit", ROWS[60:], ROWS[60:, 1])),
    "stream": (fitted(lambda: skrnn.GRURegressor(**SMALL, **STEPS, gradient="rtrl")), learn),
    "predict": (lambda: skrnn.GRURegressor(**SMALL).fit(X, Y), again("predict", np.tile(X, (60, 1, 1)))),
    "search": (lambda: GridSearchCV(skrnn.GRURegressor(**SMALL), GRID, cv=2), again("fit", X, Y)),
    "checkpoint": (lambda: skrnn.GRURegressor(**SMALL), with_checkpoint),
    "fit_stream": (lambda: skrnn.GRURegressor(**SMALL), in_parts),
    "pairs": (lambda: skrnn.GRUEncoderDecoder(**SMALL), again("fit", *TEXTS)),
    "number pairs": (lambda: skrnn.GRUEncoderDecoderRegressor(**SMALL), again("fit", X, X[:, :3])),
    "forecaster": (lambda: skrnn.Forecaster(skrnn.GRURegressor(**SMALL), horizon=3, levels=0.5),
                   again("fit", np.empty((60, 0)), ROWS[:60, 1])),
    "conformal": (lambda: skrnn.ConformalRegressor(skrnn.GRURegressor(**SMALL), levels=0.5, cv=2),
                  again("fit", X, Y)),
    "transformer": (lambda: skrnn.preprocessing.SeriesScaler(), again("fit_transform", list(X) * 20)),
}  # fmt: skip


def state():
    """What calls must leave as it was, beside estimators."""
    blas = sorted(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
    return blas, list(warnings.filters), np.geterr(), _kernels.build, sorted(os.listdir(FOLDER))


def interrupted(call, seconds):
    """Whether the call was cut off; if not, it ended before, or took the interruption for its end."""
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-6))
        call()
        signal.setitimer(signal.ITIMER_REAL, 0)
        return False
    except KeyboardInterrupt:
        return True
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)


def check_whole(estimator, before, kind):
    """An estimator after a call that was interrupted."""
    now = pickle.dumps(estimator)
    if now == before:
        return "unchanged"
    assert kind not in ("predict", "stream"), "changed by a call that changes nothing"
    again = pickle.loads(now)
    for name, W in getattr(again, "weights_", {}).items():
        assert np.isfinite(W).all(), name
    known = hasattr(again, "loss_curve_")
    if known:
        of_data = {"pairs": ["abc"], "fit of k1": ROWS, "partial_fit": ROWS[60:], "online": ROWS[60:]}
        again.predict(of_data.get(kind, X))
        assert np.isfinite(again.loss_curve_).all()
        assert len(again.loss_curve_) <= 2 * SMALL["max_iter"] + 1
    return "trained"


def once(kind, duration, rng):
    """One interruption of one call: what came of it."""
    make, call = KINDS[kind]
    for file in FOLDER.iterdir():
        file.unlink()
    estimator = make()
    before = pickle.dumps(estimator)
    known = state()[:-1]
    raised = interrupted(lambda: call(estimator), rng.uniform(0, 1.05 * duration))
    if hasattr(estimator, "set_callbacks") and kind == "checkpoint":
        estimator.set_callbacks()
    for was, now in zip(known, state()[:-1], strict=True):
        assert was == now, f"{was} became {now}"
    whole = check_whole(estimator, before, kind)
    files = sorted(os.listdir(FOLDER))
    assert all(not name.endswith(".tmp") for name in files), files
    for name in files:
        Checkpoint.load(FOLDER / name)
    _trains_on(kind, estimator)
    return f"{'raised' if raised else 'returned'}, {whole}"


def _trains_on(kind, estimator):
    """The same call, undisturbed, goes through."""
    KINDS[kind][1](estimator)


def duration_of(kind):
    make, call = KINDS[kind]
    call(make())
    estimator = make()
    start = time.perf_counter()
    call(estimator)
    return time.perf_counter() - start


def run(times, seed):
    """Outcomes of so many interruptions, spread over all kinds; the failures are printed."""
    rng, outcomes, failures = random.Random(seed), collections.Counter(), 0
    with warnings.catch_warnings(), threadpool_limits(2, "blas"):
        warnings.simplefilter("ignore")
        durations = {kind: duration_of(kind) for kind in KINDS}
        for i in range(times):
            kind = list(KINDS)[i % len(KINDS)]
            try:
                outcomes[f"{kind}: {once(kind, durations[kind], rng)}"] += 1
            except Exception:
                failures += 1
                print(f"FAILURE {kind}\n{traceback.format_exc()[-2500:]}", flush=True)
    return outcomes, failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=int, default=500)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randint(0, 2**31))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    outcomes, failures = run(options.times, options.seed)
    for name, n in sorted(outcomes.items()):
        print(f"{n:6d} {name}")
    print(f"{failures} failures of {options.times}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())

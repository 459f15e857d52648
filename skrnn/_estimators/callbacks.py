"""Callbacks: scikit-learn's protocol, and its part for versions that do not have it yet.

Since version 1.9 scikit-learn has callbacks (:mod:`sklearn.callback`): objects with ``setup``,
``on_fit_task_begin``, ``on_fit_task_end`` and ``teardown`` that an estimator gets by ``set_callbacks``.
They see a tree of tasks: "fit" with one task per epoch, at whatever depth of pipelines and searches. The
interface is young and may change; what is used of it is here. Of earlier versions the estimators have the
same methods from ``_Support``, for callbacks set on themselves; pipelines and searches know none.

``Tasks`` tells the callbacks what training tells its observers (``progress.py``).
"""

import functools
import inspect
import reprlib
import sys
import threading
import warnings

import numpy as np

from skrnn._engine.observers import Observer
from skrnn._reading.advice import INNER

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before 1.9
    CallbackSupportMixin = with_callbacks = None


class OfAFit:
    """An attribute that an estimator has while it is fitted, and no longer.

    Each thread has its own: several may fit one estimator at a time.
    """

    names = set()  # noqa: RUF012 - of all such attributes

    @classmethod
    def is_name(cls, name):
        """Whether the dict of an estimator has such an attribute under this name."""
        return name.partition(" ")[0] in cls.names

    def __set_name__(self, owner, name):
        self.name = name
        self.names.add(name)

    def _key(self):
        return f"{self.name} {threading.get_ident()}"

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self
        try:
            return vars(estimator)[self._key()]
        except KeyError:
            raise AttributeError(f"{self.name} is only there in fit.") from None

    def __set__(self, estimator, value):
        vars(estimator)[self._key()] = value

    def __delete__(self, estimator):
        if vars(estimator).pop(self._key(), self) is self:
            raise AttributeError(f"{self.name} is only there in fit.")


class Tasks(Observer):
    """The tasks of one call of fit; a context in which training runs.

    Callbacks are given X and y as they were passed to fit, the sample weight as ``metadata``, and as
    ``fitted_estimator`` a copy of the estimator as if fit had stopped there. If there are any, the
    estimator's own attributes are up to date in every call, too; where training then fails, they are
    taken back.

    An error in a callback ends training as if the callback had asked for it; ``end`` raises it.

    Parameters
    ----------
    estimator : Trainable
    trainer : Trainer
    X, y, sample_weight : what fit was given
    """

    def __init__(self, estimator, trainer, X, y, sample_weight):
        self.estimator, self.trainer = estimator, trainer
        self.error = self.epoch = None
        self.changed = set()  # parameters, since fit has begun
        self.metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self.X, self.y = X, y
        self.before, self.shown, self.keeps = fit_before(estimator), None, False

    def __enter__(self):
        run, self.called_at = self.trainer.run, _height_of_caller()
        self.fit = self.estimator._init_callback_context(max_subtasks=run.max_iter - run.epoch)
        # nobody to tell: no context for every epoch
        self.silent = not getattr(self.fit, "_callbacks", True)
        self.estimator._tasks = self
        try:
            self._show()
            self._tell(self.fit.call_on_fit_task_begin)
        except BaseException:
            self._take_back()
            raise
        return self

    def __exit__(self, kind, error, traceback):
        if error is None or self.keeps:
            del self.estimator._tasks
        else:
            self._take_back()

    def _show(self):
        """Let the callbacks see, in the estimator itself, what has come out so far."""
        if not self.silent:
            self.shown = self.trainer.fitted()
            self.estimator._publish(self.shown)

    def _take_back(self):
        # what another thread has published since is not taken back
        if self.shown is not None and vars(self.estimator).get("_fitted") is self.shown:
            self.estimator._publish(self.before)
        del self.estimator._tasks  # last: see ``fit_before``

    def _tell(self, hook, *, at_end=False):
        answer = hook(
            estimator=self.estimator, X=self.X, y=self.y, metadata=self.metadata,
            reconstruction_attributes=lambda: vars(snapshot(self.estimator)),
        )  # fmt: skip
        if not (self.silent or at_end):  # what is set at the end is for the next call
            self._advise_on_changes()
        return answer

    def _advise_on_changes(self):
        """Warn of parameters that a callback has changed: training goes by those that it began with."""
        for name, value in self.estimator.get_params(deep=False).items():
            began_with = self.trainer.settings.given[name]
            if name in self.changed or are_equal(value, began_with):
                continue
            self.changed.add(name)
            warnings.warn(
                f"{name} was changed to {reprlib.repr(value)} while fit was running, which goes on with "
                f"{reprlib.repr(began_with)}: set parameters between calls. For a rate that changes see "
                "learning_rate; to choose every epoch's parameters, fit with warm_start=True and a few "
                "epochs at a time.",
                stacklevel=_height(sys._getframe()) - self.called_at + 1,
            )

    def begin_epoch(self, epoch):
        try:
            self.epoch = self.fit.subcontext(task_name="epoch")
            self._tell(self.epoch.call_on_fit_task_begin)
        except Exception as error:
            self.error = error
        return self.error is not None

    def end_epoch(self, history, epoch):
        self._show()
        try:
            return self._tell(self.epoch.call_on_fit_task_end)
        except Exception as error:
            self.error = error
            return True

    def check(self):
        """After training: raise what a callback has raised before the first epoch had ended."""
        if self.error is not None and not self.trainer.n_epochs:
            raise self.error

    def end(self):
        """The estimator is fitted; raises what a callback has raised."""
        self.keeps = True
        if self.error is not None:
            raise self.error
        self._tell(self.fit.call_on_fit_task_end, at_end=True)


def fit_before(estimator):
    """What a call may go on from: what the estimator has come to; None if it is not fitted.

    Not what callbacks are shown of another thread's fit, whose run, random numbers and solver change
    meanwhile, but what was there before that. Such a fit replaces what it has shown before its tasks go,
    so that one of both still tells, if nothing was published in between.
    """
    mine, own = vars(estimator), type(estimator)._tasks._key()
    while True:
        fitted, now = mine.get("_fitted"), mine.copy()
        run = getattr(fitted, "run", None)
        others = [v for name, v in now.items() if name.startswith("_tasks ") and name != own]
        under_way = [tasks for tasks in others if run is not None and tasks.trainer.run is run]
        if mine.get("_fitted") is fitted:
            return under_way[0].before if under_way else fitted


def _height(frame):
    """How many frames are on the stack, from the first one to this."""
    height = 0
    while frame is not None:
        height, frame = height + 1, frame.f_back
    return height


def _height_of_caller():
    """The height of the line of a user that called fit.

    Between it and what training tells its observers there may be anybody: SciPy, contextlib.
    """
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(INNER):
        frame = frame.f_back
    return _height(frame)


def are_equal(a, b):
    """Whether two values of a parameter are the same, as far as they can be compared."""
    if a is b:
        return True
    try:
        return bool(np.all(a == b))
    except (TypeError, ValueError):
        return False


def snapshot(estimator):
    """A copy of an estimator in fit, as if that had ended with the latest epoch.

    Another call of fit, with warm_start, finishes the run.
    """
    copy = object.__new__(type(estimator))
    copy.__setstate__(estimator.__getstate__())
    copy._publish(estimator._tasks.trainer.snapshot())
    return copy


def is_interrupted(estimator):
    """Whether the user has ended the run of an estimator in fit, maybe in the middle of an epoch."""
    return estimator._tasks.trainer.run.interrupted


# --- before scikit-learn 1.9 ----------------------------------------------------------------------

HOOKS = ("setup", "on_fit_task_begin", "on_fit_task_end", "teardown")


class _Context:
    """A task: the attributes and methods of scikit-learn's that are of use without meta-estimators."""

    source_estimator_name = source_task_name = None

    def __init__(self, estimator_name, callbacks, task_name, task_id, max_subtasks, parent=None):
        self.estimator_name, self._callbacks = estimator_name, callbacks
        self.task_name, self.task_id, self.max_subtasks = task_name, task_id, max_subtasks
        self.parent, self.n_subtasks, self.sequential_subtasks = parent, 0, True

    def subcontext(self, task_name="", max_subtasks=0):
        self.n_subtasks += 1
        return _Context(
            self.estimator_name, self._callbacks, task_name, self.n_subtasks - 1, max_subtasks, self
        )

    def call_on_fit_task_begin(self, *, estimator, **what):
        self._call("on_fit_task_begin", estimator, what)
        return self

    def call_on_fit_task_end(self, *, estimator, **what):
        return self._call("on_fit_task_end", estimator, what)

    def _call(self, name, estimator, what):
        attributes = what.pop("reconstruction_attributes", None)
        stop = False
        for callback in self._callbacks:
            hook = getattr(callback, name)
            wanted = [
                p.name for p in inspect.signature(hook).parameters.values() if p.kind == p.KEYWORD_ONLY
            ]
            if attributes and "fitted_estimator" in wanted and "fitted_estimator" not in what:
                copy = object.__new__(type(estimator))
                vars(copy).update(attributes())
                what["fitted_estimator"] = copy
            stop |= bool(hook(estimator, self, **{key: what.get(key) for key in wanted}))
        return stop


class _Support:
    """Mixin: ``set_callbacks``, for callbacks that go with clones and stay out of the parameters."""

    def set_callbacks(self, *callbacks):
        """Set callbacks for the estimator.

        Parameters
        ----------
        *callbacks : callback instances
            Objects with the methods ``setup(estimator, context)``, ``on_fit_task_begin(estimator,
            context)``, ``on_fit_task_end(estimator, context)``, where True ends training, and
            ``teardown(estimator, context)``. The middle two may ask for the keyword arguments X, y,
            metadata and fitted_estimator. None: those set before are removed.

        Returns
        -------
        self : estimator instance
            The estimator.

        Raises
        ------
        TypeError
            If one of them lacks one of the methods.
        """
        for callback in callbacks:
            if isinstance(callback, type) or not all(hasattr(callback, hook) for hook in HOOKS):
                raise TypeError("callbacks must be instances following the FitCallback protocol.")
        vars(self).pop("_skl_callbacks", None)
        if callbacks:
            self._skl_callbacks = list(callbacks)
        return self

    def __sklearn_clone__(self):
        clone = super().__sklearn_clone__()
        return clone.set_callbacks(*getattr(self, "_skl_callbacks", ()))

    def _init_callback_context(self, max_subtasks=0):
        callbacks = getattr(self, "_skl_callbacks", [])
        context = _Context(type(self).__name__, callbacks, "fit", 0, max_subtasks)
        self._callback_fit_ctx, self._skl_callbacks_to_teardown = context, []
        for callback in callbacks:
            self._skl_callbacks_to_teardown.append(callback)
            callback.setup(estimator=self, context=context)
        return context


def _with_callbacks(method):
    """Decorator: after the method, however it ends, every callback that was set up is torn down."""

    @functools.wraps(method)
    def managed(self, *args, **kwargs):
        try:
            return method(self, *args, **kwargs)
        finally:
            context, errors = getattr(self, "_callback_fit_ctx", None), []
            for callback in getattr(self, "_skl_callbacks_to_teardown", ()):
                try:
                    callback.teardown(estimator=self, context=context)
                except Exception as error:
                    errors.append(error)
            if context is not None:
                del self._callback_fit_ctx, self._skl_callbacks_to_teardown
            if errors:
                raise errors[0]

    return managed


if CallbackSupportMixin is None:
    CallbackSupportMixin, with_callbacks = _Support, _with_callbacks


class HasTasks(CallbackSupportMixin):
    """Mixin: ``set_callbacks``, also where several threads fit one estimator."""

    _tasks, _callback_fit_ctx, _skl_callbacks_to_teardown = OfAFit(), OfAFit(), OfAFit()

    def __getstate__(self):
        """Without what only belongs to a fit at work, and has the data: callbacks may copy and pickle."""
        return {name: v for name, v in super().__getstate__().items() if not OfAFit.is_name(name)}


def as_task(fit):
    """Decorator of a fit without iterations: it is one task."""

    @with_callbacks
    @functools.wraps(fit)
    def told(self, X, y=None, **params):
        context = self._init_callback_context()
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        fitted = fit(self, X, y, **params)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return fitted

    return told

"""Which sequences ``validation_fraction`` holds out, and when they are too few.

``split(n, fraction, random_state, labels)``  -> numbers of the sequences to train on, of those held out
``check_validation(held_out, taken)``          raises if they are too few for a score

``labels`` : (n,) numbers of classes, of single labels; None of everything else. Both parts have the
classes in their shares, where that is possible. Where it is not, the validation set is drawn at random,
with a warning, and a sequence of every class stays behind: a class that validation lacks is not watched,
but one that training lacks is not learned.

To split by something else than labels: a branch of ``split``, and what it cannot do said here.
"""

import numpy as np
from sklearn.model_selection import train_test_split

from skrnn._reading.advice import warn
from skrnn._settings.quoting import listed

INSTEAD = "pass X_val and y_val, or set early_stopping=False."


def split(n, fraction, random_state, labels=None, classes=None):
    """The numbers of the sequences to train on, and of those held out; an error if either are none.

    Parameters
    ----------
    labels : (n,) of int, optional
        The class of every sequence, as its number in ``classes``.
    classes : array, optional
        The labels, for messages.
    """
    n_out = int(np.ceil(n * fraction))
    if n_out >= n:
        what, how = f"{n} sequences", "Lower validation_fraction"
        if n == 1:
            what, how = "one sample, a single sequence", "Pass more of them"
        raise ValueError(
            f"early_stopping=True cannot hold out validation_fraction={fraction} of {what}: none would "
            f"be left to train on. {how}, {INSTEAD}"
        )
    if labels is not None:
        obstacle = _obstacle(n_out, np.bincount(labels.astype(np.intp), minlength=len(classes)), classes)
        if obstacle:
            return _split_at_random(n_out, labels, random_state, obstacle)
    return train_test_split(np.arange(n), test_size=fraction, random_state=random_state, stratify=labels)


def _obstacle(n_out, counts, classes):
    """What keeps ``n_out`` sequences from having the shares of the classes, and what helps; or None."""
    n, k, lonely = counts.sum(), int((counts > 0).sum()), classes[counts == 1]
    if k > 1 and len(lonely):
        have = "has a single sequence" if len(lonely) == 1 else "have a single sequence each"
        return f"{listed(lonely)} {have}, which cannot be in both parts", "Pass more of such"
    least = min(n_out, n - n_out)
    if least < k:
        what = f"a part of {least} is smaller than the number of classes, {k}"
        return what, f"Set validation_fraction{_shares(k / n)}"
    return None


def _shares(least):
    """Which shares leave ``least`` in both parts, in words; both ends are among them."""
    low, high = float(f"{least:.3g}"), np.floor((1 - least) * 1000) / 1000
    return f"={low:g}" if low >= high else f" between {low:g} and {high:g}"


def _split_at_random(n_out, labels, random_state, obstacle):
    """A split in which every class keeps a sequence to train on; a warning of what is in the way."""
    n, (what, how) = len(labels), obstacle
    order = random_state.permutation(n)
    kept = order[np.unique(labels[order], return_index=True)[1]]
    free = order[~np.isin(order, kept)]
    if len(free) < 2:
        raise ValueError(
            f"early_stopping=True cannot hold out enough of {n} sequences: one of each of the "
            f"{len(kept)} classes is needed to train on, and the validation set needs two. Pass more of "
            f"them, {INSTEAD}"
        )
    held_out = np.sort(free[:n_out])
    if n_out > 1:  # else there is an error of its own
        warn(
            f"early_stopping=True holds out {len(held_out)} of {n} sequences at random, not by the "
            f"shares of the classes: {what}. Every class has a sequence to train on, but the validation "
            f"set may lack classes, and its loss and score say little of these. {how}, or pass X_val and "
            "y_val."
        )
    return np.setdiff1d(order, held_out), held_out


def taken(held_out, n, labels=None):
    """How many of n sequences are held out, in words; and that all are of one class."""
    of_one = "" if labels is None or len(np.unique(labels)) > 1 else ", all of one class"
    return f"{held_out.n} of {n} sequence(s){of_one}"


def check_validation(held_out, taken=None):
    """Raise if a score of the validation data is not defined: it needs two targets or more.

    ``taken`` says what was held out; None: X_val was passed.
    """
    if (held_out.flat_targets()[1] > 0).sum() >= 2:
        return
    what, how = "X_val is too small", "Pass more."
    if taken is not None:
        what, how = "The validation set is too small", f"Increase validation_fraction, {INSTEAD}"
        how = f"Held out: {taken}. {how}"
    raise ValueError(f"{what}: a score needs two targets or more, with weights above zero. {how}")

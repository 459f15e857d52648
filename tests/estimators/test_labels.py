"""Labels: what is found out about whole numbers by a shorter way than scikit-learn's."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import unique_labels

import skrnn
from skrnn._estimators.labels import accuracy, has_unseen, unseen_labels

FORMS = ["int64", "int8", "uint64", "bool", ">i4", "float64", "<U1", "object"]


@pytest.mark.parametrize("form", FORMS)
def test_classes_are_those_of_scikit_learn(form):
    y = np.array([1, 0, 1, 1, 0, 0]).astype("U1" if form == "object" else form).astype(form)
    model = skrnn.RNNClassifier(2, max_iter=1, tol=None).fit(np.ones((6, 2, 1)), y)
    np.testing.assert_array_equal(model.classes_, unique_labels(y))
    assert model.classes_.dtype == unique_labels(y).dtype


@pytest.mark.parametrize("n_kinds", [10, 11, 12])
def test_very_many_classes_are_warned_of(n_kinds):
    """As by scikit-learn, of more than 20 labels: if they have more kinds than half of them."""
    y = np.arange(22) % n_kinds
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        skrnn.RNNClassifier(2, max_iter=1, tol=None).fit(np.ones((22, 2, 1)), y)
    assert any("greater than 50%" in str(w.message) for w in caught) == (n_kinds > 11)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        skrnn.RNNClassifier(2, max_iter=1, tol=None).fit(np.ones((20, 2, 1)), np.arange(20))


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool", "float64", "object"])
@pytest.mark.parametrize("labels", [[0, 1], [1], [0, 1, 7], [3], [5, 9]])
def test_labels_that_were_not_seen(dtype, labels):
    y = np.array(labels).astype(dtype)
    for classes in (np.array([0, 1]), np.array([1, 5, 9]), np.array([1])):
        classes = np.unique(classes.astype(dtype))
        assert has_unseen(y, classes) == (len(unseen_labels(y, classes)) > 0)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("weight", [None, np.array([0.1, 0.2, 0.7, 1.3, 0.0])])
def test_accuracy_is_that_of_scikit_learn(form, weight):
    y, predicted = (np.array(labels) for labels in ([1, 0, 1, 1, 0], [1, 1, 1, 0, 0]))
    y, predicted = (one.astype("U1" if form == "object" else form).astype(form) for one in (y, predicted))
    for one in (y, y.tolist(), y.astype("U1")):
        ours, theirs = (
            outcome(score, one, predicted, weight) for score in (accuracy, accuracy_of_sklearn)
        )
        assert ours == theirs
        assert type(ours) is type(theirs)


def accuracy_of_sklearn(y, predicted, weight):
    return accuracy_score(y, predicted, sample_weight=weight)


def outcome(score, *args):
    """What comes out, or the error."""
    try:
        return score(*args)
    except (TypeError, ValueError) as error:
        return type(error), str(error)


@pytest.mark.parametrize(
    ("y", "predicted"), [([], []), ([1], [1, 0]), ([[1]], [1]), ([[1, 0]], [[1, 0]])]
)
def test_accuracy_of_other_shapes(y, predicted):
    y, predicted = np.array(y, dtype=int), np.array(predicted, dtype=int)
    ours = outcome(accuracy, y, predicted, None)
    assert ours == outcome(accuracy_of_sklearn, y, predicted, None)


def test_labels_of_another_type_than_the_classes():
    assert not has_unseen(np.array([1.0, 3.0]), np.array([1, 3]))
    assert has_unseen(np.array([1.5]), np.array([1, 2]))
    assert has_unseen(np.array(["1"]), np.array([1, 2]))

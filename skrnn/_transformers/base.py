"""What the transformers for sequences share (``preprocessing.py``)."""

from sklearn.base import BaseEstimator, TransformerMixin

from skrnn._estimators.base import DOCUMENTATION
from skrnn._estimators.callbacks import HasTasks
from skrnn._estimators.versions import Stamped


class SequenceTransformer(Stamped, HasTasks, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """What the transformers share."""

    _doc_link_module = "skrnn"
    _doc_link_template = DOCUMENTATION + "generated/skrnn.{estimator_name}.html"

    def set_output(self, *, transform=None):
        """Do nothing: sequences have no form of a data frame.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        self : object
            The transformer as it was.
        """
        return self

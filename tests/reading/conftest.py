"""Reading X and y does not depend on the cell."""

from support.one_of_each import classifier, cls, regressor  # noqa: F401

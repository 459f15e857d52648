"""What a parameter may be does not depend on the cell."""

from support.one_of_each import classifier, cls, regressor  # noqa: F401

"""Properties that are computed when first asked for."""


class lazy_property:  # noqa: N801 - a decorator
    """A property that is computed at the first use and then kept as an attribute.

    Without a lock: that of ``functools.cached_property`` in Python 3.11, one for all objects of a
    class, is held meanwhile, and a process forked then by another thread would wait for it for ever.
    Two threads that ask at the same time both compute the value.
    """

    def __init__(self, compute):
        self.compute, self.__doc__ = compute, compute.__doc__

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        value = vars(instance)[self.name] = self.compute(instance)
        return value

"""From the table of parameters to constructors, constraints and docstrings of classes."""

import inspect
import textwrap
from functools import cache

from skrnn._settings.table import ATTRIBUTES, PARAMETERS, REFERENCES

MARK = ".. parameters and attributes\n"  # where a docstring has these sections
SOURCE = "<constructor made by skrnn._settings.build>"  # the file that tracebacks name


def of(owners):
    """The parameters of a class with these owners, in order, with its defaults."""
    return {name: p for name, p in PARAMETERS.items() if p.owner == "all" or p.owner in owners}


def attributes_of(owners):
    """The attributes of a class with these owners, in order."""
    return {name: a for name, a in ATTRIBUTES.items() if a.owner == "all" or a.owner in owners}


def make_init(cls, parameters):
    """The ``__init__`` of ``cls``: it stores ``parameters``, of which all but the first are keyword-only.

    It is compiled from source, as those of dataclasses are. So Python itself reads the arguments, and its
    errors name the class.
    """
    first, *others = (f"{name}={name}" for name in parameters)
    source = [f"def __init__({', '.join(['self', first, '*', *others])}):"]
    source += [f"    self.{name} = {name}" for name in parameters]
    # the defaults, by name, for the moment of the definition; pickles of classes need the module
    names = {name: p.default for name, p in parameters.items()} | {"__name__": cls.__module__}
    exec(compile("\n".join(source), SOURCE, "exec"), names)
    init = names["__init__"]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__doc__ = "Store the parameters; `fit` checks them."
    return init


def has_own_init(cls):
    """Whether a user has written the ``__init__`` that ``cls`` inherits."""
    code = getattr(cls.__init__, "__code__", None)  # none for that of object
    return code is not None and code.co_filename != SOURCE


def documentation(title, entries):
    """A numpydoc section of parameters or attributes."""
    lines = [title, "-" * len(title)]
    lines += [f"{name} : {p.type}\n    {filled(p.text)}" for name, p in entries.items()]
    return "\n".join(lines) + "\n"


@cache
def filled(text):
    """A text in lines of a docstring. Most are those of all classes: wrapping takes time at import."""
    return "\n    ".join(textwrap.wrap(text, 88))


def complete_class(text, sections, references):
    """A class's docstring with ``sections`` at its mark; at its end if it has none, as users write it."""
    text = inspect.cleandoc(text or "")  # none with python -OO
    if MARK not in text:
        if "Parameters\n---" in text:
            return text
        text += f"\n\n{MARK}"
    return text.replace(MARK, "\n".join(sections)).replace(".. shared references\n", references).lstrip()


def build(cls, parameters, attributes, references=REFERENCES):
    """Give ``cls`` its constructor, constraints and docstring.

    A class keeps a constructor that a user has written for one above it.
    """
    if has_own_init(cls):
        return
    cls.__init__ = make_init(cls, parameters)
    cls._parameters = sorted(parameters)
    cls._parameter_constraints = {name: p.constraint for name, p in parameters.items()}
    sections = documentation("Parameters", parameters), documentation("Attributes", attributes)
    cls.__doc__ = complete_class(cls.__doc__, sections, references)

"""From the table of parameters to constructors, constraints and docstrings of classes."""

import inspect
import textwrap

from skrnn._settings.table import ATTRIBUTES, PARAMETERS, REFERENCES


def of(owners):
    """The parameters of a class with these owners, in order, with its defaults."""
    return {
        name: _with_default_of(owners, p)
        for name, p in PARAMETERS.items()
        if p.owner == "all" or p.owner in owners
    }


def _with_default_of(owners, p):
    default = next((p.default_of[owner] for owner in owners if owner in (p.default_of or {})), p.default)
    return p._replace(default=default, type=p.type.replace("{default}", repr(default)))


def make_init(parameters):
    """An ``__init__`` that does nothing but store ``parameters``, with their signature.

    All are keyword-only after the first.
    """
    kinds = [inspect.Parameter.POSITIONAL_OR_KEYWORD] + [inspect.Parameter.KEYWORD_ONLY] * (
        len(parameters) - 1
    )
    signature = inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
        + [
            inspect.Parameter(name, kind, default=p.default)
            for (name, p), kind in zip(parameters.items(), kinds, strict=True)
        ]
    )

    def __init__(self, *args, **kwargs):
        bound = signature.bind(self, *args, **kwargs)
        bound.apply_defaults()
        for name, value in list(bound.arguments.items())[1:]:
            setattr(self, name, value)

    __init__.__signature__ = signature
    return __init__


def documentation(title, entries):
    """A numpydoc section of parameters or attributes."""
    lines = [title, "-" * len(title)]
    for name, p in entries.items():
        lines.append(f"{name} : {p.type}")
        lines += textwrap.wrap(p.text, 92, initial_indent="    ", subsequent_indent="    ")
    return "\n".join(lines)


def build(cls, parameters=None, attributes=None, references=REFERENCES):
    """Give ``cls`` its constructor, constraints and docstring, from its ``_owns`` or other tables."""
    parameters = parameters or of(cls._owns)
    cls.__init__ = make_init(parameters)
    cls.__init__.__qualname__ = f"{cls.__qualname__}.__init__"
    cls._parameter_constraints = {name: p.constraint for name, p in parameters.items()}
    head, _, tail = inspect.cleandoc(cls.__doc__ or "").partition(".. parameters and attributes\n")
    attributes = attributes or {
        n: a for n, a in ATTRIBUTES.items() if a.owner == "all" or a.owner in cls._owns
    }
    sections = documentation("Parameters", parameters), documentation("Attributes", attributes)
    tail = tail.replace(".. shared references\n", references)
    cls.__doc__ = head + "\n\n".join(sections) + "\n" + tail

"""Type stubs of the public modules, made of signatures and docstrings.

    python .ci/stubs.py

writes the ``.pyi`` files beside the modules. Names, order and defaults of parameters are those of the
signatures. The types of parameters, attributes and answers are those that docstrings tell, for
constructors in the words of ``skrnn/_settings/table.py``: ``annotation`` makes Python of them, and raises
for words that it does not know.

What the classes of a module have in common is written once, for the class above them in that module. Of
what comes from scikit-learn, only methods that users call are there (``OF_SKLEARN``).

To add a word, add an entry to ``WORDS``, and to ``IMPORTS`` what it needs.
"""

import importlib
import inspect
import json
import pkgutil
import re
import sys
from pathlib import Path

from numpydoc.docscrape import NumpyDocString

import skrnn
from skrnn._estimators.base import Trainable

ROOT = Path(skrnn.__file__).parent
# Extension points, whose methods take and give arrays in ways that types do not tell.
WITHOUT = {"skrnn.cells", "skrnn.losses", "skrnn.solvers"}
HEAD = "# Made by .ci/stubs.py of signatures and docstrings: edit those.\n"
WIDTH = 106


# --- types ----------------------------------------------------------------------------------------

# Words of docstrings, as types.
WORDS = {
    "array-like": "ArrayLike",
    "bool": "bool",
    "CallbackContext": "Any",  # only there from scikit-learn 1.9 on
    "callable": "Callable[..., Any]",
    "class": "type[Any]",
    "DataFrame": "Any",  # of any library
    "dict": "dict[Any, Any]",
    "dtype": "np.dtype[Any] | type[np.floating[Any]]",
    "estimator instance": "Any",
    "float": "float",
    "hashable": "Any",
    "inf": "float",
    "int": "int",
    "label": "Any",
    "matplotlib color": "ColorType",
    "ndarray": "NDArray[Any]",
    "None": "None",
    "object": "Any",
    "path-like": "PathLike[str]",
    "RandomState instance": "np.random.RandomState",
    "scalar": "Any",
    "str": "str",
    "token": "Any",
}
# Where they mean something else in an answer, or are more than words; {many} is Sequence, or list.
ANSWERS = {"array-like": "Any", "callable": "Any"}
PHRASES = {
    "array-like of Axes": "Sequence[Axes] | NDArray[Any]",
    "array-like of int": "ArrayLike",
    "list of int or None": "{many}[int | None]",
    'list of int, "auto" or None': '{many}[int | Literal["auto"] | None]',
    "list of length n_sequences": "{many}[Any]",
    "list of ndarray of shape (n_series, hidden_size)": "{many}[Any]",  # of an LSTM tuples
    'float, "auto", "chrono" or tuple of str and int': (
        'float | Literal["auto", "chrono"] | tuple[str, int]'
    ),
    "str, int or tuple": "str | int | tuple[Any, ...]",
    "str, int, tuple or list of them": "str | int | tuple[Any, ...] | {many}[str | int | tuple[Any, "
    "...]]",
}
IMPORTS = {
    "Any": "typing",
    "ArrayLike": "numpy.typing",
    "Axes": "matplotlib.axes",
    "AxesImage": "matplotlib.image",
    "BaseEstimator": "sklearn.base",
    "Bunch": "sklearn.utils",
    "Callable": "collections.abc",
    "ClassifierMixin": "sklearn.base",
    "Colormap": "matplotlib.colors",
    "ColorType": "matplotlib.typing",
    "Figure": "matplotlib.figure",
    "Iterator": "collections.abc",
    "Line2D": "matplotlib.lines",
    "Literal": "typing",
    "MetadataRouter": "sklearn.utils.metadata_routing",
    "NDArray": "numpy.typing",
    "overload": "typing",
    "PathLike": "os",
    "RegressorMixin": "sklearn.base",
    "Self": "typing",
    "Sequence": "collections.abc",
    "Text": "matplotlib.text",
    "TransformerMixin": "sklearn.base",
}


def annotation(phrase, *, answer=False):
    """The type that ``phrase`` names; lists in an ``answer`` are lists, others any sequences."""
    many = "list" if answer else "Sequence"
    phrase = phrase.replace("'", '"').replace("`", "")
    if phrase in PHRASES:
        return PHRASES[phrase].format(many=many)
    phrase = re.sub(r" of shape \([^()]*\)( or \([^()]*\))*| in [\[(][^\])]*[\])]", "", phrase)
    parts = re.split(r",? or |, (?![^{]*\})", phrase)
    literals = [p for p in parts if p.startswith('"')]
    found = [f"Literal[{', '.join(literals)}]"] if literals else []
    found += [_one(part, answer, many) for part in parts if part not in literals]
    return "Any" if "Any" in found else " | ".join(dict.fromkeys(found))


def _one(phrase, answer, many):
    """The type of a phrase that names a single one."""
    word = (ANSWERS.get(phrase) if answer else None) or PHRASES.get(phrase) or WORDS.get(phrase)
    if word:
        return word
    if phrase.startswith("{"):
        return f"Literal[{phrase[1:-1]}]"
    if match := re.fullmatch(r"(increasing )?list( of (?P<of>.+))?", phrase):
        return f"{many}[{_one(match['of'] or 'object', answer, many)}]"
    if match := re.fullmatch(r"tuple of (.+)", phrase):
        return f"tuple[{_one(match[1], answer, many)}, ...]"
    if match := re.fullmatch(r"dict of (.+) to (.+)", phrase):
        return f"dict[{_one(match[1], answer, many)}, {_one(match[2], answer, many)}]"
    name = phrase.removeprefix("matplotlib ")
    if name in IMPORTS or _module_of(name):
        return name
    raise ValueError(
        f".ci/stubs.py does not know the type {phrase!r}: use another word, or add it there."
    )


def _module_of(name):
    """The module of skrnn in which the class ``name`` is defined, or None."""
    for module in [m for n, m in sys.modules.items() if n.startswith("skrnn.")]:
        found = getattr(module, name, None)
        if inspect.isclass(found) and found.__module__.startswith("skrnn."):
            return found.__module__
    return None


# --- functions ------------------------------------------------------------------------------------


def documentation(thing):
    return NumpyDocString(inspect.cleandoc(thing.__doc__ or ""))


def parameters(function, documented):
    """The parameters of ``function`` as they stand in its head, with the types ``documented``."""
    types = {p.name.lstrip("*"): p.type.split(", default=")[0] for p in documented}
    lines, before = [], None
    for name, p in inspect.signature(function).parameters.items():
        if p.kind == p.KEYWORD_ONLY and before not in (p.KEYWORD_ONLY, p.VAR_POSITIONAL):
            lines.append("*")
        before = p.kind
        if name in ("self", "cls"):
            lines.append(name)
        elif p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            lines.append(f"{'*' if p.kind == p.VAR_POSITIONAL else '**'}{name}: Any")
        else:
            lines.append(f"{name}: {_with_none(annotation(types[name]), p.default)}{_default(p)}")
    return lines


def _with_none(type_, default):
    optional = default is None and type_ != "Any" and "None" not in type_.split(" | ")
    return f"{type_} | None" if optional else type_


def _default(p):
    if p.default is p.empty:
        return ""
    return f" = {json.dumps(p.default) if isinstance(p.default, str) else repr(p.default)}"


def answered(returned, name_of_class):
    """The type of an answer, from the entries of ``Returns``."""
    types = [
        "Self" if r.name == "self" or (r.type or r.name) == name_of_class
        else annotation(r.type or r.name, answer=True)
        for r in returned
    ]  # fmt: skip
    if not types:
        return "None"
    return types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"


def define(name, parameters, returned, decorator=None):
    """``def`` in one line, or one for each parameter."""
    lines = [f"@{decorator}"] if decorator else []
    line = f"def {name}({', '.join(parameters)}) -> {returned}: ..."
    if len(line) + 4 > WIDTH:
        line = "\n".join([f"def {name}(", *(f"    {p}," for p in parameters), f") -> {returned}: ..."])
    return "\n".join([*lines, line])


def function(name, function, decorator=None, name_of_class=None):
    """The stub of a documented function or method."""
    doc = documentation(function)
    head, returned = parameters(function, doc["Parameters"]), doc["Returns"]
    if doc["Yields"]:
        return define(name, head, f"Iterator[{answered(doc['Yields'], None)}]", decorator)
    flag = returned and re.search(r"only if `(\w+)`", " ".join(returned[-1].desc))
    if not flag:
        return define(name, head, answered(returned, name_of_class), decorator)
    without, with_it = f"{flag[1]}: Literal[False] = False", f"{flag[1]}: Literal[True]"
    k = next(k for k, p in enumerate(head) if p.startswith(flag[1]))
    return "\n".join(
        define(name, [*head[:k], one, *head[k + 1 :]], answered(r, name_of_class), "overload")
        for one, r in ((without, returned[:-1]), (with_it, returned))
    )


# --- classes --------------------------------------------------------------------------------------

OF_SKLEARN = {
    "get_metadata_routing": "def get_metadata_routing(self) -> Any: ...",
    "get_params": "def get_params(self, deep: bool = True) -> dict[str, Any]: ...",
    "set_callbacks": "def set_callbacks(self, *callbacks: Any) -> Self: ...",
    "set_params": "def set_params(self, **params: Any) -> Self: ...",
}
# The cell of a class is a keyword in its head.
INIT_SUBCLASS = "def __init_subclass__(cls, *, cell: type[Any] | None = None, **kwargs: Any) -> None: ..."


def members(cls):
    """Name -> stub of all that users see of a class."""
    doc = documentation(cls)
    types = {a.name: annotation(a.type, answer=True) for a in doc["Attributes"]}
    found = {}
    if doc["Parameters"]:
        head = parameters(cls.__init__, doc["Parameters"])
        found |= {p.split(":")[0]: p.rpartition(" = ")[0] or p for p in head if ":" in p}
    found |= {name: f"{name}: {type_}" for name, type_ in types.items()}
    if doc["Parameters"]:
        found["__init__"] = define("__init__", head, "None")
    if issubclass(cls, Trainable):
        found["__init_subclass__"] = INIT_SUBCLASS
    for name in dir(cls):
        if not name.startswith("_") and (stub := method(cls, name, types)):
            found.pop(name, None)
            found[name] = stub
    return found


def method(cls, name, types):
    """The stub of a method or property; None for what is not documented."""
    static, bound = inspect.getattr_static(cls, name), getattr(cls, name)
    if isinstance(static, property):
        lines = [f"@property\ndef {name}(self) -> {types[name]}: ..."]
        if static.fset:
            lines.append(f"@{name}.setter\ndef {name}(self, {name}: Sequence[Any]) -> None: ...")
        return "\n".join(lines)
    if not callable(bound) or not hasattr(bound, "__module__"):  # methods of built-in classes have none
        return None
    if isinstance(static, classmethod):
        return function(name, static.__func__, "classmethod", cls.__name__)
    if name in OF_SKLEARN and bound.__module__ != cls.__module__:
        return OF_SKLEARN[name]
    if bound.__module__.startswith("skrnn."):
        return function(name, bound, None, cls.__name__)
    return made_by_sklearn(cls, name, bound)


def made_by_sklearn(cls, name, method):
    """The stub of a method that scikit-learn makes of others; None for what users do not call."""
    if name == "fit_transform":
        head = parameters(cls.fit, documentation(cls.fit)["Parameters"])
        return define(name, head, answered(documentation(cls.transform)["Returns"], None))
    if re.fullmatch(r"set_\w+_request", name):
        names = [n for n in inspect.signature(method).parameters if n != "self"]
        return define(name, ["self", "*", *(f"{n}: bool | str | None = ..." for n in names)], "Self")
    return None


def base_of(cls, things):
    """The next class above that is public, too, or in the same module; None if there is none."""
    above = (c for c in cls.__mro__[1:] if c in things or c.__module__ == cls.__module__)
    return next(above, None)


def class_(cls, base, of_base):
    """The stub of a class: what it has beside the class above it."""
    above = base.__name__ if base else _of_sklearn(cls)
    own = [stub for name, stub in members(cls).items() if of_base.get(name) != stub]
    return _body(cls.__name__, above, own)


def _of_sklearn(cls):
    if issubclass(cls, UserWarning):
        return "UserWarning"
    return ", ".join(
        c.__name__ for c in cls.__mro__ if c.__module__ == "sklearn.base" and c.__name__[0] != "_"
    )


def _body(name, above, stubs):
    head = f"class {name}({above}):" if above else f"class {name}:"
    if not stubs:
        return f"{head} ..."
    return "\n".join([head, *("    " + line for stub in stubs for line in stub.split("\n"))])


def shared(classes):
    """What all the classes have, and the constructor of the one with the fewest parameters."""
    one, *others = sorted(map(members, classes), key=len)
    return {
        name: stub
        for name, stub in one.items()
        if name == "__init__" or all(other.get(name) == stub for other in others)
    }


# --- modules --------------------------------------------------------------------------------------


def public_modules():
    """The modules with stubs, the package last."""
    names = [f"skrnn.{m.name}" for m in pkgutil.iter_modules(skrnn.__path__) if m.name[0] != "_"]
    return [importlib.import_module(n) for n in sorted(set(names) - WITHOUT)] + [skrnn]


def exported(module):
    """The public classes and functions of a module; of those without ``__all__`` what is documented."""
    if hasattr(module, "__all__"):
        return [thing for _, thing in named(module) if not isinstance(thing, list)]
    return [
        thing
        for name, thing in sorted(vars(module).items())
        if name[0] != "_"
        and getattr(thing, "__module__", None) == module.__name__
        and (inspect.isclass(thing) or (inspect.isfunction(thing) and documentation(thing)["Parameters"]))
    ]


def named(module):
    """Names and things of the ``__all__`` of a module."""
    return [(name, getattr(module, name)) for name in getattr(module, "__all__", ())]


def constants(module):
    """The stubs of public lists, which are of texts."""
    return "\n".join(f"{name}: list[str]" for name, thing in named(module) if isinstance(thing, list))


def definitions(things):
    """The stubs of classes and functions; classes come after those above them."""
    below = {}
    for thing in things:
        if inspect.isclass(thing) and (base := base_of(thing, things)):
            below.setdefault(base, []).append(thing)
    common = {base: shared(classes) for base, classes in below.items()}
    found = [_body(base.__name__, _of_sklearn(base), common[base].values()) for base in common]
    for thing in things:
        if inspect.isclass(thing) and thing not in below:
            base = base_of(thing, things)
            found.append(class_(thing, base, common.get(base, {})))
        elif inspect.isfunction(thing):
            found.append(function(thing.__name__, thing))
    return _spaced(found)


def _spaced(stubs):
    """The stubs, one below the other; blank lines around classes that have a body."""
    lines, had_body = [], False
    for stub in stubs:
        has_body = stub.startswith("class ") and "\n" in stub
        lines += ["", stub] if lines and (has_body or had_body) else [stub]
        had_body = has_body
    return "\n".join(lines)


def imports(text):
    """What ``text`` uses, as import lines in the order of ruff."""
    text = re.sub(r'"[^"]*"', "", text)
    used = set(re.findall(r"\w+", text)) - set(re.findall(r"^class (\w+)", text, re.MULTILINE))
    homes = {name: IMPORTS.get(name) or _module_of(name) for name in used}
    sections = [["import numpy as np"] if "np." in text else [], [], []]
    for home in sorted({home for home in homes.values() if home}):
        names = ", ".join(sorted(name for name in used if homes[name] == home))
        part = home.split(".")[0]
        k = 1 if part in sys.stdlib_module_names else 2 if part == "skrnn" else 0
        sections[k].append(f"from {home} import {names}")
    return "\n\n".join("\n".join(sections[k]) for k in (1, 0, 2) if sections[k])


def _joined(parts):
    return "\n".join([HEAD, *(f"{part}\n" for part in parts if part)])


def stub_of(module, things):
    """The stub of a module that defines ``things``."""
    text = definitions(things)
    return _joined([imports(text), _all(module), constants(module), text])


def _all(module):
    names = "".join(f'    "{name}",\n' for name in getattr(module, "__all__", ()))
    return names and f"__all__ = [\n{names}]"


def stub_of_the_package(modules):
    """That of skrnn itself: where its names come from."""
    things = exported(skrnn)
    homes = {thing: module.__name__ for module in modules for thing in exported(module)}
    text = definitions([t for t in things if t not in homes])
    lines = [imports(text), ""]
    for name in (module.__name__.removeprefix("skrnn.") for module in modules):
        lines.append(f"from skrnn import {name} as {name}")
    for home in sorted({homes[t] for t in things if t in homes}):
        lines.append(_import(home, [t.__name__ for t in things if homes.get(t) == home]))
    return _joined(["\n".join(lines), _all(skrnn), "__version__: str\n\n" + text])


def _import(home, names):
    """An import in one line, or one for each name."""
    line = f"from {home} import {', '.join(names)}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"from {home} import (", *(f"    {name}," for name in names), ")"])


def stubs():
    """Path -> text of all stubs; also of modules of which a public method gives objects."""
    *modules, package = public_modules()
    found = {module: stub_of(module, exported(module)) for module in modules}
    for name, names in re.findall(
        r"^from (skrnn\._\S+) import (.*)$", "".join(found.values()), re.MULTILINE
    ):
        module = importlib.import_module(name)
        found[module] = stub_of(module, [getattr(module, n) for n in names.split(", ")])
    found[package] = stub_of_the_package(modules)
    return {Path(module.__file__).with_suffix(".pyi"): text for module, text in found.items()}


if __name__ == "__main__":
    written = stubs()
    for path in set(ROOT.rglob("*.pyi")) - set(written):
        path.unlink()
    for path, text in written.items():
        path.write_text(text, encoding="utf8")

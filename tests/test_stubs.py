"""Type stubs: they are those that .ci/stubs.py makes, they are true, and mypy understands them."""

import importlib.util
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.utils._param_validation import InvalidParameterError, validate_parameter_constraints

import skrnn

PACKAGE = Path(skrnn.__file__).parent
CLIENT = Path(__file__).with_name("support") / "typed_client.py"
TOOL = Path(__file__).parents[1] / ".ci" / "stubs.py"

pytestmark = pytest.mark.skipif(not TOOL.exists(), reason="not in a checkout")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("stubs", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_stubs_are_those_of_the_generator(tool):
    made = tool.stubs()
    assert set(PACKAGE.rglob("*.pyi")) == set(made), "run python .ci/stubs.py"
    for path, text in made.items():
        assert path.read_text(encoding="utf8") == text, f"{path}: run python .ci/stubs.py"


def test_the_package_says_that_it_is_typed():
    assert (PACKAGE / "py.typed").exists()


# --- what docstrings say of types -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("phrase", "as_parameter", "as_answer"),
    [
        ("int or tuple of int", "int | tuple[int, ...]", None),
        ('{"last", "mean", "max"}', 'Literal["last", "mean", "max"]', None),
        ("{'stdout', 'dicts'}", 'Literal["stdout", "dicts"]', None),
        ("{2, 3}", "Literal[2, 3]", None),
        ('{"char", "word"} or callable', 'Literal["char", "word"] | Callable[..., Any]', "Any"),
        ('"float32", "float64" or str', 'Literal["float32", "float64"] | str', None),
        ("float in [0, 1)", "float", None),
        ("float or increasing list of float", "float | Sequence[float]", "float | list[float]"),
        ("int or inf", "int | float", None),
        ("array-like of shape (n,) or (n, k)", "ArrayLike", "Any"),
        ("ndarray of shape (n, 8) or (n,), or list of int", None, "NDArray[Any] | list[int]"),
        ("list of list of str", "Sequence[Sequence[str]]", "list[list[str]]"),
        ("dict of token to int", None, "dict[Any, int]"),
        ("list of float or None", None, "list[float] | None"),
        ("list of int or None", None, "list[int | None]"),
        ("str or matplotlib Colormap", "str | Colormap", None),
        ("object", "Any", "Any"),
    ],
)  # fmt: skip
def test_words_are_types(tool, phrase, as_parameter, as_answer):
    for expected, is_answer in ((as_parameter, False), (as_answer or as_parameter, True)):
        if expected and not (is_answer and as_answer is None):
            assert tool.annotation(phrase, answer=is_answer) == expected


def test_unknown_words_are_errors(tool):
    with pytest.raises(ValueError, match="does not know the type 'thing'"):
        tool.annotation("int or thing")


@pytest.mark.parametrize("cls", [c for c in vars(skrnn).values() if hasattr(c, "_parameter_constraints")])
def test_none_is_a_type_where_it_is_allowed(tool, cls):
    stubs = tool.members(cls)
    for name, constraints in cls._parameter_constraints.items():
        if not stubs[name].endswith(": Any"):
            assert takes_none(constraints) == stubs[name].endswith(" | None"), stubs[name]


def takes_none(constraints):
    try:
        validate_parameter_constraints({"p": constraints}, {"p": None}, "")
    except InvalidParameterError:
        return False
    return True


# --- type checkers --------------------------------------------------------------------------------


STRICT = ["--strict", "--ignore-missing-imports", "--follow-imports=silent", "--allow-subclassing-any"]


def check(folder, *command):
    """Run a part of mypy in a folder of its own; it must find nothing."""
    pytest.importorskip("mypy")
    env = dict(os.environ)
    if "site-packages" not in PACKAGE.parts:  # an editable installation, which mypy does not find
        env["MYPYPATH"] = str(PACKAGE.parent)
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_checks_a_client(tmp_path):
    check(tmp_path, "mypy", *STRICT, CLIENT)


def test_stubs_are_strict(tmp_path):
    """As copies: among the packages of an environment mypy takes each of these for one of ours."""
    stubs = [path.relative_to(PACKAGE.parent) for path in sorted(PACKAGE.rglob("*.pyi"))]
    for stub in stubs:
        (tmp_path / stub).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGE.parent / stub, tmp_path / stub)
    check(tmp_path, "mypy", *STRICT, *stubs)


def test_stubs_are_true(tmp_path, tool):
    """Users do not make objects of the classes above the public ones, nor a ``Stream``, themselves."""
    (tmp_path / "mypy.ini").write_text("[mypy]\nignore_errors = True\n")  # in modules without stubs
    (tmp_path / "allowed").write_text(r"skrnn\..*\.(Sequence\w+|Stream)\.__init__")
    modules = [module.__name__ for module in tool.public_modules() if module is not skrnn]
    check(
        tmp_path, "mypy.stubtest", "--concise", "--ignore-missing-stub", "--mypy-config-file=mypy.ini",
        "--allowlist=allowed", "--ignore-unused-allowlist", *modules,
    )  # fmt: skip


def test_parameters_of_a_constructor_are_attributes(tool):
    for cls in (skrnn.RNNClassifier, skrnn.GRURegressor, skrnn.SlidingWindow):
        assert set(inspect.signature(cls).parameters) <= set(tool.members(cls))

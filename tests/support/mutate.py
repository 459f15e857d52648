"""Mutants: small changes of the package, each of which a test must notice.

``python tests/support/mutate.py FOLDER --n 150 --seed 0`` copies the package and its tests to FOLDER, an
empty one, and changes one place of the package after the other, drawn at random: a comparison, an
operator, a number, a condition. For every mutant it runs the tests that mirror the file, and then those
named in ``WIDER``, until one fails. What survives is printed as a line of the file, before and after.

With ``--no-wider`` only the tests that mirror a file are run. ``--files`` takes patterns as
``skrnn/_engine/*.py``. To add a kind of change, add it to ``changed``.
"""

import argparse
import ast
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDER = {
    "_engine": ["tests/estimators/test_base.py", "tests/engine"],
    "_estimators": ["tests/estimators"],
    "_reading": ["tests/reading/test_bad_input.py", "tests/reading"],
    "_settings": ["tests/settings", "tests/estimators/test_base.py"],
    "_forecasting": ["tests/forecasting"],
    "_transformers": ["tests/transformers"],
    "interop": ["tests/interop"],
    "inspection": ["tests/inspection"],
}
COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
JOINED = {ast.And: ast.Or, ast.Or: ast.And}
# The package of the copy, in place of one that is installed in an editable way.
RUN = (
    "import sys; sys.meta_path[:] = [f for f in sys.meta_path if 'Mesonpy' not in type(f).__name__];"
    "sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True; import skrnn;"
    "assert skrnn.__file__.startswith(sys.argv[1]), skrnn.__file__;"
    "import pytest; sys.exit(pytest.main(sys.argv[2:]))"
)


def is_of_text(node):
    """Whether a message, or a list, is put together."""
    is_literal = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_literal or isinstance(node, (ast.JoinedStr, ast.List))


def changed(node):
    """The node with one change; None if there is none for it."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARED:
        ops = [COMPARED[type(node.ops[0])](), *node.ops[1:]]
        return ast.Compare(node.left, ops, node.comparators)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATED:
        is_text = any(is_of_text(side) for side in (node.left, node.right))
        return None if is_text else ast.BinOp(node.left, OPERATED[type(node.op)](), node.right)
    if isinstance(node, ast.BoolOp):
        return ast.BoolOp(JOINED[type(node.op)](), node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    if isinstance(node, ast.IfExp):
        return ast.IfExp(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    if isinstance(node, ast.Constant) and type(node.value) is bool:
        return ast.Constant(not node.value)
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        return ast.Constant(node.value + 1)
    return None


def places(path):
    """(node, its change) of all places of a file; nothing of annotations."""
    tree = ast.parse(path.read_text(encoding="utf8"))
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            if hasattr(node, name):
                setattr(node, name, None)
    for node in ast.walk(tree):
        new = changed(node)
        if new is not None and node.lineno == node.end_lineno:
            yield node, new


def mutant(path, node, new):
    """The text of the file with the change, and the line before and after."""
    lines = path.read_bytes().split(b"\n")
    line = lines[node.lineno - 1]
    text = f"({ast.unparse(ast.fix_missing_locations(new))})".encode()
    after = line[: node.col_offset] + text + line[node.end_col_offset :]
    whole = [*lines[: node.lineno - 1], after, *lines[node.lineno :]]
    return b"\n".join(whole), line.decode().strip(), after.decode().strip()


def mirrors_of(name, *, wider):
    """Those that mirror a file, and then wider ones."""
    parts = Path(name).parts[1:]
    folder, stem = parts[:-1], Path(parts[-1]).stem.lstrip("_")
    own = Path("tests", *(part.lstrip("_") for part in folder), f"test_{stem}.py")
    more = WIDER.get(folder[0] if folder else "", []) if wider else []
    return [str(own)] * (ROOT / own).exists() + more


def passes(copy, tests, seconds):
    """Whether none of the tests fails; one that takes too long has failed."""
    for some in tests:
        command = [sys.executable, "-c", RUN, str(copy), "-xq", "-n0", some]
        try:
            run = subprocess.run(command, cwd=copy, capture_output=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return False
        if run.returncode:
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--wider", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--files", nargs="*", default=["skrnn/*.py", "skrnn/*/*.py"])
    options = parser.parse_args()
    folder = options.folder
    for part in ("skrnn", "tests"):
        shutil.copytree(ROOT / part, folder / part)
    shutil.copytree(ROOT / "skrnn", folder / "original")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for compiled in (ROOT / "build").rglob("_binding*.so"):
        shutil.copy(compiled, folder / "skrnn" / "_kernels")
    names = sorted({str(p.relative_to(ROOT)) for f in options.files for p in ROOT.glob(f)})
    names = [name for name in names if mirrors_of(name, wider=options.wider)]
    found = [(name, *place) for name in names for place in places(ROOT / name)]
    chosen = random.Random(options.seed).sample(found, min(options.n, len(found)))
    run(chosen, len(found), options)


def run(chosen, n, options):
    """Try every mutant; tests that fail without one tell nothing, and are left out."""
    survivors, tried, start, good, folder = 0, 0, time.monotonic(), {}, options.folder
    for name, node, new in chosen:
        original = folder / Path("original", *Path(name).parts[1:])
        tests = mirrors_of(name, wider=options.wider)
        if name not in good:
            good[name] = passes(folder, tests, options.seconds)
        if not good[name]:
            print(f"left out, as its tests fail without a change: {name}", flush=True)
            continue
        text, before, after = mutant(original, node, new)
        (folder / name).write_bytes(text)
        alive = passes(folder, tests, options.seconds)
        shutil.copy(original, folder / name)
        survivors, tried = survivors + alive, tried + 1
        word = "SURVIVED" if alive else "killed"
        print(f"{word} {name}:{node.lineno}\n    {before}\n    {after}", flush=True)
        print(
            f"{tried} of {n} places, {tried - survivors} killed, {time.monotonic() - start:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()

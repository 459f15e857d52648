"""Mutants: small changes of the package, each of which a test must notice.

``python tests/support/mutate.py FOLDER --n 300 --seed 0`` copies the package and its tests to FOLDER, an
empty one, and changes one place of the package after the other, drawn at random: a comparison, an
operator, a number, a condition. What survives is printed as a line of the file, before and after.

Which tests run a line is measured, once: the fast tests of the copy under ``coverage`` and ``pytest-cov``
(``--measured FOLDER`` takes what an earlier call measured for the same files). For a mutant those tests
alone are run that run its line, first such as mirror the file, then the quick ones, until one fails or
``--seconds`` of tests have passed. A line that no test runs is a survivor by itself; one that runs as a
module is imported has the tests that mirror the file, and those of ``WIDER``.

Every mutant is tried in a child of this process, which has imported what takes long, but not skrnn: a
second or so for each. Tests that start processes of their own see the mutant only where no other skrnn is
installed. ``--files`` takes patterns as ``skrnn/_engine/*.py``, ``--skip`` a list of places to leave out.
To add a kind of change, add it to ``changed``. What survived, and why, is in ``mutants.txt``.
"""

import argparse
import ast
import contextlib
import importlib
import json
import os
import random
import shutil
import signal
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
    "datasets": ["tests/datasets"],
}
HEAVY = ["numpy", "scipy.optimize", "sklearn.base", "pandas", "polars", "pyarrow", "hypothesis", "pytest"]
COMPARED = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATED = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
JOINED = {ast.And: ast.Or, ast.Or: ast.And}


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


def mirrors_of(name):
    """Those that mirror a file, and then wider ones."""
    parts = Path(name).parts[1:]
    folder, stem = parts[:-1], Path(parts[-1]).stem.lstrip("_")
    own = Path("tests", *(part.lstrip("_") for part in folder), f"test_{stem}.py")
    return [str(own)] * (ROOT / own).exists(), WIDER.get(folder[0] if folder else "", [])


class Tests:
    """Which tests run a line, and how long they take."""

    def __init__(self, folder):
        import coverage

        self.data = coverage.CoverageData(str(folder / "coverage"))
        self.data.read()
        self.seconds = json.loads((folder / "seconds.json").read_text())
        self.files = {"skrnn/" + path.split("/skrnn/")[-1]: path for path in self.data.measured_files()}

    def of(self, name, first, last):
        """Of the lines of a statement, or None if it runs with the import of its module."""
        contexts = self.data.contexts_by_lineno(self.files[name]) if name in self.files else {}
        found = {one for line in range(first, last + 1) for one in contexts.get(line, [])}
        names = {one.split("|")[0] for one in found if one}
        if not names and found:
            return None
        return [name for name in names if self.seconds.get(name, 1e9) < 1e8]

    def in_order(self, tests, own):
        """The quickest of every file first, those of the mirror before all."""
        seen, keys = {}, []
        for test in sorted(tests, key=self.seconds.get):
            file = test.split("::")[0]
            seen[file] = seen.get(file, 0) + 1
            keys.append(((file not in own or seen[file] > 20, seen[file] > 2), test))
        return [test for _, test in sorted(keys, key=lambda pair: pair[0])]

    def batches(self, tests, seconds):
        """Some seconds of them, then more, to the limit."""
        size, batch, taken, total = 4.0, [], 0.0, 0.0
        for test in tests:
            if total > seconds:
                break
            batch.append(test)
            taken, total = taken + self.seconds[test] + 0.02, total + self.seconds[test]
            if taken > size:
                yield batch
                size, batch, taken = 4 * size, [], 0.0
        if batch:
            yield batch


RECORD = """
import json
seconds = {}
def pytest_runtest_logreport(report):
    seconds[report.nodeid] = seconds.get(report.nodeid, 0) + report.duration + 1e9 * report.failed
def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput"):
        with open("seconds.json", "w") as file:
            json.dump(seconds, file)
"""


def measure(folder, copy):
    """Run the fast tests of the copy; what they ran and how long they took is left in the folder."""
    (folder / "record_seconds.py").write_text(RECORD)
    (folder / "coverage.ini").write_text(f"[run]\nsource = skrnn\ndata_file = {folder}/coverage\n")
    options = ["-p", "record_seconds", "--cov=skrnn", "--cov-context=test", "--cov-report="]
    command = [sys.executable, "-c", "import pytest, sys; sys.exit(pytest.main(sys.argv[1:]))"]
    command += ["-q", "-n2", *options, f"--cov-config={folder}/coverage.ini", str(copy / "tests")]
    paths = os.pathsep.join([str(copy), str(folder)])
    subprocess.run(command, cwd=folder, env=os.environ | {"PYTHONPATH": paths}, check=False)


def in_child(copy, tests, seconds, *, writes=False):
    """The exit status of pytest; 99 if it takes too long."""
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(copy)
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        sys.dont_write_bytecode = not writes
        sys.meta_path[:] = [one for one in sys.meta_path if "Mesonpy" not in type(one).__name__]
        sys.path.insert(0, str(copy))
        os._exit(run_pytest(tests))
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 99


def run_pytest(tests):
    import pytest

    with contextlib.suppress(BaseException):
        quiet = [
            "-xq",
            "-n0",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore::pytest.PytestAssertRewriteWarning",
        ]
        return int(pytest.main([*quiet, "--every-combination", *tests]))
    return 98


def statements(path):
    """(first, last line) of the innermost statement at every line."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf8"))):
        if isinstance(node, ast.stmt):  # outer ones come first
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno
            found |= dict.fromkeys(range(node.lineno, last + 1), (node.lineno, last))
    return found


class Run:
    """The copy, and one mutant of it after the other."""

    def __init__(self, copy, tests, seconds):
        self.copy, self.tests, self.seconds = copy, tests, seconds

    def alive(self, name, node):
        """Whether no test notices, and how many were run; None if no test runs the line."""
        own, wider = mirrors_of(name)
        lines = statements(ROOT / name).get(node.lineno, (node.lineno, node.lineno))
        tests = self.tests.of(name, *lines)
        if tests is None:
            batches = [[one] for one in own + wider]
        else:
            batches = list(self.tests.batches(self.tests.in_order(tests, own), self.seconds))
        for batch in batches:
            if in_child(self.copy, batch, 30 + 5 * self.seconds):
                return False, 0
        return True, sum(map(len, batches))

    def try_(self, name, node, new):
        text, before, after = mutant(ROOT / name, node, new)
        path = self.copy / name
        for stale in path.parent.glob(f"__pycache__/{path.stem}.*"):
            stale.unlink()  # of the same size and second, perhaps
        path.write_bytes(text)
        try:
            alive, n = self.alive(name, node)
        finally:
            shutil.copy2(ROOT / name, path)
        word = f"SURVIVED {n} tests" if alive else "killed"
        print(f"{word} {name}:{node.lineno}:{node.col_offset}\n    {before}\n    {after}", flush=True)
        return alive


def parsed():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--n", type=int, default=150)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--measured", type=Path)
    parser.add_argument("--skip", type=Path)
    parser.add_argument("--files", nargs="*", default=["skrnn/*.py", "skrnn/*/*.py"])
    return parser.parse_args()


def copied(folder):
    """The package and its tests, as one that is not installed."""
    copy = folder.resolve() / "copy"
    for part in ("skrnn", "tests"):
        shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    for compiled in (ROOT / "build").rglob("_binding*.so"):
        shutil.copy(compiled, copy / "skrnn" / "_kernels")
    return copy


def main():
    options = parsed()
    copy = copied(options.folder)
    measured = options.measured or copy.parent
    if not options.measured:
        measure(measured, copy)
    for name in HEAVY:
        importlib.import_module(name)
    in_child(copy, ["--collect-only", "tests"], 600, writes=True)
    names = sorted({str(p.relative_to(ROOT)) for f in options.files for p in ROOT.glob(f)})
    found = [(name, *place) for name in names for place in places(ROOT / name)]
    skipped = set(options.skip.read_text().split()) if options.skip else set()
    found = [one for one in found if f"{one[0]}:{one[1].lineno}:{one[1].col_offset}" not in skipped]
    chosen = random.Random(options.seed).sample(found, min(options.n, len(found)))
    start, survivors, run = time.monotonic(), 0, Run(copy, Tests(measured), options.seconds)
    for tried, (name, node, new) in enumerate(chosen, 1):
        survivors += run.try_(name, node, new)
        took = time.monotonic() - start
        print(f"{tried} of {len(found)} places, {tried - survivors} killed, {took:.0f} s", flush=True)


if __name__ == "__main__":
    main()

"""All tables of the comparison with other packages, made anew: docs/benchmark_*.txt.

Runs the benchmarks of ``TABLES`` one after the other, each in a process of its own, and writes what each
prints in its file. A benchmark that fails leaves its file as it was, and is named at the end. For an idle
machine, with PyTorch, skorch, aeon and Keras installed; some hours. ``--installed`` prints what packages
take on the disk instead, with all that they need and scikit-learn does not: of those that are installed
here.

Run: python benchmarks/comparison.py FOLDER [part of a file's name ...]
     python benchmarks/comparison.py --installed

FOLDER holds the data sets (``real_data.py``). To add a table: a line in TABLES.
"""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"
TABLES = {  # file in docs: the script and its arguments; FOLDER stands for the folder of the data sets
    "benchmark_overhead.txt": ["overhead.py", "5"],
    "benchmark_kernels.txt": ["kernels.py"],
    "benchmark_updates.txt": ["updates.py"],
    "benchmark_time_to_accuracy.txt": ["time_to_accuracy.py", "FOLDER"],
    "benchmark_real_data.txt": ["real_data.py", "FOLDER"],
    "benchmark_real_data_defaults.txt": ["real_data.py", "FOLDER", "--defaults"],
    "benchmark_plain_models.txt": ["plain_models.py", "FOLDER"],
    "benchmark_other_packages.txt": ["other_packages.py", "FOLDER"],
    "benchmark_public_series.txt": ["public_series.py", "--seeds", "3"],
    "benchmark_memory.txt": ["memory.py"],
    "benchmark_import_time.txt": ["import_time.py"],
}
PACKAGES = ["skrnn", "skorch", "torch", "keras", "tensorflow", "aeon", "sktime", "darts", "hmmlearn"]


def make(name, folder):
    """Run one benchmark; whether it went well."""
    script, *arguments = TABLES[name]
    command = [sys.executable, HERE / script, *(folder if a == "FOLDER" else a for a in arguments)]
    print(*command, flush=True)
    run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode == 0:
        (DOCS / name).write_text(run.stdout)
    return run.returncode == 0


def needs(name, seen=()):
    """The distributions that are installed because of one, itself included."""
    seen = set(seen)
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return seen
    seen.add(found.metadata["Name"].lower().replace("_", "-"))
    for text in found.requires or ():
        wanted = Requirement(text)
        key = wanted.name.lower().replace("_", "-")
        if key not in seen and (wanted.marker is None or wanted.marker.evaluate({"extra": ""})):
            seen = needs(key, seen)
    return seen


def megabytes(name):
    """What the files of a distribution take."""
    files = distribution(name).files or ()
    return sum(path.stat().st_size for file in files if (path := file.locate()).is_file()) / 1e6


def is_editable(name):
    """Whether its files are elsewhere, so that their size says nothing."""
    return '"editable": true' in (distribution(name).read_text("direct_url.json") or "")


def installed():
    """A line for every package that is there: alone, and with what scikit-learn does not bring."""
    there = needs("scikit-learn")
    print(f"{'package':<14}{'MB alone':>10}{'MB with what it needs':>24}")
    for name in PACKAGES:
        more = needs(name) - there
        if more and is_editable(name):
            print(f"{name:<14}{'editable':>10}")
        elif more:
            print(f"{name:<14}{megabytes(name):>10.1f}{sum(map(megabytes, more)):>24.1f}")


def main(folder, *parts):
    failed = [
        name
        for name in TABLES
        if (not parts or any(part in name for part in parts)) and not make(name, folder)
    ]
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    if sys.argv[1:] == ["--installed"]:
        installed()
    else:
        main(*sys.argv[1:])

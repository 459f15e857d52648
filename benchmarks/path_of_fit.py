"""How a call of fit finds its way through the code: calls, files, and changes from file to file.

Every call of a Python function of skrnn during one epoch of ``LSTMClassifier.fit`` is noted with the file
that it stands in. A change of file is a call in another file than the call before it. What is called
before the first epoch of training, and in all, says how far a reader has to jump to follow fit.

    python benchmarks/path_of_fit.py [--files]

With ``--files``: the files in the order in which they are first entered.
"""

import argparse
import sys
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np

import skrnn

ROOT = Path(skrnn.__file__).parent


def trace(function):
    """The files of all calls of functions of skrnn, in their order, and those before the first epoch."""
    files, before_epoch = [], []

    def note(frame, event, _):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(ROOT)) and code.co_name != "<genexpr>":
            files.append(Path(code.co_filename).relative_to(ROOT).as_posix())
            if code.co_name == "one_epoch" and not before_epoch:
                before_epoch.extend(files)

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return files, before_epoch


def changes(files):
    return sum(a != b for a, b in pairwise(files))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--files", action="store_true")
    arguments = parser.parse_args()
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(40, 10, 3)), rng.randint(2, size=40)
    warnings.simplefilter("ignore")
    skrnn.LSTMClassifier(max_iter=1).fit(X, y)  # what is imported and cached at first
    files, before = trace(lambda: skrnn.LSTMClassifier(max_iter=1, random_state=0).fit(X, y))
    for what, some in (("before the first epoch", before), ("in all", files)):
        print(f"{what}: {len(some)} calls, {changes(some)} changes of file, {len(set(some))} files")
    if arguments.files:
        print("\n".join(dict.fromkeys(files)))


if __name__ == "__main__":
    main()

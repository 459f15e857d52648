"""a * b + c in the built kernels: fused alike in every instance, or company would change a row.

The compiler decides it (``-ffp-contract=fast`` in flags.txt). So what it has made is looked at: products
have no other sums than fused ones; and in the functions of cells, of which there is an instance for every
number of rows, multiplications, sums and divisions stand in one proportion.
"""

import collections
import re
import shutil
import subprocess

import pytest

from skrnn import _kernels

FUSED = re.compile(r"\tvf(?:n?)m(?:add|sub)\w+[ps][sd]\b")
PLAIN = re.compile(r"\tv(mul|add|sub|div)[ps][sd]\b")
FUNCTION = re.compile(r"^[0-9a-f]+ <(?:void )?skrnn::(avx\w+)::(\w+)<(.*)$")
LEVELS = [name for name in _kernels.builds if name.startswith("avx")]

pytestmark = [
    pytest.mark.skipif(not LEVELS, reason="No kernels with fused instructions of x86-64."),
    pytest.mark.skipif(not shutil.which("objdump"), reason="There is no objdump."),
]


def cell_of(rest):
    """The cell and the dtype among the template arguments: what is before the numbers of rows."""
    return re.split(r", \d", rest.split(">(")[0])[0]


@pytest.fixture(scope="module")
def counts():
    """(level, function, cell and dtype) -> a counter of instructions for each instance."""
    command = ["objdump", "-d", "-C", "--no-show-raw-insn", _kernels._binding.__file__]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found, now = collections.defaultdict(list), None
    for line in text.split("\n"):
        if line.endswith(">:"):
            match = FUNCTION.match(line)
            now = collections.Counter() if match else None
            if match:
                found[match[1], match[2], cell_of(match[3])].append(now)
        elif now is not None:
            now["fused"] += bool(FUSED.search(line))
            plain = PLAIN.search(line)
            if plain:
                now[plain[1]] += 1
    if not found:
        pytest.skip("The extension has no names of its functions.")
    return found


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("function", ["outer_tile", "transposed_tile"])
def test_products_are_fused_everywhere(counts, level, function):
    instances = [one for key, some in counts.items() if key[:2] == (level, function) for one in some]
    assert len(instances) > 10
    for one in instances:
        assert one["fused"] > 0
        assert one["mul"] == one["add"] == one["sub"] == 0


@pytest.mark.parametrize("level", LEVELS)
def test_cells_are_fused_alike_in_every_tile(counts, level):
    forward = {key[2]: some for key, some in counts.items() if key[:2] == (level, "forward_tile")}
    assert len(forward) >= 8  # cells and dtypes
    for cell, instances in forward.items():
        first = instances[0]
        assert len(instances) > 2, cell
        for one in instances:
            assert one["fused"] > 0
            for kind in ("mul", "add", "sub", "div"):  # a loop over rows may be rolled up
                assert one[kind] * first["div"] == first[kind] * one["div"], (cell, kind)

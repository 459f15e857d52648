"""Blocks of code in the documentation that its own run leaves out, as they need what is seldom there.

Every ``code-block:: python`` has a name here, by words that no other one has, and a test that runs it
where it can: ``python_block(name)`` is its text. ``tests/test_documentation.py`` finds those without one.
"""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BLOCKS = {  # its words: the test that runs it
    "zarr.open_array": "tests/test_out_of_core.py",
    "duckdb.sql": "tests/test_out_of_core.py",
    "register_spark()": "tests/clusters/test_ray_spark.py",
    "communicator=MPI()": "tests/distributed/test_mpi.py",
}


def python_blocks():
    """All of them, (path, text)."""
    found = []
    for path in sorted(DOCS.rglob("*.rst")):
        if "_build" not in path.parts and "gallery" not in path.parts:
            text = path.read_text(encoding="utf-8")
            for block in re.findall(r"\.\. code-block:: python\n((?:[ ]+.*\n|\n)+)", text):
                found.append((path, textwrap.dedent(block)))
    return found


def python_block(words):
    assert words in BLOCKS
    (text,) = [text for _, text in python_blocks() if words in text]
    return text

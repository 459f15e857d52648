"""Every block of code of the documentation runs: as an example of its own run, or in a test."""

import re

import pytest
from support.documentation import BLOCKS, DOCS, ROOT, python_blocks

pytestmark = pytest.mark.skipif(not DOCS.exists(), reason="not in a checkout")


def test_what_is_no_example_is_run_by_a_test():
    for path, text in python_blocks():
        assert sum(words in text for words in BLOCKS) == 1, f"{path.name}: no test runs\n{text}"
    for words, test in BLOCKS.items():
        assert f'python_block("{words}")' in (ROOT / test).read_text(encoding="utf-8")


def test_no_example_is_skipped_for_good():
    """Examples that need what may not be there have a ``:skipif:``, and run where it is."""
    for folder, pattern in ((DOCS, "*.rst"), (ROOT / "skrnn", "*.py")):
        for path in folder.rglob(pattern):
            if "_build" not in path.parts:
                assert not re.search(r"doctest: *\+SKIP", path.read_text(encoding="utf-8")), path

"""Pages of the documentation, for tests that compare them with the code; the wheel comes without them."""

from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def text_of(*names):
    """The text of ``text_of("guide", "streaming.rst")``; outside a checkout the test is skipped."""
    path = DOCS.joinpath(*names)
    if not DOCS.is_dir():
        pytest.skip("not in a checkout")
    return path.read_text(encoding="utf-8")

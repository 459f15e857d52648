"""Properties that are computed when first asked for, without a lock."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import skrnn
from skrnn._engine.lazy import lazy_property


class Thing:
    calls = 0
    wait = staticmethod(lambda: None)

    @lazy_property
    def value(self):
        """What it is worth."""
        self.calls += 1
        self.wait()
        return self.calls


def test_computed_once_for_each_object():
    a, b = Thing(), Thing()
    assert [a.value, a.value, b.value, a.calls] == [1, 1, 1, 1]
    assert vars(a)["value"] == 1
    assert Thing.value.__doc__ == "What it is worth."


def test_nobody_waits_for_the_thread_that_computes_another():
    slow, go_on = Thing(), threading.Event()
    slow.wait = lambda: go_on.wait(60)
    with ThreadPoolExecutor(1) as worker:
        other = worker.submit(lambda: slow.value)
        assert Thing().value == 1
        assert not other.done()
        go_on.set()
        assert other.result() == 1


def test_nothing_is_kept_under_the_lock_of_functools():
    for path in Path(skrnn.__file__).parent.rglob("*.py"):
        assert "import cached_property" not in path.read_text(encoding="utf-8"), path

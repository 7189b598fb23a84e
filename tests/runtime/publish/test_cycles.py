"""What a run frees that only Python's collector can free."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from fer_edge.runtime.publish import cycles
from fer_edge.runtime.publish.cycles import Cycles


class Ring:
    """Refers to itself."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_cycles_are_freed_when_a_minute_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with Cycles() as freeing:
        ring = weakref.ref(Ring())
        freeing.free_when_due()
        assert ring() is not None
    monkeypatch.setattr(cycles, "_INTERVAL_S", 0.0)
    with Cycles() as freeing:
        ring = weakref.ref(Ring())
        freeing.free_when_due()
        assert ring() is None


def test_nothing_stays_exempt_behind_a_run() -> None:
    with Cycles():
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0

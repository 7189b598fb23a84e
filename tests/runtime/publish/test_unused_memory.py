"""Memory that a run frees each minute."""

import gc
import os
import subprocess
import sys
import weakref
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.soak.look import look
from fer_edge.runtime.publish import unused_memory
from fer_edge.runtime.publish.unused_memory import UnusedMemory


class Ring:
    """Object that refers to itself, so that only the garbage collector can free it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_cycles_are_freed_when_a_minute_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with UnusedMemory() as freeing:
        ring = weakref.ref(Ring())
        freeing.free_when_due()
        assert ring() is not None
    monkeypatch.setattr(unused_memory, "_INTERVAL_S", 0.0)
    with UnusedMemory() as freeing:
        ring = weakref.ref(Ring())
        freeing.free_when_due()
        assert ring() is None


def test_nothing_stays_exempt_behind_a_run() -> None:
    with UnusedMemory():
        assert gc.get_freeze_count() > 1000
    assert gc.get_freeze_count() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_what_the_c_library_keeps_goes_back_to_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unused_memory, "_INTERVAL_S", 0.0)
    blocks = [np.ones(64 << 10, np.uint8) for _ in range(800)]  # 50 MB in blocks from the heap
    between = blocks[::100]
    del blocks
    before = look(os.getpid()).rss_kib
    with UnusedMemory() as freeing:
        freeing.free_when_due()
    assert look(os.getpid()).rss_kib < before - 20_000
    assert len(between) == 8


HEAPS_OF_THREADS = """
import ctypes, os, sys, threading
from fer_edge.runtime.publish.unused_memory import share_one_heap
if sys.argv[1] == "shared":
    share_one_heap()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
ready = threading.Barrier(5)
def allocate():
    libc.malloc(50_000)
    ready.wait()
    ready.wait()
for _ in range(4):
    threading.Thread(target=allocate, daemon=True).start()
ready.wait()
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fflush(file)
os._exit(0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs glibc")
def test_the_threads_of_a_run_share_one_heap() -> None:
    heaps = {}
    environment = {key: value for key, value in os.environ.items() if key != "MALLOC_ARENA_MAX"}
    for threads in ("apart", "shared"):
        command = [sys.executable, "-c", HEAPS_OF_THREADS, threads]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        heaps[threads] = done.stdout.count("<heap nr=")
    assert heaps["apart"] > heaps["shared"] == 1

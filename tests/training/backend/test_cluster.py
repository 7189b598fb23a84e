"""Processes that train together: refused settings, and how processes meet. Without JAX."""

import socket
import threading
import time
from typing import Any

import pytest

from fer_edge.errors import ConfigError, TrainingError
from fer_edge.training.backend.cluster import Cluster
from fer_edge.training.backend.meeting import meet
from tests.support.ssh_access import free_port


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((1, "", 2, 0), "HOST:PORT"),
        ((1, "auto", 2, 1), "HOST:PORT"),
        ((1, "here", 2, 0), "HOST:PORT"),
        ((1, "h:1 2", 2, 0), "HOST:PORT"),
        ((1, "here:1234", 2, 2), "expected 0 to 1"),
        ((1, "here:0", 2, 0), "HOST:PORT"),
        ((1, "here:70000", 2, 1), "HOST:PORT"),
        ((1, "..:7000", 2, 1), "HOST:PORT"),
        ((1, f"{'a' * 70}.lan:7000", 2, 1), "HOST:PORT"),
    ],
)
def test_what_does_not_fit_is_refused(values: tuple[int, str, int, int], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Cluster(*values)


@pytest.mark.parametrize("values", [(0,), (1.5,), (True,), (1, "h:1", 0), (1, "h:1", 2, -1)])
def test_numbers_out_of_range_are_refused(values: Any) -> None:
    with pytest.raises(ConfigError, match="expected a whole number"):
        Cluster(*values)


def meet_all(*processes: tuple[int, int], patience_s: float = 20.0) -> list[str]:
    """Connect processes, each given as (number, count); return their errors, or ""."""
    address, told = f"localhost:{free_port()}", [""] * len(processes)

    def one(place: int, number: int, count: int) -> None:
        try:
            meet(Cluster(1, address, count, number), patience_s)
        except TrainingError as error:
            told[place] = str(error)

    threads = [
        threading.Thread(target=one, args=(place, *process))
        for place, process in enumerate(processes)
    ]
    for thread in reversed(threads):  # the first one waits for the others
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    return told


def test_processes_meet_in_any_order() -> None:
    assert meet_all((0, 3), (1, 3), (2, 3)) == ["", "", ""]


def test_all_that_are_there_hear_who_is_missing() -> None:
    told = meet_all((0, 3), (2, 3), patience_s=1.0)
    assert all("process 1 did not connect" in text for text in told)


def test_two_of_one_number_are_named() -> None:
    told = meet_all((0, 3), (1, 3), (1, 3))
    assert all("two processes have the same --process-id 1" in text for text in told)


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_process_that_was_killed_may_be_started_again(comes_back: bool) -> None:
    port = free_port()
    told: dict[int, str] = {}

    def one(number: int) -> None:
        try:
            meet(Cluster(1, f"localhost:{port}", 3, number), 20.0 if comes_back else 2.0)
            told[number] = ""
        except TrainingError as error:
            told[number] = str(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in (0, 1, 2)]
    threads[0].start()
    with connection(port) as killed:
        killed.sendall(b"1 3\n")
    for thread in threads[1:] if comes_back else threads[2:]:
        thread.start()
    for thread in threads if comes_back else (threads[0], threads[2]):
        thread.join()
    if comes_back:
        assert told == {0: "", 1: "", 2: ""}
    else:
        assert all("process 1 did not connect" in text for text in told.values())
        assert set(told) == {0, 2}


def connection(port: int) -> socket.socket:
    """Connect as soon as the first process listens."""
    while True:
        try:
            return socket.create_connection(("localhost", port))
        except ConnectionRefusedError:
            time.sleep(0.01)


def test_counts_must_be_the_same() -> None:
    told = meet_all((0, 3), (1, 2))
    assert all("was started with 2 processes, process 0 with 3" in text for text in told)


def test_a_first_process_that_is_not_there_is_named() -> None:
    (told,) = meet_all((1, 2), patience_s=0.1)
    assert "the first process does not answer at localhost:" in told


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TrainingError, match=f"cannot listen on port {port}"):
            meet(Cluster(1, f"localhost:{port}", 2, 0), 1.0)

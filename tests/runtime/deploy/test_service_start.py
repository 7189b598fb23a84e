"""Time limit for the first frame of a release; test_system runs a real systemd."""

import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest

from fer_edge.runtime.deploy.agent import service as module
from fer_edge.runtime.deploy.agent.channel import Channel
from fer_edge.runtime.deploy.agent.child import Done
from fer_edge.runtime.deploy.agent.place import Place
from fer_edge.runtime.deploy.agent.service import START_S, Service

Restart = Callable[[Iterable[tuple[str, str]]], str]


@pytest.fixture
def restart(monkeypatch: pytest.MonkeyPatch) -> Restart:
    """Restart a service; every ten seconds, its next (ActiveState, StatusText) is read."""

    def run(standings: Iterable[tuple[str, str]]) -> str:
        clock, found = itertools.count(0, 10), iter(standings)
        service = Service(Channel(), Place("door", is_system=True))

        def state() -> dict[str, str]:
            active, status = next(found)
            return {
                "ActiveState": active,
                "SubState": "",
                "StatusText": status,
                "ActiveEnterTimestampMonotonic": "1" if active == "active" else "0",
                "WatchdogUSec": "0",
                "WatchdogTimestampMonotonic": "0",
                "ExecMainStatus": "0",
                "Result": "success",
            }

        monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
        monkeypatch.setattr(module.time, "sleep", lambda _: None)
        monkeypatch.setattr(service, "link", lambda: None)
        monkeypatch.setattr(service, "_control", lambda *words, **_: Done(0, "", ""))
        monkeypatch.setattr(service, "logs", lambda lines: "")
        monkeypatch.setattr(service, "state", state)
        return service.restart()

    return run


def standing(status: str, tens: int | None = None) -> Iterator[tuple[str, str]]:
    pair = "activating", status
    return itertools.repeat(pair) if tens is None else itertools.repeat(pair, tens)


def test_a_start_may_load_for_longer_than_it_may_wait_for_a_frame(restart: Restart) -> None:
    loading = standing("starting: loading the model", 3 * int(START_S // 10))
    assert restart(itertools.chain(loading, [("active", "")] * 2)) == ""


@pytest.mark.parametrize("status", ["starting: waiting for the first frame", "camera lost", ""])
def test_a_start_without_a_frame_ends(restart: Restart, status: str) -> None:
    assert restart(standing(status)).startswith(f"it did not read a frame within {START_S:.0f} s")

"""Switches of releases on the device, and what they remove."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fer_edge.runtime.deploy.agent.place import Place
from fer_edge.runtime.deploy.agent.store import COMPLETE, RELEASE, Store, write_whole
from fer_edge.runtime.deploy.agent.switching import Switching
from fer_edge.runtime.deploy.agent.work import Work
from fer_edge.runtime.deploy.answers import Begun, Switched, as_kind

NO_CAMERA = "it did not read a frame within 90 s"


@dataclass
class FakeService:
    """A service whose next restarts return these errors; afterwards it starts."""

    errors: list[str] = field(default_factory=list)
    restarts: int = 0

    def manager(self) -> str:
        return "user"

    def restart(self) -> str:
        self.restarts += 1
        return self.errors.pop(0) if self.errors else ""

    def unlink(self) -> None:
        pass


@pytest.fixture
def service() -> FakeService:
    return FakeService()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "fer-edge")
    store.open()
    return store


@pytest.fixture
def work(store: Store, service: FakeService, monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(
        "fer_edge.runtime.deploy.agent.work.Service", lambda channel, place: service
    )
    place = Place("fer-edge", is_system=False)
    place.base = store.base
    return Work(None, place)  # type: ignore[arg-type]


def add(store: Store, number: int, **record: Any) -> None:
    folder = store.release(number)
    folder.mkdir()
    environment = store.environments / "abc-1"
    environment.mkdir(exist_ok=True)
    (environment / COMPLETE).touch()
    (folder / "env").symlink_to(environment)
    record = {"number": number, "has_service": True, **record}
    write_whole(folder / RELEASE, json.dumps(record))


def numbers(store: Store) -> list[int]:
    return [item["number"] for item in store.records()]


def deploy_next(store: Store, work: Work) -> dict[str, Any]:
    work.make_release([])
    return work.switch({"has_service": True}, "restart")


@pytest.fixture
def three(store: Store) -> Store:
    for number in (3, 4, 5):
        add(store, number)
    store.switch(5)
    return store


def test_a_failed_rollback_keeps_both_releases(
    three: Store, work: Work, service: FakeService
) -> None:
    service.errors = [NO_CAMERA]
    done = as_kind(Switched, work.go_back(), "door", "")
    assert (done.wrong, done.number) == (NO_CAMERA, 5)
    assert done.fallback == "release 5 runs again"
    assert (numbers(three), three.number()) == ([3, 4, 5], 5)
    assert work.go_back()["number"] == 4  # the camera is plugged in again


def test_a_release_that_does_not_start_either_is_named(
    three: Store, work: Work, service: FakeService
) -> None:
    service.errors = [NO_CAMERA, "no camera"]
    done = as_kind(Switched, work.go_back(), "door", "")
    assert done.fallback == "release 5 does not run either (no camera)"


def test_a_new_release_that_fails_is_removed(
    three: Store, work: Work, service: FakeService
) -> None:
    service.errors = [NO_CAMERA]
    assert deploy_next(three, work)["number"] == 5
    assert (numbers(three), three.number()) == ([3, 4, 5], 5)


@pytest.mark.parametrize(("number", "left"), [(4, [3, 4, 5]), (6, [3, 4, 5])])
@pytest.mark.parametrize("was_switched", [True, False])
def test_a_switch_that_the_device_did_not_survive_removes_only_a_new_release(
    three: Store, service: FakeService, number: int, left: list[int], was_switched: bool
) -> None:
    if number not in numbers(three):
        add(three, number)
    note = {"before": 5, "number": number, "way": "restart"}
    write_whole(three.switch_file, json.dumps(note))
    if was_switched:
        three.switch(number)
    service.errors = [NO_CAMERA]
    settled = Switching(three, service).settle()  # type: ignore[arg-type]
    begun = as_kind(Begun, {"settled": settled}, "door", "")
    # a rollback that was not switched yet can be requested again
    assert (begun.settled is not None) == (was_switched or number == 6)
    if begun.settled is not None:
        assert (bool(begun.settled.wrong), begun.settled.number) == (True, 5)
    assert service.restarts == (2 if was_switched else 1 if number == 6 else 0)
    assert (numbers(three), three.number()) == (left, 5)
    assert three.open_switch() is None


def test_a_release_that_a_rollback_left_is_not_returned_to_and_goes_first(
    three: Store, work: Work
) -> None:
    work.go_back()
    assert deploy_next(three, work)["number"] == 6
    assert work.prune(3) == {"removed": [5]}
    assert [work.go_back()["number"] for _ in range(2)] == [4, 3]

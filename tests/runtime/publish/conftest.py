from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.mqtt_broker import BrokerProcess, Subscriber


@pytest.fixture
def broker(tmp_path: Path) -> "Iterator[BrokerProcess]":
    from tests.support.mqtt_broker import MOSQUITTO, BrokerProcess

    if MOSQUITTO is None:
        pytest.skip("Mosquitto is not installed (tests/debian-packages.txt)")
    process = BrokerProcess(tmp_path)
    process.start()
    yield process
    process.stop()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connect to a broker again soon."""
    monkeypatch.setattr("fer_edge.runtime.publish.mqtt.connection.FIRST_RETRY_S", 0.1)


@pytest.fixture
def subscribe() -> "Iterator[Callable[[int], Subscriber]]":
    from tests.support.mqtt_broker import Subscriber

    opened: list[Subscriber] = []

    def subscribe(port: int) -> Subscriber:
        opened.append(Subscriber(port))
        return opened[-1]

    yield subscribe
    for subscriber in opened:
        subscriber.close()

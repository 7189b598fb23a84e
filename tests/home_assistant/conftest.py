import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ..support.mqtt_broker import BrokerProcess, Subscriber
    from ..support.stream_servers import FaceCamera
    from .door import Door
    from .home import HomeAssistant

BLUEPRINTS = Path(__file__).resolve().parents[2] / "examples/home_assistant"
AUTOMATION = """
- alias: Somebody at the door
  use_blueprint:
    path: fer_edge/smile_at_the_door.yaml
    input:
      expression_sensor: sensor.front_door_expression
      expression: neutral
      pause: 2
      actions:
        - action: mqtt.publish
          data: {topic: chime, payload: ding}
"""


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[BrokerProcess]":
    from ..support.mqtt_broker import BrokerProcess

    process = BrokerProcess(tmp_path_factory.mktemp("broker"))
    process.start()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def camera() -> "Iterator[FaceCamera]":
    from ..support.stream_servers import FaceCamera

    camera = FaceCamera()
    yield camera
    camera.unplug()


@pytest.fixture(scope="module")
def home(broker: "BrokerProcess") -> "Iterator[HomeAssistant]":
    from .home import HomeAssistant
    from .userland import build

    home = HomeAssistant(
        build(Path(os.environ["FER_EDGE_HOME_ASSISTANT"]).resolve()), AUTOMATION, BLUEPRINTS
    )
    home.add_broker(broker.port)
    yield home
    home.stop()


@pytest.fixture(scope="module")
def door(home: "HomeAssistant", camera: "FaceCamera", broker: "BrokerProcess") -> "Iterator[Door]":
    from .door import Door

    door = Door(camera.url, broker.port)
    yield door
    if door.process.poll() is None:
        door.end()


@pytest.fixture(scope="module")
def seen(broker: "BrokerProcess") -> "Iterator[Subscriber]":
    from ..support.mqtt_broker import Subscriber

    seen = Subscriber(broker.port)
    yield seen
    seen.close()

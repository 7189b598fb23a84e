"""What Home Assistant has to be told to show fer-edge as a device.

The format is its device-based MQTT discovery (Home Assistant 2024.11 and later): one retained
message at `<prefix>/device/<id>/config` with a `device`, an `origin` and the `components`, which
share the state topic and the availability topic.
"""

import re
from hashlib import sha256
from typing import Any

from fer_edge import __version__

from ...recognition.result import UNCERTAIN


def device_id(topic: str) -> str:
    """Return an id that a topic keeps over restarts and new hardware: letters, digits, _ and -.

    Two topics never share one: what cannot stand in an id is replaced and a digest appended.
    """
    plain = re.sub(r"[^a-zA-Z0-9_-]+", "-", topic)
    return f"fer-edge-{plain[:60]}-{sha256(topic.encode()).hexdigest()[:6]}"


def discovery(
    topic: str, *, prefix: str, model: str, labels: tuple[str, ...], expire_s: int
) -> tuple[str, dict[str, Any]]:
    """Make the discovery message: the largest face's expression, faces, frames per second.

    Args:
        topic: The base topic; states come on `<topic>/state`.
        prefix: Home Assistant's discovery prefix, `homeassistant` unless it was changed there.
        model: Name of the model that reads the faces.
        labels: Its expressions.
        expire_s: Seconds without a state after which the entities count as unavailable.

    Returns:
        The topic and the payload, for a retained message.
    """
    identity = device_id(topic)

    def entity(key: str, name: str, **options: Any) -> dict[str, Any]:
        return {
            "platform": "sensor",
            "unique_id": f"{identity}-{key}",
            "name": name,
            "value_template": f"{{{{ value_json.{key} }}}}",
            "expire_after": expire_s,
            **options,
        }

    return f"{prefix}/device/{identity}/config", {
        "device": {
            "identifiers": [identity],
            "name": f"fer-edge {topic}",
            "manufacturer": "fer-edge",
            "model": model,
            "sw_version": __version__,
        },
        "origin": {"name": "fer-edge", "sw_version": __version__},
        "availability_topic": f"{topic}/availability",
        "state_topic": f"{topic}/state",
        "components": {
            # no face: the label is null, which a template renders as None, "unknown" over there
            "expression": entity(
                "label",
                "Expression",
                device_class="enum",
                options=[*labels, UNCERTAIN],
                icon="mdi:emoticon-outline",
            ),
            "count": entity(
                "count", "Faces", state_class="measurement", icon="mdi:account-multiple"
            ),
            "frame_rate": entity(
                "frame_rate_hz",
                "Frame rate",
                state_class="measurement",
                unit_of_measurement="fps",
                suggested_display_precision=1,
                entity_category="diagnostic",
            ),
        },
    }

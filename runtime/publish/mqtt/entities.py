"""Home Assistant's entities of a device: names and value templates."""

import json
import re
from hashlib import sha256
from typing import Any

from ...recognition.result import UNCERTAIN
from .announcement import Announcement
from .messages import NOBODY

Entity = dict[str, Any]
_SHOWN_SCORES = ("happy", "neutral")
"""Expressions with enabled percentages; the others can be enabled by the user."""
_ICONS = {
    "angry": "mdi:emoticon-angry-outline",
    "happy": "mdi:emoticon-happy-outline",
    "neutral": "mdi:emoticon-neutral-outline",
    "sad": "mdi:emoticon-sad-outline",
    "surprise": "mdi:emoticon-excited-outline",
    "fear": "mdi:emoticon-frown-outline",
    "disgust": "mdi:emoticon-sick-outline",
    "contempt": "mdi:emoticon-confused-outline",
}
_ICON = "mdi:emoticon-outline"


def entities(announced: Announcement) -> dict[str, Entity]:
    """Return each entity by its key; an entity with only its platform removes an existing one."""
    return {**_faces(announced), **_scores(announced), **_device(announced), **_optional(announced)}


def _faces(announced: Announcement) -> dict[str, Entity]:
    state = {
        "state_topic": f"{announced.topic}/state",
        "expire_after": announced.expire_s,
        **_available(announced, "camera"),
    }
    # null, and so unknown, only before the first frame
    label = f"{{{{ '{NOBODY}' if value_json.count == 0 else value_json.label }}}}"
    return {
        "expression": {
            "platform": "sensor",
            "name": "Expression",
            "device_class": "enum",
            "options": _labels(announced),
            "icon": _ICON,
            "value_template": label,
            "json_attributes_topic": f"{announced.topic}/state",
            "json_attributes_template": "{{ {'faces': value_json.faces} | tojson }}",
            **state,
        },
        "face": {
            "platform": "binary_sensor",
            "name": "Face",
            "device_class": "occupancy",
            "value_template": "{{ 'ON' if value_json.count else 'OFF' }}",
            **state,
        },
        "count": {
            "platform": "sensor",
            "name": "Faces",
            "state_class": "measurement",
            "icon": "mdi:account-multiple",
            "value_template": "{{ value_json.count }}",
            **state,
        },
        "probability": {
            "platform": "sensor",
            "name": "Probability",
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "suggested_display_precision": 0,
            "icon": "mdi:percent-outline",
            "value_template": "{{ value_json.probability * 100 if value_json.count else None }}",
            **state,
        },
    }


def _scores(announced: Announcement) -> dict[str, Entity]:
    shown = [label for label in _SHOWN_SCORES if label in announced.labels] or announced.labels[:2]
    return {
        f"score-{_key(label)}": {
            "platform": "sensor",
            "name": label[:1].upper() + label[1:],
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "suggested_display_precision": 0,
            "icon": _ICONS.get(label, _ICON),
            "enabled_by_default": label in shown,
            "state_topic": f"{announced.topic}/scores",
            "value_template": f"{{{{ value_json.get({json.dumps(label, ensure_ascii=False)}) }}}}",
            "expire_after": announced.expire_s,
            **_available(announced, "camera"),
        }
        for label in announced.labels
    }


def _device(announced: Announcement) -> dict[str, Entity]:
    def sensor(field: str, name: str, **options: Any) -> Entity:
        return {
            "platform": "sensor",
            "name": name,
            "entity_category": "diagnostic",
            "state_class": "measurement",
            "state_topic": f"{announced.topic}/device",
            "value_template": f"{{{{ value_json.{field} }}}}",
            "expire_after": announced.expire_s,
            **options,
        }

    temperature = sensor(
        "temperature_celsius",
        "Processor temperature",
        device_class="temperature",
        unit_of_measurement="°C",
        suggested_display_precision=0,
        **_available(announced),
    )
    return {
        "camera": {
            "platform": "binary_sensor",
            "name": "Camera",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": f"{announced.topic}/camera",
            # neither while paused: the camera is not checked then
            "value_template": "{{ {'online': 'ON', 'offline': 'OFF'}.get(value) }}",
            **_available(announced),
        },
        "frame-rate": sensor(
            "frame_rate_hz",
            "Frame rate",
            unit_of_measurement="fps",
            suggested_display_precision=1,
            icon="mdi:speedometer",
            **_available(announced, "camera"),
        ),
        "latency": sensor(
            "latency_ms",
            "Latency",
            device_class="duration",
            unit_of_measurement="ms",
            suggested_display_precision=1,
            **_available(announced, "camera"),
        ),
        "temperature": temperature if announced.has_temperature else {"platform": "sensor"},
        "dropped": sensor(
            "dropped",
            "Dropped frames",
            state_class="total_increasing",
            enabled_by_default=False,
            icon="mdi:image-broken-variant",
            **_available(announced),
        ),
    }


def _optional(announced: Announcement) -> dict[str, Entity]:
    picture = {
        "platform": "image",
        "name": "Picture",
        "image_topic": f"{announced.topic}/picture",
        "content_type": "image/jpeg",
        **_available(announced, "camera"),
    }
    reading = {
        "platform": "switch",
        "name": "Recognition",
        "icon": "mdi:eye-outline",
        "state_topic": f"{announced.topic}/reading",
        "command_topic": f"{announced.topic}/reading/set",
        # stored by the broker: the switch stays off when the device restarts
        "retain": True,
        "qos": 1,
        **_available(announced),
    }
    changed = {
        "platform": "event",
        "name": "Expression change",
        "icon": "mdi:emoticon-wink-outline",
        "state_topic": f"{announced.topic}/event",
        "event_types": _labels(announced),
        **_available(announced),
    }
    return {
        "picture": picture if announced.has_picture else {"platform": "image"},
        "reading": reading if announced.can_pause else {"platform": "switch"},
        "change": changed,
    }


def _available(announced: Announcement, *leaves: str) -> Entity:
    """Return what must be online for an entity to be available: the run, and other topics."""
    topics = [f"{announced.topic}/{leaf}" for leaf in ("availability", *leaves)]
    template = "{{ 'online' if value == 'online' else 'offline' }}"  # paused counts as offline
    return {
        "availability": [{"topic": topic, "value_template": template} for topic in topics],
        "availability_mode": "all",
    }


def _labels(announced: Announcement) -> list[str]:
    return list(dict.fromkeys((*announced.labels, UNCERTAIN, NOBODY)))


def _key(label: str) -> str:
    """Return a label in characters allowed in an ID; two labels never get the same ID."""
    plain = re.sub(r"[^a-zA-Z0-9_]+", "-", label)
    return plain if plain == label else f"{plain}-{sha256(label.encode()).hexdigest()[:6]}"

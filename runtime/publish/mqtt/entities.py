"""Home Assistant's entities of one device: what each is called, and where its value comes from."""

import json
import re
from hashlib import sha256
from typing import Any

from ...recognition.result import UNCERTAIN
from .announcement import Announcement
from .messages import NOBODY

Entity = dict[str, Any]
_SHOWN_SCORES = ("happy", "neutral")
"""Expressions whose per cent are switched on; the others are there to be switched on."""
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


def entities(told: Announcement) -> dict[str, Entity]:
    """Return each entity by its key; one with its platform alone takes away what was there."""
    return {**_faces(told), **_scores(told), **_device(told), **_optional(told)}


def _faces(told: Announcement) -> dict[str, Entity]:
    state = {
        "state_topic": f"{told.topic}/state",
        "expire_after": told.expire_s,
        **_available(told, "camera"),
    }
    # null, and so unknown, before the first frame alone
    label = f"{{{{ '{NOBODY}' if value_json.count == 0 else value_json.label }}}}"
    return {
        "expression": {
            "platform": "sensor",
            "name": "Expression",
            "device_class": "enum",
            "options": _labels(told),
            "icon": _ICON,
            "value_template": label,
            "json_attributes_topic": f"{told.topic}/state",
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


def _scores(told: Announcement) -> dict[str, Entity]:
    shown = [label for label in _SHOWN_SCORES if label in told.labels] or told.labels[:2]
    return {
        f"score-{_key(label)}": {
            "platform": "sensor",
            "name": label[:1].upper() + label[1:],
            "state_class": "measurement",
            "unit_of_measurement": "%",
            "suggested_display_precision": 0,
            "icon": _ICONS.get(label, _ICON),
            "enabled_by_default": label in shown,
            "state_topic": f"{told.topic}/scores",
            "value_template": f"{{{{ value_json.get({json.dumps(label, ensure_ascii=False)}) }}}}",
            "expire_after": told.expire_s,
            **_available(told, "camera"),
        }
        for label in told.labels
    }


def _device(told: Announcement) -> dict[str, Entity]:
    def sensor(field: str, name: str, **options: Any) -> Entity:
        return {
            "platform": "sensor",
            "name": name,
            "entity_category": "diagnostic",
            "state_class": "measurement",
            "state_topic": f"{told.topic}/device",
            "value_template": f"{{{{ value_json.{field} }}}}",
            "expire_after": told.expire_s,
            **options,
        }

    temperature = sensor(
        "temperature_celsius",
        "Processor temperature",
        device_class="temperature",
        unit_of_measurement="°C",
        suggested_display_precision=0,
        **_available(told),
    )
    return {
        "camera": {
            "platform": "binary_sensor",
            "name": "Camera",
            "device_class": "connectivity",
            "entity_category": "diagnostic",
            "state_topic": f"{told.topic}/camera",
            # a paused one is neither: nobody looks whether it is there
            "value_template": "{{ {'online': 'ON', 'offline': 'OFF'}.get(value) }}",
            **_available(told),
        },
        "frame-rate": sensor(
            "frame_rate_hz",
            "Frame rate",
            unit_of_measurement="fps",
            suggested_display_precision=1,
            icon="mdi:speedometer",
            **_available(told, "camera"),
        ),
        "latency": sensor(
            "latency_ms",
            "Latency",
            device_class="duration",
            unit_of_measurement="ms",
            suggested_display_precision=1,
            **_available(told, "camera"),
        ),
        "temperature": temperature if told.has_temperature else {"platform": "sensor"},
        "dropped": sensor(
            "dropped",
            "Dropped frames",
            state_class="total_increasing",
            enabled_by_default=False,
            icon="mdi:image-broken-variant",
            **_available(told),
        ),
    }


def _optional(told: Announcement) -> dict[str, Entity]:
    picture = {
        "platform": "image",
        "name": "Picture",
        "image_topic": f"{told.topic}/picture",
        "content_type": "image/jpeg",
        **_available(told, "camera"),
    }
    reading = {
        "platform": "switch",
        "name": "Reading",
        "icon": "mdi:eye-outline",
        "state_topic": f"{told.topic}/reading",
        "command_topic": f"{told.topic}/reading/set",
        # kept by the broker: what was switched off stays off when the device starts again
        "retain": True,
        "qos": 1,
        **_available(told),
    }
    changed = {
        "platform": "event",
        "name": "Change of expression",
        "icon": "mdi:emoticon-wink-outline",
        "state_topic": f"{told.topic}/event",
        "event_types": _labels(told),
        **_available(told),
    }
    return {
        "picture": picture if told.has_picture else {"platform": "image"},
        "reading": reading if told.can_pause else {"platform": "switch"},
        "change": changed,
    }


def _available(told: Announcement, *leaves: str) -> Entity:
    """Return what must be online for an entity to be available: the run, and other leaves."""
    topics = [f"{told.topic}/{leaf}" for leaf in ("availability", *leaves)]
    template = "{{ 'online' if value == 'online' else 'offline' }}"  # paused is neither
    return {
        "availability": [{"topic": topic, "value_template": template} for topic in topics],
        "availability_mode": "all",
    }


def _labels(told: Announcement) -> list[str]:
    return list(dict.fromkeys((*told.labels, UNCERTAIN, NOBODY)))


def _key(label: str) -> str:
    """Return a label in letters that an id may have; two labels never share one."""
    plain = re.sub(r"[^a-zA-Z0-9_]+", "-", label)
    return plain if plain == label else f"{plain}-{sha256(label.encode()).hexdigest()[:6]}"

"""Announcements to Home Assistant; tests/home_assistant/ sends them to a real instance."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pytest

from fer_edge.runtime.publish.mqtt.announcement import Announcement
from fer_edge.runtime.publish.mqtt.connection import LEAVES
from fer_edge.runtime.publish.mqtt.home_assistant import device_name, discovery
from fer_edge.runtime.publish.mqtt.messages import as_scores, as_state, unseen_state
from fer_edge.runtime.publish.web.address import parse_address
from tests.support.web_client import make_face

ROOT = Path(__file__).resolve().parents[3]
TOLD = Announcement(
    prefix="homeassistant",
    topic="home/door",
    name="Front door",
    model="compact",
    labels=("sad", "happy", "fröhlich"),
    expire_s=90,
    can_pause=True,
    has_picture=True,
    has_temperature=True,
)


def announced(told: Announcement = TOLD, own_host: str | None = "192.168.1.9") -> dict[str, Any]:
    """Return the announcement's message as the receiver decodes it."""
    payload: dict[str, Any] = json.loads(json.dumps(discovery(told, own_host)[1]))
    return payload


def shown(component: dict[str, Any], message: dict[str, Any]) -> str:
    """Render the value template of a component for a message, as Home Assistant does."""
    return jinja2.Template(component["value_template"]).render(value_json=message)


def test_the_name_of_a_device_has_no_slash() -> None:
    assert device_name("home/door") == "fer-edge home door"
    assert device_name("fer-edge/door") == "fer-edge door"
    assert device_name("fer-edge") == "fer-edge"


def test_every_entity_has_an_id_of_its_own_and_needs_the_run() -> None:
    components = announced()["components"]
    ids = [component["unique_id"] for component in components.values()]
    assert len(set(ids)) == len(ids) == 15
    for component in components.values():
        topics = [place["topic"] for place in component["availability"]]
        assert topics[0] == "home/door/availability"
        is_of_frames = component.get("state_topic", "").endswith(("/state", "/scores"))
        assert ("home/door/camera" in topics) >= is_of_frames
    off = [key for key, item in components.items() if not item.get("enabled_by_default", True)]
    assert [key.partition("-")[0] for key in off] == ["score", "score", "dropped"]


def test_an_entity_shows_what_the_messages_say() -> None:
    components = announced()["components"]
    happy = (make_face(1, "happy"),)
    for faces, label, face, count, probability in (
        (happy, "happy", "ON", "1", "80.0"),
        ((), "none", "OFF", "0", "None"),
    ):
        state = as_state(faces)
        assert shown(components["expression"], state) == label
        assert label in components["expression"]["options"]
        assert shown(components["face"], state) == face
        assert shown(components["count"], state) == count
        assert shown(components["probability"], state) == probability
    assert shown(components["expression"], unseen_state()) == "None"
    assert shown(components["count"], unseen_state()) == "None"
    scores = as_scores(happy, TOLD.labels)
    assert shown(components["score-happy"], scores) == "80.0"
    (other,) = (item for item in components.values() if item["name"] == "Fröhlich")
    assert shown(other, scores) == "10.0"
    for standing, wanted in (("online", "ON"), ("offline", "OFF"), ("paused", "None")):
        template = jinja2.Template(components["camera"]["value_template"])
        assert template.render(value=standing) == wanted


@pytest.mark.parametrize("label", ['say "cheese"', "it's {{ 1 }}", "a\\b", "👍", "none", "a b-c"])
def test_a_label_of_any_letters_is_read(label: str) -> None:
    told = replace(TOLD, labels=("sad", label))
    components = announced(told)["components"]
    (score,) = (
        item for key, item in components.items() if key.startswith("score-") and key != "score-sad"
    )
    assert shown(score, {"sad": 1.0, label: 42.0}) == "42.0"
    assert components["expression"]["options"].count(label) == 1


def test_what_a_run_lacks_is_taken_away() -> None:
    told = replace(TOLD, can_pause=False, has_picture=False, has_temperature=False)
    components = announced(told)["components"]
    assert {key: item["platform"] for key, item in components.items() if len(item) == 1} == {
        "reading": "switch",
        "picture": "image",
        "temperature": "sensor",
    }


@pytest.mark.parametrize(
    ("page", "own_host", "url"),
    [
        ("0.0.0.0:8000", "192.168.1.9", "http://192.168.1.9:8000/"),
        ("[::]:8000", "fd00::9", "http://[fd00::9]:8000/"),
        ("raspberrypi:8000", "192.168.1.9", "http://raspberrypi:8000/"),
        ("127.0.0.1:8000", "127.0.0.1", "http://127.0.0.1:8000/"),
        ("localhost:8000", "192.168.1.9", None),
        ("127.0.0.1:8000", "192.168.1.9", None),
        ("0.0.0.0:0", "192.168.1.9", None),
        ("0.0.0.0:8000", None, None),
    ],
)
def test_the_link_to_the_page_is_one_that_others_can_open(
    page: str, own_host: str | None, url: str | None
) -> None:
    told = replace(TOLD, page=parse_address(page))
    assert announced(told, own_host)["device"].get("configuration_url") == url
    assert "configuration_url" not in announced()["device"]


def test_the_pages_name_every_entity_and_every_topic() -> None:
    page = (ROOT / "docs/how-to/home-assistant.md").read_text("utf-8")
    entities = page.partition("## Entities")[2].partition("\n## ")[0]
    for key, component in announced()["components"].items():
        assert component["name"] in entities or key.startswith("score-"), key
    topics = (ROOT / "docs/reference/mqtt.md").read_text("utf-8")
    for leaf in (*LEAVES, "event", "picture"):
        assert f"| `{leaf}` |" in topics


def test_the_blueprint_has_what_home_assistant_asks_of_one() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

    class Loader(yaml.SafeLoader):  # type: ignore[misc, name-defined]
        """YAML loader that supports Home Assistant's !input."""

    Loader.add_constructor("!input", lambda loader, node: ("input", node.value))
    text = (ROOT / "examples/home_assistant/smile_at_the_door.yaml").read_text("utf-8")
    blueprint = yaml.load(text, Loader)
    about = blueprint["blueprint"]
    assert about["domain"] == "automation"
    assert {"name", "description", "input"} <= about.keys()
    used: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, tuple):
            used.add(value[1])
        for item in value.values() if isinstance(value, dict) else value:
            if isinstance(item, (dict, list, tuple)):
                walk(item)

    walk({key: value for key, value in blueprint.items() if key != "blueprint"})
    assert used == about["input"].keys()
    assert blueprint["triggers"][0]["trigger"] == "state"

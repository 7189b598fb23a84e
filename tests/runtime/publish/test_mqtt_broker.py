import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_edge.errors import OutputError
from fer_edge.runtime.publish.mqtt.broker import PASSWORD_VARIABLE, parse_broker
from fer_edge.runtime.publish.mqtt.config import MqttConfig
from fer_edge.runtime.publish.mqtt.home_assistant import device_id
from fer_edge.shown import masked
from tests.support.clear_line import assert_one_clear_line

pytest.importorskip("paho.mqtt.client", reason="paho-mqtt is not installed")


def test_a_device_id_is_steady_unique_and_of_plain_letters() -> None:
    assert device_id("home/door") == device_id("home/door")
    assert device_id("home/door") != device_id("home-door")
    assert device_id("Küche/ä b").replace("-", "").replace("_", "").isascii()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://host/t", ("host", 1883, "t", False, None, None)),
        ("mqtts://host/a/b/", ("host", 8883, "a/b", True, None, None)),
        ("mqtt://u:p%40%2F%3A@[::1]:1/t", ("::1", 1, "t", False, "u", "p@/:")),
    ],
)
def test_an_address_is_taken_apart(url: str, expected: tuple[object, ...]) -> None:
    broker = parse_broker(url, {})
    got = (broker.host, broker.port, broker.topic, broker.is_encrypted, broker.user)
    assert (*got, broker.password) == expected
    assert "p@" not in f"{broker} {broker!r}"


@pytest.mark.parametrize(
    "url",
    [
        *("host/t", "http://host/t", "mqtt://host", "mqtt://host/", "mqtt:///t", ""),
        *("mqtt://a..b/t", f"mqtt://{70 * 'a'}/t", "mqtt://host/\udcff", "mqtt://host/a%0ab"),
        *(
            "mqtt://host/a/#",
            "mqtt://host/a?",
            "mqtt://host/a/+/b",
            "mqtt://host/$SYS/x",
            "mqtt://host:99999/t",
            "mqtt://host:0/t",
        ),
        *("mqtt://:secret@host/t", "mqtt://u:sec/ret@host/t", "mqtt://u:12/secret@host/t"),
        # urlsplit drops these
        *("mqtt://u:secret\r@host/t", "mqtt://u:sec\nret@host/t", "mq\ttt://u:secret@host/t"),
        *("mqtt://u:sec#ret@host/t", "mqtt://u:%ffsecret@host/t", "mqtt://[u:secret@host/t"),
    ],
)
def test_a_bad_address_is_refused_without_repeating_the_password(
    fer_edge: Callable[..., Any], picture: Path, url: str
) -> None:
    with pytest.raises(OutputError) as error:
        parse_broker(url, {})
    assert "secret" not in str(error.value)
    done = fer_edge("run", "--input", picture, "--mqtt", url)
    assert done.exit_code == 2
    assert "--mqtt" in done.stderr.splitlines()[-1]
    assert "secret" not in done.stderr


@pytest.mark.parametrize("place", ["localhost/a", "[::1]:1883/a"])
@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("mqtt://anna:p#s@{}", {}),
        ("mqtts://{}", {PASSWORD_VARIABLE: "hunter2"}),
        ("mqtt://:hunter2@{}", {}),
    ],
)
def test_the_expected_address_is_not_masked_as_if_it_had_a_password(
    url: str, given: dict[str, str], place: str
) -> None:
    with pytest.raises(OutputError, match="USER:PASSWORD@") as error:
        parse_broker(url.format(place), given)
    assert masked(str(error.value)) == str(error.value)


@pytest.mark.parametrize(
    "options",
    [
        *[("--mqtt-discovery", "a/#"), ("--mqtt-every", "nan"), ("--mqtt-every", "-1")],
        *[("--mqtt-name", " ", "--mqtt-discovery"), ("--mqtt-area", "a\nb", "--mqtt-discovery")],
        *[("--mqtt-name", "Door"), ("--mqtt-area", "Hall")],  # need --mqtt-discovery
        ("--mqtt-ca", __file__),  # the address is not encrypted
    ],
)
def test_a_bad_value_is_refused(
    fer_edge: Callable[..., Any], picture: Path, options: tuple[str, ...]
) -> None:
    done = fer_edge("run", "--input", picture, "--mqtt", "mqtt://127.0.0.1:1/t", *options)
    assert done.exit_code == 2
    assert options[0] in done.stderr.splitlines()[-1]


def test_options_of_mqtt_do_not_stand_alone(fer_edge: Callable[..., Any], picture: Path) -> None:
    for option in ("--mqtt-discovery", "--mqtt-picture"):
        done = fer_edge("run", "--input", picture, option)
        assert done.exit_code == 2
        assert f"{option} needs --mqtt" in done.stderr


def test_without_paho_one_line_says_what_to_install(
    fer_edge: Callable[..., Any], picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    done = fer_edge("run", "--input", picture, "--mqtt", "mqtt://host/t")
    assert_one_clear_line(done, "pip install 'fer-edge[mqtt]'")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mqtt://u:p@h:1/t", "mqtt://u@h:1/t"),
        ("mqtt://u:h:p@h/t", "mqtt://u@h/t"),
        ("MQTT://u:h@u/h", "mqtt://u@u/h"),
        ("mqtts://[::1]/t", "mqtts://[::1]/t"),
    ],
)
def test_a_configuration_without_secrets_has_the_address_without_its_password(
    url: str, shown: str
) -> None:
    assert MqttConfig(url=url).without_secrets() == MqttConfig(url=shown)

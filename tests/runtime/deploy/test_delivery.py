"""Delivery: the files to send to a device, read on this machine."""

from pathlib import Path

import pytest

from fer_edge.runtime.deploy.delivery import read_delivery

from .situations import WHEEL


def test_secrets_of_the_shell_travel_and_nothing_else_of_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "door.toml"
    path.write_text("[source]\ncamera = 0\n")
    bare = read_delivery(WHEEL, None, path).config
    monkeypatch.setenv("FER_EDGE_MQTT_PASSWORD", "one")
    monkeypatch.setenv("FER_EDGE_SINK_MINE_2", "two")
    monkeypatch.setenv("FER_EDGE_WEB_TOKEN", "")
    monkeypatch.setenv("FER_EDGE_HEARTBEAT", "/tmp/beat")
    config = read_delivery(WHEEL, None, path).config
    assert bare is not None
    assert config is not None
    assert config.secrets == {"FER_EDGE_MQTT_PASSWORD": "one", "FER_EDGE_SINK_MINE_2": "two"}
    assert config.digest != bare.digest  # so that a changed password is deployed

"""Secrets are put into a run's options; none may appear in anything that it writes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.camera import Camera

SECRETS = ("planted-password", "planted-key", "planted-token-of-the-page", "planted-broker-word")
ENVIRONMENT = {
    "FER_EDGE_WEB_TOKEN": "planted-token-of-the-page",
    "FER_EDGE_MQTT_PASSWORD": "planted-broker-word",
}


def run(*options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "fer_edge", "--verbose", "run", *map(str, options)],
        env=os.environ | ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_planted_secrets_stand_in_no_line_of_a_run(tmp_path: Path) -> None:
    pytest.importorskip("uvicorn")
    pytest.importorskip("paho.mqtt")
    broker = "mqtt://anna@127.0.0.1:9/home/door"
    files = ("--jsonl", tmp_path / "a.jsonl", "--csv", tmp_path / "a.csv", "--summary")
    with Camera() as camera:
        options = ("--input", camera.url, "--max-frames", 5, "--web", "127.0.0.1:0")
        done = run(*options, "--mqtt", broker, *files, tmp_path / "a.json", "--detector", "none")
    assert done.returncode == 0, done.stderr
    written = [path.read_text("utf-8") for path in tmp_path.iterdir()]
    assert len(written) == 3
    for text in (done.stdout, done.stderr, *written):
        assert not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize(
    "address",
    [
        "rtsp://anna:planted-password@127.0.0.1:9/x?key=planted-key",
        "http://anna:planted-password@127.0.0.1:9/live.m3u8?key=planted-key",
        "rstp://anna:planted-password@127.0.0.1:9/x?key=planted-key",
        "rtsp:/anna:planted-password@127.0.0.1/x",
        "rtsp//anna:planted-password@127.0.0.1/x",
        "anna:planted-password@127.0.0.1",
        "rtsp://anna:planted-password@127.0.0.1:port/x",
    ],
)
def test_planted_secrets_stand_in_no_line_of_an_address_that_fails(address: str) -> None:
    done = run("--input", address)
    assert done.returncode != 0
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)
    assert done.stderr.strip()


@pytest.mark.parametrize(
    "options",
    [
        ("--mqtt", "mqtt:/anna:planted-broker-word@host/topic"),
        ("--mqtt", "mqtt://anna:planted-broker-word@host/#"),
        ("--web-token", "planted-token-of-the-page", "--web", "nowhere:port"),
        ("--web-token", "planted-token-of-the-page", "--fps", "planted-token-of-the-page"),
    ],
)
def test_planted_secrets_stand_in_no_line_of_a_wrong_option(options: tuple[str, ...]) -> None:
    done = run("--input", "x.jpg", *options)
    assert done.returncode != 0
    assert not any(secret in done.stdout + done.stderr for secret in SECRETS)

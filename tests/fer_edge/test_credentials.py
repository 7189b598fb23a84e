from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from fer_edge.credentials import hide_secrets_of, load_credentials, without_secrets
from fer_edge.shown import masked
from tests.support.clear_line import assert_one_clear_line


def test_credentials_stand_for_what_the_environment_leaves_out(tmp_path: Path) -> None:
    for name, text in (
        ("FER_EDGE_MQTT_PASSWORD", "söcret\n"),
        ("FER_EDGE_WEB_TOKEN", "another"),
        ("FER_EDGE_SINK_CSV_3", "of Windows\r\n"),
        ("FER_EDGE_SINK_CSV_2", "a\nb"),
        ("FER_EDGE_LIMIT_MEMORY", "1"),  # a setting, not a secret
        ("other", "x"),
    ):
        (tmp_path / name).write_bytes(text.encode())
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path), "FER_EDGE_WEB_TOKEN": "first"}
    load_credentials(environment)
    assert environment == {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "FER_EDGE_WEB_TOKEN": "first",
        "FER_EDGE_MQTT_PASSWORD": "söcret",
        "FER_EDGE_SINK_CSV_2": "a\nb",
        "FER_EDGE_SINK_CSV_3": "of Windows",
    }


def test_a_strangers_model_is_tried_without_secrets() -> None:
    environment = {"FER_EDGE_INPUT": "rtsp://u:p@h", "FER_EDGE_LIMIT_MEMORY": "900", "HOME": "/x"}
    assert without_secrets(environment) == {"FER_EDGE_LIMIT_MEMORY": "900", "HOME": "/x"}


@pytest.mark.parametrize("data", [b"\xff\xfe", b"a\0b"])
def test_a_credential_that_is_no_text_ends_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fer_edge: Callable[..., Result],
    data: bytes,
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "FER_EDGE_INPUT").write_bytes(data)
    assert_one_clear_line(fer_edge("run"), "FER_EDGE_INPUT", "expected text")


def test_a_folder_of_credentials_that_is_gone_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fer_edge: Callable[..., Result]
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "gone"))
    assert_one_clear_line(fer_edge("run"), "gone cannot be read")


def test_secrets_are_hidden_as_a_whole_and_addresses_without_their_host() -> None:
    hide_secrets_of(
        {
            "FER_EDGE_WEB_TOKEN": "token-1",
            "FER_EDGE_STREAM_OPTION_KEY": "option-2",
            "FER_EDGE_SINK_MINE_PASSWORD": "word-3",
            "FER_EDGE_INPUT": "rtsp://camera.local/?user=key-4",
            "FER_EDGE_SINK_CSV": "faces.csv",
            "TOKEN": "of-others",
        }
    )
    text = masked("token-1 option-2 word-3 user=key-4 camera.local faces.csv of-others")
    assert text == "... ... ... ... camera.local faces.csv of-others"

"""Addresses of streams, and what of them is shown."""

from collections.abc import Callable

import pytest
from click.testing import Result

from fer_edge.errors import SourceError
from fer_edge.runtime.capture.stream import StreamCapture
from fer_edge.shown import without_password
from tests.support.clear_line import assert_one_clear_line


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtsp://host/user=admin&password=secret&channel=1&stream=0.sdp", "rtsp://host/..."),
        ("rtsp://host/cam_password=secret_channel=1", "rtsp://host/cam_..."),
        ("rtmp://host/live/secret", "rtmp://host/live/..."),
        ("rtmp://host/live", "rtmp://host/live"),
        ("rtsp://host/camera", "rtsp://host/camera"),
        ("rtsp://host:554/a/b", "rtsp://host:554/a/b"),
        ("RTSP://[fe80::1]:554/a", "RTSP://[fe80::1]:554/a"),
        ("rtsp://anna:secret@host:554/a?x=1", "rtsp://host:554/a"),
        ("rtsp://secret@host/a", "rtsp://host/a"),
        ("http://host/v.cgi?user=anna&pwd=secret#secret", "http://host/v.cgi"),
        # passwords with characters that should be percent-encoded
        ("rtsp://anna:se@secret@host/a", "rtsp://host/a"),
        ("rtsp://anna:se/secret@host/a", "rtsp://..."),
        ("rtsp://anna:12/secret@host/a", "rtsp://..."),
        ("rtsp://anna:se?secret@host/a", "rtsp://..."),
        ("rtsp://anna:se#secret@host/a", "rtsp://..."),
    ],
)
def test_no_secret_of_an_address_is_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown
    try:
        assert StreamCapture(url).name == shown
    except SourceError as error:
        assert f"{shown} is not a valid stream address" in str(error)
        assert "%2F" in str(error)
        assert "secret" not in str(error)


@pytest.mark.parametrize("url", ["rtsp://", "http:///x", "rtsp://[::1/x", "rtsp://host:port/"])
def test_what_is_no_address_is_one_line(fer_edge: Callable[..., Result], url: str) -> None:
    assert_one_clear_line(fer_edge("run", "--input", url), "is not a valid stream address")

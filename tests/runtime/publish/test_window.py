import cv2
import pytest

from fer_edge.errors import OutputError
from fer_edge.runtime.publish.window import Window

from ...support.results import Live


def test_without_a_screen_one_line_points_to_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(OutputError, match=r"needs a screen.*--web 127\.0\.0\.1:8000"):
        Window(Live())


def test_a_headless_opencv_points_to_the_browser(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if "GUI:                           NONE" not in cv2.getBuildInformation():
        pytest.skip("this OpenCV has windows")
    monkeypatch.setenv("DISPLAY", ":77")
    with pytest.raises(OutputError, match=r"headless package.*--web 127\.0\.0\.1:8000"):
        Window(Live())
    assert capfd.readouterr().err == ""

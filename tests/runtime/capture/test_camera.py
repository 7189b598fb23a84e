"""Cameras. Test machines have none, so stand-ins replace the drivers."""

import itertools
import logging
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import Result
from numpy.typing import NDArray

from fer_edge.errors import MissingExtraError, SourceError
from fer_edge.runtime.capture.opening import open_camera
from tests.support.clear_line import assert_one_clear_line


class StandInPicamera2:
    """Stand-in for picamera2.Picamera2: its methods, arguments, call order and errors."""

    cameras = 1
    frames = 5
    hangs = False
    is_busy = False
    made: "list[StandInPicamera2]"

    def __init__(self, camera_num: int = 0, tuning: object = None) -> None:
        if camera_num >= self.cameras:
            raise IndexError("list index out of range")  # what picamera2 raises
        if self.is_busy:
            logging.getLogger("picamera2.picamera2").error("Camera __init__ sequence")
            why = "Camera __init__ sequence did not complete."
            raise RuntimeError(why) from RuntimeError("Failed to acquire camera: Device busy")
        self.calls: list[str] = ["open"]
        self.configuration: dict[str, Any] = {}
        self.jobs: list[int] = []
        self.canceled = threading.Event()
        self.waits = threading.Event()
        self.made.append(self)

    def create_video_configuration(
        self, main: dict[str, Any], controls: dict[str, Any], buffer_count: int = 6
    ) -> dict[str, Any]:
        if any(side % 2 for side in main["size"]):
            raise RuntimeError("width and height should be even")
        return {"main": main, "controls": controls, "use_case": "video"}

    def configure(self, camera_config: dict[str, Any]) -> None:
        self.calls.append("configure")
        self.configuration = camera_config

    def start(self) -> None:
        assert self.calls == ["open", "configure"]
        self.calls.append("start")

    def capture_array(self, name: str = "main", wait: bool | None = None) -> int:
        assert (name, wait, self.calls[-1]) == ("main", False, "start")
        self.jobs.append(len(self.jobs))
        return self.jobs[-1]

    def wait(self, job: int, timeout: float | None = None) -> NDArray[np.uint8]:
        assert timeout is not None
        if job >= self.frames:
            if self.hangs:
                self.waits.set()
                assert self.canceled.wait(20)
                raise futures.CancelledError
            raise futures.TimeoutError
        width, height = self.configuration["main"]["size"]
        assert self.configuration["main"]["format"] == "RGB888"
        image = np.zeros((height, width, 3), np.uint8)
        image[:] = (200, 100, job)  # in memory, RGB888 is in the order B, G, R
        return image

    def cancel_all_and_flush(self) -> None:
        self.jobs.clear()
        self.canceled.set()

    def stop(self) -> None:
        assert not self.jobs, "stop() would wait for a job whose frame never comes"
        self.calls.append("stop")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def picamera2(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[StandInPicamera2]]:
    StandInPicamera2.made = []
    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=StandInPicamera2))
    monkeypatch.setattr("fer_edge.runtime.capture.live.FIRST_RETRY_S", 0.01)
    yield StandInPicamera2
    for camera in StandInPicamera2.made:
        assert camera.calls[-2:] == ["stop", "close"]


def test_the_pi_camera_delivers_bgr_at_the_size_and_rate_asked_for(
    picamera2: type[StandInPicamera2],
) -> None:
    source = open_camera("picamera2", size=(64, 48), frame_rate_hz=20)
    frame = next(iter(source))
    source.close()
    assert (frame.image.shape, frame.name) == ((48, 64, 3), "picamera2")
    assert frame.image[0, 0].tolist()[:2] == [200, 100]
    assert (source.frame_rate_hz, source.is_live) == (20, True)
    controls = picamera2.made[0].configuration["controls"]
    assert controls == {"FrameDurationLimits": (50000, 50000)}


def test_a_pi_camera_whose_cable_comes_off_is_opened_again(
    picamera2: type[StandInPicamera2],
) -> None:
    source = open_camera("picamera2")
    frame = next(itertools.dropwhile(lambda frame: frame.index < 7, source))
    source.close()
    assert frame.image.shape == (480, 640, 3)
    assert len(picamera2.made) >= 2


def test_a_pi_camera_that_is_in_use_is_said_to_be(
    picamera2: type[StandInPicamera2],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(picamera2, "is_busy", True)
    with pytest.raises(SourceError, match="Failed to acquire camera: Device busy"):
        open_camera("picamera2")
    assert caplog.records == []


def test_close_calls_off_a_frame_that_never_comes(
    picamera2: type[StandInPicamera2], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picamera2, "hangs", True)
    source = open_camera("picamera2")
    (camera,) = picamera2.made
    assert camera.waits.wait(10)
    source.close()
    assert not source._thread.is_alive()


def test_a_pi_without_camera_is_told(
    picamera2: type[StandInPicamera2],
    monkeypatch: pytest.MonkeyPatch,
    fer_edge: Callable[..., Result],
) -> None:
    monkeypatch.setattr(picamera2, "cameras", 0)
    result = fer_edge("run", "--camera", "picamera2")
    assert_one_clear_line(result, "Pi camera cannot be opened", "rpicam-hello --list-cameras")
    monkeypatch.setattr(picamera2, "cameras", 1)
    with pytest.raises(SourceError, match="should be even"):
        open_camera("picamera2", size=(63, 48))
    for camera in picamera2.made:
        assert camera.calls == ["open", "stop", "close"]


def test_without_picamera2_the_line_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, fer_edge: Callable[..., Result]
) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(MissingExtraError):
        open_camera("picamera2")
    result = fer_edge("run", "--camera", "picamera2")
    assert_one_clear_line(result, "apt install -y python3-picamera2", "--system-site-packages")


class StandInVideoCapture:
    """Stand-in for cv2.VideoCapture: a V4L2 camera that is unplugged after five frames."""

    made: "list[StandInVideoCapture]"

    def __init__(self, which: int | str, api: int) -> None:
        assert api == cv2.CAP_V4L2
        self.which = which
        self.wishes: list[tuple[int, float]] = []
        self.left = 5
        self.released = False
        self.made.append(self)

    def isOpened(self) -> bool:  # noqa: N802
        return not self.released

    def set(self, property_id: int, value: float) -> bool:
        self.wishes.append((property_id, value))
        return True

    def get(self, property_id: int) -> float:
        return {cv2.CAP_PROP_FPS: 15.0}[property_id]

    def read(self) -> tuple[bool, Any]:
        self.left -= 1
        if self.left < 0:
            return False, None
        gray_16_bit = self.left % 2  # as from thermal cameras
        shape, kind = ((4, 6), np.uint16) if gray_16_bit else ((4, 6, 3), np.uint8)
        return True, np.full(shape, 100 << (8 * gray_16_bit), kind)

    def release(self) -> None:
        self.released = True


@pytest.fixture
def webcam(monkeypatch: pytest.MonkeyPatch) -> None:
    StandInVideoCapture.made = []
    monkeypatch.setattr(cv2, "VideoCapture", StandInVideoCapture)
    # this check queries the kernel: see test_camera_failure
    monkeypatch.setattr("fer_edge.runtime.capture.camera.check_camera", lambda name, path: None)
    monkeypatch.setattr("fer_edge.runtime.capture.live.FIRST_RETRY_S", 0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")
@pytest.mark.usefixtures("webcam")
def test_a_webcam_is_asked_opened_again_and_freed() -> None:
    source = open_camera(2, size=(1280, 720), frame_rate_hz=15)
    for frame in source:
        assert (frame.image.shape, frame.image.dtype, frame.name) == (
            (4, 6, 3),
            "uint8",
            "camera 2",
        )
        assert (frame.image == 100).all()
        if frame.index > 6:
            break
    source.close()
    assert source.frame_rate_hz == 15
    assert len(StandInVideoCapture.made) >= 2
    for camera in StandInVideoCapture.made:
        assert camera.released
        assert [property_id for property_id, _ in camera.wishes] == [
            cv2.CAP_PROP_FOURCC,  # first: V4L2 drops the size if the format is set after it
            cv2.CAP_PROP_FRAME_WIDTH,
            cv2.CAP_PROP_FRAME_HEIGHT,
            cv2.CAP_PROP_FPS,
        ]


@pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")
@pytest.mark.usefixtures("webcam")
def test_a_camera_by_a_lasting_name_is_found_again_under_another_number(tmp_path: Path) -> None:
    link = tmp_path / "usb-Maker_Camera-video-index0"
    link.symlink_to("/dev/video2")
    source = open_camera(str(link))
    for frame in source:
        assert frame.name == f"camera {link}"
        if link.readlink() == Path("/dev/video2"):  # unplugged, and plugged into another port
            link.unlink()
            link.symlink_to("/dev/video0")
        if StandInVideoCapture.made[-1].which == "/dev/video0":
            break
    source.close()
    assert StandInVideoCapture.made[0].which == "/dev/video2"

"""Reasons why a camera cannot be opened. Only drivers are stand-ins; the rest is real."""

import errno
import fcntl
import grp
import os
import shutil
import stat
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result

from fer_edge.errors import SourceError
from fer_edge.runtime.capture import camera_failure, video_nodes
from fer_edge.runtime.capture.camera import CameraCapture
from fer_edge.runtime.capture.camera_failure import check_camera, failure
from fer_edge.runtime.capture.video_nodes import cameras
from fer_edge.runtime.device.doctor.cameras import examine_cameras
from tests.support.clear_line import assert_one_clear_line

from ...support.boards import add_video_node

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="V4L2 is Linux's")

CAPTURE, OUTPUT, CONVERTER, METADATA, PLANES = 0x1, 0x2, 0x8001, 0x800000, 0x1000
HAS_DEVICE_CAPS = 0x80000000


class Drivers:
    """Stand-in for ioctl: the answer of the driver depends on the name of the open file."""

    def __init__(self) -> None:
        self.flags: dict[str, int] = {}
        self.busy: set[str] = set()

    def ioctl(self, handle: int, request: int, argument: bytes) -> bytes:
        name = Path(f"/proc/self/fd/{handle}").readlink().name
        if name not in self.flags:
            raise OSError(errno.ENOTTY, os.strerror(errno.ENOTTY))
        if request == 0x80685600:
            # the device as a whole has more capabilities than each of its nodes
            return bytes(84) + struct.pack("<II", HAS_DEVICE_CAPS | 0xFF, self.flags[name])
        count, kind = struct.unpack_from("<II", argument)
        assert (request, count) == (0xC0145608, 0)
        assert kind == (9 if self.flags[name] == PLANES else 1)
        if name in self.busy:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return argument


@pytest.fixture
def drivers(monkeypatch: pytest.MonkeyPatch) -> Drivers:
    made = Drivers()
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    return made


@pytest.fixture
def root(tmp_path: Path, drivers: Drivers, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Root folder of a machine with five video nodes, two of which are cameras."""
    for number, flags in {0: OUTPUT, 1: CONVERTER, 2: CAPTURE, 3: METADATA, 10: PLANES}.items():
        add_video_node(tmp_path, number, f"Maker {number}")
        drivers.flags[f"video{number}"] = flags
    for folder, name in (("by-path", "pci-0-index0"), ("by-id", "usb-Maker-index0")):
        link = tmp_path / "dev/v4l" / folder / name
        link.parent.mkdir(parents=True)
        link.symlink_to("../../video2")
    monkeypatch.setattr(camera_failure, "cameras", lambda: cameras(tmp_path))
    return tmp_path


def said(call: Callable[[], object]) -> str:
    with pytest.raises(SourceError) as caught:
        call()
    return str(caught.value)


def test_cameras_are_listed_by_number_with_the_name_that_stays(root: Path) -> None:
    assert [str(node) for node in cameras(root)] == [
        f"2 (Maker 2, {root}/dev/v4l/by-id/usb-Maker-index0)",
        f"10 (Maker 10, {root}/dev/video10)",
    ]
    first, second = (finding.text for finding in examine_cameras(root))
    assert first == "Maker 2 at /dev/video2: --camera 2 or /dev/v4l/by-id/usb-Maker-index0"
    assert second == "Maker 10 at /dev/video10: --camera 10"


def test_a_wrong_number_lists_the_right_ones(root: Path) -> None:
    text = said(lambda: check_camera("camera 7", root / "dev/video7"))
    assert text.startswith(f"camera 7 ({root}/dev/video7) does not exist; cameras on this device: ")
    assert text.index("2 (Maker 2") < text.index("10 (Maker 10")
    assert "Maker 0" not in text


@pytest.mark.parametrize("number", [0, 1, 3])
def test_a_node_that_is_not_a_camera_is_told_from_one(root: Path, number: int) -> None:
    text = said(lambda: check_camera("camera", root / f"dev/video{number}"))
    assert "does not deliver pictures: it is a camera's metadata, a decoder, an output" in text
    check_camera("camera", root / "dev/video2")
    check_camera("camera", root / "dev/video10")


def test_a_camera_in_use_names_the_program(root: Path, drivers: Drivers) -> None:
    path = root / "dev/video10"
    drivers.busy.add("video10")
    with path.open("rb") as opened:
        holder = subprocess.Popen(["sleep", "600"], stdin=opened)
    try:
        text = str(failure("camera 10", path))
        assert f"is in use by sleep (process {holder.pid}); end that" in text
        (finding,) = (item for item in examine_cameras(root) if "video10" in item.text)
        assert (finding.status, "in use by sleep" in finding.text) == ("note", True)
    finally:
        holder.kill()
        holder.wait()
    assert "in use by another program; find it with: sudo fuser" in str(failure("camera", path))


def test_a_free_camera_without_pictures_is_told_from_one_in_use(root: Path) -> None:
    assert "exists but does not deliver pictures; check" in str(
        failure("camera", root / "dev/video2")
    )


@pytest.fixture
def node() -> Iterator[Path]:
    """Device node of root and the group video, opened by a user who is in no group."""
    if os.geteuid():
        pytest.skip("making a device needs root")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    path = folder / "video9"
    os.mknod(path, stat.S_IFCHR | 0o660, os.makedev(1, 3))
    os.chown(path, 0, grp.getgrnam("video").gr_gid)
    path.chmod(0o660)
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    yield path
    os.seteuid(0)
    os.setegid(0)
    os.setgroups(groups)
    shutil.rmtree(folder)


def test_a_user_outside_the_group_is_told_which(node: Path) -> None:
    text = said(CameraCapture(str(node)).open)
    denied = (
        f"camera {node} cannot be opened: permission denied; it belongs to the group video, which "
    )
    assert text.startswith(denied)
    assert "run: sudo usermod -aG video nobody, then log in again" in text


def test_opencv_is_not_asked_for_a_camera_that_is_not_there(
    fer_edge: Callable[..., Result], capfd: pytest.CaptureFixture[str]
) -> None:
    assert not Path("/dev/video4711").exists()
    done = fer_edge("run", "--camera", "4711")
    assert_one_clear_line(done, "camera 4711 (/dev/video4711) does not exist; ")
    done = fer_edge("run", "--camera", "/dev/null")
    assert_one_clear_line(done, "camera /dev/null is not a video device; ")
    assert capfd.readouterr().err == ""  # OpenCV would write to the file descriptor


def test_a_device_that_may_not_be_asked_is_judged_by_its_place(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> bool:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(video_nodes, "captures", refuse)
    (root / "sys/class/video4linux/video3/index").write_text("1\n")
    assert [node.number for node in cameras(root)] == [0, 1, 2, 10]

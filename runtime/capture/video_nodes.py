"""The video devices of this machine: which are cameras, their names, and who uses them.

Sources are linux/videodev2.h and the kernel's documentation of V4L2. A root other than / is a tree
recorded from another board.
"""

import errno
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from fer_edge.inference.kernel import read_text

SENSOR_RECEIVERS = ("unicam", "rp1-cfe")
"""Names of nodes that receive raw sensor data from a camera on a Pi's CSI port."""

_PARTS_OF_A_PI = (
    *("bcm2835-codec", "bcm2835-isp", "bcm2835_isp", "pispbe", "rpivid", "rpi-hevc-dec"),
    "rpi-h264",
)
"""Names of video nodes that are not cameras: decoders, encoders, image processors."""

_QUERYCAP, _REQBUFS = 0x80685600, 0xC0145608
"""VIDIOC_QUERYCAP with the 104 bytes of struct v4l2_capability, and VIDIOC_REQBUFS with the 20 of
struct v4l2_requestbuffers."""

_CAPTURES, _CAPTURES_PLANES, _HAS_DEVICE_CAPS = 0x1, 0x1000, 0x80000000
_CONVERTS, _CONVERTS_PLANES = 0x8000, 0x4000
_IN_MEMORY = 1
_BUFFERS, _BUFFERS_OF_PLANES = 1, 9
"""V4L2_BUF_TYPE_VIDEO_CAPTURE, and ..._MPLANE."""


@dataclass(frozen=True, slots=True)
class VideoNode:
    """A video device that may be a camera.

    Attributes:
        path: Device file, such as /dev/video0.
        name: Name from the driver; may be empty.
        lasting: Persistent names, by its serial number and then by its port.
    """

    path: Path
    name: str
    lasting: tuple[Path, ...] = ()

    @property
    def number(self) -> int:
        """N of /dev/videoN."""
        return number_of(self.path.name)

    def __str__(self) -> str:
        place = self.lasting[0] if self.lasting else self.path
        return f"{self.number} ({', '.join(filter(None, (self.name, str(place))))})"


def cameras(root: Path = Path("/")) -> list[VideoNode]:
    """List the cameras by number; nodes without access are judged by their name."""
    names = {path.name for path in root.glob("sys/class/video4linux/video*")}
    names |= {path.name for path in root.glob("dev/video*")}
    nodes = (_node(root, name) for name in sorted(names, key=number_of) if name[5:].isdigit())
    return [node for node in nodes if is_camera(node, root)]


def number_of(name: str) -> int:
    """Return N of videoN."""
    digits = name.removeprefix("video")
    return int(digits) if digits.isdigit() else 0


def is_camera(node: VideoNode, root: Path = Path("/")) -> bool:
    """Return whether a node delivers pictures of a camera that OpenCV can read."""
    if node.name.startswith((*_PARTS_OF_A_PI, *SENSOR_RECEIVERS)):
        return False
    try:
        return captures(node.path)
    except OSError:
        # a USB camera's second node has metadata
        index = read_text(root / "sys/class/video4linux" / node.path.name / "index")
        return index in ("", "0")


def captures(path: Path) -> bool:
    """Query whether a device captures pictures.

    Raises:
        OSError: It cannot be opened, or is not a video device (ENOTTY).
    """
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        return bool(_capabilities(fcntl.ioctl(handle, _QUERYCAP, bytes(104))))
    finally:
        os.close(handle)


def is_busy(path: Path) -> bool:
    """Query whether another program uses a camera.

    It requests zero buffers, which has no effect on a free camera.

    Raises:
        OSError: It cannot be opened.
    """
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    try:
        flags = _capabilities(fcntl.ioctl(handle, _QUERYCAP, bytes(104)))
        kind = _BUFFERS_OF_PLANES if flags == _CAPTURES_PLANES else _BUFFERS
        fcntl.ioctl(handle, _REQBUFS, struct.pack("<IIIII", 0, kind, _IN_MEMORY, 0, 0))
    except OSError as error:
        return error.errno == errno.EBUSY
    finally:
        os.close(handle)
    return False


def holders(path: Path) -> list[str]:
    """Return the programs that have a device open, as far as /proc shows them to this user."""
    found = []
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda folder: int(folder.name)):
        try:
            opened = any(link.readlink() == path for link in (process / "fd").iterdir())
        except OSError:  # belongs to another user, or has ended
            continue
        if opened and int(process.name) != os.getpid():
            found.append(f"{read_text(process / 'comm')} (process {process.name})")
    return found


def _node(root: Path, name: str) -> VideoNode:
    path = root / "dev" / name
    lasting = (
        link
        for folder in ("by-id", "by-path")
        for link in sorted((root / "dev/v4l" / folder).glob("*"))
        if link.resolve() == path.resolve()
    )
    return VideoNode(
        path, read_text(root / "sys/class/video4linux" / name / "name"), tuple(lasting)
    )


def _capabilities(answer: bytes) -> int:
    """Return what a node captures: planes in one buffer, or in several."""
    # driver[16], card[32], bus_info[32], version, capabilities, device_caps, reserved[3]
    whole, of_node = struct.unpack_from("<II", answer, 84)
    flags = of_node if whole & _HAS_DEVICE_CAPS else whole
    if flags & (_CONVERTS | _CONVERTS_PLANES):  # a decoder or encoder returns its input
        return 0
    return int(flags & (_CAPTURES | _CAPTURES_PLANES))

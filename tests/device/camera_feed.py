"""Play a file of raw YUYV pictures in a loopback camera, in an endless loop.

Usage: camera_feed.py DEVICE FILE WIDTH HEIGHT RATE. It runs inside the machine and requires nothing
except for Python.
"""

import fcntl
import struct
import sys
import time
from pathlib import Path

_OUTPUT, _NO_FIELD, _SRGB = 2, 1, 8
_SET_FORMAT = (
    0xC0D05605  # VIDIOC_S_FMT: _IOWR('V', 5, struct v4l2_format) where pointers have 64 bit
)
_FORMAT_BYTES = 208


def main() -> None:
    device, file, *numbers = sys.argv[1:]
    width, height, rate_hz = map(int, numbers)
    size = 2 * width * height
    pictures = Path(file).read_bytes()
    (fourcc,) = struct.unpack("<I", b"YUYV")
    wish = (_OUTPUT, 0, width, height, fourcc, _NO_FIELD, 2 * width, size, _SRGB)
    with Path(device).open("wb", buffering=0) as camera:
        fcntl.ioctl(camera, _SET_FORMAT, struct.pack("<9I", *wish).ljust(_FORMAT_BYTES, b"\0"))
        start, shown = time.monotonic(), 0
        while True:
            place = shown * size % len(pictures)
            camera.write(pictures[place : place + size])
            shown += 1
            time.sleep(max(0.0, start + shown / rate_hz - time.monotonic()))


if __name__ == "__main__":
    main()

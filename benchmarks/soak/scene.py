"""Scene for the soak test's camera: a head that enters and leaves the frame repeatedly."""

import io
from collections.abc import Sequence

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.pictures.sample_photo import sample_photo
from tests.support.moving_faces import background, paste

Image = NDArray[np.uint8]

_FRAMES = 120
_HEAD_PX = 300


def scene(frames: int = _FRAMES) -> list[Image]:
    """Return a loop: a head enters at the left and leaves at the right; uint8, (360, 640, 3), BGR.

    Raises:
        MissingExtraError: The sample photograph is not installed.
    """
    head, room = cv2.imread(str(sample_photo())), background()
    assert head is not None
    wide = room.shape[1] + _HEAD_PX
    return [
        paste(room, np.asarray(head, np.uint8), wide * i / frames - _HEAD_PX / 2, 190, _HEAD_PX)
        for i in range(frames)
    ]


def as_jpegs(images: Sequence[Image]) -> list[bytes]:
    """Encode each image as JPEG."""
    return [cv2.imencode(".jpg", image)[1].tobytes() for image in images]


def as_transport_stream(images: Sequence[Image], rate_hz: int = 10) -> bytes:
    """Encode images as H.264 in an MPEG transport stream."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mpegts") as made:
        stream = made.add_stream("libx264", rate=rate_hz, options={"tune": "zerolatency"})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for image in images:
            made.mux(stream.encode(av.VideoFrame.from_ndarray(image, "bgr24")))
        made.mux(stream.encode())
    return buffer.getvalue()

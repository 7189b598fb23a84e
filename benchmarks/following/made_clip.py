"""A synthetic clip with known faces: a camera pans, zooms and shakes over a photograph."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge import Frame, open_detector

SIZE = (640, 360)
RATE_HZ = 25.0
LEAST_HEIGHT_PX = 24.0
"""Minimum height of a face; smaller faces are ignored."""


@dataclass(frozen=True, slots=True)
class KnownFrame:
    """A frame and its faces.

    Attributes:
        frame: The picture.
        boxes: float64, (faces, 4): left, top, right, bottom of every face of the photograph, in
            pixels of the frame; in the same order in every frame, also outside of it.
    """

    frame: Frame
    boxes: NDArray[np.float64]

    def visible(self) -> list[int]:
        """Return the indices of faces that are completely in the frame and large enough."""
        left, top, right, bottom = self.boxes.T
        inside = (left > 0) & (top > 0) & (right < SIZE[0]) & (bottom < SIZE[1])
        return np.flatnonzero(inside & (bottom - top >= LEAST_HEIGHT_PX)).tolist()


def make_clip(photo: NDArray[np.uint8], *, frames: int, seed: int) -> list[KnownFrame]:
    """Create a clip from a photograph.

    Args:
        photo: uint8, (height, width, 3), BGR. Its faces are detected once, at 1280 pixels.
        frames: Number of frames.
        seed: Random seed of the camera shake (0.6 pixels), the sensor noise (3 gray values), and
            the start position.
    """
    height, width = photo.shape[:2]
    found = open_detector("yunet", long_side_px=1280, min_score=0.7).detect(photo)
    faces = np.array([face.box.edges for face in found]).reshape(-1, 4)
    random = np.random.default_rng(seed)
    widest = 1.15 * min(width / SIZE[0], height / SIZE[1])
    clip = []
    for index in range(frames):
        time_s = index / RATE_HZ
        zoom = widest * (0.62 + 0.25 * np.sin(2 * np.pi * time_s / 4 + seed))
        middle_x = width * (0.5 + 0.125 * np.sin(2 * np.pi * time_s / 5 + seed))
        middle_y = height * (0.5 + 0.1 * np.sin(2 * np.pi * time_s / 3.1))
        shift = np.array(SIZE) / 2 - np.array([middle_x, middle_y]) / zoom
        shift += random.normal(0, 0.6, 2)
        view = np.column_stack([np.eye(2) / zoom, shift])
        image = cv2.warpAffine(photo, view, SIZE)
        noisy = np.clip(image + random.normal(0, 3, image.shape), 0, 255).astype(np.uint8)
        clip.append(
            KnownFrame(Frame(noisy, index, time_s, "made"), faces / zoom + [*shift, *shift])
        )
    return clip

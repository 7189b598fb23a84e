"""Cartoon faces, and face sets of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.labels import FER2013


def draw_face(label: int, seed: int, size_px: int = 48) -> NDArray[np.uint8]:
    """Draw a gray cartoon face; the label sets the curve of the mouth and the size of the eyes."""
    random = np.random.default_rng((label, seed))
    image = np.full((size_px, size_px), random.integers(40, 90), np.uint8)
    center = (
        size_px // 2 + int(random.integers(-2, 3)),
        size_px // 2 + int(random.integers(-2, 3)),
    )
    cv2.ellipse(image, center, (size_px // 3, size_px * 4 // 9), 0, 0, 360, 190, -1)
    eye = 1 + label % 4
    for side in (-1, 1):
        cv2.circle(image, (center[0] + side * size_px // 7, center[1] - size_px // 8), eye, 30, -1)
    bend = (label - 3) * size_px // 24
    for x in range(-size_px // 6, size_px // 6):
        y = center[1] + size_px // 5 + round(bend * (1 - (x / (size_px / 6)) ** 2))
        cv2.circle(image, (center[0] + x, y), 1, 30, -1)
    noise = random.integers(-8, 9, image.shape)
    return np.clip(image.astype(int) + noise, 0, 255).astype(np.uint8)


def make_faces(
    per_class: int = 8, validation_per_class: int = 4, names: tuple[str, ...] = FER2013
) -> FaceSet:
    """Make a face set of cartoon faces, all different."""
    images, labels, split = [], [], []
    for label in range(len(names)):
        for seed in range(per_class + validation_per_class):
            images.append(draw_face(label, seed))
            labels.append(label)
            split.append(int(seed >= per_class))
    return FaceSet(np.stack(images), np.array(labels, np.uint8), np.array(split, np.uint8), names)

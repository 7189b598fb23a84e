"""Pictures for the calibration of a detector and for the comparison with its source."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.detector.card import PictureSet
from fer_edge.errors import DatasetError, SourceError
from fer_edge.pictures.container import open_video_file, picture_stream
from fer_edge.pictures.display_matrix import display_matrix, upright
from fer_edge.pictures.folder import files_in
from fer_edge.pictures.kinds import is_picture_file
from fer_edge.pictures.picture import read_picture

SCALES = (1.0, 0.6, 1.5)
"""Sizes at which each picture is placed into the input, so that faces of many sizes occur; parts
that do not fit are cut off."""
EVERY = 10
"""Interval of the frames used from a video."""
MOST_INPUTS = 300


def read_pictures(folder: Path) -> list[NDArray[np.uint8]]:
    """Read the pictures of a folder and frames of its videos, sorted by name.

    Other files are skipped.

    Returns:
        uint8, each (height, width, 3), BGR.

    Raises:
        DatasetError: The folder cannot be listed, or has no pictures.
    """
    try:
        files = sorted(files_in(folder))
    except OSError as error:
        raise DatasetError(
            f"{folder} cannot be listed: {error.strerror}; pass a folder of pictures and videos"
        ) from error
    pictures: list[NDArray[np.uint8]] = []
    for path in files:
        try:
            pictures += [read_picture(path)] if is_picture_file(path) else _frames(path)
        except (SourceError, av.error.FFmpegError, OSError):
            continue
    if not pictures:
        raise DatasetError(
            f"{folder} has no readable picture or video; pass a folder of pictures with faces, "
            "at least some dozens"
        )
    return pictures


def make_inputs(
    pictures: list[NDArray[np.uint8]], source: str, *, height: int, width: int
) -> tuple[NDArray[np.uint8], PictureSet]:
    """Place pictures into the detector's input at several sizes.

    Args:
        pictures: uint8, each (any height, any width, 3), BGR.
        source: Origin of the pictures, for the record.
        height: Height of the input.
        width: Width of the input.

    Returns:
        uint8, (n, height, width, 3), BGR, at most `MOST_INPUTS`, and their record.
    """
    every = [_placed(picture, height, width, scale) for scale in SCALES for picture in pictures]
    order = np.random.default_rng(0).permutation(len(every))[:MOST_INPUTS]
    inputs = np.stack([every[at] for at in order])
    digest = hashlib.sha256(inputs.tobytes()).hexdigest()
    return inputs, PictureSet(source, len(inputs), digest)


def _placed(picture: NDArray[np.uint8], height: int, width: int, scale: float) -> NDArray[np.uint8]:
    ratio = scale * min(height / picture.shape[0], width / picture.shape[1])
    size = (max(1, round(ratio * picture.shape[1])), max(1, round(ratio * picture.shape[0])))
    method = cv2.INTER_AREA if ratio < 1 else cv2.INTER_LINEAR
    small = cv2.resize(picture, size, interpolation=method)[:height, :width]
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[: small.shape[0], : small.shape[1]] = small
    return canvas


def _frames(path: Path) -> Iterator[NDArray[np.uint8]]:
    with open_video_file(path) as container:
        matrix = None
        for number, frame in enumerate(container.decode(picture_stream(container, str(path)))):
            if frame.key_frame:
                matrix = display_matrix(frame)
            if number % EVERY == 0:
                image = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
                yield image if matrix is None else upright(image, matrix)

"""Files that the reader of a page already has: photographs, a clip, a face set."""

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import cv2

from fer_edge.pictures.sample_photo import sample_photo
from tests.support.cartoons import make_faces

_PARTS = ("Training", "PublicTest")


def photo(path: Path) -> None:
    """Copy the sample photograph."""
    shutil.copy(sample_photo(), path)


def photos(path: Path) -> None:
    """Make a folder of two photographs."""
    path.mkdir()
    for name in ("first.jpg", "second.jpg"):
        photo(path / name)


def clip(path: Path) -> None:
    """Write the sample photograph as a clip of four seconds."""
    image = cv2.resize(cv2.imread(str(sample_photo())), (480, 562))
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (480, 562))
    for _ in range(100):
        writer.write(image)
    writer.release()


def fer2013(path: Path) -> None:
    """Write cartoon faces in the CSV format of FER2013."""
    faces = make_faces(per_class=24, validation_per_class=12)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["emotion", "pixels", "Usage"])
        for image, label, split in zip(faces.images, faces.labels, faces.split, strict=True):
            pixels = " ".join(map(str, image.ravel()))
            rows.writerow([int(label), pixels, _PARTS[int(split)]])


GIVEN: Mapping[str, Callable[[Path], None]] = {
    "photo.jpg": photo,
    "photos": photos,
    "clip.mp4": clip,
    "fer2013.csv": fer2013,
}
"""Name -> function that writes the file. A page lists what it needs in comments such as
`<!-- test: file photo.jpg -->`."""

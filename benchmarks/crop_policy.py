"""Measure the crop policy: the square around a YuNet box with the framing of the training faces.

Each training face is enlarged on a canvas at a known position; YuNet finds a box in it; a crop
policy should map this box to the square of the face. The medians of side / box height and of the
box center's position in the square are the policy. YuNet's boxes depend slightly on the size of the
face and on its surroundings, so both are varied and all results are pooled.

    python -m benchmarks.crop_policy --data faces.npz --faces 400
"""

from itertools import product
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.preprocess import Box, CropPolicy
from fer_edge.runtime.detection.detector import select
from fer_edge.runtime.detection.yunet import YuNet

from .command import Benchmark, data_option

CANVAS_PX = 320
SIZES_PX = (64, 96, 128, 192)
SURROUNDINGS = ("plain", "edges")
NAMES = ("side / box height", "side / box width", "center_x", "center_y")


@click.command(cls=Benchmark)
@data_option
@click.option("--faces", "count", default=400, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(data: Path, count: int, seed: int) -> None:
    """Print the medians for each size and surrounding, and then for all together."""
    train = load_faceset(data).part("train")
    images = train.images[np.random.default_rng(seed).permutation(len(train))[:count]]
    detector = YuNet(long_side_px=CANVAS_PX)
    pooled = []
    print(f"{'face':>6} {'around':7} {'found':>6}  " + "  ".join(NAMES))
    for size_px, surrounding in product(SIZES_PX, SURROUNDINGS):
        margin = (CANVAS_PX - size_px) // 2
        rows = []
        for image in images:
            faces = select(detector.detect(lay_on_canvas(image, size_px, surrounding)))
            if faces:
                rows.append(relation(faces[0].box, margin, size_px))
        medians = "  ".join(
            f"{value:{len(name)}.3f}" for name, value in zip(NAMES, np.median(rows, 0), strict=True)
        )
        print(f"{size_px:3} px {surrounding:7} {len(rows) / count:6.1%}  {medians}")
        pooled += rows
    for name, values in zip(NAMES, np.array(pooled).T, strict=True):
        low, median, high = np.percentile(values, [25, 50, 75])
        print(f"{name:18} median {median:.3f}  quartiles {low:.3f} to {high:.3f}")
    print(f"in use: {CropPolicy()}")


def lay_on_canvas(image: NDArray[np.uint8], size_px: int, surrounding: str) -> NDArray[np.uint8]:
    """Place a gray face in the middle of a canvas; return uint8 (320, 320, 3), BGR."""
    margin = (CANVAS_PX - size_px) // 2
    face = cv2.resize(image, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    if surrounding == "plain":
        canvas = np.full((CANVAS_PX, CANVAS_PX), round(float(image.mean())), np.uint8)
        canvas[margin : margin + size_px, margin : margin + size_px] = face
    else:
        borders = (margin, CANVAS_PX - size_px - margin) * 2
        canvas = np.asarray(cv2.copyMakeBorder(face, *borders, cv2.BORDER_REPLICATE))
    return np.asarray(cv2.cvtColor(canvas, cv2.COLOR_GRAY2BGR))


def relation(box: Box, margin: int, size_px: int) -> tuple[float, float, float, float]:
    """Return the square of the face relative to the box, in the order of `NAMES`."""
    return (
        size_px / box.height,
        size_px / box.width,
        ((box.left + box.right) / 2 - margin) / size_px,
        ((box.top + box.bottom) / 2 - margin) / size_px,
    )


if __name__ == "__main__":
    main()

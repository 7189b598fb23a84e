"""Measure YuNet's box relative to another detector's: the `Framing` of haar and blazeface.

Both detectors run on the same training faces, enlarged on a canvas as in `crop_policy`. If both
find a face, YuNet's box is expressed relative to the sides of the other box. The medians are the
framing.

    python -m benchmarks.box_framing --data faces.npz --detector haar
"""

from itertools import product
from pathlib import Path

import click
import numpy as np

from fer_edge.faces.faceset import load_faceset
from fer_edge.runtime.detection.detector import select
from fer_edge.runtime.detection.framing import Framing
from fer_edge.runtime.detection.opening import open_detector
from fer_edge.runtime.detection.yunet import YuNet

from .command import PATH, Benchmark, data_option
from .crop_policy import CANVAS_PX, SIZES_PX, SURROUNDINGS, lay_on_canvas

NAMES = ("width", "height", "center_x", "center_y")


@click.command(cls=Benchmark)
@data_option
@click.option("--faces", "count", default=100, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option(
    "--detector", metavar="NAME", required=True, help="The other detector, also of a plug-in."
)
@click.option("--detector-model", type=PATH)
def main(data: Path, count: int, seed: int, detector: str, detector_model: Path | None) -> None:
    """Print the medians and quartiles over all sizes and surroundings."""
    train = load_faceset(data).part("train")
    images = train.images[np.random.default_rng(seed).permutation(len(train))[:count]]
    yunet = YuNet(long_side_px=CANVAS_PX)
    other = open_detector(detector, detector_model, long_side_px=CANVAS_PX)
    other.framing = Framing(1.0, 1.0, 0.5, 0.5)
    rows = []
    for image, size_px, surrounding in product(images, SIZES_PX, SURROUNDINGS):
        canvas = lay_on_canvas(image, size_px, surrounding)
        ours, theirs = select(yunet.detect(canvas)), select(other.detect(canvas))
        if ours and theirs:
            box, frame = ours[0].box, theirs[0].box
            rows.append(
                (
                    box.width / frame.width,
                    box.height / frame.height,
                    ((box.left + box.right) / 2 - frame.left) / frame.width,
                    ((box.top + box.bottom) / 2 - frame.top) / frame.height,
                )
            )
    print(f"both found a face in {len(rows)} of {count * len(SIZES_PX) * len(SURROUNDINGS)}")
    for name, values in zip(NAMES, np.array(rows).T, strict=True):
        low, median, high = np.percentile(values, [25, 50, 75])
        print(f"{name:9} median {median:.3f}  quartiles {low:.3f} to {high:.3f}")


if __name__ == "__main__":
    main()

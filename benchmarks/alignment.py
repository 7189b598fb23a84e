"""Accuracy on tilted faces from the detector's box, as it is and with the face aligned.

Each face of PublicTest is enlarged, turned, and fades into a cloud of grays, so that nothing but
the face shows by how much it is turned. The detector finds it there, and the model classifies it
twice: cut as the box says, and aligned. Faces that the detector misses count in neither.

    python -m benchmarks.alignment compact tiny --data faces.npz
"""

from contextlib import ExitStack
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.aligner.aligner import open_aligner
from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.preprocess import Box
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model
from fer_edge.runtime.detection.yunet import YuNet
from fer_edge.runtime.recognition.classifier import Classifier
from fer_edge.runtime.timing.stopwatch import Stopwatch

from .command import Benchmark, data_option, models_argument, split_option

CANVAS_PX = 320
SIZES_PX = (96, 128, 192)
ROLLS_DEGREES = (0, 10, 20, 30, 40)


@click.command(cls=Benchmark)
@models_argument
@data_option
@split_option
@click.option("--faces", "most", default=None, type=click.IntRange(1), help="Use the first N only.")
@click.option("--aligner", type=click.Path(path_type=Path), help="Default: the bundled one.")
def main(
    models: tuple[str, ...], data: Path, split: str, most: int | None, aligner: Path | None
) -> None:
    """Print the accuracy for each roll, in both directions, without and with the aligner."""
    faces = load_faceset(data).part(split)
    images, labels = faces.images[:most], faces.labels[:most]
    opened, detector, watch = open_aligner(aligner), YuNet(long_side_px=CANVAS_PX), Stopwatch()
    columns = [f"{model}, {way}" for model in models for way in ("as its box", "aligned")]
    click.echo(f"| turned by | faces found | {' | '.join(columns)} |")
    click.echo(f"| ---: | ---: |{' ---: |' * len(columns)}")
    with ExitStack() as closing:
        classifiers = []
        for model in models:
            for way in (None, opened):
                classifier = Classifier(open_model(find_model(model)), aligner=way)
                closing.callback(classifier.close)
                classifiers.append(classifier)
        for degrees in ROLLS_DEGREES:
            random = np.random.default_rng(0)
            right, found = np.zeros(len(classifiers)), 0
            for number, (image, label) in enumerate(zip(images, labels, strict=True)):
                scene = make_scene(image, degrees if number % 2 else -degrees, random)
                box = middle_box(detector, scene)
                if box is None:
                    continue
                found += 1
                for at, classifier in enumerate(classifiers):
                    read = classifier.read(scene, box, watch).probabilities
                    right[at] += read is not None and read.argmax() == label
            shares = " | ".join(f"{share:.2%}" for share in right / max(1, found))
            click.echo(f"| {degrees} degrees | {found:,} of {len(images):,} | {shares} |")


def make_scene(
    face: NDArray[np.uint8], degrees: float, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Lay a turned face on a cloud of grays; returns uint8, (320, 320, 3), BGR."""
    size_px = int(random.choice(SIZES_PX))
    cloud = np.zeros((CANVAS_PX, CANVAS_PX), np.float32)
    for cells in (3, 6, 12, 24, 48):  # pink noise, as in many photographs
        grays = random.normal(0, 30 * 3 / cells, (cells, cells)).astype(np.float32)
        cloud += cv2.resize(grays, (CANVAS_PX, CANVAS_PX), interpolation=cv2.INTER_CUBIC)
    places = np.abs(np.linspace(-1, 1, size_px))
    distance = (places[:, np.newaxis] ** 4 + places**4) ** 0.25
    opacity = ((1 - distance) / 0.1).clip(0, 1).astype(np.float32)
    large = cv2.resize(face, (size_px, size_px), interpolation=cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D(((size_px - 1) / 2,) * 2, -degrees, 1)
    turn[:, 2] += (CANVAS_PX - size_px) / 2
    opacity, over = (
        cv2.warpAffine(part, turn, (CANVAS_PX, CANVAS_PX), flags=cv2.INTER_CUBIC)
        for part in (opacity, large)
    )
    scene = opacity * over + (1 - opacity) * (cloud + face.mean())
    pixels = np.rint(scene).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR))


def middle_box(detector: YuNet, scene: NDArray[np.uint8]) -> Box | None:
    """Return the surest face's box around the middle of a scene."""
    middle = CANVAS_PX / 2
    found = [
        face
        for face in detector.detect(scene)
        if face.box.left < middle < face.box.right and face.box.top < middle < face.box.bottom
    ]
    return max(found, key=lambda face: face.score).box if found else None


if __name__ == "__main__":
    main()

"""Accuracy of a model on dark, pale and noisy faces, with and without the correction of the light.

PublicTest's faces get less light or contrast, then the noise of a sensor, and are classified
through the served path; the seed is fixed. Then the share of faces that are corrected, and the cost
for one face.

    python -m benchmarks.light compact tiny --data faces.npz
"""

import time
from dataclasses import replace
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.faces.light import Light, corrected
from fer_edge.faces.preprocess import model_input
from fer_edge.inference.model import TFLiteModel
from fer_edge.model.bundled import find_model
from fer_edge.model.file import ModelFile, read_model

from .command import Benchmark, data_option, models_argument, split_option
from .robustness import darkened, noisy

ROWS = (
    ("as they are", 1, 0, 0),
    ("half the light, noise of 8 gray values", 1 / 2, 0, 8),
    ("a quarter of the light", 1 / 4, 0, 0),
    ("a quarter of the light, noise of 3", 1 / 4, 0, 3),
    ("a quarter of the light, noise of 5", 1 / 4, 0, 5),
    ("an eighth of the light", 1 / 8, 0, 0),
    ("an eighth of the light, noise of 2", 1 / 8, 0, 2),
    ("a sixteenth of the light, noise of 1", 1 / 16, 0, 1),
    ("half the contrast", 1 / 2, 64, 0),
    ("a quarter of the contrast", 1 / 4, 96, 0),
    ("a quarter of the contrast, bright", 1 / 4, 170, 0),
    ("a quarter of the contrast, noise of 3", 1 / 4, 96, 3),
    ("an eighth of the contrast", 1 / 8, 112, 0),
    ("noise of 10", 1, 0, 10),
    ("noise of 20", 1, 0, 20),
    ("noise of 30", 1, 0, 30),
)
"""Name, gain and offset of the gray values, and standard deviation of the noise."""
STATES: tuple[Light, ...] = ("unchanged", "corrected")


@click.command(cls=Benchmark)
@models_argument
@data_option
@split_option
def main(models: tuple[str, ...], data: Path, split: str) -> None:
    """Print the accuracy without and with the correction, then its cost."""
    faces = load_faceset(data).part(split)
    files = [with_light(read_model(find_model(name)), state) for name in models for state in STATES]
    heads = [f"{name}, {state}" for name in models for state in STATES]
    click.echo(f"| faces | {' | '.join(heads)} |\n| --- |{' ---: |' * len(heads)}")
    random = np.random.default_rng(0)
    for name, gain, offset, sigma in ROWS:
        pale = [(image * gain + offset).astype(np.uint8) for image in faces.images]
        images = np.stack([noisy(image, sigma, random) for image in pale])
        changed = replace(faces, images=images)
        click.echo(f"| {name} | {' | '.join(f'{accuracy(file, changed):.2%}' for file in files)} |")
    same = [np.array_equal(corrected(face), face) for face in faces.images[..., np.newaxis]]
    click.echo(f"of the faces as they are, {1 - np.mean(same):.1%} are corrected")
    bright = faces.images[:500]
    dark = np.stack([noisy(darkened(image, 1 / 4), 5, random) for image in bright])
    for name, some in (("a bright face", bright), ("a dark and noisy face", dark)):
        medians = [cost_us(some, state) for state in STATES]
        click.echo(f"{name}: {medians[0]:.0f} us without, {medians[1]:.0f} us with the correction")


def with_light(file: ModelFile, light: Light) -> ModelFile:
    """Return a model with another state of its card's `light`."""
    return replace(file, card=replace(file.card, input=replace(file.card.input, light=light)))


def accuracy(file: ModelFile, faces: FaceSet) -> float:
    """Return the accuracy on faces, 0 to 1."""
    with TFLiteModel(file) as model:
        read = served_probabilities(model, faces)
    return float((read.argmax(axis=1) == faces.labels).mean())


def cost_us(images: NDArray[np.uint8], light: Light) -> float:
    """Return the median time of creating a model input, in microseconds."""
    times = []
    for image in images:
        started = time.perf_counter()
        model_input(image, *image.shape, light=light)
        times.append(1e6 * (time.perf_counter() - started))
    return float(np.median(times))


if __name__ == "__main__":
    main()

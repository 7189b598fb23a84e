"""Accuracy of a model under changes of the faces, one change at a time.

The raw pixels of PublicTest's faces, 48x48, are changed, and the faces are classified through the
served path. After rotation and shift, the border is filled by mirroring. For a change with two
directions, the mean of both is printed; for noise, which has a fixed seed, the mean of four draws.
The last two rows are the mean of all changes, and the worst one.

    python -m benchmarks.robustness compact --data faces.npz
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.evaluation.evaluation import served_probabilities
from fer_edge.faces.faceset import load_faceset
from fer_edge.inference.model import open_model
from fer_edge.model.bundled import find_model

from .command import Benchmark, data_option, models_argument, split_option

Image = NDArray[np.uint8]

_DRAWS = 4
"""One draw of noise moves the accuracy by half a point."""


def moved(
    image: Image, *, degrees: float = 0.0, scale: float = 1.0, x: float = 0.0, y: float = 0.0
) -> Image:
    """Rotate, scale and shift a face; shifts are shares of its side, 0 to 1."""
    height, width = image.shape
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale)
    matrix[:, 2] += x * width, y * height
    return cv2.warpAffine(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def darkened(image: Image, gain: float) -> Image:
    """Darken a face, like a short exposure."""
    return (image * gain).astype(np.uint8)


def gamma(image: Image, exponent: float) -> Image:
    """Change the tone curve: exponents below 1 brighten, above 1 darken."""
    return (255 * (image / 255) ** exponent).round().astype(np.uint8)


def noisy(image: Image, sigma: float, random: np.random.Generator) -> Image:
    """Add sensor noise with a standard deviation of sigma gray values."""
    return (image + random.normal(0, sigma, image.shape)).round().clip(0, 255).astype(np.uint8)


def compressed(image: Image, quality: int) -> Image:
    """Compress as JPEG."""
    data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def blurred(image: Image, factor: int) -> Image:
    """Reduce the resolution by a factor, and enlarge the face again."""
    size = image.shape[1] // factor, image.shape[0] // factor
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, image.shape[::-1], interpolation=cv2.INTER_LINEAR)


def changes() -> dict[str, list[Callable[[Image], Image]]]:
    """Return row name -> changes whose accuracies are averaged."""
    random = np.random.default_rng(0)
    return {
        "as it is": [lambda face: face],
        "turned by 10 degrees": [lambda face, a=a: moved(face, degrees=a) for a in (-10, 10)],
        "turned by 20 degrees": [lambda face, a=a: moved(face, degrees=a) for a in (-20, 20)],
        "box 10% to the side": [lambda face, s=s: moved(face, x=s) for s in (-0.1, 0.1)],
        "box 10% up or down": [lambda face, s=s: moved(face, y=s) for s in (-0.1, 0.1)],
        "box 10% too small": [lambda face: moved(face, scale=1 / 0.9)],
        "box 10% too large": [lambda face: moved(face, scale=1 / 1.1)],
        "box 20% too small": [lambda face: moved(face, scale=1 / 0.8)],
        "box 20% too large": [lambda face: moved(face, scale=1 / 1.2)],
        "half the light": [lambda face: darkened(face, 0.5)],
        "a quarter of the light": [lambda face: darkened(face, 0.25)],
        "gamma of 0.5 or 2": [lambda face, e=e: gamma(face, e) for e in (0.5, 2.0)],
        "noise of 10 gray values": [lambda face: noisy(face, 10, random)] * _DRAWS,
        "noise of 20 gray values": [lambda face: noisy(face, 20, random)] * _DRAWS,
        "JPEG of quality 30": [lambda face: compressed(face, 30)],
        "half the resolution": [lambda face: blurred(face, 2)],
    }


@click.command(cls=Benchmark)
@models_argument
@data_option
@split_option
def main(models: tuple[str, ...], data: Path, split: str) -> None:
    """Print the accuracy after each change, and the difference in points."""
    faces = load_faceset(data).part(split)
    click.echo(f"| change | {' | '.join(models)} |\n| --- |{' --- |' * len(models)}")
    rows: list[NDArray[np.float64]] = []
    for name, variants in changes().items():
        accuracies = np.zeros(len(models))
        for change in variants:
            images = np.stack([change(image) for image in faces.images])
            for at, model in enumerate(models):
                with open_model(find_model(model)) as opened:
                    read = served_probabilities(opened, replace(faces, images=images))
                accuracies[at] += (read.argmax(axis=1) == faces.labels).mean() / len(variants)
        rows.append(accuracies)
        click.echo(row(name, accuracies, rows[0]))
    changed = np.array(rows[1:])
    click.echo(row("mean of the changes", changed.mean(axis=0), rows[0]))
    click.echo(row("worst change", changed.min(axis=0), rows[0]))


def row(name: str, accuracies: NDArray[np.float64], clean: NDArray[np.float64]) -> str:
    """Format a row: accuracy of each model, and the difference from the clean faces in points."""
    cells = [
        f"{mine:.2%}" if accuracies is clean else f"{mine:.2%} ({100 * (mine - whole):+.1f})"
        for mine, whole in zip(accuracies, clean, strict=True)
    ]
    return f"| {name} | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()

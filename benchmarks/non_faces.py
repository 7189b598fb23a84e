"""Confidence of a model on pictures without a face, which also get a label.

    python -m benchmarks.non_faces compact tiny --data faces.npz

FER2013 has pictures without a face ("image not available" signs, drawings, empty walls). The
pictures that most FER+ taggers called not a face are classified, from all splits: the recipes of
the bundled models leave them out of training. Synthetic pictures are added: noise, one gray, ramps,
stripes.
"""

from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.votes import no_face
from fer_edge.inference.model import TFLiteModel, open_model
from fer_edge.model.bundled import find_model

from .command import Benchmark, data_option, models_argument

THRESHOLDS = (0.4, 0.6, 0.8)
MADE = 100
SIDE_PX = 48


def made_pictures() -> dict[str, NDArray[np.uint8]]:
    """Return kinds of pictures without a face: uint8, (100, 48, 48)."""
    random = np.random.default_rng(0)
    across = np.linspace(0, 1, SIDE_PX)
    angles = random.uniform(0, np.pi, MADE)[:, None, None]
    along = np.cos(angles) * across[None, :, None] + np.sin(angles) * across[None, None, :]
    waves = random.integers(2, 12, MADE)[:, None, None]
    low, high = np.sort(random.uniform(0, 255, (2, MADE)), axis=0)[..., None, None]
    return {
        "noise": random.integers(0, 256, (MADE, SIDE_PX, SIDE_PX)).astype(np.uint8),
        "one gray": np.repeat(random.integers(0, 256, (MADE, 1, 1)), SIDE_PX, 1)
        .repeat(SIDE_PX, 2)
        .astype(np.uint8),
        "ramps": (low + (high - low) * (along - along.min()) / np.ptp(along)).astype(np.uint8),
        "stripes": (low + (high - low) * (np.sin(2 * np.pi * waves * along) / 2 + 0.5)).astype(
            np.uint8
        ),
    }


def surest(model: TFLiteModel, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probability of the most probable class of each picture."""
    return np.array([model.probabilities(model.input_of(picture)).max() for picture in pictures])


@click.command(cls=Benchmark, help=__doc__)
@models_argument
@data_option
def main(models: tuple[str, ...], data: Path) -> None:
    """Print a table for each model."""
    faces = load_faceset(data)
    if faces.votes is None:
        raise click.UsageError(f"{data} has no FER+ votes, which say what is not a face")
    kinds = {"FER2013's non-faces": faces.images[no_face(faces.votes)]} | made_pictures()
    for name in models:
        with open_model(find_model(name)) as model:
            read = {kind: surest(model, pictures) for kind, pictures in kinds.items()}
        print(f"\n{name}\n")
        print(f"| pictures | count | mean | {' | '.join(f'above {t}' for t in THRESHOLDS)} |")
        print(f"| --- | --- | --- |{' --- |' * len(THRESHOLDS)}")
        for kind, sure in read.items():
            shares = " | ".join(f"{(sure > threshold).mean():.1%}" for threshold in THRESHOLDS)
            print(f"| {kind} | {len(sure)} | {sure.mean():.2f} | {shares} |")


if __name__ == "__main__":
    main()

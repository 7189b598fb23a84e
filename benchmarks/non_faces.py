"""Confidence of a model on pictures without a face, which also get a label.

    python -m benchmarks.non_faces compact tiny --data faces.npz

FER2013 has pictures without a face ("image not available" signs, drawings, faces lying on their
side). The pictures that most FER+ taggers called unknown or not a face are classified, by split:
recipes with `outlier_share` train on those of `train`, never on the others. Synthetic pictures of
kinds that no recipe trains on are added: noise, one gray, ramps, stripes. `--photo` adds crops of
photographs, outside of all faces that the detector finds.
"""

from pathlib import Path

import click
import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import load_faceset
from fer_edge.faces.votes import no_face
from fer_edge.inference.model import TFLiteModel, open_model
from fer_edge.model.bundled import find_model
from fer_edge.runtime.detection.opening import open_detector

from .command import PATH, Benchmark, data_option, models_argument

THRESHOLDS = (0.4, 0.6, 0.8)
MADE = 100
SIDE_PX = 48


def made_pictures() -> dict[str, NDArray[np.uint8]]:
    """Return kind -> synthetic pictures without a face, uint8 (100, 48, 48)."""
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


def photo_crops(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return up to 100 random square crops of a BGR photograph outside of faces: (n, 48, 48)."""
    detector = open_detector("yunet", min_score=0.3, is_photo=True)
    boxes = [found.box for found in detector.detect(photo)]
    gray = cv2.cvtColor(photo, cv2.COLOR_BGR2GRAY)
    height, width = gray.shape
    random = np.random.default_rng(0)
    crops = []
    for _ in range(10 * MADE):
        side = int(random.integers(SIDE_PX, max(SIDE_PX + 1, min(height, width) // 2)))
        x, y = int(random.integers(width - side + 1)), int(random.integers(height - side + 1))
        apart = all(
            x + side <= box.left or box.right <= x or y + side <= box.top or box.bottom <= y
            for box in boxes
        )
        if apart and len(crops) < MADE:
            crop = gray[y : y + side, x : x + side]
            crops.append(cv2.resize(crop, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA))
    return np.array(crops, np.uint8).reshape(-1, SIDE_PX, SIDE_PX)


def surest(model: TFLiteModel, pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the probability of the most probable class of each picture."""
    return np.array([model.probabilities(model.input_of(picture)).max() for picture in pictures])


@click.command(cls=Benchmark, help=__doc__)
@models_argument
@data_option
@click.option("--photo", "photos", type=PATH, multiple=True, help="Photograph; repeatable.")
def main(models: tuple[str, ...], data: Path, photos: tuple[Path, ...]) -> None:
    """Print a table for each model."""
    faces = load_faceset(data)
    if faces.votes is None:
        raise click.UsageError(f"{data} has no FER+ votes, which mark pictures without a face")
    kinds = {
        f"FER2013's non-faces, {split}": part.images[no_face(part.votes)]
        for split in faces.split_names
        if (part := faces.part(split)).votes is not None
    }
    kinds |= made_pictures()
    kinds |= {f"background of {photo.name}": photo_crops(opened(photo)) for photo in photos}
    for name in models:
        with open_model(find_model(name)) as model:
            read = {kind: surest(model, some) for kind, some in kinds.items() if len(some)}
        print(f"\n{name}\n")
        print(f"| pictures | count | mean | {' | '.join(f'above {t}' for t in THRESHOLDS)} |")
        print(f"| --- | --- | --- |{' --- |' * len(THRESHOLDS)}")
        for kind, sure in read.items():
            shares = " | ".join(f"{(sure > threshold).mean():.1%}" for threshold in THRESHOLDS)
            print(f"| {kind} | {len(sure)} | {sure.mean():.2f} | {shares} |")


def opened(path: Path) -> NDArray[np.uint8]:
    """Read a photograph: uint8 (height, width, 3), BGR."""
    photo = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if photo is None or min(photo.shape[:2]) < SIDE_PX:
        raise click.UsageError(f"{path} cannot be read; expected a picture of 48 px or more")
    return photo.astype(np.uint8, copy=False)


if __name__ == "__main__":
    main()

"""Predictions of each face by networks that never saw it, as a teacher in a `.npz` file.

    python -m benchmarks.cross_fitting --weights runs/face-network/faceres.json --data faces.npz \\
        --out runs/cross-fitted.npz
    fer-edge train --teacher runs/cross-fitted.npz ...

A teacher that was trained on a face repeats its label, also a wrong one. Here a network that
recognizes faces (docs/how-to/pretrained.md) stays as it is; the pooled values of four of its layers
are stored for each face and its mirror image. The training faces are divided into parts; for each
part, small networks on these values are trained on the other parts and predict it. Duplicates of a
picture are in the same part. The mean of all these networks predicts the other splits.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet, load_faceset
from fer_edge.faces.preprocess import as_real, model_inputs
from fer_edge.faces.votes import no_face
from fer_edge.scoring.scores import score
from fer_edge.training.architectures import MobileNetFace
from fer_edge.training.backend.keras3 import keras
from fer_edge.training.targets.predictions import save_predictions
from fer_edge.training.warm_start.pretrained import load_base_weights

from .command import PATH, Benchmark, data_option

LAYERS = ("b9", "b11", "b12", "b13")
"""Blocks whose outputs are pooled; together 3,072 values."""
_BATCH = 256
_MEASURED = 2048


def face_values(network: Any, images: NDArray[np.uint8], title: str) -> NDArray[np.float16]:
    """Return the pooled values of faces, float16 (n, values)."""
    parts = []
    with click.progressbar(range(0, len(images), _BATCH), label=title) as starts:
        for start in starts:
            some = model_inputs(images[start : start + _BATCH], *images.shape[1:])
            parts.append(np.asarray(network.predict_on_batch(as_real(some)), np.float16))
    return np.concatenate(parts)


def values_network(weights: str, faces: FaceSet) -> Any:
    """Return the face network with pooled values as its output."""
    options = MobileNetFace(weights=weights, frozen_blocks=0)
    size_px = faces.images.shape[1]
    network = options.build(keras, size_px=size_px, classes=len(faces.class_names))
    load_base_weights(options, network, faces.part("train").images[:_MEASURED])
    pooled = [
        keras.layers.GlobalAveragePooling2D()(network.get_layer(f"{name}_pointwise_relu").output)
        for name in LAYERS
    ]
    return keras.Model(network.inputs, keras.layers.Concatenate()(pooled))


def folds(pictures: NDArray[np.int64], count: int, seed: int) -> NDArray[np.int64]:
    """Return the number of each face's part; faces with the same picture are in the same part."""
    _, numbers = np.unique(pictures, return_inverse=True)
    return np.random.default_rng(seed).permutation(numbers.max() + 1)[numbers] % count


def fitted(
    views: tuple[NDArray[np.float16], ...],
    labels: NDArray[np.uint8],
    classes: int,
    epochs: int,
    seed: int,
) -> Any:
    """Train a small network on values; each epoch takes one of the views of each face."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    standard = layers.Normalization()
    standard.adapt(views[0].astype(np.float32))
    network = keras.Sequential(
        [
            layers.Input(views[0].shape[1:]),
            standard,
            layers.Lambda(lambda x: keras.ops.clip(x, -6.0, 6.0)),
            *(layers.Dropout(0.4), layers.Dense(512), layers.BatchNormalization()),
            *(layers.ReLU(), layers.Dropout(0.5), layers.Dense(classes, activation="softmax")),
        ]
    )
    steps = epochs * -(-len(labels) // _BATCH)
    network.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(1e-3, steps), 0.05),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
    )
    random = np.random.default_rng(seed)
    targets = np.eye(classes, dtype=np.float32)[labels]
    for _ in range(epochs):
        view = random.integers(len(views), size=len(labels))
        seen = np.select([(view == at)[:, None] for at in range(len(views))], views)
        network.fit(seen, targets, batch_size=_BATCH, verbose=0)
    return network


def cross_fitted(
    views: tuple[NDArray[np.float16], ...],
    faces: FaceSet,
    *,
    parts: int,
    seeds: int,
    epochs: int,
) -> NDArray[np.float32]:
    """Return the distribution of each face from networks that did not learn from it.

    Args:
        views: Values of each face in each view.
        faces: The faces; those outside `train` are predicted by all networks.
        parts: Number of parts of the training faces.
        seeds: Number of networks for each part.
        epochs: Epochs of each network.

    Returns:
        float32, (n, classes).
    """
    classes = len(faces.class_names)
    learns = faces.split == 0
    if faces.votes is not None:
        learns &= ~no_face(faces.votes)
    part_of = folds(faces.pictures, parts, seed=0)
    total = np.zeros((len(faces), classes), np.float32)
    count = np.zeros((len(faces), 1), np.float32)
    for part, seed in networks(parts, seeds):
        rows = learns & (part_of != part)
        mine = tuple(view[rows] for view in views)
        network = fitted(mine, faces.labels[rows], classes, epochs, seed)
        unseen = (faces.split != 0) | (part_of == part)
        for view in views:
            total[unseen] += network.predict(view[unseen], batch_size=1024, verbose=0)
            count[unseen] += 1
    return total / count


def networks(parts: int, seeds: int) -> Iterator[tuple[int, int]]:
    """Yield part and seed of each network, with a progress bar."""
    plan = [(part, seed) for part in range(parts) for seed in range(seeds)]
    with click.progressbar(plan, label="networks", show_pos=True) as bar:
        yield from bar


@click.command(cls=Benchmark, help=__doc__)
@click.option("--weights", required=True, help="Path of the face network's model.json.")
@data_option
@click.option("--out", type=PATH, required=True, help="File to write (.npz).")
@click.option("--parts", type=click.IntRange(2), default=5, show_default=True)
@click.option("--seeds", type=click.IntRange(1), default=2, show_default=True)
@click.option("--epochs", type=click.IntRange(1), default=15, show_default=True)
def main(weights: str, data: Path, out: Path, parts: int, seeds: int, epochs: int) -> None:
    """Write the file, and print the accuracy per split."""
    faces = load_faceset(data)
    network = values_network(weights, faces)
    views = (
        face_values(network, faces.images, "faces"),
        face_values(network, faces.images[:, :, ::-1], "mirror images"),
    )
    found = cross_fitted(views, faces, parts=parts, seeds=seeds, epochs=epochs)
    save_predictions(faces.images, found, faces.class_names, out)
    for split in faces.split_names:
        rows = faces.split == ("train", "validation", "test").index(split)
        scores = score(found[rows], faces.labels[rows])
        click.echo(f"{split}: {scores.accuracy:.2%}, balanced {scores.balanced_accuracy:.2%}")


if __name__ == "__main__":
    main()

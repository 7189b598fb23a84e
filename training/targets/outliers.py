"""Pictures without a face whose target is the same probability for every class.

A network that only ever sees faces gives a wall or a sign a confident expression. Trained on such
pictures with an even target, it also becomes less certain on pictures that it has never seen
(outlier exposure, Hendrycks et al. 2019, arXiv:1812.04606).

The pictures come from two sources: those that most FER+ taggers called unknown or not a face,
which recipes otherwise leave out, and pictures made from the training faces: tiles of a face in
another order, the textures of faces, details too small to recognize a face, drawn shapes and drawn
text.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_edge.faces.faceset import FaceSet
from fer_edge.faces.votes import no_face

Picture = NDArray[np.uint8]

REPEATS = 4
"""How often a picture that taggers rejected is repeated at most: there are few, and each epoch
augments them differently."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz.,!?0123456789"


def outliers(faces: FaceSet, count: int, *, rejected: bool, seed: int) -> Picture:
    """Return pictures without a face.

    Args:
        faces: Face set with a `train` split; no other split is used.
        count: Number of pictures.
        rejected: Whether to use pictures that most FER+ taggers rejected, for at most half
            of the pictures.
        seed: Random seed.

    Returns:
        uint8, (count, height, width), gray.
    """
    random = np.random.default_rng((seed, 34))
    train = faces.part("train")
    real = train.images[:0]
    if rejected and train.votes is not None:
        marked = no_face(train.votes)
        real = np.repeat(train.images[marked], REPEATS, axis=0)[: count // 2]
        train = train.select(~marked) if not marked.all() else train
    kinds = tuple(MADE.values())
    made = [
        kinds[number % len(kinds)](train.images[random.integers(len(train))], random)
        for number in range(count - len(real))
    ]
    return np.concatenate([real, np.array(made, np.uint8).reshape(-1, *real.shape[1:])])


def shuffled_tiles(face: Picture, random: np.random.Generator) -> Picture:
    """Cut a face into 3x3 to 6x6 tiles, and put them into another order."""
    tiles = min(int(random.integers(3, 7)), *face.shape)
    side = min(face.shape) // tiles
    cut = face[: side * tiles, : side * tiles].reshape(tiles, side, tiles, side)
    order = random.permutation(tiles * tiles)
    mixed = cut.swapaxes(1, 2).reshape(-1, side, side)[order].reshape(tiles, tiles, side, side)
    return _fitted(mixed.swapaxes(1, 2).reshape(side * tiles, side * tiles), face.shape)


def texture(face: Picture, random: np.random.Generator) -> Picture:
    """Keep the spatial frequencies of a face with random phases: clouds, walls, cloth."""
    spectrum = np.abs(np.fft.rfft2(face.astype(np.float64) - face.mean()))
    phases = np.angle(np.fft.rfft2(random.standard_normal(face.shape)))
    waves = np.fft.irfft2(spectrum * np.exp(1j * phases), s=face.shape)
    pixels: Picture = np.clip(face.mean() + waves, 0, 255).astype(np.uint8)
    return pixels


def detail(face: Picture, random: np.random.Generator) -> Picture:
    """Enlarge an eighth to a quarter of each side."""
    height, width = face.shape
    share = random.uniform(1 / 8, 1 / 4)
    high, wide = max(1, round(height * share)), max(1, round(width * share))
    top, left = random.integers(height - high + 1), random.integers(width - wide + 1)
    return _fitted(face[top : top + high, left : left + wide], face.shape)


def shapes(face: Picture, random: np.random.Generator) -> Picture:
    """Draw rectangles, ellipses and lines on one gray; only the size of `face` is used."""
    canvas = np.full(face.shape, random.integers(256), np.uint8)
    height, width = face.shape
    for _ in range(int(random.integers(1, 8))):
        ends = random.integers((0, 0), (width, height), (2, 2)).tolist()
        gray, thick = int(random.integers(256)), int(random.choice((-1, 1, 2, 4)))
        match random.integers(3):
            case 0:
                cv2.rectangle(canvas, ends[0], ends[1], gray, thick)
            case 1:
                axes = random.integers(1, max(2, width // 2), 2).tolist()
                cv2.ellipse(canvas, ends[0], axes, random.uniform(0, 180), 0, 360, gray, thick)
            case _:
                cv2.line(canvas, ends[0], ends[1], gray, abs(thick), cv2.LINE_AA)
    return canvas


def text(face: Picture, random: np.random.Generator) -> Picture:
    """Draw lines of random letters; only the size of `face` is used."""
    paper, ink = (
        int(gray) for gray in random.permutation(np.array([random.integers(100, 256), 0]))
    )
    canvas = np.full(face.shape, paper, np.uint8)
    scale = random.uniform(0.15, 1.2) * face.shape[0] / 48
    step = max(4, int(28 * scale))
    for bottom in range(int(random.integers(step, 2 * step)), face.shape[0] + step, step):
        line = "".join(random.choice(list(_LETTERS + "   "), 14))
        left = int(random.integers(-face.shape[1] // 4, face.shape[1] // 4))
        cv2.putText(
            canvas, line, (left, bottom), cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA
        )
    return canvas


def _fitted(picture: Picture, shape: tuple[int, ...]) -> Picture:
    fitted = cv2.resize(picture, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return fitted.astype(np.uint8, copy=False)


MADE: dict[str, Callable[[Picture, np.random.Generator], Picture]] = {
    "shuffled tiles": shuffled_tiles,
    "texture": texture,
    "detail": detail,
    "shapes": shapes,
    "text": text,
}
"""Kinds of made pictures, in turn."""
